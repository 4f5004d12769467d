// SPDX-License-Identifier: MIT
/* Threads of the host inside the program's process. */
#include <pthread.h>
#include <signal.h>

#include "dxgsim/host/types.h"

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
