// SPDX-License-Identifier: MIT
/* The model host's memory segments: where allocations go, when there is no more, and that all who are told agree. */
#include "dxgsim_vidmm_guest.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "dxgsim/host/model.h"

/* 1024 MiB, of which 256 are visible; the budget is 960. */
#define SPLIT "rx6800,rebar=off,vram-mib=1024,hws=off"
#define CARD  "rx7900xtx,hws"

static void what_the_cpu_cannot_reach_is_filled_first(void **state)
{
	d3dkmt_handle first, second, third;

	(void)state;
	guest_start(SPLIT);
	first = memory_allocate(512 * MIB, VISIBLE | INVISIBLE);
	second = memory_allocate(256 * MIB, VISIBLE | INVISIBLE);
	third = memory_allocate(192 * MIB, VISIBLE | INVISIBLE);
	assert_int_equal(memory_segment(1, true), 960 * MIB);
	assert_int_equal(memory_segment(1, false), 0);
	assert_int_equal(memory_resident(first, 0), 0);
	assert_int_equal(memory_resident(second, 0), 0);
	assert_int_equal(memory_segment(1, false), 768 * MIB);
	assert_int_equal(memory_segment(0, false), 0);
	assert_int_equal(memory_resident(third, 0), 0);
	assert_int_equal(memory_segment(1, false), 768 * MIB);
	assert_int_equal(memory_segment(0, false), 192 * MIB);
	assert_int_equal(memory_segment(0, true), 192 * MIB); /* it is committed where it is */
	assert_int_equal(memory_info(SEGMENT_LOCAL).current_usage, 960 * MIB);
	memory_evict(first);
	assert_int_equal(memory_segment(1, false), 256 * MIB);
	assert_int_equal(memory_info(SEGMENT_LOCAL).current_usage, 448 * MIB);
	memory_destroy(first);
	memory_destroy(second);
	memory_destroy(third);
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(memory_segment(i, true), 0);
		assert_int_equal(memory_segment(i, false), 0);
	}
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void visible_memory_is_refused_when_the_visible_part_is_full(void **state)
{
	d3dkmt_handle first, second, either;

	(void)state;
	guest_start(SPLIT);
	first = memory_allocate(256 * MIB, VISIBLE | CPU_VISIBLE);
	second = memory_allocate(64 << 10, VISIBLE | CPU_VISIBLE);
	either = memory_allocate(64 << 10, VISIBLE | INVISIBLE | CPU_VISIBLE);
	assert_int_equal(memory_resident(first, 0), 0);
	assert_int_equal(memory_segment(0, false), 256 * MIB);
	assert_int_equal(memory_resident(second, CANT_TRIM), HOST_STATUS_NO_MEMORY);
	assert_int_equal(memory_resident(either, CANT_TRIM), HOST_STATUS_NO_MEMORY);
	assert_int_equal(memory_resident(memory_allocate(64 << 10, VISIBLE | INVISIBLE), 0), 0);
	memory_destroy(first);
	assert_int_equal(memory_resident(second, 0), 0);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void the_budget_is_the_limit_and_the_segment_is_the_last(void **state)
{
	struct host_make_resident_reply reply;
	d3dkmt_handle big, more, last;

	(void)state;
	guest_start("rx6800,vram-mib=1024");
	assert_int_equal(memory_info(SEGMENT_LOCAL).budget, 960 * MIB);
	big = memory_allocate(900 * MIB, VISIBLE);
	more = memory_allocate(100 * MIB, VISIBLE);
	last = memory_allocate(64 * MIB, VISIBLE);
	assert_int_equal(memory_resident(big, 0), 0);
	assert_int_equal(memory_resident_list(1, &more, 0, &reply), HOST_STATUS_NO_MEMORY);
	assert_int_equal(reply.num_bytes_to_trim, 40 * MIB);
	assert_int_equal(memory_resident(more, CANT_TRIM), 0);
	assert_int_equal(memory_resident_list(1, &last, CANT_TRIM, &reply), HOST_STATUS_NO_MEMORY);
	assert_int_equal(reply.num_bytes_to_trim, 40 * MIB);
	memory_evict(more);
	assert_int_equal(memory_resident(last, CANT_TRIM), 0);
	assert_int_equal(memory_info(SEGMENT_LOCAL).current_usage, 964 * MIB);
	guest_finish();
}

static void a_list_is_taken_as_a_whole_or_not_at_all(void **state)
{
	struct host_make_resident_reply reply;
	d3dkmt_handle list[4];

	(void)state;
	guest_start("rx6800,vram-mib=1024");
	list[0] = memory_allocate(400 * MIB, VISIBLE);
	list[1] = memory_allocate(300 * MIB, VISIBLE);
	list[2] = list[0]; /* its bytes count once, its residency twice */
	list[3] = memory_allocate(400 * MIB, VISIBLE);
	assert_int_equal(memory_resident_list(4, list, 0, &reply), HOST_STATUS_NO_MEMORY);
	assert_int_equal(reply.num_bytes_to_trim, 140 * MIB);
	assert_int_equal(memory_info(SEGMENT_LOCAL).current_usage, 0);
	assert_int_equal(memory_resident_list(3, list, 0, &reply), 0);
	assert_int_equal(memory_info(SEGMENT_LOCAL).current_usage, 700 * MIB);
	memory_evict(list[0]);
	assert_int_equal(memory_info(SEGMENT_LOCAL).current_usage, 700 * MIB);
	memory_evict(list[0]);
	assert_int_equal(memory_info(SEGMENT_LOCAL).current_usage, 300 * MIB);
	assert_int_equal(guest_misuse(), 0);
	memory_evict(list[0]);
	assert_int_equal(guest_misuse(), 1);
	guest_finish();
}

static void an_apu_falls_back_to_shared_memory(void **state)
{
	uint64_t carve_out, before;
	d3dkmt_handle big, first;

	(void)state;
	guest_start("radeon680m");
	carve_out = memory_info(SEGMENT_LOCAL).budget;
	before = memory_info(SEGMENT_NON_LOCAL).current_usage; /* what the guest has supplied */
	first = memory_allocate(carve_out, VISIBLE | CACHED);
	big = memory_allocate(64 * MIB, VISIBLE | CACHED);
	assert_int_equal(memory_resident(first, 0), 0);
	assert_int_equal(memory_info(SEGMENT_LOCAL).current_usage, carve_out);
	assert_int_equal(memory_resident(big, 0), 0);
	assert_int_equal(memory_info(SEGMENT_LOCAL).current_usage, carve_out);
	assert_int_equal(memory_info(SEGMENT_NON_LOCAL).current_usage, before + 64 * MIB);
	assert_int_equal(memory_segment(1, false), before + 64 * MIB);
	/* and comes back when there is room again */
	memory_destroy(first);
	memory_evict(big);
	assert_int_equal(memory_resident(big, 0), 0);
	assert_int_equal(memory_info(SEGMENT_LOCAL).current_usage, 64 * MIB);
	assert_int_equal(memory_info(SEGMENT_NON_LOCAL).current_usage, before);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void memory_of_the_program_does_not_count_as_vram(void **state)
{
	struct host_query_video_memory_info_reply before, after;
	void *memory = mmap(NULL, 4 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	d3dkmt_handle allocation;

	(void)state;
	assert_ptr_not_equal(memory, MAP_FAILED);
	guest_start(CARD);
	before = memory_info(SEGMENT_NON_LOCAL);
	allocation = memory_supply(memory, 4 * MIB);
	assert_int_not_equal(allocation, 0);
	assert_int_equal(memory_resident(allocation, 0), 0);
	after = memory_info(SEGMENT_NON_LOCAL);
	assert_int_equal(after.current_usage, before.current_usage + 4 * MIB);
	assert_int_equal(memory_info(SEGMENT_LOCAL).current_usage, 0);
	guest_finish();
	munmap(memory, 4 * MIB);
}

#define CHUNKS 100u
#define CHUNK  (2 * GIB)
#define FAR    0x10000000000ull

/* 256 GiB of VRAM on a machine that has far less memory. */
static void vram_may_be_larger_than_ram(void **state)
{
	struct host_make_resident_reply reply;
	d3dkmt_handle chunks[CHUNKS];
	struct guest_queue queue;
	struct stat before, after;
	uint64_t last = FAR + (uint64_t)CHUNKS * CHUNK - 4;
	const struct host_config *config;

	(void)state;
	guest_start(CARD ",vram-mib=262144");
	config = host_model_ops.config(guest.model);
	guest_queue(&queue);
	assert_int_equal(memory_info(SEGMENT_LOCAL).budget, 240 * GIB);
	for (uint32_t i = 0; i < CHUNKS; i++) {
		chunks[i] = memory_allocate(CHUNK, VISIBLE);
		assert_int_not_equal(chunks[i], 0);
	}
	assert_int_equal(memory_resident_list(CHUNKS, chunks, 0, &reply), 0);
	assert_int_equal(memory_info(SEGMENT_LOCAL).current_usage, 200 * GIB);
	for (uint32_t i = 0; i < CHUNKS; i++)
		assert_int_equal(memory_map(chunks[i], FAR + (uint64_t)i * CHUNK, CHUNK,
					    D3DDDIGPUVA_PROTECTION_TYPE_WRITE),
				 0);
	assert_int_equal(fstat(config->io_fd, &before), 0);
	memory_write(&queue, last, 7);
	memory_write(&queue, FAR, 8);
	assert_int_equal(fstat(config->io_fd, &after), 0);
	/* no more than what was touched */
	assert_in_range((after.st_blocks - before.st_blocks) * 512, 1, 256 << 10);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_cpu_cannot_reach_is_filled_first),
		cmocka_unit_test(visible_memory_is_refused_when_the_visible_part_is_full),
		cmocka_unit_test(the_budget_is_the_limit_and_the_segment_is_the_last),
		cmocka_unit_test(a_list_is_taken_as_a_whole_or_not_at_all),
		cmocka_unit_test(an_apu_falls_back_to_shared_memory),
		cmocka_unit_test(memory_of_the_program_does_not_count_as_vram),
		cmocka_unit_test(vram_may_be_larger_than_ram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
