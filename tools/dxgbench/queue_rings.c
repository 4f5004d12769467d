// SPDX-License-Identifier: MIT
/*
 * From a packet to its submission: rung by call on the sending thread, handed to another thread by a condition variable as
 * libraries do that have a thread for each queue, and rung by a store that the library has to see.
 */
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "dxgbench/options.h"
#include "dxgbench/report.h"
#include "dxgbench/sender.h"
#include "queue/doorbell.h"

#define SOON_NS	 1000000L  /* the watcher still looks */
#define QUIET_NS 10000000L /* and now it sleeps */

struct hand {
	struct sender *sender;
	pthread_mutex_t lock;
	pthread_cond_t given;
	bool work, end, failed;
};

static void *take_over(void *arg)
{
	struct hand *hand = arg;

	pthread_mutex_lock(&hand->lock);
	while (!hand->end) {
		if (!hand->work) {
			pthread_cond_wait(&hand->given, &hand->lock);
			continue;
		}
		hand->work = false;
		pthread_mutex_unlock(&hand->lock);
		if (!sender_ring(hand->sender)) {
			pthread_mutex_lock(&hand->lock);
			hand->failed = true;
			break;
		}
		pthread_mutex_lock(&hand->lock);
	}
	pthread_mutex_unlock(&hand->lock);
	return NULL;
}

static bool tell(struct hand *hand, bool end)
{
	bool good;

	pthread_mutex_lock(&hand->lock);
	hand->work = !end;
	hand->end = end;
	good = !hand->failed;
	pthread_cond_signal(&hand->given);
	pthread_mutex_unlock(&hand->lock);
	return good;
}

enum manner { BY_CALL, BY_HAND, BY_STORE };

struct ring {
	const char *name, *beside, *title;
	enum manner manner;
	long pause_ns;
	bool look; /* without userfaultfd */
};

static bool ring_once(struct sender *sender, struct hand *hand, const struct ring *ring,
		      struct measure *measure)
{
	const struct timespec pause = {.tv_nsec = ring->pause_ns};

	if (ring->pause_ns)
		nanosleep(&pause, NULL);
	signal_arm(&sender->signals[0]);
	measure_start(measure);
	if (!sender_put(sender, &sender->signals[0]) ||
	    !(ring->manner == BY_HAND ? tell(hand, false) : sender_ring(sender)) ||
	    !sender_wait_taken(sender))
		return false;
	measure_stop(measure);
	return signal_spin(&sender->signals[0]);
}

static void ring_all(struct report *report, struct machine *machine, struct row *row, struct sender *sender,
		     const struct ring *ring, uint64_t count)
{
	struct hand hand = {
		.sender = sender, .lock = PTHREAD_MUTEX_INITIALIZER, .given = PTHREAD_COND_INITIALIZER};
	struct measure measure;
	pthread_t thread;

	if (ring->manner == BY_HAND && pthread_create(&thread, NULL, take_over, &hand)) {
		report_failed(report, row, "no thread");
		return;
	}
	measure_begin(&measure, row, count, 1);
	for (uint64_t i = 0; i < count; i++) {
		if (!ring_once(sender, &hand, ring, &measure)) {
			sender_failed(sender, report, row, machine);
			break;
		}
	}
	measure_end(&measure);
	if (ring->manner == BY_HAND) {
		tell(&hand, true);
		pthread_join(thread, NULL);
	}
}

static void measure_ring(struct report *report, struct machine *machine, struct row *row,
			 const struct ring *ring, uint64_t count, unsigned watches)
{
	struct sender sender;

	if (!sender_open(&sender, report, row, machine))
		return;
	sender.stores = ring->manner == BY_STORE;
	if (sender.stores) {
		bool looked_at = count_watches() == watches;

		row->bound_ns = looked_at ? DOORBELL_LOOK_MAX_NS : DOORBELL_PAUSE_MAX_NS;
		if (looked_at && !ring->look)
			snprintf(row->title, sizeof(row->title), "%s; no userfaultfd here", ring->title);
	}
	if (sender_use(&sender))
		ring_all(report, machine, row, &sender, ring, count);
	else
		sender_failed(&sender, report, row, machine);
	sender_close(&sender);
}

void queue_rings(struct report *report, struct machine *machine, const struct options *options)
{
	static const struct ring rings[] = {
		{"ring-call", NULL, "a packet rung by call, until it is submitted", BY_CALL, 0, false},
		{"ring-thread", "ring-call", "... handed to a thread that sleeps", BY_HAND, 0, false},
		{"ring-store-soon", "ring-call", "... rung by a store, 1 ms after another", BY_STORE, SOON_NS,
		 false},
		{"ring-call-quiet", NULL, "a packet rung by call after 10 ms of quiet", BY_CALL, QUIET_NS,
		 false},
		{"ring-thread-quiet", "ring-call-quiet", "... handed to a thread that sleeps", BY_HAND,
		 QUIET_NS, false},
		{"ring-store", "ring-call-quiet", "... rung by a store", BY_STORE, QUIET_NS, false},
		{"ring-look", "ring-call-quiet", "... rung by a store, without userfaultfd", BY_STORE,
		 QUIET_NS, true},
	};
	/* the first queue of the process asked for them, or will */
	unsigned watches = 0;

	for (size_t i = 0; i < sizeof(rings) / sizeof(rings[0]); i++) {
		struct row *row = report_row(report, rings[i].name, rings[i].beside, "%s", rings[i].title);

		if (rings[i].look) {
			watches = count_watches();
			if (!machine_reopen(machine, true)) {
				machine->stuck = true;
				report_failed(report, row, "the library does not open again");
				continue;
			}
		}
		measure_ring(report, machine, row, &rings[i], options->repeat, watches);
		if (rings[i].look && !machine_reopen(machine, false))
			machine->stuck = true;
	}
}
