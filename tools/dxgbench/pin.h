// SPDX-License-Identifier: MIT
/* Memory of the program itself on the GPU, and off it again. */
#ifndef DXGBENCH_PIN_H
#define DXGBENCH_PIN_H

#include <stdbool.h>
#include <stdint.h>

struct machine;
struct report;
struct row;

/* Registered and mapped, or neither: then the row says why. */
bool pin(struct report *report, struct row *row, const struct machine *machine, void *address, uint64_t size);
/* Unmapped and deregistered; false with the reason in the row. */
bool unpin(struct report *report, struct row *row, void *address);

#endif
