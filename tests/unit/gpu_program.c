// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "gpu_program.h"

void program_set(struct program *program, uint32_t offset, uint32_t value)
{
	program->value[offset - 0x200] = value;
	program->written[offset - 0x200] = true;
}

void program_unset(struct program *program, uint32_t offset)
{
	program->written[offset - 0x200] = false;
}

void put_kernel(uint32_t generation, uint64_t va)
{
	*at(va) = generation >= 11 ? 0xbfb00000 : 0xbf810000;
}

void program_begin(struct program *program, uint32_t generation)
{
	memset(program, 0, sizeof(*program));
	program->generation = generation;
	program->dim[0] = 160;
	program->dim[1] = program->dim[2] = 1;
	program->initiator = INITIATOR;
	program_set(program, NUM_THREAD_X, 64);
	program_set(program, NUM_THREAD_X + 1, 1);
	program_set(program, NUM_THREAD_X + 2, 1);
	program_set(program, PGM_LO, LO(CODE >> 8));
	program_set(program, PGM_LO + 1, HI(CODE >> 8));
	program_set(program, RSRC1, generation >= 10 ? 0x40000003 : 0x00000083);
	program_set(program, RSRC2, 2 << 1 | 1 << 7);
	program_set(program, RESOURCE_LIMITS, 0x3ff);
	for (uint32_t i = 0; i < 2; i++) {
		program_set(program, THREAD_MGMT_SE0 + i, ~0U);
		program_set(program, THREAD_MGMT_SE2 + i, ~0U);
	}
	program_set(program, TMPRING_SIZE, 0);
	program_set(program, USER_DATA_0, 1);
	program_set(program, USER_DATA_0 + 1, 2);
	if (generation >= 10)
		program_set(program, RSRC3, 0);
	put_kernel(generation, CODE);
}

void emit(struct program *program, const uint32_t *words, uint32_t count)
{
	if (program->used + count > sizeof(program->words) / 4)
		abort();
	memcpy(program->words + program->used, words, count * sizeof(*words));
	program->used += count;
}

void emit_registers(struct program *program)
{
	for (uint32_t i = 0, end; i < 0x80; i = end) {
		end = i + 1;
		if (!program->written[i])
			continue;
		while (end < 0x80 && program->written[end])
			end++;
		EMIT(program, 0xc0007602 | (end - i) << 16, 0x200 + i);
		emit(program, program->value + i, end - i);
	}
}

void emit_dispatch(struct program *program)
{
	EMIT(program, 0xc0031502, program->dim[0], program->dim[1], program->dim[2], program->initiator);
}

void emit_drain(struct program *program)
{
	EMIT(program, 0xc0004602, 0x407);
}

void emit_acquire(struct program *program)
{
	if (program->generation == 9)
		EMIT(program, 0xc0055802, 0x08c40000, 0xffffffff, 0xff, 0, 0, 4);
	else
		EMIT(program, 0xc0065802, 0, 0xffffffff, 0xff, 0, 0, 4, 0x1c3b0);
}

void emit_write_back(struct program *program)
{
	if (program->generation == 9)
		EMIT(program, 0xc0055802, 0x00040008, 0xffffffff, 0xff, 0, 0, 4);
	else
		EMIT(program, 0xc0065802, 0, 0xffffffff, 0xff, 0, 0, 4, 0x18030);
}

void emit_code_changed(struct program *program)
{
	if (program->generation == 9)
		EMIT(program, 0xc0055802, 0x20800000, 0xffffffff, 0xff, 0, 0, 4);
	else
		EMIT(program, 0xc0065802, 0, 0xffffffff, 0xff, 0, 0, 4, 0x14201);
}

void emit_store(struct program *program, uint64_t va, uint32_t value)
{
	EMIT(program, 0xc0033700, 0x00100500, LO(va), HI(va), value);
}

void emit_add(struct program *program, uint64_t va, int64_t addend)
{
	EMIT(program, 0xc0071e00, 0x2f, LO(va), HI(va), LO((uint64_t)addend), HI((uint64_t)addend), 0, 0, 0);
}

enum gpu_outcome program_run(struct program *program)
{
	enum gpu_outcome outcome = run(program->words, program->used);

	program->used = 0;
	return outcome;
}

enum gpu_outcome dispatch(struct program *program)
{
	emit_registers(program);
	emit_dispatch(program);
	return program_run(program);
}
