// SPDX-License-Identifier: MIT
/*
 * PM4 packets for the compute engines of gfx9 to gfx12.
 *
 * Packets are declared as tables of fields per generation (packets.c); the builders below fill them.  Every
 * value is checked against its field: a packet that cannot be expressed sets the buffer's error and
 * writes nothing, so that one check at the end is enough.
 */
#ifndef PM4_PM4_H
#define PM4_PM4_H

#include <stdbool.h>
#include <stdint.h>

enum pm4_generation { PM4_GFX9, PM4_GFX10, PM4_GFX11, PM4_GFX12, PM4_GENERATION_COUNT };

/* A command buffer being written; the words are the caller's. */
struct pm4_buffer {
	enum pm4_generation generation;
	uint32_t *words;
	uint32_t capacity; /* words */
	uint32_t used;
	int error; /* first failure: -ENOSPC no room, -EINVAL a value that does not fit its field */
};

int pm4_generation_of(unsigned gfx_major, enum pm4_generation *generation);
void pm4_begin(struct pm4_buffer *buffer, enum pm4_generation generation, uint32_t *words, uint32_t capacity);
int pm4_end(const struct pm4_buffer *buffer, uint32_t *bytes);

void pm4_nop(struct pm4_buffer *buffer, uint32_t words);
void pm4_pad(struct pm4_buffer *buffer, uint32_t alignment);

enum pm4_cache_policy {
	PM4_CACHE_LRU = 0,
	PM4_CACHE_STREAM = 1,
	PM4_CACHE_BYPASS = 3,
};

void pm4_write_data(struct pm4_buffer *buffer, uint64_t va, const uint32_t *data, uint32_t words);

/* What RELEASE_MEM does with the caches before it writes. */
#define PM4_RELEASE_WRITE_BACK_L2 (1U << 0)
#define PM4_RELEASE_INVALIDATE_L2 (1U << 1)
#define PM4_RELEASE_INVALIDATE_L1 (1U << 2) /* vector and GL1 */
#define PM4_RELEASE_INVALIDATE_K  (1U << 3) /* scalar; gfx11 and later */
#define PM4_RELEASE_ALL_ACTIONS	  0xfU

enum pm4_release_data {
	PM4_DATA_NONE = 0,
	PM4_DATA_32 = 1,
	PM4_DATA_64 = 2,
	PM4_DATA_GPU_CLOCK = 3,
};

/* At the end of the pipe, when all earlier work is done and its writes are out. */
struct pm4_release {
	uint32_t actions; /* PM4_RELEASE_* */
	enum pm4_release_data data;
	uint64_t va;
	uint64_t value;
};

void pm4_release_mem(struct pm4_buffer *buffer, const struct pm4_release *release);

void pm4_copy_data(struct pm4_buffer *buffer, uint64_t to, uint64_t from, uint32_t bytes);

/* Unsigned: memory under the mask against the reference. */
enum pm4_compare {
	PM4_LESS = 1,
	PM4_LESS_OR_EQUAL = 2,
	PM4_EQUAL = 3,
	PM4_NOT_EQUAL = 4,
	PM4_GREATER_OR_EQUAL = 5,
	PM4_GREATER = 6,
};

struct pm4_wait {
	uint64_t va;
	enum pm4_compare compare;
	uint64_t reference;
	uint64_t mask;
};

void pm4_wait_mem32(struct pm4_buffer *buffer, const struct pm4_wait *wait);
void pm4_wait_mem64(struct pm4_buffer *buffer, const struct pm4_wait *wait);

/* How far what is written is to be seen, or what is read was written: the fence scopes of AQL packets. */
enum pm4_scope {
	PM4_SCOPE_NONE,
	PM4_SCOPE_AGENT,  /* the GPU */
	PM4_SCOPE_SYSTEM, /* CPUs and other GPUs too */
};

void pm4_drain(struct pm4_buffer *buffer);
void pm4_acquire(struct pm4_buffer *buffer, enum pm4_scope scope);
void pm4_release(struct pm4_buffer *buffer, enum pm4_scope scope);
void pm4_acquire_code(struct pm4_buffer *buffer);
void pm4_flush_l2(struct pm4_buffer *buffer);
void pm4_atomic_add64(struct pm4_buffer *buffer, uint64_t va, int64_t addend);
void pm4_copy_clock(struct pm4_buffer *buffer, uint64_t to);
void pm4_raw(struct pm4_buffer *buffer, const uint32_t *words, uint32_t count);

#endif
