// SPDX-License-Identifier: MIT
/*
 * What the GPU's scheduling firmware does for each engine.  Decided once per device from the private data,
 * corrected when the host contradicts it; every context and queue takes its flags from here.
 */
#ifndef GSP_CAPS_H
#define GSP_CAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "kmd/adapter.h"

/* The ways to get work to an engine, best first. */
enum gsp_rung {
	GSP_RUNG_HARDWARE,   /* hardware queue: the firmware schedules */
	GSP_RUNG_SOFTWARE,   /* context alone: Windows schedules */
	GSP_RUNG_USER_QUEUE, /* the same, with ring memory that we allocate (RDNA2) */
	GSP_RUNG_COUNT,
	GSP_RUNG_NONE = GSP_RUNG_COUNT, /* no way is known to work */
};

struct gsp_engine_caps {
	uint32_t node;	   /* ordinal, KMD_NO_NODE: the adapter has no such engine */
	bool hardware;	   /* hardware queues are promised */
	bool no_timeout;   /* the OS' GPU timeout is to be disabled */
	uint32_t ib_start; /* bytes a command buffer's address is a multiple of, at least 4 */
	uint32_t ib_size;  /* the same for its length */
};

struct gsp_caps {
	bool firmware_managed_state;
	uint32_t mec_firmware; /* 0: not known */
	struct gsp_engine_caps compute;
	struct gsp_engine_caps sdma[2];
};

void gsp_caps_decide(const struct kmd_adapter *info, struct gsp_caps *caps);
const struct gsp_engine_caps *gsp_caps_engine(const struct gsp_caps *caps, enum kmd_engine engine);
const char *gsp_rung_name(enum gsp_rung rung);

#endif
