// SPDX-License-Identifier: MIT
#include "dxgsim/host/amd_allocation.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ENTRY_BASE    0x40u
#define ENTRY_BYTES   0xc4u
#define METADATA_SIZE 0x114u
#define SURFACE_SIZE  0x120u

#define KNOWN_HEAPS \
	(AMD_FLAG_LOCAL_VISIBLE | AMD_FLAG_LOCAL_INVISIBLE | AMD_FLAG_GART_USWC | AMD_FLAG_GART_CACHED)
#define KNOWN_FLAGS                                                                                        \
	(KNOWN_HEAPS | AMD_FLAG_NOT_SPARSE | AMD_FLAG_UDMA | AMD_FLAG_HOST_MEMORY | AMD_FLAG_CPU_VISIBLE | \
	 AMD_FLAG_SHARED)

static uint32_t get32(const uint8_t *blob, size_t offset)
{
	uint32_t value;

	memcpy(&value, blob + offset, sizeof(value));
	return value;
}

static uint64_t get64(const uint8_t *blob, size_t offset)
{
	uint64_t value;

	memcpy(&value, blob + offset, sizeof(value));
	return value;
}

uint32_t amd_checksum(const void *blob, size_t checksum_offset)
{
	uint32_t lanes[8] = {0};
	uint32_t sum = 0;

	for (uint32_t i = 0; i < 16; i++) {
		uint32_t word = i * 4 == checksum_offset ? 0 : get32(blob, i * 4);

		lanes[i % 8] += i ^ word;
	}
	for (uint32_t i = 0; i < 8; i++)
		sum += lanes[i];
	return sum;
}

struct failure {
	char *why;
	size_t size;
};

static int __attribute__((format(printf, 2, 3))) wrong(const struct failure *failure, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(failure->why, failure->size, format, args);
	va_end(args);
	return -EINVAL;
}

static int check_resource(const struct fixture *fixture, const uint8_t *blob, uint32_t size, uint32_t each,
			  const struct failure *failure)
{
	uint32_t sum;

	if (size != AMD_RESOURCE_SIZE)
		return wrong(failure, "resource private data has %u bytes, not 0x40", size);
	if (get32(blob, 0x00))
		return wrong(failure, "resource data: adapter id at 0x00 is not 0");
	if (get32(blob, 0x08) != 0x80)
		return wrong(failure, "resource data: 0x%x at 0x08, want 0x80", get32(blob, 0x08));
	if (get32(blob, 0x3c) != each)
		return wrong(failure, "resource data: 0x%x at 0x3c, the allocation data has 0x%x bytes",
			     get32(blob, 0x3c), each);
	sum = get32(blob, 0x0c);
	if ((sum || fixture->checksum_enforced) && sum != amd_checksum(blob, 0x0c))
		return wrong(failure, "resource data: checksum 0x%x at 0x0c, want 0x%x", sum,
			     amd_checksum(blob, 0x0c));
	for (uint32_t offset = 0x04; offset < AMD_RESOURCE_SIZE; offset += 4) {
		if (offset != 0x08 && offset != 0x0c && offset != 0x3c && get32(blob, offset))
			return wrong(failure, "resource data: unknown dword 0x%x at 0x%02x",
				     get32(blob, offset), offset);
	}
	return 0;
}

static int check_header(const struct fixture *fixture, const uint8_t *blob, uint32_t size,
			const struct failure *failure)
{
	uint32_t entry = size - ENTRY_BASE;
	bool surface = size == AMD_ALLOCATION_SURFACED;
	uint32_t metadata = ENTRY_BYTES + (surface ? SURFACE_SIZE : 0);
	uint32_t sum = get32(blob, 0x14);
	const struct {
		uint32_t offset, want;
	} fixed[] = {
		{0x00, entry},
		{0x04, 0},
		{0x08, 0},
		{0x0c, 0},
		{0x10, 0},
		{0x3c, 1},
		{0x40, entry},
		{0x44, surface ? 0xd : 0x1},
		{0x48, 0x80},
		{0xf0, metadata},
		{ENTRY_BASE + metadata, METADATA_SIZE},
	};

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		if (get32(blob, fixed[i].offset) != fixed[i].want)
			return wrong(failure, "0x%x at 0x%02x, want 0x%x", get32(blob, fixed[i].offset),
				     fixed[i].offset, fixed[i].want);
	}
	if (surface && get32(blob, 0x104) != SURFACE_SIZE)
		return wrong(failure, "0x%x at 0x104, want surface size 0x120", get32(blob, 0x104));
	if ((sum || fixture->checksum_enforced) && sum != amd_checksum(blob, 0x14))
		return wrong(failure, "checksum 0x%x at 0x14, want 0x%x", sum, amd_checksum(blob, 0x14));
	return 0;
}

static int check_heaps(const struct fixture *fixture, const uint8_t *blob, struct amd_allocation *out,
		       const struct failure *failure)
{
	uint32_t listed = 0, count = 0;

	memcpy(out->heaps, blob + 0x60, sizeof(out->heaps));
	for (uint32_t i = 0; i < 4; i++) {
		uint8_t heap = out->heaps[i];

		if (!heap)
			continue;
		if (heap > 4 || count != i)
			return wrong(failure, "preferred heap %u at 0x%02x", heap, 0x60 + i);
		if (listed & 1u << (heap - 1))
			return wrong(failure, "heap %u is preferred twice", heap);
		listed |= 1u << (heap - 1);
		count++;
	}
	if (!count)
		return wrong(failure, "no preferred heap at 0x60");
	if (listed & ~out->flags)
		return wrong(failure, "heaps 0x%x preferred at 0x60, flags at 0x50 allow 0x%x", listed,
			     out->flags & KNOWN_HEAPS);
	if ((out->flags & AMD_FLAG_LOCAL_INVISIBLE) && !fixture_invisible_bytes(fixture))
		return wrong(failure, "invisible local memory asked of an adapter that has none");
	/* 0x5c: a heap count in AMD's compute client, a priority (5, +0x800) in its graphics client */
	if (get32(blob, 0x5c) != count && (get32(blob, 0x5c) & ~0x1800u) != 5)
		return wrong(failure, "0x%x at 0x5c, want the number of heaps %u or priority 5",
			     get32(blob, 0x5c), count);
	return 0;
}

/* System memory, user memory, local memory and user queues: the combinations the driver knows. */
static int check_domain(const struct fixture *fixture, bool existing, const struct amd_allocation *a,
			const struct failure *failure)
{
	uint32_t heaps = a->flags & KNOWN_HEAPS;
	bool local = heaps & (AMD_FLAG_LOCAL_VISIBLE | AMD_FLAG_LOCAL_INVISIBLE);

	if (existing != !!(a->flags & AMD_FLAG_HOST_MEMORY))
		return wrong(failure, existing ? "memory is supplied but bit 26 of the flags is clear"
					       : "bit 26 of the flags is set but no memory is supplied");
	if (existing && heaps != AMD_FLAG_GART_CACHED)
		return wrong(failure, "supplied memory must be in the cacheable GART heap alone, flags 0x%x",
			     a->flags);
	if (a->user_queue && (heaps != AMD_FLAG_GART_CACHED || existing))
		return wrong(failure, "a user queue must be in the cacheable GART heap, flags 0x%x",
			     a->flags);
	if (a->user_queue && a->scheduler_id != 5 && a->scheduler_id != 4 && a->scheduler_id != 7)
		return wrong(failure, "scheduler id %u of a user queue", a->scheduler_id);
	if (a->user_queue && (!a->address || a->address & 0xfff))
		return wrong(failure, "address 0x%llx at 0xb0 of a user queue",
			     (unsigned long long)a->address);
	if (!a->user_queue && (a->scheduler_id || a->address & 0xfff))
		return wrong(failure, "scheduler id %u or address 0x%llx without a user queue",
			     a->scheduler_id, (unsigned long long)a->address);
	if (!heaps || (local && (heaps & AMD_FLAG_GART_USWC)))
		return wrong(failure, "heap flags 0x%x", heaps);
	if (local && !fixture->integrated && (heaps & AMD_FLAG_GART_CACHED))
		return wrong(failure, "local and GART heaps together on a discrete board, flags 0x%x",
			     a->flags);
	if (a->l2_uncached && fixture->generation >= 12)
		return wrong(failure, "memory type 4 is not for gfx12");
	return 0;
}

int amd_allocation_decode(const struct fixture *fixture, const void *resource, uint32_t resource_size,
			  const void *data, uint32_t size, bool existing, struct amd_allocation *out,
			  char *why, size_t why_size)
{
	const struct failure failure = {why, why_size};
	const uint8_t *blob = data;
	uint32_t flags2, type, metadata;
	int rc;

	memset(out, 0, sizeof(*out));
	if (size != AMD_ALLOCATION_SIZE && size != AMD_ALLOCATION_SURFACED)
		return wrong(&failure, "allocation private data has 0x%x bytes, not 0x218", size);
	rc = check_resource(fixture, resource, resource_size, size, &failure);
	if (!rc)
		rc = check_header(fixture, blob, size, &failure);
	if (rc)
		return rc;
	metadata = ENTRY_BASE + get32(blob, 0xf0);
	out->flags = get32(blob, 0x50);
	out->alignment = get32(blob, 0x58);
	out->size = get64(blob, 0xa8);
	out->address = get64(blob, 0xb0);
	out->scheduler_id = get32(blob, 0xf4) & 0x7f;
	out->version = get32(blob, 0xfc);
	flags2 = get32(blob, 0xa4);
	out->user_queue = (flags2 & 0x810000) == 0x810000;
	type = get32(blob, metadata + 0xcc);
	out->l2_uncached = type == 4;
	if (out->flags & ~KNOWN_FLAGS)
		return wrong(&failure, "unknown flags 0x%x at 0x50", out->flags & ~KNOWN_FLAGS);
	if (!out->size || out->size & 0xfff)
		return wrong(&failure, "physical size 0x%llx at 0xa8", (unsigned long long)out->size);
	if (get32(blob, 0x54) != (uint32_t)out->size)
		return wrong(&failure, "size 0x%x at 0x54, low half at 0xa8 is 0x%x", get32(blob, 0x54),
			     (uint32_t)out->size);
	if (out->alignment < 0x1000 || out->alignment & (out->alignment - 1))
		return wrong(&failure, "alignment 0x%x at 0x58", out->alignment);
	if (flags2 & ~0x01890000u || (!out->user_queue && flags2 & 0x00810000u))
		return wrong(&failure, "unknown flags 0x%x at 0xa4", flags2);
	if (out->version && out->version != 8 && out->version != 9)
		return wrong(&failure, "version %u at 0xfc", out->version);
	if (fixture->allocation_version && out->version != fixture->allocation_version)
		return wrong(&failure, "version %u at 0xfc, this driver wants %u", out->version,
			     fixture->allocation_version);
	if (type && type != 4)
		return wrong(&failure, "memory type %u in the metadata", type);
	rc = check_heaps(fixture, blob, out, &failure);
	return rc ? rc : check_domain(fixture, existing, out, &failure);
}
