// SPDX-License-Identifier: MIT
#include "queue/probe_words.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gsp/diagnose.h"
#include "kmd/check.h"

static const char *const step_names[PROBE_STEP_COUNT] = {
	[PROBE_DEVICE] = "device",	   [PROBE_PAGING_QUEUE] = "paging queue",
	[PROBE_CONTEXT] = "context",	   [PROBE_USER_QUEUE] = "ring memory",
	[PROBE_QUEUE] = "queue",	   [PROBE_ADDRESS] = "address",
	[PROBE_ALLOCATION] = "allocation", [PROBE_RESIDENT] = "residency",
	[PROBE_MAP] = "mapping",	   [PROBE_PAGING] = "paging fence",
	[PROBE_COMMANDS] = "commands",	   [PROBE_SUBMIT] = "submission",
	[PROBE_FENCE] = "fence",	   [PROBE_RESULT] = "result",
	[PROBE_TEARDOWN] = "teardown",
};

/* For messages; never NULL. */
const char *probe_step_name(enum probe_step step)
{
	return (uint32_t)step < PROBE_STEP_COUNT ? step_names[step] : "?";
}

/* Whether the call that failed in a step has private data which the host answers into. */
static bool sends_private_data(const struct probe_walk *walk, enum probe_step step)
{
	switch (step) {
	case PROBE_CONTEXT:
	case PROBE_ALLOCATION:
		return true;
	case PROBE_USER_QUEUE:
		return memory_last_step() == MEMORY_STEP_ALLOCATION;
	case PROBE_QUEUE:
		return walk->rung == GSP_RUNG_HARDWARE;
	default:
		return false;
	}
}

/* Whether its private data was sent in several forms in vain: not when one was taken before. */
static bool has_forms(const struct probe_walk *walk, enum probe_step step)
{
	const struct channel_options *options = &walk->options->channel;

	if (step == PROBE_CONTEXT)
		return !gsp_context_form_known(options->device);
	return step != PROBE_QUEUE && !memory_form_known(options->memory, options->gpu);
}

/* Puts the self-check that is broken into words: which step, on which queue, and what the device's state adds to it. */
void probe_explain(const struct probe_walk *walk, enum probe_step step, int error, const char *text,
		   struct kmd_failure *why)
{
	const char *name = probe_step_name(step), *queue = gsp_rung_name(walk->rung);
	struct gsp_diagnosis diagnosis = {.cause = GSP_CAUSE_NONE};
	enum kmd_rule_number rule = KMD_RULE_PROBE;
	const char *hint = NULL;

	if (error == -ENODEV || error == -EFAULT)
		gsp_device_diagnose(walk->options->channel.device, &diagnosis);
	switch (diagnosis.cause) {
	case GSP_CAUSE_PAGE_FAULT:
		hint = ": the driver understood an address differently";
		break;
	case GSP_CAUSE_HUNG:
	case GSP_CAUSE_FAULT:
		hint = ": the GPU did not get through the commands";
		break;
	case GSP_CAUSE_RESET:
	case GSP_CAUSE_OUT_OF_MEMORY:
		hint = "";
		break;
	case GSP_CAUSE_NONE:
	case GSP_CAUSE_REMOVED:
	case GSP_CAUSE_UNKNOWN:
		break;
	}
	if (hint) {
		kmd_failure_set(why, KMD_RULE_DEVICE_STATE, "probe, %s, step %s: %s%s", queue, name, text,
				hint);
		return;
	}
	if (sends_private_data(walk, step))
		rule = kmd_rule_of_refusal(error, has_forms(walk, step));
	kmd_failure_set(why, rule, "probe, %s, step %s: %s%s", queue, name, text,
			rule == KMD_RULE_FORMS
				? ": the driver takes the private data in none of the known forms"
				: "");
}

/* Whether a step makes a fence by a call whose reply has no status. */
static bool maps_fence(const struct probe_walk *walk, enum probe_step step)
{
	return step == PROBE_PAGING_QUEUE || (step == PROBE_QUEUE && walk->rung != GSP_RUNG_HARDWARE);
}

/*
 * An error in words: what the host's refusals mean, and of a lost device what the host says of it.  The result is a constant
 * or in `text`.
 */
const char *probe_describe(const struct probe_walk *walk, enum probe_step step, int error, char *text,
			   size_t size)
{
	struct gsp_diagnosis diagnosis;

	switch (error) {
	case -ENODEV:
	case -EFAULT:
		gsp_device_diagnose(walk->options->channel.device, &diagnosis);
		if (!gsp_device_is_lost(walk->options->channel.device))
			return "the GPU cannot have the addresses of this process"; /* as memory.h has it */
		return gsp_diagnosis_text(&diagnosis, text, size);
	case -EINVAL:
		return "refused (INVALID_PARAMETER, or a reason that the host does not tell)";
	case -EIO:
		return "refused (success without a handle or an address)";
	case -EAGAIN:
		return "the message ring to the host stayed full";
	case -EEXIST:
		return "the host chose another address";
	case -EOVERFLOW:
		return step == PROBE_SUBMIT ? "the fence has no number left" : "refused (BUFFER_TOO_SMALL)";
	case -EPERM:
		return "refused (NOT_SUPPORTED)";
	case -ECANCELED:
		return "not asked for: memory locking (mlockall) is on in this process";
	case -EPROTO:
		return sends_private_data(walk, step) ? "something was written behind the private data"
						      : "the host's answer makes no sense";
	case -ENOMEM:
		/* a fence that the host does not give is one that cannot be mapped (dxgkrnl: dxgvmbus.c) */
		return maps_fence(walk, step) ? "no memory, or refused (a host's refusal shows like that)"
					      : strerror(ENOMEM);
	case -ENOSPC:
		return "the GPU has no room";
	case -ETIMEDOUT:
		snprintf(text, size, "not done within %" PRIu64 " ms", walk->timeout_ns / 1000000);
		return text;
	default:
		return strerror(-error);
	}
}
