// SPDX-License-Identifier: MIT
/* libFuzzer target: whatever a user has in devices.d, and a list of CPUs. */
#include <stdlib.h>
#include <string.h>

#include "topology/devices.h"
#include "topology/sysfs.h"
#include "util/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct device_line *lines;
	struct device_table *table;
	struct device_info info;
	struct id_set set;
	size_t count;
	char *text;

	log_set_level(LOG_NONE);
	if (device_table_create(&table))
		return 0;
	device_table_add_text(table, "fuzz", (const char *)data, size);
	count = device_table_lines(table, &lines);
	for (size_t i = 0; i < count; i++) {
		device_table_find(table, lines[i].id, 0, &info);
		if (!info.known || strnlen(info.name, sizeof(info.name)) == sizeof(info.name))
			abort();
	}
	device_table_destroy(table);

	text = malloc(size + 1);
	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (!id_set_parse(text, &set) && id_set_count(&set) > ID_SET_SIZE)
		abort();
	free(text);
	return 0;
}
