// SPDX-License-Identifier: MIT
/* What the files of gpu/ share of an engine. */
#ifndef DXGSIM_GPU_ENGINE_H
#define DXGSIM_GPU_ENGINE_H

#include "dxgsim/gpu/memory.h"
#include "dxgsim/gpu/packets.h"

enum gpu_engine_state {
	GPU_ENGINE_IDLE,
	GPU_ENGINE_BUSY,
	GPU_ENGINE_STOPPED,
};

struct gpu_engine {
	struct gpu_engine_config config;
	struct gpu_memory memory; /* .cache is the engine's own if the configuration names none */
	enum gpu_engine_state state;
	struct gpu_job job;
	uint32_t offset;	 /* of the packet */
	const char *packet_name; /* NULL: not known yet */
	struct gpu_error error;
	uint32_t packet[GPU_PACKET_WORDS];
};

/* Stop the engine at its packet and tell why. Both return GPU_STOPPED. */
enum gpu_outcome gpu_refuse(struct gpu_engine *engine, enum gpu_error_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
enum gpu_outcome gpu_page_fault(struct gpu_engine *engine);

/*
 * Fetches @words words of the packet from word @first on into engine->packet. False: they are not all in the
 * job or not all mapped, and the engine is stopped.
 */
bool gpu_fetch(struct gpu_engine *engine, uint32_t first, uint32_t words);

/*
 * Executes the packet at engine->offset. GPU_DONE: it is done and *@words words long; otherwise GPU_WAITING or
 * GPU_STOPPED.
 */
enum gpu_outcome gpu_pm4_step(struct gpu_engine *engine, uint32_t *words);

#endif
