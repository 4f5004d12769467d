// SPDX-License-Identifier: MIT
/*
 * dxgsim --isa-coverage: code objects are found in files, bundles and programs, their instructions counted; whatever else
 * a file has in it is refused with a reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dxgsim/coverage.h"

#define MACHINE_GPU   224
#define FLAGS_GFX803  0x2a
#define FLAGS_GFX1030 0x36
#define FLAGS_GFX1100 0x41

/* gfx11: v_add_f32, v_dual_mul_f32 with v_dual_add_f32, s_endpgm */
static const uint32_t complete_code[] = {0x060a0501, 0xc8c80501, 0x05040709, 0xbfb00000};
/* ... image_load, and a word that is none */
static const uint32_t missing_code[] = {0xf0000100, 0x00000000, 0xbfb00000};
static const uint32_t illegal_code[] = {0xbfb00000, 0xffffffff};

struct file {
	uint8_t bytes[4096];
	size_t size;
};

static size_t append(struct file *file, const void *bytes, size_t size)
{
	size_t at = file->size;

	assert_true(file->size + size <= sizeof(file->bytes));
	if (size)
		memcpy(file->bytes + at, bytes, size);
	file->size += size;
	return at;
}

static const char section_names[] = "\0.code\0.hip_fatbin\0.symtab\0.shstrtab";

/* An ELF file with one section of @bytes, and symbols if there are. */
static struct file elf_file(uint16_t machine, uint32_t flags, bool code, const void *bytes, size_t size,
			    const Elf64_Sym *symbols, size_t symbol_count)
{
	Elf64_Ehdr header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = machine,
		.e_version = EV_CURRENT,
		.e_flags = flags,
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = 4,
		.e_shstrndx = 3,
	};
	Elf64_Shdr sections[4] = {
		{.sh_type = SHT_NULL},
		{.sh_name = code ? 1 : 7,
		 .sh_type = SHT_PROGBITS,
		 .sh_flags = code ? SHF_ALLOC | SHF_EXECINSTR : SHF_ALLOC,
		 .sh_addr = 0x1000,
		 .sh_addralign = 4},
		{.sh_name = 19,
		 .sh_type = SHT_SYMTAB,
		 .sh_entsize = sizeof(Elf64_Sym),
		 .sh_link = 3,
		 .sh_addralign = 8},
		{.sh_name = 27, .sh_type = SHT_STRTAB, .sh_addralign = 1},
	};
	struct file file = {.size = 0};

	append(&file, &header, sizeof(header));
	sections[2].sh_size = symbol_count * sizeof(*symbols);
	sections[2].sh_offset = append(&file, symbols, sections[2].sh_size);
	sections[1].sh_size = size;
	sections[1].sh_offset = append(&file, bytes, size);
	sections[3].sh_size = sizeof(section_names);
	sections[3].sh_offset = append(&file, section_names, sizeof(section_names));
	file.size += -file.size & 7;
	header.e_shoff = append(&file, sections, sizeof(sections));
	memcpy(file.bytes, &header, sizeof(header));
	return file;
}

static struct file code_object(uint32_t flags, const uint32_t *words, size_t count)
{
	const Elf64_Sym symbols[] = {
		{.st_name = 0},
		{.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
		 .st_shndx = 1,
		 .st_value = 0x1000,
		 .st_size = count * 4},
	};

	return elf_file(MACHINE_GPU, flags, true, words, count * 4, symbols, 2);
}

static void append_u64(struct file *file, uint64_t value)
{
	append(file, &value, sizeof(value));
}

static void append_entry(struct file *file, uint64_t offset, uint64_t size, const char *name)
{
	append_u64(file, offset);
	append_u64(file, size);
	append_u64(file, strlen(name));
	append(file, name, strlen(name));
}

static struct file bundle(const struct file *content)
{
	struct file file = {.size = 0};

	append(&file, "__CLANG_OFFLOAD_BUNDLE__", 24);
	append_u64(&file, 2);
	append_entry(&file, 256, 0, "host-x86_64-unknown-linux--");
	append_entry(&file, 256, content->size, "hipv4-amdgcn-amd-amdhsa--gfx1100");
	file.size = 256;
	append(&file, content->bytes, content->size);
	return file;
}

/* What is printed of a file; free it. */
static char *covered(const struct file *file, bool *complete)
{
	struct coverage *coverage = coverage_create();
	struct code_objects_error error;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(coverage);
	assert_non_null(out);
	assert_int_equal(coverage_add(coverage, file->bytes, file->size, &error), 0);
	*complete = coverage_print(coverage, out);
	fclose(out);
	coverage_destroy(coverage);
	return text;
}

static bool has_line(const char *text, const char *instruction, unsigned int count, const char *what)
{
	char name[64], state[32];
	unsigned int counted;

	for (; text && *text; text = strchr(text, '\n') ? strchr(text, '\n') + 1 : NULL) {
		if (sscanf(text, " %*s %63s %u %31s", name, &counted, state) == 3 &&
		    !strcmp(name, instruction))
			return counted == count && !strcmp(state, what);
	}
	return false;
}

static void expect_complete(const struct file *file, unsigned int times)
{
	bool complete;
	char *text = covered(file, &complete);

	assert_true(complete);
	assert_true(has_line(text, "v_add_f32", times, "implemented"));
	assert_true(has_line(text, "v_dual_mul_f32", times, "implemented"));
	assert_true(has_line(text, "v_dual_add_f32", times, "implemented"));
	assert_true(has_line(text, "s_endpgm", times, "implemented"));
	assert_non_null(strstr(text, "  0 of 4 are missing\n"));
	free(text);
}

static void instructions_are_counted(void **state)
{
	struct file object = code_object(FLAGS_GFX1100, complete_code, 4);

	(void)state;
	expect_complete(&object, 1);
}

static void bundles_are_opened(void **state)
{
	struct file object = code_object(FLAGS_GFX1100, complete_code, 4), file = bundle(&object);

	(void)state;
	expect_complete(&file, 1);
}

static void programs_have_bundles(void **state)
{
	struct file object = code_object(FLAGS_GFX1100, complete_code, 4), inner = bundle(&object), both,
		    program;

	(void)state;
	both = inner;
	both.size += -both.size & 255;
	append(&both, inner.bytes, inner.size);
	program = elf_file(EM_X86_64, 0, false, both.bytes, both.size, NULL, 0);
	expect_complete(&program, 2);
}

static void what_is_missing_is_named(void **state)
{
	struct file object = code_object(FLAGS_GFX1100, missing_code, 3);
	bool complete;
	char *text = covered(&object, &complete);

	(void)state;
	assert_false(complete);
	assert_true(has_line(text, "image_load", 1, "missing"));
	assert_true(has_line(text, "s_endpgm", 1, "implemented"));
	assert_non_null(strstr(text, "  1 of 2 are missing\n"));
	free(text);
}

static void words_that_are_no_instruction_are_told(void **state)
{
	struct file object = code_object(FLAGS_GFX1100, illegal_code, 2);
	bool complete;
	char *text = covered(&object, &complete);

	(void)state;
	assert_false(complete);
	assert_non_null(strstr(text, "  1 words are no instruction, the first, ffffffff, at 0x1004\n"));
	free(text);
}

/* Between functions there may be anything. */
static void filling_is_not_code(void **state)
{
	static const uint32_t words[] = {0xbfb00000, 0xbf800000, 0, 0xffffffff, 0xbf9f0000, 0xbfb00000};
	const Elf64_Sym symbols[] = {
		{.st_name = 0},
		{.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
		 .st_shndx = 1,
		 .st_value = 0x1014,
		 .st_size = 4},
		{.st_info = ELF64_ST_INFO(STB_LOCAL, STT_FUNC),
		 .st_shndx = 1,
		 .st_value = 0x1000,
		 .st_size = 4},
	};
	struct file object = elf_file(MACHINE_GPU, FLAGS_GFX1100, true, words, sizeof(words), symbols, 3);
	bool complete;
	char *text = covered(&object, &complete);

	(void)state;
	assert_true(complete);
	assert_true(has_line(text, "s_endpgm", 2, "implemented"));
	assert_non_null(strstr(text, "gfx1100: 1 code object, 2 instructions\n"));
	assert_non_null(strstr(text, "  0 of 1 are missing\n"));
	free(text);
}

static void other_processors_are_named(void **state)
{
	struct file object = code_object(FLAGS_GFX803, complete_code, 4);
	bool complete;
	char *text = covered(&object, &complete);

	(void)state;
	assert_false(complete);
	assert_string_equal(text, "gfx803: 1 code object, not simulated\n\n");
	free(text);
}

static int refused(const void *bytes, size_t size, char reason[160])
{
	struct coverage *coverage = coverage_create();
	/* its own memory, so that a sanitizer sees what is read beyond it */
	void *copy = malloc(size);
	struct code_objects_error error;
	int rc;

	assert_non_null(coverage);
	assert_true(copy || !size);
	if (size)
		memcpy(copy, bytes, size);
	rc = coverage_add(coverage, copy, size, &error);
	if (rc)
		assert_true(error.text[0]);
	snprintf(reason, 160, "%s", error.text);
	free(copy);
	coverage_destroy(coverage);
	return rc;
}

static void expect_refused(const struct file *file, const char *part)
{
	char reason[160];

	assert_int_equal(refused(file->bytes, file->size, reason), -EINVAL);
	if (!strstr(reason, part))
		fail_msg("'%s' does not say '%s'", reason, part);
}

static void reasons_are_given(void **state)
{
	struct file object = code_object(FLAGS_GFX1100, complete_code, 4), file;
	uint64_t beyond = 1ULL << 63;

	(void)state;
	file = (struct file){.size = 0};
	expect_refused(&file, "neither");
	append(&file, "#!/bin/sh\n", 10);
	expect_refused(&file, "neither");
	file = elf_file(EM_X86_64, 0, true, complete_code, 16, NULL, 0);
	expect_refused(&file, "no code for GPUs");
	file = elf_file(MACHINE_GPU, FLAGS_GFX1100, false, complete_code, 16, NULL, 0);
	expect_refused(&file, "without code");
	file = code_object(FLAGS_GFX1100, complete_code, 4);
	file.bytes[EI_DATA] = ELFDATA2MSB;
	expect_refused(&file, "");
	file = (struct file){.size = 0};
	append(&file, "CCOB", 4);
	expect_refused(&file, "compressed");
	file = bundle(&object);
	file.size = 28;
	expect_refused(&file, "ends in its header");
	file = bundle(&object);
	file.size = 60;
	expect_refused(&file, "ends in the name");
	file = bundle(&object);
	file.size -= 1;
	expect_refused(&file, "beyond its end");
	/* offsets that overflow: of the second entry, behind magic, count, the first and its name */
	file = bundle(&object);
	memcpy(file.bytes + 24 + 8 + 24 + 27, &beyond, 8);
	expect_refused(&file, "beyond its end");
	file = bundle(&object);
	memset(file.bytes + 256, 'x', 4);
	expect_refused(&file, "is no ELF file");
	file = bundle(&object);
	memset(file.bytes + 24, 0xff, 8);
	expect_refused(&file, "ends in");
}

/* Cut off anywhere, and with any byte changed: an answer, and if it is no, a reason. */
static void hostile_files_are_survived(void **state)
{
	static const uint8_t patterns[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
	struct file object = code_object(FLAGS_GFX1030, complete_code, 4), inner = bundle(&object),
		    program = elf_file(EM_X86_64, 0, false, inner.bytes, inner.size, NULL, 0);
	struct file *files[] = {&object, &inner, &program};
	unsigned int refusals = 0;
	char reason[160];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct file *file = files[i];

		for (size_t size = 0; size < file->size; size++)
			refusals += refused(file->bytes, size, reason) != 0;
		for (size_t at = 0; at < file->size; at++) {
			uint8_t byte = file->bytes[at];

			for (size_t j = 0; j < sizeof(patterns); j++) {
				file->bytes[at] = patterns[j];
				refusals += refused(file->bytes, file->size, reason) != 0;
			}
			file->bytes[at] = byte;
		}
		assert_int_equal(refused(file->bytes, file->size, reason), 0);
	}
	assert_true(refusals > 1000);
}

/* ---- the program ---- */

static int run(const char *arguments)
{
	char command[1024];
	int status;

	snprintf(command, sizeof(command), "%s --isa-coverage %s >/dev/null 2>&1", DXGSIM, arguments);
	status = system(command);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void write_file(const char *directory, const char *name, const struct file *file)
{
	char path[128];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	out = fopen(path, "we");
	assert_non_null(out);
	assert_int_equal(fwrite(file->bytes, 1, file->size, out), file->size);
	assert_int_equal(fclose(out), 0);
}

static void status_says_it(void **state)
{
	struct file good = code_object(FLAGS_GFX1100, complete_code, 4),
		    bad = code_object(FLAGS_GFX1100, missing_code, 3),
		    other = code_object(FLAGS_GFX803, complete_code, 4), empty = {.size = 0};
	char directory[] = "/tmp/isa-coverage-XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(directory));
	write_file(directory, "good", &good);
	write_file(directory, "bad", &bad);
	write_file(directory, "other", &other);
	write_file(directory, "empty", &empty);
	assert_int_equal(chdir(directory), 0);
	assert_int_equal(run(""), 0);
	assert_int_equal(run("good"), 0);
	assert_int_equal(run("good other"), 0);
	assert_int_equal(run("bad"), 1);
	assert_int_equal(run("good bad"), 1);
	assert_int_equal(run("other"), 1);
	assert_int_equal(run("good empty"), 65);
	assert_int_equal(run("/dev/zero"), 65);
	assert_int_equal(run("nothing"), 65);
	assert_int_equal(run("."), 65);
	assert_int_equal(unlink("good") | unlink("bad") | unlink("other") | unlink("empty"), 0);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(rmdir(directory), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instructions_are_counted),
		cmocka_unit_test(bundles_are_opened),
		cmocka_unit_test(programs_have_bundles),
		cmocka_unit_test(what_is_missing_is_named),
		cmocka_unit_test(words_that_are_no_instruction_are_told),
		cmocka_unit_test(filling_is_not_code),
		cmocka_unit_test(other_processors_are_named),
		cmocka_unit_test(reasons_are_given),
		cmocka_unit_test(hostile_files_are_survived),
		cmocka_unit_test(status_says_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
