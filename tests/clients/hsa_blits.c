// SPDX-License-Identifier: MIT
/*
 * What ROCr does by kernels of its own, its fills and (with HSA_ENABLE_SDMA=0) its copies, byte for byte; and a code object that is
 * loaded and dispatched by hand, whose kernel counts a signal down.
 *
 * usage: hsa_blits [fill] [copies] [dispatch CODE_OBJECT]
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hsa/hsa.h>
#include <hsa/hsa_ext_amd.h>

#include "hsa_check.h"

#define LARGEST (3u << 20)
#define MARGIN	256

static hsa_amd_memory_pool_t host_pool, kernarg_pool, device_pool;

static hsa_status_t note_pool(hsa_amd_memory_pool_t pool, void *arg)
{
	hsa_amd_segment_t segment;
	uint32_t flags;

	MUST(hsa_amd_memory_pool_get_info(pool, HSA_AMD_MEMORY_POOL_INFO_SEGMENT, &segment));
	if (segment != HSA_AMD_SEGMENT_GLOBAL)
		return HSA_STATUS_SUCCESS;
	MUST(hsa_amd_memory_pool_get_info(pool, HSA_AMD_MEMORY_POOL_INFO_GLOBAL_FLAGS, &flags));
	if (arg == &gpu && !device_pool.handle)
		device_pool = pool;
	if (arg == &cpu && flags & HSA_AMD_MEMORY_POOL_GLOBAL_FLAG_KERNARG_INIT && !kernarg_pool.handle)
		kernarg_pool = pool;
	if (arg == &cpu && flags & HSA_AMD_MEMORY_POOL_GLOBAL_FLAG_COARSE_GRAINED && !host_pool.handle)
		host_pool = pool;
	return HSA_STATUS_SUCCESS;
}

static void *allocate(hsa_amd_memory_pool_t pool, size_t bytes)
{
	const hsa_agent_t both[] = {cpu, gpu};
	void *memory;

	MUST(hsa_amd_memory_pool_allocate(pool, (bytes + 4095) & ~(size_t)4095, 0, &memory));
	if (pool.handle != device_pool.handle)
		MUST(hsa_amd_agents_allow_access(2, both, NULL, memory));
	return memory;
}

static void must_come(hsa_signal_t signal, const char *what)
{
	hsa_signal_value_t value = hsa_signal_wait_scacquire(signal, HSA_SIGNAL_CONDITION_LT, 1, PATIENCE_NS,
							     HSA_WAIT_STATE_BLOCKED);

	CHECK(value == 0, "%s: the signal is at %lld", what, (long long)value);
}

static void copy(void *to, hsa_agent_t to_agent, const void *from, hsa_agent_t from_agent, size_t bytes)
{
	hsa_signal_t done = make_signal(1);

	MUST(hsa_amd_memory_async_copy(to, to_agent, from, from_agent, bytes, 0, NULL, done));
	must_come(done, "copy");
	MUST(hsa_signal_destroy(done));
}

static void must_equal(const char *what, const unsigned char *got, const unsigned char *want, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		CHECK(got[i] == want[i], "%s: byte %zu of %zu is %#x, should be %#x", what, i, bytes, got[i],
		      want[i]);
}

/* Memory of both kinds; what is beside the filled words stays. */
static void fill(void)
{
	static const size_t words[] = {1, 2, 3, 5, 63, 64, 65, 1000, 4095, 100003, 600000};
	unsigned char *back = allocate(host_pool, LARGEST), *want = malloc(LARGEST);
	unsigned char *device = allocate(device_pool, LARGEST), *host = allocate(host_pool, LARGEST);
	unsigned count = 0;

	CHECK(want, "no memory");
	memset(host, 0x5a, LARGEST);
	memset(want, 0x5a, LARGEST);
	copy(device, gpu, host, cpu, LARGEST);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t at = MARGIN + i * 4, bytes = words[i] * 4;
		uint32_t value = 0x01020304u * (uint32_t)(i + 1) ^ 0x80000000u;

		MUST(hsa_amd_memory_fill(device + at, value, words[i]));
		MUST(hsa_amd_memory_fill(host + at, value, words[i]));
		for (size_t k = 0; k < bytes; k += 4)
			memcpy(want + at + k, &value, 4);
		copy(back, cpu, device, gpu, at + bytes + MARGIN);
		must_equal("filled memory of the device", back, want, at + bytes + MARGIN);
		must_equal("filled memory of the host", host, want, at + bytes + MARGIN);
		count++;
	}
	MUST(hsa_amd_memory_pool_free(device));
	MUST(hsa_amd_memory_pool_free(host));
	MUST(hsa_amd_memory_pool_free(back));
	free(want);
	printf("fill: %u sizes\n", count);
}

/* Host to device, within the device, and back: sizes and alignments of all three that are odd to each other. */
static void copies(void)
{
	static const size_t sizes[] = {1,  2,	3,   4,	   7,	 8,    13,   16,    31,	   63,	    64,
				       65, 127, 255, 1023, 4095, 4096, 4097, 16383, 65537, 1000003, 2097155};
	unsigned char *from = allocate(host_pool, LARGEST), *back = allocate(host_pool, LARGEST);
	unsigned char *first = allocate(device_pool, LARGEST), *second = allocate(device_pool, LARGEST);
	unsigned char *want = malloc(LARGEST);
	uint32_t seed = 1;
	unsigned count = 0;

	CHECK(want, "no memory");
	for (size_t i = 0; i < LARGEST; i++) {
		seed = seed * 1664525u + 1013904223u;
		from[i] = (unsigned char)(seed >> 24);
	}
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const size_t bytes = sizes[i], a = MARGIN + i * 3 % 16, b = MARGIN + i * 5 % 16,
			     c = MARGIN + i * 7 % 16, d = MARGIN + i * 11 % 16, all = bytes + 2 * MARGIN;

		MUST(hsa_amd_memory_fill(first, 0x33333333, (all + 64) / 4));
		MUST(hsa_amd_memory_fill(second, 0x44444444, (all + 64) / 4));
		memset(back, 0x55, all);
		memset(want, 0x55, all);
		copy(first + b, gpu, from + a, cpu, bytes);
		copy(second + c, gpu, first + b, gpu, bytes);
		copy(back + d, cpu, second + c, gpu, bytes);
		memcpy(want + d, from + a, bytes);
		must_equal("copied memory", back, want, all);
		/* and nothing beside it on the way */
		memset(want, 0x33, all);
		memcpy(want + b, from + a, bytes);
		copy(back, cpu, first, gpu, all);
		must_equal("first copy", back, want, all);
		memset(want, 0x44, all);
		memcpy(want + c, from + a, bytes);
		copy(back, cpu, second, gpu, all);
		must_equal("second copy", back, want, all);
		count++;
	}
	MUST(hsa_amd_memory_pool_free(from));
	MUST(hsa_amd_memory_pool_free(back));
	MUST(hsa_amd_memory_pool_free(first));
	MUST(hsa_amd_memory_pool_free(second));
	free(want);
	printf("copies: %u sizes\n", count);
}

static void queue_error(hsa_status_t status, hsa_queue_t *queue, void *arg)
{
	(void)arg;
	printf("FAIL: queue %llu: error %#x\n", (unsigned long long)queue->id, status);
	exit(1);
}

/* The code object in a file, which may be in a bundle. */
static void *read_code(const char *path, size_t *bytes)
{
	FILE *file = fopen(path, "rb");
	char *all = NULL, *code;
	long end;

	CHECK(file && !fseek(file, 0, SEEK_END) && (end = ftell(file)) > 0, "%s", path);
	rewind(file);
	all = malloc((size_t)end);
	CHECK(all && fread(all, 1, (size_t)end, file) == (size_t)end, "%s", path);
	fclose(file);
	code = memmem(all, (size_t)end, "\177ELF", 4);
	CHECK(code, "%s: no code object", path);
	*bytes = (size_t)(all + end - code);
	memmove(all, code, *bytes);
	return all;
}

static void dispatch(const char *path)
{
	enum { GROUPS = 20, SIZE = 96 };
	size_t bytes;
	void *code = read_code(path, &bytes);
	hsa_code_object_reader_t reader;
	hsa_executable_t executable;
	hsa_executable_symbol_t kernel;
	hsa_kernel_dispatch_packet_t packet = {.setup = 1,
					       .workgroup_size_x = SIZE,
					       .workgroup_size_y = 1,
					       .workgroup_size_z = 1,
					       .grid_size_x = GROUPS * SIZE,
					       .grid_size_y = 1,
					       .grid_size_z = 1};
	hsa_kernel_dispatch_packet_t *slot;
	hsa_signal_t counted, done = make_signal(1);
	uint32_t kernarg_bytes, *words = allocate(host_pool, GROUPS * SIZE * sizeof(*words));
	volatile hsa_signal_value_t *value;
	hsa_queue_t *queue;
	uint64_t index;
	char *kernarg;

	MUST(hsa_code_object_reader_create_from_memory(code, bytes, &reader));
	MUST(hsa_executable_create_alt(HSA_PROFILE_BASE, HSA_DEFAULT_FLOAT_ROUNDING_MODE_DEFAULT, NULL,
				       &executable));
	MUST(hsa_executable_load_agent_code_object(executable, gpu, reader, NULL, NULL));
	MUST(hsa_executable_freeze(executable, NULL));
	MUST(hsa_executable_get_symbol_by_name(executable, "count_down.kd", &gpu, &kernel));
	MUST(hsa_executable_symbol_get_info(kernel, HSA_EXECUTABLE_SYMBOL_INFO_KERNEL_OBJECT,
					    &packet.kernel_object));
	MUST(hsa_executable_symbol_get_info(kernel, HSA_EXECUTABLE_SYMBOL_INFO_KERNEL_KERNARG_SEGMENT_SIZE,
					    &kernarg_bytes));
	MUST(hsa_executable_symbol_get_info(kernel, HSA_EXECUTABLE_SYMBOL_INFO_KERNEL_GROUP_SEGMENT_SIZE,
					    &packet.group_segment_size));
	MUST(hsa_executable_symbol_get_info(kernel, HSA_EXECUTABLE_SYMBOL_INFO_KERNEL_PRIVATE_SEGMENT_SIZE,
					    &packet.private_segment_size));
	MUST(hsa_queue_create(gpu, 64, HSA_QUEUE_TYPE_SINGLE, queue_error, NULL, UINT32_MAX, UINT32_MAX,
			      &queue));
	/* of those that have an event, ROCr does not tell the address */
	MUST(hsa_amd_signal_create(GROUPS, 0, NULL, HSA_AMD_SIGNAL_AMD_GPU_ONLY, &counted));
	MUST(hsa_amd_signal_value_pointer(counted, &value));

	memset(words, 0xff, GROUPS * SIZE * sizeof(*words));
	kernarg = allocate(kernarg_pool, kernarg_bytes);
	memset(kernarg, 0, kernarg_bytes);
	memcpy(kernarg, &value, sizeof(value));
	memcpy(kernarg + sizeof(value), &words, sizeof(words));
	packet.kernarg_address = kernarg;
	packet.completion_signal = done;
	index = hsa_queue_add_write_index_relaxed(queue, 1);
	slot = (hsa_kernel_dispatch_packet_t *)queue->base_address + index % queue->size;
	memcpy((char *)slot + 2, (char *)&packet + 2, sizeof(packet) - 2);
	__atomic_store_n(&slot->header,
			 (uint16_t)(HSA_PACKET_TYPE_KERNEL_DISPATCH << HSA_PACKET_HEADER_TYPE |
				    HSA_FENCE_SCOPE_SYSTEM << HSA_PACKET_HEADER_SCACQUIRE_FENCE_SCOPE |
				    HSA_FENCE_SCOPE_SYSTEM << HSA_PACKET_HEADER_SCRELEASE_FENCE_SCOPE),
			 __ATOMIC_RELEASE);
	hsa_signal_store_screlease(queue->doorbell_signal, (hsa_signal_value_t)index);

	must_come(done, "kernel");
	CHECK(hsa_signal_load_scacquire(counted) == 0, "the kernel has counted down to %lld",
	      (long long)hsa_signal_load_scacquire(counted));
	for (unsigned i = 0; i < GROUPS * SIZE; i++)
		CHECK(words[i] == i / SIZE * 1000 + i % SIZE, "word %u is %u", i, words[i]);

	MUST(hsa_queue_destroy(queue));
	MUST(hsa_executable_destroy(executable));
	MUST(hsa_code_object_reader_destroy(reader));
	MUST(hsa_signal_destroy(counted));
	MUST(hsa_signal_destroy(done));
	MUST(hsa_amd_memory_pool_free(words));
	MUST(hsa_amd_memory_pool_free(kernarg));
	free(code);
	printf("dispatch: %u groups\n", GROUPS);
}

int main(int argc, char **argv)
{
	find_agents();
	MUST(hsa_amd_agent_iterate_memory_pools(cpu, note_pool, &cpu));
	MUST(hsa_amd_agent_iterate_memory_pools(gpu, note_pool, &gpu));
	CHECK(host_pool.handle && kernarg_pool.handle && device_pool.handle, "a pool is missing");
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "fill"))
			fill();
		else if (!strcmp(argv[i], "copies"))
			copies();
		else if (!strcmp(argv[i], "dispatch") && i + 1 < argc)
			dispatch(argv[++i]);
		else
			CHECK(false, "%s is none of the tests", argv[i]);
	}
	MUST(hsa_shut_down());
	printf("done\n");
	return 0;
}
