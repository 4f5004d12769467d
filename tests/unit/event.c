// SPDX-License-Identifier: MIT
/* Events, one behaviour at a time. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "event/event.h"
#include "util/compiler.h"

#define LONG_MS 20000U /* never reached unless a wake-up is lost */

static int setup(void **state)
{
	return event_table_create(NULL, 0, (struct event_table **)state);
}

static int teardown(void **state)
{
	event_table_destroy(*state);
	return 0;
}

static uint32_t create(struct event_table *table, enum event_type type, bool manual, bool set)
{
	struct event_request request = {.type = type, .manual_reset = manual, .initially_set = set};
	uint32_t id;

	assert_int_equal(event_create(table, &request, &id), 0);
	assert_in_range(id, 1, EVENT_MAX);
	return id;
}

static uint32_t automatic(struct event_table *table)
{
	return create(table, EVENT_SIGNAL, false, false);
}

static uint32_t manual(struct event_table *table)
{
	return create(table, EVENT_SIGNAL, true, false);
}

static int look(struct event_table *table, uint32_t id)
{
	return event_wait(table, &id, 1, true, 0, NULL);
}

static bool is_set(struct event_table *table, uint32_t id)
{
	struct event_state now;

	assert_int_equal(event_query(table, id, &now), 0);
	return now.set;
}

static uint64_t age_of(struct event_table *table, uint32_t id)
{
	struct event_state now;

	assert_int_equal(event_query(table, id, &now), 0);
	return now.age;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* A thread that waits. */
struct sleeper {
	pthread_t thread;
	struct event_table *table;
	uint32_t ids[4];
	size_t count;
	bool all;
	uint32_t timeout;
	uint64_t ages[4];
	bool use_ages;
	int result;
	int tid;  /* atomic; 0 until it is about to wait */
	int done; /* atomic */
};

static void *sleep_on(void *arg)
{
	struct sleeper *s = arg;

	__atomic_store_n(&s->tid, gettid(), __ATOMIC_RELEASE);
	s->result = event_wait(s->table, s->ids, s->count, s->all, s->timeout, s->use_ages ? s->ages : NULL);
	__atomic_store_n(&s->done, 1, __ATOMIC_RELEASE);
	return NULL;
}

static bool is_done(struct sleeper *s)
{
	return __atomic_load_n(&s->done, __ATOMIC_ACQUIRE);
}

static bool is_asleep(int tid)
{
	char path[64], line[256] = "";
	const char *name_end;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	file = fopen(path, "r");
	if (!file)
		return false;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	name_end = strrchr(line, ')');
	return name_end && name_end[1] == ' ' && name_end[2] == 'S';
}

/* Starts a sleeper and returns when it sleeps: it is linked to its events then. */
static void start(struct sleeper *s, struct event_table *table)
{
	int tid;

	s->table = table;
	if (!s->timeout)
		s->timeout = LONG_MS;
	assert_int_equal(pthread_create(&s->thread, NULL, sleep_on, s), 0);
	while (!(tid = __atomic_load_n(&s->tid, __ATOMIC_ACQUIRE)))
		usleep(100);
	while (!is_asleep(tid) && !is_done(s))
		usleep(100);
}

/* Time for a thread to do what it must not do; a slow machine makes the test prove less, not fail. */
static void grace(void)
{
	usleep(10000);
}

static int finish(struct sleeper *s)
{
	assert_int_equal(pthread_join(s->thread, NULL), 0);
	return s->result;
}

static void automatic_event_is_consumed_by_one_wait(void **state)
{
	uint32_t id = automatic(*state);

	assert_int_equal(look(*state, id), -ETIMEDOUT);
	assert_int_equal(event_set(*state, id), 0);
	assert_int_equal(event_set(*state, id), 0);
	assert_int_equal(look(*state, id), 0);
	assert_int_equal(look(*state, id), -ETIMEDOUT);
}

static void manual_event_stays_set_until_reset(void **state)
{
	uint32_t id = manual(*state);

	assert_int_equal(event_set(*state, id), 0);
	assert_int_equal(look(*state, id), 0);
	assert_int_equal(look(*state, id), 0);
	assert_int_equal(event_reset(*state, id), 0);
	assert_int_equal(look(*state, id), -ETIMEDOUT);
}

static void initial_state_counts_for_signal_and_debug_events(void **state)
{
	for (int type = 0; type < EVENT_TYPE_COUNT; type++) {
		uint32_t id = create(*state, (enum event_type)type, true, true);

		assert_int_equal(is_set(*state, id), type == EVENT_SIGNAL || type == EVENT_DEBUG);
	}
}

static void set_wakes_one_automatic_waiter(void **state)
{
	struct sleeper s[3] = {0};
	uint32_t id = automatic(*state);

	for (size_t i = 0; i < ARRAY_SIZE(s); i++) {
		s[i].ids[0] = id;
		s[i].count = 1;
		start(&s[i], *state);
	}
	assert_int_equal(event_set(*state, id), 0);
	/* the oldest */
	assert_int_equal(finish(&s[0]), 0);
	grace();
	assert_false(is_done(&s[1]));
	assert_false(is_done(&s[2]));
	assert_false(is_set(*state, id));
	assert_int_equal(event_set(*state, id), 0);
	assert_int_equal(event_set(*state, id), 0);
	for (size_t i = 1; i < ARRAY_SIZE(s); i++)
		assert_int_equal(finish(&s[i]), 0);
	assert_false(is_set(*state, id));
}

static void set_and_reset_wake_all_manual_waiters(void **state)
{
	struct sleeper s[3] = {0};
	uint32_t id = manual(*state);

	for (size_t i = 0; i < ARRAY_SIZE(s); i++) {
		s[i].ids[0] = id;
		s[i].count = 1;
		start(&s[i], *state);
	}
	/* the reset comes before any of them runs, and takes nothing away from them */
	assert_int_equal(event_set(*state, id), 0);
	assert_int_equal(event_reset(*state, id), 0);
	for (size_t i = 0; i < ARRAY_SIZE(s); i++)
		assert_int_equal(finish(&s[i]), 0);
	assert_int_equal(look(*state, id), -ETIMEDOUT);
}

static void wait_any_consumes_one_of_several(void **state)
{
	uint32_t ids[3] = {automatic(*state), automatic(*state), automatic(*state)};

	assert_int_equal(event_set(*state, ids[1]), 0);
	assert_int_equal(event_set(*state, ids[2]), 0);
	assert_int_equal(event_wait(*state, ids, 3, false, 0, NULL), 0);
	assert_int_equal(event_wait(*state, ids, 3, false, 0, NULL), 0);
	assert_int_equal(event_wait(*state, ids, 3, false, 0, NULL), -ETIMEDOUT);
}

static void wait_all_needs_every_event_even_one_after_the_other(void **state)
{
	struct sleeper s = {.count = 3, .all = true};

	for (size_t i = 0; i < s.count; i++)
		s.ids[i] = automatic(*state);
	start(&s, *state);
	for (size_t i = 0; i < s.count; i++) {
		grace();
		assert_false(is_done(&s));
		assert_int_equal(event_set(*state, s.ids[2 - i]), 0);
	}
	assert_int_equal(finish(&s), 0);
	for (size_t i = 0; i < s.count; i++)
		assert_false(is_set(*state, s.ids[i]));
}

static void wait_all_that_fails_gives_back_what_it_had(void **state)
{
	uint32_t ids[2] = {automatic(*state), automatic(*state)};
	struct sleeper s = {.count = 1};

	assert_int_equal(event_set(*state, ids[0]), 0);
	assert_int_equal(event_wait(*state, ids, 2, true, 0, NULL), -ETIMEDOUT);
	assert_true(is_set(*state, ids[0]));
	assert_int_equal(event_wait(*state, ids, 2, true, 10, NULL), -ETIMEDOUT);
	assert_int_equal(look(*state, ids[0]), 0);

	/* to somebody who came to wait for it in the meantime */
	struct sleeper all = {.ids = {ids[0], ids[1]}, .count = 2, .all = true, .timeout = 100};

	start(&all, *state);
	s.ids[0] = ids[0];
	start(&s, *state);
	assert_int_equal(event_set(*state, ids[0]), 0);
	assert_int_equal(finish(&all), -ETIMEDOUT);
	assert_int_equal(finish(&s), 0);
	assert_false(is_set(*state, ids[0]));
}

static void timeouts_mean_what_they_say(void **state)
{
	uint32_t id = automatic(*state);
	uint64_t start_ms = now_ms();

	assert_int_equal(event_wait(*state, &id, 1, true, 50, NULL), -ETIMEDOUT);
	assert_true(now_ms() - start_ms >= 49);

	struct sleeper forever = {.ids = {id}, .count = 1, .timeout = EVENT_WAIT_FOREVER};
	struct sleeper almost = {.ids = {id}, .count = 1, .timeout = EVENT_WAIT_FOREVER - 1};

	start(&forever, *state);
	start(&almost, *state);
	grace();
	assert_false(is_done(&forever));
	assert_false(is_done(&almost));
	assert_int_equal(event_set(*state, id), 0);
	assert_int_equal(event_set(*state, id), 0);
	assert_int_equal(finish(&forever), 0);
	assert_int_equal(finish(&almost), 0);
}

static void destroying_an_event_wakes_its_waiters_with_an_error(void **state)
{
	uint32_t id = automatic(*state), other = automatic(*state);
	struct sleeper alone = {.ids = {id}, .count = 1};
	struct sleeper any = {.ids = {other, id}, .count = 2};
	struct sleeper all = {.ids = {id, other}, .count = 2, .all = true};

	start(&alone, *state);
	start(&any, *state);
	start(&all, *state);
	assert_int_equal(event_destroy(*state, id), 0);
	assert_int_equal(finish(&alone), -ECANCELED);
	assert_int_equal(finish(&any), -ECANCELED);
	assert_int_equal(finish(&all), -ECANCELED);
	assert_int_equal(event_destroy(*state, other), 0);
}

static void a_set_just_before_the_end_still_counts(void **state)
{
	uint32_t id = automatic(*state), last = automatic(*state);
	struct sleeper s = {.ids = {id}, .count = 1};
	struct sleeper t = {.ids = {last}, .count = 1};

	start(&s, *state);
	start(&t, *state);
	assert_int_equal(event_set(*state, id), 0);
	assert_int_equal(event_destroy(*state, id), 0);
	assert_int_equal(finish(&s), 0);
	assert_int_equal(event_set(*state, last), 0);
	event_table_shutdown(*state);
	assert_int_equal(finish(&t), 0);
}

static void shutdown_releases_waiters_and_refuses_new_ones(void **state)
{
	uint32_t id = automatic(*state);
	struct sleeper s = {.ids = {id}, .count = 1, .timeout = EVENT_WAIT_FOREVER};

	start(&s, *state);
	event_table_shutdown(*state);
	assert_int_equal(finish(&s), -ECANCELED);
	assert_int_equal(event_set(*state, id), 0);
	assert_int_equal(look(*state, id), -ECANCELED);
	assert_int_equal(event_destroy(*state, id), 0);
}

static void ids_come_back_as_late_as_possible(void **state)
{
	struct event_request request = {.type = EVENT_SIGNAL};
	uint32_t id, first = automatic(*state);

	assert_int_equal(first, 1);
	assert_int_equal(event_destroy(*state, first), 0);
	for (uint32_t i = 2; i <= EVENT_MAX; i++)
		assert_int_equal(automatic(*state), i);
	assert_int_equal(automatic(*state), first);
	assert_int_equal(event_create(*state, &request, &id), -ENOSPC);
	assert_int_equal(id, 0);
	assert_int_equal(event_destroy(*state, 77), 0);
	assert_int_equal(event_destroy(*state, 33), 0);
	assert_int_equal(automatic(*state), 77);
	assert_int_equal(automatic(*state), 33);
	assert_int_equal(event_create(*state, &request, &id), -ENOSPC);
}

static void unknown_ids_and_types_are_refused(void **state)
{
	static const uint32_t ids[] = {0, 5, EVENT_MAX, EVENT_MAX + 1, UINT32_MAX};
	struct event_request request = {.type = EVENT_TYPE_COUNT};
	struct event_state now;
	uint32_t id = automatic(*state);

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		uint32_t mixed[2] = {id, ids[i]};

		assert_int_equal(event_set(*state, ids[i]), -EINVAL);
		assert_int_equal(event_reset(*state, ids[i]), -EINVAL);
		assert_int_equal(event_destroy(*state, ids[i]), -EINVAL);
		assert_int_equal(event_query(*state, ids[i], &now), -EINVAL);
		assert_int_equal(event_set(*state, id), 0);
		assert_int_equal(event_wait(*state, mixed, 2, false, 0, NULL), -EINVAL);
		assert_true(is_set(*state, id));
	}
	assert_int_equal(event_wait(*state, &id, 0, false, 0, NULL), -EINVAL);
	assert_int_equal(event_create(*state, &request, &id), -EINVAL);
	request.type = (enum event_type)(-1);
	assert_int_equal(event_create(*state, &request, &id), -EINVAL);
}

static void mailboxes_are_the_callers_memory_by_id(void **state)
{
	uint64_t words[4] = {7, 7, 7, 7};
	struct event_request request = {.type = EVENT_SIGNAL};
	struct event_table *table;
	struct event_state now;
	uint32_t id;

	(void)state;
	assert_int_equal(event_table_create(words, ARRAY_SIZE(words), &table), 0);
	for (uint32_t i = 1; i < ARRAY_SIZE(words); i++) {
		assert_int_equal(automatic(table), i);
		assert_int_equal(event_query(table, i, &now), 0);
		assert_ptr_equal(now.mailbox, &words[i]);
		assert_int_equal(words[i], 0);
	}
	assert_int_equal(words[0], 7);
	assert_int_equal(event_create(table, &request, &id), -ENOSPC);
	/* a new owner does not find its predecessor's mail */
	words[2] = 2;
	assert_int_equal(event_destroy(table, 2), 0);
	assert_int_equal(automatic(table), 2);
	assert_int_equal(words[2], 0);
	event_table_destroy(table);
	assert_int_equal(event_table_create(words, 0, &table), 0);
	assert_int_equal(event_create(table, &request, &id), -ENOSPC);
	event_table_destroy(table);
}

static void age_tells_what_was_missed(void **state)
{
	uint32_t id = automatic(*state);
	uint64_t age = 1;

	assert_int_equal(age_of(*state, id), 1);
	assert_int_equal(event_wait(*state, &id, 1, true, 0, &age), -ETIMEDOUT);
	assert_int_equal(age, 1);
	assert_int_equal(event_set(*state, id), 0);
	/* somebody else takes it */
	assert_int_equal(look(*state, id), 0);
	assert_int_equal(event_wait(*state, &id, 1, true, 0, &age), 0);
	assert_int_equal(age, 2);
	assert_int_equal(event_wait(*state, &id, 1, true, 0, &age), -ETIMEDOUT);
	/* seen by age and consumed: not seen twice */
	assert_int_equal(event_set(*state, id), 0);
	assert_int_equal(event_wait(*state, &id, 1, true, 0, &age), 0);
	assert_int_equal(age, 3);
	assert_int_equal(event_wait(*state, &id, 1, true, 0, &age), -ETIMEDOUT);
	/* 0: without ages */
	age = 0;
	assert_int_equal(event_wait(*state, &id, 1, true, 0, &age), -ETIMEDOUT);
	assert_int_equal(event_set(*state, id), 0);
	assert_int_equal(event_wait(*state, &id, 1, true, 0, &age), 0);
	assert_int_equal(age, 0);
}

static void all_who_watch_the_age_wake(void **state)
{
	uint32_t id = automatic(*state);
	struct sleeper s[3] = {0};

	for (size_t i = 0; i < ARRAY_SIZE(s); i++) {
		s[i] = (struct sleeper){.ids = {id}, .count = 1, .use_ages = true, .ages = {1}};
		start(&s[i], *state);
	}
	assert_int_equal(event_set(*state, id), 0);
	for (size_t i = 0; i < ARRAY_SIZE(s); i++) {
		assert_int_equal(finish(&s[i]), 0);
		assert_int_equal(s[i].ages[0], 2);
	}
	assert_false(is_set(*state, id));
}

static void age_of_an_event_that_did_not_end_the_wait_is_not_given(void **state)
{
	uint32_t ids[2] = {automatic(*state), automatic(*state)};
	uint64_t ages[2] = {1, 1};

	assert_int_equal(event_set(*state, ids[0]), 0);
	assert_int_equal(event_set(*state, ids[1]), 0);
	assert_int_equal(event_wait(*state, ids, 2, false, 0, ages), 0);
	assert_int_equal(ages[0], 2);
	assert_int_equal(ages[1], 1);
	/* somebody else takes the second; this one still learns of it */
	assert_int_equal(look(*state, ids[1]), 0);
	assert_int_equal(event_wait(*state, ids, 2, false, 0, ages), 0);
	assert_int_equal(ages[1], 2);
}

static void age_is_for_signal_events_only(void **state)
{
	uint32_t id = create(*state, EVENT_MEMORY, false, false);
	uint64_t age = 99;

	assert_int_equal(event_wait(*state, &id, 1, true, 0, &age), -ETIMEDOUT);
	assert_int_equal(event_set(*state, id), 0);
	assert_int_equal(event_wait(*state, &id, 1, true, 0, &age), 0);
	assert_int_equal(age, 99);
}

static void failed_wait_by_age_invents_no_set(void **state)
{
	uint32_t ids[2] = {automatic(*state), automatic(*state)};
	uint64_t ages[2] = {1, 1};

	assert_int_equal(event_set(*state, ids[0]), 0);
	assert_int_equal(look(*state, ids[0]), 0);
	/* the first is satisfied by its age alone, the second never */
	assert_int_equal(event_wait(*state, ids, 2, true, 0, ages), -ETIMEDOUT);
	assert_false(is_set(*state, ids[0]));
	assert_int_equal(ages[0], 1);
}

static void memory_fault_reaches_every_memory_event(void **state)
{
	struct event_memory_fault fault = {.node = 1, .address = 0x7f0012345000, .failure = 0x21, .flags = 1};
	uint32_t first = create(*state, EVENT_MEMORY, true, false);
	uint32_t second = create(*state, EVENT_MEMORY, false, false);
	uint32_t signal = automatic(*state);
	struct sleeper s = {.ids = {signal, second}, .count = 2};
	struct event_state now;

	start(&s, *state);
	assert_int_equal(event_raise_memory_fault(*state, &fault), 2);
	assert_int_equal(finish(&s), 0);
	assert_int_equal(event_query(*state, first, &now), 0);
	assert_true(now.set);
	assert_int_equal(now.type, EVENT_MEMORY);
	assert_int_equal(now.fault.node, fault.node);
	assert_int_equal(now.fault.address, fault.address);
	assert_int_equal(now.fault.failure, fault.failure);
	assert_int_equal(now.fault.flags, fault.flags);
	assert_int_equal(event_query(*state, second, &now), 0);
	assert_int_equal(now.fault.address, fault.address);
	assert_false(is_set(*state, signal));
}

static void hw_exception_reaches_every_exception_event(void **state)
{
	struct event_hw_exception exception = {.node = 2, .reset_type = 1, .memory_lost = 1, .cause = 0};
	uint32_t id = create(*state, EVENT_HW_EXCEPTION, true, false);
	uint32_t memory = create(*state, EVENT_MEMORY, true, false);
	struct event_state now;

	assert_int_equal(event_raise_hw_exception(*state, &exception), 1);
	assert_int_equal(event_query(*state, id, &now), 0);
	assert_true(now.set);
	assert_memory_equal(&now.exception, &exception, sizeof(exception));
	assert_false(is_set(*state, memory));
	assert_int_equal(event_destroy(*state, id), 0);
	assert_int_equal(event_raise_hw_exception(*state, &exception), 0);
}

static void many_events_can_be_waited_for_at_once(void **state)
{
	static uint32_t ids[EVENT_MAX + 1];

	for (size_t i = 0; i < EVENT_MAX; i++) {
		ids[i] = automatic(*state);
		assert_int_equal(event_set(*state, ids[i]), 0);
	}
	assert_int_equal(event_wait(*state, ids, EVENT_MAX, true, 0, NULL), 0);
	assert_int_equal(event_wait(*state, ids, EVENT_MAX, false, 0, NULL), -ETIMEDOUT);
	assert_int_equal(event_set(*state, ids[EVENT_MAX - 1]), 0);
	assert_int_equal(event_wait(*state, ids, EVENT_MAX, false, 0, NULL), 0);
	ids[EVENT_MAX] = ids[0];
	assert_int_equal(event_wait(*state, ids, EVENT_MAX + 1, false, 0, NULL), -EINVAL);
}

static void event_named_twice_is_needed_twice(void **state)
{
	uint32_t id = automatic(*state);
	struct sleeper s = {.ids = {id, id}, .count = 2, .all = true};
	uint32_t twice[2] = {id, id};

	assert_int_equal(event_set(*state, id), 0);
	assert_int_equal(event_wait(*state, twice, 2, true, 0, NULL), -ETIMEDOUT);
	assert_true(is_set(*state, id));
	start(&s, *state);
	grace();
	assert_false(is_done(&s));
	assert_int_equal(event_set(*state, id), 0);
	assert_int_equal(finish(&s), 0);
}

static uint64_t *mailbox_of(struct event_table *table, uint32_t id)
{
	struct event_state now;

	assert_int_equal(event_query(table, id, &now), 0);
	return now.mailbox;
}

static void write_mailbox(struct event_table *table, uint32_t id)
{
	__atomic_store_n(mailbox_of(table, id), id, __ATOMIC_RELEASE);
}

static void other_mailboxes_are_for_tables_without_events(void **state)
{
	static uint64_t words[EVENT_MAX + 1];
	struct event_request request = {.type = EVENT_SIGNAL};
	uint64_t few[3] = {9, 9, 9};
	uint32_t id;

	assert_int_equal(event_table_use_mailboxes(*state, few, ARRAY_SIZE(few)), 0);
	assert_int_equal(automatic(*state), 1);
	assert_int_equal(automatic(*state), 2);
	assert_ptr_equal(mailbox_of(*state, 2), &few[2]);
	assert_int_equal(event_create(*state, &request, &id), -ENOSPC);
	assert_int_equal(event_destroy(*state, 1), 0);
	assert_int_equal(event_table_use_mailboxes(*state, words, ARRAY_SIZE(words)), -EBUSY);
	assert_ptr_equal(mailbox_of(*state, 2), &few[2]);
	assert_int_equal(event_destroy(*state, 2), 0);
	assert_int_equal(event_table_use_mailboxes(*state, words, ARRAY_SIZE(words)), 0);
	for (uint32_t i = 1; i <= EVENT_MAX; i++) {
		assert_int_equal(automatic(*state), i);
		assert_ptr_equal(mailbox_of(*state, i), &words[i]);
	}
	assert_int_equal(event_create(*state, &request, &id), -ENOSPC);
	assert_int_equal(few[0], 9);
}

static void mail_that_came_before_the_wait_is_found(void **state)
{
	uint32_t ids[3] = {automatic(*state), automatic(*state), automatic(*state)};
	uint64_t age = 1;

	write_mailbox(*state, ids[1]);
	assert_int_equal(event_wait(*state, ids, 3, false, 0, NULL), 0);
	assert_int_equal(*mailbox_of(*state, ids[1]), 0);
	assert_int_equal(event_wait(*state, ids, 3, false, 0, NULL), -ETIMEDOUT);
	assert_int_equal(age_of(*state, ids[1]), 2);
	/* by ages, and several times the same event */
	write_mailbox(*state, ids[0]);
	assert_int_equal(event_wait(*state, &ids[0], 1, true, 0, &age), 0);
	assert_int_equal(age, 2);
	assert_int_equal(event_wait(*state, &ids[0], 1, true, 0, &age), -ETIMEDOUT);
	/* all or none: what came too early for a wait that failed is not lost */
	write_mailbox(*state, ids[2]);
	assert_int_equal(event_wait(*state, ids, 3, true, 0, NULL), -ETIMEDOUT);
	write_mailbox(*state, ids[0]);
	write_mailbox(*state, ids[1]);
	assert_int_equal(event_wait(*state, ids, 3, true, 0, NULL), 0);
}

static void setting_and_resetting_take_the_mail_too(void **state)
{
	uint32_t id = automatic(*state);

	/* what the mail and the CPU tell is one thing */
	write_mailbox(*state, id);
	assert_int_equal(event_set(*state, id), 0);
	assert_int_equal(age_of(*state, id), 2);
	assert_int_equal(look(*state, id), 0);
	assert_int_equal(look(*state, id), -ETIMEDOUT);
	write_mailbox(*state, id);
	assert_int_equal(event_reset(*state, id), 0);
	assert_int_equal(look(*state, id), -ETIMEDOUT);
}

static void mail_is_for_signals_only(void **state)
{
	uint32_t id = create(*state, EVENT_MEMORY, false, false);

	write_mailbox(*state, id);
	assert_int_equal(look(*state, id), -ETIMEDOUT);
	assert_false(event_scan_mailboxes(*state));
	assert_int_equal(look(*state, id), -ETIMEDOUT);
}

static void a_scan_sets_what_is_waited_for(void **state)
{
	static uint64_t words[EVENT_MAX + 1];
	struct sleeper s[2] = {{.count = 1}, {.count = 2, .all = true}};
	uint32_t memory, quiet;

	assert_int_equal(event_table_use_mailboxes(*state, words, ARRAY_SIZE(words)), 0);
	memory = create(*state, EVENT_MEMORY, false, false);
	quiet = automatic(*state);
	s[0].ids[0] = automatic(*state);
	s[1].ids[0] = automatic(*state);
	s[1].ids[1] = automatic(*state);
	/* ids that are nobody's */
	words[0] = words[100] = words[EVENT_MAX] = 5;
	assert_false(event_scan_mailboxes(*state));
	start(&s[0], *state);
	assert_true(event_scan_mailboxes(*state));
	start(&s[1], *state);
	write_mailbox(*state, quiet);
	write_mailbox(*state, s[1].ids[0]);
	assert_true(event_scan_mailboxes(*state));
	assert_int_equal(*mailbox_of(*state, s[1].ids[0]), 0);
	/* left for who will wait for it */
	assert_int_equal(*mailbox_of(*state, quiet), quiet);
	assert_false(is_done(&s[0]));
	write_mailbox(*state, s[0].ids[0]);
	assert_true(event_scan_mailboxes(*state));
	assert_int_equal(finish(&s[0]), 0);
	write_mailbox(*state, s[1].ids[1]);
	/* this one sleeps no more, whether or not it has run since */
	assert_false(event_scan_mailboxes(*state));
	assert_int_equal(finish(&s[1]), 0);
	assert_int_equal(look(*state, quiet), 0);
	assert_int_equal(words[100], 5);
	/* who waits for something that no kernel sets is nobody's business */
	s[0] = (struct sleeper){.ids = {memory}, .count = 1, .timeout = 100};
	start(&s[0], *state);
	assert_false(event_scan_mailboxes(*state));
	assert_int_equal(finish(&s[0]), -ETIMEDOUT);
}

static void a_scan_forgets_events_that_end(void **state)
{
	struct sleeper s[4];

	for (size_t round = 0; round < 3; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(s); i++) {
			s[i] = (struct sleeper){.ids = {automatic(*state)}, .count = 1};
			start(&s[i], *state);
		}
		/* the first, the last and one between, in turn */
		for (size_t i = 0; i < ARRAY_SIZE(s); i++) {
			struct sleeper *end = &s[(i * 3 + round) % ARRAY_SIZE(s)];

			assert_true(event_scan_mailboxes(*state));
			assert_int_equal(event_destroy(*state, end->ids[0]), 0);
			assert_int_equal(finish(end), -ECANCELED);
		}
		assert_false(event_scan_mailboxes(*state));
	}
}

struct ear {
	struct event_table *table;
	uint32_t id;
	_Atomic unsigned sets, sleeps;
	bool set_on_sleep;
};

static void hear_set(void *arg)
{
	struct ear *ear = arg;

	ear->sets++;
	/* the table's lock is free */
	assert_int_equal(event_query(ear->table, ear->id, &(struct event_state){0}), 0);
}

static void hear_sleep(void *arg)
{
	struct ear *ear = arg;

	ear->sleeps++;
	if (ear->set_on_sleep)
		assert_int_equal(event_set(ear->table, ear->id), 0);
}

static void a_listener_hears_of_sets_and_sleepers(void **state)
{
	uint32_t id = automatic(*state), memory = create(*state, EVENT_MEMORY, false, false);
	struct ear ear = {.table = *state, .id = id};
	const struct event_listener listener = {.was_set = hear_set, .will_sleep = hear_sleep, .arg = &ear};
	struct event_memory_fault fault = {.node = 1};

	event_table_listen(*state, &listener);
	assert_int_equal(event_set(*state, id), 0);
	assert_int_equal(ear.sets, 1);
	assert_int_equal(event_set(*state, EVENT_MAX), -EINVAL);
	assert_int_equal(ear.sets, 1);
	/* neither a wait that is satisfied nor a look sleeps */
	assert_int_equal(event_wait(*state, &id, 1, true, 1000, NULL), 0);
	assert_int_equal(look(*state, id), -ETIMEDOUT);
	assert_int_equal(ear.sleeps, 0);
	assert_int_equal(event_wait(*state, &id, 1, true, 1, NULL), -ETIMEDOUT);
	assert_int_equal(ear.sleeps, 1);
	/* who is told of a sleeper can wake it */
	ear.set_on_sleep = true;
	assert_int_equal(event_wait(*state, &id, 1, true, LONG_MS, NULL), 0);
	assert_int_equal(ear.sets, 2);
	ear.set_on_sleep = false;
	/* also what mail and faults set */
	write_mailbox(*state, id);
	assert_int_equal(look(*state, id), 0);
	assert_int_equal(ear.sets, 3);
	assert_int_equal(event_raise_memory_fault(*state, &fault), 1);
	assert_int_equal(ear.sets, 4);
	assert_int_equal(event_raise_hw_exception(*state, &(struct event_hw_exception){0}), 0);
	assert_int_equal(ear.sets, 4);
	assert_int_equal(event_destroy(*state, memory), 0);
	event_table_listen(*state, NULL);
	assert_int_equal(event_set(*state, id), 0);
	assert_int_equal(ear.sets, 4);
}

struct slow_ear {
	_Atomic bool inside, leave;
};

static void hear_slowly(void *arg)
{
	struct slow_ear *ear = arg;

	ear->inside = true;
	while (!ear->leave)
		usleep(100);
	ear->inside = false;
}

static void *stop_listening(void *arg)
{
	event_table_listen(arg, NULL);
	return NULL;
}

static void *set_first_event(void *arg)
{
	event_set(arg, 1);
	return NULL;
}

static void a_listener_that_leaves_is_not_inside_any_more(void **state)
{
	struct slow_ear ear = {0};
	const struct event_listener listener = {.was_set = hear_slowly, .arg = &ear};
	pthread_t setter, leaver;

	assert_int_equal(automatic(*state), 1);
	event_table_listen(*state, &listener);
	assert_int_equal(pthread_create(&setter, NULL, set_first_event, *state), 0);
	while (!ear.inside)
		usleep(100);
	assert_int_equal(pthread_create(&leaver, NULL, stop_listening, *state), 0);
	grace();
	assert_int_equal(pthread_tryjoin_np(leaver, NULL), EBUSY);
	/* others are not held up */
	assert_int_equal(look(*state, 1), 0);
	ear.leave = true;
	assert_int_equal(pthread_join(leaver, NULL), 0);
	assert_false(ear.inside);
	assert_int_equal(pthread_join(setter, NULL), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(automatic_event_is_consumed_by_one_wait),
		TEST(manual_event_stays_set_until_reset),
		TEST(initial_state_counts_for_signal_and_debug_events),
		TEST(set_wakes_one_automatic_waiter),
		TEST(set_and_reset_wake_all_manual_waiters),
		TEST(wait_any_consumes_one_of_several),
		TEST(wait_all_needs_every_event_even_one_after_the_other),
		TEST(wait_all_that_fails_gives_back_what_it_had),
		TEST(timeouts_mean_what_they_say),
		TEST(destroying_an_event_wakes_its_waiters_with_an_error),
		TEST(a_set_just_before_the_end_still_counts),
		TEST(shutdown_releases_waiters_and_refuses_new_ones),
		TEST(ids_come_back_as_late_as_possible),
		TEST(unknown_ids_and_types_are_refused),
		cmocka_unit_test(mailboxes_are_the_callers_memory_by_id),
		TEST(age_tells_what_was_missed),
		TEST(all_who_watch_the_age_wake),
		TEST(age_of_an_event_that_did_not_end_the_wait_is_not_given),
		TEST(age_is_for_signal_events_only),
		TEST(failed_wait_by_age_invents_no_set),
		TEST(memory_fault_reaches_every_memory_event),
		TEST(hw_exception_reaches_every_exception_event),
		TEST(many_events_can_be_waited_for_at_once),
		TEST(event_named_twice_is_needed_twice),
		TEST(other_mailboxes_are_for_tables_without_events),
		TEST(mail_that_came_before_the_wait_is_found),
		TEST(setting_and_resetting_take_the_mail_too),
		TEST(mail_is_for_signals_only),
		TEST(a_scan_sets_what_is_waited_for),
		TEST(a_scan_forgets_events_that_end),
		TEST(a_listener_hears_of_sets_and_sleepers),
		TEST(a_listener_that_leaves_is_not_inside_any_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
