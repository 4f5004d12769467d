// SPDX-License-Identifier: MIT
#include "dxgbench/sender.h"

#include <inttypes.h>
#include <sched.h>
#include <string.h>

#include "dxgbench/report.h"

#define WRITE_INDEX 56 /* in amd_queue_t (ROCr amd_hsa_queue.h) */
#define READ_INDEX  128
#define ERROR_AT    3072 /* behind it: what stopped the queue */
#define KERNEL_AT   4096
#define CODE	    256 /* from the kernel's descriptor on */
#define SIGNALS_AT  8192
#define RING_AT	    (SIGNALS_AT + 64 * SENDER_SIGNALS)
#define MEMORY_SIZE (RING_AT + 64 * SENDER_SLOTS)
#define PATIENCE_NS 10000000000ULL

#define DISPATCH 2U
#define BARRIER	 3U
#define HEADER	 (1U << 8 | 2U << 9 | 2U << 11) /* barrier bit, fences of system scope */

_Static_assert(sizeof(struct signal) == 64, "amd_signal_t");

/* hsa_kernel_dispatch_packet_t; a barrier has its signals from AWAITED_AT on (hsa.h) */
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

#define AWAITED_AT 8

_Static_assert(sizeof(struct packet) == 64, "an AQL packet");

/* LLVM AMDGPU usage, "Kernel Descriptor": s_endpgm with a kernarg pointer, in waves of 32 where there are any. */
static void write_kernel(char *descriptor, unsigned gfx_major)
{
	const int64_t entry = CODE;
	const uint32_t rsrc1 = 0xc0000U | (gfx_major >= 10 ? 1U << 30 : 0), rsrc2 = 2U << 1 | 1U << 7;
	const uint16_t properties = (uint16_t)(1U << 3 | (gfx_major >= 10 ? 1U << 10 : 0));
	const uint32_t end = gfx_major >= 11 ? 0xbfb00000U : 0xbf810000U;

	memcpy(descriptor + 16, &entry, sizeof(entry));
	memcpy(descriptor + 48, &rsrc1, sizeof(rsrc1));
	memcpy(descriptor + 52, &rsrc2, sizeof(rsrc2));
	memcpy(descriptor + 56, &properties, sizeof(properties));
	memcpy(descriptor + CODE, &end, sizeof(end));
}

static struct packet *ring_of(const struct sender *sender)
{
	return (struct packet *)(void *)(sender->memory + RING_AT);
}

static uint64_t *index_of(const struct sender *sender, size_t offset)
{
	return (uint64_t *)(void *)(sender->memory + offset);
}

static HSAKMT_STATUS open_queue(struct sender *sender, const struct machine *machine)
{
	HsaNodeProperties node;
	HSAKMT_STATUS status = hsaKmtGetNodeProperties(machine->gpu, &node);

	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	memset(sender->memory, 0, MEMORY_SIZE);
	write_kernel(sender->memory + KERNEL_AT, node.EngineId.ui32.Major);
	for (unsigned i = 0; i < SENDER_SLOTS; i++)
		ring_of(sender)[i].header = 1; /* invalid */
	sender->signals = (struct signal *)(void *)(sender->memory + SIGNALS_AT);
	sender->resource.Queue_write_ptr_aql = index_of(sender, WRITE_INDEX);
	sender->resource.Queue_read_ptr_aql = index_of(sender, READ_INDEX);
	sender->resource.ErrorReason = (HSAint64 *)(void *)(sender->memory + ERROR_AT);
	return hsaKmtCreateQueue(machine->gpu, HSA_QUEUE_COMPUTE_AQL, 100, HSA_QUEUE_PRIORITY_NORMAL,
				 ring_of(sender), 64 * SENDER_SLOTS, NULL, &sender->resource);
}

bool sender_open(struct sender *sender, struct report *report, struct row *row, struct machine *machine)
{
	HSAKMT_STATUS status;
	void *memory;

	*sender = (struct sender){.stores = false};
	if (machine->stuck) {
		report_failed(report, row, "earlier work did not end");
		return false;
	}
	status = machine_alloc(machine, MEMORY_SIZE, MEMORY_SYSTEM | 0x1000U /* ExecuteAccess */, &memory);
	if (status != HSAKMT_STATUS_SUCCESS) {
		report_failed(report, row, "allocate: %s", machine_status_name(status));
		return false;
	}
	sender->memory = memory;
	status = machine_map(machine, memory, MEMORY_SIZE);
	if (status == HSAKMT_STATUS_SUCCESS)
		status = open_queue(sender, machine);
	if (status == HSAKMT_STATUS_SUCCESS)
		return true;
	report_failed(report, row, "a queue: %s", machine_status_name(status));
	hsaKmtFreeMemory(memory, MEMORY_SIZE);
	return false;
}

void sender_close(struct sender *sender)
{
	hsaKmtDestroyQueue(sender->resource.QueueId);
	hsaKmtFreeMemory(sender->memory, MEMORY_SIZE);
}

static bool is_late(uint64_t begin)
{
	sched_yield();
	return now_ns() - begin > PATIENCE_NS;
}

static uint64_t packets_ahead(const struct sender *sender)
{
	return *index_of(sender, WRITE_INDEX) -
	       __atomic_load_n(index_of(sender, READ_INDEX), __ATOMIC_ACQUIRE);
}

static bool put(struct sender *sender, const struct packet *packet)
{
	uint64_t *write = index_of(sender, WRITE_INDEX), index = *write, begin = now_ns();
	struct packet *slot = &ring_of(sender)[index % SENDER_SLOTS];

	while (packets_ahead(sender) >= SENDER_SLOTS)
		if (is_late(begin))
			return false;
	memcpy((char *)slot + 4, (const char *)packet + 4, sizeof(*slot) - 4);
	__atomic_store_n(write, index + 1, __ATOMIC_RELEASE);
	__atomic_store_n((uint32_t *)(void *)slot, packet->header | (uint32_t)packet->setup << 16,
			 __ATOMIC_RELEASE);
	return true;
}

bool sender_put(struct sender *sender, struct signal *done)
{
	/* arguments of its own, as programs have them; nobody reads them */
	const uint64_t arguments = *index_of(sender, WRITE_INDEX) % SENDER_SLOTS * sizeof(struct packet);
	const struct packet packet = {
		.header = DISPATCH | HEADER,
		.setup = 1,
		.group = {64, 1, 1},
		.grid = {64, 1, 1},
		.kernel = (uintptr_t)(sender->memory + KERNEL_AT),
		.kernarg = (uintptr_t)(sender->memory + RING_AT) + arguments,
		.done = (uintptr_t)done,
	};

	return put(sender, &packet);
}

bool sender_put_barrier(struct sender *sender, const struct signal *awaited, struct signal *done)
{
	struct packet packet = {.header = BARRIER | HEADER, .done = (uintptr_t)done};
	uint64_t address = (uintptr_t)awaited;

	memcpy((char *)&packet + AWAITED_AT, &address, sizeof(address));
	return put(sender, &packet);
}

bool sender_ring(struct sender *sender)
{
	uint64_t last = *index_of(sender, WRITE_INDEX) - 1;

	if (!sender->stores)
		return hsaKmtQueueRingDoorbell(sender->resource.QueueId, last) == HSAKMT_STATUS_SUCCESS;
	__atomic_store_n(sender->resource.Queue_DoorBell_aql, last, __ATOMIC_RELEASE);
	return true;
}

bool sender_wait_taken(const struct sender *sender)
{
	uint64_t begin = now_ns();

	while (packets_ahead(sender))
		if (is_late(begin))
			return false;
	return true;
}

bool sender_use(struct sender *sender)
{
	signal_arm(&sender->signals[0]);
	return sender_put(sender, &sender->signals[0]) && sender_ring(sender) &&
	       signal_spin(&sender->signals[0]);
}

void sender_failed(const struct sender *sender, struct report *report, struct row *row,
		   struct machine *machine)
{
	int64_t error =
		__atomic_load_n((const int64_t *)(const void *)(sender->memory + ERROR_AT), __ATOMIC_ACQUIRE);

	machine->stuck = true;
	if (error)
		report_failed(report, row, "the queue stopped with error %#" PRIx64, (uint64_t)error);
	else if (packets_ahead(sender))
		report_failed(report, row, "packets are not taken");
	else
		report_failed(report, row, "a signal does not come");
}

void signal_arm(struct signal *signal)
{
	__atomic_store_n(&signal->value, 1, __ATOMIC_RELEASE);
}

bool signal_is_done(const struct signal *signal)
{
	return !__atomic_load_n(&signal->value, __ATOMIC_ACQUIRE);
}

bool signal_spin(const struct signal *signal)
{
	uint64_t begin = now_ns();

	while (!signal_is_done(signal))
		if (is_late(begin))
			return false;
	return true;
}
