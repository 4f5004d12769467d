// SPDX-License-Identifier: MIT
/* From an address to the piece of a slab, for look-ups and for those who change it. */
#include "memory/slab_records.h"

#include <errno.h>

#include "util/compiler.h"

static const struct piece *piece_at(const struct slab *slab, uint64_t address, uint64_t *start)
{
	uint64_t slab_start = SLAB_LOAD(slab->start), index = (address - slab_start) >> slab->set->shift;

	*start = slab_start + (index << slab->set->shift);
	return index < slab->count ? &slab->pieces[index] : NULL;
}

/*
 * The piece around an address in a buffer, or NULL if it is nobody's.  The set is locked; the buffer need not
 * be the slab's any more.
 */
struct piece *slab_live_piece(struct slab *slab, const struct buffer *buffer, uint64_t address)
{
	const struct piece *piece;
	uint64_t start;

	if (slab->buffer != buffer)
		return NULL;
	piece = piece_at(slab, address, &start);
	return piece && slab_is_live(piece) ? &slab->pieces[piece - slab->pieces] : NULL;
}

/*
 * Describes the piece around an address, up to the size that was requested.  False: nobody has it.  Takes no lock and
 * waits for nothing.  If the slab's buffer leaves the table meanwhile the result means nothing.
 */
bool slab_describe(const struct buffer_face *face, uint64_t address, struct memory_info *info)
{
	const struct slab *slab = slab_of_face(face);
	const struct node_set *nodes, *registered;
	const struct piece *piece;
	uint64_t start, life;

	piece = piece_at(slab, address, &start);
	if (!piece)
		return false;
	life = SLAB_LOAD(piece->life);
	if (!(life & 1) || address - start >= SLAB_LOAD(piece->size))
		return false;
	nodes = SLAB_LOAD(piece->nodes);
	registered = SLAB_LOAD(piece->registered);
	*info = (struct memory_info){
		.start = u64_to_ptr(start),
		.size = SLAB_LOAD(piece->size),
		.kind = slab->set->kind,
		.flags = slab->set->flags,
		.gpu = SLAB_LOAD(piece->gpu),
		.gpu_va = start,
		.mapped = nodes->gpus,
		.lost = slab_is_lost(slab),
		.nodes = nodes->ids,
		.node_count = nodes->count,
		.registered_nodes = registered ? registered->ids : NULL,
		.registered_count = registered ? registered->count : 0,
		.user_data = SLAB_LOAD(piece->user_data),
		.caller_node = SLAB_LOAD(piece->caller_node),
		.caller_flags = SLAB_LOAD(piece->caller_flags),
	};
	return SLAB_LOAD(piece->life) == life;
}

/* Attaches a value of the caller's to a piece.  The table's lock keeps the slab's buffer in the table.  -ENOENT. */
int slab_set_user_data(const struct buffer_face *face, uint64_t address, void *user_data)
{
	struct slab *slab = slab_of_face(face);
	struct slab_set *set = slab->set;
	struct piece *piece;
	uint64_t start;
	int ret = -ENOENT;

	pthread_mutex_lock(&set->lock);
	piece = slab_live_piece(slab, slab->buffer, address);
	if (piece && piece_at(slab, address, &start) && address - start < piece->size) {
		SLAB_STORE(piece->user_data, user_data);
		ret = 0;
	}
	pthread_mutex_unlock(&set->lock);
	return ret;
}
