// SPDX-License-Identifier: MIT
/*
 * Runs the programs of isa_random.py: as the host has compiled them, and as compilers have for GPUs, on shader processors
 * around which there is nothing but plain memory.  What both leave in memory has to be the same.
 *
 *   isa_random_run HOST.so CODE_OBJECT...
 *
 * A line for every code object that differs; the exit code says whether one does.
 */
#include <dlfcn.h>
#include <err.h>
#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dxgsim/isa/isa.h"
#include "isa_seen.h"

#define IN_WORDS     1024U
#define OWN_WORDS    16U
#define SHARED_WORDS 128U
#define ITEMS	     256U
#define OUT_WORDS    32U
#define GROUPS	     2U

#define CODE	0x7f0000000000U
#define DATA	0x7e0000000000U
#define SCRATCH 0x7d0000000000U
#define STACK	16384U /* bytes of a lane, beside what the kernel says it needs */
#define BUDGET	40000000U

#define EF_AMDGPU_MACH(flags)	((flags)&0xffU)
#define R_AMDGPU_RELATIVE64	13U
#define RSRC1_VGPRS(rsrc1)	((rsrc1)&0x3fU)
#define RSRC2_USER_SGPRS(rsrc2) ((rsrc2) >> 1 & 0x1fU)

/* All that a program reads and writes: in, out, own, shared, arguments. */
struct memory {
	uint32_t in[IN_WORDS];
	uint32_t out[GROUPS * ITEMS * OUT_WORDS];
	uint32_t own[GROUPS * ITEMS * OWN_WORDS];
	uint32_t shared[SHARED_WORDS];
	uint64_t arguments[64];
};

struct program {
	uint32_t size[3]; /* of a group */
	void (*run)(uint32_t wave, uint32_t group, const uint32_t *in, uint32_t *out, uint32_t *own,
		    uint32_t *shared);
};

struct object {
	const char *path;
	enum isa_target target;
	uint8_t *image;
	uint64_t bytes;
};

struct descriptor {
	uint32_t lds_bytes, scratch_bytes, kernarg_bytes, reserved0;
	int64_t entry;
	uint32_t reserved1[5];
	uint32_t rsrc3, rsrc1, rsrc2;
	uint16_t properties, preload;
	uint32_t reserved2;
};

static struct {
	struct memory data;
	struct object object;
	uint8_t *scratch;
	uint64_t scratch_bytes;
} machine;

static uint64_t instructions, dispatches;

/* ---- memory ---- */

static void *at(uint64_t va, uint32_t bytes)
{
	const struct {
		uint64_t va, bytes;
		void *memory;
	} ranges[] = {
		{CODE, machine.object.bytes, machine.object.image},
		{DATA, sizeof(machine.data), &machine.data},
		{SCRATCH, machine.scratch_bytes, machine.scratch},
	};

	for (uint32_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (va >= ranges[i].va && va - ranges[i].va < ranges[i].bytes &&
		    bytes <= ranges[i].bytes - (va - ranges[i].va))
			return (char *)ranges[i].memory + (va - ranges[i].va);
	return NULL;
}

static bool machine_read(void *unit, enum isa_path path, enum isa_scope scope, uint64_t va, void *to,
			 uint32_t bytes)
{
	const void *from = at(va, bytes);

	(void)unit, (void)path, (void)scope;
	if (from)
		memcpy(to, from, bytes);
	return from;
}

static bool machine_write(void *unit, enum isa_scope scope, uint64_t va, const void *from, uint32_t bytes)
{
	void *to = at(va, bytes);

	(void)unit, (void)scope;
	if (to)
		memcpy(to, from, bytes);
	return to;
}

static bool machine_atomic(void *unit, enum isa_scope scope, uint64_t va, uint32_t bytes, isa_modify *modify,
			   const void *operands, uint64_t *old)
{
	void *word = at(va, bytes);

	(void)unit, (void)scope;
	if (!word)
		return false;
	*old = 0;
	memcpy(old, word, bytes);
	memcpy(word, &(uint64_t){modify(*old, operands)}, bytes);
	return true;
}

static void machine_cache(void *unit, uint32_t actions)
{
	(void)unit, (void)actions;
}

static uint64_t machine_clock(void *unit)
{
	static uint64_t now;

	(void)unit;
	return ++now;
}

static const struct isa_machine_ops ops = {
	.read = machine_read,
	.write = machine_write,
	.atomic = machine_atomic,
	.cache = machine_cache,
	.clock = machine_clock,
	.realtime = machine_clock,
};

static uint32_t mixed(uint32_t x)
{
	x = (x ^ x >> 16) * 0x7feb352dU;
	x = (x ^ x >> 15) * 0x846ca68bU;
	return x ^ x >> 16;
}

static void fill(struct memory *memory)
{
	static const uint32_t corners[] = {
		0,	    1,		0xffffffff, 0x80000000, 0x7fffffff, 0x00010000,
		0x0000ffff, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x00000001,
		0x80000001, 0x00800000, 0x007fffff, 0x7f7fffff, 0x3c003c00, 0x7bff0400,
		0x03ff8001, 0x4f800000, 0xcf000000, 0x3ff00000, 0x7fe00000, 0x80008000,
	};
	const uint32_t count = sizeof(corners) / sizeof(corners[0]);

	memset(memory, 0, sizeof(*memory));
	for (uint32_t i = 0; i < IN_WORDS; i++)
		memory->in[i] = mixed(i) % 4 ? mixed(i + 7777) >> (mixed(i + 5555) & 24)
					     : corners[mixed(i + 3333) % count];
	for (uint32_t i = 0; i < GROUPS * ITEMS * OWN_WORDS; i++)
		memory->own[i] = mixed(i + 99999);
}

/* ---- code objects ---- */

static enum isa_target target_of(const char *path, uint32_t machine_number)
{
	static const struct {
		uint32_t number;
		enum isa_target target;
	} list[] = {{0x36, ISA_GFX10_3}, {0x41, ISA_GFX11}, {0x4a, ISA_GFX11_5}, {0x4e, ISA_GFX12}};

	for (uint32_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (list[i].number == machine_number)
			return list[i].target;
	errx(2, "%s: code for machine %#x", path, machine_number);
}

static void take_segments(struct object *object, Elf *elf)
{
	size_t count = 0, file_bytes;
	const char *file = elf_rawfile(elf, &file_bytes);
	GElf_Phdr segment;

	if (!file || elf_getphdrnum(elf, &count))
		errx(2, "%s: %s", object->path, elf_errmsg(-1));
	for (size_t i = 0; i < count; i++)
		if (gelf_getphdr(elf, (int)i, &segment) && segment.p_type == PT_LOAD &&
		    segment.p_vaddr + segment.p_memsz > object->bytes)
			object->bytes = segment.p_vaddr + segment.p_memsz;
	object->image = calloc(1, object->bytes);
	if (!object->image)
		err(2, "%s", object->path);
	for (size_t i = 0; i < count; i++)
		if (gelf_getphdr(elf, (int)i, &segment) && segment.p_type == PT_LOAD)
			memcpy(object->image + segment.p_vaddr, file + segment.p_offset, segment.p_filesz);
}

static void relocate(const struct object *object, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Rela rela;

	for (size_t i = 0; data && i < header->sh_size / header->sh_entsize; i++) {
		if (!gelf_getrela(data, (int)i, &rela) || GELF_R_TYPE(rela.r_info) != R_AMDGPU_RELATIVE64 ||
		    rela.r_offset > object->bytes - 8)
			errx(2, "%s: a relocation of another kind", object->path);
		memcpy(object->image + rela.r_offset, &(uint64_t){CODE + (uint64_t)rela.r_addend}, 8);
	}
}

static void see_text(const struct object *object, Elf_Scn *section)
{
	Elf_Data *data = elf_getdata(section, NULL);

	if (data)
		seen_program(object->target, data->d_buf, (uint32_t)(data->d_size / sizeof(uint32_t)));
}

static Elf *open_object(struct object *object, int fd)
{
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	GElf_Ehdr file;

	if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &file))
		errx(2, "%s is no ELF file", object->path);
	object->target = target_of(object->path, EF_AMDGPU_MACH(file.e_flags));
	take_segments(object, elf);
	while ((section = elf_nextscn(elf, section)) != NULL) {
		if (!gelf_getshdr(section, &header))
			errx(2, "%s: %s", object->path, elf_errmsg(-1));
		if (header.sh_type == SHT_RELA)
			relocate(object, section, &header);
		else if (header.sh_type == SHT_PROGBITS && header.sh_flags & SHF_EXECINSTR)
			see_text(object, section);
	}
	return elf;
}

/* Its address in the image, or ~0. */
static uint64_t symbol_of(Elf *elf, const char *wanted)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	GElf_Sym symbol;

	while ((section = elf_nextscn(elf, section)) != NULL) {
		Elf_Data *data = elf_getdata(section, NULL);

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_DYNSYM)
			continue;
		for (int i = 0; gelf_getsym(data, i, &symbol); i++) {
			const char *name = elf_strptr(elf, header.sh_link, symbol.st_name);

			if (name && strcmp(name, wanted) == 0)
				return symbol.st_value;
		}
	}
	return ~0ULL;
}

/* ---- dispatches ---- */

static void put(struct isa_launch *launch, uint64_t value, bool wanted)
{
	if (!wanted)
		return;
	if (launch->user_sgpr_count + 2 > ISA_USER_SGPRS)
		errx(2, "too many user SGPRs");
	launch->user_sgprs[launch->user_sgpr_count++] = (uint32_t)value;
	launch->user_sgprs[launch->user_sgpr_count++] = (uint32_t)(value >> 32);
}

/* LLVM AMDGPU usage, "Initial Kernel Execution State" and "Kernel Descriptor". */
static struct isa_launch launch_of(const struct object *object, uint64_t kernel)
{
	struct descriptor descriptor;
	struct isa_launch launch = {0};
	uint32_t grain;

	memcpy(&descriptor, object->image + kernel, sizeof(descriptor));
	launch.code = CODE + kernel + (uint64_t)descriptor.entry;
	launch.rsrc1 = descriptor.rsrc1;
	launch.rsrc2 = descriptor.rsrc2;
	launch.rsrc3 = descriptor.rsrc3;
	launch.wave_size = descriptor.properties >> 10 & 1 ? 32 : 64;
	grain = launch.wave_size == 32 ? 8 : 4;
	launch.vgprs = (RSRC1_VGPRS(descriptor.rsrc1) + 1) * grain;
	launch.lds_bytes = descriptor.lds_bytes;
	launch.scratch_wave_bytes = (descriptor.scratch_bytes + STACK) / 16 * 16 * launch.wave_size;
	/* the resource of scratch on gfx10.3: swizzled by words and lanes */
	put(&launch, SCRATCH | 1ULL << 63, descriptor.properties & 1);
	put(&launch,
	    UINT32_MAX | (uint64_t)(4U | 5U << 3 | 6U << 6 | 7U << 9 | 0x14U << 12 |
				    (launch.wave_size == 32 ? 2U : 3U) << 21 | 1U << 23 | 1U << 24 | 2U << 28)
				 << 32,
	    descriptor.properties & 1);
	put(&launch, 0x5a5a5a5a5a5a5a5a, descriptor.properties >> 1 & 1);
	put(&launch, 0x5b5b5b5b5b5b5b5b, descriptor.properties >> 2 & 1);
	put(&launch, DATA + offsetof(struct memory, arguments), descriptor.properties >> 3 & 1);
	put(&launch, 0x5c5c5c5c5c5c5c5c, descriptor.properties >> 4 & 1);
	put(&launch, SCRATCH, descriptor.properties >> 5 & 1);
	if (descriptor.properties >> 6 & 1)
		launch.user_sgprs[launch.user_sgpr_count++] = descriptor.scratch_bytes + STACK;
	/* gfx1100 has fillers behind them */
	launch.user_sgpr_count = RSRC2_USER_SGPRS(descriptor.rsrc2);
	return launch;
}

/* "": it has come to its end. */
static void dispatch(const struct isa_launch *launch, const uint32_t group_size[3], uint32_t number,
		     char *what, size_t size)
{
	const uint32_t id[3] = {number, 0, 0};
	struct isa_unit unit;
	struct isa_group *group;
	enum isa_outcome outcome;

	machine.scratch_bytes = (uint64_t)launch->scratch_wave_bytes * isa_group_waves(launch, group_size);
	machine.scratch = malloc(machine.scratch_bytes);
	group = isa_group_create(launch, id, group_size, machine.object.target == ISA_GFX10_3 ? 0 : SCRATCH);
	if (!machine.scratch || !group || isa_unit_init(&unit, machine.object.target, &ops, NULL))
		err(2, "memory");
	memset(machine.scratch, 0xa5, machine.scratch_bytes);
	what[0] = 0;
	outcome = isa_group_run(group, &unit, BUDGET);
	if (outcome == ISA_STOPPED) {
		const struct isa_fault *fault = isa_group_fault(group);

		snprintf(what, size, "%s at %#" PRIx64 ", lane %d, address %#" PRIx64 ": %s",
			 isa_fault_name(fault->kind), fault->pc - CODE, (int)fault->lane, fault->va,
			 fault->instruction);
	} else if (outcome != ISA_DONE) {
		snprintf(what, size, "does not end");
	}
	instructions += isa_group_counts(group)->instructions;
	dispatches++;
	isa_group_destroy(group);
	isa_unit_release(&unit);
	free(machine.scratch);
}

static bool compare(const char *what, const uint32_t *got, const uint32_t *wanted, uint32_t count,
		    uint32_t each, const char *name)
{
	uint32_t first = count, differ = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (got[i] == wanted[i])
			continue;
		if (!differ++)
			first = i;
	}
	if (differ)
		printf("%s: %s of item %u, word %u: 0x%08x instead of 0x%08x (%u differ)\n", name, what,
		       first / each, first % each, got[first], wanted[first], differ);
	return differ == 0;
}

/* Whether it did what the host does. */
static bool run_program(const struct program *program, uint32_t number, Elf *elf)
{
	static struct memory wanted;
	char name[4096], what[256];
	struct isa_launch launch;
	uint64_t kernel;
	bool same;

	snprintf(name, sizeof(name), "kernel_%u.kd", number);
	kernel = symbol_of(elf, name);
	if (kernel > machine.object.bytes - sizeof(struct descriptor))
		errx(2, "%s: no %s", machine.object.path, name);
	launch = launch_of(&machine.object, kernel);
	snprintf(name, sizeof(name), "%s kernel_%u", machine.object.path, number);
	fill(&wanted);
	fill(&machine.data);
	machine.data.arguments[0] = DATA + offsetof(struct memory, in);
	machine.data.arguments[1] = DATA + offsetof(struct memory, out);
	machine.data.arguments[2] = DATA + offsetof(struct memory, own);
	machine.data.arguments[3] = DATA + offsetof(struct memory, shared);
	for (uint32_t group = 0; group < GROUPS; group++) {
		program->run(launch.wave_size, group, wanted.in, wanted.out, wanted.own, wanted.shared);
		dispatch(&launch, program->size, group, what, sizeof(what));
		if (what[0]) {
			printf("%s: %s\n", name, what);
			return false;
		}
	}
	same = compare("out", machine.data.out, wanted.out, GROUPS * ITEMS * OUT_WORDS, OUT_WORDS, name);
	same &= compare("own", machine.data.own, wanted.own, GROUPS * ITEMS * OWN_WORDS, OWN_WORDS, name);
	same &= compare("shared", machine.data.shared, wanted.shared, SHARED_WORDS, 1, name);
	return same;
}

static bool run_object(const char *path, const struct program *programs, uint32_t count)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool same = true;
	Elf *elf;

	if (fd < 0)
		err(2, "%s", path);
	machine.object = (struct object){.path = path};
	elf = open_object(&machine.object, fd);
	for (uint32_t i = 0; i < count; i++)
		same &= run_program(&programs[i], i, elf);
	elf_end(elf);
	close(fd);
	free(machine.object.image);
	return same;
}

int main(int argc, char **argv)
{
	const struct program *programs;
	const uint32_t *count;
	bool same = true;
	void *host;

	if (argc < 2)
		errx(2, "isa_random_run HOST.so CODE_OBJECT...");
	host = dlopen(argv[1], RTLD_NOW);
	if (!host)
		errx(2, "%s", dlerror());
	programs = dlsym(host, "random_programs");
	count = dlsym(host, "random_count");
	if (!programs || !count || elf_version(EV_CURRENT) == EV_NONE)
		errx(2, "%s: no programs", argv[1]);
	for (int i = 2; i < argc; i++)
		same &= run_object(argv[i], programs, *count);
	printf("%" PRIu64 " work-groups, %" PRIu64 " instructions\n", dispatches, instructions);
	dlclose(host);
	return !same;
}
