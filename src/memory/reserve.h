// SPDX-License-Identifier: MIT
/*
 * Reservations: stretches of address that are taken from the CPU (without access) and, at the same place, from
 * every GPU.  Part of the space, which hands out ranges from them.
 */
#ifndef MEMORY_RESERVE_H
#define MEMORY_RESERVE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "gsp/gpu.h"

#define RESERVE_GRAIN (2ULL << 20) /* of their places and sizes, wherever there is the room */

struct reservation {
	struct reservation *next;
	uint64_t start;
	uint64_t size;
	uint64_t
		gpus; /* bit per GPU on which the range is reserved too; changed by reserve_on(), read at any time */
	bool window;	    /* made for a caller who said between which addresses */
	bool several_nodes; /* the machine has NUMA nodes to choose from */
};

/* Fixed but for left_out and devices. */
struct reserver {
	_Atomic(struct gsp_device *)
		devices[DXG_MAX_ADAPTERS]; /* of the GPUs: on whose adapters reservations are */
	unsigned count;
	uint64_t outside;	   /* bit per GPU that has no addresses in common with those before it */
	_Atomic uint64_t left_out; /* bit per GPU that refused where others agreed, the last time */
	uint64_t lowest;
	uint64_t highest; /* exclusive */
	bool several_nodes;
};

struct reserve_wish {
	uint64_t size; /* this much at least, at a multiple of the alignment */
	uint64_t alignment;
	uint64_t unit;	 /* this much rather */
	uint64_t lowest; /* inside [lowest, highest); highest 0: anywhere */
	uint64_t highest;
};

void reserver_init(struct reserver *reserver, struct gsp_gpu *const *gpus, unsigned count);
int reserve(struct reserver *reserver, const struct reserve_wish *wish, struct reservation *out);
int reserve_at(struct reserver *reserver, uint64_t start, uint64_t size, struct reservation *out);
void reserve_on(struct reserver *reserver, unsigned gpu, struct gsp_device *fresh,
		struct reservation *reservation);
void reserve_undo(struct reserver *reserver, const struct reservation *reservation);
uint64_t reserved_gpus(const struct reservation *reservation);
int reserve_refresh(const struct reservation *reservation, uint64_t start, uint64_t size);

#endif
