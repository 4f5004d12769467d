// SPDX-License-Identifier: MIT
/*
 * One ioctl row: build the argument and its buffers, call, compare results, memory and messages.  Buffers end
 * at an unmapped page, so that whoever touches one byte more than the caller offered is found.
 */
#include "replay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE	     4096u
#define MEASURED_LOG 200u
#define BAD_ADDRESS  0x10u
#define USER_PAGES   15872u /* the largest user memory of any row, and a bit */

struct buffer {
	uint8_t *data;
	uint8_t *map;
	size_t map_size;
	uint64_t address; /* what the driver is given */
	uint8_t *before;  /* contents before the call */
	size_t size;	  /* bytes compared */
};

struct call {
	const struct row *row;
	struct buffer arg;
	struct buffer *buffers;
	int64_t ret;
	int error;
};

void replay_problem(struct replay *replay, const char *format, ...)
{
	size_t used = strlen(replay->problem), room = sizeof(replay->problem) - used;
	va_list arguments;

	if (used != 0 && room > 2) {
		memcpy(replay->problem + used, "; ", 3);
		used += 2;
		room -= 2;
	}
	va_start(arguments, format);
	vsnprintf(replay->problem + used, room, format, arguments);
	va_end(arguments);
}

static size_t row_index(const struct replay *replay, const char *id)
{
	for (size_t i = 0; i < replay->count; i++)
		if (strcmp(replay->rows[i].id, id) == 0)
			return i;
	return replay->count;
}

const struct saved *replay_saved(struct replay *replay, const char *id)
{
	size_t i = row_index(replay, id);

	if (i == replay->count || !replay->saved[i].done) {
		replay_problem(replay, "row %s has not run", id);
		return NULL;
	}
	return &replay->saved[i];
}

uint64_t replay_output(struct replay *replay, const char *id, const char *kind)
{
	const struct saved *saved = replay_saved(replay, id);
	const struct row *row;
	uint64_t value = 0;

	if (saved == NULL)
		return 0;
	row = &replay->rows[row_index(replay, id)];
	for (size_t i = 0; i < row->out_count; i++) {
		const struct row_out *out = &row->outs[i];

		if (strcmp(out->kind, kind) == 0 && out->len <= sizeof(value)) {
			memcpy(&value,
			       (out->buf == ROW_ARGUMENT ? saved->arg : saved->buffers[out->buf]) + out->off,
			       out->len);
			return value;
		}
	}
	replay_problem(replay, "row %s has no %s", id, kind);
	return 0;
}

int replay_file(const struct replay *replay)
{
	return replay->file_count != 0 ? replay->files[replay->file_count - 1] : -1;
}

static size_t round_up(size_t size, size_t to)
{
	return (size + to - 1) / to * to;
}

/* Memory of size bytes that ends at an unmapped page. */
static bool buffer_map(struct buffer *buffer, size_t size)
{
	size_t room = round_up(size != 0 ? size : 1, PAGE);

	buffer->map_size = room + PAGE;
	buffer->map =
		mmap(NULL, buffer->map_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (buffer->map == MAP_FAILED) {
		buffer->map = NULL;
		return false;
	}
	if (mprotect(buffer->map + room, PAGE, PROT_NONE) != 0)
		return false;
	buffer->data = buffer->map + room - round_up(size, 8);
	buffer->address = (uintptr_t)buffer->data;
	buffer->size = size;
	return true;
}

static bool is_sysmem(const struct row *row, const struct row_pointer *pointer)
{
	return pointer->in >= 0 && pointer->size == 0 && strcmp(row->group, "userptr") == 0;
}

/* User memory keeps its mapping: an allocation may live on it. */
static bool buffer_user(struct buffer *buffer, const struct row *row, const struct row_pointer *pointer)
{
	size_t shift = special_unaligned(row) ? 16 : 0;

	buffer->map_size = (size_t)USER_PAGES * PAGE;
	buffer->map = mmap(NULL, buffer->map_size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (buffer->map == MAP_FAILED) {
		buffer->map = NULL;
		return false;
	}
	buffer->data = buffer->map + shift;
	buffer->size = pointer->size;
	buffer->address = (uintptr_t)buffer->data;
	memcpy(buffer->data, pointer->contents.data, pointer->size);
	return true;
}

/* Pages for sysmem pointers that cannot be pinned: none, one of two, or read-only. */
static bool buffer_pages(struct buffer *buffer, enum memory_kind memory)
{
	if (!buffer_map(buffer, PAGE))
		return false;
	buffer->address = (uintptr_t)buffer->map;
	buffer->size = 0;
	if (memory == MEMORY_BAD)
		return munmap(buffer->map, PAGE) == 0;
	if (memory == MEMORY_PART)
		return munmap(buffer->map + PAGE, PAGE) == 0;
	return mprotect(buffer->map, PAGE, PROT_READ) == 0;
}

static bool buffer_make(struct buffer *buffer, const struct row *row, const struct row_pointer *pointer)
{
	if (pointer->memory == MEMORY_USER)
		return buffer_user(buffer, row, pointer);
	if (is_sysmem(row, pointer))
		return buffer_pages(buffer, pointer->memory);
	if (pointer->memory == MEMORY_BAD) {
		buffer->address = BAD_ADDRESS;
		return true;
	}
	if (!buffer_map(buffer, pointer->size))
		return false;
	memcpy(buffer->data, pointer->contents.data, pointer->size);
	return true;
}

static struct buffer *target(struct call *call, int buf)
{
	if (buf == ROW_ARGUMENT)
		return &call->arg;
	return (size_t)buf < call->row->pointer_count ? &call->buffers[buf] : NULL;
}

static bool inside(const struct buffer *buffer, size_t off, size_t len)
{
	return buffer != NULL && buffer->data != NULL && off <= buffer->size && len <= buffer->size - off;
}

static uint64_t symbol(struct replay *replay, enum pre_source source)
{
	if (source == PRE_DXGFD)
		return (uint64_t)(unsigned int)replay_file(replay);
	if (source == PRE_PID)
		return (uint64_t)getpid();
	replay->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (replay->event <= 0)
		replay_problem(replay, "no eventfd: %s", strerror(errno));
	return (uint64_t)(unsigned int)replay->event;
}

static void fill_pre(struct replay *replay, struct call *call, const struct row_pre *pre)
{
	struct buffer *to = target(call, pre->to_buf);
	uint8_t value[64] = {0};

	if (!inside(to, pre->to_off, pre->len) || pre->len > sizeof(value)) {
		replay_problem(replay, "pre outside of its buffer");
		return;
	}
	if (pre->source == PRE_ROW) {
		const struct saved *saved = replay_saved(replay, pre->from);

		if (saved == NULL)
			return;
		memcpy(value, (pre->buf == ROW_ARGUMENT ? saved->arg : saved->buffers[pre->buf]) + pre->off,
		       pre->len);
	} else {
		uint64_t number = symbol(replay, pre->source);

		memcpy(value, &number, pre->len < sizeof(number) ? pre->len : sizeof(number));
	}
	memcpy(to->data + pre->to_off, value, pre->len);
}

/* Command words of other drivers carry no size, but an argument all the same. */
static size_t argument_size(const struct row *row)
{
	size_t size = row->arg_in.size != 0 ? row->arg_in.size : (row->cmd >> 16) & 0x3fffu;

	return size != 0 ? size : sizeof(uint64_t);
}

static void seal(struct buffer *buffer)
{
	if (buffer->data != NULL && buffer->map_size != 0)
		mprotect(buffer->map, buffer->map_size - PAGE, PROT_READ);
}

static void keep_before(struct replay *replay, struct buffer *buffer)
{
	if (buffer->data == NULL || buffer->size == 0)
		return;
	buffer->before = malloc(buffer->size);
	if (buffer->before == NULL)
		replay_problem(replay, "out of memory");
	else
		memcpy(buffer->before, buffer->data, buffer->size);
}

static bool build(struct replay *replay, struct call *call)
{
	const struct row *row = call->row;

	if (row->arg_ptr != NULL && strcmp(row->arg_ptr, "null") == 0)
		return true;
	if (row->arg_ptr != NULL && strcmp(row->arg_ptr, "bad") == 0) {
		call->arg.address = BAD_ADDRESS;
		return true;
	}
	if (!buffer_map(&call->arg, argument_size(row)))
		return false;
	if (row->arg_in.size != 0)
		memcpy(call->arg.data, row->arg_in.data, row->arg_in.size);
	for (size_t i = 0; i < row->pointer_count; i++)
		if (!buffer_make(&call->buffers[i], row, &row->pointers[i]))
			return false;
	for (size_t i = 0; i < row->pointer_count; i++) {
		struct buffer *in = target(call, row->pointers[i].in);

		if (!inside(in, row->pointers[i].off, sizeof(uint64_t)))
			return false;
		memcpy(in->data + row->pointers[i].off, &call->buffers[i].address, sizeof(uint64_t));
	}
	for (size_t i = 0; i < row->pre_count; i++)
		fill_pre(replay, call, &row->pre[i]);
	if (row->arg_ptr != NULL && strncmp(row->arg_ptr, "ro:", 3) == 0) {
		special_readonly(replay, row, call->arg.data, call->arg.size);
		seal(&call->arg);
	}
	for (size_t i = 0; i < row->pointer_count; i++)
		if (row->pointers[i].memory == MEMORY_RO && !is_sysmem(row, &row->pointers[i]))
			seal(&call->buffers[i]);
	keep_before(replay, &call->arg);
	for (size_t i = 0; i < row->pointer_count; i++)
		keep_before(replay, &call->buffers[i]);
	return true;
}

static void save(struct replay *replay, size_t index, const struct call *call)
{
	struct saved *saved = &replay->saved[index];
	size_t count = call->row->pointer_count;

	saved->arg_size = call->arg.size;
	saved->arg = malloc(call->arg.size != 0 ? call->arg.size : 1);
	saved->buffers = calloc(count + 1, sizeof(*saved->buffers));
	saved->addresses = calloc(count + 1, sizeof(*saved->addresses));
	saved->mapped = calloc(count + 1, sizeof(*saved->mapped));
	if (saved->arg == NULL || saved->buffers == NULL || saved->addresses == NULL ||
	    saved->mapped == NULL) {
		replay_problem(replay, "out of memory");
		return;
	}
	if (call->arg.data != NULL)
		memcpy(saved->arg, call->arg.data, call->arg.size);
	for (size_t i = 0; i < count; i++) {
		const struct buffer *buffer = &call->buffers[i];

		saved->addresses[i] = buffer->address;
		saved->mapped[i] = call->row->pointers[i].memory == MEMORY_USER ? buffer->map_size : 0;
		saved->buffers[i] = calloc(1, buffer->size + 8);
		if (saved->buffers[i] != NULL && buffer->data != NULL)
			memcpy(saved->buffers[i], buffer->data, buffer->size);
	}
	saved->done = true;
}

/* Reads through the kernel: an address that is no mapping is an answer, not a crash. */
static bool peek(uint64_t address, uint64_t *value)
{
	struct iovec local = {value, sizeof(*value)}, remote = {(void *)(uintptr_t)address, sizeof(*value)};

	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)sizeof(*value);
}

static bool has_handle_injection(const struct row *row)
{
	for (size_t i = 0; i < row->inject_count; i++)
		if (row->injects[i].inject.mode == INJECT_HANDLE_VALUE)
			return true;
	return false;
}

static void check_kind(struct replay *replay, struct call *call, const struct row_out *out, uint64_t value)
{
	uint64_t memory = 0;

	if (out->has_value && out->value != value)
		replay_problem(replay, "%s is %#llx, not %#llx", out->kind, (unsigned long long)value,
			       (unsigned long long)out->value);
	if (strncmp(out->kind, "handle:", 7) == 0 && strcmp(out->kind, "handle:adapter") != 0 &&
	    !has_handle_injection(call->row) && !scripted_host_knows_handle(replay->host, (uint32_t)value))
		replay_problem(replay, "%s %#llx is none of the host's", out->kind,
			       (unsigned long long)value);
	if (strcmp(out->kind, "va") == 0 && value % PAGE != 0)
		replay_problem(replay, "va %#llx is no page", (unsigned long long)value);
	if (strcmp(out->kind, "fd") == 0 && fcntl((int)value, F_GETFD) < 0)
		replay_problem(replay, "fd %llu is not open", (unsigned long long)value);
	if (strcmp(out->kind, "pid") == 0 && (pid_t)value != (out->self ? getpid() : replay->other))
		replay_problem(replay, "pid %llu is another process", (unsigned long long)value);
	if (strcmp(out->kind, "uptr") == 0 && value != call->buffers[out->into].address + out->at)
		replay_problem(replay, "pointer %#llx does not point to where it was",
			       (unsigned long long)value);
	if (!out->has_memory)
		return;
	if (!peek(value, &memory))
		replay_problem(replay, "nothing is mapped at va %#llx", (unsigned long long)value);
	else if (memory != out->memory)
		replay_problem(replay, "memory at va is %#llx, not %#llx", (unsigned long long)memory,
			       (unsigned long long)out->memory);
}

static bool known_kind(const char *kind)
{
	static const char *const kinds[] = {"va", "fd", "pid", "uptr", "event-id"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kind, kinds[i]) == 0)
			return true;
	return strncmp(kind, "handle:", 7) == 0;
}

/* Checks one varying output and masks it in what will be compared. */
static void check_out(struct replay *replay, struct call *call, const struct row_out *out, uint8_t *actual)
{
	const struct buffer *buffer = target(call, out->buf);
	bool same;
	uint64_t value = 0;

	if (!inside(buffer, out->off, out->len) || out->len > sizeof(value) || !known_kind(out->kind)) {
		replay_problem(replay, "output %s is of no known kind", out->kind);
		return;
	}
	memcpy(&value, buffer->data + out->off, out->len);
	same = memcmp(buffer->data + out->off, buffer->before + out->off, out->len) == 0;
	switch (out->state) {
	case OUT_SET:
		/* a recycled buffer may hold the very value already: then it is the check of kinds that counts */
		if (value == 0)
			replay_problem(replay, "%s is 0", out->kind);
		else
			check_kind(replay, call, out, value);
		memset(actual + out->off, 0, out->len);
		break;
	case OUT_ZERO:
		if (value != 0)
			replay_problem(replay, "%s is %#llx, not 0", out->kind, (unsigned long long)value);
		break;
	case OUT_SAME:
		if (!same)
			replay_problem(replay, "%s was written: %#llx", out->kind, (unsigned long long)value);
		break;
	}
}

/* The buffer as the file shows it: varying outputs, unchanged inputs and pointers are zero. */
static uint8_t *masked(struct replay *replay, struct call *call, int buf)
{
	const struct row *row = call->row;
	const struct buffer *buffer = target(call, buf);
	uint8_t *actual = malloc(buffer->size + 8);

	if (actual == NULL) {
		replay_problem(replay, "out of memory");
		return NULL;
	}
	memcpy(actual, buffer->data, buffer->size);
	for (size_t i = 0; i < row->out_count; i++)
		if (row->outs[i].buf == buf)
			check_out(replay, call, &row->outs[i], actual);
	for (size_t i = 0; i < row->pre_count; i++) {
		const struct row_pre *pre = &row->pre[i];

		if (pre->to_buf == buf &&
		    memcmp(buffer->data + pre->to_off, buffer->before + pre->to_off, pre->len) == 0)
			memset(actual + pre->to_off, 0, pre->len);
	}
	for (size_t i = 0; i < row->pointer_count; i++) {
		const struct row_pointer *pointer = &row->pointers[i];

		if (pointer->in == buf &&
		    memcmp(buffer->data + pointer->off, buffer->before + pointer->off, sizeof(uint64_t)) == 0)
			memset(actual + pointer->off, 0, sizeof(uint64_t));
	}
	return actual;
}

static void compare(struct replay *replay, const char *what, const uint8_t *actual, const uint8_t *expected,
		    size_t size)
{
	for (size_t i = 0; i < size; i++) {
		char got[33] = "", want[33] = "";

		if (actual[i] == expected[i])
			continue;
		for (size_t n = 0; n < 16 && i / 4 * 4 + n < size; n++) {
			snprintf(got + 2 * n, 3, "%02x", actual[i / 4 * 4 + n]);
			snprintf(want + 2 * n, 3, "%02x", expected[i / 4 * 4 + n]);
		}
		replay_problem(replay, "%s+%zu is %s, not %s", what, i / 4 * 4, got, want);
		return;
	}
}

static void check_pointer_out(struct replay *replay, struct call *call, const struct row_pointer_out *out)
{
	const struct buffer *buffer = &call->buffers[out->pointer];
	char what[32];
	uint8_t *actual;

	snprintf(what, sizeof(what), "ptr%zu", out->pointer);
	if (buffer->data == NULL) {
		replay_problem(replay, "%s cannot be compared", what);
		return;
	}
	if (!out->changed) {
		if (memcmp(buffer->data, buffer->before, buffer->size) != 0)
			compare(replay, what, buffer->data, buffer->before, buffer->size);
		return;
	}
	actual = masked(replay, call, (int)out->pointer);
	if (actual == NULL)
		return;
	if (out->contents.size > buffer->size)
		replay_problem(replay, "%s is shorter than what was measured", what);
	else
		compare(replay, what, actual, out->contents.data, out->contents.size);
	if (out->hashed && fnv1a64(actual, buffer->size) != out->hash)
		replay_problem(replay, "%s has another hash", what);
	free(actual);
}

static void check_messages(struct replay *replay, const struct row *row)
{
	const struct logged_message *log;
	size_t count = scripted_host_take_log(replay->host, &log);

	/* the measuring host's list was full: what came after was not recorded */
	if (row->host_count == MEASURED_LOG && count > MEASURED_LOG)
		count = MEASURED_LOG;
	for (size_t i = 0; i < count || i < row->host_count; i++) {
		const struct logged_message *got = i < count ? &log[i] : NULL;
		const struct logged_message *want = i < row->host_count ? &row->host[i] : NULL;

		if (got != NULL && want != NULL && got->type == want->type && got->length == want->length &&
		    got->sync == want->sync && got->global_channel == want->global_channel)
			continue;
		replay_problem(replay, "message %zu is %s/%s/%u/%d, not %s/%s/%u/%d", i,
			       got != NULL ? host_message_name(got->type) : "none",
			       got != NULL && got->global_channel ? "global" : "vgpu",
			       got != NULL ? got->length : 0, got != NULL && got->sync,
			       want != NULL ? host_message_name(want->type) : "none",
			       want != NULL && want->global_channel ? "global" : "vgpu",
			       want != NULL ? want->length : 0, want != NULL && want->sync);
		return;
	}
}

static void check_result(struct replay *replay, const struct row *row, int64_t ret, int error)
{
	if (ret != row->ret || (row->ret == -1 && row->error != 0 && error != row->error))
		replay_problem(replay, "returns %lld (%s), not %lld (%s)", (long long)ret,
			       ret == -1 ? strerrorname_np(error) : "no error", (long long)row->ret,
			       row->ret == -1 && row->error != 0 ? strerrorname_np(row->error) : "no error");
}

static void release(struct call *call)
{
	for (size_t i = 0; i < call->row->pointer_count; i++) {
		struct buffer *buffer = &call->buffers[i];

		free(buffer->before);
		if (buffer->map != NULL && buffer->data != NULL &&
		    call->row->pointers[i].memory != MEMORY_USER &&
		    !is_sysmem(call->row, &call->row->pointers[i]))
			munmap(buffer->map, buffer->map_size);
	}
	free(call->arg.before);
	if (call->arg.map != NULL)
		munmap(call->arg.map, call->arg.map_size);
	free(call->buffers);
}

static int descriptor_for(struct replay *replay, const struct row *row, bool *own)
{
	*own = false;
	if (strcmp(row->group, "open") == 0 && strcmp(row->id, "otherfd") == 0 && replay->file_count > 1)
		return replay->files[replay->file_count - 2];
	if (strcmp(row->group, "open") == 0 && strcmp(row->id, "dup") == 0) {
		*own = true;
		return dup(replay_file(replay));
	}
	return replay_file(replay);
}

static bool has_outs(const struct row *row, int buf)
{
	for (size_t i = 0; i < row->out_count; i++)
		if (row->outs[i].buf == buf)
			return true;
	return false;
}

/* Is the buffer compared as a whole, its varying outputs with it? */
static bool is_compared(const struct row *row, int buf)
{
	if (buf == ROW_ARGUMENT)
		return row->arg_in.size != 0;
	for (size_t i = 0; i < row->pointer_out_count; i++)
		if ((int)row->pointer_outs[i].pointer == buf && row->pointer_outs[i].changed)
			return true;
	return false;
}

static void call_ioctl(struct replay *replay, size_t index)
{
	const struct row *row = &replay->rows[index];
	struct call call = {.row = row};
	bool own;
	int fd = descriptor_for(replay, row, &own);

	call.buffers = calloc(row->pointer_count + 1, sizeof(*call.buffers));
	if (call.buffers == NULL || !build(replay, &call)) {
		replay_problem(replay, "cannot build the call: %s", strerror(errno));
		return;
	}
	if (replay->problem[0] == '\0') {
		errno = 0;
		call.ret = ioctl(fd, row->cmd, (void *)(uintptr_t)call.arg.address);
		call.error = errno;
		check_result(replay, row, call.ret, call.error);
		save(replay, index, &call);
		if (row->arg_in.size != 0) {
			uint8_t *actual = masked(replay, &call, ROW_ARGUMENT);

			if (actual != NULL)
				compare(replay, "arg", actual, row->arg_out.data, row->arg_out.size);
			free(actual);
		}
		for (size_t i = 0; i < row->pointer_out_count; i++)
			check_pointer_out(replay, &call, &row->pointer_outs[i]);
		for (int buf = ROW_ARGUMENT; buf < (int)row->pointer_count; buf++)
			if (has_outs(row, buf) && !is_compared(row, buf))
				free(masked(replay, &call, buf));
	}
	if (own)
		close(fd);
	release(&call);
}

/*
 * A value that is the row's own output lost its origin when the data was masked.  It was that of a live object
 * of the group, which later rows name through this one; or, by the row's name, an index that is too large.
 */
static uint32_t own_value(struct replay *replay, const struct row *row)
{
	static const struct {
		const char *group, *id, *kind;
	} origins[] = {
		{"device", "dev", "handle:device"},
		{"context", "ctx", "handle:context"},
		{"alloc", "dev", "handle:device"},
		{"sync", "shared", "handle:syncobject"},
	};

	if (strstr(row->id, "bigindex") != NULL)
		return 0x40000000u | 0xffffffu << 6;
	for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++)
		if (strcmp(row->group, origins[i].group) == 0)
			return (uint32_t)replay_output(replay, origins[i].id, origins[i].kind);
	replay_problem(replay, "the handle to collide with is unknown");
	return 0;
}

static void arm(struct replay *replay, const struct row *row)
{
	for (size_t i = 0; i < row->inject_count; i++) {
		struct inject inject = row->injects[i].inject;
		const char *from = row->injects[i].value_from;

		if (from != NULL && strcmp(from, row->id) == 0)
			inject.value = own_value(replay, row);
		else if (from != NULL)
			inject.value = (uint32_t)replay_output(replay, from, "handle:device");
		if (scripted_host_inject(replay->host, &inject) != 0)
			replay_problem(replay, "too many injections");
	}
}

void replay_row(struct replay *replay, size_t index)
{
	const struct row *row = &replay->rows[index];
	const struct logged_message *log;

	replay->problem[0] = '\0';
	special_before(replay, row);
	arm(replay, row);
	scripted_host_take_log(replay->host, &log);
	if (row->ioctl[0] == '(' && strcmp(row->ioctl, "(none)") != 0) {
		int64_t ret = -1;
		int error = 0;

		special_row(replay, row, &ret, &error);
		check_result(replay, row, ret, error);
		replay->saved[index].done = false;
	} else {
		call_ioctl(replay, index);
	}
	check_messages(replay, row);
	special_after(replay, row);
}
