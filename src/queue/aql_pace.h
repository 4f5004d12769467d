// SPDX-License-Identifier: MIT
/*
 * How long kernels take, for engines on which Windows' GPU timeout ends the device when one submission takes two seconds:
 * submissions are kept short by what earlier ones took.  Of one queue, under its lock.
 */
#ifndef QUEUE_AQL_PACE_H
#define QUEUE_AQL_PACE_H

#include <stdint.h>

#include "memory/memory.h"
#include "pm4/pm4.h"
#include "queue/lane.h"

#define AQL_PACE_LIMIT_NS 100000000ULL /* of one submission */
/* of a kernel that never ran: alone in its submission, for two that take a second each may not be in one */
#define AQL_PACE_UNKNOWN_NS  AQL_PACE_LIMIT_NS
#define AQL_PACE_COMMANDS_NS 25000000ULL /* of commands of the caller's own, of which nothing is learnt */

struct aql_pace;

int aql_pace_create(struct memory *memory, uint32_t gpu, uint64_t counter_hz, struct aql_pace **out);
void aql_pace_destroy(struct aql_pace *pace);

uint64_t aql_pace_estimate(const struct aql_pace *pace, uint64_t kernel);
/* Learns from submissions that are over. */
void aql_pace_learn(struct aql_pace *pace, const struct lane *lane);

/* Of a submission: its first and its last commands, and the kernels between them. */
void aql_pace_start(struct aql_pace *pace, struct pm4_buffer *buffer);
void aql_pace_count(struct aql_pace *pace, uint64_t kernel, uint64_t ns);
void aql_pace_stop(struct aql_pace *pace, struct pm4_buffer *buffer);
void aql_pace_submitted(struct aql_pace *pace, uint64_t ordinal);

#endif
