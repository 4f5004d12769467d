// SPDX-License-Identifier: MIT
#include "topology/sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void id_set_fill(struct id_set *set)
{
	memset(set, 0xff, sizeof(*set));
}

void id_set_and(struct id_set *set, const struct id_set *other)
{
	for (size_t i = 0; i < ARRAY_SIZE(set->words); i++)
		set->words[i] &= other->words[i];
}

/* The lowest member that is not below `from`, or ID_SET_SIZE. */
uint32_t id_set_next(const struct id_set *set, uint32_t from)
{
	while (from < ID_SET_SIZE) {
		uint64_t word = set->words[from / 64] >> (from % 64);

		if (word)
			return from + (uint32_t)__builtin_ctzll(word);
		from = (from / 64 + 1) * 64;
	}
	return ID_SET_SIZE;
}

uint32_t id_set_count(const struct id_set *set)
{
	uint32_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(set->words); i++)
		count += (uint32_t)__builtin_popcountll(set->words[i]);
	return count;
}

static const char *parse_id(const char *text, uint32_t *out)
{
	uint32_t id = 0;

	if (*text < '0' || *text > '9')
		return NULL;
	for (; *text >= '0' && *text <= '9'; text++) {
		id = id * 10 + (uint32_t)(*text - '0');
		if (id >= ID_SET_SIZE)
			return NULL;
	}
	*out = id;
	return text;
}

/* The kernel's list format, "0-3,8,10-11"; empty text is the empty set.  -EINVAL. */
int id_set_parse(const char *text, struct id_set *set)
{
	memset(set, 0, sizeof(*set));
	while (*text) {
		uint32_t first, last;

		text = parse_id(text, &first);
		if (!text)
			return -EINVAL;
		last = first;
		if (*text == '-') {
			text = parse_id(text + 1, &last);
			if (!text || last < first)
				return -EINVAL;
		}
		for (uint32_t id = first; id <= last; id++)
			id_set_add(set, id);
		if (*text == ',')
			text++;
		else if (*text)
			return -EINVAL;
	}
	return 0;
}

static int read_path(const char *root, char *text, size_t size, const char *path, va_list args)
{
	char full[PATH_MAX];
	int n = snprintf(full, sizeof(full), "%s/", root);
	size_t used = 0;
	ssize_t got;
	int fd, m;

	text[0] = '\0';
	if (n < 0 || (size_t)n >= sizeof(full))
		return -ENAMETOOLONG;
	m = vsnprintf(full + n, sizeof(full) - (size_t)n, path, args);
	if (m < 0 || (size_t)m >= sizeof(full) - (size_t)n)
		return -ENAMETOOLONG;
	fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	for (;;) {
		got = read(fd, text + used, size - 1 - used);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		used += (size_t)got;
		if (used == size - 1) {
			/* full: whatever does not fit is not the file that was expected */
			char more;

			got = read(fd, &more, 1) == 1 ? -1 : 0;
			errno = EFBIG;
			break;
		}
	}
	if (got < 0)
		used = 0;
	text[used] = '\0';
	m = got < 0 ? -errno : 0;
	close(fd);
	while (used && (text[used - 1] == '\n' || text[used - 1] == ' '))
		text[--used] = '\0';
	return m;
}

/* A whole file without the final newline.  -errno of open or read; -EFBIG: more than fits. */
int sysfs_read(const char *root, char *text, size_t size, const char *path, ...)
{
	va_list args;
	int ret;

	va_start(args, path);
	ret = read_path(root, text, size, path, args);
	va_end(args);
	return ret;
}

/* A file that is one decimal number.  -EINVAL: it is something else. */
int sysfs_read_number(const char *root, uint64_t *value, const char *path, ...)
{
	char text[32];
	uint64_t number = 0;
	va_list args;
	int ret;

	va_start(args, path);
	ret = read_path(root, text, sizeof(text), path, args);
	va_end(args);
	if (ret)
		return ret;
	if (!text[0])
		return -EINVAL;
	for (const char *p = text; *p; p++) {
		if (*p < '0' || *p > '9' || number > (UINT64_MAX - 9) / 10)
			return -EINVAL;
		number = number * 10 + (uint64_t)(*p - '0');
	}
	*value = number;
	return 0;
}

/* A file that is a list of ids.  -EINVAL: it is something else. */
int sysfs_read_set(const char *root, struct id_set *set, const char *path, ...)
{
	char text[4096]; /* what a sysfs attribute can have */
	va_list args;
	int ret;

	memset(set, 0, sizeof(*set));
	va_start(args, path);
	ret = read_path(root, text, sizeof(text), path, args);
	va_end(args);
	return ret ? ret : id_set_parse(text, set);
}
