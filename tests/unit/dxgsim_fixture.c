// SPDX-License-Identifier: MIT
/* Adapter files: the shipped ones load, hostile ones are refused with their line, modifiers do what they say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dxgsim/host/fixture.h"

static char *base_text;

static void read_base(void)
{
	FILE *file = fopen(ADAPTERS "/rx7900xtx.ini", "re");
	size_t size;

	assert_non_null(file);
	base_text = calloc(1, 65536);
	assert_non_null(base_text);
	size = fread(base_text, 1, 65535, file);
	assert_true(size > 100);
	fclose(file);
}

static int parse(const char *text, size_t size, struct fixture_error *error)
{
	struct fixture *fixture = NULL;
	int rc = fixture_parse("t.ini", text, size, &fixture, error);

	fixture_free(fixture);
	return rc;
}

/* The good file with @from (a whole line) replaced. */
static int parse_changed(const char *from, const char *to, struct fixture_error *error)
{
	char *at = strstr(base_text, from), *text;
	int rc;

	assert_non_null(at);
	assert_true(asprintf(&text, "%.*s%s%s", (int)(at - base_text), base_text, to, at + strlen(from)) > 0);
	rc = parse(text, strlen(text), error);
	free(text);
	return rc;
}

static void shipped_adapters_load(void **state)
{
	static const struct {
		const char *name;
		uint32_t device, cus;
		uint64_t vram_gib;
	} shipped[] = {
		{"rx6800", 0x73bf, 60, 16},   {"radeon680m", 0x1681, 12, 0}, {"rx7900xtx", 0x744c, 96, 24},
		{"rx7600mxt", 0x7480, 32, 8}, {"radeon780m", 0x1900, 12, 2}, {"w7900", 0x7448, 96, 48},
		{"rx9070xt", 0x7550, 64, 16}, {"strixhalo", 0x1586, 40, 32}, {"compute-only", 0x7551, 64, 32},
		{"foreign", 0x2684, 0, 23},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(shipped) / sizeof(shipped[0]); i++) {
		struct fixture_error error;
		struct fixture *fixture = NULL;

		if (fixture_load(shipped[i].name, ADAPTERS, &fixture, &error))
			fail_msg("%s", error.text);
		assert_int_equal(fixture->device, shipped[i].device);
		assert_int_equal(fixture_cu_count(fixture), shipped[i].cus);
		assert_int_equal(fixture->vram_bytes >> 30, shipped[i].vram_gib);
		assert_int_equal(fixture->amd, strcmp(shipped[i].name, "foreign") != 0);
		assert_int_equal(fixture->compute_only, !strcmp(shipped[i].name, "compute-only"));
		fixture_free(fixture);
	}
}

static void hostile_files_are_refused(void **state)
{
	static const struct {
		const char *from, *to, *reason;
	} changes[] = {
		{"device = 0x744c\n", "", "device is missing"},
		{"device = 0x744c\n", "device = 0x744c\ndevice = 1\n", "twice"},
		{"device = 0x744c\n", "device = 0x1744c\n", "must be 1 to 65535"},
		{"device = 0x744c\n", "device = 0x\n", "is a number"},
		{"device = 0x744c\n", "device = -3\n", "is a number"},
		{"device = 0x744c\n", "device = 99999999999999999999999\n", "must be"},
		{"device = 0x744c\n", "devise = 1\n", "unknown key 'devise'"},
		{"device = 0x744c\n", "device = 0x744c\nnonsense\n", "neither"},
		{"device = 0x744c\n", "device = 0x744c\n  continued = 1\n", "blank"},
		{"[clocks]\n", "[clokcs]\n", "unknown key"},
		{"vram_mib = 24576\n", "vram_mib = 99999999999\n", "must be"},
		{"vram_mib = 24576\n", "vram_mib = 1\n", "more than vram_mib"},
		{"wave_size = 32\n", "wave_size = 48\n", "32 or 64"},
		{"1 = 5 other Compute 0\n", "1 = 3 other Compute 0\n", "scheduler id 5"},
		{"1 = 5 other Compute 0\n", "", "engine 1 is missing"},
		{"1 = 5 other Compute 0\n", "99 = 5 other Compute 0\n", "ordinal"},
		{"1 = 5 other Compute 0\n", "1 = 5 strange Compute 0\n", "unknown type"},
		{"wgp_mask_5 = 0x0f 0x0f\n", "", "wgp_mask_5 is missing"},
		{"wgp_mask_5 = 0x0f 0x0f\n", "wgp_mask_5 = 0x0f 0x0f 1\n", "bad mask"},
		{"wgp_mask_5 = 0x0f 0x0f\n", "wgp_mask_77 = 1\n", "no shader engine"},
		{"va_end = 0x800000000000\n", "va_end = 0x1000\n", "va_start"},
		{"driver_version = 32.0.23027.2005\n", "driver_version = 32.0\n", "a.b.c.d"},
		{"timeout_mask = 0x6\n", "timeout_mask = 0x600\n", "engines that do not exist"},
		{"timeout_mask = 0x6\n", "[raw 0 0x4360]\n0x4360 = 00\n", "not inside"},
		{"timeout_mask = 0x6\n", "[raw 0 16]\n15 = 0011\n", "beyond"},
		{"timeout_mask = 0x6\n", "[raw 0 16]\n1 = 0g\n", "hex"},
		{"timeout_mask = 0x6\n", "[raw 0 99999999]\n1 = 00\n", "want [raw"},
		{"timeout_mask = 0x6\n", "[raw 0 16]\n1 = 00\n1 = 00\n", "twice"},
		{"timeout_mask = 0x6\n", "[raw 25 78 1 1]\n1 = 00\n", "want [raw"},
		{"timeout_mask = 0x6\n", "[raw 25 78 x]\n1 = 00\n", "want [raw"},
		{"timeout_mask = 0x6\n", "[raw 0 16]\nfill = 0\nfill = 0\n", "twice"},
		{"timeout_mask = 0x6\n", "[raw 0 16]\nfill = 256\n", "not a byte"},
		{"timeout_mask = 0x6\n", "[raw 0 16]\nstatus = 0\n", "not a status"},
		{"timeout_mask = 0x6\n", "[raw 0 16]\nstatus = 0x103\n", "not a status"},
		{"timeout_mask = 0x6\n", "[state]\nhws_mask = 0x600\n", "engines that do not exist"},
		{"timeout_mask = 0x6\n", "[state]\nhws_mask = 1\nhws_mask = 1\n", "twice"},
		{"timeout_mask = 0x6\n", "[state]\ncalibration_hz = much\n", "is a number"},
		{"timeout_mask = 0x6\n", "[state]\nhost = 30\n", "27 or 40"},
		{"hws_capable = yes\n", "hws_capable = no\n[state]\nhws = yes\n[chip]\n", "hws_capable"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct fixture_error error;

		assert_int_equal(parse_changed(changes[i].from, changes[i].to, &error), -EINVAL);
		if (!strstr(error.text, changes[i].reason) || strncmp(error.text, "t.ini:", 6))
			fail_msg("case %zu: '%s' does not say '%s'", i, error.text, changes[i].reason);
	}
}

static void a_file_can_tell_the_state_of_a_machine(void **state)
{
	static const char text[] = "timeout_mask = 0x6\n[state]\nhws = yes\nhws_mask = 0x2\nrebar = no\n"
				   "host = 27\nstatistics = no\nsegments = 3\nnodes = 9\ncalibration_hz = 0\n"
				   "[raw 25 78]\n4 = 01\n[raw 25 78 2]\nfill = 0x20\n[raw 25 78 3]\n"
				   "status = 0xC00000BB\n";
	const struct fixture_raw *raw;
	struct fixture_error error;
	struct fixture *fixture;
	char *at = strstr(base_text, "timeout_mask"), *whole;

	(void)state;
	assert_non_null(at);
	assert_true(asprintf(&whole, "%.*s%s", (int)(at - base_text), base_text, text) > 0);
	if (fixture_parse("t.ini", whole, strlen(whole), &fixture, &error))
		fail_msg("%s", error.text);
	free(whole);
	assert_true(fixture->hws && !fixture->rebar && !fixture->statistics);
	assert_true(!fixture->async_messages && !fixture->map_guest_memory);
	assert_int_equal(fixture_hws_mask(fixture), 2);
	assert_int_equal(fixture->segments, 3);
	assert_int_equal(fixture->nodes, 9);
	assert_true(fixture->calibration_given && !fixture->calibration_hz);
	raw = fixture_find_raw(fixture, 25, 78, 0);
	assert_true(raw && !raw->indexed && raw->given[4] && raw->bytes[4] == 1 && !raw->filled);
	raw = fixture_find_raw(fixture, 25, 78, 2);
	assert_true(raw && raw->filled && raw->fill == 0x20 && !raw->given[4]);
	raw = fixture_find_raw(fixture, 25, 78, 3);
	assert_true(raw && raw->status == 0xC00000BB);
	assert_null(fixture_find_raw(fixture, 25, 77, 2));
	fixture_free(fixture);
}

static void no_bytes_crash_the_parser(void **state)
{
	struct fixture_error error;
	char line[512];

	(void)state;
	assert_int_equal(parse("", 0, &error), -EINVAL);
	assert_int_equal(parse("[adapter]\nvendor = 1\0\n", 23, &error), -EINVAL);
	assert_non_null(strstr(error.text, "NUL"));
	memset(line, 'a', sizeof(line));
	assert_int_equal(parse(line, sizeof(line), &error), -EINVAL);
	assert_non_null(strstr(error.text, "longer"));
	for (size_t cut = 0; cut < strlen(base_text) - 1; cut += 7)
		parse(base_text, cut, &error);
}

static void modifiers_change_the_adapter(void **state)
{
	struct fixture_error error;
	struct fixture *fixture;

	(void)state;
	assert_int_equal(
		fixture_load("rx7900xtx,hws,rebar=off,host=27,pending=always,paging-fence=100,"
			     "private=flip:0x10.3,statistics=off,checksum=enforced,allocation-version=9",
			     ADAPTERS, &fixture, &error),
		0);
	assert_true(fixture->hws && !fixture->statistics && fixture->checksum_enforced);
	assert_int_equal(fixture_hws_mask(fixture), 0x1b);
	assert_int_equal(fixture_visible_bytes(fixture), 256u << 20);
	assert_int_equal(fixture->host_interface, 27);
	assert_false(fixture->async_messages);
	assert_int_equal(fixture->pending, FIXTURE_PENDING_ALWAYS);
	assert_int_equal(fixture->paging_fence_start, 100);
	assert_int_equal(fixture->flip_offset, 0x10);
	assert_int_equal(fixture->allocation_version, 9);
	fixture_free(fixture);
	assert_int_equal(fixture_load("rx7900xtx", ADAPTERS, &fixture, &error), 0);
	assert_true(!fixture->pin_bytes && !fixture->io_window_bytes && !fixture->lock_refused);
	assert_true(!fixture->lock_after_map && !fixture->offers_discarded);
	assert_int_equal(fixture->paging_us_per_mib, 1);
	fixture_free(fixture);
	assert_int_equal(fixture_load("rx7900xtx,pin-mib=3,io-window-mib=4,lock=refused,offers=discarded,"
				      "lock-after-map=allowed,paging-us-per-mib=40,vram-mib=262144,"
				      "timeout-mask=0x4",
				      ADAPTERS, &fixture, &error),
			 0);
	assert_int_equal(fixture->pin_bytes, 3u << 20);
	assert_int_equal(fixture->io_window_bytes, 4u << 20);
	assert_int_equal(fixture->paging_us_per_mib, 40);
	assert_true(fixture->lock_refused && fixture->lock_after_map && fixture->offers_discarded);
	assert_int_equal(fixture->vram_bytes, 256ull << 30);
	assert_int_equal(fixture->timeout_mask, 0x4);
	fixture_free(fixture);
}

static void wrong_modifiers_are_refused(void **state)
{
	static const char *const specs[] = {
		"rx6800,hws",
		"rx6800,",
		"rx6800,strange",
		"rx6800,rebar=maybe",
		"rx6800,host=30",
		"rx6800,host",
		"radeon680m,rebar",
		"rx6800,private=flip:1",
		"rx6800,vram-mib=0",
		"rx6800,private=flip:1.9",
		"rx6800,pending=2",
		"../rx6800",
		"no-such-adapter",
		"rx6800,pin-mib=0",
		"rx6800,lock=maybe",
		"rx6800,io-window-mib=x",
		"rx6800,timeout-mask=0x200",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		struct fixture_error error;
		struct fixture *fixture = NULL;

		assert_int_not_equal(fixture_load(specs[i], ADAPTERS, &fixture, &error), 0);
		assert_int_not_equal(error.text[0], 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shipped_adapters_load),
		cmocka_unit_test(hostile_files_are_refused),
		cmocka_unit_test(no_bytes_crash_the_parser),
		cmocka_unit_test(modifiers_change_the_adapter),
		cmocka_unit_test(wrong_modifiers_are_refused),
		cmocka_unit_test(a_file_can_tell_the_state_of_a_machine),
	};
	int rc;

	read_base();
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	free(base_text);
	return rc;
}
