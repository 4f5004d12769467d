// SPDX-License-Identifier: MIT
/*
 * The GPU's clock is stored at the start and, behind a drain, at the end of each submission.  What was measured is shared out
 * among its kernels by what they were expected to take; a submission of one kernel alone, the most frequent, is exact.
 */
#include "queue/aql_pace.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/compiler.h"

#define FLIGHTS	    32U /* submissions measured at a time; others are not */
#define KERNELS	    8U	/* different ones of a submission that are learnt of */
#define TABLE_SIZE  256U
#define TABLE_TRIES 4U
#define LONGEST_NS  10000000000ULL /* a clock that went astray */
#define NS_PER_S    1000000000ULL

/* Where the GPU stores its clock. */
struct stamps {
	uint64_t start, end;
};

struct counted {
	uint64_t kernel;
	uint64_t count;
	uint64_t ns; /* expected of one */
};

struct flight {
	uint64_t ordinal;  /* 0: free */
	uint64_t other_ns; /* expected of what is not in `kernels` */
	uint32_t kernel_count;
	struct counted kernels[KERNELS];
};

struct aql_pace {
	struct memory *memory;
	struct stamps *stamps; /* one address for the CPU and the GPU */
	uint64_t hz;
	struct flight flights[FLIGHTS];
	struct flight *current; /* NULL: the submission that is put together is not measured */
	struct {
		uint64_t kernel;
		uint64_t ns;
	} table[TABLE_SIZE];
};

/*
 * counter_hz: of the GPU's clock; 0: not known, and everything is expected to take AQL_PACE_UNKNOWN_NS.  Errors of
 * memory_alloc() and memory_map().
 */
int aql_pace_create(struct memory *memory, uint32_t gpu, uint64_t counter_hz, struct aql_pace **out)
{
	const struct memory_request request = {
		.gpu = MEMORY_HOST,
		.kind = MEMORY_SYSTEM,
		.flags = MEMORY_UNCACHED,
		.size = FLIGHTS * sizeof(struct stamps),
	};
	struct aql_pace *pace = calloc(1, sizeof(*pace));
	void *address = NULL;
	int ret;

	*out = NULL;
	if (!pace)
		return -ENOMEM;
	pace->memory = memory;
	pace->hz = counter_hz;
	ret = memory_alloc(memory, &request, &address);
	if (!ret) {
		pace->stamps = address;
		ret = memory_map(memory, address, request.size, &gpu, 1, NULL);
	}
	if (ret) {
		aql_pace_destroy(pace);
		return ret;
	}
	*out = pace;
	return 0;
}

/* What still runs may store its stamps: the memory goes when that is over.  NULL is allowed. */
void aql_pace_destroy(struct aql_pace *pace)
{
	if (!pace)
		return;
	if (pace->stamps)
		memory_free(pace->memory, pace->stamps);
	free(pace);
}

static size_t slot_of(uint64_t kernel, uint32_t attempt)
{
	/* Knuth's multiplicative hash; kernel objects are multiples of 64 */
	return ((size_t)((kernel >> 6) * 0x9e3779b97f4a7c15ULL >> 48) + attempt) & (TABLE_SIZE - 1);
}

/* How long one dispatch of a kernel is expected to take; 0 names what is no kernel. */
uint64_t aql_pace_estimate(const struct aql_pace *pace, uint64_t kernel)
{
	for (uint32_t i = 0; kernel && i < TABLE_TRIES; i++) {
		size_t slot = slot_of(kernel, i);

		if (pace->table[slot].kernel == kernel)
			return pace->table[slot].ns;
	}
	return AQL_PACE_UNKNOWN_NS;
}

/* Up at once, down slowly: too short submissions cost little, too long ones the device. */
static void remember(struct aql_pace *pace, uint64_t kernel, uint64_t ns)
{
	size_t slot = slot_of(kernel, 0);

	for (uint32_t i = 0; i < TABLE_TRIES; i++) {
		size_t at = slot_of(kernel, i);

		if (pace->table[at].kernel == kernel) {
			uint64_t known = pace->table[at].ns;

			pace->table[at].ns = ns > known ? ns : (known * 3 + ns) / 4;
			return;
		}
		if (!pace->table[at].kernel) {
			slot = at;
			break;
		}
	}
	pace->table[slot].kernel = kernel;
	pace->table[slot].ns = ns;
}

static bool elapsed(const struct aql_pace *pace, const struct stamps *stamps, uint64_t *ns)
{
	uint64_t start = __atomic_load_n(&stamps->start, __ATOMIC_RELAXED);
	uint64_t end = __atomic_load_n(&stamps->end, __ATOMIC_RELAXED);
	uint64_t ticks = end - start;

	if (!start || end <= start || !pace->hz || ticks / pace->hz >= LONGEST_NS / NS_PER_S)
		return false;
	*ns = ticks / pace->hz * NS_PER_S + ticks % pace->hz * NS_PER_S / pace->hz;
	return true;
}

static void learn(struct aql_pace *pace, const struct flight *flight, uint64_t ns)
{
	uint64_t expected = flight->other_ns;

	for (uint32_t i = 0; i < flight->kernel_count; i++)
		expected += flight->kernels[i].count * flight->kernels[i].ns;
	if (!expected)
		return;
	for (uint32_t i = 0; i < flight->kernel_count; i++) {
		const struct counted *counted = &flight->kernels[i];
		double share = (double)ns / (double)expected * (double)counted->ns;

		/* never nothing, or it would have no share in a longer time again */
		remember(pace, counted->kernel, share < 1 ? 1 : (uint64_t)share);
	}
}

void aql_pace_learn(struct aql_pace *pace, const struct lane *lane)
{
	uint64_t done = lane_done(lane), ns;

	/* of a lost device all is over, and nothing can be told from it */
	for (uint32_t i = 0; i < FLIGHTS; i++) {
		struct flight *flight = &pace->flights[i];

		if (!flight->ordinal || flight->ordinal > done)
			continue;
		if (done != UINT64_MAX && elapsed(pace, &pace->stamps[i], &ns))
			learn(pace, flight, ns);
		flight->ordinal = 0;
	}
}

/* Begins a submission; one that was begun before and not submitted is forgotten. */
void aql_pace_start(struct aql_pace *pace, struct pm4_buffer *buffer)
{
	pace->current = NULL;
	for (uint32_t i = 0; i < FLIGHTS && !pace->current; i++)
		if (!pace->flights[i].ordinal)
			pace->current = &pace->flights[i];
	if (!pace->current)
		return;
	*pace->current = (struct flight){0};
	pace->stamps[pace->current - pace->flights] = (struct stamps){0};
	pm4_copy_clock(buffer, ptr_to_u64(&pace->stamps[pace->current - pace->flights].start));
}

/* One dispatch that is expected to take `ns`; kernel 0: something else. */
void aql_pace_count(struct aql_pace *pace, uint64_t kernel, uint64_t ns)
{
	struct flight *flight = pace->current;

	if (!flight)
		return;
	for (uint32_t i = 0; kernel && i < flight->kernel_count; i++) {
		if (flight->kernels[i].kernel == kernel) {
			flight->kernels[i].count++;
			return;
		}
	}
	if (!kernel || flight->kernel_count == KERNELS)
		flight->other_ns += ns;
	else
		flight->kernels[flight->kernel_count++] = (struct counted){kernel, 1, ns};
}

/* The caller drained the engine before. */
void aql_pace_stop(struct aql_pace *pace, struct pm4_buffer *buffer)
{
	if (pace->current)
		pm4_copy_clock(buffer, ptr_to_u64(&pace->stamps[pace->current - pace->flights].end));
}

void aql_pace_submitted(struct aql_pace *pace, uint64_t ordinal)
{
	if (pace->current)
		pace->current->ordinal = ordinal;
	pace->current = NULL;
}
