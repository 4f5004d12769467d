// SPDX-License-Identifier: MIT
/* What the parts of the stand-in share: its objects, its one lock, and how a call begins and ends. */
#ifndef TESTS_FAKE_DXG_PRIVATE_H
#define TESTS_FAKE_DXG_PRIVATE_H

#include <pthread.h>

#include "fake_dxg.h"

enum type { FREE, DEVICE, QUEUE, ALLOCATION, RESERVATION, MAPPING, CONTEXT, HWQUEUE, FENCE };

struct object {
	enum type type;
	d3dkmt_handle handle;
	unsigned adapter;
	unsigned life;	      /* of the adapter in which it was made */
	d3dkmt_handle parent; /* device, a mapping's allocation, a hardware queue's context */
	uint64_t base, size;
	uint64_t value, wanted; /* of a fence: what is in its page, and where finished work would take it */
	struct dxg_context_request request;
	int resident;
	bool local;
	uint64_t busy_until; /* paging fence of the last change of its mapping */
	void *sysmem;	     /* of the caller; NULL: VRAM */
	bool pinned_to_write;
	void *locked_at;
	unsigned locks;
	bool offered, discarded;
	bool unreserved; /* a mapping whose address it took itself */
	uint64_t offset; /* of a mapping, in its allocation */
	bool writable;	 /* the same */
};

extern pthread_mutex_t fake_lock;
extern struct object fake_objects[];
extern unsigned fake_used;
extern bool fake_hold, fake_stalled;

struct object *fake_add(enum type type, unsigned adapter);
struct object *fake_get(enum type type, d3dkmt_handle handle);
unsigned fake_adapter_of(enum type type, d3dkmt_handle handle);
int fake_enter(const char *name, unsigned adapter);
int fake_leave(int ret);
void fake_finish_on(unsigned adapter);
void fake_complain(const char *what);

void fake_run_hook(const char *name);

void fake_reset_queues(void);

void fake_reset_locks(void);
void fake_end_lock(struct object *o);

#endif
