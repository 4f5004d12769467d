// SPDX-License-Identifier: MIT
/*
 * A client's way through the page tables: translate() of the machine, and what it has said lately, as hardware's
 * translation caches have it.
 */
#ifndef DXGSIM_GPU_TABLES_H
#define DXGSIM_GPU_TABLES_H

#include "dxgsim/gpu/gpu.h"

#define GPU_TABLE_ENTRIES 256U
#define GPU_TABLE_PAGE	  4096U

struct gpu_table_entry {
	uint64_t page; /* of the address */
	uint32_t age;  /* that of the tables when it was filled; 0: never was */
	uint8_t access;
	bool uncached, executable, no_atomics;
	uint8_t *bytes; /* of its first byte */
};

struct gpu_tables {
	const struct gpu_machine_ops *ops;
	void *space;
	uint32_t age; /* from 1 on; older entries are none */
	struct gpu_table_entry entries[GPU_TABLE_ENTRIES];
};

void gpu_tables_init(struct gpu_tables *tables, const struct gpu_machine_ops *ops);
/* What translate() said is not true any more, and addresses are those of @space from now on. */
void gpu_tables_enter(struct gpu_tables *tables, void *space);
/* Where @va is; a span has at least 1 byte. */
enum gpu_fault_reason gpu_tables_find(struct gpu_tables *tables, uint64_t va, enum gpu_access access,
				      struct gpu_span *span);

/* ... as translate() says it, perhaps of many pages, and not remembered. */
enum gpu_fault_reason gpu_tables_ask(const struct gpu_tables *tables, uint64_t va, enum gpu_access access,
				     struct gpu_span *span);

#endif
