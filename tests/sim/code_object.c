// SPDX-License-Identifier: MIT
#include "code_object.h"

#include <fcntl.h>
#include <gelf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "aql_user.h"

#define R_AMDGPU_RELATIVE64 13u /* LLVM AMDGPU usage, "Relocation Records" */
#define HUGE_OBJECT	    (64u << 20)

static void must(bool fine, const char *what)
{
	if (!fine)
		fail_msg("code object: %s", what);
}

static void load_segments(struct code_object *object, const struct machine *machine, Elf *elf)
{
	size_t count = 0, file_bytes;
	const char *file = elf_rawfile(elf, &file_bytes);
	GElf_Phdr segment;

	must(file && !elf_getphdrnum(elf, &count), elf_errmsg(-1));
	for (size_t i = 0; i < count; i++) {
		must(gelf_getphdr(elf, (int)i, &segment) != NULL, elf_errmsg(-1));
		if (segment.p_type == PT_LOAD && segment.p_vaddr + segment.p_memsz > object->bytes)
			object->bytes = segment.p_vaddr + segment.p_memsz;
	}
	assert_in_range(object->bytes, 1, HUGE_OBJECT);
	object->memory = aql_alloc(machine, object->bytes, true);
	for (size_t i = 0; i < count; i++) {
		must(gelf_getphdr(elf, (int)i, &segment) != NULL, elf_errmsg(-1));
		if (segment.p_type != PT_LOAD)
			continue;
		must(segment.p_offset <= file_bytes && segment.p_filesz <= file_bytes - segment.p_offset &&
			     segment.p_filesz <= segment.p_memsz,
		     "a segment that is not in the file");
		memcpy(object->memory + segment.p_vaddr, file + segment.p_offset, segment.p_filesz);
	}
}

static void relocate(const struct code_object *object, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Rela rela;
	uint64_t value;

	must(data && header->sh_entsize, "no relocations where they should be");
	for (size_t i = 0; i < header->sh_size / header->sh_entsize; i++) {
		must(gelf_getrela(data, (int)i, &rela) != NULL, elf_errmsg(-1));
		must(GELF_R_TYPE(rela.r_info) == R_AMDGPU_RELATIVE64, "a relocation of another kind");
		must(rela.r_offset <= object->bytes - 8, "a relocation of what is not there");
		value = (uint64_t)(uintptr_t)object->memory + (uint64_t)rela.r_addend;
		memcpy(object->memory + rela.r_offset, &value, sizeof(value));
	}
}

static void remember(struct code_object *object, const char *name, uint64_t address)
{
	size_t length = strlen(name) + 1;

	object->symbols = realloc(object->symbols, object->symbol_bytes + length + sizeof(address));
	assert_non_null(object->symbols);
	memcpy(object->symbols + object->symbol_bytes, name, length);
	memcpy(object->symbols + object->symbol_bytes + length, &address, sizeof(address));
	object->symbol_bytes += length + sizeof(address);
}

static void read_symbols(struct code_object *object, Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);
	const char *name;
	GElf_Sym symbol;

	must(data && header->sh_entsize, "no symbols where they should be");
	for (size_t i = 0; i < header->sh_size / header->sh_entsize; i++) {
		must(gelf_getsym(data, (int)i, &symbol) != NULL, elf_errmsg(-1));
		name = elf_strptr(elf, header->sh_link, symbol.st_name);
		if (name && GELF_ST_TYPE(symbol.st_info) == STT_OBJECT && symbol.st_value < object->bytes)
			remember(object, name, (uint64_t)(uintptr_t)object->memory + symbol.st_value);
	}
}

struct code_object code_object_load(const struct machine *machine, const char *path)
{
	struct code_object object = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	Elf *elf;

	if (fd < 0)
		fail_msg("%s cannot be opened", path);
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	must(elf && elf_kind(elf) == ELF_K_ELF, "no ELF file");
	load_segments(&object, machine, elf);
	while ((section = elf_nextscn(elf, section)) != NULL) {
		must(gelf_getshdr(section, &header) != NULL, elf_errmsg(-1));
		if (header.sh_type == SHT_RELA)
			relocate(&object, section, &header);
		else if (header.sh_type == SHT_DYNSYM)
			read_symbols(&object, elf, section, &header);
	}
	elf_end(elf);
	close(fd);
	return object;
}

void code_object_unload(struct code_object *object)
{
	aql_free(object->memory);
	free(object->symbols);
	*object = (struct code_object){0};
}

uint64_t code_object_kernel(const struct code_object *object, const char *name)
{
	const char *at = object->symbols, *end = at + object->symbol_bytes;
	size_t length = strlen(name);
	uint64_t address;

	for (; at < end; at += strlen(at) + 1 + sizeof(address)) {
		if (strncmp(at, name, length) || strcmp(at + length, ".kd"))
			continue;
		memcpy(&address, at + strlen(at) + 1, sizeof(address));
		return address;
	}
	fail_msg("the code object has no kernel %s", name);
	return 0;
}
