// SPDX-License-Identifier: MIT
#include "memory/user_windows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory/step.h"
#include "util/compiler.h"
#include "util/log.h"

#define RELEASE_TRIES 3u /* a reservation that the host does not take back is left there */

static struct user_window *of_node(const struct tree_node *node)
{
	return tree_entry(node, struct user_window, node);
}

static int compare(const struct tree_node *a, const struct tree_node *b)
{
	uint64_t x = of_node(a)->start, y = of_node(b)->start;

	return (x > y) - (x < y);
}

/* The reservation that an address lies in, or NULL.  With the lock held. */
struct user_window *user_window_at(struct users *users, unsigned gpu, uint64_t address)
{
	struct user_window probe = {.start = address};
	struct tree_node *node = tree_at_or_before(&users->gpus[gpu].windows, &probe.node, compare);

	return node && address < of_node(node)->end ? of_node(node) : NULL;
}

/* The same, or else the next one above. */
static struct user_window *at_or_above(struct users *users, unsigned gpu, uint64_t address)
{
	struct user_window probe = {.start = address}, *window = user_window_at(users, gpu, address);
	struct tree_node *node;

	if (window)
		return window;
	node = tree_at_or_after(&users->gpus[gpu].windows, &probe.node, compare);
	return node ? of_node(node) : NULL;
}

/* Whether a GPU has some of [start, end) reserved for the caller's memory, or had until what runs is over. */
bool user_windows_overlap(struct users *users, unsigned gpu, uint64_t start, uint64_t end)
{
	struct user_window *window;
	bool overlap;

	pthread_mutex_lock(&users->lock);
	window = at_or_above(users, gpu, start);
	overlap = window && window->start < end;
	pthread_mutex_unlock(&users->lock);
	return overlap;
}

static int reserve(struct gsp_device *device, uint64_t start, uint64_t end)
{
	uint64_t va;

	return gsp_device_result(device,
				 dxg_reserve_gpu_va(gsp_device_dxg(device), gsp_device_adapter(device), start,
						    start, end, end - start, &va));
}

/* A device that was lost still has its reservations, an adapter that is gone does not. */
static int release(const struct user_window *window)
{
	struct gsp_device *device = window->device;
	int ret;

	if (!gsp_device_takes_back(device))
		return 0;
	ret = gsp_device_result(device, dxg_free_gpu_va(gsp_device_dxg(device), gsp_device_adapter(device),
							window->start, window->end - window->start));
	if (ret)
		log_warn("GPU %u: releasing %#llx to %#llx: %s", window->gpu,
			 (unsigned long long)window->start, (unsigned long long)window->end, strerror(-ret));
	return ret == -ENODEV ? 0 : ret;
}

/*
 * Has a window on the device that its GPU has now: on another adapter it is reserved anew.  The caller has claimed a part of
 * it, others may have other parts.
 */
static int move(struct user_window *window, struct gsp_device *device)
{
	struct users *users = window->users;
	struct gsp_device *before;
	int ret = 0;

	turn_take(&users->moving);
	before = window->device;
	if (gsp_device_adapter(before) != gsp_device_adapter(device)) {
		ret = reserve(device, window->start, window->end);
		if (!ret)
			/* the adapter that was there before need not be gone */
			release(window);
	}
	if (!ret && before != device) {
		gsp_device_get(device);
		pthread_mutex_lock(&users->lock);
		window->device = device;
		window->fence = 0; /* the other one's, who does not wait for it any more */
		pthread_mutex_unlock(&users->lock);
	}
	turn_leave(&users->moving);
	if (!ret && before != device)
		gsp_device_put(before);
	if (ret)
		log_warn("GPU %u: reserving %#llx to %#llx again: %s", window->gpu,
			 (unsigned long long)window->start, (unsigned long long)window->end, strerror(-ret));
	return ret && ret != -ENODEV ? -EADDRNOTAVAIL : ret;
}

static int open_one(struct users *users, unsigned gpu, struct gsp_device *device, uint64_t start,
		    uint64_t end)
{
	struct user_window *window = calloc(1, sizeof(*window));
	int ret;

	if (!window)
		return -ENOMEM;
	ret = reserve(device, start, end);
	if (ret) {
		free(window);
		log_debug("GPU %u: reserving the CPU's addresses %#llx to %#llx: %s", gpu,
			  (unsigned long long)start, (unsigned long long)end, strerror(-ret));
		/* the host does not tell a range that is taken from other refusals */
		return ret == -ENODEV ? ret : -EADDRNOTAVAIL;
	}
	window->users = users;
	window->gpu = gpu;
	window->device = device;
	gsp_device_get(device);
	window->start = start;
	window->end = end;
	atomic_fetch_add(&users->references, 1);
	pthread_mutex_lock(&users->lock);
	tree_insert(&users->gpus[gpu].windows, &window->node, compare);
	pthread_mutex_unlock(&users->lock);
	return 0;
}

static bool reachable(struct gsp_device *device, uint64_t start, uint64_t end)
{
	const struct kmd_adapter *info = gsp_device_info(device);

	/* a base of 0 asks the host for an address of its choice (Microsoft: D3DKMTReserveGpuVirtualAddress) */
	return start && (!kmd_adapter_has(info, KMD_FIELD_VA_RANGE) ||
			 (start >= info->va_base && end <= info->va_limit));
}

/*
 * Reserves what is not reserved yet of the windows that [start, end) touches; the caller has claimed them.
 * -EADDRNOTAVAIL: that GPU cannot have these addresses; -ENODEV; -ENOMEM.  What was reserved stays so, see
 * user_windows_close_unused().
 */
int user_windows_open(struct users *users, unsigned gpu, struct gsp_device *device, uint64_t start,
		      uint64_t end)
{
	uint64_t at = ALIGN_DOWN(start, USER_WINDOW);
	int ret = 0;

	end = ALIGN_UP(end, USER_WINDOW);
	memory_step(MEMORY_STEP_ADDRESS);
	if (gsp_device_is_lost(device))
		return -ENODEV;
	if (!reachable(device, at, end))
		return -EADDRNOTAVAIL;
	while (at < end && !ret) {
		struct user_window *window;
		uint64_t next = end;
		bool there = false, here = false;

		pthread_mutex_lock(&users->lock);
		window = at_or_above(users, gpu, at);
		if (window && window->start <= at) {
			there = true;
			here = window->device == device;
			next = window->end;
		} else if (window) {
			next = MIN(end, window->start);
		}
		pthread_mutex_unlock(&users->lock);
		if (!there)
			ret = open_one(users, gpu, device, at, next);
		else if (!here)
			ret = move(window, device);
		at = next;
	}
	return ret;
}

/* What has to pass before the reservation ends: the paging fence of what was taken out of it last. */
static void wait_for_fence(struct user_window *window)
{
	struct gsp_device *device = window->device;
	const struct gsp_handles *handles = gsp_device_handles(device); /* what has a fence has them */

	window->retire.point = (struct gsp_fence_point){
		.device = device,
		.fence = handles->paging.fence,
		.value = handles->paging.value,
		.wanted = window->fence,
	};
}

static void close_window(struct user_chore *chore)
{
	struct user_window *window = tree_entry(chore, struct user_window, chore);
	struct users *users = window->users;
	struct user_claim claim;
	bool ended;

	pthread_mutex_lock(&users->lock);
	if (window->pieces) {
		window->leaving = false;
		pthread_mutex_unlock(&users->lock);
		return;
	}
	if (window->fence >
	    (window->retire.point.device == window->device ? window->retire.point.wanted : 0)) {
		/* used again, and left again, meanwhile */
		wait_for_fence(window);
		gsp_retire_add(&users->memory->retired, &window->retire);
		pthread_mutex_unlock(&users->lock);
		return;
	}
	if (!user_claim_try(users, &claim, window->start, window->end)) {
		user_put_off(users, chore);
		pthread_mutex_unlock(&users->lock);
		return;
	}
	pthread_mutex_unlock(&users->lock);
	ended = !release(window) || ++window->tries == RELEASE_TRIES;
	pthread_mutex_lock(&users->lock);
	if (ended)
		tree_remove(&users->gpus[window->gpu].windows, &window->node);
	else
		gsp_retire_add(&users->memory->retired, &window->retire);
	pthread_mutex_unlock(&users->lock);
	if (ended) {
		gsp_device_put(window->device);
		free(window);
	}
	user_claim_end(users, &claim);
	if (ended)
		users_put(users);
}

static void left(struct gsp_retire *item, int why)
{
	struct user_window *window = tree_entry(item, struct user_window, retire);

	(void)why; /* lost or too late, it goes all the same */
	close_window(&window->chore);
}

/* With the lock held. */
static void check_use(struct user_window *window)
{
	if (window->pieces || window->leaving)
		return;
	window->leaving = true;
	window->chore.run = close_window;
	window->retire = (struct gsp_retire){.run = left};
	if (window->fence)
		wait_for_fence(window);
	gsp_retire_add(&window->users->memory->retired, &window->retire);
}

/* Pieces were taken off the device, or will be when its paging fence has `fence`.  With the lock held. */
void user_window_took_out(struct user_window *window, uint32_t pieces, const struct gsp_device *device,
			  uint64_t fence)
{
	window->pieces -= pieces;
	if (device == window->device)
		window->fence = MAX(window->fence, fence);
	check_use(window);
}

/* Gives back reservations in a claimed range that came to no use. */
void user_windows_close_unused(struct users *users, unsigned gpu, uint64_t start, uint64_t end)
{
	pthread_mutex_lock(&users->lock);
	for (uint64_t at = start; at < end;) {
		struct user_window *window = at_or_above(users, gpu, at);

		if (!window || window->start >= end)
			break;
		check_use(window);
		at = window->end;
	}
	pthread_mutex_unlock(&users->lock);
}
