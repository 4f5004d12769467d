// SPDX-License-Identifier: MIT
/*
 * Queues on threads of their own, beside a GPU that executes and finishes what they submit, and others who ask: whenever the book
 * names a submission, the signal is at zero once that is over.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_lane.h"
#include "queue/book.h"
#include "queue/signal.h"
#include "util/compiler.h"

#define LANES	2U
#define SIGNALS 2U /* of each lane */
#define ROUNDS	20000U

/* What a lane submitted and the GPU has to do yet. */
struct queue {
	struct floor *floor;
	struct lane *lane;
	uint32_t mark;
	uint64_t signals[SIGNALS][SIGNAL_BYTES / 8] __attribute__((aligned(64)));
	_Atomic uint64_t generation[SIGNALS]; /* even: set, odd: being set anew */
	_Atomic uint32_t todo[ROUNDS + 1];    /* by ordinal: signal + 1 */
	_Atomic uint64_t executed;	      /* ordinals */
};

struct floor {
	struct book *book;
	struct queue queues[LANES];
	_Atomic uint64_t found;
	_Atomic bool over;
};

static int64_t *value_of(struct queue *queue, unsigned i)
{
	return (int64_t *)&queue->signals[i][SIGNAL_VALUE / 8];
}

/* Time passes. */
static void pass(struct queue *queue, unsigned *seed)
{
	for (unsigned i = (unsigned)rand_r(seed) % 400; i; i--)
		atomic_load(&queue->executed);
}

/* Plays user and translator: a signal that is at zero gets a new value, at once, and is submitted some time later. */
static void *submit(void *arg)
{
	struct queue *queue = arg;
	struct book *book = queue->floor->book;
	unsigned seed = (unsigned)(uintptr_t)queue;

	for (uint64_t ordinal = 1; ordinal <= ROUNDS; ordinal++) {
		unsigned i = (unsigned)rand_r(&seed) % SIGNALS;
		uint64_t signal = ptr_to_u64(queue->signals[i]);

		while (__atomic_load_n(value_of(queue, i), __ATOMIC_ACQUIRE))
			sched_yield();
		atomic_fetch_add(&queue->generation[i], 1);
		__atomic_store_n(value_of(queue, i), 1, __ATOMIC_RELEASE);
		atomic_fetch_add(&queue->generation[i], 1);
		if (ordinal % 4 == 0)
			sched_yield();
		lane_lock(queue->lane);
		book_expect(book, signal, queue->lane, ordinal, true);
		if (ordinal % 11 == 0) { /* refused, and tried again */
			book_submitted(book, queue->lane, ordinal, false);
			book_expect(book, signal, queue->lane, ordinal, true);
		}
		atomic_store(&queue->todo[ordinal], i + 1);
		fake_lane_submit(queue->lane);
		book_submitted(book, queue->lane, ordinal, true);
		lane_unlock(queue->lane);
	}
	return NULL;
}

/* Plays the GPU: the fence of a submission comes some time after what it does. */
static void *execute(void *arg)
{
	struct queue *queue = arg;
	unsigned seed = (unsigned)(uintptr_t)queue;

	for (uint64_t ordinal = 1; ordinal <= ROUNDS; ordinal++) {
		uint32_t i;

		while (lane_submitted(queue->lane) < ordinal)
			sched_yield();
		i = atomic_load(&queue->todo[ordinal]) - 1;
		__atomic_store_n(&queue->mark, (uint32_t)ordinal, __ATOMIC_RELEASE);
		__atomic_fetch_sub(value_of(queue, i), 1, __ATOMIC_RELEASE);
		atomic_store(&queue->executed, ordinal);
		if (ordinal % 8 == 0)
			sched_yield();
		pass(queue, &seed);
		fake_lane_finish(queue->lane, ordinal);
	}
	return NULL;
}

/* Plays barriers: what is waited for is the submission that decrements the signal as it is now, or nothing is said. */
static void *ask(void *arg)
{
	struct floor *floor = arg;
	unsigned seed = 1;

	while (!atomic_load(&floor->over)) {
		struct queue *queue = &floor->queues[(unsigned)rand_r(&seed) % LANES];
		unsigned i = (unsigned)rand_r(&seed) % SIGNALS;
		uint64_t before = atomic_load(&queue->generation[i]);
		struct gsp_fence_point point;

		if (!book_find(floor->book, ptr_to_u64(queue->signals[i]), &point)) {
			sched_yield();
			continue;
		}
		/* the same signal all the time: its submission is the one named */
		if (before % 2 || before != atomic_load(&queue->generation[i]))
			continue;
		if (atomic_load(&queue->todo[point.wanted - FAKE_LANE_BASE]) != i + 1)
			abort();
		while (gsp_fence_read(point.value, point.wanted) == GSP_FENCE_PENDING)
			sched_yield();
		if (before == atomic_load(&queue->generation[i]) &&
		    __atomic_load_n(value_of(queue, i), __ATOMIC_ACQUIRE) != 0 &&
		    before == atomic_load(&queue->generation[i]))
			abort();
		atomic_fetch_add(&floor->found, 1);
	}
	return NULL;
}

enum gsp_fence_state gsp_fence_read(const volatile uint64_t *value, uint64_t wanted)
{
	return __atomic_load_n(value, __ATOMIC_ACQUIRE) >= wanted ? GSP_FENCE_DONE : GSP_FENCE_PENDING;
}

static void what_is_found_is_true_whatever_happens_meanwhile(void **state)
{
	struct floor *floor = aligned_alloc(64, ALIGN_UP(sizeof(*floor), (size_t)64));
	pthread_t producers[LANES], gpus[LANES], asker;

	(void)state;
	assert_non_null(floor);
	memset(floor, 0, sizeof(*floor));
	assert_int_equal(book_create(&floor->book), 0);
	for (unsigned i = 0; i < LANES; i++) {
		floor->queues[i].floor = floor;
		floor->queues[i].lane = fake_lane_create(NULL, i);
		book_mark(floor->book, floor->queues[i].lane, &floor->queues[i].mark);
	}
	assert_int_equal(pthread_create(&asker, NULL, ask, floor), 0);
	for (unsigned i = 0; i < LANES; i++) {
		assert_int_equal(pthread_create(&gpus[i], NULL, execute, &floor->queues[i]), 0);
		assert_int_equal(pthread_create(&producers[i], NULL, submit, &floor->queues[i]), 0);
	}
	for (unsigned i = 0; i < LANES; i++) {
		pthread_join(producers[i], NULL);
		pthread_join(gpus[i], NULL);
	}
	atomic_store(&floor->over, true);
	pthread_join(asker, NULL);
	assert_true(atomic_load(&floor->found) > 0);
	for (unsigned i = 0; i < LANES; i++) {
		for (unsigned s = 0; s < SIGNALS; s++)
			assert_int_equal(*value_of(&floor->queues[i], s), 0);
		book_forget(floor->book, floor->queues[i].lane);
		fake_lane_destroy(floor->queues[i].lane);
	}
	book_destroy(floor->book);
	free(floor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_found_is_true_whatever_happens_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
