// SPDX-License-Identifier: MIT
/*
 * The Windows side the measured rows were made against: a host without memory management or scheduling that
 * answers each message with a fixed reply, and does something else once when told to.
 */
#ifndef CONFORMANCE_SCRIPTED_HOST_H
#define CONFORMANCE_SCRIPTED_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dxgsim/host/message.h"

enum inject_mode {
	INJECT_STATUS,	    /* this NTSTATUS, data fields as ever */
	INJECT_ZERO_REPLY,  /* an all-zero reply */
	INJECT_SHORT_REPLY, /* value bytes of reply */
	INJECT_RING_FULL,   /* the channel takes no message, count times */
	INJECT_SEND_ERROR,  /* the channel fails with errno value */
	INJECT_HOLD_EVENT,  /* guest events wait for scripted_host_signal() */
	INJECT_BAD_ADDRESS, /* 0 where an IO address belongs */
	INJECT_LAST_PAGE,   /* the last page of the IO window */
	INJECT_LAST_BUT_ONE_PAGE,
	INJECT_HANDLE_VALUE, /* value instead of a fresh handle */
	INJECT_VALUE,	     /* value64 is the size of a standard allocation's private data */
};

struct inject {
	enum host_message_type message;
	enum inject_mode mode;
	uint32_t count; /* messages it applies to */
	uint32_t skip;	/* matching messages let through first */
	uint32_t value;
	uint64_t value64;
};

struct logged_message {
	enum host_message_type type;
	bool global_channel;
	bool sync;
	uint32_t length;
};

struct scripted_host;

struct scripted_host_setup {
	uint32_t interface_version;
	bool async_messages;
	bool map_guest_memory;
	bool no_vgpu;
	uint32_t first_page; /* number of the first fence page, which shows in GPU addresses */
};

/* -errno of making the IO window, or -ENOMEM. */
int scripted_host_create(const struct scripted_host_setup *setup, struct scripted_host **out);
void scripted_host_destroy(struct scripted_host *host);
const struct host_ops *scripted_host_ops(void);

/* Stays armed until it has applied count times.  -ENOSPC: too many at once. */
int scripted_host_inject(struct scripted_host *host, const struct inject *inject);

/* The messages since the last call, in order; returned memory is valid until the next message. */
size_t scripted_host_take_log(struct scripted_host *host, const struct logged_message **log);

/* Raises every held event once, and the event of the last CPU notification object. */
void scripted_host_signal(struct scripted_host *host);
void scripted_host_change_device_state(struct scripted_host *host);

/* Was this number ever given out as a handle? */
bool scripted_host_knows_handle(struct scripted_host *host, d3dkmt_handle handle);

#endif
