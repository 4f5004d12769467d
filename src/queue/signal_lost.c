// SPDX-License-Identifier: MIT
/* How who waits for a signal is told that what would have brought it down is lost. */
#include "queue/objects.h"
#include "queue/signal.h"
#include "util/compiler.h"

/*
 * Whether a signal's words are there to be written: memory of ours or registered, and none that went with a device.  As with all that
 * packets name, its owner keeps it while they are not done.
 */
bool queue_signal_is_there(const struct queues *queues, uint64_t signal)
{
	struct memory_info info;

	return signal && IS_ALIGNED(signal, (uint64_t)sizeof(uint64_t)) &&
	       !memory_lookup(queues->memory, u64_to_ptr(signal), &info) && memory_is_for_cpu(&info) &&
	       !info.lost && SIGNAL_BYTES <= ptr_to_u64(info.start) + info.size - signal;
}

/*
 * A decrement that was to come will not: the signal gets SIGNAL_LOST, which is negative, as HSA has it for a completion signal of what
 * failed (hsa_ext_amd.h), and its event is set.  One that is at zero is left as it is: all that was to come had come.  Decrements
 * by others may follow.
 */
void queue_lose_signal(const struct queues *queues, uint64_t signal)
{
	int64_t *value = (int64_t *)(uintptr_t)(signal + SIGNAL_VALUE), now;
	uint64_t mailbox;
	uint32_t id;

	if (!queue_signal_is_there(queues, signal))
		return;
	/* nothing of it is read when its owner may have it back */
	mailbox = signal_mailbox(signal);
	id = signal_event_id(signal);
	now = __atomic_load_n(value, __ATOMIC_RELAXED);
	do
		if (now <= 0)
			return;
	while (!__atomic_compare_exchange_n(value, &now, SIGNAL_LOST, true, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED));
	if (id && mailbox)
		event_set(queues->events, id);
}
