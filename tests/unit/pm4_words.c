// SPDX-License-Identifier: MIT
#include "pm4_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "util/compiler.h"

void words_start(struct words *w, enum pm4_generation generation)
{
	for (size_t i = 0; i < ARRAY_SIZE(w->at); i++)
		w->at[i] = UNTOUCHED;
	pm4_begin(&w->buffer, generation, w->at, ARRAY_SIZE(w->at));
}

void words_expect(const struct words *w, const uint32_t *expected, uint32_t count)
{
	uint32_t bytes;

	assert_int_equal(pm4_end(&w->buffer, &bytes), 0);
	for (uint32_t i = 0; i < count; i++)
		if (w->at[i] != expected[i])
			fail_msg("word %u is 0x%08x, not 0x%08x", i, w->at[i], expected[i]);
	assert_int_equal(bytes, 4 * count);
	assert_int_equal(w->at[count], UNTOUCHED);
}

void words_expect_refused(const struct words *w, int error)
{
	uint32_t bytes;

	assert_int_equal(pm4_end(&w->buffer, &bytes), error);
	assert_int_equal(bytes, 0);
	assert_int_equal(w->buffer.used, 0);
	assert_int_equal(w->at[0], UNTOUCHED);
}
