// SPDX-License-Identifier: MIT
/* How often the driver was called, by whatever thread of this process. */
#ifndef DXGBENCH_COUNT_H
#define DXGBENCH_COUNT_H

#include <stdbool.h>
#include <stdint.h>

#define COUNT_NUMBERS 256

struct count {
	uint64_t ioctls;
	uint64_t round_trips;	/* messages whose answer was waited for; 0 unless count_knows_round_trips() */
	uint64_t waits;		/* ioctls that wait for the GPU, or ask to be told when it is that far */
	uint64_t submissions;	/* command buffers */
	uint64_t command_bytes; /* in them */
	uint64_t by_number[COUNT_NUMBERS];
};

void count_read(struct count *now);
/* now - before, member by member. */
struct count count_since(const struct count *before);
uint64_t count_ioctls(void);
uint64_t count_round_trips(void);

/* True under dxgsim, which sees them; an ioctl is at most one round trip, and may be none. */
bool count_knows_round_trips(void);

/* How often the kernel was asked to watch pages by userfaultfd, and did. */
unsigned count_watches(void);

/* "CREATEALLOCATION"; NULL for a number that no ioctl of the calls that are measured has. */
const char *count_name(unsigned number);

#endif
