// SPDX-License-Identifier: MIT
/*
 * How the library's user hears that a GPU is lost: by his events, once for each device that is lost.
 *
 * Whoever finds a loss notes it; the thread that acts on it reports.  A page fault whose address the host tells is raised as a
 * memory fault, and everything else, or where nobody asked for memory faults, as an exception of the hardware.
 */
#ifndef EVENT_LOSS_H
#define EVENT_LOSS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "event/event.h"
#include "gsp/gpu.h"

struct loss;

struct losses {
	/* fixed */
	struct event_table *events; /* NULL: nobody hears */
	struct gsp_gpu *const *gpus;
	const uint32_t *nodes; /* of the GPUs; NULL: their places among them */
	uint32_t gpu_count;

	pthread_mutex_t lock;
	struct loss *first, **last;
};

void losses_init(struct losses *losses, struct event_table *events, struct gsp_gpu *const *gpus,
		 const uint32_t *nodes, uint32_t gpu_count);
void losses_end(struct losses *losses);

bool losses_note(struct losses *losses, struct gsp_gpu *gpu, struct gsp_device *device);
bool losses_noted(struct losses *losses);
void losses_report(struct losses *losses);
void losses_report_one(struct losses *losses, struct gsp_device *device);

#endif
