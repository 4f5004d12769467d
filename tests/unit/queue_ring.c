// SPDX-License-Identifier: MIT
#include "queue_ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_lane.h"
#include "util/compiler.h"

/* SDMA: Linux' vega10_sdma_pkt_open.h; PM4: Linux' soc15d.h and Mesa's sid.h */
#define OP_COPY	     1U
#define OP_WRITE     2U
#define OP_FENCE     5U
#define OP_TRAP	     6U
#define OP_POLL	     8U
#define OP_ATOMIC    10U
#define OP_TIMESTAMP 13U
#define OP_GCR	     17U
#define ATOMIC_ADD64 47U

#define PM4_NOP		0x10U
#define PM4_WRITE_DATA	0x37U
#define PM4_INDIRECT	0x3fU
#define PM4_RELEASE_MEM 0x49U

void ring_kit_build(struct ring_kit *kit, const struct queue_ops *ops, enum pm4_generation generation,
		    uint64_t ring_bytes)
{
	memset(kit, 0, sizeof(*kit));
	fake_batch_reset();
	fake_queue_init(&kit->queue, &kit->queues, generation);
	kit->ops = ops;
	kit->ring_bytes = ring_bytes;
	kit->ring = aligned_alloc(4096, ALIGN_UP(ring_bytes, UINT64_C(4096)));
	assert_non_null(kit->ring);
	memset(kit->ring, 0xff, ring_bytes);
	fake_memory_add(kit->ring, ring_bytes, MEMORY_SYSTEM, 0, 0);
	kit->queue.kind = ops == &sdma_ring_ops ? QUEUE_SDMA : QUEUE_PM4;
	kit->queue.ring = (uint8_t *)kit->ring;
	kit->queue.ring_bytes = ring_bytes;
	kit->request = (struct queue_request){.ring = kit->ring, .ring_bytes = ring_bytes};
	assert_int_equal(ops->create(&kit->queue, &kit->request), 0);
	assert_non_null(kit->request.read_index);
	assert_non_null(kit->request.write_index);
	assert_int_equal(*kit->request.read_index, 0);
	assert_int_equal(*kit->request.write_index, 0);
}

void ring_kit_end(struct ring_kit *kit)
{
	kit->ops->destroy(&kit->queue);
	fake_queue_end(&kit->queue);
	free(kit->ring);
	fake_batch_reset();
}

void ring_kit_place(struct ring_kit *kit, const uint32_t *words, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		kit->ring[(kit->placed + i) % (kit->ring_bytes / 4)] = words[i];
	kit->placed += count;
}

enum queue_progress ring_kit_publish_to(struct ring_kit *kit, uint64_t index)
{
	__atomic_store_n(kit->request.write_index, index, __ATOMIC_RELEASE);
	return kit->ops->drain(&kit->queue);
}

enum queue_progress ring_kit_publish(struct ring_kit *kit)
{
	return ring_kit_publish_to(kit, kit->queue.kind == QUEUE_SDMA ? kit->placed * 4 : kit->placed);
}

static uint64_t wide(const uint32_t *at)
{
	return (uint64_t)at[1] << 32 | at[0];
}

static uint32_t run_sdma(struct ring_kit *kit, const uint32_t *p, uint32_t left)
{
	uint32_t op = p[0] & 0xff, words = 1;

	switch (op) {
	case 0:
		words = 1 + (p[0] >> 16 & 0x3fff);
		break;
	case OP_COPY:
		words = 7;
		memmove(u64_to_ptr(wide(p + 5)), u64_to_ptr(wide(p + 3)), (p[1] & 0x3fffff) + 1);
		break;
	case OP_WRITE:
		words = 4 + (p[3] & 0xfffff) + 1;
		memcpy(u64_to_ptr(wide(p + 1)), p + 4, (words - 4) * 4);
		break;
	case OP_FENCE:
		words = 4;
		*(uint32_t *)u64_to_ptr(wide(p + 1)) = p[3];
		break;
	case OP_TRAP:
		words = 2;
		kit->traps++;
		break;
	case OP_POLL:
		words = 6;
		kit->polls++;
		break;
	case OP_ATOMIC:
		words = 8;
		assert_int_equal(p[0] >> 25, ATOMIC_ADD64);
		*(uint64_t *)u64_to_ptr(wide(p + 1)) += wide(p + 3);
		break;
	case OP_TIMESTAMP:
		words = 3;
		break;
	case OP_GCR:
		words = 5;
		break;
	default:
		kit->unknown++;
		words = left;
	}
	return words;
}

static uint32_t run_pm4(struct ring_kit *kit, const uint32_t *p, uint32_t left)
{
	uint32_t op = p[0] >> 8 & 0xff, words = (p[0] >> 16 & 0x3fff) + 2;

	if (p[0] == 0xffff1000U)
		return 1;
	if (p[0] >> 30 != 3) {
		kit->unknown++;
		return left;
	}
	switch (op) {
	case PM4_NOP:
		break;
	case PM4_WRITE_DATA:
		memcpy(u64_to_ptr(wide(p + 2)), p + 4, (words - 4) * 4);
		break;
	case PM4_INDIRECT:
		kit->jumps++;
		break;
	case PM4_RELEASE_MEM:
		/* 1: interrupt, 2: interrupt after the data */
		if ((p[2] >> 24 & 7) == 1 || (p[2] >> 24 & 7) == 2)
			kit->traps++;
		if (p[2] >> 29 == 1)
			*(uint32_t *)u64_to_ptr(wide(p + 3)) = p[5];
		else if (p[2] >> 29 == 2)
			*(uint64_t *)u64_to_ptr(wide(p + 3)) = wide(p + 5);
		break;
	default:
		kit->unknown++;
	}
	return words;
}

void ring_kit_run(struct ring_kit *kit)
{
	for (; kit->run < fake_batches(); kit->run++) {
		const struct fake_batch *batch = fake_batch_at(kit->run);

		for (uint32_t at = 0, words; at < batch->count; at += words) {
			uint32_t left = batch->count - at;

			words = kit->queue.kind == QUEUE_SDMA ? run_sdma(kit, batch->words + at, left)
							      : run_pm4(kit, batch->words + at, left);
			/* ends with a packet */
			assert_true(words && words <= left);
		}
		fake_lane_finish(kit->queue.lane, batch->ordinal);
	}
}

bool ring_kit_has(const struct fake_batch *batch, const uint32_t *words, uint32_t count)
{
	for (uint32_t at = 0; at + count <= batch->count; at++)
		if (!memcmp(batch->words + at, words, count * sizeof(*words)))
			return true;
	return false;
}
