// SPDX-License-Identifier: MIT
/*
 * The host's waits: an eventfd per source that waits, one wait at a time.
 *
 * An armed wait cannot be taken back.  That of a source that is removed stays in the kernel, with a reference of its own on the
 * eventfd; ours is closed, and nobody hears of it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "dxg/dxg.h"
#include "event/completion_private.h"
#include "util/fd.h"
#include "util/log.h"

#define SPARES_MAX 16U /* eventfds kept for the next source */

static struct completion_armed *make(struct completion *completion)
{
	struct completion_armed *armed = calloc(1, sizeof(*armed));
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = armed};

	if (!armed)
		return NULL;
	armed->fd = fd_eventfd();
	if (armed->fd >= 0 && !epoll_ctl(completion->epoll, EPOLL_CTL_ADD, armed->fd, &event))
		return armed;
	if (armed->fd >= 0)
		close(armed->fd);
	free(armed);
	return NULL;
}

static struct completion_armed *take_spare(struct completion *completion)
{
	struct completion_armed *armed;

	pthread_mutex_lock(&completion->lock);
	armed = completion->spare;
	if (armed) {
		completion->spare = armed->next;
		completion->spares--;
	}
	pthread_mutex_unlock(&completion->lock);
	return armed;
}

/*
 * On the thread, with the source running and none of its waits armed: asks the host to tell when the fence reaches the value.
 * False: it will not, because there is no eventfd or the host refuses; somebody has to look.
 */
bool completion_arm(struct completion *completion, struct completion_source *source, uint64_t value)
{
	struct gsp_device *device = source->device;
	struct completion_armed *armed = source->armed;
	int ret;

	if (!armed)
		armed = take_spare(completion);
	if (!armed)
		armed = make(completion);
	source->armed = armed;
	if (!armed)
		return false;
	armed->source = source;
	ret = gsp_device_result(device,
				dxg_wait_fences(gsp_device_dxg(device), gsp_device_handles(device)->device,
						&source->fence, &value, 1, false, armed->fd));
	if (ret) {
		if (ret != -ENODEV && !completion->refused)
			log_warn("adapter %#x: the host does not tell when work is over, so that is looked "
				 "for: %s",
				 gsp_device_adapter(device), strerror(-ret));
		completion->refused = completion->refused || ret != -ENODEV;
		return false;
	}
	armed->value = value;
	armed->waiting = true;
	return true;
}

/* On the thread, with the lock: the eventfd is readable.  False: there was nothing to read after all, or it was not armed. */
bool completion_fired(struct completion_armed *armed)
{
	uint64_t count;

	if (armed->fd < 0 || read(armed->fd, &count, sizeof(count)) != (ssize_t)sizeof(count) ||
	    !armed->waiting)
		return false;
	armed->waiting = false;
	return true;
}

static void close_fd(struct completion *completion, struct completion_armed *armed)
{
	/* not left to close(): a fork's child may keep the file open */
	epoll_ctl(completion->epoll, EPOLL_CTL_DEL, armed->fd, NULL);
	close(armed->fd);
	armed->fd = -1;
}

/*
 * With the lock, and not while the source runs on another thread: takes its eventfd.  One that is armed may fire at any time
 * and is closed; the thread may have heard of it already, so the record itself ends at its next turn.
 */
void completion_disarm(struct completion *completion, struct completion_source *source)
{
	struct completion_armed *armed = source->armed;

	source->armed = NULL;
	if (!armed)
		return;
	armed->source = NULL;
	if (!armed->waiting && completion->spares < SPARES_MAX) {
		armed->next = completion->spare;
		completion->spare = armed;
		completion->spares++;
		return;
	}
	close_fd(completion, armed);
	armed->next = completion->dead;
	completion->dead = armed;
}

/* With the lock, and no event of the epoll in hand: frees the records of closed eventfds. */
void completion_bury(struct completion *completion)
{
	struct completion_armed *armed;

	while ((armed = completion->dead)) {
		completion->dead = armed->next;
		free(armed);
	}
}

/* When nobody uses the object any more. */
void completion_drop_spares(struct completion *completion)
{
	struct completion_armed *armed;

	while ((armed = completion->spare)) {
		completion->spare = armed->next;
		close_fd(completion, armed);
		free(armed);
	}
}
