// SPDX-License-Identifier: MIT
/* AMD's private data in the simulated kernel driver: values at their offsets, wrong requests refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "dxgsim/host/amd_adapter.h"
#include "dxgsim/host/amd_allocation.h"
#include "dxgsim/host/fixture.h"

static uint8_t blob[AMD_QUERY_EX];

static struct fixture *load(const char *spec)
{
	struct fixture_error error;
	struct fixture *fixture = NULL;

	if (fixture_load(spec, ADAPTERS, &fixture, &error))
		fail_msg("%s", error.text);
	return fixture;
}

static uint32_t at32(uint32_t offset)
{
	uint32_t value;

	memcpy(&value, blob + offset, sizeof(value));
	return value;
}

static uint64_t at64(uint32_t offset)
{
	uint64_t value;

	memcpy(&value, blob + offset, sizeof(value));
	return value;
}

static void values_are_at_their_offsets(void **state)
{
	struct fixture *fixture = load("rx7900xtx,hws,rebar=off");

	(void)state;
	assert_int_equal(amd_adapter_query(fixture, blob, AMD_QUERY_EX), 0);
	assert_int_equal(at32(0x000), 0x00010002);
	assert_int_equal(at32(0x008), 1);
	assert_int_equal(at32(0x00c) & 0xffff, 0x1002);
	assert_int_equal(at32(0x014) & 0xffff, 0x744c);
	assert_int_equal(at32(0x02c), 0);
	assert_int_equal(at32(0x95c), 0x3a00);
	assert_int_equal(at32(0x960 + 0x898), 7);
	assert_int_equal(blob[0x960 + 0x89c + 1], 5);
	assert_int_equal(at32(0x960 + 0xa00), 0x744c);
	assert_int_equal(at32(0x960 + 0xa24), 100000000);
	assert_int_equal(at64(0x960 + 0xa30), 256u << 20);
	assert_int_equal(at64(0x960 + 0xa38), (24ull << 30) - (256u << 20));
	assert_int_equal(at32(0x960 + 0xc60), 6);
	assert_int_equal(at32(0x960 + 0xc68), 2);
	assert_int_equal(at32(0x960 + 0xce4), 2);
	assert_int_equal(at32(0x960 + 0xd04), 0x000f000f);
	assert_int_equal(at32(0x960 + 0xd70), 6u << 20);
	assert_int_equal(at32(0x960 + 0xd84), 96);
	assert_int_equal(blob[0x960 + 0x208] & 0x20, 0x20);
	assert_int_equal(blob[0x960 + 0xc46] & 0x20, 0x20);
	assert_int_equal(blob[0x960 + 0x2e03] & 1, 1);
	assert_int_equal(at64(0x960 + 0x35c4), 0x1b);
	assert_int_equal(at64(0x960 + 0x35d8), 0x6);
	assert_int_equal(at64(0x960 + 0x2a10), 1ull << 47);
	assert_int_equal(amd_adapter_query(fixture, blob, AMD_QUERY_ATI), 0);
	assert_int_equal(at32(0x95c), 0x260);
	assert_int_equal(at32(0x960 + 0x2c), 0x744c);
	assert_int_equal(at32(0x960 + 0x54), 6);
	assert_int_equal(at32(0x960 + 0x58), 384);
	assert_int_equal(amd_adapter_query(fixture, blob, AMD_QUERY_PROXY), 0);
	assert_int_equal(at32(0x95c), 0);
	assert_int_equal(amd_adapter_query(fixture, blob, 0x961), -EINVAL);
	fixture_free(fixture);
}

static void malformed_variants_differ(void **state)
{
	struct fixture *fixture;

	(void)state;
	fixture = load("rx6800,private=future");
	amd_adapter_query(fixture, blob, AMD_QUERY_EX);
	assert_int_equal(at32(0), 0x00020000);
	fixture_free(fixture);
	fixture = load("rx6800,private=flip:0x14.0");
	amd_adapter_query(fixture, blob, AMD_QUERY_EX);
	assert_int_equal(at32(0x14) & 0xffff, 0x73be);
	fixture_free(fixture);
	fixture = load("rx6800,private=truncated");
	memset(blob, 0xcc, sizeof(blob));
	amd_adapter_query(fixture, blob, AMD_QUERY_EX);
	assert_int_equal(blob[AMD_QUERY_EX - 1], 0xcc);
	assert_int_equal(at32(0), 0x00010002);
	fixture_free(fixture);
	fixture = load("rx6800,private=zeroed");
	amd_adapter_query(fixture, blob, AMD_QUERY_EX);
	assert_int_equal(at32(0), 0);
	fixture_free(fixture);
}

static uint8_t resource[AMD_RESOURCE_SIZE], data[AMD_ALLOCATION_SIZE];

static void put(uint8_t *to, uint32_t offset, uint32_t value)
{
	memcpy(to + offset, &value, sizeof(value));
}

static void good_request(void)
{
	memset(resource, 0, sizeof(resource));
	memset(data, 0, sizeof(data));
	put(resource, 0x08, 0x80);
	put(resource, 0x3c, AMD_ALLOCATION_SIZE);
	put(data, 0x00, 0x1d8);
	put(data, 0x3c, 1);
	put(data, 0x40, 0x1d8);
	put(data, 0x44, 1);
	put(data, 0x48, 0x80);
	put(data, 0x50, 0x04000008);
	put(data, 0x54, 0x20000);
	put(data, 0x58, 0x1000);
	put(data, 0x5c, 1);
	data[0x60] = 4;
	put(data, 0xa8, 0x20000);
	put(data, 0xf0, 0xc4);
	put(data, 0x104, 0x114);
}

static int decode(const struct fixture *fixture, bool existing, struct amd_allocation *out)
{
	char why[160] = "";

	return amd_allocation_decode(fixture, resource, sizeof(resource), data, sizeof(data), existing, out,
				     why, sizeof(why));
}

static void allocation_requests_are_checked(void **state)
{
	static const struct {
		uint32_t offset, value;
	} wrong[] = {
		{0x00, 0x1d4},	{0x10, 1},   {0x3c, 2},		{0x40, 0x1d4},	   {0x44, 2},
		{0x48, 0x84},	{0x50, 0x8}, {0x50, 0x4000001}, {0x50, 0x4000048}, {0x54, 0x30000},
		{0x58, 0x1001}, {0x58, 0},   {0x5c, 2},		{0x60, 0},	   {0x60, 1},
		{0x60, 0x404},	{0x60, 9},   {0xa8, 0x20001},	{0xa8, 0},	   {0xf0, 0xc8},
		{0xf4, 5},	{0xfc, 3},   {0x104, 0x118},	{0x14, 0x1234},	   {0x1d0, 7},
		{0xa4, 1},
	};
	struct fixture *fixture = load("rx6800");
	struct amd_allocation got;

	(void)state;
	good_request();
	assert_int_equal(decode(fixture, true, &got), 0);
	assert_int_equal(got.size, 0x20000);
	assert_int_equal(decode(fixture, false, &got), -EINVAL);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		good_request();
		put(data, wrong[i].offset, wrong[i].value);
		if (decode(fixture, true, &got) != -EINVAL)
			fail_msg("0x%x at 0x%x was accepted", wrong[i].value, wrong[i].offset);
	}
	good_request();
	put(resource, 0x3c, 0x338);
	assert_int_equal(decode(fixture, true, &got), -EINVAL);
	good_request();
	put(data, 0x1d0, 4);
	assert_int_equal(decode(fixture, true, &got), 0);
	assert_true(got.l2_uncached);
	fixture_free(fixture);
}

/* Ring memory of software queues: in the cacheable GART heap, with its address and engine. */
static void good_user_queue(void)
{
	good_request();
	put(data, 0x50, 0x8);
	put(data, 0xa4, 0x810000);
	put(data, 0xb0, 0x20000000);
	put(data, 0xf4, 5);
}

static void user_queues_are_checked(void **state)
{
	static const struct {
		uint32_t offset, value;
	} wrong[] = {
		{0x50, 0x9}, {0x50, 0x4000008},	 {0xa4, 0x010000}, {0xa4, 0x800000}, {0xa4, 0},
		{0xb0, 0},   {0xb0, 0x20000800}, {0xf4, 0},	   {0xf4, 6},	     {0xf4, 0},
	};
	struct fixture *fixture = load("rx6800");
	struct amd_allocation got;

	(void)state;
	for (uint32_t id = 0; id < 16; id++) {
		good_user_queue();
		put(data, 0xf4, id);
		assert_int_equal(decode(fixture, false, &got), id == 4 || id == 5 || id == 7 ? 0 : -EINVAL);
	}
	good_user_queue();
	assert_int_equal(decode(fixture, false, &got), 0);
	assert_true(got.user_queue);
	assert_int_equal(got.scheduler_id, 5);
	assert_int_equal(got.address, 0x20000000);
	assert_int_equal(decode(fixture, true, &got), -EINVAL);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		good_user_queue();
		put(data, wrong[i].offset, wrong[i].value);
		if (decode(fixture, false, &got) != -EINVAL)
			fail_msg("0x%x at 0x%x was accepted", wrong[i].value, wrong[i].offset);
	}
	fixture_free(fixture);
}

static void variant_hosts_want_more(void **state)
{
	struct fixture *fixture = load("rx6800,checksum,allocation-version=9");
	struct amd_allocation got;

	(void)state;
	good_request();
	assert_int_equal(amd_checksum(resource, 0x0c), 0x300);
	assert_int_equal(amd_checksum(data, 0x14), 0x24f);
	assert_int_equal(decode(fixture, true, &got), -EINVAL);
	put(resource, 0x0c, 0x300);
	put(data, 0x14, 0x24f);
	assert_int_equal(decode(fixture, true, &got), -EINVAL);
	put(data, 0xfc, 9);
	assert_int_equal(decode(fixture, true, &got), 0);
	fixture_free(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_at_their_offsets),
		cmocka_unit_test(malformed_variants_differ),
		cmocka_unit_test(allocation_requests_are_checked),
		cmocka_unit_test(user_queues_are_checked),
		cmocka_unit_test(variant_hosts_want_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
