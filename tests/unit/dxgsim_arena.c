// SPDX-License-Identifier: MIT
/* What all processes of the simulated VM use together: sums, and that killed processes leave nothing behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dxgsim/host/arena.h"
#include "dxgsim/host/types.h"

#define MACHINE	    0x1234u
#define MEBIBYTE    (1 << 20)
#define KILLS	    60
#define MAX_KILL_US 3000

static struct arena *arena;
static int arena_fd;
static char path[64];

static int setup(void **state)
{
	(void)state;
	report_open("/dev/null");
	if (arena_create(MACHINE, &arena, &arena_fd))
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), arena_fd);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_close(arena);
	close(arena_fd);
	return 0;
}

static uint64_t used_by_others(void)
{
	uint64_t bytes;

	arena_lock(arena);
	bytes = arena_others(arena, 0, ARENA_RESIDENT, SEGMENT_VISIBLE);
	arena_unlock(arena);
	return bytes;
}

static uint32_t reap(void)
{
	uint32_t count;

	arena_lock(arena);
	count = arena_reap(arena);
	arena_unlock(arena);
	return count;
}

static void assert_nothing_left(void)
{
	struct arena_totals totals;
	char text[256];

	arena_lock(arena);
	arena_total(arena, &totals);
	arena_unlock(arena);
	if (arena_describe(&totals, text, sizeof(text)))
		fail_msg("left: %s", text);
}

static void hold(struct arena *mine)
{
	arena_count(mine, HOST_OBJECT_DEVICE, 1);
	arena_add(mine, 0, ARENA_RESIDENT, SEGMENT_VISIBLE, MEBIBYTE);
}

static void release(struct arena *mine)
{
	arena_add(mine, 0, ARENA_RESIDENT, SEGMENT_VISIBLE, -MEBIBYTE);
	arena_count(mine, HOST_OBJECT_DEVICE, -1);
}

/* A process that opens the arena by its name, as one started by the launcher does. */
static pid_t start(void (*body)(struct arena *mine, int tell))
{
	struct arena *mine;
	int ends[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(60);
		close(ends[0]);
		if (arena_open(path, MACHINE, &mine))
			_exit(100);
		body(mine, ends[1]);
		_exit(0);
	}
	close(ends[1]);
	if (read(ends[0], &byte, 1) != 1)
		fail_msg("the other process did not start");
	close(ends[0]);
	return pid;
}

static void say(int tell)
{
	if (write(tell, "", 1) != 1)
		_exit(101);
	close(tell);
}

static void end(pid_t pid, int number)
{
	int status;

	if (number)
		kill(pid, number);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(number ? WTERMSIG(status) : status, number);
}

static void holder(struct arena *mine, int tell)
{
	if (arena_join(mine))
		_exit(102);
	hold(mine);
	say(tell);
	pause();
}

static void joins_holds_and_leaves(struct arena *mine, int tell)
{
	if (arena_join(mine) || arena_join(mine))
		_exit(102);
	hold(mine);
	release(mine);
	arena_leave(mine);
	hold(mine);
	release(mine);
	arena_close(mine);
	say(tell);
}

static void sums_are_of_processes_that_live(void **state)
{
	pid_t first, second;

	(void)state;
	first = start(holder);
	second = start(holder);
	assert_int_equal(used_by_others(), 2 * MEBIBYTE);
	assert_int_equal(arena_join(arena), 0);
	hold(arena);
	assert_int_equal(used_by_others(), 2 * MEBIBYTE);
	end(first, SIGKILL);
	assert_int_equal(reap(), 1);
	assert_int_equal(reap(), 0);
	assert_int_equal(used_by_others(), MEBIBYTE);
	end(second, SIGTERM);
	assert_int_equal(arena_join(arena), 0);
	arena_leave(arena);
	assert_int_equal(reap(), 1);
	release(arena);
	arena_leave(arena);
	assert_nothing_left();
	end(start(joins_holds_and_leaves), 0);
	assert_int_equal(reap(), 0);
	assert_nothing_left();
}

static void a_process_nobody_has_waited_for_is_dead_too(void **state)
{
	siginfo_t info;
	pid_t pid;

	(void)state;
	pid = start(holder);
	kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(reap(), 1);
	end(pid, SIGKILL);
	assert_nothing_left();
}

static void *outlives(void *arg)
{
	(void)arg;
	pause();
	return NULL;
}

static void leader_ends(struct arena *mine, int tell)
{
	pthread_t thread;

	if (arena_join(mine) || pthread_create(&thread, NULL, outlives, NULL))
		_exit(102);
	hold(mine);
	say(tell);
	pthread_exit(NULL);
}

static void a_process_lives_as_long_as_its_last_thread(void **state)
{
	struct arena_identity identity;
	char name[64], text[512] = "";
	pid_t pid;

	(void)state;
	pid = start(leader_ends);
	snprintf(name, sizeof(name), "/proc/%d/stat", (int)pid);
	while (!strstr(text, ") Z ")) {
		FILE *file = fopen(name, "re");

		assert_non_null(file);
		assert_non_null(fgets(text, sizeof(text), file));
		fclose(file);
		sched_yield();
	}
	assert_int_equal(arena_identify(pid, &identity), 0);
	assert_int_equal(reap(), 0);
	assert_int_equal(used_by_others(), MEBIBYTE);
	end(pid, SIGKILL);
	assert_int_equal(reap(), 1);
	assert_nothing_left();
}

static void dies_with_the_lock(struct arena *mine, int tell)
{
	if (arena_join(mine))
		_exit(102);
	arena_lock(mine);
	hold(mine);
	say(tell);
	kill(getpid(), SIGKILL);
}

static void the_lock_of_a_dead_process_is_free(void **state)
{
	(void)state;
	end(start(dies_with_the_lock), SIGKILL);
	assert_int_equal(used_by_others(), MEBIBYTE);
	assert_int_equal(reap(), 1);
	assert_nothing_left();
}

static void never_rests(struct arena *mine, int tell)
{
	say(tell);
	for (;;) {
		if (arena_join(mine))
			_exit(102);
		hold(mine);
		arena_lock(mine);
		arena_reap(mine);
		hold(mine);
		arena_unlock(mine);
		release(mine);
		release(mine);
		arena_leave(mine);
	}
}

static void killed_at_any_moment_a_process_leaves_nothing(void **state)
{
	unsigned int seed = (unsigned int)getpid();

	(void)state;
	printf("seed %u\n", seed);
	for (int i = 0; i < KILLS; i++) {
		pid_t pid = start(never_rests), other = start(never_rests);

		usleep((useconds_t)rand_r(&seed) % MAX_KILL_US);
		end(pid, SIGKILL);
		assert_true(used_by_others() <= 4 * MEBIBYTE);
		end(other, SIGKILL);
		reap();
		assert_nothing_left();
	}
}

static pid_t start_and_become_another_program(void)
{
	struct arena *mine;
	int ends[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (arena_open(path, MACHINE, &mine) || arena_join(mine))
			_exit(100);
		hold(mine);
		execlp("sleep", "sleep", "60", (char *)NULL);
		_exit(101);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 0); /* exec() has closed the other end */
	close(ends[0]);
	return pid;
}

static void another_program_has_not_what_its_process_had(void **state)
{
	struct arena_identity me, other;
	pid_t pid;

	(void)state;
	assert_int_equal(arena_identify(getpid(), &me), 0);
	if (!me.stack)
		skip(); /* /proc does not tell */
	pid = start_and_become_another_program();
	do /* exec() is not through yet while there is no stack */
		assert_int_equal(arena_identify(pid, &other), 0);
	while (!other.stack);
	assert_int_equal(kill(pid, 0), 0);
	assert_int_equal(reap(), 1);
	assert_nothing_left();
	end(pid, SIGKILL);
}

static void a_number_used_again_is_another_process(void **state)
{
	struct arena_identity me, other;

	(void)state;
	assert_int_equal(arena_identify(getpid(), &me), 0);
	assert_true(arena_is_alive(&me));
	other = me;
	other.start++;
	assert_false(arena_is_alive(&other));
	other = (struct arena_identity){.pid = 0x7ffffff0};
	assert_false(arena_is_alive(&other));
	other = (struct arena_identity){.pid = me.pid};
	assert_true(arena_is_alive(&other));
}

static void leaves_a_device(struct arena *mine, int tell)
{
	if (arena_join(mine))
		_exit(102);
	arena_count(mine, HOST_OBJECT_DEVICE, 1);
	arena_close(mine);
	say(tell);
}

static void count_left_behind(void *arg, enum arena_owner owner, pid_t pid, const struct arena_totals *totals)
{
	uint32_t *count = arg;
	char text[64];

	(void)pid;
	assert_int_equal(owner, ARENA_LEFT_BEHIND);
	assert_true(arena_describe(totals, text, sizeof(text)));
	assert_string_equal(text, "1 device");
	++*count;
}

static void what_does_not_come_back_to_zero_is_kept_for_the_report(void **state)
{
	uint32_t count = 0;

	(void)state;
	end(start(leaves_a_device), 0);
	assert_int_equal(reap(), 0);
	arena_lock(arena);
	arena_visit(arena, count_left_behind, &count);
	arena_unlock(arena);
	assert_int_equal(count, 1);
}

static void only_an_arena_of_this_machine_is_opened(void **state)
{
	struct arena *other;
	int fd;

	(void)state;
	assert_int_equal(arena_open(path, MACHINE + 1, &other), -EXDEV);
	assert_int_equal(arena_open("/proc/self/fd/-1", MACHINE, &other), -ENOENT);
	assert_int_equal(arena_open("/dev/null", MACHINE, &other), -EINVAL);
	fd = memfd_create("test", MFD_CLOEXEC);
	assert_true(fd >= 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(arena_open(path, MACHINE, &other), -EINVAL);
	assert_int_equal(ftruncate(fd, lseek(arena_fd, 0, SEEK_END)), 0);
	assert_int_equal(arena_open(path, MACHINE, &other), -EINVAL);
	close(fd);
	assert_int_not_equal(arena_machine("rx6800"), arena_machine("rx6800,hws"));
	assert_int_equal(arena_machine(NULL), arena_machine(""));
}

static void there_is_an_end_to_processes(void **state)
{
	static struct arena *many[ARENA_PROCESSES + 1];

	(void)state;
	for (uint32_t i = 0; i <= ARENA_PROCESSES; i++) {
		assert_int_equal(arena_open(path, MACHINE, &many[i]), 0);
		assert_int_equal(arena_join(many[i]), i < ARENA_PROCESSES ? 0 : -ENOSPC);
	}
	arena_leave(many[7]);
	assert_int_equal(arena_join(many[ARENA_PROCESSES]), 0);
	for (uint32_t i = 0; i <= ARENA_PROCESSES; i++)
		arena_close(many[i]);
	assert_nothing_left();
}

static void resets_are_forgotten_after_their_time(void **state)
{
	const uint64_t second = 1000000000ull, window = 60 * second;

	(void)state;
	assert_int_equal(arena_reset_happened(arena, 100 * second, window), 1);
	assert_int_equal(arena_reset_happened(arena, 130 * second, window), 2);
	assert_int_equal(arena_reset_happened(arena, 159 * second, window), 3);
	assert_int_equal(arena_reset_happened(arena, 160 * second, window),
			 3); /* the first is a minute ago */
	assert_int_equal(arena_reset_happened(arena, 300 * second, window), 1);
	for (uint32_t i = 0; i < 3 * ARENA_RESETS; i++)
		arena_reset_happened(arena, 301 * second, window);
	assert_int_equal(arena_reset_happened(arena, 302 * second, window), ARENA_RESETS);
	assert_int_equal(arena_reset_happened(NULL, second, window), 1);
}

static void no_arena_counts_nothing(void **state)
{
	(void)state;
	assert_int_equal(arena_join(NULL), 0);
	arena_count(NULL, HOST_OBJECT_DEVICE, 1);
	arena_add(NULL, 0, ARENA_RESIDENT, SEGMENT_VISIBLE, 1);
	arena_lock(NULL);
	assert_int_equal(arena_reap(NULL), 0);
	assert_int_equal(arena_others(NULL, 0, ARENA_RESIDENT, SEGMENT_VISIBLE), 0);
	arena_unlock(NULL);
	arena_leave(NULL);
	arena_forked(NULL);
	arena_close(NULL);
}

#define THREADS 4
#define ROUNDS	2000

static void *counts(void *arg)
{
	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		hold(arena);
		release(arena);
	}
	return NULL;
}

static void threads_count_together(void **state)
{
	pthread_t threads[THREADS];
	struct arena_totals totals;
	pid_t pid;

	(void)state;
	assert_int_equal(arena_join(arena), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, counts, NULL), 0);
	pid = start(holder);
	for (int i = 0; i < ROUNDS; i++) {
		arena_lock(arena);
		arena_total(arena, &totals);
		arena_unlock(arena);
		assert_in_range(totals.objects[HOST_OBJECT_DEVICE], 1, THREADS + 1);
	}
	end(pid, SIGKILL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	reap();
	assert_nothing_left();
	arena_leave(arena);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(sums_are_of_processes_that_live),
		TEST(a_process_nobody_has_waited_for_is_dead_too),
		TEST(a_process_lives_as_long_as_its_last_thread),
		TEST(the_lock_of_a_dead_process_is_free),
		TEST(killed_at_any_moment_a_process_leaves_nothing),
		TEST(another_program_has_not_what_its_process_had),
		TEST(a_number_used_again_is_another_process),
		TEST(what_does_not_come_back_to_zero_is_kept_for_the_report),
		TEST(only_an_arena_of_this_machine_is_opened),
		TEST(there_is_an_end_to_processes),
		TEST(resets_are_forgotten_after_their_time),
		TEST(no_arena_counts_nothing),
		TEST(threads_count_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
