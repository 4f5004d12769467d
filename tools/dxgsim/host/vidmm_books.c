// SPDX-License-Identifier: MIT
/* What is committed, resident and in place in each segment: in the books of process, adapter and VM. */
#include "dxgsim/host/types.h"

uint64_t presence_wanted(const struct host_adapter *adapter, enum segment segment)
{
	uint64_t size = segment_size(adapter, segment);

	return adapter->resident[segment] < size ? adapter->resident[segment] : size;
}

void presence_shrink(struct host_adapter *adapter, enum segment segment)
{
	uint64_t missing, present;

	if (segment == SEGMENT_APERTURE)
		return;
	arena_shrink_present(adapter->model->arena, adapter->index, segment,
			     presence_wanted(adapter, segment));
	present = arena_present(adapter->model->arena, adapter->index, segment);
	missing = adapter->resident[segment] > present ? adapter->resident[segment] - present : 0;
	if (adapter->fresh[segment] > missing)
		adapter->fresh[segment] = missing;
}

static void count(const struct host_allocation *allocation, enum arena_use use, int64_t bytes)
{
	struct host_adapter *adapter = allocation->device->adapter;
	bool resident = use == ARENA_RESIDENT;
	struct host_use *of_process = &allocation->device->process->use[adapter->index];

	(resident ? of_process->resident : of_process->committed)[allocation->segment] += (uint64_t)bytes;
	(resident ? adapter->resident : adapter->committed)[allocation->segment] += (uint64_t)bytes;
	arena_add(adapter->model->arena, adapter->index, use, allocation->segment, bytes);
}

void segment_commit(struct host_allocation *allocation, enum segment segment)
{
	allocation->segment = segment;
	count(allocation, ARENA_COMMITTED, (int64_t)allocation->size);
}

void segment_uncommit(struct host_allocation *allocation)
{
	count(allocation, ARENA_COMMITTED, -(int64_t)allocation->size);
}

void segment_enter(struct host_allocation *allocation)
{
	count(allocation, ARENA_RESIDENT, (int64_t)allocation->size);
	if (!allocation->placed)
		allocation->device->adapter->fresh[allocation->segment] += allocation->size;
}

void segment_leave(struct host_allocation *allocation)
{
	count(allocation, ARENA_RESIDENT, -(int64_t)allocation->size);
	presence_shrink(allocation->device->adapter, allocation->segment);
}
