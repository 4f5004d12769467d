// SPDX-License-Identifier: MIT
/*
 * All state of the library hangs off one struct process.  An entry point reaches it between
 * process_enter() and process_leave(), so that open, close and fork are one place each: process.c.
 */
#ifndef THUNK_PROCESS_H
#define THUNK_PROCESS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <hsakmt/hsakmt.h>

#include "abi/abi.h"
#include "util/turn.h"

struct dxg;
struct event_table;
struct gpu_place;
struct gsp_gpu;
struct memory;
struct queues;
struct topology;
struct topology_node;
struct topology_snapshot;

/* What hsaKmtSetTrapHandler told of a node. */
struct trap_handler {
	void *handler;
	uint64_t handler_size;
	void *buffer;
	uint64_t buffer_size;
};

/* HSAKMT_DXG_BAR: VRAM that the CPU sees too */
enum process_bar {
	PROCESS_BAR_OFF,
	PROCESS_BAR_HOST_ACCESS, /* where HostAccess asks for it */
	PROCESS_BAR_ALL,	 /* and frame buffers are public, so that runtimes ask */
};

struct process {
	struct dxg *dxg; /* NULL: no /dev/dxg to talk to, the topology has CPU nodes only */
	struct topology *topology;
	struct event_table *events;
	enum process_bar bar;
	struct turn first_acquire;   /* for what the first snapshot needs of the host */
	struct turn first_event;     /* for what the first event does */
	_Atomic bool mailboxes_made; /* or cannot be: events have what they will have */
	const void *mailboxes;
	_Atomic uint64_t mailboxes_missed; /* bit per GPU that they are not mapped on; under first_event */

	pthread_mutex_t lock;	  /* guards what follows; never held across a call to the host */
	HsaEvent **event_handles; /* by id: what callers know an event by; freed with it */
	struct topology_snapshot *snapshot;
	unsigned snapshot_references;
	/* made at the first acquire, kept until close; the GPUs in the order of their nodes */
	struct memory *_Atomic memory;
	struct queues *queues; /* made with the memory */
	struct gsp_gpu **gpus;
	struct gpu_place *gpu_places; /* gpus.c */
	uint32_t *gpu_nodes;
	struct trap_handler *traps;
	uint32_t gpu_count;
	struct process *before; /* of a fork's child: its parent's own parent's */
};

bool process_is_open(void);
HSAKMT_STATUS process_enter(struct process **process);
void process_leave(void);
HSAKMT_STATUS process_open(void);
HSAKMT_STATUS process_close(void);

HSAKMT_STATUS process_acquire_snapshot(struct process *process, struct topology_snapshot **snapshot);
void process_release_snapshot(struct process *process);
struct topology_snapshot *process_snapshot(struct process *process);
HSAKMT_STATUS process_event_id(struct process *process, const HsaEvent *event, uint32_t *id);
HSAKMT_STATUS process_check_node(struct process *process, uint32_t node, int *gpu);

#endif
