// SPDX-License-Identifier: MIT
/* Fences, atomics and clocks: the words on each generation, worked out by hand from the public headers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "pm4_words.h"
#include "util/compiler.h"

#define VA 0x0000123456789ab0ULL

static void a_drain_is_a_partial_flush(void **state)
{
	static const uint32_t expected[] = {0xc0004602, 0x00000407};
	struct words w;

	(void)state;
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		words_start(&w, (enum pm4_generation)g);
		pm4_drain(&w.buffer);
		words_expect(&w, expected, ARRAY_SIZE(expected));
	}
}

/* gfx9: the word of CP_COHER_CNTL; later: that of GCR_CNTL. */
static void expect_action(const struct words *w, uint32_t control)
{
	const uint32_t gfx9[] = {0xc0055802, control, ~0U, 0xff, 0, 0, 0xa};
	const uint32_t gfx10[] = {0xc0065802, 0, ~0U, 0xff, 0, 0, 0xa, control};

	if (!control)
		words_expect(w, NULL, 0);
	else if (w->buffer.generation == PM4_GFX9)
		words_expect(w, gfx9, ARRAY_SIZE(gfx9));
	else
		words_expect(w, gfx10, ARRAY_SIZE(gfx10));
}

struct action {
	uint32_t control[PM4_GENERATION_COUNT]; /* 0: nothing */
};

static void an_acquire_invalidates_what_may_be_old(void **state)
{
	static const struct action actions[] = {
		[PM4_SCOPE_NONE] = {{0, 0, 0, 0}},
		/* TCL1 22, KCACHE 27; GLK_INV 7, GLV_INV 8, GL1_INV 9 */
		[PM4_SCOPE_AGENT] = {{0x08400000, 0x00000380, 0x00000380, 0x00000180}},
		/* TC 23, TC_WB 18; GL2_INV 14, GL2_WB 15, GLM_WB 4, GLM_INV 5 */
		[PM4_SCOPE_SYSTEM] = {{0x08c40000, 0x0000c3b0, 0x0000c3b0, 0x0000c180}},
	};
	struct words w;

	(void)state;
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		for (uint32_t s = 0; s < ARRAY_SIZE(actions); s++) {
			words_start(&w, (enum pm4_generation)g);
			pm4_acquire(&w.buffer, (enum pm4_scope)s);
			expect_action(&w, actions[s].control[g]);
		}
	}
}

static void a_release_writes_back_for_the_system_alone(void **state)
{
	static const struct action actions[] = {
		[PM4_SCOPE_NONE] = {{0, 0, 0, 0}},
		[PM4_SCOPE_AGENT] = {{0, 0, 0, 0}},
		/* TC_WB 18, TC_NC 3; GL2_WB 15, GLM_WB 4, GLM_INV 5, SEQ 1 at 16 */
		[PM4_SCOPE_SYSTEM] = {{0x00040008, 0x00018030, 0x00018030, 0x00008000}},
	};
	struct words w;

	(void)state;
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		for (uint32_t s = 0; s < ARRAY_SIZE(actions); s++) {
			words_start(&w, (enum pm4_generation)g);
			pm4_release(&w.buffer, (enum pm4_scope)s);
			expect_action(&w, actions[s].control[g]);
		}
	}
}

static void code_needs_the_instruction_cache_too(void **state)
{
	/* the acquire of the system, ICACHE 29; GLI_INV 1 at 0 */
	static const uint32_t control[] = {0x28c40000, 0x0000c3b1, 0x0000c3b1, 0x0000c181};
	struct words w;

	(void)state;
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		words_start(&w, (enum pm4_generation)g);
		pm4_acquire_code(&w.buffer);
		expect_action(&w, control[g]);
	}
}

static void l2_alone_is_flushed(void **state)
{
	/* TC_WB 18, TC 23; GL2_INV 14, GL2_WB 15, GLM_WB 4, GLM_INV 5, SEQ 1 at 16 */
	static const uint32_t control[] = {0x00840000, 0x0001c030, 0x0001c030, 0x0000c000};
	struct words w;

	(void)state;
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		words_start(&w, (enum pm4_generation)g);
		pm4_flush_l2(&w.buffer);
		expect_action(&w, control[g]);
	}
}

static void an_unknown_scope_is_refused(void **state)
{
	struct words w;

	(void)state;
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		words_start(&w, (enum pm4_generation)g);
		pm4_acquire(&w.buffer, (enum pm4_scope)3);
		words_expect_refused(&w, -EINVAL);
		words_start(&w, (enum pm4_generation)g);
		pm4_release(&w.buffer, (enum pm4_scope)3);
		words_expect_refused(&w, -EINVAL);
	}
}

static void an_atomic_adds_on_each_generation(void **state)
{
	static const uint32_t control[] = {0x0200002f, 0x0600002f, 0x0600002f, 0x0600002f};
	struct words w;

	(void)state;
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		const uint32_t expected[] = {
			0xc0071e02, control[g], 0x56789ab0, 0x00001234, 0xffffffff, 0xffffffff, 0, 0, 0,
			0xc0071e02, control[g], 0x00000008, 0x00000000, 0x00000001, 0x00000000, 0, 0, 0,
		};

		words_start(&w, (enum pm4_generation)g);
		pm4_atomic_add64(&w.buffer, VA, -1);
		pm4_atomic_add64(&w.buffer, 8, 1);
		words_expect(&w, expected, ARRAY_SIZE(expected));
	}
}

static void the_clock_is_stored_on_each_generation(void **state)
{
	/* GPU clock to L2, 64 bits, confirmed; the address as it is */
	static const uint32_t control[] = {0x02110209, 0x06110209, 0x06110209, 0x00110209};
	struct words w;

	(void)state;
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		const uint32_t expected[] = {0xc0044002, control[g], 0, 0, 0x56789ab8, 0x00001234};

		words_start(&w, (enum pm4_generation)g);
		pm4_copy_clock(&w.buffer, VA + 8);
		words_expect(&w, expected, ARRAY_SIZE(expected));
	}
}

static void addresses_that_are_none_are_refused(void **state)
{
	static const uint64_t bad[] = {0, 4, VA + 1, VA + 4, 1ULL << 48, UINT64_MAX - 7};
	struct words w;

	(void)state;
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++) {
			words_start(&w, (enum pm4_generation)g);
			pm4_atomic_add64(&w.buffer, bad[i], 1);
			words_expect_refused(&w, -EINVAL);
			words_start(&w, (enum pm4_generation)g);
			pm4_copy_clock(&w.buffer, bad[i]);
			words_expect_refused(&w, -EINVAL);
		}
	}
}

static void raw_words_are_taken_as_they_are(void **state)
{
	static const uint32_t expected[] = {1, 2, 3};
	struct words w;

	(void)state;
	words_start(&w, PM4_GFX11);
	pm4_raw(&w.buffer, NULL, 0);
	pm4_raw(&w.buffer, expected, 1);
	pm4_raw(&w.buffer, expected + 1, 2);
	words_expect(&w, expected, ARRAY_SIZE(expected));
	words_start(&w, PM4_GFX11);
	pm4_raw(&w.buffer, NULL, 1);
	words_expect_refused(&w, -EINVAL);
	words_start(&w, PM4_GFX11);
	pm4_raw(&w.buffer, expected, ARRAY_SIZE(w.at) + 1);
	words_expect_refused(&w, -ENOSPC);
}

static void no_room_and_earlier_errors_write_nothing(void **state)
{
	struct words w;

	(void)state;
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		words_start(&w, (enum pm4_generation)g);
		w.buffer.capacity = 1;
		pm4_drain(&w.buffer);
		words_expect_refused(&w, -ENOSPC);
		words_start(&w, (enum pm4_generation)g);
		w.buffer.capacity = 6;
		pm4_acquire(&w.buffer, PM4_SCOPE_SYSTEM);
		words_expect_refused(&w, -ENOSPC);
		words_start(&w, (enum pm4_generation)g);
		w.buffer.capacity = 8;
		pm4_atomic_add64(&w.buffer, VA, 1);
		words_expect_refused(&w, -ENOSPC);
		w.buffer.capacity = ARRAY_SIZE(w.at);
		pm4_drain(&w.buffer);
		pm4_acquire(&w.buffer, PM4_SCOPE_SYSTEM);
		pm4_acquire_code(&w.buffer);
		pm4_release(&w.buffer, PM4_SCOPE_SYSTEM);
		pm4_atomic_add64(&w.buffer, VA, 1);
		pm4_copy_clock(&w.buffer, VA);
		pm4_raw(&w.buffer, w.at, 1);
		words_expect_refused(&w, -ENOSPC);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_drain_is_a_partial_flush),
		cmocka_unit_test(an_acquire_invalidates_what_may_be_old),
		cmocka_unit_test(a_release_writes_back_for_the_system_alone),
		cmocka_unit_test(code_needs_the_instruction_cache_too),
		cmocka_unit_test(l2_alone_is_flushed),
		cmocka_unit_test(an_unknown_scope_is_refused),
		cmocka_unit_test(an_atomic_adds_on_each_generation),
		cmocka_unit_test(the_clock_is_stored_on_each_generation),
		cmocka_unit_test(addresses_that_are_none_are_refused),
		cmocka_unit_test(raw_words_are_taken_as_they_are),
		cmocka_unit_test(no_room_and_earlier_errors_write_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
