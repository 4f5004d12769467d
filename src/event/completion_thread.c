// SPDX-License-Identifier: MIT
/*
 * The completion thread: sleep, see what came, act, decide how to sleep again.
 */
#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "event/completion_private.h"
#include "gsp/timeline.h"
#include "util/clock.h"
#include "util/compiler.h"

#define CHECK_NS       50000000ULL /* how often the guest kernel is asked for the devices' state */
#define LOOK_FIRST_NS  20000ULL	   /* looks back off from this ... */
#define LOOK_FENCES_NS 50000ULL	   /* or this, where only fences are looked at, ... */
#define LOOK_SOON_NS   1000000ULL  /* ... to this, and from there slowly ... */
#define LOOK_LAST_NS   16000000ULL /* ... to this: no more than a sixtieth of what was waited already ... */
#define LOOK_MAIL_NS   4000000ULL  /* ... but to this while somebody sleeps on what a kernel may set */
#define BLIND_NS       10000000L   /* between turns without a file to sleep on */
#define SLACK_NS       1000UL	   /* of the thread's timers; by default as long as two looks */
#define EVENTS_AT_ONCE 32

/* How a source's fence is; the page of a device that was lost is not touched. */
enum gsp_fence_state source_state(const struct completion_source *source, uint64_t value)
{
	if (gsp_device_is_lost(source->device))
		return GSP_FENCE_LOST;
	return gsp_fence_read(source->value, value);
}

static bool wait_is_armed(const struct completion_source *source)
{
	return source->armed && source->armed->waiting;
}

/*
 * Lets the owner act.  Its source may be gone afterwards: removed by the owner inside.  `next` is put together with what others
 * expect meanwhile; nothing of that can be lost, for `expected` is taken before passed() looks.
 */
static void call_passed(struct completion *completion, struct completion_source *source, bool lost)
{
	uint64_t next;

	atomic_exchange(&source->expected, 0);
	next = source->passed(source);
	completion->progress = true;

	pthread_mutex_lock(&completion->lock);
	if (completion->running_source == source) {
		/* a lost device's fence does not get there */
		if (next && !lost)
			completion_lower(source, next);
		source->look_instead = false;
		source->told_lost = lost;
	}
	pthread_mutex_unlock(&completion->lock);
}

/* Where a source belongs whose fence was read for the value, and has not passed. */
static enum completion_place place_to_wait(const struct completion_source *source, uint64_t value)
{
	/* one wait at a time: one that is armed for no more than this fires on the way, then the next one is */
	if (wait_is_armed(source) && source->armed->value <= value)
		return PLACE_WAITING;
	if (wait_is_armed(source) || source->look_instead)
		return PLACE_LOOKED;
	return PLACE_TO_ARM;
}

/* Reads a source's fence, and acts.  Without the lock; returns where the source goes if it is still there. */
static enum completion_place read_source(struct completion *completion, struct completion_source *source)
{
	uint64_t value = atomic_load(&source->expected);
	enum gsp_fence_state state = source_state(source, value ? value : 1);

	if (state == GSP_FENCE_LOST) {
		/* once in any case, for what it has besides submissions; and for what it expects nevertheless */
		gsp_device_fence_lost(source->device);
		losses_report_one(&completion->losses, source->device);
		if (!value && source->told_lost)
			return PLACE_IDLE;
		call_passed(completion, source, true);
		return PLACE_WAITING;
	}
	if (!value)
		return PLACE_IDLE;
	if (state == GSP_FENCE_DONE) {
		call_passed(completion, source, false);
		return PLACE_READY;
	}
	return place_to_wait(source, value);
}

static enum completion_place arm_source(struct completion *completion, struct completion_source *source)
{
	uint64_t value = atomic_load(&source->expected);

	if (!value || source_state(source, value) != GSP_FENCE_PENDING)
		return PLACE_READY;
	source->look_instead = !completion_arm(completion, source, value);
	/* arming may have found the loss, and it takes its time */
	if (source_state(source, value) != GSP_FENCE_PENDING)
		return PLACE_READY;
	return source->look_instead ? PLACE_LOOKED : PLACE_WAITING;
}

/*
 * With the lock: puts a source down that was running.  What somebody expected of it meanwhile, and did not find it in a list, is seen
 * here.  A lost one waits for the timer whatever it expects.
 */
static void put_down(struct completion *completion, struct completion_source *source,
		     enum completion_place place, uint64_t before)
{
	uint64_t now = atomic_load(&source->expected);

	completion->running_source = NULL;
	/* the one that wants more at once would run again before who removes it has the lock */
	if (!now || source->ending)
		place = PLACE_IDLE;
	else if (now != before && !source->told_lost)
		place = PLACE_READY;
	source_place(completion, source, place);
}

typedef enum completion_place (*step)(struct completion *completion, struct completion_source *source);

/* With the lock, which is given up meanwhile: one step for the first source of a list.  False: there is none. */
static bool run_first(struct completion *completion, enum completion_place from, step run)
{
	struct completion_link *head = &completion->places[from];
	struct completion_source *source;
	enum completion_place to;
	uint64_t before;

	if (link_empty(head))
		return false;
	source = source_of(head->next);
	source_place(completion, source, PLACE_NONE);
	completion->running_source = source;
	before = atomic_load(&source->expected);
	pthread_mutex_unlock(&completion->lock);
	to = run(completion, source);
	pthread_mutex_lock(&completion->lock);
	if (completion->running_source == source)
		put_down(completion, source, to, before);
	pthread_cond_broadcast(&completion->ran);
	return true;
}

/* What is over is acted upon before the host is asked for anything, which takes its time. */
static void run_sources(struct completion *completion)
{
	pthread_mutex_lock(&completion->lock);
	while (!atomic_load(&completion->stop) && (run_first(completion, PLACE_READY, read_source) ||
						   run_first(completion, PLACE_TO_ARM, arm_source)))
		;
	pthread_mutex_unlock(&completion->lock);
}

/* With the lock. */
static void make_ready(struct completion *completion, enum completion_place from)
{
	struct completion_link *head = &completion->places[from];

	while (!link_empty(head))
		source_place(completion, source_of(head->next), PLACE_READY);
}

/* With the lock: sources that expect nothing hear of the loss of their device too. */
static void ready_lost(struct completion *completion)
{
	struct completion_link *head = &completion->places[PLACE_IDLE], *next;

	for (struct completion_link *link = head->next; link != head; link = next) {
		struct completion_source *source = source_of(link);

		next = link->next;
		if (!source->told_lost && source_state(source, 1) == GSP_FENCE_LOST)
			source_place(completion, source, PLACE_READY);
	}
}

/* All that waits, and all whose devices are lost, is read again. */
static void look_again(struct completion *completion)
{
	pthread_mutex_lock(&completion->lock);
	make_ready(completion, PLACE_WAITING);
	ready_lost(completion);
	pthread_mutex_unlock(&completion->lock);
}

/* The devices when it is time, and what is known of their losses: the user's events come before what the sources' owners do. */
static void check_devices(struct completion *completion)
{
	uint64_t now = clock_ns();
	bool due = completion->next_check != UINT64_MAX && now >= completion->next_check;

	if (due) {
		completion->next_check = now + CHECK_NS;
		completion_check_gpus(completion, now);
	}
	if (losses_noted(&completion->losses)) {
		losses_report(&completion->losses);
		due = true;
	}
	if (due)
		look_again(completion);
}

/* With the lock: takes all off the list, into `looks_now`.  *fresh: something of it is new. */
static void collect_looks(struct completion *completion, bool *fresh)
{
	struct completion_link *head = &completion->looks, *next;

	for (struct completion_link *link = head->next; link != head; link = next) {
		struct completion_look *look = look_of(link);

		next = link->next;
		*fresh = *fresh || look->fresh;
		link_remove(link);
		link_add(&completion->looks_now, link);
	}
}

/* With the lock: of those for later, what has become due is looked at now. */
static void collect_dues(struct completion *completion)
{
	struct completion_link *head = &completion->dues, *next;
	uint64_t now;

	if (link_empty(head))
		return;
	now = clock_ns();
	for (struct completion_link *link = head->next; link != head; link = next) {
		struct completion_look *look = look_of(link);

		next = link->next;
		if (look->due_ns > now)
			continue;
		link_remove(link);
		look->due_ns = 0;
		look->listed = true;
		atomic_fetch_add(&completion->listed, 1);
		link_add(&completion->looks, link);
	}
}

/* With the lock: where a look goes that has run.  One that was asked for anew meanwhile is not over. */
static void put_look_down(struct completion *completion, struct completion_look *look, bool again)
{
	if ((again || look->fresh) && !look->ending) {
		look->due_ns = 0;
		link_add(&completion->looks, &look->link);
		return;
	}
	look->listed = false;
	atomic_fetch_sub(&completion->listed, 1);
	if (look->due_ns && !look->ending)
		link_add(&completion->dues, &look->link);
}

static void run_looks(struct completion *completion, bool *fresh)
{
	pthread_mutex_lock(&completion->lock);
	collect_dues(completion);
	collect_looks(completion, fresh);
	while (!link_empty(&completion->looks_now)) {
		struct completion_look *look = look_of(completion->looks_now.next);
		bool again;

		link_remove(&look->link);
		look->fresh = false;
		completion->running_look = look;
		pthread_mutex_unlock(&completion->lock);
		again = look->look(look);
		pthread_mutex_lock(&completion->lock);
		if (completion->running_look == look) {
			completion->running_look = NULL;
			put_look_down(completion, look, again);
		}
		pthread_cond_broadcast(&completion->ran);
	}
	pthread_mutex_unlock(&completion->lock);
}

/* A loss that fences tell of and nobody has noticed yet is noticed here: nothing runs on such a device, and it would not be looked at again. */
static bool any_unfinished(const struct completion *completion)
{
	const struct completion_options *options = &completion->options;
	bool unfinished = false;

	for (uint32_t i = 0; i < options->gpu_count && !unfinished; i++) {
		struct gsp_device *device = gsp_gpu_device(options->gpus[i]);

		unfinished = !gsp_device_is_idle(device);
		if (!unfinished && gsp_device_hides_loss(device)) {
			gsp_device_fence_lost(device);
			unfinished = true;
		}
	}
	return unfinished;
}

/*
 * How long until something is due at a time of its own, in ns, UINT64_MAX: nothing is.  After the kind of sleep was announced: who makes something
 * due looks at that afterwards.
 */
static uint64_t until_due(struct completion *completion)
{
	uint64_t due = completion->power_due, now;

	pthread_mutex_lock(&completion->lock);
	for (struct completion_link *link = completion->dues.next; link != &completion->dues;
	     link = link->next)
		due = MIN(due, look_of(link)->due_ns);
	pthread_mutex_unlock(&completion->lock);
	if (due == UINT64_MAX)
		return due;
	now = clock_ns();
	return due > now ? due - now : 0;
}

/* Whether something was told since it was last acted upon, that a sleeping thread would have been woken for. */
static bool told(struct completion *completion)
{
	bool fresh = false;

	if (atomic_load(&completion->stop) || atomic_load(&completion->kicked) ||
	    losses_noted(&completion->losses))
		return true;
	pthread_mutex_lock(&completion->lock);
	for (struct completion_link *link = completion->looks.next; link != &completion->looks && !fresh;
	     link = link->next)
		fresh = look_of(link)->fresh;
	fresh = fresh || !link_empty(&completion->places[PLACE_READY]) ||
		!link_empty(&completion->places[PLACE_TO_ARM]);
	pthread_mutex_unlock(&completion->lock);
	return fresh;
}

/* How long until the next look, in ns; longer each time while nothing happens. */
static uint64_t back_off(struct completion *completion, bool only_fences)
{
	uint64_t wait = only_fences ? MAX(completion->look_ns, LOOK_FENCES_NS) : completion->look_ns;

	if (wait < LOOK_SOON_NS)
		completion->look_ns = MIN(wait * 2, LOOK_SOON_NS);
	else
		completion->look_ns = MIN(wait + wait / 64, LOOK_LAST_NS);
	return wait;
}

/* Whether to wake up by the timer.  Once more after all is over: page-table work may end later, and is given back then. */
static bool use_timer(struct completion *completion, bool outstanding)
{
	bool use = outstanding || completion->linger;

	if (!use)
		completion->next_check = UINT64_MAX;
	else if (!outstanding || completion->next_check == UINT64_MAX)
		completion->next_check = clock_ns() + CHECK_NS;
	completion->linger = outstanding;
	return use;
}

/*
 * How long to sleep, in ns: 0 not at all, UINT64_MAX until woken.  Each kind of sleep is announced before what would have made it
 * another is looked at, as completion.c explains.
 */
static uint64_t choose_sleep(struct completion *completion)
{
	struct event_table *events = completion->options.events;
	bool expects, fences, looks, unfinished, mail, sleepers, quiet;
	uint64_t now, wait;

	atomic_store(&completion->sleep, SLEEP_FOREVER);
	if (told(completion))
		return 0;
	/* until all that could write mailboxes is over, and once more: that may have been the last it did */
	mail = atomic_exchange(&completion->busy, false) || completion->unfinished || completion->mail_due;
	unfinished = completion->unfinished = any_unfinished(completion);
	pthread_mutex_lock(&completion->lock);
	fences = !link_empty(&completion->places[PLACE_LOOKED]);
	expects = !link_empty(&completion->places[PLACE_WAITING]);
	pthread_mutex_unlock(&completion->lock);
	looks = atomic_load(&completion->listed);
	if (!use_timer(completion, unfinished || mail || fences || looks || expects))
		return until_due(completion);

	atomic_store(&completion->sleep, SLEEP_TIMED);
	sleepers = events && event_scan_mailboxes(events);
	completion->mail_due = false;
	looks = looks || (sleepers && unfinished);
	quiet = sleepers && !looks && !fences;
	/* from longer sleeps who comes to sleep on an event has to wake the thread */
	if ((looks || fences) && (sleepers || completion->look_ns <= LOOK_MAIL_NS))
		atomic_store(&completion->sleep, SLEEP_LOOKING);
	else if (quiet)
		atomic_store(&completion->sleep, SLEEP_QUIET);
	if (told(completion) || (quiet && atomic_load(&completion->busy)))
		return 0;
	now = clock_ns();
	wait = completion->next_check > now ? completion->next_check - now : 1;
	wait = MIN(wait, until_due(completion));
	if (looks || fences) {
		wait = MIN(wait, back_off(completion, !looks));
		return sleepers ? MIN(wait, LOOK_MAIL_NS) : wait;
	}
	completion->look_ns = LOOK_FIRST_NS;
	return wait;
}

static void take_event(struct completion *completion, struct completion_armed *armed)
{
	struct completion_source *source;

	pthread_mutex_lock(&completion->lock);
	source = completion_fired(armed) ? armed->source : NULL;
	if (source) {
		/* told without the value: it would be again and again */
		source->look_instead = source_state(source, armed->value) == GSP_FENCE_PENDING;
		source_place(completion, source, PLACE_READY);
	}
	pthread_mutex_unlock(&completion->lock);
}

static void sleep_for(struct completion *completion, uint64_t ns)
{
	struct timespec t = {.tv_sec = (time_t)(ns / 1000000000ULL), .tv_nsec = (long)(ns % 1000000000ULL)};
	struct pollfd poll = {.fd = completion->epoll, .events = POLLIN};
	struct epoll_event events[EVENTS_AT_ONCE];
	uint64_t count;
	int n = 0;

	pthread_mutex_lock(&completion->lock);
	completion_bury(completion);
	pthread_mutex_unlock(&completion->lock);
	/* epoll_pwait2() is no older than Linux 5.11 */
	if (!ns || ns == UINT64_MAX || ppoll(&poll, 1, &t, NULL) > 0)
		n = epoll_wait(completion->epoll, events, EVENTS_AT_ONCE, ns == UINT64_MAX ? -1 : 0);
	/* somebody closed the file: nobody wakes this thread any more */
	if (n < 0 && errno != EINTR)
		nanosleep(&(struct timespec){.tv_nsec = BLIND_NS}, NULL);
	atomic_store(&completion->sleep, SLEEP_NOT);
	if (ns)
		atomic_fetch_add_explicit(&completion->turns, 1, memory_order_relaxed);
	for (int i = 0; i < n; i++) {
		if (events[i].data.ptr)
			take_event(completion, events[i].data.ptr);
		else if (read(completion->wake, &count, sizeof(count)) == (ssize_t)sizeof(count))
			atomic_store(&completion->woken, false);
	}
}

void *completion_run(void *arg)
{
	struct completion *completion = arg;

	/* without it looks are rarer, nothing else */
	prctl(PR_SET_TIMERSLACK, SLACK_NS, 0UL, 0UL, 0UL);
	/* that who started it is done with it */
	pthread_mutex_lock(&completion->lock);
	pthread_mutex_unlock(&completion->lock);
	completion->next_check = completion->power_due = UINT64_MAX;
	completion->look_ns = LOOK_FIRST_NS;
	while (!atomic_load(&completion->stop)) {
		bool fresh = false, news;

		completion->progress = false;
		check_devices(completion);
		pthread_mutex_lock(&completion->lock);
		make_ready(completion, PLACE_LOOKED);
		pthread_mutex_unlock(&completion->lock);
		run_sources(completion);
		completion->mail_due = completion->mail_due || completion->progress;
		/* with what the owners have set just now */
		news = atomic_exchange(&completion->kicked, false) || completion->progress;
		run_looks(completion, &fresh);
		if (completion->options.housekeep)
			completion->options.housekeep(completion->options.arg);
		completion_power(completion);
		if (news || fresh)
			completion->look_ns = LOOK_FIRST_NS;
		sleep_for(completion, choose_sleep(completion));
	}
	return NULL;
}
