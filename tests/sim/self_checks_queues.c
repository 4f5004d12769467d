// SPDX-License-Identifier: MIT
/*
 * The self-checks of docs/private-data.md that need something to be created, each with a host that breaks it and
 * nothing else: the adapter is a node, the probe of its queues fails by that check, and the adapter beside it works.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kmd/info.h"
#include "self_check.h"
#include "util/compiler.h"

#define MS 1000000ULL /* in nanoseconds */

struct queueless {
	struct broken broken;
	enum probe_step step;
	int error; /* 0: any */
	bool memory_refused;
};

/* The adapter is a node, but every rung of it fails, and the rule says why. */
static void refuses_queues(unsigned rule, const struct queueless *all, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct broken *broken = &all[i].broken;
		const struct seen_adapter *adapter = &look(broken)->broken;

		for (int turn = 0; turn < 2; turn++) {
			const struct probe_result *result = &adapter->result[turn];

			if (!adapter->node[turn] || !adapter->read)
				fail_msg("%s: hidden: %s", broken->what, sighting.said);
			assert_int_equal(!!adapter->memory[turn], all[i].memory_refused);
			if (!adapter->ladder[turn])
				fail_msg("%s: it has queues: %s", broken->what, sighting.said);
			assert_int_equal(adapter->rung[turn], GSP_RUNG_NONE);
			if (result->failed_at != all[i].step || result->why.rule != rule)
				fail_msg("%s: step %s, rule %u: %s", broken->what,
					 probe_step_name(result->failed_at), result->why.rule,
					 result->why.text);
			if (all[i].error)
				assert_int_equal(adapter->ladder[turn], all[i].error);
			if (!strstr(result->why.text, broken->says) ||
			    strncmp(result->why.text, "probe, ", strlen("probe, ")) != 0)
				fail_msg("%s: no word of '%s': %s", broken->what, broken->says,
					 result->why.text);
		}
		/* in the log are the refusals of every form alone, and each once */
		if (count_checks() != count_of(sighting.said, "self-check 15, forms: its driver refuses ") ||
		    (rule != KMD_RULE_FORMS && count_checks()))
			fail_msg("%s: other checks speak too: %s", broken->what, sighting.said);
		healthy_works(broken);
	}
}

#define REFUSES_QUEUES(rule, table) refuses_queues(rule, table, ARRAY_SIZE(table))

static void rule_10_probe(void **state)
{
	static const struct queueless broken[] = {
		{{"work is lost", {.modifiers = "submit=lost", .step_ns = 200 * MS}, "step fence: "},
		 PROBE_FENCE,
		 -ETIMEDOUT,
		 false},
		{{"work is lost in hardware queues",
		  {.modifiers = "hws,submit=lost", .step_ns = 200 * MS},
		  "hardware queue, step fence: the fence did not move within 200 ms, the device is active, "
		  "the commands were not executed"},
		 PROBE_FENCE,
		 -ETIMEDOUT,
		 false},
		{{"work is not done",
		  {.modifiers = "submit=unwritten"},
		  "software queue, step result: the fence passed, but the GPU wrote nothing that the CPU can "
		  "see"},
		 PROBE_RESULT,
		 -ENODATA,
		 false},
		{{"no device", {.fault = "ioctl=CREATEDEVICE:count=0:refuse"}, "step device: "},
		 PROBE_DEVICE,
		 0,
		 false},
		{{"no paging queue",
		  {.fault = "ioctl=CREATEPAGINGQUEUE:count=0:refuse"},
		  "step paging queue: "},
		 PROBE_PAGING_QUEUE,
		 0,
		 false},
		{{"no residency", {.fault = "ioctl=MAKERESIDENT:count=0:refuse"}, "step residency: "},
		 PROBE_RESIDENT,
		 0,
		 false},
		{{"no mapping", {.fault = "ioctl=MAPGPUVIRTUALADDRESS:count=0:refuse"}, "step mapping: "},
		 PROBE_MAP,
		 0,
		 false},
		{{"paging that takes longer than a step",
		  {.modifiers = "pending=always,paging-us=400000", .step_ns = 100 * MS},
		  "step paging fence: "},
		 PROBE_PAGING,
		 -ETIMEDOUT,
		 false},
		{{"no submissions",
		  {.fault = "ioctl=SUBMITCOMMAND:count=0:errno=EINVAL"},
		  "step submission: "},
		 PROBE_SUBMIT,
		 -EINVAL,
		 false},
	};
	static const struct broken ring = {"software queues want ring memory",
					   {.adapter = "rx6800",
					    .device = 0x73a5,
					    .modifiers = "device-id=0x73a5,user-queue=required",
					    .step_ns = 200 * MS},
					   NULL};
	static const struct broken promise = {
		"hardware queues are promised and refused", {.modifiers = "hws,hwqueue=refused"}, NULL};

	(void)state;
	REFUSES_QUEUES(KMD_RULE_PROBE, broken);
	/* a rung that is broken, and another one that does */
	is_fine(&ring);
	assert_int_equal(sighting.broken.rung[0], GSP_RUNG_USER_QUEUE);
	assert_non_null(strstr(sighting.said, ": probe, software queue, step fence: the fence did not move"));
	is_fine(&promise);
	assert_int_equal(sighting.broken.rung[0], GSP_RUNG_SOFTWARE);
	assert_non_null(strstr(sighting.said, ": probe, hardware queue, step queue: "));
	/* each device finds that out for itself */
	assert_int_equal(count_of(sighting.said, "the driver promises hardware queues"), 2);
}

/* no node without Windows' timeout */
#define WITH_TIMEOUT                                    \
	{                                               \
		EX, VENDOR + 0x35d8, "0000000000000000" \
	}

static void rule_11_device_state(void **state)
{
	static const struct queueless broken[] = {
		{{"a page fault",
		  {.modifiers = "submit=fault"},
		  "the driver understood an address differently"},
		 PROBE_FENCE,
		 -EFAULT,
		 false},
		{{"a page fault in a hardware queue",
		  {.modifiers = "hws,submit=fault"},
		  "the driver understood an address differently"},
		 PROBE_FENCE,
		 -EFAULT,
		 false},
		{{"a hang",
		  {.modifiers = "submit=hangs,timeout-ms=100", .patches = {WITH_TIMEOUT}},
		  "the GPU did not get through the commands"},
		 PROBE_FENCE,
		 -ENODEV,
		 false},
		{{"a hang in a hardware queue",
		  {.modifiers = "hws,submit=hangs,timeout-ms=100", .patches = {WITH_TIMEOUT}},
		  "the GPU did not get through the commands"},
		 PROBE_FENCE,
		 -ENODEV,
		 false},
	};

	(void)state;
	REFUSES_QUEUES(KMD_RULE_DEVICE_STATE, broken);
}

static void rule_12_slack(void **state)
{
	static const struct queueless broken[] = {
		{{"the answer to an allocation is longer than what was sent",
		  {.modifiers = "allocation-reply=long"},
		  "software queue, step allocation: "},
		 PROBE_ALLOCATION,
		 -EPROTO,
		 true},
	};

	(void)state;
	REFUSES_QUEUES(KMD_RULE_SLACK, broken);
}

struct late {
	struct broken broken;
	const char *told;     /* NULL: nothing is */
	uint64_t allocations; /* calls until one is taken, the first time ... */
	uint64_t contexts;    /* ... and until a context is */
};

static void rule_15_forms(void **state)
{
	static const struct late late[] = {
		{{"every form is taken", {.modifiers = NULL}, NULL}, NULL, 1, 1},
		{{"a checksum is wanted", {.modifiers = "checksum=enforced"}, NULL},
		 "its driver takes allocations in form 1",
		 2,
		 1},
		{{"version 9 is wanted", {.modifiers = "allocation-version=9"}, NULL},
		 "its driver takes allocations in form 2",
		 3,
		 1},
		{{"checksum and version 9 are wanted",
		  {.modifiers = "checksum=enforced,allocation-version=9"},
		  NULL},
		 "its driver takes allocations in form 2",
		 3,
		 1},
		{{"long contexts are wanted", {.modifiers = "context=long"}, NULL},
		 "its driver takes contexts in form 1",
		 1,
		 2},
		{{"long contexts are wanted for hardware queues", {.modifiers = "hws,context=long"}, NULL},
		 "its driver takes contexts in form 1",
		 1,
		 2},
	};
	/* no form is known then; each opening and each ladder looks for one again, for each kind of queue once */
	static const struct {
		struct queueless broken;
		const char *line;
		unsigned lines;
		uint64_t allocations, contexts;
	} refusals[] = {
		{{{"no form of an allocation is taken",
		   {.modifiers = "allocation-version=3"},
		   "software queue, step allocation: "},
		  PROBE_ALLOCATION,
		  0,
		  true},
		 "self-check 15, forms: its driver refuses allocations in every known form",
		 4,
		 3,
		 1},
		{{{"no form of a context is taken",
		   {.modifiers = "contexts=0"},
		   "software queue, step context: "},
		  PROBE_CONTEXT,
		  -EINVAL,
		  false},
		 "self-check 15, forms: its driver refuses contexts for a software queue in every known form",
		 2,
		 1,
		 2},
		{{{"no form of a context is taken, nor are hardware queues",
		   {.modifiers = "hws,contexts=0"},
		   "queue, step context: "},
		  PROBE_CONTEXT,
		  -EINVAL,
		  false},
		 "self-check 15, forms: its driver refuses contexts for a hardware queue in every known form",
		 2,
		 1,
		 2 + 2},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(late); i++) {
		is_fine(&late[i].broken);
		/* nothing is refused twice in a process, and the other adapter's driver has its own likes */
		for (int turn = 0; turn < 2; turn++) {
			assert_int_equal(sighting.broken.allocations[turn], turn ? 1 : late[i].allocations);
			assert_int_equal(sighting.broken.contexts[turn], turn ? 1 : late[i].contexts);
			assert_int_equal(sighting.healthy.allocations[turn], 1);
			assert_int_equal(sighting.healthy.contexts[turn], 1);
		}
		if (count_of(sighting.said, " in form ") != (late[i].told ? 1 : 0) ||
		    (late[i].told && !strstr(sighting.said, late[i].told)))
			fail_msg("%s: '%s' is not told alone and once: %s", late[i].broken.what,
				 late[i].told ? late[i].told : "", sighting.said);
	}
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		refuses_queues(KMD_RULE_FORMS, &refusals[i].broken, 1);
		if (count_of(sighting.said, refusals[i].line) != refusals[i].lines)
			fail_msg("%s: not %u times '%s': %s", refusals[i].broken.broken.what,
				 refusals[i].lines, refusals[i].line, sighting.said);
		for (int turn = 0; turn < 2; turn++) {
			assert_int_equal(sighting.broken.allocations[turn], refusals[i].allocations);
			assert_int_equal(sighting.broken.contexts[turn], refusals[i].contexts);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rule_10_probe),
		cmocka_unit_test(rule_11_device_state),
		cmocka_unit_test(rule_12_slack),
		cmocka_unit_test(rule_15_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
