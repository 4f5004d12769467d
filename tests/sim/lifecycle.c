// SPDX-License-Identifier: MIT
/* Open, close, fork and threads, on the simulated host. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <hsakmt/hsakmt.h>

#include "dxg/uapi.h"
#include "dxgsim/dxgsim.h"
#include "forked.h"
#include "scenario.h"

#ifdef __has_feature
#define SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#define CLOSED HSAKMT_STATUS_KERNEL_IO_CHANNEL_NOT_OPENED

static int start(void **state)
{
	(void)state;
	setenv("DXGSIM_ADAPTERS", "rx6800;radeon680m", 1);
	dxgsim_reset();
	return 0;
}

static int nothing_left(void **state)
{
	(void)state;
	return dxgsim_misuse_count() || dxgsim_leak_count();
}

static void assert_whole(const struct scenario_result *result)
{
	if (result->status != HSAKMT_STATUS_SUCCESS)
		fail_msg("%s: %s", result->step, scenario_status_name(result->status));
	if (result->cleanup != HSAKMT_STATUS_SUCCESS)
		fail_msg("%s: %s", result->cleanup_step, scenario_status_name(result->cleanup));
}

static void a_runtime_comes_up_and_goes_down(void **state)
{
	struct scenario_result result;

	(void)state;
	scenario_hsa_init(&result);
	assert_whole(&result);
	assert_int_equal(result.gpu_nodes, 2);
	assert_in_range(result.cpu_nodes, 1, 64);
}

static void opens_are_counted(void **state)
{
	HsaSystemProperties system;

	(void)state;
	assert_int_equal(hsaKmtCloseKFD(), CLOSED);
	assert_int_equal(hsaKmtOpenKFD(), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(hsaKmtOpenKFD(), HSAKMT_STATUS_KERNEL_ALREADY_OPENED);
	assert_int_equal(hsaKmtCloseKFD(), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(hsaKmtAcquireSystemProperties(&system), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(hsaKmtCloseKFD(), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(hsaKmtAcquireSystemProperties(&system), CLOSED);
	assert_int_equal(hsaKmtCloseKFD(), CLOSED);
}

static void close_takes_what_was_forgotten(void **state)
{
	HsaEventDescriptor descriptor = {.EventType = HSA_EVENTTYPE_SIGNAL};
	HsaMemFlags flags = {.Value = 0x20040}, scratch = {.Value = 0x240};
	HsaSystemProperties system;
	HSAuint64 va;
	HsaEvent *event;
	void *memory;

	(void)state;
	assert_int_equal(hsaKmtOpenKFD(), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(hsaKmtAcquireSystemProperties(&system), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(hsaKmtCreateEvent(&descriptor, false, false, &event), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(hsaKmtAllocMemory(0, 0x3000, flags, &memory), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(hsaKmtMapMemoryToGPU(memory, 0x3000, &va), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(hsaKmtAllocMemory(system.NumNodes - 1, 1ULL << 32, scratch, &memory),
			 HSAKMT_STATUS_SUCCESS);
	assert_int_equal(hsaKmtMapMemoryToGPU((char *)memory + 0x10000, 0x10000, &va), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(hsaKmtCloseKFD(), HSAKMT_STATUS_SUCCESS);
}

/* In a child: everything is refused until it opens for itself, and then works. */
static int child_of_fork(void)
{
	HsaSystemProperties system;
	HsaNodeProperties node;
	struct scenario_result result;

	if (hsaKmtAcquireSystemProperties(&system) != CLOSED || hsaKmtGetNodeProperties(0, &node) != CLOSED ||
	    hsaKmtCloseKFD() != CLOSED)
		return 2;
	dxgsim_reset(); /* the child's own books */
	scenario_hsa_init(&result);
	if (result.status != HSAKMT_STATUS_SUCCESS || result.cleanup != HSAKMT_STATUS_SUCCESS)
		return 3;
	if (result.gpu_nodes != 2)
		return 4;
	return dxgsim_misuse_count() || dxgsim_leak_count() ? 5 : 0;
}

static void wait_for(pid_t child)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_child_is_refused_until_it_opens_and_the_parent_is_undisturbed(void **state)
{
	HsaMemFlags flags = {.Value = 0x20040};
	HsaSystemProperties system;
	HsaNodeProperties node;
	HSAuint64 va;
	void *memory;
	pid_t child;

	(void)state;
	assert_int_equal(hsaKmtOpenKFD(), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(hsaKmtAcquireSystemProperties(&system), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(hsaKmtAllocMemory(0, 0x1000, flags, &memory), HSAKMT_STATUS_SUCCESS);
	child = fork();
	if (!child) {
		alarm(FORKED_TIME_LIMIT_S);
		_exit(child_of_fork());
	}
	assert_int_equal(hsaKmtMapMemoryToGPU(memory, 0x1000, &va), HSAKMT_STATUS_SUCCESS);
	wait_for(child);
	memset(memory, 1, 0x1000);
	assert_int_equal(hsaKmtGetNodeProperties(1, &node), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(hsaKmtUnmapMemoryToGPU(memory), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(hsaKmtFreeMemory(memory, 0x1000), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(hsaKmtReleaseSystemProperties(), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(hsaKmtCloseKFD(), HSAKMT_STATUS_SUCCESS);
}

/* The books of the simulator: what a parent did is not laid to its child. */
static void findings_are_of_one_process(void **state)
{
	struct d3dkmt_closeadapter nothing = {.adapter_handle = 0x40000040};
	int fd = open("/dev/dxg", O_RDWR | O_CLOEXEC);
	pid_t child;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, LX_DXCLOSEADAPTER, &nothing), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(dxgsim_misuse_count(), 1);
	child = fork();
	if (!child)
		_exit(dxgsim_misuse_count() ? 1 : 0);
	wait_for(child);
	close(fd);
	dxgsim_reset();
}

static void a_child_without_fork_handlers_is_refused_too(void **state)
{
	HsaSystemProperties system;
	pid_t child;

	(void)state;
	assert_int_equal(hsaKmtOpenKFD(), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(hsaKmtAcquireSystemProperties(&system), HSAKMT_STATUS_SUCCESS);
	child = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	if (!child)
		_exit(hsaKmtAcquireSystemProperties(&system) == CLOSED ? 0 : 1);
	wait_for(child);
	assert_int_equal(hsaKmtCloseKFD(), HSAKMT_STATUS_SUCCESS);
}

static void *wait_for_ever(void *arg)
{
	HsaEvent *event = arg;

	return (void *)(uintptr_t)hsaKmtWaitOnEvent(event, 0xffffffff);
}

static void close_releases_a_waiter(void **state)
{
	HsaEventDescriptor descriptor = {.EventType = HSA_EVENTTYPE_SIGNAL};
	HsaEvent *event;
	pthread_t thread;
	void *result;

	(void)state;
	assert_int_equal(hsaKmtOpenKFD(), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(hsaKmtCreateEvent(&descriptor, false, false, &event), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(pthread_create(&thread, NULL, wait_for_ever, event), 0);
	/* whether the thread is already asleep or arrives after the close, it must come back */
	assert_int_equal(hsaKmtCloseKFD(), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_int_not_equal((int)(uintptr_t)result, HSAKMT_STATUS_SUCCESS);
}

struct cancelled {
	HsaEvent *event;
	_Atomic HSAKMT_STATUS status;
};

static void *wait_until_cancelled(void *arg)
{
	struct cancelled *cancelled = arg;

	cancelled->status = hsaKmtWaitOnEvent(cancelled->event, 0xffffffff);
	pthread_testcancel();
	return NULL;
}

/* libhsakmt waits in an ioctl, which is no cancellation point: a call that has begun comes to its end, and what it holds is given back. */
static void a_thread_is_not_cancelled_amid_a_call(void **state)
{
	HsaEventDescriptor descriptor = {.EventType = HSA_EVENTTYPE_SIGNAL};
	struct cancelled cancelled = {.status = HSAKMT_STATUS_ERROR};
	pthread_t thread;
	void *result;

	(void)state;
	assert_int_equal(hsaKmtOpenKFD(), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(hsaKmtCreateEvent(&descriptor, false, false, &cancelled.event),
			 HSAKMT_STATUS_SUCCESS);
	assert_int_equal(pthread_create(&thread, NULL, wait_until_cancelled, &cancelled), 0);
	usleep(20000); /* most likely asleep by now; else the call begins with the request */
	assert_int_equal(pthread_cancel(thread), 0);
	assert_int_equal(hsaKmtSetEvent(cancelled.event), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_ptr_equal(result, PTHREAD_CANCELED);
	assert_int_equal(cancelled.status, HSAKMT_STATUS_SUCCESS);
	assert_int_equal(hsaKmtDestroyEvent(cancelled.event), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(hsaKmtCloseKFD(), HSAKMT_STATUS_SUCCESS);
}

static void a_thousand_cycles_leave_nothing_behind(void **state)
{
	unsigned fds = 0, threads = 0;
	unsigned long memory = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		HsaSystemProperties system;

		assert_int_equal(hsaKmtOpenKFD(), HSAKMT_STATUS_SUCCESS);
		assert_int_equal(hsaKmtAcquireSystemProperties(&system), HSAKMT_STATUS_SUCCESS);
		assert_int_equal(hsaKmtReleaseSystemProperties(), HSAKMT_STATUS_SUCCESS);
		assert_int_equal(hsaKmtCloseKFD(), HSAKMT_STATUS_SUCCESS);
		if (i == 99) { /* allocators and tables have found their size */
			fds = count_fds();
			threads = count_threads();
			memory = resident_kilobytes();
		}
	}
	assert_int_equal(count_fds(), fds);
	assert_int_equal(count_threads(), threads);
#if !SANITIZED
	assert_in_range(resident_kilobytes(), 0, memory + 512);
#else
	(void)memory; /* the sanitizers keep freed memory; the leak checker looks at exit */
#endif
}

static void *come_and_go(void *arg)
{
	(void)arg;
	for (int i = 0; i < 20; i++) {
		HsaSystemProperties system;
		HsaNodeProperties node;
		HSAKMT_STATUS status = hsaKmtOpenKFD();

		if (status != HSAKMT_STATUS_SUCCESS && status != HSAKMT_STATUS_KERNEL_ALREADY_OPENED)
			return (void *)"open";
		if (hsaKmtAcquireSystemProperties(&system) != HSAKMT_STATUS_SUCCESS)
			return (void *)"acquire";
		for (HSAuint32 id = 0; id < system.NumNodes; id++)
			if (hsaKmtGetNodeProperties(id, &node) != HSAKMT_STATUS_SUCCESS)
				return (void *)"node properties";
		if (hsaKmtReleaseSystemProperties() != HSAKMT_STATUS_SUCCESS)
			return (void *)"release";
		if (hsaKmtCloseKFD() != HSAKMT_STATUS_SUCCESS)
			return (void *)"close";
	}
	return NULL;
}

static void threads_come_and_go_independently(void **state)
{
	pthread_t threads[4];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, NULL), 0);
	for (size_t i = 0; i < 4; i++) {
		void *failed;

		pthread_join(threads[i], &failed);
		if (failed)
			fail_msg("%s", (const char *)failed);
	}
}

static void without_a_gpu_there_is_a_cpu_topology(void **state)
{
	struct scenario_result result;

	(void)state;
	setenv("DXGSIM_ADAPTERS", "none", 1);
	dxgsim_reset();
	scenario_hsa_init(&result);
	assert_whole(&result);
	assert_int_equal(result.gpu_nodes, 0);
	assert_in_range(result.cpu_nodes, 1, 64);
}

static void topology_queries_cost_no_ioctl(void **state)
{
	HsaSystemProperties system;
	HsaNodeProperties node;
	uint64_t before;

	(void)state;
	assert_int_equal(hsaKmtOpenKFD(), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(hsaKmtAcquireSystemProperties(&system), HSAKMT_STATUS_SUCCESS);
	before = dxgsim_ioctl_count();
	for (HSAuint32 id = 0; id < system.NumNodes; id++) {
		HsaMemoryProperties *banks;
		HsaCacheProperties *caches;
		HsaIoLinkProperties *links;
		uint64_t frequency;

		assert_int_equal(hsaKmtGetNodeProperties(id, &node), HSAKMT_STATUS_SUCCESS);
		banks = calloc(node.NumMemoryBanks, sizeof(*banks));
		caches = calloc(node.NumCaches, sizeof(*caches));
		links = calloc(node.NumIOLinks, sizeof(*links));
		assert_int_equal(hsaKmtGetNodeMemoryProperties(id, node.NumMemoryBanks, banks),
				 HSAKMT_STATUS_SUCCESS);
		assert_int_equal(hsaKmtGetNodeCacheProperties(id, 0, node.NumCaches, caches),
				 HSAKMT_STATUS_SUCCESS);
		assert_int_equal(hsaKmtGetNodeIoLinkProperties(id, node.NumIOLinks, links),
				 HSAKMT_STATUS_SUCCESS);
		if (node.NumFComputeCores)
			assert_int_equal(hsaKmtGetNodeWallclockFrequency(id, &frequency),
					 HSAKMT_STATUS_SUCCESS);
		free(banks);
		free(caches);
		free(links);
	}
	assert_int_equal(dxgsim_ioctl_count(), before);
	assert_int_equal(hsaKmtReleaseSystemProperties(), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(hsaKmtCloseKFD(), HSAKMT_STATUS_SUCCESS);
}

/* The host is asked no more often than needed; docs/topology.md says what each call is for. */
static void one_adapter_costs_few_host_round_trips(void **state)
{
	struct scenario_result result;
	HsaSystemProperties system;
	uint64_t before;

	(void)state;
	setenv("DXGSIM_ADAPTERS", "rx6800", 1);
	dxgsim_reset();
	before = dxgsim_round_trips();
	assert_int_equal(hsaKmtOpenKFD(), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(hsaKmtAcquireSystemProperties(&system), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(hsaKmtReleaseSystemProperties(), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(hsaKmtCloseKFD(), HSAKMT_STATUS_SUCCESS);
	print_message("host round trips of open, acquire, release and close: %llu\n",
		      (unsigned long long)(dxgsim_round_trips() - before));
	assert_int_equal(dxgsim_round_trips() - before, 14);
	/* and a device is created by the first memory, not by looking */
	scenario_topology(&result);
	assert_whole(&result);
	assert_int_equal(dxgsim_ioctl_count_of("CREATEDEVICE"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_runtime_comes_up_and_goes_down, start, nothing_left),
		cmocka_unit_test_setup_teardown(opens_are_counted, start, nothing_left),
		cmocka_unit_test_setup_teardown(close_takes_what_was_forgotten, start, nothing_left),
		cmocka_unit_test_setup_teardown(
			a_child_is_refused_until_it_opens_and_the_parent_is_undisturbed, start, nothing_left),
		cmocka_unit_test_setup_teardown(findings_are_of_one_process, start, nothing_left),
		cmocka_unit_test_setup_teardown(a_child_without_fork_handlers_is_refused_too, start,
						nothing_left),
		cmocka_unit_test_setup_teardown(close_releases_a_waiter, start, nothing_left),
		cmocka_unit_test_setup_teardown(a_thread_is_not_cancelled_amid_a_call, start, nothing_left),
		cmocka_unit_test_setup_teardown(a_thousand_cycles_leave_nothing_behind, start, nothing_left),
		cmocka_unit_test_setup_teardown(threads_come_and_go_independently, start, nothing_left),
		cmocka_unit_test_setup_teardown(without_a_gpu_there_is_a_cpu_topology, start, nothing_left),
		cmocka_unit_test_setup_teardown(topology_queries_cost_no_ioctl, start, nothing_left),
		cmocka_unit_test_setup_teardown(one_adapter_costs_few_host_round_trips, start, nothing_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
