// SPDX-License-Identifier: MIT
#include "dxgsim/gpu/workers.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

struct gpu_workers {
	uint32_t count; /* the caller's thread included */
	void (*begins)(void);
	pthread_mutex_t lock;
	pthread_cond_t work_there, all_done;
	pthread_t threads[GPU_WORKERS - 1];
	uint32_t made;
	bool stop;
	/* what is to be done */
	void (*work)(void *arg, uint32_t number);
	void *arg;
	uint32_t next, end, unfinished;
};

struct gpu_workers *gpu_workers_create(uint32_t count, void (*begins)(void))
{
	struct gpu_workers *workers = calloc(1, sizeof(*workers));
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (!workers)
		return NULL;
	if (!count)
		count = cores > 0 ? (uint32_t)cores : 1;
	workers->count = count < GPU_WORKERS ? count : GPU_WORKERS;
	workers->begins = begins;
	pthread_mutex_init(&workers->lock, NULL);
	pthread_cond_init(&workers->work_there, NULL);
	pthread_cond_init(&workers->all_done, NULL);
	return workers;
}

void gpu_workers_stop(struct gpu_workers *workers)
{
	if (!workers)
		return;
	pthread_mutex_lock(&workers->lock);
	workers->stop = true;
	pthread_cond_broadcast(&workers->work_there);
	pthread_mutex_unlock(&workers->lock);
	while (workers->made)
		pthread_join(workers->threads[--workers->made], NULL);
	workers->stop = false;
}

void gpu_workers_destroy(struct gpu_workers *workers)
{
	if (!workers)
		return;
	gpu_workers_stop(workers);
	pthread_cond_destroy(&workers->all_done);
	pthread_cond_destroy(&workers->work_there);
	pthread_mutex_destroy(&workers->lock);
	free(workers);
}

uint32_t gpu_workers_count(const struct gpu_workers *workers)
{
	return workers ? workers->count : 1;
}

/* With the lock, which is free during the work. */
static void do_one(struct gpu_workers *workers)
{
	uint32_t number = workers->next++;

	pthread_mutex_unlock(&workers->lock);
	workers->work(workers->arg, number);
	pthread_mutex_lock(&workers->lock);
	if (!--workers->unfinished)
		pthread_cond_signal(&workers->all_done);
}

static void *worker_main(void *arg)
{
	struct gpu_workers *workers = arg;

	if (workers->begins)
		workers->begins();
	pthread_mutex_lock(&workers->lock);
	while (!workers->stop) {
		if (workers->next < workers->end)
			do_one(workers);
		else
			pthread_cond_wait(&workers->work_there, &workers->lock);
	}
	pthread_mutex_unlock(&workers->lock);
	return NULL;
}

/* Without a thread its work is the others'. */
static void make_threads(struct gpu_workers *workers, uint32_t count)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (workers->made < count &&
	       !pthread_create(&workers->threads[workers->made], NULL, worker_main, workers))
		workers->made++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void gpu_workers_run(struct gpu_workers *workers, uint32_t count, void (*work)(void *arg, uint32_t number),
		     void *arg)
{
	uint32_t helpers;

	if (!workers || workers->count == 1 || count <= 1) {
		for (uint32_t i = 0; i < count; i++)
			work(arg, i);
		return;
	}
	helpers = (count < workers->count ? count : workers->count) - 1;
	if (workers->made < helpers)
		make_threads(workers, helpers);
	pthread_mutex_lock(&workers->lock);
	workers->work = work;
	workers->arg = arg;
	workers->next = 1;
	workers->end = workers->unfinished = count;
	for (uint32_t i = 0; i < helpers; i++)
		pthread_cond_signal(&workers->work_there);
	pthread_mutex_unlock(&workers->lock);
	work(arg, 0);
	pthread_mutex_lock(&workers->lock);
	workers->unfinished--;
	while (workers->next < workers->end)
		do_one(workers);
	while (workers->unfinished)
		pthread_cond_wait(&workers->all_done, &workers->lock);
	pthread_mutex_unlock(&workers->lock);
}
