// SPDX-License-Identifier: MIT
#include "dxgsim/host/amd_allocation.h"

#include <string.h>

#include "dxgsim/host/amd_blob.h"

#define ENTRY_BASE    0x40u
#define ENTRY_BYTES   0xc4u
#define METADATA_SIZE 0x114u
#define SURFACE_SIZE  0x120u

#define KNOWN_HEAPS \
	(AMD_FLAG_LOCAL_VISIBLE | AMD_FLAG_LOCAL_INVISIBLE | AMD_FLAG_GART_USWC | AMD_FLAG_GART_CACHED)
#define KNOWN_FLAGS                                                                                        \
	(KNOWN_HEAPS | AMD_FLAG_NOT_SPARSE | AMD_FLAG_UDMA | AMD_FLAG_HOST_MEMORY | AMD_FLAG_CPU_VISIBLE | \
	 AMD_FLAG_SHARED)

uint32_t amd_checksum(const void *blob, size_t checksum_offset)
{
	uint32_t lanes[8] = {0};
	uint32_t sum = 0;

	for (uint32_t i = 0; i < 16; i++) {
		uint32_t word = i * 4 == checksum_offset ? 0 : amd_get32(blob, i * 4);

		lanes[i % 8] += i ^ word;
	}
	for (uint32_t i = 0; i < 8; i++)
		sum += lanes[i];
	return sum;
}

static int check_resource(const struct fixture *fixture, const uint8_t *blob, uint32_t size, uint32_t each,
			  const struct amd_reason *reason)
{
	uint32_t sum;

	if (size != AMD_RESOURCE_SIZE)
		return amd_wrong(reason, "resource private data has %u bytes, not 0x40", size);
	if (amd_get32(blob, 0x00))
		return amd_wrong(reason, "resource data: adapter id at 0x00 is not 0");
	if (amd_get32(blob, 0x08) != 0x80)
		return amd_wrong(reason, "resource data: 0x%x at 0x08, want 0x80", amd_get32(blob, 0x08));
	if (amd_get32(blob, 0x3c) != each)
		return amd_wrong(reason, "resource data: 0x%x at 0x3c, the allocation data has 0x%x bytes",
				 amd_get32(blob, 0x3c), each);
	sum = amd_get32(blob, 0x0c);
	if ((sum || fixture->checksum_enforced) && sum != amd_checksum(blob, 0x0c))
		return amd_wrong(reason, "resource data: checksum 0x%x at 0x0c, want 0x%x", sum,
				 amd_checksum(blob, 0x0c));
	for (uint32_t offset = 0x04; offset < AMD_RESOURCE_SIZE; offset += 4) {
		if (offset != 0x08 && offset != 0x0c && offset != 0x3c && amd_get32(blob, offset))
			return amd_wrong(reason, "resource data: unknown dword 0x%x at 0x%02x",
					 amd_get32(blob, offset), offset);
	}
	return 0;
}

static int check_header(const struct fixture *fixture, const uint8_t *blob, uint32_t size,
			const struct amd_reason *reason)
{
	uint32_t entry = size - ENTRY_BASE;
	bool surface = size == AMD_ALLOCATION_SURFACED;
	uint32_t metadata = ENTRY_BYTES + (surface ? SURFACE_SIZE : 0);
	uint32_t sum = amd_get32(blob, 0x14);
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
		if (amd_get32(blob, fixed[i].offset) != fixed[i].want)
			return amd_wrong(reason, "0x%x at 0x%02x, want 0x%x",
					 amd_get32(blob, fixed[i].offset), fixed[i].offset, fixed[i].want);
	}
	if (surface && amd_get32(blob, 0x104) != SURFACE_SIZE)
		return amd_wrong(reason, "0x%x at 0x104, want surface size 0x120", amd_get32(blob, 0x104));
	if ((sum || fixture->checksum_enforced) && sum != amd_checksum(blob, 0x14))
		return amd_wrong(reason, "checksum 0x%x at 0x14, want 0x%x", sum, amd_checksum(blob, 0x14));
	return 0;
}

static int check_heaps(const struct fixture *fixture, const uint8_t *blob, struct amd_allocation *out,
		       const struct amd_reason *reason)
{
	uint32_t listed = 0, count = 0;

	memcpy(out->heaps, blob + 0x60, sizeof(out->heaps));
	for (uint32_t i = 0; i < 4; i++) {
		uint8_t heap = out->heaps[i];

		if (!heap)
			continue;
		if (heap > 4 || count != i)
			return amd_wrong(reason, "preferred heap %u at 0x%02x", heap, 0x60 + i);
		if (listed & 1u << (heap - 1))
			return amd_wrong(reason, "heap %u is preferred twice", heap);
		listed |= 1u << (heap - 1);
		count++;
	}
	if (!count)
		return amd_wrong(reason, "no preferred heap at 0x60");
	if (listed & ~out->flags)
		return amd_wrong(reason, "heaps 0x%x preferred at 0x60, flags at 0x50 allow 0x%x", listed,
				 out->flags & KNOWN_HEAPS);
	if ((out->flags & AMD_FLAG_LOCAL_INVISIBLE) && !fixture_invisible_bytes(fixture))
		return amd_wrong(reason, "invisible local memory asked of an adapter that has none");
	/* 0x5c: a heap count in AMD's compute client, a priority (5, +0x800) in its graphics client */
	if (amd_get32(blob, 0x5c) != count && (amd_get32(blob, 0x5c) & ~0x1800u) != 5)
		return amd_wrong(reason, "0x%x at 0x5c, want the number of heaps %u or priority 5",
				 amd_get32(blob, 0x5c), count);
	return 0;
}

/* System memory, user memory, local memory and user queues: the combinations the driver knows. */
static int check_domain(const struct fixture *fixture, bool existing, const struct amd_allocation *a,
			const struct amd_reason *reason)
{
	uint32_t heaps = a->flags & KNOWN_HEAPS;
	bool local = heaps & (AMD_FLAG_LOCAL_VISIBLE | AMD_FLAG_LOCAL_INVISIBLE);

	if (existing != !!(a->flags & AMD_FLAG_HOST_MEMORY))
		return amd_wrong(reason, existing ? "memory is supplied but bit 26 of the flags is clear"
						  : "bit 26 of the flags is set but no memory is supplied");
	if (existing && heaps != AMD_FLAG_GART_CACHED)
		return amd_wrong(reason,
				 "supplied memory must be in the cacheable GART heap alone, flags 0x%x",
				 a->flags);
	if (a->user_queue && (heaps != AMD_FLAG_GART_CACHED || existing))
		return amd_wrong(reason, "a user queue must be in the cacheable GART heap, flags 0x%x",
				 a->flags);
	if (a->user_queue && a->scheduler_id != 5 && a->scheduler_id != 4 && a->scheduler_id != 7)
		return amd_wrong(reason, "scheduler id %u of a user queue", a->scheduler_id);
	if (a->user_queue && (!a->address || a->address & 0xfff))
		return amd_wrong(reason, "address 0x%llx at 0xb0 of a user queue",
				 (unsigned long long)a->address);
	if (!a->user_queue && (a->scheduler_id || a->address & 0xfff))
		return amd_wrong(reason, "scheduler id %u or address 0x%llx without a user queue",
				 a->scheduler_id, (unsigned long long)a->address);
	if (!heaps || (local && (heaps & AMD_FLAG_GART_USWC)))
		return amd_wrong(reason, "heap flags 0x%x", heaps);
	if (local && !fixture->integrated && (heaps & AMD_FLAG_GART_CACHED))
		return amd_wrong(reason, "local and GART heaps together on a discrete board, flags 0x%x",
				 a->flags);
	if (a->l2_uncached && fixture->generation >= 12)
		return amd_wrong(reason, "memory type 4 is not for gfx12");
	return 0;
}

int amd_allocation_decode(const struct fixture *fixture, const void *resource, uint32_t resource_size,
			  const void *data, uint32_t size, bool existing, struct amd_allocation *out,
			  char *why, size_t why_size)
{
	const struct amd_reason reason = {why, why_size};
	const uint8_t *blob = data;
	uint32_t flags2, type, metadata;
	int rc;

	memset(out, 0, sizeof(*out));
	if (size != AMD_ALLOCATION_SIZE && size != AMD_ALLOCATION_SURFACED)
		return amd_wrong(&reason, "allocation private data has 0x%x bytes, not 0x218", size);
	rc = check_resource(fixture, resource, resource_size, size, &reason);
	if (!rc)
		rc = check_header(fixture, blob, size, &reason);
	if (rc)
		return rc;
	metadata = ENTRY_BASE + amd_get32(blob, 0xf0);
	out->flags = amd_get32(blob, 0x50);
	out->alignment = amd_get32(blob, 0x58);
	out->size = amd_get64(blob, 0xa8);
	out->address = amd_get64(blob, 0xb0);
	out->scheduler_id = amd_get32(blob, 0xf4) & 0x7f;
	out->version = amd_get32(blob, 0xfc);
	flags2 = amd_get32(blob, 0xa4);
	out->user_queue = (flags2 & 0x810000) == 0x810000;
	type = amd_get32(blob, metadata + 0xcc);
	out->l2_uncached = type == 4;
	if (out->flags & ~KNOWN_FLAGS)
		return amd_wrong(&reason, "unknown flags 0x%x at 0x50", out->flags & ~KNOWN_FLAGS);
	if (!out->size || out->size & 0xfff)
		return amd_wrong(&reason, "physical size 0x%llx at 0xa8", (unsigned long long)out->size);
	if (amd_get32(blob, 0x54) != (uint32_t)out->size)
		return amd_wrong(&reason, "size 0x%x at 0x54, low half at 0xa8 is 0x%x",
				 amd_get32(blob, 0x54), (uint32_t)out->size);
	if (out->alignment < 0x1000 || out->alignment & (out->alignment - 1))
		return amd_wrong(&reason, "alignment 0x%x at 0x58", out->alignment);
	if (flags2 & ~0x01890000u || (!out->user_queue && flags2 & 0x00810000u))
		return amd_wrong(&reason, "unknown flags 0x%x at 0xa4", flags2);
	if (out->version && out->version != 8 && out->version != 9)
		return amd_wrong(&reason, "version %u at 0xfc", out->version);
	if (fixture->allocation_version && out->version != fixture->allocation_version)
		return amd_wrong(&reason, "version %u at 0xfc, this driver wants %u", out->version,
				 fixture->allocation_version);
	if (type && type != 4)
		return amd_wrong(&reason, "memory type %u in the metadata", type);
	rc = check_heaps(fixture, blob, out, &reason);
	return rc ? rc : check_domain(fixture, existing, out, &reason);
}
