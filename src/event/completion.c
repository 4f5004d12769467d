// SPDX-License-Identifier: MIT
/*
 * What is told to the completion thread, on whichever thread it happens.
 *
 * A sleeping thread is woken only for what it would not see by itself in time.  Who tells something writes it down first and
 * looks at `sleep` afterwards; the thread writes `sleep` first and looks at what was written down afterwards (choose_sleep() in
 * completion_thread.c).  All four are sequentially consistent, or under the lock: one of the two sees the other.
 */
#include "event/completion.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "event/completion_private.h"
#include "util/compiler.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/signals.h"

static void was_set(void *arg)
{
	completion_kick(arg);
}

/*
 * In the 50 ms that the thread may sleep now a running kernel may write a mailbox.  From looks it comes in time, and before it
 * sleeps it asks the table for sleepers; where it sleeps without timeout nothing runs.
 */
static void will_sleep(void *arg)
{
	struct completion *completion = arg;

	if (atomic_load(&completion->started) && atomic_load(&completion->sleep) == SLEEP_TIMED)
		completion_wake_now(completion);
}

/*
 * Prepares the object; the thread comes with the first source.  `options` are copied, what they point to has to
 * outlive the object, which is the listener of `events`, and one of each GPU's, from now on.  -ENOMEM.
 *
 * A fork's child cannot use its parent's object, nor need it: it makes another.
 */
int completion_create(const struct completion_options *options, struct completion **out)
{
	struct completion *completion = calloc(1, sizeof(*completion));
	struct event_listener listener = {.was_set = was_set, .will_sleep = will_sleep, .arg = completion};

	*out = NULL;
	if (!completion)
		return -ENOMEM;
	completion->options = *options;
	completion->epoll = completion->wake = -1;
	pthread_mutex_init(&completion->lock, NULL);
	pthread_cond_init(&completion->ran, NULL);
	for (int place = 0; place < PLACE_COUNT; place++)
		link_init(&completion->places[place]);
	link_init(&completion->looks);
	link_init(&completion->looks_now);
	link_init(&completion->dues);
	losses_init(&completion->losses, options->events, options->gpus, options->nodes, options->gpu_count);
	if (completion_watch_gpus(completion)) {
		completion_destroy(completion);
		return -ENOMEM;
	}
	if (options->events)
		event_table_listen(options->events, &listener);
	*out = completion;
	return 0;
}

/*
 * Stops the thread, if it ever started, and frees the object.  A callback that runs is waited for, so not from inside one.
 * Sources and looks that are left are not called any more, nor may they be removed afterwards.  Power hints are taken back.  NULL is allowed.
 */
void completion_destroy(struct completion *completion)
{
	if (!completion)
		return;
	if (completion->options.events)
		event_table_listen(completion->options.events, NULL);
	if (atomic_load(&completion->started)) {
		atomic_store(&completion->stop, true);
		completion_wake_now(completion);
		pthread_join(completion->thread, NULL);
		for (int place = PLACE_IDLE; place < PLACE_COUNT; place++)
			for (struct completion_link *l = completion->places[place].next;
			     l != &completion->places[place]; l = l->next)
				completion_disarm(completion, source_of(l));
		completion_bury(completion);
		completion_drop_spares(completion);
		close(completion->epoll);
		close(completion->wake);
	}
	completion_unwatch_gpus(completion);
	losses_end(&completion->losses);
	pthread_cond_destroy(&completion->ran);
	pthread_mutex_destroy(&completion->lock);
	free(completion);
}

static int make_descriptors(struct completion *completion)
{
	struct epoll_event event = {.events = EPOLLIN};
	int ret = 0;

	completion->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (completion->epoll < 0)
		return -errno;
	completion->wake = fd_eventfd();
	if (completion->wake < 0)
		ret = completion->wake;
	else if (epoll_ctl(completion->epoll, EPOLL_CTL_ADD, completion->wake, &event))
		ret = -errno;
	if (ret) {
		close(completion->epoll);
		if (completion->wake >= 0)
			close(completion->wake);
	}
	return ret;
}

/* The program's signals are for its own threads. */
static int make_thread(struct completion *completion)
{
	sigset_t before;
	int ret;

	signals_block(&before);
	ret = pthread_create(&completion->thread, NULL, completion_run, completion);
	signals_restore(&before);
	if (!ret)
		pthread_setname_np(completion->thread, "hsakmt-events");
	return -ret;
}

/* Starts the thread if it does not run yet.  A failure is logged once; the next call tries again. */
static int start(struct completion *completion)
{
	int ret = 0;

	if (atomic_load(&completion->started))
		return 0;
	pthread_mutex_lock(&completion->lock);
	if (!atomic_load(&completion->started)) {
		ret = make_descriptors(completion);
		if (!ret) {
			ret = make_thread(completion);
			if (ret) {
				close(completion->epoll);
				close(completion->wake);
			}
		}
		if (!ret)
			atomic_store(&completion->started, true);
		else if (!completion->start_failed)
			log_err("the thread that acts when GPU work is over cannot be started: %s",
				strerror(-ret));
		completion->start_failed = ret != 0;
	}
	pthread_mutex_unlock(&completion->lock);
	return ret;
}

/* With the lock, and not the source that runs: moves it to a list, or with PLACE_NONE out of all. */
void source_place(struct completion *completion, struct completion_source *source,
		  enum completion_place place)
{
	if (source->place != PLACE_NONE)
		link_remove(&source->link);
	if (place != PLACE_NONE)
		link_add(&completion->places[place], &source->link);
	source->place = (int)place;
}

/*
 * Adds a source, which expects nothing yet, and starts the thread if it does not run.  The owner has filled in its part;
 * the fence's page and the device stay until completion_remove().  -EAGAIN, -ENOMEM, -EMFILE, -ENFILE: no thread, nothing was added.
 */
int completion_add(struct completion *completion, struct completion_source *source)
{
	int ret = start(completion);

	if (ret)
		return ret;
	source->armed = NULL;
	source->place = PLACE_NONE;
	source->look_instead = source->told_lost = source->ending = false;
	atomic_init(&source->expected, 0);
	pthread_mutex_lock(&completion->lock);
	source_place(completion, source, PLACE_IDLE);
	pthread_mutex_unlock(&completion->lock);
	return 0;
}

static bool on_the_thread(const struct completion *completion)
{
	return atomic_load(&completion->started) && pthread_equal(pthread_self(), completion->thread);
}

/*
 * Takes a source away: when this returns passed() does not run and will not, unless this is called from inside it.  Waits for
 * it, so not with a lock that it takes.  A wait that the host still has is forgotten.  Not from a device's loss callback.
 */
void completion_remove(struct completion *completion, struct completion_source *source)
{
	pthread_mutex_lock(&completion->lock);
	if (completion->running_source == source && on_the_thread(completion))
		completion->running_source = NULL;
	source->ending = true;
	while (completion->running_source == source)
		pthread_cond_wait(&completion->ran, &completion->lock);
	source_place(completion, source, PLACE_NONE);
	completion_disarm(completion, source);
	pthread_mutex_unlock(&completion->lock);
}

/*
 * Notes a value that is to be heard of.  False: one that is no larger is noted already, and stays.
 *
 * Always a read-modify-write, also where it changes nothing: either the thread's taking of `expected` before it calls passed()
 * comes later, and passed() sees all that was done before this call, or it came before, and the value is found to be 0 here.
 */
bool completion_lower(struct completion_source *source, uint64_t value)
{
	uint64_t now = atomic_load_explicit(&source->expected, memory_order_relaxed);
	bool lower;

	do
		lower = !now || value < now;
	while (!atomic_compare_exchange_weak(&source->expected, &now, lower ? value : now));
	return lower;
}

/*
 * passed() is to be called when the fence has reached `value` (not 0), or the device is lost.  Cheap: the submitting thread
 * asks the host for nothing, and wakes the thread only if nothing earlier is expected of this source.
 */
void completion_expect(struct completion *completion, struct completion_source *source, uint64_t value)
{
	if (!completion_lower(source, value))
		return;
	pthread_mutex_lock(&completion->lock);
	/* one that runs is looked at again before it is put down */
	if (source->place != PLACE_NONE)
		source_place(completion, source, PLACE_READY);
	pthread_mutex_unlock(&completion->lock);
	completion_wake(completion, SLEEP_LOOKING);
}

/* With the lock: it is not looked at at a certain time any more. */
static void look_drop_due(struct completion *completion, struct completion_look *look)
{
	/* one that runs is in no list */
	if (look->due_ns && completion->running_look != look)
		link_remove(&look->link);
	look->due_ns = 0;
}

/*
 * Puts a look on the list, if it is not there: it is looked at soon, at least once after this call, until it says that it is over.
 * May be called from anywhere, also inside of look().  Where there is no thread and none can be made that is logged, and the look waits for the
 * next call that can; who added a source before has a thread.
 */
void completion_look(struct completion *completion, struct completion_look *look)
{
	int ret = start(completion);

	pthread_mutex_lock(&completion->lock);
	look->fresh = true;
	look_drop_due(completion, look);
	if (!look->listed) {
		look->listed = true;
		look->ending = false;
		atomic_fetch_add(&completion->listed, 1);
		link_add(&completion->looks, &look->link);
	}
	pthread_mutex_unlock(&completion->lock);
	if (!ret)
		completion_wake(completion, SLEEP_LOOKING);
}

/*
 * As completion_look(), but looked at once, at `due_ns` (clock_ns()) or soon after it; true from look() makes it one that is looked at
 * soon and often.  Of two times the earlier one counts, and one that is looked at soon stays so.  Inside of look() it is asked for anew.
 */
void completion_look_at(struct completion *completion, struct completion_look *look, uint64_t due_ns)
{
	int ret = start(completion);
	bool runs;

	pthread_mutex_lock(&completion->lock);
	runs = completion->running_look == look;
	if (runs || !look->listed) {
		if (!look->due_ns && !runs)
			link_add(&completion->dues, &look->link);
		if (!look->listed)
			look->ending = false;
		look->due_ns = MAX(look->due_ns ? MIN(look->due_ns, due_ns) : due_ns, 1U);
	}
	pthread_mutex_unlock(&completion->lock);
	if (!ret)
		completion_wake(completion, SLEEP_LOOKING);
}

/* As completion_remove() for a look, which need not be listed. */
void completion_unlook(struct completion *completion, struct completion_look *look)
{
	pthread_mutex_lock(&completion->lock);
	look_drop_due(completion, look);
	if (completion->running_look == look) {
		look->ending = true;
		if (on_the_thread(completion)) {
			completion->running_look = NULL;
			look->listed = false;
			atomic_fetch_sub(&completion->listed, 1);
		}
		/* what is ending is not listed again */
		while (completion->running_look == look)
			pthread_cond_wait(&completion->ran, &completion->lock);
	} else if (look->listed) {
		link_remove(&look->link);
		look->listed = false;
		atomic_fetch_sub(&completion->listed, 1);
	}
	pthread_mutex_unlock(&completion->lock);
}

/*
 * Something was submitted that no source expects, or is to be given back when work is over: the thread is awake from now on,
 * at least every 50 ms, until all is over.  Cheap while it is anyway.  A thread that cannot be made is logged.
 */
void completion_busy(struct completion *completion)
{
	if (start(completion))
		return;
	if (!atomic_load(&completion->busy))
		atomic_store(&completion->busy, true);
	completion_wake(completion, SLEEP_QUIET);
}

/*
 * An event was set, a signal stored: all looks are due.  Nothing, while nothing is looked at: events are set far more often than
 * queues wait for them.
 */
void completion_kick(struct completion *completion)
{
	/* a read-modify-write, so that what the caller stored before is visible to a look that is listed afterwards */
	if (!atomic_fetch_add(&completion->listed, 0) || atomic_exchange(&completion->kicked, true))
		return;
	completion_wake(completion, SLEEP_LOOKING);
}

/* How often the thread woke up since it was made; 0 without a thread. */
uint64_t completion_turns(const struct completion *completion)
{
	return atomic_load_explicit(&completion->turns, memory_order_relaxed);
}
