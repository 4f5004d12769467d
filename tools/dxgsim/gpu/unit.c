// SPDX-License-Identifier: MIT
#include "dxgsim/gpu/unit.h"

#include <stdlib.h>

#include "dxgsim/gpu/state.h"

#define CYCLES_PER_NS 2U /* of the shader clock, about that of today's boards */

/* ---- what kernels do ---- */

static bool read_code(struct gpu_unit *unit, enum isa_scope scope, uint64_t va, void *to, uint32_t bytes)
{
	struct gpu_span span;

	if (gpu_tables_find(&unit->memory.tables, va, GPU_READ, &span) == GPU_FAULT_NONE &&
	    !span.executable) {
		unit->memory.fault = (struct gpu_fault){GPU_FAULT_NOT_EXECUTABLE, GPU_READ, va};
		return false;
	}
	return gpu_front_read(unit->front, &unit->memory, GPU_FRONT_INSTRUCTION, scope, va, to, bytes);
}

static bool machine_read(void *machine, enum isa_path path, enum isa_scope scope, uint64_t va, void *to,
			 uint32_t bytes)
{
	struct gpu_unit *unit = machine;

	if (path == ISA_CODE)
		return read_code(unit, scope, va, to, bytes);
	return gpu_front_read(unit->front, &unit->memory,
			      path == ISA_SCALAR ? GPU_FRONT_SCALAR : GPU_FRONT_VECTOR, scope, va, to, bytes);
}

/* Every write goes to the L2, whoever has to see it. */
static bool machine_write(void *machine, enum isa_scope scope, uint64_t va, const void *from, uint32_t bytes)
{
	struct gpu_unit *unit = machine;

	(void)scope;
	return gpu_front_write(unit->front, &unit->memory, va, from, bytes);
}

static bool machine_atomic(void *machine, enum isa_scope scope, uint64_t va, uint32_t bytes,
			   isa_modify *modify, const void *operands, uint64_t *old)
{
	struct gpu_unit *unit = machine;

	(void)scope;
	return gpu_front_atomic(unit->front, &unit->memory, va, bytes, modify, operands, old);
}

static void machine_cache(void *machine, uint32_t actions)
{
	struct gpu_unit *unit = machine;
	uint32_t l2 = (actions & ISA_WRITE_BACK_L2 ? GPU_CACHE_WRITE_BACK : 0) |
		      (actions & ISA_INVALIDATE_L2 ? GPU_CACHE_INVALIDATE : 0);

	if (l2)
		gpu_cache_act(unit->memory.cache, &unit->memory.tables, l2, 0, UINT64_MAX);
	gpu_unit_invalidate(
		unit, (actions & ISA_INVALIDATE_VECTOR ? GPU_FRONT_BIT(GPU_FRONT_VECTOR) : 0) |
			      (actions & ISA_INVALIDATE_L1 ? GPU_FRONT_BIT(GPU_FRONT_L1) : 0) |
			      (actions & ISA_INVALIDATE_SCALAR ? GPU_FRONT_BIT(GPU_FRONT_SCALAR) : 0) |
			      (actions & ISA_INVALIDATE_CODE ? GPU_FRONT_BIT(GPU_FRONT_INSTRUCTION) : 0));
}

static uint64_t machine_clock(void *machine)
{
	const struct gpu_unit *unit = machine;
	const struct gpu_engine_config *config = &unit->engine->config;

	if (!config->ops->now_ns)
		return config->ops->clock(config->machine);
	return config->ops->now_ns(config->machine) * CYCLES_PER_NS;
}

/* The GPU's timestamp counter is the one of 100 MHz. */
static uint64_t machine_realtime(void *machine)
{
	const struct gpu_unit *unit = machine;
	const struct gpu_engine_config *config = &unit->engine->config;

	return config->ops->clock(config->machine);
}

static const struct isa_machine_ops unit_ops = {
	.read = machine_read,
	.write = machine_write,
	.atomic = machine_atomic,
	.cache = machine_cache,
	.clock = machine_clock,
	.realtime = machine_realtime,
};

/* ---- its life ---- */

struct gpu_unit *gpu_unit_create(const struct gpu_engine *engine)
{
	struct gpu_unit *unit = calloc(1, sizeof(*unit));

	if (!unit)
		return NULL;
	unit->engine = engine;
	gpu_tables_init(&unit->memory.tables, engine->config.ops);
	unit->memory.cache = engine->memory.cache;
	unit->front = gpu_front_create(engine->config.generation);
	if (unit->front && engine->executes)
		unit->has_isa = !isa_unit_init(&unit->isa, engine->target, &unit_ops, unit);
	if (unit->front && unit->has_isa == engine->executes)
		return unit;
	gpu_unit_destroy(unit);
	return NULL;
}

void gpu_unit_destroy(struct gpu_unit *unit)
{
	if (!unit)
		return;
	if (unit->has_isa)
		isa_unit_release(&unit->isa);
	gpu_front_destroy(unit->front);
	free(unit);
}

static void forget_code(struct gpu_unit *unit)
{
	if (unit->has_isa)
		isa_unit_forget_code(&unit->isa);
}

void gpu_unit_enter(struct gpu_unit *unit, void *space)
{
	/* instructions that were read are known by their address */
	if (unit->memory.tables.space != space)
		forget_code(unit);
	gpu_tables_enter(&unit->memory.tables, space);
}

void gpu_unit_invalidate(struct gpu_unit *unit, uint32_t caches)
{
	gpu_front_invalidate(unit->front, caches);
	if (caches & GPU_FRONT_BIT(GPU_FRONT_INSTRUCTION))
		forget_code(unit);
}

void gpu_unit_forget(struct gpu_unit *unit, const void *space, uint64_t va, uint64_t length)
{
	gpu_front_forget(unit->front, space, va, length);
	if (length && unit->memory.tables.space == space)
		forget_code(unit);
}

bool gpu_unit_read(struct gpu_unit *unit, enum gpu_front_cache cache, uint64_t va, void *to, uint32_t bytes)
{
	return gpu_front_read(unit->front, &unit->memory, cache, ISA_SCOPE_UNIT, va, to, bytes);
}

bool gpu_unit_write(struct gpu_unit *unit, uint64_t va, const void *from, uint32_t bytes)
{
	return gpu_front_write(unit->front, &unit->memory, va, from, bytes);
}
