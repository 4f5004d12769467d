// SPDX-License-Identifier: MIT
/*
 * Reading the measured rows.  Anything unexpected in a line is an error: a field nobody looks at would be a
 * check that silently does not happen.
 */
#include "row.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FNV_PRIME 0x100000001b3ull
#define FNV_BASIS 0xcbf29ce484222325ull

struct name_value {
	const char *name;
	int value;
};

static const struct name_value errors[] = {
	{"EPERM", EPERM},
	{"ENOENT", ENOENT},
	{"EINTR", EINTR},
	{"EBADF", EBADF},
	{"EAGAIN", EAGAIN},
	{"ENOMEM", ENOMEM},
	{"EACCES", EACCES},
	{"EFAULT", EFAULT},
	{"EEXIST", EEXIST},
	{"ENODEV", ENODEV},
	{"EINVAL", EINVAL},
	{"EMFILE", EMFILE},
	{"ENOTTY", ENOTTY},
	{"E29", ESPIPE},
	{"EOVERFLOW", EOVERFLOW},
	{"EPROTOTYPE", EPROTOTYPE},
	{"EOPNOTSUPP", EOPNOTSUPP},
	{"EINPROGRESS", EINPROGRESS},
	{"ENOTRECOVERABLE", ENOTRECOVERABLE},
	{NULL, 0},
};

static const struct name_value modes[] = {
	{"status", INJECT_STATUS},
	{"zero-reply", INJECT_ZERO_REPLY},
	{"short-reply", INJECT_SHORT_REPLY},
	{"ring-full", INJECT_RING_FULL},
	{"send-error", INJECT_SEND_ERROR},
	{"hold-event", INJECT_HOLD_EVENT},
	{"bad-address", INJECT_BAD_ADDRESS},
	{"address-last-page", INJECT_LAST_PAGE},
	{"address-last-but-one-page", INJECT_LAST_BUT_ONE_PAGE},
	{"handle-value", INJECT_HANDLE_VALUE},
	{"value", INJECT_VALUE},
	{NULL, 0},
};

static const struct name_value memories[] = {
	{"rw", MEMORY_RW},     {"ro", MEMORY_RO},     {"bad", MEMORY_BAD},
	{"part", MEMORY_PART}, {"user", MEMORY_USER}, {NULL, 0},
};

static const struct name_value states[] = {
	{"set", OUT_SET},
	{"zero", OUT_ZERO},
	{"same", OUT_SAME},
	{NULL, 0},
};

static const struct name_value symbols[] = {
	{"eventfd", PRE_EVENTFD},
	{"dxgfd", PRE_DXGFD},
	{"pid", PRE_PID},
	{NULL, 0},
};

/* The line being read and what is wrong with it. */
struct parser {
	const char *problem;
};

static void fail(struct parser *p, const char *problem)
{
	if (p->problem == NULL)
		p->problem = problem;
}

uint64_t fnv1a64(const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint64_t hash = FNV_BASIS;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * FNV_PRIME;
	return hash;
}

static const char *text(struct parser *p, const cJSON *object, const char *key)
{
	const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));

	if (value == NULL)
		fail(p, key);
	return value != NULL ? value : "";
}

static uint64_t number(struct parser *p, const cJSON *object, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
	char *end = NULL;
	uint64_t value;

	if (cJSON_IsNumber(item))
		return (uint64_t)(int64_t)item->valuedouble;
	if (!cJSON_IsString(item)) {
		fail(p, key);
		return 0;
	}
	value = strtoull(item->valuestring, &end, 16);
	if (end == item->valuestring || *end != '\0')
		fail(p, key);
	return value;
}

static int lookup(struct parser *p, const struct name_value *table, const char *name)
{
	for (; table->name != NULL; table++)
		if (strcmp(table->name, name) == 0)
			return table->value;
	fail(p, name);
	return 0;
}

static void *room(struct parser *p, size_t count, size_t size)
{
	void *memory = calloc(count != 0 ? count : 1, size);

	if (memory == NULL)
		fail(p, "out of memory");
	return memory;
}

static struct bytes hex(struct parser *p, const char *digits)
{
	struct bytes bytes = {NULL, strlen(digits) / 2};

	bytes.data = room(p, bytes.size, 1);
	for (size_t i = 0; bytes.data != NULL && i < bytes.size; i++) {
		unsigned int value;

		if (sscanf(digits + 2 * i, "%2x", &value) != 1)
			fail(p, "hexadecimal digits");
		else
			bytes.data[i] = (uint8_t)value;
	}
	return bytes;
}

/*
 * Does the buffer, filled up to some place, followed by one byte repeated, have the hash?  The test program's
 * buffers are static, so what an earlier row left in them follows the part the row wrote.
 */
static bool fill_tail(struct bytes *bytes, size_t head, uint64_t target, uint8_t tail)
{
	uint64_t inverse = 1, power = 1, hash = fnv1a64(bytes->data, head);

	if (tail != 0) {
		memset(bytes->data + head, tail, bytes->size - head);
		return fnv1a64(bytes->data, bytes->size) == target;
	}
	/* a zero byte only multiplies: power takes the hash from here to the end */
	for (int i = 0; i < 6; i++) /* Newton: the inverse of an odd number modulo 2^64 */
		inverse *= 2 - FNV_PRIME * inverse;
	for (size_t i = head; i < bytes->size; i++)
		power *= FNV_PRIME;
	for (size_t i = head; i <= bytes->size; i++) {
		if (hash * power == target) {
			memset(bytes->data + i, 0, bytes->size - i);
			return true;
		}
		if (i < bytes->size)
			hash = (hash ^ bytes->data[i]) * FNV_PRIME;
		power *= inverse;
	}
	return false;
}

static uint32_t word(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* Makes the whole buffer from its first bytes and its hash: words that go on as they began, then a constant. */
static bool rebuild(struct bytes *bytes, size_t head, uint64_t target)
{
	uint32_t step;

	if (head < 8 || head % 4 != 0 || head > bytes->size)
		return false;
	for (int pattern = 0; pattern < 2; pattern++) {
		step = pattern == 0 ? 0 : word(bytes->data + head - 4) - word(bytes->data + head - 8);
		for (size_t i = head; i < bytes->size; i++) {
			uint32_t next = word(bytes->data + head - 4) + step * (uint32_t)((i - head) / 4 + 1);

			bytes->data[i] = (uint8_t)(next >> (8 * (i % 4)));
		}
		if (fill_tail(bytes, head, target, 0))
			return true;
	}
	for (unsigned int tail = 1; tail < 256; tail++)
		if (fill_tail(bytes, head, target, (uint8_t)tail))
			return true;
	return false;
}

static struct bytes contents(struct parser *p, const cJSON *object, size_t size)
{
	const cJSON *data = cJSON_GetObjectItemCaseSensitive(object, "data");
	const cJSON *fill = cJSON_GetObjectItemCaseSensitive(object, "data_fill");
	const cJSON *head = cJSON_GetObjectItemCaseSensitive(object, "data_head");
	struct bytes bytes = {NULL, size}, start;

	if (data != NULL)
		return hex(p, text(p, object, "data"));
	bytes.data = room(p, size, 1);
	if (bytes.data == NULL)
		return bytes;
	if (fill != NULL) {
		memset(bytes.data, (int)number(p, object, "data_fill"), size);
	} else if (head != NULL) {
		start = hex(p, text(p, object, "data_head"));
		if (start.data == NULL || start.size > size) {
			fail(p, "data_head");
			return bytes;
		}
		memcpy(bytes.data, start.data, start.size);
		if (!rebuild(&bytes, start.size, number(p, object, "data_fnv1a64")))
			fail(p, "data_fnv1a64: unknown pattern");
		free(start.data);
	}
	return bytes;
}

static void read_pointers(struct parser *p, const cJSON *list, struct row *row)
{
	const cJSON *item;

	row->pointers = room(p, (size_t)cJSON_GetArraySize(list), sizeof(*row->pointers));
	cJSON_ArrayForEach(item, list)
	{
		struct row_pointer *pointer = &row->pointers[row->pointer_count++];

		pointer->in = (int)number(p, item, "in");
		pointer->off = number(p, item, "off");
		pointer->size = number(p, item, "len");
		pointer->memory = (enum memory_kind)lookup(p, memories, text(p, item, "mem"));
		pointer->contents = contents(p, item, pointer->size);
		if (pointer->contents.size != pointer->size)
			fail(p, "len of a pointer");
	}
}

static void read_pre(struct parser *p, const cJSON *list, struct row *row)
{
	const cJSON *item;

	row->pre = room(p, (size_t)cJSON_GetArraySize(list), sizeof(*row->pre));
	cJSON_ArrayForEach(item, list)
	{
		struct row_pre *pre = &row->pre[row->pre_count++];

		pre->to_buf = (int)number(p, item, "to_buf");
		pre->to_off = number(p, item, "to_off");
		pre->len = number(p, item, "len");
		if (cJSON_HasObjectItem(item, "sym")) {
			pre->source = (enum pre_source)lookup(p, symbols, text(p, item, "sym"));
			continue;
		}
		pre->from = text(p, item, "from");
		pre->buf = (int)number(p, item, "buf");
		pre->off = number(p, item, "off");
	}
}

static void read_outs(struct parser *p, const cJSON *list, struct row *row)
{
	const cJSON *item;

	row->outs = room(p, (size_t)cJSON_GetArraySize(list), sizeof(*row->outs));
	cJSON_ArrayForEach(item, list)
	{
		struct row_out *out = &row->outs[row->out_count++];

		out->buf = (int)number(p, item, "buf");
		out->off = number(p, item, "off");
		out->len = number(p, item, "len");
		out->kind = text(p, item, "kind");
		out->state = (enum out_state)lookup(p, states, text(p, item, "state"));
		out->has_value = cJSON_HasObjectItem(item, "value");
		if (out->has_value)
			out->value = number(p, item, "value");
		out->has_memory = cJSON_HasObjectItem(item, "mem64");
		if (out->has_memory)
			out->memory = number(p, item, "mem64");
		if (strcmp(out->kind, "uptr") == 0) {
			out->into = (int)number(p, item, "into");
			out->at = number(p, item, "at");
		}
		if (strcmp(out->kind, "pid") == 0)
			out->self = number(p, item, "self") != 0;
	}
}

static void read_pointer_outs(struct parser *p, const cJSON *list, struct row *row)
{
	const cJSON *item;

	row->pointer_outs = room(p, (size_t)cJSON_GetArraySize(list), sizeof(*row->pointer_outs));
	cJSON_ArrayForEach(item, list)
	{
		struct row_pointer_out *out = &row->pointer_outs[row->pointer_out_count++];

		out->pointer = number(p, item, "ptr");
		out->changed = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(item, "changed"));
		if (out->pointer >= row->pointer_count) {
			fail(p, "ptr_out of an unknown pointer");
			continue;
		}
		if (!out->changed)
			continue;
		out->hashed = cJSON_HasObjectItem(item, "data_fnv1a64");
		if (out->hashed)
			out->hash = number(p, item, "data_fnv1a64");
		if (out->hashed)
			out->contents = hex(p, text(p, item, "data_head"));
		else
			out->contents = contents(p, item, row->pointers[out->pointer].size);
	}
}

static int message_type(struct parser *p, const char *name)
{
	for (int type = 0; type < HOST_MESSAGE_COUNT; type++)
		if (strcmp(host_message_name((enum host_message_type)type), name) == 0)
			return type;
	fail(p, name);
	return 0;
}

static void read_injects(struct parser *p, const cJSON *list, struct row *row)
{
	const cJSON *item;

	row->injects = room(p, (size_t)cJSON_GetArraySize(list), sizeof(*row->injects));
	cJSON_ArrayForEach(item, list)
	{
		struct row_inject *inject = &row->injects[row->inject_count++];

		inject->inject.message = (enum host_message_type)message_type(p, text(p, item, "msg"));
		inject->inject.mode = (enum inject_mode)lookup(p, modes, text(p, item, "mode"));
		inject->inject.count = (uint32_t)number(p, item, "count");
		inject->inject.skip = (uint32_t)number(p, item, "skip");
		if (cJSON_HasObjectItem(item, "val_from"))
			inject->value_from = text(p, item, "val_from");
		else
			inject->inject.value = (uint32_t)number(p, item, "val");
		if (cJSON_HasObjectItem(item, "v64"))
			inject->inject.value64 = number(p, item, "v64");
	}
}

static void read_host(struct parser *p, const cJSON *list, struct row *row)
{
	const cJSON *item;

	row->host = room(p, (size_t)cJSON_GetArraySize(list), sizeof(*row->host));
	cJSON_ArrayForEach(item, list)
	{
		struct logged_message *message = &row->host[row->host_count++];

		message->type = (enum host_message_type)message_type(p, text(p, item, "msg"));
		message->global_channel = strcmp(text(p, item, "chan"), "global") == 0;
		message->length = (uint32_t)number(p, item, "len");
		message->sync = number(p, item, "sync") != 0;
	}
}

static bool known_key(const char *key)
{
	static const char *const keys[] = {
		"cfg",	"group", "seq",	 "id",	 "proc",   "ioctl",   "cmd",	 "ret",	    "errno", "note",
		"host", "pre",	 "ptrs", "outs", "arg_in", "arg_out", "arg_ptr", "ptr_out", "inject"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(keys[i], key) == 0)
			return true;
	return false;
}

static void read_row(struct parser *p, const cJSON *json, struct row *row)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, json) if (!known_key(item->string)) fail(p, "unknown key");
	row->cfg = text(p, json, "cfg");
	row->group = text(p, json, "group");
	row->id = text(p, json, "id");
	row->proc = text(p, json, "proc");
	row->ioctl = text(p, json, "ioctl");
	row->note = text(p, json, "note");
	row->cmd = number(p, json, "cmd");
	row->ret = (int64_t)number(p, json, "ret");
	if (cJSON_IsString(cJSON_GetObjectItemCaseSensitive(json, "errno")))
		row->error = lookup(p, errors, text(p, json, "errno"));
	if (cJSON_HasObjectItem(json, "arg_ptr"))
		row->arg_ptr = text(p, json, "arg_ptr");
	if (cJSON_HasObjectItem(json, "arg_in")) {
		row->arg_in = hex(p, text(p, json, "arg_in"));
		row->arg_out = hex(p, text(p, json, "arg_out"));
	}
	if (row->arg_in.size != row->arg_out.size)
		fail(p, "arg_out");
	read_pointers(p, cJSON_GetObjectItemCaseSensitive(json, "ptrs"), row);
	read_pre(p, cJSON_GetObjectItemCaseSensitive(json, "pre"), row);
	read_outs(p, cJSON_GetObjectItemCaseSensitive(json, "outs"), row);
	read_pointer_outs(p, cJSON_GetObjectItemCaseSensitive(json, "ptr_out"), row);
	read_injects(p, cJSON_GetObjectItemCaseSensitive(json, "inject"), row);
	read_host(p, cJSON_GetObjectItemCaseSensitive(json, "host"), row);
}

int rows_read(FILE *file, struct row **out, size_t *count)
{
	struct row *rows = NULL;
	size_t used = 0, have = 0, room_for_line = 0, line_number = 0;
	char *line = NULL;
	int ret = 0;

	while (ret == 0 && getline(&line, &room_for_line, file) > 0) {
		struct parser parser = {NULL};
		cJSON *json = cJSON_Parse(line);

		line_number++;
		if (used == have) {
			struct row *more;

			have = have != 0 ? have * 2 : 1024;
			more = realloc(rows, have * sizeof(*rows));
			if (more == NULL) {
				cJSON_Delete(json);
				ret = -ENOMEM;
				break;
			}
			rows = more;
		}
		memset(&rows[used], 0, sizeof(rows[used]));
		rows[used].json = json;
		if (json == NULL)
			fail(&parser, "not JSON");
		else
			read_row(&parser, json, &rows[used]);
		if (parser.problem != NULL) {
			fprintf(stderr, "line %zu: %s\n", line_number, parser.problem);
			ret = -EINVAL;
		}
		used++;
	}
	if (ret == 0 && ferror(file))
		ret = -EIO;
	free(line);
	*out = rows;
	*count = used;
	return ret;
}

void rows_free(struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct row *row = &rows[i];

		for (size_t n = 0; n < row->pointer_count; n++)
			free(row->pointers[n].contents.data);
		for (size_t n = 0; n < row->pointer_out_count; n++)
			free(row->pointer_outs[n].contents.data);
		free(row->arg_in.data);
		free(row->arg_out.data);
		free(row->pointers);
		free(row->pre);
		free(row->outs);
		free(row->pointer_outs);
		free(row->injects);
		free(row->host);
		cJSON_Delete(row->json);
	}
	free(rows);
}
