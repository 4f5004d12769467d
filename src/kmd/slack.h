// SPDX-License-Identifier: MIT
/*
 * Room behind a buffer that the host answers into, and whether it was written (self-check 12): a driver
 * with another layout may answer with more bytes than it was offered.
 */
#ifndef KMD_SLACK_H
#define KMD_SLACK_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define KMD_CANARY 0xC5

static inline void kmd_slack_fill(uint8_t *data, size_t size, size_t capacity)
{
	memset(data + size, KMD_CANARY, capacity - size);
}

/* Where the first byte behind `size` was written; `capacity` if none was. */
static inline size_t kmd_slack_find(const uint8_t *data, size_t size, size_t capacity)
{
	size_t at = size;

	while (at < capacity && data[at] == KMD_CANARY)
		at++;
	return at;
}

#endif
