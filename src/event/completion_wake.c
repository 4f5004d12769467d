// SPDX-License-Identifier: MIT
/* How the completion thread is woken. */
#include <errno.h>
#include <unistd.h>

#include "event/completion_private.h"

/* It is started.  Who comes while another wakes it leaves that to him. */
void completion_wake_now(struct completion *completion)
{
	uint64_t one = 1;

	/* the counter never overflows: the thread takes all of it each time */
	while (!atomic_exchange(&completion->woken, true) && write(completion->wake, &one, sizeof(one)) < 0 &&
	       errno == EINTR)
		atomic_store(&completion->woken, false);
}

/* Wakes the thread if it is started and sleeps at least as deep as that. */
void completion_wake(struct completion *completion, enum completion_sleep least)
{
	if (atomic_load(&completion->started) && atomic_load(&completion->sleep) >= (int)least)
		completion_wake_now(completion);
}
