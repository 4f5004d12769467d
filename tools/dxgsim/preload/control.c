// SPDX-License-Identifier: MIT
/* What tests ask the simulator in their process. */
#include "dxgsim/dxgsim.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dxgsim/driver/driver.h"
#include "dxgsim/hooks.h"
#include "dxgsim/host/arena.h"
#include "dxgsim/host/vidsch.h"
#include "dxgsim/report.h"
#include "seam.h"

#define IOCTL_NUMBERS 256u

void dxgsim_reset(void)
{
	seam_shutdown();
	seam_enter();
	hook_reset();
	report_reset_counters();
	seam_leave();
}

static struct hook_counters counters(void)
{
	struct hook_counters now;

	hook_get_counters(&now);
	return now;
}

uint64_t dxgsim_ioctl_count(void)
{
	return counters().ioctls;
}

uint64_t dxgsim_ioctl_count_of(const char *name)
{
	for (unsigned int nr = 0; nr < IOCTL_NUMBERS; nr++) {
		const char *known = driver_ioctl_name(nr);

		if (known != NULL && strcmp(known, name) == 0)
			return counters().ioctls_by_nr[nr];
	}
	fprintf(stderr, "dxgsim: there is no ioctl %s\n", name);
	abort();
}

uint64_t dxgsim_message_count(void)
{
	return counters().messages;
}

uint64_t dxgsim_round_trips(void)
{
	return counters().sync_messages;
}

int dxgsim_fault(const char *spec)
{
	char reason[160];
	int ret = hook_add_fault(spec, reason, sizeof(reason));

	if (ret != 0)
		fprintf(stderr, "dxgsim: fault %s: %s\n", spec, reason);
	return ret;
}

int dxgsim_control(const char *command)
{
	struct happening happening;
	char reason[160];
	int ret = happening_parse(command, &happening, reason, sizeof(reason));

	if (ret == -ENOENT)
		snprintf(reason, sizeof(reason), "no such happening");
	if (ret == 0) {
		seam_setup();
		seam_enter();
		ret = hook_happen(&happening, command, reason, sizeof(reason));
		seam_leave();
	}
	if (ret == 0)
		return 0;
	fprintf(stderr, "dxgsim: %s: %s\n", command, reason);
	return -EINVAL;
}

void dxgsim_clear_faults(void)
{
	hook_clear_faults();
}

const char *dxgsim_fault_hit(void)
{
	int nr = hook_fault_hit();

	if (nr < 0)
		return NULL;
	return nr == 0 ? "OPEN" : driver_ioctl_name((unsigned int)nr);
}

bool dxgsim_fault_applied(void)
{
	return hook_fault_applied();
}

bool dxgsim_paging(unsigned int adapter, struct dxgsim_paging *out)
{
	struct arena_paging paging;

	if (!hook_get_paging(adapter, &paging))
		return false;
	*out = (struct dxgsim_paging){paging.process_in, paging.process_out, paging.adapter_in,
				      paging.adapter_out};
	return true;
}

static void add_counters(struct dxgsim_gpu_counters *sum, const struct vidsch_counters *counters)
{
	sum->jobs += counters->jobs;
	sum->command_bytes += counters->bytes;
	sum->packets += counters->gpu.packets;
	sum->dispatches += counters->gpu.dispatches;
	sum->units += counters->gpu.units;
	sum->interrupts += counters->gpu.interrupts;
	sum->early_signals += counters->gpu.early_signals;
	sum->unacquired += counters->gpu.unacquired;
	sum->preemptions += counters->gpu.preemptions;
}

bool dxgsim_gpu_counters(unsigned int adapter, unsigned int node, struct dxgsim_gpu_counters *out)
{
	struct vidsch_counters counters;
	bool all = node == DXGSIM_ALL_NODES;

	*out = (struct dxgsim_gpu_counters){0};
	if (all)
		node = 0;
	if (!hook_get_gpu(adapter, node, &counters))
		return false;
	add_counters(out, &counters);
	while (all && hook_get_gpu(adapter, ++node, &counters))
		add_counters(out, &counters);
	return true;
}

uint64_t dxgsim_misuse_count(void)
{
	struct report_counters found;

	seam_release_unused();
	report_get_counters(&found);
	return found.misuse;
}

uint64_t dxgsim_leak_count(void)
{
	struct report_counters found;

	seam_release_unused();
	report_get_counters(&found);
	return found.leaks;
}

size_t dxgsim_findings(char *text, size_t size)
{
	seam_release_unused();
	return report_copy_text(text, size < UINT32_MAX ? (uint32_t)size : UINT32_MAX);
}

struct live {
	const char *kind;
	size_t count;
};

static void count_object(void *arg, const struct driver_object *object)
{
	struct live *live = arg;

	live->count += live->kind == NULL || strcmp(live->kind, object->kind) == 0;
}

size_t dxgsim_live_objects(const char *kind)
{
	struct live live = {kind, 0};

	seam_release_unused();
	seam_enter();
	driver_report(count_object, &live);
	seam_leave();
	return live.count;
}
