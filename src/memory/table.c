// SPDX-License-Identifier: MIT
/* From an address to the buffer it lies in. */
#include "memory/table.h"

#include <errno.h>

#include "memory/buffer.h"
#include "util/compiler.h"

static struct buffer *of_node(const struct tree_node *node)
{
	return tree_entry(node, struct buffer, node);
}

static int compare_start(const struct tree_node *a, const struct tree_node *b)
{
	uint64_t x = of_node(a)->start, y = of_node(b)->start;

	return (x > y) - (x < y);
}

void memory_table_init(struct memory *memory)
{
	pthread_rwlockattr_t attributes;

	/* otherwise a stream of look-ups keeps allocations out */
	pthread_rwlockattr_init(&attributes);
	pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&memory->table_lock, &attributes);
	pthread_rwlockattr_destroy(&attributes);
	pthread_mutex_init(&memory->hold_lock, NULL);
	pthread_cond_init(&memory->let_go, NULL);
}

void memory_table_destroy(struct memory *memory)
{
	pthread_cond_destroy(&memory->let_go);
	pthread_mutex_destroy(&memory->hold_lock);
	pthread_rwlock_destroy(&memory->table_lock);
}

/* The buffer whose range (whole pages) an address lies in, or NULL.  One of the locks is held. */
static struct buffer *find(struct memory *memory, const void *address)
{
	struct buffer probe;
	struct tree_node *node;

	probe.start = ptr_to_u64(address);
	node = tree_at_or_before(&memory->buffers, &probe.node, compare_start);
	if (!node || probe.start - of_node(node)->start >= of_node(node)->range->size)
		return NULL;
	return of_node(node);
}

/* The same, but the rest of the last page does not count: what was asked for ends before. */
static struct buffer *find_requested(struct memory *memory, const void *address)
{
	struct buffer *buffer = find(memory, address);

	return buffer && ptr_to_u64(address) - buffer->start < buffer->size ? buffer : NULL;
}

/* Any buffer, for taking all of them down; NULL when there is none. */
struct buffer *memory_first(struct memory *memory)
{
	struct tree_node *node = tree_first(&memory->buffers);

	return node ? of_node(node) : NULL;
}

void memory_insert(struct buffer *buffer)
{
	struct memory *memory = buffer->memory;

	pthread_mutex_lock(&memory->hold_lock);
	pthread_rwlock_wrlock(&memory->table_lock);
	tree_insert(&memory->buffers, &buffer->node, compare_start);
	pthread_rwlock_unlock(&memory->table_lock);
	pthread_mutex_unlock(&memory->hold_lock);
}

/* The holder takes its buffer out; those who waited to hold it will not find it. */
void memory_remove(struct buffer *buffer)
{
	struct memory *memory = buffer->memory;

	pthread_mutex_lock(&memory->hold_lock);
	pthread_rwlock_wrlock(&memory->table_lock);
	tree_remove(&memory->buffers, &buffer->node);
	pthread_rwlock_unlock(&memory->table_lock);
	pthread_cond_broadcast(&memory->let_go);
	pthread_mutex_unlock(&memory->hold_lock);
}

/* Waits for the buffer around an address to be nobody's and makes it the caller's.  -ENOENT. */
int memory_hold(struct memory *memory, const void *address, struct buffer **out)
{
	struct buffer *buffer;

	pthread_mutex_lock(&memory->hold_lock);
	while ((buffer = find(memory, address)) && buffer->held)
		pthread_cond_wait(&memory->let_go, &memory->hold_lock);
	if (buffer)
		buffer->held = true;
	pthread_mutex_unlock(&memory->hold_lock);
	*out = buffer;
	return buffer ? 0 : -ENOENT;
}

void memory_let_go(struct buffer *buffer)
{
	struct memory *memory = buffer->memory;

	pthread_mutex_lock(&memory->hold_lock);
	buffer->held = false;
	pthread_cond_broadcast(&memory->let_go);
	pthread_mutex_unlock(&memory->hold_lock);
}

/* What look-ups say of where a buffer is mapped. */
void memory_set_mapped(struct buffer *buffer, uint64_t mapped)
{
	struct memory *memory = buffer->memory;

	if (buffer->mapped == mapped)
		return;
	pthread_rwlock_wrlock(&memory->table_lock);
	buffer->mapped = mapped;
	buffer->node_count = 0;
	for (uint32_t i = 0; i < memory->count; i++)
		if (mapped >> i & 1)
			buffer->nodes[buffer->node_count++] = memory->gpus[i].node;
	pthread_rwlock_unlock(&memory->table_lock);
}

/*
 * Describes the buffer that an address lies in; interior addresses count.  Readers do not keep each
 * other waiting.  -ENOENT.
 */
int memory_lookup(struct memory *memory, const void *address, struct memory_info *info)
{
	struct buffer *buffer;

	*info = (struct memory_info){0};
	pthread_rwlock_rdlock(&memory->table_lock);
	buffer = find_requested(memory, address);
	if (buffer)
		*info = (struct memory_info){
			.start = u64_to_ptr(buffer->start),
			.size = buffer->size,
			.kind = buffer->kind,
			.flags = buffer->flags,
			.gpu = buffer->gpu,
			.mapped = buffer->mapped,
			.nodes = buffer->nodes,
			.node_count = buffer->node_count,
			.user_data = buffer->user_data,
			.caller_node = buffer->caller_node,
			.caller_flags = buffer->caller_flags,
		};
	pthread_rwlock_unlock(&memory->table_lock);
	return buffer ? 0 : -ENOENT;
}

/* Attaches a value of the caller's to a buffer; NULL takes it off.  -ENOENT. */
int memory_set_user_data(struct memory *memory, const void *address, void *user_data)
{
	struct buffer *buffer;

	pthread_rwlock_wrlock(&memory->table_lock);
	buffer = find_requested(memory, address);
	if (buffer)
		buffer->user_data = user_data;
	pthread_rwlock_unlock(&memory->table_lock);
	return buffer ? 0 : -ENOENT;
}
