// SPDX-License-Identifier: MIT
/*
 * A GPU whose adapter was removed, found among the adapters that are there now.
 *
 * Windows gives the guest a virtual GPU by a channel, and the LUID is the channel's (dxgkrnl: dxgmodule.c): when the host's driver is
 * restarted, or a card is taken out and put back, the same GPU comes under another one.  What stays is what it is and where it is
 * plugged.  A node never changes while the library is open, so what comes in the place of its GPU has to be what the node tells.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topology/gpu.h"
#include "topology/topology_private.h"
#include "util/compiler.h"
#include "util/log.h"

#define LUID_FORMAT	"%08x:%08x"
#define LUID_ARGS(luid) (luid).b, (luid).a

/* What nodes report, and what memory and queues were made for. */
static const struct promise {
	const char *name;
	uint16_t offset, size;
} promises[] = {
#define PROMISE(member, name)                                                                         \
	{                                                                                             \
		name, offsetof(struct kmd_adapter, member), sizeof(((struct kmd_adapter *)0)->member) \
	}
	PROMISE(driver_version, "driver version"),
	PROMISE(wddm_version, "WDDM version"),
	PROMISE(discrete, "kind"),
	PROMISE(family, "family"),
	PROMISE(external_revision, "revision"),
	PROMISE(chip_revision, "chip revision"),
	PROMISE(gfx_engine_id, "gfx version"),
	PROMISE(me_firmware, "ME firmware"),
	PROMISE(mec_firmware, "MEC firmware"),
	PROMISE(pfp_firmware, "PFP firmware"),
	PROMISE(node_count, "number of scheduling nodes"),
	PROMISE(segment_count, "number of memory segments"),
	PROMISE(engine_count, "number of engines"),
	PROMISE(engines, "table of engines"),
	PROMISE(hws_mask, "mask of hardware queues"),
	PROMISE(no_timeout_mask, "mask of time-outs"),
	PROMISE(firmware_managed_state, "management of state"),
	PROMISE(pcie_atomics, "PCIe atomics"),
	PROMISE(vram_visible, "visible VRAM"),
	PROMISE(vram_invisible, "invisible VRAM"),
	PROMISE(non_local, "shared memory"),
	PROMISE(dedicated_video, "video memory"),
	PROMISE(va_base, "lowest address"),
	PROMISE(va_limit, "highest address"),
	PROMISE(pte_fragment, "page fragment"),
	PROMISE(ib_alignment, "alignment of commands"),
	PROMISE(shader_engines, "number of shader engines"),
	PROMISE(arrays_per_engine, "number of shader arrays"),
	PROMISE(cus_per_wgp, "size of work-group processors"),
	PROMISE(compute_units, "number of compute units"),
	PROMISE(wave_size, "wave size"),
	PROMISE(wgp_active, "map of compute units"),
	PROMISE(gl1_bytes, "GL1 cache"),
	PROMISE(gl2_bytes, "GL2 cache"),
	PROMISE(mall_mib, "last-level cache"),
	PROMISE(sqc_instruction_bytes, "instruction cache"),
	PROMISE(sqc_data_bytes, "scalar cache"),
	PROMISE(bus_width_bits, "memory bus"),
	PROMISE(counter_hz, "timestamp clock"),
#undef PROMISE
};

static bool same_luid(struct winluid a, struct winluid b)
{
	return a.a == b.a && a.b == b.b;
}

static bool same_address(const struct kmd_pci_address *a, const struct kmd_pci_address *b)
{
	return a->bus == b->bus && a->device == b->device && a->function == b->function;
}

static void close_handle(struct topology *topology, d3dkmt_handle handle, struct winluid luid)
{
	int ret = dxg_close_adapter(topology->dxg, handle);

	if (ret)
		log_warn("adapter " LUID_FORMAT ": its handle cannot be closed: %s", LUID_ARGS(luid),
			 strerror(-ret));
}

/* Closes what was found again; for topology_destroy(). */
void adapters_again_release(struct topology *topology)
{
	struct adapter_again *again;

	while ((again = topology->again)) {
		topology->again = again->next;
		if (again->handle)
			close_handle(topology, again->handle, again->luid);
		free(again);
	}
}

/* The handle of a GPU's adapter: the first, or of what was found in the place of one that was removed. */
d3dkmt_handle adapter_latest(struct topology *topology, const struct topology_gpu *gpu)
{
	d3dkmt_handle handle = gpu->adapter;
	const struct adapter_again *again;

	pthread_mutex_lock(&topology->lock);
	for (again = topology->again; again && !(again->gpu == gpu && again->handle);)
		again = again->next;
	if (again)
		handle = again->handle;
	pthread_mutex_unlock(&topology->lock);
	return handle;
}

/* What is known of an adapter in the place of a GPU's, the latest; with the lock. */
static const struct adapter_again *latest(const struct topology *topology, const struct topology_gpu *gpu,
					  struct winluid luid)
{
	const struct adapter_again *again = topology->again;

	while (again && !(again->gpu == gpu && same_luid(again->luid, luid)))
		again = again->next;
	return again;
}

/* Whether it was known before, and not as this GPU's: an adapter that is hidden, or another node's. */
static bool is_another(struct topology *topology, const struct topology_gpu *gpu, struct winluid luid)
{
	bool found = false;

	pthread_mutex_lock(&topology->lock);
	for (uint32_t i = 0; i < topology->found.hidden_count; i++)
		found |= same_luid(topology->found.hidden[i].luid, luid);
	for (uint32_t i = 0; i < topology->found.count; i++) {
		const struct topology_gpu *other = &topology->found.gpus[i]->pub;
		const struct adapter_again *again = latest(topology, other, luid);

		found |= other != gpu && (same_luid(other->luid, luid) || (again && again->handle));
	}
	pthread_mutex_unlock(&topology->lock);
	return found;
}

/* Whether nothing but its place tells the GPU from another node's. */
static bool has_twin(const struct topology *topology, const struct topology_gpu *gpu)
{
	for (uint32_t i = 0; i < topology->found.count; i++) {
		const struct topology_gpu *other = &topology->found.gpus[i]->pub;

		if (other != gpu && kmd_same_ids(&other->kmd.pci, &gpu->kmd.pci))
			return true;
	}
	return false;
}

/*
 * Whether an adapter is the GPU.  0; -ENODEV: it is another one, or it is going away itself; another error: the host did not say.
 */
static int recognise(struct topology *topology, const struct topology_gpu *gpu, d3dkmt_handle handle)
{
	struct kmd_pci_address address;
	struct kmd_pci_ids ids;
	int ret = kmd_adapter_identify(topology->dxg, handle, &ids);

	if (ret)
		return ret;
	if (!kmd_same_ids(&ids, &gpu->kmd.pci))
		return -ENODEV;
	ret = kmd_adapter_locate(topology->dxg, handle, &address);
	if (!gpu->pci_known) {
		/* it had no address that could be read: then it has none now */
		if (ret == -ENODEV || !ret)
			return -ENODEV;
		return has_twin(topology, gpu) ? -ENODEV : 0;
	}
	if (ret)
		return ret;
	return same_address(&address, &gpu->pci) ? 0 : -ENODEV;
}

/* Of the adapters that are listed the GPU's; all others are closed.  -ENODEV: there is none; another error is the host's. */
static int choose(struct topology *topology, const struct topology_gpu *gpu, struct dxg_adapter *out)
{
	struct dxg_adapter listed[DXG_MAX_ADAPTERS];
	size_t count;
	bool found = false;
	int ret = dxg_enum_adapters(topology->dxg, listed, &count), error = -ENODEV;

	if (ret)
		return ret;
	for (size_t i = 0; i < count; i++) {
		ret = -ENODEV;
		if (!found && !is_another(topology, gpu, listed[i].luid))
			ret = recognise(topology, gpu, listed[i].handle);
		if (!ret) {
			*out = listed[i];
			found = true;
			continue;
		}
		if (ret != -ENODEV)
			error = ret;
		close_handle(topology, listed[i].handle, listed[i].luid);
	}
	return found ? 0 : error;
}

static void value_text(const struct promise *promise, const struct kmd_adapter *of, char *text, size_t size)
{
	uint64_t value = 0;

	if (promise->size > sizeof(value)) {
		snprintf(text, size, "another");
		return;
	}
	memcpy(&value, (const char *)of + promise->offset, promise->size); /* little-endian, as the GPU */
	snprintf(text, size, "%#llx", (unsigned long long)value);
}

/* -ESTALE: it is not what the node tells, and a message says what. */
static int compare(const struct topology_gpu *gpu, const struct kmd_adapter *fresh, struct winluid luid)
{
	/* a moment's values, and what the versions are compared by anyway */
	const uint64_t ignored = 1ULL << KMD_FIELD_CLOCK_CALIBRATION | 1ULL << KMD_FIELD_DRIVER_VERSION;
	char before[32], after[32];

	for (size_t i = 0; i < ARRAY_SIZE(promises); i++) {
		const struct promise *promise = &promises[i];

		if (!memcmp((const char *)&gpu->kmd + promise->offset, (const char *)fresh + promise->offset,
			    promise->size))
			continue;
		value_text(promise, &gpu->kmd, before, sizeof(before));
		value_text(promise, fresh, after, sizeof(after));
		log_err("adapter " LUID_FORMAT ": %s is back as " LUID_FORMAT ", but its %s changed, from %s "
			"to %s: the program has to close the library, or to be started again",
			LUID_ARGS(gpu->luid), gpu->name, LUID_ARGS(luid), promise->name, before, after);
		return -ESTALE;
	}
	if ((gpu->kmd.valid ^ fresh->valid) & ~ignored) {
		log_err("adapter " LUID_FORMAT ": %s is back as " LUID_FORMAT ", but the host does not tell "
			"the same of it (%#llx): the program has to close the library, or to be started "
			"again",
			LUID_ARGS(gpu->luid), gpu->name, LUID_ARGS(luid),
			(unsigned long long)(gpu->kmd.valid ^ fresh->valid));
		return -ESTALE;
	}
	return 0;
}

/* Reads it as at first, with the same checks.  -ESTALE; -ENODEV: it is gone again; another error: the host did not say. */
static int read_again(struct topology *topology, const struct topology_gpu *gpu,
		      const struct dxg_adapter *adapter, struct kmd_adapter *kmd)
{
	const struct gpu *whole =
		(const struct gpu *)(const void *)((const char *)gpu - offsetof(struct gpu, pub));
	const struct kmd_expected expected = {
		.compute_units = whole->device.value[DEVICE_CU],
		.shader_engines = whole->device.value[DEVICE_SE],
		.arrays_per_engine = whole->device.value[DEVICE_SA],
	};
	struct kmd_failure why;
	int ret = kmd_adapter_read(topology->dxg, adapter, &gpu->kmd.pci,
				   whole->device.known ? &expected : NULL, kmd, &why);

	/* a self-check that it passed before, and a message has said which */
	if (ret == -EPROTO)
		return -ESTALE;
	if (ret)
		return ret;
	/* a host that told none at first need not tell one now */
	if (!gpu->kmd.driver_version)
		kmd->driver_version = 0;
	else if (!kmd_adapter_has(kmd, KMD_FIELD_DRIVER_VERSION))
		ret = kmd_adapter_driver_version(topology->dxg, adapter->handle, &kmd->driver_version);
	if (ret)
		return ret;
	/* the bus is what the host likes to say at the moment */
	kmd->pci = gpu->kmd.pci;
	return compare(gpu, kmd, adapter->luid);
}

/* The handle that serves already, if it is of the same adapter still; else 0. */
static d3dkmt_handle handle_in_use(struct topology *topology, const struct topology_gpu *gpu,
				   struct winluid luid, bool *stale)
{
	const struct adapter_again *again;
	struct kmd_pci_ids ids;
	d3dkmt_handle handle = 0;

	pthread_mutex_lock(&topology->lock);
	again = latest(topology, gpu, luid);
	*stale = again && !again->handle;
	if (again)
		handle = again->handle;
	else if (same_luid(gpu->luid, luid))
		handle = gpu->adapter;
	pthread_mutex_unlock(&topology->lock);
	return handle && !kmd_adapter_identify(topology->dxg, handle, &ids) ? handle : 0;
}

static void remember(struct topology *topology, struct adapter_again *again)
{
	pthread_mutex_lock(&topology->lock);
	again->next = topology->again;
	topology->again = again;
	pthread_mutex_unlock(&topology->lock);
}

/*
 * Finds the adapter of a node's GPU that was removed and opens it: one with the same PCI ids at the same PCI address, whatever its
 * LUID, read and checked as at first.  The node and its id stay as they were.  The handle is the topology's, until
 * topology_destroy(); `kmd` is filled.  At most one thread per GPU at a time.
 *
 * -ENODEV: it is not there (yet); -ESTALE: it is, but something that a node reports has changed, a message says once what, and the
 * library has to be closed and opened to use it; -ENOMEM; another error: the host does not answer as it should.
 */
int topology_find_again(struct topology *topology, const struct topology_gpu *gpu, d3dkmt_handle *adapter,
			struct kmd_adapter *kmd)
{
	struct adapter_again *again = calloc(1, sizeof(*again));
	struct dxg_adapter found;
	d3dkmt_handle used;
	bool stale;
	int ret;

	*adapter = 0;
	if (!again)
		return -ENOMEM;
	ret = choose(topology, gpu, &found);
	if (ret) {
		free(again);
		return ret;
	}
	used = handle_in_use(topology, gpu, found.luid, &stale);
	if (stale || used)
		close_handle(topology, found.handle, found.luid);
	if (used)
		found.handle = used;
	ret = stale ? -ESTALE : read_again(topology, gpu, &found, kmd);
	if (!ret)
		*adapter = found.handle;
	if (ret && !stale && !used)
		close_handle(topology, found.handle, found.luid);
	if (stale || used || (ret && ret != -ESTALE)) {
		free(again);
		return ret;
	}
	*again = (struct adapter_again){.gpu = gpu, .luid = found.luid, .handle = *adapter};
	remember(topology, again);
	return ret;
}
