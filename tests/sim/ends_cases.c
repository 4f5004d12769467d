// SPDX-License-Identifier: MIT
#include "ends.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <hsakmt/hsakmt_dxg.h>

#include "aql_user.h"
#include "dxgsim/dxgsim.h"

#define WRONG	   99 /* status of a case that found something wrong */
#define WORD_BYTES 0x4000u
#define VRAM_BYTES 0x400000u
#define THREADS	   4u

#define CLOSED HSAKMT_STATUS_KERNEL_IO_CHANNEL_NOT_OPENED

/* A process in the middle of its life. */
static struct life {
	struct machine machine;
	HSAuint32 node;
	void *vram, *kernels;
	uint32_t *words, *registered;
	struct aql_signal *signals;
	uint64_t kernel;
	struct aql_queue queue, waiting;
	struct aql_commands commands;
	HsaEvent *event, *never;
} life;

static _Alignas(4096) uint32_t own_memory[WORD_BYTES / sizeof(uint32_t)];
static atomic_bool stop;
static atomic_uint running;

static bool in_child;

/*
 * Asked by the leak checker of sanitizers at exit, if there is one: what only the stacks of the parent's threads lead to looks lost in
 * a child.
 */
__attribute__((visibility("default"))) int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return in_child;
}

static void need(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "%s\n", what);
	_exit(WRONG);
}

static void sleep_ms(long ms)
{
	const struct timespec time = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&time, NULL);
}

static void make_vram(void)
{
	HsaMemFlags flags = {.Value = 0};
	HSAuint64 va;

	flags.ui32.NonPaged = 1;
	flags.ui32.HostAccess = 0;
	need(hsaKmtAllocMemory(life.node, VRAM_BYTES, flags, &life.vram) == HSAKMT_STATUS_SUCCESS, "vram");
	need(hsaKmtMapMemoryToGPUNodes(life.vram, VRAM_BYTES, &va, (HsaMemMapFlags){.Value = 0}, 1,
				       &life.node) == HSAKMT_STATUS_SUCCESS,
	     "mapping vram");
}

static void make_registered(void)
{
	HSAuint64 va;

	life.registered = own_memory;
	need(hsaKmtRegisterMemory(life.registered, WORD_BYTES) == HSAKMT_STATUS_SUCCESS, "register");
	need(hsaKmtMapMemoryToGPU(life.registered, WORD_BYTES, &va) == HSAKMT_STATUS_SUCCESS, "map");
}

static void begin(void)
{
	machine_open(&life.machine);
	life.node = life.machine.gpus[0];
	make_vram();
	make_registered();
	life.kernels = aql_alloc(&life.machine, AQL_KERNEL_BYTES, true);
	life.kernel = aql_kernel(life.kernels, aql_gfx_major(life.node), AQL_KERNEL_PLAIN);
	life.words = aql_alloc(&life.machine, WORD_BYTES, false);
	life.signals = aql_alloc(&life.machine, 4096, false);
	life.signals[0].kind = life.signals[1].kind = 1;
	life.event = aql_add_event(&life.signals[0]);
	need(!hsaKmtCreateEvent(&(HsaEventDescriptor){.EventType = HSA_EVENTTYPE_SIGNAL}, false, false,
				&life.never),
	     "event");
	life.commands = aql_commands_alloc(&life.machine, 64);
	aql_commands_wait(&life.commands, life.words, 1);
	aql_open(&life.queue, &life.machine, life.node, 64);
	aql_open(&life.waiting, &life.machine, life.node, 64);
}

static void dispatch_one(void)
{
	struct aql_packet packet = aql_dispatch(life.kernel, &life.signals[0]);

	aql_store(&life.signals[0], 1);
	aql_send(&life.queue, &packet);
	aql_expect(&life.signals[0], 0);
}

/* The GPU waits for a word that nobody writes. */
static void hold_gpu(void)
{
	struct aql_packet packet = aql_vendor(&life.commands, &life.signals[1]);

	aql_store(&life.signals[1], 1);
	aql_send(&life.waiting, &packet);
}

static void *call_everything(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;

	while (!atomic_load(&stop)) {
		HsaMemFlags flags = {.Value = 0x20040};
		HsaEventDescriptor descriptor = {.EventType = HSA_EVENTTYPE_SIGNAL};
		HsaSystemProperties system;
		HsaEvent *event;
		HSAuint64 va;
		void *memory;

		if (hsaKmtAcquireSystemProperties(&system) == CLOSED)
			break;
		if (!hsaKmtAllocMemory(0, 0x1000u << seed % 6, flags, &memory)) {
			if (!hsaKmtMapMemoryToGPU(memory, 0x1000u << seed % 6, &va)) {
				memset(memory, 1, 0x1000);
				hsaKmtUnmapMemoryToGPU(memory);
			}
			hsaKmtFreeMemory(memory, 0x1000u << seed % 6);
		}
		if (!hsaKmtCreateEvent(&descriptor, false, false, &event)) {
			hsaKmtWaitOnEvent(event, seed % 3);
			hsaKmtDestroyEvent(event);
		}
		hsaKmtQueueRingDoorbell(life.queue.resource.QueueId, 0);
		hsaKmtReleaseSystemProperties();
		seed = seed * 1103515245u + 12345u;
		atomic_fetch_add(&running, 1);
	}
	return NULL;
}

static void start_threads(pthread_t threads[THREADS], void *(*body)(void *arg))
{
	for (uintptr_t i = 0; i < THREADS; i++)
		need(!pthread_create(&threads[i], NULL, body, (void *)(i + 1)), "thread");
}

static void wait_for_rounds(unsigned rounds)
{
	while (atomic_load(&running) < rounds)
		sleep_ms(1);
}

static int main_returns(void)
{
	begin();
	dispatch_one();
	return 4;
}

static int the_gpu_still_works(void)
{
	begin();
	dispatch_one();
	hold_gpu();
	exit(5);
}

static void *exit_in_thread(void *arg)
{
	(void)arg;
	wait_for_rounds(20);
	exit(6);
}

static int a_thread_exits_while_others_call(void)
{
	pthread_t threads[THREADS], thread;

	begin();
	start_threads(threads, call_everything);
	need(!pthread_create(&thread, NULL, exit_in_thread, NULL), "thread");
	pthread_join(thread, NULL);
	return WRONG;
}

static void *wait_for_ever(void *arg)
{
	(void)arg;
	atomic_fetch_add(&running, 1);
	hsaKmtWaitOnEvent(life.never, 0xffffffff);
	_exit(WRONG);
}

/* It never hears of the exit, after which it would find nothing of what it believes in. */
static int a_sleeper_sleeps_on(void)
{
	pthread_t thread;

	begin();
	dispatch_one();
	need(!pthread_create(&thread, NULL, wait_for_ever, NULL), "thread");
	wait_for_rounds(1);
	sleep_ms(20); /* asleep by now, or about to be: either is a case */
	return 0;
}

static void *use_memory(void *arg)
{
	const uint32_t me = (uint32_t)(uintptr_t)arg;
	uint32_t value = 0;

	for (;;) {
		volatile uint32_t *at = &life.words[me * 1024 - 1];

		if (*at != value || life.registered[me * 1024 - 1] != value)
			_exit(WRONG);
		*at = ++value;
		life.registered[me * 1024 - 1] = value;
		/* as a runtime that produces packets to the end */
		__atomic_store_n(life.queue.resource.Queue_DoorBell_aql, value % 2, __ATOMIC_RELEASE);
		if (value % 1000 == 0)
			atomic_fetch_add(&running, 1);
	}
	return NULL;
}

/* What others use at the very end has to be there, with what they wrote. */
static int others_use_memory_to_the_end(void)
{
	pthread_t threads[THREADS - 1];

	begin();
	dispatch_one();
	for (uintptr_t i = 0; i < THREADS - 1; i++)
		need(!pthread_create(&threads[i], NULL, use_memory, (void *)(i + 1)), "thread");
	wait_for_rounds(20);
	return 0;
}

static void *use_vram(void *arg)
{
	volatile uint32_t *words = arg;

	for (uint32_t value = 1;; value++) {
		words[value % 1024] = value;
		if (value % 1000 == 0)
			atomic_fetch_add(&running, 1);
	}
	return NULL;
}

static int others_use_vram_to_the_end(void)
{
	const struct hsakmt_dxg_alloc_options visible = {.size = sizeof(visible),
							 .flags = HSAKMT_DXG_ALLOC_CPU_VISIBLE};
	HsaMemFlags flags = {.Value = 0};
	pthread_t thread;
	void *vram;

	begin();
	flags.ui32.NonPaged = 1;
	flags.ui32.HostAccess = 1;
	need(!hsaKmtDxgAllocMemory(life.node, 0x10000, flags, &visible, &vram), "visible vram");
	need(!pthread_create(&thread, NULL, use_vram, vram), "thread");
	wait_for_rounds(5);
	return 0;
}

static void exit_from_handler(int number)
{
	(void)number;
	exit(7);
}

static void close_and_exit_from_handler(int number)
{
	(void)number;
	/* it would wait for the call that it interrupted */
	need(hsaKmtCloseKFD() == HSAKMT_STATUS_ERROR, "a close amid a call");
	need(hsaKmtOpenKFD() == HSAKMT_STATUS_ERROR, "an open amid a call");
	exit(8);
}

static int interrupted_by(void (*handler)(int number))
{
	const struct itimerval soon = {.it_value.tv_usec = 50000};

	begin();
	dispatch_one();
	need(signal(SIGALRM, handler) != SIG_ERR && !setitimer(ITIMER_REAL, &soon, NULL), "timer");
	hsaKmtWaitOnEvent(life.never, 0xffffffff);
	return WRONG;
}

static int a_handler_exits_amid_a_call(void)
{
	return interrupted_by(exit_from_handler);
}

static int a_handler_closes_amid_a_call(void)
{
	return interrupted_by(close_and_exit_from_handler);
}

static int a_handler_exits_between_calls(void)
{
	begin();
	dispatch_one();
	need(signal(SIGTERM, exit_from_handler) != SIG_ERR, "handler");
	raise(SIGTERM);
	return WRONG;
}

static void wait_for_child(pid_t child)
{
	int status;

	need(waitpid(child, &status, 0) == child, "waitpid");
	need(WIFEXITED(status) && WEXITSTATUS(status) == 3, "the child's status");
}

static int a_child_exits(void)
{
	pthread_t threads[THREADS];
	pid_t child;

	begin();
	start_threads(threads, call_everything);
	wait_for_rounds(5);
	for (int i = 0; i < 5; i++) {
		child = fork();
		if (!child) {
			in_child = true;
			exit(3);
		}
		wait_for_child(child);
	}
	atomic_store(&stop, true);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	dispatch_one();
	return 0;
}

__attribute__((unused)) static int a_child_opens_and_exits(void)
{
	pid_t child;

	begin();
	child = fork();
	if (!child) {
		in_child = true;
		begin();
		dispatch_one();
		exit(3);
	}
	dispatch_one();
	wait_for_child(child);
	dispatch_one();
	return 0;
}

static int closed_during_everything(void)
{
	pthread_t threads[THREADS];

	begin();
	hold_gpu();
	start_threads(threads, call_everything);
	wait_for_rounds(20);
	need(!hsaKmtCloseKFD(), "close");
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

static atomic_uint closed;

static void *close_it(void *arg)
{
	HSAKMT_STATUS status = hsaKmtCloseKFD();

	(void)arg;
	need(status == HSAKMT_STATUS_SUCCESS || status == CLOSED, "close");
	if (status == HSAKMT_STATUS_SUCCESS)
		atomic_fetch_add(&closed, 1);
	return NULL;
}

static int closed_by_all_at_once(void)
{
	pthread_t threads[THREADS];

	begin();
	dispatch_one();
	start_threads(threads, close_it);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return atomic_load(&closed) == 1 ? 0 : WRONG;
}

static int another_program_takes_over(void)
{
	begin();
	hold_gpu();
	execl("/bin/true", "true", (char *)NULL);
	return WRONG;
}

static HSAKMT_STATUS at_exit;

static void close_at_exit(void)
{
	at_exit = hsaKmtCloseKFD();
	if (at_exit != HSAKMT_STATUS_SUCCESS)
		_exit(WRONG);
}

static void memory_at_exit(void)
{
	HsaMemFlags flags = {.Value = 0x20040};
	void *memory;

	if (hsaKmtAllocMemory(0, 0x1000, flags, &memory) || hsaKmtFreeMemory(memory, 0x1000))
		_exit(WRONG);
}

/* The program's own handlers come first, whenever they were registered, and find the library open. */
static int a_handler_of_before_closes(void)
{
	need(!atexit(close_at_exit), "atexit");
	begin();
	dispatch_one();
	need(!atexit(memory_at_exit), "atexit");
	return 0;
}

static int a_handler_of_after_closes(void)
{
	begin();
	dispatch_one();
	need(!atexit(close_at_exit), "atexit");
	return 0;
}

static int a_handler_uses_it(void)
{
	need(!atexit(memory_at_exit), "atexit");
	begin();
	dispatch_one();
	return 0;
}

static int closed_with_a_lost_gpu(void)
{
	begin();
	dispatch_one();
	hold_gpu();
	need(!dxgsim_control("reset:adapter=0"), "reset");
	need(!hsaKmtCloseKFD(), "close");
	return 0;
}

static int exit_with_a_lost_gpu(void)
{
	begin();
	dispatch_one();
	hold_gpu();
	need(!dxgsim_control("reset:adapter=0"), "reset");
	return 0;
}

static int closed_with_a_gpu_removed(void)
{
	begin();
	dispatch_one();
	hold_gpu();
	need(!dxgsim_control("remove:adapter=0"), "remove");
	need(!hsaKmtCloseKFD(), "close");
	return 0;
}

static int exit_with_a_gpu_removed(void)
{
	begin();
	dispatch_one();
	hold_gpu();
	need(!dxgsim_control("remove:adapter=0"), "remove");
	return 0;
}

/* As hsa_shut_down and hsa_init in one process. */
static int opened_again_after_a_loss(void)
{
	static const char *const losses[] = {"reset:adapter=0", "remove:adapter=0"};

	for (unsigned i = 0; i < 2; i++) {
		begin();
		dispatch_one();
		need(!dxgsim_control(losses[i]), losses[i]);
		need(!hsaKmtCloseKFD(), "close");
		if (i)
			need(!dxgsim_control("plug:adapter=0"), "plug");
	}
	begin();
	need(life.machine.gpu_count == 2, "both GPUs");
	dispatch_one();
	return 0;
}

/* The others are there, and it is when it is back. */
static int opened_while_one_is_away(void)
{
	struct machine machine;

	machine_open(&machine);
	need(!hsaKmtCloseKFD(), "close");
	need(!dxgsim_control("remove:adapter=0"), "remove");
	begin();
	need(life.machine.gpu_count == 1, "one GPU");
	dispatch_one();
	need(!hsaKmtCloseKFD(), "close");
	need(!dxgsim_control("plug:adapter=0"), "plug");
	begin();
	need(life.machine.gpu_count == 2, "two GPUs");
	dispatch_one();
	return 0;
}

const struct ends_case ends_cases[] = {
	{"main_returns", main_returns, 4, ENDS_CLEAN},
	{"the_gpu_still_works", the_gpu_still_works, 5, ENDS_CLEAN},
	{"a_thread_exits_while_others_call", a_thread_exits_while_others_call, 6, ENDS_AS_MAY_BE},
	{"a_sleeper_sleeps_on", a_sleeper_sleeps_on, 0, ENDS_CLEAN},
	{"others_use_memory_to_the_end", others_use_memory_to_the_end, 0, ENDS_CLEAN},
	{"others_use_vram_to_the_end", others_use_vram_to_the_end, 0, ENDS_TO_KERNEL},
	{"a_handler_exits_amid_a_call", a_handler_exits_amid_a_call, 7, ENDS_TO_KERNEL},
	{"a_handler_closes_amid_a_call", a_handler_closes_amid_a_call, 8, ENDS_TO_KERNEL},
	{"a_handler_exits_between_calls", a_handler_exits_between_calls, 7, ENDS_CLEAN},
	{"a_child_exits", a_child_exits, 0, ENDS_CLEAN},
/*
 * ThreadSanitizer cannot follow a child of a fork that makes threads, and gcc's AddressSanitizer (12) does not hold its allocator's locks over a
 * fork: the child has them taken if a thread of the simulated host allocates in that moment.
 */
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
	{"a_child_opens_and_exits", a_child_opens_and_exits, 0, ENDS_CLEAN},
#endif
	{"closed_during_everything", closed_during_everything, 0, ENDS_CLEAN},
	{"closed_by_all_at_once", closed_by_all_at_once, 0, ENDS_CLEAN},
	{"another_program_takes_over", another_program_takes_over, 0, ENDS_AS_MAY_BE},
	{"a_handler_of_before_closes", a_handler_of_before_closes, 0, ENDS_CLEAN},
	{"a_handler_of_after_closes", a_handler_of_after_closes, 0, ENDS_CLEAN},
	{"a_handler_uses_it", a_handler_uses_it, 0, ENDS_CLEAN},
	{"closed_with_a_lost_gpu", closed_with_a_lost_gpu, 0, ENDS_CLEAN},
	{"exit_with_a_lost_gpu", exit_with_a_lost_gpu, 0, ENDS_CLEAN},
	{"closed_with_a_gpu_removed", closed_with_a_gpu_removed, 0, ENDS_CLEAN},
	{"exit_with_a_gpu_removed", exit_with_a_gpu_removed, 0, ENDS_AS_MAY_BE},
	{"opened_again_after_a_loss", opened_again_after_a_loss, 0, ENDS_CLEAN},
	{"opened_while_one_is_away", opened_while_one_is_away, 0, ENDS_CLEAN},
	{NULL, NULL, 0, ENDS_CLEAN},
};
