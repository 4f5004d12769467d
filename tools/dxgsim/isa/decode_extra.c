// SPDX-License-Identifier: MIT
#include "dxgsim/isa/decode_extra.h"

#include <errno.h>
#include <string.h>

/* Values of the first source that stand for a further word. */
enum {
	SOURCE_DPP8 = 233,
	SOURCE_DPP8_FETCH = 234, /* also from lanes that are not active */
	SOURCE_SDWA = 249,
	SOURCE_DPP16 = 250,
};

/*
 * Operations whose operands cannot be permuted or selected on their way ("RDNA3", DPP: those of 64 bits, across lanes, of
 * several passes, and the packed ones).
 */
static bool takes_plain_operands(const struct isa_decoder *decoder)
{
	static const char *const prefixes[] = {"v_swap",  "v_permlane", "v_read", "v_write", "v_s_",
					       "v_mqsad", "v_qsad",	"v_wmma", "v_swmmac"};
	const struct isa_inst *inst = decoder->inst;
	const char *name = inst->row->name;

	if (strstr(name, "64"))
		return true;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	}
	switch (inst->row->operation) {
	case ISA_V_FMA_DX9_ZERO_F32:
	case ISA_V_FMAC_DX9_ZERO_F32:
	case ISA_V_MUL_LO_U32:
	case ISA_V_MUL_HI_U32:
	case ISA_V_MUL_HI_I32:
	case ISA_V_CVT_PK_F32_FP8:
	case ISA_V_CVT_PK_F32_BF8:
	case ISA_V_DIV_SCALE_F32:
	case ISA_V_DIV_FMAS_F32:
	case ISA_V_DIV_FIXUP_F32:
		return true;
	case ISA_V_PK_FMAC_F16:
		return decoder->target == ISA_GFX10_3;
	case ISA_V_FMA_MIX_F32:
	case ISA_V_FMA_MIXLO_F16:
	case ISA_V_FMA_MIXHI_F16:
	case ISA_V_DOT2_F32_F16:
	case ISA_V_DOT4_F32_FP8_FP8:
	case ISA_V_DOT4_F32_FP8_BF8:
	case ISA_V_DOT4_F32_BF8_FP8:
	case ISA_V_DOT4_F32_BF8_BF8:
		return false;
	default:
		return inst->row->format == ISA_FORMAT_VOP3P;
	}
}

static int decode_dpp16(struct isa_decoder *decoder, enum isa_variant variant)
{
	struct isa_inst *inst = decoder->inst;
	uint32_t word;
	int error = isa_decode_more(decoder, &word);

	if (error)
		return error;
	inst->variant = variant;
	inst->src[0] = (uint16_t)(ISA_VGPR + isa_bits(word, 7, 0));
	inst->dpp_ctrl = (uint16_t)isa_bits(word, 16, 8);
	inst->fetch_inactive = isa_bit(word, 18);
	inst->bound_ctrl = isa_bit(word, 19);
	inst->bank_mask = (uint8_t)isa_bits(word, 27, 24);
	inst->row_mask = (uint8_t)isa_bits(word, 31, 28);
	if (variant == ISA_E64_DPP16) /* VOP3 has modifiers of its own */
		return 0;
	inst->neg = (uint8_t)(isa_bits(word, 20, 20) | isa_bits(word, 22, 22) << 1);
	inst->abs = (uint8_t)(isa_bits(word, 21, 21) | isa_bits(word, 23, 23) << 1);
	return 0;
}

static int decode_dpp8(struct isa_decoder *decoder, enum isa_variant variant, bool fetch_inactive)
{
	struct isa_inst *inst = decoder->inst;
	uint32_t word;
	int error = isa_decode_more(decoder, &word);

	if (error)
		return error;
	inst->variant = variant;
	inst->src[0] = (uint16_t)(ISA_VGPR + isa_bits(word, 7, 0));
	inst->dpp8 = isa_bits(word, 31, 8);
	inst->fetch_inactive = fetch_inactive;
	return 0;
}

/* A VGPR, or with @scalar a register or constant; there is no room for a literal. */
static int sdwa_source(struct isa_decoder *decoder, uint32_t number, bool scalar, uint16_t *source)
{
	if (!scalar) {
		*source = (uint16_t)(ISA_VGPR + number);
		return 0;
	}
	return isa_decode_source(decoder, number, source);
}

/* ... also those whose result is a source as well. */
static bool has_no_sdwa(const struct isa_decoder *decoder)
{
	switch (decoder->inst->row->operation) {
	case ISA_V_FMAC_F32:
	case ISA_V_FMAC_F16:
	case ISA_V_DOT2ACC_F32_F16:
	case ISA_V_DOT4C_I32_I8:
		return true;
	default:
		return takes_plain_operands(decoder);
	}
}

int isa_decode_sdwa_word(struct isa_decoder *decoder)
{
	struct isa_inst *inst = decoder->inst;
	enum isa_format format = inst->row->format;
	uint32_t word;
	int error;

	if (has_no_sdwa(decoder))
		return -EILSEQ;
	error = isa_decode_more(decoder, &word);
	if (error)
		return error;
	inst->variant = ISA_SDWA;
	if (format == ISA_FORMAT_VOPC) {
		if (isa_bit(word, 15) && !isa_decode_is_cmpx(inst))
			inst->sdst = isa_decode_scalar(decoder, isa_bits(word, 14, 8));
		inst->dst = inst->sdst;
	} else {
		inst->dst_sel = (uint8_t)isa_bits(word, 10, 8);
		inst->dst_unused = (uint8_t)isa_bits(word, 12, 11);
		inst->clamp = isa_bit(word, 13);
		inst->omod = (uint8_t)isa_bits(word, 15, 14);
	}
	inst->src_sel[0] = (uint8_t)isa_bits(word, 18, 16);
	inst->sext = (uint8_t)isa_bits(word, 19, 19);
	inst->neg = (uint8_t)isa_bits(word, 20, 20);
	inst->abs = (uint8_t)isa_bits(word, 21, 21);
	error = sdwa_source(decoder, isa_bits(word, 7, 0), isa_bit(word, 23), &inst->src[0]);
	if (error || format == ISA_FORMAT_VOP1)
		return error;
	inst->src_sel[1] = (uint8_t)isa_bits(word, 26, 24);
	inst->sext |= (uint8_t)(isa_bits(word, 27, 27) << 1);
	inst->neg |= (uint8_t)(isa_bits(word, 28, 28) << 1);
	inst->abs |= (uint8_t)(isa_bits(word, 29, 29) << 1);
	return sdwa_source(decoder, inst->src[1] - ISA_VGPR, isa_bit(word, 31), &inst->src[1]);
}

int isa_decode_dpp_word(struct isa_decoder *decoder, uint32_t encoding)
{
	bool vop3 = decoder->inst->variant == ISA_E64;

	if (takes_plain_operands(decoder))
		return -EILSEQ;
	switch (encoding) {
	case SOURCE_DPP16:
		return decode_dpp16(decoder, vop3 ? ISA_E64_DPP16 : ISA_DPP16);
	case SOURCE_DPP8:
	case SOURCE_DPP8_FETCH:
		return decode_dpp8(decoder, vop3 ? ISA_E64_DPP8 : ISA_DPP8, encoding == SOURCE_DPP8_FETCH);
	default:
		return -EILSEQ;
	}
}

bool isa_decode_is_sdwa(uint32_t encoding)
{
	return encoding == SOURCE_SDWA;
}

bool isa_decode_is_dpp(uint32_t encoding)
{
	return encoding == SOURCE_DPP16 || encoding == SOURCE_DPP8 || encoding == SOURCE_DPP8_FETCH;
}

bool isa_decode_is_cmpx(const struct isa_inst *inst)
{
	return !strncmp(inst->row->name, "v_cmpx", 6);
}

bool isa_decode_no_source(const struct isa_inst *inst)
{
	switch (inst->row->operation) {
	case ISA_V_NOP:
	case ISA_V_PIPEFLUSH:
	case ISA_V_CLREXCP:
		return true;
	default:
		return false;
	}
}

bool isa_decode_carry_in(const struct isa_inst *inst)
{
	switch (inst->row->operation) {
	case ISA_V_CNDMASK_B32:
	case ISA_V_ADD_CO_CI_U32:
	case ISA_V_SUB_CO_CI_U32:
	case ISA_V_SUBREV_CO_CI_U32:
	case ISA_V_DUAL_CNDMASK_B32:
		return true;
	default:
		return false;
	}
}

bool isa_decode_carry_out(const struct isa_inst *inst)
{
	switch (inst->row->operation) {
	case ISA_V_ADD_CO_U32:
	case ISA_V_SUB_CO_U32:
	case ISA_V_SUBREV_CO_U32:
	case ISA_V_ADD_CO_CI_U32:
	case ISA_V_SUB_CO_CI_U32:
	case ISA_V_SUBREV_CO_CI_U32:
	case ISA_V_DIV_SCALE_F32:
	case ISA_V_DIV_SCALE_F64:
	case ISA_V_MAD_CO_U64_U32:
	case ISA_V_MAD_CO_I64_I32:
		return true;
	default:
		return false;
	}
}
