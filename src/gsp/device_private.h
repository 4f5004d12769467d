// SPDX-License-Identifier: MIT
/* Inside src/gsp only: what a device is made of. */
#ifndef GSP_DEVICE_PRIVATE_H
#define GSP_DEVICE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "gsp/caps.h"
#include "gsp/device.h"
#include "util/turn.h"

struct gsp_moment;
struct gsp_timeline;

struct gsp_device {
	struct dxg *dxg;
	d3dkmt_handle adapter;
	struct kmd_adapter info;
	struct gsp_caps caps;
	struct gsp_epoch epoch;

	_Atomic int phase; /* enum phase of device.c; open publishes `handles`; changed under `lock` */
	_Atomic int open_failed_at; /* enum gsp_open_step of the latest failure */
	struct gsp_handles handles;
	pthread_mutex_t lock;
	pthread_cond_t settled;

	/* context.c; each only ever grows */
	_Atomic int context_form;	   /* enum kmd_context_form that its driver takes; -1: not known */
	struct turn form_search;	   /* for the form, while it is not known */
	uint32_t context_refused;	   /* bits of forms that it does not; the searcher's */
	_Atomic uint32_t hardware_refused; /* bit per enum kmd_engine */
	_Atomic uint32_t hardware_granted; /* the same */

	/* timeline.c, moment.c */
	_Atomic uint64_t paging_due; /* largest paging fence value that submissions have to wait for */
	pthread_mutex_t activity;    /* of the rest; never held while the host is asked */
	struct gsp_timeline *timelines;
	struct gsp_moment *latest; /* taken of this device alone, if it still exists */

	gsp_loss_callback on_loss;
	void *on_loss_arg;
};

#endif
