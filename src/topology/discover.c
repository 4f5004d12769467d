// SPDX-License-Identifier: MIT
/*
 * From the host's list of adapters to the GPUs that become nodes.  An adapter that cannot be used is closed and
 * leaves one line that says why; it never takes another one with it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
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
	struct gpu_discovery found;
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
static void gpu_close(struct dxg *dxg, struct gpu *gpu)
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

/* Remembers an adapter that is no node, and why; `pci` may be NULL.  There is room for all that are listed. */
static void PRINTF_LIKE(5, 6)
	hide(struct discovery *d, const struct dxg_adapter *adapter, const struct kmd_pci_ids *pci,
	     enum topology_hidden_reason reason, const char *fmt, ...)
{
	struct topology_hidden *hidden = &d->found.hidden[d->found.hidden_count++];
	va_list args;

	hidden->luid = adapter->luid;
	if (pci)
		hidden->pci = *pci;
	hidden->reason = reason;
	if (reason == TOPOLOGY_HIDDEN_UNKNOWN)
		hidden->rule = KMD_RULE_UNKNOWN_DEVICE;
	va_start(args, fmt);
	vsnprintf(hidden->text, sizeof(hidden->text), fmt, args);
	va_end(args);
	if (reason == TOPOLOGY_HIDDEN_FOREIGN)
		d->refused.foreign++;
	else if (reason == TOPOLOGY_HIDDEN_UNKNOWN)
		d->refused.unknown++;
	else
		d->refused.failed++;
	if (reason == TOPOLOGY_HIDDEN_FOREIGN)
		log_info(ADAPTER_FORMAT ": %s", ADAPTER_ARGS(adapter), hidden->text);
	else if (reason == TOPOLOGY_HIDDEN_UNKNOWN)
		kmd_adapter_report_hidden(pci, adapter->luid, hidden->rule, hidden->text);
	else if (reason != TOPOLOGY_HIDDEN_SELF_CHECK) /* these have been reported by the checks */
		log_err(ADAPTER_FORMAT ": hidden: %s", ADAPTER_ARGS(adapter), hidden->text);
}

static void hide_unknown(struct discovery *d, const struct kmd_pci_ids *pci,
			 const struct dxg_adapter *adapter, const char *why)
{
	hide(d, adapter, pci, TOPOLOGY_HIDDEN_UNKNOWN,
	     "unknown device: device id 0x%04X revision 0x%02X is not in the device table%s; to allow it, "
	     "put a line like \"0x%04X,*,gfx1030,Radeon\" with its own gfx target into %s/local.csv, "
	     "or set HSA_OVERRIDE_GFX_VERSION",
	     pci->device, pci->revision, why, pci->device, device_directory());
}

static void hide_failed(struct discovery *d, const struct kmd_pci_ids *pci, const struct dxg_adapter *adapter,
			const struct kmd_failure *why, int error)
{
	/* the checks say themselves what failed, if they came so far */
	if (!why->text[0])
		log_err(ADAPTER_FORMAT ": hidden: %s", ADAPTER_ARGS(adapter), strerror(-error));
	hide(d, adapter, pci, TOPOLOGY_HIDDEN_SELF_CHECK, "%s", why->text[0] ? why->text : strerror(-error));
	d->found.hidden[d->found.hidden_count - 1].rule = why->rule;
}

/* -ENODEV: the adapter is not to be a node, and a message says why; -ENOMEM. */
static int read_gpu(struct discovery *d, const struct dxg_adapter *adapter, struct gpu *gpu)
{
	struct kmd_pci_ids pci;
	struct kmd_expected expected;
	struct kmd_failure why = {0};
	int ret = kmd_adapter_identify(d->dxg, adapter->handle, &pci);

	if (ret) {
		hide(d, adapter, NULL, TOPOLOGY_HIDDEN_NO_IDS, "its PCI ids cannot be read: %s",
		     strerror(-ret));
		return -ENODEV;
	}
	/* no private query before this: another vendor's driver takes it for something else */
	if (pci.vendor != KMD_VENDOR_AMD) {
		hide(d, adapter, &pci, TOPOLOGY_HIDDEN_FOREIGN, "vendor 0x%04X is not AMD, left alone",
		     pci.vendor);
		return -ENODEV;
	}
	device_table_find(d->table, pci.device, pci.revision, &gpu->device);
	if (!gpu->device.gfx.major && !gfx_version_override_exists()) {
		hide_unknown(d, &pci, adapter, "");
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
		hide_failed(d, &pci, adapter, &why, ret);
		return -ENODEV;
	}
	/* what comes back after a removal is compared with it: topology_find_again() */
	if (!kmd_adapter_has(&gpu->pub.kmd, KMD_FIELD_DRIVER_VERSION))
		kmd_adapter_driver_version(d->dxg, adapter->handle, &gpu->pub.kmd.driver_version);
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
static int set_gfx_version(struct discovery *d, struct gpu *gpu, uint32_t node)
{
	struct topology_gpu *pub = &gpu->pub;
	struct dxg_adapter adapter = {.handle = pub->adapter, .luid = pub->luid};
	int ret = gfx_version_override(node, &pub->gfx_reported, &pub->gfx_overridden);

	if (ret)
		return ret;
	pub->gfx = gpu->device.gfx;
	if (!pub->gfx.major) {
		if (!pub->gfx_overridden) {
			hide_unknown(d, &pub->kmd.pci, &adapter, "");
			return -ENODEV;
		}
		if (!pub->kmd.geometry_trusted) {
			hide_unknown(d, &pub->kmd.pci, &adapter,
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

	if (d->found.count)
		qsort(d->found.gpus, d->found.count, sizeof(struct gpu *), by_kind_and_address);
	for (uint32_t i = 0; i < d->found.count; i++) {
		struct gpu *gpu = d->found.gpus[i];
		struct gpu_geometry geometry;
		struct dxg_adapter adapter = {.handle = gpu->pub.adapter, .luid = gpu->pub.luid};

		if (ret) {
			gpu_close(d->dxg, gpu);
			continue;
		}
		ret = set_gfx_version(d, gpu, d->first_node + kept);
		if (!ret) {
			ret = gpu_geometry_resolve(gpu, &geometry);
			if (ret)
				hide(d, &adapter, &gpu->pub.kmd.pci, TOPOLOGY_HIDDEN_NO_GEOMETRY,
				     "neither the host nor the device table says how many compute units "
				     "device id 0x%04X has",
				     gpu->pub.kmd.pci.device);
		}
		if (!ret) {
			d->found.gpus[kept++] = gpu;
			continue;
		}
		gpu_close(d->dxg, gpu);
		if (ret != -EINVAL)
			ret = 0;
	}
	d->found.count = kept;
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
			d->found.gpus[d->found.count++] = gpu;
		}
	}
	return ret;
}

/* Closes the adapters and frees the lists of what gpu_discover() found. */
void gpu_discovery_release(struct dxg *dxg, struct gpu_discovery *found)
{
	while (found->count)
		gpu_close(dxg, found->gpus[--found->count]);
	free(found->gpus);
	free(found->hidden);
	memset(found, 0, sizeof(*found));
}

/*
 * Opens and reads every usable AMD adapter, in the order of the nodes that start at `first_node`.  The caller
 * releases what was found with gpu_discovery_release(); the adapter handles of the GPUs are open until then.
 * `dxg` may be NULL, then `open_error` says why.  No GPU at all is success; one message says why there is none.
 *
 * Round trips to the host: none for the list and the handles, which the guest kernel keeps; per AMD adapter one
 * for the PCI ids, five for the private data and its checks (kmd_adapter_read), one for the driver's version, one for the
 * PCI address, and four or, integrated, three for name, clocks and PCIe bandwidth.
 * With the two that make and end the process on the host, that is 14.
 *
 * -ENOMEM; -EINVAL: HSA_OVERRIDE_GFX_VERSION cannot be understood; what the enumeration fails with.
 */
int gpu_discover(struct dxg *dxg, int open_error, const char *root, uint32_t first_node,
		 struct gpu_discovery *out)
{
	struct dxg_adapter adapters[DXG_MAX_ADAPTERS];
	struct discovery d = {.dxg = dxg, .root = root, .first_node = first_node};
	size_t listed;
	int ret;

	memset(out, 0, sizeof(*out));
	if (!dxg) {
		explain_no_device(open_error);
		return 0;
	}
	ret = device_table_create(&d.table);
	if (!ret)
		ret = device_table_add_directory(d.table, device_directory());
	if (!ret) {
		d.found.gpus = calloc(DXG_MAX_ADAPTERS, sizeof(struct gpu *));
		d.found.hidden = calloc(DXG_MAX_ADAPTERS, sizeof(*d.found.hidden));
		ret = d.found.gpus && d.found.hidden ? 0 : -ENOMEM;
	}
	if (!ret) {
		ret = dxg_enum_adapters(dxg, adapters, &listed);
		if (ret)
			log_err("the adapters cannot be listed: %s", strerror(-ret));
	}
	if (!ret)
		ret = read_adapters(&d, adapters, listed);
	if (!ret)
		ret = settle(&d);
	device_table_destroy(d.table);
	if (ret) {
		gpu_discovery_release(dxg, &d.found);
		return ret;
	}
	if (!d.found.count)
		explain_no_gpu(&d.refused);
	*out = d.found;
	return 0;
}
