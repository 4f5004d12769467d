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

#define MAX_STEPS 2000
#define MAX_KINDS 80
#define DRY_RUNS  3
#define MISSES	  3 /* in a row, which end a kind of ioctl whose number is not the same in each run */

static unsigned machine_gpus;

struct step {
	void (*scenario)(struct scenario_result *result);
	const char *fault;
	const char *kind; /* of ioctl; NULL: any, from the start */
	unsigned nth;
	/* told by the child */
	bool hit;
	char ioctl[64];
	unsigned counts[MAX_KINDS]; /* of a dry run */
};

/* In the child: what sweep_begin() has to do. */
static struct {
	const struct step *step;
	bool strikes;
	uint64_t before[MAX_KINDS];
} running;

/* What is called outside of init and exit. */
static const char *const all_kinds[] = {
	"CHANGEVIDEOMEMORYRESERVATION",
	"CREATEALLOCATION",
	"CREATECONTEXTVIRTUAL",
	"CREATEDEVICE",
	"CREATEHWQUEUE",
	"CREATEPAGINGQUEUE",
	"CREATESYNCHRONIZATIONOBJECT",
	"CLOSEADAPTER",
	"DESTROYALLOCATION2",
	"DESTROYCONTEXT",
	"DESTROYDEVICE",
	"DESTROYHWQUEUE",
	"DESTROYPAGINGQUEUE",
	"DESTROYSYNCHRONIZATIONOBJECT",
	"ENUMADAPTERS2",
	"ENUMADAPTERS3",
	"ESCAPE",
	"EVICT",
	"FREEGPUVIRTUALADDRESS",
	"GETDEVICESTATE",
	"LOCK2",
	"MAKERESIDENT",
	"MAPGPUVIRTUALADDRESS",
	"OPENADAPTERFROMLUID",
	"QUERYADAPTERINFO",
	"QUERYCLOCKCALIBRATION",
	"QUERYSTATISTICS",
	"QUERYVIDEOMEMORYINFO",
	"RESERVEGPUVIRTUALADDRESS",
	"SETCONTEXTSCHEDULINGPRIORITY",
	"SIGNALSYNCHRONIZATIONOBJECT",
	"SIGNALSYNCHRONIZATIONOBJECTFROMCPU",
	"SIGNALSYNCHRONIZATIONOBJECTFROMGPU",
	"SIGNALSYNCHRONIZATIONOBJECTFROMGPU2",
	"SUBMITCOMMAND",
	"SUBMITCOMMANDTOHWQUEUE",
	"SUBMITSIGNALSYNCOBJECTSTOHWQUEUE",
	"SUBMITWAITFORSYNCOBJECTSTOHWQUEUE",
	"UNLOCK2",
	"UPDATEGPUVIRTUALADDRESS",
	"WAITFORSYNCHRONIZATIONOBJECT",
	"WAITFORSYNCHRONIZATIONOBJECTFROMCPU",
	"WAITFORSYNCHRONIZATIONOBJECTFROMGPU",
};
#define KINDS (sizeof(all_kinds) / sizeof(all_kinds[0]))

_Static_assert(KINDS <= MAX_KINDS, "room for the counts");

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

static bool says_lost(const struct step *step)
{
	return !strcmp(step->fault, "ENODEV") || !strcmp(step->fault, "refuse=0xC00002B6");
}

/* Who has sent such a message hears nothing of a refusal, but for the state of its device. */
static bool is_asynchronous(const struct step *step)
{
	static const char *const kinds[] = {
		"SIGNALSYNCHRONIZATIONOBJECT",
		"SIGNALSYNCHRONIZATIONOBJECTFROMCPU",
		"SIGNALSYNCHRONIZATIONOBJECTFROMGPU",
		"SIGNALSYNCHRONIZATIONOBJECTFROMGPU2",
		"SUBMITCOMMAND",
		"SUBMITCOMMANDTOHWQUEUE",
		"SUBMITSIGNALSYNCOBJECTSTOHWQUEUE",
		"SUBMITWAITFORSYNCOBJECTSTOHWQUEUE",
		"WAITFORSYNCHRONIZATIONOBJECTFROMGPU",
	};

	for (size_t i = 0; step->kind && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(step->kind, kinds[i]))
			return true;
	return false;
}

/* Of a sweep by kinds, whose scenario has work on the GPU, which a lost device drops. */
static bool loses(const struct step *step)
{
	return step->kind && (says_lost(step) ||
			      (is_asynchronous(step) && !strncmp(step->fault, "refuse", strlen("refuse"))));
}

/* The fault says that a GPU is gone, or it is. */
static bool lost(const struct step *step)
{
	return says_lost(step) || loses(step);
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
	fprintf(stderr, "%s number %u (%s): %s; %s %s, clean-up %s %s, %u GPUs\n%s",
		step->fault ? step->fault : "no fault", step->nth, step->ioctl, what,
		result->step ? result->step : "all calls", scenario_status_name(result->status),
		result->cleanup_step ? result->cleanup_step : "", scenario_status_name(result->cleanup),
		result->gpu_nodes, findings);
	return 1;
}

static void arm(const struct step *step)
{
	char spec[128];

	snprintf(spec, sizeof(spec), "ioctl=%s:nth=%u:%s%s%s", step->kind ? step->kind : "ANY", step->nth,
		 step->fault[0] == 'E' ? "errno=" : "", step->fault, loses(step) ? ":lost" : "");
	if (dxgsim_fault(spec))
		abort();
}

static void note_counts(uint64_t *counts)
{
	for (size_t i = 0; i < KINDS; i++)
		counts[i] = dxgsim_ioctl_count_of(all_kinds[i]);
}

void sweep_begin(void)
{
	if (!running.step->fault)
		note_counts(running.before);
	else if (running.strikes)
		arm(running.step);
}

bool sweep_struck(void)
{
	return dxgsim_fault_hit() != NULL;
}

bool sweep_passes(void)
{
	static const char *const passing[] = {"ENOMEM", "EAGAIN", "ring-full", "refuse=0xC0000017"};
	const char *fault = running.step->fault;

	for (size_t i = 0; fault && !lost(running.step) && i < sizeof(passing) / sizeof(passing[0]); i++)
		if (!strncmp(fault, passing[i], strlen(passing[i])))
			return true;
	return false;
}

static int one_step(void *arg)
{
	struct step *step = arg;
	struct scenario_result result;
	int messages = memfd_create("stderr", MFD_CLOEXEC), saved = dup(STDERR_FILENO);
	bool told;

	dxgsim_reset();
	if (messages < 0 || saved < 0)
		return 1;
	running.step = step;
	running.strikes = true;
	if (!step->kind)
		arm(step);
	dup2(messages, STDERR_FILENO);
	step->scenario(&result);
	running.strikes = false;
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
	if (step->hit && result.status == HSAKMT_STATUS_SUCCESS && result.gpu_nodes < machine_gpus && !told)
		return complain(step, "a GPU is missing and nobody said why", &result);
	if (!step->hit && (result.status != HSAKMT_STATUS_SUCCESS || result.gpu_nodes != machine_gpus))
		return complain(step, "failed without a fault", &result);

	dxgsim_reset();
	step->scenario(&result);
	if (result.status != HSAKMT_STATUS_SUCCESS || result.cleanup != HSAKMT_STATUS_SUCCESS ||
	    result.gpu_nodes != machine_gpus || result.wrong || result.unless_lost)
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

/* Runs the scenario undisturbed, and tells how often it makes each call. */
static int dry_run(void *arg)
{
	struct step *step = arg;
	struct scenario_result result;
	uint64_t after[MAX_KINDS];

	dxgsim_reset();
	running.step = step;
	step->scenario(&result);
	if (result.status != HSAKMT_STATUS_SUCCESS || result.cleanup != HSAKMT_STATUS_SUCCESS ||
	    result.gpu_nodes != machine_gpus || result.wrong || result.unless_lost)
		return complain(step, result.wrong ? result.wrong : "failed without a fault", &result);
	note_counts(after);
	for (size_t i = 0; i < KINDS; i++) {
		unsigned count = (unsigned)(after[i] - running.before[i]);

		if (count > step->counts[i])
			step->counts[i] = count;
	}
	return 0;
}

/* Returns the number of failures; *hits: how many ioctls were struck. */
static unsigned sweep_kind(const char *fault, const char *kind, unsigned count,
			   void (*scenario)(struct scenario_result *result), struct step *step,
			   unsigned *hits)
{
	unsigned failures = 0, misses = 0;

	*hits = 0;
	fflush(stdout); /* children have buffers of their own */
	for (unsigned n = 1; n <= MAX_STEPS && (n <= count || misses < MISSES); n++) {
		char title[128];

		*step = (struct step){.scenario = scenario, .fault = fault, .kind = kind, .nth = n};
		snprintf(title, sizeof(title), "%s in %s %u", fault, kind, n);
		if (forked_run(title, one_step, step))
			failures++;
		misses = step->hit ? 0 : misses + 1;
		*hits += step->hit;
	}
	return failures;
}

static int sweep_kinds(const char *fault, const unsigned *counts, const char *const *wanted,
		       void (*scenario)(struct scenario_result *result), struct step *step)
{
	unsigned failures = 0, all = 0, hits;

	for (size_t i = 0; i < KINDS; i++) {
		if (!counts[i])
			continue;
		failures += sweep_kind(fault, all_kinds[i], counts[i], scenario, step, &hits);
		printf("%s: %s, %u of %u\n", fault, all_kinds[i], hits, counts[i]);
		all += hits;
		for (const char *const *name = wanted; *name; name++) {
			if (!strcmp(*name, all_kinds[i]) && !hits) {
				printf("%s was never struck\n", *name);
				failures++;
			}
		}
	}
	printf("%s: %u ioctls swept, %u failures\n", fault, all, failures);
	return failures ? 1 : 0;
}

static bool counts_of(const unsigned *counts, const char *kind)
{
	for (size_t i = 0; i < KINDS; i++)
		if (!strcmp(all_kinds[i], kind))
			return counts[i] != 0;
	return false;
}

static struct step *shared_step(void)
{
	struct step *step =
		mmap(NULL, sizeof(*step), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (step == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return step;
}

int sweep_kinds_main(int argc, char **argv, void (*scenario)(struct scenario_result *result),
		     const char *const *kinds)
{
	struct step *step = shared_step();
	unsigned counts[MAX_KINDS];
	int failed = 0;

	if (argc < 3) {
		fprintf(stderr, "usage: %s ADAPTERS FAULT...\n", argv[0]);
		return 2;
	}
	setenv("DXGSIM_ADAPTERS", argv[1], 1);
	machine_gpus = 1;
	step->scenario = scenario;
	for (unsigned i = 0; i < DRY_RUNS; i++)
		if (forked_run("without a fault", dry_run, step))
			return 1;
	memcpy(counts, step->counts, sizeof(counts));
	for (const char *const *kind = kinds; *kind; kind++) {
		if (!counts_of(counts, *kind)) {
			printf("%s is never called: the sweep does not sweep\n", *kind);
			failed = 1;
		}
	}
	for (int i = 2; i < argc; i++)
		failed |= sweep_kinds(argv[i], counts, kinds, scenario, step);
	return failed;
}

int sweep_main(int argc, char **argv, void (*scenario)(struct scenario_result *result))
{
	struct step *step = shared_step();
	int failed = 0;

	setenv("DXGSIM_ADAPTERS", "rx6800;radeon680m", 1);
	machine_gpus = 2;
	if (argc < 2) {
		fprintf(stderr, "usage: %s FAULT...\n", argv[0]);
		return 2;
	}
	for (int i = 1; i < argc; i++)
		failed |= sweep(argv[i], scenario, step);
	return failed;
}
