// SPDX-License-Identifier: MIT
/* The completion thread, one behaviour at a time, on a host whose waits the test plays itself. */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "event/completion.h"
#include "fake_dxg.h"
#include "gsp/timeline.h"
#include "util/clock.h"
#include "util/compiler.h"
#include "util/log.h"

#define LONG_NS	  20000000000ULL /* never reached unless something is lost */
#define MAX_WAITS 256

/* The host's waits: each has a reference of its own on the eventfd, as the driver has. */
static struct {
	pthread_mutex_t lock;
	struct {
		int fd, callers_fd;
		uint64_t value;
	} waits[MAX_WAITS];
	unsigned count, refused;
	int refuse_with;
	bool too_early;
} host = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool no_threads;
static unsigned errors_logged;

int __wrap_dxg_wait_fences(struct dxg *dxg, d3dkmt_handle device, const d3dkmt_handle *fences,
			   const uint64_t *values, uint32_t count, bool any, int eventfd);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
			  void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
			  void *arg);

int __wrap_dxg_wait_fences(struct dxg *dxg, d3dkmt_handle device, const d3dkmt_handle *fences,
			   const uint64_t *values, uint32_t count, bool any, int eventfd)
{
	int ret;

	(void)dxg, (void)device, (void)fences, (void)any;
	pthread_mutex_lock(&host.lock);
	ret = host.refuse_with;
	if (count != 1 || eventfd <= 0 || host.count == MAX_WAITS)
		ret = -EINVAL;
	if (!ret) {
		host.waits[host.count].fd = dup(eventfd);
		host.waits[host.count].callers_fd = eventfd;
		host.waits[host.count++].value = values[0];
		if (host.too_early && write(eventfd, &(uint64_t){1}, sizeof(uint64_t)) < 0)
			ret = -errno;
	} else {
		host.refused++;
	}
	pthread_mutex_unlock(&host.lock);
	return ret;
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
			  void *arg)
{
	return no_threads ? EAGAIN : __real_pthread_create(thread, attributes, run, arg);
}

static unsigned waits(void)
{
	unsigned count;

	pthread_mutex_lock(&host.lock);
	count = host.count;
	pthread_mutex_unlock(&host.lock);
	return count;
}

static unsigned refusals(void)
{
	unsigned count;

	pthread_mutex_lock(&host.lock);
	count = host.refused;
	pthread_mutex_unlock(&host.lock);
	return count;
}

static uint64_t wait_value(unsigned i)
{
	uint64_t value;

	pthread_mutex_lock(&host.lock);
	value = host.waits[i].value;
	pthread_mutex_unlock(&host.lock);
	return value;
}

static void fire(unsigned i)
{
	pthread_mutex_lock(&host.lock);
	assert_int_equal(write(host.waits[i].fd, &(uint64_t){1}, sizeof(uint64_t)), sizeof(uint64_t));
	pthread_mutex_unlock(&host.lock);
}

static void pause_ms(unsigned ms)
{
	usleep(ms * 1000);
}

/* Waits for something that another thread is going to do. */
#define eventually(condition)                                            \
	do {                                                             \
		uint64_t begin_ns_ = clock_ns();                         \
		while (!(condition) && clock_ns() - begin_ns_ < LONG_NS) \
			usleep(100);                                     \
		assert_true(condition);                                  \
	} while (0)

/*
 * Each turn of the 50 ms timer asks for the state while work is unfinished, so few questions mean that it was not the timer which
 * moved `rounds` things on.  A machine that is too slow for that gets further tries.
 */
static bool was_prompt(unsigned asked_before, unsigned rounds)
{
	return fake_calls_of("get_device_state") - asked_before <= rounds / 2;
}

#define TRIES 5

/* One GPU with one queue on it. */
struct world {
	struct gsp_gpu *gpus[2];
	struct gsp_device *devices[2]; /* the second one is never opened */
	struct gsp_timeline *timeline;
	struct completion *completion;
	struct event_table *events;
	uint64_t value, submitted;
	_Atomic unsigned housekept;
};

static void housekeep(void *arg)
{
	struct world *w = arg;

	atomic_fetch_add(&w->housekept, 1);
}

static void count_errors(enum log_level level, const char *line, void *arg)
{
	(void)line, (void)arg;
	errors_logged += level == LOG_ERR;
}

static int setup(void **state)
{
	struct kmd_adapter info = {.discrete = true};
	struct world *w = calloc(1, sizeof(*w));
	const struct gsp_handles *handles;
	struct completion_options options = {.housekeep = housekeep, .arg = w, .gpu_count = 2};

	fake_reset();
	log_set_level(LOG_ERR);
	log_set_sink(count_errors, NULL);
	errors_logged = 0;
	no_threads = false;
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(gsp_gpu_create(NULL, FAKE_ADAPTER(i), &info, &w->gpus[i]), 0);
		w->devices[i] = gsp_gpu_device(w->gpus[i]);
	}
	assert_int_equal(gsp_device_open(w->devices[0], &handles), 0);
	assert_int_equal(gsp_timeline_create(w->devices[0], &w->value, &w->timeline), 0);
	assert_int_equal(event_table_create(NULL, 0, &w->events), 0);
	options.gpus = w->gpus;
	options.events = w->events;
	assert_int_equal(completion_create(&options, &w->completion), 0);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	completion_destroy(w->completion);
	event_table_destroy(w->events);
	gsp_timeline_stop(w->timeline);
	gsp_timeline_end(w->timeline);
	/* the second device was never opened by anything */
	assert_int_equal(fake_calls_of("create_device"), 1);
	gsp_gpu_destroy(w->gpus[0]);
	gsp_gpu_destroy(w->gpus[1]);
	free(w);
	for (unsigned i = 0; i < host.count; i++)
		close(host.waits[i].fd);
	host.count = host.refused = 0;
	host.refuse_with = 0;
	host.too_early = false;
	log_set_sink(NULL, NULL);
	return 0;
}

static void submit(struct world *w)
{
	gsp_timeline_announce(w->timeline, ++w->submitted);
}

static void reach(struct world *w, uint64_t value)
{
	__atomic_store_n(&w->value, value, __ATOMIC_RELEASE);
}

/* Whoever acts upon a fence. */
struct owner {
	struct completion_source source;
	struct world *world;
	_Atomic unsigned calls;
	_Atomic uint64_t seen; /* the fence at the latest call */
	_Atomic uint64_t last; /* what there is to wait for */
	_Atomic bool lost;
	_Atomic bool block;
	sem_t entered, leave;
	bool remove_inside;
};

static uint64_t owner_passed(struct completion_source *source)
{
	struct owner *o = (struct owner *)(void *)source;
	bool lost = gsp_device_is_lost(source->device);
	uint64_t now = lost ? 0 : __atomic_load_n(source->value, __ATOMIC_ACQUIRE);
	uint64_t next = lost || now >= atomic_load(&o->last) ? 0 : now + 1;

	if (atomic_load(&o->block)) {
		sem_post(&o->entered);
		while (sem_wait(&o->leave))
			;
	}
	if (lost)
		atomic_store(&o->lost, true);
	atomic_store(&o->seen, now);
	atomic_fetch_add(&o->calls, 1);
	if (o->remove_inside) {
		completion_remove(o->world->completion, source);
		o->remove_inside = false;
		sem_post(&o->entered);
	}
	return next;
}

static struct owner *owner_begin(struct world *w)
{
	struct owner *o = calloc(1, sizeof(*o));

	o->world = w;
	o->source.device = w->devices[0];
	o->source.fence = 0x1234;
	o->source.value = &w->value;
	o->source.passed = owner_passed;
	sem_init(&o->entered, 0, 0);
	sem_init(&o->leave, 0, 0);
	assert_int_equal(completion_add(w->completion, &o->source), 0);
	return o;
}

static void owner_expect(struct owner *o, uint64_t value)
{
	atomic_store(&o->last, value);
	completion_expect(o->world->completion, &o->source, value);
}

static void owner_free(struct owner *o)
{
	sem_destroy(&o->entered);
	sem_destroy(&o->leave);
	free(o);
}

static void owner_end(struct owner *o)
{
	completion_remove(o->world->completion, &o->source);
	owner_free(o);
}

static unsigned open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* What is under way comes to its end, and then the thread does not wake up: its timer would fire four times meanwhile. */
static void assert_sleeps(struct world *w)
{
	uint64_t turns, begin = clock_ns();

	do {
		turns = completion_turns(w->completion);
		pause_ms(210);
	} while (turns != completion_turns(w->completion) && clock_ns() - begin < LONG_NS);
	assert_int_equal(completion_turns(w->completion), turns);
}

/* Something that is looked at. */
struct watch {
	struct completion_look look;
	struct completion *completion;
	_Atomic unsigned looks;
	_Atomic bool over;
	_Atomic bool block;
	_Atomic bool unlook_inside;
	_Atomic pid_t unlooker; /* the thread that unlook_it() runs on */
	sem_t entered, leave;
};

static bool watch_look(struct completion_look *look)
{
	struct watch *v = (struct watch *)(void *)look;
	bool again = !atomic_load(&v->over);

	atomic_fetch_add(&v->looks, 1);
	if (atomic_load(&v->block)) {
		sem_post(&v->entered);
		while (sem_wait(&v->leave))
			;
	}
	if (atomic_load(&v->unlook_inside))
		completion_unlook(v->completion, look);
	return again;
}

static void watch_init(struct watch *v, struct world *w)
{
	memset(v, 0, sizeof(*v));
	v->look.look = watch_look;
	v->completion = w->completion;
	sem_init(&v->entered, 0, 0);
	sem_init(&v->leave, 0, 0);
}

static void a_fence_that_passes_wakes_its_owner(void **state)
{
	struct world *w = *state;
	struct owner *o = owner_begin(w);

	assert_sleeps(w);
	submit(w);
	owner_expect(o, 1);
	eventually(waits() == 1);
	assert_int_equal(wait_value(0), 1);
	assert_int_equal(atomic_load(&o->calls), 0);
	reach(w, 1);
	fire(0);
	eventually(atomic_load(&o->calls) == 1);
	assert_int_equal(atomic_load(&o->seen), 1);
	assert_sleeps(w);
	assert_int_equal(waits(), 1);
	owner_end(o);
}

static void what_has_passed_already_is_not_waited_for(void **state)
{
	struct world *w = *state;
	struct owner *o = owner_begin(w);

	reach(w, 5);
	owner_expect(o, 3);
	eventually(atomic_load(&o->calls) == 1);
	assert_sleeps(w);
	assert_int_equal(waits(), 0);
	owner_end(o);
}

static void there_is_one_wait_at_a_time_and_it_is_armed_again(void **state)
{
	struct world *w = *state;
	struct owner *o = owner_begin(w);

	for (uint64_t i = 1; i <= 5; i++) {
		submit(w);
		owner_expect(o, i);
	}
	for (unsigned i = 0; i < 5; i++) {
		eventually(waits() == i + 1);
		assert_int_equal(wait_value(i), i + 1);
		pause_ms(5);
		assert_int_equal(waits(), i + 1);
		/* of one eventfd */
		assert_int_equal(host.waits[i].callers_fd, host.waits[0].callers_fd);
		reach(w, i + 1);
		fire(i);
	}
	eventually(atomic_load(&o->calls) == 5);
	assert_sleeps(w);
	assert_int_equal(waits(), 5);
	owner_end(o);
}

static void a_wait_that_the_fence_overtook_is_not_doubled(void **state)
{
	struct world *w = *state;
	struct owner *o = owner_begin(w);

	submit(w);
	submit(w);
	owner_expect(o, 1);
	eventually(waits() == 1);
	/* found by the 50 ms timer, while the host has not told yet */
	reach(w, 1);
	atomic_store(&o->last, 2);
	eventually(atomic_load(&o->calls) == 1);
	pause_ms(120);
	assert_int_equal(waits(), 1);
	fire(0);
	eventually(waits() == 2);
	assert_int_equal(wait_value(1), 2);
	reach(w, 2);
	fire(1);
	eventually(atomic_load(&o->calls) == 2);
	owner_end(o);
}

static void an_armed_source_can_be_removed(void **state)
{
	struct world *w = *state;
	struct owner *o = owner_begin(w);
	unsigned files = open_files();

	submit(w);
	for (unsigned i = 0; i < 40; i++) {
		owner_expect(o, 1);
		eventually(waits() == i + 1);
		owner_end(o);
		fire(i);
		o = owner_begin(w);
		/* the host's own reference is all that is left of the wait */
		assert_int_equal(open_files(), files + i + 1);
	}
	reach(w, 1);
	pause_ms(5);
	assert_int_equal(atomic_load(&o->calls), 0);
	owner_expect(o, 1);
	eventually(atomic_load(&o->calls) == 1);
	owner_end(o);
	assert_sleeps(w);
}

static void *remove_it(void *arg)
{
	struct owner *o = arg;

	completion_remove(o->world->completion, &o->source);
	sem_post(&o->entered);
	return NULL;
}

static void removing_waits_for_the_callback(void **state)
{
	struct world *w = *state;
	struct owner *o = owner_begin(w);
	pthread_t thread;

	atomic_store(&o->block, true);
	reach(w, 1);
	owner_expect(o, 1);
	while (sem_wait(&o->entered))
		;
	assert_int_equal(pthread_create(&thread, NULL, remove_it, o), 0);
	pause_ms(10);
	assert_int_equal(sem_trywait(&o->entered), -1);
	atomic_store(&o->last, 10); /* passed() wants to hear more, in vain */
	sem_post(&o->leave);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(atomic_load(&o->calls), 1);
	owner_free(o);
	assert_sleeps(w);
}

static uint64_t wants_what_has_passed(struct completion_source *source)
{
	struct owner *o = (struct owner *)(void *)source;

	atomic_fetch_add(&o->calls, 1);
	return 1;
}

static void a_source_that_never_has_enough_can_be_removed(void **state)
{
	struct world *w = *state;
	struct owner *o = owner_begin(w);

	o->source.passed = wants_what_has_passed;
	reach(w, 1);
	completion_expect(w->completion, &o->source, 1);
	eventually(atomic_load(&o->calls) > 100);
	owner_end(o);
}

static void a_source_may_end_inside_of_its_callback(void **state)
{
	struct world *w = *state;
	struct owner *o = owner_begin(w);

	o->remove_inside = true;
	atomic_store(&o->last, 10);
	reach(w, 1);
	completion_expect(w->completion, &o->source, 1);
	while (sem_wait(&o->entered))
		;
	/* from now on it is not touched: AddressSanitizer says so */
	owner_free(o);
	assert_sleeps(w);
}

static void what_is_expected_while_the_callback_runs_is_not_lost(void **state)
{
	struct world *w = *state;
	struct owner *o = owner_begin(w);

	atomic_store(&o->block, true);
	reach(w, 1);
	submit(w);
	submit(w);
	owner_expect(o, 1);
	while (sem_wait(&o->entered))
		;
	/* it has seen the fence and will say that it wants no more */
	atomic_store(&o->block, false);
	completion_expect(w->completion, &o->source, 2);
	sem_post(&o->leave);
	eventually(waits() == 1);
	assert_int_equal(wait_value(0), 2);
	reach(w, 2);
	fire(0);
	eventually(atomic_load(&o->calls) == 2);
	owner_end(o);
}

static void a_host_that_tells_too_early_is_asked_once(void **state)
{
	struct world *w = *state;
	struct owner *o = owner_begin(w);

	host.too_early = true;
	submit(w);
	owner_expect(o, 1);
	eventually(waits() == 1);
	pause_ms(120);
	assert_int_equal(waits(), 1);
	assert_int_equal(atomic_load(&o->calls), 0);
	reach(w, 1);
	eventually(atomic_load(&o->calls) == 1);
	assert_sleeps(w);
	owner_end(o);
}

static void a_host_that_refuses_waits_is_looked_at(void **state)
{
	struct world *w = *state;
	struct owner *o = owner_begin(w);
	uint64_t turns;

	host.refuse_with = -EIO;
	submit(w);
	owner_expect(o, 1);
	eventually(refusals() == 1);
	turns = completion_turns(w->completion);
	pause_ms(100);
	/* looks, which back off; the host is not asked again */
	assert_in_range(completion_turns(w->completion) - turns, 2, 300);
	assert_int_equal(refusals(), 1);
	reach(w, 1);
	eventually(atomic_load(&o->calls) == 1);
	assert_sleeps(w);
	/* for the next value it is asked */
	host.refuse_with = 0;
	submit(w);
	owner_expect(o, 2);
	eventually(waits() == 1);
	reach(w, 2);
	fire(0);
	eventually(atomic_load(&o->calls) == 2);
	owner_end(o);
}

static void without_a_file_descriptor_it_is_looked_at(void **state)
{
	struct world *w = *state;
	struct owner *o = owner_begin(w);
	struct rlimit before, none;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	submit(w);
	owner_expect(o, 1);
	pause_ms(20);
	assert_int_equal(atomic_load(&o->calls), 0);
	reach(w, 1);
	eventually(atomic_load(&o->calls) == 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(waits(), 0);
	submit(w);
	owner_expect(o, 2);
	eventually(waits() == 1);
	owner_end(o);
}

static void an_eventfd_is_never_what_the_driver_takes_for_none(void **state)
{
	struct world *w = *state;
	struct owner *o = owner_begin(w);
	int input = dup(STDIN_FILENO);

	assert_true(input > 0);
	close(STDIN_FILENO);
	submit(w);
	owner_expect(o, 1);
	eventually(waits() == 1 || refusals());
	assert_int_equal(waits(), 1);
	reach(w, 1);
	fire(0);
	eventually(atomic_load(&o->calls) == 1);
	owner_end(o);
	assert_int_equal(dup2(input, STDIN_FILENO), STDIN_FILENO);
	close(input);
}

static void a_sleep_by_the_timer_delays_nothing(void **state)
{
	struct world *w = *state;
	struct owner *first = owner_begin(w), *second = owner_begin(w);
	uint64_t value = 0;
	bool prompt = false;
	unsigned asked;
	struct watch v;

	watch_init(&v, w);
	atomic_store(&v.over, true);
	submit(w);
	owner_expect(first, 1);
	eventually(waits() == 1);
	second->source.value = &value;
	for (unsigned try = 0; try < TRIES && !prompt; try++) {
		asked = fake_calls_of("get_device_state");
		for (unsigned i = 0; i < 100; i++) {
			unsigned looks = atomic_load(&v.looks), calls = atomic_load(&second->calls);

			pause_ms(1);
			__atomic_store_n(&value, value + 1, __ATOMIC_RELEASE);
			owner_expect(second, value);
			eventually(atomic_load(&second->calls) > calls);
			completion_look(w->completion, &v.look);
			eventually(atomic_load(&v.looks) > looks);
		}
		prompt = was_prompt(asked, 100);
	}
	assert_true(prompt);
	reach(w, 1);
	fire(0);
	eventually(atomic_load(&first->calls) == 1);
	owner_end(first);
	owner_end(second);
}

static void without_a_thread_nothing_is_added(void **state)
{
	struct world *w = *state;
	struct owner o = {.source = {.device = w->devices[0], .value = &w->value, .passed = owner_passed}};
	unsigned files = open_files();

	no_threads = true;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(completion_add(w->completion, &o.source), -EAGAIN);
	completion_busy(w->completion);
	completion_kick(w->completion);
	assert_int_equal(errors_logged, 1);
	assert_int_equal(open_files(), files);
	no_threads = false;
	assert_int_equal(completion_add(w->completion, &o.source), 0);
	reach(w, 1);
	completion_expect(w->completion, &o.source, 1);
	eventually(atomic_load(&o.calls) == 1);
	completion_remove(w->completion, &o.source);
}

static void looks_back_off_and_end(void **state)
{
	struct world *w = *state;
	struct watch v;
	unsigned looks;

	watch_init(&v, w);
	completion_look(w->completion, &v.look);
	eventually(atomic_load(&v.looks) > 3);
	pause_ms(20);
	looks = atomic_load(&v.looks);
	pause_ms(200);
	/* 1 ms apart by now, and more */
	assert_in_range(atomic_load(&v.looks) - looks, 2, 300);
	atomic_store(&v.over, true);
	assert_sleeps(w);
	looks = atomic_load(&v.looks);
	completion_kick(w->completion);
	assert_sleeps(w);
	assert_int_equal(atomic_load(&v.looks), looks);
	completion_unlook(w->completion, &v.look);
}

static void a_look_is_kicked(void **state)
{
	struct world *w = *state;
	struct owner *o;
	struct watch v;
	unsigned looks;

	watch_init(&v, w);
	completion_look(w->completion, &v.look);
	eventually(atomic_load(&v.looks) >= 1);
	looks = atomic_load(&v.looks);
	pause_ms(300);
	assert_in_range(atomic_load(&v.looks) - looks, 1, 300);
	for (unsigned i = 0; i < 50; i++) {
		looks = atomic_load(&v.looks);
		completion_kick(w->completion);
		eventually(atomic_load(&v.looks) > looks);
	}
	/* and when a source has passed */
	o = owner_begin(w);
	atomic_store(&v.over, true);
	reach(w, 1);
	owner_expect(o, 1);
	assert_sleeps(w);
	completion_unlook(w->completion, &v.look);
	owner_end(o);
}

/* Runtimes set the event of a signal only for those who sleep on it. */
static void a_look_that_nobody_kicks_is_not_left_to_the_timer(void **state)
{
	struct world *w = *state;
	struct owner *o = owner_begin(w);
	bool prompt = false;
	unsigned asked;
	struct watch v;

	watch_init(&v, w);
	submit(w);
	owner_expect(o, 1);
	eventually(waits() == 1);
	for (unsigned try = 0; try < TRIES && !prompt; try++) {
		asked = fake_calls_of("get_device_state");
		for (unsigned i = 0; i < 100; i++) {
			unsigned looks = atomic_load(&v.looks);

			atomic_store(&v.over, false);
			completion_look(w->completion, &v.look);
			eventually(atomic_load(&v.looks) > looks);
			pause_ms(1);
			atomic_store(&v.over, true);
			looks = atomic_load(&v.looks);
			eventually(atomic_load(&v.looks) > looks);
		}
		prompt = was_prompt(asked, 100);
	}
	assert_true(prompt);
	reach(w, 1);
	fire(0);
	eventually(atomic_load(&o->calls) == 1);
	completion_unlook(w->completion, &v.look);
	owner_end(o);
}

static void a_look_that_is_asked_for_while_it_runs_goes_on(void **state)
{
	struct world *w = *state;
	struct watch v;

	watch_init(&v, w);
	atomic_store(&v.block, true);
	atomic_store(&v.over, true);
	completion_look(w->completion, &v.look);
	while (sem_wait(&v.entered))
		;
	completion_look(w->completion, &v.look);
	atomic_store(&v.block, false);
	sem_post(&v.leave);
	eventually(atomic_load(&v.looks) == 2);
	assert_sleeps(w);
	assert_int_equal(atomic_load(&v.looks), 2);
	completion_unlook(w->completion, &v.look);
}

static void *unlook_it(void *arg)
{
	struct watch *v = arg;

	atomic_store(&v->unlooker, gettid());
	completion_unlook(v->completion, &v->look);
	sem_post(&v->entered);
	return NULL;
}

/* Linux: proc_pid_stat(5), the state is what follows the name. */
static bool thread_sleeps(pid_t tid)
{
	char path[64], line[256] = "";
	const char *end;
	FILE *file;

	if (!tid)
		return false;
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	file = fopen(path, "r");
	if (!file)
		return false;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	end = strrchr(line, ')');
	return end && end[1] == ' ' && end[2] == 'S';
}

static void unlooking_waits_for_the_look(void **state)
{
	struct world *w = *state;
	pthread_t thread;
	struct watch v;

	watch_init(&v, w);
	atomic_store(&v.block, true);
	completion_look(w->completion, &v.look);
	while (sem_wait(&v.entered))
		;
	assert_int_equal(pthread_create(&thread, NULL, unlook_it, &v), 0);
	/* a look that nobody takes off before it ends is looked at again, and would be blocked again */
	eventually(thread_sleeps(atomic_load(&v.unlooker)));
	pause_ms(10);
	assert_int_equal(sem_trywait(&v.entered), -1);
	sem_post(&v.leave);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(atomic_load(&v.looks), 1);
	assert_sleeps(w);
	/* it may be listed again, and taken off inside */
	atomic_store(&v.block, false);
	atomic_store(&v.unlook_inside, true);
	completion_look(w->completion, &v.look);
	eventually(atomic_load(&v.looks) == 2);
	assert_sleeps(w);
	assert_int_equal(atomic_load(&v.looks), 2);
	/* one that is not listed */
	completion_unlook(w->completion, &v.look);
}

static void a_lost_device_releases_its_owners(void **state)
{
	struct world *w = *state;
	struct owner *waits_for_it = owner_begin(w), *expects_nothing = owner_begin(w);
	struct watch v;
	unsigned asked;

	watch_init(&v, w);
	completion_look(w->completion, &v.look);
	submit(w);
	owner_expect(waits_for_it, 1);
	eventually(waits() == 1);
	asked = fake_calls_of("get_device_state");
	/* nothing in memory tells of it, and no call is made: only the device's state does */
	fake_lose(0, D3DKMT_DEVICEEXECUTION_STOPPED);
	eventually(atomic_load(&waits_for_it->lost) && atomic_load(&expects_nothing->lost));
	/* at the next turn of the timer, or the one after that */
	assert_in_range(fake_calls_of("get_device_state") - asked, 1, 2);
	atomic_store(&v.over, true);
	assert_sleeps(w);
	assert_int_equal(atomic_load(&expects_nothing->calls), 1);
	/* what is expected of a lost one is over at once */
	owner_expect(expects_nothing, 7);
	eventually(atomic_load(&expects_nothing->calls) == 2);
	assert_sleeps(w);
	assert_int_equal(waits(), 1);
	owner_end(waits_for_it);
	owner_end(expects_nothing);
}

static void a_fence_of_all_ones_is_a_lost_device(void **state)
{
	struct world *w = *state;
	struct owner *o = owner_begin(w);

	submit(w);
	owner_expect(o, 1);
	eventually(waits() == 1);
	fake_lose(0, D3DKMT_DEVICEEXECUTION_RESET);
	reach(w, UINT64_MAX);
	eventually(atomic_load(&o->lost));
	assert_true(gsp_device_is_lost(w->devices[0]));
	assert_sleeps(w);
	owner_end(o);
}

static void the_state_is_asked_for_while_work_is_unfinished_only(void **state)
{
	struct world *w = *state;
	unsigned asked;

	completion_busy(w->completion);
	assert_sleeps(w);
	assert_int_equal(fake_calls_of("get_device_state"), 0);
	assert_true(atomic_load(&w->housekept) > 0);
	/* nobody expects anything of it, but it is there */
	submit(w);
	completion_busy(w->completion);
	asked = fake_calls_of("get_device_state");
	pause_ms(500);
	assert_in_range(fake_calls_of("get_device_state") - asked, 2, 10);
	reach(w, 1);
	assert_sleeps(w);
	asked = fake_calls_of("get_device_state");
	assert_sleeps(w);
	assert_int_equal(fake_calls_of("get_device_state"), asked);
}

static void what_is_to_be_given_back_later_is_housekept(void **state)
{
	struct world *w = *state;
	unsigned before;

	completion_busy(w->completion);
	eventually(atomic_load(&w->housekept) >= 1);
	assert_sleeps(w);
	before = atomic_load(&w->housekept);
	completion_busy(w->completion);
	assert_sleeps(w);
	/* at once, and a while later */
	assert_in_range(atomic_load(&w->housekept) - before, 2, 4);
}

struct sleeper {
	struct world *world;
	uint32_t id;
	_Atomic bool done;
	int result;
};

static void *sleep_on_event(void *arg)
{
	struct sleeper *s = arg;

	s->result = event_wait(s->world->events, &s->id, 1, true, 20000, NULL);
	atomic_store(&s->done, true);
	return NULL;
}

static void a_mailbox_that_a_running_kernel_writes_wakes_a_sleeper(void **state)
{
	struct world *w = *state;
	struct event_request request = {.type = EVENT_SIGNAL};
	struct owner *o = owner_begin(w);
	struct sleeper s = {.world = w};
	struct event_state now;
	pthread_t thread;
	bool prompt = false;
	uint64_t turns;
	unsigned asked;

	assert_int_equal(event_create(w->events, &request, &s.id), 0);
	assert_int_equal(event_query(w->events, s.id, &now), 0);
	/* nothing runs: nobody looks */
	assert_int_equal(pthread_create(&thread, NULL, sleep_on_event, &s), 0);
	pause_ms(20);
	assert_sleeps(w);
	/* something does */
	submit(w);
	turns = completion_turns(w->completion);
	completion_busy(w->completion);
	eventually(completion_turns(w->completion) > turns + 20);
	assert_false(atomic_load(&s.done));
	__atomic_store_n(now.mailbox, s.id, __ATOMIC_RELEASE);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(s.result, 0);
	assert_int_equal(*now.mailbox, 0);
	/* with nobody asleep the timer is enough; one who comes later is noticed */
	pause_ms(60);
	turns = completion_turns(w->completion);
	pause_ms(200);
	assert_in_range(completion_turns(w->completion) - turns, 0, 8);
	atomic_store(&s.done, false);
	turns = completion_turns(w->completion);
	assert_int_equal(pthread_create(&thread, NULL, sleep_on_event, &s), 0);
	eventually(completion_turns(w->completion) > turns + 20);
	__atomic_store_n(now.mailbox, 1, __ATOMIC_RELEASE);
	assert_int_equal(pthread_join(thread, NULL), 0);
	for (unsigned try = 0; try < TRIES && !prompt; try++) {
		asked = fake_calls_of("get_device_state");
		for (unsigned i = 0; i < 60; i++) {
			pause_ms(1);
			turns = completion_turns(w->completion);
			assert_int_equal(pthread_create(&thread, NULL, sleep_on_event, &s), 0);
			eventually(completion_turns(w->completion) > turns + 5);
			__atomic_store_n(now.mailbox, 1, __ATOMIC_RELEASE);
			assert_int_equal(pthread_join(thread, NULL), 0);
		}
		prompt = was_prompt(asked, 60);
	}
	assert_true(prompt);
	turns = completion_turns(w->completion);
	assert_int_equal(pthread_create(&thread, NULL, sleep_on_event, &s), 0);
	eventually(completion_turns(w->completion) > turns + 20);
	/* the last that a kernel does */
	__atomic_store_n(now.mailbox, 1, __ATOMIC_RELEASE);
	reach(w, 1);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(s.result, 0);
	assert_sleeps(w);
	owner_end(o);
}

static void mail_of_work_that_is_over_at_once_is_read(void **state)
{
	struct world *w = *state;
	struct event_request request = {.type = EVENT_SIGNAL};
	struct owner *o = owner_begin(w);
	struct sleeper s = {.world = w};
	struct event_state now;
	pthread_t thread;

	assert_int_equal(event_create(w->events, &request, &s.id), 0);
	assert_int_equal(event_query(w->events, s.id, &now), 0);
	for (unsigned i = 1; i <= 3; i++) {
		assert_int_equal(pthread_create(&thread, NULL, sleep_on_event, &s), 0);
		assert_sleeps(w);
		submit(w);
		__atomic_store_n(now.mailbox, s.id, __ATOMIC_RELEASE);
		reach(w, i);
		/* nothing is unfinished any more when the thread hears of it */
		if (i & 1)
			owner_expect(o, i);
		else
			completion_busy(w->completion);
		assert_int_equal(pthread_join(thread, NULL), 0);
		assert_int_equal(s.result, 0);
	}
	owner_end(o);
}

static void work_for_somebody_who_sleeps_already_is_looked_at_soon(void **state)
{
	struct world *w = *state;
	struct event_request request = {.type = EVENT_SIGNAL};
	struct owner *o = owner_begin(w);
	struct sleeper s = {.world = w};
	struct event_state now;
	pthread_t thread;
	bool prompt = false;
	uint64_t turns;
	unsigned asked;

	assert_int_equal(event_create(w->events, &request, &s.id), 0);
	assert_int_equal(event_query(w->events, s.id, &now), 0);
	for (unsigned try = 0; try < TRIES && !prompt; try++) {
		asked = fake_calls_of("get_device_state");
		for (unsigned i = 0; i < 60; i++) {
			assert_int_equal(pthread_create(&thread, NULL, sleep_on_event, &s), 0);
			pause_ms(2);
			turns = completion_turns(w->completion);
			submit(w);
			completion_busy(w->completion);
			eventually(completion_turns(w->completion) > turns + 5);
			__atomic_store_n(now.mailbox, s.id, __ATOMIC_RELEASE);
			assert_int_equal(pthread_join(thread, NULL), 0);
			reach(w, w->submitted);
			pause_ms(2);
		}
		prompt = was_prompt(asked, 60);
	}
	assert_true(prompt);
	owner_end(o);
}

static void setting_an_event_kicks(void **state)
{
	struct world *w = *state;
	struct event_request request = {.type = EVENT_SIGNAL, .manual_reset = true};
	struct watch v;
	unsigned looks;
	uint32_t id;

	assert_int_equal(event_create(w->events, &request, &id), 0);
	watch_init(&v, w);
	completion_look(w->completion, &v.look);
	for (unsigned i = 0; i < 50; i++) {
		looks = atomic_load(&v.looks);
		assert_int_equal(event_set(w->events, id), 0);
		eventually(atomic_load(&v.looks) > looks);
	}
	completion_unlook(w->completion, &v.look);
	assert_sleeps(w);
	assert_int_equal(event_set(w->events, id), 0);
	assert_sleeps(w);
}

static uint64_t look_at_thread(struct completion_source *source)
{
	struct owner *o = (struct owner *)(void *)source;
	char name[16];
	sigset_t blocked;

	pthread_getname_np(pthread_self(), name, sizeof(name));
	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	atomic_store(&o->seen, !strcmp(name, "hsakmt-events") && sigismember(&blocked, SIGUSR1) == 1 &&
				       sigismember(&blocked, SIGINT) == 1);
	atomic_fetch_add(&o->calls, 1);
	return 0;
}

static void the_thread_has_a_name_and_takes_no_signals(void **state)
{
	struct world *w = *state;
	struct owner *o = owner_begin(w);
	sigset_t blocked;

	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	assert_false(sigismember(&blocked, SIGUSR1));
	o->source.passed = look_at_thread;
	reach(w, 1);
	owner_expect(o, 1);
	eventually(atomic_load(&o->calls) == 1);
	assert_int_equal(atomic_load(&o->seen), 1);
	owner_end(o);
}

static void the_object_may_end_with_sources_and_looks_left(void **state)
{
	struct world *w = *state;
	struct owner *o = owner_begin(w);
	unsigned files = open_files();
	struct watch v;

	watch_init(&v, w);
	completion_look(w->completion, &v.look);
	submit(w);
	owner_expect(o, 1);
	eventually(waits() == 1);
	completion_destroy(w->completion);
	w->completion = NULL;
	fire(0);
	/* its epoll and its own eventfd; the host has the other's */
	assert_int_equal(open_files(), files - 2 + 1);
	reach(w, 1);
	assert_int_equal(atomic_load(&o->calls), 0);
	owner_free(o);
	completion_destroy(NULL);
}

static void what_was_never_used_has_no_thread(void **state)
{
	struct world *w = *state;

	completion_kick(w->completion);
	assert_int_equal(completion_turns(w->completion), 0);
}

static int file_named(const char *name)
{
	char path[64], text[64];

	for (int fd = 0; fd < 1024; fd++) {
		ssize_t length;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		length = readlink(path, text, sizeof(text) - 1);
		if (length > 0 && !strncmp(text, name, (size_t)length))
			return fd;
	}
	return -1;
}

static void files_that_the_program_closed_do_not_keep_the_thread_busy(void **state)
{
	struct world *w = *state;
	struct owner *o = owner_begin(w);
	uint64_t turns;
	int epoll;

	epoll = file_named("anon_inode:[eventpoll]");
	assert_true(epoll >= 0);
	submit(w);
	owner_expect(o, 1);
	eventually(waits() == 1);
	close(epoll);
	turns = completion_turns(w->completion);
	pause_ms(200);
	assert_in_range(completion_turns(w->completion) - turns, 0, 100);
	/* and what is over is found */
	reach(w, 1);
	eventually(atomic_load(&o->calls) == 1);
	pause_ms(60);
	turns = completion_turns(w->completion);
	pause_ms(200);
	assert_in_range(completion_turns(w->completion) - turns, 0, 100);
	owner_end(o);
	/* nobody else's is closed with it */
	assert_int_equal(dup2(STDERR_FILENO, epoll), epoll);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_fence_that_passes_wakes_its_owner),
		TEST(what_has_passed_already_is_not_waited_for),
		TEST(there_is_one_wait_at_a_time_and_it_is_armed_again),
		TEST(a_wait_that_the_fence_overtook_is_not_doubled),
		TEST(an_armed_source_can_be_removed),
		TEST(removing_waits_for_the_callback),
		TEST(a_source_that_never_has_enough_can_be_removed),
		TEST(a_source_may_end_inside_of_its_callback),
		TEST(what_is_expected_while_the_callback_runs_is_not_lost),
		TEST(a_host_that_tells_too_early_is_asked_once),
		TEST(a_host_that_refuses_waits_is_looked_at),
		TEST(without_a_file_descriptor_it_is_looked_at),
		TEST(an_eventfd_is_never_what_the_driver_takes_for_none),
		TEST(a_sleep_by_the_timer_delays_nothing),
		TEST(without_a_thread_nothing_is_added),
		TEST(looks_back_off_and_end),
		TEST(a_look_is_kicked),
		TEST(a_look_that_nobody_kicks_is_not_left_to_the_timer),
		TEST(a_look_that_is_asked_for_while_it_runs_goes_on),
		TEST(unlooking_waits_for_the_look),
		TEST(a_lost_device_releases_its_owners),
		TEST(a_fence_of_all_ones_is_a_lost_device),
		TEST(the_state_is_asked_for_while_work_is_unfinished_only),
		TEST(what_is_to_be_given_back_later_is_housekept),
		TEST(a_mailbox_that_a_running_kernel_writes_wakes_a_sleeper),
		TEST(mail_of_work_that_is_over_at_once_is_read),
		TEST(work_for_somebody_who_sleeps_already_is_looked_at_soon),
		TEST(setting_an_event_kicks),
		TEST(the_thread_has_a_name_and_takes_no_signals),
		TEST(the_object_may_end_with_sources_and_looks_left),
		TEST(what_was_never_used_has_no_thread),
		TEST(files_that_the_program_closed_do_not_keep_the_thread_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
