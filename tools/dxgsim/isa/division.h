// SPDX-License-Identifier: MIT
/*
 * The three steps of division that are not arithmetic alone: scaling, the last multiplication and addition, and what
 * is special.  Sources: AMD, "RDNA 3": V_DIV_SCALE, V_DIV_FMAS and V_DIV_FIXUP; LLVM: SIISelLowering, LowerFDIV32.
 */
#ifndef DXGSIM_ISA_DIVISION_H
#define DXGSIM_ISA_DIVISION_H

#include <stdbool.h>
#include <stdint.h>

/*
 * S0, which is the numerator or the denominator, scaled so that no step in between leaves the range of normal numbers.
 * @post: the quotient is to be scaled by V_DIV_FMAS.
 */
float isa_div_scale_32(float value, float denominator, float numerator, bool *post);
double isa_div_scale_64(double value, double denominator, double numerator, bool *post);

/*
 * a * b + c where the quotient is scaled, rounded once: by 2^64 or 2^128 if only the denominator was scaled, which is
 * when c, the quotient so far, is large; otherwise the numerator was, and it is scaled down.  ("RDNA 3" has a fixed 2^32
 * and 2^64 here, which nothing that V_DIV_SCALE does would need.)  @round: as MODE has it and the host has it, too.
 */
float isa_div_fmas_32(float a, float b, float c);
double isa_div_fmas_64(double a, double b, double c, uint32_t round);

float isa_div_fixup_32(float quotient, float denominator, float numerator);
double isa_div_fixup_64(double quotient, double denominator, double numerator);
uint16_t isa_div_fixup_16(uint16_t quotient, uint16_t denominator, uint16_t numerator);

#endif
