// SPDX-License-Identifier: MIT
#include "gsp/context.h"

#include <errno.h>
#include <string.h>

#include "gsp/device_private.h"
#include "kmd/check.h"
#include "kmd/forms.h"
#include "kmd/queue.h"
#include "util/log.h"

const struct gsp_caps *gsp_device_caps(const struct gsp_device *device)
{
	return &device->caps;
}

/* Whether a context was created before, so that a refusal is not about the form of its private data. */
bool gsp_context_form_known(const struct gsp_device *device)
{
	return atomic_load(&device->context_form) >= 0;
}

static uint32_t engine_bit(enum kmd_engine engine)
{
	return 1U << (unsigned)engine;
}

bool gsp_hardware_usable(const struct gsp_device *device, enum kmd_engine engine)
{
	const struct gsp_engine_caps *caps = gsp_caps_engine(&device->caps, engine);

	return caps && caps->hardware && !(atomic_load(&device->hardware_refused) & engine_bit(engine));
}

/* The host made a hardware queue: it has them. */
void gsp_hardware_granted(struct gsp_device *device, enum kmd_engine engine)
{
	atomic_fetch_or(&device->hardware_granted, engine_bit(engine));
}

/*
 * The host refused a hardware queue that the private data promised: the host is right, so none is asked for again,
 * unless there was one before: then they have run out.  Told in the log once.
 */
void gsp_hardware_refused(struct gsp_device *device, enum kmd_engine engine, int error)
{
	uint32_t bit = engine_bit(engine);

	if (atomic_load(&device->hardware_granted) & bit)
		return;
	if (!(atomic_fetch_or(&device->hardware_refused, bit) & bit))
		log_warn("adapter %#x: the driver promises hardware queues for engine %d, the host refuses "
			 "them: %s",
			 device->adapter, (int)engine, strerror(-error));
}

static uint32_t flags_of(const struct gsp_engine_caps *engine, enum gsp_rung rung)
{
	if (rung == GSP_RUNG_HARDWARE)
		return D3DDDI_CREATECONTEXTFLAGS_HW_QUEUE_SUPPORTED;
	return engine->no_timeout ? D3DDDI_CREATECONTEXTFLAGS_DISABLE_GPU_TIMEOUT : 0;
}

static int create(struct gsp_device *device, const struct gsp_handles *handles,
		  const struct gsp_engine_caps *engine, enum gsp_rung rung, enum kmd_context_form form,
		  d3dkmt_handle *context)
{
	struct kmd_context_request request = {
		.firmware_managed_state = device->caps.firmware_managed_state,
		.form = form,
	};
	struct kmd_context_blob blob;
	struct dxg_context_request wanted;
	int ret = kmd_context_encode(&request, &blob);

	if (ret)
		return ret;
	wanted = (struct dxg_context_request){
		.node = engine->node,
		.flags = flags_of(engine, rung),
		.private_data = blob.data,
		.private_data_size = blob.size,
	};
	return gsp_device_creation_result(device,
					  dxg_create_context(device->dxg, handles->device, &wanted, context));
}

/* A bit per form that was refused, apart for contexts that are to hold hardware queues: those have more reasons. */
static uint32_t form_bit(enum gsp_rung rung, int form)
{
	return 1U << (form + (rung == GSP_RUNG_HARDWARE ? KMD_CONTEXT_FORM_COUNT : 0));
}

/* Tries the forms that were not refused yet; the caller has device->form_search. */
static int search_form(struct gsp_device *device, const struct gsp_handles *handles,
		       const struct gsp_engine_caps *engine, enum gsp_rung rung, d3dkmt_handle *context)
{
	bool tried = false;
	int ret = 0;

	for (int form = 0; form < KMD_CONTEXT_FORM_COUNT; form++) {
		if (device->context_refused & form_bit(rung, form))
			continue;
		tried = true;
		ret = create(device, handles, engine, rung, (enum kmd_context_form)form, context);
		if (!ret) {
			if (form)
				log_info("adapter %#x: its driver takes contexts in form %d", device->adapter,
					 form);
			atomic_store(&device->context_form, form);
			kmd_form_remember(device->info.luid, KMD_FORM_OF_CONTEXT, form);
			return 0;
		}
		if (!kmd_is_refusal(ret))
			return ret;
		device->context_refused |= form_bit(rung, form);
	}
	if (!tried)
		/* all were refused before: the first one again, for what the host says to it today */
		return create(device, handles, engine, rung, KMD_CONTEXT_HSA, context);
	log_err("adapter %#x: self-check 15, forms: its driver refuses contexts for a %s in every known "
		"form: %s (%s)",
		device->adapter, gsp_rung_name(rung), strerror(-ret), dxg_status_name(dxg_last_status()));
	return ret;
}

static int create_in_some_form(struct gsp_device *device, const struct gsp_handles *handles,
			       const struct gsp_engine_caps *engine, enum gsp_rung rung,
			       d3dkmt_handle *context)
{
	int form = atomic_load(&device->context_form), ret;

	if (form < 0) {
		turn_take(&device->form_search);
		/* who had the turn before may have found it */
		form = atomic_load(&device->context_form);
		ret = form < 0 ? search_form(device, handles, engine, rung, context) : 0;
		turn_leave(&device->form_search);
		if (form < 0)
			return ret;
	}
	return create(device, handles, engine, rung, (enum kmd_context_form)form, context);
}

/*
 * Creates a context for one engine, to be used as `rung` says, and the device if there is none yet.  The private data
 * is sent in the form that the driver is known to take; until the first success each form is tried once, for every
 * refusal costs the user a line in the kernel log.
 *
 * -EINVAL: no such rung; -EOPNOTSUPP: no such engine, or hardware queues where none are promised: the host was not
 * asked.  -ENODEV: lost.
 * Another error is the host's refusal, as of dxg_create_context().
 */
int gsp_context_create(struct gsp_device *device, enum kmd_engine engine, enum gsp_rung rung,
		       d3dkmt_handle *context)
{
	const struct gsp_engine_caps *caps = gsp_caps_engine(&device->caps, engine);
	const struct gsp_handles *handles;
	int ret;

	*context = 0;
	if ((uint32_t)rung >= GSP_RUNG_COUNT)
		return -EINVAL;
	if (!caps || (rung == GSP_RUNG_HARDWARE && !caps->hardware))
		return -EOPNOTSUPP;
	ret = gsp_device_open(device, &handles);
	if (ret)
		return ret;
	return create_in_some_form(device, handles, caps, rung, context);
}

/*
 * Destroys a context; what was put into it and is not done will not be done.  Its hardware queues go first.  The handle
 * is gone whatever is returned.  On an adapter that is gone there is nothing left to destroy: 0.
 */
int gsp_context_destroy(struct gsp_device *device, d3dkmt_handle context)
{
	int ret;

	if (!gsp_device_takes_back(device))
		return 0;
	ret = gsp_device_result(device, dxg_destroy_context(device->dxg, context));
	return ret == -ENODEV ? 0 : ret;
}
