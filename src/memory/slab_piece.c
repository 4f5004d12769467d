// SPDX-License-Identifier: MIT
/* What is known of the pieces of slabs, and where they are mapped. */
#include "memory/slab_records.h"

#include <errno.h>

#include "util/compiler.h"

/* Remembers to which GPUs a piece was registered.  -ENOENT: nobody has it. */
int slab_register(struct buffer *buffer, const void *address, const struct node_set *nodes)
{
	struct slab *slab = slab_of(buffer);
	struct piece *piece;

	pthread_mutex_lock(&slab->set->lock);
	piece = slab_live_piece(slab, buffer, ptr_to_u64(address));
	if (piece)
		SLAB_STORE(piece->registered, nodes);
	pthread_mutex_unlock(&slab->set->lock);
	return piece ? 0 : -ENOENT;
}

/* To which GPUs a piece was registered; NULL: it was not, or nobody has it. */
const struct node_set *slab_registered(struct buffer *buffer, const void *address)
{
	const struct node_set *nodes = NULL;
	struct slab *slab = slab_of(buffer);
	struct piece *piece;

	pthread_mutex_lock(&slab->set->lock);
	piece = slab_live_piece(slab, buffer, ptr_to_u64(address));
	if (piece)
		nodes = piece->registered;
	pthread_mutex_unlock(&slab->set->lock);
	return nodes;
}

/* A piece is mapped nowhere any more, as far as its owner is told; its slab stays.  -ENOENT: nobody has it. */
int slab_unmap(struct buffer *buffer, const void *address)
{
	const struct node_set *none;
	struct slab *slab = slab_of(buffer);
	struct piece *piece;
	int ret = node_set_of(&buffer->memory->node_sets, 0, &none);

	if (ret)
		return ret;
	pthread_mutex_lock(&slab->set->lock);
	piece = slab_live_piece(slab, buffer, ptr_to_u64(address));
	if (piece)
		SLAB_STORE(piece->nodes, none);
	pthread_mutex_unlock(&slab->set->lock);
	return piece ? 0 : -ENOENT;
}

/* Puts the slab where it is not yet; it leaves no GPU again as long as it lasts.  The caller has pinned it. */
static int map_whole(struct slab *slab, struct buffer *buffer, uint64_t gpus, uint64_t lost,
		     uint64_t timeout_ns)
{
	int ret = memory_hold_buffer(buffer);

	if (ret)
		return ret;
	if ((gpus | lost) & ~buffer->nodes->gpus) {
		/* those that are lost already stay so */
		lost |= buffer->nodes->gpus & memory_lost_gpus(buffer->memory);
		ret = buffer_map(buffer, (buffer->nodes->gpus | gpus) & ~lost, lost, timeout_ns);
		memory_publish(buffer);
		atomic_store(&slab->gpus, buffer->nodes->gpus);
	}
	memory_let_go(buffer);
	return ret;
}

/*
 * Keeps a slab, also an empty one, from being released by its buffer's holder himself, who may run out of memory and have
 * everything released that is kept for later.  slab_unpin() after letting go; NULL: another thread is at it and waits.
 */
struct slab *slab_pin(struct buffer *buffer)
{
	struct slab *slab = slab_of(buffer);

	pthread_mutex_lock(&slab->set->lock);
	if (slab->state == SLAB_EMPTY)
		slab_set_state(slab, SLAB_PARTIAL);
	if (slab->buffer == buffer && slab->state <= SLAB_PARTIAL)
		slab->pins++;
	else
		slab = NULL;
	pthread_mutex_unlock(&slab_of(buffer)->set->lock);
	return slab;
}

/*
 * Notes where the slab is after its buffer, which the caller holds, left a GPU for good: its pieces are not there either.  For who
 * took it there again meanwhile nothing changes.
 */
void slab_moved(struct buffer *buffer)
{
	struct slab *slab = slab_of(buffer);
	uint64_t gpus = buffer->nodes->gpus;

	pthread_mutex_lock(&slab->set->lock);
	atomic_store(&slab->gpus, gpus);
	for (uint32_t i = 0; i < slab->fresh; i++) {
		struct piece *piece = &slab->pieces[i];
		const struct node_set *nodes;

		if (slab_is_live(piece) && piece->nodes->gpus & ~gpus &&
		    !node_set_of(&buffer->memory->node_sets, piece->nodes->gpus & gpus, &nodes))
			SLAB_STORE(piece->nodes, nodes);
	}
	pthread_mutex_unlock(&slab->set->lock);
}

/*
 * Puts a piece, or a part of one, on exactly the GPUs named, and on those that are lost when they are renewed.  Only the first piece of a slab on a GPU costs calls to
 * the host, which put the whole slab there: buffer_map()'s errors; -ENOENT: nobody has the piece; -EINVAL: no
 * part of one; -ENOMEM.
 */
int slab_map(struct buffer *buffer, const void *address, uint64_t size, uint64_t gpus, uint64_t lost,
	     uint64_t timeout_ns)
{
	uint64_t where = ptr_to_u64(address), page = DXG_PAGE_SIZE, end, life = 0;
	struct slab *slab = slab_of(buffer);
	struct slab_set *set = slab->set;
	const struct node_set *nodes;
	struct piece *piece;
	int ret = node_set_of(&buffer->memory->node_sets, gpus | lost, &nodes);

	if (ret)
		return ret;
	pthread_mutex_lock(&set->lock);
	piece = slab_live_piece(slab, buffer, where);
	if (!piece) {
		ret = -ENOENT;
	} else {
		life = piece->life;
		end = slab_piece_start(slab, piece) + ALIGN_UP((uint64_t)piece->size, page);
		if (!size || where >= end || size > end - where)
			ret = -EINVAL;
	}
	if (ret || !((gpus | lost) & ~atomic_load(&slab->gpus))) {
		if (!ret)
			SLAB_STORE(piece->nodes, nodes);
		pthread_mutex_unlock(&set->lock);
		return ret;
	}
	slab->pins++;
	pthread_mutex_unlock(&set->lock);

	ret = map_whole(slab, buffer, gpus, lost, timeout_ns);

	pthread_mutex_lock(&set->lock);
	if (!ret && SLAB_LOAD(piece->life) != life)
		ret = -ENOENT; /* freed meanwhile */
	/* a GPU may have been renewed without the addresses */
	if (!ret && nodes->gpus & ~atomic_load(&slab->gpus))
		ret = node_set_of(&buffer->memory->node_sets, nodes->gpus & atomic_load(&slab->gpus), &nodes);
	if (!ret)
		SLAB_STORE(piece->nodes, nodes);
	pthread_mutex_unlock(&set->lock);
	slab_unpin(slab);
	return ret;
}
