// SPDX-License-Identifier: MIT
/* Small macros the language lacks. */
#ifndef UTIL_COMPILER_H
#define UTIL_COMPILER_H

#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a)	    (sizeof(a) / sizeof((a)[0]))
#define ALIGN_UP(x, a)	    (((x) + ((a)-1)) & ~((__typeof__(x))(a)-1))
#define ALIGN_DOWN(x, a)    ((x) & ~((__typeof__(x))(a)-1))
#define IS_ALIGNED(x, a)    (((x) & ((__typeof__(x))(a)-1)) == 0)
#define IS_POWER_OF_TWO(x)  ((x) != 0 && ((x) & ((x)-1)) == 0)
#define MIN(a, b)	    ((a) < (b) ? (a) : (b))
#define MAX(a, b)	    ((a) > (b) ? (a) : (b))
#define PRINTF_LIKE(fmt, n) __attribute__((format(printf, fmt, n)))

/* A pointer as it travels in an ioctl structure. */
static inline uint64_t ptr_to_u64(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static inline void *u64_to_ptr(uint64_t v)
{
	return (void *)(uintptr_t)v;
}

#endif
