// SPDX-License-Identifier: MIT
/*
 * What ROCr does with queues on DXG: AQL packets with the doorbell rung by call, SDMA packets of the gfx9 form padded to 64 bytes with the
 * doorbell stored and rung.  Told that AQL packets are translated it runs without events, else it sleeps on them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rocr7.h"

#define SLOTS	     64u
#define PATIENCE_S   20
#define KERNEL_AT    0x100 /* in the code buffer; its code 256 bytes on */
#define CODE_AT	     0x200
#define SIGNALS_AT   0x1000 /* in the pool, behind amd_queue_t */
#define COPY_AT	     0x10000
#define COPY_BYTES   70001u
#define SDMA_PADDING 16u /* words */

/* What an undefined register may hold. */
#define GARBAGE 0xa5a5a5a5deadbeefULL

/* amd_signal_t */
struct signal {
	int64_t kind;
	int64_t value;
	uint64_t mailbox;
	uint32_t event_id;
	uint32_t reserved[9];
};

struct packet {
	uint16_t header;
	uint16_t setup;
	uint16_t group[3];
	uint16_t reserved0;
	uint32_t grid[3];
	uint32_t private_bytes;
	uint32_t group_bytes;
	uint64_t kernel;
	uint64_t kernarg;
	uint64_t reserved2;
	uint64_t done;
};

_Static_assert(sizeof(struct packet) == 64 && sizeof(struct signal) == 64, "as HSA has them");

/* A kernel that ends at once (LLVM AMDGPU usage, "Kernel Descriptor"). */
static void write_kernel(char *code, unsigned gfx_major)
{
	const int64_t entry = CODE_AT - KERNEL_AT;
	const uint32_t rsrc1 = 0xc0000u | (gfx_major >= 10 ? 1u << 30 : 0), rsrc2 = 2u << 1 | 1u << 7;
	const uint16_t properties = (uint16_t)(1u << 3 | (gfx_major >= 10 ? 1u << 10 : 0));
	const uint32_t end = gfx_major >= 11 ? 0xbfb00000u : 0xbf810000u;

	memset(code + KERNEL_AT, 0, 64);
	memcpy(code + KERNEL_AT + 16, &entry, sizeof(entry));
	memcpy(code + KERNEL_AT + 48, &rsrc1, sizeof(rsrc1));
	memcpy(code + KERNEL_AT + 52, &rsrc2, sizeof(rsrc2));
	memcpy(code + KERNEL_AT + 56, &properties, sizeof(properties));
	memcpy(code + CODE_AT, &end, sizeof(end));
}

static struct signal *arm(char *pool, unsigned index, const HsaEvent *event)
{
	struct signal *signal = (struct signal *)(void *)(pool + SIGNALS_AT) + index;

	memset(signal, 0, sizeof(*signal));
	signal->kind = 1;
	if (event) {
		signal->mailbox = event->EventData.HWData2;
		signal->event_id = event->EventId;
	}
	__atomic_store_n(&signal->value, 1, __ATOMIC_RELEASE);
	return signal;
}

/* As ROCr waits: on the event if it has them, else it looks. */
static void come(struct run *run, const char *step, const struct signal *signal, HsaEvent *event)
{
	const struct timespec pause = {.tv_nsec = 100000};
	time_t begin = time(NULL);

	while (__atomic_load_n(&signal->value, __ATOMIC_ACQUIRE) && time(NULL) - begin < PATIENCE_S) {
		if (event)
			run->thunk.hsaKmtWaitOnEvent_Ext(event, 1000, NULL);
		else
			nanosleep(&pause, NULL);
	}
	judge(run, step, __atomic_load_n(&signal->value, __ATOMIC_ACQUIRE) == 0);
}

/* The read index may come behind the last packet's signal: it tells of free slots, not of work that is done. */
static void taken(struct run *run, char *pool, uint64_t index)
{
	const struct timespec pause = {.tv_nsec = 100000};
	time_t begin = time(NULL);

	while (__atomic_load_n((uint64_t *)(void *)(pool + 0x80), __ATOMIC_ACQUIRE) != index &&
	       time(NULL) - begin < PATIENCE_S)
		nanosleep(&pause, NULL);
	judge(run, "the read index follows",
	      __atomic_load_n((uint64_t *)(void *)(pool + 0x80), __ATOMIC_ACQUIRE) == index);
}

static void ring_bell(struct run *run, HSA_QUEUEID id, HSAuint64 value)
{
	SUCCEEDS(run, run->thunk.hsaKmtQueueRingDoorbell(
			      id, run->generation->doorbell_without_value ? GARBAGE : value));
}

static void put(char *pool, struct packet *ring, uint64_t index, const struct packet *packet)
{
	memcpy((char *)&ring[index % SLOTS] + 4, (const char *)packet + 4, sizeof(*packet) - 4);
	__atomic_store_n((uint64_t *)(void *)(pool + 0x38), index + 1, __ATOMIC_RELEASE);
	__atomic_store_n((uint32_t *)(void *)&ring[index % SLOTS],
			 packet->header | (uint32_t)packet->setup << 16, __ATOMIC_RELEASE);
}

/* Twice around the ring: a barrier on a signal of the CPU, and dispatches behind it. */
static void send_packets(struct run *run, char *pool, struct packet *ring, const char *code, HSA_QUEUEID id,
			 HsaEvent *event)
{
	struct signal *start = arm(pool, 0, NULL), *done = arm(pool, 1, event);
	struct packet barrier = {.header = 3 | 1 << 8 | 2 << 9 | 2 << 11};
	struct packet dispatch = {
		.header = 2 | 1 << 8 | 2 << 9 | 2 << 11,
		.setup = 1,
		.group = {64, 1, 1},
		.grid = {100, 1, 1},
		.kernel = (uintptr_t)(code + KERNEL_AT),
	};
	uint64_t address = (uintptr_t)start, index = 0;

	memcpy((char *)&barrier + 8, &address, sizeof(address));
	put(pool, ring, index++, &barrier);
	while (index < SLOTS - 1)
		put(pool, ring, index++, &dispatch);
	dispatch.done = (uintptr_t)done;
	put(pool, ring, index, &dispatch);
	ring_bell(run, id, index++);
	judge(run, "a barrier holds back", done->value == 1);
	__atomic_store_n(&start->value, 0, __ATOMIC_RELEASE);
	come(run, "dispatches behind a barrier", done, event);
	taken(run, pool, index);
	done = arm(pool, 1, event);
	put(pool, ring, index, &dispatch);
	ring_bell(run, id, index);
	come(run, "a dispatch in a used ring", done, event);
}

static void use_aql(struct run *run, HSAuint32 gpu, int form, char *pool, char *code, void *ring,
		    HsaEvent *event)
{
	const struct thunk *thunk = &run->thunk;
	HsaQueueResource resource;
	HSAKMT_STATUS status;
	const char *step;

	memset(pool, 0, 0x1000);
	memset(&resource, 0, sizeof(resource));
	for (unsigned i = 0; i < SLOTS; i++)
		((struct packet *)ring)[i].header = 1;
	resource.Queue_write_ptr_aql = (HSAuint64 *)(void *)(pool + 0x38);
	resource.Queue_read_ptr_aql = (HSAuint64 *)(void *)(pool + 0x80);
	switch (form) {
	case 0:
		step = "hsaKmtCreateQueue";
		status = thunk->hsaKmtCreateQueue(gpu, HSA_QUEUE_COMPUTE_AQL, 100, HSA_QUEUE_PRIORITY_NORMAL,
						  ring, SLOTS * 64, event, &resource);
		break;
	case 1:
		step = "hsaKmtCreateQueueExt";
		status = thunk->hsaKmtCreateQueueExt(gpu, HSA_QUEUE_COMPUTE_AQL, 100,
						     HSA_QUEUE_PRIORITY_NORMAL, 0, ring, SLOTS * 64, event,
						     &resource);
		break;
	default:
		step = "hsaKmtCreateQueueV2";
		status =
			thunk->hsaKmtCreateQueueV2(gpu, HSA_QUEUE_COMPUTE_AQL, 100, HSA_QUEUE_PRIORITY_NORMAL,
						   0, ring, SLOTS * 64, 0, event, &resource);
		break;
	}
	if (!judge_status(run, step, status, HSAKMT_STATUS_SUCCESS))
		return;
	EXPECT(run, resource.QueueId != 0 && resource.Queue_DoorBell_aql != NULL);
	EXPECT(run, resource.Queue_write_ptr_aql == (HSAuint64 *)(void *)(pool + 0x38));
	send_packets(run, pool, ring, code, resource.QueueId, event);
	SUCCEEDS(run, thunk->hsaKmtDestroyQueue(resource.QueueId));
	/* the number is nobody's now */
	ANSWERS(run, ERROR, thunk->hsaKmtQueueRingDoorbell(resource.QueueId, 1));
	ANSWERS(run, ERROR, thunk->hsaKmtDestroyQueue(resource.QueueId));
}

static uint32_t low(const void *p)
{
	return (uint32_t)(uintptr_t)p;
}

static uint32_t high(const void *p)
{
	return (uint32_t)((uintptr_t)p >> 32);
}

/* Copy, decrement, padding: as Linux vega10_sdma_pkt_open.h lays them out, which ROCr uses for every generation here. */
static unsigned write_copy(uint32_t *words, void *to, const void *from, uint32_t bytes, struct signal *done)
{
	const uint32_t copy[] = {1, bytes - 1, 0, low(from), high(from), low(to), high(to)};
	const uint32_t decrement[] = {
		10u | 47u << 25, low(&done->value), high(&done->value), UINT32_MAX, UINT32_MAX, 0, 0, 0};
	unsigned used = 0, padding;

	memcpy(words, copy, sizeof(copy));
	used += sizeof(copy) / 4;
	memcpy(words + used, decrement, sizeof(decrement));
	used += sizeof(decrement) / 4;
	padding = (SDMA_PADDING - used % SDMA_PADDING) % SDMA_PADDING;
	if (padding) {
		memset(words + used, 0, padding * 4);
		words[used] = (padding - 1) << 16;
	}
	return used + padding;
}

static void use_sdma(struct run *run, HSAuint32 gpu, char *pool)
{
	const struct thunk *thunk = &run->thunk;
	char *from = pool + COPY_AT, *to = from + 2 * COPY_BYTES, *ring = to + 2 * COPY_BYTES;
	HsaQueueResource resource;
	uint64_t written = 0;

	ring = (char *)(((uintptr_t)ring + 4095) & ~(uintptr_t)4095);
	memset(&resource, 0, sizeof(resource));
	if (!SUCCEEDS(run, thunk->hsaKmtCreateQueue(gpu, HSA_QUEUE_SDMA, 100, HSA_QUEUE_PRIORITY_MAXIMUM,
						    ring, 0x10000, NULL, &resource)))
		return;
	EXPECT(run,
	       resource.Queue_write_ptr_aql && resource.Queue_read_ptr_aql && resource.Queue_DoorBell_aql);
	for (unsigned round = 0; round < 4; round++) {
		struct signal *done = arm(pool, 2, NULL);
		unsigned words;

		for (unsigned i = 0; i < COPY_BYTES; i++)
			from[i] = (char)(i * 7 + round);
		words = write_copy((uint32_t *)(void *)(ring + written), to, from, COPY_BYTES, done);
		written += words * 4ull;
		__atomic_store_n(resource.Queue_write_ptr_aql, written, __ATOMIC_RELEASE);
		__atomic_store_n(resource.Queue_DoorBell_aql, written, __ATOMIC_RELEASE);
		ring_bell(run, resource.QueueId, written);
		come(run, "an SDMA copy", done, NULL);
		judge(run, "the copy is right", !memcmp(from, to, COPY_BYTES));
	}
	for (int i = 0; i < 20000 && *(volatile uint64_t *)resource.Queue_read_ptr_aql != written; i++)
		nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
	EXPECT(run, *(volatile uint64_t *)resource.Queue_read_ptr_aql == written);
	SUCCEEDS(run, thunk->hsaKmtDestroyQueue(resource.QueueId));
}

/* A doorbell of no queue is an error and nothing more, whatever the second register holds. */
static void ring_wrong_doorbells(struct run *run)
{
	const struct thunk *thunk = &run->thunk;
	HSAuint64 value = run->generation->doorbell_without_value ? GARBAGE : 1;

	ANSWERS(run, INVALID_PARAMETER, thunk->hsaKmtQueueRingDoorbell(0, value));
	ANSWERS(run, ERROR, thunk->hsaKmtQueueRingDoorbell(1, value));
	ANSWERS(run, ERROR, thunk->hsaKmtQueueRingDoorbell(GARBAGE, value));
}

/* Each form of creation that the generation has; pool, code and ring are host memory that the GPU sees. */
void use_queues(struct run *run, HSAuint32 gpu, char *pool, char *code, void *ring, HsaEvent *event)
{
	HsaNodeProperties node;
	bool emulated;

	memset(&node, 0, sizeof(node));
	if (!SUCCEEDS(run, run->thunk.hsaKmtGetNodeProperties(gpu, &node)))
		return;
	emulated = node.Capability2.ui32.AqlEmulationPm4_;
	EXPECT(run, emulated == !getenv("HSAKMT_DXG_AQL_EMULATION"));
	write_kernel(code, node.EngineId.ui32.Major);
	ring_wrong_doorbells(run);
	for (int form = 0; form < (run->generation->id >= ROCM_7_13 ? 3 : 2); form++)
		use_aql(run, gpu, form, pool, code, ring, emulated ? NULL : event);
	use_sdma(run, gpu, pool);
}
