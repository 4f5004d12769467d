// SPDX-License-Identifier: MIT
/*
 * Code objects wherever compilers put them.  Sources: LLVM, "User Guide for AMDGPU Backend", ELF code object, and
 * "Clang Offload Bundler", bundled code object file layout; HIP puts bundles into section .hip_fatbin of programs.
 */
#include <endian.h>
#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dxgsim/code_objects.h"

#define BUNDLE_MAGIC	 "__CLANG_OFFLOAD_BUNDLE__"
#define COMPRESSED_MAGIC "CCOB"
#define FATBIN_SECTION	 ".hip_fatbin"
#define EM_GPU		 224 /* EM_AMDGPU, which old <elf.h> do not have */
#define PROCESSOR_MASK	 0xffU

static const struct processor {
	uint32_t machine; /* EF_AMDGPU_MACH */
	const char *name;
	uint32_t major, minor, stepping;
} processors[] = {
	{0x2a, "gfx803", 8, 0, 3},	   {0x2c, "gfx900", 9, 0, 0},
	{0x2d, "gfx902", 9, 0, 2},	   {0x2e, "gfx904", 9, 0, 4},
	{0x2f, "gfx906", 9, 0, 6},	   {0x30, "gfx908", 9, 0, 8},
	{0x31, "gfx909", 9, 0, 9},	   {0x32, "gfx90c", 9, 0, 12},
	{0x3f, "gfx90a", 9, 0, 10},	   {0x40, "gfx940", 9, 4, 0},
	{0x4b, "gfx941", 9, 4, 1},	   {0x4c, "gfx942", 9, 4, 2},
	{0x33, "gfx1010", 10, 1, 0},	   {0x34, "gfx1011", 10, 1, 1},
	{0x35, "gfx1012", 10, 1, 2},	   {0x42, "gfx1013", 10, 1, 3},
	{0x36, "gfx1030", 10, 3, 0},	   {0x37, "gfx1031", 10, 3, 1},
	{0x38, "gfx1032", 10, 3, 2},	   {0x39, "gfx1033", 10, 3, 3},
	{0x3e, "gfx1034", 10, 3, 4},	   {0x3d, "gfx1035", 10, 3, 5},
	{0x45, "gfx1036", 10, 3, 6},	   {0x41, "gfx1100", 11, 0, 0},
	{0x46, "gfx1101", 11, 0, 1},	   {0x47, "gfx1102", 11, 0, 2},
	{0x44, "gfx1103", 11, 0, 3},	   {0x43, "gfx1150", 11, 5, 0},
	{0x4a, "gfx1151", 11, 5, 1},	   {0x55, "gfx1152", 11, 5, 2},
	{0x58, "gfx1153", 11, 5, 3},	   {0x48, "gfx1200", 12, 0, 0},
	{0x4e, "gfx1201", 12, 0, 1},	   {0x53, "gfx10-3-generic", 10, 3, 0},
	{0x54, "gfx11-generic", 11, 0, 0}, {0x59, "gfx12-generic", 12, 0, 0},
};

struct visit {
	code_objects_fn *fn;
	void *ctx;
	struct code_objects_error *error;
	uint32_t found; /* code objects */
};

static int __attribute__((format(printf, 2, 3))) fail(struct visit *visit, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(visit->error->text, sizeof(visit->error->text), format, list);
	va_end(list);
	return -EINVAL;
}

static int fail_elf(struct visit *visit, const char *what)
{
	return fail(visit, "%s: %s", what, elf_errmsg(-1));
}

/* ---- code objects ---- */

/* Where functions begin and end, by address. */
struct functions {
	struct function {
		uint64_t begin, end;
	} * list;
	size_t count;
};

static int by_address(const void *left, const void *right)
{
	const struct function *a = left, *b = right;

	return a->begin < b->begin ? -1 : a->begin > b->begin;
}

/* The functions of a symbol table that are in section @index, whose addresses are @begin to @end. */
static int read_functions(struct visit *visit, Elf *elf, Elf_Scn *table, size_t index, uint64_t begin,
			  uint64_t end, struct functions *functions)
{
	Elf_Data *data = elf_getdata(table, NULL);
	GElf_Shdr header;
	size_t count;

	(void)elf;
	if (!data || !gelf_getshdr(table, &header) || !header.sh_entsize)
		return fail_elf(visit, "symbols");
	count = data->d_size / header.sh_entsize;
	functions->list = calloc(count + 1, sizeof(*functions->list));
	if (!functions->list)
		return -ENOMEM;
	for (size_t i = 0; i < count && i <= INT32_MAX; i++) {
		GElf_Sym symbol;

		if (!gelf_getsym(data, (int)i, &symbol))
			return fail_elf(visit, "symbols");
		if (GELF_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx != index ||
		    symbol.st_value < begin || symbol.st_value >= end || symbol.st_value % 4)
			continue;
		functions->list[functions->count++] = (struct function){
			.begin = symbol.st_value,
			.end = symbol.st_size < end - symbol.st_value ? symbol.st_value + symbol.st_size
								      : end,
		};
	}
	qsort(functions->list, functions->count, sizeof(*functions->list), by_address);
	return 0;
}

/* The first symbol table of the kinds that linkers write, the complete one if it is there. */
static Elf_Scn *find_symbols(Elf *elf)
{
	Elf_Scn *section = NULL, *dynamic = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(elf, section))) {
		if (!gelf_getshdr(section, &header))
			continue;
		if (header.sh_type == SHT_SYMTAB)
			return section;
		if (header.sh_type == SHT_DYNSYM)
			dynamic = section;
	}
	return dynamic;
}

static void visit_words(struct visit *visit, struct code_objects_code *code, const uint32_t *words,
			uint64_t base, uint64_t begin, uint64_t end, bool function)
{
	if (begin + 4 > end)
		return;
	code->function = function;
	code->address = begin;
	code->words = words + (begin - base) / 4;
	code->count = (end - begin) / 4;
	visit->fn(code, visit->ctx);
	code->first = false;
}

/* Function by function, so that filling between two does not hide the beginning of the second. */
static void visit_functions(struct visit *visit, struct code_objects_code *code, const uint32_t *words,
			    uint64_t begin, uint64_t end, const struct functions *functions)
{
	uint64_t at = begin;

	if (!functions->count)
		visit_words(visit, code, words, begin, begin, end, true);
	for (size_t i = 0; i < functions->count; i++) {
		const struct function *function = &functions->list[i];
		uint64_t until = function->end;

		if (function->begin < at) /* another name of the same */
			continue;
		if (i + 1 < functions->count && functions->list[i + 1].begin > function->begin &&
		    functions->list[i + 1].begin < until)
			until = functions->list[i + 1].begin;
		visit_words(visit, code, words, begin, at, function->begin, false);
		visit_words(visit, code, words, begin, function->begin, until, true);
		at = until + (-until & 3);
	}
	if (functions->count)
		visit_words(visit, code, words, begin, at, end, false);
}

static int visit_section(struct visit *visit, struct code_objects_code *code, Elf *elf, Elf_Scn *section,
			 const GElf_Shdr *header)
{
	Elf_Data *data = elf_rawdata(section, NULL);
	Elf_Scn *symbols = find_symbols(elf);
	struct functions functions = {NULL, 0};
	uint32_t *words;
	size_t count;
	int error = 0;

	if (!data || (data->d_size && !data->d_buf))
		return fail_elf(visit, "code");
	count = data->d_size / 4;
	if (header->sh_addr % 4 || header->sh_addr > UINT64_MAX - data->d_size)
		return fail(visit, "code at an address that cannot be, %#llx",
			    (unsigned long long)header->sh_addr);
	words = calloc(count + 1, sizeof(*words));
	if (!words)
		return -ENOMEM;
	if (count)
		memcpy(words, data->d_buf, count * 4);
	for (size_t i = 0; i < count; i++)
		words[i] = le32toh(words[i]);
	if (symbols)
		error = read_functions(visit, elf, symbols, elf_ndxscn(section), header->sh_addr,
				       header->sh_addr + count * 4, &functions);
	if (!error)
		visit_functions(visit, code, words, header->sh_addr, header->sh_addr + count * 4, &functions);
	free(functions.list);
	free(words);
	return error;
}

static int visit_code_object(struct visit *visit, Elf *elf, const GElf_Ehdr *header)
{
	uint32_t machine = header->e_flags & PROCESSOR_MASK;
	struct code_objects_code code = {.first = true};
	Elf_Scn *section = NULL;
	char unknown[32];
	GElf_Shdr shdr;
	int error;

	visit->found++;
	snprintf(unknown, sizeof(unknown), "EF_AMDGPU_MACH %#x", machine);
	code.processor = unknown;
	for (size_t i = 0; i < sizeof(processors) / sizeof(processors[0]); i++) {
		const struct processor *processor = &processors[i];

		if (processor->machine != machine)
			continue;
		code.processor = processor->name;
		code.simulated =
			isa_target_of(processor->major, processor->minor, processor->stepping, &code.target);
	}
	if (!code.simulated) {
		visit->fn(&code, visit->ctx);
		return 0;
	}
	while ((section = elf_nextscn(elf, section))) {
		if (!gelf_getshdr(section, &shdr))
			return fail_elf(visit, "section");
		if (shdr.sh_type != SHT_PROGBITS || !(shdr.sh_flags & SHF_EXECINSTR) || !shdr.sh_size)
			continue;
		error = visit_section(visit, &code, elf, section, &shdr);
		if (error)
			return error;
	}
	return code.first ? fail(visit, "a code object for %s without code", code.processor) : 0;
}

/* ---- what they are in ---- */

static int visit_elf(struct visit *visit, const uint8_t *bytes, size_t size, bool host);

static bool starts_with(const uint8_t *bytes, size_t size, const char *magic)
{
	return size >= strlen(magic) && !memcmp(bytes, magic, strlen(magic));
}

static uint64_t read_u64(const uint8_t *bytes)
{
	uint64_t value;

	memcpy(&value, bytes, sizeof(value));
	return le64toh(value);
}

/* One bundle; @used: where it ends. */
static int visit_bundle(struct visit *visit, const uint8_t *bytes, size_t size, size_t *used)
{
	size_t at = strlen(BUNDLE_MAGIC);
	uint64_t count;
	int error;

	if (size - at < 8)
		return fail(visit, "a bundle that ends in its header");
	count = read_u64(bytes + at);
	at += 8;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t offset, length, name_length;
		const uint8_t *name;

		if (size - at < 24)
			return fail(visit, "a bundle of %llu entries that ends in its header",
				    (unsigned long long)count);
		offset = read_u64(bytes + at);
		length = read_u64(bytes + at + 8);
		name_length = read_u64(bytes + at + 16);
		at += 24;
		if (name_length > size - at)
			return fail(visit, "a bundle that ends in the name of an entry");
		name = bytes + at;
		at += name_length;
		if (offset > size || length > size - offset)
			return fail(visit, "entry %llu of a bundle is beyond its end", (unsigned long long)i);
		if (*used < offset + length)
			*used = offset + length;
		if (!length || starts_with(name, name_length, "host"))
			continue;
		if (!starts_with(bytes + offset, length, ELFMAG))
			return fail(visit, "entry %llu of a bundle, %.*s, is no ELF file",
				    (unsigned long long)i, name_length < 60 ? (int)name_length : 60,
				    (const char *)name);
		error = visit_elf(visit, bytes + offset, length, false);
		if (error)
			return error;
	}
	if (*used < at)
		*used = at;
	return 0;
}

/* Bundles one after the other, with filling between them. */
static int visit_bundles(struct visit *visit, const uint8_t *bytes, size_t size)
{
	const uint8_t *at = bytes, *end = bytes + size;
	int error = 0;

	if (starts_with(bytes, size, COMPRESSED_MAGIC))
		return fail(visit, "a compressed bundle (clang-offload-bundler unpacks it)");
	while (!error && at < end &&
	       (at = memmem(at, (size_t)(end - at), BUNDLE_MAGIC, strlen(BUNDLE_MAGIC)))) {
		size_t used = 0;

		error = visit_bundle(visit, at, (size_t)(end - at), &used);
		at += used;
	}
	return error;
}

static int visit_host(struct visit *visit, Elf *elf)
{
	Elf_Scn *section = NULL;
	size_t names;
	int error = 0;

	if (elf_getshdrstrndx(elf, &names))
		return fail_elf(visit, "section names");
	while (!error && (section = elf_nextscn(elf, section))) {
		const char *name;
		GElf_Shdr header;
		Elf_Data *data;

		if (!gelf_getshdr(section, &header))
			return fail_elf(visit, "section");
		name = elf_strptr(elf, names, header.sh_name);
		if (!name || strcmp(name, FATBIN_SECTION) || header.sh_type == SHT_NOBITS)
			continue;
		data = elf_rawdata(section, NULL);
		if (!data || (data->d_size && !data->d_buf))
			return fail_elf(visit, FATBIN_SECTION);
		error = visit_bundles(visit, data->d_buf, data->d_size);
	}
	return error;
}

/* @host: a program or library with bundles inside is as well. */
static int visit_elf(struct visit *visit, const uint8_t *bytes, size_t size, bool host)
{
	char *copy = malloc(size); /* aligned, and libelf may write */
	Elf *elf = NULL;
	GElf_Ehdr header;
	int error;

	if (!copy)
		return -ENOMEM;
	memcpy(copy, bytes, size);
	elf = elf_memory(copy, size);
	if (!elf || !gelf_getehdr(elf, &header))
		error = fail_elf(visit, "ELF file");
	else if (header.e_machine == EM_GPU && header.e_ident[EI_CLASS] == ELFCLASS64 &&
		 header.e_ident[EI_DATA] == ELFDATA2LSB)
		error = visit_code_object(visit, elf, &header);
	else if (header.e_machine == EM_GPU)
		error = fail(visit, "a code object that is not of 64 bits, or not little-endian");
	else if (host)
		error = visit_host(visit, elf);
	else
		error = fail(visit, "an entry of a bundle that is for no GPU");
	elf_end(elf);
	free(copy);
	return error;
}

int code_objects_visit(const void *bytes, size_t size, code_objects_fn *fn, void *ctx,
		       struct code_objects_error *error)
{
	struct visit visit = {.fn = fn, .ctx = ctx, .error = error};
	int rc;

	error->text[0] = '\0';
	if (elf_version(EV_CURRENT) == EV_NONE)
		return fail_elf(&visit, "libelf");
	if (starts_with(bytes, size, ELFMAG))
		rc = visit_elf(&visit, bytes, size, true);
	else if (starts_with(bytes, size, BUNDLE_MAGIC) || starts_with(bytes, size, COMPRESSED_MAGIC))
		rc = visit_bundles(&visit, bytes, size);
	else
		return fail(&visit, "neither an ELF file nor a bundle of code objects");
	if (!rc && !visit.found)
		return fail(&visit, "no code for GPUs in it");
	return rc;
}
