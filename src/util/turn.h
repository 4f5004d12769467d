// SPDX-License-Identifier: MIT
/*
 * One at a time, for something that talks to the host: unlike a lock's, a turn's waiters sleep on a condition and
 * nothing is held while the host is asked.
 */
#ifndef UTIL_TURN_H
#define UTIL_TURN_H

#include <pthread.h>
#include <stdbool.h>

struct turn {
	pthread_mutex_t lock;
	pthread_cond_t left;
	bool taken;
};

static inline void turn_init(struct turn *turn)
{
	pthread_mutex_init(&turn->lock, NULL);
	pthread_cond_init(&turn->left, NULL);
	turn->taken = false;
}

static inline void turn_destroy(struct turn *turn)
{
	pthread_cond_destroy(&turn->left);
	pthread_mutex_destroy(&turn->lock);
}

/* Waits until nobody has the turn and takes it; what the one before wrote is visible then.  Not recursive. */
static inline void turn_take(struct turn *turn)
{
	pthread_mutex_lock(&turn->lock);
	while (turn->taken)
		pthread_cond_wait(&turn->left, &turn->lock);
	turn->taken = true;
	pthread_mutex_unlock(&turn->lock);
}

static inline void turn_leave(struct turn *turn)
{
	pthread_mutex_lock(&turn->lock);
	turn->taken = false;
	pthread_cond_signal(&turn->left);
	pthread_mutex_unlock(&turn->lock);
}

#endif
