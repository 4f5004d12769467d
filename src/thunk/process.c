// SPDX-License-Identifier: MIT
/*
 * Opening and closing the library, and what fork does to it.
 *
 * The gate is one word: bit 31 says that the library is open, the rest counts the callers inside.
 * A caller counts itself in first and looks at the bit then, so close can turn the bit off and wait
 * for the count to reach zero.  The word lives on a page that the kernel wipes in a fork child: also
 * after a bare clone() the child finds the library closed, and its calls are refused until it opens.
 */
#include "thunk/process.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <hsakmt/hsakmt_dxg.h>

#include "dxg/dxg.h"
#include "event/event.h"
#include "gsp/gpu.h"
#include "memory/memory.h"
#include "queue/queue.h"
#include "thunk/bar.h"
#include "thunk/status.h"
#include "topology/topology.h"
#include "util/compiler.h"
#include "util/log.h"

#define GATE_OPEN 0x80000000U

#define SCRATCH_SLOTS_PER_CU 32U /* where the topology does not say (librocdxg assumes as many) */

struct gate {
	_Atomic uint32_t word;
};

static struct gate *gate;	  /* set once, before the first open succeeds */
static struct process *current;	  /* valid while the gate is open */
static unsigned open_count;	  /* guarded by lifecycle */
static struct process *abandoned; /* a fork parent's: unusable, kept so that it stays reachable */
static pid_t opener;		  /* the process that `current` belongs to */

/* Serialises open and close, which create and destroy everything. */
static pthread_mutex_t lifecycle = PTHREAD_MUTEX_INITIALIZER;

static void futex_wait(_Atomic uint32_t *word, uint32_t value)
{
	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

static struct gate *gate_load(void)
{
	return __atomic_load_n(&gate, __ATOMIC_ACQUIRE);
}

static void gate_leave(struct gate *g)
{
	if (atomic_fetch_sub(&g->word, 1) == 1)
		futex_wake(&g->word);
}

static void gate_close_and_drain(struct gate *g)
{
	uint32_t word = atomic_fetch_and(&g->word, ~GATE_OPEN) & ~GATE_OPEN;

	while (word) {
		futex_wait(&g->word, word);
		word = atomic_load(&g->word);
	}
}

static int gate_create(void)
{
	struct gate *page;

	if (gate_load())
		return 0;
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return -errno;
	/* Without MADV_WIPEONFORK (Linux < 4.14) only pthread_atfork tells of a fork. */
	if (madvise(page, DXG_PAGE_SIZE, MADV_WIPEONFORK))
		log_debug("MADV_WIPEONFORK is not available: a child of bare clone() is not detected");
	__atomic_store_n(&gate, page, __ATOMIC_RELEASE);
	return 0;
}

/*
 * A thread that is cancelled goes on until its call is over: where it would end amid one it may hold locks, and stand in lists by its stack.
 * libhsakmt's calls are ioctls, no cancellation points either.
 */
static _Thread_local struct {
	unsigned depth;
	int state;
} calling;

static void hold_off_cancellation(void)
{
	if (!calling.depth++)
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &calling.state);
}

static void let_cancellation(void)
{
	if (!--calling.depth)
		pthread_setcancelstate(calling.state, NULL);
}

/* True while the library is open in this process. */
bool process_is_open(void)
{
	struct gate *g = gate_load();

	return g && (atomic_load(&g->word) & GATE_OPEN);
}

/*
 * Starts a call: the process object stays valid until process_leave().
 * HSAKMT_STATUS_KERNEL_IO_CHANNEL_NOT_OPENED when closed, closing, or in a fork child that has not opened.
 */
HSAKMT_STATUS process_enter(struct process **process)
{
	struct gate *g = gate_load();

	if (!g)
		return HSAKMT_STATUS_KERNEL_IO_CHANNEL_NOT_OPENED;
	if (!(atomic_fetch_add(&g->word, 1) & GATE_OPEN)) {
		gate_leave(g);
		return HSAKMT_STATUS_KERNEL_IO_CHANNEL_NOT_OPENED;
	}
	hold_off_cancellation();
	*process = current;
	return HSAKMT_STATUS_SUCCESS;
}

/* Ends a call that process_enter() let in. */
void process_leave(void)
{
	gate_leave(gate_load());
	let_cancellation();
}

/* In a fork child: the parent's object is of no use, but the child must let go of the file. */
static void abandon_parent(void)
{
	if (!current)
		return;
	dxg_close(current->dxg);
	current->dxg = NULL;
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
	if (gate)
		atomic_store(&gate->word, 0);
	abandon_parent();
}

static void register_fork_handlers(void)
{
	pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

static void process_destroy(struct process *process)
{
	queues_destroy(process->queues);
	if (process->memory)
		memory_destroy(process->memory);
	for (uint32_t i = 0; i < process->gpu_count; i++)
		gsp_gpu_destroy(process->gpus[i]);
	if (process->snapshot)
		topology_snapshot_put(process->snapshot);
	if (process->topology)
		topology_destroy(process->topology);
	if (process->events)
		event_table_destroy(process->events);
	for (uint32_t id = 0; process->event_handles && id <= EVENT_MAX; id++)
		free(process->event_handles[id]);
	free(process->event_handles);
	dxg_close(process->dxg);
	free(process->gpus);
	free(process->gpu_nodes);
	free(process->traps);
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
 * HSAKMT_STATUS_KERNEL_ALREADY_OPENED and counts.
 */
HSAKMT_STATUS process_open(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	HSAKMT_STATUS status = HSAKMT_STATUS_SUCCESS;
	int ret;

	hold_off_cancellation();
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
	atomic_fetch_or(&gate->word, GATE_OPEN);
out:
	pthread_mutex_unlock(&lifecycle);
	let_cancellation();
	return status;
}

/*
 * Counts one user less; the last close releases every waiter, waits for the calls still inside,
 * and frees all there is.  HSAKMT_STATUS_KERNEL_IO_CHANNEL_NOT_OPENED when not open.
 */
HSAKMT_STATUS process_close(void)
{
	HSAKMT_STATUS status = HSAKMT_STATUS_SUCCESS;

	hold_off_cancellation();
	pthread_mutex_lock(&lifecycle);
	if (!open_count || opener != getpid()) {
		status = HSAKMT_STATUS_KERNEL_IO_CHANNEL_NOT_OPENED;
	} else if (--open_count == 0) {
		event_table_shutdown(current->events);
		gate_close_and_drain(gate);
		process_destroy(current);
		current = NULL;
	}
	pthread_mutex_unlock(&lifecycle);
	let_cancellation();
	return status;
}

static struct queue_gpu describe_gpu(struct gsp_gpu *gsp, const struct topology_node *node)
{
	const HsaNodeProperties *props = &node->props;
	uint32_t compute_units = props->NumSIMDPerCU ? props->NumFComputeCores / props->NumSIMDPerCU : 0;
	uint32_t slots = props->MaxSlotsScratchCU ? props->MaxSlotsScratchCU : SCRATCH_SLOTS_PER_CU;
	const struct kmd_adapter *kmd = &node->gpu->kmd;

	return (struct queue_gpu){
		.gsp = gsp,
		.info = kmd,
		.gfx_major = node->gpu->gfx.major,
		.shader_engines = MAX(props->NumShaderBanks, 1U),
		.arrays_per_engine = MAX(props->NumArrays, 1U),
		.compute_units = compute_units,
		.scratch_waves = MAX(compute_units, 1U) * slots,
		.lds_bytes = props->LDSSizeInKB * 1024U,
		.local_bytes = kmd->vram_visible + kmd->vram_invisible,
		.platform_atomics = kmd->pcie_atomics,
	};
}

/* In the order of the memory's GPUs. */
static int make_queues(struct process *process, const struct topology_snapshot *snapshot,
		       struct memory *memory)
{
	struct queue_gpu gpus[MEMORY_MAX_GPUS];
	const char *doorbell = getenv(HSAKMT_DXG_ENV_DOORBELL);
	const struct queues_options options = {
		.memory = memory,
		.events = process->events,
		.gpus = gpus,
		.gpu_count = process->gpu_count,
		.rung_by_call = abi_reports_aql_emulation(),
		.look_at_doorbells = doorbell && !strcmp(doorbell, "look"),
	};

	if (process->gpu_count > MEMORY_MAX_GPUS)
		return -EINVAL;
	for (uint32_t i = 0; i < process->gpu_count; i++)
		gpus[i] = describe_gpu(process->gpus[i], topology_node(snapshot, process->gpu_nodes[i]));
	return queues_create(&options, &process->queues);
}

static int collect_gpus(struct process *process, const struct topology_snapshot *snapshot)
{
	uint32_t nodes = topology_node_count(snapshot), count = 0;
	struct memory_gpu_config *configs = calloc(nodes, sizeof(*configs));
	struct memory *memory = NULL;
	int ret = -ENOMEM;

	process->gpus = calloc(nodes, sizeof(struct gsp_gpu *));
	process->gpu_nodes = calloc(nodes, sizeof(*process->gpu_nodes));
	process->traps = calloc(nodes, sizeof(*process->traps));
	if (!configs || !process->gpus || !process->gpu_nodes || !process->traps)
		goto out;
	for (uint32_t id = 0; id < nodes; id++) {
		const struct topology_gpu *gpu = topology_node(snapshot, id)->gpu;

		if (!gpu)
			continue;
		ret = gsp_gpu_create(process->dxg, gpu->adapter, &gpu->kmd, &process->gpus[count]);
		if (ret)
			goto out;
		gsp_gpu_count_renewals(process->gpus[count], gsp_renewals_of(&gpu->kmd.pci));
		configs[count] = (struct memory_gpu_config){
			.gsp = process->gpus[count],
			.info = &gpu->kmd,
			.gfx_major = gpu->gfx.major,
			.node = id,
		};
		process->gpu_nodes[count++] = id;
		process->gpu_count = count;
	}
	ret = memory_create(configs, count, &memory);
	if (!ret)
		ret = make_queues(process, snapshot, memory);
	if (ret && memory)
		memory_destroy(memory);
	else
		process->memory = memory;
out:
	free(configs);
	if (ret) {
		for (uint32_t i = 0; i < process->gpu_count; i++)
			gsp_gpu_destroy(process->gpus[i]);
		free(process->gpus);
		free(process->gpu_nodes);
		free(process->traps);
		process->gpus = NULL;
		process->gpu_nodes = NULL;
		process->traps = NULL;
		process->gpu_count = 0;
	}
	return ret;
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
		ret = collect_gpus(process, fresh);
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
