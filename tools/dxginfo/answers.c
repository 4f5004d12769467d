// SPDX-License-Identifier: MIT
#include "dxginfo/answers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dxginfo/query.h"
#include "kmd/layouts.h"
#include "util/compiler.h"

#define STATUS_NOT_TOLD 0xC000000DU /* INVALID_PARAMETER, the usual one */

struct question {
	const char *name;
	uint32_t type;
	uint32_t size;
	uint8_t before; /* what the buffer holds when it is sent, as the library does */
};

/* Any vendor's driver is asked these. */
static const struct question standard_questions[] = {
	{"PCI ids", QUERY_DEVICE_IDS, SIZE_DEVICE_IDS, 0},
	{"segment sizes", QUERY_SEGMENT_SIZE, SIZE_SEGMENT_SIZE, 0},
	{"PCI address", QUERY_ADDRESS, SIZE_ADDRESS, 0xff},
	{"names", QUERY_REGISTRY_INFO, SIZE_REGISTRY_INFO, 0},
	{"WDDM version", QUERY_WDDM_VERSION, 4, 0},
	{"kind of adapter", QUERY_ADAPTER_TYPE, 4, 0},
	{"physical adapters", QUERY_PHYSICAL_COUNT, 4, 0},
	{"GPU address translation", QUERY_GPUMMU_CAPS, SIZE_GPUMMU_CAPS, 0},
	{"driver version", QUERY_DRIVER_VERSION, SIZE_DRIVER_VERSION, 0},
	{"clocks of the adapter", QUERY_ADAPTER_PERFDATA, SIZE_ADAPTER_PERFDATA, 0},
	{"bandwidths", QUERY_ADAPTER_PERF_CAPS, SIZE_ADAPTER_PERF_CAPS, 0},
};

static const struct question node_questions[] = {
	{"kind of node", QUERY_NODE_METADATA, SIZE_NODE_METADATA, 0},
	{"clocks of node", QUERY_NODE_PERFDATA, SIZE_NODE_PERFDATA, 0},
};

/* AMD's driver only. */
static const struct question private_questions[] = {
	{"AMD's adapter information, large", QUERY_UMD_PRIVATE, KMD_EX_QUERY_SIZE, 0},
	{"AMD's adapter information, small", QUERY_UMD_PRIVATE, KMD_ATI_QUERY_SIZE, 0},
};

static int ask(struct dxg *dxg, const struct adapter *adapter, bool old_host, const struct question *question,
	       const uint32_t *index, struct answers *answers)
{
	struct answer *answer = calloc(1, sizeof(*answer));
	uint8_t *buffer = calloc(4, question->size); /* sent and received, and behind it what was sent */
	uint8_t *before = buffer ? buffer + (size_t)2 * question->size : NULL;
	int ret;

	if (!answer || !buffer) {
		free(answer);
		free(buffer);
		return -ENOMEM;
	}
	memset(buffer, question->before, question->size);
	if (index)
		memcpy(buffer, index, MIN(sizeof(*index), (size_t)question->size));
	memcpy(before, buffer, question->size);
	answer->name = question->name;
	answer->type = question->type;
	answer->size = question->size;
	answer->indexed = index != NULL;
	answer->index = index ? *index : 0;
	answer->data = buffer;
	ret = dxg_query_adapter_info(dxg, adapter->handle, question->type, buffer, question->size);
	if (ret) {
		int32_t status = dxg_last_status();

		answer->refused = true;
		/* the guest's driver fails without one */
		answer->status = status < 0 ? (uint32_t)status : STATUS_NOT_TOLD;
	} else if (old_host && !memcmp(buffer, before, question->size)) {
		answer->refused = true;
		answer->status = STATUS_NOT_TOLD;
	}
	*answers->end = answer;
	answers->end = &answer->next;
	return ret == -ENOMEM || ret == -ENODEV ? ret : 0;
}

static void ask_statistics(struct dxg *dxg, const struct adapter *adapter, struct answers *answers)
{
	struct d3dkmt_querystatistics query = {
		.type = D3DKMT_QUERYSTATISTICS_ADAPTER,
		.adapter_luid = adapter->luid,
	};
	struct blob_reader r = {&statistics_layout, query.result.size, sizeof(query.result.size), 0};

	if (dxg_query_statistics(dxg, &query))
		return;
	answers->statistics_known = true;
	answers->segments = blob_read32(&r, STATISTICS_SEGMENTS);
	answers->nodes = blob_read32(&r, STATISTICS_NODES);
}

static void ask_calibration(struct dxg *dxg, const struct adapter *adapter, uint32_t node,
			    struct answers *answers)
{
	struct dxgk_gpuclockdata clock;

	if (!dxg_query_clock_calibration(dxg, adapter->handle, node, &clock))
		answers->calibration_hz = clock.gpu_frequency;
}

/* Where the library asks for the calibration: the compute engine's node. */
static uint32_t compute_node(const struct answers *answers)
{
	const struct answer *ex = answers_find(answers, QUERY_UMD_PRIVATE, KMD_EX_QUERY_SIZE, 0);
	struct blob_reader r = {&ex_layout, NULL, 0, 0};
	uint32_t count;

	if (!ex || ex->refused)
		return 0;
	r.data = ex->data;
	r.size = ex->size;
	count = MIN(blob_read32(&r, EX_ENGINE_COUNT), KMD_MAX_ENGINES);
	for (uint32_t i = 0; i < count; i++)
		if (blob_read_element(&r, EX_ENGINE_TABLE, i) == KMD_ENGINE_COMPUTE0)
			return i;
	return 0;
}

static int ask_nodes(struct dxg *dxg, const struct adapter *adapter, bool old_host, struct answers *answers)
{
	uint32_t count = MAX(answers->nodes, adapter->engine_count);
	int ret = 0;

	if (adapter->gpu)
		count = MAX(count, adapter->gpu->kmd.engine_count);
	count = MIN(count, MACHINE_MAX_NODES);
	for (uint32_t node = 0; node < count && !ret; node++)
		for (size_t i = 0; i < ARRAY_SIZE(node_questions) && !ret; i++)
			ret = ask(dxg, adapter, old_host, &node_questions[i], &node, answers);
	return ret;
}

/*
 * Asks everything; the caller releases the answers, also after a failure.  A refusal is an answer.  -ENOMEM;
 * -ENODEV: the adapter is gone.
 */
int answers_collect(struct dxg *dxg, const struct adapter *adapter, bool old_host, struct answers *answers)
{
	bool amd = !adapter->ids_error && adapter->ids.vendor == KMD_VENDOR_AMD;
	int ret = 0;

	memset(answers, 0, sizeof(*answers));
	answers->end = &answers->first;
	for (size_t i = 0; i < ARRAY_SIZE(standard_questions) && !ret; i++)
		ret = ask(dxg, adapter, old_host, &standard_questions[i], NULL, answers);
	for (size_t i = 0; amd && i < ARRAY_SIZE(private_questions) && !ret; i++)
		ret = ask(dxg, adapter, old_host, &private_questions[i], NULL, answers);
	if (ret)
		return ret;
	ask_statistics(dxg, adapter, answers);
	ret = ask_nodes(dxg, adapter, old_host, answers);
	if (!ret)
		ask_calibration(dxg, adapter, compute_node(answers), answers);
	return ret;
}

void answers_release(struct answers *answers)
{
	while (answers->first) {
		struct answer *answer = answers->first;

		answers->first = answer->next;
		free(answer->data);
		free(answer);
	}
}

/* The answer to a question; NULL: it was not asked. */
const struct answer *answers_find(const struct answers *answers, uint32_t type, uint32_t size, uint32_t index)
{
	for (const struct answer *answer = answers->first; answer; answer = answer->next)
		if (answer->type == type && answer->size == size && answer->index == index)
			return answer;
	return NULL;
}

/* A little-endian number in an answer; 0 where there is none or it was refused. */
uint64_t answer_read(const struct answer *answer, uint32_t offset, uint32_t width)
{
	uint64_t value = 0;

	if (answer && !answer->refused && offset <= answer->size && width <= answer->size - offset)
		memcpy(&value, answer->data + offset, width);
	return value;
}
