// SPDX-License-Identifier: MIT
/* PM4 on a compute engine: checks a packet against its form and has it done. */
#include <stddef.h>

#include "dxgsim/gpu/pm4.h"
#include "dxgsim/gpu/pm4_check.h"

#define NOP_ONE_WORD 0x3fffU

static enum gpu_outcome check_words(struct gpu_engine *engine, const struct gpu_packet_form *form,
				    uint32_t words)
{
	for (uint32_t i = 1; i < words && i <= form->known; i++) {
		uint32_t undefined = engine->packet[i] & ~form->words[i - 1].defined;
		uint32_t missing = engine->packet[i] & form->words[i - 1].missing;

		if (undefined)
			return gpu_refuse(engine, GPU_ERROR_PACKET, "word %u has reserved bits 0x%08x", i,
					  undefined);
		if (missing)
			return gpu_refuse(engine, GPU_ERROR_UNSUPPORTED,
					  "word %u, bits 0x%08x are not simulated", i, missing);
	}
	return GPU_DONE;
}

/* Type, opcode and length; the rest of the packet is fetched only when they are right. */
static const struct gpu_packet_form *decode_header(struct gpu_engine *engine, uint32_t *words)
{
	uint32_t generation = engine->config.generation;
	uint32_t header = engine->packet[0];
	uint32_t opcode = gpu_field(header, 15, 8);
	uint32_t count = gpu_field(header, 29, 16);
	const struct gpu_opcode_info *info;
	const struct gpu_packet_form *form;

	if (header >> 30 != 3) {
		gpu_refuse(engine, GPU_ERROR_PACKET,
			   "0x%08x is of type %u, a compute engine knows type 3 only", header, header >> 30);
		return NULL;
	}
	info = engine->opcodes[opcode];
	if (!info) {
		gpu_refuse(engine, GPU_ERROR_PACKET, "gfx%u has no opcode 0x%02x (header 0x%08x)", generation,
			   opcode, header);
		return NULL;
	}
	engine->packet_name = info->name;
	if (info->class != GPU_OPCODE_COMPUTE) {
		gpu_refuse(engine, GPU_ERROR_PACKET, "only for %s",
			   info->class == GPU_OPCODE_KERNEL ? "the kernel driver's queues"
							    : "graphics engines");
		return NULL;
	}
	form = engine->forms[opcode];
	if (!form) {
		gpu_refuse(engine, GPU_ERROR_UNSUPPORTED, "not simulated");
		return NULL;
	}
	/* bit 1, the shader type, is ignored by compute engines */
	if (header & 0xfd) {
		gpu_refuse(engine, GPU_ERROR_PACKET, "the header has reserved bits 0x%02x", header & 0xfd);
		return NULL;
	}
	*words = opcode == GPU_NOP && count == NOP_ONE_WORD ? 1 : count + 2;
	if (*words < form->minimum || *words > form->maximum) {
		gpu_refuse(engine, GPU_ERROR_PACKET, "%u words, but it has %u to %u", *words, form->minimum,
			   form->maximum);
		return NULL;
	}
	return form;
}

enum gpu_outcome gpu_pm4_step(struct gpu_engine *engine, uint32_t *words)
{
	const struct gpu_packet_form *form;
	const uint32_t *packet = engine->packet;

	if (!gpu_fetch(engine, 0, 1))
		return GPU_STOPPED;
	form = decode_header(engine, words);
	if (!form || !gpu_fetch(engine, 1, *words - 1) || check_words(engine, form, *words) != GPU_DONE)
		return GPU_STOPPED;
	switch (form->opcode) {
	case GPU_NOP:
		return GPU_DONE;
	case GPU_DISPATCH_DIRECT:
		return gpu_pm4_dispatch(engine, packet + 1, packet[4]);
	case GPU_DISPATCH_INDIRECT:
		return gpu_pm4_dispatch_indirect(engine, packet);
	case GPU_ATOMIC_MEM:
		return gpu_pm4_atomic_mem(engine, packet);
	case GPU_COND_EXEC:
		return gpu_pm4_cond_exec(engine, packet, words);
	case GPU_WRITE_DATA:
		return gpu_pm4_write_data(engine, packet, *words);
	case GPU_WAIT_REG_MEM:
		return gpu_pm4_wait_reg_mem(engine, packet, 4);
	case GPU_WAIT_REG_MEM64:
		return gpu_pm4_wait_reg_mem(engine, packet, 8);
	case GPU_INDIRECT_BUFFER:
		return gpu_pm4_indirect_buffer(engine, packet, words);
	case GPU_COPY_DATA:
		return gpu_pm4_copy_data(engine, packet);
	case GPU_EVENT_WRITE:
		return gpu_pm4_event_write(engine, packet, *words);
	case GPU_RELEASE_MEM:
		return gpu_pm4_release_mem(engine, packet);
	case GPU_DMA_DATA:
		return gpu_pm4_dma_data(engine, packet);
	case GPU_ACQUIRE_MEM:
		return gpu_pm4_acquire_mem(engine, packet);
	case GPU_SET_SH_REG:
		return gpu_pm4_set_sh_reg(engine, packet, *words);
	case GPU_SET_UCONFIG_REG:
		return gpu_pm4_set_uconfig_reg(engine, packet, *words);
	}
	return gpu_refuse(engine, GPU_ERROR_UNSUPPORTED, "not simulated");
}
