// SPDX-License-Identifier: MIT
/* A simulated machine with the library open on it, as setup and teardown of CMocka tests. */
#ifndef TESTS_SIM_MACHINE_H
#define TESTS_SIM_MACHINE_H

#include <stddef.h>

#include <hsakmt/hsakmt.h>

#define MACHINE_MAX_GPUS 8

/* The node ids of the machine, valid after machine_open(). */
struct machine {
	HSAuint32 nodes;
	HSAuint32 cpu; /* the first one */
	HSAuint32 gpus[MACHINE_MAX_GPUS];
	unsigned gpu_count;
};

/* A new machine with these adapters; the library is closed. */
void machine_boot(const char *adapters);
/* Opens the library and acquires the topology; fails the running test when it cannot. */
void machine_open(struct machine *machine);

/* CMocka setups: rx6800 and radeon680m, with the library open on it (*state is a struct machine *) or closed. */
int machine_setup_open(void **state);
int machine_setup_closed(void **state);
/* CMocka teardown: closes the library; an error when the simulator found a leak or a misuse, which it prints. */
int machine_teardown(void **state);

/* Has the library give back what it can of the memory that it keeps for later. */
void machine_make_room(void);
/*
 * Fails the running test unless the simulated GPUs have this many allocations.  Freeing does not wait for the GPU, and
 * the library keeps some memory for later: it is made to look for room until nothing of that is left.
 */
void machine_assert_allocations(size_t count);

/* CMocka's comparison, with the name of the call in the message. */
#define assert_status(call, expected)                                                     \
	do {                                                                              \
		HSAKMT_STATUS status_ = (call);                                           \
		if (status_ != HSAKMT_STATUS_##expected)                                  \
			fail_msg("%s: status %d instead of %d (%s)", #call, (int)status_, \
				 (int)HSAKMT_STATUS_##expected, #expected);               \
	} while (0)

#endif
