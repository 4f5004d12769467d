// SPDX-License-Identifier: MIT
/* Calls in the middle of which a GPU is lost; see losses.c. */
#ifndef TESTS_SIM_LOSSES_CALLS_H
#define TESTS_SIM_LOSSES_CALLS_H

#include "losses.h"

struct loss_call {
	const char *name;
	const char *ioctl, *on_hws; /* before which it happens */
	HSAKMT_STATUS (*call)(struct loss_scene *scene);
	/* after a success, and in any case */
	void (*undo)(struct loss_scene *scene), (*clean)(struct loss_scene *scene);
	void (*prepare)(struct loss_scene *scene);
};

extern const struct loss_call loss_calls[];

/* The call, with the scene's kind happening in it: it ends, and what it got is given back. */
void loss_call_struck(struct loss_scene *scene, const struct loss_call *call);
/* The close, likewise: in time, and nothing is left. */
void loss_close_struck(struct loss_scene *scene);

#endif
