// SPDX-License-Identifier: MIT
/* Tables of handles: the guest's own for adapters, and those the host chose (dxgkrnl: hmgr.c). */
#ifndef DXGSIM_DRIVER_HANDLE_H
#define DXGSIM_DRIVER_HANDLE_H

#include <stdbool.h>
#include <stdint.h>

#include "dxg/uapi.h"

enum handle_type {
	HANDLE_FREE = 0,
	HANDLE_ADAPTER = 1,
	HANDLE_DEVICE = 3,
	HANDLE_RESOURCE = 4,
	HANDLE_ALLOCATION = 5,
	HANDLE_CONTEXT = 7,
	HANDLE_SYNCOBJECT = 8,
	HANDLE_PAGINGQUEUE = 10,
	HANDLE_HWQUEUE = 15,
	HANDLE_MONITOREDFENCE = 32, /* a number without an object: paging and progress fences */
};

struct handle_entry {
	void *object;
	uint32_t next_free;
	uint32_t prev_free;
	uint8_t type;
	uint8_t unique;
	uint8_t instance;
	bool destroyed; /* still known, no longer valid: on its way out */
};

struct handle_table {
	struct handle_entry *entries;
	uint32_t size;
	uint32_t free_count;
	uint32_t free_head;
	uint32_t free_tail;
};

/* The caller holds process->lock around every one of these. */
void handle_table_init(struct handle_table *table);
void handle_table_destroy(struct handle_table *table);
/* Takes the oldest free slot.  -ENOMEM. */
int handle_alloc(struct handle_table *table, enum handle_type type, void *object, d3dkmt_handle *handle);
/* Takes the slot the host chose.  -EINVAL: in use or an index over 24 bits; -ENOMEM. */
int handle_assign(struct handle_table *table, enum handle_type type, void *object, d3dkmt_handle handle);
/* Frees the slot if the handle is of that type; anything else is ignored. */
void handle_free(struct handle_table *table, enum handle_type type, d3dkmt_handle handle);
/* The object, NULL for a wrong, stale, destroyed or foreign handle and for types without objects. */
void *handle_lookup(const struct handle_table *table, enum handle_type type, d3dkmt_handle handle);
/* Type of whatever live entry the handle names, HANDLE_FREE if none. */
enum handle_type handle_type_of(const struct handle_table *table, d3dkmt_handle handle);
/* As handle_lookup, but whatever the type. */
void *handle_object(const struct handle_table *table, d3dkmt_handle handle);
/* Destroyed entries are invalid to everybody, keep their slot and may be revived.  False: no such entry. */
bool handle_mark_destroyed(struct handle_table *table, d3dkmt_handle handle);
bool handle_unmark_destroyed(struct handle_table *table, d3dkmt_handle handle);

#endif
