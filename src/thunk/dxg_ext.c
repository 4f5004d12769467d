// SPDX-License-Identifier: MIT
/* What we add to libhsakmt's interface. */
#include <stddef.h>
#include <string.h>

#include <hsakmt/hsakmt_dxg.h>

#include "thunk/allocate.h"
#include "thunk/process.h"
#include "util/compiler.h"

#define OPTIONS_MAX_SIZE 4096U /* no structure of any version is larger: a caller's is not read without end */

/*
 * Copies a caller's structure, which begins with its 64-bit size, over `known` of known_size bytes.  False: it is smaller
 * than its size member, or not zero in what we do not know.
 */
static bool copy_options(void *known, size_t known_size, const void *callers)
{
	const unsigned char *bytes = callers;
	HSAuint64 size;

	memset(known, 0, known_size);
	memcpy(&size, callers, sizeof(size));
	if (size < sizeof(size) || size > OPTIONS_MAX_SIZE)
		return false;
	for (size_t i = known_size; i < size; i++)
		if (bytes[i])
			return false;
	memcpy(known, callers, MIN((size_t)size, known_size));
	return true;
}

static bool read_options(const struct hsakmt_dxg_alloc_options *callers, struct allocate_options *out)
{
	struct hsakmt_dxg_alloc_options options;

	*out = (struct allocate_options){0};
	if (!callers)
		return true;
	if (!copy_options(&options, sizeof(options), callers))
		return false;
	if (options.flags & ~HSAKMT_DXG_ALLOC_CPU_VISIBLE)
		return false;
	if (options.lowest_address && !options.highest_address)
		return false;
	out->alignment = options.alignment;
	out->lowest = options.lowest_address;
	out->highest = options.highest_address;
	out->cpu_visible = options.flags & HSAKMT_DXG_ALLOC_CPU_VISIBLE;
	return true;
}

/* hsakmt_dxg.h has what it does. */
HSAKMT_STATUS HSAKMTAPI hsaKmtDxgAllocMemory(HSAuint32 node, HSAuint64 size, HsaMemFlags flags,
					     const struct hsakmt_dxg_alloc_options *options, void **address)
{
	struct allocate_options wish;
	struct process *process;
	HSAKMT_STATUS status = process_enter(&process);

	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	if (read_options(options, &wish)) {
		status = allocate(process, node, size, flags, &wish, address);
	} else {
		status = HSAKMT_STATUS_INVALID_PARAMETER;
		if (address && !flags.ui32.FixedAddress)
			*address = NULL;
	}
	process_leave();
	return status;
}
