// SPDX-License-Identifier: MIT
/*
 * After a loss the GPU's next device reads and writes memory of the host where it was, at the same addresses; what is the GPU's
 * own is lost, and is to be freed first.  Over as many losses as are made up for in a minute.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
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

#define BYTES (256u << 10)
#define SMALL 256u

static const struct machine {
	const char *adapter;
	unsigned gfx_major;
	enum gsp_rung rung;
} machines[] = {
	{"rx7900xtx,hws", 11, GSP_RUNG_HARDWARE},
	{"rx6800", 10, GSP_RUNG_SOFTWARE},
};

struct bench {
	struct probe_gpu gpu;
	struct gpu_work work;
	enum gsp_rung rung;
	/* words that the GPU is to write: large, small, and the caller's two that overlap */
	uint32_t *words[4];
};

static void *allocate(struct bench *b, enum memory_kind kind, uint64_t size, uint32_t flags, int expected)
{
	const struct memory_request request = {.kind = kind, .flags = flags, .size = size};
	void *address;

	assert_int_equal(memory_alloc(b->gpu.memory, &request, &address), expected);
	return address;
}

static void map(struct bench *b, void *address, uint64_t size, int expected)
{
	assert_int_equal(memory_map(b->gpu.memory, address, size, NULL, 0, NULL), expected);
}

/* The GPU writes to all that it is to reach. */
static void work(struct bench *b, uint32_t value)
{
	struct probe_options options = probe_gpu_options(&b->gpu, b->rung);

	options.channel.device = gsp_gpu_device(b->gpu.gsp);
	assert_int_equal(gpu_work_open(&b->work, &options.channel), 0);
	for (size_t i = 0; i < ARRAY_SIZE(b->words); i++)
		gpu_work_tell(&b->work, ptr_to_u64(b->words[i]), value + (uint32_t)i);
	assert_int_equal(gpu_work_run(&b->work), 0);
	for (size_t i = 0; i < ARRAY_SIZE(b->words); i++)
		assert_int_equal(__atomic_load_n(b->words[i], __ATOMIC_ACQUIRE), value + i);
}

static void add(struct bench *b, void *address, uint64_t size)
{
	const struct memory_registration registration = {
		.address = address, .size = size, .flags = MEMORY_COARSE};

	assert_int_equal(memory_register(b->gpu.memory, &registration), 0);
	map(b, address, size, 0);
}

static void lose(struct bench *b)
{
	assert_int_equal(dxgsim_control("reset:adapter=0"), 0);
	assert_int_equal(gsp_device_check(gsp_gpu_device(b->gpu.gsp)), -ENODEV);
}

static void run_on(const struct machine *machine)
{
	struct bench b = {.rung = machine->rung};
	char *pages = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *system, *small, *local, *visible;
	struct memory_info info;
	char text[4096];

	assert_ptr_not_equal(pages, MAP_FAILED);
	dxgsim_reset();
	assert_int_equal(probe_gpu_open(&b.gpu, machine->adapter, machine->gfx_major), 0);
	system = allocate(&b, MEMORY_SYSTEM, BYTES, 0, 0);
	small = allocate(&b, MEMORY_SYSTEM, SMALL, 0, 0);
	map(&b, system, BYTES, 0);
	map(&b, small, SMALL, 0);
	add(&b, pages, BYTES / 2);
	add(&b, pages + BYTES / 4, BYTES / 2);
	b.words[0] = (uint32_t *)system + 100;
	b.words[1] = small;
	b.words[2] = (uint32_t *)(void *)(pages + BYTES / 4 - 4);
	b.words[3] = (uint32_t *)(void *)(pages + BYTES / 2);
	work(&b, 1000);
	for (uint32_t i = 1; i <= GSP_RENEWALS; i++) {
		local = allocate(&b, MEMORY_LOCAL, BYTES, 0, 0);
		visible = allocate(&b, MEMORY_LOCAL, BYTES, MEMORY_CPU_VISIBLE, 0);
		map(&b, local, BYTES, 0);
		*(volatile uint32_t *)visible = i;
		lose(&b);
		assert_int_equal(gpu_work_close(&b.work), 0);
		allocate(&b, MEMORY_LOCAL, BYTES, 0, -ENODEV);
		map(&b, local, BYTES, -ENODEV);
		map(&b, system, BYTES, -ENODEV);
		assert_int_equal(memory_lookup(b.gpu.memory, local, &info), 0);
		assert_true(info.lost);
		assert_int_equal(memory_free(b.gpu.memory, local), 0);
		assert_int_equal(memory_free(b.gpu.memory, visible), 0);
		assert_int_equal(gsp_gpu_renew(b.gpu.gsp), 0);
		work(&b, i);
	}
	/* the rest ends with the memory, of a lost device too */
	allocate(&b, MEMORY_LOCAL, BYTES, 0, 0);
	lose(&b);
	assert_int_equal(gpu_work_close(&b.work), 0);
	assert_int_equal(probe_gpu_close(&b.gpu), 0);
	munmap(pages, BYTES);
	if (dxgsim_misuse_count() || dxgsim_leak_count()) {
		dxgsim_findings(text, sizeof(text));
		fail_msg("%s:\n%s", machine->adapter, text);
	}
}

static void memory_of_the_host_is_there_again_after_a_reset(void **state)
{
	(void)state;
	log_set_level(LOG_NONE);
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++)
		run_on(&machines[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_of_the_host_is_there_again_after_a_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
