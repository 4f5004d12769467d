// SPDX-License-Identifier: MIT
/*
 * A user of AQL queues through the public API, as a small runtime: rings, signals, kernels, packets.  Failures end the running test.
 *
 * All memory is host memory mapped on all GPUs of the machine, so that the CPU and the GPUs see it at one address.
 */
#ifndef TESTS_SIM_AQL_USER_H
#define TESTS_SIM_AQL_USER_H

#include <stdbool.h>
#include <stdint.h>

#include "machine.h"

/* amd_signal_t (ROCr amd_hsa_signal.h) */
struct aql_signal {
	int64_t kind; /* 1: user */
	int64_t value;
	uint64_t mailbox;
	uint32_t event_id;
	uint32_t reserved1;
	uint64_t start_stamp;
	uint64_t end_stamp;
	uint64_t queue;
	uint32_t reserved3[2];
};

struct aql_packet {
	uint16_t header;
	uint16_t setup;
	uint16_t group[3];
	uint16_t reserved0;
	uint32_t grid[3];
	uint32_t private_bytes;
	uint32_t group_bytes;
	uint64_t kernel;
	uint64_t kernarg;
	uint64_t reserved2;
	uint64_t signal;
};

enum aql_scope { AQL_NONE, AQL_AGENT, AQL_SYSTEM };

struct aql_queue {
	HSAuint32 node;
	HsaQueueResource resource;
	char *amd_queue; /* write index at 56, read index at 128, as amd_queue_t */
	struct aql_packet *ring;
	uint32_t slots;
	int64_t *error;	     /* ErrorReason */
	bool store_doorbell; /* ring by storing, not by call */
	bool hold;	     /* see aql_hold() */
	uint32_t *held;	     /* the packet that is */
	uint32_t held_word;
};

/* `bytes` of zeroed host memory on all GPUs; freed by aql_free(). */
void *aql_alloc(const struct machine *machine, uint64_t bytes, bool executable);
void aql_free(void *memory);

/* A kernel that ends at once, as a code object's descriptor: what dispatches name.  `gfx_major` of the GPU that runs it. */
enum aql_kernel_kind {
	AQL_KERNEL_PLAIN,    /* kernarg pointer, wave32 where there is one */
	AQL_KERNEL_DISPATCH, /* dispatch pointer, queue pointer, dispatch id too */
	AQL_KERNEL_SCRATCH,  /* 256 bytes of private memory for each work-item */
	AQL_KERNEL_LDS,	     /* 1 KiB of its own */
	AQL_KERNEL_WAVE64,
	AQL_KERNEL_KINDS
};
#define AQL_KERNEL_BYTES 512u
uint64_t aql_kernel(void *memory, unsigned gfx_major, enum aql_kernel_kind kind);
unsigned aql_gfx_major(HSAuint32 node);

void aql_open(struct aql_queue *queue, const struct machine *machine, HSAuint32 node, uint32_t slots);
/* The status of the creation, for those that are expected to be refused; what was allocated stays. */
HSAKMT_STATUS aql_try_open(struct aql_queue *queue, const struct machine *machine, HSAuint32 node,
			   uint32_t slots);
void aql_close(struct aql_queue *queue);

uint64_t aql_write_index(const struct aql_queue *queue);
uint64_t aql_read_index(const struct aql_queue *queue);

uint16_t aql_header(unsigned type, bool barrier, enum aql_scope acquire, enum aql_scope release);
/* A dispatch of 64 work-items in groups of 32 with system scopes and the barrier bit. */
struct aql_packet aql_dispatch(uint64_t kernel, struct aql_signal *signal);
/* Barriers: `count` signals, at most 5. */
struct aql_packet aql_barrier(bool any, struct aql_signal *const *signals, uint32_t count,
			      struct aql_signal *done);

/* Takes a slot (waiting while the ring is full), writes the packet, publishes it.  Thread-safe; not rung yet. */
uint64_t aql_put(struct aql_queue *queue, const struct aql_packet *packet);
void aql_ring(struct aql_queue *queue);
/*
 * The next packet is published by aql_ring(), and not before: the library may look at a queue at any time (work has ended, say), and
 * would take what is there of a batch.  One thread only.
 */
void aql_hold(struct aql_queue *queue);
/* Both. */
uint64_t aql_send(struct aql_queue *queue, const struct aql_packet *packet);

/*
 * PM4 commands of the user's own for an AMD vendor packet, in executable memory of `room` words.  The engine waits for words
 * (of 4 bytes, until they are equal) in the middle of them, whatever else it could do.
 */
struct aql_commands {
	uint32_t *words;
	uint32_t used, room;
};
struct aql_commands aql_commands_alloc(const struct machine *machine, uint32_t room);
void aql_commands_free(struct aql_commands *commands);
void aql_commands_write(struct aql_commands *commands, const void *to, uint32_t value);
void aql_commands_wait(struct aql_commands *commands, const void *at, uint32_t value);
/* 64 bits in one piece, by COPY_DATA. */
void aql_commands_copy(struct aql_commands *commands, void *to, uint64_t value);
/* What was written so far leaves the GPU's caches, where writes of commands stay in them: since gfx12. */
void aql_commands_write_back(struct aql_commands *commands, unsigned gfx_major);
/* The packet that has them executed.  They may be added to afterwards, for the next packet. */
struct aql_packet aql_vendor(const struct aql_commands *commands, struct aql_signal *done);

int64_t aql_value(const struct aql_signal *signal);
void aql_store(struct aql_signal *signal, int64_t value);
/* Looks until the value is `wanted`; false after `timeout_ms`. */
bool aql_wait(const struct aql_signal *signal, int64_t wanted, unsigned timeout_ms);
/* Fails the test unless it comes within 20 s. */
void aql_expect(const struct aql_signal *signal, int64_t wanted);
/* The same for the word that a stopped queue's user is told; it may be told by another thread than the one that rang. */
void aql_expect_error(const struct aql_queue *queue, int64_t wanted);
uint64_t aql_now_ns(void);

/* A machine with the library open, memory for signals, and every kind of kernel for its first GPU. */
#define AQL_BENCH_SIGNALS 1024u
struct aql_bench {
	struct machine machine;
	HSAuint32 node;
	unsigned gfx_major;
	char *kernels;
	struct aql_signal *signals;
};

void aql_bench_open(struct aql_bench *bench, const char *adapters);
void aql_bench_close(struct aql_bench *bench);
uint64_t aql_bench_kernel(const struct aql_bench *bench, enum aql_kernel_kind kind);
/* A signal without an event that has this value. */
struct aql_signal *aql_bench_arm(const struct aql_bench *bench, uint32_t index, int64_t value);
/* The event that its user sleeps on from now on. */
HsaEvent *aql_add_event(struct aql_signal *signal);

#endif
