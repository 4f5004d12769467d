// SPDX-License-Identifier: MIT
#include "gsp/diagnose.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "gsp/device_private.h"
#include "util/clock.h"

#define LATE_NS	 40000000ULL /* how long the guest's answer is waited for when a fence was faster ... */
#define PAUSE_NS 500000L     /* ... and between two looks at it ... */
#define LOOKS	 8U	     /* ... of which there are as many at least */

static enum gsp_cause cause_of(enum d3dkmt_deviceexecution_state execution)
{
	switch (execution) {
	case D3DKMT_DEVICEEXECUTION_ACTIVE:
		return GSP_CAUSE_NONE;
	case D3DKMT_DEVICEEXECUTION_RESET:
		return GSP_CAUSE_RESET;
	case D3DKMT_DEVICEEXECUTION_HUNG:
		return GSP_CAUSE_HUNG;
	case D3DKMT_DEVICEEXECUTION_STOPPED:
		return GSP_CAUSE_REMOVED;
	case D3DKMT_DEVICEEXECUTION_ERROR_OUTOFMEMORY:
		return GSP_CAUSE_OUT_OF_MEMORY;
	case D3DKMT_DEVICEEXECUTION_ERROR_DMAFAULT:
		return GSP_CAUSE_FAULT;
	case D3DKMT_DEVICEEXECUTION_ERROR_DMAPAGEFAULT:
		return GSP_CAUSE_PAGE_FAULT;
	}
	return GSP_CAUSE_UNKNOWN;
}

static void ask(struct gsp_device *device, struct gsp_diagnosis *out)
{
	struct dxg *dxg = gsp_device_dxg(device);
	d3dkmt_handle handle = gsp_device_handles(device)->device;
	enum d3dkmt_deviceexecution_state execution;
	struct d3dkmt_devicepagefault_state fault;
	int ret = dxg_get_device_state(dxg, handle, &execution);

	if (ret) {
		out->cause = ret == -ENODEV ? GSP_CAUSE_REMOVED : GSP_CAUSE_UNKNOWN;
		return;
	}
	out->cause = cause_of(execution);
	if (out->cause != GSP_CAUSE_PAGE_FAULT || dxg_get_page_fault(dxg, handle, &fault))
		return;
	out->has_address = true;
	out->address = fault.faulted_virtual_address;
	out->write = fault.page_fault_flags & DXGK_PAGE_FAULT_WRITE;
}

/* The guest's kernel is told of a loss by a message of its own, which fences that read all ones may be ahead of. */
static void ask_until_told(struct gsp_device *device, struct gsp_diagnosis *out)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	uint64_t end = clock_ns() + LATE_NS;

	ask(device, out);
	/* where pauses take longer, the time alone would leave too few looks */
	for (unsigned looks = 0; out->cause == GSP_CAUSE_NONE && (looks < LOOKS || clock_ns() < end);
	     looks++) {
		nanosleep(&pause, NULL);
		ask(device, out);
	}
}

/* With the turn: of a device that is lost, once. */
static void find_out(struct gsp_device *device)
{
	struct gsp_epoch_view epoch = gsp_device_epoch(device);
	struct gsp_diagnosis *out = &device->diagnosis;

	if (epoch.state == GSP_REMOVED)
		out->cause = GSP_CAUSE_REMOVED; /* a stopped device answers no more */
	else if (atomic_load_explicit(&device->phase, memory_order_acquire) == GSP_OPEN)
		ask_until_told(device, out);
	if (out->cause == GSP_CAUSE_REMOVED)
		/* what looked like a reset first: another adapter may come for it */
		gsp_epoch_resolve(&device->epoch, epoch.number, GSP_REMOVED);
	if (out->cause == GSP_CAUSE_NONE)
		out->cause = epoch.state == GSP_HUNG ? GSP_CAUSE_HUNG : GSP_CAUSE_UNKNOWN;
}

/*
 * Asks how the device is, and if it is lost why, in the host's own words: what gsp_device_check() folds into "lost" is told
 * apart here.  For a fence that is late, and for messages after a loss.  The cause is asked for once; that may take LATE_NS,
 * and the caller has something made on the device, or is about to.  0: alive, *out says NONE;
 * -EFAULT: a page fault of its own work; -ENODEV: lost for another cause; another error: the host did not answer, and the device is
 * not known to be lost.
 */
int gsp_device_diagnose(struct gsp_device *device, struct gsp_diagnosis *out)
{
	int ret = gsp_device_check(device);

	*out = (struct gsp_diagnosis){.cause = GSP_CAUSE_NONE};
	if (ret != -ENODEV)
		return ret;
	if (!atomic_load(&device->diagnosed)) {
		turn_take(&device->diagnosis_turn);
		if (!atomic_load(&device->diagnosed)) {
			find_out(device);
			atomic_store(&device->diagnosed, true);
		}
		turn_leave(&device->diagnosis_turn);
	}
	*out = device->diagnosis;
	return out->cause == GSP_CAUSE_PAGE_FAULT ? -EFAULT : -ENODEV;
}

static const char *cause_text(enum gsp_cause cause)
{
	switch (cause) {
	case GSP_CAUSE_NONE:
		return "the device is active";
	case GSP_CAUSE_PAGE_FAULT:
		return "the GPU stopped at a page fault";
	case GSP_CAUSE_FAULT:
		return "the GPU stopped at a fault in the commands";
	case GSP_CAUSE_OUT_OF_MEMORY:
		return "the host ran out of memory for the device";
	case GSP_CAUSE_HUNG:
		return "the GPU hung";
	case GSP_CAUSE_RESET:
		return "the GPU was reset";
	case GSP_CAUSE_REMOVED:
		return "the adapter is gone or stopped";
	case GSP_CAUSE_UNKNOWN:
		break;
	}
	return "the device is lost";
}

/* In words, in `text`, which is returned: "the GPU stopped at a page fault at 0x...". */
const char *gsp_diagnosis_text(const struct gsp_diagnosis *diagnosis, char *text, size_t size)
{
	if (diagnosis->has_address)
		snprintf(text, size, "%s at %#llx, which was to be %s", cause_text(diagnosis->cause),
			 (unsigned long long)diagnosis->address, diagnosis->write ? "written" : "read");
	else
		snprintf(text, size, "%s", cause_text(diagnosis->cause));
	return text;
}
