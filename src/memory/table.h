// SPDX-License-Identifier: MIT
/*
 * From an address to the buffer it lies in.
 *
 * Look-ups take no lock: they read a tree of records that are never given back before the memory ends, and
 * a sequence number tells them when a change came between.
 */
#ifndef MEMORY_TABLE_H
#define MEMORY_TABLE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "memory/btree.h"
#include "memory/stable.h"
#include "memory/types.h"

struct buffer;
struct table_record;

/* The table's part of a buffer. */
struct table_entry {
	struct table_record *record; /* while it is in the table */
	bool held;
};

struct table {
	/* what look-ups read lies apart from what a lock or a wait changes */
	uint64_t sequence;		   /* odd during a change */
	struct btree tree;		   /* records by start */
	_Alignas(64) pthread_mutex_t lock; /* changes, and who holds what */
	pthread_cond_t let_go;
	struct stable_pool records;
};

/* What stands for a buffer in look-ups when callers know its face instead. */
struct buffer_face {
	/* without a lock, beside changes; the table's sequence number tells whether it can be believed */
	bool (*describe)(const struct buffer_face *face, uint64_t address, struct memory_info *info);
	/* with the table's lock held */
	int (*set_user_data)(const struct buffer_face *face, uint64_t address, void *user_data);
};

int table_lookup(struct memory *memory, const void *address, struct memory_info *info);
int table_set_user_data(struct memory *memory, const void *address, void *user_data);

void memory_table_init(struct memory *memory);
void memory_table_destroy(struct memory *memory);
struct buffer *memory_first(struct memory *memory);
int memory_insert(struct buffer *buffer);
void memory_remove(struct buffer *buffer);
void memory_publish(struct buffer *buffer);

int memory_hold(struct memory *memory, const void *address, struct buffer **out);
int memory_hold_below(struct memory *memory, uint64_t below, struct buffer **out);
int memory_hold_buffer(struct buffer *buffer);
void memory_let_go(struct buffer *buffer);
int memory_get(struct memory *memory, const void *address, struct buffer **out);

#endif
