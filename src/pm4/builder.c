// SPDX-License-Identifier: MIT
/* Fills the tables of packets.c with values. */
#include "pm4/pm4.h"

#include <errno.h>
#include <string.h>

#include "pm4/draft.h"
#include "util/compiler.h"

#define DST_SEL_MEMORY		5U /* WRITE_DATA */
#define RELEASE_DST_SEL_MEMORY	0U /* RELEASE_MEM: the memory controller */
#define COPY_SEL_L2		2U /* COPY_DATA: memory by way of L2; gfx10 calls the other one obsolete (PAL) */
#define COPY_SEL_GPU_CLOCK	9U
#define COPY_COUNT_64		1U
#define WAIT_MEMORY		1U /* WAIT_REG_MEM's memory space, and its plain operation */
#define WAIT_ONLY		0U
#define WAIT_POLL_CLOCKS_16	4U    /* what Linux' rings use */
#define EVENT_CACHE_FLUSH_TS	0x14U /* CACHE_FLUSH_AND_INV_TS_EVENT */
#define EVENT_INDEX_END_OF_PIPE 5U
#define ATOMIC_ADD_64		0x2fU /* TC_OP_ATOMIC_ADD_RTN_64 */
#define ATOMIC_SINGLE_PASS	0U

/* gfx12's names for the bits of the cache policy (LLVM AMDGPU usage: temporal hints) */
#define TEMPORAL_REGULAR  0U
#define TEMPORAL_LAST_USE 3U

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

/* The same for its atomics; on gfx12 the last use of a line, so that it does not stay. */
static const uint8_t atomic_policy[PM4_GENERATION_COUNT] = {
	[PM4_GFX9] = PM4_CACHE_STREAM,
	[PM4_GFX10] = PM4_CACHE_BYPASS,
	[PM4_GFX11] = PM4_CACHE_BYPASS,
	[PM4_GFX12] = TEMPORAL_LAST_USE,
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

/* A NOP of one word has a count of its own, on every generation (Linux, Mesa: PKT3_NOP_PAD). */
static void nop_one_word(struct pm4_buffer *buffer)
{
	uint32_t header = 0;

	if (pm4_put_header(&pm4_packet_nop, buffer->generation, PM4_COUNT_HEADER_ONLY, &header))
		buffer->words[buffer->used++] = header;
	else
		pm4_fail(buffer, -EINVAL);
}

/* Fills `words` words with nothing to do; 0 is allowed. */
void pm4_nop(struct pm4_buffer *buffer, uint32_t words)
{
	if (!pm4_reserve(buffer, words))
		return;
	while (words && !buffer->error) {
		uint32_t n = MIN(words, PM4_PACKET_MAX_WORDS);
		struct pm4_draft draft = pm4_draft_begin(buffer, &pm4_packet_nop);

		if (n == 1)
			nop_one_word(buffer);
		else
			pm4_draft_end(&draft, NULL, n - 1);
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
		pm4_fail(buffer, -EINVAL);
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
	struct pm4_draft draft = pm4_draft_begin(buffer, &pm4_packet_write_data);

	if (buffer->error)
		return;
	draft.bad = !words || !data;
	pm4_draft_put(&draft, WRITE_DATA_DST_SEL, DST_SEL_MEMORY);
	pm4_draft_put(&draft, WRITE_DATA_WR_CONFIRM, 1);
	pm4_draft_put(&draft, WRITE_DATA_CACHE_POLICY, write_policy[buffer->generation]);
	pm4_draft_put_address(&draft, WRITE_DATA_ADDRESS_LOW, WRITE_DATA_ADDRESS_HIGH, va, 4);
	pm4_draft_end(&draft, data, words);
}

/* TC_NC restricts a write-back to what the GPU alone caches, and it does not work without (Mesa). */
static void put_actions_gfx9(struct pm4_draft *draft, uint32_t actions)
{
	bool write_back = actions & PM4_RELEASE_WRITE_BACK_L2,
	     invalidate = actions & PM4_RELEASE_INVALIDATE_L2;

	pm4_draft_put(draft, RELEASE_MEM_TC_WB, write_back);
	pm4_draft_put(draft, RELEASE_MEM_TC_NC, write_back && !invalidate);
	pm4_draft_put(draft, RELEASE_MEM_TC, invalidate);
	pm4_draft_put(draft, RELEASE_MEM_TCL1, (actions & PM4_RELEASE_INVALIDATE_L1) != 0);
	if (actions & PM4_RELEASE_INVALIDATE_K)
		draft->bad = true;
}

/* As those of caches.c: the metadata cache and, with it, the order of the levels. */
static void put_actions_gfx10(struct pm4_draft *draft, uint32_t actions)
{
	bool l1 = actions & PM4_RELEASE_INVALIDATE_L1, write_back = actions & PM4_RELEASE_WRITE_BACK_L2;

	pm4_draft_put(draft, RELEASE_MEM_GL2_WB, write_back);
	pm4_draft_put(draft, RELEASE_MEM_GL2_INV, (actions & PM4_RELEASE_INVALIDATE_L2) != 0);
	pm4_draft_put(draft, RELEASE_MEM_GLV_INV, l1);
	if (draft->buffer->generation < PM4_GFX12) {
		pm4_draft_put(draft, RELEASE_MEM_GLM_WB, write_back);
		pm4_draft_put(draft, RELEASE_MEM_GLM_INV, write_back);
		pm4_draft_put(draft, RELEASE_MEM_GL1_INV, l1);
		pm4_draft_put(draft, RELEASE_MEM_SEQ, write_back ? PM4_SEQ_FORWARD : 0);
	}
	if (actions & PM4_RELEASE_INVALIDATE_K)
		pm4_draft_put(draft, RELEASE_MEM_GLK_INV, 1);
}

static void put_release_data(struct pm4_draft *draft, const struct pm4_release *release)
{
	if (release->data == PM4_DATA_NONE) {
		if (release->va || release->value)
			draft->bad = true;
		return;
	}
	if ((release->data == PM4_DATA_32 && release->value > UINT32_MAX) ||
	    (release->data == PM4_DATA_GPU_CLOCK && release->value))
		draft->bad = true;
	pm4_draft_put_address(draft, RELEASE_MEM_ADDRESS_LOW, RELEASE_MEM_ADDRESS_HIGH, release->va,
			      release->data == PM4_DATA_32 ? 4 : 8);
	pm4_draft_put(draft, RELEASE_MEM_DATA_LOW, release->value & UINT32_MAX);
	pm4_draft_put(draft, RELEASE_MEM_DATA_HIGH, release->value >> 32);
	pm4_draft_put(draft, RELEASE_MEM_DST_SEL, RELEASE_DST_SEL_MEMORY);
}

/*
 * When all earlier work is done: cache actions, then one store that follows when the writes before it are confirmed.
 * -EINVAL: an action or data that is unknown, or that the generation does not have (PM4_RELEASE_INVALIDATE_K before
 * gfx11), a misaligned address (8 bytes for 64-bit data and the clock), a value that is too large, or one where none
 * is stored.
 */
void pm4_release_mem(struct pm4_buffer *buffer, const struct pm4_release *release)
{
	struct pm4_draft draft = pm4_draft_begin(buffer, &pm4_packet_release_mem);

	if (buffer->error)
		return;
	draft.bad =
		release->actions & ~PM4_RELEASE_ALL_ACTIONS || (uint32_t)release->data > PM4_DATA_GPU_CLOCK;
	pm4_draft_put(&draft, RELEASE_MEM_EVENT_TYPE, EVENT_CACHE_FLUSH_TS);
	pm4_draft_put(&draft, RELEASE_MEM_EVENT_INDEX, EVENT_INDEX_END_OF_PIPE);
	if (buffer->generation == PM4_GFX9)
		put_actions_gfx9(&draft, release->actions);
	else
		put_actions_gfx10(&draft, release->actions);
	pm4_draft_put(&draft, RELEASE_MEM_CACHE_POLICY, release_policy[buffer->generation]);
	pm4_draft_put(&draft, RELEASE_MEM_DATA_SEL, release->data);
	pm4_draft_put(&draft, RELEASE_MEM_INT_SEL,
		      release->data == PM4_DATA_NONE ? PM4_INT_SEL_NONE : PM4_INT_SEL_DATA_AFTER_CONFIRM);
	put_release_data(&draft, release);
	pm4_draft_end(&draft, NULL, 0);
}

/*
 * Copies 4 or 8 bytes from memory to memory, both addresses a multiple of that, and waits until they are there.  -EINVAL:
 * another size, or an address that is none.
 */
void pm4_copy_data(struct pm4_buffer *buffer, uint64_t to, uint64_t from, uint32_t bytes)
{
	struct pm4_draft draft = pm4_draft_begin(buffer, &pm4_packet_copy_data);

	if (buffer->error)
		return;
	if (bytes != 4 && bytes != 8) {
		pm4_fail(buffer, -EINVAL);
		return;
	}
	pm4_draft_put(&draft, COPY_DATA_SRC_SEL, COPY_SEL_L2);
	pm4_draft_put(&draft, COPY_DATA_DST_SEL, COPY_SEL_L2);
	pm4_draft_put(&draft, COPY_DATA_SRC_CACHE_POLICY, read_policy[buffer->generation]);
	pm4_draft_put(&draft, COPY_DATA_DST_CACHE_POLICY, write_policy[buffer->generation]);
	pm4_draft_put(&draft, COPY_DATA_COUNT_SEL, bytes == 8 ? COPY_COUNT_64 : 0);
	pm4_draft_put(&draft, COPY_DATA_WR_CONFIRM, 1);
	pm4_draft_put_address(&draft, COPY_DATA_SRC_LOW, COPY_DATA_SRC_HIGH, from, bytes);
	pm4_draft_put_address(&draft, COPY_DATA_DST_LOW, COPY_DATA_DST_HIGH, to, bytes);
	pm4_draft_end(&draft, NULL, 0);
}

static struct pm4_draft begin_wait(struct pm4_buffer *buffer, const struct pm4_packet *packet,
				   const struct pm4_wait *wait, uint32_t bytes)
{
	struct pm4_draft draft = pm4_draft_begin(buffer, packet);

	if (draft.bad)
		return draft;
	draft.bad = (uint32_t)wait->compare < PM4_LESS || (uint32_t)wait->compare > PM4_GREATER ||
		    wait->reference & ~wait->mask;
	pm4_draft_put(&draft, WAIT_FUNCTION, wait->compare);
	pm4_draft_put(&draft, WAIT_MEM_SPACE, WAIT_MEMORY);
	pm4_draft_put(&draft, WAIT_OPERATION, WAIT_ONLY);
	if (buffer->generation != PM4_GFX9)
		pm4_draft_put(&draft, WAIT_CACHE_POLICY, read_policy[buffer->generation]);
	pm4_draft_put_address(&draft, WAIT_ADDRESS_LOW, WAIT_ADDRESS_HIGH, wait->va, bytes);
	pm4_draft_put(&draft, WAIT_POLL_INTERVAL, WAIT_POLL_CLOCKS_16);
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
	struct pm4_draft draft = begin_wait(buffer, &pm4_packet_wait_reg_mem, wait, 4);

	if (buffer->error)
		return;
	pm4_draft_put(&draft, WAIT_REFERENCE_LOW, wait->reference);
	pm4_draft_put(&draft, WAIT_MASK_LOW, wait->mask);
	pm4_draft_end(&draft, NULL, 0);
}

/* pm4_wait_mem32() of 8 bytes, which are looked at as one value. */
void pm4_wait_mem64(struct pm4_buffer *buffer, const struct pm4_wait *wait)
{
	struct pm4_draft draft = begin_wait(buffer, &pm4_packet_wait_reg_mem64, wait, 8);

	if (buffer->error)
		return;
	pm4_draft_put(&draft, WAIT_REFERENCE_LOW, wait->reference & UINT32_MAX);
	pm4_draft_put(&draft, WAIT_REFERENCE_HIGH, wait->reference >> 32);
	pm4_draft_put(&draft, WAIT_MASK_LOW, wait->mask & UINT32_MAX);
	pm4_draft_put(&draft, WAIT_MASK_HIGH, wait->mask >> 32);
	pm4_draft_end(&draft, NULL, 0);
}

/*
 * Adds to 8 bytes of memory at `va`, a multiple of 8 (-EINVAL), as one atomic operation.  In system memory it needs PCIe
 * atomics on the way, and memory that is not cached by the GPU on gfx9 and gfx12 (see the policies above).  The engine
 * takes packets in order: a pm4_release() before it is over when this takes effect.
 */
void pm4_atomic_add64(struct pm4_buffer *buffer, uint64_t va, int64_t addend)
{
	struct pm4_draft draft = pm4_draft_begin(buffer, &pm4_packet_atomic_mem);
	uint64_t source = (uint64_t)addend;

	if (buffer->error)
		return;
	pm4_draft_put(&draft, ATOMIC_MEM_ATOMIC, ATOMIC_ADD_64);
	pm4_draft_put(&draft, ATOMIC_MEM_COMMAND, ATOMIC_SINGLE_PASS);
	pm4_draft_put(&draft, ATOMIC_MEM_CACHE_POLICY, atomic_policy[buffer->generation]);
	pm4_draft_put_address(&draft, ATOMIC_MEM_ADDRESS_LOW, ATOMIC_MEM_ADDRESS_HIGH, va, 8);
	pm4_draft_put(&draft, ATOMIC_MEM_SOURCE_LOW, source & UINT32_MAX);
	pm4_draft_put(&draft, ATOMIC_MEM_SOURCE_HIGH, source >> 32);
	pm4_draft_end(&draft, NULL, 0);
}

/*
 * Stores the GPU's clock as 8 bytes at `to`, a multiple of 8 (-EINVAL), as it is when the engine gets there: work before
 * it may be running, pm4_drain() waits for it.
 */
void pm4_copy_clock(struct pm4_buffer *buffer, uint64_t to)
{
	struct pm4_draft draft = pm4_draft_begin(buffer, &pm4_packet_copy_data);

	if (buffer->error)
		return;
	pm4_draft_put(&draft, COPY_DATA_SRC_SEL, COPY_SEL_GPU_CLOCK);
	pm4_draft_put(&draft, COPY_DATA_DST_SEL, COPY_SEL_L2);
	pm4_draft_put(&draft, COPY_DATA_DST_CACHE_POLICY, write_policy[buffer->generation]);
	pm4_draft_put(&draft, COPY_DATA_COUNT_SEL, COPY_COUNT_64);
	pm4_draft_put(&draft, COPY_DATA_WR_CONFIRM, 1);
	pm4_draft_put_address(&draft, COPY_DATA_DST_LOW, COPY_DATA_DST_HIGH, to, 8);
	pm4_draft_end(&draft, NULL, 0);
}

/*
 * Appends words that are packets already, or data; nothing is checked but that there is room.  -EINVAL: a count without
 * words.
 */
void pm4_raw(struct pm4_buffer *buffer, const uint32_t *words, uint32_t count)
{
	if (count && !words)
		pm4_fail(buffer, -EINVAL);
	if (!pm4_reserve(buffer, count) || !count)
		return;
	memcpy(buffer->words + buffer->used, words, count * sizeof(*words));
	buffer->used += count;
}
