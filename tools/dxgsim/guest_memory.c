// SPDX-License-Identifier: MIT
#include "dxgsim/guest_memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

/*
 * Who comes first goes first: the GPU, which lets go only to come again, would else keep the program's calls waiting for
 * ever.
 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t next_turn = PTHREAD_COND_INITIALIZER;
static uint64_t tickets, turn;

static atomic_bool used; /* programs unmap long before they have a GPU, also before this library is set up */
static _Thread_local bool holding;

/* munmap() and the like are no cancellation points, and a turn that is nobody's any more would never end. */
static void take(void)
{
	uint64_t ticket;
	int cancellation;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancellation);
	pthread_mutex_lock(&lock);
	ticket = tickets++;
	while (ticket != turn)
		pthread_cond_wait(&next_turn, &lock);
	pthread_mutex_unlock(&lock);
	pthread_setcancelstate(cancellation, NULL);
}

static void give(void)
{
	pthread_mutex_lock(&lock);
	turn++;
	if (turn != tickets)
		pthread_cond_broadcast(&next_turn);
	pthread_mutex_unlock(&lock);
}

void guest_memory_hold(void)
{
	atomic_store(&used, true);
	take();
	holding = true;
}

void guest_memory_let_go(void)
{
	holding = false;
	give();
}

void guest_memory_helper(void)
{
	holding = true;
}

bool guest_memory_begin_change(void)
{
	if (!atomic_load(&used) || holding)
		return false;
	take();
	return true;
}

void guest_memory_end_change(void)
{
	give();
}

void guest_memory_after_fork_in_child(void)
{
	pthread_mutex_init(&lock, NULL);
	pthread_cond_init(&next_turn, NULL);
	tickets = turn = 0;
	holding = false;
}
