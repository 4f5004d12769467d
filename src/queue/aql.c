// SPDX-License-Identifier: MIT
/*
 * AQL queues: the packets of the caller's ring become command buffers.
 *
 * The ring, its packets and the words around its indices are the caller's and can change at any time: what is read is read
 * once, into a copy, and checked there.
 */
#include "queue/aql_translator.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gsp/context.h"
#include "queue/signal.h"
#include "util/compiler.h"

/*
 * A copy of the packet with an index below the write index.  false: it is not published.  An invalid header is what the producer
 * replaces last; zeros, the type of vendor packets without a format, are what a ring holds that nobody ever wrote to.
 */
static bool peek_at(const struct aql *aql, uint64_t index, union aql_packet *packet)
{
	const uint8_t *slot = aql->queue->ring + index % aql->slots * AQL_PACKET_BYTES;
	uint32_t first;

	first = __atomic_load_n((const uint32_t *)(const void *)slot, __ATOMIC_ACQUIRE);
	if (AQL_TYPE(first) == AQL_INVALID ||
	    (AQL_TYPE(first) == AQL_VENDOR_SPECIFIC && !(first >> 16 & 0xff)))
		return false;
	memcpy(packet, slot, sizeof(*packet));
	packet->words[0] = first;
	return true;
}

/* The packet in front. */
static bool peek(const struct aql *aql, union aql_packet *packet)
{
	return aql_published(aql) && peek_at(aql, aql_front(aql), packet);
}

static enum aql_fate translate_vendor(struct aql *aql, const union aql_packet *packet)
{
	switch (packet->value.format) {
	case AQL_VENDOR_PM4_IB:
		return aql_pm4_ib(aql, &packet->pm4);
	case AQL_VENDOR_BARRIER_VALUE:
		return aql_barrier_value(aql, &packet->value);
	case AQL_VENDOR_EXTENDED_DISPATCH:
		return aql_extended_dispatch(aql, &packet->extended);
	default:
		return aql_refuse(aql, QUEUE_ERROR_INVALID_PACKET, "a vendor packet of an unknown format");
	}
}

static enum aql_fate translate(struct aql *aql, const union aql_packet *packet)
{
	uint16_t header = packet->dispatch.header;

	aql->wait_count = 0;
	if (AQL_ACQUIRE(header) > PM4_SCOPE_SYSTEM || AQL_RELEASE(header) > PM4_SCOPE_SYSTEM)
		return aql_refuse(aql, QUEUE_ERROR_INVALID_PACKET, "a fence scope that does not exist");
	switch (AQL_TYPE(header)) {
	case AQL_VENDOR_SPECIFIC:
		return translate_vendor(aql, packet);
	case AQL_KERNEL_DISPATCH:
		return aql_dispatch(aql, &packet->dispatch);
	case AQL_BARRIER_AND:
		return aql_barrier_and(aql, &packet->barrier);
	case AQL_BARRIER_OR:
		return aql_barrier_or(aql, &packet->barrier);
	case AQL_AGENT_DISPATCH:
		return aql_refuse(aql, QUEUE_ERROR_INVALID_PACKET,
				  "an agent dispatch, which GPUs do not take");
	default:
		return aql_refuse(aql, QUEUE_ERROR_INVALID_PACKET, "a packet of an unknown type");
	}
}

/* true: go on; false: *progress. */
static bool submit(struct aql *aql, enum queue_progress *progress)
{
	struct queue *queue = aql->queue;
	bool waits = aql->run.open && aql->run.batch.wait_count;
	int ret = aql_run_submit(aql);

	if (!ret) {
		aql->looks = false;
		return true;
	}
	if (waits && ret != -ENODEV) {
		/* what was to be waited for may be gone, because it is over */
		aql->looks = true;
		*progress = QUEUE_PARKED;
		return false;
	}
	*progress = queue_submit_failed(queue, ret, "submitting packets");
	return false;
}

/* Ends the run with what precedes a packet that is not taken. */
static bool finish(struct aql *aql, enum queue_progress *progress)
{
	if (aql->run.packets)
		return submit(aql, progress);
	aql_run_drop(aql);
	return true;
}

static enum queue_progress refused(struct aql *aql)
{
	enum queue_progress progress;
	uint64_t refusal = aql->refusal;
	const char *why = aql->why;

	if (!finish(aql, &progress))
		return progress;
	queue_fail(aql->queue, refusal, "packet %llu: %s", (unsigned long long)aql->index, why);
	return QUEUE_STOPPED;
}

/* A ring that was replaced has to be there as the first one had. */
static bool has_ring(struct aql *aql)
{
	const struct queue *queue = aql->queue;

	if (queue->ring != aql->ring) {
		if (!IS_ALIGNED(ptr_to_u64(queue->ring), (uint64_t)AQL_PACKET_BYTES) ||
		    !aql_reach(aql, ptr_to_u64(queue->ring), queue->ring_bytes, NULL))
			return false;
		aql->ring = queue->ring;
	}
	return true;
}

static enum queue_progress run(struct aql *aql)
{
	enum queue_progress progress = QUEUE_EMPTY;
	union aql_packet packet;

	for (;;) {
		if (aql->run.packets == aql->run.limit && !submit(aql, &progress))
			return progress;
		if (atomic_load_explicit(&aql->queue->ending, memory_order_relaxed)) {
			aql_run_drop(aql);
			return QUEUE_EMPTY;
		}
		if (!peek(aql, &packet)) {
			finish(aql, &progress);
			return progress;
		}
		if (!aql->run.packets && queue_turn_is_over(aql->queue)) {
			aql_run_drop(aql);
			return QUEUE_PARKED;
		}
		switch (translate(aql, &packet)) {
		case AQL_TAKEN:
			aql->run.packets++;
			break;
		case AQL_TAKEN_LAST:
			aql->run.packets++;
			if (!submit(aql, &progress))
				return progress;
			break;
		case AQL_LATER:
			if (!submit(aql, &progress))
				return progress;
			break;
		case AQL_WAITS:
			return finish(aql, &progress) ? QUEUE_PARKED : progress;
		case AQL_REFUSED:
			return refused(aql);
		case AQL_FAILED:
			aql_run_drop(aql);
			return queue_submit_failed(aql->queue, aql->error, aql->why);
		}
	}
}

static enum queue_progress drain(struct queue *queue)
{
	struct aql *aql = queue->translator;
	enum queue_progress progress;

	aql_reach_forget(&aql->reach);
	if (!has_ring(aql)) {
		queue_fail(queue, QUEUE_ERROR_INVALID_ARGUMENT, "its ring is not there");
		return QUEUE_STOPPED;
	}
	if (aql->pace)
		aql_pace_learn(aql->pace, queue->lane);
	progress = run(aql);
	aql_reach_forget(&aql->reach);
	return progress;
}

/* The completion signal, which all types have at the same place; 0: none. */
static uint64_t completion_of(const union aql_packet *packet)
{
	return AQL_TYPE(packet->dispatch.header) <= AQL_BARRIER_OR ? packet->dispatch.completion : 0;
}

/*
 * The packets stay in the ring, and the read index where it is, as they do in a queue that was stopped: what a producer wrote over would be
 * taken for done.
 */
static void lose(struct queue *queue)
{
	struct aql *aql = queue->translator;
	uint64_t published = aql_published(aql), end;
	union aql_packet packet;
	uint64_t signal;

	end = aql->index + MIN(published, aql->slots);
	aql_reach_forget(&aql->reach);
	if (aql_reach(aql, ptr_to_u64(queue->ring), queue->ring_bytes, NULL)) {
		if (aql->lost_index < aql->index)
			aql->lost_index = aql->index;
		for (; aql->lost_index < end && peek_at(aql, aql->lost_index, &packet); aql->lost_index++) {
			signal = completion_of(&packet);
			if (signal)
				queue_lose_signal(queue->queues, signal);
		}
	}
	aql_reach_forget(&aql->reach);
	scratch_put(aql->scratch, queue->lane, lane_submitted(queue->lane));
	aql->scratch = NULL;
	aql->scratch_view = (struct scratch_view){0};
}

/* The amd_queue_t that both indices are parts of, where they are. */
static void find_queue_words(struct aql *aql)
{
	struct queue *queue = aql->queue;
	uint64_t read = ptr_to_u64(queue->read_index), words = read - AMD_QUEUE_READ_ID;

	if (read < AMD_QUEUE_READ_ID || ptr_to_u64(queue->write_index) != words + AMD_QUEUE_WRITE_ID ||
	    !aql_reach(aql, words, AMD_QUEUE_BYTES, &aql->queue_va))
		return;
	aql->queue_words = u64_to_ptr(words);
	queue->inactive_signal = u64_to_ptr(words + AMD_QUEUE_INACTIVE);
}

static int check(struct aql *aql)
{
	const struct queue *queue = aql->queue;

	if (queue->ring_bytes < AQL_PACKET_BYTES || !IS_POWER_OF_TWO(queue->ring_bytes) ||
	    !IS_ALIGNED(ptr_to_u64(queue->ring), (uint64_t)AQL_PACKET_BYTES))
		return -EINVAL;
	if (!queue->write_index || !queue->read_index ||
	    !IS_ALIGNED(ptr_to_u64(queue->write_index), sizeof(uint64_t)) ||
	    !IS_ALIGNED(ptr_to_u64(queue->read_index), sizeof(uint64_t)))
		return -EINVAL;
	/* packets are copied: the ring and the indices need not be on the GPU */
	if (!has_ring(aql) || !aql_reach(aql, ptr_to_u64(queue->write_index), sizeof(uint64_t), NULL) ||
	    !aql_reach(aql, ptr_to_u64(queue->read_index), sizeof(uint64_t), NULL))
		return -EFAULT;
	return 0;
}

static void destroy(struct queue *queue)
{
	struct aql *aql = queue->translator;

	scratch_put(aql->scratch, queue->lane, lane_submitted(queue->lane));
	aql_pace_destroy(aql->pace);
	free(aql);
	queue->translator = NULL;
}

/*
 * -EINVAL: a ring that is no power of two of packets, or an address that is not aligned; -EFAULT: ring or indices are not in memory of
 * ours or registered that the CPU reads; -ENOMEM, and what queue_host_error() makes of memory_map()'s.
 */
static int create(struct queue *queue, struct queue_request *request)
{
	const struct queue_gpu_state *state = queue_gpu_state(queue);
	const struct gsp_engine_caps *engine =
		gsp_caps_engine(gsp_device_caps(lane_device(queue->lane)), lane_options(queue->lane)->engine);
	struct aql *aql = calloc(1, sizeof(*aql));
	int ret;

	(void)request;
	if (!aql)
		return -ENOMEM;
	aql->queue = queue;
	aql->slots = queue->ring_bytes / AQL_PACKET_BYTES;
	aql->ib_start = engine ? engine->ib_start : sizeof(uint32_t);
	aql->ib_size = engine ? engine->ib_size : sizeof(uint32_t);
	queue->translator = aql;
	ret = check(aql);
	if (!ret && (!engine || !engine->no_timeout))
		ret = queue_host_error(
			aql_pace_create(queue->queues->memory, queue->gpu, state->counter_hz, &aql->pace));
	if (ret) {
		destroy(queue);
		return ret;
	}
	find_queue_words(aql);
	aql->index = __atomic_load_n(queue->read_index, __ATOMIC_RELAXED);
	aql_run_drop(aql);
	aql_reach_forget(&aql->reach);
	return 0;
}

const struct queue_ops aql_queue_ops = {
	.create = create,
	.destroy = destroy,
	.drain = drain,
	.lose = lose,
};
