// SPDX-License-Identifier: MIT
/* Foreign PM4: where packets end, which of them interrupt, where they lead. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pm4/dispatch.h"
#include "pm4/walk.h"
#include "pm4_words.h"
#include "util/compiler.h"

#define VA 0x0000123456789ab0ULL

static void expect_length(uint32_t header, uint32_t words, uint32_t opcode)
{
	uint32_t *at = calloc(0x4001, sizeof(*at));
	struct pm4_seen seen;

	assert_non_null(at);
	at[0] = header;
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		assert_int_equal(pm4_look((enum pm4_generation)g, at, words, &seen), 0);
		assert_int_equal(seen.words, words);
		assert_int_equal(seen.opcode, opcode);
		assert_false(seen.interrupts);
		assert_int_equal(pm4_look((enum pm4_generation)g, at, 0x4001, &seen), 0);
		assert_int_equal(seen.words, words);
		assert_int_equal(pm4_look((enum pm4_generation)g, at, words - 1, &seen), -EINVAL);
		assert_true(words == 1 || seen.words == words); /* there is more to come */
	}
	free(at);
}

static void a_header_says_how_long_a_packet_is(void **state)
{
	(void)state;
	expect_length(0xc0001000, 2, 0x10);
	expect_length(0xffff1000, 1, 0x10); /* a NOP that is its header */
	expect_length(0xffff1002, 1, 0x10);
	expect_length(0xfffe1000, 0x4000, 0x10);
	expect_length(0xffff3700, 0x4001, 0x37); /* and no other packet is */
	expect_length(0xc0031502, 5, 0x15);
	expect_length(0xc0055802, 7, 0x58);
	expect_length(0xc000ff00, 2, 0xff); /* whatever it means */
	expect_length(0x80000000, 1, 0);
	expect_length(0xbfffffff, 1, 0);
	expect_length(0x00000000, 2, 0); /* zeros are a write to register 0 */
	expect_length(0x3fff1234, 0x4001, 0);
}

static void what_is_no_packet_is_refused(void **state)
{
	static const uint32_t type_1[] = {0x40000000, 0, 0};
	static const uint32_t nop[] = {0xffff1000};
	struct pm4_seen seen;

	(void)state;
	assert_int_equal(pm4_look(PM4_GFX11, type_1, 3, &seen), -EINVAL);
	assert_int_equal(pm4_look(PM4_GFX11, nop, 0, &seen), -EINVAL);
	assert_int_equal(pm4_look(PM4_GENERATION_COUNT, nop, 1, &seen), -EINVAL);
}

static void expect_release(uint32_t selection, bool interrupts, uint32_t muted)
{
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		uint32_t packet[] = {0xc0064902, 0x00000514, selection, 0x1000,
				     0x12,	 7,	     8,		interrupts ? 0x98765432 : 0};
		const uint32_t quiet[] = {0xc0064902, 0x00000514, muted, 0x1000, 0x12, 7, 8, 0};
		struct pm4_seen seen;

		assert_int_equal(pm4_look((enum pm4_generation)g, packet, 8, &seen), 0);
		assert_int_equal(seen.words, 8);
		assert_int_equal(seen.opcode, 0x49);
		assert_int_equal(seen.interrupts, interrupts);
		assert_int_equal(seen.context, interrupts ? 0x98765432 : 0);
		if (!interrupts)
			continue;
		pm4_mute((enum pm4_generation)g, packet);
		assert_memory_equal(packet, quiet, sizeof(quiet));
		assert_int_equal(pm4_look((enum pm4_generation)g, packet, 8, &seen), 0);
		assert_false(seen.interrupts);
	}
}

/* DATA_SEL at 29, INT_SEL at 24, DST_SEL at 16 */
static void interrupts_are_seen_and_taken_away(void **state)
{
	(void)state;
	expect_release(0x40010000, false, 0);
	expect_release(0x43000000, false, 0);
	expect_release(0x01000000, true, 0x00000000); /* an interrupt alone */
	expect_release(0x02000000, true, 0x00000000);
	expect_release(0x22010000, true, 0x23010000); /* the data still behind the confirmation */
	expect_release(0x42000000, true, 0x43000000);
	expect_release(0x62000000, true, 0x63000000);
	expect_release(0x41000000, true, 0x40000000);
}

static void interrupts_on_a_condition_are_refused(void **state)
{
	struct pm4_seen seen;

	(void)state;
	for (uint32_t selection = 4; selection < 8; selection++) {
		const uint32_t packet[] = {0xc0064902, 0x514, 0x40000000 | selection << 24, 0x1000, 0, 0,
					   0,	       0};

		assert_int_equal(pm4_look(PM4_GFX11, packet, 8, &seen), -EINVAL);
	}
}

/* The words of the selection and of the context have to be there. */
static void a_short_release_is_refused(void **state)
{
	const uint32_t packet[] = {0xc0054902, 0x514, 0x42000000, 0x1000, 0, 0, 0, 0};
	const uint32_t shortest[] = {0xc0004902, 0x514, 0x42000000};
	struct pm4_seen seen;

	(void)state;
	assert_int_equal(pm4_look(PM4_GFX11, packet, 8, &seen), -EINVAL);
	assert_int_equal(pm4_look(PM4_GFX11, shortest, 2, &seen), -EINVAL);
}

static void an_indirect_buffer_leads_somewhere(void **state)
{
	uint64_t va;
	uint32_t dwords;

	(void)state;
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		/* with the bits next to the fields set; VALID 23, VMID, policy */
		const uint32_t packet[] = {0xc0023f00, 0x56789ab3, 0xffff1234, 0x3f8fffff, 0};

		assert_int_equal(pm4_read_indirect((enum pm4_generation)g, packet, 5, &va, &dwords), 0);
		assert_int_equal(va, VA);
		assert_int_equal(dwords, 0xfffff);
	}
}

static void what_leads_nowhere_is_refused(void **state)
{
	static const uint32_t bad[][5] = {
		{0xc0023f02, 0x1000, 0, 0x00100001, 0}, /* chained */
		{0xc0023f02, 0x1000, 0, 0x00800000, 0}, /* nothing there */
		{0xc0023f02, 0x0003, 0, 0x00800001, 0}, /* nowhere */
		{0xc0033f02, 0x1000, 0, 0x00800001, 0}, /* too long */
		{0xc0013f02, 0x1000, 0, 0x00800001, 0}, /* too short */
		{0xc0023702, 0x1000, 0, 0x00800001, 0}, /* another packet */
		{0x00023f02, 0x1000, 0, 0x00800001, 0}, /* another type */
	};
	static const uint32_t good[] = {0xc0023f02, 0x1000, 0, 0x00800001, 0};
	uint64_t va;
	uint32_t dwords;

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(pm4_read_indirect(PM4_GFX10, bad[i], 5, &va, &dwords), -EINVAL);
	}
	assert_int_equal(pm4_read_indirect(PM4_GFX10, good, 3, &va, &dwords), -EINVAL);
	assert_int_equal(pm4_read_indirect(PM4_GFX10, good, 4, &va, &dwords), 0);
	assert_int_equal(va, 0x1000);
	assert_int_equal(dwords, 1);
}

/* One packet of our own; true: it is a dispatch, which is several. */
static bool build_some(struct pm4_buffer *buffer, struct pm4_shadow *shadow, unsigned *seed)
{
	const struct pm4_release release = {.data = PM4_DATA_64, .va = VA, .value = 1};
	const struct pm4_wait wait = {VA, PM4_EQUAL, 1, 1};
	const uint32_t data[5] = {0};
	struct pm4_dispatch dispatch = {
		.code = 0x1000, .group = {1, 1, 1}, .grid = {1, 1, 1}, .cu_mask = {1}, .user_data_count = 16};

	switch (rand_r(seed) % 11) {
	case 0:
		pm4_nop(buffer, 1 + (uint32_t)rand_r(seed) % 5);
		return false;
	case 1:
		pm4_write_data(buffer, VA, data, 1 + (uint32_t)rand_r(seed) % 5);
		return false;
	case 2:
		pm4_release_mem(buffer, &release);
		return false;
	case 3:
		pm4_copy_data(buffer, VA, VA, 8);
		return false;
	case 4:
		pm4_wait_mem32(buffer, &wait);
		return false;
	case 5:
		pm4_wait_mem64(buffer, &wait);
		return false;
	case 6:
		pm4_drain(buffer);
		return false;
	case 7:
		pm4_acquire(buffer, PM4_SCOPE_SYSTEM);
		return false;
	case 8:
		pm4_atomic_add64(buffer, VA, -1);
		return false;
	case 9:
		pm4_copy_clock(buffer, VA);
		return false;
	default:
		dispatch.user_data[rand_r(seed) % 16] = 1;
		pm4_dispatch(buffer, shadow, &dispatch);
		return true;
	}
}

static void packets_of_our_own_are_walked(void **state)
{
	struct pm4_shadow shadow;
	struct pm4_seen seen;
	unsigned seed = 815;
	struct words w;

	(void)state;
	for (uint32_t round = 0; round < 4000; round++) {
		enum pm4_generation generation = (enum pm4_generation)(round % PM4_GENERATION_COUNT);
		uint32_t at = 0;
		bool several;

		words_start(&w, generation);
		pm4_shadow_forget(&shadow);
		several = build_some(&w.buffer, &shadow, &seed);
		assert_int_equal(w.buffer.error, 0);
		while (at < w.buffer.used) {
			assert_int_equal(pm4_look(generation, w.at + at, w.buffer.used - at, &seen), 0);
			assert_false(seen.interrupts);
			at += seen.words;
			assert_true(several || at == w.buffer.used);
		}
		assert_int_equal(at, w.buffer.used);
	}
}

/* Whatever is there: the length stays inside, and nothing is read outside. */
static void hostile_words_stay_inside(void **state)
{
	unsigned seed = 42;

	(void)state;
	for (uint32_t round = 0; round < 200000; round++) {
		uint32_t count = (uint32_t)rand_r(&seed) % 10;
		uint32_t *words = malloc(count * sizeof(*words) + 1);
		struct pm4_seen seen;
		uint32_t dwords;
		uint64_t va;
		int error;

		assert_non_null(words);
		for (uint32_t i = 0; i < count; i++)
			words[i] = (uint32_t)rand_r(&seed) << 16 ^ (uint32_t)rand_r(&seed);
		if (count)
			words[0] = (words[0] & 0xc0070002) | 0xc0000000 | (round % 2 ? 0x4900 : 0x3f00);
		error = pm4_look((enum pm4_generation)(round % 4), words, count, &seen);
		if (!error) {
			assert_true(seen.words >= 1 && seen.words <= count);
			if (seen.interrupts)
				pm4_mute((enum pm4_generation)(round % 4), words);
		}
		pm4_read_indirect((enum pm4_generation)(round % 4), words, count, &va, &dwords);
		free(words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_header_says_how_long_a_packet_is),
		cmocka_unit_test(what_is_no_packet_is_refused),
		cmocka_unit_test(interrupts_are_seen_and_taken_away),
		cmocka_unit_test(interrupts_on_a_condition_are_refused),
		cmocka_unit_test(a_short_release_is_refused),
		cmocka_unit_test(an_indirect_buffer_leads_somewhere),
		cmocka_unit_test(what_leads_nowhere_is_refused),
		cmocka_unit_test(packets_of_our_own_are_walked),
		cmocka_unit_test(hostile_words_stay_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
