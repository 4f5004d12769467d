// SPDX-License-Identifier: MIT
/* What SDMA packets do on the simulated engine: copies, fills, waits, atomics, and how they meet the L2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "dxgsim/gpu/sdma.h"
#include "gpu_machine.h"

#define ALL 0xffffffffU
#define X   (BASE + 0x100) /* where packets write */
#define Y   (BASE + 0x200) /* ... and read */

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

static uint8_t *bytes_at(uint64_t va)
{
	return (uint8_t *)at(va);
}

/* ---- copies ---- */

static void scribble(void)
{
	for (uint32_t i = 0; i < DATA_PAGES * PAGE; i++)
		machine_memory[i] = (uint8_t)(i * 2654435761U >> 13);
}

static void copies_are_exact_to_the_byte(void **state)
{
	static const struct {
		uint64_t from, to;
		uint32_t bytes;
	} cases[] = {{0, 0x1000, 1},	   {1, 0x1001, 1},	{3, 0x2000, 3},	   {0x7d, 0x2083, 127},
		     {0xfff, 0x3001, 2},   {5, 0x4ff9, 0x2003}, {0, 0x8000, 4096}, {0x101, 0x20003, 0x10001},
		     {7, 0x200009, 300001}};

	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
				uint64_t from = BASE + cases[i].from, to = BASE + cases[i].to;
				uint32_t bytes = cases[i].bytes;

				scribble();
				bytes_at(to)[-1] = 0x11;
				bytes_at(to)[bytes] = 0x22;
				memset(bytes_at(to), 0, bytes);
				assert_int_equal(DRIVE(1, bytes - 1, 0, LO(from), HI(from), LO(to), HI(to)),
						 GPU_DONE);
				assert_memory_equal(bytes_at(to), bytes_at(from), bytes);
				assert_int_equal(bytes_at(to)[-1], 0x11);
				assert_int_equal(bytes_at(to)[bytes], 0x22);
			}
			machine_stop();
		}
}

/* A copy does not hold the caller: it comes back after each slice, and a look at it in between shows how far it is. */
static void a_large_copy_comes_in_slices(void **state)
{
	const uint32_t bytes = 5 * GPU_SDMA_SLICE + 77;
	const uint64_t to = BASE + 0x300000;
	uint32_t slices = 1;

	(void)state;
	start(11);
	scribble();
	memset(bytes_at(to), 0, bytes);
	assert_int_equal(RUN(1, bytes - 1, 0, LO(BASE), HI(BASE), LO(to), HI(to), 5, LO(X), HI(X), 1),
			 GPU_RUNNING);
	assert_memory_equal(bytes_at(to), bytes_at(BASE), GPU_SDMA_SLICE);
	assert_int_equal(bytes_at(to)[bytes - 1], 0);
	while (gpu_engine_run(machine.engine, 16) == GPU_RUNNING)
		slices++;
	assert_int_equal(slices, 5);
	assert_int_equal(*at(X), 1);
	*at(X) = *at(to + (X - BASE));
	assert_memory_equal(bytes_at(to), bytes_at(BASE), bytes);
	assert_int_equal(gpu_engine_counters(machine.engine)->packets, 2);
	machine_stop();
}

/* What the next packet does starts anew, also after a job that was dropped in the middle. */
static void a_dropped_copy_leaves_nothing_behind(void **state)
{
	const uint64_t to = BASE + 0x300000;

	(void)state;
	start(10);
	scribble();
	assert_int_equal(RUN(1, 4 * GPU_SDMA_SLICE - 1, 0, LO(BASE), HI(BASE), LO(to), HI(to)), GPU_RUNNING);
	gpu_engine_reset(machine.engine);
	memset(bytes_at(to), 0, 64);
	assert_int_equal(DRIVE(1, 63, 0, LO(BASE), HI(BASE), LO(to), HI(to)), GPU_DONE);
	assert_memory_equal(bytes_at(to), bytes_at(BASE), 64);
	machine_stop();
}

static void a_fault_leaves_what_came_before_it(void **state)
{
	const uint64_t to = BASE + 0x10000;
	const struct gpu_error *error;

	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			scribble();
			memset(bytes_at(to), 0, 3 * PAGE);
			machine.space.pages[0x12].fault[GPU_WRITE] = GPU_FAULT_READ_ONLY;
			assert_int_equal(DRIVE(1, 3 * PAGE - 1, 0, LO(BASE), HI(BASE), LO(to), HI(to)),
					 GPU_STOPPED);
			error = gpu_engine_error(machine.engine);
			assert_int_equal(error->kind, GPU_ERROR_PAGE_FAULT);
			assert_int_equal(error->reason, GPU_FAULT_READ_ONLY);
			assert_int_equal(error->access, GPU_WRITE);
			assert_int_equal(error->va, to + 2 * PAGE);
			assert_non_null(strstr(error->text, "COPY_LINEAR at +0x0: page fault: writes"));
			assert_memory_equal(bytes_at(to), bytes_at(BASE), 2 * PAGE);
			assert_int_equal(bytes_at(to)[2 * PAGE], 0);
			gpu_engine_reset(machine.engine);
			machine.space.pages[2].fault[GPU_READ] = GPU_FAULT_NOT_RESIDENT;
			assert_stopped(DRIVE(1, 3 * PAGE - 1, 0, LO(BASE), HI(BASE), LO(to), HI(to)),
				       GPU_ERROR_PAGE_FAULT, "reads");
			machine_stop();
		}
}

struct box {
	uint32_t shift; /* of an element */
	uint32_t width, height, depth;
	uint32_t src[3], dst[3];
	uint32_t src_pitch, src_slice, dst_pitch, dst_slice; /* elements */
};

static enum gpu_outcome copy_box(uint32_t g, const struct box *b, uint64_t from, uint64_t to)
{
	uint32_t pitch_at = g == 12 ? 16 : 13;

	return DRIVE(0x401 | b->shift << 29, LO(from), HI(from), b->src[0] | b->src[1] << 16,
		     b->src[2] | (b->src_pitch - 1) << pitch_at, b->src_slice - 1, LO(to), HI(to),
		     b->dst[0] | b->dst[1] << 16, b->dst[2] | (b->dst_pitch - 1) << pitch_at,
		     b->dst_slice - 1, (b->width - 1) | (b->height - 1) << 16, b->depth - 1);
}

static void sub_windows_are_cut_out_and_put_in(void **state)
{
	static const struct box boxes[] = {
		{0, 5, 3, 2, {1, 2, 0}, {3, 1, 1}, 64, 1024, 128, 4096},
		{1, 7, 4, 3, {0, 0, 1}, {9, 2, 0}, 32, 512, 66, 2048},
		{2, 4, 2, 2, {2, 1, 1}, {0, 0, 0}, 16, 64, 16, 64},
		{3, 3, 5, 1, {1, 1, 2}, {1, 1, 1}, 16, 256, 8, 128},
		{4, 2, 2, 4, {0, 3, 0}, {1, 0, 0}, 8, 64, 4, 32},
		{4, 2000, 20, 2, {0, 0, 0}, {0, 0, 0}, 2048, 65536, 2000, 50000},
	};
	const uint64_t from = BASE, to = BASE + 0x300000;

	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			for (size_t i = 0; i < sizeof(boxes) / sizeof(boxes[0]); i++) {
				const struct box *b = &boxes[i];
				uint64_t moved = 0, found = 0;

				scribble();
				memset(bytes_at(to), 0xee, 0x300000);
				assert_int_equal(copy_box(g, b, from, to), GPU_DONE);
				for (uint32_t z = 0; z < b->depth; z++) {
					for (uint32_t y = 0; y < b->height; y++) {
						uint64_t s = (uint64_t)(b->src[2] + z) * b->src_slice +
							     (uint64_t)(b->src[1] + y) * b->src_pitch +
							     b->src[0];
						uint64_t d = (uint64_t)(b->dst[2] + z) * b->dst_slice +
							     (uint64_t)(b->dst[1] + y) * b->dst_pitch +
							     b->dst[0];

						assert_memory_equal(bytes_at(to + (d << b->shift)),
								    bytes_at(from + (s << b->shift)),
								    (size_t)b->width << b->shift);
						memset(bytes_at(to + (d << b->shift)), 0xee,
						       (size_t)b->width << b->shift);
						moved += b->width;
					}
				}
				/* and nothing else */
				for (uint32_t k = 0; k < 0x300000; k++)
					found += bytes_at(to)[k] != 0xee;
				assert_int_equal(found, 0);
				assert_int_equal(moved, (uint64_t)b->width * b->height * b->depth);
			}
			machine_stop();
		}
}

static void sub_windows_are_aligned(void **state)
{
	struct box box = {0, 4, 2, 1, {0}, {0}, 64, 1024, 64, 1024};

	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			assert_stopped(copy_box(g, &box, BASE + 2, X), GPU_ERROR_PACKET, "base address");
			assert_stopped(copy_box(g, &box, BASE, X + 1), GPU_ERROR_PACKET, "base address");
			box.src_pitch = 63;
			assert_stopped(copy_box(g, &box, Y, X), GPU_ERROR_PACKET, "pitch in bytes 0x3f");
			box.height = 1; /* then it does not matter */
			assert_int_equal(copy_box(g, &box, Y, X), GPU_DONE);
			box.depth = 2;
			box.dst_slice = 1022;
			assert_stopped(copy_box(g, &box, Y, X), GPU_ERROR_PACKET,
				       "slice pitch in bytes 0x3fe");
			box = (struct box){5, 4, 2, 1, {0}, {0}, 64, 1024, 64, 1024};
			assert_stopped(copy_box(g, &box, Y, X), GPU_ERROR_PACKET, "element size 5");
			box.shift = 0;
			machine_stop();
		}
}

/* ---- constants, words, times ---- */

static void fills_repeat_their_value(void **state)
{
	const uint32_t value = 0x44332211;

	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			assert_int_equal(DRIVE(0x8000000b, LO(X), HI(X), value, 11), GPU_DONE);
			assert_int_equal(*at(X + 8), value);
			assert_int_equal(*at(X + 12), 0);
			assert_int_equal(DRIVE(0x4000000b, LO(X + 2), HI(X), value, 5), GPU_DONE);
			assert_int_equal(*at(X), 0x22112211);
			assert_int_equal(*at(X + 4), 0x22112211);
			assert_int_equal(*at(X + 8), value);
			assert_int_equal(DRIVE(0x0000000b, LO(X + 5), HI(X), value, 2), GPU_DONE);
			assert_int_equal(*at(X + 4), 0x11111111);
			assert_int_equal(*at(X + 8), value);
			assert_stopped(RUN(0x8000000b, LO(X + 2), HI(X), value, 3), GPU_ERROR_PACKET,
				       "address");
			/* the last value can be told by its first byte */
			assert_int_equal(DRIVE(0x8000000b, LO(X), HI(X), ~value, 4), GPU_DONE);
			assert_int_equal(*at(X), ~value);
			assert_int_equal(*at(X + 4), ~value);
			assert_int_equal(*at(X + 8), value);
			assert_int_equal(DRIVE(0x4000000b, LO(X), HI(X), value, 2), GPU_DONE);
			assert_int_equal(*at(X), 0x22112211);
			assert_int_equal(*at(X + 4), ~value);
			assert_stopped(RUN(0xc000000b, LO(X), HI(X), value, 3), GPU_ERROR_PACKET,
				       "fill size 3");
			/* in slices too */
			assert_int_equal(
				DRIVE(0x8000000b, LO(BASE), HI(BASE), value, 0x12344f - 0x100000 / 2),
				GPU_DONE);
			assert_int_equal(*at(BASE + 0x12344c - 0x100000 / 2), value);
			assert_int_equal(*at(BASE + 0x123450 - 0x100000 / 2), 0);
			machine_stop();
		}
}

static void words_are_written_from_the_packet(void **state)
{
	static uint32_t packet[4 + 20000];
	const uint32_t count = 20000;

	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			assert_int_equal(
				DRIVE(2, LO(X), HI(X), 2, 0x600dda7a, 0x9ff22585, 1, 5, LO(Y), HI(Y), 4),
				GPU_DONE);
			assert_int_equal(*at(X), 0x600dda7a);
			assert_int_equal(*at(X + 4), 0x9ff22585);
			assert_int_equal(*at(X + 8), 1);
			assert_int_equal(*at(X + 12), 0);
			assert_int_equal(*at(Y), 4);
			assert_stopped(RUN(2, LO(X), HI(X), 2, 1, 2), GPU_ERROR_PACKET,
				       "WRITE_LINEAR at +0x0: truncated: of 3 words the buffer holds 2");
			assert_stopped(RUN(2, LO(X) + 2, HI(X), 0, 1), GPU_ERROR_PACKET, "address");
			packet[0] = 2;
			packet[1] = LO(BASE + 0x20000);
			packet[2] = HI(BASE);
			packet[3] = count - 1;
			for (uint32_t i = 0; i < count; i++)
				packet[4 + i] = i ^ 0x5a5a5a5a;
			assert_int_equal(drive(packet, 4 + count), GPU_DONE);
			assert_memory_equal(at(BASE + 0x20000), packet + 4, (size_t)count * 4);
			machine_stop();
		}
}

static void timestamps_are_the_machines(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			machine.clock = 0x123456789abcULL;
			assert_int_equal(DRIVE(0x20d, LO(X), HI(X)), GPU_DONE);
			assert_true(*at64(X) == 0x123456789abcULL);
			assert_stopped(RUN(0x20d, LO(X) + 8, HI(X)), GPU_ERROR_PACKET,
				       "is not a multiple of 32");
			machine_stop();
		}
}

static void traps_are_counted_and_raised_nowhere(void **state)
{
	(void)state;
	start(11);
	assert_int_equal(DRIVE(6, 1, 6, 2, 0, 6, 3), GPU_DONE);
	assert_int_equal(gpu_engine_counters(machine.engine)->interrupts, 3);
	machine_stop();
}

/* ---- waiting ---- */

static bool poll_passes(uint32_t function, uint32_t value, uint32_t reference, uint32_t mask)
{
	enum gpu_outcome outcome;

	*at(Y) = value;
	outcome = RUN(0x80000008 | function << 28, LO(Y), HI(Y), reference, mask, 0x0fff0004);
	assert_int_not_equal(outcome, GPU_STOPPED);
	gpu_engine_reset(machine.engine);
	return outcome == GPU_DONE;
}

static void polls_compare_as_they_say(void **state)
{
	static const uint8_t expected[7][3] = {/* less, equal, greater than the reference */
					       {1, 1, 1}, {1, 0, 0}, {1, 1, 0}, {0, 1, 0},
					       {1, 0, 1}, {0, 1, 1}, {0, 0, 1}};

	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			for (uint32_t f = 0; f < 7; f++)
				for (uint32_t i = 0; i < 3; i++)
					assert_int_equal(poll_passes(f, 99 + i, 100, ALL), expected[f][i]);
			assert_true(poll_passes(3, 0xff64, 0x64, 0xff));
			assert_true(poll_passes(1, 5, 0xf0000000, ALL)); /* without sign */
			assert_stopped(RUN(0xf0000008, LO(Y), HI(Y), 0, 0, 0), GPU_ERROR_PACKET,
				       "function 7");
			machine_stop();
		}
}

static void a_poll_waits_for_the_cpu(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			assert_int_equal(
				RUN(0xb0000008, LO(Y), HI(Y), 7, ALL, 0x0fff0004, 5, LO(X), HI(X), 1),
				GPU_WAITING);
			assert_int_equal(gpu_engine_run(machine.engine, 8), GPU_WAITING);
			assert_int_equal(*at(X), 0);
			*at(Y) = 7;
			assert_int_equal(gpu_engine_run(machine.engine, 8), GPU_DONE);
			assert_int_equal(*at(X), 1);
			/* what comes after a number of retries that is not "for ever" is unknown */
			*at(Y) = 0;
			assert_int_equal(RUN(0xb0000008, LO(Y), HI(Y), 7, ALL, 0x00020004), GPU_WAITING);
			assert_int_equal(gpu_engine_run(machine.engine, 8), GPU_WAITING);
			assert_stopped(gpu_engine_run(machine.engine, 8), GPU_ERROR_UNSUPPORTED,
				       "after 2 retries");
			machine_stop();
		}
}

static void only_the_flush_polls_registers(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			assert_int_equal(DRIVE(8, 0, 0x80000000, 0, 0, 0), GPU_DONE);
			assert_int_equal(DRIVE(0x34000008, 0x398, 0x394, 0x400, 0x400, 0x0fff000a), GPU_DONE);
			assert_stopped(RUN(0x34000008, 0x398, 0x394, 0x400, 0x800, 0x0fff000a),
				       GPU_ERROR_PACKET, "POLL_REGMEM at +0x0: a flush compares");
			assert_stopped(RUN(0x30000008, 0x1234, 0, 1, 1, 0x0fff000a), GPU_ERROR_UNSUPPORTED,
				       "register 0x1234");
			assert_stopped(RUN(0xb4000008, LO(Y), HI(Y), 1, 1, 0x0fff000a), GPU_ERROR_PACKET,
				       "goes with a register");
			machine_stop();
		}
}

static void conditions_skip_words(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			*at(Y) = 1;
			assert_int_equal(
				DRIVE(9, LO(Y), HI(Y), 1, 4, 5, LO(X), HI(X), 1, 5, LO(X + 4), HI(X), 1),
				GPU_DONE);
			assert_int_equal(*at(X), 1);
			assert_int_equal(*at(X + 4), 1);
			*at64(X) = 0;
			assert_int_equal(
				DRIVE(9, LO(Y), HI(Y), 2, 4, ALL, ALL, ALL, ALL, 5, LO(X + 4), HI(X), 1),
				GPU_DONE);
			assert_int_equal(*at(X), 0);
			assert_int_equal(*at(X + 4), 1);
			assert_stopped(RUN(9, LO(Y), HI(Y), 2, 2, 0), GPU_ERROR_PACKET,
				       "skips 2 words, 1 are left");
			machine_stop();
		}
}

/* ---- atomics ---- */

static uint64_t change(uint32_t operation, uint64_t old, uint64_t source, uint64_t compare)
{
	*at64(X) = old;
	assert_int_equal(DRIVE(0x0a | operation << 25, LO(X), HI(X), LO(source), HI(source), LO(compare),
			       HI(compare), 0),
			 GPU_DONE);
	return *at64(X);
}

/* Results of what the operations do to 10 and -3 with 7, in 32 bits of 64 and in all of them. */
static void atomics_do_what_they_say(void **state)
{
	static const struct {
		uint32_t operation;
		int64_t ten, minus_three;
	} cases[] = {
		{0x07, 7, 7},
		{0x0f, 17, 4},
		{0x10, 3, -10},
		{0x11, 7, -3},
		{0x12, 7, 7},
		{0x13, 10, 7},
		{0x14, 10, -3},
		{0x15, 0xa & 7, -3 & 7},
		{0x16, 0xa | 7, -3 | 7},
		{0x17, 0xa ^ 7, -3 ^ 7},
		{0x18, 0, 0},
		{0x19, 7, 7},
	};

	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
				for (uint32_t quiet = 0; quiet <= 0x40; quiet += 0x40) {
					uint32_t operation = cases[i].operation | quiet;
					uint64_t high = 0xabcdULL << 32;

					assert_true(change(operation | 0x20, 10, 7, 0) ==
						    (uint64_t)cases[i].ten);
					assert_true(change(operation | 0x20, (uint64_t)-3, 7, 0) ==
						    (uint64_t)cases[i].minus_three);
					assert_true(change(operation, high | 10, 7, 0) ==
						    (high | (uint32_t)cases[i].ten));
					assert_true(change(operation, high | (uint32_t)-3, 7, 0) ==
						    (high | (uint32_t)cases[i].minus_three));
				}
			}
			assert_true(change(0x18, 5, 7, 0) == 6);
			assert_true(change(0x19, 5, 7, 0) == 4);
			assert_true(change(0x19, 0, 7, 0) == 7);
			/* a signal is decremented with add64 of -1, the carry included */
			assert_true(change(0x2f, 0, UINT64_MAX, 0) == UINT64_MAX);
			assert_true(change(0x2f, 1ULL << 32, UINT64_MAX, 0) == 0xffffffff);
			assert_true(change(0x28, 5, 9, 5) == 9);
			assert_true(change(0x28, 6, 9, 5) == 6);
			assert_true(change(0x08, 1ULL << 32 | 5, 9, 0x700000005ULL) == (1ULL << 32 | 9));
			machine_stop();
		}
}

static void atomics_that_are_none(void **state)
{
	static const uint32_t real[] = {0x07, 0x08, 0x0f, 0x10, 0x11, 0x12, 0x13,
					0x14, 0x15, 0x16, 0x17, 0x18, 0x19};

	(void)state;
	start(11);
	for (uint32_t operation = 0; operation < 0x80; operation++) {
		bool is_real = false;
		enum gpu_outcome outcome;

		for (size_t i = 0; i < sizeof(real) / sizeof(real[0]); i++)
			is_real |= (operation & 0x1f) == real[i];
		outcome = RUN(0x0a | operation << 25, LO(X), HI(X), 0, 0, 0, 0, 0);
		assert_int_equal(outcome, is_real ? GPU_DONE : GPU_STOPPED);
		gpu_engine_reset(machine.engine);
	}
	assert_stopped(RUN(0x5e00000a, LO(X) + 4, HI(X), 0, 0, 0, 0, 0), GPU_ERROR_PACKET, "multiple of 8");
	assert_stopped(RUN(0x1e00000a, LO(X) + 2, HI(X), 0, 0, 0, 0, 0), GPU_ERROR_PACKET, "multiple of 4");
	assert_stopped(RUN(0x5e01000a, LO(X), HI(X), 0, 0, 0, 0, 0), GPU_ERROR_PACKET, "the loop bit");
	machine_stop();
}

static void atomics_need_a_bus_for_them(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			start(g);
			machine.space.pages[(X - BASE) / PAGE].no_atomics = true;
			*at64(X) = 5;
			assert_stopped(RUN(0x5e00000a, LO(X), HI(X), 1, 0, 0, 0, 0), GPU_ERROR_PACKET,
				       "ATOMIC at +0x0: atomic on 0x7f12");
			assert_stopped(RUN(0x1e00000a, LO(X), HI(X), 1, 0, 0, 0, 0), GPU_ERROR_PACKET,
				       "without PCIe atomics");
			assert_true(*at64(X) == 5);
			assert_int_equal(RUN(0x00000005, LO(X), HI(X), 6), GPU_DONE);
			assert_true(*at64(X) == 6);
			machine_stop();
		}
}

static void a_compare_and_swap_may_wait_for_its_match(void **state)
{
	(void)state;
	start(10);
	if (RUN(0x5001000a, LO(X), HI(X), 9, 0, 5, 0, 100) != GPU_WAITING)
		fail_msg("%s", gpu_engine_error(machine.engine)->text);
	assert_int_equal(gpu_engine_run(machine.engine, 1), GPU_WAITING);
	*at64(X) = 5;
	assert_int_equal(gpu_engine_run(machine.engine, 1), GPU_DONE);
	assert_int_equal(*at64(X), 9);
	machine_stop();
}

/* ---- caches ---- */

/* What a compute engine writes through the same L2, and leaves there. */
static void write_into_l2(struct gpu_engine *compute, uint64_t va, uint32_t value)
{
	const uint32_t words[] = {0xc0033700, 0x00100500, LO(va), HI(va), value};

	memcpy(at(COMMANDS + 0x8000), words, sizeof(words));
	assert_int_equal(run_job(compute, &machine.space, COMMANDS + 0x8000, sizeof(words)), GPU_DONE);
}

struct pair {
	struct gpu_cache *cache;
	struct gpu_engine *compute;
};

static struct pair start_pair(uint32_t generation)
{
	struct pair pair = {.cache = gpu_cache_create()};

	start(generation);
	gpu_engine_destroy(machine.engine);
	assert_non_null(pair.cache);
	machine.engine = machine_engine(generation, GPU_ENGINE_SDMA, pair.cache);
	pair.compute = machine_engine(generation, GPU_ENGINE_COMPUTE, pair.cache);
	return pair;
}

static void stop_pair(const struct pair *pair)
{
	gpu_engine_destroy(pair->compute);
	machine_stop();
	gpu_cache_destroy(pair->cache);
}

/* Since version 5 the L2 is on the way: written lines are seen, stale ones too. Version 4 knows nothing of it. */
static void copies_see_what_the_l2_holds(void **state)
{
	(void)state;
	for
		EACH_GENERATION(g)
		{
			struct pair pair = start_pair(g);

			write_into_l2(pair.compute, Y, 0x1234);
			assert_int_equal(*at(Y), 0);
			assert_int_equal(DRIVE(1, 3, 0, LO(Y), HI(Y), LO(X), HI(X)), GPU_DONE);
			assert_int_equal(*at(X), g == 9 ? 0 : 0x1234);
			/* and writes of its own are in memory at once, but no other engine's line is */
			assert_int_equal(*at(Y), 0);
			stop_pair(&pair);
		}
}

#define GCR_ALL(control) 0x111, 0, (uint32_t)(control) << 16, 0, 0

static void cache_requests_act_on_the_l2(void **state)
{
	(void)state;
	for (uint32_t g = 10; g <= 12; g++) {
		struct pair pair = start_pair(g);

		write_into_l2(pair.compute, Y, 0x1234);
		assert_int_equal(DRIVE(GCR_ALL(0x4000)), GPU_DONE); /* invalidation leaves what was written */
		assert_int_equal(*at(Y), 0);
		assert_int_equal(DRIVE(GCR_ALL(0x8000)), GPU_DONE);
		assert_int_equal(*at(Y), 0x1234);
		*at(Y) = 0x5678; /* by the CPU, behind a line that is still there */
		assert_int_equal(DRIVE(1, 3, 0, LO(Y), HI(Y), LO(X), HI(X)), GPU_DONE);
		assert_int_equal(*at(X), 0x1234);
		assert_int_equal(DRIVE(GCR_ALL(0x4000), 1, 3, 0, LO(Y), HI(Y), LO(X), HI(X)), GPU_DONE);
		assert_int_equal(*at(X), 0x5678);
		/* a range has its limit inside */
		write_into_l2(pair.compute, Y, 0xa);
		write_into_l2(pair.compute, Y + 0x80, 0xb);
		write_into_l2(pair.compute, Y + 0x100, 0xc);
		assert_int_equal(DRIVE(0x11, LO(Y), 0x90000000 | HI(Y), LO(Y + 0x80), HI(Y)), GPU_DONE);
		assert_int_equal(*at(Y), 0xa);
		assert_int_equal(*at(Y + 0x80), 0xb);
		assert_int_equal(*at(Y + 0x100), 0);
		assert_stopped(RUN(0x11, LO(Y), 0x90000000 | HI(Y), LO(BASE), HI(Y)), GPU_ERROR_PACKET,
			       "is below the base");
		assert_stopped(RUN(0x11, LO(Y), 0x88000000 | HI(Y), LO(Y), HI(Y)), GPU_ERROR_UNSUPPORTED,
			       "GL2_RANGE volatile");
		assert_stopped(RUN(0x11, LO(Y), 0x98000000 | HI(Y), LO(Y), HI(Y)), GPU_ERROR_UNSUPPORTED,
			       "GL2_RANGE first and last");
		assert_stopped(RUN(0x11, 0, 0, 3, 0), GPU_ERROR_PACKET, "SEQ 3");
		assert_stopped(RUN(0x11, 0, 0, 0, 1u << 24), GPU_ERROR_UNSUPPORTED, "word 4");
		stop_pair(&pair);
	}
}

/* Atomics change memory, whatever the L2 had of it. */
static void atomics_meet_the_cpu_in_memory(void **state)
{
	(void)state;
	for (uint32_t g = 10; g <= 12; g++) {
		struct pair pair = start_pair(g);

		write_into_l2(pair.compute, X, 41);
		assert_int_equal(DRIVE(0x1e00000a, LO(X), HI(X), 1, 0, 0, 0, 0), GPU_DONE);
		assert_int_equal(*at(X), 42);
		stop_pair(&pair);
	}
}

static void the_driver_wraps_submissions(void **state)
{
	struct gpu_job job = {.commands = COMMANDS, .bytes = 28, .space = &machine.space};
	const uint32_t words[] = {1, 3, 0, LO(Y), HI(Y), LO(X), HI(X)};
	struct pair pair = start_pair(11);

	(void)state;
	write_into_l2(pair.compute, Y, 1);
	write_into_l2(pair.compute, Y + 0x100, 2);
	memcpy(at(COMMANDS), words, sizeof(words));
	gpu_engine_start(machine.engine, &job);
	gpu_sdma_driver_begins(machine.engine);
	assert_int_equal(*at(Y), 1);
	*at(Y) = 3;
	assert_int_equal(gpu_engine_run(machine.engine, 8), GPU_DONE);
	gpu_sdma_driver_ends(machine.engine);
	assert_int_equal(*at(X), 3);
	/* other engines have no such driver */
	write_into_l2(pair.compute, Y, 4);
	gpu_sdma_driver_begins(pair.compute);
	gpu_sdma_driver_ends(pair.compute);
	assert_int_equal(*at(Y), 3);
	stop_pair(&pair);
}

/* Version 6 lets a packet choose: a fence with a policy stays in the L2, an uncached one does not. */
static void a_packet_may_choose_its_policy(void **state)
{
	struct pair pair = start_pair(11);

	(void)state;
	assert_int_equal(DRIVE(0x10000005, LO(X), HI(X), 7), GPU_DONE); /* cpv, LRU */
	assert_int_equal(*at(X), 0);
	assert_int_equal(DRIVE(GCR_ALL(0x8000)), GPU_DONE);
	assert_int_equal(*at(X), 7);
	assert_int_equal(DRIVE(0x10030005, LO(X), HI(X), 8), GPU_DONE); /* mtype UC */
	assert_int_equal(*at(X), 8);
	assert_int_equal(DRIVE(0x00000005, LO(X), HI(X), 9), GPU_DONE);
	assert_int_equal(*at(X), 9);
	stop_pair(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_are_exact_to_the_byte),
		cmocka_unit_test(a_large_copy_comes_in_slices),
		cmocka_unit_test(a_dropped_copy_leaves_nothing_behind),
		cmocka_unit_test(a_fault_leaves_what_came_before_it),
		cmocka_unit_test(sub_windows_are_cut_out_and_put_in),
		cmocka_unit_test(sub_windows_are_aligned),
		cmocka_unit_test(fills_repeat_their_value),
		cmocka_unit_test(words_are_written_from_the_packet),
		cmocka_unit_test(timestamps_are_the_machines),
		cmocka_unit_test(traps_are_counted_and_raised_nowhere),
		cmocka_unit_test(polls_compare_as_they_say),
		cmocka_unit_test(a_poll_waits_for_the_cpu),
		cmocka_unit_test(only_the_flush_polls_registers),
		cmocka_unit_test(conditions_skip_words),
		cmocka_unit_test(atomics_do_what_they_say),
		cmocka_unit_test(atomics_that_are_none),
		cmocka_unit_test(atomics_need_a_bus_for_them),
		cmocka_unit_test(a_compare_and_swap_may_wait_for_its_match),
		cmocka_unit_test(copies_see_what_the_l2_holds),
		cmocka_unit_test(cache_requests_act_on_the_l2),
		cmocka_unit_test(atomics_meet_the_cpu_in_memory),
		cmocka_unit_test(the_driver_wraps_submissions),
		cmocka_unit_test(a_packet_may_choose_its_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
