// SPDX-License-Identifier: MIT
/*
 * Barriers, and what else waits for signals.
 *
 * A signal that is not there yet never holds the engine by a packet, for whoever has to bring it may come later on the same
 * engine.  Where it is known which submission brings it, the scheduler holds back the next one; else the packet stays in the ring and
 * is looked at again.
 *
 * A signal that is lost (SIGNAL_LOST) never comes.  Who waits for it is not left waiting for ever: when the others that are waited for are
 * there, the packet is over, and its own completion signal is lost too; an extended dispatch does not run.  Of an OR all have to be lost.  The
 * queue goes on: what follows is its user's to care for, who was told of the lost queue.
 */
#include "queue/aql_translator.h"
#include "queue/signal.h"
#include "util/compiler.h"

static bool is_met(const struct aql_need *need, int64_t value)
{
	value &= need->mask;
	switch (need->condition) {
	case AQL_EQUAL:
		return value == need->value;
	case AQL_NOT_EQUAL:
		return value != need->value;
	case AQL_LESS:
		return value < need->value;
	case AQL_GREATER_OR_EQUAL:
		return value >= need->value;
	}
	return false;
}

static void add_wait(struct aql *aql, const struct gsp_fence_point *point)
{
	for (uint32_t i = 0; i < aql->wait_count; i++) {
		if (aql->waits[i].fence == point->fence) {
			aql->waits[i].value = MAX(aql->waits[i].value, point->wanted);
			return;
		}
	}
	aql->waits[aql->wait_count++] = (struct lane_wait){.fence = point->fence, .value = point->wanted};
}

/* Whether the need is met behind a submission of this device that was made. */
static bool comes(struct aql *aql, const struct aql_need *need)
{
	const struct lane *lane = aql->queue->lane;
	struct gsp_fence_point point;

	/* zero is all that is known of a signal's future */
	if (!is_met(need, 0) || !book_find(aql->queue->queues->book, need->signal, &point) ||
	    point.device != lane_device(lane))
		return false;
	/* submissions of one lane run in their order */
	if (point.fence != lane_point(lane, 0).fence)
		add_wait(aql, &point);
	return true;
}

static bool all_come(struct aql *aql, const struct aql_need *const *needs, uint32_t count)
{
	/* a wait would hold back the packets of all queues that share the lane, perhaps the one that is waited for */
	if (aql->looks || lane_is_shared(aql->queue->lane))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (!comes(aql, needs[i])) {
			aql->wait_count = 0;
			return false;
		}
	}
	return true;
}

/*
 * Whether all (or any) of at most AQL_DEPENDENCIES needs are met, or are so behind aql->waits, with which the run has to be opened then.
 * Else *fate is the packet's.  aql->is_moot: they will not be met, for a signal is lost, and nothing is waited for any more.
 */
bool aql_needs_met(struct aql *aql, const struct aql_need *needs, uint32_t count, bool any,
		   enum aql_fate *fate)
{
	const struct aql_need *open[AQL_DEPENDENCIES];
	uint32_t open_count = 0;
	bool lost = false;
	int64_t value;

	aql->wait_count = 0;
	aql->is_moot = false;
	for (uint32_t i = 0; i < count; i++) {
		if (!needs[i].signal)
			continue;
		if (!aql_reach_signal(aql, needs[i].signal, NULL)) {
			*fate = aql_refuse(aql, QUEUE_ERROR_INVALID_PACKET,
					   "it waits for a signal that is not there");
			return false;
		}
		value = signal_load(needs[i].signal);
		if (signal_says_lost(value)) {
			lost = true;
			continue;
		}
		if (is_met(&needs[i], value)) {
			if (any)
				return true;
			continue;
		}
		open[open_count++] = &needs[i];
	}
	if (!open_count && !lost)
		return true;
	/* what precedes goes first: it may be what the signal waits for */
	if (aql->run.packets) {
		*fate = AQL_LATER;
		return false;
	}
	if (!open_count) {
		aql->is_moot = true;
		return true;
	}
	/* a scheduler that waits would have no word for what is lost */
	if (!lost && (!any || open_count == 1) && all_come(aql, open, open_count))
		return true;
	*fate = AQL_WAITS;
	return false;
}

/* A packet that will not be what its user has meant: nobody waits for it in vain. */
enum aql_fate aql_pass_moot(struct aql *aql, uint64_t completion)
{
	if (completion && !aql_reach_signal(aql, completion, NULL))
		return aql_refuse(aql, QUEUE_ERROR_INVALID_PACKET, "a completion signal that is not there");
	if (completion)
		queue_lose_signal(aql->queue->queues, completion);
	return AQL_TAKEN;
}

/* A barrier whose needs are met. */
static enum aql_fate pass(struct aql *aql, uint16_t header, uint64_t completion)
{
	struct aql_run *run = &aql->run;
	enum aql_fate fate;
	uint64_t va = 0;

	if (aql->is_moot)
		return aql_pass_moot(aql, completion);
	if (completion && !aql_reach_signal(aql, completion, &va))
		return aql_refuse(aql, QUEUE_ERROR_INVALID_PACKET, "a completion signal that is not there");
	/* nothing to be done: a run starts when what was submitted before is over */
	if (!completion && !AQL_ACQUIRE(header) && !AQL_RELEASE(header) && !aql->wait_count &&
	    (!AQL_BARRIER(header) || !run->open || run->drained))
		return AQL_TAKEN;
	fate = aql_run_open(aql, AQL_PACKET_ROOM, 0);
	if (fate != AQL_TAKEN)
		return fate;
	aql_run_start_packet(aql, header, va);
	aql_run_acquire(aql, (enum pm4_scope)AQL_ACQUIRE(header));
	return aql_run_end_packet(aql, header, completion, va, false);
}

static enum aql_fate barrier(struct aql *aql, const struct aql_barrier_packet *packet, bool any)
{
	struct aql_need needs[AQL_DEPENDENCIES];
	enum aql_fate fate;

	for (uint32_t i = 0; i < AQL_DEPENDENCIES; i++)
		needs[i] =
			(struct aql_need){.signal = packet->signals[i], .mask = -1, .condition = AQL_EQUAL};
	if (!aql_needs_met(aql, needs, AQL_DEPENDENCIES, any, &fate))
		return fate;
	return pass(aql, packet->header, packet->completion);
}

enum aql_fate aql_barrier_and(struct aql *aql, const struct aql_barrier_packet *packet)
{
	return barrier(aql, packet, false);
}

enum aql_fate aql_barrier_or(struct aql *aql, const struct aql_barrier_packet *packet)
{
	return barrier(aql, packet, true);
}

enum aql_fate aql_barrier_value(struct aql *aql, const struct aql_value_packet *packet)
{
	const struct aql_need need = {
		.signal = packet->signal,
		.mask = packet->mask,
		.value = packet->value,
		.condition = (enum aql_condition)packet->condition,
	};
	enum aql_fate fate;

	if (packet->condition > AQL_GREATER_OR_EQUAL)
		return aql_refuse(aql, QUEUE_ERROR_INVALID_PACKET, "a condition that does not exist");
	if (!aql_needs_met(aql, &need, 1, false, &fate))
		return fate;
	return pass(aql, packet->header, packet->completion);
}
