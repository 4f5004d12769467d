// SPDX-License-Identifier: MIT
/* What a driver takes is remembered for its adapter, and for no other one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kmd/allocation.h"
#include "kmd/forms.h"
#include "kmd/queue.h"

static void nothing_is_known_before_it_is_found_out(void **state)
{
	const struct winluid luid = {1, 2};

	(void)state;
	assert_int_equal(kmd_form_taken(luid, KMD_FORM_OF_CONTEXT), -1);
	assert_int_equal(kmd_form_taken(luid, KMD_FORM_OF_ALLOCATION), -1);
}

static void each_adapter_has_its_own(void **state)
{
	/* one half of the number is the same */
	const struct winluid one = {3, 4}, other = {3, 5}, third = {4, 4};

	(void)state;
	kmd_form_remember(one, KMD_FORM_OF_CONTEXT, KMD_CONTEXT_VULKAN);
	kmd_form_remember(other, KMD_FORM_OF_CONTEXT, KMD_CONTEXT_HSA);
	kmd_form_remember(other, KMD_FORM_OF_ALLOCATION, KMD_FORM_VERSION_9);
	assert_int_equal(kmd_form_taken(one, KMD_FORM_OF_CONTEXT), KMD_CONTEXT_VULKAN);
	assert_int_equal(kmd_form_taken(one, KMD_FORM_OF_ALLOCATION), -1);
	assert_int_equal(kmd_form_taken(other, KMD_FORM_OF_CONTEXT), KMD_CONTEXT_HSA);
	assert_int_equal(kmd_form_taken(other, KMD_FORM_OF_ALLOCATION), KMD_FORM_VERSION_9);
	assert_int_equal(kmd_form_taken(third, KMD_FORM_OF_CONTEXT), -1);
	kmd_form_remember(one, KMD_FORM_OF_CONTEXT, KMD_CONTEXT_HSA);
	assert_int_equal(kmd_form_taken(one, KMD_FORM_OF_CONTEXT), KMD_CONTEXT_HSA);
}

static void an_adapter_without_a_luid_has_none(void **state)
{
	const struct winluid none = {0, 0};

	(void)state;
	kmd_form_remember(none, KMD_FORM_OF_CONTEXT, KMD_CONTEXT_VULKAN);
	assert_int_equal(kmd_form_taken(none, KMD_FORM_OF_CONTEXT), -1);
}

/* Adapters come and go; those for which there is no place are found out again, and spoil no other's. */
static void the_last_of_many_are_not_remembered(void **state)
{
	const struct winluid first = {100, 0};
	int remembered = 0;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		const struct winluid luid = {100 + i, 0};
		int form;

		kmd_form_remember(luid, KMD_FORM_OF_ALLOCATION, i % 2 ? KMD_FORM_CHECKSUM : KMD_FORM_PLAIN);
		form = kmd_form_taken(luid, KMD_FORM_OF_ALLOCATION);
		if (form < 0)
			continue;
		assert_int_equal(form, i % 2);
		remembered++;
	}
	assert_in_range(remembered, 8, 64);
	assert_int_equal(kmd_form_taken(first, KMD_FORM_OF_ALLOCATION), KMD_FORM_PLAIN);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_known_before_it_is_found_out),
		cmocka_unit_test(each_adapter_has_its_own),
		cmocka_unit_test(an_adapter_without_a_luid_has_none),
		cmocka_unit_test(the_last_of_many_are_not_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
