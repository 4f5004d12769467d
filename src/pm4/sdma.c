// SPDX-License-Identifier: MIT
#include "pm4/sdma.h"

#include <errno.h>
#include <string.h>

#include "pm4/draft.h"
#include "pm4/sdma_packets.h"
#include "util/compiler.h"

#define BROADCAST_WORDS	  2U /* the second destination */
#define COMPRESSION_WORDS 1U

/* sdma_write64(): a NOP of one word, the WRITE, its two words */
#define WRITE_AT 1U
#define DATA_AT	 5U

/* Linux, ROCr: the texture cache's operations; the one returns what was there, the other does not */
#define ATOMIC_ADD_RETURN_64 0x2fU
#define ATOMIC_ADD_64	     0x6fU

static uint32_t get(enum pm4_generation generation, uint32_t id, const uint32_t *words)
{
	return pm4_field_get(&sdma_fields, id, generation, words);
}

static uint64_t get_pair(enum pm4_generation generation, uint32_t low, uint32_t high, const uint32_t *words)
{
	return get(generation, low, words) | (uint64_t)get(generation, high, words) << 32;
}

/* What follows the fixed part.  All of that is there. */
static uint32_t more_words(enum pm4_generation generation, const struct sdma_packet *packet,
			   const uint32_t *words)
{
	uint32_t more = 0;

	switch (packet->operation) {
	case SDMA_OP_NOP:
		return get(generation, SDMA_NOP_COUNT, words);
	case SDMA_OP_WRITE:
		return get(generation, SDMA_WRITE_COUNT, words) + 1;
	case SDMA_OP_COPY:
		if (packet->sub_operation)
			return 0;
		if (get(generation, SDMA_COPY_LINEAR_BROADCAST, words))
			more += BROADCAST_WORDS;
		if (get(generation, SDMA_COPY_LINEAR_COMPRESSED, words))
			more += COMPRESSION_WORDS;
		return more;
	default:
		return 0;
	}
}

/* A poll of a register, or one that is always content, is none of memory. */
static int see_poll(enum pm4_generation generation, const uint32_t *words, struct sdma_seen *seen)
{
	uint32_t function = get(generation, SDMA_POLL_FUNCTION, words);

	if (function > PM4_GREATER)
		return -EINVAL;
	if (!get(generation, SDMA_POLL_MEMORY, words) || function < PM4_LESS)
		return 0;
	seen->kind = SDMA_POLL;
	seen->va = (uint64_t)get(generation, SDMA_POLL_ADDRESS_HIGH, words) << 32 |
		   (uint64_t)get(generation, SDMA_POLL_ADDRESS_LOW, words)
			   << pm4_field_find(&sdma_fields, SDMA_POLL_ADDRESS_LOW, generation)->shift;
	seen->reference = get(generation, SDMA_POLL_REFERENCE, words);
	seen->mask = get(generation, SDMA_POLL_MASK, words);
	seen->compare = (enum pm4_compare)function;
	return 0;
}

static void see_atomic(enum pm4_generation generation, const uint32_t *words, struct sdma_seen *seen)
{
	uint32_t operation = get(generation, SDMA_ATOMIC_OPERATION, words);

	if ((operation != ATOMIC_ADD_RETURN_64 && operation != ATOMIC_ADD_64) ||
	    get(generation, SDMA_ATOMIC_LOOP, words) ||
	    get_pair(generation, SDMA_ATOMIC_SOURCE_LOW, SDMA_ATOMIC_SOURCE_HIGH, words) != UINT64_MAX)
		return;
	seen->kind = SDMA_DECREMENT;
	seen->va = get_pair(generation, SDMA_ATOMIC_ADDRESS_LOW, SDMA_ATOMIC_ADDRESS_HIGH, words);
}

/*
 * The packet at the start of `count` words: its length, and what it does as far as that matters here.
 *
 * -EINVAL: it does not end within them (seen->words is then more than `count`: at least what it takes), or it is none
 * that the generation has and whose length is known; also a comparison that is reserved.  The words after it are then
 * a guess, and so they are of no use.
 */
int sdma_look(enum pm4_generation generation, const uint32_t *words, uint32_t count, struct sdma_seen *seen)
{
	const struct sdma_packet *packet;

	*seen = (struct sdma_seen){0};
	if ((uint32_t)generation >= PM4_GENERATION_COUNT || !count)
		return -EINVAL;
	packet = sdma_packet_find(generation, get(generation, SDMA_HEADER_OP, words),
				  get(generation, SDMA_HEADER_SUB_OP, words));
	if (!packet)
		return -EINVAL;
	seen->words = packet->words;
	if (seen->words <= count)
		seen->words += more_words(generation, packet, words);
	if (seen->words > count)
		return -EINVAL;
	switch (packet->operation) {
	case SDMA_OP_NOP:
		seen->kind = SDMA_NOP;
		return 0;
	case SDMA_OP_TRAP:
		seen->kind = SDMA_TRAP;
		seen->context = get(generation, SDMA_TRAP_CONTEXT, words);
		return 0;
	case SDMA_OP_POLL_REGMEM:
		return see_poll(generation, words, seen);
	case SDMA_OP_ATOMIC:
		see_atomic(generation, words, seen);
		return 0;
	default:
		return 0;
	}
}

/* A word of zeros is a NOP of one word on every generation: the operation is 0 and so is the count of words that follow. */
void sdma_fill(uint32_t *words, uint32_t count)
{
	memset(words, 0, count * sizeof(*words));
}

/*
 * Stores 8 bytes at `va`, a multiple of 8 (-EINVAL), when the copies before it are done: the engine waits for them at
 * a NOP (Mesa ac_emit_sdma_nop()).  WRITE is there on all generations, needs no PCIe atomics as an ATOMIC would, and
 * its two words leave as one aligned burst, which two FENCEs would not.
 */
void sdma_write64(struct pm4_buffer *buffer, uint64_t va, uint64_t value)
{
	enum pm4_generation generation = buffer->generation;
	uint32_t words[SDMA_WRITE64_WORDS] = {0}, *write = words + WRITE_AT;
	const struct sdma_packet *packet;

	if (buffer->error)
		return;
	packet = sdma_packet_find(generation, SDMA_OP_WRITE, 0);
	if (!va || va >> PM4_ADDRESS_BITS || !IS_ALIGNED(va, 8U) || !packet ||
	    packet->words != DATA_AT - WRITE_AT ||
	    !pm4_field_put(&sdma_fields, SDMA_HEADER_OP, generation, packet->operation, write) ||
	    !pm4_field_put(&sdma_fields, SDMA_HEADER_SUB_OP, generation, packet->sub_operation, write) ||
	    !pm4_field_put(&sdma_fields, SDMA_WRITE_ADDRESS_LOW, generation, va & UINT32_MAX, write) ||
	    !pm4_field_put(&sdma_fields, SDMA_WRITE_ADDRESS_HIGH, generation, va >> 32, write) ||
	    !pm4_field_put(&sdma_fields, SDMA_WRITE_COUNT, generation, SDMA_WRITE64_WORDS - DATA_AT - 1,
			   write)) {
		pm4_fail(buffer, -EINVAL);
		return;
	}
	words[DATA_AT] = (uint32_t)value;
	words[DATA_AT + 1] = (uint32_t)(value >> 32);
	pm4_raw(buffer, words, SDMA_WRITE64_WORDS);
}

/* Pads with NOPs to a multiple of `alignment` bytes, itself a multiple of 4 (-EINVAL). */
void sdma_pad(struct pm4_buffer *buffer, uint32_t alignment)
{
	uint32_t grain = alignment / (uint32_t)sizeof(buffer->words[0]), over, missing;

	if (!alignment || alignment % sizeof(buffer->words[0])) {
		pm4_fail(buffer, -EINVAL);
		return;
	}
	over = buffer->used % grain;
	missing = over ? grain - over : 0;
	if (!pm4_reserve(buffer, missing))
		return;
	sdma_fill(buffer->words + buffer->used, missing);
	buffer->used += missing;
}
