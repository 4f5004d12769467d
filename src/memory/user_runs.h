// SPDX-License-Identifier: MIT
/* What the kernel says of the caller's pages: which are there, and which may be written. */
#ifndef MEMORY_USER_RUNS_H
#define MEMORY_USER_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Pages with the same rights. */
struct user_run {
	uint64_t start;
	uint64_t end;
	bool writable;
};

struct user_runs {
	bool known;
	size_t count;
	struct user_run *runs; /* by address, without gaps */
};

int user_runs_read(struct user_runs *runs, uint64_t start, uint64_t end);
const struct user_run *user_run_at(const struct user_runs *runs, uint64_t address);
void user_runs_free(struct user_runs *runs);

#endif
