// SPDX-License-Identifier: MIT
/*
 * The table of known devices: devices.csv, compiled in, and what the user adds in devices.d.
 */
#ifndef TOPOLOGY_DEVICES_H
#define TOPOLOGY_DEVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "topology/gfx_version.h"
#include "topology/origin.h"

#define DEVICE_NAME_SIZE    64
#define DEVICE_ANY_REVISION (-1)

/* Numeric columns; gen_devices.py knows the same names and limits. */
#define FOR_EACH_DEVICE_COLUMN(X)                         \
	X(CU, "cu", 1, 1024)                              \
	X(SE, "se", 1, 64)                                \
	X(SA, "sa", 1, 8)                                 \
	X(SIMD_PER_CU, "simd_per_cu", 1, 8)               \
	X(WAVES_PER_SIMD, "waves_per_simd", 1, 64)        \
	X(LDS_KB, "lds_kb", 16, 1024)                     \
	X(L0_KB, "l0_kb", 1, 4096)                        \
	X(L0_LINE, "l0_line", 16, 4096)                   \
	X(SCALAR_KB, "scalar_kb", 1, 4096)                \
	X(SCALAR_LINE, "scalar_line", 16, 4096)           \
	X(INSTRUCTION_KB, "instruction_kb", 1, 4096)      \
	X(INSTRUCTION_LINE, "instruction_line", 16, 4096) \
	X(GL1_KB, "gl1_kb", 0, 65536)                     \
	X(GL1_LINE, "gl1_line", 0, 4096)                  \
	X(L2_KB, "l2_kb", 16, 1048576)                    \
	X(L2_LINE, "l2_line", 16, 4096)                   \
	X(MALL_KB, "mall_kb", 0, 4194304)                 \
	X(MALL_LINE, "mall_line", 0, 4096)                \
	X(ENGINE_MHZ, "engine_mhz", 100, 10000)           \
	X(MEMORY_MHZ, "memory_mhz", 100, 20000)           \
	X(BUS_BITS, "bus_bits", 8, 16384)

#define DEVICE_ENUMERATOR(name, column, min, max) DEVICE_##name,
enum device_column { FOR_EACH_DEVICE_COLUMN(DEVICE_ENUMERATOR) DEVICE_COLUMN_COUNT };
#undef DEVICE_ENUMERATOR

enum device_kind {
	DEVICE_KIND_UNKNOWN,
	DEVICE_KIND_DGPU,
	DEVICE_KIND_APU,
};

/* One line.  A clear bit in `has` is an empty field; gfx.major 0 and an empty name are empty fields too. */
struct device_line {
	uint16_t id;
	int16_t revision;
	struct gfx_version gfx;
	uint8_t kind;
	char name[DEVICE_NAME_SIZE];
	uint32_t has;
	uint32_t value[DEVICE_COLUMN_COUNT];
};

extern const struct device_line device_builtin[];
extern const size_t device_builtin_count;

/* What the lines that apply to one device say together. */
struct device_info {
	bool known;
	bool same_revision; /* a line names this revision or all; else the values are a sibling's */
	struct gfx_version gfx;
	enum device_kind kind;
	char name[DEVICE_NAME_SIZE];
	enum origin gfx_origin;
	enum origin name_origin;
	uint32_t value[DEVICE_COLUMN_COUNT];	 /* 0 where the origin is ORIGIN_UNSET */
	enum origin origin[DEVICE_COLUMN_COUNT]; /* ORIGIN_UNSET, ORIGIN_TABLE or ORIGIN_USER_TABLE */
};

struct device_table;

int device_table_create(struct device_table **out);
void device_table_destroy(struct device_table *table);
int device_table_add_text(struct device_table *table, const char *label, const char *text, size_t size);
int device_table_add_directory(struct device_table *table, const char *directory);
size_t device_table_lines(const struct device_table *table, const struct device_line **lines);
void device_table_find(const struct device_table *table, uint32_t id, uint32_t revision,
		       struct device_info *out);

const char *device_directory(void);

#endif
