// SPDX-License-Identifier: MIT
/*
 * What slabs are made of.
 *
 * A set has the slabs of one kind of block, and the one lock for all of them; it is not held across calls to the host.
 * A slab is a buffer cut into pieces of one size.  Its pieces' records are read without a lock by look-ups, so
 * neither they nor the slab's own record are given back before the end: a record whose buffer is gone serves another
 * buffer of its set.
 */
#ifndef MEMORY_SLAB_RECORDS_H
#define MEMORY_SLAB_RECORDS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "gsp/retire.h"
#include "memory/buffer.h"
#include "memory/placement.h"
#include "memory/reference.h"
#include "memory/slab.h"

#define SLAB_SMALLEST_SHIFT 12U /* of a piece */
#define SLAB_LARGEST_SHIFT  16U
#define SLAB_CLASSES	    (SLAB_LARGEST_SHIFT - SLAB_SMALLEST_SHIFT + 1)
#define SLAB_FLAGS	    (MEMORY_EXECUTABLE | MEMORY_UNCACHED | MEMORY_COARSE | MEMORY_READ_ONLY)
#define SLAB_FLAG_SETS	    (SLAB_FLAGS + 1)

/*
 * `life` is odd while the piece is somebody's and grows by one when that begins or ends.  The other words do not depend
 * on one another: a look-up that finds the same odd life before and after it read them has read them of that life; if it
 * finds another, there was a moment in between when the piece was nobody's, and it may say so.
 */
struct piece {
	uint64_t life;
	uint32_t size; /* as requested; with the next three fixed for a life */
	uint32_t gpu;
	uint32_t caller_node;
	uint32_t caller_flags;
	const struct node_set *nodes;
	const struct node_set *registered;
	void *user_data;
	struct piece *next; /* in a list of its slab's; under the lock */
};

enum slab_state {
	SLAB_FULL,    /* or with free pieces that are not to be had any more */
	SLAB_PARTIAL, /* has free pieces */
	SLAB_EMPTY,   /* has no others, and is on its GPUs as before */
	SLAB_OFFERED, /* the same, but the host may have taken the contents, or its GPU is lost */
	SLAB_MOVING,  /* empty; between two states, in the hands of a thread */
	SLAB_SPARE,   /* a record without a buffer */
	SLAB_STATES,
};

struct slab {
	/* fixed for ever */
	struct buffer_face face; /* what the table knows of it */
	struct slab_set *set;
	uint32_t count; /* pieces */

	/* fixed while it has a buffer */
	struct buffer *buffer; /* set and cleared under the lock.  The table's reference keeps it */
	uint64_t start;	       /* read by look-ups */
	struct gsp_device
		*device; /* the same: whose memory it is, and whose pieces count there; NULL: the host's */

	_Atomic uint64_t gpus; /* where the buffer is; written by the buffer's holder */

	/* under the set's lock */
	TAILQ_ENTRY(slab) link; /* in the list of its state */
	enum slab_state state;
	uint32_t fresh;	       /* pieces from this one on were never anybody's: still zero-filled */
	uint32_t out;	       /* pieces that are somebody's, or that a GPU may still use */
	uint32_t pins;	       /* threads that are about to hold the buffer */
	struct piece *free;    /* used before */
	struct piece *passing; /* wait for `retire` */
	struct piece *leaving; /* freed since that began to wait */
	bool waiting;	       /* some thread, or the retire list, has `retire` */

	struct gsp_retire retire;
	struct piece pieces[];
};

TAILQ_HEAD(slab_list, slab);

struct slab_set {
	/* fixed */
	struct slabs *slabs;
	enum memory_kind kind;
	uint32_t gpu;
	uint32_t flags;
	unsigned shift; /* the size of a piece is 1 << shift */

	pthread_mutex_t lock;
	pthread_cond_t more; /* something became available, or an attempt to add a slab is over */
	struct slab_list lists[SLAB_STATES];
	uint32_t slabs_count; /* with a buffer */
	uint32_t offered;     /* or about to be */
	bool growing;	      /* one thread is adding a slab */
	uint64_t round;	      /* counts the attempts that are over; the result of the last: */
	int error;
};

struct slabs {
	struct memory *memory;
	uint32_t gpus;
	_Atomic uint32_t references; /* one of the memory, one per slab that waits for GPUs */
	_Atomic bool closing;
	/* made when first used */
	_Atomic(struct slab_set *) system[SLAB_CLASSES][SLAB_FLAG_SETS];
	_Atomic(struct slab_set *) local[MEMORY_MAX_GPUS][SLAB_FLAG_SETS];
};

/* Fields that look-ups read beside changes. */
#define SLAB_LOAD(field)	 __atomic_load_n(&(field), __ATOMIC_ACQUIRE)
#define SLAB_STORE(field, value) __atomic_store_n(&(field), (value), __ATOMIC_RELEASE)

static inline struct slab *slab_of_face(const struct buffer_face *face)
{
	return (struct slab *)(uintptr_t)((const char *)face - offsetof(struct slab, face));
}

static inline struct slab *slab_of(const struct buffer *buffer)
{
	return slab_of_face(buffer->face);
}

static inline uint64_t slab_piece_size(const struct slab *slab)
{
	return 1ULL << slab->set->shift;
}

static inline uint64_t slab_piece_start(const struct slab *slab, const struct piece *piece)
{
	return slab->start + ((uint64_t)(piece - slab->pieces) << slab->set->shift);
}

static inline bool slab_is_live(const struct piece *piece)
{
	return SLAB_LOAD(piece->life) & 1;
}

/* What becomes of a slab when the lock of its set is given up. */
enum slab_surplus { SLAB_KEEP, SLAB_OFFER, SLAB_RELEASE };

/* slab_set.c */
unsigned slab_shift_of(enum memory_kind kind, uint64_t size);
void slabs_put(struct slabs *slabs);
struct slab_set *slab_set_of(struct slabs *slabs, const struct memory_request *request);
bool slab_set_is_lost(const struct slab_set *set);
bool slab_is_lost(const struct slab *slab);
struct slab *slab_set_usable(struct slab_set *set);
int slab_set_add(struct slab_set *set);
void slab_set_state(struct slab *slab, enum slab_state state);
enum slab_surplus slab_check_empty(struct slab *slab);
void slab_dispose(struct slab *slab, enum slab_surplus surplus);

/* slab_describe.c */
bool slab_describe(const struct buffer_face *face, uint64_t address, struct memory_info *info);
int slab_set_user_data(const struct buffer_face *face, uint64_t address, void *user_data);
struct piece *slab_live_piece(struct slab *slab, const struct buffer *buffer, uint64_t address);

#endif
