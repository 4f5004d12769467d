// SPDX-License-Identifier: MIT
/*
 * Fences and dispatches as the builders write them, on each generation: take any one cache action, event, register or
 * packet out, and the simulated GPU or somebody who reads its memory notices.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mutation.h"
#include "pm4/dispatch.h"
#include "util/compiler.h"

/* Two kernels and their scratch, so far apart that all of their address registers differ. */
#define CODE_A	  0x5700000100ULL
#define CODE_B	  0x125800020200ULL
#define SCRATCH_A 0x5900000000ULL
#define SCRATCH_B 0x135a00010000ULL
#define WORDS_VA  0xfffe00000000ULL /* where only an action on all of memory gets */

#define BUDGET	     512U
#define CODE_BYTES   4096U
#define SCRATCH_SIZE 65536U
#define SIGNAL	     0U
#define FENCE_64     1U
#define FENCE_32     2U

static struct pm4_buffer buffer;
static struct pm4_shadow shadow;
static uint32_t words[BUDGET];
static uint32_t first_job; /* words of it, if there are two */
static uint64_t *memory;   /* of the CPU and the GPU */
static uint32_t *code_a, *code_b;
static uint8_t *scratch_a, *scratch_b;

static uint64_t va(uint32_t word)
{
	return WORDS_VA + word * 128ULL;
}

static uint64_t *at(uint32_t word)
{
	return memory + word * 16U;
}

static int setup(void **state)
{
	(void)state;
	memory = aligned_alloc(4096, 4096);
	code_a = aligned_alloc(4096, CODE_BYTES);
	code_b = aligned_alloc(4096, CODE_BYTES);
	scratch_a = aligned_alloc(4096, SCRATCH_SIZE);
	scratch_b = aligned_alloc(4096, SCRATCH_SIZE);
	return memory && code_a && code_b && scratch_a && scratch_b ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	free(memory);
	free(code_a);
	free(code_b);
	free(scratch_a);
	free(scratch_b);
	return 0;
}

static void restore(void *data)
{
	(void)data;
	memset(memory, 0, 4096);
	*at(SIGNAL) = 2;
}

static void begin(enum pm4_generation generation)
{
	pm4_begin(&buffer, generation, words, BUDGET);
	pm4_shadow_forget(&shadow);
	first_job = 0;
	for (uint32_t i = 0; i < CODE_BYTES / 4; i++)
		code_a[i] = code_b[i] = watch_end_of_kernel(9U + generation);
}

/* The two differ in every register that can differ. */
static struct pm4_dispatch kernel(enum pm4_generation generation, bool second)
{
	struct pm4_dispatch d = {
		.code = second ? CODE_B : CODE_A,
		.rsrc1 = second ? 0x2c0042 : 0x2c0001,
		.rsrc2 = 1 | 16 << 1 | (second ? 3U << 7 : 1U << 7),
		.lds_bytes = second ? 4096 : 512,
		.wave32 = generation != PM4_GFX9 && !second,
		.group = {second ? 16 : 8, second ? 2 : 4, second ? 4 : 2},
		.grid = {second ? 33 : 100, second ? 5 : 3, second ? 7 : 2},
		.user_data_count = PM4_USER_DATA_MAX,
		.scratch_base = second ? SCRATCH_B : SCRATCH_A,
	};

	if (generation != PM4_GFX9)
		d.rsrc3 = generation == PM4_GFX10 ? second : second ? 5U << 4 : 4U << 4;
	for (uint32_t i = 0; i < PM4_USER_DATA_MAX; i++)
		d.user_data[i] = (second ? 0x200U : 0x100U) + i;
	/* another number of units for each */
	for (uint32_t i = 0; i < PM4_SHADER_ENGINES; i++)
		d.cu_mask[i] = second ? 3 : 1;
	assert_true(pm4_tmpring(generation, second ? 16 : 8, second ? 2048 : 1024,
				generation >= PM4_GFX11 ? 8 : 4, &d.tmpring));
	return d;
}

static void dispatch(bool second)
{
	const struct pm4_dispatch d = kernel(buffer.generation, second);

	pm4_dispatch(&buffer, &shadow, &d);
}

static void run(const char *name, bool system)
{
	struct mutation mutation = {
		.name = name,
		.generation = buffer.generation,
		.watch =
			{
				.generation = 9U + buffer.generation,
				.strict_acquire = true,
				.strict_release = true,
				.ranges =
					{
						{WORDS_VA, memory, 4096, false},
						{CODE_A - CODE_A % 4096, code_a, CODE_BYTES, false},
						{CODE_B - CODE_B % 4096, code_b, CODE_BYTES, false},
						{SCRATCH_A, scratch_a, SCRATCH_SIZE, false},
						{SCRATCH_B, scratch_b, SCRATCH_SIZE, false},
					},
				.range_count = 5,
				.jobs = {{words, first_job, system}, {words + first_job, 0, system}},
				.job_count = 2,
				.words = {at(SIGNAL), at(FENCE_64), at(FENCE_32)},
				.word_count = 3,
			},
		.fresh = system,
		.launches = 2,
		.restore = restore,
	};
	uint32_t bytes;

	assert_int_equal(pm4_end(&buffer, &bytes), 0);
	mutation.watch.jobs[1].count = bytes / 4 - first_job;
	mutation_run(&mutation);
}

/* What ends a packet with a signal. */
static void signal_done(void)
{
	pm4_drain(&buffer);
	pm4_release(&buffer, PM4_SCOPE_SYSTEM);
	pm4_atomic_add64(&buffer, va(SIGNAL), -1);
}

static void fences_of_the_system(void **state)
{
	(void)state;
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		begin((enum pm4_generation)g);
		pm4_acquire_code(&buffer);
		dispatch(false);
		signal_done();
		pm4_acquire(&buffer, PM4_SCOPE_SYSTEM);
		dispatch(true);
		signal_done();
		/* the last signal, where it stays in L2 */
		if (g == PM4_GFX9 || g == PM4_GFX12)
			pm4_release(&buffer, PM4_SCOPE_SYSTEM);
		run("fences of the system", true);
	}
}

static void fences_of_the_agent(void **state)
{
	(void)state;
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		begin((enum pm4_generation)g);
		pm4_acquire(&buffer, PM4_SCOPE_AGENT);
		dispatch(false);
		pm4_drain(&buffer);
		pm4_release(&buffer, PM4_SCOPE_AGENT);
		pm4_acquire(&buffer, PM4_SCOPE_AGENT);
		dispatch(true);
		run("fences of the agent", false);
	}
}

static void wait_for(uint32_t word, uint64_t value)
{
	pm4_wait_mem64(&buffer,
		       &(struct pm4_wait){
			       .va = va(word), .compare = PM4_EQUAL, .reference = value, .mask = UINT64_MAX});
}

/* As what ends a slice of a ring of packets. */
static void end_of_slice(uint64_t value)
{
	pm4_release_mem(&buffer, &(struct pm4_release){.actions = PM4_RELEASE_WRITE_BACK_L2,
						       .data = PM4_DATA_64,
						       .va = va(FENCE_64),
						       .value = value});
}

/* RELEASE_MEM: as the translators of rings write it, and with all there is. */
static void releases_at_the_end_of_the_pipe(void **state)
{
	(void)state;
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		bool scalar = g >= PM4_GFX11; /* what is not invalidated before gfx11 */

		begin((enum pm4_generation)g);
		pm4_acquire(&buffer, scalar ? PM4_SCOPE_SYSTEM : PM4_SCOPE_AGENT);
		dispatch(false);
		end_of_slice(0x100000002);
		first_job = buffer.used;
		pm4_shadow_forget(&shadow);
		pm4_release_mem(&buffer, &(struct pm4_release){
						 .actions = PM4_RELEASE_ALL_ACTIONS &
							    ~(scalar ? 0 : PM4_RELEASE_INVALIDATE_K),
						 .data = PM4_DATA_32,
						 .va = va(FENCE_32),
						 .value = 3,
					 });
		wait_for(FENCE_32, 3);
		dispatch(true);
		end_of_slice(0x200000003);
		run("releases at the end of the pipe", scalar);
	}
}

static void everything_was_missed(void **state)
{
	(void)state;
	mutation_end(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fences_of_the_system),
		cmocka_unit_test(fences_of_the_agent),
		cmocka_unit_test(releases_at_the_end_of_the_pipe),
		cmocka_unit_test(everything_was_missed),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
