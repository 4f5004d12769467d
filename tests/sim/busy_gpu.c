// SPDX-License-Identifier: MIT
/* A process forks, execs or ends while its simulated GPU is at work: nobody hangs, and children start with nothing. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "dxgsim/dxgsim.h"
#include "pm4/pm4.h"
#include "probe_gpu.h"
#include "util/log.h"

#define FORKS	     40
#define UNMAPS	     60
#define WRITES_BYTES 0x100000u
#define TIME_LIMIT_S 60
#define PATIENCE_NS  30000000000ull
#define HANGING_GPU  "rx6800,submit=hangs,timeout-ms=60000"
#define WORKING_GPU  "rx7900xtx,hws"
#define GFX_OF_HANGS 10
#define GFX_OF_WORK  11
#define FAILED	     99

/*
 * The sanitizers' allocators do not keep their locks around fork(), those of gcc 12 and LLVM 14 at least: the
 * child of a process with threads may find one taken for ever.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FORKS_WITH_THREADS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define FORKS_WITH_THREADS 0
#endif
#endif
#ifndef FORKS_WITH_THREADS
#define FORKS_WITH_THREADS 1
#endif

struct prober {
	struct probe_gpu gpu;
	enum gsp_rung rung;
	atomic_bool stop;
	sem_t submitted;
};

/* Returns 0 for ever, or the status of a probe that failed. */
static void *probe_again_and_again(void *arg)
{
	struct prober *prober = arg;
	struct probe_options options = probe_gpu_options(&prober->gpu, prober->rung);
	struct probe_result result;

	while (!atomic_load(&prober->stop)) {
		if (probe_run(&options, &result))
			return prober;
	}
	return NULL;
}

static void tell_submitted(void *arg, const struct probe_event *event)
{
	struct prober *prober = arg;

	if (event->step == PROBE_SUBMIT && event->outcome == PROBE_PASSED)
		sem_post(&prober->submitted);
}

static void *wait_for_the_gpu(void *arg)
{
	struct prober *prober = arg;
	struct probe_options options = probe_gpu_options(&prober->gpu, prober->rung);
	struct probe_result result;

	options.step_timeout_ns = PATIENCE_NS;
	options.report = tell_submitted;
	options.arg = prober;
	probe_run(&options, &result);
	return NULL;
}

static int status_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	return WEXITSTATUS(status);
}

/* Of the child: /dev/dxg as a new process finds it, with a GPU that works. */
static int use_own_gpu(void)
{
	static struct probe_gpu gpu;
	struct probe_options options;
	struct probe_result result;

	if (dxgsim_live_objects(NULL) || probe_gpu_open(&gpu, WORKING_GPU, GFX_OF_WORK))
		return FAILED;
	options = probe_gpu_options(&gpu, GSP_RUNG_HARDWARE);
	if (probe_run(&options, &result) || probe_gpu_close(&gpu))
		return FAILED;
	return dxgsim_leak_count() || dxgsim_misuse_count() ? FAILED : 0;
}

static void children_of_a_busy_process_have_a_gpu_of_their_own(void **state)
{
	struct prober prober = {.rung = GSP_RUNG_HARDWARE};
	pthread_t thread;
	void *failed;

	(void)state;
	if (!FORKS_WITH_THREADS)
		skip();
	dxgsim_reset();
	assert_int_equal(probe_gpu_open(&prober.gpu, WORKING_GPU, GFX_OF_WORK), 0);
	assert_int_equal(pthread_create(&thread, NULL, probe_again_and_again, &prober), 0);
	for (int i = 0; i < FORKS; i++) {
		pid_t pid = fork();

		if (!pid) {
			alarm(TIME_LIMIT_S);
			_exit(use_own_gpu());
		}
		assert_int_equal(status_of(pid), 0);
	}
	atomic_store(&prober.stop, true);
	assert_int_equal(pthread_join(thread, &failed), 0);
	assert_null(failed);
	assert_int_equal(probe_gpu_close(&prober.gpu), 0);
	assert_int_equal(dxgsim_misuse_count(), 0);
	assert_int_equal(dxgsim_leak_count(), 0);
}

/* Of a child: many writes to a few pages, and the pages go away amid them. */
static int take_pages_away_amid_writes(unsigned delay_us)
{
	const struct memory_request request = {
		.gpu = MEMORY_HOST, .kind = MEMORY_SYSTEM, .size = WRITES_BYTES};
	const uint32_t gpu_index = 0, value = 1;
	static struct probe_gpu gpu;
	struct timespec delay = {.tv_nsec = 1000L * delay_us};
	struct channel_options options;
	struct pm4_buffer buffer;
	struct channel *channel;
	uint32_t bytes;
	uint64_t ordinal;
	char *memory;
	void *address;

	dxgsim_reset();
	if (probe_gpu_open(&gpu, WORKING_GPU, GFX_OF_WORK) || memory_alloc(gpu.memory, &request, &address) ||
	    memory_map(gpu.memory, address, WRITES_BYTES, &gpu_index, 1, NULL))
		return FAILED;
	memory = address;
	options = probe_gpu_options(&gpu, GSP_RUNG_HARDWARE).channel;
	if (channel_create(&options, &channel, NULL))
		return FAILED;
	pm4_begin(&buffer, PM4_GFX11, address, WRITES_BYTES / 8);
	while (buffer.capacity - buffer.used > 64)
		pm4_write_data(&buffer, (uintptr_t)memory + WRITES_BYTES / 2, &value, 1);
	pm4_pad(&buffer, 256);
	if (pm4_end(&buffer, &bytes) || channel_submit(channel, (uintptr_t)memory, bytes, &ordinal))
		return FAILED;
	nanosleep(&delay, NULL);
	if (munmap(memory + WRITES_BYTES / 2, WRITES_BYTES / 2))
		return FAILED;
	/* done before, or a page fault; in any case an end */
	return channel_wait(channel, ordinal, PATIENCE_NS) == -ETIMEDOUT ? FAILED : 0;
}

static void pages_that_go_away_are_a_page_fault_and_no_crash(void **state)
{
	(void)state;
	for (unsigned i = 0; i < UNMAPS; i++) {
		pid_t pid = fork();

		if (!pid) {
			alarm(TIME_LIMIT_S);
			_exit(take_pages_away_amid_writes(i * 20));
		}
		assert_int_equal(status_of(pid), 0);
	}
}

/* Of a child: a job on the engine that never ends, and a thread that waits for it. */
static void get_busy(struct prober *prober)
{
	pthread_t thread;

	alarm(TIME_LIMIT_S);
	dxgsim_reset();
	if (probe_gpu_open(&prober->gpu, HANGING_GPU, GFX_OF_HANGS) || sem_init(&prober->submitted, 0, 0) ||
	    pthread_create(&thread, NULL, wait_for_the_gpu, prober) || sem_wait(&prober->submitted))
		_exit(FAILED);
}

static void a_process_exits_amid_a_job(void **state)
{
	static struct prober prober = {.rung = GSP_RUNG_SOFTWARE};
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		get_busy(&prober);
		exit(5);
	}
	assert_int_equal(status_of(pid), 5);
}

static void a_process_execs_amid_a_job(void **state)
{
	static struct prober prober = {.rung = GSP_RUNG_SOFTWARE};
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		get_busy(&prober);
		execl("/bin/sh", "sh", "-c", "exit 6", (char *)NULL);
		_exit(FAILED);
	}
	assert_int_equal(status_of(pid), 6);
}

static void *leave(void *arg)
{
	get_busy(arg);
	return NULL;
}

/* The thread that opened and submitted is gone before its job ends; the rest of the process is not. */
static void the_submitting_thread_ends_amid_its_job(void **state)
{
	static struct prober prober = {.rung = GSP_RUNG_SOFTWARE};
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, leave, &prober) || pthread_join(thread, NULL))
			_exit(FAILED);
		exit(dxgsim_live_objects("context") == 1 ? 7 : FAILED);
	}
	assert_int_equal(status_of(pid), 7);
}

static int quiet(void **state)
{
	(void)state;
	log_set_level(LOG_NONE);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process_exits_amid_a_job),
		cmocka_unit_test(a_process_execs_amid_a_job),
		cmocka_unit_test(the_submitting_thread_ends_amid_its_job),
		cmocka_unit_test(pages_that_go_away_are_a_page_fault_and_no_crash),
		/* last: its GPU is what later children would inherit and forget */
		cmocka_unit_test(children_of_a_busy_process_have_a_gpu_of_their_own),
	};

	return cmocka_run_group_tests(tests, quiet, NULL);
}
