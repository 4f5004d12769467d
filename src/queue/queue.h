// SPDX-License-Identifier: MIT
/*
 * Queues: what thunk/ creates, rings and destroys.
 *
 * Errors, the same everywhere: -EINVAL a bad argument; -ENOENT no such queue; -ENOMEM, -ENOSPC no memory; -ENODEV the GPU is lost;
 * -EOPNOTSUPP the GPU has no such engine; -EIO the host refuses, or work does not come back from the engine; -EFAULT an address that
 * is not there.
 */
#ifndef QUEUE_QUEUE_H
#define QUEUE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "event/completion.h"
#include "event/event.h"
#include "memory/memory.h"

struct queues; /* all of the process */

/* What is known of a GPU, by its index in the memory. */
struct queue_gpu {
	struct gsp_gpu *gsp;
	const struct kmd_adapter *info; /* read by queues_create() only */
	unsigned gfx_major;
	uint32_t shader_engines;
	uint32_t arrays_per_engine;
	uint32_t compute_units;
	uint32_t scratch_waves; /* most waves with scratch on the whole GPU */
	uint32_t lds_bytes;	/* of a work-group at most */
	uint64_t local_bytes;	/* of GPU memory; scratch takes a quarter at most */
	bool platform_atomics;
};

enum queue_kind {
	QUEUE_AQL,
	QUEUE_PM4,
	QUEUE_SDMA,
};

struct queues_options {
	struct memory *memory;
	struct event_table *events;
	const struct queue_gpu *gpus;
	uint32_t gpu_count;
	const uint32_t *
		nodes; /* the GPUs' public ids, fixed, for the events that tell of a loss; NULL: their places */
	struct gsp_power_options power; /* of each GPU */
	bool look_at_doorbells;		/* do not use userfaultfd */
	/* the runtime rings by call, also where it stores: AQL doorbells are not watched, others not after the first call */
	bool rung_by_call;
};

struct queue_request {
	uint32_t gpu;
	enum queue_kind kind;
	uint32_t sdma_engine; /* 0, 1: which one is wished for */
	void *ring;
	uint64_t ring_bytes;
	uint32_t percentage; /* 0: disabled, 100: enabled */
	int priority;	     /* -3 to 3 */
	uint32_t event_id;   /* told of queue errors; 0: none */
	/* QUEUE_AQL: the caller's; others: the queue's own, out */
	uint64_t *write_index;
	uint64_t *read_index;
	int64_t *error_reason; /* the caller's, may be NULL */
	uint64_t *doorbell;    /* out */
};

struct queue_description {
	enum queue_kind kind;
	uint32_t gpu;
	uint64_t error;	   /* HSA error word of a stopped queue, 0: none */
	uint32_t *cu_mask; /* as it was set, all ones before; the queue's own, as long as it lives */
	uint32_t cu_mask_words;
};

int queues_create(const struct queues_options *options, struct queues **out);
/* Destroys what is left. */
void queues_destroy(struct queues *queues);

int queue_create(struct queues *queues, struct queue_request *request, uint64_t *id);
int queue_destroy(struct queues *queues, uint64_t id);
/* ring NULL, ring_bytes 0 or percentage 0: disabled until updated again. */
int queue_update(struct queues *queues, uint64_t id, uint32_t percentage, int priority, void *ring,
		 uint64_t ring_bytes);
int queue_set_cu_mask(struct queues *queues, uint64_t id, const uint32_t *mask, uint32_t words);
int queue_describe(struct queues *queues, uint64_t id, struct queue_description *out);
int queue_ring_doorbell(struct queues *queues, uint64_t id);

#endif
