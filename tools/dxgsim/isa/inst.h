// SPDX-License-Identifier: MIT
/* Instructions: what they are called, and what one is after it was decoded. */
#ifndef DXGSIM_ISA_INST_H
#define DXGSIM_ISA_INST_H

#include "dxgsim/isa/isa.h"

/* Every operation of any generation: ISA_V_ADD_F32. */
enum isa_operation {
#define X(operation) ISA_##operation,
#include "dxgsim/isa/tables/operations.def"
#undef X
	ISA_OPERATIONS
};

enum isa_format {
	ISA_FORMAT_SOP1,
	ISA_FORMAT_SOP2,
	ISA_FORMAT_SOPK,
	ISA_FORMAT_SOPC,
	ISA_FORMAT_SOPP,
	ISA_FORMAT_SMEM,
	ISA_FORMAT_VOP1,
	ISA_FORMAT_VOP2,
	ISA_FORMAT_VOPC,
	ISA_FORMAT_VOP3,
	ISA_FORMAT_VOP3P,
	ISA_FORMAT_VOPD,
	ISA_FORMAT_VINTRP,
	ISA_FORMAT_VINTERP,
	ISA_FORMAT_LDSDIR,
	ISA_FORMAT_DS,
	ISA_FORMAT_FLAT,
	ISA_FORMAT_GLOBAL,
	ISA_FORMAT_SCRATCH,
	ISA_FORMAT_BUFFER,  /* MUBUF, gfx12: VBUFFER */
	ISA_FORMAT_TBUFFER, /* MTBUF */
	ISA_FORMAT_IMAGE,   /* MIMG, gfx12: VIMAGE */
	ISA_FORMAT_SAMPLE,  /* gfx12: VSAMPLE */
	ISA_FORMAT_EXP,
	ISA_FORMATS
};

/* A line of a generation's table. */
struct isa_row {
	enum isa_format format;
	uint16_t opcode;
	enum isa_operation operation;
	const char *name; /* as assemblers of the generation call it, without suffix */
};

/* NULL: there is none. */
const struct isa_row *isa_row(enum isa_target target, enum isa_format format, uint32_t opcode);
/* All rows of a generation, in order of format and opcode. */
const struct isa_row *isa_rows(enum isa_target target, uint32_t *count);
const char *isa_operation_name(enum isa_operation operation);

/* How a vector ALU instruction is written. */
enum isa_variant {
	ISA_E32, /* 32 bits and perhaps a literal; also all that are no vector ALU instructions */
	ISA_E64, /* VOP3, VOP3P */
	ISA_DPP16,
	ISA_DPP8,
	ISA_SDWA,
	ISA_E64_DPP16,
	ISA_E64_DPP8,
};

/*
 * Scalar operands and sources by their encoding, the same on all generations but for M0 and NULL, which the decoder
 * gives their gfx11 numbers.
 */
#define ISA_VCC_LO	  106U
#define ISA_VCC_HI	  107U
#define ISA_TTMP	  108U
#define ISA_NULL	  124U
#define ISA_M0		  125U
#define ISA_EXEC_LO	  126U
#define ISA_EXEC_HI	  127U
#define ISA_ZERO	  128U /* 128 to 192: 0 to 64; 193 to 208: -1 to -16 */
#define ISA_SHARED_BASE	  235U
#define ISA_SHARED_LIMIT  236U
#define ISA_PRIVATE_BASE  237U
#define ISA_PRIVATE_LIMIT 238U
#define ISA_HALF	  240U /* 240 to 248: 0.5 -0.5 1 -1 2 -2 4 -4 1/(2 pi) */
#define ISA_VCCZ	  251U
#define ISA_EXECZ	  252U
#define ISA_SCC		  253U
#define ISA_LITERAL	  255U
#define ISA_VGPR	  256U /* 256 to 511 */

#define ISA_INST_WORDS 6U

/* A source of a vector ALU instruction: what can be said of it once and for all (isa_valu_prepare()). */
struct isa_valu_source {
	uint8_t type;	  /* enum isa_type; ISA_NONE: there is none */
	bool scalar;	  /* one value for all lanes */
	bool in_place;	  /* the register as it is */
	bool half;	  /* a float that is read from a half: v_fma_mix */
	uint8_t select;	  /* SDWA: a part of it; 6: all */
	bool extend;	  /* SDWA: sign-extended */
	bool permuted;	  /* DPP: lanes get those of others */
	uint8_t shift;	  /* to the (lower) half */
	uint8_t shift_hi; /* packed: to what is to be the upper half */
	uint16_t number;  /* a VGPR, or encoding of a scalar source */
	uint32_t keep,
		flip; /* and, then exclusive or: absolute value and negation; of 64 bits: of the upper word */
};

/* A vector ALU operation, likewise. */
struct isa_valu_plan {
	const struct isa_binding *binding; /* NULL: not prepared */
	struct isa_valu_source source[3];
	/* MODE & mask == plain: the host's arithmetic is right as it is */
	uint32_t mode_mask, mode_plain;
	uint16_t dst;
	uint16_t mask_in, mask_out; /* scalar operands */
	uint8_t result;		    /* enum isa_type */
	uint8_t shift;		    /* of a 16-bit result: to its half */
	bool direct; /* all of the result is what the operation makes it, and no source is the same register */
	bool finished;	/* it has an output modifier or is clamped */
	bool whole;	/* 16 bits: the upper half is written, too */
	bool scattered; /* SDWA: into a part of the register */
	bool round_64;
	bool illegal;
};

/* Memory instructions. */
struct isa_memory_operands {
	uint16_t addr;	/* VGPR: address, or offset beside saddr; DS: address */
	uint16_t data;	/* VGPR: what is stored, or operand of an atomic; DS: data0 */
	uint16_t data2; /* VGPR: DS: data1 */
	uint16_t
		saddr; /* scalar: ISA_NULL: none; scratch and global: base; SMEM: base, the even register itself */
	uint16_t soffset; /* scalar source, SMEM and buffers; ISA_NULL: none */
	uint16_t rsrc;	  /* scalar: first of the four of a buffer resource */
	int32_t offset; /* immediate, sign-extended; DS: 16 bits, or both of 8 as they are in the instruction */
	uint8_t format; /* TBUFFER */
	bool has_addr;	/* scratch: addr is used (gfx12: VE, others: SVE or no saddr) */
	bool offen, idxen;
	bool glc, slc, dlc, tfe, lds, gds;
	uint8_t th, scope; /* gfx12 */
};

/*
 * Decoded.  Fields that its format does not have are 0.
 *
 * src[]: scalar sources and, from ISA_VGPR on, VGPRs, in the order of the ISA documents' S0, S1, S2.  VOP2's second source
 * is VGPR + ISA_VGPR as well.  V_FMAMK/V_FMAAK and the like have ISA_LITERAL at the place of their constant (S1 and S2).
 */
struct isa_inst {
	const struct isa_row *row;	   /* NULL: not an instruction */
	const struct isa_binding *binding; /* NULL: not implemented */
	uint32_t words[ISA_INST_WORDS];
	uint8_t length; /* words, at least 1 */
	enum isa_variant variant;
	uint16_t dst;  /* number of a VGPR, or encoding of a scalar register, as the operation has it */
	uint16_t sdst; /* VOP3 with scalar result: carry out, compare; VOPC e32: ISA_VCC_LO */
	uint16_t src[3];
	uint32_t literal;
	int32_t simm; /* SOPK, SOPP: 16 bits, sign-extended */
	/* VOP3 and VOP3P; a bit per source, of opsel bit 3 is the result's */
	uint8_t neg, abs, opsel, opsel_hi, neg_hi;
	uint8_t omod;
	bool clamp;
	/* DPP */
	uint16_t dpp_ctrl;
	uint32_t dpp8;
	uint8_t row_mask, bank_mask;
	bool bound_ctrl, fetch_inactive;
	/* SDWA */
	uint8_t dst_sel, dst_unused, src_sel[2];
	uint8_t sext; /* a bit per source */
	struct isa_memory_operands memory;
	/* VOPD: the second half.  row, binding, dst and src of the instruction itself are of the first */
	const struct isa_row *y_row;
	const struct isa_binding *y_binding;
	uint16_t y_dst;
	uint16_t y_src[3];
	/* filled by isa_valu_prepare(); y_plan: VOPD */
	struct isa_valu_plan plan, y_plan;
};

/*
 * Decodes what is at @words, of which @count are there.  0, or -ENODATA: more words are needed (never with
 * ISA_INST_WORDS), or -EILSEQ: no instruction; its length is then taken to be 1.
 */
int isa_decode(enum isa_target target, const uint32_t *words, uint32_t count, struct isa_inst *inst);
/* "v_add_f32_e64": the name with the suffix that disassemblers give it; VOPD: "v_dual_mul_f32 :: v_dual_add_f32". */
void isa_inst_name(enum isa_target target, const struct isa_inst *inst, char *text, size_t size);

#endif
