// SPDX-License-Identifier: MIT
/* GPU nodes built from what a host tells: every property, banks, caches, links, origins. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "topology/gpu.h"
#include "topology/links.h"
#include "topology/utf.h"
#include "unit/fake_host.h"
#include "util/log.h"

static struct device_table *table;

static void make_gpu(const struct fake_adapter *fake, struct gpu *gpu)
{
	memset(gpu, 0, sizeof(*gpu));
	gpu->pub.kmd = fake->kmd;
	gpu->pub.kmd.pci = fake->pci;
	gpu->pub.luid = fake->luid;
	gpu->pub.pci = fake->address;
	gpu->pub.pci_known = true;
	device_table_find(table, fake->pci.device, fake->pci.revision, &gpu->device);
	gpu->pub.gfx = gpu->device.gfx;
	gpu->pub.gfx_reported = gpu->device.gfx;
	gpu->host.engine_mhz = (uint32_t)(fake->engine_hz / 1000000);
	gpu->host.memory_mhz = (uint32_t)(fake->memory_hz / 1000000);
	gpu->host.pcie_mbps = (uint32_t)(fake->pcie_bytes / 1000000);
	if (fake->name)
		strcpy(gpu->host.name, fake->name);
	gpu_name_resolve("/nowhere", gpu);
}

static void build(struct gpu *gpu, struct topology_node *node)
{
	assert_int_equal(gpu_node_build(gpu, GPU_FIRST_PROCESSOR_ID, false, node), 0);
}

static void release(struct topology_node *node)
{
	free(node->banks);
	free(node->caches);
	free(node->links);
}

static uint32_t count_caches(const struct topology_node *node, uint32_t level, bool instruction, uint32_t kib)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < node->cache_count; i++) {
		const HsaCacheProperties *cache = &node->caches[i];

		n += cache->CacheLevel == level && cache->CacheType.ui32.Instruction == instruction &&
		     cache->CacheSize == kib;
	}
	return n;
}

/* True of every node a runtime gets to see. */
static void check_node(const struct topology_node *node)
{
	const HsaNodeProperties *props = &node->props;
	bool data_cache = false;

	assert_int_equal(props->NumMemoryBanks, node->bank_count);
	assert_int_equal(props->NumCaches, node->cache_count);
	assert_true(props->NumFComputeCores > 0 && props->NumSIMDPerCU > 0);
	assert_int_equal(props->NumCPUCores, 0);
	assert_int_equal(props->Capability.ui32.DoorbellType, 2);
	assert_int_equal(props->Capability.ui32.SVMAPISupported, 0);
	assert_int_equal(props->Capability.ui32.CoherentHostAccess, 0);
	assert_int_equal(props->NumXcc, 1);
	assert_true(props->KFDGpuID != 0);
	assert_true(props->UniqueID != 0);
	assert_int_equal(props->VendorId, 0x1002);
	assert_int_equal(props->LDSSizeInKB, 64);
	assert_int_equal(props->MaxWavesPerSIMD, 16);
	assert_int_equal(props->MaxSlotsScratchCU, 32);
	assert_int_equal(props->WaveFrontSize, 32);
	assert_int_equal(node->banks[0].HeapType, HSA_HEAPTYPE_FRAME_BUFFER_PRIVATE);
	assert_true(node->banks[0].SizeInBytes > 0);
	assert_int_equal(props->LocalMemSize, node->banks[0].SizeInBytes);
	assert_int_equal(node->banks[1].HeapType, HSA_HEAPTYPE_GPU_LDS);
	assert_int_equal(node->banks[1].SizeInBytes, 64 << 10);
	assert_true(node->banks[1].VirtualBaseAddress >> 32 != 0);
	assert_int_equal(node->banks[2].HeapType, HSA_HEAPTYPE_GPU_SCRATCH);
	assert_true(node->banks[2].VirtualBaseAddress >> 32 != 0);
	assert_true(node->banks[1].VirtualBaseAddress != node->banks[2].VirtualBaseAddress);
	for (uint32_t i = 0; i < node->cache_count; i++) {
		const HsaCacheProperties *cache = &node->caches[i];

		assert_in_range(cache->CacheLevel, 1, 3);
		assert_true(cache->CacheType.ui32.HSACU);
		assert_true(cache->CacheSize > 0);
		assert_true(cache->CacheLineSize == 64 || cache->CacheLineSize == 128);
		assert_int_equal(cache->SiblingMap[0], 1);
		data_cache |= cache->CacheType.ui32.Data;
	}
	assert_true(data_cache);
	for (unsigned i = 0; i < PROPERTY_COUNT; i++)
		if (node->gpu->origin[i] == ORIGIN_UNSET)
			fail_msg("%s has no origin", property_name(i));
}

static void rx6800_is_described_in_full(void **state)
{
	struct fake_adapter fake = fake_rx6800();
	struct topology_node node;
	struct gpu gpu;

	(void)state;
	make_gpu(&fake, &gpu);
	build(&gpu, &node);
	check_node(&node);
	assert_int_equal(node.props.NumFComputeCores, 120);
	assert_int_equal(node.props.NumShaderBanks, 4);
	assert_int_equal(node.props.NumArrays, 2);
	/* an engine is switched off; the arrays that exist have ten units all the same */
	assert_int_equal(node.props.NumCUPerArray, 10);
	assert_int_equal(node.props.EngineId.ui32.Major, 10);
	assert_int_equal(node.props.EngineId.ui32.Minor, 3);
	assert_int_equal(node.props.EngineId.ui32.Stepping, 0);
	assert_int_equal(node.props.EngineId.ui32.uCode, 120);
	assert_int_equal(node.props.OverrideEngineId.Value, 0);
	assert_int_equal(node.props.DeviceId, 0x73BF);
	assert_int_equal(node.props.LocationId, 0x300);
	assert_int_equal(node.props.MaxEngineClockMhzFCompute, 2105);
	assert_int_equal(node.props.NumSdmaEngines, 2);
	assert_int_equal(node.props.Integrated, 0);
	assert_int_equal(node.props.VGPRSizePerCU, 0x40000);
	assert_int_equal(node.props.FamilyID, 0x8f);
	assert_int_equal(node.props.Capability.ui32.ASICRevision, 1);
	assert_int_equal(node.props.WallClockKHz, 100000);
	assert_int_equal(gpu.pub.wallclock_hz, 100000000);
	assert_int_equal(node.props.LuidLowPart, 0x6800);
	assert_string_equal((const char *)node.props.AMDName, "GFX0a0300");
	for (size_t i = 0; i <= strlen("AMD Radeon RX 6800"); i++)
		assert_int_equal(node.props.MarketingName[i], "AMD Radeon RX 6800"[i]);
	assert_int_equal(node.banks[0].SizeInBytes, UINT64_C(16) << 30);
	assert_int_equal(node.banks[0].Width, 256);
	assert_int_equal(node.banks[0].MemoryClockMax, 2000);

	/* 60 vector, 30 + 30 scalar and instruction, 6 GL1, L2, MALL; the vector cache first */
	assert_int_equal(node.caches[0].CacheSize, 16);
	assert_int_equal(node.caches[0].CacheLineSize, 128);
	assert_int_equal(count_caches(&node, 1, false, 16), 60 + 30);
	assert_int_equal(count_caches(&node, 1, true, 32), 30);
	assert_int_equal(count_caches(&node, 1, false, 128), 6);
	assert_int_equal(count_caches(&node, 2, false, 4096), 1);
	assert_int_equal(count_caches(&node, 3, false, 128 * 1024), 1);
	assert_int_equal(node.cache_count, 60 + 30 + 30 + 6 + 2);

	assert_int_equal(gpu.pub.origin[PROPERTY_NumFComputeCores], ORIGIN_PRIVATE_DATA);
	assert_int_equal(gpu.pub.origin[PROPERTY_EngineId], ORIGIN_TABLE);
	assert_int_equal(gpu.pub.origin[PROPERTY_MaxEngineClockMhzFCompute], ORIGIN_QUERY);
	assert_int_equal(gpu.pub.origin[PROPERTY_CacheL2], ORIGIN_PRIVATE_DATA);
	assert_int_equal(gpu.pub.origin[PROPERTY_CacheVector], ORIGIN_TABLE);
	assert_int_equal(gpu.pub.origin[PROPERTY_MarketingName], ORIGIN_QUERY);
	release(&node);
}

static void table_fills_what_the_host_leaves_open(void **state)
{
	struct fake_adapter fake = fake_rx7900xtx();
	struct topology_node node;
	struct gpu gpu;

	(void)state;
	make_gpu(&fake, &gpu);
	build(&gpu, &node);
	check_node(&node);
	assert_int_equal(node.props.NumFComputeCores, 192);
	assert_int_equal(node.props.NumCUPerArray, 8);
	assert_int_equal(node.props.MaxEngineClockMhzFCompute, 2499);
	assert_int_equal(node.props.VGPRSizePerCU, 0x60000);
	assert_int_equal(node.banks[0].Width, 384);
	assert_int_equal(node.banks[0].MemoryClockMax, 2500);
	/* AMD's library in WSL: 32, 6144 and 98304 KB */
	assert_int_equal(node.caches[0].CacheSize, 32);
	assert_int_equal(count_caches(&node, 2, false, 6144), 1);
	assert_int_equal(count_caches(&node, 3, false, 98304), 1);
	assert_string_equal(gpu.pub.name, "AMD Radeon RX 7900 XTX");
	assert_int_equal(gpu.pub.origin[PROPERTY_MaxEngineClockMhzFCompute], ORIGIN_TABLE);
	assert_int_equal(gpu.pub.origin[PROPERTY_MarketingName], ORIGIN_TABLE);
	release(&node);
}

static void apu_has_shared_memory_and_no_mall(void **state)
{
	struct fake_adapter fake = fake_radeon680m();
	struct topology_node node;
	struct gpu gpu;

	(void)state;
	make_gpu(&fake, &gpu);
	build(&gpu, &node);
	check_node(&node);
	assert_string_equal(gpu.pub.name, "AMD Radeon 680M");
	assert_int_equal(node.props.Integrated, 1);
	assert_int_equal(node.props.NumFComputeCores, 24);
	assert_int_equal(node.props.NumSdmaEngines, 1);
	assert_int_equal(node.props.EngineId.ui32.Stepping, 5);
	assert_int_equal(node.banks[0].SizeInBytes, (UINT64_C(512) << 20) + (UINT64_C(8) << 30));
	for (uint32_t i = 0; i < node.cache_count; i++)
		assert_true(node.caches[i].CacheLevel < 3);
	assert_int_equal(gpu.pub.origin[PROPERTY_CacheMall], ORIGIN_ABSENT);
	release(&node);
}

/* As a line of four columns in devices.d leaves it: only the target is known. */
static void what_is_assumed_is_the_generations_own(void **state)
{
	static const struct {
		struct gfx_version gfx;
		uint32_t simds;
		uint32_t waves;
	} generations[] = {
		{{9, 0, 6}, 4, 10},  {{9, 0, 10}, 4, 8},  {{10, 1, 2}, 2, 20},
		{{10, 3, 0}, 2, 16}, {{11, 0, 0}, 2, 16},
	};
	struct fake_adapter fake = fake_rx6800();
	struct topology_node node;
	struct gpu gpu;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(generations); i++) {
		make_gpu(&fake, &gpu);
		gpu.pub.gfx = generations[i].gfx;
		gpu.device.value[DEVICE_SIMD_PER_CU] = 0;
		gpu.device.origin[DEVICE_SIMD_PER_CU] = ORIGIN_UNSET;
		gpu.device.value[DEVICE_WAVES_PER_SIMD] = 0;
		gpu.device.origin[DEVICE_WAVES_PER_SIMD] = ORIGIN_UNSET;
		build(&gpu, &node);
		assert_int_equal(node.props.NumSIMDPerCU, generations[i].simds);
		assert_int_equal(node.props.NumFComputeCores, 60 * generations[i].simds);
		assert_int_equal(node.props.MaxWavesPerSIMD, generations[i].waves);
		assert_int_equal(gpu.pub.origin[PROPERTY_MaxWavesPerSIMD], ORIGIN_ASSUMED);
		release(&node);
	}
}

static void refused_geometry_is_replaced_by_the_table(void **state)
{
	struct fake_adapter fake = fake_rx6800();
	struct topology_node node;
	struct gpu gpu;

	(void)state;
	fake.kmd.valid &= ~(UINT64_C(1) << KMD_FIELD_GEOMETRY);
	fake.kmd.shader_engines = 0;
	fake.kmd.arrays_per_engine = 0;
	fake.kmd.compute_units = 0;
	make_gpu(&fake, &gpu);
	build(&gpu, &node);
	check_node(&node);
	assert_int_equal(node.props.NumFComputeCores, 120);
	assert_int_equal(node.props.NumShaderBanks, 3);
	assert_int_equal(node.props.NumCUPerArray, 10);
	assert_int_equal(gpu.pub.origin[PROPERTY_NumFComputeCores], ORIGIN_TABLE);
	release(&node);

	/* harvested: 54 units in 6 arrays of 9, 70 in 12 arrays of 5 and 6 */
	make_gpu(&fake, &gpu);
	gpu.device.value[DEVICE_CU] = 70;
	gpu.device.value[DEVICE_SE] = 6;
	build(&gpu, &node);
	assert_int_equal(node.props.NumFComputeCores, 140);
	assert_int_equal(node.props.NumCUPerArray, 6);
	release(&node);

	/* nobody knows */
	gpu.device.origin[DEVICE_CU] = ORIGIN_UNSET;
	gpu.device.value[DEVICE_CU] = 0;
	assert_int_equal(gpu_node_build(&gpu, GPU_FIRST_PROCESSOR_ID, false, &node), -ENODATA);
}

static void unknown_device_with_override_gets_the_generations_constants(void **state)
{
	struct fake_adapter fake = fake_rx7900xtx();
	struct topology_node node;
	struct gpu gpu;

	(void)state;
	fake.pci.device = 0x7FFF;
	make_gpu(&fake, &gpu);
	assert_false(gpu.device.known);
	gpu.pub.gfx_overridden = true;
	gpu.pub.gfx = (struct gfx_version){11, 0, 0};
	gpu.pub.gfx_reported = gpu.pub.gfx;
	build(&gpu, &node);
	check_node(&node);
	assert_string_equal(gpu.pub.name, "AMD GPU 0x7FFF");
	assert_int_equal(node.props.EngineId.ui32.Major, 11);
	assert_int_equal(node.props.OverrideEngineId.ui32.Major, 11);
	assert_int_equal(node.caches[0].CacheSize, 32);
	assert_int_equal(gpu.pub.origin[PROPERTY_CacheVector], ORIGIN_ASSUMED);
	assert_int_equal(gpu.pub.origin[PROPERTY_EngineId], ORIGIN_OVERRIDE);
	assert_int_equal(gpu.pub.origin[PROPERTY_MaxEngineClockMhzFCompute], ORIGIN_ABSENT);
	release(&node);
}

static void override_is_in_both_engine_ids(void **state)
{
	struct fake_adapter fake = fake_radeon680m();
	struct topology_node node;
	struct gpu gpu;

	(void)state;
	make_gpu(&fake, &gpu);
	gpu.pub.gfx_overridden = true;
	gpu.pub.gfx_reported = (struct gfx_version){10, 3, 0};
	build(&gpu, &node);
	assert_int_equal(node.props.EngineId.ui32.Stepping, 0);
	assert_int_equal(node.props.OverrideEngineId.ui32.Major, 10);
	assert_int_equal(node.props.OverrideEngineId.ui32.Minor, 3);
	assert_string_equal((const char *)node.props.AMDName, "GFX0a0305");
	assert_int_equal(gpu.pub.gfx.step, 5);
	release(&node);
}

static void aql_emulation_is_the_callers_word(void **state)
{
	struct fake_adapter fake = fake_rx6800();
	struct topology_node node;
	struct gpu gpu;

	(void)state;
	make_gpu(&fake, &gpu);
	assert_int_equal(gpu_node_build(&gpu, GPU_FIRST_PROCESSOR_ID, true, &node), 0);
	assert_int_equal(node.props.Capability2.ui32.AqlEmulationPm4_, 1);
	release(&node);
	build(&gpu, &node);
	assert_int_equal(node.props.Capability2.ui32.AqlEmulationPm4_, 0);
	release(&node);
}

/* The fields cover the whole structure: none can be added without an origin. */
static void every_field_has_an_origin(void **state)
{
	uint8_t covered[sizeof(HsaNodeProperties)] = {0};
	HsaNodeProperties *props = NULL;

	(void)state;
#define COVER(field) memset(&covered[offsetof(HsaNodeProperties, field)], 1, sizeof(props->field));
	FOR_EACH_NODE_FIELD(COVER)
#undef COVER
	for (size_t i = 0; i < sizeof(covered); i++)
		if (!covered[i])
			fail_msg("byte %zu of HsaNodeProperties belongs to no property", i);
	for (unsigned i = 0; i < PROPERTY_COUNT; i++)
		assert_non_null(property_name(i));
	for (unsigned i = 0; i < ORIGIN_COUNT; i++)
		assert_non_null(origin_name(i));
}

static void links_join_all_nodes_in_both_directions(void **state)
{
	struct fake_adapter fakes[] = {fake_rx6800(), fake_rx7900xtx(), fake_radeon680m()};
	static const uint32_t distance[] = {10, 32, 32, 10};
	uint32_t pcie[3];
	struct link_facts facts = {.cpu_count = 2, .distance = distance, .pcie_mbps = pcie};
	struct topology_node nodes[5] = {0};
	struct gpu gpus[3];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		make_gpu(&fakes[i], &gpus[i]);
		build(&gpus[i], &nodes[2 + i]);
		pcie[i] = gpus[i].host.pcie_mbps;
	}
	assert_int_equal(io_links_build(nodes, 5, &facts), 0);
	for (uint32_t from = 0; from < 5; from++) {
		uint32_t to = 0;

		assert_int_equal(nodes[from].link_count, 4);
		assert_int_equal(nodes[from].props.NumIOLinks, 4);
		for (uint32_t i = 0; i < 4; i++, to++) {
			const HsaIoLinkProperties *link = &nodes[from].links[i];

			to += to == from;
			assert_int_equal(link->NodeFrom, from);
			assert_int_equal(link->NodeTo, to);
			assert_true(link->Weight > 0);
			assert_true(link->IoLinkType != HSA_IOLINKTYPE_UNDEFINED);
		}
	}
	/* CPU to CPU */
	assert_int_equal(nodes[0].links[0].Weight, 32);
	assert_int_equal(nodes[0].links[0].IoLinkType, HSA_IOLINKTYPE_HYPERTRANSPORT);
	assert_int_equal(nodes[0].links[0].Flags.LinkProperty, 0);
	/* RX 6800 to CPU: PCIe, coherent, atomics */
	assert_int_equal(nodes[2].links[0].IoLinkType, HSA_IOLINKTYPE_PCIEXPRESS);
	assert_int_equal(nodes[2].links[0].Weight, 20);
	assert_int_equal(nodes[2].links[0].MaximumBandwidth, 31500);
	assert_int_equal(nodes[2].links[0].Flags.LinkProperty, 1);
	/* and back: the CPU has no way into a private frame buffer */
	assert_int_equal(nodes[0].links[1].Flags.ui32.NoPeerToPeerDMA, 1);
	assert_int_equal(nodes[0].links[1].Flags.ui32.NonCoherent, 1);
	assert_int_equal(nodes[0].links[1].Flags.ui32.NoAtomics32bit, 0);
	/* RX 7900 XTX without platform atomics */
	assert_int_equal(nodes[3].links[0].Flags.ui32.NoAtomics32bit, 1);
	assert_int_equal(nodes[3].links[0].Flags.ui32.NoAtomics64bit, 1);
	/* the APU is nearer */
	assert_int_equal(nodes[4].links[0].IoLinkType, HSA_IOLINK_TYPE_XGMI);
	assert_int_equal(nodes[4].links[0].Weight, 13);
	assert_int_equal(nodes[4].links[0].Flags.LinkProperty, 1);
	/* GPU to GPU: through the CPU */
	assert_int_equal(nodes[2].links[2].Weight, 40);
	assert_int_equal(nodes[2].links[3].Weight, 33);
	assert_int_equal(nodes[2].links[2].Flags.ui32.NoPeerToPeerDMA, 1);
	for (unsigned i = 0; i < 5; i++)
		release(&nodes[i]);
}

static void a_public_frame_buffer_is_reached_by_the_cpu(void **state)
{
	struct fake_adapter fake = fake_rx6800();
	static const uint32_t distance[] = {10}, pcie[] = {0, 0};
	struct link_facts facts = {.cpu_count = 1, .distance = distance, .pcie_mbps = pcie};
	struct topology_node nodes[3] = {0};
	struct gpu gpus[2];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		make_gpu(&fake, &gpus[i]);
		build(&gpus[i], &nodes[1 + i]);
	}
	assert_int_equal(io_links_build(nodes, 3, &facts), 0);
	assert_int_equal(nodes[0].links[0].Flags.ui32.NoPeerToPeerDMA, 1);
	nodes[1].banks[0].HeapType = HSA_HEAPTYPE_FRAME_BUFFER_PUBLIC;
	io_links_reach(nodes, 3, 1);
	assert_int_equal(nodes[0].links[0].Flags.ui32.NoPeerToPeerDMA, 0);
	assert_int_equal(nodes[0].links[1].Flags.ui32.NoPeerToPeerDMA, 1);
	/* by the CPU only */
	assert_int_equal(nodes[2].links[1].Flags.ui32.NoPeerToPeerDMA, 1);
	assert_int_equal(nodes[1].links[1].Flags.ui32.NoPeerToPeerDMA, 1);
	for (unsigned i = 0; i < 3; i++)
		release(&nodes[i]);
}

static void names_survive_both_encodings(void **state)
{
	static const uint16_t text[] = {' ', 'A', 0x00e9, 7, 0xd83d, 0xde00, 0xd800, 'Z', ' ', 0, 'x'};
	uint16_t back[16], small[3];
	char utf8[64], tiny[5];

	(void)state;
	assert_int_equal(utf8_from_utf16(text, 11, utf8, sizeof(utf8)), 11);
	assert_string_equal(utf8, "A\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbdZ");
	assert_int_equal(utf16_from_utf8(utf8, back, 16), 6);
	assert_int_equal(back[2], 0xd83d);
	assert_int_equal(back[3], 0xde00);
	assert_int_equal(back[6], 0);
	/* only whole characters */
	assert_int_equal(utf8_from_utf16(text, 11, tiny, sizeof(tiny)), 3);
	assert_int_equal(utf16_from_utf8("\xf0\x9f\x98\x80", small, 2), 0);
	assert_int_equal(utf16_from_utf8("\xc3\x28\xff\xe0\x80\x80", back, 16), 6);
	assert_int_equal(back[0], 0xfffd);
	assert_int_equal(back[1], 0x28);
}

static void versions_are_parsed_strictly(void **state)
{
	static const char *const bad[] = {"",	      "10",	 "10.3",     "10.3.0.1",       "10.3.0 ",
					  " 10.3.0",  "+10.3.0", "-1.0.0",   "64.0.0",	       "10.256.0",
					  "10.3.256", "0.3.0",	 "a.b.c",    "10..0",	       "10.3.",
					  "gfx1030",  "10,3,0",	 "0x0a.3.0", "99999999999.0.0"};
	struct gfx_version gfx;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(gfx_version_parse_dotted(bad[i], &gfx), -EINVAL);
	assert_int_equal(gfx_version_parse_dotted("9.0.10", &gfx), 0);
	assert_int_equal(gfx.step, 10);
	assert_int_equal(gfx_version_parse_dotted("63.255.255", &gfx), 0);
	assert_int_equal(gfx_version_parse_target("gfx90a", &gfx), 0);
	assert_int_equal(gfx.step, 10);
	assert_int_equal(gfx_version_parse_target("gfx1201", &gfx), 0);
	assert_int_equal(gfx.major, 12);
	assert_int_equal(gfx.step, 1);
	assert_int_equal(gfx_version_parse_target("gfx12", &gfx), -EINVAL);
	assert_int_equal(gfx_version_parse_target("gfx12011", &gfx), -EINVAL);
}

static void node_override_comes_before_the_global_one(void **state)
{
	struct gfx_version gfx = {0};
	bool overridden;

	(void)state;
	assert_int_equal(gfx_version_override(1, &gfx, &overridden), 0);
	assert_false(overridden);
	setenv("HSA_OVERRIDE_GFX_VERSION", "10.3.0", 1);
	setenv("HSA_OVERRIDE_GFX_VERSION_2", "11.0.1", 1);
	assert_int_equal(gfx_version_override(1, &gfx, &overridden), 0);
	assert_true(overridden);
	assert_int_equal(gfx.major, 10);
	assert_int_equal(gfx_version_override(2, &gfx, &overridden), 0);
	assert_int_equal(gfx.major, 11);
	setenv("HSA_OVERRIDE_GFX_VERSION_2", "eleven", 1);
	assert_int_equal(gfx_version_override(2, &gfx, &overridden), -EINVAL);
	setenv("HSA_OVERRIDE_GFX_VERSION_2", "", 1);
	assert_int_equal(gfx_version_override(2, &gfx, &overridden), 0);
	assert_int_equal(gfx.major, 10);
	unsetenv("HSA_OVERRIDE_GFX_VERSION");
	unsetenv("HSA_OVERRIDE_GFX_VERSION_2");
	assert_false(gfx_version_override_exists());
}

static int group_setup(void **state)
{
	(void)state;
	log_set_level(LOG_NONE);
	return device_table_create(&table);
}

static int group_teardown(void **state)
{
	(void)state;
	device_table_destroy(table);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rx6800_is_described_in_full),
		cmocka_unit_test(table_fills_what_the_host_leaves_open),
		cmocka_unit_test(apu_has_shared_memory_and_no_mall),
		cmocka_unit_test(what_is_assumed_is_the_generations_own),
		cmocka_unit_test(refused_geometry_is_replaced_by_the_table),
		cmocka_unit_test(unknown_device_with_override_gets_the_generations_constants),
		cmocka_unit_test(override_is_in_both_engine_ids),
		cmocka_unit_test(aql_emulation_is_the_callers_word),
		cmocka_unit_test(every_field_has_an_origin),
		cmocka_unit_test(links_join_all_nodes_in_both_directions),
		cmocka_unit_test(a_public_frame_buffer_is_reached_by_the_cpu),
		cmocka_unit_test(names_survive_both_encodings),
		cmocka_unit_test(versions_are_parsed_strictly),
		cmocka_unit_test(node_override_comes_before_the_global_one),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
