// SPDX-License-Identifier: MIT
/*
 * Where our idea of a device meets the host's.
 *
 * Whatever hints that a device may be lost comes here as evidence, and here alone is decided what it means: the host is right, the
 * first word about the end of an epoch is final, and one caller tells the others.
 */
#include <errno.h>

#include "gsp/device_private.h"
#include "gsp/renewals.h"
#include "kmd/check.h"
#include "util/clock.h"
#include "util/log.h"

/*
 * The host that answers nothing is gone; one that was busy or asleep answers the next time.  Pings are a second apart
 * (event/completion_thread.c).
 */
#define UNANSWERED_MAX 3U

#define ASK_AGAIN_NS 100000000ULL /* how often a silent host is asked by those who give things back */

enum evidence {
	EVIDENCE_TIME, /* none: it is time to ask */
	EVIDENCE_FENCE, /* a fence reads all ones, which the host writes when it resets the GPU (Microsoft: monitored fences) */
	EVIDENCE_CALL,	  /* a call about the device came back with -ENODEV */
	EVIDENCE_SILENCE, /* calls that ask the host come back without its answer */
};

static enum gsp_state state_of_execution(enum d3dkmt_deviceexecution_state execution)
{
	switch (execution) {
	case D3DKMT_DEVICEEXECUTION_ACTIVE:
		return GSP_ACTIVE;
	case D3DKMT_DEVICEEXECUTION_HUNG:
		return GSP_HUNG;
	case D3DKMT_DEVICEEXECUTION_STOPPED:
		return GSP_REMOVED;
	default: /* reset, or out of memory or a fault in this device's own work */
		return GSP_RESET;
	}
}

static void note(struct gsp_device *device, uint64_t number, enum gsp_state host)
{
	if (!gsp_epoch_resolve(&device->epoch, number, host))
		return;
	log_err("adapter %#x: the device is lost: %s", device->adapter, gsp_state_name(host));
	if (device->renewals)
		gsp_renewals_lost(device->renewals);
	if (device->on_loss)
		device->on_loss(device, host, device->on_loss_arg);
}

/*
 * What the guest's kernel says is what the host told it last (dxgkrnl: a counter that the host raises), which may be from before
 * the loss: evidence that is newer stands against an "active".  Then it is the device that is gone, as far as is known, and not
 * its adapter, of which all that this process has there can and has to be given back.
 *
 * 0: usable, or not made yet; -ENODEV: lost; another error: the guest's kernel did not answer, nothing new is known.
 */
static int reconcile(struct gsp_device *device, enum evidence evidence)
{
	struct gsp_epoch_view epoch = gsp_device_epoch(device);
	enum d3dkmt_deviceexecution_state execution = D3DKMT_DEVICEEXECUTION_ACTIVE;
	int ret = 0;

	if (gsp_state_is_lost(epoch.state))
		return -ENODEV;
	if (evidence == EVIDENCE_SILENCE) {
		/* what is there may still run: it is given back if the host comes back */
		atomic_store(&device->silent, true);
		note(device, epoch.number, GSP_HUNG);
		return -ENODEV;
	}
	if (atomic_load_explicit(&device->phase, memory_order_acquire) == GSP_OPEN)
		ret = dxg_get_device_state(device->dxg, device->handles.device, &execution);
	if (ret == -ENODEV)
		note(device, epoch.number, GSP_REMOVED);
	else if (!ret && !(execution == D3DKMT_DEVICEEXECUTION_ACTIVE && epoch.state == GSP_POWERED_DOWN))
		/* that a host which does not answer was active once is no news */
		note(device, epoch.number, state_of_execution(execution));
	if (evidence != EVIDENCE_TIME)
		note(device, epoch.number, GSP_RESET);
	if (gsp_device_is_lost(device))
		return -ENODEV;
	return ret;
}

/*
 * Asks how the device is, which the guest's kernel answers while nothing changed anywhere, and believes it.  0: usable, or not made
 * yet; -ENODEV: lost; another error: no answer, nothing new is known.
 */
int gsp_device_check(struct gsp_device *device)
{
	return reconcile(device, EVIDENCE_TIME);
}

/* What the guest's kernel makes of a reply that is none, and of a ring that nobody empties (dxgkrnl: dxgvmbus.c). */
static bool is_silence(int error)
{
	return error == -EOVERFLOW || error == -EAGAIN;
}

/*
 * Asks the host itself, for who sees nothing move: a dead channel changes nothing of what the guest's kernel knows.  One round trip.
 * 0: it answers, or may do so the next time; -ENODEV: lost.
 */
int gsp_device_ping(struct gsp_device *device)
{
	uint64_t number = gsp_device_epoch(device).number;
	struct d3dkmt_devicepagefault_state unused;
	int ret;

	if (gsp_device_is_lost(device))
		return -ENODEV;
	if (atomic_load_explicit(&device->phase, memory_order_acquire) != GSP_OPEN)
		return 0;
	ret = gsp_device_result(device, dxg_get_page_fault(device->dxg, device->handles.device, &unused));
	if (ret == -ENODEV)
		return ret;
	if (!is_silence(ret)) {
		atomic_store(&device->unanswered, 0);
		note(device, number, GSP_ACTIVE);
		return 0;
	}
	note(device, number, GSP_POWERED_DOWN);
	if (atomic_fetch_add(&device->unanswered, 1) + 1 < UNANSWERED_MAX)
		return 0;
	log_err("adapter %#x: the host does not answer any more", device->adapter);
	return reconcile(device, EVIDENCE_SILENCE);
}

/* Its work got on, so that the host is there: pings that it did not answer before do not count any more. */
void gsp_device_moved(struct gsp_device *device)
{
	uint64_t number = gsp_device_epoch(device).number;

	if (atomic_load(&device->unanswered) && atomic_exchange(&device->unanswered, 0))
		note(device, number, GSP_ACTIVE);
}

/* Every result of a call that concerns this device passes through here and comes out unchanged; a -ENODEV marks the device lost. */
int gsp_device_result(struct gsp_device *device, int result)
{
	return result == -ENODEV ? reconcile(device, EVIDENCE_CALL) : result;
}

/*
 * gsp_device_result() for a call that makes something with private data.  A device that was reset may get the same
 * refusals as private data that is not liked: those come out as -ENODEV.
 */
int gsp_device_creation_result(struct gsp_device *device, int result)
{
	result = gsp_device_result(device, result);
	return kmd_is_refusal(result) && gsp_device_check(device) == -ENODEV ? -ENODEV : result;
}

/* A fence of the device reads all ones. */
void gsp_device_fence_lost(struct gsp_device *device)
{
	reconcile(device, EVIDENCE_FENCE);
}

/*
 * Whether the host is there to take back what was made on a device: a removed adapter's driver has forgotten it, and through a dead
 * channel nothing gets.  Then it is left, what the GPU may still use is not used for anything else, and the kernel takes all of it when the
 * process closes /dev/dxg.  A host that was silent is asked again, now and then.
 */
bool gsp_device_takes_back(struct gsp_device *device)
{
	struct d3dkmt_devicepagefault_state unused;
	uint64_t asked = atomic_load(&device->asked_ns), now;

	if (gsp_device_epoch(device).state == GSP_REMOVED)
		return false;
	if (!atomic_load(&device->silent))
		return true;
	now = clock_ns();
	if (now - asked < ASK_AGAIN_NS || !atomic_compare_exchange_strong(&device->asked_ns, &asked, now))
		return false;
	if (is_silence(dxg_get_page_fault(device->dxg, device->handles.device, &unused)))
		return false;
	atomic_store(&device->silent, false);
	return true;
}
