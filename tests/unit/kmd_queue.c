// SPDX-License-Identifier: MIT
/* The blobs of contexts, hardware queues and submissions, against bytes written down by hand. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "kmd/check.h"
#include "kmd/queue.h"
#include "util/compiler.h"

static const uint8_t hsa_context[0x40] = {
	[0x00] = 0x40, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, /* 0x40, 0x100 */
};
static const uint8_t hsa_context_firmware[0x40] = {
	[0x00] = 0x40, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, [0x3A] = 0x20,
};
static const uint8_t vulkan_context[0x1A8] = {
	[0x00] = 0x40, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x00, /* 0x40, 0x100000 */
	[0x40] = 0x68, 0x01, 0x00, 0x00,			 /* 0x168 */
};
static const uint8_t vulkan_context_firmware[0x1A8] = {
	[0x00] = 0x40, 0x00, 0x00, 0x00, 0x00,		0x00, 0x10, 0x00,
	[0x38] = 0x00, 0x00, 0x20, 0x00, [0x40] = 0x68, 0x01, 0x00, 0x00,
};

static void a_context_in_each_form(void **state)
{
	static const struct {
		struct kmd_context_request request;
		const uint8_t *bytes;
		uint32_t size;
	} cases[] = {
		{{false, KMD_CONTEXT_HSA}, hsa_context, 0x40},
		{{true, KMD_CONTEXT_HSA}, hsa_context_firmware, 0x40},
		{{false, KMD_CONTEXT_VULKAN}, vulkan_context, 0x1A8},
		{{true, KMD_CONTEXT_VULKAN}, vulkan_context_firmware, 0x1A8},
	};
	struct kmd_context_blob blob;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(&blob, 0x55, sizeof(blob));
		assert_int_equal(kmd_context_encode(&cases[i].request, &blob), 0);
		assert_int_equal(blob.size, cases[i].size);
		assert_memory_equal(blob.data, cases[i].bytes, cases[i].size);
		for (uint32_t at = blob.size; at < sizeof(blob.data); at++)
			assert_int_equal(blob.data[at], 0);
	}
}

static void a_context_in_a_form_nobody_knows_is_refused(void **state)
{
	static const struct kmd_context_blob zeros;
	struct kmd_context_request request = {.form = KMD_CONTEXT_FORM_COUNT};
	struct kmd_context_blob blob;

	(void)state;
	memset(&blob, 0x55, sizeof(blob));
	assert_int_equal(kmd_context_encode(&request, &blob), -EINVAL);
	assert_memory_equal(&blob, &zeros, sizeof(blob));
	request.form = (enum kmd_context_form) - 1;
	assert_int_equal(kmd_context_encode(&request, &blob), -EINVAL);
	assert_memory_equal(&blob, &zeros, sizeof(blob));
}

static void a_hardware_queue_of_each_kind(void **state)
{
	/* 0x1000 normal, 0x2000 high, 0x20000 managed by the firmware */
	static const struct {
		struct kmd_hwqueue_request request;
		uint8_t flags[4];
	} cases[] = {
		{{false, false}, {0x00, 0x10, 0x00, 0x00}},
		{{true, false}, {0x00, 0x10, 0x02, 0x00}},
		{{false, true}, {0x00, 0x20, 0x00, 0x00}},
		{{true, true}, {0x00, 0x20, 0x02, 0x00}},
	};
	uint8_t expected[0x40] = {0x40};
	struct kmd_hwqueue_blob blob;
	uint32_t id = 5;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(&blob, 0x55, sizeof(blob));
		memcpy(expected + 0x10, cases[i].flags, 4);
		assert_int_equal(kmd_hwqueue_encode(&cases[i].request, &blob), 0);
		assert_int_equal(blob.size, 0x40);
		assert_memory_equal(blob.data, expected, sizeof(expected));
		assert_int_equal(kmd_hwqueue_decode(&blob, &id), 0);
		assert_int_equal(id, 0);
	}
}

static void the_queue_s_number_is_read_and_nothing_else_is_judged(void **state)
{
	struct kmd_hwqueue_request request = {.firmware_managed_state = true};
	struct kmd_hwqueue_blob blob;
	uint32_t id;

	(void)state;
	assert_int_equal(kmd_hwqueue_encode(&request, &blob), 0);
	blob.data[0x14] = 0x78;
	blob.data[0x15] = 0x56;
	blob.data[0x16] = 0x34;
	blob.data[0x17] = 0x12;
	assert_int_equal(kmd_hwqueue_decode(&blob, &id), 0);
	assert_int_equal(id, 0x12345678);
	memset(blob.data, 0xff, 0x40);
	assert_int_equal(kmd_hwqueue_decode(&blob, &id), 0);
	assert_int_equal(id, UINT32_MAX);
	memset(blob.data, 0, 0x40);
	assert_int_equal(kmd_hwqueue_decode(&blob, &id), 0);
	assert_int_equal(id, 0);
}

static void a_garbled_answer_to_a_queue_is_refused(void **state)
{
	static const uint32_t sizes[] = {0, 0x13, 0x14, 0x3f, 0x41, 0x80, UINT32_MAX};
	struct kmd_hwqueue_request request = {0};
	struct kmd_hwqueue_blob blob;
	uint32_t id;

	(void)state;
	assert_int_equal(kmd_hwqueue_encode(&request, &blob), 0);
	blob.data[0x14] = 9;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		blob.size = sizes[i];
		id = 5;
		assert_int_equal(kmd_hwqueue_decode(&blob, &id), -EINVAL);
		assert_int_equal(id, 0);
	}
	blob.size = 0x40;
	assert_int_equal(kmd_hwqueue_decode(&blob, &id), 0);
	assert_int_equal(id, 9);
}

static void a_submission_byte_by_byte(void **state)
{
	static const uint8_t expected[0x48] = {
		[0x00] = 0x06, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, /* format 6, one entry */
		[0x08] = 0x00, 0x00, 0x00, 0x00, 0x40, 0x00, 0x00, 0x00, /* an IB, 0x40 bytes of entry */
		[0x10] = 0x18, 0x02, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, /* 0x10218 bytes of commands */
		[0x20] = 0x04, 0xde, 0xbc, 0x9a, 0x34, 0x12, 0x00, 0x00, /* at 0x12349abcde04 */
		[0x28] = 0xc0, 0x01, 0x08, 0x40,			 /* the ring's allocation */
	};
	struct kmd_submit_request request = {
		.commands = 0x12349abcde04, .length = 0x10218, .user_queue = 0x400801c0};
	uint8_t none[0x48];
	struct kmd_submit_blob blob;

	(void)state;
	memset(&blob, 0x55, sizeof(blob));
	assert_int_equal(kmd_submit_encode(&request, &blob), 0);
	assert_int_equal(blob.size, 0x48);
	assert_memory_equal(blob.data, expected, sizeof(expected));

	memcpy(none, expected, sizeof(none));
	memset(none + 0x28, 0, 4);
	request.user_queue = 0;
	assert_int_equal(kmd_submit_encode(&request, &blob), 0);
	assert_memory_equal(blob.data, none, sizeof(none));
}

static void commands_that_no_engine_could_fetch_are_refused(void **state)
{
	static const struct {
		uint64_t commands;
		uint32_t length;
		int error;
	} cases[] = {
		{0, 8, -EINVAL},
		{0x1000, 0, -EINVAL},
		{0x1001, 8, -EINVAL},
		{0x1002, 8, -EINVAL},
		{0x1003, 8, -EINVAL},
		{0x1004, 8, 0},
		{0x1000, 6, -EINVAL},
		{0x1000, 0xffffffff, -EINVAL},
		{0x1000, 0xfffffffc, 0},
		{0x1000000000000, 8, -EINVAL},
		{0xfffffffffffffffc, 8, -EINVAL},
		{0xfffffffffffc, 8, -EINVAL},
		{0xfffffffffff8, 8, 0},
	};
	static const struct kmd_submit_blob zeros;
	struct kmd_submit_blob blob;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kmd_submit_request request = {cases[i].commands, cases[i].length, 0};

		memset(&blob, 0x55, sizeof(blob));
		assert_int_equal(kmd_submit_encode(&request, &blob), cases[i].error);
		if (cases[i].error)
			assert_memory_equal(&blob, &zeros, sizeof(blob));
	}
}

static void a_refusal_breaks_the_self_check_it_speaks_of(void **state)
{
	static const struct {
		int error;
		bool has_forms;
		uint32_t rule;
	} cases[] = {
		{-EPROTO, true, 12},	{-EPROTO, false, 12}, {-EINVAL, true, 15},  {-EIO, true, 15},
		{-EOVERFLOW, true, 15}, {-EPERM, true, 15},   {-EINVAL, false, 10}, {-ENODEV, true, 10},
		{-ENOMEM, true, 10},	{-EAGAIN, true, 10},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(kmd_rule_of_refusal(cases[i].error, cases[i].has_forms), cases[i].rule);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_context_in_each_form),
		cmocka_unit_test(a_context_in_a_form_nobody_knows_is_refused),
		cmocka_unit_test(a_hardware_queue_of_each_kind),
		cmocka_unit_test(the_queue_s_number_is_read_and_nothing_else_is_judged),
		cmocka_unit_test(a_garbled_answer_to_a_queue_is_refused),
		cmocka_unit_test(a_submission_byte_by_byte),
		cmocka_unit_test(commands_that_no_engine_could_fetch_are_refused),
		cmocka_unit_test(a_refusal_breaks_the_self_check_it_speaks_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
