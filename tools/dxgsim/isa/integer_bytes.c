// SPDX-License-Identifier: MIT
/*
 * Integers of which a register has several: bytes that are permuted, averaged, subtracted and summed up, or packed.
 * Source: AMD's ISA documents, "VOP1" and "VOP3 Instructions".
 */
#include "dxgsim/isa/integer.h"
#include "dxgsim/isa/valu_frame.h"

static uint32_t byte_of(uint64_t bytes, uint32_t number)
{
	return bytes >> number * 8 & 0xff;
}

ISA_VALU_U32(alignbyte_b32, ((uint64_t)a << 32 | b) >> (c & 3) * 8)

/* 0 to 7: a byte; 8 to 11: the sign of every second one; 12: 0; from 13 on: 255. */
static uint32_t select_byte(uint64_t bytes, uint32_t select)
{
	if (select > 12)
		return 0xff;
	if (select == 12)
		return 0;
	if (select > 7)
		return bytes >> ((select - 8) * 16 + 15) & 1 ? 0xff : 0;
	return byte_of(bytes, select);
}

static void perm_b32(struct isa_valu *valu)
{
	ISA_FOR_LANES(valu)
	{
		const uint64_t bytes = (uint64_t)valu->a->u32[i] << 32 | valu->b->u32[i];
		const uint32_t select = valu->c->u32[i];
		uint32_t result = 0;

		for (uint32_t j = 0; j < 4; j++)
			result |= select_byte(bytes, byte_of(select, j)) << j * 8;
		valu->d->u32[i] = result;
	}
}

/* Averages of bytes, rounded up where the lowest bit of c's is set. */
static uint32_t lerp(uint32_t a, uint32_t b, uint32_t c)
{
	uint32_t result = 0;

	for (uint32_t j = 0; j < 4; j++)
		result |= ((byte_of(a, j) + byte_of(b, j) + (byte_of(c, j) & 1)) >> 1) << j * 8;
	return result;
}

ISA_VALU_U32(lerp_u8, lerp(a, b, c))

/* ---- sums of absolute differences ---- */

static uint64_t sad(uint32_t a, uint32_t b)
{
	uint64_t sum = 0;

	for (uint32_t j = 0; j < 4; j++)
		sum += bits_distance(byte_of(a, j), byte_of(b, j));
	return sum;
}

/* Without the bytes that are 0 in b. */
static uint64_t masked_sad(uint32_t a, uint32_t b)
{
	uint64_t sum = 0;

	for (uint32_t j = 0; j < 4; j++)
		sum += byte_of(b, j) ? bits_distance(byte_of(a, j), byte_of(b, j)) : 0;
	return sum;
}

static uint64_t sad_halves(uint32_t a, uint32_t b)
{
	return (uint64_t)bits_distance(a & 0xffff, b & 0xffff) + bits_distance(a >> 16, b >> 16);
}

INTEGER_CLAMPED_U(sad_u8, sad(a, b) + c, sad(a, b) + c)
INTEGER_CLAMPED_U(sad_hi_u8, (sad(a, b) << 16) + c, (sad(a, b) << 16) + c)
INTEGER_CLAMPED_U(msad_u8, masked_sad(a, b) + c, masked_sad(a, b) + c)
INTEGER_CLAMPED_U(sad_u16, sad_halves(a, b) + c, sad_halves(a, b) + c)
INTEGER_CLAMPED_U(sad_u32, bits_distance(a, b) + c, (uint64_t)bits_distance(a, b) + c)

/* Four of them, each a byte further in a; sums of 16 bits. */
static void quad_sad(struct isa_valu *valu, uint64_t (*sum)(uint32_t a, uint32_t b))
{
	ISA_FOR_LANES(valu)
	{
		const uint64_t a = valu->a->u64[i];
		const uint64_t c = valu->c->u64[i];
		uint64_t result = 0;

		for (uint32_t j = 0; j < 4; j++) {
			uint64_t one = sum((uint32_t)(a >> j * 8), valu->b->u32[i]) + (c >> j * 16 & 0xffff);

			if (valu->clamp && one > UINT16_MAX)
				one = UINT16_MAX;
			result |= (one & 0xffff) << j * 16;
		}
		valu->d->u64[i] = result;
	}
}

static void qsad_pk_u16_u8(struct isa_valu *valu)
{
	quad_sad(valu, sad);
}

static void mqsad_pk_u16_u8(struct isa_valu *valu)
{
	quad_sad(valu, masked_sad);
}

static uint64_t wide_source(const struct isa_wave *wave, const struct isa_inst *inst, uint32_t lane)
{
	const uint32_t *row = wave->vgprs + (size_t)(inst->src[0] - ISA_VGPR) * wave->lanes;

	if (inst->src[0] < ISA_VGPR)
		return isa_scalar64(wave, inst, inst->src[0], false);
	return (uint64_t)row[wave->lanes + lane] << 32 | row[lane];
}

static uint32_t word_source(const struct isa_wave *wave, const struct isa_inst *inst, uint32_t lane)
{
	if (inst->src[1] < ISA_VGPR)
		return isa_scalar32(wave, inst, inst->src[1]);
	return wave->vgprs[(size_t)(inst->src[1] - ISA_VGPR) * wave->lanes + lane];
}

static uint32_t end_of(uint32_t source, uint32_t count)
{
	return source < ISA_VGPR ? 0 : source - ISA_VGPR + count;
}

/* Sums of 32 bits: the only operation of four registers. */
static void mqsad_u32_u8(struct isa_wave *wave, const struct isa_inst *inst)
{
	uint32_t results[4][ISA_LANES];

	if (inst->src[2] < ISA_VGPR) {
		isa_stop(wave, inst, ISA_FAULT_ILLEGAL);
		return;
	}
	if (!isa_has_vgprs(wave, inst, end_of(inst->src[0], 2)) ||
	    !isa_has_vgprs(wave, inst, end_of(inst->src[1], 1)) ||
	    !isa_has_vgprs(wave, inst, end_of(inst->src[2], 4)) || !isa_has_vgprs(wave, inst, inst->dst + 4U))
		return;
	for (uint32_t i = 0; i < wave->lanes; i++) {
		const uint64_t a = wide_source(wave, inst, i);
		const uint32_t b = word_source(wave, inst, i);

		for (uint32_t j = 0; j < 4; j++) {
			const uint32_t c = isa_vgpr(wave, inst->src[2] - ISA_VGPR + j)[i];
			const uint64_t sum = masked_sad((uint32_t)(a >> j * 8), b) + c;

			results[j][i] = inst->clamp && sum > UINT32_MAX ? UINT32_MAX : (uint32_t)sum;
		}
	}
	for (uint32_t j = 0; j < 4; j++)
		isa_store_row(wave, inst->dst + j, results[j], wave->exec);
}

/* ---- packing ---- */

static uint32_t saturate_u8(uint32_t half)
{
	return (uint32_t)bits_clamp((int16_t)(uint16_t)half, 0, UINT8_MAX);
}

ISA_VALU_U32(sat_pk_u8_i16, saturate_u8(a) | saturate_u8(a >> 16) << 8)

#define WORDS_3(name, function, flag_bits) INTEGER(name, function, B32, flag_bits, ISA_B32, ISA_B32, ISA_B32)

static const struct isa_binding list[] = {
	WORDS_3(V_ALIGNBYTE_B32, alignbyte_b32, 0),
	WORDS_3(V_PERM_B32, perm_b32, 0),
	WORDS_3(V_LERP_U8, lerp_u8, 0),
	WORDS_3(V_SAD_U8, sad_u8, ISA_VALU_CLAMPS),
	WORDS_3(V_SAD_HI_U8, sad_hi_u8, ISA_VALU_CLAMPS),
	WORDS_3(V_MSAD_U8, msad_u8, ISA_VALU_CLAMPS),
	WORDS_3(V_SAD_U16, sad_u16, ISA_VALU_CLAMPS),
	WORDS_3(V_SAD_U32, sad_u32, ISA_VALU_CLAMPS),
	INTEGER(V_QSAD_PK_U16_U8, qsad_pk_u16_u8, B64, ISA_VALU_CLAMPS, ISA_B64, ISA_B32, ISA_B64),
	INTEGER(V_MQSAD_PK_U16_U8, mqsad_pk_u16_u8, B64, ISA_VALU_CLAMPS, ISA_B64, ISA_B32, ISA_B64),
	{.operation = ISA_V_MQSAD_U32_U8, .class = ISA_CLASS_VECTOR, .execute = mqsad_u32_u8},
	INTEGER(V_SAT_PK_U8_I16, sat_pk_u8_i16, B16, 0, ISA_B32),
};

const struct isa_bindings isa_bind_integer_bytes = {list, sizeof(list) / sizeof(list[0])};
