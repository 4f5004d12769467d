// SPDX-License-Identifier: MIT
/*
 * Ringing: the thread that rings translates and submits.  Who finds the lock taken leaves the work to the holder, who looks
 * again at the counter after unlocking: a ring is either drained by its own thread or seen there.
 */
#include "queue/objects.h"

#include <stddef.h>

#include "gsp/device.h"
#include "util/compiler.h"

#define TURN_NS 1000000ULL

#define CONTAINER(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/*
 * A queue that stays parked is on the list already: asking again would count as news, and the thread that looks would not sleep between
 * its looks.  One that came to its next barrier is news: who waits for that has not waited yet, and looks are rare by now.
 */
static void park(struct queue *queue, bool advanced)
{
	/* a frame comes with a fence, which is expected already */
	if (queue->starved)
		atomic_store(&queue->parked, QUEUE_STARVED);
	else if (atomic_exchange(&queue->parked, QUEUE_LOOKED_AT) != QUEUE_LOOKED_AT || queue->yields ||
		 advanced)
		completion_look(queue->queues->completion, &queue->look);
}

static void drain(struct queue *queue)
{
	enum queue_progress progress;
	uint64_t read;

	if (gsp_device_is_lost(lane_device(queue->lane))) {
		if (!atomic_load(&queue->ending))
			queue_lose(queue);
		atomic_store(&queue->parked, QUEUE_RUNS);
		return;
	}
	if (atomic_load(&queue->ending) || queue->stopped || !queue->enabled) {
		atomic_store(&queue->parked, QUEUE_RUNS);
		return;
	}
	queue->starved = queue->yields = false;
	atomic_store(&queue->frame_wait, 0);
	read = __atomic_load_n(queue->read_index, __ATOMIC_RELAXED);
	progress = queue->ops->drain(queue);
	if (progress == QUEUE_PARKED)
		park(queue, read != __atomic_load_n(queue->read_index, __ATOMIC_RELAXED));
	else
		atomic_store(&queue->parked, QUEUE_RUNS);
}

/*
 * Drains until no ring came meanwhile.  False: until the turn was over; what came is seen when the queue is looked at.  With the lock.
 */
static bool drain_rings(struct queue *queue, uint64_t *seen)
{
	queue->yields = false;
	do {
		*seen = atomic_load(&queue->rings);
		drain(queue);
	} while (!queue->yields && *seen != atomic_load(&queue->rings));
	return !queue->yields;
}

/* turn_ns 0: as long as it takes. */
static void ring(struct queue *queue, uint64_t turn_ns)
{
	uint64_t ends_ns = turn_ns ? clock_ns() + turn_ns : 0, seen;
	bool drained;

	atomic_fetch_add(&queue->rings, 1);
	do {
		if (pthread_mutex_trylock(&queue->lock))
			return;
		queue->turn_ends_ns = ends_ns;
		drained = drain_rings(queue, &seen);
		pthread_mutex_unlock(&queue->lock);
	} while (drained && seen != atomic_load(&queue->rings));
}

void queue_ring(struct queue *queue)
{
	ring(queue, 0);
}

void queue_ring_briefly(struct queue *queue)
{
	ring(queue, TURN_NS);
}

void queue_starve(struct queue *queue, uint64_t ordinal)
{
	queue->starved = true;
	atomic_store(&queue->frame_wait, ordinal);
	completion_expect(queue->queues->completion, &queue->source, lane_point(queue->lane, ordinal).wanted);
}

void queue_lock(struct queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->rings_seen = atomic_load(&queue->rings);
}

void queue_unlock(struct queue *queue)
{
	uint64_t seen = queue->rings_seen;

	pthread_mutex_unlock(&queue->lock);
	if (seen != atomic_load(&queue->rings))
		queue_ring(queue);
}

/* The queue's fence moved, or its device is lost: what follows on the CPU is done, and frames are free. */
uint64_t queue_passed(struct completion_source *source)
{
	struct queue *queue = CONTAINER(source, struct queue, source);
	uint64_t blocked = atomic_load(&queue->frame_wait), next;
	bool lost = gsp_device_is_lost(lane_device(queue->lane));

	if (lost) {
		queue_explain_loss(queue);
		/* who is woken for nothing finds the error */
		queue_ring_briefly(queue);
	}
	next = actions_run(queue->actions);
	if (lost)
		return 0;
	if (!queue_gpu_state(queue)->gpu.platform_atomics)
		book_settled(queue->queues->book, queue->lane, actions_settled(queue->actions));
	if (blocked && lane_done(queue->lane) >= blocked) {
		/* a ring is not forgotten, whoever has the lock; and who does not translate any more has no use for it */
		atomic_compare_exchange_strong(&queue->frame_wait, &(uint64_t){blocked}, 0);
		queue_ring_briefly(queue);
		blocked = atomic_load(&queue->frame_wait);
	}
	if (blocked && (!next || blocked < next))
		next = blocked;
	return next ? lane_point(queue->lane, next).wanted : 0;
}

/*
 * What a parked queue waits for may be there: it is rung, and looked at again while it stays parked.  Also a signal with an event: runtimes set
 * that only for who they know to sleep on it (ROCr: interrupt_signal.cpp), which no queue is.
 */
bool queue_look(struct completion_look *look)
{
	struct queue *queue = CONTAINER(look, struct queue, look);

	if (atomic_load(&queue->parked) == QUEUE_LOOKED_AT)
		queue_ring_briefly(queue);
	return atomic_load(&queue->parked) == QUEUE_LOOKED_AT;
}

/* What the completion thread calls when the tick after a loss is over: who has the lock takes the step (loss.c). */
bool queue_look_at_loss(struct completion_look *look)
{
	queue_ring_briefly(CONTAINER(look, struct queue, release));
	return false;
}
