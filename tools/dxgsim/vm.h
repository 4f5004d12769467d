// SPDX-License-Identifier: MIT
/* The launcher's part of the simulated VM: the counters that its processes share, and what they must come to. */
#ifndef DXGSIM_VM_H
#define DXGSIM_VM_H

#include <stdio.h>

struct vm;

/* A VM with the adapters of @specs, as DXGSIM_ADAPTERS will have them.  0, or -errno with the reason on stderr. */
int vm_create(const char *specs, struct vm **out);
/* Where the processes of the run find it while the launcher runs (DXGSIM_ARENA). */
const char *vm_path(const struct vm *vm);
/*
 * The command has ended: takes back what killed processes held, reports what is left of processes that are gone as a
 * leak and what others still hold as a note, tells the totals to @status (NULL: nobody), and frees @vm.
 */
void vm_finish(struct vm *vm, FILE *status);

#endif
