// SPDX-License-Identifier: MIT
/* AMD's private data of contexts, queues and submissions in the simulated driver: every byte is looked at. */
#include "dxgsim_vidsch_guest.h"

#include <stdlib.h>
#include <string.h>

#include "dxgsim/host/amd_context.h"
#include "dxgsim/host/amd_queue.h"
#include "dxgsim/host/amd_submit.h"

#define COMMANDS 0x200000100ull
#define BYTES	 0x60u

static uint8_t blob[AMD_CONTEXT_LONG_SIZE];
static char why[160];
static uint32_t node;

static struct fixture *load(const char *spec)
{
	struct fixture_error error;
	struct fixture *fixture = NULL;

	if (fixture_load(spec, ADAPTERS, &fixture, &error))
		fail_msg("%s", error.text);
	for (node = 0; fixture->engines[node].scheduler_id != 5; node++)
		;
	return fixture;
}

static void put(uint32_t offset, uint32_t value)
{
	memcpy(blob + offset, &value, sizeof(value));
}

struct form {
	uint32_t size;
	void (*good)(void);
	int (*decode)(const struct fixture *fixture, uint32_t size);
	const uint32_t *free_bytes; /* that mean nothing to the driver, ended by UINT32_MAX */
};

/* Each byte turned over in eight ways. */
static void only_the_good_blob_passes(const struct fixture *fixture, const struct form *form)
{
	form->good();
	if (form->decode(fixture, form->size))
		fail_msg("the good one: %s", why);
	for (uint32_t i = 0; i < form->size; i++) {
		bool free_byte = false;

		for (const uint32_t *f = form->free_bytes; *f != UINT32_MAX; f++)
			free_byte = free_byte || *f == i;
		for (uint32_t bit = 0; bit < 8; bit++) {
			form->good();
			blob[i] ^= (uint8_t)(1u << bit);
			why[0] = '\0';
			if (free_byte)
				assert_int_equal(form->decode(fixture, form->size), 0);
			else if (!form->decode(fixture, form->size))
				fail_msg("bit %u of byte 0x%x was not looked at", bit, i);
			else
				assert_non_null(strstr(why, "0x"));
		}
	}
	form->good();
	assert_int_not_equal(form->decode(fixture, form->size - 1), 0);
	assert_int_not_equal(form->decode(fixture, form->size - 4), 0);
	assert_int_not_equal(form->decode(fixture, 0), 0);
}

static const uint32_t none[] = {UINT32_MAX};

static bool firmware_state;

static void good_context(void)
{
	memset(blob, 0, sizeof(blob));
	put(0x00, 0x40);
	put(0x04, 0x100);
	put(0x38, firmware_state ? 0x200000 : 0);
}

static void good_long_context(void)
{
	good_context();
	put(0x04, 0x100000);
	put(0x40, 0x168);
}

static int decode_context(const struct fixture *fixture, uint32_t size)
{
	return amd_context_decode(fixture, node, blob, size, why, sizeof(why));
}

static void contexts(void **state)
{
	static const char *const specs[] = {"rx6800", "rx7900xtx", "rx9070xt"};
	const struct form brief = {0x40, good_context, decode_context, none};
	const struct form extended = {0x1a8, good_long_context, decode_context, none};

	(void)state;
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		struct fixture *fixture = load(specs[i]);

		firmware_state = fixture->firmware_state;
		only_the_good_blob_passes(fixture, &brief);
		only_the_good_blob_passes(fixture, &extended);
		good_context();
		node = 0; /* the graphics engine: RADV's version word is legal there */
		put(0x34, 9);
		assert_int_equal(decode_context(fixture, 0x40), 0);
		fixture_free(fixture);
	}
}

static void good_queue(void)
{
	memset(blob, 0, sizeof(blob));
	put(0x00, 0x40);
	put(0x10, firmware_state ? 0x21000 : 0x1000);
}

static int decode_queue(const struct fixture *fixture, uint32_t size)
{
	return amd_queue_decode(fixture, blob, size, why, sizeof(why));
}

static void hardware_queues(void **state)
{
	static const uint32_t answer[] = {0x14, 0x15, 0x16, 0x17, UINT32_MAX};
	static const struct {
		uint32_t flags;
		int rc;
	} flags[] = {
		{0x21000, 0},  {0x22000, 0},  {0x2100f, 0},  {0x20000, -1}, {0x23000, -1},
		{0x24000, -1}, {0x01000, -1}, {0x21010, -1}, {0xa1000, -1}, {0x421000, -1},
	};
	struct fixture *fixture = load("rx7900xtx,hws");

	(void)state;
	firmware_state = fixture->firmware_state;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		good_queue();
		put(0x10, flags[i].flags);
		if (!decode_queue(fixture, 0x40) != !flags[i].rc)
			fail_msg("flags 0x%x", flags[i].flags);
	}
	for (uint32_t i = 0; i < 0x40; i++) {
		bool is_answer = i >= answer[0] && i <= answer[3];

		if (i == 0x10) /* bits 0 to 3 are legal, see above */
			continue;
		good_queue();
		blob[i] ^= 0xc3;
		if (!decode_queue(fixture, 0x40) != is_answer)
			fail_msg("byte 0x%x", i);
	}
	good_queue();
	amd_queue_answer(blob, 0x1234);
	assert_int_equal(blob[0x14], 0x34);
	assert_int_not_equal(decode_queue(fixture, 0x3f), 0);
	assert_int_not_equal(decode_queue(fixture, 0), 0);
	fixture_free(fixture);
}

static bool to_hwqueue;
static struct amd_submission submission;

static void good_submission(void)
{
	memset(blob, 0, sizeof(blob));
	guest_submit_blob(blob, COMMANDS, BYTES, 0);
}

static int decode_submission(const struct fixture *fixture, uint32_t size)
{
	submission = (struct amd_submission){.commands = COMMANDS, .bytes = BYTES};
	return amd_submit_decode(fixture, node, to_hwqueue, blob, size, &submission, why, sizeof(why));
}

static void submissions(void **state)
{
	static const uint32_t handle[] = {0x28, 0x29, 0x2a, 0x2b, UINT32_MAX};
	const struct form software = {0x48, good_submission, decode_submission, handle};
	struct fixture *fixture = load("rx7900xtx,hws");

	(void)state;
	to_hwqueue = true;
	for (uint32_t i = 0; i < 0x48; i++) {
		for (uint32_t bit = 0; bit < 8; bit++) {
			good_submission();
			blob[i] ^= (uint8_t)(1u << bit);
			/* graphics clients write 1 at 0x1c */
			if (!decode_submission(fixture, 0x48) != (i == 0x1c && bit == 0))
				fail_msg("bit %u of byte 0x%x", bit, i);
		}
	}
	for (uint32_t version = 0; version < 16; version++) {
		good_submission();
		put(0x00, version);
		assert_int_equal(!decode_submission(fixture, 0x48), version == 6 || version == 9);
	}
	to_hwqueue = false;
	good_submission();
	put(0x28, 0x40001234);
	assert_int_equal(decode_submission(fixture, 0x48), 0);
	assert_int_equal(submission.user_queue, 0x40001234);
	/* on SDMA the word of graphics clients is 0 too, and nothing but words is asked of addresses */
	node = 3;
	only_the_good_blob_passes(fixture, &software);
	good_submission();
	put(0x20, (uint32_t)COMMANDS + 4);
	submission = (struct amd_submission){.commands = COMMANDS + 4, .bytes = BYTES};
	assert_int_equal(amd_submit_decode(fixture, node, false, blob, 0x48, &submission, why, sizeof(why)),
			 0);
	node = 1;
	assert_int_not_equal(
		amd_submit_decode(fixture, node, false, blob, 0x48, &submission, why, sizeof(why)), 0);
	assert_non_null(strstr(why, "0x100"));
	fixture_free(fixture);
}

/* An adapter written down elsewhere aligns its command buffers as its own answer says. */
static void alignment_is_what_the_adapter_tells(void **state)
{
	const uint32_t at = 0x960 + 0x318c + 8, start = 16, size = 8;
	struct fixture *fixture = load("rx7900xtx");
	struct fixture_raw *raw = calloc(1, sizeof(*raw));

	(void)state;
	assert_non_null(raw);
	raw->size = 0x4360;
	raw->bytes = calloc(2, raw->size);
	assert_non_null(raw->bytes);
	raw->given = raw->bytes + raw->size;
	memcpy(raw->bytes + at, &start, sizeof(start));
	memcpy(raw->bytes + at + 4, &size, sizeof(size));
	memset(raw->given + at, 1, 8);
	fixture->raw = raw;
	for (uint32_t i = 4; i < 256; i += 4) {
		uint64_t commands = COMMANDS + i;

		submission = (struct amd_submission){.commands = commands, .bytes = i};
		guest_submit_blob(blob, commands, i, 0);
		assert_int_equal(
			!amd_submit_decode(fixture, node, true, blob, 0x48, &submission, why, sizeof(why)),
			i % 16 == 0);
		submission = (struct amd_submission){.commands = COMMANDS, .bytes = i};
		guest_submit_blob(blob, COMMANDS, i, 0);
		assert_int_equal(
			!amd_submit_decode(fixture, node, true, blob, 0x48, &submission, why, sizeof(why)),
			i % 8 == 0);
	}
	fixture_free(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(contexts),
		cmocka_unit_test(hardware_queues),
		cmocka_unit_test(submissions),
		cmocka_unit_test(alignment_is_what_the_adapter_tells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
