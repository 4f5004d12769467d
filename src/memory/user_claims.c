// SPDX-License-Identifier: MIT
/*
 * Who may change what is behind which addresses of the caller's memory.  Threads with disjoint ranges do not keep each
 * other waiting; those with overlapping ones come after one another.
 */
#include <stdlib.h>

#include "memory/user_private.h"
#include "util/compiler.h"

/*
 * Claims all that [start, end) touches, in whole windows; false: somebody has claimed a part of it.  Never waits.  With
 * the lock held.
 */
bool user_claim_try(struct users *users, struct user_claim *claim, uint64_t start, uint64_t end)
{
	claim->start = ALIGN_DOWN(start, USER_WINDOW);
	claim->end = ALIGN_UP(end, USER_WINDOW);
	for (const struct user_claim *other = users->claims; other; other = other->next)
		if (claim->start < other->end && other->start < claim->end)
			return false;
	claim->next = users->claims;
	users->claims = claim;
	return true;
}

/* Returns when some claim ended, perhaps sooner.  With the lock held and without a claim of one's own. */
void user_claim_wait(struct users *users)
{
	pthread_cond_wait(&users->claim_ended, &users->lock);
}

/* Leaves a chore to whoever ends the claim that is in its way.  With the lock held. */
void user_put_off(struct users *users, struct user_chore *chore)
{
	chore->next = users->put_off;
	users->put_off = chore;
}

/* Ends a claim and does what it kept from being done. */
void user_claim_end(struct users *users, struct user_claim *claim)
{
	struct user_claim **link = &users->claims;
	struct user_chore *chore, *next;

	pthread_mutex_lock(&users->lock);
	while (*link != claim)
		link = &(*link)->next;
	*link = claim->next;
	chore = users->put_off;
	users->put_off = NULL;
	pthread_cond_broadcast(&users->claim_ended);
	pthread_mutex_unlock(&users->lock);
	for (; chore; chore = next) {
		next = chore->next; /* it may end, or be put off again */
		chore->run(chore);
	}
}

/* Drops a reference; with the last one the users are gone. */
void users_put(struct users *users)
{
	if (atomic_fetch_sub(&users->references, 1) != 1)
		return;
	turn_destroy(&users->moving);
	pthread_rwlock_destroy(&users->readers);
	pthread_cond_destroy(&users->claim_ended);
	pthread_mutex_destroy(&users->lock);
	free(users);
}
