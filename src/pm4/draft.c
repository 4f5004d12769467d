// SPDX-License-Identifier: MIT
#include "pm4/draft.h"

#include <errno.h>
#include <string.h>

#include "util/compiler.h"

/* Keeps the first error. */
void pm4_fail(struct pm4_buffer *buffer, int error)
{
	if (!buffer->error)
		buffer->error = error;
}

/* Whether nothing went wrong so far and `words` more fit; -ENOSPC is noted if they do not. */
bool pm4_reserve(struct pm4_buffer *buffer, uint32_t words)
{
	if (!buffer->error && words > buffer->capacity - buffer->used)
		pm4_fail(buffer, -ENOSPC);
	return !buffer->error;
}

struct pm4_draft pm4_draft_begin(struct pm4_buffer *buffer, const struct pm4_packet *packet)
{
	return (struct pm4_draft){.buffer = buffer, .packet = packet, .bad = buffer->error != 0};
}

/* Marks the draft as bad if the generation does not have the field, or the value is wider. */
void pm4_draft_put(struct pm4_draft *draft, uint32_t id, uint64_t value)
{
	if (!draft->bad && !pm4_field_put(draft->packet, id, draft->buffer->generation, value, draft->words))
		draft->bad = true;
}

/*
 * An address in two fields, the lower one in units of 1 << its shift, so that the word holds the address as it is with the
 * bits below the field left out.
 */
void pm4_draft_put_address(struct pm4_draft *draft, uint32_t low, uint32_t high, uint64_t va,
			   uint32_t alignment)
{
	const struct pm4_field *field;

	if (draft->bad)
		return;
	field = pm4_field_find(draft->packet, low, draft->buffer->generation);
	if (!field || !va || va >> PM4_ADDRESS_BITS || !IS_ALIGNED(va, (uint64_t)alignment)) {
		draft->bad = true;
		return;
	}
	pm4_draft_put(draft, low, (va & UINT32_MAX) >> field->shift);
	pm4_draft_put(draft, high, va >> 32);
}

/* The header of a type-3 packet whose count field is `count`. */
bool pm4_put_header(const struct pm4_packet *packet, enum pm4_generation generation, uint32_t count,
		    uint32_t *header)
{
	/* compute: graphics firmware tells them apart by it, the compute engine does not care */
	uint32_t compute = packet != &pm4_packet_nop;

	return pm4_field_put(&pm4_header, HEADER_TYPE, generation, PM4_TYPE_3, header) &&
	       pm4_field_put(&pm4_header, HEADER_COUNT, generation, count, header) &&
	       pm4_field_put(&pm4_header, HEADER_OPCODE, generation, packet->opcode, header) &&
	       pm4_field_put(&pm4_header, HEADER_SHADER_TYPE, generation, compute, header);
}

/* Appends the packet with its payload (NULL: zeros), if all of it is right and there is room. */
void pm4_draft_end(struct pm4_draft *draft, const uint32_t *payload, uint32_t payload_words)
{
	struct pm4_buffer *buffer = draft->buffer;
	uint32_t fixed, total;
	uint32_t *at;

	if (buffer->error)
		return;
	fixed = draft->packet->words;
	if (draft->bad || payload_words > PM4_PACKET_MAX_WORDS - fixed) {
		pm4_fail(buffer, -EINVAL);
		return;
	}
	total = fixed + payload_words;
	if (!pm4_put_header(draft->packet, buffer->generation, total - PM4_COUNT_BIAS, draft->words)) {
		pm4_fail(buffer, -EINVAL);
		return;
	}
	if (!pm4_reserve(buffer, total))
		return;
	at = buffer->words + buffer->used;
	memcpy(at, draft->words, fixed * sizeof(*at));
	if (payload)
		memcpy(at + fixed, payload, payload_words * sizeof(*at));
	else
		memset(at + fixed, 0, payload_words * sizeof(*at));
	buffer->used += total;
}
