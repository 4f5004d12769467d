// SPDX-License-Identifier: MIT
/* One GPU of each generation, memory of every kind, and a queue on each that nobody meddles with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "dxgsim/dxgsim.h"
#include "fuzz_rings.h"

/* without hardware scheduling; with it; where the GPU cannot decrement what the CPU looks at */
#define ADAPTERS_USED	"rx6800,kernels=skip;rx7900xtx,hws,kernels=skip;rx9070xt,hws,atomics=off,kernels=skip"
#define BYSTANDER_SLOTS 64u
#define USER_BYTES	0x2000u

struct rings_machine m;

static char *alloc(HSAuint32 node, uint64_t bytes, HsaMemFlags flags)
{
	void *memory = NULL;

	REQUIRE(hsaKmtAllocMemory(node, bytes, flags, &memory) == HSAKMT_STATUS_SUCCESS);
	return memory;
}

/* Memory that packets may name, but that not both the CPU and the GPU reach. */
static void alloc_elsewhere(void)
{
	const HsaMemFlags host = {.ui32 = {.HostAccess = 1}};
	const HsaMemFlags local = {.ui32 = {.NonPaged = 1, .CoarseGrain = 1}};
	const HsaMemFlags scratch = {.ui32 = {.Scratch = 1, .HostAccess = 1}};
	const HsaMemFlags address = {.ui32 = {.OnlyAddress = 1}};
	HsaMemMapFlags map = {.Value = 0};
	HSAuint64 va;

	m.unmapped = alloc(m.machine.cpu, 4096, host);
	m.address = alloc(m.machine.cpu, PRIVATE_BYTES, address);
	for (uint32_t i = 0; i < GPUS; i++) {
		m.local[i] = alloc(m.machine.gpus[i], PRIVATE_BYTES, local);
		REQUIRE(hsaKmtMapMemoryToGPUNodes(m.local[i], PRIVATE_BYTES, &va, map, 1,
						  &m.machine.gpus[i]) == HSAKMT_STATUS_SUCCESS);
		m.scratch[i] = alloc(m.machine.gpus[i], PRIVATE_BYTES, scratch);
	}
	m.freed = alloc(m.machine.cpu, PRIVATE_BYTES, host);
	REQUIRE(hsaKmtFreeMemory(m.freed, PRIVATE_BYTES) == HSAKMT_STATUS_SUCCESS);
}

static void register_user_memory(void)
{
	HsaMemMapFlags map = {.Value = 0};
	HSAuint64 va;

	m.user = mmap(NULL, USER_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	REQUIRE(m.user != MAP_FAILED);
	REQUIRE(hsaKmtRegisterMemoryToNodes(m.user, USER_BYTES, GPUS, m.machine.gpus) ==
		HSAKMT_STATUS_SUCCESS);
	REQUIRE(hsaKmtMapMemoryToGPUNodes(m.user, USER_BYTES, &va, map, GPUS, m.machine.gpus) ==
		HSAKMT_STATUS_SUCCESS);
}

static void alloc_rings(void)
{
	const HsaEventDescriptor descriptor = {.EventType = HSA_EVENTTYPE_SIGNAL};
	char *buffers = aql_alloc(&m.machine, BUFFERS * BUFFER_WORDS * sizeof(uint32_t), true);

	for (uint32_t i = 0; i < BUFFERS; i++)
		m.buffers[i].at = (uint32_t *)(void *)buffers + (size_t)i * BUFFER_WORDS;
	for (uint32_t i = 0; i < SLOTS; i++) {
		m.rings[i].memory = aql_alloc(&m.machine, RING_WORDS * sizeof(uint32_t), true);
		m.rings[i].amd_queue = aql_alloc(&m.machine, 4096, false);
	}
	for (uint32_t i = 0; i < EVENTS; i++) {
		HsaEventDescriptor copy = descriptor;

		REQUIRE(hsaKmtCreateEvent(&copy, i & 1, false, &m.events[i]) == HSAKMT_STATUS_SUCCESS);
	}
}

void rings_machine_open(void)
{
	HsaNodeProperties properties;

	memset(&m, 0, sizeof(m));
	machine_boot(ADAPTERS_USED);
	machine_open(&m.machine);
	REQUIRE(m.machine.gpu_count == GPUS);
	m.data = aql_alloc(&m.machine, DATA_BYTES, false);
	m.kernels = aql_alloc(&m.machine, GPUS * AQL_KERNEL_KINDS * AQL_KERNEL_BYTES, true);
	m.spoiled = aql_alloc(&m.machine, SPOILED * AQL_KERNEL_BYTES, true);
	m.signals = aql_alloc(&m.machine, SIGNALS * sizeof(struct aql_signal), false);
	m.good = aql_alloc(&m.machine, GPUS * sizeof(struct aql_signal), false);
	alloc_elsewhere();
	register_user_memory();
	alloc_rings();
	for (uint32_t i = 0; i < GPUS; i++) {
		REQUIRE(hsaKmtGetNodeProperties(m.machine.gpus[i], &properties) == HSAKMT_STATUS_SUCCESS);
		m.gfx[i] = properties.EngineId.ui32.Major;
		m.lds[i] = properties.LDSSizeInKB * 1024;
		for (unsigned kind = 0; kind < AQL_KERNEL_KINDS; kind++)
			aql_kernel(m.kernels + (i * AQL_KERNEL_KINDS + kind) * AQL_KERNEL_BYTES, m.gfx[i],
				   (enum aql_kernel_kind)kind);
		aql_open(&m.bystanders[i], &m.machine, m.machine.gpus[i], BYSTANDER_SLOTS);
		REQUIRE(bystander_works(i, 20000));
	}
	m.contexts = dxgsim_live_objects("context");
}

void print_findings(void)
{
	char text[4096];

	dxgsim_findings(text, sizeof(text));
	fprintf(stderr, "the simulator found:\n%s", text);
}

/* The queues end with the library, and so does all the rest. */
void rings_machine_close(void)
{
	REQUIRE(hsaKmtCloseKFD() == HSAKMT_STATUS_SUCCESS);
	if (dxgsim_leak_count() || dxgsim_live_objects(NULL)) {
		print_findings();
		abort();
	}
	munmap(m.user, USER_BYTES);
}

bool bystander_works(uint32_t gpu, unsigned timeout_ms)
{
	struct aql_queue *queue = &m.bystanders[gpu];
	struct aql_signal *done = &m.good[gpu];
	uint64_t kernel =
		(uint64_t)(uintptr_t)m.kernels + (uint64_t)gpu * AQL_KERNEL_KINDS * AQL_KERNEL_BYTES;
	struct aql_packet packet = aql_dispatch(kernel, done);

	if (__atomic_load_n(queue->error, __ATOMIC_ACQUIRE))
		return false;
	memset(done, 0, sizeof(*done));
	done->kind = 1;
	aql_store(done, 1);
	aql_send(queue, &packet);
	return aql_wait(done, 0, timeout_ms);
}

/* ---- where packets lead ---- */

static uint64_t address_of(const void *memory)
{
	return (uint64_t)(uintptr_t)memory;
}

/* Some place of this GPU's; what only the GPU finds to be wrong comes with harm alone. */
uint64_t take_place(struct run *run, enum reach *reach)
{
	static const uint64_t nowhere[] = {8,
					   64,
					   0x1000,
					   0x10000,
					   0x7000deadb000,
					   1ULL << 40,
					   0x7ffffffff000,
					   0x7fffffffffc0,
					   0x800000000000,
					   1ULL << 63,
					   UINT64_MAX,
					   UINT64_MAX - 7,
					   UINT64_MAX - 63,
					   UINT64_MAX - 4095};
	uint32_t choice = take(run->input);

	*reach = REACH_NONE;
	switch (choice % 8) {
	case 0:
		return address_of(m.local[run->gpu]) + choice / 8 * 64u;
	case 1:
		return address_of(m.address) + choice / 8 * 64u;
	case 2:
		return address_of(m.scratch[run->gpu]) + choice / 8 * 64u;
	case 3:
	case 4:
		if (!run->harm)
			break;
		*reach = REACH_CPU;
		return choice % 8 == 3 ? address_of(m.unmapped) + choice / 8 * 64u
				       : address_of(m.freed) + choice / 8 * 64u;
	case 5:
		if (run->harm)
			return take_bytes(run->input, 8);
		break;
	default:
		break;
	}
	return nowhere[choice / 8 % (sizeof(nowhere) / sizeof(nowhere[0]))];
}

uint64_t take_signal(struct run *run, enum reach *reach)
{
	uint32_t choice = take(run->input);

	*reach = REACH_ALL;
	if (choice < 48)
		return 0;
	if (choice < 200)
		return address_of(&m.signals[choice % FREE_SIGNALS]);
	if (choice < 212)
		return address_of(m.data) + choice % 12 * 64u;
	if (choice < 224)
		return address_of(m.user) + USER_BYTES - 64 - choice % 12 * 8u;
	*reach = REACH_NONE;
	if (choice < 232)
		return address_of(m.signals) + choice % 7 + 1; /* not aligned */
	if (choice < 240)
		return address_of(&m.signals[SIGNALS]) - (choice % 7 + 1) * 8u; /* not all of it is there */
	return take_place(run, reach);
}

HSAuint32 take_event_id(struct run *run)
{
	uint32_t choice = take(run->input);

	if (choice < 200)
		return m.events[choice % EVENTS]->EventId;
	return choice < 240 ? choice * 113 : (HSAuint32)take_bytes(run->input, 4);
}
