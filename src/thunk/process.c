// SPDX-License-Identifier: MIT
/* Opening and closing the library, and what fork and exit do to it. */
#include "thunk/process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <hsakmt/hsakmt_dxg.h>

#include "dxg/dxg.h"
#include "event/event.h"
#include "gsp/renewals.h"
#include "memory/memory.h"
#include "queue/queue.h"
#include "thunk/bar.h"
#include "thunk/gate.h"
#include "thunk/gpus.h"
#include "thunk/status.h"
#include "topology/topology.h"
#include "util/clock.h"
#include "util/compiler.h"
#include "util/ending.h"
#include "util/log.h"

#define EXIT_NS 1000000000ULL /* how long exit() waits for the calls inside */

static struct process *current; /* valid while the gate is open */
static unsigned open_count;	/* guarded by lifecycle */
/* fork parents': unusable, kept so that they stay reachable; volatile, for nobody reads it */
static struct process *volatile abandoned;
static pid_t opener; /* the process that `current` belongs to */

/* Serialises open and close, which create and destroy everything. */
static pthread_mutex_t lifecycle = PTHREAD_MUTEX_INITIALIZER;

/* True while the library is open in this process. */
bool process_is_open(void)
{
	return gate_is_open();
}

/*
 * Starts a call: the process object stays valid until process_leave().
 * HSAKMT_STATUS_KERNEL_IO_CHANNEL_NOT_OPENED when closed, closing, or in a fork child that has not opened.
 */
HSAKMT_STATUS process_enter(struct process **process)
{
	if (!gate_enter())
		return HSAKMT_STATUS_KERNEL_IO_CHANNEL_NOT_OPENED;
	*process = current;
	return HSAKMT_STATUS_SUCCESS;
}

/* Ends a call that process_enter() let in. */
void process_leave(void)
{
	gate_leave();
}

/* In a fork child: the parent's object is of no use, but the child must let go of the file. */
static void abandon_parent(void)
{
	if (!current)
		return;
	gsp_renewals_after_fork();
	dxg_close(current->dxg);
	current->dxg = NULL;
	current->before = abandoned;
	abandoned = current;
	current = NULL;
	open_count = 0;
}

static void before_fork(void)
{
	pthread_mutex_lock(&lifecycle);
}

static void after_fork_in_parent(void)
{
	pthread_mutex_unlock(&lifecycle);
}

static void after_fork_in_child(void)
{
	pthread_mutex_init(&lifecycle, NULL);
	gate_forget();
	abandon_parent();
}

static void register_fork_handlers(void)
{
	pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

/* What there is on the host, in its order: queues, memory (evicted, unmapped, destroyed), devices, adapters, the file. */
static void give_back(struct process *process)
{
	queues_destroy(process->queues);
	process->queues = NULL;
	if (process->memory)
		memory_destroy(process->memory);
	process->memory = NULL;
	gpus_let_go(process);
	if (process->snapshot)
		topology_snapshot_put(process->snapshot);
	process->snapshot = NULL;
	topology_destroy(process->topology);
	process->topology = NULL;
	dxg_close(process->dxg);
	process->dxg = NULL;
}

/*
 * Events that their user left are not freed: runtimes keep some over a close and use them after the next open (ROCr: AqlQueue::queue_event_), where
 * libhsakmt's are memory still.  So they are, and no later event is at their address.  The first entry names those that were kept before.
 */
static void keep_events(HsaEvent **handles)
{
	static HsaEvent **kept; /* under lifecycle */
	size_t count = 1;
	HsaEvent **fitting;

	for (uint32_t id = 1; id <= EVENT_MAX; id++)
		if (handles[id])
			handles[count++] = handles[id];
	if (count == 1) {
		free(handles);
		return;
	}
	handles[0] = (HsaEvent *)(void *)kept;
	fitting = realloc(handles, count * sizeof(handles[0]));
	kept = fitting ? fitting : handles;
}

static void process_destroy(struct process *process)
{
	give_back(process);
	if (process->events)
		event_table_destroy(process->events);
	if (process->event_handles)
		keep_events(process->event_handles);
	turn_destroy(&process->first_acquire);
	turn_destroy(&process->first_event);
	pthread_mutex_destroy(&process->lock);
	free(process);
}

/* Whether a machine on which /dev/dxg cannot be opened so is one without a GPU, not one in trouble. */
static bool means_no_gpu(int error)
{
	return error == -ENOENT || error == -ENXIO || error == -ENODEV || error == -ENOTTY ||
	       error == -EBADF || error == -EACCES;
}

static enum process_bar read_bar(void)
{
	const char *text = getenv(HSAKMT_DXG_ENV_BAR);

	if (!text || !*text || !strcmp(text, "0"))
		return PROCESS_BAR_OFF;
	if (!strcmp(text, "1"))
		return PROCESS_BAR_HOST_ACCESS;
	if (!strcmp(text, "all"))
		return PROCESS_BAR_ALL;
	log_warn("%s=%s is none of 0, 1 and all: ignored", HSAKMT_DXG_ENV_BAR, text);
	return PROCESS_BAR_OFF;
}

static int process_create(struct process **out)
{
	struct process *process = calloc(1, sizeof(*process));
	struct topology_options options;
	int open_error, ret;

	if (!process)
		return -ENOMEM;
	pthread_mutex_init(&process->lock, NULL);
	turn_init(&process->first_acquire);
	turn_init(&process->first_event);
	process->bar = read_bar();
	process->event_handles = calloc(EVENT_MAX + 1, sizeof(HsaEvent *));
	if (!process->event_handles) {
		ret = -ENOMEM;
		goto fail;
	}
	open_error = dxg_open(&process->dxg);
	if (open_error && !means_no_gpu(open_error)) {
		log_err("cannot open /dev/dxg: %s", strerror(-open_error));
		ret = open_error;
		goto fail;
	}
	options = (struct topology_options){.aql_emulation = abi_reports_aql_emulation()};
	ret = topology_create(process->dxg, open_error, &options, &process->topology);
	if (!ret)
		ret = event_table_create(NULL, 0, &process->events);
	if (ret)
		goto fail;
	*out = process;
	return 0;
fail:
	process_destroy(process);
	return ret;
}

/*
 * Opens the library, or counts one more user of it.  As libhsakmt does, the second open answers
 * HSAKMT_STATUS_KERNEL_ALREADY_OPENED and counts.  HSAKMT_STATUS_ERROR from a signal handler that interrupted one of our calls.
 */
HSAKMT_STATUS process_open(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	HSAKMT_STATUS status = HSAKMT_STATUS_SUCCESS;
	int ret;

	if (calling_now())
		return HSAKMT_STATUS_ERROR;
	calling_begin();
	pthread_once(&once, register_fork_handlers);
	pthread_mutex_lock(&lifecycle);
	if (current && opener != getpid()) {
		/* a child of bare clone(): no fork handler ran */
		abandon_parent();
	}
	if (open_count) {
		open_count++;
		status = HSAKMT_STATUS_KERNEL_ALREADY_OPENED;
		goto out;
	}
	ret = gate_create();
	if (!ret)
		ret = process_create(&current);
	if (ret) {
		status =
			ret == -ENOMEM ? HSAKMT_STATUS_NO_MEMORY : HSAKMT_STATUS_KERNEL_IO_CHANNEL_NOT_OPENED;
		goto out;
	}
	opener = getpid();
	open_count = 1;
	gate_open();
out:
	pthread_mutex_unlock(&lifecycle);
	calling_end();
	return status;
}

/*
 * Counts one user less; the last close releases every waiter, waits for the calls still inside,
 * and frees all there is.  HSAKMT_STATUS_KERNEL_IO_CHANNEL_NOT_OPENED when not open; HSAKMT_STATUS_ERROR from a signal
 * handler that interrupted one of our calls, which would have to be over first.
 */
HSAKMT_STATUS process_close(void)
{
	HSAKMT_STATUS status = HSAKMT_STATUS_SUCCESS;

	if (calling_now())
		return HSAKMT_STATUS_ERROR;
	calling_begin();
	pthread_mutex_lock(&lifecycle);
	if (!open_count || opener != getpid()) {
		status = HSAKMT_STATUS_KERNEL_IO_CHANNEL_NOT_OPENED;
	} else if (--open_count == 0) {
		event_table_shutdown(current->events);
		gate_close();
		gate_wait();
		process_destroy(current);
		current = NULL;
	}
	pthread_mutex_unlock(&lifecycle);
	calling_end();
	return status;
}

/*
 * What other threads were given stays; who is asleep stays so, and has `process` and its events until the end.  False: VRAM that the
 * CPU sees goes with its device, and somebody may be writing to it.
 */
static bool give_back_at_exit(struct process *process)
{
	if (process->memory && memory_is_locked(process->memory))
		return false;
	ending_begin();
	give_back(process);
	open_count = 0;
	return true;
}

/*
 * exit() without a close, after the handlers of atexit(): what is left on the host is given back in order.  Nothing is done for the
 * exit of a thread that is amid one of our calls (a signal handler called exit()), nor where other threads stay inside of theirs, or
 * may use VRAM: the kernel's own end of the process serves then, as it does for those that are killed.
 */
__attribute__((destructor)) static void exit_without_close(void)
{
	uint64_t deadline_ns = clock_ns() + EXIT_NS;
	struct timespec deadline = {(time_t)(deadline_ns / 1000000000ULL),
				    (long)(deadline_ns % 1000000000ULL)};

	if (calling_now() || !gate_is_open())
		return;
	calling_begin();
	if (!pthread_mutex_trylock(&lifecycle) ||
	    !pthread_mutex_clocklock(&lifecycle, CLOCK_MONOTONIC, &deadline)) {
		if (open_count && opener == getpid()) {
			gate_close();
			if (!gate_wait_for_the_awake(deadline_ns) || !give_back_at_exit(current)) {
				log_debug("exit() without a close: what there is is left to the kernel");
				gate_open();
			}
		}
		pthread_mutex_unlock(&lifecycle);
	}
	calling_end();
}

static bool take_reference(struct process *process, struct topology_snapshot **snapshot)
{
	bool there;

	pthread_mutex_lock(&process->lock);
	there = process->snapshot != NULL;
	if (there) {
		process->snapshot_references++;
		*snapshot = process->snapshot;
	}
	pthread_mutex_unlock(&process->lock);
	return there;
}

/* With the turn of the first acquire: nobody else makes or changes the snapshot and the GPUs. */
static int make_snapshot(struct process *process)
{
	struct topology_snapshot *fresh;
	int ret = topology_acquire(process->topology, &fresh);

	if (ret)
		return ret;
	if (!process->memory) {
		pthread_mutex_lock(&process->lock);
		ret = gpus_make(process, fresh);
		pthread_mutex_unlock(&process->lock);
		if (!ret && process->bar == PROCESS_BAR_ALL)
			bar_make_public(process, fresh);
	}
	if (ret) {
		topology_snapshot_put(fresh);
		return ret;
	}
	pthread_mutex_lock(&process->lock);
	process->snapshot = fresh;
	pthread_mutex_unlock(&process->lock);
	return 0;
}

/*
 * Takes a reference on the one snapshot of the process, building it when there is none; the caller's
 * pointer is good until the matching process_release_snapshot().
 */
HSAKMT_STATUS process_acquire_snapshot(struct process *process, struct topology_snapshot **snapshot)
{
	int ret = 0;

	if (take_reference(process, snapshot))
		return HSAKMT_STATUS_SUCCESS;
	turn_take(&process->first_acquire);
	/* again: it may have come while the turn was another thread's, and be gone once more after it was made */
	while (!ret && !take_reference(process, snapshot))
		ret = make_snapshot(process);
	turn_leave(&process->first_acquire);
	return status_from_error(ret);
}

/* Gives one reference back.  Without one it does nothing: ROCr releases before its first acquire. */
void process_release_snapshot(struct process *process)
{
	struct topology_snapshot *last = NULL;

	pthread_mutex_lock(&process->lock);
	if (process->snapshot_references && --process->snapshot_references == 0) {
		last = process->snapshot;
		process->snapshot = NULL;
	}
	pthread_mutex_unlock(&process->lock);
	if (last)
		topology_snapshot_put(last);
}

/* A reference of the caller's own on the snapshot (topology_snapshot_put()), or NULL before the first acquire. */
struct topology_snapshot *process_snapshot(struct process *process)
{
	struct topology_snapshot *snapshot;

	pthread_mutex_lock(&process->lock);
	snapshot = process->snapshot;
	if (snapshot)
		topology_snapshot_get(snapshot);
	pthread_mutex_unlock(&process->lock);
	return snapshot;
}

/* The id of an event that the caller was given.  ERROR: it is none (any more). */
HSAKMT_STATUS process_event_id(struct process *process, const HsaEvent *event, uint32_t *id)
{
	HSAKMT_STATUS status = HSAKMT_STATUS_ERROR;

	*id = 0;
	pthread_mutex_lock(&process->lock);
	for (uint32_t i = 1; i <= EVENT_MAX && status != HSAKMT_STATUS_SUCCESS; i++)
		if (process->event_handles[i] == event) {
			*id = i;
			status = HSAKMT_STATUS_SUCCESS;
		}
	pthread_mutex_unlock(&process->lock);
	return status;
}

/*
 * SUCCESS for a node id of the current snapshot, with the node's index among the GPUs, or -1 for a CPU
 * node, in *gpu; HSAKMT_STATUS_INVALID_NODE_UNIT for any other id, and for all before the first acquire.
 */
HSAKMT_STATUS process_check_node(struct process *process, uint32_t node, int *gpu)
{
	HSAKMT_STATUS status = HSAKMT_STATUS_INVALID_NODE_UNIT;

	*gpu = -1;
	pthread_mutex_lock(&process->lock);
	if (process->snapshot && node < topology_node_count(process->snapshot))
		status = HSAKMT_STATUS_SUCCESS;
	for (uint32_t i = 0; status == HSAKMT_STATUS_SUCCESS && i < process->gpu_count; i++)
		if (process->gpu_nodes[i] == node)
			*gpu = (int)i;
	pthread_mutex_unlock(&process->lock);
	return status;
}
