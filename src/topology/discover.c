// SPDX-License-Identifier: MIT
/*
 * From the host's list of adapters to the GPUs that become nodes.  An adapter that cannot be used is closed and
 * leaves one line that says why; it never takes another one with it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "topology/gpu.h"
#include "util/log.h"

/* What became of the adapters that are no nodes. */
struct refusals {
	uint32_t listed;
	uint32_t foreign;
	uint32_t unknown;
	uint32_t failed;
};

struct discovery {
	struct dxg *dxg;
	const char *root;
	uint32_t first_node;
	struct device_table *table;
	struct gpu **gpus;
	uint32_t count;
	struct refusals refused;
};

#define ADAPTER_FORMAT	      "adapter %08x:%08x"
#define ADAPTER_ARGS(adapter) (adapter)->luid.b, (adapter)->luid.a

static void close_handle(struct dxg *dxg, const struct dxg_adapter *adapter)
{
	int ret = dxg_close_adapter(dxg, adapter->handle);

	if (ret)
		log_warn(ADAPTER_FORMAT ": its handle cannot be closed: %s", ADAPTER_ARGS(adapter),
			 strerror(-ret));
}

/* Closes the adapter of a GPU and frees it. */
void gpu_close(struct dxg *dxg, struct gpu *gpu)
{
	struct dxg_adapter adapter = {.handle = gpu->pub.adapter, .luid = gpu->pub.luid};

	close_handle(dxg, &adapter);
	free(gpu);
}

static bool same_luid(struct winluid a, struct winluid b)
{
	return a.a == b.a && a.b == b.b;
}

static bool seen_before(const struct dxg_adapter *adapters, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (same_luid(adapters[i].luid, adapters[index].luid))
			return true;
	return false;
}

static void refuse_unknown(const struct kmd_pci_ids *pci, const struct dxg_adapter *adapter, const char *why)
{
	log_err(ADAPTER_FORMAT
		": hidden: device id 0x%04X revision 0x%02X is not in the device table%s; to allow it, "
		"put a line like \"0x%04X,*,gfx1030,Radeon\" with its own gfx target into %s/local.csv, "
		"or set HSA_OVERRIDE_GFX_VERSION",
		ADAPTER_ARGS(adapter), pci->device, pci->revision, why, pci->device, device_directory());
}

/* -ENODEV: the adapter is not to be a node, and a message says why; -ENOMEM. */
static int read_gpu(struct discovery *d, const struct dxg_adapter *adapter, struct gpu *gpu)
{
	struct kmd_pci_ids pci;
	struct kmd_expected expected;
	struct kmd_failure why = {0};
	int ret = kmd_adapter_identify(d->dxg, adapter->handle, &pci);

	if (ret) {
		log_err(ADAPTER_FORMAT ": hidden: its PCI ids cannot be read: %s", ADAPTER_ARGS(adapter),
			strerror(-ret));
		d->refused.failed++;
		return -ENODEV;
	}
	/* no private query before this: another vendor's driver takes it for something else */
	if (pci.vendor != KMD_VENDOR_AMD) {
		log_info(ADAPTER_FORMAT ": vendor 0x%04X is not AMD, left alone", ADAPTER_ARGS(adapter),
			 pci.vendor);
		d->refused.foreign++;
		return -ENODEV;
	}
	device_table_find(d->table, pci.device, pci.revision, &gpu->device);
	if (!gpu->device.gfx.major && !gfx_version_override_exists()) {
		refuse_unknown(&pci, adapter, "");
		d->refused.unknown++;
		return -ENODEV;
	}
	expected = (struct kmd_expected){
		.compute_units = gpu->device.value[DEVICE_CU],
		.shader_engines = gpu->device.value[DEVICE_SE],
		.arrays_per_engine = gpu->device.value[DEVICE_SA],
	};
	ret = kmd_adapter_read(d->dxg, adapter, &pci, gpu->device.known ? &expected : NULL, &gpu->pub.kmd,
			       &why);
	if (ret) {
		/* it says itself which check or query failed */
		if (!why.text[0])
			log_err(ADAPTER_FORMAT ": hidden: %s", ADAPTER_ARGS(adapter), strerror(-ret));
		d->refused.failed++;
		return -ENODEV;
	}
	gpu->pub.pci_known = !kmd_adapter_locate(d->dxg, adapter->handle, &gpu->pub.pci);
	gpu->pub.adapter = adapter->handle;
	gpu->pub.luid = adapter->luid;
	gpu_query_host(d->dxg, gpu);
	gpu_name_resolve(d->root, gpu);
	return 0;
}

/* Discrete first, then by PCI address, those without one last: the order of the nodes must not change. */
static int by_kind_and_address(const void *a, const void *b)
{
	const struct topology_gpu *x = &(*(struct gpu *const *)a)->pub, *y = &(*(struct gpu *const *)b)->pub;
	uint64_t key[2] = {0};

	if (x->kmd.discrete != y->kmd.discrete)
		return x->kmd.discrete ? -1 : 1;
	if (x->pci_known != y->pci_known)
		return x->pci_known ? -1 : 1;
	if (x->pci_known) {
		key[0] = (uint64_t)x->pci.bus << 32 | x->pci.device << 8 | x->pci.function;
		key[1] = (uint64_t)y->pci.bus << 32 | y->pci.device << 8 | y->pci.function;
	}
	if (key[0] == key[1]) {
		key[0] = (uint64_t)x->luid.b << 32 | x->luid.a;
		key[1] = (uint64_t)y->luid.b << 32 | y->luid.a;
	}
	return key[0] < key[1] ? -1 : key[0] > key[1];
}

/*
 * Gives a GPU its gfx version as node `node`.  0; -ENODEV: unknown and nobody vouches for it; -EINVAL: the
 * environment has nonsense.
 */
static int set_gfx_version(struct gpu *gpu, uint32_t node)
{
	struct topology_gpu *pub = &gpu->pub;
	struct dxg_adapter adapter = {.handle = pub->adapter, .luid = pub->luid};
	int ret = gfx_version_override(node, &pub->gfx_reported, &pub->gfx_overridden);

	if (ret)
		return ret;
	pub->gfx = gpu->device.gfx;
	if (!pub->gfx.major) {
		if (!pub->gfx_overridden) {
			refuse_unknown(&pub->kmd.pci, &adapter, "");
			return -ENODEV;
		}
		if (!pub->kmd.geometry_trusted) {
			refuse_unknown(&pub->kmd.pci, &adapter,
				       " and the host does not describe it well enough for "
				       "HSA_OVERRIDE_GFX_VERSION");
			return -ENODEV;
		}
		pub->gfx = pub->gfx_reported;
	}
	if (!pub->gfx_overridden)
		pub->gfx_reported = pub->gfx;
	return 0;
}

/* Node numbers come from the final order, and the overrides from the node numbers. */
static int settle(struct discovery *d)
{
	uint32_t kept = 0;
	int ret = 0;

	if (d->count)
		qsort(d->gpus, d->count, sizeof(struct gpu *), by_kind_and_address);
	for (uint32_t i = 0; i < d->count; i++) {
		struct gpu *gpu = d->gpus[i];
		struct gpu_geometry geometry;
		struct dxg_adapter adapter = {.handle = gpu->pub.adapter, .luid = gpu->pub.luid};

		if (ret) {
			gpu_close(d->dxg, gpu);
			continue;
		}
		ret = set_gfx_version(gpu, d->first_node + kept);
		if (ret == -ENODEV) {
			d->refused.unknown++;
		} else if (!ret) {
			ret = gpu_geometry_resolve(gpu, &geometry);
			if (ret) {
				log_err(ADAPTER_FORMAT
					": hidden: neither the host nor the device table says how "
					"many compute units device id 0x%04X has",
					ADAPTER_ARGS(&adapter), gpu->pub.kmd.pci.device);
				d->refused.failed++;
			}
		}
		if (!ret) {
			d->gpus[kept++] = gpu;
			continue;
		}
		gpu_close(d->dxg, gpu);
		if (ret != -EINVAL)
			ret = 0;
	}
	d->count = kept;
	/* a failure closes those kept before it, too */
	while (ret && d->count)
		gpu_close(d->dxg, d->gpus[--d->count]);
	return ret;
}

static void explain_no_device(int open_error)
{
	const char *why = strerror(-open_error);

	switch (open_error) {
	case -ENOENT:
	case -ENXIO:
		why = "there is no /dev/dxg; this is not WSL2, or its GPU support is turned off";
		break;
	case -ENOTTY:
		why = "/dev/dxg is a file, not the GPU device of WSL2";
		break;
	case -EBADF:
	case -ENODEV:
		why = "/dev/dxg has no virtual GPU; Windows offers none to this virtual machine";
		break;
	case -EACCES:
		why = "no permission to open /dev/dxg";
		break;
	}
	log_err("no GPU node: %s", why);
}

static void explain_no_gpu(const struct refusals *refused)
{
	if (!refused->listed)
		log_err("no GPU node: Windows offers no virtual GPU to this virtual machine");
	else if (refused->foreign == refused->listed)
		log_err("no GPU node: %u adapter(s), none of them AMD's", refused->listed);
	else
		log_err("no GPU node: of %u adapter(s) %u of other vendors, %u of unknown device id, %u "
			"failed a check "
			"or a query",
			refused->listed, refused->foreign, refused->unknown, refused->failed);
}

static int read_adapters(struct discovery *d, const struct dxg_adapter *adapters, size_t count)
{
	int ret = 0;

	for (size_t i = 0; i < count; i++) {
		struct gpu *gpu = NULL;
		int refused = -ENODEV;

		if (!seen_before(adapters, i)) {
			d->refused.listed++;
			gpu = ret ? NULL : calloc(1, sizeof(*gpu));
			if (gpu)
				refused = read_gpu(d, &adapters[i], gpu);
			else if (!ret)
				ret = -ENOMEM;
		}
		if (refused) {
			free(gpu);
			close_handle(d->dxg, &adapters[i]);
		} else {
			d->gpus[d->count++] = gpu;
		}
	}
	return ret;
}

/*
 * Opens and reads every usable AMD adapter, in the order of the nodes that start at `first_node`.  The caller owns
 * the array and gpu_close()s each; their adapter handles are open.  `dxg` may be NULL, then `open_error` says why.
 * None at all is success; one message says why there is none.
 *
 * Round trips to the host: none for the list and the handles, which the guest kernel keeps; per AMD adapter one
 * for the PCI ids, five for the private data and its checks (kmd_adapter_read), one for the PCI address, and
 * four or, integrated, three for name, clocks and PCIe bandwidth; one more where the driver's version is logged.
 * With the two that make and end the process on the host, that is 13, at most 14.
 *
 * -ENOMEM; -EINVAL: HSA_OVERRIDE_GFX_VERSION cannot be understood; what the enumeration fails with.
 */
int gpu_discover(struct dxg *dxg, int open_error, const char *root, uint32_t first_node, struct gpu ***gpus,
		 uint32_t *count)
{
	struct dxg_adapter adapters[DXG_MAX_ADAPTERS];
	struct discovery d = {.dxg = dxg, .root = root, .first_node = first_node};
	size_t listed;
	int ret;

	*gpus = NULL;
	*count = 0;
	if (!dxg) {
		explain_no_device(open_error);
		return 0;
	}
	ret = device_table_create(&d.table);
	if (!ret)
		ret = device_table_add_directory(d.table, device_directory());
	if (!ret) {
		d.gpus = calloc(DXG_MAX_ADAPTERS, sizeof(struct gpu *));
		ret = d.gpus ? 0 : -ENOMEM;
	}
	if (!ret) {
		ret = dxg_enum_adapters(dxg, adapters, &listed);
		if (ret)
			log_err("the adapters cannot be listed: %s", strerror(-ret));
	}
	if (!ret) {
		ret = read_adapters(&d, adapters, listed);
		if (ret) {
			while (d.count)
				gpu_close(dxg, d.gpus[--d.count]);
		} else {
			ret = settle(&d);
		}
	}
	device_table_destroy(d.table);
	if (ret) {
		free(d.gpus);
		return ret;
	}
	if (!d.count)
		explain_no_gpu(&d.refused);
	*gpus = d.gpus;
	*count = d.count;
	return 0;
}
