// SPDX-License-Identifier: MIT
/*
 * The scheduler: contexts, hardware queues, what is queued in them, and the engines they take turns on.
 * model->lock covers all of it; an engine's packets are executed by the scheduler's thread with the lock held, a
 * few at a time.
 */
#ifndef DXGSIM_HOST_VIDSCH_H
#define DXGSIM_HOST_VIDSCH_H

#include <sys/queue.h>

#include "dxgsim/gpu/gpu.h"
#include "dxgsim/gpu/sdma.h"
#include "dxgsim/host/fixture.h"
#include "dxgsim/host/happening.h"
#include "dxgsim/host/message.h"

struct host_adapter;
struct host_allocation;
struct host_call;
struct host_context;
struct host_device;
struct host_fence;
struct host_hwqueue;
struct host_model;
struct va_space;

/* What an engine has done since the host began. */
struct vidsch_counters {
	uint64_t jobs;	/* that are done */
	uint64_t bytes; /* of their command buffers */
	struct gpu_counters gpu;
};

enum work_kind {
	WORK_JOB,
	WORK_WAIT,
	WORK_SIGNAL,
	WORK_EVENT, /* a guest event when everything before is done */
};

/* Holds a reference of the fence. */
struct host_point {
	struct host_fence *fence;
	uint64_t value;
	d3dkmt_handle handle; /* by which the program knows it */
};

/* Shared by the work of several contexts: raised by the last that gets there. */
struct host_event {
	uint64_t guest_event;
	uint32_t refs;
};

struct host_work {
	TAILQ_ENTRY(host_work) link;
	enum work_kind kind;
	bool stuck;	   /* job: this host never runs it */
	bool rewind;	   /* signal: fences may go back */
	uint64_t commands; /* job */
	uint32_t bytes;
	uint64_t progress; /* job of a hardware queue: value of its fence afterwards */
	struct host_event *event;
	uint32_t count;
	struct host_point points[];
};

/* Where an engine executes one job at a time. */
struct host_place {
	struct host_engine *engine;
	struct gpu_engine *gpu;	   /* made for the first job */
	struct host_fifo *running; /* its first work is in this place */
	uint32_t serial;	   /* of that job, or the last; 0: none was ever */
	uint64_t started_ns;	   /* less what it was not there, or was held up by no fault of its own */
	uint64_t seen_ns;	   /* when it was served last */
	uint64_t groups;	   /* work-groups of it that had ended by then */
	uint64_t kernel_ns;	   /* likewise: a core's time for kernels */
	uint64_t slow_ns;	   /* what the engine has done without waiting since one ended */
	uint64_t paused_ns;	   /* since when its memory is not in place, 0: it is */
	bool begins;		   /* nothing of its turn was executed yet */
	bool in_trouble;	   /* this befalls the job */
	struct happening trouble;
	uint64_t wanted_ns; /* since when another context has a job for it, 0: none has */
};

/* Work of one context or hardware queue, done strictly in order. */
struct host_fifo {
	struct host_context *context;
	struct host_hwqueue *hwqueue; /* NULL: the context's own */
	struct host_engine *engine;
	bool exempt; /* from the GPU timeout, as long as nobody else wants the engine */
	uint64_t submitted, finished;
	uint64_t bytes; /* of command buffers that are done */
	TAILQ_HEAD(, host_work) work;
	TAILQ_ENTRY(host_fifo) link;
	struct host_place place;	 /* a hardware queue's own */
	struct gpu_suspended *suspended; /* the first work, if it was preempted */
	uint64_t held_ns;		 /* how long that had held the engine by then */
	uint32_t round;			 /* when it was served last */
};

/*
 * An engine has one place that contexts take turns on, job after job; who runs there yields to another process or to a
 * more urgent context, as soon as it can.  Every hardware queue has a place of its own, for the scheduling firmware lets
 * them run beside each other.
 */
struct host_engine {
	struct host_adapter *adapter;
	uint32_t node;
	struct host_place place;
	TAILQ_HEAD(, host_fifo) fifos; /* who was served last is at the end */
	uint32_t serial;	       /* of the last job in any place */
	uint32_t round;
	uint64_t busy_ns;	     /* by jobs that have ended */
	struct vidsch_counters gone; /* of hardware queues and contexts that are no more */
};

/* vidsch_work.c */
/* NULL: no memory. */
struct host_work *vidsch_work(enum work_kind kind, uint32_t points);
void vidsch_work_free(struct host_model *model, struct host_work *work);
void vidsch_fifo_init(struct host_fifo *fifo, struct host_context *context, struct host_hwqueue *hwqueue,
		      bool exempt);
/* Drops what is queued or running; events are raised first when @raise says so. */
void vidsch_fifo_drop(struct host_fifo *fifo, bool raise);
void vidsch_fifo_release(struct host_fifo *fifo);
void vidsch_enqueue(struct host_fifo *fifo, struct host_work *work);
/* Does what can be done, up to the next job or unfulfilled wait. */
void vidsch_fifo_advance(struct host_fifo *fifo);
/* The first work is done, or will not be. */
void vidsch_fifo_pop(struct host_fifo *fifo);

/* vidsch_engine.c */
void vidsch_adapter_init(struct host_adapter *adapter);
void vidsch_adapter_release(struct host_adapter *adapter);
/* These addresses mean other memory from now on. */
void vidsch_forget(const struct va_space *va, uint64_t start, uint64_t length);
enum gpu_engine_kind vidsch_engine_kind(const struct host_engine *engine);
/* What the adapter's file says becomes of jobs on this engine. */
enum fixture_submit vidsch_variant(const struct host_engine *engine);
/* ... which is that nothing ever ends. */
bool vidsch_hangs(const struct host_engine *engine);
/* It has a job that can run. */
bool vidsch_has_job(const struct host_fifo *fifo);
/* The most urgent context with a job for the engine's place; NULL: there is none. */
struct host_fifo *vidsch_next_fifo(const struct host_engine *engine);
/* Another context than that of the job there has a job ready for the place. */
bool vidsch_wanted(const struct host_place *place);
/* ... and one that does not wait for the end of that job: of another process, or more urgent. */
bool vidsch_wanted_now(const struct host_place *place);
/* Where the jobs of @fifo run. */
struct host_place *vidsch_place(struct host_fifo *fifo);
void vidsch_place_init(struct host_place *place, struct host_engine *engine);
/* Counts what it did for the engine. */
void vidsch_place_release(struct host_place *place);
void vidsch_count(const struct host_engine *engine, struct vidsch_counters *out);
/* Calls @visit for every place that has been used. */
void vidsch_visit_places(struct host_engine *engine, void (*visit)(struct host_place *place, void *arg),
			 void *arg);
/* "job 3 of hardware queue 0x2001 on node 1 (Compute 0), device 0x2000"; a job must be there. */
void vidsch_describe(const struct host_place *place, char *text, size_t size);
/* Reports the job that is still at work with memory said not to be in use. */
void vidsch_check_unused(const struct host_call *call, const struct host_allocation *allocation);

/* vidsch_loss.c */
/* Everything of the device ends: queued work is dropped, its fences read all ones. */
void vidsch_device_lost(struct host_model *model, struct host_device *device, uint32_t state);
void vidsch_stopped(struct host_place *place, const struct gpu_error *error, bool host_fault);
/* Whether the job there has held the engine too long; then its device is lost. Else when to look again. */
bool vidsch_timed_out(struct host_place *place, uint64_t *due_ns);

/* vidsch_run.c */
/* Does what has become possible since a fence moved or work came, short of running jobs. */
void vidsch_advance(struct host_model *model);
/* Stops the scheduler's thread; without the lock. */
void vidsch_stop(struct host_model *model);

/* vidsch_context.c */
void vidsch_context_destroy(struct host_model *model, struct host_context *context);
void host_create_context(struct host_call *call);
void host_destroy_context(struct host_call *call);
void host_get_context_priority(struct host_call *call);
void host_set_context_priority(struct host_call *call);
void host_create_hwqueue(struct host_call *call);
void host_destroy_hwqueue(struct host_call *call);

/* vidsch_submit.c */
void host_submit_command(struct host_call *call);
void host_submit_to_hwqueue(struct host_call *call);
void host_wait_from_gpu(struct host_call *call);
void host_signal_sync_object(struct host_call *call);
void host_flush_device(struct host_call *call);

/* vidmm_gpu.c: gpu_machine_ops of every engine; the space is a struct va_space */
extern const struct gpu_machine_ops vidmm_gpu_ops;

#endif
