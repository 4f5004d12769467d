// SPDX-License-Identifier: MIT
/*
 * Events: what a runtime sleeps on.
 *
 * An event_table belongs to the process object; events are named by their id, 1..EVENT_MAX, so that
 * a stale or invented id is an error and never a stray pointer.  Every call may be made from any
 * thread.  The table has no thread and no timer of its own.
 */
#ifndef EVENT_EVENT_H
#define EVENT_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EVENT_MAX	   4096U
#define EVENT_WAIT_FOREVER UINT32_MAX

/* What an event tells of.  The numbers are those of the public API (HSA_EVENTTYPE). */
enum event_type {
	EVENT_SIGNAL = 0,
	EVENT_NODE_CHANGE = 1,
	EVENT_DEVICE_STATE_CHANGE = 2,
	EVENT_HW_EXCEPTION = 3,
	EVENT_SYSTEM = 4,
	EVENT_DEBUG = 5,
	EVENT_PROFILE = 6,
	EVENT_QUEUE = 7,
	EVENT_MEMORY = 8,
	EVENT_TYPE_COUNT
};

struct event_request {
	enum event_type type;
	bool manual_reset;  /* stays set until reset; else one waiter takes it */
	bool initially_set; /* honoured for EVENT_SIGNAL and EVENT_DEBUG, as by the kernel driver */
};

/* Bits of HsaAccessAttributeFailure, and one of HSA_EVENTID_MEMORYFLAGS. */
#define EVENT_FAULT_NOT_PRESENT	  0x1U
#define EVENT_FAULT_READ_ONLY	  0x2U
#define EVENT_FAULT_FATAL_PROCESS 1U

struct event_memory_fault {
	uint32_t node;
	uint64_t address;
	uint32_t failure; /* EVENT_FAULT_NOT_PRESENT, EVENT_FAULT_READ_ONLY: it was written */
	uint32_t flags;	  /* EVENT_FAULT_FATAL_PROCESS: the work cannot go on */
};

/* Linux: kfd_ioctl.h, enum kfd_hw_exception_reset_type; HSA_EVENTID_HW_EXCEPTION_CAUSE. */
#define EVENT_RESET_WHOLE_GPU 0U
#define EVENT_CAUSE_GPU_HANG  0U

struct event_hw_exception {
	uint32_t node;
	uint32_t reset_type;
	uint32_t memory_lost;
	uint32_t cause;
};

/* What is known of an event besides being set. */
struct event_state {
	enum event_type type;
	bool set;
	uint64_t age;	   /* counts the times it was set, from 1 */
	uint64_t *mailbox; /* where a GPU writes something, mostly the id, to set it; 0: empty */
	bool raised;	   /* one of these was, since it was created */
	struct event_memory_fault fault;
	struct event_hw_exception exception;
};

struct event_table;

int event_table_create(uint64_t *mailboxes, size_t mailbox_count, struct event_table **out);
void event_table_shutdown(struct event_table *table);
void event_table_destroy(struct event_table *table);

int event_create(struct event_table *table, const struct event_request *request, uint32_t *id);
int event_destroy(struct event_table *table, uint32_t id);
int event_set(struct event_table *table, uint32_t id);
int event_reset(struct event_table *table, uint32_t id);
int event_query(struct event_table *table, uint32_t id, struct event_state *state);
int event_wait(struct event_table *table, const uint32_t *ids, size_t count, bool all, uint32_t timeout_ms,
	       uint64_t *ages);

/*
 * What the table tells: that an event was set (by anybody), and that a waiter is about to sleep.  Called without the
 * table's lock, on the thread that set or waits.
 */
struct event_listener {
	void (*was_set)(void *arg);
	void (*will_sleep)(void *arg);
	void *arg;
};

int event_table_use_mailboxes(struct event_table *table, uint64_t *mailboxes, size_t mailbox_count);
void event_table_listen(struct event_table *table, const struct event_listener *listener);
/* Sets the events whose mailboxes were written; returns whether somebody sleeps on an event that a GPU may set. */
bool event_scan_mailboxes(struct event_table *table);

int event_raise_memory_fault(struct event_table *table, const struct event_memory_fault *fault);
int event_raise_hw_exception(struct event_table *table, const struct event_hw_exception *exception);

#endif
