// SPDX-License-Identifier: MIT
/* Events.  An HsaEvent is what the caller sees of an event; its id is what the library goes by. */
#include "event/event.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <hsakmt/hsakmt.h>

#include "thunk/process.h"
#include "util/compiler.h"

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

/*
 * Creates an event.  HWData2 is the address of the word to which a GPU writes HWData1 when it wants
 * the event set.  ERROR, with *Event NULL, when there are 4096 events already.
 */
HSAKMT_STATUS HSAKMTAPI hsaKmtCreateEvent(HsaEventDescriptor *EventDesc, bool ManualReset, bool IsSignaled,
					  HsaEvent **Event)
{
	struct event_request request;
	struct event_state state;
	struct process *process;
	HSAKMT_STATUS status = process_enter(&process);
	HsaEvent *event;
	uint32_t id;

	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	if (!EventDesc || !Event || (unsigned)EventDesc->EventType >= HSA_EVENTTYPE_MAXID) {
		process_leave();
		return HSAKMT_STATUS_INVALID_PARAMETER;
	}
	*Event = NULL;
	request = (struct event_request){
		.type = (enum event_type)EventDesc->EventType,
		.manual_reset = ManualReset,
		.initially_set = IsSignaled,
	};
	event = calloc(1, sizeof(*event));
	status = event ? HSAKMT_STATUS_SUCCESS : HSAKMT_STATUS_ERROR;
	if (event && event_create(process->events, &request, &id))
		status = HSAKMT_STATUS_ERROR;
	if (status == HSAKMT_STATUS_SUCCESS && event_query(process->events, id, &state))
		status = HSAKMT_STATUS_ERROR;
	if (status == HSAKMT_STATUS_SUCCESS) {
		event->EventId = id;
		event->EventData.EventType = EventDesc->EventType;
		event->EventData.EventData.SyncVar = EventDesc->SyncVar;
		event->EventData.HWData1 = id;
		event->EventData.HWData2 = ptr_to_u64(state.mailbox);
		event->EventData.HWData3 = id;
		*Event = event;
	} else {
		free(event);
	}
	process_leave();
	return status;
}

/* Runs one call on the id of an event. */
static HSAKMT_STATUS with_event(HsaEvent *Event, int (*call)(struct event_table *table, uint32_t id))
{
	struct process *process;
	HSAKMT_STATUS status = process_enter(&process);

	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	status = Event ? event_status(call(process->events, Event->EventId)) : HSAKMT_STATUS_INVALID_HANDLE;
	process_leave();
	return status;
}

/* Destroys an event and frees the HsaEvent.  ROCr calls it with NULL when it runs without interrupts. */
HSAKMT_STATUS HSAKMTAPI hsaKmtDestroyEvent(HsaEvent *Event)
{
	HSAKMT_STATUS status = with_event(Event, event_destroy);

	if (status == HSAKMT_STATUS_SUCCESS)
		free(Event);
	return status;
}

static bool may_be_set_by_the_cpu(const HsaEvent *event)
{
	return event->EventData.EventType == HSA_EVENTTYPE_SIGNAL ||
	       event->EventData.EventType == HSA_EVENTTYPE_DEBUG_EVENT;
}

static HSAKMT_STATUS change_event(HsaEvent *Event, int (*call)(struct event_table *table, uint32_t id))
{
	if (process_is_open() && Event && !may_be_set_by_the_cpu(Event))
		return HSAKMT_STATUS_ERROR;
	return with_event(Event, call);
}

HSAKMT_STATUS HSAKMTAPI hsaKmtSetEvent(HsaEvent *Event)
{
	return change_event(Event, event_set);
}

HSAKMT_STATUS HSAKMTAPI hsaKmtResetEvent(HsaEvent *Event)
{
	return change_event(Event, event_reset);
}

static int exists(struct event_table *table, uint32_t id)
{
	struct event_state state;

	return event_query(table, id, &state);
}

/* SUCCESS for an event that exists; the API has no way to tell more. */
HSAKMT_STATUS HSAKMTAPI hsaKmtQueryEventState(HsaEvent *Event)
{
	return with_event(Event, exists);
}

/* What a fault left in an event goes to the caller's HsaEvent. */
static void copy_event_data(struct event_table *table, HsaEvent *event)
{
	HsaEventData *data = &event->EventData;
	struct event_state state;

	if (data->EventType != HSA_EVENTTYPE_MEMORY && data->EventType != HSA_EVENTTYPE_HW_EXCEPTION)
		return;
	if (event_query(table, event->EventId, &state))
		return;
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
}

static HSAKMT_STATUS wait_on(struct process *process, HsaEvent *events[], HSAuint32 count, bool all,
			     HSAuint32 milliseconds, uint64_t *ages)
{
	uint32_t on_stack[IDS_ON_STACK], *ids = on_stack;
	HSAKMT_STATUS status = HSAKMT_STATUS_SUCCESS;

	if (!count)
		return HSAKMT_STATUS_INVALID_PARAMETER;
	if (count > IDS_ON_STACK) {
		ids = malloc(count * sizeof(*ids));
		if (!ids)
			return HSAKMT_STATUS_NO_MEMORY;
	}
	for (HSAuint32 i = 0; i < count && status == HSAKMT_STATUS_SUCCESS; i++) {
		if (events[i])
			ids[i] = events[i]->EventId;
		else
			status = HSAKMT_STATUS_INVALID_HANDLE;
	}
	if (status == HSAKMT_STATUS_SUCCESS)
		status = event_status(event_wait(process->events, ids, count, all, milliseconds, ages));
	if (status == HSAKMT_STATUS_SUCCESS)
		for (HSAuint32 i = 0; i < count; i++)
			copy_event_data(process->events, events[i]);
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
