// SPDX-License-Identifier: MIT
/*
 * A packet that does not look right is an error of whoever wrote it: it is neither skipped nor passed on, for where
 * the next one starts would be a guess.
 */
#include "pm4/walk.h"

#include <errno.h>

#include "pm4/packets.h"

/* Words of a packet by its header; 0: there is no such packet. */
static uint32_t words_of(enum pm4_generation generation, uint32_t header)
{
	uint32_t count = pm4_field_get(&pm4_header, HEADER_COUNT, generation, &header);

	switch (pm4_field_get(&pm4_header, HEADER_TYPE, generation, &header)) {
	case PM4_TYPE_0: /* registers next to each other, the first one in the header */
		return count + PM4_COUNT_BIAS;
	case PM4_TYPE_2: /* a filler of one word */
		return 1;
	case PM4_TYPE_3:
		if (count == PM4_COUNT_HEADER_ONLY &&
		    pm4_field_get(&pm4_header, HEADER_OPCODE, generation, &header) == pm4_packet_nop.opcode)
			return 1;
		return count + PM4_COUNT_BIAS;
	default:
		return 0;
	}
}

static int look_release(enum pm4_generation generation, const uint32_t *words, struct pm4_seen *seen)
{
	const struct pm4_packet *p = &pm4_packet_release_mem;

	if (seen->words < p->words)
		return -EINVAL;
	switch (pm4_field_get(p, RELEASE_MEM_INT_SEL, generation, words)) {
	case PM4_INT_SEL_NONE:
	case PM4_INT_SEL_DATA_AFTER_CONFIRM:
		return 0;
	case PM4_INT_SEL_ONLY:
	case PM4_INT_SEL_AFTER_CONFIRM:
		seen->interrupts = true;
		seen->context = pm4_field_get(p, RELEASE_MEM_CONTEXT, generation, words);
		return 0;
	default: /* interrupts on a condition (PAL), which nobody but the engine can tell */
		return -EINVAL;
	}
}

/*
 * The packet at the start of `count` words.
 *
 * -EINVAL: it does not end within them (seen->words is then more than `count`), its type is the reserved one, or it is
 * a RELEASE_MEM that is too short or whose interrupt depends on a condition.
 */
int pm4_look(enum pm4_generation generation, const uint32_t *words, uint32_t count, struct pm4_seen *seen)
{
	*seen = (struct pm4_seen){0};
	if ((uint32_t)generation >= PM4_GENERATION_COUNT || !count)
		return -EINVAL;
	seen->words = words_of(generation, words[0]);
	if (!seen->words || seen->words > count)
		return -EINVAL;
	if (pm4_field_get(&pm4_header, HEADER_TYPE, generation, words) != PM4_TYPE_3)
		return 0;
	seen->opcode = pm4_field_get(&pm4_header, HEADER_OPCODE, generation, words);
	if (seen->opcode == pm4_packet_release_mem.opcode)
		return look_release(generation, words, seen);
	return 0;
}

/*
 * Takes the interrupt from a packet that pm4_look() said asks for one.  What it stores is stored as before: behind the
 * confirmation of earlier writes, if the interrupt was.
 */
void pm4_mute(enum pm4_generation generation, uint32_t *packet)
{
	const struct pm4_packet *p = &pm4_packet_release_mem;
	uint32_t then = PM4_INT_SEL_NONE;

	if (pm4_field_get(p, RELEASE_MEM_INT_SEL, generation, packet) == PM4_INT_SEL_AFTER_CONFIRM &&
	    pm4_field_get(p, RELEASE_MEM_DATA_SEL, generation, packet) != PM4_DATA_NONE)
		then = PM4_INT_SEL_DATA_AFTER_CONFIRM;
	pm4_field_put(p, RELEASE_MEM_INT_SEL, generation, then, packet);
	pm4_field_put(p, RELEASE_MEM_CONTEXT, generation, 0, packet);
}

/*
 * Where the INDIRECT_BUFFER at the start of `count` words leads: `dwords` words at `va`.  The address is the GPU's,
 * and not checked.
 *
 * -EINVAL: it is another packet, or one of another length, it is chained (nothing returns from there), or there is
 * nothing to run.
 */
int pm4_read_indirect(enum pm4_generation generation, const uint32_t *words, uint32_t count, uint64_t *va,
		      uint32_t *dwords)
{
	const struct pm4_packet *p = &pm4_packet_indirect_buffer;
	const struct pm4_field *low;
	struct pm4_seen seen;
	int error = pm4_look(generation, words, count, &seen);

	*va = 0;
	*dwords = 0;
	if (error)
		return error;
	if (seen.opcode != p->opcode || seen.words != p->words ||
	    pm4_field_get(p, INDIRECT_BUFFER_CHAIN, generation, words))
		return -EINVAL;
	low = pm4_field_find(p, INDIRECT_BUFFER_ADDRESS_LOW, generation);
	if (!low)
		return -EINVAL;
	*va = (uint64_t)pm4_field_get(p, INDIRECT_BUFFER_ADDRESS_HIGH, generation, words) << 32 |
	      pm4_field_get(p, INDIRECT_BUFFER_ADDRESS_LOW, generation, words) << low->shift;
	*dwords = pm4_field_get(p, INDIRECT_BUFFER_SIZE, generation, words);
	return *va && *dwords ? 0 : -EINVAL;
}
