// SPDX-License-Identifier: MIT
/*
 * What the guest kernel knows about all processes of the VM, in memory they all see.
 */
#ifndef DXGSIM_DRIVER_SHARED_H
#define DXGSIM_DRIVER_SHARED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "dxg/uapi.h"
#include "dxgsim/host/message.h"

/* Which NT handle; generation 0 is none.  An old one is noticed by its generation. */
struct nt_ref {
	uint32_t slot;
	uint32_t generation;
};

struct nt_slot {
	uint32_t files; /* open files of all processes; 0: free */
	uint32_t generation;
	d3dkmt_handle handle;
};

/* A sync file as other processes need to know it. */
struct sync_entry {
	uint64_t ino; /* of its pipe, 0: free */
	uint64_t value;
	struct nt_ref nt; /* generation 0: the fence is not shared */
	d3dkmt_handle global;
	uint32_t type;
	bool monitored_fence;
	pid_t owner;
};

#define NT_SLOTS     1024u
#define SYNC_ENTRIES 512u

/* Zeroed once, then only changed between nt_table_lock() and nt_table_unlock(). */
struct nt_table {
	uint32_t last_generation;
	struct nt_slot slots[NT_SLOTS];
	struct sync_entry sync_files[SYNC_ENTRIES];
};

int shared_init(const struct host_config *config);
void shared_exit(void);
int shared_process_add(pid_t pid, d3dkmt_handle host_handle);
void shared_process_remove(pid_t pid);
/* Adapters by their LUIDs, which are the same in all processes of the VM. */
int shared_adapter_opened(pid_t pid, struct winluid adapter);
void shared_adapter_closed(pid_t pid, struct winluid adapter);
/* pids that have the adapter open, in the order of opening; returns how many, writes at most max */
uint32_t shared_adapter_users(struct winluid adapter, uint32_t *pids, uint32_t max);
/* 0, or -EINVAL when no process of the VM has that pid. */
int shared_process_handle(uint64_t pid, d3dkmt_handle *host_handle);

/* Counts changes of the state of any device. */
uint64_t shared_state_counter(void);
void shared_state_counter_bump(void);

/* The table of the VM, locked. */
struct nt_table *nt_table_lock(void);
void nt_table_unlock(void);

#endif
