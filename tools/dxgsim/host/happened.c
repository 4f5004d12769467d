// SPDX-License-Identifier: MIT
#include "dxgsim/host/happened.h"

#include <errno.h>
#include <string.h>

bool happening_is_order(const struct happening *happening)
{
	return happening->kind == HAPPENING_HANG || happening->kind == HAPPENING_PAGE_FAULT ||
	       happening->kind == HAPPENING_ILLEGAL;
}

uint32_t happening_find_order(const struct happening *orders, uint32_t count, uint32_t adapter, uint32_t node)
{
	uint32_t at = 0;

	while (at < count && (orders[at].adapter != adapter ||
			      (orders[at].node != HAPPENING_ANY_NODE && orders[at].node != node)))
		at++;
	return at;
}

void happening_remove_order(struct happening *orders, uint32_t *count, uint32_t at)
{
	memmove(&orders[at], &orders[at + 1], (*count - at - 1) * sizeof(*orders));
	--*count;
}

void happening_remove_orders(struct happening *orders, uint32_t *count, uint32_t adapter)
{
	for (uint32_t at = *count; at--;)
		if (orders[at].adapter == adapter)
			happening_remove_order(orders, count, at);
}

static int order(struct happened *happened, const struct happening *happening)
{
	if (happened->order_count == HAPPENED_ORDERS)
		return -EBUSY;
	happened->orders[happened->order_count++] = *happening;
	return 0;
}

static int unplug(struct happened *happened, uint32_t index)
{
	struct happened_adapter *adapter = &happened->adapters[index];

	adapter->removed = true;
	adapter->starved_until_ns = 0;
	happening_remove_orders(happened->orders, &happened->order_count, index);
	return 0;
}

static int plug(struct happened_adapter *adapter, uint64_t version)
{
	adapter->removed = false;
	adapter->plugs++;
	if (version)
		adapter->version = version;
	return 0;
}

static int reset(struct happened_adapter *adapter, const struct happening *happening)
{
	if (happening->engine) {
		adapter->engine_resets++;
		adapter->engine_node = happening->node;
	} else {
		adapter->resets++;
	}
	return 0;
}

static int starve(struct happened_adapter *adapter, uint64_t until_ns)
{
	if (adapter->starved_until_ns < until_ns)
		adapter->starved_until_ns = until_ns;
	return 0;
}

static int add_to_adapter(struct happened *happened, const struct happening *happening, uint64_t now_ns)
{
	struct happened_adapter *adapter;

	if (happening->adapter >= HOST_MAX_VGPUS)
		return -EINVAL;
	adapter = &happened->adapters[happening->adapter];
	if (happening->kind == HAPPENING_PLUG)
		return adapter->removed ? plug(adapter, 0) : -EALREADY;
	if (adapter->removed)
		return happening->kind == HAPPENING_REMOVE ? -EALREADY : -ENODEV;
	switch (happening->kind) {
	case HAPPENING_RESET:
		return reset(adapter, happening);
	case HAPPENING_REMOVE:
		return unplug(happened, happening->adapter);
	case HAPPENING_DRIVER_RESTART:
		unplug(happened, happening->adapter);
		return plug(adapter, happening->version);
	case HAPPENING_STARVE:
		return starve(adapter, now_ns + happening->ms * 1000000);
	default:
		return order(happened, happening);
	}
}

/* -EALREADY: it is so. */
static int turn(bool *state, bool now)
{
	if (*state == now)
		return -EALREADY;
	*state = now;
	return 0;
}

int happened_add(struct happened *happened, const struct happening *happening, uint64_t now_ns)
{
	int rc;

	switch (happening->kind) {
	case HAPPENING_RESET:
	case HAPPENING_HANG:
	case HAPPENING_PAGE_FAULT:
	case HAPPENING_ILLEGAL:
	case HAPPENING_REMOVE:
	case HAPPENING_PLUG:
	case HAPPENING_DRIVER_RESTART:
	case HAPPENING_STARVE:
		return add_to_adapter(happened, happening, now_ns);
	case HAPPENING_SLEEP:
		return turn(&happened->asleep, true);
	case HAPPENING_RESUME:
		rc = turn(&happened->asleep, false);
		if (!rc && happening->lost)
			happened->losses++;
		return rc;
	case HAPPENING_DEAD_CHANNEL:
		return turn(&happened->dead, true);
	case HAPPENING_LIVE_CHANNEL:
		return turn(&happened->dead, false);
	case HAPPENING_POWER:
		happened->power = happening->power;
		return 0;
	}
	return -EINVAL;
}
