// SPDX-License-Identifier: MIT
/*
 * One GPU of the process for as long as the library is open: the device that it has now and those that it lost.
 *
 * A device that the host reset or removed never comes back.  What was made on it keeps naming it, sees that it is lost, and gives back
 * what there is to give back; gsp_gpu_renew() makes another one, the next epoch, when the rules of renewal allow:
 *
 * - no contents of the lost devices are somebody's any more (gsp_device_add_contents()): who still has some could take what is gone
 *   for what is there;
 * - not more than GSP_RENEWALS devices are made in GSP_RENEWAL_NS for losses of one adapter, by this process and whether or not the
 *   library was closed in between: Windows stops the machine when its GPU has to be reset too often (Microsoft: TDR registry keys,
 *   TdrLimitCount, TdrLimitTime);
 * - the adapter is there: one that was removed may come back under another LUID, and has to be the same GPU, with the same driver.
 */
#ifndef GSP_GPU_H
#define GSP_GPU_H

#include "gsp/device.h"
#include "gsp/renewals.h"

struct gsp_gpu;

/*
 * Finds and opens the adapter of a GPU again that was removed: 0 with a handle that stays valid until the GPU is destroyed, and what is known
 * of it; -ENODEV: not there (yet); -ESTALE: it is there, but not the same any more; another error is the host's.
 */
typedef int (*gsp_find_callback)(void *arg, const struct kmd_adapter *lost, d3dkmt_handle *adapter,
				 struct kmd_adapter *info);

/* The device of `gpu` is lost: called once per device, on whichever thread found it, with no lock held. */
typedef void (*gsp_gpu_loss_callback)(void *arg, struct gsp_gpu *gpu, struct gsp_device *lost);
/*
 * `fresh` is about to take the place of `lost`: what has to be there before anything else is made on it.  On the thread that
 * renews, one at a time per GPU.  An error undoes the renewal: `fresh` is lost then, and what was made on it is ended by who made it.
 */
typedef int (*gsp_gpu_renew_callback)(void *arg, struct gsp_gpu *gpu, struct gsp_device *lost,
				      struct gsp_device *fresh);

struct gsp_gpu_listener {
	struct gsp_gpu_listener *next;	/* the GPU's */
	gsp_gpu_loss_callback lost;	/* may be NULL */
	gsp_gpu_renew_callback renewed; /* may be NULL */
	void *arg;
};

int gsp_gpu_create(struct dxg *dxg, d3dkmt_handle adapter, const struct kmd_adapter *info,
		   struct gsp_gpu **out);
void gsp_gpu_destroy(struct gsp_gpu *gpu);
void gsp_gpu_count_renewals(struct gsp_gpu *gpu, struct gsp_renewals *renewals);
void gsp_gpu_find_by(struct gsp_gpu *gpu, gsp_find_callback find, void *arg);
void gsp_gpu_listen(struct gsp_gpu *gpu, struct gsp_gpu_listener *listener);
void gsp_gpu_unlisten(struct gsp_gpu *gpu, struct gsp_gpu_listener *listener);

struct gsp_device *gsp_gpu_device(const struct gsp_gpu *gpu);
struct gsp_gpu *gsp_gpu_of(const struct gsp_device *device);
bool gsp_gpu_is_lost(const struct gsp_gpu *gpu);
int gsp_gpu_renew(struct gsp_gpu *gpu);

#endif
