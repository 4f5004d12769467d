// SPDX-License-Identifier: MIT
/* Memory segments, budgets and statistics. Public source of the layouts: Microsoft, d3dkmthk.h. */
#include <string.h>

#include "dxgsim/host/amd_allocation.h"
#include "dxgsim/host/types.h"

enum segment_group segment_group(enum segment segment)
{
	return segment == SEGMENT_APERTURE ? SEGMENT_NON_LOCAL : SEGMENT_LOCAL;
}

uint64_t segment_size(const struct host_adapter *adapter, enum segment segment)
{
	switch (segment) {
	case SEGMENT_VISIBLE:
		return fixture_visible_bytes(adapter->fixture);
	case SEGMENT_INVISIBLE:
		return fixture_invisible_bytes(adapter->fixture);
	default:
		return adapter->fixture->shared_bytes;
	}
}

uint64_t segment_group_size(const struct host_adapter *adapter, enum segment_group group)
{
	return group == SEGMENT_LOCAL ? adapter->fixture->vram_bytes : adapter->fixture->shared_bytes;
}

/* Windows keeps a part of every segment for itself and others. */
uint64_t segment_budget(const struct host_adapter *adapter, enum segment_group group)
{
	uint64_t size = segment_group_size(adapter, group);

	return (size - size / 16) & ~(uint64_t)(BIG_PAGE - 1);
}

/* ---- where an allocation goes ---- */

static struct host_use *use_of(const struct host_allocation *allocation)
{
	return &allocation->device->process->use[allocation->device->adapter->index];
}

static uint64_t of_group(const uint64_t *bytes, enum segment_group group)
{
	return group == SEGMENT_NON_LOCAL ? bytes[SEGMENT_APERTURE]
					  : bytes[SEGMENT_VISIBLE] + bytes[SEGMENT_INVISIBLE];
}

static bool allowed(const struct host_allocation *allocation, enum segment segment)
{
	switch (segment) {
	case SEGMENT_VISIBLE:
		return allocation->flags & AMD_FLAG_LOCAL_VISIBLE;
	case SEGMENT_INVISIBLE:
		return allocation->flags & AMD_FLAG_LOCAL_INVISIBLE && !allocation->cpu_visible;
	default:
		return allocation->flags & (AMD_FLAG_GART_USWC | AMD_FLAG_GART_CACHED);
	}
}

/* What the CPU cannot reach is filled first, system memory takes the place of VRAM last. */
static const enum segment fill_order[SEGMENTS] = {SEGMENT_INVISIBLE, SEGMENT_VISIBLE, SEGMENT_APERTURE};

/* Bytes missing for @allocation in the segment, beside what its process has there. */
static uint64_t lacking(const struct host_allocation *allocation, enum segment segment, bool squeeze)
{
	const struct host_adapter *adapter = allocation->device->adapter;
	const struct host_use *use = use_of(allocation);
	enum segment_group group = segment_group(segment);
	uint64_t size = segment_size(adapter, segment);
	uint64_t limit = squeeze ? segment_group_size(adapter, group) : segment_budget(adapter, group);
	uint64_t in_segment = use->resident[segment] + allocation->size;
	uint64_t in_group = of_group(use->resident, group) + allocation->size;
	uint64_t lack = in_segment > size ? in_segment - size : 0;

	return in_group > limit && in_group - limit > lack ? in_group - limit : lack;
}

enum segment segment_find(const struct host_allocation *allocation, bool squeeze, uint64_t *lack)
{
	*lack = UINT64_MAX;
	for (uint32_t i = 0; i < SEGMENTS; i++) {
		uint64_t here;

		if (!allowed(allocation, fill_order[i]))
			continue;
		here = lacking(allocation, fill_order[i], squeeze);
		if (!here)
			return fill_order[i];
		*lack = here < *lack ? here : *lack;
	}
	return SEGMENTS;
}

enum segment segment_first(const struct host_allocation *allocation)
{
	for (uint32_t i = 0; i < SEGMENTS; i++) {
		if (allowed(allocation, fill_order[i]) &&
		    segment_size(allocation->device->adapter, fill_order[i]))
			return fill_order[i];
	}
	return SEGMENT_APERTURE;
}

/* ---- what is told ---- */

static uint64_t others(const struct host_adapter *adapter, enum arena_use use, enum segment segment)
{
	return arena_others(adapter->model->arena, adapter->index, use, segment);
}

static uint64_t others_in_group(const struct host_adapter *adapter, enum segment_group group)
{
	if (group == SEGMENT_NON_LOCAL)
		return others(adapter, ARENA_RESIDENT, SEGMENT_APERTURE);
	return others(adapter, ARENA_RESIDENT, SEGMENT_VISIBLE) +
	       others(adapter, ARENA_RESIDENT, SEGMENT_INVISIBLE);
}

/*
 * What this process should use: what the others have is theirs while they have it, down to as much as everybody's
 * fair share; its own reservation is its own.
 */
static uint64_t process_budget(struct host_call *call, enum segment_group group)
{
	uint32_t segments = group == SEGMENT_LOCAL ? 1u << SEGMENT_VISIBLE | 1u << SEGMENT_INVISIBLE
						   : 1u << SEGMENT_APERTURE;
	uint64_t budget = segment_budget(call->adapter, group), theirs, fair;
	uint64_t reserved = call->process->use[call->adapter->index].reservation[group];
	struct arena *arena = call->model->arena;

	arena_lock(arena);
	arena_reap(arena);
	theirs = others_in_group(call->adapter, group);
	fair = budget / (1 + arena_users(arena, call->adapter->index, ARENA_RESIDENT, segments));
	arena_unlock(arena);
	budget -= theirs < budget ? theirs : budget;
	budget = budget > fair ? budget : fair;
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
	reply->current_usage = of_group(use->resident, group);
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

static enum segment shown_segment(const struct host_adapter *adapter, uint32_t index)
{
	return index == segment_count(adapter) - 1 ? SEGMENT_APERTURE : (enum segment)index;
}

static void put32(uint8_t *result, uint32_t offset, uint32_t value)
{
	memcpy(result + offset, &value, sizeof(value));
}

static void put64(uint8_t *result, uint32_t offset, uint64_t value)
{
	memcpy(result + offset, &value, sizeof(value));
}

/* Bytes in place: of what is resident in system memory all of it. */
static uint64_t in_place(const struct host_adapter *adapter, enum segment segment, uint64_t resident)
{
	uint64_t present = arena_present(adapter->model->arena, adapter->index, segment);

	return segment == SEGMENT_APERTURE || resident < present ? resident : present;
}

static void segment_statistics(struct host_call *call, enum segment segment, uint64_t committed,
			       uint64_t present, uint8_t *result)
{
	struct arena_paging paging;

	arena_paging(call->model->arena, call->adapter->index, &paging);
	put64(result, 0, segment_size(call->adapter, segment));
	put64(result, 8, committed);
	put64(result, 16, present);
	put64(result, 24, call->adapter->evicted_bytes + paging.adapter_out);
	put32(result, 40, segment == SEGMENT_APERTURE);
}

static void process_statistics(struct host_call *call, enum segment segment, uint8_t *result)
{
	const struct host_use *use = &call->process->use[call->adapter->index];

	segment_statistics(call, segment, use->committed[segment],
			   in_place(call->adapter, segment, use->resident[segment]), result);
}

/* Of all processes. */
static void adapter_statistics(struct host_call *call, enum segment segment, uint8_t *result)
{
	const struct host_adapter *adapter = call->adapter;
	enum arena_use use = segment == SEGMENT_APERTURE ? ARENA_RESIDENT : ARENA_PRESENT;
	uint64_t committed, present;

	arena_lock(call->model->arena);
	arena_reap(call->model->arena);
	committed = adapter->committed[segment] + others(adapter, ARENA_COMMITTED, segment);
	present = in_place(adapter, segment, adapter->resident[segment]) + others(adapter, use, segment);
	arena_unlock(call->model->arena);
	segment_statistics(call, segment, committed, present, result);
}

void host_query_statistics(struct host_call *call)
{
	const struct d3dkmt_querystatistics *args = &call->m->request.query_statistics->args;
	uint8_t *result = call->m->reply.query_statistics->result.size;

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
			adapter_statistics(call, shown_segment(call->adapter, args->selector), result);
		else
			process_statistics(call, shown_segment(call->adapter, args->selector), result);
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
