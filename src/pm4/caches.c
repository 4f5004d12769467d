// SPDX-License-Identifier: MIT
/*
 * What acquire and release fences do to the caches.
 *
 * The vector caches (L0, called TCP on gfx9, and GL1 behind it) write through and the scalar cache is not written:
 * what waves have stored is in L2 when they are over, and L2 is one for the whole GPU.  So other work on the GPU
 * needs nothing written back, but may have old lines in the caches in front of L2; the rest of the system needs L2
 * written back, and L2 may have old lines of its memory (LLVM AMDGPU usage, memory model).
 *
 * ACQUIRE_MEM takes both kinds of actions, and the engine goes on behind it when they are complete: drivers have
 * nothing else between two dispatches that depend on each other (Mesa radv_emit_cache_flush() and the emit_mem_sync()
 * of Linux' rings). RELEASE_MEM would do the same at the end of the pipe, behind the engine's back, so that a packet
 * after it could be early.
 */
#include "pm4/pm4.h"

#include <errno.h>
#include <stddef.h>

#include "pm4/draft.h"

/* Mesa sid.h: V_028A90_CS_PARTIAL_FLUSH; Linux nvd.h: the event index of partial flushes */
#define EVENT_CS_PARTIAL_FLUSH	  7U
#define EVENT_INDEX_PARTIAL_FLUSH 4U
#define POLL_CLOCKS		  0xaU /* what Linux' rings use between looks at the caches' progress */
#define GLI_INV_ALL		  1U
#define RANGE_ALL_LOW		  UINT32_MAX /* in units of 256 bytes: all of memory */
#define RANGE_ALL_HIGH		  0xffU

/* What is done; each is one or more bits of a generation. */
#define INVALIDATE_L1	(1U << 0) /* vector caches in front of L2 */
#define INVALIDATE_K	(1U << 1) /* scalar cache */
#define INVALIDATE_CODE (1U << 2)
#define INVALIDATE_L2	(1U << 3) /* with a write-back: lines that were written to stay, stale bytes and all */
#define WRITE_BACK_L2	(1U << 4)

/* TC_NC restricts a write-back to what the GPU alone caches, and it does not work without (Mesa). */
static void act_gfx9(struct pm4_buffer *buffer, uint32_t actions)
{
	struct pm4_draft draft = pm4_draft_begin(buffer, &pm4_packet_acquire_mem_gfx9);
	bool invalidate = actions & INVALIDATE_L2;

	pm4_draft_put(&draft, ACQUIRE_MEM_TC_WB, (actions & (WRITE_BACK_L2 | INVALIDATE_L2)) != 0);
	pm4_draft_put(&draft, ACQUIRE_MEM_TC_NC, actions & WRITE_BACK_L2 && !invalidate);
	pm4_draft_put(&draft, ACQUIRE_MEM_TC, invalidate);
	pm4_draft_put(&draft, ACQUIRE_MEM_TCL1, (actions & INVALIDATE_L1) != 0);
	pm4_draft_put(&draft, ACQUIRE_MEM_KCACHE, (actions & INVALIDATE_K) != 0);
	pm4_draft_put(&draft, ACQUIRE_MEM_ICACHE, (actions & INVALIDATE_CODE) != 0);
	pm4_draft_put(&draft, ACQUIRE_MEM_SIZE_LOW, RANGE_ALL_LOW);
	pm4_draft_put(&draft, ACQUIRE_MEM_SIZE_HIGH, RANGE_ALL_HIGH);
	pm4_draft_put(&draft, ACQUIRE_MEM_POLL_INTERVAL, POLL_CLOCKS);
	pm4_draft_end(&draft, NULL, 0);
}

/*
 * The metadata cache goes with L2; its write-back is set together with its invalidation only (Linux gfx_v10_0.c).  It
 * writes into L2, which is why the order of the levels matters to a release; nothing else in front of L2 has anything to
 * write (Mesa: SEQ is for what is written out on both levels; Linux' emit_mem_sync(), an acquire, has none).  gfx12 has
 * neither it nor GL1 (Mesa ac_barrier.c).
 */
static void act_gfx10(struct pm4_buffer *buffer, uint32_t actions)
{
	struct pm4_draft draft = pm4_draft_begin(buffer, &pm4_packet_acquire_mem);
	bool l1 = actions & INVALIDATE_L1, l2 = actions & (WRITE_BACK_L2 | INVALIDATE_L2);

	pm4_draft_put(&draft, ACQUIRE_MEM_GL2_WB, l2);
	pm4_draft_put(&draft, ACQUIRE_MEM_GL2_INV, (actions & INVALIDATE_L2) != 0);
	pm4_draft_put(&draft, ACQUIRE_MEM_GLV_INV, l1);
	if (buffer->generation < PM4_GFX12) {
		pm4_draft_put(&draft, ACQUIRE_MEM_GLM_WB, l2);
		pm4_draft_put(&draft, ACQUIRE_MEM_GLM_INV, l2);
		pm4_draft_put(&draft, ACQUIRE_MEM_GL1_INV, l1);
		pm4_draft_put(&draft, ACQUIRE_MEM_SEQ, actions & WRITE_BACK_L2 ? PM4_SEQ_FORWARD : 0);
	}
	pm4_draft_put(&draft, ACQUIRE_MEM_GLK_INV, (actions & INVALIDATE_K) != 0);
	pm4_draft_put(&draft, ACQUIRE_MEM_GLI_INV, actions & INVALIDATE_CODE ? GLI_INV_ALL : 0);
	pm4_draft_put(&draft, ACQUIRE_MEM_SIZE_LOW, RANGE_ALL_LOW);
	pm4_draft_put(&draft, ACQUIRE_MEM_SIZE_HIGH, RANGE_ALL_HIGH);
	pm4_draft_put(&draft, ACQUIRE_MEM_POLL_INTERVAL, POLL_CLOCKS);
	pm4_draft_end(&draft, NULL, 0);
}

static void act(struct pm4_buffer *buffer, uint32_t actions)
{
	if (buffer->error || !actions)
		return;
	if (buffer->generation == PM4_GFX9)
		act_gfx9(buffer, actions);
	else
		act_gfx10(buffer, actions);
}

/* Holds the engine until the dispatches before it are over and what they stored is in L2. */
void pm4_drain(struct pm4_buffer *buffer)
{
	struct pm4_draft draft = pm4_draft_begin(buffer, &pm4_packet_event_write);

	if (buffer->error)
		return;
	pm4_draft_put(&draft, EVENT_WRITE_TYPE, EVENT_CS_PARTIAL_FLUSH);
	pm4_draft_put(&draft, EVENT_WRITE_INDEX, EVENT_INDEX_PARTIAL_FLUSH);
	pm4_draft_end(&draft, NULL, 0);
}

static const uint32_t acquire_actions[] = {
	[PM4_SCOPE_NONE] = 0,
	[PM4_SCOPE_AGENT] = INVALIDATE_L1 | INVALIDATE_K,
	[PM4_SCOPE_SYSTEM] = INVALIDATE_L1 | INVALIDATE_K | INVALIDATE_L2,
};

static const uint32_t release_actions[] = {
	[PM4_SCOPE_NONE] = 0,
	[PM4_SCOPE_AGENT] = 0,
	[PM4_SCOPE_SYSTEM] = WRITE_BACK_L2,
};

/* Dispatches behind it see what was written in `scope` before it; the engine waits until that is so.  -EINVAL: no scope. */
void pm4_acquire(struct pm4_buffer *buffer, enum pm4_scope scope)
{
	if ((uint32_t)scope > PM4_SCOPE_SYSTEM)
		pm4_fail(buffer, -EINVAL);
	else
		act(buffer, acquire_actions[scope]);
}

/*
 * What was written before it can be seen in `scope` when the engine goes on: packets behind it, pm4_atomic_add64()
 * above all, tell of complete data.  It waits for no dispatch: a pm4_drain() belongs in front of it.  -EINVAL: no
 * scope.
 */
void pm4_release(struct pm4_buffer *buffer, enum pm4_scope scope)
{
	if ((uint32_t)scope > PM4_SCOPE_SYSTEM)
		pm4_fail(buffer, -EINVAL);
	else
		act(buffer, release_actions[scope]);
}

/*
 * What was written before it can be seen in the system when the engine goes on, and what the engine itself reads and
 * changes behind it is what the system has written.  It is no acquire for dispatches, whose caches stay as they are, and
 * waits for none.
 */
void pm4_flush_l2(struct pm4_buffer *buffer)
{
	act(buffer, WRITE_BACK_L2 | INVALIDATE_L2);
}

/* An acquire of the system, after which instructions too are read anew: for code that was written to memory. */
void pm4_acquire_code(struct pm4_buffer *buffer)
{
	act(buffer, acquire_actions[PM4_SCOPE_SYSTEM] | INVALIDATE_CODE);
}
