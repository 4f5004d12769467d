// SPDX-License-Identifier: MIT
#include "dxg/slack.h"

#include <string.h>

#include "util/compiler.h"

#define SLACK_BYTE 0xa7
#define SLACK_MIN  64U

/* Bytes of the copy: as much room again as the data has, and some more. */
size_t dxg_slack_size(uint32_t size)
{
	return ALIGN_UP((size_t)size * 2 + SLACK_MIN, (size_t)16);
}

/* Makes the copy in `slot`, dxg_slack_size(size) bytes. */
void dxg_slack_fill(uint8_t *slot, const void *data, uint32_t size)
{
	if (size)
		memcpy(slot, data, size);
	memset(slot + size, SLACK_BYTE, dxg_slack_size(size) - size);
}

/* Whether nothing was written behind the data. */
bool dxg_slack_intact(const uint8_t *slot, uint32_t size)
{
	for (size_t i = size; i < dxg_slack_size(size); i++)
		if (slot[i] != SLACK_BYTE)
			return false;
	return true;
}
