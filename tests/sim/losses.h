// SPDX-License-Identifier: MIT
/* What can befall a GPU, and a process in the middle of everything when it does; see losses.c. */
#ifndef TESTS_SIM_LOSSES_H
#define TESTS_SIM_LOSSES_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "aql_user.h"

#define LOSS_LOST      (-(INT64_C(1) << 62)) /* of signals that nobody brings down any more */
#define LOSS_EXCEPTION INT64_C(0x80000000)   /* what ROCr reads as HSA_STATUS_ERROR_EXCEPTION */
#define LOSS_VA	       0x7f5512346000ull     /* where page faults are */
#define LOSS_CLOSE_MS  2000u
#define LOSS_QUEUES    3u
#define LOSS_WORDS     1024u
#define LOSS_VRAM      (4u << 20)

/* What programs are told, besides their queues. */
enum loss_raises {
	LOSS_RAISES_NOTHING, /* and queues neither: work ends as if nothing had been */
	LOSS_RAISES_FAULT,   /* HSA_EVENTTYPE_MEMORY, with address and access */
	LOSS_RAISES_EXCEPTION,
};

/* When an order for a job strikes. */
enum loss_order {
	LOSS_NO_ORDER,
	LOSS_OF_RUNNING, /* what runs there */
	LOSS_OF_NEXT,	 /* the next job; Windows waits for it until LOSS_TIMEOUT_MS are over */
};
#define LOSS_TIMEOUT_MS 300u

struct loss_kind {
	const char *name;
	enum loss_raises raises;
	enum loss_order order;
	bool write;    /* a page fault's access */
	bool all;      /* it befalls the other GPU too */
	bool sleeps;   /* calls wait until it is mended */
	bool fault;    /* `strike` is for dxgsim_fault() */
	bool in_calls; /* also in the middle of calls, or of nothing */
	bool for_good; /* all that can be done then is to close */
	const char *strike;
	const char *on_hws;	/* in its place where queues are the hardware's */
	const char *on_pause;	/* 30 ms later, NULL: nothing */
	const char *before_use; /* before the GPU can be used again, NULL: nothing */
	uint32_t bound_ms;	/* until it is reported, at most */
};

extern const struct loss_kind loss_kinds[];
const char *loss_strike_of(const struct loss_kind *kind, bool hardware);
/* Lets it happen, and what follows by itself. */
void loss_strike(const struct loss_kind *kind, bool hardware);
void loss_pause_ms(unsigned ms);

struct loss_watcher {
	struct loss_scene *scene;
	pthread_t thread;
	uint64_t ns; /* when it was released */
	HSAKMT_STATUS status;
};

/* A process with work of all kinds under way. */
struct loss_scene {
	const struct loss_kind *kind;
	bool hardware;
	struct aql_bench bench;
	HSAuint32 node, other_node;
	struct aql_queue queues[LOSS_QUEUES], other; /* [2] and the other GPU's: idle */
	struct aql_signal *inactive[LOSS_QUEUES];
	HsaQueueResource copier;
	uint32_t *copy_ring;
	uint64_t copy_words;
	uint32_t *word;	      /* the GPU waits for */
	uint32_t *data, *own; /* LOSS_WORDS each: the library's, and the program's, registered */
	void *vram;
	struct aql_commands hold, writes;
	uint32_t writes_at; /* of `data` and `own`, the next */
	struct aql_signal *held, *dispatched[5], *barred, *copied, *hung;
	HsaEvent *stop, *fault, *exception, *done;
	/* as ROCr's thread for events, a sleeper on a signal's event, one who looks at a signal and calls nothing */
	struct loss_watcher events, sleeper, spinner;
	uint64_t struck_ns;
	bool told; /* of the loss, by the event */
};

/* `adapter` is the first of the machine, or the whole of it, with ';' in it. */
void scene_open(struct loss_scene *scene, const struct loss_kind *kind, const char *adapter, bool hardware);
/* Everything at once, none of which can end before scene_release(). */
void scene_work(struct loss_scene *scene);
/* A little of it, to its end, with right data.  False: the device is lost. */
bool scene_round(struct loss_scene *scene);
void scene_watch(struct loss_scene *scene);
void scene_release(struct loss_scene *scene);
/* Waits for whom scene_watch() sent; those who wait for events alone are sent home if nothing is to come. */
void scene_join(struct loss_scene *scene);
/* Gives everything back, closes the library, in time, and nothing is left. */
void scene_close(struct loss_scene *scene);
/* The close alone. */
void scene_close_library(struct loss_scene *scene);
void scene_free_vram(struct loss_scene *scene);

/* New queues on the GPU work, on memory from before too, with right data; the other GPU does. */
void scene_proves(struct loss_scene *scene);
void scene_other_works(struct loss_scene *scene);

struct aql_signal *scene_copy(struct loss_scene *scene, unsigned index, const struct aql_signal *after,
			      const void *from, void *to, uint32_t bytes);
void scene_expect_told(struct loss_scene *scene);

#endif
