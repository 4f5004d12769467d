// SPDX-License-Identifier: MIT
/* What a runtime does with the thunk, for the tests that run it whole. */
#ifndef TESTS_SIM_SCENARIO_H
#define TESTS_SIM_SCENARIO_H

#include <stdbool.h>

#include <hsakmt/hsakmt.h>

/* What a run got to; every member is valid after any run. */
struct scenario_result {
	HSAKMT_STATUS status;  /* SUCCESS, or of the first call that failed */
	const char *step;      /* the name of that call */
	HSAKMT_STATUS cleanup; /* SUCCESS, or of the first clean-up call that failed */
	const char *cleanup_step;
	const char *wrong;	 /* what no failure excuses, or NULL */
	const char *unless_lost; /* ... but the loss of a GPU */
	unsigned cpu_nodes;
	unsigned gpu_nodes;
};

void scenario_topology(struct scenario_result *result);
void scenario_hsa_init(struct scenario_result *result);
/* memory_scenario.c */
void scenario_memory(struct scenario_result *result);
const char *scenario_status_name(HSAKMT_STATUS status);

#endif
