// SPDX-License-Identifier: MIT
/*
 * Every memory pool of every agent, and memory of the program itself locked for the GPUs, through Debian's ROCr: what
 * an HSA program does before it has a queue.
 *
 * usage: hsa_memory GPUS, the number of GPU agents that there should be
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <hsa/hsa.h>
#include <hsa/hsa_ext_amd.h>

#define MAX_AGENTS 16
#define KIB	   1024UL
#define MIB	   (1024 * KIB)
#define HELD	   64 /* small ones at a time */

static struct {
	hsa_agent_t agents[MAX_AGENTS];
	uint32_t count;
	hsa_agent_t cpu;
	hsa_agent_t gpus[MAX_AGENTS];
	int gpu_count;
	unsigned pools_used;
	unsigned pools_of_cpu;		 /* of them: those it reads and writes */
	hsa_amd_memory_pool_t fine_pool; /* of the CPU */
	int failures;
} machine;

#define CHECK(condition, ...)                                               \
	do {                                                                \
		if (!(condition)) {                                         \
			machine.failures++;                                 \
			printf("FAIL line %d: %s; ", __LINE__, #condition); \
			printf(__VA_ARGS__);                                \
			printf("\n");                                       \
		}                                                           \
	} while (0)

static bool succeeds(hsa_status_t status, const char *call, int line)
{
	const char *text = "?";

	if (status == HSA_STATUS_SUCCESS)
		return true;
	hsa_status_string(status, &text);
	machine.failures++;
	printf("FAIL line %d: %s: %s\n", line, call, text);
	return false;
}

#define SUCCEEDS(call) succeeds(call, #call, __LINE__)

static hsa_status_t note_agent(hsa_agent_t agent, void *arg)
{
	hsa_device_type_t type;

	(void)arg;
	if (!SUCCEEDS(hsa_agent_get_info(agent, HSA_AGENT_INFO_DEVICE, &type)) || machine.count == MAX_AGENTS)
		return HSA_STATUS_ERROR;
	machine.agents[machine.count++] = agent;
	if (type == HSA_DEVICE_TYPE_CPU)
		machine.cpu = agent;
	else if (type == HSA_DEVICE_TYPE_GPU)
		machine.gpus[machine.gpu_count++] = agent;
	return HSA_STATUS_SUCCESS;
}

static bool may_access(hsa_agent_t agent, hsa_amd_memory_pool_t pool)
{
	hsa_amd_memory_pool_access_t access = HSA_AMD_MEMORY_POOL_ACCESS_NEVER_ALLOWED;

	SUCCEEDS(hsa_amd_agent_memory_pool_get_info(agent, pool, HSA_AMD_AGENT_MEMORY_POOL_INFO_ACCESS,
						    &access));
	return access != HSA_AMD_MEMORY_POOL_ACCESS_NEVER_ALLOWED;
}

/* ROCr and the thunk know where the pointer leads, from inside too. */
static void check_pointer(const char *pointer, size_t offset, size_t size, hsa_amd_pointer_type_t type,
			  const void *agent_base)
{
	hsa_amd_pointer_info_t info = {.size = sizeof(info)};

	if (!SUCCEEDS(hsa_amd_pointer_info(pointer + offset, &info, NULL, NULL, NULL)))
		return;
	CHECK(info.type == type, "type %d", (int)info.type);
	CHECK(info.sizeInBytes >= size, "%zu bytes of %zu", info.sizeInBytes, size);
	CHECK(info.agentBaseAddress == agent_base, "%p, not %p", info.agentBaseAddress, agent_base);
}

/* Both ends of every page. */
static void write_and_read(unsigned char *memory, size_t size, unsigned char value)
{
	size_t page = 4 * KIB;

	for (size_t at = 0; at < size; at += page) {
		memory[at] = (unsigned char)(value + at / page);
		memory[at + page - 1] = (unsigned char)(value - at / page);
	}
	for (size_t at = 0; at < size; at += page)
		if (memory[at] != (unsigned char)(value + at / page) ||
		    memory[at + page - 1] != (unsigned char)(value - at / page)) {
			CHECK(false, "at %p + %zu", (void *)memory, at);
			return;
		}
}

struct pool {
	hsa_amd_memory_pool_t pool;
	hsa_agent_t owner;
	hsa_agent_t users[MAX_AGENTS]; /* who may access it */
	uint32_t user_count;
	bool cpu; /* is one of them */
	size_t granule;
	size_t largest;
};

static void *take(const struct pool *pool, size_t size)
{
	void *memory = NULL;

	if (!SUCCEEDS(hsa_amd_memory_pool_allocate(pool->pool, size, 0, &memory)))
		return NULL;
	if (!SUCCEEDS(hsa_amd_agents_allow_access(pool->user_count, pool->users, NULL, memory)))
		CHECK(false, "%zu bytes, %u agents", size, pool->user_count);
	check_pointer(memory, size / 2, size, HSA_EXT_POINTER_TYPE_HSA, memory);
	if (pool->cpu)
		write_and_read(memory, size, (unsigned char)size);
	return memory;
}

static void use_pool(const struct pool *pool)
{
	const size_t sizes[] = {pool->granule,		 16 * KIB, 64 * KIB, 2 * MIB,
				2 * MIB + pool->granule, 33 * MIB, 256 * MIB};
	void *held[HELD] = {NULL};
	hsa_agent_t owner[1];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		void *memory = sizes[i] <= pool->largest ? take(pool, sizes[i]) : NULL;

		if (!memory)
			continue;
		/* the owner alone, and all again */
		owner[0] = pool->owner;
		SUCCEEDS(hsa_amd_agents_allow_access(1, owner, NULL, memory));
		SUCCEEDS(hsa_amd_agents_allow_access(pool->user_count, pool->users, NULL, memory));
		if (pool->cpu)
			write_and_read(memory, sizes[i], 7);
		SUCCEEDS(hsa_amd_memory_pool_free(memory));
	}
	for (unsigned i = 0; i < HELD; i++)
		held[i] = take(pool, pool->granule * (1 + i % 3));
	for (unsigned i = 0; i < HELD; i++)
		if (held[i])
			SUCCEEDS(hsa_amd_memory_pool_free(held[i]));
	machine.pools_used++;
	machine.pools_of_cpu += pool->cpu;
}

static hsa_status_t visit_pool(hsa_amd_memory_pool_t handle, void *arg)
{
	struct pool pool = {.pool = handle, .owner = *(hsa_agent_t *)arg};
	hsa_amd_segment_t segment;
	bool allowed = false;
	uint32_t flags = 0;

	if (!SUCCEEDS(hsa_amd_memory_pool_get_info(handle, HSA_AMD_MEMORY_POOL_INFO_SEGMENT, &segment)) ||
	    !SUCCEEDS(hsa_amd_memory_pool_get_info(handle, HSA_AMD_MEMORY_POOL_INFO_RUNTIME_ALLOC_ALLOWED,
						   &allowed)))
		return HSA_STATUS_ERROR;
	if (segment != HSA_AMD_SEGMENT_GLOBAL || !allowed)
		return HSA_STATUS_SUCCESS;
	SUCCEEDS(hsa_amd_memory_pool_get_info(handle, HSA_AMD_MEMORY_POOL_INFO_RUNTIME_ALLOC_GRANULE,
					      &pool.granule));
	SUCCEEDS(
		hsa_amd_memory_pool_get_info(handle, HSA_AMD_MEMORY_POOL_INFO_ALLOC_MAX_SIZE, &pool.largest));
	SUCCEEDS(hsa_amd_memory_pool_get_info(handle, HSA_AMD_MEMORY_POOL_INFO_GLOBAL_FLAGS, &flags));
	for (uint32_t i = 0; i < machine.count; i++) {
		if (!may_access(machine.agents[i], handle))
			continue;
		pool.users[pool.user_count++] = machine.agents[i];
		pool.cpu |= machine.agents[i].handle == machine.cpu.handle;
	}
	CHECK(pool.user_count, "nobody may use a pool");
	CHECK(pool.granule, "the granule is 0");
	if (pool.owner.handle == machine.cpu.handle && flags & HSA_AMD_MEMORY_POOL_GLOBAL_FLAG_FINE_GRAINED)
		machine.fine_pool = handle;
	if (pool.user_count && pool.granule)
		use_pool(&pool);
	return HSA_STATUS_SUCCESS;
}

/* Where the GPUs have it: at the same place in its page. */
static void check_locked(const char *host, const char *agent, size_t size)
{
	CHECK(agent && (uintptr_t)agent % (4 * KIB) == (uintptr_t)host % (4 * KIB), "%p is at %p",
	      (const void *)host, (const void *)agent);
	check_pointer(host, size / 2, size, HSA_EXT_POINTER_TYPE_LOCKED, agent);
}

static void lock(char *memory, size_t size, hsa_agent_t *agents, int count)
{
	void *agent = NULL;

	if (!SUCCEEDS(hsa_amd_memory_lock(memory, size, agents, count, &agent)))
		return;
	check_locked(memory, agent, size);
	SUCCEEDS(hsa_amd_memory_unlock(memory));
}

static void lock_overlapping(char *memory)
{
	char *other = memory + 3 * 4 * KIB + 40;
	void *agent = NULL, *other_agent = NULL;

	if (!SUCCEEDS(hsa_amd_memory_lock(memory + 8, 64 * KIB, NULL, 0, &agent)))
		return;
	if (SUCCEEDS(hsa_amd_memory_lock(other, 64 * KIB, machine.gpus, 1, &other_agent))) {
		CHECK(((uintptr_t)other_agent & 0xfff) == ((uintptr_t)other & 0xfff), "%p", other_agent);
		SUCCEEDS(hsa_amd_memory_unlock(other));
	}
	check_pointer(memory + 8, 0, 64 * KIB, HSA_EXT_POINTER_TYPE_LOCKED, agent);
	SUCCEEDS(hsa_amd_memory_unlock(memory + 8));
}

static void lock_to_pool(char *memory, size_t size)
{
	void *agent = NULL;

	if (!SUCCEEDS(hsa_amd_memory_lock_to_pool(memory, size, NULL, 0, machine.fine_pool, 0, &agent)))
		return;
	check_locked(memory, agent, size);
	SUCCEEDS(hsa_amd_memory_unlock(memory));
}

static void use_own_memory(void)
{
	static const size_t sizes[] = {1, 100, 4 * KIB, 10 * KIB + 3, 3 * MIB + 17, 64 * MIB};
	size_t whole = 65 * MIB;
	char *memory = malloc(whole);

	if (!memory) {
		CHECK(memory, "no memory");
		return;
	}
	for (size_t i = 0; i < whole; i++)
		memory[i] = (char)(i / 511);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		lock(memory + 1 + 100 * i, sizes[i], NULL, 0); /* all agents */
		lock(memory + 2000 + i, sizes[i], machine.gpus, machine.gpu_count);
		lock(memory + 8 * KIB + i, sizes[i], &machine.gpus[machine.gpu_count - 1], 1);
		lock_to_pool(memory + 5 * KIB + 24, sizes[i]);
	}
	lock_overlapping(memory);
	for (size_t i = 0; i < whole; i++)
		if (memory[i] != (char)(i / 511)) {
			CHECK(false, "own memory changed at %zu", i);
			break;
		}
	free(memory);
}

int main(int argc, char **argv)
{
	int gpus = argc == 2 ? atoi(argv[1]) : 0;

	if (gpus < 1) {
		fprintf(stderr, "usage: hsa_memory GPUS\n");
		return 2;
	}
	alarm(120);
	/* twice, for a second start may not live on what the first one left */
	for (int round = 0; round < 2; round++) {
		memset(&machine, 0, sizeof(machine));
		if (!SUCCEEDS(hsa_init()))
			return 1;
		SUCCEEDS(hsa_iterate_agents(note_agent, NULL));
		CHECK(machine.gpu_count == gpus, "%d GPU agents", machine.gpu_count);
		for (uint32_t i = 0; i < machine.count; i++)
			SUCCEEDS(hsa_amd_agent_iterate_memory_pools(machine.agents[i], visit_pool,
								    &machine.agents[i]));
		/* the CPU has at least a fine and a coarse one, a GPU its VRAM */
		CHECK(machine.pools_used >= 2 + (unsigned)gpus, "%u pools", machine.pools_used);
		if (machine.gpu_count)
			use_own_memory();
		SUCCEEDS(hsa_shut_down());
		printf("%u agents, %u pools, %u of them for the CPU, %d failures\n", machine.count,
		       machine.pools_used, machine.pools_of_cpu, machine.failures);
		if (machine.failures)
			return 1;
	}
	return 0;
}
