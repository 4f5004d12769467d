// SPDX-License-Identifier: MIT
/* ATOMIC_MEM, DMA_DATA, COND_EXEC and INDIRECT_BUFFER on the simulated compute engine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "gpu_program.h"

#define EACH_GENERATION(g) (uint32_t g = 9; g <= 12; g++)
#define X		   (BASE + 0x3000)
#define Y		   (BASE + 0x5000) /* may be in the L2 */
#define IB		   (BASE + 0x8000)

static struct program p;

static void start(uint32_t generation)
{
	machine_start(generation, GPU_ENGINE_COMPUTE);
	machine.space.pages[3].uncached = true;
	program_begin(&p, generation);
}

/* ---- ATOMIC_MEM ---- */

#define RETURN_NOTHING 0x40U
#define WIDE	       0x20U

/* What it makes of the word at X, and that it returns what was there. */
static uint64_t atomic(uint32_t operation, uint64_t old, uint64_t source, uint64_t compare)
{
	uint64_t result;

	for (uint32_t returns = 0; returns < 2; returns++) {
		*at64(X) = old;
		EMIT(&p, 0xc0071e02, operation | (returns ? 0 : RETURN_NOTHING), LO(X), HI(X), LO(source),
		     HI(source), LO(compare), HI(compare), 0);
		EMIT(&p, 0xc0044002, 0x00010506, 0, 0, LO(X + 8), HI(X));
		assert_int_equal(program_run(&p), GPU_DONE);
		result = *at64(X);
		assert_true(*at64(X + 8) == (!returns ? 0 : operation & WIDE ? old : (uint32_t)old));
	}
	return result;
}

static void atomics_compute(void **state)
{
	static const struct {
		uint32_t operation;
		uint64_t old, source, compare, result;
	} wide[] = {
		{7, 5, 0x900000001, 0, 0x900000001},
		{8, 5, 9, 5, 9},
		{8, 5, 9, 0x100000005, 5},
		{15, 5, UINT64_MAX, 0, 4},
		{16, 5, 6, 0, UINT64_MAX},
		{17, UINT64_MAX, 5, 0, UINT64_MAX},
		{18, UINT64_MAX, 5, 0, 5},
		{19, UINT64_MAX, 5, 0, 5},
		{20, UINT64_MAX, 5, 0, UINT64_MAX},
		{21, 0xff00ff00ff00ff, 0xffff0000ffff0000, 0, 0x00ff000000ff0000},
		{22, 0xf0, 0x0f, 0, 0xff},
		{23, 0xff, 0x0f, 0, 0xf0},
		{24, 5, 6, 0, 6},
		{24, 6, 6, 0, 0},
		{25, 5, 6, 0, 4},
		{25, 0, 6, 0, 6},
		{25, 7, 6, 0, 6},
	};

	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
				assert_true(atomic(wide[i].operation | WIDE, wide[i].old, wide[i].source,
						   wide[i].compare) == wide[i].result);
			/* 32 bits leave the rest alone, and have a sign of their own */
			assert_true(atomic(15, 0x7ffffffff, 1, 0) == 0x700000000);
			assert_true(atomic(8, 0x100000005, 0x900000009, 0x200000005) == 0x100000009);
			assert_true(atomic(17, 0x180000000, 5, 0) == 0x180000000);
			assert_true(atomic(19, 0x180000000, 5, 0) == 0x100000005);
			assert_true(atomic(18, 0x180000000, 5, 0) == 0x100000005);
			EMIT(&p, 0xc0071e02, 26, LO(X), HI(X), 0, 0, 0, 0, 0);
			assert_stopped(program_run(&p), GPU_ERROR_UNSUPPORTED, "ATOMIC 26");
			EMIT(&p, 0xc0071e02, 1, LO(X), HI(X), 0, 0, 0, 0, 0);
			assert_stopped(program_run(&p), GPU_ERROR_UNSUPPORTED, "ATOMIC 1 ");
			EMIT(&p, 0xc0071e02, 47, LO(X + 4), HI(X), 0, 0, 0, 0, 0);
			assert_stopped(program_run(&p), GPU_ERROR_PACKET, "not a multiple of 8");
			EMIT(&p, 0xc0071e02, 15, LO(X + 2), HI(X), 0, 0, 0, 0, 0);
			assert_stopped(program_run(&p), GPU_ERROR_PACKET, "not a multiple of 4");
			EMIT(&p, 0xc0071e02, 15 | 2 << 8, LO(X), HI(X), 0, 0, 0, 0, 0);
			if (g == 9)
				assert_stopped(program_run(&p), GPU_ERROR_PACKET, "COMMAND 2");
			else
				assert_int_equal(program_run(&p), GPU_DONE);
			EMIT(&p, 0xc0071e02, 15 | 4 << 8, LO(X), HI(X), 0, 0, 0, 0, 0);
			assert_stopped(program_run(&p), GPU_ERROR_PACKET, "COMMAND 4");
			machine.space.pages[3].fault[GPU_WRITE] = GPU_FAULT_READ_ONLY;
			EMIT(&p, 0xc0071e02, 15, LO(X), HI(X), 0, 0, 0, 0, 0);
			assert_stopped(program_run(&p), GPU_ERROR_PAGE_FAULT, "writes 0x7f1200003000");
			machine_stop();
		}
}

static void an_atomic_may_loop(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			*at64(X) = 5;
			EMIT(&p, 0xc0071e02, 40 | 1 << 8, LO(X), HI(X), 9, 0, 6, 0, 16);
			assert_int_equal(program_run(&p), GPU_WAITING);
			assert_int_equal(gpu_engine_run(machine.engine, 10), GPU_WAITING);
			assert_true(*at64(X) == 5);
			*at64(X) = 6;
			assert_int_equal(gpu_engine_run(machine.engine, 10), GPU_DONE);
			assert_true(*at64(X) == 9);
			EMIT(&p, 0xc0071e02, 47 | 1 << 8, LO(X), HI(X), 9, 0, 6, 0, 16);
			assert_stopped(program_run(&p), GPU_ERROR_PACKET, "compare-and-swap");
			EMIT(&p, 0xc0071e02, 104 | 1 << 8, LO(X), HI(X), 9, 0, 6, 0, 16);
			assert_stopped(program_run(&p), GPU_ERROR_PACKET, "compare-and-swap");
			machine_stop();
		}
}

static void atomics_and_the_l2(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			*at64(Y) = 10;
			emit_add(&p, Y, 1);
			assert_int_equal(program_run(&p), GPU_DONE);
			assert_true(*at64(Y) == 10);
			emit_write_back(&p);
			assert_int_equal(program_run(&p), GPU_DONE);
			assert_true(*at64(Y) == 11);
			machine_stop();
		}
	for (uint32_t g = 10; g <= 11; g++) {
		start(g);
		/* past it, what it holds of the line first */
		emit_store(&p, Y + 8, 7);
		EMIT(&p, 0xc0071e02, 0x0600002f, LO(Y), HI(Y), 1, 0, 0, 0, 0);
		assert_int_equal(program_run(&p), GPU_DONE);
		assert_true(*at64(Y) == 1 && *at(Y + 8) == 7);
		*at64(Y) = 5;
		EMIT(&p, 0xc0071e02, 0x0600002f, LO(Y), HI(Y), 1, 0, 0, 0, 0);
		assert_int_equal(program_run(&p), GPU_DONE);
		assert_true(*at64(Y) == 6);
		machine_stop();
	}
}

/* In the L2 as well: where it would be done is the page tables' business. */
static void atomics_need_a_bus_for_them(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			for (uint32_t i = 0; i < 2; i++) {
				uint64_t va = i ? Y : X;

				machine.space.pages[(va - BASE) / PAGE].no_atomics = true;
				*at64(va) = 5;
				emit_add(&p, va, 1);
				assert_stopped(program_run(&p), GPU_ERROR_PACKET,
					       "ATOMIC_MEM at +0x0: atomic on 0x7f12000");
				emit_add(&p, va, 1);
				assert_stopped(program_run(&p), GPU_ERROR_PACKET,
					       "system memory, on a platform without PCIe atomics");
				assert_true(*at64(va) == 5);
				/* everything else goes */
				emit_store(&p, va, 7);
				emit_write_back(&p);
				assert_int_equal(program_run(&p), GPU_DONE);
				assert_int_equal(*at(va), 7);
			}
			machine_stop();
		}
}

static atomic_bool stop;

static void *count(void *arg)
{
	uint64_t *added = arg;

	while (!atomic_load(&stop)) {
		__atomic_fetch_add(at64(X), 1, __ATOMIC_RELAXED);
		++*added;
	}
	return NULL;
}

static void cpus_do_not_come_between(void **state)
{
	uint64_t added = 0;
	pthread_t thread;

	(void)state;
	start(11);
	assert_int_equal(pthread_create(&thread, NULL, count, &added), 0);
	for (uint32_t i = 0; i < 2000; i++) {
		for (uint32_t k = 0; k < 50; k++)
			emit_add(&p, X, 1);
		assert_int_equal(program_run(&p), GPU_DONE);
	}
	atomic_store(&stop, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(*at64(X) == added + 100000);
	machine_stop();
}

/* ---- DMA_DATA ---- */

static void dma_data(void **state)
{
	uint8_t *from, *to;

	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			from = (uint8_t *)at(BASE + 0x100000);
			to = (uint8_t *)at(BASE + 0x200000);
			for (uint32_t i = 0; i < 20000; i++)
				from[i] = (uint8_t)(i * 7 + i / 256);
			EMIT(&p, 0xc0055002, 0x60300000, LO(BASE + 0x100003), HI(BASE), LO(BASE + 0x200001),
			     HI(BASE), 12345);
			EMIT(&p, 0xc0055002, 0, LO(BASE + 0x100000), HI(BASE), LO(BASE + 0x210000), HI(BASE),
			     1);
			EMIT(&p, 0xc0055002, 0x40000000, 0x11223344, 0, LO(BASE + 0x220000), HI(BASE), 8);
			/* into nothing */
			EMIT(&p, 0xc0055002, 0x00200000, LO(BASE + 0x100000), HI(BASE), 0, 0, 100);
			emit_write_back(&p);
			assert_int_equal(program_run(&p), GPU_DONE);
			assert_int_equal(to[0], 0);
			assert_memory_equal(to + 1, from + 3, 12345);
			assert_int_equal(to[12346], 0);
			assert_int_equal(to[0x10000], from[0]);
			assert_int_equal(to[0x10001], 0);
			assert_int_equal(*at(BASE + 0x220000), 0x11223344);
			assert_int_equal(*at(BASE + 0x220004), 0x11223344);
			assert_int_equal(*at(BASE + 0x220008), 0);
			EMIT(&p, 0xc0055002, 0x40000000, 1, 0, LO(BASE + 0x220000), HI(BASE), 7);
			assert_stopped(program_run(&p), GPU_ERROR_PACKET, "whole words");
			EMIT(&p, 0xc0055002, 0x20000000, 1, 0, LO(BASE), HI(BASE), 8);
			assert_stopped(program_run(&p), g < 12 ? GPU_ERROR_UNSUPPORTED : GPU_ERROR_PACKET,
				       "SRC_SEL");
			EMIT(&p, 0xc0055002, 0x00100000, LO(BASE), HI(BASE), 0, 0, 8);
			assert_stopped(program_run(&p), g < 12 ? GPU_ERROR_UNSUPPORTED : GPU_ERROR_PACKET,
				       "DST_SEL");
			EMIT(&p, 0xc0055002, 0, LO(BASE), HI(BASE), LO(X), HI(X), 8 | 1 << 27);
			assert_stopped(program_run(&p), GPU_ERROR_UNSUPPORTED, "bits 0x08000000");
			EMIT(&p, 0xc0055002, 0, 64, 0, LO(X), HI(X), 8);
			assert_stopped(program_run(&p), GPU_ERROR_PAGE_FAULT, "reads 0x40");
			EMIT(&p, 0xc0055002, 0, LO(X), HI(X), 64, 0, 8);
			assert_stopped(program_run(&p), GPU_ERROR_PAGE_FAULT, "writes 0x40");
			machine_stop();
		}
}

/* ---- COND_EXEC ---- */

static void cond_exec(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			for (uint32_t value = 0; value < 2; value++) {
				*at(X) = value;
				*at(X + 4) = *at(X + 8) = 0;
				EMIT(&p, 0xc0032202, LO(X), HI(X), 0, 5);
				emit_store(&p, X + 4, 1);
				emit_store(&p, X + 8, 1);
				assert_int_equal(program_run(&p), GPU_DONE);
				assert_int_equal(*at(X + 4), value);
				assert_int_equal(*at(X + 8), 1);
			}
			/* to the end, and behind it */
			*at(X) = 0;
			EMIT(&p, 0xc0032202, LO(X), HI(X), 0, 1, 0x12345678);
			assert_int_equal(program_run(&p), GPU_DONE);
			EMIT(&p, 0xc0032202, LO(X), HI(X), 0, 2, 0x12345678);
			assert_stopped(program_run(&p), GPU_ERROR_PACKET, "EXEC_COUNT 2, but only 1");
			EMIT(&p, 0xc0032202, LO(X + 1), HI(X), 0, 0);
			assert_stopped(program_run(&p), GPU_ERROR_PACKET, "not a multiple of 4");
			EMIT(&p, 0xc0032202, 64, 0, 0, 0);
			assert_stopped(program_run(&p), GPU_ERROR_PAGE_FAULT, "reads 0x40");
			machine_stop();
		}
}

/* ---- INDIRECT_BUFFER ---- */

/* What was emitted so far becomes a buffer at @va. The control word is for it. */
static uint32_t put_buffer(uint64_t va)
{
	uint32_t control = 1U << 23 | p.used;

	memcpy(at(va), p.words, p.used * 4);
	p.used = 0;
	return control;
}

static void call(uint64_t va, uint32_t control)
{
	EMIT(&p, 0xc0023f02, LO(va), HI(va), control);
}

static void indirect_buffers(void **state)
{
	uint32_t control, inner;

	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			/* there and back, registers stay */
			emit_registers(&p);
			emit_dispatch(&p);
			emit_store(&p, X, 1);
			control = put_buffer(IB);
			call(IB, control);
			emit_store(&p, X + 4, 2);
			emit_dispatch(&p);
			assert_int_equal(program_run(&p), GPU_DONE);
			assert_int_equal(*at(X), 1);
			assert_int_equal(*at(X + 4), 2);
			assert_int_equal(gpu_engine_counters(machine.engine)->dispatches, 2);
			/* a packet at a time, with room for nothing else */
			call(IB, control);
			call(IB, control);
			memcpy(at(COMMANDS), p.words, p.used * 4);
			gpu_engine_start(machine.engine, &(struct gpu_job){.commands = COMMANDS,
									   .bytes = p.used * 4,
									   .space = &machine.space});
			p.used = 0;
			for (uint32_t i = 0; i < 1000; i++)
				if (gpu_engine_run(machine.engine, 1) == GPU_DONE)
					break;
			assert_int_equal(gpu_engine_counters(machine.engine)->dispatches, 4);
			/* chained: the rest is not executed, the caller's is */
			emit_store(&p, X, 3);
			inner = put_buffer(IB + 0x1000);
			call(IB + 0x1000, inner | 1 << 20);
			control = put_buffer(IB);
			call(IB, control);
			emit_store(&p, X + 4, 4);
			assert_int_equal(program_run(&p), GPU_DONE);
			assert_int_equal(*at(X), 3);
			assert_int_equal(*at(X + 4), 4);
			call(IB + 0x1000, inner | 1 << 20);
			assert_int_equal(program_run(&p), GPU_DONE);
			/* one level */
			call(IB + 0x1000, inner);
			control = put_buffer(IB);
			call(IB, control);
			assert_stopped(
				program_run(&p), GPU_ERROR_PACKET,
				"INDIRECT_BUFFER at +0x0 of the indirect buffer of +0x0: in an indirect");
			/* errors in it are told by both places */
			EMIT(&p, 0xffff1000, 0x12345678);
			control = put_buffer(IB);
			EMIT(&p, 0xffff1000);
			call(IB, control);
			assert_int_equal(program_run(&p), GPU_STOPPED);
			assert_int_equal(gpu_engine_error(machine.engine)->offset, 4);
			assert_true(gpu_engine_error(machine.engine)->va == IB + 4);
			assert_stopped(GPU_STOPPED, GPU_ERROR_PACKET,
				       "packet at +0x4 of the indirect buffer of +0x4");
			/* what is wrong with the packet itself */
			call(IB, 1);
			assert_stopped(program_run(&p), GPU_ERROR_PACKET, "VALID");
			call(IB, 1U << 23);
			assert_stopped(program_run(&p), GPU_ERROR_PACKET, "IB_SIZE is 0");
			call(IB + 2, 1U << 23 | 1);
			assert_stopped(program_run(&p), GPU_ERROR_PACKET, "IB_BASE");
			call(IB, 1U << 23 | 1 << 24 | 1);
			assert_stopped(program_run(&p), GPU_ERROR_UNSUPPORTED, "bits 0x01000000");
			call(IB, 1U << 23 | 1 << 20 | 1);
			EMIT(&p, 0xffff1000);
			assert_stopped(program_run(&p), GPU_ERROR_PACKET, "must be the last");
			call(64, 1U << 23 | 1);
			assert_stopped(program_run(&p), GPU_ERROR_PAGE_FAULT, "fetches 0x40");
			machine_stop();
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(atomics_compute),
		cmocka_unit_test(an_atomic_may_loop),
		cmocka_unit_test(atomics_and_the_l2),
		cmocka_unit_test(atomics_need_a_bus_for_them),
		cmocka_unit_test(cpus_do_not_come_between),
		cmocka_unit_test(dma_data),
		cmocka_unit_test(cond_exec),
		cmocka_unit_test(indirect_buffers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
