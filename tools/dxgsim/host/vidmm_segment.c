// SPDX-License-Identifier: MIT
/* Memory segments, budgets and statistics. Public source of the layouts: Microsoft, d3dkmthk.h. */
#include <string.h>

#include "dxgsim/host/types.h"

enum segment_group segment_of(const struct host_allocation *allocation)
{
	return allocation->system ? SEGMENT_NON_LOCAL : SEGMENT_LOCAL;
}

uint64_t segment_size(const struct host_adapter *adapter, enum segment_group group)
{
	return group == SEGMENT_LOCAL ? adapter->fixture->vram_bytes : adapter->fixture->shared_bytes;
}

/* Windows keeps a part of every segment for itself and others. */
uint64_t segment_budget(const struct host_adapter *adapter, enum segment_group group)
{
	uint64_t size = segment_size(adapter, group);

	return (size - size / 16) & ~(uint64_t)(BIG_PAGE - 1);
}

void segment_resident(struct host_device *device, enum segment_group group, int64_t bytes)
{
	struct host_adapter *adapter = device->adapter;

	device->process->use[adapter->index].resident[group] += (uint64_t)bytes;
	adapter->resident[group] += (uint64_t)bytes;
	arena_add(adapter->model->arena, adapter->index, ARENA_RESIDENT, group, bytes);
}

void segment_committed(struct host_device *device, enum segment_group group, int64_t bytes)
{
	struct host_adapter *adapter = device->adapter;

	device->process->use[adapter->index].committed[group] += (uint64_t)bytes;
	adapter->committed[group] += (uint64_t)bytes;
	arena_add(adapter->model->arena, adapter->index, ARENA_COMMITTED, group, bytes);
}

static uint64_t others(const struct host_adapter *adapter, enum arena_use use, enum segment_group group)
{
	return arena_others(adapter->model->arena, adapter->index, use, group);
}

uint64_t segment_used(const struct host_adapter *adapter, enum segment_group group)
{
	return adapter->resident[group] + others(adapter, ARENA_RESIDENT, group);
}

/* What this process may use: the others' share is theirs while they hold it, its own reservation is its own. */
static uint64_t process_budget(struct host_call *call, enum segment_group group)
{
	uint64_t budget = segment_budget(call->adapter, group), theirs;
	uint64_t reserved = call->process->use[call->adapter->index].reservation[group];

	arena_lock(call->model->arena);
	arena_reap(call->model->arena);
	theirs = others(call->adapter, ARENA_RESIDENT, group);
	arena_unlock(call->model->arena);
	budget -= theirs < budget ? theirs : budget;
	return budget > reserved ? budget : reserved;
}

/* No status: what is wrong reads as zeros. */
void host_query_video_memory_info(struct host_call *call)
{
	const struct host_query_video_memory_info *request = call->m->request.query_video_memory_info;
	struct host_query_video_memory_info_reply *reply = call->m->reply.query_video_memory_info;
	const struct host_use *use = &call->process->use[call->adapter->index];
	enum segment_group group = (enum segment_group)request->memory_segment_group;

	if (request->memory_segment_group >= SEGMENT_GROUPS || request->physical_adapter_index)
		return;
	reply->budget = process_budget(call, group);
	reply->current_usage = use->resident[group];
	reply->current_reservation = use->reservation[group];
	reply->available_for_reservation = segment_budget(call->adapter, group) / 2;
}

void host_change_reservation(struct host_call *call)
{
	const struct host_change_reservation *request = call->m->request.change_reservation;

	if (request->memory_segment_group >= SEGMENT_GROUPS || request->physical_adapter_index ||
	    request->reservation >
		    segment_budget(call->adapter, (enum segment_group)request->memory_segment_group) / 2) {
		call->m->status = HOST_STATUS_INVALID_PARAMETER;
		return;
	}
	call->process->use[call->adapter->index].reservation[request->memory_segment_group] =
		request->reservation;
}

/* Segments in the order Windows shows them: visible, invisible if there is some, aperture. */
static uint32_t segment_count(const struct host_adapter *adapter)
{
	return fixture_invisible_bytes(adapter->fixture) ? 3 : 2;
}

static void put32(uint8_t *result, uint32_t offset, uint32_t value)
{
	memcpy(result + offset, &value, sizeof(value));
}

static void put64(uint8_t *result, uint32_t offset, uint64_t value)
{
	memcpy(result + offset, &value, sizeof(value));
}

static void segment_statistics(struct host_call *call, const uint64_t *committed, const uint64_t *resident,
			       uint32_t segment, uint8_t *result)
{
	const struct host_adapter *adapter = call->adapter;
	uint64_t visible = fixture_visible_bytes(adapter->fixture);
	bool aperture = segment == segment_count(adapter) - 1;
	uint64_t used = resident[aperture ? SEGMENT_NON_LOCAL : SEGMENT_LOCAL];
	uint64_t limit = adapter->fixture->shared_bytes;
	uint64_t bound = committed[aperture ? SEGMENT_NON_LOCAL : SEGMENT_LOCAL];

	if (!aperture) {
		/* the invisible part fills first */
		uint64_t invisible = fixture_invisible_bytes(adapter->fixture);

		limit = segment ? invisible : visible;
		if (segment) {
			used = used < invisible ? used : invisible;
			bound = bound < invisible ? bound : invisible;
		} else {
			used = used > invisible ? used - invisible : 0;
			bound = bound > invisible ? bound - invisible : 0;
		}
	}
	put64(result, 0, limit);
	put64(result, 8, bound);
	put64(result, 16, used);
	put64(result, 24, adapter->evicted_bytes);
	put32(result, 40, aperture);
}

/* Of all processes. */
static void adapter_statistics(struct host_call *call, uint32_t segment, uint8_t *result)
{
	uint64_t committed[SEGMENT_GROUPS], resident[SEGMENT_GROUPS];

	arena_lock(call->model->arena);
	arena_reap(call->model->arena);
	for (int i = 0; i < SEGMENT_GROUPS; i++) {
		enum segment_group group = (enum segment_group)i;

		committed[i] = call->adapter->committed[i] + others(call->adapter, ARENA_COMMITTED, group);
		resident[i] = segment_used(call->adapter, group);
	}
	arena_unlock(call->model->arena);
	segment_statistics(call, committed, resident, segment, result);
}

void host_query_statistics(struct host_call *call)
{
	const struct d3dkmt_querystatistics *args = &call->m->request.query_statistics->args;
	uint8_t *result = call->m->reply.query_statistics->result.size;
	const struct host_use *use = &call->process->use[call->adapter->index];

	if (!call->adapter->fixture->statistics) {
		call->m->status = HOST_STATUS_NOT_SUPPORTED;
		return;
	}
	switch (args->type) {
	case D3DKMT_QUERYSTATISTICS_ADAPTER:
		put32(result, 0,
		      call->adapter->fixture->segments ? call->adapter->fixture->segments
						       : segment_count(call->adapter));
		put32(result, 4,
		      call->adapter->fixture->nodes ? call->adapter->fixture->nodes
						    : call->adapter->fixture->engine_count);
		return;
	case D3DKMT_QUERYSTATISTICS_SEGMENT:
	case D3DKMT_QUERYSTATISTICS_PROCESS_SEGMENT:
		if (args->selector >= segment_count(call->adapter))
			break;
		if (args->type == D3DKMT_QUERYSTATISTICS_SEGMENT)
			adapter_statistics(call, args->selector, result);
		else
			segment_statistics(call, use->committed, use->resident, args->selector, result);
		return;
	case D3DKMT_QUERYSTATISTICS_NODE:
	case D3DKMT_QUERYSTATISTICS_PROCESS_NODE:
		if (args->selector >= call->adapter->fixture->engine_count)
			break;
		/* the running time in units of 100 ns comes first; the rest is not counted */
		put64(result, 0, call->adapter->engines[args->selector].busy_ns / 100);
		return;
	case D3DKMT_QUERYSTATISTICS_PROCESS_ADAPTER:
		put32(result, 0, segment_count(call->adapter));
		put32(result, 4, call->adapter->fixture->engine_count);
		return;
	default:
		break;
	}
	call->m->status = HOST_STATUS_INVALID_PARAMETER;
}
