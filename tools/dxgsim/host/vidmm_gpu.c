// SPDX-License-Identifier: MIT
/*
 * Memory as the GPU sees it: the address space of a device's process, fences above it. Every access of an engine
 * comes through here, those of its compute units on threads of their own, while the scheduler's thread holds the model's
 * lock for all of them.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "dxgsim/host/types.h"

/* Linux 5.14; glibc 2.35 */
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif

static const uint8_t zero_page[HOST_PAGE_SIZE] __attribute__((aligned(HOST_PAGE_SIZE)));
static uint8_t sink_page[HOST_PAGE_SIZE] __attribute__((aligned(HOST_PAGE_SIZE)));

/* To the end of its page, which no cache keeps and no kernel is in. */
static enum gpu_fault_reason page_span(struct gpu_span *span, uint8_t *page, uint64_t va)
{
	span->bytes = page + va % HOST_PAGE_SIZE;
	span->length = HOST_PAGE_SIZE - va % HOST_PAGE_SIZE;
	span->uncached = true;
	return GPU_FAULT_NONE;
}

static enum gpu_fault_reason fence_span(const struct va_space *space, uint64_t va, enum gpu_access access,
					struct gpu_span *span)
{
	const struct host_model *model = space->adapter->model;
	uint64_t page = (va - GPU_FENCE_BASE) / HOST_PAGE_SIZE;

	if (page >= FENCE_PAGES || !model->page_fences[page] ||
	    !fence_is_mapped(model->page_fences[page], space->process))
		return GPU_FAULT_UNMAPPED;
	if (access == GPU_WRITE)
		return GPU_FAULT_READ_ONLY;
	return page_span(span, model->fence_memory + page * HOST_PAGE_SIZE, va);
}

/*
 * Whether the guest's page is still there to be read or written. A pinned page outlives its mapping on hardware, but
 * nobody would see what the GPU does to it: the program has broken its own promise.
 */
static bool guest_page_usable(uint64_t page, bool write)
{
	uint8_t byte;
	struct iovec to = {&byte, 1};
	struct iovec from = {(void *)(uintptr_t)page, 1};

	if (process_vm_readv(getpid(), &to, 1, &from, 1, 0) != 1)
		return false;
	if (!write)
		return true;
	/* an older kernel does not know the advice; then the mapping is trusted */
	if (!madvise((void *)(uintptr_t)page, HOST_PAGE_SIZE, MADV_POPULATE_WRITE))
		return true;
	return errno == EINVAL && madvise((void *)(uintptr_t)page, HOST_PAGE_SIZE, MADV_POPULATE_READ) &&
	       errno == EINVAL;
}

/*
 * Kernels may be in any allocation: AMD's private data has no bit for it that is known, and its own client maps code with
 * the right to write alone (D3DDDIGPUVIRTUALADDRESS_PROTECTION_TYPE).
 */
static enum gpu_fault_reason guest_span(const struct host_allocation *allocation, uint64_t va,
					uint64_t offset, bool write, struct gpu_span *span)
{
	uint64_t page = allocation->pages[offset / HOST_PAGE_SIZE];

	if (write && allocation->read_only)
		return GPU_FAULT_READ_ONLY;
	if (!guest_page_usable(page, write))
		return GPU_FAULT_NO_BACKING;
	page_span(span, (uint8_t *)(uintptr_t)page, va);
	span->uncached = allocation->uncached;
	span->executable = true;
	return GPU_FAULT_NONE;
}

/* NULL: it cannot be. */
static uint8_t *show(struct host_model *model, struct host_allocation *allocation)
{
	void *shown;

	if (vidmm_allocation_back(model, allocation))
		return NULL;
	shown = mmap(NULL, allocation->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
		     model->config.io_fd, (off_t)allocation->store);
	if (shown == MAP_FAILED) {
		report_note("no address space to show %llu bytes of VRAM to the simulated GPU",
			    (unsigned long long)allocation->size);
		return NULL;
	}
	/* a forked child has a host and a window of its own */
	madvise(shown, allocation->size, MADV_DONTFORK);
	return shown;
}

static enum gpu_fault_reason store_span(struct host_model *model, struct host_allocation *allocation,
					uint64_t offset, uint64_t length, struct gpu_span *span)
{
	uint8_t *shown = __atomic_load_n(&allocation->shown, __ATOMIC_ACQUIRE);

	if (!shown) {
		pthread_mutex_lock(&model->show_lock);
		shown = allocation->shown ? allocation->shown : show(model, allocation);
		__atomic_store_n(&allocation->shown, shown, __ATOMIC_RELEASE);
		pthread_mutex_unlock(&model->show_lock);
	}
	if (!shown)
		return GPU_FAULT_NO_BACKING;
	span->bytes = shown + offset;
	span->length = length;
	span->uncached = allocation->uncached;
	span->executable = true;
	return GPU_FAULT_NONE;
}

/* A GPU that shares the processor's memory controller needs no bus for them, whatever its private data says. */
static bool lacks_atomics(const struct fixture *fixture)
{
	return !fixture->platform_atomics && !fixture->integrated;
}

static enum gpu_fault_reason translate(void *space, uint64_t va, enum gpu_access access,
				       struct gpu_span *span)
{
	const struct va_space *memory = space;
	struct host_model *model = memory->adapter->model;
	const struct va_range *range;

	if (va >= GPU_FENCE_BASE)
		return fence_span(memory, va, access, span);
	range = va_find(memory, va);
	if (!range || range->state == VA_RESERVED)
		return GPU_FAULT_UNMAPPED;
	if (range->ready_ns && model_now_ns() < range->ready_ns)
		return GPU_FAULT_NOT_READY;
	/* reads are zero, writes go nowhere */
	if (range->state == VA_ZERO)
		return page_span(span, access == GPU_WRITE ? sink_page : (uint8_t *)(uintptr_t)zero_page, va);
	if (access == GPU_WRITE && !(range->protection & D3DDDIGPUVA_PROTECTION_TYPE_WRITE))
		return GPU_FAULT_READ_ONLY;
	if (!range->allocation->resident || range->allocation->offered)
		return GPU_FAULT_NOT_RESIDENT;
	if (memory->adapter->active)
		__atomic_store_n(&range->allocation->used_by[memory->adapter->active->engine->node],
				 memory->adapter->active->serial, __ATOMIC_RELAXED);
	span->no_atomics = range->allocation->system && lacks_atomics(memory->adapter->fixture);
	if (range->allocation->existing)
		return guest_span(range->allocation, va, range->offset + (va - range->start),
				  access == GPU_WRITE, span);
	return store_span(model, range->allocation, range->offset + (va - range->start), range->end - va,
			  span);
}

static uint64_t clock_now(void *machine)
{
	return adapter_gpu_counter(machine);
}

/* Kernels do not go on while nothing does. */
static uint64_t host_now(void *machine)
{
	const struct host_adapter *adapter = machine;

	return model_now_ns() - adapter->away_ns;
}

const struct gpu_machine_ops vidmm_gpu_ops = {
	.translate = translate,
	.clock = clock_now,
	.now_ns = host_now,
};
