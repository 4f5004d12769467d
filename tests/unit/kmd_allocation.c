// SPDX-License-Identifier: MIT
/* The allocation blobs, byte by byte. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "kmd/adapter.h"
#include "kmd/allocation.h"
#include "util/compiler.h"

#define BLOB 0x218U

struct word {
	uint32_t offset;
	uint32_t value;
};

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* The blob holds these words, and zeros everywhere else. */
static void assert_words(const uint8_t *blob, uint32_t size, const struct word *words, size_t count)
{
	for (uint32_t at = 0; at < size; at += 4) {
		uint32_t expected = 0;

		for (size_t i = 0; i < count; i++)
			if (words[i].offset == at)
				expected = words[i].value;
		if (get32(blob + at) != expected)
			fail_msg("at 0x%x: 0x%x, expected 0x%x", at, get32(blob + at), expected);
	}
}

static void system_memory_in_the_plain_form(void **state)
{
	static const struct word resource[] = {{0x08, 0x80}, {0x3C, BLOB}};
	static const struct word allocation[] = {
		{0x00, 0x1D8},	    {0x3C, 1},	      {0x40, 0x1D8},  {0x44, 1}, {0x48, 0x80},
		{0x50, 0x04000008}, {0x54, 0x123000}, {0x58, 0x1000}, {0x5C, 1}, {0x60, 4},
		{0xA8, 0x123000},   {0xF0, 0xC4},     {0x104, 0x114},
	};
	static const enum kmd_domain domains[] = {KMD_DOMAIN_SYSTEM, KMD_DOMAIN_USER};
	struct kmd_allocation_blobs blobs;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(domains); i++) {
		struct kmd_allocation_request request = {
			.domain = domains[i], .size = 0x123000, .va = 0x7f0000000000, .gfx_major = 11};

		memset(&blobs, 0x55, sizeof(blobs));
		assert_int_equal(kmd_allocation_encode(&request, &blobs), 0);
		assert_int_equal(blobs.resource_size, 0x40);
		assert_int_equal(blobs.allocation_size, BLOB);
		assert_words(blobs.resource, 0x40, resource, ARRAY_SIZE(resource));
		assert_words(blobs.allocation, BLOB, allocation, ARRAY_SIZE(allocation));
	}
}

static void uncached_memory_is_marked_up_to_gfx11(void **state)
{
	struct kmd_allocation_request request = {
		.domain = KMD_DOMAIN_SYSTEM, .size = 0x1000, .uncached = true};
	static const struct {
		uint32_t gfx_major, type;
	} cases[] = {{10, 4}, {11, 4}, {12, 0}};
	struct kmd_allocation_blobs blobs;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		request.gfx_major = cases[i].gfx_major;
		assert_int_equal(kmd_allocation_encode(&request, &blobs), 0);
		assert_int_equal(get32(blobs.allocation + 0x1D0), cases[i].type);
	}
}

static void local_memory_prefers_what_the_cpu_cannot_see(void **state)
{
	static const struct {
		bool integrated, invisible, visible;
		uint32_t flags, count, order;
	} cases[] = {
		{false, true, false, 0x00000003, 2, 0x0102}, {false, false, false, 0x00000001, 1, 0x01},
		{true, false, false, 0x00000009, 2, 0x0401}, {false, true, true, 0x20000001, 1, 0x01},
		{false, false, true, 0x20000001, 1, 0x01},   {true, false, true, 0x20000009, 2, 0x0401},
	};
	struct kmd_allocation_blobs blobs;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kmd_allocation_request request = {
			.domain = KMD_DOMAIN_LOCAL,
			.size = 0x140000000,
			.gfx_major = 11,
			.integrated = cases[i].integrated,
			.has_invisible = cases[i].invisible,
			.cpu_visible = cases[i].visible,
		};

		assert_int_equal(kmd_allocation_encode(&request, &blobs), 0);
		assert_int_equal(get32(blobs.allocation + 0x50), cases[i].flags);
		assert_int_equal(get32(blobs.allocation + 0x5C), cases[i].count);
		assert_int_equal(get32(blobs.allocation + 0x60), cases[i].order);
		assert_int_equal(get32(blobs.allocation + 0x54), 0x40000000);
		assert_int_equal(get32(blobs.allocation + 0xA8), 0x40000000);
		assert_int_equal(get32(blobs.allocation + 0xAC), 1);
	}
}

static void user_queue_memory_names_engine_and_address(void **state)
{
	static const struct word allocation[] = {
		{0x00, 0x1D8},	    {0x3C, 1},	     {0x40, 0x1D8},  {0x44, 1},	   {0x48, 0x80},
		{0x50, 0x8},	    {0x54, 0x10000}, {0x58, 0x1000}, {0x5C, 1},	   {0x60, 4},
		{0xA4, 0x00810000}, {0xA8, 0x10000}, {0xB0, 0x1000}, {0xB4, 0x7f}, {0xF0, 0xC4},
		{0xF4, 5},	    {0x104, 0x114},
	};
	struct kmd_allocation_request request = {
		.domain = KMD_DOMAIN_USER_QUEUE,
		.size = 0x10000,
		.va = 0x7f00001000,
		.gfx_major = 10,
		.scheduler_id = KMD_ENGINE_COMPUTE0,
	};
	struct kmd_allocation_blobs blobs;

	(void)state;
	assert_int_equal(kmd_allocation_encode(&request, &blobs), 0);
	assert_words(blobs.allocation, BLOB, allocation, ARRAY_SIZE(allocation));
}

static void checksums_are_those_of_the_known_headers(void **state)
{
	struct kmd_allocation_request request = {
		.domain = KMD_DOMAIN_SYSTEM, .size = 0x1000, .form = KMD_FORM_CHECKSUM};
	struct kmd_allocation_blobs blobs;

	(void)state;
	assert_int_equal(kmd_allocation_encode(&request, &blobs), 0);
	assert_int_equal(get32(blobs.resource + 0x0C), 0x300);
	assert_int_equal(get32(blobs.allocation + 0x14), 0x24F);
	assert_int_equal(get32(blobs.allocation + 0xFC), 0);
}

static void version_9_has_addresses_and_checksums(void **state)
{
	struct kmd_allocation_request request = {
		.domain = KMD_DOMAIN_LOCAL, .size = 0x30000, .va = 0x1234560000, .form = KMD_FORM_VERSION_9};
	static const uint32_t vas[] = {0xB0, 0x10C}, sizes[] = {0xB8, 0x114};
	struct kmd_allocation_blobs blobs;

	(void)state;
	assert_int_equal(kmd_allocation_encode(&request, &blobs), 0);
	assert_int_equal(get32(blobs.resource + 0x0C), 0x300);
	assert_int_equal(get32(blobs.allocation + 0x14), 0x24F);
	assert_int_equal(get32(blobs.allocation + 0xFC), 9);
	for (size_t i = 0; i < ARRAY_SIZE(vas); i++) {
		assert_int_equal(get32(blobs.allocation + vas[i]), 0x34560000);
		assert_int_equal(get32(blobs.allocation + vas[i] + 4), 0x12);
		assert_int_equal(get32(blobs.allocation + sizes[i]), 0x30000);
	}
}

static void contradictory_requests_are_refused(void **state)
{
	static const struct kmd_allocation_request requests[] = {
		{.domain = KMD_DOMAIN_SYSTEM, .size = 0},
		{.domain = KMD_DOMAIN_SYSTEM, .size = 100},
		{.domain = KMD_DOMAIN_SYSTEM, .size = KMD_ALLOCATION_MAX_SIZE + 4096},
		{.domain = KMD_DOMAIN_SYSTEM, .size = 4096, .va = 1},
		{.domain = KMD_DOMAIN_SYSTEM, .size = 4096, .cpu_visible = true},
		{.domain = KMD_DOMAIN_SYSTEM, .size = 4096, .form = KMD_FORM_COUNT},
		{.domain = (enum kmd_domain)4, .size = 4096},
		{.domain = KMD_DOMAIN_USER_QUEUE, .size = 4096, .scheduler_id = KMD_ENGINE_COMPUTE0},
		{.domain = KMD_DOMAIN_USER_QUEUE,
		 .size = 4096,
		 .va = 4096,
		 .scheduler_id = KMD_ENGINE_GRAPHICS},
	};
	static const struct kmd_allocation_blobs nothing;
	struct kmd_allocation_blobs blobs;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		memset(&blobs, 0x55, sizeof(blobs));
		assert_int_equal(kmd_allocation_encode(&requests[i], &blobs), -EINVAL);
		assert_memory_equal(&blobs, &nothing, sizeof(blobs));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(system_memory_in_the_plain_form),
		cmocka_unit_test(uncached_memory_is_marked_up_to_gfx11),
		cmocka_unit_test(local_memory_prefers_what_the_cpu_cannot_see),
		cmocka_unit_test(user_queue_memory_names_engine_and_address),
		cmocka_unit_test(checksums_are_those_of_the_known_headers),
		cmocka_unit_test(version_9_has_addresses_and_checksums),
		cmocka_unit_test(contradictory_requests_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
