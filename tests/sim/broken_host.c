// SPDX-License-Identifier: MIT
#include "broken_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "dxgsim/dxgsim.h"
#include "forked.h"
#include "topology/topology.h"
#include "util/compiler.h"
#include "util/log.h"

#define HEALTHY	       "rx6800"
#define HEALTHY_DEVICE 0x73bfU
#define BROKEN	       "rx7900xtx"
#define BROKEN_DEVICE  0x744cU
#define MEMORY_BYTES   0x10000U
#define SPEC_SIZE      1024U
#define BAD_FAULT      100 /* for a step */

static const HsaMemFlags host_memory = {.Value = 0x20040}; /* HostAccess | Uncached */

struct look {
	const struct broken_host *host;
	struct sighting *out; /* shared with the parent */
	int messages;
};

static bool is_broken(const struct broken_host *host, uint32_t device)
{
	return device == (host->device ? host->device : BROKEN_DEVICE);
}

static struct seen_adapter *seen(struct look *look, uint32_t device)
{
	return is_broken(look->host, device) ? &look->out->broken : &look->out->healthy;
}

/* Memory of the host on this GPU: what a queue needs first. */
static HSAKMT_STATUS use_memory(HSAuint32 cpu, HSAuint32 gpu)
{
	HsaMemFlags flags = {.Value = 0};
	HSAKMT_STATUS status, undone;
	HSAuint64 va;
	void *memory;

	status = hsaKmtAllocMemory(cpu, MEMORY_BYTES, host_memory, &memory);
	if (status)
		return status;
	status = hsaKmtMapMemoryToGPUNodes(memory, MEMORY_BYTES, &va, flags, 1, &gpu);
	if (!status) {
		undone = hsaKmtUnmapMemoryToGPU(memory);
		if (undone)
			status = undone;
	}
	undone = hsaKmtFreeMemory(memory, MEMORY_BYTES);
	return status ? status : undone;
}

/* The library as a runtime uses it.  0, or what failed. */
static int open_library(struct look *look, int turn)
{
	struct sighting *out = look->out;
	HsaSystemProperties system;
	HsaNodeProperties node;

	out->gpu_nodes = 0;
	if (hsaKmtOpenKFD())
		return 1;
	if (hsaKmtAcquireSystemProperties(&system))
		return 2;
	if (!turn)
		out->queries = dxgsim_ioctl_count_of("QUERYADAPTERINFO");
	for (HSAuint32 id = 0; id < system.NumNodes; id++) {
		struct seen_adapter *adapter;
		uint64_t before = dxgsim_ioctl_count_of("CREATEALLOCATION");

		if (hsaKmtGetNodeProperties(id, &node))
			return 3;
		if (!node.NumFComputeCores)
			continue;
		out->gpu_nodes++;
		adapter = seen(look, node.DeviceId);
		adapter->node[turn] = true;
		adapter->compute_units = node.NumFComputeCores / node.NumSIMDPerCU;
		adapter->memory[turn] = use_memory(0, id);
		adapter->allocations[turn] = dxgsim_ioctl_count_of("CREATEALLOCATION") - before;
	}
	if (hsaKmtReleaseSystemProperties())
		return 4;
	return hsaKmtCloseKFD() ? 5 : 0;
}

/* The ladder of the probe, on a device and memory of its own. */
static void climb(struct look *look, struct dxg *dxg, const struct topology_gpu *gpu,
		  struct seen_adapter *adapter, int turn)
{
	struct memory_gpu_config config = {.info = &gpu->kmd, .gfx_major = gpu->gfx.major};
	bool broken = adapter == &look->out->broken;
	struct probe_options options = {
		.channel = {.engine = KMD_ENGINE_COMPUTE0},
		.step_timeout_ns = broken ? look->host->step_ns : 0,
	};
	int *ret = &adapter->ladder[turn];

	*ret = gsp_gpu_create(dxg, gpu->adapter, &gpu->kmd, &config.gsp);
	if (*ret)
		return;
	*ret = memory_create(&config, 1, &options.channel.memory);
	if (!*ret) {
		options.channel.device = gsp_gpu_device(config.gsp);
		if (broken && look->host->fault && dxgsim_fault(look->host->fault))
			look->out->step = BAD_FAULT;
		*ret = probe_ladder(&options, &adapter->rung[turn], &adapter->result[turn]);
		dxgsim_clear_faults();
		memory_destroy(options.channel.memory);
	}
	gsp_gpu_destroy(config.gsp);
}

static void probe_gpu(struct look *look, struct dxg *dxg, const struct topology_gpu *gpu)
{
	struct seen_adapter *adapter = seen(look, gpu->kmd.pci.device);

	adapter->read = true;
	adapter->info = gpu->kmd;
	for (int turn = 0; turn < 2; turn++) {
		uint64_t before = dxgsim_ioctl_count_of("CREATECONTEXTVIRTUAL");

		climb(look, dxg, gpu, adapter, turn);
		adapter->contexts[turn] = dxgsim_ioctl_count_of("CREATECONTEXTVIRTUAL") - before;
	}
}

/* Below the API, where the probe is. */
static int probe_nodes(struct look *look)
{
	static const struct topology_options options = {0};
	const struct topology_hidden *hidden;
	struct topology_snapshot *snapshot;
	struct topology *topology;
	struct dxg *dxg;
	uint32_t count;
	int ret = dxg_open(&dxg);

	if (ret || topology_create(dxg, 0, &options, &topology))
		return 6;
	if (topology_acquire(topology, &snapshot))
		return 7;
	count = topology_hidden(topology, &hidden);
	for (uint32_t i = 0; i < count; i++)
		seen(look, hidden[i].pci.device)->hidden_rule = hidden[i].rule;
	count = topology_node_count(snapshot);
	for (uint32_t id = 0; id < count; id++) {
		const struct topology_gpu *gpu = topology_node(snapshot, id)->gpu;

		if (gpu)
			probe_gpu(look, dxg, gpu);
	}
	topology_snapshot_put(snapshot);
	topology_destroy(topology);
	dxg_close(dxg);
	return 0;
}

static int look_in_child(void *arg)
{
	struct look *look = arg;
	struct sighting *out = look->out;

	dxgsim_reset();
	dup2(look->messages, STDERR_FILENO);
	log_set_level(look->host->log_level ? (enum log_level)look->host->log_level : LOG_INFO);
	if (look->host->override)
		setenv("HSA_OVERRIDE_GFX_VERSION", look->host->override, 1);
	for (int turn = 0; turn < 2 && !out->step; turn++)
		out->step = open_library(look, turn);
	if (!out->step)
		out->step = probe_nodes(look);
	out->misuse = dxgsim_misuse_count();
	out->leaks = dxgsim_leak_count();
	dxgsim_findings(out->findings, sizeof(out->findings));
	return 0;
}

/* A file like the adapter's, with more sections at its end, that goes with the descriptor. */
static int extended_file(const char *adapter, const char *sections)
{
	char path[4096], line[256];
	int fd = memfd_create("adapter", 0);
	FILE *from;

	assert_true(fd >= 0);
	snprintf(path, sizeof(path), "%s/%s.ini", getenv("DXGSIM_ADAPTER_PATH"), adapter);
	from = fopen(path, "re");
	assert_non_null(from);
	while (fgets(line, sizeof(line), from))
		dprintf(fd, "%s", line);
	fclose(from);
	dprintf(fd, "\n%s", sections);
	return fd;
}

static void append(char *spec, const char *format, ...) PRINTF_LIKE(2, 3);

static void append(char *spec, const char *format, ...)
{
	size_t used = strlen(spec);
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(spec + used, SPEC_SIZE - used, format, args);
	va_end(args);
	assert_true(n >= 0 && (size_t)n < SPEC_SIZE - used);
}

/* The adapters in the grammar of dxgsim; *file is to be closed when the machine is gone, -1: there is none. */
static void specify(const struct broken_host *host, char *spec, int *file)
{
	const char *adapter = host->adapter ? host->adapter : BROKEN;

	*file = -1;
	spec[0] = '\0';
	if (host->sections) {
		*file = extended_file(adapter, host->sections);
		append(spec, "/proc/self/fd/%d", *file);
	} else {
		append(spec, "%s", adapter);
	}
	if (host->modifiers)
		append(spec, ",%s", host->modifiers);
	for (unsigned i = 0; i < BROKEN_HOST_PATCHES && host->patches[i].bytes; i++)
		append(spec, ",patch=0.%#x@%#x=%s", host->patches[i].size, host->patches[i].offset,
		       host->patches[i].bytes);
	if (host->both)
		append(spec, ",%s", host->both);
	append(spec, ";" HEALTHY);
	if (host->both)
		append(spec, ",%s", host->both);
}

void broken_host_look(const struct broken_host *host, struct sighting *out)
{
	struct look look = {.host = host};
	char spec[SPEC_SIZE];
	ssize_t n;
	int file, ret;

	look.out = mmap(NULL, sizeof(*look.out), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(look.out != MAP_FAILED);
	look.messages = memfd_create("stderr", MFD_CLOEXEC);
	assert_true(look.messages >= 0);
	specify(host, spec, &file);
	setenv("DXGSIM_ADAPTERS", spec, 1);
	ret = forked_run(spec, look_in_child, &look);
	*out = *look.out;
	n = pread(look.messages, out->said, sizeof(out->said) - 1, 0);
	out->said[n > 0 ? n : 0] = '\0';
	close(look.messages);
	if (file >= 0)
		close(file);
	munmap(look.out, sizeof(*look.out));
	if (ret || out->step)
		fail_msg("%s: ended at step %d: %s", spec, out->step, out->said);
	assert_false(is_broken(host, HEALTHY_DEVICE));
}
