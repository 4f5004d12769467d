// SPDX-License-Identifier: MIT
/* The kernel of the schedules: vector_add of cl/kernels.cl, c[i] = a[i] + b[i], in memory that all GPUs execute. */
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schedules.h"

#define SYMBOL	    "vector_add.kd"
#define PROCESSORS  8u
#define IMAGE_BYTES (1u << 20)
#define TRIES	    6u

/* As in memory at address 0: the kernel itself has no address in it. */
struct image {
	char processor[16];
	char *bytes;
	size_t size;
	uint64_t kernel; /* of its descriptor */
};

static struct image images[PROCESSORS];
static unsigned image_count;
static void *memory_of[SCHEDULE_GPUS];
static bool mapped[SCHEDULE_GPUS];

static const struct image *find(const char *processor)
{
	for (unsigned i = 0; i < image_count; i++)
		if (!strcmp(images[i].processor, processor))
			return &images[i];
	return NULL;
}

static bool copy_segments(struct image *image, Elf *elf)
{
	size_t count = 0, file_bytes = 0;
	const char *file = elf_rawfile(elf, &file_bytes);
	GElf_Phdr segment;

	if (!file || elf_getphdrnum(elf, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!gelf_getphdr(elf, (int)i, &segment))
			return false;
		if (segment.p_type != PT_LOAD)
			continue;
		if (segment.p_vaddr > IMAGE_BYTES || segment.p_memsz > IMAGE_BYTES - segment.p_vaddr ||
		    segment.p_filesz > segment.p_memsz || segment.p_offset > file_bytes ||
		    segment.p_filesz > file_bytes - segment.p_offset)
			return false;
		memcpy(image->bytes + segment.p_vaddr, file + segment.p_offset, segment.p_filesz);
		if (image->size < segment.p_vaddr + segment.p_memsz)
			image->size = segment.p_vaddr + segment.p_memsz;
	}
	return image->size != 0;
}

static bool find_kernel(struct image *image, Elf *elf)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	GElf_Sym symbol;

	while ((section = elf_nextscn(elf, section)) != NULL) {
		Elf_Data *data = elf_getdata(section, NULL);

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_DYNSYM || !data ||
		    !header.sh_entsize)
			continue;
		for (size_t i = 0; i < header.sh_size / header.sh_entsize; i++) {
			const char *name;

			if (!gelf_getsym(data, (int)i, &symbol))
				continue;
			name = elf_strptr(elf, header.sh_link, symbol.st_name);
			if (!name || strcmp(name, SYMBOL) || symbol.st_value >= image->size)
				continue;
			image->kernel = symbol.st_value;
			return true;
		}
	}
	return false;
}

bool kernel_read(const char *processor, const char *path)
{
	struct image *image = &images[image_count];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool good = false;
	Elf *elf;

	if (fd < 0 || image_count == PROCESSORS || strlen(processor) >= sizeof(image->processor))
		return false;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	image->bytes = calloc(1, IMAGE_BYTES);
	if (elf && image->bytes)
		good = copy_segments(image, elf) && find_kernel(image, elf);
	elf_end(elf);
	close(fd);
	strcpy(image->processor, processor);
	if (good)
		image_count++;
	else
		free(image->bytes);
	return good;
}

bool kernel_known(const char *processor)
{
	return find(processor) != NULL;
}

void kernel_forget(unsigned adapter)
{
	world.code[adapter] = 0;
	memory_of[adapter] = NULL;
	mapped[adapter] = false;
}

void kernel_remove(unsigned adapter)
{
	const struct image *image = find(world.plan.adapters[adapter].processor);

	if (mapped[adapter])
		release_worked(hsaKmtUnmapMemoryToGPU(memory_of[adapter]), "hsaKmtUnmapMemoryToGPU of code");
	if (memory_of[adapter])
		release_worked(hsaKmtFreeMemory(memory_of[adapter], (image->size + 4095) & ~4095ull),
			       "hsaKmtFreeMemory of code");
	kernel_forget(adapter);
}

static bool try_install(unsigned adapter, const struct image *image)
{
	uint64_t size = (image->size + 4095) & ~4095ull;
	HsaMemFlags flags = {.Value = 0};
	HsaMemMapFlags map = {.Value = 0};
	HSAuint64 va;

	flags.ui32.HostAccess = 1;
	flags.ui32.ExecuteAccess = 1;
	if (!call_worked(hsaKmtAllocMemory(world.machine.cpu, size, flags, &memory_of[adapter]),
			 "hsaKmtAllocMemory for code", 1u << adapter)) {
		memory_of[adapter] = NULL;
		return false;
	}
	memcpy(memory_of[adapter], image->bytes, image->size);
	mapped[adapter] = call_worked(
		hsaKmtMapMemoryToGPUNodes(memory_of[adapter], size, &va, map, 1, &world.node[adapter]),
		"hsaKmtMapMemoryToGPUNodes of code", 1u << adapter);
	if (mapped[adapter])
		world.code[adapter] = (uint64_t)(uintptr_t)memory_of[adapter] + image->kernel;
	return mapped[adapter];
}

void kernel_install(unsigned adapter)
{
	const struct image *image = find(world.plan.adapters[adapter].processor);

	for (unsigned i = 0; i < TRIES && world.node[adapter] != INVALID_NODEID; i++) {
		step("loads the kernel for adapter", adapter);
		if (try_install(adapter, image))
			return;
		kernel_remove(adapter);
		nap_us(2000);
	}
}
