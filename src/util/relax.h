// SPDX-License-Identifier: MIT
#ifndef UTIL_RELAX_H
#define UTIL_RELAX_H

/* For the body of a loop that reads until something changed: the processor's other thread has more of it. */
static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

#endif
