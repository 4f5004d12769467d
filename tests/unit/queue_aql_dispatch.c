// SPDX-License-Identifier: MIT
/* Kernel dispatches of AQL rings: what registers kernels start with, and what is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "queue_aql_world.h"
#include "util/compiler.h"

static void test_registers_of_a_kernel(void **state)
{
	struct aql_world world;
	struct aql_dispatch_packet packet;
	struct aql_kernel_descriptor *kernel;

	(void)state;
	aql_world_build(&world, PM4_GFX11, 64);
	aql_world_create(&world);
	kernel = world_kernel(&world, 3);
	kernel->rsrc1 = 0xac0043;
	kernel->rsrc3 = 0x30;
	kernel->rsrc2 = 2U << 1 | 1U << 7;
	kernel->properties |= AQL_WAVE32;
	kernel->group_bytes = 1024;
	packet = world_dispatch(&world, 3);
	packet.setup = 3;
	memcpy(packet.group, (uint16_t[]){16, 8, 4}, sizeof(packet.group));
	memcpy(packet.grid, (uint32_t[]){1, 17, 9}, sizeof(packet.grid));
	packet.group_bytes = 1025;
	world.queue.se_mask[0] = 0x55;
	world_push(&world, &packet);
	/* of unused dimensions nothing is believed */
	packet.setup = 1;
	memcpy(packet.group, (uint16_t[]){64, 0, 9999}, sizeof(packet.group));
	memcpy(packet.grid, (uint32_t[]){64, 0, 7}, sizeof(packet.grid));
	world_push(&world, &packet);
	world_drain(&world);
	assert_int_equal(world_register64(&world, 0, 0, PGM_LO),
			 ptr_to_u64(world.memory->kernels[3].code) >> 8);
	assert_int_equal(world_register(&world, 0, 0, RSRC1) & ~(1U << 20), 0xac0043);
	assert_int_equal(world_register(&world, 0, 0, RSRC2), (2U << 1 | 1U << 7 | 3U << 15));
	assert_int_equal(world_register(&world, 0, 0, RSRC3), 0x30);
	assert_int_equal(world_register(&world, 0, 0, SE0_MASK), 0x55);
	assert_int_equal(world_register64(&world, 0, 0, USER_DATA), packet.kernarg);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(world_register(&world, 0, 0, NUM_THREAD_X + i), 16 >> i);
		assert_int_equal(world_register(&world, 0, 1, NUM_THREAD_X + i), i ? 1 : 64);
	}
	aql_world_end(&world);
}

static void test_user_registers_in_order(void **state)
{
	struct aql_world world;
	struct aql_dispatch_packet packet;
	struct aql_kernel_descriptor *kernel;
	uint64_t copy;

	(void)state;
	aql_world_build(&world, PM4_GFX10, 64);
	*world.queue.read_index = *world.queue.write_index = 1ULL << 33 | 5;
	aql_world_create(&world);
	kernel = world_kernel(&world, 0);
	kernel->properties = 0x7f;
	kernel->rsrc2 = 15U << 1 | 1;
	packet = world_dispatch(&world, 0);
	packet.private_bytes = 33;
	packet.reserved2 = 0xfeed;
	world_push(&world, &packet);
	world_drain(&world);
	assert_int_equal(world_scratch_gets, 1);
	/* the resource of scratch: its base, and that of flat scratch */
	assert_int_equal(world_register(&world, 0, 0, USER_DATA), 0x7100000);
	assert_int_equal(world_register(&world, 0, 0, USER_DATA + 2), 3 * 1024 * 16);
	copy = world_register64(&world, 0, 0, USER_DATA + 4);
	assert_int_equal(copy % 64, 0);
	assert_int_equal(world_register64(&world, 0, 0, USER_DATA + 6), ptr_to_u64(world.memory->words));
	assert_int_equal(world_register64(&world, 0, 0, USER_DATA + 8), packet.kernarg);
	assert_int_equal(world_register64(&world, 0, 0, USER_DATA + 10), 1ULL << 33 | 5);
	assert_int_equal(world_register64(&world, 0, 0, USER_DATA + 12), 0x7100000);
	assert_int_equal(world_register(&world, 0, 0, USER_DATA + 14), 36);
	aql_world_end(&world);
	assert_int_equal(world_scratch_puts, 1);
}

/* Where the caller's own scratch suffices it is used, else the library's. */
static void test_scratch_of_two_owners(void **state)
{
	struct aql_world world;
	struct aql_dispatch_packet packet;
	uint64_t base = 0x12340000;
	uint32_t tmpring = 0;

	(void)state;
	aql_world_build(&world, PM4_GFX11, 64);
	aql_world_create(&world);
	assert_true(pm4_tmpring(PM4_GFX11, 64, 64 * 128, 2, &tmpring));
	memcpy(world.memory->words + AMD_QUEUE_TMPRING, &tmpring, sizeof(tmpring));
	memcpy(world.memory->words + AMD_QUEUE_SCRATCH_BASE, &base, sizeof(base));
	packet = world_dispatch(&world, 0);
	packet.private_bytes = 128;
	world_push(&world, &packet);
	/* one that needs none changes nothing */
	world_push_kernels(&world, 0, 1);
	world_drain(&world);
	assert_int_equal(world_scratch_gets, 0);
	assert_int_equal(world_register(&world, 0, 0, TMPRING), tmpring);
	assert_int_equal(world_register64(&world, 0, 0, SCRATCH_BASE), base >> 8);
	assert_string_equal(world_commands_after(&world, 0, 0), "QRKK");
	/* a larger one: after what uses none of it yet, for memory is had with no submission open */
	world_push_kernels(&world, 0, 1);
	packet.private_bytes = 132;
	world_push(&world, &packet);
	/* a change of the block that is in use waits for its waves */
	packet.private_bytes = 4;
	world_push(&world, &packet);
	packet.private_bytes = 130;
	world_push(&world, &packet);
	world_drain(&world);
	assert_int_equal(world_scratch_gets, 1);
	assert_int_equal(fake_batches(), 3);
	assert_int_equal(world_register64(&world, 2, 0, SCRATCH_BASE), 0x7100000 >> 8);
	assert_string_equal(world_commands_after(&world, 2, 0), "QRKDRKDRK");
	/* the block is kept */
	world_push(&world, &packet);
	world_drain(&world);
	assert_int_equal(world_scratch_gets, 1);
	aql_world_end(&world);
	assert_int_equal(world_scratch_puts, 1);
}

static void test_scratch_that_is_not_had(void **state)
{
	struct aql_world world;
	struct aql_dispatch_packet packet;

	(void)state;
	aql_world_build(&world, PM4_GFX11, 64);
	aql_world_create(&world);
	packet = world_dispatch(&world, 0);
	packet.private_bytes = 4096;
	world_push_kernels(&world, 0, 1);
	world_push(&world, &packet);
	world_scratch_error = -ENOSPC;
	assert_int_equal(world_drain(&world), QUEUE_PARKED);
	assert_int_equal(world_read(&world), 1);
	world_scratch_error = -E2BIG;
	assert_int_equal(world_drain(&world), QUEUE_STOPPED);
	assert_int_equal(world.queue.error, QUEUE_ERROR_INVALID_ALLOCATION);
	aql_world_end(&world);
}

struct refusal {
	uint64_t error;
	void (*spoil)(struct aql_world *world, struct aql_dispatch_packet *packet,
		      struct aql_kernel_descriptor *kernel);
};

#define SPOIL(name, code)                                                             \
	static void name(struct aql_world *world, struct aql_dispatch_packet *packet, \
			 struct aql_kernel_descriptor *kernel)                        \
	{                                                                             \
		(void)world;                                                          \
		(void)packet;                                                         \
		(void)kernel;                                                         \
		code;                                                                 \
	}

SPOIL(no_dimension, packet->setup = 4)
SPOIL(empty_group, packet->group[0] = 0)
SPOIL(empty_grid, packet->grid[0] = 0)
SPOIL(wide_group, packet->group[0] = 1025)
SPOIL(large_group, packet->setup = 2; packet->group[0] = 1024; packet->group[1] = 2; packet->grid[1] = 2)
SPOIL(no_kernel, packet->kernel = 0)
SPOIL(odd_kernel, packet->kernel += 32)
SPOIL(unknown_kernel, packet->kernel = 0x1000)
/* Only so much of the kernels is known memory. */
static void know_kernels(struct aql_world *world, uint64_t bytes, enum memory_kind kind)
{
	fake_batch_reset();
	fake_memory_add(world->memory->ring, sizeof(world->memory->ring), MEMORY_SYSTEM, 0, 0);
	fake_memory_add(world->memory->kernels, bytes, kind, 0, 0);
}

SPOIL(cut_kernel, know_kernels(world, sizeof(struct kernel_memory) + 32, MEMORY_SYSTEM))
SPOIL(unreadable_kernel, know_kernels(world, sizeof(world->memory->kernels), MEMORY_LOCAL))
SPOIL(odd_code, kernel->entry += 4)
SPOIL(far_code, kernel->entry = INT64_C(0x4000000000000000))
SPOIL(negative_code, kernel->entry = -INT64_C(0x100000000))
SPOIL(unknown_property, kernel->properties |= 1U << 12)
SPOIL(private_buffer, kernel->properties |= AQL_SGPR_PRIVATE_BUFFER; kernel->rsrc2 = 16U << 1)
SPOIL(flat_scratch, kernel->properties |= AQL_SGPR_FLAT_SCRATCH; kernel->rsrc2 = 16U << 1)
SPOIL(preload, kernel->kernarg_preload = 1)
SPOIL(crowded, kernel->rsrc2 = 1U << 1)
SPOIL(too_many_sgprs, kernel->rsrc2 = 17U << 1)
SPOIL(too_little_lds, kernel->group_bytes = 16)
SPOIL(too_much_lds, packet->group_bytes = 65537)
SPOIL(too_much_scratch, packet->private_bytes = UINT32_MAX)
SPOIL(unknown_signal, packet->completion = 0x1000)
SPOIL(lost_kernel, fake_memory_lose(world->memory->kernels))
SPOIL(lost_arguments, packet->kernarg = ptr_to_u64(world->memory->ib); fake_memory_lose(world->memory->ib))
SPOIL(lost_signal, packet->completion = world_signal(world, 0); fake_memory_lose(world->memory->signals))
SPOIL(odd_signal, packet->completion = world_signal(world, 0) + 4)
SPOIL(cut_signal, packet->completion = world_signal(world, SIGNALS - 1) + 8)

static void test_refusals(void **state)
{
	static const struct refusal refusals[] = {
		{QUEUE_ERROR_INCOMPATIBLE_ARGUMENTS, no_dimension},
		{QUEUE_ERROR_INCOMPATIBLE_ARGUMENTS, empty_group},
		{QUEUE_ERROR_INCOMPATIBLE_ARGUMENTS, empty_grid},
		{QUEUE_ERROR_INVALID_ARGUMENT, wide_group},
		{QUEUE_ERROR_INVALID_ARGUMENT, large_group},
		{QUEUE_ERROR_INVALID_CODE_OBJECT, no_kernel},
		{QUEUE_ERROR_INVALID_CODE_OBJECT, odd_kernel},
		{QUEUE_ERROR_INVALID_CODE_OBJECT, unknown_kernel},
		{QUEUE_ERROR_INVALID_CODE_OBJECT, cut_kernel},
		{QUEUE_ERROR_INVALID_CODE_OBJECT, unreadable_kernel},
		{QUEUE_ERROR_INVALID_CODE_OBJECT, odd_code},
		{QUEUE_ERROR_INVALID_CODE_OBJECT, far_code},
		{QUEUE_ERROR_INVALID_CODE_OBJECT, negative_code},
		{QUEUE_ERROR_INVALID_CODE_OBJECT, unknown_property},
		{QUEUE_ERROR_INVALID_CODE_OBJECT, private_buffer},
		{QUEUE_ERROR_INVALID_CODE_OBJECT, flat_scratch},
		{QUEUE_ERROR_INVALID_CODE_OBJECT, preload},
		{QUEUE_ERROR_INVALID_CODE_OBJECT, crowded},
		{QUEUE_ERROR_INVALID_CODE_OBJECT, too_many_sgprs},
		{QUEUE_ERROR_INVALID_CODE_OBJECT, lost_kernel},
		{QUEUE_ERROR_INVALID_ALLOCATION, lost_arguments},
		{QUEUE_ERROR_INVALID_PACKET, lost_signal},
		{QUEUE_ERROR_INVALID_ALLOCATION, too_little_lds},
		{QUEUE_ERROR_INVALID_ALLOCATION, too_much_lds},
		{QUEUE_ERROR_INVALID_ALLOCATION, too_much_scratch},
		{QUEUE_ERROR_INVALID_PACKET, unknown_signal},
		{QUEUE_ERROR_INVALID_PACKET, odd_signal},
		{QUEUE_ERROR_INVALID_PACKET, cut_signal},
	};
	struct aql_dispatch_packet packet;
	struct aql_world world;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		aql_world_build(&world, PM4_GFX11, 64);
		aql_world_create(&world);
		packet = world_dispatch(&world, 1);
		refusals[i].spoil(&world, &packet, world_kernel(&world, 1));
		world_push(&world, &packet);
		assert_int_equal(world_drain(&world), QUEUE_STOPPED);
		if (world.queue.error != refusals[i].error)
			print_error("refusal %zu\n", i);
		assert_int_equal(world.queue.error, refusals[i].error);
		assert_int_equal(fake_batches(), 0);
		assert_int_equal(world_read(&world), 0);
		aql_world_end(&world);
	}
}

/* Kernels for other generations. */
static void test_generations(void **state)
{
	static const struct {
		enum pm4_generation generation;
		uint16_t properties;
		uint32_t rsrc3;
		bool good;
	} cases[] = {
		{PM4_GFX9, AQL_SGPR_PRIVATE_BUFFER | AQL_SGPR_FLAT_SCRATCH, 0, true},
		{PM4_GFX9, AQL_WAVE32, 0, false},
		{PM4_GFX9, 0, 1, false},
		{PM4_GFX10, AQL_SGPR_PRIVATE_BUFFER | AQL_SGPR_FLAT_SCRATCH | AQL_WAVE32, 3, true},
		{PM4_GFX11, AQL_WAVE32 | AQL_DYNAMIC_STACK, 0x30, true},
		{PM4_GFX12, AQL_SGPR_PRIVATE_BUFFER, 0, false},
		{PM4_GFX12, AQL_WAVE32, 0, true},
	};
	struct aql_world world;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		aql_world_build(&world, cases[i].generation, 64);
		aql_world_create(&world);
		world_kernel(&world, 0)->properties = cases[i].properties;
		world_kernel(&world, 0)->rsrc2 = 8U << 1;
		world_kernel(&world, 0)->rsrc3 = cases[i].rsrc3;
		world_push_kernels(&world, 0, 1);
		assert_int_equal(world_drain(&world), cases[i].good ? QUEUE_EMPTY : QUEUE_STOPPED);
		if (!cases[i].good)
			assert_int_equal(world.queue.error, QUEUE_ERROR_INVALID_CODE_OBJECT);
		aql_world_end(&world);
	}
}

/* A kernel that reads its queue needs one; and memory that GPUs see elsewhere is named as they see it. */
static void test_addresses_of_the_gpu(void **state)
{
	const uint64_t elsewhere = 0x500000000000;
	struct aql_world world;
	struct aql_dispatch_packet packet;

	(void)state;
	aql_world_build(&world, PM4_GFX11, 64);
	world.queue.write_index++;
	aql_world_create(&world);
	world_kernel(&world, 0)->properties |= AQL_SGPR_QUEUE_PTR;
	world_kernel(&world, 0)->rsrc2 = 4U << 1;
	world_push_kernels(&world, 0, 1);
	assert_int_equal(world_drain(&world), QUEUE_STOPPED);
	assert_int_equal(world.queue.error, QUEUE_ERROR_INCOMPATIBLE_ARGUMENTS);
	aql_world_end(&world);

	aql_world_build(&world, PM4_GFX11, 64);
	aql_world_create(&world);
	fake_batch_reset();
	fake_memory_add(world.memory->kernels, sizeof(world.memory->kernels), MEMORY_USER, 0, elsewhere);
	fake_memory_add(world.memory->signals, sizeof(world.memory->signals), MEMORY_USER, 0,
			elsewhere + 0x100000);
	packet = world_dispatch(&world, 0);
	packet.completion = world_signal(&world, 2);
	world_push(&world, &packet);
	assert_int_equal(world_drain(&world), QUEUE_EMPTY);
	assert_int_equal(world_register64(&world, 0, 0, PGM_LO),
			 (elsewhere + offsetof(struct kernel_memory, code)) >> 8);
	assert_int_equal(fake_batch_at(0)->signals[0], packet.completion);
	aql_world_end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_registers_of_a_kernel),
		cmocka_unit_test(test_user_registers_in_order),
		cmocka_unit_test(test_scratch_of_two_owners),
		cmocka_unit_test(test_scratch_that_is_not_had),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_generations),
		cmocka_unit_test(test_addresses_of_the_gpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
