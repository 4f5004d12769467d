// SPDX-License-Identifier: MIT
/* Which instructions code needs, and which of them the simulated shader processors execute. */
#ifndef DXGSIM_COVERAGE_H
#define DXGSIM_COVERAGE_H

#include <stdbool.h>
#include <stdio.h>

#include "dxgsim/code_objects.h"

struct coverage;

/* NULL: no memory. */
struct coverage *coverage_create(void);
void coverage_destroy(struct coverage *coverage);
/* Counts the instructions of all code in @bytes.  What code_objects_visit() returns. */
int coverage_add(struct coverage *coverage, const void *bytes, size_t size, struct code_objects_error *error);
/* A table for each processor that there was code for.  False: something is missing, or no processor is simulated. */
bool coverage_print(const struct coverage *coverage, FILE *out);
/* A table for each generation: how many instructions of each format there are, and how many are executed. */
void coverage_print_generations(FILE *out);

#endif
