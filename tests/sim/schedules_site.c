// SPDX-License-Identifier: MIT
/*
 * Two queues on a GPU.  What is asked of them is checked as a careful runtime would: all signals of a piece of work that are down say that its
 * results are good, and then all of them are looked at; a signal that is lost says that they are not.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/ring_packets.h"
#include "schedules.h"

#define AQL_SLOTS	64u
#define SDMA_RING_BYTES 0x4000u
#define INACTIVE_AT	192u /* queue_inactive_signal of amd_queue_t (ROCr amd_hsa_queue.h) */
#define LOST_AT_MOST	(-(INT64_C(1) << 61)) /* what decrements leave of a lost signal's value */
#define SLICE_MS	50u
#define GROUP		256u

/* In the memory of the host. */
#define AMD_QUEUE_AT  0x0000u
#define AQL_ERROR_AT  0x0800u
#define SDMA_ERROR_AT 0x0808u
#define AQL_RING_AT   0x1000u
#define SDMA_RING_AT  0x2000u
#define SIGNALS_AT    0x6000u
#define KERNARG_AT    0x7000u
#define LEFT_AT	      0x8000u
#define RIGHT_AT      0x9000u
#define RESULT_AT     0xa000u
#define MEMORY_BYTES  0xb000u

/* In VRAM. */
#define VRAM_LEFT   0x0000u
#define VRAM_RESULT 0x1000u
#define VRAM_KEPT   0x2000u
#define VRAM_BYTES  0x10000u

enum outcome { DONE, LOST, STALLED };
enum signals { COPIED_IN, COMPUTED, COPIED_OUT, COPIED_KEPT, SIGNALS, INACTIVE = 8 };

static struct aql_signal *signal_of(const struct site *site, unsigned index)
{
	return (struct aql_signal *)(void *)(site->memory + SIGNALS_AT) + index;
}

static float *floats_at(const struct site *site, uint32_t at)
{
	return (float *)(void *)(site->memory + at);
}

static int64_t error_of(const struct site *site, uint32_t at)
{
	return __atomic_load_n((int64_t *)(void *)(site->memory + at), __ATOMIC_ACQUIRE);
}

static uint64_t *index_of(const struct site *site, uint32_t at)
{
	return (uint64_t *)(void *)(site->memory + AMD_QUEUE_AT + at);
}

static uint32_t bit(const struct site *site)
{
	return 1u << site->adapter;
}

/* ---- to have them and to give them back ---- */

static bool map_on(struct site *site, uint32_t adapters)
{
	HsaMemMapFlags flags = {.Value = 0};
	HSAuint32 nodes[SCHEDULE_GPUS], count = 0;
	HSAuint64 va;

	for (unsigned i = 0; i < world.plan.adapter_count; i++)
		if (adapters & 1u << i && world.node[i] != INVALID_NODEID)
			nodes[count++] = world.node[i];
	if (!call_worked(hsaKmtMapMemoryToGPUNodes(site->memory, MEMORY_BYTES, &va, flags, count, nodes),
			 "hsaKmtMapMemoryToGPUNodes", adapters))
		return false;
	site->reach = adapters;
	return true;
}

static bool get_memory(struct site *site)
{
	HsaMemFlags flags = {.Value = 0};
	void *memory;

	flags.ui32.HostAccess = 1;
	flags.ui32.Uncached = 1;
	flags.ui32.ExecuteAccess = 1;
	if (!call_worked(hsaKmtAllocMemory(world.machine.cpu, MEMORY_BYTES, flags, &memory),
			 "hsaKmtAllocMemory of the host's", ALL_ADAPTERS))
		return false;
	site->memory = memory;
	memset(memory, 0, MEMORY_BYTES);
	for (unsigned i = 0; i < AQL_SLOTS; i++)
		((struct aql_packet *)(void *)(site->memory + AQL_RING_AT))[i].header = 1; /* invalid */
	return (random_below(site->random, 2) && map_on(site, ALL_ADAPTERS)) || map_on(site, bit(site));
}

static bool get_vram(struct site *site)
{
	HsaMemFlags flags = {.Value = 0};
	HsaMemMapFlags map = {.Value = 0};
	HSAuint64 va;
	void *memory;

	flags.ui32.NonPaged = 1;
	flags.ui32.CoarseGrain = 1;
	if (!call_worked(hsaKmtAllocMemory(site->node, VRAM_BYTES, flags, &memory),
			 "hsaKmtAllocMemory of a GPU's", bit(site)))
		return false;
	site->vram = memory;
	if (!call_worked(hsaKmtMapMemoryToGPUNodes(memory, VRAM_BYTES, &va, map, 1, &site->node),
			 "hsaKmtMapMemoryToGPUNodes of VRAM", bit(site)))
		return false;
	site->vram_mapped = true;
	return true;
}

static bool get_event(HsaEvent **out)
{
	HsaEventDescriptor descriptor = {.EventType = HSA_EVENTTYPE_SIGNAL};

	return call_worked(hsaKmtCreateEvent(&descriptor, false, false, out), "hsaKmtCreateEvent",
			   ALL_ADAPTERS);
}

static void arm(struct aql_signal *signal, int64_t value, const HsaEvent *event)
{
	memset(signal, 0, sizeof(*signal));
	signal->kind = 1;
	if (event) {
		signal->event_id = event->EventId;
		signal->mailbox = event->EventData.HWData2;
	}
	aql_store(signal, value);
}

static bool get_aql(struct site *site)
{
	uint64_t inactive = (uint64_t)(uintptr_t)signal_of(site, INACTIVE);

	arm(signal_of(site, INACTIVE), 0, site->inactive);
	memcpy(site->memory + AMD_QUEUE_AT + INACTIVE_AT, &inactive, sizeof(inactive));
	site->aql.Queue_write_ptr_aql = index_of(site, 56);
	site->aql.Queue_read_ptr_aql = index_of(site, 128);
	site->aql.ErrorReason = (volatile HSAint64 *)(void *)(site->memory + AQL_ERROR_AT);
	site->has_aql =
		call_worked(hsaKmtCreateQueue(site->node, HSA_QUEUE_COMPUTE_AQL, 100,
					      HSA_QUEUE_PRIORITY_NORMAL, site->memory + AQL_RING_AT,
					      AQL_SLOTS * sizeof(struct aql_packet), NULL, &site->aql),
			    "hsaKmtCreateQueue of AQL", bit(site));
	return site->has_aql;
}

static bool get_sdma(struct site *site)
{
	site->sdma.ErrorReason = (volatile HSAint64 *)(void *)(site->memory + SDMA_ERROR_AT);
	site->has_sdma = call_worked(hsaKmtCreateQueue(site->node, HSA_QUEUE_SDMA, 100,
						       HSA_QUEUE_PRIORITY_NORMAL, site->memory + SDMA_RING_AT,
						       SDMA_RING_BYTES, NULL, &site->sdma),
				     "hsaKmtCreateQueue of SDMA", bit(site));
	return site->has_sdma;
}

bool site_open(struct site *site, unsigned adapter, uint64_t *random)
{
	*site = (struct site){.adapter = adapter, .node = world.node[adapter], .random = random};
	if (site->node == INVALID_NODEID || !world.code[adapter])
		return false;
	site->calls = random_below(random, 3);
	site->aql_stores = random_below(random, 4) == 0;
	step("opens queues on adapter", adapter);
	if (get_memory(site) && get_vram(site) && get_event(&site->event) && get_event(&site->inactive) &&
	    get_aql(site) && get_sdma(site)) {
		atomic_fetch_or(&world.used, bit(site));
		atomic_fetch_add(&world.shared->sites, 1);
		return true;
	}
	site_close(site);
	return false;
}

bool site_is_open(const struct site *site)
{
	return site->has_sdma;
}

void site_close(struct site *site)
{
	unsigned adapter = site->adapter;

	step("destroys queues on adapter", adapter);
	if (site->has_sdma)
		release_worked(hsaKmtDestroyQueue(site->sdma.QueueId), "hsaKmtDestroyQueue of SDMA");
	if (site->has_aql)
		release_worked(hsaKmtDestroyQueue(site->aql.QueueId), "hsaKmtDestroyQueue of AQL");
	step("frees memory on adapter", adapter);
	if (site->vram_mapped)
		release_worked(hsaKmtUnmapMemoryToGPU(site->vram), "hsaKmtUnmapMemoryToGPU of VRAM");
	if (site->vram)
		release_worked(hsaKmtFreeMemory(site->vram, VRAM_BYTES), "hsaKmtFreeMemory of VRAM");
	if (site->reach)
		release_worked(hsaKmtUnmapMemoryToGPU(site->memory), "hsaKmtUnmapMemoryToGPU");
	if (site->memory)
		release_worked(hsaKmtFreeMemory(site->memory, MEMORY_BYTES), "hsaKmtFreeMemory");
	if (site->event)
		release_worked(hsaKmtDestroyEvent(site->event), "hsaKmtDestroyEvent");
	if (site->inactive)
		release_worked(hsaKmtDestroyEvent(site->inactive), "hsaKmtDestroyEvent");
	*site = (struct site){.adapter = adapter};
}

/* ---- packets ---- */

static void send_aql(struct site *site, const struct aql_packet *packet, bool ring)
{
	uint64_t index = __atomic_fetch_add(index_of(site, 56), 1, __ATOMIC_RELAXED);
	struct aql_packet *slot =
		(struct aql_packet *)(void *)(site->memory + AQL_RING_AT) + index % AQL_SLOTS;

	memcpy((char *)slot + 4, (const char *)packet + 4, sizeof(*slot) - 4);
	__atomic_store_n((uint32_t *)(void *)slot, packet->header | (uint32_t)packet->setup << 16,
			 __ATOMIC_RELEASE);
	if (ring && site->aql_stores)
		__atomic_store_n(site->aql.Queue_DoorBell_aql, index, __ATOMIC_RELEASE);
	else if (ring)
		call_worked(hsaKmtQueueRingDoorbell(site->aql.QueueId, index), "hsaKmtQueueRingDoorbell",
			    bit(site));
}

static void send_sdma(struct site *site, const uint32_t *words, uint32_t count)
{
	uint32_t *ring = (uint32_t *)(void *)(site->memory + SDMA_RING_AT);
	uint64_t index;

	for (uint32_t i = 0; i < count; i++)
		ring[(site->sdma_words + i) % (SDMA_RING_BYTES / 4)] = words[i];
	site->sdma_words += count;
	index = site->sdma_words * 4;
	__atomic_store_n(site->sdma.Queue_write_ptr_aql, index, __ATOMIC_RELEASE);
	__atomic_store_n(site->sdma.Queue_DoorBell_aql, index, __ATOMIC_RELEASE);
	if (site->calls)
		call_worked(hsaKmtQueueRingDoorbell(site->sdma.QueueId, index),
			    "hsaKmtQueueRingDoorbell of SDMA", bit(site));
}

/* As ROCr ends a copy: with atomics where the bus has them. */
static uint32_t signal_words(const struct site *site, uint32_t *words, const struct aql_signal *signal)
{
	uint32_t n;

	if (world.plan.adapters[site->adapter].atomics)
		n = sdma_decrement(words, &signal->value);
	else
		n = sdma_fence(words, &signal->value, 0);
	if (signal->mailbox) {
		n += sdma_fence(words + n, (const void *)(uintptr_t)signal->mailbox, signal->event_id);
		n += sdma_trap(words + n, signal->event_id);
	}
	return n;
}

static struct aql_packet kernel_packet(const struct site *site, const void *left, const float *right,
				       void *result, struct aql_signal *done)
{
	struct {
		uint64_t left, right, result;
		uint32_t count;
	} arguments = {(uintptr_t)left, (uintptr_t)right, (uintptr_t)result, SITE_ITEMS};
	struct aql_packet packet = aql_dispatch(world.code[site->adapter], done);

	memcpy(site->memory + KERNARG_AT, &arguments, sizeof(arguments));
	packet.group[0] = GROUP;
	packet.grid[0] = SITE_ITEMS;
	packet.kernarg = (uintptr_t)(site->memory + KERNARG_AT);
	return packet;
}

/* ---- waiting ---- */

static bool is_stopped(const struct site *site)
{
	return error_of(site, AQL_ERROR_AT) || error_of(site, SDMA_ERROR_AT);
}

/*
 * A lost device makes the signals lost that were to be decremented by it.  A queue that was stopped for another reason tells that by its error
 * alone, and so does one whose copies end with fences, of which nobody knows that they are for a signal.
 */
static bool error_is_enough(const struct site *site)
{
	return has_harm(HARM_FAILS) || !world.plan.adapters[site->adapter].atomics;
}

static void explain(const struct site *site, const char *name)
{
	fprintf(stderr,
		"%s adapter %u: AQL error %lld, read %llu of %llu; SDMA error %lld, read %llu of %llu; "
		"signals",
		name, site->adapter, (long long)error_of(site, AQL_ERROR_AT),
		(unsigned long long)__atomic_load_n(index_of(site, 128), __ATOMIC_ACQUIRE),
		(unsigned long long)__atomic_load_n(index_of(site, 56), __ATOMIC_ACQUIRE),
		(long long)error_of(site, SDMA_ERROR_AT),
		(unsigned long long)__atomic_load_n(site->sdma.Queue_read_ptr_aql, __ATOMIC_ACQUIRE),
		(unsigned long long)site->sdma_words * 4);
	for (unsigned i = 0; i < SIGNALS; i++)
		fprintf(stderr, " %lld", (long long)aql_value(signal_of(site, i)));
	fprintf(stderr, "\n");
}

static void sleep_for(const struct site *site, const struct aql_signal *signal, bool long_sleep,
		      uint64_t until)
{
	HsaEvent *events[2] = {site->event, site->inactive};
	uint64_t now = now_ns(), ms = until > now ? (until - now) / 1000000 + 1 : 1;
	HSAKMT_STATUS status;

	if (!signal->mailbox) {
		nap_us(100);
		return;
	}
	if (!long_sleep && ms > SLICE_MS)
		ms = SLICE_MS;
	status = hsaKmtWaitOnMultipleEvents(events, 2, false, (HSAuint32)ms);
	if (status == HSAKMT_STATUS_SUCCESS)
		return;
	if (status != HSAKMT_STATUS_WAIT_TIMEOUT)
		wrong("hsaKmtWaitOnMultipleEvents: status %d", (int)status);
	if (long_sleep && aql_value(signal) != 1)
		wrong("nobody woke who slept on a signal that is %lld now", (long long)aql_value(signal));
}

/* Who is `other` may be at fault too. */
static enum outcome await(struct site *site, unsigned index, const struct site *other)
{
	const struct aql_signal *signal = signal_of(site, index);
	uint64_t start = now_ns(), stopped = 0;
	bool long_sleep = random_below(site->random, 2);
	uint32_t adapters = bit(site) | (other ? bit(other) : 0);
	int64_t value;

	step("waits for signal", index);
	for (;;) {
		value = aql_value(signal);
		if (value == 0)
			return DONE;
		if (value != 1) {
			if (value > LOST_AT_MOST)
				wrong("a signal is %lld", (long long)value);
			if (!may_fail(adapters))
				wrong("a signal is lost, and nothing has befallen adapters %#x", adapters);
			return LOST;
		}
		if (is_stopped(site) || (other && is_stopped(other))) {
			if (!may_fail(adapters))
				wrong("a queue has error %lld, and nothing has befallen its GPU",
				      (long long)(error_of(site, AQL_ERROR_AT) |
						  error_of(site, SDMA_ERROR_AT)));
			stopped = stopped ? stopped : now_ns();
			if (error_is_enough(site) && now_ns() - stopped > 150000000)
				return LOST;
		}
		if (now_ns() - start > patience_ns()) {
			if (has_harm(HARM_STALLS))
				return STALLED;
			explain(site, "own");
			if (other)
				explain(other, "other");
			wrong("signal %u neither comes nor is lost", index);
		}
		sleep_for(site, signal, long_sleep && !error_is_enough(site), start + patience_ns());
	}
}

/* ---- work ---- */

static float made_up(uint32_t pattern, uint32_t i)
{
	return (float)((pattern * 2654435761u + i * 40503u) >> 12 & 0xfffff);
}

static uint32_t new_pattern(const struct site *site)
{
	return (uint32_t)random_next(site->random) | 1;
}

static void fill(float *at, uint32_t pattern)
{
	for (uint32_t i = 0; i < SITE_ITEMS; i++)
		at[i] = made_up(pattern, i);
}

static void expect_sums(const float *result, const float *left, const float *right, const char *where)
{
	for (uint32_t i = 0; i < SITE_ITEMS; i++)
		if (memcmp(&result[i], &(float){left[i] + right[i]}, sizeof(*result)))
			wrong("%s: element %u is %f instead of %f, and all signals say that it is good",
			      where, i, (double)result[i], (double)(left[i] + right[i]));
	atomic_fetch_add(&world.shared->chains, 1);
}

/* Whether all signals are down; none of them may stay as it is. */
static bool all_done(struct site *site, uint32_t signals)
{
	enum outcome outcome = DONE, one;

	for (unsigned i = SIGNALS; i-- && outcome != STALLED;) {
		if (!(signals & 1u << i))
			continue;
		one = await(site, i, NULL);
		if (one != DONE)
			outcome = one;
	}
	return outcome == DONE;
}

static void send_chain(struct site *site, uint64_t left_va)
{
	const HsaEvent *event = random_below(site->random, 2) ? site->event : NULL;
	struct aql_signal *in = signal_of(site, COPIED_IN), *computed = signal_of(site, COMPUTED);
	struct aql_signal *out = signal_of(site, COPIED_OUT);
	struct aql_packet packet;
	uint32_t w[96], n;

	arm(in, 1, NULL);
	arm(computed, 1, NULL);
	arm(out, 1, event);
	n = sdma_copy(w, (const void *)(uintptr_t)left_va, site->vram + VRAM_LEFT, SITE_BYTES);
	n += signal_words(site, w + n, in);
	send_sdma(site, w, n);
	packet = aql_barrier(false, &in, 1, NULL);
	send_aql(site, &packet, random_below(site->random, 2));
	packet = kernel_packet(site, site->vram + VRAM_LEFT, floats_at(site, RIGHT_AT),
			       site->vram + VRAM_RESULT, computed);
	send_aql(site, &packet, true);
	n = sdma_poll_signal(w, &computed->value);
	n += sdma_copy(w + n, site->vram + VRAM_RESULT, floats_at(site, RESULT_AT), SITE_BYTES);
	n += signal_words(site, w + n, out);
	send_sdma(site, w, n);
}

bool site_chain(struct site *site, const float *from, uint64_t va)
{
	float *left = floats_at(site, LEFT_AT), *right = floats_at(site, RIGHT_AT);
	uint32_t pattern = new_pattern(site), signals = 1u << COPIED_IN | 1u << COMPUTED | 1u << COPIED_OUT;
	bool keep = random_below(site->random, 2);
	uint32_t w[64], n;

	step("copies and computes on adapter", site->adapter);
	if (!from) {
		fill(left, new_pattern(site));
		from = left;
		va = (uintptr_t)left;
	}
	fill(right, pattern);
	memset(floats_at(site, RESULT_AT), 0xee, SITE_BYTES);
	send_chain(site, va);
	if (keep) {
		/* behind the rest, so that nothing is known of it before */
		site->has_kept = false;
		arm(signal_of(site, COPIED_KEPT), 1, NULL);
		n = sdma_copy(w, right, site->vram + VRAM_KEPT, SITE_BYTES);
		n += signal_words(site, w + n, signal_of(site, COPIED_KEPT));
		send_sdma(site, w, n);
		signals |= 1u << COPIED_KEPT;
	}
	if (!all_done(site, signals))
		return false;
	expect_sums(floats_at(site, RESULT_AT), from, right, "copied, added, copied");
	if (keep) {
		site->has_kept = true;
		site->kept = pattern;
	}
	return true;
}

bool site_recall(struct site *site)
{
	float *back = floats_at(site, RESULT_AT);
	uint32_t w[64], n;

	if (!site->has_kept)
		return true;
	step("recalls from adapter", site->adapter);
	memset(back, 0xdd, SITE_BYTES);
	arm(signal_of(site, COPIED_OUT), 1, site->event);
	n = sdma_copy(w, site->vram + VRAM_KEPT, back, SITE_BYTES);
	n += signal_words(site, w + n, signal_of(site, COPIED_OUT));
	send_sdma(site, w, n);
	if (!all_done(site, 1u << COPIED_OUT))
		return false;
	for (uint32_t i = 0; i < SITE_ITEMS; i++)
		if (back[i] < made_up(site->kept, i) || back[i] > made_up(site->kept, i))
			wrong("what was left in VRAM is %f instead of %f at %u, and nobody said that it is "
			      "lost",
			      (double)back[i], (double)made_up(site->kept, i), i);
	return true;
}

bool site_kernel(struct site *site)
{
	float *left = floats_at(site, LEFT_AT), *right = floats_at(site, RIGHT_AT);
	float *result = floats_at(site, RESULT_AT);
	struct aql_packet packet;

	step("computes on adapter", site->adapter);
	fill(left, new_pattern(site));
	fill(right, new_pattern(site));
	memset(result, 0xcc, SITE_BYTES);
	arm(signal_of(site, COMPUTED), 1, site->event);
	packet = kernel_packet(site, left, right, result, signal_of(site, COMPUTED));
	send_aql(site, &packet, true);
	if (!all_done(site, 1u << COMPUTED))
		return false;
	expect_sums(result, left, right, "added");
	return true;
}

bool site_pair(struct site *first, struct site *second)
{
	struct aql_signal *before = signal_of(first, COMPUTED);
	float *left = floats_at(first, LEFT_AT), *right = floats_at(first, RIGHT_AT);
	float *sum = floats_at(first, RESULT_AT), *other = floats_at(second, RIGHT_AT);
	struct aql_packet packet;
	enum outcome one, two;

	if (!(first->reach & bit(second)))
		return true;
	step("computes on both, first on adapter", first->adapter);
	fill(left, new_pattern(first));
	fill(right, new_pattern(first));
	fill(other, new_pattern(second));
	memset(sum, 0xbb, SITE_BYTES);
	memset(floats_at(second, RESULT_AT), 0xaa, SITE_BYTES);
	arm(before, 1, NULL);
	arm(signal_of(second, COMPUTED), 1, second->event);
	/* who waits is sometimes there first */
	packet = aql_barrier(false, &before, 1, NULL);
	send_aql(second, &packet, random_below(first->random, 2));
	packet = kernel_packet(first, left, right, sum, before);
	send_aql(first, &packet, true);
	packet = kernel_packet(second, sum, other, floats_at(second, RESULT_AT), signal_of(second, COMPUTED));
	send_aql(second, &packet, true);
	one = await(first, COMPUTED, NULL);
	if (one == DONE) {
		two = await(second, COMPUTED, first);
		if (two != DONE)
			return false;
		expect_sums(sum, left, right, "added for another GPU");
		expect_sums(floats_at(second, RESULT_AT), sum, other, "added from another GPU");
		return true;
	}
	/* the other goes on when nobody waits for what does not come */
	if (one != DONE)
		aql_store(before, 0);
	await(second, COMPUTED, first);
	return false;
}

void site_launch(struct site *site)
{
	fill(floats_at(site, LEFT_AT), new_pattern(site));
	send_chain(site, (uintptr_t)floats_at(site, LEFT_AT));
}
