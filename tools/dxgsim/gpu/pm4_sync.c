// SPDX-License-Identifier: MIT
/* Packets that wait, and that order memory: WAIT_REG_MEM, EVENT_WRITE, RELEASE_MEM, ACQUIRE_MEM. */
#include "dxgsim/gpu/pipeline.h"
#include "dxgsim/gpu/pm4.h"
#include "dxgsim/gpu/pm4_check.h"

/*
 * A poll adds nothing to the L2, for one that did would never see what the CPU writes; what is in there already
 * it does see, stale or not.  @bytes: 4 or 8, of memory, reference and mask.
 */
enum gpu_outcome gpu_pm4_wait_reg_mem(struct gpu_engine *engine, const uint32_t *packet, uint32_t bytes)
{
	uint64_t reference = bytes == 8 ? gpu_join(packet + 4) : packet[4];
	uint64_t mask = bytes == 8 ? gpu_join(packet + 6) : packet[5];
	uint32_t function = gpu_field(packet[1], 2, 0);
	uint32_t space = gpu_field(packet[1], 5, 4);
	uint32_t operation = gpu_field(packet[1], 7, 6);
	enum gpu_cache_policy policy;
	uint64_t va = gpu_join(packet + 2);
	uint64_t value = 0;

	if (function == 7)
		return gpu_reserved_value(engine, "FUNCTION", function);
	if (space == 0)
		return gpu_missing_value(engine, "MEM_SPACE", "register");
	if (space != 1)
		return gpu_reserved_value(engine, "MEM_SPACE", space);
	if (operation == 1)
		return gpu_missing_value(engine, "OPERATION", "write, wait, write");
	if (operation == 2)
		return gpu_reserved_value(engine, "OPERATION", operation);
	if (!gpu_aligned(engine, "address", va, bytes) ||
	    !gpu_cache_policy(engine, gpu_field(packet[1], 26, 25), &policy))
		return GPU_STOPPED;
	if (policy != GPU_CACHE_BYPASS)
		policy = GPU_CACHE_NO_ALLOCATE;
	if (!gpu_memory_read(&engine->memory, va, GPU_READ, &value, bytes, policy))
		return gpu_page_fault(engine);
	return gpu_compare(function, value & mask, reference) ? GPU_DONE : GPU_WAITING;
}

/* event types: Mesa, V_028A90_* */
#define CS_PARTIAL_FLUSH       0x07U
#define CACHE_FLUSH_AND_INV_TS 0x14U
#define PERFCOUNTER_START      0x17U
#define PERFCOUNTER_STOP       0x18U
#define PIPELINESTAT_START     0x19U
#define PIPELINESTAT_STOP      0x1aU
#define PERFCOUNTER_SAMPLE     0x1bU
#define SAMPLE_PIPELINESTAT    0x1eU
#define BOTTOM_OF_PIPE_TS      0x28U
#define CS_DONE		       0x2fU

/* Events that write nothing and start what cannot be seen. */
static bool harmless_event(uint32_t type)
{
	return type >= PERFCOUNTER_START && type <= PERFCOUNTER_SAMPLE;
}

enum gpu_outcome gpu_pm4_event_write(struct gpu_engine *engine, const uint32_t *packet, uint32_t words)
{
	uint32_t type = gpu_field(packet[1], 5, 0);
	uint32_t index = gpu_field(packet[1], 11, 8);

	if (index != 0 && index != 2 && index != 4)
		return gpu_reserved_value(engine, "EVENT_INDEX", index);
	if ((type == CS_PARTIAL_FLUSH) != (index == 4) || (type == SAMPLE_PIPELINESTAT) != (index == 2))
		return gpu_refuse(engine, GPU_ERROR_PACKET,
				  "EVENT_TYPE 0x%02x does not go with EVENT_INDEX %u", type, index);
	if (type != CS_PARTIAL_FLUSH && !harmless_event(type))
		return gpu_refuse(engine, GPU_ERROR_UNSUPPORTED, "EVENT_TYPE 0x%02x is not simulated", type);
	if (words != 2)
		return gpu_refuse(engine, GPU_ERROR_PACKET, "%u words, with %s it has 2", words,
				  type == CS_PARTIAL_FLUSH ? "CS_PARTIAL_FLUSH" : "this event");
	return type == CS_PARTIAL_FLUSH ? gpu_pipeline_drain(engine) : GPU_DONE;
}

static bool release_event(struct gpu_engine *engine, uint32_t word)
{
	uint32_t type = gpu_field(word, 5, 0);
	uint32_t index = gpu_field(word, 11, 8);

	if (index == 7) {
		gpu_missing_value(engine, "EVENT_INDEX", "of AQL");
		return false;
	}
	if (index != 5 && index != 6) {
		gpu_reserved_value(engine, "EVENT_INDEX", index);
		return false;
	}
	if (type != CACHE_FLUSH_AND_INV_TS && type != BOTTOM_OF_PIPE_TS && type != CS_DONE) {
		gpu_refuse(engine, GPU_ERROR_UNSUPPORTED, "EVENT_TYPE 0x%02x is not simulated", type);
		return false;
	}
	if ((type == CS_DONE) != (index == 6)) {
		gpu_refuse(engine, GPU_ERROR_PACKET, "EVENT_TYPE 0x%02x does not go with EVENT_INDEX %u",
			   type, index);
		return false;
	}
	return true;
}

#define SEQ_FORWARD 1U

/* GL2_DISCARD, GL2_INV and GL2_WB stand side by side in every GCR_CNTL; @lowest is the first of them. */
static uint32_t gl2_actions(uint32_t word, uint32_t lowest)
{
	return (gpu_bit(word, lowest) ? GPU_CACHE_DISCARD : 0) |
	       (gpu_bit(word, lowest + 1) ? GPU_CACHE_INVALIDATE : 0) |
	       (gpu_bit(word, lowest + 2) ? GPU_CACHE_WRITE_BACK : 0);
}

static uint32_t front(uint32_t word, uint32_t bit, enum gpu_front_cache cache)
{
	return gpu_bit(word, bit) ? GPU_FRONT_BIT(cache) : 0;
}

/* GLM_WB and GLM_INV likewise; gfx12 does not look at them. */
static uint32_t metadata_actions(const struct gpu_engine *engine, uint32_t word, uint32_t lowest)
{
	if (!gpu_has_metadata_cache(engine))
		return 0;
	return (gpu_bit(word, lowest) ? GPU_CACHE_WRITE_BACK : 0) |
	       (gpu_bit(word, lowest + 1) ? GPU_CACHE_INVALIDATE : 0);
}

/*
 * TC_WB, TC and TC_NC of gfx9.  A write-back is one of lines of TC_NC's memory types, which are all that is in use, or
 * one with an invalidation (Mesa, radv_cs.c: "WB doesn't work without NC").
 */
static uint32_t tc_actions(bool write_back, bool invalidate, bool non_coherent)
{
	return (write_back && (invalidate || non_coherent) ? GPU_CACHE_WRITE_BACK : 0) |
	       (invalidate ? GPU_CACHE_INVALIDATE : 0);
}

/* gfx9 names its actions one by one, later ones are a GCR_CNTL, which gfx11 extended by GLK_INV. */
static bool release_caches(struct gpu_engine *engine, uint32_t word, struct gpu_actions *actions)
{
	if (engine->config.generation == 9) {
		actions->l2 = tc_actions(gpu_bit(word, 15), gpu_bit(word, 17), gpu_bit(word, 19));
		actions->fronts = front(word, 16, GPU_FRONT_VECTOR);
		return true;
	}
	if (gpu_field(word, 23, 22) == 3) {
		gpu_reserved_value(engine, "SEQ", 3);
		return false;
	}
	actions->l2 = gl2_actions(word, 19);
	actions->metadata = metadata_actions(engine, word, 12);
	actions->in_order = gpu_field(word, 23, 22) == SEQ_FORWARD;
	actions->fronts = front(word, 14, GPU_FRONT_VECTOR) | front(word, 15, GPU_FRONT_L1) |
			  front(word, 30, GPU_FRONT_SCALAR);
	return true;
}

/* The selections of word 2, before anything is done. */
static bool release_selections(struct gpu_engine *engine, uint32_t word)
{
	uint32_t to = gpu_field(word, 17, 16);
	uint32_t interrupt = gpu_field(word, 26, 24);
	uint32_t data = gpu_field(word, 31, 29);

	if (to > 1)
		gpu_missing_value(engine, "DST_SEL", "of a queue's write pointer");
	else if (interrupt == 7)
		gpu_reserved_value(engine, "INT_SEL", interrupt);
	else if (interrupt > 3)
		gpu_missing_value(engine, "INT_SEL", "of an interrupt on a condition");
	else if (data == 5 && engine->config.generation < 12)
		gpu_missing_value(engine, "DATA_SEL", "GDS");
	else if (data == 6 && engine->config.generation == 11)
		gpu_missing_value(engine, "DATA_SEL", "shader clock");
	else if (data > 4)
		gpu_reserved_value(engine, "DATA_SEL", data);
	else
		return true;
	return false;
}

/* An interrupt is counted and raised nowhere: those that a user's queue asks for do not get to the guest. */
enum gpu_outcome gpu_pm4_release_mem(struct gpu_engine *engine, const uint32_t *packet)
{
	uint32_t data = gpu_field(packet[2], 31, 29);
	uint32_t interrupt = gpu_field(packet[2], 26, 24);
	struct gpu_release release = {
		.bytes = data == 1 ? 4 : 8,
		.clock = data == 3 || data == 4, /* the GPU's and the system's are one clock */
		.confirmed = interrupt >= 2,	 /* INT_SEL 3 is no interrupt, but a wait */
		.va = gpu_join(packet + 3),
		.value = gpu_join(packet + 5),
		.packet = engine->now.commands.va + engine->offset,
		.offset = gpu_job_offset(engine),
	};
	enum gpu_outcome outcome;

	if (!data)
		release.bytes = 0;
	if (!release_event(engine, packet[1]) || !release_selections(engine, packet[2]) ||
	    !gpu_cache_policy(engine, gpu_field(packet[1], 26, 25), &release.policy) ||
	    (data && !gpu_aligned(engine, "address", release.va, release.bytes)) ||
	    !release_caches(engine, packet[1], &release.actions))
		return GPU_STOPPED;
	if (gpu_field(packet[2], 17, 16) == 0)
		release.policy = GPU_CACHE_BYPASS;
	outcome = gpu_pipeline_release(engine, &release);
	if (outcome == GPU_DONE)
		engine->counters.interrupts += interrupt == 1 || interrupt == 2;
	return outcome;
}

/* CP_COHER_CNTL; KCACHE_VOL (28) concerns lines that no kernel of today's compilers marks. */
static struct gpu_actions acquire_gfx9(uint32_t word)
{
	return (struct gpu_actions){
		.l2 = tc_actions(gpu_bit(word, 18), gpu_bit(word, 23), gpu_bit(word, 3)),
		.fronts = front(word, 22, GPU_FRONT_VECTOR) | front(word, 27, GPU_FRONT_SCALAR) |
			  front(word, 29, GPU_FRONT_INSTRUCTION),
	};
}

/* GCR_CNTL; caches in front of the L2 are invalidated whole, with GLI_INV by range, too. */
static struct gpu_actions acquire_gfx10(const struct gpu_engine *engine, uint32_t word)
{
	return (struct gpu_actions){
		.l2 = gl2_actions(word, 13),
		.metadata = metadata_actions(engine, word, 4),
		.fronts = front(word, 7, GPU_FRONT_SCALAR) | front(word, 8, GPU_FRONT_VECTOR) |
			  front(word, 9, GPU_FRONT_L1) |
			  (gpu_field(word, 1, 0) ? GPU_FRONT_BIT(GPU_FRONT_INSTRUCTION) : 0),
		.in_order = gpu_field(word, 17, 16) == SEQ_FORWARD,
	};
}

/* Base and size are in units of 256 bytes. */
enum gpu_outcome gpu_pm4_acquire_mem(struct gpu_engine *engine, const uint32_t *packet)
{
	uint64_t size = gpu_join(packet + 2) << 8;
	uint64_t first = gpu_join(packet + 4) << 8;
	uint64_t last = size && size - 1 < UINT64_MAX - first ? first + size - 1 : UINT64_MAX;
	struct gpu_actions actions;

	if (engine->config.generation == 9) {
		actions = acquire_gfx9(packet[1]);
		if (first == 0 && packet[2] == ~0U && packet[3] == 0xff)
			last = UINT64_MAX;
	} else {
		uint32_t range = gpu_field(packet[7], 12, 11);

		if (gpu_field(packet[7], 17, 16) == 3)
			return gpu_reserved_value(engine, "SEQ", 3);
		if (gpu_field(packet[7], 1, 0) == 3)
			return gpu_missing_value(engine, "GLI_INV", "first and last");
		if (range == 1 || range == 3)
			return gpu_missing_value(engine, "GL2_RANGE",
						 range == 1 ? "volatile" : "first and last");
		actions = acquire_gfx10(engine, packet[7]);
		if (range == 0) {
			size = UINT64_MAX;
			first = 0;
			last = UINT64_MAX;
		}
	}
	if (!size)
		actions.l2 = 0;
	gpu_cache_actions(engine, &actions, first, last);
	return GPU_DONE;
}
