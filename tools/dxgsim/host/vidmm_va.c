// SPDX-License-Identifier: MIT
/* GPU virtual address spaces, one per process and adapter: which ranges are reserved, what is mapped where. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dxgsim/host/types.h"

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

void va_forget_allocation(const struct va_space *va, const struct host_allocation *allocation)
{
	for (uint32_t i = 0; i < va->count; i++) {
		if (va->ranges[i].allocation == allocation)
			vidsch_forget(va, va->ranges[i].start, va->ranges[i].end - va->ranges[i].start);
	}
}

void va_visit(const struct va_space *va, uint32_t adapter,
	      void (*visit)(void *arg, uint32_t adapter, uint64_t start, uint64_t end), void *arg)
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

bool va_is_free(const struct va_space *va, uint64_t start, uint64_t end)
{
	uint32_t at = first_above(va, start);

	return at == va->count || va->ranges[at].start >= end;
}

bool va_find_free(const struct va_space *va, uint64_t low, uint64_t high, uint64_t size, uint64_t align,
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

int va_place(const struct va_space *va, uint64_t start, uint64_t end, uint64_t *reservation)
{
	uint32_t at = first_above(va, start);
	uint64_t reached = start;

	if (va_is_free(va, start, end))
		return 1;
	*reservation = va->ranges[at].reservation;
	for (; at < va->count && va->ranges[at].start < end; at++) {
		if (va->ranges[at].start > reached || va->ranges[at].reservation != *reservation)
			break;
		reached = va->ranges[at].end;
	}
	if (reached >= end && *reservation != NOT_RESERVED)
		return 0;
	return -EINVAL;
}

int va_put(struct va_space *va, const struct va_range *range)
{
	uint32_t at, covered = 0;

	if (make_room(va, 3))
		return -ENOMEM;
	split_at(va, range->start);
	split_at(va, range->end);
	at = first_above(va, range->start);
	while (at + covered < va->count && va->ranges[at + covered].start < range->end)
		drop_mapping(va, &va->ranges[at + covered++],
			     range->state == VA_RESERVED ? "it was unmapped" : "it was mapped over");
	remove_at(va, at, covered);
	insert_at(va, at, *range);
	return 0;
}

int va_free(struct va_space *va, uint64_t start, uint64_t size)
{
	uint64_t end = start + size;
	uint32_t first, last;
	bool whole;

	first = last = first_above(va, start);
	whole = first < va->count && va->ranges[first].start == start && end > start;
	while (whole && last < va->count && va->ranges[last].start < end)
		last++;
	if (whole) {
		uint64_t reservation = va->ranges[first].reservation;
		bool more = last < va->count && reservation != NOT_RESERVED &&
			    va->ranges[last].reservation == reservation;

		whole = va->ranges[last - 1].end == end && !more &&
			(reservation == NOT_RESERVED ? last == first + 1 : reservation == start);
		for (uint32_t i = first; i < last; i++)
			whole = whole && va->ranges[i].reservation == reservation;
	}
	if (!whole)
		return -EINVAL;
	for (uint32_t i = first; i < last; i++)
		drop_mapping(va, &va->ranges[i], "the address was freed");
	remove_at(va, first, last - first);
	return 0;
}
