// SPDX-License-Identifier: MIT
/*
 * The self-checks of docs/private-data.md that look at the answers to queries, each with a host that breaks it and nothing else: what the check says
 * happens to that adapter, it is told once and with the check's number, and the adapter beside it works.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kmd/info.h"
#include "self_check.h"
#include "util/compiler.h"
#include "util/log.h"

static void rule_1_answered(void **state)
{
	static const struct broken refused[] = {
		{"the large query is refused",
		 {.sections = "[raw 0 0x4360]\nstatus = 0xC000000D\n"},
		 "answered: the 0x4360 query failed: "},
		{"the small query is refused",
		 {.sections = "[raw 0 0xbc0]\nstatus = 0xC00000BB\n"},
		 "answered: the 0xBC0 query failed: "},
		{"the segment sizes are refused",
		 {.sections = "[raw 3 24]\nstatus = 0xC000000D\n"},
		 "answered: the segment size query failed: "},
		{"success and zeros, large",
		 {.sections = "[raw 0 0x4360]\nfill = 0\n"},
		 "answered: the 0x4360 query left the buffer as it was"},
		{"success and zeros, small",
		 {.sections = "[raw 0 0xbc0]\nfill = 0\n"},
		 "answered: the 0xBC0 query left the buffer as it was"},
		{"success and zeros, segments",
		 {.sections = "[raw 3 24]\nfill = 0\n"},
		 "answered: the segment size query left the buffer as it was"},
		{"nothing is written",
		 {.modifiers = "private=unanswered"},
		 "answered: the 0x4360 query left"},
		{"refused by a host without a status",
		 {.sections = "[raw 0 0x4360]\nstatus = 0xC000000D\n", .both = "host=27"},
		 "answered: the 0x4360 query left"},
		{"the small query is refused by a host without a status",
		 {.sections = "[raw 0 0xbc0]\nstatus = 0xC000000D\n", .both = "host=27"},
		 "answered: the 0xBC0 query left"},
	};

	(void)state;
	HIDES(KMD_RULE_ANSWERED, refused);
}

static void rule_2_proxy(void **state)
{
	static const struct {
		const char *what;
		uint32_t offset;
		const char *bytes, *allowed;
	} fields[] = {
		{"a major version of 2", 0x000, "00000200", "03000100"},
		{"a major version of 0", 0x000, "02000000", NULL},
		{"no GPU", 0x008, "00000000", "04000000"},
		{"five GPUs", 0x008, "05000000", NULL},
		{"another vendor", 0x00c, "de10", NULL},
		{"another device", 0x014, "4d74", NULL},
		{"the driver id of a proxy", 0x02c, "02000000", NULL},
		{"another size of the block", 0x95c, "00020000", "00000000"},
	};
	static const struct {
		uint32_t size;
		const char *says;
	} answers[] = {{EX, "proxy: in the 0x4360 answer "}, {ATI, "proxy: in the 0xBC0 answer "}};
	/* discrete in one answer, integrated in the other */
	static const struct broken disagree[] = {
		{"the answers disagree on the kind",
		 {.patches = {{ATI, 0x02c, "01000000"}}},
		 "proxy: in the 0xBC0 answer version 0x10002, 1 GPUs, PCI 1002:744c, driver id 1, "},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		for (size_t f = 0; f < ARRAY_SIZE(fields); f++) {
			struct broken broken = {
				.what = fields[f].what,
				.host = {.patches = {{answers[i].size, fields[f].offset, fields[f].bytes}}},
				.says = answers[i].says,
			};

			hides(KMD_RULE_PROXY, &broken, 1);
			if (!fields[f].allowed)
				continue;
			broken.what = "what the rule allows there";
			broken.host.patches[0].bytes = fields[f].allowed;
			is_fine(&broken);
		}
	}
	HIDES(KMD_RULE_PROXY, disagree);
}

static void rule_3_device_id(void **state)
{
	static const struct broken broken[] = {
		{"the small answer has another",
		 {.patches = {{ATI, VENDOR + 0x02c, "4d740000"}}},
		 "device id: PCI says 0x744c, the 0xBC0 answer 0x744d, the 0x4360 answer 0x744c"},
		{"the large answer has another",
		 {.patches = {{EX, VENDOR + 0xa00, "4c740100"}}},
		 "device id: PCI says 0x744c, the 0xBC0 answer 0x744c, the 0x4360 answer 0x1744c"},
		{"both have another",
		 {.patches = {{ATI, VENDOR + 0x02c, "4d740000"}, {EX, VENDOR + 0xa00, "4d740000"}}},
		 "device id: PCI says 0x744c, the 0xBC0 answer 0x744d, the 0x4360 answer 0x744d"},
	};

	(void)state;
	HIDES(KMD_RULE_DEVICE_ID, broken);
}

/* The table of rx7900xtx: ids 0, 5, 6, 4, 7, 10 and 1 for seven nodes. */
static void rule_4_engines(void **state)
{
	static const struct broken broken[] = {
		{"no compute engine",
		 {.patches = {{EX, VENDOR + 0x89d, "06"}}},
		 "engine table: 0 compute engines in 7 entries, want one"},
		{"two compute engines",
		 {.patches = {{EX, VENDOR + 0x89e, "05"}}},
		 "engine table: 2 compute engines in 7 entries, want one"},
		{"an id of 16",
		 {.patches = {{EX, VENDOR + 0x89e, "10"}}},
		 "engine table: scheduler id 16 at node 2"},
		{"an engine on a node too many",
		 {.patches = {{EX, VENDOR + 0x898, "08000000"}, {EX, VENDOR + 0x8a3, "01"}}},
		 "engine table: scheduler id 1 at node 7 of 7"},
		{"too few nodes",
		 {.sections = "[state]\nnodes = 6\n"},
		 "engine table: scheduler id 1 at node 6 of 6"},
		{"more entries than there is room for",
		 {.patches = {{EX, VENDOR + 0x898, "41000000"}}},
		 "engine table: 65 entries, there is room for 64"},
	};
	static const struct broken unusual[] = {
		{"an id of 15", {.patches = {{EX, VENDOR + 0x89e, "0f"}}}, NULL},
		{"room that is not used", {.patches = {{EX, VENDOR + 0x898, "40000000"}}}, NULL},
		{"a host that does not count its nodes", {.modifiers = "statistics=off"}, NULL},
	};

	(void)state;
	HIDES(KMD_RULE_ENGINES, broken);
	for (size_t i = 0; i < ARRAY_SIZE(unusual); i++)
		is_fine(&unusual[i]);
}

static void rule_5_counter(void **state)
{
	static const struct broken broken[] = {
		{"too slow, as the calibration says too",
		 {.patches = {{EX, VENDOR + 0xa24, "3f420f00"}},
		  .sections = "[state]\ncalibration_hz = 999999\n"},
		 "counter: 999999 Hz, want 1000000 to 1000000000"},
		{"too fast, as the calibration says too",
		 {.patches = {{EX, VENDOR + 0xa24, "01ca9a3b"}},
		  .sections = "[state]\ncalibration_hz = 1000000001\n"},
		 "counter: 1000000001 Hz, want 1000000 to 1000000000"},
		{"two hundredths above the calibration",
		 {.patches = {{EX, VENDOR + 0xa24, "80651406"}}},
		 "counter: 102000000 Hz, calibration says 100000000"},
		{"two hundredths below the calibration",
		 {.patches = {{EX, VENDOR + 0xa24, "805cd705"}}},
		 "counter: 98000000 Hz, calibration says 100000000"},
	};
	static const struct broken unusual = {"nearly a hundredth above the calibration",
					      {.patches = {{EX, VENDOR + 0xa24, "40230506"}}},
					      NULL};
	static const struct broken silent = {"no calibration",
					     {.sections = "[state]\ncalibration_hz = 0\n"},
					     "counter: 100000000 Hz, and no calibration to compare it with"};

	(void)state;
	HIDES(KMD_RULE_COUNTER, broken);
	is_fine(&unusual);
	is_used_with_care(KMD_RULE_COUNTER, &silent);
}

/* 24 GiB, all of them visible. */
static void rule_6_heaps(void **state)
{
	static const struct broken broken[] = {
		{"less VRAM than the segments have",
		 {.patches = {{EX, VENDOR + 0xa30, "0000008005000000"}}},
		 "heaps: visible 0x580000000 and invisible 0x0 bytes, dedicated segments have 0x600000000"},
		{"more VRAM than the segments have",
		 {.patches = {{EX, VENDOR + 0xa38, "0000008000000000"}}},
		 "heaps: visible 0x600000000 and invisible 0x80000000 bytes"},
		{"visible VRAM beyond 2^44",
		 {.patches = {{EX, VENDOR + 0xa30, "0100000000100000"}},
		  .sections = "[raw 3 24]\n0 = 01 00 00 00 00 10 00 00\n"},
		 "heaps: visible 0x100000000001, invisible 0x0, "},
		{"invisible VRAM beyond 2^44",
		 {.patches = {{EX, VENDOR + 0xa38, "0000000000200000"}},
		  .sections = "[raw 3 24]\n0 = 00 00 00 00 06 20 00 00\n"},
		 "heaps: visible 0x600000000, invisible 0x200000000000, "},
		{"other memory beyond 2^44",
		 {.patches = {{EX, VENDOR + 0xa40, "0100000000100000"}}},
		 "heaps: visible 0x600000000, invisible 0x0, non-local 0x100000000001 bytes, want at most "},
	};
	static const struct broken unusual[] = {
		{"a little less VRAM than the segments have",
		 {.patches = {{EX, VENDOR + 0xa30, "000000c005000000"}}},
		 NULL},
		{"heaps that are not told", {.patches = {{EX, VENDOR + 0xa30, "0000000000000000"}}}, NULL},
		{"an integrated adapter that counts otherwise",
		 {.adapter = "radeon680m",
		  .device = 0x1681,
		  .patches = {{EX, VENDOR + 0xa30, "0000001000000000"}}},
		 NULL},
	};

	(void)state;
	HIDES(KMD_RULE_HEAPS, broken);
	for (size_t i = 0; i < ARRAY_SIZE(unusual); i++)
		is_fine(&unusual[i]);
}

/* Six engines of two arrays with four WGPs each, two CUs a WGP: 96 CUs. */
static void rule_7_geometry(void **state)
{
	static const struct broken broken[] = {
		{"no engines",
		 {.patches = {{EX, VENDOR + 0xc60, "00000000"}}},
		 "geometry: 0 engines of 2 arrays, 2 CUs per WGP, 96 CUs, waves of 32 lanes: not believed"},
		{"nine engines",
		 {.patches = {{EX, VENDOR + 0xc60, "09000000"}}},
		 "geometry: 9 engines of 2 "},
		{"no arrays", {.patches = {{EX, VENDOR + 0xc68, "00000000"}}}, "geometry: 6 engines of 0 "},
		{"three arrays",
		 {.patches = {{EX, VENDOR + 0xc68, "03000000"}}},
		 "geometry: 6 engines of 3 "},
		{"no CUs in a WGP",
		 {.patches = {{EX, VENDOR + 0xce4, "00000000"}}},
		 "geometry: 6 engines of 2 arrays, 0 CUs per WGP, "},
		{"three CUs in a WGP",
		 {.patches = {{EX, VENDOR + 0xce4, "03000000"},
			      {EX, VENDOR + 0xd04, "030003000300030003000300030003000300030003000f00"}}},
		 "geometry: 6 engines of 2 arrays, 3 CUs per WGP, 78 CUs, "},
		{"waves of 16", {.patches = {{EX, VENDOR + 0xc5c, "10000000"}}}, "geometry: 6 engines of 2 "},
		{"WGPs outside of the engines",
		 {.patches = {{EX, VENDOR + 0xc60, "05000000"}}},
		 "geometry: 5 engines of 2 arrays, 2 CUs per WGP, 96 CUs, "},
		{"WGPs outside of the arrays",
		 {.patches = {{EX, VENDOR + 0xc68, "01000000"}}},
		 "geometry: 6 engines of 1 arrays, 2 CUs per WGP, 96 CUs, "},
		{"an odd number of CUs",
		 {.patches = {{EX, VENDOR + 0xce4, "01000000"}, {EX, VENDOR + 0xd04, "0700"}}},
		 "geometry: 6 engines of 2 arrays, 1 CUs per WGP, 47 CUs, "},
		{"more than 128 CUs",
		 {.patches = {{EX, VENDOR + 0xd04, "3f003f003f003f003f003f003f003f003f003f003f003f00"}}},
		 "geometry: 6 engines of 2 arrays, 2 CUs per WGP, 144 CUs, "},
		{"no CUs",
		 {.patches = {{EX, VENDOR + 0xd04, "000000000000000000000000000000000000000000000000"}}},
		 "geometry: 6 engines of 2 arrays, 2 CUs per WGP, 0 CUs, "},
	};
	static const struct broken unusual[] = {
		{"waves of 64", {.patches = {{EX, VENDOR + 0xc5c, "40000000"}}}, NULL},
		{"fewer CUs than the table has", {.patches = {{EX, VENDOR + 0xd04, "07000700"}}}, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		const struct seen_adapter *adapter = is_used_with_care(KMD_RULE_GEOMETRY, &broken[i]);

		assert_true(adapter->info.degraded_geometry);
		assert_false(kmd_adapter_has(&adapter->info, KMD_FIELD_GEOMETRY));
		assert_int_equal(adapter->info.compute_units, 0);
		assert_int_equal(adapter->compute_units, 96);
	}
	for (size_t i = 0; i < ARRAY_SIZE(unusual); i++) {
		is_fine(&unusual[i]);
		assert_false(sighting.broken.info.degraded_geometry);
	}
	assert_int_equal(sighting.broken.compute_units, 92);
}

/* Node 1 is the compute engine, 6 the last. */
static void rule_8_masks(void **state)
{
	static const struct broken hardware = {
		"hardware queues on a node too many",
		{.modifiers = "hws", .patches = {{EX, VENDOR + 0x35c4, "8200000000000000"}}},
		"masks: hardware queues on nodes 0x82 of 7: ignored"};
	static const struct broken timeout = {"no timeout on a node too many",
					      {.patches = {{EX, VENDOR + 0x35d8, "8600000000000000"}}},
					      "masks: no timeout on nodes 0x86 of 7: ignored"};
	static const struct broken unusual = {
		"hardware queues on every node",
		{.modifiers = "hws", .patches = {{EX, VENDOR + 0x35c4, "7f00000000000000"}}},
		NULL};
	const struct seen_adapter *adapter;

	(void)state;
	adapter = is_used_with_care(KMD_RULE_MASKS, &hardware);
	assert_int_equal(adapter->info.hws_mask, 0);
	assert_int_equal(adapter->rung[0], GSP_RUNG_SOFTWARE);
	adapter = is_used_with_care(KMD_RULE_MASKS, &timeout);
	assert_int_equal(adapter->info.no_timeout_mask, 0);
	is_fine(&unusual);
	assert_int_equal(sighting.broken.rung[0], GSP_RUNG_HARDWARE);
}

static void rule_9_addresses(void **state)
{
	static const struct broken broken[] = {
		{"an end before the begin",
		 {.patches = {{EX, VENDOR + 0x2a08, "00000100000000000000010000000000"}}},
		 "addresses: from 0x10000 to 0x10000: ignored"},
		{"an end beyond 2^48",
		 {.patches = {{EX, VENDOR + 0x2a10, "0100000000000100"}}},
		 "addresses: from 0x10000 to 0x1000000000001: ignored"},
	};
	static const struct broken unusual[] = {
		{"an end of 2^48", {.patches = {{EX, VENDOR + 0x2a10, "0000000000000100"}}}, NULL},
		{"no range told",
		 {.patches = {{EX, VENDOR + 0x2a08, "00000000000000000000000000000000"}}},
		 NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		const struct seen_adapter *adapter = is_used_with_care(KMD_RULE_ADDRESSES, &broken[i]);

		assert_int_equal(adapter->info.va_base, 0);
		assert_int_equal(adapter->info.va_limit, 0);
		assert_false(kmd_adapter_has(&adapter->info, KMD_FIELD_VA_RANGE));
	}
	for (size_t i = 0; i < ARRAY_SIZE(unusual); i++)
		is_fine(&unusual[i]);
}

static void rule_13_driver_age(void **state)
{
	static const struct broken old = {"a driver of before all that are known",
					  {.sections = "[raw 49 8]\n0 = 07 00 03 00 02 00 01 00\n"},
					  NULL};
	static const struct broken quiet = {
		"the same, with nobody to be told",
		{.sections = "[raw 49 8]\n0 = 07 00 03 00 02 00 01 00\n", .log_level = LOG_WARN},
		NULL};
	static const struct broken hidden[] = {{"a hidden adapter",
						{.sections = "[raw 0 0xbc0]\nfill = 0\n"},
						"answered: the 0xBC0 query left"}};

	(void)state;
	is_fine(&old);
	assert_int_equal(
		count_of(sighting.said, "adapter 1002:744c: noted, self-check 13, driver age: 1.2.3.7, "), 1);
	assert_int_equal(count_of(sighting.said, "adapter 1002:73bf: noted, self-check 13, driver age: "), 1);
	assert_int_equal(count_of(sighting.said, "self-check 13"), 2);
	is_fine(&quiet);
	assert_string_equal(sighting.said, "");
	HIDES(KMD_RULE_ANSWERED, hidden);
}

#define UNKNOWN .adapter = "rx6800", .device = 0x7abc, .modifiers = "device-id=0x7abc"
#define VOUCHED UNKNOWN, .override = "10.3.0"

static void rule_14_unknown_device(void **state)
{
	static const struct broken refused[] = {
		{"an id that no table has",
		 {UNKNOWN},
		 "unknown device: device id 0x7ABC revision 0xC3 is not in the device table; to allow it, "},
		{"no geometry",
		 {VOUCHED, .patches = {{EX, VENDOR + 0xc60, "09000000"}}},
		 "unknown device: id 0x7abc is in no device table and its geometry is not plausible"},
		{"no calibration",
		 {VOUCHED, .sections = "[state]\ncalibration_hz = 0\n"},
		 "unknown device: id 0x7abc is in no device table and the host gave no clock calibration"},
	};
	static const struct broken engines[] = {{"no compute engine",
						 {VOUCHED, .patches = {{EX, VENDOR + 0x89e, "06"}}},
						 "engine table: 0 compute engines in 7 entries, want one"}};
	static const struct broken counter[] = {{"a wrong counter",
						 {VOUCHED, .patches = {{EX, VENDOR + 0xa24, "80651406"}}},
						 "counter: 102000000 Hz, calibration says 100000000"}};
	static const struct broken heaps[] = {
		{"wrong heaps",
		 {VOUCHED, .patches = {{EX, VENDOR + 0xa30, "0000008003000000"}}},
		 "heaps: visible 0x380000000 and invisible 0x0 bytes, "}};
	static const struct broken foreign = {
		"an adapter of another maker", {.adapter = "foreign", .device = 0x2684}, NULL};
	static const struct broken vouched = {"an id for which the user vouches", {VOUCHED}, NULL};
	static const struct broken masks = {"what need not be right for that",
					    {VOUCHED, .patches = {{EX, VENDOR + 0x35d8, "8600000000000000"}}},
					    "masks: no timeout on nodes 0x86 of 7: ignored"};
	uint64_t queries;

	(void)state;
	HIDES(KMD_RULE_UNKNOWN_DEVICE, refused);
	/* a driver that nobody knows is sent as little as another maker's: the query of the ids */
	look(&foreign);
	queries = sighting.queries;
	look(&refused[0]);
	assert_int_equal(sighting.queries, queries);
	is_fine(&vouched);
	assert_int_equal(sighting.broken.compute_units, 60);
	HIDES(KMD_RULE_ENGINES, engines);
	HIDES(KMD_RULE_COUNTER, counter);
	HIDES(KMD_RULE_HEAPS, heaps);
	is_used_with_care(KMD_RULE_MASKS, &masks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rule_1_answered),	  cmocka_unit_test(rule_2_proxy),
		cmocka_unit_test(rule_3_device_id),	  cmocka_unit_test(rule_4_engines),
		cmocka_unit_test(rule_5_counter),	  cmocka_unit_test(rule_6_heaps),
		cmocka_unit_test(rule_7_geometry),	  cmocka_unit_test(rule_8_masks),
		cmocka_unit_test(rule_9_addresses),	  cmocka_unit_test(rule_13_driver_age),
		cmocka_unit_test(rule_14_unknown_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
