// SPDX-License-Identifier: MIT
/*
 * Loaders bring segments into memory as they are in the file, one behind the other, and the first begins with the ELF
 * header and has the dynamic symbols (LLVM AMDGPU usage, "Loaded Code Object Path Uniform Resource Identifier", "Code
 * Object"; System V ABI, "Dynamic Section").
 */
#include "dxgsim/gpu/symbol.h"

#include <ctype.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef EM_AMDGPU
#define EM_AMDGPU 224
#endif

#define PAGE	    4096U
#define PAGES	    16384U /* that are looked at, from the code back */
#define HEADERS	    64U
#define DYNAMIC	    256U
#define SYMBOLS	    65536U
#define AT_ONCE	    64U
#define HASH_NCHAIN 4U /* bytes from the start of DT_HASH */

struct image {
	struct gpu_memory *memory;
	uint64_t base; /* where address 0 of the file is */
	uint64_t symbols, strings, string_bytes, hash;
};

static bool read_at(struct gpu_memory *memory, uint64_t va, void *to, uint32_t bytes)
{
	return gpu_memory_read(memory, va, GPU_READ, to, bytes, GPU_CACHE_NO_ALLOCATE);
}

static bool is_header(const Elf64_Ehdr *header)
{
	return !memcmp(header->e_ident, ELFMAG, SELFMAG) && header->e_ident[EI_CLASS] == ELFCLASS64 &&
	       header->e_ident[EI_DATA] == ELFDATA2LSB && header->e_machine == EM_AMDGPU &&
	       header->e_type == ET_DYN && header->e_phentsize == sizeof(Elf64_Phdr) && header->e_phnum &&
	       header->e_phnum <= HEADERS;
}

/* The header in front of the code: at the start of a page, and nothing between that is not mapped. */
static bool find_header(struct gpu_memory *memory, uint64_t code, Elf64_Ehdr *header, uint64_t *va)
{
	*va = code - code % PAGE;
	for (uint32_t i = 0; i < PAGES; i++, *va -= PAGE) {
		if (!read_at(memory, *va, header, sizeof(*header)))
			return false;
		if (is_header(header))
			return true;
		if (*va < PAGE)
			return false;
	}
	return false;
}

/* Where the dynamic section is; and the file's addresses count from the segment that has the header. */
static bool find_dynamic(struct image *image, const Elf64_Ehdr *header, uint64_t va, uint64_t *dynamic)
{
	bool based = false;
	Elf64_Phdr segment;

	*dynamic = 0;
	for (uint32_t i = 0; i < header->e_phnum; i++) {
		if (!read_at(image->memory, va + header->e_phoff + i * sizeof(segment), &segment,
			     sizeof(segment)))
			return false;
		if (segment.p_type == PT_LOAD && !segment.p_offset) {
			image->base = va - segment.p_vaddr;
			based = true;
		}
		if (segment.p_type == PT_DYNAMIC)
			*dynamic = segment.p_vaddr;
	}
	return based && *dynamic;
}

static bool read_dynamic(struct image *image, uint64_t dynamic)
{
	Elf64_Dyn entry;

	for (uint32_t i = 0; i < DYNAMIC; i++) {
		if (!read_at(image->memory, image->base + dynamic + i * sizeof(entry), &entry, sizeof(entry)))
			return false;
		switch (entry.d_tag) {
		case DT_NULL:
			return image->symbols && image->strings;
		case DT_SYMTAB:
			image->symbols = entry.d_un.d_ptr;
			break;
		case DT_STRTAB:
			image->strings = entry.d_un.d_ptr;
			break;
		case DT_STRSZ:
			image->string_bytes = entry.d_un.d_val;
			break;
		case DT_HASH:
			image->hash = entry.d_un.d_ptr;
			break;
		default:
			break;
		}
	}
	return false;
}

/* The hash table tells; without one, linkers have the names behind the symbols. */
static uint32_t symbol_count(const struct image *image)
{
	uint32_t count = 0;
	uint64_t bytes;

	if (image->hash &&
	    read_at(image->memory, image->base + image->hash + HASH_NCHAIN, &count, sizeof(count)))
		return count < SYMBOLS ? count : SYMBOLS;
	bytes = image->strings > image->symbols ? image->strings - image->symbols : 0;
	return bytes / sizeof(Elf64_Sym) < SYMBOLS ? (uint32_t)(bytes / sizeof(Elf64_Sym)) : SYMBOLS;
}

static bool read_name(const struct image *image, uint32_t offset, char *name)
{
	uint64_t va = image->base + image->strings + offset;
	uint32_t used = 0;

	while (used < GPU_SYMBOL_MAX - 1 && offset + used < image->string_bytes) {
		if (!read_at(image->memory, va + used, name + used, 1))
			return false;
		if (!name[used])
			return used > 0;
		if (!isprint((unsigned char)name[used]))
			return false;
		used++;
	}
	name[used] = '\0';
	return used > 0;
}

static bool find_symbol(const struct image *image, uint64_t code, char *name)
{
	uint32_t count = symbol_count(image);
	Elf64_Sym symbols[AT_ONCE];

	for (uint32_t first = 0; first < count; first += AT_ONCE) {
		uint32_t here = count - first < AT_ONCE ? count - first : AT_ONCE;

		if (!read_at(image->memory, image->base + image->symbols + first * sizeof(symbols[0]),
			     symbols, here * (uint32_t)sizeof(symbols[0])))
			return false;
		for (uint32_t i = 0; i < here; i++)
			if (ELF64_ST_TYPE(symbols[i].st_info) == STT_FUNC && symbols[i].st_shndx &&
			    image->base + symbols[i].st_value == code &&
			    read_name(image, symbols[i].st_name, name))
				return true;
	}
	return false;
}

/*
 * Of the C++ runtime of the program under test, if it has one (Itanium C++ ABI, "Demangler API").  Not by dlsym(), which
 * waits for a dlopen(), whose constructors may wait for the GPU.
 */
extern char *__cxa_demangle(const char *mangled, char *buffer, size_t *size, int *status)
	__attribute__((weak));

/* As a person would write it. */
static void demangle(char *name)
{
	char *readable;
	int status = 0;

	if (!__cxa_demangle || name[0] != '_' || name[1] != 'Z')
		return;
	readable = __cxa_demangle(name, NULL, NULL, &status);
	if (readable && !status)
		snprintf(name, GPU_SYMBOL_MAX, "%s", readable);
	free(readable);
}

bool gpu_symbol_find(struct gpu_memory *memory, uint64_t code, char *name)
{
	struct image image = {.memory = memory};
	struct gpu_fault before = memory->fault;
	uint64_t header_va, dynamic;
	Elf64_Ehdr header;
	bool found;

	found = find_header(memory, code, &header, &header_va) &&
		find_dynamic(&image, &header, header_va, &dynamic) && read_dynamic(&image, dynamic) &&
		find_symbol(&image, code, name);
	memory->fault = before;
	if (found)
		demangle(name);
	return found;
}
