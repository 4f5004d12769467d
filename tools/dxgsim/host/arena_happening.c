// SPDX-License-Identifier: MIT
/*
 * What happens, told to all processes of the VM.  There are two copies of what has happened so far, of which the
 * generation's lowest bit tells the one that counts: who changes something prepares the other, and then one system call
 * makes it count and wakes everybody.  Killed before that, it has not happened; nobody can be killed inside it.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "dxgsim/host/arena_private.h"
#include "dxgsim/report.h"

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static struct happened *current(struct arena_memory *memory)
{
	return &memory->happened[atomic_load(&memory->generation) & 1];
}

/* With the lock: a copy to be changed. */
static struct happened *prepare(struct arena_memory *memory)
{
	struct happened *next = &memory->happened[(atomic_load(&memory->generation) + 1) & 1];

	*next = *current(memory);
	return next;
}

static void commit(struct arena_memory *memory)
{
	_Atomic uint32_t *word = &memory->generation;

	atomic_signal_fence(memory_order_seq_cst);
	/* Linux: futex(2), FUTEX_WAKE_OP */
	if (syscall(SYS_futex, word, FUTEX_WAKE_OP, INT_MAX, 0, word,
		    FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0)) >= 0)
		return;
	/* a kernel without it: then a kill in between leaves the others asleep until the next time */
	atomic_fetch_add(word, 1);
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void arena_set_adapters(struct arena *arena, uint32_t count)
{
	if (arena)
		atomic_store(&arena->memory->adapters, count);
}

int arena_happen(struct arena *arena, const struct happening *happening)
{
	uint32_t adapters = atomic_load(&arena->memory->adapters);
	int rc;

	if (adapters && happening->adapter >= adapters)
		return -EINVAL;
	arena_lock(arena);
	rc = happened_add(prepare(arena->memory), happening, now_ns());
	if (!rc)
		commit(arena->memory);
	arena_unlock(arena);
	return rc;
}

uint32_t arena_happened(struct arena *arena, struct happened *out)
{
	uint32_t generation;

	arena_lock(arena);
	generation = atomic_load(&arena->memory->generation);
	*out = *current(arena->memory);
	arena_unlock(arena);
	return generation;
}

uint32_t arena_generation(const struct arena *arena)
{
	return atomic_load(&arena->memory->generation);
}

bool arena_take_order(struct arena *arena, uint32_t adapter, uint32_t node, struct happening *out)
{
	struct happened *next;
	uint32_t at;

	arena_lock(arena);
	next = prepare(arena->memory);
	at = happening_find_order(next->orders, next->order_count, adapter, node);
	if (at == next->order_count) {
		arena_unlock(arena);
		return false;
	}
	*out = next->orders[at];
	happening_remove_order(next->orders, &next->order_count, at);
	commit(arena->memory);
	arena_unlock(arena);
	return true;
}

bool arena_take_engine_reset(struct arena *arena, uint32_t adapter)
{
	struct happened_adapter *next;
	bool free;

	arena_lock(arena);
	next = &prepare(arena->memory)->adapters[adapter];
	free = next->engine_resets_taken != next->engine_resets;
	next->engine_resets_taken = next->engine_resets;
	if (free)
		commit(arena->memory);
	arena_unlock(arena);
	return free;
}

enum host_power arena_power(struct arena *arena)
{
	enum host_power power;

	if (!arena)
		return HOST_POWER_UNKNOWN;
	arena_lock(arena);
	power = current(arena->memory)->power;
	arena_unlock(arena);
	return power;
}

/* A few processes share each bit, which costs them a look for nothing. */
static uint32_t bit_of_process(void)
{
	return 1u << ((uint32_t)getpid() % 32);
}

void arena_wait(const struct arena *arena, uint32_t generation)
{
	syscall(SYS_futex, &arena->memory->generation, FUTEX_WAIT_BITSET, generation, NULL, NULL,
		bit_of_process());
}

void arena_nudge(const struct arena *arena)
{
	syscall(SYS_futex, &arena->memory->generation, FUTEX_WAKE_BITSET, INT_MAX, NULL, NULL,
		bit_of_process());
}
