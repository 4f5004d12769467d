// SPDX-License-Identifier: MIT
/* Who may reach which memory of the model host: locks, pinned pages, page tables, and what is gone or offered. */
#include "dxgsim_vidmm_guest.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define CARD  "rx7900xtx,hws"
#define SMALL (64ull << 10)
#define VA    0x10000000000ull
#define WRITE D3DDDIGPUVA_PROTECTION_TYPE_WRITE

static struct arena *arena;
static int arena_fd;
static char arena_name[64];

/* A VM of which this process is the only one: place in VRAM is counted. */
static int setup(void **state)
{
	(void)state;
	if (arena_create(GUEST_MACHINE, &arena, &arena_fd))
		return -1;
	snprintf(arena_name, sizeof(arena_name), "/proc/%d/fd/%d", (int)getpid(), arena_fd);
	guest_arena_path = arena_name;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_close(arena);
	close(arena_fd);
	return 0;
}

/* ---- locks ---- */

static void only_what_the_cpu_can_see_is_locked(void **state)
{
	uint64_t address, again;
	d3dkmt_handle visible;

	(void)state;
	guest_start("rx6800,rebar=off");
	assert_int_not_equal(memory_lock(memory_allocate(SMALL, VISIBLE), &address), 0);
	assert_int_not_equal(memory_lock(memory_allocate(SMALL, INVISIBLE), &address), 0);
	assert_int_not_equal(memory_lock(memory_allocate(SMALL, INVISIBLE | CPU_VISIBLE), &address), 0);
	assert_int_equal(memory_lock(memory_allocate(SMALL, CACHED | CPU_VISIBLE), &address), 0);
	visible = memory_allocate(SMALL, VISIBLE | CPU_VISIBLE);
	assert_int_equal(memory_lock(visible, &address), 0);
	assert_int_equal(memory_lock(visible, &again), 0);
	assert_int_equal(address, again);
	assert_int_equal(memory_unlock(visible), 0);
	assert_int_equal(memory_unlock(visible), 0);
	assert_int_not_equal(memory_unlock(visible), 0);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void vram_that_was_mapped_is_not_locked_any_more(void **state)
{
	d3dkmt_handle allocation, system;
	uint64_t address;

	(void)state;
	guest_start(CARD ",lock-after-map=refused");
	allocation = memory_at(VA, SMALL, VISIBLE | CPU_VISIBLE);
	system = memory_at(VA + SMALL, SMALL, CACHED | CPU_VISIBLE);
	assert_int_not_equal(memory_lock(allocation, &address), 0);
	assert_int_equal(memory_lock(system, &address), 0);
	assert_int_equal(memory_unmap(VA, SMALL), 0);
	assert_int_not_equal(memory_lock(allocation, &address), 0);
	/* locked before, it stays so */
	allocation = memory_allocate(SMALL, VISIBLE | CPU_VISIBLE);
	assert_int_equal(memory_lock(allocation, &address), 0);
	assert_int_equal(memory_map(allocation, VA, SMALL, WRITE), 0);
	assert_int_equal(memory_lock(allocation, &address), 0);
	guest_finish();
	guest_start(CARD ",lock-after-map=allowed");
	assert_int_equal(memory_lock(memory_at(VA, SMALL, VISIBLE | CPU_VISIBLE), &address), 0);
	guest_finish();
}

static void a_host_may_refuse_every_lock(void **state)
{
	uint64_t address;

	(void)state;
	guest_start(CARD ",lock=refused");
	assert_int_not_equal(memory_lock(memory_allocate(SMALL, VISIBLE | CPU_VISIBLE), &address), 0);
	assert_int_not_equal(memory_lock(memory_allocate(SMALL, CACHED | CPU_VISIBLE), &address), 0);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void the_window_runs_out_and_nothing_is_lost(void **state)
{
	d3dkmt_handle first, second, third;
	uint64_t address;

	(void)state;
	guest_start(CARD ",io-window-mib=64");
	first = memory_allocate(48 * MIB, VISIBLE | CPU_VISIBLE);
	second = memory_allocate(17 * MIB, VISIBLE | CPU_VISIBLE);
	third = memory_allocate(16 * MIB, VISIBLE | CPU_VISIBLE);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(memory_lock(first, &address), 0);
		assert_int_equal(memory_lock(second, &address), HOST_STATUS_NO_MEMORY);
		assert_int_equal(memory_lock(third, &address), 0);
		assert_int_equal(memory_lock(first, &address), 0); /* it has its part already */
		assert_int_equal(memory_unlock(first), 0);
		assert_int_equal(memory_lock(second, &address), HOST_STATUS_NO_MEMORY);
		assert_int_equal(memory_unlock(first), 0);
		assert_int_equal(memory_lock(second, &address), 0);
		assert_int_equal(memory_unlock(second), 0);
		assert_int_equal(memory_unlock(third), 0);
	}
	assert_int_equal(memory_lock(first, &address), 0);
	memory_destroy(first); /* a lock does not outlive it */
	assert_int_equal(guest_misuse(), 1);
	assert_int_equal(memory_lock(second, &address), 0);
	guest_finish();
}

static void cpu_and_gpu_see_the_same_bytes(void **state)
{
	struct guest_queue queue;
	d3dkmt_handle allocation;
	uint64_t address, commands;
	uint32_t bytes;

	(void)state;
	guest_start(CARD);
	guest_queue(&queue);
	allocation = memory_allocate(SMALL, VISIBLE | CPU_VISIBLE);
	assert_int_equal(memory_lock(allocation, &address), 0);
	assert_int_equal(memory_peek(address), 0);
	assert_int_equal(memory_resident(allocation, 0), 0);
	assert_int_equal(memory_map(allocation, VA, SMALL, WRITE), 0);
	memory_write(&queue, VA + 4096, 0x1234);
	assert_int_equal(memory_peek(address + 4096), 0x1234);
	commands = guest_wait_memory(VA + 8192, 0x5678, &bytes);
	assert_int_equal(guest_submit_hw(&queue, commands, bytes), 0);
	memory_poke(address + 8192, 0x5678);
	assert_true(guest_wait(queue.progress, queue.last));
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

/* ---- pinned pages ---- */

static void pinned_memory_is_limited(void **state)
{
	uint8_t *memory = mmap(NULL, 8 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	d3dkmt_handle first, second;

	(void)state;
	assert_ptr_not_equal(memory, MAP_FAILED);
	guest_start(CARD ",pin-mib=8"); /* 64 KiB of it are the guest's already */
	assert_int_equal(memory_supply(memory, 8 * MIB), 0);
	first = memory_supply(memory, 4 * MIB);
	assert_int_not_equal(first, 0);
	assert_int_equal(memory_supply(memory + 4 * MIB, 4 * MIB), 0);
	second = memory_supply(memory + 4 * MIB, 3 * MIB);
	assert_int_not_equal(second, 0);
	memory_destroy(first);
	assert_int_not_equal(memory_supply(memory, 4 * MIB), 0);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
	munmap(memory, 8 * MIB);
}

/* ---- page tables ---- */

static void a_mapping_in_a_reservation_is_replaced(void **state)
{
	struct host_reserve_gpu_va request = {.args = {.base_address = VA, .size = 4 * SMALL}};
	struct host_reserve_gpu_va_reply reply = {0};
	d3dkmt_handle first, second;
	uint64_t one, two;
	struct guest_queue queue;

	(void)state;
	guest_start(CARD);
	guest_queue(&queue);
	first = memory_allocate(2 * SMALL, VISIBLE | CPU_VISIBLE);
	second = memory_allocate(SMALL, VISIBLE | CPU_VISIBLE);
	assert_int_equal(memory_lock(first, &one), 0);
	assert_int_equal(memory_lock(second, &two), 0);
	assert_int_equal(memory_resident(first, 0), 0);
	assert_int_equal(memory_resident(second, 0), 0);
	guest_send(HOST_RESERVEGPUVIRTUALADDRESS, &request, &reply);
	assert_int_equal(reply.virtual_address, VA);
	assert_int_equal(memory_map(first, VA + SMALL, 2 * SMALL, WRITE), 0);
	memory_write(&queue, VA + SMALL, 1);
	assert_int_equal(memory_map(second, VA + SMALL, SMALL, WRITE), 0);
	memory_write(&queue, VA + SMALL, 2);
	memory_write(&queue, VA + 2 * SMALL, 3);
	assert_int_equal(memory_peek(one), 1);
	assert_int_equal(memory_peek(one + SMALL), 3);
	assert_int_equal(memory_peek(two), 2);
	/* without a reservation only where nothing is */
	assert_int_equal(memory_map(first, VA + 8 * SMALL, SMALL, WRITE), 0);
	assert_int_equal(memory_map(second, VA + 8 * SMALL, SMALL, WRITE), HOST_STATUS_NO_MEMORY);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void what_is_mapped_to_be_read_is_not_written(void **state)
{
	struct guest_queue queue;
	d3dkmt_handle allocation;
	uint64_t address;

	(void)state;
	guest_start(CARD);
	guest_queue(&queue);
	allocation = memory_allocate(SMALL, VISIBLE | CPU_VISIBLE);
	assert_int_equal(memory_lock(allocation, &address), 0);
	assert_int_equal(memory_resident(allocation, 0), 0);
	assert_int_equal(memory_map(allocation, VA, SMALL, 0), 0);
	memory_write_faults(&queue, VA, "page fault");
	assert_int_equal(memory_peek(address), 0);
	guest_finish();
}

/* ---- what is gone ---- */

static void freed_memory_is_out_of_reach(void **state)
{
	struct guest_queue queue;

	(void)state;
	guest_start(CARD);
	guest_queue(&queue);
	memory_destroy(memory_at(VA, SMALL, VISIBLE));
	memory_write_faults(&queue, VA, "its allocation was destroyed");
	guest_finish();
	guest_start(CARD);
	guest_queue(&queue);
	memory_at(VA, SMALL, VISIBLE);
	assert_int_equal(memory_unmap(VA, SMALL), 0);
	memory_write_faults(&queue, VA, "the address was freed");
	guest_finish();
}

static void memory_that_is_not_resident_is_out_of_reach(void **state)
{
	struct guest_queue queue;
	d3dkmt_handle allocation;

	(void)state;
	guest_start(CARD);
	guest_queue(&queue);
	allocation = memory_at(VA, SMALL, VISIBLE);
	memory_write(&queue, VA, 1);
	memory_evict(allocation);
	memory_write_faults(&queue, VA, "it was evicted");
	guest_finish();
	guest_start(CARD);
	guest_queue(&queue);
	allocation = memory_allocate(SMALL, VISIBLE);
	assert_int_equal(memory_map(allocation, VA, SMALL, WRITE), 0);
	memory_write_faults(&queue, VA, "it was never made resident");
	guest_finish();
}

/* The program may do with them what it likes. */
static void pages_given_back_are_not_touched(void **state)
{
	uint32_t *memory = mmap(NULL, SMALL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct guest_queue queue;
	d3dkmt_handle allocation;

	(void)state;
	assert_ptr_not_equal(memory, MAP_FAILED);
	guest_start(CARD);
	guest_queue(&queue);
	allocation = memory_supply(memory, SMALL);
	assert_int_equal(memory_resident(allocation, 0), 0);
	assert_int_equal(memory_map(allocation, VA, SMALL, WRITE), 0);
	memory_write(&queue, VA, 1);
	assert_int_equal(*memory, 1);
	memory_destroy(allocation);
	memory_write_faults(&queue, VA, "its allocation was destroyed");
	assert_int_equal(*memory, 1);
	guest_finish();
	munmap(memory, SMALL);
}

static void fresh_vram_is_zero(void **state)
{
	struct guest_queue queue;
	d3dkmt_handle allocation;
	uint64_t address, before;

	(void)state;
	guest_start(CARD);
	guest_queue(&queue);
	allocation = memory_allocate(SMALL, VISIBLE | CPU_VISIBLE);
	assert_int_equal(memory_lock(allocation, &before), 0);
	memory_poke(before + 4096, 0xdead);
	assert_int_equal(memory_unlock(allocation), 0);
	memory_destroy(allocation);
	allocation = memory_allocate(SMALL, VISIBLE | CPU_VISIBLE);
	assert_int_equal(memory_lock(allocation, &address), 0);
	assert_int_equal(memory_peek(address + 4096), 0);
	assert_int_equal(memory_peek(before + 4096), 0);
	guest_finish();
}

/* ---- offers ---- */

static void offered_memory_is_not_used_and_comes_back(void **state)
{
	struct guest_queue queue;
	d3dkmt_handle allocation;
	uint64_t address;
	uint32_t result;

	(void)state;
	guest_start(CARD ",lock-after-map=allowed");
	guest_queue(&queue);
	allocation = memory_at(VA, SMALL, VISIBLE | CPU_VISIBLE);
	memory_write(&queue, VA, 7);
	assert_int_equal(memory_offer(allocation, D3DKMT_OFFER_PRIORITY_NORMAL), 0);
	assert_int_equal(memory_info(SEGMENT_LOCAL).current_usage, 0);
	assert_int_equal(guest_misuse(), 0);
	assert_int_not_equal(memory_resident(allocation, 0), 0);
	assert_int_equal(guest_misuse(), 1);
	assert_int_not_equal(memory_lock(allocation, &address), 0);
	assert_int_equal(guest_misuse(), 1);
	assert_int_not_equal(memory_offer(allocation, D3DKMT_OFFER_PRIORITY_NORMAL), 0);
	assert_int_equal(guest_misuse(), 1);
	assert_int_equal(memory_reclaim(allocation, &result), 0);
	assert_int_equal(result, D3DDDI_RECLAIM_RESULT_OK);
	assert_int_equal(memory_info(SEGMENT_LOCAL).current_usage, SMALL);
	assert_int_not_equal(memory_reclaim(allocation, &result), 0);
	assert_int_equal(guest_misuse(), 1);
	assert_int_equal(memory_lock(allocation, &address), 0);
	assert_int_equal(memory_peek(address), 7);
	assert_int_equal(memory_unlock(allocation), 0);
	assert_int_equal(memory_offer(allocation, D3DKMT_OFFER_PRIORITY_NORMAL), 0);
	memory_write_faults(&queue, VA, "it is offered");
	memory_destroy(allocation);
	assert_int_equal(memory_segment(0, false), 0);
	guest_finish();
}

static void offered_memory_makes_room_for_its_own_process(void **state)
{
	d3dkmt_handle offered, kept, big;
	uint32_t result;

	(void)state;
	guest_start(CARD ",vram-mib=1024");
	offered = memory_at(VA, 300 * MIB, VISIBLE);
	kept = memory_at(VA + GIB, 200 * MIB, VISIBLE);
	assert_int_equal(memory_offer(offered, D3DKMT_OFFER_PRIORITY_LOW), 0);
	assert_int_equal(memory_offer(kept, D3DKMT_OFFER_PRIORITY_HIGH), 0);
	big = memory_at(VA + 2 * GIB, 700 * MIB, VISIBLE);
	assert_int_equal(memory_segment(0, false), 700 * MIB);
	/* 176 MiB were lacking; an allocation goes as a whole, and gives the rest back */
	assert_int_equal(memory_reclaim(kept, &result), 0);
	assert_int_equal(result, D3DDDI_RECLAIM_RESULT_OK);
	assert_int_equal(memory_reclaim(offered, &result), 0);
	assert_int_equal(result, D3DDDI_RECLAIM_RESULT_NOT_COMMITTED); /* 1200 MiB are too much */
	memory_destroy(big);
	assert_int_equal(memory_reclaim(offered, &result), 0);
	assert_int_equal(result, D3DDDI_RECLAIM_RESULT_DISCARDED);
	assert_int_equal(memory_info(SEGMENT_LOCAL).current_usage, 500 * MIB);
	assert_int_equal(memory_paging().adapter_out, 0);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void a_host_may_discard_at_once(void **state)
{
	d3dkmt_handle allocation;
	uint32_t result;

	(void)state;
	guest_start(CARD ",offers=discarded");
	allocation = memory_at(VA, SMALL, VISIBLE);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(memory_offer(allocation, D3DKMT_OFFER_PRIORITY_HIGH), 0);
		assert_int_equal(memory_reclaim(allocation, &result), 0);
		assert_int_equal(result, D3DDDI_RECLAIM_RESULT_DISCARDED);
		assert_int_equal(memory_info(SEGMENT_LOCAL).current_usage, SMALL);
	}
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void what_is_not_simulated_is_refused(void **state)
{
	struct host_update_alloc_property request = {.args = {.property_mask_value = 1}};
	struct host_update_alloc_property_reply reply = {0};

	(void)state;
	guest_start(CARD);
	request.args.paging_queue = guest.paging_queue;
	request.args.allocation = memory_allocate(SMALL, VISIBLE);
	assert_int_equal(guest_send(HOST_UPDATEALLOCPROPERTY, &request, &reply), HOST_STATUS_NOT_SUPPORTED);
	assert_int_equal(reply.paging_fence_value, 0);
	assert_int_equal(guest_send(HOST_UPDATEGPUVIRTUALADDRESS, NULL, NULL), HOST_STATUS_NOT_SUPPORTED);
	guest_finish();
}

static void residency_is_told(void **state)
{
	d3dkmt_handle list[3];
	uint32_t residency[3] = {0};
	struct host_query_residency request = {.allocation_count = 3, .allocations = list};
	struct host_query_residency_reply reply = {.residency = residency};

	(void)state;
	guest_start(CARD);
	list[0] = memory_at(VA, SMALL, VISIBLE);
	list[1] = memory_at(VA + SMALL, SMALL, CACHED);
	list[2] = memory_allocate(SMALL, VISIBLE);
	request.device = guest.device;
	assert_int_equal(guest_send(HOST_QUERYALLOCATIONRESIDENCY, &request, &reply), 0);
	assert_int_equal(residency[0], D3DKMT_ALLOCATIONRESIDENCYSTATUS_RESIDENTINGPUMEMORY);
	assert_int_equal(residency[1], D3DKMT_ALLOCATIONRESIDENCYSTATUS_RESIDENTINSHAREDMEMORY);
	assert_int_equal(residency[2], D3DKMT_ALLOCATIONRESIDENCYSTATUS_NOTRESIDENT);
	assert_int_equal(memory_offer(list[0], D3DKMT_OFFER_PRIORITY_HIGH), 0);
	assert_int_equal(guest_send(HOST_QUERYALLOCATIONRESIDENCY, &request, &reply), 0);
	assert_int_equal(residency[0], D3DKMT_ALLOCATIONRESIDENCYSTATUS_NOTRESIDENT);
	guest_finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_the_cpu_can_see_is_locked),
		cmocka_unit_test(vram_that_was_mapped_is_not_locked_any_more),
		cmocka_unit_test(a_host_may_refuse_every_lock),
		cmocka_unit_test(the_window_runs_out_and_nothing_is_lost),
		cmocka_unit_test(cpu_and_gpu_see_the_same_bytes),
		cmocka_unit_test(pinned_memory_is_limited),
		cmocka_unit_test(a_mapping_in_a_reservation_is_replaced),
		cmocka_unit_test(what_is_mapped_to_be_read_is_not_written),
		cmocka_unit_test(freed_memory_is_out_of_reach),
		cmocka_unit_test(memory_that_is_not_resident_is_out_of_reach),
		cmocka_unit_test(pages_given_back_are_not_touched),
		cmocka_unit_test(fresh_vram_is_zero),
		cmocka_unit_test(offered_memory_is_not_used_and_comes_back),
		cmocka_unit_test(offered_memory_makes_room_for_its_own_process),
		cmocka_unit_test(a_host_may_discard_at_once),
		cmocka_unit_test(what_is_not_simulated_is_refused),
		cmocka_unit_test(residency_is_told),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
