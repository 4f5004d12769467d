// SPDX-License-Identifier: MIT
#include "dxgsim/host/amd_context.h"

#include <stdbool.h>

#include "dxgsim/host/amd_blob.h"

#define CLIENT_COMPUTE	0x100u
#define CLIENT_VULKAN	0x100000u
#define CLIENT_GRAPHICS 0x40000u /* with the above, on the graphics engine */
#define FIRMWARE_STATE	0x200000u
#define SECOND_SECTION	0x168u
#define GRAPHICS_ID	0u

int amd_context_decode(const struct fixture *fixture, uint32_t node, const void *data, uint32_t size,
		       char *why, size_t why_size)
{
	static const struct amd_known known[] = {{0x00, 8}, {0x34, 4}, {0x38, 4}, {0x40, 4}, {0, 0}};
	const bool graphics = fixture->engines[node].scheduler_id == GRAPHICS_ID;
	const bool extended = size == AMD_CONTEXT_LONG_SIZE;
	const uint32_t state = fixture->firmware_state ? FIRMWARE_STATE : 0;
	const struct amd_reason reason = {why, why_size};
	const uint8_t *blob = data;
	uint32_t client, version;

	if (size != AMD_CONTEXT_SIZE && !extended)
		return amd_wrong(&reason, "context private data has 0x%x bytes, not 0x40 or 0x1a8", size);
	if (amd_get32(blob, 0x00) != AMD_CONTEXT_SIZE)
		return amd_wrong(&reason, "context data: 0x%x at 0x00, want header size 0x40",
				 amd_get32(blob, 0x00));
	client = amd_get32(blob, 0x04);
	if (extended ? (client & ~(graphics ? CLIENT_GRAPHICS : 0)) != CLIENT_VULKAN
		     : client != CLIENT_COMPUTE)
		return amd_wrong(&reason, "context data: client 0x%x at 0x04, want 0x%x", client,
				 extended ? CLIENT_VULKAN : CLIENT_COMPUTE);
	version = amd_get32(blob, 0x34);
	if (version && !(graphics && version == 9))
		return amd_wrong(&reason, "context data: version %u at 0x34", version);
	if (amd_get32(blob, 0x38) != state)
		return amd_wrong(&reason,
				 "context data: 0x%x at 0x38, want 0x%x: firmware-managed state is %s",
				 amd_get32(blob, 0x38), state, state ? "on" : "off");
	if (extended && amd_get32(blob, 0x40) != SECOND_SECTION)
		return amd_wrong(&reason, "context data: 0x%x at 0x40, want section size 0x168",
				 amd_get32(blob, 0x40));
	return amd_rest_is_zero(blob, size, known, &reason);
}
