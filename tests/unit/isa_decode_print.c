// SPDX-License-Identifier: MIT
/*
 * Decodes what standard input has, for isa_decode.py: lines of a generation and words in hexadecimal.  Prints a line for
 * each: length, name and fields, or "0".
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dxgsim/isa/inst.h"

static enum isa_target target_of(const char *name)
{
	for (uint32_t target = 0; target < ISA_TARGETS; target++) {
		if (!strcmp(name, isa_target_name(target)))
			return target;
	}
	fprintf(stderr, "no generation: %s\n", name);
	exit(EXIT_FAILURE);
}

static void print(enum isa_target target, const struct isa_inst *inst)
{
	const struct isa_memory_operands *memory = &inst->memory;
	char name[96];

	isa_inst_name(target, inst, name, sizeof(name));
	printf("%u|%s|format=%u opcode=%u variant=%u dst=%u sdst=%u s0=%u s1=%u s2=%u literal=%u simm=%d",
	       inst->length, name, inst->row->format, inst->row->opcode, inst->variant, inst->dst, inst->sdst,
	       inst->src[0], inst->src[1], inst->src[2], inst->literal, inst->simm);
	printf(" neg=%u abs=%u opsel=%u opsel_hi=%u neg_hi=%u omod=%u clamp=%u", inst->neg, inst->abs,
	       inst->opsel, inst->opsel_hi, inst->neg_hi, inst->omod, inst->clamp);
	printf(" dpp_ctrl=%u dpp8=%u row_mask=%u bank_mask=%u bound_ctrl=%u fi=%u", inst->dpp_ctrl,
	       inst->dpp8, inst->row_mask, inst->bank_mask, inst->bound_ctrl, inst->fetch_inactive);
	printf(" dst_sel=%u dst_unused=%u sel0=%u sel1=%u sext=%u", inst->dst_sel, inst->dst_unused,
	       inst->src_sel[0], inst->src_sel[1], inst->sext);
	printf(" addr=%u data=%u data2=%u saddr=%u soffset=%u rsrc=%u offset=%d fmt=%u has_addr=%u offen=%u "
	       "idxen=%u",
	       memory->addr, memory->data, memory->data2, memory->saddr, memory->soffset, memory->rsrc,
	       memory->offset, memory->format, memory->has_addr, memory->offen, memory->idxen);
	printf(" glc=%u slc=%u dlc=%u tfe=%u lds=%u gds=%u th=%u scope=%u", memory->glc, memory->slc,
	       memory->dlc, memory->tfe, memory->lds, memory->gds, memory->th, memory->scope);
	printf(" y_opcode=%d y_dst=%u y0=%u y1=%u y2=%u\n", inst->y_row ? inst->y_row->opcode : -1,
	       inst->y_dst, inst->y_src[0], inst->y_src[1], inst->y_src[2]);
}

int main(void)
{
	char line[256];

	while (fgets(line, sizeof(line), stdin)) {
		uint32_t words[ISA_INST_WORDS], count = 0;
		char *rest = line, *text = strsep(&rest, " \n");
		enum isa_target target = target_of(text);
		struct isa_inst inst;
		int error;

		while (count < ISA_INST_WORDS && (text = strsep(&rest, " \n"))) {
			if (*text)
				words[count++] = (uint32_t)strtoul(text, NULL, 16);
		}
		error = isa_decode(target, words, count, &inst);
		if (error == -EILSEQ)
			puts("0");
		else if (error)
			puts("more words");
		else
			print(target, &inst);
	}
	return 0;
}
