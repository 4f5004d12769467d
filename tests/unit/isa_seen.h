// SPDX-License-Identifier: MIT
/* Which instructions a test has executed, for isa_vectors_complete.py. */
#ifndef TESTS_UNIT_ISA_SEEN_H
#define TESTS_UNIT_ISA_SEEN_H

#include "dxgsim/isa/inst.h"

/* The environment names a file that their names are to be appended to; tables of rows then may be content with one try. */
bool seen_wanted(void);
/* Straight-line code of @count words that is executed. Nothing without seen_wanted(). */
void seen_program(enum isa_target target, const uint32_t *words, uint32_t count);

#endif
