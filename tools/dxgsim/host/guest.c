// SPDX-License-Identifier: MIT
/* What the host tells the guest unasked: events and changed device states, collected while the lock is held. */
#include <stdlib.h>
#include <time.h>

#include "dxgsim/host/types.h"

uint64_t model_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void guest_raise(struct host_model *model, uint64_t event)
{
	if (model->raise_count == model->raise_size) {
		uint32_t size = model->raise_size ? model->raise_size * 2 : 16;
		uint64_t *grown = reallocarray(model->raise, size, sizeof(*grown));

		if (!grown)
			report_fatal("dxgsim: out of memory, a guest event would be lost");
		model->raise = grown;
		model->raise_size = size;
	}
	model->raise[model->raise_count++] = event;
}

/* Nothing can be told to the guest: it sleeps or cannot be reached. */
static bool holds_back(const struct host_model *model)
{
	return model->happenings.now.asleep || model->happenings.now.dead;
}

void guest_deliver(struct host_model *model)
{
	uint64_t *events = model->raise;
	uint32_t count = model->raise_count;
	bool changed = model->state_changed;

	if ((!count && !changed) || holds_back(model))
		return;
	model->raise = NULL;
	model->raise_count = 0;
	model->raise_size = 0;
	model->state_changed = false;
	model->upcalls_in_flight++;
	pthread_mutex_unlock(&model->lock);
	if (changed)
		model->upcalls->device_state_changed();
	for (uint32_t i = 0; i < count; i++)
		model->upcalls->signal_event(events[i]);
	free(events);
	model_lock(model);
	if (!--model->upcalls_in_flight)
		pthread_cond_broadcast(&model->idle);
}
