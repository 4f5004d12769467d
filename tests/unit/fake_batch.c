// SPDX-License-Identifier: MIT
#include "fake_batch.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_lane.h"
#include "gsp/context.h"
#include "queue/signal.h"
#include "util/compiler.h"

#define BATCHES_MAX 4096U

static struct fake_batch batches[BATCHES_MAX];
static uint32_t batch_count;
static bool is_open;
static int refuse_begin, refuse_submit;
static unsigned refuse_alloc;
static uint32_t event;

static struct memory_info known[64];
static unsigned known_count;
static unsigned allocated;

static struct {
	uint64_t signal;
	struct gsp_fence_point point;
} expected[16];
static unsigned expected_count, asked;

void fake_batch_reset(void)
{
	assert_false(is_open);
	assert_int_equal(allocated, 0);
	for (uint32_t i = 0; i < batch_count; i++)
		free(batches[i].words);
	batch_count = 0;
	refuse_begin = refuse_submit = 0;
	refuse_alloc = 0;
	event = 0;
	known_count = 0;
	expected_count = asked = 0;
}

void fake_queue_init(struct queue *queue, struct queues *queues, enum pm4_generation generation)
{
	memset(queues, 0, sizeof(*queues));
	memset(queue, 0, sizeof(*queue));
	queues->gpu_count = 1;
	queues->gpus[0].generation = generation;
	queues->gpus[0].gpu.platform_atomics = true;
	queues->gpus[0].usable = true;
	queue->queues = queues;
	queue->enabled = true;
	queue->lane = fake_lane_create(NULL, 0);
}

void fake_queue_end(struct queue *queue)
{
	free(queue->lists.actions);
	free(queue->lists.signals);
	fake_lane_destroy(queue->lane);
}

uint32_t fake_batches(void)
{
	return batch_count;
}

const struct fake_batch *fake_batch_at(uint32_t i)
{
	assert_true(i < batch_count);
	return &batches[i];
}

int event_set(struct event_table *table, uint32_t id)
{
	(void)table;
	event = id;
	return 0;
}

uint32_t fake_event(void)
{
	return event;
}

void fake_batch_refuse_begin(int error)
{
	refuse_begin = error;
}

void fake_batch_refuse_submit(int error)
{
	refuse_submit = error;
}

static int take_refusal(int *refusal)
{
	int error = *refusal;

	*refusal = 0;
	return error;
}

static void release(struct batch *batch)
{
	struct queue *queue = batch->queue;

	assert_true(is_open);
	is_open = false;
	queue->lists = batch->lists;
	free(batch->frame);
	lane_unlock(queue->lane);
	*batch = (struct batch){.queue = queue};
}

int batch_begin(struct queue *queue, uint32_t room, struct batch *batch)
{
	int ret = take_refusal(&refuse_begin);

	assert_false(is_open);
	*batch = (struct batch){.queue = queue, .lists = queue->lists};
	if (ret)
		return ret;
	lane_lock(queue->lane);
	is_open = true;
	batch->ordinal = lane_next(queue->lane);
	batch->frame = aligned_alloc(256, ALIGN_UP(room, 256U));
	assert_non_null(batch->frame);
	batch->room = room;
	return 0;
}

static void *grown(void *array, uint32_t *room, uint32_t count, size_t size)
{
	if (count == *room) {
		*room = *room ? 2 * *room : 16;
		array = realloc(array, *room * size);
		assert_non_null(array);
	}
	return array;
}

int batch_act(struct batch *batch, const struct action *action)
{
	assert_true(is_open);
	batch->lists.actions =
		grown(batch->lists.actions, &batch->lists.action_room, batch->action_count, sizeof(*action));
	batch->lists.actions[batch->action_count++] = *action;
	return 0;
}

int batch_note(struct batch *batch, uint64_t signal)
{
	assert_true(is_open);
	batch->lists.signals =
		grown(batch->lists.signals, &batch->lists.signal_room, batch->signal_count, sizeof(signal));
	batch->lists.signals[batch->signal_count++] = signal;
	batch->signal_is_last = true;
	return 0;
}

int batch_decrement(struct batch *batch, uint64_t signal, bool *by_gpu, bool *tells)
{
	const struct action action = {
		.kind = queue_gpu_state(batch->queue)->gpu.platform_atomics ? ACTION_TELL : ACTION_DECREMENT,
		.signal = signal,
		.id = signal_event_id(signal),
	};
	int ret = batch_note(batch, signal);

	*by_gpu = action.kind == ACTION_TELL;
	*tells = signal_mailbox(signal) != 0;
	return ret || (*by_gpu && !*tells) ? ret : batch_act(batch, &action);
}

int batch_submit(struct batch *batch, uint64_t commands, uint32_t bytes, uint32_t used)
{
	struct fake_batch *record = &batches[batch_count];
	int ret = take_refusal(&refuse_submit);

	assert_true(is_open);
	if (ret) {
		release(batch);
		return ret;
	}
	assert_true(batch_count < BATCHES_MAX);
	assert_true(commands >= ptr_to_u64(batch->frame) && used <= batch->room && bytes <= used);
	assert_true(commands + bytes <= ptr_to_u64(batch->frame) + used);
	assert_int_equal(bytes % FAKE_IB_SIZE, 0);
	assert_int_not_equal(bytes, 0);
	*record = (struct fake_batch){
		.ordinal = fake_lane_submit(batch->queue->lane),
		.words = malloc(bytes),
		.count = bytes / 4,
		.wait_count = batch->wait_count,
		.action_count = batch->action_count,
		.signal_count = batch->signal_count,
		.signal_is_last = batch->signal_is_last,
	};
	assert_int_equal(record->ordinal, batch->ordinal);
	assert_non_null(record->words);
	memcpy(record->words, u64_to_ptr(commands), bytes);
	memcpy(record->waits, batch->waits, sizeof(record->waits));
	for (uint32_t i = 0; i < MIN(batch->action_count, (uint32_t)ARRAY_SIZE(record->actions)); i++)
		record->actions[i] = batch->lists.actions[i];
	for (uint32_t i = 0; i < MIN(batch->signal_count, (uint32_t)ARRAY_SIZE(record->signals)); i++)
		record->signals[i] = batch->lists.signals[i];
	batch_count++;
	release(batch);
	return 0;
}

void batch_drop(struct batch *batch)
{
	release(batch);
}

enum queue_progress queue_submit_failed(struct queue *queue, int error, const char *step)
{
	if (error == -EAGAIN || error == -ENOMEM || error == -ENOSPC || error == -EINTR)
		return QUEUE_PARKED;
	queue_fail_call(queue, error, step);
	return QUEUE_STOPPED;
}

void queue_fail(struct queue *queue, uint64_t error, const char *format, ...)
{
	char text[200];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	assert_false(is_open);
	if (!queue->stopped)
		queue->error = error;
	queue->stopped = true;
}

void queue_fail_call(struct queue *queue, int error, const char *step)
{
	queue_fail(queue, QUEUE_ERROR_EXCEPTION, "%s: %d", step, error);
}

void fake_memory_add(const void *start, uint64_t size, enum memory_kind kind, uint32_t flags, uint64_t gpu_va)
{
	assert_true(known_count < ARRAY_SIZE(known));
	known[known_count++] = (struct memory_info){
		.start = u64_to_ptr(ptr_to_u64(start)),
		.size = size,
		.kind = kind,
		.flags = flags,
		.gpu_va = gpu_va ? gpu_va : ptr_to_u64(start),
	};
}

void fake_memory_lose(const void *start)
{
	for (unsigned i = 0; i < known_count; i++)
		known[i].lost |= known[i].start == start;
}

void fake_memory_refuse(unsigned n)
{
	refuse_alloc = n;
}

int memory_lookup(struct memory *memory, const void *address, struct memory_info *info)
{
	uint64_t at = ptr_to_u64(address);

	(void)memory;
	for (unsigned i = 0; i < known_count; i++) {
		uint64_t start = ptr_to_u64(known[i].start);

		if (at >= start && at - start < known[i].size) {
			*info = known[i];
			return 0;
		}
	}
	return -ENOENT;
}

int memory_alloc(struct memory *memory, const struct memory_request *request, void **address)
{
	uint64_t size = ALIGN_UP(request->size, UINT64_C(4096));

	(void)memory;
	*address = NULL;
	if (refuse_alloc && !--refuse_alloc)
		return -ENOMEM;
	*address = aligned_alloc(4096, size);
	assert_non_null(*address);
	/* nothing may be taken for granted of it */
	memset(*address, 0xa5, size);
	allocated++;
	return 0;
}

int memory_map(struct memory *memory, const void *address, uint64_t size, const uint32_t *gpus,
	       uint32_t count, uint64_t *gpu_va)
{
	(void)memory;
	(void)size;
	(void)gpus;
	assert_int_equal(count, 1);
	if (gpu_va)
		*gpu_va = ptr_to_u64(address);
	return 0;
}

int memory_free(struct memory *memory, void *address)
{
	(void)memory;
	free(address);
	allocated--;
	return 0;
}

void fake_book_add(uint64_t signal, struct gsp_fence_point point)
{
	assert_true(expected_count < ARRAY_SIZE(expected));
	expected[expected_count].signal = signal;
	expected[expected_count++].point = point;
}

unsigned fake_book_asked(void)
{
	return asked;
}

bool book_find(struct book *book, uint64_t signal, struct gsp_fence_point *point)
{
	(void)book;
	asked++;
	for (unsigned i = 0; i < expected_count; i++)
		if (expected[i].signal == signal) {
			*point = expected[i].point;
			return true;
		}
	return false;
}

const struct gsp_caps *gsp_device_caps(const struct gsp_device *device)
{
	static const struct gsp_caps caps = {
		.compute = {.node = 3, .ib_start = 256, .ib_size = FAKE_IB_SIZE},
	};

	(void)device;
	return &caps;
}
