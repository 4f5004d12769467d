// SPDX-License-Identifier: MIT
/*
 * libFuzzer target: what is in the rings of queues, of AQL, PM4 and SDMA packets, on a simulated machine with three GPUs.
 *
 * An input is a program of one-byte operations that create queues, put packets into them, meddle with their indices and what
 * belongs to them, and ring.  At its end
 *  - a queue has told the error of the first packet that is bad, or has carried out all that are good (see struct verdict);
 *  - a queue beside them works, before and after they are destroyed;
 *  - what they had of the GPU is given back, and the simulator has nothing to complain of.
 *
 * A well-formed packet may have the GPU do what it is punished for, as writing to where nothing is.  That is its writer's fault, and
 * no queue can see it, so some inputs may do so and most not.  After one that may, the GPU may be lost: then the others work on, the
 * library closes without leaving anything, and opens again.
 */
#include <string.h>
#include <unistd.h>

#include "dxgsim/dxgsim.h"
#include "fuzz_rings.h"

#define MAX_OPERATIONS	 48u
#define PATIENCE_MS	 8000u
#define PATIENCE_HARM_MS 50u
#define FIRST_HARMFUL	 0xfcu /* first byte of an input: few, for they cost much time */
#define FIRST_CLOSING	 0xf8u
#define MASK_WORDS	 4u

/* amd_queue_t (ROCr amd_hsa_queue.h) */
#define WRITE_INDEX  56u
#define READ_INDEX   128u
#define TMPRING	     140u
#define SCRATCH_SIZE 152u
#define SCRATCH_BASE 160u
#define PROPERTIES   180u
#define INACTIVE     192u

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_aql(const struct ring *ring)
{
	return ring->type == HSA_QUEUE_COMPUTE_AQL;
}

static struct ring *take_ring(struct run *run)
{
	return &m.rings[take(run->input) % SLOTS];
}

/* ---- the life of a ring ---- */

static void open_ring(struct run *run)
{
	static const HSA_QUEUE_TYPE types[] = {HSA_QUEUE_COMPUTE_AQL, HSA_QUEUE_COMPUTE_AQL,
					       HSA_QUEUE_COMPUTE, HSA_QUEUE_SDMA};
	static const uint64_t starts[] = {
		0, 0, 1, AQL_SLOTS - 1, UINT32_MAX - 1, INT64_MAX - 1, UINT64_MAX - 1};
	struct ring *ring = take_ring(run);
	uint32_t how = take(run->input);
	void *memory = ring->memory;
	char *amd_queue = ring->amd_queue;
	HSAKMT_STATUS status;

	if (ring->open)
		return;
	*ring = (struct ring){
		.memory = memory,
		.amd_queue = amd_queue,
		.type = types[how % 4],
		.by_store = how & 4,
	};
	memset(memory, 0, RING_WORDS * sizeof(uint32_t));
	memset(amd_queue, 0, 256);
	if (is_aql(ring)) {
		struct aql_packet *packets = memory;

		ring->first = ring->placed = starts[how / 8 % (sizeof(starts) / sizeof(starts[0]))];
		for (uint32_t i = 0; i < AQL_SLOTS; i++)
			packets[i].header = how & 0x80 ? 0 : 1;
		ring->resource.Queue_write_ptr_aql = (HSAuint64 *)(void *)(amd_queue + WRITE_INDEX);
		ring->resource.Queue_read_ptr_aql = (HSAuint64 *)(void *)(amd_queue + READ_INDEX);
		*ring->resource.Queue_write_ptr_aql = *ring->resource.Queue_read_ptr_aql = ring->first;
	}
	ring->resource.ErrorReason = &ring->error;
	status = hsaKmtCreateQueue(m.machine.gpus[run->gpu], ring->type, 100, HSA_QUEUE_PRIORITY_NORMAL,
				   memory, RING_WORDS * sizeof(uint32_t), how & 0x40 ? m.events[0] : NULL,
				   &ring->resource);
	ring->open = status == HSAKMT_STATUS_SUCCESS;
	/* the GPU may be lost already */
	REQUIRE(ring->open || run->harm);
}

static void close_ring(struct ring *ring)
{
	if (ring->open)
		REQUIRE(hsaKmtDestroyQueue(ring->resource.QueueId) == HSAKMT_STATUS_SUCCESS);
	ring->open = false;
}

static uint64_t unit(const struct ring *ring)
{
	return ring->type == HSA_QUEUE_SDMA ? sizeof(uint32_t) : 1;
}

/* How many packets, or words, are not carried out, of those that a ring can hold. */
static uint64_t outstanding(const struct ring *ring)
{
	uint64_t index = __atomic_load_n(ring->resource.Queue_read_ptr_aql, __ATOMIC_ACQUIRE) / unit(ring);

	if (is_aql(ring))
		return ring->placed - index;
	return (ring->placed - index) % RING_WORDS;
}

static void publish(struct ring *ring, uint64_t index)
{
	__atomic_store_n(ring->resource.Queue_write_ptr_aql, index, __ATOMIC_RELEASE);
}

/* By storing, one that was there before would be no news to who looks now and then. */
static void ring_with(struct ring *ring, uint64_t value)
{
	if (ring->by_store)
		__atomic_store_n(ring->resource.Queue_DoorBell_aql, ++ring->stores << 32 | (uint32_t)value,
				 __ATOMIC_RELEASE);
	else
		REQUIRE(hsaKmtQueueRingDoorbell(ring->resource.QueueId, value) == HSAKMT_STATUS_SUCCESS);
}

static void ring_all(struct ring *ring)
{
	publish(ring, ring->placed * unit(ring));
	ring_with(ring, is_aql(ring) ? ring->placed - 1 : ring->placed * unit(ring));
}

/* ---- what is put in, and what has to come of it ---- */

static void judge(struct ring *ring, const struct verdict *verdict, uint64_t length)
{
	struct verdict *sum = &ring->verdict;

	if (sum->never)
		return;
	sum->never = verdict->never || verdict->must;
	if (verdict->never)
		return;
	sum->may |= verdict->may | verdict->must;
	if (verdict->must) {
		if (!sum->waits)
			sum->must = verdict->must;
		return;
	}
	if (verdict->waits || verdict->may)
		sum->waits = true;
	ring->good += length;
}

static void put_aql(struct run *run, struct ring *ring)
{
	struct verdict verdict;
	struct aql_packet packet = take_aql(run, &verdict);
	struct aql_packet *slot = (struct aql_packet *)ring->memory + ring->placed % AQL_SLOTS;

	if (outstanding(ring) >= AQL_SLOTS)
		return;
	memcpy((char *)slot + 4, (const char *)&packet + 4, sizeof(*slot) - 4);
	__atomic_store_n((uint32_t *)(void *)slot, packet.header | (uint32_t)packet.setup << 16,
			 __ATOMIC_RELEASE);
	judge(ring, &verdict, 1);
	publish(ring, ++ring->placed);
}

/* Also in two pieces: its begin is rung before its end is there. */
static void put_words(struct run *run, struct ring *ring)
{
	uint32_t room = RING_WORDS - 1 - (uint32_t)outstanding(ring), words[64], count, piece;
	uint32_t *to = ring->memory;
	struct verdict verdict;

	room = room < 64 ? room : 64;
	count = ring->type == HSA_QUEUE_SDMA ? take_sdma(run, words, room, &verdict)
					     : take_pm4(run, words, room, &verdict);
	for (uint32_t i = 0; i < count; i++)
		to[(ring->placed + i) % RING_WORDS] = words[i];
	if (!count)
		return;
	judge(ring, &verdict, count);
	piece = take(run->input);
	if (piece >= 224) {
		ring->placed += piece % count;
		count -= piece % count;
		ring_all(ring);
	}
	ring->placed += count;
	publish(ring, ring->placed * unit(ring));
}

static void put(struct run *run)
{
	struct ring *ring = take_ring(run);

	if (!ring->open)
		return;
	if (is_aql(ring))
		put_aql(run, ring);
	else
		put_words(run, ring);
}

static bool comes(const struct ring *ring)
{
	if (ring->verdict.must)
		return __atomic_load_n(&ring->error, __ATOMIC_ACQUIRE);
	return outstanding(ring) <= ring->placed - ring->first - ring->good;
}

static void fail(const struct ring *ring, const char *what)
{
	const uint32_t *words = ring->memory;
	uint64_t first = (ring->first + ring->good) * (is_aql(ring) ? 16 : 1);

	fprintf(stderr, "a queue of type %d %s: error %#llx, %llu of %llu left, %llu to be carried out\n",
		(int)ring->type, what, (unsigned long long)ring->error, (unsigned long long)outstanding(ring),
		(unsigned long long)(ring->placed - ring->first), (unsigned long long)ring->good);
	fprintf(stderr, "it must tell %#x, may %#x; it is rung by %s; behind those there is\n",
		ring->verdict.must, ring->verdict.may, ring->by_store ? "store" : "call");
	for (uint32_t i = 0; i < 16; i++)
		fprintf(stderr, " %08x%s", words[(first + i) % RING_WORDS], i % 8 == 7 ? "\n" : "");
	print_findings();
	abort();
}

static void check_ring(struct ring *ring)
{
	uint64_t until = aql_now_ns() + PATIENCE_MS * 1000000ull;
	uint32_t slot = (uint32_t)(ring - m.rings);
	HSAint64 error;

	ring_all(ring);
	if (ring->doubtful)
		return;
	while ((ring->verdict.must || !ring->verdict.waits) && !comes(ring)) {
		if (aql_now_ns() > until)
			fail(ring, "does nothing");
		if (!ring->verdict.must && __atomic_load_n(&ring->error, __ATOMIC_ACQUIRE))
			fail(ring, "tells an error");
		usleep(20);
	}
	error = __atomic_load_n(&ring->error, __ATOMIC_ACQUIRE);
	if (error & ~(HSAint64)ring->verdict.may || error & (error - 1))
		fail(ring, "tells another error");
	/* others may be at it while the signal is put there */
	if (ring->inactive && !ring->by_store && !ring->verdict.waits)
		REQUIRE(aql_wait(&m.signals[FREE_SIGNALS + slot], error, PATIENCE_MS));
}

/* ---- what belongs to it ---- */

static void set_index(struct run *run)
{
	struct ring *ring = take_ring(run);
	uint32_t choice = take(run->input);
	uint64_t index = ring->placed;

	if (!ring->open)
		return;
	switch (choice % 4) {
	case 0:
		index -= 1 + choice / 4;
		break;
	case 1:
		index += RING_WORDS + 1 + choice / 4;
		break;
	case 2:
		index += INT64_MAX;
		break;
	default:
		index = take_bytes(run->input, 8);
	}
	index *= unit(ring);
	if (choice % 4 == 3 && !run->harm && !is_aql(ring) &&
	    index - ring->placed * unit(ring) <= RING_WORDS * 4u)
		return; /* old words, from anywhere in a packet on */
	/* AQL: a slot is published by its header.  Others: nobody who is behind or a ring ahead */
	if (!is_aql(ring)) {
		ring->verdict.may |= ERROR_PACKET;
		ring->verdict.waits = true;
		ring->verdict.must = 0;
	}
	publish(ring, index);
	ring_with(ring, index);
}

static void set_signal(struct run *run)
{
	struct aql_signal *signal = &m.signals[take(run->input) % FREE_SIGNALS];
	uint32_t choice = take(run->input);

	if (choice < 192)
		aql_store(signal, choice % 4);
	else if (choice < 208)
		aql_store(signal, (int64_t)take_bytes(run->input, 8));
	else if (choice < 240)
		signal->event_id = take_event_id(run);
	signal->mailbox = choice & 1 ? m.events[choice % EVENTS]->EventData.HWData2 : choice / 64 * 12345u;
}

static void put32(struct ring *ring, uint32_t at, uint32_t value)
{
	memcpy(ring->amd_queue + at, &value, sizeof(value));
}

/* Scratch of the user's own: enough for the kernels there are; none; no wave; not aligned; anything. */
static void set_scratch(struct run *run, struct ring *ring, uint32_t choice)
{
	uint64_t base = (uint64_t)(uintptr_t)m.local[run->gpu];
	uint32_t waves = choice & 1, wave_bytes = 0x2000 / (m.gfx[run->gpu] >= 11 ? 256u : 1024u);
	uint32_t size = PRIVATE_BYTES;

	if (choice & 2)
		base = choice & 4 ? 0 : base + 16;
	if (run->harm && choice & 8) {
		wave_bytes = (uint32_t)take_bytes(run->input, 2);
		waves = take(run->input);
		size = (uint32_t)take_bytes(run->input, 4);
	}
	put32(ring, TMPRING, waves | wave_bytes << 12);
	put32(ring, SCRATCH_SIZE, size);
	put32(ring, SCRATCH_BASE, (uint32_t)base);
	put32(ring, SCRATCH_BASE + 4, (uint32_t)(base >> 32));
}

static void set_words(struct run *run)
{
	struct ring *ring = take_ring(run);
	uint32_t choice = take(run->input);
	struct aql_signal *own = &m.signals[FREE_SIGNALS + (ring - m.rings)];
	uint64_t inactive = (uint64_t)(uintptr_t)own;
	enum reach reach;

	if (!ring->open || !is_aql(ring))
		return;
	switch (choice % 4) {
	case 0:
		put32(ring, PROPERTIES, choice & 4 ? 1u << 3 : 0);
		break;
	case 1:
		set_scratch(run, ring, choice / 4);
		break;
	case 2:
		*own = (struct aql_signal){.kind = 1};
		own->event_id = choice & 4 ? m.events[0]->EventId : take_event_id(run);
		__atomic_store_n((uint64_t *)(void *)(ring->amd_queue + INACTIVE), inactive,
				 __ATOMIC_RELEASE);
		ring->inactive = !__atomic_load_n(&ring->error, __ATOMIC_ACQUIRE);
		break;
	default: /* it is nobody's, or not whole */
		inactive = choice & 4 ? inactive + choice / 8 : take_place(run, &reach);
		if (inactive == (uint64_t)(uintptr_t)own)
			inactive++;
		ring->inactive = false;
		__atomic_store_n((uint64_t *)(void *)(ring->amd_queue + INACTIVE), inactive,
				 __ATOMIC_RELEASE);
	}
}

static void update(struct run *run)
{
	struct ring *ring = take_ring(run);
	uint32_t choice = take(run->input);
	HSAuint32 mask[MASK_WORDS];
	enum reach reach;
	void *memory;

	if (!ring->open)
		return;
	switch (choice % 4) {
	case 0:
	case 1:
		for (uint32_t i = 0; i < MASK_WORDS; i++)
			mask[i] = (HSAuint32)take_bytes(run->input, 2);
		hsaKmtSetQueueCUMask(ring->resource.QueueId, 32 * (choice / 4 % (MASK_WORDS + 1)), mask);
		break;
	case 2:
		hsaKmtUpdateQueue(ring->resource.QueueId, choice & 4 ? 100 : 0,
				  (HSA_QUEUE_PRIORITY)((int)(choice / 8) % 7 - 3), ring->memory,
				  RING_WORDS * sizeof(uint32_t), NULL);
		ring->doubtful |= !(choice & 4);
		break;
	default:
		memory = (void *)(uintptr_t)take_place(run, &reach);
		hsaKmtUpdateQueue(ring->resource.QueueId, 100, HSA_QUEUE_PRIORITY_NORMAL, memory, 0, NULL);
		ring->doubtful = true;
	}
}

static void ring_one(struct run *run)
{
	struct ring *ring = take_ring(run);
	uint32_t choice = take(run->input);

	if (!ring->open)
		return;
	if (choice < 192)
		ring_all(ring);
	else
		ring_with(ring, take_bytes(run->input, 8));
}

static void close_one(struct run *run)
{
	struct ring *ring = take_ring(run);

	/* some with what they have, others when they must be done */
	if (ring->open && take(run->input) & 1 && !run->harm)
		check_ring(ring);
	close_ring(ring);
}

/* The more often one is in the list, the more often it is done. */
static void (*const operations[])(struct run *run) = {
	open_ring, open_ring,  put,	  put,	       put,	     put,	put,
	put,	   put,	       ring_one,  ring_one,    ring_one,     set_index, set_signal,
	set_words, set_signal, set_words, fill_buffer, spoil_kernel, update,	close_one,
};

/* ---- afterwards ---- */

static void require_works(uint32_t gpu, const char *when)
{
	if (bystander_works(gpu, PATIENCE_MS) && !dxgsim_misuse_count())
		return;
	fprintf(stderr, "a queue beside those of the input, %s: its signal is at %lld, its error %#llx\n",
		when, (long long)aql_value(&m.good[gpu]), (unsigned long long)*m.bystanders[gpu].error);
	print_findings();
	abort();
}

/* Whether what the queues had is given back, which is so when their work is over. */
static bool settled(unsigned patience_ms)
{
	uint64_t until = aql_now_ns() + patience_ms * 1000000ull;

	while (dxgsim_live_objects("context") != m.contexts) {
		if (aql_now_ns() > until)
			return false;
		usleep(50);
	}
	return true;
}

static void check_all(struct run *run)
{
	for (uint32_t i = 0; i < SLOTS; i++)
		if (m.rings[i].open)
			check_ring(&m.rings[i]);
	require_works(run->gpu, "before they are destroyed");
	for (uint32_t i = 0; i < SLOTS; i++)
		close_ring(&m.rings[i]);
	if (!settled(PATIENCE_MS)) {
		fprintf(stderr, "%zu contexts instead of %zu\n", dxgsim_live_objects("context"), m.contexts);
		print_findings();
		abort();
	}
	require_works(run->gpu, "after they are destroyed");
}

/* true: the machine is as good as before. */
static bool survive(struct run *run)
{
	uint32_t other = (run->gpu + 1) % GPUS;
	bool works;

	for (uint32_t i = 0; i < SLOTS; i++)
		if (m.rings[i].open)
			ring_all(&m.rings[i]);
	works = bystander_works(run->gpu, PATIENCE_HARM_MS);
	for (uint32_t i = 0; i < SLOTS; i++)
		close_ring(&m.rings[i]);
	REQUIRE(bystander_works(other, PATIENCE_MS));
	return works && settled(PATIENCE_HARM_MS) && bystander_works(run->gpu, PATIENCE_HARM_MS) &&
	       !dxgsim_misuse_count();
}

static void start_over(void)
{
	rings_machine_close();
	rings_machine_open();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	setenv("HSAKMT_DEBUG_LEVEL", "0", 0);
	setenv("DXGSIM_ADAPTER_PATH", ADAPTERS, 0);
	setenv("DXGSIM_REPORT", "/dev/null", 0);
	/* of a helper that gives up outside of a CMocka test */
	setenv("CMOCKA_TEST_ABORT", "1", 1);
	rings_machine_open();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	uint32_t begin = take(&input);
	struct run run = {
		.input = &input,
		.gpu = begin % GPUS,
		.harm = begin >= FIRST_HARMFUL,
	};

	memset(m.signals, 0, SIGNALS * sizeof(*m.signals));
	for (uint32_t i = 0; i < FREE_SIGNALS; i++) {
		m.signals[i].kind = 1;
		m.signals[i].value = i % 3;
	}
	for (uint32_t i = 0; i < BUFFERS; i++)
		m.buffers[i] = (struct words){.at = m.buffers[i].at};
	memset(m.data, 0, DATA_BYTES);
	for (uint32_t i = 0; i < MAX_OPERATIONS && input.size; i++)
		operations[take(&input) % (sizeof(operations) / sizeof(operations[0]))](&run);
	if (run.harm) {
		if (!survive(&run))
			start_over();
		return 0;
	}
	check_all(&run);
	/* without the memory and the queues that are kept for the next input */
	if (begin >= FIRST_CLOSING)
		start_over();
	return 0;
}
