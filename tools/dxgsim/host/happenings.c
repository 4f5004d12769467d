// SPDX-License-Identifier: MIT
/* What this process' host does about what happens to the VM. */
#include "dxgsim/host/happenings.h"

#include <errno.h>

#include "dxgsim/host/model.h"
#include "dxgsim/host/types.h"

void happenings_sleep(struct host_model *model)
{
	while (model->happenings.now.asleep) {
		pthread_cond_wait(&model->happenings.awake, &model->lock);
		happenings_look(model);
	}
}

/* ---- acting on a difference ---- */

static void lose_devices(struct host_adapter *adapter, uint32_t state)
{
	struct host_process *process;
	struct host_device *device;

	LIST_FOREACH(process, &adapter->model->processes, link)
	{
		LIST_FOREACH(device, &process->devices, link)
		{
			if (device->adapter == adapter)
				vidsch_device_lost(adapter->model, device, state);
		}
	}
}

static void look_at_adapter(struct host_adapter *adapter, const struct happened_adapter *was,
			    const struct happened_adapter *is)
{
	struct host_model *model = adapter->model;

	if (is->version)
		adapter->fixture->kmd_version = is->version;
	if (!model->happenings.known)
		return;
	if (is->plugs != was->plugs || (is->removed && !was->removed)) {
		happening_remove_orders(model->happenings.orders, &model->happenings.order_count,
					adapter->index);
		lose_devices(adapter, D3DKMT_DEVICEEXECUTION_STOPPED);
		vgpu_retire(adapter);
	}
	if (is->resets != was->resets)
		lose_devices(adapter, D3DKMT_DEVICEEXECUTION_RESET);
}

/* After it is known what else is so: these ask the arena, which others may have changed again. */
static void look_at_jobs(struct host_adapter *adapter, const struct happened_adapter *was,
			 const struct happened_adapter *is)
{
	struct host_model *model = adapter->model;

	if (is->engine_resets != was->engine_resets && is->engine_resets_taken != is->engine_resets &&
	    trouble_runs(adapter, is->engine_node) && arena_take_engine_reset(model->arena, adapter->index))
		trouble_reset_engine(adapter, is->engine_node);
	trouble_take_all(adapter);
}

static void act(struct host_model *model, const struct happened *is)
{
	struct happenings *happenings = &model->happenings;
	struct happened was = happenings->now;
	bool known = happenings->known;

	for (uint32_t i = 0; i < model->adapter_count; i++)
		look_at_adapter(&model->adapters[i], &was.adapters[i], &is->adapters[i]);
	if (known && is->losses != was.losses) {
		for (uint32_t i = 0; i < model->adapter_count; i++)
			lose_devices(&model->adapters[i], D3DKMT_DEVICEEXECUTION_RESET);
	}
	happenings->now = *is;
	happenings->known = true;
	for (uint32_t i = 0; known && i < model->adapter_count; i++)
		look_at_jobs(&model->adapters[i], &was.adapters[i], &is->adapters[i]);
	model->sched_dirty = true; /* engines stop, or go on */
	if (was.asleep && !is->asleep) {
		pthread_cond_broadcast(&happenings->awake);
		pthread_cond_signal(&model->work);
	}
}

void happenings_look(struct host_model *model)
{
	struct happened is;

	if (!model->arena ||
	    (model->happenings.known && model->happenings.generation == arena_generation(model->arena)))
		return;
	model->happenings.generation = arena_happened(model->arena, &is);
	act(model, &is);
}

/* ---- making it happen ---- */

static int make_alone(struct host_model *model, const struct happening *happening)
{
	struct happened is = model->happenings.now;
	int rc = happened_add(&is, happening, model_now_ns());

	model->happenings.known = true;
	if (!rc)
		act(model, &is);
	return rc;
}

int happenings_make(struct host_model *model, const struct happening *happening)
{
	int rc;

	if (!model->arena)
		return make_alone(model, happening);
	rc = arena_happen(model->arena, happening);
	happenings_look(model);
	return rc;
}

/* What aims at a job of this process, told here, is nobody else's. */
static int strike(struct host_model *model, const struct happening *happening)
{
	struct happenings *happenings = &model->happenings;
	struct host_adapter *adapter = &model->adapters[happening->adapter];

	if (happenings->now.adapters[happening->adapter].removed)
		return -ENODEV;
	if (!happening_is_order(happening)) {
		trouble_reset_engine(adapter, happening->node);
		return 0;
	}
	if (happenings->order_count == HAPPENED_ORDERS)
		return -EBUSY;
	happenings->orders[happenings->order_count++] = *happening;
	trouble_take_all(adapter);
	model->sched_dirty = true;
	return 0;
}

static bool fits(const struct host_model *model, const struct happening *happening)
{
	return happening->adapter < model->adapter_count &&
	       (happening->node == HAPPENING_ANY_NODE ||
		happening->node < model->adapters[happening->adapter].fixture->engine_count);
}

static bool concerns_adapter(const struct happening *happening)
{
	switch (happening->kind) {
	case HAPPENING_SLEEP:
	case HAPPENING_RESUME:
	case HAPPENING_DEAD_CHANNEL:
	case HAPPENING_LIVE_CHANNEL:
	case HAPPENING_POWER:
		return false;
	default:
		return true;
	}
}

int host_model_happen(struct host_model *model, const struct happening *happening)
{
	int rc = 0;

	model_lock(model);
	happenings_look(model);
	if (concerns_adapter(happening) && !fits(model, happening))
		rc = -EINVAL;
	else if (happening_is_order(happening) || (happening->kind == HAPPENING_RESET && happening->engine))
		rc = strike(model, happening);
	else
		rc = happenings_make(model, happening);
	vidsch_advance(model);
	guest_deliver(model);
	pthread_mutex_unlock(&model->lock);
	vgpu_tell(model);
	return rc;
}

enum host_power host_model_power(struct host_model *model)
{
	enum host_power power;

	model_lock(model);
	happenings_look(model);
	power = model->happenings.now.power;
	pthread_mutex_unlock(&model->lock);
	return power;
}

bool host_model_reachable(struct host_model *model)
{
	bool dead;

	model_lock(model);
	happenings_look(model);
	dead = model->happenings.now.dead;
	pthread_mutex_unlock(&model->lock);
	return !dead;
}

static void reset(struct host_adapter *adapter)
{
	const struct happening happening = {.kind = HAPPENING_RESET, .adapter = adapter->index};

	/* an adapter that is removed in this moment has nothing left to be reset */
	happenings_make(adapter->model, &happening);
}

int happenings_init(struct host_model *model)
{
	struct happenings *happenings = &model->happenings;
	int rc;

	happenings->known = false;
	happenings->reset = reset;
	happenings->order_count = 0;
	happenings->watches = false;
	atomic_store(&happenings->stop, false);
	rc = pthread_mutex_init(&happenings->tell, NULL);
	if (!rc)
		rc = pthread_cond_init(&happenings->awake, NULL);
	return -rc;
}
