// SPDX-License-Identifier: MIT
/*
 * DS: what instructions do in the LDS of their work-group.
 *
 * Addresses wrap at 32 bits and may be unaligned but for atomics, as HSA has it (LLVM AMDGPU usage, "unaligned access
 * mode").  There is no GDS, and global wave sync and ordered counting, which need it, are not simulated.
 */
#include <string.h>

#include "dxgsim/isa/access.h"

static const uint32_t *addresses_of(struct isa_wave *wave, const struct isa_inst *inst)
{
	return isa_access_registers(wave, inst, inst->memory.addr, 1) ? isa_vgpr(wave, inst->memory.addr)
								      : NULL;
}

static bool ds_init(struct isa_transfer *transfer, struct isa_wave *wave, const struct isa_inst *inst)
{
	if (inst->memory.gds) {
		isa_stop(wave, inst, ISA_FAULT_UNIMPLEMENTED);
		return false;
	}
	if (!wave->exec)
		return false;
	isa_access_init(transfer, wave, inst);
	return true;
}

static void set_addresses(struct isa_transfer *transfer, const uint32_t *addresses, uint32_t offset)
{
	for (uint32_t lane = 0; lane < transfer->wave->lanes; lane++)
		transfer->va[lane] = addresses[lane] + offset;
}

/* The address of the one access of the instruction. */
static bool ds_address(struct isa_transfer *transfer)
{
	struct isa_wave *wave = transfer->wave;
	uint32_t offset = (uint32_t)transfer->inst->memory.offset & 0xffffU;
	const uint32_t *addresses;

	if (transfer->inst->binding->flags & ISA_MOVE_THREADS) {
		for (uint32_t lane = 0; lane < wave->lanes; lane++)
			transfer->va[lane] = offset + (wave->m0 & 0xffffU) + lane * 4;
		return true;
	}
	addresses = addresses_of(wave, transfer->inst);
	if (!addresses)
		return false;
	set_addresses(transfer, addresses, offset);
	return true;
}

/* ... of the first or the second of two: two offsets of 8 bits, in units of the size or of 64 of them. */
static void ds_address_of(struct isa_transfer *transfer, const uint32_t *addresses, uint32_t which)
{
	uint32_t offset = (uint32_t)transfer->inst->memory.offset >> which * 8 & 0xffU;
	uint32_t unit = transfer->inst->binding->flags & ISA_MOVE_STRIDE_64 ? 64 : 1;

	set_addresses(transfer, addresses, offset * unit * transfer->bytes);
}

/* ---- loads and stores ---- */

static void execute_load(struct isa_wave *wave, const struct isa_inst *inst)
{
	struct isa_transfer transfer;
	struct isa_words words;

	if (!ds_init(&transfer, wave, inst) || !ds_address(&transfer) ||
	    !isa_access_registers(wave, inst, inst->dst, (transfer.bytes + 3) / 4))
		return;
	if (isa_lds_read(&transfer, &words))
		isa_access_deliver(wave, inst, inst->dst, transfer.bytes, &words);
}

static void execute_store(struct isa_wave *wave, const struct isa_inst *inst)
{
	struct isa_transfer transfer;
	struct isa_words words;

	if (ds_init(&transfer, wave, inst) && ds_address(&transfer) &&
	    isa_access_fetch(wave, inst, inst->memory.data, transfer.bytes, &words))
		isa_lds_write(&transfer, &words);
}

static void execute_load_two(struct isa_wave *wave, const struct isa_inst *inst)
{
	struct isa_transfer transfer;
	struct isa_words words[2];
	const uint32_t *addresses;
	uint32_t count;

	if (!ds_init(&transfer, wave, inst))
		return;
	count = transfer.bytes / 4;
	addresses = addresses_of(wave, inst);
	if (!addresses || !isa_access_registers(wave, inst, inst->dst, 2 * count))
		return;
	for (uint32_t i = 0; i < 2; i++) {
		ds_address_of(&transfer, addresses, i);
		if (!isa_lds_read(&transfer, &words[i]))
			return;
	}
	for (uint32_t i = 0; i < 2; i++)
		isa_access_deliver(wave, inst, inst->dst + i * count, transfer.bytes, &words[i]);
}

static void execute_store_two(struct isa_wave *wave, const struct isa_inst *inst)
{
	struct isa_transfer transfer;
	struct isa_words words[2];
	const uint32_t *addresses;

	if (!ds_init(&transfer, wave, inst))
		return;
	addresses = addresses_of(wave, inst);
	if (!addresses || !isa_access_fetch(wave, inst, inst->memory.data, transfer.bytes, &words[0]) ||
	    !isa_access_fetch(wave, inst, inst->memory.data2, transfer.bytes, &words[1]))
		return;
	for (uint32_t i = 0; i < 2; i++) {
		ds_address_of(&transfer, addresses, i);
		if (!isa_lds_write(&transfer, &words[i]))
			return;
	}
}

/* ---- atomics ---- */

/* The second operand behind the first. */
static bool fetch_second(struct isa_wave *wave, const struct isa_inst *inst, uint32_t bytes,
			 struct isa_words *words)
{
	struct isa_words second;
	size_t size = bytes / 4 * sizeof(words->word[0]);

	if (!isa_access_fetch(wave, inst, inst->memory.data2, bytes, &second))
		return false;
	memcpy(words->word[bytes / 4], second.word, size);
	return true;
}

/* RDNA 2 has what is compared with in the first register, later ones in the second (ISA documents, "DS_CMPST_B32" and
 * "DS_CMPSTORE_B32"). */
static void exchange_operands(struct isa_words *words, uint32_t count)
{
	struct isa_words old = *words;

	memcpy(words->word[0], old.word[count], count * sizeof(old.word[0]));
	memcpy(words->word[count], old.word[0], count * sizeof(old.word[0]));
}

static void execute_atomic(struct isa_wave *wave, const struct isa_inst *inst)
{
	uint32_t flags = inst->binding->flags;
	enum isa_modify_kind kind = ISA_MOVE_MODIFY_OF(flags);
	struct isa_transfer transfer;
	struct isa_words words, old;
	bool compares = kind == ISA_MODIFY_CMPSWAP || kind == ISA_MODIFY_CMPSWAP_F;

	if (!ds_init(&transfer, wave, inst) || !ds_address(&transfer) ||
	    !isa_access_fetch(wave, inst, inst->memory.data, transfer.bytes, &words))
		return;
	if (isa_modify_has_two(kind) && !fetch_second(wave, inst, transfer.bytes, &words))
		return;
	if (compares && wave->target == ISA_GFX10_3)
		exchange_operands(&words, transfer.bytes / 4);
	if (flags & ISA_MOVE_RETURNS && !isa_access_registers(wave, inst, inst->dst, transfer.bytes / 4))
		return;
	if (isa_lds_atomic(&transfer, kind, &words, &old) && flags & ISA_MOVE_RETURNS)
		isa_access_deliver(wave, inst, inst->dst, transfer.bytes, &old);
}

/* Two exchanges. */
static void execute_exchange_two(struct isa_wave *wave, const struct isa_inst *inst)
{
	struct isa_transfer transfer;
	struct isa_words words[2], old[2];
	const uint32_t *addresses;
	uint32_t count;

	if (!ds_init(&transfer, wave, inst))
		return;
	count = transfer.bytes / 4;
	addresses = addresses_of(wave, inst);
	if (!addresses || !isa_access_registers(wave, inst, inst->dst, 2 * count) ||
	    !isa_access_fetch(wave, inst, inst->memory.data, transfer.bytes, &words[0]) ||
	    !isa_access_fetch(wave, inst, inst->memory.data2, transfer.bytes, &words[1]))
		return;
	for (uint32_t i = 0; i < 2; i++) {
		ds_address_of(&transfer, addresses, i);
		if (!isa_lds_atomic(&transfer, ISA_MODIFY_SWAP, &words[i], &old[i]))
			return;
	}
	for (uint32_t i = 0; i < 2; i++)
		isa_access_deliver(wave, inst, inst->dst + i * count, transfer.bytes, &old[i]);
}

/* Two words, each of which is written, without its uppermost bit, if that is set (ISA documents,
 * "DS_CONDXCHG32_RTN_B64"). */
static void execute_exchange_marked(struct isa_wave *wave, const struct isa_inst *inst)
{
	struct isa_transfer transfer;
	struct isa_words words, old;
	uint64_t active = wave->exec;

	if (!ds_init(&transfer, wave, inst) || !ds_address(&transfer) ||
	    !isa_access_registers(wave, inst, inst->dst, 2) ||
	    !isa_access_fetch(wave, inst, inst->memory.data, 8, &words))
		return;
	ISA_FOR_ACTIVE(active, lane)
	{
		transfer.va[lane] &= 0xfff8U;
	}
	if (!isa_lds_read(&transfer, &old))
		return;
	transfer.bytes = 4;
	for (uint32_t i = 0; i < 2; i++) {
		struct isa_words part;

		transfer.lanes = 0;
		ISA_FOR_ACTIVE(active, lane)
		{
			part.word[0][lane] = words.word[i][lane] & 0x7fffffffU;
			transfer.lanes |= (uint64_t)(words.word[i][lane] >> 31) << lane;
			transfer.va[lane] += i * 4;
		}
		if (!isa_lds_write(&transfer, &part))
			return;
	}
	isa_access_deliver(wave, inst, inst->dst, 8, &old);
}

/* A counter of the whole wave, at the address in M0 (LLVM: llvm.amdgcn.ds.append); all lanes get what it was. */
static void execute_count(struct isa_wave *wave, const struct isa_inst *inst)
{
	enum isa_modify_kind kind = ISA_MOVE_MODIFY_OF(inst->binding->flags);
	struct isa_transfer transfer;
	struct isa_words words, old;
	uint32_t first;

	if (!ds_init(&transfer, wave, inst) || !isa_access_registers(wave, inst, inst->dst, 1))
		return;
	first = (uint32_t)__builtin_ctzll(wave->exec);
	transfer.lanes = UINT64_C(1) << first;
	transfer.va[first] = (wave->m0 & 0xffffU) + ((uint32_t)inst->memory.offset & 0xffffU);
	words.word[0][first] = (uint32_t)__builtin_popcountll(wave->exec);
	if (!isa_lds_atomic(&transfer, kind, &words, &old))
		return;
	for (uint32_t lane = 0; lane < wave->lanes; lane++)
		words.word[0][lane] = old.word[0][first];
	isa_access_deliver(wave, inst, inst->dst, 4, &words);
}

static void execute_nop(struct isa_wave *wave, const struct isa_inst *inst)
{
	(void)wave, (void)inst;
}

/* ---- */

#define LOAD(operation, flags)	ISA_MEMORY(DS_LOAD_##operation, execute_load, ISA_MOVE_LOAD | (flags))
#define STORE(operation, flags) ISA_MEMORY(DS_STORE_##operation, execute_store, ISA_MOVE_STORE | (flags))
#define TWO(operation, bytes)                                                                 \
	ISA_MEMORY(DS_LOAD_2ADDR_##operation, execute_load_two, bytes),                       \
		ISA_MEMORY(DS_LOAD_2ADDR_STRIDE64_##operation, execute_load_two,              \
			   ISA_MOVE_STRIDE_64 | (bytes)),                                     \
		ISA_MEMORY(DS_STORE_2ADDR_##operation, execute_store_two, bytes),             \
		ISA_MEMORY(DS_STORE_2ADDR_STRIDE64_##operation, execute_store_two,            \
			   ISA_MOVE_STRIDE_64 | (bytes)),                                     \
		ISA_MEMORY(DS_STOREXCHG_2ADDR_RTN_##operation, execute_exchange_two, bytes),  \
		ISA_MEMORY(DS_STOREXCHG_2ADDR_STRIDE64_RTN_##operation, execute_exchange_two, \
			   ISA_MOVE_STRIDE_64 | (bytes))
#define MODIFIES(operation, kind, bytes) \
	ISA_MEMORY(DS_##operation, execute_atomic, ISA_MOVE_MODIFY(ISA_MODIFY_##kind) | (bytes))
#define RETURNS(operation, kind, bytes)            \
	ISA_MEMORY(DS_##operation, execute_atomic, \
		   ISA_MOVE_RETURNS | ISA_MOVE_MODIFY(ISA_MODIFY_##kind) | (bytes))
#define BOTH(operation, type, kind, bytes) \
	MODIFIES(operation##_##type, kind, bytes), RETURNS(operation##_RTN_##type, kind, bytes)
#define INTEGER(operation, type, kind) BOTH(operation, type##32, kind, 4), BOTH(operation, type##64, kind, 8)

static const struct isa_binding list[] = {
	LOAD(U8, 1),
	LOAD(I8, ISA_MOVE_SIGNED | 1),
	LOAD(U16, 2),
	LOAD(I16, ISA_MOVE_SIGNED | 2),
	LOAD(B32, 4),
	LOAD(B64, 8),
	LOAD(B96, 12),
	LOAD(B128, 16),
	LOAD(U8_D16, ISA_MOVE_D16 | 1),
	LOAD(U8_D16_HI, ISA_MOVE_HIGH | 1),
	LOAD(I8_D16, ISA_MOVE_D16 | ISA_MOVE_SIGNED | 1),
	LOAD(I8_D16_HI, ISA_MOVE_HIGH | ISA_MOVE_SIGNED | 1),
	LOAD(U16_D16, ISA_MOVE_D16 | 2),
	LOAD(U16_D16_HI, ISA_MOVE_HIGH | 2),
	LOAD(ADDTID_B32, ISA_MOVE_THREADS | 4),
	STORE(B8, 1),
	STORE(B16, 2),
	STORE(B32, 4),
	STORE(B64, 8),
	STORE(B96, 12),
	STORE(B128, 16),
	STORE(B8_D16_HI, ISA_MOVE_HIGH | 1),
	STORE(B16_D16_HI, ISA_MOVE_HIGH | 2),
	STORE(ADDTID_B32, ISA_MOVE_THREADS | 4),
	TWO(B32, 4),
	TWO(B64, 8),
	INTEGER(ADD, U, ADD),
	INTEGER(SUB, U, SUB),
	INTEGER(RSUB, U, RSUB),
	INTEGER(INC, U, INC),
	INTEGER(DEC, U, DEC),
	INTEGER(MIN, I, MIN_I),
	INTEGER(MIN, U, MIN_U),
	INTEGER(MAX, I, MAX_I),
	INTEGER(MAX, U, MAX_U),
	INTEGER(AND, B, AND),
	INTEGER(OR, B, OR),
	INTEGER(XOR, B, XOR),
	INTEGER(MSKOR, B, MSKOR),
	INTEGER(CMPSTORE, B, CMPSWAP),
	INTEGER(CMPSTORE, F, CMPSWAP_F),
	INTEGER(MIN_NUM, F, MIN_F),
	INTEGER(MAX_NUM, F, MAX_F),
	BOTH(ADD, F32, ADD_F, 4),
	BOTH(PK_ADD, F16, PK_ADD_F16, 4),
	BOTH(PK_ADD, BF16, PK_ADD_BF16, 4),
	BOTH(SUB_CLAMP, U32, SUB_CLAMP, 4),
	BOTH(COND_SUB, U32, COND_SUB, 4),
	RETURNS(STOREXCHG_RTN_B32, SWAP, 4),
	RETURNS(STOREXCHG_RTN_B64, SWAP, 8),
	RETURNS(WRAP_RTN_B32, WRAP, 4),
	ISA_MEMORY(DS_CONDXCHG32_RTN_B64, execute_exchange_marked, 8),
	ISA_MEMORY(DS_APPEND, execute_count, ISA_MOVE_MODIFY(ISA_MODIFY_ADD) | 4),
	ISA_MEMORY(DS_CONSUME, execute_count, ISA_MOVE_MODIFY(ISA_MODIFY_SUB) | 4),
	ISA_MEMORY_OTHER(DS_NOP, execute_nop, 0),
};

const struct isa_bindings isa_bind_ds = {list, sizeof(list) / sizeof(list[0])};
