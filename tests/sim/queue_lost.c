// SPDX-License-Identifier: MIT
/*
 * A GPU is lost while queues have work on it, wait, or do nothing: every queue tells its user so, whoever sleeps is woken, and nothing is
 * waited for that cannot come.  Nobody calls the library meanwhile but the sleeper.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "aql_user.h"
#include "dxg/uapi.h"
#include "dxgsim/dxgsim.h"

#define SLOTS	    64u
#define INACTIVE_AT 192u /* queue_inactive_signal of amd_queue_t (ROCr amd_hsa_queue.h) */
#define FOREVER_MS  0xfffffffeu
#define SOON_MS	    2000u
#define LOST	    (-(INT64_C(1) << 62)) /* of signals that nobody brings down any more */

static const char *adapters;

enum { WORKS, WAITS, IDLES, QUEUES };

struct life {
	struct aql_bench bench;
	struct aql_queue queues[QUEUES];
	struct aql_signal *inactive[QUEUES];
	struct aql_commands commands;
	uint32_t *word; /* the GPU waits for */
	struct aql_signal *done, *awaited;
	HsaEvent *event;
};

/* As the guest kernel would: on a call that has nothing to do with queues. */
static void lose_the_gpu(const char *error)
{
	struct d3dkmt_enumadapters2 args = {0};
	char spec[80];
	int fd = open("/dev/dxg", O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	snprintf(spec, sizeof(spec), "ioctl=ENUMADAPTERS2:errno=%s:lost", error);
	assert_int_equal(dxgsim_fault(spec), 0);
	assert_int_equal(ioctl(fd, LX_DXENUMADAPTERS2, &args), -1);
	dxgsim_clear_faults();
	close(fd);
}

static void begin(struct life *life)
{
	struct aql_packet packet;

	aql_bench_open(&life->bench, adapters);
	life->word = aql_alloc(&life->bench.machine, 4096, false);
	life->commands = aql_commands_alloc(&life->bench.machine, 64);
	for (unsigned i = 0; i < QUEUES; i++) {
		uint64_t inactive;

		aql_open(&life->queues[i], &life->bench.machine, life->bench.node, SLOTS);
		life->inactive[i] = aql_bench_arm(&life->bench, 16 + i, 0);
		inactive = (uintptr_t)life->inactive[i];
		memcpy(life->queues[i].amd_queue + INACTIVE_AT, &inactive, sizeof(inactive));
	}
	life->done = aql_bench_arm(&life->bench, 0, 1);
	life->event = aql_add_event(life->done);
	life->awaited = aql_bench_arm(&life->bench, 1, 1);

	aql_commands_wait(&life->commands, life->word, 1);
	packet = aql_vendor(&life->commands, life->done);
	aql_send(&life->queues[WORKS], &packet);
	packet = aql_barrier(false, &life->awaited, 1, NULL);
	aql_send(&life->queues[WAITS], &packet);
}

static void end(struct life *life)
{
	assert_status(hsaKmtDestroyEvent(life->event), SUCCESS);
	aql_commands_free(&life->commands);
	aql_free(life->word);
	aql_bench_close(&life->bench);
}

static void close_queues(struct life *life)
{
	for (unsigned i = 0; i < QUEUES; i++) {
		uint64_t start = aql_now_ns();

		aql_close(&life->queues[i]);
		assert_in_range((aql_now_ns() - start) / 1000000, 0, 1000);
	}
}

static void *sleep_on_the_event(void *arg)
{
	struct life *life = arg;

	/* as a runtime: until the signal has its value, or the queue an error */
	while (aql_value(life->done) && !__atomic_load_n(life->queues[WORKS].error, __ATOMIC_ACQUIRE))
		if (hsaKmtWaitOnEvent(life->event, FOREVER_MS) != HSAKMT_STATUS_SUCCESS)
			return arg;
	return NULL;
}

static bool tells_an_error(const struct life *life, unsigned queue)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	for (unsigned i = 0; i < SOON_MS; i++) {
		if (__atomic_load_n(life->queues[queue].error, __ATOMIC_ACQUIRE) &&
		    aql_value(life->inactive[queue]))
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

/* An adapter that is removed takes its addresses along; the simulated one, which is there after all, does not. */
static void assert_nothing_left(const char *error)
{
	char findings[1024];

	if (strcmp(error, "ENODEV")) {
		assert_int_equal(dxgsim_leak_count(), 0);
		return;
	}
	dxgsim_findings(findings, sizeof(findings));
	for (const char *leak = findings; (leak = strstr(leak, " LEAK ")); leak++)
		assert_memory_equal(leak, " LEAK GPU addresses ", strlen(" LEAK GPU addresses "));
}

static void a_lost_gpu(const char *error)
{
	struct life life = {0};
	struct aql_packet packet;
	pthread_t sleeper;
	uint64_t start;
	void *result;

	begin(&life);
	assert_int_equal(pthread_create(&sleeper, NULL, sleep_on_the_event, &life), 0);
	start = aql_now_ns();
	lose_the_gpu(error);
	for (unsigned i = 0; i < QUEUES; i++)
		if (i != IDLES && !tells_an_error(&life, i))
			fail_msg("queue %u tells no error", i);
	assert_int_equal(pthread_join(sleeper, &result), 0);
	assert_null(result);
	assert_in_range((aql_now_ns() - start) / 1000000, 0, SOON_MS);
	/* what will not come is told where it is waited for */
	aql_expect(life.done, LOST);

	/* nothing of an idle one's is lost; what comes now is left in the ring, and told so */
	assert_int_equal(*life.queues[IDLES].resource.ErrorReason, 0);
	packet = aql_dispatch(aql_bench_kernel(&life.bench, AQL_KERNEL_PLAIN), life.awaited);
	aql_send(&life.queues[IDLES], &packet);
	if (!tells_an_error(&life, IDLES))
		fail_msg("the idle queue tells no error");
	assert_int_equal(aql_read_index(&life.queues[IDLES]), 0);
	aql_expect(life.awaited, LOST);
	close_queues(&life);
	end(&life);
	assert_status(hsaKmtReleaseSystemProperties(), SUCCESS);
	assert_status(hsaKmtCloseKFD(), SUCCESS);
	assert_int_equal(dxgsim_misuse_count(), 0);
	assert_nothing_left(error);

	/* and after a new start all is well */
	begin(&life);
	__atomic_store_n(life.word, 1, __ATOMIC_RELEASE);
	aql_expect(life.done, 0);
	close_queues(&life);
	end(&life);
}

static void a_reset_stops_every_queue(void **state)
{
	(void)state;
	a_lost_gpu("EIO");
}

static void a_removal_stops_every_queue(void **state)
{
	(void)state;
	a_lost_gpu("ENODEV");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_reset_stops_every_queue, machine_teardown),
		cmocka_unit_test_teardown(a_removal_stops_every_queue, machine_teardown),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s ADAPTERS\n", argv[0]);
		return 2;
	}
	adapters = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
