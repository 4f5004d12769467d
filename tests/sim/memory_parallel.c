// SPDX-License-Identifier: MIT
/* Threads that allocate, map, share and free at the same time get what they asked for, each its own. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <hsakmt/hsakmt.h>

#include "dxgsim/dxgsim.h"
#include "machine.h"

#define THREADS 4
#define ROUNDS	150
#define HELD	6
#define PAGE	0x1000ULL

static const HsaMemFlags kinds[] = {
	{.Value = 0x20040}, /* HostAccess | Uncached */
	{.Value = 0x2081},  /* NonPaged | NoSubstitute | CoarseGrain */
	{.Value = 0x240},   /* Scratch | HostAccess */
};

/* cmocka's assertions are for the main thread: others tell the line at which they stopped. */
#define STOP_UNLESS(condition)           \
	do {                             \
		if (!(condition))        \
			return __LINE__; \
	} while (0)
#define OK(call) STOP_UNLESS((call) == HSAKMT_STATUS_SUCCESS)

struct worker {
	pthread_t thread;
	const struct machine *machine;
	unsigned number;
	int line; /* 0: all was well */
};

struct held {
	unsigned char *address;
	HSAuint64 size;
	unsigned kind;
};

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static int take(const struct worker *worker, struct held *held, uint32_t random)
{
	const struct machine *machine = worker->machine;
	HSAuint32 gpu = machine->gpus[random % machine->gpu_count];
	HsaMemMapFlags flags = {.Value = 0};
	HsaPointerInfo info;
	void *address;
	HSAuint64 va;

	held->kind = random / 16 % 3;
	held->size = held->kind == 2 ? 1ULL << 28 : PAGE << random / 64 % 6;
	OK(hsaKmtAllocMemory(held->kind ? gpu : machine->cpu, held->size, kinds[held->kind], &address));
	held->address = address;
	STOP_UNLESS(address);
	if (!held->kind) {
		/* nobody else's bytes */
		for (HSAuint64 i = 0; i < held->size; i += PAGE)
			STOP_UNLESS(held->address[i] == 0);
		memset(held->address, (int)worker->number + 1, held->size);
		OK(hsaKmtMapMemoryToGPU(address, held->size, &va));
		OK(hsaKmtMapMemoryToGPUNodes(address, held->size, &va, flags, 1, &gpu));
	} else {
		OK(hsaKmtMapMemoryToGPU(held->address, held->kind == 2 ? 1U << 20 : held->size, &va));
	}
	OK(hsaKmtSetMemoryUserData(address, held));
	OK(hsaKmtQueryPointerInfo(held->address + held->size - 1, &info));
	STOP_UNLESS(info.GPUAddress == (uintptr_t)address && info.SizeInBytes == held->size &&
		    info.UserData == held);
	return 0;
}

static int give(const struct worker *worker, struct held *held, uint32_t random)
{
	if (!held->kind) {
		for (HSAuint64 i = 0; i < held->size; i++)
			STOP_UNLESS(held->address[i] == worker->number + 1);
	}
	if (random & 1)
		OK(hsaKmtUnmapMemoryToGPU(held->address));
	OK(hsaKmtFreeMemory(held->address, held->size));
	held->address = NULL;
	return 0;
}

static int work(const struct worker *worker)
{
	struct held held[HELD] = {{0}};
	uint32_t random = worker->number * 77777 + 1;
	int line;

	for (unsigned round = 0; round < ROUNDS; round++) {
		struct held *slot = &held[next_random(&random) % HELD];
		uint32_t r = next_random(&random);

		line = slot->address ? give(worker, slot, r) : take(worker, slot, r);
		if (line)
			return line;
	}
	for (unsigned i = 0; i < HELD; i++) {
		line = held[i].address ? give(worker, &held[i], i) : 0;
		if (line)
			return line;
	}
	return 0;
}

static void *run(void *arg)
{
	struct worker *worker = arg;

	worker->line = work(worker);
	return NULL;
}

static void threads_do_not_get_in_each_others_way(void **state)
{
	struct worker workers[THREADS];

	for (unsigned i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){.machine = *state, .number = i};
		assert_int_equal(pthread_create(&workers[i].thread, NULL, run, &workers[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	for (unsigned i = 0; i < THREADS; i++)
		if (workers[i].line)
			fail_msg("thread %u stopped at line %d", i, workers[i].line);
	machine_assert_allocations(0);
}

static void *shared_address;
static _Atomic unsigned freed;
static const struct machine *shared_machine;

static void *free_it(void *arg)
{
	HSAKMT_STATUS status = hsaKmtFreeMemory(shared_address, PAGE);

	(void)arg;
	if (status == HSAKMT_STATUS_SUCCESS)
		atomic_fetch_add(&freed, 1);
	else if (status != HSAKMT_STATUS_MEMORY_NOT_REGISTERED)
		atomic_fetch_add(&freed, 100);
	return NULL;
}

static void a_buffer_is_freed_once_however_many_try(void **state)
{
	struct machine *machine = *state;
	pthread_t threads[THREADS];
	HSAuint64 va;

	for (unsigned round = 0; round < ROUNDS; round++) {
		atomic_store(&freed, 0);
		assert_status(hsaKmtAllocMemory(machine->cpu, PAGE, kinds[0], &shared_address), SUCCESS);
		assert_status(hsaKmtMapMemoryToGPU(shared_address, PAGE, &va), SUCCESS);
		for (unsigned i = 0; i < THREADS; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, free_it, NULL), 0);
		for (unsigned i = 0; i < THREADS; i++)
			pthread_join(threads[i], NULL);
		assert_int_equal(atomic_load(&freed), 1);
	}
}

/* Maps the shared buffer to one GPU or the other; the last word counts, never a mixture. */
static void *remap_it(void *arg)
{
	HSAuint32 gpu = shared_machine->gpus[(uintptr_t)arg % 2];
	HsaMemMapFlags flags = {.Value = 0};

	for (unsigned round = 0; round < ROUNDS; round++) {
		HSAKMT_STATUS status;

		if (round % 8 == 7)
			status = hsaKmtUnmapMemoryToGPU(shared_address);
		else
			status = hsaKmtMapMemoryToGPUNodes(shared_address, PAGE, NULL, flags, 1, &gpu);
		if (status != HSAKMT_STATUS_SUCCESS)
			return (void *)"a map";
	}
	return NULL;
}

static void *look_at_it(void *arg)
{
	(void)arg;
	for (unsigned round = 0; round < 20 * ROUNDS; round++) {
		HsaPointerInfo info;

		if (hsaKmtQueryPointerInfo(shared_address, &info) != HSAKMT_STATUS_SUCCESS)
			return (void *)"a look";
		if (info.NMappedNodes > 2 || info.SizeInBytes != PAGE)
			return (void *)"what was seen";
	}
	return NULL;
}

static void one_buffer_is_mapped_by_many(void **state)
{
	pthread_t threads[THREADS];
	const char *failure = NULL;

	shared_machine = *state;
	assert_status(hsaKmtAllocMemory(shared_machine->cpu, PAGE, kinds[0], &shared_address), SUCCESS);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, i == 3 ? look_at_it : remap_it,
						(void *)(uintptr_t)i),
				 0);
	for (unsigned i = 0; i < THREADS; i++) {
		void *result;

		pthread_join(threads[i], &result);
		if (result)
			failure = result;
	}
	if (failure)
		fail_msg("%s failed", failure);
	assert_status(hsaKmtFreeMemory(shared_address, PAGE), SUCCESS);
	machine_assert_allocations(0);
}

#define OPEN(test) cmocka_unit_test_setup_teardown(test, machine_setup_open, machine_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OPEN(threads_do_not_get_in_each_others_way),
		OPEN(a_buffer_is_freed_once_however_many_try),
		OPEN(one_buffer_is_mapped_by_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
