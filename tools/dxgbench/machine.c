// SPDX-License-Identifier: MIT
#include "dxgbench/machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dxgbench/count.h"
#include "dxgbench/options.h"
#include "dxgbench/report.h"
#include "hsakmt/hsakmt_dxg.h"

#define QUIET_NS  10000000ULL
#define LOOK_NS	  100000L
#define SETTLE_NS 5000000000ULL /* at most */

const char *machine_status_name(HSAKMT_STATUS status)
{
	static char text[32];

	switch (status) {
	case HSAKMT_STATUS_SUCCESS:
		return "SUCCESS";
	case HSAKMT_STATUS_ERROR:
		return "ERROR";
	case HSAKMT_STATUS_INVALID_PARAMETER:
		return "INVALID_PARAMETER";
	case HSAKMT_STATUS_NO_MEMORY:
		return "NO_MEMORY";
	case HSAKMT_STATUS_NOT_IMPLEMENTED:
		return "NOT_IMPLEMENTED";
	case HSAKMT_STATUS_NOT_SUPPORTED:
		return "NOT_SUPPORTED";
	case HSAKMT_STATUS_KERNEL_IO_CHANNEL_NOT_OPENED:
		return "KERNEL_IO_CHANNEL_NOT_OPENED";
	default:
		snprintf(text, sizeof(text), "status %d", (int)status);
		return text;
	}
}

/* MemAvailable: what can be had without swapping (proc(5)). */
static uint64_t system_memory_available(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	uint64_t kilobytes = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %" SCNu64, &kilobytes) == 1)
			break;
	if (file)
		fclose(file);
	return kilobytes * KIB;
}

static void read_gpu(struct machine *machine, HSAuint32 id, const HsaNodeProperties *node)
{
	HsaMemoryProperties banks[16];
	HSAuint32 count = node->NumMemoryBanks < 16 ? node->NumMemoryBanks : 16;

	machine->gpu = id;
	machine->vram = 0;
	for (size_t i = 0; i < sizeof(machine->name) - 1; i++)
		machine->name[i] = (char)(node->MarketingName[i] < 0x7f ? node->MarketingName[i] : '?');
	if (hsaKmtGetNodeMemoryProperties(id, count, banks) != HSAKMT_STATUS_SUCCESS)
		return;
	for (HSAuint32 i = 0; i < count; i++)
		if (banks[i].HeapType == HSA_HEAPTYPE_FRAME_BUFFER_PRIVATE ||
		    banks[i].HeapType == HSA_HEAPTYPE_FRAME_BUFFER_PUBLIC)
			machine->vram += banks[i].SizeInBytes;
}

int machine_open(struct machine *machine, int64_t node)
{
	HsaSystemProperties system;
	bool cpu = false, gpu = false;
	HSAKMT_STATUS status;

	*machine = (struct machine){.available = system_memory_available()};
	status = hsaKmtOpenKFD();
	machine->open = status == HSAKMT_STATUS_SUCCESS;
	if (machine->open)
		status = hsaKmtAcquireSystemProperties(&system);
	if (status != HSAKMT_STATUS_SUCCESS) {
		fprintf(stderr, "dxgbench: /dev/dxg: %s\n", machine_status_name(status));
		return EXIT_NO_DEVICE;
	}
	for (HSAuint32 id = 0; id < system.NumNodes; id++) {
		HsaNodeProperties properties;

		if (hsaKmtGetNodeProperties(id, &properties) != HSAKMT_STATUS_SUCCESS)
			continue;
		if (!properties.NumFComputeCores && !cpu) {
			cpu = true;
			machine->cpu = id;
		} else if (properties.NumFComputeCores && !gpu && (node < 0 || node == id)) {
			gpu = true;
			read_gpu(machine, id, &properties);
		}
	}
	if (cpu && gpu)
		return EXIT_GOOD;
	if (node < 0)
		fprintf(stderr, "dxgbench: there is no GPU; dxginfo says why\n");
	else
		fprintf(stderr, "dxgbench: node %" PRId64 " is no GPU; dxginfo lists the nodes\n", node);
	return node < 0 ? EXIT_NO_DEVICE : EXIT_USAGE;
}

void machine_close(struct machine *machine)
{
	if (machine->open)
		hsaKmtCloseKFD();
	machine->open = false;
}

bool machine_reopen(struct machine *machine, bool look_at_doorbells)
{
	static char before[32];
	static bool saved;
	const char *value = getenv(HSAKMT_DXG_ENV_DOORBELL);
	bool stuck = machine->stuck;
	HSAuint32 gpu = machine->gpu;

	if (!saved)
		snprintf(before, sizeof(before), "%s", value ? value : "");
	saved = true;
	machine_close(machine);
	if (setenv(HSAKMT_DXG_ENV_DOORBELL, look_at_doorbells ? "look" : before, 1) ||
	    machine_open(machine, gpu) != EXIT_GOOD)
		return false;
	machine->stuck = stuck;
	return true;
}

HSAKMT_STATUS machine_alloc(const struct machine *machine, uint64_t size, uint32_t flags, void **address)
{
	HsaMemFlags memory_flags = {.Value = flags};

	*address = NULL;
	return hsaKmtAllocMemory(memory_flags.ui32.NonPaged ? machine->gpu : machine->cpu, size, memory_flags,
				 address);
}

HSAKMT_STATUS machine_map(const struct machine *machine, void *address, uint64_t size)
{
	HsaMemMapFlags flags = {.Value = 0};
	HSAuint32 gpu = machine->gpu;
	HSAuint64 gpu_va;

	return hsaKmtMapMemoryToGPUNodes(address, size, &gpu_va, flags, 1, &gpu);
}

void machine_settle(void)
{
	const struct timespec look = {.tv_nsec = LOOK_NS};
	uint64_t begin = now_ns(), changed = begin, now = begin, seen = count_ioctls();
	int unknown;

	while (now - changed < QUIET_NS && now - begin < SETTLE_NS) {
		/* a memory call that changes nothing itself: the address is not known */
		hsaKmtMapMemoryToGPU(&unknown, 1, NULL);
		nanosleep(&look, NULL);
		now = now_ns();
		if (count_ioctls() != seen) {
			seen = count_ioctls();
			changed = now;
		}
	}
}
