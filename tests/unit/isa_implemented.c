// SPDX-License-Identifier: MIT
/* Prints what the interpreter executes, for isa_vectors_complete.py: a line for each generation and operation. */
#include <stdio.h>
#include <stdlib.h>

#include "dxgsim/isa/wave.h"

int main(void)
{
	for (uint32_t target = 0; target < ISA_TARGETS; target++) {
		uint32_t count;
		const struct isa_row *rows = isa_rows((enum isa_target)target, &count);

		for (uint32_t i = 0; i < count; i++)
			if (isa_binding(rows[i].operation))
				printf("%s %s\n", isa_target_name((enum isa_target)target),
				       isa_operation_name(rows[i].operation));
	}
	return ferror(stdout) || fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
