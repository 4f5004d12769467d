// SPDX-License-Identifier: MIT
/*
 * Kernels on simulated compute units: many work-groups on several threads, kernels that wait for what others write, what
 * is resident at one time, preemption and resets amid of it, and what each unit's caches show.
 *
 * The kernels are given as words for gfx1030, gfx1100 and gfx1201, and as llvm-mc takes the second.  s[0:1] is an
 * address, s2 a number or that of the group.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <elf.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "dxgsim/gpu/kernel.h"
#include "dxgsim/gpu/state.h"
#include "gpu_program.h"

#define WORDS 20

/*
 * 	v_lshl_add_u32 v1, s2, 6, v0
 * 	v_lshlrev_b32 v2, 2, v1
 * 	global_store_b32 v2, v1, s[0:1]
 * 	s_endpgm
 */
static const uint32_t numbers[][WORDS] = {
	{0xd7460001, 0x04010c02, 0x34040282, 0xdc708000, 0x00000102, 0xbf810000},
	{0xd6460001, 0x04010c02, 0x30040282, 0xdc6a0000, 0x00000102, 0xbfb00000},
	{0xd6460001, 0x04010c75, 0x30040282, 0xee068000, 0x00800000, 0x00000002, 0xbfb00000},
};

/*
 * 	v_mov_b32 v0, 0
 * loop:
 * 	s_sleep 1
 * 	global_load_b32 v1, v0, s[0:1] glc dlc
 * 	s_waitcnt vmcnt(0)
 * 	v_readfirstlane_b32 s4, v1
 * 	s_cmp_eq_u32 s4, 0
 * 	s_cbranch_scc1 loop
 * 	global_store_b32 v0, v1, s[0:1] offset:4
 * 	s_endpgm
 */
static const uint32_t poll[][WORDS] = {
	{0x7e000280, 0xbf8e0001, 0xdc319000, 0x01000000, 0xbf8c3f70, 0x7e080501, 0xbf068004, 0xbf85fff9,
	 0xdc708004, 0x00000100, 0xbf810000},
	{0x7e000280, 0xbf830001, 0xdc526000, 0x01000000, 0xbf8903f7, 0x7e080501, 0xbf068004, 0xbfa2fff9,
	 0xdc6a0004, 0x00000100, 0xbfb00000},
	{0x7e000280, 0xbf830001, 0xee050000, 0x00080001, 0x00000000, 0xbfc00000, 0x7e080501, 0xbf068004,
	 0xbfa2fff8, 0xee068000, 0x00800000, 0x00000400, 0xbfb00000},
};

/*
 * 	v_mov_b32 v0, 0
 * loop:
 * 	global_load_b32 v1, v0, s[0:1] glc dlc
 * 	s_waitcnt vmcnt(0)
 * 	v_readfirstlane_b32 s4, v1
 * 	s_cmp_eq_u32 s4, 0
 * 	s_cbranch_scc1 loop
 * 	global_store_b32 v0, v1, s[0:1] offset:4
 * 	s_endpgm
 */
static const uint32_t spin[][WORDS] = {
	{0x7e000280, 0xdc319000, 0x01000000, 0xbf8c3f70, 0x7e080501, 0xbf068004, 0xbf85fffa, 0xdc708004,
	 0x00000100, 0xbf810000},
	{0x7e000280, 0xdc526000, 0x01000000, 0xbf8903f7, 0x7e080501, 0xbf068004, 0xbfa2fffa, 0xdc6a0004,
	 0x00000100, 0xbfb00000},
	{0x7e000280, 0xee050000, 0x00080001, 0x00000000, 0xbfc00000, 0x7e080501, 0xbf068004, 0xbfa2fff9,
	 0xee068000, 0x00800000, 0x00000400, 0xbfb00000},
};

/*
 * 	v_mov_b32 v0, 0
 * 	v_mov_b32 v1, 1
 * 	global_store_b32 v0, v1, s[0:1]
 * 	s_endpgm
 */
static const uint32_t store_one[][WORDS] = {
	{0x7e000280, 0x7e020281, 0xdc708000, 0x00000100, 0xbf810000},
	{0x7e000280, 0x7e020281, 0xdc6a0000, 0x00000100, 0xbfb00000},
	{0x7e000280, 0x7e020281, 0xee068000, 0x00800000, 0x00000000, 0xbfb00000},
};

/*
 * 	v_mov_b32 v2, 0
 * 	v_mov_b32 v1, 1
 * 	s_mov_b32 exec_lo, 1
 * 	global_atomic_add_u32 v3, v2, v1, s[0:1] glc
 * 	s_waitcnt vmcnt(0)
 * wait:
 * 	s_sleep 1
 * 	global_load_b32 v3, v2, s[0:1] glc dlc
 * 	s_waitcnt vmcnt(0)
 * 	v_readfirstlane_b32 s4, v3
 * 	s_cmp_lt_u32 s4, s2
 * 	s_cbranch_scc1 wait
 * 	global_atomic_add_u32 v2, v1, s[0:1] offset:4
 * 	s_endpgm
 */
static const uint32_t grid_barrier[][WORDS] = {
	{0x7e040280, 0x7e020281, 0xbefe0381, 0xdcc98000, 0x03000102, 0xbf8c3f70, 0xbf8e0001, 0xdc319000,
	 0x03000002, 0xbf8c3f70, 0x7e080503, 0xbf0a0204, 0xbf85fff9, 0xdcc88004, 0x00000102, 0xbf810000},
	{0x7e040280, 0x7e020281, 0xbefe0081, 0xdcd64000, 0x03000102, 0xbf8903f7, 0xbf830001, 0xdc526000,
	 0x03000002, 0xbf8903f7, 0x7e080503, 0xbf0a0204, 0xbfa2fff9, 0xdcd60004, 0x00000102, 0xbfb00000},
	{0x7e040280, 0x7e020281, 0xbefe0081, 0xee0d4000, 0x00980003, 0x00000002, 0xbfc00000, 0xbf830001,
	 0xee050000, 0x00080003, 0x00000002, 0xbfc00000, 0x7e080503, 0xbf0a0204, 0xbfa2fff8, 0xee0d4000,
	 0x00800000, 0x00000402, 0xbfb00000},
};

/*
 * 	v_mov_b32 v0, 0
 * 	s_mov_b32 s4, 0
 * again:
 * 	global_load_b32 v1, v0, s[0:1]
 * 	s_waitcnt vmcnt(0)
 * 	v_readfirstlane_b32 s5, v1
 * 	s_add_u32 s4, s4, 1
 * 	s_cmp_lg_u32 s5, 0
 * 	s_cbranch_scc1 done
 * 	s_cmp_lt_u32 s4, s2
 * 	s_cbranch_scc1 again
 * done:
 * 	v_mov_b32 v1, s4
 * 	global_store_b32 v0, v1, s[0:1] offset:256
 * 	s_endpgm
 */
static const uint32_t count_reads[][WORDS] = {
	{0x7e000280, 0xbe840380, 0xdc308000, 0x01000000, 0xbf8c3f70, 0x7e0a0501, 0x80048104, 0xbf078005,
	 0xbf850002, 0xbf0a0204, 0xbf85fff7, 0x7e020204, 0xdc708100, 0x00000100, 0xbf810000},
	{0x7e000280, 0xbe840080, 0xdc520000, 0x01000000, 0xbf8903f7, 0x7e0a0501, 0x80048104, 0xbf078005,
	 0xbfa20002, 0xbf0a0204, 0xbfa2fff7, 0x7e020204, 0xdc6a0100, 0x00000100, 0xbfb00000},
	{0x7e000280, 0xbe840080, 0xee050000, 0x00000001, 0x00000000, 0xbfc00000, 0x7e0a0501, 0x80048104,
	 0xbf078005, 0xbfa20002, 0xbf0a0204, 0xbfa2fff6, 0x7e020204, 0xee068000, 0x00800000, 0x00010000,
	 0xbfb00000},
};

/*
 * loop:
 * 	s_branch loop
 */
static const uint32_t forever[][WORDS] = {
	{0xbf82ffff},
	{0xbfa0ffff},
	{0xbfa0ffff},
};

/*
 * 	v_mov_b32 v0, 0
 * 	v_cmp_eq_u32 vcc_lo, 5, v0
 * 	global_load_b32 v1, v0, s[0:1] offset:16
 * 	s_endpgm
 */
static const uint32_t bad_read[][WORDS] = {
	{0x7e000280, 0x7d840085, 0xdc308010, 0x01000000, 0xbf810000},
	{0x7e000280, 0x7c940085, 0xdc520010, 0x01000000, 0xbfb00000},
	{0x7e000280, 0x7c940085, 0xee050000, 0x00000001, 0x00001000, 0xbfb00000},
};

#define EACH_GENERATION(g) (uint32_t g = 10; g <= 12; g++)
#define FLAG		   (BASE + 0x3000)   /* not in the L2 */
#define DATA		   (BASE + 0x200000) /* in it */
#define OTHER_CODE	   (CODE + 0x100)
#define TURNS		   20000U
#define TGID_X		   (1U << 7)
#define SCRATCH_EN	   1U

static struct gpu_workers *workers;
static struct program p;

static void start_as(struct gpu_engine_config config)
{
	config.kind = GPU_ENGINE_COMPUTE;
	config.workers = workers;
	machine_start_as(config);
	machine.space.pages[3].uncached = true;
	program_begin(&p, config.generation);
	p.initiator |= W32;
	machine.now_ns = 1000;
}

static void start(uint32_t generation)
{
	start_as((struct gpu_engine_config){.generation = generation});
}

/* @groups of 64 work-items in 2 waves; s2 is that of the group if @number is none. */
#define GROUP_ID UINT32_MAX
static void emit_kernel(const uint32_t words[][WORDS], uint64_t code, uint64_t va, uint32_t number,
			uint32_t groups)
{
	memcpy(at(code), words[p.generation - 10], WORDS * sizeof(uint32_t));
	program_set(&p, PGM_LO, LO(code >> 8));
	program_set(&p, USER_DATA_0, LO(va));
	program_set(&p, USER_DATA_0 + 1, HI(va));
	program_set(&p, USER_DATA_0 + 2, number);
	program_set(&p, RSRC2, (number == GROUP_ID ? 2U : 3U) << 1 | TGID_X | (p.value[0x13] & SCRATCH_EN));
	p.dim[0] = groups * 64;
	emit_registers(&p);
	emit_dispatch(&p);
}

static void launch(void)
{
	struct gpu_job job = {.commands = COMMANDS, .bytes = p.used * 4, .space = &machine.space};

	memcpy(at(COMMANDS), p.words, p.used * 4);
	p.used = 0;
	gpu_engine_start(machine.engine, &job);
}

/* On with it, up to its end or a moment at which everything waits. */
static enum gpu_outcome go(void)
{
	enum gpu_outcome outcome = GPU_RUNNING;

	for (uint32_t i = 0; i < TURNS && outcome == GPU_RUNNING; i++)
		outcome = gpu_engine_run(machine.engine, 64);
	if (outcome == GPU_STOPPED)
		fail_msg("%s", gpu_engine_error(machine.engine)->text);
	return outcome;
}

static enum gpu_outcome go_to_the_end(void)
{
	enum gpu_outcome outcome = GPU_WAITING;

	for (uint32_t i = 0; i < TURNS && outcome == GPU_WAITING; i++)
		outcome = go();
	return outcome;
}

static const struct gpu_run *running(uint32_t index)
{
	return machine.engine->now.pipeline.kernels[index].run;
}

static uint64_t resident(const struct gpu_run *run)
{
	return run->next - run->ended;
}

/* ---- groups ---- */

static void every_group_runs_once(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			emit_kernel(numbers, CODE, DATA, GROUP_ID, 1000);
			emit_drain(&p);
			emit_write_back(&p);
			launch();
			assert_int_equal(go(), GPU_DONE);
			for (uint32_t i = 0; i < 64000; i++)
				assert_int_equal(*at(DATA + 4 * i), i);
			assert_true(gpu_engine_counters(machine.engine)->groups == 1000);
			machine_stop();
		}
}

static void a_last_group_may_be_smaller(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			memset(at(DATA), 0xff, 1024);
			emit_kernel(numbers, CODE, DATA, GROUP_ID, 0);
			p.used = 0;
			p.dim[0] = 64 + 37;
			emit_registers(&p);
			emit_dispatch(&p);
			emit_drain(&p);
			emit_write_back(&p);
			launch();
			assert_int_equal(go(), GPU_DONE);
			for (uint32_t i = 0; i < 256; i++)
				assert_int_equal(*at(DATA + 4 * i), i < 64 + 37 ? i : ~0U);
			machine_stop();
		}
}

/* ---- kernels that wait ---- */

static void a_kernel_waits_for_the_cpu(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			emit_kernel(poll, CODE, FLAG, 0, 1);
			emit_drain(&p);
			emit_store(&p, FLAG + 8, 9);
			launch();
			for (uint32_t i = 0; i < 10; i++)
				assert_int_equal(go(), GPU_WAITING);
			assert_int_equal(*at(FLAG + 8), 0);
			*at(FLAG) = 5;
			assert_int_equal(go_to_the_end(), GPU_DONE);
			assert_int_equal(*at(FLAG + 4), 5);
			assert_int_equal(*at(FLAG + 8), 9);
			machine_stop();
		}
}

/* Whether it sleeps in between or not, and whichever was launched first. */
static void a_kernel_waits_for_another(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			for (uint32_t seed = 1; seed < 9; seed++) {
				start_as((struct gpu_engine_config){.generation = g, .seed = seed});
				if (seed % 4 == 1)
					emit_kernel(store_one, OTHER_CODE, DATA, 0, 1);
				emit_kernel(seed % 2 ? poll : spin, CODE, DATA, 0, 3);
				if (seed % 4 != 1)
					emit_kernel(store_one, OTHER_CODE, DATA, 0, 1);
				emit_drain(&p);
				emit_write_back(&p);
				launch();
				assert_int_equal(go_to_the_end(), GPU_DONE);
				assert_int_equal(*at(DATA + 4), 1);
				machine_stop();
			}
		}
}

/* Of two queues of one GPU: each has its turn. */
static void a_kernel_waits_for_another_queue(void **state)
{
	struct gpu_cache *cache = gpu_cache_create();
	struct gpu_engine *first, *second, *own;

	(void)state;
	assert_non_null(cache);
	start(11);
	own = machine.engine;
	first = machine_engine_as((struct gpu_engine_config){
		.kind = GPU_ENGINE_COMPUTE, .generation = 11, .cache = cache, .workers = workers});
	second = machine_engine_as((struct gpu_engine_config){
		.kind = GPU_ENGINE_COMPUTE, .generation = 11, .cache = cache, .workers = workers});
	machine.engine = first;
	emit_kernel(spin, CODE, DATA, 0, 3);
	launch();
	for (uint32_t i = 0; i < 20; i++)
		assert_int_equal(gpu_engine_run(first, 64), GPU_RUNNING);
	machine.engine = second;
	emit_kernel(store_one, OTHER_CODE, DATA, 0, 1);
	assert_int_equal(program_run(&p), GPU_DONE);
	machine.engine = first;
	assert_int_equal(go_to_the_end(), GPU_DONE);
	gpu_engine_destroy(first);
	gpu_engine_destroy(second);
	gpu_cache_destroy(cache);
	machine.engine = own;
	machine_stop();
}

/* ---- what is resident ---- */

/* Two waves each, on one compute unit, which holds 32. */
static void all_groups_are_there_at_a_barrier_of_the_grid(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			for (uint32_t i = 0; i < 4; i++)
				program_set(&p, i < 2 ? THREAD_MGMT_SE0 + i : THREAD_MGMT_SE2 + i - 2, !i);
			emit_kernel(grid_barrier, CODE, FLAG, 16, 16);
			launch();
			assert_int_equal(go_to_the_end(), GPU_DONE);
			assert_int_equal(*at(FLAG), 32);
			assert_int_equal(*at(FLAG + 4), 32);
			/* one more than fits never gets its turn */
			*at(FLAG) = *at(FLAG + 4) = 0;
			emit_kernel(grid_barrier, CODE, FLAG, 34, 17);
			launch();
			for (uint32_t i = 0; i < 50; i++)
				assert_int_not_equal(gpu_engine_run(machine.engine, 64), GPU_DONE);
			assert_int_equal(*at(FLAG), 32);
			assert_true(resident(running(0)) == 16);
			gpu_engine_reset(machine.engine);
			/* with as much LDS as a unit has, it is one */
			*at(FLAG) = 0;
			emit_kernel(poll, CODE, FLAG, 0, 8);
			program_set(&p, RSRC2, 3 << 1 | TGID_X | 128 << 15);
			p.used = 0;
			emit_registers(&p);
			emit_dispatch(&p);
			launch();
			for (uint32_t i = 0; i < 5; i++)
				assert_int_not_equal(gpu_engine_run(machine.engine, 64), GPU_DONE);
			assert_true(resident(running(0)) == 1);
			*at(FLAG) = 1;
			assert_int_equal(go_to_the_end(), GPU_DONE);
			machine_stop();
		}
}

static void scratch_limits_what_is_resident(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			uint32_t waves = g >= 11 ? 2 * 4 : 6; /* of each of 4 shader engines, or of all */

			start(g);
			program_set(&p, TMPRING_SIZE, 1 << 12 | (g >= 11 ? 2 : 6));
			program_set(&p, SCRATCH_BASE_LO, LO(SCRATCH >> 8));
			program_set(&p, SCRATCH_BASE_LO + 1, HI(SCRATCH >> 8));
			program_set(&p, RSRC2, SCRATCH_EN);
			emit_kernel(poll, CODE, FLAG, 0, 20);
			launch();
			for (uint32_t i = 0; i < 5; i++)
				assert_int_equal(go(), GPU_WAITING);
			assert_true(resident(running(0)) == waves / 2);
			/* another of the same queue shares it */
			*at(FLAG) = 1;
			assert_int_equal(go_to_the_end(), GPU_DONE);
			*at(FLAG) = 0;
			emit_kernel(poll, CODE, FLAG, 0, 20);
			emit_kernel(poll, CODE, FLAG, 0, 20);
			launch();
			for (uint32_t i = 0; i < 5; i++)
				assert_int_equal(go(), GPU_WAITING);
			assert_true(resident(running(0)) + resident(running(1)) == waves / 2);
			*at(FLAG) = 1;
			assert_int_equal(go_to_the_end(), GPU_DONE);
			machine_stop();
		}
}

/* The base is told to gfx10 by the kernel's arguments, and a wave has its offset behind s3, the group's number. */
static const uint32_t use_scratch[][WORDS] = {
	{0x80000400, 0x82018001, 0xb980f814, 0xb981f815, 0x7e0202ff, 0x00001234, 0xdc704004, 0x007f0100,
	 0xbf810000},
	{0x7e0202ff, 0x00001234, 0xdc690004, 0x007c0100, 0xbfb00000},
	{0x7e0202ff, 0x00001234, 0xed06807c, 0x00800000, 0x00000400, 0xbfb00000},
};

static void waves_have_places_in_scratch(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			uint32_t waves = g >= 11 ? 2 * 4 : 6, wave_bytes = g >= 11 ? 256 : 1024;
			uint32_t found = 0;

			start(g);
			program_set(&p, TMPRING_SIZE, 1 << 12 | (g >= 11 ? 2 : 6));
			program_set(&p, SCRATCH_BASE_LO, LO(SCRATCH >> 8));
			program_set(&p, SCRATCH_BASE_LO + 1, HI(SCRATCH >> 8));
			program_set(&p, RSRC2, SCRATCH_EN);
			emit_kernel(use_scratch, CODE, SCRATCH, 0, 50);
			emit_drain(&p);
			emit_write_back(&p);
			launch();
			assert_int_equal(go(), GPU_DONE);
			for (uint32_t i = 0; i < 0x10000; i += 4) {
				if (*at(SCRATCH + i) == 0x1234)
					found++;
				else
					assert_int_equal(*at(SCRATCH + i), 0);
				assert_true(*at(SCRATCH + i) == 0 || i < waves * wave_bytes);
			}
			assert_true(found >= 64 && found % 64 == 0);
			machine_stop();
		}
}

/* ---- preemption and its like ---- */

#define OTHER_COMMANDS (BASE + 0x100000)

static void kernels_move_with_their_job(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			struct gpu_job job = {.commands = OTHER_COMMANDS, .space = &machine.space};
			struct gpu_suspended *suspended;

			start(g);
			emit_kernel(poll, CODE, FLAG, 0, 40);
			emit_drain(&p);
			emit_store(&p, FLAG + 8, 9);
			job.bytes = p.used * 4;
			memcpy(at(OTHER_COMMANDS), p.words, job.bytes);
			p.used = 0;
			gpu_engine_start(machine.engine, &job);
			assert_int_equal(go(), GPU_WAITING);
			suspended = gpu_engine_preempt(machine.engine);
			assert_non_null(suspended);
			/* another's turn, who writes what the first waits for */
			emit_kernel(store_one, OTHER_CODE, FLAG, 0, 1);
			launch();
			assert_int_equal(go(), GPU_DONE);
			assert_int_equal(*at(FLAG + 4), 0);
			gpu_engine_resume(machine.engine, suspended);
			assert_int_equal(go_to_the_end(), GPU_DONE);
			assert_int_equal(*at(FLAG + 4), 1);
			assert_int_equal(*at(FLAG + 8), 9);
			/* given up while it is away */
			*at(FLAG) = 0;
			gpu_engine_start(machine.engine, &job);
			assert_int_equal(go(), GPU_WAITING);
			suspended = gpu_engine_preempt(machine.engine);
			assert_non_null(suspended);
			gpu_suspended_destroy(suspended);
			machine_stop();
		}
}

static void what_is_dropped_is_gone(void **state)
{
	(void)state;
	start(11);
	for (uint32_t i = 0; i < 3; i++) {
		emit_kernel(i == 1 ? forever : poll, CODE, FLAG, 0, 100);
		launch();
		assert_int_not_equal(gpu_engine_run(machine.engine, 64), GPU_DONE);
		if (i < 2)
			gpu_engine_reset(machine.engine);
	}
	machine_stop();
}

/* ---- caches ---- */

static void a_line_stays_until_it_is_invalidated(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			struct gpu_workers *several = workers;

			workers = NULL;
			start(g);
			workers = several;
			for (uint32_t i = 0; i < 3; i++) {
				if (i == 2)
					emit_acquire(&p);
				emit_kernel(count_reads, CODE, FLAG, 3, 1);
				launch();
				assert_int_equal(go(), GPU_DONE);
				/* the second does not see what was written, the third does */
				assert_int_equal(*at(FLAG + 256), i < 2 ? 3 : 1);
				*at(FLAG) = 1;
			}
			machine_stop();
		}
}

static uint32_t unit_reads(struct gpu_unit *unit, enum isa_scope scope, uint64_t va)
{
	uint32_t value = 0;

	assert_true(unit->isa.ops->read(unit, ISA_VECTOR, scope, va, &value, sizeof(value)));
	return value;
}

static uint64_t add_one(uint64_t old, const void *operands)
{
	(void)operands;
	return old + 1;
}

static void each_unit_has_its_own_caches(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			struct gpu_unit *one, *two;
			uint32_t five = 5;
			uint64_t old;

			start(g);
			one = gpu_engine_unit(machine.engine, 0);
			two = gpu_engine_unit(machine.engine, 1);
			gpu_unit_enter(one, &machine.space);
			gpu_unit_enter(two, &machine.space);
			assert_int_equal(unit_reads(one, ISA_SCOPE_UNIT, DATA), 0);
			assert_true(two->isa.ops->write(two, ISA_SCOPE_UNIT, DATA, &five, 4));
			assert_int_equal(unit_reads(two, ISA_SCOPE_UNIT, DATA), 5);
			assert_int_equal(unit_reads(one, ISA_SCOPE_UNIT, DATA), 0);
			/* what is not common to the readers is passed by */
			assert_int_equal(unit_reads(one, ISA_SCOPE_ARRAY, DATA), g < 12 ? 0 : 5);
			assert_int_equal(unit_reads(one, ISA_SCOPE_DEVICE, DATA), 5);
			/* an atomic is where all see it, and leaves no old line */
			assert_int_equal(unit_reads(one, ISA_SCOPE_UNIT, DATA + 128), 0);
			assert_true(one->isa.ops->atomic(one, ISA_SCOPE_DEVICE, DATA + 128, 4, add_one, NULL,
							 &old));
			assert_true(old == 0);
			assert_int_equal(unit_reads(one, ISA_SCOPE_UNIT, DATA + 128), 1);
			assert_int_equal(unit_reads(two, ISA_SCOPE_UNIT, DATA + 128), 1);
			/* instructions that invalidate are for the own unit */
			assert_int_equal(unit_reads(one, ISA_SCOPE_UNIT, DATA + 256), 0);
			assert_int_equal(unit_reads(two, ISA_SCOPE_UNIT, DATA + 256), 0);
			*at(FLAG) = 3;
			assert_int_equal(unit_reads(one, ISA_SCOPE_UNIT, FLAG), 3);
			assert_int_equal(unit_reads(two, ISA_SCOPE_UNIT, FLAG), 3);
			*at(FLAG) = 4;
			one->isa.ops->cache(one, ISA_INVALIDATE_VECTOR | ISA_INVALIDATE_L1);
			assert_int_equal(unit_reads(one, ISA_SCOPE_UNIT, FLAG), 4);
			assert_int_equal(unit_reads(two, ISA_SCOPE_UNIT, FLAG), 3);
			/* those of packets for all */
			gpu_fronts_invalidate(machine.engine, ~0U);
			assert_int_equal(unit_reads(two, ISA_SCOPE_UNIT, FLAG), 4);
			machine_stop();
		}
}

/* ---- the CPU beside it ---- */

static atomic_bool counting;

static void *count(void *arg)
{
	uint32_t *word = arg;

	while (atomic_load(&counting))
		++*word;
	return NULL;
}

/* In the same line as what the kernel polls and writes. */
static void a_cpu_works_beside_a_kernel(void **state)
{
	pthread_t thread;

	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			atomic_store(&counting, true);
			assert_int_equal(pthread_create(&thread, NULL, count, at(FLAG + 64)), 0);
			emit_kernel(poll, CODE, FLAG, 0, 8);
			emit_kernel(count_reads, OTHER_CODE, DATA, 200, 8);
			launch();
			for (uint32_t i = 0; i < 20; i++)
				assert_int_equal(go(), GPU_WAITING);
			__atomic_store_n(at(FLAG), 1, __ATOMIC_RELEASE);
			assert_int_equal(go_to_the_end(), GPU_DONE);
			atomic_store(&counting, false);
			assert_int_equal(pthread_join(thread, NULL), 0);
			machine_stop();
		}
}

/* ---- faults ---- */

static void a_fault_tells_who_it_was(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			const char *text;

			start(g);
			emit_kernel(bad_read, CODE, 0x123456000, GROUP_ID, 1);
			launch();
			while (gpu_engine_run(machine.engine, 64) == GPU_RUNNING)
				;
			text = gpu_engine_error(machine.engine)->text;
			if (!strstr(text, g == 10 ? "global_load_dword" : "global_load_b32") ||
			    !strstr(text, "read of 0x123456") || !strstr(text, "in group 0,0,0 wave") ||
			    !strstr(text, "lane 0: not mapped"))
				fail_msg("%s", text);
			assert_int_equal(gpu_engine_error(machine.engine)->kind, GPU_ERROR_PAGE_FAULT);
			assert_true(gpu_engine_error(machine.engine)->va >= 0x123456000 &&
				    gpu_engine_error(machine.engine)->va <= 0x123456010);
			machine_stop();
		}
}

/* A code object as a loader leaves it: header, program headers, dynamic section, symbols and names, and code. */
static void put_code_object(uint64_t va, uint32_t code, const char *name)
{
	Elf64_Ehdr header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB},
		.e_type = ET_DYN,
		.e_machine = 224,
		.e_phoff = 0x40,
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 2,
	};
	Elf64_Phdr segments[] = {{.p_type = PT_LOAD}, {.p_type = PT_DYNAMIC, .p_vaddr = 0x200}};
	Elf64_Dyn dynamic[] = {
		{DT_SYMTAB, {0x300}}, {DT_STRTAB, {0x400}}, {DT_STRSZ, {0x100}}, {DT_NULL, {0}}};
	Elf64_Sym symbols[] = {
		{.st_name = 0},
		{.st_name = 1, .st_info = STT_OBJECT, .st_shndx = 1, .st_value = code},
		{.st_name = 1, .st_info = STT_FUNC, .st_shndx = 1, .st_value = code},
	};

	memcpy(at(va), &header, sizeof(header));
	memcpy(at(va + 0x40), segments, sizeof(segments));
	memcpy(at(va + 0x200), dynamic, sizeof(dynamic));
	memcpy(at(va + 0x300), symbols, sizeof(symbols));
	memcpy((char *)at(va + 0x400) + 1, name, strlen(name) + 1);
}

static void a_fault_names_the_kernel(void **state)
{
	const uint64_t object = CODE - 0x3000;

	(void)state;
	for (uint32_t i = 0; i < 6; i++) {
		const char *text;

		start(11);
		put_code_object(object, 0x3000, i == 1 ? "" : i == 2 ? "a\nb" : "vector_add");
		if (i == 3)
			at(object)[0] = 0;
		if (i == 4)
			machine.space.pages[(object - BASE) / PAGE + 1].fault[GPU_READ] = GPU_FAULT_UNMAPPED;
		if (i == 5)
			*at(object + 0x208) = 0xffffff00; /* symbols nowhere */
		emit_kernel(bad_read, CODE, 0x123456000, GROUP_ID, 1);
		launch();
		while (gpu_engine_run(machine.engine, 64) == GPU_RUNNING)
			;
		text = gpu_engine_error(machine.engine)->text;
		if (i ? strstr(text, "kernel dispatched at +0x") != text
		      : strstr(text, "kernel vector_add, dispatched at +0x") != text)
			fail_msg("%s", text);
		assert_true(gpu_engine_error(machine.engine)->va - 0x123456000 <= 0x10);
		machine_stop();
	}
}

static void what_cannot_be_executed_is_refused(void **state)
{
	(void)state;
	start_as((struct gpu_engine_config){.generation = 10, .minor = 1});
	emit_kernel(store_one, CODE, FLAG, 0, 1);
	assert_stopped(program_run(&p), GPU_ERROR_UNSUPPORTED, "kernels of gfx10.1.0 are not simulated");
	machine.engine->config.skip_kernels = true;
	emit_kernel(store_one, CODE, FLAG, 0, 1);
	assert_int_equal(program_run(&p), GPU_DONE);
	machine_stop();
	/* 2 waves, and scratch for one */
	start(10);
	program_set(&p, TMPRING_SIZE, 1 << 12 | 1);
	program_set(&p, RSRC2, SCRATCH_EN);
	emit_kernel(store_one, CODE, FLAG, 0, 1);
	assert_stopped(program_run(&p), GPU_ERROR_UNSUPPORTED,
		       "a work-group of 2 waves with scratch for 1 of them");
	machine_stop();
}

static char table[8][512];
static uint32_t table_lines;

static void add_line(const char *text)
{
	assert_true(table_lines < 8);
	snprintf(table[table_lines++], sizeof(table[0]), "%s", text);
}

static void a_profile_has_a_line_for_each_kernel(void **state)
{
	struct gpu_profile *profile = gpu_profile_create();
	unsigned long long dispatches, groups, waves, instructions, vector, lanes, memory, read, written;

	(void)state;
	assert_non_null(profile);
	table_lines = 0;
	gpu_profile_print(profile, add_line);
	assert_int_equal(table_lines, 0);
	start_as((struct gpu_engine_config){.generation = 11, .profile = profile});
	put_code_object(CODE - 0x3000, 0x3000, "vector_add");
	for (uint32_t i = 0; i < 3; i++)
		emit_kernel(numbers, CODE, DATA, GROUP_ID, 10);
	emit_kernel(store_one, OTHER_CODE, FLAG, 0, 1);
	emit_drain(&p);
	launch();
	assert_int_equal(go(), GPU_DONE);
	gpu_profile_print(profile, add_line);
	assert_int_equal(table_lines, 3);
	for (uint32_t i = 1; i < 3; i++) {
		bool first = strstr(table[i], "vector_add");

		assert_true(first || strstr(table[i], "0x7f1200010100"));
		assert_int_equal(sscanf(table[i], "%llu %llu %llu %llu %llu %llu %llu %llu %llu", &dispatches,
					&groups, &waves, &instructions, &vector, &lanes, &memory, &read,
					&written),
				 9);
		assert_true(dispatches == (first ? 3 : 1));
		assert_true(groups == (first ? 30 : 1));
		assert_true(waves == (first ? 60 : 2));
		assert_true(instructions == (first ? 60 * 4 : 2 * 4));
		assert_true(vector == (first ? 60 * 2 : 2 * 2) && lanes == vector * 32);
		assert_true(memory == (first ? 60 : 2) && read == 0);
		assert_true(written == memory * 32 * 4);
	}
	machine_stop();
	gpu_profile_destroy(profile);
}

static int make_workers(void **state)
{
	(void)state;
	workers = gpu_workers_create(4, NULL);
	return workers ? 0 : -1;
}

static int end_workers(void **state)
{
	(void)state;
	gpu_workers_destroy(workers);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_group_runs_once),
		cmocka_unit_test(a_last_group_may_be_smaller),
		cmocka_unit_test(a_kernel_waits_for_the_cpu),
		cmocka_unit_test(a_kernel_waits_for_another),
		cmocka_unit_test(a_kernel_waits_for_another_queue),
		cmocka_unit_test(all_groups_are_there_at_a_barrier_of_the_grid),
		cmocka_unit_test(scratch_limits_what_is_resident),
		cmocka_unit_test(waves_have_places_in_scratch),
		cmocka_unit_test(kernels_move_with_their_job),
		cmocka_unit_test(what_is_dropped_is_gone),
		cmocka_unit_test(a_line_stays_until_it_is_invalidated),
		cmocka_unit_test(each_unit_has_its_own_caches),
		cmocka_unit_test(a_cpu_works_beside_a_kernel),
		cmocka_unit_test(a_fault_tells_who_it_was),
		cmocka_unit_test(a_fault_names_the_kernel),
		cmocka_unit_test(what_cannot_be_executed_is_refused),
		cmocka_unit_test(a_profile_has_a_line_for_each_kernel),
	};

	return cmocka_run_group_tests(tests, make_workers, end_workers);
}
