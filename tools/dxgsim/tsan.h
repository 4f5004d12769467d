// SPDX-License-Identifier: MIT
/*
 * What ThreadSanitizer has to be told.  It knows memory by its address: who stores a fence at one mapping of a page and
 * who sees it at another have nothing to do with each other, and all that the one did before and the other does then
 * looks like a race.
 */
#ifndef DXGSIM_TSAN_H
#define DXGSIM_TSAN_H

#if defined(__SANITIZE_THREAD__)
#define TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TSAN 1
#endif
#endif
#ifndef TSAN
#define TSAN 0
#endif

#if TSAN
#include <sanitizer/tsan_interface.h>
#endif

/* Whoever loads from @address with acquire after this comes behind the caller. */
static inline void tsan_release(void *address)
{
#if TSAN
	__tsan_release(address);
#else
	(void)address;
#endif
}

#endif
