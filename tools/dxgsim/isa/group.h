// SPDX-License-Identifier: MIT
/* How work-groups begin and waves end. */
#ifndef DXGSIM_ISA_GROUP_H
#define DXGSIM_ISA_GROUP_H

#include "dxgsim/isa/wave.h"

/* Registers as the hardware sets them on @target. */
void isa_group_start(struct isa_group *group, enum isa_target target);
/* The wave has reached its end. */
void isa_wave_end(struct isa_wave *wave);

#endif
