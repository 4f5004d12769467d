// SPDX-License-Identifier: MIT
/* Who translates a queue and when: rings, parking and the completion thread, on a translator and a fence that the test plays. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_dxg.h"
#include "fake_lane.h"
#include "queue/objects.h"
#include "util/clock.h"
#include "util/log.h"

#define LONG_NS 20000000000ULL /* never reached unless something is lost */

struct world {
	struct queues queues;
	struct queue queue;
	struct gsp_gpu *gpu;
	struct gsp_device *device;
	uint64_t read_index;
	/* of the translator */
	_Atomic unsigned drains;
	_Atomic enum queue_progress progress;
	_Atomic uint64_t starved; /* it needs space that comes with this ordinal, 0: it does not */
	_Atomic bool failed;
	_Atomic bool endless; /* there are always packets more */
};

/* Waits for something that another thread is going to do. */
#define eventually(condition)                                            \
	do {                                                             \
		uint64_t begin_ns_ = clock_ns();                         \
		while (!(condition) && clock_ns() - begin_ns_ < LONG_NS) \
			usleep(100);                                     \
		assert_true(condition);                                  \
	} while (0)

static struct world *world_of(struct queue *queue)
{
	return queue->translator;
}

/* As batch_begin() has it. */
static enum queue_progress starve(struct queue *queue, uint64_t ordinal)
{
	queue_starve(queue, ordinal);
	return QUEUE_PARKED;
}

static enum queue_progress drain(struct queue *queue)
{
	struct world *w = world_of(queue);
	uint64_t starved = atomic_load(&w->starved);

	atomic_fetch_add(&w->drains, 1);
	if (starved && lane_done(queue->lane) < starved)
		return starve(queue, starved);
	while (atomic_load(&w->endless))
		if (queue_turn_is_over(queue))
			return QUEUE_PARKED;
	return atomic_load(&w->progress);
}

static const struct queue_ops ops = {.drain = drain};

int memory_lookup(struct memory *memory, const void *address, struct memory_info *info)
{
	(void)memory, (void)address, (void)info;
	return -ENOENT;
}

void queue_fail(struct queue *queue, uint64_t error, const char *format, ...)
{
	(void)error;
	(void)format;
	queue->stopped = true;
	atomic_store(&world_of(queue)->failed, true);
}

static int setup(void **state)
{
	struct kmd_adapter info = {.discrete = true};
	struct world *w = calloc(1, sizeof(*w));
	struct completion_options options = {.gpus = &w->gpu, .gpu_count = 1};
	struct queue *queue = &w->queue;
	const struct gsp_handles *handles;

	fake_reset();
	/* what the host would tell is found by the thread's timer */
	fake_ignore_waits(true);
	log_set_level(LOG_NONE);
	assert_int_equal(gsp_gpu_create(NULL, FAKE_ADAPTER(0), &info, &w->gpu), 0);
	w->device = gsp_gpu_device(w->gpu);
	assert_int_equal(gsp_device_open(w->device, &handles), 0);
	assert_int_equal(book_create(&w->queues.book), 0);
	assert_int_equal(event_table_create(NULL, 0, &w->queues.events), 0);
	options.events = w->queues.events;
	assert_int_equal(completion_create(&options, &w->queues.completion), 0);
	w->queues.gpus[0].gpu.platform_atomics = true;
	queue->queues = &w->queues;
	queue->ops = &ops;
	queue->translator = w;
	queue->enabled = true;
	queue->read_index = &w->read_index;
	queue->look.look = queue_look;
	queue->release.look = queue_look_at_loss;
	queue->lane = fake_lane_create(w->device, 0);
	pthread_mutex_init(&queue->lock, NULL);
	assert_int_equal(actions_create(w->queues.events, queue->lane, &queue->actions), 0);
	queue->source = (struct completion_source){
		.device = w->device,
		.fence = lane_point(queue->lane, 0).fence,
		.value = lane_point(queue->lane, 0).value,
		.passed = queue_passed,
	};
	assert_int_equal(completion_add(w->queues.completion, &queue->source), 0);
	atomic_store(&w->progress, QUEUE_EMPTY);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	atomic_store(&w->queue.ending, true);
	completion_remove(w->queues.completion, &w->queue.source);
	completion_unlook(w->queues.completion, &w->queue.look);
	completion_unlook(w->queues.completion, &w->queue.release);
	completion_destroy(w->queues.completion);
	actions_destroy(w->queue.actions);
	fake_lane_destroy(w->queue.lane);
	pthread_mutex_destroy(&w->queue.lock);
	event_table_destroy(w->queues.events);
	book_destroy(w->queues.book);
	gsp_gpu_destroy(w->gpu);
	free(w);
	return 0;
}

/* A thread that turns without end does not come to this. */
struct watch {
	struct completion_look look;
	_Atomic bool looked;
};

static bool watch_look(struct completion_look *look)
{
	struct watch *watch = (struct watch *)(void *)look;

	atomic_store(&watch->looked, true);
	return false;
}

static void assert_thread_is_free(struct world *w)
{
	struct watch watch = {.look = {.look = watch_look}};

	completion_look(w->queues.completion, &watch.look);
	eventually(atomic_load(&watch.looked));
	completion_unlook(w->queues.completion, &watch.look);
}

/* Its source is read once the thread has been at what follows sources. */
static void let_it_pass(struct world *w)
{
	uint64_t turns = completion_turns(w->queues.completion);

	eventually(completion_turns(w->queues.completion) > turns + 1);
	assert_thread_is_free(w);
}

static void a_starved_queue_goes_on_when_there_is_space(void **state)
{
	struct world *w = *state;

	fake_lane_submit(w->queue.lane);
	atomic_store(&w->starved, 1);
	queue_ring(&w->queue);
	assert_int_equal(atomic_load(&w->drains), 1);
	assert_int_equal(atomic_load(&w->queue.parked), QUEUE_STARVED);
	fake_lane_finish(w->queue.lane, 1);
	eventually(atomic_load(&w->drains) == 2);
	eventually(atomic_load(&w->queue.parked) == QUEUE_RUNS);
	assert_thread_is_free(w);
}

/* The space comes, and nobody takes it. */
static void a_starved_queue_may_be_disabled(void **state)
{
	struct world *w = *state;

	fake_lane_submit(w->queue.lane);
	atomic_store(&w->starved, 1);
	queue_ring(&w->queue);
	queue_lock(&w->queue);
	w->queue.enabled = false;
	queue_unlock(&w->queue);
	queue_ring(&w->queue);
	fake_lane_finish(w->queue.lane, 1);
	let_it_pass(w);
	assert_int_equal(atomic_load(&w->drains), 1);
	queue_lock(&w->queue);
	w->queue.enabled = true;
	queue_unlock(&w->queue);
	queue_ring(&w->queue);
	assert_int_equal(atomic_load(&w->drains), 2);
}

/* teardown() takes its source away */
static void a_starved_queue_may_end(void **state)
{
	struct world *w = *state;

	fake_lane_submit(w->queue.lane);
	atomic_store(&w->starved, 1);
	queue_ring(&w->queue);
	atomic_store(&w->queue.ending, true);
	fake_lane_finish(w->queue.lane, 1);
	let_it_pass(w);
	assert_int_equal(atomic_load(&w->drains), 1);
}

/* Who has the lock drains, and until then the thread has better things to do than to ask again. */
static void a_starved_queue_whose_lock_is_taken_is_left_to_its_holder(void **state)
{
	struct world *w = *state;

	fake_lane_submit(w->queue.lane);
	atomic_store(&w->starved, 1);
	queue_ring(&w->queue);
	queue_lock(&w->queue);
	fake_lane_finish(w->queue.lane, 1);
	let_it_pass(w);
	assert_int_equal(atomic_load(&w->drains), 1);
	queue_unlock(&w->queue);
	assert_int_equal(atomic_load(&w->drains), 2);
	assert_int_equal(atomic_load(&w->queue.parked), QUEUE_RUNS);
}

/* What it waited for is there, and its producers are faster than who translates: others are waited for by their own. */
static void a_parked_queue_does_not_keep_the_thread(void **state)
{
	struct world *w = *state;

	atomic_store(&w->progress, QUEUE_PARKED);
	queue_ring(&w->queue);
	assert_int_equal(atomic_load(&w->queue.parked), QUEUE_LOOKED_AT);
	atomic_store(&w->endless, true);
	for (unsigned i = 0; i < 20; i++)
		assert_thread_is_free(w);
	atomic_store(&w->progress, QUEUE_EMPTY);
	atomic_store(&w->endless, false);
	eventually(atomic_load(&w->queue.parked) == QUEUE_RUNS);
}

/* As from a doorbell, on the thread that watches all of them. */
static void a_thread_that_others_need_rings_briefly(void **state)
{
	struct world *w = *state;

	atomic_store(&w->endless, true);
	queue_ring_briefly(&w->queue);
	assert_int_equal(atomic_load(&w->queue.parked), QUEUE_LOOKED_AT);
	assert_thread_is_free(w);
	atomic_store(&w->endless, false);
	eventually(atomic_load(&w->queue.parked) == QUEUE_RUNS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_starved_queue_goes_on_when_there_is_space, setup, teardown),
		cmocka_unit_test_setup_teardown(a_starved_queue_may_be_disabled, setup, teardown),
		cmocka_unit_test_setup_teardown(a_starved_queue_may_end, setup, teardown),
		cmocka_unit_test_setup_teardown(a_starved_queue_whose_lock_is_taken_is_left_to_its_holder,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_parked_queue_does_not_keep_the_thread, setup, teardown),
		cmocka_unit_test_setup_teardown(a_thread_that_others_need_rings_briefly, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
