// SPDX-License-Identifier: MIT
/*
 * What the calls about queues answer to callers who ask the wrong thing.  Statuses are those of libhsakmt, whose own checks are
 * INVALID_PARAMETER and whose kernel driver's are ERROR; where it crashes on an argument it is INVALID_PARAMETER.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "aql_user.h"
#include "dxgsim/dxgsim.h"

#define SLOTS	   64u
#define RING_BYTES (SLOTS * 64u)

struct bench {
	struct machine machine;
	HSAuint32 node;
	char *words; /* a page: amd_queue_t, and ErrorReason at 2048 */
	char *ring;  /* of RING_BYTES */
	char stray[2 * RING_BYTES] __attribute__((aligned(4096))); /* memory that nobody registered */
};

static struct bench the_bench;

static int setup(void **state)
{
	struct bench *bench = *state = &the_bench;

	machine_boot("rx6800;radeon680m");
	machine_open(&bench->machine);
	bench->node = bench->machine.gpus[0];
	bench->words = aql_alloc(&bench->machine, 4096, false);
	bench->ring = aql_alloc(&bench->machine, RING_BYTES, true);
	for (unsigned i = 0; i < SLOTS; i++)
		((struct aql_packet *)(void *)bench->ring)[i].header = 1;
	return 0;
}

/* What is freed by closing need not be freed before. */
static int teardown(void **state)
{
	return machine_teardown(state);
}

/* ---- one call, spoiled in one place ---- */

struct call {
	HSAuint32 node;
	HSA_QUEUE_TYPE type;
	HSAuint32 percentage;
	HSA_QUEUE_PRIORITY priority;
	HSAuint32 engine;
	void *ring;
	HSAuint64 bytes;
	HSAuint64 prefetch;
	HsaEvent *event;
	HsaQueueResource resource;
	HsaQueueResource *out;
};

static struct call good(struct bench *bench, HSA_QUEUE_TYPE type)
{
	struct call call = {
		.node = bench->node,
		.type = type,
		.percentage = 100,
		.priority = HSA_QUEUE_PRIORITY_NORMAL,
		.ring = bench->ring,
		.bytes = RING_BYTES,
	};

	memset(bench->words, 0, 4096);
	if (type == HSA_QUEUE_COMPUTE_AQL) {
		call.resource.Queue_write_ptr_aql = (HSAuint64 *)(void *)(bench->words + 56);
		call.resource.Queue_read_ptr_aql = (HSAuint64 *)(void *)(bench->words + 128);
		call.resource.ErrorReason = (volatile HSAint64 *)(void *)(bench->words + 2048);
	}
	return call;
}

static HSAKMT_STATUS create(struct call *call)
{
	return hsaKmtCreateQueue(call->node, call->type, call->percentage, call->priority, call->ring,
				 call->bytes, call->event, call->out);
}

static HSAKMT_STATUS create_ext(struct call *call)
{
	return hsaKmtCreateQueueExt(call->node, call->type, call->percentage, call->priority, call->engine,
				    call->ring, call->bytes, call->event, call->out);
}

static HSAKMT_STATUS create_v2(struct call *call)
{
	return hsaKmtCreateQueueV2(call->node, call->type, call->percentage, call->priority, call->engine,
				   call->ring, call->bytes, call->prefetch, call->event, call->out);
}

static HSAKMT_STATUS (*const forms[])(struct call *call) = {create, create_ext, create_v2};
static const char *const form_names[] = {"hsaKmtCreateQueue", "hsaKmtCreateQueueExt", "hsaKmtCreateQueueV2"};

#define FORMS (sizeof(forms) / sizeof(forms[0]))

/* Refused by every form of the call, which leaves the caller's structure alone. */
static void assert_refused(struct call call, const char *what, HSAKMT_STATUS status)
{
	const HsaQueueResource before = call.resource;

	for (size_t form = 0; form < FORMS; form++) {
		HSAKMT_STATUS got;

		call.out = &call.resource;
		got = forms[form](&call);
		if (got != status)
			fail_msg("%s: %s: status %d, not %d", form_names[form], what, (int)got, (int)status);
		assert_memory_equal(&call.resource, &before, sizeof(before));
	}
}

static HSA_QUEUEID assert_made(struct call call)
{
	call.out = &call.resource;
	assert_status(create_ext(&call), SUCCESS);
	assert_int_not_equal(call.resource.QueueId, 0);
	assert_int_not_equal(call.resource.QueueId, INVALID_QUEUEID);
	assert_non_null(call.resource.Queue_DoorBell);
	return call.resource.QueueId;
}

static const HSA_QUEUE_TYPE served[] = {HSA_QUEUE_COMPUTE_AQL, HSA_QUEUE_COMPUTE, HSA_QUEUE_SDMA};

#define SERVED (sizeof(served) / sizeof(served[0]))

#define REFUSED(spoiled, status)                                             \
	do {                                                                 \
		for (size_t i_ = 0; i_ < SERVED; i_++) {                     \
			struct call c = good(bench, served[i_]);             \
			(spoiled);                                           \
			assert_refused(c, #spoiled, HSAKMT_STATUS_##status); \
		}                                                            \
	} while (0)

/* ---- creation ---- */

static void a_closed_library_makes_no_queues(void **state)
{
	struct bench *bench = *state;
	struct call call = good(bench, HSA_QUEUE_COMPUTE_AQL);
	HSA_QUEUEID id = assert_made(call);

	assert_status(hsaKmtCloseKFD(), SUCCESS);
	call.ring = bench->stray;
	assert_refused(call, "closed", HSAKMT_STATUS_KERNEL_IO_CHANNEL_NOT_OPENED);
	/* it is looked at first */
	call.priority = (HSA_QUEUE_PRIORITY)99;
	call.node = 77;
	assert_refused(call, "closed", HSAKMT_STATUS_KERNEL_IO_CHANNEL_NOT_OPENED);
	call.type = HSA_QUEUE_SDMA_BY_ENG_ID;
	call.prefetch = 1;
	assert_refused(call, "closed", HSAKMT_STATUS_KERNEL_IO_CHANNEL_NOT_OPENED);
	for (unsigned i = 0; i < 2; i++, id = 0) {
		HSAuint32 mask = 1;
		HsaQueueInfo info;

		assert_status(
			hsaKmtUpdateQueue(id, 100, HSA_QUEUE_PRIORITY_NORMAL, bench->stray, RING_BYTES, NULL),
			KERNEL_IO_CHANNEL_NOT_OPENED);
		assert_status(hsaKmtDestroyQueue(id), KERNEL_IO_CHANNEL_NOT_OPENED);
		assert_status(hsaKmtSetQueueCUMask(id, 32, &mask), KERNEL_IO_CHANNEL_NOT_OPENED);
		assert_status(hsaKmtSetQueueCUMask(id, 0, NULL), KERNEL_IO_CHANNEL_NOT_OPENED);
		assert_status(hsaKmtGetQueueInfo(id, &info), KERNEL_IO_CHANNEL_NOT_OPENED);
		assert_status(hsaKmtGetQueueInfo(id, NULL), KERNEL_IO_CHANNEL_NOT_OPENED);
		assert_status(hsaKmtQueueRingDoorbell(id, 1), KERNEL_IO_CHANNEL_NOT_OPENED);
		assert_status(hsaKmtAllocQueueGWS(id, 1, NULL), KERNEL_IO_CHANNEL_NOT_OPENED);
		assert_status(hsaKmtGetKernelQueueId(id, &mask), KERNEL_IO_CHANNEL_NOT_OPENED);
	}
}

static void without_a_topology_there_is_no_node_for_queues(void **state)
{
	struct bench *bench = *state;
	HSAuint32 mask = 1;

	assert_status(hsaKmtReleaseSystemProperties(), SUCCESS);
	REFUSED(c.node = bench->node, INVALID_NODE_UNIT);
	assert_status(hsaKmtCloseKFD(), SUCCESS);
	assert_status(hsaKmtOpenKFD(), SUCCESS);
	/* nor any queue */
	assert_refused((struct call){.node = bench->node, .type = HSA_QUEUE_SDMA}, "no topology",
		       HSAKMT_STATUS_INVALID_NODE_UNIT);
	assert_status(hsaKmtQueueRingDoorbell(1, 1), ERROR);
	assert_status(hsaKmtDestroyQueue(1), ERROR);
	assert_status(hsaKmtSetQueueCUMask(1, 32, &mask), ERROR);
	assert_status(hsaKmtDestroyQueue(0), INVALID_PARAMETER);
}

static void nodes_without_queues_are_refused(void **state)
{
	struct bench *bench = *state;

	REFUSED(c.node = bench->machine.nodes, INVALID_NODE_UNIT);
	REFUSED(c.node = INVALID_NODEID, INVALID_NODE_UNIT);
	REFUSED(c.node = bench->machine.cpu, ERROR);
	/* priorities are looked at before */
	REFUSED((c.node = INVALID_NODEID, c.priority = (HSA_QUEUE_PRIORITY)4), INVALID_PARAMETER);
}

static void priorities_and_percentages_have_ends(void **state)
{
	static const HSA_QUEUE_PRIORITY outside[] = {
		(HSA_QUEUE_PRIORITY)-4,		(HSA_QUEUE_PRIORITY)4,
		(HSA_QUEUE_PRIORITY)0x7fffffff, (HSA_QUEUE_PRIORITY)(-0x7fffffff - 1),
		HSA_QUEUE_PRIORITY_SIZE,
	};
	struct bench *bench = *state;

	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++)
		REFUSED(c.priority = outside[i], INVALID_PARAMETER);
	REFUSED(c.percentage = 101, INVALID_PARAMETER);
	REFUSED(c.percentage = 0xffffffff, INVALID_PARAMETER);
	for (int priority = HSA_QUEUE_PRIORITY_MINIMUM; priority <= HSA_QUEUE_PRIORITY_MAXIMUM; priority++)
		for (size_t i = 0; i < SERVED; i++) {
			struct call call = good(bench, served[i]);

			call.priority = (HSA_QUEUE_PRIORITY)priority;
			call.percentage = (HSAuint32)(priority + 3) * 16;
			assert_status(hsaKmtDestroyQueue(assert_made(call)), SUCCESS);
		}
}

static void types_that_gpus_here_have_no_queues_of_are_refused(void **state)
{
	struct bench *bench = *state;
	static const unsigned types[] = {0,  3,	 4,  7,	 10, 11,	 12,	     13,
					 14, 20, 22, 23, 24, 0x7fffffff, 0x80000001, HSA_QUEUE_TYPE_SIZE};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct call call = good(bench, HSA_QUEUE_COMPUTE_AQL);

		call.type = (HSA_QUEUE_TYPE)types[i];
		assert_refused(call, "an unknown type", HSAKMT_STATUS_INVALID_PARAMETER);
	}
}

/* By its number an engine can be asked for in the calls that have a place for it. */
static void an_engine_by_number_needs_a_number(void **state)
{
	struct bench *bench = *state;

	for (HSAuint32 engine = 0; engine < 4; engine++) {
		struct call call = good(bench, HSA_QUEUE_SDMA_BY_ENG_ID);
		HSA_QUEUEID id;

		call.engine = engine;
		call.out = &call.resource;
		assert_status(create(&call), ERROR);
		id = assert_made(call);
		assert_status(hsaKmtDestroyQueue(id), SUCCESS);
		assert_status(create_v2(&call), SUCCESS);
		assert_status(hsaKmtDestroyQueue(call.resource.QueueId), SUCCESS);
	}
	/* to other GPUs: any engine does it */
	assert_status(hsaKmtDestroyQueue(assert_made(good(bench, HSA_QUEUE_SDMA_XGMI))), SUCCESS);
}

static void a_null_resource_is_no_place_for_a_queue(void **state)
{
	struct bench *bench = *state;

	for (size_t i = 0; i < SERVED; i++) {
		struct call call = good(bench, served[i]);

		for (size_t form = 0; form < FORMS; form++)
			assert_int_equal(forms[form](&call), HSAKMT_STATUS_INVALID_PARAMETER);
	}
}

static void rings_have_a_shape(void **state)
{
	static const HSAuint64 sizes[] = {0,	      1,	 3, 63, 96, RING_BYTES - 1, RING_BYTES - 64,
					  1ULL << 33, UINT64_MAX};
	struct bench *bench = *state;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		REFUSED(c.bytes = sizes[i], INVALID_PARAMETER);
	REFUSED(c.ring = NULL, INVALID_PARAMETER);
	REFUSED(c.ring = bench->ring + 1, INVALID_PARAMETER);
}

static void rings_and_indices_are_memory_that_is_known(void **state)
{
	struct bench *bench = *state;
	struct call call = good(bench, HSA_QUEUE_COMPUTE_AQL);
	HSAuint64 *const write = call.resource.Queue_write_ptr_aql;

	REFUSED(c.ring = bench->stray, ERROR);
	REFUSED(c.ring = (void *)0x1000, ERROR);
	REFUSED(c.ring = (void *)0x8000000000000000, ERROR);
	REFUSED(c.bytes = 2 * RING_BYTES, ERROR); /* longer than its memory */
	/* AQL queues bring their indices with them */
	call.resource.Queue_write_ptr_aql = NULL;
	assert_refused(call, "no write index", HSAKMT_STATUS_INVALID_PARAMETER);
	call.resource.Queue_write_ptr_aql = (HSAuint64 *)(void *)((char *)write + 4);
	assert_refused(call, "a write index out of line", HSAKMT_STATUS_INVALID_PARAMETER);
	call.resource.Queue_write_ptr_aql = (HSAuint64 *)(void *)bench->stray;
	assert_refused(call, "a write index nowhere", HSAKMT_STATUS_ERROR);
	call = good(bench, HSA_QUEUE_COMPUTE_AQL);
	call.resource.Queue_read_ptr_aql = NULL;
	assert_refused(call, "no read index", HSAKMT_STATUS_INVALID_PARAMETER);
	call.resource.Queue_read_ptr_aql = (HSAuint64 *)(void *)bench->stray;
	assert_refused(call, "a read index nowhere", HSAKMT_STATUS_ERROR);
	/* without a word for errors a queue can be made */
	call = good(bench, HSA_QUEUE_COMPUTE_AQL);
	call.resource.ErrorReason = NULL;
	assert_status(hsaKmtDestroyQueue(assert_made(call)), SUCCESS);
}

static void events_and_prefetches_that_are_none_are_refused(void **state)
{
	HsaEventDescriptor descriptor = {.EventType = HSA_EVENTTYPE_SIGNAL};
	struct bench *bench = *state;
	struct call call;
	HsaEvent *event, copy;

	assert_status(hsaKmtCreateEvent(&descriptor, false, false, &event), SUCCESS);
	copy = *event;
	REFUSED(c.event = &copy, ERROR);
	REFUSED(c.event = (HsaEvent *)(uintptr_t)8, ERROR);
	call = good(bench, HSA_QUEUE_COMPUTE_AQL);
	call.event = event;
	assert_status(hsaKmtDestroyQueue(assert_made(call)), SUCCESS);
	assert_status(hsaKmtDestroyEvent(event), SUCCESS);
	assert_refused(call, "an event that is gone", HSAKMT_STATUS_ERROR);
	call.event = NULL;
	call.prefetch = 1;
	call.out = &call.resource;
	assert_status(create_v2(&call), INVALID_PARAMETER);
}

/* What was refused left nothing behind: there is room for as many as ever. */
static void refusals_leave_nothing_behind(void **state)
{
	struct bench *bench = *state;
	struct call call = good(bench, HSA_QUEUE_COMPUTE_AQL);
	size_t before;

	assert_status(hsaKmtDestroyQueue(assert_made(call)), SUCCESS);
	before = dxgsim_live_objects(NULL);
	for (unsigned i = 0; i < 20; i++) {
		REFUSED(c.ring = bench->stray, ERROR);
		REFUSED(c.bytes = 96, INVALID_PARAMETER);
	}
	assert_status(hsaKmtDestroyQueue(assert_made(call)), SUCCESS);
	/* the last ones may still be on their way out */
	assert_in_range(dxgsim_live_objects(NULL), 0, before + 20);
}

/* ---- numbers ---- */

static void every_call_refuses(HSA_QUEUEID id, HSAKMT_STATUS status)
{
	HSAuint32 mask = 0xffffffff;
	HsaQueueInfo info;

	assert_int_equal(hsaKmtQueueRingDoorbell(id, 1), status);
	assert_int_equal(hsaKmtUpdateQueue(id, 100, HSA_QUEUE_PRIORITY_NORMAL, NULL, 0, NULL), status);
	assert_int_equal(hsaKmtSetQueueCUMask(id, 32, &mask), status);
	assert_int_equal(hsaKmtGetQueueInfo(id, &info), status);
	assert_int_equal(hsaKmtDestroyQueue(id), status);
}

static void a_number_is_good_for_one_queue_and_one_life(void **state)
{
	struct bench *bench = *state;
	HSA_QUEUEID first = assert_made(good(bench, HSA_QUEUE_COMPUTE_AQL)), second;

	assert_status(hsaKmtQueueRingDoorbell(first, 0), SUCCESS);
	assert_status(hsaKmtDestroyQueue(first), SUCCESS);
	every_call_refuses(first, HSAKMT_STATUS_ERROR);
	second = assert_made(good(bench, HSA_QUEUE_COMPUTE_AQL));
	assert_int_not_equal(second, first);
	every_call_refuses(first, HSAKMT_STATUS_ERROR);
	/* nor is any other number, and 0 is known to be none */
	every_call_refuses(second + 1, HSAKMT_STATUS_ERROR);
	every_call_refuses(second - 1, HSAKMT_STATUS_ERROR);
	every_call_refuses(second | 1ULL << 63, HSAKMT_STATUS_ERROR);
	every_call_refuses(INVALID_QUEUEID, HSAKMT_STATUS_ERROR);
	every_call_refuses((uintptr_t)bench, HSAKMT_STATUS_ERROR);
	every_call_refuses(0, HSAKMT_STATUS_INVALID_PARAMETER);
	assert_status(hsaKmtQueueRingDoorbell(second, 0), SUCCESS);
}

static void many_lives_have_many_numbers(void **state)
{
	enum { LIVES = 100 };
	struct bench *bench = *state;
	static HSA_QUEUEID ids[LIVES];

	for (unsigned i = 0; i < LIVES; i++) {
		ids[i] = assert_made(good(bench, served[i % SERVED]));
		for (unsigned j = 0; j < i; j++)
			assert_int_not_equal(ids[i], ids[j]);
		assert_status(hsaKmtDestroyQueue(ids[i]), SUCCESS);
	}
}

static void a_number_of_before_the_close_is_nobodys(void **state)
{
	struct bench *bench = *state;
	HSA_QUEUEID before = assert_made(good(bench, HSA_QUEUE_COMPUTE_AQL)), after;

	/* with the queue still there */
	assert_status(hsaKmtCloseKFD(), SUCCESS);
	every_call_refuses(before, HSAKMT_STATUS_KERNEL_IO_CHANNEL_NOT_OPENED);
	machine_open(&bench->machine);
	bench->words = aql_alloc(&bench->machine, 4096, false);
	bench->ring = aql_alloc(&bench->machine, RING_BYTES, true);
	after = assert_made(good(bench, HSA_QUEUE_COMPUTE_AQL));
	assert_int_not_equal(after, before);
	every_call_refuses(before, HSAKMT_STATUS_ERROR);
	assert_status(hsaKmtDestroyQueue(after), SUCCESS);
}

/* The child has no queue, touches none of its parent's, and can have its own. */
static int child(struct bench *bench, struct call call, HSA_QUEUEID id)
{
	HSAuint32 mask = 1;
	HsaQueueInfo info;

	call.out = &call.resource;
	for (size_t form = 0; form < FORMS; form++)
		if (forms[form](&call) != HSAKMT_STATUS_KERNEL_IO_CHANNEL_NOT_OPENED)
			return 1;
	if (hsaKmtQueueRingDoorbell(id, 1) != HSAKMT_STATUS_KERNEL_IO_CHANNEL_NOT_OPENED ||
	    hsaKmtUpdateQueue(id, 100, HSA_QUEUE_PRIORITY_NORMAL, NULL, 0, NULL) !=
		    HSAKMT_STATUS_KERNEL_IO_CHANNEL_NOT_OPENED ||
	    hsaKmtSetQueueCUMask(id, 32, &mask) != HSAKMT_STATUS_KERNEL_IO_CHANNEL_NOT_OPENED ||
	    hsaKmtGetQueueInfo(id, &info) != HSAKMT_STATUS_KERNEL_IO_CHANNEL_NOT_OPENED ||
	    hsaKmtDestroyQueue(id) != HSAKMT_STATUS_KERNEL_IO_CHANNEL_NOT_OPENED)
		return 2;
	dxgsim_reset(); /* its own books */
	machine_open(&bench->machine);
	if (hsaKmtQueueRingDoorbell(id, 1) != HSAKMT_STATUS_ERROR ||
	    hsaKmtDestroyQueue(id) != HSAKMT_STATUS_ERROR)
		return 3;
	bench->words = aql_alloc(&bench->machine, 4096, false);
	bench->ring = aql_alloc(&bench->machine, RING_BYTES, true);
	id = assert_made(good(bench, HSA_QUEUE_COMPUTE_AQL));
	if (hsaKmtQueueRingDoorbell(id, 0) != HSAKMT_STATUS_SUCCESS ||
	    hsaKmtDestroyQueue(id) != HSAKMT_STATUS_SUCCESS || hsaKmtCloseKFD() != HSAKMT_STATUS_SUCCESS)
		return 4;
	return dxgsim_misuse_count() || dxgsim_leak_count() ? 5 : 0;
}

/*
 * Not under AddressSanitizer: gcc's (12) does not take its allocator's locks before a fork, so that a child has them taken if another thread,
 * here one of the simulated host, allocates in that moment.
 */
#ifdef __SANITIZE_ADDRESS__
#define SKIP_WITH_ASAN() skip()
#else
#define SKIP_WITH_ASAN() ((void)0)
#endif

static void a_child_of_fork_has_no_queues(void **state)
{
	struct bench *bench = *state;
	const struct call call = good(bench, HSA_QUEUE_COMPUTE_AQL);
	HSA_QUEUEID id;
	pid_t pid;
	int status;

	SKIP_WITH_ASAN();
	id = assert_made(call);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		alarm(60);
		_exit(child(bench, call, id));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_status(hsaKmtQueueRingDoorbell(id, 0), SUCCESS);
	assert_status(hsaKmtDestroyQueue(id), SUCCESS);
}

/* ---- what is done with a queue ---- */

static void updates_are_checked_as_creations_are(void **state)
{
	struct bench *bench = *state;

	for (size_t i = 0; i < SERVED; i++) {
		HSA_QUEUEID id = assert_made(good(bench, served[i]));

		assert_status(
			hsaKmtUpdateQueue(id, 100, (HSA_QUEUE_PRIORITY)4, bench->ring, RING_BYTES, NULL),
			INVALID_PARAMETER);
		assert_status(
			hsaKmtUpdateQueue(id, 100, (HSA_QUEUE_PRIORITY)-4, bench->ring, RING_BYTES, NULL),
			INVALID_PARAMETER);
		assert_status(
			hsaKmtUpdateQueue(id, 101, HSA_QUEUE_PRIORITY_LOW, bench->ring, RING_BYTES, NULL),
			INVALID_PARAMETER);
		assert_status(
			hsaKmtUpdateQueue(id, 100, HSA_QUEUE_PRIORITY_LOW, bench->ring, RING_BYTES / 2, NULL),
			INVALID_PARAMETER);
		/* stopped, with one and with the other, and on again */
		assert_status(hsaKmtUpdateQueue(id, 100, HSA_QUEUE_PRIORITY_LOW, bench->ring, 0, NULL),
			      SUCCESS);
		assert_status(hsaKmtUpdateQueue(id, 100, HSA_QUEUE_PRIORITY_LOW, NULL, 0, NULL), SUCCESS);
		assert_status(
			hsaKmtUpdateQueue(id, 0, HSA_QUEUE_PRIORITY_HIGH, bench->ring, RING_BYTES, NULL),
			SUCCESS);
		assert_status(
			hsaKmtUpdateQueue(id, 50, HSA_QUEUE_PRIORITY_NORMAL, bench->ring, RING_BYTES, NULL),
			SUCCESS);
		assert_status(hsaKmtDestroyQueue(id), SUCCESS);
	}
}

/* As the kernel driver, an update takes an address on trust; what is not there stops the queue, and nothing else. */
static void a_new_ring_that_is_not_there_stops_its_queue(void **state)
{
	struct bench *bench = *state;

	for (size_t i = 0; i < SERVED; i++) {
		struct aql_queue other;
		HSA_QUEUEID id = assert_made(good(bench, served[i]));

		assert_status(
			hsaKmtUpdateQueue(id, 100, HSA_QUEUE_PRIORITY_NORMAL, bench->stray, RING_BYTES, NULL),
			SUCCESS);
		assert_status(hsaKmtQueueRingDoorbell(id, 0), SUCCESS);
		if (served[i] == HSA_QUEUE_COMPUTE_AQL)
			assert_int_equal(*(int64_t *)(void *)(bench->words + 2048),
					 0x40); /* invalid argument */
		assert_status(hsaKmtDestroyQueue(id), SUCCESS);
		aql_open(&other, &bench->machine, bench->node, SLOTS);
		aql_close(&other);
	}
}

static void masks_have_a_shape_and_leave_something(void **state)
{
	struct bench *bench = *state;
	HSAuint32 mask[64] = {0};
	HSA_QUEUEID id = assert_made(good(bench, HSA_QUEUE_COMPUTE_AQL));
	HsaQueueInfo info;

	assert_status(hsaKmtSetQueueCUMask(id, 32, NULL), INVALID_PARAMETER);
	assert_status(hsaKmtSetQueueCUMask(id, 0, mask), INVALID_PARAMETER);
	assert_status(hsaKmtSetQueueCUMask(id, 31, mask), INVALID_PARAMETER);
	assert_status(hsaKmtSetQueueCUMask(id, 33, mask), INVALID_PARAMETER);
	/* no unit at all, and none that the GPU has */
	assert_status(hsaKmtSetQueueCUMask(id, 64, mask), INVALID_PARAMETER);
	mask[31] = 1;
	assert_status(hsaKmtSetQueueCUMask(id, 1024, mask), INVALID_PARAMETER);
	assert_status(hsaKmtSetQueueCUMask(id, 0xffffffe0, mask), INVALID_PARAMETER);
	mask[0] = 3;
	assert_status(hsaKmtSetQueueCUMask(id, 64, mask), SUCCESS);
	/* refused ones change nothing */
	mask[0] = 0;
	assert_status(hsaKmtSetQueueCUMask(id, 32, mask), INVALID_PARAMETER);
	assert_status(hsaKmtGetQueueInfo(id, &info), SUCCESS);
	assert_int_equal(info.NumCUAssigned, 64);
	assert_int_equal(info.CUMaskInfo[0], 3);
	assert_int_equal(info.CUMaskInfo[1], 0);
}

static void information_is_of_queues_that_dispatch(void **state)
{
	struct bench *bench = *state;
	HsaQueueInfo info, before;

	memset(&before, 0xc3, sizeof(before));
	for (size_t i = 0; i < SERVED; i++) {
		HSA_QUEUEID id = assert_made(good(bench, served[i]));

		assert_status(hsaKmtGetQueueInfo(id, NULL), INVALID_PARAMETER);
		info = before;
		if (served[i] == HSA_QUEUE_SDMA) {
			assert_status(hsaKmtGetQueueInfo(id, &info), ERROR);
			assert_memory_equal(&info, &before, sizeof(info));
		} else {
			assert_status(hsaKmtGetQueueInfo(id, &info), SUCCESS);
			assert_int_equal(info.QueueDetailError, 0);
			assert_int_equal(info.NumCUAssigned % 32, 0);
			assert_int_equal(info.CUMaskInfo[0], 0xffffffff);
			/* the host driver's business */
			assert_null(info.UserContextSaveArea);
			assert_int_equal(info.SaveAreaSizeInBytes, 0);
			assert_int_equal(info.ControlStackUsedInBytes, 0);
		}
		assert_status(hsaKmtDestroyQueue(id), SUCCESS);
	}
}

static void information_tells_of_the_error_that_stopped_it(void **state)
{
	struct bench *bench = *state;
	struct aql_queue queue;
	struct aql_packet packet = {0};
	HsaQueueInfo info;

	aql_open(&queue, &bench->machine, bench->node, SLOTS);
	packet.header = aql_header(77, true, AQL_SYSTEM, AQL_SYSTEM);
	aql_send(&queue, &packet);
	/* HSA_STATUS_ERROR_INVALID_PACKET_FORMAT, for hsa.h's callback */
	aql_expect_error(&queue, 0x20);
	assert_status(hsaKmtGetQueueInfo(queue.resource.QueueId, &info), SUCCESS);
	assert_int_equal(info.QueueDetailError, *queue.error);
	/* it stays what it is, and everything can be done with it that could be done before */
	assert_status(hsaKmtQueueRingDoorbell(queue.resource.QueueId, 1), SUCCESS);
	assert_status(hsaKmtUpdateQueue(queue.resource.QueueId, 100, HSA_QUEUE_PRIORITY_NORMAL, queue.ring,
					RING_BYTES, NULL),
		      SUCCESS);
	assert_int_equal(*queue.error, 0x20);
	aql_close(&queue);
}

/* Hardware features of data centres, and numbers of the Linux kernel driver. */
static void what_queues_do_not_have_is_not_supported(void **state)
{
	struct bench *bench = *state;
	HSA_QUEUEID id = assert_made(good(bench, HSA_QUEUE_COMPUTE_AQL));
	HSAuint32 word;

	assert_status(hsaKmtAllocQueueGWS(id, 64, &word), NOT_SUPPORTED);
	assert_status(hsaKmtAllocQueueGWS(id, 64, NULL), NOT_SUPPORTED);
	assert_status(hsaKmtGetKernelQueueId(id, &word), NOT_SUPPORTED);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_closed_library_makes_no_queues),
		TEST(without_a_topology_there_is_no_node_for_queues),
		TEST(nodes_without_queues_are_refused),
		TEST(priorities_and_percentages_have_ends),
		TEST(types_that_gpus_here_have_no_queues_of_are_refused),
		TEST(an_engine_by_number_needs_a_number),
		TEST(a_null_resource_is_no_place_for_a_queue),
		TEST(rings_have_a_shape),
		TEST(rings_and_indices_are_memory_that_is_known),
		TEST(events_and_prefetches_that_are_none_are_refused),
		TEST(refusals_leave_nothing_behind),
		TEST(a_number_is_good_for_one_queue_and_one_life),
		TEST(many_lives_have_many_numbers),
		TEST(a_number_of_before_the_close_is_nobodys),
		TEST(a_child_of_fork_has_no_queues),
		TEST(updates_are_checked_as_creations_are),
		TEST(a_new_ring_that_is_not_there_stops_its_queue),
		TEST(masks_have_a_shape_and_leave_something),
		TEST(information_is_of_queues_that_dispatch),
		TEST(information_tells_of_the_error_that_stopped_it),
		TEST(what_queues_do_not_have_is_not_supported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
