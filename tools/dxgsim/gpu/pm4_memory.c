// SPDX-License-Identifier: MIT
/* Packets that move data: WRITE_DATA, COPY_DATA, DMA_DATA. */
#include "dxgsim/gpu/pipeline.h"
#include "dxgsim/gpu/pm4.h"
#include "dxgsim/gpu/pm4_check.h"

enum gpu_outcome gpu_pm4_write_data(struct gpu_engine *engine, const uint32_t *packet, uint32_t words)
{
	enum gpu_cache_policy policy;
	uint64_t va = gpu_join(packet + 2);
	uint32_t to = gpu_field(packet[1], 11, 8);
	bool stays = gpu_bit(packet[1], 16);

	switch (to) {
	case 2: /* L2 */
	case 5: /* memory, which since gfx9 is the same way */
		break;
	case 0:
		return gpu_missing_value(engine, "DST_SEL", "register");
	case 3:
		if (engine->config.generation < 12)
			return gpu_missing_value(engine, "DST_SEL", "GDS");
		return gpu_reserved_value(engine, "DST_SEL", to);
	case 6:
		return gpu_missing_value(engine, "DST_SEL", "persistent state");
	default:
		return gpu_reserved_value(engine, "DST_SEL", to);
	}
	if (!gpu_aligned(engine, "address", va, 4) ||
	    !gpu_cache_policy(engine, gpu_field(packet[1], 26, 25), &policy))
		return GPU_STOPPED;
	if (!gpu_may_signal(engine))
		return GPU_STOPPED;
	for (uint32_t i = 4; i < words; i++)
		if (!gpu_memory_write(&engine->memory, stays ? va : va + 4ULL * (i - 4), packet + i, 4,
				      policy))
			return gpu_page_fault(engine);
	return GPU_DONE;
}

/* A compute register by its address; of others nothing is simulated. */
static bool register_offset(struct gpu_engine *engine, const char *name, uint64_t address, uint32_t bytes,
			    uint32_t *offset)
{
	*offset = (uint32_t)address - GPU_SH_SPACE;
	if (address < GPU_SH_SPACE + GPU_SH_FIRST || address >= GPU_SH_SPACE + GPU_SH_FIRST + GPU_SH_COUNT ||
	    !engine->registers[*offset - GPU_SH_FIRST]) {
		gpu_refuse(engine, GPU_ERROR_UNSUPPORTED, "%s register 0x%llx is not simulated", name,
			   (unsigned long long)address);
		return false;
	}
	if (bytes == 4)
		return true;
	gpu_refuse(engine, GPU_ERROR_UNSUPPORTED, "%s register, 64 bits are not simulated", name);
	return false;
}

static enum gpu_outcome register_source(struct gpu_engine *engine, const uint32_t *packet, uint32_t bytes,
					uint64_t *value)
{
	uint32_t offset, u32;

	if (!register_offset(engine, "SRC_SEL", gpu_join(packet + 2), bytes, &offset))
		return GPU_STOPPED;
	if (!gpu_registers_get(&engine->now.registers, offset, &u32))
		return gpu_refuse(engine, GPU_ERROR_PACKET, "%s has not been written",
				  engine->registers[offset - GPU_SH_FIRST]->name);
	*value = u32;
	return GPU_DONE;
}

static enum gpu_outcome copy_source(struct gpu_engine *engine, const uint32_t *packet, uint32_t bytes,
				    uint64_t *value)
{
	enum gpu_cache_policy policy;
	uint32_t from = gpu_field(packet[1], 3, 0);

	*value = 0;
	switch (from) {
	case 1: /* memory, which since gfx9 is the same way */
	case 2: /* L2 */
		if (!gpu_aligned(engine, "source address", gpu_join(packet + 2), bytes) ||
		    !gpu_cache_policy(engine, gpu_field(packet[1], 14, 13), &policy))
			return GPU_STOPPED;
		if (!gpu_memory_read(&engine->memory, gpu_join(packet + 2), GPU_READ, value, bytes, policy))
			return gpu_page_fault(engine);
		return GPU_DONE;
	case 5:
		*value = gpu_join(packet + 2);
		return GPU_DONE;
	case 6:
		*value = engine->now.atomic_return;
		return GPU_DONE;
	case 9:
	case 10: /* both count the same reference clock */
		*value = engine->config.ops->clock(engine->config.machine);
		return GPU_DONE;
	case 0:
		return register_source(engine, packet, bytes, value);
	case 4:
		return gpu_missing_value(engine, "SRC_SEL", "performance counter");
	case 3:
	case 7:
	case 8:
		if (engine->config.generation < 12)
			return gpu_missing_value(engine, "SRC_SEL", "GDS");
		break;
	default:
		break;
	}
	return gpu_reserved_value(engine, "SRC_SEL", from);
}

static enum gpu_outcome copy_to_register(struct gpu_engine *engine, const uint32_t *packet, uint32_t bytes)
{
	enum gpu_outcome outcome;
	uint32_t offset;
	uint64_t value;

	if (!register_offset(engine, "DST_SEL", gpu_join(packet + 4), bytes, &offset))
		return GPU_STOPPED;
	outcome = copy_source(engine, packet, bytes, &value);
	if (outcome != GPU_DONE)
		return outcome;
	return gpu_set_register(engine, offset, (uint32_t)value);
}

enum gpu_outcome gpu_pm4_copy_data(struct gpu_engine *engine, const uint32_t *packet)
{
	uint32_t bytes = gpu_bit(packet[1], 16) ? 8 : 4;
	uint32_t to = gpu_field(packet[1], 11, 8);
	enum gpu_cache_policy policy;
	enum gpu_outcome outcome;
	uint64_t value;

	switch (to) {
	case 2:
	case 5:
		break;
	case 0:
		return copy_to_register(engine, packet, bytes);
	case 6:
		return gpu_missing_value(engine, "DST_SEL", "register with a delay");
	case 3:
		if (engine->config.generation < 12)
			return gpu_missing_value(engine, "DST_SEL", "GDS");
		return gpu_reserved_value(engine, "DST_SEL", to);
	case 4:
		return gpu_missing_value(engine, "DST_SEL", "performance counter");
	default:
		return gpu_reserved_value(engine, "DST_SEL", to);
	}
	if (!gpu_aligned(engine, "destination address", gpu_join(packet + 4), bytes) ||
	    !gpu_cache_policy(engine, gpu_field(packet[1], 26, 25), &policy))
		return GPU_STOPPED;
	outcome = copy_source(engine, packet, bytes, &value);
	if (outcome != GPU_DONE)
		return outcome;
	if (!gpu_memory_write(&engine->memory, gpu_join(packet + 4), &value, bytes, policy))
		return gpu_page_fault(engine);
	return GPU_DONE;
}

enum { DMA_ADDRESS, DMA_GDS, DMA_OTHER, DMA_L2 }; /* other: data as a source, nowhere as a destination */

static bool dma_selection(struct gpu_engine *engine, const char *name, uint32_t value)
{
	if (value != DMA_GDS)
		return true;
	if (engine->config.generation < 12)
		gpu_missing_value(engine, name, "GDS");
	else
		gpu_reserved_value(engine, name, value);
	return false;
}

/* Copies in order of addresses, in pieces. */
static bool dma_copy(struct gpu_engine *engine, uint64_t to, uint64_t from, uint32_t bytes,
		     enum gpu_cache_policy reads, enum gpu_cache_policy writes, bool nowhere)
{
	uint8_t piece[4096];

	while (bytes) {
		uint32_t size = bytes < sizeof(piece) ? bytes : (uint32_t)sizeof(piece);

		if (!gpu_memory_read(&engine->memory, from, GPU_READ, piece, size, reads) ||
		    (!nowhere && !gpu_memory_write(&engine->memory, to, piece, size, writes)))
			return false;
		from += size;
		to += size;
		bytes -= size;
	}
	return true;
}

static bool dma_fill(struct gpu_engine *engine, uint64_t to, uint32_t data, uint32_t bytes,
		     enum gpu_cache_policy writes)
{
	uint32_t piece[1024];

	for (uint32_t i = 0; i < 1024; i++)
		piece[i] = data;
	while (bytes) {
		uint32_t size = bytes < sizeof(piece) ? bytes : (uint32_t)sizeof(piece);

		if (!gpu_memory_write(&engine->memory, to, piece, size, writes))
			return false;
		to += size;
		bytes -= size;
	}
	return true;
}

/* RAW_WAIT and DIS_WC order it against others of its kind, which are done one after the other here. */
enum gpu_outcome gpu_pm4_dma_data(struct gpu_engine *engine, const uint32_t *packet)
{
	uint32_t to = gpu_field(packet[1], 21, 20);
	uint32_t from = gpu_field(packet[1], 30, 29);
	uint32_t bytes = gpu_field(packet[6], 25, 0);
	enum gpu_cache_policy reads, writes;
	bool done;

	if (!dma_selection(engine, "SRC_SEL", from) || !dma_selection(engine, "DST_SEL", to) ||
	    !gpu_cache_policy(engine, gpu_field(packet[1], 14, 13), &reads) ||
	    !gpu_cache_policy(engine, gpu_field(packet[1], 26, 25), &writes))
		return GPU_STOPPED;
	if (from != DMA_OTHER)
		done = dma_copy(engine, gpu_join(packet + 4), gpu_join(packet + 2), bytes, reads, writes,
				to == DMA_OTHER);
	else if (bytes & 3 || packet[4] & 3)
		return gpu_refuse(engine, GPU_ERROR_PACKET,
				  "a fill of %u bytes at 0x%llx is not one of whole words", bytes,
				  (unsigned long long)gpu_join(packet + 4));
	else
		done = to == DMA_OTHER || dma_fill(engine, gpu_join(packet + 4), packet[2], bytes, writes);
	return done ? GPU_DONE : gpu_page_fault(engine);
}
