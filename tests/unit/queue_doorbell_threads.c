// SPDX-License-Identifier: MIT
/*
 * Stored doorbells under many threads: every store is followed by a ring with its value or a later one, whenever it comes
 * and whatever is watched, unwatched or rung meanwhile.  A lost one shows as a wait that does not end in time, a data race under TSan.
 */
#include <pthread.h>
#include <stdlib.h>

#include "queue_doorbell.h"
#include "util/compiler.h"
#include "util/log.h"

#define STORERS	     3U
#define CELLS_EACH   4U
#define STORES	     3000U
#define LONG_PAUSES  20U /* in each of so many stores there is one */
#define CHURN_ROUNDS 400U

static struct bench bench;

static void rung_in_order(struct doorbell *doorbell, uint64_t value)
{
	struct bell *bell = (struct bell *)(void *)doorbell;

	if (value < bell->value)
		abort();
	bell->value = value;
	bell->rings++;
}

static bool is_told(const struct bell *bell, uint64_t value)
{
	uint64_t end = clock_ns() + LOST_NS;

	while (bell_value(bell) < value) {
		if (clock_ns() > end)
			return false;
		sched_yield();
	}
	return true;
}

static void spin(uint64_t ns)
{
	uint64_t end = clock_ns() + ns;

	while (clock_ns() < end)
		;
}

/* From none to longer than the thread looks on, and mostly about when it stops to. */
static void random_pause(unsigned *seed)
{
	switch ((unsigned)rand_r(seed) % LONG_PAUSES) {
	case 0:
		sleep_us(3000 + rand_r(seed) % 5000);
		break;
	case 1:
	case 2:
	case 3:
		sleep_us(1800 + rand_r(seed) % 400);
		break;
	case 4:
	case 5:
	case 6:
		spin((unsigned)rand_r(seed) % 60000);
		break;
	case 7:
		sched_yield();
		break;
	default:
		break;
	}
}

struct storer {
	struct bell bells[CELLS_EACH];
	unsigned seed;
	unsigned stores;
	pthread_t thread;
};

static void *store_and_check(void *arg)
{
	struct storer *storer = arg;
	uint64_t values[CELLS_EACH] = {0};

	for (unsigned i = 0; i < storer->stores; i++) {
		unsigned at = (unsigned)rand_r(&storer->seed) % CELLS_EACH;

		bell_store(&storer->bells[at], ++values[at]);
		if (rand_r(&storer->seed) % 4 == 0 && !is_told(&storer->bells[at], values[at]))
			return storer;
		random_pause(&storer->seed);
	}
	for (unsigned at = 0; at < CELLS_EACH; at++)
		if (!is_told(&storer->bells[at], values[at]))
			return storer;
	return NULL;
}

static void storers_begin(struct storer *storers, unsigned stores)
{
	for (unsigned i = 0; i < STORERS; i++) {
		storers[i].seed = i + 1;
		storers[i].stores = stores;
		for (unsigned at = 0; at < CELLS_EACH; at++) {
			bell_get(&bench, &storers[i].bells[at], 0);
			storers[i].bells[at].doorbell.rung = rung_in_order;
			assert_int_equal(doorbell_watch(bench.doorbells, &storers[i].bells[at].doorbell), 0);
		}
	}
	for (unsigned i = 0; i < STORERS; i++)
		assert_int_equal(pthread_create(&storers[i].thread, NULL, store_and_check, &storers[i]), 0);
}

static void storers_end(struct storer *storers)
{
	for (unsigned i = 0; i < STORERS; i++) {
		void *lost;

		assert_int_equal(pthread_join(storers[i].thread, &lost), 0);
		assert_null(lost);
	}
	for (unsigned i = 0; i < STORERS; i++)
		for (unsigned at = 0; at < CELLS_EACH; at++)
			bell_end(&bench, &storers[i].bells[at]);
}

static void no_store_is_lost(void **state)
{
	static struct storer storers[STORERS];

	(void)state;
	/* looks are late after long pauses, so there are fewer */
	storers_begin(storers, bench.faults ? STORES : STORES / 4);
	storers_end(storers);
}

/* One who stores seldom, each time after the pages were protected; the others are quiet too. */
static void no_store_is_lost_at_the_moment_of_protection(void **state)
{
	unsigned seed = 7;
	struct bell bell;

	(void)state;
	bell_watch(&bench, &bell, 0);
	for (uint64_t i = 1; i <= (bench.faults ? 1000U : 100U); i++) {
		bell_store(&bell, i);
		assert_true(is_told(&bell, i));
		/* after the last look and before the protection, or between it and the one more look */
		spin(1900000 + (unsigned)rand_r(&seed) % 400000);
	}
	bell_end(&bench, &bell);
}

/* Queues come and go, on pages old and new, beside those that are stored to. */
static void *come_and_go(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;

	for (unsigned round = 0; round < CHURN_ROUNDS; round++) {
		struct bell bells[3];
		unsigned count = 1 + (unsigned)rand_r(&seed) % 3;

		for (unsigned i = 0; i < count; i++)
			bell_watch(&bench, &bells[i], i);
		for (unsigned i = 0; i < count; i++) {
			bell_store(&bells[i], 100);
			if (rand_r(&seed) % 2 && !is_told(&bells[i], 100))
				return arg;
		}
		random_pause(&seed);
		for (unsigned i = 0; i < count; i++) {
			uint64_t rings;

			doorbell_unwatch(bench.doorbells, &bells[i].doorbell);
			rings = bell_rings(&bells[i]);
			bell_store(&bells[i], 200);
			if (rand_r(&seed) % 16 == 0)
				sleep_us(300);
			if (bell_rings(&bells[i]) != rings)
				return arg;
			doorbell_put(bench.doorbells, &bells[i].doorbell);
		}
	}
	return NULL;
}

static void queues_come_and_go_under_stores(void **state)
{
	static struct storer storers[STORERS];
	pthread_t threads[2];
	void *failed;

	(void)state;
	storers_begin(storers, bench.faults ? STORES / 2 : STORES / 8);
	for (unsigned i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, (void *)(uintptr_t)(i + 100)),
				 0);
	for (unsigned i = 0; i < ARRAY_SIZE(threads); i++) {
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
	storers_end(storers);
}

/* The first watch of several threads at once, and the end right after stores. */
static void *watch_first(void *arg)
{
	struct bell *bell = arg;

	return doorbell_watch(bench.doorbells, &bell->doorbell) || !is_told(bell, 3) ? arg : NULL;
}

static void it_begins_and_ends_at_any_moment(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 60; round++) {
		struct bell bells[3];
		pthread_t threads[3];

		doorbells_destroy(bench.doorbells);
		assert_int_equal(doorbells_create(bench.forced_fallback, &bench.doorbells), 0);
		for (unsigned i = 0; i < ARRAY_SIZE(threads); i++) {
			bell_get(&bench, &bells[i], 3);
			assert_int_equal(pthread_create(&threads[i], NULL, watch_first, &bells[i]), 0);
		}
		for (unsigned i = 0; i < ARRAY_SIZE(threads); i++) {
			void *failed;

			assert_int_equal(pthread_join(threads[i], &failed), 0);
			assert_null(failed);
			bell_store(&bells[i], 4);
		}
		sleep_us((long)round * 50);
		for (unsigned i = 0; i < ARRAY_SIZE(threads); i++) {
			bell_store(&bells[i], 5);
			bell_end(&bench, &bells[i]);
		}
	}
}

static int setup(void **state)
{
	(void)state;
	return doorbells_create(bench.forced_fallback, &bench.doorbells);
}

static int teardown(void **state)
{
	(void)state;
	doorbells_destroy(bench.doorbells);
	return 0;
}

#define EACH(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		EACH(no_store_is_lost),
		EACH(no_store_is_lost_at_the_moment_of_protection),
		EACH(queues_come_and_go_under_stores),
		EACH(it_begins_and_ends_at_any_moment),
	};
	int failed;

	log_set_level(LOG_NONE);
	bench_begin(&bench, false);
	failed = cmocka_run_group_tests_name("userfaultfd", tests, NULL, NULL);
	bench_begin(&bench, true);
	return failed + cmocka_run_group_tests_name("looks", tests, NULL, NULL);
}
