// SPDX-License-Identifier: MIT
/* The blob of the power escape, against bytes written down by hand. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "kmd/power.h"
#include "util/compiler.h"

static const uint8_t apply[0xE8] = {
	[0x00] = 0x80, 0x00,	      0x00, 0x00, 0x00, 0x00, 0x01, 0x00, /* header, its version */
	[0x08] = 0x03, 0x69,	      0x00, 0x03, 0x03, 0x00, 0x00, 0x00, /* code, client */
	[0x48] = 0xFF, 0xFF,	      0xFF, 0xFF,			  /* no return code yet */
	[0x80] = 0x40, 0x00,	      0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* input size, apply */
	[0x88] = 0x02, [0xC4] = 0x20,
};

static void asking_and_taking_back_differ_in_one_byte(void **state)
{
	struct kmd_power_blob blob;
	uint8_t restore[sizeof(apply)];

	(void)state;
	memcpy(restore, apply, sizeof(apply));
	restore[0x84] = 1;
	memset(&blob, 0x55, sizeof(blob));
	assert_int_equal(kmd_power_encode(false, &blob), 0);
	assert_int_equal(blob.size, sizeof(apply));
	assert_memory_equal(blob.data, apply, sizeof(apply));
	memset(&blob, 0x55, sizeof(blob));
	assert_int_equal(kmd_power_encode(true, &blob), 0);
	assert_int_equal(blob.size, sizeof(apply));
	assert_memory_equal(blob.data, restore, sizeof(restore));
}

static void the_driver_answers_by_its_return_code(void **state)
{
	static const struct {
		uint32_t code;
		int error;
	} cases[] = {
		{0, 0},	     {1, -EIO},	  {2, -EOPNOTSUPP},   {0xC, -EIO},
		{0xD, -EIO}, {0xE, -EIO}, {0x80000000, -EIO},
	};
	struct kmd_power_blob blob;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(kmd_power_encode(false, &blob), 0);
		memcpy(blob.data + 0x48, &cases[i].code, 4);
		assert_int_equal(kmd_power_decode(&blob), cases[i].error);
	}
}

static void an_escape_that_comes_back_as_it_was_is_no_success(void **state)
{
	struct kmd_power_blob blob;

	(void)state;
	assert_int_equal(kmd_power_encode(false, &blob), 0);
	assert_int_equal(kmd_power_decode(&blob), -ENODATA);
	/* nor is what else the driver wrote looked at */
	memset(blob.data, 0, 0x48);
	memset(blob.data + 0x4C, 0, sizeof(blob.data) - 0x4C);
	assert_int_equal(kmd_power_decode(&blob), -ENODATA);
	blob.size = 0;
	assert_int_equal(kmd_power_decode(&blob), -EINVAL);
	blob.size = sizeof(blob.data) + 1;
	assert_int_equal(kmd_power_decode(&blob), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asking_and_taking_back_differ_in_one_byte),
		cmocka_unit_test(the_driver_answers_by_its_return_code),
		cmocka_unit_test(an_escape_that_comes_back_as_it_was_is_no_success),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
