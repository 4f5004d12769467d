// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "dxgsim/gpu/front.h"

#define LINES 256U

/* Of a line: what it is. */
struct tag {
	uint64_t age; /* that of its cache when it was filled; 0: never was */
	void *space;
	uint64_t va;
};

struct one {
	uint64_t age; /* from 1 on; older lines are invalid */
	struct tag tags[LINES];
	uint8_t data[LINES][GPU_LINE_BYTES];
};

struct gpu_front {
	bool shared_l1;
	struct one caches[GPU_FRONT_COUNT];
};

struct gpu_front *gpu_front_create(uint32_t generation)
{
	struct gpu_front *front = calloc(1, sizeof(*front));

	if (!front)
		return NULL;
	front->shared_l1 = generation == 10 || generation == 11;
	for (uint32_t i = 0; i < GPU_FRONT_COUNT; i++)
		front->caches[i].age = 1;
	return front;
}

void gpu_front_destroy(struct gpu_front *front)
{
	free(front);
}

static uint32_t slot_of(uint64_t va)
{
	return (uint32_t)(va / GPU_LINE_BYTES % LINES);
}

static bool holds(const struct one *cache, uint32_t slot, const void *space, uint64_t line)
{
	const struct tag *tag = &cache->tags[slot];

	return tag->va == line && tag->age == cache->age && tag->space == space;
}

/* The line of the @bytes at @va, which do not leave it. NULL: there is nothing to fill it from. */
static const uint8_t *line_of(struct gpu_front *front, struct gpu_memory *memory, enum gpu_front_cache which,
			      uint64_t va, uint32_t bytes)
{
	struct one *cache = &front->caches[which];
	uint64_t line = va - va % GPU_LINE_BYTES;
	uint32_t slot = slot_of(va);
	uint8_t *data = cache->data[slot];
	const uint8_t *behind;

	if (holds(cache, slot, memory->tables.space, line))
		return data;
	cache->tags[slot].age = 0;
	if (front->shared_l1 && which != GPU_FRONT_L1) {
		behind = line_of(front, memory, GPU_FRONT_L1, va, bytes);
		if (!behind)
			return NULL;
		memcpy(data, behind, GPU_LINE_BYTES);
	} else if (!gpu_memory_read_line(memory, va, bytes, data)) {
		return NULL;
	}
	cache->tags[slot] = (struct tag){.age = cache->age, .space = memory->tables.space, .va = line};
	return data;
}

/* Into the lines that are there, as the vector cache and the L1 do; the scalar cache does not look. */
static void update(struct gpu_front *front, enum gpu_front_cache which, const void *space, uint64_t va,
		   const uint8_t *from, uint32_t bytes)
{
	struct one *cache = &front->caches[which];

	while (bytes) {
		uint32_t first = (uint32_t)(va % GPU_LINE_BYTES);
		uint32_t size = GPU_LINE_BYTES - first < bytes ? GPU_LINE_BYTES - first : bytes;

		if (holds(cache, slot_of(va), space, va - first))
			memcpy(cache->data[slot_of(va)] + first, from, size);
		from += size;
		va += size;
		bytes -= size;
	}
}

/* Of one line. */
static bool read_piece(struct gpu_front *front, struct gpu_memory *memory, enum gpu_front_cache cache,
		       enum isa_scope scope, uint64_t va, uint8_t *to, uint32_t bytes)
{
	bool by_l1 = front->shared_l1 && scope == ISA_SCOPE_ARRAY;
	const uint8_t *line;

	if (scope == ISA_SCOPE_UNIT || by_l1) {
		line = line_of(front, memory, by_l1 ? GPU_FRONT_L1 : cache, va, bytes);
		if (!line)
			return false;
		memcpy(to, line + va % GPU_LINE_BYTES, bytes);
		if (scope == ISA_SCOPE_UNIT)
			return true;
	} else {
		if (!gpu_memory_read(memory, va, GPU_READ, to, bytes, GPU_CACHE_LRU))
			return false;
		if (front->shared_l1)
			update(front, GPU_FRONT_L1, memory->tables.space, va, to, bytes);
	}
	update(front, cache, memory->tables.space, va, to, bytes);
	return true;
}

bool gpu_front_read(struct gpu_front *front, struct gpu_memory *memory, enum gpu_front_cache cache,
		    enum isa_scope scope, uint64_t va, void *to, uint32_t bytes)
{
	uint8_t *out = to;

	while (bytes) {
		uint32_t first = (uint32_t)(va % GPU_LINE_BYTES);
		uint32_t size = GPU_LINE_BYTES - first < bytes ? GPU_LINE_BYTES - first : bytes;

		if (!read_piece(front, memory, cache, scope, va, out, size))
			return false;
		out += size;
		va += size;
		bytes -= size;
	}
	return true;
}

bool gpu_front_write(struct gpu_front *front, struct gpu_memory *memory, uint64_t va, const void *from,
		     uint32_t bytes)
{
	if (!gpu_memory_write(memory, va, from, bytes, GPU_CACHE_LRU))
		return false;
	update(front, GPU_FRONT_VECTOR, memory->tables.space, va, from, bytes);
	if (front->shared_l1)
		update(front, GPU_FRONT_L1, memory->tables.space, va, from, bytes);
	return true;
}

static void lose(struct gpu_front *front, enum gpu_front_cache which, const void *space, uint64_t va)
{
	struct one *cache = &front->caches[which];

	if (holds(cache, slot_of(va), space, va - va % GPU_LINE_BYTES))
		cache->tags[slot_of(va)].age = 0;
}

bool gpu_front_atomic(struct gpu_front *front, struct gpu_memory *memory, uint64_t va, uint32_t bytes,
		      gpu_modify *modify, const void *operands, uint64_t *old)
{
	lose(front, GPU_FRONT_VECTOR, memory->tables.space, va);
	if (front->shared_l1)
		lose(front, GPU_FRONT_L1, memory->tables.space, va);
	return gpu_memory_atomic(memory, va, bytes, GPU_CACHE_LRU, modify, operands, old);
}

void gpu_front_invalidate(struct gpu_front *front, uint32_t caches)
{
	for (uint32_t i = 0; i < GPU_FRONT_COUNT; i++)
		if (caches & GPU_FRONT_BIT(i))
			front->caches[i].age++;
}

void gpu_front_forget(struct gpu_front *front, const void *space, uint64_t va, uint64_t length)
{
	uint64_t last = length && length - 1 < UINT64_MAX - va ? va + length - 1 : UINT64_MAX;

	if (!length)
		return;
	for (uint32_t i = 0; i < GPU_FRONT_COUNT; i++)
		for (uint32_t k = 0; k < LINES; k++) {
			struct tag *tag = &front->caches[i].tags[k];

			if (tag->space == space && tag->va <= last && tag->va + (GPU_LINE_BYTES - 1) >= va)
				tag->age = 0;
		}
}
