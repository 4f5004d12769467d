// SPDX-License-Identifier: MIT
#include "queue_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_dxg.h"
#include "util/log.h"

static void build(struct queue_world *world, unsigned gfx_major, bool hardware, uint32_t sdma_node,
		  struct winluid luid)
{
	uint64_t nodes = 1U << QUEUE_NODE | (sdma_node != KMD_NO_NODE ? 1U << sdma_node : 0);
	const struct kmd_adapter info = {
		.valid = 1ULL << KMD_FIELD_HWS_MASK | 1ULL << KMD_FIELD_IB_ALIGNMENT |
			 1ULL << KMD_FIELD_TIMEOUT_MASK,
		.discrete = true,
		.compute_node = QUEUE_NODE,
		.luid = luid,
		.sdma_node = {sdma_node, KMD_NO_NODE},
		.hws_mask = hardware ? nodes : 0,
		.no_timeout_mask = 1U << QUEUE_NODE,
		.ib_alignment = {[KMD_IP_GRAPHICS] = {4, 4}, [KMD_IP_COMPUTE] = {256, 32}},
		.vram_visible = 1ULL << 30,
	};
	struct memory_gpu_config config = {.info = &info, .gfx_major = gfx_major, .node = 1};

	fake_reset();
	log_set_level(LOG_NONE);
	assert_int_equal(gsp_gpu_create(NULL, FAKE_ADAPTER(0), &info, &world->gpu), 0);
	world->device = gsp_gpu_device(world->gpu);
	config.gsp = world->gpu;
	assert_int_equal(memory_create(&config, 1, &world->memory), 0);
}

void queue_world_build(struct queue_world *world, unsigned gfx_major, bool hardware)
{
	build(world, gfx_major, hardware, KMD_NO_NODE, (struct winluid){0});
}

void queue_world_build_with_sdma(struct queue_world *world, unsigned gfx_major, bool hardware)
{
	build(world, gfx_major, hardware, QUEUE_SDMA_NODE, (struct winluid){.a = 0x1234, .b = 0x5678});
}

void queue_world_end(struct queue_world *world)
{
	memory_destroy(world->memory);
	gsp_gpu_destroy(world->gpu);
	assert_int_equal(fake_leaks(), 0);
	assert_int_equal(fake_misuse(), 0);
}

struct channel_options queue_world_options(const struct queue_world *world, enum gsp_rung rung)
{
	return (struct channel_options){
		.device = world->device,
		.memory = world->memory,
		.engine = KMD_ENGINE_COMPUTE0,
		.rung = rung,
	};
}
