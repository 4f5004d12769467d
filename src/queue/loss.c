// SPDX-License-Identifier: MIT
/*
 * What becomes of a queue whose device is lost.
 *
 * In this order, each step once:
 *
 * 1. The completion thread, which hears of every loss, asks for the cause.  That may take its time, so it is done without a lock.
 * 2. The queue is stopped and its user told, when there is work of his: an idle queue's user is told when he publishes something.  Runtimes
 *    end the process for an error of a queue of their own (ROCr: Queue::DefaultErrorHandler), and a program that has lost nothing need not
 *    end.  From when the device is known to be lost nothing is translated or submitted any more.
 * 3. A tick later who waits is released: the signals that its submissions were to bring down and did not, and those of packets that were
 *    published, become lost (SIGNAL_LOST).  A runtime that ends the process for a queue's error (HIP) has done so by then, before the
 *    program could take anything for done.
 * 4. From then on the signal of whatever is published is lost when the queue is rung.
 *
 * The rule by which nothing is missed, or told twice: steps 2 to 4 are taken by who has the queue's lock and finds the device lost,
 * in drain() of ring.c, and in queue_destroy().  A ring is never forgotten, so after step 1, and when the tick is over, somebody comes.
 * A submission that is being made when the loss is found is under the same lock: it fails and leaves its packets in the ring, or it was
 * made, and what it owes was written down before (batch_submit()).  Who destroys the queue takes it from the completion thread first,
 * then waits for the lock, then takes step 3 at once: its user is not there to be told, and what waits may not wait longer than the
 * queue lasts.  A fork's child has neither the thread nor the queues.
 *
 * The queue's lane names the device that it was made on, and its ordinals with it: neither changes when the GPU gets another device.
 */
#include "gsp/diagnose.h"
#include "queue/objects.h"
#include "queue/signal.h"

#define TICK_NS 50000000ULL

/*
 * Whether the submission with this ordinal did its decrements, as far as that was seen while the device lived, or can be told from those of
 * the next ones.  Its signals may be somebody else's by then.
 */
static bool is_over(const struct queue *queue, uint64_t ordinal)
{
	if (!queue_gpu_state(queue)->gpu.platform_atomics)
		return actions_settled(queue->actions) >= ordinal;
	if (lane_seen(queue->lane) >= ordinal)
		return true;
	/* submissions run one after the other: the word is written before the first decrement of each */
	return (int32_t)(__atomic_load_n((const volatile uint32_t *)lane_mark(queue->lane),
					 __ATOMIC_ACQUIRE) -
			 (uint32_t)ordinal) > 0;
}

static void release(struct queue *queue)
{
	struct owed_signal owed;

	while (owed_take(&queue->owed, &owed))
		if (!is_over(queue, owed.ordinal))
			queue_lose_signal(queue->queues, owed.signal);
	if (queue->ops->lose)
		queue->ops->lose(queue);
	atomic_store(&queue->loss, QUEUE_LOSS_OVER);
	/* queues that wait for these signals */
	completion_kick(queue->queues->completion);
}

static void tell(struct queue *queue)
{
	struct gsp_diagnosis diagnosis;
	char text[120];

	gsp_device_diagnose(lane_device(queue->lane), &diagnosis);
	queue_fail(queue, QUEUE_ERROR_EXCEPTION, "%s", gsp_diagnosis_text(&diagnosis, text, sizeof(text)));
	queue->release_ns = clock_ns() + TICK_NS;
	atomic_store(&queue->loss, QUEUE_LOSS_TOLD);
	completion_look_at(queue->queues->completion, &queue->release, queue->release_ns);
}

/* On the completion thread, without the lock: the device is lost. */
void queue_explain_loss(struct queue *queue)
{
	struct gsp_diagnosis diagnosis;
	int none = QUEUE_LOSS_NONE;

	if (atomic_load(&queue->loss) != none)
		return;
	gsp_device_diagnose(lane_device(queue->lane), &diagnosis);
	atomic_compare_exchange_strong(&queue->loss, &none, QUEUE_LOSS_EXPLAINED);
}

/* Whether its user has anything to lose there: what runs, or has not been seen to end, or is published. */
static bool is_in_use(const struct queue *queue)
{
	return lane_seen(queue->lane) < lane_submitted(queue->lane) ||
	       __atomic_load_n(queue->write_index, __ATOMIC_ACQUIRE) !=
		       __atomic_load_n(queue->read_index, __ATOMIC_RELAXED);
}

/* With the lock: the device is lost; the next step, if it is due. */
void queue_lose(struct queue *queue)
{
	switch (atomic_load(&queue->loss)) {
	case QUEUE_LOSS_NONE:
		/* any value: of a lost device all are heard of */
		completion_expect(queue->queues->completion, &queue->source,
				  lane_point(queue->lane, 1).wanted);
		break;
	case QUEUE_LOSS_EXPLAINED:
		if (is_in_use(queue))
			tell(queue);
		break;
	case QUEUE_LOSS_TOLD:
		if (clock_ns() >= queue->release_ns)
			release(queue);
		break;
	default:
		release(queue);
		break;
	}
}

/* The same for a queue that ends: nothing of it waits. */
void queue_lose_at_once(struct queue *queue)
{
	release(queue);
}
