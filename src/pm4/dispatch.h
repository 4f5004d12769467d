// SPDX-License-Identifier: MIT
/*
 * A kernel dispatch as registers and a packet.
 *
 * Registers that hold the wanted value since an earlier dispatch of the same command buffer are not written again: the
 * shadow knows.  A shadow starts empty with every command buffer, for nothing is known of the registers there.
 */
#ifndef PM4_DISPATCH_H
#define PM4_DISPATCH_H

#include "pm4/pm4.h"

#define PM4_USER_DATA_MAX    16U
#define PM4_SHADER_ENGINES   8U
#define PM4_SHADOW_REGISTERS 64U

/* What compute registers hold, by their index in the table of registers.c. */
struct pm4_shadow {
	uint64_t known; /* bit per index */
	uint32_t value[PM4_SHADOW_REGISTERS];
};

struct pm4_dispatch {
	uint64_t code; /* of the first instruction; a multiple of 256 */
	/* of the kernel descriptor; rsrc2's LDS size is replaced by what lds_bytes needs, the rest stays */
	uint32_t rsrc1;
	uint32_t rsrc2;
	uint32_t rsrc3;
	uint32_t lds_bytes;
	bool wave32;	   /* gfx10 and later */
	uint32_t group[3]; /* work-items per work-group, 1 to 1024 */
	uint32_t grid[3];  /* work-items */
	uint32_t user_data[PM4_USER_DATA_MAX];
	uint32_t user_data_count;
	uint32_t tmpring;		      /* COMPUTE_TMPRING_SIZE as it is to be; 0: no scratch */
	uint64_t scratch_base;		      /* gfx11 and later; a multiple of 256 */
	uint32_t cu_mask[PM4_SHADER_ENGINES]; /* which compute units may be used, per shader engine */
};

void pm4_shadow_forget(struct pm4_shadow *shadow);
void pm4_dispatch(struct pm4_buffer *buffer, struct pm4_shadow *shadow, const struct pm4_dispatch *dispatch);

/* COMPUTE_TMPRING_SIZE: `waves` of `wave_bytes` each.  false: it cannot be said. */
bool pm4_tmpring(enum pm4_generation generation, uint32_t waves, uint32_t wave_bytes, uint32_t shader_engines,
		 uint32_t *tmpring);
/* How much one wave has of it, in bytes; and a buffer resource for scratch of up to gfx10 (4 words). */
uint32_t pm4_tmpring_wave_bytes(enum pm4_generation generation, uint32_t tmpring);
void pm4_scratch_resource(enum pm4_generation generation, uint64_t base, uint64_t bytes, bool wave32,
			  uint32_t resource[4]);

#endif
