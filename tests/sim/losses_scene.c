// SPDX-License-Identifier: MIT
/* A process in the middle of everything, and what it does before and after it loses its GPU. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../unit/ring_packets.h"
#include "dxgsim/dxgsim.h"
#include "losses.h"

#define SLOTS	    64u
#define RING_BYTES  0x2000u
#define INACTIVE_AT 192u /* queue_inactive_signal of amd_queue_t (ROCr amd_hsa_queue.h) */
#define FOREVER_MS  0xfffffffeu
#define COPY_BYTES  1024u
#define PATIENCE_MS 20000u

enum { HELD, BARRED, COPIED, HUNG, INACTIVE, PROOF = 16, LATE = 32, DISPATCHED = 64 };

static HsaEvent *make_event(HSA_EVENTTYPE type, bool manual)
{
	HsaEventDescriptor descriptor = {.EventType = type};
	HsaEvent *event;

	assert_status(hsaKmtCreateEvent(&descriptor, manual, false, &event), SUCCESS);
	return event;
}

static void make_own_memory(struct loss_scene *scene)
{
	HsaMemMapFlags map = {.Value = 0};
	HSAuint64 va;

	scene->own = aligned_alloc(4096, LOSS_WORDS * sizeof(uint32_t));
	assert_non_null(scene->own);
	memset(scene->own, 0, LOSS_WORDS * sizeof(uint32_t));
	assert_status(hsaKmtRegisterMemory(scene->own, LOSS_WORDS * sizeof(uint32_t)), SUCCESS);
	assert_status(hsaKmtMapMemoryToGPUNodes(scene->own, LOSS_WORDS * sizeof(uint32_t), &va, map, 1,
						&scene->node),
		      SUCCESS);
	assert_true(va == (uintptr_t)scene->own);
}

static void make_vram(struct loss_scene *scene)
{
	HsaMemFlags flags = {.Value = 0};
	HsaMemMapFlags map = {.Value = 0};
	HSAuint64 va;

	flags.ui32.NonPaged = 1;
	assert_status(hsaKmtAllocMemory(scene->node, LOSS_VRAM, flags, &scene->vram), SUCCESS);
	assert_status(hsaKmtMapMemoryToGPUNodes(scene->vram, LOSS_VRAM, &va, map, 1, &scene->node), SUCCESS);
}

void scene_free_vram(struct loss_scene *scene)
{
	if (scene->vram)
		assert_status(hsaKmtFreeMemory(scene->vram, LOSS_VRAM), SUCCESS);
	scene->vram = NULL;
}

static void make_queues(struct loss_scene *scene)
{
	const struct machine *machine = &scene->bench.machine;

	for (unsigned i = 0; i < LOSS_QUEUES; i++) {
		uint64_t inactive;

		aql_open(&scene->queues[i], machine, scene->node, SLOTS);
		scene->inactive[i] = aql_bench_arm(&scene->bench, INACTIVE + i, 0);
		inactive = (uintptr_t)scene->inactive[i];
		memcpy(scene->queues[i].amd_queue + INACTIVE_AT, &inactive, sizeof(inactive));
	}
	aql_open(&scene->other, machine, scene->other_node, SLOTS);
	scene->copy_ring = aql_alloc(machine, RING_BYTES, true);
	assert_status(hsaKmtCreateQueue(scene->node, HSA_QUEUE_SDMA, 100, HSA_QUEUE_PRIORITY_NORMAL,
					scene->copy_ring, RING_BYTES, NULL, &scene->copier),
		      SUCCESS);
}

void scene_open(struct loss_scene *scene, const struct loss_kind *kind, const char *adapter, bool hardware)
{
	char adapters[128];

	*scene = (struct loss_scene){.kind = kind, .hardware = hardware};
	/* what the test itself has the GPU wait for is no hang, on a busy machine either */
	if (strchr(adapter, ';'))
		snprintf(adapters, sizeof(adapters), "%s", adapter);
	else
		snprintf(adapters, sizeof(adapters), "%s,timeout-ms=%u;radeon680m", adapter,
			 kind->order == LOSS_OF_NEXT ? LOSS_TIMEOUT_MS : 20000);
	aql_bench_open(&scene->bench, adapters);
	assert_int_equal(scene->bench.machine.gpu_count, 2);
	scene->node = scene->bench.node;
	scene->other_node = scene->bench.machine.gpus[1];
	scene->stop = make_event(HSA_EVENTTYPE_SIGNAL, false);
	scene->fault = make_event(HSA_EVENTTYPE_MEMORY, true);
	scene->exception = make_event(HSA_EVENTTYPE_HW_EXCEPTION, true);
	scene->word = aql_alloc(&scene->bench.machine, 4096, false);
	scene->data = aql_alloc(&scene->bench.machine, LOSS_WORDS * sizeof(uint32_t), false);
	make_own_memory(scene);
	make_vram(scene);
	scene->hold = aql_commands_alloc(&scene->bench.machine, 64);
	aql_commands_wait(&scene->hold, scene->word, 1);
	scene->writes = aql_commands_alloc(&scene->bench.machine, 256);
	make_queues(scene);
}

/* ---- work ---- */

struct aql_signal *scene_copy(struct loss_scene *scene, unsigned index, const struct aql_signal *after,
			      const void *from, void *to, uint32_t bytes)
{
	struct aql_signal *done = aql_bench_arm(&scene->bench, index, 1);
	uint32_t words[64], n = 0;

	if (after)
		n += sdma_poll_signal(words, &after->value);
	n += sdma_copy(words + n, from, to, bytes);
	n += sdma_decrement(words + n, &done->value);
	for (uint32_t i = 0; i < n; i++)
		scene->copy_ring[(scene->copy_words + i) % (RING_BYTES / 4)] = words[i];
	scene->copy_words += n;
	__atomic_store_n(scene->copier.Queue_write_ptr_aql, scene->copy_words * 4, __ATOMIC_RELEASE);
	assert_status(hsaKmtQueueRingDoorbell(scene->copier.QueueId, scene->copy_words * 4), SUCCESS);
	return done;
}

/* Two words, one in each kind of memory. */
static struct aql_packet writes(struct loss_scene *scene, struct aql_signal *done)
{
	uint32_t at = scene->writes_at++;

	scene->writes.used = 0;
	aql_commands_write(&scene->writes, scene->data + at, at + 1000);
	aql_commands_write(&scene->writes, scene->own + at, at + 2000);
	aql_commands_write_back(&scene->writes, scene->bench.gfx_major);
	return aql_vendor(&scene->writes, done);
}

static void assert_written(const struct loss_scene *scene)
{
	uint32_t at = scene->writes_at - 1;

	assert_int_equal(scene->data[at], at + 1000);
	assert_int_equal(scene->own[at], at + 2000);
}

static uint64_t kernel_of(const struct loss_scene *scene)
{
	return aql_bench_kernel(&scene->bench, AQL_KERNEL_SCRATCH);
}

void scene_work(struct loss_scene *scene)
{
	struct aql_packet packet;

	scene->held = aql_bench_arm(&scene->bench, HELD, 1);
	scene->done = aql_add_event(scene->held);
	packet = aql_vendor(&scene->hold, scene->held);
	aql_send(&scene->queues[0], &packet);
	for (unsigned i = 0; i < 5; i++) {
		scene->dispatched[i] = aql_bench_arm(&scene->bench, DISPATCHED + i, 1);
		packet = aql_dispatch(kernel_of(scene), scene->dispatched[i]);
		aql_send(&scene->queues[0], &packet);
	}
	scene->barred = aql_bench_arm(&scene->bench, BARRED, 1);
	packet = aql_barrier(false, &scene->held, 1, NULL);
	aql_send(&scene->queues[1], &packet);
	packet = writes(scene, scene->barred);
	aql_send(&scene->queues[1], &packet);
	for (uint32_t i = 0; i < COPY_BYTES / 4; i++)
		scene->own[LOSS_WORDS / 2 + i] = i * 7 + 1;
	if (scene->kind->order == LOSS_OF_NEXT && scene->hardware)
		scene->hung = scene_copy(scene, HUNG, NULL, scene->own, scene->data, 64);
	scene->copied = scene_copy(scene, COPIED, scene->held, scene->own + LOSS_WORDS / 2,
				   scene->data + LOSS_WORDS / 2, COPY_BYTES);
}

void scene_release(struct loss_scene *scene)
{
	__atomic_store_n(scene->word, 1, __ATOMIC_RELEASE);
	aql_expect(scene->held, 0);
	aql_expect(scene->barred, 0);
	aql_expect(scene->copied, 0);
	for (unsigned i = 0; i < 5; i++)
		aql_expect(scene->dispatched[i], 0);
	assert_written(scene);
	assert_memory_equal(scene->own + LOSS_WORDS / 2, scene->data + LOSS_WORDS / 2, COPY_BYTES);
	for (unsigned i = 0; i < LOSS_QUEUES; i++)
		assert_int_equal(*scene->queues[i].error, 0);
}

static int64_t end_of(const struct aql_signal *signal)
{
	for (unsigned i = 0; i < PATIENCE_MS && aql_value(signal) == 1; i++)
		loss_pause_ms(1);
	return aql_value(signal);
}

bool scene_round(struct loss_scene *scene)
{
	struct aql_signal *written = aql_bench_arm(&scene->bench, PROOF + 3, 1), *copied;
	struct aql_packet packet = writes(scene, written);

	aql_send(&scene->queues[1], &packet);
	scene->own[LOSS_WORDS / 2] = scene->writes_at;
	copied = scene_copy(scene, PROOF + 4, NULL, scene->own + LOSS_WORDS / 2, scene->data + LOSS_WORDS / 2,
			    COPY_BYTES);
	if (end_of(written) == LOSS_LOST || end_of(copied) == LOSS_LOST)
		return false;
	assert_int_equal(aql_value(written), 0);
	assert_int_equal(aql_value(copied), 0);
	assert_written(scene);
	assert_int_equal(scene->data[LOSS_WORDS / 2], scene->writes_at);
	scene->writes_at %= LOSS_WORDS / 4;
	return true;
}

/* ---- who waits ---- */

/* ROCr's thread for events. */
static void *watch_events(void *arg)
{
	struct loss_watcher *watcher = arg;
	HsaEvent *events[] = {watcher->scene->stop, watcher->scene->fault, watcher->scene->exception};

	watcher->status = hsaKmtWaitOnMultipleEvents(events, 3, false, FOREVER_MS);
	watcher->ns = aql_now_ns();
	return NULL;
}

/* ROCr InterruptSignal::WaitRelaxed. */
static void *sleep_on_signal(void *arg)
{
	struct loss_watcher *watcher = arg;

	while (aql_value(watcher->scene->held) >= 1 && watcher->status == HSAKMT_STATUS_SUCCESS)
		watcher->status = hsaKmtWaitOnEvent(watcher->scene->done, FOREVER_MS);
	watcher->ns = aql_now_ns();
	return NULL;
}

/* ROCr BusyWaitSignal: not one call. */
static void *look_at_signal(void *arg)
{
	struct loss_watcher *watcher = arg;

	while (aql_value(watcher->scene->dispatched[4]) >= 1)
		loss_pause_ms(1);
	watcher->ns = aql_now_ns();
	return NULL;
}

static void send(struct loss_watcher *watcher, struct loss_scene *scene, void *(*body)(void *arg))
{
	*watcher = (struct loss_watcher){.scene = scene};
	assert_int_equal(pthread_create(&watcher->thread, NULL, body, watcher), 0);
}

void scene_watch(struct loss_scene *scene)
{
	send(&scene->events, scene, watch_events);
	if (!scene->held)
		return;
	send(&scene->sleeper, scene, sleep_on_signal);
	send(&scene->spinner, scene, look_at_signal);
}

void scene_join(struct loss_scene *scene)
{
	if (scene->kind->raises == LOSS_RAISES_NOTHING)
		assert_status(hsaKmtSetEvent(scene->stop), SUCCESS);
	assert_int_equal(pthread_join(scene->events.thread, NULL), 0);
	assert_status(scene->events.status, SUCCESS);
	if (!scene->held)
		return;
	assert_int_equal(pthread_join(scene->sleeper.thread, NULL), 0);
	assert_int_equal(pthread_join(scene->spinner.thread, NULL), 0);
	assert_status(scene->sleeper.status, SUCCESS);
}

/* ---- what is told ---- */

static void assert_fault(const struct loss_scene *scene)
{
	const HsaMemoryAccessFault *fault = &scene->fault->EventData.EventData.MemoryAccessFault;

	assert_status(hsaKmtWaitOnEvent(scene->fault, 0), SUCCESS);
	assert_int_equal(scene->fault->EventData.EventType, HSA_EVENTTYPE_MEMORY);
	assert_int_equal(fault->NodeId, scene->node);
	assert_true(fault->VirtualAddress == LOSS_VA);
	assert_int_equal(fault->Failure.NotPresent, 1);
	assert_int_equal(fault->Failure.ReadOnly, scene->kind->write);
	assert_int_equal(fault->Flags, HSA_EVENTID_MEMORY_FATAL_PROCESS);
}

static void assert_exception(const struct loss_scene *scene)
{
	const HsaHwException *exception = &scene->exception->EventData.EventData.HwException;

	assert_status(hsaKmtWaitOnEvent(scene->exception, 0), SUCCESS);
	assert_int_equal(scene->exception->EventData.EventType, HSA_EVENTTYPE_HW_EXCEPTION);
	if (!scene->kind->all)
		assert_int_equal(exception->NodeId, scene->node);
	assert_int_equal(exception->MemoryLost, 1);
}

void scene_expect_told(struct loss_scene *scene)
{
	switch (scene->kind->raises) {
	case LOSS_RAISES_FAULT:
		assert_fault(scene);
		assert_status(hsaKmtWaitOnEvent(scene->exception, 0), WAIT_TIMEOUT);
		break;
	case LOSS_RAISES_EXCEPTION:
		assert_exception(scene);
		assert_status(hsaKmtWaitOnEvent(scene->fault, 0), WAIT_TIMEOUT);
		break;
	case LOSS_RAISES_NOTHING:
		assert_status(hsaKmtWaitOnEvent(scene->exception, 0), WAIT_TIMEOUT);
		assert_status(hsaKmtWaitOnEvent(scene->fault, 0), WAIT_TIMEOUT);
		for (unsigned i = 0; i < LOSS_QUEUES; i++)
			assert_int_equal(*scene->queues[i].error, 0);
		return;
	}
	/* also one without work, at the latest when it gets some */
	for (unsigned i = 0; i < LOSS_QUEUES; i++) {
		struct aql_signal *late = aql_bench_arm(&scene->bench, LATE + i, 1);
		struct aql_packet packet = aql_dispatch(kernel_of(scene), late);

		aql_send(&scene->queues[i], &packet);
		aql_expect_error(&scene->queues[i], LOSS_EXCEPTION);
		aql_expect(scene->inactive[i], LOSS_EXCEPTION);
		aql_expect(late, LOSS_LOST);
	}
	if (!scene->held)
		return;
	aql_expect(scene->held, LOSS_LOST);
	aql_expect(scene->barred, LOSS_LOST);
	aql_expect(scene->copied, LOSS_LOST);
	for (unsigned i = 0; i < 5; i++)
		aql_expect(scene->dispatched[i], LOSS_LOST);
	if (scene->hung)
		aql_expect(scene->hung, LOSS_LOST);
}

/* ---- afterwards ---- */

void scene_other_works(struct loss_scene *scene)
{
	struct aql_signal *done = aql_bench_arm(&scene->bench, PROOF, 1);
	struct aql_packet packet = aql_barrier(false, NULL, 0, done);

	if (scene->kind->all && scene->kind->raises != LOSS_RAISES_NOTHING) {
		aql_close(&scene->other);
		aql_open(&scene->other, &scene->bench.machine, scene->other_node, SLOTS);
	}
	aql_send(&scene->other, &packet);
	aql_expect(done, 0);
	assert_int_equal(*scene->other.error, 0);
}

static void copier_works(struct loss_scene *scene)
{
	struct aql_signal *done;

	assert_status(hsaKmtDestroyQueue(scene->copier.QueueId), SUCCESS);
	scene->copier = (HsaQueueResource){.QueueId = 0};
	scene->copy_words = 0;
	assert_status(hsaKmtCreateQueue(scene->node, HSA_QUEUE_SDMA, 100, HSA_QUEUE_PRIORITY_NORMAL,
					scene->copy_ring, RING_BYTES, NULL, &scene->copier),
		      SUCCESS);
	memset(scene->data, 0xee, LOSS_WORDS * sizeof(uint32_t));
	for (uint32_t i = 0; i < LOSS_WORDS; i++)
		scene->own[i] = i * 3 + 5;
	/* through memory of the GPU's, and back into the other half */
	done = scene_copy(scene, PROOF, NULL, scene->own, scene->vram, COPY_BYTES);
	done = scene_copy(scene, PROOF + 1, done, scene->vram, scene->data + LOSS_WORDS / 2, COPY_BYTES);
	aql_expect(done, 0);
	assert_memory_equal(scene->data + LOSS_WORDS / 2, scene->own, COPY_BYTES);
}

void scene_proves(struct loss_scene *scene)
{
	struct aql_signal *done = aql_bench_arm(&scene->bench, PROOF + 2, 1);
	struct aql_packet packet = aql_dispatch(kernel_of(scene), NULL);
	struct aql_queue queue;

	/* work that nobody could stop may go on */
	__atomic_store_n(scene->word, 1, __ATOMIC_RELEASE);
	if (!scene->vram)
		make_vram(scene);
	copier_works(scene);
	aql_open(&queue, &scene->bench.machine, scene->node, SLOTS);
	aql_send(&queue, &packet);
	packet = writes(scene, done);
	aql_send(&queue, &packet);
	aql_expect(done, 0);
	assert_written(scene);
	assert_int_equal(*queue.error, 0);
	aql_close(&queue);
}

void scene_close_library(struct loss_scene *scene)
{
	uint64_t start = aql_now_ns();
	char findings[2048];

	(void)scene;
	assert_status(hsaKmtReleaseSystemProperties(), SUCCESS);
	assert_status(hsaKmtCloseKFD(), SUCCESS);
	assert_in_range((aql_now_ns() - start) / 1000000, 0, LOSS_CLOSE_MS);
	dxgsim_findings(findings, sizeof(findings));
	if (dxgsim_leak_count() || dxgsim_misuse_count())
		fail_msg("%s", findings);
	free(scene->own);
}

void scene_close(struct loss_scene *scene)
{
	for (unsigned i = 0; i < LOSS_QUEUES; i++)
		aql_close(&scene->queues[i]);
	aql_close(&scene->other);
	assert_status(hsaKmtDestroyQueue(scene->copier.QueueId), SUCCESS);
	scene_free_vram(scene);
	if (scene->done)
		assert_status(hsaKmtDestroyEvent(scene->done), SUCCESS);
	assert_status(hsaKmtDestroyEvent(scene->stop), SUCCESS);
	assert_status(hsaKmtDestroyEvent(scene->fault), SUCCESS);
	assert_status(hsaKmtDestroyEvent(scene->exception), SUCCESS);
	aql_commands_free(&scene->hold);
	aql_commands_free(&scene->writes);
	assert_status(hsaKmtUnmapMemoryToGPU(scene->own), SUCCESS);
	assert_status(hsaKmtDeregisterMemory(scene->own), SUCCESS);
	aql_free(scene->copy_ring);
	aql_free(scene->data);
	aql_free(scene->word);
	aql_bench_close(&scene->bench);
	scene_close_library(scene);
}
