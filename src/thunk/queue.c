// SPDX-License-Identifier: MIT
/* Queues.  A QueueId is a number that is never used twice: a stale one is an error, not a stray pointer. */
#include "queue/queue.h"

#include <errno.h>
#include <string.h>

#include <hsakmt/hsakmt.h>

#include "thunk/process.h"
#include "thunk/status.h"
#include "util/compiler.h"

#define MAX_PERCENTAGE 100U

static bool bad_priority(HSA_QUEUE_PRIORITY priority)
{
	return priority < HSA_QUEUE_PRIORITY_MINIMUM || priority > HSA_QUEUE_PRIORITY_MAXIMUM;
}

/* libhsakmt: what the kernel driver refuses is ERROR; want of memory is told apart. */
static HSAKMT_STATUS queue_status(int error)
{
	switch (error) {
	case 0:
		return HSAKMT_STATUS_SUCCESS;
	case -ENOMEM:
	case -ENOSPC:
		return HSAKMT_STATUS_NO_MEMORY;
	case -EINVAL:
		return HSAKMT_STATUS_INVALID_PARAMETER;
	default:
		return HSAKMT_STATUS_ERROR;
	}
}

/* What the call is about, from the API's queue types; the host has no queues of the others. */
static bool kind_of(HSA_QUEUE_TYPE type, enum queue_kind *kind)
{
	switch ((unsigned)type) {
	case HSA_QUEUE_COMPUTE:
		*kind = QUEUE_PM4;
		return true;
	case HSA_QUEUE_COMPUTE_AQL:
		*kind = QUEUE_AQL;
		return true;
	case HSA_QUEUE_SDMA:
	case HSA_QUEUE_SDMA_XGMI: /* a queue for copies to other GPUs: any engine does them here */
	case HSA_QUEUE_SDMA_BY_ENG_ID:
		*kind = QUEUE_SDMA;
		return true;
	default:
		return false;
	}
}

struct creation {
	HSAuint32 node;
	HSA_QUEUE_TYPE type;
	HSAuint32 percentage;
	HSA_QUEUE_PRIORITY priority;
	HSAuint32 sdma_engine;
	void *ring;
	HSAuint64 ring_bytes;
	HsaEvent *event;
	HsaQueueResource *resource; /* in the caller's layout */
};

static HSAKMT_STATUS create(struct process *process, const struct creation *call)
{
	struct queue_request request = {
		.sdma_engine = call->sdma_engine,
		.ring = call->ring,
		.ring_bytes = call->ring_bytes,
		.percentage = call->percentage,
		.priority = (int)call->priority,
	};
	HsaQueueResource resource;
	HSAKMT_STATUS status;
	uint64_t id;
	int gpu, ret;

	if (bad_priority(call->priority) || call->percentage > MAX_PERCENTAGE || !call->resource)
		return HSAKMT_STATUS_INVALID_PARAMETER;
	status = process_check_node(process, call->node, &gpu);
	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	/* libhsakmt: the kernel driver knows no GPU of that number */
	if (gpu < 0)
		return HSAKMT_STATUS_ERROR;
	if (!kind_of(call->type, &request.kind))
		return HSAKMT_STATUS_INVALID_PARAMETER;
	abi_read_queue_resource(abi_current(), call->resource, &resource);
	if (call->event) {
		status = process_event_id(process, call->event, &request.event_id);
		if (status != HSAKMT_STATUS_SUCCESS)
			return status;
	}
	if (request.kind == QUEUE_AQL) {
		request.write_index = (uint64_t *)resource.Queue_write_ptr_aql;
		request.read_index = (uint64_t *)resource.Queue_read_ptr_aql;
		if (!request.write_index || !request.read_index)
			return HSAKMT_STATUS_INVALID_PARAMETER;
	}
	request.gpu = (uint32_t)gpu;
	request.error_reason = (int64_t *)(uintptr_t)resource.ErrorReason;
	ret = queue_create(process->queues, &request, &id);
	if (ret)
		return queue_status(ret);
	resource.QueueId = id;
	resource.QueueDoorBell = ptr_to_u64(request.doorbell);
	resource.QueueWptrValue = ptr_to_u64(request.write_index);
	resource.QueueRptrValue = ptr_to_u64(request.read_index);
	resource.SdmaProgressFenceVA = 0;
	resource.SdmaHwQueueEpilogueBytes = 0;
	abi_write_queue_resource(abi_current(), &resource, call->resource);
	return HSAKMT_STATUS_SUCCESS;
}

static HSAKMT_STATUS create_when_open(const struct creation *call)
{
	struct process *process;
	HSAKMT_STATUS status = process_enter(&process);

	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	status = create(process, call);
	process_leave();
	return status;
}

/*
 * Creates a queue.  AQL queues: the caller fills the index pointers and ErrorReason of QueueResource, and rings by
 * hsaKmtQueueRingDoorbell() or by storing to the doorbell; others get index words of the library's own.
 *
 * INVALID_PARAMETER: priority, percentage, type, the shape of the ring, indices; INVALID_NODE_UNIT: no such node; NO_MEMORY; ERROR: a
 * CPU node, a ring or indices that are not in memory of the library's or registered, an event that is none, an engine that does not
 * answer (the log says at which step), the host refuses, or the GPU was lost and may not be used again yet.
 */
HSAKMT_STATUS HSAKMTAPI hsaKmtCreateQueueExt(HSAuint32 NodeId, HSA_QUEUE_TYPE Type, HSAuint32 QueuePercentage,
					     HSA_QUEUE_PRIORITY Priority, HSAuint32 SdmaEngineId,
					     void *QueueAddress, HSAuint64 QueueSizeInBytes, HsaEvent *Event,
					     HsaQueueResource *QueueResource)
{
	const struct creation call = {
		.node = NodeId,
		.type = Type,
		.percentage = QueuePercentage,
		.priority = Priority,
		.sdma_engine = Type == HSA_QUEUE_SDMA_BY_ENG_ID ? SdmaEngineId : 0,
		.ring = QueueAddress,
		.ring_bytes = QueueSizeInBytes,
		.event = Event,
		.resource = QueueResource,
	};

	return create_when_open(&call);
}

/* The same for engine 0; HSA_QUEUE_SDMA_BY_ENG_ID is ERROR here. */
HSAKMT_STATUS HSAKMTAPI hsaKmtCreateQueue(HSAuint32 NodeId, HSA_QUEUE_TYPE Type, HSAuint32 QueuePercentage,
					  HSA_QUEUE_PRIORITY Priority, void *QueueAddress,
					  HSAuint64 QueueSizeInBytes, HsaEvent *Event,
					  HsaQueueResource *QueueResource)
{
	if (!process_is_open())
		return HSAKMT_STATUS_KERNEL_IO_CHANNEL_NOT_OPENED;
	if (Type == HSA_QUEUE_SDMA_BY_ENG_ID)
		return HSAKMT_STATUS_ERROR;
	return hsaKmtCreateQueueExt(NodeId, Type, QueuePercentage, Priority, 0, QueueAddress,
				    QueueSizeInBytes, Event, QueueResource);
}

/* The same with metadata to prefetch, of which there is none here: INVALID_PARAMETER if some is asked for. */
HSAKMT_STATUS HSAKMTAPI hsaKmtCreateQueueV2(HSAuint32 NodeId, HSA_QUEUE_TYPE Type, HSAuint32 QueuePercentage,
					    HSA_QUEUE_PRIORITY Priority, HSAuint32 SdmaEngineId,
					    void *QueueAddress, HSAuint64 QueueSizeInBytes,
					    HSAuint64 MetaDataPrefetchSizeInBytes, HsaEvent *Event,
					    HsaQueueResource *QueueResource)
{
	if (!process_is_open())
		return HSAKMT_STATUS_KERNEL_IO_CHANNEL_NOT_OPENED;
	if (MetaDataPrefetchSizeInBytes)
		return HSAKMT_STATUS_INVALID_PARAMETER;
	return hsaKmtCreateQueueExt(NodeId, Type, QueuePercentage, Priority, SdmaEngineId, QueueAddress,
				    QueueSizeInBytes, Event, QueueResource);
}

/* Runs one call on a queue. */
static HSAKMT_STATUS on_queue(HSA_QUEUEID id, bool good,
			      int (*call)(struct queues *queues, uint64_t id, const void *arg),
			      const void *arg)
{
	struct process *process;
	HSAKMT_STATUS status = process_enter(&process);

	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	if (!id || !good)
		status = HSAKMT_STATUS_INVALID_PARAMETER;
	else if (!process->queues)
		status = HSAKMT_STATUS_ERROR;
	else
		status = queue_status(call(process->queues, id, arg));
	process_leave();
	return status;
}

struct update {
	HSAuint32 percentage;
	HSA_QUEUE_PRIORITY priority;
	void *ring;
	HSAuint64 ring_bytes;
};

static int update(struct queues *queues, uint64_t id, const void *arg)
{
	const struct update *u = arg;

	return queue_update(queues, id, u->percentage, (int)u->priority, u->ring, u->ring_bytes);
}

/*
 * A NULL address, a size of 0 or a percentage of 0 stops the queue until it is updated again.  INVALID_PARAMETER: id 0, priority,
 * percentage, another size than the queue was made with; ERROR: no such queue, or the host refuses the priority.
 */
HSAKMT_STATUS HSAKMTAPI hsaKmtUpdateQueue(HSA_QUEUEID QueueId, HSAuint32 QueuePercentage,
					  HSA_QUEUE_PRIORITY Priority, void *QueueAddress,
					  HSAuint64 QueueSize, HsaEvent *Event)
{
	const struct update u = {
		.percentage = QueuePercentage,
		.priority = Priority,
		.ring = QueueAddress,
		.ring_bytes = QueueSize,
	};

	(void)Event; /* as in libhsakmt, which has no way to hand it on */
	return on_queue(QueueId, !bad_priority(Priority) && QueuePercentage <= MAX_PERCENTAGE, update, &u);
}

static int destroy(struct queues *queues, uint64_t id, const void *arg)
{
	(void)arg;
	return queue_destroy(queues, id);
}

HSAKMT_STATUS HSAKMTAPI hsaKmtDestroyQueue(HSA_QUEUEID QueueId)
{
	return on_queue(QueueId, true, destroy, NULL);
}

struct cu_mask {
	const HSAuint32 *words;
	HSAuint32 count;
};

static int set_cu_mask(struct queues *queues, uint64_t id, const void *arg)
{
	const struct cu_mask *mask = arg;

	return queue_set_cu_mask(queues, id, mask->words, mask->count);
}

/* CUMaskCount: bits, a multiple of 32; they hold for dispatches from now on. */
HSAKMT_STATUS HSAKMTAPI hsaKmtSetQueueCUMask(HSA_QUEUEID QueueId, HSAuint32 CUMaskCount,
					     HSAuint32 *QueueCUMask)
{
	const struct cu_mask mask = {.words = QueueCUMask, .count = CUMaskCount / 32};

	return on_queue(QueueId, CUMaskCount && QueueCUMask && !(CUMaskCount % 32), set_cu_mask, &mask);
}

static int describe(struct queues *queues, uint64_t id, const void *arg)
{
	HsaQueueInfo *info = *(HsaQueueInfo *const *)arg;
	struct queue_description description;
	int ret = queue_describe(queues, id, &description);

	if (ret)
		return ret;
	/* like the kernel driver's: no save area, no information */
	if (description.kind == QUEUE_SDMA)
		return -EOPNOTSUPP;
	*info = (HsaQueueInfo){
		.QueueDetailError = (HSAuint32)description.error,
		.QueueTypeExtended = 0,
		.NumCUAssigned = description.cu_mask_words * 32,
		.CUMaskInfo = description.cu_mask,
	};
	return 0;
}

/* The save area is the host driver's business: it is told as absent.  ERROR for SDMA queues, as by libhsakmt. */
HSAKMT_STATUS HSAKMTAPI hsaKmtGetQueueInfo(HSA_QUEUEID QueueId, HsaQueueInfo *QueueInfo)
{
	HsaQueueInfo info, *out = &info;
	HSAKMT_STATUS status = on_queue(QueueId, QueueInfo != NULL, describe, &out);

	if (status == HSAKMT_STATUS_SUCCESS)
		abi_write_queue_info(abi_current(), &info, QueueInfo);
	return status;
}

static int ring(struct queues *queues, uint64_t id, const void *arg)
{
	(void)arg;
	return queue_ring_doorbell(queues, id);
}

/*
 * Submits what is published, on the calling thread.  The value is not looked at: early callers do not pass it, and the write index
 * in memory says the same.
 */
HSAKMT_STATUS HSAKMTAPI hsaKmtQueueRingDoorbell(HSA_QUEUEID QueueId, HSAuint64 value)
{
	(void)value;
	return on_queue(QueueId, true, ring, NULL);
}
