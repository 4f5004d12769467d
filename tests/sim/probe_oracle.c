// SPDX-License-Identifier: MIT
#include "probe_oracle.h"

#include <string.h>

#include "util/compiler.h"

struct ioctl_step {
	const char *ioctl;
	enum probe_step step;
};

/* Wherever it is called. */
static const struct ioctl_step step_of[] = {
	{"CREATEDEVICE", PROBE_DEVICE},
	{"CREATEPAGINGQUEUE", PROBE_PAGING_QUEUE},
	{"CREATECONTEXTVIRTUAL", PROBE_CONTEXT},
	{"CREATEHWQUEUE", PROBE_QUEUE},
	{"CREATESYNCHRONIZATIONOBJECT", PROBE_QUEUE},
	{"SUBMITCOMMAND", PROBE_SUBMIT},
	{"SUBMITCOMMANDTOHWQUEUE", PROBE_SUBMIT},
	{"SIGNALSYNCHRONIZATIONOBJECTFROMGPU", PROBE_SUBMIT},
	{"DESTROYHWQUEUE", PROBE_TEARDOWN},
	{"DESTROYCONTEXT", PROBE_TEARDOWN},
	{"DESTROYSYNCHRONIZATIONOBJECT", PROBE_TEARDOWN},
	{"EVICT", PROBE_TEARDOWN},
	{"DESTROYALLOCATION2", PROBE_STEP_COUNT},
	{"FREEGPUVIRTUALADDRESS", PROBE_STEP_COUNT},
	{"DESTROYPAGINGQUEUE", PROBE_STEP_COUNT},
	{"DESTROYDEVICE", PROBE_STEP_COUNT},
	{"CLOSEADAPTER", PROBE_STEP_COUNT},
};

/* On the way up, for the commands' memory. */
static const struct ioctl_step memory_step_of[] = {
	{"RESERVEGPUVIRTUALADDRESS", PROBE_ADDRESS},
	{"CREATEALLOCATION", PROBE_ALLOCATION},
	{"MAKERESIDENT", PROBE_RESIDENT},
	{"MAPGPUVIRTUALADDRESS", PROBE_MAP},
	{"WAITFORSYNCHRONIZATIONOBJECTFROMCPU", PROBE_PAGING},
	{"GETDEVICESTATE", PROBE_PAGING},
};

static bool find(const struct ioctl_step *table, size_t count, const char *ioctl, enum probe_step *step)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(table[i].ioctl, ioctl))
			continue;
		*step = table[i].step;
		return true;
	}
	return false;
}

enum probe_step oracle_step(enum gsp_rung rung, const struct oracle_calls *calls, size_t index)
{
	const char *ioctl = calls->names[index];
	bool down = false, sent = false, queue = false;
	enum probe_step step;

	if (find(step_of, ARRAY_SIZE(step_of), ioctl, &step))
		return step;
	for (size_t i = 0; i < index; i++) {
		if (!find(step_of, ARRAY_SIZE(step_of), calls->names[i], &step))
			continue;
		down |= step >= PROBE_TEARDOWN;
		sent |= step == PROBE_SUBMIT;
		queue |= step == PROBE_QUEUE;
	}
	/* memory that is not let go of is asked for again later */
	if (down)
		return PROBE_STEP_COUNT;
	if (sent)
		return PROBE_FENCE;
	if (rung == GSP_RUNG_USER_QUEUE && !queue)
		return PROBE_USER_QUEUE;
	return find(memory_step_of, ARRAY_SIZE(memory_step_of), ioctl, &step) ? step : PROBE_STEP_COUNT;
}

static bool is_one_of(const char *word, const char *const *words)
{
	while (*words && strcmp(word, *words))
		words++;
	return *words;
}

static bool is_host_refusal(const char *spec)
{
	return !strncmp(spec, "refuse", strlen("refuse"));
}

bool oracle_says_lost(const char *spec)
{
	return !strcmp(spec, "errno=ENODEV") || !strcmp(spec, "refuse=0xC00002B6");
}

static bool is_no_memory(const char *spec)
{
	return !strcmp(spec, "errno=ENOMEM") || !strcmp(spec, "refuse=0xC0000017");
}

/* Nothing can have come of it: it does nothing, it is tried again, or nobody depends on it. */
static bool is_harmless(const struct oracle_fault *fault)
{
	static const char *const no_matter[] = {"GETDEVICESTATE", "EVICT", NULL};
	/* what it is asked for */
	bool tells = !strcmp(fault->ioctl, "GETDEVICESTATE") && oracle_says_lost(fault->spec);
	/* these have let go of their handle when they fail, so there is nothing to try again with */
	static const char *const handle_is_gone[] = {"DESTROYHWQUEUE", "DESTROYCONTEXT",
						     "DESTROYSYNCHRONIZATIONOBJECT", NULL};

	/* no room is asked about twice */
	if (!strcmp(fault->ioctl, "MAKERESIDENT") && is_no_memory(fault->spec))
		return true;
	if (!strcmp(fault->spec, "errno=EAGAIN"))
		return !is_one_of(fault->ioctl, handle_is_gone);
	return !fault->applied || fault->step == PROBE_STEP_COUNT || !strcmp(fault->spec, "ring-full=2") ||
	       (is_one_of(fault->ioctl, no_matter) && !tells);
}

/* Whether the probe may pass all the same, for it has another way. */
bool oracle_may_pass(const struct oracle_fault *fault)
{
	/* it waits by looking; it takes other addresses; it sends the private data in another form */
	static const char *const other_means[] = {"WAITFORSYNCHRONIZATIONOBJECTFROMCPU",
						  "RESERVEGPUVIRTUALADDRESS", NULL};
	static const char *const other_forms[] = {"CREATECONTEXTVIRTUAL", "CREATEALLOCATION", NULL};
	static const char *const refusals[] = {"errno=EINVAL", "short", "zero", NULL};
	static const char *const passing[] = {"errno=ENOMEM", "errno=EINTR", NULL};

	if (is_harmless(fault))
		return true;
	if (oracle_says_lost(fault->spec)) {
		/* what is lost needs no undoing, and some replies cannot tell of a loss */
		return fault->step == PROBE_TEARDOWN ||
		       (is_host_refusal(fault->spec) && (is_one_of(fault->ioctl, other_forms) ||
							 !strcmp(fault->ioctl, "RESERVEGPUVIRTUALADDRESS")));
	}
	/* an answer that says that it is done */
	if (!strcmp(fault->spec, "zero") && fault->step == PROBE_TEARDOWN)
		return true;
	/* the signal behind commands is tried again where that may help */
	if (!strcmp(fault->ioctl, "SIGNALSYNCHRONIZATIONOBJECTFROMGPU") && is_one_of(fault->spec, passing))
		return true;
	if (is_one_of(fault->ioctl, other_forms))
		return is_host_refusal(fault->spec) || is_one_of(fault->spec, refusals);
	return is_one_of(fault->ioctl, other_means);
}

bool oracle_may_fail_at(const struct oracle_fault *fault, enum probe_step step)
{
	static const char *const unanswered[] = {"SUBMITCOMMAND", "SUBMITCOMMANDTOHWQUEUE",
						 "SIGNALSYNCHRONIZATIONOBJECTFROMGPU", NULL};

	if (is_harmless(fault))
		return false;
	/* nobody is told before it shows */
	if (is_one_of(fault->ioctl, unanswered) &&
	    (!strcmp(fault->spec, "drop") || is_host_refusal(fault->spec)))
		return step == PROBE_FENCE || step == PROBE_RESULT;
	/* told that it is resident: the GPU finds out */
	if (!strcmp(fault->spec, "zero") && !strcmp(fault->ioctl, "MAKERESIDENT"))
		return step == PROBE_FENCE;
	return step == fault->step;
}
