// SPDX-License-Identifier: MIT
#include "queue_aql_world.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gsp/context.h"
#include "pm4/walk.h"
#include "queue/scratch.h"
#include "util/compiler.h"

bool world_no_timeout;
int world_scratch_error;
unsigned world_scratch_gets, world_scratch_puts;

static enum pm4_generation world_generation;

const struct gsp_caps *__wrap_gsp_device_caps(const struct gsp_device *device);

const struct gsp_caps *__wrap_gsp_device_caps(const struct gsp_device *device)
{
	static struct gsp_caps caps;

	(void)device;
	caps.compute = (struct gsp_engine_caps){
		.node = 3,
		.ib_start = 256,
		.ib_size = FAKE_IB_SIZE,
		.no_timeout = world_no_timeout,
	};
	return &caps;
}

int scratch_get(struct scratch_pool *pool, uint32_t wave_bytes, struct lane *lane,
		struct scratch_block **block, struct scratch_view *view)
{
	static uint64_t place;

	(void)pool;
	(void)lane;
	world_scratch_gets++;
	if (world_scratch_error)
		return world_scratch_error;
	*block = (struct scratch_block *)(void *)&place;
	*view = (struct scratch_view){
		.base = UINT64_C(0x7000000) + (uint64_t)world_scratch_gets * 0x100000,
		.bytes = (uint64_t)wave_bytes * 16,
		.waves = 16,
		.wave_bytes = wave_bytes,
	};
	return pm4_tmpring(world_generation, 16, wave_bytes, 1, &view->tmpring) ? 0 : -E2BIG;
}

void scratch_put(struct scratch_block *block, struct lane *lane, uint64_t ordinal)
{
	(void)lane;
	(void)ordinal;
	if (block)
		world_scratch_puts++;
}

void aql_world_build(struct aql_world *world, enum pm4_generation generation, uint32_t slots)
{
	struct aql_memory *memory;

	fake_batch_reset();
	world_generation = generation;
	world_no_timeout = true;
	world_scratch_error = 0;
	world_scratch_gets = world_scratch_puts = 0;
	memset(world, 0, sizeof(*world));
	memory = aligned_alloc(4096, ALIGN_UP(sizeof(*memory), (size_t)4096));
	assert_non_null(memory);
	memset(memory, 0, sizeof(*memory));
	world->memory = memory;
	world->slots = slots;
	fake_memory_add(memory->words, sizeof(memory->words), MEMORY_SYSTEM, 0, 0);
	fake_memory_add(memory->ring, slots * AQL_PACKET_BYTES, MEMORY_SYSTEM, 0, 0);
	fake_memory_add(memory->kernels, sizeof(memory->kernels), MEMORY_SYSTEM, MEMORY_EXECUTABLE, 0);
	fake_memory_add(memory->signals, sizeof(memory->signals), MEMORY_SYSTEM, 0, 0);
	fake_memory_add(memory->ib, sizeof(memory->ib), MEMORY_SYSTEM, 0, 0);
	fake_queue_init(&world->queue, &world->queues, generation);
	world->queues.gpus[0].gpu.lds_bytes = 65536;
	world->queues.gpus[0].firmware_managed_state = true;
	world->queues.gpus[0].counter_hz = 100000000;
	memset(world->queue.se_mask, 0xff, sizeof(world->queue.se_mask));
	world->queue.ring = memory->ring;
	world->queue.ring_bytes = slots * AQL_PACKET_BYTES;
	world->queue.write_index = (uint64_t *)(void *)(memory->words + AMD_QUEUE_WRITE_ID);
	world->queue.read_index = (uint64_t *)(void *)(memory->words + AMD_QUEUE_READ_ID);
	world->queue.ops = &aql_queue_ops;
	for (uint32_t i = 0; i < slots; i++)
		memory->ring[i * AQL_PACKET_BYTES] = AQL_INVALID;
	for (uint32_t i = 0; i < KERNELS; i++)
		memory->kernels[i].descriptor = (struct aql_kernel_descriptor){
			.entry = offsetof(struct kernel_memory, code),
			.rsrc2 = 2U << 1,
			.properties = AQL_SGPR_KERNARG_PTR,
		};
}

void aql_world_create(struct aql_world *world)
{
	assert_int_equal(world->queue.ops->create(&world->queue, &world->request), 0);
}

void aql_world_end(struct aql_world *world)
{
	if (world->queue.translator)
		world->queue.ops->destroy(&world->queue);
	fake_queue_end(&world->queue);
	free(world->memory);
	fake_batch_reset();
}

uint64_t world_signal(struct aql_world *world, uint32_t i)
{
	assert_true(i < SIGNALS);
	return ptr_to_u64(world->memory->signals[i]);
}

void world_set_signal(struct aql_world *world, uint32_t i, int64_t value, uint64_t mailbox)
{
	uint8_t *signal = world->memory->signals[i];

	memcpy(signal + SIGNAL_VALUE, &value, sizeof(value));
	memcpy(signal + SIGNAL_MAILBOX, &mailbox, sizeof(mailbox));
}

struct aql_kernel_descriptor *world_kernel(struct aql_world *world, uint32_t i)
{
	assert_true(i < KERNELS);
	return &world->memory->kernels[i].descriptor;
}

uint64_t world_written(struct aql_world *world)
{
	return *world->queue.write_index;
}

uint64_t world_read(struct aql_world *world)
{
	return *world->queue.read_index;
}

uint16_t world_header(enum aql_type type, bool barrier, enum pm4_scope acquire, enum pm4_scope release)
{
	return (uint16_t)((uint32_t)type | (uint32_t)barrier << 8 | (uint32_t)acquire << 9 |
			  (uint32_t)release << 11);
}

struct aql_dispatch_packet world_dispatch(struct aql_world *world, uint32_t i)
{
	return (struct aql_dispatch_packet){
		.header = AQL_KERNEL_DISPATCH,
		.setup = 1,
		.group = {64, 1, 1},
		.grid = {64, 1, 1},
		.kernel = ptr_to_u64(world_kernel(world, i)),
		.kernarg = 0x1234500,
	};
}

struct aql_barrier_packet world_barrier(enum aql_type type)
{
	return (struct aql_barrier_packet){.header = (uint16_t)type};
}

void world_push(struct aql_world *world, const void *packet)
{
	uint64_t *write = world->queue.write_index;
	uint8_t *slot = world->memory->ring + *write % world->slots * AQL_PACKET_BYTES;

	assert_int_equal(slot[0], AQL_INVALID);
	memcpy(slot, packet, AQL_PACKET_BYTES);
	++*write;
}

void world_push_kernels(struct aql_world *world, uint32_t kernel, uint32_t count)
{
	const struct aql_dispatch_packet packet = world_dispatch(world, kernel);

	while (count--)
		world_push(world, &packet);
}

enum queue_progress world_drain(struct aql_world *world)
{
	return world->queue.ops->drain(&world->queue);
}

static char letter_of(uint32_t opcode)
{
	switch (opcode) {
	case 0x10:
		return 'N';
	case 0x15:
		return 'K';
	case 0x1e:
		return 'A';
	case 0x37:
		return 'W';
	case 0x40:
		return 'L';
	case 0x46:
		return 'D';
	case 0x58:
		return 'Q';
	case 0x76:
		return 'R';
	default:
		return '?';
	}
}

const char *world_commands(const struct aql_world *world, uint32_t batch)
{
	static char text[8192];
	const struct fake_batch *record = fake_batch_at(batch);
	struct pm4_seen seen;
	uint32_t length = 0;

	for (uint32_t at = 0; at < record->count; at += seen.words) {
		char letter;

		assert_int_equal(pm4_look(world->queues.gpus[0].generation, record->words + at,
					  record->count - at, &seen),
				 0);
		letter = letter_of(seen.opcode);
		if (letter == 'R' && length && text[length - 1] == 'R')
			continue;
		assert_true(length + 1 < sizeof(text));
		text[length++] = letter;
	}
	text[length] = 0;
	return text;
}

const char *world_commands_after(const struct aql_world *world, uint32_t batch, uint32_t skip)
{
	char *text = (char *)(uintptr_t)world_commands(world, batch);
	size_t length = strlen(text);

	while (length && text[length - 1] == 'N')
		text[--length] = 0;
	assert_true(skip <= length);
	return text + skip;
}

uint32_t world_count(const struct aql_world *world, uint32_t batch, char letter)
{
	uint32_t count = 0;

	for (const char *text = world_commands(world, batch); *text; text++)
		count += *text == letter;
	return count;
}

uint32_t world_register(const struct aql_world *world, uint32_t batch, uint32_t n, uint32_t number)
{
	const struct fake_batch *record = fake_batch_at(batch);
	uint32_t value = 0;
	struct pm4_seen seen;
	bool known = false;

	for (uint32_t at = 0; at < record->count; at += seen.words) {
		const uint32_t *words = record->words + at;

		assert_int_equal(pm4_look(world->queues.gpus[0].generation, words, record->count - at, &seen),
				 0);
		if (seen.opcode == 0x15 && !n--)
			break;
		if (seen.opcode == 0x76 && number >= (words[1] & 0xffff) &&
		    number - (words[1] & 0xffff) < seen.words - 2) {
			value = words[2 + number - (words[1] & 0xffff)];
			known = true;
		}
	}
	assert_int_equal(n, UINT32_MAX);
	assert_true(known);
	return value;
}

uint64_t world_register64(const struct aql_world *world, uint32_t batch, uint32_t n, uint32_t number)
{
	return world_register(world, batch, n, number) | (uint64_t)world_register(world, batch, n, number + 1)
								 << 32;
}
