// SPDX-License-Identifier: MIT
/*
 * GPU virtual address spaces, one per process and adapter. Public source of the rules: Microsoft,
 * D3DDDI_RESERVEGPUVIRTUALADDRESS, D3DDDI_MAPGPUVIRTUALADDRESS, D3DKMTFreeGpuVirtualAddress.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dxgsim/host/types.h"

#define KNOWN_PROTECTION                                                           \
	(D3DDDIGPUVA_PROTECTION_TYPE_WRITE | D3DDDIGPUVA_PROTECTION_TYPE_EXECUTE | \
	 D3DDDIGPUVA_PROTECTION_TYPE_ZERO | D3DDDIGPUVA_PROTECTION_TYPE_NO_ACCESS)

void va_free_all(struct va_space *va)
{
	vidsch_forget(va, 0, UINT64_MAX);
	free(va->ranges);
	memset(va, 0, sizeof(*va));
}

/* Index of the first range that ends above @address. */
static uint32_t first_above(const struct va_space *va, uint64_t address)
{
	uint32_t low = 0, high = va->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (va->ranges[middle].end > address)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static int make_room(struct va_space *va, uint32_t more)
{
	struct va_range *grown;
	uint32_t size = va->size;

	while (size < va->count + more)
		size = size ? size * 2 : 64;
	if (size == va->size)
		return 0;
	grown = reallocarray(va->ranges, size, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	va->ranges = grown;
	va->size = size;
	return 0;
}

static void insert_at(struct va_space *va, uint32_t at, struct va_range range)
{
	memmove(&va->ranges[at + 1], &va->ranges[at], (va->count - at) * sizeof(*va->ranges));
	va->ranges[at] = range;
	va->count++;
}

static void remove_at(struct va_space *va, uint32_t at, uint32_t count)
{
	memmove(&va->ranges[at], &va->ranges[at + count], (va->count - at - count) * sizeof(*va->ranges));
	va->count -= count;
}

/* Cuts the range that contains @address in two there; room for one more must exist. */
static void split_at(struct va_space *va, uint64_t address)
{
	uint32_t at = first_above(va, address);
	struct va_range *range, upper;

	if (at == va->count || va->ranges[at].start >= address)
		return;
	range = &va->ranges[at];
	upper = *range;
	upper.start = address;
	if (range->state == VA_MAPPED) {
		upper.offset += address - range->start;
		range->allocation->mappings++;
	}
	range->end = address;
	insert_at(va, at + 1, upper);
}

static void drop_mapping(struct va_space *va, struct va_range *range, const char *how)
{
	if (range->state == VA_MAPPED) {
		range->allocation->mappings--;
		va->gone[va->gone_count++ % VA_GONE_KEPT] = (struct va_gone){range->start, range->end, how};
		vidsch_forget(va, range->start, range->end - range->start);
	}
	range->state = VA_RESERVED;
	range->allocation = NULL;
	range->offset = 0;
}

const struct va_range *va_find(const struct va_space *va, uint64_t address)
{
	uint32_t at = first_above(va, address);

	return at < va->count && va->ranges[at].start <= address ? &va->ranges[at] : NULL;
}

const char *va_history(const struct va_space *va, uint64_t address)
{
	for (uint32_t i = 0; i < va->gone_count && i < VA_GONE_KEPT; i++) {
		const struct va_gone *gone = &va->gone[(va->gone_count - 1 - i) % VA_GONE_KEPT];

		if (address >= gone->start && address < gone->end)
			return gone->how;
	}
	return "";
}

/* Ranges without a reservation vanish with the allocation, others fall back to reserved. */
void va_drop_allocation(struct va_space *va, struct host_allocation *allocation)
{
	for (uint32_t i = va->count; i--;) {
		struct va_range *range = &va->ranges[i];

		if (range->state != VA_MAPPED || range->allocation != allocation)
			continue;
		drop_mapping(va, range, "its allocation was destroyed");
		if (range->reservation == NOT_RESERVED)
			remove_at(va, i, 1);
	}
}

void va_visit(const struct va_space *va, uint32_t adapter, host_range_visit visit, void *arg)
{
	for (uint32_t i = 0, next; i < va->count; i = next) {
		uint64_t reservation = va->ranges[i].reservation;

		next = i + 1;
		while (reservation != NOT_RESERVED && next < va->count &&
		       va->ranges[next].reservation == reservation)
			next++;
		visit(arg, adapter, va->ranges[i].start, va->ranges[next - 1].end);
	}
}

static bool is_free(const struct va_space *va, uint64_t start, uint64_t end)
{
	uint32_t at = first_above(va, start);

	return at == va->count || va->ranges[at].start >= end;
}

/* Lowest free place of @size inside [low, high) at a multiple of @align. */
static bool find_free(const struct va_space *va, uint64_t low, uint64_t high, uint64_t size, uint64_t align,
		      uint64_t *out)
{
	uint64_t address = (low + align - 1) & ~(align - 1);
	uint32_t at = first_above(va, address);

	while (address >= low && address < high && size <= high - address) {
		if (at == va->count ||
		    (va->ranges[at].start >= address && size <= va->ranges[at].start - address)) {
			*out = address;
			return true;
		}
		address = (va->ranges[at++].end + align - 1) & ~(align - 1);
	}
	return false;
}

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
		    !is_free(va, start, start + args->size))
			return;
	} else if (!find_free(va, low, high, args->size, BIG_PAGE, &start)) {
		return;
	}
	if (make_room(va, 1))
		return;
	range.start = range.reservation = start;
	range.end = start + args->size;
	range.state = args->reservation_type == D3DDDIGPUVA_RESERVE_ZERO ? VA_ZERO : VA_RESERVED;
	range.driver_protection = args->driver_protection;
	insert_at(va, first_above(va, start), range);
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

/* One reservation holds [start, end), 0; nothing is there, 1; anything else -EINVAL. */
static int where(struct host_call *call, const struct va_space *va, uint64_t start, uint64_t end,
		 uint64_t *reservation)
{
	uint32_t at = first_above(va, start);
	uint64_t reached = start;

	if (is_free(va, start, end))
		return 1;
	*reservation = va->ranges[at].reservation;
	for (; at < va->count && va->ranges[at].start < end; at++) {
		if (va->ranges[at].start > reached || va->ranges[at].reservation != *reservation)
			break;
		reached = va->ranges[at].end;
	}
	if (reached >= end && *reservation != NOT_RESERVED)
		return 0;
	if (*reservation != NOT_RESERVED)
		report_misuse("%s: 0x%llx..0x%llx is only partly inside the reservation at 0x%llx",
			      call->name, (unsigned long long)start, (unsigned long long)end,
			      (unsigned long long)*reservation);
	return -EINVAL;
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
		if (!find_free(va, low, high, size, BIG_PAGE, start))
			return HOST_STATUS_NO_MEMORY;
	} else if (*start < fixture->va_start || *start >= fixture->va_end ||
		   size > fixture->va_end - *start) {
		report_misuse("%s: 0x%llx + 0x%llx is outside the adapter's address range", call->name,
			      (unsigned long long)*start, (unsigned long long)size);
		return HOST_STATUS_INVALID_PARAMETER;
	} else {
		place = where(call, va, *start, *start + size, reservation);
	}
	if (place > 0 && empty) {
		report_misuse("%s: 0x%llx is not reserved, so there is nothing to unmap", call->name,
			      (unsigned long long)*start);
		return HOST_STATUS_INVALID_PARAMETER;
	}
	if (place)
		*reservation = NOT_RESERVED;
	return place < 0 ? HOST_STATUS_NO_MEMORY : HOST_STATUS_OK;
}

/* Instead of all that is in its place. 0 or -ENOMEM. */
static int put_range(struct va_space *va, const struct va_range *range)
{
	uint32_t at, covered = 0;

	if (make_room(va, 3))
		return -ENOMEM;
	split_at(va, range->start);
	split_at(va, range->end);
	at = first_above(va, range->start);
	while (at + covered < va->count && va->ranges[at + covered].start < range->end)
		drop_mapping(va, &va->ranges[at + covered++], "it was mapped over");
	remove_at(va, at, covered);
	insert_at(va, at, *range);
	return 0;
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
	if (put_range(&call->process->use[call->adapter->index].va, &range)) {
		call->m->status = HOST_STATUS_NO_MEMORY;
		return;
	}
	if (allocation)
		allocation->mappings++;
	reply->virtual_address = range.start;
	call->m->status = paging_complete(call->model, queue, true, &reply->paging_fence_value);
}

void host_free_gpu_va(struct host_call *call)
{
	const struct d3dkmt_freegpuvirtualaddress *args = &call->m->request.free_gpu_va->args;
	struct va_space *va = &call->process->use[call->adapter->index].va;
	uint64_t end = args->base_address + args->size;
	uint32_t first, last;
	bool whole;

	first = last = first_above(va, args->base_address);
	whole = first < va->count && va->ranges[first].start == args->base_address &&
		end > args->base_address;
	while (whole && last < va->count && va->ranges[last].start < end)
		last++;
	if (whole) {
		uint64_t reservation = va->ranges[first].reservation;
		bool more = last < va->count && reservation != NOT_RESERVED &&
			    va->ranges[last].reservation == reservation;

		whole = va->ranges[last - 1].end == end && !more &&
			(reservation == NOT_RESERVED ? last == first + 1 : reservation == args->base_address);
		for (uint32_t i = first; i < last; i++)
			whole = whole && va->ranges[i].reservation == reservation;
	}
	if (!whole) {
		report_misuse("%s: 0x%llx + 0x%llx is no whole reservation or mapping", call->name,
			      (unsigned long long)args->base_address, (unsigned long long)args->size);
		call->m->status = HOST_STATUS_INVALID_PARAMETER;
		return;
	}
	for (uint32_t i = first; i < last; i++)
		drop_mapping(va, &va->ranges[i], "the address was freed");
	remove_at(va, first, last - first);
}
