// SPDX-License-Identifier: MIT
/*
 * Memory against a GPU at work: what is mapped while a submission runs is there for it, what is freed stays with it to its
 * end, and nothing of that costs more calls than it must.  Page tables change as slowly as the adapter's file says.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "dxgsim/dxgsim.h"
#include "gpu_work.h"
#include "probe_gpu.h"
#include "util/compiler.h"
#include "util/log.h"

#define CONTROL_BYTES 65536u
#define LINE_BYTES    128
#define LARGE	      (1u << 20) /* more than what is put together with others */
#define SMALL	      4096u
#define AT_ONCE	      32u /* allocations that might get an address that is not free yet */
#define VALUE	      0x600dda7au
#define SLOW	      ",pending=always,paging-us=2000"
#define VERY_SLOW     "slow-paging:ms=1000" /* not done when the test comes to its submission */

static const struct machine {
	const char *adapter;
	unsigned gfx_major;
	enum gsp_rung rung;
	const char *gpu_wait; /* the call that lets the GPU wait */
} machines[] = {
	{"rx7900xtx,hws", 11, GSP_RUNG_HARDWARE, "SUBMITWAITFORSYNCOBJECTSTOHWQUEUE"},
	{"rx6800", 10, GSP_RUNG_SOFTWARE, "WAITFORSYNCHRONIZATIONOBJECTFROMGPU"},
	{"rx9070xt", 12, GSP_RUNG_SOFTWARE, "WAITFORSYNCHRONIZATIONOBJECTFROMGPU"},
};

static const char cpu_wait[] = "WAITFORSYNCHRONIZATIONOBJECTFROMCPU";

/* What GPU and test tell each other.  Not all GPUs look past a line that is in their cache, so each has its own. */
struct control {
	_Alignas(LINE_BYTES) _Atomic uint32_t running;
	_Alignas(LINE_BYTES) _Atomic uint32_t go;
	_Alignas(LINE_BYTES) _Atomic uint32_t source;
	_Alignas(LINE_BYTES) _Atomic uint32_t result;
};

struct bench {
	const struct machine *machine;
	struct probe_gpu gpu;
	struct gpu_work work;
	struct control *control;
};

static int quiet(void **state)
{
	(void)state;
	log_set_level(LOG_NONE);
	return 0;
}

static void map(struct bench *bench, void *address, uint64_t size)
{
	const uint32_t gpu = 0;

	assert_int_equal(memory_map(bench->gpu.memory, address, size, &gpu, 1, NULL), 0);
}

static void *allocate_at(struct bench *bench, enum memory_kind kind, uint64_t size, void *fixed)
{
	const struct memory_request request = {
		.gpu = kind == MEMORY_LOCAL ? 0 : MEMORY_HOST,
		.kind = kind,
		.flags = (kind == MEMORY_SYSTEM ? MEMORY_UNCACHED : 0) | (fixed ? MEMORY_FIXED_ADDRESS : 0),
		.size = size,
		.fixed = fixed,
	};
	void *address;

	assert_int_equal(memory_alloc(bench->gpu.memory, &request, &address), 0);
	return address;
}

static void *allocate(struct bench *bench, enum memory_kind kind, uint64_t size)
{
	return allocate_at(bench, kind, size, NULL);
}

static void release(struct bench *bench, void *address)
{
	assert_int_equal(memory_free(bench->gpu.memory, address), 0);
}

static void start(struct bench *bench, const struct machine *machine, const char *how)
{
	char adapter[128];
	struct channel_options options;

	snprintf(adapter, sizeof(adapter), "%s%s", machine->adapter, how);
	dxgsim_reset();
	bench->machine = machine;
	if (probe_gpu_open(&bench->gpu, adapter, machine->gfx_major))
		fail_msg("%s cannot be opened", adapter);
	options = probe_gpu_options(&bench->gpu, machine->rung).channel;
	assert_int_equal(gpu_work_open(&bench->work, &options), 0);
	bench->control = allocate(bench, MEMORY_SYSTEM, CONTROL_BYTES);
	map(bench, bench->control, CONTROL_BYTES);
	assert_int_equal(gpu_work_run(&bench->work), 0);
}

static void close_all(struct bench *bench)
{
	assert_int_equal(gpu_work_close(&bench->work), 0);
	release(bench, bench->control);
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

static uint64_t va_of(const volatile void *address)
{
	return (uint64_t)(uintptr_t)address;
}

/* The first commands of a submission that is to be found running, and held until let_go(). */
static void hold(struct bench *bench)
{
	struct control *control = bench->control;

	atomic_store(&control->running, 0);
	atomic_store(&control->go, 0);
	atomic_store(&control->result, 0);
	gpu_work_tell(&bench->work, va_of(&control->running), 1);
	gpu_work_wait_equal(&bench->work, va_of(&control->go), 1);
}

static uint64_t submit_and_see_it_run(struct bench *bench)
{
	const struct timespec pause = {.tv_nsec = 100000};
	uint64_t ordinal;

	assert_int_equal(gpu_work_submit(&bench->work, &ordinal), 0);
	for (int i = 0; i < 100000 && !atomic_load(&bench->control->running); i++)
		nanosleep(&pause, NULL);
	assert_int_equal(atomic_load(&bench->control->running), 1);
	return ordinal;
}

static void let_go(struct bench *bench, uint64_t ordinal)
{
	char text[4096];

	atomic_store(&bench->control->go, 1);
	if (!gpu_work_wait(&bench->work, ordinal))
		return;
	dxgsim_findings(text, sizeof(text));
	fail_msg("%s:\n%s", bench->machine->adapter, text);
}

/* Fills a word of memory: system memory by the CPU, which ends the call, VRAM by the GPU with what comes next. */
static void put_value(struct bench *bench, enum memory_kind kind, void *address)
{
	if (kind == MEMORY_SYSTEM) {
		atomic_store((_Atomic uint32_t *)address, VALUE);
		return;
	}
	atomic_store(&bench->control->source, VALUE);
	gpu_work_copy(&bench->work, va_of(address), va_of(&bench->control->source));
}

/* What has passed by now is ended by whoever asks for memory next. */
static void let_retire(struct bench *bench)
{
	void *address = allocate(bench, MEMORY_ADDRESS, LARGE);

	release(bench, address);
}

/* The commands that know the address are there before anything else is at it. */
static void allocate_for_running(struct bench *bench, enum memory_kind kind)
{
	void *fresh = allocate(bench, kind, LARGE);
	uint64_t ordinal, waits;

	release(bench, fresh);
	let_retire(bench);
	hold(bench);
	if (kind == MEMORY_LOCAL)
		put_value(bench, kind, fresh);
	gpu_work_copy(&bench->work, va_of(&bench->control->result), va_of(fresh));
	ordinal = submit_and_see_it_run(bench);
	assert_ptr_equal(allocate_at(bench, kind, LARGE, fresh), fresh);
	waits = dxgsim_ioctl_count_of(cpu_wait);
	map(bench, fresh, LARGE);
	waits = dxgsim_ioctl_count_of(cpu_wait) - waits;
	if (kind == MEMORY_SYSTEM)
		put_value(bench, kind, fresh);
	let_go(bench, ordinal);
	assert_int_equal(atomic_load(&bench->control->result), VALUE);
	assert_int_not_equal(waits, 0);
	release(bench, fresh);
}

/* Pieces of memory that is on the GPU already, and of memory that is not yet. */
static void allocate_small_for_running(struct bench *bench)
{
	void *fresh[AT_ONCE];
	uint64_t ordinal;

	for (unsigned i = 0; i < AT_ONCE; i++)
		fresh[i] = allocate(bench, MEMORY_SYSTEM, SMALL);
	hold(bench);
	for (unsigned i = 0; i < AT_ONCE; i++) {
		gpu_work_wait_equal(&bench->work, va_of(fresh[i]), VALUE);
		gpu_work_write(&bench->work, va_of(fresh[i]) + LINE_BYTES, VALUE);
	}
	ordinal = submit_and_see_it_run(bench);
	for (unsigned i = 0; i < AT_ONCE; i++) {
		map(bench, fresh[i], SMALL);
		put_value(bench, MEMORY_SYSTEM, fresh[i]);
	}
	let_go(bench, ordinal);
	for (unsigned i = 0; i < AT_ONCE; i++) {
		assert_int_equal(atomic_load((_Atomic uint32_t *)fresh[i] + LINE_BYTES / 4), VALUE);
		release(bench, fresh[i]);
	}
}

/* A kernel follows any pointer that it is given: page tables are done before the host can post one. */
static void what_is_allocated_meanwhile_is_there_for_what_runs(void **state)
{
	struct bench bench;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(machines); i++) {
		start(&bench, &machines[i], SLOW);
		allocate_for_running(&bench, MEMORY_SYSTEM);
		allocate_for_running(&bench, MEMORY_LOCAL);
		allocate_small_for_running(&bench);
		finish(&bench);
	}
}

static void mapping_on_an_idle_device_is_left_to_the_next_submission(void **state)
{
	struct bench bench;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(machines); i++) {
		uint64_t cpu_waits, gpu_waits;
		void *system, *local;

		start(&bench, &machines[i], SLOW);
		assert_int_equal(dxgsim_fault(VERY_SLOW), 0);
		cpu_waits = dxgsim_ioctl_count_of(cpu_wait);
		gpu_waits = dxgsim_ioctl_count_of(machines[i].gpu_wait);
		system = allocate(&bench, MEMORY_SYSTEM, LARGE);
		map(&bench, system, LARGE);
		local = allocate(&bench, MEMORY_LOCAL, LARGE);
		map(&bench, local, LARGE);
		dxgsim_clear_faults();
		put_value(&bench, MEMORY_SYSTEM, system);
		gpu_work_copy(&bench.work, va_of(local), va_of(system));
		gpu_work_copy(&bench.work, va_of(&bench.control->result), va_of(local));
		assert_int_equal(dxgsim_ioctl_count_of(cpu_wait), cpu_waits);
		assert_int_equal(dxgsim_ioctl_count_of(machines[i].gpu_wait), gpu_waits);
		assert_int_equal(gpu_work_run(&bench.work), 0);
		assert_int_equal(dxgsim_ioctl_count_of(machines[i].gpu_wait), gpu_waits + 1);
		assert_int_equal(atomic_load(&bench.control->result), VALUE);
		/* once is enough */
		assert_int_equal(gpu_work_run(&bench.work), 0);
		assert_int_equal(dxgsim_ioctl_count_of(machines[i].gpu_wait), gpu_waits + 1);
		release(&bench, system);
		release(&bench, local);
		finish(&bench);
	}
}

static void assert_apart(const char *address, const char *other, uint64_t size)
{
	if (other < address + size && address < other + size)
		fail_msg("%p was handed out while a reader of %p was at it", (const void *)other,
			 (const void *)address);
}

static void free_under_a_reader(struct bench *bench, enum memory_kind kind, uint64_t size)
{
	struct memory_info info;
	void *read, *others[AT_ONCE];
	uint64_t ordinal, calls;
	size_t allocations;

	let_retire(bench);
	assert_int_equal(gpu_work_run(&bench->work), 0);
	allocations = dxgsim_live_objects("allocation");
	read = allocate(bench, kind, size);
	map(bench, read, size);
	put_value(bench, kind, read);
	hold(bench);
	gpu_work_copy(&bench->work, va_of(&bench->control->result), va_of(read));
	ordinal = submit_and_see_it_run(bench);

	calls = dxgsim_ioctl_count();
	release(bench, read);
	assert_int_equal(dxgsim_ioctl_count(), calls);
	assert_int_equal(memory_lookup(bench->gpu.memory, read, &info), -ENOENT);
	assert_int_equal(memory_free(bench->gpu.memory, read), -ENOENT);
	for (unsigned i = 0; i < AT_ONCE; i++) {
		others[i] = allocate(bench, kind, size);
		assert_apart(read, others[i], size);
	}
	for (unsigned i = 0; i < AT_ONCE; i++)
		release(bench, others[i]);
	let_go(bench, ordinal);
	assert_int_equal(atomic_load(&bench->control->result), VALUE);
	if (size < LARGE)
		return; /* a piece of something that stays */
	for (int i = 0; i < 1000 && dxgsim_live_objects("allocation") != allocations; i++) {
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		let_retire(bench);
	}
	assert_int_equal(dxgsim_live_objects("allocation"), allocations);
}

static void what_is_freed_stays_for_who_reads_it(void **state)
{
	struct bench bench;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(machines); i++) {
		start(&bench, &machines[i], SLOW);
		free_under_a_reader(&bench, MEMORY_SYSTEM, LARGE);
		free_under_a_reader(&bench, MEMORY_LOCAL, LARGE);
		free_under_a_reader(&bench, MEMORY_SYSTEM, SMALL);
		finish(&bench);
	}
}

/* And a submission that comes too late for it is a page fault that names the address. */
static void what_is_freed_is_gone_afterwards(void **state)
{
	static const enum memory_kind kinds[] = {MEMORY_SYSTEM, MEMORY_LOCAL};
	struct bench bench;
	char text[4096], address[32];

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(machines) * ARRAY_SIZE(kinds); i++) {
		enum memory_kind kind = kinds[i % ARRAY_SIZE(kinds)];
		void *freed;

		start(&bench, &machines[i / ARRAY_SIZE(kinds)], SLOW);
		freed = allocate(&bench, kind, LARGE);
		map(&bench, freed, LARGE);
		assert_int_equal(gpu_work_run(&bench.work), 0);
		release(&bench, freed);
		let_retire(&bench);
		gpu_work_copy(&bench.work, va_of(&bench.control->result), va_of(freed));
		assert_int_equal(gpu_work_run(&bench.work), -EFAULT);
		assert_int_equal(dxgsim_misuse_count(), 1);
		dxgsim_findings(text, sizeof(text));
		snprintf(address, sizeof(address), "reads %#llx", (unsigned long long)va_of(freed));
		assert_non_null(strstr(text, "GPU page fault"));
		assert_non_null(strstr(text, address));
		close_all(&bench);
		assert_int_equal(dxgsim_leak_count(), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_allocated_meanwhile_is_there_for_what_runs),
		cmocka_unit_test(mapping_on_an_idle_device_is_left_to_the_next_submission),
		cmocka_unit_test(what_is_freed_stays_for_who_reads_it),
		cmocka_unit_test(what_is_freed_is_gone_afterwards),
	};

	return cmocka_run_group_tests(tests, quiet, NULL);
}
