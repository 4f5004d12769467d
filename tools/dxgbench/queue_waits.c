// SPDX-License-Identifier: MIT
/*
 * One queue behind another: by a barrier in the second, beside a CPU that waits for the first and sends then.  And a thread that sleeps
 * until a kernel is over, on the event of its signal, beside one that spins on the signal's value.
 */
#include <pthread.h>
#include <semaphore.h>
#include <time.h>

#include "dxgbench/options.h"
#include "dxgbench/report.h"
#include "dxgbench/sender.h"

#define AHEAD	    64U /* dispatches of the first queue, so that it is still at work when the second is rung */
#define ASLEEP_NS   2000000L
#define PATIENCE_MS 10000U

static bool depend(struct sender *first, struct sender *second, bool on_cpu)
{
	struct signal *produced = &first->signals[0], *end = &second->signals[0];

	signal_arm(produced);
	signal_arm(end);
	for (unsigned i = 1; i <= AHEAD; i++)
		if (!sender_put(first, i == AHEAD ? produced : NULL))
			return false;
	if (!sender_ring(first))
		return false;
	if (on_cpu ? !signal_spin(produced) : !sender_put_barrier(second, produced, NULL))
		return false;
	return sender_put(second, end) && sender_ring(second) && signal_spin(end);
}

static void dependencies(struct report *report, struct machine *machine, const struct options *options,
			 bool on_cpu)
{
	struct row *row =
		on_cpu ? report_row(report, "dependency-cpu", "dependency",
				    "... the CPU waits and sends then")
		       : report_row(report, "dependency", NULL,
				    "%u dispatches, and one of another queue behind a barrier", AHEAD);
	struct sender first, second;
	struct measure measure;
	bool good;

	if (!sender_open(&first, report, row, machine))
		return;
	if (!sender_open(&second, report, row, machine)) {
		sender_close(&first);
		return;
	}
	/* once for what only the first time needs */
	good = depend(&first, &second, on_cpu);
	measure_begin(&measure, row, options->repeat, 1);
	for (uint64_t i = 0; good && i < options->repeat; i++) {
		measure_start(&measure);
		good = depend(&first, &second, on_cpu);
		if (good)
			measure_stop(&measure);
	}
	measure_end(&measure);
	if (!good)
		sender_failed(signal_is_done(&first.signals[0]) ? &second : &first, report, row, machine);
	sender_close(&second);
	sender_close(&first);
}

/* Who waits for the signal, each time that he is told to. */
struct sleeper {
	const struct signal *signal;
	HsaEvent *event; /* NULL: he spins */
	sem_t begin, end;
	uint64_t woke_ns; /* 0: not in time */
	bool leave;
};

static bool sleep_on(HsaEvent *event, const struct signal *signal)
{
	while (!signal_is_done(signal))
		if (hsaKmtWaitOnEvent(event, PATIENCE_MS) != HSAKMT_STATUS_SUCCESS)
			return signal_is_done(signal);
	return true;
}

static void *wait_for_signals(void *arg)
{
	struct sleeper *sleeper = arg;

	for (;;) {
		while (sem_wait(&sleeper->begin))
			;
		if (sleeper->leave)
			return NULL;
		sleeper->woke_ns = (sleeper->event ? sleep_on(sleeper->event, sleeper->signal)
						   : signal_spin(sleeper->signal))
					   ? now_ns()
					   : 0;
		sem_post(&sleeper->end);
	}
}

static bool wake_once(struct sender *sender, struct sleeper *sleeper, struct measure *measure)
{
	const struct timespec asleep = {.tv_nsec = ASLEEP_NS};
	bool sent;

	signal_arm(&sender->signals[0]);
	sem_post(&sleeper->begin);
	nanosleep(&asleep, NULL);
	measure_start(measure);
	sent = sender_put(sender, &sender->signals[0]) && sender_ring(sender);
	while (sem_wait(&sleeper->end))
		;
	if (!sent || !sleeper->woke_ns)
		return false;
	measure_stopped_at(measure, sleeper->woke_ns);
	return true;
}

static void wake_all(struct report *report, struct machine *machine, struct row *row, struct sender *sender,
		     HsaEvent *event, uint64_t count)
{
	struct sleeper sleeper = {.signal = &sender->signals[0], .event = event};
	struct measure measure;
	pthread_t thread;

	sem_init(&sleeper.begin, 0, 0);
	sem_init(&sleeper.end, 0, 0);
	if (pthread_create(&thread, NULL, wait_for_signals, &sleeper)) {
		report_failed(report, row, "no thread");
		return;
	}
	measure_begin(&measure, row, count, 1);
	for (uint64_t i = 0; i < count; i++) {
		if (!wake_once(sender, &sleeper, &measure)) {
			sender_failed(sender, report, row, machine);
			break;
		}
	}
	measure_end(&measure);
	sleeper.leave = true;
	sem_post(&sleeper.begin);
	pthread_join(thread, NULL);
	sem_destroy(&sleeper.begin);
	sem_destroy(&sleeper.end);
}

static void wakes(struct report *report, struct machine *machine, const struct options *options, bool spin)
{
	struct row *row = spin ? report_row(report, "wake-spin", "wake", "... to one that spins on its value")
			       : report_row(report, "wake", NULL,
					    "from a ring to a thread asleep on the signal's event");
	HsaEventDescriptor descriptor = {.EventType = HSA_EVENTTYPE_SIGNAL};
	struct sender sender;
	HsaEvent *event;

	if (!sender_open(&sender, report, row, machine))
		return;
	if (hsaKmtCreateEvent(&descriptor, false, false, &event) != HSAKMT_STATUS_SUCCESS) {
		report_failed(report, row, "no event");
		sender_close(&sender);
		return;
	}
	if (!spin) {
		sender.signals[0].mailbox = event->EventData.HWData2;
		sender.signals[0].event_id = event->EventId;
	}
	if (sender_use(&sender))
		wake_all(report, machine, row, &sender, spin ? NULL : event, options->repeat);
	else
		sender_failed(&sender, report, row, machine);
	sender_close(&sender);
	hsaKmtDestroyEvent(event);
}

void queue_waits(struct report *report, struct machine *machine, const struct options *options)
{
	dependencies(report, machine, options, false);
	dependencies(report, machine, options, true);
	wakes(report, machine, options, false);
	wakes(report, machine, options, true);
}
