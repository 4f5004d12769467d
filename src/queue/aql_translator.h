// SPDX-License-Identifier: MIT
/*
 * Inside the AQL translator only.
 *
 * Packets are put, one after the other, in a run: what becomes one submission.  A packet's translator first finds out
 * whether it can be taken, then opens the run with enough room and writes its commands; nothing of it is left in the run when it is not taken.
 */
#ifndef QUEUE_AQL_TRANSLATOR_H
#define QUEUE_AQL_TRANSLATOR_H

#include "pm4/dispatch.h"
#include "queue/aql_pace.h"
#include "queue/aql_packets.h"
#include "queue/objects.h"

/* What became of the packet in front. */
enum aql_fate {
	AQL_TAKEN,
	AQL_TAKEN_LAST, /* and the run has to be submitted now */
	AQL_LATER,	/* not taken: the run has to be submitted first; never in an empty run */
	AQL_WAITS,	/* not taken: the queue is parked, after the run was submitted */
	AQL_REFUSED, /* not taken: aql_refuse() was told why; it stops the queue after the run was submitted */
	AQL_FAILED,  /* a call failed, aql_failed() was told which: the run is dropped and translated again */
};

/* Memory that was looked up; forgotten at the end of drain(), for it may be freed at any time. */
struct aql_reach {
	struct {
		uint64_t start, end;
		uint64_t gpu_va; /* of start */
	} seen[4];
	uint32_t next;
};

struct aql_run {
	uint32_t packets; /* taken; the first is that of aql->index */
	uint32_t limit;	  /* of packets */
	/* The rest only while it is open: the first packet that has commands opens it. */
	bool open;
	struct batch batch;
	struct pm4_buffer words;
	struct pm4_shadow shadow;
	uint8_t *copies; /* of dispatch packets, for kernels that read theirs */
	uint32_t copies_used;
	bool drained;		 /* nothing runs that an earlier packet started */
	enum pm4_scope acquired; /* from where caches have no lines from before the run */
	uint32_t tmpring;	 /* what the dispatches that may still run have, 0: none */
	uint64_t scratch_base;
	uint64_t ns; /* how long it takes, as far as that is known */
	/* of the packet that is being put in */
	uint32_t mark;
	bool stamped;
};

struct aql {
	struct queue *queue;
	uint64_t slots;
	uint64_t index;		    /* of the first packet that is not submitted */
	const uint8_t *queue_words; /* the caller's amd_queue_t; NULL: the indices are not part of one */
	uint64_t queue_va;	    /* its address on the GPU */
	uint32_t ib_start, ib_size;
	uint64_t lost_index; /* up to where signals were made lost with the device */
	bool started;	     /* something was submitted */
	bool looks;	     /* a wait on the GPU was refused: the packet in front is looked at only */
	const uint8_t *ring; /* that was found to be there */
	struct aql_reach reach;
	struct aql_run run;
	struct scratch_block *scratch;
	struct scratch_view scratch_view; /* of the block; no bytes: none */
	struct aql_pace *pace;		  /* NULL: the engine is exempt from the GPU timeout */
	/* what the packet in front has to wait for on the GPU; the run is empty then */
	struct lane_wait waits[AQL_DEPENDENCIES];
	uint32_t wait_count;
	bool is_moot; /* what the packet in front waits for is lost */
	/* of AQL_REFUSED and AQL_FAILED */
	uint64_t refusal;
	const char *why;
	int error;
};

static inline uint64_t aql_front(const struct aql *aql)
{
	return aql->index + aql->run.packets;
}

/* aql_translator.c */
uint64_t aql_published(const struct aql *aql);
enum aql_fate aql_refuse(struct aql *aql, uint64_t error, const char *why);
enum aql_fate aql_failed(struct aql *aql, int error, const char *step);

/* aql_reach.c */
void aql_reach_forget(struct aql_reach *reach);
bool aql_reach(struct aql *aql, uint64_t address, uint64_t bytes, uint64_t *gpu_va);
bool aql_is_lost(struct aql *aql, uint64_t address);
bool aql_reach_signal(struct aql *aql, uint64_t signal, uint64_t *gpu_va);

/* aql_run.c */
#define AQL_PACKET_ROOM 1024U /* bytes: more than the commands of any packet but an indirect buffer take */

enum aql_fate aql_run_open(struct aql *aql, uint32_t room, uint64_t ns);
void aql_run_start_packet(struct aql *aql, uint16_t header, uint64_t signal_va);
void aql_run_acquire(struct aql *aql, enum pm4_scope scope);
void aql_run_acquire_dispatch(struct aql *aql, enum pm4_scope scope);
enum aql_fate aql_run_end_packet(struct aql *aql, uint16_t header, uint64_t signal, uint64_t signal_va,
				 bool wait);
int aql_run_submit(struct aql *aql);
void aql_run_drop(struct aql *aql);

/* aql_dispatch.c, aql_barrier.c, aql_vendor.c: the packet in front, a copy of it */
enum aql_fate aql_dispatch(struct aql *aql, const struct aql_dispatch_packet *packet);
enum aql_fate aql_barrier_and(struct aql *aql, const struct aql_barrier_packet *packet);
enum aql_fate aql_barrier_or(struct aql *aql, const struct aql_barrier_packet *packet);
enum aql_fate aql_barrier_value(struct aql *aql, const struct aql_value_packet *packet);
enum aql_fate aql_extended_dispatch(struct aql *aql, const struct aql_extended_packet *packet);
enum aql_fate aql_pm4_ib(struct aql *aql, const struct aql_pm4_packet *packet);

/* What a signal has to be for a packet to go on. */
struct aql_need {
	uint64_t signal; /* 0: nothing */
	int64_t mask;
	int64_t value;
	enum aql_condition condition;
};

enum aql_fate aql_pass_moot(struct aql *aql, uint64_t completion);
bool aql_needs_met(struct aql *aql, const struct aql_need *needs, uint32_t count, bool any,
		   enum aql_fate *fate);

#endif
