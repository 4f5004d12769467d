// SPDX-License-Identifier: MIT
/*
 * Command streams on a simulated compute engine whose kernels read and write, beside a CPU and other work that do the
 * same, and everything that can be seen of it.  Two streams are as good as each other if nothing differs.
 *
 * Kernels are s_endpgm; what they would do to memory is played: at their start they read lines that the CPU and other
 * work have changed just before the last cache action, through each of their caches, and at their end they store to
 * a line of theirs.  They take their time: one ends when something waits for it, and not by itself.
 *
 * The program is linked with --wrap=gpu_pipeline_launch and --wrap=gpu_kernel_ends.
 */
#ifndef TESTS_UNIT_GPU_WATCH_H
#define TESTS_UNIT_GPU_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WATCH_RANGES 12U
#define WATCH_JOBS   8U
#define WATCH_WORDS  16U
#define WATCH_SEEN   1024U
#define WATCH_TEXT   400U

/* Memory that the engine finds at an address; multiples of 128, as is where it is. */
struct watch_range {
	uint64_t va;
	void *bytes;
	uint64_t length;
	bool uncached; /* by the L2 */
};

struct watch_job {
	const uint32_t *words;
	uint32_t count;
	bool system; /* every acquire in it is one of the system: strict_acquire holds */
};

struct watch {
	uint32_t generation; /* 9 to 12 */
	/* Rules of the simulator (dxgsim/gpu/gpu.h), or only what can be seen. */
	bool strict_acquire, strict_release;
	struct watch_range ranges[WATCH_RANGES];
	uint32_t range_count;
	struct watch_job jobs[WATCH_JOBS];
	uint32_t job_count;
	/* 8 bytes each, inside of the ranges: when the CPU sees one change, it looks at what kernels have stored */
	const void *words[WATCH_WORDS];
	uint32_t word_count;
	/* What else the CPU does when it writes before an invalidation of the L2; NULL: nothing. */
	void (*cpu)(void *data);
	void *data;
};

struct watch_seen {
	const char *what; /* static */
	uint64_t value;
};

struct watch_result {
	bool done;
	const char *
		stale; /* what a kernel or the CPU saw first that was not what was there last; NULL: nothing */
	char stop[WATCH_TEXT]; /* if it is not done: why */
	uint32_t launches;
	uint32_t seen_count;
	struct watch_seen seen[WATCH_SEEN];
};

/*
 * Runs the jobs one after the other.  `changed` is the words of job `which` as they are instead, NULL: none is; `origin`
 * says where a word of those was (UINT32_MAX: nowhere), so that the CPU and other work do the same at the same place.
 */
struct watch_change {
	uint32_t which;
	const uint32_t *words;
	uint32_t count;
	uint32_t (*origin)(const void *data, uint32_t word);
	const void *data;
};
void watch_run(const struct watch *watch, const struct watch_change *change, struct watch_result *result);
/* What is different first, as text of WATCH_TEXT bytes; false: nothing. */
bool watch_differs(const struct watch_result *expected, const struct watch_result *got, char *text);
/* The instruction that ends a kernel. */
uint32_t watch_end_of_kernel(uint32_t generation);

#endif
