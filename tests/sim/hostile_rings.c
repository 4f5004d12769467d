// SPDX-License-Identifier: MIT
/*
 * What rings may hold that no decent program puts there, or few do, on the machine that the command line names: the process lives, and
 * what can be carried out is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../unit/ring_packets.h"
#include "aql_user.h"
#include "dxgsim/dxgsim.h"

#define SLOTS	     64u
#define RING_BYTES   0x1000u
#define PRIVATE_SIZE 0x10000u

/* amd_queue_t */
#define TMPRING	     140u
#define SCRATCH_SIZE 152u
#define SCRATCH_BASE 160u
#define INACTIVE     192u

/* LLVM AMDGPU usage: kernel descriptor */
#define KERNEL_PRIVATE	  4u
#define KERNEL_PROPERTIES 56u

static const char *adapters;

static int setup(void **state)
{
	struct aql_bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	aql_bench_open(bench, adapters);
	*state = bench;
	return 0;
}

static int teardown(void **state)
{
	struct aql_bench *bench = *state;

	aql_bench_close(bench);
	free(bench);
	return machine_teardown(state);
}

static char *alloc(HSAuint32 node, HsaMemFlags flags, bool mapped)
{
	HsaMemMapFlags map = {.Value = 0};
	void *memory = NULL;
	HSAuint64 va;

	assert_status(hsaKmtAllocMemory(node, PRIVATE_SIZE, flags, &memory), SUCCESS);
	if (mapped)
		assert_status(hsaKmtMapMemoryToGPUNodes(memory, PRIVATE_SIZE, &va, map, 1, &node), SUCCESS);
	return memory;
}

static char *alloc_local(const struct aql_bench *bench)
{
	const HsaMemFlags flags = {.ui32 = {.NonPaged = 1, .CoarseGrain = 1}};

	return alloc(bench->node, flags, true);
}

static void works(const struct aql_bench *bench, struct aql_queue *queue, uint64_t kernel)
{
	struct aql_signal *done = aql_bench_arm(bench, AQL_BENCH_SIGNALS - 1, 1);
	struct aql_packet packet = aql_dispatch(kernel, done);

	aql_send(queue, &packet);
	aql_expect(done, 0);
	assert_int_equal(*queue->error, 0);
}

/* amd_queue_t names the signal, but it is nowhere, or where the CPU has nothing to write to. */
static void an_inactive_signal_is_looked_at_before_it_is_told(void **state)
{
	const HsaMemFlags address = {.ui32 = {.OnlyAddress = 1}};
	const HsaMemFlags scratch = {.ui32 = {.Scratch = 1, .HostAccess = 1}};
	struct aql_bench *bench = *state;
	struct aql_signal *whole = aql_bench_arm(bench, 0, 0);
	char *only_address = alloc(bench->machine.cpu, address, false);
	char *range = alloc(bench->node, scratch, false), *local = alloc_local(bench);
	char *end = (char *)bench->signals + AQL_BENCH_SIGNALS * sizeof(*bench->signals);
	void *const places[] = {only_address,
				range,
				local,
				end - 8,
				(char *)whole + 2,
				NULL,
				(void *)0x1000,
				(void *)(UINTPTR_MAX - 63),
				whole};
	struct aql_packet bad = {.header = aql_header(4, true, AQL_SYSTEM, AQL_SYSTEM)};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct aql_queue queue;

		aql_open(&queue, &bench->machine, bench->node, SLOTS);
		memcpy(queue.amd_queue + INACTIVE, &places[i], sizeof(places[i]));
		aql_send(&queue, &bad);
		aql_expect_error(&queue, 0x20);
		aql_expect(whole, places[i] == whole ? 0x20 : 0);
		aql_close(&queue);
	}
	aql_free(local);
	assert_status(hsaKmtFreeMemory(range, PRIVATE_SIZE), SUCCESS);
	assert_status(hsaKmtFreeMemory(only_address, PRIVATE_SIZE), SUCCESS);
}

/* It need not be a signal's value, nor where the CPU can look. */
static void copy_engines_count_down_in_memory_of_the_gpu(void **state)
{
	struct aql_bench *bench = *state;
	HsaQueueResource resource = {0};
	uint32_t *ring = aql_alloc(&bench->machine, RING_BYTES, true), *seen;
	char *local = alloc_local(bench);
	uint32_t w[64] = {0}, n;

	seen = aql_alloc(&bench->machine, 64, false);
	assert_status(hsaKmtCreateQueue(bench->node, HSA_QUEUE_SDMA, 100, HSA_QUEUE_PRIORITY_NORMAL, ring,
					RING_BYTES, NULL, &resource),
		      SUCCESS);
	n = sdma_fence(w, local, 6);
	n += sdma_fence(w + n, local + 4, 0);
	n += sdma_decrement(w + n, (const int64_t *)(const void *)local);
	n += sdma_copy(w + n, local, seen, 8);
	n += sdma_fence(w + n, seen + 2, 1);
	memcpy(ring, w, n * sizeof(w[0]));
	__atomic_store_n(resource.Queue_write_ptr_aql, n * sizeof(w[0]), __ATOMIC_RELEASE);
	assert_status(hsaKmtQueueRingDoorbell(resource.QueueId, n * sizeof(w[0])), SUCCESS);
	while (!__atomic_load_n(seen + 2, __ATOMIC_ACQUIRE))
		;
	assert_int_equal(seen[0], 5);
	assert_int_equal(seen[1], 0);
	assert_status(hsaKmtDestroyQueue(resource.QueueId), SUCCESS);
	aql_free(seen);
	aql_free(local);
	aql_free(ring);
}

/* A copy of one of the bench's, to be changed. */
static uint64_t copy_kernel(const struct aql_bench *bench, enum aql_kernel_kind kind, char *to)
{
	memcpy(to, (const void *)(uintptr_t)aql_bench_kernel(bench, kind), AQL_KERNEL_BYTES);
	return (uint64_t)(uintptr_t)to;
}

static void kernels_may_have_scratch_without_a_size(void **state)
{
	struct aql_bench *bench = *state;
	char *memory = aql_alloc(&bench->machine, AQL_KERNEL_BYTES, true);
	uint64_t kernel = copy_kernel(bench, AQL_KERNEL_SCRATCH, memory);
	struct aql_queue queue;

	memset(memory + KERNEL_PRIVATE, 0, sizeof(uint32_t));
	aql_open(&queue, &bench->machine, bench->node, SLOTS);
	works(bench, &queue, kernel);
	works(bench, &queue, aql_bench_kernel(bench, AQL_KERNEL_SCRATCH));
	aql_close(&queue);
	aql_free(memory);
}

/* What nobody asked for in registers that the kernel has is nothing of other kernels'. */
static void kernels_may_have_more_registers_than_are_filled(void **state)
{
	struct aql_bench *bench = *state;
	char *memory = aql_alloc(&bench->machine, AQL_KERNEL_BYTES, true);
	uint64_t kernel = copy_kernel(bench, AQL_KERNEL_DISPATCH, memory);
	struct aql_queue queue;
	uint16_t properties;

	memcpy(&properties, memory + KERNEL_PROPERTIES, sizeof(properties));
	properties &= (uint16_t) ~(1u << 4 | 1u << 1); /* neither dispatch id nor dispatch pointer */
	memcpy(memory + KERNEL_PROPERTIES, &properties, sizeof(properties));
	aql_open(&queue, &bench->machine, bench->node, SLOTS);
	works(bench, &queue, kernel);
	aql_close(&queue);
	aql_free(memory);
}

static void scratch_of_the_users_without_waves_is_none(void **state)
{
	struct aql_bench *bench = *state;
	char *local = alloc_local(bench);
	uint64_t base = (uint64_t)(uintptr_t)local;
	uint32_t tmpring = 0x20u << 12, bytes = PRIVATE_SIZE;
	struct aql_queue queue;

	aql_open(&queue, &bench->machine, bench->node, SLOTS);
	memcpy(queue.amd_queue + TMPRING, &tmpring, sizeof(tmpring));
	memcpy(queue.amd_queue + SCRATCH_SIZE, &bytes, sizeof(bytes));
	memcpy(queue.amd_queue + SCRATCH_BASE, &base, sizeof(base));
	works(bench, &queue, aql_bench_kernel(bench, AQL_KERNEL_SCRATCH));
	aql_close(&queue);
	aql_free(local);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_inactive_signal_is_looked_at_before_it_is_told, setup,
						teardown),
		cmocka_unit_test_setup_teardown(copy_engines_count_down_in_memory_of_the_gpu, setup,
						teardown),
		cmocka_unit_test_setup_teardown(kernels_may_have_scratch_without_a_size, setup, teardown),
		cmocka_unit_test_setup_teardown(kernels_may_have_more_registers_than_are_filled, setup,
						teardown),
		cmocka_unit_test_setup_teardown(scratch_of_the_users_without_waves_is_none, setup, teardown),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s ADAPTERS\n", argv[0]);
		return 2;
	}
	adapters = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
