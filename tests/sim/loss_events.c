// SPDX-License-Identifier: MIT
/*
 * A GPU is lost with work on it, and its user sleeps on events, or looks at nothing: those of memory faults and of exceptions are set,
 * with what the host tells, for everyone who waits for them and for nobody else, once.
 *
 * usage: loss_events ADAPTERS
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "aql_user.h"
#include "dxgsim/dxgsim.h"

#define SLOTS	64u
#define LATE_MS 20000u /* never reached unless something is lost */
#define VA	0x7f5512346000ull
#define MS	1000000ull

static const char *adapters;

enum { FAULT_AUTO, FAULT_MANUAL, EXCEPTION_AUTO, EXCEPTION_MANUAL, SIGNAL, EVENTS };

static const struct {
	HSA_EVENTTYPE type;
	bool manual;
} kinds[EVENTS] = {
	[FAULT_AUTO] = {HSA_EVENTTYPE_MEMORY, false},
	[FAULT_MANUAL] = {HSA_EVENTTYPE_MEMORY, true},
	[EXCEPTION_AUTO] = {HSA_EVENTTYPE_HW_EXCEPTION, false},
	[EXCEPTION_MANUAL] = {HSA_EVENTTYPE_HW_EXCEPTION, true},
	[SIGNAL] = {HSA_EVENTTYPE_SIGNAL, false},
};

struct bench {
	struct aql_bench aql;
	struct aql_queue queue;
	struct aql_commands commands;
	uint32_t *word; /* the GPU waits for */
	HsaEvent *events[EVENTS];
};

static HsaEvent *make(HSA_EVENTTYPE type, bool manual)
{
	HsaEventDescriptor descriptor = {.EventType = type};
	HsaEvent *event;

	assert_status(hsaKmtCreateEvent(&descriptor, manual, false, &event), SUCCESS);
	return event;
}

static void begin(struct bench *bench)
{
	struct aql_packet packet;

	memset(bench, 0, sizeof(*bench));
	aql_bench_open(&bench->aql, adapters);
	for (unsigned i = 0; i < EVENTS; i++)
		bench->events[i] = make(kinds[i].type, kinds[i].manual);
	bench->word = aql_alloc(&bench->aql.machine, 4096, false);
	bench->commands = aql_commands_alloc(&bench->aql.machine, 64);
	aql_open(&bench->queue, &bench->aql.machine, bench->aql.node, SLOTS);
	aql_commands_wait(&bench->commands, bench->word, 1);
	packet = aql_vendor(&bench->commands, aql_bench_arm(&bench->aql, 0, 1));
	aql_send(&bench->queue, &packet);
}

static void end(struct bench *bench)
{
	aql_close(&bench->queue);
	aql_commands_free(&bench->commands);
	aql_free(bench->word);
	for (unsigned i = 0; i < EVENTS; i++)
		assert_status(hsaKmtDestroyEvent(bench->events[i]), SUCCESS);
	aql_bench_close(&bench->aql);
}

struct sleeper {
	HsaEvent *events[EVENTS];
	HSAuint32 count;
	HSAKMT_STATUS status;
	uint64_t woken_ns;
	pthread_t thread;
};

static void *run_sleeper(void *arg)
{
	struct sleeper *sleeper = arg;

	sleeper->status = hsaKmtWaitOnMultipleEvents(sleeper->events, sleeper->count, false, LATE_MS);
	sleeper->woken_ns = aql_now_ns();
	return NULL;
}

static void send_to_sleep(struct sleeper *sleeper)
{
	assert_int_equal(pthread_create(&sleeper->thread, NULL, run_sleeper, sleeper), 0);
}

/* The milliseconds until it was woken. */
static uint64_t woken_after(struct sleeper *sleeper, uint64_t start)
{
	pthread_join(sleeper->thread, NULL);
	assert_status(sleeper->status, SUCCESS);
	return (sleeper->woken_ns - start) / MS;
}

static HSAKMT_STATUS look(HsaEvent *event)
{
	return hsaKmtWaitOnEvent(event, 0);
}

static void assert_fault(const HsaEvent *event, HSAuint32 node, bool write)
{
	const HsaMemoryAccessFault *fault = &event->EventData.EventData.MemoryAccessFault;

	assert_int_equal(event->EventData.EventType, HSA_EVENTTYPE_MEMORY);
	assert_int_equal(fault->NodeId, node);
	assert_true(fault->VirtualAddress == VA);
	assert_int_equal(fault->Failure.NotPresent, 1);
	assert_int_equal(fault->Failure.ReadOnly, write);
	assert_int_equal(fault->Failure.NoExecute, 0);
	assert_int_equal(fault->Failure.GpuAccess, 0);
	assert_int_equal(fault->Failure.ECC, 0);
	assert_int_equal(fault->Failure.ErrorType, 0);
	assert_int_equal(fault->Flags, HSA_EVENTID_MEMORY_FATAL_PROCESS);
	/* what was there before is not touched */
	assert_int_equal(event->EventData.HWData1, event->EventId);
}

static void assert_exception(const HsaEvent *event, HSAuint32 node)
{
	const HsaHwException *exception = &event->EventData.EventData.HwException;

	assert_int_equal(event->EventData.EventType, HSA_EVENTTYPE_HW_EXCEPTION);
	assert_int_equal(exception->NodeId, node);
	assert_int_equal(exception->MemoryLost, 1);
	assert_int_equal(exception->ResetType, 0);
	assert_int_equal(exception->ResetCause, HSA_EVENTID_HW_EXCEPTION_GPU_HANG);
	assert_int_equal(event->EventData.HWData1, event->EventId);
}

/* Two sleep, as ROCr does, on a signal and on what ends the world; a third on a signal alone. */
static void lose(struct bench *bench, const char *how, unsigned first, const char *name)
{
	struct sleeper sleepers[2], other = {.events = {bench->events[SIGNAL]}, .count = 1};
	uint64_t start, after;
	HsaEvent *late;

	for (unsigned i = 0; i < 2; i++) {
		sleepers[i] = (struct sleeper){.events = {bench->events[SIGNAL], bench->events[first + i]},
					       .count = 2};
		send_to_sleep(&sleepers[i]);
	}
	send_to_sleep(&other);
	usleep(20000);
	start = aql_now_ns();
	assert_int_equal(dxgsim_control(how), 0);
	for (unsigned i = 0; i < 2; i++) {
		after = woken_after(&sleepers[i], start);
		print_message("%s: woken after %llu ms\n", name, (unsigned long long)after);
	}
	/* one that resets itself was taken, the other stays; those of the other kind are not set */
	assert_status(look(bench->events[first]), WAIT_TIMEOUT);
	assert_status(look(bench->events[first + 1]), SUCCESS);
	for (unsigned i = 0; i < SIGNAL; i++)
		if (i != first && i != first + 1)
			assert_status(look(bench->events[i]), WAIT_TIMEOUT);
	/* nobody else was disturbed */
	assert_status(hsaKmtSetEvent(bench->events[SIGNAL]), SUCCESS);
	woken_after(&other, start);
	/* it is told once: who comes later hears nothing of it */
	late = make(kinds[first].type, true);
	assert_status(hsaKmtWaitOnEvent(late, 120), WAIT_TIMEOUT);
	assert_status(look(bench->events[first]), WAIT_TIMEOUT);
	assert_status(hsaKmtDestroyEvent(late), SUCCESS);
	/* and the queue */
	aql_expect_error(&bench->queue, (int64_t)0x80000000);
}

static void a_page_fault_wakes_who_waits_for_memory_faults(void **state)
{
	char how[64];

	(void)state;
	for (unsigned write = 0; write < 2; write++) {
		struct bench bench;

		begin(&bench);
		snprintf(how, sizeof(how), "page-fault:va=0x%llx%s", VA, write ? "" : ":read");
		lose(&bench, how, FAULT_AUTO, "page fault");
		for (unsigned i = FAULT_AUTO; i <= FAULT_MANUAL; i++)
			assert_fault(bench.events[i], bench.aql.node, write);
		end(&bench);
		assert_status(hsaKmtReleaseSystemProperties(), SUCCESS);
		assert_status(hsaKmtCloseKFD(), SUCCESS);
	}
}

static void any_other_loss_wakes_who_waits_for_exceptions(void **state)
{
	static const char *const losses[] = {"reset", "reset:engine"};

	(void)state;
	for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
		struct bench bench;

		begin(&bench);
		lose(&bench, losses[i], EXCEPTION_AUTO, losses[i]);
		for (unsigned n = EXCEPTION_AUTO; n <= EXCEPTION_MANUAL; n++)
			assert_exception(bench.events[n], bench.aql.node);
		end(&bench);
		assert_status(hsaKmtReleaseSystemProperties(), SUCCESS);
		assert_status(hsaKmtCloseKFD(), SUCCESS);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_page_fault_wakes_who_waits_for_memory_faults, machine_teardown),
		cmocka_unit_test_teardown(any_other_loss_wakes_who_waits_for_exceptions, machine_teardown),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s ADAPTERS\n", argv[0]);
		return 2;
	}
	adapters = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
