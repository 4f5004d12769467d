// SPDX-License-Identifier: MIT
/*
 * Handles of one host process. Freed slots are used again oldest first and only when many are free, with
 * another unique number, so that a stale handle is told from a live one.
 * Layout of a handle (dxgkrnl, d3dkmthandle): instance 6 bits, index 24 bits, unique 2 bits.
 */
#include <errno.h>
#include <stdlib.h>

#include "dxgsim/host/types.h"

#define FIRST_INDEX 0x2000u
#define MAX_INDEX   0xffffffu
#define KEEP_FREE   1024u

static d3dkmt_handle make_handle(uint32_t slot, uint8_t unique)
{
	return (FIRST_INDEX + slot) << 6 | (uint32_t)unique << 30;
}

static int take_slot(struct host_handles *handles, uint32_t *out)
{
	if (handles->free_count > KEEP_FREE || FIRST_INDEX + handles->used > MAX_INDEX) {
		struct host_slot *slot;

		if (!handles->free_count)
			return -ENOMEM;
		*out = handles->free_first - 1;
		slot = &handles->slots[*out];
		handles->free_first = slot->next_free;
		handles->free_count--;
		slot->unique = slot->unique == 3 ? 1 : (uint8_t)(slot->unique + 1);
		return 0;
	}
	if (handles->used == handles->size) {
		uint32_t size = handles->size ? handles->size * 2 : 256;
		struct host_slot *slots = reallocarray(handles->slots, size, sizeof(*slots));

		if (!slots)
			return -ENOMEM;
		handles->slots = slots;
		handles->size = size;
	}
	*out = handles->used++;
	handles->slots[*out] = (struct host_slot){.unique = 1};
	return 0;
}

int objects_add(struct host_handles *handles, struct host_object *object, enum host_kind kind)
{
	uint32_t index;
	int rc = take_slot(handles, &index);

	if (rc)
		return rc;
	handles->slots[index].object = object;
	handles->slots[index].last_kind = (uint8_t)kind;
	object->kind = kind;
	object->handle = make_handle(index, handles->slots[index].unique);
	arena_count(handles->arena, kind, 1);
	return 0;
}

static struct host_slot *find_slot(struct host_handles *handles, d3dkmt_handle handle)
{
	uint32_t index = (handle & D3DKMTHANDLE_INDEX) >> 6;

	if (index < FIRST_INDEX || index - FIRST_INDEX >= handles->used)
		return NULL;
	return &handles->slots[index - FIRST_INDEX];
}

void objects_remove(struct host_handles *handles, struct host_object *object)
{
	struct host_slot *slot = find_slot(handles, object->handle);
	uint32_t number = (uint32_t)(slot - handles->slots) + 1;

	arena_count(handles->arena, object->kind, -1);
	slot->object = NULL;
	slot->next_free = 0;
	if (handles->free_count)
		handles->slots[handles->free_last - 1].next_free = number;
	else
		handles->free_first = number;
	handles->free_last = number;
	handles->free_count++;
}

struct host_object *objects_peek(struct host_handles *handles, d3dkmt_handle handle)
{
	struct host_slot *slot = find_slot(handles, handle);

	return slot && slot->object && slot->unique == handle >> 30 ? slot->object : NULL;
}

void *objects_find(struct host_handles *handles, d3dkmt_handle handle, enum host_kind kind, const char *call)
{
	struct host_slot *slot = find_slot(handles, handle);
	uint32_t unique = handle >> 30;

	if (slot && slot->object && slot->unique == unique && slot->object->kind == kind)
		return slot->object;
	if (slot && slot->object && slot->unique == unique)
		report_misuse("%s: 0x%x is a %s, not a %s", call, handle, host_kind_name(slot->object->kind),
			      host_kind_name(kind));
	else if (slot)
		report_misuse("%s: %s 0x%x is destroyed", call,
			      host_kind_name((enum host_kind)slot->last_kind), handle);
	else
		report_misuse("%s: 0x%x is no %s and never was", call, handle, host_kind_name(kind));
	return NULL;
}
