// SPDX-License-Identifier: MIT
/*
 * The run: packets that become one submission.
 *
 * Its frame has the dispatch packets that kernels read, then the commands.  Slots are free again when the run is submitted, for
 * then nothing reads them any more: a producer that waits for room waits for no kernel.
 */
#include <errno.h>
#include <string.h>

#include "queue/aql_translator.h"
#include "queue/signal.h"
#include "util/compiler.h"

#define RUN_PACKETS    256U
#define RUN_COMMANDS   (120U << 10) /* bytes; RUN_PACKETS that each write all their registers */
#define START_ROOM     256U	    /* bytes that a run starts with ... */
#define END_ROOM       256U	    /* ... and ends with, padding not counted */
#define COMMANDS_ALIGN 256U
#define WORD	       4U

static uint32_t end_room(const struct aql *aql)
{
	return END_ROOM + aql->ib_size;
}

static bool has_room(const struct aql *aql, uint32_t bytes)
{
	const struct pm4_buffer *words = &aql->run.words;

	return (words->capacity - words->used) * WORD >= bytes + end_room(aql);
}

/* What nothing is known of at the start: registers, caches, and, once, instructions of whoever had the addresses before. */
static void start(struct aql *aql)
{
	struct aql_run *run = &aql->run;

	pm4_shadow_forget(&run->shadow);
	/* submissions of a lane run one after the other, each to its end */
	run->drained = true;
	run->acquired = PM4_SCOPE_NONE;
	run->tmpring = 0;
	run->ns = 0;
	if (aql->pace)
		aql_pace_start(aql->pace, &run->words);
	if (!aql->started) {
		pm4_acquire_code(&run->words);
		run->acquired = PM4_SCOPE_SYSTEM;
	}
}

static int open_run(struct aql *aql, uint32_t room)
{
	struct aql_run *run = &aql->run;
	uint64_t published = MAX(aql_published(aql), 1);
	uint32_t packets = (uint32_t)MIN(published, (uint64_t)(run->limit - run->packets));
	uint32_t copies = ALIGN_UP(packets * AQL_PACKET_BYTES, COMMANDS_ALIGN);
	uint32_t commands =
		MAX(room, MIN(packets * AQL_PACKET_ROOM, RUN_COMMANDS)) + START_ROOM + end_room(aql);
	uint32_t alignment = MAX(aql->ib_start, COMMANDS_ALIGN), skipped;
	uint64_t at;
	int ret;

	commands = ALIGN_UP(commands, WORD);
	ret = batch_begin(aql->queue, copies + commands + alignment - COMMANDS_ALIGN, &run->batch);
	if (ret)
		return ret;
	run->open = true;
	run->limit = run->packets + packets;
	run->copies = run->batch.frame;
	run->copies_used = 0;
	at = ptr_to_u64(run->batch.frame) + copies;
	skipped = (uint32_t)(ALIGN_UP(at, (uint64_t)alignment) - at);
	pm4_begin(&run->words, queue_gpu_state(aql->queue)->generation,
		  (uint32_t *)(void *)(run->batch.frame + copies + skipped), commands / WORD);
	for (uint32_t i = 0; i < aql->wait_count; i++)
		run->batch.waits[run->batch.wait_count++] = aql->waits[i];
	aql->wait_count = 0;
	start(aql);
	return 0;
}

/*
 * Makes sure that there is room for `room` bytes of the packet in front and that the run does not get too long with the `ns` it
 * takes.  AQL_TAKEN: there is; AQL_LATER, AQL_FAILED.
 */
enum aql_fate aql_run_open(struct aql *aql, uint32_t room, uint64_t ns)
{
	struct aql_run *run = &aql->run;
	int ret;

	if (run->open && run->packets &&
	    (!has_room(aql, room) || (aql->pace && run->ns + ns > AQL_PACE_LIMIT_NS)))
		return AQL_LATER;
	if (!run->open) {
		ret = open_run(aql, room);
		if (ret)
			return aql_failed(aql, ret, "making room for commands");
	}
	run->mark = run->words.used;
	return AQL_TAKEN;
}

static bool is_profiled(const struct aql *aql)
{
	const void *properties = aql->queue_words ? aql->queue_words + AMD_QUEUE_PROPERTIES : NULL;

	return properties &&
	       __atomic_load_n((const uint32_t *)properties, __ATOMIC_RELAXED) & AMD_QUEUE_PROFILING;
}

static void drain(struct aql_run *run)
{
	if (run->drained)
		return;
	pm4_drain(&run->words);
	run->drained = true;
}

/* What precedes all other commands of a packet; signal_va: of its completion signal, 0: none. */
void aql_run_start_packet(struct aql *aql, uint16_t header, uint64_t signal_va)
{
	struct aql_run *run = &aql->run;

	if (AQL_BARRIER(header))
		drain(run);
	run->stamped = signal_va && is_profiled(aql);
	if (run->stamped)
		pm4_copy_clock(&run->words, signal_va + SIGNAL_START_STAMP);
}

/*
 * Whether what the engine itself writes stays in L2, for no memory is kept out of it: gfx12, where its writes cannot go past L2 either
 * (kmd/allocation.c, pm4_atomic_add64()).  Its atomics then need what the CPU wrote last, so the line has to go before, and what they
 * wrote has to be written back.
 */
static bool stays_in_l2(const struct aql_run *run)
{
	return run->words.generation >= PM4_GFX12;
}

void aql_run_acquire(struct aql *aql, enum pm4_scope scope)
{
	if (scope == PM4_SCOPE_NONE)
		return;
	pm4_acquire(&aql->run.words, scope);
	aql->run.acquired = MAX(aql->run.acquired, scope);
}

/*
 * The acquire of a dispatch.  Whatever its packet says, copies of packets and what arguments lie in were perhaps written since the
 * caches read them last, before the run.
 */
void aql_run_acquire_dispatch(struct aql *aql, enum pm4_scope scope)
{
	enum pm4_scope least = stays_in_l2(&aql->run) ? PM4_SCOPE_SYSTEM : PM4_SCOPE_AGENT;

	aql_run_acquire(aql, aql->run.acquired < least ? MAX(scope, least) : scope);
}

/* Takes back the commands of a packet that has a value no command can say. */
static enum aql_fate take_back(struct aql *aql)
{
	struct aql_run *run = &aql->run;
	int error = run->words.error;

	run->words.used = run->mark;
	run->words.error = 0;
	pm4_shadow_forget(&run->shadow);
	if (error != -EINVAL)
		return aql_failed(aql, error, "writing commands");
	return aql_refuse(aql, QUEUE_ERROR_INVALID_PACKET,
			  "an address or a size that the engine cannot take");
}

/* The lane's mark first, and where it would stay in L2 it has to leave before the decrement can: see book_mark(). */
static void decrement(struct aql_run *run, uint64_t signal_va, bool through_l2)
{
	const uint32_t ordinal = (uint32_t)run->batch.ordinal;

	pm4_write_data(&run->words, ptr_to_u64((const void *)(uintptr_t)lane_mark(run->batch.queue->lane)),
		       &ordinal, 1);
	if (through_l2)
		pm4_release(&run->words, PM4_SCOPE_SYSTEM);
	pm4_atomic_add64(&run->words, signal_va + SIGNAL_VALUE, -1);
}

/*
 * What follows the other commands of a packet: the fences and the stamp of its header, and its completion signal (0: none).  `wait`: the
 * packet is over only when the engine is drained.
 */
enum aql_fate aql_run_end_packet(struct aql *aql, uint16_t header, uint64_t signal, uint64_t signal_va,
				 bool wait)
{
	struct aql_run *run = &aql->run;
	enum pm4_scope scope = (enum pm4_scope)AQL_RELEASE(header);
	bool by_gpu = false, tells = false, through_l2;
	int ret;

	if (wait)
		drain(run);
	if (run->stamped)
		pm4_copy_clock(&run->words, signal_va + SIGNAL_END_STAMP);
	if (run->stamped && stays_in_l2(run))
		scope = MAX(scope, PM4_SCOPE_SYSTEM);
	through_l2 = signal && stays_in_l2(run) && queue_gpu_state(aql->queue)->gpu.platform_atomics;
	if (through_l2)
		pm4_flush_l2(&run->words);
	else
		pm4_release(&run->words, scope);
	if (run->words.error)
		return take_back(aql);
	if (signal) {
		ret = batch_decrement(&run->batch, signal, &by_gpu, &tells);
		if (ret)
			return aql_failed(aql, ret, "remembering a signal");
		if (by_gpu)
			decrement(run, signal_va, through_l2);
	}
	if (through_l2)
		pm4_release(&run->words, PM4_SCOPE_SYSTEM);
	if (run->words.error)
		return aql_failed(aql, run->words.error, "writing commands");
	return tells ? AQL_TAKEN_LAST : AQL_TAKEN;
}

/* The slots of the run are the producers' again. */
static void retire(struct aql *aql)
{
	struct aql_run *run = &aql->run;

	for (uint32_t i = 0; i < run->packets; i++) {
		uint8_t *slot = aql->queue->ring + (aql->index + i) % aql->slots * AQL_PACKET_BYTES;

		__atomic_store_n((uint16_t *)(void *)slot, AQL_INVALID, __ATOMIC_RELAXED);
	}
	aql->index += run->packets;
	__atomic_store_n(aql->queue->read_index, aql->index, __ATOMIC_RELEASE);
	run->packets = 0;
	run->limit = (uint32_t)MIN(aql->slots, (uint64_t)RUN_PACKETS);
}

static int submit(struct aql *aql)
{
	struct aql_run *run = &aql->run;
	uint64_t commands = ptr_to_u64(run->words.words), ordinal = run->batch.ordinal;
	uint32_t bytes;
	int ret;

	if (aql->pace) {
		drain(run);
		aql_pace_stop(aql->pace, &run->words);
		if (stays_in_l2(run))
			pm4_release(&run->words, PM4_SCOPE_SYSTEM);
	}
	/* something has to carry the waits */
	if (!run->words.used)
		pm4_nop(&run->words, 1);
	pm4_pad(&run->words, aql->ib_size);
	ret = pm4_end(&run->words, &bytes);
	if (ret) {
		aql_run_drop(aql);
		return ret;
	}
	run->open = false;
	ret = batch_submit(&run->batch, commands, bytes,
			   (uint32_t)(commands - ptr_to_u64(run->batch.frame)) + bytes);
	if (ret) {
		aql_run_drop(aql);
		return ret;
	}
	aql->started = true;
	if (aql->pace) {
		aql_pace_submitted(aql->pace, ordinal);
		aql_pace_learn(aql->pace, aql->queue->lane);
	}
	return 0;
}

/*
 * Submits the run and gives its slots back; one that has no commands costs nothing.  On failure the packets are still in the ring, to
 * be translated again.
 */
int aql_run_submit(struct aql *aql)
{
	int ret = aql->run.open ? submit(aql) : 0;

	if (!ret)
		retire(aql);
	return ret;
}

/* Forgets what is in the run; the packets are still in the ring.  Also makes the first one. */
void aql_run_drop(struct aql *aql)
{
	struct aql_run *run = &aql->run;

	if (run->open)
		batch_drop(&run->batch);
	run->open = false;
	run->packets = 0;
	run->limit = (uint32_t)MIN(aql->slots, (uint64_t)RUN_PACKETS);
}
