// SPDX-License-Identifier: MIT
/*
 * Kernels that end at once: s_nop and s_endpgm.  Encodings: AMD's ISA documents ("Vega", "RDNA 2", "RDNA 3",
 * "RDNA 4"), format SOPP.  For runtimes with kernels of their own there is skip_kernels: only their dispatches matter.
 */
#include "dxgsim/gpu/shader.h"
#include "dxgsim/gpu/state.h"

#define SOPP_MASK    0xffff0000U
#define S_NOP	     0xbf800000U
#define INSTRUCTIONS 4096U /* longer runs of s_nop are a program gone wild */

static uint32_t s_endpgm(uint32_t generation)
{
	return generation >= 11 ? 0xbfb00000U : 0xbf810000U;
}

bool gpu_shader_read(struct gpu_engine *engine, enum gpu_front_cache cache, uint64_t va, void *to,
		     uint32_t bytes)
{
	return gpu_front_read(engine->front, &engine->memory, cache, va, to, bytes);
}

bool gpu_shader_write(struct gpu_engine *engine, uint64_t va, const void *from, uint32_t bytes)
{
	gpu_kernels_wrote(engine);
	return gpu_front_write(engine->front, &engine->memory, va, from, bytes);
}

enum gpu_outcome gpu_shader_run(struct gpu_engine *engine, const struct gpu_launch *launch)
{
	uint64_t pc = launch->code;
	uint32_t word;

	if (engine->config.skip_kernels)
		return GPU_DONE;
	for (uint32_t i = 0; i < INSTRUCTIONS; i++, pc += 4) {
		if (!gpu_shader_read(engine, GPU_FRONT_INSTRUCTION, pc, &word, sizeof(word)))
			return gpu_page_fault(engine);
		if ((word & SOPP_MASK) == s_endpgm(engine->config.generation))
			return GPU_DONE;
		if ((word & SOPP_MASK) != S_NOP)
			return gpu_refuse(engine, GPU_ERROR_UNSUPPORTED,
					  "instruction 0x%08x at pc 0x%llx is not simulated", word,
					  (unsigned long long)pc);
	}
	return gpu_refuse(engine, GPU_ERROR_UNSUPPORTED, "no s_endpgm in %u instructions from 0x%llx on",
			  INSTRUCTIONS, (unsigned long long)launch->code);
}
