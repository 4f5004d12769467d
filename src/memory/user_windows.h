// SPDX-License-Identifier: MIT
/*
 * Reservations on a GPU at the addresses of the caller's memory.  Inside a reservation pages can be mapped, mapped over and
 * taken away one by one (Microsoft: D3DKMTMapGpuVirtualAddress), which memory that comes and goes in overlapping
 * parts needs.  They are of whole windows, and given back when nothing is mapped in them any more.
 */
#ifndef MEMORY_USER_WINDOWS_H
#define MEMORY_USER_WINDOWS_H

#include "memory/user_private.h"

struct user_window {
	struct tree_node node;
	struct gsp_retire retire;
	struct user_chore chore;
	struct users *users;
	unsigned gpu;
	struct gsp_device
		*device; /* on whose adapter it is; a reference.  Changed by who has a claim, in turn */
	uint64_t start;
	uint64_t end;
	uint32_t pieces; /* mapped in it */
	bool leaving;
	uint8_t tries;	/* to give it back */
	uint64_t fence; /* paging fence of the device, of what was taken out of it last */
};

int user_windows_open(struct users *users, unsigned gpu, struct gsp_device *device, uint64_t start,
		      uint64_t end);
void user_windows_close_unused(struct users *users, unsigned gpu, uint64_t start, uint64_t end);
bool user_windows_overlap(struct users *users, unsigned gpu, uint64_t start, uint64_t end);
struct user_window *user_window_at(struct users *users, unsigned gpu, uint64_t address);
void user_window_took_out(struct user_window *window, uint32_t pieces, const struct gsp_device *device,
			  uint64_t fence);

#endif
