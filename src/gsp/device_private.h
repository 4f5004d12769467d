// SPDX-License-Identifier: MIT
/* Inside src/gsp only: what a device is made of. */
#ifndef GSP_DEVICE_PRIVATE_H
#define GSP_DEVICE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "gsp/caps.h"
#include "gsp/device.h"
#include "gsp/diagnose.h"
#include "util/turn.h"

struct gsp_moment;
struct gsp_renewals;
struct gsp_timeline;

enum gsp_phase {
	GSP_CLOSED,
	GSP_OPENING, /* one thread is talking to the host, the others wait on `settled` */
	GSP_OPEN,
	GSP_RELEASED, /* lost, and given back */
};

struct gsp_device {
	struct dxg *dxg;
	d3dkmt_handle adapter;
	struct kmd_adapter info;
	struct gsp_caps caps;
	struct gsp_epoch epoch;
	struct gsp_renewals *renewals; /* its GPU's; NULL: none is kept */

	_Atomic int phase;	    /* enum gsp_phase; open publishes `handles`; changed under `lock` */
	_Atomic int open_failed_at; /* enum gsp_open_step of the latest failure */
	struct gsp_handles handles;
	pthread_mutex_t lock;
	pthread_cond_t settled;
	_Atomic uint64_t
		references; /* of the host's objects: one of the owner, one per object on the device */
	_Atomic uint64_t
		contents; /* things on it whose contents are somebody's and went with it when it was lost */

	_Atomic bool told; /* of its loss: the library's user */

	/* reconcile.c */
	_Atomic uint32_t unanswered; /* pings in a row that the host did not answer */
	_Atomic bool silent;	     /* lost for that, and it has not answered since */
	_Atomic uint64_t asked_ns;   /* when it was asked again */

	/* diagnose.c */
	struct turn diagnosis_turn;
	_Atomic bool diagnosed; /* publishes `diagnosis`, which is final */
	struct gsp_diagnosis diagnosis;

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
