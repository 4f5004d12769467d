// SPDX-License-Identifier: MIT
/*
 * Queues, signals and copies through Debian's ROCr on the first GPU agent: barriers that depend on the CPU and on each other, across
 * queues, also behind a producer that does not end; copies from host to device and back, compared byte for byte.
 *
 * usage: hsa_queues [barriers] [ring] [persistent] [copies LARGEST_BYTES]
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <hsa/hsa.h>
#include <hsa/hsa_ext_amd.h>

#include "hsa_check.h"

#define QUEUES	      8
#define ROUNDS	      50
#define NO_TIMEOUT_NS 20000000ULL

static hsa_amd_memory_pool_t host_pool, device_pool;

static hsa_status_t note_pool(hsa_amd_memory_pool_t pool, void *arg)
{
	hsa_amd_memory_pool_t *out = arg;
	hsa_amd_segment_t segment;

	MUST(hsa_amd_memory_pool_get_info(pool, HSA_AMD_MEMORY_POOL_INFO_SEGMENT, &segment));
	if (segment == HSA_AMD_SEGMENT_GLOBAL && !out->handle)
		*out = pool;
	return HSA_STATUS_SUCCESS;
}

static void queue_error(hsa_status_t status, hsa_queue_t *queue, void *arg)
{
	(void)arg;
	printf("FAIL: queue %llu: error %#x\n", (unsigned long long)queue->id, status);
	exit(1);
}

static hsa_queue_t *make_queue(uint32_t slots)
{
	hsa_queue_t *queue;

	MUST(hsa_queue_create(gpu, slots, HSA_QUEUE_TYPE_MULTI, queue_error, NULL, UINT32_MAX, UINT32_MAX,
			      &queue));
	return queue;
}

/* Published, not rung; its index. */
static uint64_t place_barrier(hsa_queue_t *queue, const hsa_signal_t *awaited, unsigned count,
			      hsa_signal_t done, bool any)
{
	uint64_t index = hsa_queue_add_write_index_relaxed(queue, 1);
	hsa_barrier_and_packet_t *slot, packet = {.completion_signal = done};
	uint16_t header = (uint16_t)((any ? HSA_PACKET_TYPE_BARRIER_OR : HSA_PACKET_TYPE_BARRIER_AND)
					     << HSA_PACKET_HEADER_TYPE |
				     1 << HSA_PACKET_HEADER_BARRIER |
				     HSA_FENCE_SCOPE_SYSTEM << HSA_PACKET_HEADER_SCACQUIRE_FENCE_SCOPE |
				     HSA_FENCE_SCOPE_SYSTEM << HSA_PACKET_HEADER_SCRELEASE_FENCE_SCOPE);

	for (unsigned i = 0; i < count; i++)
		packet.dep_signal[i] = awaited[i];
	while (index - hsa_queue_load_read_index_scacquire(queue) >= queue->size)
		;
	slot = (hsa_barrier_and_packet_t *)queue->base_address + index % queue->size;
	memcpy((char *)slot + sizeof(header), (const char *)&packet + sizeof(header),
	       sizeof(packet) - sizeof(header));
	__atomic_store_n(&slot->header, header, __ATOMIC_RELEASE);
	return index;
}

static void put_barrier(hsa_queue_t *queue, const hsa_signal_t *awaited, unsigned count, hsa_signal_t done,
			bool any)
{
	uint64_t index = place_barrier(queue, awaited, count, done, any);

	hsa_signal_store_screlease(queue->doorbell_signal, (hsa_signal_value_t)index);
}

static void must_come(hsa_signal_t signal, const char *what, unsigned number)
{
	hsa_signal_value_t value = hsa_signal_wait_scacquire(signal, HSA_SIGNAL_CONDITION_LT, 1, PATIENCE_NS,
							     HSA_WAIT_STATE_BLOCKED);

	CHECK(value == 0, "%s %u is at %lld", what, number, (long long)value);
}

static void barriers(void)
{
	hsa_queue_t *queue = make_queue(64);
	hsa_signal_t awaited[5], done = make_signal(1);

	for (unsigned i = 0; i < 5; i++)
		awaited[i] = make_signal(1);
	for (unsigned round = 0; round < ROUNDS; round++) {
		bool any = round % 2;

		hsa_signal_store_relaxed(done, 1);
		for (unsigned i = 0; i < 5; i++)
			hsa_signal_store_relaxed(awaited[i], 1);
		put_barrier(queue, awaited, 5, done, any);
		if (round < 4)
			CHECK(hsa_signal_wait_scacquire(done, HSA_SIGNAL_CONDITION_LT, 1, NO_TIMEOUT_NS,
							HSA_WAIT_STATE_BLOCKED) == 1,
			      "a barrier did not wait");
		for (unsigned i = 0; i < (any ? 1 : 5); i++)
			hsa_signal_store_screlease(awaited[(round + i) % 5], 0);
		must_come(done, "barrier", round);
	}
	for (unsigned i = 0; i < 5; i++)
		MUST(hsa_signal_destroy(awaited[i]));
	MUST(hsa_signal_destroy(done));
	MUST(hsa_queue_destroy(queue));
	printf("barriers: %u rounds\n", ROUNDS);
}

/* Each queue's barrier awaits the one before it, around and around; the consumers are there before their producers. */
static void ring(void)
{
	hsa_queue_t *queues[QUEUES];
	hsa_signal_t steps[QUEUES * ROUNDS], start = make_signal(1);

	for (unsigned i = 0; i < QUEUES; i++)
		queues[i] = make_queue(128);
	for (unsigned i = 0; i < QUEUES * ROUNDS; i++)
		steps[i] = make_signal(1);
	for (unsigned q = QUEUES; q-- > 0;)
		for (unsigned round = 0; round < ROUNDS; round++) {
			unsigned step = round * QUEUES + q;

			put_barrier(queues[q], step ? &steps[step - 1] : &start, 1, steps[step], false);
		}
	CHECK(hsa_signal_load_scacquire(steps[0]) == 1, "the ring began by itself");
	hsa_signal_store_screlease(start, 0);
	for (unsigned i = 0; i < QUEUES * ROUNDS; i++)
		must_come(steps[i], "step", i);
	for (unsigned i = 0; i < QUEUES * ROUNDS; i++)
		MUST(hsa_signal_destroy(steps[i]));
	MUST(hsa_signal_destroy(start));
	for (unsigned i = 0; i < QUEUES; i++)
		MUST(hsa_queue_destroy(queues[i]));
	printf("ring: %u queues, %u steps\n", QUEUES, QUEUES * ROUNDS);
}

/*
 * The producer is published and rung together with a packet that ends only when the consumer has run, which comes before it or after:
 * whoever waits for more than the signal never gets on.
 */
static void persistent(void)
{
	hsa_queue_t *producer = make_queue(64), *consumer = make_queue(64);

	for (unsigned round = 0; round < ROUNDS; round++) {
		hsa_signal_t produced = make_signal(1), consumed = make_signal(1), end = make_signal(1);
		hsa_signal_t none = {0};
		uint64_t last;

		if (round % 2)
			put_barrier(consumer, &produced, 1, consumed, false);
		place_barrier(producer, &none, 0, produced, false);
		last = place_barrier(producer, &consumed, 1, end, false);
		hsa_signal_store_screlease(producer->doorbell_signal, (hsa_signal_value_t)last);
		if (!(round % 2))
			put_barrier(consumer, &produced, 1, consumed, false);
		must_come(end, "round", round);
		MUST(hsa_signal_destroy(produced));
		MUST(hsa_signal_destroy(consumed));
		MUST(hsa_signal_destroy(end));
	}
	MUST(hsa_queue_destroy(producer));
	MUST(hsa_queue_destroy(consumer));
	printf("persistent: %u rounds\n", ROUNDS);
}

static uint32_t random_state = 1;

static uint32_t next_random(void)
{
	random_state = random_state * 1664525u + 1013904223u;
	return random_state >> 8;
}

static void fill(unsigned char *memory, size_t bytes)
{
	uint32_t value = next_random();

	for (size_t i = 0; i < bytes; i++) {
		memory[i] = (unsigned char)(value >> 16);
		value = value * 22695477u + 1;
	}
}

static void *allocate(hsa_amd_memory_pool_t pool, size_t bytes)
{
	void *memory;

	MUST(hsa_amd_memory_pool_allocate(pool, (bytes + 4095) & ~(size_t)4095, 0, &memory));
	return memory;
}

static void copy(void *to, hsa_agent_t to_agent, const void *from, hsa_agent_t from_agent, size_t bytes,
		 const hsa_signal_t *after)
{
	hsa_signal_t done = make_signal(1);

	MUST(hsa_amd_memory_async_copy(to, to_agent, from, from_agent, bytes, after ? 1 : 0, after, done));
	if (after)
		hsa_signal_store_screlease(*after, 0);
	must_come(done, "copy of", (unsigned)bytes);
	MUST(hsa_signal_destroy(done));
}

static void copies(size_t largest)
{
	static const size_t sizes[] = {1,	2,	 3,	  5,	    63,	       64,
				       65,	4095,	 4096,	  4097,	    65535,     65537,
				       1000003, 4194303, 4194305, 67108865, 1073741823};
	unsigned char *from = allocate(host_pool, largest), *back = allocate(host_pool, largest);
	char *device = allocate(device_pool, largest);
	const hsa_agent_t both[] = {cpu, gpu};
	unsigned count = 0;

	MUST(hsa_amd_agents_allow_access(2, both, NULL, from));
	MUST(hsa_amd_agents_allow_access(2, both, NULL, back));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]) && sizes[i] <= largest; i++) {
		size_t bytes = sizes[i], room = largest - bytes,
		       at = room < 4096 ? room : next_random() % 4096;
		hsa_signal_t after = make_signal(1);

		fill(from, bytes);
		memset(back, 0xee, bytes < largest ? bytes + 1 : bytes);
		copy(device + at, gpu, from, cpu, bytes, NULL);
		copy(back, cpu, device + at, gpu, bytes, &after);
		CHECK(!memcmp(from, back, bytes), "%zu bytes differ", bytes);
		if (bytes < largest)
			CHECK(back[bytes] == 0xee, "more than %zu bytes were written", bytes);
		MUST(hsa_signal_destroy(after));
		count++;
	}
	MUST(hsa_amd_memory_pool_free(device));
	MUST(hsa_amd_memory_pool_free(from));
	MUST(hsa_amd_memory_pool_free(back));
	printf("copies: %u sizes up to %zu\n", count, largest);
}

int main(int argc, char **argv)
{
	find_agents();
	MUST(hsa_amd_agent_iterate_memory_pools(cpu, note_pool, &host_pool));
	MUST(hsa_amd_agent_iterate_memory_pools(gpu, note_pool, &device_pool));
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "barriers"))
			barriers();
		else if (!strcmp(argv[i], "ring"))
			ring();
		else if (!strcmp(argv[i], "persistent"))
			persistent();
		else if (!strcmp(argv[i], "copies") && i + 1 < argc)
			copies(strtoull(argv[++i], NULL, 0));
		else
			CHECK(false, "%s is none of the tests", argv[i]);
	}
	MUST(hsa_shut_down());
	printf("done\n");
	return 0;
}
