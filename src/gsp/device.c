// SPDX-License-Identifier: MIT
#include "gsp/device.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gsp/device_private.h"
#include "kmd/check.h"
#include "kmd/forms.h"
#include "util/log.h"

enum phase {
	PHASE_CLOSED,
	PHASE_OPENING, /* one thread is talking to the host, the others wait on `settled` */
	PHASE_OPEN,
};

/*
 * Prepares a device without asking the host for anything.  `dxg` and the open adapter handle stay
 * the caller's and must outlive the device; `info` is copied.  -ENOMEM.
 */
int gsp_device_create(struct dxg *dxg, d3dkmt_handle adapter, const struct kmd_adapter *info,
		      struct gsp_device **out)
{
	struct gsp_device *device = calloc(1, sizeof(*device));

	*out = NULL;
	if (!device)
		return -ENOMEM;
	device->dxg = dxg;
	device->adapter = adapter;
	device->info = *info;
	gsp_caps_decide(info, &device->caps);
	gsp_epoch_init(&device->epoch);
	atomic_init(&device->phase, PHASE_CLOSED);
	atomic_init(&device->context_form, kmd_form_taken(info->luid, KMD_FORM_OF_CONTEXT));
	turn_init(&device->form_search);
	atomic_init(&device->paging_due, 0);
	pthread_mutex_init(&device->activity, NULL);
	pthread_mutex_init(&device->lock, NULL);
	pthread_cond_init(&device->settled, NULL);
	*out = device;
	return 0;
}

/* Registers who hears of a loss.  Before the first gsp_device_open(), not changed afterwards. */
void gsp_device_on_loss(struct gsp_device *device, gsp_loss_callback callback, void *arg)
{
	device->on_loss = callback;
	device->on_loss_arg = arg;
}

/*
 * Gives the host's objects back.  Nobody may be using the device or anything made on it, timelines and moments
 * included; what is still alive on it goes with it.  NULL is allowed.
 */
void gsp_device_destroy(struct gsp_device *device)
{
	int ret;

	if (!device)
		return;
	if (atomic_load(&device->phase) == PHASE_OPEN) {
		/* a paging queue that refuses goes with its device */
		ret = dxg_destroy_paging_queue(device->dxg, device->handles.paging.handle);
		if (ret)
			log_debug("adapter %#x: destroying the paging queue: %s", device->adapter,
				  strerror(-ret));
		ret = dxg_destroy_device(device->dxg, device->handles.device);
		if (ret)
			log_warn("adapter %#x: destroying the device: %s", device->adapter, strerror(-ret));
	}
	pthread_cond_destroy(&device->settled);
	pthread_mutex_destroy(&device->lock);
	pthread_mutex_destroy(&device->activity);
	turn_destroy(&device->form_search);
	free(device);
}

static int make_handles(struct gsp_device *device, struct gsp_handles *handles)
{
	int ret;

	memset(handles, 0, sizeof(*handles));
	atomic_store(&device->open_failed_at, GSP_OPEN_DEVICE);
	ret = gsp_device_result(device, dxg_create_device(device->dxg, device->adapter, 0, &handles->device));
	if (ret) {
		log_err("adapter %#x: creating a device: %s", device->adapter, strerror(-ret));
		return ret;
	}
	ret = gsp_device_result(device,
				dxg_create_paging_queue(device->dxg, handles->device, &handles->paging));
	if (ret) {
		atomic_store(&device->open_failed_at, GSP_OPEN_PAGING_QUEUE);
		log_err("adapter %#x: creating a paging queue: %s", device->adapter, strerror(-ret));
		dxg_destroy_device(device->dxg, handles->device);
		memset(handles, 0, sizeof(*handles));
	}
	return ret;
}

/*
 * Makes the device and its paging queue if that did not happen yet; of several threads one does it
 * and the others wait for its result.  -ENODEV: lost.  Any other error is the host's refusal and
 * leaves nothing behind; the next call tries again.
 */
int gsp_device_open(struct gsp_device *device, const struct gsp_handles **handles)
{
	struct gsp_handles made;
	int ret = 0;

	*handles = NULL;
	if (gsp_device_is_lost(device)) {
		atomic_store(&device->open_failed_at, GSP_OPEN_DEVICE);
		return -ENODEV;
	}
	if (atomic_load_explicit(&device->phase, memory_order_acquire) == PHASE_OPEN)
		goto out;

	pthread_mutex_lock(&device->lock);
	while (device->phase == PHASE_OPENING)
		pthread_cond_wait(&device->settled, &device->lock);
	if (device->phase == PHASE_OPEN) {
		pthread_mutex_unlock(&device->lock);
		goto out;
	}
	if (gsp_device_is_lost(device)) {
		/* found by the thread that was waited for */
		pthread_mutex_unlock(&device->lock);
		return -ENODEV;
	}
	device->phase = PHASE_OPENING;
	pthread_mutex_unlock(&device->lock);

	ret = make_handles(device, &made);

	pthread_mutex_lock(&device->lock);
	if (!ret) {
		device->handles = made;
		/* a new paging queue counts anew */
		atomic_store(&device->paging_due, 0);
		gsp_epoch_begin(&device->epoch);
	}
	atomic_store_explicit(&device->phase, ret ? PHASE_CLOSED : PHASE_OPEN, memory_order_release);
	pthread_cond_broadcast(&device->settled);
	pthread_mutex_unlock(&device->lock);
	if (ret)
		return ret;
out:
	*handles = &device->handles;
	return 0;
}

/*
 * What the latest gsp_device_open() that failed could not make; the device, when it did not come to asking (-ENODEV).
 * While other threads open the device too it may be theirs.
 */
enum gsp_open_step gsp_device_open_failed_at(const struct gsp_device *device)
{
	return (enum gsp_open_step)atomic_load(&device->open_failed_at);
}

/* The handles of a device that was opened, also when it is lost by now: to destroy what was made on it. */
const struct gsp_handles *gsp_device_handles(const struct gsp_device *device)
{
	return &device->handles;
}

static void note(struct gsp_device *device, uint64_t number, enum gsp_state host)
{
	if (!gsp_epoch_resolve(&device->epoch, number, host))
		return;
	log_err("adapter %#x: the device is lost: %s", device->adapter, gsp_state_name(host));
	if (device->on_loss)
		device->on_loss(device, host, device->on_loss_arg);
}

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

/*
 * Asks the host how the device is (answered in the guest while nothing changed anywhere) and
 * believes it.  0: usable, or not made yet; -ENODEV: lost; another error: the host did not answer,
 * nothing new is known.
 */
int gsp_device_check(struct gsp_device *device)
{
	struct gsp_epoch_view epoch = gsp_device_epoch(device);
	enum d3dkmt_deviceexecution_state execution;
	int ret;

	if (gsp_state_is_lost(epoch.state))
		return -ENODEV;
	if (atomic_load_explicit(&device->phase, memory_order_acquire) != PHASE_OPEN)
		return 0;
	ret = dxg_get_device_state(device->dxg, device->handles.device, &execution);
	if (ret == -ENODEV)
		note(device, epoch.number, GSP_REMOVED);
	else if (!ret)
		note(device, epoch.number, state_of_execution(execution));
	else
		return ret;
	return gsp_device_is_lost(device) ? -ENODEV : 0;
}

/*
 * Every result of a call that concerns this device passes through here and comes out unchanged; a
 * -ENODEV marks the device lost.  The guest's answer to how it is may be from before the loss: then it is the device that is gone, as far
 * as is known, and not its adapter, of which all that this process has there can and has to be given back.
 */
int gsp_device_result(struct gsp_device *device, int result)
{
	uint64_t number;

	if (result != -ENODEV)
		return result;
	number = gsp_device_epoch(device).number;
	if (gsp_device_check(device) != -ENODEV)
		note(device, number, GSP_RESET);
	return -ENODEV;
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

/* A fence of the device reads all ones: the host does that to every fence when it resets the GPU. */
void gsp_device_fence_lost(struct gsp_device *device)
{
	uint64_t number = gsp_device_epoch(device).number;

	if (!gsp_device_is_lost(device) && gsp_device_check(device) != -ENODEV)
		note(device, number, GSP_RESET);
}

struct gsp_epoch_view gsp_device_epoch(const struct gsp_device *device)
{
	return gsp_epoch_read(&device->epoch);
}

/* A lost device's fence and lock mappings must not be touched any more. */
bool gsp_device_is_lost(const struct gsp_device *device)
{
	return gsp_state_is_lost(gsp_device_epoch(device).state);
}

struct dxg *gsp_device_dxg(const struct gsp_device *device)
{
	return device->dxg;
}

d3dkmt_handle gsp_device_adapter(const struct gsp_device *device)
{
	return device->adapter;
}

const struct kmd_adapter *gsp_device_info(const struct gsp_device *device)
{
	return &device->info;
}
