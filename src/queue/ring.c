// SPDX-License-Identifier: MIT
/*
 * Ringing: the thread that rings translates and submits.  Who finds the lock taken leaves the work to the holder, who looks
 * again at the counter after unlocking: a ring is either drained by its own thread or seen there.
 */
#include "queue/objects.h"

#include <stddef.h>

#include "util/compiler.h"

#define CONTAINER(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/*
 * A queue that stays parked in the same manner is on the list already: asking again would count as news, and the thread that looks would
 * not sleep between its looks.
 */
static void park(struct queue *queue)
{
	bool told = queue->waits_for_event;
	int manner = told ? QUEUE_TOLD : QUEUE_LOOKED_AT;

	/* a frame comes with a fence, which is expected already */
	if (atomic_load(&queue->frame_wait))
		atomic_store(&queue->parked, QUEUE_STARVED);
	else if (atomic_exchange(&queue->parked, manner) != manner)
		completion_look(queue->queues->completion, &queue->looks[told]);
}

static void drain(struct queue *queue)
{
	enum queue_progress progress;

	if (atomic_load(&queue->ending) || queue->stopped || !queue->enabled) {
		atomic_store(&queue->parked, QUEUE_RUNS);
		return;
	}
	atomic_store(&queue->frame_wait, 0);
	progress = queue->ops->drain(queue);
	if (progress == QUEUE_PARKED)
		park(queue);
	else
		atomic_store(&queue->parked, QUEUE_RUNS);
}

/* Drains until no ring came meanwhile; returns the count that was seen last.  With the lock. */
static uint64_t drain_rings(struct queue *queue)
{
	uint64_t seen;

	do {
		seen = atomic_load(&queue->rings);
		drain(queue);
	} while (seen != atomic_load(&queue->rings));
	return seen;
}

void queue_ring(struct queue *queue)
{
	uint64_t seen;

	atomic_fetch_add(&queue->rings, 1);
	do {
		if (pthread_mutex_trylock(&queue->lock))
			return;
		seen = drain_rings(queue);
		pthread_mutex_unlock(&queue->lock);
	} while (seen != atomic_load(&queue->rings));
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
	uint64_t blocked = atomic_load(&queue->frame_wait), next = actions_run(queue->actions);

	if (!queue_gpu_state(queue)->gpu.platform_atomics)
		book_settled(queue->queues->book, queue->lane, actions_settled(queue->actions));
	if (blocked && lane_done(queue->lane) >= blocked) {
		queue_ring(queue);
		blocked = atomic_load(&queue->frame_wait);
	}
	if (blocked && (!next || blocked < next))
		next = blocked;
	return next ? lane_point(queue->lane, next).wanted : 0;
}

/* What a parked queue waits for may be there: it is rung, and looked at again while it stays parked in the same manner. */
bool queue_look(struct completion_look *look)
{
	enum queue_parking manner = look->when_kicked ? QUEUE_TOLD : QUEUE_LOOKED_AT;
	struct queue *queue = look->when_kicked ? CONTAINER(look, struct queue, looks[1])
						: CONTAINER(look, struct queue, looks[0]);

	if (atomic_load(&queue->parked) == (int)manner)
		queue_ring(queue);
	return atomic_load(&queue->parked) == (int)manner;
}
