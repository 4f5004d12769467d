// SPDX-License-Identifier: MIT
/*
 * Scalar memory: loads through the scalar cache into SGPRs.  Source: AMD's ISA documents, "Scalar Memory Operations":
 * each part of an address has its lowest two bits ignored (of bytes and halves: none, and one).
 */
#include <string.h>

#include "dxgsim/isa/wave.h"

#define LOADED 16U /* words, at most */

static enum isa_scope scope_of(const struct isa_wave *wave, const struct isa_memory_operands *memory)
{
	if (wave->target == ISA_GFX12)
		return (enum isa_scope)(memory->scope & 3);
	return memory->glc ? ISA_SCOPE_DEVICE : ISA_SCOPE_UNIT;
}

static uint64_t offset_of(const struct isa_wave *wave, const struct isa_inst *inst, uint64_t ignored)
{
	uint64_t immediate = (uint64_t)(int64_t)inst->memory.offset;
	uint64_t scalar =
		inst->memory.soffset == ISA_NULL ? 0 : isa_scalar32(wave, inst, inst->memory.soffset);

	return (immediate & ~ignored) + (scalar & ~ignored);
}

static uint64_t ignored_bits(uint32_t bytes)
{
	return bytes >= 4 ? 3 : bytes - 1;
}

static bool fetch(struct isa_wave *wave, const struct isa_inst *inst, uint64_t va, void *to, uint32_t bytes)
{
	struct isa_unit *unit = wave->unit;

	if (unit->ops->read(unit->machine, ISA_SCALAR, scope_of(wave, &inst->memory), va, to, bytes))
		return true;
	isa_stop_access(wave, inst, ISA_FAULT_PAGE, ISA_READ, va, UINT32_MAX);
	return false;
}

/* Bytes from where the instruction says; what is beyond a buffer is 0. */
static bool load_plain(struct isa_wave *wave, const struct isa_inst *inst, void *to, uint32_t bytes)
{
	uint64_t ignored = ignored_bits(bytes);
	uint64_t base = isa_scalar64(wave, inst, inst->memory.saddr, false);

	return fetch(wave, inst, (base & ~ignored) + offset_of(wave, inst, ignored), to, bytes);
}

static bool load_buffer(struct isa_wave *wave, const struct isa_inst *inst, void *to, uint32_t bytes)
{
	uint64_t ignored = ignored_bits(bytes);
	uint64_t base = isa_scalar64(wave, inst, inst->memory.saddr, false);
	uint32_t records = isa_scalar32(wave, inst, inst->memory.saddr + 2U);
	uint64_t stride = base >> 48 & 0x3fff;
	uint64_t size = stride ? stride * records : records;
	uint64_t offset = offset_of(wave, inst, ignored);
	uint32_t unit = bytes < 4 ? bytes : 4; /* is there or not as a whole */
	uint32_t there = 0;

	while (there < bytes && offset + there < size && size - offset - there >= unit)
		there += unit;
	memset((uint8_t *)to + there, 0, bytes - there);
	base &= (1ULL << 48) - 1;
	return there == 0 || fetch(wave, inst, (base & ~ignored) + offset, to, there);
}

static void set_words(struct isa_wave *wave, const struct isa_inst *inst, const uint32_t *words,
		      uint32_t count)
{
	if (inst->dst == ISA_NULL)
		return;
	for (uint32_t i = 0; i < count; i++)
		isa_set_scalar32(wave, inst->dst + i, words[i]);
}

#define LOAD_WORDS(name, count)                                                       \
	static void load_##name(struct isa_wave *wave, const struct isa_inst *inst)   \
	{                                                                             \
		uint32_t words[LOADED];                                               \
                                                                                      \
		if (load_plain(wave, inst, words, (count)*4))                         \
			set_words(wave, inst, words, count);                          \
	}                                                                             \
	static void buffer_##name(struct isa_wave *wave, const struct isa_inst *inst) \
	{                                                                             \
		uint32_t words[LOADED];                                               \
                                                                                      \
		if (load_buffer(wave, inst, words, (count)*4))                        \
			set_words(wave, inst, words, count);                          \
	}

LOAD_WORDS(b32, 1)
LOAD_WORDS(b64, 2)
LOAD_WORDS(b96, 3)
LOAD_WORDS(b128, 4)
LOAD_WORDS(b256, 8)
LOAD_WORDS(b512, 16)

#define LOAD_SMALL(name, type)                                                        \
	static void load_##name(struct isa_wave *wave, const struct isa_inst *inst)   \
	{                                                                             \
		type value;                                                           \
                                                                                      \
		if (load_plain(wave, inst, &value, sizeof(value)))                    \
			isa_set_scalar32(wave, inst->dst, (uint32_t)(int32_t)value);  \
	}                                                                             \
	static void buffer_##name(struct isa_wave *wave, const struct isa_inst *inst) \
	{                                                                             \
		type value;                                                           \
                                                                                      \
		if (load_buffer(wave, inst, &value, sizeof(value)))                   \
			isa_set_scalar32(wave, inst->dst, (uint32_t)(int32_t)value);  \
	}

LOAD_SMALL(i8, int8_t)
LOAD_SMALL(u8, uint8_t)
LOAD_SMALL(i16, int16_t)
LOAD_SMALL(u16, uint16_t)

static void read_clock(struct isa_wave *wave, const struct isa_inst *inst)
{
	isa_set_scalar64(wave, inst->dst, wave->unit->ops->clock(wave->unit->machine));
}

static void read_realtime(struct isa_wave *wave, const struct isa_inst *inst)
{
	isa_set_scalar64(wave, inst->dst, wave->unit->ops->realtime(wave->unit->machine));
}

static void invalidate_scalar(struct isa_wave *wave, const struct isa_inst *inst)
{
	(void)inst;
	wave->unit->ops->cache(wave->unit->machine, ISA_INVALIDATE_SCALAR);
}

static void invalidate_l1(struct isa_wave *wave, const struct isa_inst *inst)
{
	(void)inst;
	wave->unit->ops->cache(wave->unit->machine, ISA_INVALIDATE_L1);
}

/* Prefetches and probes of translations: hints, which never fault. */
static void hint(struct isa_wave *wave, const struct isa_inst *inst)
{
	(void)wave;
	(void)inst;
}

#define MEMORY(name, function)                                                            \
	{                                                                                 \
		.operation = ISA_S_##name, .class = ISA_CLASS_MEMORY, .execute = function \
	}
#define LOAD(name, suffix) MEMORY(LOAD_##name, load_##suffix), MEMORY(BUFFER_LOAD_##name, buffer_##suffix)
#define OTHER(name, function)                                                            \
	{                                                                                \
		.operation = ISA_S_##name, .class = ISA_CLASS_OTHER, .execute = function \
	}

static const struct isa_binding list[] = {
	LOAD(B32, b32),
	LOAD(B64, b64),
	LOAD(B96, b96),
	LOAD(B128, b128),
	LOAD(B256, b256),
	LOAD(B512, b512),
	LOAD(I8, i8),
	LOAD(U8, u8),
	LOAD(I16, i16),
	LOAD(U16, u16),

	OTHER(ATC_PROBE, hint),
	OTHER(ATC_PROBE_BUFFER, hint),
	OTHER(BUFFER_PREFETCH_DATA, hint),
	OTHER(DCACHE_INV, invalidate_scalar),
	OTHER(GL1_INV, invalidate_l1),
	OTHER(MEMREALTIME, read_realtime),
	OTHER(MEMTIME, read_clock),
	OTHER(PREFETCH_DATA, hint),
	OTHER(PREFETCH_DATA_PC_REL, hint),
	OTHER(PREFETCH_INST, hint),
	OTHER(PREFETCH_INST_PC_REL, hint),
};

const struct isa_bindings isa_bind_smem = {list, sizeof(list) / sizeof(list[0])};
