// SPDX-License-Identifier: MIT
/*
 * Stored doorbells, one behaviour at a time, once with userfaultfd and once without.  The linker puts this file's functions in
 * the place of those by which the kernel is asked, so that it can refuse.
 */
#include <errno.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "queue_doorbell.h"
#include "util/compiler.h"
#include "util/log.h"

#define ALL_CELLS 4096U
#define MANY	  600U /* of pages of 4 KiB more than one */

/* What is refused, and how often it is asked before. */
static struct {
	int thread_error;
	int eventfd_error;
	int userfaultfd_error;
	unsigned long request; /* of ioctl() */
	int request_error;
	_Atomic int request_after;
	bool no_write_protect;
} refuse;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg);
int __real_eventfd(unsigned count, int flags);
int __real_ioctl(int fd, unsigned long request, void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg);
int __wrap_eventfd(unsigned count, int flags);
int __wrap_ioctl(int fd, unsigned long request, void *arg);
long __wrap_syscall(long number, long flags);
long __real_syscall(long number, long flags);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
	return refuse.thread_error ? refuse.thread_error : __real_pthread_create(thread, attr, run, arg);
}

static int refused(int error)
{
	errno = error;
	return -1;
}

int __wrap_eventfd(unsigned count, int flags)
{
	return refuse.eventfd_error ? refused(refuse.eventfd_error) : __real_eventfd(count, flags);
}

long __wrap_syscall(long number, long flags)
{
	if (number == SYS_userfaultfd && refuse.userfaultfd_error)
		return refused(refuse.userfaultfd_error);
	return __real_syscall(number, flags);
}

int __wrap_ioctl(int fd, unsigned long request, void *arg)
{
	int ret;

	if (refuse.request_error && request == refuse.request && refuse.request_after-- <= 0)
		return refused(refuse.request_error);
	ret = __real_ioctl(fd, request, arg);
	if (!ret && request == UFFDIO_REGISTER && refuse.no_write_protect)
		((struct uffdio_register *)arg)->ioctls &= ~(1ULL << _UFFDIO_WRITEPROTECT);
	return ret;
}

static struct bench bench;

static int setup(void **state)
{
	*state = &bench;
	memset(&refuse, 0, sizeof(refuse));
	return doorbells_create(bench.forced_fallback, &bench.doorbells);
}

static int teardown(void **state)
{
	(void)state;
	doorbells_destroy(bench.doorbells);
	return 0;
}

static void watching_begins_with_one_ring(void **state)
{
	struct bench *b = *state;
	struct bell bell;

	assert_string_equal(doorbells_method(b->doorbells), "none");
	bell_get(b, &bell, 41);
	assert_int_equal(*bell.doorbell.cell, 41);
	assert_int_equal(doorbell_watch(b->doorbells, &bell.doorbell), 0);
	await_rings(&bell, 1);
	assert_int_equal(bell_value(&bell), 41);
	settle(b);
	assert_int_equal(bell_rings(&bell), 1);
	assert_string_equal(doorbells_method(b->doorbells), b->faults ? "userfaultfd" : "looks");
	/* also when it begins again */
	doorbell_unwatch(b->doorbells, &bell.doorbell);
	doorbell_unwatch(b->doorbells, &bell.doorbell);
	assert_int_equal(doorbell_watch(b->doorbells, &bell.doorbell), 0);
	assert_int_equal(doorbell_watch(b->doorbells, &bell.doorbell), 0);
	await_rings(&bell, 2);
	settle(b);
	assert_int_equal(bell_rings(&bell), 2);
	bell_end(b, &bell);
}

static void stores_are_told_after_any_pause(void **state)
{
	static const long pauses_us[] = {0, 1, 10, 25, 100, 500, 1500, 1900, 2000, 2100, 2500, 10000, 30000};
	struct bench *b = *state;
	uint64_t value = 0;
	struct bell bell;

	bell_watch(b, &bell, 0);
	for (unsigned round = 0; round < 10; round++)
		for (size_t i = 0; i < ARRAY_SIZE(pauses_us); i++) {
			sleep_us(pauses_us[i]);
			bell_store(&bell, ++value);
			await_value(&bell, value);
		}
	bell_end(b, &bell);
}

static void half_a_cell_is_enough(void **state)
{
	struct bench *b = *state;
	struct bell bell;
	uint32_t *half;

	bell_watch(b, &bell, 0);
	half = (uint32_t *)(void *)bell.doorbell.cell;
	settle(b);
	__atomic_store_n(half, 7, __ATOMIC_RELEASE);
	await_value(&bell, 7);
	settle(b);
	__atomic_store_n(half + 1, 1, __ATOMIC_RELEASE);
	await_value(&bell, 1ULL << 32 | 7);
	bell_end(b, &bell);
}

static void storing_the_same_again_rings_all_where_it_can_be_seen(void **state)
{
	struct bench *b = *state;
	struct bell bells[2];

	for (unsigned i = 0; i < 2; i++)
		bell_watch(b, &bells[i], i);
	settle(b);
	bell_store(&bells[0], 0);
	if (b->faults) {
		await_rings(&bells[0], 2);
		await_rings(&bells[1], 2);
	}
	settle(b);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(bell_rings(&bells[i]), b->faults ? 2 : 1);
		assert_int_equal(bell_value(&bells[i]), i);
		bell_end(b, &bells[i]);
	}
}

static void nothing_runs_while_nothing_is_stored(void **state)
{
	struct bell bells[8], spare;
	struct bench *b = *state;
	uint64_t before, turns;

	for (unsigned i = 0; i < ARRAY_SIZE(bells); i++)
		bell_watch(b, &bells[i], i);
	bell_get(b, &spare, 0);
	settle(b);
	/* until looks are as far apart as they get */
	sleep_us(200000);
	before = thread_turns();
	sleep_us(1000000);
	turns = thread_turns() - before;
	if (b->faults)
		assert_int_equal(turns, 0);
	else
		assert_in_range(turns, 1, 1000000000 / DOORBELL_LOOK_MAX_NS + 2);
	for (unsigned i = 0; i < ARRAY_SIZE(bells); i++)
		doorbell_unwatch(b->doorbells, &bells[i].doorbell);
	settle(b);
	before = thread_turns();
	/* what is not watched is not looked at, and who stores there wakes nobody */
	bell_store(&bells[0], 99);
	bell_store(&spare, 99);
	sleep_us(200000);
	if (!b->faults)
		assert_int_equal(thread_turns() - before, 0);
	assert_int_equal(bell_rings(&spare), 0);
	assert_int_equal(bell_value(&bells[0]), 0);
	bell_end(b, &spare);
	for (unsigned i = 0; i < ARRAY_SIZE(bells); i++)
		bell_end(b, &bells[i]);
}

static bool is_fault(int number)
{
	return number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL ||
	       number == SIGTRAP || number == SIGSYS;
}

static void no_signal_is_handled_on_the_thread(void **state)
{
	struct bench *b = *state;
	unsigned long long blocked;
	struct bell bell;

	bell_watch(b, &bell, 0);
	await_rings(&bell, 1);
	assert_true(thread_status("SigBlk:", "%llx", &blocked));
	/* but for KILL, STOP, the two of the C library, and faults of the thread's own */
	for (int number = 1; number < 32; number++)
		if (number != SIGKILL && number != SIGSTOP)
			assert_int_equal(blocked >> (number - 1) & 1, !is_fault(number));
	bell_end(b, &bell);
}

/* rung() that stays until it may go on. */
struct long_ring {
	struct bell bell;
	_Atomic bool inside, go_on, returned, unwatched;
	struct bench *bench;
};

static void stay(struct doorbell *doorbell, uint64_t value)
{
	struct long_ring *ring = (struct long_ring *)(void *)doorbell;

	(void)value;
	ring->inside = true;
	while (!ring->go_on)
		sleep_us(100);
	ring->returned = true;
}

static void *unwatch(void *arg)
{
	struct long_ring *ring = arg;

	doorbell_unwatch(ring->bench->doorbells, &ring->bell.doorbell);
	ring->unwatched = true;
	return (void *)(uintptr_t)ring->returned;
}

static void unwatching_waits_for_a_ring_that_is_running(void **state)
{
	struct bench *b = *state;
	struct long_ring ring = {.bench = b};
	struct bell other;
	pthread_t thread;
	void *was_over;

	bell_get(b, &ring.bell, 0);
	ring.bell.doorbell.rung = stay;
	assert_int_equal(doorbell_watch(b->doorbells, &ring.bell.doorbell), 0);
	while (!ring.inside)
		sched_yield();
	assert_int_equal(pthread_create(&thread, NULL, unwatch, &ring), 0);
	/* a queue that is not ringing goes at once, and stores stick nobody */
	bell_get(b, &other, 0);
	assert_int_equal(doorbell_watch(b->doorbells, &other.doorbell), 0);
	bell_store(&other, 1);
	bell_end(b, &other);
	sleep_us(20000);
	assert_false(ring.unwatched);
	ring.go_on = true;
	assert_int_equal(pthread_join(thread, &was_over), 0);
	assert_non_null(was_over);
	doorbell_put(b->doorbells, &ring.bell.doorbell);
}

/* rung() after which nothing of the bell is left. */
struct last_ring {
	struct bell bell;
	struct bench *bench;
	_Atomic bool *gone;
};

static void unwatch_and_free(struct doorbell *doorbell, uint64_t value)
{
	struct last_ring *ring = (struct last_ring *)(void *)doorbell;
	_Atomic bool *gone = ring->gone;

	if (!value)
		return;
	doorbell_unwatch(ring->bench->doorbells, doorbell);
	doorbell_put(ring->bench->doorbells, doorbell);
	free(ring);
	*gone = true;
}

static void a_ring_may_be_the_end_of_its_queue(void **state)
{
	struct bench *b = *state;
	struct bell other;

	bell_watch(b, &other, 0);
	for (unsigned i = 0; i < 20; i++) {
		struct last_ring *ring = calloc(1, sizeof(*ring));
		_Atomic bool gone = false;

		assert_non_null(ring);
		ring->bench = b;
		ring->gone = &gone;
		bell_get(b, &ring->bell, 0);
		ring->bell.doorbell.rung = unwatch_and_free;
		assert_int_equal(doorbell_watch(b->doorbells, &ring->bell.doorbell), 0);
		bell_store(&ring->bell, 1);
		while (!gone)
			sched_yield();
		bell_store(&other, i + 1);
		await_value(&other, i + 1);
	}
	bell_end(b, &other);
}

/* rung() that stores to another cell, takes cells, and watches them. */
static void store_to_the_next(struct doorbell *doorbell, uint64_t value)
{
	struct last_ring *ring = (struct last_ring *)(void *)doorbell;
	struct bell bell;

	bell_get(ring->bench, &bell, value);
	if (doorbell_watch(ring->bench->doorbells, &bell.doorbell))
		abort();
	bell_store(&bell, value + 1);
	doorbell_unwatch(ring->bench->doorbells, &bell.doorbell);
	doorbell_put(ring->bench->doorbells, &bell.doorbell);
	bell_store((struct bell *)(void *)(ring + 1), value);
}

static void a_ring_may_store_and_watch(void **state)
{
	struct bench *b = *state;
	struct {
		struct last_ring first;
		struct bell second;
	} pair = {.first.bench = b};

	bell_watch(b, &pair.second, 0);
	/* the first ring comes while nothing is being stored */
	settle(b);
	bell_get(b, &pair.first.bell, 1);
	settle(b);
	pair.first.bell.doorbell.rung = store_to_the_next;
	assert_int_equal(doorbell_watch(b->doorbells, &pair.first.bell.doorbell), 0);
	await_value(&pair.second, 1);
	settle(b);
	bell_store(&pair.first.bell, 2);
	await_value(&pair.second, 2);
	bell_end(b, &pair.first.bell);
	bell_end(b, &pair.second);
}

static void cells_are_apart_and_come_back(void **state)
{
	struct bell *bells = calloc(ALL_CELLS + 1, sizeof(*bells));
	struct bench *b = *state;

	assert_non_null(bells);
	for (unsigned round = 0; round < 2; round++) {
		for (uint64_t i = 0; i < ALL_CELLS; i++)
			bell_get(b, &bells[i], i);
		assert_int_equal(doorbell_get(b->doorbells, 0, &bells[ALL_CELLS].doorbell), -ENOSPC);
		for (uint64_t i = 0; i < ALL_CELLS; i++)
			assert_int_equal(*bells[i].doorbell.cell, i);
		/* one that is in use is not given out again */
		doorbell_put(b->doorbells, &bells[77].doorbell);
		bell_get(b, &bells[77], 7777);
		assert_int_equal(*bells[76].doorbell.cell, 76);
		assert_int_equal(*bells[77].doorbell.cell, 7777);
		assert_int_equal(*bells[78].doorbell.cell, 78);
		for (uint64_t i = 0; i < ALL_CELLS; i++)
			doorbell_put(b->doorbells, &bells[i].doorbell);
	}
	free(bells);
}

static void many_cells_are_watched(void **state)
{
	struct bell *bells = calloc(MANY, sizeof(*bells));
	struct bench *b = *state;

	assert_non_null(bells);
	for (uint64_t i = 0; i < MANY; i++)
		bell_watch(b, &bells[i], 0);
	for (uint64_t i = 0; i < MANY; i += 7) {
		/* the first of a page and one in the middle, after a quiet time */
		if (i % 10 == 0)
			settle(b);
		bell_store(&bells[i], i + 1);
		await_value(&bells[i], i + 1);
	}
	for (uint64_t i = 0; i < MANY; i++)
		bell_store(&bells[i], 1000 + i);
	for (uint64_t i = 0; i < MANY; i++)
		await_value(&bells[i], 1000 + i);
	for (uint64_t i = 0; i < MANY; i++)
		bell_end(b, &bells[i]);
	free(bells);
}

static void a_cell_that_was_given_back_rings_its_new_queue_only(void **state)
{
	struct bench *b = *state;
	struct bell old, new;
	uint64_t *cell;

	bell_watch(b, &old, 0);
	cell = old.doorbell.cell;
	await_rings(&old, 1);
	bell_end(b, &old);
	bell_watch(b, &new, 5);
	assert_ptr_equal(new.doorbell.cell, cell);
	await_rings(&new, 1);
	settle(b);
	bell_store(&new, 6);
	await_value(&new, 6);
	assert_int_equal(bell_rings(&old), 1);
	bell_end(b, &new);
}

/* The exit code of a child, which has to end within ten seconds. */
static int outcome_of(pid_t child)
{
	int status;

	for (unsigned i = 0; i < 1000; i++) {
		pid_t found = waitpid(child, &status, WNOHANG);

		assert_true(found == 0 || found == child);
		if (found)
			return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
		sleep_us(10000);
	}
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	return -2;
}

static void a_child_stores_to_nobody_and_does_not_hang(void **state)
{
	struct bench *b = *state;
	int ended[2];
	struct bell bell;
	pid_t child;
	char end;

	bell_watch(b, &bell, 3);
	settle(b);
	assert_int_equal(pipe(ended), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		close(ended[1]);
		bell_store(&bell, 1000);
		if (__atomic_load_n(bell.doorbell.cell, __ATOMIC_ACQUIRE) != 1000)
			_exit(1);
		/* lives until the parent is through: it keeps the parent's files open */
		_exit(read(ended[0], &end, 1) ? 2 : 0);
	}
	close(ended[0]);
	sleep_us(20000);
	bell_store(&bell, 4);
	await_value(&bell, 4);
	settle(b);
	bell_store(&bell, 5);
	await_value(&bell, 5);
	assert_int_equal(*bell.doorbell.cell, 5);
	settle(b);
	bell_end(b, &bell);
	doorbells_destroy(b->doorbells);
	assert_int_equal(doorbells_create(b->forced_fallback, &b->doorbells), 0);
	bell_watch(b, &bell, 0);
	bell_store(&bell, 1);
	await_value(&bell, 1);
	bell_end(b, &bell);
	close(ended[1]);
	assert_int_equal(outcome_of(child), 0);
}

static void without_a_thread_nothing_is_watched_before_the_next_attempt(void **state)
{
	struct bench *b = *state;
	struct bell bell;

	bell_get(b, &bell, 0);
	refuse.thread_error = EAGAIN;
	assert_int_equal(doorbell_watch(b->doorbells, &bell.doorbell), -EAGAIN);
	assert_string_equal(doorbells_method(b->doorbells), "none");
	refuse.thread_error = 0;
	refuse.eventfd_error = EMFILE;
	assert_int_equal(doorbell_watch(b->doorbells, &bell.doorbell), -EMFILE);
	refuse.eventfd_error = 0;
	doorbell_unwatch(b->doorbells, &bell.doorbell);
	assert_int_equal(doorbell_watch(b->doorbells, &bell.doorbell), 0);
	bell_store(&bell, 1);
	await_value(&bell, 1);
	bell_end(b, &bell);
}

static void destroying_without_use_or_with_a_protected_page(void **state)
{
	struct bench *b = *state;
	struct bell bell;

	for (unsigned i = 0; i < 3; i++) {
		struct doorbells *doorbells = b->doorbells;

		if (i) {
			bell_watch(b, &bell, 0);
			if (i == 2)
				settle(b);
			bell_end(b, &bell);
		}
		doorbells_destroy(doorbells);
		assert_int_equal(doorbells_create(b->forced_fallback, &b->doorbells), 0);
	}
	doorbells_destroy(NULL);
}

/* Whatever the kernel refuses, and from whenever on, stores are told and nobody sticks. */
static void refusals_make_it_look(void **state)
{
	static const unsigned long requests[] = {UFFDIO_API, UFFDIO_REGISTER, UFFDIO_WRITEPROTECT};
	struct bench *b = *state;

	if (!b->faults)
		skip();
	for (unsigned kind = 0; kind < 2 + ARRAY_SIZE(requests); kind++) {
		bool later = kind == 1 + ARRAY_SIZE(requests);

		for (int after = 0; after < (later ? 8 : 1); after++) {
			struct bell bell;

			doorbells_destroy(b->doorbells);
			assert_int_equal(setup(state), 0);
			if (kind == 0) {
				refuse.userfaultfd_error = EPERM;
			} else if (kind == 1) {
				refuse.no_write_protect = true;
			} else {
				refuse.request = requests[kind - 2];
				refuse.request_after = after;
				refuse.request_error = after & 1 ? EAGAIN : EINVAL;
			}
			bell_watch(b, &bell, 0);
			for (uint64_t i = 1; i <= 10; i++) {
				settle(b);
				bell_store(&bell, i);
				await_value(&bell, i);
			}
			assert_string_equal(doorbells_method(b->doorbells), "looks");
			memset(&refuse, 0, sizeof(refuse));
			bell_end(b, &bell);
		}
	}
}

#define EACH(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		EACH(watching_begins_with_one_ring),
		EACH(stores_are_told_after_any_pause),
		EACH(half_a_cell_is_enough),
		EACH(storing_the_same_again_rings_all_where_it_can_be_seen),
		EACH(nothing_runs_while_nothing_is_stored),
		EACH(no_signal_is_handled_on_the_thread),
		EACH(unwatching_waits_for_a_ring_that_is_running),
		EACH(a_ring_may_be_the_end_of_its_queue),
		EACH(a_ring_may_store_and_watch),
		EACH(cells_are_apart_and_come_back),
		EACH(many_cells_are_watched),
		EACH(a_cell_that_was_given_back_rings_its_new_queue_only),
		EACH(a_child_stores_to_nobody_and_does_not_hang),
		EACH(without_a_thread_nothing_is_watched_before_the_next_attempt),
		EACH(destroying_without_use_or_with_a_protected_page),
		EACH(refusals_make_it_look),
	};
	int failed;

	log_set_level(LOG_NONE);
	bench_begin(&bench, false);
	failed = cmocka_run_group_tests_name("userfaultfd", tests, NULL, NULL);
	bench_begin(&bench, true);
	return failed + cmocka_run_group_tests_name("looks", tests, NULL, NULL);
}
