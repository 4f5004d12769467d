// SPDX-License-Identifier: MIT
/* Events as callers see them: what an HsaEvent holds, and what the calls answer. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hsakmt/hsakmt.h>

#include "dxgsim/dxgsim.h"
#include "machine.h"

#define MAX_EVENTS 4096

static HsaEvent *make(HSA_EVENTTYPE type, bool manual_reset, bool signaled)
{
	HsaEventDescriptor descriptor = {.EventType = type};
	HsaEvent *event = NULL;

	assert_status(hsaKmtCreateEvent(&descriptor, manual_reset, signaled, &event), SUCCESS);
	assert_non_null(event);
	return event;
}

static void an_event_says_what_it_was_made_of(void **state)
{
	int variable;
	HsaEventDescriptor descriptor = {
		.EventType = HSA_EVENTTYPE_SIGNAL,
		.SyncVar = {.SyncVar.UserData = &variable, .SyncVarSize = sizeof(variable)},
	};
	HsaEvent *event, *other;

	(void)state;
	assert_status(hsaKmtCreateEvent(&descriptor, false, false, &event), SUCCESS);
	other = make(HSA_EVENTTYPE_SIGNAL, false, false);
	assert_int_equal(event->EventData.EventType, HSA_EVENTTYPE_SIGNAL);
	assert_ptr_equal(event->EventData.EventData.SyncVar.SyncVar.UserData, &variable);
	assert_int_equal(event->EventData.EventData.SyncVar.SyncVarSize, sizeof(variable));
	assert_int_not_equal(event->EventId, 0);
	assert_int_not_equal(event->EventId, other->EventId);
	assert_int_equal(event->EventData.HWData1, event->EventId);
	/* the mailbox is a word of memory of its own */
	assert_int_not_equal(event->EventData.HWData2, 0);
	assert_int_equal(event->EventData.HWData2 % sizeof(uint64_t), 0);
	assert_int_not_equal(event->EventData.HWData2, other->EventData.HWData2);
	assert_int_equal(*(uint64_t *)(uintptr_t)event->EventData.HWData2, 0);
	assert_status(hsaKmtDestroyEvent(event), SUCCESS);
	assert_status(hsaKmtDestroyEvent(other), SUCCESS);
}

static void only_known_types_can_be_made(void **state)
{
	HsaEventDescriptor descriptor = {.EventType = HSA_EVENTTYPE_MAXID};
	HsaEvent *event = NULL;

	(void)state;
	assert_status(hsaKmtCreateEvent(&descriptor, false, false, &event), INVALID_PARAMETER);
	descriptor.EventType = (HSA_EVENTTYPE)0x7fffffff;
	assert_status(hsaKmtCreateEvent(&descriptor, false, false, &event), INVALID_PARAMETER);
	assert_null(event);
	for (int type = HSA_EVENTTYPE_SIGNAL; type < HSA_EVENTTYPE_MAXID; type++)
		assert_status(hsaKmtDestroyEvent(make((HSA_EVENTTYPE)type, false, false)), SUCCESS);
}

static void null_events_are_no_events(void **state)
{
	HsaEvent *events[2] = {make(HSA_EVENTTYPE_SIGNAL, false, true), NULL};

	(void)state;
	assert_status(hsaKmtDestroyEvent(NULL), INVALID_HANDLE);
	assert_status(hsaKmtSetEvent(NULL), INVALID_HANDLE);
	assert_status(hsaKmtResetEvent(NULL), INVALID_HANDLE);
	assert_status(hsaKmtQueryEventState(NULL), INVALID_HANDLE);
	assert_status(hsaKmtWaitOnEvent(NULL, 0), INVALID_HANDLE);
	assert_status(hsaKmtWaitOnEvent_Ext(NULL, 0, NULL), INVALID_HANDLE);
	assert_status(hsaKmtWaitOnMultipleEvents(NULL, 1, true, 0), INVALID_HANDLE);
	/* one NULL among events: nothing is waited for, nothing consumed */
	assert_status(hsaKmtWaitOnMultipleEvents(events, 2, false, 0), INVALID_HANDLE);
	assert_status(hsaKmtWaitOnEvent(events[0], 0), SUCCESS);
	assert_status(hsaKmtDestroyEvent(events[0]), SUCCESS);
}

static void only_signals_and_debug_events_are_set_by_the_cpu(void **state)
{
	(void)state;
	for (int type = HSA_EVENTTYPE_SIGNAL; type < HSA_EVENTTYPE_MAXID; type++) {
		bool cpu = type == HSA_EVENTTYPE_SIGNAL || type == HSA_EVENTTYPE_DEBUG_EVENT;
		HsaEvent *event = make((HSA_EVENTTYPE)type, true, true);

		assert_int_equal(hsaKmtWaitOnEvent(event, 0),
				 cpu ? HSAKMT_STATUS_SUCCESS : HSAKMT_STATUS_WAIT_TIMEOUT);
		assert_int_equal(hsaKmtResetEvent(event), cpu ? HSAKMT_STATUS_SUCCESS : HSAKMT_STATUS_ERROR);
		assert_status(hsaKmtWaitOnEvent(event, 0), WAIT_TIMEOUT);
		assert_int_equal(hsaKmtSetEvent(event), cpu ? HSAKMT_STATUS_SUCCESS : HSAKMT_STATUS_ERROR);
		assert_int_equal(hsaKmtWaitOnEvent(event, 0),
				 cpu ? HSAKMT_STATUS_SUCCESS : HSAKMT_STATUS_WAIT_TIMEOUT);
		assert_status(hsaKmtQueryEventState(event), SUCCESS);
		assert_status(hsaKmtDestroyEvent(event), SUCCESS);
	}
}

static void reset_is_automatic_or_manual_as_asked(void **state)
{
	HsaEvent *automatic = make(HSA_EVENTTYPE_SIGNAL, false, true);
	HsaEvent *manual = make(HSA_EVENTTYPE_SIGNAL, true, true);

	(void)state;
	assert_status(hsaKmtWaitOnEvent(automatic, 0), SUCCESS);
	assert_status(hsaKmtWaitOnEvent(automatic, 0), WAIT_TIMEOUT);
	assert_status(hsaKmtWaitOnEvent(manual, 0), SUCCESS);
	assert_status(hsaKmtWaitOnEvent(manual, 0), SUCCESS);
	assert_status(hsaKmtResetEvent(manual), SUCCESS);
	assert_status(hsaKmtWaitOnEvent(manual, 1), WAIT_TIMEOUT);
	assert_status(hsaKmtDestroyEvent(automatic), SUCCESS);
	assert_status(hsaKmtDestroyEvent(manual), SUCCESS);
}

static void waiting_for_all_takes_all_or_none(void **state)
{
	HsaEvent *events[3];

	(void)state;
	for (size_t i = 0; i < 3; i++)
		events[i] = make(HSA_EVENTTYPE_SIGNAL, false, i != 1);
	assert_status(hsaKmtWaitOnMultipleEvents(events, 0, true, 0), INVALID_PARAMETER);
	assert_status(hsaKmtWaitOnMultipleEvents(events, 3, true, 0), WAIT_TIMEOUT);
	assert_status(hsaKmtSetEvent(events[1]), SUCCESS);
	assert_status(hsaKmtWaitOnMultipleEvents(events, 3, true, HSA_EVENTTIMEOUT_INFINITE), SUCCESS);
	assert_status(hsaKmtWaitOnMultipleEvents(events, 3, false, 0), WAIT_TIMEOUT);
	assert_status(hsaKmtSetEvent(events[2]), SUCCESS);
	assert_status(hsaKmtWaitOnMultipleEvents(events, 3, false, HSA_EVENTTIMEOUT_INFINITE), SUCCESS);
	for (size_t i = 0; i < 3; i++)
		assert_status(hsaKmtDestroyEvent(events[i]), SUCCESS);
}

static void ages_tell_of_events_that_somebody_else_consumed(void **state)
{
	HsaEvent *event = make(HSA_EVENTTYPE_SIGNAL, false, false);
	uint64_t age = 1;

	(void)state;
	assert_status(hsaKmtWaitOnEvent_Ext(event, 0, &age), WAIT_TIMEOUT);
	assert_int_equal(age, 1);
	assert_status(hsaKmtSetEvent(event), SUCCESS);
	assert_status(hsaKmtWaitOnEvent(event, 0), SUCCESS);
	assert_status(hsaKmtWaitOnEvent_Ext(event, 0, &age), SUCCESS);
	assert_int_equal(age, 2);
	assert_status(hsaKmtWaitOnEvent_Ext(event, 0, &age), WAIT_TIMEOUT);
	/* 0: without ages */
	age = 0;
	assert_status(hsaKmtWaitOnEvent_Ext(event, 0, &age), WAIT_TIMEOUT);
	assert_int_equal(age, 0);
	assert_status(hsaKmtDestroyEvent(event), SUCCESS);
}

static void events_run_out_and_come_back(void **state)
{
	static HsaEvent *events[MAX_EVENTS + 1];
	HsaEventDescriptor descriptor = {.EventType = HSA_EVENTTYPE_SIGNAL};
	HsaEvent *one_more = (HsaEvent *)events;
	unsigned count = 0;

	(void)state;
	while (count <= MAX_EVENTS &&
	       hsaKmtCreateEvent(&descriptor, false, false, &events[count]) == HSAKMT_STATUS_SUCCESS)
		count++;
	assert_int_equal(count, MAX_EVENTS);
	assert_status(hsaKmtCreateEvent(&descriptor, false, false, &one_more), ERROR);
	assert_null(one_more);
	/* a wait for all of them is possible */
	for (unsigned i = 0; i < count; i++)
		assert_status(hsaKmtSetEvent(events[i]), SUCCESS);
	assert_status(hsaKmtWaitOnMultipleEvents(events, count, true, 0), SUCCESS);
	assert_status(hsaKmtDestroyEvent(events[--count]), SUCCESS);
	events[count++] = make(HSA_EVENTTYPE_SIGNAL, false, false);
	while (count)
		assert_status(hsaKmtDestroyEvent(events[--count]), SUCCESS);
}

struct sleeper {
	HsaEvent *events[2];
	HSAKMT_STATUS status;
};

static void *sleep_on_all(void *arg)
{
	struct sleeper *sleeper = arg;

	sleeper->status = hsaKmtWaitOnMultipleEvents(sleeper->events, 2, true, HSA_EVENTTIMEOUT_INFINITE);
	return NULL;
}

/* The waiter may run only when the event is gone: it was set, and the HsaEvent is not looked at any more. */
static void an_event_may_end_when_it_has_been_set(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 100; round++) {
		struct sleeper sleeper = {.events = {make(HSA_EVENTTYPE_SIGNAL, false, false),
						     make(HSA_EVENTTYPE_SIGNAL, true, false)}};
		pthread_t thread;

		assert_int_equal(pthread_create(&thread, NULL, sleep_on_all, &sleeper), 0);
		/* once the first one stays consumed, the sleeper has it and waits for the second */
		do {
			assert_status(hsaKmtSetEvent(sleeper.events[0]), SUCCESS);
			sched_yield();
		} while (hsaKmtWaitOnEvent(sleeper.events[0], 0) == HSAKMT_STATUS_SUCCESS);
		assert_status(hsaKmtSetEvent(sleeper.events[1]), SUCCESS);
		assert_status(hsaKmtDestroyEvent(sleeper.events[1]), SUCCESS);
		assert_int_equal(pthread_join(thread, NULL), 0);
		assert_status(sleeper.status, SUCCESS);
		assert_status(hsaKmtDestroyEvent(sleeper.events[0]), SUCCESS);
	}
}

static void events_need_no_topology(void **state)
{
	HsaEvent *event;

	(void)state;
	assert_status(hsaKmtOpenKFD(), SUCCESS);
	event = make(HSA_EVENTTYPE_SIGNAL, false, true);
	assert_status(hsaKmtWaitOnEvent(event, 0), SUCCESS);
	assert_status(hsaKmtDestroyEvent(event), SUCCESS);
}

static uint64_t *mailbox_of(const HsaEvent *event)
{
	return (uint64_t *)(uintptr_t)event->EventData.HWData2;
}

static HSAuint32 nodes_that_reach(const void *address)
{
	HsaPointerInfo info = {.Type = HSA_POINTER_UNKNOWN};

	if (hsaKmtQueryPointerInfo(address, &info) != HSAKMT_STATUS_SUCCESS)
		return 0;
	return info.NMappedNodes;
}

static void a_mailbox_is_within_reach_of_every_gpu(void **state)
{
	const struct machine *machine = *state;
	HsaEvent *first, *second;
	uint64_t ioctls;

	first = make(HSA_EVENTTYPE_SIGNAL, false, false);
	assert_int_equal(nodes_that_reach(mailbox_of(first)), machine->gpu_count);
	/* once for all events */
	ioctls = dxgsim_ioctl_count();
	second = make(HSA_EVENTTYPE_SIGNAL, false, false);
	assert_int_equal(nodes_that_reach(mailbox_of(second)), machine->gpu_count);
	/* what is written there sets the event, as a GPU would */
	*mailbox_of(second) = second->EventData.HWData1;
	assert_status(hsaKmtWaitOnEvent(first, 0), WAIT_TIMEOUT);
	assert_status(hsaKmtWaitOnEvent(second, 0), SUCCESS);
	assert_status(hsaKmtWaitOnEvent(second, 0), WAIT_TIMEOUT);
	/* ids that are nobody's */
	for (unsigned id = 0; id <= MAX_EVENTS; id++)
		if (id != first->EventId && id != second->EventId)
			mailbox_of(first)[(int)id - (int)first->EventId] = id;
	assert_status(hsaKmtWaitOnEvent(first, 0), WAIT_TIMEOUT);
	assert_status(hsaKmtWaitOnEvent(second, 0), WAIT_TIMEOUT);
	assert_int_equal(dxgsim_ioctl_count(), ioctls);
	assert_status(hsaKmtDestroyEvent(first), SUCCESS);
	assert_status(hsaKmtDestroyEvent(second), SUCCESS);
}

static void events_work_where_a_gpu_cannot_reach_their_mailboxes(void **state)
{
	static const struct {
		const char *fault;
		HSAuint32 reach;
	} cases[] = {
		{"ioctl=MAPGPUVIRTUALADDRESS:count=0:errno=ENOMEM", 0},
		{"ioctl=CREATEALLOCATION:count=0:errno=ENOMEM", 0},
		{"ioctl=CREATEDEVICE:nth=1:errno=EINVAL", 1},
		{"ioctl=CREATEDEVICE:count=0:errno=EINVAL", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct machine machine;
		HsaEvent *event;

		machine_boot("rx6800;radeon680m");
		machine_open(&machine);
		assert_int_equal(dxgsim_fault(cases[i].fault), 0);
		event = make(HSA_EVENTTYPE_SIGNAL, false, false);
		dxgsim_clear_faults();
		assert_int_equal(nodes_that_reach(mailbox_of(event)), cases[i].reach);
		assert_status(hsaKmtSetEvent(event), SUCCESS);
		assert_status(hsaKmtWaitOnEvent(event, 0), SUCCESS);
		*mailbox_of(event) = 1;
		assert_status(hsaKmtWaitOnEvent(event, 0), SUCCESS);
		assert_status(hsaKmtWaitOnEvent(event, 0), WAIT_TIMEOUT);
		assert_status(hsaKmtDestroyEvent(event), SUCCESS);
	}
}

static void events_made_before_the_topology_keep_their_mailboxes(void **state)
{
	HsaSystemProperties system;
	HsaEvent *early, *late;

	(void)state;
	assert_status(hsaKmtOpenKFD(), SUCCESS);
	early = make(HSA_EVENTTYPE_SIGNAL, false, false);
	assert_status(hsaKmtAcquireSystemProperties(&system), SUCCESS);
	late = make(HSA_EVENTTYPE_SIGNAL, false, false);
	*mailbox_of(early) = 1;
	assert_status(hsaKmtWaitOnEvent(late, 0), WAIT_TIMEOUT);
	assert_status(hsaKmtWaitOnEvent(early, 0), SUCCESS);
	assert_status(hsaKmtDestroyEvent(early), SUCCESS);
	*mailbox_of(late) = 1;
	assert_status(hsaKmtWaitOnEvent(late, 0), SUCCESS);
	assert_status(hsaKmtDestroyEvent(late), SUCCESS);
}

/* as ROCr does with the event that its queues share */
static void an_event_that_was_left_at_close_stays_memory_of_its_own(void **state)
{
	HsaEvent *left[3], *next;
	uint32_t id;

	(void)state;
	for (unsigned life = 0; life < 3; life++) {
		assert_status(hsaKmtOpenKFD(), SUCCESS);
		left[life] = make(HSA_EVENTTYPE_SIGNAL, false, false);
		id = left[life]->EventId;
		assert_status(hsaKmtCloseKFD(), SUCCESS);
		assert_int_equal(left[life]->EventId, id);
	}
	assert_status(hsaKmtOpenKFD(), SUCCESS);
	next = make(HSA_EVENTTYPE_SIGNAL, false, false);
	for (unsigned life = 0; life < 3; life++)
		assert_ptr_not_equal(next, left[life]);
	assert_status(hsaKmtDestroyEvent(next), SUCCESS);
	assert_status(hsaKmtCloseKFD(), SUCCESS);
}

#define CLOSED(test) cmocka_unit_test_setup_teardown(test, machine_setup_closed, machine_teardown)
#define OPEN(test)   cmocka_unit_test_setup_teardown(test, machine_setup_open, machine_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OPEN(an_event_says_what_it_was_made_of),
		OPEN(only_known_types_can_be_made),
		OPEN(null_events_are_no_events),
		OPEN(only_signals_and_debug_events_are_set_by_the_cpu),
		OPEN(reset_is_automatic_or_manual_as_asked),
		OPEN(waiting_for_all_takes_all_or_none),
		OPEN(ages_tell_of_events_that_somebody_else_consumed),
		OPEN(events_run_out_and_come_back),
		OPEN(an_event_may_end_when_it_has_been_set),
		CLOSED(events_need_no_topology),
		OPEN(a_mailbox_is_within_reach_of_every_gpu),
		OPEN(events_work_where_a_gpu_cannot_reach_their_mailboxes),
		CLOSED(events_made_before_the_topology_keep_their_mailboxes),
		CLOSED(an_event_that_was_left_at_close_stays_memory_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
