// SPDX-License-Identifier: MIT
/*
 * Inside fuzz_rings only: a machine with memory of every kind, rings on it, and packets that may be anything.
 *
 * What is put into a ring is judged when it is put there (struct verdict), by rules that are written down a second time here: so the
 * target knows which error a queue has to tell, and that good packets are carried out.
 */
#ifndef TESTS_FUZZ_FUZZ_RINGS_H
#define TESTS_FUZZ_FUZZ_RINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "../sim/aql_user.h"
#include "fuzz_input.h"

#define GPUS		    3u
#define GPU_WITHOUT_ATOMICS 2u
#define SLOTS		    3u /* queues at a time */
#define AQL_SLOTS	    64u
#define RING_WORDS	    1024u
#define SIGNALS		    64u
#define FREE_SIGNALS	    48u /* the first ones; others are for inactive queues alone */
#define EVENTS		    4u
#define DATA_BYTES	    0x10000u
#define BUFFERS		    4u /* indirect ones */
#define BUFFER_WORDS	    64u
#define SPOILED		    4u /* kernel descriptors */
#define PRIVATE_BYTES	    0x10000u

/* HSA's words for what stopped a queue. */
#define ERROR_ARGUMENTS	 2u
#define ERROR_ALLOCATION 4u
#define ERROR_CODE	 8u
#define ERROR_PACKET	 32u
#define ERROR_ARGUMENT	 64u

/* What is to become of a packet, or, added up, of a queue. */
struct verdict {
	uint32_t must; /* it is refused, with one of these errors */
	uint32_t may;  /* it may be refused with these */
	bool waits;    /* perhaps for ever */
	bool never;    /* it is not published: nothing behind it is looked at */
};

/* An indirect buffer. */
struct words {
	uint32_t *at;
	uint32_t count;
	bool bad; /* it has to be refused */
};

struct ring {
	bool open, by_store, doubtful; /* nothing is to be expected of it any more */
	bool inactive; /* AQL: the signal that errors are told by is its own, since before there was one */
	HSA_QUEUE_TYPE type;
	HsaQueueResource resource;
	HSAint64 error;
	char *amd_queue; /* AQL */
	void *memory;
	uint64_t first, placed; /* AQL: packets; others: words */
	uint64_t stores;	/* to the doorbell */
	uint64_t good;		/* that have to be carried out */
	struct verdict verdict;
};

struct rings_machine {
	struct machine machine;
	unsigned gfx[GPUS];
	uint32_t lds[GPUS];
	char *data, *kernels, *user;
	struct words buffers[BUFFERS];
	char *spoiled;
	struct aql_signal *signals, *good; /* of hostile queues, of bystanders */
	char *unmapped, *address, *local[GPUS], *scratch[GPUS], *freed;
	HsaEvent *events[EVENTS];
	struct aql_queue bystanders[GPUS];
	size_t contexts;
	struct ring rings[SLOTS];
};

extern struct rings_machine m;

/* Of the input that is run. */
struct run {
	struct input *input;
	uint32_t gpu;
	bool harm; /* it may do what only the GPU can punish: its device may be lost */
	uint32_t spoiled;
};

/* fuzz_rings_machine.c */
void rings_machine_open(void);
void rings_machine_close(void);
/* A packet on a queue that nobody meddled with. */
bool bystander_works(uint32_t gpu, unsigned timeout_ms);
void print_findings(void);

/* Where an address leads. */
enum reach {
	REACH_ALL, /* the CPU reads it, and so does the GPU */
	REACH_CPU, /* only the CPU */
	REACH_NONE,
};

uint64_t take_signal(struct run *run, enum reach *reach);
uint64_t take_place(struct run *run, enum reach *reach);
HSAuint32 take_event_id(struct run *run);

/* fuzz_rings_aql.c */
struct aql_packet take_aql(struct run *run, struct verdict *verdict);
void spoil_kernel(struct run *run);

/* fuzz_rings_words.c: a packet of at most `room` words. */
uint32_t take_pm4(struct run *run, uint32_t *words, uint32_t room, struct verdict *verdict);
uint32_t take_sdma(struct run *run, uint32_t *words, uint32_t room, struct verdict *verdict);
void fill_buffer(struct run *run);

#endif
