// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "dxgsim/gpu/front.h"

#define LINES 256U

struct line {
	uint64_t age; /* that of its cache when it was filled; 0: never was */
	void *space;
	uint64_t va;
	uint8_t data[GPU_LINE_BYTES];
};

struct one {
	uint64_t age; /* from 1 on; older lines are invalid */
	struct line lines[LINES];
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

static struct line *slot(struct gpu_front *front, enum gpu_front_cache cache, uint64_t va)
{
	return &front->caches[cache].lines[va / GPU_LINE_BYTES % LINES];
}

static bool holds(const struct gpu_front *front, enum gpu_front_cache cache, const struct line *line,
		  const void *space, uint64_t va)
{
	return line->age == front->caches[cache].age && line->space == space && line->va == va;
}

/* The line of @va, which is the first of its bytes. NULL: there is nothing to fill it from. */
static const struct line *line_of(struct gpu_front *front, struct gpu_memory *memory,
				  enum gpu_front_cache cache, uint64_t va)
{
	struct line *line = slot(front, cache, va);
	const struct line *behind;
	uint8_t data[GPU_LINE_BYTES];

	if (holds(front, cache, line, memory->space, va))
		return line;
	if (front->shared_l1 && cache != GPU_FRONT_L1) {
		behind = line_of(front, memory, GPU_FRONT_L1, va);
		if (!behind)
			return NULL;
		memcpy(line->data, behind->data, sizeof(line->data));
	} else {
		if (!gpu_memory_read(memory, va, GPU_READ, data, sizeof(data), GPU_CACHE_LRU))
			return NULL;
		memcpy(line->data, data, sizeof(line->data));
	}
	line->age = front->caches[cache].age;
	line->space = memory->space;
	line->va = va;
	return line;
}

bool gpu_front_read(struct gpu_front *front, struct gpu_memory *memory, enum gpu_front_cache cache,
		    uint64_t va, void *to, uint32_t bytes)
{
	uint8_t *out = to;

	while (bytes) {
		uint32_t first = (uint32_t)(va % GPU_LINE_BYTES);
		uint32_t size = GPU_LINE_BYTES - first < bytes ? GPU_LINE_BYTES - first : bytes;
		const struct line *line = line_of(front, memory, cache, va - first);

		if (!line)
			return false;
		memcpy(out, line->data + first, size);
		out += size;
		va += size;
		bytes -= size;
	}
	return true;
}

/* Into the lines that are there, as the vector cache and the L1 do; the scalar cache does not look. */
static void update(struct gpu_front *front, enum gpu_front_cache cache, const void *space, uint64_t va,
		   const uint8_t *from, uint32_t bytes)
{
	while (bytes) {
		uint32_t first = (uint32_t)(va % GPU_LINE_BYTES);
		uint32_t size = GPU_LINE_BYTES - first < bytes ? GPU_LINE_BYTES - first : bytes;
		struct line *line = slot(front, cache, va);

		if (holds(front, cache, line, space, va - first))
			memcpy(line->data + first, from, size);
		from += size;
		va += size;
		bytes -= size;
	}
}

bool gpu_front_write(struct gpu_front *front, struct gpu_memory *memory, uint64_t va, const void *from,
		     uint32_t bytes)
{
	if (!gpu_memory_write(memory, va, from, bytes, GPU_CACHE_LRU))
		return false;
	update(front, GPU_FRONT_VECTOR, memory->space, va, from, bytes);
	if (front->shared_l1)
		update(front, GPU_FRONT_L1, memory->space, va, from, bytes);
	return true;
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
			struct line *line = &front->caches[i].lines[k];

			if (line->space == space && line->va <= last && line->va + (GPU_LINE_BYTES - 1) >= va)
				line->age = 0;
		}
}
