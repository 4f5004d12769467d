// SPDX-License-Identifier: MIT
/* What eight queues cost that were used once and are left alone: CPU time of the process, in a second. */
#include <sys/resource.h>
#include <time.h>

#include "dxgbench/options.h"
#include "dxgbench/report.h"
#include "dxgbench/sender.h"

#define QUEUES	  8
#define SETTLE_NS 300000000L

static uint64_t cpu_ns(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage))
		return 0;
	return ((uint64_t)usage.ru_utime.tv_sec + (uint64_t)usage.ru_stime.tv_sec) * 1000000000ULL +
	       ((uint64_t)usage.ru_utime.tv_usec + (uint64_t)usage.ru_stime.tv_usec) * 1000ULL;
}

static void leave_alone(struct row *row, uint64_t seconds)
{
	const struct timespec settle = {.tv_nsec = SETTLE_NS}, pause = {.tv_sec = (time_t)seconds};
	struct measure measure;
	uint64_t before;

	nanosleep(&settle, NULL);
	measure_begin(&measure, row, 1, 1);
	before = cpu_ns();
	nanosleep(&pause, NULL);
	row->median_ns = row->p99_ns = (cpu_ns() - before) / seconds;
	row->timed = true;
	row->done = 1;
	measure_end(&measure);
}

static void idle(struct report *report, struct machine *machine, const struct options *options,
		 struct row *row, bool stores)
{
	struct sender senders[QUEUES];
	bool good = true;
	unsigned open = 0;

	while (open < QUEUES && good && sender_open(&senders[open], report, row, machine)) {
		senders[open].stores = stores;
		good = sender_use(&senders[open]);
		if (!good)
			sender_failed(&senders[open], report, row, machine);
		open++;
	}
	if (open == QUEUES && good)
		leave_alone(row, options->seconds);
	while (open)
		sender_close(&senders[--open]);
}

void queue_idle(struct report *report, struct machine *machine, const struct options *options)
{
	struct row *row = report_row(report, "idle-call", NULL,
				     "CPU time of a second, %u idle queues rung by call", QUEUES);

	idle(report, machine, options, row, false);
	row = report_row(report, "idle-store", "idle-call", "... rung by storing");
	idle(report, machine, options, row, true);
	row = report_row(report, "idle-look", "idle-call", "... rung by storing, without userfaultfd");
	if (!machine_reopen(machine, true))
		report_failed(report, row, "the library does not open again");
	else
		idle(report, machine, options, row, true);
	if (!machine_reopen(machine, false))
		machine->stuck = true;
}
