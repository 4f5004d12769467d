// SPDX-License-Identifier: MIT
/* Fault specs: what the grammar takes, what it refuses, and which calls are struck. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#include "dxg/uapi.h"
#include "dxgsim/fault.h"

static struct fault *parse(const char *spec)
{
	struct fault *fault = NULL;
	char reason[160];

	if (fault_parse(spec, &fault, reason, sizeof(reason)))
		fail_msg("%s: %s", spec, reason);
	return fault;
}

static void specs_say_what_fails(void **state)
{
	struct fault *fault;

	(void)state;
	fault = parse("ioctl=ANY:nth=7:errno=ENOMEM");
	assert_int_equal(fault->nr, FAULT_ANY);
	assert_int_equal(fault->kind, FAULT_ERRNO);
	assert_int_equal(fault->value, ENOMEM);
	for (int i = 1; i <= 20; i++)
		assert_int_equal(fault_strikes(fault, i), i == 7);
	free(fault);
	fault = parse("ioctl=MAKERESIDENT:nth=2:status=0xC0000017");
	assert_int_equal(fault->nr, _IOC_NR(LX_DXMAKERESIDENT));
	assert_int_equal(fault->value, 0xc0000017u);
	assert_false(fault_strikes(fault, fault->nr));
	assert_false(fault_strikes(fault, fault->nr + 1));
	assert_true(fault_strikes(fault, fault->nr));
	assert_false(fault_strikes(fault, fault->nr));
	free(fault);
	fault = parse("ioctl=OPEN:errno=EBADF:count=0");
	assert_false(fault_strikes(fault, 5));
	for (int i = 0; i < 3; i++)
		assert_true(fault_strikes(fault, FAULT_OPEN));
	free(fault);
	fault = parse("ioctl=ESCAPE:ring-full=3");
	assert_int_equal(fault->messages, 3);
	free(fault);
	fault = parse("ioctl=ESCAPE:short=4:skip=1");
	assert_int_equal(fault->value, 4);
	assert_int_equal(fault->skip, 1);
	free(fault);
}

static void wrong_specs_are_refused(void **state)
{
	static const char *const specs[] = {
		"",
		"ioctl=ANY",
		"errno=EINVAL",
		"ioctl=NOSUCH:errno=EINVAL",
		"ioctl=ANY:errno=ENOSUCH",
		"ioctl=ANY:errno=0",
		"ioctl=ANY:errno",
		"ioctl=ANY:nth=0:errno=EIO",
		"ioctl=ANY:nth=x:errno=EIO",
		"ioctl=ANY:nth=-1:errno=EIO",
		"ioctl=ANY:status=0x1ffffffff",
		"ioctl=ANY:errno=EIO:zero",
		"ioctl=ANY:zero=1",
		"ioctl=ANY:ring-full=0",
		"ioctl=ANY::errno=EIO",
		"ioctl=ANY:errno=EIO:what=1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		struct fault *fault = NULL;
		char reason[160] = "";

		if (fault_parse(specs[i], &fault, reason, sizeof(reason)) != -EINVAL)
			fail_msg("'%s' was accepted", specs[i]);
		assert_int_not_equal(reason[0], 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(specs_say_what_fails),
		cmocka_unit_test(wrong_specs_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
