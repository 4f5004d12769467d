// SPDX-License-Identifier: MIT
/* A machine around the shader processors that is nothing but plain memory and a clock, for tests of whole groups. */
#ifndef TESTS_UNIT_ISA_MACHINE_H
#define TESTS_UNIT_ISA_MACHINE_H

#include "dxgsim/isa/wave.h"

#define ISA_MACHINE_CODE  0x7f0000010000U /* programs */
#define ISA_MACHINE_DATA  0x7f0000020000U
#define ISA_MACHINE_BYTES 0x10000U /* of each; what lies around them is not mapped */

struct isa_machine {
	struct isa_unit unit;
	enum isa_target target;
	uint8_t code[ISA_MACHINE_BYTES], data[ISA_MACHINE_BYTES];
	uint32_t code_bytes; /* of the program */
	uint64_t clock;	     /* goes up whenever somebody looks */
	uint32_t code_reads; /* words */
	uint32_t cache_actions;
	enum isa_path path; /* of the last access */
	enum isa_scope scope;
};

/* One at a time. */
extern struct isa_machine isa_machine;

void isa_machine_start(enum isa_target target);
void isa_machine_stop(void);

/*
 * Assembles @text for the target and puts it at ISA_MACHINE_CODE; what is behind it is not mapped.  Where there is no
 * assembler the test is skipped.
 */
void isa_machine_program(const char *text, uint32_t wave_size);
/* Words as they are. */
void isa_machine_words(const uint32_t *words, uint32_t count);

/* A launch of that program: 32 VGPRs, no LDS, MODE as compilers have it, work-group ids in SGPRs (gfx12: not). */
struct isa_launch isa_machine_launch(uint32_t wave_size);

/* A group of @items in one dimension, and what has become of it after at most a million instructions. */
struct isa_group *isa_machine_group(const struct isa_launch *launch, uint32_t items);
enum isa_outcome isa_machine_run(struct isa_group *group);

#endif
