// SPDX-License-Identifier: MIT
/*
 * Events under many threads.  Every token that is set must be taken, none twice; nobody may sleep on after
 * its event was set, destroyed or shut down.  A lost wake-up shows as a wait that runs into its timeout, a data
 * race under TSan.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sched.h>
#include <cmocka.h>

#include "event/event.h"
#include "util/compiler.h"

#define TOKENS	2000U
#define TAKERS	4U
#define ROUNDS	300U
#define LONG_MS 30000U

static void spawn(pthread_t *thread, void *(*run)(void *), void *arg)
{
	assert_int_equal(pthread_create(thread, NULL, run, arg), 0);
}

static int join(pthread_t thread)
{
	void *result;

	assert_int_equal(pthread_join(thread, &result), 0);
	return (int)(intptr_t)result;
}

static uint32_t create(struct event_table *table, bool manual)
{
	struct event_request request = {.type = EVENT_SIGNAL, .manual_reset = manual};
	uint32_t id;

	assert_int_equal(event_create(table, &request, &id), 0);
	return id;
}

/* One setter, many takers: `token` is set again only when the last one was taken. */
struct tokens {
	struct event_table *table;
	uint32_t token, taken;
	uint32_t count; /* atomic */
};

static void *take_tokens(void *arg)
{
	struct tokens *t = arg;
	int ret;

	while (!(ret = event_wait(t->table, &t->token, 1, true, LONG_MS, NULL))) {
		__atomic_fetch_add(&t->count, 1, __ATOMIC_RELAXED);
		ret = event_set(t->table, t->taken);
		if (ret)
			break;
	}
	return (void *)(intptr_t)ret;
}

static void each_set_is_taken_exactly_once(void **state)
{
	struct tokens t = {0};
	pthread_t takers[TAKERS];

	(void)state;
	assert_int_equal(event_table_create(NULL, 0, &t.table), 0);
	t.token = create(t.table, false);
	t.taken = create(t.table, false);
	for (uint32_t i = 0; i < TAKERS; i++)
		spawn(&takers[i], take_tokens, &t);
	for (uint32_t i = 0; i < TOKENS; i++) {
		assert_int_equal(event_set(t.table, t.token), 0);
		assert_int_equal(event_wait(t.table, &t.taken, 1, true, LONG_MS, NULL), 0);
		assert_int_equal(__atomic_load_n(&t.count, __ATOMIC_RELAXED), i + 1);
	}
	event_table_shutdown(t.table);
	for (uint32_t i = 0; i < TAKERS; i++)
		assert_int_equal(join(takers[i]), -ECANCELED);
	event_table_destroy(t.table);
}

/* Two threads that need each other, by wait-all on one side and single waits on the other. */
struct pair {
	struct event_table *table;
	uint32_t request[2], answer;
};

static void *answer_requests(void *arg)
{
	struct pair *p = arg;

	for (uint32_t i = 0; i < TOKENS; i++) {
		int ret = event_wait(p->table, p->request, 2, true, LONG_MS, NULL);

		if (!ret)
			ret = event_set(p->table, p->answer);
		if (ret)
			return (void *)(intptr_t)ret;
	}
	return NULL;
}

static void no_wake_up_is_lost_between_two_threads(void **state)
{
	struct pair p = {0};
	pthread_t thread;

	(void)state;
	assert_int_equal(event_table_create(NULL, 0, &p.table), 0);
	p.request[0] = create(p.table, false);
	p.request[1] = create(p.table, false);
	p.answer = create(p.table, false);
	spawn(&thread, answer_requests, &p);
	for (uint32_t i = 0; i < TOKENS; i++) {
		assert_int_equal(event_set(p.table, p.request[i & 1]), 0);
		assert_int_equal(event_set(p.table, p.request[~i & 1]), 0);
		assert_int_equal(event_wait(p.table, &p.answer, 1, true, LONG_MS, NULL), 0);
	}
	assert_int_equal(join(thread), 0);
	event_table_destroy(p.table);
}

/* Several threads sleep on one event that resets itself, as ROCr does with ages. */
struct shared_signal {
	struct event_table *table;
	uint32_t id;
	uint32_t value; /* atomic: what the event announces */
};

static void *follow_value(void *arg)
{
	struct shared_signal *s = arg;
	uint64_t age = 1;

	while (__atomic_load_n(&s->value, __ATOMIC_ACQUIRE) < TOKENS) {
		int ret = event_wait(s->table, &s->id, 1, true, LONG_MS, &age);

		if (ret)
			return (void *)(intptr_t)ret;
	}
	return NULL;
}

static void all_followers_of_an_age_see_the_last_value(void **state)
{
	struct shared_signal s = {0};
	pthread_t followers[TAKERS];

	(void)state;
	assert_int_equal(event_table_create(NULL, 0, &s.table), 0);
	s.id = create(s.table, false);
	for (uint32_t i = 0; i < TAKERS; i++)
		spawn(&followers[i], follow_value, &s);
	for (uint32_t i = 0; i < TOKENS; i++) {
		__atomic_fetch_add(&s.value, 1, __ATOMIC_RELEASE);
		assert_int_equal(event_set(s.table, s.id), 0);
	}
	for (uint32_t i = 0; i < TAKERS; i++)
		assert_int_equal(join(followers[i]), 0);
	event_table_destroy(s.table);
}

/* Waiters on events that are created, set and destroyed under them. */
struct churn {
	struct event_table *table;
	uint32_t current; /* atomic: an id that was alive a moment ago */
	uint32_t stop;	  /* atomic */
};

static void *wait_for_current(void *arg)
{
	struct churn *c = arg;

	while (!__atomic_load_n(&c->stop, __ATOMIC_ACQUIRE)) {
		uint32_t id = __atomic_load_n(&c->current, __ATOMIC_ACQUIRE);
		int ret = event_wait(c->table, &id, 1, false, LONG_MS, NULL);

		if (ret && ret != -EINVAL && ret != -ECANCELED)
			return (void *)(intptr_t)ret;
	}
	return NULL;
}

static void *poke_current(void *arg)
{
	struct churn *c = arg;

	while (!__atomic_load_n(&c->stop, __ATOMIC_ACQUIRE)) {
		uint32_t id = __atomic_load_n(&c->current, __ATOMIC_ACQUIRE);
		struct event_state now;
		int ret = event_set(c->table, id);

		if (!ret)
			ret = event_query(c->table, id, &now);
		if (!ret)
			ret = event_reset(c->table, id);
		if (ret && ret != -EINVAL)
			return (void *)(intptr_t)ret;
		sched_yield();
	}
	return NULL;
}

static void destroying_under_waiters_and_setters_is_safe(void **state)
{
	pthread_t waiters[TAKERS], poker;
	struct churn c = {0};

	(void)state;
	assert_int_equal(event_table_create(NULL, 0, &c.table), 0);
	c.current = create(c.table, false);
	for (uint32_t i = 0; i < TAKERS; i++)
		spawn(&waiters[i], wait_for_current, &c);
	spawn(&poker, poke_current, &c);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint32_t old = c.current;

		__atomic_store_n(&c.current, create(c.table, i & 1), __ATOMIC_RELEASE);
		sched_yield();
		assert_int_equal(event_destroy(c.table, old), 0);
	}
	__atomic_store_n(&c.stop, 1, __ATOMIC_RELEASE);
	event_table_shutdown(c.table);
	for (uint32_t i = 0; i < TAKERS; i++)
		assert_int_equal(join(waiters[i]), 0);
	assert_int_equal(join(poker), 0);
	event_table_destroy(c.table);
}

static void *wait_without_end(void *arg)
{
	struct tokens *t = arg;
	uint32_t ids[2] = {t->token, t->taken};

	return (void *)(intptr_t)event_wait(t->table, ids, 2, true, EVENT_WAIT_FOREVER, NULL);
}

static void shutdown_releases_everybody_at_any_moment(void **state)
{
	(void)state;
	for (uint32_t round = 0; round < 50; round++) {
		struct tokens t = {0};
		pthread_t threads[TAKERS];

		assert_int_equal(event_table_create(NULL, 0, &t.table), 0);
		t.token = create(t.table, false);
		t.taken = create(t.table, false);
		for (uint32_t i = 0; i < TAKERS; i++)
			spawn(&threads[i], wait_without_end, &t);
		event_table_shutdown(t.table);
		for (uint32_t i = 0; i < TAKERS; i++)
			assert_int_equal(join(threads[i]), -ECANCELED);
		event_table_destroy(t.table);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_set_is_taken_exactly_once),
		cmocka_unit_test(no_wake_up_is_lost_between_two_threads),
		cmocka_unit_test(all_followers_of_an_age_see_the_last_value),
		cmocka_unit_test(destroying_under_waiters_and_setters_is_safe),
		cmocka_unit_test(shutdown_releases_everybody_at_any_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
