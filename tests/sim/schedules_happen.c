// SPDX-License-Identifier: MIT
/* Who lets the faults of a schedule happen, and who waits for the events that tell of losses. */
#include "dxgsim/dxgsim.h"
#include "schedules.h"

#define OBSERVE_MS 10u

static pthread_t happens, observes;
static _Atomic bool observe_ends;
static uint64_t started_ns;

/* From now on things may be otherwise. */
static void begin(const struct plan_fault *fault)
{
	if (fault->harm & HARM_SLEEP)
		atomic_fetch_add(&world.pause_ms, fault->pause_ms);
	for (unsigned i = 0; i < SCHEDULE_GPUS; i++)
		if (fault->harm & (HARM_LOSES | HARM_FAILS) && fault->adapters & 1u << i)
			atomic_fetch_add(&world.losses[i], fault->harm & HARM_TWICE ? 2 : 1);
	atomic_fetch_or(&world.harms, fault->harm);
	/* what strikes the first jobs on a GPU, that find out how it is used, makes it unusable until the next open */
	if (fault->harm & HARM_ORDER && !(atomic_load(&world.used) & fault->adapters))
		atomic_fetch_or(&world.harms, HARM_CHANGES);
	if (fault->harm & ~(unsigned)(HARM_SLEEP | HARM_WAKES))
		atomic_fetch_or(&world.disturbed, fault->adapters);
}

void happen_arm(bool early)
{
	for (unsigned i = 0; i < world.plan.fault_count; i++) {
		const struct plan_fault *fault = &world.plan.faults[i];

		if (!fault->call || fault->early != early)
			continue;
		begin(fault);
		if (dxgsim_fault(fault->spec))
			wrong("%s is no fault", fault->spec);
	}
}

/* Of the first loss of GPUs in use an event tells; what is found when it comes to a second one is not known. */
static bool must_tell(const struct plan_fault *fault)
{
	uint32_t used = atomic_load(&world.used) & fault->adapters;

	/* a host that is asleep says nothing */
	return fault->harm & HARM_TELLS && atomic_load(&world.observed) && used && !may_fail(ALL_ADAPTERS) &&
	       (fault->harm & HARM_WAKES || !has_harm(HARM_SLEEP));
}

static uint32_t all_told(void)
{
	uint32_t all = 0;

	for (unsigned i = 0; i < SCHEDULE_GPUS; i++)
		all += atomic_load(&world.told[i]);
	return all;
}

static void strike(const struct plan_fault *fault)
{
	bool must = must_tell(fault);
	uint32_t before = all_told();
	uint64_t start;

	step(fault->spec, 0);
	begin(fault);
	fprintf(stderr, "[%llu ms] %s\n", (unsigned long long)(now_ns() - started_ns) / 1000000, fault->spec);
	/* what cannot be, as a hang of what is away, does not happen */
	if (dxgsim_control(fault->spec) || !must)
		return;
	atomic_fetch_add(&world.shared->losses, 1);
	start = now_ns();
	step("waits for news of a loss", 0);
	while (all_told() == before) {
		if (now_ns() - start > patience_ns())
			wrong("%s: no event told of it", fault->spec);
		nap_us(1000);
	}
}

static void *happen(void *arg)
{
	stand_as(SCHEDULE_WORKERS, "faults", 0);
	for (unsigned i = 0; i < world.plan.fault_count; i++) {
		const struct plan_fault *fault = &world.plan.faults[i];

		if (fault->call)
			continue;
		step("waits for its time, ms", fault->at_ms);
		while (now_ns() - started_ns < fault->at_ms * 1000000ull)
			nap_us(500);
		strike(fault);
	}
	stand_down();
	return arg;
}

static void start(pthread_t *thread, void *(*body)(void *arg))
{
	if (pthread_create(thread, NULL, body, NULL))
		wrong("no thread");
}

void happen_start(void)
{
	started_ns = now_ns();
	start(&happens, happen);
}

void happen_join(void)
{
	pthread_join(happens, NULL);
}

/* ---- events ---- */

static void note_loss(HSAuint32 node)
{
	for (unsigned i = 0; i < world.plan.adapter_count; i++) {
		if (world.node[i] != node)
			continue;
		if (!may_fail(1u << i))
			wrong("an event tells of a loss of node %u, which nothing has befallen", node);
		atomic_fetch_add(&world.told[i], 1);
		atomic_fetch_add(&world.shared->events, 1);
		return;
	}
	wrong("an event tells of node %u, which is no GPU", node);
}

static void look_for(HsaEvent *event, const char *what)
{
	HSAKMT_STATUS status;

	step(what, 0);
	status = hsaKmtWaitOnEvent(event, OBSERVE_MS);
	if (status == HSAKMT_STATUS_WAIT_TIMEOUT)
		return;
	if (status != HSAKMT_STATUS_SUCCESS)
		wrong("hsaKmtWaitOnEvent: status %d", (int)status);
	if (event->EventData.EventType == HSA_EVENTTYPE_MEMORY)
		note_loss(event->EventData.EventData.MemoryAccessFault.NodeId);
	else
		note_loss(event->EventData.EventData.HwException.NodeId);
}

static HsaEvent *make_event(HSA_EVENTTYPE type)
{
	HsaEventDescriptor descriptor = {.EventType = type};
	HsaEvent *event = NULL;

	call_worked(hsaKmtCreateEvent(&descriptor, false, false, &event), "hsaKmtCreateEvent", ALL_ADAPTERS);
	return event;
}

static void *observe(void *arg)
{
	HsaEvent *fault, *exception;

	stand_as(SCHEDULE_WORKERS + 1, "observer", 0);
	fault = make_event(HSA_EVENTTYPE_MEMORY);
	exception = make_event(HSA_EVENTTYPE_HW_EXCEPTION);
	atomic_store(&world.observed, fault && exception);
	while (atomic_load(&world.observed) && !atomic_load(&observe_ends)) {
		look_for(fault, "waits for a memory event");
		look_for(exception, "waits for an exception event");
	}
	if (fault)
		release_worked(hsaKmtDestroyEvent(fault), "hsaKmtDestroyEvent");
	if (exception)
		release_worked(hsaKmtDestroyEvent(exception), "hsaKmtDestroyEvent");
	stand_down();
	return arg;
}

void observe_start(void)
{
	atomic_store(&observe_ends, false);
	start(&observes, observe);
}

void observe_stop(void)
{
	atomic_store(&observe_ends, true);
	pthread_join(observes, NULL);
	atomic_store(&world.observed, false);
}
