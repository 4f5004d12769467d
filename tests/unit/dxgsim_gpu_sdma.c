// SPDX-License-Identifier: MIT
/*
 * SDMA packets on the simulated engine, in words computed by hand: what each packet does, and that nothing which hardware
 * would not understand gets through.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "gpu_machine.h"

#define X (BASE + 0x100) /* where packets write */
#define Y (BASE + 0x200) /* ... and read */

#define EACH_GENERATION(g) (uint32_t g = 9; g <= 12; g++)

static void start(uint32_t generation)
{
	machine_start(generation, GPU_ENGINE_SDMA);
}

/* To the end, however many slices that takes. */
static enum gpu_outcome drive(const uint32_t *words, uint32_t count)
{
	enum gpu_outcome outcome = run(words, count);

	while (outcome == GPU_RUNNING)
		outcome = gpu_engine_run(machine.engine, 1);
	return outcome;
}

#define DRIVE(...) \
	drive((const uint32_t[]){__VA_ARGS__}, (uint32_t)(sizeof((const uint32_t[]){__VA_ARGS__}) / 4))

/*
 * One valid packet: the words, and of each word the bits that mean something and may be flipped. Written down from the
 * public headers and not from the simulator's tables.
 */
struct sample {
	const char *name;
	uint32_t first, last; /* generations */
	uint32_t count;
	uint32_t words[13];
	uint32_t free[13];
};

#define ALL	 0xffffffffU
#define ALIGNED4 0xfffffffcU
#define ALIGNED8 0xfffffff8U

static const struct sample samples[] = {
	{"NOP", 9, 12, 3, {0x00020000, 1, 2}, {0, ALL, ALL}},
	{"COPY_LINEAR",
	 9,
	 9,
	 7,
	 {0x00000001, 15, 0, LO(Y), HI(Y), LO(X), HI(X)},
	 {0, 0x003fffff, 0, ALL, ALL, ALL, ALL}},
	{"COPY_LINEAR",
	 10,
	 10,
	 7,
	 {0x00000001, 15, 0, LO(Y), HI(Y), LO(X), HI(X)},
	 {0, 0x3fffffff, 0, ALL, ALL, ALL, ALL}},
	{"COPY_LINEAR",
	 11,
	 11,
	 7,
	 {0x00000001, 15, 0, LO(Y), HI(Y), LO(X), HI(X)},
	 {0x00080000, 0x3fffffff, 0x1c1c0000, ALL, ALL, ALL, ALL}},
	{"COPY_LINEAR",
	 12,
	 12,
	 7,
	 {0x00000001, 15, 0, LO(Y), HI(Y), LO(X), HI(X)},
	 {0, 0x3fffffff, 0x70700000, ALL, ALL, ALL, ALL}},
	/* 4 x 2 x 2 elements of 4 bytes, rows 64 bytes and slices 256 bytes apart */
	{"COPY_LINEAR_SUB_WINDOW",
	 9,
	 9,
	 13,
	 {0x40000401, LO(Y), HI(Y), 0, 15 << 13, 63, LO(X), HI(X), 0, 15 << 13, 63, 0x00010003, 1},
	 {0x60000000, ALIGNED4, ALL, 0x3fff3fff, 0xffffe7ff, 0x0fffffff, ALIGNED4, ALL, 0x3fff3fff,
	  0xffffe7ff, 0x0fffffff, 0x3fff3fff, 0x000007ff}},
	{"COPY_LINEAR_SUB_WINDOW",
	 10,
	 10,
	 13,
	 {0x40000401, LO(Y), HI(Y), 0, 15 << 13, 63, LO(X), HI(X), 0, 15 << 13, 63, 0x00010003, 1},
	 {0x60000000, ALIGNED4, ALL, 0x3fff3fff, ALL, 0x0fffffff, ALIGNED4, ALL, 0x3fff3fff, ALL, 0x0fffffff,
	  0x3fff3fff, 0x00001fff}},
	{"COPY_LINEAR_SUB_WINDOW",
	 11,
	 11,
	 13,
	 {0x40000401, LO(Y), HI(Y), 0, 15 << 13, 63, LO(X), HI(X), 0, 15 << 13, 63, 0x00010003, 1},
	 {0x60080000, ALIGNED4, ALL, 0x3fff3fff, ALL, 0x0fffffff, ALIGNED4, ALL, 0x3fff3fff, ALL, 0x0fffffff,
	  0x3fff3fff, 0x1c1c1fff}},
	{"COPY_LINEAR_SUB_WINDOW",
	 12,
	 12,
	 13,
	 {0x40000401, LO(Y), HI(Y), 0, 15 << 16, 63, LO(X), HI(X), 0, 15 << 16, 63, 0x00010003, 1},
	 {0x60000000, ALIGNED4, ALL, ALL, 0xffff3fff, ALL, ALIGNED4, ALL, ALL, 0xffff3fff, ALL, ALL,
	  0x70703fff}},
	/* the count is not free: the packet would be truncated */
	{"WRITE_LINEAR",
	 9,
	 10,
	 6,
	 {0x00000002, LO(X), HI(X), 1, 7, 0},
	 {0, ALIGNED4, ALL, 0x00000001, ALL, ALL}},
	{"WRITE_LINEAR",
	 11,
	 11,
	 6,
	 {0x00000002, LO(X), HI(X), 1, 7, 0},
	 {0x10000000, ALIGNED4, ALL, 0x1c000001, ALL, ALL}},
	{"WRITE_LINEAR",
	 12,
	 12,
	 6,
	 {0x00000002, LO(X), HI(X), 1, 7, 0},
	 {0, ALIGNED4, ALL, 0x1c000001, ALL, ALL}},
	{"FENCE", 9, 9, 4, {0x00000005, LO(X), HI(X), 7}, {0, ALIGNED4, ALL, ALL}},
	{"FENCE", 10, 10, 4, {0x00030005, LO(X), HI(X), 7}, {0x035f0000, ALIGNED4, ALL, ALL}},
	{"FENCE", 11, 11, 4, {0x00030005, LO(X), HI(X), 7}, {0x175f0000, ALIGNED4, ALL, ALL}},
	{"FENCE", 12, 12, 4, {0x00130005, LO(X), HI(X), 7}, {0x1f530000, ALIGNED4, ALL, ALL}},
	{"TRAP", 9, 11, 2, {0x00000006, 5}, {0, 0x0fffffff}},
	{"TRAP", 12, 12, 2, {0x00000006, 5}, {0, ALL}},
	/* always passes */
	{"POLL_REGMEM",
	 9,
	 10,
	 6,
	 {0x80000008, LO(Y), HI(Y), 0, ALL, 0x0fff0004},
	 {0x70000000, ALIGNED4, ALL, ALL, ALL, 0x0fffffff}},
	{"POLL_REGMEM",
	 11,
	 11,
	 6,
	 {0x80000008, LO(Y), HI(Y), 0, ALL, 0x0fff0004},
	 {0x71700000, ALIGNED4, ALL, ALL, ALL, 0x0fffffff}},
	{"POLL_REGMEM",
	 12,
	 12,
	 6,
	 {0x80000008, LO(Y), HI(Y), 0, ALL, 0x0fff0004},
	 {0x70c00000, ALIGNED4, ALL, ALL, ALL, 0x0fffffff}},
	{"COND_EXE", 9, 10, 5, {0x00000009, LO(Y), HI(Y), 0, 0}, {0, ALIGNED4, ALL, ALL, 0}},
	{"COND_EXE", 11, 11, 5, {0x00000009, LO(Y), HI(Y), 0, 0}, {0x17000000, ALIGNED4, ALL, ALL, 0}},
	{"COND_EXE", 12, 12, 5, {0x00000009, LO(Y), HI(Y), 0, 0}, {0x0c000000, ALIGNED4, ALL, ALL, 0}},
	/* the operation has a test of its own: of add64's bits only that of the answer is free */
	{"ATOMIC",
	 9,
	 10,
	 8,
	 {0x5e00000a, LO(X), HI(X), 1, 0, 0, 0, 0},
	 {0xd0000000, ALIGNED8, ALL, ALL, ALL, ALL, ALL, 0x1fff}},
	{"ATOMIC",
	 11,
	 11,
	 8,
	 {0x5e00000a, LO(X), HI(X), 1, 0, 0, 0, 0},
	 {0xd1700000, ALIGNED8, ALL, ALL, ALL, ALL, ALL, 0x1fff}},
	{"ATOMIC",
	 12,
	 12,
	 8,
	 {0x5e00000a, LO(X), HI(X), 1, 0, 0, 0, 0},
	 {0xd0c00000, ALIGNED8, ALL, ALL, ALL, ALL, ALL, 0x1fff}},
	/* bytes, so that every count and address goes; 3 is no size */
	{"CONSTANT_FILL",
	 9,
	 10,
	 5,
	 {0x0000000b, LO(X), HI(X), 7, 15},
	 {0xc0000000, ALL, ALL, ALL, 0x003fffff}},
	{"CONSTANT_FILL",
	 11,
	 11,
	 5,
	 {0x0000000b, LO(X), HI(X), 7, 15},
	 {0xd7000000, ALL, ALL, ALL, 0x3fffffff}},
	{"CONSTANT_FILL",
	 12,
	 12,
	 5,
	 {0x0000000b, LO(X), HI(X), 7, 15},
	 {0xcc500000, ALL, ALL, ALL, 0x3fffffff}},
	{"TIMESTAMP_GET_GLOBAL", 9, 10, 3, {0x0000020d, LO(X), HI(X)}, {0, 0xffffffe0, ALL}},
	{"TIMESTAMP_GET_GLOBAL", 11, 11, 3, {0x0000020d, LO(X), HI(X)}, {0x17000000, 0xffffffe0, ALL}},
	{"TIMESTAMP_GET_GLOBAL", 12, 12, 3, {0x0000020d, LO(X), HI(X)}, {0x1f000000, 0xffffffe0, ALL}},
	/* all of the L2: base and limit do not matter; GL2_RANGE and SEQ have values that are none */
	{"GCR_USER",
	 10,
	 11,
	 5,
	 {0x00000111, 0, 0x80000000, 0, 0},
	 {0x00000100, 0xffffff80, 0xf3ffffff, 0xffffff83, 0x0000ffff}},
	{"GCR_USER",
	 12,
	 12,
	 5,
	 {0x00000111, 0, 0x80000000, 0, 0},
	 {0x00000100, 0xffffff80, 0xf3ffffff, 0xffffff83, 0x0000ffff}},
};

#define EACH_SAMPLE(s, g)                                                                      \
	(const struct sample *s = samples; s < samples + sizeof(samples) / sizeof(samples[0]); \
	 s++) for (uint32_t g = s->first; g <= s->last; g++)

static void whole_packets_are_done(void **state)
{
	(void)state;
	for
		EACH_SAMPLE(s, g)
		{
			start(g);
			if (drive(s->words, s->count) != GPU_DONE)
				fail_msg("gfx%u: %s: %s", g, s->name, gpu_engine_error(machine.engine)->text);
			assert_int_equal(gpu_engine_error(machine.engine)->kind, GPU_ERROR_NONE);
			assert_int_equal(gpu_engine_counters(machine.engine)->packets, 1);
			machine_stop();
		}
}

/* A bit that is free may lead nowhere, but is no mistake in the packet.  GL2_RANGE and the opcode have tests of their own. */
static void every_other_bit_is_refused(void **state)
{
	uint32_t words[13];

	(void)state;
	for
		EACH_SAMPLE(s, g)
		{
			start(g);
			for (uint32_t bit = 16; bit < s->count * 32; bit++) {
				bool is_free = s->free[bit / 32] >> bit % 32 & 1;
				const struct gpu_error *error = gpu_engine_error(machine.engine);
				enum gpu_outcome outcome;
				bool refused;

				if (!strcmp(s->name, "GCR_USER") &&
				    (bit == 2 * 32 + 27 || bit == 2 * 32 + 28))
					continue;
				memcpy(words, s->words, sizeof(words));
				words[bit / 32] ^= 1U << bit % 32;
				outcome = run(words, s->count);
				for (int i = 0; i < 4 && outcome == GPU_RUNNING; i++)
					outcome = gpu_engine_run(machine.engine, 1);
				refused = outcome == GPU_STOPPED && error->kind != GPU_ERROR_PAGE_FAULT;
				if (is_free == refused)
					fail_msg("gfx%u %s: word %u bit %u: outcome %d, %s", g, s->name,
						 bit / 32, bit % 32, (int)outcome, error->text);
				if (refused && !error->offset)
					assert_non_null(strstr(error->text, s->name));
				gpu_engine_reset(machine.engine);
			}
			machine_stop();
		}
}

static void truncated_anywhere_is_refused(void **state)
{
	(void)state;
	for
		EACH_SAMPLE(s, g)
		{
			start(g);
			for (uint32_t i = 1; i < s->count; i++) {
				assert_stopped(run(s->words, i), GPU_ERROR_PACKET, "truncated");
				assert_int_equal(*at64(X), 0);
			}
			machine_stop();
		}
}

static void what_is_not_for_here_is_named(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			assert_stopped(RUN(0x00000003), GPU_ERROR_PACKET, "has no opcode 3.0");
			assert_stopped(RUN(0x0000ff01), GPU_ERROR_PACKET, "has no opcode 1.255");
			assert_stopped(RUN(0xc0001000), GPU_ERROR_PACKET,
				       "no opcode 0.16 (header 0xc0001000)");
			assert_stopped(RUN(0xf000000e, 0x1234, 1), GPU_ERROR_PACKET,
				       "SRBM_WRITE at +0x0: only for the kernel");
			assert_stopped(RUN(0, 0x00000004, 0, 0, 0, 0, 0), GPU_ERROR_PACKET,
				       "INDIRECT at +0x4: only for the kernel");
			assert_stopped(RUN(0x0000000c), GPU_ERROR_PACKET, "PTEPDE_GEN at +0x0: only for");
			assert_stopped(RUN(0x00000501), GPU_ERROR_UNSUPPORTED, "COPY_TILED_SUB_WINDOW");
			assert_stopped(RUN(0x00000007), GPU_ERROR_UNSUPPORTED, "SEMAPHORE at +0x0: not");
			machine_stop();
		}
	start(12);
	assert_stopped(RUN(0x80000105, LO(X), HI(X), 1, 0, LO(Y), HI(Y), 0), GPU_ERROR_UNSUPPORTED,
		       "FENCE_CONDITIONAL_INTERRUPT");
	machine_stop();
	start(11);
	assert_stopped(RUN(0x80000105, LO(X), HI(X), 1, 0, LO(Y), HI(Y), 0), GPU_ERROR_PACKET,
		       "no opcode 5.1");
	machine_stop();
	start(9);
	assert_stopped(RUN(0x00000111, 0, 0, 0, 0), GPU_ERROR_PACKET, "no opcode 17.1");
	machine_stop();
}

static void nops_skip_what_they_count(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			/* zeros are NOPs of one word; what a NOP counts is not looked at */
			assert_int_equal(DRIVE(0, 0, 0x00030000, ALL, ALL, ALL, 0x00000005, LO(X), HI(X), 9),
					 GPU_DONE);
			assert_int_equal(*at(X), 9);
			assert_int_equal(gpu_engine_counters(machine.engine)->packets, 4);
			assert_stopped(RUN(0x00030000, 0, 0), GPU_ERROR_PACKET,
				       "NOP at +0x0: truncated: of 4 words the buffer holds 3");
			machine_stop();
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_packets_are_done),
		cmocka_unit_test(every_other_bit_is_refused),
		cmocka_unit_test(truncated_anywhere_is_refused),
		cmocka_unit_test(what_is_not_for_here_is_named),
		cmocka_unit_test(nops_skip_what_they_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
