// SPDX-License-Identifier: MIT
/*
 * From an address to the buffer it lies in.  The look-ups are part of memory/memory.h; holding and
 * changing buffers is for this folder.
 */
#ifndef MEMORY_TABLE_H
#define MEMORY_TABLE_H

#include <stdint.h>

#include "memory/types.h"

struct buffer;

int memory_lookup(struct memory *memory, const void *address, struct memory_info *info);
int memory_set_user_data(struct memory *memory, const void *address, void *user_data);

void memory_table_init(struct memory *memory);
void memory_table_destroy(struct memory *memory);
struct buffer *memory_first(struct memory *memory);
void memory_insert(struct buffer *buffer);
void memory_remove(struct buffer *buffer);
int memory_hold(struct memory *memory, const void *address, struct buffer **out);
void memory_let_go(struct buffer *buffer);
void memory_set_mapped(struct buffer *buffer, uint64_t mapped);

#endif
