// SPDX-License-Identifier: MIT
/* Memory that does what it is for: contents, several GPUs, VRAM of each. */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <hsakmt/hsakmt.h>

#include "dxgsim/dxgsim.h"
#include "machine.h"

#define KIB  1024ULL
#define MIB  (1024 * KIB)
#define GIB  (1024 * MIB)
#define PAGE (4 * KIB)

#define SETTLE_SECONDS 5

static const HsaMemFlags kernarg = {.Value = 0x20040};	  /* HostAccess | Uncached */
static const HsaMemFlags coarse_vram = {.Value = 0x2081}; /* NonPaged | NoSubstitute | CoarseGrain */
static const HsaMemMapFlags no_map_flags;

static void *allocate(HSAuint32 node, HSAuint64 size, HsaMemFlags flags)
{
	void *address = NULL;

	assert_status(hsaKmtAllocMemory(node, size, flags, &address), SUCCESS);
	assert_non_null(address);
	return address;
}

static void release(void *address)
{
	assert_status(hsaKmtFreeMemory(address, 0), SUCCESS);
}

static void map_to(void *address, HSAuint64 size, HSAuint64 count, HSAuint32 *nodes)
{
	assert_status(hsaKmtMapMemoryToGPUNodes(address, size, NULL, no_map_flags, count, nodes), SUCCESS);
}

static void assert_mapped_to(const void *address, unsigned count, const HSAuint32 *nodes)
{
	HsaPointerInfo info;

	assert_status(hsaKmtQueryPointerInfo(address, &info), SUCCESS);
	assert_int_equal(info.NMappedNodes, count);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(info.MappedNodes[i], nodes[i]);
}

static void assert_zero(const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			fail_msg("byte %zu is %#x", i, bytes[i]);
}

static void host_memory_is_zero_each_time(void **state)
{
	static const HSAuint64 sizes[] = {PAGE, 3 * PAGE, 64 * KIB, 2 * MIB, 5 * MIB};
	struct machine *machine = *state;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (int round = 0; round < 3; round++) {
			unsigned char *address = allocate(machine->cpu, sizes[i], kernarg);
			HSAuint64 va;

			assert_zero(address, sizes[i]);
			memset(address, 0xa5, sizes[i]);
			if (round) /* freed once without and then with a mapping */
				assert_status(hsaKmtMapMemoryToGPU(address, sizes[i], &va), SUCCESS);
			assert_int_equal(address[sizes[i] - 1], 0xa5);
			release(address);
		}
	}
}

static void contents_survive_mapping_and_unmapping(void **state)
{
	struct machine *machine = *state;
	unsigned char *address = allocate(machine->cpu, 3 * MIB, kernarg);

	for (size_t i = 0; i < 3 * MIB; i += PAGE)
		address[i] = (unsigned char)(i / PAGE);
	map_to(address, 3 * MIB, 1, &machine->gpus[0]);
	map_to(address, 3 * MIB, 2, machine->gpus);
	assert_status(hsaKmtUnmapMemoryToGPU(address), SUCCESS);
	map_to(address, 3 * MIB, 1, &machine->gpus[1]);
	for (size_t i = 0; i < 3 * MIB; i += PAGE)
		assert_int_equal(address[i], (unsigned char)(i / PAGE));
	release(address);
}

static void two_gpus_share_memory_at_one_address(void **state)
{
	struct machine *machine = *state;
	char *address = allocate(machine->cpu, 128 * KIB, kernarg);
	uint64_t maps = dxgsim_ioctl_count_of("MAPGPUVIRTUALADDRESS");
	HSAuint64 va = 1;

	assert_status(hsaKmtMapMemoryToGPU(address, 128 * KIB, &va), SUCCESS);
	assert_int_equal(va, 0);
	assert_mapped_to(address, 2, machine->gpus);
	assert_int_equal(dxgsim_ioctl_count_of("MAPGPUVIRTUALADDRESS"), maps + 2);
	machine_assert_allocations(2);
	assert_int_equal(dxgsim_live_objects("device"), 2);
	release(address);
	/* host memory that belongs to a GPU's node is memory of the host all the same */
	address = allocate(machine->gpus[1], 128 * KIB, kernarg);
	address[0] = 1;
	assert_status(hsaKmtMapMemoryToGPU(address, 128 * KIB, &va), SUCCESS);
	assert_mapped_to(address, 2, machine->gpus);
	release(address);
}

static void the_list_of_the_last_map_is_the_whole_list(void **state)
{
	struct machine *machine = *state;
	HSAuint32 *gpus = machine->gpus;
	HSAuint32 twice[] = {gpus[1], gpus[0], gpus[1]};
	void *address = allocate(machine->cpu, 64 * KIB, kernarg);
	uint64_t maps;

	map_to(address, 64 * KIB, 1, &gpus[0]);
	assert_mapped_to(address, 1, &gpus[0]);
	map_to(address, 64 * KIB, 1, &gpus[1]);
	assert_mapped_to(address, 1, &gpus[1]);
	map_to(address, 64 * KIB, 3, twice);
	assert_mapped_to(address, 2, gpus);
	/* the same again asks nothing of the host */
	maps = dxgsim_message_count();
	map_to(address, 64 * KIB, 2, gpus);
	assert_int_equal(dxgsim_message_count(), maps);
	map_to(address, 64 * KIB, 1, &gpus[0]);
	assert_mapped_to(address, 1, &gpus[0]);
	release(address);
}

/* A program that touches it is told so by a fault, not by wrong contents; a system call gets EFAULT. */
static void assert_cpu_cannot_read(const void *address)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], address, 1), -1);
	assert_int_equal(errno, EFAULT);
	close(ends[0]);
	close(ends[1]);
}

static void each_gpu_has_private_memory_of_its_own(void **state)
{
	struct machine *machine = *state;

	for (unsigned i = 0; i < machine->gpu_count; i++) {
		void *small = allocate(machine->gpus[i], PAGE, coarse_vram);
		void *large = allocate(machine->gpus[i], 64 * MIB, coarse_vram);
		HSAuint32 other = machine->gpus[1 - i];
		HSAuint64 va = 1;

		assert_int_equal((uintptr_t)small % (64 * KIB), 0);
		assert_int_equal((uintptr_t)large % (2 * MIB), 0);
		assert_cpu_cannot_read(large);
		assert_status(hsaKmtMapMemoryToGPU(large, 64 * MIB, &va), SUCCESS);
		assert_int_equal(va, 0);
		assert_mapped_to(large, 1, &machine->gpus[i]);
		assert_cpu_cannot_read(large);
		map_to(small, PAGE, 1, &machine->gpus[i]);
		assert_mapped_to(small, 1, &machine->gpus[i]);
		/* no peer access between two GPUs of a WSL guest; what was mapped stays */
		assert_int_not_equal(hsaKmtMapMemoryToGPUNodes(small, PAGE, NULL, no_map_flags, 1, &other),
				     HSAKMT_STATUS_SUCCESS);
		assert_mapped_to(small, 1, &machine->gpus[i]);
		assert_status(hsaKmtUnmapMemoryToGPU(small), SUCCESS);
		assert_mapped_to(small, 0, NULL);
		release(small);
		release(large);
	}
	machine_assert_allocations(0);
}

static void the_banks_say_that_vram_is_private(void **state)
{
	struct machine *machine = *state;

	for (unsigned i = 0; i < machine->gpu_count; i++) {
		HsaMemoryProperties banks[16];
		HsaNodeProperties node;
		unsigned private = 0;

		assert_status(hsaKmtGetNodeProperties(machine->gpus[i], &node), SUCCESS);
		assert_in_range(node.NumMemoryBanks, 1, 16);
		assert_status(hsaKmtGetNodeMemoryProperties(machine->gpus[i], node.NumMemoryBanks, banks),
			      SUCCESS);
		for (HSAuint32 bank = 0; bank < node.NumMemoryBanks; bank++) {
			assert_int_not_equal(banks[bank].HeapType, HSA_HEAPTYPE_FRAME_BUFFER_PUBLIC);
			private += banks[bank].HeapType == HSA_HEAPTYPE_FRAME_BUFFER_PRIVATE;
		}
		assert_int_equal(private, 1);
	}
}

static void more_vram_than_there_is_is_no_memory_and_the_rest_stays_usable(void **state)
{
	struct machine *machine = *state;
	void *first, *second = &first;

	first = allocate(machine->gpus[0], 10 * GIB, coarse_vram);
	assert_status(hsaKmtAllocMemory(machine->gpus[0], 10 * GIB, coarse_vram, &second), NO_MEMORY);
	assert_null(second);
	assert_status(hsaKmtAllocMemory(machine->gpus[0], 100 * GIB, coarse_vram, &second), NO_MEMORY);
	second = allocate(machine->gpus[0], 1 * GIB, coarse_vram);
	release(first);
	first = allocate(machine->gpus[0], 10 * GIB, coarse_vram);
	map_to(first, 10 * GIB, 1, &machine->gpus[0]);
	release(first);
	release(second);
	machine_assert_allocations(0);
}

/* Nothing but the question is asked again: what the GPU has let go of meanwhile is not counted as used for ever. */
static void freed_vram_is_available_again(void **state)
{
	struct machine *machine = *state;
	time_t end = time(NULL) + SETTLE_SECONDS;
	HSAuint64 before, now = 0;
	void *address;

	assert_status(hsaKmtAvailableMemory(machine->gpus[0], &before), SUCCESS);
	address = allocate(machine->gpus[0], 1 * GIB, coarse_vram);
	map_to(address, 1 * GIB, 1, &machine->gpus[0]);
	release(address);
	while (now < before && time(NULL) < end) {
		assert_status(hsaKmtAvailableMemory(machine->gpus[0], &now), SUCCESS);
		sched_yield();
	}
	assert_int_equal(now, before);
}

static void a_thousand_buffers_come_and_go(void **state)
{
	static void *buffers[1000];
	struct machine *machine = *state;
	HSAuint64 va;

	for (size_t i = 0; i < 1000; i++) {
		buffers[i] = allocate(machine->cpu, PAGE << i % 3, kernarg);
		assert_status(hsaKmtMapMemoryToGPU(buffers[i], PAGE, &va), SUCCESS);
		memset(buffers[i], (int)i, PAGE << i % 3);
	}
	for (size_t i = 0; i < 1000; i += 2)
		release(buffers[i]);
	for (size_t i = 1; i < 1000; i += 2) {
		assert_int_equal(((unsigned char *)buffers[i])[(PAGE << i % 3) - 1], (unsigned char)i);
		assert_mapped_to(buffers[i], 2, machine->gpus);
		release(buffers[i]);
	}
	machine_assert_allocations(0);
}

#define OPEN(test) cmocka_unit_test_setup_teardown(test, machine_setup_open, machine_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OPEN(host_memory_is_zero_each_time),
		OPEN(contents_survive_mapping_and_unmapping),
		OPEN(two_gpus_share_memory_at_one_address),
		OPEN(the_list_of_the_last_map_is_the_whole_list),
		OPEN(each_gpu_has_private_memory_of_its_own),
		OPEN(the_banks_say_that_vram_is_private),
		OPEN(more_vram_than_there_is_is_no_memory_and_the_rest_stays_usable),
		OPEN(freed_vram_is_available_again),
		OPEN(a_thousand_buffers_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
