// SPDX-License-Identifier: MIT
/* Foreign SDMA packets on each version, and the few of our own. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pm4/sdma.h"
#include "pm4_words.h"
#include "util/compiler.h"

#define G9  1U
#define G10 2U
#define G11 4U
#define G12 8U
#define ALL 15U

struct length {
	uint32_t header;
	uint32_t third; /* word 3, where a count may be */
	uint32_t generations;
	uint32_t words;
};

/* From the packets that Linux and ROCr write, and PAL's structures of gfx12. */
static const struct length lengths[] = {
	{0x00000000, 0, ALL, 1},	     /* NOP */
	{0x00000000 | 15 << 16, 0, ALL, 16}, /* with 15 words to skip */
	{0x00000001, 0, ALL, 7},	     /* COPY linear */
	{0x00040001, 0, ALL, 7},	     /* encrypted */
	{0x08000001, 0, ALL, 9},	     /* broadcast */
	{0x00080001, 0, G9 | G10 | G11, 7},  /* cache policy valid */
	{0x00080001, 0, G12, 8},	     /* a word about compression */
	{0x00000401, 0, ALL, 13},	     /* COPY linear sub-window */
	{0x20000401, 0, ALL, 13},	     /* with an element size */
	{0x00002401, 0, G12, 20},	     /* the large one */
	{0x00000002, 0, ALL, 5},	     /* WRITE of a word */
	{0x00000002, 7, ALL, 12},	     /* of 8 */
	{0x00000004, 0, ALL, 6},	     /* INDIRECT */
	{0x000f0004, 0, ALL, 6},	     /* with a VMID */
	{0x00000005, 0, ALL, 4},	     /* FENCE */
	{0x00030005, 0, ALL, 4},	     /* with a memory type (gfx10 and later) */
	{0x80000105, 0, G12, 8},	     /* with a conditional interrupt */
	{0x00000006, 0, ALL, 2},	     /* TRAP */
	{0xb0000008, 0, ALL, 6},	     /* POLL_REGMEM */
	{0x30000008, 0, ALL, 6},	     /* of a register */
	{0x34000008, 0, ALL, 6},	     /* flush of the host path */
	{0x00000008, 0, ALL, 6},
	{0x00000009, 0, ALL, 5}, /* COND_EXEC */
	{0x5e00000a, 0, ALL, 8}, /* ATOMIC */
	{0x8000000b, 0, ALL, 5}, /* CONST_FILL of words */
	{0x0000000d, 0, ALL, 3}, /* TIMESTAMP */
	{0x0000010d, 0, ALL, 3},
	{0x0000020d, 0, ALL, 3},
	{0xf000000e, 0, ALL, 3},	     /* SRBM_WRITE */
	{0x00000011, 0, G10 | G11 | G12, 5}, /* GCR_REQ */
	{0x00000111, 0, G10 | G11 | G12, 5},
	/* none, or of unknown length */
	{0x00000011, 0, G9, 0},
	{0x80000105, 0, G9 | G10 | G11, 0},
	{0x00002401, 0, G9 | G10 | G11, 0},
	{0x00000003, 0, ALL, 0},
	{0x00000007, 0, ALL, 0}, /* SEMAPHORE */
	{0x0000000c, 0, ALL, 0}, /* page tables */
	{0x0000000f, 0, ALL, 0}, /* PRE_EXE */
	{0x00000010, 0, ALL, 0},
	{0x00000101, 0, ALL, 0}, /* COPY tiled */
	{0x00000102, 0, ALL, 0}, /* WRITE tiled */
	{0x00000205, 0, ALL, 0},
	{0xb0000108, 0, ALL, 0}, /* polls that write */
	{0xf0000008, 0, ALL, 0}, /* a comparison that is none */
	{0x0000030d, 0, ALL, 0},
	{0x000000ff, 0, ALL, 0},
	{0xffffffff, 0, ALL, 0},
};

static void every_packet_has_its_length(void **state)
{
	struct sdma_seen seen;

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		const struct length *l = &lengths[i];
		const uint32_t words[32] = {l->header, 0, 0, l->third};

		for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
			enum pm4_generation generation = (enum pm4_generation)g;

			if (!(l->generations & 1U << g))
				continue;
			if (!l->words) {
				assert_int_equal(sdma_look(generation, words, 32, &seen), -EINVAL);
				assert_true(seen.words <= 32);
				continue;
			}
			assert_int_equal(sdma_look(generation, words, 32, &seen), 0);
			assert_int_equal(seen.words, l->words);
			assert_int_equal(sdma_look(generation, words, l->words, &seen), 0);
			for (uint32_t count = 0; count < l->words; count++) {
				assert_int_equal(sdma_look(generation, words, count, &seen), -EINVAL);
				assert_true(!count || seen.words > count); /* there is more to come */
			}
		}
	}
	assert_int_equal(sdma_look(PM4_GENERATION_COUNT, &lengths[0].header, 1, &seen), -EINVAL);
}

static void the_longest_packets_are_believed_as_far_as_they_reach(void **state)
{
	uint32_t *words = calloc(0x100004, sizeof(*words));
	struct sdma_seen seen;

	(void)state;
	assert_non_null(words);
	words[0] = 0x3fff0000;
	assert_int_equal(sdma_look(PM4_GFX11, words, 0x4000, &seen), 0);
	assert_int_equal(seen.words, 0x4000);
	assert_int_equal(sdma_look(PM4_GFX11, words, 0x3fff, &seen), -EINVAL);
	words[0] = 0x00000002;
	words[3] = 0xffffffff;
	assert_int_equal(sdma_look(PM4_GFX11, words, 0x100004, &seen), 0);
	assert_int_equal(seen.words, 0x100004);
	assert_int_equal(sdma_look(PM4_GFX11, words, 0x100003, &seen), -EINVAL);
	free(words);
}

static void a_trap_has_a_context(void **state)
{
	static const uint32_t words[] = {0x00000006, 0xf2345678};
	struct sdma_seen seen;

	(void)state;
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		assert_int_equal(sdma_look((enum pm4_generation)g, words, 2, &seen), 0);
		assert_int_equal(seen.kind, SDMA_TRAP);
		assert_int_equal(seen.context, g == PM4_GFX12 ? 0xf2345678 : 0x02345678);
	}
}

static void a_poll_of_memory_is_told(void **state)
{
	struct sdma_seen seen;

	(void)state;
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		for (uint32_t function = 1; function < 7; function++) {
			const uint32_t words[] = {
				0x80000008 | function << 28, 0x89abcdef, 0x1234, 0x55, 0xff, 0x0fff0004};

			assert_int_equal(sdma_look((enum pm4_generation)g, words, 6, &seen), 0);
			assert_int_equal(seen.kind, SDMA_POLL);
			assert_int_equal(seen.va, 0x123489abcdec);
			assert_int_equal(seen.reference, 0x55);
			assert_int_equal(seen.mask, 0xff);
			assert_int_equal(seen.compare, function);
		}
	}
}

static void a_poll_of_a_register_or_of_nothing_is_none(void **state)
{
	static const uint32_t headers[] = {0x30000008, 0x00000008, 0x80000008, 0x34000008};
	struct sdma_seen seen;

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(headers); i++) {
		const uint32_t words[] = {headers[i], 0, 0x80000000, 0, 0, 0};

		assert_int_equal(sdma_look(PM4_GFX10, words, 6, &seen), 0);
		assert_int_equal(seen.kind, SDMA_OTHER);
		assert_int_equal(seen.va, 0);
	}
}

static void a_decrement_is_told_from_other_atomics(void **state)
{
	static const struct {
		uint32_t header, low, high;
		enum sdma_kind kind;
	} cases[] = {
		{0x5e00000a, ~0U, ~0U, SDMA_DECREMENT}, /* 47 << 25 */
		{0xde00000a, ~0U, ~0U, SDMA_DECREMENT}, /* returns nothing */
		{0x5e00000a, 1, 0, SDMA_OTHER},		{0x5e00000a, ~0U, 0, SDMA_OTHER},
		{0x5e00000a, ~0U - 1, ~0U, SDMA_OTHER}, {0x5e01000a, ~0U, ~0U, SDMA_OTHER}, /* in a loop */
		{0x4e00000a, ~0U, ~0U, SDMA_OTHER},					    /* a swap */
		{0x1e00000a, ~0U, ~0U, SDMA_OTHER},					    /* 32 bits */
	};
	struct sdma_seen seen;

	(void)state;
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		for (uint32_t i = 0; i < ARRAY_SIZE(cases); i++) {
			const uint32_t words[] = {cases[i].header, 0x89abcde8, 0x1234, cases[i].low,
						  cases[i].high,   0,	       0,      0};

			assert_int_equal(sdma_look((enum pm4_generation)g, words, 8, &seen), 0);
			assert_int_equal(seen.kind, cases[i].kind);
			assert_int_equal(seen.va, cases[i].kind == SDMA_DECREMENT ? 0x123489abcde8 : 0);
		}
	}
}

static void filled_words_do_nothing(void **state)
{
	uint32_t words[9];
	struct sdma_seen seen;

	(void)state;
	memset(words, 0xff, sizeof(words));
	sdma_fill(words, 8);
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		for (uint32_t at = 0; at < 8; at += seen.words) {
			assert_int_equal(sdma_look((enum pm4_generation)g, words + at, 8 - at, &seen), 0);
			assert_int_equal(seen.kind, SDMA_NOP);
		}
	}
	assert_int_equal(words[8], ~0U);
	sdma_fill(words, 0);
}

static void a_store_waits_and_is_one_write(void **state)
{
	static const uint32_t expected[] = {0, 0x00000002, 0x56789ab0, 0x1234, 1, 0x55667788, 0x11223344};
	struct words w;

	(void)state;
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		words_start(&w, (enum pm4_generation)g);
		sdma_write64(&w.buffer, 0x123456789ab0, 0x1122334455667788);
		words_expect(&w, expected, ARRAY_SIZE(expected));
	}
}

static void a_store_that_cannot_be_said_is_refused(void **state)
{
	static const uint64_t bad[] = {0, 1, 4, 0x1004, 1ULL << 48, UINT64_MAX - 7};
	struct words w;

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++) {
		words_start(&w, PM4_GFX11);
		sdma_write64(&w.buffer, bad[i], 1);
		words_expect_refused(&w, -EINVAL);
		sdma_write64(&w.buffer, 0x1000, 1);
		sdma_pad(&w.buffer, 64);
		words_expect_refused(&w, -EINVAL);
	}
	words_start(&w, PM4_GFX11);
	w.buffer.capacity = 6;
	sdma_write64(&w.buffer, 0x1000, 1);
	words_expect_refused(&w, -ENOSPC);
}

static void padding_reaches_the_alignment(void **state)
{
	static const uint32_t expected[8] = {0, 2, 0x1000, 0, 1, 5, 0, 0};
	struct words w;

	(void)state;
	words_start(&w, PM4_GFX11);
	sdma_pad(&w.buffer, 64);
	sdma_write64(&w.buffer, 0x1000, 5);
	sdma_pad(&w.buffer, 4);
	assert_int_equal(w.buffer.used, 7);
	sdma_pad(&w.buffer, 32);
	sdma_pad(&w.buffer, 32);
	words_expect(&w, expected, ARRAY_SIZE(expected));
	sdma_pad(&w.buffer, 4 * (ARRAY_SIZE(w.at) + 1));
	assert_int_equal(w.buffer.error, -ENOSPC);
	for (uint32_t bad = 0; bad < 8; bad++) {
		words_start(&w, PM4_GFX11);
		sdma_pad(&w.buffer, bad);
		assert_int_equal(w.buffer.error, bad == 4 ? 0 : -EINVAL);
	}
}

/* Whatever is there: the length stays inside, and nothing is read outside. */
static void hostile_words_stay_inside(void **state)
{
	unsigned seed = 77;

	(void)state;
	for (uint32_t round = 0; round < 200000; round++) {
		uint32_t count = (uint32_t)rand_r(&seed) % 14;
		uint32_t *words = malloc(count * sizeof(*words) + 1);
		struct sdma_seen seen;

		assert_non_null(words);
		for (uint32_t i = 0; i < count; i++)
			words[i] = ((uint32_t)rand_r(&seed) << 16 ^ (uint32_t)rand_r(&seed)) &
				   (i ? ~0U : 0xf80d251f);
		if (!sdma_look((enum pm4_generation)(round % 4), words, count, &seen))
			assert_true(seen.words >= 1 && seen.words <= count);
		free(words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_packet_has_its_length),
		cmocka_unit_test(the_longest_packets_are_believed_as_far_as_they_reach),
		cmocka_unit_test(a_trap_has_a_context),
		cmocka_unit_test(a_poll_of_memory_is_told),
		cmocka_unit_test(a_poll_of_a_register_or_of_nothing_is_none),
		cmocka_unit_test(a_decrement_is_told_from_other_atomics),
		cmocka_unit_test(filled_words_do_nothing),
		cmocka_unit_test(a_store_waits_and_is_one_write),
		cmocka_unit_test(a_store_that_cannot_be_said_is_refused),
		cmocka_unit_test(padding_reaches_the_alignment),
		cmocka_unit_test(hostile_words_stay_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
