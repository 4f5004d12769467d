// SPDX-License-Identifier: MIT
/*
 * Dispatches on the simulated compute engine: one that is in order runs, and whatever single thing is wrong with its
 * registers, its size or its memory is told by name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "dxgsim/gpu/state.h"
#include "gpu_program.h"

#define EACH_GENERATION(g) (uint32_t g = 9; g <= 12; g++)

static struct program p;

static void start(uint32_t generation)
{
	machine_start(generation, GPU_ENGINE_COMPUTE);
	program_begin(&p, generation);
}

/* With one register, dimension or bit changed. */
static void refused(enum gpu_error_kind kind, const char *text)
{
	uint32_t generation = p.generation;

	assert_stopped(dispatch(&p), kind, text);
	program_begin(&p, generation);
}

/* gfx9 says it in its own way, for it knows none but the end. */
static void refused_instruction(enum gpu_error_kind kind, const char *text, const char *gfx9)
{
	if (p.generation == 9)
		refused(GPU_ERROR_UNSUPPORTED, gfx9);
	else
		refused(kind, text);
}

static void accepted(void)
{
	uint32_t generation = p.generation;
	uint64_t before = gpu_engine_counters(machine.engine)->dispatches;

	if (dispatch(&p) != GPU_DONE)
		fail_msg("gfx%u: %s", generation, gpu_engine_error(machine.engine)->text);
	assert_true(gpu_engine_counters(machine.engine)->dispatches == before + 1);
	program_begin(&p, generation);
}

static void a_dispatch_in_order_runs(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			accepted();
			/* groups instead of work-items, the last of them smaller, or not */
			p.initiator = 0x07;
			program_set(&p, NUM_THREAD_X, 64 | 10 << 16);
			program_set(&p, NUM_THREAD_X + 1, 1 | 1 << 16);
			program_set(&p, NUM_THREAD_X + 2, 1 | 1 << 16);
			accepted();
			p.initiator = 0x05;
			accepted();
			/* from somewhere on */
			p.initiator = 0x21;
			for (uint32_t i = 0; i < 3; i++)
				program_set(&p, START_X + i, i ? 0 : 2);
			accepted();
			if (g > 9) {
				p.initiator |= W32;
				accepted();
			}
			/* as much as there can be, and more than is ever executed */
			machine.engine->config.skip_kernels = true;
			program_set(&p, NUM_THREAD_X, 16);
			program_set(&p, NUM_THREAD_X + 1, 8);
			program_set(&p, NUM_THREAD_X + 2, 8);
			p.dim[0] = p.dim[1] = p.dim[2] = ~0U;
			program_set(&p, RSRC1, g >= 10 ? 0x4000003f : 0x0000033f);
			program_set(&p, RSRC2, 16 << 1 | 2 << 11 | 128 << 15);
			for (uint32_t i = 0; i < 16; i++)
				program_set(&p, USER_DATA_0 + i, i);
			accepted();
			machine_stop();
		}
}

static void every_register_must_have_been_written(void **state)
{
	static const struct {
		uint32_t offset, first, last;
		const char *name;
	} needed[] = {
		{NUM_THREAD_X, 9, 12, "0x2e07 (COMPUTE_NUM_THREAD_X) has not been written"},
		{NUM_THREAD_X + 1, 9, 11, "0x2e08 (COMPUTE_NUM_THREAD_X + 1)"},
		{NUM_THREAD_X + 2, 9, 11, "0x2e09 (COMPUTE_NUM_THREAD_X + 2)"},
		{NUM_THREAD_X + 2, 12, 12, "0x2e09 (COMPUTE_NUM_THREAD_Z)"},
		{PGM_LO, 9, 12, "COMPUTE_PGM_LO"},
		{PGM_LO + 1, 9, 12, "COMPUTE_PGM_HI"},
		{RSRC1, 9, 12, "COMPUTE_PGM_RSRC1"},
		{RSRC2, 9, 12, "COMPUTE_PGM_RSRC2"},
		{RSRC3, 10, 12, "COMPUTE_PGM_RSRC3"},
		{RESOURCE_LIMITS, 9, 12, "COMPUTE_RESOURCE_LIMITS"},
		{THREAD_MGMT_SE0, 9, 12, "(COMPUTE_STATIC_THREAD_MGMT_SE0)"},
		{THREAD_MGMT_SE0 + 1, 9, 12, "(COMPUTE_STATIC_THREAD_MGMT_SE0 + 1)"},
		{THREAD_MGMT_SE2, 9, 12, "(COMPUTE_STATIC_THREAD_MGMT_SE2)"},
		{THREAD_MGMT_SE2 + 1, 9, 12, "(COMPUTE_STATIC_THREAD_MGMT_SE2 + 1)"},
		{TMPRING_SIZE, 9, 12, "COMPUTE_TMPRING_SIZE"},
		{USER_DATA_0, 9, 12, "0x2e40 (COMPUTE_USER_DATA_0)"},
		{USER_DATA_0 + 1, 9, 12, "0x2e41 (COMPUTE_USER_DATA_0 + 1)"},
	};

	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
				if (g < needed[i].first || g > needed[i].last)
					continue;
				program_unset(&p, needed[i].offset);
				refused(GPU_ERROR_PACKET, needed[i].name);
			}
			for (uint32_t i = 0; i < 3; i++) {
				p.initiator = 0x21;
				for (uint32_t k = 0; k < 3; k++)
					if (k != i)
						program_set(&p, START_X + k, 0);
				refused(GPU_ERROR_PACKET, "(COMPUTE_START_X");
			}
			/* of another buffer, nothing is left */
			accepted();
			emit_dispatch(&p);
			assert_stopped(program_run(&p), GPU_ERROR_PACKET, "has not been written");
			machine_stop();
		}
}

static void every_shader_engine_needs_its_mask(void **state)
{
	struct gpu_engine_config config = {.kind = GPU_ENGINE_COMPUTE, .generation = 11, .shader_engines = 6};

	(void)state;
	/* as a 7900 XTX, with one unit less */
	for (uint32_t i = 0; i < 6; i++)
		config.compute_units[i] = i ? 0x00ff00ff : 0x00ff00fe;
	machine_start_as(config);
	program_begin(&p, 11);
	refused(GPU_ERROR_PACKET, "0x2e2b (COMPUTE_STATIC_THREAD_MGMT_SE4) has not");
	program_set(&p, THREAD_MGMT_SE4, 0);
	refused(GPU_ERROR_PACKET, "(COMPUTE_STATIC_THREAD_MGMT_SE4 + 1) has not");
	for (uint32_t i = 0; i < 2; i++)
		program_set(&p, THREAD_MGMT_SE4 + i, 0);
	accepted();
	for (uint32_t i = 0; i < 2; i++) {
		program_set(&p, THREAD_MGMT_SE4 + i, 0);
		program_set(&p, THREAD_MGMT_SE0 + i, 0);
		program_set(&p, THREAD_MGMT_SE2 + i, 0);
	}
	emit_registers(&p);
	emit_dispatch(&p);
	assert_stopped(program_run(&p), GPU_ERROR_PACKET, "leave no compute unit");
	/* one that is not there is as good as none */
	program_set(&p, THREAD_MGMT_SE0, 0xff00ff01);
	emit_registers(&p);
	emit_dispatch(&p);
	assert_stopped(program_run(&p), GPU_ERROR_PACKET, "leave no compute unit");
	program_set(&p, THREAD_MGMT_SE4 + 1, 0x00800000);
	accepted();
	machine_stop();
}

static void registers_have_their_bits(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			program_set(&p, PGM_LO + 1, 0x17f);
			refused(GPU_ERROR_PACKET, "COMPUTE_PGM_HI 0x0000017f: bits 0x00000100 are reserved");
			program_set(&p, RSRC1, 1 << 27);
			refused(GPU_ERROR_PACKET,
				"COMPUTE_PGM_RSRC1 0x08000000: bits 0x08000000 are reserved");
			program_set(&p, RSRC1, 1 << 24);
			refused(GPU_ERROR_UNSUPPORTED, "bits 0x01000000 are not simulated");
			program_set(&p, RSRC1, 1 << 20);
			if (g == 11)
				accepted();
			else
				refused(GPU_ERROR_PACKET, "COMPUTE_PGM_RSRC1.PRIV");
			program_set(&p, RSRC1, 12 << 6);
			accepted();
			/* nobody looks at it since gfx10 */
			program_set(&p, RSRC1, 13 << 6);
			if (g == 9)
				refused(GPU_ERROR_PACKET, "COMPUTE_PGM_RSRC1.SGPRS 13");
			else
				accepted();
			program_set(&p, RSRC1, 1U << 29);
			if (g == 9)
				refused(GPU_ERROR_PACKET, "bits 0x20000000 are reserved");
			else
				accepted();
			program_set(&p, RSRC2, 1U << 31);
			refused(g == 9 || g == 12 ? GPU_ERROR_UNSUPPORTED : GPU_ERROR_PACKET,
				"COMPUTE_PGM_RSRC2 0x80000000: bits 0x80000000");
			program_set(&p, RSRC2, 1 << 6);
			refused(GPU_ERROR_UNSUPPORTED, "COMPUTE_PGM_RSRC2 0x00000040");
			program_set(&p, RSRC2, 3 << 11);
			refused(GPU_ERROR_PACKET, "TIDIG_COMP_CNT 3");
			program_set(&p, RSRC2, 17 << 1);
			refused(GPU_ERROR_PACKET, "USER_SGPR 17");
			program_set(&p, RSRC2, 129 << 15);
			refused(GPU_ERROR_PACKET, "LDS_SIZE 129 is more than 64 KiB");
			program_set(&p, RESOURCE_LIMITS, 1 << 10);
			refused(GPU_ERROR_PACKET, "COMPUTE_RESOURCE_LIMITS");
			program_set(&p, 0x214, 1);
			refused(GPU_ERROR_PACKET, "has no register 0x2e14 that a queue may write");
			program_set(&p, RSRC3, 1 << 12);
			refused(GPU_ERROR_PACKET,
				g == 9 ? "gfx9 has no register 0x2e28" : "COMPUTE_PGM_RSRC3");
			program_set(&p, THREAD_MGMT_SE4, ~0U);
			if (g < 11)
				refused(GPU_ERROR_PACKET, "has no register 0x2e2b");
			else
				accepted();
			EMIT(&p, 0xc0017602, 0x1ff, 0);
			assert_stopped(program_run(&p), GPU_ERROR_PACKET,
				       "register 0x2dff is for graphics engines");
			EMIT(&p, 0xc0027602, 0x27f, 0, 0);
			assert_stopped(program_run(&p), GPU_ERROR_PACKET, "no register 0x2e80");
			EMIT(&p, 0xc0017602, 0x10000207, 64);
			assert_stopped(program_run(&p), GPU_ERROR_UNSUPPORTED, "word 1, bits 0x10000000");
			machine_stop();
		}
}

static void rsrc3_by_generation(void **state)
{
	static const struct {
		uint32_t generation;
		uint32_t good, bad;
	} bits[] = {
		{10, 0x0000000f, 0xfffffff0},
		{11, 0x800003ff, 0x7ffff000},
		{12, 0x80000ff0, 0x7fffd00f},
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		start(bits[i].generation);
		program_set(&p, RSRC3, bits[i].good);
		accepted();
		for (uint32_t bit = 0; bit < 32; bit++) {
			if (!(bits[i].bad >> bit & 1))
				continue;
			program_set(&p, RSRC3, 1U << bit);
			refused(GPU_ERROR_PACKET, "COMPUTE_PGM_RSRC3");
		}
		machine_stop();
	}
	start(11);
	program_set(&p, RSRC3, 1 << 10); /* TRAP_ON_START */
	refused(GPU_ERROR_UNSUPPORTED, "COMPUTE_PGM_RSRC3");
	/* shared registers: with waves of 64 only, and 256 at most */
	program_set(&p, RSRC3, 1);
	p.initiator |= W32;
	refused(GPU_ERROR_PACKET, "SHARED_VGPR_CNT 1 must be 0");
	program_set(&p, RSRC3, 15);
	program_set(&p, RSRC1, 33);
	accepted();
	program_set(&p, RSRC3, 15);
	program_set(&p, RSRC1, 34);
	refused(GPU_ERROR_PACKET, "SHARED_VGPR_CNT 15");
	/* a granule of 8 */
	program_set(&p, RSRC1, 31);
	p.initiator |= W32;
	accepted();
	program_set(&p, RSRC1, 32);
	p.initiator |= W32;
	refused(GPU_ERROR_PACKET, "COMPUTE_PGM_RSRC1.VGPRS 32");
	program_set(&p, RSRC1, 63);
	accepted();
	machine_stop();
}

static void initiators(void **state)
{
	/* bits that do no harm to this dispatch, and those that mean something that is not simulated */
	static const uint32_t good[] = {0x46, 0x8046, 0x8046, 0x8046};
	static const uint32_t missing[] = {0x4c18, 0x6c18, 0x36c18, 0xe00f7c18};

	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			for (uint32_t bit = 0; bit < 32; bit++) {
				p.initiator = (INITIATOR & ~4U) | 1U << bit;
				for (uint32_t i = 0; i < 3; i++)
					program_set(&p, START_X + i, 0);
				if (bit == 0 || bit == 5 || good[g - 9] >> bit & 1)
					accepted();
				else if (missing[g - 9] >> bit & 1)
					refused(GPU_ERROR_UNSUPPORTED, "DISPATCH_INITIATOR");
				else
					refused(GPU_ERROR_PACKET, "DISPATCH_INITIATOR");
			}
			p.initiator = 0x24;
			refused(GPU_ERROR_PACKET, "COMPUTE_SHADER_EN is not set");
			machine_stop();
		}
}

static void sizes(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			for (uint32_t i = 0; i < 3; i++) {
				p.dim[i] = 0;
				refused(GPU_ERROR_PACKET, "is no grid");
				program_set(&p, NUM_THREAD_X + i, 0);
				refused(GPU_ERROR_PACKET, "0 is not 1 to 1024");
				program_set(&p, NUM_THREAD_X + i, 1025);
				refused(GPU_ERROR_PACKET, "1025 is not 1 to 1024");
			}
			program_set(&p, NUM_THREAD_X, 64);
			program_set(&p, NUM_THREAD_X + 1, 17);
			refused(GPU_ERROR_PACKET, "work-group of at least 1088");
			program_set(&p, NUM_THREAD_X, 64 | 65 << 16);
			p.initiator = 0x07;
			refused(GPU_ERROR_PACKET, "COMPUTE_NUM_THREAD_X 65 in the last group");
			p.initiator = 0x07;
			refused(GPU_ERROR_PACKET, "COMPUTE_NUM_THREAD_X 0 in the last group");
			p.initiator = 0x21;
			program_set(&p, START_X, 3);
			program_set(&p, START_X + 1, 0);
			program_set(&p, START_X + 2, 0);
			refused(GPU_ERROR_PACKET, "COMPUTE_START_X/Y/Z 3 is behind the grid");
			machine_stop();
		}
}

static void code_must_be_there(void **state)
{
	struct machine_page *page = &machine.space.pages[(CODE - BASE) / PAGE];

	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			page->data_only = true;
			refused(GPU_ERROR_PAGE_FAULT, "which is not executable");
			page->data_only = false;
			page->fault[GPU_READ] = GPU_FAULT_NOT_RESIDENT;
			refused(GPU_ERROR_PAGE_FAULT, "DISPATCH_DIRECT at +0x");
			page->fault[GPU_READ] = GPU_FAULT_NONE;
			program_set(&p, PGM_LO, 0);
			program_set(&p, PGM_LO + 1, 0);
			assert_stopped(dispatch(&p), GPU_ERROR_PAGE_FAULT, "reads 0x0, which is not mapped");
			program_begin(&p, g);
			/* s_nop before; anything else; another generation's end */
			*at(CODE) = 0xbf800003;
			put_kernel(g, CODE + 4);
			assert_int_equal(dispatch(&p), GPU_DONE);
			*at(CODE + 512) = g >= 11 ? 0xbf810000 : 0xbfb00000;
			program_set(&p, PGM_LO, LO((CODE + 512) >> 8));
			refused_instruction(g >= 11 ? GPU_ERROR_UNSUPPORTED : GPU_ERROR_KERNEL,
					    g >= 11 ? "(bf810000) at pc 0x7f1200010200"
						    : "(bfb00000) at pc 0x7f1200010200",
					    "instruction 0xbfb00000 at pc 0x7f1200010200 is not simulated");
			/* nothing but s_nop up to where there is nothing */
			for (uint64_t va = BASE + (uint64_t)PAGES * PAGE - 256;
			     va < BASE + (uint64_t)PAGES * PAGE; va += 4)
				*at(va) = 0xbf800000;
			program_set(&p, PGM_LO, LO((BASE + (uint64_t)PAGES * PAGE - 256) >> 8));
			refused(GPU_ERROR_PAGE_FAULT, "not mapped");
			for (uint64_t va = BASE + 0x20000; va < BASE + 0x20000 + 4 * PAGE; va += 4)
				*at(va) = 0xbf800000;
			program_set(&p, PGM_LO, LO((BASE + 0x20000) >> 8));
			refused_instruction(GPU_ERROR_KERNEL, "(00000000) at pc 0x7f1200024000",
					    "no s_endpgm in 4096 instructions");
			machine_stop();
		}
}

/* All of a dispatch is looked at but the code, of which no more than the first instruction must be there. */
static void skipped_kernels_are_checked_and_do_nothing(void **state)
{
	const uint64_t end = BASE + (uint64_t)PAGES * PAGE;

	(void)state;
	for
		EACH_GENERATION(g)
		{
			machine_start_as((struct gpu_engine_config){
				.kind = GPU_ENGINE_COMPUTE, .generation = g, .skip_kernels = true});
			program_begin(&p, g);
			*at(CODE) = 0x12345678;
			accepted();
			*at(end - 256) = 0x12345678;
			program_set(&p, PGM_LO, LO((end - 256) >> 8));
			assert_int_equal(dispatch(&p), GPU_DONE);
			program_set(&p, PGM_LO, LO(end >> 8));
			refused(GPU_ERROR_PAGE_FAULT, "not mapped");
			machine.space.pages[(CODE - BASE) / PAGE].data_only = true;
			refused(GPU_ERROR_PAGE_FAULT, "which is not executable");
			machine.space.pages[(CODE - BASE) / PAGE].data_only = false;
			program_set(&p, RSRC2, 129 << 15);
			refused(GPU_ERROR_PACKET, "LDS_SIZE 129 is more than 64 KiB");
			program_unset(&p, RSRC1);
			refused(GPU_ERROR_PACKET, "COMPUTE_PGM_RSRC1) has not been written");
			machine_stop();
		}
}

static void with_scratch(uint32_t g, uint32_t waves, uint32_t wave_size)
{
	program_set(&p, TMPRING_SIZE, waves | wave_size << 12);
	if (g >= 11) {
		program_set(&p, RSRC2, 1 | 2 << 1);
		program_set(&p, SCRATCH_BASE_LO, LO(SCRATCH >> 8));
		program_set(&p, SCRATCH_BASE_LO + 1, HI(SCRATCH >> 8));
	} else {
		program_set(&p, RSRC2, 1 | 4 << 1);
		program_set(&p, USER_DATA_0, LO(SCRATCH));
		program_set(&p, USER_DATA_0 + 1, HI(SCRATCH) | 1U << 31);
		program_set(&p, USER_DATA_0 + 2, waves * wave_size * 1024);
		program_set(&p, USER_DATA_0 + 3, g == 9 ? 0x00ea4fac : 0x21e14fac);
	}
}

static void scratch_must_be_there(void **state)
{
	/* 32 KiB in all: by wave since gfx11, of which each shader engine has that many, or altogether */
	uint32_t first = (SCRATCH - BASE) / PAGE;

	(void)state;
	for
		EACH_GENERATION(g)
		{
			uint32_t waves = g >= 11 ? 8 : 32, size = g >= 11 ? 4 : 1;

			start(g);
			with_scratch(g, waves, size);
			accepted();
			with_scratch(g, 0, size);
			refused(GPU_ERROR_PACKET, "COMPUTE_TMPRING_SIZE.WAVES 0");
			with_scratch(g, waves, 0);
			refused(GPU_ERROR_PACKET, "COMPUTE_TMPRING_SIZE.WAVESIZE 0");
			for (uint32_t page = 0; page < 8; page++) {
				machine.space.pages[first + page].fault[GPU_WRITE] = GPU_FAULT_NOT_RESIDENT;
				with_scratch(g, waves, size);
				refused(GPU_ERROR_PAGE_FAULT, "not resident");
				machine.space.pages[first + page].fault[GPU_WRITE] = GPU_FAULT_NONE;
			}
			machine.space.pages[first + 8].fault[GPU_WRITE] = GPU_FAULT_UNMAPPED;
			with_scratch(g, waves, size);
			accepted();
			with_scratch(g, waves + 4, size);
			refused(GPU_ERROR_PAGE_FAULT, "not mapped");
			if (g >= 11) {
				with_scratch(g, waves, size);
				program_unset(&p, SCRATCH_BASE_LO);
				refused(GPU_ERROR_PACKET, "COMPUTE_DISPATCH_SCRATCH_BASE_LO");
				with_scratch(g, waves, size);
				program_unset(&p, SCRATCH_BASE_LO + 1);
				refused(GPU_ERROR_PACKET, "COMPUTE_DISPATCH_SCRATCH_BASE_HI");
			} else {
				with_scratch(g, waves, size);
				program_set(&p, USER_DATA_0 + 2, 32767);
				refused(GPU_ERROR_PACKET, "NUM_RECORDS 32767");
			}
			/* not asked for, it does not matter */
			with_scratch(g, waves + 4, size);
			program_set(&p, RSRC2, 2 << 1);
			accepted();
			machine_stop();
		}
	start(10);
	program_set(&p, TMPRING_SIZE, 1 << 25);
	refused(GPU_ERROR_PACKET, "COMPUTE_TMPRING_SIZE");
	machine_stop();
	start(11);
	program_set(&p, TMPRING_SIZE, 1 << 27);
	refused(GPU_ERROR_PACKET, "COMPUTE_TMPRING_SIZE");
	machine_stop();
	start(12);
	program_set(&p, TMPRING_SIZE, 1 << 29);
	accepted();
	machine_stop();
}

static void indirect(void **state)
{
	uint64_t dim = BASE + 0x3000;

	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			*at(dim) = 100;
			*at(dim + 4) = *at(dim + 8) = 1;
			emit_registers(&p);
			EMIT(&p, 0xc0021602, LO(dim), HI(dim), INITIATOR);
			assert_int_equal(program_run(&p), GPU_DONE);
			assert_int_equal(gpu_engine_counters(machine.engine)->dispatches, 1);
			/* nothing to do is known late */
			machine.space.pages[3].uncached = true;
			*at(dim + 4) = 0;
			emit_registers(&p);
			EMIT(&p, 0xc0021602, LO(dim), HI(dim), INITIATOR);
			assert_int_equal(program_run(&p), GPU_DONE);
			assert_int_equal(gpu_engine_counters(machine.engine)->dispatches, 1);
			EMIT(&p, 0xc0021602, LO(dim + 1), HI(dim), INITIATOR);
			assert_stopped(program_run(&p), GPU_ERROR_PACKET, "not a multiple of 4");
			EMIT(&p, 0xc0021602, 0, 0, INITIATOR);
			assert_stopped(program_run(&p), GPU_ERROR_PAGE_FAULT, "reads 0x0");
			machine_stop();
		}
}

static void registers_by_other_packets(void **state)
{
	uint64_t y = BASE + 0x3000;

	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			/* a user SGPR from memory, and back */
			*at(y) = 0x1234;
			EMIT(&p, 0xc0044002, 0x00000001, LO(y), HI(y), 0x2e40, 0);
			EMIT(&p, 0xc0044002, 0x00000500, 0x2e40, 0, LO(y + 256), HI(y));
			EMIT(&p, 0xc0004602, 0x407);
			emit_write_back(&p);
			assert_int_equal(program_run(&p), GPU_DONE);
			assert_int_equal(*at(y + 256), 0x1234);
			EMIT(&p, 0xc0044002, 0x00000500, 0x2e40, 0, LO(y + 256), HI(y));
			assert_stopped(program_run(&p), GPU_ERROR_PACKET,
				       "COMPUTE_USER_DATA_0 has not been written");
			EMIT(&p, 0xc0044002, 0x00000005, 0x100, 0, 0x2e0d, 0);
			assert_stopped(program_run(&p), GPU_ERROR_PACKET, "COMPUTE_PGM_HI");
			EMIT(&p, 0xc0017902, 0x123, 0);
			assert_stopped(program_run(&p), GPU_ERROR_UNSUPPORTED, "register 0xc123");
			EMIT(&p, 0xc0027902, 0x3fff, 0, 0);
			assert_stopped(program_run(&p), GPU_ERROR_PACKET, "not all in the space");
			machine_stop();
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dispatch_in_order_runs),
		cmocka_unit_test(every_register_must_have_been_written),
		cmocka_unit_test(every_shader_engine_needs_its_mask),
		cmocka_unit_test(registers_have_their_bits),
		cmocka_unit_test(rsrc3_by_generation),
		cmocka_unit_test(initiators),
		cmocka_unit_test(sizes),
		cmocka_unit_test(code_must_be_there),
		cmocka_unit_test(skipped_kernels_are_checked_and_do_nothing),
		cmocka_unit_test(scratch_must_be_there),
		cmocka_unit_test(indirect),
		cmocka_unit_test(registers_by_other_packets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
