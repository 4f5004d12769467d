// SPDX-License-Identifier: MIT
#include "memory/space.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "util/compiler.h"
#include "util/log.h"

#define KIB 1024ULL
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#define RESERVATION_GRAIN (2 * MIB)
#define LARGE_ALIGNMENT	  (4 * GIB) /* of reservations that are as large: what AMD's own client uses */
#define LOWEST_ADDRESS	  (64 * KIB)
#define HIGHEST_ADDRESS	  (1ULL << 47) /* user space of four-level page tables */
#define ADDRESS_ATTEMPTS  8U	       /* other addresses tried when a GPU's range is taken */
#define SCAN_ATTEMPTS	  512U	       /* places looked at when the kernel's own choice is out of range */
#define RLIMIT_SHARE	  8U	       /* of a limited address space, what one reservation may take unasked */

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

struct reservation {
	struct reservation *next;
	uint64_t start;
	uint64_t size;
	uint64_t gpus; /* bit per GPU on which the range is reserved too */
};

struct pool {
	struct va_pool ranges;
	struct reservation *reservations;
	uint64_t unit; /* what a new reservation asks for when less is needed */
	bool growing;
};

struct space {
	struct gsp_device *devices[SPACE_MAX_GPUS];
	unsigned count;
	uint64_t outside; /* bit per GPU that has no addresses in common with those before it */
	uint64_t lowest;
	uint64_t highest; /* exclusive */

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

/* Narrows the space to what a GPU reaches.  False, and the space as it was: that would leave nothing. */
static bool narrow(struct space *space, const struct kmd_adapter *info)
{
	uint64_t lowest =
		ALIGN_UP(MAX(space->lowest, MIN(info->va_base, HIGHEST_ADDRESS)), RESERVATION_GRAIN);
	uint64_t highest = ALIGN_DOWN(MIN(space->highest, info->va_limit), RESERVATION_GRAIN);

	if (lowest >= highest)
		return false;
	space->lowest = lowest;
	space->highest = highest;
	return true;
}

/*
 * An empty space valid on the GPUs; nothing is reserved before the first range is asked for.  A GPU that has
 * no addresses in common with those before it stays outside: no range is reserved on it.  The devices (at most
 * SPACE_MAX_GPUS) must outlive the space.  device_memory is the sum of the GPUs' own memory, from which the
 * size of reservations follows.  -EINVAL: too many GPUs; -ENOMEM.
 */
int space_create(struct gsp_device *const *devices, unsigned count, uint64_t device_memory,
		 struct space **out)
{
	struct space *space;

	*out = NULL;
	if (count > SPACE_MAX_GPUS)
		return -EINVAL;
	space = calloc(1, sizeof(*space));
	if (!space)
		return -ENOMEM;
	space->count = count;
	space->lowest = ALIGN_UP(LOWEST_ADDRESS, RESERVATION_GRAIN);
	space->highest = HIGHEST_ADDRESS;
	for (unsigned i = 0; i < count; i++) {
		const struct kmd_adapter *info = gsp_device_info(devices[i]);

		space->devices[i] = devices[i];
		if (!kmd_adapter_has(info, KMD_FIELD_VA_RANGE) || narrow(space, info))
			continue;
		space->outside |= 1ULL << i;
		log_err("GPU %u: its addresses, %#llx to %#llx, are of no use to this process: no memory on "
			"it",
			i, (unsigned long long)info->va_base, (unsigned long long)info->va_limit);
	}
	space->pools[SPACE_SYSTEM].unit = clamp(ALIGN_UP(host_memory(), GIB), 4 * GIB, 64 * GIB);
	space->pools[SPACE_DEVICE].unit =
		clamp(ALIGN_UP(2 * MIN(device_memory, 512 * GIB), GIB), 16 * GIB, 256 * GIB);
	pthread_mutex_init(&space->lock, NULL);
	pthread_cond_init(&space->grown, NULL);
	*out = space;
	return 0;
}

/* Takes a range back from the GPUs named; a lost GPU has nothing to give back. */
static void release_on_gpus(struct space *space, uint64_t start, uint64_t size, uint64_t gpus)
{
	for (unsigned i = 0; i < space->count; i++) {
		struct gsp_device *device = space->devices[i];
		int ret;

		if (!(gpus >> i & 1) || gsp_device_epoch(device).state == GSP_REMOVED)
			continue;
		ret = gsp_device_result(device, dxg_free_gpu_va(gsp_device_dxg(device),
								gsp_device_adapter(device), start, size));
		if (ret)
			log_warn("GPU %u: releasing %#llx + %#llx: %s", i, (unsigned long long)start,
				 (unsigned long long)size, strerror(-ret));
	}
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
		while (pool->reservations) {
			struct reservation *reservation = pool->reservations;

			pool->reservations = reservation->next;
			release_on_gpus(space, reservation->start, reservation->size, reservation->gpus);
			munmap(u64_to_ptr(reservation->start), reservation->size);
			free(reservation);
		}
	}
	pthread_cond_destroy(&space->grown);
	pthread_mutex_destroy(&space->lock);
	free(space);
}

/* Maps without access, at `at` exactly or (0) where the kernel likes; 0 on failure, errno set. */
static uint64_t map_inaccessible(uint64_t at, uint64_t size)
{
	void *p = mmap(u64_to_ptr(at), size, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (at ? MAP_FIXED_NOREPLACE : 0), -1, 0);

	if (p == MAP_FAILED)
		return 0;
	if (at && ptr_to_u64(p) != at) {
		/* kernels before 4.17 take the address for a hint */
		munmap(p, size);
		errno = EEXIST;
		return 0;
	}
	return ptr_to_u64(p);
}

static bool in_bounds(const struct space *space, uint64_t start, uint64_t size)
{
	return start >= space->lowest && start < space->highest && size <= space->highest - start;
}

/* Where the kernel would put it, aligned by cutting off the ends; 0 when out of bounds or refused. */
static uint64_t map_anywhere(const struct space *space, uint64_t size, uint64_t alignment)
{
	uint64_t whole = map_inaccessible(0, size + alignment), start;

	if (!whole)
		return 0;
	start = ALIGN_UP(whole, alignment);
	if (!in_bounds(space, start, size)) {
		munmap(u64_to_ptr(whole), size + alignment);
		errno = EEXIST;
		return 0;
	}
	if (start > whole)
		munmap(u64_to_ptr(whole), start - whole);
	if (whole + alignment > start)
		munmap(u64_to_ptr(start + size), whole + alignment - start);
	return start;
}

/* Looks from the top of the bounds down, for GPUs that reach less far than the kernel's choice. */
static uint64_t map_in_bounds(const struct space *space, uint64_t size, uint64_t alignment)
{
	uint64_t span = space->highest - space->lowest, step, at;

	if (size > span) {
		errno = ENOMEM;
		return 0;
	}
	step = ALIGN_UP(MAX(span / SCAN_ATTEMPTS, MIN(size, GIB)), alignment);
	at = ALIGN_DOWN(space->highest - size, alignment);
	for (unsigned i = 0; i < SCAN_ATTEMPTS && at >= space->lowest; i++) {
		uint64_t start = map_inaccessible(at, size);

		if (start || errno == ENOMEM)
			return start;
		if (at < step)
			break;
		at -= step;
	}
	errno = ENOMEM;
	return 0;
}

static uint64_t map_cpu(const struct space *space, uint64_t size)
{
	uint64_t alignment = size >= LARGE_ALIGNMENT ? LARGE_ALIGNMENT : RESERVATION_GRAIN;
	uint64_t start = map_anywhere(space, size, alignment);

	if (!start && errno == EEXIST)
		start = map_in_bounds(space, size, alignment);
	return start;
}

/*
 * Reserves on every GPU that is neither lost nor outside.  -EEXIST: some GPU has something there already, or refuses
 * for a reason it does not tell; -ENODEV: there are GPUs, but none of that kind.  On failure nothing is left reserved.
 */
static int reserve_on_gpus(struct space *space, uint64_t start, uint64_t size, uint64_t *gpus)
{
	*gpus = 0;
	for (unsigned i = 0; i < space->count; i++) {
		struct gsp_device *device = space->devices[i];
		uint64_t va;
		int ret;

		if (space->outside >> i & 1 || gsp_device_is_lost(device))
			continue;
		ret = gsp_device_result(device,
					dxg_reserve_gpu_va(gsp_device_dxg(device), gsp_device_adapter(device),
							   start, start, start + size, size, &va));
		if (!ret) {
			*gpus |= 1ULL << i;
		} else if (ret != -ENODEV) {
			log_debug("GPU %u: reserving %#llx + %#llx: %s", i, (unsigned long long)start,
				  (unsigned long long)size, strerror(-ret));
			release_on_gpus(space, start, size, *gpus);
			*gpus = 0;
			return -EEXIST;
		}
	}
	return space->count && !*gpus ? -ENODEV : 0;
}

/*
 * One reservation of exactly `size`, at `at` or (0) anywhere.  -ENOMEM: no such address space on the CPU; -EEXIST: taken
 * on a GPU or, for a given address, on the CPU; -ENODEV.
 */
static int reserve(struct space *space, uint64_t at, uint64_t size, struct reservation *out)
{
	uint64_t held[ADDRESS_ATTEMPTS]; /* refused addresses, kept so that the kernel chooses others */
	unsigned attempts = at ? 1 : ADDRESS_ATTEMPTS, refused = 0;
	int ret = -EEXIST;

	while (ret == -EEXIST && refused < attempts) {
		uint64_t start = at ? map_inaccessible(at, size) : map_cpu(space, size);

		if (!start) {
			ret = errno == EEXIST ? -EEXIST : -ENOMEM;
			break;
		}
		ret = reserve_on_gpus(space, start, size, &out->gpus);
		if (ret) {
			held[refused++] = start;
			continue;
		}
		out->start = start;
		out->size = size;
		/*
		 * None of this is of use in a core file.  A fork child must not share pages that a GPU writes;
		 * without these addresses it also has nothing of ours to clean up.
		 */
		madvise(u64_to_ptr(start), size, MADV_DONTDUMP);
		if (space->count && madvise(u64_to_ptr(start), size, MADV_DONTFORK))
			log_warn("MADV_DONTFORK is refused (%s): do not fork while the GPU works",
				 strerror(errno));
	}
	while (refused)
		munmap(u64_to_ptr(held[--refused]), size);
	return ret;
}

static uint64_t address_space_share(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_AS, &limit) || limit.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	return limit.rlim_cur / RLIMIT_SHARE;
}

/* Adds a reservation with room for `size` at `alignment`: the pool's unit, or as near to it as can be had. */
static int add_reservation(struct space *space, struct pool *pool, uint64_t size, uint64_t alignment,
			   struct reservation *reservation)
{
	uint64_t slack = alignment > RESERVATION_GRAIN ? alignment : 0, least, wish;
	int ret;

	if (size > space->highest || slack > space->highest)
		return -ENOMEM;
	least = ALIGN_UP(size + slack, RESERVATION_GRAIN);
	wish = MAX(least, ALIGN_DOWN(MIN(pool->unit, address_space_share()), RESERVATION_GRAIN));
	for (;;) {
		ret = reserve(space, 0, wish, reservation);
		if (!ret || ret == -ENODEV || wish == least)
			break;
		wish = MAX(least, ALIGN_DOWN(wish / 2, RESERVATION_GRAIN));
	}
	return ret == -EEXIST ? -ENOMEM : ret;
}

/*
 * Grows a pool by one reservation (at a given address, or anywhere) while the caller's lock is let
 * go.  One thread grows a pool at a time; another that comes meanwhile returns 0 to look again.
 */
static int grow(struct space *space, struct pool *pool, uint64_t at, uint64_t size, uint64_t alignment)
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
		ret = reserve(space, at, size, reservation);
	else
		ret = add_reservation(space, pool, size, alignment, reservation);

	pthread_mutex_lock(&space->lock);
	if (!ret)
		ret = va_pool_add(&pool->ranges, reservation->start, reservation->size, reservation);
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
		release_on_gpus(space, reservation->start, reservation->size, reservation->gpus);
		munmap(u64_to_ptr(reservation->start), reservation->size);
		pthread_mutex_lock(&space->lock);
	}
	free(reservation);
	return ret;
}

/*
 * Takes `size` bytes (page multiple) at a multiple of `alignment` (a power of two), without access.
 * -ENOMEM: no such range can be had on the CPU and all GPUs; -ENODEV: every GPU is lost or outside.
 */
int space_take(struct space *space, enum space_pool which, uint64_t size, uint64_t alignment,
	       struct va_range **out)
{
	struct pool *pool = &space->pools[which];
	int ret;

	pthread_mutex_lock(&space->lock);
	for (;;) {
		ret = va_pool_take(&pool->ranges, size, alignment, out);
		if (ret != -ENOSPC)
			break;
		ret = grow(space, pool, 0, size, alignment);
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
	struct pool *pool = &space->pools[which];
	uint64_t lead = start & (RESERVATION_GRAIN - 1);
	bool exact = false;
	int ret;

	*out = NULL;
	if (!in_bounds(space, start, size))
		return -EINVAL;
	pthread_mutex_lock(&space->lock);
	for (;;) {
		ret = va_pool_take_at(&pool->ranges, start, size, out);
		if (ret != -ENOENT)
			break;
		/* whole grains if they are free, so that neighbours find room; else just what is asked */
		ret = grow(space, pool, exact ? start : start - lead,
			   exact ? size : ALIGN_UP(lead + size, RESERVATION_GRAIN), 1);
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
	pthread_mutex_lock(&space->lock);
	va_pool_give(&space->pools[which].ranges, range);
	pthread_mutex_unlock(&space->lock);
}

/* Bit per GPU on which a range is reserved; one that was lost before or is outside is not among them. */
uint64_t space_gpus_of(const struct va_range *range)
{
	return ((const struct reservation *)range->region)->gpus;
}

/* Puts zero-filled host pages behind a range.  -ENOMEM: too many mappings or strict overcommit. */
int space_commit(const struct va_range *range)
{
	/* no PROT_EXEC, also for GPU code: the CPU never runs it */
	return mprotect(u64_to_ptr(range->start), range->size, PROT_READ | PROT_WRITE) ? -errno : 0;
}

/*
 * Gives the host pages of a range back and takes the access away.  -errno: the range is in an unknown state and must not
 * be handed out again.
 */
int space_decommit(const struct va_range *range)
{
	void *start = u64_to_ptr(range->start);

	/* both keep the mapping's attributes, so that neighbours stay one mapping */
	if (!madvise(start, range->size, MADV_DONTNEED) && !mprotect(start, range->size, PROT_NONE))
		return 0;
	/* locked pages (mlockall) refuse MADV_DONTNEED: put a fresh mapping in their place */
	if (mmap(start, range->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
		 0) == MAP_FAILED)
		return -errno;
	madvise(start, range->size, MADV_DONTDUMP);
	if (((const struct reservation *)range->region)->gpus && madvise(start, range->size, MADV_DONTFORK))
		log_warn("MADV_DONTFORK is refused (%s): do not fork while the GPU works", strerror(errno));
	return 0;
}
