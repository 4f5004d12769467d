// SPDX-License-Identifier: MIT
/* Events.  An HsaEvent is what the caller sees of an event; its id is what the library goes by. */
#include "event/event.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <hsakmt/hsakmt.h>

#include "memory/memory.h"
#include "thunk/gate.h"
#include "thunk/process.h"
#include "util/compiler.h"
#include "util/log.h"

#define IDS_ON_STACK 64

_Static_assert((int)EVENT_MEMORY == (int)HSA_EVENTTYPE_MEMORY, "event types are the API's");
_Static_assert((int)EVENT_TYPE_COUNT == (int)HSA_EVENTTYPE_MAXID, "event types are the API's");

/* libhsakmt reports every refusal of the kernel driver as ERROR, and so do we. */
static HSAKMT_STATUS event_status(int error)
{
	switch (error) {
	case 0:
		return HSAKMT_STATUS_SUCCESS;
	case -ETIMEDOUT:
		return HSAKMT_STATUS_WAIT_TIMEOUT;
	case -ENOMEM:
		return HSAKMT_STATUS_NO_MEMORY;
	default:
		return HSAKMT_STATUS_ERROR;
	}
}

static void fill(HsaEvent *event, const HsaEventDescriptor *descriptor, uint32_t id, const uint64_t *mailbox)
{
	event->EventId = id;
	event->EventData.EventType = descriptor->EventType;
	event->EventData.EventData.SyncVar = descriptor->SyncVar;
	event->EventData.HWData1 = id;
	event->EventData.HWData2 = ptr_to_u64(mailbox);
	event->EventData.HWData3 = id;
}

#define MAILBOX_BYTES ((EVENT_MAX + 1) * sizeof(uint64_t))

/* What one GPU cannot reach the others still can; the next event tries again. */
static void map_mailboxes(struct process *process)
{
	uint64_t missed = atomic_load(&process->mailboxes_missed);
	uint32_t gpus[MEMORY_MAX_GPUS], count = 0;
	int ret;

	for (uint32_t gpu = 0; gpu < process->gpu_count && gpu < MEMORY_MAX_GPUS; gpu++)
		if (!(missed >> gpu & 1))
			gpus[count++] = gpu;
	for (uint32_t gpu = 0; gpu < process->gpu_count && gpu < MEMORY_MAX_GPUS; gpu++) {
		if (!(missed >> gpu & 1))
			continue;
		gpus[count++] = gpu;
		ret = memory_map(process->memory, process->mailboxes, MAILBOX_BYTES, gpus, count, NULL);
		if (ret) {
			log_debug("node %u: event mailboxes are not mapped: %s", process->gpu_nodes[gpu],
				  strerror(-ret));
			count--;
		} else {
			missed &= ~(1ULL << gpu);
		}
	}
	atomic_store(&process->mailboxes_missed, missed);
}

/*
 * Gives the events mailboxes that the GPUs can write.  They end with the memory.  Where that fails, and for events that were
 * made before the first topology, they are words of the event table's own.
 */
static void make_mailboxes(struct process *process)
{
	const struct memory_request request = {
		.gpu = MEMORY_HOST,
		.kind = MEMORY_SYSTEM,
		.flags = MEMORY_UNCACHED,
		.size = MAILBOX_BYTES,
	};
	void *mailboxes;
	int ret = memory_alloc(process->memory, &request, &mailboxes);

	if (!ret) {
		ret = event_table_use_mailboxes(process->events, mailboxes, EVENT_MAX + 1);
		if (ret)
			memory_free(process->memory, mailboxes);
		else
			process->mailboxes = mailboxes;
	}
	if (!ret) {
		atomic_store(&process->mailboxes_missed,
			     process->gpu_count ? UINT64_MAX >> (64 - process->gpu_count) : 0);
		map_mailboxes(process);
	}
	if (ret)
		log_debug("GPUs cannot write event mailboxes: %s", strerror(-ret));
}

static void first_event(struct process *process)
{
	if (!process->memory || (process->mailboxes_made && !atomic_load(&process->mailboxes_missed)))
		return;
	turn_take(&process->first_event);
	if (process->mailboxes_made)
		map_mailboxes(process);
	else
		make_mailboxes(process);
	process->mailboxes_made = true;
	turn_leave(&process->first_event);
}

static HSAKMT_STATUS create(struct process *process, const HsaEventDescriptor *descriptor,
			    const struct event_request *request, HsaEvent **out)
{
	struct event_state state;
	HsaEvent *event;
	uint32_t id;

	first_event(process);
	event = calloc(1, sizeof(*event));
	if (!event)
		return HSAKMT_STATUS_ERROR;
	if (event_create(process->events, request, &id) || event_query(process->events, id, &state)) {
		free(event);
		return HSAKMT_STATUS_ERROR;
	}
	fill(event, descriptor, id, state.mailbox);
	pthread_mutex_lock(&process->lock);
	process->event_handles[id] = event;
	pthread_mutex_unlock(&process->lock);
	*out = event;
	return HSAKMT_STATUS_SUCCESS;
}

/*
 * Creates an event.  HWData2 is the address of the word to which a GPU writes HWData1 when it wants
 * the event set.  ERROR, with *Event NULL, when there are 4096 events already.
 */
HSAKMT_STATUS HSAKMTAPI hsaKmtCreateEvent(HsaEventDescriptor *EventDesc, bool ManualReset, bool IsSignaled,
					  HsaEvent **Event)
{
	struct event_request request;
	struct process *process;
	HSAKMT_STATUS status = process_enter(&process);

	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	if (!EventDesc || !Event || (unsigned)EventDesc->EventType >= HSA_EVENTTYPE_MAXID) {
		status = HSAKMT_STATUS_INVALID_PARAMETER;
	} else {
		*Event = NULL;
		request = (struct event_request){
			.type = (enum event_type)EventDesc->EventType,
			.manual_reset = ManualReset,
			.initially_set = IsSignaled,
		};
		status = create(process, EventDesc, &request, Event);
	}
	process_leave();
	return status;
}

/* Runs one call on an event; the HsaEvent is looked at only while the library is open. */
static HSAKMT_STATUS with_event(HsaEvent *Event,
				HSAKMT_STATUS (*call)(struct process *process, HsaEvent *event))
{
	struct process *process;
	HSAKMT_STATUS status = process_enter(&process);

	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	status = Event ? call(process, Event) : HSAKMT_STATUS_INVALID_HANDLE;
	process_leave();
	return status;
}

static HSAKMT_STATUS destroy(struct process *process, HsaEvent *event)
{
	uint32_t id = event->EventId;

	/* the handle goes first: once the id is free, it may be somebody else's */
	pthread_mutex_lock(&process->lock);
	if (id <= EVENT_MAX && process->event_handles[id] == event)
		process->event_handles[id] = NULL;
	else
		id = 0;
	pthread_mutex_unlock(&process->lock);
	if (!id)
		return HSAKMT_STATUS_ERROR;
	free(event);
	return event_status(event_destroy(process->events, id));
}

/*
 * Destroys an event and frees the HsaEvent.  ROCr calls it with NULL when it runs without interrupts.
 * Events that are left at the last close go with it.
 */
HSAKMT_STATUS HSAKMTAPI hsaKmtDestroyEvent(HsaEvent *Event)
{
	return with_event(Event, destroy);
}

static bool may_be_set_by_the_cpu(const HsaEvent *event)
{
	return event->EventData.EventType == HSA_EVENTTYPE_SIGNAL ||
	       event->EventData.EventType == HSA_EVENTTYPE_DEBUG_EVENT;
}

static HSAKMT_STATUS set(struct process *process, HsaEvent *event)
{
	if (!may_be_set_by_the_cpu(event))
		return HSAKMT_STATUS_ERROR;
	return event_status(event_set(process->events, event->EventId));
}

HSAKMT_STATUS HSAKMTAPI hsaKmtSetEvent(HsaEvent *Event)
{
	return with_event(Event, set);
}

static HSAKMT_STATUS reset(struct process *process, HsaEvent *event)
{
	if (!may_be_set_by_the_cpu(event))
		return HSAKMT_STATUS_ERROR;
	return event_status(event_reset(process->events, event->EventId));
}

HSAKMT_STATUS HSAKMTAPI hsaKmtResetEvent(HsaEvent *Event)
{
	return with_event(Event, reset);
}

static HSAKMT_STATUS query(struct process *process, HsaEvent *event)
{
	struct event_state state;

	return event_status(event_query(process->events, event->EventId, &state));
}

/* SUCCESS for an event that exists; the API has no way to tell more. */
HSAKMT_STATUS HSAKMTAPI hsaKmtQueryEventState(HsaEvent *Event)
{
	return with_event(Event, query);
}

static bool carries_data(HSA_EVENTTYPE type)
{
	return type == HSA_EVENTTYPE_MEMORY || type == HSA_EVENTTYPE_HW_EXCEPTION;
}

/*
 * What a fault left in an event goes to the caller's HsaEvent, unless that was destroyed meanwhile: it may
 * be freed as soon as the event was set, before its waiter has run.
 */
static void copy_event_data(struct process *process, uint32_t id, HsaEvent *event)
{
	HsaEventData *data;
	struct event_state state;

	if (event_query(process->events, id, &state) || !state.raised ||
	    !carries_data((HSA_EVENTTYPE)state.type))
		return;
	pthread_mutex_lock(&process->lock);
	if (process->event_handles[id] != event) {
		pthread_mutex_unlock(&process->lock);
		return;
	}
	data = &event->EventData;
	if (state.type == EVENT_MEMORY) {
		data->EventData.MemoryAccessFault.NodeId = state.fault.node;
		data->EventData.MemoryAccessFault.VirtualAddress = state.fault.address;
		memcpy(&data->EventData.MemoryAccessFault.Failure, &state.fault.failure,
		       sizeof(data->EventData.MemoryAccessFault.Failure));
		data->EventData.MemoryAccessFault.Flags = (HSA_EVENTID_MEMORYFLAGS)state.fault.flags;
	} else {
		data->EventData.HwException.NodeId = state.exception.node;
		data->EventData.HwException.ResetType = state.exception.reset_type;
		data->EventData.HwException.MemoryLost = state.exception.memory_lost;
		data->EventData.HwException.ResetCause =
			(HSA_EVENTID_HW_EXCEPTION_CAUSE)state.exception.cause;
	}
	pthread_mutex_unlock(&process->lock);
}

static HSAKMT_STATUS wait_on(struct process *process, HsaEvent *events[], HSAuint32 count, bool all,
			     HSAuint32 milliseconds, uint64_t *ages)
{
	uint32_t on_stack[IDS_ON_STACK], *ids = on_stack;
	HSAKMT_STATUS status = HSAKMT_STATUS_SUCCESS;
	bool with_data = false;

	if (!count)
		return HSAKMT_STATUS_INVALID_PARAMETER;
	if (count > IDS_ON_STACK) {
		ids = malloc(count * sizeof(*ids));
		if (!ids)
			return HSAKMT_STATUS_NO_MEMORY;
	}
	for (HSAuint32 i = 0; i < count && status == HSAKMT_STATUS_SUCCESS; i++) {
		if (events[i]) {
			ids[i] = events[i]->EventId;
			with_data = with_data || carries_data(events[i]->EventData.EventType);
		} else {
			status = HSAKMT_STATUS_INVALID_HANDLE;
		}
	}
	if (status == HSAKMT_STATUS_SUCCESS) {
		gate_falls_asleep();
		status = event_status(event_wait(process->events, ids, count, all, milliseconds, ages));
		gate_woke_up();
	}
	if (status == HSAKMT_STATUS_SUCCESS && with_data)
		for (HSAuint32 i = 0; i < count; i++)
			copy_event_data(process, ids[i], events[i]);
	if (ids != on_stack)
		free(ids);
	return status;
}

/*
 * Waits for one or for all of the events.  0 milliseconds only looks, 0xFFFFFFFF waits without end.
 * event_age: see event_wait().  WAIT_TIMEOUT; ERROR when an event is destroyed or the library closed meanwhile.
 */
HSAKMT_STATUS HSAKMTAPI hsaKmtWaitOnMultipleEvents_Ext(HsaEvent *Events[], HSAuint32 NumEvents,
						       bool WaitOnAll, HSAuint32 Milliseconds,
						       uint64_t *event_age)
{
	struct process *process;
	HSAKMT_STATUS status;

	if (!Events)
		return HSAKMT_STATUS_INVALID_HANDLE;
	status = process_enter(&process);
	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	status = wait_on(process, Events, NumEvents, WaitOnAll, Milliseconds, event_age);
	process_leave();
	return status;
}

HSAKMT_STATUS HSAKMTAPI hsaKmtWaitOnMultipleEvents(HsaEvent *Events[], HSAuint32 NumEvents, bool WaitOnAll,
						   HSAuint32 Milliseconds)
{
	return hsaKmtWaitOnMultipleEvents_Ext(Events, NumEvents, WaitOnAll, Milliseconds, NULL);
}

HSAKMT_STATUS HSAKMTAPI hsaKmtWaitOnEvent_Ext(HsaEvent *Event, HSAuint32 Milliseconds, uint64_t *event_age)
{
	if (!Event)
		return HSAKMT_STATUS_INVALID_HANDLE;
	return hsaKmtWaitOnMultipleEvents_Ext(&Event, 1, true, Milliseconds, event_age);
}

HSAKMT_STATUS HSAKMTAPI hsaKmtWaitOnEvent(HsaEvent *Event, HSAuint32 Milliseconds)
{
	return hsaKmtWaitOnEvent_Ext(Event, Milliseconds, NULL);
}
