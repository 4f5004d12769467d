// SPDX-License-Identifier: MIT
#include "fake_dxg.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/compiler.h"

#define MAX_ADAPTERS 4
#define MAX_OBJECTS  16384
#define SIZE_OFFSET  0xa8 /* of the size and the version in an allocation's private data */
#define VERSION	     0xfc

enum type { FREE, DEVICE, QUEUE, ALLOCATION, RESERVATION, MAPPING };

struct object {
	enum type type;
	d3dkmt_handle handle;
	unsigned adapter;
	d3dkmt_handle parent; /* device, or a mapping's allocation */
	uint64_t base, size;
	int resident;
	bool local;
	uint64_t busy_until; /* paging fence of the last change of its mapping */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct object objects[MAX_OBJECTS];
static unsigned used;
static uint64_t values[MAX_ADAPTERS][16]; /* fence pages; one word is used */
static uint64_t issued[MAX_ADAPTERS];
static int lost[MAX_ADAPTERS], occupied[MAX_ADAPTERS];
static unsigned calls, fail_at, misuse;
static int fail_with;
static bool failed, hold, ignore_waits, excused;
static uint64_t local_limit, local_used, largest;
static uint32_t wanted_version;
static d3dkmt_handle next_handle;
static struct {
	const char *name;
	unsigned count;
} counts[32];

void fake_reset(void)
{
	memset(objects, 0, sizeof(objects));
	memset(values, 0, sizeof(values));
	memset(issued, 0, sizeof(issued));
	memset(lost, 0, sizeof(lost));
	memset(occupied, 0, sizeof(occupied));
	memset(counts, 0, sizeof(counts));
	used = calls = fail_at = misuse = 0;
	failed = hold = ignore_waits = excused = false;
	local_limit = UINT64_MAX;
	largest = UINT64_MAX;
	local_used = 0;
	wanted_version = 0;
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
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		if (counts[i].name && !strcmp(counts[i].name, name))
			return counts[i].count;
	return 0;
}

void fake_hold_fences(bool on)
{
	hold = on;
}

void fake_ignore_waits(bool on)
{
	ignore_waits = on;
}

static void finish(unsigned adapter)
{
	if (!lost[adapter])
		__atomic_store_n(&values[adapter][0], issued[adapter], __ATOMIC_RELEASE);
}

void fake_finish(void)
{
	pthread_mutex_lock(&lock);
	for (unsigned i = 0; i < MAX_ADAPTERS; i++)
		finish(i);
	pthread_mutex_unlock(&lock);
}

void fake_lose(unsigned adapter, enum d3dkmt_deviceexecution_state state)
{
	pthread_mutex_lock(&lock);
	lost[adapter] = (int)state;
	if (state != D3DKMT_DEVICEEXECUTION_STOPPED)
		__atomic_store_n(&values[adapter][0], UINT64_MAX, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&lock);
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

void fake_occupy(unsigned adapter, unsigned reservations)
{
	occupied[adapter] = (int)reservations;
}

unsigned fake_leaks(void)
{
	static const char *const names[] = {"", "device", "queue", "allocation", "reservation", "mapping"};
	unsigned count = 0;

	for (unsigned i = 0; i < used; i++) {
		const struct object *o = &objects[i];

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

static void complain(const char *what)
{
	fprintf(stderr, "misuse: %s\n", what);
	misuse++;
}

static unsigned index_of(d3dkmt_handle adapter)
{
	unsigned i = (adapter - FAKE_ADAPTER(0)) / 0x40;

	return i < MAX_ADAPTERS ? i : 0;
}

static struct object *add(enum type type, unsigned adapter)
{
	struct object *o = NULL;

	for (unsigned i = 0; i < used && !o; i++)
		if (objects[i].type == FREE)
			o = &objects[i];
	if (!o) {
		if (used == MAX_OBJECTS)
			abort();
		o = &objects[used++];
	}
	memset(o, 0, sizeof(*o));
	o->type = type;
	o->adapter = adapter;
	o->handle = next_handle += 0x40;
	return o;
}

static struct object *get(enum type type, d3dkmt_handle handle)
{
	for (unsigned i = 0; i < used; i++)
		if (objects[i].type == type && objects[i].handle == handle)
			return &objects[i];
	complain("unknown handle");
	return NULL;
}

/* Counts a call and decides its fate: 0 or the error; the lock is held on return in either case. */
static int enter(const char *name, unsigned adapter)
{
	size_t i = 0;

	pthread_mutex_lock(&lock);
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
	return lost[adapter] == D3DKMT_DEVICEEXECUTION_STOPPED ? -ENODEV : 0;
}

static int leave(int ret)
{
	pthread_mutex_unlock(&lock);
	return ret;
}

static unsigned adapter_of(enum type type, d3dkmt_handle handle)
{
	struct object *o;

	pthread_mutex_lock(&lock);
	o = get(type, handle);
	pthread_mutex_unlock(&lock);
	return o ? o->adapter : 0;
}

static uint64_t issue(unsigned adapter)
{
	uint64_t fence = ++issued[adapter];

	if (!hold)
		finish(adapter);
	return fence;
}

int dxg_create_device(struct dxg *dxg, d3dkmt_handle adapter, uint32_t flags, d3dkmt_handle *device)
{
	int ret = enter("create_device", index_of(adapter));

	(void)dxg, (void)flags;
	*device = 0;
	if (!ret)
		*device = add(DEVICE, index_of(adapter))->handle;
	return leave(ret);
}

int dxg_destroy_device(struct dxg *dxg, d3dkmt_handle device)
{
	int ret = enter("destroy_device", 0);
	struct object *o = get(DEVICE, device);

	(void)dxg;
	for (unsigned i = 0; i < used; i++)
		if (objects[i].parent == device && objects[i].type == QUEUE)
			objects[i].type = FREE;
	if (o)
		o->type = FREE;
	return leave(ret == -ENODEV ? 0 : ret);
}

int dxg_get_device_state(struct dxg *dxg, d3dkmt_handle device, enum d3dkmt_deviceexecution_state *state)
{
	unsigned adapter = adapter_of(DEVICE, device);
	int ret = enter("get_device_state", adapter);

	(void)dxg;
	*state = 0;
	if (!ret)
		*state = lost[adapter] ? (enum d3dkmt_deviceexecution_state)lost[adapter]
				       : D3DKMT_DEVICEEXECUTION_ACTIVE;
	return leave(ret);
}

int dxg_create_paging_queue(struct dxg *dxg, d3dkmt_handle device, struct dxg_paging_queue *queue)
{
	unsigned adapter = adapter_of(DEVICE, device);
	int ret = enter("create_paging_queue", adapter);

	(void)dxg;
	memset(queue, 0, sizeof(*queue));
	if (!ret) {
		struct object *o = add(QUEUE, adapter);

		o->parent = device;
		*queue = (struct dxg_paging_queue){o->handle, o->handle, values[adapter]};
	}
	return leave(ret);
}

int dxg_destroy_paging_queue(struct dxg *dxg, d3dkmt_handle queue)
{
	int ret = enter("destroy_paging_queue", adapter_of(QUEUE, queue));
	struct object *o = get(QUEUE, queue);

	(void)dxg;
	if (o)
		o->type = FREE;
	return leave(ret);
}

int dxg_create_allocations(struct dxg *dxg, d3dkmt_handle device, const void *resource_data,
			   uint32_t resource_data_size, uint32_t flags, struct dxg_allocation *allocations,
			   uint32_t count, d3dkmt_handle *resource)
{
	unsigned adapter = adapter_of(DEVICE, device);
	int ret = enter("create_allocations", adapter);

	(void)dxg, (void)resource_data, (void)resource_data_size, (void)flags, (void)resource;
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
		o = add(ALLOCATION, adapter);
		o->parent = device;
		o->size = size;
		o->local = !allocations[i].sysmem;
		/* pinning faults the pages in */
		if (!o->local && *(volatile char *)allocations[i].sysmem)
			complain("host pages are not zero");
		allocations[i].handle = o->handle;
	}
	return leave(ret);
}

int dxg_destroy_allocations(struct dxg *dxg, d3dkmt_handle device, d3dkmt_handle resource,
			    const d3dkmt_handle *allocations, uint32_t count)
{
	unsigned adapter = adapter_of(DEVICE, device);
	int ret = enter("destroy_allocations", adapter);

	(void)dxg, (void)resource;
	/* the handles are gone whatever the host answers */
	for (uint32_t i = 0; i < count; i++) {
		struct object *o = get(ALLOCATION, allocations[i]);

		if (!o)
			continue;
		if (!lost[adapter] && o->busy_until > values[adapter][0])
			complain("destroyed before its unmapping was done");
		for (unsigned m = 0; m < used; m++) {
			if (objects[m].type != MAPPING || objects[m].parent != o->handle)
				continue;
			if (!lost[adapter])
				complain("destroyed while mapped");
			objects[m].type = FREE;
		}
		if (o->resident && !fail_at && !lost[adapter])
			complain("destroyed without evicting");
		if (o->resident && o->local)
			local_used -= o->size;
		o->type = FREE;
	}
	return leave(ret);
}

int dxg_make_resident(struct dxg *dxg, d3dkmt_handle paging_queue, const d3dkmt_handle *allocations,
		      uint32_t count, uint64_t *fence)
{
	unsigned adapter = adapter_of(QUEUE, paging_queue);
	int ret = enter("make_resident", adapter);
	uint64_t local = 0;

	(void)dxg;
	*fence = 0;
	for (uint32_t i = 0; i < count && !ret; i++) {
		struct object *o = get(ALLOCATION, allocations[i]);

		if (o && o->local)
			local += o->size;
	}
	if (!ret && local > local_limit - local_used)
		ret = -ENOMEM;
	for (uint32_t i = 0; i < count && !ret; i++) {
		struct object *o = get(ALLOCATION, allocations[i]);

		if (o && o->resident++)
			complain("made resident twice");
	}
	if (!ret) {
		local_used += local;
		*fence = issue(adapter);
	}
	return leave(ret);
}

int dxg_evict(struct dxg *dxg, d3dkmt_handle device, const d3dkmt_handle *allocations, uint32_t count)
{
	unsigned adapter = adapter_of(DEVICE, device);
	int ret = enter("evict", adapter);

	(void)dxg;
	for (uint32_t i = 0; i < count && !ret; i++) {
		struct object *o = get(ALLOCATION, allocations[i]);

		if (!o)
			continue;
		if (--o->resident < 0)
			complain("evicted without being resident");
		if (o->local)
			local_used -= o->size;
	}
	return leave(ret);
}

static bool overlap(const struct object *o, enum type type, unsigned adapter, uint64_t base, uint64_t size)
{
	return o->type == type && o->adapter == adapter && base < o->base + o->size && o->base < base + size;
}

int dxg_reserve_gpu_va(struct dxg *dxg, d3dkmt_handle adapter, uint64_t base, uint64_t minimum,
		       uint64_t maximum, uint64_t size, uint64_t *va)
{
	unsigned a = index_of(adapter);
	int ret = enter("reserve_gpu_va", a);

	(void)dxg, (void)minimum, (void)maximum;
	*va = 0;
	if (!ret && occupied[a]) {
		occupied[a]--;
		ret = -EEXIST;
	}
	for (unsigned i = 0; i < used && !ret; i++)
		if (overlap(&objects[i], RESERVATION, a, base, size)) {
			complain("reserved twice");
			ret = -EEXIST;
		}
	if (!ret) {
		struct object *o = add(RESERVATION, a);

		o->base = base;
		o->size = size;
		*va = base;
	}
	return leave(ret);
}

int dxg_free_gpu_va(struct dxg *dxg, d3dkmt_handle adapter, uint64_t base, uint64_t size)
{
	unsigned a = index_of(adapter);
	int ret = enter("free_gpu_va", a);

	(void)dxg;
	if (ret && ret != -ENODEV)
		excused = true;
	for (unsigned i = 0; i < used && !ret; i++) {
		struct object *o = &objects[i];

		if (overlap(o, MAPPING, a, base, size))
			complain("reservation released with something mapped in it");
		if (o->type == RESERVATION && o->adapter == a && o->base == base && o->size == size)
			o->type = FREE;
	}
	return leave(ret);
}

int dxg_map_gpu_va(struct dxg *dxg, const struct dxg_gpu_va_map *map, uint64_t *va, uint64_t *fence)
{
	unsigned a = adapter_of(QUEUE, map->paging_queue);
	bool take_away = map->protection & D3DDDIGPUVA_PROTECTION_TYPE_NO_ACCESS;
	int ret = enter(take_away ? "unmap_gpu_va" : "map_gpu_va", a);
	struct object *found = NULL, *allocation;
	bool reserved = false;

	(void)dxg;
	*va = 0;
	*fence = 0;
	if (ret)
		return leave(ret);
	for (unsigned i = 0; i < used; i++) {
		struct object *o = &objects[i];

		if (overlap(o, MAPPING, a, map->base, map->size))
			found = o;
		if (overlap(o, RESERVATION, a, map->base, map->size) && map->base >= o->base &&
		    map->base + map->size <= o->base + o->size)
			reserved = true;
	}
	if (!reserved)
		complain("mapped outside of a reservation");
	*fence = issue(a);
	*va = map->base;
	if (take_away) {
		if (!found || found->base != map->base || found->size != map->size) {
			complain("unmapped what was not mapped");
			return leave(0);
		}
		allocation = get(ALLOCATION, found->parent);
		if (allocation)
			allocation->busy_until = *fence;
		found->type = FREE;
		return leave(0);
	}
	allocation = get(ALLOCATION, map->allocation);
	if (found)
		complain("mapped over another mapping");
	if (allocation && (allocation->adapter != a || map->offset + map->size > allocation->size))
		complain("mapped beyond the allocation, or that of another adapter");
	found = add(MAPPING, a);
	found->parent = map->allocation;
	found->base = map->base;
	found->size = map->size;
	return leave(0);
}

bool fake_is_mapped(unsigned adapter, uint64_t va)
{
	bool mapped = false;

	pthread_mutex_lock(&lock);
	for (unsigned i = 0; i < used; i++)
		mapped |= overlap(&objects[i], MAPPING, adapter, va, 1);
	pthread_mutex_unlock(&lock);
	return mapped;
}

int dxg_wait_fences(struct dxg *dxg, d3dkmt_handle device, const d3dkmt_handle *fences,
		    const uint64_t *wanted, uint32_t count, bool any, int eventfd)
{
	unsigned adapter = adapter_of(DEVICE, device);
	int ret = enter("wait_fences", adapter);

	(void)dxg, (void)fences, (void)wanted, (void)count, (void)any;
	if (!ignore_waits)
		finish(adapter); /* the work goes on whether or not somebody could be told */
	if (!ret && !ignore_waits) {
		if (write(eventfd, &(uint64_t){1}, sizeof(uint64_t)) < 0)
			ret = -errno;
	}
	return leave(ret);
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
