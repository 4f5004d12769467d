// SPDX-License-Identifier: MIT
#include "fake_dxg_private.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "util/compiler.h"

#define MAX_ADAPTERS 4
#define MAX_OBJECTS  16384
#define MAX_LIVES    256
#define SIZE_OFFSET  0xa8 /* of the size and the version in an allocation's private data */
#define VERSION	     0xfc

pthread_mutex_t fake_lock = PTHREAD_MUTEX_INITIALIZER;
struct object fake_objects[MAX_OBJECTS];
unsigned fake_used;
static uint64_t values[MAX_ADAPTERS][MAX_LIVES][16]; /* fence pages; one word is used */
static uint64_t issued[MAX_ADAPTERS];
static int lost[MAX_ADAPTERS], occupied[MAX_ADAPTERS];
static unsigned life[MAX_ADAPTERS]; /* of an adapter: what was made in an earlier one is lost */
static int ends[MAX_ADAPTERS][MAX_LIVES];
static _Thread_local unsigned asked_life; /* of the object that a call is about */
static _Thread_local bool asked_dead;
static unsigned calls, fail_at, misuse;
static int fail_with, silent;
bool fake_hold, fake_stalled;
static bool failed, ignore_waits, excused, user_pages;
static long call_ns;
static uint64_t fault_address;
static uint64_t local_limit, local_used, largest, budget;
static uint32_t wanted_version;
static d3dkmt_handle next_handle;
static struct {
	const char *name;
	unsigned count;
} counts[64];

void fake_reset(void)
{
	for (unsigned i = 0; i < fake_used; i++)
		fake_end_lock(&fake_objects[i]);
	memset(fake_objects, 0, sizeof(fake_objects));
	memset(values, 0, sizeof(values));
	memset(issued, 0, sizeof(issued));
	memset(life, 0, sizeof(life));
	memset(ends, 0, sizeof(ends));
	asked_dead = false;
	memset(lost, 0, sizeof(lost));
	memset(occupied, 0, sizeof(occupied));
	memset(counts, 0, sizeof(counts));
	fake_used = calls = fail_at = misuse = 0;
	silent = 0;
	call_ns = 0;
	failed = fake_hold = ignore_waits = excused = user_pages = false;
	local_limit = UINT64_MAX;
	largest = UINT64_MAX;
	budget = 0;
	local_used = 0;
	wanted_version = 0;
	fault_address = 0;
	fake_reset_locks();
	fake_reset_queues();
	next_handle = 0x40080000;
}

void fake_fail_call(unsigned n, int error)
{
	fail_at = n ? calls + n : 0;
	fail_with = error;
	failed = false;
}

bool fake_failed(void)
{
	return failed;
}

unsigned fake_calls(void)
{
	return calls;
}

unsigned fake_calls_of(const char *name)
{
	unsigned count = 0;

	pthread_mutex_lock(&fake_lock);
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		if (counts[i].name && !strcmp(counts[i].name, name))
			count = counts[i].count;
	pthread_mutex_unlock(&fake_lock);
	return count;
}

void fake_take_time(long ns)
{
	call_ns = ns;
}

void fake_hold_fences(bool on)
{
	fake_hold = on;
}

void fake_ignore_waits(bool on)
{
	ignore_waits = on;
}

/* All that is under way on an adapter gets done: its paging fence and every other. */
void fake_finish_on(unsigned adapter)
{
	if (lost[adapter])
		return;
	__atomic_store_n(&values[adapter][life[adapter]][0], issued[adapter], __ATOMIC_RELEASE);
	for (unsigned i = 0; i < fake_used && !fake_stalled; i++)
		if ((fake_objects[i].type == FENCE || fake_objects[i].type == HWQUEUE) &&
		    fake_objects[i].adapter == adapter && fake_objects[i].life == life[adapter])
			__atomic_store_n(&fake_objects[i].value, fake_objects[i].wanted, __ATOMIC_RELEASE);
}

void fake_finish(void)
{
	pthread_mutex_lock(&fake_lock);
	for (unsigned i = 0; i < MAX_ADAPTERS; i++)
		fake_finish_on(i);
	pthread_mutex_unlock(&fake_lock);
}

static void lose(unsigned adapter, enum d3dkmt_deviceexecution_state state)
{
	lost[adapter] = (int)state;
	if (state != D3DKMT_DEVICEEXECUTION_STOPPED) {
		__atomic_store_n(&values[adapter][life[adapter]][0], UINT64_MAX, __ATOMIC_RELEASE);
		for (unsigned i = 0; i < fake_used; i++)
			if ((fake_objects[i].type == FENCE || fake_objects[i].type == HWQUEUE) &&
			    fake_objects[i].adapter == adapter)
				__atomic_store_n(&fake_objects[i].value, UINT64_MAX, __ATOMIC_RELEASE);
	}
}

void fake_lose(unsigned adapter, enum d3dkmt_deviceexecution_state state)
{
	pthread_mutex_lock(&fake_lock);
	lose(adapter, state);
	pthread_mutex_unlock(&fake_lock);
}

void fake_revive(unsigned adapter)
{
	pthread_mutex_lock(&fake_lock);
	if (!lost[adapter])
		lose(adapter, D3DKMT_DEVICEEXECUTION_RESET);
	ends[adapter][life[adapter]] = lost[adapter];
	if (++life[adapter] == MAX_LIVES)
		abort();
	lost[adapter] = 0;
	issued[adapter] = 0;
	pthread_mutex_unlock(&fake_lock);
}

/* Whether the host still knows what an object is for. */
static bool lives(const struct object *o)
{
	return !lost[o->adapter] && o->life == life[o->adapter];
}

void fake_fall_silent(int error)
{
	silent = error;
}

void fake_refuse_form_below(uint32_t version_word)
{
	wanted_version = version_word;
}

void fake_refuse_larger(uint64_t bytes)
{
	largest = bytes ? bytes : UINT64_MAX;
}

void fake_local_limit(uint64_t bytes)
{
	local_limit = bytes;
}

void fake_budget(uint64_t bytes)
{
	budget = bytes;
}

/* The host takes the room of what is offered. */
static void discard(struct object *o)
{
	if (o->type != ALLOCATION || !o->offered || o->discarded)
		return;
	o->discarded = true;
	if (o->resident && o->local)
		local_used -= o->size;
}

void fake_discard_offers(void)
{
	pthread_mutex_lock(&fake_lock);
	for (unsigned i = 0; i < fake_used; i++)
		discard(&fake_objects[i]);
	pthread_mutex_unlock(&fake_lock);
}

void fake_occupy(unsigned adapter, unsigned reservations)
{
	occupied[adapter] = (int)reservations;
}

unsigned fake_leaks(void)
{
	static const char *const names[] = {"",		  "device",	    "queue",
					    "allocation", "reservation",    "mapping",
					    "context",	  "hardware queue", "fence"};
	unsigned count = 0;

	for (unsigned i = 0; i < fake_used; i++) {
		const struct object *o = &fake_objects[i];

		if (o->type == FREE || lost[o->adapter] || (o->type == RESERVATION && excused))
			continue;
		fprintf(stderr, "leaked: %s %#x at %#llx\n", names[o->type], o->handle,
			(unsigned long long)o->base);
		count++;
	}
	return count;
}

unsigned fake_misuse(void)
{
	return misuse;
}

void fake_complain(const char *what)
{
	fprintf(stderr, "misuse: %s\n", what);
	misuse++;
}

static unsigned index_of(d3dkmt_handle adapter)
{
	unsigned i = (adapter - FAKE_ADAPTER(0)) / 0x40;

	return i < MAX_ADAPTERS ? i : 0;
}

struct object *fake_add(enum type type, unsigned adapter)
{
	struct object *o = NULL;

	for (unsigned i = 0; i < fake_used && !o; i++)
		if (fake_objects[i].type == FREE)
			o = &fake_objects[i];
	if (!o) {
		if (fake_used == MAX_OBJECTS)
			abort();
		o = &fake_objects[fake_used++];
	}
	memset(o, 0, sizeof(*o));
	o->type = type;
	o->adapter = adapter;
	o->life = life[adapter];
	o->handle = next_handle += 0x40;
	return o;
}

struct object *fake_get(enum type type, d3dkmt_handle handle)
{
	for (unsigned i = 0; i < fake_used; i++)
		if (fake_objects[i].type == type && fake_objects[i].handle == handle)
			return &fake_objects[i];
	fake_complain("unknown handle");
	return NULL;
}

/* Counts a call and decides its fate: 0 or the error; the lock is held on return in either case. */
int fake_enter(const char *name, unsigned adapter)
{
	static const char *const always[] = {"destroy_device",	    "destroy_paging_queue",
					     "destroy_allocations", "get_device_state",
					     "get_page_fault",	    "unlock"};
	const struct timespec time = {.tv_nsec = call_ns};
	bool refused = asked_dead;
	size_t i = 0;

	asked_dead = false;
	for (size_t n = 0; n < ARRAY_SIZE(always); n++)
		refused = refused && strcmp(name, always[n]);
	fake_run_hook(name);
	if (call_ns)
		nanosleep(&time, NULL);
	pthread_mutex_lock(&fake_lock);
	while (counts[i].name && strcmp(counts[i].name, name))
		i++;
	counts[i].name = name;
	counts[i].count++;
	if (++calls == fail_at) {
		failed = true;
		if (fail_with == -ENODEV)
			lost[adapter] = D3DKMT_DEVICEEXECUTION_STOPPED;
		return fail_with;
	}
	return refused || lost[adapter] == D3DKMT_DEVICEEXECUTION_STOPPED ? -ENODEV : 0;
}

int fake_leave(int ret)
{
	pthread_mutex_unlock(&fake_lock);
	return ret;
}

unsigned fake_adapter_of(enum type type, d3dkmt_handle handle)
{
	struct object *o;

	pthread_mutex_lock(&fake_lock);
	o = fake_get(type, handle);
	asked_life = o ? o->life : 0;
	asked_dead = o && o->life != life[o->adapter];
	pthread_mutex_unlock(&fake_lock);
	return o ? o->adapter : 0;
}

static uint64_t issue(unsigned adapter)
{
	uint64_t fence = ++issued[adapter];

	if (!fake_hold)
		fake_finish_on(adapter);
	return fence;
}

int dxg_create_device(struct dxg *dxg, d3dkmt_handle adapter, uint32_t flags, d3dkmt_handle *device)
{
	int ret = fake_enter("create_device", index_of(adapter));

	(void)dxg, (void)flags;
	*device = 0;
	if (!ret)
		*device = fake_add(DEVICE, index_of(adapter))->handle;
	return fake_leave(ret);
}

int dxg_destroy_device(struct dxg *dxg, d3dkmt_handle device)
{
	int ret = fake_enter("destroy_device", 0);
	struct object *o = fake_get(DEVICE, device);

	(void)dxg;
	for (unsigned i = 0; i < fake_used; i++)
		if (fake_objects[i].parent == device &&
		    (fake_objects[i].type == QUEUE || fake_objects[i].type == CONTEXT ||
		     fake_objects[i].type == HWQUEUE || fake_objects[i].type == FENCE))
			fake_objects[i].type = FREE;
	if (o)
		o->type = FREE;
	return fake_leave(ret == -ENODEV ? 0 : ret);
}

int dxg_get_device_state(struct dxg *dxg, d3dkmt_handle device, enum d3dkmt_deviceexecution_state *state)
{
	unsigned adapter = fake_adapter_of(DEVICE, device);
	int ret = fake_enter("get_device_state", adapter);

	(void)dxg;
	*state = 0;
	if (!ret && asked_life != life[adapter])
		*state = (enum d3dkmt_deviceexecution_state)ends[adapter][asked_life];
	else if (!ret)
		*state = lost[adapter] ? (enum d3dkmt_deviceexecution_state)lost[adapter]
				       : D3DKMT_DEVICEEXECUTION_ACTIVE;
	return fake_leave(ret);
}

int dxg_get_page_fault(struct dxg *dxg, d3dkmt_handle device, struct d3dkmt_devicepagefault_state *fault)
{
	unsigned adapter = fake_adapter_of(DEVICE, device);
	int ret = fake_enter("get_page_fault", adapter);

	(void)dxg;
	memset(fault, 0, sizeof(*fault));
	if (!ret)
		ret = silent;
	if (!ret)
		fault->faulted_virtual_address = fault_address;
	return fake_leave(ret);
}

int dxg_create_paging_queue(struct dxg *dxg, d3dkmt_handle device, struct dxg_paging_queue *queue)
{
	unsigned adapter = fake_adapter_of(DEVICE, device);
	int ret = fake_enter("create_paging_queue", adapter);

	(void)dxg;
	memset(queue, 0, sizeof(*queue));
	if (!ret) {
		struct object *o = fake_add(QUEUE, adapter);

		o->parent = device;
		*queue = (struct dxg_paging_queue){o->handle, o->handle, values[adapter][o->life]};
	}
	return fake_leave(ret);
}

int dxg_destroy_paging_queue(struct dxg *dxg, d3dkmt_handle queue)
{
	int ret = fake_enter("destroy_paging_queue", fake_adapter_of(QUEUE, queue));
	struct object *o = fake_get(QUEUE, queue);

	(void)dxg;
	if (o)
		o->type = FREE;
	return fake_leave(ret);
}

void fake_user_pages(bool on)
{
	user_pages = on;
}

/* Whether [start, end) is readable, and with `write` writable and of no file, throughout. */
static bool can_pin(uint64_t start, uint64_t end, bool write)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long long low, high;
	char rights[5], line[4096];

	while (maps && start < end && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%llx-%llx %4s", &low, &high, rights) != 3 || high <= start)
			continue;
		if (low > start || rights[0] != 'r' || (write && (rights[1] != 'w' || rights[3] == 's')))
			break;
		start = high;
	}
	if (maps)
		fclose(maps);
	return start >= end;
}

/* Part of it may be other threads' at the same time, as far as the host is concerned. */
__attribute__((noinline, no_sanitize("thread"))) static char first_byte(const void *pages)
{
	return *(const volatile char *)pages;
}

int dxg_create_allocations(struct dxg *dxg, d3dkmt_handle device, const void *resource_data,
			   uint32_t resource_data_size, uint32_t flags, struct dxg_allocation *allocations,
			   uint32_t count, d3dkmt_handle *resource)
{
	unsigned adapter = fake_adapter_of(DEVICE, device);
	int ret = fake_enter("create_allocations", adapter);

	(void)dxg, (void)resource_data, (void)resource_data_size, (void)resource;
	for (uint32_t i = 0; i < count && !ret; i++) {
		const char *data = allocations[i].private_data;
		struct object *o;
		uint32_t version;
		uint64_t size;

		memcpy(&version, data + VERSION, sizeof(version));
		memcpy(&size, data + SIZE_OFFSET, sizeof(size));
		if (version != wanted_version || size > largest) {
			ret = -EIO;
			break;
		}
		if (user_pages && allocations[i].sysmem &&
		    !can_pin(ptr_to_u64(allocations[i].sysmem), ptr_to_u64(allocations[i].sysmem) + size,
			     !(flags & D3DKMT_CREATEALLOCATIONFLAGS_READ_ONLY))) {
			ret = -ENOMEM;
			break;
		}
		o = fake_add(ALLOCATION, adapter);
		o->parent = device;
		o->size = size;
		o->local = !allocations[i].sysmem;
		o->sysmem = allocations[i].sysmem;
		o->pinned_to_write = !(flags & D3DKMT_CREATEALLOCATIONFLAGS_READ_ONLY);
		/* pinning faults the pages in; those that come from a lost device have been written */
		if (!o->local && !user_pages && first_byte(allocations[i].sysmem) && !life[adapter] &&
		    !lost[adapter])
			fake_complain("host pages are not zero");
		allocations[i].handle = o->handle;
	}
	return fake_leave(ret);
}

int dxg_destroy_allocations(struct dxg *dxg, d3dkmt_handle device, d3dkmt_handle resource,
			    const d3dkmt_handle *allocations, uint32_t count)
{
	unsigned adapter = fake_adapter_of(DEVICE, device);
	int ret = fake_enter("destroy_allocations", adapter);

	(void)dxg, (void)resource;
	/* the handles are gone whatever the host answers */
	for (uint32_t i = 0; i < count; i++) {
		struct object *o = fake_get(ALLOCATION, allocations[i]);

		if (!o)
			continue;
		if (lives(o) && o->busy_until > values[adapter][o->life][0])
			fake_complain("destroyed before its unmapping was done");
		for (unsigned m = 0; m < fake_used; m++) {
			if (fake_objects[m].type != MAPPING || fake_objects[m].parent != o->handle)
				continue;
			if (lives(o))
				fake_complain("destroyed while mapped");
			fake_objects[m].type = FREE;
		}
		if (o->resident && !fail_at && lives(o))
			fake_complain("destroyed without evicting");
		if (o->resident && o->local && !o->discarded)
			local_used -= o->size;
		fake_end_lock(o); /* the driver unmaps what is still locked */
		o->type = FREE;
	}
	return fake_leave(ret);
}

int dxg_make_resident(struct dxg *dxg, d3dkmt_handle paging_queue, const d3dkmt_handle *allocations,
		      uint32_t count, uint64_t *fence)
{
	unsigned adapter = fake_adapter_of(QUEUE, paging_queue);
	int ret = fake_enter("make_resident", adapter);
	uint64_t local = 0;

	(void)dxg;
	*fence = 0;
	for (uint32_t i = 0; i < count && !ret; i++) {
		struct object *o = fake_get(ALLOCATION, allocations[i]);

		if (o && o->local)
			local += o->size;
	}
	for (unsigned i = 0; i < fake_used && !ret && local > local_limit - local_used; i++)
		discard(&fake_objects[i]);
	if (!ret && local > local_limit - local_used)
		ret = -ENOMEM;
	for (uint32_t i = 0; i < count && !ret; i++) {
		struct object *o = fake_get(ALLOCATION, allocations[i]);

		if (o && o->offered)
			fake_complain("made resident while offered");
		if (o && o->resident++)
			fake_complain("made resident twice");
	}
	if (!ret) {
		local_used += local;
		*fence = issue(adapter);
	}
	return fake_leave(ret);
}

int dxg_evict(struct dxg *dxg, d3dkmt_handle device, const d3dkmt_handle *allocations, uint32_t count)
{
	unsigned adapter = fake_adapter_of(DEVICE, device);
	int ret = fake_enter("evict", adapter);

	(void)dxg;
	for (uint32_t i = 0; i < count && !ret; i++) {
		struct object *o = fake_get(ALLOCATION, allocations[i]);

		if (!o)
			continue;
		if (--o->resident < 0)
			fake_complain("evicted without being resident");
		if (o->local && !o->discarded)
			local_used -= o->size;
	}
	return fake_leave(ret);
}

/* VRAM only; a host without a budget has none to tell. */
int dxg_query_video_memory(struct dxg *dxg, d3dkmt_handle adapter, enum d3dkmt_memory_segment_group group,
			   struct dxg_video_memory *out)
{
	int ret = fake_enter("query_video_memory", index_of(adapter));

	(void)dxg;
	memset(out, 0, sizeof(*out));
	if (!ret && (!budget || group != D3DKMT_MEMORY_SEGMENT_GROUP_LOCAL))
		ret = -ENODATA;
	if (!ret)
		*out = (struct dxg_video_memory){.budget = budget, .usage = local_used};
	return fake_leave(ret);
}

int dxg_offer(struct dxg *dxg, d3dkmt_handle device, const d3dkmt_handle *allocations, uint32_t count)
{
	unsigned adapter = fake_adapter_of(DEVICE, device);
	int ret = fake_enter("offer", adapter);

	(void)dxg;
	for (uint32_t i = 0; i < count && !ret; i++) {
		struct object *o = fake_get(ALLOCATION, allocations[i]);

		if (!o)
			continue;
		if (o->offered)
			fake_complain("offered twice");
		if (lives(o) && o->busy_until > values[adapter][o->life][0])
			fake_complain("offered before its unmapping was done");
		o->offered = true;
	}
	return fake_leave(ret);
}

/* As the driver: success although the work is pending. */
int dxg_reclaim(struct dxg *dxg, d3dkmt_handle paging_queue, const d3dkmt_handle *allocations, uint32_t count,
		uint32_t *results, uint64_t *fence)
{
	unsigned adapter = fake_adapter_of(QUEUE, paging_queue);
	int ret = fake_enter("reclaim", adapter);
	uint64_t local = 0;

	(void)dxg;
	*fence = 0;
	for (uint32_t i = 0; i < count && !ret; i++) {
		const struct object *o = fake_get(ALLOCATION, allocations[i]);

		if (results)
			results[i] = D3DDDI_RECLAIM_RESULT_DISCARDED;
		if (o && o->local && o->resident && o->discarded)
			local += o->size;
	}
	if (!ret && local > local_limit - local_used)
		ret = -ENOMEM;
	for (uint32_t i = 0; i < count && !ret; i++) {
		struct object *o = fake_get(ALLOCATION, allocations[i]);

		if (!o)
			continue;
		if (!o->offered)
			fake_complain("reclaimed without being offered");
		if (results && !o->discarded)
			results[i] = D3DDDI_RECLAIM_RESULT_OK;
		o->offered = o->discarded = false;
	}
	if (!ret) {
		local_used += local;
		*fence = issue(adapter);
	}
	return fake_leave(ret);
}

static bool overlap(const struct object *o, enum type type, unsigned adapter, uint64_t base, uint64_t size)
{
	return o->type == type && o->adapter == adapter && base < o->base + o->size && o->base < base + size;
}

int dxg_reserve_gpu_va(struct dxg *dxg, d3dkmt_handle adapter, uint64_t base, uint64_t minimum,
		       uint64_t maximum, uint64_t size, uint64_t *va)
{
	unsigned a = index_of(adapter);
	int ret = fake_enter("reserve_gpu_va", a);

	(void)dxg, (void)minimum, (void)maximum;
	*va = 0;
	if (!ret && occupied[a]) {
		occupied[a]--;
		ret = -EEXIST;
	}
	for (unsigned i = 0; i < fake_used && !ret; i++)
		if (overlap(&fake_objects[i], RESERVATION, a, base, size)) {
			fake_complain("reserved twice");
			ret = -EEXIST;
		}
	if (!ret) {
		struct object *o = fake_add(RESERVATION, a);

		o->base = base;
		o->size = size;
		*va = base;
	}
	return fake_leave(ret);
}

int dxg_free_gpu_va(struct dxg *dxg, d3dkmt_handle adapter, uint64_t base, uint64_t size)
{
	unsigned a = index_of(adapter);
	int ret = fake_enter("free_gpu_va", a);

	(void)dxg;
	if (ret && ret != -ENODEV)
		excused = true;
	for (unsigned i = 0; i < fake_used && !ret; i++) {
		struct object *o = &fake_objects[i];

		if (overlap(o, MAPPING, a, base, size)) {
			/* a mapping that never was in a reservation is given back with its address */
			if (!o->unreserved || o->base != base || o->size != size)
				fake_complain("reservation released with something mapped in it");
			else
				o->type = FREE;
		}
		if (o->type == RESERVATION && o->adapter == a && o->base == base && o->size == size)
			o->type = FREE;
	}
	return fake_leave(ret);
}

/* What the CPU sees may be mapped at the CPU's address with no reservation there. */
static bool at_a_lock(unsigned adapter, const struct dxg_gpu_va_map *map)
{
	for (unsigned i = 0; i < fake_used; i++) {
		const struct object *o = &fake_objects[i];

		if (overlap(o, RESERVATION, adapter, map->base, map->size))
			return false;
		if (o->type == ALLOCATION && o->handle == map->allocation && o->locks)
			return ptr_to_u64(o->locked_at) == map->base;
	}
	return false;
}

/* Takes what is mapped in a range away, whole mappings and parts of them. */
static bool cut(unsigned adapter, uint64_t base, uint64_t size, uint64_t fence)
{
	bool found = false;

	for (unsigned i = 0, used = fake_used; i < used; i++) {
		struct object *o = &fake_objects[i], *upper, *allocation;
		uint64_t end = o->base + o->size;

		if (!overlap(o, MAPPING, adapter, base, size))
			continue;
		found = true;
		allocation = fake_get(ALLOCATION, o->parent);
		if (allocation)
			allocation->busy_until = fence;
		if (end > base + size) {
			upper = fake_add(MAPPING, adapter);
			upper->parent = o->parent;
			upper->writable = o->writable;
			upper->base = base + size;
			upper->size = end - upper->base;
			upper->offset = o->offset + (upper->base - o->base);
		}
		if (o->base < base)
			o->size = base - o->base;
		else
			o->type = FREE;
	}
	return found;
}

int dxg_map_gpu_va(struct dxg *dxg, const struct dxg_gpu_va_map *map, uint64_t *va, uint64_t *fence)
{
	unsigned a = fake_adapter_of(QUEUE, map->paging_queue);
	bool take_away = map->protection & D3DDDIGPUVA_PROTECTION_TYPE_NO_ACCESS;
	int ret = fake_enter(take_away ? "unmap_gpu_va" : "map_gpu_va", a);
	struct object *found = NULL, *allocation;
	bool reserved = false, unreserved;

	(void)dxg;
	*va = 0;
	*fence = 0;
	if (ret)
		return fake_leave(ret);
	for (unsigned i = 0; i < fake_used; i++) {
		struct object *o = &fake_objects[i];

		if (overlap(o, MAPPING, a, map->base, map->size))
			found = o;
		if (overlap(o, RESERVATION, a, map->base, map->size) && map->base >= o->base &&
		    map->base + map->size <= o->base + o->size)
			reserved = true;
	}
	unreserved = !reserved && at_a_lock(a, map);
	if (!reserved && !unreserved && !(take_away && found))
		fake_complain("mapped outside of a reservation");
	*fence = issue(a);
	*va = map->base;
	if (user_pages && reserved && take_away) {
		if (!cut(a, map->base, map->size, *fence))
			fake_complain("unmapped what was not mapped");
		return fake_leave(0);
	}
	if (take_away) {
		if (!found || found->base != map->base || found->size != map->size) {
			fake_complain("unmapped what was not mapped");
			return fake_leave(0);
		}
		allocation = fake_get(ALLOCATION, found->parent);
		if (allocation)
			allocation->busy_until = *fence;
		if (found->unreserved)
			fake_complain("unmapped where nothing is reserved: the address is to be freed");
		found->type = FREE;
		return fake_leave(0);
	}
	allocation = fake_get(ALLOCATION, map->allocation);
	if (found && user_pages && reserved)
		cut(a, map->base, map->size, *fence);
	else if (found)
		fake_complain("mapped over another mapping");
	if (allocation && (allocation->adapter != a || map->offset + map->size > allocation->size))
		fake_complain("mapped beyond the allocation, or that of another adapter");
	found = fake_add(MAPPING, a);
	found->parent = map->allocation;
	found->base = map->base;
	found->size = map->size;
	found->unreserved = unreserved;
	found->offset = map->offset;
	found->writable = map->protection & D3DDDIGPUVA_PROTECTION_TYPE_WRITE;
	return fake_leave(0);
}

bool fake_is_mapped(unsigned adapter, uint64_t va)
{
	bool mapped = false;

	pthread_mutex_lock(&fake_lock);
	for (unsigned i = 0; i < fake_used; i++)
		mapped |= overlap(&fake_objects[i], MAPPING, adapter, va, 1);
	pthread_mutex_unlock(&fake_lock);
	return mapped;
}

bool fake_page_at(unsigned adapter, uint64_t va, const void **page, bool *writable)
{
	bool mapped = false;

	pthread_mutex_lock(&fake_lock);
	for (unsigned i = 0; i < fake_used && !mapped; i++) {
		const struct object *o = &fake_objects[i], *allocation;

		if (!overlap(o, MAPPING, adapter, va, 1))
			continue;
		mapped = true;
		allocation = fake_get(ALLOCATION, o->parent);
		*page = NULL;
		if (allocation && allocation->sysmem)
			*page = (char *)allocation->sysmem + o->offset + (va - o->base);
		*writable = o->writable;
	}
	pthread_mutex_unlock(&fake_lock);
	return mapped;
}

bool fake_pinned_to_write(unsigned adapter, uint64_t va)
{
	bool to_write = false;

	pthread_mutex_lock(&fake_lock);
	for (unsigned i = 0; i < fake_used; i++)
		if (overlap(&fake_objects[i], MAPPING, adapter, va, 1)) {
			const struct object *allocation = fake_get(ALLOCATION, fake_objects[i].parent);

			to_write = allocation && allocation->pinned_to_write;
		}
	pthread_mutex_unlock(&fake_lock);
	return to_write;
}

int dxg_wait_fences(struct dxg *dxg, d3dkmt_handle device, const d3dkmt_handle *fences,
		    const uint64_t *wanted, uint32_t count, bool any, int eventfd)
{
	unsigned adapter = fake_adapter_of(DEVICE, device);
	int ret = fake_enter("wait_fences", adapter);

	(void)dxg, (void)fences, (void)wanted, (void)count, (void)any;
	if (!ignore_waits)
		fake_finish_on(adapter); /* the work goes on whether or not somebody could be told */
	if (!ret && !ignore_waits) {
		if (write(eventfd, &(uint64_t){1}, sizeof(uint64_t)) < 0)
			ret = -errno;
	}
	return fake_leave(ret);
}

void fake_page_fault(unsigned adapter, uint64_t va)
{
	fault_address = va;
	fake_lose(adapter, D3DKMT_DEVICEEXECUTION_ERROR_DMAPAGEFAULT);
}

int32_t dxg_last_status(void)
{
	return 0;
}

const char *dxg_status_name(int32_t status)
{
	(void)status;
	return "a fake host's word";
}
