// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "isa_machine.h"
#include "isa_seen.h"

#define ASSEMBLER "llvm-mc-19"

struct isa_machine isa_machine;

/* ---- memory ---- */

static uint8_t *at(enum isa_path path, uint64_t va, uint32_t bytes)
{
	uint64_t in_code = va - ISA_MACHINE_CODE, in_data = va - ISA_MACHINE_DATA;

	if (in_code < isa_machine.code_bytes && bytes <= isa_machine.code_bytes - in_code)
		return isa_machine.code + in_code;
	if (path != ISA_CODE && in_data < ISA_MACHINE_BYTES && bytes <= ISA_MACHINE_BYTES - in_data)
		return isa_machine.data + in_data;
	return NULL;
}

static bool machine_read(void *unit, enum isa_path path, enum isa_scope scope, uint64_t va, void *to,
			 uint32_t bytes)
{
	const uint8_t *from = at(path, va, bytes);

	(void)unit;
	if (path == ISA_CODE) {
		isa_machine.code_reads++;
	} else {
		isa_machine.path = path;
		isa_machine.scope = scope;
	}
	if (from)
		memcpy(to, from, bytes);
	return from;
}

static bool machine_write(void *unit, enum isa_scope scope, uint64_t va, const void *from, uint32_t bytes)
{
	uint8_t *to = at(ISA_VECTOR, va, bytes);

	(void)unit;
	isa_machine.scope = scope;
	if (to)
		memcpy(to, from, bytes);
	return to;
}

static bool machine_atomic(void *unit, enum isa_scope scope, uint64_t va, uint32_t bytes, isa_modify *modify,
			   const void *operands, uint64_t *old)
{
	uint8_t *word = at(ISA_VECTOR, va, bytes);
	uint64_t value = 0;

	(void)unit;
	isa_machine.scope = scope;
	if (!word)
		return false;
	memcpy(&value, word, bytes);
	*old = value;
	value = modify(value, operands);
	memcpy(word, &value, bytes);
	return true;
}

static void machine_cache(void *unit, uint32_t actions)
{
	(void)unit;
	isa_machine.cache_actions |= actions;
}

static uint64_t machine_clock(void *unit)
{
	(void)unit;
	return ++isa_machine.clock;
}

static uint64_t machine_realtime(void *unit)
{
	(void)unit;
	return 0x0123456789abcdef;
}

static const struct isa_machine_ops ops = {
	.read = machine_read,
	.write = machine_write,
	.atomic = machine_atomic,
	.cache = machine_cache,
	.clock = machine_clock,
	.realtime = machine_realtime,
};

void isa_machine_start(enum isa_target target)
{
	memset(&isa_machine, 0, sizeof(isa_machine));
	isa_machine.target = target;
	assert_int_equal(isa_unit_init(&isa_machine.unit, target, &ops, &isa_machine), 0);
}

void isa_machine_stop(void)
{
	isa_unit_release(&isa_machine.unit);
}

/* ---- programs ---- */

static bool is_text(Elf *elf, Elf_Scn *section)
{
	size_t names;
	GElf_Shdr header;

	return elf_getshdrstrndx(elf, &names) == 0 && gelf_getshdr(section, &header) &&
	       strcmp(elf_strptr(elf, names, header.sh_name), ".text") == 0;
}

static void take_text(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf_Scn *section = NULL;
	Elf_Data *text;
	Elf *elf;

	assert_true(fd >= 0);
	assert_int_not_equal(elf_version(EV_CURRENT), EV_NONE);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	assert_non_null(elf);
	while ((section = elf_nextscn(elf, section)) && !is_text(elf, section))
		;
	assert_non_null(section);
	text = elf_getdata(section, NULL);
	assert_non_null(text);
	isa_machine_words(text->d_buf, (uint32_t)(text->d_size / sizeof(uint32_t)));
	elf_end(elf);
	close(fd);
}

void isa_machine_program(const char *text, uint32_t wave_size)
{
	static const char *const processors[ISA_TARGETS] = {"gfx1030", "gfx1100", "gfx1151", "gfx1201"};
	char path[] = "/tmp/isa-machine-XXXXXX", command[256];
	int fd, status;
	FILE *pipe;

	if (system("command -v " ASSEMBLER " >/dev/null"))
		skip();
	fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	snprintf(command, sizeof(command),
		 ASSEMBLER " -arch=amdgcn -mcpu=%s -mattr=+wavefrontsize%u%s -filetype=obj -o %s -",
		 processors[isa_machine.target], wave_size, wave_size == 64 ? ",-wavefrontsize32" : "", path);
	pipe = popen(command, "w");
	assert_non_null(pipe);
	assert_true(fputs(text, pipe) >= 0);
	status = pclose(pipe);
	if (status)
		fail_msg("not assembled for %s:\n%s", processors[isa_machine.target], text);
	take_text(path);
	unlink(path);
}

void isa_machine_words(const uint32_t *words, uint32_t count)
{
	assert_true(count * sizeof(*words) <= sizeof(isa_machine.code));
	memcpy(isa_machine.code, words, count * sizeof(*words));
	isa_machine.code_bytes = (uint32_t)(count * sizeof(*words));
	isa_unit_forget_code(&isa_machine.unit);
	seen_program(isa_machine.target, words, count);
}

/* ---- groups ---- */

struct isa_launch isa_machine_launch(uint32_t wave_size)
{
	return (struct isa_launch){
		.code = ISA_MACHINE_CODE,
		.rsrc1 = 0xf0U << 12 | 1U << 21 | 1U << 23, /* denormals, DX10_CLAMP, IEEE */
		.rsrc2 = 7U << 7,			    /* ids of the group */
		.wave_size = wave_size,
		.vgprs = 32,
	};
}

struct isa_group *isa_machine_group(const struct isa_launch *launch, uint32_t items)
{
	const uint32_t id[3] = {3, 5, 7}, size[3] = {items, 1, 1};
	struct isa_group *group = isa_group_create(launch, id, size, 0);

	assert_non_null(group);
	return group;
}

enum isa_outcome isa_machine_run(struct isa_group *group)
{
	return isa_group_run(group, &isa_machine.unit, 1000000);
}
