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
#include "dxgsim/host/message.h"

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
	fault = parse("ioctl=SUBMITCOMMAND:drop");
	assert_int_equal(fault->kind, FAULT_DROP);
	free(fault);
	fault = parse("ioctl=CREATEDEVICE:refuse");
	assert_int_equal(fault->value, 0xc000000du);
	free(fault);
	fault = parse("ioctl=CREATEDEVICE:refuse=0xC00000BB");
	assert_int_equal(fault->value, 0xc00000bbu);
	assert_false(fault->lost);
	free(fault);
	fault = parse("ioctl=CREATEDEVICE:refuse:lost");
	assert_true(fault->lost);
	assert_false(fault_removes(fault));
	free(fault);
	fault = parse("ioctl=CREATEDEVICE:lost:refuse=0xC00002B6");
	assert_true(fault->lost && fault_removes(fault));
	free(fault);
	fault = parse("ioctl=ANY:errno=ENODEV:lost");
	assert_true(fault->lost && fault_removes(fault));
	free(fault);
	fault = parse("ioctl=ANY:errno=EIO:lost");
	assert_true(fault->lost && !fault_removes(fault));
	free(fault);
}

static void named_faults_know_their_calls(void **state)
{
	static const struct {
		const char *spec;
		enum fault_kind kind;
		uint32_t value;
		uint32_t struck; /* of the calls below, by bit */
	} rows[] = {
		{"over-budget", FAULT_STATUS, 0xc0000017u, 0x02},
		{"slow-paging", FAULT_SLOW, 200, 0x26},
		{"slow-paging:ms=7", FAULT_SLOW, 7, 0x26},
		{"host-oom", FAULT_REFUSE, 0xc0000017u, 0x1f},
		{"host-oom:nth=2", FAULT_REFUSE, 0xc0000017u, 0x1e},
		{"count=2:host-oom:nth=2", FAULT_REFUSE, 0xc0000017u, 0x06},
	};
	static const unsigned long calls[] = {
		LX_DXCREATEALLOCATION,
		LX_DXMAKERESIDENT,
		LX_DXMAPGPUVIRTUALADDRESS,
		LX_DXRESERVEGPUVIRTUALADDRESS,
		LX_DXLOCK2,
		LX_DXRECLAIMALLOCATIONS2,
		LX_DXEVICT,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fault *fault = parse(rows[i].spec);
		uint32_t struck = 0;

		for (size_t k = 0; k < sizeof(calls) / sizeof(calls[0]); k++)
			struck |= (uint32_t)fault_strikes(fault, (int)_IOC_NR(calls[k])) << k;
		assert_int_equal(fault->kind, rows[i].kind);
		assert_int_equal(fault->value, rows[i].value);
		assert_int_equal(struck, rows[i].struck);
		free(fault);
	}
}

static void slow_paging_changes_paging_messages_alone(void **state)
{
	struct fault *fault = parse("slow-paging:ms=7");
	struct host_message paging = {.type = HOST_MAPGPUVIRTUALADDRESS, .sync = true, .has_status = true};
	struct host_message other = {.type = HOST_CREATEALLOCATION, .sync = true};

	(void)state;
	assert_false(fault_applies(fault, &other));
	assert_true(fault_applies(fault, &paging));
	assert_true(fault_delivers(fault));
	fault_change(fault, &paging);
	assert_int_equal(paging.slow_ns, 7000000);
	free(fault);
	fault = parse("host-oom");
	assert_true(fault_applies(fault, &other));
	assert_false(fault_delivers(fault));
	free(fault);
}

enum outcome { PASSES, LOST, FULL, STATUS, ZEROS, SHORT };

/* What the fault makes of a message whose reply of 16 bytes is ready, as the driver has it ready, all zeros. */
static enum outcome outcome(const char *spec, struct host_message m)
{
	struct fault *fault = parse(spec);
	uint32_t expected = m.reply_expected = m.reply_length = m.sync ? 16 : 0;
	bool applies;
	int rc;

	applies = fault_applies(fault, &m);
	rc = applies ? fault_apply(fault, &m) : 0;
	free(fault);
	if (!applies)
		return PASSES;
	if (rc) {
		assert_int_equal(rc, -EAGAIN);
		return FULL;
	}
	if (m.reply_length < expected)
		return SHORT;
	if (m.status)
		return STATUS;
	return m.sync ? ZEROS : LOST;
}

static void each_message_is_spoiled_as_it_can_be(void **state)
{
	static const struct host_message messages[] = {
		{.type = HOST_MAKERESIDENT, .sync = true, .has_status = true},
		{.type = HOST_CREATEDEVICE, .sync = true},
		{.type = HOST_CREATEALLOCATION, .sync = true},
		{.type = HOST_SUBMITCOMMAND, .has_status = true}, /* which nobody looks at */
	};
	static const struct {
		const char *spec;
		enum outcome outcomes[4];
	} rows[] = {
		{"ioctl=ANY:errno=EIO", {PASSES, PASSES, PASSES, PASSES}},
		{"ioctl=ANY:ring-full", {FULL, FULL, FULL, FULL}},
		{"ioctl=ANY:drop", {PASSES, PASSES, PASSES, LOST}},
		{"ioctl=ANY:status=0xC0000017", {STATUS, PASSES, PASSES, PASSES}},
		{"ioctl=ANY:zero", {ZEROS, ZEROS, ZEROS, PASSES}},
		{"ioctl=ANY:short=4", {SHORT, SHORT, SHORT, PASSES}},
		{"ioctl=ANY:short=16", {PASSES, PASSES, PASSES, PASSES}},
		{"ioctl=ANY:refuse", {STATUS, ZEROS, SHORT, LOST}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t k = 0; k < 4; k++)
			if (outcome(rows[i].spec, messages[k]) != rows[i].outcomes[k])
				fail_msg("%s, message %zu: %d instead of %d", rows[i].spec, k,
					 (int)outcome(rows[i].spec, messages[k]), (int)rows[i].outcomes[k]);
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
		"ioctl=ANY:drop=1",
		"ioctl=ANY:refuse=0",
		"ioctl=ANY:refuse=0x103",
		"ioctl=ANY:drop:refuse",
		"ioctl=ANY:lost",
		"ioctl=ANY:drop:lost",
		"ioctl=ANY:refuse:lost=1",
		"ioctl=ANY:ring-full=0",
		"ioctl=ANY::errno=EIO",
		"ioctl=ANY:errno=EIO:what=1",
		"over-budget=1",
		"over-budget:ms=1",
		"over-budget:errno=EIO",
		"over-budget:host-oom",
		"ioctl=LOCK2:host-oom",
		"host-oom:ioctl=LOCK2",
		"slow-paging:ms=0",
		"slow-paging:ms",
		"ms=5:slow-paging",
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
		cmocka_unit_test(named_faults_know_their_calls),
		cmocka_unit_test(slow_paging_changes_paging_messages_alone),
		cmocka_unit_test(each_message_is_spoiled_as_it_can_be),
		cmocka_unit_test(wrong_specs_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
