// SPDX-License-Identifier: MIT
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "fake_dxg.h"
#include "gsp/device_private.h"
#include "gsp/retire.h"
#include "gsp/timeline.h"
#include "util/compiler.h"
#include "util/log.h"

#define NOT_ENDED 1
#define SOON	  1000000ULL

/* The linker puts these in the place of what they are named after. */
static bool no_memory;
static unsigned moment_reads;
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);
enum gsp_fence_state __real_gsp_moment_read(struct gsp_moment *moment);
enum gsp_fence_state __wrap_gsp_moment_read(struct gsp_moment *moment);

void *__wrap_malloc(size_t size)
{
	return no_memory ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return no_memory ? NULL : __real_realloc(old, size);
}

enum gsp_fence_state __wrap_gsp_moment_read(struct gsp_moment *moment)
{
	__atomic_fetch_add(&moment_reads, 1, __ATOMIC_RELAXED);
	return __real_gsp_moment_read(moment);
}

struct queue {
	uint64_t value;
	uint64_t submitted;
	struct gsp_timeline *timeline;
};

struct world {
	struct gsp_device *device, *other;
	struct queue queue, other_queue;
	struct gsp_retire_list list;
};

static struct gsp_device *make_device(unsigned adapter)
{
	struct kmd_adapter info = {.discrete = true};
	const struct gsp_handles *handles;
	struct gsp_device *device;

	assert_int_equal(gsp_device_create(NULL, FAKE_ADAPTER(adapter), &info, &device), 0);
	assert_int_equal(gsp_device_open(device, &handles), 0);
	return device;
}

static void submit(struct queue *queue)
{
	gsp_timeline_announce(queue->timeline, ++queue->submitted);
}

static void finish(struct queue *queue)
{
	__atomic_store_n(&queue->value, queue->submitted, __ATOMIC_RELEASE);
}

static void build(struct world *w)
{
	memset(w, 0, sizeof(*w));
	fake_reset();
	log_set_level(LOG_NONE);
	no_memory = false;
	moment_reads = 0;
	w->device = make_device(0);
	w->other = make_device(1);
	assert_int_equal(gsp_timeline_create(w->device, &w->queue.value, &w->queue.timeline), 0);
	assert_int_equal(gsp_timeline_create(w->other, &w->other_queue.value, &w->other_queue.timeline), 0);
	gsp_retire_list_init(&w->list);
}

static void tear_down(struct world *w)
{
	gsp_retire_list_destroy(&w->list);
	gsp_timeline_stop(w->queue.timeline);
	gsp_timeline_end(w->queue.timeline);
	gsp_timeline_stop(w->other_queue.timeline);
	gsp_timeline_end(w->other_queue.timeline);
	gsp_device_destroy(w->device);
	gsp_device_destroy(w->other);
	assert_int_equal(fake_leaks(), 0);
	assert_int_equal(fake_misuse(), 0);
}

struct thing {
	struct gsp_retire item;
	int why; /* NOT_ENDED, or what it ended with */
	unsigned place;
};

static unsigned ended;

static void end(struct gsp_retire *item, int why)
{
	struct thing *thing = (struct thing *)(void *)item;

	assert_int_equal(thing->why, NOT_ENDED);
	thing->why = why;
	thing->place = ++ended;
}

static void add(struct world *w, struct thing *thing, struct gsp_moment *moment,
		const struct gsp_fence_point *point)
{
	*thing = (struct thing){.item = {.run = end, .moment = moment}, .why = NOT_ENDED};
	if (point)
		thing->item.point = *point;
	gsp_retire_add(&w->list, &thing->item);
}

static void things_retire_when_their_points_passed(void **state)
{
	struct thing things[4];
	uint64_t value = 0;
	struct world w;

	(void)state;
	build(&w);
	for (unsigned i = 0; i < ARRAY_SIZE(things); i++) {
		struct gsp_fence_point point = {.device = w.device, .value = &value, .wanted = i};

		add(&w, &things[i], NULL, i ? &point : NULL);
	}
	assert_int_equal(gsp_retire_run(&w.list), 1);
	assert_int_equal(things[0].why, 0);
	value = 1;
	assert_int_equal(gsp_retire_run(&w.list), 1);
	assert_int_equal(things[1].why, 0);
	assert_int_equal(gsp_retire_drain(&w.list, SOON), -ETIMEDOUT);
	value = UINT64_MAX;
	assert_int_equal(gsp_retire_drain(&w.list, SOON), 0);
	assert_int_equal(things[2].why, -ENODEV);
	assert_int_equal(things[3].why, -ENODEV);
	assert_true(gsp_device_is_lost(w.device));
	tear_down(&w);
}

static void things_retire_in_order_behind_their_moments_and_points(void **state)
{
	struct gsp_device *both[2];
	struct thing early, late, wide, pointed, plain;
	uint64_t paging = 0;
	struct gsp_fence_point point;
	struct world w;

	(void)state;
	build(&w);
	both[0] = w.device;
	both[1] = w.other;
	point = (struct gsp_fence_point){.device = w.device, .value = &paging, .wanted = 1};
	ended = 0;
	submit(&w.queue);
	submit(&w.other_queue);
	add(&w, &wide, gsp_moment_take(both, 2), NULL);
	add(&w, &early, gsp_moment_take(both, 1), NULL);
	add(&w, &pointed, gsp_moment_take(both, 1), &point);
	submit(&w.queue);
	add(&w, &late, gsp_moment_take(both, 1), NULL);
	add(&w, &plain, NULL, NULL);
	assert_int_equal(gsp_retire_run(&w.list), 1);
	assert_int_equal(plain.place, 1);
	w.queue.value = 1;
	assert_int_equal(gsp_retire_run(&w.list), 1);
	assert_int_equal(early.place, 2);
	assert_int_equal(gsp_retire_run(&w.list), 0);
	finish(&w.queue);
	assert_int_equal(gsp_retire_run(&w.list), 1);
	assert_int_equal(late.place, 3);
	finish(&w.other_queue);
	paging = 1;
	assert_int_equal(gsp_retire_run(&w.list), 2);
	/* it waits for its point since before the other's moment was over */
	assert_int_equal(pointed.place, 4);
	assert_int_equal(wide.place, 5);
	assert_true(gsp_retire_is_empty(&w.list));
	assert_int_equal(early.why | late.why | wide.why | pointed.why | plain.why, 0);
	tear_down(&w);
}

#define MANY 100000U

static void what_is_behind_one_moment_costs_one_look(void **state)
{
	struct thing *things = calloc(MANY + 1, sizeof(*things));
	struct world w;

	(void)state;
	assert_non_null(things);
	build(&w);
	ended = 0;
	submit(&w.queue);
	submit(&w.other_queue);
	for (unsigned i = 0; i < MANY; i++)
		/* frees on two GPUs in turn */
		add(&w, &things[i], gsp_moment_take(i % 2 ? &w.other : &w.device, 1), NULL);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(gsp_retire_run(&w.list), 0);
	assert_int_equal(moment_reads, 2 * 1000);
	tear_down(&w);
	free(things);
}

/* One long kernel, and many short ones beside it. */
static void moments_behind_one_that_is_not_over_cost_nothing(void **state)
{
	struct thing things[1000];
	struct queue busy = {0};
	struct world w;

	(void)state;
	build(&w);
	ended = 0;
	assert_int_equal(gsp_timeline_create(w.device, &busy.value, &busy.timeline), 0);
	submit(&busy);
	for (unsigned i = 0; i < ARRAY_SIZE(things); i++) {
		submit(&w.queue);
		add(&w, &things[i], gsp_moment_take(&w.device, 1), NULL);
		moment_reads = 0;
		assert_int_equal(gsp_retire_run(&w.list), 0);
		assert_int_equal(moment_reads, 1);
		if (i % 3 == 0)
			finish(&w.queue);
	}
	w.queue.value = 500;
	finish(&busy);
	assert_int_equal(gsp_retire_run(&w.list), 500);
	finish(&w.queue);
	assert_int_equal(gsp_retire_run(&w.list), 500);
	for (unsigned i = 0; i < ARRAY_SIZE(things); i++)
		assert_int_equal(things[i].place, i + 1);
	gsp_timeline_stop(busy.timeline);
	gsp_timeline_end(busy.timeline);
	tear_down(&w);
}

static void moments_of_several_devices_do_not_hold_one_another_up(void **state)
{
	struct gsp_device *third, *sets[3][2];
	struct thing things[3 * 100];
	struct queue queue = {0};
	struct world w;

	(void)state;
	build(&w);
	ended = 0;
	third = make_device(2);
	assert_int_equal(gsp_timeline_create(third, &queue.value, &queue.timeline), 0);
	for (unsigned i = 0; i < 3; i++) {
		sets[i][0] = i == 2 ? w.other : w.device;
		sets[i][1] = i == 0 ? w.other : third;
	}
	submit(&w.queue);
	submit(&w.other_queue);
	submit(&queue);
	for (unsigned i = 0; i < ARRAY_SIZE(things); i++)
		add(&w, &things[i], gsp_moment_take(sets[i / 100], 2), NULL);
	moment_reads = 0;
	assert_int_equal(gsp_retire_run(&w.list), 0);
	/* those that name the same are one, too */
	assert_int_equal(moment_reads, 3);
	finish(&w.other_queue);
	finish(&queue);
	assert_int_equal(gsp_retire_run(&w.list), 100);
	assert_int_equal(things[200].place, 1);
	assert_int_equal(things[299].place, 100);
	add(&w, &things[200], gsp_moment_take(sets[0], 2), NULL);
	finish(&w.queue);
	assert_int_equal(gsp_retire_run(&w.list), 201);
	assert_true(gsp_retire_is_empty(&w.list));
	gsp_timeline_stop(queue.timeline);
	gsp_timeline_end(queue.timeline);
	gsp_device_destroy(third);
	tear_down(&w);
}

/* Devices come and go, more of them than there are places for their moments: those that are over leave theirs. */
static void devices_that_are_gone_leave_their_places(void **state)
{
	struct thing kept, first, second;
	struct gsp_device *device;
	struct queue queue;
	struct world w;

	(void)state;
	build(&w);
	submit(&w.queue);
	add(&w, &kept, gsp_moment_take(&w.device, 1), NULL);
	for (unsigned i = 0; i < 3 * DXG_MAX_ADAPTERS; i++) {
		device = make_device(2);
		queue = (struct queue){0};
		assert_int_equal(gsp_timeline_create(device, &queue.value, &queue.timeline), 0);
		submit(&queue);
		add(&w, &first, gsp_moment_take(&device, 1), NULL);
		submit(&queue);
		add(&w, &second, gsp_moment_take(&device, 1), NULL);
		moment_reads = 0;
		assert_int_equal(gsp_retire_run(&w.list), 0);
		/* its own place: the first that is not over spares the look at the second */
		assert_int_equal(moment_reads, 2);
		if (i % 2)
			queue.value = UINT64_MAX;
		else
			finish(&queue);
		assert_int_equal(gsp_retire_run(&w.list), 2);
		assert_int_equal(second.why, i % 2 ? -ENODEV : 0);
		gsp_timeline_stop(queue.timeline);
		gsp_timeline_end(queue.timeline);
		gsp_device_destroy(device);
	}
	assert_int_equal(w.list.lane_count, 2);
	assert_int_equal(kept.why, NOT_ENDED);
	finish(&w.queue);
	assert_int_equal(gsp_retire_run(&w.list), 1);
	tear_down(&w);
}

static void many_things_end_once_each_in_order(void **state)
{
	struct thing *things = calloc(MANY, sizeof(*things));
	struct world w;

	(void)state;
	assert_non_null(things);
	build(&w);
	ended = 0;
	submit(&w.queue);
	for (unsigned i = 0; i < MANY; i++)
		add(&w, &things[i], gsp_moment_take(&w.device, 1), NULL);
	finish(&w.queue);
	moment_reads = 0;
	assert_int_equal(gsp_retire_run(&w.list), MANY);
	assert_int_equal(moment_reads, 1);
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(things[i].place, i + 1);
	assert_true(gsp_retire_is_empty(&w.list));
	tear_down(&w);
	free(things);
}

static void a_lost_device_ends_what_waits_for_it_alone(void **state)
{
	struct gsp_device *both[2];
	struct thing on_lost, on_both, on_other, pointed;
	struct gsp_fence_point point;
	uint64_t paging = 0;
	struct world w;

	(void)state;
	build(&w);
	both[0] = w.device;
	both[1] = w.other;
	point = (struct gsp_fence_point){.device = w.other, .value = &paging, .wanted = 1};
	submit(&w.queue);
	submit(&w.other_queue);
	add(&w, &on_lost, gsp_moment_take(both, 1), NULL);
	add(&w, &on_both, gsp_moment_take(both, 2), NULL);
	add(&w, &on_other, gsp_moment_take(&w.other, 1), NULL);
	add(&w, &pointed, gsp_moment_take(both, 1), &point);
	w.queue.value = UINT64_MAX;
	assert_int_equal(gsp_retire_run(&w.list), 1);
	assert_int_equal(on_lost.why, -ENODEV);
	/* the first sign of it was that fence */
	assert_true(gsp_device_is_lost(w.device));
	assert_false(gsp_device_is_lost(w.other));
	paging = 1;
	assert_int_equal(gsp_retire_run(&w.list), 1);
	/* that the point passed does not undo the loss */
	assert_int_equal(pointed.why, -ENODEV);
	finish(&w.other_queue);
	assert_int_equal(gsp_retire_run(&w.list), 2);
	assert_int_equal(on_both.why, -ENODEV);
	assert_int_equal(on_other.why, 0);
	tear_down(&w);
}

/* The life of freed memory: the queues let go, its page-table work is done, then it is no more. */
struct memory {
	struct gsp_retire item;
	struct world *world;
	uint64_t paging;
	unsigned stage;
	int why;
};

static void next_stage(struct gsp_retire *item, int why)
{
	struct memory *memory = (struct memory *)(void *)item;

	memory->why = why;
	assert_null(item->moment);
	if (++memory->stage == 1 && !why) {
		item->point = (struct gsp_fence_point){
			.device = memory->world->device,
			.value = &memory->paging,
			.wanted = 1,
		};
		gsp_retire_add(&memory->world->list, item);
	} else if (memory->stage == 2 && !why) {
		item->point = (struct gsp_fence_point){0};
		item->moment = gsp_moment_take(&memory->world->device, 1);
		gsp_retire_add(&memory->world->list, item);
	}
}

static void a_callback_may_list_its_item_again(void **state)
{
	struct world w;
	struct memory memory = {.item = {.run = next_stage}, .world = &w};

	(void)state;
	build(&w);
	submit(&w.queue);
	memory.item.moment = gsp_moment_take(&w.device, 1);
	gsp_retire_add(&w.list, &memory.item);
	assert_int_equal(gsp_retire_run(&w.list), 0);
	finish(&w.queue);
	assert_int_equal(gsp_retire_run(&w.list), 1);
	assert_false(gsp_retire_is_empty(&w.list));
	assert_int_equal(gsp_retire_run(&w.list), 0);
	memory.paging = 1;
	submit(&w.queue);
	assert_int_equal(gsp_retire_run(&w.list), 1);
	assert_int_equal(gsp_retire_drain(&w.list, SOON), -ETIMEDOUT);
	finish(&w.queue);
	/* a drain is not over before the last stage is */
	assert_int_equal(gsp_retire_drain(&w.list, SOON), 0);
	assert_int_equal(memory.stage, 3);
	assert_int_equal(memory.why, 0);
	/* an end at close comes in any stage */
	memory.stage = 0;
	submit(&w.queue);
	memory.item.point.device = NULL;
	memory.item.moment = gsp_moment_take(&w.device, 1);
	gsp_retire_add(&w.list, &memory.item);
	tear_down(&w);
	assert_int_equal(memory.stage, 1);
	assert_int_equal(memory.why, -ETIMEDOUT);
}

static void without_memory_for_a_moment_things_end_at_close(void **state)
{
	struct thing thing, other;
	struct world w;

	(void)state;
	build(&w);
	submit(&w.queue);
	no_memory = true;
	add(&w, &thing, gsp_moment_take(&w.device, 1), NULL);
	no_memory = false;
	add(&w, &other, gsp_moment_take(&w.device, 1), NULL);
	finish(&w.queue);
	assert_int_equal(gsp_retire_run(&w.list), 1);
	assert_int_equal(other.why, 0);
	assert_int_equal(gsp_retire_drain(&w.list, SOON), -ETIMEDOUT);
	assert_int_equal(thing.why, NOT_ENDED);
	tear_down(&w);
	assert_int_equal(thing.why, -ETIMEDOUT);
}

static void *finish_later(void *arg)
{
	struct world *w = arg;
	const struct timespec time = {.tv_nsec = 3000000};

	nanosleep(&time, NULL);
	finish(&w->other_queue);
	nanosleep(&time, NULL);
	/* its fence never moves, and goes: the queue is destroyed */
	gsp_timeline_stop(w->queue.timeline);
	gsp_timeline_end(w->queue.timeline);
	assert_int_equal(gsp_timeline_create(w->device, &w->queue.value, &w->queue.timeline), 0);
	return NULL;
}

static void a_drain_waits_for_moments_without_their_fences(void **state)
{
	struct thing first, second;
	pthread_t thread;
	struct world w;

	(void)state;
	build(&w);
	submit(&w.queue);
	submit(&w.other_queue);
	add(&w, &first, gsp_moment_take(&w.device, 1), NULL);
	add(&w, &second, gsp_moment_take(&w.other, 1), NULL);
	assert_int_equal(pthread_create(&thread, NULL, finish_later, &w), 0);
	assert_int_equal(gsp_retire_drain(&w.list, GSP_WAIT_FOREVER), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(first.why, 0);
	assert_int_equal(second.why, 0);
	assert_int_equal(fake_calls_of("wait_fences"), 0);
	tear_down(&w);
}

static void a_drain_notices_that_a_device_was_removed(void **state)
{
	struct thing thing;
	struct world w;

	(void)state;
	build(&w);
	submit(&w.queue);
	add(&w, &thing, gsp_moment_take(&w.device, 1), NULL);
	fake_lose(0, D3DKMT_DEVICEEXECUTION_STOPPED);
	assert_int_equal(gsp_retire_drain(&w.list, GSP_WAIT_FOREVER), 0);
	assert_int_equal(thing.why, -ENODEV);
	tear_down(&w);
}

static void *drain_it(void *arg)
{
	struct world *w = arg;

	return gsp_retire_drain(&w->list, GSP_WAIT_FOREVER) ? w : NULL;
}

/* Another thread may end the item meanwhile, which had kept the device of its fence. */
static void a_drain_keeps_the_device_whose_fence_it_waits_for(void **state)
{
	struct gsp_fence_point point;
	struct thing thing;
	uint64_t value = 0;
	pthread_t thread;
	struct world w;
	void *failed;

	(void)state;
	build(&w);
	point = (struct gsp_fence_point){
		.device = w.device,
		.fence = gsp_device_handles(w.device)->paging.fence,
		.value = &value,
		.wanted = 1,
	};
	add(&w, &thing, NULL, &point);
	assert_int_equal(w.device->references, 1);
	assert_int_equal(pthread_create(&thread, NULL, drain_it, &w), 0);
	while (!fake_calls_of("wait_fences"))
		sched_yield();
	assert_int_equal(w.device->references, 2);
	__atomic_store_n(&value, 1, __ATOMIC_RELEASE);
	assert_int_equal(pthread_join(thread, &failed), 0);
	assert_null(failed);
	assert_int_equal(thing.why, 0);
	assert_int_equal(w.device->references, 1);
	tear_down(&w);
}

struct slow_thing {
	struct gsp_retire item;
	sem_t started, go_on;
};

static void end_slowly(struct gsp_retire *item, int why)
{
	struct slow_thing *thing = (struct slow_thing *)(void *)item;

	(void)why;
	sem_post(&thing->started);
	sem_wait(&thing->go_on);
}

static void *run_list(void *arg)
{
	gsp_retire_run(arg);
	return NULL;
}

/* Whoever wants room must not be told that there is none because another thread is just making it. */
static void what_another_thread_is_ending_has_not_ended(void **state)
{
	struct slow_thing thing = {.item = {.run = end_slowly}};
	pthread_t thread;
	struct world w;

	(void)state;
	build(&w);
	sem_init(&thing.started, 0, 0);
	sem_init(&thing.go_on, 0, 0);
	assert_true(gsp_retire_is_empty(&w.list));
	gsp_retire_add(&w.list, &thing.item);
	assert_false(gsp_retire_is_empty(&w.list));
	assert_int_equal(pthread_create(&thread, NULL, run_list, &w.list), 0);
	sem_wait(&thing.started);
	assert_false(gsp_retire_is_empty(&w.list));
	assert_int_equal(gsp_retire_drain(&w.list, SOON), -ETIMEDOUT);
	sem_post(&thing.go_on);
	assert_int_equal(gsp_retire_drain(&w.list, GSP_WAIT_FOREVER), 0);
	assert_true(gsp_retire_is_empty(&w.list));
	assert_int_equal(pthread_join(thread, NULL), 0);
	sem_destroy(&thing.started);
	sem_destroy(&thing.go_on);
	tear_down(&w);
}

struct returning_thing {
	struct gsp_retire item;
	struct gsp_retire_list *list;
	sem_t started, go_on;
	unsigned ends;
};

static void end_and_return(struct gsp_retire *item, int why)
{
	struct returning_thing *thing = (struct returning_thing *)(void *)item;

	assert_int_equal(why, 0);
	if (++thing->ends == 2)
		return;
	sem_post(&thing->started);
	sem_wait(&thing->go_on);
	gsp_retire_add(thing->list, item);
}

static void *let_go_later(void *arg)
{
	const struct timespec time = {.tv_nsec = 3000000};

	nanosleep(&time, NULL);
	sem_post(arg);
	return NULL;
}

static void a_drain_waits_for_what_another_thread_lists_again(void **state)
{
	struct returning_thing thing = {.item = {.run = end_and_return}};
	pthread_t runner, helper;
	struct world w;

	(void)state;
	build(&w);
	thing.list = &w.list;
	sem_init(&thing.started, 0, 0);
	sem_init(&thing.go_on, 0, 0);
	gsp_retire_add(&w.list, &thing.item);
	assert_int_equal(pthread_create(&runner, NULL, run_list, &w.list), 0);
	sem_wait(&thing.started);
	assert_int_equal(pthread_create(&helper, NULL, let_go_later, &thing.go_on), 0);
	assert_int_equal(gsp_retire_drain(&w.list, GSP_WAIT_FOREVER), 0);
	assert_int_equal(thing.ends, 2);
	assert_true(gsp_retire_is_empty(&w.list));
	assert_int_equal(pthread_join(runner, NULL), 0);
	assert_int_equal(pthread_join(helper, NULL), 0);
	sem_destroy(&thing.started);
	sem_destroy(&thing.go_on);
	tear_down(&w);
}

/* Freed from one thread while others submit, and run and drain the list. */
#define PER_THREAD 5000U

struct traffic {
	struct world w;
	atomic_uint ended;
	atomic_bool over;
};

struct freed {
	struct gsp_retire item;
	struct traffic *traffic;
	uint64_t uses; /* the submission that may still use it */
	bool again;
};

static void end_freed(struct gsp_retire *item, int why)
{
	struct freed *freed = (struct freed *)(void *)item;
	struct queue *queue = &freed->traffic->w.queue;

	assert_int_equal(why, 0);
	assert_true(__atomic_load_n(&queue->value, __ATOMIC_ACQUIRE) >= freed->uses);
	if (freed->again) {
		freed->again = false;
		gsp_retire_add(&freed->traffic->w.list, item);
		return;
	}
	atomic_fetch_add(&freed->traffic->ended, 1);
	free(freed);
}

static void *submit_and_finish(void *arg)
{
	struct traffic *traffic = arg;
	struct queue *queue = &traffic->w.queue;

	while (!atomic_load(&traffic->over)) {
		uint64_t next = queue->submitted + 1;

		gsp_timeline_announce(queue->timeline, next);
		__atomic_store_n(&queue->submitted, next, __ATOMIC_RELEASE);
		if (next % 4 == 0)
			__atomic_store_n(&queue->value, next - next % 8, __ATOMIC_RELEASE);
	}
	__atomic_store_n(&queue->value, queue->submitted, __ATOMIC_RELEASE);
	return NULL;
}

static void *free_things(void *arg)
{
	struct traffic *traffic = arg;

	for (unsigned i = 0; i < PER_THREAD; i++) {
		struct freed *freed = calloc(1, sizeof(*freed));

		assert_non_null(freed);
		freed->item.run = end_freed;
		freed->traffic = traffic;
		freed->again = i % 3 == 0;
		freed->uses = __atomic_load_n(&traffic->w.queue.submitted, __ATOMIC_ACQUIRE);
		freed->item.moment = gsp_moment_take(&traffic->w.device, 1);
		gsp_retire_add(&traffic->w.list, &freed->item);
		if (i % 8 == 0)
			gsp_retire_run(&traffic->w.list);
	}
	return NULL;
}

static void *drain_often(void *arg)
{
	struct traffic *traffic = arg;

	while (!atomic_load(&traffic->over))
		gsp_retire_drain(&traffic->w.list, 100000);
	return NULL;
}

static void threads_free_run_and_drain_together(void **state)
{
	struct traffic traffic = {0};
	pthread_t submitter, drainer, threads[3];

	(void)state;
	build(&traffic.w);
	assert_int_equal(pthread_create(&submitter, NULL, submit_and_finish, &traffic), 0);
	assert_int_equal(pthread_create(&drainer, NULL, drain_often, &traffic), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, free_things, &traffic), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	atomic_store(&traffic.over, true);
	assert_int_equal(pthread_join(submitter, NULL), 0);
	assert_int_equal(pthread_join(drainer, NULL), 0);
	assert_int_equal(gsp_retire_drain(&traffic.w.list, GSP_WAIT_FOREVER), 0);
	assert_int_equal(atomic_load(&traffic.ended), ARRAY_SIZE(threads) * PER_THREAD);
	tear_down(&traffic.w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(things_retire_when_their_points_passed),
		cmocka_unit_test(things_retire_in_order_behind_their_moments_and_points),
		cmocka_unit_test(what_is_behind_one_moment_costs_one_look),
		cmocka_unit_test(moments_behind_one_that_is_not_over_cost_nothing),
		cmocka_unit_test(moments_of_several_devices_do_not_hold_one_another_up),
		cmocka_unit_test(devices_that_are_gone_leave_their_places),
		cmocka_unit_test(many_things_end_once_each_in_order),
		cmocka_unit_test(a_lost_device_ends_what_waits_for_it_alone),
		cmocka_unit_test(a_callback_may_list_its_item_again),
		cmocka_unit_test(without_memory_for_a_moment_things_end_at_close),
		cmocka_unit_test(a_drain_waits_for_moments_without_their_fences),
		cmocka_unit_test(a_drain_notices_that_a_device_was_removed),
		cmocka_unit_test(a_drain_keeps_the_device_whose_fence_it_waits_for),
		cmocka_unit_test(what_another_thread_is_ending_has_not_ended),
		cmocka_unit_test(a_drain_waits_for_what_another_thread_lists_again),
		cmocka_unit_test(threads_free_run_and_drain_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
