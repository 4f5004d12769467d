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
	uint64_t took = now_ns() - measure->started_ns;
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
	printf("%-64s %9s %9s %9s %9s %9s %6s\n", "calls of the driver", "times", "ioctls", "most", "trips",
	       "most", "waits");
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
		printf(" %6" PRIu64 "%s%s\n", row->total.waits, row->why[0] ? "  " : "", row->why);
	}
}

void report_print(const struct report *report)
{
	print_counts(report);
	printf("\n\"most\" is by one operation, on the caller's path; \"trips\": messages whose answer was "
	       "waited "
	       "for%s;\n\"waits\": for the GPU, on the CPU.\n\n",
	       count_knows_round_trips() ? "" : ", which only dxgsim can see");
	printf("%-64s %12s %12s\n", "time of one operation", "median", "99 %");
	for (unsigned i = 0; i < report->count; i++) {
		const struct row *row = &report->rows[i];

		if (!row->timed)
			continue;
		print_title(row);
		printf(" ");
		print_ns(row->median_ns);
		printf(" ");
		print_ns(row->p99_ns);
		printf("\n");
	}
}
