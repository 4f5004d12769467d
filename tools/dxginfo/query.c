// SPDX-License-Identifier: MIT
#include "dxginfo/query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dxginfo/machine.h"
#include "topology/utf.h"
#include "util/compiler.h"

static uint32_t get32(const uint8_t *data, uint32_t offset)
{
	uint32_t value;

	memcpy(&value, data + offset, sizeof(value));
	return value;
}

static uint64_t get64(const uint8_t *data, uint32_t offset)
{
	uint64_t value;

	memcpy(&value, data + offset, sizeof(value));
	return value;
}

/*
 * One query with room for an answer that is longer than it should be.  -ENODATA: the host left `data` as it was,
 * which is how old hosts refuse; others as the call.  `data` is what it was on failure.
 */
int adapter_query(struct dxg *dxg, d3dkmt_handle handle, uint32_t type, void *data, uint32_t size)
{
	uint8_t *buffer = calloc(2, size);
	int ret;

	if (!buffer)
		return -ENOMEM;
	memcpy(buffer, data, size);
	ret = dxg_query_adapter_info(dxg, handle, type, buffer, size);
	if (!ret && !memcmp(buffer, data, size))
		ret = -ENODATA;
	if (!ret)
		memcpy(data, buffer, size);
	free(buffer);
	return ret;
}

/* A path in the place of a name is nobody's business; it counts as none. */
static void decode_name(const uint16_t *units, size_t count, char *name, size_t size)
{
	utf8_from_utf16(units, count, name, size);
	for (size_t i = 0; i < count && units[i]; i++)
		if (units[i] == '\\')
			name[0] = '\0';
}

/* What the host says of one engine; false where it says nothing. */
bool engine_describe(struct dxg *dxg, d3dkmt_handle handle, uint32_t node, struct adapter_engine *engine)
{
	uint8_t data[SIZE_NODE_METADATA] = {0};
	uint16_t name[NODE_METADATA_UNITS];

	memset(engine, 0, sizeof(*engine));
	memcpy(data, &node, sizeof(node));
	/* an engine of type "other" without a name may answer all zeros: told by the type's own mark */
	memset(data + NODE_METADATA_TYPE, 0xff, 4);
	if (adapter_query(dxg, handle, QUERY_NODE_METADATA, data, sizeof(data)))
		return false;
	engine->known = true;
	engine->type = get32(data, NODE_METADATA_TYPE);
	memcpy(name, data + NODE_METADATA_NAME, sizeof(name));
	decode_name(name, ARRAY_SIZE(name), engine->name, sizeof(engine->name));
	return true;
}

static void describe_name(struct dxg *dxg, struct adapter *adapter)
{
	uint8_t data[SIZE_REGISTRY_INFO] = {0};
	uint16_t name[SIZE_ADAPTER_STRING / 2];

	if (adapter_query(dxg, adapter->handle, QUERY_REGISTRY_INFO, data, sizeof(data)))
		return;
	memcpy(name, data, sizeof(name));
	decode_name(name, ARRAY_SIZE(name), adapter->name, sizeof(adapter->name));
}

/* What any vendor's adapter tells.  Every answer may be missing; handle, luid and index are set. */
void adapter_describe(struct dxg *dxg, struct adapter *adapter)
{
	uint8_t data[SIZE_SEGMENT_SIZE] = {0};
	uint32_t word = 0;
	uint64_t version = 0;

	adapter->ids_error = kmd_adapter_identify(dxg, adapter->handle, &adapter->ids);
	adapter->address_known = !kmd_adapter_locate(dxg, adapter->handle, &adapter->address);
	describe_name(dxg, adapter);
	if (!adapter_query(dxg, adapter->handle, QUERY_DRIVER_VERSION, &version, SIZE_DRIVER_VERSION))
		adapter->driver_version = version;
	if (!adapter_query(dxg, adapter->handle, QUERY_WDDM_VERSION, &word, sizeof(word)))
		adapter->wddm_version = word;
	word = 0;
	if (!adapter_query(dxg, adapter->handle, QUERY_ADAPTER_TYPE, &word, sizeof(word)))
		adapter->type = word;
	if (!adapter_query(dxg, adapter->handle, QUERY_SEGMENT_SIZE, data, sizeof(data))) {
		adapter->segments_known = true;
		adapter->dedicated_video = get64(data, 0);
		adapter->dedicated_system = get64(data, 8);
		adapter->shared_system = get64(data, 16);
	}
	while (adapter->engine_count < MACHINE_MAX_NODES &&
	       engine_describe(dxg, adapter->handle, adapter->engine_count,
			       &adapter->engines[adapter->engine_count]))
		adapter->engine_count++;
}

/*
 * Whether refusals of a query reach the guest, found out by asking for PCI ids with too small a buffer, which
 * every Windows refuses.
 */
enum host_reports host_reports_status(struct dxg *dxg, d3dkmt_handle handle)
{
	uint32_t small[2] = {0};
	int ret = dxg_query_adapter_info(dxg, handle, QUERY_DEVICE_IDS, small, sizeof(small[0]));

	return ret ? HOST_REPORTS_STATUS : HOST_REPORTS_NOTHING;
}

const char *engine_type_name(uint32_t type)
{
	static const char *const names[] = {
		[ENGINE_OTHER] = "other",
		[ENGINE_3D] = "3D",
		[ENGINE_VIDEO_DECODE] = "video decode",
		[ENGINE_VIDEO_ENCODE] = "video encode",
		[ENGINE_VIDEO_PROCESSING] = "video processing",
		[ENGINE_SCENE_ASSEMBLY] = "scene assembly",
		[ENGINE_COPY] = "copy",
		[ENGINE_OVERLAY] = "overlay",
		[ENGINE_CRYPTO] = "crypto",
	};

	return type < ARRAY_SIZE(names) ? names[type] : "unknown";
}

/* AMD's scheduler ids; "?" for those that are not known publicly. */
const char *scheduler_name(uint32_t id)
{
	switch (id) {
	case KMD_ENGINE_GRAPHICS:
		return "graphics";
	case KMD_ENGINE_SDMA0:
		return "SDMA 0";
	case KMD_ENGINE_COMPUTE0:
		return "compute";
	case KMD_ENGINE_SDMA1:
		return "SDMA 1";
	default:
		return "?";
	}
}
