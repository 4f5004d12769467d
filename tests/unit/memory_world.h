// SPDX-License-Identifier: MIT
/* Three GPUs with memory and a queue each, whose work runs for as long as a test likes. */
#ifndef TESTS_MEMORY_WORLD_H
#define TESTS_MEMORY_WORLD_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_dxg.h"
#include "gsp/timeline.h"
#include "kmd/info.h"
#include "memory/memory.h"
#include "util/compiler.h"
#include "util/log.h"

#define KIB   1024ULL
#define MIB   (1024 * KIB)
#define GIB   (1024 * MIB)
#define BLOCK (128 * KIB) /* more than what is cut from slabs */
#define GPUS  3

struct world {
	struct gsp_gpu *gpus[GPUS];
	struct gsp_device *devices[GPUS];
	struct memory *memory;
	struct gsp_timeline *timelines[GPUS];
	uint64_t fences[GPUS], announced[GPUS];
	unsigned misuse; /* that the test is about */
};

static inline int build(void **state)
{
	struct kmd_adapter info = {.discrete = true, .vram_visible = 256 * MIB, .vram_invisible = 15 * GIB};
	struct memory_gpu_config configs[GPUS];
	const struct gsp_handles *handles;
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		return -1;
	fake_reset();
	log_set_level(LOG_NONE);
	for (unsigned i = 0; i < GPUS; i++) {
		assert_int_equal(gsp_gpu_create(NULL, FAKE_ADAPTER(i), &info, &w->gpus[i]), 0);
		w->devices[i] = gsp_gpu_device(w->gpus[i]);
		assert_int_equal(gsp_device_open(w->devices[i], &handles), 0);
		assert_int_equal(gsp_timeline_create(w->devices[i], &w->fences[i], &w->timelines[i]), 0);
		configs[i] = (struct memory_gpu_config){
			.gsp = w->gpus[i], .info = &info, .gfx_major = 10, .node = i + 1};
	}
	assert_int_equal(memory_create(configs, GPUS, &w->memory), 0);
	*state = w;
	return 0;
}

/* A submission on a GPU that does not end before finish(). */
static inline void run(struct world *w, unsigned gpu)
{
	gsp_timeline_announce(w->timelines[gpu], ++w->announced[gpu]);
}

static inline void finish(struct world *w, unsigned gpu)
{
	__atomic_store_n(&w->fences[gpu], w->announced[gpu], __ATOMIC_RELEASE);
}

static inline int tear_down(void **state)
{
	struct world *w = *state;

	for (unsigned i = 0; i < GPUS; i++) {
		finish(w, i);
		gsp_timeline_stop(w->timelines[i]);
		gsp_timeline_end(w->timelines[i]);
	}
	memory_destroy(w->memory);
	for (unsigned i = 0; i < GPUS; i++)
		gsp_gpu_destroy(w->gpus[i]);
	assert_int_equal(fake_leaks(), 0);
	assert_int_equal(fake_misuse(), w->misuse);
	free(w);
	return 0;
}

static inline int get(struct world *w, enum memory_kind kind, uint64_t size, uint32_t flags, void **p)
{
	struct memory_request request = {
		.kind = kind, .gpu = 0, .size = size, .flags = flags, .scheduler_id = KMD_ENGINE_COMPUTE0};

	return memory_alloc(w->memory, &request, p);
}

static inline void *alloc(struct world *w, enum memory_kind kind, uint64_t size, uint32_t flags)
{
	void *p;

	assert_int_equal(get(w, kind, size, flags, &p), 0);
	return p;
}

static inline bool is_mapped(unsigned gpu, const void *p)
{
	return fake_is_mapped(gpu, ptr_to_u64(p));
}

static inline uint64_t told(struct world *w, const void *p)
{
	struct memory_info info;

	assert_int_equal(memory_lookup(w->memory, p, &info), 0);
	return info.mapped;
}

static inline void map_on(struct world *w, void *p, uint64_t size, uint64_t gpus, int expected)
{
	uint32_t list[GPUS], count = 0;

	for (uint32_t i = 0; i < GPUS; i++)
		if (gpus >> i & 1)
			list[count++] = i;
	assert_int_equal(memory_map(w->memory, p, size, list, count, NULL), expected);
}

/* What is told of a buffer is where it is. */
static inline void check_place(struct world *w, const void *p, uint64_t gpus)
{
	assert_int_equal(told(w, p), gpus);
	for (unsigned i = 0; i < GPUS; i++)
		assert_int_equal(is_mapped(i, p), gpus >> i & 1);
}

static const struct {
	enum memory_kind kind;
	uint64_t size;
	uint32_t flags;
	bool mappable;
} kinds[] = {
	{MEMORY_SYSTEM, BLOCK, 0, true},
	{MEMORY_SYSTEM, 4 * KIB, 0, true},
	{MEMORY_LOCAL, 3 * GIB, 0, true},
	{MEMORY_LOCAL, 64 * KIB, 0, true},
	{MEMORY_LOCAL, 3 * MIB, MEMORY_CPU_VISIBLE, true},
	{MEMORY_SCRATCH, 4 * MIB, 0, true},
	{MEMORY_USER_QUEUE, MIB, 0, true},
	{MEMORY_PHYSICAL, MIB, 0, false},
	{MEMORY_ADDRESS, MIB, 0, false},
};

#define TEST(name) cmocka_unit_test_setup_teardown(name, build, tear_down)

#endif
