// SPDX-License-Identifier: MIT
/* The IO window: fence pages and Lock2 ranges. */
#ifndef DXGSIM_DRIVER_IO_H
#define DXGSIM_DRIVER_IO_H

#include <stdbool.h>
#include <stdint.h>

#include "dxgsim/driver/objects.h"

/*
 * Maps pages of the IO window into the process, shared and writable.  With @adapter, unless it is NULL, the mapping is
 * forgotten when that is removed: then it stays where it is for as long as the process lives.  -ENOMEM: the range is
 * outside the window, or ends exactly at its end, or is empty, or the mapping failed.
 */
int io_map(uint64_t address, uint64_t pages, const struct adapter *adapter, struct io_mapping *mapping);
/* Unmaps unless the process is exiting or the mapping is forgotten; mapping->address is NULL afterwards. */
void io_unmap(struct process *process, struct io_mapping *mapping);
/*
 * After the removal of an adapter and before the host may use its part of the window for anything else: what is forgotten
 * leads nowhere any more.
 */
void io_abandon(void);

/* Whether such a mapping lies in [address, address + size), and is not forgotten. */
bool io_owns_range(uint64_t address, uint64_t size);

/* The host is about to store to the page at @address of the window: its mappings are where the program will see that. */
void io_changes(uint64_t address);

/* The lock is taken around fork(); the child owns no mappings. */
void io_fork_prepare(void);
void io_fork_done(void);
void io_fork_child(void);

#endif
