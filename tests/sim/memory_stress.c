// SPDX-License-Identifier: MIT
/*
 * Eight threads allocate, map, remap, unmap, write, read, register, look up and free at random, and hold every answer
 * against a model.
 *
 * usage: memory_stress [--seconds N] [SEED]; the seed is printed, and decides what each thread does, not how they mix
 */
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>

#include "dxgsim/dxgsim.h"
#include "memory_model.h"

#define KIB 1024ULL
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#define THREADS	       8
#define ADAPTERS       "rx6800;radeon680m;rx7900xtx"
#define GPUS	       3
#define DEFAULT_S      60
#define SETTLE_S       20
#define SMALLEST_SHIFT 12	   /* sizes of 4 KiB ... */
#define LARGEST_SHIFT  26	   /* ... to 64 MiB */
#define HOST_BYTES     (160 * MIB) /* of a thread, at a time */
#define VRAM_BYTES     (1 * GIB)
#define SCRATCH_BYTES  (256 * MIB)
#define ARENA_BYTES    (64 * MIB)

struct thread {
	pthread_t thread;
	unsigned number;
	uint64_t random;
	uint64_t steps;
	const char *doing; /* the step */
	uint64_t host_bytes;
	uint64_t vram_bytes[MODEL_GPUS];
	struct model_object objects[MODEL_OBJECTS];
	unsigned char *freed[MODEL_FREED];
};

/* Set before the threads start, then read only; the rest atomic. */
static struct {
	HSAuint32 cpu;
	HSAuint32 gpus[MODEL_GPUS];
	uint64_t vram_share[MODEL_GPUS]; /* of a thread */
	unsigned char *arena;
	struct timespec end;
	struct model_slot slots[THREADS][MODEL_OBJECTS];
	atomic_bool stop;
	pthread_mutex_t failure_lock;
	char failure[512];
} shared = {.failure_lock = PTHREAD_MUTEX_INITIALIZER};

static const char *const kind_names[MODEL_KINDS] = {
	"nothing", "system memory", "VRAM", "scratch", "an address", "registered memory",
};

/* The first one is told; everybody stops. */
__attribute__((format(printf, 3, 4))) static void
fail(const struct thread *thread, const struct model_object *object, const char *what, ...)
{
	char text[256];
	va_list list;

	va_start(list, what);
	vsnprintf(text, sizeof(text), what, list);
	va_end(list);
	pthread_mutex_lock(&shared.failure_lock);
	if (!shared.failure[0])
		snprintf(shared.failure, sizeof(shared.failure),
			 "thread %u, step %llu (%s), %s at %p, %llu bytes, mapped 0x%x: %s", thread->number,
			 (unsigned long long)thread->steps, thread->doing, kind_names[object->kind],
			 (void *)object->start, (unsigned long long)object->size, object->mapped, text);
	pthread_mutex_unlock(&shared.failure_lock);
	atomic_store(&shared.stop, true);
}

#define EXPECT(object, call, expected) expect(thread, object, call, HSAKMT_STATUS_##expected, #call)

static bool expect(const struct thread *thread, const struct model_object *object, HSAKMT_STATUS status,
		   HSAKMT_STATUS expected, const char *call)
{
	if (status != expected)
		fail(thread, object, "%s: status %d, not %d", call, (int)status, (int)expected);
	return status == expected;
}

static uint64_t below(struct thread *thread, uint64_t limit)
{
	return model_random(&thread->random) % limit;
}

static bool one_in(struct thread *thread, unsigned n)
{
	return !below(thread, n);
}

static struct model_slot *slot_of(const struct thread *thread, const struct model_object *object)
{
	return &shared.slots[thread->number][object - thread->objects];
}

/* A list of the nodes in `set`, in some order, one perhaps twice. */
static unsigned list_nodes(struct thread *thread, unsigned set, HSAuint32 *nodes)
{
	unsigned count = 0;

	for (unsigned gpu = 0; gpu < GPUS; gpu++)
		if (set >> gpu & 1)
			nodes[count++] = shared.gpus[gpu];
	for (unsigned i = count; i > 1; i--) {
		unsigned k = (unsigned)below(thread, i);
		HSAuint32 swap = nodes[i - 1];

		nodes[i - 1] = nodes[k];
		nodes[k] = swap;
	}
	if (one_in(thread, 4)) {
		nodes[count] = nodes[0];
		count++;
	}
	return count;
}

static unsigned set_of_nodes(const HSAuint32 *nodes, HSAuint32 count)
{
	unsigned set = 0;

	for (HSAuint32 i = 0; i < count; i++)
		for (unsigned gpu = 0; gpu < GPUS; gpu++)
			if (nodes[i] == shared.gpus[gpu])
				set |= 1U << gpu;
	return set;
}

static unsigned some_gpus(struct thread *thread, unsigned allowed)
{
	unsigned set = (unsigned)model_random(&thread->random) & allowed;

	return set ? set : allowed;
}

/* Whatever was found, it is something, and the pointer leads into it. */
static bool check_well_formed(const struct thread *thread, const struct model_object *object,
			      const unsigned char *pointer, HSAKMT_STATUS status, const HsaPointerInfo *info)
{
	const unsigned char *start = info->CPUAddress;

	if (status != HSAKMT_STATUS_SUCCESS) {
		if (status == HSAKMT_STATUS_ERROR && info->Type == HSA_POINTER_UNKNOWN)
			return true;
		fail(thread, object, "look-up of %p: status %d, type %d", (const void *)pointer, (int)status,
		     (int)info->Type);
		return false;
	}
	if (info->Type == HSA_POINTER_UNKNOWN || pointer < start ||
	    (uint64_t)(pointer - start) >= info->SizeInBytes || info->NMappedNodes > GPUS ||
	    info->NRegisteredNodes > GPUS) {
		fail(thread, object, "look-up of %p: type %d, %p, %llu bytes", (const void *)pointer,
		     (int)info->Type, info->CPUAddress, (unsigned long long)info->SizeInBytes);
		return false;
	}
	if ((unsigned)__builtin_popcount(set_of_nodes(info->MappedNodes, info->NMappedNodes)) !=
	    info->NMappedNodes) {
		fail(thread, object, "look-up of %p: nodes that there are not", (const void *)pointer);
		return false;
	}
	return true;
}

static unsigned char *somewhere_in(struct thread *thread, unsigned char *start, uint64_t size)
{
	return start + (one_in(thread, 3) ? 0 : below(thread, size));
}

static bool look_at_own(struct thread *thread, const struct model_object *object)
{
	unsigned char *pointer = somewhere_in(thread, object->start, object->size);
	HsaPointerInfo info;
	HSAKMT_STATUS status = hsaKmtQueryPointerInfo(pointer, &info);

	if (!expect(thread, object, status, HSAKMT_STATUS_SUCCESS, "look-up") ||
	    !check_well_formed(thread, object, pointer, status, &info))
		return false;
	if (info.Type != model_pointer_type(object->kind)) {
		fail(thread, object, "type %d", (int)info.Type);
		return false;
	}
	if (info.CPUAddress != object->start || info.SizeInBytes != object->size) {
		/* registrations overlap, and any that contains the pointer will do */
		if (object->kind == MODEL_USER)
			return true;
		fail(thread, object, "it is %p, %llu bytes", info.CPUAddress,
		     (unsigned long long)info.SizeInBytes);
		return false;
	}
	if (object->kind != MODEL_SCRATCH &&
	    set_of_nodes(info.MappedNodes, info.NMappedNodes) != object->mapped) {
		fail(thread, object, "it is mapped on 0x%x",
		     set_of_nodes(info.MappedNodes, info.NMappedNodes));
		return false;
	}
	if (info.UserData != object->user_data) {
		fail(thread, object, "its user data is %p, not %p", info.UserData, object->user_data);
		return false;
	}
	return true;
}

static bool look_at(struct thread *thread, struct model_object *object)
{
	return look_at_own(thread, object);
}

static bool look_at_foreign(struct thread *thread)
{
	struct model_slot *slot = &shared.slots[below(thread, THREADS)][below(thread, MODEL_OBJECTS)];
	struct model_view view;
	struct model_object object;
	unsigned char *pointer;
	HsaPointerInfo info;
	HSAKMT_STATUS status;

	if (!model_look(slot, &view))
		return true;
	object = (struct model_object){.kind = view.kind, .start = view.start, .size = view.size};
	pointer = somewhere_in(thread, view.start, view.size);
	status = hsaKmtQueryPointerInfo(pointer, &info);
	if (!check_well_formed(thread, &object, pointer, status, &info))
		return false;
	if (!model_unchanged(slot, &view))
		return true;
	/* it was there all the time */
	if (status != HSAKMT_STATUS_SUCCESS || info.Type != model_pointer_type(view.kind)) {
		fail(thread, &object, "of another thread: status %d, type %d", (int)status, (int)info.Type);
		return false;
	}
	if (view.kind != MODEL_USER && (info.CPUAddress != view.start || info.SizeInBytes != view.size)) {
		fail(thread, &object, "of another thread: it is %p, %llu bytes", info.CPUAddress,
		     (unsigned long long)info.SizeInBytes);
		return false;
	}
	return true;
}

/* Perhaps it is something else's by now. */
static bool look_at_freed(struct thread *thread)
{
	unsigned char *pointer = thread->freed[below(thread, MODEL_FREED)];
	struct model_object object = {.start = pointer};
	HsaPointerInfo info;
	HSAKMT_STATUS status = hsaKmtQueryPointerInfo(pointer, &info);

	return check_well_formed(thread, &object, pointer, status, &info);
}

static uint64_t random_size(struct thread *thread)
{
	unsigned shift = SMALLEST_SHIFT + (unsigned)below(thread, LARGEST_SHIFT - SMALLEST_SHIFT + 1);
	uint64_t size = 1ULL << shift;

	if (one_in(thread, 2) && shift < LARGEST_SHIFT)
		size += below(thread, size / MODEL_PAGE + 1) * MODEL_PAGE;
	return size;
}

/* The kind and size of a new object, and the flags it is asked for with; false: the thread has enough of it. */
static bool choose(struct thread *thread, struct model_object *object, HsaMemFlags *flags)
{
	static const HSAuint32 host_flags[] = {0x20040, 0x21040, 0x2040, 0x40, 0x25040};
	static const HSAuint32 vram_flags[] = {0x2081, 0x3081};
	unsigned dice = (unsigned)below(thread, 20);

	*object = (struct model_object){.size = random_size(thread), .gpu = (unsigned)below(thread, GPUS)};
	if (dice < 11) {
		object->kind = MODEL_HOST;
		flags->Value = host_flags[below(thread, 5)];
		return thread->host_bytes + object->size <= HOST_BYTES;
	}
	if (dice < 18) {
		object->kind = MODEL_VRAM;
		flags->Value = vram_flags[below(thread, 2)];
		return thread->vram_bytes[object->gpu] + object->size <= shared.vram_share[object->gpu];
	}
	object->kind = dice < 19 ? MODEL_SCRATCH : MODEL_ADDRESS;
	object->size = object->kind == MODEL_SCRATCH ? SCRATCH_BYTES : object->size;
	flags->Value = object->kind == MODEL_SCRATCH ? 0x240 : 0x80000;
	return true;
}

static void count_bytes(struct thread *thread, const struct model_object *object, bool more)
{
	uint64_t size = more ? object->size : -object->size;

	if (object->kind == MODEL_HOST)
		thread->host_bytes += size;
	if (object->kind == MODEL_VRAM)
		thread->vram_bytes[object->gpu] += size;
}

static bool allocate(struct thread *thread, struct model_object *object)
{
	struct model_object made;
	uint64_t alignment = 0;
	HsaMemFlags flags;
	HSAKMT_STATUS status;
	HSAuint32 node;
	void *address;

	if (!choose(thread, &made, &flags))
		return true;
	node = made.kind == MODEL_HOST ? shared.cpu : shared.gpus[made.gpu];
	if (made.kind != MODEL_SCRATCH && one_in(thread, 4))
		alignment = MODEL_PAGE << below(thread, 11);
	status = alignment ? hsaKmtAllocMemoryAlign(node, made.size, alignment, flags, &address)
			   : hsaKmtAllocMemory(node, made.size, flags, &address);
	if (!expect(thread, &made, status, HSAKMT_STATUS_SUCCESS, "allocate"))
		return false;
	made.start = address;
	if (!address || (uintptr_t)address % (alignment ? alignment : MODEL_PAGE)) {
		fail(thread, &made, "not aligned to %llu", (unsigned long long)alignment);
		return false;
	}
	if (made.kind == MODEL_HOST) {
		if (!model_is_zero(&made)) {
			fail(thread, &made, "not zero");
			return false;
		}
		made.pattern = model_random(&thread->random);
		model_fill(&made);
	}
	*object = made;
	count_bytes(thread, object, true);
	model_publish(slot_of(thread, object), object);
	return true;
}

static bool release(struct thread *thread, struct model_object *object)
{
	thread->freed[below(thread, MODEL_FREED)] = object->start;
	model_withdraw(slot_of(thread, object));
	if (object->kind == MODEL_HOST && !model_is_filled(object)) {
		fail(thread, object, "its contents were lost");
		return false;
	}
	if (!EXPECT(object, hsaKmtFreeMemory(object->start, object->size), SUCCESS))
		return false;
	count_bytes(thread, object, false);
	object->kind = MODEL_NOTHING;
	return true;
}

static bool map_part(struct thread *thread, struct model_object *object)
{
	unsigned quarter = (unsigned)below(thread, 4);
	uint64_t size = MODEL_PAGE * (1 + below(thread, MIB / MODEL_PAGE));
	unsigned char *start = object->start + quarter * (object->size / 4);
	HSAuint64 va;

	if (object->mapped >> quarter & 1) {
		object->mapped &= ~(1U << quarter);
		return EXPECT(object, hsaKmtUnmapMemoryToGPU(start), SUCCESS);
	}
	object->mapped |= 1U << quarter;
	return EXPECT(object, hsaKmtMapMemoryToGPU(start, size, &va), SUCCESS);
}

/* On the GPUs in `set`, or with 0 on all that can. */
static HSAKMT_STATUS map_to(struct thread *thread, const struct model_object *object, unsigned set)
{
	HsaMemMapFlags flags = {.Value = 0};
	HSAuint32 nodes[MODEL_GPUS + 1];
	HSAuint64 va = 0;
	unsigned count;

	if (!set)
		return hsaKmtMapMemoryToGPU(object->start, object->size, &va);
	count = list_nodes(thread, set, nodes);
	return hsaKmtMapMemoryToGPUNodes(object->start, object->size, one_in(thread, 8) ? NULL : &va, flags,
					 count, nodes);
}

static bool map_user(struct thread *thread, struct model_object *object)
{
	unsigned every = (1U << GPUS) - 1, set = one_in(thread, 2) ? 0 : some_gpus(thread, every);
	bool refused = set & ~object->allowed;
	HSAKMT_STATUS status = map_to(thread, object, set);

	if (refused) {
		if (status != HSAKMT_STATUS_SUCCESS)
			return look_at_own(thread, object);
		fail(thread, object, "mapped on 0x%x, registered to 0x%x", set, object->allowed);
		return false;
	}
	if (!expect(thread, object, status, HSAKMT_STATUS_SUCCESS, "map"))
		return false;
	object->mapped |= set ? set : object->allowed;
	object->maps++;
	return look_at_own(thread, object);
}

static bool map(struct thread *thread, struct model_object *object)
{
	unsigned every = (1U << GPUS) - 1, set = 0;

	switch (object->kind) {
	case MODEL_USER:
		return map_user(thread, object);
	case MODEL_SCRATCH:
		return map_part(thread, object);
	case MODEL_ADDRESS:
		return expect(thread, object, map_to(thread, object, 0), HSAKMT_STATUS_INVALID_PARAMETER,
			      "map of an address");
	case MODEL_VRAM:
		every = 1U << object->gpu;
		break;
	default:
		break;
	}
	if (!one_in(thread, 3) || object->kind == MODEL_VRAM)
		set = some_gpus(thread, every);
	if (!expect(thread, object, map_to(thread, object, set), HSAKMT_STATUS_SUCCESS, "map"))
		return false;
	object->mapped = set ? set : every;
	return look_at_own(thread, object);
}

static bool unmap(struct thread *thread, struct model_object *object)
{
	if (object->kind == MODEL_SCRATCH)
		return true;
	if (!EXPECT(object, hsaKmtUnmapMemoryToGPU(object->start), SUCCESS))
		return false;
	if (object->kind == MODEL_USER && object->maps > 1) {
		object->maps--;
		return look_at_own(thread, object);
	}
	object->maps = 0;
	object->mapped = 0;
	return look_at_own(thread, object);
}

static HSAKMT_STATUS do_register(struct thread *thread, const struct model_object *object)
{
	HsaMemFlags flags = {.Value = 0x2040}; /* HostAccess | CoarseGrain */
	HSAuint32 nodes[MODEL_GPUS + 1];
	unsigned count;

	if (object->to_nodes) {
		count = list_nodes(thread, object->allowed, nodes);
		return hsaKmtRegisterMemoryToNodes(object->start, object->size, count, nodes);
	}
	if (one_in(thread, 2))
		return hsaKmtRegisterMemory(object->start, object->size);
	return hsaKmtRegisterMemoryWithFlags(object->start, object->size, flags);
}

/* Threads share the arena, and its pages, but no two start at the same byte. */
static bool register_some(struct thread *thread, struct model_object *object)
{
	uint64_t size = random_size(thread) / 8 + below(thread, MODEL_PAGE) + 1;
	uint64_t offset = below(thread, (ARENA_BYTES - size) / THREADS) * THREADS + thread->number;
	struct model_object made = {.kind = MODEL_USER, .start = shared.arena + offset, .size = size};

	for (unsigned i = 0; i < MODEL_OBJECTS; i++)
		if (thread->objects[i].kind == MODEL_USER && thread->objects[i].start == made.start)
			return true;
	made.to_nodes = one_in(thread, 3);
	made.allowed = (1U << GPUS) - 1;
	if (made.to_nodes)
		made.allowed = some_gpus(thread, made.allowed);
	made.times = 1;
	if (!expect(thread, &made, do_register(thread, &made), HSAKMT_STATUS_SUCCESS, "register"))
		return false;
	*object = made;
	model_publish(slot_of(thread, object), object);
	return true;
}

static bool register_again(struct thread *thread, struct model_object *object)
{
	object->times++;
	return expect(thread, object, do_register(thread, object), HSAKMT_STATUS_SUCCESS, "register again");
}

static bool deregister(struct thread *thread, struct model_object *object)
{
	bool last = object->times == 1;

	if (last)
		model_withdraw(slot_of(thread, object));
	if (!EXPECT(object, hsaKmtDeregisterMemory(object->start), SUCCESS))
		return false;
	if (!last) {
		object->times--;
		return look_at_own(thread, object);
	}
	object->kind = MODEL_NOTHING;
	/* nobody else starts there */
	return EXPECT(object, hsaKmtDeregisterMemory(object->start), MEMORY_NOT_REGISTERED);
}

static bool set_user_data(struct thread *thread, struct model_object *object)
{
	void *data = one_in(thread, 3) ? NULL : (void *)(uintptr_t)model_random(&thread->random);

	if (!EXPECT(object, hsaKmtSetMemoryUserData(somewhere_in(thread, object->start, object->size), data),
		    SUCCESS))
		return false;
	object->user_data = data;
	return look_at_own(thread, object);
}

static bool touch(struct thread *thread, struct model_object *object)
{
	if (object->kind != MODEL_HOST)
		return true; /* the CPU has no part in it */
	if (!model_is_filled(object)) {
		fail(thread, object, "its contents were lost");
		return false;
	}
	object->pattern = model_random(&thread->random);
	model_fill(object);
	return true;
}

/* What has to be refused changes nothing. */
static bool mischief(struct thread *thread, struct model_object *object)
{
	HSAuint64 va;

	switch (below(thread, 4)) {
	case 0:
		if (object->size <= MODEL_PAGE || object->kind == MODEL_USER)
			return true;
		return EXPECT(object, hsaKmtFreeMemory(object->start + MODEL_PAGE, 0),
			      MEMORY_NOT_REGISTERED) &&
		       look_at_own(thread, object);
	case 1:
		if (object->kind == MODEL_USER)
			return true;
		return EXPECT(object,
			      hsaKmtMapMemoryToGPU(object->start, object->size + MODEL_PAGE + MIB, &va),
			      INVALID_PARAMETER) &&
		       look_at_own(thread, object);
	case 2:
		if (object->kind == MODEL_USER)
			return true;
		return EXPECT(object, hsaKmtRegisterMemory(object->start, object->size), INVALID_HANDLE) &&
		       look_at_own(thread, object);
	default:
		if (object->kind == MODEL_USER)
			return EXPECT(object, hsaKmtFreeMemory(object->start, object->size),
				      MEMORY_NOT_REGISTERED) &&
			       look_at_own(thread, object);
		return EXPECT(object, hsaKmtDeregisterMemory(object->start), MEMORY_NOT_REGISTERED) &&
		       look_at_own(thread, object);
	}
}

static const struct action {
	const char *name;
	bool (*act)(struct thread *thread, struct model_object *object);
	unsigned weight[2]; /* of what was allocated, of what was registered */
} actions[] = {
	{"map", map, {30, 30}},
	{"unmap", unmap, {10, 10}},
	{"look up", look_at, {10, 10}},
	{"write and read", touch, {10, 0}},
	/* with registered memory it would be one of those that overlap */
	{"set user data", set_user_data, {6, 0}},
	{"mischief", mischief, {6, 6}},
	{"free", release, {28, 0}},
	{"register again", register_again, {0, 8}},
	{"deregister", deregister, {0, 20}},
};

static bool act_on(struct thread *thread, struct model_object *object)
{
	unsigned column = object->kind == MODEL_USER, sum = 0, dice;
	const struct action *action = actions;

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		sum += actions[i].weight[column];
	dice = (unsigned)below(thread, sum);
	for (; dice >= action->weight[column]; action++)
		dice -= action->weight[column];
	thread->doing = action->name;
	return action->act(thread, object);
}

static bool step(struct thread *thread)
{
	struct model_object *object = &thread->objects[below(thread, MODEL_OBJECTS)];

	thread->steps++;
	thread->doing = "look up what is not its own";
	if (one_in(thread, 4))
		return look_at_foreign(thread);
	if (one_in(thread, 20))
		return look_at_freed(thread);
	if (object->kind)
		return act_on(thread, object);
	thread->doing = "make";
	return one_in(thread, 3) ? register_some(thread, object) : allocate(thread, object);
}

static bool is_over(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > shared.end.tv_sec ||
	       (now.tv_sec == shared.end.tv_sec && now.tv_nsec >= shared.end.tv_nsec);
}

static bool give_all_back(struct thread *thread)
{
	thread->doing = "give all back";
	for (unsigned i = 0; i < MODEL_OBJECTS; i++) {
		struct model_object *object = &thread->objects[i];

		while (object->kind == MODEL_USER)
			if (!deregister(thread, object))
				return false;
		if (object->kind && !release(thread, object))
			return false;
	}
	return true;
}

static void *work(void *arg)
{
	struct thread *thread = arg;

	while (!atomic_load(&shared.stop) && !is_over())
		if (!step(thread))
			return NULL;
	if (!atomic_load(&shared.stop))
		give_all_back(thread);
	return NULL;
}

static int complain(const char *what)
{
	char text[4096];

	dxgsim_findings(text, sizeof(text));
	fprintf(stderr, "memory_stress: %s\n%s", what, text);
	return 1;
}

static uint64_t vram_of(HSAuint32 id, const HsaNodeProperties *node)
{
	HsaMemoryProperties banks[16];
	HSAuint32 count = node->NumMemoryBanks < 16 ? node->NumMemoryBanks : 16;
	uint64_t bytes = 0;

	if (hsaKmtGetNodeMemoryProperties(id, count, banks) != HSAKMT_STATUS_SUCCESS)
		return 0;
	for (HSAuint32 i = 0; i < count; i++)
		if (banks[i].HeapType == HSA_HEAPTYPE_FRAME_BUFFER_PRIVATE ||
		    banks[i].HeapType == HSA_HEAPTYPE_FRAME_BUFFER_PUBLIC)
			bytes += banks[i].SizeInBytes;
	return bytes;
}

static int open_machine(void)
{
	HsaSystemProperties system;
	unsigned count = 0;

	setenv("DXGSIM_ADAPTERS", ADAPTERS, 1);
	dxgsim_reset();
	if (hsaKmtOpenKFD() || hsaKmtAcquireSystemProperties(&system))
		return complain("the library does not open");
	for (HSAuint32 id = 0; id < system.NumNodes; id++) {
		HsaNodeProperties node;

		if (hsaKmtGetNodeProperties(id, &node))
			return complain("a node has no properties");
		if (node.NumFComputeCores && count < GPUS) {
			uint64_t share = vram_of(id, &node) / (3 * THREADS);

			shared.vram_share[count] = share < VRAM_BYTES ? share : VRAM_BYTES;
			shared.gpus[count++] = id;
		} else {
			shared.cpu = id;
		}
	}
	return count == GPUS ? 0 : complain("a GPU is missing");
}

/* Free does not wait for the GPU: what was freed last goes with a later call.  What remains is kept for later. */
static size_t settle(void)
{
	time_t end = time(NULL) + SETTLE_S;
	size_t before = SIZE_MAX, now = dxgsim_live_objects("allocation");
	int unknown;

	while (now && now != before && time(NULL) < end) {
		for (int i = 0; i < 1000; i++) {
			hsaKmtMapMemoryToGPU(&unknown, 1, NULL);
			sched_yield();
		}
		before = now;
		now = dxgsim_live_objects("allocation");
	}
	return now;
}

static int run(uint64_t seed, unsigned seconds)
{
	static struct thread threads[THREADS];
	uint64_t steps = 0;
	size_t kept;

	clock_gettime(CLOCK_MONOTONIC, &shared.end);
	shared.end.tv_sec += seconds;
	for (unsigned i = 0; i < THREADS; i++) {
		threads[i] = (struct thread){.number = i, .random = seed + i * 0x517cc1b727220a95u};
		for (unsigned k = 0; k < MODEL_FREED; k++)
			threads[i].freed[k] = (unsigned char *)&threads;
		for (unsigned k = 0; k < MODEL_OBJECTS; k++)
			atomic_store(&shared.slots[i][k].version, 1);
	}
	for (unsigned i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i].thread, NULL, work, &threads[i]))
			return complain("a thread does not start");
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(threads[i].thread, NULL);
		steps += threads[i].steps;
	}
	if (shared.failure[0])
		return complain(shared.failure);
	for (size_t i = 0; i < ARENA_BYTES; i += MODEL_PAGE)
		if (shared.arena[i] != (unsigned char)(i / MODEL_PAGE))
			return complain("the arena was written to");
	kept = settle();
	printf("%llu steps, %llu ioctls; %zu allocations kept for later\n", (unsigned long long)steps,
	       (unsigned long long)dxgsim_ioctl_count(), kept);
	return 0;
}

static int usage(void)
{
	fprintf(stderr, "usage: memory_stress [--seconds N] [SEED]\n");
	return 2;
}

int main(int argc, char **argv)
{
	unsigned long seconds = DEFAULT_S;
	uint64_t seed;
	int arg = 1, status;
	char *end;

	if (argc > 2 && !strcmp(argv[1], "--seconds")) {
		seconds = strtoul(argv[2], &end, 10);
		if (*end || !seconds || seconds > 1000000)
			return usage();
		arg = 3;
	}
	if (arg + 1 < argc || (arg < argc && argv[arg][0] == '-'))
		return usage();
	if (arg < argc)
		seed = strtoull(argv[arg], NULL, 0);
	else if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return complain("there are no random numbers");
	printf("seed 0x%llx\n", (unsigned long long)seed);
	fflush(stdout);

	shared.arena = mmap(NULL, ARENA_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (shared.arena == MAP_FAILED)
		return complain("there is no memory");
	for (size_t i = 0; i < ARENA_BYTES; i += MODEL_PAGE)
		shared.arena[i] = (unsigned char)(i / MODEL_PAGE);
	status = open_machine() || run(seed, (unsigned)seconds);
	hsaKmtCloseKFD();
	if (!status && dxgsim_live_objects("allocation"))
		status = complain("allocations are left after the close");
	if (!status && (dxgsim_misuse_count() || dxgsim_leak_count()))
		status = complain("the simulator found something");
	return status;
}
