// SPDX-License-Identifier: MIT
/* What is known of a device without asking anybody. */
#include "gsp/device_private.h"

struct gsp_epoch_view gsp_device_epoch(const struct gsp_device *device)
{
	return gsp_epoch_read(&device->epoch);
}

/* A lost device's fence and lock mappings must not be touched any more. */
bool gsp_device_is_lost(const struct gsp_device *device)
{
	return gsp_state_is_lost(gsp_device_epoch(device).state);
}

/* True for the one caller who has to tell the library's user that the device is lost. */
bool gsp_device_tell(struct gsp_device *device)
{
	return !atomic_exchange(&device->told, true);
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
