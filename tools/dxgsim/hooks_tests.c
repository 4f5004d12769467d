// SPDX-License-Identifier: MIT
/* What tests ask the hooks. */
#include <string.h>

#include "dxgsim/hooks_private.h"
#include "dxgsim/host/model.h"

void hook_get_counters(struct hook_counters *out)
{
	pthread_mutex_lock(&hooks.lock);
	*out = hooks.counters;
	pthread_mutex_unlock(&hooks.lock);
}

void hook_reset_counters(void)
{
	pthread_mutex_lock(&hooks.lock);
	memset(&hooks.counters, 0, sizeof(hooks.counters));
	pthread_mutex_unlock(&hooks.lock);
}

bool hook_get_paging(uint32_t adapter, struct arena_paging *out)
{
	struct host_model *model = hooks_model();

	return model && host_model_paging(model, adapter, out);
}

bool hook_get_gpu(uint32_t adapter, uint32_t node, struct vidsch_counters *out)
{
	struct host_model *model = hooks_model();

	return model && host_model_gpu(model, adapter, node, out);
}

int hook_fault_hit(void)
{
	int nr;

	pthread_mutex_lock(&hooks.lock);
	nr = hooks.fault_hit;
	pthread_mutex_unlock(&hooks.lock);
	return nr;
}

bool hook_fault_applied(void)
{
	bool applied;

	pthread_mutex_lock(&hooks.lock);
	applied = hooks.fault_applied;
	pthread_mutex_unlock(&hooks.lock);
	return applied;
}
