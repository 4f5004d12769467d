// SPDX-License-Identifier: MIT
/* What every structure of the /dev/dxg interface is made of; see dxg/uapi.h. */
#ifndef DXG_UAPI_TYPES_H
#define DXG_UAPI_TYPES_H

#include <stdint.h>

#include "dxg/uapi_enums.h"

typedef uint32_t d3dkmt_handle;

/* A handle: instance bits 0-5, table index 6-29, unique bits 30-31. */
#define D3DKMTHANDLE_INSTANCE (0x3fU << 0)
#define D3DKMTHANDLE_INDEX    (0xffffffU << 6)
#define D3DKMTHANDLE_UNIQUE   (0x3U << 30)

struct winluid {
	uint32_t a;
	uint32_t b;
};

#endif
