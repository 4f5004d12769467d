// SPDX-License-Identifier: MIT
#include "event/loss.h"

#include <stdlib.h>

#include "gsp/diagnose.h"
#include "util/log.h"

struct loss {
	struct loss *next;
	struct gsp_device *device; /* with a reference: the host is asked for the cause */
};

/* Prepares the object; all that is given has to outlive it. */
void losses_init(struct losses *losses, struct event_table *events, struct gsp_gpu *const *gpus,
		 const uint32_t *nodes, uint32_t gpu_count)
{
	*losses = (struct losses){.events = events, .gpus = gpus, .nodes = nodes, .gpu_count = gpu_count};
	pthread_mutex_init(&losses->lock, NULL);
	losses->last = &losses->first;
}

static struct loss *take_first(struct losses *losses)
{
	struct loss *loss;

	pthread_mutex_lock(&losses->lock);
	loss = losses->first;
	if (loss) {
		losses->first = loss->next;
		if (!losses->first)
			losses->last = &losses->first;
	}
	pthread_mutex_unlock(&losses->lock);
	return loss;
}

static void drop(struct loss *loss)
{
	gsp_device_put(loss->device);
	free(loss);
}

/* What is noted and not reported yet will not be. */
void losses_end(struct losses *losses)
{
	struct loss *loss;

	while ((loss = take_first(losses)))
		drop(loss);
	pthread_mutex_destroy(&losses->lock);
}

/* Whether anybody could have used the device: not one that could not be made, nor one that was to be the GPU's next and is not. */
static bool was_in_use(const struct gsp_gpu *gpu, const struct gsp_device *device)
{
	const struct gsp_device *current = gsp_gpu_device(gpu);
	uint64_t number = gsp_device_epoch(device).number;

	return number && (device == current || number < gsp_device_epoch(current).number);
}

/*
 * A listener of the GPU heard of a loss; on any thread.  False: it is not to be reported, or there is no memory for it, and then who has
 * something on the device finds the loss there (losses_report_one()).
 */
bool losses_note(struct losses *losses, struct gsp_gpu *gpu, struct gsp_device *device)
{
	struct loss *loss = was_in_use(gpu, device) ? malloc(sizeof(*loss)) : NULL;

	if (!loss)
		return false;
	gsp_device_get(device);
	*loss = (struct loss){.device = device};
	pthread_mutex_lock(&losses->lock);
	*losses->last = loss;
	losses->last = &loss->next;
	pthread_mutex_unlock(&losses->lock);
	return true;
}

/* Whether there is anything to report. */
bool losses_noted(struct losses *losses)
{
	bool noted;

	pthread_mutex_lock(&losses->lock);
	noted = losses->first;
	pthread_mutex_unlock(&losses->lock);
	return noted;
}

static uint32_t node_of(const struct losses *losses, const struct gsp_device *device)
{
	const struct gsp_gpu *gpu = gsp_gpu_of(device);
	uint32_t i = 0;

	while (i < losses->gpu_count && losses->gpus[i] != gpu)
		i++;
	return losses->nodes && i < losses->gpu_count ? losses->nodes[i] : i;
}

/* The host tells what was tried at the address; whether the page was there and read-only is not told apart from that it was not. */
static int raise_fault(struct losses *losses, uint32_t node, const struct gsp_diagnosis *diagnosis)
{
	const struct event_memory_fault fault = {
		.node = node,
		.address = diagnosis->address,
		.failure = EVENT_FAULT_NOT_PRESENT | (diagnosis->write ? EVENT_FAULT_READ_ONLY : 0),
		.flags = EVENT_FAULT_FATAL_PROCESS,
	};

	return event_raise_memory_fault(losses->events, &fault);
}

static void raise_exception(struct losses *losses, uint32_t node)
{
	const struct event_hw_exception exception = {
		.node = node,
		.reset_type = EVENT_RESET_WHOLE_GPU, /* of what this process has there nothing is left */
		.memory_lost = 1,
		.cause = EVENT_CAUSE_GPU_HANG,
	};

	event_raise_hw_exception(losses->events, &exception);
}

/*
 * Reports the loss of a device, if that did not happen yet.  The host may be asked for the cause, and the answer waited for
 * (gsp_device_diagnose()); who calls has something on the device, or a reference.
 */
void losses_report_one(struct losses *losses, struct gsp_device *device)
{
	uint32_t node = node_of(losses, device);
	struct gsp_diagnosis diagnosis;
	char text[160];
	int raised = 0;

	if (!gsp_device_tell(device))
		return;
	gsp_device_diagnose(device, &diagnosis);
	log_err("node %u: %s", node, gsp_diagnosis_text(&diagnosis, text, sizeof(text)));
	if (!losses->events)
		return;
	if (diagnosis.cause == GSP_CAUSE_PAGE_FAULT && diagnosis.has_address)
		raised = raise_fault(losses, node, &diagnosis);
	if (!raised)
		raise_exception(losses, node);
}

/* Reports what was noted so far. */
void losses_report(struct losses *losses)
{
	struct loss *loss;

	while ((loss = take_first(losses))) {
		losses_report_one(losses, loss->device);
		drop(loss);
	}
}
