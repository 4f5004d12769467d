// SPDX-License-Identifier: MIT
/*
 * AQL packets as the queue translates them, on each generation: take any one cache action, event, register or packet out
 * of the commands, and the simulated GPU or somebody who reads its memory notices.
 *
 * The packets are such that no fence is there twice: each is needed by what comes next.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_lane.h"
#include "mutation.h"
#include "queue_aql_world.h"
#include "util/compiler.h"

#define PAGE	    4096U
#define OWN_SCRATCH 0x5900000000ULL /* the user's */
#define SCRATCH	    0x7100000ULL    /* what scratch_get() gives first */
#define SCRATCH_MAX 0x100000U
#define USED	    8U	  /* signals; two share a line of L2 */
#define WRITTEN	    1023U /* word of the user's commands that they write to */

/* `packets` translated, at most WATCH_JOBS submissions of them. */
struct scene {
	struct aql_world world;
	struct aql_memory *before; /* the memory when nothing has run yet */
	uint8_t *mark;		   /* the page of the lane's mark */
	uint8_t *scratch;
	uint64_t *
		stamps; /* of the start and the end of a submission, at the start of a page; NULL: there are none */
	uint32_t jobs;
	uint32_t launches;
};

static struct aql_kernel_descriptor *describe(struct scene *scene, uint32_t i, uint32_t sgprs)
{
	struct aql_kernel_descriptor *kernel = world_kernel(&scene->world, i);
	enum pm4_generation generation = scene->world.queues.gpus[0].generation;

	kernel->rsrc1 = 0x2c0041 + i;
	kernel->rsrc2 = sgprs << 1 | (i & 1 ? 1U << 7 : 3U << 7);
	if (generation >= PM4_GFX11)
		kernel->rsrc3 = (4 + i) << 4;
	if (generation > PM4_GFX9 && i & 1)
		kernel->properties |= AQL_WAVE32;
	return kernel;
}

/* Kernel 0 has its arguments alone; 1 and 2 have all there is, and scratch. */
static void describe_kernels(struct scene *scene)
{
	enum pm4_generation generation = scene->world.queues.gpus[0].generation;

	describe(scene, 0, 2);
	for (uint32_t i = 1; i < 3; i++) {
		struct aql_kernel_descriptor *kernel = describe(scene, i, 8);

		kernel->properties |= AQL_SGPR_DISPATCH_PTR | AQL_SGPR_QUEUE_PTR | AQL_SGPR_DISPATCH_ID;
		kernel->rsrc2 |= 1;
		kernel->private_bytes = i == 1 ? 4 : 20; /* the user's is enough for the first */
		if (generation <= PM4_GFX10) {
			kernel->properties |= AQL_SGPR_PRIVATE_BUFFER;
			kernel->rsrc2 += 4U << 1;
		}
	}
	for (uint32_t i = 0; i < KERNELS; i++)
		for (uint32_t k = 0; k < sizeof(scene->world.memory->kernels[i].code); k += 4)
			memcpy(scene->world.memory->kernels[i].code + k,
			       &(uint32_t){watch_end_of_kernel(9U + generation)}, 4);
}

/* As a runtime gives its queue scratch. */
static void give_scratch(struct scene *scene)
{
	enum pm4_generation generation = scene->world.queues.gpus[0].generation;
	uint8_t *words = scene->world.memory->words;
	uint64_t base = OWN_SCRATCH;
	uint32_t tmpring, bytes = 8 * 1024;

	assert_true(pm4_tmpring(generation, 8, 1024, generation >= PM4_GFX11 ? 8 : 4, &tmpring));
	memcpy(words + AMD_QUEUE_TMPRING, &tmpring, sizeof(tmpring));
	memcpy(words + AMD_QUEUE_SCRATCH_BASE, &base, sizeof(base));
	memcpy(words + AMD_QUEUE_SCRATCH_SRD + 8, &bytes, sizeof(bytes));
}

static void begin_as(struct scene *scene, enum pm4_generation generation, bool measured)
{
	memset(scene, 0, sizeof(*scene));
	aql_world_build(&scene->world, generation, 64);
	world_no_timeout = !measured;
	for (uint32_t i = 0; i < PM4_SHADER_ENGINES; i++)
		scene->world.queue.se_mask[i] = 1U << i;
	aql_world_create(&scene->world);
	describe_kernels(scene);
	give_scratch(scene);
	for (uint32_t i = 0; i < USED; i++)
		world_set_signal(&scene->world, i, 1, 0);
	scene->before = aligned_alloc(PAGE, sizeof(*scene->before));
	scene->mark = aligned_alloc(PAGE, PAGE);
	scene->scratch = aligned_alloc(PAGE, SCRATCH_MAX);
	assert_non_null(scene->before);
	assert_non_null(scene->mark);
	assert_non_null(scene->scratch);
}

static void begin(struct scene *scene, enum pm4_generation generation)
{
	begin_as(scene, generation, false);
}

/* What is pushed becomes one submission. */
static void submit(struct scene *scene)
{
	world_drain(&scene->world);
	assert_int_equal(fake_batches(), ++scene->jobs);
	assert_false(scene->world.queue.stopped);
}

static void push_kernel(struct scene *scene, uint32_t i, bool barrier, enum pm4_scope acquire,
			enum pm4_scope release, uint32_t signal)
{
	struct aql_dispatch_packet packet = world_dispatch(&scene->world, i);

	packet.header = world_header(AQL_KERNEL_DISPATCH, barrier, acquire, release);
	packet.setup = 3;
	for (uint32_t k = 0; k < 3; k++) {
		packet.group[k] = (uint16_t)(2 + k + scene->launches % 7);
		packet.grid[k] = 11 + k + scene->launches;
	}
	packet.kernarg += 0x10000000100ULL * scene->launches;
	packet.group_bytes = 512 * (1 + scene->launches);
	packet.completion = signal < USED ? world_signal(&scene->world, signal) : 0;
	world_push(&scene->world, &packet);
	scene->launches++;
}

static void push_barrier(struct scene *scene, bool barrier, enum pm4_scope acquire, enum pm4_scope release,
			 uint32_t signal)
{
	struct aql_barrier_packet packet = world_barrier(AQL_BARRIER_AND);

	packet.header = world_header(AQL_BARRIER_AND, barrier, acquire, release);
	packet.completion = signal < USED ? world_signal(&scene->world, signal) : 0;
	world_push(&scene->world, &packet);
}

/* The user's own commands: a dispatch, and a store by way of L2. */
static void push_commands(struct scene *scene, uint32_t signal)
{
	uint32_t *words = scene->world.memory->ib;
	uint64_t at = (uintptr_t)words, to = (uintptr_t)(words + WRITTEN);
	struct pm4_dispatch dispatch = {
		.code = (uintptr_t)scene->world.memory->kernels[3].code,
		.group = {4, 1, 1},
		.grid = {4, 1, 1},
		.cu_mask = {1},
	};
	struct aql_pm4_packet packet = {
		.header = world_header(AQL_VENDOR_SPECIFIC, true, PM4_SCOPE_NONE, PM4_SCOPE_NONE),
		.format = AQL_VENDOR_PM4_IB,
		.remain = AQL_PM4_IB_REMAIN,
		.completion = world_signal(&scene->world, signal),
	};
	struct pm4_shadow shadow;
	struct pm4_buffer buffer;

	pm4_begin(&buffer, scene->world.queues.gpus[0].generation, words, WRITTEN - 1);
	pm4_shadow_forget(&shadow);
	pm4_raw(&buffer, (uint32_t[]){0xc0033700, 0x00100200, (uint32_t)to, (uint32_t)(to >> 32), 0x4711}, 5);
	pm4_acquire(&buffer, PM4_SCOPE_SYSTEM);
	pm4_dispatch(&buffer, &shadow, &dispatch);
	assert_int_equal(buffer.error, 0);
	memcpy(packet.jump,
	       (uint32_t[]){0xc0023f00, (uint32_t)at, (uint32_t)(at >> 32), buffer.used | 1U << 23},
	       sizeof(packet.jump));
	world_push(&scene->world, &packet);
	scene->launches++;
}

static void restore(void *data)
{
	struct scene *scene = data;

	memcpy(scene->world.memory, scene->before, sizeof(*scene->before));
	memset(scene->mark, 0, PAGE);
	if (scene->stamps)
		memset(scene->stamps, 0, PAGE);
}

/* The CPU arms signals again that no packet has changed yet, so that it is not their first value that is to be found. */
static void arm(void *data)
{
	struct scene *scene = data;

	for (uint32_t i = 0; i < USED; i++) {
		int64_t value = signal_load(world_signal(&scene->world, i));

		if (value % 16 == 1)
			world_set_signal(&scene->world, i, value + 16, 0);
	}
}

/* @stamps: words change before kernels end, too. */
static void run(struct scene *scene, const char *name, bool system, bool stamps)
{
	enum pm4_generation generation = scene->world.queues.gpus[0].generation;
	uint64_t mark = (uintptr_t)lane_mark(scene->world.queue.lane);
	struct mutation mutation = {
		.name = name,
		.generation = generation,
		.fresh = system && !stamps,
		.launches = scene->launches,
		.restore = restore,
		.data = scene,
	};
	struct watch *watch = &mutation.watch;

	memcpy(scene->before, scene->world.memory, sizeof(*scene->before));
	*watch = (struct watch){
		.generation = 9U + generation,
		.strict_acquire = true,
		.strict_release = true,
		.ranges = {{(uintptr_t)scene->world.memory, scene->world.memory, sizeof(*scene->world.memory),
			    generation == PM4_GFX9},
			   {mark - mark % PAGE, scene->mark, PAGE, generation == PM4_GFX9},
			   {OWN_SCRATCH, scene->scratch, SCRATCH_MAX, false},
			   {SCRATCH, scene->scratch, SCRATCH_MAX, false}},
		.range_count = 4,
		.job_count = scene->jobs,
		.cpu = arm,
		.data = scene,
	};
	assert_true(scene->jobs <= WATCH_JOBS);
	for (uint32_t i = 0; i < scene->jobs; i++)
		watch->jobs[i] =
			(struct watch_job){fake_batch_at(i)->words, fake_batch_at(i)->count, !i || system};
	watch->words[watch->word_count++] = scene->mark + mark % PAGE;
	watch->words[watch->word_count++] = &scene->world.memory->ib[WRITTEN - 1];
	for (uint32_t i = 0; i < 2; i++)
		watch->words[watch->word_count++] =
			scene->world.memory->signals[0] + SIGNAL_START_STAMP + 8 * i;
	for (uint32_t i = 0; scene->stamps && i < 2; i++)
		watch->words[watch->word_count++] = scene->stamps + i;
	if (scene->stamps)
		watch->ranges[watch->range_count++] = (struct watch_range){
			(uintptr_t)scene->stamps, scene->stamps, PAGE, generation == PM4_GFX9};
	for (uint32_t i = 0; i < USED; i++)
		watch->words[watch->word_count++] = scene->world.memory->signals[i] + SIGNAL_VALUE;
	mutation_run(&mutation);
	memcpy(scene->world.memory, scene->before, sizeof(*scene->before));
	aql_world_end(&scene->world);
	free(scene->before);
	free(scene->mark);
	free(scene->scratch);
}

static void packets_of_the_system(void **state)
{
	(void)state;
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		static struct scene scene;

		begin(&scene, (enum pm4_generation)g);
		/* the first that a queue runs reads instructions anew, which is an acquire, too */
		push_kernel(&scene, 0, false, PM4_SCOPE_NONE, PM4_SCOPE_SYSTEM, 0);
		submit(&scene);
		push_kernel(&scene, 1, true, PM4_SCOPE_SYSTEM, PM4_SCOPE_SYSTEM, 1);
		push_kernel(&scene, 0, true, PM4_SCOPE_SYSTEM, PM4_SCOPE_SYSTEM, 2);
		push_barrier(&scene, true, PM4_SCOPE_SYSTEM, PM4_SCOPE_NONE, USED);
		push_kernel(&scene, 0, false, PM4_SCOPE_NONE, PM4_SCOPE_SYSTEM, 3);
		submit(&scene);
		push_commands(&scene, 4);
		push_barrier(&scene, false, PM4_SCOPE_NONE, PM4_SCOPE_SYSTEM, 5);
		submit(&scene);
		run(&scene, "AQL packets of the system", true, false);
	}
}

static void packets_of_the_agent(void **state)
{
	(void)state;
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		static struct scene scene;

		begin(&scene, (enum pm4_generation)g);
		push_kernel(&scene, 0, false, PM4_SCOPE_NONE, PM4_SCOPE_NONE, USED);
		submit(&scene);
		push_kernel(&scene, 2, false, PM4_SCOPE_NONE, PM4_SCOPE_NONE, USED);
		push_kernel(&scene, 0, true, PM4_SCOPE_AGENT, PM4_SCOPE_AGENT, USED);
		/* other scratch, which waits for the waves that have the first; it is the system that is told of the end */
		push_kernel(&scene, 1, false, PM4_SCOPE_NONE, PM4_SCOPE_SYSTEM, 0);
		submit(&scene);
		run(&scene, "AQL packets of the agent", false, false);
	}
}

/* What stamps a kernel's start and end; who takes the signal down is told by an interrupt. */
static void profiled_packets(void **state)
{
	(void)state;
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		static struct scene scene;
		uint32_t profiling = AMD_QUEUE_PROFILING;

		begin(&scene, (enum pm4_generation)g);
		scene.world.queues.gpus[0].gpu.platform_atomics = false;
		memcpy(scene.world.memory->words + AMD_QUEUE_PROPERTIES, &profiling, sizeof(profiling));
		push_kernel(&scene, 0, false, PM4_SCOPE_NONE, PM4_SCOPE_NONE, 0);
		submit(&scene);
		run(&scene, "profiled AQL packets", true, true);
	}
}

/* On engines with a timeout each submission is measured. */
static void measured_submissions(void **state)
{
	(void)state;
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		static struct scene scene;
		const uint32_t *words;

		begin_as(&scene, (enum pm4_generation)g, true);
		push_kernel(&scene, 0, false, PM4_SCOPE_NONE, PM4_SCOPE_NONE, USED);
		submit(&scene);
		words = fake_batch_at(0)->words;
		/* COPY_DATA of the clock: where to */
		assert_int_equal(words[0] >> 8 & 0xff, 0x40);
		scene.stamps = (uint64_t *)(uintptr_t)(words[4] | (uint64_t)words[5] << 32);
		run(&scene, "measured submissions", true, true);
	}
}

static void everything_was_missed(void **state)
{
	(void)state;
	mutation_end(false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_of_the_system), cmocka_unit_test(packets_of_the_agent),
		cmocka_unit_test(profiled_packets),	 cmocka_unit_test(measured_submissions),
		cmocka_unit_test(everything_was_missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
