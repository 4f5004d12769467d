// SPDX-License-Identifier: MIT
/*
 * Room behind a buffer that the host answers into, and whether it was written: a driver with another layout may answer
 * with more bytes than it was offered.
 */
#ifndef UTIL_SLACK_H
#define UTIL_SLACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "util/compiler.h"

#define SLACK_BYTE 0xc5
#define SLACK_MIN  64U

/* Fills what is behind the `size` bytes of a buffer of `capacity`. */
static inline void slack_fill(uint8_t *data, size_t size, size_t capacity)
{
	memset(data + size, SLACK_BYTE, capacity - size);
}

/* Where the first byte behind `size` was written; `capacity` if none was. */
static inline size_t slack_find(const uint8_t *data, size_t size, size_t capacity)
{
	size_t at = size;

	while (at < capacity && data[at] == SLACK_BYTE)
		at++;
	return at;
}

/* What a copy with slack takes: as much room again as the data has, and some more. */
static inline size_t slack_copy_size(uint32_t size)
{
	return ALIGN_UP((size_t)size * 2 + SLACK_MIN, (size_t)16);
}

/* Makes the copy in `slot`, slack_copy_size(size) bytes. */
static inline void slack_copy(uint8_t *slot, const void *data, uint32_t size)
{
	if (size)
		memcpy(slot, data, size);
	slack_fill(slot, size, slack_copy_size(size));
}

/* Whether nothing was written behind the data of a copy. */
static inline bool slack_copy_intact(const uint8_t *slot, uint32_t size)
{
	return slack_find(slot, size, slack_copy_size(size)) == slack_copy_size(size);
}

#endif
