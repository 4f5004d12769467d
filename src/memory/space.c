// SPDX-License-Identifier: MIT
#include "memory/space.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memory/reserve.h"
#include "util/compiler.h"
#include "util/ending.h"
#include "util/log.h"

#define KIB 1024ULL
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#define WINDOW_SHARE 64U	/* of a window, what one reservation takes unasked ... */
#define WINDOW_UNIT  (64 * MIB) /* ... or this, if that is more */

/* No addresses of four-level page tables: nothing that the CPU or a GPU can have lies there. */
#define HANDLES_START (1ULL << 47)
#define HANDLES_SIZE  (1ULL << 47)

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24 /* Linux 5.18 */
#endif

struct pool {
	struct va_pool ranges;
	struct va_pool window_ranges; /* of reservations made for a window, kept for those who ask for one */
	struct reservation *reservations;
	uint64_t unit; /* what a new reservation asks for when less is needed */
	bool growing;
};

struct space {
	struct reserver reserver;
	struct reservation handles;

	pthread_mutex_t lock; /* guards the pools; not held while a reservation is made */
	pthread_cond_t grown;
	struct pool pools[SPACE_POOLS];
};

static uint64_t host_memory(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGE_SIZE);

	return pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : 4 * GIB;
}

static uint64_t clamp(uint64_t value, uint64_t low, uint64_t high)
{
	return MIN(MAX(value, low), high);
}

/*
 * An empty space valid on the GPUs; nothing is reserved before the first range is asked for.  A GPU that has
 * no addresses in common with those before it stays outside: no range is reserved on it.  The devices (at most
 * SPACE_MAX_GPUS) must outlive the space.  device_memory is the sum of the GPUs' own memory, from which the
 * size of reservations follows.  -EINVAL: too many GPUs; -ENOMEM.
 */
int space_create(struct gsp_gpu *const *gpus, unsigned count, uint64_t device_memory, struct space **out)
{
	struct space *space;

	*out = NULL;
	if (count > SPACE_MAX_GPUS)
		return -EINVAL;
	space = calloc(1, sizeof(*space));
	if (!space)
		return -ENOMEM;
	reserver_init(&space->reserver, gpus, count);
	space->handles = (struct reservation){
		.start = HANDLES_START,
		.size = HANDLES_SIZE,
		.gpus = (count ? UINT64_MAX >> (SPACE_MAX_GPUS - count) : 0) & ~space->reserver.outside,
	};
	if (va_pool_add(&space->pools[SPACE_HANDLES].ranges, HANDLES_START, HANDLES_SIZE, &space->handles)) {
		free(space);
		return -ENOMEM;
	}
	space->pools[SPACE_SYSTEM].unit = clamp(ALIGN_UP(host_memory(), GIB), 4 * GIB, 64 * GIB);
	space->pools[SPACE_DEVICE].unit =
		clamp(ALIGN_UP(2 * MIN(device_memory, 512 * GIB), GIB), 16 * GIB, 256 * GIB);
	pthread_mutex_init(&space->lock, NULL);
	pthread_cond_init(&space->grown, NULL);
	*out = space;
	return 0;
}

/*
 * Gives everything back, ranges still taken too: nothing may be mapped in them any more.
 */
void space_destroy(struct space *space)
{
	if (!space)
		return;
	for (unsigned i = 0; i < SPACE_POOLS; i++) {
		struct pool *pool = &space->pools[i];

		va_pool_clear(&pool->ranges);
		va_pool_clear(&pool->window_ranges);
		while (pool->reservations) {
			struct reservation *reservation = pool->reservations;

			pool->reservations = reservation->next;
			reserve_undo(&space->reserver, reservation);
			free(reservation);
		}
	}
	pthread_cond_destroy(&space->grown);
	pthread_mutex_destroy(&space->lock);
	free(space);
}

static struct va_pool *ranges_of(struct pool *pool, const struct reservation *reservation)
{
	return reservation->window ? &pool->window_ranges : &pool->ranges;
}

/*
 * Grows a pool by one reservation (as wished, or at a given address) while the caller's lock is let
 * go.  One thread grows a pool at a time; another that comes meanwhile returns 0 to look again.
 */
static int grow(struct space *space, struct pool *pool, uint64_t at, const struct reserve_wish *wish)
{
	struct reservation *reservation;
	int ret;

	if (pool->growing) {
		while (pool->growing)
			pthread_cond_wait(&space->grown, &space->lock);
		return 0;
	}
	pool->growing = true;
	pthread_mutex_unlock(&space->lock);

	reservation = calloc(1, sizeof(*reservation));
	if (!reservation)
		ret = -ENOMEM;
	else if (at)
		ret = reserve_at(&space->reserver, at, wish->size, reservation);
	else
		ret = reserve(&space->reserver, wish, reservation);

	pthread_mutex_lock(&space->lock);
	if (!ret) {
		reservation->window = wish->highest != 0;
		ret = va_pool_add(ranges_of(pool, reservation), reservation->start, reservation->size,
				  reservation);
	}
	if (!ret) {
		reservation->next = pool->reservations;
		pool->reservations = reservation;
		reservation = NULL;
	}
	pool->growing = false;
	pthread_cond_broadcast(&space->grown);
	if (reservation && reservation->size) {
		/* no memory left to describe it with */
		pthread_mutex_unlock(&space->lock);
		reserve_undo(&space->reserver, reservation);
		pthread_mutex_lock(&space->lock);
	}
	free(reservation);
	return ret;
}

/*
 * Takes `size` bytes (page multiple) at a multiple of `alignment` (a power of two), without access or with pages that
 * read as zero.  -ENOMEM: no such range can be had on the CPU and the GPUs; -ENODEV: every GPU is lost or outside.
 */
int space_take(struct space *space, enum space_pool which, uint64_t size, uint64_t alignment,
	       struct va_range **out)
{
	struct pool *pool = &space->pools[which];
	struct reserve_wish wish = {.size = size, .alignment = alignment, .unit = pool->unit};
	int ret;

	pthread_mutex_lock(&space->lock);
	for (;;) {
		ret = va_pool_take(&pool->ranges, size, alignment, out);
		if (ret != -ENOSPC)
			break;
		ret = which == SPACE_HANDLES ? -ENOMEM : grow(space, pool, 0, &wish);
		if (ret)
			break;
	}
	pthread_mutex_unlock(&space->lock);
	return ret;
}

static bool reaches_into(const struct pool *pool, uint64_t lowest, uint64_t highest)
{
	for (const struct reservation *r = pool->reservations; r; r = r->next)
		if (!r->window && r->start < highest && lowest < r->start + r->size)
			return true;
	return false;
}

static int take_free_within(struct pool *pool, const struct reserve_wish *wish, struct va_range **out)
{
	int ret = va_pool_take_within(&pool->window_ranges, wish->size, wish->alignment, wish->lowest,
				      wish->highest, out);

	if (ret == -ENOSPC && reaches_into(pool, wish->lowest, wish->highest))
		ret = va_pool_take_within(&pool->ranges, wish->size, wish->alignment, wish->lowest,
					  wish->highest, out);
	return ret;
}

/*
 * The same, inside [lowest, highest), page multiples, or not at all.  What is reserved for a window is not handed out to
 * those who did not ask for one.  -EINVAL: the window is empty, or there is nothing in it that CPU and GPUs
 * reach; -ENOMEM: it is full (or smaller than `size`); -ENODEV.
 */
int space_take_within(struct space *space, enum space_pool which, uint64_t size, uint64_t alignment,
		      uint64_t lowest, uint64_t highest, struct va_range **out)
{
	const struct reserver *reserver = &space->reserver;
	struct pool *pool = &space->pools[which];
	struct reserve_wish wish = {
		.size = size,
		.alignment = alignment,
		.lowest = MAX(lowest, reserver->lowest),
		.highest = MIN(highest, reserver->highest),
	};
	int ret;

	*out = NULL;
	if (which == SPACE_HANDLES || !IS_ALIGNED(lowest | highest, DXG_PAGE_SIZE) ||
	    wish.lowest >= wish.highest)
		return -EINVAL;
	if (wish.lowest == reserver->lowest && wish.highest == reserver->highest)
		return space_take(space, which, size, alignment, out);
	wish.unit = MIN(MAX((wish.highest - wish.lowest) / WINDOW_SHARE, WINDOW_UNIT), pool->unit);
	pthread_mutex_lock(&space->lock);
	for (;;) {
		ret = take_free_within(pool, &wish, out);
		if (ret != -ENOSPC)
			break;
		ret = grow(space, pool, 0, &wish);
		if (ret)
			break;
	}
	pthread_mutex_unlock(&space->lock);
	return ret;
}

/*
 * Takes exactly [start, start + size), page multiples; nothing else will do.  -EEXIST: in use on the CPU or on a GPU;
 * -EINVAL: not addressable by all of them; -ENOMEM; -ENODEV.
 */
int space_take_at(struct space *space, enum space_pool which, uint64_t start, uint64_t size,
		  struct va_range **out)
{
	const struct reserver *reserver = &space->reserver;
	struct pool *pool = &space->pools[which];
	uint64_t lead = start & (RESERVE_GRAIN - 1);
	bool exact = false;
	int ret;

	*out = NULL;
	if (which == SPACE_HANDLES || start < reserver->lowest || start >= reserver->highest ||
	    size > reserver->highest - start)
		return -EINVAL;
	pthread_mutex_lock(&space->lock);
	for (;;) {
		struct reserve_wish wish = {.size = exact ? size : ALIGN_UP(lead + size, RESERVE_GRAIN)};

		ret = va_pool_take_at(&pool->ranges, start, size, out);
		if (ret == -ENOENT)
			ret = va_pool_take_at(&pool->window_ranges, start, size, out);
		if (ret != -ENOENT)
			break;
		/* whole grains if they are free, so that neighbours find room; else just what is asked */
		ret = grow(space, pool, exact ? start : start - lead, &wish);
		if (ret == -EEXIST && !exact)
			exact = true;
		else if (ret)
			break;
	}
	pthread_mutex_unlock(&space->lock);
	return ret;
}

/* Gives a range back: nothing maps it on any GPU, and it was decommitted. */
void space_give(struct space *space, enum space_pool which, struct va_range *range)
{
	struct va_pool *ranges = ranges_of(&space->pools[which], range->region);

	pthread_mutex_lock(&space->lock);
	va_pool_give(ranges, range);
	pthread_mutex_unlock(&space->lock);
}

/*
 * Bit per GPU on which a range is reserved; one that was lost before, is outside, or refused is not among them.  Of a
 * handle: all GPUs that are not outside.
 */
uint64_t space_gpus_of(const struct va_range *range)
{
	return reserved_gpus(range->region);
}

/* Bit per GPU that stays outside: on which nothing can ever be. */
uint64_t space_outside(const struct space *space)
{
	return space->reserver.outside;
}

static void renew_pool(struct space *space, struct pool *pool, unsigned gpu, struct gsp_device *fresh)
{
	for (struct reservation *r = pool->reservations; r; r = r->next)
		reserve_on(&space->reserver, gpu, fresh, r);
}

/*
 * Has the addresses on the next device of a GPU, as far as it lets them be had: space_gpus_of() tells of which ranges it does.
 * Nothing may be mapped there on the device before.  -ENODEV: the new device is lost too.
 */
int space_renew(struct space *space, unsigned gpu, struct gsp_device *fresh)
{
	struct pool *const pools[] = {&space->pools[SPACE_SYSTEM], &space->pools[SPACE_DEVICE]};

	/* no reservation may come between that is not known here */
	pthread_mutex_lock(&space->lock);
	while (pools[0]->growing || pools[1]->growing)
		pthread_cond_wait(&space->grown, &space->lock);
	pools[0]->growing = pools[1]->growing = true;
	pthread_mutex_unlock(&space->lock);

	for (unsigned i = 0; i < ARRAY_SIZE(pools); i++)
		renew_pool(space, pools[i], gpu, fresh);
	atomic_store(&space->reserver.devices[gpu], fresh);

	pthread_mutex_lock(&space->lock);
	pools[0]->growing = pools[1]->growing = false;
	pthread_cond_broadcast(&space->grown);
	pthread_mutex_unlock(&space->lock);
	return gsp_device_is_lost(fresh) ? -ENODEV : 0;
}

static bool drop_pages(const struct va_range *range)
{
	void *start = u64_to_ptr(range->start);

	/* the second is for locked pages (mlockall) */
	return !madvise(start, range->size, MADV_DONTNEED) ||
	       !madvise(start, range->size, MADV_DONTNEED_LOCKED);
}

/*
 * Makes a range accessible, its pages zero-filled.  -ENOMEM: too many mappings or strict overcommit.  It does not
 * matter whether the range was accessible already (see space.h), nor what a late writer left there.
 */
int space_commit(const struct va_range *range)
{
	if (!drop_pages(range)) {
		int ret = reserve_refresh(range->region, range->start, range->size);

		if (ret)
			return ret;
	}
	/* no PROT_EXEC, also for GPU code: the CPU never runs it */
	return mprotect(u64_to_ptr(range->start), range->size, PROT_READ | PROT_WRITE) ? -errno : 0;
}

/*
 * Gives the host pages of a range back; its access stays (see space.h).  -errno: the range is in an unknown state and
 * must not be handed out again.
 */
int space_decommit(const struct va_range *range)
{
	const struct reservation *reservation = range->region;

	if (ending_begun())
		return 0;
	/* where a caller chose a NUMA node for these pages, the next one has not */
	if (reservation->several_nodes &&
	    syscall(SYS_mbind, range->start, range->size, MPOL_DEFAULT, NULL, 0UL, 0U))
		log_debug("%#llx + %#llx keeps its NUMA policy: %s", (unsigned long long)range->start,
			  (unsigned long long)range->size, strerror(errno));
	if (drop_pages(range))
		return 0;
	/* kernels before 5.18 do not drop locked pages: a fresh mapping, without access, in their place */
	return reserve_refresh(reservation, range->start, range->size);
}
