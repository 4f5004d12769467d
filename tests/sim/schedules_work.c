// SPDX-License-Identifier: MIT
/* The threads of a schedule, and what they do until its time is over. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "schedules.h"

#define KEPT	   5u
#define KEPT_BYTES 0x40000u /* at most */
#define USER_BYTES 0x4000u
#define RETRY_NS   10000000ull
#define RENEWALS   3u /* of a GPU within a minute */

/* Memory of the host with a pattern that only the CPU writes. */
struct kept {
	char *at;
	uint64_t bytes;
	uint32_t pattern;
	uint32_t reach; /* adapters that it is mapped on, bits */
	uint64_t va;
	bool user; /* registered, not allocated */
};

struct worker {
	pthread_t thread;
	unsigned number;
	uint64_t random;
	bool forgets;
	struct site sites[SCHEDULE_GPUS];
	uint64_t retry_ns[SCHEDULE_GPUS];
	struct kept kept[KEPT];
};

static struct worker workers[SCHEDULE_WORKERS];

static uint32_t chance(struct worker *worker, uint32_t limit)
{
	return random_below(&worker->random, limit);
}

/* ---- memory of the host ---- */

static float kept_float(uint32_t pattern, uint64_t i)
{
	return (float)((pattern ^ (uint32_t)i * 747796405u) >> 10 & 0x3fffff);
}

static void check_kept(const struct kept *kept)
{
	const float *at = (const float *)(const void *)kept->at;

	step("looks at what the CPU has written", kept->pattern);
	for (uint64_t i = 0; i < kept->bytes / sizeof(*at); i++)
		if (at[i] < kept_float(kept->pattern, i) || at[i] > kept_float(kept->pattern, i))
			wrong("the host's memory at %p + %#llx is %f, not %f", (const void *)kept->at,
			      (unsigned long long)i * sizeof(*at), (double)at[i],
			      (double)kept_float(kept->pattern, i));
}

static void drop_kept(struct kept *kept)
{
	if (!kept->at)
		return;
	check_kept(kept);
	step("frees memory of the host", 0);
	if (kept->reach)
		release_worked(hsaKmtUnmapMemoryToGPU(kept->at), "hsaKmtUnmapMemoryToGPU of the host's");
	if (kept->user) {
		release_worked(hsaKmtDeregisterMemory(kept->at), "hsaKmtDeregisterMemory");
		munmap(kept->at, kept->bytes);
	} else {
		release_worked(hsaKmtFreeMemory(kept->at, kept->bytes), "hsaKmtFreeMemory of the host's");
	}
	memset(kept, 0, sizeof(*kept));
}

static bool get_pages(struct worker *worker, struct kept *kept)
{
	HsaMemFlags flags = {.Value = 0};
	void *memory = NULL;

	kept->user = chance(worker, 3) == 0;
	kept->bytes = kept->user ? USER_BYTES : (1 + chance(worker, KEPT_BYTES >> 12)) << 12;
	flags.ui32.HostAccess = 1;
	flags.ui32.CoarseGrain = chance(worker, 2) == 0;
	if (kept->user) {
		memory = mmap(NULL, kept->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (memory == MAP_FAILED)
			wrong("no memory");
		if (!call_worked(hsaKmtRegisterMemoryWithFlags(memory, kept->bytes, flags),
				 "hsaKmtRegisterMemoryWithFlags", ALL_ADAPTERS)) {
			munmap(memory, kept->bytes);
			return false;
		}
	} else if (!call_worked(hsaKmtAllocMemory(world.machine.cpu, kept->bytes, flags, &memory),
				"hsaKmtAllocMemory to keep", ALL_ADAPTERS)) {
		return false;
	}
	kept->at = memory;
	return true;
}

static void map_kept(struct worker *worker, struct kept *kept)
{
	unsigned adapter = chance(worker, world.plan.adapter_count);
	HsaMemMapFlags flags = {.Value = 0};
	HSAuint64 va = 0;

	if (world.node[adapter] == INVALID_NODEID)
		return;
	step("maps memory of the host on adapter", adapter);
	if (!call_worked(
		    hsaKmtMapMemoryToGPUNodes(kept->at, kept->bytes, &va, flags, 1, &world.node[adapter]),
		    "hsaKmtMapMemoryToGPUNodes of what is kept", 1u << adapter))
		return;
	kept->reach = 1u << adapter;
	kept->va = va ? va : (uint64_t)(uintptr_t)kept->at; /* 0: no other than the CPU's */
}

static void make_kept(struct worker *worker, struct kept *kept)
{
	float *at;

	memset(kept, 0, sizeof(*kept));
	step("allocates memory of the host", 0);
	if (!get_pages(worker, kept)) {
		memset(kept, 0, sizeof(*kept));
		return;
	}
	kept->pattern = (uint32_t)random_next(&worker->random);
	at = (float *)(void *)kept->at;
	for (uint64_t i = 0; i < kept->bytes / sizeof(*at); i++)
		at[i] = kept_float(kept->pattern, i);
	map_kept(worker, kept);
}

static void change_kept(struct worker *worker)
{
	struct kept *kept = &worker->kept[chance(worker, KEPT)];

	if (kept->at && chance(worker, 3) == 0) {
		check_kept(kept);
		return;
	}
	drop_kept(kept);
	make_kept(worker, kept);
}

/* ---- VRAM that comes and goes ---- */

static void use_vram(struct worker *worker, unsigned adapter)
{
	uint64_t bytes = (1 + chance(worker, 64)) << 16;
	HsaMemFlags flags = {.Value = 0};
	HsaMemMapFlags map = {.Value = 0};
	HSAuint32 node = world.node[adapter];
	void *memory;
	HSAuint64 va;

	flags.ui32.NonPaged = 1;
	flags.ui32.CoarseGrain = 1;
	step("allocates VRAM of adapter", adapter);
	if (!call_worked(hsaKmtAllocMemory(node, bytes, flags, &memory), "hsaKmtAllocMemory of VRAM",
			 1u << adapter))
		return;
	step("maps VRAM of adapter", adapter);
	if (call_worked(hsaKmtMapMemoryToGPUNodes(memory, bytes, &va, map, 1, &node),
			"hsaKmtMapMemoryToGPUNodes of VRAM", 1u << adapter) &&
	    chance(worker, 2))
		release_worked(hsaKmtUnmapMemoryToGPU(memory), "hsaKmtUnmapMemoryToGPU of VRAM");
	step("frees VRAM of adapter", adapter);
	release_worked(hsaKmtFreeMemory(memory, bytes), "hsaKmtFreeMemory of VRAM");
}

/* A wait that nobody ends, and one that somebody has ended. */
static void use_event(struct worker *worker)
{
	HsaEventDescriptor descriptor = {.EventType = HSA_EVENTTYPE_SIGNAL};
	HsaEvent *event;
	HSAKMT_STATUS status;

	step("waits for an event of its own", 0);
	if (!call_worked(hsaKmtCreateEvent(&descriptor, false, false, &event), "hsaKmtCreateEvent",
			 ALL_ADAPTERS))
		return;
	status = hsaKmtWaitOnEvent(event, 1 + chance(worker, 4));
	if (status != HSAKMT_STATUS_WAIT_TIMEOUT)
		wrong("hsaKmtWaitOnEvent: status %d of an event that nobody set", (int)status);
	if (hsaKmtSetEvent(event) != HSAKMT_STATUS_SUCCESS ||
	    hsaKmtWaitOnEvent(event, HSA_EVENTTIMEOUT_INFINITE) != HSAKMT_STATUS_SUCCESS)
		wrong("an event that was set is not");
	release_worked(hsaKmtDestroyEvent(event), "hsaKmtDestroyEvent");
}

/* ---- queues ---- */

/* An open site of the adapter; NULL: there is none now. */
static struct site *site_of(struct worker *worker, unsigned adapter)
{
	struct site *site = &worker->sites[adapter];

	if (site_is_open(site))
		return site;
	if (now_ns() < worker->retry_ns[adapter])
		return NULL;
	if (!world.code[adapter])
		return NULL;
	if (site_open(site, adapter, &worker->random))
		return site;
	worker->retry_ns[adapter] = now_ns() + RETRY_NS;
	return NULL;
}

static bool chain(struct worker *worker, struct site *site)
{
	const struct kept *kept = &worker->kept[chance(worker, KEPT)];

	if (kept->at && kept->reach & 1u << site->adapter)
		return site_chain(site, (const float *)(const void *)kept->at, kept->va);
	return site_chain(site, NULL, 0);
}

static void use_queues(struct worker *worker, unsigned adapter)
{
	struct site *site = site_of(worker, adapter), *other = NULL;
	bool good;

	if (!site)
		return;
	switch (chance(worker, 8)) {
	case 0:
		site_close(site);
		return;
	case 1:
	case 2:
		good = site_kernel(site);
		break;
	case 3:
		good = site_recall(site);
		break;
	case 4:
		if (world.plan.adapter_count > 1)
			other = site_of(worker, 1 - adapter);
		good = other ? site_pair(site, other) : chain(worker, site);
		break;
	default:
		good = chain(worker, site);
	}
	if (good)
		return;
	/* what is there of a lost GPU has to go before there is another */
	site_close(site);
	if (other)
		site_close(other);
}

static void *work(void *arg)
{
	struct worker *worker = arg;

	stand_as(worker->number, "worker", worker->number);
	while (!atomic_load(&world.stop)) {
		unsigned adapter = chance(worker, world.plan.adapter_count);

		switch (chance(worker, 10)) {
		case 0:
		case 1:
			change_kept(worker);
			break;
		case 2:
			if (world.node[adapter] != INVALID_NODEID)
				use_vram(worker, adapter);
			break;
		case 3:
			use_event(worker);
			break;
		default:
			use_queues(worker, adapter);
		}
		nap_us(200);
	}
	for (unsigned i = 0; i < SCHEDULE_GPUS; i++) {
		if (worker->forgets && site_is_open(&worker->sites[i]))
			site_launch(&worker->sites[i]);
		else
			site_close(&worker->sites[i]);
	}
	for (unsigned i = 0; i < KEPT; i++) {
		if (worker->forgets && worker->kept[i].at)
			check_kept(&worker->kept[i]);
		else
			drop_kept(&worker->kept[i]);
	}
	stand_down();
	return NULL;
}

void work_run(uint32_t ms, bool forgets)
{
	atomic_store(&world.stop, false);
	for (unsigned i = 0; i < world.plan.workers; i++) {
		workers[i] = (struct worker){
			.number = i,
			.random = world.plan.seed * 1000003u + i,
			.forgets = forgets,
		};
		for (unsigned k = 0; k < SCHEDULE_GPUS; k++)
			workers[i].sites[k].adapter = k;
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			wrong("no thread");
	}
	step("lets threads work", ms);
	nap_us(ms * 1000);
	step("lets all faults happen", 0);
	happen_join();
	step("waits for its threads", 0);
	atomic_store(&world.stop, true);
	for (unsigned i = 0; i < world.plan.workers; i++)
		pthread_join(workers[i].thread, NULL);
}

void work_forget(void)
{
	for (unsigned i = 0; i < world.plan.workers; i++)
		for (unsigned k = 0; k < KEPT; k++)
			if (workers[i].kept[k].at && workers[i].kept[k].user)
				munmap(workers[i].kept[k].at, workers[i].kept[k].bytes);
}

/* ---- recovery ---- */

/* What has happened to this adapter last. */
static bool is_away(unsigned adapter)
{
	bool away = false, dead = false;

	for (unsigned i = 0; i < world.plan.fault_count; i++) {
		const struct plan_fault *fault = &world.plan.faults[i];

		if (fault->harm & HARM_SILENCE)
			dead = true;
		if (fault->harm & HARM_SPEECH)
			dead = false;
		if (fault->adapters & 1u << adapter && fault->harm & HARM_REMOVES)
			away = true;
		if (fault->adapters & 1u << adapter && fault->harm & HARM_RETURNS)
			away = false;
	}
	return away || dead;
}

unsigned orders(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < world.plan.fault_count; i++)
		count += (world.plan.faults[i].harm & HARM_ORDER) != 0;
	return count;
}

static bool has_to_work(unsigned adapter, bool reopened)
{
	if (is_away(adapter) || atomic_load(&world.losses[adapter]) > RENEWALS)
		return false;
	/* not what it was, or of a call that failed not known what it is: for the next open */
	return reopened || !has_harm(HARM_FAILS | HARM_CHANGES | HARM_SILENCE);
}

static bool proves(struct worker *worker, unsigned adapter)
{
	struct site *site = &worker->sites[adapter];
	bool good = false;

	if (!world.code[adapter])
		kernel_install(adapter);
	if (site_open(site, adapter, &worker->random))
		good = site_chain(site, NULL, 0) && site_kernel(site) && site_recall(site);
	site_close(site);
	return good;
}

static bool prove(unsigned adapter, bool reopened)
{
	struct worker *worker = &workers[0];
	uint64_t start = now_ns();
	unsigned tries = 0;

	if (!has_to_work(adapter, reopened))
		return true;
	step("proves that it works again: adapter", adapter);
	while (!proves(worker, adapter)) {
		if (++tries > orders() && now_ns() - start > patience_ns())
			return false;
		nap_us(5000);
	}
	atomic_fetch_add(&world.shared->proofs, 1);
	return true;
}

bool work_proves(bool reopened)
{
	for (unsigned i = 0; i < world.plan.adapter_count; i++)
		if (!prove(i, reopened))
			return false;
	return true;
}
