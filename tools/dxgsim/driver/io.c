// SPDX-License-Identifier: MIT
/*
 * Fence pages and Lock2 ranges: pieces of the IO window in the caller's address space.
 *
 * Every mapping is remembered, because the guest kernel later unmaps the range it recorded whatever the
 * caller has done to it meanwhile (dxgkrnl: dxgvmbus.c, dxg_map_iospace and dxg_unmap_iospace).  When an adapter is removed
 * that happens outside the process, and does nothing: the mapping stays and is forgotten (dxgadapter.c, dxgdevice_stop).
 */
#include "dxgsim/driver/io.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <unistd.h>

#include "dxgsim/driver/machine.h"
#include "dxgsim/driver/notice.h"
#include "dxgsim/tsan.h"

struct range {
	TAILQ_ENTRY(range) entry;
	uint64_t start;
	uint64_t end;
	uint64_t address; /* of its first byte in the window */
	const struct adapter *adapter;
};

static pthread_mutex_t ranges_lock = PTHREAD_MUTEX_INITIALIZER;
static TAILQ_HEAD(, range) ranges = TAILQ_HEAD_INITIALIZER(ranges);

static bool is_forgotten(const struct adapter *adapter)
{
	return adapter && adapter_check_active(adapter);
}

bool io_owns_range(uint64_t address, uint64_t size)
{
	const struct range *range;
	uint64_t end = address + size < address ? UINT64_MAX : address + size;
	bool owns = false;

	/* now, for the program may have something else there when this is asked next */
	if (machine_take_removals())
		io_abandon();
	pthread_mutex_lock(&ranges_lock);
	TAILQ_FOREACH(range, &ranges, entry)
		if (range->start < end && address < range->end)
			owns = true;
	pthread_mutex_unlock(&ranges_lock);
	return owns;
}

void io_changes(uint64_t address)
{
	const struct range *range;

	pthread_mutex_lock(&ranges_lock);
	TAILQ_FOREACH(range, &ranges, entry)
		if (address - range->address < range->end - range->start)
			tsan_release((char *)(uintptr_t)range->start + (address - range->address));
	pthread_mutex_unlock(&ranges_lock);
}

void io_fork_child(void)
{
	/* the mappings stay in the child, but no longer belong to any object of it */
	TAILQ_INIT(&ranges);
}

void io_fork_prepare(void)
{
	pthread_mutex_lock(&ranges_lock);
}

void io_fork_done(void)
{
	pthread_mutex_unlock(&ranges_lock);
}

/*
 * What the pages of a removed adapter read is not defined.  Here a fence page goes on reading what it last did, and what
 * was locked reads zeros, for whoever still looks; the window's part of it is the host's again.
 */
static void range_abandon(const struct range *range)
{
	void *at = (void *)(uintptr_t)range->start, *pages;
	size_t size = range->end - range->start;

	pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (pages == MAP_FAILED)
		notice_crashed("dxgsim: out of memory, the pages of a removed adapter cannot be replaced");
	if (size == HOST_PAGE_SIZE)
		memcpy(pages, at, size);
	if (mremap(pages, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, at) == MAP_FAILED)
		notice_crashed("dxgsim: the pages of a removed adapter cannot be replaced");
}

void io_abandon(void)
{
	struct range *range, *next;

	pthread_mutex_lock(&ranges_lock);
	for (range = TAILQ_FIRST(&ranges); range; range = next) {
		next = TAILQ_NEXT(range, entry);
		if (!is_forgotten(range->adapter))
			continue;
		TAILQ_REMOVE(&ranges, range, entry);
		range_abandon(range);
		free(range);
	}
	pthread_mutex_unlock(&ranges_lock);
}

/* Takes the range off the list.  False: it is forgotten, or was even before this. */
static bool range_take(uint64_t start)
{
	struct range *range;
	bool forgotten;

	pthread_mutex_lock(&ranges_lock);
	TAILQ_FOREACH(range, &ranges, entry)
		if (range->start == start)
			break;
	forgotten = !range || is_forgotten(range->adapter);
	if (range) {
		TAILQ_REMOVE(&ranges, range, entry);
		if (forgotten)
			range_abandon(range);
	}
	pthread_mutex_unlock(&ranges_lock);
	free(range);
	return !forgotten;
}

/* A fresh page is resident at once only if the process locks all future memory. */
static bool future_memory_locked(void)
{
	unsigned char resident = 0;
	void *page = mmap(NULL, HOST_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return false;
	if (mincore(page, HOST_PAGE_SIZE, &resident))
		resident = 0;
	munmap(page, HOST_PAGE_SIZE);
	return resident & 1;
}

int io_map(uint64_t address, uint64_t pages, const struct adapter *adapter, struct io_mapping *mapping)
{
	const struct host_config *config = machine_config();
	uint64_t size = pages * HOST_PAGE_SIZE;
	struct range *range;
	void *va;

	*mapping = (struct io_mapping){0};
	if (pages == 0 || pages > config->io_size / HOST_PAGE_SIZE || address % HOST_PAGE_SIZE)
		return -ENOMEM;
	/* dxgkrnl: the end must lie below the end of the window, so the last page is never usable */
	if (address < config->io_base || address - config->io_base >= config->io_size ||
	    size >= config->io_size - (address - config->io_base))
		return -ENOMEM;
	if (future_memory_locked())
		notice_crashed("a fence page or lock was mapped under mlockall(MCL_FUTURE): "
			       "the guest kernel stops with a BUG here");
	range = malloc(sizeof(*range));
	if (!range)
		return -ENOMEM;
	va = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, config->io_fd,
		  (off_t)(address - config->io_base));
	if (va == MAP_FAILED) {
		free(range);
		return -ENOMEM;
	}
	range->start = (uint64_t)(uintptr_t)va;
	range->end = range->start + size;
	range->address = address;
	range->adapter = adapter;
	pthread_mutex_lock(&ranges_lock);
	TAILQ_INSERT_TAIL(&ranges, range, entry);
	/* the kernel lets calls end before it removes an adapter */
	if (is_forgotten(adapter))
		machine_removal_noticed();
	pthread_mutex_unlock(&ranges_lock);
	*mapping = (struct io_mapping){.address = va, .size = size};
	return 0;
}

void io_unmap(struct process *process, struct io_mapping *mapping)
{
	if (!mapping->address)
		return;
	if (range_take((uint64_t)(uintptr_t)mapping->address) && process->tgid == getpid() &&
	    !machine_exiting()) {
		/* a hole tells that somebody else unmapped it; the kernel would unmap what came there since */
		if (msync(mapping->address, mapping->size, MS_ASYNC) && errno == ENOMEM)
			notice_crashed("a fence page or lock was unmapped behind the driver's back");
		munmap(mapping->address, mapping->size);
	}
	*mapping = (struct io_mapping){0};
}
