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
unsigned fake_calls_of(const char *name);
void fake_hold_fences(bool hold); /* paging work stays unfinished until a wait is armed or fake_finish() */
void fake_finish(void);
void fake_ignore_waits(bool ignore); /* armed waits do not finish held work either */
void fake_lose(unsigned adapter, enum d3dkmt_deviceexecution_state state);
void fake_refuse_form_below(
	uint32_t version_word);		 /* allocations whose version word differs get a zero handle */
void fake_refuse_larger(uint64_t bytes); /* allocations above this get a zero handle; 0: none do */
void fake_local_limit(uint64_t bytes);	 /* residency of VRAM beyond this is -ENOMEM */
void fake_occupy(unsigned adapter, unsigned reservations); /* the next ones are refused as taken */
unsigned fake_leaks(void);				   /* objects on adapters that are not lost */
unsigned fake_misuse(void);
bool fake_is_mapped(unsigned adapter, uint64_t va);

#endif
