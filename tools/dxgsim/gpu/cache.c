// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "dxgsim/gpu/cache.h"

#define LINES	32768U /* 4 MiB */
#define BUCKETS 4096U

/* of one byte */
#define VALID 1U
#define DIRTY 2U

struct line {
	LIST_ENTRY(line) bucket;
	TAILQ_ENTRY(line) age;
	uintptr_t memory; /* of its first byte; only compared, for the memory may be gone */
	void *space;	  /* who wrote it last, or else read it first, and as what */
	uint64_t va;
	uint8_t state[GPU_LINE_BYTES];
	uint8_t data[GPU_LINE_BYTES];
};

struct gpu_cache {
	LIST_HEAD(, line) buckets[BUCKETS];
	TAILQ_HEAD(lines, line) lines; /* those to make room first come first */
	uint32_t count;
};

struct gpu_cache *gpu_cache_create(void)
{
	struct gpu_cache *cache = calloc(1, sizeof(*cache));

	if (!cache)
		return NULL;
	for (uint32_t i = 0; i < BUCKETS; i++)
		LIST_INIT(&cache->buckets[i]);
	TAILQ_INIT(&cache->lines);
	return cache;
}

void gpu_cache_destroy(struct gpu_cache *cache)
{
	if (!cache)
		return;
	gpu_cache_drop(cache);
	free(cache);
}

/* Whatever the guest declared its memory as. */
typedef uint64_t __attribute__((may_alias)) guest_u64;
typedef uint32_t __attribute__((may_alias)) guest_u32;

static uint32_t piece(const uint8_t *guest, uint32_t bytes)
{
	if (bytes >= 8 && !((uintptr_t)guest & 7))
		return 8;
	if (bytes >= 4 && !((uintptr_t)guest & 3))
		return 4;
	return 1;
}

void gpu_copy_from_guest(uint8_t *to, const uint8_t *guest, uint32_t bytes)
{
	while (bytes) {
		uint32_t size = piece(guest, bytes);
		uint64_t u64;
		uint32_t u32;

		if (size == 8) {
			u64 = __atomic_load_n((const guest_u64 *)(const void *)guest, __ATOMIC_ACQUIRE);
			memcpy(to, &u64, 8);
		} else if (size == 4) {
			u32 = __atomic_load_n((const guest_u32 *)(const void *)guest, __ATOMIC_ACQUIRE);
			memcpy(to, &u32, 4);
		} else {
			*to = __atomic_load_n(guest, __ATOMIC_ACQUIRE);
		}
		to += size;
		guest += size;
		bytes -= size;
	}
}

void gpu_copy_to_guest(uint8_t *guest, const uint8_t *from, uint32_t bytes)
{
	while (bytes) {
		uint32_t size = piece(guest, bytes);
		uint64_t u64;
		uint32_t u32;

		if (size == 8) {
			memcpy(&u64, from, 8);
			__atomic_store_n((guest_u64 *)(void *)guest, u64, __ATOMIC_RELEASE);
		} else if (size == 4) {
			memcpy(&u32, from, 4);
			__atomic_store_n((guest_u32 *)(void *)guest, u32, __ATOMIC_RELEASE);
		} else {
			__atomic_store_n(guest, *from, __ATOMIC_RELEASE);
		}
		guest += size;
		from += size;
		bytes -= size;
	}
}

static uint32_t bucket_of(uintptr_t memory)
{
	return (uint32_t)(memory / GPU_LINE_BYTES % BUCKETS);
}

static uint32_t offset_in_line(uint64_t va)
{
	return (uint32_t)(va % GPU_LINE_BYTES);
}

static struct line *find(const struct gpu_cache *cache, uintptr_t memory)
{
	struct line *line;

	LIST_FOREACH(line, &cache->buckets[bucket_of(memory)], bucket)
	if (line->memory == memory)
		return line;
	return NULL;
}

static void drop(struct gpu_cache *cache, struct line *line)
{
	LIST_REMOVE(line, bucket);
	TAILQ_REMOVE(&cache->lines, line, age);
	cache->count--;
	free(line);
}

static bool any(const struct line *line, uint8_t state)
{
	for (uint32_t i = 0; i < GPU_LINE_BYTES; i++)
		if (line->state[i] & state)
			return true;
	return false;
}

static void dirty_to_memory(struct line *line, uint8_t *memory)
{
	for (uint32_t i = 0, end; i < GPU_LINE_BYTES; i = end) {
		end = i + 1;
		if (!(line->state[i] & DIRTY))
			continue;
		while (end < GPU_LINE_BYTES && line->state[end] & DIRTY)
			end++;
		gpu_copy_to_guest(memory + i, line->data + i, end - i);
		for (uint32_t j = i; j < end; j++)
			line->state[j] = VALID;
	}
}

static void lose_dirty(struct line *line)
{
	for (uint32_t i = 0; i < GPU_LINE_BYTES; i++)
		if (line->state[i] & DIRTY)
			line->state[i] = 0;
}

static void lose_clean(struct line *line)
{
	for (uint32_t i = 0; i < GPU_LINE_BYTES; i++)
		if (!(line->state[i] & DIRTY))
			line->state[i] = 0;
}

/*
 * Where the line belongs is asked again, for it was remembered from an earlier job: what is not mapped any more
 * nobody can look at.  Lines of other spaces wait for a job of theirs.
 */
static void write_back(struct line *line, const struct gpu_machine_ops *ops, void *space)
{
	struct gpu_span span = {0};
	enum gpu_fault_reason reason;

	if (line->space != space || !any(line, DIRTY))
		return;
	reason = ops->translate(space, line->va, GPU_WRITE, &span);
	if (reason == GPU_FAULT_NOT_RESIDENT)
		return;
	if (reason == GPU_FAULT_NONE && (uintptr_t)span.bytes == line->memory &&
	    span.length >= GPU_LINE_BYTES)
		dirty_to_memory(line, span.bytes);
	else
		lose_dirty(line);
}

static bool make_room(struct gpu_cache *cache, const struct gpu_cache_access *access)
{
	struct line *line, *next;

	if (cache->count < LINES)
		return true;
	for (line = TAILQ_FIRST(&cache->lines); line; line = next) {
		next = TAILQ_NEXT(line, age);
		write_back(line, access->ops, access->space);
		if (any(line, DIRTY))
			continue;
		drop(cache, line);
		return true;
	}
	return false;
}

/* NULL: there is no room, the access goes past the cache. */
static struct line *add(struct gpu_cache *cache, const struct gpu_cache_access *access)
{
	struct line *line = make_room(cache, access) ? calloc(1, sizeof(*line)) : NULL;

	if (!line)
		return NULL;
	line->memory = (uintptr_t)(access->memory - offset_in_line(access->va));
	line->space = access->space;
	line->va = access->va - offset_in_line(access->va);
	LIST_INSERT_HEAD(&cache->buckets[bucket_of(line->memory)], line, bucket);
	TAILQ_INSERT_TAIL(&cache->lines, line, age);
	cache->count++;
	return line;
}

static struct line *line_of(struct gpu_cache *cache, const struct gpu_cache_access *access)
{
	bool adds = access->policy == GPU_CACHE_LRU || access->policy == GPU_CACHE_STREAM;
	struct line *line = find(cache, (uintptr_t)(access->memory - offset_in_line(access->va)));

	if (!line && adds)
		line = add(cache, access);
	if (line && adds) {
		TAILQ_REMOVE(&cache->lines, line, age);
		if (access->policy == GPU_CACHE_STREAM)
			TAILQ_INSERT_HEAD(&cache->lines, line, age);
		else
			TAILQ_INSERT_TAIL(&cache->lines, line, age);
	}
	return line;
}

/*
 * What is in a line with what is asked for comes along, whoever is writing to it at that moment.  That is no race of the
 * program's, and ThreadSanitizer, which sees a read of it, is not shown any.
 */
__attribute__((no_sanitize("thread"))) static void copy_line(uint8_t *to, const uint8_t *guest)
{
	const volatile guest_u64 *from = (const volatile guest_u64 *)(const void *)guest;

	for (uint32_t i = 0; i < GPU_LINE_BYTES / 8; i++) {
		uint64_t u64 = from[i];

		memcpy(to + 8 * i, &u64, 8);
	}
}

static bool all_valid(const struct line *line, uint32_t first, uint32_t bytes)
{
	for (uint32_t i = first; i < first + bytes; i++)
		if (!(line->state[i] & VALID))
			return false;
	return true;
}

/* The bytes that are not there yet.  @memory: of the line, from which @bytes at @first are wanted. */
static void fill(struct line *line, const uint8_t *memory, uint32_t first, uint32_t bytes)
{
	uint8_t fresh[GPU_LINE_BYTES];

	copy_line(fresh, memory);
	if (!all_valid(line, first, bytes))
		gpu_copy_from_guest(fresh + first, memory + first, bytes);
	for (uint32_t i = 0; i < GPU_LINE_BYTES; i++) {
		if (line->state[i] & VALID)
			continue;
		line->data[i] = fresh[i];
		line->state[i] = VALID;
	}
}

void gpu_cache_read(struct gpu_cache *cache, const struct gpu_cache_access *access, uint8_t *to)
{
	uint32_t first = offset_in_line(access->va);
	struct line *line = line_of(cache, access);

	if (line && access->policy == GPU_CACHE_BYPASS) {
		dirty_to_memory(line, access->memory - first);
		drop(cache, line);
		line = NULL;
	}
	if (line && access->policy != GPU_CACHE_NO_ALLOCATE) {
		fill(line, access->memory - first, first, access->bytes);
		memcpy(to, line->data + first, access->bytes);
		return;
	}
	gpu_copy_from_guest(to, access->memory, access->bytes);
	for (uint32_t i = 0; line && i < access->bytes; i++)
		if (line->state[first + i] & VALID)
			to[i] = line->data[first + i];
}

void gpu_cache_write(struct gpu_cache *cache, const struct gpu_cache_access *access, const uint8_t *from)
{
	uint32_t first = offset_in_line(access->va);
	struct line *line = line_of(cache, access);
	bool through = !line || access->policy == GPU_CACHE_BYPASS;

	if (line) {
		/* an address that may be written: a reader's may not be */
		line->space = access->space;
		line->va = access->va - first;
		memcpy(line->data + first, from, access->bytes);
		memset(line->state + first, through ? VALID : VALID | DIRTY, access->bytes);
	}
	if (through)
		gpu_copy_to_guest(access->memory, from, access->bytes);
}

void gpu_atomic_in_guest(uint8_t *guest, uint32_t bytes, struct gpu_cache_atomic *atomic)
{
	guest_u64 *u64 = (guest_u64 *)(void *)guest;
	guest_u32 *u32 = (guest_u32 *)(void *)guest;
	uint64_t old64, new64;
	uint32_t old32, new32;

	if (bytes == 8) {
		old64 = __atomic_load_n(u64, __ATOMIC_ACQUIRE);
		do
			new64 = atomic->modify(old64, atomic->operands);
		while (!__atomic_compare_exchange_n(u64, &old64, new64, false, __ATOMIC_ACQ_REL,
						    __ATOMIC_ACQUIRE));
		atomic->old = old64;
	} else {
		old32 = __atomic_load_n(u32, __ATOMIC_ACQUIRE);
		do
			new32 = (uint32_t)atomic->modify(old32, atomic->operands);
		while (!__atomic_compare_exchange_n(u32, &old32, new32, false, __ATOMIC_ACQ_REL,
						    __ATOMIC_ACQUIRE));
		atomic->old = old32;
	}
}

void gpu_cache_atomic(struct gpu_cache *cache, const struct gpu_cache_access *access,
		      struct gpu_cache_atomic *atomic)
{
	uint32_t first = offset_in_line(access->va);
	struct line *line = line_of(cache, access);
	uint64_t value = 0;

	if (line && access->policy != GPU_CACHE_LRU && access->policy != GPU_CACHE_STREAM) {
		dirty_to_memory(line, access->memory - first);
		drop(cache, line);
		line = NULL;
	}
	if (!line) {
		gpu_atomic_in_guest(access->memory, access->bytes, atomic);
		return;
	}
	fill(line, access->memory - first, first, access->bytes);
	memcpy(&value, line->data + first, access->bytes);
	atomic->old = value;
	value = atomic->modify(value, atomic->operands);
	memcpy(line->data + first, &value, access->bytes);
	memset(line->state + first, VALID | DIRTY, access->bytes);
	line->space = access->space;
	line->va = access->va - first;
}

void gpu_cache_act(struct gpu_cache *cache, const struct gpu_machine_ops *ops, void *space, uint32_t actions,
		   uint64_t first, uint64_t last)
{
	bool all = first == 0 && last == UINT64_MAX;
	struct line *line, *next;

	for (line = TAILQ_FIRST(&cache->lines); line; line = next) {
		next = TAILQ_NEXT(line, age);
		if (!all &&
		    (line->space != space || line->va > last || line->va + (GPU_LINE_BYTES - 1) < first))
			continue;
		if (actions & GPU_CACHE_WRITE_BACK)
			write_back(line, ops, space);
		if (actions & GPU_CACHE_DISCARD)
			lose_dirty(line);
		if (actions & GPU_CACHE_DISCARD ||
		    (actions & GPU_CACHE_INVALIDATE && (actions & GPU_CACHE_WRITE_BACK || !any(line, DIRTY))))
			lose_clean(line);
		if (!any(line, VALID))
			drop(cache, line);
	}
}

void gpu_cache_drop(struct gpu_cache *cache)
{
	while (!TAILQ_EMPTY(&cache->lines))
		drop(cache, TAILQ_FIRST(&cache->lines));
}

void gpu_cache_forget(struct gpu_cache *cache, const void *space, uint64_t va, uint64_t length)
{
	uint64_t last = length && length - 1 < UINT64_MAX - va ? va + length - 1 : UINT64_MAX;
	struct line *line, *next;

	if (!length)
		return;
	for (line = TAILQ_FIRST(&cache->lines); line; line = next) {
		next = TAILQ_NEXT(line, age);
		if (line->space == space && line->va <= last && line->va + (GPU_LINE_BYTES - 1) >= va)
			drop(cache, line);
	}
}
