// SPDX-License-Identifier: MIT
/*
 * A guest of the model host, by messages: a process with a device, memory, contexts and queues.  There may be others beside
 * it on the same host; calls are those of `guest`.
 */
#ifndef DXGSIM_VIDSCH_GUEST_H
#define DXGSIM_VIDSCH_GUEST_H

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "dxgsim/host/message.h"
#include "dxgsim/host/status.h"
#include "dxgsim/report.h"

#define GUEST_BASE    0x200000000ull /* GPU address of the memory */
#define GUEST_BYTES   0x10000u
#define GUEST_MACHINE 0x1234u
#define GUEST_DATA    0x8000u /* offset of what the GPU writes; commands are before it */

struct guest {
	struct host_model *model;
	d3dkmt_handle process, device, paging_queue, paging_fence, allocation;
	uint8_t *memory;
	uint32_t node;	/* of compute */
	uint32_t hint;	/* of contexts: who asks */
	bool state;	/* firmware-managed */
	bool long_form; /* of contexts */
	bool async;	/* work is not answered */
	uint32_t used;	/* bytes of commands */
	uint8_t sent[0x218],
		reply[0x218 +
		      HOST_REPLY_SLACK]; /* private data of the last allocation, and as it came back */
	uint32_t reply_size;		 /* what the host says how long it is, 0: says nothing */
};

struct guest_queue {
	d3dkmt_handle context, hwqueue, progress;
	uint64_t page; /* of the progress fence */
	uint64_t gpu_va;
	uint64_t last;
};

extern struct guest guest;

/* What the host has told the guest unasked, since guest_start(). */
struct guest_told {
	atomic_uint states, removed, added;
	atomic_uint luid; /* the first half of the vGPU's that is there, or was last */
};
extern struct guest_told guest_told;

/* Name of the arena that guest_start() opens; NULL: none. */
extern const char *guest_arena_path;

/*
 * Everything up to resident, mapped memory, on the adapter @spec; no paging fence is ever pending, unless the spec says
 * something of it.
 */
void guest_start(const char *spec);
/* Destroys the process with all it has, and the host. */
void guest_finish(void);
/* One more process on the same host, with as much as the first has, at the same addresses, in *@other. */
void guest_join(struct guest *other);
/* `guest` and *@other change places. */
void guest_swap(struct guest *other);
/* `guest` is a process of its own again, after what it had was lost; the one before is forgotten, not destroyed. */
void guest_begin_again(void);
/* Destroys that process; the host goes on. */
void guest_leave(struct guest *other);
/* The message's status; 0 when nobody waits for one (guest.async). */
int32_t guest_send(enum host_message_type type, const void *request, void *reply);

d3dkmt_handle guest_context_on(uint32_t node, uint32_t flags);
d3dkmt_handle guest_context(uint32_t flags);
int32_t guest_hwqueue(d3dkmt_handle context, uint32_t flags, struct guest_queue *out);
/* A context that takes hardware queues with one of them. */
void guest_queue(struct guest_queue *out);
d3dkmt_handle guest_fence(uint64_t value, uint32_t flags, uint64_t *gpu_va);
/* Ring memory for software queues of that scheduler id; @usable: resident and mapped. */
d3dkmt_handle guest_user_queue(uint32_t scheduler_id, bool usable);
/* VRAM of GUEST_BYTES, resident and mapped there. */
void guest_vram(uint64_t va);
/* Without more; 0 when the host refuses. */
d3dkmt_handle guest_try_user_queue(uint32_t scheduler_id);
void guest_destroy_memory(void);
void guest_evict_memory(void);

/* Commands: each returns where the GPU finds them; *@bytes is their length, padded. */
uint64_t guest_write(uint64_t va, uint32_t value, uint32_t *bytes);
uint64_t guest_wait_memory(uint64_t va, uint32_t value, uint32_t *bytes);
uint64_t guest_words(const uint32_t *words, uint32_t count, uint32_t *bytes);

/* A dword of the memory: its GPU address, and its value as the CPU sees it. */
static inline uint64_t guest_data(uint32_t index)
{
	return GUEST_BASE + GUEST_DATA + 4ull * index;
}
uint32_t guest_value(uint32_t index);
void guest_set_value(uint32_t index, uint32_t value);

void guest_submit_blob(uint8_t blob[0x48], uint64_t commands, uint32_t bytes, d3dkmt_handle user_queue);
int32_t guest_submit(d3dkmt_handle context, uint64_t commands, uint32_t bytes, d3dkmt_handle user_queue);
int32_t guest_submit_hw(struct guest_queue *queue, uint64_t commands, uint32_t bytes);
int32_t guest_gpu_wait(d3dkmt_handle context, d3dkmt_handle fence, uint64_t value);
int32_t guest_gpu_signal(d3dkmt_handle context, d3dkmt_handle fence, uint64_t value);
/* @event below 128 */
int32_t guest_cpu_event(d3dkmt_handle context, uint64_t event);
int32_t guest_cpu_signal(d3dkmt_handle fence, uint64_t value);

/* Sleeps until the fence is there: true, or 10 s are over. */
bool guest_wait(d3dkmt_handle fence, uint64_t value);
/* The same for an event. */
bool guest_wait_event(uint64_t event);
/* Until a job of a context is on the compute engine. */
bool guest_wait_running(void);
uint64_t guest_fence_value(uint64_t page);
uint32_t guest_state(void);
struct d3dkmt_devicepagefault_state guest_page_fault(void);
/* The state as soon as it is not active, or after 10 s. */
uint32_t guest_lost_state(void);
/* How many findings since the last look, which are forgotten with it. */
uint64_t guest_misuse(void);
/* Whether one of them, or a note, contains @text. */
bool guest_reported(const char *text);

#endif
