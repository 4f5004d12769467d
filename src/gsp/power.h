// SPDX-License-Identifier: MIT
/*
 * The hint to the host that a GPU is to run at high clocks, for one GPU of the process.
 *
 * It is held only while work is outstanding and the policy allows, and GSP_POWER_IDLE_NS longer, so that bursts of work do not
 * ask for it again and again.  All is done by one thread in its turns, never by who submits.  That a driver refuses is remembered; no
 * work fails for it.
 */
#ifndef GSP_POWER_H
#define GSP_POWER_H

#include <stdbool.h>
#include <stdint.h>

#include "gsp/device.h"
#include "util/power_supply.h"

#define GSP_POWER_IDLE_NS 2000000000ULL /* how long a GPU is idle before the hint is taken back */

enum gsp_power_policy {
	GSP_POWER_OFF,
	GSP_POWER_AUTO, /* while the machine is known to run on mains power */
	GSP_POWER_PERFORMANCE,
};

struct gsp_power_options {
	enum gsp_power_policy policy;
	uint64_t idle_ns;		   /* 0: GSP_POWER_IDLE_NS */
	enum power_source (*source)(void); /* NULL: power_supply_now() */
};

/* The thread's own. */
struct gsp_power {
	struct gsp_power_options options;
	struct gsp_device *held; /* on which the hint is, with a reference; NULL: on none */
	bool refused;		 /* by the driver: it is not asked again */
	bool mains;		 /* when last looked at, ... */
	uint64_t looked_ns;	 /* ... and when; 0: never */
	bool idle;		 /* in the last turn, ... */
	uint64_t idle_since_ns;	 /* ... and since when */
	uint64_t reached;	 /* how far the device's work was in the last turn */
};

void gsp_power_init(struct gsp_power *power, const struct gsp_power_options *options);
uint64_t gsp_power_turn(struct gsp_power *power, struct gsp_device *device, uint64_t now_ns);
void gsp_power_release(struct gsp_power *power);

#endif
