// SPDX-License-Identifier: MIT
/*
 * Kernels that end at once: s_nop and s_endpgm.  No simulated adapter is of gfx9; what builds its command buffers has
 * dispatches that can be looked at.  Encodings: AMD's ISA document "Vega", format SOPP.
 */
#include "dxgsim/gpu/shader.h"
#include "dxgsim/gpu/state.h"

#define SOPP_MASK    0xffff0000U
#define S_NOP	     0xbf800000U
#define S_ENDPGM     0xbf810000U
#define INSTRUCTIONS 4096U /* longer runs of s_nop are a program gone wild */

enum gpu_outcome gpu_shader_run(struct gpu_engine *engine, const struct gpu_launch *launch)
{
	struct gpu_unit *unit = engine->units[0];
	uint64_t pc = launch->code;
	uint32_t word;

	for (uint32_t i = 0; i < INSTRUCTIONS; i++, pc += 4) {
		if (!gpu_unit_read(unit, GPU_FRONT_INSTRUCTION, pc, &word, sizeof(word))) {
			engine->memory.fault = unit->memory.fault;
			return gpu_page_fault(engine);
		}
		if ((word & SOPP_MASK) == S_ENDPGM)
			return GPU_DONE;
		if ((word & SOPP_MASK) != S_NOP)
			return gpu_refuse(engine, GPU_ERROR_UNSUPPORTED,
					  "instruction 0x%08x at pc 0x%llx is not simulated", word,
					  (unsigned long long)pc);
	}
	return gpu_refuse(engine, GPU_ERROR_UNSUPPORTED, "no s_endpgm in %u instructions from 0x%llx on",
			  INSTRUCTIONS, (unsigned long long)launch->code);
}
