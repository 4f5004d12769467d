// SPDX-License-Identifier: MIT
/*
 * How one process' host takes part in what happens to the VM.  All of it is under model->lock but for what is said.
 *
 * Whoever holds the lock may find that something has happened (happenings_look); the guest is told of vGPUs that come and
 * go by a thread of their own, or by who made it happen, but never from inside a message: the driver waits for those.
 */
#ifndef DXGSIM_HOST_HAPPENINGS_H
#define DXGSIM_HOST_HAPPENINGS_H

#include <pthread.h>
#include <stdatomic.h>

#include "dxgsim/host/happened.h"

struct arena;
struct host_adapter;
struct host_model;
struct host_place;

struct happenings {
	bool known; /* else nothing has been looked at yet */
	uint32_t generation;
	struct happened now; /* as this host has acted on it */
	/* this process' own, as those of the arena */
	uint32_t order_count;
	struct happening orders[HAPPENED_ORDERS];
	pthread_cond_t awake; /* no longer asleep */
	/* for the scheduler: Windows resets the whole adapter.  With model->lock */
	void (*reset)(struct host_adapter *adapter);
	pthread_mutex_t tell; /* held while the guest is told of vGPUs, taken before model->lock */
	bool attached;
	/* the thread that learns of other processes' happenings */
	pthread_t watcher;
	bool watches;
	atomic_bool stop, stopped;
};

/* happenings.c */
/* 0 or -errno; also for a fork child, where the lists of orders are dropped and the thread is not. */
int happenings_init(struct host_model *model);
/* Acts on what has happened since the last time. */
void happenings_look(struct host_model *model);
/* To all processes, whatever it aims at; the guest is told of vGPUs later. */
int happenings_make(struct host_model *model, const struct happening *happening);
/* Waits while the host sleeps. */
void happenings_sleep(struct host_model *model);

/* happenings_vgpu.c */
/* LUIDs and handle of the vGPU as it is called since it was plugged in last. */
void vgpu_name(const struct host_adapter *adapter, struct host_vgpu *out);
/* Before a driver starts: the configuration says what is so now. */
void vgpu_configure(struct host_model *model);
/* Whether messages reach it: it is there, and the guest knows it as what it is now. */
bool vgpu_reachable(const struct host_adapter *adapter);
/* Tells the guest what it does not know yet; without the lock, and in no message. */
void vgpu_tell(struct host_model *model);
/* All its devices end, and nothing on them takes memory or addresses any more. */
void vgpu_retire(struct host_adapter *adapter);

/* happenings_watch.c */
/* Starts the thread if it does not run and somebody else can make something happen. */
void watch_start(struct host_model *model);
/* Without the lock. */
void watch_stop(struct host_model *model);

/* vidsch_trouble.c */
/* Something befalls the job there, if an order says so. */
void trouble_take(struct host_place *place);
/* The same for whatever runs on the adapter. */
void trouble_take_all(struct host_adapter *adapter);
/* Whether anything runs on the engine, or on any (HAPPENING_ANY_NODE). */
bool trouble_runs(struct host_adapter *adapter, uint32_t node);
/* What runs there is lost with its device. */
void trouble_reset_engine(struct host_adapter *adapter, uint32_t node);
/*
 * Whether the adapter's engines may work: the host is awake, and Windows does not have them. Else *@due_ns is when to ask
 * again.
 */
bool trouble_lets_work(struct host_adapter *adapter, uint64_t *due_ns);

#endif
