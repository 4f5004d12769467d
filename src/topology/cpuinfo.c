// SPDX-License-Identifier: MIT
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topology/cpu.h"

/* A flags line is about 2 KiB; a longer line is read in pieces, of which only the first has a key. */
#define LINE_SIZE 4096
#define MAX_LINES (64U * ID_SET_SIZE)

static void copy_model(char *out, const char *text)
{
	size_t used = 0;

	for (; *text && used < HSA_PUBLIC_NAME_SIZE - 1; text++)
		if ((unsigned char)*text >= 0x20 && (unsigned char)*text < 0x7f)
			out[used++] = *text;
	while (used && out[used - 1] == ' ')
		used--;
	out[used] = '\0';
}

static bool parse_u32(const char *text, uint32_t *out)
{
	char *end;
	unsigned long value;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoul(text, &end, 10);
	/* "2599.998" is a clock: the fraction may go */
	if (errno || value > UINT32_MAX || (*end && *end != '.' && *end != '\n'))
		return false;
	*out = (uint32_t)value;
	return true;
}

static void parse_line(struct cpu_info *info, char *line, uint32_t *cpu)
{
	char *value = strchr(line, ':'), *key_end;
	uint32_t number;

	if (!value)
		return;
	for (key_end = value; key_end > line && (key_end[-1] == '\t' || key_end[-1] == ' ');)
		key_end--;
	*key_end = '\0';
	value++;
	while (*value == ' ')
		value++;
	if (!strcmp(line, "processor")) {
		*cpu = parse_u32(value, &number) && number < ID_SET_SIZE ? number : ID_SET_SIZE;
	} else if (!strcmp(line, "apicid")) {
		if (*cpu < ID_SET_SIZE && parse_u32(value, &number)) {
			info->apic_id[*cpu] = number;
			id_set_add(&info->has_apic_id, *cpu);
		}
	} else if (!strcmp(line, "model name") && !info->model[0]) {
		copy_model(info->model, value);
	} else if (!strcmp(line, "vendor_id")) {
		info->intel = !strncmp(value, "GenuineIntel", 12);
	} else if (!strcmp(line, "cpu MHz")) {
		if (parse_u32(value, &number))
			info->max_mhz = MAX(info->max_mhz, number);
	}
}

/*
 * Reads proc/cpuinfo as far as it can be understood; what it does not tell stays 0, and the model is never
 * empty.  The numbers in it are only used after a check: a CPU that is offline, or hidden by a container,
 * leaves a gap in them.
 */
void cpu_info_read(const char *root, struct cpu_info *info)
{
	char path[PATH_MAX], line[LINE_SIZE];
	uint32_t cpu = ID_SET_SIZE;
	bool continued = false;
	FILE *file;

	memset(info, 0, sizeof(*info));
	snprintf(path, sizeof(path), "%s/proc/cpuinfo", root);
	file = fopen(path, "re");
	for (unsigned i = 0; file && i < MAX_LINES && fgets(line, sizeof(line), file); i++) {
		bool complete = strchr(line, '\n');

		if (!continued)
			parse_line(info, line, &cpu);
		continued = !complete;
	}
	if (file)
		fclose(file);
	if (!info->model[0])
		strcpy(info->model, "CPU");
}

/* The number HSA calls a processor by: the APIC id, as in libhsakmt; else the kernel's number. */
uint32_t cpu_info_processor_id(const struct cpu_info *info, uint32_t cpu)
{
	return id_set_has(&info->has_apic_id, cpu) ? info->apic_id[cpu] : cpu;
}
