// SPDX-License-Identifier: MIT
/* QUERYADAPTERINFO and what else describes an adapter. Public source of the layouts: Microsoft, d3dkmthk.h. */
#include <string.h>
#include <time.h>

#include "dxgsim/host/amd_adapter.h"
#include "dxgsim/host/types.h"

enum kmt_query {
	KMT_UMDRIVERPRIVATE = 0,
	KMT_GETSEGMENTSIZE = 3,
	KMT_ADAPTERADDRESS = 6,
	KMT_ADAPTERREGISTRYINFO = 8,
	KMT_DRIVERVERSION = 13,
	KMT_ADAPTERTYPE = 15,
	KMT_NODEMETADATA = 25,
	KMT_PHYSICALADAPTERCOUNT = 30,
	KMT_PHYSICALADAPTERDEVICEIDS = 31,
	KMT_QUERY_GPUMMU_CAPS = 34,
	KMT_GETSEGMENTGROUPSIZE = 42,
	KMT_KMD_DRIVER_VERSION = 49,
	KMT_ADAPTERADDRESS_RENDER = 53,
	KMT_ADAPTERREGISTRYINFO_RENDER = 54,
	KMT_DRIVERVERSION_RENDER = 56,
	KMT_ADAPTERTYPE_RENDER = 57,
	KMT_NODEPERFDATA = 61,
	KMT_ADAPTERPERFDATA = 62,
	KMT_ADAPTERPERFDATA_CAPS = 63,
	KMT_GPUVERSION = 64,
	KMT_DRIVER_DESCRIPTION = 65,
	KMT_DRIVER_DESCRIPTION_RENDER = 66,
};

#define WDDM_VERSION_3_1 3100u

struct query {
	struct host_call *call;
	const struct host_adapter *adapter;
	const struct fixture *fixture;
	uint8_t *data;
	uint32_t size;
};

static uint32_t get32(const struct query *query, uint32_t offset)
{
	uint32_t value;

	memcpy(&value, query->data + offset, sizeof(value));
	return value;
}

static void put32(struct query *query, uint32_t offset, uint32_t value)
{
	memcpy(query->data + offset, &value, sizeof(value));
}

static void put64(struct query *query, uint32_t offset, uint64_t value)
{
	memcpy(query->data + offset, &value, sizeof(value));
}

/* UTF-16 with its end, cut to @units. */
static void put_text(struct query *query, uint32_t offset, uint32_t units, const char *text)
{
	memset(query->data + offset, 0, units * 2);
	for (uint32_t i = 0; text[i] && i + 1 < units; i++)
		query->data[offset + i * 2] = (uint8_t)text[i];
}

static int32_t answer_private(struct query *query)
{
	if (!query->fixture->amd) {
		report_misuse("%s: AMD private query sent to vendor 0x%04x", query->call->name,
			      query->fixture->vendor);
		return HOST_STATUS_INVALID_PARAMETER;
	}
	return amd_adapter_query(query->fixture, query->data, query->size) ? HOST_STATUS_INVALID_PARAMETER
									   : 0;
}

static int32_t answer_segment_size(struct query *query)
{
	put64(query, 0, query->fixture->vram_bytes);
	put64(query, 8, 0);
	put64(query, 16, query->fixture->shared_bytes);
	return 0;
}

static int32_t answer_segment_group_size(struct query *query)
{
	if (get32(query, 0))
		return HOST_STATUS_INVALID_PARAMETER;
	put64(query, 8, query->fixture->vram_bytes);
	put64(query, 16, 0);
	put64(query, 24, query->fixture->shared_bytes);
	put64(query, 32, query->fixture->vram_bytes);
	put64(query, 40, query->fixture->shared_bytes);
	put64(query, 48, 0);
	return 0;
}

static int32_t answer_address(struct query *query)
{
	put32(query, 0, query->adapter->pci_bus);
	put32(query, 4, query->fixture->pci_device);
	put32(query, 8, query->fixture->pci_function);
	return 0;
}

static int32_t answer_registry(struct query *query)
{
	put_text(query, 0, 260, query->fixture->description);
	put_text(query, 520, 260, "BIOS");
	put_text(query, 1040, 260, "Internal DAC(400MHz)");
	put_text(query, 1560, 260, query->fixture->description);
	return 0;
}

static int32_t answer_driver_version(struct query *query)
{
	put32(query, 0, WDDM_VERSION_3_1);
	return 0;
}

/* Before the guest's own changes: paravirtualised, no display. */
static int32_t answer_adapter_type(struct query *query)
{
	uint32_t type = D3DKMT_ADAPTERTYPE_RENDER_SUPPORTED | D3DKMT_ADAPTERTYPE_PARAVIRTUALIZED;

	if (query->fixture->integrated)
		type |= D3DKMT_ADAPTERTYPE_HYBRID_INTEGRATED;
	else
		type |= D3DKMT_ADAPTERTYPE_HYBRID_DISCRETE;
	put32(query, 0, type);
	return 0;
}

static int32_t answer_node_metadata(struct query *query)
{
	uint32_t ordinal = get32(query, 0) & 0xffff;
	const struct fixture_engine *engine = &query->fixture->engines[ordinal % FIXTURE_MAX_ENGINES];

	if (ordinal >= query->fixture->engine_count || get32(query, 0) >> 16)
		return HOST_STATUS_INVALID_PARAMETER;
	put32(query, 4, engine->type);
	put_text(query, 8, 32, engine->type == FIXTURE_ENGINE_OTHER ? engine->name : "");
	put32(query, 72, 0);
	query->data[76] = 1; /* GpuMmu */
	query->data[77] = 0;
	return 0;
}

static int32_t answer_physical_count(struct query *query)
{
	put32(query, 0, 1);
	return 0;
}

static int32_t answer_device_ids(struct query *query)
{
	if (get32(query, 0))
		return HOST_STATUS_INVALID_PARAMETER;
	put32(query, 4, query->fixture->vendor);
	put32(query, 8, query->fixture->device);
	put32(query, 12, query->fixture->subvendor);
	put32(query, 16, query->fixture->subsystem);
	put32(query, 20, query->fixture->revision);
	put32(query, 24, 1); /* PCI */
	return 0;
}

static int32_t answer_gpummu_caps(struct query *query)
{
	if (get32(query, 0))
		return HOST_STATUS_INVALID_PARAMETER;
	put32(query, 4, 0x7); /* read-only, no-execute, cache coherent */
	put32(query, 8, query->fixture->va_bits);
	return 0;
}

static int32_t answer_kmd_version(struct query *query)
{
	put64(query, 0, query->fixture->kmd_version);
	return 0;
}

static int32_t answer_node_perf(struct query *query)
{
	if (get32(query, 0) >= query->fixture->engine_count || get32(query, 4))
		return HOST_STATUS_INVALID_PARAMETER;
	memset(query->data + 8, 0, query->size - 8);
	put64(query, 8, query->fixture->engine_hz);
	put64(query, 16, query->fixture->engine_max_hz);
	put64(query, 24, query->fixture->engine_max_hz);
	return 0;
}

static int32_t answer_adapter_perf(struct query *query)
{
	if (get32(query, 0))
		return HOST_STATUS_INVALID_PARAMETER;
	memset(query->data + 4, 0, query->size - 4);
	put64(query, 8, query->fixture->memory_hz);
	put64(query, 16, query->fixture->memory_max_hz);
	put64(query, 24, query->fixture->memory_max_hz);
	put64(query, 32, query->fixture->memory_bandwidth);
	put64(query, 40, query->fixture->pcie_bandwidth);
	put32(query, 48, 0);   /* fan */
	put32(query, 52, 300); /* of TDP, tenths of a percent */
	put32(query, 56, 450); /* temperature, tenths of a degree */
	return 0;
}

static int32_t answer_adapter_perf_caps(struct query *query)
{
	if (get32(query, 0))
		return HOST_STATUS_INVALID_PARAMETER;
	memset(query->data + 4, 0, query->size - 4);
	put64(query, 8, query->fixture->memory_bandwidth);
	put64(query, 16, query->fixture->pcie_bandwidth);
	put32(query, 24, 3300); /* fan */
	put32(query, 28, 1100); /* highest temperature, tenths of a degree */
	put32(query, 32, 1000); /* and the one to warn at */
	return 0;
}

static int32_t answer_gpu_version(struct query *query)
{
	if (get32(query, 0))
		return HOST_STATUS_INVALID_PARAMETER;
	put_text(query, 4, 32, "113-D4120500-101");
	put_text(query, 68, 32, "");
	return 0;
}

static int32_t answer_description(struct query *query)
{
	put_text(query, 0, query->size / 2, query->fixture->description);
	return 0;
}

static const struct {
	uint32_t type;
	uint32_t size; /* needed; 0: the answer looks itself */
	int32_t (*answer)(struct query *query);
} answers[] = {
	{KMT_UMDRIVERPRIVATE, 0, answer_private},
	{KMT_GETSEGMENTSIZE, 24, answer_segment_size},
	{KMT_ADAPTERADDRESS, 12, answer_address},
	{KMT_ADAPTERREGISTRYINFO, 2080, answer_registry},
	{KMT_DRIVERVERSION, 4, answer_driver_version},
	{KMT_ADAPTERTYPE, 4, answer_adapter_type},
	{KMT_NODEMETADATA, 78, answer_node_metadata},
	{KMT_PHYSICALADAPTERCOUNT, 4, answer_physical_count},
	{KMT_PHYSICALADAPTERDEVICEIDS, 28, answer_device_ids},
	{KMT_QUERY_GPUMMU_CAPS, 12, answer_gpummu_caps},
	{KMT_GETSEGMENTGROUPSIZE, 56, answer_segment_group_size},
	{KMT_KMD_DRIVER_VERSION, 8, answer_kmd_version},
	{KMT_ADAPTERADDRESS_RENDER, 12, answer_address},
	{KMT_ADAPTERREGISTRYINFO_RENDER, 2080, answer_registry},
	{KMT_DRIVERVERSION_RENDER, 4, answer_driver_version},
	{KMT_ADAPTERTYPE_RENDER, 4, answer_adapter_type},
	{KMT_NODEPERFDATA, 56, answer_node_perf},
	{KMT_ADAPTERPERFDATA, 64, answer_adapter_perf},
	{KMT_ADAPTERPERFDATA_CAPS, 40, answer_adapter_perf_caps},
	{KMT_GPUVERSION, 132, answer_gpu_version},
	{KMT_DRIVER_DESCRIPTION, 8192, answer_description},
	{KMT_DRIVER_DESCRIPTION_RENDER, 8192, answer_description},
};

static int32_t compute_answer(struct query *query, uint32_t type)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (answers[i].type != type)
			continue;
		if (query->size < answers[i].size)
			return HOST_STATUS_BUFFER_TOO_SMALL;
		return answers[i].answer(query);
	}
	return HOST_STATUS_INVALID_PARAMETER;
}

void host_query_adapter_info(struct host_call *call)
{
	const struct host_query_adapter_info *request = call->m->request.query_adapter_info;
	const struct fixture *fixture = call->adapter->fixture;
	const struct fixture_raw *raw;
	uint32_t index = 0;
	struct query query = {
		.call = call,
		.adapter = call->adapter,
		.fixture = fixture,
		.data = call->m->reply.query_adapter_info->data,
		.size = request->size,
	};

	memcpy(&index, query.data, request->size < sizeof(index) ? request->size : sizeof(index));
	raw = fixture_find_raw(fixture, request->type, request->size, index);
	if (raw && raw->status) {
		call->m->status = (int32_t)raw->status;
		return;
	}
	call->m->status = compute_answer(&query, request->type);
	if (call->m->status && request->type == KMT_UMDRIVERPRIVATE && !fixture->amd)
		return;
	for (uint32_t i = 0; raw && i < raw->size; i++) {
		if (raw->given[i])
			query.data[i] = raw->bytes[i];
		else if (raw->filled)
			query.data[i] = raw->fill;
	}
	if (raw)
		call->m->status = 0;
	if (!call->m->status)
		fixture_patch_answer(fixture, request->type, request->size, query.data);
}

#define CPU_COUNTER_HZ 10000000ull /* Windows' performance counter */

static uint64_t counter_hz(const struct host_adapter *adapter)
{
	if (adapter->fixture->calibration_given && adapter->fixture->calibration_hz)
		return adapter->fixture->calibration_hz;
	return adapter->fixture->amd ? adapter->fixture->counter_hz : 1000000000u;
}

static uint64_t counter_at(const struct host_adapter *adapter, uint64_t ns)
{
	uint64_t hz = counter_hz(adapter);

	return ns / 1000000000u * hz + ns % 1000000000u * hz / 1000000000u;
}

uint64_t adapter_gpu_counter(const struct host_adapter *adapter)
{
	return counter_at(adapter, model_now_ns());
}

/* Both counters from one instant, so that the pair fits. */
void host_query_clock_calibration(struct host_call *call)
{
	const struct host_query_clock_calibration *request = call->m->request.query_clock_calibration;
	struct dxgk_gpuclockdata *clock = &call->m->reply.query_clock_calibration->clock_data;
	uint64_t now = model_now_ns();

	if ((call->adapter->fixture->calibration_given && !call->adapter->fixture->calibration_hz) ||
	    request->node_ordinal >= call->adapter->fixture->engine_count ||
	    request->physical_adapter_index) {
		call->m->status = HOST_STATUS_INVALID_PARAMETER;
		return;
	}
	clock->gpu_frequency = counter_hz(call->adapter);
	clock->gpu_clock_counter = counter_at(call->adapter, now);
	clock->cpu_clock_counter = now / (1000000000u / CPU_COUNTER_HZ);
	clock->flags = 0;
}

void host_is_feature_enabled(struct host_call *call)
{
	struct dxgk_isfeatureenabled_result *result = &call->m->reply.is_feature_enabled->result;

	if (call->m->request.is_feature_enabled->feature_id != DXGK_FEATURE_HWSCH) {
		call->m->status = HOST_STATUS_INVALID_PARAMETER;
		return;
	}
	result->version = 1;
	result->value = DXGK_ISFEATUREENABLED_RESULT_KNOWN_FEATURE;
	if (call->adapter->fixture->hws_capable)
		result->value |= DXGK_ISFEATUREENABLED_RESULT_SUPPORTED_BY_DRIVER |
				 DXGK_ISFEATUREENABLED_RESULT_SUPPORTED_ON_CONFIG;
	if (call->adapter->fixture->hws)
		result->value |= DXGK_ISFEATUREENABLED_RESULT_ENABLED;
}
