// SPDX-License-Identifier: MIT
/*
 * Random schedules of faults on a mixed workload.  What a schedule is follows from its seed alone (schedules_plan.c).  Each runs in a process of
 * its own (schedules.c): threads that allocate, copy, dispatch and wait (schedules_work.c) on queues of their own (schedules_site.c),
 * somebody who lets things happen (schedules_happen.c), and rules for what may follow (schedules_rules.c).
 */
#ifndef TESTS_SIM_SCHEDULES_H
#define TESTS_SIM_SCHEDULES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "aql_user.h"

#define SCHEDULE_GPUS	 2u
#define SCHEDULE_FAULTS	 8u /* what happens and what ends it are two */
#define SCHEDULE_WORKERS 4u
#define SCHEDULE_STANDS	 (SCHEDULE_WORKERS + 3u)
#define ALL_ADAPTERS	 ((1u << SCHEDULE_GPUS) - 1)

/* What a fault may do. */
enum harm {
	HARM_FAILS = 1 << 0,   /* a call fails that should not */
	HARM_LOSES = 1 << 1,   /* a device is lost */
	HARM_TELLS = 1 << 2,   /* ... at once, whether anybody uses it or not */
	HARM_STALLS = 1 << 3,  /* work does not end, and nobody can know that it will not */
	HARM_REMOVES = 1 << 4, /* the adapter is away */
	HARM_RETURNS = 1 << 5, /* ... and back */
	HARM_SILENCE = 1 << 6, /* the host does not hear */
	HARM_SPEECH = 1 << 7,  /* ... and does again */
	HARM_ORDER = 1 << 8,   /* the next job is struck, whenever it comes */
	HARM_CHANGES = 1 << 9, /* the adapter that is back is not the one that was away */
	HARM_SLEEP = 1 << 10,  /* the host answers later */
	HARM_WAKES = 1 << 11,
	HARM_TWICE = 1 << 12, /* a device that is made at that moment is lost as well, and counts */
};

struct plan_fault {
	char spec[96];
	unsigned harm;
	bool call;	   /* at a call, for dxgsim_fault(); else at a time, for dxgsim_control() */
	bool early;	   /* of the former: before the library is opened */
	uint32_t at_ms;	   /* of the latter: since the threads began to work */
	uint32_t adapters; /* bits */
	uint32_t pause_ms; /* how much later the host may do what it is asked for */
};

enum plan_end {
	END_TIDY,      /* everything is given back, then the library is closed */
	END_FORGETFUL, /* it is closed with all that is there, amid work */
	END_EXIT,      /* exit() with the library open, amid work */
};

struct plan_adapter {
	const char *processor;
	char spec[96];
	bool atomics;
};

struct plan {
	uint64_t seed;
	struct plan_adapter adapters[SCHEDULE_GPUS];
	unsigned adapter_count;
	unsigned workers;
	uint32_t work_ms;
	struct plan_fault faults[SCHEDULE_FAULTS];
	unsigned fault_count;
	enum plan_end end;
	bool again; /* the library is opened once more, and nothing happens from then on */
};

void plan_make(struct plan *plan, uint64_t seed);
void plan_print(const struct plan *plan, FILE *to);

uint64_t random_next(uint64_t *state);
uint32_t random_below(uint64_t *state, uint32_t limit);
/* How much longer than usual everything takes in this build. */
unsigned slowness(void);

/* Where a thread is, for whoever has to explain a process that does not end: in memory shared with it. */
struct stand {
	char name[16]; /* empty: there is no such thread now */
	char step[100];
	uint64_t since_ns;
};

struct shared {
	struct stand stands[SCHEDULE_STANDS];
	/* what the schedules came to, all together */
	_Atomic uint64_t sites, chains, losses, events, proofs;
};

struct world {
	struct plan plan;
	struct shared *shared;
	struct machine machine;
	uint32_t node[SCHEDULE_GPUS];		/* of an adapter; INVALID_NODEID: the library shows none */
	uint64_t code[SCHEDULE_GPUS];		/* the kernel's descriptor; 0: could not be had */
	_Atomic uint32_t disturbed;		/* bits of adapters which something has befallen */
	_Atomic unsigned harms;			/* of all that has happened */
	_Atomic uint32_t used;			/* bits of adapters that have a device */
	_Atomic uint32_t losses[SCHEDULE_GPUS]; /* how many there may have been */
	_Atomic uint32_t told[SCHEDULE_GPUS];	/* events that said so */
	_Atomic uint64_t pause_ms;		/* that the host may have taken, all together */
	_Atomic bool observed;			/* somebody waits for these events */
	_Atomic bool stop;
};

extern struct world world;

/* ---- rules ---- */

/* Says what is wrong, and ends the process. */
_Noreturn void __attribute__((format(printf, 1, 2))) wrong(const char *format, ...);
void stand_as(unsigned number, const char *name, unsigned which);
void stand_down(void);
/* What this thread does now; a literal. */
void step(const char *what, uint32_t detail);
bool may_fail(uint32_t adapters);
bool has_harm(unsigned harm);
/* Whether a call succeeded; if not, something must have befallen one of these adapters. */
bool call_worked(HSAKMT_STATUS status, const char *call, uint32_t adapters);
/* The same for what gives something back, which no loss of a GPU prevents. */
void release_worked(HSAKMT_STATUS status, const char *call);
/* How long something may take that ends, or is lost. */
uint64_t patience_ns(void);
uint64_t now_ns(void);
void nap_us(uint32_t us);
/* The simulator found nothing, but for what single calls that failed have left. */
void check_findings(const char *when);
/* The line of what it has said that should not be there, or NULL; `text` is taken apart. */
const char *worst_finding(char *text);

/* ---- what happens ---- */

void happen_arm(bool early);
void happen_start(void);
/* When all has happened. */
void happen_join(void);
void observe_start(void);
void observe_stop(void);

/* ---- queues ---- */

#define SITE_ITEMS 512u
#define SITE_BYTES (SITE_ITEMS * 4u)

/* Two queues on a GPU and what they need, in one life of the GPU. */
struct site {
	unsigned adapter;
	HSAuint32 node;
	uint64_t *random;
	char *memory;	/* of the host */
	uint32_t reach; /* adapters that it is mapped on, bits */
	char *vram;
	bool vram_mapped, has_aql, has_sdma, has_kept, calls, aql_stores;
	HsaQueueResource aql, sdma;
	HsaEvent *event, *inactive;
	uint64_t sdma_words;
	uint32_t kept; /* number of the pattern that was left in VRAM */
};

/* False: it cannot be had; later perhaps. */
bool site_open(struct site *site, unsigned adapter, uint64_t *random);
bool site_is_open(const struct site *site);
/* Gives everything back. */
void site_close(struct site *site);
/*
 * Each checks what comes of it.  False: the site is of no use any more, a loss is known.
 * A copy to VRAM, a kernel, a copy back; of `from`, SITE_ITEMS floats that the GPU has at `va`, or NULL: its own.
 */
bool site_chain(struct site *site, const float *from, uint64_t va);
/* A kernel for whose end somebody sleeps. */
bool site_kernel(struct site *site);
/* A kernel on one and another on the other, which takes what the first leaves.  True: neither is lost. */
bool site_pair(struct site *first, struct site *second);
/* What an earlier copy left in VRAM is there still. */
bool site_recall(struct site *site);
/* Work that nobody waits for. */
void site_launch(struct site *site);

/* Makes the kernel of a code object known for a processor; false: it is none. */
bool kernel_read(const char *processor, const char *path);
/* The kernel of this adapter's processor into memory that the GPUs execute. */
void kernel_install(unsigned adapter);
void kernel_remove(unsigned adapter);
/* After a close that gave it back. */
void kernel_forget(unsigned adapter);
bool kernel_known(const char *processor);

/* ---- threads ---- */

void work_run(uint32_t ms, bool forgets);
/* After a close that gave back what the threads had left. */
void work_forget(void);
/* How many faults strike a job that may not have come yet. */
unsigned orders(void);
/* GPUs that have to work again, do. */
bool work_proves(bool reopened);

#endif
