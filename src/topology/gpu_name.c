// SPDX-License-Identifier: MIT
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topology/gpu.h"

#define MAX_LINES 65536U

/* A line "73BF,<tab>C3,<tab>AMD Radeon RX 6800" for this device. */
static bool match_line(char *line, uint32_t device, uint32_t revision, const char **name)
{
	char *fields[3], *end;

	for (unsigned i = 0; i < ARRAY_SIZE(fields); i++) {
		fields[i] = strsep(&line, i < 2 ? "," : "\n");
		if (!fields[i])
			return false;
		fields[i] += strspn(fields[i], " \t");
	}
	if (strtoul(fields[0], &end, 16) != device || end == fields[0] || *end)
		return false;
	if (strtoul(fields[1], &end, 16) != revision || end == fields[1] || *end)
		return false;
	*name = fields[2];
	return **name != '\0';
}

/* The name libdrm's data file has for the adapter. */
static bool look_up(const char *path, const struct kmd_pci_ids *pci, char *out, size_t size)
{
	FILE *file = fopen(path, "re");
	const char *name;
	char line[256];
	bool found = false;

	for (unsigned i = 0; file && !found && i < MAX_LINES && fgets(line, sizeof(line), file); i++) {
		if (*line == '#' || !match_line(line, pci->device, pci->revision, &name))
			continue;
		found = true;
		snprintf(out, size, "%s", name);
	}
	if (file)
		fclose(file);
	return found;
}

/* Windows' names carry trade marks, "AMD Radeon(TM) 680M"; Linux' names, which programs compare with, do not. */
static void copy_without_marks(char *out, const char *text)
{
	static const char *const marks[] = {"(TM)", "(tm)", "(R)"};

	while (*text) {
		size_t skip = 0;

		for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
			if (!strncmp(text, marks[i], strlen(marks[i])))
				skip = strlen(marks[i]);
		if (skip)
			text += skip;
		else
			*out++ = *text++;
	}
	*out = '\0';
}

/*
 * The product's name: the user's table, the host, libdrm's amdgpu.ids, devices.csv; a name from the ids for what
 * none of them knows.
 */
void gpu_name_resolve(const char *root, struct gpu *gpu)
{
	struct topology_gpu *pub = &gpu->pub;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", root, AMDGPU_IDS_PATH);
	gpu_origin(gpu, PROPERTY_MarketingName, ORIGIN_DERIVED);
	if (gpu->device.name_origin == ORIGIN_USER_TABLE) {
		snprintf(pub->name, sizeof(pub->name), "%s", gpu->device.name);
		gpu_origin(gpu, PROPERTY_MarketingName, ORIGIN_USER_TABLE);
	} else if (gpu->host.name[0]) {
		copy_without_marks(pub->name, gpu->host.name);
		gpu_origin(gpu, PROPERTY_MarketingName, ORIGIN_QUERY);
	} else if (look_up(path, &pub->kmd.pci, pub->name, sizeof(pub->name))) {
		gpu_origin(gpu, PROPERTY_MarketingName, ORIGIN_NAME_FILE);
	} else if (gpu->device.name[0]) {
		snprintf(pub->name, sizeof(pub->name), "%s", gpu->device.name);
		gpu_origin(gpu, PROPERTY_MarketingName, gpu->device.name_origin);
	} else {
		snprintf(pub->name, sizeof(pub->name), "AMD GPU 0x%04X", pub->kmd.pci.device);
	}
}
