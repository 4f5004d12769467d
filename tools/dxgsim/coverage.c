// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "dxgsim/coverage.h"
#include "dxgsim/isa/wave.h"

static const char *const format_names[ISA_FORMATS] = {
	[ISA_FORMAT_SOP1] = "SOP1",	  [ISA_FORMAT_SOP2] = "SOP2",	    [ISA_FORMAT_SOPK] = "SOPK",
	[ISA_FORMAT_SOPC] = "SOPC",	  [ISA_FORMAT_SOPP] = "SOPP",	    [ISA_FORMAT_SMEM] = "SMEM",
	[ISA_FORMAT_VOP1] = "VOP1",	  [ISA_FORMAT_VOP2] = "VOP2",	    [ISA_FORMAT_VOPC] = "VOPC",
	[ISA_FORMAT_VOP3] = "VOP3",	  [ISA_FORMAT_VOP3P] = "VOP3P",	    [ISA_FORMAT_VOPD] = "VOPD",
	[ISA_FORMAT_VINTRP] = "VINTRP",	  [ISA_FORMAT_VINTERP] = "VINTERP", [ISA_FORMAT_LDSDIR] = "LDSDIR",
	[ISA_FORMAT_DS] = "DS",		  [ISA_FORMAT_FLAT] = "FLAT",	    [ISA_FORMAT_GLOBAL] = "GLOBAL",
	[ISA_FORMAT_SCRATCH] = "SCRATCH", [ISA_FORMAT_BUFFER] = "BUFFER",   [ISA_FORMAT_TBUFFER] = "TBUFFER",
	[ISA_FORMAT_IMAGE] = "IMAGE",	  [ISA_FORMAT_SAMPLE] = "SAMPLE",   [ISA_FORMAT_EXP] = "EXP",
};

/* What code for one processor has. */
struct processor {
	struct processor *next;
	char name[32];
	bool simulated;
	enum isa_target target;
	uint32_t objects;
	uint64_t instructions;
	uint64_t illegal;	  /* words in functions that are no instruction */
	uint64_t illegal_address; /* of the first, and what it is */
	uint32_t illegal_word;
	uint64_t *counts; /* by row of the generation */
};

struct coverage {
	struct processor *processors; /* in the order of their first code */
	bool no_memory;
};

struct coverage *coverage_create(void)
{
	return calloc(1, sizeof(struct coverage));
}

void coverage_destroy(struct coverage *coverage)
{
	struct processor *next;

	if (!coverage)
		return;
	for (struct processor *processor = coverage->processors; processor; processor = next) {
		next = processor->next;
		free(processor->counts);
		free(processor);
	}
	free(coverage);
}

static struct processor *find_processor(struct coverage *coverage, const struct code_objects_code *code)
{
	struct processor **at = &coverage->processors, *processor;
	uint32_t rows;

	for (; *at; at = &(*at)->next) {
		if (!strcmp((*at)->name, code->processor))
			return *at;
	}
	processor = calloc(1, sizeof(*processor));
	if (!processor)
		return NULL;
	snprintf(processor->name, sizeof(processor->name), "%s", code->processor);
	processor->simulated = code->simulated;
	processor->target = code->target;
	if (code->simulated) {
		isa_rows(code->target, &rows);
		processor->counts = calloc(rows, sizeof(*processor->counts));
	}
	if (code->simulated && !processor->counts) {
		free(processor);
		return NULL;
	}
	*at = processor;
	return processor;
}

static void count_row(struct processor *processor, const struct isa_row *row)
{
	uint32_t rows;

	if (row)
		processor->counts[row - isa_rows(processor->target, &rows)]++;
}

/* What is between functions to align the next, or for the instruction prefetch behind the last. */
static bool is_filling(const struct isa_inst *inst)
{
	return inst->row->operation == ISA_S_NOP || inst->row->operation == ISA_S_CODE_END;
}

static void count_code(const struct code_objects_code *code, void *ctx)
{
	struct coverage *coverage = ctx;
	struct processor *processor = find_processor(coverage, code);
	struct isa_inst inst;
	size_t left;

	if (!processor) {
		coverage->no_memory = true;
		return;
	}
	processor->objects += code->first;
	if (!code->simulated)
		return;
	for (size_t at = 0; at < code->count; at += inst.length) {
		left = code->count - at;
		if (!isa_decode(code->target, code->words + at,
				left < ISA_INST_WORDS ? (uint32_t)left : ISA_INST_WORDS, &inst) &&
		    inst.row->operation != ISA_V_ILLEGAL) {
			if (!code->function && is_filling(&inst))
				continue;
			processor->instructions++;
			count_row(processor, inst.row);
			count_row(processor, inst.y_row);
			continue;
		}
		inst.length = 1;
		if (!code->function)
			continue;
		if (!processor->illegal++) {
			processor->illegal_address = code->address + at * 4;
			processor->illegal_word = code->words[at];
		}
	}
}

int coverage_add(struct coverage *coverage, const void *bytes, size_t size, struct code_objects_error *error)
{
	int rc = code_objects_visit(bytes, size, count_code, coverage, error);

	return coverage->no_memory ? -ENOMEM : rc;
}

static bool is_implemented(const struct isa_row *row)
{
	return isa_binding(row->operation) != NULL;
}

static bool print_processor(const struct processor *processor, FILE *out)
{
	uint32_t rows, kinds = 0, missing = 0;
	const struct isa_row *row;

	fprintf(out, "%s: %u code object%s", processor->name, processor->objects,
		processor->objects == 1 ? "" : "s");
	if (!processor->simulated) {
		fputs(", not simulated\n\n", out);
		return true;
	}
	fprintf(out, ", %" PRIu64 " instructions\n", processor->instructions);
	row = isa_rows(processor->target, &rows);
	for (uint32_t i = 0; i < rows; i++, row++) {
		if (!processor->counts[i])
			continue;
		kinds++;
		missing += !is_implemented(row);
		fprintf(out, "  %-8s %-36s %10" PRIu64 "  %s\n", format_names[row->format], row->name,
			processor->counts[i], is_implemented(row) ? "implemented" : "missing");
	}
	if (processor->illegal)
		fprintf(out, "  %" PRIu64 " words are no instruction, the first, %08x, at %#" PRIx64 "\n",
			processor->illegal, processor->illegal_word, processor->illegal_address);
	fprintf(out, "  %u of %u are missing\n\n", missing, kinds);
	return !missing && !processor->illegal;
}

bool coverage_print(const struct coverage *coverage, FILE *out)
{
	bool complete = true, simulated = false;

	for (const struct processor *at = coverage->processors; at; at = at->next) {
		complete &= print_processor(at, out);
		simulated |= at->simulated;
	}
	return complete && simulated;
}

struct tally {
	uint32_t rows, implemented;
};

static void print_tally(const char *name, struct tally tally, FILE *out)
{
	fprintf(out, "  %-8s %12u %12u %12u\n", name, tally.rows, tally.implemented,
		tally.rows - tally.implemented);
}

/* What is missing of a format, unless that is all of it. */
static void print_missing(enum isa_target target, enum isa_format format, struct tally tally, FILE *out)
{
	uint32_t rows;
	const struct isa_row *row = isa_rows(target, &rows);

	if (tally.implemented == tally.rows)
		return;
	fprintf(out, "  missing of %s:", format_names[format]);
	if (!tally.implemented)
		fputs(" all", out);
	for (; tally.implemented && rows; row++, rows--) {
		if (row->format == format && !is_implemented(row))
			fprintf(out, " %s", row->name);
	}
	fputc('\n', out);
}

static void print_generation(enum isa_target target, FILE *out)
{
	struct tally formats[ISA_FORMATS] = {{0, 0}}, all = {0, 0};
	uint32_t rows;
	const struct isa_row *row = isa_rows(target, &rows);

	for (; rows; row++, rows--) {
		formats[row->format].rows++;
		formats[row->format].implemented += is_implemented(row);
	}
	fprintf(out, "%s\n  %-8s %12s %12s %12s\n", isa_target_name(target), "format", "instructions",
		"implemented", "missing");
	for (enum isa_format format = 0; format < ISA_FORMATS; format++) {
		if (!formats[format].rows)
			continue;
		print_tally(format_names[format], formats[format], out);
		all.rows += formats[format].rows;
		all.implemented += formats[format].implemented;
	}
	print_tally("all", all, out);
	for (enum isa_format format = 0; format < ISA_FORMATS; format++) {
		if (formats[format].rows)
			print_missing(target, format, formats[format], out);
	}
	fputc('\n', out);
}

void coverage_print_generations(FILE *out)
{
	for (enum isa_target target = 0; target < ISA_TARGETS; target++)
		print_generation(target, out);
}
