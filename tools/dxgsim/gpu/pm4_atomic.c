// SPDX-License-Identifier: MIT
/*
 * ATOMIC_MEM. The operations are the L2's: AMD PAL, gfx12_merged_f32_mec_pm4_packets.h; Linux, TC_OP in soc15_enum.h.
 * Bit 5 of the number says 64 bits, bit 6 that nothing is returned.
 */
#include "dxgsim/gpu/pipeline.h"
#include "dxgsim/gpu/pm4.h"
#include "dxgsim/gpu/pm4_check.h"

enum atomic {
	ATOMIC_SWAP = 7,
	ATOMIC_COMPARE_SWAP = 8,
	ATOMIC_ADD = 15,
	ATOMIC_SUBTRACT,
	ATOMIC_SIGNED_MIN,
	ATOMIC_MIN,
	ATOMIC_SIGNED_MAX,
	ATOMIC_MAX,
	ATOMIC_AND,
	ATOMIC_OR,
	ATOMIC_XOR,
	ATOMIC_INCREMENT, /* to 0 behind the operand */
	ATOMIC_DECREMENT, /* to the operand behind 0, and from above it */
};

enum command {
	COMMAND_ONCE,
	COMMAND_LOOP,
	COMMAND_CONFIRM,
	COMMAND_SEND,
};

struct operands {
	enum atomic operation;
	uint32_t bytes;
	uint64_t source;
	uint64_t compare;
};

static int64_t extend(uint64_t value, uint32_t bytes)
{
	return bytes == 8 ? (int64_t)value : (int32_t)(uint32_t)value;
}

static uint64_t modify(uint64_t old, const void *data)
{
	const struct operands *o = data;
	uint64_t source = o->source;

	switch (o->operation) {
	case ATOMIC_SWAP:
		return source;
	case ATOMIC_COMPARE_SWAP:
		return old == o->compare ? source : old;
	case ATOMIC_ADD:
		return old + source;
	case ATOMIC_SUBTRACT:
		return old - source;
	case ATOMIC_SIGNED_MIN:
		return extend(old, o->bytes) < extend(source, o->bytes) ? old : source;
	case ATOMIC_MIN:
		return old < source ? old : source;
	case ATOMIC_SIGNED_MAX:
		return extend(old, o->bytes) > extend(source, o->bytes) ? old : source;
	case ATOMIC_MAX:
		return old > source ? old : source;
	case ATOMIC_AND:
		return old & source;
	case ATOMIC_OR:
		return old | source;
	case ATOMIC_XOR:
		return old ^ source;
	case ATOMIC_INCREMENT:
		return old >= source ? 0 : old + 1;
	case ATOMIC_DECREMENT:
		return !old || old > source ? source : old - 1;
	}
	return old;
}

static bool known(uint32_t operation)
{
	return operation == ATOMIC_SWAP || operation == ATOMIC_COMPARE_SWAP ||
	       (operation >= ATOMIC_ADD && operation <= ATOMIC_DECREMENT);
}

static bool check(struct gpu_engine *engine, const struct operands *operands, uint32_t command, bool returns)
{
	if (command > COMMAND_SEND || (command > COMMAND_LOOP && engine->config.generation == 9)) {
		gpu_reserved_value(engine, "COMMAND", command);
		return false;
	}
	if (!known(operands->operation)) {
		gpu_refuse(engine, GPU_ERROR_UNSUPPORTED, "ATOMIC %u is not simulated",
			   gpu_field(engine->packet[1], 6, 0));
		return false;
	}
	if (command != COMMAND_LOOP || (operands->operation == ATOMIC_COMPARE_SWAP && returns))
		return true;
	gpu_refuse(engine, GPU_ERROR_PACKET, "only what a compare-and-swap returns can be looped for");
	return false;
}

enum gpu_outcome gpu_pm4_atomic_mem(struct gpu_engine *engine, const uint32_t *packet)
{
	struct operands operands = {
		.operation = (enum atomic)gpu_field(packet[1], 4, 0),
		.bytes = gpu_bit(packet[1], 5) ? 8 : 4,
	};
	uint64_t mask = operands.bytes == 8 ? UINT64_MAX : UINT32_MAX;
	uint32_t command = gpu_field(packet[1], 11, 8);
	bool returns = !gpu_bit(packet[1], 6);
	uint64_t va = gpu_join(packet + 2);
	enum gpu_cache_policy policy;
	uint64_t old = 0;

	operands.source = gpu_join(packet + 4) & mask;
	operands.compare = gpu_join(packet + 6) & mask;
	if (!check(engine, &operands, command, returns) ||
	    !gpu_aligned(engine, "address", va, operands.bytes) ||
	    !gpu_cache_policy(engine, gpu_field(packet[1], 26, 25), &policy) || !gpu_may_signal(engine))
		return GPU_STOPPED;
	if (!gpu_memory_atomic(&engine->memory, va, operands.bytes, policy, modify, &operands, &old))
		return gpu_page_fault(engine);
	if (returns)
		engine->now.atomic_return = old;
	return command == COMMAND_LOOP && old != operands.compare ? GPU_WAITING : GPU_DONE;
}
