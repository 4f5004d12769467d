// SPDX-License-Identifier: MIT
/* Bounded readers for the small text files of /proc and /sys. */
#ifndef TOPOLOGY_SYSFS_H
#define TOPOLOGY_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/compiler.h"

#define ID_SET_SIZE 8192U /* the largest NR_CPUS a Linux kernel can be built with */

/* CPU or NUMA node numbers. */
struct id_set {
	uint64_t words[ID_SET_SIZE / 64];
};

static inline bool id_set_has(const struct id_set *set, uint32_t id)
{
	return id < ID_SET_SIZE && (set->words[id / 64] >> (id % 64) & 1);
}

static inline void id_set_add(struct id_set *set, uint32_t id)
{
	if (id < ID_SET_SIZE)
		set->words[id / 64] |= UINT64_C(1) << (id % 64);
}

void id_set_fill(struct id_set *set);
void id_set_and(struct id_set *set, const struct id_set *other);
uint32_t id_set_next(const struct id_set *set, uint32_t from);
uint32_t id_set_count(const struct id_set *set);
int id_set_parse(const char *text, struct id_set *set);

int sysfs_read(const char *root, char *text, size_t size, const char *path, ...) PRINTF_LIKE(4, 5);
int sysfs_read_number(const char *root, uint64_t *value, const char *path, ...) PRINTF_LIKE(3, 4);
int sysfs_read_set(const char *root, struct id_set *set, const char *path, ...) PRINTF_LIKE(3, 4);

#endif
