// SPDX-License-Identifier: MIT
#include "dxgsim_vidmm_guest.h"

#include <string.h>
#include <sys/mman.h>

#include "dxgsim/host/model.h"

static void put32(uint8_t *to, uint32_t offset, uint32_t value)
{
	memcpy(to + offset, &value, sizeof(value));
}

static d3dkmt_handle create(uint64_t size, uint32_t flags, uint32_t create_flags)
{
	uint8_t resource[0x40] = {0}, data[0x218] = {0}, back[0x218 + HOST_REPLY_SLACK] = {0};
	struct host_allocation_request request = {
		.vidpn_source_id = UINT32_MAX, .private_data = data, .private_data_size = sizeof(data)};
	struct host_allocation_reply reply = {.private_data = back};
	struct host_create_allocation create = {
		.device = guest.device,
		.flags = create_flags,
		.resource_private_data = resource,
		.resource_private_data_size = sizeof(resource),
		.allocation_count = 1,
		.allocations = &request,
	};
	struct host_create_allocation_reply answer = {.allocations = &reply};
	static const uint8_t order[] = {2, 1, 4}; /* invisible, visible, cached system memory */
	uint32_t heaps = 0;

	put32(resource, 0x08, 0x80);
	put32(resource, 0x3c, 0x218);
	put32(data, 0x00, 0x1d8);
	put32(data, 0x3c, 1);
	put32(data, 0x40, 0x1d8);
	put32(data, 0x44, 1);
	put32(data, 0x48, 0x80);
	put32(data, 0x50, flags);
	put32(data, 0x54, (uint32_t)size);
	put32(data, 0x58, 0x1000);
	for (uint32_t i = 0; i < sizeof(order); i++) {
		if (flags & 1u << (order[i] - 1))
			data[0x60 + heaps++] = order[i];
	}
	put32(data, 0x5c, heaps);
	memcpy(data + 0xa8, &size, sizeof(size));
	put32(data, 0xf0, 0xc4);
	put32(data, 0x104, 0x114);
	return guest_send(HOST_CREATEALLOCATION, &create, &answer) ? 0 : reply.allocation;
}

d3dkmt_handle memory_allocate(uint64_t size, uint32_t flags)
{
	return create(size, flags, 0);
}

d3dkmt_handle memory_supply(void *memory, uint64_t size)
{
	uint64_t pages[256];
	struct host_set_sysmem_pages request = {.device = guest.device, .pages = pages};
	int32_t status = 0;

	request.allocation = create(size, CACHED | SUPPLIED, D3DKMT_CREATEALLOCATIONFLAGS_EXISTING_SYSMEM);
	assert_int_not_equal(request.allocation, 0);
	for (uint32_t first = 0; !status && first < size / HOST_PAGE_SIZE; first += 256) {
		request.first_page = first;
		request.page_count = 0;
		while (request.page_count < 256 && first + request.page_count < size / HOST_PAGE_SIZE) {
			pages[request.page_count] = (uint64_t)(uintptr_t)memory +
						    (uint64_t)(first + request.page_count) * HOST_PAGE_SIZE;
			request.page_count++;
		}
		status = guest_send(HOST_SETEXISTINGSYSMEMPAGES, &request, NULL);
	}
	if (!status)
		return request.allocation;
	assert_int_equal(status, HOST_STATUS_NO_MEMORY);
	memory_destroy(request.allocation);
	return 0;
}

void memory_destroy(d3dkmt_handle allocation)
{
	struct host_destroy_allocation request = {
		.device = guest.device, .allocation_count = 1, .allocations = &allocation};

	assert_int_equal(guest_send(HOST_DESTROYALLOCATION, &request, NULL), 0);
}

int32_t memory_resident_list(uint32_t count, const d3dkmt_handle *allocations, uint32_t flags,
			     struct host_make_resident_reply *reply)
{
	struct host_make_resident request = {.device = guest.device,
					     .paging_queue = guest.paging_queue,
					     .flags = flags,
					     .allocation_count = count,
					     .allocations = allocations};

	*reply = (struct host_make_resident_reply){0};
	return guest_send(HOST_MAKERESIDENT, &request, reply);
}

int32_t memory_resident(d3dkmt_handle allocation, uint32_t flags)
{
	struct host_make_resident_reply reply;

	return memory_resident_list(1, &allocation, flags, &reply);
}

void memory_evict(d3dkmt_handle allocation)
{
	struct host_evict request = {
		.device = guest.device, .allocation_count = 1, .allocations = &allocation};
	struct host_evict_reply reply = {0};

	assert_int_equal(guest_send(HOST_EVICT, &request, &reply), 0);
}

int32_t memory_map(d3dkmt_handle allocation, uint64_t va, uint64_t size, uint64_t protection)
{
	struct host_map_gpu_va request = {
		.device = guest.device,
		.args = {.paging_queue = guest.paging_queue,
			 .allocation = allocation,
			 .base_address = va,
			 .size_in_pages = size / HOST_PAGE_SIZE,
			 .protection = protection},
	};
	struct host_map_gpu_va_reply reply = {0};

	return guest_send(HOST_MAPGPUVIRTUALADDRESS, &request, &reply);
}

d3dkmt_handle memory_at(uint64_t va, uint64_t size, uint32_t flags)
{
	d3dkmt_handle allocation = memory_allocate(size, flags);

	assert_int_not_equal(allocation, 0);
	assert_true(memory_resident(allocation, CANT_TRIM) >= 0);
	assert_true(memory_map(allocation, va, size, D3DDDIGPUVA_PROTECTION_TYPE_WRITE) >= 0);
	return allocation;
}

int32_t memory_unmap(uint64_t va, uint64_t size)
{
	struct host_free_gpu_va request = {.args = {.base_address = va, .size = size}};

	return guest_send(HOST_FREEGPUVIRTUALADDRESS, &request, NULL);
}

/* ---- CPU access ---- */

int32_t memory_lock(d3dkmt_handle allocation, uint64_t *address)
{
	struct host_lock request = {.args = {.device = guest.device, .allocation = allocation}};
	struct host_lock_reply reply = {0};
	int32_t status = guest_send(HOST_LOCK2, &request, &reply);

	*address = reply.address;
	return status;
}

int32_t memory_unlock(d3dkmt_handle allocation)
{
	struct host_unlock request = {.device = guest.device, .allocation = allocation};

	return guest_send(HOST_UNLOCK2, &request, NULL);
}

static uint32_t *page_at(uint64_t address)
{
	const struct host_config *config = host_model_ops.config(guest.model);
	uint64_t offset = address - config->io_base;
	void *page = mmap(NULL, HOST_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, config->io_fd,
			  (off_t)(offset & ~(uint64_t)(HOST_PAGE_SIZE - 1)));

	assert_ptr_not_equal(page, MAP_FAILED);
	return page;
}

uint32_t memory_peek(uint64_t address)
{
	uint32_t *page = page_at(address);
	uint32_t value = __atomic_load_n(page + address % HOST_PAGE_SIZE / 4, __ATOMIC_ACQUIRE);

	munmap(page, HOST_PAGE_SIZE);
	return value;
}

void memory_poke(uint64_t address, uint32_t value)
{
	uint32_t *page = page_at(address);

	__atomic_store_n(page + address % HOST_PAGE_SIZE / 4, value, __ATOMIC_RELEASE);
	munmap(page, HOST_PAGE_SIZE);
}

/* ---- offers ---- */

int32_t memory_offer(d3dkmt_handle allocation, int32_t priority)
{
	struct host_offer_allocations request = {.device = guest.device,
						 .priority = priority,
						 .allocation_count = 1,
						 .allocations = &allocation};

	return guest_send(HOST_OFFERALLOCATIONS, &request, NULL);
}

int32_t memory_reclaim(d3dkmt_handle allocation, uint32_t *result)
{
	struct host_reclaim_allocations request = {.device = guest.device,
						   .paging_queue = guest.paging_queue,
						   .write_results = true,
						   .allocation_count = 1,
						   .allocations = &allocation};
	struct host_reclaim_allocations_reply reply = {.results = result};

	*result = 0;
	return guest_send(HOST_RECLAIMALLOCATIONS, &request, &reply);
}

/* ---- looking ---- */

struct host_query_video_memory_info_reply memory_info(enum segment_group group)
{
	struct host_query_video_memory_info request = {.memory_segment_group = group};
	struct host_query_video_memory_info_reply reply = {0};

	assert_int_equal(guest_send(HOST_QUERYVIDEOMEMORYINFO, &request, &reply), 0);
	return reply;
}

uint64_t memory_segment(uint32_t segment, bool committed)
{
	struct host_query_statistics request = {
		.args = {.type = D3DKMT_QUERYSTATISTICS_SEGMENT, .selector = segment}};
	struct host_query_statistics_reply reply;
	uint64_t value;

	memset(&reply, 0, sizeof(reply));
	assert_int_equal(guest_send(HOST_QUERYSTATISTICS, &request, &reply), 0);
	memcpy(&value, reply.result.size + (committed ? 8 : 16), sizeof(value));
	return value;
}

struct arena_paging memory_paging(void)
{
	struct arena_paging paging;

	assert_true(host_model_paging(guest.model, 0, &paging));
	return paging;
}

/* ---- the GPU ---- */

void memory_write(struct guest_queue *queue, uint64_t va, uint32_t value)
{
	uint32_t bytes;
	uint64_t commands;

	guest.used = 0;
	commands = guest_write(va, value, &bytes);
	assert_int_equal(guest_submit_hw(queue, commands, bytes), 0);
	assert_true(guest_wait(queue->progress, queue->last));
	assert_int_equal(guest_state(), D3DKMT_DEVICEEXECUTION_ACTIVE);
}

void memory_write_faults(struct guest_queue *queue, uint64_t va, const char *why)
{
	uint32_t bytes;
	uint64_t commands;

	guest_misuse();
	guest.used = 0;
	commands = guest_write(va, 1, &bytes);
	assert_int_equal(guest_submit_hw(queue, commands, bytes), 0);
	assert_int_equal(guest_lost_state(), D3DKMT_DEVICEEXECUTION_ERROR_DMAPAGEFAULT);
	assert_true(guest_page_fault().faulted_virtual_address == (va & ~(uint64_t)(HOST_PAGE_SIZE - 1)));
	if (!guest_reported(why)) {
		char text[1024];

		report_copy_text(text, sizeof(text));
		fail_msg("'%s' is not in: %s", why, text);
	}
	assert_int_equal(guest_misuse(), 1);
}
