// SPDX-License-Identifier: MIT
/*
 * The probe on every rung, and down the ladder of all of them, once for every ioctl it issues and every fault, with that one ioctl failing: it ends, names
 * the step that the ioctl belongs to, leaves nothing on the host, and the next probe in the same process passes.
 *
 * usage: probe_sweep FAULT..., each as dxgsim --help says (errno=ENOMEM, short, drop ...)
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dxgsim/dxgsim.h"
#include "forked.h"
#include "probe_gpu.h"
#include "probe_oracle.h"
#include "util/compiler.h"
#include "util/log.h"

#define MAX_STEPS   200
#define TIMEOUT_NS  2000000000ULL  /* of a step that a fault was injected into, and may never end ... */
#define PATIENCE_NS 20000000000ULL /* ... and of one that ends */
#define LATE	    ",pending=always,paging-us=1000" /* so that paging is waited for, in every run */

struct step {
	const char *fault;
	const char *adapter;
	unsigned gfx_major;
	enum gsp_rung rung; /* GSP_RUNG_NONE: the ladder */
	unsigned nth;
	/* told by the child */
	bool hit;
	char ioctl[64];
};

/* What the reports of one probe came to. */
struct walk {
	unsigned begun, passed, failed, skipped; /* steps of the latest rung */
	unsigned rungs, rungs_failed;
	enum probe_step failed_at; /* the first that failed */
	int error;
	bool disorder;
	struct oracle_calls calls;
	size_t struck; /* of the calls, SIZE_MAX: none */
	size_t left;   /* contexts and hardware queues, when the probe is over */
};

static void follow(void *arg, const struct probe_event *event)
{
	struct walk *walk = arg;
	unsigned ended = walk->passed + walk->failed + walk->skipped;

	if (event->step == PROBE_DEVICE && event->outcome == PROBE_BEGINS) {
		walk->disorder |= walk->rungs++ && ended != PROBE_STEP_COUNT;
		walk->begun = walk->passed = walk->failed = walk->skipped = ended = 0;
	}
	if (event->step != (enum probe_step)ended)
		walk->disorder = true;
	switch (event->outcome) {
	case PROBE_BEGINS:
		walk->begun++;
		break;
	case PROBE_PASSED:
		walk->passed++;
		break;
	case PROBE_FAILED:
		if (!walk->failed++ && !walk->rungs_failed++) {
			walk->failed_at = event->step;
			walk->error = event->error;
		}
		break;
	case PROBE_SKIPPED:
		walk->skipped++;
		break;
	}
}

/* Also of what follows a probe; what precedes it is seen by nobody. */
static void note_call(void *arg, const struct dxg_call *call)
{
	struct walk *walk = arg;

	if (!call->done && walk->calls.count < ORACLE_MAX_CALLS)
		walk->calls.names[walk->calls.count++] = call->name;
	if (call->done && walk->struck == SIZE_MAX && dxgsim_fault_hit())
		walk->struck = walk->calls.count - 1;
}

static const char *rung_name(enum gsp_rung rung)
{
	return rung == GSP_RUNG_NONE ? "ladder" : gsp_rung_name(rung);
}

static int complain(const struct step *step, const char *what, const struct probe_result *result)
{
	static char findings[4096];

	dxgsim_findings(findings, sizeof(findings));
	fprintf(stderr, "%s, %s, %s number %u (%s): %s; %s\n%s", step->adapter, rung_name(step->rung),
		step->fault, step->nth, step->ioctl, what, result->why.text, findings);
	return 1;
}

/*
 * What is left because the call that was to take it away is the one that failed: the driver takes it down at the last
 * close.  Destroying a device or an adapter takes the rest along.
 */
static bool left_by_a_failed_undo(const struct step *step)
{
	static const struct {
		const char *ioctl;
		const char *left;
	} undo[] = {
		{"CLOSEADAPTER", "LEAK adapter "},
		{"FREEGPUVIRTUALADDRESS", "LEAK GPU addresses "},
	};
	char findings[512];

	dxgsim_findings(findings, sizeof(findings));
	for (size_t i = 0; i < ARRAY_SIZE(undo); i++)
		if (!strcmp(step->ioctl, undo[i].ioctl))
			return dxgsim_leak_count() == 1 && strstr(findings, undo[i].left);
	return false;
}

/*
 * Who is told that a GPU is gone gives up without asking it any more, for the host has dropped everything with it.  A
 * fault is not so thorough: it leaves the addresses taken, and the GPU running in memory that was freed.
 */
static bool only_of_a_lost_gpu(const struct step *step, const char *kind, const char *end)
{
	static char findings[4096];

	if (!oracle_says_lost(step->fault))
		return false;
	dxgsim_findings(findings, sizeof(findings));
	for (char *line = strtok(findings, "\n"); line; line = strtok(NULL, "\n"))
		if (strstr(line, kind) && !strstr(line, end))
			return false;
	return true;
}

/*
 * An answer of zeros to MAKERESIDENT says that all is done; who believes it uses what is not resident, as the simulator
 * remarks.
 */
static bool misled(const struct step *step)
{
	return !strcmp(step->fault, "zero") && !strcmp(step->ioctl, "MAKERESIDENT");
}

static int probe_once(const struct step *step, bool faulty, struct probe_result *result, struct walk *walk)
{
	struct probe_options options;
	enum gsp_rung best = GSP_RUNG_NONE;
	struct probe_gpu gpu;

	memset(result, 0, sizeof(*result));
	memset(walk, 0, sizeof(*walk));
	walk->struck = SIZE_MAX;
	if (probe_gpu_open(&gpu, step->adapter, step->gfx_major))
		return faulty ? 0 : complain(step, "the GPU cannot be opened", result);
	if (!dxgsim_fault_hit())
		dxg_observe(gpu.dxg, note_call, walk);
	options = probe_gpu_options(&gpu, step->rung);
	options.step_timeout_ns = faulty ? TIMEOUT_NS : PATIENCE_NS;
	options.report = follow;
	options.arg = walk;
	if (step->rung == GSP_RUNG_NONE)
		probe_ladder(&options, &best, result);
	else
		probe_run(&options, result);
	walk->left = dxgsim_live_objects("context") + dxgsim_live_objects("hwqueue");
	probe_gpu_close(&gpu);
	if (walk->disorder || walk->begun != PROBE_STEP_COUNT ||
	    walk->passed + walk->failed + walk->skipped != PROBE_STEP_COUNT)
		return complain(step, "the reports are not in order", result);
	if (result->passed != !walk->failed || result->passed != !result->error)
		return complain(step, "reports and result do not agree", result);
	if (step->rung == GSP_RUNG_NONE && (best != GSP_RUNG_NONE) != result->passed)
		return complain(step, "rung and result do not agree", result);
	if (!result->passed && (result->failed_at != walk->failed_at || !result->why.rule ||
				!strstr(result->why.text, probe_step_name(result->failed_at))))
		return complain(step, "the step that failed is not named", result);
	return 0;
}

/* Another rung is tried where it may do better: not when memory failed, nor on a device that is lost. */
static bool goes_on(const struct walk *walk)
{
	bool memory = walk->failed_at >= PROBE_ADDRESS && walk->failed_at <= PROBE_COMMANDS;

	return walk->failed_at >= PROBE_CONTEXT && !memory && walk->failed_at != PROBE_TEARDOWN &&
	       walk->error != -ENODEV && walk->error != -EFAULT;
}

/* That the right step failed, or none if the probe had another way; a call before the probe is no part of it. */
static int check_step(const struct step *step, const struct probe_result *result, const struct walk *walk)
{
	struct oracle_fault fault = {.spec = step->fault};

	if (walk->struck == SIZE_MAX)
		return result->passed || !walk->begun
			       ? 0
			       : complain(step, "failed, but not for what was struck", result);
	fault.ioctl = walk->calls.names[walk->struck];
	fault.applied = dxgsim_fault_applied();
	/* a ladder that nothing happened to has but one rung */
	fault.step = oracle_step(step->rung == GSP_RUNG_NONE ? GSP_RUNG_HARDWARE : step->rung, &walk->calls,
				 walk->struck);
	/* what is lost is given up, and a call that fails undoes nothing */
	if (walk->left && fault.step != PROBE_TEARDOWN && !oracle_says_lost(step->fault))
		return complain(step, "the queue was not taken down", result);
	if (!walk->rungs_failed)
		return oracle_may_pass(&fault) ? 0 : complain(step, "passed all the same", result);
	if (!oracle_may_fail_at(&fault, walk->failed_at)) {
		fprintf(stderr, "it belongs to step %s, failed is %s\n", probe_step_name(fault.step),
			probe_step_name(walk->failed_at));
		return complain(step, "another step failed", result);
	}
	if (walk->rungs_failed > 1 || (step->rung == GSP_RUNG_NONE && result->passed != goes_on(walk)))
		return complain(step, "the ladder was left too early, or not left", result);
	/* only one was refused */
	if (result->why.rule == KMD_RULE_FORMS)
		return complain(step, "the forms of the private data were not tried", result);
	return 0;
}

static int one_step(void *arg)
{
	struct step *step = arg;
	struct probe_result result;
	struct walk walk;
	char spec[96];
	int ret;

	log_set_level(LOG_NONE);
	dxgsim_reset();
	snprintf(spec, sizeof(spec), "ioctl=ANY:nth=%u:%s", step->nth, step->fault);
	if (dxgsim_fault(spec))
		return 1;
	ret = probe_once(step, true, &result, &walk);
	step->hit = dxgsim_fault_hit() != NULL;
	if (step->hit)
		snprintf(step->ioctl, sizeof(step->ioctl), "%s", dxgsim_fault_hit());
	if (ret)
		return ret;
	if (dxgsim_misuse_count() && !misled(step) && !only_of_a_lost_gpu(step, " MISUSE ", " MISUSE GPU "))
		return complain(step, "the host was misused", &result);
	if (dxgsim_leak_count() && !left_by_a_failed_undo(step) &&
	    !only_of_a_lost_gpu(step, " LEAK ", " LEAK GPU addresses "))
		return complain(step, "something was left on the host", &result);
	if (check_step(step, &result, &walk))
		return 1;

	dxgsim_reset();
	if (probe_once(step, false, &result, &walk))
		return 1;
	if (!result.passed || walk.rungs != 1 || walk.left)
		return complain(step, "the next probe failed, or left its queue", &result);
	if (dxgsim_misuse_count() || dxgsim_leak_count())
		return complain(step, "the next probe left something on the host", &result);
	return 0;
}

static int sweep(const struct step *first, struct step *step)
{
	unsigned failures = 0, n;

	for (n = 1; n <= MAX_STEPS; n++) {
		char title[96];

		*step = *first;
		step->nth = n;
		snprintf(title, sizeof(title), "%s in ioctl %u of a %s", step->fault, n,
			 rung_name(step->rung));
		if (forked_run(title, one_step, step))
			failures++;
		if (!step->hit)
			break;
	}
	printf("%s, %s: %u ioctls swept, %u failures\n", first->fault, rung_name(first->rung), n - 1,
	       failures);
	if (n < 20) {
		printf("fewer ioctls than a probe takes: the sweep did not sweep\n");
		failures++;
	}
	return failures ? 1 : 0;
}

int main(int argc, char **argv)
{
	static const struct step walks[] = {
		{.adapter = "rx7900xtx,hws=on" LATE, .gfx_major = 11, .rung = GSP_RUNG_HARDWARE},
		{.adapter = "rx6800" LATE, .gfx_major = 10, .rung = GSP_RUNG_SOFTWARE},
		{.adapter = "rx6800,user-queue=required" LATE, .gfx_major = 10, .rung = GSP_RUNG_USER_QUEUE},
		{.adapter = "rx7900xtx,hws=on" LATE, .gfx_major = 11, .rung = GSP_RUNG_NONE},
	};
	struct step *step =
		mmap(NULL, sizeof(*step), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int failed = 0;

	if (step == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	if (argc < 2) {
		fprintf(stderr, "usage: probe_sweep FAULT...\n");
		return 2;
	}
	for (int i = 1; i < argc; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(walks); k++) {
			struct step first = walks[k];

			first.fault = argv[i];
			failed |= sweep(&first, step);
		}
	}
	return failed;
}
