// SPDX-License-Identifier: MIT
/*
 * Handle tables.  A handle is {instance, index, unique}; the index names a slot, the unique bits tell a slot's
 * first life from its later ones, the instance bits are never compared (dxgkrnl: hmgr.c).
 *
 * Free slots form a FIFO, so that a number comes back as late as possible: the first stale use of a handle is
 * detected, because a freed slot's unique bits go from 1 to 2; they stay 2 from then on.
 */
#include "dxgsim/driver/handle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_GROWTH	1024u
#define TABLE_MIN_FREE	128u
#define TABLE_MAX_INDEX 0xffffffu
#define NO_SLOT		UINT32_MAX
#define UNIQUE_FIRST	1u
#define UNIQUE_LATER	2u

static uint32_t handle_index(d3dkmt_handle handle)
{
	return (handle & D3DKMTHANDLE_INDEX) >> 6;
}

static uint8_t handle_unique(d3dkmt_handle handle)
{
	return (uint8_t)(handle >> 30);
}

void handle_table_init(struct handle_table *table)
{
	*table = (struct handle_table){.free_head = NO_SLOT, .free_tail = NO_SLOT};
}

void handle_table_destroy(struct handle_table *table)
{
	free(table->entries);
	handle_table_init(table);
}

static void free_list_append(struct handle_table *table, uint32_t slot)
{
	struct handle_entry *entry = &table->entries[slot];

	entry->next_free = NO_SLOT;
	entry->prev_free = table->free_tail;
	if (table->free_tail == NO_SLOT)
		table->free_head = slot;
	else
		table->entries[table->free_tail].next_free = slot;
	table->free_tail = slot;
	table->free_count++;
}

static void free_list_remove(struct handle_table *table, uint32_t slot)
{
	const struct handle_entry *entry = &table->entries[slot];

	if (entry->prev_free == NO_SLOT)
		table->free_head = entry->next_free;
	else
		table->entries[entry->prev_free].next_free = entry->next_free;
	if (entry->next_free == NO_SLOT)
		table->free_tail = entry->prev_free;
	else
		table->entries[entry->next_free].prev_free = entry->prev_free;
	table->free_count--;
}

static int table_grow(struct handle_table *table, uint32_t size)
{
	struct handle_entry *entries;

	if (size > TABLE_MAX_INDEX)
		size = TABLE_MAX_INDEX;
	if (size <= table->size)
		return -ENOMEM;
	entries = realloc(table->entries, (size_t)size * sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	memset(entries + table->size, 0, (size_t)(size - table->size) * sizeof(*entries));
	table->entries = entries;
	for (uint32_t slot = table->size; slot < size; slot++) {
		entries[slot].unique = UNIQUE_FIRST;
		free_list_append(table, slot);
	}
	table->size = size;
	return 0;
}

static void slot_take(struct handle_table *table, uint32_t slot, enum handle_type type, void *object)
{
	struct handle_entry *entry = &table->entries[slot];

	free_list_remove(table, slot);
	entry->object = object;
	entry->type = (uint8_t)type;
	entry->destroyed = false;
}

int handle_alloc(struct handle_table *table, enum handle_type type, void *object, d3dkmt_handle *handle)
{
	uint32_t slot;
	int ret;

	if (table->free_count <= TABLE_MIN_FREE) {
		ret = table_grow(table, table->size + TABLE_GROWTH);
		if (ret && table->free_count == 0)
			return ret;
	}
	slot = table->free_head;
	slot_take(table, slot, type, object);
	table->entries[slot].instance = 0;
	*handle = ((d3dkmt_handle)table->entries[slot].unique << 30) | (slot << 6);
	return 0;
}

int handle_assign(struct handle_table *table, enum handle_type type, void *object, d3dkmt_handle handle)
{
	uint32_t slot = handle_index(handle);
	int ret;

	if (slot >= TABLE_MAX_INDEX)
		return -EINVAL;
	if (slot >= table->size) {
		ret = table_grow(table, slot + TABLE_GROWTH);
		if (ret)
			return ret;
	}
	if (table->entries[slot].type != HANDLE_FREE)
		return -EINVAL;
	slot_take(table, slot, type, object);
	table->entries[slot].unique = handle_unique(handle);
	table->entries[slot].instance = (uint8_t)(handle & D3DKMTHANDLE_INSTANCE);
	return 0;
}

/* The live entry a handle names, destroyed ones included. */
static struct handle_entry *entry_of(const struct handle_table *table, d3dkmt_handle handle)
{
	uint32_t slot = handle_index(handle);
	struct handle_entry *entry;

	if (slot >= table->size)
		return NULL;
	entry = &table->entries[slot];
	if (entry->type == HANDLE_FREE || entry->unique != handle_unique(handle))
		return NULL;
	return entry;
}

void handle_free(struct handle_table *table, enum handle_type type, d3dkmt_handle handle)
{
	struct handle_entry *entry = entry_of(table, handle);

	if (!entry || entry->type != type)
		return;
	entry->object = NULL;
	entry->type = HANDLE_FREE;
	entry->destroyed = false;
	entry->unique = UNIQUE_LATER;
	free_list_append(table, handle_index(handle));
}

void *handle_object(const struct handle_table *table, d3dkmt_handle handle)
{
	const struct handle_entry *entry = entry_of(table, handle);

	return entry && !entry->destroyed ? entry->object : NULL;
}

enum handle_type handle_type_of(const struct handle_table *table, d3dkmt_handle handle)
{
	const struct handle_entry *entry = entry_of(table, handle);

	return entry && !entry->destroyed ? (enum handle_type)entry->type : HANDLE_FREE;
}

void *handle_lookup(const struct handle_table *table, enum handle_type type, d3dkmt_handle handle)
{
	return handle_type_of(table, handle) == type ? handle_object(table, handle) : NULL;
}

bool handle_mark_destroyed(struct handle_table *table, d3dkmt_handle handle)
{
	struct handle_entry *entry = entry_of(table, handle);

	if (!entry)
		return false;
	entry->destroyed = true;
	return true;
}

bool handle_unmark_destroyed(struct handle_table *table, d3dkmt_handle handle)
{
	struct handle_entry *entry = entry_of(table, handle);

	if (!entry)
		return false;
	entry->destroyed = false;
	return true;
}
