// SPDX-License-Identifier: MIT
#include "dxgbench/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct row *report_row(struct report *report, const char *name, const char *beside, const char *title, ...)
{
	/* more rows than there are would be a mistake in this program; the last one is overwritten then */
	struct row *row =
		&report->rows[report->count < REPORT_MAX_ROWS ? report->count++ : REPORT_MAX_ROWS - 1];
	va_list list;

	memset(row, 0, sizeof(*row));
	snprintf(row->name, sizeof(row->name), "%s", name);
	snprintf(row->beside, sizeof(row->beside), "%s", beside ? beside : "");
	va_start(list, title);
	vsnprintf(row->title, sizeof(row->title), title, list);
	va_end(list);
	return row;
}

void report_failed(struct report *report, struct row *row, const char *why, ...)
{
	va_list list;

	va_start(list, why);
	vsnprintf(row->why, sizeof(row->why), why, list);
	va_end(list);
	report->failed = true;
}

void report_skipped(struct row *row, const char *why, ...)
{
	va_list list;

	va_start(list, why);
	vsnprintf(row->why, sizeof(row->why), why, list);
	va_end(list);
	row->skipped = true;
}

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void measure_begin(struct measure *measure, struct row *row, size_t room, uint64_t per_sample)
{
	*measure = (struct measure){.row = row, .per_sample = per_sample};
	measure->samples = malloc(room * sizeof(*measure->samples));
	measure->room = measure->samples ? room : 0;
	count_read(&measure->before);
}

void measure_start(struct measure *measure)
{
	measure->ioctls = count_ioctls();
	measure->round_trips = count_round_trips();
	measure->started_ns = now_ns();
}

void measure_stop(struct measure *measure)
{
	measure_stopped_at(measure, now_ns());
}

void measure_stopped_at(struct measure *measure, uint64_t ns)
{
	uint64_t took = ns > measure->started_ns ? ns - measure->started_ns : 0;
	uint64_t ioctls = count_ioctls() - measure->ioctls;
	uint64_t round_trips = count_round_trips() - measure->round_trips;
	struct row *row = measure->row;

	if (measure->count < measure->room)
		measure->samples[measure->count++] = took;
	row->done += measure->per_sample;
	row->most_ioctls = ioctls > row->most_ioctls ? ioctls : row->most_ioctls;
	row->most_round_trips = round_trips > row->most_round_trips ? round_trips : row->most_round_trips;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

void report_times(struct row *row, uint64_t *samples, size_t count, uint64_t per_sample)
{
	if (!count)
		return;
	qsort(samples, count, sizeof(*samples), compare);
	row->median_ns = samples[count / 2] / per_sample;
	/* the smallest that 99 of 100 do not exceed */
	row->p99_ns = samples[(count * 99 + 99) / 100 - 1] / per_sample;
	row->timed = true;
}

void measure_end(struct measure *measure)
{
	measure->row->total = count_since(&measure->before);
	report_times(measure->row, measure->samples, measure->count, measure->per_sample);
	free(measure->samples);
	measure->samples = NULL;
}

static void print_ns(uint64_t ns)
{
	if (ns < 10000)
		printf("%9" PRIu64 " ns", ns);
	else if (ns < 10000000)
		printf("%9.1f us", (double)ns / 1e3);
	else
		printf("%9.1f ms", (double)ns / 1e6);
}

/* An alternative stands below what it is one to. */
static int indent(const struct row *row)
{
	return row->beside[0] ? 2 : 0;
}

static void print_title(const struct row *row)
{
	printf("%*s%-*s", indent(row), "", 64 - indent(row), row->title);
}

static void print_counts(const struct report *report)
{
	printf("%-64s %9s %9s %9s %9s %9s %6s %9s %9s\n", "calls of the driver", "times", "ioctls", "most",
	       "trips", "most", "waits", "submits", "bytes");
	for (unsigned i = 0; i < report->count; i++) {
		const struct row *row = &report->rows[i];

		print_title(row);
		if (!row->done) {
			printf(" not measured: %s\n", row->why);
			continue;
		}
		printf(" %9" PRIu64 " %9" PRIu64 " %9" PRIu64, row->done, row->total.ioctls,
		       row->most_ioctls);
		if (count_knows_round_trips())
			printf(" %9" PRIu64 " %9" PRIu64, row->total.round_trips, row->most_round_trips);
		else
			printf(" %9s %9s", "?", "?");
		printf(" %6" PRIu64 " %9" PRIu64 " %9" PRIu64 "%s%s\n", row->total.waits,
		       row->total.submissions, row->total.command_bytes, row->why[0] ? "  " : "", row->why);
	}
}

/* Of rows that sent commands: what one operation of them took. */
static void print_each(const struct report *report)
{
	bool any = false;

	for (unsigned i = 0; i < report->count; i++) {
		const struct row *row = &report->rows[i];
		double done = (double)row->done;

		if (!row->done || !row->total.submissions)
			continue;
		if (!any)
			printf("%-64s %12s %12s %12s\n", "for one operation", "ioctls", "submits", "bytes");
		any = true;
		print_title(row);
		printf(" %12.3f %12.3f %12.1f\n", (double)row->total.ioctls / done,
		       (double)row->total.submissions / done, (double)row->total.command_bytes / done);
	}
	if (any)
		printf("\n");
}

static void print_times(const struct report *report)
{
	bool bounds = false;

	printf("%-64s %12s %12s %12s\n", "time of one operation", "median", "99 %", "per second");
	for (unsigned i = 0; i < report->count; i++) {
		const struct row *row = &report->rows[i];

		if (!row->timed)
			continue;
		print_title(row);
		printf(" ");
		print_ns(row->median_ns);
		printf(" ");
		print_ns(row->p99_ns);
		if (row->done > 1 && row->median_ns)
			printf(" %12.0f", 1e9 / (double)row->median_ns);
		if (row->bound_ns)
			printf("  bound: %g ms", (double)row->bound_ns / 1e6);
		bounds |= row->bound_ns != 0;
		printf("\n");
	}
	if (bounds)
		printf("\n\"bound\": how late the library sees a store to a doorbell at most, besides what "
		       "the "
		       "scheduler takes\nto run its thread.\n");
}

void report_print(const struct report *report)
{
	print_counts(report);
	printf("\n\"most\" is by one operation, on the caller's path; \"trips\": messages whose answer was "
	       "waited "
	       "for%s;\n\"waits\": for the GPU, on the CPU; \"bytes\": of commands in all submissions.\n\n",
	       count_knows_round_trips() ? "" : ", which only dxgsim can see");
	print_each(report);
	print_times(report);
}
