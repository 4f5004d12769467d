// SPDX-License-Identifier: MIT
/*
 * The library's packets on the simulated engines, whose tables are written down apart: everything that is built is
 * accepted and does what was asked for, and nothing of it can be left out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "dxgsim/gpu/state.h"
#include "gpu_machine.h"
#include "pm4/dispatch.h"
#include "pm4/pm4.h"
#include "pm4/sdma.h"
#include "pm4/walk.h"

#define X	  (BASE + 0x3000) /* what programs share with the GPU is not in the L2 */
#define CACHED	  (BASE + 0x5000)
#define CODE	  (BASE + 0x10000)
#define KERNEL(i) (CODE + (i)*0x100ULL)
#define SCRATCH	  (BASE + 0x100000)
#define WORDS	  1024U

#define EACH_GENERATION(g) (g = PM4_GFX9; g < PM4_GENERATION_COUNT; g++)

static struct pm4_buffer b;
static uint32_t words[WORDS];

static void begin(enum pm4_generation g)
{
	pm4_begin(&b, g, words, WORDS);
}

static void start_as(enum pm4_generation g, struct gpu_engine_config config)
{
	config.generation = 9 + (uint32_t)g;
	config.shader_engines = g >= PM4_GFX11 ? 8 : 4;
	machine_start_as(config);
	machine.space.pages[3].uncached = true;
	for (uint32_t i = 0; i < 16; i++)
		*at(KERNEL(i)) = g >= PM4_GFX11 ? 0xbfb00000 : 0xbf810000;
	begin(g);
}

static void start(enum pm4_generation g)
{
	start_as(g, (struct gpu_engine_config){.kind = GPU_ENGINE_COMPUTE});
}

/* Every packet ends where the next begins, in the library's eyes, too. */
static void assert_walkable(void)
{
	struct pm4_seen seen;

	for (uint32_t i = 0; i < b.used; i += seen.words) {
		assert_int_equal(pm4_look(b.generation, words + i, b.used - i, &seen), 0);
		assert_false(seen.interrupts);
	}
}

static enum gpu_outcome run_built(void)
{
	uint32_t bytes = 0;

	assert_int_equal(pm4_end(&b, &bytes), 0);
	assert_walkable();
	begin(b.generation);
	return run(words, bytes / 4);
}

static void assert_done(void)
{
	if (run_built() != GPU_DONE)
		fail_msg("gfx%d: %s", 9 + (int)b.generation, gpu_engine_error(machine.engine)->text);
}

/* ---- single packets ---- */

static void stores_and_copies(void **state)
{
	static const uint32_t data[] = {1, 2, 3, 4, 5};
	enum pm4_generation g;

	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			pm4_nop(&b, 1);
			pm4_nop(&b, 2);
			pm4_nop(&b, 17);
			pm4_write_data(&b, X, data, 5);
			pm4_copy_data(&b, X + 0x20, X, 8);
			pm4_copy_data(&b, X + 0x28, X + 4, 4);
			pm4_copy_clock(&b, X + 0x30);
			pm4_atomic_add64(&b, X + 0x38, -1);
			pm4_raw(&b, (const uint32_t[]){0xffff1000}, 1);
			pm4_pad(&b, 256);
			machine.clock = 0x123456789abULL;
			*at64(X + 0x38) = 0x100000000ULL;
			assert_done();
			assert_memory_equal(at(X), data, sizeof(data));
			assert_int_equal(*at(X + 20), 0);
			assert_true(*at64(X + 0x20) == 0x200000001ULL);
			assert_true(*at64(X + 0x28) == 2);
			assert_true(*at64(X + 0x30) == 0x123456789abULL);
			assert_true(*at64(X + 0x38) == 0xffffffffULL);
			machine_stop();
		}
}

static void waits(void **state)
{
	static const struct {
		enum pm4_compare compare;
		bool below, equal, above;
	} compares[] = {
		{PM4_LESS, true, false, false},
		{PM4_LESS_OR_EQUAL, true, true, false},
		{PM4_EQUAL, false, true, false},
		{PM4_NOT_EQUAL, true, false, true},
		{PM4_GREATER_OR_EQUAL, false, true, true},
		{PM4_GREATER, false, false, true},
	};
	enum pm4_generation g;

	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			for (uint32_t i = 0; i < 18 * 2; i++) {
				uint32_t which = i / 6, by = i / 2 % 3;
				bool wide = i % 2;
				struct pm4_wait wait = {
					.va = X + 8,
					.compare = compares[which].compare,
					.reference = wide ? 0x500000005ULL : 5,
					.mask = wide ? 0xf0000000fULL : 0xf,
				};
				bool passes = by == 0	? compares[which].below
					      : by == 1 ? compares[which].equal
							: compares[which].above;

				*at64(X + 8) = (wide ? wait.reference : 5) + by - 1;
				*at64(X + 8) |= 0xf0; /* not under the mask */
				if (wide)
					pm4_wait_mem64(&b, &wait);
				else
					pm4_wait_mem32(&b, &wait);
				assert_int_equal(run_built(), passes ? GPU_DONE : GPU_WAITING);
				gpu_engine_reset(machine.engine);
			}
			machine_stop();
		}
}

static uint32_t stale(enum gpu_front_cache cache, uint64_t va)
{
	uint32_t value = 0;

	assert_true(gpu_unit_read(machine.engine->units[0], cache, va, &value, 4));
	return value;
}

static void releases(void **state)
{
	enum pm4_generation g;

	(void)state;
	for
		EACH_GENERATION(g)
		{
			for (uint32_t actions = 0; actions <= PM4_RELEASE_ALL_ACTIONS; actions++) {
				bool k = actions & PM4_RELEASE_INVALIDATE_K;
				struct pm4_release release = {.actions = actions,
							      .data = PM4_DATA_64,
							      .va = X,
							      .value = 0x700000008ULL};
				uint32_t one = 1;
				uint64_t from;

				start(g);
				/* a clean and a dirty line, and one in each cache before it */
				from = CACHED + 0x200;
				pm4_drain(&b);
				assert_done();
				*at(CACHED) = 1;
				assert_int_equal(stale(GPU_FRONT_VECTOR, CACHED), 1);
				assert_int_equal(stale(GPU_FRONT_SCALAR, CACHED), 1);
				*at(CACHED) = 2;
				assert_true(gpu_unit_write(machine.engine->units[0], from, &one, 4));
				pm4_release_mem(&b, &release);
				if (k && g < PM4_GFX11) {
					assert_int_not_equal(b.error, 0);
					machine_stop();
					continue;
				}
				assert_done();
				assert_true(*at64(X) == 0x700000008ULL);
				assert_int_equal(*at(from), (actions & PM4_RELEASE_WRITE_BACK_L2) != 0);
				/* without the others' the L2's does not show */
				assert_int_equal(stale(GPU_FRONT_VECTOR, CACHED),
						 actions & PM4_RELEASE_INVALIDATE_L1 &&
								 actions & PM4_RELEASE_INVALIDATE_L2
							 ? 2
							 : 1);
				gpu_fronts_invalidate(machine.engine, ~0U);
				assert_int_equal(stale(GPU_FRONT_VECTOR, CACHED),
						 actions & PM4_RELEASE_INVALIDATE_L2 ? 2 : 1);
				machine_stop();
			}
			start(g);
			machine.clock = 0x876543210ULL;
			pm4_release_mem(&b, &(struct pm4_release){.data = PM4_DATA_32, .va = X, .value = 9});
			pm4_release_mem(&b, &(struct pm4_release){.data = PM4_DATA_GPU_CLOCK, .va = X + 8});
			pm4_release_mem(&b, &(struct pm4_release){.data = PM4_DATA_NONE});
			*at64(X) = UINT64_MAX;
			assert_done();
			assert_true(*at64(X) == 0xffffffff00000009ULL);
			assert_true(*at64(X + 8) == 0x876543210ULL);
			machine_stop();
		}
}

static void muted_releases(void **state)
{
	enum pm4_generation g;

	(void)state;
	for
		EACH_GENERATION(g)
		{
			for (uint32_t select = 1; select <= 2; select++) {
				uint32_t packet[] = {
					0xc0064902, 0x514, 0x40000000 | select << 24, LO(X), HI(X), 5, 6, 77};
				struct pm4_seen seen;

				start(g);
				assert_int_equal(run(packet, 8), GPU_DONE);
				assert_int_equal(gpu_engine_counters(machine.engine)->interrupts, 1);
				assert_true(*at64(X) == 0x600000005ULL);
				*at64(X) = 0;
				assert_int_equal(pm4_look(g, packet, 8, &seen), 0);
				assert_true(seen.interrupts && seen.context == 77);
				pm4_mute(g, packet);
				assert_int_equal(run(packet, 8), GPU_DONE);
				assert_int_equal(gpu_engine_counters(machine.engine)->interrupts, 1);
				assert_true(*at64(X) == 0x600000005ULL);
				machine_stop();
			}
		}
}

static void indirect_buffers(void **state)
{
	enum pm4_generation g;

	(void)state;
	for
		EACH_GENERATION(g)
		{
			const uint32_t packet[] = {0xc0023f02, LO(X + 0x40), HI(X), 1U << 23 | 5};
			const uint32_t store[] = {0xc0033700, 0x00100500, LO(X), HI(X), 7};
			uint32_t count = 0;
			uint64_t va = 0;

			start(g);
			assert_int_equal(pm4_read_indirect(g, packet, 4, &va, &count), 0);
			assert_true(va == X + 0x40 && count == 5);
			memcpy(at(va), store, sizeof(store));
			assert_int_equal(run(packet, 4), GPU_DONE);
			assert_int_equal(*at(X), 7);
			machine_stop();
		}
}

/* ---- dispatches ---- */

static uint64_t seed = 0x9e3779b97f4a7c15ULL;

static uint32_t any(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

static void dispatch_of_chance(enum pm4_generation g, struct pm4_dispatch *d)
{
	uint32_t waves = 8, wave_bytes = 1024;

	*d = (struct pm4_dispatch){
		.code = KERNEL(any() % 16),
		.rsrc1 = any() % 32 | (any() & 0x000ff000),
		.rsrc2 = any() & 0x00000780,
		.lds_bytes = any() % 3 ? any() % 65537 : 0,
		.wave32 = g > PM4_GFX9 && any() % 2,
		.group = {1 + any() % 16, 1 + any() % 8, 1 + any() % 8},
		.user_data_count = any() % 17,
	};
	if (g > PM4_GFX9)
		d->rsrc1 |= (any() & 7) << 29;
	if (g == PM4_GFX11)
		d->rsrc3 = any() & 0x3f0;
	if (g == PM4_GFX12)
		d->rsrc3 = any() & 0xff0;
	for (uint32_t i = 0; i < 3; i++)
		d->grid[i] = any() % 4 ? 1 + any() % 5000 : 1 + any();
	for (uint32_t i = 0; i < 3; i++)
		d->grid[i] += !d->grid[i];
	for (uint32_t i = 0; i < PM4_SHADER_ENGINES; i++)
		d->cu_mask[i] = any() | 1;
	for (uint32_t i = 0; i < d->user_data_count; i++)
		d->user_data[i] = any() % 4;
	if (any() % 2) {
		assert_true(pm4_tmpring(g, waves, wave_bytes, g >= PM4_GFX11 ? 8 : 4, &d->tmpring));
		d->scratch_base = SCRATCH;
		d->rsrc2 |= 1;
	}
	d->rsrc2 |= d->user_data_count << 1;
}

static void assert_launched(const struct gpu_launch *l, const struct pm4_dispatch *d, enum pm4_generation g)
{
	assert_true(l->code == d->code);
	/* what the packet processor would add for an AQL packet: PRIV on gfx11 */
	assert_int_equal(l->rsrc1, d->rsrc1 | (g == PM4_GFX11 ? 1U << 20 : 0));
	assert_int_equal(l->rsrc2 & ~(0x1ffU << 15), d->rsrc2);
	assert_int_equal(l->rsrc3, d->rsrc3);
	assert_true(l->lds_bytes >= d->lds_bytes && l->lds_bytes < d->lds_bytes + 512);
	assert_int_equal(l->wave_size, d->wave32 ? 32 : 64);
	assert_int_equal(l->user_sgpr_count, d->user_data_count);
	assert_memory_equal(l->user_sgprs, d->user_data, d->user_data_count * sizeof(uint32_t));
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(l->start[i], 0);
		assert_int_equal(l->group[i], d->group[i]);
		/* all the work-items, and not one more */
		assert_true((uint64_t)(l->end[i] - 1) * l->group[i] + l->last_group[i] == d->grid[i]);
		assert_true(l->last_group[i] >= 1 && l->last_group[i] <= l->group[i]);
	}
	if (d->tmpring) {
		assert_int_equal(l->scratch_wave_bytes, 1024);
		assert_int_equal(l->scratch_wave_bytes, pm4_tmpring_wave_bytes(g, d->tmpring));
		assert_int_equal(l->scratch_waves, g >= PM4_GFX11 ? 1 : 8);
		assert_true(g < PM4_GFX11 || l->scratch == SCRATCH);
	} else {
		assert_int_equal(l->scratch_waves, 0);
	}
}

/* Many in one buffer, with one shadow: each finds its own state, whatever the ones before it left. */
static void dispatches_mean_what_was_asked(void **state)
{
	static struct pm4_dispatch asked[16];
	enum pm4_generation g;

	(void)state;
	for
		EACH_GENERATION(g)
		{
			start_as(g, (struct gpu_engine_config){.kind = GPU_ENGINE_COMPUTE,
							       .dispatch_ns = 1000,
							       .skip_kernels = true});
			machine.now_ns = 1;
			for (uint32_t round = 0; round < 200; round++) {
				struct gpu_pipeline *pipeline = &machine.engine->now.pipeline;
				struct pm4_shadow shadow;

				pm4_shadow_forget(&shadow);
				for (uint32_t i = 0; i < 16; i++) {
					dispatch_of_chance(g, &asked[i]);
					pm4_dispatch(&b, &shadow, &asked[i]);
				}
				if (run_built() != GPU_WAITING)
					fail_msg("gfx%d: %s", 9 + (int)g,
						 gpu_engine_error(machine.engine)->text);
				assert_int_equal(pipeline->kernel_count, 16);
				for (uint32_t i = 0; i < 16; i++)
					assert_launched(&pipeline->kernels[i].launch, &asked[i], g);
				/* the masks, as they are now */
				for (uint32_t i = 0; i < (g >= PM4_GFX11 ? 8 : 4); i++) {
					static const uint32_t masks[] = {0x216, 0x217, 0x219, 0x21a,
									 0x22b, 0x22c, 0x22d, 0x22e};
					uint32_t mask = 0;

					assert_true(gpu_registers_get(&machine.engine->now.registers,
								      masks[i], &mask));
					assert_int_equal(mask, asked[15].cu_mask[i]);
				}
				machine.now_ns += 1000;
				assert_int_equal(gpu_engine_run(machine.engine, 1), GPU_DONE);
			}
			machine_stop();
		}
}

/* Scratch of kernels on gfx9 and gfx10 is told by a resource, which the simulator knows and checks. */
static void scratch_resources(void **state)
{
	enum pm4_generation g;

	(void)state;
	for (g = PM4_GFX9; g <= PM4_GFX10; g++) {
		for (uint32_t wave32 = 0; wave32 < (g == PM4_GFX10 ? 2 : 1); wave32++) {
			struct pm4_dispatch d = {
				.code = CODE,
				.rsrc2 = 1 | 4 << 1,
				.group = {1, 1, 1},
				.grid = {1, 1, 1},
				.user_data_count = 4,
				.wave32 = wave32,
				.cu_mask = {~0U},
			};
			struct pm4_shadow shadow;

			start(g);
			assert_true(pm4_tmpring(g, 8, 1024, 4, &d.tmpring));
			for (uint32_t bytes = 8192; bytes >= 8191; bytes--) {
				pm4_scratch_resource(g, SCRATCH, bytes, wave32, d.user_data);
				pm4_shadow_forget(&shadow);
				pm4_dispatch(&b, &shadow, &d);
				if (bytes == 8192)
					assert_done();
				else
					assert_stopped(run_built(), GPU_ERROR_PACKET, "NUM_RECORDS 8191");
			}
			machine.space.pages[(SCRATCH - BASE) / PAGE + 1].fault[GPU_WRITE] =
				GPU_FAULT_UNMAPPED;
			begin(g);
			pm4_scratch_resource(g, SCRATCH, 8192, wave32, d.user_data);
			pm4_shadow_forget(&shadow);
			pm4_dispatch(&b, &shadow, &d);
			assert_stopped(run_built(), GPU_ERROR_PAGE_FAULT, "not mapped");
			machine_stop();
		}
	}
}

/* ---- nothing can be left out ---- */

/* Makes a NOP of the packet of `count` words at `packet`. */
static void leave_out(uint32_t *packet, uint32_t count)
{
	packet[0] = 0xc0001000 | (count - 2) << 16;
}

static void dispatch_for_mutation(enum pm4_generation g, struct pm4_dispatch *d)
{
	*d = (struct pm4_dispatch){
		.code = CODE,
		.rsrc2 = 1 | 6 << 1,
		.rsrc3 = g >= PM4_GFX11 ? 0x10 : 0,
		.group = {64, 1, 1},
		.grid = {100, 1, 1},
		.user_data_count = 6,
		.cu_mask = {1, 1, 1, 1, 1, 1, 1, 1},
		.scratch_base = SCRATCH,
	};
	assert_true(pm4_tmpring(g, 8, 1024, g >= PM4_GFX11 ? 8 : 4, &d->tmpring));
	pm4_scratch_resource(g, SCRATCH, 8192, false, d->user_data);
}

/* Each register of a dispatch, one by one: not written, it is missed. */
static void each_register_is_missed(void **state)
{
	static const uint32_t all[] = {19, 20, 26, 26};
	enum pm4_generation g;

	(void)state;
	for
		EACH_GENERATION(g)
		{
			uint32_t built[WORDS], used, registers = 0;
			struct pm4_shadow shadow;
			struct pm4_dispatch d;
			struct pm4_seen seen;

			start(g);
			dispatch_for_mutation(g, &d);
			pm4_shadow_forget(&shadow);
			pm4_dispatch(&b, &shadow, &d);
			used = b.used;
			memcpy(built, words, used * 4);
			assert_done();
			for (uint32_t i = 0; i < used; i += seen.words) {
				assert_int_equal(pm4_look(g, built + i, used - i, &seen), 0);
				if (seen.opcode != 0x76)
					continue;
				for (uint32_t k = 2; k < seen.words; k++) {
					/* the run without one: the part before, and the part behind */
					uint32_t mutant[WORDS], n = 0, first = built[i + 1];

					memcpy(mutant, built, i * 4);
					n = i;
					if (k > 2) {
						mutant[n++] = 0xc0007602 | (k - 2) << 16;
						mutant[n++] = first;
						memcpy(mutant + n, built + i + 2, (k - 2) * 4);
						n += k - 2;
					}
					if (k + 1 < seen.words) {
						mutant[n++] = 0xc0007602 | (seen.words - k - 1) << 16;
						mutant[n++] = first + k - 1;
						memcpy(mutant + n, built + i + k + 1,
						       (seen.words - k - 1) * 4);
						n += seen.words - k - 1;
					}
					memcpy(mutant + n, built + i + seen.words,
					       (used - i - seen.words) * 4);
					n += used - i - seen.words;
					assert_stopped(run(mutant, n), GPU_ERROR_PACKET,
						       "has not been written");
					registers++;
				}
			}
			assert_int_equal(registers, all[g]);
			machine_stop();
		}
}

/*
 * A kernel between two of the system's scopes: acquire, dispatch, drain, release, signal.  With any of them left out the
 * strict rules speak up, or the signal does not come.
 */
static void each_packet_is_missed(void **state)
{
	enum pm4_generation g;

	(void)state;
	for
		EACH_GENERATION(g)
		{
			uint32_t built[WORDS], used, packets = 0;
			struct pm4_shadow shadow;
			struct pm4_dispatch d;
			struct pm4_seen seen;

			start_as(g, (struct gpu_engine_config){.kind = GPU_ENGINE_COMPUTE,
							       .strict_acquire = true,
							       .strict_release = true});
			dispatch_for_mutation(g, &d);
			pm4_shadow_forget(&shadow);
			for (uint32_t i = 0; i < 2; i++) {
				pm4_acquire(&b, PM4_SCOPE_SYSTEM);
				pm4_dispatch(&b, &shadow, &d);
				pm4_drain(&b);
				pm4_release(&b, PM4_SCOPE_SYSTEM);
				pm4_atomic_add64(&b, X, -1);
			}
			used = b.used;
			memcpy(built, words, used * 4);
			*at64(X) = 2;
			assert_done();
			assert_true(*at64(X) == 0);
			assert_int_equal(gpu_engine_counters(machine.engine)->dispatches, 2);
			for (uint32_t i = 0; i < used; i += seen.words) {
				uint64_t before = gpu_engine_counters(machine.engine)->dispatches;
				uint32_t mutant[WORDS];
				bool noticed;

				assert_int_equal(pm4_look(g, built + i, used - i, &seen), 0);
				memcpy(mutant, built, used * 4);
				leave_out(mutant + i, seen.words);
				*at64(X) = 2;
				noticed = run(mutant, used) != GPU_DONE || *at64(X) != 0 ||
					  gpu_engine_counters(machine.engine)->dispatches != before + 2;
				if (!noticed)
					fail_msg("gfx%d: nobody misses opcode 0x%02x at word %u", 9 + (int)g,
						 seen.opcode, i);
				gpu_engine_reset(machine.engine);
				packets++;
			}
			assert_true(packets >= 10);
			machine_stop();
		}
}

/* Smaller scopes are not those of the system. */
static void scopes(void **state)
{
	enum pm4_generation g;

	(void)state;
	for
		EACH_GENERATION(g)
		{
			for (uint32_t scope = PM4_SCOPE_NONE; scope <= PM4_SCOPE_SYSTEM; scope++) {
				struct pm4_shadow shadow;
				struct pm4_dispatch d;

				start_as(g, (struct gpu_engine_config){.kind = GPU_ENGINE_COMPUTE,
								       .strict_acquire = true});
				dispatch_for_mutation(g, &d);
				pm4_shadow_forget(&shadow);
				pm4_acquire(&b, (enum pm4_scope)scope);
				pm4_dispatch(&b, &shadow, &d);
				if (scope == PM4_SCOPE_SYSTEM)
					assert_done();
				else if (scope == PM4_SCOPE_AGENT)
					assert_stopped(run_built(), GPU_ERROR_PACKET,
						       g == PM4_GFX10 || g == PM4_GFX11
							       ? "nobody invalidated metadata L2"
							       : "nobody invalidated L2");
				else
					assert_stopped(run_built(), GPU_ERROR_PACKET,
						       "nobody invalidated vector scalar");
				machine_stop();
			}
		}
}

static void changed_code(void **state)
{
	enum pm4_generation g;

	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			for (uint32_t i = 0; i < 2; i++) {
				struct pm4_shadow shadow;
				struct pm4_dispatch d;

				dispatch_for_mutation(g, &d);
				pm4_shadow_forget(&shadow);
				if (i)
					pm4_acquire_code(&b);
				else
					pm4_acquire(&b, PM4_SCOPE_SYSTEM);
				pm4_dispatch(&b, &shadow, &d);
				if (i)
					assert_stopped(
						run_built(),
						g == PM4_GFX9 ? GPU_ERROR_UNSUPPORTED : GPU_ERROR_KERNEL,
						g == PM4_GFX9 ? "instruction 0x00000000" : "(00000000)");
				else
					assert_done();
				*at(CODE) = 0;
			}
			machine_stop();
		}
}

/* ---- SDMA ---- */

static void sdma_stores(void **state)
{
	enum pm4_generation g;

	(void)state;
	for
		EACH_GENERATION(g)
		{
			uint32_t bytes = 0;

			start_as(g, (struct gpu_engine_config){.kind = GPU_ENGINE_SDMA});
			sdma_write64(&b, X, 0x1122334455667788ULL);
			sdma_pad(&b, 64);
			assert_int_equal(pm4_end(&b, &bytes), 0);
			assert_int_equal(bytes % 64, 0);
			if (run(words, bytes / 4) != GPU_DONE)
				fail_msg("gfx%d: %s", 9 + (int)g, gpu_engine_error(machine.engine)->text);
			assert_true(*at64(X) == 0x1122334455667788ULL);
			sdma_fill(words, bytes / 4);
			*at64(X) = 0;
			assert_int_equal(run(words, bytes / 4), GPU_DONE);
			assert_true(*at64(X) == 0);
			machine_stop();
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stores_and_copies),
		cmocka_unit_test(waits),
		cmocka_unit_test(releases),
		cmocka_unit_test(muted_releases),
		cmocka_unit_test(indirect_buffers),
		cmocka_unit_test(dispatches_mean_what_was_asked),
		cmocka_unit_test(scratch_resources),
		cmocka_unit_test(each_register_is_missed),
		cmocka_unit_test(each_packet_is_missed),
		cmocka_unit_test(scopes),
		cmocka_unit_test(changed_code),
		cmocka_unit_test(sdma_stores),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
