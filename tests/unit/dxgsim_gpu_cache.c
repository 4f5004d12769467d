// SPDX-License-Identifier: MIT
/* What the simulated L2 hides and shows: the CPU looks at memory, the GPU at its cache. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "gpu_machine.h"

#define X (BASE + 0x1000)
#define Y (BASE + 0x2000)

#define LRU    0x00000000U
#define STREAM 0x02000000U
#define NOA    0x04000000U
#define BYPASS 0x06000000U

static uint32_t gfx;

static void start(uint32_t generation)
{
	gfx = generation;
	machine_start(generation, GPU_ENGINE_COMPUTE);
}

static void gpu_write(uint64_t va, uint32_t value, uint32_t policy)
{
	assert_int_equal(RUN(0xc0033700, 0x00100200 | policy, LO(va), HI(va), value), GPU_DONE);
}

/* By way of an uncached page. */
static uint32_t gpu_read(uint64_t va, uint32_t policy)
{
	uint64_t out = BASE + 0x3000;

	machine.space.pages[3].uncached = true;
	assert_int_equal(RUN(0xc0044000, 0x00100202 | policy >> 12, LO(va), HI(va), LO(out), HI(out)),
			 GPU_DONE);
	return *at(out);
}

#define WB   1U
#define INV  2U
#define LOSE 4U

static void acquire(uint32_t actions, uint64_t va, uint64_t bytes)
{
	uint32_t gcr = 0x10000U | (actions & WB ? 1U << 15 : 0) | (actions & INV ? 1U << 14 : 0) |
		       (actions & LOSE ? 1U << 13 : 0) | (bytes ? 2U << 11 : 0);
	uint32_t coher = (actions & WB ? 1U << 18 | 1U << 3 : 0) | (actions & INV ? 1U << 23 : 0);
	uint32_t size = bytes ? LO(bytes >> 8) : 0xffffffff;
	uint32_t size_hi = bytes ? HI(bytes >> 8) : 0xff;

	if (gfx == 9)
		assert_int_equal(RUN(0xc0055800, coher, size, size_hi, LO(va >> 8), HI(va >> 8), 4),
				 GPU_DONE);
	else
		assert_int_equal(RUN(0xc0065800, 0, size, size_hi, LO(va >> 8), HI(va >> 8), 4, gcr),
				 GPU_DONE);
}

static void release(uint32_t actions)
{
	uint32_t gcr = (actions & WB ? 1U << 21 : 0) | (actions & INV ? 1U << 20 : 0) |
		       (actions & LOSE ? 1U << 19 : 0);
	uint32_t tc = (actions & WB ? 1U << 15 | 1U << 19 : 0) | (actions & INV ? 1U << 17 : 0);

	assert_int_equal(RUN(0xc0064900, 0x514 | (gfx == 9 ? tc : gcr), 0, 0, 0, 0, 0, 0), GPU_DONE);
}

static void writes_stay_until_they_are_written_back(void **state)
{
	(void)state;
	for (uint32_t g = 9; g <= 12; g++) {
		start(g);
		gpu_write(X, 1, LRU);
		gpu_write(X + 256, 2, STREAM);
		assert_int_equal(*at(X), 0);
		assert_int_equal(*at(X + 256), 0);
		assert_int_equal(gpu_read(X, LRU), 1);
		release(0);
		assert_int_equal(*at(X), 0);
		release(WB);
		assert_int_equal(*at(X), 1);
		assert_int_equal(*at(X + 256), 2);
		/* the line stays, clean: what the CPU writes now is not overwritten by a second write-back */
		*at(X) = 9;
		release(WB);
		assert_int_equal(*at(X), 9);
		gpu_write(X, 3, LRU);
		acquire(WB, 0, 0);
		assert_int_equal(*at(X), 3);
		machine_stop();
	}
}

static void bypass_goes_to_memory(void **state)
{
	(void)state;
	for (uint32_t g = 10; g <= 11; g++) {
		start(g);
		gpu_write(X, 1, BYPASS);
		assert_int_equal(*at(X), 1);
		/* and leaves no old line in front of it */
		gpu_write(X + 4, 2, LRU);
		assert_int_equal(gpu_read(X, LRU), 1);
		gpu_write(X, 3, BYPASS);
		assert_int_equal(*at(X), 3);
		assert_int_equal(gpu_read(X, LRU), 3);
		/* nor something to write back */
		*at(X) = 8;
		acquire(WB, 0, 0);
		assert_int_equal(*at(X), 8);
		gpu_write(X + 4, 2, LRU);
		*at(X + 4) = 0;
		/* a bypassed read sees what was dirty */
		assert_int_equal(*at(X + 4), 0);
		assert_int_equal(gpu_read(X + 4, BYPASS), 2);
		assert_int_equal(*at(X + 4), 2);
		*at(X + 4) = 5;
		assert_int_equal(gpu_read(X + 4, BYPASS), 5);
		machine_stop();
	}
	/* gfx12 has no such policy: 3 is the last use */
	start(12);
	gpu_write(X, 1, BYPASS);
	assert_int_equal(*at(X), 0);
	release(WB);
	assert_int_equal(*at(X), 1);
	machine_stop();
}

static void no_allocate_uses_what_is_there(void **state)
{
	(void)state;
	start(11);
	gpu_write(X, 1, NOA);
	assert_int_equal(*at(X), 1);
	assert_int_equal(gpu_read(X, NOA), 1);
	*at(X) = 2;
	assert_int_equal(gpu_read(X, NOA), 2);
	assert_int_equal(gpu_read(X, LRU), 2);
	*at(X) = 3;
	assert_int_equal(gpu_read(X, NOA), 2); /* the line is there now */
	gpu_write(X, 4, NOA);
	assert_int_equal(*at(X), 3);
	release(WB);
	assert_int_equal(*at(X), 4);
	machine_stop();
}

static void uncached_memory_is_never_in_the_cache(void **state)
{
	(void)state;
	for (uint32_t g = 9; g <= 12; g++) {
		start(g);
		machine.space.pages[1].uncached = true;
		gpu_write(X, 1, LRU);
		assert_int_equal(*at(X), 1);
		*at(X) = 2;
		assert_int_equal(gpu_read(X, LRU), 2);
		*at(X) = 3;
		assert_int_equal(gpu_read(X, LRU), 3);
		machine_stop();
	}
}

static void what_was_read_is_stale_until_invalidated(void **state)
{
	(void)state;
	for (uint32_t g = 9; g <= 12; g++) {
		start(g);
		*at(X) = 1;
		*at(X + 124) = 1;
		assert_int_equal(gpu_read(X, LRU), 1);
		*at(X) = 2;
		*at(X + 124) = 2;
		assert_int_equal(gpu_read(X, LRU), 1);
		assert_int_equal(gpu_read(X + 124, LRU), 1); /* the whole line */
		assert_int_equal(gpu_read(X + 128, LRU), 0);
		release(WB);
		assert_int_equal(gpu_read(X, LRU), 1);
		acquire(INV, 0, 0);
		assert_int_equal(gpu_read(X, LRU), 2);
		*at(X) = 3;
		release(INV);
		assert_int_equal(gpu_read(X, LRU), 3);
		/* a wait sees the old line too, and adds none of its own */
		*at(X) = 4;
		assert_int_equal(RUN(0xc0053c00, 0x13, LO(X), HI(X), 4, 0xff, 4), GPU_WAITING);
		gpu_engine_reset(machine.engine);
		assert_int_equal(RUN(0xc0053c00, 0x13, LO(X), HI(X), 5, 0xff, 4), GPU_WAITING);
		*at(X) = 5;
		assert_int_equal(gpu_engine_run(machine.engine, 1), GPU_DONE);
		machine_stop();
	}
}

/* A line that was written to is not touched, unless it is written back at the same time. */
static void invalidation_keeps_what_was_written(void **state)
{
	(void)state;
	for (uint32_t g = 9; g <= 12; g++) {
		start(g);
		*at(X + 4) = 1;
		gpu_write(X, 7, LRU);
		assert_int_equal(gpu_read(X + 4, LRU), 1);
		*at(X + 4) = 2;
		acquire(INV, 0, 0);
		assert_int_equal(gpu_read(X, LRU), 7);
		assert_int_equal(gpu_read(X + 4, LRU), 1);
		assert_int_equal(*at(X), 0);
		release(WB | INV);
		assert_int_equal(*at(X), 7);
		assert_int_equal(gpu_read(X, LRU), 7);
		assert_int_equal(gpu_read(X + 4, LRU), 2);
		machine_stop();
	}
}

/* A poll never brings a line in, so that the CPU's write ends it; a line that is there already can be believed. */
static void polls_see_memory_unless_a_line_is_in_the_way(void **state)
{
	(void)state;
	for (uint32_t g = 9; g <= 12; g++) {
		const uint32_t wait[] = {0xc0053c00, 0x13, LO(X), HI(X), 7, 0xffffffff, 4};
		const uint32_t bypass[] = {0xc0053c00, 0x06000013, LO(X), HI(X), 7, 0xffffffff, 4};

		start(g);
		assert_int_equal(run(wait, 7), GPU_WAITING);
		*at(X) = 7;
		assert_int_equal(gpu_engine_run(machine.engine, 1), GPU_DONE);
		/* another engine's write that is still in the L2 is seen */
		*at(X) = 0;
		gpu_write(X, 7, LRU);
		assert_int_equal(*at(X), 0);
		assert_int_equal(run(wait, 7), GPU_DONE);
		release(WB | INV);
		/* what was read before is stale */
		*at(X) = 0;
		assert_int_equal(gpu_read(X, LRU), 0);
		*at(X) = 7;
		assert_int_equal(run(wait, 7), GPU_WAITING);
		gpu_engine_reset(machine.engine);
		if (g == 10 || g == 11) {
			*at(X) = 0;
			assert_int_equal(gpu_read(X, LRU), 0);
			*at(X) = 7;
			assert_int_equal(run(bypass, 7), GPU_DONE);
		}
		/* uncached memory is seen as it is */
		machine.space.pages[1].uncached = true;
		*at(X) = 0;
		assert_int_equal(run(wait, 7), GPU_WAITING);
		*at(X) = 7;
		assert_int_equal(gpu_engine_run(machine.engine, 1), GPU_DONE);
		machine_stop();
	}
}

/* Neither is a write-back of lines of the memory types in use without TC_NC, but with an invalidation it is one of all. */
static void gfx9_writes_back_with_tc_nc(void **state)
{
	static const uint32_t coher[] = {1U << 18, 1U << 18 | 1U << 3, 1U << 18 | 1U << 23};
	static const uint32_t release_mem[] = {1U << 15, 1U << 15 | 1U << 19, 1U << 15 | 1U << 17};

	(void)state;
	start(9);
	for (uint32_t i = 0; i < 3; i++) {
		gpu_write(X, 1 + i, LRU);
		gpu_write(Y, 1 + i, LRU);
		assert_int_equal(RUN(0xc0055800, coher[i], ~0U, 0xff, 0, 0, 4), GPU_DONE);
		assert_int_equal(*at(X), i ? 1 + i : 0);
		gpu_write(Y, 1 + i, LRU);
		assert_int_equal(RUN(0xc0064900, 0x514 | release_mem[i], 0, 0, 0, 0, 0, 0), GPU_DONE);
		assert_int_equal(*at(Y), i ? 1 + i : 0);
	}
	machine_stop();
}

static void discarding_loses_it(void **state)
{
	(void)state;
	for (uint32_t g = 10; g <= 12; g++) {
		start(g);
		gpu_write(X, 7, LRU);
		release(LOSE);
		release(WB);
		assert_int_equal(*at(X), 0);
		assert_int_equal(gpu_read(X, LRU), 0);
		machine_stop();
	}
}

static void only_written_bytes_are_written_back(void **state)
{
	(void)state;
	start(11);
	gpu_write(X + 8, 1, LRU);
	assert_int_equal(gpu_read(X, LRU), 0); /* the rest of the line is there */
	*at(X) = 5;
	*at(X + 4) = 6;
	*at(X + 12) = 7;
	release(WB);
	assert_int_equal(*at(X), 5);
	assert_int_equal(*at(X + 4), 6);
	assert_int_equal(*at(X + 8), 1);
	assert_int_equal(*at(X + 12), 7);
	machine_stop();
}

static void ranges(void **state)
{
	(void)state;
	for (uint32_t g = 9; g <= 12; g++) {
		start(g);
		gpu_write(X - 4, 1, LRU);
		gpu_write(X, 2, LRU);
		gpu_write(X + 252, 3, LRU);
		gpu_write(X + 256, 4, LRU);
		acquire(WB, X, 256);
		assert_int_equal(*at(X - 4), 0);
		assert_int_equal(*at(X), 2);
		assert_int_equal(*at(X + 252), 3);
		assert_int_equal(*at(X + 256), 0);
		acquire(WB, 0, 0);
		assert_int_equal(*at(X - 4), 1);
		assert_int_equal(*at(X + 256), 4);
		machine_stop();
	}
}

static void release_writes_after_the_write_back(void **state)
{
	(void)state;
	start(11);
	gpu_write(X, 1, LRU);
	/* memory controller; bypassing the cache whatever the policy says */
	assert_int_equal(RUN(0xc0064900, 0x00200514, 0x23000000, LO(Y), HI(Y), 2, 0, 0), GPU_DONE);
	assert_int_equal(*at(X), 1);
	assert_int_equal(*at(Y), 2);
	/* through the L2 it stays there: nobody outside sees this fence */
	assert_int_equal(RUN(0xc0064900, 0x00200514, 0x23010000, LO(Y), HI(Y), 3, 0, 0), GPU_DONE);
	assert_int_equal(*at(Y), 2);
	assert_int_equal(RUN(0xc0064900, 0x06200514, 0x23010000, LO(Y), HI(Y), 4, 0, 0), GPU_DONE);
	assert_int_equal(*at(Y), 4);
	release(WB);
	assert_int_equal(*at(Y), 4); /* the 3 is not written over it */
	machine_stop();
}

static void dirty_lines_outlive_jobs_but_no_reset(void **state)
{
	(void)state;
	start(11);
	gpu_write(X, 1, LRU);
	assert_int_equal(RUN(0xffff1000), GPU_DONE);
	assert_int_equal(*at(X), 0);
	gpu_engine_reset(machine.engine);
	release(WB);
	assert_int_equal(*at(X), 0);
	assert_int_equal(gpu_read(X, LRU), 0);
	machine_stop();
}

static void two_addresses_of_one_memory(void **state)
{
	(void)state;
	start(11);
	machine.space.pages[2].frame = 1; /* Y is X */
	gpu_write(X, 1, LRU);
	assert_int_equal(gpu_read(Y, LRU), 1);
	gpu_write(Y, 2, LRU);
	assert_int_equal(gpu_read(X, LRU), 2);
	/* the second address goes: a line belongs to memory */
	machine.space.pages[2].fault[GPU_READ] = GPU_FAULT_UNMAPPED;
	release(WB);
	assert_int_equal(*at(X), 2);
	machine_stop();
}

static void lines_of_memory_that_went(void **state)
{
	(void)state;
	start(11);
	/* unmapped: lost, and no fault */
	gpu_write(X, 1, LRU);
	machine.space.pages[1].fault[GPU_WRITE] = GPU_FAULT_UNMAPPED;
	release(WB);
	machine.space.pages[1].fault[GPU_WRITE] = GPU_FAULT_NONE;
	release(WB);
	assert_int_equal(*at(X), 0);
	/* mapped to other memory: that is not touched */
	gpu_write(X, 2, LRU);
	machine.space.pages[1].frame = 7;
	release(WB);
	assert_int_equal(*at(X), 0);
	assert_int_equal(*at(BASE + 7 * PAGE), 0);
	assert_int_equal(gpu_read(X, LRU), 0);
	/* away for a while */
	machine.space.pages[1].frame = 1;
	gpu_write(X, 3, LRU);
	machine.space.pages[1].fault[GPU_WRITE] = GPU_FAULT_NOT_RESIDENT;
	release(WB);
	assert_int_equal(*at(X), 0);
	machine.space.pages[1].fault[GPU_WRITE] = GPU_FAULT_NONE;
	release(WB);
	assert_int_equal(*at(X), 3);
	machine_stop();
}

static void forgetting(void **state)
{
	(void)state;
	start(11);
	*at(Y) = 1;
	assert_int_equal(gpu_read(Y, LRU), 1);
	gpu_write(X, 1, LRU);
	gpu_write(X + 128, 1, LRU);
	*at(Y) = 2;
	gpu_engine_forget(machine.engine, &machine.space, Y, 0);
	gpu_engine_forget(machine.engine, &gfx, Y, PAGE);
	assert_int_equal(gpu_read(Y, LRU), 1);
	gpu_engine_forget(machine.engine, &machine.space, Y, PAGE);
	assert_int_equal(gpu_read(Y, LRU), 2);
	gpu_engine_forget(machine.engine, &machine.space, X + 128, 4);
	release(WB);
	assert_int_equal(*at(X), 1);
	assert_int_equal(*at(X + 128), 0);
	gpu_write(X, 5, LRU);
	gpu_engine_forget(machine.engine, &machine.space, 0, UINT64_MAX);
	release(WB);
	assert_int_equal(*at(X), 1);
	machine_stop();
}

/* What other spaces wrote waits for a job of theirs; their pages are not asked for in the meantime. */
static void other_spaces(void **state)
{
	static struct machine_space other;

	(void)state;
	start(11);
	machine_space_init(&other);
	for (uint32_t i = 0; i < DATA_PAGES; i++)
		for (int access = GPU_FETCH; access <= GPU_WRITE; access++)
			other.pages[i].fault[access] = GPU_FAULT_UNMAPPED;
	gpu_write(X, 1, LRU);
	*at(COMMANDS) = 0xc0064900;
	*at(COMMANDS + 4) = 0x00200514;
	memset(at(COMMANDS + 8), 0, 24);
	assert_int_equal(run_job(machine.engine, &other, COMMANDS, 32), GPU_DONE);
	assert_int_equal(*at(X), 0);
	release(WB);
	assert_int_equal(*at(X), 1);
	machine_stop();
}

static void engines_of_one_gpu_share_it(void **state)
{
	struct gpu_cache *cache = gpu_cache_create();
	struct gpu_engine *own, *one, *two;

	(void)state;
	assert_non_null(cache);
	start(11);
	own = machine.engine;
	one = machine_engine(11, GPU_ENGINE_COMPUTE, cache);
	two = machine_engine(11, GPU_ENGINE_COMPUTE, cache);
	machine.engine = one;
	gpu_write(X, 1, LRU);
	machine.engine = own;
	assert_int_equal(gpu_read(X, LRU), 0);
	machine.engine = two;
	assert_int_equal(gpu_read(X, LRU), 1);
	release(WB);
	assert_int_equal(*at(X), 1);
	/* one is reset amid a job, and what the other wrote stays */
	gpu_write(X, 2, LRU);
	machine.engine = one;
	assert_int_equal(RUN(0xc0053c00, 0x13, LO(Y), HI(Y), 7, 0xffffffff, 4), GPU_WAITING);
	gpu_engine_reset(one);
	release(WB);
	assert_int_equal(*at(X), 2);
	gpu_engine_destroy(one);
	gpu_engine_destroy(two);
	gpu_cache_destroy(cache);
	machine.engine = own;
	machine_stop();
}

static void commands_come_through_it(void **state)
{
	(void)state;
	start(11);
	/* a command buffer that is in the L2 only: a NOP, and a mark */
	assert_int_equal(RUN(0xc00a3700, 0x00100200, LO(Y), HI(Y), 0xc0001000, 0, 0xc0033700, 0x06100200,
			     LO(X), HI(X), 0x55, 0xffff1000),
			 GPU_DONE);
	assert_int_equal(*at(Y), 0);
	assert_int_equal(run_job(machine.engine, &machine.space, Y, 32), GPU_DONE);
	assert_int_equal(*at(X), 0x55);
	/* fetching leaves nothing behind: what the CPU writes is fetched the next time */
	release(WB | INV);
	assert_int_equal(run_job(machine.engine, &machine.space, Y, 32), GPU_DONE);
	*at(Y + 24) = 0x66;
	assert_int_equal(run_job(machine.engine, &machine.space, Y, 32), GPU_DONE);
	assert_int_equal(*at(X), 0x66);
	machine_stop();
}

/* Writes words that tell their address by way of the L2. */
static void fill(uint64_t va, uint32_t words)
{
	*at(COMMANDS) = 0xc0003700 | (words + 2) << 16;
	*at(COMMANDS + 4) = 0x00100200;
	*at(COMMANDS + 8) = LO(va);
	*at(COMMANDS + 12) = HI(va);
	for (uint32_t i = 0; i < words; i++)
		*at(COMMANDS + 16 + 4 * i) = LO(va) + 4 * i + 1;
	assert_int_equal(run_job(machine.engine, &machine.space, COMMANDS, (words + 4) * 4), GPU_DONE);
}

#define CACHE_BYTES (4U << 20)
#define FILL_BYTES  (CACHE_BYTES / 128)

/* More than it holds: the oldest lines make room, by way of memory. */
static void room_is_made(void **state)
{
	uint64_t end = BASE + CACHE_BYTES + CACHE_BYTES / 2;

	(void)state;
	start(11);
	for (uint64_t va = BASE; va < end; va += FILL_BYTES)
		fill(va, FILL_BYTES / 4);
	for (uint64_t va = BASE; va < end; va += 4)
		assert_int_equal(*at(va), va < end - CACHE_BYTES ? LO(va) + 1 : 0);
	release(WB);
	for (uint64_t va = BASE; va < end; va += 4)
		assert_int_equal(*at(va), LO(va) + 1);
	machine_stop();
}

static void what_is_streamed_makes_room_first(void **state)
{
	uint64_t streamed = BASE + CACHE_BYTES + PAGE;

	(void)state;
	start(11);
	for (uint64_t va = BASE; va < BASE + CACHE_BYTES - FILL_BYTES; va += FILL_BYTES)
		fill(va, FILL_BYTES / 4);
	gpu_write(streamed, 1, STREAM);
	fill(BASE + CACHE_BYTES - FILL_BYTES, FILL_BYTES / 4 - 32);
	assert_int_equal(*at(streamed), 0);
	assert_int_equal(*at(BASE), 0);
	/* one line more */
	gpu_write(BASE + CACHE_BYTES, 1, LRU);
	assert_int_equal(*at(streamed), 1);
	assert_int_equal(*at(BASE), 0);
	/* then the oldest, but not if it is used again */
	assert_int_equal(gpu_read(BASE, LRU), LO(BASE) + 1);
	gpu_write(BASE + CACHE_BYTES + 128, 1, LRU);
	assert_int_equal(*at(BASE), 0);
	assert_int_equal(*at(BASE + 128), LO(BASE) + 129);
	machine_stop();
}

/* A cache full of what cannot be written back now is gone past. */
static void no_room_can_be_made(void **state)
{
	uint64_t va = BASE + CACHE_BYTES + PAGE;

	(void)state;
	start(11);
	for (uint64_t full = BASE; full < BASE + CACHE_BYTES; full += FILL_BYTES)
		fill(full, FILL_BYTES / 4);
	for (uint32_t i = 0; i < CACHE_BYTES / PAGE; i++)
		machine.space.pages[i].fault[GPU_WRITE] = GPU_FAULT_NOT_RESIDENT;
	gpu_write(va, 7, LRU);
	assert_int_equal(*at(va), 7);
	assert_int_equal(RUN(0xc0053c00, 0x13, LO(va), HI(va), 7, 0xff, 4), GPU_DONE);
	/* and nothing was lost by it */
	for (uint32_t i = 0; i < CACHE_BYTES / PAGE; i++)
		machine.space.pages[i].fault[GPU_WRITE] = GPU_FAULT_NONE;
	release(WB);
	assert_int_equal(*at(BASE), LO(BASE) + 1);
	assert_int_equal(*at(BASE + CACHE_BYTES - 4), LO(BASE) + CACHE_BYTES - 3);
	machine_stop();
}

static atomic_bool reading;

static void *reader(void *arg)
{
	const uint64_t *word = arg;
	uint64_t torn = 0;

	while (atomic_load(&reading)) {
		uint64_t value = __atomic_load_n(word, __ATOMIC_ACQUIRE);

		if (LO(value) != HI(value))
			torn = value;
	}
	return (void *)(uintptr_t)torn;
}

/* 64 aligned bits are one write, from a packet and from a line. */
static void nobody_sees_half_a_value(void **state)
{
	pthread_t thread;
	void *torn;

	(void)state;
	start(11);
	atomic_store(&reading, true);
	assert_int_equal(pthread_create(&thread, NULL, reader, at64(X)), 0);
	for (uint32_t i = 0; i < 20000; i++) {
		assert_int_equal(RUN(0xc0064900, 0x00000514, 0x43000000, LO(X), HI(X), i, i, 0), GPU_DONE);
		assert_int_equal(RUN(0xc0044000, 0x00110205, ~i, ~i, LO(X), HI(X)), GPU_DONE);
		release(WB);
	}
	atomic_store(&reading, false);
	assert_int_equal(pthread_join(thread, &torn), 0);
	assert_null(torn);
	machine_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_stay_until_they_are_written_back),
		cmocka_unit_test(bypass_goes_to_memory),
		cmocka_unit_test(no_allocate_uses_what_is_there),
		cmocka_unit_test(uncached_memory_is_never_in_the_cache),
		cmocka_unit_test(what_was_read_is_stale_until_invalidated),
		cmocka_unit_test(invalidation_keeps_what_was_written),
		cmocka_unit_test(polls_see_memory_unless_a_line_is_in_the_way),
		cmocka_unit_test(gfx9_writes_back_with_tc_nc),
		cmocka_unit_test(discarding_loses_it),
		cmocka_unit_test(only_written_bytes_are_written_back),
		cmocka_unit_test(ranges),
		cmocka_unit_test(release_writes_after_the_write_back),
		cmocka_unit_test(dirty_lines_outlive_jobs_but_no_reset),
		cmocka_unit_test(two_addresses_of_one_memory),
		cmocka_unit_test(lines_of_memory_that_went),
		cmocka_unit_test(forgetting),
		cmocka_unit_test(other_spaces),
		cmocka_unit_test(engines_of_one_gpu_share_it),
		cmocka_unit_test(commands_come_through_it),
		cmocka_unit_test(room_is_made),
		cmocka_unit_test(what_is_streamed_makes_room_first),
		cmocka_unit_test(no_room_can_be_made),
		cmocka_unit_test(nobody_sees_half_a_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
