// SPDX-License-Identifier: MIT
/* The thread that learns of what other processes make happen, asleep until they do. */
#include <sched.h>

#include "dxgsim/host/types.h"

static void *watcher_main(void *arg)
{
	struct host_model *model = arg;
	struct happenings *happenings = &model->happenings;

	while (!atomic_load(&happenings->stop)) {
		uint32_t generation;

		model_lock(model);
		happenings_look(model);
		generation = happenings->generation;
		vidsch_advance(model);
		guest_deliver(model);
		pthread_mutex_unlock(&model->lock);
		vgpu_tell(model);
		if (!atomic_load(&happenings->stop))
			arena_wait(model->arena, generation);
	}
	atomic_store(&happenings->stopped, true);
	return NULL;
}

void watch_start(struct host_model *model)
{
	struct happenings *happenings = &model->happenings;

	if (happenings->watches || !model->arena)
		return;
	atomic_store(&happenings->stop, false);
	atomic_store(&happenings->stopped, false);
	if (host_thread(model, &happenings->watcher, watcher_main))
		report_fatal("dxgsim: no thread for what happens to the VM");
	happenings->watches = true;
}

void watch_stop(struct host_model *model)
{
	struct happenings *happenings = &model->happenings;
	bool watches;

	model_lock(model);
	watches = happenings->watches;
	happenings->watches = false;
	pthread_mutex_unlock(&model->lock);
	if (!watches)
		return;
	atomic_store(&happenings->stop, true);
	/* it may be between its look at that and its sleep, where nothing wakes it yet */
	while (!atomic_load(&happenings->stopped)) {
		arena_nudge(model->arena);
		sched_yield();
	}
	pthread_join(happenings->watcher, NULL);
}
