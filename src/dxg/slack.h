// SPDX-License-Identifier: MIT
/* Inside src/dxg only: private data that the host answers is sent from a copy with room behind it. */
#ifndef DXG_SLACK_H
#define DXG_SLACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

size_t dxg_slack_size(uint32_t size);
void dxg_slack_fill(uint8_t *slot, const void *data, uint32_t size);
bool dxg_slack_intact(const uint8_t *slot, uint32_t size);

#endif
