// SPDX-License-Identifier: MIT
/* Who executes what: the lists of all files, put together at the first question. */
#include <pthread.h>

#include "dxgsim/isa/wave.h"

static const struct isa_bindings *const lists[] = {
	&isa_bind_flow,
	&isa_bind_hwreg,
	&isa_bind_smem,
	&isa_bind_compare,
	&isa_bind_lanes,
	&isa_bind_move,
	&isa_bind_vopd,
	&isa_bind_salu,
	&isa_bind_salu_bits,
	&isa_bind_salu_float,
	&isa_bind_integer,
	&isa_bind_integer_half,
	&isa_bind_integer_bytes,
	&isa_bind_integer_wide,
	&isa_bind_packed_integer,
	&isa_bind_dot,
	&isa_bind_convert,
	&isa_bind_packed,
	&isa_bind_half,
	&isa_bind_double,
	&isa_bind_transcendental,
	&isa_bind_float,
	&isa_bind_buffer,
	&isa_bind_buffer_format,
	&isa_bind_ds,
	&isa_bind_ds_lanes,
	&isa_bind_flat,
};

static const struct isa_binding *bindings[ISA_OPERATIONS];
static enum isa_operation clash = ISA_OPERATIONS;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void put_together(void)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		for (uint32_t j = 0; j < lists[i]->count; j++) {
			const struct isa_binding *binding = &lists[i]->list[j];

			if (bindings[binding->operation])
				clash = binding->operation;
			bindings[binding->operation] = binding;
		}
	}
}

const struct isa_binding *isa_binding(enum isa_operation operation)
{
	pthread_once(&once, put_together);
	return operation < ISA_OPERATIONS ? bindings[operation] : NULL;
}

enum isa_operation isa_binding_clash(void)
{
	pthread_once(&once, put_together);
	return clash;
}
