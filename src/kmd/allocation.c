// SPDX-License-Identifier: MIT
#include "kmd/allocation.h"

#include <errno.h>
#include <string.h>

#include "kmd/info.h"
#include "kmd/layouts.h"

#define PAGE_SIZE 4096U

#define RESOURCE_HEADER		0x80U
#define ENTRY_OFFSET		0x40U
#define ENTRY_SIZE		(KMD_ALLOCATION_BLOB_SIZE - ENTRY_OFFSET)
#define BUFFER_SECTION_SIZE	0x80U
#define METADATA_OFFSET		0xC4U /* counted from the entry */
#define METADATA_SIZE		0x114U
#define SECTION_METADATA	0x1U
#define MEMORY_TYPE_L2_UNCACHED 4U
#define LAST_GFX_WITH_MARK	11U
#define CHECKSUM_WORDS		16U

/* Heaps, in the driver's order. */
enum heap {
	HEAP_LOCAL_VISIBLE,
	HEAP_LOCAL_INVISIBLE,
	HEAP_GART_USWC,
	HEAP_GART_CACHEABLE,
	HEAP_NONE,
};

struct placement {
	enum heap first;
	enum heap second; /* HEAP_NONE: no second choice */
};

static struct placement place(const struct kmd_allocation_request *request)
{
	if (request->domain != KMD_DOMAIN_LOCAL)
		return (struct placement){HEAP_GART_CACHEABLE, HEAP_NONE};
	if (request->integrated)
		return (struct placement){HEAP_LOCAL_VISIBLE, HEAP_GART_CACHEABLE};
	if (!request->has_invisible || request->cpu_visible)
		return (struct placement){HEAP_LOCAL_VISIBLE, HEAP_NONE};
	return (struct placement){HEAP_LOCAL_INVISIBLE, HEAP_LOCAL_VISIBLE};
}

static void put_placement(struct blob_writer *w, struct placement placement)
{
	bool two = placement.second != HEAP_NONE;

	blob_write(w, ALLOCATION_HEAPS, 1U << placement.first | (two ? 1U << placement.second : 0));
	blob_write(w, ALLOCATION_HEAP_COUNT, two ? 2 : 1);
	blob_write_element(w, ALLOCATION_HEAP_ORDER, 0, placement.first + 1U);
	if (two)
		blob_write_element(w, ALLOCATION_HEAP_ORDER, 1, placement.second + 1U);
}

/*
 * The driver's checksum of a 64-byte header whose checksum word is 0: eight accumulators, each gains
 * (i XOR word i) of every eighth word; their sum (RADV WDDM2; it reproduces the constants in the
 * Magma project's captured headers).
 */
static uint32_t header_checksum(const uint8_t *header)
{
	uint32_t sum = 0;

	/* the eight accumulators are only ever added up, so one does */
	for (uint32_t i = 0; i < CHECKSUM_WORDS; i++) {
		const uint8_t *b = header + 4U * i;
		uint32_t word =
			(uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;

		sum += i ^ word;
	}
	return sum;
}

static bool valid_request(const struct kmd_allocation_request *r)
{
	if (!r->size || r->size > KMD_ALLOCATION_MAX_SIZE || r->size % PAGE_SIZE || r->va % PAGE_SIZE)
		return false;
	if ((uint32_t)r->form >= KMD_FORM_COUNT)
		return false;
	if (r->cpu_visible && r->domain != KMD_DOMAIN_LOCAL)
		return false;
	switch (r->domain) {
	case KMD_DOMAIN_SYSTEM:
	case KMD_DOMAIN_LOCAL:
	case KMD_DOMAIN_USER:
		return true;
	case KMD_DOMAIN_USER_QUEUE:
		return r->va && (r->scheduler_id == KMD_ENGINE_COMPUTE0 ||
				 r->scheduler_id == KMD_ENGINE_SDMA0 || r->scheduler_id == KMD_ENGINE_SDMA1);
	}
	return false;
}

/*
 * Writes both blobs for one allocation.
 *
 * -EINVAL: the request contradicts itself (size or address not in pages, an unknown domain or form, a user
 * queue without address or with an engine that has no queues, CPU-visible outside of LOCAL).  *out is zeroed
 * then.  Offsets and values: docs/private-data.md.
 */
int kmd_allocation_encode(const struct kmd_allocation_request *request, struct kmd_allocation_blobs *out)
{
	struct blob_writer res = {&resource_layout, out->resource, KMD_RESOURCE_BLOB_SIZE, 0};
	struct blob_writer w = {&allocation_layout, out->allocation, KMD_ALLOCATION_BLOB_SIZE, 0};
	bool user_queue = request->domain == KMD_DOMAIN_USER_QUEUE;

	memset(out, 0, sizeof(*out));
	if (!valid_request(request))
		return -EINVAL;

	blob_write(&res, RESOURCE_HEADER_SIZE, RESOURCE_HEADER);
	blob_write(&res, RESOURCE_ALLOCATION_SIZE, KMD_ALLOCATION_BLOB_SIZE);

	blob_write(&w, ALLOCATION_ENTRY_SIZES, ENTRY_SIZE);
	blob_write(&w, ALLOCATION_ENTRY_COUNT, 1);
	blob_write(&w, ALLOCATION_ENTRY_SIZE, ENTRY_SIZE);
	blob_write(&w, ALLOCATION_SECTIONS, SECTION_METADATA);
	blob_write(&w, ALLOCATION_BUFFER_SECTION_SIZE, BUFFER_SECTION_SIZE);
	blob_write(&w, ALLOCATION_METADATA_OFFSET, METADATA_OFFSET);
	blob_write(&w, ALLOCATION_METADATA_SIZE, METADATA_SIZE);
	put_placement(&w, place(request));
	blob_write(&w, ALLOCATION_HOST_MEMORY,
		   request->domain == KMD_DOMAIN_SYSTEM || request->domain == KMD_DOMAIN_USER);
	blob_write(&w, ALLOCATION_CPU_VISIBLE, request->cpu_visible);
	blob_write(&w, ALLOCATION_SIZE_LOW, request->size & UINT32_MAX);
	blob_write(&w, ALLOCATION_SIZE, request->size);
	blob_write(&w, ALLOCATION_ALIGNMENT, PAGE_SIZE);
	if (user_queue) {
		blob_write(&w, ALLOCATION_QUEUE_MARK0, 1);
		blob_write(&w, ALLOCATION_QUEUE_MARK1, 1);
		blob_write(&w, ALLOCATION_VA, request->va);
		blob_write(&w, ALLOCATION_SCHEDULER_ID, request->scheduler_id);
	}
	if (request->uncached && request->gfx_major <= LAST_GFX_WITH_MARK)
		blob_write(&w, ALLOCATION_MEMORY_TYPE, MEMORY_TYPE_L2_UNCACHED);
	if (request->form >= KMD_FORM_VERSION_9) {
		blob_write(&w, ALLOCATION_VERSION, 9);
		blob_write(&w, ALLOCATION_VA, request->va);
		blob_write(&w, ALLOCATION_VA_SIZE, request->size);
		blob_write(&w, ALLOCATION_METADATA_VA, request->va);
		blob_write(&w, ALLOCATION_METADATA_VA_SIZE, request->size);
	}
	if (request->form >= KMD_FORM_CHECKSUM) {
		blob_write(&res, RESOURCE_CHECKSUM, header_checksum(out->resource));
		blob_write(&w, ALLOCATION_CHECKSUM, header_checksum(out->allocation));
	}
	if (res.error || w.error) {
		memset(out, 0, sizeof(*out));
		return res.error ? res.error : w.error;
	}
	out->resource_size = KMD_RESOURCE_BLOB_SIZE;
	out->allocation_size = KMD_ALLOCATION_BLOB_SIZE;
	return 0;
}
