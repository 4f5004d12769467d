// SPDX-License-Identifier: MIT
/*
 * What the completion thread does for the GPUs themselves: hears and finds that their devices are lost, asks a host that seems to be gone, and
 * holds the power hints.
 */
#include <errno.h>
#include <stdlib.h>

#include "event/completion_private.h"
#include "gsp/timeline.h"
#include "util/clock.h"
#include "util/compiler.h"

#define PING_NS \
	1000000000ULL /* between questions whether the host is there, and of standstill before the first */

/* On whichever thread found it.  Without a thread nobody has anything that works on the GPU, and who is about to have is told by his call. */
static void lost(void *arg, struct gsp_gpu *gpu, struct gsp_device *device)
{
	struct completion *completion = arg;

	if (atomic_load(&completion->started) && losses_note(&completion->losses, gpu, device))
		completion_wake(completion, SLEEP_LOOKING);
}

/* Listens to the GPUs.  -ENOMEM. */
int completion_watch_gpus(struct completion *completion)
{
	const struct completion_options *options = &completion->options;

	if (!options->gpu_count)
		return 0;
	completion->gpus = calloc(options->gpu_count, sizeof(completion->gpus[0]));
	if (!completion->gpus)
		return -ENOMEM;
	for (uint32_t i = 0; i < options->gpu_count; i++) {
		struct completion_gpu *gpu = &completion->gpus[i];

		gpu->completion = completion;
		gpu->ping_due = UINT64_MAX;
		gsp_power_init(&gpu->power, &options->power);
		gpu->listener = (struct gsp_gpu_listener){.lost = lost, .arg = completion};
		gsp_gpu_listen(options->gpus[i], &gpu->listener);
	}
	return 0;
}

/* When the thread does not run any more. */
void completion_unwatch_gpus(struct completion *completion)
{
	if (!completion->gpus)
		return;
	for (uint32_t i = 0; i < completion->options.gpu_count; i++) {
		gsp_power_release(&completion->gpus[i].power);
		gsp_gpu_unlisten(completion->options.gpus[i], &completion->gpus[i].listener);
	}
	free(completion->gpus);
}

/*
 * The guest's kernel answers for the host, so a channel that is dead shows nowhere but in fences that do not move, as in a
 * kernel that takes long.  Only the host itself can tell the two apart.
 */
static void check(struct completion_gpu *gpu, struct gsp_device *device, uint64_t now)
{
	uint64_t reached;

	if (!gsp_device_works(device, &reached)) {
		gpu->ping_due = UINT64_MAX;
		return;
	}
	gsp_device_check(device);
	if (gpu->ping_due == UINT64_MAX || device != gpu->device || reached != gpu->reached) {
		if (device == gpu->device && reached != gpu->reached)
			gsp_device_moved(device);
		gpu->device = device;
		gpu->reached = reached;
		gpu->ping_due = now + PING_NS;
	} else if (now >= gpu->ping_due) {
		gsp_device_ping(device);
		gpu->ping_due = clock_ns() + PING_NS;
	}
}

/* Every 50 ms while anything is outstanding. */
void completion_check_gpus(struct completion *completion, uint64_t now)
{
	for (uint32_t i = 0; i < completion->options.gpu_count; i++)
		check(&completion->gpus[i], gsp_gpu_device(completion->options.gpus[i]), now);
}

/* In each turn. */
void completion_power(struct completion *completion)
{
	const struct completion_options *options = &completion->options;
	uint64_t due = UINT64_MAX, now;

	if (options->power.policy == GSP_POWER_OFF)
		return;
	now = clock_ns();
	for (uint32_t i = 0; i < options->gpu_count; i++) {
		uint64_t next =
			gsp_power_turn(&completion->gpus[i].power, gsp_gpu_device(options->gpus[i]), now);

		due = MIN(due, next);
	}
	completion->power_due = due;
}
