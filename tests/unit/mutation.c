// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gpu_mutants.h"
#include "mutation.h"
#include "util/compiler.h"

#define GENERATION(g) (1U << (g))
#define GFX10_UP      (GENERATION(PM4_GFX10) | GENERATION(PM4_GFX11) | GENERATION(PM4_GFX12))
#define ALL	      (GENERATION(PM4_GFX9) | GFX10_UP)

/* The simulated targets of a generation; packets are the same for all of them. */
static const char *const targets[PM4_GENERATION_COUNT] = {"gfx900", "gfx1030", "gfx1100, gfx1103, gfx1151",
							  "gfx1201"};

/* CP_COHER_CNTL: TC_WB 18, TC 23 */
static bool leaves_l2_alone(const uint32_t *packet)
{
	return !(packet[1] & (1U << 18 | 1U << 23));
}

/* What may be left out, and why it is there all the same.  A row that is not needed fails the test. */
static struct reason {
	const char *packet, *field;
	uint32_t generations;
	bool (*applies)(const uint32_t *packet); /* NULL: always */
	const char *why;
	uint32_t survivors, dead;
} reasons[] = {
	{.packet = "ACQUIRE_MEM",
	 .field = "POLL_INTERVAL",
	 .generations = ALL,
	 .why = "how often the engine looks whether it is done, not what is done"},
	{.packet = "ACQUIRE_MEM",
	 .field = "SIZE_LOW",
	 .generations = GFX10_UP,
	 .why = "GL2_RANGE 0 is all of memory; drivers write it all the same"},
	{.packet = "ACQUIRE_MEM", .field = "SIZE_HIGH", .generations = GFX10_UP, .why = "as SIZE_LOW"},
	{.packet = "ACQUIRE_MEM",
	 .field = "SIZE_LOW",
	 .generations = GENERATION(PM4_GFX9),
	 .applies = leaves_l2_alone,
	 .why = "caches in front of L2 are invalidated whole; drivers write it all the same"},
	{.packet = "ACQUIRE_MEM",
	 .field = "SIZE_HIGH",
	 .generations = GENERATION(PM4_GFX9),
	 .applies = leaves_l2_alone,
	 .why = "as SIZE_LOW"},
	{.packet = "RELEASE_MEM",
	 .field = "CACHE_POLICY",
	 .generations = GFX10_UP,
	 .why = "of stores by way of L2, and DST_SEL sends this one to memory; set as Linux' rings have it"},
};

static uint32_t by_rule, by_sight, by_both, excused, again, alive;

struct run {
	const struct mutation *mutation;
	uint32_t job;
	struct watch_result rule, sight; /* of the stream as it is */
	struct watch_result got;
};

static uint32_t origin(const void *data, uint32_t word)
{
	return mutant_origin(data, word);
}

static void run_one(struct run *run, bool rules, const struct mutant *mutant, struct watch_result *result)
{
	const struct mutation *mutation = run->mutation;
	struct watch watch = mutation->watch;
	struct watch_change change;

	if (mutation->restore)
		mutation->restore(mutation->data);
	if (!rules)
		watch.strict_acquire = watch.strict_release = false;
	if (!mutant) {
		watch_run(&watch, NULL, result);
		return;
	}
	change = (struct watch_change){
		.which = run->job,
		.words = mutant->words,
		.count = mutant->count,
		.origin = origin,
		.data = mutant,
	};
	watch_run(&watch, &change, result);
}

static struct reason *reason_of(const struct mutant *mutant, enum pm4_generation generation)
{
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (!strcmp(reasons[i].packet, mutant->packet) && !strcmp(reasons[i].field, mutant->field) &&
		    reasons[i].generations & GENERATION(generation) &&
		    (!reasons[i].applies || reasons[i].applies(mutant->words + mutant->at)))
			return &reasons[i];
	return NULL;
}

static void count(bool rule, bool sight, const struct mutant *mutant, struct reason *reason)
{
	by_both += rule && sight;
	by_rule += rule && !sight;
	by_sight += !rule && sight;
	if (reason && (rule || sight))
		reason->dead++;
	else if (reason)
		reason->survivors++;
	if (rule || sight)
		return;
	if (reason)
		excused++;
	else if (mutant->again)
		again++;
	else
		alive++;
}

static void try(const struct mutant *mutant, void *data)
{
	struct run *run = data;
	const struct mutation *mutation = run->mutation;
	struct reason *reason = reason_of(mutant, mutation->generation);
	char rule[WATCH_TEXT], sight[WATCH_TEXT];
	bool missed_by_rule, missed_by_sight;
	const char *verdict;

	run_one(run, true, mutant, &run->got);
	missed_by_rule = watch_differs(&run->rule, &run->got, rule);
	run_one(run, false, mutant, &run->got);
	missed_by_sight = watch_differs(&run->sight, &run->got, sight);
	count(missed_by_rule, missed_by_sight, mutant, reason);
	if (missed_by_rule || missed_by_sight)
		verdict = "missed";
	else if (reason)
		verdict = reason->why;
	else
		verdict = mutant->again ? "is there already" : "NOBODY MISSES IT";
	printf("gfx%-2u | %s, job %u, +0x%03x | %s%s%s | %s | %s | %s\n", 9U + mutation->generation,
	       mutation->name, run->job, mutant->at * 4, mutant->packet, *mutant->field ? " " : "",
	       mutant->field, verdict, missed_by_rule ? rule : "-", missed_by_sight ? sight : "-");
}

static void assert_sound(const struct mutation *mutation, const struct watch_result *result)
{
	fflush(stdout);
	if (!result->done)
		fail_msg("gfx%u, %s: %s", 9U + mutation->generation, mutation->name, result->stop);
	assert_int_equal(result->launches, mutation->launches);
	if (mutation->fresh && result->stale)
		fail_msg("gfx%u, %s: %s: old data", 9U + mutation->generation, mutation->name, result->stale);
}

void mutation_run(const struct mutation *mutation)
{
	static struct run run;
	char text[WATCH_TEXT];

	run = (struct run){.mutation = mutation};
	printf("\n%s: %s\ngfx | stream | removed | verdict | with the simulator's rules | without\n",
	       targets[mutation->generation], mutation->name);
	run_one(&run, true, NULL, &run.rule);
	assert_sound(mutation, &run.rule);
	run_one(&run, false, NULL, &run.sight);
	assert_sound(mutation, &run.sight);
	/* and it is seen again the same */
	run_one(&run, false, NULL, &run.got);
	assert_false(watch_differs(&run.sight, &run.got, text));
	for (run.job = 0; run.job < mutation->watch.job_count; run.job++)
		mutants_each(mutation->generation, mutation->watch.jobs[run.job].words,
			     mutation->watch.jobs[run.job].count, try, &run);
}

void mutation_end(bool all)
{
	bool bad = alive;

	printf("\n%u mutants: %u missed with rules and without, %u with rules alone, %u without alone; %u "
	       "excused, "
	       "%u written again, %u that nobody misses\n",
	       by_both + by_rule + by_sight + excused + again + alive, by_both, by_rule, by_sight, excused,
	       again, alive);
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		if (!reasons[i].dead && (reasons[i].survivors || !all))
			continue;
		printf("%s %s needs no reason\n", reasons[i].packet, reasons[i].field);
		bad = true;
	}
	assert_false(bad);
}
