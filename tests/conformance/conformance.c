// SPDX-License-Identifier: MIT
/*
 * Replays the measured rows on the simulated driver.
 *
 *	conformance DATA.jsonl				all configurations
 *	conformance --cfg sync DATA.jsonl		one configuration
 *	conformance --cfg sync --group adapters -v DATA.jsonl
 *							one group, with each row that failed and why
 *	conformance --list DATA.jsonl			configurations and groups with their number of rows
 *
 * Each (configuration, group) is a process of its own with a fresh driver and host; its rows run in the order of
 * the file.  Per group: rows passed, failed and lost (the process died before they ran).  The exit status is 0
 * only if every row of the selection passed.
 */
#include <argp.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "replay.h"
#include "seam_stub.h"

#define GROUP_SECONDS 60

struct options {
	const char *cfg;
	const char *group;
	const char *file;
	unsigned long rows;
	bool verbose;
	bool list;
};

static const struct argp_option option_list[] = {
	{"cfg", 'c', "NAME", 0, "Only this configuration", 0},
	{"group", 'g', "NAME", 0, "Only this group", 0},
	{"verbose", 'v', NULL, 0, "Show each row that failed", 0},
	{"rows", 'n', "NUMBER", 0, "Fail unless this many rows ran", 0},
	{"list", 'l', NULL, 0, "List configurations and groups", 0},
	{0},
};

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	struct options *options = state->input;
	char *end;

	switch (key) {
	case 'c':
		options->cfg = text;
		return 0;
	case 'g':
		options->group = text;
		return 0;
	case 'v':
		options->verbose = true;
		return 0;
	case 'n':
		options->rows = strtoul(text, &end, 10);
		if (*end != '\0' || options->rows == 0)
			argp_error(state, "--rows takes a number, not '%s'", text);
		return 0;
	case 'l':
		options->list = true;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num > 0)
			argp_usage(state);
		options->file = text;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_usage(state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* What a process of the group tells about one row. */
struct verdict {
	uint32_t row;
	char problem[2048];
};

static void report(int out, struct replay *replay, size_t index)
{
	struct verdict verdict = {.row = (uint32_t)index};

	memcpy(verdict.problem, replay->problem, sizeof(verdict.problem));
	/* one packet each: processes of the group may report at the same time */
	if (send(out, &verdict, sizeof(verdict), 0) != (ssize_t)sizeof(verdict))
		_exit(EXIT_FAILURE);
}

struct thread_row {
	struct replay *replay;
	size_t index;
};

static void *run_in_thread(void *arg)
{
	struct thread_row *row = arg;

	replay_row(row->replay, row->index);
	return NULL;
}

static void run_thread_row(struct replay *replay, size_t index)
{
	struct thread_row row = {replay, index};
	pthread_t thread;

	if (pthread_create(&thread, NULL, run_in_thread, &row) != 0) {
		replay->problem[0] = '\0';
		replay_problem(replay, "no thread");
		return;
	}
	pthread_join(thread, NULL);
}

static bool send_descriptor(int over, int fd)
{
	char byte = 0, control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec vector = {&byte, 1};
	struct msghdr message = {.msg_iov = &vector,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return sendmsg(over, &message, 0) == 1;
}

static int receive_descriptor(int over)
{
	char byte, control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec vector = {&byte, 1};
	struct msghdr message = {.msg_iov = &vector,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};
	int fd = -1;

	if (recvmsg(over, &message, 0) == 1 && CMSG_FIRSTHDR(&message) != NULL)
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

/* Rows [first, last) in a fork child, which for scm gets its descriptor through a socket. */
static void run_child_rows(struct replay *replay, size_t first, size_t last, int out)
{
	bool scm = strcmp(replay->rows[first].proc, "scm") == 0;
	int sockets[2];
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0)
		exit(EXIT_FAILURE);
	fflush(NULL);
	child = fork();
	if (child < 0)
		exit(EXIT_FAILURE);
	if (child == 0) {
		if (scm) {
			while (replay->file_count > 0)
				close(replay->files[--replay->file_count]);
			replay->files[replay->file_count++] = receive_descriptor(sockets[1]);
		}
		for (size_t i = first; i < last; i++) {
			replay_row(replay, i);
			report(out, replay, i);
		}
		_exit(0);
	}
	if (scm && !send_descriptor(sockets[0], replay_file(replay)))
		kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close(sockets[0]);
	close(sockets[1]);
}

/* Messages of a row that took a fence page. */
static uint32_t pages_taken(const struct row *row)
{
	uint32_t pages = 0;

	for (size_t i = 0; i < row->host_count; i++)
		pages += row->host[i].type == HOST_CREATESYNCOBJECT ||
			 row->host[i].type == HOST_CREATEHWQUEUE ||
			 row->host[i].type == HOST_CREATEPAGINGQUEUE;
	return pages;
}

/*
 * Fence pages were counted through all groups of a boot, and the number shows in GPU addresses: the group's first
 * one tells where it began.
 */
static uint32_t first_page(const struct row *rows, size_t count)
{
	uint32_t taken = 0;

	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows[i];
		uint64_t address = 0;
		size_t at = 0;

		taken += pages_taken(row);
		if (row->ret != 0 || pages_taken(row) != 1)
			continue;
		if (strcmp(row->ioctl, "CREATEHWQUEUE") == 0)
			at = 40;
		else if (strcmp(row->ioctl, "CREATESYNCHRONIZATIONOBJECT") == 0)
			at = row->arg_in.size > 8 && row->arg_in.data[8] == 6 ? 40 : 32;
		if (at == 0 || row->arg_out.size < at + sizeof(address))
			continue;
		memcpy(&address, row->arg_out.data + at, sizeof(address));
		if (address != 0)
			return (uint32_t)((address & 0x7ffffff) / HOST_PAGE_SIZE) + 1 - taken;
	}
	return 1;
}

static struct scripted_host_setup setup_for(const char *cfg, const struct row *rows, size_t count)
{
	struct scripted_host_setup setup = {.interface_version = 40, .first_page = first_page(rows, count)};

	if (strcmp(cfg, "async") == 0)
		setup.async_messages = true;
	else if (strcmp(cfg, "mapguest") == 0)
		setup.map_guest_memory = true;
	else if (strcmp(cfg, "v27") == 0)
		setup.interface_version = 27;
	else if (strcmp(cfg, "novgpu") == 0)
		setup.no_vgpu = true;
	else if (strcmp(cfg, "sync") != 0)
		exit(EXIT_FAILURE);
	return setup;
}

static void run_group(const struct row *rows, size_t count, int out)
{
	struct scripted_host_setup setup = setup_for(rows[0].cfg, rows, count);
	struct replay replay = {.rows = rows, .count = count, .event = -1};

	alarm(GROUP_SECONDS);
	replay.saved = calloc(count, sizeof(*replay.saved));
	if (replay.saved == NULL || scripted_host_create(&setup, &replay.host) != 0)
		exit(EXIT_FAILURE);
	seam_stub_set_host(replay.host);
	for (size_t i = 0; i < count; i++) {
		const char *proc = rows[i].proc;
		size_t last = i + 1;

		if (strcmp(proc, "p0") == 0) {
			replay_row(&replay, i);
		} else if (strcmp(proc, "thread") == 0) {
			run_thread_row(&replay, i);
		} else if (strcmp(proc, "child") == 0 || strcmp(proc, "scm") == 0) {
			while (last < count && strcmp(rows[last].proc, proc) == 0)
				last++;
			run_child_rows(&replay, i, last, out);
			i = last - 1;
			continue;
		} else {
			replay.problem[0] = '\0';
			replay_problem(&replay, "unknown process %s", proc);
		}
		report(out, &replay, i);
	}
	_exit(0);
}

struct totals {
	size_t rows;
	size_t passed;
	size_t failed;
	size_t lost;
};

static void add_verdict(const struct row *rows, size_t count, const struct verdict *verdict, bool *seen,
			const struct options *options, struct totals *totals)
{
	if (verdict->row >= count || seen[verdict->row])
		return;
	seen[verdict->row] = true;
	if (verdict->problem[0] == '\0') {
		totals->passed++;
		return;
	}
	totals->failed++;
	if (options->verbose)
		printf("  %s/%s/%s %s: %s\n      [%s]\n", rows[verdict->row].cfg, rows[verdict->row].group,
		       rows[verdict->row].id, rows[verdict->row].ioctl, verdict->problem,
		       rows[verdict->row].note);
}

/* One group in a process of its own.  False: the process could not be made. */
static bool replay_group(const struct row *rows, size_t count, const struct options *options,
			 struct totals *all)
{
	struct totals totals = {.rows = count};
	struct verdict verdict;
	bool *seen = calloc(count, sizeof(*seen));
	int sockets[2], status = 0;
	pid_t child;

	if (seen == NULL || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) {
		free(seen);
		return false;
	}
	fflush(NULL);
	child = fork();
	if (child == 0) {
		close(sockets[0]);
		run_group(rows, count, sockets[1]);
	}
	close(sockets[1]);
	while (child > 0 && recv(sockets[0], &verdict, sizeof(verdict), 0) == (ssize_t)sizeof(verdict))
		add_verdict(rows, count, &verdict, seen, options, &totals);
	close(sockets[0]);
	if (child < 0 || waitpid(child, &status, 0) != child) {
		free(seen);
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (seen[i])
			continue;
		if (totals.lost++ == 0 && options->verbose)
			printf("  %s/%s/%s: the process ended here, %s %d\n", rows[i].cfg, rows[i].group,
			       rows[i].id, WIFSIGNALED(status) ? "signal" : "status",
			       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	}
	printf("%-8s %-10s %4zu rows: %4zu passed, %zu failed, %zu lost\n", rows[0].cfg, rows[0].group, count,
	       totals.passed, totals.failed, totals.lost);
	all->rows += totals.rows;
	all->passed += totals.passed;
	all->failed += totals.failed;
	all->lost += totals.lost;
	free(seen);
	return true;
}

static size_t group_length(const struct row *rows, size_t count)
{
	size_t length = 1;

	while (length < count && strcmp(rows[length].cfg, rows[0].cfg) == 0 &&
	       strcmp(rows[length].group, rows[0].group) == 0)
		length++;
	return length;
}

/* 0 if every row of the selection passed, else -EINVAL. */
static int replay_all(const struct row *rows, size_t count, const struct options *options)
{
	struct totals totals = {0};
	size_t length;

	for (size_t i = 0; i < count; i += length) {
		length = group_length(rows + i, count - i);
		if ((options->cfg != NULL && strcmp(options->cfg, rows[i].cfg) != 0) ||
		    (options->group != NULL && strcmp(options->group, rows[i].group) != 0))
			continue;
		if (options->list)
			printf("%s %s %zu\n", rows[i].cfg, rows[i].group, length);
		else if (!replay_group(rows + i, length, options, &totals))
			return -EINVAL;
	}
	if (options->list)
		return 0;
	printf("%zu rows: %zu passed, %zu failed, %zu lost\n", totals.rows, totals.passed, totals.failed,
	       totals.lost);
	if (options->rows != 0 && options->rows != totals.rows) {
		fprintf(stderr, "%lu rows were expected\n", options->rows);
		return -EINVAL;
	}
	return totals.rows != 0 && totals.passed == totals.rows ? 0 : -EINVAL;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		option_list,  parse_option,
		"DATA.jsonl", "Replays measured /dev/dxg calls on the simulated driver.",
		NULL,	      NULL,
		NULL};
	struct options options = {0};
	struct row *rows;
	size_t count;
	FILE *file;
	int ret;

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	file = fopen(options.file, "re");
	if (file == NULL) {
		fprintf(stderr, "%s: %s\n", options.file, strerror(errno));
		return EXIT_FAILURE;
	}
	ret = rows_read(file, &rows, &count);
	fclose(file);
	if (ret != 0)
		fprintf(stderr, "%s: %s\n", options.file, strerror(-ret));
	else
		ret = replay_all(rows, count, &options);
	rows_free(rows, count);
	return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
