// SPDX-License-Identifier: MIT
/* An AMDGPU code object, loaded into memory that GPUs can execute, as runtimes' loaders do.  Failures end the running test. */
#ifndef TESTS_SIM_CODE_OBJECT_H
#define TESTS_SIM_CODE_OBJECT_H

#include "machine.h"

struct code_object {
	char *memory; /* of its first address */
	uint64_t bytes;
	char *symbols; /* "NAME.kd\0" and 8 bytes of address, one after the other */
	size_t symbol_bytes;
};

struct code_object code_object_load(const struct machine *machine, const char *path);
void code_object_unload(struct code_object *object);
/* The address of the kernel's descriptor, which dispatches name. */
uint64_t code_object_kernel(const struct code_object *object, const char *name);

#endif
