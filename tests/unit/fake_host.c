// SPDX-License-Identifier: MIT
#include "unit/fake_host.h"

#include <errno.h>
#include <string.h>

#include "util/log.h"

#define KMTQAITYPE_ADAPTERREGISTRYINFO	8U
#define KMTQAITYPE_NODEPERFDATA		61U
#define KMTQAITYPE_ADAPTERPERFDATA	62U
#define KMTQAITYPE_ADAPTERPERFDATA_CAPS 63U
#define FIRST_HANDLE			0x40000000U

struct fake_host fake_host;
static bool open_handle[4096];
static unsigned next_handle;
static unsigned owner[4096];

void fake_host_reset(void)
{
	memset(&fake_host, 0, sizeof(fake_host));
	memset(open_handle, 0, sizeof(open_handle));
	next_handle = 0;
}

struct fake_adapter *fake_host_add(const struct fake_adapter *adapter)
{
	fake_host.adapters[fake_host.count] = *adapter;
	return &fake_host.adapters[fake_host.count++];
}

struct dxg *fake_host_dxg(void)
{
	return (struct dxg *)&fake_host;
}

static struct fake_adapter *find(d3dkmt_handle handle)
{
	unsigned index = handle - FIRST_HANDLE;

	if (index >= next_handle || !open_handle[index])
		return NULL;
	return &fake_host.adapters[owner[index]];
}

/* Counts a call; 0, or what it is to fail with. */
static int enter(void)
{
	return ++fake_host.calls == fake_host.fail_call ? fake_host.fail_error : 0;
}

/* The same of one that asks the host about an adapter. */
static int ask(const struct fake_adapter *fake)
{
	int ret = enter();

	fake_host.round_trips++;
	if (!fake)
		return -EINVAL;
	return fake->removed ? -ENODEV : ret;
}

int dxg_enum_adapters(struct dxg *dxg, struct dxg_adapter adapters[DXG_MAX_ADAPTERS], size_t *count)
{
	int ret = enter();

	(void)dxg;
	*count = 0;
	fake_host.enumerations++;
	if (fake_host.enum_error || ret)
		return ret ? ret : fake_host.enum_error;
	for (size_t i = 0; i < fake_host.count; i++) {
		if (fake_host.adapters[i].removed)
			continue;
		owner[next_handle] = (unsigned)i;
		open_handle[next_handle] = true;
		adapters[*count].handle = FIRST_HANDLE + next_handle++;
		adapters[(*count)++].luid = fake_host.adapters[i].luid;
		fake_host.open_handles++;
	}
	return 0;
}

int dxg_close_adapter(struct dxg *dxg, d3dkmt_handle adapter)
{
	(void)dxg;
	if (!find(adapter)) {
		fake_host.bad_closes++;
		return -EINVAL;
	}
	open_handle[adapter - FIRST_HANDLE] = false;
	fake_host.open_handles--;
	return 0;
}

int dxg_query_adapter_info(struct dxg *dxg, d3dkmt_handle adapter, uint32_t type, void *data, uint32_t size)
{
	const struct fake_adapter *fake = find(adapter);
	uint16_t *text = data;
	uint64_t *words = data;

	int ret = ask(fake);

	(void)dxg;
	if (ret)
		return ret;
	switch (type) {
	case KMTQAITYPE_ADAPTERREGISTRYINFO:
		if (!fake->name || size != 2080)
			return -EINVAL;
		for (size_t i = 0; i <= strlen(fake->name); i++)
			text[i] = (unsigned char)fake->name[i];
		return 0;
	case KMTQAITYPE_NODEPERFDATA:
		if (!fake->engine_hz || size != 56)
			return -EINVAL;
		words[2] = fake->engine_hz;
		return 0;
	case KMTQAITYPE_ADAPTERPERFDATA:
		if (!fake->memory_hz || size != 64)
			return -EINVAL;
		words[2] = fake->memory_hz;
		return 0;
	case KMTQAITYPE_ADAPTERPERFDATA_CAPS:
		if (!fake->pcie_bytes || size != 40)
			return -EINVAL;
		words[2] = fake->pcie_bytes;
		return 0;
	default:
		return -EINVAL;
	}
}

int dxg_query_clock_calibration(struct dxg *dxg, d3dkmt_handle adapter, uint32_t node,
				struct dxgk_gpuclockdata *out)
{
	const struct fake_adapter *fake = find(adapter);

	(void)dxg;
	fake_host.round_trips++;
	memset(out, 0, sizeof(*out));
	if (!fake || node != fake->kmd.compute_node)
		return -EINVAL;
	if (fake->clock_error)
		return fake->clock_error;
	*out = fake->clock;
	return 0;
}

int kmd_adapter_identify(struct dxg *dxg, d3dkmt_handle adapter, struct kmd_pci_ids *ids)
{
	const struct fake_adapter *fake = find(adapter);

	int ret = ask(fake);

	(void)dxg;
	if (ret)
		return ret;
	*ids = fake->pci;
	return fake->identify_error;
}

int kmd_adapter_locate(struct dxg *dxg, d3dkmt_handle adapter, struct kmd_pci_address *address)
{
	const struct fake_adapter *fake = find(adapter);

	int ret = ask(fake);

	(void)dxg;
	if (ret)
		return ret;
	*address = fake->address;
	return fake->locate_error;
}

int kmd_adapter_driver_version(struct dxg *dxg, d3dkmt_handle adapter, uint64_t *version)
{
	const struct fake_adapter *fake = find(adapter);
	int ret = ask(fake);

	(void)dxg;
	*version = 0;
	if (ret || fake->version_error)
		return ret ? ret : fake->version_error;
	*version = fake->driver_version;
	return 0;
}

int kmd_adapter_read(struct dxg *dxg, const struct dxg_adapter *adapter, const struct kmd_pci_ids *ids,
		     const struct kmd_expected *expected, struct kmd_adapter *out, struct kmd_failure *why)
{
	const struct fake_adapter *fake = find(adapter->handle);

	int ret = ask(fake);

	(void)dxg;
	fake_host.round_trips += 4;
	memset(out, 0, sizeof(*out));
	memset(why, 0, sizeof(*why));
	if (ret)
		return ret;
	if (ids->vendor != KMD_VENDOR_AMD)
		fake_host.private_queries++;
	if (fake->read_error) {
		why->rule = 3;
		strcpy(why->text, "said already");
		return fake->read_error;
	}
	if (!expected && !fake->kmd.geometry_trusted)
		return -EPROTO;
	*out = fake->kmd;
	out->pci = *ids;
	out->luid = adapter->luid;
	return 0;
}

void kmd_adapter_report_hidden(const struct kmd_pci_ids *ids, struct winluid luid, uint32_t rule,
			       const char *text)
{
	(void)luid;
	log_err("adapter %04x:%04x: rule %u: %s", ids->vendor, ids->device, rule, text);
}

static void set_valid(struct kmd_adapter *kmd, enum kmd_field field)
{
	kmd->valid |= UINT64_C(1) << field;
}

static struct fake_adapter base(uint32_t luid, uint32_t device, uint32_t revision, uint32_t bus)
{
	struct fake_adapter fake = {
		.luid = {.a = luid, .b = 0},
		.pci = {.vendor = KMD_VENDOR_AMD, .device = device, .revision = revision, .subsystem = 0x438},
		.address = {.bus = bus},
		.driver_version = 0x0020000000150000,
		.kmd = {.engine_count = 5,
			.engines = {0, 5, 4, 7},
			.graphics_node = 0,
			.compute_node = 1,
			.sdma_node = {2, 3},
			.counter_hz = 100000000,
			.geometry_trusted = true,
			.cus_per_wgp = 2,
			.wave_size = 32,
			.pcie_atomics = true},
		.clock = {.gpu_frequency = 100000000,
			  .gpu_clock_counter = 123456789,
			  .cpu_clock_counter = 77},
	};

	set_valid(&fake.kmd, KMD_FIELD_GEOMETRY);
	set_valid(&fake.kmd, KMD_FIELD_VRAM_HEAPS);
	set_valid(&fake.kmd, KMD_FIELD_NON_LOCAL);
	set_valid(&fake.kmd, KMD_FIELD_FAMILY);
	set_valid(&fake.kmd, KMD_FIELD_REVISION);
	set_valid(&fake.kmd, KMD_FIELD_MEC_FIRMWARE);
	set_valid(&fake.kmd, KMD_FIELD_CLOCK_CALIBRATION);
	return fake;
}

static void set_geometry(struct kmd_adapter *kmd, uint32_t engines, uint32_t arrays, uint16_t wgps)
{
	kmd->shader_engines = engines;
	kmd->arrays_per_engine = arrays;
	for (uint32_t se = 0; se < engines; se++)
		for (uint32_t sa = 0; sa < arrays; sa++)
			kmd->wgp_active[se][sa] = wgps;
	kmd->compute_units = engines * arrays * (uint32_t)__builtin_popcount(wgps) * kmd->cus_per_wgp;
}

/* Navi 21 with one engine of four switched off. */
struct fake_adapter fake_rx6800(void)
{
	struct fake_adapter fake = base(0x6800, 0x73BF, 0xC3, 3);
	struct kmd_adapter *kmd = &fake.kmd;

	set_geometry(kmd, 4, 2, 0x1f);
	kmd->wgp_active[3][0] = 0;
	kmd->wgp_active[3][1] = 0;
	kmd->compute_units = 60;
	kmd->discrete = true;
	kmd->family = 0x8f;
	kmd->chip_revision = 1;
	kmd->mec_firmware = 120;
	kmd->vram_visible = UINT64_C(256) << 20;
	kmd->vram_invisible = (UINT64_C(16) << 30) - kmd->vram_visible;
	kmd->non_local = UINT64_C(16) << 30;
	kmd->bus_width_bits = 256;
	kmd->gl1_bytes = 128 << 10;
	kmd->gl2_bytes = 4 << 20;
	kmd->mall_mib = 128;
	kmd->sqc_data_bytes = 16 << 10;
	kmd->sqc_instruction_bytes = 32 << 10;
	kmd->sqcs_per_wgp = 1;
	set_valid(kmd, KMD_FIELD_BUS_WIDTH);
	set_valid(kmd, KMD_FIELD_GL1_CACHE);
	set_valid(kmd, KMD_FIELD_GL2_CACHE);
	set_valid(kmd, KMD_FIELD_MALL);
	set_valid(kmd, KMD_FIELD_SQC_DATA);
	set_valid(kmd, KMD_FIELD_SQC_INSTRUCTION);
	set_valid(kmd, KMD_FIELD_SQCS_PER_WGP);
	set_valid(kmd, KMD_FIELD_PCIE_ATOMICS);
	fake.name = "AMD Radeon RX 6800";
	fake.engine_hz = UINT64_C(2105000000);
	fake.memory_hz = UINT64_C(2000000000);
	fake.pcie_bytes = UINT64_C(31500000000);
	return fake;
}

/* Navi 31, complete; the host tells nothing but the private data's core. */
struct fake_adapter fake_rx7900xtx(void)
{
	struct fake_adapter fake = base(0x7900, 0x744C, 0xC8, 7);

	set_geometry(&fake.kmd, 6, 2, 0x0f);
	fake.kmd.discrete = true;
	fake.kmd.vram_visible = UINT64_C(24) << 30;
	fake.kmd.pcie_atomics = false;
	return fake;
}

/* Rembrandt: 512 MiB carved out, the rest shared. */
struct fake_adapter fake_radeon680m(void)
{
	struct fake_adapter fake = base(0x680, 0x1681, 0x0A, 0xE3);

	set_geometry(&fake.kmd, 1, 2, 0x07);
	fake.kmd.sdma_node[1] = KMD_NO_NODE;
	fake.kmd.vram_visible = UINT64_C(512) << 20;
	fake.kmd.non_local = UINT64_C(8) << 30;
	fake.name = "AMD Radeon(TM) 680M";
	return fake;
}

struct fake_adapter fake_foreign(void)
{
	struct fake_adapter fake = base(0xf0, 0x2684, 0xA1, 1);

	fake.pci.vendor = 0x10de;
	return fake;
}
