// SPDX-License-Identifier: MIT
#include "thunk/gpus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <hsakmt/hsakmt_dxg.h>

#include "gsp/gpu.h"
#include "memory/memory.h"
#include "queue/queue.h"
#include "thunk/process.h"
#include "topology/topology.h"
#include "util/compiler.h"
#include "util/log.h"

#define SCRATCH_SLOTS_PER_CU 32U /* where the topology does not say (librocdxg assumes as many) */

/* Where a GPU is found again whose adapter was removed. */
struct gpu_place {
	struct topology *topology;
	const struct topology_gpu *gpu;
};

static int find_again(void *arg, const struct kmd_adapter *lost, d3dkmt_handle *adapter,
		      struct kmd_adapter *info)
{
	const struct gpu_place *place = arg;

	(void)lost; /* the node tells what it has to be */
	return topology_find_again(place->topology, place->gpu, adapter, info);
}

static struct queue_gpu describe_gpu(struct gsp_gpu *gsp, const struct topology_node *node)
{
	const HsaNodeProperties *props = &node->props;
	uint32_t compute_units = props->NumSIMDPerCU ? props->NumFComputeCores / props->NumSIMDPerCU : 0;
	uint32_t slots = props->MaxSlotsScratchCU ? props->MaxSlotsScratchCU : SCRATCH_SLOTS_PER_CU;
	const struct kmd_adapter *kmd = &node->gpu->kmd;

	return (struct queue_gpu){
		.gsp = gsp,
		.info = kmd,
		.gfx_major = node->gpu->gfx.major,
		.shader_engines = MAX(props->NumShaderBanks, 1U),
		.arrays_per_engine = MAX(props->NumArrays, 1U),
		.compute_units = compute_units,
		.scratch_waves = MAX(compute_units, 1U) * slots,
		.lds_bytes = props->LDSSizeInKB * 1024U,
		.local_bytes = kmd->vram_visible + kmd->vram_invisible,
		.platform_atomics = kmd->pcie_atomics,
	};
}

_Static_assert(HSAKMT_DXG_POWER_IDLE_MS * 1000000ULL == GSP_POWER_IDLE_NS,
	       "the public number is what is kept");

static enum gsp_power_policy read_power(void)
{
	const char *text = getenv(HSAKMT_DXG_ENV_POWER);

	if (!text || !*text || !strcmp(text, "off"))
		return GSP_POWER_OFF;
	if (!strcmp(text, "auto"))
		return GSP_POWER_AUTO;
	if (!strcmp(text, "performance"))
		return GSP_POWER_PERFORMANCE;
	log_warn("%s=%s is none of off, auto and performance: off", HSAKMT_DXG_ENV_POWER, text);
	return GSP_POWER_OFF;
}

/* In the order of the memory's GPUs. */
static int make_queues(struct process *process, const struct topology_snapshot *snapshot,
		       struct memory *memory)
{
	struct queue_gpu gpus[MEMORY_MAX_GPUS];
	const char *doorbell = getenv(HSAKMT_DXG_ENV_DOORBELL);
	const struct queues_options options = {
		.memory = memory,
		.events = process->events,
		.gpus = gpus,
		.gpu_count = process->gpu_count,
		.nodes = process->gpu_nodes,
		.rung_by_call = abi_reports_aql_emulation(),
		.look_at_doorbells = doorbell && !strcmp(doorbell, "look"),
		.power.policy = read_power(),
	};

	if (process->gpu_count > MEMORY_MAX_GPUS)
		return -EINVAL;
	for (uint32_t i = 0; i < process->gpu_count; i++)
		gpus[i] = describe_gpu(process->gpus[i], topology_node(snapshot, process->gpu_nodes[i]));
	return queues_create(&options, &process->queues);
}

/* Ends the GPUs, on which nothing may be left. */
void gpus_let_go(struct process *process)
{
	for (uint32_t i = 0; i < process->gpu_count; i++)
		gsp_gpu_destroy(process->gpus[i]);
	free(process->gpus);
	free(process->gpu_places);
	free(process->gpu_nodes);
	free(process->traps);
	process->gpus = NULL;
	process->gpu_places = NULL;
	process->gpu_nodes = NULL;
	process->traps = NULL;
	process->gpu_count = 0;
}

/*
 * The GPUs, the memory over them and their queues, for the first snapshot; with process->lock, and nothing is asked of the host.  On
 * failure there is nothing of it.  -ENOMEM; -EINVAL: more GPUs than can be.
 */
int gpus_make(struct process *process, const struct topology_snapshot *snapshot)
{
	uint32_t nodes = topology_node_count(snapshot), count = 0;
	struct memory_gpu_config *configs = calloc(nodes, sizeof(*configs));
	struct memory *memory = NULL;
	int ret = -ENOMEM;

	process->gpus = calloc(nodes, sizeof(struct gsp_gpu *));
	process->gpu_places = calloc(nodes, sizeof(*process->gpu_places));
	process->gpu_nodes = calloc(nodes, sizeof(*process->gpu_nodes));
	process->traps = calloc(nodes, sizeof(*process->traps));
	if (!configs || !process->gpus || !process->gpu_places || !process->gpu_nodes || !process->traps)
		goto out;
	for (uint32_t id = 0; id < nodes; id++) {
		const struct topology_gpu *gpu = topology_node(snapshot, id)->gpu;

		if (!gpu)
			continue;
		ret = gsp_gpu_create(process->dxg, gpu->adapter, &gpu->kmd, &process->gpus[count]);
		if (ret)
			goto out;
		process->gpu_places[count] = (struct gpu_place){.topology = process->topology, .gpu = gpu};
		gsp_gpu_find_by(process->gpus[count], find_again, &process->gpu_places[count]);
		gsp_gpu_count_renewals(process->gpus[count], gsp_renewals_of(&gpu->kmd.pci));
		configs[count] = (struct memory_gpu_config){
			.gsp = process->gpus[count],
			.info = &gpu->kmd,
			.gfx_major = gpu->gfx.major,
			.node = id,
		};
		process->gpu_nodes[count++] = id;
		process->gpu_count = count;
	}
	ret = memory_create(configs, count, &memory);
	if (!ret)
		ret = make_queues(process, snapshot, memory);
	if (ret && memory)
		memory_destroy(memory);
	else
		process->memory = memory;
out:
	free(configs);
	if (ret)
		gpus_let_go(process);
	return ret;
}
