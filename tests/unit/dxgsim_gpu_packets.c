// SPDX-License-Identifier: MIT
/*
 * PM4 on the simulated compute engine, in words computed by hand: what each packet does, and that nothing which
 * hardware would not understand gets through.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "gpu_machine.h"

#define X (BASE + 0x100) /* where packets write */
#define Y (BASE + 0x200) /* ... and read */

#define EACH_GENERATION(g) (uint32_t g = 9; g <= 12; g++)

static void start(uint32_t generation)
{
	machine_start(generation, GPU_ENGINE_COMPUTE);
}

/*
 * One valid packet: the words, and of each word the bits that may be flipped without making it invalid. Written
 * down from the public headers and not from the simulator's tables.
 */
struct sample {
	const char *name;
	uint32_t first, last; /* generations */
	uint32_t count;
	uint32_t words[9];
	uint32_t free[9];
};

#define ADDRESS4 0x007ffffcU /* stays in what is mapped */
#define ADDRESS8 0x007ffff8U
#define ALL	 0xffffffffU

static const struct sample samples[] = {
	/* the count of a header is not free, its bit 1 is */
	{"NOP", 9, 12, 3, {0xc0011000, 1, 2}, {2, ALL, ALL}},
	{"NOP of one word", 9, 12, 1, {0xffff1000}, {2}},
	{"WRITE_DATA", 9, 9, 5, {0xc0033700, 0x00100500, LO(X), HI(X), 7}, {2, 0x02110000, ADDRESS4, 0, ALL}},
	{"WRITE_DATA",
	 10,
	 12,
	 5,
	 {0xc0033700, 0x00100500, LO(X), HI(X), 7},
	 {2, 0x06110000, ADDRESS4, 0, ALL}},
	/* always passes */
	{"WAIT_REG_MEM",
	 9,
	 9,
	 7,
	 {0xc0053c00, 0x00000010, LO(Y), HI(Y), 0, ALL, 4},
	 {2, 0x00000007, ADDRESS4, 0, ALL, ALL, 0x8000ffff}},
	{"WAIT_REG_MEM",
	 10,
	 12,
	 7,
	 {0xc0053c00, 0x00000010, LO(Y), HI(Y), 0, ALL, 4},
	 {2, 0x06000007, ADDRESS4, 0, ALL, ALL, 0x8000ffff}},
	{"WAIT_REG_MEM64",
	 9,
	 9,
	 9,
	 {0xc0079300, 0x00000010, LO(Y), HI(Y), 0, 0, ALL, ALL, 4},
	 {2, 0x00000007, ADDRESS8, 0, ALL, ALL, ALL, ALL, 0x8000ffff}},
	{"WAIT_REG_MEM64",
	 10,
	 12,
	 9,
	 {0xc0079300, 0x00000010, LO(Y), HI(Y), 0, 0, ALL, ALL, 4},
	 {2, 0x06000007, ADDRESS8, 0, ALL, ALL, ALL, ALL, 0x8000ffff}},
	/* 64 bits from memory to memory */
	{"COPY_DATA",
	 9,
	 9,
	 6,
	 {0xc0044000, 0x00110202, LO(Y), HI(Y), LO(X), HI(X)},
	 {2, 0x0211200c, ADDRESS8, 0, ADDRESS8, 0}},
	{"COPY_DATA",
	 10,
	 12,
	 6,
	 {0xc0044000, 0x00110202, LO(Y), HI(Y), LO(X), HI(X)},
	 {2, 0x0611600c, ADDRESS8, 0, ADDRESS8, 0}},
	{"EVENT_WRITE", 9, 12, 2, {0xc0004600, 0x407}, {2, 0}},
	/* add, 64 bits, of which bit 6 says not to return; 47 ^ 16 is an exclusive or, without 32 it is of 32 bits */
	{"ATOMIC_MEM",
	 9,
	 9,
	 9,
	 {0xc0071e00, 0x2f, LO(X), HI(X), 1, 0, 0, 0, 0},
	 {2, 0x02000068, ADDRESS8, 0, ALL, ALL, ALL, ALL, 0x1fff}},
	{"ATOMIC_MEM",
	 10,
	 12,
	 9,
	 {0xc0071e00, 0x2f, LO(X), HI(X), 1, 0, 0, 0, 0},
	 {2, 0x06000268, ADDRESS8, 0, ALL, ALL, ALL, ALL, 0x1fff}},
	/* skips nothing */
	{"COND_EXEC", 9, 9, 5, {0xc0032200, LO(Y), HI(Y), 0, 0}, {2, ADDRESS4, 0, 0x02000000, 0}},
	{"COND_EXEC", 10, 12, 5, {0xc0032200, LO(Y), HI(Y), 0, 0}, {2, ADDRESS4, 0, 0x06000000, 0}},
	/* no bytes, L2 to L2; bit 14 of the header makes a NOP of it */
	{"DMA_DATA",
	 9,
	 9,
	 7,
	 {0xc0055000, 0x60300000, LO(Y), HI(Y), LO(X), HI(X), 0},
	 {0x4002, 0x22102000, ALL, ALL, ALL, ALL, 0xc07fffff}},
	{"DMA_DATA",
	 10,
	 12,
	 7,
	 {0xc0055000, 0x60300000, LO(Y), HI(Y), LO(X), HI(X), 0},
	 {0x4002, 0x26106000, ALL, ALL, ALL, ALL, 0xc07fffff}},
	/* other registers take a 0 as well, where there are any */
	{"SET_SH_REG", 9, 9, 4, {0xc0027600, 0x204, 0, 0}, {2, 0x4b, ALL, ALL}},
	{"SET_SH_REG", 10, 12, 4, {0xc0027600, 0x204, 0, 0}, {2, 0x6b, ALL, ALL}},
	{"SET_UCONFIG_REG", 9, 12, 3, {0xc0017900, 0x341, 0}, {2, 0x7, ALL}},
	/* write-back, 64 bits, data after confirmation */
	{"RELEASE_MEM",
	 9,
	 9,
	 8,
	 {0xc0064900, 0x00008514, 0x43000000, LO(X), HI(X), 1, 2, 0},
	 {2, 0x023bb000, 0x03010000 | 0x60000000, ADDRESS8, 0, ALL, ALL, ALL}},
	{"RELEASE_MEM",
	 10,
	 10,
	 8,
	 {0xc0064900, 0x00200514, 0x43000000, LO(X), HI(X), 1, 2, 0},
	 {2, 0x06f8f000, 0x03010000 | 0x60000000, ADDRESS8, 0, ALL, ALL, ALL}},
	{"RELEASE_MEM",
	 11,
	 12,
	 8,
	 {0xc0064900, 0x00200514, 0x43000000, LO(X), HI(X), 1, 2, 0},
	 {2, 0x47f8f000, 0x03010000 | 0x60000000, ADDRESS8, 0, ALL, ALL, ALL}},
	/* TC_WB; the colour and depth actions below and between are not for here */
	{"ACQUIRE_MEM",
	 9,
	 9,
	 7,
	 {0xc0055800, 0x00040000, ALL, 0xff, 0, 0, 4},
	 {2, 0x78c48038, ALL, 0xff, ALL, 0xffffff, 0xffff}},
	{"ACQUIRE_MEM",
	 10,
	 12,
	 8,
	 {0xc0065800, 0, ALL, 0xff, 0, 0, 4, 0x00018000},
	 {2, 0, ALL, 0xff, ALL, 0xffffff, 0xffff, 0x0001f3ff}},
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
			if (run(s->words, s->count) != GPU_DONE)
				fail_msg("gfx%u: %s", g, gpu_engine_error(machine.engine)->text);
			assert_int_equal(gpu_engine_error(machine.engine)->kind, GPU_ERROR_NONE);
			machine_stop();
		}
}

/* Some free bits exclude each other with others, which are set already: those are left out of `free`. */
static void every_other_bit_is_refused(void **state)
{
	uint32_t words[9];

	(void)state;
	for
		EACH_SAMPLE(s, g)
		{
			start(g);
			for (uint32_t bit = 0; bit < s->count * 32; bit++) {
				bool is_free = s->free[bit / 32] >> bit % 32 & 1;
				const struct gpu_error *error = gpu_engine_error(machine.engine);
				enum gpu_outcome outcome;

				memcpy(words, s->words, sizeof(words));
				words[bit / 32] ^= 1U << bit % 32;
				outcome = run(words, s->count);
				if (is_free != (outcome != GPU_STOPPED))
					fail_msg("gfx%u %s: word %u bit %u: outcome %d, %s", g, s->name,
						 bit / 32, bit % 32, (int)outcome, error->text);
				if (outcome == GPU_STOPPED) {
					assert_int_not_equal(error->kind, GPU_ERROR_NONE);
					assert_true(error->text[0]);
				}
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

static void not_a_packet(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			assert_stopped(RUN(0x80000000), GPU_ERROR_PACKET, "of type 2");
			assert_stopped(RUN(0), GPU_ERROR_PACKET, "0x00000000 is of type 0");
			assert_stopped(RUN(0x40000000), GPU_ERROR_PACKET, "of type 1");
			assert_stopped(RUN(0xc0000000, 0), GPU_ERROR_PACKET, "no opcode 0x00");
			assert_stopped(RUN(0xc000f300, 0), GPU_ERROR_PACKET, "no opcode 0xf3");
			assert_stopped(RUN(0xc0002700, 0), GPU_ERROR_PACKET,
				       "DRAW_INDEX_2 at +0x0: only for graphics");
			assert_stopped(RUN(0xc000a200, 0), GPU_ERROR_PACKET,
				       "MAP_QUEUES at +0x0: only for the kernel");
			assert_stopped(RUN(0xc0001001, 0), GPU_ERROR_PACKET, "NOP at +0x0: the header");
			/* what comes before is done, and the place is told */
			assert_stopped(RUN(0xc0001000, 0, 0xffff1000, 0xc0035d02, 1, 1, 1, 1),
				       GPU_ERROR_UNSUPPORTED, "PRIME_UTCL2 at +0xc: not simulated");
			machine_stop();
		}
	start(11);
	assert_int_equal(RUN(0xffff1000, 0xc0000000, 0), GPU_STOPPED);
	assert_int_equal(gpu_engine_error(machine.engine)->offset, 4);
	assert_true(gpu_engine_error(machine.engine)->va == COMMANDS + 4);
	gpu_engine_reset(machine.engine);
	/* of one generation only */
	assert_stopped(RUN(0xc0008600, 0), GPU_ERROR_UNSUPPORTED, "WAIT_ON_CE_COUNTER");
	machine_stop();
	start(12);
	assert_stopped(RUN(0xc0008600, 0), GPU_ERROR_PACKET, "gfx12 has no opcode 0x86");
	machine_stop();
}

static void count_must_fit(void **state)
{
	(void)state;
	start(11);
	assert_stopped(RUN(0xc0054900, 0x514, 0, 0, 0, 0, 0), GPU_ERROR_PACKET, "7 words");
	assert_stopped(RUN(0xc0074900, 0x514, 0, 0, 0, 0, 0, 0, 0), GPU_ERROR_PACKET, "9 words");
	assert_stopped(RUN(0xc0023700, 0x500, LO(X), HI(X)), GPU_ERROR_PACKET, "4 words");
	assert_stopped(RUN(0xc0055800, 0, 0, 0, 0, 0, 0), GPU_ERROR_PACKET, "7 words");
	assert_stopped(RUN(0xc0024600, 0x407, 0, 0), GPU_ERROR_PACKET, "CS_PARTIAL_FLUSH");
	assert_stopped(RUN(0xffff3700), GPU_ERROR_PACKET, "truncated");
	machine_stop();
}

static void write_data(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			machine.space.pages[0].uncached = true;
			assert_int_equal(RUN(0xc0053702, 0x00100500, LO(X), HI(X), 0x11, 0x22, 0x33),
					 GPU_DONE);
			assert_int_equal(*at(X), 0x11);
			assert_int_equal(*at(X + 4), 0x22);
			assert_int_equal(*at(X + 8), 0x33);
			assert_int_equal(*at(X + 12), 0);
			assert_int_equal(*at(X - 4), 0);
			/* to one address */
			assert_int_equal(RUN(0xc0043700, 0x00110200, LO(Y), HI(Y), 0x44, 0x55), GPU_DONE);
			assert_int_equal(*at(Y), 0x55);
			assert_int_equal(*at(Y + 4), 0);
			assert_stopped(RUN(0xc0033700, 0x00100000, 0x2e00, 0, 1), GPU_ERROR_UNSUPPORTED,
				       "register");
			assert_stopped(RUN(0xc0033700, 0x00100100, LO(X), HI(X), 1), GPU_ERROR_PACKET,
				       "DST_SEL 1");
			assert_stopped(RUN(0xc0033700, 0x00100500, LO(X + 2), HI(X), 1), GPU_ERROR_PACKET,
				       "WRITE_DATA at +0x0: address 0x7f1200000102 is not a multiple of 4");
			machine_stop();
		}
	start(9);
	assert_stopped(RUN(0xc0033700, 0x06100500, LO(X), HI(X), 1), GPU_ERROR_PACKET, "CACHE_POLICY 3");
	machine_stop();
	/* AID */
	start(11);
	assert_stopped(RUN(0xc0033700, 0x00900500, LO(X), HI(X), 1), GPU_ERROR_PACKET,
		       "reserved bits 0x00800000");
	machine_stop();
	start(12);
	assert_stopped(RUN(0xc0033700, 0x00900500, LO(X), HI(X), 1), GPU_ERROR_UNSUPPORTED,
		       "bits 0x00800000");
	machine_stop();
}

static void copy_data(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			machine.space.pages[0].uncached = true;
			machine.clock = 0x123456789abcULL;
			*at64(Y) = 0x1122334455667788ULL;
			/* immediate, 64 and 32 bits */
			assert_int_equal(RUN(0xc0044002, 0x00110505, 0xaaaabbbb, 0xccccdddd, LO(X), HI(X)),
					 GPU_DONE);
			assert_true(*at64(X) == 0xccccddddaaaabbbbULL);
			assert_int_equal(RUN(0xc0044002, 0x00000205, 1, 2, LO(X), HI(X)), GPU_DONE);
			assert_true(*at64(X) == 0xccccdddd00000001ULL);
			/* memory */
			assert_int_equal(RUN(0xc0044002, 0x00010502, LO(Y), HI(Y), LO(X), HI(X)), GPU_DONE);
			assert_true(*at64(X) == 0x1122334455667788ULL);
			assert_int_equal(RUN(0xc0044002, 0x00000201, LO(Y + 4), HI(Y), LO(X + 4), HI(X)),
					 GPU_DONE);
			assert_true(*at64(X) == 0x1122334455667788ULL);
			/* clock */
			assert_int_equal(RUN(0xc0044002, 0x00110209, 0, 0, LO(X), HI(X)), GPU_DONE);
			assert_true(*at64(X) == 0x123456789abcULL);
			*at64(X) = 0;
			assert_int_equal(RUN(0xc0044002, 0x00100209, 0, 0, LO(X + 4), HI(X)), GPU_DONE);
			assert_true(*at64(X) == 0x56789abc00000000ULL);

			assert_stopped(RUN(0xc0044002, 0x00010505, 1, 2, LO(X + 4), HI(X)), GPU_ERROR_PACKET,
				       "not a multiple of 8");
			assert_stopped(RUN(0xc0044002, 0x00010502, LO(Y + 4), HI(Y), LO(X), HI(X)),
				       GPU_ERROR_PACKET, "source address");
			assert_stopped(RUN(0xc0044002, 0x00000500, 0x2e00, 0, LO(X), HI(X)),
				       GPU_ERROR_UNSUPPORTED, "SRC_SEL register");
			*at64(X) = 0;
			assert_int_equal(RUN(0xc0044002, 0x0001050a, 0, 0, LO(X), HI(X)), GPU_DONE);
			assert_true(*at64(X) == 0x123456789abcULL);
			assert_stopped(RUN(0xc0044002, 0x0000050b, 0, 0, LO(X), HI(X)), GPU_ERROR_PACKET,
				       "SRC_SEL 11");
			assert_stopped(RUN(0xc0044002, 0x00000005, 0, 0, 0x2e00, 0), GPU_ERROR_UNSUPPORTED,
				       "DST_SEL register");
			assert_stopped(RUN(0xc0044002, 0x00000105, 0, 0, LO(X), HI(X)), GPU_ERROR_PACKET,
				       "DST_SEL 1");
			assert_stopped(RUN(0xc0044002, 0x00000305, 0, 0, 0, 0),
				       g < 12 ? GPU_ERROR_UNSUPPORTED : GPU_ERROR_PACKET, "DST_SEL");
			machine_stop();
		}
}

static void release_mem(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			machine.clock = 0xfedcba9876543210ULL;
			/* 32 and 64 bits, clock, nothing; to memory, so that the L2 does not matter */
			assert_int_equal(RUN(0xc0064902, 0x00000528, 0x20000000, LO(X + 4), HI(X), 5, 6, 0),
					 GPU_DONE);
			assert_true(*at64(X) == 5ULL << 32);
			assert_int_equal(RUN(0xc0064902, 0x00000514, 0x40000000, LO(X), HI(X), 7, 8, 0),
					 GPU_DONE);
			assert_true(*at64(X) == (7 | 8ULL << 32));
			assert_int_equal(RUN(0xc0064902, 0x0000062f, 0x60000000, LO(X), HI(X), 7, 8, 0),
					 GPU_DONE);
			assert_true(*at64(X) == 0xfedcba9876543210ULL);
			assert_int_equal(RUN(0xc0064902, 0x00000528, 0x02000000, 1, 0, 7, 8, 9), GPU_DONE);
			assert_true(*at64(X) == 0xfedcba9876543210ULL);

			assert_stopped(RUN(0xc0064902, 0x0000052f, 0x40000000, LO(X), HI(X), 0, 0, 0),
				       GPU_ERROR_PACKET, "EVENT_TYPE 0x2f does not go with EVENT_INDEX 5");
			assert_stopped(RUN(0xc0064902, 0x00000614, 0x40000000, LO(X), HI(X), 0, 0, 0),
				       GPU_ERROR_PACKET, "does not go with");
			assert_stopped(RUN(0xc0064902, 0x00000014, 0x40000000, LO(X), HI(X), 0, 0, 0),
				       GPU_ERROR_PACKET, "EVENT_INDEX 0");
			assert_stopped(RUN(0xc0064902, 0x00000714, 0x40000000, LO(X), HI(X), 0, 0, 0),
				       GPU_ERROR_UNSUPPORTED, "AQL");
			assert_stopped(RUN(0xc0064902, 0x0000052e, 0x40000000, LO(X), HI(X), 0, 0, 0),
				       GPU_ERROR_UNSUPPORTED, "EVENT_TYPE 0x2e");
			assert_stopped(RUN(0xc0064902, 0x00000514, 0x40000000, LO(X + 4), HI(X), 0, 0, 0),
				       GPU_ERROR_PACKET, "not a multiple of 8");
			assert_stopped(RUN(0xc0064902, 0x00000514, 0x20000000, LO(X + 1), HI(X), 0, 0, 0),
				       GPU_ERROR_PACKET, "not a multiple of 4");
			assert_int_equal(RUN(0xc0064902, 0x00000514, 0x80000000, LO(X), HI(X), 0, 0, 0),
					 GPU_DONE);
			assert_true(*at64(X) == 0xfedcba9876543210ULL);
			assert_stopped(RUN(0xc0064902, 0x00000514, 0xe0000000, LO(X), HI(X), 0, 0, 0),
				       GPU_ERROR_PACKET, "DATA_SEL 7");
			assert_stopped(RUN(0xc0064902, 0x00000514, 0x47000000, LO(X), HI(X), 0, 0, 0),
				       GPU_ERROR_PACKET, "INT_SEL 7");
			assert_stopped(RUN(0xc0064902, 0x00000514, 0x45000000, LO(X), HI(X), 0, 0, 0),
				       GPU_ERROR_UNSUPPORTED, "INT_SEL");
			assert_stopped(RUN(0xc0064902, 0x00000514, 0x40020000, LO(X), HI(X), 0, 0, 0),
				       GPU_ERROR_UNSUPPORTED, "DST_SEL");
			assert_true(*at64(X) == 0xfedcba9876543210ULL);
			if (g > 9)
				assert_stopped(RUN(0xc0064902, 0x00c00514, 0, 0, 0, 0, 0, 0),
					       GPU_ERROR_PACKET, "SEQ 3");
			machine_stop();
		}
}

static void acquire_mem(void **state)
{
	(void)state;
	start(9);
	assert_int_equal(RUN(0xc0055802, 0x38000000, 0xffffffff, 0xff, 0, 0, 4), GPU_DONE);
	assert_stopped(RUN(0xc0055802, 0x02000000, 0xffffffff, 0xff, 0, 0, 4), GPU_ERROR_UNSUPPORTED,
		       "word 1, bits 0x02000000");
	assert_stopped(RUN(0xc0055802, 0x38000000, 0xffffffff, 0x100, 0, 0, 4), GPU_ERROR_PACKET,
		       "word 3 has reserved bits 0x00000100");
	machine_stop();
	for (uint32_t g = 10; g <= 12; g++) {
		start(g);
		assert_int_equal(RUN(0xc0065802, 0, 0xffffffff, 0xff, 0, 0, 4, 0x1c3f1), GPU_DONE);
		assert_stopped(RUN(0xc0065802, 0x38000000, 0xffffffff, 0xff, 0, 0, 4, 0), GPU_ERROR_PACKET,
			       "word 1");
		assert_stopped(RUN(0xc0065802, 0, 0, 0, 0, 0, 4, 0x30000), GPU_ERROR_PACKET, "SEQ 3");
		assert_stopped(RUN(0xc0065802, 0, 0, 0, 0, 0, 4, 0x0c800), GPU_ERROR_UNSUPPORTED, "volatile");
		assert_stopped(RUN(0xc0065802, 0, 0, 0, 0, 0, 4, 0x0d800), GPU_ERROR_UNSUPPORTED,
			       "first and last");
		machine_stop();
	}
}

static void event_write(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			assert_int_equal(RUN(0xc0004602, 0x407), GPU_DONE);
			assert_stopped(RUN(0xc0004602, 0x007), GPU_ERROR_PACKET,
				       "EVENT_TYPE 0x07 does not go with");
			assert_stopped(RUN(0xc0004602, 0x414), GPU_ERROR_PACKET, "EVENT_INDEX 4");
			assert_stopped(RUN(0xc0004602, 0x014), GPU_ERROR_UNSUPPORTED, "EVENT_TYPE 0x14");
			assert_stopped(RUN(0xc0004602, 0x107), GPU_ERROR_PACKET, "EVENT_INDEX 1 is reserved");
			/* performance counters and pipeline statistics, which nobody reads */
			for (uint32_t type = 0x17; type <= 0x1b; type++)
				assert_int_equal(RUN(0xc0004602, type), GPU_DONE);
			assert_stopped(RUN(0xc0024602, 0x17, LO(X), HI(X)), GPU_ERROR_PACKET, "4 words");
			assert_stopped(RUN(0xc0024602, 0x21e, LO(X), HI(X)), GPU_ERROR_UNSUPPORTED,
				       "EVENT_TYPE 0x1e");
			assert_stopped(RUN(0xc0024602, 0x01e, LO(X), HI(X)), GPU_ERROR_PACKET,
				       "does not go with EVENT_INDEX 0");
			machine_stop();
		}
}

static void wait_reg_mem(void **state)
{
	/* memory against a reference of 5 under a mask of 0xff: below, equal, above */
	static const uint32_t values[] = {0x104, 0x105, 0x106};
	static const bool met[7][3] = {{1, 1, 1}, {1, 0, 0}, {1, 1, 0}, {0, 1, 0},
				       {1, 0, 1}, {0, 1, 1}, {0, 0, 1}};

	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			for (uint32_t function = 0; function < 7; function++)
				for (uint32_t i = 0; i < 3; i++) {
					*at(Y) = values[i];
					assert_int_equal(
						RUN(0xc0053c02, 0x10 | function, LO(Y), HI(Y), 5, 0xff, 4),
						met[function][i] ? GPU_DONE : GPU_WAITING);
					gpu_engine_reset(machine.engine);
				}
			/* an unsigned comparison */
			*at(Y) = 0xffffffff;
			assert_int_equal(RUN(0xc0053c02, 0x11, LO(Y), HI(Y), 5, 0xffffffff, 4), GPU_WAITING);
			gpu_engine_reset(machine.engine);
			assert_stopped(RUN(0xc0053c02, 0x17, LO(Y), HI(Y), 0, 0, 4), GPU_ERROR_PACKET,
				       "FUNCTION 7");
			assert_stopped(RUN(0xc0053c02, 0x03, 0x2e00, 0, 0, 0, 4), GPU_ERROR_UNSUPPORTED,
				       "register");
			assert_stopped(RUN(0xc0053c02, 0x53, 0x2e00, 0x2e00, 0, 0, 4), GPU_ERROR_UNSUPPORTED,
				       "OPERATION");
			assert_stopped(RUN(0xc0053c02, 0x93, LO(Y), HI(Y), 0, 0, 4), GPU_ERROR_PACKET,
				       "OPERATION 2");
			assert_stopped(RUN(0xc0053c02, 0x23, LO(Y), HI(Y), 0, 0, 4), GPU_ERROR_PACKET,
				       "MEM_SPACE 2");
			assert_stopped(RUN(0xc0053c02, 0x13, LO(Y + 2), HI(Y), 0, 0, 4), GPU_ERROR_PACKET,
				       "multiple of 4");
			machine_stop();
		}
}

static void wait_reg_mem64(void **state)
{
	/* memory against a reference of 5 << 32 | 7 under a mask without the top byte: below, equal, above */
	static const uint64_t values[] = {0xab00000500000006, 0xab00000500000007, 0xab00000600000000};
	static const bool met[7][3] = {{1, 1, 1}, {1, 0, 0}, {1, 1, 0}, {0, 1, 0},
				       {1, 0, 1}, {0, 1, 1}, {0, 0, 1}};

	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			for (uint32_t function = 0; function < 7; function++)
				for (uint32_t i = 0; i < 3; i++) {
					*at64(Y) = values[i];
					assert_int_equal(RUN(0xc0079302, 0x10 | function, LO(Y), HI(Y), 7, 5,
							     0xffffffff, 0x00ffffff, 4),
							 met[function][i] ? GPU_DONE : GPU_WAITING);
					gpu_engine_reset(machine.engine);
				}
			/* an unsigned comparison */
			*at64(Y) = UINT64_MAX;
			assert_int_equal(RUN(0xc0079302, 0x11, LO(Y), HI(Y), 5, 5, ALL, ALL, 4), GPU_WAITING);
			gpu_engine_reset(machine.engine);
			assert_stopped(RUN(0xc0079302, 0x17, LO(Y), HI(Y), 0, 0, 0, 0, 4), GPU_ERROR_PACKET,
				       "WAIT_REG_MEM64 at +0x0: FUNCTION 7");
			assert_stopped(RUN(0xc0079302, 0x03, 0x2e00, 0, 0, 0, 0, 0, 4), GPU_ERROR_UNSUPPORTED,
				       "register");
			assert_stopped(RUN(0xc0079302, 0x93, LO(Y), HI(Y), 0, 0, 0, 0, 4), GPU_ERROR_PACKET,
				       "OPERATION 2");
			assert_stopped(RUN(0xc0079302, 0x13, LO(Y + 4), HI(Y), 0, 0, 0, 0, 4),
				       GPU_ERROR_PACKET, "multiple of 8");
			/* the length of the other kind */
			assert_stopped(RUN(0xc0059302, 0x13, LO(Y), HI(Y), 0, 0, 4), GPU_ERROR_PACKET,
				       "7 words");
			machine_stop();
		}
	/* a policy came with gfx10 */
	start(9);
	assert_stopped(RUN(0xc0079302, 0x06000013, LO(Y), HI(Y), 0, 0, 0, 0, 4), GPU_ERROR_PACKET,
		       "reserved bits 0x06000000");
	machine_stop();
}

/* The page tables are asked at every poll: what is mapped meanwhile is seen, and what goes away is a fault. */
static void a_wait_looks_through_the_page_tables_every_time(void **state)
{
	static const uint32_t words[] = {0xc0053c02, 0x13, LO(Y), HI(Y), 3, 0xffffffff, 4};
	const struct gpu_error *error;

	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			error = gpu_engine_error(machine.engine);
			assert_int_equal(run(words, 7), GPU_WAITING);
			*at(Y + 5 * PAGE) = 3;
			assert_int_equal(gpu_engine_run(machine.engine, 100), GPU_WAITING);
			machine.space.pages[0].frame = 5;
			assert_int_equal(gpu_engine_run(machine.engine, 100), GPU_DONE);

			*at(Y + 5 * PAGE) = 2;
			assert_int_equal(run(words, 7), GPU_WAITING);
			machine.space.pages[0].fault[GPU_READ] = GPU_FAULT_UNMAPPED;
			assert_int_equal(gpu_engine_run(machine.engine, 100), GPU_STOPPED);
			assert_int_equal(error->access, GPU_READ);
			assert_true(error->va == Y);
			assert_stopped(GPU_STOPPED, GPU_ERROR_PAGE_FAULT,
				       "WAIT_REG_MEM at +0x0: page fault: reads 0x7f1200000200, which is not "
				       "mapped");
			machine_stop();
		}
}

static void a_wait_goes_on_when_it_is_met(void **state)
{
	static const uint32_t words[] = {
		0xc0064902, 0x00000528, 0x20000000, LO(X),     HI(X),	  1,	      0, 0, /* first mark */
		0xc0053c02, 0x13,	LO(Y),	    HI(Y),     3,	  0xffffffff, 4,    /* until Y is 3 */
		0xc0064902, 0x00000528, 0x20000000, LO(X + 4), HI(X + 4), 2,	      0, 0, /* second */
	};

	(void)state;
	start(11);
	assert_int_equal(run(words, sizeof(words) / 4), GPU_WAITING);
	assert_int_equal(*at(X), 1);
	*at(X) = 0;
	for (uint32_t i = 0; i < 3; i++) {
		*at(Y) = i;
		assert_int_equal(gpu_engine_run(machine.engine, 100), GPU_WAITING);
	}
	assert_int_equal(*at(X + 4), 0);
	*at(Y) = 3;
	assert_int_equal(gpu_engine_run(machine.engine, 1), GPU_RUNNING);
	*at(Y) = 0; /* it was met */
	assert_int_equal(gpu_engine_run(machine.engine, 1), GPU_DONE);
	assert_int_equal(*at(X), 0); /* what was done is not done again */
	assert_int_equal(*at(X + 4), 2);
	assert_int_equal(gpu_engine_run(machine.engine, 1), GPU_DONE);
	/* a condition that is not met does not use up the budget */
	machine_stop();
}

static void budget_of_packets(void **state)
{
	static const uint32_t words[] = {
		0xc0033700, 0x06000500, LO(X),	   HI(X), 1, /* */
		0xc0033700, 0x06000500, LO(X + 4), HI(X), 1, /* */
		0xc0033700, 0x06000500, LO(X + 8), HI(X), 1,
	};
	struct gpu_job job = {.commands = COMMANDS, .bytes = sizeof(words), .space = &machine.space};

	(void)state;
	start(11);
	memcpy(at(COMMANDS), words, sizeof(words));
	gpu_engine_start(machine.engine, &job);
	assert_int_equal(gpu_engine_run(machine.engine, 0), GPU_RUNNING);
	assert_int_equal(*at(X), 0);
	assert_int_equal(gpu_engine_run(machine.engine, 1), GPU_RUNNING);
	assert_int_equal(*at(X), 1);
	assert_int_equal(*at(X + 4), 0);
	assert_int_equal(gpu_engine_run(machine.engine, 2), GPU_DONE);
	assert_int_equal(*at(X + 8), 1);
	machine_stop();
}

static void page_faults_name_the_address(void **state)
{
	uint64_t end = BASE + PAGE;
	const struct gpu_error *error;

	(void)state;
	start(11);
	error = gpu_engine_error(machine.engine);

	/* a write that leaves its page */
	machine.space.pages[1].fault[GPU_WRITE] = GPU_FAULT_READ_ONLY;
	assert_int_equal(RUN(0xc0053700, 0x06100500, LO(end - 8), HI(end), 1, 2, 3), GPU_STOPPED);
	assert_int_equal(error->kind, GPU_ERROR_PAGE_FAULT);
	assert_int_equal(error->reason, GPU_FAULT_READ_ONLY);
	assert_int_equal(error->access, GPU_WRITE);
	assert_true(error->va == end);
	assert_int_equal(*at(end - 4), 2);
	assert_int_equal(*at(end), 0);
	assert_stopped(GPU_STOPPED, GPU_ERROR_PAGE_FAULT,
		       "WRITE_DATA at +0x0: page fault: writes 0x7f1200001000, which is read-only");

	/* reading there is allowed */
	assert_int_equal(RUN(0xc0044002, 0x00000502, LO(end), HI(end), LO(X), HI(X)), GPU_DONE);
	machine.space.pages[1].fault[GPU_READ] = GPU_FAULT_NOT_RESIDENT;
	assert_int_equal(RUN(0xc0044002, 0x00000502, LO(end), HI(end), LO(X), HI(X)), GPU_STOPPED);
	assert_int_equal(error->access, GPU_READ);
	assert_true(error->va == end);
	assert_stopped(GPU_STOPPED, GPU_ERROR_PAGE_FAULT, "reads 0x7f1200001000, which is not resident");
	assert_stopped(RUN(0xc0064902, 0x00000528, 0x20000000, 0, 0, 1, 0, 0), GPU_ERROR_PAGE_FAULT,
		       "writes 0x0, which is not mapped");
	/* the last address there is */
	assert_stopped(RUN(0xc0033700, 0x06100500, 0xfffffffc, 0xffffffff, 1), GPU_ERROR_PAGE_FAULT,
		       "0xfffffffffffffffc");
	assert_stopped(RUN(0xc0053c02, 0x13, LO(end), HI(end), 0, 0, 4), GPU_ERROR_PAGE_FAULT,
		       "WAIT_REG_MEM");

	/* commands that go on in a page that is not there: what came before is done */
	*at(COMMANDS + PAGE - 24) = 0xc0033700;
	*at(COMMANDS + PAGE - 20) = 0x06100500;
	*at(COMMANDS + PAGE - 16) = LO(X);
	*at(COMMANDS + PAGE - 12) = HI(X);
	*at(COMMANDS + PAGE - 8) = 0x77;
	*at(COMMANDS + PAGE - 4) = 0xc0011000;
	machine.space.pages[DATA_PAGES + 1].fault[GPU_FETCH] = GPU_FAULT_NO_BACKING;
	assert_int_equal(run_job(machine.engine, &machine.space, COMMANDS + PAGE - 24, 32), GPU_STOPPED);
	assert_true(error->va == COMMANDS + PAGE);
	assert_int_equal(error->offset, 20);
	assert_int_equal(error->access, GPU_FETCH);
	assert_stopped(GPU_STOPPED, GPU_ERROR_PAGE_FAULT, "NOP at +0x14: page fault: fetches");
	assert_int_equal(*at(X), 0x77);
	machine_stop();
}

static void commands_cross_pages(void **state)
{
	(void)state;
	for (uint32_t limit = 0; limit <= 8; limit++) {
		start(11);
		machine.span_limit = limit; /* pieces as small as they come */
		for (uint32_t i = 0; i < 6; i++)
			*at(COMMANDS + PAGE - 12 + 4 * i) =
				(const uint32_t[]){0xc0043700, 0x06100500, LO(X), HI(X), 0x1234, 0x5678}[i];
		/* the next page is elsewhere */
		memcpy(machine_memory + 3 * PAGE, at(COMMANDS + PAGE), PAGE);
		memset(at(COMMANDS + PAGE), 0, PAGE);
		machine.space.pages[DATA_PAGES + 1].frame = 3;
		assert_int_equal(run_job(machine.engine, &machine.space, COMMANDS + PAGE - 12, 24), GPU_DONE);
		assert_int_equal(*at(X), 0x1234);
		assert_int_equal(*at(X + 4), 0x5678);
		machine_stop();
	}
}

static void the_longest_packet(void **state)
{
	uint32_t words = 0x4001;

	(void)state;
	start(11);
	*at(COMMANDS) = 0xffff3700;
	*at(COMMANDS + 4) = 0x06000500;
	*at(COMMANDS + 8) = LO(BASE);
	*at(COMMANDS + 12) = HI(BASE);
	for (uint32_t i = 4; i < words; i++)
		*at(COMMANDS + 4 * i) = i;
	assert_int_equal(run_job(machine.engine, &machine.space, COMMANDS, words * 4 - 4), GPU_STOPPED);
	gpu_engine_reset(machine.engine);
	assert_int_equal(run_job(machine.engine, &machine.space, COMMANDS, words * 4), GPU_DONE);
	for (uint32_t i = 4; i < words; i++)
		assert_int_equal(*at(BASE + 4 * (i - 4)), i);
	assert_int_equal(*at(BASE + 4 * (words - 4)), 0);
	machine_stop();
}

static void life_of_an_engine(void **state)
{
	(void)state;
	start(11);
	assert_int_equal(gpu_engine_run(machine.engine, 1), GPU_DONE);
	assert_int_equal(gpu_engine_error(machine.engine)->kind, GPU_ERROR_NONE);
	/* an empty job; one that is not made of words */
	assert_int_equal(run_job(machine.engine, &machine.space, 0, 0), GPU_DONE);
	assert_int_equal(run_job(machine.engine, &machine.space, COMMANDS, 6), GPU_STOPPED);
	assert_stopped(GPU_STOPPED, GPU_ERROR_PACKET, "multiples of 4");
	assert_int_equal(run_job(machine.engine, &machine.space, COMMANDS + 2, 8), GPU_STOPPED);
	/* it stays stopped, and tells the same, until it is reset */
	assert_int_equal(gpu_engine_run(machine.engine, 1), GPU_STOPPED);
	assert_int_equal(gpu_engine_error(machine.engine)->kind, GPU_ERROR_PACKET);
	gpu_engine_reset(machine.engine);
	assert_int_equal(gpu_engine_error(machine.engine)->kind, GPU_ERROR_NONE);
	assert_int_equal(gpu_engine_run(machine.engine, 1), GPU_DONE);
	/* in the middle of a job */
	assert_int_equal(RUN(0xc0053c02, 0x13, LO(Y), HI(Y), 1, 1, 4), GPU_WAITING);
	gpu_engine_reset(machine.engine);
	assert_int_equal(RUN(0xffff1000), GPU_DONE);
	gpu_engine_reset(machine.engine);
	machine_stop();
	gpu_engine_destroy(NULL);
	gpu_cache_destroy(NULL);
}

static void other_engines_execute_nothing(void **state)
{
	(void)state;
	machine_start(11, GPU_ENGINE_GRAPHICS);
	assert_stopped(RUN(0xffff1000), GPU_ERROR_UNSUPPORTED, "graphics packets are not simulated");
	machine_stop();
	machine_start(11, GPU_ENGINE_OTHER);
	assert_stopped(RUN(0), GPU_ERROR_UNSUPPORTED, "executes nothing");
	machine_stop();
}

static void reasons_have_names(void **state)
{
	(void)state;
	assert_string_equal(gpu_fault_reason_name(GPU_FAULT_UNMAPPED), "not mapped");
	assert_string_equal(gpu_fault_reason_name(GPU_FAULT_NO_BACKING), "without memory behind it");
	assert_string_equal(gpu_fault_reason_name(GPU_FAULT_NO_ATOMICS),
			    "in system memory, on a platform without PCIe atomics");
	assert_string_equal(gpu_fault_reason_name(GPU_FAULT_NOT_READY),
			    "not in the page tables yet: its paging fence has not been reached");
	assert_string_equal(gpu_fault_reason_name((enum gpu_fault_reason)99), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_packets_are_done),
		cmocka_unit_test(every_other_bit_is_refused),
		cmocka_unit_test(truncated_anywhere_is_refused),
		cmocka_unit_test(not_a_packet),
		cmocka_unit_test(count_must_fit),
		cmocka_unit_test(write_data),
		cmocka_unit_test(copy_data),
		cmocka_unit_test(release_mem),
		cmocka_unit_test(acquire_mem),
		cmocka_unit_test(event_write),
		cmocka_unit_test(wait_reg_mem),
		cmocka_unit_test(wait_reg_mem64),
		cmocka_unit_test(a_wait_looks_through_the_page_tables_every_time),
		cmocka_unit_test(a_wait_goes_on_when_it_is_met),
		cmocka_unit_test(budget_of_packets),
		cmocka_unit_test(page_faults_name_the_address),
		cmocka_unit_test(commands_cross_pages),
		cmocka_unit_test(the_longest_packet),
		cmocka_unit_test(life_of_an_engine),
		cmocka_unit_test(other_engines_execute_nothing),
		cmocka_unit_test(reasons_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
