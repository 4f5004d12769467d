// SPDX-License-Identifier: MIT
/*
 * Registers and dispatches.  Nobody knows what compute registers hold at the start of a command buffer: other queues
 * have used them.  A dispatch depends on many, and each must have been written.
 */
#include <stddef.h>

#include "dxgsim/gpu/pipeline.h"
#include "dxgsim/gpu/pm4.h"
#include "dxgsim/gpu/pm4_check.h"

#define BIT(n)		(1U << (n))
#define BITS(high, low) (~0U >> (31 - (high)) & ~0U << (low))

static const struct gpu_register *register_at(const struct gpu_engine *engine, uint32_t offset)
{
	return offset - GPU_SH_FIRST < GPU_SH_COUNT ? engine->registers[offset - GPU_SH_FIRST] : NULL;
}

/* Consecutive ones are called after the first. */
static enum gpu_outcome refuse_register(struct gpu_engine *engine, enum gpu_error_kind kind, uint32_t offset,
					const char *what)
{
	const struct gpu_register *r = register_at(engine, offset);
	uint32_t nth = offset - r->offset;

	if (nth)
		return gpu_refuse(engine, kind, "register 0x%x (%s + %u) %s", GPU_SH_SPACE + offset, r->name,
				  nth, what);
	return gpu_refuse(engine, kind, "register 0x%x (%s) %s", GPU_SH_SPACE + offset, r->name, what);
}

static enum gpu_outcome refuse_bits(struct gpu_engine *engine, enum gpu_error_kind kind,
				    const struct gpu_register *r, uint32_t value, uint32_t bits)
{
	return gpu_refuse(engine, kind, "%s 0x%08x: bits 0x%08x are %s", r->name, value, bits,
			  kind == GPU_ERROR_PACKET ? "reserved" : "not simulated");
}

enum gpu_outcome gpu_set_register(struct gpu_engine *engine, uint32_t offset, uint32_t value)
{
	const struct gpu_register *r = register_at(engine, offset);

	if (!r && offset < GPU_SH_FIRST)
		return gpu_refuse(engine, GPU_ERROR_PACKET, "register 0x%x is for graphics engines",
				  GPU_SH_SPACE + offset);
	if (!r)
		return gpu_refuse(engine, GPU_ERROR_PACKET,
				  "gfx%u has no register 0x%x that a queue may write",
				  engine->config.generation, GPU_SH_SPACE + offset);
	if (value & ~r->defined)
		return refuse_bits(engine, GPU_ERROR_PACKET, r, value, value & ~r->defined);
	if (value & r->missing)
		return refuse_bits(engine, GPU_ERROR_UNSUPPORTED, r, value, value & r->missing);
	gpu_registers_set(&engine->now.registers, offset, value);
	return GPU_DONE;
}

enum gpu_outcome gpu_pm4_set_sh_reg(struct gpu_engine *engine, const uint32_t *packet, uint32_t words)
{
	uint32_t offset = gpu_field(packet[1], 15, 0);

	for (uint32_t i = 2; i < words; i++) {
		enum gpu_outcome outcome = gpu_set_register(engine, offset + i - 2, packet[i]);

		if (outcome != GPU_DONE)
			return outcome;
	}
	return GPU_DONE;
}

enum gpu_outcome gpu_pm4_set_uconfig_reg(struct gpu_engine *engine, const uint32_t *packet, uint32_t words)
{
	uint32_t offset = gpu_field(packet[1], 15, 0);

	if (offset + words - 2 > GPU_UCONFIG_COUNT)
		return gpu_refuse(engine, GPU_ERROR_PACKET, "registers 0x%x to 0x%x are not all in the space",
				  GPU_UCONFIG_SPACE + offset, GPU_UCONFIG_SPACE + offset + words - 3);
	for (uint32_t i = 2; i < words; i++)
		if (!gpu_uconfig_harmless(offset + i - 2))
			return gpu_refuse(engine, GPU_ERROR_UNSUPPORTED, "register 0x%x is not simulated",
					  GPU_UCONFIG_SPACE + offset + i - 2);
	return GPU_DONE;
}

/* ---- the state a dispatch depends on ---- */

/* COMPUTE_DISPATCH_INITIATOR: AMD PAL; Mesa, S_00B800_*. */
#define COMPUTE_SHADER_EN     BIT(0)
#define PARTIAL_TG_EN	      BIT(1)
#define FORCE_START_AT_000    BIT(2)
#define USE_THREAD_DIMENSIONS BIT(5)
#define ORDER_MODE	      BIT(6)
#define CS_W32_EN	      BIT(15)

#define VGPRS	   256U	 /* that a lane can have */
#define LDS_BLOCKS 128U	 /* of 512 bytes */
#define GROUP_SIZE 1024U /* work-items */

static const struct gpu_register initiators[] = {
	/* ORDERED_APPEND 4:3, L1_INV_VOL 11:10, RESTORE 14 */
	{"DISPATCH_INITIATOR", 0x200, 9, 9, 1, BITS(6, 0) | BITS(11, 10) | BIT(14),
	 BITS(4, 3) | BITS(11, 10) | BIT(14)},
	/* TUNNEL_ENABLE 13 */
	{"DISPATCH_INITIATOR", 0x200, 10, 10, 1, BITS(6, 0) | BITS(11, 10) | BITS(15, 13),
	 BITS(4, 3) | BITS(11, 10) | BITS(14, 13)},
	/* AMP_SHADER_EN 16, DISABLE_DISP_PREMPT_EN 17 */
	{"DISPATCH_INITIATOR", 0x200, 11, 11, 1, BITS(6, 0) | BITS(11, 10) | BITS(17, 13),
	 BITS(4, 3) | BITS(11, 10) | BITS(14, 13) | BITS(17, 16)},
	/* PING_PONG_EN 12, INTERLEAVE_2D_EN 18, WGS_DISPATCH 19, TTRACE_QUEUE_ID 31:29 */
	{"DISPATCH_INITIATOR", 0x200, 12, 12, 1, BITS(6, 0) | BITS(19, 10) | BITS(31, 29),
	 BITS(4, 3) | BITS(14, 10) | BITS(19, 16) | BITS(31, 29)},
};

static bool read_register(struct gpu_engine *engine, uint32_t offset, uint32_t *value)
{
	if (gpu_registers_get(&engine->now.registers, offset, value))
		return true;
	refuse_register(engine, GPU_ERROR_PACKET, offset, "has not been written");
	return false;
}

static bool fail(struct gpu_engine *engine, const char *name, uint32_t value, const char *what)
{
	gpu_refuse(engine, GPU_ERROR_PACKET, "%s %u %s", name, value, what);
	return false;
}

static bool check_initiator(struct gpu_engine *engine, uint32_t value)
{
	const struct gpu_register *r = &initiators[engine->config.generation - 9];

	if (value & ~r->defined)
		refuse_bits(engine, GPU_ERROR_PACKET, r, value, value & ~r->defined);
	else if (value & r->missing)
		refuse_bits(engine, GPU_ERROR_UNSUPPORTED, r, value, value & r->missing);
	else if (!(value & COMPUTE_SHADER_EN))
		gpu_refuse(engine, GPU_ERROR_PACKET,
			   "DISPATCH_INITIATOR 0x%08x: COMPUTE_SHADER_EN is not set", value);
	else
		return true;
	return false;
}

static bool check_rsrc1(struct gpu_engine *engine, struct gpu_launch *launch)
{
	uint32_t generation = engine->config.generation;
	uint32_t granule = launch->wave_size == 32 ? 8 : 4;
	uint32_t shared = 0;

	if (!read_register(engine, GPU_RSRC1, &launch->rsrc1))
		return false;
	launch->vgprs = (gpu_field(launch->rsrc1, 5, 0) + 1) * granule;
	if (launch->vgprs > VGPRS)
		return fail(engine, "COMPUTE_PGM_RSRC1.VGPRS", gpu_field(launch->rsrc1, 5, 0),
			    "is more than 256 registers");
	/*
	 * Since gfx10 every wave has all SGPRs and hardware does not look at the field.  LLVM writes 0 there, the copy
	 * kernels of ROCr 5 do not (amd_blit_kernel.cpp: one formula for all GPUs).
	 */
	if (generation == 9 && gpu_field(launch->rsrc1, 9, 6) > 12)
		return fail(engine, "COMPUTE_PGM_RSRC1.SGPRS", gpu_field(launch->rsrc1, 9, 6),
			    "is more than there are");
	if (generation != 11 && gpu_bit(launch->rsrc1, 20))
		return fail(engine, "COMPUTE_PGM_RSRC1.PRIV", 1, "is the kernel driver's to set");
	if (generation == 9)
		return true;
	if (!read_register(engine, GPU_RSRC3, &launch->rsrc3))
		return false;
	if (generation < 12)
		shared = gpu_field(launch->rsrc3, 3, 0);
	if (shared && launch->wave_size == 32)
		return fail(engine, "COMPUTE_PGM_RSRC3.SHARED_VGPR_CNT", shared,
			    "must be 0 with waves of 32");
	if (launch->vgprs + shared * 8 > VGPRS)
		return fail(engine, "COMPUTE_PGM_RSRC3.SHARED_VGPR_CNT", shared,
			    "and VGPRS are more than 256 registers");
	return true;
}

static bool check_rsrc2(struct gpu_engine *engine, struct gpu_launch *launch)
{
	uint32_t blocks, count;

	if (!read_register(engine, GPU_RSRC2, &launch->rsrc2))
		return false;
	count = gpu_field(launch->rsrc2, 5, 1);
	if (count > GPU_USER_SGPRS)
		return fail(engine, "COMPUTE_PGM_RSRC2.USER_SGPR", count, "is more than the 16 there are");
	launch->user_sgpr_count = count;
	for (uint32_t i = 0; i < count; i++)
		if (!read_register(engine, GPU_USER_DATA_0 + i, &launch->user_sgprs[i]))
			return false;
	if (gpu_field(launch->rsrc2, 12, 11) == 3)
		return fail(engine, "COMPUTE_PGM_RSRC2.TIDIG_COMP_CNT", 3, "is reserved");
	blocks = gpu_field(launch->rsrc2, 23, 15);
	if (blocks > LDS_BLOCKS)
		return fail(engine, "COMPUTE_PGM_RSRC2.LDS_SIZE", blocks, "is more than 64 KiB");
	launch->lds_bytes = blocks * 512;
	return true;
}

static bool check_code(struct gpu_engine *engine, struct gpu_launch *launch)
{
	uint32_t low, high;

	if (!read_register(engine, GPU_PGM_LO, &low) || !read_register(engine, GPU_PGM_HI, &high))
		return false;
	launch->code = (uint64_t)high << 40 | (uint64_t)low << 8;
	if (gpu_memory_check(&engine->memory, launch->code, 4, GPU_READ, true))
		return true;
	gpu_page_fault(engine);
	return false;
}

/* At least one compute unit, and a mask for each shader engine. */
static bool check_units(struct gpu_engine *engine, struct gpu_launch *launch)
{
	static const uint16_t masks[GPU_SHADER_ENGINES] = {
		GPU_THREAD_MGMT_SE0,	 GPU_THREAD_MGMT_SE0 + 1, GPU_THREAD_MGMT_SE2,
		GPU_THREAD_MGMT_SE2 + 1, GPU_THREAD_MGMT_SE4,	  GPU_THREAD_MGMT_SE4 + 1,
		GPU_THREAD_MGMT_SE4 + 2, GPU_THREAD_MGMT_SE4 + 3,
	};
	const struct gpu_engine_config *config = &engine->config;
	uint32_t limits, mask, present = 0;

	if (!read_register(engine, GPU_RESOURCE_LIMITS, &limits))
		return false;
	for (uint32_t i = 0; i < GPU_SHADER_ENGINES; i++)
		present |= config->compute_units[i];
	for (uint32_t i = 0; i < config->shader_engines; i++) {
		if (!read_register(engine, masks[i], &mask))
			return false;
		mask &= present ? config->compute_units[i] : ~0U;
		launch->units += (uint32_t)__builtin_popcount(mask);
	}
	if (launch->units)
		return true;
	gpu_refuse(engine, GPU_ERROR_PACKET,
		   "COMPUTE_STATIC_THREAD_MGMT_SE* leave no compute unit for the kernel");
	return false;
}

/*
 * Up to gfx10 the address is where the kernel's prologue looks for it.  A buffer resource in the first four user SGPRs,
 * as compilers place it, is known by its last word (ROCr, FillBufRsrcWord3*); with other set-ups nothing can be said.
 */
static bool scratch_resource(const struct gpu_engine *engine, const struct gpu_launch *launch, uint64_t *va)
{
	uint32_t last = launch->user_sgprs[3];

	if (launch->user_sgpr_count < 4)
		return false;
	if (engine->config.generation == 9 ? last != 0x00ea4fac : (last & ~BITS(22, 21)) != 0x21814fac)
		return false;
	*va = launch->user_sgprs[0] | (uint64_t)(launch->user_sgprs[1] & 0xffff) << 32;
	return true;
}

static bool check_scratch(struct gpu_engine *engine, struct gpu_launch *launch)
{
	uint32_t generation = engine->config.generation;
	uint32_t tmpring, low, high, size;
	uint64_t bytes;

	if (!read_register(engine, GPU_TMPRING_SIZE, &tmpring))
		return false;
	if (!gpu_bit(launch->rsrc2, 0))
		return true;
	size = gpu_field(tmpring, 29, 12);
	launch->scratch_waves = gpu_field(tmpring, 11, 0);
	launch->scratch_wave_bytes = size * (generation >= 11 ? 256 : 1024);
	if (!launch->scratch_waves)
		return fail(engine, "COMPUTE_TMPRING_SIZE.WAVES", 0, "with SCRATCH_EN");
	if (!size)
		return fail(engine, "COMPUTE_TMPRING_SIZE.WAVESIZE", 0, "with SCRATCH_EN");
	bytes = (uint64_t)launch->scratch_waves * launch->scratch_wave_bytes;
	if (generation >= 11) {
		if (!read_register(engine, GPU_SCRATCH_BASE_LO, &low) ||
		    !read_register(engine, GPU_SCRATCH_BASE_HI, &high))
			return false;
		launch->scratch = (uint64_t)high << 40 | (uint64_t)low << 8;
		bytes *= engine->config.shader_engines;
	} else if (!scratch_resource(engine, launch, &launch->scratch)) {
		return true;
	} else if (launch->user_sgprs[2] < bytes) {
		return fail(engine, "NUM_RECORDS", launch->user_sgprs[2],
			    "of the scratch resource is too few");
	}
	if (gpu_memory_check(&engine->memory, launch->scratch, bytes, GPU_WRITE, false))
		return true;
	gpu_page_fault(engine);
	return false;
}

/* ---- its size ---- */

static bool check_group(struct gpu_engine *engine, struct gpu_launch *launch, bool partial)
{
	static const char *const names[] = {"COMPUTE_NUM_THREAD_X", "COMPUTE_NUM_THREAD_Y",
					    "COMPUTE_NUM_THREAD_Z"};
	uint32_t full_bits = engine->config.generation >= 12 ? 12 : 15;
	uint32_t items = 1, value;

	for (uint32_t i = 0; i < 3; i++) {
		if (!read_register(engine, GPU_NUM_THREAD_X + i, &value))
			return false;
		launch->group[i] = gpu_field(value, i < 2 ? full_bits : 15, 0);
		launch->last_group[i] = partial ? gpu_field(value, 31, 16) : launch->group[i];
		if (!launch->group[i] || launch->group[i] > GROUP_SIZE)
			return fail(engine, names[i], launch->group[i], "is not 1 to 1024 work-items");
		if (!launch->last_group[i] || launch->last_group[i] > launch->group[i])
			return fail(engine, names[i], launch->last_group[i],
				    "in the last group is none of its own, with PARTIAL_TG_EN");
		items *= launch->group[i];
		if (items > GROUP_SIZE)
			return fail(engine, "work-group of at least", items, "work-items is more than 1024");
	}
	return true;
}

static bool check_grid(struct gpu_engine *engine, struct gpu_launch *launch, const uint32_t dimensions[3],
		       uint32_t initiator)
{
	static const char *const names[] = {"DIM_X", "DIM_Y", "DIM_Z"};

	for (uint32_t i = 0; i < 3; i++) {
		uint32_t group = launch->group[i];

		if (!dimensions[i])
			return fail(engine, names[i], 0, "is no grid");
		launch->end[i] = dimensions[i];
		if (initiator & USE_THREAD_DIMENSIONS) {
			launch->end[i] = dimensions[i] / group + (dimensions[i] % group != 0);
			launch->last_group[i] = (dimensions[i] - 1) % group + 1;
		}
		if (initiator & FORCE_START_AT_000)
			continue;
		if (!read_register(engine, GPU_START_X + i, &launch->start[i]))
			return false;
		if (launch->start[i] >= launch->end[i])
			return fail(engine, "COMPUTE_START_X/Y/Z", launch->start[i], "is behind the grid");
	}
	return true;
}

/* What strict_acquire is about; the instruction cache is another matter, code changes rarely. */
static bool check_acquired(struct gpu_engine *engine)
{
	uint32_t generation = engine->config.generation;
	uint32_t needed = GPU_FRONT_BIT(GPU_FRONT_VECTOR) | GPU_FRONT_BIT(GPU_FRONT_SCALAR) | GPU_ACQUIRED_L2;
	uint32_t lacks;

	if (generation == 10 || generation == 11)
		needed |= GPU_FRONT_BIT(GPU_FRONT_L1);
	if (gpu_has_metadata_cache(engine))
		needed |= GPU_ACQUIRED_METADATA;
	lacks = needed & ~engine->now.acquired;
	if (!lacks)
		return true;
	engine->counters.unacquired++;
	if (!engine->config.strict_acquire)
		return true;
	gpu_refuse(engine, GPU_ERROR_PACKET, "dispatch without acquire: nobody invalidated%s%s%s%s%s",
		   lacks & GPU_FRONT_BIT(GPU_FRONT_VECTOR) ? " vector" : "",
		   lacks & GPU_FRONT_BIT(GPU_FRONT_SCALAR) ? " scalar" : "",
		   lacks & GPU_FRONT_BIT(GPU_FRONT_L1) ? " L1" : "",
		   lacks & GPU_ACQUIRED_METADATA ? " metadata" : "", lacks & GPU_ACQUIRED_L2 ? " L2" : "");
	return false;
}

enum gpu_outcome gpu_pm4_dispatch(struct gpu_engine *engine, const uint32_t dimensions[3], uint32_t initiator)
{
	bool partial = initiator & PARTIAL_TG_EN && !(initiator & USE_THREAD_DIMENSIONS);
	struct gpu_launch launch = {
		.wave_size = initiator & CS_W32_EN ? 32 : 64,
		.packet = engine->now.commands.va + engine->offset,
		.offset = gpu_job_offset(engine),
		.any_order = initiator & ORDER_MODE,
	};

	if (!check_initiator(engine, initiator) || !check_group(engine, &launch, partial) ||
	    !check_grid(engine, &launch, dimensions, initiator) || !check_rsrc1(engine, &launch) ||
	    !check_rsrc2(engine, &launch) || !check_units(engine, &launch) ||
	    !check_scratch(engine, &launch) || !check_code(engine, &launch) || !check_acquired(engine))
		return GPU_STOPPED;
	return gpu_pipeline_launch(engine, &launch);
}

/* A grid of nothing is none, for nobody knew it when the packet was written. */
enum gpu_outcome gpu_pm4_dispatch_indirect(struct gpu_engine *engine, const uint32_t *packet)
{
	uint64_t va = gpu_join(packet + 1);
	uint32_t dimensions[3];

	if (!gpu_aligned(engine, "address", va, 4))
		return GPU_STOPPED;
	if (!gpu_memory_read(&engine->memory, va, GPU_READ, dimensions, sizeof(dimensions), GPU_CACHE_LRU))
		return gpu_page_fault(engine);
	if (!dimensions[0] || !dimensions[1] || !dimensions[2])
		return GPU_DONE;
	return gpu_pm4_dispatch(engine, dimensions, packet[3]);
}
