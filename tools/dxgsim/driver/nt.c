// SPDX-License-Identifier: MIT
/* NT handles of the VM. */
#include "dxgsim/driver/nt.h"

#include <errno.h>
#include <stdbool.h>

#include "dxgsim/driver/shared.h"
#include "dxgsim/driver/vmbus.h"

#define CREATE_BODY  8u
#define CREATE_REPLY 4u
#define DESTROY_BODY 8u
#define STATUS_REPLY 4u

static struct nt_slot *slot_of(struct nt_table *table, struct nt_ref ref)
{
	struct nt_slot *slot;

	if (ref.generation == 0 || ref.slot >= NT_SLOTS)
		return NULL;
	slot = &table->slots[ref.slot];
	return slot->files && slot->generation == ref.generation ? slot : NULL;
}

static int slot_new(struct nt_table *table, d3dkmt_handle handle, struct nt_ref *ref)
{
	for (uint32_t i = 0; i < NT_SLOTS; i++) {
		struct nt_slot *slot = &table->slots[i];

		if (slot->files)
			continue;
		if (++table->last_generation == 0)
			table->last_generation = 1;
		slot->generation = table->last_generation;
		slot->handle = handle;
		slot->files = 1;
		*ref = (struct nt_ref){.slot = i, .generation = slot->generation};
		return 0;
	}
	return -ENOMEM;
}

static int send_create(struct process *process, d3dkmt_handle object, d3dkmt_handle *handle)
{
	struct host_create_nt_shared_object request = {.object = object};
	struct host_create_nt_shared_object_reply reply = {0};
	struct host_message m;
	int ret;

	ret = message_init(&m, process, NULL, HOST_CREATENTSHAREDOBJECT, CREATE_BODY, CREATE_REPLY);
	if (ret)
		return ret;
	m.has_status = false;
	m.request.create_nt_shared_object = &request;
	m.reply.create_nt_shared_object = &reply;
	ret = message_send(&m);
	*handle = reply.nt_handle;
	return ret ? ret : reply.nt_handle ? 0 : -ENOTRECOVERABLE;
}

static void send_destroy(d3dkmt_handle handle)
{
	struct host_destroy_nt_shared_object request = {.nt_handle = handle};
	struct host_message m;

	if (message_init(&m, NULL, NULL, HOST_DESTROYNTSHAREDOBJECT, DESTROY_BODY, STATUS_REPLY))
		return;
	m.request.destroy_nt_shared_object = &request;
	/* a file that is closed cannot fail */
	message_send(&m);
}

/* One file more of the NT handle in the cache, if it is still there. */
static bool cache_use(const struct nt_ref *cache, struct nt_ref *ref)
{
	struct nt_table *table = nt_table_lock();
	struct nt_slot *slot = slot_of(table, *cache);

	*ref = *cache;
	if (slot)
		slot->files++;
	nt_table_unlock();
	return slot != NULL;
}

int nt_acquire(struct process *process, struct nt_ref *cache, d3dkmt_handle object, struct nt_ref *ref)
{
	struct nt_table *table;
	struct nt_slot *slot;
	d3dkmt_handle handle;
	int ret;

	if (cache_use(cache, ref))
		return 0;
	ret = send_create(process, object, &handle);
	if (ret)
		return ret;
	table = nt_table_lock();
	slot = slot_of(table, *cache);
	if (slot) {
		/* another thread shared it meanwhile */
		*ref = *cache;
		slot->files++;
	} else {
		ret = slot_new(table, handle, ref);
		if (!ret)
			*cache = *ref;
	}
	nt_table_unlock();
	if (slot || ret)
		send_destroy(handle);
	return ret;
}

void nt_release(struct nt_ref ref)
{
	struct nt_table *table = nt_table_lock();
	struct nt_slot *slot = slot_of(table, ref);
	d3dkmt_handle handle = 0;

	if (slot && --slot->files == 0)
		handle = slot->handle;
	nt_table_unlock();
	if (handle)
		send_destroy(handle);
}

d3dkmt_handle nt_handle(struct nt_ref ref)
{
	struct nt_table *table = nt_table_lock();
	struct nt_slot *slot = slot_of(table, ref);
	d3dkmt_handle handle = slot ? slot->handle : 0;

	nt_table_unlock();
	return handle;
}
