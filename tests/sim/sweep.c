// SPDX-License-Identifier: MIT
#include "sweep.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dxgsim/dxgsim.h"
#include "forked.h"

#define GPUS	  2
#define MAX_STEPS 2000

struct step {
	void (*scenario)(struct scenario_result *result);
	const char *fault;
	unsigned nth;
	/* told by the child */
	bool hit;
	char ioctl[64];
};

/*
 * Calls whose failure leaves one thing with the driver, which takes it down at the last close: the
 * library can only try.  What any other destroying call leaves goes with the device.
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
	for (size_t i = 0; i < sizeof(undo) / sizeof(undo[0]); i++)
		if (!strcmp(step->ioctl, undo[i].ioctl))
			return dxgsim_leak_count() == 1 && strstr(findings, undo[i].left);
	return false;
}

/* The fault says that a GPU is gone. */
static bool lost(const struct step *step)
{
	return !strcmp(step->fault, "ENODEV") || !strcmp(step->fault, "refuse=0xC00002B6");
}

/*
 * Who is told that a GPU is gone gives its addresses up without asking the host, which has dropped them with the
 * GPU; a fault is not so thorough and keeps them until the close.
 */
static bool only_addresses_of_a_lost_gpu(const struct step *step)
{
	static char findings[16384];

	if (!lost(step))
		return false;
	dxgsim_findings(findings, sizeof(findings));
	for (const char *leak = findings; (leak = strstr(leak, " LEAK ")); leak++)
		if (strncmp(leak, " LEAK GPU addresses ", strlen(" LEAK GPU addresses ")))
			return false;
	return true;
}

/*
 * Memory that the CPU sees is unlocked before it is destroyed, as the simulator demands; not when unlocking is what failed,
 * and not on a GPU that is gone.
 */
static bool only_locks_that_cannot_be_undone(const struct step *step)
{
	static char findings[16384];

	if (!lost(step) && strcmp(step->ioctl, "UNLOCK2"))
		return false;
	dxgsim_findings(findings, sizeof(findings));
	for (char *line = strtok(findings, "\n"); line; line = strtok(NULL, "\n"))
		if (strstr(line, " MISUSE ") && !strstr(line, " is still locked"))
			return false;
	return true;
}

static int complain(const struct step *step, const char *what, const struct scenario_result *result)
{
	static char findings[4096];

	dxgsim_findings(findings, sizeof(findings));
	fprintf(stderr, "%s number %u (%s): %s; %s %s, clean-up %s %s, %u GPUs\n%s", step->fault, step->nth,
		step->ioctl, what, result->step ? result->step : "all calls",
		scenario_status_name(result->status), result->cleanup_step ? result->cleanup_step : "",
		scenario_status_name(result->cleanup), result->gpu_nodes, findings);
	return 1;
}

static int one_step(void *arg)
{
	struct step *step = arg;
	struct scenario_result result;
	int messages = memfd_create("stderr", MFD_CLOEXEC), saved = dup(STDERR_FILENO);
	char spec[96];
	bool told;

	dxgsim_reset();
	snprintf(spec, sizeof(spec), "ioctl=ANY:nth=%u:%s%s", step->nth,
		 step->fault[0] == 'E' ? "errno=" : "", step->fault);
	if (messages < 0 || saved < 0 || dxgsim_fault(spec))
		return 1;
	dup2(messages, STDERR_FILENO);
	step->scenario(&result);
	dup2(saved, STDERR_FILENO);
	told = lseek(messages, 0, SEEK_END) > 0;
	close(messages);
	close(saved);

	step->hit = dxgsim_fault_hit() != NULL;
	if (step->hit)
		snprintf(step->ioctl, sizeof(step->ioctl), "%s", dxgsim_fault_hit());
	if (result.wrong)
		return complain(step, result.wrong, &result);
	if (result.unless_lost && !lost(step))
		return complain(step, result.unless_lost, &result);
	if (dxgsim_misuse_count() && !only_locks_that_cannot_be_undone(step))
		return complain(step, "the host was misused", &result);
	if (dxgsim_leak_count() && !left_by_a_failed_undo(step) && !only_addresses_of_a_lost_gpu(step))
		return complain(step, "something was left on the host", &result);
	if (step->hit && result.status == HSAKMT_STATUS_SUCCESS && result.gpu_nodes < GPUS && !told)
		return complain(step, "a GPU is missing and nobody said why", &result);
	if (!step->hit && (result.status != HSAKMT_STATUS_SUCCESS || result.gpu_nodes != GPUS))
		return complain(step, "failed without a fault", &result);

	dxgsim_reset();
	step->scenario(&result);
	if (result.status != HSAKMT_STATUS_SUCCESS || result.cleanup != HSAKMT_STATUS_SUCCESS ||
	    result.gpu_nodes != GPUS || result.wrong || result.unless_lost)
		return complain(step, result.wrong ? result.wrong : "the next try failed", &result);
	if (dxgsim_misuse_count() || dxgsim_leak_count())
		return complain(step, "the next try left something on the host", &result);
	return 0;
}

static int sweep(const char *fault, void (*scenario)(struct scenario_result *result), struct step *step)
{
	unsigned failures = 0, n;

	for (n = 1; n <= MAX_STEPS; n++) {
		char title[64];

		*step = (struct step){.scenario = scenario, .fault = fault, .nth = n};
		snprintf(title, sizeof(title), "%s in ioctl %u", fault, n);
		if (forked_run(title, one_step, step))
			failures++;
		if (!step->hit)
			break;
	}
	printf("%s: %u ioctls swept, %u failures\n", fault, n - 1, failures);
	if (n < 20) {
		printf("fewer ioctls than a topology takes: the sweep did not sweep\n");
		failures++;
	}
	return failures ? 1 : 0;
}

int sweep_main(int argc, char **argv, void (*scenario)(struct scenario_result *result))
{
	struct step *step =
		mmap(NULL, sizeof(*step), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int failed = 0;

	if (step == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	setenv("DXGSIM_ADAPTERS", "rx6800;radeon680m", 1);
	if (argc < 2) {
		fprintf(stderr, "usage: %s FAULT...\n", argv[0]);
		return 2;
	}
	for (int i = 1; i < argc; i++)
		failed |= sweep(argv[i], scenario, step);
	return failed;
}
