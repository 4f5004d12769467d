// SPDX-License-Identifier: MIT
/*
 * The words of HSA that queues read and write in their user's memory: amd_signal_t, amd_queue_t and AQL packets, by
 * their offsets (LLVM AMDGPU usage; ROCr's amd_hsa_signal.h, amd_hsa_queue.h and hsa.h).
 *
 * All of it is somebody else's memory, which may change at any time: values are read once.
 */
#ifndef QUEUE_SIGNAL_H
#define QUEUE_SIGNAL_H

#include <stdbool.h>
#include <stdint.h>

/* amd_signal_t */
#define SIGNAL_BYTES	   64U
#define SIGNAL_VALUE	   8U
#define SIGNAL_MAILBOX	   16U /* address of the event's mailbox, 0: none */
#define SIGNAL_EVENT_ID	   24U
#define SIGNAL_START_STAMP 32U
#define SIGNAL_END_STAMP   40U

/* amd_queue_t */
#define AMD_QUEUE_BYTES	       256U /* what is used of it */
#define AMD_QUEUE_WRITE_ID     56U
#define AMD_QUEUE_READ_ID      128U
#define AMD_QUEUE_TMPRING      140U
#define AMD_QUEUE_SCRATCH_SRD  144U
#define AMD_QUEUE_SCRATCH_BASE 160U
#define AMD_QUEUE_SCRATCH_LANE 176U /* bytes for a work-item in a wave of 64 */
#define AMD_QUEUE_PROPERTIES   180U
#define AMD_QUEUE_PROFILING    (1U << 3)
#define AMD_QUEUE_INACTIVE     192U /* hsa_signal_t: address of an amd_signal_t, 0: none */

/*
 * The value that a signal gets which nobody will bring down any more.  Others may still decrement it: all that is not above half of it means
 * the same.  Other negative values are their owners' own.
 */
#define SIGNAL_LOST (-(INT64_C(1) << 62))

static inline bool signal_says_lost(int64_t value)
{
	return value <= SIGNAL_LOST / 2;
}

static inline int64_t signal_load(uint64_t signal)
{
	return __atomic_load_n((const int64_t *)(uintptr_t)(signal + SIGNAL_VALUE), __ATOMIC_ACQUIRE);
}

static inline uint64_t signal_mailbox(uint64_t signal)
{
	return __atomic_load_n((const uint64_t *)(uintptr_t)(signal + SIGNAL_MAILBOX), __ATOMIC_RELAXED);
}

static inline uint32_t signal_event_id(uint64_t signal)
{
	return __atomic_load_n((const uint32_t *)(uintptr_t)(signal + SIGNAL_EVENT_ID), __ATOMIC_RELAXED);
}

#endif
