// SPDX-License-Identifier: MIT
/*
 * What ROCr does with AQL queues on DXG: doorbells are rung by call.  Told that packets are translated for it, it has no events and
 * no scratch; else it sleeps on events and tells each queue of scratch in amd_queue_t.
 */
#include <string.h>
#include <time.h>

#include "rocr7.h"

#define SLOTS		  64u
#define RING_BYTES	  (SLOTS * 64)
#define PATIENCE_S	  20
#define KERNEL_AT	  0x100 /* in the code buffer */
#define SCRATCH_KERNEL_AT 0x180
#define CODE_AT		  0x200
#define COMMANDS_AT	  0x400
#define SIGNALS_AT	  0x1000 /* in the pool, behind amd_queue_t */
#define LANE_BYTES	  256u	 /* of scratch, in the kernel that has some */
#define WAVES		  8u	 /* with scratch at once, on each shader engine */

/* What an undefined register may hold. */
#define GARBAGE 0xa5a5a5a5deadbeefULL

#define INVALID_PACKET_FORMAT 0x20 /* queue_error_t, as ROCr's handler tests for it */

enum packet_type { VENDOR, INVALID, DISPATCH, BARRIER_AND, AGENT_DISPATCH, BARRIER_OR };

struct packet {
	uint16_t header;
	uint16_t setup;
	uint16_t group[3];
	uint16_t reserved0;
	uint32_t grid[3];
	uint32_t private_bytes;
	uint32_t group_bytes;
	uint64_t kernel;
	uint64_t kernarg;
	uint64_t reserved2;
	uint64_t done;
};

_Static_assert(sizeof(struct packet) == 64 && sizeof(struct signal) == 64, "as HSA has them");

/* An AQL queue. */
struct user {
	struct run *run;
	const struct workplace *place;
	HSA_QUEUEID id;
	uint64_t index;
	int64_t error;
};

/* ---- signals ---- */

struct signal *arm_signal(const struct workplace *place, unsigned index, bool slept_on)
{
	struct signal *signal = (struct signal *)(void *)(place->pool + SIGNALS_AT) + index;

	memset(signal, 0, sizeof(*signal));
	signal->kind = 1;
	if (slept_on && place->event) {
		signal->mailbox = place->event->EventData.HWData2;
		signal->event_id = place->event->EventId;
	}
	__atomic_store_n(&signal->value, 1, __ATOMIC_RELEASE);
	return signal;
}

static void nap(void)
{
	nanosleep(&(const struct timespec){.tv_nsec = 100000}, NULL);
}

void await_signal(struct run *run, const char *step, const struct workplace *place,
		  const struct signal *signal)
{
	time_t begin = time(NULL);

	while (__atomic_load_n(&signal->value, __ATOMIC_ACQUIRE) && time(NULL) - begin < PATIENCE_S) {
		if (signal->mailbox)
			run->thunk.hsaKmtWaitOnEvent_Ext(place->event, PATIENCE_S * 1000, NULL);
		else
			nap();
	}
	judge(run, step, __atomic_load_n(&signal->value, __ATOMIC_ACQUIRE) == 0);
}

void ring_bell(struct run *run, HSA_QUEUEID id, HSAuint64 value)
{
	SUCCEEDS(run, run->thunk.hsaKmtQueueRingDoorbell(
			      id, run->generation->doorbell_without_value ? GARBAGE : value));
}

/* ---- kernels ---- */

/* A kernel that ends at once (LLVM AMDGPU usage, "Kernel Descriptor"). */
static void write_descriptor(const struct user *user, uint32_t at, uint32_t scratch)
{
	bool buffer = scratch && user->place->gfx_major < 11; /* told of its scratch in registers */
	const int64_t entry = (int64_t)CODE_AT - at;
	const uint32_t rsrc1 = 0xc0000u | (user->place->gfx_major >= 10 ? 1u << 30 : 0);
	const uint32_t rsrc2 = (buffer ? 8u : 2u) << 1 | 1u << 7 | (scratch ? 1u : 0);
	const uint16_t properties = (uint16_t)(1u << 3 | (user->place->gfx_major >= 10 ? 1u << 10 : 0) |
					       (buffer ? 1u << 0 | 1u << 5 : 0));
	char *descriptor = user->place->code + at;

	memset(descriptor, 0, 64);
	memcpy(descriptor + 4, &scratch, sizeof(scratch));
	memcpy(descriptor + 16, &entry, sizeof(entry));
	memcpy(descriptor + 48, &rsrc1, sizeof(rsrc1));
	memcpy(descriptor + 52, &rsrc2, sizeof(rsrc2));
	memcpy(descriptor + 56, &properties, sizeof(properties));
}

static void write_kernels(const struct user *user)
{
	const uint32_t end = user->place->gfx_major >= 11 ? 0xbfb00000u : 0xbf810000u;

	write_descriptor(user, KERNEL_AT, 0);
	write_descriptor(user, SCRATCH_KERNEL_AT, LANE_BYTES);
	memcpy(user->place->code + CODE_AT, &end, sizeof(end));
}

/* ROCr InitScratchSRD and FillComputeTmpRingSize: what matters of them to who reads amd_queue_t. */
static void tell_of_scratch(const struct user *user)
{
	const uint32_t wave_bytes = LANE_BYTES * 64, lane = LANE_BYTES;
	const uint64_t base = (uintptr_t)user->place->scratch,
		       bytes = (uint64_t)WAVES * user->place->engines * wave_bytes;
	const uint32_t resource[4] = {(uint32_t)base, (uint32_t)(base >> 32) | 1u << 31, (uint32_t)bytes, 0};
	uint32_t ring = WAVES * user->place->engines | (wave_bytes / 1024) << 12;
	char *words = user->place->pool;

	if (user->place->event) {
		if (user->place->gfx_major >= 11)
			ring = WAVES | (wave_bytes / 256) << 12;
		memcpy(words + 140, &ring, sizeof(ring));
		memcpy(words + 144, resource, sizeof(resource));
		memcpy(words + 160, &base, sizeof(base));
		memcpy(words + 168, &bytes, sizeof(bytes));
		memcpy(words + 176, &lane, sizeof(lane));
	}
	EXPECT(user->run, bytes <= user->place->scratch_bytes);
}

/* ---- packets ---- */

static uint16_t header(enum packet_type type)
{
	return (uint16_t)((unsigned)type | 1u << 8 | 2u << 9 | 2u << 11);
}

static uint64_t *word_at(const struct user *user, uint32_t offset)
{
	return (uint64_t *)(void *)(user->place->pool + offset);
}

/* The header comes last, when the packet is whole. */
static void put(struct user *user, const struct packet *packet)
{
	char *slot = user->place->ring + user->index++ % SLOTS * sizeof(*packet);

	memcpy(slot + 4, (const char *)packet + 4, sizeof(*packet) - 4);
	__atomic_store_n(word_at(user, 0x38), user->index, __ATOMIC_RELEASE);
	__atomic_store_n((uint32_t *)(void *)slot, packet->header | (uint32_t)packet->setup << 16,
			 __ATOMIC_RELEASE);
}

static void send(struct user *user, const struct packet *packet)
{
	put(user, packet);
	ring_bell(user->run, user->id, user->index - 1);
}

static void send_and_wait(struct user *user, const char *step, struct packet *packet)
{
	struct signal *done = arm_signal(user->place, 1, true);

	packet->done = (uintptr_t)done;
	send(user, packet);
	await_signal(user->run, step, user->place, done);
}

static struct packet dispatch_of(const struct user *user, uint32_t kernel)
{
	return (struct packet){
		.header = header(DISPATCH),
		.setup = 1,
		.group = {64, 1, 1},
		.grid = {100, 1, 1},
		.private_bytes = kernel == SCRATCH_KERNEL_AT ? LANE_BYTES : 0,
		.kernel = (uintptr_t)(user->place->code + kernel),
	};
}

static struct packet barrier_of(enum packet_type type, const struct signal *first,
				const struct signal *second)
{
	const uint64_t awaited[2] = {(uintptr_t)first, (uintptr_t)second};
	struct packet packet = {.header = header(type)};

	memcpy((char *)&packet + 8, awaited, sizeof(awaited));
	return packet;
}

/* The read index may come behind the last packet's signal: it tells of free slots, not of work that is done. */
static void expect_taken(const struct user *user)
{
	time_t begin = time(NULL);

	while (__atomic_load_n(word_at(user, 0x80), __ATOMIC_ACQUIRE) != user->index &&
	       time(NULL) - begin < PATIENCE_S)
		nap();
	judge(user->run, "the read index follows",
	      __atomic_load_n(word_at(user, 0x80), __ATOMIC_ACQUIRE) == user->index);
}

/* A ring full of dispatches behind a barrier on a signal of the CPU, and around. */
static void send_packets(struct user *user)
{
	struct packet dispatch = dispatch_of(user, KERNEL_AT), barrier;
	struct signal *start = arm_signal(user->place, 0, false), *done = arm_signal(user->place, 1, true);

	barrier = barrier_of(BARRIER_AND, start, NULL);
	put(user, &barrier);
	while (user->index < SLOTS - 1)
		put(user, &dispatch);
	dispatch.done = (uintptr_t)done;
	send(user, &dispatch);
	judge(user->run, "a barrier holds back", done->value == 1);
	__atomic_store_n(&start->value, 0, __ATOMIC_RELEASE);
	await_signal(user->run, "dispatches behind a barrier", user->place, done);
	expect_taken(user);
	send_and_wait(user, "a dispatch in a used ring", &dispatch);
}

static void send_barrier_or(struct user *user)
{
	struct signal *first = arm_signal(user->place, 0, false), *second = arm_signal(user->place, 2, false);
	struct signal *done = arm_signal(user->place, 1, true);
	struct packet barrier = barrier_of(BARRIER_OR, first, second);

	barrier.done = (uintptr_t)done;
	send(user, &barrier);
	judge(user->run, "a barrier on any of two holds back", done->value == 1);
	__atomic_store_n(&second->value, 0, __ATOMIC_RELEASE);
	await_signal(user->run, "a barrier on any of two", user->place, done);
}

/* ROCr InvalidateCodeCaches, after code was loaded: amd_aql_pm4_ib_packet_t with a jump to an ACQUIRE_MEM. */
static void invalidate_code(struct user *user)
{
	const uint32_t acquire[8] = {
		3u << 30 | 6u << 16 | 0x58u << 8,  0, UINT32_MAX, 0xff, 0, 0, 10,
		1u | 1u << 7 | 1u << 8 | 1u << 14, /* instructions, scalars, vectors, L2 */
	};
	const uint64_t commands = (uintptr_t)(user->place->code + COMMANDS_AT);
	const uint32_t jump[5] = {3u << 30 | 2u << 16 | 0x3fu << 8, (uint32_t)commands,
				  (uint32_t)(commands >> 32), 8u | 1u << 23, 10};
	struct packet packet = {.header = header(VENDOR), .setup = 1};

	memcpy(user->place->code + COMMANDS_AT, acquire, sizeof(acquire));
	memcpy((char *)&packet + 4, jump, sizeof(jump));
	send_and_wait(user, "PM4 commands of the runtime", &packet);
}

static void send_scratch(struct user *user)
{
	struct packet packet = dispatch_of(user, SCRATCH_KERNEL_AT);

	for (unsigned i = 0; i < 3; i++)
		send_and_wait(user, "a dispatch with scratch", &packet);
}

/* hsa_amd_queue_cu_set_mask, hsa_amd_queue_set_priority, and a queue that is held up and goes on. */
static void change_queue(struct user *user)
{
	const struct thunk *thunk = &user->run->thunk;
	struct packet packet = dispatch_of(user, KERNEL_AT);
	struct signal *done;
	HSAuint32 mask[2] = {0xff, 0};

	SUCCEEDS(user->run, thunk->hsaKmtSetQueueCUMask(user->id, 64, mask));
	send_and_wait(user, "a dispatch on some units", &packet);
	SUCCEEDS(user->run, thunk->hsaKmtUpdateQueue(user->id, 100, HSA_QUEUE_PRIORITY_HIGH,
						     user->place->ring, RING_BYTES, NULL));
	send_and_wait(user, "a dispatch of high priority", &packet);
	SUCCEEDS(user->run, thunk->hsaKmtUpdateQueue(user->id, 0, HSA_QUEUE_PRIORITY_NORMAL, NULL, 0, NULL));
	done = arm_signal(user->place, 1, true);
	send(user, &packet);
	nap();
	judge(user->run, "a queue that is held up", done->value == 1);
	SUCCEEDS(user->run, thunk->hsaKmtUpdateQueue(user->id, 100, HSA_QUEUE_PRIORITY_NORMAL,
						     user->place->ring, RING_BYTES, NULL));
	await_signal(user->run, "a queue that goes on", user->place, done);
}

/* The last of a queue: it stops, and says why where ROCr's handler waits for it. */
static void send_nonsense(struct user *user)
{
	struct signal *inactive = arm_signal(user->place, 3, true);
	const uint64_t address = (uintptr_t)inactive;
	struct packet packet = {.header = header((enum packet_type)77)};
	time_t begin = time(NULL);

	__atomic_store_n(&inactive->value, 0, __ATOMIC_RELEASE);
	memcpy(user->place->pool + 192, &address, sizeof(address));
	send(user, &packet);
	while (!__atomic_load_n(&inactive->value, __ATOMIC_ACQUIRE) && time(NULL) - begin < PATIENCE_S) {
		if (inactive->mailbox)
			user->run->thunk.hsaKmtWaitOnEvent_Ext(user->place->event, 1000, NULL);
		else
			nap();
	}
	judge(user->run, "a queue tells of its error", inactive->value == INVALID_PACKET_FORMAT);
}

/* ---- queues ---- */

/* One queue by each form of the call. */
enum form { CREATE_QUEUE, CREATE_QUEUE_EXT, CREATE_QUEUE_V2 };

/* The runtime has it on its stack, as large as it was in its own headers. */
struct guarded {
	HsaQueueResource resource;
	char guard[32];
};

#define GUARD "these bytes are the runtime's"

static bool create(struct user *user, enum form form)
{
	const struct thunk *thunk = &user->run->thunk;
	char *words = user->place->pool, *ring = user->place->ring;
	/* the first as ROCr does it where the runtime is not debugged, without an event and a word for errors */
	HsaEvent *event = form == CREATE_QUEUE ? NULL : user->place->event;
	struct guarded guarded = {.guard = GUARD}, untouched = guarded;
	HsaQueueResource *resource = &guarded.resource;

	memset(words, 0, SIGNALS_AT);
	for (unsigned i = 0; i < SLOTS; i++)
		((struct packet *)(void *)ring)[i].header = INVALID;
	tell_of_scratch(user);
	resource->Queue_write_ptr_aql = word_at(user, 0x38);
	resource->Queue_read_ptr_aql = word_at(user, 0x80);
	if (form != CREATE_QUEUE)
		resource->ErrorReason = &user->error;
	user->index = 0;
	user->error = 0;
	switch (form) {
	case CREATE_QUEUE:
		SUCCEEDS(user->run, thunk->hsaKmtCreateQueue(user->place->gpu, HSA_QUEUE_COMPUTE_AQL, 100,
							     HSA_QUEUE_PRIORITY_NORMAL, ring, RING_BYTES,
							     event, resource));
		break;
	case CREATE_QUEUE_EXT:
		SUCCEEDS(user->run, thunk->hsaKmtCreateQueueExt(user->place->gpu, HSA_QUEUE_COMPUTE_AQL, 100,
								HSA_QUEUE_PRIORITY_NORMAL, 0, ring,
								RING_BYTES, event, resource));
		break;
	case CREATE_QUEUE_V2:
		SUCCEEDS(user->run, thunk->hsaKmtCreateQueueV2(user->place->gpu, HSA_QUEUE_COMPUTE_AQL, 100,
							       HSA_QUEUE_PRIORITY_NORMAL, 0, ring, RING_BYTES,
							       0, event, resource));
		break;
	}
	judge(user->run, "the bytes behind HsaQueueResource are as they were",
	      !memcmp(guarded.guard, untouched.guard, sizeof(untouched.guard)));
	user->id = resource->QueueId;
	/* what the runtime filled in is the runtime's */
	return EXPECT(user->run, resource->QueueId != 0 && resource->Queue_DoorBell_aql != NULL) &&
	       EXPECT(user->run, resource->Queue_write_ptr_aql == word_at(user, 0x38) &&
					 resource->Queue_read_ptr_aql == word_at(user, 0x80));
}

static void use_aql(struct user *user, enum form form)
{
	const struct thunk *thunk = &user->run->thunk;

	if (!create(user, form))
		return;
	invalidate_code(user);
	send_packets(user);
	send_barrier_or(user);
	send_scratch(user);
	change_queue(user);
	EXPECT(user->run, user->error == 0);
	send_nonsense(user);
	EXPECT(user->run, user->error == (form == CREATE_QUEUE ? 0 : INVALID_PACKET_FORMAT));
	SUCCEEDS(user->run, thunk->hsaKmtDestroyQueue(user->id));
	/* the number is nobody's now */
	ANSWERS(user->run, ERROR, thunk->hsaKmtQueueRingDoorbell(user->id, 1));
	ANSWERS(user->run, ERROR, thunk->hsaKmtDestroyQueue(user->id));
}

/* A doorbell of no queue is an error and nothing more, whatever the second register holds. */
static void ring_wrong_doorbells(struct run *run)
{
	const struct thunk *thunk = &run->thunk;
	HSAuint64 value = run->generation->doorbell_without_value ? GARBAGE : 1;

	ANSWERS(run, INVALID_PARAMETER, thunk->hsaKmtQueueRingDoorbell(0, value));
	ANSWERS(run, ERROR, thunk->hsaKmtQueueRingDoorbell(1, value));
	ANSWERS(run, ERROR, thunk->hsaKmtQueueRingDoorbell(GARBAGE, value));
}

void use_queues(struct run *run, const struct workplace *place)
{
	struct user user = {.run = run, .place = place};

	write_kernels(&user);
	ring_wrong_doorbells(run);
	use_aql(&user, CREATE_QUEUE);
	use_aql(&user, CREATE_QUEUE_EXT);
	if (run->generation->id >= ROCM_7_13)
		use_aql(&user, CREATE_QUEUE_V2);
	if (!run->failures)
		use_copies(run, place);
}
