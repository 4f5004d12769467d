// SPDX-License-Identifier: MIT
#include "pm4/dispatch.h"

#include <errno.h>
#include <string.h>

#include "pm4/draft.h"
#include "pm4/registers.h"
#include "util/compiler.h"

#define CODE_ALIGNMENT 256U
#define GROUP_MAX \
	1024U /* work-items, of a dimension and of all (HSA: workgroup_max_size; ISA guides: 16 or 32 waves) */
#define LDS_GRAIN 512U /* 128 words (LLVM AMDGPU usage: granulated_lds_size, gfx7 to gfx12) */
#define GAP_MAX	  2U   /* registers between two that are to be written: what another header would take */
#define NO_LIMITS 0U   /* of waves per array, groups per CU ... (Mesa sid.h: COMPUTE_RESOURCE_LIMITS) */

_Static_assert(REGISTER_COUNT <= PM4_SHADOW_REGISTERS, "the shadow has a place for every register");
_Static_assert(REGISTER_COUNT - REGISTER_USER_DATA_0 == PM4_USER_DATA_MAX, "user data");

/* What the registers are to hold. */
struct wanted {
	enum pm4_generation generation;
	bool bad;
	uint64_t set; /* bit per index; the others do not matter */
	uint32_t value[REGISTER_COUNT];
};

/* Nothing is known of the registers any more: at the start of a command buffer, and after foreign packets. */
void pm4_shadow_forget(struct pm4_shadow *shadow)
{
	shadow->known = 0;
}

static uint64_t bit(uint32_t id)
{
	return 1ULL << id;
}

static void want(struct wanted *wanted, uint32_t id, uint32_t value)
{
	if (!pm4_register_exists(id, wanted->generation)) {
		wanted->bad = true;
		return;
	}
	wanted->set |= bit(id);
	wanted->value[id] = value;
}

/* A value that is one field of its register, above what `rest` has. */
static void want_field(struct wanted *wanted, uint32_t id, const struct pm4_packet *word, uint32_t field,
		       uint64_t value, uint32_t rest)
{
	if (!pm4_field_put(word, field, wanted->generation, value, &rest))
		wanted->bad = true;
	want(wanted, id, rest);
}

static void want_base(struct wanted *wanted, uint32_t id, uint64_t va)
{
	uint32_t words[2] = {0};

	if (!va || va >> PM4_ADDRESS_BITS || !IS_ALIGNED(va, (uint64_t)CODE_ALIGNMENT) ||
	    !pm4_field_put(&pm4_word_base, BASE_LOW, wanted->generation, va >> 8 & UINT32_MAX, words) ||
	    !pm4_field_put(&pm4_word_base, BASE_HIGH, wanted->generation, va >> 40, words))
		wanted->bad = true;
	want(wanted, id, words[0]);
	want(wanted, id + 1, words[1]);
}

/*
 * rsrc1: where a kernel starts in privileged mode is for the packet processor to say (LLVM AMDGPU usage: PRIV), whose
 * part is played here.  gfx11 needs it, or waves trap (kfdtest Dispatch.cpp: m_NeedCwsrWA, for gfx1100 to gfx1103);
 * AMD's librocdxg has it on all of gfx11 and nowhere else.
 *
 * rsrc3 as the descriptor has it: with the size of the instruction prefetch.  Its IMAGE_OP is of kernels inside of a
 * graphics pipeline and 0 in others (LLVM AMDGPU usage: compute_pgm_rsrc3 of gfx11), and Mesa sets the prefetch alone.
 */
static void want_program(struct wanted *wanted, const struct pm4_dispatch *dispatch)
{
	bool privileged = wanted->generation == PM4_GFX11;

	want_base(wanted, REGISTER_PGM_LO, dispatch->code);
	if (privileged)
		want_field(wanted, REGISTER_RSRC1, &pm4_word_rsrc1, RSRC1_PRIV, 1, dispatch->rsrc1);
	else
		want(wanted, REGISTER_RSRC1, dispatch->rsrc1);
	want_field(wanted, REGISTER_RSRC2, &pm4_word_rsrc2, RSRC2_LDS_SIZE,
		   ((uint64_t)dispatch->lds_bytes + LDS_GRAIN - 1) / LDS_GRAIN, dispatch->rsrc2);
	if (pm4_register_exists(REGISTER_RSRC3, wanted->generation))
		want(wanted, REGISTER_RSRC3, dispatch->rsrc3);
	else if (dispatch->rsrc3)
		wanted->bad = true;
}

static void want_group(struct wanted *wanted, const struct pm4_dispatch *dispatch)
{
	uint64_t items = 1;

	for (uint32_t i = 0; i < 3; i++) {
		if (!dispatch->group[i] || dispatch->group[i] > GROUP_MAX || !dispatch->grid[i])
			wanted->bad = true;
		items *= dispatch->group[i];
		want_field(wanted, REGISTER_NUM_THREAD_X + i, &pm4_word_num_thread, NUM_THREAD_FULL,
			   dispatch->group[i], 0);
	}
	if (items > GROUP_MAX)
		wanted->bad = true;
}

/* The masks of engines that the generation has; a dispatch that no unit may run would never end. */
static void want_units(struct wanted *wanted, const struct pm4_dispatch *dispatch)
{
	static const uint8_t registers[PM4_SHADER_ENGINES] = {
		REGISTER_THREAD_MGMT_SE0, REGISTER_THREAD_MGMT_SE1, REGISTER_THREAD_MGMT_SE2,
		REGISTER_THREAD_MGMT_SE3, REGISTER_THREAD_MGMT_SE4, REGISTER_THREAD_MGMT_SE5,
		REGISTER_THREAD_MGMT_SE6, REGISTER_THREAD_MGMT_SE7,
	};
	uint32_t any = 0;

	for (uint32_t i = 0; i < PM4_SHADER_ENGINES; i++) {
		if (!pm4_register_exists(registers[i], wanted->generation))
			continue;
		any |= dispatch->cu_mask[i];
		want(wanted, registers[i], dispatch->cu_mask[i]);
	}
	if (!any)
		wanted->bad = true;
	want(wanted, REGISTER_RESOURCE_LIMITS, NO_LIMITS);
}

static void want_scratch(struct wanted *wanted, const struct pm4_dispatch *dispatch)
{
	uint32_t rest = dispatch->tmpring;

	/* it may be the user's: nothing but the two fields */
	if (!pm4_field_put(&pm4_word_tmpring, TMPRING_WAVES, wanted->generation, 0, &rest) ||
	    !pm4_field_put(&pm4_word_tmpring, TMPRING_WAVESIZE, wanted->generation, 0, &rest) || rest)
		wanted->bad = true;
	want(wanted, REGISTER_TMPRING, dispatch->tmpring);
	if (dispatch->tmpring && pm4_register_exists(REGISTER_SCRATCH_BASE_LO, wanted->generation))
		want_base(wanted, REGISTER_SCRATCH_BASE_LO, dispatch->scratch_base);
}

static void want_user_data(struct wanted *wanted, const struct pm4_dispatch *dispatch)
{
	if (dispatch->user_data_count > PM4_USER_DATA_MAX) {
		wanted->bad = true;
		return;
	}
	for (uint32_t i = 0; i < dispatch->user_data_count; i++)
		want(wanted, REGISTER_USER_DATA_0 + i, dispatch->user_data[i]);
}

static uint64_t stale(const struct wanted *wanted, const struct pm4_shadow *shadow)
{
	uint64_t ids = 0;

	for (uint32_t id = 0; id < REGISTER_COUNT; id++)
		if (wanted->set & bit(id) &&
		    (!(shadow->known & bit(id)) || shadow->value[id] != wanted->value[id]))
			ids |= bit(id);
	return ids;
}

/*
 * Where the run of neighbours that starts at `first` ends (its last register).  What lies between two stale ones is
 * written again if its value is known and it is no more than another header.
 */
static uint32_t end_of_run(const struct pm4_shadow *shadow, enum pm4_generation generation, uint64_t ids,
			   uint32_t first)
{
	uint32_t last = first;

	for (uint32_t id = first + 1; id < REGISTER_COUNT && id - last <= GAP_MAX + 1; id++) {
		if (!pm4_register_exists(id, generation) ||
		    pm4_registers[id].offset != pm4_registers[first].offset + id - first)
			break;
		if (ids & bit(id))
			last = id;
		else if (!(shadow->known & bit(id)))
			break;
	}
	return last;
}

static void write_run(struct pm4_buffer *buffer, const uint32_t *values, uint32_t first, uint32_t last)
{
	struct pm4_draft draft = pm4_draft_begin(buffer, &pm4_packet_set_sh_reg);

	pm4_draft_put(&draft, SET_SH_REG_OFFSET, pm4_registers[first].offset);
	pm4_draft_end(&draft, values + first, last - first + 1);
}

static void write_registers(struct pm4_buffer *buffer, struct pm4_shadow *shadow, const struct wanted *wanted)
{
	uint64_t ids = stale(wanted, shadow);

	for (uint32_t id = 0; id < REGISTER_COUNT; id++) {
		if (!(wanted->set & bit(id)))
			continue;
		shadow->known |= bit(id);
		shadow->value[id] = wanted->value[id];
	}
	while (ids) {
		uint32_t first = (uint32_t)__builtin_ctzll(ids);
		uint32_t last = end_of_run(shadow, buffer->generation, ids, first);

		write_run(buffer, shadow->value, first, last);
		ids &= ~((bit(last) << 1) - 1);
	}
}

/*
 * In work-items: the engine makes groups of them, the last of each dimension smaller where it does not divide, as AQL
 * has it. That is how AMD's own dispatches outside of graphics are written (kfdtest Dispatch.cpp, aqlprofile,
 * librocdxg); the other form, groups with sizes of the last ones in NUM_THREAD (Mesa), would change registers with the
 * grid.  Waves start in the order of their groups: ORDER_MODE, which PAL and Mesa set, would let later ones overtake,
 * and kernels wait for earlier ones.
 */
static void write_dispatch(struct pm4_buffer *buffer, const struct pm4_dispatch *dispatch)
{
	struct pm4_draft draft = pm4_draft_begin(buffer, &pm4_packet_dispatch_direct);
	enum pm4_generation generation = buffer->generation;
	uint32_t initiator = 0;

	if (!pm4_field_put(&pm4_word_initiator, INITIATOR_COMPUTE_SHADER_EN, generation, 1, &initiator) ||
	    !pm4_field_put(&pm4_word_initiator, INITIATOR_FORCE_START_AT_000, generation, 1, &initiator) ||
	    !pm4_field_put(&pm4_word_initiator, INITIATOR_USE_THREAD_DIMENSIONS, generation, 1, &initiator) ||
	    (dispatch->wave32 &&
	     !pm4_field_put(&pm4_word_initiator, INITIATOR_CS_W32_EN, generation, 1, &initiator)))
		draft.bad = true;
	pm4_draft_put(&draft, DISPATCH_DIRECT_X, dispatch->grid[0]);
	pm4_draft_put(&draft, DISPATCH_DIRECT_Y, dispatch->grid[1]);
	pm4_draft_put(&draft, DISPATCH_DIRECT_Z, dispatch->grid[2]);
	pm4_draft_put(&draft, DISPATCH_DIRECT_INITIATOR, initiator);
	pm4_draft_end(&draft, NULL, 0);
}

/*
 * Starts a kernel.  Registers whose value the shadow does not have are written first; afterwards it has them, so that
 * it belongs to this buffer alone.
 *
 * -EINVAL: code or (with a ring) a scratch base that is 0, not a multiple of 256 or beyond 48 bits; a ring with other
 * bits than its fields; a group with a dimension of 0 or above 1024, or more than 1024 work-items; a grid of 0; more
 * than PM4_USER_DATA_MAX user data; more LDS than the field holds; no unit to run on; on gfx9 wave32 or something in
 * rsrc3, which it does not have.  Nothing is written then, nor with -ENOSPC, and the shadow is as it was.
 */
void pm4_dispatch(struct pm4_buffer *buffer, struct pm4_shadow *shadow, const struct pm4_dispatch *dispatch)
{
	struct wanted wanted = {.generation = buffer->generation};
	struct pm4_shadow before;
	uint32_t used = buffer->used;

	if (buffer->error)
		return;
	want_program(&wanted, dispatch);
	want_group(&wanted, dispatch);
	want_units(&wanted, dispatch);
	want_scratch(&wanted, dispatch);
	want_user_data(&wanted, dispatch);
	if (wanted.bad || (dispatch->wave32 && buffer->generation == PM4_GFX9)) {
		pm4_fail(buffer, -EINVAL);
		return;
	}
	before = *shadow;
	write_registers(buffer, shadow, &wanted);
	write_dispatch(buffer, dispatch);
	if (buffer->error) {
		buffer->used = used;
		*shadow = before;
	}
}
