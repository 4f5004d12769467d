// SPDX-License-Identifier: MIT
/* Fills the tables of packets.c with values. */
#include "pm4/pm4.h"

#include <errno.h>
#include <string.h>

#include "pm4/packets.h"
#include "util/compiler.h"

#define TYPE_3 3U
#define NOP_ONE_WORD \
	0xffff1000U /* count 0x3fff: the packet is its header alone (Linux, Mesa: PKT3_NOP_PAD) */
#define COUNT_MAX	 0x3ffeU
#define PACKET_MAX_WORDS (COUNT_MAX + 2)
#define FIXED_MAX_WORDS	 9U
#define ADDRESS_BITS	 48U

#define DST_SEL_MEMORY	       5U /* WRITE_DATA */
#define RELEASE_DST_SEL_MEMORY 0U /* RELEASE_MEM: the memory controller */
#define COPY_SEL_L2	       2U /* COPY_DATA: memory by way of L2; gfx10 calls the other one obsolete (PAL) */
#define COPY_COUNT_64	       1U
#define WAIT_MEMORY	       1U /* WAIT_REG_MEM's memory space, and its plain operation */
#define WAIT_ONLY	       0U
#define WAIT_POLL_CLOCKS_16    4U /* what Linux' rings use */
#define INT_SEL_NONE	       0U
#define INT_SEL_DATA_AFTER_CONFIRM \
	3U /* no interrupt; the data follows when the writes before are confirmed */
#define EVENT_CACHE_FLUSH_TS	0x14U /* CACHE_FLUSH_AND_INV_TS_EVENT */
#define EVENT_INDEX_END_OF_PIPE 5U
#define SEQ_FORWARD		1U /* cache actions from the shader's caches outwards */

/* gfx12's names for the bits of the cache policy (LLVM AMDGPU usage: temporal hints) */
#define TEMPORAL_REGULAR  0U
#define TEMPORAL_LAST_USE 3U

/* A packet being put together. */
struct draft {
	struct pm4_buffer *buffer;
	const struct pm4_packet *packet;
	bool bad;
	uint32_t words[FIXED_MAX_WORDS];
};

/*
 * What the writes of the command processor do in L2.  They are read by the CPU next, so they are not to stay there:
 * gfx9's MEC knows no more than streaming; gfx10 and gfx11 bypass it.  gfx12 has hints instead, which promise nothing;
 * regular ones are what Linux and Mesa use, and RELEASE_MEM's write-back makes the data visible.
 */
static const uint8_t write_policy[PM4_GENERATION_COUNT] = {
	[PM4_GFX9] = PM4_CACHE_STREAM,
	[PM4_GFX10] = PM4_CACHE_BYPASS,
	[PM4_GFX11] = PM4_CACHE_BYPASS,
	[PM4_GFX12] = TEMPORAL_REGULAR,
};

/*
 * What its reads leave in L2.  What the CPU writes is to be seen, at every poll, and gfx10 and gfx11 can say so.  gfx9 and
 * gfx12 cannot: there a line that is in L2 already is believed, so memory that is polled is uncached, or nothing else is read
 * from its lines.
 */
static const uint8_t read_policy[PM4_GENERATION_COUNT] = {
	[PM4_GFX9] = PM4_CACHE_STREAM,
	[PM4_GFX10] = PM4_CACHE_BYPASS,
	[PM4_GFX11] = PM4_CACHE_BYPASS,
	[PM4_GFX12] = TEMPORAL_REGULAR,
};

/* The same for the data of RELEASE_MEM, as Linux' rings have it (gfx_v9_0.c to gfx_v12_0.c). */
static const uint8_t release_policy[PM4_GENERATION_COUNT] = {
	[PM4_GFX9] = PM4_CACHE_LRU,
	[PM4_GFX10] = PM4_CACHE_BYPASS,
	[PM4_GFX11] = PM4_CACHE_BYPASS,
	[PM4_GFX12] = TEMPORAL_LAST_USE,
};

/* The generation of a gfx target by its major number.  -EOPNOTSUPP: none that is known. */
int pm4_generation_of(unsigned gfx_major, enum pm4_generation *generation)
{
	*generation = PM4_GFX9;
	if (gfx_major < 9 || gfx_major > 12)
		return -EOPNOTSUPP;
	*generation = (enum pm4_generation)(PM4_GFX9 + (gfx_major - 9));
	return 0;
}

/* Starts a command buffer in `capacity` words at `words`, which stay the caller's. */
void pm4_begin(struct pm4_buffer *buffer, enum pm4_generation generation, uint32_t *words, uint32_t capacity)
{
	*buffer = (struct pm4_buffer){.generation = generation, .words = words, .capacity = capacity};
	if ((uint32_t)generation >= PM4_GENERATION_COUNT)
		buffer->error = -EINVAL;
}

/* 0 and the length, or the first error of the builders since pm4_begin(): the buffer is not to be used then. */
int pm4_end(const struct pm4_buffer *buffer, uint32_t *bytes)
{
	*bytes = buffer->error ? 0 : buffer->used * (uint32_t)sizeof(buffer->words[0]);
	return buffer->error;
}

static void fail(struct pm4_buffer *buffer, int error)
{
	if (!buffer->error)
		buffer->error = error;
}

static void put_in(struct draft *draft, const struct pm4_packet *table, uint32_t id, uint64_t value)
{
	const struct pm4_field *field = pm4_field_find(table, id, draft->buffer->generation);

	if (!field || value >> field->width) {
		draft->bad = true;
		return;
	}
	draft->words[field->word] |= (uint32_t)value << field->shift;
}

static void put(struct draft *draft, uint32_t id, uint64_t value)
{
	put_in(draft, draft->packet, id, value);
}

/* An address in two fields, the lower one in units of 1 << its shift. */
static void put_address(struct draft *draft, uint32_t low, uint32_t high, uint64_t va, uint32_t alignment)
{
	const struct pm4_field *field = pm4_field_find(draft->packet, low, draft->buffer->generation);

	if (!field || !va || va >> ADDRESS_BITS || !IS_ALIGNED(va, (uint64_t)alignment)) {
		draft->bad = true;
		return;
	}
	put(draft, low, (va & UINT32_MAX) >> field->shift);
	put(draft, high, va >> 32);
}

static struct draft begin(struct pm4_buffer *buffer, const struct pm4_packet *packet)
{
	return (struct draft){.buffer = buffer, .packet = packet, .bad = buffer->error != 0};
}

/* Appends the packet with its payload (NULL: zeros), if all of it is right and there is room. */
static void end(struct draft *draft, const uint32_t *payload, uint32_t payload_words)
{
	struct pm4_buffer *buffer = draft->buffer;
	uint32_t fixed = draft->packet->words, total;
	uint32_t *at;

	if (buffer->error)
		return;
	if (payload_words > PACKET_MAX_WORDS - fixed)
		draft->bad = true;
	total = fixed + payload_words;
	if (!draft->bad) {
		put_in(draft, &pm4_header, HEADER_TYPE, TYPE_3);
		put_in(draft, &pm4_header, HEADER_COUNT, total - 2);
		put_in(draft, &pm4_header, HEADER_OPCODE, draft->packet->opcode);
		/* compute: graphics firmware tells them apart by it, the compute engine does not care */
		put_in(draft, &pm4_header, HEADER_SHADER_TYPE, draft->packet != &pm4_packet_nop);
	}
	if (draft->bad) {
		fail(buffer, -EINVAL);
		return;
	}
	if (total > buffer->capacity - buffer->used) {
		fail(buffer, -ENOSPC);
		return;
	}
	at = buffer->words + buffer->used;
	memcpy(at, draft->words, fixed * sizeof(*at));
	if (payload)
		memcpy(at + fixed, payload, payload_words * sizeof(*at));
	else
		memset(at + fixed, 0, payload_words * sizeof(*at));
	buffer->used += total;
}

/* Fills `words` words with nothing to do; 0 is allowed.  A single word is a NOP of its own kind on every generation. */
void pm4_nop(struct pm4_buffer *buffer, uint32_t words)
{
	if (buffer->error)
		return;
	if (words > buffer->capacity - buffer->used) {
		fail(buffer, -ENOSPC);
		return;
	}
	while (words) {
		uint32_t n = MIN(words, PACKET_MAX_WORDS);
		struct draft draft = begin(buffer, &pm4_packet_nop);

		if (n == 1)
			buffer->words[buffer->used++] = NOP_ONE_WORD;
		else
			end(&draft, NULL, n - 1);
		words -= n;
	}
}

/*
 * Pads with NOPs to a multiple of `alignment` bytes, itself a multiple of 4 (-EINVAL): what an engine asks of the
 * length of a command buffer.
 */
void pm4_pad(struct pm4_buffer *buffer, uint32_t alignment)
{
	uint32_t grain = alignment / (uint32_t)sizeof(buffer->words[0]), over;

	if (!alignment || alignment % sizeof(buffer->words[0])) {
		fail(buffer, -EINVAL);
		return;
	}
	over = buffer->used % grain;
	if (over)
		pm4_nop(buffer, grain - over);
}

/*
 * Writes `words` words to memory at `va`, a multiple of 4, and waits until they are there.  Two words next to each other
 * are not one atomic store.  -EINVAL also for no words, or more than a packet holds.
 */
void pm4_write_data(struct pm4_buffer *buffer, uint64_t va, const uint32_t *data, uint32_t words)
{
	struct draft draft = begin(buffer, &pm4_packet_write_data);

	if (buffer->error)
		return;
	draft.bad = !words || !data;
	put(&draft, WRITE_DATA_DST_SEL, DST_SEL_MEMORY);
	put(&draft, WRITE_DATA_WR_CONFIRM, 1);
	put(&draft, WRITE_DATA_CACHE_POLICY, write_policy[buffer->generation]);
	put_address(&draft, WRITE_DATA_ADDRESS_LOW, WRITE_DATA_ADDRESS_HIGH, va, 4);
	end(&draft, data, words);
}

/* TC_NC restricts a write-back to what the GPU alone caches, and it does not work without (Mesa). */
static void put_actions_gfx9(struct draft *draft, uint32_t actions)
{
	bool write_back = actions & PM4_RELEASE_WRITE_BACK_L2,
	     invalidate = actions & PM4_RELEASE_INVALIDATE_L2;

	put(draft, RELEASE_MEM_TC_WB, write_back);
	put(draft, RELEASE_MEM_TC_NC, write_back && !invalidate);
	put(draft, RELEASE_MEM_TC, invalidate);
	put(draft, RELEASE_MEM_TCL1, (actions & PM4_RELEASE_INVALIDATE_L1) != 0);
	if (actions & PM4_RELEASE_INVALIDATE_K)
		draft->bad = true;
}

/* The metadata cache goes with L2; its write-back is set together with its invalidation only (Linux gfx_v10_0.c). */
static void put_actions_gfx10(struct draft *draft, uint32_t actions)
{
	bool metadata = actions & PM4_RELEASE_WRITE_BACK_L2 && draft->buffer->generation < PM4_GFX12;

	if (!actions)
		return;
	put(draft, RELEASE_MEM_GL2_WB, (actions & PM4_RELEASE_WRITE_BACK_L2) != 0);
	put(draft, RELEASE_MEM_GL2_INV, (actions & PM4_RELEASE_INVALIDATE_L2) != 0);
	put(draft, RELEASE_MEM_GLV_INV, (actions & PM4_RELEASE_INVALIDATE_L1) != 0);
	put(draft, RELEASE_MEM_GL1_INV, (actions & PM4_RELEASE_INVALIDATE_L1) != 0);
	if (metadata) {
		put(draft, RELEASE_MEM_GLM_WB, 1);
		put(draft, RELEASE_MEM_GLM_INV, 1);
	}
	if (actions & PM4_RELEASE_INVALIDATE_K)
		put(draft, RELEASE_MEM_GLK_INV, 1);
	put(draft, RELEASE_MEM_SEQ, SEQ_FORWARD);
}

static void put_release_data(struct draft *draft, const struct pm4_release *release)
{
	if (release->data == PM4_DATA_NONE) {
		if (release->va || release->value)
			draft->bad = true;
		return;
	}
	if ((release->data == PM4_DATA_32 && release->value > UINT32_MAX) ||
	    (release->data == PM4_DATA_GPU_CLOCK && release->value))
		draft->bad = true;
	put_address(draft, RELEASE_MEM_ADDRESS_LOW, RELEASE_MEM_ADDRESS_HIGH, release->va,
		    release->data == PM4_DATA_32 ? 4 : 8);
	put(draft, RELEASE_MEM_DATA_LOW, release->value & UINT32_MAX);
	put(draft, RELEASE_MEM_DATA_HIGH, release->value >> 32);
	put(draft, RELEASE_MEM_DST_SEL, RELEASE_DST_SEL_MEMORY);
}

/*
 * When all earlier work is done: cache actions, then one store that follows when the writes before it are confirmed.
 * -EINVAL: an action or data that is unknown, or that the generation does not have (PM4_RELEASE_INVALIDATE_K before
 * gfx11), a misaligned address (8 bytes for 64-bit data and the clock), a value that is too large, or one where none
 * is stored.
 */
void pm4_release_mem(struct pm4_buffer *buffer, const struct pm4_release *release)
{
	struct draft draft = begin(buffer, &pm4_packet_release_mem);

	if (buffer->error)
		return;
	draft.bad =
		release->actions & ~PM4_RELEASE_ALL_ACTIONS || (uint32_t)release->data > PM4_DATA_GPU_CLOCK;
	put(&draft, RELEASE_MEM_EVENT_TYPE, EVENT_CACHE_FLUSH_TS);
	put(&draft, RELEASE_MEM_EVENT_INDEX, EVENT_INDEX_END_OF_PIPE);
	if (buffer->generation == PM4_GFX9)
		put_actions_gfx9(&draft, release->actions);
	else
		put_actions_gfx10(&draft, release->actions);
	put(&draft, RELEASE_MEM_CACHE_POLICY, release_policy[buffer->generation]);
	put(&draft, RELEASE_MEM_DATA_SEL, release->data);
	put(&draft, RELEASE_MEM_INT_SEL,
	    release->data == PM4_DATA_NONE ? INT_SEL_NONE : INT_SEL_DATA_AFTER_CONFIRM);
	put_release_data(&draft, release);
	end(&draft, NULL, 0);
}

/*
 * Copies 4 or 8 bytes from memory to memory, both addresses a multiple of that, and waits until they are there.  -EINVAL:
 * another size, or an address that is none.
 */
void pm4_copy_data(struct pm4_buffer *buffer, uint64_t to, uint64_t from, uint32_t bytes)
{
	struct draft draft = begin(buffer, &pm4_packet_copy_data);

	if (buffer->error)
		return;
	if (bytes != 4 && bytes != 8) {
		fail(buffer, -EINVAL);
		return;
	}
	put(&draft, COPY_DATA_SRC_SEL, COPY_SEL_L2);
	put(&draft, COPY_DATA_DST_SEL, COPY_SEL_L2);
	put(&draft, COPY_DATA_SRC_CACHE_POLICY, read_policy[buffer->generation]);
	put(&draft, COPY_DATA_DST_CACHE_POLICY, write_policy[buffer->generation]);
	put(&draft, COPY_DATA_COUNT_SEL, bytes == 8 ? COPY_COUNT_64 : 0);
	put(&draft, COPY_DATA_WR_CONFIRM, 1);
	put_address(&draft, COPY_DATA_SRC_LOW, COPY_DATA_SRC_HIGH, from, bytes);
	put_address(&draft, COPY_DATA_DST_LOW, COPY_DATA_DST_HIGH, to, bytes);
	end(&draft, NULL, 0);
}

static struct draft begin_wait(struct pm4_buffer *buffer, const struct pm4_packet *packet,
			       const struct pm4_wait *wait, uint32_t bytes)
{
	struct draft draft = begin(buffer, packet);

	if (draft.bad)
		return draft;
	draft.bad = (uint32_t)wait->compare < PM4_LESS || (uint32_t)wait->compare > PM4_GREATER ||
		    wait->reference & ~wait->mask;
	put(&draft, WAIT_FUNCTION, wait->compare);
	put(&draft, WAIT_MEM_SPACE, WAIT_MEMORY);
	put(&draft, WAIT_OPERATION, WAIT_ONLY);
	if (buffer->generation != PM4_GFX9)
		put(&draft, WAIT_CACHE_POLICY, read_policy[buffer->generation]);
	put_address(&draft, WAIT_ADDRESS_LOW, WAIT_ADDRESS_HIGH, wait->va, bytes);
	put(&draft, WAIT_POLL_INTERVAL, WAIT_POLL_CLOCKS_16);
	return draft;
}

/*
 * Holds the engine until 4 bytes of memory at wait->va, a multiple of 4, compare as wished.  Nothing else runs on the
 * engine meanwhile, and Windows' GPU timeout counts: it is for memory that is about to change.
 *
 * -EINVAL: an unknown comparison, a reference with bits outside of the mask (which some comparisons would never meet),
 * either of them beyond 32 bits, or an address that is none.
 */
void pm4_wait_mem32(struct pm4_buffer *buffer, const struct pm4_wait *wait)
{
	struct draft draft = begin_wait(buffer, &pm4_packet_wait_reg_mem, wait, 4);

	if (buffer->error)
		return;
	put(&draft, WAIT_REFERENCE_LOW, wait->reference);
	put(&draft, WAIT_MASK_LOW, wait->mask);
	end(&draft, NULL, 0);
}

/* pm4_wait_mem32() of 8 bytes, which are looked at as one value. */
void pm4_wait_mem64(struct pm4_buffer *buffer, const struct pm4_wait *wait)
{
	struct draft draft = begin_wait(buffer, &pm4_packet_wait_reg_mem64, wait, 8);

	if (buffer->error)
		return;
	put(&draft, WAIT_REFERENCE_LOW, wait->reference & UINT32_MAX);
	put(&draft, WAIT_REFERENCE_HIGH, wait->reference >> 32);
	put(&draft, WAIT_MASK_LOW, wait->mask & UINT32_MAX);
	put(&draft, WAIT_MASK_HIGH, wait->mask >> 32);
	end(&draft, NULL, 0);
}
