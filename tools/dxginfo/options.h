// SPDX-License-Identifier: MIT
/* The command line, and the exit statuses of every command. */
#ifndef DXGINFO_OPTIONS_H
#define DXGINFO_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum dxginfo_exit {
	EXIT_GOOD = 0,
	EXIT_BAD = 1, /* probe: a node has no working rung; dump: an adapter was not written; any: no end */
	EXIT_USAGE = 2,
	EXIT_NO_DEVICE = 3, /* no /dev/dxg, or no adapter there to look at */
};

enum command { COMMAND_LIST, COMMAND_DUMP, COMMAND_PROBE };

enum rung_choice {
	RUNGS_ALL,  /* those that are promised, and the software ones */
	RUNGS_AUTO, /* best first, until one works */
	RUNGS_HARDWARE,
	RUNGS_SOFTWARE,
	RUNGS_USER_QUEUE,
};

struct options {
	enum command command;
	bool verbose;
	bool json;
	bool all_bytes;
	const char *adapter; /* index or LUID; NULL: all */
	const char *output;  /* NULL: standard output */
	enum rung_choice rungs;
	uint32_t timeout_s; /* that a step of the probe waits for the GPU */
	FILE *report;	    /* probe: the file of `output`; NULL: there is none */
};

/*
 * Seconds after which whatever hangs is given up: a step waits for the GPU up to three times, and ioctls that the
 * driver retries take their time too.
 */
static inline uint32_t options_patience_s(uint32_t timeout_s)
{
	return 3 * timeout_s + 3;
}

struct machine;

int list_command(struct machine *machine, const struct options *options);
int json_command(struct machine *machine, const struct options *options);
int dump_command(struct machine *machine, const struct options *options);
int probe_begin(struct options *options);
int probe_command(struct machine *machine, const struct options *options);

#endif
