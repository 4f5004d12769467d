// SPDX-License-Identifier: MIT
/* What was measured: a row for each operation, with its counts and its times. */
#ifndef DXGBENCH_REPORT_H
#define DXGBENCH_REPORT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dxgbench/count.h"

#define REPORT_MAX_ROWS 64

struct row {
	char name[32];	 /* for programs */
	char beside[32]; /* the row that this one is an alternative to; "": it is none */
	char title[96];
	char why[96];  /* "": measured, else why not or why not in full */
	bool skipped;  /* ... because this machine is too small, which is no failure */
	uint64_t done; /* operations */
	struct count total;
	/* by the costliest operation of them, without what was done for it later */
	uint64_t most_ioctls;
	uint64_t most_round_trips;
	bool timed;
	uint64_t median_ns; /* of one operation */
	uint64_t p99_ns;
	uint64_t
		bound_ns; /* what the library says it takes at most, besides scheduling; 0: nothing is said */
};

struct report {
	struct row rows[REPORT_MAX_ROWS];
	unsigned count;
	bool failed;
};

/* A new row at the end; the titles' table has room for 64 characters. */
__attribute__((format(printf, 4, 5))) struct row *report_row(struct report *report, const char *name,
							     const char *beside, const char *title, ...);
/* The row was not measured, or not as often as wanted; it says why. */
__attribute__((format(printf, 3, 4))) void report_failed(struct report *report, struct row *row,
							 const char *why, ...);
__attribute__((format(printf, 2, 3))) void report_skipped(struct row *row, const char *why, ...);

/* One row's measurement.  The samples belong to it until measure_end(). */
struct measure {
	struct row *row;
	struct count before;
	uint64_t *samples;
	size_t room;
	size_t count;
	uint64_t per_sample; /* operations between start and stop */
	uint64_t started_ns, ioctls, round_trips;
};

/* room: how many samples are wanted.  Without memory for them there are counts but no times. */
void measure_begin(struct measure *measure, struct row *row, size_t room, uint64_t per_sample);
void measure_start(struct measure *measure);
void measure_stop(struct measure *measure);
/* It was over at a time that somebody else took. */
void measure_stopped_at(struct measure *measure, uint64_t ns);
/* From here on what the driver is asked is of the next row. */
void measure_end(struct measure *measure);

/* Fills the times of a row from samples in any order, each of per_sample operations. */
void report_times(struct row *row, uint64_t *samples, size_t count, uint64_t per_sample);

uint64_t now_ns(void);

void report_print(const struct report *report);

struct machine;
/* 0, or -ENOMEM, or -EIO when standard output takes nothing. */
int report_print_json(const struct report *report, const struct machine *machine);

#endif
