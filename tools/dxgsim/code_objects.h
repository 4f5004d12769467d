// SPDX-License-Identifier: MIT
/* The code for GPUs that is in a file: code objects, bundles of them, and programs and libraries with such bundles inside. */
#ifndef DXGSIM_CODE_OBJECTS_H
#define DXGSIM_CODE_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dxgsim/isa/isa.h"

struct code_objects_error {
	char text[160];
};

/* A stretch of code that is decoded from its beginning to its end. */
struct code_objects_code {
	const char *processor; /* "gfx1030" */
	bool simulated;	       /* false: @words is NULL, and once for a code object */
	enum isa_target target;
	bool first;	       /* of its code object */
	bool function;	       /* false: what is between functions, which may be filling */
	uint64_t address;      /* in its code object */
	const uint32_t *words; /* of this machine's byte order */
	size_t count;
};

typedef void code_objects_fn(const struct code_objects_code *code, void *ctx);

/* All code in @bytes, which may be anything.  -EINVAL with the reason in @error, -ENOMEM. */
int code_objects_visit(const void *bytes, size_t size, code_objects_fn *visit, void *ctx,
		       struct code_objects_error *error);

#endif
