// SPDX-License-Identifier: MIT
/* The command line, and the exit statuses. */
#ifndef DXGBENCH_OPTIONS_H
#define DXGBENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum dxgbench_exit {
	EXIT_GOOD = 0,
	EXIT_BAD = 1, /* something was not measured that could have been */
	EXIT_USAGE = 2,
	EXIT_NO_DEVICE = 3, /* no /dev/dxg, or no GPU there that the library offers */
};

struct options {
	bool json;
	int64_t node;	  /* HSA node of the GPU; -1: the first one */
	uint64_t count;	  /* small blocks */
	uint64_t repeat;  /* of what takes longer */
	uint64_t objects; /* that pointers are looked up among */
	uint64_t threads; /* that look pointers up at the same time */
	uint64_t seconds; /* that queues are left alone */
};

struct report;
struct machine;

/* Each adds rows to the report; what cannot be measured becomes a row that says why. */
void memory_blocks(struct report *report, struct machine *machine, const struct options *options);
void memory_large(struct report *report, struct machine *machine, const struct options *options);
void memory_pins(struct report *report, struct machine *machine, const struct options *options);
void queue_rings(struct report *report, struct machine *machine, const struct options *options);
void queue_chains(struct report *report, struct machine *machine, const struct options *options);
void queue_waits(struct report *report, struct machine *machine, const struct options *options);
void queue_idle(struct report *report, struct machine *machine, const struct options *options);
void memory_lookups(struct report *report, struct machine *machine, const struct options *options);

#endif
