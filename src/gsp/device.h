// SPDX-License-Identifier: MIT
/*
 * The process' device on one GPU: a D3DKMT device and its paging queue, made on first need, and
 * what is known of their state.  One that is lost stays so; see gsp/gpu.h for the next.
 */
#ifndef GSP_DEVICE_H
#define GSP_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "dxg/dxg.h"
#include "gsp/epoch.h"
#include "kmd/adapter.h"

struct gsp_device;

/* Fixed from the first successful gsp_device_open() on; the host's objects last as long as there are references. */
struct gsp_handles {
	d3dkmt_handle device;
	struct dxg_paging_queue paging;
};

/* What gsp_device_open() makes, in this order. */
enum gsp_open_step {
	GSP_OPEN_DEVICE,
	GSP_OPEN_PAGING_QUEUE,
};

/*
 * Called once per epoch, on whichever thread found the loss, with no lock of the device held.  It
 * may ask the device for its state, not destroy it.
 */
typedef void (*gsp_loss_callback)(struct gsp_device *device, enum gsp_state state, void *arg);

int gsp_device_create(struct dxg *dxg, d3dkmt_handle adapter, const struct kmd_adapter *info,
		      struct gsp_device **out);
void gsp_device_destroy(struct gsp_device *device);
void gsp_device_on_loss(struct gsp_device *device, gsp_loss_callback callback, void *arg);

void gsp_device_get(struct gsp_device *device);
void gsp_device_put(struct gsp_device *device);

void gsp_device_add_contents(struct gsp_device *device);
void gsp_device_drop_contents(struct gsp_device *device);
uint64_t gsp_device_contents(const struct gsp_device *device);

int gsp_device_open(struct gsp_device *device, const struct gsp_handles **handles);
enum gsp_open_step gsp_device_open_failed_at(const struct gsp_device *device);
const struct gsp_handles *gsp_device_handles(const struct gsp_device *device);

/* reconcile.c */
int gsp_device_check(struct gsp_device *device);
int gsp_device_ping(struct gsp_device *device);
void gsp_device_moved(struct gsp_device *device);
int gsp_device_result(struct gsp_device *device, int result);
int gsp_device_creation_result(struct gsp_device *device, int result);
void gsp_device_fence_lost(struct gsp_device *device);
bool gsp_device_takes_back(struct gsp_device *device);

struct gsp_epoch_view gsp_device_epoch(const struct gsp_device *device);
bool gsp_device_is_lost(const struct gsp_device *device);
bool gsp_device_tell(struct gsp_device *device);
struct dxg *gsp_device_dxg(const struct gsp_device *device);
d3dkmt_handle gsp_device_adapter(const struct gsp_device *device);
const struct kmd_adapter *gsp_device_info(const struct gsp_device *device);

#endif
