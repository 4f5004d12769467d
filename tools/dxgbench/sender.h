// SPDX-License-Identifier: MIT
/* An AQL queue of its own with a kernel that ends at once, and packets for it. */
#ifndef DXGBENCH_SENDER_H
#define DXGBENCH_SENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "dxgbench/machine.h"

#define SENDER_SLOTS   512U
#define SENDER_SIGNALS 256U

struct report;
struct row;

/* amd_signal_t (ROCr amd_hsa_signal.h) */
struct signal {
	int64_t kind;
	int64_t value;
	uint64_t mailbox;
	uint32_t event_id;
	uint32_t reserved[9];
};

struct sender {
	HsaQueueResource resource;
	char *memory; /* amd_queue_t, kernel, signals, ring */
	struct signal *signals;
	bool stores; /* rings by storing to the doorbell */
};

/* All of it or nothing: then the row says why. */
bool sender_open(struct sender *sender, struct report *report, struct row *row, struct machine *machine);
void sender_close(struct sender *sender);

/* Published, not rung; done may be NULL.  Waits while the ring is full; false: for too long, nothing was put. */
bool sender_put(struct sender *sender, struct signal *done);
bool sender_put_barrier(struct sender *sender, const struct signal *awaited, struct signal *done);
bool sender_ring(struct sender *sender);
/* A dispatch with the first signal, rung and waited for: what only the first use of a queue needs is there then. */
bool sender_use(struct sender *sender);
/* Waits until all packets were taken; false: for too long. */
bool sender_wait_taken(const struct sender *sender);
/*
 * The row failed: what was sent did not come to its end.  The row says what is known of the cause, and the machine is not
 * asked for queues any more, or each row would wait as long.
 */
void sender_failed(const struct sender *sender, struct report *report, struct row *row,
		   struct machine *machine);

void signal_arm(struct signal *signal);
bool signal_is_done(const struct signal *signal);
/* Looks without sleeping; false: it did not come within 10 s. */
bool signal_spin(const struct signal *signal);

#endif
