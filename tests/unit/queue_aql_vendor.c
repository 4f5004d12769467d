// SPDX-License-Identifier: MIT
/* AMD's own packets in AQL rings: PM4 commands and extended dispatches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fake_lane.h"
#include "queue_aql_world.h"
#include "util/compiler.h"

#define INDIRECT_BUFFER 0xc0023f00U
#define VALID		(1U << 23)
#define WRITE_DATA_5	0xc0033702U /* one word */
#define NOP_2		0xc0001002U
/* RELEASE_MEM with an interrupt (DATA_SEL 0, INT_SEL 2) that has context 7 */
#define RELEASE_MEM 0xc0064902U

static struct aql_pm4_packet pm4_packet(const uint32_t *words, uint32_t count)
{
	uint64_t va = ptr_to_u64(words);

	return (struct aql_pm4_packet){
		.format = AQL_VENDOR_PM4_IB,
		.jump = {INDIRECT_BUFFER, (uint32_t)va, (uint32_t)(va >> 32), count | VALID},
		.remain = AQL_PM4_IB_REMAIN,
	};
}

static uint32_t put_write(uint32_t *words)
{
	const uint32_t write[] = {WRITE_DATA_5, 5U << 8 | 1U << 20, 0x1000, 0, 42};

	memcpy(words, write, sizeof(write));
	return ARRAY_SIZE(write);
}

/* The commands are copied; what was known of registers is not any more, and everybody sees what they wrote. */
static void test_commands_in_place(void **state)
{
	struct aql_world world;
	struct aql_pm4_packet packet;
	uint32_t count;

	(void)state;
	aql_world_build(&world, PM4_GFX11, 64);
	aql_world_create(&world);
	count = put_write(world.memory->ib);
	count += put_write(world.memory->ib + count);
	packet = pm4_packet(world.memory->ib, count);
	packet.header = world_header(AQL_VENDOR_SPECIFIC, true, PM4_SCOPE_AGENT, PM4_SCOPE_AGENT);
	packet.completion = world_signal(&world, 0);
	world_push_kernels(&world, 0, 1);
	world_push(&world, &packet);
	world_push_kernels(&world, 0, 1);
	assert_int_equal(world_drain(&world), QUEUE_EMPTY);
	assert_int_equal(fake_batches(), 1);
	assert_string_equal(world_commands_after(&world, 0, 0), "QRK"
								"DQWWDQWA"
								"RK");
	assert_int_equal(fake_batch_at(0)->signals[0], packet.completion);
	assert_false(fake_batch_at(0)->signal_is_last);
	aql_world_end(&world);
}

static void test_interrupts_become_events(void **state)
{
	struct aql_world world;
	struct aql_pm4_packet packet;
	uint32_t *ib;

	(void)state;
	aql_world_build(&world, PM4_GFX11, 64);
	aql_world_create(&world);
	ib = world.memory->ib;
	memset(ib, 0, 32);
	ib[0] = RELEASE_MEM;
	ib[1] = 0x14 | 5U << 8;
	ib[2] = 2U << 24;
	ib[7] = 7;
	packet = pm4_packet(ib, 8);
	world_push(&world, &packet);
	world_push_kernels(&world, 0, 1);
	world_drain(&world);
	/* who sleeps on it does not wait for what follows */
	assert_int_equal(fake_batches(), 2);
	assert_int_equal(fake_batch_at(0)->action_count, 1);
	assert_int_equal(fake_batch_at(0)->actions[0].kind, ACTION_EVENT);
	assert_int_equal(fake_batch_at(0)->actions[0].id, 7);
	/* the caller's memory is as it was */
	assert_int_equal(ib[2], 2U << 24);
	aql_world_end(&world);
}

/* More commands than other packets have room for, up to the limit. */
static void test_large_buffers(void **state)
{
	static uint32_t ib[(1U << 18) + 2];
	struct aql_world world;
	struct aql_pm4_packet packet;

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(ib); i += 2) {
		ib[i] = NOP_2;
		ib[i + 1] = i;
	}
	aql_world_build(&world, PM4_GFX11, 64);
	fake_memory_add(ib, sizeof(ib), MEMORY_USER, 0, 0);
	aql_world_create(&world);
	packet = pm4_packet(ib, 1U << 18);
	world_push_kernels(&world, 0, 1);
	world_push(&world, &packet);
	world_push_kernels(&world, 0, 1);
	assert_int_equal(world_drain(&world), QUEUE_EMPTY);
	assert_int_equal(fake_batches(), 2);
	assert_true(fake_batch_at(1)->count > 1U << 18);
	packet = pm4_packet(ib, (1U << 18) + 2);
	world_push(&world, &packet);
	assert_int_equal(world_drain(&world), QUEUE_STOPPED);
	assert_int_equal(world.queue.error, QUEUE_ERROR_INVALID_PACKET);
	aql_world_end(&world);
}

static void test_bad_buffers(void **state)
{
	struct aql_world world;
	struct aql_pm4_packet packet;
	uint32_t *ib;

	(void)state;
	for (uint32_t i = 0; i < 9; i++) {
		aql_world_build(&world, PM4_GFX11, 64);
		aql_world_create(&world);
		ib = world.memory->ib;
		packet = pm4_packet(ib, put_write(ib));
		switch (i) {
		case 0:
			packet.remain = 9;
			break;
		case 1:
			packet.format |= 0x100;
			break;
		case 2:
			packet.jump[0] = NOP_2;
			break;
		case 3: /* nowhere */
			packet.jump[2] = 0x7f00;
			break;
		case 4: /* beyond its memory */
			packet = pm4_packet(ib, ARRAY_SIZE(world.memory->ib) + 1);
			break;
		case 5: /* cut */
			packet = pm4_packet(ib, 4);
			break;
		case 6: /* leads to itself */
			ib[0] = INDIRECT_BUFFER;
			ib[1] = (uint32_t)ptr_to_u64(ib);
			ib[2] = (uint32_t)(ptr_to_u64(ib) >> 32);
			ib[3] = 4 | VALID;
			packet = pm4_packet(ib, 4);
			break;
		case 7: /* no packet */
			ib[0] = 0x40000000;
			break;
		default:
			packet.completion = 0x1000;
			break;
		}
		world_push_kernels(&world, 0, 1);
		world_push(&world, &packet);
		if (world_drain(&world) != QUEUE_STOPPED)
			print_error("case %u\n", i);
		assert_true(world.queue.stopped);
		assert_int_equal(world.queue.error, QUEUE_ERROR_INVALID_PACKET);
		assert_int_equal(fake_batches(), 1);
		assert_string_equal(world_commands_after(&world, 0, 0), "QRK");
		assert_int_equal(world_read(&world), 1);
		aql_world_end(&world);
	}
}

static struct aql_extended_packet extended_packet(struct aql_world *world)
{
	return (struct aql_extended_packet){
		.format = AQL_VENDOR_EXTENDED_DISPATCH,
		.setup = 2,
		.group = {32, 4, 77},
		.clusters_x = 3,
		.clusters_y = 5,
		.cluster = {1, 1, 0},
		.kernel = ptr_to_u64(world_kernel(world, 0)),
		.kernarg = 0x4440,
	};
}

static void test_extended_dispatch(void **state)
{
	struct lane *other = fake_lane_create(NULL, 0);
	struct aql_world world;
	struct aql_extended_packet packet;
	struct gsp_fence_point point;
	const uint32_t *words;

	(void)state;
	aql_world_build(&world, PM4_GFX12, 64);
	aql_world_create(&world);
	packet = extended_packet(&world);
	packet.completion = world_signal(&world, 0);
	world_push(&world, &packet);
	assert_int_equal(world_drain(&world), QUEUE_EMPTY);
	assert_string_equal(world_commands_after(&world, 0, 0), "QRKDQWQAQ");
	assert_int_equal(world_register64(&world, 0, 0, USER_DATA), 0x4440);
	words = fake_batch_at(0)->words;
	while (words[0] >> 8 != 0xc00315)
		words++;
	assert_int_equal(words[1], 96);
	assert_int_equal(words[2], 20);
	assert_int_equal(words[3], 1);
	/* its dependency is a barrier's */
	world_set_signal(&world, 1, 1, 0x9000);
	packet.dependency = world_signal(&world, 1);
	world_push(&world, &packet);
	assert_int_equal(world_drain(&world), QUEUE_PARKED);
	point = lane_point(other, 2);
	point.device = lane_device(world.queue.lane);
	fake_book_add(packet.dependency, point);
	assert_int_equal(world_drain(&world), QUEUE_EMPTY);
	assert_int_equal(fake_batch_at(1)->wait_count, 1);
	/* clusters, and grids that are too large */
	packet.dependency = 0;
	packet.cluster[1] = 2;
	world_push(&world, &packet);
	assert_int_equal(world_drain(&world), QUEUE_STOPPED);
	assert_int_equal(world.queue.error, QUEUE_ERROR_INVALID_PACKET);
	aql_world_end(&world);

	aql_world_build(&world, PM4_GFX12, 64);
	aql_world_create(&world);
	packet = extended_packet(&world);
	packet.clusters_x = 1U << 27;
	world_push(&world, &packet);
	assert_int_equal(world_drain(&world), QUEUE_STOPPED);
	assert_int_equal(world.queue.error, QUEUE_ERROR_INCOMPATIBLE_ARGUMENTS);
	aql_world_end(&world);
	fake_lane_destroy(other);
}

static void test_unknown_formats(void **state)
{
	struct aql_world world;
	struct aql_value_packet packet = {0};

	(void)state;
	for (uint32_t format = 4; format < 256; format++) {
		aql_world_build(&world, PM4_GFX11, 64);
		aql_world_create(&world);
		packet.format = (uint8_t)format;
		world_push(&world, &packet);
		assert_int_equal(world_drain(&world), QUEUE_STOPPED);
		assert_int_equal(world.queue.error, QUEUE_ERROR_INVALID_PACKET);
		aql_world_end(&world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands_in_place), cmocka_unit_test(test_interrupts_become_events),
		cmocka_unit_test(test_large_buffers),	  cmocka_unit_test(test_bad_buffers),
		cmocka_unit_test(test_extended_dispatch), cmocka_unit_test(test_unknown_formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
