// SPDX-License-Identifier: MIT
/*
 * libFuzzer target: the library's entry points, in any order and with any arguments, on a simulated GPU.
 *
 * An input is a program of one-byte calls, each followed by the bytes its arguments are made of.  Arguments may be
 * hostile where the API can tell: sizes, node ids, flags, addresses to look up.  They are never wild where it cannot:
 * buffers for results are of the size that the caller's layout gives them (on the heap, with a sanitizer around),
 * events are ones that exist, and memory that a queue was created on stays as long as the queue.
 *
 * After every program the library is closed as often as it is open.  Then the simulator has neither leak nor misuse
 * to tell of, and the library opens again.
 */
#include <sched.h>
#include <string.h>
#include <time.h>

#include "dxgsim/dxgsim.h"
#include "fuzz_api.h"
#include "util/log.h"

#define PAGE		0x1000ULL
#define MAX_CALLS	192
#define MAX_BUFFERS	16
#define MAX_EVENTS	12
#define MAX_ELEMENTS	24
#define NODES_ASKED	3
#define HOST_MEMORY_MAX (8ULL << 20)
#define NO_MACHINE_HAS	(1ULL << 40)
#define CACHES_OF_396	1060
#define SETTLE_SECONDS	5
#define CACHES_BEFORE	1056

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct buffer {
	char *address; /* NULL: a free place */
	uint64_t size;
};

static HSAuint32 gpu; /* the last node; there is one GPU */

static struct {
	unsigned int opens;
	unsigned int acquires;
	size_t node_bytes; /* of the caller's HsaNodeProperties */
	struct buffer buffers[MAX_BUFFERS];
	struct buffer last_freed;
	HsaEvent *events[MAX_EVENTS];
	HsaAMDGPUDeviceHandle device;
	bool mailboxes; /* of events: memory that stays until the close */
} caller;

uint64_t take_size(struct input *input)
{
	static const uint64_t sizes[] = {
		0,	   1,	       PAGE - 1,   PAGE + 1,   16 * PAGE,  2ULL << 20,	1ULL << 30,
		0x8c00000, 1ULL << 32, 1ULL << 40, 1ULL << 47, 1ULL << 63, 0ULL - PAGE, UINT64_MAX,
	};
	uint32_t choice = take(input);

	if (choice < 200)
		return (1 + choice % 20) * PAGE;
	if (choice < 250)
		return sizes[choice % (sizeof(sizes) / sizeof(sizes[0]))];
	return take_bytes(input, 8);
}

bool newest_layout(void)
{
	return caller.node_bytes >= 396;
}

HSAuint32 take_node(struct input *input)
{
	const HSAuint32 hostile[] = {gpu + 1, gpu + 2, 0x7fffffff, 0x80000000, INVALID_NODEID};
	uint32_t choice = take(input);

	if (choice >= 220)
		return hostile[choice % 5];
	return choice & 1 ? gpu : 0;
}

HsaMemFlags take_flags(struct input *input)
{
	static const HSAuint32 usual[] = {0x20040, 0x21040, 0x821040, 0x2081, 0x3081,
					  0x240,   0x2040,  0x40,     0x80040};
	uint32_t choice = take(input);
	HsaMemFlags flags = {.Value = usual[choice % 9]};

	if (choice >= 160)
		flags.Value ^= 1U << (choice & 31);
	if (choice >= 250)
		flags.Value = (HSAuint32)take_bytes(input, 4);
	return flags;
}

void *take_address(struct input *input)
{
	static const uintptr_t wild[] = {0,	      1,
					 0x1000,      0x10000,
					 1ULL << 40,  (1ULL << 47) - 0x1000,
					 1ULL << 47,  1ULL << 63,
					 UINTPTR_MAX, UINTPTR_MAX - 0xfff};
	uint32_t choice = take(input);
	const struct buffer *buffer = &caller.buffers[choice % MAX_BUFFERS];

	if (choice < 176)
		return buffer->address;
	if (choice < 216)
		return (void *)((uintptr_t)buffer->address + take_bytes(input, 3));
	if (choice < 226)
		return caller.last_freed.address;
	if (choice < 250)
		return (void *)wild[choice % 10];
	return (void *)(uintptr_t)take_bytes(input, 8);
}

HsaEvent *take_event(struct input *input)
{
	return caller.events[take(input) % MAX_EVENTS];
}

/* What the last close took with it. */
static void forget(void)
{
	memset(caller.events, 0, sizeof(caller.events));
	memset(caller.buffers, 0, sizeof(caller.buffers));
	forget_queues();
	caller.acquires = 0;
	caller.mailboxes = false;
}

static void call_open(struct input *input)
{
	HSAKMT_STATUS status = hsaKmtOpenKFD();

	(void)input;
	REQUIRE(status == (caller.opens ? HSAKMT_STATUS_KERNEL_ALREADY_OPENED : HSAKMT_STATUS_SUCCESS));
	caller.opens++;
}

static void call_close(struct input *input)
{
	HSAKMT_STATUS status = hsaKmtCloseKFD();

	(void)input;
	REQUIRE(status ==
		(caller.opens ? HSAKMT_STATUS_SUCCESS : HSAKMT_STATUS_KERNEL_IO_CHANNEL_NOT_OPENED));
	if (caller.opens && --caller.opens == 0)
		forget();
}

static void call_acquire(struct input *input)
{
	HsaSystemProperties system;
	HSAKMT_STATUS status = hsaKmtAcquireSystemProperties(take(input) == 255 ? NULL : &system);

	if (status == HSAKMT_STATUS_SUCCESS) {
		REQUIRE(caller.opens && system.NumNodes == gpu + 1);
		caller.acquires++;
	}
}

static void call_release(struct input *input)
{
	(void)input;
	REQUIRE(hsaKmtReleaseSystemProperties() == HSAKMT_STATUS_SUCCESS);
	if (caller.acquires)
		caller.acquires--;
}

static void call_abi_check(struct input *input)
{
	static const HSAuint16 known[] = {356, 360, 364, 368, 376, 392, 396, 0};
	static const HSAuint16 descriptors[] = {0, 20, 24, 28, 32, 40};
	uint32_t choice = take(input);
	HsaStructureSizes sizes = {
		.StructureSizes = choice == 255 ? (HSAuint16)take_bytes(input, 2) : sizeof(sizes),
		.SizeOfHsaNodeProperties = choice < 200 ? known[choice & 7] : (HSAuint16)take_bytes(input, 2),
		.SizeOfHsaExternalHandleDesc =
			choice < 230 ? descriptors[choice % 6] : (HSAuint16)take_bytes(input, 2),
	};

	if (DxgAbiCheck(&sizes) == HSAKMT_STATUS_SUCCESS)
		caller.node_bytes = sizes.SizeOfHsaNodeProperties ? sizes.SizeOfHsaNodeProperties : 368;
}

/* Heap memory of exactly this size, with something in it. */
static void *result_buffer(size_t size)
{
	void *memory = malloc(size);

	REQUIRE(memory);
	memset(memory, 0xa5, size);
	return memory;
}

static void call_node(struct input *input)
{
	HSAuint32 node = take_node(input);
	HsaNodeProperties *properties = result_buffer(caller.node_bytes);
	HSAKMT_STATUS status = hsaKmtGetNodeProperties(node, properties);

	REQUIRE((status == HSAKMT_STATUS_SUCCESS) == (caller.opens && caller.acquires && node <= gpu));
	free(properties);
	REQUIRE(hsaKmtGetNodeProperties(node, NULL) == HSAKMT_STATUS_INVALID_PARAMETER);
}

/* More elements than the node has are refused before the buffer is touched, however many more. */
static HSAuint32 take_count(struct input *input, HSAuint32 *room)
{
	uint32_t choice = take(input);

	*room = choice % MAX_ELEMENTS;
	return choice < 250 ? *room : UINT32_MAX - choice;
}

static void call_caches(struct input *input)
{
	HSAuint32 room, node = take_node(input), count = take_count(input, &room);
	void *caches = result_buffer(room * (newest_layout() ? CACHES_OF_396 : CACHES_BEFORE) + 1);

	hsaKmtGetNodeCacheProperties(node, (HSAuint32)take(input), count, caches);
	free(caches);
}

static void call_links(struct input *input)
{
	HSAuint32 room, node = take_node(input), count = take_count(input, &room);
	void *links = result_buffer(room * (caller.node_bytes >= 360 ? 52U : 48U) + 1);

	hsaKmtGetNodeIoLinkProperties(node, count, links);
	free(links);
}

static void call_banks(struct input *input)
{
	HSAuint32 node = take_node(input), count = take(input) % MAX_ELEMENTS;
	HsaMemoryProperties *banks = result_buffer(count * sizeof(*banks) + 1);

	hsaKmtGetNodeMemoryProperties(node, count, banks);
	free(banks);
}

static void call_clocks(struct input *input)
{
	HSAuint32 node = take_node(input);
	HsaClockCounters clocks;
	HSAuint64 number = 0;

	switch (take(input) % 4) {
	case 0:
		hsaKmtGetClockCounters(node, &clocks);
		break;
	case 1:
		hsaKmtGetNodeWallclockFrequency(node, &number);
		break;
	case 2:
		hsaKmtAvailableMemory(node, &number);
		break;
	default:
		hsaKmtGetClockCounters(node, NULL);
		hsaKmtAvailableMemory(node, NULL);
		hsaKmtGetNodeWallclockFrequency(node, NULL);
	}
}

static void call_device(struct input *input)
{
	struct amdgpu_gpu_info info;
	HsaAMDGPUDeviceHandle handle;
	HSAuint32 tiles[8];
	HsaGpuTileConfig config = {.TileConfig = tiles, .NumTileConfigs = take(input) % 8};

	if (hsaKmtGetAMDGPUDeviceHandle(take_node(input), &handle) == HSAKMT_STATUS_SUCCESS)
		caller.device = handle;
	if (take(input) & 1)
		handle = take_address(input);
	else
		handle = caller.device;
	/* a handle that went with a close is refused too */
	amdgpu_query_gpu_info(handle, take(input) == 255 ? NULL : &info);
	hsaKmtGetTileConfig(take_node(input), &config);
}

/*
 * Host memory is there for good once it is allocated, as the driver pins it, and so is that for code: gigabytes would only take
 * this machine's.  Sizes that no machine has stay.
 */
static uint64_t affordable(uint64_t size, HSAuint32 node, HsaMemFlags flags)
{
	bool costs = (!node || !flags.ui32.NonPaged || flags.ui32.GTTAccess || flags.ui32.ExecuteAccess) &&
		     !flags.ui32.Scratch && !flags.ui32.OnlyAddress;

	return costs && size > HOST_MEMORY_MAX && size < NO_MACHINE_HAS ? size % HOST_MEMORY_MAX : size;
}

/* Notes what was allocated, and writes to it where the CPU may. */
static void keep(struct buffer *place, HSAuint32 node, HsaMemFlags flags, void *address, uint64_t size)
{
	REQUIRE(address && size && caller.opens && caller.acquires);
	*place = (struct buffer){address, size};
	if (!node && !flags.ui32.OnlyAddress && !flags.ui32.ReadOnly) {
		place->address[0] = 1;
		place->address[size - 1] = 2;
	}
}

static void call_alloc(struct input *input)
{
	struct buffer *place = &caller.buffers[take(input) % MAX_BUFFERS];
	HSAuint32 node = take_node(input);
	HsaMemFlags flags = take_flags(input);
	uint64_t size = affordable(take_size(input), node, flags), alignment = take(input);
	void *address = NULL;
	HSAKMT_STATUS status;

	flags.ui32.FixedAddress = 0;
	if (place->address)
		return;
	if (alignment < 128) {
		status = hsaKmtAllocMemory(node, size, flags, &address);
	} else {
		/* 1 to 2^63, and one that is no power of two */
		alignment = alignment == 255 ? 3 * PAGE : 1ULL << (alignment & 63);
		status = hsaKmtAllocMemoryAlign(node, size, alignment, flags, &address);
	}
	if (status == HSAKMT_STATUS_SUCCESS)
		keep(place, node, flags, address, size);
}

/* At an address: where something was, where something is, beside it, or anywhere. */
static void call_alloc_at(struct input *input)
{
	struct buffer *place = &caller.buffers[take(input) % MAX_BUFFERS];
	HSAuint32 node = take_node(input);
	HsaMemFlags flags = take_flags(input);
	uint64_t size = affordable(take_size(input), node, flags);
	uint32_t where = take(input);
	uintptr_t wanted = (uintptr_t)(where < 128 ? caller.last_freed.address : take_address(input));
	void *address;

	if (where % 4)
		wanted = (wanted & ~(uintptr_t)0xfff) + (where & 0x30) * PAGE;
	address = (void *)wanted;
	flags.ui32.FixedAddress = 1;
	if (place->address || hsaKmtAllocMemory(node, size, flags, &address) != HSAKMT_STATUS_SUCCESS)
		return;
	REQUIRE((uintptr_t)address == wanted);
	keep(place, node, flags, address, size);
}

static void call_free(struct input *input)
{
	char *address = take_address(input);
	uint64_t size = take_size(input);

	for (unsigned int i = 0; i < MAX_BUFFERS; i++)
		if (address && caller.buffers[i].address == address &&
		    queues_use(address, caller.buffers[i].size))
			return;
	if (hsaKmtFreeMemory(address, size) != HSAKMT_STATUS_SUCCESS)
		return;
	for (unsigned int i = 0; i < MAX_BUFFERS; i++) {
		if (caller.buffers[i].address == address) {
			caller.last_freed = caller.buffers[i];
			caller.buffers[i].address = NULL;
			return;
		}
	}
	fprintf(stderr, "%p was freed, but never allocated\n", (void *)address);
	abort();
}

static void call_map(struct input *input)
{
	void *address = take_address(input);
	HSAuint64 size = take_size(input), alternate = 1, count = take(input);
	HSAuint32 nodes[NODES_ASKED];
	HsaMemFlags flags = {.Value = 0};

	if (count < 100) {
		hsaKmtMapMemoryToGPU(address, size, count & 1 ? &alternate : NULL);
		return;
	}
	for (unsigned int i = 0; i < NODES_ASKED; i++)
		nodes[i] = take(input) < 240 ? gpu : take_node(input);
	/* an impossible number of nodes is refused before the array is read */
	count = count == 255 ? 1ULL << 40 : count % (NODES_ASKED + 1);
	hsaKmtMapMemoryToGPUNodes(address, size, &alternate, flags, count, count ? nodes : NULL);
}

static void call_unmap(struct input *input)
{
	hsaKmtUnmapMemoryToGPU(take_address(input));
}

static void call_pointer_info(struct input *input)
{
	void *address = take_address(input);
	HsaPointerInfo info;

	if (hsaKmtQueryPointerInfo(address, &info) != HSAKMT_STATUS_SUCCESS) {
		REQUIRE(info.Type == HSA_POINTER_UNKNOWN);
		return;
	}
	/* what is registered may be elsewhere on the GPU */
	REQUIRE(info.Type == HSA_POINTER_REGISTERED_USER ||
		(info.GPUAddress <= (uintptr_t)address &&
		 (uintptr_t)address - info.GPUAddress < info.SizeInBytes));
	for (HSAuint32 i = 0; i < info.NMappedNodes; i++)
		REQUIRE(info.MappedNodes[i] == gpu);
	hsaKmtSetMemoryUserData(address, (void *)(uintptr_t)take_bytes(input, 2));
}

static void call_create_event(struct input *input)
{
	HsaEvent **place = &caller.events[take(input) % MAX_EVENTS];
	uint32_t kind = take(input);
	HsaEventDescriptor descriptor = {.EventType = (HSA_EVENTTYPE)(kind % 12), .NodeId = take_node(input)};
	HsaEvent *event = NULL;

	if (*place)
		return;
	if (hsaKmtCreateEvent(&descriptor, kind & 64, kind & 128, &event) == HSAKMT_STATUS_SUCCESS) {
		REQUIRE(event && event->EventId && caller.opens);
		*place = event;
		caller.mailboxes = true;
	}
}

static void call_destroy_event(struct input *input)
{
	HsaEvent **place = &caller.events[take(input) % MAX_EVENTS];
	HSAKMT_STATUS status = hsaKmtDestroyEvent(*place);

	REQUIRE((status == HSAKMT_STATUS_SUCCESS) == (*place != NULL));
	*place = NULL;
}

static void call_event(struct input *input)
{
	HsaEvent *event = take_event(input);

	switch (take(input) % 3) {
	case 0:
		hsaKmtSetEvent(event);
		break;
	case 1:
		hsaKmtResetEvent(event);
		break;
	default:
		hsaKmtQueryEventState(event);
	}
}

static void call_wait(struct input *input)
{
	uint32_t how = take(input), count = how % 5;
	HSAuint32 milliseconds = how & 0x80 && how & 0x40 ? 1 : 0;
	HsaEvent *events[4] = {NULL};
	uint64_t ages[4];

	for (unsigned int i = 0; i < 4; i++) {
		events[i] = take_event(input);
		ages[i] = take(input) % 4;
	}
	if ((how & 0x24) == 0x24)
		hsaKmtWaitOnEvent(events[0], milliseconds);
	else if (how & 0x20)
		hsaKmtWaitOnEvent_Ext(events[0], milliseconds, ages);
	else if (how & 8)
		hsaKmtWaitOnMultipleEvents(events, count, how & 0x10, milliseconds);
	else
		hsaKmtWaitOnMultipleEvents_Ext(how == 255 ? NULL : events, count, how & 0x10, milliseconds,
					       how & 2 ? ages : NULL);
}

static void call_runtime(struct input *input)
{
	HSAuint32 node = take_node(input), capabilities;
	uint32_t which = take(input);
	HsaVersionInfo version;
	bool model;

	switch (which % 6) {
	case 0:
		hsaKmtRuntimeEnable(take_address(input), which & 8);
		break;
	case 1:
		hsaKmtRuntimeDisable();
		hsaKmtCheckRuntimeDebugSupport();
		break;
	case 2:
		hsaKmtGetRuntimeCapabilities(which & 8 ? NULL : &capabilities);
		hsaKmtModelEnabled(which & 8 ? NULL : &model);
		break;
	case 3:
		hsaKmtGetVersion(which & 8 ? NULL : &version);
		break;
	case 4:
		hsaKmtSetMemoryPolicy(node, which & 8, which & 16, take_address(input), take_size(input));
		break;
	default:
		hsaKmtSetTrapHandler(node, take_address(input), take_size(input), take_address(input),
				     take_size(input));
	}
}

/*
 * Frees what there is; then nothing of it is left on the GPU, though the library is open.  It frees without waiting: what the
 * host is not done with goes with a later call.
 */
static void free_everything(void)
{
	time_t end = time(NULL) + SETTLE_SECONDS;
	HsaMemFlags flags = {.ui32 = {.HostAccess = 1, .FixedAddress = 1}};
	HsaSystemProperties system;

	destroy_queues();
	for (unsigned int i = 0; i < MAX_BUFFERS; i++)
		if (caller.buffers[i].address)
			REQUIRE(hsaKmtFreeMemory(caller.buffers[i].address, 0) == HSAKMT_STATUS_SUCCESS);
	memset(caller.buffers, 0, sizeof(caller.buffers));
	deregister_everything();
	REQUIRE(hsaKmtAcquireSystemProperties(&system) == HSAKMT_STATUS_SUCCESS);
	while (dxgsim_live_objects("allocation") > caller.mailboxes) {
		/* an address in use: refused, but not before everything kept for later was given back */
		void *address = (void *)((uintptr_t)&flags & ~(uintptr_t)0xfff);

		REQUIRE(time(NULL) <= end);
		REQUIRE(hsaKmtAllocMemory(0, 0x20000, flags, &address) != HSAKMT_STATUS_SUCCESS);
		sched_yield();
	}
	REQUIRE(hsaKmtReleaseSystemProperties() == HSAKMT_STATUS_SUCCESS);
}

/* The more often a call is in the list, the more often it is made. */
static void (*const calls[])(struct input *input) = {
	call_alloc_at,	    call_alloc_at,     call_open,	  call_acquire,	     call_alloc,
	call_alloc,	    call_alloc,	       call_free,	  call_free,	     call_map,
	call_map,	    call_map,	       call_unmap,	  call_unmap,	     call_create_event,
	call_destroy_event, call_event,	       call_wait,	  call_wait,	     call_pointer_info,
	call_node,	    call_caches,       call_links,	  call_banks,	     call_clocks,
	call_device,	    call_runtime,      call_refused,	  call_refused,	     call_abi_check,
	call_release,	    call_close,	       call_registration, call_registration, call_registration,
	call_create_queue,  call_create_queue, call_queue,	  call_queue,
};

static void print_findings(void)
{
	char text[4096];

	dxgsim_findings(text, sizeof(text));
	fprintf(stderr, "the simulator found:\n%s", text);
}

static void check_nothing_is_left(void)
{
	if (!dxgsim_misuse_count() && !dxgsim_leak_count() && !dxgsim_live_objects(NULL))
		return;
	print_findings();
	abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	HsaSystemProperties system;

	(void)argc;
	(void)argv;
	log_set_level(LOG_NONE);
	/* one GPU: the topology is read anew after every close */
	setenv("DXGSIM_ADAPTERS", "rx6800", 1);
	setenv("DXGSIM_ADAPTER_PATH", ADAPTERS, 0);
	dxgsim_reset();
	REQUIRE(hsaKmtOpenKFD() == HSAKMT_STATUS_SUCCESS);
	REQUIRE(hsaKmtAcquireSystemProperties(&system) == HSAKMT_STATUS_SUCCESS);
	REQUIRE(system.NumNodes >= 2);
	gpu = system.NumNodes - 1;
	REQUIRE(hsaKmtCloseKFD() == HSAKMT_STATUS_SUCCESS);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const HsaStructureSizes nothing_told = {.StructureSizes = sizeof(nothing_told)};
	HsaStructureSizes sizes = nothing_told;
	struct input input = {data, size};
	uint32_t begin = take(&input);

	memset(&caller, 0, sizeof(caller));
	forget_registrations();
	forget_queues();
	caller.node_bytes = 368;
	REQUIRE(DxgAbiCheck(&sizes) == HSAKMT_STATUS_SUCCESS);
	/* most programs are of use only with the library open */
	if (begin < 240)
		call_open(&input);
	if (begin < 224)
		call_acquire(&input);
	for (unsigned int i = 0; i < MAX_CALLS && input.size; i++)
		calls[take(&input) % (sizeof(calls) / sizeof(calls[0]))](&input);
	/* else the close has it to do */
	if (caller.opens && begin % 4 == 0)
		free_everything();
	while (caller.opens)
		call_close(&input);
	check_nothing_is_left();
	call_open(&input);
	call_close(&input);
	return 0;
}
