// SPDX-License-Identifier: MIT
/*
 * Packets that say where to go on: COND_EXEC and INDIRECT_BUFFER.
 *
 * What a queue submits is an indirect buffer of the kernel driver's ring already.  One level more is executed here;
 * from there no further, as hardware has no third.  A chained buffer takes the place of the one it is in, whose rest
 * is never executed.
 */
#include "dxgsim/gpu/pm4.h"
#include "dxgsim/gpu/pm4_check.h"

enum gpu_outcome gpu_pm4_cond_exec(struct gpu_engine *engine, const uint32_t *packet, uint32_t *words)
{
	uint32_t left = (engine->now.commands.bytes - engine->offset) / 4 - *words;
	uint32_t skipped = gpu_field(packet[4], 13, 0);
	enum gpu_cache_policy policy;
	uint64_t va = gpu_join(packet + 1);
	uint32_t value = 0;

	if (!gpu_aligned(engine, "address", va, 4) ||
	    !gpu_cache_policy(engine, gpu_field(packet[3], 26, 25), &policy))
		return GPU_STOPPED;
	if (skipped > left)
		return gpu_refuse(engine, GPU_ERROR_PACKET, "EXEC_COUNT %u, but only %u words follow",
				  skipped, left);
	if (!gpu_memory_read(&engine->memory, va, GPU_READ, &value, sizeof(value), policy))
		return gpu_page_fault(engine);
	if (!value)
		*words += skipped;
	return GPU_DONE;
}

enum gpu_outcome gpu_pm4_indirect_buffer(struct gpu_engine *engine, const uint32_t *packet, uint32_t *words)
{
	struct gpu_progress *now = &engine->now;
	uint32_t size = gpu_field(packet[3], 19, 0);
	uint64_t va = gpu_join(packet + 1);
	enum gpu_cache_policy policy;
	bool chain = gpu_bit(packet[3], 20);

	if (!gpu_aligned(engine, "IB_BASE", va, 4) ||
	    !gpu_cache_policy(engine, gpu_field(packet[3], 29, 28), &policy))
		return GPU_STOPPED;
	if (!gpu_bit(packet[3], 23))
		return gpu_refuse(engine, GPU_ERROR_PACKET, "VALID is not set");
	if (!size)
		return gpu_refuse(engine, GPU_ERROR_PACKET, "IB_SIZE is 0");
	if (!chain && now->caller.bytes)
		return gpu_refuse(engine, GPU_ERROR_PACKET,
				  "in an indirect buffer there can only be a chained one");
	if (chain && engine->offset + *words * 4 != now->commands.bytes)
		return gpu_refuse(engine, GPU_ERROR_PACKET, "a chained buffer must be the last of its own");
	if (!chain) {
		now->caller = now->commands;
		now->caller_offset = engine->offset;
	}
	now->commands = (struct gpu_commands){
		.va = va,
		.bytes = size * 4,
		.elsewhere = true,
		.job_offset = gpu_job_offset(engine),
	};
	engine->offset = 0;
	*words = 0;
	return GPU_DONE;
}
