// SPDX-License-Identifier: MIT
/*
 * The probe on every rung, once for every ioctl it issues and every fault, with that one ioctl failing: it ends, names
 * the step, leaves nothing on the host, and the next probe in the same process passes.
 *
 * usage: probe_sweep FAULT..., each an errno or what dxgsim --help knows besides (short, drop, refuse=NUM ...)
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dxgsim/dxgsim.h"
#include "forked.h"
#include "probe_gpu.h"
#include "util/compiler.h"
#include "util/log.h"

#define MAX_STEPS  200
#define TIMEOUT_NS 100000000ULL

struct step {
	const char *fault;
	const char *adapter;
	enum gsp_rung rung;
	unsigned nth;
	/* told by the child */
	bool hit;
	char ioctl[64];
};

/* What the reports of one probe came to. */
struct walk {
	unsigned begun, passed, failed, skipped;
	enum probe_step failed_at;
	bool disorder;
};

static void follow(void *arg, const struct probe_event *event)
{
	struct walk *walk = arg;
	unsigned ended = walk->passed + walk->failed + walk->skipped;

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
		if (!walk->failed++)
			walk->failed_at = event->step;
		break;
	case PROBE_SKIPPED:
		walk->skipped++;
		break;
	}
}

static int complain(const struct step *step, const char *what, const struct probe_result *result)
{
	static char findings[4096];

	dxgsim_findings(findings, sizeof(findings));
	fprintf(stderr, "%s, %s, %s number %u (%s): %s; %s\n%s", step->adapter, gsp_rung_name(step->rung),
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

	if (strcmp(step->fault, "ENODEV") && strcmp(step->fault, "refuse=0xC00002B6"))
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
	struct probe_gpu gpu;

	memset(result, 0, sizeof(*result));
	memset(walk, 0, sizeof(*walk));
	if (probe_gpu_open(&gpu, step->adapter, 11))
		return faulty ? 0 : complain(step, "the GPU cannot be opened", result);
	options = probe_gpu_options(&gpu, step->rung);
	options.step_timeout_ns = TIMEOUT_NS;
	options.report = follow;
	options.arg = walk;
	probe_run(&options, result);
	probe_gpu_close(&gpu);
	if (walk->disorder || walk->begun != PROBE_STEP_COUNT ||
	    walk->passed + walk->failed + walk->skipped != PROBE_STEP_COUNT)
		return complain(step, "the reports are not in order", result);
	if (result->passed != !walk->failed || result->passed != !result->error)
		return complain(step, "reports and result do not agree", result);
	if (!result->passed && (result->failed_at != walk->failed_at || !result->why.rule ||
				!strstr(result->why.text, probe_step_name(result->failed_at))))
		return complain(step, "the step that failed is not named", result);
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
	snprintf(spec, sizeof(spec), "ioctl=ANY:nth=%u:%s%s", step->nth,
		 step->fault[0] == 'E' ? "errno=" : "", step->fault);
	if (dxgsim_fault(spec))
		return 1;
	ret = probe_once(step, true, &result, &walk);
	step->hit = dxgsim_fault_hit() != NULL;
	if (step->hit)
		snprintf(step->ioctl, sizeof(step->ioctl), "%s", dxgsim_fault_hit());
	if (ret)
		return ret;
	if (dxgsim_misuse_count() && !misled(step) &&
	    !only_of_a_lost_gpu(step, " MISUSE ", "which is without memory behind it"))
		return complain(step, "the host was misused", &result);
	if (dxgsim_leak_count() && !left_by_a_failed_undo(step) &&
	    !only_of_a_lost_gpu(step, " LEAK ", " LEAK GPU addresses "))
		return complain(step, "something was left on the host", &result);
	if (!step->hit && !result.passed)
		return complain(step, "failed without a fault", &result);

	dxgsim_reset();
	if (probe_once(step, false, &result, &walk))
		return 1;
	if (!result.passed)
		return complain(step, "the next probe failed", &result);
	if (dxgsim_misuse_count() || dxgsim_leak_count())
		return complain(step, "the next probe left something on the host", &result);
	return 0;
}

static int sweep(const char *fault, const char *adapter, enum gsp_rung rung, struct step *step)
{
	unsigned failures = 0, n;

	for (n = 1; n <= MAX_STEPS; n++) {
		char title[96];

		*step = (struct step){.fault = fault, .adapter = adapter, .rung = rung, .nth = n};
		snprintf(title, sizeof(title), "%s in ioctl %u of a %s", fault, n, gsp_rung_name(rung));
		if (forked_run(title, one_step, step))
			failures++;
		if (!step->hit)
			break;
	}
	printf("%s, %s: %u ioctls swept, %u failures\n", fault, gsp_rung_name(rung), n - 1, failures);
	if (n < 20) {
		printf("fewer ioctls than a probe takes: the sweep did not sweep\n");
		failures++;
	}
	return failures ? 1 : 0;
}

int main(int argc, char **argv)
{
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
	for (int i = 1; i < argc; i++)
		for (int rung = 0; rung < GSP_RUNG_COUNT; rung++)
			failed |= sweep(argv[i], "rx7900xtx,hws=on", (enum gsp_rung)rung, step);
	return failed;
}
