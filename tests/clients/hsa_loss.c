// SPDX-License-Identifier: MIT
/*
 * A program on Debian's ROCr that loses its GPU: whoever waits is released with an error, and after hsa_shut_down and hsa_init the same
 * process has the same work done, with right results.
 *
 * usage: hsa_loss lives COUNT		in all but the last it says "waits" and waits for what cannot come, until the GPU is lost
 *	  hsa_loss beside COMMAND...	works while the command runs, and starts over if the GPU is lost
 */
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hsa/hsa.h>
#include <hsa/hsa_ext_amd.h>

#include "hsa_check.h"

#define BYTES	  100000u
#define ROUNDS	  3u /* around what happens */
#define MAX_LIFE  4u
#define CALLED_MS 5000u

static hsa_amd_memory_pool_t host_pool, device_pool;
static volatile hsa_status_t queue_status;

struct life {
	hsa_queue_t *queue;
	unsigned char *from, *back;
	char *device;
	unsigned rounds;
};

static hsa_status_t note_pool(hsa_amd_memory_pool_t pool, void *arg)
{
	hsa_amd_memory_pool_t *out = arg;
	hsa_amd_segment_t segment;

	MUST(hsa_amd_memory_pool_get_info(pool, HSA_AMD_MEMORY_POOL_INFO_SEGMENT, &segment));
	if (segment == HSA_AMD_SEGMENT_GLOBAL && !out->handle)
		*out = pool;
	return HSA_STATUS_SUCCESS;
}

static void note_error(hsa_status_t status, hsa_queue_t *queue, void *arg)
{
	(void)queue;
	(void)arg;
	queue_status = status;
}

static void *allocate(hsa_amd_memory_pool_t pool)
{
	void *memory;

	MUST(hsa_amd_memory_pool_allocate(pool, (BYTES + 4095) & ~4095u, 0, &memory));
	return memory;
}

static void begin(struct life *life)
{
	hsa_agent_t both[2];

	*life = (struct life){.rounds = 0};
	cpu.handle = gpu.handle = host_pool.handle = device_pool.handle = 0;
	queue_status = HSA_STATUS_SUCCESS;
	find_agents();
	both[0] = cpu;
	both[1] = gpu;
	MUST(hsa_amd_agent_iterate_memory_pools(cpu, note_pool, &host_pool));
	MUST(hsa_amd_agent_iterate_memory_pools(gpu, note_pool, &device_pool));
	MUST(hsa_queue_create(gpu, 64, HSA_QUEUE_TYPE_MULTI, note_error, NULL, UINT32_MAX, UINT32_MAX,
			      &life->queue));
	life->from = allocate(host_pool);
	life->back = allocate(host_pool);
	life->device = allocate(device_pool);
	MUST(hsa_amd_agents_allow_access(2, both, NULL, life->from));
	MUST(hsa_amd_agents_allow_access(2, both, NULL, life->back));
}

/* A queue that is left would keep ROCr's event for queues, which is no event any more in the next life. */
static void end(struct life *life)
{
	MUST(hsa_queue_destroy(life->queue));
	MUST(hsa_amd_memory_pool_free(life->from));
	MUST(hsa_amd_memory_pool_free(life->back));
	MUST(hsa_amd_memory_pool_free(life->device));
	MUST(hsa_shut_down());
}

static void put_barrier(hsa_queue_t *queue, hsa_signal_t awaited, hsa_signal_t done)
{
	uint64_t index = hsa_queue_add_write_index_relaxed(queue, 1);
	hsa_barrier_and_packet_t *slot, packet = {.completion_signal = done, .dep_signal = {awaited}};
	uint16_t header = (uint16_t)(HSA_PACKET_TYPE_BARRIER_AND << HSA_PACKET_HEADER_TYPE |
				     1 << HSA_PACKET_HEADER_BARRIER |
				     HSA_FENCE_SCOPE_SYSTEM << HSA_PACKET_HEADER_SCACQUIRE_FENCE_SCOPE |
				     HSA_FENCE_SCOPE_SYSTEM << HSA_PACKET_HEADER_SCRELEASE_FENCE_SCOPE);

	slot = (hsa_barrier_and_packet_t *)queue->base_address + index % queue->size;
	memcpy((char *)slot + sizeof(header), (const char *)&packet + sizeof(header),
	       sizeof(packet) - sizeof(header));
	__atomic_store_n(&slot->header, header, __ATOMIC_RELEASE);
	hsa_signal_store_screlease(queue->doorbell_signal, (hsa_signal_value_t)index);
}

/* 0, or what is left in its place when it is lost. */
static hsa_signal_value_t end_of(hsa_signal_t signal, const char *what)
{
	hsa_signal_value_t value = hsa_signal_wait_scacquire(signal, HSA_SIGNAL_CONDITION_LT, 1, PATIENCE_NS,
							     HSA_WAIT_STATE_BLOCKED);

	CHECK(value < 1, "%s: nobody is released", what);
	return value;
}

/* To the device, when a barrier of the queue has run, and back.  False: the GPU is lost; true: the data is right. */
static bool work(struct life *life)
{
	hsa_signal_t ran = make_signal(1), there = make_signal(1), back = make_signal(1), none = {0};
	hsa_status_t put, got;
	bool good;

	for (size_t i = 0; i < BYTES; i++)
		life->from[i] = (unsigned char)(i * 7 + life->rounds);
	memset(life->back, 0xee, BYTES);
	put_barrier(life->queue, none, ran);
	/* refused where the loss is known */
	put = hsa_amd_memory_async_copy(life->device, gpu, life->from, cpu, BYTES, 1, &ran, there);
	got = put == HSA_STATUS_SUCCESS
		      ? hsa_amd_memory_async_copy(life->back, cpu, life->device, gpu, BYTES, 1, &there, back)
		      : put;
	good = end_of(ran, "barrier") == 0 && put == HSA_STATUS_SUCCESS && end_of(there, "copy") == 0 &&
	       got == HSA_STATUS_SUCCESS && end_of(back, "copy back") == 0;
	if (good)
		CHECK(!memcmp(life->from, life->back, BYTES), "round %u: the data differs", life->rounds);
	MUST(hsa_signal_destroy(ran));
	if (good) {
		MUST(hsa_signal_destroy(there));
		MUST(hsa_signal_destroy(back));
	}
	life->rounds++;
	return good;
}

/* A barrier and a copy that wait for what nobody does. */
static void wait_for_the_loss(struct life *life)
{
	hsa_signal_t never = make_signal(1), barred = make_signal(1), copied = make_signal(1);
	hsa_signal_value_t value;

	put_barrier(life->queue, never, barred);
	MUST(hsa_amd_memory_async_copy(life->device, gpu, life->from, cpu, BYTES, 1, &never, copied));
	printf("waits\n");
	value = end_of(barred, "barrier");
	CHECK(value < 0, "the barrier is at %lld", (long long)value);
	value = end_of(copied, "copy");
	CHECK(value < 0, "the copy is at %lld", (long long)value);
	/* ROCr's thread calls back in its own time */
	for (unsigned i = 0; i < CALLED_MS && queue_status == HSA_STATUS_SUCCESS; i++)
		usleep(1000);
	printf("released, the queue says %#x\n", queue_status);
	CHECK(queue_status != HSA_STATUS_SUCCESS, "the queue says nothing");
	CHECK(!work(life), "the lost GPU works");
}

static void lives(unsigned count)
{
	struct life life;

	for (unsigned i = 0; i < count; i++) {
		begin(&life);
		for (unsigned round = 0; round < ROUNDS; round++)
			CHECK(work(&life), "life %u: no work is done", i);
		if (i + 1 < count)
			wait_for_the_loss(&life);
		end(&life);
	}
}

static void beside(char **command)
{
	extern char **environ;
	unsigned life_count = 1, after = 0, rounds = 0;
	struct life life;
	int status = -1;
	pid_t pid = 0;

	begin(&life);
	while (after < ROUNDS) {
		if (!work(&life)) {
			CHECK(++life_count <= MAX_LIFE, "the GPU is lost again and again");
			end(&life);
			begin(&life);
			CHECK(work(&life), "no work after a loss");
		}
		rounds++;
		if (!pid && rounds == ROUNDS)
			CHECK(!posix_spawnp(&pid, command[0], NULL, NULL, command, environ), "%s",
			      command[0]);
		if (pid > 0 && waitpid(pid, &status, WNOHANG) == pid)
			pid = -1;
		after += pid < 0;
	}
	CHECK(queue_status == HSA_STATUS_SUCCESS, "the queue says %#x", queue_status);
	end(&life);
	printf("%u lives, the command's status is %#x\n", life_count, status);
}

int main(int argc, char **argv)
{
	CHECK(argc > 2, "usage: hsa_loss lives COUNT | beside COMMAND...");
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!strcmp(argv[1], "lives"))
		lives((unsigned)atoi(argv[2]));
	else
		beside(argv + 2);
	printf("done\n");
	return 0;
}
