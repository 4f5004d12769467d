// SPDX-License-Identifier: MIT
/*
 * A program that knows only Debian's libhsakmt-dev 5.2.3: compiled with its header, linked with its
 * library, run on ours with the adapters rx6800 and radeon680m.
 */
#include <hsakmt.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef HSAKMT_LAYOUT
#error "this is to be compiled with Debian's header, not with ours"
#endif

#define GUARD 0xc3

static int failures;

#define EXPECT(condition)                                                               \
	do {                                                                            \
		if (!(condition)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			failures++;                                                     \
		}                                                                       \
	} while (0)

struct guarded_node {
	uint8_t before[64];
	HsaNodeProperties node;
	uint8_t after[64];
};

static void read_node(HSAuint32 id, HsaNodeProperties *node)
{
	struct guarded_node guarded;

	memset(&guarded, GUARD, sizeof(guarded));
	EXPECT(hsaKmtGetNodeProperties(id, &guarded.node) == HSAKMT_STATUS_SUCCESS);
	for (size_t i = 0; i < sizeof(guarded.before); i++)
		EXPECT(guarded.before[i] == GUARD && guarded.after[i] == GUARD);
	*node = guarded.node;
}

static void name_of(const HsaNodeProperties *node, char *text, size_t size)
{
	size_t i;

	for (i = 0; i + 1 < size && i < HSA_PUBLIC_NAME_SIZE && node->MarketingName[i]; i++)
		text[i] = (char)node->MarketingName[i];
	text[i] = '\0';
}

static void check_links(HSAuint32 id, HSAuint32 nodes, HSAuint32 count)
{
	HsaIoLinkProperties *links = malloc((count + 1) * sizeof(*links));

	memset(links, GUARD, (count + 1) * sizeof(*links));
	EXPECT(count >= 1);
	EXPECT(hsaKmtGetNodeIoLinkProperties(id, count, links) == HSAKMT_STATUS_SUCCESS);
	for (HSAuint32 i = 0; i < count; i++) {
		EXPECT(links[i].NodeFrom == id);
		EXPECT(links[i].NodeTo < nodes && links[i].NodeTo != id);
		EXPECT(links[i].Weight > 0);
		EXPECT(links[i].IoLinkType == HSA_IOLINKTYPE_PCIEXPRESS ||
		       links[i].IoLinkType == HSA_IOLINK_TYPE_XGMI ||
		       links[i].IoLinkType == HSA_IOLINK_TYPE_QPI_1_1 ||
		       links[i].IoLinkType == HSA_IOLINKTYPE_HYPERTRANSPORT);
	}
	EXPECT(((uint8_t *)&links[count])[0] == GUARD);
	free(links);
}

static void check_banks(HSAuint32 id, HSAuint32 count, int gpu)
{
	HsaMemoryProperties *banks = calloc(count, sizeof(*banks));
	int system = 0, vram = 0, lds = 0, scratch = 0;

	EXPECT(hsaKmtGetNodeMemoryProperties(id, count, banks) == HSAKMT_STATUS_SUCCESS);
	for (HSAuint32 i = 0; i < count; i++) {
		EXPECT(banks[i].SizeInBytes > 0);
		system += banks[i].HeapType == HSA_HEAPTYPE_SYSTEM;
		vram += banks[i].HeapType == HSA_HEAPTYPE_FRAME_BUFFER_PRIVATE;
		lds += banks[i].HeapType == HSA_HEAPTYPE_GPU_LDS && banks[i].VirtualBaseAddress >> 32;
		scratch += banks[i].HeapType == HSA_HEAPTYPE_GPU_SCRATCH && banks[i].VirtualBaseAddress >> 32;
	}
	if (gpu)
		EXPECT(!system && vram == 1 && lds == 1 && scratch == 1);
	else
		EXPECT(system == 1 && !vram && !lds && !scratch);
	free(banks);
}

static void check_caches(HSAuint32 id, HSAuint32 count, int gpu)
{
	HsaCacheProperties *caches = malloc((count + 1) * sizeof(*caches));
	int data = 0;

	memset(caches, GUARD, (count + 1) * sizeof(*caches));
	EXPECT(hsaKmtGetNodeCacheProperties(id, 0, count, caches) == HSAKMT_STATUS_SUCCESS);
	for (HSAuint32 i = 0; i < count; i++) {
		EXPECT(caches[i].CacheLevel >= 1 && caches[i].CacheLevel <= 4);
		EXPECT(caches[i].CacheSize > 0);
		EXPECT(caches[i].CacheLineSize > 0);
		data += caches[i].CacheType.ui32.Data &&
			(gpu ? caches[i].CacheType.ui32.HSACU : caches[i].CacheType.ui32.CPU);
	}
	EXPECT(data >= 1);
	EXPECT(((uint8_t *)&caches[count])[0] == GUARD);
	free(caches);
}

static void check_gpu(const HsaNodeProperties *node, HSAuint32 minor_stepping, const char *name, unsigned cus,
		      HSAuint16 device)
{
	char text[HSA_PUBLIC_NAME_SIZE];

	EXPECT(node->NumCPUCores == 0);
	EXPECT(node->NumSIMDPerCU == 2);
	EXPECT(node->NumFComputeCores == 2 * cus);
	EXPECT(node->EngineId.ui32.Major == 10 && node->EngineId.ui32.Minor == 3);
	EXPECT(node->EngineId.ui32.Stepping == minor_stepping);
	EXPECT(node->VendorId == 0x1002);
	EXPECT(node->DeviceId == device);
	EXPECT(node->WaveFrontSize == 32);
	EXPECT(node->MaxWavesPerSIMD == 16);
	EXPECT(node->LDSSizeInKB == 64);
	EXPECT(node->MaxEngineClockMhzFCompute > 500);
	EXPECT(node->Capability.ui32.DoorbellType == 2);
	EXPECT(node->LocationId != 0);
	name_of(node, text, sizeof(text));
	EXPECT(!strncmp(text, name, strlen(name)));
}

int main(void)
{
	HsaSystemProperties system;
	HsaNodeProperties node;
	HsaVersionInfo version;
	HSAuint32 gpus = 0;

	EXPECT(hsaKmtOpenKFD() == HSAKMT_STATUS_SUCCESS);
	EXPECT(hsaKmtGetVersion(&version) == HSAKMT_STATUS_SUCCESS);
	EXPECT(version.KernelInterfaceMajorVersion == 1);
	EXPECT(hsaKmtAcquireSystemProperties(&system) == HSAKMT_STATUS_SUCCESS);
	for (HSAuint32 id = 0; id < system.NumNodes; id++) {
		read_node(id, &node);
		check_banks(id, node.NumMemoryBanks, node.NumFComputeCores != 0);
		check_caches(id, node.NumCaches, node.NumFComputeCores != 0);
		check_links(id, system.NumNodes, node.NumIOLinks);
		if (!node.NumFComputeCores) {
			EXPECT(node.NumCPUCores > 0);
			continue;
		}
		if (gpus++ == 0)
			check_gpu(&node, 0, "AMD Radeon RX 6800", 60, 0x73bf);
		else
			check_gpu(&node, 5, "AMD Radeon 680M", 12, 0x1681);
	}
	EXPECT(gpus == 2);
	EXPECT(hsaKmtGetNodeProperties(system.NumNodes, &node) == HSAKMT_STATUS_INVALID_NODE_UNIT);
	EXPECT(hsaKmtGetNodeProperties(0, NULL) == HSAKMT_STATUS_INVALID_PARAMETER);
	EXPECT(hsaKmtReleaseSystemProperties() == HSAKMT_STATUS_SUCCESS);
	EXPECT(hsaKmtGetNodeProperties(0, &node) == HSAKMT_STATUS_INVALID_NODE_UNIT);
	EXPECT(hsaKmtCloseKFD() == HSAKMT_STATUS_SUCCESS);
	EXPECT(hsaKmtGetVersion(&version) == HSAKMT_STATUS_KERNEL_IO_CHANNEL_NOT_OPENED);
	printf("%u nodes, %u GPUs, %d failures\n", system.NumNodes, gpus, failures);
	return failures != 0;
}
