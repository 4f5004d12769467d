// SPDX-License-Identifier: MIT
/*
 * Rows that are other system calls or steps of the host, and what the measuring program did between rows.
 */
#include "replay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dxg/uapi.h"

#define PAGE	  4096u
#define DEVICE	  "/dev/dxg"
#define MANY	  200u
#define SLOT_MASK 0x3fffffc0u
#define MAX_PAIRS 100000

static const struct winluid luid_a = {0x44332211u, 0x88776655u};

static rlim_t saved_limit;

static bool is(const struct row *row, const char *group, const char *id)
{
	return strcmp(row->group, group) == 0 && strcmp(row->id, id) == 0;
}

static int64_t step_open(struct replay *replay, const struct row *row)
{
	int flags = strstr(row->note, "O_RDONLY") != NULL   ? O_RDONLY
		    : strstr(row->note, "O_WRONLY") != NULL ? O_WRONLY
							    : O_RDWR;
	int fd;

	if (strstr(row->note, "O_CLOEXEC") != NULL)
		flags |= O_CLOEXEC;
	fd = open(DEVICE, flags);
	if (fd < 0)
		return -1;
	if (replay->file_count == REPLAY_MAX_FILES) {
		replay_problem(replay, "too many files");
		close(fd);
		return -1;
	}
	replay->files[replay->file_count++] = fd;
	return 0;
}

static int64_t step_close(struct replay *replay)
{
	if (replay->file_count == 0) {
		replay_problem(replay, "nothing is open");
		return -1;
	}
	return close(replay->files[--replay->file_count]);
}

static int64_t read_event(const struct replay *replay)
{
	uint64_t count = 0;

	if (read(replay->event, &count, sizeof(count)) < 0)
		return errno == EAGAIN ? 0 : -1;
	return (int64_t)count;
}

static int64_t read_page(struct replay *replay, const char *id)
{
	uint64_t address = replay_output(replay, id, "va");

	return address != 0 ? (int64_t) * (volatile uint64_t *)(uintptr_t)address : -1;
}

static int64_t revents(int fd, short events)
{
	struct pollfd poll_fd = {fd, events, 0};

	return poll(&poll_fd, 1, 0) < 0 ? -1 : poll_fd.revents;
}

/* The name behind the descriptor that row "sh" made, compared as strcmp does. */
static int64_t link_is(struct replay *replay, const char *expected)
{
	char path[64], name[128] = "";

	snprintf(path, sizeof(path), "/proc/self/fd/%d", (int)replay_output(replay, "sh", "fd"));
	if (readlink(path, name, sizeof(name) - 1) < 0)
		return -1;
	return strcmp(name, expected);
}

static int64_t mapped(uint64_t address, size_t size)
{
	unsigned char resident[4];

	return mincore((void *)(uintptr_t)address, size, resident);
}

/* As mapped(), for a page behind a mapping: one that belongs to another mapping counts as unmapped. */
static int64_t mapped_behind(uint64_t address, size_t size)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long long first, end;
	char line[512];
	bool covers = false;

	if (maps == NULL)
		return -1;
	while (fgets(line, sizeof(line), maps) != NULL)
		if (sscanf(line, "%llx-%llx", &first, &end) == 2 && first <= address && address < end)
			covers = address + size < end;
	fclose(maps);
	errno = covers ? 0 : ENOMEM;
	return covers ? 0 : -1;
}

static bool open_adapter(const struct replay *replay, d3dkmt_handle *handle)
{
	struct d3dkmt_openadapterfromluid args = {.adapter_luid = luid_a};

	if (ioctl(replay_file(replay), LX_DXOPENADAPTERFROMLUID, &args) != 0)
		return false;
	*handle = args.adapter_handle;
	return true;
}

static bool close_adapter(const struct replay *replay, d3dkmt_handle handle)
{
	struct d3dkmt_closeadapter args = {.adapter_handle = handle};

	return ioctl(replay_file(replay), LX_DXCLOSEADAPTER, &args) == 0;
}

/* Opens and closes until a slot comes back; the number of pairs before. */
static int64_t cycle(struct replay *replay, bool (*stop)(const struct replay *, d3dkmt_handle))
{
	for (int64_t pairs = 0; pairs < MAX_PAIRS; pairs++) {
		d3dkmt_handle handle;

		if (!open_adapter(replay, &handle))
			return -1;
		if (stop(replay, handle)) {
			replay->recycled = handle;
			return close_adapter(replay, handle) ? pairs : -1;
		}
		if (!close_adapter(replay, handle))
			return -1;
	}
	return -1;
}

static bool unique_changed(const struct replay *replay, d3dkmt_handle handle)
{
	(void)replay;
	return handle >> 30 != 1;
}

static bool same_slot(const struct replay *replay, d3dkmt_handle handle)
{
	return ((handle ^ replay->recycled) & SLOT_MASK) == 0;
}

static int64_t close_output(struct replay *replay, const struct row *row)
{
	/* syncfile: each sync file once; share and res: every descriptor of the object but the last, then it */
	static const struct {
		const char *group, *id, *from[4];
	} closes[] = {
		{"syncfile", "close1", {"cs"}},
		{"syncfile", "close2", {"cs.sh"}},
		{"share", "close.fd1", {"sh"}},
		{"share", "close.fd2", {"sh.again", "sh.attr", "sh.opened"}},
		{"res", "closefd", {"sh", "sh2"}},
	};

	for (size_t i = 0; i < sizeof(closes) / sizeof(closes[0]); i++) {
		int64_t ret = 0;

		if (!is(row, closes[i].group, closes[i].id))
			continue;
		for (size_t n = 0; n < 4 && closes[i].from[n] != NULL && ret == 0; n++)
			ret = close((int)replay_output(replay, closes[i].from[n], "fd"));
		return ret;
	}
	replay_problem(replay, "which descriptor to close is unknown");
	return -1;
}

static int64_t step(struct replay *replay, const struct row *row)
{
	const char *name = row->ioctl;
	uint8_t bytes[16] = {0};
	int fd = replay_file(replay);

	if (strcmp(name, "(open)") == 0)
		return step_open(replay, row);
	if (strcmp(name, "(close)") == 0)
		return step_close(replay);
	if (strcmp(name, "(read 16)") == 0)
		return read(fd, bytes, sizeof(bytes));
	if (strcmp(name, "(write 16)") == 0)
		return write(fd, bytes, sizeof(bytes));
	if (strcmp(name, "(mmap)") == 0)
		return mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0;
	if (strcmp(name, "(poll IN|OUT, revents)") == 0)
		return revents(fd, POLLIN | POLLOUT);
	if (strcmp(name, "(lseek)") == 0)
		return lseek(fd, 0, SEEK_SET);
	if (strcmp(name, "(eventfd read)") == 0)
		return read_event(replay);
	if (strcmp(name, "(host signals, eventfd read)") == 0) {
		scripted_host_signal(replay->host);
		return read_event(replay);
	}
	if (strcmp(name, "(host: device state changed)") == 0) {
		scripted_host_change_device_state(replay->host);
		return 0;
	}
	if (strcmp(name, "(read inherited fence page)") == 0 || strcmp(name, "(read fence page)") == 0)
		return read_page(replay, "fence");
	if (strcmp(name, "(read opened fence page)") == 0)
		return read_page(replay, "on");
	if (strcmp(name, "(close shared fd)") == 0 || strcmp(name, "(close sync file)") == 0)
		return close_output(replay, row);
	if (strcmp(name, "(fcntl F_GETFD)") == 0)
		return fcntl((int)replay_output(replay, "sh", "fd"), F_GETFD);
	if (strcmp(name, "(readlink is anon_inode:dxgsyncobj)") == 0)
		return link_is(replay, "anon_inode:dxgsyncobj");
	if (strcmp(name, "(readlink is anon_inode:dxgresource)") == 0)
		return link_is(replay, "anon_inode:dxgresource");
	if (strcmp(name, "(poll revents)") == 0)
		return revents(
			(int)replay_output(replay, strcmp(row->group, "share") == 0 ? "sh" : "cs.sh", "fd"),
			POLLIN);
	if (strcmp(name, "(host signals; poll revents)") == 0) {
		scripted_host_signal(replay->host);
		return revents((int)replay_output(replay, "cs.sh", "fd"), POLLIN);
	}
	if (strcmp(name, "(lock address == sysmem)") == 0) {
		const struct saved *saved = replay_saved(replay, "ok2");

		return saved != NULL && saved->addresses[2] == replay_output(replay, "lock", "va");
	}
	if (strcmp(name, "(same address)") == 0)
		return replay_output(replay, "l1", "va") == replay_output(replay, "l2", "va");
	if (strcmp(name, "(mincore)") == 0)
		return mapped(replay_output(replay, "l1", "va"), PAGE);
	if (strcmp(name, "(mincore 8 KiB)") == 0)
		return mapped(replay_output(replay, "lock4g2", "va"), 2 * (size_t)PAGE);
	if (strcmp(name, "(mincore third page; may be another mapping)") == 0)
		return mapped_behind(replay_output(replay, "lock4g2", "va"), 2 * (size_t)PAGE);
	if (strncmp(name, "(open/close until the unique bits change", 40) == 0)
		return cycle(replay, unique_changed);
	if (strcmp(name, "(that handle value)") == 0)
		return replay->recycled;
	if (strcmp(name, "(same slot, second reuse: handle value)") == 0)
		return cycle(replay, same_slot) < 0 ? -1 : (int64_t)replay->recycled;
	replay_problem(replay, "unknown step %s", name);
	errno = 0;
	return -1;
}

void special_row(struct replay *replay, const struct row *row, int64_t *ret, int *error)
{
	errno = 0;
	*ret = step(replay, row);
	*error = errno;
}

/* A process of its own that opens the adapter and stays until its pipe is closed. */
static void start_other(struct replay *replay)
{
	int hold[2], ready[2];
	char byte = 0;

	if (pipe(hold) != 0 || pipe(ready) != 0) {
		replay_problem(replay, "no pipe: %s", strerror(errno));
		return;
	}
	replay->other = fork();
	if (replay->other == 0) {
		struct replay mine = {.files = {-1}};
		d3dkmt_handle handle;

		close(hold[1]);
		close(ready[0]);
		for (size_t i = 0; i < replay->file_count; i++)
			close(replay->files[i]);
		mine.files[0] = open(DEVICE, O_RDWR | O_CLOEXEC);
		mine.file_count = 1;
		byte = mine.files[0] >= 0 && open_adapter(&mine, &handle);
		if (write(ready[1], &byte, 1) == 1 && read(hold[0], &byte, 1) >= 0)
			close(mine.files[0]);
		_exit(0);
	}
	close(hold[0]);
	close(ready[1]);
	replay->other_pipe = hold[1];
	if (replay->other < 0 || read(ready[0], &byte, 1) != 1 || byte != 1)
		replay_problem(replay, "the second process could not open the adapter");
	close(ready[0]);
}

static void stop_other(struct replay *replay)
{
	close(replay->other_pipe);
	waitpid(replay->other, NULL, 0);
	replay->other = 0;
}

static void no_free_descriptor(struct replay *replay)
{
	struct rlimit limit;
	int lowest = dup(STDIN_FILENO);

	if (lowest >= 0)
		close(lowest);
	if (lowest < 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0) {
		replay_problem(replay, "no descriptor limit: %s", strerror(errno));
		return;
	}
	saved_limit = limit.rlim_cur;
	limit.rlim_cur = (rlim_t)lowest;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		replay_problem(replay, "no descriptor limit: %s", strerror(errno));
}

static void free_descriptors(struct replay *replay)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = saved_limit;
		if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
			return;
	}
	replay_problem(replay, "descriptor limit stays: %s", strerror(errno));
}

static bool is_emfile(const struct row *row)
{
	return strstr(row->id, ".emfile") != NULL;
}

static void many_adapters(struct replay *replay, bool opening)
{
	static d3dkmt_handle handles[MANY];

	/* the first and the last open are rows of their own */
	for (size_t i = 1; i < MANY - 1; i++)
		if (!(opening ? open_adapter(replay, &handles[i]) : close_adapter(replay, handles[i])))
			replay_problem(replay, "adapter handle %zu of many", i);
	if (opening)
		return;
	if (!close_adapter(replay, (d3dkmt_handle)replay_output(replay, "many.open0", "handle:adapter")) ||
	    !close_adapter(replay, (d3dkmt_handle)replay_output(replay, "many.open199", "handle:adapter")))
		replay_problem(replay, "first or last of many adapter handles");
}

void special_before(struct replay *replay, const struct row *row)
{
	if (is(row, "enumproc", "two"))
		start_other(replay);
	else if (is(row, "enumproc", "two.gone"))
		stop_other(replay);
	else if (is(row, "adreuse", "many.open199"))
		many_adapters(replay, true);
	else if (is(row, "adreuse", "wrap.n"))
		many_adapters(replay, false);
	else if (is(row, "userptr", "lock.unmapped")) {
		const struct saved *saved = replay_saved(replay, "ok2");

		if (saved != NULL)
			munmap((void *)(uintptr_t)saved->addresses[2], saved->mapped[2]);
	} else if (is_emfile(row)) {
		no_free_descriptor(replay);
	}
}

void special_after(struct replay *replay, const struct row *row)
{
	if (is(row, "lock", "l1")) {
		uint64_t address = replay_output(replay, "l1", "va");

		if (address != 0)
			*(volatile uint64_t *)(uintptr_t)address = 0x55aa;
	} else if (is_emfile(row)) {
		free_descriptors(replay);
	}
}

void special_readonly(struct replay *replay, const struct row *row, uint8_t *arg, size_t size)
{
	char names[64], *name, *rest = NULL;
	size_t at = 0;

	snprintf(names, sizeof(names), "%s", row->arg_ptr + strlen("ro:"));
	for (name = strtok_r(names, ",", &rest); name != NULL; name = strtok_r(NULL, ",", &rest)) {
		uint32_t value = 0;

		if (strcmp(name, "device") == 0)
			value = (uint32_t)replay_output(replay, "dev", "handle:device");
		else if (strcmp(name, "adapter") == 0)
			value = (uint32_t)replay_output(replay, "A", "handle:adapter");
		else if (strcmp(name, "al") == 0)
			value = (uint32_t)replay_output(replay, "al", "handle:allocation");
		else if (strcmp(name, "type5") == 0)
			value = 5, at = 8;
		else if (strcmp(name, "1") == 0)
			value = 1;
		else if (strcmp(name, "luid") == 0 && size >= sizeof(luid_a))
			memcpy(&value, &luid_a, sizeof(value)), memcpy(arg, &luid_a, sizeof(luid_a));
		else if (strcmp(name, "zeros") != 0)
			replay_problem(replay, "unknown field %s", name);
		if (at + sizeof(value) > size) {
			replay_problem(replay, "field %s does not fit", name);
			return;
		}
		memcpy(arg + at, &value, sizeof(value));
		at += sizeof(value);
	}
}

bool special_unaligned(const struct row *row)
{
	return strstr(row->id, "unaligned") != NULL;
}
