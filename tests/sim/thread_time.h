// SPDX-License-Identifier: MIT
/* What the library's own threads have used of the processor: theirs are told from others by their names. */
#ifndef TESTS_SIM_THREAD_TIME_H
#define TESTS_SIM_THREAD_TIME_H

#include <stdint.h>

struct thread_time {
	unsigned threads;
	uint64_t ns;	 /* on a processor */
	uint64_t sleeps; /* how often they gave it up by themselves */
};

/* Of the threads of this process whose names begin with `prefix`, since they were made. */
struct thread_time thread_time(const char *prefix);

#endif
