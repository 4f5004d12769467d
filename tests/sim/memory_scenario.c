// SPDX-License-Identifier: MIT
/*
 * Every call of the memory interface, on memory of every kind, small and large, of the library and of the program.
 *
 * A call that fails is made once more, for what failed was one ioctl: only a GPU that is gone fails for good.  Between
 * the two nothing may have changed.
 */
#include "scenario.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <hsakmt/hsakmt_dxg.h>

#define MAX_GPUS 8
#define KIB	 1024ULL
#define MIB	 (1024 * KIB)
#define GIB	 (1024 * MIB)
#define PAGE	 (4 * KIB)

#define ARENA_SIZE (16 * PAGE)

/* Where memory comes from and what may be done with it. */
enum home { HOST, FIRST_GPU, SECOND_GPU };

struct kind {
	const char *name;
	enum home home;
	HSAuint32 flags;
	HSAuint64 size;
	HSAuint64 alignment; /* 0: hsaKmtAllocMemory */
	HSAuint64 below;     /* hsaKmtDxgAllocMemory: lies below this address */
	bool visible;	     /* hsaKmtDxgAllocMemory: the CPU uses it, too */
	HSAuint64 part;	     /* mapped from `part` on, as many bytes; 0: the whole */
	bool not_mapped;
};

static const struct kind kinds[] = {
	{.name = "a kernarg block", .flags = 0x20040, .size = PAGE},
	{.name = "another kernarg block", .flags = 0x20040, .size = PAGE},
	{.name = "a code block", .flags = 0x21040, .size = 2 * PAGE},
	{.name = "a fine block", .flags = 0x40, .size = 64 * KIB},
	{.name = "a coarse buffer", .flags = 0x2040, .size = 3 * MIB},
	{.name = "a code buffer", .flags = 0x21040, .size = 1 * MIB},
	{.name = "a ring", .flags = 0x25040, .size = 256 * KIB},
	{.name = "an aligned buffer", .flags = 0x40, .size = 192 * KIB, .alignment = 4 * MIB},
	{.name = "an aligned block", .flags = 0x20040, .size = PAGE, .alignment = 16 * KIB},
	{.name = "a VRAM block", .home = FIRST_GPU, .flags = 0x2081, .size = 64 * KIB},
	{.name = "a VRAM piece", .home = FIRST_GPU, .flags = 0x2081, .size = 2 * MIB},
	{.name = "a code object", .home = FIRST_GPU, .flags = 0x3081, .size = 128 * KIB},
	{.name = "VRAM of two chunks", .home = FIRST_GPU, .flags = 0x2081, .size = 3 * GIB},
	{.name = "aligned VRAM", .home = FIRST_GPU, .flags = 0x2081, .size = 2 * MIB, .alignment = 8 * MIB},
	{.name = "VRAM of the second GPU", .home = SECOND_GPU, .flags = 0x2081, .size = 64 * KIB},
	{.name = "VRAM that the CPU sees",
	 .home = FIRST_GPU,
	 .flags = 0x2081,
	 .size = 192 * KIB,
	 .visible = true},
	{.name = "a low buffer", .flags = 0x40, .size = 128 * KIB, .below = 4 * GIB},
	{.name = "low VRAM", .home = FIRST_GPU, .flags = 0x2081, .size = 64 * KIB, .below = 4 * GIB},
	{.name = "scratch", .home = FIRST_GPU, .flags = 0x240, .size = 4 * GIB, .part = 30 * MIB},
	{.name = "a handle", .home = FIRST_GPU, .flags = 0x40081, .size = 2 * MIB, .not_mapped = true},
	{.name = "an address", .home = FIRST_GPU, .flags = 0x80001, .size = 1 * GIB, .not_mapped = true},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

struct run {
	struct scenario_result *result;
	bool opened;
	bool acquired;
	HSAuint32 cpu;
	HSAuint32 gpus[MAX_GPUS];
	HSAuint32 gpu_count;
	unsigned char *memory[KINDS];
	unsigned char *arena;
	unsigned char *registered[4];
	unsigned registered_count;
};

static void wrong(struct run *run, const char *what)
{
	if (!run->result->wrong)
		run->result->wrong = what;
}

static void unless_lost(struct run *run, const char *what)
{
	if (!run->result->unless_lost)
		run->result->unless_lost = what;
}

static bool failed(struct run *run, HSAKMT_STATUS status, const char *step)
{
	if (status == HSAKMT_STATUS_SUCCESS)
		return false;
	if (run->result->status == HSAKMT_STATUS_SUCCESS) {
		run->result->status = status;
		run->result->step = step;
	}
	if (!strcmp(scenario_status_name(status), "another status"))
		wrong(run, "the status means something else");
	return true;
}

static void undone(struct run *run, HSAKMT_STATUS status, const char *step)
{
	if (status != HSAKMT_STATUS_SUCCESS && run->result->cleanup == HSAKMT_STATUS_SUCCESS) {
		run->result->cleanup = status;
		run->result->cleanup_step = step;
	}
}

#define CALL(call) (!failed(run, call, #call))
/* The second time it works, or the GPU is gone. */
#define AGAIN(call) (!failed(run, call, #call) || again(run, call, #call))
#define UNDO(call)  undone(run, call, #call)

static bool again(struct run *run, HSAKMT_STATUS status, const char *step)
{
	if (status == HSAKMT_STATUS_SUCCESS)
		return true;
	unless_lost(run, "a call failed twice");
	return !failed(run, status, step);
}

static bool open_nodes(struct run *run)
{
	HsaSystemProperties system;

	if (!CALL(hsaKmtOpenKFD()))
		return false;
	run->opened = true;
	if (!CALL(hsaKmtAcquireSystemProperties(&system)))
		return false;
	run->acquired = true;
	for (HSAuint32 id = 0; id < system.NumNodes; id++) {
		HsaNodeProperties node;

		if (!CALL(hsaKmtGetNodeProperties(id, &node)))
			return false;
		if (!node.NumFComputeCores) {
			run->result->cpu_nodes++;
			run->cpu = id;
			continue;
		}
		run->result->gpu_nodes++;
		if (run->gpu_count < MAX_GPUS)
			run->gpus[run->gpu_count++] = id;
	}
	return run->gpu_count == 2; /* else the sweep wants to know why */
}

static bool cpu_uses(const struct kind *kind)
{
	return kind->home == HOST || kind->visible;
}

static HSAuint32 node_of(const struct run *run, const struct kind *kind)
{
	return kind->home == HOST ? run->cpu : run->gpus[kind->home - FIRST_GPU];
}

static HSAKMT_STATUS allocate(const struct run *run, const struct kind *kind, void **address)
{
	HsaMemFlags flags = {.Value = kind->flags};
	struct hsakmt_dxg_alloc_options options = {
		.size = sizeof(options),
		.flags = kind->visible ? HSAKMT_DXG_ALLOC_CPU_VISIBLE : 0,
		.highest_address = kind->below,
	};

	*address = run->result; /* must not stay */
	if (kind->visible || kind->below)
		return hsaKmtDxgAllocMemory(node_of(run, kind), kind->size, flags, &options, address);
	if (kind->alignment)
		return hsaKmtAllocMemoryAlign(node_of(run, kind), kind->size, kind->alignment, flags,
					      address);
	return hsaKmtAllocMemory(node_of(run, kind), kind->size, flags, address);
}

/* Marks both ends. */
static void fill(unsigned char *address, HSAuint64 size, size_t number)
{
	memset(address, (int)number + 1, 64);
	memset(address + size - 64, (int)number + 0x81, 64);
}

static bool is_filled(const unsigned char *address, HSAuint64 size, size_t number)
{
	return address[0] == number + 1 && address[63] == number + 1 &&
	       address[size - 64] == (unsigned char)(number + 0x81) &&
	       address[size - 1] == (unsigned char)(number + 0x81);
}

static bool make(struct run *run, size_t number)
{
	const struct kind *kind = &kinds[number];
	void *address;

	for (int attempt = 0;; attempt++) {
		HSAKMT_STATUS status = allocate(run, kind, &address);

		if (!failed(run, status, kind->name))
			break;
		if (address)
			wrong(run, "an allocation that failed has an address");
		if (attempt) {
			unless_lost(run, "a call failed twice");
			return false;
		}
	}
	run->memory[number] = address;
	if (!address || (uintptr_t)address % (kind->alignment ? kind->alignment : PAGE))
		wrong(run, "an allocation is not aligned");
	else if (kind->below && (uintptr_t)address > kind->below - kind->size)
		wrong(run, "an allocation is outside of its window");
	else if (cpu_uses(kind))
		fill(address, kind->size, number);
	return true;
}

/* The library knows the object that the pointer leads into, as it was asked for and mapped. */
static void check_pointer(struct run *run, const unsigned char *start, HSAuint64 offset, HSAuint64 size,
			  HSA_POINTER_TYPE type, unsigned least, unsigned most, const void *user_data)
{
	HsaPointerInfo info;

	if (hsaKmtQueryPointerInfo(start + offset, &info) != HSAKMT_STATUS_SUCCESS) {
		wrong(run, "a pointer is not known");
		return;
	}
	if (info.Type != type)
		wrong(run, "a pointer is of another type");
	if (info.SizeInBytes != size || info.CPUAddress != start)
		wrong(run, "a pointer leads elsewhere");
	if (info.NMappedNodes < least)
		unless_lost(run, "an object is not mapped everywhere");
	if (info.NMappedNodes > most)
		wrong(run, "an object is mapped where it should not be");
	if (info.UserData != user_data)
		wrong(run, "an object has other user data");
}

/*
 * One map, to all nodes if nodes is NULL.  When it fails it is on no node that it was not on before, and on those that
 * it was on and was to stay on.
 */
static bool map_nodes(struct run *run, size_t number, unsigned count, HSAuint32 *nodes, unsigned before,
		      unsigned staying)
{
	const struct kind *kind = &kinds[number];
	unsigned char *address = run->memory[number];
	HsaMemMapFlags flags = {.Value = 0};
	HSAuint64 va;

	for (int attempt = 0;; attempt++) {
		HSAKMT_STATUS status =
			nodes ? hsaKmtMapMemoryToGPUNodes(address, kind->size, &va, flags, count, nodes)
			      : hsaKmtMapMemoryToGPU(address, kind->size, &va);

		if (!failed(run, status, kind->name))
			break;
		check_pointer(run, address, kind->size / 2, kind->size, HSA_POINTER_ALLOCATED, staying,
			      before, NULL);
		if (attempt) {
			unless_lost(run, "a call failed twice");
			return false;
		}
	}
	check_pointer(run, address, kind->size - 1, kind->size, HSA_POINTER_ALLOCATED, count, count, NULL);
	return true;
}

/* A piece of a reservation is mapped and unmapped. */
static bool use_part(struct run *run, size_t number)
{
	const struct kind *kind = &kinds[number];
	unsigned char *part = run->memory[number] + kind->part;
	HSAuint64 va;

	return AGAIN(hsaKmtMapMemoryToGPU(part, kind->part, &va)) && AGAIN(hsaKmtUnmapMemoryToGPU(part)) &&
	       AGAIN(hsaKmtMapMemoryToGPU(part, kind->part, &va));
}

static bool use_address(struct run *run, size_t number)
{
	HSAuint64 va;

	check_pointer(run, run->memory[number], 12345, kinds[number].size, HSA_POINTER_RESERVED_ADDR, 0, 0,
		      NULL);
	if (hsaKmtMapMemoryToGPU(run->memory[number], kinds[number].size, &va) !=
	    HSAKMT_STATUS_INVALID_PARAMETER)
		wrong(run, "an address without memory was mapped");
	return true;
}

/* Mapped and remapped and unmapped, and left mapped if its number is odd. */
static bool use(struct run *run, size_t number)
{
	const struct kind *kind = &kinds[number];
	unsigned char *address = run->memory[number];
	HSAuint32 own = node_of(run, kind);
	unsigned mapped;

	if (kind->part)
		return use_part(run, number);
	if (kind->not_mapped)
		return use_address(run, number);
	if (kind->home == HOST) {
		if (!map_nodes(run, number, 1, &run->gpus[0], 0, 0) ||
		    !map_nodes(run, number, 2, run->gpus, 1, 1) ||
		    !map_nodes(run, number, 1, &run->gpus[1], 2, 1) || !map_nodes(run, number, 2, NULL, 1, 1))
			return false;
	} else if (!map_nodes(run, number, 1, &own, 0, 0)) {
		return false;
	}
	if (!AGAIN(hsaKmtSetMemoryUserData(address + kind->size / 3, run)))
		return false;
	mapped = kind->home == HOST ? 2 : 1;
	check_pointer(run, address, 0, kind->size, HSA_POINTER_ALLOCATED, mapped, mapped, run);
	if (number % 2)
		return true;
	if (!AGAIN(hsaKmtUnmapMemoryToGPU(address)))
		return false;
	check_pointer(run, address, 0, kind->size, HSA_POINTER_ALLOCATED, 0, 0, run);
	return true;
}

static bool map_user(struct run *run, unsigned char *address, HSAuint64 size, unsigned count,
		     HSAuint32 *nodes)
{
	HsaMemMapFlags flags = {.Value = 0};
	HSAuint64 va = 0;

	if (nodes && !AGAIN(hsaKmtMapMemoryToGPUNodes(address, size, &va, flags, count, nodes)))
		return false;
	if (!nodes && !AGAIN(hsaKmtMapMemoryToGPU(address, size, &va)))
		return false;
	check_pointer(run, address, size - 1, size, HSA_POINTER_REGISTERED_USER, count, count, NULL);
	return true;
}

static void is_registered(struct run *run, unsigned char *address)
{
	run->registered[run->registered_count++] = address;
}

/* Memory of the program: unaligned, overlapping, to some nodes and to all. */
static bool use_arena(struct run *run)
{
	static const HsaMemFlags coarse = {.Value = 0x2040}; /* HostAccess | CoarseGrain */
	unsigned char *first = run->arena + 100, *second = run->arena + 3 * PAGE + 8,
		      *third = run->arena + 8 * PAGE;

	if (!AGAIN(hsaKmtRegisterMemory(first, 5 * PAGE)))
		return false;
	is_registered(run, first);
	if (!map_user(run, first, 5 * PAGE, 2, NULL))
		return false;
	if (!AGAIN(hsaKmtRegisterMemoryToNodes(second, 4 * PAGE + 16, 1, &run->gpus[0])))
		return false;
	is_registered(run, second);
	if (!map_user(run, second, 4 * PAGE + 16, 1, &run->gpus[0]))
		return false;
	if (!AGAIN(hsaKmtRegisterMemoryWithFlags(third, 3, coarse)))
		return false;
	is_registered(run, third);
	if (!map_user(run, third, 3, 2, run->gpus) || !AGAIN(hsaKmtUnmapMemoryToGPU(third)))
		return false;
	check_pointer(run, third, 1, 3, HSA_POINTER_REGISTERED_USER, 0, 0, NULL);
	if (!AGAIN(hsaKmtUnmapMemoryToGPU(first)) || !AGAIN(hsaKmtDeregisterMemory(first)))
		return false;
	memmove(&run->registered[0], &run->registered[1],
		sizeof(run->registered) - sizeof(run->registered[0]));
	run->registered_count--;
	/* the rest is deregistered as it is */
	return true;
}

#define BLOCKS 200

/* Twice as many small blocks of VRAM as are kept when they are free: some memory is offered, and had back. */
static bool use_blocks(struct run *run)
{
	const HsaMemFlags flags = {.Value = 0x2081};
	void *blocks[BLOCKS];
	bool good = true;

	for (unsigned round = 0; round < 2 && good; round++) {
		unsigned count = 0;

		while (good && count < BLOCKS) {
			good = AGAIN(hsaKmtAllocMemory(run->gpus[0], 64 * KIB, flags, &blocks[count]));
			count += good;
		}
		while (count)
			UNDO(hsaKmtFreeMemory(blocks[--count], 64 * KIB));
	}
	return good;
}

static bool ask(struct run *run)
{
	for (HSAuint32 i = 0; i < run->gpu_count; i++) {
		HSAuint64 bytes = 0;

		if (!AGAIN(hsaKmtAvailableMemory(run->gpus[i], &bytes)))
			return false;
		if (!bytes)
			wrong(run, "no memory is available");
		if (hsaKmtSetMemoryPolicy(run->gpus[i], HSA_CACHING_CACHED, HSA_CACHING_NONCACHED, NULL, 0) !=
		    HSAKMT_STATUS_NOT_IMPLEMENTED)
			wrong(run, "a memory policy was set");
	}
	return true;
}

static void check_contents(struct run *run)
{
	for (size_t i = 0; i < KINDS; i++)
		if (run->memory[i] && cpu_uses(&kinds[i]) && !is_filled(run->memory[i], kinds[i].size, i))
			wrong(run, "contents were lost");
	for (size_t i = 0; i < ARENA_SIZE; i++)
		if (run->arena[i] != (unsigned char)(i / 7))
			wrong(run, "contents of the program's memory were lost");
}

/* Freed is freed: the library does not know it any more, and says so if it is freed again. */
static bool release(struct run *run, size_t number)
{
	unsigned char *address = run->memory[number];
	HsaPointerInfo info;

	if (!AGAIN(hsaKmtFreeMemory(address, kinds[number].size)))
		return false;
	run->memory[number] = NULL;
	if (hsaKmtQueryPointerInfo(address, &info) == HSAKMT_STATUS_SUCCESS && info.CPUAddress == address)
		wrong(run, "what was freed is known");
	if (hsaKmtFreeMemory(address, kinds[number].size) != HSAKMT_STATUS_MEMORY_NOT_REGISTERED)
		wrong(run, "what was freed was freed again");
	return true;
}

static void finish(struct run *run)
{
	while (run->registered_count)
		UNDO(hsaKmtDeregisterMemory(run->registered[--run->registered_count]));
	for (size_t i = 0; i < KINDS; i++)
		if (run->memory[i])
			UNDO(hsaKmtFreeMemory(run->memory[i], kinds[i].size));
	if (run->acquired)
		UNDO(hsaKmtReleaseSystemProperties());
	if (run->opened)
		UNDO(hsaKmtCloseKFD());
}

static bool use_all(struct run *run)
{
	if (!ask(run))
		return false;
	for (size_t i = 0; i < KINDS; i++)
		if (!make(run, i) || !use(run, i))
			return false;
	if (!use_arena(run) || !use_blocks(run) || !ask(run))
		return false;
	check_contents(run);
	/* some are freed one by one, others at the end; what replaces them is made of what was kept */
	for (size_t i = 0; i < KINDS; i += 3)
		if (!release(run, i))
			return false;
	for (size_t i = 0; i < KINDS; i += 3)
		if (!make(run, i) || !use(run, i))
			return false;
	check_contents(run);
	return true;
}

void scenario_memory(struct scenario_result *result)
{
	struct run run = {.result = result};

	memset(result, 0, sizeof(*result));
	run.arena = aligned_alloc(PAGE, ARENA_SIZE);
	if (!run.arena) {
		failed(&run, HSAKMT_STATUS_NO_MEMORY, "aligned_alloc");
		return;
	}
	for (size_t i = 0; i < ARENA_SIZE; i++)
		run.arena[i] = (unsigned char)(i / 7);
	if (open_nodes(&run))
		use_all(&run);
	finish(&run);
	free(run.arena);
}
