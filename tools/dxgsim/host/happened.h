// SPDX-License-Identifier: MIT
/*
 * What has happened to a VM so far: what is so now, and how often that has been which leaves nothing behind.  Who has
 * seen one of these knows from a later one what he has missed, however much that is.
 */
#ifndef DXGSIM_HOST_HAPPENED_H
#define DXGSIM_HOST_HAPPENED_H

#include "dxgsim/host/happening.h"
#include "dxgsim/host/message.h"

#define HAPPENED_ORDERS 16u

struct happened_adapter {
	uint32_t resets;
	uint32_t plugs;
	bool removed;
	uint32_t engine_resets, engine_resets_taken; /* by the one process that each of them strikes */
	uint32_t engine_node;			     /* of the last */
	uint64_t version;			     /* of its driver; 0: as in the adapter's file */
	uint64_t starved_until_ns; /* of CLOCK_MONOTONIC, which is the same in all processes */
};

struct happened {
	struct happened_adapter adapters[HOST_MAX_VGPUS];
	bool asleep, dead;
	uint32_t losses; /* by sleep */
	enum host_power power;
	/* what is to befall a job and has not found one, the oldest first */
	uint32_t order_count;
	struct happening orders[HAPPENED_ORDERS];
};

/* Errors as host_model_happen(); then nothing has changed. */
int happened_add(struct happened *happened, const struct happening *happening, uint64_t now_ns);
/* It aims at one job, not at all processes. */
bool happening_is_order(const struct happening *happening);
/* The place in a list of the first order for that engine; @count: there is none. */
uint32_t happening_find_order(const struct happening *orders, uint32_t count, uint32_t adapter,
			      uint32_t node);
void happening_remove_order(struct happening *orders, uint32_t *count, uint32_t at);
/* All those for an adapter. */
void happening_remove_orders(struct happening *orders, uint32_t *count, uint32_t adapter);

#endif
