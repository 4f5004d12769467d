// SPDX-License-Identifier: MIT
/*
 * Every bit of the packets that need a whole state around them, and of the registers of a dispatch: it means something, or
 * the simulated engine refuses it.  Other packets are turned over in dxgsim_gpu_packets.c and dxgsim_gpu_sdma.c.  What is
 * free is written down from the public headers and not from the simulator's tables.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "gpu_program.h"

#define DIM (BASE + 0x3000)
#define IB  (BASE + 0x8000)
#define ALL 0xffffffffU

static struct program p;

/* Kernels are not looked into, so that an address may be any. */
static void start(uint32_t generation)
{
	machine_start_as((struct gpu_engine_config){
		.kind = GPU_ENGINE_COMPUTE, .generation = generation, .skip_kernels = true});
	program_begin(&p, generation);
	for (uint32_t i = 0; i < 3; i++)
		program_set(&p, START_X + i, 0);
	for (uint32_t i = 0; i < 16; i++)
		program_set(&p, USER_DATA_0 + i, i);
}

/* What is out of reach is no mistake in a packet. */
static bool refused(enum gpu_outcome outcome)
{
	return outcome == GPU_STOPPED && gpu_engine_error(machine.engine)->kind != GPU_ERROR_PAGE_FAULT;
}

static void check(enum gpu_outcome outcome, bool is_free, const char *name, uint32_t bit)
{
	const struct gpu_error *error = gpu_engine_error(machine.engine);

	if (refused(outcome) == is_free)
		fail_msg("gfx%u %s: word %u bit %u: outcome %d, %s", p.generation, name, bit / 32, bit % 32,
			 (int)outcome, error->text);
	if (outcome == GPU_STOPPED)
		assert_true(error->text[0]);
	gpu_engine_reset(machine.engine);
}

/* The packet behind the registers, as it is and with each bit turned over. */
static void turn_over(const char *name, const uint32_t *packet, uint32_t count, const uint32_t *is_free)
{
	uint32_t words[8];

	emit_registers(&p);
	emit(&p, packet, count);
	assert_int_equal(run(p.words, p.used), GPU_DONE);
	p.used = 0;
	for (uint32_t bit = 0; bit < count * 32; bit++) {
		memcpy(words, packet, count * 4);
		words[bit / 32] ^= 1U << bit % 32;
		emit_registers(&p);
		emit(&p, words, count);
		check(program_run(&p), is_free[bit / 32] >> bit % 32 & 1, name, bit);
	}
}

/* of COMPUTE_DISPATCH_INITIATOR: PARTIAL_TG_EN, FORCE_START_AT_000, USE_THREAD_DIMENSIONS, ORDER_MODE; CS_W32_EN */
static uint32_t free_initiator(uint32_t generation)
{
	return generation == 9 ? 0x66 : 0x8066;
}

/* Of the header the shader type alone is; a grid of 0 is none. */
static void dispatches(void **state)
{
	static const uint32_t direct[] = {0xc0031502, 160, 1, 1, INITIATOR};
	static const uint32_t indirect[] = {0xc0021602, LO(DIM), HI(DIM), INITIATOR};

	(void)state;
	for (uint32_t g = 9; g <= 12; g++) {
		start(g);
		*at(DIM) = 160;
		*at(DIM + 4) = *at(DIM + 8) = 1;
		turn_over("DISPATCH_DIRECT", direct, 5,
			  (const uint32_t[]){2, ALL, ALL - 1, ALL - 1, free_initiator(g)});
		turn_over("DISPATCH_INDIRECT", indirect, 4,
			  (const uint32_t[]){2, 0xfffffffc, ALL, free_initiator(g)});
		machine_stop();
	}
}

/* Into memory that is full of NOPs, so that every size goes but 0; chained or not, and since gfx10 of any cache policy. */
static void jumps(void **state)
{
	static const uint32_t packet[] = {0xc0023f02, LO(IB), HI(IB), 1U << 23 | 1};

	(void)state;
	for (uint32_t g = 9; g <= 12; g++) {
		start(g);
		for (uint64_t va = BASE; va < COMMANDS; va += 4)
			*at(va) = 0xffff1000;
		memset(p.written, 0, sizeof(p.written));
		turn_over("INDIRECT_BUFFER", packet, 4,
			  (const uint32_t[]){2, 0xfffffffc, ALL, g == 9 ? 0x101ffffe : 0x301ffffe});
		machine_stop();
	}
}

/* A register of the state that program_begin() makes, or one beside it: what it may become by one bit. */
static const struct {
	const char *name;
	uint32_t offset, count;
	uint32_t first, last; /* generations; in others there is none */
	uint32_t is_free;
} registers[] = {
	{"COMPUTE_DIM", 0x201, 3, 9, 12, ALL},
	/* 64 work-items: not 0 and up to 1024, which the next two share; those of the last group are not looked at */
	{"COMPUTE_NUM_THREAD_X", 0x207, 1, 9, 12, 0xffff03bf},
	{"COMPUTE_NUM_THREAD_Y", 0x208, 2, 9, 12, 0xffff000e},
	{"COMPUTE_PIPELINESTAT_ENABLE", 0x20a, 1, 9, 12, 1},
	{"COMPUTE_PERFCOUNT_ENABLE", 0x20b, 1, 9, 12, 1},
	{"COMPUTE_PGM_LO", 0x20c, 1, 9, 12, ALL},
	{"COMPUTE_PGM_HI", 0x20d, 1, 9, 12, 0xff},
	{"COMPUTE_DISPATCH_PKT_ADDR_LO", 0x20e, 1, 9, 12, ALL},
	{"COMPUTE_DISPATCH_PKT_ADDR_HI", 0x20f, 1, 9, 12, 0xff},
	{"COMPUTE_DISPATCH_SCRATCH_BASE_LO", 0x210, 1, 9, 12, ALL},
	{"COMPUTE_DISPATCH_SCRATCH_BASE_HI", 0x211, 1, 9, 12, 0xff},
	/* VGPRS to FLOAT_MODE, DX10_CLAMP, IEEE_MODE, FP16_OVFL; WGP_MODE, MEM_ORDERED, FWD_PROGRESS; PRIV on gfx11 */
	{"COMPUTE_PGM_RSRC1", 0x212, 1, 9, 9, 0x04afffff},
	{"COMPUTE_PGM_RSRC1", 0x212, 1, 10, 10, 0xe4afffff},
	{"COMPUTE_PGM_RSRC1", 0x212, 1, 11, 11, 0xe4bfffff},
	{"COMPUTE_PGM_RSRC1", 0x212, 1, 12, 12, 0xe42fffff},
	/* no scratch without a size of it, no more than 16 user SGPRs and 64 KiB of LDS, no trap handler */
	{"COMPUTE_PGM_RSRC2", 0x213, 1, 9, 12, 0x7f7fff9e},
	{"a register between", 0x214, 1, 13, 13, 0},
	{"COMPUTE_RESOURCE_LIMITS", 0x215, 1, 9, 9, 0x7ffff3ff},
	{"COMPUTE_RESOURCE_LIMITS", 0x215, 1, 10, 12, 0x07fff3ff},
	{"COMPUTE_STATIC_THREAD_MGMT_SE0", 0x216, 2, 9, 12, ALL},
	{"COMPUTE_TMPRING_SIZE", 0x218, 1, 9, 10, 0x01ffffff},
	{"COMPUTE_TMPRING_SIZE", 0x218, 1, 11, 11, 0x07ffffff},
	{"COMPUTE_TMPRING_SIZE", 0x218, 1, 12, 12, 0x3fffffff},
	{"COMPUTE_STATIC_THREAD_MGMT_SE2", 0x219, 2, 9, 12, ALL},
	{"COMPUTE_RESTART", 0x21b, 3, 9, 12, ALL},
	{"COMPUTE_THREAD_TRACE_ENABLE", 0x21e, 1, 9, 12, 0},
	{"COMPUTE_REQ_CTRL", 0x222, 1, 10, 12, 0x07ffffff},
	{"COMPUTE_USER_ACCUM", 0x224, 4, 10, 12, 0x7f},
	/* SHARED_VGPR_CNT; INST_PREF_SIZE and IMAGE_OP, where traps are left out */
	{"COMPUTE_PGM_RSRC3", 0x228, 1, 10, 10, 0x0000000f},
	{"COMPUTE_PGM_RSRC3", 0x228, 1, 11, 11, 0x800003ff},
	{"COMPUTE_PGM_RSRC3", 0x228, 1, 12, 12, 0x80000ff0},
	{"COMPUTE_SHADER_CHKSUM", 0x22a, 1, 10, 12, ALL},
	{"COMPUTE_STATIC_THREAD_MGMT_SE4", 0x22b, 4, 11, 12, ALL},
	{"COMPUTE_DISPATCH_INTERLEAVE", 0x22f, 1, 11, 12, 0x3ff},
	{"COMPUTE_USER_DATA", 0x240, 16, 9, 12, ALL},
	{"registers behind", 0x250, 1, 13, 13, 0},
	{"COMPUTE_DISPATCH_TUNNEL", 0x27d, 1, 10, 12, 0x1fff},
};

static void turn_register_over(uint32_t generation, uint32_t which, uint32_t offset)
{
	bool exists = generation >= registers[which].first && generation <= registers[which].last;

	for (uint32_t bit = 0; bit < 32; bit++) {
		uint32_t before = p.value[offset - 0x200];
		bool was_written = p.written[offset - 0x200];

		program_set(&p, offset, before ^ 1U << bit);
		check(dispatch(&p), exists && registers[which].is_free >> bit & 1, registers[which].name,
		      bit);
		p.value[offset - 0x200] = before;
		p.written[offset - 0x200] = was_written;
	}
}

/* Whether some generation has the register that this one has not; such a row says nothing of this one. */
static bool told_elsewhere(uint32_t which, uint32_t generation)
{
	if (generation >= registers[which].first && generation <= registers[which].last)
		return false;
	for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
		if (registers[i].offset == registers[which].offset && generation >= registers[i].first &&
		    generation <= registers[i].last)
			return true;
	return false;
}

static void registers_of_a_dispatch(void **state)
{
	(void)state;
	for (uint32_t g = 9; g <= 12; g++) {
		start(g);
		assert_int_equal(dispatch(&p), GPU_DONE);
		for (uint32_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
			for (uint32_t k = 0; k < registers[i].count && !told_elsewhere(i, g); k++)
				turn_register_over(g, i, registers[i].offset + k);
		machine_stop();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dispatches),
		cmocka_unit_test(jumps),
		cmocka_unit_test(registers_of_a_dispatch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
