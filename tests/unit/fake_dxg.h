// SPDX-License-Identifier: MIT
/*
 * A stand-in for src/dxg, linked in its place: it keeps account of what exists on each adapter,
 * counts misuse, and can fail the n-th call.
 */
#ifndef TESTS_FAKE_DXG_H
#define TESTS_FAKE_DXG_H

#include <stdbool.h>
#include <stdint.h>

#include "dxg/dxg.h"

#define FAKE_ADAPTER(i) (0x40000000U + 0x40U * (uint32_t)(i))

void fake_reset(void);
void fake_fail_call(unsigned n, int error); /* the n-th call from now, once */
bool fake_failed(void);			    /* whether that call came */
unsigned fake_calls(void);
void fake_take_time(long ns); /* of each call, so that threads meet in it; below 1 s */
unsigned fake_calls_of(const char *name);
/* Run once, in the next call of that name, before the host sees it. */
void fake_at_call(const char *name, void (*run)(void *arg), void *arg);
void fake_hold_fences(
	bool hold); /* paging and submitted work stays unfinished until a wait is armed or fake_finish() */
void fake_finish(void);
void fake_ignore_waits(bool ignore); /* armed waits do not finish held work either */
void fake_lose(unsigned adapter, enum d3dkmt_deviceexecution_state state);
/* Ends it for all that is on the adapter, which is reset unless that was told already, and lets new devices be made there. */
void fake_revive(unsigned adapter);
void fake_fall_silent(int error); /* what asks the host itself fails so; 0: it answers */
void fake_refuse_form_below(
	uint32_t version_word);		 /* allocations whose version word differs get a zero handle */
void fake_refuse_larger(uint64_t bytes); /* allocations above this get a zero handle; 0: none do */
void fake_local_limit(uint64_t bytes);	 /* residency of VRAM beyond this is -ENOMEM */
void fake_occupy(unsigned adapter, unsigned reservations); /* the next ones are refused as taken */
void fake_page_fault(unsigned adapter, uint64_t va);	   /* loses the adapter */
void fake_budget(uint64_t bytes);	  /* of VRAM on each adapter; 0: the host tells none */
void fake_lock_at(uint64_t address);	  /* the next lock goes there; 0: anywhere */
void fake_misalign_locks(unsigned count); /* the next ones are at no 64 KiB multiple */
void fake_refuse_locks(int error);	  /* 0: none is refused */
void fake_discard_offers(void);		  /* what is offered now loses its contents */
void fake_refuse_contexts_below(uint32_t private_data_size); /* contexts with less get -EINVAL */
void fake_refuse_contexts(uint32_t flags); /* contexts with one of these flags get -EINVAL; ~0: all do */
void fake_refuse_hwqueues(int error);	   /* 0: none is refused */

struct fake_escape {
	d3dkmt_handle device;
	uint32_t flags;
	uint32_t size;
	uint8_t data[256]; /* as it was sent */
};

#define FAKE_NO_ANSWER UINT32_MAX
void fake_answer_escapes(
	uint32_t code); /* what the driver returns in them; FAKE_NO_ANSWER: they come back as they were */
unsigned fake_escapes(struct fake_escape *last); /* how many the driver got */

void fake_progress_starts_at(uint64_t value); /* fences of hardware queues made from now on */
uint32_t fake_hwqueue_flags(d3dkmt_handle hwqueue);

/* What a context was made with; the private data pointer is stale.  False: no such context. */
bool fake_context(d3dkmt_handle context, struct dxg_context_request *request);

struct fake_submission {
	d3dkmt_handle to; /* context or hardware queue */
	uint64_t fence_id;
	uint64_t commands;
	uint32_t length;
	uint32_t private_data_size;
	uint8_t private_data[256];
};

unsigned fake_submissions(struct fake_submission *last); /* how many there were */
void fake_stall(bool stall);				 /* submitted work does not end, paging work does */

/* What queues were last told to wait for; 0 and 0: nothing yet. */
void fake_last_wait(d3dkmt_handle *fence, uint64_t *value);

/* Plays the GPU: called with each submission that was taken, before the call returns, without the fake's lock. */
typedef void (*fake_gpu)(const struct fake_submission *submission, void *arg);
void fake_execute(fake_gpu gpu, void *arg);
unsigned fake_leaks(void); /* objects on adapters that are not lost */
unsigned fake_misuse(void);
bool fake_is_mapped(unsigned adapter, uint64_t va);

/*
 * Memory of the process is pages as a test made them: with any contents, and -ENOMEM where they are missing or may not be
 * written.  In a reservation pages can be mapped over, and taken away in parts.
 */
void fake_user_pages(bool user_pages);
/* What host page is mapped at an address that is mapped, and how. */
bool fake_page_at(unsigned adapter, uint64_t va, const void **page, bool *writable);
/* Whether it was pinned with the right to write: without, what the process writes later may go to another page. */
bool fake_pinned_to_write(unsigned adapter, uint64_t va);

#endif
