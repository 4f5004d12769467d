// SPDX-License-Identifier: MIT
/* Pages of the caller's as a GPU's memory. */
#ifndef MEMORY_USER_BACK_H
#define MEMORY_USER_BACK_H

#include <stdbool.h>
#include <stdint.h>

#include "memory/user_runs.h"

struct backing;
struct buffer;
struct gsp_device;

#define USER_PIN_SIZE (1ULL << 30) /* of one backing at most, so that it is one allocation */

/* The pages wanted, of which one backing holds the first ones. */
struct user_pages {
	unsigned gpu;
	struct gsp_device *device; /* of that GPU */
	uint64_t start;		   /* page multiples */
	uint64_t end;
	uint64_t all_end; /* of all that will be asked for, for one look at the rights */
	uint64_t gpu_va;  /* of `start` */
	bool read_only;
	bool uncached;
};

int user_back(struct buffer *buffer, const struct user_pages *pages, struct user_runs *runs,
	      struct backing **out, bool *read_only);

#endif
