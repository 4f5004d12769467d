// SPDX-License-Identifier: MIT
/* What queues do when their device is lost, and when their GPU has another one: on the fake dxg floor, whose GPU executes when it is let. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_dxg.h"
#include "queue/aql_packets.h"
#include "queue/lane.h"
#include "queue/owed.h"
#include "queue/queue.h"
#include "queue/scratch.h"
#include "queue/signal.h"
#include "queue/verdict.h"
#include "queue_world.h"
#include "util/clock.h"
#include "util/compiler.h"
#include "util/log.h"

#define QUEUES	     2U
#define SLOTS	     64U
#define PART	     0x4000U /* of the memory, for each queue, and one for all */
#define MEMORY_BYTES (PART * (QUEUES + 1))
#define LONG_NS	     20000000000ULL
#define TICK_MS	     50U /* between a queue's error and its signals */

/* ---- the GPU ---- */

static _Atomic bool works;

/* WRITE_DATA, RELEASE_MEM and ATOMIC_MEM: the probe's commands, and what brings signals down. */
static void gpu(const struct fake_submission *submission, void *arg)
{
	const uint32_t *words = u64_to_ptr(submission->commands);

	(void)arg;
	if (!works)
		return;
	for (uint32_t at = 0, count = submission->length / 4; at < count;) {
		const uint32_t *p = words + at;
		uint32_t length = (p[0] >> 16 & 0x3fff) + 2;

		if (p[0] >> 30 != 3 || p[0] == 0xffff1000)
			length = 1;
		else if ((p[0] >> 8 & 0xff) == 0x37)
			memcpy(u64_to_ptr((uint64_t)p[3] << 32 | p[2]), p + 4, (length - 4) * sizeof(*p));
		else if ((p[0] >> 8 & 0xff) == 0x49)
			memcpy(u64_to_ptr((uint64_t)p[4] << 32 | p[3]), p + 5, 2 * sizeof(*p));
		else if ((p[0] >> 8 & 0xff) == 0x1e)
			__atomic_fetch_add((int64_t *)u64_to_ptr((uint64_t)p[3] << 32 | p[2]),
					   (int64_t)((uint64_t)p[5] << 32 | p[4]), __ATOMIC_RELEASE);
		at += length;
	}
}

/* In the place of src/kmd's: what is found out is not kept. */
int kmd_adapter_driver_version(struct dxg *dxg, d3dkmt_handle adapter, uint64_t *version)
{
	(void)dxg;
	(void)adapter;
	*version = 0;
	return -ENOTTY;
}

/* ---- a process with two queues ---- */

static _Atomic unsigned stops;

static void sink(enum log_level level, const char *line, void *arg)
{
	(void)level;
	(void)arg;
	if (strstr(line, "is stopped"))
		stops++;
}

struct life {
	struct queue_world world;
	struct event_table *events;
	struct queues *queues;
	uint8_t *memory;
	uint64_t ids[QUEUES];
};

static uint8_t *part(const struct life *life, unsigned i)
{
	return life->memory + (size_t)i * PART;
}

static uint64_t *word(const struct life *life, unsigned queue, unsigned offset)
{
	return (uint64_t *)(void *)(part(life, queue) + offset);
}

static int64_t error_of(const struct life *life, unsigned queue)
{
	return (int64_t)__atomic_load_n(word(life, queue, 1024), __ATOMIC_ACQUIRE);
}

static uint64_t signal_at(const struct life *life, unsigned i)
{
	return ptr_to_u64(part(life, QUEUES) + 0x1000 + (size_t)i * SIGNAL_BYTES);
}

static uint64_t arm(const struct life *life, unsigned i, int64_t value)
{
	uint64_t signal = signal_at(life, i);

	memset(u64_to_ptr(signal), 0, SIGNAL_BYTES);
	__atomic_store_n((int64_t *)u64_to_ptr(signal + SIGNAL_VALUE), value, __ATOMIC_RELEASE);
	return signal;
}

static int64_t value_of(const struct life *life, unsigned i)
{
	return signal_load(signal_at(life, i));
}

static int create_queue(struct life *life, unsigned i)
{
	struct queue_request request = {
		.kind = QUEUE_AQL,
		.ring = part(life, i) + 0x1000,
		.ring_bytes = SLOTS * AQL_PACKET_BYTES,
		.percentage = 100,
		.write_index = word(life, i, AMD_QUEUE_WRITE_ID),
		.read_index = word(life, i, AMD_QUEUE_READ_ID),
		.error_reason = (int64_t *)(void *)word(life, i, 1024),
	};

	memset(part(life, i), 0, 0x1000);
	for (unsigned slot = 0; slot < SLOTS; slot++)
		part(life, i)[0x1000 + slot * AQL_PACKET_BYTES] = AQL_INVALID;
	return queue_create(life->queues, &request, &life->ids[i]);
}

static void send(struct life *life, unsigned queue, const void *packet)
{
	uint64_t index = *word(life, queue, AMD_QUEUE_WRITE_ID);

	memcpy(part(life, queue) + 0x1000 + index % SLOTS * AQL_PACKET_BYTES, packet, AQL_PACKET_BYTES);
	__atomic_store_n(word(life, queue, AMD_QUEUE_WRITE_ID), index + 1, __ATOMIC_RELEASE);
	assert_int_equal(queue_ring_doorbell(life->queues, life->ids[queue]), 0);
}

static void dispatch(struct life *life, unsigned queue, uint64_t completion)
{
	const struct aql_dispatch_packet packet = {
		.header = AQL_KERNEL_DISPATCH | 1U << 8,
		.setup = 1,
		.group = {1, 1, 1},
		.grid = {1, 1, 1},
		.kernel = ptr_to_u64(part(life, QUEUES)),
		.completion = completion,
	};

	send(life, queue, &packet);
}

static void build(struct life *life)
{
	const struct kmd_adapter info = {.discrete = true, .firmware_managed_state = true};
	const struct memory_request request = {
		.gpu = MEMORY_HOST,
		.kind = MEMORY_SYSTEM,
		.flags = MEMORY_EXECUTABLE | MEMORY_UNCACHED,
		.size = MEMORY_BYTES,
	};
	struct queue_gpu one = {
		.info = &info,
		.gfx_major = 11,
		.shader_engines = 2,
		.arrays_per_engine = 2,
		.compute_units = 16,
		.scratch_waves = 64,
		.lds_bytes = 65536,
		.local_bytes = 1ULL << 30,
		.platform_atomics = true,
	};
	struct queues_options options = {.gpus = &one, .gpu_count = 1, .rung_by_call = true};
	struct aql_kernel_descriptor *kernel;
	void *address;
	uint32_t to = 0;

	memset(life, 0, sizeof(*life));
	queue_world_build(&life->world, 11, true);
	log_set_level(LOG_ERR);
	log_set_sink(sink, NULL);
	stops = 0;
	works = true;
	fake_execute(gpu, NULL);
	assert_int_equal(event_table_create(NULL, 0, &life->events), 0);
	one.gsp = life->world.gpu;
	options.memory = life->world.memory;
	options.events = life->events;
	assert_int_equal(queues_create(&options, &life->queues), 0);
	assert_int_equal(memory_alloc(life->world.memory, &request, &address), 0);
	assert_int_equal(memory_map(life->world.memory, address, MEMORY_BYTES, &to, 1, NULL), 0);
	life->memory = address;
	kernel = (struct aql_kernel_descriptor *)(void *)part(life, QUEUES);
	kernel->entry = 256;
	kernel->rsrc2 = 2U << 1;
	kernel->properties = AQL_SGPR_KERNARG_PTR;
	for (unsigned i = 0; i < QUEUES; i++)
		assert_int_equal(create_queue(life, i), 0);
}

static void end(struct life *life)
{
	for (unsigned i = 0; i < QUEUES; i++)
		queue_destroy(life->queues, life->ids[i]);
	fake_stall(false);
	fake_finish();
	queues_destroy(life->queues);
	event_table_destroy(life->events);
	assert_int_equal(memory_free(life->world.memory, life->memory), 0);
	log_set_sink(NULL, NULL);
	queue_world_end(&life->world);
}

/* From now on nothing that is submitted is executed or ends. */
static void stand_still(void)
{
	works = false;
	fake_stall(true);
}

#define eventually(condition)                                            \
	do {                                                             \
		uint64_t begin_ns_ = clock_ns();                         \
		while (!(condition) && clock_ns() - begin_ns_ < LONG_NS) \
			usleep(200);                                     \
		assert_true(condition);                                  \
	} while (0)

static void a_loss_is_told_once_and_then_who_waits_is_released(void **state)
{
	struct aql_barrier_packet barrier = {.header = AQL_BARRIER_AND};
	uint64_t before_ns = 0;
	struct life life;

	(void)state;
	build(&life);
	stand_still();
	dispatch(&life, 0, arm(&life, 0, 1));
	dispatch(&life, 0, arm(&life, 1, 1));
	/* was brought down by somebody else */
	dispatch(&life, 0, arm(&life, 2, 0));
	/* two are to come, and only the latter is this queue's */
	dispatch(&life, 0, arm(&life, 3, 2));
	barrier.signals[0] = arm(&life, 4, 1);
	barrier.completion = arm(&life, 5, 1);
	send(&life, 0, &barrier);
	dispatch(&life, 0, arm(&life, 6, 1));
	barrier.signals[0] = signal_at(&life, 0);
	barrier.completion = arm(&life, 7, 1);
	send(&life, 1, &barrier);
	assert_int_equal(error_of(&life, 0), 0);
	fake_lose(0, D3DKMT_DEVICEEXECUTION_RESET);
	while (!error_of(&life, 0)) {
		before_ns = clock_ns();
		usleep(200);
	}
	/* a runtime that ends the process for the error has its time */
	if (value_of(&life, 0) != 1)
		assert_true(clock_ns() - before_ns >= TICK_MS * 1000000ULL);
	assert_int_equal(error_of(&life, 0), 0x80000000);
	eventually(value_of(&life, 6) == SIGNAL_LOST);
	eventually(value_of(&life, 7) == SIGNAL_LOST);
	assert_int_equal(value_of(&life, 0), SIGNAL_LOST);
	assert_int_equal(value_of(&life, 1), SIGNAL_LOST);
	assert_int_equal(value_of(&life, 2), 0);
	assert_int_equal(value_of(&life, 3), SIGNAL_LOST);
	assert_int_equal(value_of(&life, 4), 1);
	assert_int_equal(value_of(&life, 5), SIGNAL_LOST);
	assert_int_equal(error_of(&life, 1), 0x80000000);
	assert_int_equal(stops, 2);
	/* none of it was done */
	assert_true(*word(&life, 0, AMD_QUEUE_READ_ID) <= 4);
	/* and neither is what comes later, once each */
	arm(&life, 6, 1);
	dispatch(&life, 0, arm(&life, 8, 1));
	eventually(value_of(&life, 8) == SIGNAL_LOST);
	assert_int_equal(value_of(&life, 6), 1);
	assert_int_equal(stops, 2);
	end(&life);
}

/* Its fence was not seen to pass, but the next submission had begun: the signal may have a new use by now. */
static void what_had_ended_is_left_to_its_owner(void **state)
{
	struct life life;

	(void)state;
	build(&life);
	fake_stall(true);
	dispatch(&life, 0, arm(&life, 0, 1));
	dispatch(&life, 0, arm(&life, 1, 1));
	assert_int_equal(value_of(&life, 0), 0);
	assert_int_equal(value_of(&life, 1), 0);
	arm(&life, 0, 1);
	works = false;
	dispatch(&life, 0, arm(&life, 2, 1));
	fake_lose(0, D3DKMT_DEVICEEXECUTION_HUNG);
	eventually(value_of(&life, 2) == SIGNAL_LOST);
	assert_int_equal(value_of(&life, 0), 1);
	assert_int_equal(value_of(&life, 1), 0);
	end(&life);
}

/* Nor did a next submission begin, but the fence was seen to pass while the device lived. */
static void the_latest_that_was_over_is_left_to_its_owner(void **state)
{
	struct life life;

	(void)state;
	build(&life);
	dispatch(&life, 0, arm(&life, 0, 1));
	eventually(value_of(&life, 0) == 0);
	/* all fences are looked at */
	assert_int_equal(queue_destroy(life.queues, life.ids[1]), 0);
	assert_int_equal(create_queue(&life, 1), 0);
	arm(&life, 0, 1);
	works = false;
	fake_lose(0, D3DKMT_DEVICEEXECUTION_RESET);
	dispatch(&life, 0, arm(&life, 1, 1));
	eventually(value_of(&life, 1) == SIGNAL_LOST);
	assert_int_equal(value_of(&life, 0), 1);
	end(&life);
}

static void a_queue_that_ends_releases_at_once(void **state)
{
	struct life life;

	(void)state;
	build(&life);
	stand_still();
	dispatch(&life, 0, arm(&life, 0, 1));
	dispatch(&life, 1, arm(&life, 1, 1));
	fake_lose(0, D3DKMT_DEVICEEXECUTION_STOPPED);
	assert_int_equal(gsp_device_check(life.world.device), -ENODEV);
	assert_int_equal(queue_destroy(life.queues, life.ids[0]), 0);
	assert_int_equal(value_of(&life, 0), SIGNAL_LOST);
	/* nobody writes to what is its user's again */
	arm(&life, 0, 1);
	eventually(value_of(&life, 1) == SIGNAL_LOST);
	assert_int_equal(value_of(&life, 0), 1);
	end(&life);
}

static void a_signal_in_memory_that_is_gone_is_left_alone(void **state)
{
	const struct memory_request request = {
		.gpu = MEMORY_HOST, .kind = MEMORY_SYSTEM, .flags = MEMORY_UNCACHED, .size = 1U << 20};
	struct life life;
	void *gone;
	uint32_t to = 0;

	(void)state;
	build(&life);
	stand_still();
	assert_int_equal(memory_alloc(life.world.memory, &request, &gone), 0);
	assert_int_equal(memory_map(life.world.memory, gone, request.size, &to, 1, NULL), 0);
	((int64_t *)gone)[SIGNAL_VALUE / 8] = 1;
	dispatch(&life, 0, ptr_to_u64(gone));
	dispatch(&life, 0, arm(&life, 0, 1));
	assert_int_equal(memory_free(life.world.memory, gone), 0);
	fake_lose(0, D3DKMT_DEVICEEXECUTION_RESET);
	eventually(value_of(&life, 0) == SIGNAL_LOST);
	end(&life);
}

struct sender {
	struct life *life;
	_Atomic bool begun;
};

static void *dispatch_first(void *arg)
{
	struct sender *sender = arg;

	sender->begun = true;
	dispatch(sender->life, 1, arm(sender->life, 1, 1));
	return NULL;
}

/* The first commands of a queue need memory, whose page tables are waited for while other work runs. */
static void a_wait_for_page_tables_ends_with_the_device(void **state)
{
	struct sender sender;
	struct life life;
	pthread_t thread;
	uint64_t start;

	(void)state;
	build(&life);
	stand_still();
	dispatch(&life, 0, arm(&life, 0, 1));
	fake_hold_fences(true);
	fake_ignore_waits(true);
	sender = (struct sender){.life = &life};
	assert_int_equal(pthread_create(&thread, NULL, dispatch_first, &sender), 0);
	eventually(sender.begun);
	usleep(20000);
	start = clock_ns();
	fake_lose(0, D3DKMT_DEVICEEXECUTION_STOPPED);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_in_range((clock_ns() - start) / 1000000, 0, 1000);
	eventually(value_of(&life, 0) == SIGNAL_LOST);
	eventually(value_of(&life, 1) == SIGNAL_LOST);
	assert_int_equal(stops, 2);
	fake_hold_fences(false);
	fake_ignore_waits(false);
	end(&life);
}

/* The next device has queues of its own, and nothing of the lost one's is theirs. */
static void the_next_device_has_queues_of_its_own(void **state)
{
	struct life life;

	(void)state;
	build(&life);
	stand_still();
	dispatch(&life, 0, arm(&life, 0, 1));
	fake_lose(0, D3DKMT_DEVICEEXECUTION_RESET);
	eventually(value_of(&life, 0) == SIGNAL_LOST);
	assert_int_equal(queue_destroy(life.queues, life.ids[1]), 0);
	fake_revive(0);
	fake_stall(false);
	works = true;
	assert_int_equal(create_queue(&life, 1), 0);
	assert_ptr_not_equal(gsp_gpu_device(life.world.gpu), life.world.device);
	dispatch(&life, 1, arm(&life, 1, 1));
	eventually(value_of(&life, 1) == 0);
	assert_int_equal(error_of(&life, 1), 0);
	/* the old one stays what it is */
	dispatch(&life, 0, arm(&life, 2, 1));
	eventually(value_of(&life, 2) == SIGNAL_LOST);
	assert_int_equal(error_of(&life, 0), 0x80000000);
	assert_int_equal(queue_destroy(life.queues, life.ids[0]), 0);
	assert_int_equal(create_queue(&life, 0), 0);
	dispatch(&life, 0, arm(&life, 2, 1));
	eventually(value_of(&life, 2) == 0);
	end(&life);
}

/* Promised, and had so far; the next device has none of them. */
static void a_device_without_hardware_queues_has_others(void **state)
{
	struct life life;

	(void)state;
	build(&life);
	stand_still();
	dispatch(&life, 0, arm(&life, 0, 1));
	fake_lose(0, D3DKMT_DEVICEEXECUTION_RESET);
	eventually(value_of(&life, 0) == SIGNAL_LOST);
	assert_int_equal(queue_destroy(life.queues, life.ids[1]), 0);
	fake_revive(0);
	fake_stall(false);
	works = true;
	fake_refuse_hwqueues(-EINVAL);
	assert_int_equal(create_queue(&life, 1), 0);
	dispatch(&life, 1, arm(&life, 1, 1));
	eventually(value_of(&life, 1) == 0);
	fake_refuse_hwqueues(0);
	end(&life);
}

static void while_it_may_not_be_used_the_host_is_not_asked(void **state)
{
	const struct memory_request request = {.kind = MEMORY_LOCAL, .size = 1U << 20};
	struct life life;
	unsigned calls;
	void *vram;

	(void)state;
	build(&life);
	assert_int_equal(memory_alloc(life.world.memory, &request, &vram), 0);
	fake_lose(0, D3DKMT_DEVICEEXECUTION_RESET);
	assert_int_equal(gsp_device_check(life.world.device), -ENODEV);
	queue_destroy(life.queues, life.ids[0]);
	fake_revive(0);
	calls = fake_calls_of("create_device") + fake_calls_of("create_context");
	assert_int_equal(create_queue(&life, 0), -ENODEV);
	assert_int_equal(fake_calls_of("create_device") + fake_calls_of("create_context"), calls);
	assert_int_equal(memory_free(life.world.memory, vram), 0);
	assert_int_equal(create_queue(&life, 0), 0);
	end(&life);
}

/* ---- what belongs to a device ---- */

static void lanes_of_a_lost_device_are_not_shared(void **state)
{
	const struct lane_options options = {.engine = KMD_ENGINE_COMPUTE0, .rung = GSP_RUNG_HARDWARE};
	struct lane *first, *second, *third;
	struct queue_world w;
	struct lanes *lanes;

	(void)state;
	queue_world_build(&w, 11, true);
	assert_int_equal(lanes_create(w.memory, &w.gpu, 1, &lanes), 0);
	assert_int_equal(lane_get(lanes, &options, &first), 0);
	fake_refuse_hwqueues(-EINVAL);
	assert_int_equal(lane_get(lanes, &options, &second), 0);
	assert_ptr_equal(first, second);
	lane_put(second);
	fake_lose(0, D3DKMT_DEVICEEXECUTION_RESET);
	assert_int_equal(gsp_device_check(w.device), -ENODEV);
	/* there is one that could be shared, but it is lost */
	assert_int_equal(lane_get(lanes, &options, &second), -ENODEV);
	fake_revive(0);
	assert_int_equal(gsp_gpu_renew(w.gpu), 0);
	assert_int_equal(lane_get(lanes, &options, &second), -EINVAL);
	fake_refuse_hwqueues(0);
	/* that the host had no more is of the lost device, too */
	assert_int_equal(lane_get(lanes, &options, &second), 0);
	assert_int_equal(lane_get(lanes, &options, &third), 0);
	assert_ptr_not_equal(second, first);
	assert_ptr_not_equal(third, second);
	assert_int_equal(lane_done(first), UINT64_MAX);
	assert_int_equal(lane_done(second), 0);
	lane_put(first);
	lane_put(second);
	lane_put(third);
	lanes_destroy(lanes);
	queue_world_end(&w);
}

static void what_was_learnt_of_a_lost_device_is_asked_again(void **state)
{
	struct verdicts *verdicts;
	struct queue_world w;
	enum gsp_rung rung;

	(void)state;
	queue_world_build(&w, 11, true);
	fake_execute(gpu, NULL);
	works = false;
	assert_int_equal(verdicts_create(w.memory, &w.gpu, 1, NULL, &verdicts), 0);
	/* nothing is written: for this device that is final */
	assert_int_not_equal(verdict_get(verdicts, 0, KMD_ENGINE_COMPUTE0, &rung), 0);
	works = true;
	assert_int_not_equal(verdict_get(verdicts, 0, KMD_ENGINE_COMPUTE0, &rung), 0);
	fake_lose(0, D3DKMT_DEVICEEXECUTION_RESET);
	assert_int_equal(gsp_device_check(w.device), -ENODEV);
	fake_revive(0);
	assert_int_equal(gsp_gpu_renew(w.gpu), 0);
	assert_int_equal(verdict_get(verdicts, 0, KMD_ENGINE_COMPUTE0, &rung), 0);
	assert_int_equal(rung, GSP_RUNG_HARDWARE);
	/* which holds for the device after that, unasked */
	fake_lose(0, D3DKMT_DEVICEEXECUTION_RESET);
	assert_int_equal(gsp_device_check(gsp_gpu_device(w.gpu)), -ENODEV);
	fake_revive(0);
	assert_int_equal(gsp_gpu_renew(w.gpu), 0);
	works = false;
	assert_int_equal(verdict_get(verdicts, 0, KMD_ENGINE_COMPUTE0, &rung), 0);
	assert_int_equal(rung, GSP_RUNG_HARDWARE);
	verdicts_destroy(verdicts);
	queue_world_end(&w);
}

static void scratch_of_a_lost_device_is_dropped(void **state)
{
	const struct lane_options options = {.engine = KMD_ENGINE_COMPUTE0, .rung = GSP_RUNG_HARDWARE};
	struct scratch_block *old = NULL, *kept = NULL, *fresh = NULL;
	struct scratch_view view, again;
	struct scratch_pool *pool;
	struct lane *lane, *next;
	struct queue_world w;
	struct lanes *lanes;

	(void)state;
	queue_world_build(&w, 11, true);
	assert_int_equal(lanes_create(w.memory, &w.gpu, 1, &lanes), 0);
	assert_int_equal(lane_get(lanes, &options, &lane), 0);
	assert_int_equal(scratch_pool_create(&(struct scratch_gpu){.memory = w.memory,
								   .generation = PM4_GFX11,
								   .waves = 64,
								   .shader_engines = 2,
								   .budget = 1ULL << 30},
					     &pool),
			 0);
	assert_int_equal(scratch_get(pool, 1024, lane, &old, &view), 0);
	assert_int_equal(scratch_get(pool, 1024, lane, &kept, &again), 0);
	/* idle by now, and as good as new */
	scratch_put(old, lane, lane_submitted(lane));
	fake_lose(0, D3DKMT_DEVICEEXECUTION_RESET);
	assert_int_equal(gsp_device_check(w.device), -ENODEV);
	assert_int_equal(scratch_get(pool, 1024, lane, &fresh, &again), -ENODEV);
	fake_revive(0);
	/* it is the library's own, and keeps nobody from the next device */
	assert_int_equal(gsp_gpu_renew(w.gpu), 0);
	assert_int_equal(lane_get(lanes, &options, &next), 0);
	assert_int_equal(scratch_get(pool, 1024, next, &fresh, &again), 0);
	assert_true(fake_is_mapped(0, again.base));
	scratch_put(kept, lane, lane_submitted(lane));
	scratch_put(fresh, next, lane_submitted(next));
	lane_put(lane);
	lane_put(next);
	lanes_destroy(lanes);
	scratch_pool_destroy(pool);
	queue_world_end(&w);
}

/* ---- what is owed ---- */

static void what_is_owed_is_kept_in_order(void **state)
{
	const uint64_t signals[] = {1, 2, 3, 4, 5, 6, 7, 8};
	struct owed owed = {0};
	struct owed_signal taken;
	uint64_t next = 0;

	(void)state;
	assert_false(owed_take(&owed, &taken));
	for (uint64_t ordinal = 1; ordinal <= 1000; ordinal++) {
		assert_int_equal(owed_add(&owed, ordinal, signals, ARRAY_SIZE(signals)), 0);
		if (ordinal % 5 == 0)
			owed_cancel(&owed, ordinal);
		if (ordinal % 7 == 0)
			owed_reap(&owed, ordinal - 3);
	}
	/* 994 is a multiple of 7: up to 991 nothing is left */
	owed_reap(&owed, 990);
	while (owed_take(&owed, &taken)) {
		assert_true(taken.ordinal > 991 && taken.ordinal % 5);
		assert_int_equal(taken.signal, next % ARRAY_SIZE(signals) + 1);
		next++;
	}
	assert_int_equal(next, 7 * ARRAY_SIZE(signals));
	owed_end(&owed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_loss_is_told_once_and_then_who_waits_is_released),
		cmocka_unit_test(what_had_ended_is_left_to_its_owner),
		cmocka_unit_test(the_latest_that_was_over_is_left_to_its_owner),
		cmocka_unit_test(a_queue_that_ends_releases_at_once),
		cmocka_unit_test(a_signal_in_memory_that_is_gone_is_left_alone),
		cmocka_unit_test(a_wait_for_page_tables_ends_with_the_device),
		cmocka_unit_test(the_next_device_has_queues_of_its_own),
		cmocka_unit_test(a_device_without_hardware_queues_has_others),
		cmocka_unit_test(while_it_may_not_be_used_the_host_is_not_asked),
		cmocka_unit_test(lanes_of_a_lost_device_are_not_shared),
		cmocka_unit_test(what_was_learnt_of_a_lost_device_is_asked_again),
		cmocka_unit_test(scratch_of_a_lost_device_is_dropped),
		cmocka_unit_test(what_is_owed_is_kept_in_order),
	};

	setenv("HSAKMT_DXG_PROBE", "fresh", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
