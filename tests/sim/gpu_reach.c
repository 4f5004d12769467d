// SPDX-License-Identifier: MIT
/*
 * What the CPU writes is what the GPU reads, and the other way round, at one address: in system memory, in VRAM that the
 * CPU sees, and in the caller's own memory.  Memory that the GPU may only read it cannot write.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "dxgsim/dxgsim.h"
#include "gpu_work.h"
#include "probe_gpu.h"
#include "util/compiler.h"
#include "util/log.h"

#define BYTES	   (256u << 10)
#define PAGE_BYTES 4096u
#define FROM_CPU   0x11223344u
#define FROM_GPU   0x55667788u
#define MARGIN	   4096u /* between what the two write, so that no line has both */

static const struct machine {
	const char *adapter;
	unsigned gfx_major;
	enum gsp_rung rung;
} machines[] = {
	{"rx7900xtx,hws", 11, GSP_RUNG_HARDWARE},
	{"rx6800", 10, GSP_RUNG_SOFTWARE},
	{"radeon680m", 10, GSP_RUNG_SOFTWARE},
	{"rx9070xt", 12, GSP_RUNG_SOFTWARE},
};

struct bench {
	const struct machine *machine;
	struct probe_gpu gpu;
	struct gpu_work work;
	char *plain; /* system memory, to look at what the GPU has read */
};

static int quiet(void **state)
{
	(void)state;
	log_set_level(LOG_NONE);
	return 0;
}

static void *allocate(struct bench *bench, uint32_t gpu, enum memory_kind kind, uint32_t flags)
{
	const struct memory_request request = {.gpu = gpu, .kind = kind, .flags = flags, .size = BYTES};
	void *address;

	assert_int_equal(memory_alloc(bench->gpu.memory, &request, &address), 0);
	return address;
}

static void map(struct bench *bench, const void *address, uint64_t size)
{
	const uint32_t gpu = 0;
	uint64_t va;

	assert_int_equal(memory_map(bench->gpu.memory, address, size, &gpu, 1, &va), 0);
	assert_true(va == 0 || va == (uint64_t)(uintptr_t)address); /* no other address */
}

static void start(struct bench *bench, const struct machine *machine)
{
	struct channel_options options;

	dxgsim_reset();
	bench->machine = machine;
	if (probe_gpu_open(&bench->gpu, machine->adapter, machine->gfx_major))
		fail_msg("%s cannot be opened", machine->adapter);
	options = probe_gpu_options(&bench->gpu, machine->rung).channel;
	assert_int_equal(gpu_work_open(&bench->work, &options), 0);
	bench->plain = allocate(bench, MEMORY_HOST, MEMORY_SYSTEM, MEMORY_UNCACHED);
	map(bench, bench->plain, BYTES);
}

static void close_all(struct bench *bench)
{
	assert_int_equal(gpu_work_close(&bench->work), 0);
	assert_int_equal(memory_free(bench->gpu.memory, bench->plain), 0);
	assert_int_equal(probe_gpu_close(&bench->gpu), 0);
}

static void finish(struct bench *bench)
{
	char text[4096];

	close_all(bench);
	if (!dxgsim_misuse_count() && !dxgsim_leak_count())
		return;
	dxgsim_findings(text, sizeof(text));
	fail_msg("%s:\n%s", bench->machine->adapter, text);
}

static uint32_t load(const void *at)
{
	return atomic_load((const _Atomic uint32_t *)at);
}

static void store(void *at, uint32_t value)
{
	atomic_store((_Atomic uint32_t *)at, value);
}

static uint64_t va_of(const void *at)
{
	return (uint64_t)(uintptr_t)at;
}

/* Both ways at both ends of `size` bytes, which are mapped and a multiple of 4. */
static void both_ways(struct bench *bench, char *memory, uint64_t size)
{
	char *const read[] = {memory, memory + size - sizeof(uint32_t)};
	char *const written[] = {memory + MARGIN, memory + size - MARGIN};

	for (unsigned i = 0; i < ARRAY_SIZE(read); i++) {
		store(read[i], FROM_CPU + i);
		store(bench->plain + i * MARGIN, 0);
		gpu_work_copy(&bench->work, va_of(bench->plain + i * MARGIN), va_of(read[i]));
		gpu_work_write(&bench->work, va_of(written[i]), FROM_GPU + i);
	}
	assert_int_equal(gpu_work_run(&bench->work), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(read); i++) {
		assert_int_equal(load(bench->plain + i * MARGIN), FROM_CPU + i);
		assert_int_equal(load(written[i]), FROM_GPU + i);
	}
}

static void system_memory_is_one_memory(void **state)
{
	static const uint32_t flags[] = {0, MEMORY_UNCACHED, MEMORY_COARSE, MEMORY_EXECUTABLE};
	struct bench bench;
	char *memory;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(machines); i++) {
		start(&bench, &machines[i]);
		for (unsigned f = 0; f < ARRAY_SIZE(flags); f++) {
			memory = allocate(&bench, MEMORY_HOST, MEMORY_SYSTEM, flags[f]);
			map(&bench, memory, BYTES);
			both_ways(&bench, memory, BYTES);
			assert_int_equal(memory_free(bench.gpu.memory, memory), 0);
		}
		finish(&bench);
	}
}

static void vram_that_the_cpu_sees_is_one_memory(void **state)
{
	struct bench bench;
	char *memory;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(machines); i++) {
		start(&bench, &machines[i]);
		memory = allocate(&bench, 0, MEMORY_LOCAL, MEMORY_CPU_VISIBLE);
		map(&bench, memory, BYTES);
		both_ways(&bench, memory, BYTES);
		assert_int_equal(memory_free(bench.gpu.memory, memory), 0);
		finish(&bench);
	}
}

static void memory_of_the_caller_is_one_memory(void **state)
{
	static const uint32_t flags[] = {0, MEMORY_UNCACHED};
	struct memory_registration registration = {.size = BYTES - 128};
	struct bench bench;
	char *pages;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(machines) * ARRAY_SIZE(flags); i++) {
		start(&bench, &machines[i / ARRAY_SIZE(flags)]);
		pages = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		assert_ptr_not_equal(pages, MAP_FAILED);
		registration.address = pages + 64; /* no page boundary at either end */
		registration.flags = flags[i % ARRAY_SIZE(flags)];
		assert_int_equal(memory_register(bench.gpu.memory, &registration), 0);
		map(&bench, registration.address, registration.size);
		both_ways(&bench, registration.address, registration.size);
		assert_int_equal(memory_deregister(bench.gpu.memory, registration.address), 0);
		finish(&bench);
		munmap(pages, BYTES);
	}
}

/* A file that is mapped for reading, say: pinned without the right to write, and mapped without it. */
static void memory_that_may_only_be_read_is_not_written(void **state)
{
	struct memory_registration registration = {.size = BYTES, .flags = MEMORY_READ_ONLY};
	struct bench bench;
	char *pages;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(machines); i++) {
		start(&bench, &machines[i]);
		pages = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		assert_ptr_not_equal(pages, MAP_FAILED);
		store(pages, FROM_CPU);
		assert_int_equal(mprotect(pages, BYTES, PROT_READ), 0);
		registration.address = pages;
		assert_int_equal(memory_register(bench.gpu.memory, &registration), 0);
		map(&bench, pages, BYTES);
		gpu_work_copy(&bench.work, va_of(bench.plain), va_of(pages));
		assert_int_equal(gpu_work_run(&bench.work), 0);
		assert_int_equal(load(bench.plain), FROM_CPU);
		assert_int_equal(dxgsim_misuse_count(), 0);
		gpu_work_write(&bench.work, va_of(pages + PAGE_BYTES), FROM_GPU);
		assert_int_equal(gpu_work_run(&bench.work), -EFAULT);
		assert_int_equal(load(pages + PAGE_BYTES), 0);
		assert_int_equal(dxgsim_misuse_count(), 1);
		assert_int_equal(memory_deregister(bench.gpu.memory, pages), 0);
		close_all(&bench);
		assert_int_equal(dxgsim_leak_count(), 0);
		munmap(pages, BYTES);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(system_memory_is_one_memory),
		cmocka_unit_test(vram_that_the_cpu_sees_is_one_memory),
		cmocka_unit_test(memory_of_the_caller_is_one_memory),
		cmocka_unit_test(memory_that_may_only_be_read_is_not_written),
	};

	return cmocka_run_group_tests(tests, quiet, NULL);
}
