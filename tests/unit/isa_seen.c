// SPDX-License-Identifier: MIT
#include "isa_seen.h"

#include <stdio.h>
#include <stdlib.h>

static bool seen[ISA_TARGETS][ISA_OPERATIONS];

bool seen_wanted(void)
{
	return getenv("ISA_VECTORS_SEEN") != NULL;
}

/* Several tests may write at once: it is one line after the other all the same. */
static void write_names(void)
{
	FILE *file = fopen(getenv("ISA_VECTORS_SEEN"), "a");

	if (!file)
		abort();
	for (uint32_t target = 0; target < ISA_TARGETS; target++)
		for (uint32_t i = 0; i < ISA_OPERATIONS; i++)
			if (seen[target][i] &&
			    fprintf(file, "%s %s\n", isa_target_name((enum isa_target)target),
				    isa_operation_name((enum isa_operation)i)) < 0)
				abort();
	if (fclose(file))
		abort();
}

void seen_program(enum isa_target target, const uint32_t *words, uint32_t count)
{
	static bool registered;
	struct isa_inst inst;

	if (!seen_wanted())
		return;
	if (!registered && atexit(write_names))
		abort();
	registered = true;
	for (uint32_t at = 0; at < count; at += inst.length) {
		if (isa_decode(target, words + at, count - at, &inst))
			return;
		seen[target][inst.row->operation] = true;
		if (inst.y_row)
			seen[target][inst.y_row->operation] = true;
	}
}
