// SPDX-License-Identifier: MIT
/*
 * What the guest kernel knows about all processes of the VM: who has which adapter open, the host's names of the
 * processes, the counter of device state changes.  It lives in memory every process of the VM maps, under a robust
 * lock, so that a process killed at any point leaves nothing behind but an entry that is dropped when next seen.
 */
#include "dxgsim/driver/shared.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "dxgsim/driver/interface.h"

#define MAX_PROCESSES 512u
#define MAX_OPENS     2048u

enum { INIT_NEW, INIT_BUSY, INIT_DONE };

struct shared_process {
	uint32_t pid; /* 0: free */
	d3dkmt_handle host_handle;
};

struct shared_open {
	uint32_t pid; /* 0: free */
	struct winluid adapter;
	uint64_t order;
};

struct shared {
	atomic_uint init;
	atomic_ulong state_counter;
	pthread_mutex_t lock;
	uint64_t last_order;
	struct shared_process processes[MAX_PROCESSES];
	struct shared_open opens[MAX_OPENS];
	struct nt_table nt;
};

_Static_assert(sizeof(struct shared) <= DRIVER_SHARED_SIZE, "DRIVER_SHARED_SIZE is too small");

static struct shared *shared;
static bool own_memory;

static void shared_memory_init(void)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&shared->lock, &attr);
	pthread_mutexattr_destroy(&attr);
}

int shared_init(const struct host_config *config)
{
	unsigned int state = INIT_NEW;

	if (config->guest_shared && config->guest_shared_size < sizeof(*shared))
		return -EINVAL;
	own_memory = !config->guest_shared;
	shared = config->guest_shared;
	if (own_memory) {
		shared = mmap(NULL, DRIVER_SHARED_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			      -1, 0);
		if (shared == MAP_FAILED)
			return -ENOMEM;
	}
	if (atomic_compare_exchange_strong(&shared->init, &state, INIT_BUSY)) {
		shared_memory_init();
		atomic_store(&shared->init, INIT_DONE);
	}
	while (atomic_load(&shared->init) != INIT_DONE)
		sched_yield();
	return 0;
}

void shared_exit(void)
{
	if (own_memory)
		munmap(shared, DRIVER_SHARED_SIZE);
	shared = NULL;
}

static void process_forget(uint32_t pid)
{
	for (size_t i = 0; i < MAX_PROCESSES; i++)
		if (shared->processes[i].pid == pid)
			shared->processes[i].pid = 0;
	for (size_t i = 0; i < MAX_OPENS; i++)
		if (shared->opens[i].pid == pid)
			shared->opens[i].pid = 0;
}

static void drop_dead_processes(void)
{
	for (size_t i = 0; i < MAX_PROCESSES; i++) {
		uint32_t pid = shared->processes[i].pid;

		if (pid && kill((pid_t)pid, 0) && errno == ESRCH)
			process_forget(pid);
	}
}

static void shared_lock(void)
{
	/* every update is one store that makes an entry valid or free: nothing is half done */
	if (pthread_mutex_lock(&shared->lock) == EOWNERDEAD)
		pthread_mutex_consistent(&shared->lock);
}

static void shared_unlock(void)
{
	pthread_mutex_unlock(&shared->lock);
}

uint64_t shared_state_counter(void)
{
	return atomic_load(&shared->state_counter);
}

void shared_state_counter_bump(void)
{
	atomic_fetch_add(&shared->state_counter, 1);
}

int shared_process_add(pid_t pid, d3dkmt_handle host_handle)
{
	int ret = -ENOMEM;

	shared_lock();
	drop_dead_processes();
	process_forget((uint32_t)pid);
	for (size_t i = 0; i < MAX_PROCESSES; i++) {
		if (shared->processes[i].pid == 0) {
			shared->processes[i].host_handle = host_handle;
			shared->processes[i].pid = (uint32_t)pid;
			ret = 0;
			break;
		}
	}
	shared_unlock();
	return ret;
}

void shared_process_remove(pid_t pid)
{
	shared_lock();
	process_forget((uint32_t)pid);
	shared_unlock();
}

static bool same_adapter(struct winluid a, struct winluid b)
{
	return a.a == b.a && a.b == b.b;
}

int shared_adapter_opened(pid_t pid, struct winluid adapter)
{
	int ret = -ENOMEM;

	shared_lock();
	drop_dead_processes();
	for (size_t i = 0; i < MAX_OPENS; i++) {
		if (shared->opens[i].pid == 0) {
			shared->opens[i].adapter = adapter;
			shared->opens[i].order = ++shared->last_order;
			shared->opens[i].pid = (uint32_t)pid;
			ret = 0;
			break;
		}
	}
	shared_unlock();
	return ret;
}

void shared_adapter_closed(pid_t pid, struct winluid adapter)
{
	shared_lock();
	for (size_t i = 0; i < MAX_OPENS; i++)
		if (shared->opens[i].pid == (uint32_t)pid && same_adapter(shared->opens[i].adapter, adapter))
			shared->opens[i].pid = 0;
	shared_unlock();
}

uint32_t shared_adapter_users(struct winluid adapter, uint32_t *pids, uint32_t max)
{
	uint64_t after = 0;
	uint32_t count = 0;

	shared_lock();
	drop_dead_processes();
	for (;;) {
		const struct shared_open *next = NULL;

		for (size_t i = 0; i < MAX_OPENS; i++) {
			const struct shared_open *open = &shared->opens[i];

			if (open->pid && same_adapter(open->adapter, adapter) && open->order > after &&
			    (!next || open->order < next->order))
				next = open;
		}
		if (!next)
			break;
		if (count < max)
			pids[count] = next->pid;
		count++;
		after = next->order;
	}
	shared_unlock();
	return count;
}

int shared_process_handle(uint64_t pid, d3dkmt_handle *host_handle)
{
	int ret = -EINVAL;

	shared_lock();
	drop_dead_processes();
	for (size_t i = 0; i < MAX_PROCESSES; i++) {
		if (shared->processes[i].pid && shared->processes[i].pid == pid) {
			*host_handle = shared->processes[i].host_handle;
			ret = 0;
			break;
		}
	}
	shared_unlock();
	return ret;
}

struct nt_table *nt_table_lock(void)
{
	shared_lock();
	return &shared->nt;
}

void nt_table_unlock(void)
{
	shared_unlock();
}
