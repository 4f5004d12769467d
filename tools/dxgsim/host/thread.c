// SPDX-License-Identifier: MIT
/* Threads of the host inside the program's process. */
#include <pthread.h>
#include <signal.h>

#include "dxgsim/host/types.h"

void model_lock(struct host_model *model)
{
	atomic_fetch_add_explicit(&model->lock_wanted, 1, memory_order_relaxed);
	pthread_mutex_lock(&model->lock);
	atomic_fetch_add_explicit(&model->lock_given, 1, memory_order_relaxed);
	atomic_fetch_sub_explicit(&model->lock_wanted, 1, memory_order_relaxed);
}

int host_thread(struct host_model *model, pthread_t *thread, void *(*main)(void *model))
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = -pthread_create(thread, NULL, main, model);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}
