// SPDX-License-Identifier: MIT
/* The slabs of each set: added, kept empty or offered for the next who needs one, released. */
#include "memory/slab_records.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory/pressure.h"
#include "util/compiler.h"
#include "util/log.h"

#define SMALLEST_SLAB  (2ULL << 20)
#define LARGEST_SYSTEM (32ULL << 20)
#define LARGEST_LOCAL  (8ULL << 20)
#define MOST_OFFERED   2U /* slabs of a set, besides the empty one that stays as it is */

/* No slabs yet.  -ENOMEM. */
int slabs_create(struct memory *memory)
{
	struct slabs *slabs = calloc(1, sizeof(*slabs));

	if (!slabs)
		return -ENOMEM;
	slabs->memory = memory;
	slabs->gpus = memory->count;
	atomic_init(&slabs->references, 1);
	memory->slabs = slabs;
	memory->trim = slabs_trim;
	return 0;
}

/* The size of a piece for so many bytes, as a power of two. */
unsigned slab_shift_of(enum memory_kind kind, uint64_t size)
{
	unsigned shift = kind == MEMORY_LOCAL ? SLAB_LARGEST_SHIFT : SLAB_SMALLEST_SHIFT;

	while (1ULL << shift < size)
		shift++;
	return shift;
}

static void free_set(struct slab_set *set)
{
	struct slab *slab;

	for (unsigned state = 0; state < SLAB_STATES; state++) {
		while ((slab = TAILQ_FIRST(&set->lists[state]))) {
			TAILQ_REMOVE(&set->lists[state], slab, link);
			free(slab);
		}
	}
	pthread_cond_destroy(&set->more);
	pthread_mutex_destroy(&set->lock);
	free(set);
}

static _Atomic(struct slab_set *) *place_of_set(struct slabs *slabs, enum memory_kind kind, uint32_t gpu,
						unsigned shift, uint32_t flags)
{
	return kind == MEMORY_LOCAL ? &slabs->local[gpu][flags]
				    : &slabs->system[shift - SLAB_SMALLEST_SHIFT][flags];
}

static struct slab_set *make_set(struct slabs *slabs, const struct memory_request *request, unsigned shift)
{
	struct slab_set *set = calloc(1, sizeof(*set));

	if (!set)
		return NULL;
	set->slabs = slabs;
	set->kind = request->kind;
	set->gpu = request->kind == MEMORY_LOCAL ? request->gpu : MEMORY_HOST;
	set->flags = request->flags & SLAB_FLAGS;
	set->shift = shift;
	pthread_mutex_init(&set->lock, NULL);
	pthread_cond_init(&set->more, NULL);
	for (unsigned state = 0; state < SLAB_STATES; state++)
		TAILQ_INIT(&set->lists[state]);
	return set;
}

/* The set for a request, made when it is the first of its kind.  NULL: no memory. */
struct slab_set *slab_set_of(struct slabs *slabs, const struct memory_request *request)
{
	unsigned shift = slab_shift_of(request->kind, request->size);
	_Atomic(struct slab_set *) *place =
		place_of_set(slabs, request->kind, request->gpu, shift, request->flags & SLAB_FLAGS);
	struct slab_set *set = atomic_load(place), *made;

	if (set)
		return set;
	made = make_set(slabs, request, shift);
	if (!made || atomic_compare_exchange_strong(place, &set, made))
		return made;
	free_set(made); /* another thread was faster */
	return set;
}

/* The set number i, in no order that matters; NULL: there is none, and *end tells whether none follows. */
static struct slab_set *set_number(struct slabs *slabs, unsigned i, bool *end)
{
	unsigned system = SLAB_CLASSES * SLAB_FLAG_SETS;

	*end = i >= system + slabs->gpus * SLAB_FLAG_SETS;
	if (*end)
		return NULL;
	if (i < system)
		return atomic_load(&slabs->system[i / SLAB_FLAG_SETS][i % SLAB_FLAG_SETS]);
	i -= system;
	return atomic_load(&slabs->local[i / SLAB_FLAG_SETS][i % SLAB_FLAG_SETS]);
}

/* Drops a reference; the last one ends all records. */
void slabs_put(struct slabs *slabs)
{
	struct slab_set *set;
	bool end;

	if (atomic_fetch_sub(&slabs->references, 1) != 1)
		return;
	for (unsigned i = 0; (set = set_number(slabs, i, &end)) || !end; i++)
		if (set)
			free_set(set);
	free(slabs);
}

/* The set is locked. */
void slab_set_state(struct slab *slab, enum slab_state state)
{
	TAILQ_REMOVE(&slab->set->lists[slab->state], slab, link);
	TAILQ_INSERT_HEAD(&slab->set->lists[state], slab, link);
	slab->state = state;
}

/* At the end pieces are still somebody's; nobody frees them any more. */
static void drop_contents(const struct slab *slab)
{
	for (uint32_t i = 0; slab->device && i < slab->fresh; i++)
		if (slab_is_live(&slab->pieces[i]))
			gsp_device_drop_contents(slab->device);
}

/* Ends a slab that nobody else has (SLAB_MOVING), or whose set is closing.  No lock is held. */
static void release(struct slab *slab)
{
	struct slab_set *set = slab->set;
	struct buffer *buffer = slab->buffer;
	int ret = memory_hold_buffer(buffer);

	if (ret) {
		/* whoever removed it ends it */
		log_err("slab %#llx: taken away", (unsigned long long)slab->start);
	} else {
		memory_remove(buffer);
		memory_let_go(buffer);
	}
	pthread_mutex_lock(&set->lock);
	if (atomic_load(&set->slabs->closing))
		drop_contents(slab);
	slab->buffer = NULL;
	set->slabs_count--;
	slab_set_state(slab, SLAB_SPARE);
	pthread_mutex_unlock(&set->lock);
	if (!ret)
		buffer_retire(buffer);
}

static int offer(struct slab *slab)
{
	int ret = memory_hold_buffer(slab->buffer);

	if (ret)
		return ret;
	ret = buffer_offer(slab->buffer);
	memory_let_go(slab->buffer);
	return ret;
}

static int reclaim(struct slab *slab)
{
	struct buffer *buffer = slab->buffer;
	int ret = memory_hold_buffer(buffer);

	if (ret)
		return ret;
	ret = buffer_reclaim(buffer);
	atomic_store(&slab->gpus, buffer->nodes->gpus);
	memory_let_go(buffer);
	return ret;
}

/* The GPU whose memory this is will not run again: nothing is taken from it nor kept for later. */
bool slab_set_is_lost(const struct slab_set *set)
{
	return set->kind == MEMORY_LOCAL &&
	       gsp_device_is_lost(gsp_gpu_device(set->slabs->memory->gpus[set->gpu].gsp));
}

/*
 * Whether the slab is memory of a GPU that went with a lost device: it is good for the pieces that are somebody's, and not for new
 * ones.  The host's is on the GPU again when that is renewed.
 */
bool slab_is_lost(const struct slab *slab)
{
	return slab->set->kind == MEMORY_LOCAL && gsp_device_is_lost(SLAB_LOAD(slab->device));
}

/* What is to be done about a slab that may have become empty, after the lock is given up.  The set is locked. */
enum slab_surplus slab_check_empty(struct slab *slab)
{
	struct slab_set *set = slab->set;

	if (slab->out || slab->pins || slab->state > SLAB_PARTIAL || atomic_load(&set->slabs->closing))
		return SLAB_KEEP;
	if (TAILQ_EMPTY(&set->lists[SLAB_EMPTY]) && !slab_is_lost(slab)) {
		slab_set_state(slab, SLAB_EMPTY);
		return SLAB_KEEP;
	}
	slab_set_state(slab, SLAB_MOVING);
	if (set->kind != MEMORY_LOCAL || set->offered >= MOST_OFFERED || slab_is_lost(slab))
		return SLAB_RELEASE;
	set->offered++;
	return SLAB_OFFER;
}

/* Does what slab_check_empty() said.  No lock is held. */
void slab_dispose(struct slab *slab, enum slab_surplus surplus)
{
	struct slab_set *set = slab->set;

	if (surplus == SLAB_OFFER) {
		/* over the budget it would be the first that the host takes; better it is not even asked to keep it */
		bool tight = memory_is_tight(set->slabs->memory, set->gpu, 0);
		int ret = tight ? -ENOSPC : offer(slab);

		pthread_mutex_lock(&set->lock);
		if (ret)
			set->offered--;
		else
			slab_set_state(slab, SLAB_OFFERED);
		pthread_mutex_unlock(&set->lock);
		if (ret)
			surplus = SLAB_RELEASE;
	}
	if (surplus == SLAB_RELEASE)
		release(slab);
}

/* The end of what began with slab->pins++. */
void slab_unpin(struct slab *slab)
{
	enum slab_surplus surplus;

	pthread_mutex_lock(&slab->set->lock);
	slab->pins--;
	surplus = slab_check_empty(slab);
	pthread_mutex_unlock(&slab->set->lock);
	slab_dispose(slab, surplus);
}

/* A record for a slab of so many pieces, MOVING. */
static struct slab *take_record(struct slab_set *set, uint32_t count)
{
	struct slab *slab;

	pthread_mutex_lock(&set->lock);
	TAILQ_FOREACH(slab, &set->lists[SLAB_SPARE], link)
		if (slab->count == count)
			break;
	if (slab)
		slab_set_state(slab, SLAB_MOVING);
	pthread_mutex_unlock(&set->lock);
	if (slab)
		return slab;
	slab = calloc(1, sizeof(*slab) + count * sizeof(slab->pieces[0]));
	if (!slab)
		return NULL;
	/* once, for look-ups read it also when the record is another buffer's by now */
	slab->face = (struct buffer_face){.describe = slab_describe, .set_user_data = slab_set_user_data};
	slab->set = set;
	slab->count = count;
	slab->state = SLAB_MOVING;
	pthread_mutex_lock(&set->lock);
	TAILQ_INSERT_HEAD(&set->lists[SLAB_MOVING], slab, link);
	pthread_mutex_unlock(&set->lock);
	return slab;
}

static void give_record(struct slab *slab)
{
	struct slab_set *set = slab->set;

	pthread_mutex_lock(&set->lock);
	if (slab->buffer)
		set->slabs_count--;
	slab->buffer = NULL;
	slab_set_state(slab, SLAB_SPARE);
	pthread_mutex_unlock(&set->lock);
}

static int add_sized(struct slab_set *set, uint64_t size, struct slab **out)
{
	struct memory_request request = {
		.kind = set->kind,
		.gpu = set->gpu,
		.flags = set->flags,
		.size = size,
		.caller_node = UINT32_MAX,
	};
	struct slab *slab = take_record(set, (uint32_t)(size >> set->shift));
	struct buffer *buffer;
	int ret;

	if (!slab)
		return -ENOMEM;
	ret = buffer_create(set->slabs->memory, &request, &buffer);
	if (ret) {
		give_record(slab);
		return ret;
	}
	buffer->face = &slab->face;
	pthread_mutex_lock(&set->lock);
	slab->buffer = buffer;
	SLAB_STORE(slab->start, buffer->start);
	SLAB_STORE(slab->device, buffer->device);
	atomic_store(&slab->gpus, buffer->nodes->gpus);
	slab->fresh = 0;
	slab->free = NULL;
	set->slabs_count++;
	pthread_mutex_unlock(&set->lock);
	ret = memory_insert(buffer);
	if (ret) {
		give_record(slab);
		buffer_retire(buffer);
		return ret;
	}
	*out = slab;
	return 0;
}

/* A slab with free pieces, MOVING: one that was offered, else a new one, larger the more there are. */
static int add_slab(struct slab_set *set, struct slab **out)
{
	uint64_t largest = set->kind == MEMORY_LOCAL ? LARGEST_LOCAL : LARGEST_SYSTEM, size;
	struct slab *slab;
	uint32_t count;
	int ret;

	for (;;) {
		pthread_mutex_lock(&set->lock);
		count = set->slabs_count;
		slab = TAILQ_FIRST(&set->lists[SLAB_OFFERED]);
		if (slab) {
			slab_set_state(slab, SLAB_MOVING);
			set->offered--;
		}
		pthread_mutex_unlock(&set->lock);
		if (!slab)
			break;
		*out = slab;
		ret = slab_is_lost(slab) ? -ENODEV : reclaim(slab);
		if (!ret)
			return 0;
		log_debug("slab %#llx: not had back: %s", (unsigned long long)slab->start, strerror(-ret));
		release(slab);
	}
	size = MIN(SMALLEST_SLAB << MIN(count, 8U), largest);
	if (set->kind == MEMORY_LOCAL && size > SMALLEST_SLAB &&
	    memory_is_tight(set->slabs->memory, set->gpu, size))
		size = SMALLEST_SLAB;
	do
		ret = add_sized(set, size, out);
	while ((ret == -ENOSPC || ret == -ENOMEM) && (size /= 2) >= SMALLEST_SLAB);
	return ret;
}

/* A slab to take a piece from, PARTIAL, or NULL.  The set is locked. */
struct slab *slab_set_usable(struct slab_set *set)
{
	struct slab *slab;

	while ((slab = TAILQ_FIRST(&set->lists[SLAB_PARTIAL]))) {
		if (!slab_is_lost(slab))
			return slab;
		slab_set_state(slab, SLAB_FULL);
	}
	while ((slab = TAILQ_FIRST(&set->lists[SLAB_EMPTY]))) {
		slab_set_state(slab, slab_is_lost(slab) ? SLAB_OFFERED : SLAB_PARTIAL);
		if (slab->state == SLAB_PARTIAL)
			return slab;
		/* to be released by who takes it up from there, without the lock */
		set->offered++;
	}
	return NULL;
}

/*
 * Adds a slab, or lets the one who is at it: those who need one at the same time share one attempt
 * and its result.  The set is locked, and is unlocked meanwhile.
 */
int slab_set_add(struct slab_set *set)
{
	uint64_t round = set->round;
	struct slab *slab = NULL;
	int ret;

	if (set->growing) {
		while (set->round == round && TAILQ_EMPTY(&set->lists[SLAB_PARTIAL]) &&
		       TAILQ_EMPTY(&set->lists[SLAB_EMPTY]))
			pthread_cond_wait(&set->more, &set->lock);
		return set->round == round ? 0 : set->error;
	}
	set->growing = true;
	pthread_mutex_unlock(&set->lock);
	ret = add_slab(set, &slab);
	pthread_mutex_lock(&set->lock);
	if (!ret)
		slab_set_state(slab, SLAB_EMPTY);
	set->growing = false;
	set->error = ret;
	set->round++;
	pthread_cond_broadcast(&set->more);
	return ret;
}

/* The first slab of a state, now MOVING, or NULL. */
static struct slab *take_out(struct slab_set *set, enum slab_state state)
{
	struct slab *slab;

	pthread_mutex_lock(&set->lock);
	slab = TAILQ_FIRST(&set->lists[state]);
	if (slab) {
		slab_set_state(slab, SLAB_MOVING);
		if (state == SLAB_OFFERED)
			set->offered--;
	}
	pthread_mutex_unlock(&set->lock);
	return slab;
}

static bool release_all(struct slab_set *set, enum slab_state state)
{
	bool any = false;
	struct slab *slab;

	while ((slab = take_out(set, state))) {
		release(slab);
		any = true;
	}
	return any;
}

/* Gives back what is kept for later: every empty slab.  True if there was one. */
bool slabs_trim(struct memory *memory)
{
	struct slabs *slabs = memory->slabs;
	struct slab_set *set;
	bool any = false, end;

	if (!slabs)
		return false;
	for (unsigned i = 0; (set = set_number(slabs, i, &end)) || !end; i++) {
		if (!set)
			continue;
		any |= release_all(set, SLAB_EMPTY);
		any |= release_all(set, SLAB_OFFERED);
	}
	return any;
}

/* Gives back the empty slabs of a GPU's memory, which nobody was told of: with a lost GPU they are lost. */
void slabs_forget(struct memory *memory, uint32_t gpu)
{
	for (unsigned flags = 0; flags < SLAB_FLAG_SETS; flags++) {
		struct slab_set *set = atomic_load(&memory->slabs->local[gpu][flags]);

		if (!set)
			continue;
		release_all(set, SLAB_EMPTY);
		release_all(set, SLAB_OFFERED);
	}
}

/* Bytes of one GPU's memory in one list. */
static uint64_t bytes_in(struct memory *memory, uint32_t gpu, enum slab_state state)
{
	struct slabs *slabs = memory->slabs;
	struct slab_set *set;
	uint64_t bytes = 0;
	struct slab *slab;
	bool end;

	for (unsigned i = 0; slabs && ((set = set_number(slabs, i, &end)) || !end); i++) {
		if (!set || set->gpu != gpu)
			continue;
		pthread_mutex_lock(&set->lock);
		TAILQ_FOREACH(slab, &set->lists[state], link)
			bytes += (uint64_t)slab->count << set->shift;
		pthread_mutex_unlock(&set->lock);
	}
	return bytes;
}

/* Bytes of one GPU's memory (MEMORY_HOST: of the host's) that slabs_trim() would give back. */
uint64_t slabs_cached(struct memory *memory, uint32_t gpu)
{
	return bytes_in(memory, gpu, SLAB_EMPTY) + bytes_in(memory, gpu, SLAB_OFFERED);
}

/* The part of them that the host was told that it may take. */
uint64_t slabs_offered(struct memory *memory, uint32_t gpu)
{
	return bytes_in(memory, gpu, SLAB_OFFERED);
}

/*
 * Releases every slab, whatever is still somebody's: the memory is being closed.  Pieces that wait on memory->retired go on
 * doing so; the last of them ends the records.  NULL in memory->slabs is allowed.
 */
void slabs_destroy(struct memory *memory)
{
	struct slabs *slabs = memory->slabs;
	struct slab_set *set;
	bool end;

	if (!slabs)
		return;
	atomic_store(&slabs->closing, true);
	memory->slabs = NULL;
	for (unsigned i = 0; (set = set_number(slabs, i, &end)) || !end; i++)
		for (enum slab_state state = 0; set && state < SLAB_SPARE; state++)
			release_all(set, state);
	slabs_put(slabs);
}
