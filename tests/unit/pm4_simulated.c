// SPDX-License-Identifier: MIT
/* What the builders write, run by the simulated engines, whose tables were written without them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gpu_program.h"
#include "pm4/dispatch.h"
#include "pm4/sdma.h"

#define DATA   (BASE + 0x8000)
#define STAMP  (BASE + 0x8040)
#define WAVES  32U
#define BUDGET 256U

static uint32_t words[BUDGET];
static struct pm4_buffer buffer;
static struct pm4_shadow shadow;

static void start(uint32_t g, enum gpu_engine_kind kind)
{
	machine_start(9 + g, kind);
	memset(words, 0xff, sizeof(words));
	pm4_begin(&buffer, (enum pm4_generation)g, words, BUDGET);
	pm4_shadow_forget(&shadow);
}

static void run_all(void)
{
	uint32_t bytes;

	assert_int_equal(pm4_end(&buffer, &bytes), 0);
	if (run(words, bytes / 4) != GPU_DONE)
		fail_msg("gfx%u: %s", 9U + buffer.generation, gpu_engine_error(machine.engine)->text);
}

/* Of 4 user SGPRs and scratch; code that ends at once is put there. */
static struct pm4_dispatch some_dispatch(enum pm4_generation generation)
{
	struct pm4_dispatch d = {
		.code = CODE,
		.rsrc2 = 4 << 1 | 1,
		.rsrc3 = generation >= PM4_GFX11 ? 4 << 4 : 0,
		.lds_bytes = 1000,
		.wave32 = generation != PM4_GFX9,
		.group = {64, 2, 1},
		.grid = {100, 3, 2},
		.user_data_count = 4,
		.scratch_base = SCRATCH,
	};

	put_kernel(9U + generation, CODE);
	memset(d.cu_mask, 0xff, sizeof(d.cu_mask));
	assert_true(pm4_tmpring(generation, WAVES, 1024, 1, &d.tmpring));
	pm4_scratch_resource(generation, SCRATCH, WAVES * 1024, d.wave32, d.user_data);
	return d;
}

static void dispatches_run(void **state)
{
	(void)state;
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		struct pm4_dispatch d;

		start(g, GPU_ENGINE_COMPUTE);
		d = some_dispatch(buffer.generation);
		pm4_acquire_code(&buffer);
		for (uint32_t i = 0; i < 3; i++) {
			pm4_drain(&buffer);
			pm4_acquire(&buffer, (enum pm4_scope)i);
			d.grid[2] = 1 + i;
			d.lds_bytes = i * 512;
			pm4_dispatch(&buffer, &shadow, &d);
			pm4_drain(&buffer);
			pm4_release(&buffer, (enum pm4_scope)i);
		}
		pm4_pad(&buffer, 32);
		run_all();
		assert_int_equal(gpu_engine_counters(machine.engine)->dispatches, 3);
		machine_stop();
	}
}

/* Of a machine with all the shader engines there can be, so that every mask counts. */
static void start_wide(uint32_t g)
{
	machine_start_as((struct gpu_engine_config){
		.kind = GPU_ENGINE_COMPUTE, .generation = 9 + g, .shader_engines = g < PM4_GFX11 ? 4 : 8});
	pm4_begin(&buffer, (enum pm4_generation)g, words, BUDGET);
	pm4_shadow_forget(&shadow);
}

/* Without any one of the registers, the engine does not take the dispatch. */
static void every_register_is_needed(void **state)
{
	(void)state;
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		struct pm4_dispatch d;
		uint32_t offsets[64], count = 0;

		start_wide(g);
		d = some_dispatch(buffer.generation);
		pm4_dispatch(&buffer, &shadow, &d);
		assert_int_equal(buffer.error, 0);
		for (uint32_t i = 0; i + 5 < buffer.used; i += (words[i] >> 16 & 0x3fff) + 2)
			for (uint32_t k = 0; k < (words[i] >> 16 & 0x3fff); k++)
				offsets[count++] = words[i + 1] + k;
		run_all();
		for (uint32_t left_out = 0; left_out < count; left_out++) {
			uint32_t some[BUDGET], used = 0;

			for (uint32_t i = 0; i + 5 < buffer.used; i += (words[i] >> 16 & 0x3fff) + 2) {
				for (uint32_t k = 0; k < (words[i] >> 16 & 0x3fff); k++) {
					if (words[i + 1] + k == offsets[left_out])
						continue;
					some[used++] = 0xc0017602;
					some[used++] = words[i + 1] + k;
					some[used++] = words[i + 2 + k];
				}
			}
			memcpy(some + used, words + buffer.used - 5, 5 * sizeof(*some));
			assert_stopped(run(some, used + 5), GPU_ERROR_PACKET, "has not been written");
		}
		machine_stop();
	}
}

static void stores_and_atomics_reach_memory(void **state)
{
	const struct pm4_release release = {.data = PM4_DATA_64, .va = DATA + 16, .value = 77};
	const uint32_t data = 4711;

	(void)state;
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		start(g, GPU_ENGINE_COMPUTE);
		machine.clock = 0x123456789abc;
		*at64(DATA) = 1;
		pm4_copy_clock(&buffer, STAMP);
		pm4_write_data(&buffer, DATA + 8, &data, 1);
		pm4_atomic_add64(&buffer, DATA, -1);
		pm4_atomic_add64(&buffer, DATA, -1);
		pm4_release(&buffer, PM4_SCOPE_SYSTEM);
		pm4_release_mem(&buffer, &release);
		run_all();
		assert_true(*at64(DATA) == UINT64_MAX);
		assert_true(*at64(STAMP) != 0);
		assert_int_equal(*at(DATA + 8), 4711);
		assert_int_equal(*at(DATA + 16), 77);
		machine_stop();
	}
}

/* As a kernel's: they stay in L2. */
static void cached_copy(uint64_t to, uint64_t from)
{
	const uint32_t packet[] = {0xc0044002, 0x00100202, LO(from), HI(from), LO(to), HI(to)};

	pm4_raw(&buffer, packet, 6);
}

static void cached_write(uint64_t to, uint32_t value)
{
	const uint32_t packet[] = {0xc0033702, 0x00100500, LO(to), HI(to), value};

	pm4_raw(&buffer, packet, 5);
}

static void next_buffer(void)
{
	pm4_begin(&buffer, buffer.generation, words, BUDGET);
}

static void a_release_of_the_system_reaches_memory(void **state)
{
	(void)state;
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		start(g, GPU_ENGINE_COMPUTE);
		cached_write(DATA, 1);
		pm4_release(&buffer, PM4_SCOPE_AGENT);
		pm4_acquire(&buffer, PM4_SCOPE_AGENT);
		run_all();
		assert_int_equal(*at(DATA), 0);
		next_buffer();
		pm4_release(&buffer, PM4_SCOPE_SYSTEM);
		run_all();
		assert_int_equal(*at(DATA), 1);
		machine_stop();
	}
}

static void an_acquire_of_the_system_reads_memory_and_loses_nothing(void **state)
{
	(void)state;
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		for (enum pm4_scope scope = PM4_SCOPE_NONE; scope <= PM4_SCOPE_SYSTEM; scope++) {
			start(g, GPU_ENGINE_COMPUTE);
			*at(DATA) = 1;
			cached_copy(DATA + 0x100, DATA);
			cached_write(DATA + 0x200, 3); /* other work's, not released yet */
			run_all();
			*at(DATA) = 2;
			next_buffer();
			pm4_acquire(&buffer, scope);
			cached_copy(DATA + 0x300, DATA);
			pm4_release(&buffer, PM4_SCOPE_SYSTEM);
			run_all();
			assert_int_equal(*at(DATA + 0x300), scope == PM4_SCOPE_SYSTEM ? 2 : 1);
			assert_int_equal(*at(DATA + 0x200), 3);
			machine_stop();
		}
	}
}

/* The kernel's place gets words that are none: they are met when instructions are read anew, and not before. */
static void changed_code_is_met_after_its_acquire(void **state)
{
	(void)state;
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		struct pm4_dispatch d;

		start(g, GPU_ENGINE_COMPUTE);
		d = some_dispatch(buffer.generation);
		pm4_acquire_code(&buffer);
		pm4_dispatch(&buffer, &shadow, &d);
		run_all();
		memset(at(CODE), 0, 256);
		next_buffer();
		pm4_shadow_forget(&shadow);
		pm4_acquire(&buffer, PM4_SCOPE_SYSTEM);
		pm4_dispatch(&buffer, &shadow, &d);
		pm4_drain(&buffer);
		run_all();
		next_buffer();
		pm4_shadow_forget(&shadow);
		pm4_acquire_code(&buffer);
		pm4_dispatch(&buffer, &shadow, &d);
		pm4_drain(&buffer);
		assert_int_not_equal(run(words, buffer.used), GPU_DONE);
		machine_stop();
	}
}

static void sdma_stores_reach_memory(void **state)
{
	struct sdma_seen seen;

	(void)state;
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		start(g, GPU_ENGINE_SDMA);
		sdma_write64(&buffer, DATA, 0x1122334455667788);
		sdma_pad(&buffer, 64);
		sdma_fill(words + buffer.used, 16);
		buffer.used += 16;
		run_all();
		assert_true(*at64(DATA) == 0x1122334455667788);
		for (uint32_t i = 0; i < buffer.used; i += seen.words)
			assert_int_equal(sdma_look(buffer.generation, words + i, buffer.used - i, &seen), 0);
		machine_stop();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dispatches_run),
		cmocka_unit_test(every_register_is_needed),
		cmocka_unit_test(stores_and_atomics_reach_memory),
		cmocka_unit_test(a_release_of_the_system_reaches_memory),
		cmocka_unit_test(an_acquire_of_the_system_reads_memory_and_loses_nothing),
		cmocka_unit_test(changed_code_is_met_after_its_acquire),
		cmocka_unit_test(sdma_stores_reach_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
