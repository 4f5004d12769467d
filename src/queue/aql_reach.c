// SPDX-License-Identifier: MIT
/* What the CPU may read of what packets point to: memory that is known, and nothing else. */
#include <string.h>

#include "queue/aql_translator.h"
#include "queue/signal.h"
#include "util/compiler.h"

void aql_reach_forget(struct aql_reach *reach)
{
	memset(reach, 0, sizeof(*reach));
}

/*
 * Whether the CPU reads `bytes` at its address, which all lie in one piece of memory of ours or registered; *gpu_va (may be
 * NULL) is where GPUs see them.  It stays so while nobody frees it, which is the queue's user's to care for.
 */
bool aql_reach(struct aql *aql, uint64_t address, uint64_t bytes, uint64_t *gpu_va)
{
	struct aql_reach *reach = &aql->reach;
	struct memory_info info;
	uint32_t found = ARRAY_SIZE(reach->seen);

	for (uint32_t i = 0; i < ARRAY_SIZE(reach->seen); i++)
		if (address >= reach->seen[i].start && address < reach->seen[i].end)
			found = i;
	if (found == ARRAY_SIZE(reach->seen)) {
		if (memory_lookup(aql->queue->queues->memory, u64_to_ptr(address), &info) ||
		    !memory_is_for_cpu(&info) || info.lost)
			return false;
		found = reach->next++ % ARRAY_SIZE(reach->seen);
		reach->seen[found].start = ptr_to_u64(info.start);
		reach->seen[found].end = ptr_to_u64(info.start) + info.size;
		reach->seen[found].gpu_va = info.gpu_va;
	}
	if (bytes > reach->seen[found].end - address)
		return false;
	if (gpu_va)
		*gpu_va = reach->seen[found].gpu_va + (address - reach->seen[found].start);
	return true;
}

/* Whether an address is in memory whose contents went with a lost device.  What is not known is not. */
bool aql_is_lost(struct aql *aql, uint64_t address)
{
	struct memory_info info;

	return !memory_lookup(aql->queue->queues->memory, u64_to_ptr(address), &info) && info.lost;
}

/* A signal that a packet names, which is not 0.  Its value has to be where 64 bits are read and written in one piece. */
bool aql_reach_signal(struct aql *aql, uint64_t signal, uint64_t *gpu_va)
{
	return IS_ALIGNED(signal, (uint64_t)sizeof(uint64_t)) && aql_reach(aql, signal, SIGNAL_BYTES, gpu_va);
}
