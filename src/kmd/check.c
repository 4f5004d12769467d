// SPDX-License-Identifier: MIT
#include "kmd/check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kmd/layouts.h"
#include "util/slack.h"

#define PROXY_MAJOR	     1U
#define MAX_CHAINED_GPUS     4U
#define DRIVER_ID_DISCRETE   0U
#define DRIVER_ID_INTEGRATED 1U
#define MAX_SCHEDULER_ID     15U
#define MIN_COUNTER_HZ	     1000000U
#define MAX_COUNTER_HZ	     1000000000U
#define MAX_HEAP	     (1ULL << 44)
#define MAX_VA		     (1ULL << 48)
#define VRAM_TOLERANCE	     20U  /* a twentieth: firmware and page tables take their part of the VRAM */
#define COUNTER_TOLERANCE    100U /* a hundredth */

/*
 * Records why an adapter or its queues are refused, or a value replaced; a longer text is cut.  For all
 * floors.  In this one fmt begins with kmd_rule_name() of the rule and a colon.
 */
void kmd_failure_set(struct kmd_failure *why, uint32_t rule, const char *fmt, ...)
{
	va_list args;

	why->rule = rule;
	va_start(args, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, args);
	va_end(args);
}

/* A rule that replaces a value instead of hiding the adapter; fmt starts with the rule's name. */
#define note(check, ...)                                                                        \
	do {                                                                                    \
		struct kmd_adapter *adapter_ = (check)->adapter;                                \
		if (adapter_->note_count < KMD_MAX_NOTES)                                       \
			kmd_failure_set(&adapter_->notes[adapter_->note_count++], __VA_ARGS__); \
	} while (0)

static void invalidate(struct kmd_adapter *adapter, enum kmd_field field)
{
	adapter->valid &= ~(1ULL << field);
}

static bool all_zero(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			return false;
	return true;
}

static int check_answered(struct kmd_check *check, const struct kmd_reply *reply, const char *name,
			  size_t part)
{
	if (reply->error) {
		kmd_failure_set(check->why, KMD_RULE_ANSWERED, "answered: %s failed: %s", name,
				strerror(-reply->error));
		return reply->error;
	}
	if (all_zero(reply->data, MIN(part, reply->size))) {
		kmd_failure_set(check->why, KMD_RULE_ANSWERED, "answered: %s left the buffer as it was",
				name);
		return -EPROTO;
	}
	return 0;
}

/* 1: every mandatory query succeeded and was answered; hosts with an old VMBus interface give no status. */
static int check_replies(struct kmd_check *check)
{
	const struct kmd_replies *r = check->replies;
	int ret = check_answered(check, &r->ex, "the 0x4360 query", KMD_PROXY_SIZE);

	if (!ret)
		ret = check_answered(check, &r->ati, "the 0xBC0 query", KMD_PROXY_SIZE);
	if (!ret)
		ret = check_answered(check, &r->segments, "the segment size query", KMD_SEGMENT_SIZE_SIZE);
	if (!ret && check->decode_error) {
		kmd_failure_set(check->why, KMD_RULE_ANSWERED,
				"answered: short reply (0x%x, 0x%x and 0x%x bytes)", r->ex.size, r->ati.size,
				r->segments.size);
		ret = -EPROTO;
	}
	return ret;
}

static int check_proxy_part(struct kmd_check *check, const struct kmd_reply *reply, const char *name,
			    uint32_t block_size)
{
	struct blob_reader r = {.layout = &proxy_layout, .data = reply->data, .size = reply->size};
	uint32_t version = blob_read32(&r, PROXY_VERSION);
	uint32_t gpus = blob_read32(&r, PROXY_CHAINED_GPUS);
	uint32_t vendor = blob_read32(&r, PROXY_VENDOR_ID);
	uint32_t device = blob_read32(&r, PROXY_DEVICE_ID);
	uint32_t driver = blob_read32(&r, PROXY_DRIVER_ID);
	uint32_t block = blob_read32(&r, PROXY_VENDOR_BLOCK_SIZE);

	if (!r.error && version >> 16 == PROXY_MAJOR && gpus >= 1 && gpus <= MAX_CHAINED_GPUS &&
	    vendor == KMD_VENDOR_AMD && device == check->ids->device &&
	    (driver == DRIVER_ID_DISCRETE || driver == DRIVER_ID_INTEGRATED) &&
	    driver == (check->adapter->discrete ? DRIVER_ID_DISCRETE : DRIVER_ID_INTEGRATED) &&
	    (block == 0 || block == block_size))
		return 0;
	kmd_failure_set(
		check->why, KMD_RULE_PROXY,
		"proxy: in %s version 0x%x, %u GPUs, PCI %04x:%04x, driver id %u, block of 0x%x bytes "
		"(want version 1.x, 1 to 4 GPUs, %04x:%04x, 0 or 1, 0x%x)",
		name, version, gpus, vendor, device, driver, block, KMD_VENDOR_AMD, check->ids->device,
		block_size);
	return -EPROTO;
}

/* 2: the published part in front of both answers is what it claims to be. */
static int check_proxy(struct kmd_check *check)
{
	int ret = check_proxy_part(check, &check->replies->ex, "the 0x4360 answer", KMD_EX_SIZE);

	if (!ret)
		ret = check_proxy_part(check, &check->replies->ati, "the 0xBC0 answer", KMD_ATI_SIZE);
	return ret;
}

/* 3: three places know the device id; a layout that moved shows here first. */
static int check_device_id(struct kmd_check *check)
{
	struct blob_reader ati = {&ati_layout, check->replies->ati.data, check->replies->ati.size, 0};
	struct blob_reader ex = {&ex_layout, check->replies->ex.data, check->replies->ex.size, 0};
	uint32_t ati_id = blob_read32(&ati, ATI_DEVICE_ID);
	uint32_t ex_id = blob_read32(&ex, EX_DEVICE_ID);

	if (ati_id == check->ids->device && ex_id == check->ids->device)
		return 0;
	kmd_failure_set(check->why, KMD_RULE_DEVICE_ID,
			"device id: PCI says 0x%04x, the 0xBC0 answer 0x%x, the 0x4360 answer 0x%x",
			check->ids->device, ati_id, ex_id);
	return -EPROTO;
}

/* 4: the engine table is one, and has a compute engine. */
static int check_engines(struct kmd_check *check)
{
	const struct kmd_adapter *a = check->adapter;
	struct blob_reader ex = {&ex_layout, check->replies->ex.data, check->replies->ex.size, 0};
	uint32_t count = blob_read32(&ex, EX_ENGINE_COUNT);
	uint32_t computes = 0;

	if (count > KMD_MAX_ENGINES) {
		kmd_failure_set(check->why, KMD_RULE_ENGINES,
				"engine table: %u entries, there is room for %u", count, KMD_MAX_ENGINES);
		return -EPROTO;
	}
	for (uint32_t i = 0; i < a->engine_count; i++) {
		if (a->engines[i] > MAX_SCHEDULER_ID) {
			kmd_failure_set(check->why, KMD_RULE_ENGINES,
					"engine table: scheduler id %u at node %u", a->engines[i], i);
			return -EPROTO;
		}
		if (a->engines[i] && i >= a->node_count) {
			kmd_failure_set(check->why, KMD_RULE_ENGINES,
					"engine table: scheduler id %u at node %u of %u", a->engines[i], i,
					a->node_count);
			return -EPROTO;
		}
		computes += a->engines[i] == KMD_ENGINE_COMPUTE0;
	}
	if (computes == 1)
		return 0;
	kmd_failure_set(check->why, KMD_RULE_ENGINES,
			"engine table: %u compute engines in %u entries, want one", computes,
			a->engine_count);
	return -EPROTO;
}

/* 5: the timestamp clock is plausible and the operating system's calibration agrees. */
static int check_counter(struct kmd_check *check)
{
	const struct kmd_adapter *a = check->adapter;
	uint64_t hz = a->counter_hz;
	uint64_t calibrated = a->clock.gpu_frequency;
	uint64_t difference;

	if (hz < MIN_COUNTER_HZ || hz > MAX_COUNTER_HZ) {
		kmd_failure_set(check->why, KMD_RULE_COUNTER, "counter: %" PRIu64 " Hz, want %u to %u", hz,
				MIN_COUNTER_HZ, MAX_COUNTER_HZ);
		return -EPROTO;
	}
	/* drivers in the guest before 2023-04 return no calibration, some hosts refuse it */
	if (!kmd_adapter_has(a, KMD_FIELD_CLOCK_CALIBRATION)) {
		note(check, KMD_RULE_COUNTER,
		     "counter: %" PRIu64
		     " Hz, and no calibration to compare it with: the GPU's timestamps keep "
		     "their lengths, not their origin",
		     hz);
		return 0;
	}
	difference = hz > calibrated ? hz - calibrated : calibrated - hz;
	if (difference <= hz / COUNTER_TOLERANCE)
		return 0;
	kmd_failure_set(check->why, KMD_RULE_COUNTER, "counter: %" PRIu64 " Hz, calibration says %" PRIu64,
			hz, calibrated);
	return -EPROTO;
}

/* 6: the heaps add up to what the operating system says; integrated GPUs count their VRAM differently. */
static int check_heaps(struct kmd_check *check)
{
	const struct kmd_adapter *a = check->adapter;
	uint64_t vram, difference;

	if (a->vram_visible > MAX_HEAP || a->vram_invisible > MAX_HEAP || a->non_local > MAX_HEAP) {
		kmd_failure_set(check->why, KMD_RULE_HEAPS,
				"heaps: visible 0x%" PRIx64 ", invisible 0x%" PRIx64 ", non-local 0x%" PRIx64
				" bytes, want at most 0x%llx each",
				a->vram_visible, a->vram_invisible, a->non_local, MAX_HEAP);
		return -EPROTO;
	}
	if (!a->discrete)
		return 0;
	vram = a->vram_visible + a->vram_invisible;
	difference = vram > a->dedicated_video ? vram - a->dedicated_video : a->dedicated_video - vram;
	if (vram && difference <= a->dedicated_video / VRAM_TOLERANCE)
		return 0;
	kmd_failure_set(check->why, KMD_RULE_HEAPS,
			"heaps: visible 0x%" PRIx64 " and invisible 0x%" PRIx64
			" bytes, dedicated segments have 0x%" PRIx64,
			a->vram_visible, a->vram_invisible, a->dedicated_video);
	return -EPROTO;
}

static bool geometry_plausible(const struct kmd_adapter *a, const struct kmd_expected *expected)
{
	uint32_t inside = 0;
	uint32_t engines = MIN(a->shader_engines, KMD_WGP_MAP_SE);
	uint32_t arrays = MIN(a->arrays_per_engine, KMD_WGP_MAP_SA);

	if (!kmd_adapter_has(a, KMD_FIELD_GEOMETRY))
		return false;
	if (a->shader_engines < 1 || a->shader_engines > 8 || a->arrays_per_engine < 1 ||
	    a->arrays_per_engine > 2 || a->cus_per_wgp < 1 || a->cus_per_wgp > 2)
		return false;
	if (a->wave_size != 32 && a->wave_size != 64)
		return false;
	for (uint32_t se = 0; se < engines; se++)
		for (uint32_t sa = 0; sa < arrays; sa++)
			inside += (uint32_t)__builtin_popcount(a->wgp_active[se][sa]);
	/* units outside the engines that exist: map and counts do not belong together */
	if (inside * a->cus_per_wgp != a->compute_units)
		return false;
	if (expected && expected->compute_units && expected->compute_units == a->compute_units)
		return true;
	return a->compute_units >= 2 && a->compute_units <= 128 && a->compute_units % 2 == 0;
}

/* 7: the geometry is that of a GPU; otherwise the device table's is used. */
static int check_geometry(struct kmd_check *check)
{
	struct kmd_adapter *a = check->adapter;
	struct kmd_expected table = {0};

	if (geometry_plausible(a, check->expected))
		return 0;
	if (check->expected)
		table = *check->expected;
	note(check, KMD_RULE_GEOMETRY,
	     "geometry: %u engines of %u arrays, %u CUs per WGP, %u CUs, waves of %u lanes: not believed, "
	     "the "
	     "device table is used (%u engines of %u arrays, %u CUs)",
	     a->shader_engines, a->arrays_per_engine, a->cus_per_wgp, a->compute_units, a->wave_size,
	     table.shader_engines, table.arrays_per_engine, table.compute_units);
	a->degraded_geometry = true;
	a->shader_engines = 0;
	a->arrays_per_engine = 0;
	a->cus_per_wgp = 0;
	a->compute_units = 0;
	a->wave_size = 0;
	memset(a->wgp_active, 0, sizeof(a->wgp_active));
	memset(a->wgp_always_on, 0, sizeof(a->wgp_always_on));
	invalidate(a, KMD_FIELD_GEOMETRY);
	return 0;
}

static bool within_nodes(uint64_t mask, uint32_t nodes)
{
	return nodes >= 64 || mask >> nodes == 0;
}

/* 8: masks of nodes name nodes that exist; otherwise they are 0, which every driver can live with. */
static int check_masks(struct kmd_check *check)
{
	struct kmd_adapter *a = check->adapter;

	if (!within_nodes(a->hws_mask, a->node_count)) {
		note(check, KMD_RULE_MASKS, "masks: hardware queues on nodes 0x%" PRIx64 " of %u: ignored",
		     a->hws_mask, a->node_count);
		a->hws_mask = 0;
		invalidate(a, KMD_FIELD_HWS_MASK);
	}
	if (!within_nodes(a->no_timeout_mask, a->node_count)) {
		note(check, KMD_RULE_MASKS, "masks: no timeout on nodes 0x%" PRIx64 " of %u: ignored",
		     a->no_timeout_mask, a->node_count);
		a->no_timeout_mask = 0;
		invalidate(a, KMD_FIELD_TIMEOUT_MASK);
	}
	return 0;
}

/* 9: the range of GPU addresses is one; otherwise it is ignored and reserving finds out. */
static int check_va_range(struct kmd_check *check)
{
	struct kmd_adapter *a = check->adapter;

	if (a->va_base < a->va_limit && a->va_limit <= MAX_VA)
		return 0;
	/* both 0: a driver that does not tell */
	if (a->va_base || a->va_limit)
		note(check, KMD_RULE_ADDRESSES, "addresses: from 0x%" PRIx64 " to 0x%" PRIx64 ": ignored",
		     a->va_base, a->va_limit);
	a->va_base = 0;
	a->va_limit = 0;
	invalidate(a, KMD_FIELD_VA_RANGE);
	return 0;
}

/* 12: nothing was written behind the part of a buffer that was offered. */
static int check_slack(struct kmd_check *check)
{
	const struct kmd_reply *replies[] = {&check->replies->ex, &check->replies->ati,
					     &check->replies->segments};
	static const char *const names[] = {"0x4360 query", "0xBC0 query", "segment size query"};

	for (size_t i = 0; i < ARRAY_SIZE(replies); i++) {
		size_t at = slack_find(replies[i]->data, replies[i]->size, replies[i]->capacity);

		if (at == replies[i]->capacity)
			continue;
		kmd_failure_set(check->why, KMD_RULE_SLACK,
				"slack: the answer to the %s wrote byte 0x%zx of 0x%x", names[i], at,
				replies[i]->size);
		return -EPROTO;
	}
	return 0;
}

/*
 * 14: a device id no table has needs the host's own geometry, proven by checks 3 to 7 with nothing left
 * out.  That the user named its gfx version is for the caller to know.
 */
static int check_unknown_device(struct kmd_check *check)
{
	struct kmd_adapter *a = check->adapter;

	a->geometry_trusted = !a->degraded_geometry && kmd_adapter_has(a, KMD_FIELD_CLOCK_CALIBRATION);
	if (check->expected || a->geometry_trusted)
		return 0;
	kmd_failure_set(check->why, KMD_RULE_UNKNOWN_DEVICE,
			"unknown device: id 0x%04x is in no device table and %s", check->ids->device,
			a->degraded_geometry ? "its geometry is not plausible"
					     : "the host gave no clock calibration to prove the layout by");
	return -EPROTO;
}

const struct kmd_rule kmd_rules[] = {
	{KMD_RULE_ANSWERED, check_replies},
	{KMD_RULE_PROXY, check_proxy},
	{KMD_RULE_DEVICE_ID, check_device_id},
	{KMD_RULE_ENGINES, check_engines},
	{KMD_RULE_COUNTER, check_counter},
	{KMD_RULE_HEAPS, check_heaps},
	{KMD_RULE_GEOMETRY, check_geometry},
	{KMD_RULE_MASKS, check_masks},
	{KMD_RULE_ADDRESSES, check_va_range},
	{KMD_RULE_SLACK, check_slack},
	{KMD_RULE_UNKNOWN_DEVICE, check_unknown_device},
};
const uint32_t kmd_rule_count = ARRAY_SIZE(kmd_rules);

/*
 * Runs every rule in order until one hides the adapter.  0, or the -errno of the rule that failed with
 * check->why filled.
 */
int kmd_check_run(struct kmd_check *check)
{
	for (uint32_t i = 0; i < kmd_rule_count; i++) {
		int ret = kmd_rules[i].check(check);

		if (ret)
			return ret;
	}
	return 0;
}

/* Hardware queues count only on engines whose use is known. */
static uint64_t known_engines(const struct kmd_adapter *adapter)
{
	uint64_t mask = 0;

	for (uint32_t i = 0; i < adapter->engine_count; i++)
		if (i == adapter->graphics_node || adapter->engines[i] == KMD_ENGINE_SDMA0 ||
		    adapter->engines[i] == KMD_ENGINE_COMPUTE0 || adapter->engines[i] == KMD_ENGINE_SDMA1)
			mask |= 1ULL << i;
	return mask;
}

/* What a driver leaves at 0 is filled from the standard query, which every driver answers. */
static void use_segment_sizes(struct kmd_adapter *adapter)
{
	if (!kmd_adapter_has(adapter, KMD_FIELD_VRAM_HEAPS))
		adapter->vram_visible = adapter->dedicated_video;
	if (!kmd_adapter_has(adapter, KMD_FIELD_NON_LOCAL))
		adapter->non_local = adapter->shared_system;
}

/*
 * Decodes and checks.  `expected` is the device table's entry, NULL for a device id no table has.
 *
 * 0: the adapter may be used; notes tell what was replaced or ignored.  -EPROTO: a self-check failed, *why
 * has its number and the values; *out is zeroed.  The -errno of the first mandatory query that failed, with
 * rule 1.
 */
int kmd_adapter_decode(const struct kmd_replies *replies, const struct kmd_pci_ids *ids,
		       const struct kmd_expected *expected, struct kmd_adapter *out, struct kmd_failure *why)
{
	struct kmd_check check = {
		.replies = replies,
		.ids = ids,
		.expected = expected,
		.adapter = out,
		.why = why,
	};
	int ret;

	memset(why, 0, sizeof(*why));
	check.decode_error = kmd_decode(replies, ids, out);
	use_segment_sizes(out);
	ret = kmd_check_run(&check);
	if (ret) {
		memset(out, 0, sizeof(*out));
		return ret;
	}
	out->hws_mask &= known_engines(out);
	return 0;
}
