// SPDX-License-Identifier: MIT
/*
 * How many work-groups are resident at one time is as on hardware, where programs with grid-wide barriers count on it
 * (LLVM AMDGPU usage; AMD's ISA documents, "Wave32 and Wave64", "Local Data Share"): 32 waves and 64 KiB of LDS for
 * each compute unit, and the registers of its two SIMDs.  In WGP mode the two units of a WGP are one.
 */
#include "dxgsim/gpu/kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dxgsim/gpu/shader.h"
#include "dxgsim/gpu/state.h"

#define SIMDS	       2U
#define WAVES_PER_SIMD 16U
#define LDS_PER_UNIT   0x10000U
#define WGP_MODE       (1U << 29) /* of RSRC1 */
#define SHUFFLED       8U

/* Of waves of 32; those of 64 have half as many. */
static uint32_t vgprs_per_simd(const struct gpu_engine *engine)
{
	return engine->config.generation >= 11 ? 1536 : 1024;
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Groups that a unit, or a WGP, has room for; at least one, for the dispatch was accepted. */
static uint32_t groups_per_unit(const struct gpu_engine *engine, const struct gpu_launch *launch,
				uint32_t waves, uint32_t units)
{
	uint32_t vgprs = launch->vgprs * (launch->wave_size == 64 ? 2 : 1);
	uint32_t room = least(WAVES_PER_SIMD, vgprs_per_simd(engine) / vgprs) * SIMDS * units / waves;

	if (launch->lds_bytes)
		room = least(room, LDS_PER_UNIT * units / launch->lds_bytes);
	return room ? room : 1;
}

static uint64_t capacity(const struct gpu_engine *engine, const struct gpu_launch *launch, uint32_t waves)
{
	uint32_t units = launch->rsrc1 & WGP_MODE ? 2 : 1;
	uint32_t places = launch->units / units;

	return (uint64_t)groups_per_unit(engine, launch, waves, units) * (places ? places : 1);
}

static struct gpu_scratch *find_scratch(struct gpu_pipeline *pipeline, uint64_t base, uint32_t wave_bytes,
					uint32_t waves)
{
	for (uint32_t i = 0; i < pipeline->kernel_count; i++) {
		struct gpu_scratch *scratch =
			pipeline->kernels[i].run ? pipeline->kernels[i].run->scratch : NULL;

		if (scratch && scratch->base == base && scratch->wave_bytes == wave_bytes &&
		    scratch->waves == waves) {
			scratch->users++;
			return scratch;
		}
	}
	return gpu_scratch_create(base, wave_bytes, waves);
}

static bool init_scratch(struct gpu_engine *engine, struct gpu_run *run, const struct gpu_launch *launch)
{
	uint32_t waves =
		launch->scratch_waves * (engine->config.generation >= 11 ? engine->config.shader_engines : 1);

	if (!launch->scratch_waves)
		return true;
	if (engine->config.generation >= 11)
		run->scratch_start = launch->scratch;
	run->scratch =
		find_scratch(&engine->now.pipeline, launch->scratch, launch->scratch_wave_bytes, waves);
	return run->scratch;
}

/* Never so much that one of the first would have no room before others have ended. */
static void init_order(struct gpu_engine *engine, struct gpu_run *run, const struct gpu_launch *launch,
		       uint64_t room)
{
	run->shuffle = 1;
	while (launch->any_order && run->shuffle < SHUFFLED && run->shuffle * 2 <= room)
		run->shuffle *= 2;
	run->order = gpu_chance(engine) & (run->shuffle - 1);
}

struct gpu_run *gpu_run_create(struct gpu_engine *engine, const struct gpu_launch *launch, uint64_t number)
{
	struct gpu_run *run = calloc(1, sizeof(*run));
	uint64_t room;

	if (!run)
		return NULL;
	run->number = number;
	run->launch = (struct isa_launch){
		.code = launch->code,
		.rsrc1 = launch->rsrc1,
		.rsrc2 = launch->rsrc2,
		.rsrc3 = launch->rsrc3,
		.user_sgpr_count = launch->user_sgpr_count,
		.wave_size = launch->wave_size,
		.vgprs = launch->vgprs,
		.lds_bytes = launch->lds_bytes,
		.scratch_wave_bytes = launch->scratch_wave_bytes,
	};
	memcpy(run->launch.user_sgprs, launch->user_sgprs, sizeof(run->launch.user_sgprs));
	run->total = 1;
	for (uint32_t i = 0; i < 3; i++) {
		run->start[i] = launch->start[i];
		run->groups[i] = launch->end[i] - launch->start[i];
		run->size[i] = launch->group[i];
		run->last_size[i] = launch->last_group[i];
		/* more than 64 bits of groups never end */
		if (__builtin_mul_overflow(run->total, (uint64_t)run->groups[i], &run->total))
			run->total = UINT64_MAX;
	}
	for (uint32_t i = 0; i < GPU_WORKERS; i++)
		TAILQ_INIT(&run->residents[i]);
	run->waves = isa_group_waves(&run->launch, run->size);
	room = capacity(engine, launch, run->waves);
	run->part = room < GPU_ROOM ? GPU_ROOM / room : 1;
	init_order(engine, run, launch, room);
	if (init_scratch(engine, run, launch))
		return run;
	free(run);
	return NULL;
}

void gpu_run_destroy(struct gpu_run *run)
{
	struct gpu_resident *resident;

	if (!run)
		return;
	for (uint32_t i = 0; i < GPU_WORKERS; i++) {
		while ((resident = TAILQ_FIRST(&run->residents[i]))) {
			TAILQ_REMOVE(&run->residents[i], resident, link);
			if (run->scratch)
				gpu_scratch_give(run->scratch, run->waves, resident->scratch);
			gpu_resident_destroy(resident);
		}
	}
	gpu_scratch_put(run->scratch);
	free(run);
}

bool gpu_run_ended(const struct gpu_run *run)
{
	return run->ended == run->total;
}

static uint64_t group_at(const struct gpu_run *run, uint64_t index)
{
	uint64_t whole = run->total - run->total % run->shuffle;

	return index < whole ? index ^ run->order : index;
}

int gpu_run_claim(struct gpu_run *run, uint64_t *taken, struct gpu_claim *claim)
{
	*claim = (struct gpu_claim){.index = run->next};
	if (run->next == run->total)
		return -ENODATA;
	if (*taken && run->part > GPU_ROOM - *taken)
		return -EAGAIN;
	if (run->scratch && !gpu_scratch_take(run->scratch, run->waves, &claim->scratch))
		return -EAGAIN;
	run->next++;
	*taken += run->part;
	return 0;
}

static struct isa_group *make_group(const struct gpu_run *run, const struct gpu_claim *claim)
{
	uint64_t scratch = run->scratch_start + (uint64_t)claim->scratch * run->launch.scratch_wave_bytes;
	uint64_t index = group_at(run, claim->index);
	uint32_t id[3], size[3];

	for (uint32_t i = 0; i < 3; i++) {
		uint32_t at = (uint32_t)(index % run->groups[i]);

		index /= run->groups[i];
		id[i] = run->start[i] + at;
		size[i] = at + 1 == run->groups[i] ? run->last_size[i] : run->size[i];
	}
	return isa_group_create(&run->launch, id, size, scratch);
}

struct gpu_resident *gpu_run_begin(struct gpu_run *run, uint32_t unit, const struct gpu_claim *claim)
{
	struct gpu_resident *resident = calloc(1, sizeof(*resident));

	if (!resident)
		return NULL;
	resident->group = make_group(run, claim);
	if (!resident->group) {
		free(resident);
		return NULL;
	}
	resident->scratch = claim->scratch;
	TAILQ_INSERT_TAIL(&run->residents[unit], resident, link);
	return resident;
}

void gpu_counts_add(struct isa_counts *sum, const struct isa_counts *more)
{
	sum->instructions += more->instructions;
	sum->vector += more->vector;
	sum->lane_operations += more->lane_operations;
	sum->scalar += more->scalar;
	sum->memory += more->memory;
	sum->bytes_read += more->bytes_read;
	sum->bytes_written += more->bytes_written;
	sum->lds_bytes += more->lds_bytes;
	sum->atomics += more->atomics;
	sum->waves += more->waves;
	sum->groups += more->groups;
}

void gpu_run_end(struct gpu_run *run, uint64_t *taken, uint32_t unit, struct gpu_resident *resident)
{
	gpu_counts_add(&run->counts, isa_group_counts(resident->group));
	TAILQ_REMOVE(&run->residents[unit], resident, link);
	if (run->scratch)
		gpu_scratch_give(run->scratch, run->waves, resident->scratch);
	*taken -= run->part;
	run->ended++;
}

void gpu_resident_destroy(struct gpu_resident *resident)
{
	isa_group_destroy(resident->group);
	free(resident);
}

enum gpu_outcome gpu_kernel_ends(struct gpu_engine *engine, const struct gpu_kernel *kernel)
{
	/* gfx9 */
	if (!engine->executes && !engine->config.skip_kernels &&
	    gpu_shader_run(engine, &kernel->launch) != GPU_DONE)
		return GPU_STOPPED;
	gpu_kernels_wrote(engine);
	return GPU_DONE;
}
