// SPDX-License-Identifier: MIT
/*
 * Registrations keep their note of the GPUs they are on across a loss.  What was pinned for the lost device is let go of, all
 * of it, before anything is pinned for the next one: registrations that overlap share pins again.
 */
#include "memory/user_renewal.h"

#include <errno.h>
#include <string.h>

#include "memory/backing.h"
#include "memory/user_away.h"
#include "memory/user_pins.h"
#include "memory/user_registry.h"
#include "util/log.h"

/* Does its work for a registration whose pages are claimed. */
typedef int (*visitor)(struct users *users, struct user_registration *r, unsigned gpu, uint64_t *fence);

/*
 * Claims one registration after the other and visits it; those that come and go meanwhile are met or not.  Each claim is ended
 * before the next one, as others need several at a time.
 */
static int visit_all(struct users *users, visitor visit, unsigned gpu, uint64_t *fence)
{
	struct user_registration *r;
	struct user_claim mine;
	uint64_t start, size;
	int ret = 0;

	pthread_mutex_lock(&users->lock);
	r = user_registry_first(users);
	while (r && !ret) {
		start = r->start;
		size = r->size;
		while (r && !user_claim_try(users, &mine, user_first_page(r), user_end_page(r))) {
			user_claim_wait(users);
			r = user_registry_exact(users, start, size);
		}
		if (r) {
			pthread_mutex_unlock(&users->lock);
			ret = visit(users, r, gpu, fence);
			user_claim_end(users, &mine);
			pthread_mutex_lock(&users->lock);
		}
		r = user_registry_next(users, start, size);
	}
	pthread_mutex_unlock(&users->lock);
	return ret;
}

static int leave(struct users *users, struct user_registration *r, unsigned gpu, uint64_t *fence)
{
	uint64_t bit = 1ULL << gpu;

	(void)fence;
	if (r->pinned & bit) {
		user_pins_give(users, gpu, user_first_page(r), user_end_page(r));
		r->pinned &= ~bit;
	}
	if (r->away)
		user_away_leave(r->away, bit);
	return 0;
}

/*
 * Takes registrations off a GPU that is lost, or whose next device is given up before it was used; they stay noted to be there,
 * for users_renew().  What the host is asked for is done by gsp_retire_run().
 */
void users_leave(struct users *users, unsigned gpu)
{
	uint64_t none = 0;

	visit_all(users, leave, gpu, &none);
}

/* A registration that a GPU cannot have any more is not there. */
static int take_note(struct users *users, struct user_registration *r, unsigned gpu, int why)
{
	const struct node_set *nodes;
	int ret = node_set_of(&users->memory->node_sets, r->nodes->gpus & ~(1ULL << gpu), &nodes);

	if (ret)
		return ret;
	log_warn("GPU %u: registered memory at %#llx is not there any more: %s", gpu,
		 (unsigned long long)r->start, strerror(-why));
	pthread_mutex_lock(&users->lock);
	pthread_rwlock_wrlock(&users->readers);
	r->nodes = nodes;
	pthread_rwlock_unlock(&users->readers);
	pthread_mutex_unlock(&users->lock);
	return 0;
}

static int put_away(struct user_registration *r, unsigned gpu, uint64_t *fence)
{
	uint64_t bit = 1ULL << gpu, mine;
	int ret = 0;

	if (!(user_away_gpus(r->away) & bit))
		ret = user_away_map(r->away, user_first_page(r), bit, BACKING_DEFER);
	if (ret)
		return ret;
	mine = user_away_fence(r->away, gpu);
	*fence = mine > *fence ? mine : *fence;
	return 0;
}

static int put_there(struct users *users, struct user_registration *r, unsigned gpu, uint64_t *fence)
{
	struct backing *last;
	int ret;

	if (r->pinned >> gpu & 1)
		return 0;
	ret = user_pins_take(users, gpu, user_first_page(r), user_end_page(r), r->flags, &last);
	if (ret)
		return ret;
	r->pinned |= 1ULL << gpu;
	if (last && last->fence > *fence)
		*fence = last->fence;
	return 0;
}

static int renew(struct users *users, struct user_registration *r, unsigned gpu, uint64_t *fence)
{
	struct gsp_device *device = memory_gpu_device(&users->memory->gpus[gpu]);
	int ret;

	if (!(r->nodes->gpus >> gpu & 1))
		return 0;
	ret = r->away ? put_away(r, gpu, fence) : put_there(users, r, gpu, fence);
	/* pages that went, or addresses: that is about this registration, and no reason to have none of the others */
	if (ret == -EFAULT || ret == -EADDRNOTAVAIL || (ret == -ENODEV && !gsp_device_is_lost(device)))
		ret = take_note(users, r, gpu, ret);
	return ret;
}

/*
 * Puts registrations on the device that a GPU has next, as far as they are noted to be there; *fence grows to the paging fence to
 * be waited for.  One whose pages or addresses cannot be had there any more is not there from now on.  Otherwise an error of
 * user_map(): some are there, others are not.
 */
int users_renew(struct users *users, unsigned gpu, uint64_t *fence)
{
	return visit_all(users, renew, gpu, fence);
}
