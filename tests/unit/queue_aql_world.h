// SPDX-License-Identifier: MIT
/* An AQL queue with its ring, its amd_queue_t, signals and kernels, on the stand-ins of fake_batch.h. */
#ifndef TESTS_QUEUE_AQL_WORLD_H
#define TESTS_QUEUE_AQL_WORLD_H

#include "fake_batch.h"
#include "queue/aql_packets.h"
#include "queue/signal.h"

#define SIGNALS 320U

/* SET_SH_REG numbers (Linux gc_11_0_0_offset.h) */
#define NUM_THREAD_X 0x207U
#define PGM_LO	     0x20cU
#define SCRATCH_BASE 0x210U
#define RSRC1	     0x212U
#define RSRC2	     0x213U
#define SE0_MASK     0x216U
#define TMPRING	     0x218U
#define RSRC3	     0x228U
#define USER_DATA    0x240U

#define KERNELS 16U
#define SLOTS	512U

struct kernel_memory {
	struct aql_kernel_descriptor descriptor;
	uint8_t gap[192];
	uint8_t code[256];
};

struct aql_memory {
	uint8_t words[4096] __attribute__((aligned(4096))); /* amd_queue_t */
	uint8_t ring[SLOTS * AQL_PACKET_BYTES] __attribute__((aligned(4096)));
	struct kernel_memory kernels[KERNELS] __attribute__((aligned(4096)));
	uint8_t signals[SIGNALS][SIGNAL_BYTES] __attribute__((aligned(4096)));
	uint32_t ib[1024];
};

struct aql_world {
	struct queues queues;
	struct queue queue;
	struct queue_request request;
	struct aql_memory *memory;
	uint64_t slots;
};

/* What the engine is like; both are reset by aql_world_build(). */
extern bool world_no_timeout;
/* Scratch: what scratch_get() gives or fails with, and how often it was asked. */
extern int world_scratch_error;
extern unsigned world_scratch_gets, world_scratch_puts;

/* slots <= SLOTS.  The queue is not created yet. */
void aql_world_build(struct aql_world *world, enum pm4_generation generation, uint32_t slots);
void aql_world_create(struct aql_world *world);
void aql_world_end(struct aql_world *world);

uint64_t world_signal(struct aql_world *world, uint32_t i);
void world_set_signal(struct aql_world *world, uint32_t i, int64_t value, uint64_t mailbox);
struct aql_kernel_descriptor *world_kernel(struct aql_world *world, uint32_t i);
uint64_t world_written(struct aql_world *world);
uint64_t world_read(struct aql_world *world);

/* A header without a barrier bit or fences. */
uint16_t world_header(enum aql_type type, bool barrier, enum pm4_scope acquire, enum pm4_scope release);
/* A dispatch of kernel i with one work-group, no fences and no signal. */
struct aql_dispatch_packet world_dispatch(struct aql_world *world, uint32_t i);
struct aql_barrier_packet world_barrier(enum aql_type type);
/* Publishes a packet. */
void world_push(struct aql_world *world, const void *packet);
void world_push_kernels(struct aql_world *world, uint32_t kernel, uint32_t count);
enum queue_progress world_drain(struct aql_world *world);

/*
 * The commands of a submission, a letter each: Drain, acQuire or release (one packet), Registers, Kernel, Atomic, cLock, Nop, Write,
 * '?' another.  Registers in several packets are one letter.
 */
const char *world_commands(const struct aql_world *world, uint32_t batch);
/* Without the first `skip` letters and trailing NOPs. */
const char *world_commands_after(const struct aql_world *world, uint32_t batch, uint32_t skip);
/* How often a letter occurs. */
uint32_t world_count(const struct aql_world *world, uint32_t batch, char letter);

/* What a register (its number for SET_SH_REG) holds when the n-th kernel of a submission starts, from 0 on; fails if it was not set. */
uint32_t world_register(const struct aql_world *world, uint32_t batch, uint32_t n, uint32_t number);
uint64_t world_register64(const struct aql_world *world, uint32_t batch, uint32_t n, uint32_t number);

#endif
