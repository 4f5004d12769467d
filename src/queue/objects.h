// SPDX-License-Identifier: MIT
/*
 * Inside src/queue only: what a queue is made of, and what its translator gets to work with.
 */
#ifndef QUEUE_OBJECTS_H
#define QUEUE_OBJECTS_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "event/completion.h"
#include "pm4/dispatch.h"
#include "queue/actions.h"
#include "queue/book.h"
#include "queue/cu_mask.h"
#include "queue/doorbell.h"
#include "queue/frames.h"
#include "queue/lane.h"
#include "queue/owed.h"
#include "queue/queue.h"
#include "queue/scratch.h"
#include "queue/verdict.h"
#include "util/clock.h"

struct queue;

/* HSA's words for what stopped a queue (hsa.h, amd_hsa_queue.h: what ROCr's error handler reads) */
#define QUEUE_ERROR_INCOMPATIBLE_ARGUMENTS 2U
#define QUEUE_ERROR_INVALID_ALLOCATION	   4U
#define QUEUE_ERROR_INVALID_CODE_OBJECT	   8U
#define QUEUE_ERROR_INVALID_PACKET	   32U
#define QUEUE_ERROR_INVALID_ARGUMENT	   64U
#define QUEUE_ERROR_EXCEPTION		   0x80000000U

/* What a translator found. */
enum queue_progress {
	QUEUE_EMPTY,   /* all that is published is submitted */
	QUEUE_PARKED,  /* the packet in front waits for something */
	QUEUE_STOPPED, /* by an error, told by queue_fail() */
};

enum queue_parking {
	QUEUE_RUNS,
	QUEUE_LOOKED_AT, /* what it waits for has to be looked at */
	QUEUE_STARVED,	 /* ... is a frame, which comes with a fence */
};

/* How far a queue is whose device is lost; see loss.c. */
enum queue_loss {
	QUEUE_LOSS_NONE,
	QUEUE_LOSS_EXPLAINED, /* the cause is known */
	QUEUE_LOSS_TOLD,      /* and the queue's user */
	QUEUE_LOSS_OVER,      /* who waited for its signals was released */
};

struct queue_ops {
	/* The queue's own part, after all of struct queue is set up; 0 or an error of queue.h. */
	int (*create)(struct queue *queue, struct queue_request *request);
	void (*destroy)(struct queue *queue);
	/* With the queue's lock: translates and submits what is published. */
	enum queue_progress (*drain)(struct queue *queue);
	/*
	 * With the lock, the device is lost: makes the signals lost of what was published since this was called last, for nothing of it
	 * will be submitted, and drops what was on the device.  NULL: the packets have no signals.
	 */
	void (*lose)(struct queue *queue);
};

struct queue_gpu_state {
	struct queue_gpu gpu;
	enum pm4_generation generation;
	bool firmware_managed_state;
	uint64_t counter_hz;
	bool usable; /* a generation that is known */
	struct cu_layout units;
	struct scratch_pool *scratch;
};

struct queues {
	struct memory *memory;
	struct event_table *events;
	struct completion *completion;
	struct lanes *lanes;
	struct book *book;
	struct doorbells *doorbells;
	struct verdicts *verdicts;
	bool rung_by_call;
	struct queue_gpu_state gpus[MEMORY_MAX_GPUS];
	struct gsp_gpu *gsp[MEMORY_MAX_GPUS];
	uint32_t gpu_count;
	struct queue_table *table; /* table.c: from id to queue */
};

/* Of a submission; kept from one to the next. */
struct batch_lists {
	struct action *actions;
	uint64_t *signals; /* that the commands decrement, once per decrement, in order */
	uint32_t action_room;
	uint32_t signal_room;
};

struct queue {
	struct queues *queues;
	const struct queue_ops *ops;
	void *translator; /* ops' own part */
	enum queue_kind kind;
	uint32_t gpu;
	struct lane *lane;
	struct frames *frames;
	struct actions *actions;
	struct completion_source source;
	struct completion_look look;	/* while parked */
	struct completion_look release; /* when the tick after a loss is over */
	struct doorbell doorbell;
	uint64_t id;
	_Atomic uint32_t references;
	bool has_doorbell, has_source, created; /* how far queue_create() came */

	_Atomic uint64_t rings; /* how often it was rung; who has the lock re-reads it after unlocking */
	pthread_mutex_t lock;	/* of submission; only the queue's own calls need it */
	_Atomic bool ending;	/* being destroyed: nothing is translated any more */
	_Atomic bool called;	/* rung by call: the doorbell's cell is not watched */
	_Atomic int parked;	/* enum queue_parking; changed under the lock */
	_Atomic uint64_t
		frame_wait; /* ordinal that frees a frame for the packet in front, 0: none is waited for */
	_Atomic int loss;   /* enum queue_loss; but for the second one changed under the lock */

	/* under the lock */
	uint64_t rings_seen; /* by queue_lock() */
	uint8_t *ring;
	uint64_t ring_bytes;
	bool enabled;
	bool stopped;
	bool starved;		  /* this drain found no frame */
	bool yields;		  /* this drain ended with its turn */
	uint64_t turn_ends_ns;	  /* when who drains has to go on to other queues, 0: he has not */
	struct batch_lists lists; /* between batches */
	struct owed owed;
	uint64_t release_ns;	 /* when who waits is to be released, after a loss that its user was told */
	uint64_t retry_since_ns; /* since when a submission fails for causes that may pass, 0: it does not */
	int priority;
	uint32_t event_id;
	uint64_t *write_index;
	uint64_t *read_index;
	int64_t *error_reason;
	const uint64_t *inactive_signal; /* AQL: where amd_queue_t names it; else NULL */
	uint64_t error;
	uint32_t cu_mask[256];
	uint32_t cu_mask_words;
	uint32_t se_mask[PM4_SHADER_ENGINES]; /* the same for the engine's registers */
};

/* A submission that is being put together. */
struct batch {
	struct queue *queue;
	uint64_t ordinal; /* that it will have */
	uint8_t *frame;	  /* `room` bytes, one address for CPU and GPU */
	uint32_t room;
	struct lane_wait waits[LANE_WAITS];
	uint32_t wait_count;
	uint32_t action_count;
	uint32_t signal_count;
	struct batch_lists lists;
	bool signal_is_last; /* nothing but writes of our own follows the last decrement; the translator resets it */
};

static inline struct queue_gpu_state *queue_gpu_state(const struct queue *queue)
{
	return &queue->queues->gpus[queue->gpu];
}

/* submit.c: how translators submit.  All of it with the queue's lock */

/*
 * Starts a submission with at least `room` bytes of frame; locks the lane until batch_submit() or batch_drop().
 * -EAGAIN: no frame is free now; the queue is rung again when one is: the translator returns QUEUE_PARKED.
 */
int batch_begin(struct queue *queue, uint32_t room, struct batch *batch);
int batch_act(struct batch *batch, const struct action *action);
/*
 * The commands put in last bring this signal down by one: *by_gpu, they have to do it themselves (pm4_atomic_add64() and the like), else the CPU
 * does it afterwards.  *tells: somebody may sleep on the signal's event, so the submission has to end here.
 */
int batch_decrement(struct batch *batch, uint64_t signal, bool *by_gpu, bool *tells);
/* The commands bring it down themselves, and nobody has to be told. */
int batch_note(struct batch *batch, uint64_t signal);
/*
 * Submits `bytes` of commands at `commands`, inside of the frame, of which the first `used` bytes are needed until it is over; book and
 * actions are told.  On failure nothing was submitted and all is taken back; a failure that cannot pass has to stop the queue, -EIO
 * among them: the commands may run, but their end will not be known.
 */
int batch_submit(struct batch *batch, uint64_t commands, uint32_t bytes, uint32_t used);
void batch_drop(struct batch *batch);

/*
 * What batch_begin() or batch_submit() failed with: a cause that may pass (-EAGAIN, no memory, an interruption) parks the queue, which is then
 * rung again: while the lane works, if it is memory, else for at most a second; any other stops it.  Returns what the translator's drain() returns.
 */
enum queue_progress queue_submit_failed(struct queue *queue, int error, const char *step);

/* Stops the queue: the error goes to ErrorReason, the inactive signal and the event. */
void queue_fail(struct queue *queue, uint64_t error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same for an error of a call (0 - errno) at a step that has a name. */
void queue_fail_call(struct queue *queue, int error, const char *step);

/* loss.c */
void queue_explain_loss(struct queue *queue);
void queue_lose(struct queue *queue);
void queue_lose_at_once(struct queue *queue);

/* signal_lost.c */
bool queue_signal_is_there(const struct queues *queues, uint64_t signal);
void queue_lose_signal(const struct queues *queues, uint64_t signal);

/* The result of asking the host, for who is told by -EINVAL of arguments of his own: its refusal is -EIO. */
static inline int queue_host_error(int error)
{
	return error == -EINVAL ? -EIO : error;
}

static inline void queue_get(struct queue *queue)
{
	atomic_fetch_add_explicit(&queue->references, 1, memory_order_relaxed);
}

/* queue.c */
void queue_put(struct queue *queue);

/* ring.c */
bool queue_look_at_loss(struct completion_look *look);
void queue_lock(struct queue *queue);
/* Drains what was rung meanwhile. */
void queue_unlock(struct queue *queue);
/*
 * Whether there are others to be served before the next submission: the translator, which has nothing open, returns QUEUE_PARKED then, and is
 * called again soon.  With the lock.
 */
static inline bool queue_turn_is_over(struct queue *queue)
{
	queue->yields = queue->turn_ends_ns && clock_ns() >= queue->turn_ends_ns;
	return queue->yields;
}

/* There is no frame, or other memory, for the packet in front before this ordinal is done: the queue is rung then.  With the lock. */
void queue_starve(struct queue *queue, uint64_t ordinal);
/* What the completion thread calls. */
uint64_t queue_passed(struct completion_source *source);
bool queue_look(struct completion_look *look);

/* ring.c: on any thread.  Counts a ring and drains, or leaves that to who has the lock. */
void queue_ring(struct queue *queue);
/* The same on a thread that serves all queues: not longer than a turn, then what is left follows on the completion thread. */
void queue_ring_briefly(struct queue *queue);

extern const struct queue_ops aql_queue_ops;
extern const struct queue_ops pm4_ring_ops;
extern const struct queue_ops sdma_ring_ops;

#endif
