// SPDX-License-Identifier: MIT
/* How a queue is stopped, and its user told why. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "queue/objects.h"
#include "queue/signal.h"
#include "util/compiler.h"
#include "util/log.h"

/* The queue's user is told as the kernel driver's queues tell it: the error word, then the inactive signal, then the event. */
static void tell(struct queue *queue, uint64_t error)
{
	uint64_t inactive =
		queue->inactive_signal ? __atomic_load_n(queue->inactive_signal, __ATOMIC_ACQUIRE) : 0;

	if (queue->error_reason)
		__atomic_store_n(queue->error_reason, (int64_t)error, __ATOMIC_RELEASE);
	/* a signal of the caller's: only if it lies in memory that is there */
	if (inactive && queue_signal_is_there(queue->queues, inactive)) {
		uint32_t id = signal_event_id(inactive);

		__atomic_store_n((int64_t *)(uintptr_t)(inactive + SIGNAL_VALUE), (int64_t)error,
				 __ATOMIC_RELEASE);
		if (id)
			event_set(queue->queues->events, id);
	}
	if (queue->event_id)
		event_set(queue->queues->events, queue->event_id);
}

void queue_fail(struct queue *queue, uint64_t error, const char *format, ...)
{
	char text[200];
	va_list args;

	if (queue->stopped)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log_err("queue %#llx of GPU %u is stopped: %s", (unsigned long long)queue->id, queue->gpu, text);
	queue->stopped = true;
	queue->error = error;
	tell(queue, error);
}

void queue_fail_call(struct queue *queue, int error, const char *step)
{
	uint64_t code =
		error == -ENOSPC || error == -ENOMEM ? QUEUE_ERROR_INVALID_ALLOCATION : QUEUE_ERROR_EXCEPTION;

	queue_fail(queue, code, "%s: %s", step, error == -ENODEV ? "the GPU is lost" : strerror(-error));
}
