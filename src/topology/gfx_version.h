// SPDX-License-Identifier: MIT
#ifndef TOPOLOGY_GFX_VERSION_H
#define TOPOLOGY_GFX_VERSION_H

#include <stdbool.h>
#include <stdint.h>

/* gfx1030 is 10.3.0; gfx90a is 9.0.10 (LLVM AMDGPU usage). */
struct gfx_version {
	uint8_t major;
	uint8_t minor;
	uint8_t step;
};

int gfx_version_parse_dotted(const char *text, struct gfx_version *out);
int gfx_version_parse_target(const char *text, struct gfx_version *out);
bool gfx_version_override_exists(void);
int gfx_version_override(uint32_t node, struct gfx_version *out, bool *overridden);
uint32_t gfx_version_vgpr_bytes_per_cu(struct gfx_version gfx);

#endif
