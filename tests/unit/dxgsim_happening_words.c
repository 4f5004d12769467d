// SPDX-License-Identifier: MIT
/* Happenings as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "dxgsim/host/happening.h"

static int parse(const char *text, struct happening *out)
{
	char reason[160];

	return happening_parse(text, out, reason, sizeof(reason));
}

static void words_have_a_meaning(void **state)
{
	struct happening h;

	(void)state;
	assert_int_equal(parse("reset", &h), 0);
	assert_true(h.kind == HAPPENING_RESET && !h.adapter && !h.engine);
	assert_int_equal(parse("reset:adapter=3:engine:node=2", &h), 0);
	assert_true(h.adapter == 3 && h.engine && h.node == 2);
	assert_int_equal(parse("page-fault:va=0x7f0000001000:read", &h), 0);
	assert_true(h.address == 0x7f0000001000 && h.address_given && h.read);
	assert_true(h.node == HAPPENING_ANY_NODE);
	assert_int_equal(parse("driver-restart:version=32.0.21025.1024", &h), 0);
	assert_true(h.version == (32ull << 48 | 21025 << 16 | 1024));
	assert_int_equal(parse("resume:lost", &h), 0);
	assert_true(h.lost);
	assert_int_equal(parse("starve:ms=20:adapter=1", &h), 0);
	assert_true(h.ms == 20 && h.adapter == 1);
	assert_int_equal(parse("power=battery", &h), 0);
	assert_true(h.power == HOST_POWER_BATTERY);
}

static void other_words_have_none(void **state)
{
	static const char *const wrong[] = {
		"reset:",
		"reset:node=1",
		"reset:adapter",
		"reset:adapter=64",
		"reset:adapter=-1",
		"reset:read",
		"hang:ms=1",
		"hang=1",
		"hang:adapter=1:adapter=1",
		"starve",
		"starve:ms=",
		"starve:ms=1x",
		"power",
		"power=sun",
		"sleep:adapter=0",
		"driver-restart:version=1.2.3",
		"driver-restart:version=1.2.3.65536",
		"driver-restart:version=1.2.3.4.5",
		"page-fault:va=",
		"resume:lost=1",
		"plug:version=1.2.3.4",
		"hang:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	struct happening h;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (parse(wrong[i], &h) != -EINVAL)
			fail_msg("'%s' was taken", wrong[i]);
	}
	assert_int_equal(parse("ioctl=ANY:errno=EIO", &h), -ENOENT);
	assert_int_equal(parse("", &h), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_have_a_meaning),
		cmocka_unit_test(other_words_have_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
