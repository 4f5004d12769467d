// SPDX-License-Identifier: MIT
/*
 * Requests to reserve, map and free GPU virtual addresses. Public source of the rules: Microsoft,
 * D3DDDI_RESERVEGPUVIRTUALADDRESS, D3DDDI_MAPGPUVIRTUALADDRESS, D3DKMTFreeGpuVirtualAddress.
 */
#include "dxgsim/host/types.h"

#define KNOWN_PROTECTION                                                           \
	(D3DDDIGPUVA_PROTECTION_TYPE_WRITE | D3DDDIGPUVA_PROTECTION_TYPE_EXECUTE | \
	 D3DDDIGPUVA_PROTECTION_TYPE_ZERO | D3DDDIGPUVA_PROTECTION_TYPE_NO_ACCESS)

static bool limits(const struct fixture *fixture, uint64_t minimum, uint64_t maximum, uint64_t *low,
		   uint64_t *high)
{
	*low = minimum > fixture->va_start ? minimum : fixture->va_start;
	*high = maximum && maximum < fixture->va_end ? maximum : fixture->va_end;
	return *low < *high;
}

void host_reserve_gpu_va(struct host_call *call)
{
	const struct d3dddi_reservegpuvirtualaddress *args = &call->m->request.reserve_gpu_va->args;
	const struct fixture *fixture = call->adapter->fixture;
	struct va_space *va = &call->process->use[call->adapter->index].va;
	uint64_t low, high, start;
	struct va_range range = {.state = VA_RESERVED};

	/* no status: address 0 is the refusal */
	if (!args->size || args->size % BIG_PAGE || args->base_address % BIG_PAGE ||
	    args->minimum_address % BIG_PAGE) {
		report_misuse("%s: base 0x%llx, minimum 0x%llx and size 0x%llx must be multiples of 64 KiB",
			      call->name, (unsigned long long)args->base_address,
			      (unsigned long long)args->minimum_address, (unsigned long long)args->size);
		return;
	}
	if (args->reservation_type > D3DDDIGPUVA_RESERVE_NO_COMMIT) {
		report_misuse("%s: reservation type %u", call->name, args->reservation_type);
		return;
	}
	if (!limits(fixture, args->minimum_address, args->maximum_address, &low, &high))
		return;
	if (args->base_address) {
		start = args->base_address;
		if (start < low || start >= high || args->size > high - start ||
		    !va_is_free(va, start, start + args->size))
			return;
	} else if (!va_find_free(va, low, high, args->size, BIG_PAGE, &start)) {
		return;
	}
	range.start = range.reservation = start;
	range.end = start + args->size;
	range.state = args->reservation_type == D3DDDIGPUVA_RESERVE_ZERO ? VA_ZERO : VA_RESERVED;
	range.driver_protection = args->driver_protection;
	if (va_put(va, &range))
		return;
	call->m->reply.reserve_gpu_va->virtual_address = start;
}

static struct host_allocation *map_arguments(struct host_call *call, struct host_device *device, bool *ok)
{
	const struct d3dddi_mapgpuvirtualaddress *args = &call->m->request.map_gpu_va->args;
	bool empty =
		args->protection & (D3DDDIGPUVA_PROTECTION_TYPE_ZERO | D3DDDIGPUVA_PROTECTION_TYPE_NO_ACCESS);
	struct host_allocation *allocation = NULL;
	uint64_t align = HOST_PAGE_SIZE, pages;

	*ok = false;
	if (args->protection & ~KNOWN_PROTECTION) {
		report_misuse("%s: protection 0x%llx", call->name, (unsigned long long)args->protection);
		return NULL;
	}
	if (args->allocation) {
		allocation = objects_find(&call->process->handles, args->allocation, HOST_OBJECT_ALLOCATION,
					  call->name);
		if (!allocation)
			return NULL;
		if (allocation->device != device) {
			report_misuse("%s: allocation 0x%x belongs to another device", call->name,
				      args->allocation);
			return NULL;
		}
		pages = allocation->size / HOST_PAGE_SIZE;
		if (args->offset_in_pages > pages || args->size_in_pages > pages - args->offset_in_pages) {
			report_misuse("%s: pages %llu + %llu of an allocation of %llu", call->name,
				      (unsigned long long)args->offset_in_pages,
				      (unsigned long long)args->size_in_pages, (unsigned long long)pages);
			return NULL;
		}
		if (!allocation->system)
			align = BIG_PAGE;
	}
	if (!allocation && !empty) {
		report_misuse("%s: neither an allocation nor zero or no access", call->name);
		return NULL;
	}
	if (!args->size_in_pages || args->size_in_pages > UINT64_MAX / HOST_PAGE_SIZE ||
	    args->base_address % align) {
		report_misuse("%s: address 0x%llx of %llu pages, want multiples of %llu KiB", call->name,
			      (unsigned long long)args->base_address, (unsigned long long)args->size_in_pages,
			      (unsigned long long)align / 1024);
		return NULL;
	}
	*ok = true;
	return empty ? NULL : allocation;
}

/* Where the mapping goes, and into which reservation, if any. 0 or an NTSTATUS. */
static int32_t find_place(struct host_call *call, bool empty, uint64_t size, uint64_t *start,
			  uint64_t *reservation)
{
	const struct d3dddi_mapgpuvirtualaddress *args = &call->m->request.map_gpu_va->args;
	const struct va_space *va = &call->process->use[call->adapter->index].va;
	const struct fixture *fixture = call->adapter->fixture;
	uint64_t low, high;
	int place = 1;

	*start = args->base_address;
	*reservation = NOT_RESERVED;
	if (!limits(fixture, args->minimum_address, args->maximum_address, &low, &high))
		return HOST_STATUS_INVALID_PARAMETER;
	if (!*start) {
		if (!va_find_free(va, low, high, size, BIG_PAGE, start))
			return HOST_STATUS_NO_MEMORY;
	} else if (*start < fixture->va_start || *start >= fixture->va_end ||
		   size > fixture->va_end - *start) {
		report_misuse("%s: 0x%llx + 0x%llx is outside the adapter's address range", call->name,
			      (unsigned long long)*start, (unsigned long long)size);
		return HOST_STATUS_INVALID_PARAMETER;
	} else {
		place = va_place(va, *start, *start + size, reservation);
	}
	if (place < 0 && *reservation != NOT_RESERVED)
		report_misuse("%s: 0x%llx..0x%llx is only partly inside the reservation at 0x%llx",
			      call->name, (unsigned long long)*start, (unsigned long long)(*start + size),
			      (unsigned long long)*reservation);
	if (place > 0 && empty) {
		report_misuse("%s: 0x%llx is not reserved, so there is nothing to unmap", call->name,
			      (unsigned long long)*start);
		return HOST_STATUS_INVALID_PARAMETER;
	}
	if (place)
		*reservation = NOT_RESERVED;
	return place < 0 ? HOST_STATUS_NO_MEMORY : HOST_STATUS_OK;
}

void host_map_gpu_va(struct host_call *call)
{
	const struct d3dddi_mapgpuvirtualaddress *args = &call->m->request.map_gpu_va->args;
	struct host_map_gpu_va_reply *reply = call->m->reply.map_gpu_va;
	struct host_allocation *allocation;
	struct host_paging_queue *queue;
	struct va_range range = {
		.state = args->protection & D3DDDIGPUVA_PROTECTION_TYPE_ZERO ? VA_ZERO : VA_RESERVED,
		.protection = args->protection,
		.driver_protection = args->driver_protection,
	};
	uint64_t size = args->size_in_pages * HOST_PAGE_SIZE;
	int32_t status;
	bool ok;

	queue = objects_find(&call->process->handles, args->paging_queue, HOST_OBJECT_PAGING_QUEUE,
			     call->name);
	call->m->status = HOST_STATUS_INVALID_PARAMETER;
	if (!queue || !vidmm_device_active(call, queue->device))
		return;
	allocation = map_arguments(call, queue->device, &ok);
	if (!ok)
		return;
	call->m->status = find_place(call, !allocation, size, &range.start, &range.reservation);
	if (call->m->status)
		return;
	range.end = range.start + size;
	if (allocation) {
		range.state = VA_MAPPED;
		range.allocation = allocation;
		range.offset = args->offset_in_pages * HOST_PAGE_SIZE;
	}
	status = paging_complete(call->model, queue, true, &reply->paging_fence_value);
	if (status == HOST_STATUS_PENDING)
		range.ready_ns = queue->last_due_ns;
	if (va_put(&call->process->use[call->adapter->index].va, &range)) {
		call->m->status = HOST_STATUS_NO_MEMORY;
		return;
	}
	if (allocation) {
		allocation->mappings++;
		allocation->was_mapped = true;
	}
	reply->virtual_address = range.start;
	call->m->status = status;
}

void host_free_gpu_va(struct host_call *call)
{
	const struct d3dkmt_freegpuvirtualaddress *args = &call->m->request.free_gpu_va->args;

	if (!va_free(&call->process->use[call->adapter->index].va, args->base_address, args->size))
		return;
	call->m->status = HOST_STATUS_INVALID_PARAMETER;
	/* one that was under way when its adapter was removed and added again is about addresses that went with it */
	if (call->model->happenings.now.adapters[call->adapter->index].plugs)
		return;
	report_misuse("%s: 0x%llx + 0x%llx is no whole reservation or mapping", call->name,
		      (unsigned long long)args->base_address, (unsigned long long)args->size);
}
