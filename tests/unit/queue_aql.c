// SPDX-License-Identifier: MIT
/* AQL rings: what is published becomes submissions, in order, and slots come back. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fake_lane.h"
#include "queue_aql_world.h"
#include "util/compiler.h"

static void test_a_run_is_one_submission(void **state)
{
	struct aql_world world;

	(void)state;
	aql_world_build(&world, PM4_GFX11, 64);
	aql_world_create(&world);
	assert_int_equal(world_drain(&world), QUEUE_EMPTY);
	assert_int_equal(fake_batches(), 0);
	world_push_kernels(&world, 0, 10);
	assert_int_equal(world_drain(&world), QUEUE_EMPTY);
	assert_int_equal(fake_batches(), 1);
	assert_int_equal(world_count(&world, 0, 'K'), 10);
	assert_int_equal(world_read(&world), 10);
	for (uint32_t i = 0; i < 10; i++)
		assert_int_equal(world.memory->ring[i * AQL_PACKET_BYTES], AQL_INVALID);
	aql_world_end(&world);
}

/* The first submission reads code anew, each reads data anew before its first dispatch; registers are written once. */
static void test_caches_and_registers(void **state)
{
	struct aql_world world;

	(void)state;
	aql_world_build(&world, PM4_GFX11, 64);
	aql_world_create(&world);
	world_push_kernels(&world, 0, 1);
	world_drain(&world);
	assert_string_equal(world_commands_after(&world, 0, 0), "QRK");
	world_push_kernels(&world, 0, 3);
	world_drain(&world);
	assert_string_equal(world_commands_after(&world, 1, 0), "QRKKK");
	aql_world_end(&world);

	aql_world_build(&world, PM4_GFX10, 64);
	world.queues.gpus[0].firmware_managed_state = false;
	aql_world_create(&world);
	world_push_kernels(&world, 0, 3);
	world_drain(&world);
	assert_string_equal(world_commands_after(&world, 0, 0), "QRKRKRK");
	aql_world_end(&world);
}

static void test_header_fences(void **state)
{
	struct aql_world world;
	struct aql_dispatch_packet packet;

	(void)state;
	aql_world_build(&world, PM4_GFX11, 64);
	aql_world_create(&world);
	packet = world_dispatch(&world, 0);
	world_push(&world, &packet);
	/* a barrier alone, then one whose predecessor has drained already */
	packet.header = world_header(AQL_KERNEL_DISPATCH, true, PM4_SCOPE_NONE, PM4_SCOPE_AGENT);
	world_push(&world, &packet);
	packet.header = world_header(AQL_KERNEL_DISPATCH, true, PM4_SCOPE_SYSTEM, PM4_SCOPE_NONE);
	world_push(&world, &packet);
	packet.completion = world_signal(&world, 0);
	packet.header = world_header(AQL_KERNEL_DISPATCH, false, PM4_SCOPE_AGENT, PM4_SCOPE_SYSTEM);
	world_push(&world, &packet);
	world_drain(&world);
	assert_int_equal(fake_batches(), 1);
	assert_string_equal(world_commands_after(&world, 0, 0), "QRK"
								"DK"
								"DQK"
								"QKDQWA");
	assert_int_equal(fake_batch_at(0)->signal_count, 1);
	assert_int_equal(fake_batch_at(0)->signals[0], packet.completion);
	assert_true(fake_batch_at(0)->signal_is_last);
	aql_world_end(&world);
}

/* The barrier bit of what comes first in a submission costs nothing: submissions of a lane do not overlap. */
static void test_barrier_at_the_start(void **state)
{
	struct aql_world world;
	struct aql_dispatch_packet packet;

	(void)state;
	aql_world_build(&world, PM4_GFX12, 64);
	aql_world_create(&world);
	packet = world_dispatch(&world, 0);
	packet.header = world_header(AQL_KERNEL_DISPATCH, true, PM4_SCOPE_NONE, PM4_SCOPE_NONE);
	for (uint32_t i = 0; i < 2; i++) {
		world_push(&world, &packet);
		world_drain(&world);
		assert_string_equal(world_commands_after(&world, i, 0), "QRK");
	}
	aql_world_end(&world);
}

static void test_completion_signals(void **state)
{
	struct aql_world world;
	struct aql_dispatch_packet packet;

	(void)state;
	aql_world_build(&world, PM4_GFX11, 64);
	aql_world_create(&world);
	packet = world_dispatch(&world, 0);
	for (uint32_t i = 0; i < 4; i++) {
		/* the second one has somebody who may sleep: what follows is another submission */
		world_set_signal(&world, i, 1, i == 1 ? 0x9000 : 0);
		packet.completion = world_signal(&world, i);
		world_push(&world, &packet);
	}
	world_push_kernels(&world, 0, 1);
	world_drain(&world);
	assert_int_equal(fake_batches(), 2);
	assert_int_equal(world_count(&world, 0, 'A'), 2);
	assert_int_equal(world_count(&world, 1, 'A'), 2);
	assert_int_equal(fake_batch_at(0)->action_count, 1);
	assert_int_equal(fake_batch_at(0)->actions[0].kind, ACTION_TELL);
	assert_true(fake_batch_at(0)->signal_is_last);
	/* a dispatch follows the last decrement */
	assert_false(fake_batch_at(1)->signal_is_last);
	aql_world_end(&world);

	/* where the GPU has no atomics on host memory the CPU does it */
	aql_world_build(&world, PM4_GFX11, 64);
	world.queues.gpus[0].gpu.platform_atomics = false;
	aql_world_create(&world);
	packet = world_dispatch(&world, 0);
	packet.completion = world_signal(&world, 0);
	world_push(&world, &packet);
	world_drain(&world);
	assert_string_equal(world_commands_after(&world, 0, 0), "QRKD");
	assert_int_equal(fake_batch_at(0)->actions[0].kind, ACTION_DECREMENT);
	aql_world_end(&world);
}

/* Where the engine's atomics cannot go past L2, the line goes before and after. */
static void test_signals_through_l2(void **state)
{
	struct aql_world world;
	struct aql_dispatch_packet packet;

	(void)state;
	aql_world_build(&world, PM4_GFX12, 64);
	aql_world_create(&world);
	packet = world_dispatch(&world, 0);
	packet.completion = world_signal(&world, 0);
	world_push(&world, &packet);
	packet.header = world_header(AQL_KERNEL_DISPATCH, true, PM4_SCOPE_AGENT, PM4_SCOPE_SYSTEM);
	world_push(&world, &packet);
	world_drain(&world);
	assert_string_equal(world_commands_after(&world, 0, 0), "QRKDQWQAQ"
								"QKDQWQAQ");
	aql_world_end(&world);

	/* the CPU's decrements need none of it */
	aql_world_build(&world, PM4_GFX12, 64);
	world.queues.gpus[0].gpu.platform_atomics = false;
	aql_world_create(&world);
	packet.header = AQL_KERNEL_DISPATCH;
	packet.kernel = world_dispatch(&world, 0).kernel;
	packet.completion = world_signal(&world, 0);
	world_push(&world, &packet);
	world_drain(&world);
	assert_string_equal(world_commands_after(&world, 0, 0), "QRKD");
	aql_world_end(&world);
}

/* Bytes of commands for one more dispatch of the same kernel with other arguments and everything that headers ask for. */
static uint32_t bytes_of_one_more(bool with_signal)
{
	struct aql_world world;
	struct aql_dispatch_packet packet;
	uint32_t bytes[2];

	for (uint32_t i = 0; i < 2; i++) {
		aql_world_build(&world, PM4_GFX11, SLOTS);
		aql_world_create(&world);
		packet = world_dispatch(&world, 0);
		packet.header = world_header(AQL_KERNEL_DISPATCH, true, PM4_SCOPE_SYSTEM, PM4_SCOPE_SYSTEM);
		for (uint32_t n = 0; n < (i ? 200 : 100); n++) {
			packet.kernarg += 0x100000100;
			packet.completion = with_signal ? world_signal(&world, n) : 0;
			world_push(&world, &packet);
		}
		world_drain(&world);
		assert_int_equal(fake_batches(), 1);
		bytes[i] = fake_batch_at(0)->count * 4;
		aql_world_end(&world);
	}
	return (bytes[1] - bytes[0]) / 100;
}

static void test_repeated_dispatches_are_small(void **state)
{
	(void)state;
	assert_in_range(bytes_of_one_more(false), 1, 170);
	assert_in_range(bytes_of_one_more(true), 1, 210);
}

static void test_stamps_only_with_profiling(void **state)
{
	struct aql_world world;
	struct aql_dispatch_packet packet;

	(void)state;
	aql_world_build(&world, PM4_GFX11, 64);
	aql_world_create(&world);
	world.memory->words[AMD_QUEUE_PROPERTIES] = AMD_QUEUE_PROFILING;
	world_push_kernels(&world, 0, 1);
	packet = world_dispatch(&world, 0);
	packet.header = world_header(AQL_KERNEL_DISPATCH, true, PM4_SCOPE_AGENT, PM4_SCOPE_SYSTEM);
	packet.completion = world_signal(&world, 0);
	world_push(&world, &packet);
	world_drain(&world);
	assert_string_equal(world_commands_after(&world, 0, 0), "QRK"
								"DLQKDLQWA");
	world.memory->words[AMD_QUEUE_PROPERTIES] = 0;
	world_push(&world, &packet);
	world_drain(&world);
	assert_string_equal(world_commands_after(&world, 1, 0), "QRKDQWA");
	aql_world_end(&world);
}

/* A small ring goes round many times in one drain, and the indices where 32 bits end. */
static void test_the_ring_goes_round(void **state)
{
	const uint64_t start = (1ULL << 32) - 3;
	struct aql_world world;

	(void)state;
	aql_world_build(&world, PM4_GFX11, 8);
	*world.queue.read_index = *world.queue.write_index = start;
	aql_world_create(&world);
	for (uint32_t i = 0; i < 100; i++) {
		world_push_kernels(&world, 0, 5);
		assert_int_equal(world_drain(&world), QUEUE_EMPTY);
		assert_int_equal(world_read(&world), start + 5 * (i + 1));
		assert_int_equal(fake_batches(), i + 1);
	}
	/* full; and the write index of producers that wait for room is ahead of the ring */
	world_push_kernels(&world, 0, 8);
	*world.queue.write_index += 20;
	assert_int_equal(world_drain(&world), QUEUE_EMPTY);
	assert_int_equal(world_read(&world), start + 508);
	assert_int_equal(world_count(&world, 100, 'K'), 8);
	/* nonsense in it reads no more than is published */
	*world.queue.write_index = UINT64_MAX;
	assert_int_equal(world_drain(&world), QUEUE_EMPTY);
	*world.queue.write_index = 0;
	assert_int_equal(world_drain(&world), QUEUE_EMPTY);
	assert_int_equal(world_read(&world), start + 508);
	assert_int_equal(fake_batches(), 101);
	aql_world_end(&world);
}

static void test_what_is_not_published_ends_the_run(void **state)
{
	struct aql_world world;
	struct aql_dispatch_packet packet;
	uint8_t *slot;

	(void)state;
	aql_world_build(&world, PM4_GFX11, 64);
	aql_world_create(&world);
	packet = world_dispatch(&world, 0);
	world_push(&world, &packet);
	slot = world.memory->ring + AQL_PACKET_BYTES;
	world_push(&world, &packet);
	world_push(&world, &packet);
	slot[0] = AQL_INVALID;
	world_drain(&world);
	assert_int_equal(world_read(&world), 1);
	/* zeros are what a ring is made of */
	memset(slot, 0, AQL_PACKET_BYTES);
	world_drain(&world);
	assert_int_equal(world_read(&world), 1);
	memcpy(slot, &packet, AQL_PACKET_BYTES);
	world_drain(&world);
	assert_int_equal(world_read(&world), 3);
	assert_int_equal(fake_batches(), 2);
	aql_world_end(&world);
}

static void test_long_bursts_are_cut(void **state)
{
	struct aql_world world;
	struct aql_dispatch_packet packet;

	(void)state;
	aql_world_build(&world, PM4_GFX11, SLOTS);
	aql_world_create(&world);
	packet = world_dispatch(&world, 0);
	packet.header = world_header(AQL_KERNEL_DISPATCH, true, PM4_SCOPE_SYSTEM, PM4_SCOPE_SYSTEM);
	for (uint32_t i = 0; i < 300; i++) {
		packet.kernarg += 64;
		packet.completion = world_signal(&world, i);
		world_push(&world, &packet);
	}
	world_drain(&world);
	assert_int_equal(fake_batches(), 2);
	assert_int_equal(world_count(&world, 0, 'K'), 256);
	assert_int_equal(world_count(&world, 1, 'K'), 44);
	aql_world_end(&world);

	/* also where all registers are written each time */
	aql_world_build(&world, PM4_GFX10, SLOTS);
	world.queues.gpus[0].firmware_managed_state = false;
	aql_world_create(&world);
	for (uint32_t i = 0; i < 256; i++) {
		packet = world_dispatch(&world, 0);
		packet.header = world_header(AQL_KERNEL_DISPATCH, true, PM4_SCOPE_SYSTEM, PM4_SCOPE_SYSTEM);
		packet.completion = world_signal(&world, i);
		world_push(&world, &packet);
	}
	world_drain(&world);
	assert_int_equal(fake_batches(), 1);
	aql_world_end(&world);
}

/* What a failed call leaves behind is what was there before it. */
static void test_failures_leave_the_packets(void **state)
{
	struct aql_world world;

	(void)state;
	aql_world_build(&world, PM4_GFX11, 64);
	aql_world_create(&world);
	world_push_kernels(&world, 0, 4);
	fake_batch_refuse_begin(-EAGAIN);
	assert_int_equal(world_drain(&world), QUEUE_PARKED);
	fake_batch_refuse_submit(-ENOMEM);
	assert_int_equal(world_drain(&world), QUEUE_PARKED);
	assert_int_equal(world_read(&world), 0);
	assert_int_equal(world.memory->ring[0], AQL_KERNEL_DISPATCH);
	assert_int_equal(world_drain(&world), QUEUE_EMPTY);
	assert_int_equal(world_read(&world), 4);
	assert_string_equal(world_commands_after(&world, 0, 0), "QRKKKK");
	world_push_kernels(&world, 0, 1);
	fake_batch_refuse_submit(-ENODEV);
	assert_int_equal(world_drain(&world), QUEUE_STOPPED);
	assert_true(world.queue.stopped);
	assert_int_equal(world_read(&world), 4);
	aql_world_end(&world);
}

static void test_a_queue_that_ends_takes_nothing(void **state)
{
	struct aql_world world;

	(void)state;
	aql_world_build(&world, PM4_GFX11, 64);
	aql_world_create(&world);
	world_push_kernels(&world, 0, 4);
	atomic_store(&world.queue.ending, true);
	assert_int_equal(world_drain(&world), QUEUE_EMPTY);
	assert_int_equal(fake_batches(), 0);
	assert_int_equal(world_read(&world), 0);
	aql_world_end(&world);
}

static void expect_refusal(struct aql_world *world, const void *packet, uint64_t error)
{
	uint32_t before = fake_batches();
	uint64_t read = world_read(world);

	/* what precedes is submitted, nothing that follows */
	world_push_kernels(world, 0, 2);
	world_push(world, packet);
	world_push_kernels(world, 0, 1);
	assert_int_equal(world_drain(world), QUEUE_STOPPED);
	assert_true(world->queue.stopped);
	assert_int_equal(world->queue.error, error);
	assert_int_equal(fake_batches(), before + 1);
	assert_int_equal(world_count(world, before, 'K'), 2);
	assert_int_equal(world_read(world), read + 2);
}

static void refuse(const void *packet, uint64_t error)
{
	struct aql_world world;

	aql_world_build(&world, PM4_GFX11, 64);
	aql_world_create(&world);
	expect_refusal(&world, packet, error);
	aql_world_end(&world);
	/* and as the first packet of all */
	aql_world_build(&world, PM4_GFX11, 64);
	aql_world_create(&world);
	world_push(&world, packet);
	assert_int_equal(world_drain(&world), QUEUE_STOPPED);
	assert_int_equal(world.queue.error, error);
	assert_int_equal(fake_batches(), 0);
	aql_world_end(&world);
}

static void test_bad_packets_stop_the_queue(void **state)
{
	struct aql_dispatch_packet packet = {.setup = 1};

	(void)state;
	for (uint32_t type = 0; type < 256; type++) {
		if (type == AQL_INVALID || type == AQL_KERNEL_DISPATCH || type == AQL_BARRIER_AND ||
		    type == AQL_BARRIER_OR)
			continue;
		packet.header = (uint16_t)type;
		refuse(&packet, QUEUE_ERROR_INVALID_PACKET);
	}
	packet.header = AQL_KERNEL_DISPATCH | 3 << 9;
	refuse(&packet, QUEUE_ERROR_INVALID_PACKET);
	packet.header = AQL_BARRIER_AND | 3 << 11;
	refuse(&packet, QUEUE_ERROR_INVALID_PACKET);
}

static int create(struct aql_world *world)
{
	int ret = world->queue.ops->create(&world->queue, &world->request);

	if (ret)
		assert_null(world->queue.translator);
	return ret;
}

static void test_creation_checks(void **state)
{
	static uint64_t elsewhere;
	struct aql_world world;
	uint64_t *write;

	(void)state;
	aql_world_build(&world, PM4_GFX11, 64);
	write = world.queue.write_index;
	world.queue.ring_bytes = 63 * AQL_PACKET_BYTES;
	assert_int_equal(create(&world), -EINVAL);
	world.queue.ring_bytes = 32;
	assert_int_equal(create(&world), -EINVAL);
	world.queue.ring_bytes = 128 * AQL_PACKET_BYTES; /* beyond its memory */
	assert_int_equal(create(&world), -EFAULT);
	world.queue.ring_bytes = 64 * AQL_PACKET_BYTES;
	world.queue.ring += 32;
	assert_int_equal(create(&world), -EINVAL);
	world.queue.ring -= 32;
	world.queue.write_index = NULL;
	assert_int_equal(create(&world), -EINVAL);
	world.queue.write_index = (uint64_t *)(void *)((uint8_t *)write + 4);
	assert_int_equal(create(&world), -EINVAL);
	world.queue.write_index = &elsewhere;
	assert_int_equal(create(&world), -EFAULT);
	/* indices that are not those of an amd_queue_t are as good */
	world.queue.write_index = write + 1;
	assert_int_equal(create(&world), 0);
	assert_null(world.queue.inactive_signal);
	world.queue.ops->destroy(&world.queue);
	world.queue.write_index = write;
	assert_int_equal(create(&world), 0);
	assert_ptr_equal(world.queue.inactive_signal, world.memory->words + AMD_QUEUE_INACTIVE);
	/* a ring in its place has to be there */
	world.queue.ring = (uint8_t *)(uintptr_t)0x1000;
	assert_int_equal(world_drain(&world), QUEUE_STOPPED);
	aql_world_end(&world);
}

static uint32_t random_state;

static uint32_t any(uint32_t limit)
{
	/* Marsaglia's xorshift32 */
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % limit;
}

static uint64_t random_address(struct aql_world *world)
{
	switch (any(8)) {
	case 0:
		return 0;
	case 1:
		return (uint64_t)any(UINT32_MAX) << 32 | any(UINT32_MAX);
	case 2:
		return ptr_to_u64(world->memory) + any(sizeof(*world->memory));
	case 3:
		return ptr_to_u64(world->memory->kernels) + (uint64_t)any(KERNELS * 2) * 64;
	default:
		return world_signal(world, any(SIGNALS));
	}
}

static void random_packet(struct aql_world *world, union aql_packet *packet)
{
	static const uint8_t types[] = {AQL_VENDOR_SPECIFIC, AQL_KERNEL_DISPATCH, AQL_KERNEL_DISPATCH,
					AQL_BARRIER_AND, AQL_BARRIER_OR};

	*packet = (union aql_packet){.dispatch = world_dispatch(world, any(KERNELS))};
	packet->dispatch.header = world_header((enum aql_type)types[any(ARRAY_SIZE(types))], any(2),
					       (enum pm4_scope)any(3), (enum pm4_scope)any(3));
	if (AQL_TYPE(packet->dispatch.header) == AQL_VENDOR_SPECIFIC) {
		packet->value.format = (uint8_t)any(5);
		packet->pm4.jump[0] = 0xc0023f00;
		packet->pm4.jump[1] = (uint32_t)ptr_to_u64(world->memory->ib);
		packet->pm4.jump[2] = (uint32_t)(ptr_to_u64(world->memory->ib) >> 32);
		packet->pm4.jump[3] = any(1100) | 1U << 23;
		packet->pm4.remain = AQL_PM4_IB_REMAIN;
	} else if (AQL_TYPE(packet->dispatch.header) != AQL_KERNEL_DISPATCH) {
		for (uint32_t i = 0; i < AQL_DEPENDENCIES; i++)
			packet->barrier.signals[i] = any(3) ? 0 : random_address(world);
	}
	packet->dispatch.completion = any(3) ? world_signal(world, any(SIGNALS)) : random_address(world);
	for (uint32_t n = any(3); n; n--)
		packet->words[any(ARRAY_SIZE(packet->words))] ^= 1U << any(32);
}

/* Whatever is in the ring: the queue goes on, waits or stops with an error, and no memory is touched that is not there. */
static void test_random_packets(void **state)
{
	static const uint64_t errors[] = {QUEUE_ERROR_INCOMPATIBLE_ARGUMENTS, QUEUE_ERROR_INVALID_ALLOCATION,
					  QUEUE_ERROR_INVALID_CODE_OBJECT, QUEUE_ERROR_INVALID_PACKET,
					  QUEUE_ERROR_INVALID_ARGUMENT};
	struct aql_world world;
	union aql_packet packet;
	uint32_t stopped = 0;

	(void)state;
	random_state = 20261121;
	for (uint32_t round = 0; round < 3000; round++) {
		uint64_t before;
		enum queue_progress progress;

		aql_world_build(&world, (enum pm4_generation)any(PM4_GENERATION_COUNT), 64);
		world_no_timeout = any(2);
		world.queues.gpus[0].firmware_managed_state = any(2);
		world.queues.gpus[0].gpu.platform_atomics = any(2);
		aql_world_create(&world);
		for (uint32_t i = 0; i < ARRAY_SIZE(world.memory->ib); i++)
			world.memory->ib[i] = any(4) ? 0xffff1000 : any(UINT32_MAX);
		for (uint32_t i = 0; i < SIGNALS; i++)
			world_set_signal(&world, i, !any(8), any(4) ? 0 : 0x9000);
		for (uint32_t i = 1 + any(16); i; i--) {
			random_packet(&world, &packet);
			if (AQL_TYPE(packet.dispatch.header) != AQL_INVALID)
				world_push(&world, &packet);
		}
		before = world_read(&world);
		progress = world_drain(&world);
		assert_in_range(world_read(&world), before, world_written(&world));
		assert_int_equal(progress == QUEUE_STOPPED, world.queue.stopped);
		if (world.queue.stopped) {
			assert_in_set(world.queue.error, errors, ARRAY_SIZE(errors));
			stopped++;
		}
		aql_world_end(&world);
	}
	assert_in_range(stopped, 300, 2900);
}

/* Whoever drains has others to serve: he goes on to them between submissions, and nothing is left half done. */
static void test_a_turn_ends_between_submissions(void **state)
{
	struct aql_world world;

	(void)state;
	aql_world_build(&world, PM4_GFX11, 512);
	aql_world_create(&world);
	world_push_kernels(&world, 0, 300);
	world.queue.turn_ends_ns = 1;
	assert_int_equal(world_drain(&world), QUEUE_PARKED);
	assert_true(world.queue.yields);
	assert_int_equal(fake_batches(), 0);
	world.queue.turn_ends_ns = UINT64_MAX;
	assert_int_equal(world_drain(&world), QUEUE_EMPTY);
	assert_false(world.queue.yields);
	assert_int_equal(fake_batches(), 2);
	/* with nothing to do there is no reason to come back */
	world.queue.turn_ends_ns = 1;
	assert_int_equal(world_drain(&world), QUEUE_EMPTY);
	assert_false(world.queue.yields);
	aql_world_end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_run_is_one_submission),
		cmocka_unit_test(test_caches_and_registers),
		cmocka_unit_test(test_header_fences),
		cmocka_unit_test(test_barrier_at_the_start),
		cmocka_unit_test(test_completion_signals),
		cmocka_unit_test(test_signals_through_l2),
		cmocka_unit_test(test_stamps_only_with_profiling),
		cmocka_unit_test(test_the_ring_goes_round),
		cmocka_unit_test(test_what_is_not_published_ends_the_run),
		cmocka_unit_test(test_long_bursts_are_cut),
		cmocka_unit_test(test_failures_leave_the_packets),
		cmocka_unit_test(test_a_queue_that_ends_takes_nothing),
		cmocka_unit_test(test_a_turn_ends_between_submissions),
		cmocka_unit_test(test_bad_packets_stop_the_queue),
		cmocka_unit_test(test_creation_checks),
		cmocka_unit_test(test_repeated_dispatches_are_small),
		cmocka_unit_test(test_random_packets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
