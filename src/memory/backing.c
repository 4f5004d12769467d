// SPDX-License-Identifier: MIT
/* What one GPU has behind an address range: allocations, their residency and their mapping. */
#include "memory/backing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "gsp/timeline.h"
#include "kmd/check.h"
#include "kmd/forms.h"
#include "memory/reference.h"
#include "memory/step.h"
#include "util/compiler.h"
#include "util/ending.h"
#include "util/log.h"

/* The host's memory descriptors hold less than 4 GiB; AMD's own client stops at 2 GiB. */
#define CHUNK_SIZE    (2ULL << 30)
#define LOCAL_GRAIN   (64ULL << 10) /* VRAM comes in pages of this size */
#define FORM_EVIDENCE (2ULL << 20)  /* a refused chunk that is larger may have been refused for its size */
#define PAGING_NS     10000000000ULL /* what page-table work may take when the caller has no bound of its own */
#define RETIRE_TRIES  3u /* a retired backing that the host does not let go of is asked for again */

static uint64_t chunk_offset(const struct backing *backing, uint32_t index)
{
	return index * backing->chunk_size;
}

static uint64_t chunk_size(const struct backing *backing, uint32_t index)
{
	return MIN(backing->size - chunk_offset(backing, index), backing->chunk_size);
}

static int create_chunk(const struct backing *backing, const struct backing_spec *spec,
			const struct gsp_handles *handles, uint32_t index, enum kmd_allocation_form form,
			d3dkmt_handle *handle)
{
	const struct memory_gpu *gpu = backing->on;
	bool local = spec->domain == KMD_DOMAIN_LOCAL;
	uint64_t offset = chunk_offset(backing, index);
	void *pages = backing->pages ? backing->pages : spec->pages;
	uint32_t flags = spec->read_only ? D3DKMT_CREATEALLOCATIONFLAGS_READ_ONLY : 0;
	struct kmd_allocation_request request = {
		.domain = spec->domain,
		.size = ALIGN_UP(chunk_size(backing, index), local ? LOCAL_GRAIN : (uint64_t)DXG_PAGE_SIZE),
		.va = spec->start ? spec->start + offset : 0,
		.gfx_major = gpu->gfx_major,
		.integrated = gpu->integrated,
		.has_invisible = gpu->has_invisible,
		.cpu_visible = spec->cpu_visible,
		.uncached = spec->uncached,
		.scheduler_id = spec->scheduler_id,
		.form = form,
	};
	struct dxg *dxg = gsp_device_dxg(backing->device);
	struct kmd_allocation_blobs blobs;
	struct dxg_allocation allocation;
	int ret = kmd_allocation_encode(&request, &blobs);

	if (ret)
		return ret;
	allocation = (struct dxg_allocation){
		.sysmem = pages ? (char *)pages + offset : NULL,
		.private_data = blobs.allocation,
		.private_data_size = blobs.allocation_size,
	};
	ret = gsp_device_creation_result(
		backing->device, dxg_create_allocations(dxg, handles->device, blobs.resource,
							blobs.resource_size, flags, &allocation, 1, NULL));
	if (ret)
		return ret;
	*handle = allocation.handle;
	return 0;
}

static void form_found(struct memory_gpu *gpu, int form)
{
	atomic_store(&gpu->form, form); /* before `form_settled`, for those without the turn */
	atomic_store(&gpu->form_settled, true);
	atomic_store(&gpu->form_known, true);
	kmd_form_remember(gpu->luid, KMD_FORM_OF_ALLOCATION, form);
}

/* Tries every form; the caller has the turn.  The error is the first one's, unless a later one was no refusal. */
static int search_form(struct backing *backing, const struct backing_spec *spec,
		       const struct gsp_handles *handles, uint32_t index)
{
	struct memory_gpu *gpu = backing->on;
	int first = 0;

	for (int form = KMD_FORM_PLAIN; form < KMD_FORM_COUNT; form++) {
		int ret = create_chunk(backing, spec, handles, index, (enum kmd_allocation_form)form,
				       &backing->chunks[index]);

		if (!ret) {
			if (form)
				log_info("GPU %u: its driver takes allocations in form %d", backing->gpu,
					 form);
			form_found(gpu, form);
			return 0;
		}
		if (!kmd_is_refusal(ret))
			return ret;
		first = first ? first : ret;
	}
	/* nor does a driver that allocates its ring memory itself */
	if (chunk_size(backing, index) <= FORM_EVIDENCE && spec->domain != KMD_DOMAIN_USER_QUEUE)
		atomic_store(&gpu->form_settled, true);
	log_err("GPU %u: self-check 15, forms: its driver refuses allocations in every known form: %s (%s)",
		backing->gpu, strerror(-first), dxg_status_name(dxg_last_status()));
	return first;
}

/*
 * Creates one chunk in the form the driver is known to take.  Until the first success the other forms are tried too,
 * once per GPU: every refusal costs the user a line in the kernel log.  An error that is no refusal says nothing
 * about the forms, nor does the refusal of a large chunk, so the search stays open.
 */
static int create_in_some_form(struct backing *backing, const struct backing_spec *spec,
			       const struct gsp_handles *handles, uint32_t index)
{
	struct memory_gpu *gpu = backing->on;
	int form, ret = 0;

	if (!atomic_load(&gpu->form_settled)) {
		bool settled;

		turn_take(&gpu->form_search);
		/* who had the turn before may have settled it */
		settled = atomic_load(&gpu->form_settled);
		if (!settled)
			ret = search_form(backing, spec, handles, index);
		turn_leave(&gpu->form_search);
		if (!settled)
			return ret;
	}
	form = atomic_load(&gpu->form);
	ret = create_chunk(backing, spec, handles, index, (enum kmd_allocation_form)form,
			   &backing->chunks[index]);
	/* one that was refused for a while, in every form */
	if (!ret && !atomic_load(&gpu->form_known))
		form_found(gpu, form);
	return ret;
}

/*
 * False: the host is not there to be told, but may come back with work that still uses the pages.  On an adapter that is gone there is
 * nothing left to destroy; a device that was reset still keeps pages pinned.
 */
static bool destroy_chunks(struct backing *backing)
{
	const struct gsp_handles *handles;
	struct gsp_device *device = backing->device;
	int ret;

	if (!backing->created)
		return true;
	if (!gsp_device_takes_back(device))
		return gsp_device_epoch(device).state == GSP_REMOVED;
	/* the handles outlive the loss of the device, gsp_device_open() would refuse them */
	handles = gsp_device_handles(device);
	ret = gsp_device_result(device, dxg_destroy_allocations(gsp_device_dxg(device), handles->device, 0,
								backing->chunks, backing->created));
	if (ret)
		/* the handles are gone all the same (dxgkrnl); trying again could hit another object */
		log_warn("GPU %u: destroying the allocation at %#llx: %s", backing->gpu,
			 (unsigned long long)backing->start, strerror(-ret));
	backing->created = 0;
	return true;
}

static void forget_lock(struct backing *backing)
{
	if (backing->locked)
		atomic_fetch_sub(&backing->buffer->memory->locks, 1);
	backing->locked = false;
}

static void backing_free(struct backing *backing)
{
	/* one of a device that was reset is still locked */
	int ret = backing->locked && gsp_device_takes_back(backing->device) ? backing_unlock(backing) : 0;

	if (ret)
		/* goes with the allocation */
		log_debug("GPU %u: unlocking %#llx: %s", backing->gpu, (unsigned long long)backing->start,
			  strerror(-ret));
	if (!destroy_chunks(backing))
		atomic_store(&backing->buffer->stuck, true);
	else if (backing->pages)
		ending_unmap(backing->pages, backing->size);
	forget_lock(backing);
	gsp_device_put(backing->device);
	free(backing);
}

static int make_pages(struct backing *backing)
{
	void *pages = mmap(NULL, backing->size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (pages == MAP_FAILED)
		return -ENOMEM;
	backing->pages = pages;
	madvise(pages, backing->size, MADV_DONTDUMP);
	if (madvise(pages, backing->size, MADV_DONTFORK))
		log_warn("MADV_DONTFORK is refused (%s): do not fork while the GPU works", strerror(errno));
	return 0;
}

/* Memory of the host goes where it is to be there before anything else; what is the GPU's own waits until that is done. */
static struct gsp_device *device_for(const struct memory_gpu *gpu, const struct backing_spec *spec)
{
	if (spec->device)
		return spec->device;
	if (spec->domain == KMD_DOMAIN_LOCAL || spec->domain == KMD_DOMAIN_USER_QUEUE || spec->own_pages)
		return gsp_gpu_device(gpu->gsp);
	return memory_gpu_device(gpu);
}

/* A reference of an open device; one that was lost in between may have been given back before it was taken. */
static int get_device(struct gsp_device *device, const struct gsp_handles **handles)
{
	int ret = gsp_device_open(device, handles);

	if (ret)
		return ret;
	gsp_device_get(device);
	if (!gsp_device_is_lost(device))
		return 0;
	gsp_device_put(device);
	return -ENODEV;
}

/*
 * Allocates on a GPU, for a range of `buffer`, in chunks; neither resident nor mapped yet.  Holds
 * a reference of the buffer until it is retired.  -ENOMEM or -ENOSPC as in memory.h; -ENODEV; another error is a refusal.
 */
int backing_create(struct buffer *buffer, const struct backing_spec *spec, struct backing **out)
{
	struct memory_gpu *gpu = &buffer->memory->gpus[spec->gpu];
	struct gsp_device *device = device_for(gpu, spec);
	/* what the CPU maps too is one mapping */
	uint64_t chunk = spec->cpu_visible ? spec->size : CHUNK_SIZE,
		 count = (spec->size + chunk - 1) / chunk;
	const struct va_range *range = buffer->range;
	const struct gsp_handles *handles;
	struct backing *backing;
	int ret;

	*out = NULL;
	memory_step(MEMORY_STEP_ALLOCATION);
	if (count > UINT16_MAX)
		return -EINVAL;
	ret = get_device(device, &handles);
	if (ret)
		return ret;
	backing = calloc(1, sizeof(*backing) + count * sizeof(backing->chunks[0]));
	if (!backing) {
		gsp_device_put(device);
		return -ENOMEM;
	}
	backing->buffer = buffer;
	backing->on = gpu;
	backing->device = device;
	backing->gpu = spec->gpu;
	backing->start = spec->start;
	backing->size = spec->size;
	backing->count = (uint32_t)count;
	backing->chunk_size = chunk;
	backing->unreserved =
		!range || spec->start < range->start || spec->start - range->start >= range->size;
	backing->retire.point = (struct gsp_fence_point){
		.device = device,
		.fence = handles->paging.fence,
		.value = handles->paging.value,
	};
	ret = spec->own_pages ? make_pages(backing) : 0;
	while (!ret && backing->created < backing->count) {
		ret = create_in_some_form(backing, spec, handles, backing->created);
		if (!ret)
			backing->created++;
	}
	if (ret) {
		backing_free(backing);
		return ret == -ENOMEM && spec->domain == KMD_DOMAIN_LOCAL ? -ENOSPC : ret;
	}
	atomic_fetch_add(&buffer->references, 1);
	*out = backing;
	return 0;
}

/* Asks for residency of all chunks in one call, once. -ENOSPC: the host finds no room, even after trimming. */
int backing_make_resident(struct backing *backing)
{
	const struct gsp_handles *handles;
	uint64_t fence;
	int ret;

	memory_step(MEMORY_STEP_RESIDENT);
	if (backing->resident)
		return 0;
	ret = gsp_device_open(backing->device, &handles);
	if (ret)
		return ret;
	ret = gsp_device_result(backing->device,
				dxg_make_resident(gsp_device_dxg(backing->device), handles->paging.handle,
						  backing->chunks, backing->count, &fence));
	if (ret)
		return ret == -ENOMEM ? -ENOSPC : ret;
	backing->resident = true;
	backing->fence = MAX(backing->fence, fence);
	return 0;
}

/*
 * Maps the chunks that are not mapped yet, at the backing's own address, with
 * D3DDDIGPUVA_PROTECTION_TYPE_* rights.  On failure what was mapped stays so: backing_unmap() takes it away.
 */
int backing_map(struct backing *backing, uint64_t protection)
{
	struct gsp_device *device = backing->device;
	const struct gsp_handles *handles;
	int ret;

	memory_step(MEMORY_STEP_MAP);
	ret = gsp_device_open(device, &handles);
	while (!ret && backing->mapped < backing->count) {
		uint64_t start = backing->start + chunk_offset(backing, backing->mapped), fence, va;
		struct dxg_gpu_va_map map = {
			.paging_queue = handles->paging.handle,
			.allocation = backing->chunks[backing->mapped],
			.base = start,
			.size = chunk_size(backing, backing->mapped),
			.protection = protection,
		};

		ret = gsp_device_result(device, dxg_map_gpu_va(gsp_device_dxg(device), &map, &va, &fence));
		if (!ret) {
			backing->fence = MAX(backing->fence, fence);
			backing->mapped++;
		} else if (ret == -EEXIST && va && va != start) {
			/* mapped, but elsewhere */
			gsp_device_result(device, dxg_free_gpu_va(gsp_device_dxg(device),
								  gsp_device_adapter(device), va, map.size));
		}
	}
	return ret;
}

/* Takes the last mapped chunk off the GPU. */
static int unmap_chunk(struct backing *backing, const struct gsp_handles *handles)
{
	struct gsp_device *device = backing->device;
	struct dxg_gpu_va_map map = {
		.paging_queue = handles->paging.handle,
		.base = backing->start + chunk_offset(backing, backing->mapped - 1),
		.size = chunk_size(backing, backing->mapped - 1),
		.protection = D3DDDIGPUVA_PROTECTION_TYPE_NO_ACCESS,
	};
	uint64_t va, fence;
	int ret;

	/* only a reservation can be left without access; other addresses go back to the host */
	if (backing->unreserved)
		return gsp_device_result(device,
					 dxg_free_gpu_va(gsp_device_dxg(device), gsp_device_adapter(device),
							 map.base, map.size));
	ret = gsp_device_result(device, dxg_map_gpu_va(gsp_device_dxg(device), &map, &va, &fence));
	if (!ret)
		backing->fence = MAX(backing->fence, fence);
	return ret;
}

/*
 * A lost device has nothing to take back, but addresses that the host gave to a mapping outside of our reservations are the
 * process' as long as the adapter is there.
 */
static void forget_mapping(struct backing *backing)
{
	struct gsp_device *device = backing->device;

	for (; backing->unreserved && backing->mapped && gsp_device_takes_back(device); backing->mapped--) {
		uint64_t start = backing->start + chunk_offset(backing, backing->mapped - 1);
		int ret = gsp_device_result(
			device, dxg_free_gpu_va(gsp_device_dxg(device), gsp_device_adapter(device), start,
						chunk_size(backing, backing->mapped - 1)));

		if (ret)
			log_debug("GPU %u: giving %#llx back: %s", backing->gpu, (unsigned long long)start,
				  strerror(-ret));
	}
	backing->mapped = 0;
	backing->resident = false;
}

/*
 * Takes residency and mapping back; the GPU has let go when the backing's fence has passed.  On a
 * lost device there is nothing to take back.  An error leaves some chunks mapped; calling again goes
 * on where it stopped.
 */
int backing_unmap(struct backing *backing)
{
	struct gsp_device *device = backing->device;
	const struct gsp_handles *handles;
	int ret = gsp_device_open(device, &handles);

	if (!ret && backing->resident) {
		ret = gsp_device_result(device, dxg_evict(gsp_device_dxg(device), handles->device,
							  backing->chunks, backing->count));
		if (!ret)
			backing->resident = false;
		else if (ret != -ENODEV)
			/* costs memory until the allocation is destroyed, harms nothing */
			log_debug("GPU %u: evicting %#llx: %s", backing->gpu,
				  (unsigned long long)backing->start, strerror(-ret));
		ret = ret == -ENODEV ? ret : 0;
	}
	while (!ret && backing->mapped) {
		ret = unmap_chunk(backing, handles);
		if (!ret)
			backing->mapped--;
	}
	if (ret != -ENODEV)
		return ret;
	forget_mapping(backing);
	return 0;
}

/*
 * Maps the one chunk for the CPU, at an address that the kernel chooses (dxgkrnl: LOCK2 takes none).  -ENODEV; any other
 * error: it cannot be had.
 */
int backing_lock(struct backing *backing, void **address)
{
	struct gsp_device *device = backing->device;
	const struct gsp_handles *handles = gsp_device_handles(device);
	int ret = gsp_device_result(
		device, dxg_lock(gsp_device_dxg(device), handles->device, backing->chunks[0], address));

	backing->locked = !ret;
	if (!ret)
		atomic_fetch_add(&backing->buffer->memory->locks, 1);
	return ret;
}

/*
 * Takes the CPU's mapping away.  At the second try if need be, for an allocation must not be destroyed locked; a driver
 * that let go of the mapping at the first one answers -EINVAL then.
 */
int backing_unlock(struct backing *backing)
{
	struct gsp_device *device = backing->device;
	const struct gsp_handles *handles = gsp_device_handles(device);
	struct dxg *dxg = gsp_device_dxg(device);
	int ret = gsp_device_result(device, dxg_unlock(dxg, handles->device, backing->chunks[0]));

	if (ret && ret != -ENODEV)
		ret = gsp_device_result(device, dxg_unlock(dxg, handles->device, backing->chunks[0]));
	forget_lock(backing);
	return ret;
}

/* Tells the host that the contents are of no interest until backing_reclaim(). */
int backing_offer(struct backing *backing)
{
	struct gsp_device *device = backing->device;
	const struct gsp_handles *handles = gsp_device_handles(device);

	return gsp_device_result(
		device, dxg_offer(gsp_device_dxg(device), handles->device, backing->chunks, backing->count));
}

/*
 * Takes an offer back; the contents may be lost.  -ENOSPC: the memory is not to be had again now, it is still offered.
 */
int backing_reclaim(struct backing *backing)
{
	struct gsp_device *device = backing->device;
	const struct gsp_handles *handles = gsp_device_handles(device);
	uint32_t *results = calloc(backing->count, sizeof(*results));
	uint64_t fence = 0;
	int ret;

	if (!results)
		return -ENOMEM;
	ret = gsp_device_result(device, dxg_reclaim(gsp_device_dxg(device), handles->paging.handle,
						    backing->chunks, backing->count, results, &fence));
	for (uint32_t i = 0; !ret && i < backing->count; i++)
		if (results[i] == D3DDDI_RECLAIM_RESULT_NOT_COMMITTED)
			ret = -ENOSPC;
	free(results);
	backing->fence = MAX(backing->fence, fence);
	return ret == -ENOMEM ? -ENOSPC : ret;
}

/*
 * Makes sure that what was asked for the backing is done before any GPU work sees it: waits for at most timeout_ns, or
 * BACKING_DEFER.  0, -ETIMEDOUT, -ENODEV.
 */
int backing_settle(struct backing *backing, uint64_t timeout_ns)
{
	struct gsp_device *device = backing->device;
	const struct gsp_fence_point *point = &backing->retire.point;

	memory_step(MEMORY_STEP_PAGING);
	if (gsp_device_is_lost(device))
		return -ENODEV;
	if (timeout_ns == BACKING_DEFER)
		return gsp_paging_settle(device, backing->fence, PAGING_NS);
	return backing->fence ? gsp_fence_wait(device, point->fence, point->value, backing->fence, timeout_ns)
			      : 0;
}

/* No GPU has it any more. */
static void ended(struct gsp_retire *item, int why)
{
	struct backing *backing = tree_entry(item, struct backing, retire);
	struct buffer *buffer = backing->buffer;

	if (why == -ETIMEDOUT)
		log_warn("GPU %u: page-table work at %#llx did not end", backing->gpu,
			 (unsigned long long)backing->start);
	if (backing->mapped)
		atomic_store(&buffer->stuck, true);
	backing_free(backing);
	buffer_put(buffer);
}

static void leave_parts(struct backing *part)
{
	struct backing **link = &part->buffer->parts;

	while (*link && *link != part)
		link = &(*link)->next;
	if (*link)
		*link = part->next;
}

/* Unmaps a retired backing; of a scratch range, in turn with those who need the place.  last: it is not tried again. */
static int let_go(struct backing *backing, bool last)
{
	struct buffer *buffer = backing->buffer;
	int ret;

	if (buffer->kind != MEMORY_SCRATCH)
		return backing_unmap(backing);
	turn_take(&buffer->memory->parts);
	ret = backing_unmap(backing);
	if (!ret || last)
		leave_parts(backing);
	turn_leave(&buffer->memory->parts);
	return ret;
}

/*
 * Takes retired parts of a scratch range off the GPU where they are in the way of a new one, whether or not what runs is over:
 * who puts another part there means it.  Their allocations stay until it is.  An error: the place is not free.
 */
int buffer_clear_part(struct buffer *buffer, uint64_t start, uint64_t size)
{
	int ret = 0;

	turn_take(&buffer->memory->parts);
	for (struct backing *part = buffer->parts; part && !ret; part = part->next)
		if (start < part->start + part->size && part->start < start + size)
			ret = backing_unmap(part);
	turn_leave(&buffer->memory->parts);
	return ret;
}

/* No submission uses it any more. */
static void unused(struct gsp_retire *item, int why)
{
	struct backing *backing = tree_entry(item, struct backing, retire);
	bool last = ++backing->tries == RETIRE_TRIES || why == -ETIMEDOUT;
	int ret = let_go(backing, last);

	if (ret && !last) {
		/* whoever comes by next tries again */
		gsp_retire_add(&backing->buffer->memory->retired, item);
		return;
	}
	if (ret)
		log_err("GPU %u: unmapping %#llx: %s; its address is given up", backing->gpu,
			(unsigned long long)backing->start, strerror(-ret));
	item->run = ended;
	item->point.wanted = backing->fence;
	if (!backing->fence || gsp_fence_point_read(&item->point) != GSP_FENCE_PENDING)
		ended(item, 0);
	else
		gsp_retire_add(&backing->buffer->memory->retired, item);
}

/*
 * Gives a backing up, without waiting: once the moment (NULL: now; the reference goes over) has passed it is taken off the
 * GPU, once the GPU has let go its allocations are destroyed and its hold on the buffer's address ends.
 */
void backing_retire(struct backing *backing, struct gsp_moment *moment)
{
	backing->retire.run = unused;
	backing->retire.moment = moment;
	if (moment)
		gsp_retire_add(&backing->buffer->memory->retired, &backing->retire);
	else
		unused(&backing->retire, 0);
}

/* The same for a part of a scratch range that goes on to be used: buffer_clear_part() knows of it. */
void backing_retire_part(struct backing *backing, struct gsp_moment *moment)
{
	struct turn *turn = &backing->buffer->memory->parts;

	turn_take(turn);
	backing->next = backing->buffer->parts;
	backing->buffer->parts = backing;
	turn_leave(turn);
	backing_retire(backing, moment);
}

/* What a buffer has on a GPU, or NULL. */
struct backing *buffer_backing(const struct buffer *buffer, unsigned gpu)
{
	struct backing *backing = buffer->backings;

	while (backing && backing->gpu != gpu)
		backing = backing->next;
	return backing;
}
