// SPDX-License-Identifier: MIT
/*
 * The life of queues, with each ioctl of it failing: AQL queues that dispatch, use scratch, wait for each other on the GPU and for
 * the CPU; rings of PM4 and SDMA packets; updates, masks, queues that end amid work.
 *
 * What was sent either comes, or its queue tells an error, within a bounded time.  After a fault that passes new queues work in the same
 * process, whose library stays open.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../unit/ring_packets.h"
#include "aql_user.h"
#include "dxgsim/dxgsim.h"
#include "sweep.h"

#define PATIENCE_MS 6000u
#define ARENA_BYTES 0x18000u
#define LIVES	    2u
#define SLOTS	    64u
#define RING_BYTES  0x4000u

/* where in the arena */
enum place {
	AT_KERNELS = 0,
	AT_AMD_QUEUES = 0x1000, /* a page each */
	AT_AQL_RINGS = 0x4000,
	AT_PM4_RING = 0x8000,
	AT_SDMA_RING = 0xc000,
	AT_SIGNALS = 0x10000,
	AT_WORDS = 0x11000, /* a line each */
	AT_ERRORS = 0x11800,
	AT_COMMANDS = 0x12000,
	AT_SOURCE = 0x13000,
	AT_TARGET = 0x14000,
};

enum { FIRST, SECOND, SHORT_LIVED, AQL_QUEUES };
enum { PM4 = AQL_QUEUES, SDMA, ALL_QUEUES };

struct life {
	struct scenario_result *result;
	HSAuint32 node;
	unsigned gfx_major;
	uint8_t *arena;
	HsaEvent *event;
	struct {
		HsaQueueResource resource;
		bool there;
		uint64_t placed; /* packets or words */
	} queues[ALL_QUEUES];
};

static void failed(struct life *life, HSAKMT_STATUS status, const char *step)
{
	if (life->result->status == HSAKMT_STATUS_SUCCESS) {
		life->result->status = status;
		life->result->step = step;
	}
}

static void wrong(struct life *life, const char *what)
{
	if (!life->result->wrong)
		life->result->wrong = what;
}

static bool ok(struct life *life, HSAKMT_STATUS status, const char *step)
{
	if (status == HSAKMT_STATUS_SUCCESS)
		return true;
	failed(life, status, step);
	if (status != HSAKMT_STATUS_NO_MEMORY && status != HSAKMT_STATUS_ERROR)
		wrong(life, "a proper call was told that something else is wrong");
	return false;
}

static void undone(struct life *life, HSAKMT_STATUS status, const char *step)
{
	if (status != HSAKMT_STATUS_SUCCESS && life->result->cleanup == HSAKMT_STATUS_SUCCESS) {
		life->result->cleanup = status;
		life->result->cleanup_step = step;
	}
}

#define CALL(call) ok(life, call, #call)
#define UNDO(call) undone(life, call, #call)

/* ---- what lies in the arena ---- */

static void *at(const struct life *life, unsigned place, unsigned offset)
{
	return life->arena + place + offset;
}

static struct aql_signal *armed(const struct life *life, unsigned index, bool with_event)
{
	struct aql_signal *signal = at(life, AT_SIGNALS, index * (unsigned)sizeof(*signal));

	memset(signal, 0, sizeof(*signal));
	signal->kind = 1;
	if (with_event) {
		signal->mailbox = life->event->EventData.HWData2;
		signal->event_id = life->event->EventId;
	}
	aql_store(signal, 1);
	return signal;
}

static uint32_t *word(const struct life *life, unsigned index)
{
	return at(life, AT_WORDS, index * 64);
}

static int64_t error_of(const struct life *life, unsigned queue)
{
	return __atomic_load_n((int64_t *)at(life, AT_ERRORS, queue * 64), __ATOMIC_ACQUIRE);
}

/* ---- queues ---- */

static bool open_queue(struct life *life, unsigned which)
{
	HsaQueueResource *resource = &life->queues[which].resource;
	HSA_QUEUE_TYPE type = which == PM4    ? HSA_QUEUE_COMPUTE
			      : which == SDMA ? HSA_QUEUE_SDMA
					      : HSA_QUEUE_COMPUTE_AQL;
	void *ring = at(life, AT_AQL_RINGS, which * SLOTS * 64);
	uint64_t bytes = SLOTS * 64;

	*resource = (HsaQueueResource){.ErrorReason = at(life, AT_ERRORS, which * 64)};
	if (which < AQL_QUEUES) {
		resource->Queue_write_ptr_aql = at(life, AT_AMD_QUEUES, which * 0x1000 + 56);
		resource->Queue_read_ptr_aql = at(life, AT_AMD_QUEUES, which * 0x1000 + 128);
		for (unsigned i = 0; i < SLOTS; i++)
			((struct aql_packet *)ring)[i].header = 1; /* invalid */
	} else {
		ring = at(life, which == PM4 ? AT_PM4_RING : AT_SDMA_RING, 0);
		bytes = RING_BYTES;
	}
	life->queues[which].placed = 0;
	life->queues[which].there = ok(life,
				       hsaKmtCreateQueue(life->node, type, 100, HSA_QUEUE_PRIORITY_NORMAL,
							 ring, bytes, life->event, resource),
				       "hsaKmtCreateQueue");
	return life->queues[which].there;
}

static void close_queue(struct life *life, unsigned which)
{
	struct timespec start, end;

	if (!life->queues[which].there)
		return;
	clock_gettime(CLOCK_MONOTONIC, &start);
	UNDO(hsaKmtDestroyQueue(life->queues[which].resource.QueueId));
	clock_gettime(CLOCK_MONOTONIC, &end);
	if (end.tv_sec - start.tv_sec > 1)
		wrong(life, "the end of a queue took more than a second");
	life->queues[which].there = false;
}

static bool send_aql(struct life *life, unsigned which, const struct aql_packet *packet)
{
	HsaQueueResource *resource = &life->queues[which].resource;
	uint64_t index = life->queues[which].placed++;
	struct aql_packet *slot = (struct aql_packet *)at(life, AT_AQL_RINGS, which * SLOTS * 64) + index;

	memcpy((char *)slot + 4, (const char *)packet + 4, sizeof(*slot) - 4);
	__atomic_store_n((uint32_t *)(void *)slot, packet->header | (uint32_t)packet->setup << 16,
			 __ATOMIC_RELEASE);
	__atomic_store_n(resource->Queue_write_ptr_aql, index + 1, __ATOMIC_RELEASE);
	return CALL(hsaKmtQueueRingDoorbell(resource->QueueId, index));
}

static bool send_words(struct life *life, unsigned which, const uint32_t *words, uint32_t count, bool by_call)
{
	HsaQueueResource *resource = &life->queues[which].resource;
	uint32_t *ring = at(life, which == PM4 ? AT_PM4_RING : AT_SDMA_RING, 0);
	uint64_t index;

	memcpy(ring + life->queues[which].placed, words, count * sizeof(*words));
	life->queues[which].placed += count;
	index = life->queues[which].placed * (which == PM4 ? 1 : 4);
	__atomic_store_n(resource->Queue_write_ptr_aql, index, __ATOMIC_RELEASE);
	__atomic_store_n(resource->Queue_DoorBell_aql, index, __ATOMIC_RELEASE);
	return !by_call || CALL(hsaKmtQueueRingDoorbell(resource->QueueId, index));
}

/* ---- waiting ---- */

static bool any_error(const struct life *life)
{
	for (unsigned i = 0; i < ALL_QUEUES; i++)
		if (life->queues[i].there && error_of(life, i))
			return true;
	return false;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void nap(void)
{
	const struct timespec pause = {.tv_nsec = 50000};

	nanosleep(&pause, NULL);
}

static bool told(struct life *life, const char *what)
{
	failed(life, HSAKMT_STATUS_ERROR, what);
	return false;
}

/* A sleeper on an event is woken by what it waits for, or by the queue's error. */
static bool sleeps_until(struct life *life, const struct aql_signal *signal, const char *what)
{
	uint64_t until = now_ms() + PATIENCE_MS;
	HSAKMT_STATUS status;

	while (aql_value(signal)) {
		if (any_error(life))
			return told(life, what);
		status = hsaKmtWaitOnEvent(life->event, PATIENCE_MS);
		if (status == HSAKMT_STATUS_SUCCESS && now_ms() < until)
			continue;
		if (aql_value(signal) && !any_error(life))
			wrong(life, "a sleeper is not woken");
		else
			wrong(life, "a sleeper is woken by nobody, though it could have been");
		return false;
	}
	return true;
}

static bool comes(struct life *life, const struct aql_signal *signal, const uint32_t *stored,
		  const char *what)
{
	uint64_t until = now_ms() + PATIENCE_MS;

	while (signal ? aql_value(signal) != 0 : !__atomic_load_n(stored, __ATOMIC_ACQUIRE)) {
		if (any_error(life))
			return told(life, what);
		if (now_ms() > until) {
			wrong(life, what);
			return false;
		}
		nap();
	}
	return true;
}

/* ---- work ---- */

/* A command that waits until the CPU stores to the word. */
static struct aql_packet held(const struct life *life, unsigned index, struct aql_signal *done)
{
	uint32_t *commands = at(life, AT_COMMANDS, index * 64);
	uint64_t awaited = (uintptr_t)word(life, index), va = (uintptr_t)commands;
	const uint32_t wait[] = {0xc0053c00, 0x13, (uint32_t)awaited, (uint32_t)(awaited >> 32), 1, 1, 4};
	/* a vendor packet of format 1: PM4 in an indirect buffer */
	const uint32_t words[] = {aql_header(0, true, AQL_SYSTEM, AQL_SYSTEM) | 1u << 16,
				  0xc0023f00,
				  (uint32_t)va,
				  (uint32_t)(va >> 32),
				  sizeof(wait) / 4 | 1u << 23,
				  10};
	struct aql_packet packet = {.signal = (uint64_t)(uintptr_t)done};

	*word(life, index) = 0;
	memcpy(commands, wait, sizeof(wait));
	memcpy((void *)&packet, words, sizeof(words));
	return packet;
}

static void let_go(const struct life *life, unsigned index)
{
	__atomic_store_n(word(life, index), 1, __ATOMIC_RELEASE);
}

static uint64_t kernel(const struct life *life, enum aql_kernel_kind kind)
{
	return (uintptr_t)at(life, AT_KERNELS, (unsigned)kind * AQL_KERNEL_BYTES);
}

static bool dispatches(struct life *life)
{
	struct aql_signal *first = armed(life, 0, true), *with_scratch = armed(life, 1, false);
	struct aql_packet plain = aql_dispatch(kernel(life, AQL_KERNEL_PLAIN), first);
	struct aql_packet scratch = aql_dispatch(kernel(life, AQL_KERNEL_SCRATCH), with_scratch);

	scratch.private_bytes = 256;
	if (!send_aql(life, FIRST, &plain) || !sleeps_until(life, first, "a dispatch with an event"))
		return false;
	return send_aql(life, FIRST, &scratch) && comes(life, with_scratch, NULL, "a dispatch with scratch");
}

/* The second queue waits on the GPU for what the first one runs, of which the completion thread is to tell. */
static bool waits_on_the_gpu(struct life *life)
{
	static const char *const arming = "WAITFORSYNCHRONIZATIONOBJECTFROMCPU";
	struct aql_signal *produced = armed(life, 2, true), *consumed = armed(life, 3, false);
	struct aql_packet producer = held(life, 0, produced);
	struct aql_packet barrier = aql_barrier(false, &produced, 1, NULL);
	struct aql_packet consumer = aql_dispatch(kernel(life, AQL_KERNEL_PLAIN), consumed);
	uint64_t before = dxgsim_ioctl_count_of(arming), until = now_ms() + 500;
	bool sent = send_aql(life, FIRST, &producer) && send_aql(life, SECOND, &barrier) &&
		    send_aql(life, SECOND, &consumer);

	while (sent && dxgsim_ioctl_count_of(arming) == before && !any_error(life) && now_ms() < until)
		nap();
	let_go(life, 0);
	return sent && comes(life, consumed, NULL, "what waits on the GPU") &&
	       sleeps_until(life, produced, "what was waited for");
}

/* ... and for the CPU, in its ring. */
static bool waits_for_the_cpu(struct life *life)
{
	struct aql_signal *awaited = armed(life, 4, false), *done = armed(life, 5, true);
	struct aql_packet barrier = aql_barrier(false, &awaited, 1, NULL);
	struct aql_packet after = aql_dispatch(kernel(life, AQL_KERNEL_PLAIN), done);

	if (!send_aql(life, SECOND, &barrier) || !send_aql(life, SECOND, &after))
		return false;
	aql_store(awaited, 0);
	return sleeps_until(life, done, "what waits for the CPU");
}

static bool changes(struct life *life)
{
	HSA_QUEUEID id = life->queues[FIRST].resource.QueueId;
	HSAuint32 mask[2] = {UINT32_MAX, UINT32_MAX};
	struct aql_signal *done = armed(life, 6, false);
	struct aql_packet packet = aql_dispatch(kernel(life, AQL_KERNEL_PLAIN), done);

	if (!CALL(hsaKmtSetQueueCUMask(id, 64, mask)) ||
	    !CALL(hsaKmtUpdateQueue(id, 50, HSA_QUEUE_PRIORITY_HIGH, at(life, AT_AQL_RINGS, 0), SLOTS * 64,
				    life->event)))
		return false;
	return send_aql(life, FIRST, &packet) && comes(life, done, NULL, "a dispatch after changes");
}

/* Ends with work on the GPU, which goes on. */
static bool ends_amid_work(struct life *life)
{
	struct aql_signal *done = armed(life, 7, false);
	struct aql_packet packet = held(life, 1, done);
	bool sent = open_queue(life, SHORT_LIVED) && send_aql(life, SHORT_LIVED, &packet);

	close_queue(life, SHORT_LIVED);
	let_go(life, 1);
	return sent;
}

static bool ring_of_pm4(struct life *life)
{
	uint32_t w[32], n;

	*word(life, 2) = *word(life, 3) = 0;
	if (!open_queue(life, PM4))
		return false;
	n = pm4_store(w, word(life, 2), 1);
	n += pm4_fence(w + n, word(life, 3), 1, true, life->event->EventId);
	return send_words(life, PM4, w, n, true) && comes(life, NULL, word(life, 3), "a ring of PM4 packets");
}

static bool ring_of_sdma(struct life *life)
{
	uint32_t w[64], n;

	*word(life, 4) = 0;
	memset(at(life, AT_SOURCE, 0), 0x5a, 0x1000);
	memset(at(life, AT_TARGET, 0), 0, 0x1000);
	if (!open_queue(life, SDMA))
		return false;
	n = sdma_copy(w, at(life, AT_SOURCE, 0), at(life, AT_TARGET, 0), 0x1000);
	n += sdma_fence(w + n, word(life, 4), 1);
	n += sdma_trap(w + n, life->event->EventId);
	if (!send_words(life, SDMA, w, n, false) ||
	    !comes(life, NULL, word(life, 4), "a ring of SDMA packets"))
		return false;
	if (memcmp(at(life, AT_SOURCE, 0), at(life, AT_TARGET, 0), 0x1000))
		wrong(life, "the copy is not what was copied");
	return true;
}

static void live(struct life *life)
{
	HsaEventDescriptor descriptor = {.EventType = HSA_EVENTTYPE_SIGNAL, .NodeId = life->node};

	memset(life->arena, 0, ARENA_BYTES);
	memset(life->queues, 0, sizeof(life->queues));
	for (unsigned kind = 0; kind <= AQL_KERNEL_SCRATCH; kind++)
		aql_kernel(at(life, AT_KERNELS, kind * AQL_KERNEL_BYTES), life->gfx_major,
			   (enum aql_kernel_kind)kind);
	life->event = NULL;
	if (CALL(hsaKmtCreateEvent(&descriptor, false, false, &life->event)) && open_queue(life, FIRST) &&
	    open_queue(life, SECOND) && dispatches(life) && waits_on_the_gpu(life) &&
	    waits_for_the_cpu(life) && changes(life) && ends_amid_work(life) && ring_of_pm4(life))
		ring_of_sdma(life);
	/* nothing holds the GPU for longer than its time-out */
	let_go(life, 0);
	let_go(life, 1);
	for (unsigned i = ALL_QUEUES; i-- > 0;)
		close_queue(life, i);
	if (life->event)
		UNDO(hsaKmtDestroyEvent(life->event));
}

/* What new queues do behind a fault. */
static void live_again(struct life *life)
{
	struct scenario_result *first = life->result, second = {0};

	life->result = &second;
	live(life);
	life->result = first;
	if (second.wrong)
		wrong(life, second.wrong);
	/* an engine that does not do what it should is not tried again, and says so */
	if (second.status == HSAKMT_STATUS_SUCCESS ||
	    (!sweep_passes() && !strcmp(second.step, "hsaKmtCreateQueue")))
		return;
	first->unless_lost = second.step;
}

static bool find_gpu(struct life *life)
{
	HsaSystemProperties system;
	HsaNodeProperties node;

	if (!CALL(hsaKmtAcquireSystemProperties(&system)))
		return false;
	for (HSAuint32 id = 0; id < system.NumNodes; id++) {
		if (!CALL(hsaKmtGetNodeProperties(id, &node)))
			return false;
		if (!node.NumFComputeCores) {
			life->result->cpu_nodes++;
			continue;
		}
		life->result->gpu_nodes++;
		life->node = id;
		life->gfx_major = node.EngineId.ui32.Major;
	}
	return life->result->gpu_nodes == 1;
}

static void scenario_queues(struct scenario_result *result)
{
	struct life state = {.result = result}, *life = &state;
	HsaMemFlags flags = {.ui32 = {.HostAccess = 1, .Uncached = 1, .ExecuteAccess = 1}};
	HsaMemMapFlags map = {.Value = 0};
	void *arena = NULL;
	HSAuint64 va;

	memset(result, 0, sizeof(*result));
	if (!CALL(hsaKmtOpenKFD()))
		return;
	if (find_gpu(life) && CALL(hsaKmtAllocMemory(0, LIVES * ARENA_BYTES, flags, &arena)) &&
	    CALL(hsaKmtMapMemoryToGPUNodes(arena, LIVES * ARENA_BYTES, &va, map, 1, &life->node))) {
		life->arena = arena;
		sweep_begin();
		live(life);
		/* elsewhere: what the first one left on the GPU goes on */
		life->arena += ARENA_BYTES;
		if (sweep_struck())
			live_again(life);
	}
	if (life->arena)
		UNDO(hsaKmtUnmapMemoryToGPU(arena));
	if (arena)
		UNDO(hsaKmtFreeMemory(arena, LIVES * ARENA_BYTES));
	UNDO(hsaKmtReleaseSystemProperties());
	UNDO(hsaKmtCloseKFD());
}

/* Those of either machine; of the others the machine has none. */
static const char *const software[] = {
	"CREATECONTEXTVIRTUAL",
	"CREATESYNCHRONIZATIONOBJECT",
	"SUBMITCOMMAND",
	"WAITFORSYNCHRONIZATIONOBJECTFROMGPU",
	"SIGNALSYNCHRONIZATIONOBJECTFROMGPU",
	"WAITFORSYNCHRONIZATIONOBJECTFROMCPU",
	"SETCONTEXTSCHEDULINGPRIORITY",
	"DESTROYCONTEXT",
	"DESTROYSYNCHRONIZATIONOBJECT",
	NULL,
};
static const char *const hardware[] = {
	"CREATECONTEXTVIRTUAL",
	"CREATEHWQUEUE",
	"SUBMITCOMMANDTOHWQUEUE",
	"SUBMITWAITFORSYNCOBJECTSTOHWQUEUE",
	"WAITFORSYNCHRONIZATIONOBJECTFROMCPU",
	"SETCONTEXTSCHEDULINGPRIORITY",
	"DESTROYHWQUEUE",
	"DESTROYCONTEXT",
	NULL,
};

int main(int argc, char **argv)
{
	bool hws = argc > 1 && strstr(argv[1], ",hws");

	/* the escape that asks for high clocks fails too, where it comes to be sent */
	setenv("HSAKMT_DXG_POWER", "performance", 1);
	return sweep_kinds_main(argc, argv, scenario_queues, hws ? hardware : software);
}
