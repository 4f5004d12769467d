// SPDX-License-Identifier: MIT
#include "dxgsim/host/amd_blob.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

int amd_wrong(const struct amd_reason *reason, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reason->text, reason->size, format, args);
	va_end(args);
	return -EINVAL;
}

static bool is_known(uint32_t offset, const struct amd_known *known)
{
	for (; known->length; known++) {
		if (offset >= known->offset && offset - known->offset < known->length)
			return true;
	}
	return false;
}

int amd_rest_is_zero(const uint8_t *blob, uint32_t size, const struct amd_known *known,
		     const struct amd_reason *reason)
{
	for (uint32_t offset = 0; offset < size; offset++) {
		if (blob[offset] && !is_known(offset, known))
			return amd_wrong(reason, "reserved byte 0x%02x at 0x%02x is not zero", blob[offset],
					 offset);
	}
	return 0;
}
