// SPDX-License-Identifier: MIT
/* What befalls jobs and engines from outside: orders for a job, an engine's reset, Windows that wants the GPU. */
#include "dxgsim/host/types.h"

/* ---- orders ---- */

static bool own_order(struct happenings *happenings, const struct host_engine *engine, struct happening *out)
{
	uint32_t at = happening_find_order(happenings->orders, happenings->order_count,
					   engine->adapter->index, engine->node);

	if (at == happenings->order_count)
		return false;
	*out = happenings->orders[at];
	happening_remove_order(happenings->orders, &happenings->order_count, at);
	return true;
}

/* Nobody has to be asked for what was not there at the last look: a later one tells. */
static bool shared_order(struct host_model *model, const struct host_engine *engine, struct happening *out)
{
	const struct happened *now = &model->happenings.now;

	return model->arena && now->order_count &&
	       happening_find_order(now->orders, now->order_count, engine->adapter->index, engine->node) <
		       now->order_count &&
	       arena_take_order(model->arena, engine->adapter->index, engine->node, out);
}

void trouble_take(struct host_place *place)
{
	struct host_model *model = place->engine->adapter->model;

	if (place->running && !place->in_trouble)
		place->in_trouble = own_order(&model->happenings, place->engine, &place->trouble) ||
				    shared_order(model, place->engine, &place->trouble);
}

static void take(struct host_place *place, void *arg)
{
	(void)arg;
	trouble_take(place);
}

void trouble_take_all(struct host_adapter *adapter)
{
	for (uint32_t i = 0; i < adapter->fixture->engine_count; i++)
		vidsch_visit_places(&adapter->engines[i], take, NULL);
}

/* ---- engines ---- */

static void count_running(struct host_place *place, void *arg)
{
	uint32_t *running = arg;

	*running += place->running != NULL;
}

bool trouble_runs(struct host_adapter *adapter, uint32_t node)
{
	uint32_t running = 0;

	for (uint32_t i = 0; i < adapter->fixture->engine_count; i++) {
		if (node == HAPPENING_ANY_NODE || node == i)
			vidsch_visit_places(&adapter->engines[i], count_running, &running);
	}
	return running != 0;
}

static void lose(struct host_place *place, void *arg)
{
	if (place->running)
		vidsch_device_lost(arg, place->running->context->device, D3DKMT_DEVICEEXECUTION_HUNG);
}

void trouble_reset_engine(struct host_adapter *adapter, uint32_t node)
{
	for (uint32_t i = 0; i < adapter->fixture->engine_count; i++) {
		if (node == HAPPENING_ANY_NODE || node == i)
			vidsch_visit_places(&adapter->engines[i], lose, adapter->model);
	}
}

bool trouble_lets_work(struct host_adapter *adapter, uint64_t *due_ns)
{
	const struct happened *now = &adapter->model->happenings.now;
	uint64_t until = now->adapters[adapter->index].starved_until_ns, clock;

	if (!now->asleep && !until && !adapter->away_since_ns)
		return true;
	clock = model_now_ns();
	if (now->asleep || clock < until) {
		*due_ns = now->asleep ? UINT64_MAX : until;
		if (!adapter->away_since_ns)
			adapter->away_since_ns = clock;
		return false;
	}
	if (adapter->away_since_ns)
		adapter->away_ns += clock - adapter->away_since_ns;
	adapter->away_since_ns = 0;
	return true;
}
