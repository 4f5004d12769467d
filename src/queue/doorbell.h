// SPDX-License-Identifier: MIT
/*
 * Doorbells that are stored to.
 *
 * All cells of the process lie on pages that one thread watches: by userfaultfd write-protection, where the kernel grants it,
 * else by looks that back off.  The first store after a quiet time faults, wakes the thread, which takes the protection
 * off and then rings every queue whose cell changed, until nothing has changed for a while; then it protects the pages and
 * looks once more.  While the pages are protected and quiet nothing runs at all.
 *
 * How late a store is seen, besides what the scheduler takes to run the thread: after a quiet time at the fault, which takes the storing
 * thread as long as waking the other; within 2 ms after another store by a look, DOORBELL_PAUSE_MAX_NS at most.  With looks alone after a
 * quarter of the time that was quiet before, DOORBELL_LOOK_MAX_NS at most.
 */
#ifndef QUEUE_DOORBELL_H
#define QUEUE_DOORBELL_H

#include <stdbool.h>
#include <stdint.h>

struct doorbells;

#define DOORBELL_PAUSE_MAX_NS 200000ULL /* between looks with userfaultfd */
#define DOORBELL_LOOK_MAX_NS \
	80000000ULL /* without userfaultfd: how late a store after a quiet time is seen at most */

/* One cell; embedded in its queue.  Stays at its address from doorbell_get() to doorbell_put(). */
struct doorbell {
	uint64_t *cell; /* what the queue's user stores to */
	/* on the watching thread, after a store, and once after doorbell_watch(); no lock held.  May ring late, not never */
	void (*rung)(struct doorbell *doorbell, uint64_t value);

	/* doorbell.c's */
	uint32_t index;
	bool watched;
	bool owed; /* a ring, whatever the cell holds */
	uint64_t seen;
};

/* forced_fallback: do not try userfaultfd (HSAKMT_DXG_DOORBELL=look). */
int doorbells_create(bool forced_fallback, struct doorbells **out);
/* Ends the thread.  All cells were put. */
void doorbells_destroy(struct doorbells *doorbells);

/* A cell that holds `initial` and is not watched yet.  -ENOSPC: thousands are in use; -ENOMEM. */
int doorbell_get(struct doorbells *doorbells, uint64_t initial, struct doorbell *doorbell);
/* Watches the cell; makes the thread on first use.  -EAGAIN, -ENOMEM, -EMFILE, -ENFILE: no thread. */
int doorbell_watch(struct doorbells *doorbells, struct doorbell *doorbell);
/* Does not watch it any more; when this returns rung() is not running for it, unless called from inside rung(). */
void doorbell_unwatch(struct doorbells *doorbells, struct doorbell *doorbell);
void doorbell_put(struct doorbells *doorbells, struct doorbell *doorbell);

/* "userfaultfd", "looks", or "none" while nothing was watched yet. */
const char *doorbells_method(const struct doorbells *doorbells);

#endif
