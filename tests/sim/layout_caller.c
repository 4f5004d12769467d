// SPDX-License-Identifier: MIT
/*
 * A program of one generation of the headers (HSAKMT_LAYOUT): loads a library of ours as a runtime does, tells its
 * structure sizes, and reads the topology into buffers with guard bytes on both sides.  What it reads must be what
 * a program of the newest generation reads, which runs beside it, and what is known of the simulated adapters.
 *
 *   layout_caller [--default] LIBRARY NEWEST-CALLER
 *   layout_caller --print LIBRARY
 *
 * --default: without DxgAbiCheck(), in the library's own generation.  --print: print the fields only.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hsakmt/hsakmt.h>

#include "dxgsim/dxgsim.h"

#define GUARD	    0xc3
#define GUARD_BYTES 256
#define TEXT_MAX    (1U << 22)

static int failures;

#define EXPECT(condition)                                                               \
	do {                                                                            \
		if (!(condition)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			failures++;                                                     \
		}                                                                       \
	} while (0)

/* clang-format off */
#define CALLS(X) \
	X(DxgAbiCheck) \
	X(hsaKmtOpenKFD) \
	X(hsaKmtCloseKFD) \
	X(hsaKmtAcquireSystemProperties) \
	X(hsaKmtReleaseSystemProperties) \
	X(hsaKmtGetNodeProperties) \
	X(hsaKmtGetNodeMemoryProperties) \
	X(hsaKmtGetNodeCacheProperties) \
	X(hsaKmtGetNodeIoLinkProperties) \
	X(hsaKmtCreateQueue) \
	X(hsaKmtGetQueueInfo) \
	X(hsaKmtRegisterGraphicsHandleToNodes) \
	X(hsaKmtHandleImport)
/* clang-format on */

#define MEMBER(name) __typeof__(name) *name;
static struct {
	CALLS(MEMBER)
} lib;

struct field {
	const char *name;
	size_t offset;
	size_t size;
};

#define FIELD(type, name)                                                 \
	{                                                                 \
#name, offsetof(type, name), sizeof(((type *)NULL)->name) \
	}
#define NODE(name)  FIELD(HsaNodeProperties, name)
#define BANK(name)  FIELD(HsaMemoryProperties, name)
#define CACHE(name) FIELD(HsaCacheProperties, name)
#define LINK(name)  FIELD(HsaIoLinkProperties, name)

static const struct field node_fields[] = {
	NODE(NumCPUCores),
	NODE(NumFComputeCores),
#if HSAKMT_LAYOUT >= 364
	NODE(NumNeuralCores),
#endif
	NODE(NumMemoryBanks),
	NODE(NumCaches),
	NODE(NumIOLinks),
	NODE(CComputeIdLo),
	NODE(FComputeIdLo),
	NODE(Capability),
#if HSAKMT_LAYOUT >= 368
	NODE(Capability2),
#endif
	NODE(MaxWavesPerSIMD),
	NODE(LDSSizeInKB),
	NODE(GDSSizeInKB),
	NODE(WaveFrontSize),
	NODE(NumShaderBanks),
	NODE(NumArrays),
	NODE(NumCUPerArray),
	NODE(NumSIMDPerCU),
	NODE(MaxSlotsScratchCU),
	NODE(EngineId),
#if HSAKMT_LAYOUT >= 360
	NODE(OverrideEngineId),
#endif
	NODE(VendorId),
	NODE(DeviceId),
	NODE(LocationId),
	NODE(LocalMemSize),
	NODE(MaxEngineClockMhzFCompute),
	NODE(MaxEngineClockMhzCCompute),
	NODE(DrmRenderMinor),
	NODE(MarketingName),
	NODE(AMDName),
	NODE(uCodeEngineVersions),
	NODE(DebugProperties),
	NODE(HiveID),
	NODE(NumSdmaEngines),
	NODE(NumSdmaXgmiEngines),
	NODE(NumSdmaQueuesPerEngine),
	NODE(NumCpQueues),
	NODE(NumGws),
	NODE(Integrated),
	NODE(Domain),
	NODE(UniqueID),
	NODE(VGPRSizePerCU),
	NODE(SGPRSizePerCU),
	NODE(NumXcc),
	NODE(KFDGpuID),
	NODE(FamilyID),
#if HSAKMT_LAYOUT >= 376
	NODE(CwsrSize),
	NODE(CtlStackSize),
#endif
#if HSAKMT_LAYOUT >= 392
	NODE(LuidLowPart),
	NODE(LuidHighPart),
	NODE(WallClockKHz),
#endif
#if HSAKMT_LAYOUT >= 396
	NODE(FabricHandleSupported),
#endif
};

static const struct field bank_fields[] = {
	BANK(HeapType), BANK(SizeInBytes),    BANK(Flags),
	BANK(Width),	BANK(MemoryClockMax), BANK(VirtualBaseAddress),
};

static const struct field cache_fields[] = {
	CACHE(ProcessorIdLow),	       CACHE(CacheLevel),	CACHE(CacheSize),
	CACHE(CacheLineSize),	       CACHE(CacheLinesPerTag), CACHE(CacheAssociativity),
	CACHE(CacheLatency),	       CACHE(CacheType),	CACHE(SiblingMap),
#if HSAKMT_LAYOUT >= 396
	CACHE(PersistingCacheSizeMax),
#endif
};

static const struct field link_fields[] = {
	LINK(IoLinkType),
	LINK(VersionMajor),
	LINK(VersionMinor),
	LINK(NodeFrom),
	LINK(NodeTo),
	LINK(Weight),
	LINK(MinimumLatency),
	LINK(MaximumLatency),
	LINK(MinimumBandwidth),
	LINK(MaximumBandwidth),
	LINK(RecTransferSize),
#if HSAKMT_LAYOUT >= 360
	LINK(RecSdmaEngIdMask),
#endif
	LINK(Flags),
};

struct table {
	const char *name;
	const struct field *fields;
	size_t count;
	size_t size; /* of the structure */
};

#define TABLE(name, fields, type)                                                \
	{                                                                        \
		name, fields, sizeof(fields) / sizeof((fields)[0]), sizeof(type) \
	}
static const struct table nodes = TABLE("node", node_fields, HsaNodeProperties);
static const struct table banks = TABLE("bank", bank_fields, HsaMemoryProperties);
static const struct table caches = TABLE("cache", cache_fields, HsaCacheProperties);
static const struct table links = TABLE("link", link_fields, HsaIoLinkProperties);

/* Every byte of a structure belongs to a field of its table: nothing is left unlooked at. */
static void check_table(const struct table *table)
{
	size_t end = 0;

	for (size_t i = 0; i < table->count; i++) {
		EXPECT(table->fields[i].offset == end);
		end = table->fields[i].offset + table->fields[i].size;
	}
	EXPECT(end == table->size);
}

/* A buffer for structures, between guard bytes and full of them. */
static void *guarded_alloc(size_t size)
{
	uint8_t *memory = malloc(size + 2 * GUARD_BYTES);

	if (!memory)
		abort();
	memset(memory, GUARD, size + 2 * GUARD_BYTES);
	return memory + GUARD_BYTES;
}

static bool is_untouched(const void *buffer, size_t size)
{
	const uint8_t *bytes = buffer;

	for (size_t i = 0; i < size; i++)
		if (bytes[i] != GUARD)
			return false;
	return true;
}

static void guarded_free(void *buffer, size_t size)
{
	uint8_t *bytes = buffer;

	EXPECT(is_untouched(bytes - GUARD_BYTES, GUARD_BYTES));
	EXPECT(is_untouched(bytes + size, GUARD_BYTES));
	free(bytes - GUARD_BYTES);
}

/* What was read, one field a line: "node 1 cache 3 CacheLevel 02000000". */
static char *text;
static size_t text_used;

static void print(const char *owner, const struct table *table, size_t index, const void *structure)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct field *field = &table->fields[i];
		const uint8_t *bytes = (const uint8_t *)structure + field->offset;

		/* the clock of the moment, on a machine whose kernel tells no maximum */
		if (!strcmp(field->name, "MaxEngineClockMhzCCompute"))
			continue;
		text_used += (size_t)snprintf(text + text_used, TEXT_MAX - text_used, "%s%s %zu %s ", owner,
					      table->name, index, field->name);
		if (text_used + 2 * field->size + 2 > TEXT_MAX)
			abort();
		for (size_t j = 0; j < field->size; j++)
			text_used += (size_t)sprintf(text + text_used, "%02x", bytes[j]);
		text[text_used++] = '\n';
		text[text_used] = '\0';
	}
}

static void print_array(HSAuint32 node, const struct table *table, size_t count, const void *array)
{
	char owner[32];

	snprintf(owner, sizeof(owner), "node %u ", node);
	for (size_t i = 0; i < count; i++)
		print(owner, table, i, (const uint8_t *)array + i * table->size);
}

/* Reads one of a node's arrays: all of it, and then all but one element, which must leave that one alone. */
static void read_array(HSAuint32 node, const struct table *table, HSAuint32 count,
		       HSAKMT_STATUS (*get)(HSAuint32 node, HSAuint32 count, void *array))
{
	size_t size = count * table->size;
	void *array = guarded_alloc(size);

	EXPECT(get(node, count, array) == HSAKMT_STATUS_SUCCESS);
	print_array(node, table, count, array);
	guarded_free(array, size);
	if (!count)
		return;
	array = guarded_alloc(size);
	EXPECT(get(node, count - 1, array) == HSAKMT_STATUS_SUCCESS);
	EXPECT(is_untouched((uint8_t *)array + size - table->size, table->size));
	guarded_free(array, size);
}

static HSAKMT_STATUS get_banks(HSAuint32 node, HSAuint32 count, void *array)
{
	return lib.hsaKmtGetNodeMemoryProperties(node, count, array);
}

static HSAKMT_STATUS get_caches(HSAuint32 node, HSAuint32 count, void *array)
{
	return lib.hsaKmtGetNodeCacheProperties(node, 0, count, array);
}

static HSAKMT_STATUS get_links(HSAuint32 node, HSAuint32 count, void *array)
{
	return lib.hsaKmtGetNodeIoLinkProperties(node, count, array);
}

static void read_node(HSAuint32 id)
{
	HsaNodeProperties *node = guarded_alloc(sizeof(*node));
	HSAuint32 bank_count, cache_count, link_count;

	EXPECT(lib.hsaKmtGetNodeProperties(id, node) == HSAKMT_STATUS_SUCCESS);
	print("", &nodes, id, node);
	bank_count = node->NumMemoryBanks;
	cache_count = node->NumCaches;
	link_count = node->NumIOLinks;
	guarded_free(node, sizeof(*node));
	if (failures)
		return;
	EXPECT(bank_count > 0 && bank_count < 16);
	EXPECT(cache_count > 0 && cache_count < 1024);
	EXPECT(link_count > 0 && link_count < 64);
	if (failures)
		return;
	read_array(id, &banks, bank_count, get_banks);
	read_array(id, &caches, cache_count, get_caches);
	read_array(id, &links, link_count, get_links);
}

/* What the adapters' files say, under the names this generation has for it. */
static unsigned check_known(HSAuint32 id)
{
	HsaNodeProperties node;

	EXPECT(lib.hsaKmtGetNodeProperties(id, &node) == HSAKMT_STATUS_SUCCESS);
	if (node.VendorId != 0x1002 || !node.NumFComputeCores) {
		EXPECT(node.NumCPUCores > 0);
		EXPECT(node.MaxEngineClockMhzCCompute < 100000);
		return 0;
	}
	EXPECT(node.DeviceId == 0x73bf || node.DeviceId == 0x1681);
	EXPECT(node.EngineId.ui32.Major == 10 && node.EngineId.ui32.Minor == 3);
	EXPECT(node.EngineId.ui32.Stepping == (node.DeviceId == 0x73bf ? 0 : 5));
	EXPECT(node.NumFComputeCores == (node.DeviceId == 0x73bf ? 2 * 60 : 2 * 12));
	EXPECT(node.LocationId == (node.DeviceId == 0x73bf ? 3 << 8 : 54 << 8));
	EXPECT(node.MaxEngineClockMhzFCompute == (node.DeviceId == 0x73bf ? 2105 : 2400));
	EXPECT(node.FamilyID == (node.DeviceId == 0x73bf ? 0x8f : 0x92));
	EXPECT(node.WaveFrontSize == 32);
	EXPECT(node.LDSSizeInKB == 64);
	EXPECT(node.NumXcc == 1);
	EXPECT(node.KFDGpuID != 0);
	EXPECT(node.MarketingName[0] == 'A' && node.MarketingName[1] == 'M' && node.MarketingName[2] == 'D');
#if HSAKMT_LAYOUT >= 364
	EXPECT(node.NumNeuralCores == 0);
#endif
#if HSAKMT_LAYOUT >= 368
	EXPECT(node.Capability2.ui32.AqlEmulationPm4_ == 1);
#endif
#if HSAKMT_LAYOUT >= 392
	EXPECT(node.LuidLowPart || node.LuidHighPart);
	EXPECT(node.WallClockKHz == 100000);
#endif
#if HSAKMT_LAYOUT >= 396
	EXPECT(node.FabricHandleSupported == 0);
#endif
	return 1;
}

/* Calls that are refused leave the structures that differ between generations alone. */
static void refused_calls_write_nothing(void)
{
	HsaGraphicsResourceInfo *graphics = guarded_alloc(sizeof(*graphics));
	HsaQueueResource *resource = guarded_alloc(sizeof(*resource));
	HsaHandleImportResult *result = guarded_alloc(sizeof(*result));
	HsaQueueInfo *info = guarded_alloc(sizeof(*info));
	HsaHandleImportDesc import = {.metadata = 0};
	HsaHandleImportFlags import_flags;
	HSAuint32 gpu = 1;

	memset(&import_flags, 0, sizeof(import_flags));
	EXPECT(lib.hsaKmtCreateQueue(1, HSA_QUEUE_COMPUTE_AQL, 100, HSA_QUEUE_PRIORITY_NORMAL, &gpu, 4096,
				     NULL, resource) != HSAKMT_STATUS_SUCCESS);
	EXPECT(is_untouched(resource, sizeof(*resource)));
	EXPECT(lib.hsaKmtGetQueueInfo(1, info) != HSAKMT_STATUS_SUCCESS);
	EXPECT(is_untouched(info, sizeof(*info)));
	EXPECT(lib.hsaKmtRegisterGraphicsHandleToNodes(0, graphics, 1, &gpu) != HSAKMT_STATUS_SUCCESS);
	EXPECT(is_untouched(graphics, sizeof(*graphics)));
	EXPECT(lib.hsaKmtHandleImport(&import, result, &import_flags) != HSAKMT_STATUS_SUCCESS);
	EXPECT(is_untouched(result, sizeof(*result)));
	guarded_free(resource, sizeof(*resource));
	guarded_free(info, sizeof(*info));
	guarded_free(graphics, sizeof(*graphics));
	guarded_free(result, sizeof(*result));
}

static void tell_sizes(void)
{
	HsaStructureSizes sizes = {
		.StructureSizes = sizeof(sizes),
		.SizeOfHsaNodeProperties = sizeof(HsaNodeProperties),
#if HSAKMT_LAYOUT >= 392
		.SizeOfHsaExternalHandleDesc = sizeof(HsaExternalHandleDesc),
#endif
	};

	EXPECT(lib.DxgAbiCheck(&sizes) == HSAKMT_STATUS_SUCCESS);
}

static void read_everything(bool ask)
{
	HsaSystemProperties system;
	unsigned gpus = 0;

	if (ask)
		tell_sizes();
	EXPECT(lib.hsaKmtOpenKFD() == HSAKMT_STATUS_SUCCESS);
	EXPECT(lib.hsaKmtAcquireSystemProperties(&system) == HSAKMT_STATUS_SUCCESS);
	for (HSAuint32 id = 0; !failures && id < system.NumNodes; id++) {
		read_node(id);
		gpus += check_known(id);
	}
	EXPECT(gpus == 2);
	refused_calls_write_nothing();
	EXPECT(lib.hsaKmtReleaseSystemProperties() == HSAKMT_STATUS_SUCCESS);
	EXPECT(lib.hsaKmtCloseKFD() == HSAKMT_STATUS_SUCCESS);
	EXPECT(!dxgsim_misuse_count() && !dxgsim_leak_count());
}

static char *read_newest(const char *program, const char *library)
{
	char command[8192], *newest = malloc(TEXT_MAX);
	size_t used = 0, n;
	FILE *pipe;

	if (!newest || (size_t)snprintf(command, sizeof(command), "'%s' --print '%s'", program, library) >=
			       sizeof(command))
		abort();
	pipe = popen(command, "re");
	if (!pipe)
		abort();
	while (used + 1 < TEXT_MAX && (n = fread(newest + used, 1, TEXT_MAX - 1 - used, pipe)) > 0)
		used += n;
	newest[used] = '\0';
	EXPECT(pclose(pipe) == 0);
	return newest;
}

static unsigned count_lines(const char *in, const char *what)
{
	unsigned n = 0;

	while ((in = strstr(in, what))) {
		n++;
		in += strlen(what);
	}
	return n;
}

/* Every field of ours has the value that the newest generation sees, and there are as many of everything. */
static void compare(const char *newest)
{
	const char *each[] = {" NumCPUCores ", " HeapType ", " CacheLevel ", " NodeTo "};
	const char *line = text, *there = newest;

	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		EXPECT(count_lines(text, each[i]) > 0);
		EXPECT(count_lines(text, each[i]) == count_lines(newest, each[i]));
	}
	while (*line && failures < 20) {
		size_t length = strcspn(line, "\n") + 1;

		/* both are in the same order; what we do not know is passed over */
		while (*there && strncmp(line, there, length) != 0)
			there += strcspn(there, "\n") + 1;
		if (!*there) {
			fprintf(stderr, "layout %d reads: %.*s", HSAKMT_LAYOUT, (int)length, line);
			fprintf(stderr, "which the newest does not, or not there\n");
			failures++;
			return;
		}
		line += length;
	}
}

static void load(const char *library)
{
	void *handle = dlopen(library, RTLD_LAZY);

	if (!handle) {
		fprintf(stderr, "%s\n", dlerror());
		exit(2);
	}
#define RESOLVE(name)                                              \
	*(void **)&lib.name = dlsym(handle, #name);                \
	if (!lib.name) {                                           \
		fprintf(stderr, "%s has no %s\n", library, #name); \
		exit(2);                                           \
	}
	CALLS(RESOLVE)
}

int main(int argc, char **argv)
{
	bool ask = true, print_only = false;
	char *newest;

	if (argc == 4 && !strcmp(argv[1], "--default"))
		ask = false;
	else if (argc == 3 && !strcmp(argv[1], "--print"))
		print_only = true;
	else if (argc != 3)
		return 2;
	setenv("DXGSIM_ADAPTERS", "rx6800;radeon680m", 1);
	text = calloc(1, TEXT_MAX);
	if (!text)
		return 2;
	check_table(&nodes);
	check_table(&banks);
	check_table(&caches);
	check_table(&links);
	load(argv[argc - (print_only ? 1 : 2)]);
	read_everything(ask);
	if (print_only) {
		fputs(text, stdout);
	} else {
		newest = read_newest(argv[argc - 1], argv[argc - 2]);
		compare(newest);
		free(newest);
	}
	free(text);
	return failures != 0;
}
