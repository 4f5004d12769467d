// SPDX-License-Identifier: MIT
/*
 * Which process' memory has its place in VRAM.  Programs together may have made more resident than fits; then the
 * processes take turns, and each takes the place of who ran longest ago.  Public source of the rules: Microsoft,
 * "Residency", "Process residency budgets", "Context allocation" of WDDM 2.0.
 */
#include <errno.h>

#include "dxgsim/host/arena_private.h"

#define MIB (1ull << 20)

/* ---- one slot; with the lock, but for what is said ---- */

static _Atomic uint64_t *counter(struct arena_counters *counters, uint32_t adapter, enum arena_use use,
				 uint32_t segment)
{
	return &counters->bytes[adapter][use][segment];
}

static uint64_t value(const struct arena_counters *counters, uint32_t adapter, enum arena_use use,
		      uint32_t segment)
{
	return atomic_load(&counters->bytes[adapter][use][segment]);
}

/* In place and not offered.  Who was killed between two counters may have offered more than it had. */
static uint64_t held(const struct arena_counters *counters, uint32_t adapter, uint32_t segment)
{
	uint64_t present = value(counters, adapter, ARENA_PRESENT, segment);
	uint64_t offered = value(counters, adapter, ARENA_OFFERED, segment);

	return present > offered ? present - offered : 0;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* ---- all slots ---- */

/* What one segment lacks for the demand, and where it could come from. */
struct shortage {
	uint64_t need;	   /* that this process has not in place */
	uint64_t lack;	   /* of which nothing is free */
	uint64_t takeable; /* from whom may not keep it */
	uint64_t again_ns; /* when there is more */
};

static bool may_keep(const struct arena_counters *counters, const struct arena_demand *demand)
{
	return atomic_load(&counters->keeps_ns[demand->adapter]) > demand->now_ns;
}

static struct shortage shortage_of(struct arena *arena, const struct arena_demand *demand, uint32_t segment)
{
	uint64_t have = held(arena->counters, demand->adapter, segment);
	uint64_t want = demand->want[segment], taken = 0, free;
	struct shortage shortage = {.need = want > have ? want - have : 0, .again_ns = UINT64_MAX};

	for (uint32_t slot = 0; slot < arena->memory->high; slot++) {
		const struct arena_counters *counters = &arena->memory->counters[slot];
		uint64_t theirs = held(counters, demand->adapter, segment);

		if (!arena->memory->slots[slot].pid)
			continue;
		taken += value(counters, demand->adapter, ARENA_PRESENT, segment);
		shortage.takeable += least(value(counters, demand->adapter, ARENA_OFFERED, segment),
					   value(counters, demand->adapter, ARENA_PRESENT, segment));
		if (slot == arena->slot || !theirs)
			continue;
		if (may_keep(counters, demand))
			shortage.again_ns =
				least(shortage.again_ns, atomic_load(&counters->keeps_ns[demand->adapter]));
		else
			shortage.takeable += theirs;
	}
	free = demand->size[segment] > taken ? demand->size[segment] - taken : 0;
	shortage.lack = shortage.need > free ? shortage.need - free : 0;
	return shortage;
}

/* Offered memory goes without being copied.  What is still lacking. */
static uint64_t discard(struct arena *arena, uint32_t adapter, uint32_t segment, uint64_t lack)
{
	for (uint32_t slot = 0; lack && slot < arena->memory->high; slot++) {
		struct arena_counters *counters = &arena->memory->counters[slot];
		uint64_t bytes;

		if (!arena->memory->slots[slot].pid)
			continue;
		bytes = least(lack, least(value(counters, adapter, ARENA_OFFERED, segment),
					  value(counters, adapter, ARENA_PRESENT, segment)));
		atomic_fetch_sub(counter(counters, adapter, ARENA_PRESENT, segment), bytes);
		atomic_fetch_sub(counter(counters, adapter, ARENA_OFFERED, segment), bytes);
		lack -= bytes;
	}
	return lack;
}

static struct arena_counters *longest_idle(struct arena *arena, const struct arena_demand *demand,
					   uint32_t segment)
{
	struct arena_counters *best = NULL;

	for (uint32_t slot = 0; slot < arena->memory->high; slot++) {
		struct arena_counters *counters = &arena->memory->counters[slot];

		if (slot == arena->slot || !arena->memory->slots[slot].pid || may_keep(counters, demand) ||
		    !held(counters, demand->adapter, segment))
			continue;
		if (!best || atomic_load(&counters->ran_ns[demand->adapter]) <
				     atomic_load(&best->ran_ns[demand->adapter]))
			best = counters;
	}
	return best;
}

/* Copies out what others have in place, as much as is lacking.  Bytes copied. */
static uint64_t trim(struct arena *arena, const struct arena_demand *demand, uint32_t segment, uint64_t lack)
{
	uint64_t out = 0;

	while (lack) {
		struct arena_counters *victim = longest_idle(arena, demand, segment);
		uint64_t bytes;

		if (!victim)
			break;
		bytes = least(lack, held(victim, demand->adapter, segment));
		atomic_fetch_sub(counter(victim, demand->adapter, ARENA_PRESENT, segment), bytes);
		atomic_fetch_add(&victim->paged_out[demand->adapter], bytes);
		lack -= bytes;
		out += bytes;
	}
	atomic_fetch_add(&arena->memory->paged_out[demand->adapter], out);
	return out;
}

static void take(struct arena *arena, const struct arena_demand *demand, uint32_t segment,
		 const struct shortage *shortage, struct arena_moved *moved)
{
	uint64_t lack = discard(arena, demand->adapter, segment, shortage->lack);
	uint64_t in = shortage->need - least(shortage->need, demand->fresh[segment]);

	moved->out += trim(arena, demand, segment, lack);
	moved->in += in;
	atomic_fetch_add(&arena->counters->paged_in[demand->adapter], in);
	atomic_fetch_add(&arena->memory->paged_in[demand->adapter], in);
	atomic_fetch_add(counter(arena->counters, demand->adapter, ARENA_PRESENT, segment), shortage->need);
}

static bool find_shortages(struct arena *arena, const struct arena_demand *demand, struct shortage *shortages,
			   bool *lacking)
{
	bool possible = true;

	*lacking = false;
	for (uint32_t segment = 0; segment < ARENA_SEGMENTS; segment++) {
		shortages[segment] = (struct shortage){.again_ns = UINT64_MAX};
		if (demand->size[segment])
			shortages[segment] = shortage_of(arena, demand, segment);
		*lacking |= shortages[segment].lack != 0;
		possible &= shortages[segment].lack <= shortages[segment].takeable;
	}
	return possible;
}

int arena_make_present(struct arena *arena, const struct arena_demand *demand, struct arena_moved *moved)
{
	struct shortage shortages[ARENA_SEGMENTS];
	bool possible, lacking;

	*moved = (struct arena_moved){.ready_ns = demand->now_ns, .again_ns = UINT64_MAX};
	if (!arena || !arena->counters)
		return 0;
	arena_lock(arena);
	possible = find_shortages(arena, demand, shortages, &lacking);
	/* who has been killed holds nothing */
	if (lacking && arena_reap(arena))
		possible = find_shortages(arena, demand, shortages, &lacking);
	for (uint32_t segment = 0; segment < ARENA_SEGMENTS; segment++) {
		if (possible)
			take(arena, demand, segment, &shortages[segment], moved);
		else
			moved->again_ns = least(moved->again_ns, shortages[segment].again_ns);
	}
	moved->ready_ns = demand->now_ns + (moved->in + moved->out) / MIB * demand->ns_per_mib;
	/* with the lock: others count on what may be taken from whom */
	if (moved->in || moved->out)
		atomic_store(&arena->counters->keeps_ns[demand->adapter], moved->ready_ns + demand->turn_ns);
	arena_unlock(arena);
	return possible ? 0 : -EAGAIN;
}

/* ---- this process ---- */

void arena_shrink_present(struct arena *arena, uint32_t adapter, uint32_t segment, uint64_t want)
{
	uint64_t have;

	if (!arena || !arena->counters)
		return;
	arena_lock(arena);
	have = held(arena->counters, adapter, segment);
	if (have > want)
		atomic_fetch_sub(counter(arena->counters, adapter, ARENA_PRESENT, segment), have - want);
	arena_unlock(arena);
}

uint64_t arena_present(const struct arena *arena, uint32_t adapter, uint32_t segment)
{
	return arena && arena->counters ? held(arena->counters, adapter, segment) : UINT64_MAX;
}

uint64_t arena_offer(struct arena *arena, uint32_t adapter, uint32_t segment, uint64_t bytes, uint64_t want)
{
	uint64_t have;

	if (!arena || !arena->counters)
		return 0;
	arena_lock(arena);
	have = held(arena->counters, adapter, segment);
	bytes = least(bytes, have > want ? have - want : 0);
	atomic_fetch_add(counter(arena->counters, adapter, ARENA_OFFERED, segment), bytes);
	arena_unlock(arena);
	return bytes;
}

void arena_unoffer(struct arena *arena, uint32_t adapter, uint32_t segment, uint64_t bytes)
{
	_Atomic uint64_t *offered;

	if (!arena || !arena->counters)
		return;
	offered = counter(arena->counters, adapter, ARENA_OFFERED, segment);
	arena_lock(arena);
	atomic_fetch_sub(offered, least(bytes, atomic_load(offered)));
	arena_unlock(arena);
}

uint64_t arena_offered(const struct arena *arena, uint32_t adapter, uint32_t segment)
{
	return arena && arena->counters ? value(arena->counters, adapter, ARENA_OFFERED, segment) : 0;
}

void arena_ran(struct arena *arena, uint32_t adapter, uint64_t now_ns)
{
	if (arena && arena->counters)
		atomic_store(&arena->counters->ran_ns[adapter], now_ns);
}

void arena_paging(const struct arena *arena, uint32_t adapter, struct arena_paging *out)
{
	*out = (struct arena_paging){.process_in = 0};
	if (!arena)
		return;
	out->adapter_in = atomic_load(&arena->memory->paged_in[adapter]);
	out->adapter_out = atomic_load(&arena->memory->paged_out[adapter]);
	if (!arena->counters)
		return;
	out->process_in = atomic_load(&arena->counters->paged_in[adapter]);
	out->process_out = atomic_load(&arena->counters->paged_out[adapter]);
}
