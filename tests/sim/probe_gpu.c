// SPDX-License-Identifier: MIT
#include "probe_gpu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dxgsim/dxgsim.h"

static int find_adapter(struct probe_gpu *gpu)
{
	struct dxg_adapter adapters[DXG_MAX_ADAPTERS];
	struct kmd_failure why;
	struct kmd_pci_ids ids;
	size_t count;
	int ret = dxg_enum_adapters(gpu->dxg, adapters, &count);

	if (ret)
		return ret;
	for (size_t i = 1; i < count; i++)
		dxg_close_adapter(gpu->dxg, adapters[i].handle);
	if (!count)
		return -ENODEV;
	gpu->adapter = adapters[0];
	ret = kmd_adapter_identify(gpu->dxg, gpu->adapter.handle, &ids);
	return ret ? ret : kmd_adapter_read(gpu->dxg, &gpu->adapter, &ids, NULL, &gpu->info, &why);
}

int probe_gpu_open(struct probe_gpu *gpu, const char *adapter, unsigned gfx_major)
{
	struct memory_gpu_config config = {.info = &gpu->info, .gfx_major = gfx_major};
	int ret;

	memset(gpu, 0, sizeof(*gpu));
	setenv("DXGSIM_ADAPTERS", adapter, 1);
	ret = dxg_open(&gpu->dxg);
	if (!ret)
		ret = find_adapter(gpu);
	if (!ret)
		ret = gsp_gpu_create(gpu->dxg, gpu->adapter.handle, &gpu->info, &gpu->gsp);
	if (!ret)
		gpu->device = gsp_gpu_device(gpu->gsp);
	config.gsp = gpu->gsp;
	if (!ret)
		ret = memory_create(&config, 1, &gpu->memory);
	if (ret)
		probe_gpu_close(gpu);
	return ret;
}

int probe_gpu_close(struct probe_gpu *gpu)
{
	int ret = 0;

	memory_destroy(gpu->memory);
	gsp_gpu_destroy(gpu->gsp);
	if (gpu->adapter.handle)
		ret = dxg_close_adapter(gpu->dxg, gpu->adapter.handle);
	if (gpu->dxg)
		dxg_close(gpu->dxg);
	return ret;
}

struct probe_options probe_gpu_options(const struct probe_gpu *gpu, enum gsp_rung rung)
{
	return (struct probe_options){
		.channel = {.device = gpu->device,
			    .memory = gpu->memory,
			    .engine = KMD_ENGINE_COMPUTE0,
			    .rung = rung},
	};
}
