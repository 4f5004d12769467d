// SPDX-License-Identifier: MIT
/*
 * What kill.py kills: a process most of whose life its queues have work in flight, on the GPU and in their rings.
 *
 * usage: kill_queues ROUNDS, under the dxgsim launcher
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../unit/ring_packets.h"
#include "aql_user.h"

#define SLOTS	     64u
#define RING_BYTES   0x4000u
#define COPY_BYTES   0x40000u
#define CHAIN	     32u
#define IN_FLIGHT_US 3000

enum { HOLDS, WAITS, PARKS, QUEUES };
enum { DONE, CONSUMED, AWAITED, RESUMED, LAST, SIGNALS };

struct life {
	struct machine machine;
	HSAuint32 node;
	struct aql_queue queues[QUEUES];
	struct aql_signal *signals;
	struct aql_commands commands;
	HsaEvent *event;
	uint64_t kernel;
	void *kernels;
	uint32_t *words; /* 0: the GPU waits for it; 16: the copy is there */
	uint8_t *from, *to;
	HsaQueueResource sdma;
	uint32_t *sdma_ring;
	uint64_t sdma_index; /* bytes */
};

static struct aql_signal *arm(struct life *life, unsigned index)
{
	aql_store(&life->signals[index], 1);
	return &life->signals[index];
}

static void start_copy(struct life *life)
{
	uint32_t *at = life->sdma_ring + life->sdma_index / 4, n;

	n = sdma_copy(at, life->from, life->to, COPY_BYTES);
	n += sdma_fence(at + n, life->words + 16, 1);
	n += sdma_trap(at + n, life->event->EventId);
	life->sdma_index += n * 4;
	__atomic_store_n(life->sdma.Queue_write_ptr_aql, life->sdma_index, __ATOMIC_RELEASE);
	__atomic_store_n(life->sdma.Queue_DoorBell_aql, life->sdma_index, __ATOMIC_RELEASE);
}

static void send_all(struct life *life)
{
	struct aql_signal *done = arm(life, DONE), *awaited = arm(life, AWAITED);
	struct aql_packet packet = aql_vendor(&life->commands, done);

	__atomic_store_n(life->words, 0, __ATOMIC_RELEASE);
	__atomic_store_n(life->words + 16, 0, __ATOMIC_RELEASE);
	aql_send(&life->queues[HOLDS], &packet);
	packet = aql_barrier(false, &done, 1, NULL);
	aql_send(&life->queues[WAITS], &packet);
	packet = aql_dispatch(life->kernel, arm(life, CONSUMED));
	aql_send(&life->queues[WAITS], &packet);
	packet = aql_barrier(false, &awaited, 1, NULL);
	aql_send(&life->queues[PARKS], &packet);
	packet = aql_dispatch(life->kernel, arm(life, RESUMED));
	aql_send(&life->queues[PARKS], &packet);
	start_copy(life);
}

static void let_go(struct life *life)
{
	struct aql_packet packet = aql_dispatch(life->kernel, NULL);

	__atomic_store_n(life->words, 1, __ATOMIC_RELEASE);
	aql_store(&life->signals[AWAITED], 0);
	for (unsigned i = 0; i < CHAIN; i++)
		aql_send(&life->queues[WAITS], &packet);
	packet = aql_dispatch(life->kernel, arm(life, LAST));
	aql_send(&life->queues[WAITS], &packet);
	aql_expect(&life->signals[DONE], 0);
	aql_expect(&life->signals[CONSUMED], 0);
	aql_expect(&life->signals[RESUMED], 0);
	aql_expect(&life->signals[LAST], 0);
	while (!__atomic_load_n(life->words + 16, __ATOMIC_ACQUIRE))
		assert_status(hsaKmtWaitOnEvent(life->event, 10000), SUCCESS);
	assert_memory_equal(life->to, life->from, COPY_BYTES);
}

static void begin(struct life *life)
{
	machine_open(&life->machine);
	life->node = life->machine.gpus[0];
	life->kernels = aql_alloc(&life->machine, AQL_KERNEL_BYTES, true);
	life->kernel = aql_kernel(life->kernels, aql_gfx_major(life->node), AQL_KERNEL_PLAIN);
	life->signals = aql_alloc(&life->machine, SIGNALS * sizeof(*life->signals), false);
	life->words = aql_alloc(&life->machine, 4096, false);
	life->from = aql_alloc(&life->machine, COPY_BYTES, false);
	life->to = aql_alloc(&life->machine, COPY_BYTES, false);
	memset(life->from, 0x5a, COPY_BYTES);
	life->sdma_ring = aql_alloc(&life->machine, RING_BYTES, true);
	life->commands = aql_commands_alloc(&life->machine, 64);
	aql_commands_wait(&life->commands, life->words, 1);
	for (unsigned i = 0; i < SIGNALS; i++)
		life->signals[i].kind = 1;
	life->event = aql_add_event(&life->signals[DONE]);
	for (unsigned i = 0; i < QUEUES; i++)
		aql_open(&life->queues[i], &life->machine, life->node, SLOTS);
	assert_status(hsaKmtCreateQueue(life->node, HSA_QUEUE_SDMA, 100, HSA_QUEUE_PRIORITY_NORMAL,
					life->sdma_ring, RING_BYTES, NULL, &life->sdma),
		      SUCCESS);
}

static void end(struct life *life)
{
	assert_status(hsaKmtDestroyQueue(life->sdma.QueueId), SUCCESS);
	for (unsigned i = 0; i < QUEUES; i++)
		aql_close(&life->queues[i]);
	assert_status(hsaKmtDestroyEvent(life->event), SUCCESS);
	aql_commands_free(&life->commands);
	aql_free(life->sdma_ring);
	aql_free(life->to);
	aql_free(life->from);
	aql_free(life->words);
	aql_free(life->signals);
	aql_free(life->kernels);
	assert_status(hsaKmtReleaseSystemProperties(), SUCCESS);
	assert_status(hsaKmtCloseKFD(), SUCCESS);
}

int main(int argc, char **argv)
{
	const struct timespec in_flight = {.tv_nsec = IN_FLIGHT_US * 1000};
	unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
	struct life life = {.sdma_index = 0};

	if (!rounds) {
		fprintf(stderr, "usage: %s ROUNDS\n", argv[0]);
		return 2;
	}
	begin(&life);
	for (unsigned i = 0; i < rounds; i++) {
		send_all(&life);
		nanosleep(&in_flight, NULL);
		let_go(&life);
	}
	end(&life);
	return 0;
}
