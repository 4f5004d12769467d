// SPDX-License-Identifier: MIT
/*
 * Paging: what is resident is in its place when GPU work begins.  Memory that programs have made resident beyond what
 * fits goes to and fro between VRAM and system memory as they take turns, which costs time in proportion to the
 * bytes.  Which of a process' allocations are out does not matter to anybody, so only bytes are counted.  System memory
 * is never paged.  Public source: Microsoft, "Residency", "GPU virtual memory in WDDM 2.0".
 */
#include "dxgsim/host/types.h"

#define TURN_NS 20000000u /* that who has had its memory paged in may keep it */

static const enum segment paged[] = {SEGMENT_VISIBLE, SEGMENT_INVISIBLE};
#define PAGED (sizeof(paged) / sizeof(paged[0]))

static bool is_in_place(const struct host_adapter *adapter)
{
	for (uint32_t i = 0; i < PAGED; i++) {
		if (arena_present(adapter->model->arena, adapter->index, paged[i]) <
		    presence_wanted(adapter, paged[i]))
			return false;
	}
	return true;
}

/* -EAGAIN: others have their turn until *@again_ns. */
static int page_in(struct host_adapter *adapter, uint64_t now, uint64_t *again_ns)
{
	struct arena_demand demand = {
		.adapter = adapter->index,
		.now_ns = now,
		.ns_per_mib = (uint64_t)adapter->fixture->paging_us_per_mib * 1000,
		.turn_ns = TURN_NS,
	};
	struct arena_moved moved;
	int rc;

	for (uint32_t i = 0; i < PAGED; i++) {
		demand.size[paged[i]] = segment_size(adapter, paged[i]);
		demand.want[paged[i]] = presence_wanted(adapter, paged[i]);
		demand.fresh[paged[i]] = adapter->fresh[paged[i]];
	}
	rc = arena_make_present(adapter->model->arena, &demand, &moved);
	/* sooner if who has it ends before */
	*again_ns = moved.again_ns < now + TURN_NS ? moved.again_ns : now + TURN_NS;
	offers_sync(adapter);
	if (rc)
		return rc;
	for (uint32_t i = 0; i < PAGED; i++)
		adapter->fresh[paged[i]] = 0;
	adapter->paging_until_ns = moved.ready_ns;
	return 0;
}

bool presence_ready(struct host_adapter *adapter, uint64_t *due_ns)
{
	uint64_t now = model_now_ns();

	if (now < adapter->paging_until_ns) {
		*due_ns = adapter->paging_until_ns;
		return false;
	}
	if (is_in_place(adapter))
		return true;
	if (page_in(adapter, now, due_ns))
		return false;
	*due_ns = adapter->paging_until_ns;
	return adapter->paging_until_ns <= now;
}

void presence_ran(struct host_adapter *adapter)
{
	arena_ran(adapter->model->arena, adapter->index, model_now_ns());
}
