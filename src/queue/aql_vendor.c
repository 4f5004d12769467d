// SPDX-License-Identifier: MIT
/* AMD's own packets: PM4 commands of the caller's, and dispatches of clusters. */
#include "pm4/walk.h"
#include "queue/aql_translator.h"
#include "util/compiler.h"

#define IB_MAX_BYTES (1U << 20)

/*
 * The needs of an extended dispatch are those of a barrier in front of it.  Clusters of more than one work-group are for engines
 * that start them together, which those of gfx9 to gfx12.0 do not.
 */
enum aql_fate aql_extended_dispatch(struct aql *aql, const struct aql_extended_packet *packet)
{
	const struct aql_need need = {.signal = packet->dependency, .mask = -1, .condition = AQL_EQUAL};
	const uint32_t clusters[3] = {packet->clusters_x, packet->clusters_y, packet->clusters_z};
	struct aql_dispatch_packet plain = {
		.header = (uint16_t)((packet->header & 0xff00U) | AQL_KERNEL_DISPATCH),
		.setup = packet->setup,
		.private_bytes = packet->private_bytes,
		.group_bytes = packet->group_bytes,
		.kernel = packet->kernel,
		.kernarg = packet->kernarg,
		.completion = packet->completion,
	};
	uint32_t dimensions = packet->setup & 3U;
	enum aql_fate fate;

	for (uint32_t i = 0; i < 3; i++) {
		bool used = i < dimensions;
		uint64_t items = used ? (uint64_t)clusters[i] * packet->group[i] : 1;

		if (used && packet->cluster[i] != 1)
			return aql_refuse(aql, QUEUE_ERROR_INVALID_PACKET, "a dispatch of clusters");
		if (items > UINT32_MAX)
			return aql_refuse(aql, QUEUE_ERROR_INCOMPATIBLE_ARGUMENTS,
					  "a grid that is too large");
		plain.group[i] = used ? packet->group[i] : 1;
		plain.grid[i] = (uint32_t)items;
	}
	if (!aql_needs_met(aql, &need, 1, false, &fate))
		return fate;
	if (aql->is_moot)
		return aql_pass_moot(aql, packet->completion);
	return aql_dispatch(aql, &plain);
}

/* Whether the words consist of packets, none of which leads to others. */
static const char *check_words(enum pm4_generation generation, const uint32_t *words, uint32_t count)
{
	struct pm4_seen seen;
	uint32_t length;
	uint64_t va;

	for (uint32_t at = 0; at < count; at += seen.words) {
		if (pm4_look(generation, words + at, count - at, &seen) || !seen.words ||
		    seen.words > count - at)
			return "an indirect buffer that does not consist of packets";
		if (!pm4_read_indirect(generation, words + at, seen.words, &va, &length))
			return "an indirect buffer in an indirect buffer";
	}
	return NULL;
}

/* Interrupts do not reach anybody: who they are for is told when the submission is over. */
static int take_interrupts(struct aql *aql, uint32_t *words, uint32_t count, bool *any)
{
	struct aql_run *run = &aql->run;
	struct pm4_seen seen;
	int ret = 0;

	*any = false;
	for (uint32_t at = 0; at < count && !ret; at += seen.words) {
		ret = pm4_look(run->words.generation, words + at, count - at, &seen);
		if (ret || !seen.interrupts)
			continue;
		pm4_mute(run->words.generation, words + at);
		if (seen.context && seen.context <= EVENT_MAX) {
			const struct action action = {.kind = ACTION_EVENT, .id = seen.context};

			ret = batch_act(&run->batch, &action);
			*any = true;
		}
	}
	return ret;
}

/*
 * The words of an indirect buffer in its place: the host makes only what is submitted surely readable for the engine, and what is
 * copied can be checked.  They may have changed any register, and started what they like.
 */
enum aql_fate aql_pm4_ib(struct aql *aql, const struct aql_pm4_packet *packet)
{
	struct aql_run *run = &aql->run;
	enum pm4_generation generation = queue_gpu_state(aql->queue)->generation;
	uint64_t va, signal_va = 0;
	uint32_t count, *copy;
	enum aql_fate fate;
	const char *why;
	bool interrupts;
	int ret;

	if (packet->format != AQL_VENDOR_PM4_IB || packet->remain != AQL_PM4_IB_REMAIN ||
	    pm4_read_indirect(generation, packet->jump, ARRAY_SIZE(packet->jump), &va, &count))
		return aql_refuse(aql, QUEUE_ERROR_INVALID_PACKET, "a PM4 packet without an indirect buffer");
	if (count > IB_MAX_BYTES / sizeof(*copy) ||
	    (count && !aql_reach(aql, va, (uint64_t)count * sizeof(*copy), NULL)))
		return aql_refuse(aql, QUEUE_ERROR_INVALID_PACKET,
				  aql_is_lost(aql, va) ? "an indirect buffer that was lost with the device"
						       : "an indirect buffer that cannot be read");
	if (packet->completion && !aql_reach_signal(aql, packet->completion, &signal_va))
		return aql_refuse(aql, QUEUE_ERROR_INVALID_PACKET, "a completion signal that is not there");
	fate = aql_run_open(aql, count * (uint32_t)sizeof(*copy) + AQL_PACKET_ROOM, AQL_PACE_COMMANDS_NS);
	if (fate != AQL_TAKEN)
		return fate;
	run->batch.signal_is_last = false;
	aql_run_start_packet(aql, packet->header, signal_va);
	aql_run_acquire(aql, (enum pm4_scope)AQL_ACQUIRE(packet->header));
	copy = run->words.words + run->words.used;
	pm4_raw(&run->words, u64_to_ptr(va), count);
	if (run->words.error)
		return aql_failed(aql, run->words.error, "copying an indirect buffer");
	why = check_words(generation, copy, count);
	if (why) {
		run->words.used = run->mark;
		return aql_refuse(aql, QUEUE_ERROR_INVALID_PACKET, why);
	}
	ret = take_interrupts(aql, copy, count, &interrupts);
	if (ret)
		return aql_failed(aql, ret, "remembering an interrupt");
	pm4_shadow_forget(&run->shadow);
	run->drained = false;
	run->tmpring = 0;
	run->ns += AQL_PACE_COMMANDS_NS;
	if (aql->pace)
		aql_pace_count(aql->pace, 0, AQL_PACE_COMMANDS_NS);
	/* whatever it wrote is for everybody, as behind a command buffer of its own */
	fate = aql_run_end_packet(aql, AQL_WITH_RELEASE(packet->header, PM4_SCOPE_SYSTEM), packet->completion,
				  signal_va, true);
	return fate == AQL_TAKEN && interrupts ? AQL_TAKEN_LAST : fate;
}
