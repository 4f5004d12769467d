// SPDX-License-Identifier: MIT
/*
 * Mutation runs: everything that is in a stream is taken out once, and somebody has to miss it.  A table is printed of
 * who did: a rule of the simulator, or somebody who saw something else.
 */
#ifndef TESTS_UNIT_MUTATION_H
#define TESTS_UNIT_MUTATION_H

#include "gpu_watch.h"
#include "pm4/pm4.h"

struct mutation {
	const char *name;
	enum pm4_generation generation;
	/* strict_* are for the runs by rule; the others are without any */
	struct watch watch;
	/* every acquire is one of the system, so that kernels read what was written last */
	bool fresh;
	uint32_t launches;
	/* puts the ranges back to how they were at the start; NULL: nothing is changed in them */
	void (*restore)(void *data);
	void *data;
};

/* Fails the test if the stream does not run as it is, or if a mutant of it survives without a reason. */
void mutation_run(const struct mutation *mutation);
/*
 * How many there were and what became of them; fails the test if a reason to survive is none, and with `all` if one was
 * not needed.
 */
void mutation_end(bool all);

#endif
