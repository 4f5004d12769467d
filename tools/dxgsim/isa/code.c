// SPDX-License-Identifier: MIT
/*
 * The decode cache: pages of code by a hash of their address, with a pointer for each word of them at which an
 * instruction was found.  What was decoded stays until the instruction cache is invalidated, as the words would in it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dxgsim/isa/code.h"
#include "dxgsim/isa/valu.h"

#define BUCKETS	       256U
#define CHUNK_CODE     64U
#define CHUNKS_AT_ONCE 1024U /* more code than any program has: it is executing data */

struct isa_code_chunk {
	struct isa_code_chunk *next;
	uint32_t used;
	struct isa_code code[CHUNK_CODE];
};

int isa_decoded_create(struct isa_decoded **result)
{
	struct isa_decoded *decoded = calloc(1, sizeof(*decoded));

	if (!decoded)
		return -ENOMEM;
	decoded->buckets = calloc(BUCKETS, sizeof(struct isa_code_page *));
	if (!decoded->buckets) {
		free(decoded);
		return -ENOMEM;
	}
	decoded->none.base = 1;
	decoded->current = &decoded->none;
	*result = decoded;
	return 0;
}

static void free_pages(struct isa_code_page *page)
{
	while (page) {
		struct isa_code_page *next = page->next;

		free(page);
		page = next;
	}
}

static void free_chunks(struct isa_code_chunk *chunk)
{
	while (chunk) {
		struct isa_code_chunk *next = chunk->next;

		free(chunk);
		chunk = next;
	}
}

void isa_decoded_destroy(struct isa_decoded *decoded)
{
	for (uint32_t i = 0; i < BUCKETS; i++)
		free_pages(decoded->buckets[i]);
	free_pages(decoded->spare);
	free_chunks(decoded->chunks);
	free_chunks(decoded->spare_chunks);
	free(decoded->buckets);
	free(decoded);
}

/* Pages and chunks are kept for what is read next. */
static void forget(struct isa_decoded *decoded)
{
	for (uint32_t i = 0; i < BUCKETS; i++) {
		struct isa_code_page *page;

		while ((page = decoded->buckets[i])) {
			decoded->buckets[i] = page->next;
			page->next = decoded->spare;
			decoded->spare = page;
		}
	}
	while (decoded->chunks) {
		struct isa_code_chunk *chunk = decoded->chunks;

		decoded->chunks = chunk->next;
		chunk->next = decoded->spare_chunks;
		decoded->spare_chunks = chunk;
	}
	decoded->chunk_count = 0;
	decoded->forgotten = false;
}

void isa_unit_forget_code(struct isa_unit *unit)
{
	unit->decoded->current = &unit->decoded->none;
	unit->decoded->forgotten = true;
}

static struct isa_code_page *page_of(struct isa_decoded *decoded, uint64_t base)
{
	struct isa_code_page **bucket = &decoded->buckets[base / ISA_CODE_PAGE % BUCKETS];
	struct isa_code_page *page = *bucket;

	while (page && page->base != base)
		page = page->next;
	if (page)
		return page;
	if (decoded->spare) {
		page = decoded->spare;
		decoded->spare = page->next;
		memset(page->code, 0, sizeof(page->code));
	} else {
		page = calloc(1, sizeof(*page));
		if (!page)
			return NULL;
	}
	page->base = base;
	page->next = *bucket;
	*bucket = page;
	return page;
}

static struct isa_code *new_code(struct isa_decoded *decoded)
{
	struct isa_code_chunk *chunk = decoded->chunks;

	if (!chunk || chunk->used == CHUNK_CODE) {
		chunk = decoded->spare_chunks;
		if (chunk)
			decoded->spare_chunks = chunk->next;
		else
			chunk = malloc(sizeof(*chunk));
		if (!chunk)
			return NULL;
		chunk->used = 0;
		chunk->next = decoded->chunks;
		decoded->chunks = chunk;
		decoded->chunk_count++;
	}
	return &chunk->code[chunk->used];
}

static void execute_illegal(struct isa_wave *wave, const struct isa_inst *inst)
{
	isa_stop(wave, inst, ISA_FAULT_ILLEGAL);
}

static void execute_unimplemented(struct isa_wave *wave, const struct isa_inst *inst)
{
	isa_stop(wave, inst, ISA_FAULT_UNIMPLEMENTED);
}

/* Reads no more words than the instruction has: what follows the last one of a program need not be there. */
static bool read_code(struct isa_wave *wave, uint64_t pc, struct isa_code *code)
{
	struct isa_unit *unit = wave->unit;
	uint32_t words[ISA_INST_WORDS];
	uint32_t count = 0;
	int error = -ENODATA;

	while (error == -ENODATA && count < ISA_INST_WORDS) {
		uint64_t va = pc + count * sizeof(words[0]);

		if (!unit->ops->read(unit->machine, ISA_CODE, ISA_SCOPE_UNIT, va, &words[count],
				     sizeof(words[0]))) {
			isa_stop_access(wave, NULL, ISA_FAULT_PAGE, ISA_EXECUTE, va, UINT32_MAX);
			return false;
		}
		count++;
		error = isa_decode(unit->target, words, count, &code->inst);
	}
	if (error)
		code->execute = execute_illegal;
	else if (!code->inst.binding || (code->inst.y_row && !code->inst.y_binding))
		code->execute = execute_unimplemented;
	else
		code->execute = code->inst.binding->execute;
	return true;
}

/* ---- registers ---- */

static uint32_t width_of(uint8_t type)
{
	switch (type) {
	case ISA_NONE:
	case ISA_SCALAR_MASK:
		return 0;
	case ISA_B64:
	case ISA_F64:
	case ISA_PACKED_32:
		return 2;
	default:
		return 1;
	}
}

/* @end: one more than the highest VGPR so far. */
static void reach(uint32_t *end, uint32_t number, uint32_t width)
{
	if (width && number + width > *end)
		*end = number + width;
}

static bool has_scalar_result(enum isa_operation operation)
{
	return operation == ISA_V_READLANE_B32 || operation == ISA_V_READFIRSTLANE_B32 ||
	       strncmp(isa_operation_name(operation), "V_S_", 4) == 0;
}

static void reach_operands(uint32_t *end, const struct isa_row *row, const struct isa_binding *binding,
			   uint16_t dst, const uint16_t *src)
{
	for (uint32_t i = 0; i < 3; i++) {
		if (src[i] >= ISA_VGPR)
			reach(end, src[i] - ISA_VGPR, binding->valu ? width_of(binding->sources[i]) : 1);
	}
	if (!has_scalar_result(row->operation))
		reach(end, dst, binding->valu ? width_of(binding->result) : 1);
}

/*
 * How many VGPRs a wave must have for an instruction of the vector ALU.  Others look for themselves, as do those that
 * find registers by M0.
 */
static uint16_t vgprs_used(const struct isa_inst *inst)
{
	uint32_t end = 0;

	reach_operands(&end, inst->row, inst->binding, inst->dst, inst->src);
	if (inst->y_row && inst->y_binding)
		reach_operands(&end, inst->y_row, inst->y_binding, inst->y_dst, inst->y_src);
	return (uint16_t)end;
}

static void describe(struct isa_code *code)
{
	const struct isa_binding *binding = code->inst.binding;

	code->bytes = (uint8_t)(code->inst.length * sizeof(uint32_t));
	code->class = binding ? (uint8_t)binding->class : ISA_CLASS_OTHER;
	code->vgprs = 0;
	code->operations = 0;
	if (code->class != ISA_CLASS_VECTOR)
		return;
	code->vgprs = vgprs_used(&code->inst);
	code->operations = code->inst.y_row || binding->flags & ISA_VALU_TWO ? 2 : 1;
}

const struct isa_code *isa_code_find(struct isa_wave *wave, struct isa_decoded *decoded, uint64_t pc)
{
	struct isa_code_page *page;
	struct isa_code *code;

	if (pc % 4) {
		isa_stop_access(wave, NULL, ISA_FAULT_ALIGNMENT, ISA_EXECUTE, pc, UINT32_MAX);
		return NULL;
	}
	if (decoded->forgotten || decoded->chunk_count > CHUNKS_AT_ONCE)
		forget(decoded);
	page = page_of(decoded, pc / ISA_CODE_PAGE * ISA_CODE_PAGE);
	if (page && page->code[pc % ISA_CODE_PAGE / 4]) {
		decoded->current = page;
		return page->code[pc % ISA_CODE_PAGE / 4];
	}
	code = page ? new_code(decoded) : NULL;
	if (!code) {
		/* no memory: it is read every time */
		code = &decoded->single;
		page = NULL;
	}
	if (!read_code(wave, pc, code))
		return NULL;
	describe(code);
	if (!page)
		return code;
	decoded->chunks->used++;
	page->code[pc % ISA_CODE_PAGE / 4] = code;
	/* reading it may have invalidated what was read before */
	if (!decoded->forgotten)
		decoded->current = page;
	return code;
}

int isa_unit_init(struct isa_unit *unit, enum isa_target target, const struct isa_machine_ops *ops,
		  void *machine)
{
	*unit = (struct isa_unit){.ops = ops, .machine = machine, .target = target};
	return isa_decoded_create(&unit->decoded);
}

void isa_unit_release(struct isa_unit *unit)
{
	isa_decoded_destroy(unit->decoded);
	unit->decoded = NULL;
}
