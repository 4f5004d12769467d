// SPDX-License-Identifier: MIT
/* The words of each packet on each generation, worked out by hand from the public headers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pm4/pm4.h"
#include "util/compiler.h"

#define VA	  0x0000123456789ab0ULL
#define UNTOUCHED 0xdeadbeefU

static const enum pm4_generation generations[] = {PM4_GFX9, PM4_GFX10, PM4_GFX11, PM4_GFX12};

struct words {
	struct pm4_buffer buffer;
	uint32_t at[64];
};

static struct words start(enum pm4_generation generation)
{
	struct words w;

	for (size_t i = 0; i < ARRAY_SIZE(w.at); i++)
		w.at[i] = UNTOUCHED;
	pm4_begin(&w.buffer, generation, NULL, ARRAY_SIZE(w.at));
	return w;
}

/* The words have moved with the structure. */
static struct pm4_buffer *buffer_of(struct words *w)
{
	w->buffer.words = w->at;
	return &w->buffer;
}

static void expect(const struct words *w, const uint32_t *expected, uint32_t count)
{
	uint32_t bytes;

	assert_int_equal(pm4_end(&w->buffer, &bytes), 0);
	assert_int_equal(bytes, 4 * count);
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(w->at[i], expected[i]);
	assert_int_equal(w->at[count], UNTOUCHED);
}

static void expect_refused(struct words *w, int error)
{
	uint32_t bytes;

	assert_int_equal(pm4_end(&w->buffer, &bytes), error);
	assert_int_equal(bytes, 0);
	assert_int_equal(w->buffer.used, 0);
	assert_int_equal(w->at[0], UNTOUCHED);
}

static void a_generation_is_named_by_the_gfx_major(void **state)
{
	enum pm4_generation generation;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(pm4_generation_of(9 + i, &generation), 0);
		assert_int_equal(generation, generations[i]);
	}
	assert_int_equal(pm4_generation_of(8, &generation), -EOPNOTSUPP);
	assert_int_equal(pm4_generation_of(13, &generation), -EOPNOTSUPP);
	assert_int_equal(pm4_generation_of(0, &generation), -EOPNOTSUPP);
}

static void a_nop_has_any_length(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(generations); i++) {
		struct words w = start(generations[i]);
		const uint32_t expected[] = {0xffff1000, 0xc0001000, 0, 0xc0011000, 0, 0};

		pm4_nop(buffer_of(&w), 0);
		pm4_nop(&w.buffer, 1);
		pm4_nop(&w.buffer, 2);
		pm4_nop(&w.buffer, 3);
		expect(&w, expected, ARRAY_SIZE(expected));
	}
}

/* The count of a packet that is its header alone is no count of a longer one. */
static void a_long_nop_is_several(void **state)
{
	uint32_t *words = malloc(0x8002 * sizeof(*words)), bytes;
	struct pm4_buffer buffer;

	(void)state;
	assert_non_null(words);
	pm4_begin(&buffer, PM4_GFX11, words, 0x8002);
	pm4_nop(&buffer, 0x4000);
	assert_int_equal(words[0], 0xfffe1000);
	assert_int_equal(buffer.used, 0x4000);
	pm4_nop(&buffer, 0x4001);
	assert_int_equal(words[0x4000], 0xfffe1000);
	assert_int_equal(words[0x8000], 0xffff1000);
	assert_int_equal(pm4_end(&buffer, &bytes), 0);
	assert_int_equal(bytes, 4 * 0x8001);
	pm4_nop(&buffer, 2);
	assert_int_equal(pm4_end(&buffer, &bytes), -ENOSPC);
	assert_int_equal(buffer.used, 0x8001);
	free(words);
}

static void padding_reaches_the_alignment(void **state)
{
	const uint32_t eight[] = {0xc0011000, 0, 0, 0xc0031000, 0, 0, 0, 0};
	const uint32_t four[] = {0xc0011000, 0, 0, 0xffff1000};
	struct words w = start(PM4_GFX10);

	(void)state;
	pm4_pad(buffer_of(&w), 32); /* nothing is aligned */
	pm4_nop(&w.buffer, 3);
	pm4_pad(&w.buffer, 4);
	assert_int_equal(w.buffer.used, 3);
	pm4_pad(&w.buffer, 32);
	pm4_pad(&w.buffer, 32);
	expect(&w, eight, ARRAY_SIZE(eight));

	w = start(PM4_GFX10);
	pm4_nop(buffer_of(&w), 3);
	pm4_pad(&w.buffer, 16);
	expect(&w, four, ARRAY_SIZE(four));

	for (uint32_t bad = 0; bad < 8; bad++) {
		w = start(PM4_GFX10);
		pm4_pad(buffer_of(&w), bad);
		if (bad == 4)
			assert_int_equal(w.buffer.error, 0);
		else
			expect_refused(&w, -EINVAL);
	}
	w = start(PM4_GFX10);
	pm4_nop(buffer_of(&w), 1);
	pm4_pad(&w.buffer, 4 * ARRAY_SIZE(w.at) + 4);
	assert_int_equal(w.buffer.error, -ENOSPC);
}

static void write_data_on_each_generation(void **state)
{
	/* memory, confirmed; streaming, bypass, bypass, a regular temporal hint */
	static const uint32_t control[] = {0x02100500, 0x06100500, 0x06100500, 0x00100500};
	static const uint32_t data[] = {0x11111111, 0x22222222};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(generations); i++) {
		struct words w = start(generations[i]);
		const uint32_t expected[] = {
			0xc0043702, control[i], 0x56789ab0, 0x00001234, 0x11111111, 0x22222222,
			0xc0033702, control[i], 0x00000004, 0x00000000, 0x11111111,
		};

		pm4_write_data(buffer_of(&w), VA, data, 2);
		pm4_write_data(&w.buffer, 4, data, 1);
		expect(&w, expected, ARRAY_SIZE(expected));
	}
}

static void write_data_that_cannot_be_said_is_refused(void **state)
{
	static const uint64_t bad[] = {0, 1, VA | 2, 1ULL << 48, UINT64_MAX - 3};
	const uint32_t one = 1;
	uint32_t *many = calloc(0x4000, sizeof(*many));
	struct pm4_buffer buffer;
	struct words w;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		w = start(PM4_GFX11);
		pm4_write_data(buffer_of(&w), bad[i], &one, 1);
		expect_refused(&w, -EINVAL);
	}
	w = start(PM4_GFX11);
	pm4_write_data(buffer_of(&w), VA, &one, 0);
	expect_refused(&w, -EINVAL);
	w = start(PM4_GFX11);
	pm4_write_data(buffer_of(&w), VA, NULL, 1);
	expect_refused(&w, -EINVAL);
	w = start(PM4_GFX11);
	pm4_write_data(buffer_of(&w), VA, w.at, ARRAY_SIZE(w.at) - 3);
	expect_refused(&w, -ENOSPC);

	/* more than the count of a packet can say, although there were room */
	assert_non_null(many);
	pm4_begin(&buffer, PM4_GFX11, many, UINT32_MAX);
	pm4_write_data(&buffer, VA, many, 0x4000 - 3);
	assert_int_equal(buffer.error, -EINVAL);
	assert_int_equal(buffer.used, 0);
	free(many);
}

struct release_case {
	uint32_t actions;
	uint32_t control[4]; /* per generation; 0: refused */
};

static void release_mem_cache_actions_on_each_generation(void **state)
{
	static const struct release_case cases[] = {
		{0, {0x00000514, 0x06000514, 0x06000514, 0x06000514}},
		{PM4_RELEASE_WRITE_BACK_L2, {0x00088514, 0x06603514, 0x06603514, 0x06200514}},
		{PM4_RELEASE_INVALIDATE_L2, {0x00020514, 0x06100514, 0x06100514, 0x06100514}},
		{PM4_RELEASE_INVALIDATE_L1, {0x00010514, 0x0600c514, 0x0600c514, 0x06004514}},
		{PM4_RELEASE_INVALIDATE_K, {0, 0, 0x46000514, 0x46000514}},
		{PM4_RELEASE_WRITE_BACK_L2 | PM4_RELEASE_INVALIDATE_L2 | PM4_RELEASE_INVALIDATE_L1,
		 {0x00038514, 0x0670f514, 0x0670f514, 0x06304514}},
		{PM4_RELEASE_ALL_ACTIONS, {0, 0, 0x4670f514, 0x46304514}},
	};

	(void)state;
	for (unsigned c = 0; c < ARRAY_SIZE(cases); c++) {
		for (unsigned i = 0; i < ARRAY_SIZE(generations); i++) {
			struct words w = start(generations[i]);
			const struct pm4_release release = {
				.actions = cases[c].actions,
				.data = PM4_DATA_64,
				.va = VA,
				.value = 0x1122334455667788ULL,
			};
			const uint32_t expected[] = {
				0xc0064902, cases[c].control[i], 0x43000000, 0x56789ab0,
				0x00001234, 0x55667788,		 0x11223344, 0,
			};

			pm4_release_mem(buffer_of(&w), &release);
			if (cases[c].control[i])
				expect(&w, expected, ARRAY_SIZE(expected));
			else
				expect_refused(&w, -EINVAL);
		}
	}
}

static void release_mem_stores_what_it_is_told(void **state)
{
	static const struct {
		struct pm4_release release;
		uint32_t words[5]; /* from the data selection on */
	} cases[] = {
		{{0, PM4_DATA_NONE, 0, 0}, {0, 0, 0, 0, 0}},
		{{0, PM4_DATA_32, 0x1004, UINT32_MAX}, {0x23000000, 0x1004, 0, 0xffffffff, 0}},
		{{0, PM4_DATA_64, VA, UINT64_MAX}, {0x43000000, 0x56789ab0, 0x1234, ~0U, ~0U}},
		{{0, PM4_DATA_GPU_CLOCK, VA, 0}, {0x63000000, 0x56789ab0, 0x1234, 0, 0}},
	};

	(void)state;
	for (unsigned c = 0; c < ARRAY_SIZE(cases); c++) {
		struct words w = start(PM4_GFX10);
		const uint32_t *t = cases[c].words;
		const uint32_t expected[] = {0xc0064902, 0x06000514, t[0], t[1], t[2], t[3], t[4], 0};

		pm4_release_mem(buffer_of(&w), &cases[c].release);
		expect(&w, expected, ARRAY_SIZE(expected));
	}
}

static void release_mem_that_cannot_be_said_is_refused(void **state)
{
	static const struct pm4_release bad[] = {
		{0x10, PM4_DATA_64, VA, 1},	      /* no such action */
		{0, (enum pm4_release_data)4, VA, 1}, /* no such data */
		{0, PM4_DATA_64, VA + 4, 1},	      /* half aligned */
		{0, PM4_DATA_GPU_CLOCK, VA + 4, 0},   /* the same */
		{0, PM4_DATA_32, VA + 2, 1},	      /* not aligned */
		{0, PM4_DATA_64, 0, 1},		      /* nowhere */
		{0, PM4_DATA_64, 1ULL << 48, 1},      /* no GPU address */
		{0, PM4_DATA_32, VA, 1ULL << 32},     /* does not fit */
		{0, PM4_DATA_GPU_CLOCK, VA, 1},	      /* the clock is not ours to choose */
		{0, PM4_DATA_NONE, VA, 0},	      /* an address for nothing */
		{0, PM4_DATA_NONE, 0, 1},	      /* a value for nothing */
	};

	(void)state;
	for (unsigned c = 0; c < ARRAY_SIZE(bad); c++) {
		for (unsigned i = 0; i < ARRAY_SIZE(generations); i++) {
			struct words w = start(generations[i]);

			pm4_release_mem(buffer_of(&w), &bad[c]);
			expect_refused(&w, -EINVAL);
		}
	}
}

static void copy_data_on_each_generation(void **state)
{
	/* L2 to L2, confirmed; streaming, bypass, bypass, regular temporal hints */
	static const uint32_t control[] = {0x02102202, 0x06106202, 0x06106202, 0x00100202};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(generations); i++) {
		struct words w = start(generations[i]);
		const uint32_t expected[] = {
			0xc0044002, control[i],		  0x00000104, 0x00000042, 0x56789ab0, 0x00001234,
			0xc0044002, control[i] | 1 << 16, 0x56789ab0, 0x00001234, 0x00000108, 0x00000042,
		};

		pm4_copy_data(buffer_of(&w), VA, 0x4200000104, 4);
		pm4_copy_data(&w.buffer, 0x4200000108, VA, 8);
		expect(&w, expected, ARRAY_SIZE(expected));
	}
}

static void copy_data_that_cannot_be_said_is_refused(void **state)
{
	static const struct {
		uint64_t to, from;
		uint32_t bytes;
	} bad[] = {
		{VA, VA, 0},	 {VA, VA, 2},	      {VA, VA, 16},	   {VA + 2, VA, 4},
		{VA, VA + 1, 4}, {VA + 4, VA, 8},     {VA, VA + 4, 8},	   {0, VA, 4},
		{VA, 0, 4},	 {1ULL << 48, VA, 8}, {VA, 1ULL << 48, 8},
	};

	(void)state;
	for (unsigned c = 0; c < ARRAY_SIZE(bad); c++) {
		for (unsigned i = 0; i < ARRAY_SIZE(generations); i++) {
			struct words w = start(generations[i]);

			pm4_copy_data(buffer_of(&w), bad[c].to, bad[c].from, bad[c].bytes);
			expect_refused(&w, -EINVAL);
		}
	}
}

static void waits_on_each_generation(void **state)
{
	/* memory; no policy, bypass, bypass, a regular temporal hint */
	static const uint32_t control[] = {0x00000010, 0x06000010, 0x06000010, 0x00000010};
	const struct pm4_wait narrow = {VA + 4, PM4_EQUAL, 0x1200, 0xff00};
	const struct pm4_wait wide = {VA, PM4_LESS, 0x1122334455667788, 0x7fffffffffffffff};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(generations); i++) {
		struct words w = start(generations[i]);
		const uint32_t expected[] = {
			0xc0053c02, control[i] | 3, 0x56789ab4,	    0x00001234, 0x00001200, 0x0000ff00,
			0x00000004, 0xc0079302,	    control[i] | 1, 0x56789ab0, 0x00001234, 0x55667788,
			0x11223344, 0xffffffff,	    0x7fffffff,	    0x00000004,
		};

		pm4_wait_mem32(buffer_of(&w), &narrow);
		pm4_wait_mem64(&w.buffer, &wide);
		expect(&w, expected, ARRAY_SIZE(expected));
	}
}

static void every_comparison_has_its_number(void **state)
{
	static const enum pm4_compare compares[] = {PM4_LESS,	   PM4_LESS_OR_EQUAL,	 PM4_EQUAL,
						    PM4_NOT_EQUAL, PM4_GREATER_OR_EQUAL, PM4_GREATER};

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(compares); i++) {
		const struct pm4_wait wait = {VA, compares[i], 1, 1};
		struct words w = start(PM4_GFX9);

		pm4_wait_mem32(buffer_of(&w), &wait);
		pm4_wait_mem64(&w.buffer, &wait);
		assert_int_equal(w.buffer.error, 0);
		assert_int_equal(w.at[1], 0x10 | (i + 1));
		assert_int_equal(w.at[8], 0x10 | (i + 1));
	}
}

static void a_wait_that_cannot_be_said_is_refused(void **state)
{
	static const struct pm4_wait bad[] = {
		{VA, (enum pm4_compare)0, 0, 1}, {VA, (enum pm4_compare)7, 0, 1}, /* no such comparison */
		{VA, PM4_EQUAL, 2, 1},						  /* never true */
		{VA + 2, PM4_EQUAL, 1, 1},	 {0, PM4_EQUAL, 1, 1},
		{1ULL << 48, PM4_EQUAL, 1, 1},
	};
	const struct pm4_wait half = {VA + 4, PM4_EQUAL, 1, 1};
	const struct pm4_wait wide = {VA, PM4_EQUAL, 1, UINT64_MAX};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(generations); i++) {
		struct words w;

		for (unsigned c = 0; c < ARRAY_SIZE(bad); c++) {
			w = start(generations[i]);
			pm4_wait_mem32(buffer_of(&w), &bad[c]);
			expect_refused(&w, -EINVAL);
			w = start(generations[i]);
			pm4_wait_mem64(buffer_of(&w), &bad[c]);
			expect_refused(&w, -EINVAL);
		}
		w = start(generations[i]);
		pm4_wait_mem64(buffer_of(&w), &half);
		expect_refused(&w, -EINVAL);
		w = start(generations[i]);
		pm4_wait_mem32(buffer_of(&w), &wide);
		expect_refused(&w, -EINVAL);
	}
}

/* One check at the end has to be enough. */
static void the_first_error_stays_and_stops_the_rest(void **state)
{
	const struct pm4_release fine = {0, PM4_DATA_64, VA, 1};
	const uint32_t one = 1;
	struct words w = start(PM4_GFX12);
	uint32_t bytes;

	(void)state;
	pm4_nop(buffer_of(&w), 2);
	pm4_write_data(&w.buffer, 1, &one, 1);
	pm4_nop(&w.buffer, 1000);
	pm4_release_mem(&w.buffer, &fine);
	pm4_pad(&w.buffer, 64);
	assert_int_equal(pm4_end(&w.buffer, &bytes), -EINVAL);
	assert_int_equal(w.buffer.used, 2);
	assert_int_equal(w.at[2], UNTOUCHED);

	pm4_begin(&w.buffer, PM4_GENERATION_COUNT, w.at, ARRAY_SIZE(w.at));
	pm4_release_mem(&w.buffer, &fine);
	assert_int_equal(pm4_end(&w.buffer, &bytes), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_generation_is_named_by_the_gfx_major),
		cmocka_unit_test(a_nop_has_any_length),
		cmocka_unit_test(a_long_nop_is_several),
		cmocka_unit_test(padding_reaches_the_alignment),
		cmocka_unit_test(write_data_on_each_generation),
		cmocka_unit_test(write_data_that_cannot_be_said_is_refused),
		cmocka_unit_test(release_mem_cache_actions_on_each_generation),
		cmocka_unit_test(release_mem_stores_what_it_is_told),
		cmocka_unit_test(release_mem_that_cannot_be_said_is_refused),
		cmocka_unit_test(copy_data_on_each_generation),
		cmocka_unit_test(copy_data_that_cannot_be_said_is_refused),
		cmocka_unit_test(waits_on_each_generation),
		cmocka_unit_test(every_comparison_has_its_number),
		cmocka_unit_test(a_wait_that_cannot_be_said_is_refused),
		cmocka_unit_test(the_first_error_stays_and_stops_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
