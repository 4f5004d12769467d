// SPDX-License-Identifier: MIT
/* How translators submit: frames, waits, what follows on the CPU, and what other queues may wait for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "queue/objects.h"
#include "queue/signal.h"
#include "util/clock.h"
#include "util/compiler.h"
#include "util/log.h"

#define RETRY_NS 1000000000ULL

/* Ends a batch; its lists are kept for the next. */
static void release(struct batch *batch)
{
	struct queue *queue = batch->queue;

	queue->lists = batch->lists;
	lane_unlock(queue->lane);
	*batch = (struct batch){.queue = queue};
}

int batch_begin(struct queue *queue, uint32_t room, struct batch *batch)
{
	uint64_t blocking;
	void *frame;
	int ret;

	*batch = (struct batch){.queue = queue, .lists = queue->lists};
	if (gsp_device_is_lost(lane_device(queue->lane)))
		return -ENODEV;
	/* it may wait for page tables, which is no matter of the queues that share the lane */
	ret = frames_reserve(queue->frames, queue->lane, room, &frame, &blocking);
	if (ret) {
		if (ret == -EAGAIN)
			queue_starve(queue, blocking);
		return ret;
	}
	lane_lock(queue->lane);
	batch->ordinal = lane_next(queue->lane);
	batch->frame = frame;
	batch->room = room;
	return 0;
}

/* `array`, or a larger one with what it held when `count` fills it; NULL: no memory, and it stays as it was. */
static void *with_room(void *array, uint32_t *room, uint32_t count, size_t size)
{
	uint32_t wanted = *room ? *room * 2 : 64;

	if (count < *room)
		return array;
	array = realloc(array, wanted * size);
	if (array)
		*room = wanted;
	return array;
}

int batch_act(struct batch *batch, const struct action *action)
{
	struct batch_lists *lists = &batch->lists;
	struct action *actions =
		with_room(lists->actions, &lists->action_room, batch->action_count, sizeof(*action));

	if (!actions)
		return -ENOMEM;
	lists->actions = actions;
	actions[batch->action_count++] = *action;
	return 0;
}

int batch_note(struct batch *batch, uint64_t signal)
{
	struct batch_lists *lists = &batch->lists;
	uint64_t *signals =
		with_room(lists->signals, &lists->signal_room, batch->signal_count, sizeof(signal));

	if (!signals)
		return -ENOMEM;
	lists->signals = signals;
	signals[batch->signal_count++] = signal;
	batch->signal_is_last = true;
	return 0;
}

int batch_decrement(struct batch *batch, uint64_t signal, bool *by_gpu, bool *tells)
{
	const struct action action = {
		.kind = queue_gpu_state(batch->queue)->gpu.platform_atomics ? ACTION_TELL : ACTION_DECREMENT,
		.signal = signal,
		.mailbox = signal_mailbox(signal),
		.id = signal_event_id(signal),
	};
	int ret = batch_note(batch, signal);

	*by_gpu = action.kind == ACTION_TELL;
	*tells = action.mailbox != 0;
	if (ret || (*by_gpu && !*tells))
		return ret;
	return batch_act(batch, &action);
}

/* All of them or none: what was expected is taken back when one fails. */
static void expect(struct batch *batch)
{
	struct queues *queues = batch->queue->queues;

	for (uint32_t i = 0; i < batch->signal_count; i++)
		if (book_expect(queues->book, batch->lists.signals[i], batch->queue->lane, batch->ordinal,
				batch->signal_is_last && i == batch->signal_count - 1))
			log_debug("queue %#llx: a signal is not known to other queues: no memory",
				  (unsigned long long)batch->queue->id);
}

/* What is over is not owed any more; of a lost device that is not known. */
static int owe(struct batch *batch)
{
	struct queue *queue = batch->queue;
	uint64_t over;

	if (!batch->signal_count)
		return 0;
	over = queue_gpu_state(queue)->gpu.platform_atomics ? lane_done(queue->lane)
							    : actions_settled(queue->actions);
	if (over != UINT64_MAX)
		owed_reap(&queue->owed, over);
	return owed_add(&queue->owed, batch->ordinal, batch->lists.signals, batch->signal_count);
}

int batch_submit(struct batch *batch, uint64_t commands, uint32_t bytes, uint32_t used)
{
	struct queue *queue = batch->queue;
	struct queues *queues = queue->queues;
	uint64_t ordinal;
	int ret = owe(batch);

	if (!ret && batch->action_count)
		ret = actions_add(queue->actions, batch->ordinal, batch->lists.actions, batch->action_count);
	if (ret) {
		owed_cancel(&queue->owed, batch->ordinal);
		release(batch);
		return ret;
	}
	expect(batch);
	ret = lane_submit(queue->lane, commands, bytes, batch->waits, batch->wait_count, &ordinal);
	book_submitted(queues->book, queue->lane, batch->ordinal, !ret);
	if (ret) {
		actions_cancel(queue->actions, batch->ordinal);
		owed_cancel(&queue->owed, batch->ordinal);
		/* what may run all the same is not written over, nor sent again */
		if (ordinal) {
			frames_commit(queue->frames, used, ordinal);
			ret = -EIO;
		}
		release(batch);
		return ret;
	}
	frames_commit(queue->frames, used, ordinal);
	queue->retry_since_ns = 0;
	if (batch->action_count)
		completion_expect(queues->completion, &queue->source,
				  lane_point(queue->lane, ordinal).wanted);
	else
		completion_busy(queues->completion);
	release(batch);
	return 0;
}

void batch_drop(struct batch *batch)
{
	release(batch);
}

static bool may_pass(int error)
{
	return error == -EAGAIN || error == -ENOMEM || error == -ENOSPC || error == -EINTR;
}

/* What runs gives memory back when it is over, and what is to be submitted could not start before. */
static bool wait_for_memory(struct queue *queue, int error)
{
	uint64_t done = lane_done(queue->lane);

	if ((error != -ENOMEM && error != -ENOSPC) || done >= lane_submitted(queue->lane))
		return false;
	queue_starve(queue, done + 1);
	queue->retry_since_ns = 0;
	return true;
}

enum queue_progress queue_submit_failed(struct queue *queue, int error, const char *step)
{
	uint64_t now = clock_ns();

	/* told with its cause, and to all queues of the device */
	if (gsp_device_is_lost(lane_device(queue->lane))) {
		queue_lose(queue);
		return QUEUE_STOPPED;
	}
	if (queue->starved || wait_for_memory(queue, error))
		return QUEUE_PARKED;
	if (may_pass(error) && (!queue->retry_since_ns || now - queue->retry_since_ns < RETRY_NS)) {
		if (!queue->retry_since_ns)
			queue->retry_since_ns = now;
		return QUEUE_PARKED;
	}
	queue_fail_call(queue, error, step);
	return QUEUE_STOPPED;
}
