// SPDX-License-Identifier: MIT
/* The tables of instructions: by number, and all of a generation in order. */
#include <pthread.h>
#include <stdlib.h>

#include "dxgsim/isa/inst.h"

#define X(format, opcode, operation, name) {ISA_FORMAT_##format, opcode, ISA_##operation, name},
static struct isa_row gfx10_rows[] = {
#include "dxgsim/isa/tables/gfx10.def"
};
static struct isa_row gfx11_rows[] = {
#include "dxgsim/isa/tables/gfx11.def"
};
static struct isa_row gfx11_5_rows[] = {
#include "dxgsim/isa/tables/gfx11.def"
#include "dxgsim/isa/tables/gfx11_5.def"
};
static struct isa_row gfx12_rows[] = {
#include "dxgsim/isa/tables/gfx12.def"
};
#undef X

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const struct {
	struct isa_row *rows;
	uint32_t count;
} tables[ISA_TARGETS] = {
	[ISA_GFX10_3] = {gfx10_rows, COUNT(gfx10_rows)},
	[ISA_GFX11] = {gfx11_rows, COUNT(gfx11_rows)},
	[ISA_GFX11_5] = {gfx11_5_rows, COUNT(gfx11_5_rows)},
	[ISA_GFX12] = {gfx12_rows, COUNT(gfx12_rows)},
};

static const char *const operation_names[ISA_OPERATIONS] = {
#define X(operation) [ISA_##operation] = #operation,
#include "dxgsim/isa/tables/operations.def"
#undef X
};

/* Opcodes of VOP3 have ten bits, all others at most eight. */
#define OPCODES	     256U
#define VOP3_OPCODES 1024U

struct index {
	uint16_t vop3[VOP3_OPCODES]; /* 1 + the number of the row; 0: there is none */
	uint16_t others[ISA_FORMATS][OPCODES];
};

static struct index indices[ISA_TARGETS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int in_order(const void *left, const void *right)
{
	const struct isa_row *a = left, *b = right;

	return a->format != b->format ? (int)a->format - (int)b->format : (int)a->opcode - (int)b->opcode;
}

static uint16_t *entry(enum isa_target target, enum isa_format format, uint32_t opcode)
{
	if (format == ISA_FORMAT_VOP3)
		return opcode < VOP3_OPCODES ? &indices[target].vop3[opcode] : NULL;
	return opcode < OPCODES ? &indices[target].others[format][opcode] : NULL;
}

static void prepare(void)
{
	for (uint32_t target = 0; target < ISA_TARGETS; target++) {
		struct isa_row *rows = tables[target].rows;

		qsort(rows, tables[target].count, sizeof(*rows), in_order);
		for (uint32_t i = 0; i < tables[target].count; i++) {
			uint16_t *number = entry(target, rows[i].format, rows[i].opcode);

			if (!number || *number)
				abort(); /* a row beyond its format, or two for one opcode */
			*number = (uint16_t)(i + 1);
		}
	}
}

const struct isa_row *isa_row(enum isa_target target, enum isa_format format, uint32_t opcode)
{
	const uint16_t *number;

	pthread_once(&once, prepare);
	number = entry(target, format, opcode);
	return number && *number ? &tables[target].rows[*number - 1] : NULL;
}

const struct isa_row *isa_rows(enum isa_target target, uint32_t *count)
{
	pthread_once(&once, prepare);
	*count = tables[target].count;
	return tables[target].rows;
}

const char *isa_operation_name(enum isa_operation operation)
{
	return operation_names[operation];
}

/* Source of the numbers there are: LLVM AMDGPU usage, "Processors". */
bool isa_target_of(uint32_t major, uint32_t minor, uint32_t stepping, enum isa_target *target)
{
	static const struct {
		uint32_t major, minor, last_stepping;
		enum isa_target target;
	} generations[] = {
		{10, 3, 6, ISA_GFX10_3},
		{11, 0, 3, ISA_GFX11},
		{11, 5, 3, ISA_GFX11_5},
		{12, 0, 1, ISA_GFX12},
	};

	for (size_t i = 0; i < COUNT(generations); i++) {
		if (generations[i].major != major || generations[i].minor != minor ||
		    stepping > generations[i].last_stepping)
			continue;
		*target = generations[i].target;
		return true;
	}
	return false;
}

const char *isa_target_name(enum isa_target target)
{
	static const char *const names[ISA_TARGETS] = {"gfx10.3", "gfx11", "gfx11.5", "gfx12"};

	return names[target];
}
