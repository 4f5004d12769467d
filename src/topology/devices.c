// SPDX-License-Identifier: MIT
#include "topology/devices.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "topology/devices_parse.h"
#include "util/compiler.h"
#include "util/log.h"

#define DEFAULT_DIRECTORY "/etc/hsakmt-dxg/devices.d"
#define MAX_FILES	  64
#define MAX_FILE_SIZE	  (256 * 1024)
#define MAX_USER_LINES	  4096

struct device_table {
	struct device_line *lines; /* the user's, in the order they were read */
	size_t count;
	size_t capacity;
};

/* Where the user's files are: HSAKMT_DXG_DEVICES_DIR (not in a set-uid program) or /etc/hsakmt-dxg/devices.d. */
const char *device_directory(void)
{
	const char *directory = secure_getenv("HSAKMT_DXG_DEVICES_DIR");

	return directory && *directory ? directory : DEFAULT_DIRECTORY;
}

/* A table with the compiled-in lines only.  -ENOMEM. */
int device_table_create(struct device_table **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void device_table_destroy(struct device_table *table)
{
	if (!table)
		return;
	free(table->lines);
	free(table);
}

/* The user's lines, for tests and tools. */
size_t device_table_lines(const struct device_table *table, const struct device_line **lines)
{
	*lines = table->lines;
	return table->count;
}

static int add_line(void *arg, const struct device_line *line)
{
	struct device_table *table = arg;

	if (table->count == MAX_USER_LINES)
		return -E2BIG;
	if (table->count == table->capacity) {
		size_t capacity = table->capacity ? 2 * table->capacity : 16;
		struct device_line *lines = reallocarray(table->lines, capacity, sizeof(*lines));

		if (!lines)
			return -ENOMEM;
		table->lines = lines;
		table->capacity = capacity;
	}
	table->lines[table->count++] = *line;
	return 0;
}

/*
 * Adds the lines of a file's text; `label` names it in messages.  What cannot be understood is skipped with a
 * message.  -ENOMEM; -E2BIG: the table is full.
 */
int device_table_add_text(struct device_table *table, const char *label, const char *text, size_t size)
{
	return devices_parse(label, text, size, add_line, table);
}

static int read_file(const char *path, char **text, size_t *size)
{
	/* O_NONBLOCK: a FIFO must not hold up the program */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	size_t used = 0;
	ssize_t n = 0;
	int ret = 0;

	*text = NULL;
	*size = 0;
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		ret = -errno;
	else if (!S_ISREG(st.st_mode))
		ret = -EINVAL;
	else if (st.st_size > MAX_FILE_SIZE)
		ret = -EFBIG;
	else if (!(*text = malloc(MAX_FILE_SIZE + 1)))
		ret = -ENOMEM;
	/* the size may have changed since */
	while (!ret && used <= MAX_FILE_SIZE) {
		n = read(fd, *text + used, MAX_FILE_SIZE + 1 - used);
		if (n > 0)
			used += (size_t)n;
		else if (n == 0)
			break;
		else if (errno != EINTR)
			ret = -errno;
	}
	if (!ret && used > MAX_FILE_SIZE)
		ret = -EFBIG;
	close(fd);
	if (ret) {
		free(*text);
		*text = NULL;
	}
	*size = used;
	return ret;
}

static int add_file(struct device_table *table, const char *path)
{
	char *text;
	size_t size;
	int ret = read_file(path, &text, &size);

	if (ret == -ENOMEM)
		return ret;
	if (ret == -EFBIG) {
		log_err("%s: larger than %d bytes, skipped", path, MAX_FILE_SIZE);
		return 0;
	}
	if (ret) {
		log_err("%s: %s, skipped", path, ret == -EINVAL ? "not a regular file" : strerror(-ret));
		return 0;
	}
	ret = device_table_add_text(table, path, text, size);
	free(text);
	return ret;
}

static int is_csv(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 4 && !strcmp(entry->d_name + length - 4, ".csv");
}

/* Byte order, not the locale's: the order decides which line wins. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/*
 * Adds every *.csv of a directory, in the order of the names; later lines win.  No directory is no error.
 * -ENOMEM.
 */
int device_table_add_directory(struct device_table *table, const char *directory)
{
	struct dirent **entries;
	int count = scandir(directory, &entries, is_csv, by_name);
	int ret = 0;

	if (count < 0) {
		if (errno == ENOMEM)
			return -ENOMEM;
		if (errno != ENOENT)
			log_err("%s: %s, no device line was read from it", directory, strerror(errno));
		return 0;
	}
	if (count > MAX_FILES)
		log_err("%s: has %d files, only the first %d are read", directory, count, MAX_FILES);
	for (int i = 0; i < count; i++) {
		char path[4096];
		int n = snprintf(path, sizeof(path), "%s/%s", directory, entries[i]->d_name);

		free(entries[i]);
		if (ret || i >= MAX_FILES || n < 0 || (size_t)n >= sizeof(path))
			continue;
		ret = add_file(table, path);
	}
	free(entries);
	if (ret == -E2BIG) {
		log_err("%s: more than %d lines, the rest is skipped", directory, MAX_USER_LINES);
		ret = 0;
	}
	return ret;
}

enum match {
	MATCH_NONE,
	MATCH_ID, /* another revision of the same id */
	MATCH_ANY_REVISION,
	MATCH_REVISION,
};

static enum match match_line(const struct device_line *line, uint32_t id, uint32_t revision)
{
	if (line->id != id)
		return MATCH_NONE;
	if (line->revision == DEVICE_ANY_REVISION)
		return MATCH_ANY_REVISION;
	return (uint32_t)line->revision == revision ? MATCH_REVISION : MATCH_ID;
}

/* The best line of one source; of equals the last, but of siblings the first. */
static const struct device_line *best_line(const struct device_line *lines, size_t count, uint32_t id,
					   uint32_t revision, enum match *best)
{
	const struct device_line *found = NULL;

	*best = MATCH_NONE;
	for (size_t i = 0; i < count; i++) {
		enum match match = match_line(&lines[i], id, revision);

		if (match > *best || (match == *best && match > MATCH_ID)) {
			*best = match;
			found = &lines[i];
		}
	}
	return found;
}

static void overlay(struct device_info *info, const struct device_line *line, enum match match,
		    enum origin origin)
{
	if (!line)
		return;
	info->known = true;
	info->same_revision |= match > MATCH_ID;
	if (line->gfx.major) {
		info->gfx = line->gfx;
		info->gfx_origin = origin;
	}
	if (line->kind != DEVICE_KIND_UNKNOWN)
		info->kind = line->kind;
	if (line->name[0]) {
		memcpy(info->name, line->name, sizeof(info->name));
		info->name_origin = origin;
	}
	for (unsigned i = 0; i < DEVICE_COLUMN_COUNT; i++) {
		if (line->has & (1U << i)) {
			info->value[i] = line->value[i];
			info->origin[i] = origin;
		}
	}
}

/*
 * What is known of a device: the compiled-in line with the user's line over it, value by value.  In each
 * source the line of the revision comes before the line for all revisions, and that before the line of
 * another revision; the user's line of another revision says nothing where the compiled-in ones have this one.
 * out->known is false when no source has the id.
 */
void device_table_find(const struct device_table *table, uint32_t id, uint32_t revision,
		       struct device_info *out)
{
	const struct device_line *builtin, *user;
	enum match builtin_match, user_match;

	memset(out, 0, sizeof(*out));
	builtin = best_line(device_builtin, device_builtin_count, id, revision, &builtin_match);
	user = best_line(table->lines, table->count, id, revision, &user_match);
	overlay(out, builtin, builtin_match, ORIGIN_TABLE);
	if (user_match > MATCH_ID || builtin_match <= MATCH_ID)
		overlay(out, user, user_match, ORIGIN_USER_TABLE);
}
