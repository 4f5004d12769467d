// SPDX-License-Identifier: MIT
#include "memory/reserve.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memory/holes.h"
#include "util/compiler.h"
#include "util/ending.h"
#include "util/log.h"

#define LARGE_ALIGNMENT (4ULL << 30) /* of reservations that are as large: what AMD's own client uses */
#define LOWEST_ADDRESS	(64ULL << 10)
#define HIGHEST_ADDRESS \
	((1ULL << 47) - RESERVE_GRAIN) /* user space ends a page below 2^47 (Linux: TASK_SIZE) */
#define ADDRESS_ATTEMPTS 8U	       /* addresses of the kernel's choice that GPUs may refuse */
#define HOLE_ATTEMPTS	 8U	       /* places in one hole ... */
#define HOLES_ATTEMPTS	 32U	       /* ... and in a window that GPUs may refuse */
#define RLIMIT_SHARE	 8U	       /* of a limited address space, what one reservation may take unasked */
#define MAX_NUMA_NODES	 1024U	       /* what kernels are built for at most */

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

/* Which GPUs one call has to do with. */
struct search {
	uint64_t excluded; /* are not asked */
	uint64_t refusing; /* refused every address so far */
	uint64_t asked;	   /* were asked at all */
	unsigned attempts; /* addresses they may refuse before another size is tried */
};

/* Narrows the bounds to what a GPU reaches.  False, and the bounds as they were: that would leave nothing. */
static bool narrow(struct reserver *reserver, const struct kmd_adapter *info)
{
	uint64_t lowest = ALIGN_UP(MAX(reserver->lowest, MIN(info->va_base, HIGHEST_ADDRESS)), RESERVE_GRAIN);
	uint64_t highest = ALIGN_DOWN(MIN(reserver->highest, info->va_limit), RESERVE_GRAIN);

	if (lowest >= highest)
		return false;
	reserver->lowest = lowest;
	reserver->highest = highest;
	return true;
}

static bool has_several_nodes(void)
{
	unsigned long mask[MAX_NUMA_NODES / (8 * sizeof(unsigned long))] = {0};
	int nodes = 0;

	if (syscall(SYS_get_mempolicy, NULL, mask, MAX_NUMA_NODES, NULL, MPOL_F_MEMS_ALLOWED))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(mask); i++)
		nodes += __builtin_popcountl(mask[i]);
	return nodes > 1;
}

/*
 * The bounds are what CPU and GPUs (at most DXG_MAX_ADAPTERS) all reach; a GPU that has no address in common with
 * those before it stays outside: nothing is ever reserved on it.
 */
void reserver_init(struct reserver *reserver, struct gsp_gpu *const *gpus, unsigned count)
{
	*reserver = (struct reserver){
		.count = count,
		.lowest = ALIGN_UP(LOWEST_ADDRESS, RESERVE_GRAIN),
		.highest = HIGHEST_ADDRESS,
		.several_nodes = has_several_nodes(),
	};
	for (unsigned i = 0; i < count; i++) {
		struct gsp_device *device = gsp_gpu_device(gpus[i]);
		const struct kmd_adapter *info = gsp_device_info(device);

		atomic_init(&reserver->devices[i], device);
		if (!kmd_adapter_has(info, KMD_FIELD_VA_RANGE) || narrow(reserver, info))
			continue;
		reserver->outside |= 1ULL << i;
		log_err("GPU %u: its addresses, %#llx to %#llx, are of no use to this process: no memory on "
			"it",
			i, (unsigned long long)info->va_base, (unsigned long long)info->va_limit);
	}
}

/* Bit per GPU on which a reservation is. */
uint64_t reserved_gpus(const struct reservation *reservation)
{
	return __atomic_load_n(&reservation->gpus, __ATOMIC_ACQUIRE);
}

/* Takes a range back from the GPUs named; a lost GPU has nothing to give back. */
static void release_on_gpus(struct reserver *reserver, uint64_t start, uint64_t size, uint64_t gpus)
{
	for (unsigned i = 0; i < reserver->count; i++) {
		struct gsp_device *device = atomic_load(&reserver->devices[i]);
		int ret;

		if (!(gpus >> i & 1) || !gsp_device_takes_back(device))
			continue;
		ret = gsp_device_result(device, dxg_free_gpu_va(gsp_device_dxg(device),
								gsp_device_adapter(device), start, size));
		if (ret)
			log_warn("GPU %u: releasing %#llx + %#llx: %s", i, (unsigned long long)start,
				 (unsigned long long)size, strerror(-ret));
	}
}

/*
 * Has a reservation on the next device of a GPU too: on another adapter it is made anew, on the same one if it could not be made
 * before.  Where it cannot be had the GPU's bit goes.  reserver->devices is the caller's to change afterwards.
 */
void reserve_on(struct reserver *reserver, unsigned gpu, struct gsp_device *fresh,
		struct reservation *reservation)
{
	struct gsp_device *before = atomic_load(&reserver->devices[gpu]);
	uint64_t bit = 1ULL << gpu, start = reservation->start, size = reservation->size, va;
	bool same = gsp_device_adapter(before) == gsp_device_adapter(fresh);
	int ret;

	if (reserver->outside & bit || (same && reservation->gpus & bit))
		return;
	release_on_gpus(reserver, start, size, reservation->gpus & bit);
	ret = gsp_device_is_lost(fresh)
		      ? -ENODEV
		      : gsp_device_result(fresh,
					  dxg_reserve_gpu_va(gsp_device_dxg(fresh), gsp_device_adapter(fresh),
							     start, start, start + size, size, &va));
	if (!ret) {
		__atomic_fetch_or(&reservation->gpus, bit, __ATOMIC_RELEASE);
		return;
	}
	if (reservation->gpus & bit)
		log_warn("GPU %u: reserving %#llx + %#llx again: %s", gpu, (unsigned long long)start,
			 (unsigned long long)size, strerror(-ret));
	__atomic_fetch_and(&reservation->gpus, ~bit, __ATOMIC_RELEASE);
}

/* Ends a reservation.  Nothing may be mapped in it any more. */
void reserve_undo(struct reserver *reserver, const struct reservation *reservation)
{
	release_on_gpus(reserver, reservation->start, reservation->size, reserved_gpus(reservation));
	ending_unmap(u64_to_ptr(reservation->start), reservation->size);
}

/*
 * Reserves on every GPU that is neither lost nor outside nor excluded.  -EEXIST: some GPU has something there
 * already, or refuses for a reason it does not tell; -ENODEV: there are GPUs, but none of that kind.  On failure
 * nothing is left reserved.
 */
static int reserve_on_gpus(struct reserver *reserver, uint64_t start, uint64_t size, struct search *search,
			   uint64_t *gpus)
{
	uint64_t refused = 0;

	*gpus = 0;
	for (unsigned i = 0; i < reserver->count; i++) {
		struct gsp_device *device = atomic_load(&reserver->devices[i]);
		uint64_t va;
		int ret;

		if ((reserver->outside | search->excluded) >> i & 1 || gsp_device_is_lost(device))
			continue;
		ret = gsp_device_result(device,
					dxg_reserve_gpu_va(gsp_device_dxg(device), gsp_device_adapter(device),
							   start, start, start + size, size, &va));
		if (!ret) {
			*gpus |= 1ULL << i;
		} else if (ret != -ENODEV) {
			log_debug("GPU %u: reserving %#llx + %#llx: %s", i, (unsigned long long)start,
				  (unsigned long long)size, strerror(-ret));
			refused |= 1ULL << i;
		}
	}
	search->asked |= *gpus | refused;
	search->refusing &= ~*gpus;
	if (!refused)
		return reserver->count && !*gpus ? -ENODEV : 0;
	release_on_gpus(reserver, start, size, *gpus);
	*gpus = 0;
	return -EEXIST;
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

/* Where the kernel would put it, aligned by cutting off the ends; 0 when out of bounds or refused. */
static uint64_t map_anywhere(const struct reserver *reserver, uint64_t size, uint64_t alignment)
{
	uint64_t whole = map_inaccessible(0, size + alignment), start;

	if (!whole)
		return 0;
	start = ALIGN_UP(whole, alignment);
	if (start < reserver->lowest || start >= reserver->highest || size > reserver->highest - start) {
		munmap(u64_to_ptr(whole), size + alignment);
		errno = ERANGE;
		return 0;
	}
	if (start > whole)
		munmap(u64_to_ptr(whole), start - whole);
	if (whole + alignment > start)
		munmap(u64_to_ptr(start + size), whole + alignment - start);
	return start;
}

/*
 * None of this is of use in a core file.  A fork child must not share pages that a GPU writes; without these
 * addresses it also has nothing of ours to clean up.
 */
static void set_attributes(uint64_t start, uint64_t size, bool on_gpus)
{
	madvise(u64_to_ptr(start), size, MADV_DONTDUMP);
	if (on_gpus && madvise(u64_to_ptr(start), size, MADV_DONTFORK))
		log_warn("MADV_DONTFORK is refused (%s): do not fork while the GPU works", strerror(errno));
}

/* Puts a fresh mapping, without access, in the place of a part of a reservation. */
int reserve_refresh(const struct reservation *reservation, uint64_t start, uint64_t size)
{
	if (mmap(u64_to_ptr(start), size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
		 -1, 0) == MAP_FAILED)
		return -errno;
	set_attributes(start, size, reserved_gpus(reservation) != 0);
	return 0;
}

/* Makes a reservation of what the CPU has mapped already, which is left mapped in either case. */
static int settle(struct reserver *reserver, uint64_t start, uint64_t size, struct search *search,
		  struct reservation *out)
{
	uint64_t gpus;
	int ret = reserve_on_gpus(reserver, start, size, search, &gpus);

	if (ret)
		return ret;
	*out = (struct reservation){
		.start = start,
		.size = size,
		.gpus = gpus,
		.several_nodes = reserver->several_nodes,
	};
	set_attributes(start, size, reserver->count != 0);
	return 0;
}

/*
 * Exactly `size` where the kernel likes.  -EEXIST: the GPUs refused each of its choices; -ERANGE: its choice is out
 * of bounds; -ENOMEM; -ENODEV.
 */
static int reserve_anywhere(struct reserver *reserver, uint64_t size, uint64_t alignment,
			    struct search *search, struct reservation *out)
{
	uint64_t held[ADDRESS_ATTEMPTS]; /* refused addresses, kept so that the kernel chooses others */
	unsigned refused = 0;
	int ret = -EEXIST;

	while (ret == -EEXIST && refused < MIN(search->attempts, ADDRESS_ATTEMPTS)) {
		uint64_t start = map_anywhere(reserver, size, alignment);

		if (!start) {
			ret = errno == ERANGE ? -ERANGE : -ENOMEM;
			break;
		}
		ret = settle(reserver, start, size, search, out);
		if (ret)
			held[refused++] = start;
	}
	while (refused)
		munmap(u64_to_ptr(held[--refused]), size);
	return ret;
}

/* The same at `at`; -EEXIST also when another thread took the place from the CPU, or it was never free. */
static int reserve_place(struct reserver *reserver, uint64_t at, uint64_t size, struct search *search,
			 struct reservation *out)
{
	int ret;

	if (!map_inaccessible(at, size))
		return errno == ENOMEM ? -ENOMEM : -EEXIST;
	ret = settle(reserver, at, size, search, out);
	if (ret)
		munmap(u64_to_ptr(at), size);
	return ret;
}

/* The same in one hole, from its top down and, at last, at its bottom.  *tries: places that may still be refused. */
static int reserve_in_hole(struct reserver *reserver, const struct hole *hole, uint64_t size,
			   uint64_t alignment, struct search *search, unsigned *tries,
			   struct reservation *out)
{
	uint64_t bottom = ALIGN_UP(hole->start, alignment), top, step, below = 0;
	int ret = -EEXIST;

	if (size > hole->end || ALIGN_DOWN(hole->end - size, alignment) < bottom)
		return -EEXIST;
	top = ALIGN_DOWN(hole->end - size, alignment);
	step = ALIGN_UP(MAX(size, (hole->end - hole->start) / HOLE_ATTEMPTS), alignment);
	while (ret == -EEXIST && *tries) {
		ret = reserve_place(reserver, top - below, size, search, out);
		--*tries;
		if (below == top - bottom)
			break;
		below = MIN(below + step, top - bottom);
	}
	return ret;
}

/* The same inside [lowest, highest), the highest place first: the program's heap grows from below. */
static int reserve_within(struct reserver *reserver, uint64_t lowest, uint64_t highest, uint64_t size,
			  uint64_t alignment, struct search *search, struct reservation *out)
{
	unsigned tries = search->attempts;
	struct hole *holes;
	size_t count;
	int ret = holes_find(lowest, highest, &holes, &count);

	if (ret)
		return ret;
	ret = -EEXIST;
	while (count && ret == -EEXIST)
		ret = reserve_in_hole(reserver, &holes[--count], size, alignment, search, &tries, out);
	free(holes);
	return ret;
}

/* What is left of a window: the whole of a hole if that may be, so that others find room there too. */
static int reserve_rest(struct reserver *reserver, const struct reserve_wish *wish, struct search *search,
			struct reservation *out)
{
	unsigned tries = search->attempts;
	struct hole *holes;
	size_t count;
	int ret = holes_find(wish->lowest, wish->highest, &holes, &count);

	if (ret)
		return ret;
	ret = -EEXIST;
	while (count && ret == -EEXIST) {
		const struct hole *hole = &holes[--count];
		struct hole whole = {.start = ALIGN_UP(hole->start, wish->alignment), .end = hole->end};

		if (whole.start >= whole.end || whole.end - whole.start < wish->size)
			continue;
		whole.end = MIN(whole.end, whole.start + MAX(wish->unit, wish->size));
		ret = reserve_in_hole(reserver, &whole, whole.end - whole.start, wish->alignment, search,
				      &tries, out);
		if (ret)
			ret = reserve_in_hole(reserver, hole, wish->size, wish->alignment, search, &tries,
					      out);
	}
	free(holes);
	return ret;
}

static int reserve_size(struct reserver *reserver, const struct reserve_wish *wish, uint64_t size,
			uint64_t alignment, struct search *search, struct reservation *out)
{
	int ret;

	if (wish->highest)
		return reserve_within(reserver, wish->lowest, wish->highest, size, alignment, search, out);
	alignment = MAX(alignment, size >= LARGE_ALIGNMENT ? LARGE_ALIGNMENT : RESERVE_GRAIN);
	ret = reserve_anywhere(reserver, size, alignment, search, out);
	/* the kernel's choice is too high for a GPU, or it found no room for what the alignment may cost */
	if (ret == -ERANGE || (ret == -ENOMEM && alignment > LARGE_ALIGNMENT))
		ret = reserve_within(reserver, reserver->lowest, reserver->highest, size, alignment, search,
				     out);
	return ret;
}

static uint64_t address_space_share(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_AS, &limit) || limit.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	return limit.rlim_cur / RLIMIT_SHARE;
}

/* The unit, or as near to it as can be had; of a window at last whatever is left. */
static int reserve_some(struct reserver *reserver, const struct reserve_wish *wish, struct search *search,
			struct reservation *out)
{
	uint64_t least = ALIGN_UP(wish->size, RESERVE_GRAIN);
	uint64_t size = MAX(least, ALIGN_DOWN(MIN(wish->unit, address_space_share()), RESERVE_GRAIN));
	int ret;

	for (;;) {
		ret = reserve_size(reserver, wish, size, MAX(wish->alignment, RESERVE_GRAIN), search, out);
		if (!ret || ret == -ENODEV || size == least)
			break;
		size = MAX(least, ALIGN_DOWN(size / 2, RESERVE_GRAIN));
	}
	if (!ret || ret == -ENODEV)
		return ret;
	if (wish->highest)
		return reserve_rest(reserver, wish, search, out);
	/* no GPU takes what the kernel likes to give */
	if (ret == -EEXIST)
		ret = reserve_within(reserver, reserver->lowest, reserver->highest, least,
				     MAX(wish->alignment, RESERVE_GRAIN), search, out);
	return ret;
}

static bool others_agreed(const struct search *search)
{
	return search->refusing & search->asked && search->asked & ~search->refusing;
}

static void leave_out(struct reserver *reserver, struct search *search)
{
	uint64_t gpus = search->refusing & search->asked;
	uint64_t news = gpus & ~atomic_fetch_or(&reserver->left_out, gpus);

	search->excluded |= gpus;
	for (unsigned i = 0; i < reserver->count; i++)
		if (news >> i & 1)
			log_warn("GPU %u refuses every address that the other GPUs agree to: new memory of "
				 "theirs "
				 "cannot be mapped on it",
				 i);
}

/* Whether the GPUs that were left out the last time agree again, at the first address that comes. */
static bool are_back(struct reserver *reserver, const struct reserve_wish *wish, struct reservation *out)
{
	struct search once = {.refusing = UINT64_MAX, .attempts = 1};

	if (reserve_size(reserver, wish, ALIGN_UP(wish->size, RESERVE_GRAIN),
			 MAX(wish->alignment, RESERVE_GRAIN), &once, out))
		return false;
	atomic_store(&reserver->left_out, 0);
	return true;
}

/*
 * Makes a reservation as wished.  A GPU that refuses every address is left out of it (its bit in
 * reservation.gpus is not set) if there are GPUs that agree.  -ENOMEM: no such addresses on the CPU and
 * the GPUs; -ENODEV: there are GPUs, but every one is lost or outside.
 */
int reserve(struct reserver *reserver, const struct reserve_wish *wish, struct reservation *out)
{
	struct search search = {
		.refusing = UINT64_MAX,
		.attempts = wish->highest ? HOLES_ATTEMPTS : ADDRESS_ATTEMPTS,
		.excluded = atomic_load(&reserver->left_out),
	};
	int ret;

	if (wish->size > reserver->highest - reserver->lowest || wish->alignment >= reserver->highest)
		return -ENOMEM;
	if (search.excluded && are_back(reserver, wish, out))
		return 0;
	ret = reserve_some(reserver, wish, &search, out);
	if (ret == -EEXIST && others_agreed(&search)) {
		leave_out(reserver, &search);
		ret = reserve_some(reserver, wish, &search, out);
	}
	return ret == -EEXIST ? -ENOMEM : ret;
}

/* Reserves exactly [start, start + size).  -EEXIST: in use on the CPU or on a GPU; -ENOMEM; -ENODEV. */
int reserve_at(struct reserver *reserver, uint64_t start, uint64_t size, struct reservation *out)
{
	struct search search = {.refusing = UINT64_MAX};
	int ret;

	ret = reserve_place(reserver, start, size, &search, out);
	search.excluded = atomic_load(&reserver->left_out);
	if (ret == -EEXIST && search.refusing & search.asked && search.excluded)
		ret = reserve_place(reserver, start, size, &search, out);
	return ret;
}
