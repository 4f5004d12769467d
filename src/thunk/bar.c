// SPDX-License-Identifier: MIT
#include "thunk/bar.h"

#include <errno.h>
#include <string.h>

#include "memory/memory.h"
#include "thunk/process.h"
#include "topology/topology.h"
#include "util/compiler.h"
#include "util/log.h"

#define TRIAL_SIZE  (64U << 10)
#define TRIAL_WORDS (TRIAL_SIZE / sizeof(uint32_t))

/* Differs from word to word, and from what was there by `salt`. */
static uint32_t pattern(size_t i, uint32_t salt)
{
	return ((uint32_t)i * 2654435761U) ^ salt;
}

static bool holds(volatile uint32_t *words, uint32_t salt)
{
	for (size_t i = 0; i < TRIAL_WORDS; i++)
		words[i] = pattern(i, salt);
	for (size_t i = 0; i < TRIAL_WORDS; i++)
		if (words[i] != pattern(i, salt))
			return false;
	return true;
}

/* Whether some VRAM of a GPU can be had, written and read by the CPU.  -EIO: it does not keep what is written. */
static int try_out(struct process *process, uint32_t gpu)
{
	struct memory_request request = {
		.gpu = gpu,
		.kind = MEMORY_LOCAL,
		.flags = MEMORY_CPU_VISIBLE | MEMORY_ALONE,
		.size = TRIAL_SIZE,
		.caller_node = process->gpu_nodes[gpu],
	};
	void *address;
	int ret = memory_alloc(process->memory, &request, &address), ended;

	if (ret)
		return ret;
	/* twice, so that words which stay as they are cannot pass */
	ret = holds(address, 0x5a5a5a5aU) && holds(address, 0xa5a5a5a5U) ? 0 : -EIO;
	ended = memory_free(process->memory, address);
	return ret ? ret : ended;
}

static const char *reason(int error)
{
	switch (error) {
	case -ENOSPC:
		return "the host gives no CPU address for it";
	case -EIO:
		return "it does not keep what the CPU writes";
	default:
		return strerror(-error);
	}
}

/*
 * Makes the frame buffer of each GPU public whose video memory can all be reached by the CPU, and of which a trial
 * shows that the CPU does reach it.  A runtime then asks for all of it with HostAccess; amdkfd, too, calls it public only
 * where no part is hidden (kfd_crat.c).  For the first snapshot, before anybody sees it.
 */
void bar_make_public(struct process *process, struct topology_snapshot *snapshot)
{
	for (uint32_t gpu = 0; gpu < process->gpu_count; gpu++) {
		uint32_t id = process->gpu_nodes[gpu];
		const struct kmd_adapter *kmd = &topology_node(snapshot, id)->gpu->kmd;
		int ret;

		if (!kmd_adapter_has(kmd, KMD_FIELD_VRAM_HEAPS)) {
			log_warn("node %u: the frame buffer stays private: its driver does not tell how much "
				 "of it the CPU reaches",
				 id);
			continue;
		}
		if (kmd->vram_invisible) {
			log_warn("node %u: the frame buffer stays private: the CPU reaches %llu of %llu MiB",
				 id, (unsigned long long)(kmd->vram_visible >> 20),
				 (unsigned long long)((kmd->vram_visible + kmd->vram_invisible) >> 20));
			continue;
		}
		ret = try_out(process, gpu);
		if (!ret)
			topology_make_public(snapshot, id);
		else
			log_warn("node %u: the frame buffer stays private: %s", id, reason(ret));
	}
}
