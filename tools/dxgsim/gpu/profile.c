// SPDX-License-Identifier: MIT
#include "dxgsim/gpu/profile.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dxgsim/gpu/kernel.h"
#include "dxgsim/gpu/symbol.h"

struct row {
	char name[GPU_SYMBOL_MAX];
	uint64_t dispatches;
	struct isa_counts counts;
	uint64_t busy_ns;
};

struct gpu_profile {
	pthread_mutex_t lock;
	struct row *rows;
	uint32_t count, size;
	uint64_t lost; /* dispatches without memory for a row */
};

struct gpu_profile *gpu_profile_create(void)
{
	struct gpu_profile *profile = calloc(1, sizeof(*profile));

	if (profile)
		pthread_mutex_init(&profile->lock, NULL);
	return profile;
}

void gpu_profile_destroy(struct gpu_profile *profile)
{
	if (!profile)
		return;
	pthread_mutex_destroy(&profile->lock);
	free(profile->rows);
	free(profile);
}

/* What another thread of the parent had in hand is left alone. */
void gpu_profile_after_fork_in_child(struct gpu_profile *profile)
{
	if (!profile)
		return;
	memset(profile, 0, sizeof(*profile));
	pthread_mutex_init(&profile->lock, NULL);
}

static struct row *row_of(struct gpu_profile *profile, const char *name)
{
	struct row *rows;

	for (uint32_t i = 0; i < profile->count; i++)
		if (!strcmp(profile->rows[i].name, name))
			return &profile->rows[i];
	if (profile->count == profile->size) {
		uint32_t size = profile->size ? 2 * profile->size : 16;

		rows = reallocarray(profile->rows, size, sizeof(*rows));
		if (!rows)
			return NULL;
		profile->rows = rows;
		profile->size = size;
	}
	rows = &profile->rows[profile->count++];
	memset(rows, 0, sizeof(*rows));
	snprintf(rows->name, sizeof(rows->name), "%s", name);
	return rows;
}

void gpu_profile_add(struct gpu_profile *profile, const char *kernel, const struct isa_counts *counts,
		     uint64_t busy_ns)
{
	struct row *row;

	pthread_mutex_lock(&profile->lock);
	row = row_of(profile, kernel);
	if (row) {
		row->dispatches++;
		gpu_counts_add(&row->counts, counts);
		row->busy_ns += busy_ns;
	} else {
		profile->lost++;
	}
	pthread_mutex_unlock(&profile->lock);
}

/* ---- the table ---- */

/* Those that took longest come first. */
static int compare(const void *a, const void *b)
{
	const struct row *first = a, *second = b;

	if (first->busy_ns != second->busy_ns)
		return first->busy_ns < second->busy_ns ? 1 : -1;
	return strcmp(first->name, second->name);
}

static void print_row(const struct row *row, void (*line)(const char *text))
{
	const struct isa_counts *counts = &row->counts;
	uint64_t rate = row->busy_ns
				? (uint64_t)((double)counts->lane_operations * 1000.0 / (double)row->busy_ns)
				: 0;
	char text[480];

	snprintf(text, sizeof(text),
		 "%10llu %10llu %10llu %12llu %12llu %14llu %12llu %14llu %14llu %14llu %12llu %12.3f %8llu  "
		 "%s",
		 (unsigned long long)row->dispatches, (unsigned long long)counts->groups,
		 (unsigned long long)counts->waves, (unsigned long long)counts->instructions,
		 (unsigned long long)counts->vector, (unsigned long long)counts->lane_operations,
		 (unsigned long long)counts->memory, (unsigned long long)counts->bytes_read,
		 (unsigned long long)counts->bytes_written, (unsigned long long)counts->lds_bytes,
		 (unsigned long long)counts->atomics, (double)row->busy_ns / 1e6, (unsigned long long)rate,
		 row->name);
	line(text);
}

void gpu_profile_print(struct gpu_profile *profile, void (*line)(const char *text))
{
	char text[480];

	pthread_mutex_lock(&profile->lock);
	qsort(profile->rows, profile->count, sizeof(*profile->rows), compare);
	if (profile->count) {
		/* the time is that of all cores of the host, summed up */
		snprintf(text, sizeof(text),
			 "%10s %10s %10s %12s %12s %14s %12s %14s %14s %14s %12s %12s %8s  %s", "dispatches",
			 "groups", "waves", "instructions", "VALU", "lane ops", "memory", "bytes read",
			 "bytes written", "LDS bytes", "atomics", "core ms", "Mlane/s", "kernel");
		line(text);
	}
	for (uint32_t i = 0; i < profile->count; i++)
		print_row(&profile->rows[i], line);
	if (profile->lost) {
		snprintf(text, sizeof(text), "%10llu dispatches more, which there was no memory to tell of",
			 (unsigned long long)profile->lost);
		line(text);
	}
	pthread_mutex_unlock(&profile->lock);
}
