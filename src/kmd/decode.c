// SPDX-License-Identifier: MIT
#include "kmd/decode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kmd/layouts.h"
#include "util/slack.h"

/* Entries looked at when the table does not say how many it has. */
#define DEFAULT_ENGINES 32U

#define KIB 1024U
#define MIB (1024U * KIB)

/*
 * Zeroes the part of a reply that travels and puts a canary behind it.  Zeros are what every known client
 * sends; no valid reply leaves them as they are, so they serve as the "must change" pattern too.
 */
void kmd_reply_prepare(struct kmd_reply *reply)
{
	reply->error = -ENODATA;
	memset(reply->data, 0, reply->size);
	slack_fill(reply->data, reply->size, reply->capacity);
}

/*
 * Allocates and prepares the buffers of all replies; the caller destroys them.  The host could write
 * more than was asked for, so each buffer is twice as large.  -ENOMEM.
 */
int kmd_replies_create(struct kmd_replies *replies)
{
	static const uint32_t sizes[] = {KMD_EX_QUERY_SIZE, KMD_ATI_QUERY_SIZE, KMD_SEGMENT_SIZE_SIZE,
					 KMD_STATISTICS_SIZE};
	struct kmd_reply *all[] = {&replies->ex, &replies->ati, &replies->segments, &replies->statistics};

	memset(replies, 0, sizeof(*replies));
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		all[i]->size = sizes[i];
		all[i]->capacity = 2 * (size_t)sizes[i];
		all[i]->data = malloc(all[i]->capacity);
		if (!all[i]->data) {
			kmd_replies_destroy(replies);
			return -ENOMEM;
		}
		kmd_reply_prepare(all[i]);
	}
	replies->clock_error = -ENODATA;
	replies->driver_version_error = -ENODATA;
	return 0;
}

void kmd_replies_destroy(struct kmd_replies *replies)
{
	free(replies->ex.data);
	free(replies->ati.data);
	free(replies->segments.data);
	free(replies->statistics.data);
	memset(replies, 0, sizeof(*replies));
}

static struct blob_reader reader_of(const struct blob_layout *layout, const struct kmd_reply *reply)
{
	return (struct blob_reader){.layout = layout, .data = reply->data, .size = reply->size};
}

static void mark(struct kmd_adapter *adapter, enum kmd_field field, bool valid)
{
	if (valid)
		adapter->valid |= 1ULL << field;
}

/* A value the host gives as 0 when it has none, and which is not believed above `most`. */
static uint32_t plausible(struct kmd_adapter *adapter, enum kmd_field field, uint32_t value, uint32_t least,
			  uint32_t most)
{
	if (value < least || value > most)
		return 0;
	mark(adapter, field, true);
	return value;
}

static char printable(uint64_t unit)
{
	return unit >= 0x20 && unit < 0x7f ? (char)unit : '?';
}

/* For messages only: what is not printable ASCII becomes a question mark. */
static void decode_path(struct blob_reader *reader, uint32_t id, char path[KMD_PATH_SIZE])
{
	uint32_t count = MIN(field_element_count(&reader->layout->fields[id]), KMD_PATH_SIZE - 1);
	uint32_t i;

	for (i = 0; i < count; i++) {
		uint64_t unit = blob_read_element(reader, id, i);

		if (!unit)
			break;
		path[i] = printable(unit);
	}
	path[i] = '\0';
}

static int decode_proxy(const struct kmd_reply *reply, struct kmd_adapter *out)
{
	struct blob_reader r = reader_of(&proxy_layout, reply);

	out->discrete = blob_read(&r, PROXY_DRIVER_ID) == 0;
	out->wddm_version = blob_read32(&r, PROXY_WDDM_VERSION);
	decode_path(&r, PROXY_REGISTRY_PATH, out->registry_path);
	return r.error;
}

static int decode_ati(const struct kmd_reply *reply, struct kmd_adapter *out)
{
	struct blob_reader r = reader_of(&ati_layout, reply);
	uint32_t width;

	out->subsystem_id =
		plausible(out, KMD_FIELD_SUBSYSTEM, blob_read32(&r, ATI_SUBSYSTEM_ID), 1, UINT32_MAX);
	out->vram_type = (enum kmd_vram_type)plausible(
		out, KMD_FIELD_VRAM_TYPE, blob_read32(&r, ATI_VRAM_TYPE), KMD_VRAM_GDDR3, KMD_VRAM_HBM4);
	width = blob_read32(&r, ATI_BUS_WIDTH);
	if (IS_ALIGNED(width, 8U))
		out->bus_width_bits = plausible(out, KMD_FIELD_BUS_WIDTH, width, 8, 8192);
	decode_path(&r, ATI_UMD_REGISTRY_PATH, out->umd_registry_path);
	out->rb_pipes = plausible(out, KMD_FIELD_RB_PIPES, blob_read32(&r, ATI_RB_PIPES), 1, 64);
	if (out->rb_pipes) {
		out->rb_enabled = blob_read32(&r, ATI_RB_ENABLED);
		out->rb_mask = blob_read(&r, ATI_RB_MASK);
	}
	return r.error;
}

static uint32_t find_engine(const struct kmd_adapter *adapter, enum kmd_engine id)
{
	for (uint32_t i = 0; i < adapter->engine_count; i++)
		if (adapter->engines[i] == id)
			return i;
	return KMD_NO_NODE;
}

/*
 * The index of the table is the node ordinal.  Entries past the count are only looked at when there is no
 * count, and then zeros cannot be told from graphics engines: node 0 alone may be one.
 */
static void decode_engines(struct blob_reader *r, struct kmd_adapter *out)
{
	uint32_t count = blob_read32(r, EX_ENGINE_COUNT);

	if (count >= 1 && count <= KMD_MAX_ENGINES) {
		mark(out, KMD_FIELD_ENGINE_COUNT, true);
		out->engine_count = count;
	} else {
		out->engine_count = DEFAULT_ENGINES;
	}
	for (uint32_t i = 0; i < out->engine_count; i++)
		out->engines[i] = (uint8_t)blob_read_element(r, EX_ENGINE_TABLE, i);
	if (!kmd_adapter_has(out, KMD_FIELD_ENGINE_COUNT))
		while (out->engine_count > 1 && !out->engines[out->engine_count - 1])
			out->engine_count--;
	out->graphics_node = find_engine(out, KMD_ENGINE_GRAPHICS);
	if (!kmd_adapter_has(out, KMD_FIELD_ENGINE_COUNT) && out->graphics_node != 0)
		out->graphics_node = KMD_NO_NODE;
	out->compute_node = find_engine(out, KMD_ENGINE_COMPUTE0);
	out->sdma_node[0] = find_engine(out, KMD_ENGINE_SDMA0);
	out->sdma_node[1] = find_engine(out, KMD_ENGINE_SDMA1);
}

static void decode_identity(struct blob_reader *r, struct kmd_adapter *out)
{
	out->family = plausible(out, KMD_FIELD_FAMILY, blob_read32(r, EX_FAMILY_ID), 1, UINT32_MAX);
	out->external_revision = blob_read32(r, EX_EXTERNAL_REVISION);
	out->chip_revision = blob_read32(r, EX_CHIP_REVISION);
	out->gfx_engine_id = blob_read32(r, EX_GFX_ENGINE_ID);
	/* revision 0 is a revision; a family of 0 says that nobody filled this in */
	mark(out, KMD_FIELD_REVISION, kmd_adapter_has(out, KMD_FIELD_FAMILY));
	out->me_firmware =
		plausible(out, KMD_FIELD_ME_FIRMWARE, blob_read32(r, EX_ME_FIRMWARE), 1, UINT32_MAX);
	out->mec_firmware =
		plausible(out, KMD_FIELD_MEC_FIRMWARE, blob_read32(r, EX_MEC_FIRMWARE), 1, UINT32_MAX);
	out->pfp_firmware =
		plausible(out, KMD_FIELD_PFP_FIRMWARE, blob_read32(r, EX_PFP_FIRMWARE), 1, UINT32_MAX);
}

static void decode_geometry(struct blob_reader *r, struct kmd_adapter *out)
{
	uint32_t wgps = 0;

	for (uint32_t i = 0; i < KMD_WGP_MAP_SE * KMD_WGP_MAP_SA; i++) {
		uint16_t active = (uint16_t)blob_read_element(r, EX_WGP_ACTIVE, i);

		out->wgp_active[i / KMD_WGP_MAP_SA][i % KMD_WGP_MAP_SA] = active;
		out->wgp_always_on[i / KMD_WGP_MAP_SA][i % KMD_WGP_MAP_SA] =
			(uint16_t)blob_read_element(r, EX_WGP_ALWAYS_ON, i);
		wgps += (uint32_t)__builtin_popcount(active);
	}
	out->shader_engines = blob_read32(r, EX_SHADER_ENGINES);
	out->arrays_per_engine = blob_read32(r, EX_ARRAYS_PER_ENGINE);
	out->cus_per_wgp = blob_read32(r, EX_CUS_PER_WGP);
	out->wave_size = blob_read32(r, EX_WAVE_SIZE);
	if (!__builtin_mul_overflow(wgps, out->cus_per_wgp, &out->compute_units))
		mark(out, KMD_FIELD_GEOMETRY, true);
	out->vgprs = plausible(out, KMD_FIELD_VGPRS, blob_read32(r, EX_VGPRS), 1, 64 * KIB);
	out->rbs_per_engine = plausible(out, KMD_FIELD_RBS, blob_read32(r, EX_RBS_PER_ENGINE), 1, 64);
}

static void decode_caches(struct blob_reader *r, struct kmd_adapter *out)
{
	out->gl1_bytes = plausible(out, KMD_FIELD_GL1_CACHE, blob_read32(r, EX_GL1_SIZE), 4 * KIB, 16 * MIB);
	out->gl2_bytes =
		plausible(out, KMD_FIELD_GL2_CACHE, blob_read32(r, EX_GL2_SIZE), 64 * KIB, 512 * MIB);
	out->gl2_channels = plausible(out, KMD_FIELD_GL2_CHANNELS, blob_read32(r, EX_GL2_CHANNELS), 1, 256);
	/* 0 is an answer where there is no such cache, but only from a driver that knows of caches */
	out->mall_mib = plausible(out, KMD_FIELD_MALL, blob_read32(r, EX_MALL_SIZE),
				  kmd_adapter_has(out, KMD_FIELD_GL2_CACHE) ? 0 : 1, 4096);
	out->sqc_instruction_bytes = plausible(out, KMD_FIELD_SQC_INSTRUCTION,
					       blob_read32(r, EX_SQC_INSTRUCTION_SIZE), KIB, 4 * MIB);
	out->sqc_data_bytes =
		plausible(out, KMD_FIELD_SQC_DATA, blob_read32(r, EX_SQC_DATA_SIZE), KIB, 4 * MIB);
	out->sqcs_per_wgp = plausible(out, KMD_FIELD_SQCS_PER_WGP, blob_read32(r, EX_SQCS_PER_WGP), 1, 8);
}

static void decode_memory(struct blob_reader *r, struct kmd_adapter *out)
{
	uint32_t fragment = blob_read32(r, EX_PTE_FRAGMENT);
	bool aligned = true;

	out->vram_visible = blob_read(r, EX_VRAM_VISIBLE);
	out->vram_invisible = blob_read(r, EX_VRAM_INVISIBLE);
	mark(out, KMD_FIELD_VRAM_HEAPS, out->vram_visible || out->vram_invisible);
	out->non_local = blob_read(r, EX_NON_LOCAL);
	mark(out, KMD_FIELD_NON_LOCAL, out->non_local != 0);
	out->va_base = blob_read(r, EX_VA_BASE);
	out->va_limit = blob_read(r, EX_VA_LIMIT);
	mark(out, KMD_FIELD_VA_RANGE, true);
	/* 4 KiB means that the driver builds no fragments, or did not fill it in: either way, no hint */
	if (fragment >= 1 && fragment <= 19) {
		out->pte_fragment = 4096ULL << fragment;
		mark(out, KMD_FIELD_PTE_FRAGMENT, true);
	}
	for (uint32_t i = 0; i < KMD_IB_ALIGNMENTS; i++) {
		uint32_t start = (uint32_t)blob_read_element(r, EX_IB_START_ALIGNMENT, i);
		uint32_t size = (uint32_t)blob_read_element(r, EX_IB_SIZE_ALIGNMENT, i);

		if (IS_POWER_OF_TWO(start) && IS_POWER_OF_TWO(size) && start <= 64 * KIB &&
		    size <= 64 * KIB) {
			out->ib_alignment[i].start = start;
			out->ib_alignment[i].size = size;
		} else if (i == KMD_IP_GRAPHICS || i == KMD_IP_COMPUTE) {
			aligned = false;
		}
	}
	mark(out, KMD_FIELD_IB_ALIGNMENT, aligned);
}

static int decode_ex(const struct kmd_reply *reply, struct kmd_adapter *out)
{
	struct blob_reader r = reader_of(&ex_layout, reply);

	decode_engines(&r, out);
	decode_identity(&r, out);
	decode_geometry(&r, out);
	decode_caches(&r, out);
	decode_memory(&r, out);
	out->counter_hz = blob_read32(&r, EX_COUNTER_HZ);
	out->firmware_managed_state = blob_read(&r, EX_FIRMWARE_MANAGED_STATE) != 0;
	/* the bit is about PCI Express; an integrated GPU shares the memory controller */
	out->pcie_atomics = !out->discrete || blob_read(&r, EX_PCIE_ATOMICS);
	mark(out, KMD_FIELD_PCIE_ATOMICS, out->discrete);
	if (blob_read(&r, EX_HWS_MASK_VALID)) {
		out->hws_mask = blob_read(&r, EX_HWS_MASK);
		mark(out, KMD_FIELD_HWS_MASK, true);
	}
	out->no_timeout_mask = blob_read(&r, EX_NO_TIMEOUT_MASK);
	mark(out, KMD_FIELD_TIMEOUT_MASK, true);
	return r.error;
}

static int decode_standard(const struct kmd_replies *replies, struct kmd_adapter *out)
{
	struct blob_reader segments = reader_of(&segment_size_layout, &replies->segments);
	struct blob_reader statistics = reader_of(&statistics_layout, &replies->statistics);

	out->dedicated_video = blob_read(&segments, SEGMENT_DEDICATED_VIDEO);
	out->dedicated_system = blob_read(&segments, SEGMENT_DEDICATED_SYSTEM);
	out->shared_system = blob_read(&segments, SEGMENT_SHARED_SYSTEM);
	if (!replies->statistics.error) {
		out->node_count = plausible(out, KMD_FIELD_NODE_COUNT,
					    blob_read32(&statistics, STATISTICS_NODES), 1, 256);
		out->segment_count = plausible(out, KMD_FIELD_SEGMENT_COUNT,
					       blob_read32(&statistics, STATISTICS_SEGMENTS), 1, 256);
	}
	if (!replies->clock_error && replies->clock.gpu_frequency) {
		out->clock = replies->clock;
		mark(out, KMD_FIELD_CLOCK_CALIBRATION, true);
	}
	if (!replies->driver_version_error && replies->driver_version) {
		out->driver_version = replies->driver_version;
		mark(out, KMD_FIELD_DRIVER_VERSION, true);
	}
	if (segments.error)
		return segments.error;
	return replies->statistics.error ? 0 : statistics.error;
}

/*
 * Fills *out with what the replies say, unchecked but for plausibility of single values.
 * -ERANGE: a reply is shorter than its layout.
 */
int kmd_decode(const struct kmd_replies *replies, const struct kmd_pci_ids *ids, struct kmd_adapter *out)
{
	int ret;

	memset(out, 0, sizeof(*out));
	out->pci = *ids;
	ret = decode_proxy(&replies->ex, out);
	if (!ret)
		ret = decode_ati(&replies->ati, out);
	if (!ret)
		ret = decode_ex(&replies->ex, out);
	if (!ret)
		ret = decode_standard(replies, out);
	if (!out->node_count)
		out->node_count = out->engine_count;
	return ret;
}

/* The node to ask for a clock calibration, before anything is checked: KMD_NO_NODE if there is none. */
uint32_t kmd_replies_compute_node(const struct kmd_replies *replies)
{
	struct blob_reader r = reader_of(&ex_layout, &replies->ex);
	struct kmd_adapter scratch;

	memset(&scratch, 0, sizeof(scratch));
	decode_engines(&r, &scratch);
	return r.error ? KMD_NO_NODE : scratch.compute_node;
}
