// SPDX-License-Identifier: MIT
/* Reading private data: values at offsets, what must be zero, and words for what is wrong. */
#ifndef DXGSIM_HOST_AMD_BLOB_H
#define DXGSIM_HOST_AMD_BLOB_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Where the reader says why; errors of these calls are -EINVAL. */
struct amd_reason {
	char *text;
	size_t size;
};

/* Bytes that something means, zero-terminated by length 0. */
struct amd_known {
	uint32_t offset, length;
};

static inline uint32_t amd_get32(const uint8_t *blob, size_t offset)
{
	uint32_t value;

	memcpy(&value, blob + offset, sizeof(value));
	return value;
}

static inline uint64_t amd_get64(const uint8_t *blob, size_t offset)
{
	uint64_t value;

	memcpy(&value, blob + offset, sizeof(value));
	return value;
}

/* Always -EINVAL. */
int amd_wrong(const struct amd_reason *reason, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Every byte that is not @known is zero: 0, else -EINVAL with the first that is not. */
int amd_rest_is_zero(const uint8_t *blob, uint32_t size, const struct amd_known *known,
		     const struct amd_reason *reason);

#endif
