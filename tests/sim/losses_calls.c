// SPDX-License-Identifier: MIT
#include "losses_calls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dxgsim/dxgsim.h"

#define BYTES	 (4u << 20)
#define CALL_MS	 2000u
#define PAUSE_MS 30u
#define HIT_MS	 10000u

static void *memory;
static struct aql_queue queue;

static HSAKMT_STATUS allocate(struct loss_scene *scene)
{
	HsaMemFlags flags = {.ui32 = {.NonPaged = 1}};

	return hsaKmtAllocMemory(scene->node, BYTES, flags, &memory);
}

static void free_memory(struct loss_scene *scene)
{
	(void)scene;
	assert_status(hsaKmtFreeMemory(memory, BYTES), SUCCESS);
}

static void allocate_of_host(struct loss_scene *scene)
{
	HsaMemFlags flags = {.ui32 = {.HostAccess = 1}};

	assert_status(hsaKmtAllocMemory(scene->bench.machine.cpu, BYTES, flags, &memory), SUCCESS);
}

static HSAKMT_STATUS map(struct loss_scene *scene)
{
	HsaMemMapFlags flags = {.Value = 0};
	HSAuint64 va;

	return hsaKmtMapMemoryToGPUNodes(memory, BYTES, &va, flags, 1, &scene->node);
}

static void unmap(struct loss_scene *scene)
{
	(void)scene;
	assert_status(hsaKmtUnmapMemoryToGPU(memory), SUCCESS);
}

static void make_pages(struct loss_scene *scene)
{
	(void)scene;
	memory = aligned_alloc(4096, BYTES);
	assert_non_null(memory);
	memset(memory, 1, BYTES);
}

static HSAKMT_STATUS register_pages(struct loss_scene *scene)
{
	HsaMemMapFlags flags = {.Value = 0};
	HSAKMT_STATUS status = hsaKmtRegisterMemory(memory, BYTES);
	HSAuint64 va;

	if (status)
		return status;
	status = hsaKmtMapMemoryToGPUNodes(memory, BYTES, &va, flags, 1, &scene->node);
	if (status)
		assert_status(hsaKmtDeregisterMemory(memory), SUCCESS);
	return status;
}

static void deregister_pages(struct loss_scene *scene)
{
	(void)scene;
	assert_status(hsaKmtUnmapMemoryToGPU(memory), SUCCESS);
	assert_status(hsaKmtDeregisterMemory(memory), SUCCESS);
}

static void free_pages(struct loss_scene *scene)
{
	(void)scene;
	free(memory);
}

/* What a queue is made of, for the GPU may be lost before the call. */
static void prepare_queue(struct loss_scene *scene)
{
	aql_open(&queue, &scene->bench.machine, scene->node, 64);
	assert_status(hsaKmtDestroyQueue(queue.resource.QueueId), SUCCESS);
}

static HSAKMT_STATUS create_queue(struct loss_scene *scene)
{
	return hsaKmtCreateQueue(scene->node, HSA_QUEUE_COMPUTE_AQL, 100, HSA_QUEUE_PRIORITY_NORMAL,
				 queue.ring, queue.slots * sizeof(struct aql_packet), NULL, &queue.resource);
}

static void destroy_queue(struct loss_scene *scene)
{
	(void)scene;
	assert_status(hsaKmtDestroyQueue(queue.resource.QueueId), SUCCESS);
}

static void free_queue(struct loss_scene *scene)
{
	(void)scene;
	aql_free(queue.ring);
	aql_free(queue.amd_queue);
}

const struct loss_call loss_calls[] = {
	{
		.name = "amid_allocation",
		.ioctl = "CREATEALLOCATION",
		.call = allocate,
		.undo = free_memory,
	},
	{
		.name = "amid_mapping",
		.ioctl = "MAPGPUVIRTUALADDRESS",
		.prepare = allocate_of_host,
		.call = map,
		.undo = unmap,
		.clean = free_memory,
	},
	{
		.name = "amid_registration",
		.ioctl = "CREATEALLOCATION",
		.prepare = make_pages,
		.call = register_pages,
		.undo = deregister_pages,
		.clean = free_pages,
	},
	{
		.name = "amid_queue_creation",
		.ioctl = "CREATECONTEXTVIRTUAL",
		.on_hws = "CREATEHWQUEUE",
		.prepare = prepare_queue,
		.call = create_queue,
		.undo = destroy_queue,
		.clean = free_queue,
	},
	{.name = NULL},
};

/* Wakes the host, say, which the caller waits for. */
static void *mend(void *arg)
{
	const struct loss_scene *scene = arg;

	for (unsigned i = 0; i < HIT_MS && !dxgsim_fault_hit(); i++)
		loss_pause_ms(1);
	loss_pause_ms(PAUSE_MS);
	return dxgsim_control(scene->kind->on_pause) ? arg : NULL;
}

static void arm(const struct loss_scene *scene, const char *ioctl)
{
	const struct loss_kind *kind = scene->kind;
	const char *strike = loss_strike_of(kind, scene->hardware);
	char spec[128];

	if (kind->order != LOSS_NO_ORDER) {
		/* it strikes the work that is there, while the call is on its way; or it hangs already */
		if (kind->order == LOSS_OF_RUNNING)
			assert_int_equal(dxgsim_control(strike), 0);
		return;
	}
	snprintf(spec, sizeof(spec), "%s:ioctl=%s", strike, ioctl);
	assert_int_equal(dxgsim_fault(spec), 0);
}

void loss_call_struck(struct loss_scene *scene, const struct loss_call *call)
{
	const struct loss_kind *kind = scene->kind;
	HSAKMT_STATUS status;
	pthread_t mender;
	uint64_t start;
	void *failed;

	if (call->prepare)
		call->prepare(scene);
	loss_pause_ms(PAUSE_MS);
	arm(scene, scene->hardware && call->on_hws ? call->on_hws : call->ioctl);
	if (kind->on_pause)
		assert_int_equal(pthread_create(&mender, NULL, mend, scene), 0);
	start = aql_now_ns();
	status = call->call(scene);
	assert_in_range((aql_now_ns() - start) / 1000000, 0, CALL_MS);
	if (kind->on_pause) {
		assert_int_equal(pthread_join(mender, &failed), 0);
		assert_null(failed);
	}
	if (kind->order == LOSS_NO_ORDER)
		assert_non_null(dxgsim_fault_hit());
	dxgsim_clear_faults();
	if (kind->raises == LOSS_RAISES_NOTHING) {
		/* who was not answered may ask again */
		if (status && !kind->sleeps)
			status = call->call(scene);
		assert_int_equal(status, HSAKMT_STATUS_SUCCESS);
	}
	if (!status)
		call->undo(scene);
	if (call->clean)
		call->clean(scene);
}

void loss_close_struck(struct loss_scene *scene)
{
	const struct loss_kind *kind = scene->kind;
	bool mends = kind->on_pause && kind->order == LOSS_NO_ORDER;
	pthread_t mender;
	void *failed;

	arm(scene, "DESTROYALLOCATION2");
	if (mends)
		assert_int_equal(pthread_create(&mender, NULL, mend, scene), 0);
	scene_close_library(scene);
	if (mends) {
		assert_int_equal(pthread_join(mender, &failed), 0);
		assert_null(failed);
	}
	dxgsim_clear_faults();
}
