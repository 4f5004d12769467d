// SPDX-License-Identifier: MIT
/* Several processes on one adapter of the model host: budgets, and VRAM that they have to share. */
#include "dxgsim_vidmm_guest.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CARD   "rx7900xtx,hws" /* 24 GiB, of which a process alone may use 22.5 */
#define SMALL  "rx7900xtx,hws,vram-mib=1024,pending=auto,paging-us-per-mib=100"
#define CHUNK  (2 * GIB)
#define CHUNKS 10u
#define KILLS  5
#define VA     0x10000000000ull

static struct arena *arena;
static int arena_fd;
static char arena_name[64];

static int setup(void **state)
{
	(void)state;
	if (arena_create(GUEST_MACHINE, &arena, &arena_fd))
		return -1;
	snprintf(arena_name, sizeof(arena_name), "/proc/%d/fd/%d", (int)getpid(), arena_fd);
	guest_arena_path = arena_name;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_close(arena);
	close(arena_fd);
	return 0;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- the other process ---- */

enum command {
	HOLD,	   /* this many bytes more, mapped */
	WRITE,	   /* once */
	WRITE_FOR, /* ... as often as it can in so many ms: how often */
	PAGED_IN,  /* how many bytes were for it */
	BUDGET,
	LEAVE,
};

struct peer {
	pid_t pid;
	int to, from;
};

static struct {
	const char *spec;
	int from, to;
} child;

static uint64_t hold(uint64_t *next, uint64_t bytes)
{
	while (bytes) {
		uint64_t size = bytes < CHUNK ? bytes : CHUNK;

		memory_at(*next, size, VISIBLE);
		*next += size;
		bytes -= size;
	}
	return 0;
}

static uint64_t write_for(struct guest_queue *queue, uint64_t ms)
{
	uint64_t end = now_ns() + ms * 1000000, count = 0;

	while (now_ns() < end) {
		memory_write(queue, VA, 1);
		count++;
	}
	return count;
}

static void live(void **state)
{
	uint64_t next = VA, order[2], answer = 0;
	struct guest_queue queue;

	(void)state;
	guest_start(child.spec);
	guest_queue(&queue);
	while (read(child.from, order, sizeof(order)) == sizeof(order)) {
		switch ((enum command)order[0]) {
		case HOLD:
			answer = hold(&next, order[1]);
			break;
		case WRITE:
			memory_write(&queue, VA, 1);
			break;
		case WRITE_FOR:
			answer = write_for(&queue, order[1]);
			break;
		case PAGED_IN:
			answer = memory_paging().process_in;
			break;
		case BUDGET:
			answer = memory_info(SEGMENT_LOCAL).budget;
			break;
		case LEAVE:
			assert_int_equal(guest_misuse(), 0);
			guest_finish();
			return;
		}
		assert_int_equal(write(child.to, &answer, sizeof(answer)), sizeof(answer));
	}
}

static void tell(const struct peer *peer, enum command command, uint64_t argument)
{
	const uint64_t order[2] = {command, argument};

	assert_int_equal(write(peer->to, order, sizeof(order)), sizeof(order));
}

static uint64_t hear(const struct peer *peer)
{
	uint64_t answer;

	if (read(peer->from, &answer, sizeof(answer)) != sizeof(answer))
		fail_msg("the other process has failed");
	return answer;
}

static uint64_t ask(const struct peer *peer, enum command command, uint64_t argument)
{
	tell(peer, command, argument);
	return hear(peer);
}

static struct peer start_peer(const char *spec)
{
	static const struct CMUnitTest other_process[] = {cmocka_unit_test(live)};
	int to[2], from[2];
	struct peer peer;

	assert_int_equal(pipe(to), 0);
	assert_int_equal(pipe(from), 0);
	fflush(NULL);
	peer = (struct peer){.pid = fork(), .to = to[1], .from = from[0]};
	assert_true(peer.pid >= 0);
	if (!peer.pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(60);
		child.spec = spec;
		child.from = to[0];
		child.to = from[1];
		close(to[1]);
		close(from[0]);
		_exit(cmocka_run_group_tests(other_process, NULL, NULL));
	}
	close(to[0]);
	close(from[1]);
	return peer;
}

static void end_peer(const struct peer *peer, int number)
{
	int status;

	if (number)
		kill(peer->pid, number);
	else
		tell(peer, LEAVE, 0);
	assert_int_equal(waitpid(peer->pid, &status, 0), peer->pid);
	assert_int_equal(number ? WTERMSIG(status) : status, number);
	close(peer->to);
	close(peer->from);
}

/* ---- the tests ---- */

static void a_budget_shrinks_to_a_fair_share(void **state)
{
	uint64_t next = VA;
	struct peer peer;

	(void)state;
	peer = start_peer(CARD);
	guest_start(CARD);
	assert_int_equal(memory_info(SEGMENT_LOCAL).budget, 45 * GIB / 2);
	ask(&peer, HOLD, 4 * GIB);
	assert_int_equal(memory_info(SEGMENT_LOCAL).budget, 37 * GIB / 2);
	assert_int_equal(memory_info(SEGMENT_LOCAL).current_usage, 0);
	ask(&peer, HOLD, 16 * GIB);
	assert_int_equal(memory_info(SEGMENT_LOCAL).budget, 45 * GIB / 4);
	hold(&next, 2 * GIB);
	assert_int_equal(memory_info(SEGMENT_LOCAL).current_usage, 2 * GIB);
	assert_int_equal(ask(&peer, BUDGET, 0), 41 * GIB / 2);
	end_peer(&peer, SIGKILL);
	assert_int_equal(memory_info(SEGMENT_LOCAL).budget, 45 * GIB / 2);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

/* 40 GiB resident on a card of 24. */
static void two_processes_have_more_than_fits_and_both_go_on(void **state)
{
	struct arena_paging before, after;
	struct guest_queue queue;
	uint64_t next = VA, mine, theirs;
	struct peer peer;

	(void)state;
	peer = start_peer(CARD);
	guest_start(CARD);
	guest_queue(&queue);
	hold(&next, CHUNKS * CHUNK);
	memory_write(&queue, VA, 1);
	before = memory_paging();
	assert_int_equal(before.adapter_in, 0);
	assert_int_equal(before.adapter_out, 0);
	ask(&peer, HOLD, CHUNKS * CHUNK); /* nobody is refused for what others have */
	assert_int_equal(memory_info(SEGMENT_LOCAL).current_usage, 20 * GIB);
	tell(&peer, WRITE_FOR, 500);
	mine = write_for(&queue, 500);
	theirs = hear(&peer);
	assert_true(mine >= 1);
	assert_true(theirs >= 1);
	after = memory_paging();
	assert_true(after.process_in > 0);
	assert_true(after.process_out > 0);
	assert_true(ask(&peer, PAGED_IN, 0) > 0);
	assert_int_equal(after.adapter_in, after.process_in + ask(&peer, PAGED_IN, 0));
	assert_true(memory_segment(0, false) <= 24 * GIB);
	assert_int_equal(memory_segment(0, true), 40 * GIB);
	/* alone again, it pages in what is out, and no more */
	end_peer(&peer, 0);
	memory_write(&queue, VA, 2);
	before = memory_paging();
	assert_int_equal(memory_segment(0, false), 20 * GIB);
	write_for(&queue, 50);
	after = memory_paging();
	assert_int_equal(after.adapter_in, before.adapter_in);
	assert_int_equal(after.adapter_out, before.adapter_out);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void a_killed_process_gives_its_place_back(void **state)
{
	struct guest_queue queue;
	uint64_t next = VA;
	struct peer peer;

	(void)state;
	peer = start_peer(CARD);
	guest_start(CARD);
	guest_queue(&queue);
	ask(&peer, HOLD, CHUNKS * CHUNK);
	ask(&peer, WRITE, 0);
	assert_int_equal(memory_segment(0, false), 20 * GIB);
	end_peer(&peer, SIGKILL);
	assert_int_equal(memory_segment(0, false), 0);
	hold(&next, CHUNKS * CHUNK);
	memory_write(&queue, VA, 1);
	assert_int_equal(memory_paging().adapter_out, 0);
	assert_int_equal(memory_paging().adapter_in, 0);
	assert_int_equal(memory_segment(0, false), 20 * GIB);
	guest_finish();
}

/* One that is killed while both page all the time. */
static void killed_while_it_pages_it_leaves_nothing(void **state)
{
	unsigned int seed = (unsigned int)getpid();
	struct peer peers[KILLS];
	struct guest_queue queue;
	uint64_t next = VA;

	(void)state;
	print_message("seed %u\n", seed);
	for (int i = 0; i < KILLS; i++) /* while this process has one thread */
		peers[i] = start_peer(CARD ",paging-us-per-mib=0");
	guest_start(CARD ",paging-us-per-mib=0");
	guest_queue(&queue);
	hold(&next, CHUNKS * CHUNK);
	for (int i = 0; i < KILLS; i++) {
		ask(&peers[i], HOLD, CHUNKS * CHUNK);
		tell(&peers[i], WRITE_FOR, 10000);
		write_for(&queue, 20 + (uint64_t)rand_r(&seed) % 40);
		end_peer(&peers[i], SIGKILL);
		memory_write(&queue, VA, 1);
		assert_int_equal(memory_segment(0, false), 20 * GIB);
	}
	guest_finish();
}

static void moving_memory_takes_its_time(void **state)
{
	struct host_make_resident_reply reply;
	d3dkmt_handle allocation;
	struct guest_queue queue;
	struct peer peer;
	uint64_t start;

	(void)state;
	peer = start_peer(SMALL);
	guest_start(SMALL);
	guest_queue(&queue);
	ask(&peer, HOLD, 800 * MIB);
	allocation = memory_allocate(800 * MIB, VISIBLE);
	start = now_ns();
	/* 576 MiB of the other's have to go */
	assert_int_equal(memory_resident_list(1, &allocation, 0, &reply), HOST_STATUS_PENDING);
	assert_true(guest_wait(guest.paging_fence, reply.paging_fence_value));
	assert_true(now_ns() - start >= 57600000);
	assert_int_equal(memory_paging().adapter_out, 576 * MIB);
	assert_int_equal(memory_paging().adapter_in, 0);
	start = now_ns();
	ask(&peer, WRITE, 0); /* both ways, when this process has had its turn */
	assert_true(now_ns() - start >= 115200000);
	assert_int_equal(memory_paging().adapter_in, 576 * MIB);
	assert_int_equal(ask(&peer, PAGED_IN, 0), 576 * MIB);
	assert_int_equal(memory_paging().process_out, 576 * MIB);
	end_peer(&peer, 0);
	guest_finish();
}

/* A job at work is preempted for it, is not late by it, and finds its memory again. */
static void work_that_waits_gives_way_and_goes_on(void **state)
{
	static const char spec[] = SMALL ",timeout-ms=300";
	struct guest_queue queue;
	uint64_t commands, next = VA;
	uint32_t bytes;
	struct peer peer;

	(void)state;
	peer = start_peer(spec);
	guest_start(spec);
	guest_queue(&queue);
	hold(&next, 800 * MIB);
	memory_write(&queue, VA, 3);
	commands = guest_wait_memory(guest_data(0), 5, &bytes);
	assert_int_equal(guest_submit_hw(&queue, commands, bytes), 0);
	ask(&peer, HOLD, 800 * MIB);
	ask(&peer, WRITE, 0);
	guest_set_value(0, 5);
	assert_true(guest_wait(queue.progress, queue.last));
	assert_int_equal(guest_state(), D3DKMT_DEVICEEXECUTION_ACTIVE);
	assert_true(memory_paging().process_out > 0);
	end_peer(&peer, 0);
	guest_finish();
}

/* What is offered goes first, that of least priority before the rest, and nobody else has to give way. */
static void offered_memory_is_discarded_for_others(void **state)
{
	static const char spec[] = CARD ",lock-after-map=allowed";
	d3dkmt_handle dear, cheap, used;
	struct guest_queue queue;
	struct peer peer;
	uint64_t address;
	uint32_t result;

	(void)state;
	peer = start_peer(spec);
	guest_start(spec);
	guest_queue(&queue);
	cheap = memory_at(VA, GIB, VISIBLE | CPU_VISIBLE);
	dear = memory_at(VA + GIB, GIB, VISIBLE | CPU_VISIBLE);
	used = memory_at(VA + 2 * GIB, GIB, VISIBLE | CPU_VISIBLE);
	memory_write(&queue, VA, 42);
	memory_write(&queue, VA + GIB, 43);
	memory_write(&queue, VA + 2 * GIB, 44);
	assert_int_equal(memory_offer(dear, D3DKMT_OFFER_PRIORITY_HIGH), 0);
	assert_int_equal(memory_offer(cheap, D3DKMT_OFFER_PRIORITY_LOW), 0);
	assert_int_equal(memory_info(SEGMENT_LOCAL).current_usage, GIB);
	ask(&peer, HOLD, 22 * GIB);
	assert_int_equal(memory_paging().adapter_out, 0);
	assert_int_equal(memory_reclaim(dear, &result), 0);
	assert_int_equal(result, D3DDDI_RECLAIM_RESULT_OK);
	assert_int_equal(memory_reclaim(cheap, &result), 0);
	assert_int_equal(result, D3DDDI_RECLAIM_RESULT_DISCARDED);
	assert_int_equal(memory_info(SEGMENT_LOCAL).current_usage, 3 * GIB);
	assert_int_equal(memory_lock(cheap, &address), 0);
	assert_int_equal(memory_peek(address), 0);
	assert_int_equal(memory_lock(dear, &address), 0);
	assert_int_equal(memory_peek(address), 43);
	assert_int_equal(memory_lock(used, &address), 0);
	assert_int_equal(memory_peek(address), 44);
	memory_write(&queue, VA, 45);
	assert_int_equal(guest_misuse(), 0);
	end_peer(&peer, 0);
	guest_finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_budget_shrinks_to_a_fair_share, setup, teardown),
		cmocka_unit_test_setup_teardown(two_processes_have_more_than_fits_and_both_go_on, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_killed_process_gives_its_place_back, setup, teardown),
		cmocka_unit_test_setup_teardown(killed_while_it_pages_it_leaves_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(moving_memory_takes_its_time, setup, teardown),
		cmocka_unit_test_setup_teardown(work_that_waits_gives_way_and_goes_on, setup, teardown),
		cmocka_unit_test_setup_teardown(offered_memory_is_discarded_for_others, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
