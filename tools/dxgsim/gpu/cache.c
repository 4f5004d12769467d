// SPDX-License-Identifier: MIT
/*
 * Lines are in one of many stripes, by their memory, each with a lock of its own.  The order in which they make room is
 * one for all, and under a lock that is taken inside of a stripe's; whose line has to go is then only tried to be locked.
 */
#include "dxgsim/gpu/cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define LINES	32768U /* 4 MiB */
#define STRIPES 64U
#define BUCKETS 512U /* of a stripe */
#define NONE	UINT32_MAX

/* A bit for each byte of a line. */
__extension__ typedef unsigned __int128 bytes_mask;

struct line {
	uintptr_t memory; /* of its first byte; only compared, for the memory may be gone */
	void *space;	  /* who wrote it last, or else read it first, and as what */
	uint64_t va;
	bytes_mask valid, dirty;
	uint32_t chain;		 /* the next of its bucket */
	uint32_t next, previous; /* of its stripe */
	uint32_t younger, older; /* those to make room first are the oldest; free: younger */
	uint64_t placed;	 /* when it came where it is among these */
	_Atomic uint64_t used;	 /* later than that: it stays once more */
};

struct stripe {
	pthread_mutex_t lock;
	_Atomic uint32_t first; /* line */
	bool dirty, clean;	/* perhaps there is such a line: without, an action on all need not look */
	uint32_t buckets[BUCKETS];
} __attribute__((aligned(64)));

struct gpu_cache {
	struct stripe stripes[STRIPES];
	struct line *lines;
	uint8_t *data;
	_Atomic uint64_t clock; /* lines that were ever added */
	pthread_mutex_t order;	/* younger, older, placed, and what follows */
	uint32_t oldest, youngest;
	uint32_t unused;  /* the first */
	uint32_t touched; /* lines from here on were never used */
};

struct gpu_cache *gpu_cache_create(void)
{
	struct gpu_cache *cache = aligned_alloc(64, sizeof(*cache));

	if (!cache)
		return NULL;
	memset(cache, 0, sizeof(*cache));
	cache->lines = calloc(LINES, sizeof(*cache->lines));
	cache->data = calloc(LINES, GPU_LINE_BYTES);
	pthread_mutex_init(&cache->order, NULL);
	for (uint32_t i = 0; i < STRIPES; i++) {
		pthread_mutex_init(&cache->stripes[i].lock, NULL);
		cache->stripes[i].first = NONE;
		memset(cache->stripes[i].buckets, 0xff, sizeof(cache->stripes[i].buckets));
	}
	cache->oldest = cache->youngest = cache->unused = NONE;
	if (cache->lines && cache->data)
		return cache;
	gpu_cache_destroy(cache);
	return NULL;
}

void gpu_cache_destroy(struct gpu_cache *cache)
{
	if (!cache)
		return;
	for (uint32_t i = 0; i < STRIPES; i++)
		pthread_mutex_destroy(&cache->stripes[i].lock);
	pthread_mutex_destroy(&cache->order);
	free(cache->data);
	free(cache->lines);
	free(cache);
}

/* ---- bytes of a line ---- */

static uint32_t offset_in_line(uint64_t va)
{
	return (uint32_t)(va % GPU_LINE_BYTES);
}

static bytes_mask mask_of(uint32_t first, uint32_t bytes)
{
	bytes_mask all = ~(bytes_mask)0;

	return (bytes < GPU_LINE_BYTES ? ~(all << bytes) : all) << first;
}

static uint32_t first_of(bytes_mask mask)
{
	uint64_t low = (uint64_t)mask;

	return low ? (uint32_t)__builtin_ctzll(low) : 64 + (uint32_t)__builtin_ctzll((uint64_t)(mask >> 64));
}

/* Calls @copy for every run of bytes in the mask. */
static void each_run(bytes_mask mask, uint8_t *to, const uint8_t *from,
		     void (*copy)(uint8_t *to, const uint8_t *from, uint32_t bytes))
{
	while (mask) {
		uint32_t first = first_of(mask);
		bytes_mask above = ~(mask >> first);
		uint32_t bytes = above ? first_of(above) : GPU_LINE_BYTES;

		if (bytes > GPU_LINE_BYTES - first)
			bytes = GPU_LINE_BYTES - first;
		copy(to + first, from + first, bytes);
		mask &= ~mask_of(first, bytes);
	}
}

static void copy_bytes(uint8_t *to, const uint8_t *from, uint32_t bytes)
{
	memcpy(to, from, bytes);
}

static uint8_t *data_of(const struct gpu_cache *cache, const struct line *line)
{
	return cache->data + (size_t)(line - cache->lines) * GPU_LINE_BYTES;
}

/* ---- finding lines; with the lock of the stripe ---- */

static uint64_t number_of(uintptr_t memory)
{
	return (memory / GPU_LINE_BYTES) * 0x9e3779b97f4a7c15ULL >> 32;
}

static struct stripe *stripe_of(struct gpu_cache *cache, uintptr_t memory)
{
	return &cache->stripes[number_of(memory) % STRIPES];
}

static uint32_t *bucket_of(struct stripe *stripe, uintptr_t memory)
{
	return &stripe->buckets[number_of(memory) / STRIPES % BUCKETS];
}

static struct line *find(struct gpu_cache *cache, struct stripe *stripe, uintptr_t memory)
{
	for (uint32_t i = *bucket_of(stripe, memory); i != NONE; i = cache->lines[i].chain)
		if (cache->lines[i].memory == memory)
			return &cache->lines[i];
	return NULL;
}

static void insert(struct gpu_cache *cache, struct stripe *stripe, struct line *line)
{
	uint32_t index = (uint32_t)(line - cache->lines);
	uint32_t *bucket = bucket_of(stripe, line->memory);

	line->chain = *bucket;
	*bucket = index;
	line->next = stripe->first;
	line->previous = NONE;
	if (stripe->first != NONE)
		cache->lines[stripe->first].previous = index;
	stripe->first = index;
}

static void take_out(struct gpu_cache *cache, struct stripe *stripe, struct line *line)
{
	uint32_t index = (uint32_t)(line - cache->lines);
	uint32_t *at = bucket_of(stripe, line->memory);

	while (*at != index)
		at = &cache->lines[*at].chain;
	*at = line->chain;
	if (line->previous != NONE)
		cache->lines[line->previous].next = line->next;
	else
		stripe->first = line->next;
	if (line->next != NONE)
		cache->lines[line->next].previous = line->previous;
}

/* ---- their order; with its lock ---- */

static void leave_order(struct gpu_cache *cache, struct line *line)
{
	if (line->older != NONE)
		cache->lines[line->older].younger = line->younger;
	else
		cache->oldest = line->younger;
	if (line->younger != NONE)
		cache->lines[line->younger].older = line->older;
	else
		cache->youngest = line->older;
}

static void place(struct line *line, uint64_t when)
{
	line->placed = when;
	atomic_store_explicit(&line->used, when, memory_order_relaxed);
}

static void enter_youngest(struct gpu_cache *cache, struct line *line)
{
	uint32_t index = (uint32_t)(line - cache->lines);

	line->younger = NONE;
	line->older = cache->youngest;
	if (cache->youngest != NONE)
		cache->lines[cache->youngest].younger = index;
	else
		cache->oldest = index;
	cache->youngest = index;
	place(line, atomic_load_explicit(&cache->clock, memory_order_relaxed));
}

static void enter_oldest(struct gpu_cache *cache, struct line *line)
{
	uint32_t index = (uint32_t)(line - cache->lines);

	line->older = NONE;
	line->younger = cache->oldest;
	if (cache->oldest != NONE)
		cache->lines[cache->oldest].older = index;
	else
		cache->youngest = index;
	cache->oldest = index;
	place(line, atomic_load_explicit(&cache->clock, memory_order_relaxed));
}

static void put_unused(struct gpu_cache *cache, struct line *line)
{
	line->younger = cache->unused;
	cache->unused = (uint32_t)(line - cache->lines);
}

/* With the lock of its stripe. */
static void drop(struct gpu_cache *cache, struct stripe *stripe, struct line *line)
{
	take_out(cache, stripe, line);
	pthread_mutex_lock(&cache->order);
	leave_order(cache, line);
	put_unused(cache, line);
	pthread_mutex_unlock(&cache->order);
}

/* ---- making room ---- */

static void dirty_to_memory(struct gpu_cache *cache, struct line *line, uint8_t *memory)
{
	each_run(line->dirty, memory, data_of(cache, line), gpu_copy_to_guest);
	line->dirty = 0;
}

static void lose_dirty(struct line *line)
{
	line->valid &= ~line->dirty;
	line->dirty = 0;
}

/*
 * Where the line belongs is asked again, for it was remembered from an earlier job: what is not mapped any more
 * nobody can look at.  Lines of other spaces wait for a job of theirs.
 */
static void write_back(struct gpu_cache *cache, struct line *line, struct gpu_tables *tables)
{
	struct gpu_span span;
	enum gpu_fault_reason reason;

	if (line->space != tables->space || !line->dirty)
		return;
	reason = gpu_tables_find(tables, line->va, GPU_WRITE, &span);
	if (reason == GPU_FAULT_NOT_RESIDENT)
		return;
	if (reason == GPU_FAULT_NONE && (uintptr_t)span.bytes == line->memory &&
	    span.length >= GPU_LINE_BYTES)
		dirty_to_memory(cache, line, span.bytes);
	else
		lose_dirty(line);
}

/* With the lock of @mine and that of the order. */
static bool evict(struct gpu_cache *cache, struct stripe *mine, struct line *line, struct gpu_tables *tables)
{
	struct stripe *stripe = stripe_of(cache, line->memory);
	bool goes;

	if (stripe != mine && pthread_mutex_trylock(&stripe->lock))
		return false;
	write_back(cache, line, tables);
	goes = !line->dirty;
	if (goes) {
		take_out(cache, stripe, line);
		leave_order(cache, line);
	}
	if (stripe != mine)
		pthread_mutex_unlock(&stripe->lock);
	return goes;
}

/* One that has been used since it came where it is has another turn as the youngest. */
static struct line *make_room(struct gpu_cache *cache, struct stripe *mine, struct gpu_tables *tables)
{
	uint32_t next;

	if (cache->unused != NONE) {
		struct line *line = &cache->lines[cache->unused];

		cache->unused = line->younger;
		return line;
	}
	if (cache->touched < LINES)
		return &cache->lines[cache->touched++];
	for (uint32_t i = cache->oldest, looks = 0; i != NONE && looks < 2 * LINES; i = next, looks++) {
		struct line *line = &cache->lines[i];

		next = line->younger;
		if (atomic_load_explicit(&line->used, memory_order_relaxed) > line->placed) {
			leave_order(cache, line);
			enter_youngest(cache, line);
			if (next == NONE)
				next = i;
		} else if (evict(cache, mine, line, tables)) {
			return line;
		}
	}
	return NULL;
}

/* NULL: there is no room, the access goes past the cache. */
static struct line *add(struct gpu_cache *cache, struct stripe *stripe, const struct gpu_cache_access *access)
{
	struct line *line;

	pthread_mutex_lock(&cache->order);
	line = make_room(cache, stripe, access->tables);
	if (line) {
		line->memory = (uintptr_t)(access->memory - offset_in_line(access->va));
		line->space = access->tables->space;
		line->va = access->va - offset_in_line(access->va);
		line->valid = line->dirty = 0;
		atomic_fetch_add_explicit(&cache->clock, 1, memory_order_relaxed);
		enter_youngest(cache, line);
		insert(cache, stripe, line);
	}
	pthread_mutex_unlock(&cache->order);
	return line;
}

static bool keeps(const struct gpu_cache_access *access)
{
	return access->policy == GPU_CACHE_LRU || access->policy == GPU_CACHE_STREAM;
}

static struct line *line_of(struct gpu_cache *cache, struct stripe *stripe,
			    const struct gpu_cache_access *access)
{
	struct line *line = find(cache, stripe, (uintptr_t)(access->memory - offset_in_line(access->va)));

	if (!line && keeps(access))
		line = add(cache, stripe, access);
	if (!line || !keeps(access))
		return line;
	if (access->policy == GPU_CACHE_STREAM) {
		pthread_mutex_lock(&cache->order);
		leave_order(cache, line);
		enter_oldest(cache, line);
		pthread_mutex_unlock(&cache->order);
	} else {
		atomic_store_explicit(&line->used, atomic_load_explicit(&cache->clock, memory_order_relaxed),
				      memory_order_relaxed);
	}
	return line;
}

/* ---- accesses ---- */

static struct stripe *enter(struct gpu_cache *cache, const struct gpu_cache_access *access)
{
	struct stripe *stripe = stripe_of(cache, (uintptr_t)(access->memory - offset_in_line(access->va)));

	pthread_mutex_lock(&stripe->lock);
	return stripe;
}

/* The bytes that are not there yet.  @memory: of the line, from which @bytes at @first are wanted. */
static void fill(struct gpu_cache *cache, struct stripe *stripe, struct line *line, const uint8_t *memory,
		 uint32_t first, uint32_t bytes)
{
	bytes_mask missing = mask_of(first, bytes) & ~line->valid;
	uint8_t fresh[GPU_LINE_BYTES];

	if (!~line->valid)
		return;
	if (!line->valid) {
		gpu_line_from_guest(data_of(cache, line), memory, first, bytes);
	} else {
		gpu_line_from_guest(fresh, memory, first, missing ? bytes : 0);
		each_run(~line->valid, data_of(cache, line), fresh, copy_bytes);
	}
	line->valid = ~(bytes_mask)0;
	stripe->clean |= !line->dirty;
}

void gpu_cache_read(struct gpu_cache *cache, const struct gpu_cache_access *access, uint8_t *to)
{
	uint32_t first = offset_in_line(access->va);
	struct stripe *stripe = enter(cache, access);
	struct line *line = line_of(cache, stripe, access);

	if (line && access->policy == GPU_CACHE_BYPASS) {
		dirty_to_memory(cache, line, access->memory - first);
		drop(cache, stripe, line);
		line = NULL;
	}
	if (line && access->policy != GPU_CACHE_NO_ALLOCATE) {
		fill(cache, stripe, line, access->memory - first, first, access->bytes);
		memcpy(to, data_of(cache, line) + first, access->bytes);
	} else {
		gpu_copy_from_guest(to, access->memory, access->bytes);
		if (line)
			each_run((line->valid & mask_of(first, access->bytes)) >> first, to,
				 data_of(cache, line) + first, copy_bytes);
	}
	pthread_mutex_unlock(&stripe->lock);
}

void gpu_cache_read_line(struct gpu_cache *cache, const struct gpu_cache_access *access, uint8_t *to)
{
	uint32_t first = offset_in_line(access->va);
	struct stripe *stripe = enter(cache, access);
	struct line *line = line_of(cache, stripe, access);

	if (line) {
		fill(cache, stripe, line, access->memory - first, first, access->bytes);
		memcpy(to, data_of(cache, line), GPU_LINE_BYTES);
	} else {
		gpu_line_from_guest(to, access->memory - first, first, access->bytes);
	}
	pthread_mutex_unlock(&stripe->lock);
}

/* An address that may be written: a reader's may not be. */
static void take_over(struct line *line, const struct gpu_cache_access *access)
{
	line->space = access->tables->space;
	line->va = access->va - offset_in_line(access->va);
}

void gpu_cache_write(struct gpu_cache *cache, const struct gpu_cache_access *access, const uint8_t *from)
{
	uint32_t first = offset_in_line(access->va);
	bytes_mask mask = mask_of(first, access->bytes);
	struct stripe *stripe = enter(cache, access);
	struct line *line = line_of(cache, stripe, access);
	bool through = !line || access->policy == GPU_CACHE_BYPASS;

	if (line) {
		take_over(line, access);
		memcpy(data_of(cache, line) + first, from, access->bytes);
		line->valid |= mask;
		line->dirty = through ? line->dirty & ~mask : line->dirty | mask;
		stripe->dirty |= line->dirty != 0;
		stripe->clean |= !line->dirty;
	}
	if (through)
		gpu_copy_to_guest(access->memory, from, access->bytes);
	pthread_mutex_unlock(&stripe->lock);
}

void gpu_cache_atomic(struct gpu_cache *cache, const struct gpu_cache_access *access,
		      struct gpu_cache_atomic *atomic)
{
	uint32_t first = offset_in_line(access->va);
	struct stripe *stripe = enter(cache, access);
	struct line *line = line_of(cache, stripe, access);
	uint64_t value = 0;

	if (line && !keeps(access)) {
		dirty_to_memory(cache, line, access->memory - first);
		drop(cache, stripe, line);
		line = NULL;
	}
	if (line) {
		fill(cache, stripe, line, access->memory - first, first, access->bytes);
		memcpy(&value, data_of(cache, line) + first, access->bytes);
		atomic->old = value;
		value = atomic->modify(value, atomic->operands);
		memcpy(data_of(cache, line) + first, &value, access->bytes);
		line->dirty |= mask_of(first, access->bytes);
		stripe->dirty = true;
		take_over(line, access);
	} else {
		gpu_atomic_in_guest(access->memory, access->bytes, atomic);
	}
	pthread_mutex_unlock(&stripe->lock);
}

/* ---- actions ---- */

struct action {
	uint32_t actions;
	bool all;
	const void *space;
	uint64_t first, last;
	struct gpu_tables *tables; /* of a write-back */
};

static void act_on(struct gpu_cache *cache, struct stripe *stripe, struct line *line,
		   const struct action *action)
{
	uint32_t actions = action->actions;

	if (actions & GPU_CACHE_WRITE_BACK)
		write_back(cache, line, action->tables);
	if (actions & GPU_CACHE_DISCARD)
		lose_dirty(line);
	if (actions & GPU_CACHE_DISCARD ||
	    (actions & GPU_CACHE_INVALIDATE && (actions & GPU_CACHE_WRITE_BACK || !line->dirty)))
		line->valid &= line->dirty;
	stripe->dirty |= line->dirty != 0;
	stripe->clean |= line->valid && !line->dirty;
	if (!line->valid)
		drop(cache, stripe, line);
}

static bool means(const struct action *action, const struct line *line)
{
	return action->all || (line->space == action->space && line->va <= action->last &&
			       line->va + (GPU_LINE_BYTES - 1) >= action->first);
}

/* Every line of it. */
static void act_on_stripe(struct gpu_cache *cache, struct stripe *stripe, const struct action *action)
{
	if (action->all) {
		if (!(action->actions & GPU_CACHE_DISCARD) &&
		    !(action->actions & GPU_CACHE_WRITE_BACK && stripe->dirty) &&
		    !(action->actions & GPU_CACHE_INVALIDATE && stripe->clean))
			return;
		stripe->dirty = stripe->clean = false;
	}
	for (uint32_t i = stripe->first, next; i != NONE; i = next) {
		next = cache->lines[i].next;
		if (means(action, &cache->lines[i]))
			act_on(cache, stripe, &cache->lines[i], action);
	}
}

static void act(struct gpu_cache *cache, const struct action *action)
{
	for (uint32_t i = 0; i < STRIPES; i++) {
		struct stripe *stripe = &cache->stripes[i];

		/* what others add at this moment comes later */
		if (atomic_load_explicit(&stripe->first, memory_order_relaxed) == NONE)
			continue;
		pthread_mutex_lock(&stripe->lock);
		act_on_stripe(cache, stripe, action);
		pthread_mutex_unlock(&stripe->lock);
	}
}

void gpu_cache_act(struct gpu_cache *cache, struct gpu_tables *tables, uint32_t actions, uint64_t first,
		   uint64_t last)
{
	const struct action action = {
		.actions = actions,
		.all = first == 0 && last == UINT64_MAX,
		.space = tables->space,
		.first = first,
		.last = last,
		.tables = tables,
	};

	act(cache, &action);
}

void gpu_cache_drop(struct gpu_cache *cache)
{
	const struct action action = {.actions = GPU_CACHE_DISCARD, .all = true};

	act(cache, &action);
}

void gpu_cache_forget(struct gpu_cache *cache, const void *space, uint64_t va, uint64_t length)
{
	const struct action action = {
		.actions = GPU_CACHE_DISCARD,
		.space = space,
		.first = va,
		.last = length && length - 1 < UINT64_MAX - va ? va + length - 1 : UINT64_MAX,
	};

	if (length)
		act(cache, &action);
}
