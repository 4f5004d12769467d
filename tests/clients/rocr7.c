// SPDX-License-Identifier: MIT
/*
 * What ROCr of ROCm 7 does with librocdxg, in its order: looks for /dev/dxg, loads the library by name, resolves
 * every name before it uses one, agrees on structure sizes, comes up, works, goes down, and unloads.  Afterwards
 * no thread, no descriptor and no memory mapping of the library's is left, and all of it can be done again.
 *
 *   rocr7 FILE-WITH-NAMES
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <hsakmt/hsakmt.h>

#define SCRATCH_RANGE (1ULL << 32)
#define SCRATCH_PIECE 0x8c00000ULL
#define POOL_SIZE     (2ULL << 20)
#define ROUNDS	      3

/* There when /dev/dxg is played by dxgsim, which has a thread of its own until it is told to start over. */
extern void dxgsim_reset(void) __attribute__((weak));

static int failures;

#define EXPECT(condition)                                                               \
	do {                                                                            \
		if (!(condition)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			failures++;                                                     \
		}                                                                       \
	} while (0)
#define SUCCEEDS(call) EXPECT((call) == HSAKMT_STATUS_SUCCESS)

/* clang-format off */
#define CALLS(X) \
	X(DxgAbiCheck) \
	X(hsaKmtOpenKFD) \
	X(hsaKmtCloseKFD) \
	X(hsaKmtGetVersion) \
	X(hsaKmtRuntimeEnable) \
	X(hsaKmtRuntimeDisable) \
	X(hsaKmtGetRuntimeCapabilities) \
	X(hsaKmtModelEnabled) \
	X(hsaKmtAcquireSystemProperties) \
	X(hsaKmtReleaseSystemProperties) \
	X(hsaKmtGetNodeProperties) \
	X(hsaKmtGetNodeMemoryProperties) \
	X(hsaKmtGetNodeCacheProperties) \
	X(hsaKmtGetNodeIoLinkProperties) \
	X(hsaKmtGetClockCounters) \
	X(hsaKmtGetNodeWallclockFrequency) \
	X(hsaKmtGetAMDGPUDeviceHandle) \
	X(hsaKmtAvailableMemory) \
	X(hsaKmtCreateEvent) \
	X(hsaKmtDestroyEvent) \
	X(hsaKmtSetEvent) \
	X(hsaKmtWaitOnEvent_Ext) \
	X(hsaKmtWaitOnMultipleEvents_Ext) \
	X(hsaKmtAllocMemory) \
	X(hsaKmtAllocMemoryAlign) \
	X(hsaKmtFreeMemory) \
	X(hsaKmtMapMemoryToGPU) \
	X(hsaKmtMapMemoryToGPUNodes) \
	X(hsaKmtUnmapMemoryToGPU) \
	X(hsaKmtQueryPointerInfo) \
	X(hsaKmtSetTrapHandler) \
	X(hsaKmtGetXNACKMode) \
	X(hsaKmtImportExternalSemaphore)
/* clang-format on */

#define MEMBER(name) __typeof__(name) *name;
static struct {
	CALLS(MEMBER)
} thunk;

static unsigned count_entries(const char *path)
{
	DIR *directory = opendir(path);
	unsigned count = 0;

	if (!directory)
		return 0;
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

static unsigned count_threads(void)
{
	return count_entries("/proc/self/task");
}

static unsigned count_descriptors(void)
{
	return count_entries("/proc/self/fd");
}

/* Kilobytes of address space. */
static unsigned long address_space(void)
{
	char line[256];
	unsigned long kilobytes = 0;
	FILE *file = fopen("/proc/self/status", "re");

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, "VmSize:", 7))
			kilobytes = strtoul(line + 7, NULL, 10);
	if (file)
		fclose(file);
	return kilobytes;
}

static bool has_dxg(void)
{
	int fd = open("/dev/dxg", O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		fprintf(stderr, "/dev/dxg: %s\n", strerror(errno));
		return false;
	}
	close(fd);
	return true;
}

/* A name that is missing leaves the runtime with a table half filled, so all of them must be there. */
static void resolve_every_name(void *library, const char *path)
{
	char line[256];
	unsigned names = 0;
	FILE *file = fopen(path, "re");

	if (!file) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(2);
	}
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, " \n")] = '\0';
		if (!line[0] || line[0] == '#')
			continue;
		names++;
		if (!dlsym(library, line)) {
			fprintf(stderr, "%s\n", dlerror());
			failures++;
		}
	}
	fclose(file);
	EXPECT(names == 128);
#define RESOLVE(name) *(void **)&thunk.name = dlsym(library, #name);
	CALLS(RESOLVE)
}

static void *load(const char *path)
{
	void *library = dlopen("librocdxg.so.1", RTLD_LAZY), *same;

	if (!library) {
		fprintf(stderr, "%s\n", dlerror());
		exit(2);
	}
	/* older runtimes and the profiler ask by the other name and must get the same library */
	same = dlopen("librocdxg.so", RTLD_LAZY);
	if (!same) {
		fprintf(stderr, "%s\n", dlerror());
		exit(2);
	}
	EXPECT(dlsym(same, "hsaKmtOpenKFD") == dlsym(library, "hsaKmtOpenKFD"));
	dlclose(same);
	resolve_every_name(library, path);
	return library;
}

struct node {
	HsaNodeProperties properties;
	HSAuint32 id;
};

static bool is_gpu(const struct node *node)
{
	return node->properties.NumFComputeCores != 0;
}

static void read_node(struct node *node)
{
	HsaNodeProperties *properties = &node->properties;
	HsaMemoryProperties *banks;
	HsaCacheProperties *caches;
	HsaIoLinkProperties *links;

	SUCCEEDS(thunk.hsaKmtGetNodeProperties(node->id, properties));
	banks = calloc(properties->NumMemoryBanks + 1, sizeof(*banks));
	caches = calloc(properties->NumCaches + 1, sizeof(*caches));
	links = calloc(properties->NumIOLinks + 1, sizeof(*links));
	if (!banks || !caches || !links)
		exit(2);
	SUCCEEDS(thunk.hsaKmtGetNodeMemoryProperties(node->id, properties->NumMemoryBanks, banks));
	SUCCEEDS(thunk.hsaKmtGetNodeCacheProperties(node->id, properties->CComputeIdLo, properties->NumCaches,
						    caches));
	SUCCEEDS(thunk.hsaKmtGetNodeIoLinkProperties(node->id, properties->NumIOLinks, links));
	free(banks);
	free(caches);
	free(links);
}

static void examine_gpu(const struct node *gpu)
{
	HsaAMDGPUDeviceHandle handle = NULL;
	HsaClockCounters clocks;
	HSAuint64 available = 0;
	uint64_t frequency = 0;

	SUCCEEDS(thunk.hsaKmtGetAMDGPUDeviceHandle(gpu->id, &handle));
	EXPECT(handle != NULL);
	SUCCEEDS(thunk.hsaKmtGetClockCounters(gpu->id, &clocks));
	EXPECT(clocks.GPUClockCounter != 0);
	SUCCEEDS(thunk.hsaKmtGetNodeWallclockFrequency(gpu->id, &frequency));
	EXPECT(frequency == gpu->properties.WallClockKHz * 1000);
	SUCCEEDS(thunk.hsaKmtAvailableMemory(gpu->id, &available));
	EXPECT(available != 0);
	EXPECT(gpu->properties.NumXcc >= 1); /* a divisor */
	EXPECT(gpu->properties.Capability2.ui32.AqlEmulationPm4_);
	EXPECT(gpu->properties.LuidLowPart || gpu->properties.LuidHighPart);
	EXPECT(gpu->properties.EngineId.ui32.Major >= 10);
}

/* The signal pool, code, scratch and the trap handler of a GPU. */
static void use_gpu(const struct node *gpu)
{
	const HsaMemFlags signals = {.Value = 0x20040}, code = {.Value = 0x821040},
			  scratch = {.Value = 0x240};
	const HsaMemFlags local = {.Value = 0x2081};
	void *pool = NULL, *blit = NULL, *range = NULL, *vram = NULL;
	HSAuint32 id = gpu->id;
	HsaPointerInfo info;
	HSAuint64 va;

	SUCCEEDS(thunk.hsaKmtAllocMemory(0, POOL_SIZE, signals, &pool));
	SUCCEEDS(thunk.hsaKmtAllocMemoryAlign(0, 0x2000, 0x1000, code, &blit));
	SUCCEEDS(thunk.hsaKmtAllocMemory(id, SCRATCH_RANGE, scratch, &range));
	SUCCEEDS(thunk.hsaKmtAllocMemory(id, POOL_SIZE, local, &vram));
	if (failures)
		return;
	memset(pool, 1, POOL_SIZE);
	memset(blit, 2, 0x2000);
	SUCCEEDS(thunk.hsaKmtMapMemoryToGPUNodes(pool, POOL_SIZE, &va, signals, 1, &id));
	SUCCEEDS(thunk.hsaKmtMapMemoryToGPUNodes(blit, 0x2000, &va, code, 1, &id));
	SUCCEEDS(thunk.hsaKmtMapMemoryToGPUNodes(vram, POOL_SIZE, &va, local, 1, &id));
	SUCCEEDS(thunk.hsaKmtMapMemoryToGPU(range, SCRATCH_PIECE, &va));
	SUCCEEDS(thunk.hsaKmtSetTrapHandler(id, blit, 0x1000, (char *)blit + 0x1000, 0x1000));
	SUCCEEDS(thunk.hsaKmtQueryPointerInfo((char *)pool + 100, &info));
	EXPECT(info.Type == HSA_POINTER_ALLOCATED && info.NMappedNodes == 1 && info.MappedNodes[0] == id);
	SUCCEEDS(thunk.hsaKmtUnmapMemoryToGPU(range));
	SUCCEEDS(thunk.hsaKmtFreeMemory(range, SCRATCH_RANGE));
	SUCCEEDS(thunk.hsaKmtUnmapMemoryToGPU(vram));
	SUCCEEDS(thunk.hsaKmtFreeMemory(vram, POOL_SIZE));
	SUCCEEDS(thunk.hsaKmtFreeMemory(blit, 0x2000)); /* still mapped */
	SUCCEEDS(thunk.hsaKmtUnmapMemoryToGPU(pool));
	SUCCEEDS(thunk.hsaKmtFreeMemory(pool, POOL_SIZE));
}

static void use_events(void)
{
	HsaEventDescriptor descriptor = {.EventType = HSA_EVENTTYPE_SIGNAL};
	HsaEvent *events[2] = {NULL, NULL};
	uint64_t ages[2] = {1, 1};

	SUCCEEDS(thunk.hsaKmtCreateEvent(&descriptor, false, false, &events[0]));
	descriptor.EventType = HSA_EVENTTYPE_MEMORY;
	SUCCEEDS(thunk.hsaKmtCreateEvent(&descriptor, true, false, &events[1]));
	if (failures)
		return;
	EXPECT(thunk.hsaKmtWaitOnEvent_Ext(events[0], 0, &ages[0]) == HSAKMT_STATUS_WAIT_TIMEOUT);
	SUCCEEDS(thunk.hsaKmtSetEvent(events[0]));
	SUCCEEDS(thunk.hsaKmtWaitOnMultipleEvents_Ext(events, 2, false, HSA_EVENTTIMEOUT_INFINITE, ages));
	EXPECT(ages[0] == 2);
	SUCCEEDS(thunk.hsaKmtDestroyEvent(events[0]));
	SUCCEEDS(thunk.hsaKmtDestroyEvent(events[1]));
	/* a runtime without interrupts destroys the event it does not have */
	EXPECT(thunk.hsaKmtDestroyEvent(NULL) == HSAKMT_STATUS_INVALID_HANDLE);
}

static void come_up_and_go_down(void)
{
	HsaStructureSizes sizes = {
		.StructureSizes = sizeof(sizes),
		.SizeOfHsaNodeProperties = sizeof(HsaNodeProperties),
		.SizeOfHsaExternalHandleDesc = sizeof(HsaHandleImportDesc),
	};
	HSA_EXTERNAL_SEMAPHORE_HANDLE semaphore;
	HsaSystemProperties system;
	HsaVersionInfo version;
	struct node *nodes;
	unsigned gpus = 0;
	bool model = true;
	HSAuint32 caps = 1;
	HSAint32 xnack = -1;

	SUCCEEDS(thunk.DxgAbiCheck(&sizes));
	SUCCEEDS(thunk.hsaKmtOpenKFD());
	EXPECT(thunk.hsaKmtRuntimeEnable(NULL, true) == HSAKMT_STATUS_NOT_SUPPORTED);
	SUCCEEDS(thunk.hsaKmtGetRuntimeCapabilities(&caps));
	EXPECT(caps == 0);
	SUCCEEDS(thunk.hsaKmtModelEnabled(&model));
	EXPECT(!model);
	SUCCEEDS(thunk.hsaKmtGetVersion(&version));
	EXPECT(version.KernelInterfaceMajorVersion == 1 && version.KernelInterfaceMinorVersion >= 4);
	SUCCEEDS(thunk.hsaKmtReleaseSystemProperties());
	SUCCEEDS(thunk.hsaKmtAcquireSystemProperties(&system));
	if (failures)
		return;
	nodes = calloc(system.NumNodes, sizeof(*nodes));
	if (!nodes)
		exit(2);
	for (HSAuint32 id = 0; id < system.NumNodes; id++) {
		nodes[id].id = id;
		read_node(&nodes[id]);
		if (!is_gpu(&nodes[id]))
			continue;
		gpus++;
		examine_gpu(&nodes[id]);
	}
	EXPECT(gpus == 2);
	EXPECT(thunk.hsaKmtGetXNACKMode(&xnack) == HSAKMT_STATUS_NOT_SUPPORTED);
	EXPECT(thunk.hsaKmtImportExternalSemaphore(1, &semaphore,
						   HSA_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_WIN32,
						   &semaphore) == HSAKMT_STATUS_NOT_SUPPORTED);
	for (HSAuint32 id = 0; id < system.NumNodes; id++)
		if (is_gpu(&nodes[id]))
			use_gpu(&nodes[id]);
	use_events();
	SUCCEEDS(thunk.hsaKmtRuntimeDisable());
	SUCCEEDS(thunk.hsaKmtReleaseSystemProperties());
	SUCCEEDS(thunk.hsaKmtCloseKFD());
	free(nodes);
}

int main(int argc, char **argv)
{
	unsigned threads, descriptors;
	unsigned long space = 0;

	if (argc != 2)
		return 2;
	if (!has_dxg())
		return 1;
	threads = count_threads();
	descriptors = count_descriptors();
	for (int round = 0; round < ROUNDS && !failures; round++) {
		void *library = load(argv[1]);

		if (!failures)
			come_up_and_go_down();
		dlclose(library);
		EXPECT(count_descriptors() == descriptors);
		/* the first round leaves the library itself and what allocators keep; a reservation is gigabytes */
		if (round)
			EXPECT(address_space() < space + (64UL << 10));
		space = address_space();
	}
	if (dxgsim_reset)
		dxgsim_reset();
	EXPECT(count_threads() == threads);
	printf("%d rounds, %d failures\n", ROUNDS, failures);
	return failures != 0;
}
