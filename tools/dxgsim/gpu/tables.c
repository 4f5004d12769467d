// SPDX-License-Identifier: MIT
#include "dxgsim/gpu/tables.h"

#include <string.h>

void gpu_tables_init(struct gpu_tables *tables, const struct gpu_machine_ops *ops)
{
	memset(tables, 0, sizeof(*tables));
	tables->ops = ops;
	tables->age = 1;
}

void gpu_tables_enter(struct gpu_tables *tables, void *space)
{
	tables->space = space;
	if (++tables->age)
		return;
	memset(tables->entries, 0, sizeof(tables->entries));
	tables->age = 1;
}

enum gpu_fault_reason gpu_tables_ask(const struct gpu_tables *tables, uint64_t va, enum gpu_access access,
				     struct gpu_span *span)
{
	enum gpu_fault_reason reason;

	*span = (struct gpu_span){0};
	reason = tables->ops->translate(tables->space, va, access, span);
	if (reason == GPU_FAULT_NONE && (!span->bytes || !span->length))
		reason = GPU_FAULT_NO_BACKING;
	return reason;
}

/* Whole pages alone are remembered. */
enum gpu_fault_reason gpu_tables_find(struct gpu_tables *tables, uint64_t va, enum gpu_access access,
				      struct gpu_span *span)
{
	uint64_t page = va / GPU_TABLE_PAGE;
	uint32_t offset = (uint32_t)(va % GPU_TABLE_PAGE);
	struct gpu_table_entry *entry = &tables->entries[(page * 3 + (uint32_t)access) % GPU_TABLE_ENTRIES];

	if (entry->page != page || entry->access != access || entry->age != tables->age) {
		if (gpu_tables_ask(tables, va - offset, access, span) != GPU_FAULT_NONE ||
		    span->length < GPU_TABLE_PAGE)
			return gpu_tables_ask(tables, va, access, span);
		*entry = (struct gpu_table_entry){
			.page = page,
			.age = tables->age,
			.access = (uint8_t)access,
			.uncached = span->uncached,
			.executable = span->executable,
			.no_atomics = span->no_atomics,
			.bytes = span->bytes,
		};
	}
	*span = (struct gpu_span){
		.bytes = entry->bytes + offset,
		.length = GPU_TABLE_PAGE - offset,
		.uncached = entry->uncached,
		.executable = entry->executable,
		.no_atomics = entry->no_atomics,
	};
	return GPU_FAULT_NONE;
}
