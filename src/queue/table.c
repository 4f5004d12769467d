// SPDX-License-Identifier: MIT
#include "queue/table.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "queue/objects.h"

#define INDEX_BITS 12U
#define INDEX_MASK ((1U << INDEX_BITS) - 1)

_Static_assert(QUEUE_TABLE_MAX == 1U << INDEX_BITS, "an index is a number's low bits");

struct slot {
	_Atomic uint64_t id; /* 0: free */
	/* between looking at `id` and having a reference: whoever takes the queue out waits for them */
	_Atomic uint32_t looking;
	struct queue *queue;
};

/* Of the process, not of a table: a number from before the library was closed is nobody's after it was opened again. */
static _Atomic uint64_t generation;

struct queue_table {
	pthread_mutex_t lock; /* of changes */
	uint32_t next;
	struct slot slots[QUEUE_TABLE_MAX];
};

int queue_table_create(struct queue_table **out)
{
	struct queue_table *table = calloc(1, sizeof(*table));

	*out = table;
	if (!table)
		return -ENOMEM;
	pthread_mutex_init(&table->lock, NULL);
	return 0;
}

void queue_table_destroy(struct queue_table *table)
{
	pthread_mutex_destroy(&table->lock);
	free(table);
}

int queue_table_add(struct queue_table *table, struct queue *queue, uint64_t *id)
{
	struct slot *slot = NULL;
	uint32_t index = 0;

	*id = 0;
	pthread_mutex_lock(&table->lock);
	for (uint32_t i = 0; i < QUEUE_TABLE_MAX && !slot; i++) {
		index = (table->next + i) & INDEX_MASK;
		if (!atomic_load(&table->slots[index].id))
			slot = &table->slots[index];
	}
	if (!slot) {
		pthread_mutex_unlock(&table->lock);
		return -ENOSPC;
	}
	table->next = index + 1;
	*id = (atomic_fetch_add(&generation, 1) + 1) << INDEX_BITS | index;
	slot->queue = queue;
	queue->id = *id;
	atomic_store(&slot->id, *id);
	pthread_mutex_unlock(&table->lock);
	return 0;
}

struct queue *queue_table_get(struct queue_table *table, uint64_t id)
{
	struct slot *slot = &table->slots[id & INDEX_MASK];
	struct queue *queue = NULL;

	if (!id)
		return NULL;
	atomic_fetch_add(&slot->looking, 1);
	if (atomic_load(&slot->id) == id) {
		queue = slot->queue;
		queue_get(queue);
	}
	atomic_fetch_sub(&slot->looking, 1);
	return queue;
}

struct queue *queue_table_remove(struct queue_table *table, uint64_t id)
{
	struct slot *slot = &table->slots[id & INDEX_MASK];
	struct queue *queue = NULL;

	if (!id)
		return NULL;
	pthread_mutex_lock(&table->lock);
	if (atomic_load(&slot->id) == id) {
		queue = slot->queue;
		atomic_store(&slot->id, 0);
		/* a few instructions of other threads */
		while (atomic_load(&slot->looking))
			sched_yield();
		slot->queue = NULL;
	}
	pthread_mutex_unlock(&table->lock);
	return queue;
}

uint64_t queue_table_first(struct queue_table *table)
{
	for (uint32_t i = 0; i < QUEUE_TABLE_MAX; i++) {
		uint64_t id = atomic_load(&table->slots[i].id);

		if (id)
			return id;
	}
	return 0;
}
