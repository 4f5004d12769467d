// SPDX-License-Identifier: MIT
#include "dxgsim/guest_memory.h"

#include <pthread.h>
#include <stdatomic.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool used; /* programs unmap long before they have a GPU, also before this library is set up */
static _Thread_local bool holding;

void guest_memory_hold(void)
{
	atomic_store(&used, true);
	pthread_mutex_lock(&lock);
	holding = true;
}

void guest_memory_let_go(void)
{
	holding = false;
	pthread_mutex_unlock(&lock);
}

bool guest_memory_begin_change(void)
{
	if (!atomic_load(&used) || holding)
		return false;
	pthread_mutex_lock(&lock);
	return true;
}

void guest_memory_end_change(void)
{
	pthread_mutex_unlock(&lock);
}

void guest_memory_after_fork_in_child(void)
{
	pthread_mutex_init(&lock, NULL);
	holding = false;
}
