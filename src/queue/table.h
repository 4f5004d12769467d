// SPDX-License-Identifier: MIT
/*
 * From the number that a queue's user knows it by to the queue.  A number is never used for two queues, so that a stale or
 * invented one is an error.  Look-ups take no lock.
 */
#ifndef QUEUE_TABLE_H
#define QUEUE_TABLE_H

#include <stdint.h>

#define QUEUE_TABLE_MAX 4096U

struct queue;
struct queue_table;

int queue_table_create(struct queue_table **out);
void queue_table_destroy(struct queue_table *table);
/* -ENOSPC: there are QUEUE_TABLE_MAX already. */
int queue_table_add(struct queue_table *table, struct queue *queue, uint64_t *id);
/* The queue with a reference of the caller's own (queue_put()), NULL: no such number. */
struct queue *queue_table_get(struct queue_table *table, uint64_t id);
/* Takes it out, for one caller alone: with the table's reference, NULL: no such number (any more). */
struct queue *queue_table_remove(struct queue_table *table, uint64_t id);
/* Any of those left, with the number to remove it by; 0: none. */
uint64_t queue_table_first(struct queue_table *table);

#endif
