// SPDX-License-Identifier: MIT
#include "kmd/adapter.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "kmd/check.h"
#include "kmd/decode.h"
#include "kmd/layouts.h"
#include "util/log.h"

/* Lines already printed: the adapters of a process are read again at each open. */
#define SEEN_LINES 64

static _Atomic uint64_t seen_lines[SEEN_LINES];

/* What was measured differs from one reading to the next, and is no new reason. */
static uint64_t hash_words(const char *text)
{
	/* FNV-1a */
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (; *text; text++)
		if (*text < '0' || *text > '9')
			hash = (hash ^ (unsigned char)*text) * 0x100000001b3ULL;
	return hash;
}

static bool first_time(struct winluid luid, uint32_t rule, const char *text)
{
	/* LUIDs are random here: the first half of a VMBus channel's GUID */
	uint64_t key = ((uint64_t)luid.a << 32 | luid.b) ^ (uint64_t)(rule + 1) << 56 ^ hash_words(text);

	for (size_t i = 0; i < SEEN_LINES; i++) {
		uint64_t empty = 0;

		if (atomic_load(&seen_lines[i]) == key)
			return false;
		if (atomic_compare_exchange_strong(&seen_lines[i], &empty, key))
			return true;
		if (empty == key)
			return false;
	}
	return true;
}

/*
 * Asks who made the adapter, by a query every WDDM driver answers, so that no foreign driver is ever sent
 * an AMD blob.  One host round trip.  -ENODATA: the host answered nothing; others as the call.
 */
int kmd_adapter_identify(struct dxg *dxg, d3dkmt_handle adapter, struct kmd_pci_ids *ids)
{
	uint8_t data[2 * KMD_DEVICE_IDS_SIZE] = {0};
	struct blob_reader r = {&device_ids_layout, data, KMD_DEVICE_IDS_SIZE, 0};
	int ret;

	memset(ids, 0, sizeof(*ids));
	ret = dxg_query_adapter_info(dxg, adapter, KMD_QUERY_DEVICE_IDS, data, KMD_DEVICE_IDS_SIZE);
	if (ret)
		return ret;
	if (!blob_read32(&r, DEVICE_IDS_VENDOR))
		return -ENODATA;
	ids->vendor = blob_read32(&r, DEVICE_IDS_VENDOR);
	ids->device = blob_read32(&r, DEVICE_IDS_DEVICE);
	ids->subvendor = blob_read32(&r, DEVICE_IDS_SUBVENDOR);
	ids->subsystem = blob_read32(&r, DEVICE_IDS_SUBSYSTEM);
	ids->revision = blob_read32(&r, DEVICE_IDS_REVISION);
	ids->bus_type = blob_read32(&r, DEVICE_IDS_BUS_TYPE);
	return 0;
}

/*
 * PCI address on the host (Microsoft: D3DKMT_ADAPTERADDRESS), for a stable order of the nodes.  One host
 * round trip.  -ENODATA: the host answered nothing or what is no PCI address; others as the call.
 */
int kmd_adapter_locate(struct dxg *dxg, d3dkmt_handle adapter, struct kmd_pci_address *address)
{
	uint8_t data[2 * KMD_ADAPTER_ADDRESS_SIZE];
	struct blob_reader r = {&address_layout, data, KMD_ADAPTER_ADDRESS_SIZE, 0};
	uint32_t bus, device, function;
	int ret;

	memset(address, 0, sizeof(*address));
	/* 0:0.0 is an address, so an unanswered query has to look different */
	memset(data, 0xff, sizeof(data));
	ret = dxg_query_adapter_info(dxg, adapter, KMD_QUERY_ADAPTER_ADDRESS, data, KMD_ADAPTER_ADDRESS_SIZE);
	if (ret)
		return ret;
	bus = blob_read32(&r, ADDRESS_BUS);
	device = blob_read32(&r, ADDRESS_DEVICE);
	function = blob_read32(&r, ADDRESS_FUNCTION);
	if (bus > 255 || device > 31 || function > 7)
		return -ENODATA;
	address->bus = bus;
	address->device = device;
	address->function = function;
	return 0;
}

static void query_private(struct dxg *dxg, d3dkmt_handle adapter, struct kmd_reply *reply, uint32_t type)
{
	reply->error = dxg_query_adapter_info(dxg, adapter, type, reply->data, reply->size);
}

static void query_statistics(struct dxg *dxg, struct winluid luid, struct kmd_reply *reply)
{
	struct d3dkmt_querystatistics query = {
		.type = D3DKMT_QUERYSTATISTICS_ADAPTER,
		.adapter_luid = luid,
	};

	reply->error = dxg_query_statistics(dxg, &query);
	if (!reply->error)
		memcpy(reply->data, &query.result, MIN(sizeof(query.result), (size_t)reply->size));
}

/*
 * The version of the kernel driver on the host, a.b.c.d in 16 bits each: one host round trip, which kmd_adapter_read() does only
 * when it is to be printed.  A host that does not tell: *version is 0, and the error is dxg_query_adapter_info()'s.
 */
int kmd_adapter_driver_version(struct dxg *dxg, d3dkmt_handle adapter, uint64_t *version)
{
	uint8_t data[2 * KMD_DRIVER_VERSION_SIZE] = {0};
	struct blob_reader r = {&driver_version_layout, data, KMD_DRIVER_VERSION_SIZE, 0};
	int ret =
		dxg_query_adapter_info(dxg, adapter, KMD_QUERY_DRIVER_VERSION, data, KMD_DRIVER_VERSION_SIZE);

	*version = ret ? 0 : blob_read(&r, DRIVER_VERSION);
	return ret;
}

/* An optional answer may be missing because nobody offers it, but not because the call did not get through. */
static bool is_missing(int error)
{
	return error != -ENODEV && error != -ENOMEM && error != -EAGAIN && error != -EINTR && error != -EBADF;
}

/*
 * Five round trips, in the order of their use: the two private answers, the segment sizes, the statistics
 * (segment and node count), the clock calibration of the compute node.  The first mandatory one that fails
 * ends it; *step names what was asked last.
 */
static int query_all(struct dxg *dxg, const struct dxg_adapter *adapter, struct kmd_replies *replies,
		     const char **step)
{
	uint32_t node;

	*step = "the 0x4360 query";
	query_private(dxg, adapter->handle, &replies->ex, KMTQAITYPE_UMDRIVERPRIVATE);
	if (replies->ex.error)
		return replies->ex.error;
	*step = "the 0xBC0 query";
	query_private(dxg, adapter->handle, &replies->ati, KMTQAITYPE_UMDRIVERPRIVATE);
	if (replies->ati.error)
		return replies->ati.error;
	*step = "the segment size query";
	query_private(dxg, adapter->handle, &replies->segments, KMD_QUERY_SEGMENT_SIZE);
	if (replies->segments.error)
		return replies->segments.error;
	*step = "the adapter statistics";
	query_statistics(dxg, adapter->luid, &replies->statistics);
	if (replies->statistics.error && !is_missing(replies->statistics.error))
		return replies->statistics.error;
	node = kmd_replies_compute_node(replies);
	if (node != KMD_NO_NODE) {
		*step = "the clock calibration";
		replies->clock_error =
			dxg_query_clock_calibration(dxg, adapter->handle, node, &replies->clock);
		if (replies->clock_error && !is_missing(replies->clock_error))
			return replies->clock_error;
	}
	if (log_enabled(LOG_INFO))
		replies->driver_version_error =
			kmd_adapter_driver_version(dxg, adapter->handle, &replies->driver_version);
	return 0;
}

static void report(const struct kmd_pci_ids *ids, struct winluid luid, uint32_t rule, const char *text,
		   enum log_level level, const char *consequence)
{
	if (log_enabled(level) && first_time(luid, rule, text))
		log_write(level, "adapter %04x:%04x: %s, self-check %u, %s", ids->vendor, ids->device,
			  consequence, rule, text);
}

/*
 * Tells the user that an adapter is hidden, and by which self-check; once per process for an adapter and a
 * reason.  For those who hide one that kmd_adapter_read() would allow, or did not see; that tells its own.
 */
void kmd_adapter_report_hidden(const struct kmd_pci_ids *ids, struct winluid luid, uint32_t rule,
			       const char *text)
{
	report(ids, luid, rule, text, LOG_ERR, "hidden");
}

/* 13: the driver's age is told, not judged: no threshold is public. */
static void report_driver_age(const struct kmd_pci_ids *ids, struct winluid luid,
			      const struct kmd_replies *replies, const struct kmd_adapter *adapter)
{
	uint64_t version = replies->driver_version_error ? 0 : replies->driver_version;
	struct kmd_failure age;

	if (!log_enabled(LOG_INFO))
		return;
	kmd_failure_set(&age, KMD_RULE_DRIVER_AGE,
			"driver age: %u.%u.%u.%u, WDDM 0x%x, MEC firmware %u, registry \"%.120s\"",
			(unsigned int)(version >> 48), (unsigned int)(version >> 32 & 0xffff),
			(unsigned int)(version >> 16 & 0xffff), (unsigned int)(version & 0xffff),
			adapter->wddm_version, adapter->mec_firmware, adapter->registry_path);
	report(ids, luid, age.rule, age.text, LOG_INFO, "noted");
}

/*
 * Reads and checks everything about one adapter.  Five host round trips, six when messages of level 6 (the
 * driver's version) are printed.  `ids` is kmd_adapter_identify's answer; `expected` the device table's entry,
 * NULL when it has none.  Nothing is created on the GPU.
 *
 * 0: *out is complete.  -EINVAL: not an AMD adapter, nothing was asked.  -ENOMEM.  -EPROTO: a self-check
 * failed, *why says which (and one line went to the log, once per adapter and reason).  Another -errno: a query
 * failed with it; *why has rule 1.  *out is zeroed on failure.
 */
int kmd_adapter_read(struct dxg *dxg, const struct dxg_adapter *adapter, const struct kmd_pci_ids *ids,
		     const struct kmd_expected *expected, struct kmd_adapter *out, struct kmd_failure *why)
{
	struct kmd_replies replies;
	const char *step;
	int ret;

	memset(out, 0, sizeof(*out));
	memset(why, 0, sizeof(*why));
	if (ids->vendor != KMD_VENDOR_AMD) {
		kmd_failure_set(why, KMD_RULE_PROXY, "proxy: vendor 0x%04x is not AMD", ids->vendor);
		return -EINVAL;
	}
	ret = kmd_replies_create(&replies);
	if (ret) {
		kmd_failure_set(why, KMD_RULE_ANSWERED, "answered: no memory for the queries");
		return ret;
	}
	ret = query_all(dxg, adapter, &replies, &step);
	if (ret)
		kmd_failure_set(why, KMD_RULE_ANSWERED, "answered: %s failed: %s (host status %s)", step,
				strerror(-ret), dxg_status_name(dxg_last_status()));
	else
		ret = kmd_adapter_decode(&replies, ids, expected, out, why);
	if (!ret)
		report_driver_age(ids, adapter->luid, &replies, out);
	kmd_replies_destroy(&replies);
	if (ret) {
		kmd_adapter_report_hidden(ids, adapter->luid, why->rule, why->text);
		return ret;
	}
	out->luid = adapter->luid;
	for (uint32_t i = 0; i < out->note_count; i++)
		report(ids, adapter->luid, out->notes[i].rule, out->notes[i].text, LOG_WARN,
		       "used with care");
	return 0;
}
