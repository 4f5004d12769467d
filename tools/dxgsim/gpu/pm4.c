// SPDX-License-Identifier: MIT
/*
 * PM4 on a compute engine: checks a packet against its form and does what it says.
 *
 * There are no shaders yet, so that the caches in front of the L2 and the pipeline are empty and what concerns
 * them alone is done as soon as it is read.
 */
#include <stddef.h>

#include "dxgsim/gpu/engine.h"

#define BIT(n)	     (1U << (n))
#define NOP_ONE_WORD 0x3fffU

static uint32_t field(uint32_t word, uint32_t high, uint32_t low)
{
	return word >> low & ~0U >> (31 - (high - low));
}

static uint64_t join(const uint32_t *words)
{
	return words[0] | (uint64_t)words[1] << 32;
}

static enum gpu_outcome reserved_value(struct gpu_engine *engine, const char *name, uint32_t value)
{
	return gpu_refuse(engine, GPU_ERROR_PACKET, "%s %u is reserved", name, value);
}

static enum gpu_outcome missing_value(struct gpu_engine *engine, const char *name, const char *what)
{
	return gpu_refuse(engine, GPU_ERROR_UNSUPPORTED, "%s %s is not simulated", name, what);
}

static bool aligned(struct gpu_engine *engine, const char *name, uint64_t va, uint32_t bytes)
{
	if (!(va & (bytes - 1)))
		return true;
	gpu_refuse(engine, GPU_ERROR_PACKET, "%s 0x%llx is not a multiple of %u", name,
		   (unsigned long long)va, bytes);
	return false;
}

/* gfx12 says how long data is wanted, and nothing of that goes past the L2. */
static bool cache_policy(struct gpu_engine *engine, uint32_t value, enum gpu_cache_policy *policy)
{
	static const enum gpu_cache_policy gfx10[] = {GPU_CACHE_LRU, GPU_CACHE_STREAM, GPU_CACHE_NO_ALLOCATE,
						      GPU_CACHE_BYPASS};
	static const enum gpu_cache_policy gfx12[] = {GPU_CACHE_LRU, GPU_CACHE_STREAM, GPU_CACHE_LRU,
						      GPU_CACHE_LRU};

	if (engine->config.generation == 9 && value > 1) {
		reserved_value(engine, "CACHE_POLICY", value);
		return false;
	}
	*policy = engine->config.generation >= 12 ? gfx12[value] : gfx10[value];
	return true;
}

static enum gpu_outcome write_data(struct gpu_engine *engine, const uint32_t *packet, uint32_t words)
{
	enum gpu_cache_policy policy;
	uint64_t va = join(packet + 2);
	uint32_t to = field(packet[1], 11, 8);
	bool stays = packet[1] & BIT(16);

	switch (to) {
	case 2: /* L2 */
	case 5: /* memory, which since gfx9 is the same way */
		break;
	case 0:
		return missing_value(engine, "DST_SEL", "register");
	case 3:
		if (engine->config.generation < 12)
			return missing_value(engine, "DST_SEL", "GDS");
		return reserved_value(engine, "DST_SEL", to);
	case 6:
		return missing_value(engine, "DST_SEL", "persistent state");
	default:
		return reserved_value(engine, "DST_SEL", to);
	}
	if (!aligned(engine, "address", va, 4) || !cache_policy(engine, field(packet[1], 26, 25), &policy))
		return GPU_STOPPED;
	for (uint32_t i = 4; i < words; i++)
		if (!gpu_memory_write(&engine->memory, stays ? va : va + 4ULL * (i - 4), packet + i, 4,
				      policy))
			return gpu_page_fault(engine);
	return GPU_DONE;
}

static enum gpu_outcome copy_source(struct gpu_engine *engine, const uint32_t *packet, uint32_t bytes,
				    uint64_t *value)
{
	enum gpu_cache_policy policy;
	uint32_t from = field(packet[1], 3, 0);

	*value = 0;
	switch (from) {
	case 1: /* memory, which since gfx9 is the same way */
	case 2: /* L2 */
		if (!aligned(engine, "source address", join(packet + 2), bytes) ||
		    !cache_policy(engine, field(packet[1], 14, 13), &policy))
			return GPU_STOPPED;
		if (!gpu_memory_read(&engine->memory, join(packet + 2), GPU_READ, value, bytes, policy))
			return gpu_page_fault(engine);
		return GPU_DONE;
	case 5:
		*value = join(packet + 2);
		return GPU_DONE;
	case 9:
		*value = engine->config.ops->clock(engine->config.machine);
		return GPU_DONE;
	case 0:
		return missing_value(engine, "SRC_SEL", "register");
	case 4:
		return missing_value(engine, "SRC_SEL", "performance counter");
	case 6:
		return missing_value(engine, "SRC_SEL", "atomic return data");
	case 10:
		return missing_value(engine, "SRC_SEL", "system clock");
	case 3:
	case 7:
	case 8:
		if (engine->config.generation < 12)
			return missing_value(engine, "SRC_SEL", "GDS");
		break;
	default:
		break;
	}
	return reserved_value(engine, "SRC_SEL", from);
}

static enum gpu_outcome copy_data(struct gpu_engine *engine, const uint32_t *packet)
{
	uint32_t bytes = packet[1] & BIT(16) ? 8 : 4;
	uint32_t to = field(packet[1], 11, 8);
	enum gpu_cache_policy policy;
	enum gpu_outcome outcome;
	uint64_t value;

	switch (to) {
	case 2:
	case 5:
		break;
	case 0:
	case 6:
		return missing_value(engine, "DST_SEL", "register");
	case 3:
		if (engine->config.generation < 12)
			return missing_value(engine, "DST_SEL", "GDS");
		return reserved_value(engine, "DST_SEL", to);
	case 4:
		return missing_value(engine, "DST_SEL", "performance counter");
	default:
		return reserved_value(engine, "DST_SEL", to);
	}
	if (!aligned(engine, "destination address", join(packet + 4), bytes) ||
	    !cache_policy(engine, field(packet[1], 26, 25), &policy))
		return GPU_STOPPED;
	outcome = copy_source(engine, packet, bytes, &value);
	if (outcome != GPU_DONE)
		return outcome;
	if (!gpu_memory_write(&engine->memory, join(packet + 4), &value, bytes, policy))
		return gpu_page_fault(engine);
	return GPU_DONE;
}

static bool compare(uint32_t function, uint64_t value, uint64_t reference)
{
	switch (function) {
	case 1:
		return value < reference;
	case 2:
		return value <= reference;
	case 3:
		return value == reference;
	case 4:
		return value != reference;
	case 5:
		return value >= reference;
	case 6:
		return value > reference;
	default:
		return true;
	}
}

/*
 * A poll adds nothing to the L2, for one that did would never see what the CPU writes; what is in there already
 * it does see, stale or not.  @bytes: 4 or 8, of memory, reference and mask.
 */
static enum gpu_outcome wait_reg_mem(struct gpu_engine *engine, const uint32_t *packet, uint32_t bytes)
{
	uint64_t reference = bytes == 8 ? join(packet + 4) : packet[4];
	uint64_t mask = bytes == 8 ? join(packet + 6) : packet[5];
	uint32_t function = field(packet[1], 2, 0);
	uint32_t space = field(packet[1], 5, 4);
	uint32_t operation = field(packet[1], 7, 6);
	enum gpu_cache_policy policy;
	uint64_t va = join(packet + 2);
	uint64_t value = 0;

	if (function == 7)
		return reserved_value(engine, "FUNCTION", function);
	if (space == 0)
		return missing_value(engine, "MEM_SPACE", "register");
	if (space != 1)
		return reserved_value(engine, "MEM_SPACE", space);
	if (operation == 1)
		return missing_value(engine, "OPERATION", "write, wait, write");
	if (operation == 2)
		return reserved_value(engine, "OPERATION", operation);
	if (!aligned(engine, "address", va, bytes) ||
	    !cache_policy(engine, field(packet[1], 26, 25), &policy))
		return GPU_STOPPED;
	if (policy != GPU_CACHE_BYPASS)
		policy = GPU_CACHE_NO_ALLOCATE;
	if (!gpu_memory_read(&engine->memory, va, GPU_READ, &value, bytes, policy))
		return gpu_page_fault(engine);
	return compare(function, value & mask, reference) ? GPU_DONE : GPU_WAITING;
}

/* event types: Mesa, V_028A90_* */
#define CS_PARTIAL_FLUSH       0x07U
#define CACHE_FLUSH_AND_INV_TS 0x14U
#define BOTTOM_OF_PIPE_TS      0x28U
#define CS_DONE		       0x2fU

static enum gpu_outcome event_write(struct gpu_engine *engine, const uint32_t *packet, uint32_t words)
{
	uint32_t type = field(packet[1], 5, 0);
	uint32_t index = field(packet[1], 11, 8);

	if (index != 0 && index != 2 && index != 4)
		return reserved_value(engine, "EVENT_INDEX", index);
	if ((type == CS_PARTIAL_FLUSH) != (index == 4))
		return gpu_refuse(engine, GPU_ERROR_PACKET,
				  "EVENT_TYPE 0x%02x does not go with EVENT_INDEX %u", type, index);
	if (type != CS_PARTIAL_FLUSH)
		return gpu_refuse(engine, GPU_ERROR_UNSUPPORTED, "EVENT_TYPE 0x%02x is not simulated", type);
	if (words != 2)
		return gpu_refuse(engine, GPU_ERROR_PACKET, "%u words, with CS_PARTIAL_FLUSH it has 2",
				  words);
	return GPU_DONE;
}

static bool release_event(struct gpu_engine *engine, uint32_t word)
{
	uint32_t type = field(word, 5, 0);
	uint32_t index = field(word, 11, 8);

	if (index == 7) {
		missing_value(engine, "EVENT_INDEX", "of AQL");
		return false;
	}
	if (index != 5 && index != 6) {
		reserved_value(engine, "EVENT_INDEX", index);
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

/* GL2_DISCARD, GL2_INV and GL2_WB stand side by side in every GCR_CNTL; @lowest is the first of them. */
static uint32_t gl2_actions(uint32_t word, uint32_t lowest)
{
	return (word & BIT(lowest) ? GPU_CACHE_DISCARD : 0) |
	       (word & BIT(lowest + 1) ? GPU_CACHE_INVALIDATE : 0) |
	       (word & BIT(lowest + 2) ? GPU_CACHE_WRITE_BACK : 0);
}

static bool release_caches(struct gpu_engine *engine, uint32_t word)
{
	uint32_t actions;

	if (engine->config.generation == 9) {
		actions = (word & BIT(15) ? GPU_CACHE_WRITE_BACK : 0) |
			  (word & BIT(17) ? GPU_CACHE_INVALIDATE : 0);
	} else {
		if (field(word, 23, 22) == 3) {
			reserved_value(engine, "SEQ", 3);
			return false;
		}
		actions = gl2_actions(word, 19);
	}
	if (actions)
		gpu_cache_act(engine->memory.cache, engine->config.ops, engine->memory.space, actions, 0,
			      UINT64_MAX);
	return true;
}

/* The selections of word 2, before anything is done. */
static bool release_selections(struct gpu_engine *engine, uint32_t word)
{
	uint32_t to = field(word, 17, 16);
	uint32_t interrupt = field(word, 26, 24);
	uint32_t data = field(word, 31, 29);

	if (to > 1)
		missing_value(engine, "DST_SEL", "of a queue's write pointer");
	else if (interrupt == 7)
		reserved_value(engine, "INT_SEL", interrupt);
	else if (interrupt > 3)
		missing_value(engine, "INT_SEL", "of an interrupt on a condition");
	else if (data == 4)
		missing_value(engine, "DATA_SEL", "system clock");
	else if (data == 5 && engine->config.generation < 12)
		missing_value(engine, "DATA_SEL", "GDS");
	else if (data == 6 && engine->config.generation == 11)
		missing_value(engine, "DATA_SEL", "shader clock");
	else if (data > 4)
		reserved_value(engine, "DATA_SEL", data);
	else
		return true;
	return false;
}

/* Interrupts are accepted and raised nowhere: no guest gets one. */
static enum gpu_outcome release_mem(struct gpu_engine *engine, const uint32_t *packet)
{
	uint32_t data = field(packet[2], 31, 29);
	uint32_t bytes = data == 1 ? 4 : 8;
	enum gpu_cache_policy policy;
	uint64_t va = join(packet + 3);
	uint64_t value = join(packet + 5);

	if (!release_event(engine, packet[1]) || !release_selections(engine, packet[2]) ||
	    !cache_policy(engine, field(packet[1], 26, 25), &policy) ||
	    (data && !aligned(engine, "address", va, bytes)) || !release_caches(engine, packet[1]))
		return GPU_STOPPED;
	if (!data)
		return GPU_DONE;
	if (field(packet[2], 17, 16) == 0)
		policy = GPU_CACHE_BYPASS;
	if (data == 3)
		value = engine->config.ops->clock(engine->config.machine);
	if (!gpu_memory_write(&engine->memory, va, &value, bytes, policy))
		return gpu_page_fault(engine);
	return GPU_DONE;
}

/* Base and size are in units of 256 bytes. */
static enum gpu_outcome acquire_mem(struct gpu_engine *engine, const uint32_t *packet)
{
	uint64_t size = join(packet + 2) << 8;
	uint64_t first = join(packet + 4) << 8;
	uint64_t last = size && size - 1 < UINT64_MAX - first ? first + size - 1 : UINT64_MAX;
	uint32_t actions;

	if (engine->config.generation == 9) {
		actions = (packet[1] & BIT(18) ? GPU_CACHE_WRITE_BACK : 0) |
			  (packet[1] & BIT(23) ? GPU_CACHE_INVALIDATE : 0);
		if (first == 0 && packet[2] == ~0U && packet[3] == 0xff)
			last = UINT64_MAX;
	} else {
		uint32_t range = field(packet[7], 12, 11);

		if (field(packet[7], 17, 16) == 3)
			return reserved_value(engine, "SEQ", 3);
		if (range == 1 || range == 3)
			return missing_value(engine, "GL2_RANGE", range == 1 ? "volatile" : "first and last");
		actions = gl2_actions(packet[7], 13);
		if (range == 0) {
			size = UINT64_MAX;
			first = 0;
			last = UINT64_MAX;
		}
	}
	if (actions && size)
		gpu_cache_act(engine->memory.cache, engine->config.ops, engine->memory.space, actions, first,
			      last);
	return GPU_DONE;
}

static enum gpu_outcome check_words(struct gpu_engine *engine, const struct gpu_packet_form *form,
				    uint32_t words)
{
	for (uint32_t i = 1; i < words && i <= form->known; i++) {
		uint32_t undefined = engine->packet[i] & ~form->words[i - 1].defined;
		uint32_t missing = engine->packet[i] & form->words[i - 1].missing;

		if (undefined)
			return gpu_refuse(engine, GPU_ERROR_PACKET, "word %u has reserved bits 0x%08x", i,
					  undefined);
		if (missing)
			return gpu_refuse(engine, GPU_ERROR_UNSUPPORTED,
					  "word %u, bits 0x%08x are not simulated", i, missing);
	}
	return GPU_DONE;
}

/* Type, opcode and length; the rest of the packet is fetched only when they are right. */
static const struct gpu_packet_form *decode_header(struct gpu_engine *engine, uint32_t *words)
{
	uint32_t generation = engine->config.generation;
	uint32_t header = engine->packet[0];
	uint32_t opcode = field(header, 15, 8);
	uint32_t count = field(header, 29, 16);
	const struct gpu_opcode_info *info;
	const struct gpu_packet_form *form;

	if (header >> 30 != 3) {
		gpu_refuse(engine, GPU_ERROR_PACKET,
			   "0x%08x is of type %u, a compute engine knows type 3 only", header, header >> 30);
		return NULL;
	}
	info = gpu_opcode_info(generation, opcode);
	if (!info) {
		gpu_refuse(engine, GPU_ERROR_PACKET, "gfx%u has no opcode 0x%02x (header 0x%08x)", generation,
			   opcode, header);
		return NULL;
	}
	engine->packet_name = info->name;
	if (info->class != GPU_OPCODE_COMPUTE) {
		gpu_refuse(engine, GPU_ERROR_PACKET, "only for %s",
			   info->class == GPU_OPCODE_KERNEL ? "the kernel driver's queues"
							    : "graphics engines");
		return NULL;
	}
	form = gpu_packet_form(generation, opcode);
	if (!form) {
		gpu_refuse(engine, GPU_ERROR_UNSUPPORTED, "not simulated");
		return NULL;
	}
	/* bit 1, the shader type, is ignored by compute engines */
	if (header & 0xfd) {
		gpu_refuse(engine, GPU_ERROR_PACKET, "the header has reserved bits 0x%02x", header & 0xfd);
		return NULL;
	}
	*words = opcode == GPU_NOP && count == NOP_ONE_WORD ? 1 : count + 2;
	if (*words < form->minimum || *words > form->maximum) {
		gpu_refuse(engine, GPU_ERROR_PACKET, "%u words, but it has %u to %u", *words, form->minimum,
			   form->maximum);
		return NULL;
	}
	return form;
}

enum gpu_outcome gpu_pm4_step(struct gpu_engine *engine, uint32_t *words)
{
	const struct gpu_packet_form *form;
	const uint32_t *packet = engine->packet;

	if (!gpu_fetch(engine, 0, 1))
		return GPU_STOPPED;
	form = decode_header(engine, words);
	if (!form || !gpu_fetch(engine, 1, *words - 1) || check_words(engine, form, *words) != GPU_DONE)
		return GPU_STOPPED;
	switch (form->opcode) {
	case GPU_NOP:
		return GPU_DONE;
	case GPU_WRITE_DATA:
		return write_data(engine, packet, *words);
	case GPU_WAIT_REG_MEM:
		return wait_reg_mem(engine, packet, 4);
	case GPU_WAIT_REG_MEM64:
		return wait_reg_mem(engine, packet, 8);
	case GPU_COPY_DATA:
		return copy_data(engine, packet);
	case GPU_EVENT_WRITE:
		return event_write(engine, packet, *words);
	case GPU_RELEASE_MEM:
		return release_mem(engine, packet);
	case GPU_ACQUIRE_MEM:
		return acquire_mem(engine, packet);
	}
	return gpu_refuse(engine, GPU_ERROR_UNSUPPORTED, "not simulated");
}
