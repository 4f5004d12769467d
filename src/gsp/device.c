// SPDX-License-Identifier: MIT
#include "gsp/device.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gsp/device_private.h"
#include "gsp/renewals.h"
#include "kmd/forms.h"
#include "util/clock.h"
#include "util/log.h"

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
	atomic_init(&device->phase, GSP_CLOSED);
	atomic_init(&device->context_form, kmd_form_taken(info->luid, KMD_FORM_OF_CONTEXT));
	turn_init(&device->form_search);
	atomic_init(&device->paging_due, 0);
	atomic_init(&device->references, 1);
	turn_init(&device->diagnosis_turn);
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

/* The host's objects go; those of a device that was reset still keep pages of the process pinned until then. */
static void release(struct gsp_device *device)
{
	int ret;

	if (atomic_exchange(&device->phase, GSP_RELEASED) != GSP_OPEN)
		return;
	/* a paging queue that refuses goes with its device */
	ret = dxg_destroy_paging_queue(device->dxg, device->handles.paging.handle);
	if (ret)
		log_debug("adapter %#x: destroying the paging queue: %s", device->adapter, strerror(-ret));
	ret = dxg_destroy_device(device->dxg, device->handles.device);
	if (ret)
		log_warn("adapter %#x: destroying the device: %s", device->adapter, strerror(-ret));
}

/*
 * A reference keeps the host's objects, whose fence page others read: for who has made something on the device, until that is
 * destroyed.  Taken from gsp_device_open() on, by who knows that there is another one.
 */
void gsp_device_get(struct gsp_device *device)
{
	atomic_fetch_add_explicit(&device->references, 1, memory_order_relaxed);
}

/* Gives a reference back; with the last one the host's objects go.  The device itself stays its owner's. */
void gsp_device_put(struct gsp_device *device)
{
	if (atomic_fetch_sub_explicit(&device->references, 1, memory_order_acq_rel) == 1)
		release(device);
}

/* Something was made on the device whose contents go with it. */
void gsp_device_add_contents(struct gsp_device *device)
{
	atomic_fetch_add(&device->contents, 1);
}

/* It was freed by its user. */
void gsp_device_drop_contents(struct gsp_device *device)
{
	atomic_fetch_sub(&device->contents, 1);
}

/* How many of them there are. */
uint64_t gsp_device_contents(const struct gsp_device *device)
{
	return atomic_load(&device->contents);
}

/*
 * Ends a device and gives the host's objects back.  Nobody may be using it or anything made on it, timelines and moments
 * included; what is still alive on it goes with it.  NULL is allowed.
 */
void gsp_device_destroy(struct gsp_device *device)
{
	if (!device)
		return;
	release(device);
	pthread_cond_destroy(&device->settled);
	pthread_mutex_destroy(&device->lock);
	pthread_mutex_destroy(&device->activity);
	turn_destroy(&device->form_search);
	turn_destroy(&device->diagnosis_turn);
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
 * and the others wait for its result.  -ENODEV: lost, or the adapter was lost too often lately (gsp/gpu.h).  Any other
 * error is the host's refusal and leaves nothing behind; the next call tries again.
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
	if (atomic_load_explicit(&device->phase, memory_order_acquire) == GSP_OPEN)
		goto out;

	pthread_mutex_lock(&device->lock);
	while (device->phase == GSP_OPENING)
		pthread_cond_wait(&device->settled, &device->lock);
	if (device->phase == GSP_OPEN) {
		pthread_mutex_unlock(&device->lock);
		goto out;
	}
	if (gsp_device_is_lost(device)) {
		/* found by the thread that was waited for */
		pthread_mutex_unlock(&device->lock);
		return -ENODEV;
	}
	device->phase = GSP_OPENING;
	pthread_mutex_unlock(&device->lock);

	ret = device->renewals && !gsp_renewals_allow(device->renewals, clock_ns())
		      ? -ENODEV
		      : make_handles(device, &made);

	pthread_mutex_lock(&device->lock);
	if (!ret) {
		device->handles = made;
		/* a new paging queue counts anew */
		atomic_store(&device->paging_due, 0);
		gsp_epoch_begin(&device->epoch);
		if (device->renewals)
			gsp_renewals_made(device->renewals, clock_ns());
	}
	atomic_store_explicit(&device->phase, ret ? GSP_CLOSED : GSP_OPEN, memory_order_release);
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
