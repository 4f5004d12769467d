// SPDX-License-Identifier: MIT
/* What befalls the simulated host, told to all processes of a run: those that are there, that come later, that are killed. */
#include "dxgsim_vidsch_guest.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "dxgsim/host/arena.h"
#include "dxgsim/host/happening.h"
#include "dxgsim/host/model.h"
#include "dxgsim/tsan.h"

#define HARDWARE "rx7900xtx,hws,timeout-ms=60000"
#define HASTY	 "rx7900xtx,hws,timeout-ms=20"
#define KILLS	 40

static struct arena *arena;
static int arena_fd;
static char path[64];
static const char *spec = HARDWARE; /* of the next process */

static int setup(void **state)
{
	(void)state;
	if (arena_create(GUEST_MACHINE, &arena, &arena_fd))
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), arena_fd);
	guest_arena_path = path;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_close(arena);
	close(arena_fd);
	return 0;
}

/* As the launcher says it, which is no process of the VM. */
static int happens(const char *text)
{
	struct happening happening;
	char reason[160] = "";

	if (happening_parse(text, &happening, reason, sizeof(reason)))
		fail_msg("'%s': %s", text, reason);
	return arena_happen(arena, &happening);
}

/* ---- other processes ---- */

struct peer {
	pid_t pid;
	int ask, answer;
};

static void answer(int to, uint32_t value)
{
	if (write(to, &value, sizeof(value)) != sizeof(value))
		_exit(101);
}

static void work(struct guest_queue *queue, bool write)
{
	uint32_t bytes;
	uint64_t commands =
		write ? guest_write(guest_data(1), 1, &bytes) : guest_wait_memory(guest_data(0), 1, &bytes);

	guest_submit_hw(queue, commands, bytes);
}

static uint32_t send_state(void)
{
	struct host_get_device_state request = {
		.args = {.device = guest.device, .state_type = D3DKMT_DEVICESTATE_EXECUTION}};
	struct host_get_device_state_reply reply = {0};
	struct host_message m = {.type = HOST_GETDEVICESTATE,
				 .sync = true,
				 .process = guest.process,
				 .request.get_device_state = &request,
				 .reply.get_device_state = &reply,
				 .reply_expected = 16,
				 .reply_length = 16};
	int rc = host_model_ops.send(guest.model, &m);

	if (rc || !m.reply_length)
		return (uint32_t)(rc ? -rc : EOVERFLOW) | 1u << 31;
	return reply.args.execution_state;
}

#define ERROR(number) ((uint32_t)(number) | 1u << 31)

/*
 * Answers letters: s the state of its device, l the same once it is lost, f its fence with no message sent, w submits a job
 * that waits and j one that ends, k LUID that it knows, r removals that it was told, q ends.
 */
static _Noreturn void serve(int asked, int to)
{
	struct guest_queue queue;
	char letter;

	guest_start(spec);
	guest_queue(&queue);
	answer(to, 0);
	while (read(asked, &letter, 1) == 1 && letter != 'q') {
		switch (letter) {
		case 's':
			answer(to, send_state());
			break;
		case 'l':
			answer(to, guest_lost_state());
			break;
		case 'f':
			for (int i = 0; i < 2000 && guest_fence_value(queue.page) != UINT64_MAX; i++)
				poll(NULL, 0, 1);
			answer(to, guest_fence_value(queue.page) == UINT64_MAX);
			break;
		case 'w':
		case 'j':
			work(&queue, letter == 'j');
			answer(to, 0);
			break;
		case 'k':
			answer(to, guest_told.luid);
			break;
		case 'r':
			for (int i = 0; i < 2000 && !guest_told.removed; i++)
				poll(NULL, 0, 1);
			answer(to, guest_told.removed);
			break;
		default:
			_exit(102);
		}
	}
	guest_finish();
	_exit(guest_misuse() ? 103 : 0);
}

static uint32_t listen_to(const struct peer *peer)
{
	uint32_t value = 0;

	if (read(peer->answer, &value, sizeof(value)) != sizeof(value))
		fail_msg("the other process has ended");
	return value;
}

static void start_unheard(struct peer *peer)
{
	int asks[2], answers[2];

	assert_int_equal(pipe(asks), 0);
	assert_int_equal(pipe(answers), 0);
	peer->pid = fork();
	assert_true(peer->pid >= 0);
	if (!peer->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(60);
		close(asks[1]);
		close(answers[0]);
		serve(asks[0], answers[1]);
	}
	close(asks[0]);
	close(answers[1]);
	peer->ask = asks[1];
	peer->answer = answers[0];
}

static void start(struct peer *peer)
{
	start_unheard(peer);
	listen_to(peer);
}

static void tell(const struct peer *peer, char letter)
{
	assert_int_equal(write(peer->ask, &letter, 1), 1);
}

static uint32_t ask(const struct peer *peer, char letter)
{
	tell(peer, letter);
	return listen_to(peer);
}

static void end(struct peer *peer, int number)
{
	int status;

	if (number)
		kill(peer->pid, number);
	else
		tell(peer, 'q');
	assert_int_equal(waitpid(peer->pid, &status, 0), peer->pid);
	assert_int_equal(number ? WTERMSIG(status) : status, number);
	close(peer->ask);
	close(peer->answer);
}

static void nothing_is_left(void)
{
	struct arena_totals totals;
	char text[256];

	arena_lock(arena);
	arena_reap(arena);
	arena_total(arena, &totals);
	arena_unlock(arena);
	if (arena_describe(&totals, text, sizeof(text)))
		fail_msg("left: %s", text);
}

/* ---- those that are there ---- */

/* Nobody sends a message between the reset and the look at the fence. */
static void a_reset_hits_all_processes(void **state)
{
	struct peer a, b;

	(void)state;
	start(&a);
	start(&b);
	assert_int_equal(happens("reset"), 0);
	assert_int_equal(ask(&a, 'f'), 1);
	assert_int_equal(ask(&b, 'f'), 1);
	assert_int_equal(ask(&a, 's'), D3DKMT_DEVICEEXECUTION_RESET);
	assert_int_equal(ask(&b, 's'), D3DKMT_DEVICEEXECUTION_RESET);
	end(&a, 0);
	start(&a); /* who comes later was not there */
	assert_int_equal(ask(&a, 's'), D3DKMT_DEVICEEXECUTION_ACTIVE);
	end(&a, 0);
	end(&b, 0);
	nothing_is_left();
}

static void an_order_strikes_one_process(void **state)
{
	struct peer a, b;

	(void)state;
	spec = HASTY;
	start(&a);
	spec = HARDWARE;
	start(&b);
	assert_int_equal(happens("hang"), 0);
	ask(&a, 'j');
	assert_int_equal(ask(&a, 'l'), D3DKMT_DEVICEEXECUTION_HUNG);
	ask(&b, 'j');
	ask(&b, 'j');
	assert_int_equal(happens("reset:engine"), 0); /* nothing runs */
	ask(&b, 'w');
	assert_int_equal(ask(&b, 's'), D3DKMT_DEVICEEXECUTION_ACTIVE);
	assert_int_equal(happens("page-fault"), 0);
	assert_int_equal(ask(&b, 'l'), D3DKMT_DEVICEEXECUTION_ERROR_DMAPAGEFAULT);
	end(&a, 0);
	end(&b, 0);
	nothing_is_left();
}

static void a_timeout_may_hit_all_processes(void **state)
{
	struct peer a, b;

	(void)state;
	spec = HASTY ",tdr=adapter";
	start(&a);
	start(&b);
	spec = HARDWARE;
	ask(&a, 'w');
	assert_int_equal(ask(&b, 'f'), 1);
	assert_int_equal(ask(&a, 's'), D3DKMT_DEVICEEXECUTION_HUNG);
	assert_int_equal(ask(&b, 's'), D3DKMT_DEVICEEXECUTION_RESET);
	end(&a, SIGKILL); /* has a misuse to report: that job was its own */
	end(&b, 0);
	nothing_is_left();
}

/* Whose job runs on it: the other process goes on. */
static void an_engine_is_reset_in_one_process(void **state)
{
	struct peer a, b;
	uint32_t states;

	(void)state;
	start(&a);
	start(&b);
	ask(&a, 'w');
	assert_int_equal(happens("reset:engine"), 0);
	/* its job may only be about to run, and then the reset comes too early */
	while (ask(&a, 's') == D3DKMT_DEVICEEXECUTION_ACTIVE) {
		happens("reset:engine");
		poll(NULL, 0, 1);
	}
	assert_int_equal(ask(&a, 's'), D3DKMT_DEVICEEXECUTION_HUNG);
	states = ask(&b, 's');
	assert_int_equal(states, D3DKMT_DEVICEEXECUTION_ACTIVE);
	end(&a, 0);
	end(&b, 0);
	nothing_is_left();
}

static void learns_another(const struct peer *peer, uint32_t luid)
{
	for (int i = 0; i < 2000 && ask(peer, 'k') == luid; i++)
		poll(NULL, 0, 1);
	assert_int_not_equal(ask(peer, 'k'), luid);
}

static void a_removal_is_told_and_takes_no_memory(void **state)
{
	struct arena_totals totals;
	struct peer a, b;
	uint32_t luid;

	(void)state;
	start(&a);
	luid = ask(&a, 'k');
	assert_int_equal(happens("remove"), 0);
	assert_int_equal(ask(&a, 'r'), 1);
	assert_int_equal(ask(&a, 's'), ERROR(ENODEV));
	arena_total(arena, &totals);
	for (uint32_t use = 0; use < ARENA_USES; use++)
		for (uint32_t segment = 0; segment < ARENA_SEGMENTS; segment++)
			assert_int_equal(totals.bytes[0][use][segment], 0);
	assert_int_equal(happens("plug"), 0);
	start(&b);
	assert_int_not_equal(ask(&b, 'k'), luid);
	assert_int_equal(ask(&b, 's'), D3DKMT_DEVICEEXECUTION_ACTIVE);
	learns_another(&a, luid);
	assert_int_equal(ask(&a, 'k'), ask(&b, 'k'));
	end(&a, 0);
	end(&b, 0);
	nothing_is_left();
}

/* ---- those that come later ---- */

static void what_lasts_is_found_later(void **state)
{
	struct peer peer;
	struct pollfd answered;

	(void)state;
	assert_int_equal(happens("power=battery"), 0);
	assert_int_equal(arena_power(arena), HOST_POWER_BATTERY);
	assert_int_equal(happens("sleep"), 0);
	start_unheard(&peer);
	answered = (struct pollfd){.fd = peer.answer, .events = POLLIN};
	assert_int_equal(poll(&answered, 1, 50), 0);
	assert_int_equal(happens("resume:lost"), 0);
	listen_to(&peer);
	assert_int_equal(ask(&peer, 's'), D3DKMT_DEVICEEXECUTION_ACTIVE); /* there was nothing to be lost */
	assert_int_equal(happens("dead-channel"), 0);
	assert_int_equal(ask(&peer, 's'), ERROR(EOVERFLOW));
	assert_int_equal(happens("live-channel"), 0);
	assert_int_equal(ask(&peer, 's'), D3DKMT_DEVICEEXECUTION_ACTIVE);
	end(&peer, 0);
	nothing_is_left();
}

/* ---- those that are killed ---- */

static _Noreturn void make_happen_for_ever(void)
{
	static const char *const texts[] = {"reset",  "remove",	      "plug",	      "power=mains",
					    "resume", "dead-channel", "live-channel", "starve:ms=0"};
	struct happening happening;
	struct arena *mine;
	char reason[64];

	if (arena_open(path, GUEST_MACHINE, &mine))
		_exit(100);
	for (size_t i = 0;; i++) {
		happening_parse(texts[i % 8], &happening, reason, sizeof(reason));
		arena_happen(mine, &happening);
	}
}

/* Whoever dies at it: the next happening comes to everybody. */
static void the_killed_hold_up_nobody(void **state)
{
	struct peer peer;
	uint32_t luid;

	(void)state;
	for (int i = 0; i < KILLS; i++) {
		const struct timespec pause = {0, 200000 + 37000 * i};
		pid_t pid = fork();
		int status;

		assert_true(pid >= 0);
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			make_happen_for_ever();
		}
		nanosleep(&pause, NULL);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
	}
	happens("live-channel");
	happens("plug");
	start(&peer);
	assert_int_equal(ask(&peer, 's'), D3DKMT_DEVICEEXECUTION_ACTIVE);
	assert_int_equal(happens("reset"), 0);
	assert_int_equal(ask(&peer, 'f'), 1);
	end(&peer, SIGKILL);
	start(&peer); /* nothing of the killed one is in the way */
	luid = ask(&peer, 'k');
	assert_int_equal(happens("remove"), 0);
	assert_int_equal(ask(&peer, 'r'), 1);
	assert_int_equal(happens("plug"), 0);
	learns_another(&peer, luid);
	end(&peer, 0);
	nothing_is_left();
}

/* ---- a fork child ---- */

static void a_fork_child_hears_for_itself(void **state)
{
	struct guest_queue queue;
	int status;
	pid_t pid;

	(void)state;
	if (TSAN) /* knows no threads in the child of a process that had some */
		skip();
	guest_start(HARDWARE);
	guest_queue(&queue);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		alarm(60);
		host_model_ops.forked(guest.model);
		guest_begin_again();
		guest_queue(&queue);
		if (guest_state() != D3DKMT_DEVICEEXECUTION_ACTIVE || happens("reset"))
			_exit(1);
		for (int i = 0; i < 2000 && guest_fence_value(queue.page) != UINT64_MAX; i++)
			poll(NULL, 0, 1);
		status = guest_fence_value(queue.page) == UINT64_MAX;
		guest_finish();
		_exit(status ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(guest_lost_state(), D3DKMT_DEVICEEXECUTION_RESET);
	guest_finish();
	nothing_is_left();
}

/* ---- and nobody looks again and again ---- */

static void who_waits_sleeps(void **state)
{
	struct rusage before, after;
	struct guest_queue queue;
	long switches;

	(void)state;
	guest_start(HARDWARE);
	guest_queue(&queue);
	poll(NULL, 0, 20);
	getrusage(RUSAGE_SELF, &before);
	poll(NULL, 0, 100);
	getrusage(RUSAGE_SELF, &after);
	switches = after.ru_nvcsw - before.ru_nvcsw;
	assert_true(switches <= 5);
	guest_finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_reset_hits_all_processes, setup, teardown),
		cmocka_unit_test_setup_teardown(an_order_strikes_one_process, setup, teardown),
		cmocka_unit_test_setup_teardown(a_timeout_may_hit_all_processes, setup, teardown),
		cmocka_unit_test_setup_teardown(an_engine_is_reset_in_one_process, setup, teardown),
		cmocka_unit_test_setup_teardown(a_removal_is_told_and_takes_no_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(what_lasts_is_found_later, setup, teardown),
		cmocka_unit_test_setup_teardown(the_killed_hold_up_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(a_fork_child_hears_for_itself, setup, teardown),
		cmocka_unit_test_setup_teardown(who_waits_sleeps, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
