// SPDX-License-Identifier: MIT
#include "dxgsim/host/amd_queue.h"

#include <string.h>

#include "dxgsim/host/amd_blob.h"

#define FLAGS		0x10u
#define QUEUE_ID	0x14u
#define LEGAL_FLAGS	0x2700fu /* bits 0..3 are taken and mean nothing known */
#define PRIORITY_SHIFT	12
#define PRIORITY_MASK	7u
#define PRIORITY_NORMAL 1u
#define PRIORITY_HIGH	2u
#define FIRMWARE_STATE	(1u << 17)

int amd_queue_decode(const struct fixture *fixture, const void *data, uint32_t size, char *why,
		     size_t why_size)
{
	static const struct amd_known known[] = {{0x00, 4}, {FLAGS, 4}, {QUEUE_ID, 4}, {0, 0}};
	const struct amd_reason reason = {why, why_size};
	const uint8_t *blob = data;
	uint32_t flags, priority;

	if (size != AMD_QUEUE_SIZE)
		return amd_wrong(&reason, "hardware queue private data has 0x%x bytes, not 0x40", size);
	if (amd_get32(blob, 0x00) != AMD_QUEUE_SIZE)
		return amd_wrong(&reason, "hardware queue data: 0x%x at 0x00, want size 0x40",
				 amd_get32(blob, 0x00));
	flags = amd_get32(blob, FLAGS);
	priority = flags >> PRIORITY_SHIFT & PRIORITY_MASK;
	if (flags & ~LEGAL_FLAGS)
		return amd_wrong(&reason, "hardware queue data: flags 0x%x at 0x10, unknown 0x%x", flags,
				 flags & ~LEGAL_FLAGS);
	if (priority != PRIORITY_NORMAL && priority != PRIORITY_HIGH)
		return amd_wrong(&reason, "hardware queue data: priority selector %u at 0x10", priority);
	if (!!(flags & FIRMWARE_STATE) != fixture->firmware_state)
		return amd_wrong(&reason,
				 "hardware queue data: flags 0x%x at 0x10, firmware-managed state is %s",
				 flags, fixture->firmware_state ? "on" : "off");
	return amd_rest_is_zero(blob, size, known, &reason);
}

void amd_queue_answer(void *data, uint32_t queue_id)
{
	memcpy((uint8_t *)data + QUEUE_ID, &queue_id, sizeof(queue_id));
}
