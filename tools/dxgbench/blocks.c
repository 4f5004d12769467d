// SPDX-License-Identifier: MIT
#include "dxgbench/blocks.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "dxgbench/machine.h"
#include "dxgbench/report.h"

static void stopped(struct report *report, struct row *row, const char *call, HSAKMT_STATUS status)
{
	report_failed(report, row, "%s: %s", call, machine_status_name(status));
}

/* Allocated and mapped, or neither: then the row says why. */
static bool take(struct report *report, struct row *row, const struct machine *machine,
		 const struct blocks *blocks, void **address)
{
	HSAKMT_STATUS status = machine_alloc(machine, blocks->size, blocks->flags, address);

	if (status != HSAKMT_STATUS_SUCCESS) {
		stopped(report, row, "allocate", status);
		return false;
	}
	status = machine_map(machine, *address, blocks->size);
	if (status != HSAKMT_STATUS_SUCCESS) {
		stopped(report, row, "map", status);
		hsaKmtFreeMemory(*address, blocks->size);
		return false;
	}
	return true;
}

static bool give(struct report *report, struct row *row, const struct blocks *blocks, void *address)
{
	HSAKMT_STATUS status = hsaKmtFreeMemory(address, blocks->size);

	if (status != HSAKMT_STATUS_SUCCESS)
		stopped(report, row, "free", status);
	return status == HSAKMT_STATUS_SUCCESS;
}

void blocks_in_turn(struct report *report, const struct machine *machine, const struct blocks *blocks,
		    uint64_t count)
{
	struct row *row =
		report_row(report, blocks->name, blocks->beside, "%s: allocate, map, free", blocks->title);
	struct measure measure;

	machine_settle();
	measure_begin(&measure, row, count, 1);
	for (uint64_t i = 0; i < count; i++) {
		void *address;

		measure_start(&measure);
		if (!take(report, row, machine, blocks, &address) || !give(report, row, blocks, address))
			break;
		measure_stop(&measure);
	}
	machine_settle();
	measure_end(&measure);
}

static uint64_t take_all(struct report *report, const struct machine *machine, const struct blocks *blocks,
			 void **held, uint64_t count)
{
	struct row *row =
		report_row(report, blocks->name, blocks->beside, "%s: allocate and map", blocks->title);
	struct measure measure;
	uint64_t taken;

	machine_settle();
	measure_begin(&measure, row, count, 1);
	for (taken = 0; taken < count; taken++) {
		measure_start(&measure);
		if (!take(report, row, machine, blocks, &held[taken]))
			break;
		measure_stop(&measure);
	}
	measure_end(&measure);
	return taken;
}

static void give_all(struct report *report, const struct blocks *blocks, void *const *held, uint64_t count,
		     bool apart)
{
	char name[32], beside[32] = "";
	struct measure measure;
	struct row *row;

	snprintf(name, sizeof(name), "%s-free", blocks->name);
	if (blocks->beside)
		snprintf(beside, sizeof(beside), "%s-free", blocks->beside);
	row = report_row(report, name, beside, "%s: free", blocks->title);
	measure_begin(&measure, row, count, 1);
	for (uint64_t i = 0; i < count; i++) {
		measure_start(&measure);
		if (!give(report, row, blocks, held[i]))
			break;
		measure_stop(&measure);
		if (apart)
			machine_settle();
	}
	machine_settle();
	measure_end(&measure);
}

static void hold(struct report *report, const struct machine *machine, const struct blocks *blocks,
		 uint64_t count, bool apart)
{
	void **held = calloc(count, sizeof(*held));

	if (!held) {
		report_failed(report, report_row(report, blocks->name, blocks->beside, "%s", blocks->title),
			      "no memory for %" PRIu64 " pointers", count);
		return;
	}
	count = take_all(report, machine, blocks, held, count);
	give_all(report, blocks, held, count, apart);
	free(held);
}

void blocks_held(struct report *report, const struct machine *machine, const struct blocks *blocks,
		 uint64_t count)
{
	hold(report, machine, blocks, count, false);
}

void blocks_held_apart(struct report *report, const struct machine *machine, const struct blocks *blocks,
		       uint64_t count)
{
	hold(report, machine, blocks, count, true);
}
