// SPDX-License-Identifier: MIT
/* From an address to the buffer it lies in. */
#include "memory/table.h"

#include <errno.h>

#include "memory/objects.h"
#include "util/compiler.h"

#define TRIES 64 /* of a look-up beside changes, before it waits for its turn */

/*
 * What look-ups tell of a buffer.  They may read a record that has become another buffer's: the sequence
 * number tells.
 */
struct table_record {
	struct stable stable;
	struct buffer *buffer; /* under the lock only */
	uint64_t start;
	uint64_t span;
	uint64_t size;
	const struct buffer_face *face;
	uint32_t kind;
	uint32_t flags;
	uint32_t gpu;
	const struct gsp_device *device;
	uint32_t caller_node;
	uint32_t caller_flags;
	const struct node_set *nodes;
	const struct node_set *registered;
	void *user_data;
};

/* With these a load that sees what a change stored sees the odd sequence number too, when it looks again. */
#define LOAD(field)	    __atomic_load_n(&(field), __ATOMIC_ACQUIRE)
#define STORE(field, value) __atomic_store_n(&(field), (value), __ATOMIC_RELEASE)

void memory_table_init(struct memory *memory)
{
	struct table *table = &memory->table;

	table->sequence = 0;
	btree_init(&table->tree);
	stable_init(&table->records, sizeof(struct table_record));
	pthread_mutex_init(&table->lock, NULL);
	pthread_cond_init(&table->let_go, NULL);
}

/* Ends the table; nobody may look anything up any more. */
void memory_table_destroy(struct memory *memory)
{
	struct table *table = &memory->table;

	pthread_cond_destroy(&table->let_go);
	pthread_mutex_destroy(&table->lock);
	btree_destroy(&table->tree);
	stable_destroy(&table->records);
}

static void begin_change(struct table *table)
{
	__atomic_store_n(&table->sequence, table->sequence + 1, __ATOMIC_RELAXED);
}

static void end_change(struct table *table)
{
	STORE(table->sequence, table->sequence + 1);
}

/* The record of the buffer whose range an address lies in, whole pages; NULL: none. */
static struct table_record *find(const struct table *table, uint64_t address)
{
	struct table_record *record = btree_at_or_before(&table->tree, address);

	return record && address - LOAD(record->start) < LOAD(record->span) ? record : NULL;
}

/* Any buffer, for taking all of them down; NULL when there is none. */
struct buffer *memory_first(struct memory *memory)
{
	struct table_record *record;

	pthread_mutex_lock(&memory->table.lock);
	record = btree_first(&memory->table.tree);
	pthread_mutex_unlock(&memory->table.lock);
	return record ? record->buffer : NULL;
}

static void fill_record(struct table_record *record, struct buffer *buffer)
{
	record->buffer = buffer;
	STORE(record->start, buffer->start);
	STORE(record->span, buffer->span);
	STORE(record->size, buffer->size);
	STORE(record->face, buffer->face);
	STORE(record->kind, (uint32_t)buffer->kind);
	STORE(record->flags, buffer->flags);
	STORE(record->gpu, buffer->gpu);
	STORE(record->device, buffer->device);
	STORE(record->caller_node, buffer->caller_node);
	STORE(record->caller_flags, buffer->caller_flags);
	STORE(record->nodes, buffer->nodes);
	STORE(record->registered, buffer->registered);
	STORE(record->user_data, NULL);
}

/*
 * Lets a buffer be found, which takes over the creator's reference.  Its range overlaps no other's.  -ENOMEM; -EEXIST:
 * another one starts there.  After an error all is as before.
 */
int memory_insert(struct buffer *buffer)
{
	struct table *table = &buffer->memory->table;
	struct table_record *record;
	int ret;

	pthread_mutex_lock(&table->lock);
	ret = stable_reserve(&table->records, 1);
	if (!ret)
		ret = btree_reserve(&table->tree);
	if (!ret) {
		record = (struct table_record *)(void *)stable_take(&table->records);
		begin_change(table);
		fill_record(record, buffer);
		ret = btree_insert(&table->tree, buffer->start, record);
		end_change(table);
		if (ret)
			stable_give(&table->records, &record->stable);
		else
			buffer->entry = (struct table_entry){.record = record};
	}
	pthread_mutex_unlock(&table->lock);
	return ret;
}

/* The holder takes its buffer out, with the table's reference; those who waited to hold it will not find it. */
void memory_remove(struct buffer *buffer)
{
	struct table *table = &buffer->memory->table;

	pthread_mutex_lock(&table->lock);
	begin_change(table);
	btree_remove(&table->tree, buffer->start);
	end_change(table);
	stable_give(&table->records, &buffer->entry.record->stable);
	buffer->entry.record = NULL;
	pthread_cond_broadcast(&table->let_go);
	pthread_mutex_unlock(&table->lock);
}

/* The holder lets look-ups see where its buffer is mapped and registered now. */
void memory_publish(struct buffer *buffer)
{
	struct table *table = &buffer->memory->table;
	struct table_record *record;

	pthread_mutex_lock(&table->lock);
	record = buffer->entry.record;
	if (record && (record->nodes != buffer->nodes || record->registered != buffer->registered)) {
		begin_change(table);
		STORE(record->nodes, buffer->nodes);
		STORE(record->registered, buffer->registered);
		end_change(table);
	}
	pthread_mutex_unlock(&table->lock);
}

/*
 * For walks through all buffers, downwards: the last one that starts below an address, held.  What is added above
 * meanwhile is not met.  -ENOENT: there is none.
 */
int memory_hold_below(struct memory *memory, uint64_t below, struct buffer **out)
{
	struct table *table = &memory->table;
	struct table_record *record;

	*out = NULL;
	if (!below)
		return -ENOENT;
	pthread_mutex_lock(&table->lock);
	while ((record = btree_at_or_before(&table->tree, below - 1)) && record->buffer->entry.held)
		pthread_cond_wait(&table->let_go, &table->lock);
	if (record) {
		*out = record->buffer;
		record->buffer->entry.held = true;
	}
	pthread_mutex_unlock(&table->lock);
	return record ? 0 : -ENOENT;
}

/* Waits for the buffer around an address to be nobody's and makes it the caller's.  -ENOENT. */
int memory_hold(struct memory *memory, const void *address, struct buffer **out)
{
	struct table *table = &memory->table;
	struct table_record *record;

	*out = NULL;
	pthread_mutex_lock(&table->lock);
	while ((record = find(table, ptr_to_u64(address))) && record->buffer->entry.held)
		pthread_cond_wait(&table->let_go, &table->lock);
	if (record) {
		*out = record->buffer;
		record->buffer->entry.held = true;
	}
	pthread_mutex_unlock(&table->lock);
	return record ? 0 : -ENOENT;
}

/* The same for a buffer that the caller has a reference of.  -ENOENT: it was taken out of the table. */
int memory_hold_buffer(struct buffer *buffer)
{
	struct table *table = &buffer->memory->table;
	bool there;

	pthread_mutex_lock(&table->lock);
	while (buffer->entry.record && buffer->entry.held)
		pthread_cond_wait(&table->let_go, &table->lock);
	there = buffer->entry.record != NULL;
	if (there)
		buffer->entry.held = true;
	pthread_mutex_unlock(&table->lock);
	return there ? 0 : -ENOENT;
}

void memory_let_go(struct buffer *buffer)
{
	struct table *table = &buffer->memory->table;

	pthread_mutex_lock(&table->lock);
	buffer->entry.held = false;
	pthread_cond_broadcast(&table->let_go);
	pthread_mutex_unlock(&table->lock);
}

/* A reference of the buffer around an address, whoever holds it; the caller's to put.  -ENOENT. */
int memory_get(struct memory *memory, const void *address, struct buffer **out)
{
	struct table *table = &memory->table;
	struct table_record *record;

	*out = NULL;
	pthread_mutex_lock(&table->lock);
	record = find(table, ptr_to_u64(address));
	if (record) {
		*out = record->buffer;
		atomic_fetch_add(&(*out)->references, 1);
	}
	pthread_mutex_unlock(&table->lock);
	return record ? 0 : -ENOENT;
}

static bool describe(const struct table *table, uint64_t address, struct memory_info *info)
{
	const struct table_record *record = find(table, address);
	const struct node_set *nodes, *registered;
	const struct gsp_device *device;
	const struct buffer_face *face;
	uint64_t start, size;

	if (!record)
		return false;
	face = LOAD(record->face);
	if (face)
		return face->describe(face, address, info);
	start = LOAD(record->start);
	size = LOAD(record->size);
	/* the rest of the last page is there too, but it is not the caller's */
	if (address - start >= size)
		return false;
	nodes = LOAD(record->nodes);
	registered = LOAD(record->registered);
	device = LOAD(record->device); /* devices last longer than the memory */
	*info = (struct memory_info){
		.start = u64_to_ptr(start),
		.size = size,
		.kind = (enum memory_kind)LOAD(record->kind),
		.flags = LOAD(record->flags),
		.gpu = LOAD(record->gpu),
		.gpu_va = start,
		.mapped = nodes->gpus,
		.lost = device && gsp_device_is_lost(device),
		.nodes = nodes->ids,
		.node_count = nodes->count,
		.registered_nodes = registered ? registered->ids : NULL,
		.registered_count = registered ? registered->count : 0,
		.user_data = LOAD(record->user_data),
		.caller_node = LOAD(record->caller_node),
		.caller_flags = LOAD(record->caller_flags),
	};
	return true;
}

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#endif
}

static bool look_up(struct table *table, uint64_t address, struct memory_info *info)
{
	bool found;

	for (unsigned try = 0; try < TRIES; try++) {
		uint64_t sequence = LOAD(table->sequence);

		if (sequence & 1) {
			relax();
			continue;
		}
		found = describe(table, address, info);
		if (LOAD(table->sequence) == sequence)
			return found;
	}
	/* changes upon changes, or one whose thread does not run: behind it then */
	pthread_mutex_lock(&table->lock);
	found = describe(table, address, info);
	pthread_mutex_unlock(&table->lock);
	return found;
}

/*
 * Describes the buffer or the part of one that an address lies in; interior addresses count, what is beyond the size
 * requested does not.  No lock is taken and nothing shared is written.  -ENOENT.
 */
int table_lookup(struct memory *memory, const void *address, struct memory_info *info)
{
	if (look_up(&memory->table, ptr_to_u64(address), info))
		return 0;
	*info = (struct memory_info){0};
	return -ENOENT;
}

/* Attaches a value of the caller's to what table_lookup() finds at an address; NULL takes it off.  -ENOENT. */
int table_set_user_data(struct memory *memory, const void *address, void *user_data)
{
	struct table *table = &memory->table;
	uint64_t where = ptr_to_u64(address);
	struct table_record *record;
	int ret = -ENOENT;

	pthread_mutex_lock(&table->lock);
	record = find(table, where);
	if (record && record->buffer->face) {
		ret = record->buffer->face->set_user_data(record->buffer->face, where, user_data);
	} else if (record && where - record->start < record->size) {
		STORE(record->user_data, user_data);
		ret = 0;
	}
	pthread_mutex_unlock(&table->lock);
	return ret;
}
