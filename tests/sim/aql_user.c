// SPDX-License-Identifier: MIT
#include "aql_user.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "dxgsim/dxgsim.h"

#define PATIENCE_MS 20000u

_Static_assert(sizeof(struct aql_signal) == 64, "amd_signal_t");
_Static_assert(sizeof(struct aql_packet) == 64, "an AQL packet");
_Static_assert(offsetof(struct aql_signal, start_stamp) == 32, "amd_signal_t");
_Static_assert(offsetof(struct aql_packet, kernel) == 32, "hsa_kernel_dispatch_packet_t");

void *aql_alloc(const struct machine *machine, uint64_t bytes, bool executable)
{
	HsaMemFlags flags = {.Value = 0};
	HsaMemMapFlags map = {.Value = 0};
	HSAuint64 va;
	void *memory;
	uint64_t size = (bytes + 4095) & ~4095ull;

	flags.ui32.HostAccess = 1;
	flags.ui32.Uncached = 1;
	flags.ui32.ExecuteAccess = executable;
	assert_status(hsaKmtAllocMemory(machine->cpu, size, flags, &memory), SUCCESS);
	assert_status(hsaKmtMapMemoryToGPUNodes(memory, size, &va, map, machine->gpu_count,
						(HSAuint32 *)(uintptr_t)machine->gpus),
		      SUCCESS);
	memset(memory, 0, size);
	return memory;
}

void aql_free(void *memory)
{
	HsaPointerInfo info;

	assert_status(hsaKmtQueryPointerInfo(memory, &info), SUCCESS);
	assert_status(hsaKmtUnmapMemoryToGPU(memory), SUCCESS);
	assert_status(hsaKmtFreeMemory(memory, info.SizeInBytes), SUCCESS);
}

unsigned aql_gfx_major(HSAuint32 node)
{
	HsaNodeProperties properties;

	assert_status(hsaKmtGetNodeProperties(node, &properties), SUCCESS);
	return properties.EngineId.ui32.Major;
}

/*
 * The 64 bytes of a kernel descriptor and, 256 behind it, the code (LLVM AMDGPU usage, "Kernel Descriptor"): `memory` is a
 * multiple of 256.
 */
uint64_t aql_kernel(void *memory, unsigned gfx_major, enum aql_kernel_kind kind)
{
	char *descriptor = memory;
	uint32_t *code = (uint32_t *)(void *)(descriptor + 256);
	bool wave32 = gfx_major >= 10 && kind != AQL_KERNEL_WAVE64;
	bool architected_scratch = gfx_major >= 11;
	uint32_t lds = kind == AQL_KERNEL_LDS ? 1024 : 0, scratch = kind == AQL_KERNEL_SCRATCH ? 256 : 0;
	uint32_t rsrc1 = 0x000c0000u, rsrc2, rsrc3 = 0, user = 2;
	uint16_t properties = 1u << 3;
	int64_t entry = 256;

	if (kind == AQL_KERNEL_DISPATCH) {
		properties |= 1u << 1 | 1u << 2 | 1u << 4;
		user += 6;
	}
	if (scratch && !architected_scratch) {
		properties |= 1u << 0 | 1u << 5;
		user += 6;
	}
	if (wave32)
		properties |= 1u << 10;
	if (gfx_major >= 10)
		rsrc1 |= 1u << 30; /* memory in order */
	rsrc2 = user << 1 | 1u << 7 | (scratch ? 1u : 0);
	memset(descriptor, 0, 64);
	memcpy(descriptor + 0, &lds, 4);
	memcpy(descriptor + 4, &scratch, 4);
	memcpy(descriptor + 16, &entry, 8);
	memcpy(descriptor + 44, &rsrc3, 4);
	memcpy(descriptor + 48, &rsrc1, 4);
	memcpy(descriptor + 52, &rsrc2, 4);
	memcpy(descriptor + 56, &properties, 2);
	code[0] = gfx_major >= 11 ? 0xbfb00000u : 0xbf810000u; /* s_endpgm */
	return (uint64_t)(uintptr_t)descriptor;
}

HSAKMT_STATUS aql_try_open(struct aql_queue *queue, const struct machine *machine, HSAuint32 node,
			   uint32_t slots)
{
	*queue = (struct aql_queue){.node = node, .slots = slots};
	queue->amd_queue = aql_alloc(machine, 4096, false);
	queue->ring = aql_alloc(machine, slots * sizeof(struct aql_packet), true);
	queue->error = (int64_t *)(void *)(queue->amd_queue + 2048);
	for (uint32_t i = 0; i < slots; i++)
		queue->ring[i].header = 1; /* invalid */
	queue->resource.Queue_write_ptr_aql = (HSAuint64 *)(void *)(queue->amd_queue + 56);
	queue->resource.Queue_read_ptr_aql = (HSAuint64 *)(void *)(queue->amd_queue + 128);
	queue->resource.ErrorReason = (volatile HSAint64 *)queue->error;
	return hsaKmtCreateQueue(node, HSA_QUEUE_COMPUTE_AQL, 100, HSA_QUEUE_PRIORITY_NORMAL, queue->ring,
				 slots * sizeof(struct aql_packet), NULL, &queue->resource);
}

void aql_open(struct aql_queue *queue, const struct machine *machine, HSAuint32 node, uint32_t slots)
{
	assert_status(aql_try_open(queue, machine, node, slots), SUCCESS);
}

void aql_close(struct aql_queue *queue)
{
	assert_status(hsaKmtDestroyQueue(queue->resource.QueueId), SUCCESS);
	aql_free(queue->ring);
	aql_free(queue->amd_queue);
}

static uint64_t *index_at(const struct aql_queue *queue, size_t offset)
{
	return (uint64_t *)(void *)(queue->amd_queue + offset);
}

uint64_t aql_write_index(const struct aql_queue *queue)
{
	return __atomic_load_n(index_at(queue, 56), __ATOMIC_ACQUIRE);
}

uint64_t aql_read_index(const struct aql_queue *queue)
{
	return __atomic_load_n(index_at(queue, 128), __ATOMIC_ACQUIRE);
}

uint16_t aql_header(unsigned type, bool barrier, enum aql_scope acquire, enum aql_scope release)
{
	return (uint16_t)(type | (barrier ? 1u << 8 : 0) | (unsigned)acquire << 9 | (unsigned)release << 11);
}

struct aql_packet aql_dispatch(uint64_t kernel, struct aql_signal *signal)
{
	return (struct aql_packet){
		.header = aql_header(2, true, AQL_SYSTEM, AQL_SYSTEM),
		.setup = 1,
		.group = {32, 1, 1},
		.grid = {64, 1, 1},
		.kernel = kernel,
		.signal = (uint64_t)(uintptr_t)signal,
	};
}

struct aql_packet aql_barrier(bool any, struct aql_signal *const *signals, uint32_t count,
			      struct aql_signal *done)
{
	struct aql_packet packet = {
		.header = aql_header(any ? 5 : 3, true, AQL_SYSTEM, AQL_SYSTEM),
		.signal = (uint64_t)(uintptr_t)done,
	};
	uint64_t addresses[5] = {0};

	assert_in_range(count, 0, 5);
	for (uint32_t i = 0; i < count; i++)
		addresses[i] = (uint64_t)(uintptr_t)signals[i];
	memcpy((char *)&packet + 8, addresses, sizeof(addresses));
	return packet;
}

uint64_t aql_put(struct aql_queue *queue, const struct aql_packet *packet)
{
	uint64_t index = __atomic_fetch_add(index_at(queue, 56), 1, __ATOMIC_RELAXED);
	struct aql_packet *slot = &queue->ring[index % queue->slots];

	while (index - aql_read_index(queue) >= queue->slots)
		sched_yield();
	memcpy((char *)slot + 4, (const char *)packet + 4, sizeof(*slot) - 4);
	if (queue->hold && !queue->held) {
		queue->held = (uint32_t *)(void *)slot;
		queue->held_word = packet->header | (uint32_t)packet->setup << 16;
		return index;
	}
	__atomic_store_n((uint32_t *)(void *)slot, packet->header | (uint32_t)packet->setup << 16,
			 __ATOMIC_RELEASE);
	return index;
}

void aql_hold(struct aql_queue *queue)
{
	assert_null(queue->held);
	queue->hold = true;
}

void aql_ring(struct aql_queue *queue)
{
	uint64_t last = aql_write_index(queue) - 1;

	if (queue->held) {
		__atomic_store_n(queue->held, queue->held_word, __ATOMIC_RELEASE);
		queue->held = NULL;
		queue->hold = false;
	}
	if (queue->store_doorbell)
		__atomic_store_n(queue->resource.Queue_DoorBell_aql, last, __ATOMIC_RELEASE);
	else
		assert_status(hsaKmtQueueRingDoorbell(queue->resource.QueueId, last), SUCCESS);
}

uint64_t aql_send(struct aql_queue *queue, const struct aql_packet *packet)
{
	uint64_t index = aql_put(queue, packet);

	if (queue->store_doorbell)
		__atomic_store_n(queue->resource.Queue_DoorBell_aql, index, __ATOMIC_RELEASE);
	else
		assert_status(hsaKmtQueueRingDoorbell(queue->resource.QueueId, index), SUCCESS);
	return index;
}

struct aql_commands aql_commands_alloc(const struct machine *machine, uint32_t room)
{
	return (struct aql_commands){.words = aql_alloc(machine, room * sizeof(uint32_t), true),
				     .room = room};
}

void aql_commands_free(struct aql_commands *commands)
{
	aql_free(commands->words);
}

/* A type 3 header (Linux soc15d.h: PACKET3), and room for the packet. */
static uint32_t *add_command(struct aql_commands *commands, uint32_t opcode, uint32_t words)
{
	uint32_t *at = commands->words + commands->used;

	assert_in_range(commands->used + words, 0, commands->room);
	commands->used += words;
	at[0] = 3u << 30 | (words - 2) << 16 | opcode << 8;
	return at;
}

static void put_address(uint32_t *at, const void *address)
{
	at[0] = (uint32_t)(uintptr_t)address;
	at[1] = (uint32_t)((uint64_t)(uintptr_t)address >> 32);
}

void aql_commands_write(struct aql_commands *commands, const void *to, uint32_t value)
{
	uint32_t *at = add_command(commands, 0x37, 5); /* WRITE_DATA */

	at[1] = 5u << 8 | 1u << 20; /* memory, confirmed */
	put_address(at + 2, to);
	at[4] = value;
}

void aql_commands_wait(struct aql_commands *commands, const void *at_word, uint32_t value)
{
	uint32_t *at = add_command(commands, 0x3c, 7); /* WAIT_REG_MEM */

	at[1] = 3u | 1u << 4; /* equal, memory */
	put_address(at + 2, at_word);
	at[4] = value;
	at[5] = UINT32_MAX;
	at[6] = 4; /* poll interval */
}

void aql_commands_copy(struct aql_commands *commands, void *to, uint64_t value)
{
	uint32_t *at = add_command(commands, 0x40, 6); /* COPY_DATA */

	at[1] = 5u | 5u << 8 | 1u << 16 | 1u << 20; /* immediate, memory, 64 bits, confirmed */
	at[2] = (uint32_t)value;
	at[3] = (uint32_t)(value >> 32);
	put_address(at + 4, to);
}

void aql_commands_write_back(struct aql_commands *commands, unsigned gfx_major)
{
	uint32_t *at;

	if (gfx_major < 12)
		return;
	at = add_command(commands, 0x58, 8); /* ACQUIRE_MEM */
	at[2] = UINT32_MAX;		     /* all of memory */
	at[3] = 0xff;
	at[6] = 10;		     /* poll interval */
	at[7] = 1u << 15 | 1u << 16; /* GL2_WB, outwards */
}

/* amd_aql_pm4_ib_packet_t (ROCr): a jump to the commands, and how many words remain of the packet behind it. */
struct aql_packet aql_vendor(const struct aql_commands *commands, struct aql_signal *done)
{
	struct aql_packet packet = {
		.header = aql_header(0, true, AQL_SYSTEM, AQL_SYSTEM),
		.setup = 1, /* PM4 commands */
		.signal = (uint64_t)(uintptr_t)done,
	};
	uint32_t jump[5] = {3u << 30 | 2u << 16 | 0x3fu << 8};

	put_address(jump + 1, commands->words);
	jump[3] = commands->used | 1u << 23; /* valid */
	jump[4] = 10;
	memcpy((char *)&packet + 4, jump, sizeof(jump));
	return packet;
}

int64_t aql_value(const struct aql_signal *signal)
{
	return __atomic_load_n(&signal->value, __ATOMIC_ACQUIRE);
}

void aql_store(struct aql_signal *signal, int64_t value)
{
	__atomic_store_n(&signal->value, value, __ATOMIC_RELEASE);
}

bool aql_wait(const struct aql_signal *signal, int64_t wanted, unsigned timeout_ms)
{
	const struct timespec pause = {.tv_nsec = 50000};
	struct timespec start, now;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (;;) {
		if (aql_value(signal) == wanted)
			return true;
		clock_gettime(CLOCK_MONOTONIC, &now);
		if ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 >
		    (long)timeout_ms)
			return false;
		nanosleep(&pause, NULL);
	}
}

void aql_expect(const struct aql_signal *signal, int64_t wanted)
{
	char findings[600];

	if (aql_wait(signal, wanted, PATIENCE_MS))
		return;
	dxgsim_findings(findings, sizeof(findings));
	print_message("%s\n", findings);
	fail_msg("a signal is at %lld, not at %lld", (long long)aql_value(signal), (long long)wanted);
}

void aql_expect_error(const struct aql_queue *queue, int64_t wanted)
{
	const struct timespec pause = {.tv_nsec = 100000};
	uint64_t end = aql_now_ns() + PATIENCE_MS * 1000000ull;

	while (!__atomic_load_n(queue->error, __ATOMIC_ACQUIRE) && aql_now_ns() < end)
		nanosleep(&pause, NULL);
	assert_int_equal(__atomic_load_n(queue->error, __ATOMIC_ACQUIRE), wanted);
}

uint64_t aql_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

void aql_bench_open(struct aql_bench *bench, const char *adapters)
{
	machine_boot(adapters);
	machine_open(&bench->machine);
	assert_in_range(bench->machine.gpu_count, 1, MACHINE_MAX_GPUS);
	bench->node = bench->machine.gpus[0];
	bench->gfx_major = aql_gfx_major(bench->node);
	bench->kernels = aql_alloc(&bench->machine, AQL_KERNEL_KINDS * AQL_KERNEL_BYTES, true);
	bench->signals = aql_alloc(&bench->machine, AQL_BENCH_SIGNALS * sizeof(*bench->signals), false);
	for (unsigned kind = 0; kind < AQL_KERNEL_KINDS; kind++)
		aql_kernel(bench->kernels + kind * AQL_KERNEL_BYTES, bench->gfx_major,
			   (enum aql_kernel_kind)kind);
}

void aql_bench_close(struct aql_bench *bench)
{
	aql_free(bench->signals);
	aql_free(bench->kernels);
}

uint64_t aql_bench_kernel(const struct aql_bench *bench, enum aql_kernel_kind kind)
{
	return (uint64_t)(uintptr_t)(bench->kernels + (unsigned)kind * AQL_KERNEL_BYTES);
}

struct aql_signal *aql_bench_arm(const struct aql_bench *bench, uint32_t index, int64_t value)
{
	struct aql_signal *signal = &bench->signals[index];

	assert_in_range(index, 0, AQL_BENCH_SIGNALS - 1);
	memset(signal, 0, sizeof(*signal));
	signal->kind = 1;
	aql_store(signal, value);
	return signal;
}

HsaEvent *aql_add_event(struct aql_signal *signal)
{
	HsaEventDescriptor descriptor = {.EventType = HSA_EVENTTYPE_SIGNAL};
	HsaEvent *event;

	assert_status(hsaKmtCreateEvent(&descriptor, false, false, &event), SUCCESS);
	signal->event_id = event->EventId;
	signal->mailbox = event->EventData.HWData2;
	return event;
}
