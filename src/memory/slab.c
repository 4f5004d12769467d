// SPDX-License-Identifier: MIT
/* Small blocks: taken from slabs, freed, and kept back while a GPU may still use them. */
#include "memory/slab_records.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "util/compiler.h"

static struct slab *of_retire(struct gsp_retire *item)
{
	return (struct slab *)(void *)((char *)item - offsetof(struct slab, retire));
}

/* Whether a request is for slab_alloc(); if it is wrong in any way it is not. */
bool slab_serves(const struct memory *memory, const struct memory_request *request)
{
	bool known_gpu = request->gpu < memory->count;

	if (request->kind == MEMORY_SYSTEM ? !known_gpu && request->gpu != MEMORY_HOST
					   : request->kind != MEMORY_LOCAL || !known_gpu)
		return false;
	/* the library's own of a GPU are none of those that count */
	if (request->flags & ~(SLAB_FLAGS | (request->kind == MEMORY_SYSTEM ? MEMORY_INTERNAL : 0)) ||
	    request->highest || request->lowest)
		return false;
	if (!request->size || request->size > 1ULL << SLAB_LARGEST_SHIFT)
		return false;
	return !request->alignment ||
	       (IS_POWER_OF_TWO(request->alignment) &&
		request->alignment <= 1ULL << slab_shift_of(request->kind, request->size));
}

/* A free piece; *used: it has the contents of an earlier life. */
static int take_piece(struct slab_set *set, struct slab **out, struct piece **piece, bool *used)
{
	bool looked = false;
	struct slab *slab;
	int ret = 0;

	*piece = NULL;
	*used = false;
	pthread_mutex_lock(&set->lock);
	while (!(slab = slab_set_usable(set)) && !ret) {
		if (looked) {
			ret = slab_set_add(set);
			continue;
		}
		/* some may only wait for somebody to come by */
		looked = true;
		pthread_mutex_unlock(&set->lock);
		gsp_retire_run(&set->slabs->memory->retired);
		pthread_mutex_lock(&set->lock);
	}
	if (slab) {
		ret = 0;
		*used = slab->free != NULL;
		*piece = slab->free ? slab->free : &slab->pieces[slab->fresh++];
		slab->free = slab->free ? slab->free->next : NULL;
		slab->out++;
		if (!slab->free && slab->fresh == slab->count)
			slab_set_state(slab, SLAB_FULL);
	}
	pthread_mutex_unlock(&set->lock);
	*out = slab;
	return ret;
}

/* Puts pieces that no GPU uses any more among the free ones.  The set is locked. */
static void give_back(struct slab *slab, struct piece *list)
{
	while (list) {
		struct piece *next = list->next;

		list->next = slab->free;
		slab->free = list;
		slab->out--;
		list = next;
	}
	if (slab->free && slab->state == SLAB_FULL)
		slab_set_state(slab, SLAB_PARTIAL);
	if (slab->set->growing)
		pthread_cond_broadcast(&slab->set->more);
}

/* Counts a piece of a GPU's memory as somebody's.  -ENODEV: the slab was lost before, and the piece is nobody's. */
static int count_contents(struct slab *slab, struct piece *piece)
{
	enum slab_surplus surplus;

	if (!slab->device)
		return 0;
	gsp_device_add_contents(slab->device);
	/* one that is lost from now on is not renewed without a look at what was counted */
	if (!slab_is_lost(slab))
		return 0;
	gsp_device_drop_contents(slab->device);
	piece->next = NULL;
	pthread_mutex_lock(&slab->set->lock);
	give_back(slab, piece);
	surplus = slab_check_empty(slab);
	pthread_mutex_unlock(&slab->set->lock);
	slab_dispose(slab, surplus);
	return -ENODEV;
}

/*
 * Allocates a block of what slab_serves().  System memory is zero-filled.  -ENODEV: its GPU is lost; -ENOMEM;
 * buffer_create()'s errors, when a new slab was needed and not even the smallest could be had.
 */
int slab_alloc(struct memory *memory, const struct memory_request *request, void **address)
{
	struct slab_set *set = slab_set_of(memory->slabs, request);
	const struct node_set *none;
	struct piece *piece;
	struct slab *slab;
	uint64_t start;
	bool used;
	int ret;

	*address = NULL;
	if (!set)
		return -ENOMEM;
	if (slab_set_is_lost(set))
		return -ENODEV;
	ret = node_set_of(&memory->node_sets, 0, &none);
	if (!ret)
		ret = take_piece(set, &slab, &piece, &used);
	if (!ret)
		ret = count_contents(slab, piece);
	if (ret)
		return ret;
	start = slab_piece_start(slab, piece);
	/* its pages stay where they are as long as a GPU has them, so they cannot be exchanged for empty ones */
	if (used && set->kind == MEMORY_SYSTEM)
		memset(u64_to_ptr(start), 0, slab_piece_size(slab));
	SLAB_STORE(piece->size, (uint32_t)request->size);
	SLAB_STORE(piece->gpu, request->gpu);
	SLAB_STORE(piece->caller_node, request->caller_node);
	SLAB_STORE(piece->caller_flags, request->caller_flags);
	SLAB_STORE(piece->nodes, none);
	SLAB_STORE(piece->registered, NULL);
	SLAB_STORE(piece->user_data, NULL);
	SLAB_STORE(piece->life, piece->life + 1);
	*address = u64_to_ptr(start);
	return 0;
}

/*
 * What the slab waited for is over.  True: pieces that were freed since have to wait in their turn, and the
 * caller still has slab->retire.
 */
static bool passed(struct slab *slab)
{
	struct slab_set *set = slab->set;
	struct slabs *slabs = set->slabs;
	enum slab_surplus surplus;
	bool more;

	pthread_mutex_lock(&set->lock);
	give_back(slab, slab->passing);
	slab->passing = slab->leaving;
	slab->leaving = NULL;
	if (atomic_load(&slabs->closing)) {
		give_back(slab, slab->passing);
		slab->passing = NULL;
	}
	more = slab->passing != NULL;
	slab->waiting = more;
	surplus = more ? SLAB_KEEP : slab_check_empty(slab);
	pthread_mutex_unlock(&set->lock);
	slab_dispose(slab, surplus);
	if (!more)
		slabs_put(slabs);
	return more;
}

static void gpus_passed(struct gsp_retire *item, int why);

/*
 * The GPUs whose work has to be over before a piece or the slab is touched.  VRAM's own is one of them even if nothing was
 * mapped: it is not asked to do anything about its memory while it is busy.
 */
static uint64_t gpus_of(const struct slab *slab)
{
	uint64_t own = slab->set->kind == MEMORY_LOCAL ? 1ULL << slab->set->gpu : 0;

	/* nothing of the GPU's next device is about it */
	return slab_is_lost(slab) ? 0 : atomic_load(&slab->gpus) | own;
}

/*
 * Lets slab->passing wait for what runs on the slab's GPUs now.  Pieces wait together, slab by slab, so that
 * there are few items on the list however many pieces are freed while a GPU is busy.
 */
static void wait_for_gpus(struct slab *slab)
{
	struct memory *memory = slab->set->slabs->memory;

	do {
		struct gsp_moment *moment = memory_moment(memory, gpus_of(slab));

		if (moment) {
			slab->retire = (struct gsp_retire){.run = gpus_passed, .moment = moment};
			gsp_retire_add(&memory->retired, &slab->retire);
			return;
		}
	} while (passed(slab));
}

/* A lost device does not come back to these pieces either. */
static void gpus_passed(struct gsp_retire *item, int why)
{
	struct slab *slab = of_retire(item);

	(void)why;
	if (passed(slab))
		wait_for_gpus(slab);
}

/*
 * Frees the block that starts at `address`; it is used again when the GPUs that its slab is on are done with
 * what was submitted before.  Never waits for them.  -ENOENT: nobody has it.
 */
int slab_free(struct buffer *buffer, void *address)
{
	struct slab *slab = slab_of(buffer);
	struct slab_set *set = slab->set;
	enum slab_surplus surplus = SLAB_KEEP;
	struct gsp_device *device;
	bool begin = false;
	struct piece *piece;

	pthread_mutex_lock(&set->lock);
	device = slab->device;
	piece = slab_live_piece(slab, buffer, ptr_to_u64(address));
	if (!piece || slab_piece_start(slab, piece) != ptr_to_u64(address)) {
		pthread_mutex_unlock(&set->lock);
		return -ENOENT;
	}
	SLAB_STORE(piece->life, piece->life + 1);
	piece->next = NULL;
	if (slab->waiting) {
		piece->next = slab->leaving;
		slab->leaving = piece;
	} else if (gpus_of(slab)) {
		slab->passing = piece;
		begin = slab->waiting = true;
		atomic_fetch_add(&set->slabs->references, 1);
	} else {
		give_back(slab, piece);
		surplus = slab_check_empty(slab);
	}
	pthread_mutex_unlock(&set->lock);
	if (begin)
		wait_for_gpus(slab);
	slab_dispose(slab, surplus);
	if (device)
		gsp_device_drop_contents(device);
	return 0;
}
