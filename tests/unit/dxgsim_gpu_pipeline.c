// SPDX-License-Identifier: MIT
/*
 * What goes on behind the simulated packet processor: kernels that overlap and take their time, RELEASE_MEM that is
 * done when it is done, preemption, and the caches in front of the L2.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "dxgsim/gpu/state.h"
#include "gpu_program.h"

#define EACH_GENERATION(g) (uint32_t g = 9; g <= 12; g++)
#define X		   (BASE + 0x3000)
#define BAD		   (CODE + 0x400) /* a kernel that is none */

static struct program p;

static void start_as(struct gpu_engine_config config)
{
	config.kind = GPU_ENGINE_COMPUTE;
	machine_start_as(config);
	machine.space.pages[3].uncached = true;
	program_begin(&p, config.generation);
	machine.now_ns = 1000;
}

static void start(uint32_t generation)
{
	start_as((struct gpu_engine_config){.generation = generation});
}

static void set_code(uint64_t va)
{
	EMIT(&p, 0xc0027602, PGM_LO, LO(va >> 8), HI(va >> 8));
}

/* The program put into place and started, not run. */
static void launch(void)
{
	struct gpu_job job = {.commands = COMMANDS, .bytes = p.used * 4, .space = &machine.space};

	memcpy(at(COMMANDS), p.words, p.used * 4);
	p.used = 0;
	gpu_engine_start(machine.engine, &job);
}

static enum gpu_outcome go(uint32_t packets)
{
	return gpu_engine_run(machine.engine, packets);
}

/* A release that writes 1 to X. */
static void emit_release(void)
{
	EMIT(&p, 0xc0064902, 0x00000514, 0x20000000, LO(X), HI(X), 1, 0, 0);
}

/* ---- overlap ---- */

/*
 * Kernels of which one is none, by where the error shows: with the packet after, or later; and which of two goes first.
 */
static void kernels_end_when_chance_has_it(void **state)
{
	uint32_t early = 0, late = 0, first = 0, second = 0;

	(void)state;
	for (uint32_t seed = 1; seed <= 64; seed++) {
		start_as((struct gpu_engine_config){.generation = 11, .seed = seed});
		emit_registers(&p);
		set_code(BAD);
		emit_dispatch(&p);
		for (uint32_t i = 0; i < 4; i++)
			emit_store(&p, X, i + 1);
		assert_stopped(program_run(&p), GPU_ERROR_KERNEL, "kernel dispatched at +0x80: ");
		early += *at(X) == 0;
		late += *at(X) == 4;
		machine_stop();

		start_as((struct gpu_engine_config){.generation = 11, .seed = seed});
		emit_registers(&p);
		set_code(BAD);
		emit_dispatch(&p);
		set_code(BAD + 256);
		emit_dispatch(&p);
		emit_drain(&p);
		assert_int_equal(program_run(&p), GPU_STOPPED);
		if (strstr(gpu_engine_error(machine.engine)->text, "+0x80:"))
			first++;
		else if (strstr(gpu_engine_error(machine.engine)->text, "+0xa4:"))
			second++;
		else
			fail_msg("%s", gpu_engine_error(machine.engine)->text);
		machine_stop();
	}
	assert_true(early && late && first && second);
}

static void a_drain_waits_for_kernels(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			emit_registers(&p);
			set_code(BAD);
			emit_dispatch(&p);
			emit_drain(&p);
			emit_store(&p, X, 1);
			assert_stopped(program_run(&p), g == 9 ? GPU_ERROR_UNSUPPORTED : GPU_ERROR_KERNEL,
				       "kernel dispatched");
			assert_int_equal(*at(X), 0);
			/* more than there is room for */
			program_begin(&p, g);
			emit_registers(&p);
			for (uint32_t i = 0; i < 60; i++)
				emit_dispatch(&p);
			assert_int_equal(program_run(&p), GPU_DONE);
			assert_int_equal(gpu_engine_counters(machine.engine)->dispatches, 61);
			machine_stop();
		}
}

static void kernels_take_their_time(void **state)
{
	(void)state;
	start_as((struct gpu_engine_config){.generation = 11, .dispatch_ns = 500});
	emit_registers(&p);
	emit_dispatch(&p);
	emit_dispatch(&p);
	emit_store(&p, X, 1);
	emit_drain(&p);
	emit_store(&p, X, 2);
	emit_dispatch(&p);
	launch();
	assert_int_equal(go(UINT32_MAX), GPU_WAITING);
	assert_int_equal(*at(X), 1);
	machine.now_ns += 499;
	assert_int_equal(go(UINT32_MAX), GPU_WAITING);
	assert_int_equal(*at(X), 1);
	/* both at once: they overlap */
	machine.now_ns += 1;
	assert_int_equal(go(UINT32_MAX), GPU_WAITING);
	assert_int_equal(*at(X), 2);
	machine.now_ns += 499;
	assert_int_equal(go(UINT32_MAX), GPU_WAITING);
	machine.now_ns += 1;
	assert_int_equal(go(UINT32_MAX), GPU_DONE);
	machine_stop();
}

/* ---- RELEASE_MEM ---- */

static void a_release_waits_for_kernels_and_nobody_for_it(void **state)
{
	uint32_t behind = 0, before = 0;

	(void)state;
	start_as((struct gpu_engine_config){.generation = 11, .dispatch_ns = 500});
	emit_registers(&p);
	emit_dispatch(&p);
	emit_release();
	emit_store(&p, X + 8, 1);
	launch();
	assert_int_equal(go(UINT32_MAX), GPU_WAITING);
	assert_int_equal(*at(X), 0);
	assert_int_equal(*at(X + 8), 1);
	machine.now_ns += 500;
	assert_int_equal(go(UINT32_MAX), GPU_DONE);
	assert_int_equal(*at(X), 1);
	machine_stop();

	for (uint32_t seed = 1; seed <= 64; seed++) {
		start_as((struct gpu_engine_config){.generation = 11, .seed = seed});
		emit_release();
		for (uint32_t i = 0; i < 4; i++)
			EMIT(&p, 0xffff1000);
		emit_store(&p, X, 2);
		assert_int_equal(program_run(&p), GPU_DONE);
		before += *at(X) == 2;
		behind += *at(X) == 1;
		/* one that waits for it is always behind */
		*at(X) = 0;
		emit_release();
		EMIT(&p, 0xc0053c00, 0x13, LO(X), HI(X), 1, ~0U, 4);
		emit_store(&p, X, 2);
		assert_int_equal(program_run(&p), GPU_DONE);
		assert_int_equal(*at(X), 2);
		machine_stop();
	}
	assert_true(before && behind);
	/* in order, and more than there is room for */
	start(11);
	for (uint32_t i = 0; i < 40; i++)
		EMIT(&p, 0xc0064902, 0x00000514, 0x20000000, LO(X), HI(X), i, 0, 0);
	assert_int_equal(program_run(&p), GPU_DONE);
	assert_int_equal(*at(X), 39);
	/* its own fault, late */
	EMIT(&p, 0xffff1000);
	EMIT(&p, 0xc0064902, 0x00000514, 0x20000000, 0x100, 0, 1, 0, 0);
	assert_stopped(program_run(&p), GPU_ERROR_PAGE_FAULT,
		       "RELEASE_MEM at +0x4: page fault: writes 0x100");
	machine_stop();
}

static void interrupts_do_not_arrive(void **state)
{
	(void)state;
	start(11);
	for (uint32_t select = 0; select < 4; select++)
		EMIT(&p, 0xc0064902, 0x00000514, select << 24, 0, 0, 0, 0, 7);
	assert_int_equal(program_run(&p), GPU_DONE);
	assert_int_equal(gpu_engine_counters(machine.engine)->interrupts, 2);
	machine_stop();
}

/* ---- preemption ---- */

static void preemption_is_behind_a_dispatch(void **state)
{
	struct gpu_suspended *suspended;

	(void)state;
	start_as((struct gpu_engine_config){.generation = 11, .firmware_state = true});
	emit_store(&p, X, 1);
	emit_registers(&p);
	emit_dispatch(&p);
	emit_store(&p, X, 2);
	emit_dispatch(&p);
	emit_store(&p, X, 3);
	launch();
	/* before the first packet, but not behind a store or in the registers */
	assert_int_equal(go(1), GPU_RUNNING);
	assert_null(gpu_engine_preempt(machine.engine));
	assert_int_equal(go(3), GPU_RUNNING);
	assert_null(gpu_engine_preempt(machine.engine));
	gpu_engine_ask(machine.engine, true);
	assert_int_equal(go(UINT32_MAX), GPU_RUNNING);
	assert_int_equal(*at(X), 1);
	assert_int_equal(go(UINT32_MAX), GPU_RUNNING);
	suspended = gpu_engine_preempt(machine.engine);
	assert_non_null(suspended);
	assert_null(gpu_engine_preempt(machine.engine));
	/* another's turn */
	emit_store(&p, X + 8, 7);
	assert_int_equal(program_run(&p), GPU_DONE);
	assert_int_equal(*at(X + 8), 7);
	launch(); /* of nothing; the commands of the first are overwritten by it */
	assert_int_equal(go(1), GPU_DONE);
	gpu_suspended_destroy(suspended);
	assert_int_equal(gpu_engine_counters(machine.engine)->preemptions, 1);
	gpu_suspended_destroy(NULL);
	machine_stop();
}

/* The same program twice, with and without the firmware that saves registers. */
static void registers_and_preemption(void **state)
{
	(void)state;
	for (uint32_t firmware = 0; firmware < 2; firmware++) {
		struct gpu_suspended *suspended;

		start_as((struct gpu_engine_config){
			.generation = 11, .firmware_state = firmware, .dispatch_ns = 500});
		emit_registers(&p);
		emit_dispatch(&p);
		emit_dispatch(&p);
		emit_drain(&p);
		launch();
		gpu_engine_ask(machine.engine, true);
		/* at once, nothing has been done yet */
		assert_int_equal(go(1), GPU_RUNNING);
		gpu_engine_ask(machine.engine, false);
		assert_int_equal(go(1), GPU_RUNNING);
		gpu_engine_ask(machine.engine, true);
		assert_int_equal(go(UINT32_MAX), GPU_RUNNING);
		machine.now_ns += 400;
		suspended = gpu_engine_preempt(machine.engine);
		assert_non_null(suspended);
		assert_int_equal(run_job(machine.engine, &machine.space, COMMANDS, 0), GPU_DONE);
		machine.now_ns += 400;
		gpu_engine_resume(machine.engine, suspended);
		if (!firmware) {
			assert_stopped(go(UINT32_MAX), GPU_ERROR_PACKET, "has not been written");
		} else {
			/* 100 are left of the first, the second has all before it */
			assert_int_equal(go(UINT32_MAX), GPU_WAITING);
			machine.now_ns += 499;
			assert_int_equal(go(UINT32_MAX), GPU_WAITING);
			machine.now_ns += 1;
			assert_int_equal(go(UINT32_MAX), GPU_DONE);
		}
		machine_stop();
	}
}

/* A kernel that is waited for may be preempted, too. */
static void preemption_while_a_kernel_runs(void **state)
{
	struct gpu_suspended *suspended;

	(void)state;
	start_as((struct gpu_engine_config){.generation = 12, .dispatch_ns = 500});
	emit_registers(&p);
	emit_dispatch(&p);
	emit_drain(&p);
	emit_store(&p, X, 1);
	launch();
	assert_int_equal(go(UINT32_MAX), GPU_WAITING);
	suspended = gpu_engine_preempt(machine.engine);
	assert_non_null(suspended);
	machine.now_ns += 10000;
	gpu_engine_resume(machine.engine, suspended);
	assert_int_equal(go(UINT32_MAX), GPU_WAITING);
	assert_int_equal(*at(X), 0);
	machine.now_ns += 500;
	assert_int_equal(go(UINT32_MAX), GPU_DONE);
	assert_int_equal(*at(X), 1);
	machine_stop();
}

/* ---- caches ---- */

static uint32_t shader_read(enum gpu_front_cache cache, uint64_t va)
{
	uint32_t value = 0;

	assert_true(gpu_unit_read(machine.engine->units[0], cache, va, &value, sizeof(value)));
	return value;
}

static void acquire(uint32_t gfx9, uint32_t gcr)
{
	if (p.generation == 9)
		EMIT(&p, 0xc0055802, gfx9, 0xffffffff, 0xff, 0, 0, 4);
	else
		EMIT(&p, 0xc0065802, 0, 0xffffffff, 0xff, 0, 0, 4, 0x10000 | gcr);
	assert_int_equal(program_run(&p), GPU_DONE);
}

#define GLI 0x001U
#define GLK 0x080U
#define GLV 0x100U
#define GL1 0x200U

static void each_cache_has_its_bit(void **state)
{
	static const struct {
		enum gpu_front_cache cache;
		uint32_t gfx9, gcr;
	} caches[] = {
		{GPU_FRONT_VECTOR, 1U << 22, GLV},
		{GPU_FRONT_SCALAR, 1U << 27, GLK},
		{GPU_FRONT_INSTRUCTION, 1U << 29, GLI},
	};

	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			emit_drain(&p);
			assert_int_equal(program_run(&p), GPU_DONE); /* there is a space now */
			for (uint32_t i = 0; i < 3; i++) {
				uint64_t va = X + i * 0x100; /* the page is not in the L2 */
				bool l1 = g == 10 || g == 11;

				*at(va) = 1;
				assert_int_equal(shader_read(caches[i].cache, va), 1);
				*at(va) = 2;
				assert_int_equal(shader_read(caches[i].cache, va), 1);
				/* all others */
				acquire(0x7fffffff & (5U << 27 | 1U << 22) & ~caches[i].gfx9,
					(GLI | GLK | GLV | GL1) & ~caches[i].gcr);
				assert_int_equal(shader_read(caches[i].cache, va), 1);
				acquire(caches[i].gfx9, caches[i].gcr | GL1);
				assert_int_equal(shader_read(caches[i].cache, va), 2);
				/* behind it is another that the three share */
				*at(va) = 3;
				acquire(caches[i].gfx9, caches[i].gcr);
				assert_int_equal(shader_read(caches[i].cache, va), l1 ? 2 : 3);
				acquire(caches[i].gfx9, caches[i].gcr | GL1);
				assert_int_equal(shader_read(caches[i].cache, va), 3);
			}
			machine_stop();
		}
}

static void a_release_invalidates_too(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			emit_drain(&p);
			assert_int_equal(program_run(&p), GPU_DONE);
			*at(X) = 1;
			assert_int_equal(shader_read(GPU_FRONT_VECTOR, X), 1);
			assert_int_equal(shader_read(GPU_FRONT_SCALAR, X), 1);
			*at(X) = 2;
			/* gfx9: TCL1; later GLV_INV, GL1_INV, and from gfx11 on GLK_INV */
			EMIT(&p, 0xc0064902,
			     0x514 | (g == 9 ? 1U << 16 : 3U << 14 | (g >= 11 ? 1U << 30 : 0)), 0, 0, 0, 0, 0,
			     0);
			assert_int_equal(program_run(&p), GPU_DONE);
			assert_int_equal(shader_read(GPU_FRONT_VECTOR, X), 2);
			assert_int_equal(shader_read(GPU_FRONT_SCALAR, X), g >= 11 ? 2 : 1);
			machine_stop();
		}
}

static void kernels_write_through_to_the_l2(void **state)
{
	uint64_t y = BASE + 0x5000; /* cached in the L2 */
	uint32_t value = 5;

	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			emit_drain(&p);
			assert_int_equal(program_run(&p), GPU_DONE);
			assert_int_equal(shader_read(GPU_FRONT_VECTOR, y), 0);
			assert_int_equal(shader_read(GPU_FRONT_SCALAR, y), 0);
			assert_true(gpu_unit_write(machine.engine->units[0], y, &value, 4));
			assert_int_equal(shader_read(GPU_FRONT_VECTOR, y), 5);
			assert_int_equal(shader_read(GPU_FRONT_SCALAR, y), 0);
			assert_int_equal(*at(y), 0);
			emit_write_back(&p);
			assert_int_equal(program_run(&p), GPU_DONE);
			assert_int_equal(*at(y), 5);
			/* across lines, and where nothing is */
			for (uint32_t i = 0; i < 300; i++)
				*((uint8_t *)at(y + 0x100) + i) = (uint8_t)i;
			{
				uint8_t bytes[300];

				assert_true(gpu_unit_read(machine.engine->units[0], GPU_FRONT_VECTOR,
							  y + 0x101, bytes, 290));
				for (uint32_t i = 0; i < 290; i++)
					assert_int_equal(bytes[i], (uint8_t)(i + 1));
			}
			assert_false(
				gpu_unit_read(machine.engine->units[0], GPU_FRONT_SCALAR, 64, &value, 4));
			assert_false(gpu_unit_write(machine.engine->units[0], 64, &value, 4));
			/* what the addresses mean changes */
			*at(y) = 9;
			gpu_engine_forget(machine.engine, &machine.space, y, 4);
			assert_int_equal(shader_read(GPU_FRONT_VECTOR, y), 9);
			assert_int_equal(shader_read(GPU_FRONT_SCALAR, y), 9);
			machine_stop();
		}
}

#define UNKNOWN 0xbfff5678U /* an instruction of no generation */

static void stopped_at_word(enum gpu_outcome outcome, uint32_t word)
{
	char text[32];

	snprintf(text, sizeof(text), p.generation == 9 ? "instruction 0x%08x" : "(%08x)", word);
	assert_stopped(outcome, p.generation == 9 ? GPU_ERROR_UNSUPPORTED : GPU_ERROR_KERNEL, text);
}

/* Rewritten code is stale until somebody says so. */
static void rewritten_code(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			machine.space.pages[(CODE - BASE) / PAGE].uncached = true;
			*at(CODE) = 0;
			stopped_at_word(dispatch(&p), 0);
			program_begin(&p, g);
			assert_int_equal(dispatch(&p), GPU_DONE);
			*at(CODE) = UNKNOWN;
			assert_int_equal(dispatch(&p), GPU_DONE);
			emit_acquire(&p);
			assert_int_equal(dispatch(&p), GPU_DONE);
			emit_code_changed(&p);
			emit_registers(&p);
			emit_dispatch(&p);
			stopped_at_word(program_run(&p), UNKNOWN);
			machine_stop();
		}
}

/* ---- the strict rules ---- */

static void a_signal_before_the_kernels_writes(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			/* TC_WB and TC_NC; SEQ, GL2_WB and those of metadata, which gfx12 ignores */
			uint32_t write_back = 0x514 | (g == 9 ? 1U << 15 | 1U << 19 : 3U << 21 | 3U << 12);

			start_as((struct gpu_engine_config){.generation = g, .strict_release = true});
			/* in order */
			emit_registers(&p);
			emit_dispatch(&p);
			emit_drain(&p);
			emit_write_back(&p);
			emit_add(&p, X, -1);
			emit_store(&p, X + 8, 1);
			assert_int_equal(program_run(&p), GPU_DONE);
			assert_true(*at64(X) == UINT64_MAX);
			assert_int_equal(gpu_engine_counters(machine.engine)->early_signals, 0);
			/* without the write-back, without the drain */
			emit_registers(&p);
			emit_dispatch(&p);
			emit_drain(&p);
			emit_add(&p, X, -1);
			assert_stopped(program_run(&p), GPU_ERROR_PACKET,
				       "signal before what kernels wrote is written back");
			emit_registers(&p);
			emit_dispatch(&p);
			emit_write_back(&p);
			emit_store(&p, X, 1);
			assert_stopped(program_run(&p), GPU_ERROR_PACKET, "signal while a kernel runs");
			/* of an earlier job */
			assert_int_equal(dispatch(&p), GPU_DONE);
			emit_add(&p, X, -1);
			assert_stopped(program_run(&p), GPU_ERROR_PACKET,
				       "signal before what kernels wrote is written back");
			/* a release that writes back, and one that does not */
			emit_registers(&p);
			emit_dispatch(&p);
			EMIT(&p, 0xc0064902, write_back, 0x23000000, LO(X), HI(X), 1, 0, 0);
			assert_int_equal(program_run(&p), GPU_DONE);
			emit_registers(&p);
			emit_dispatch(&p);
			emit_release();
			assert_stopped(program_run(&p), GPU_ERROR_PACKET, "RELEASE_MEM at +0x");
			/* one that writes at once, whatever becomes of the write-back */
			emit_registers(&p);
			emit_dispatch(&p);
			EMIT(&p, 0xc0064902, write_back, 0x20000000, LO(X), HI(X), 1, 0, 0);
			assert_stopped(program_run(&p), GPU_ERROR_PACKET, "waits for no confirmation");
			/* a release is not waited for by what follows it */
			emit_registers(&p);
			emit_dispatch(&p);
			EMIT(&p, 0xc0064902, write_back, 0, 0, 0, 0, 0, 0);
			emit_add(&p, X, -1);
			assert_stopped(program_run(&p), GPU_ERROR_PACKET, "signal while a kernel runs");
			assert_int_equal(gpu_engine_counters(machine.engine)->early_signals, 6);
			machine_stop();
		}
}

/* How metadata of images gets to memory: by way of the L2, if its turn is first, and not without being invalidated. */
static void metadata_goes_through_the_l2(void **state)
{
	static const struct {
		uint32_t gcr; /* L2: WB 15; metadata: WB 4, INV 5; SEQ 17:16 */
		bool arrives;
	} cases[] = {
		{0x18030, true},  {0x8030, false},  {0x28030, false}, {0x18020, false},
		{0x18010, false}, {0x10030, false}, {0x18000, false},
	};

	(void)state;
	for
		EACH_GENERATION(g)
		{
			if (g == 9)
				continue;
			start_as((struct gpu_engine_config){.generation = g, .strict_release = true});
			for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
				bool arrives = cases[i].arrives || (g == 12 && cases[i].gcr & 0x8000);
				enum gpu_outcome outcome;

				emit_registers(&p);
				emit_dispatch(&p);
				emit_drain(&p);
				EMIT(&p, 0xc0065802, 0, 0xffffffff, 0xff, 0, 0, 4, cases[i].gcr);
				emit_add(&p, X, -1);
				outcome = program_run(&p);
				if (arrives)
					assert_int_equal(outcome, GPU_DONE);
				else
					assert_stopped(outcome, GPU_ERROR_PACKET,
						       "signal before what kernels wrote is written back");
			}
			machine_stop();
		}
}

static void a_dispatch_without_acquire(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			start_as((struct gpu_engine_config){.generation = g, .strict_acquire = true});
			emit_acquire(&p);
			emit_registers(&p);
			emit_dispatch(&p);
			emit_dispatch(&p);
			emit_drain(&p);
			emit_acquire(&p);
			emit_dispatch(&p);
			assert_int_equal(program_run(&p), GPU_DONE);
			assert_stopped(dispatch(&p), GPU_ERROR_PACKET,
				       g == 9 || g == 12 ? "nobody invalidated vector scalar L2"
							 : "nobody invalidated vector scalar L1 metadata L2");
			emit_acquire(&p);
			emit_registers(&p);
			emit_dispatch(&p);
			emit_drain(&p);
			emit_dispatch(&p);
			assert_stopped(program_run(&p), GPU_ERROR_PACKET, "dispatch without acquire");
			assert_int_equal(gpu_engine_counters(machine.engine)->unacquired, 2);
			machine_stop();
		}
}

/* ---- how much there can be ---- */

static void a_million_dispatches(void **state)
{
	uint64_t dispatches = 0;

	(void)state;
	start(11);
	p.dim[0] = 64;
	while (dispatches < 1000000) {
		emit_registers(&p);
		for (uint32_t i = 0; i < 40; i++) {
			set_code(CODE);
			emit_dispatch(&p);
		}
		dispatches += 40;
		if (program_run(&p) != GPU_DONE)
			fail_msg("%s", gpu_engine_error(machine.engine)->text);
	}
	assert_true(gpu_engine_counters(machine.engine)->dispatches == dispatches);
	machine_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernels_end_when_chance_has_it),
		cmocka_unit_test(a_drain_waits_for_kernels),
		cmocka_unit_test(kernels_take_their_time),
		cmocka_unit_test(a_release_waits_for_kernels_and_nobody_for_it),
		cmocka_unit_test(interrupts_do_not_arrive),
		cmocka_unit_test(preemption_is_behind_a_dispatch),
		cmocka_unit_test(registers_and_preemption),
		cmocka_unit_test(preemption_while_a_kernel_runs),
		cmocka_unit_test(each_cache_has_its_bit),
		cmocka_unit_test(a_release_invalidates_too),
		cmocka_unit_test(kernels_write_through_to_the_l2),
		cmocka_unit_test(rewritten_code),
		cmocka_unit_test(a_signal_before_the_kernels_writes),
		cmocka_unit_test(metadata_goes_through_the_l2),
		cmocka_unit_test(a_dispatch_without_acquire),
		cmocka_unit_test(a_million_dispatches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
