// SPDX-License-Identifier: MIT
/* The life of the memory and of its buffers: made, allocated, freed, taken down. */
#include "memory/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "kmd/forms.h"
#include "memory/backing.h"
#include "memory/buffer.h"
#include "memory/step.h"
#include "util/compiler.h"

#define SMALL_ALIGNMENT	 ((uint64_t)DXG_PAGE_SIZE)
#define MEDIUM_ALIGNMENT (64ULL << 10)
#define LARGE_ALIGNMENT	 (2ULL << 20)
#define CLOSE_NS	 5000000000ULL

static uint64_t host_size(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGE_SIZE);

	return pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : UINT64_MAX;
}

static void release(struct memory *memory)
{
	for (uint32_t i = 0; i < memory->count; i++)
		turn_destroy(&memory->gpus[i].form_search);
	free(memory);
}

/*
 * The memory over `count` GPUs, none being allowed; nothing is asked of the host yet.  The order of
 * the configuration gives the GPUs their indices.  -EINVAL; -ENOMEM.
 */
int memory_create(const struct memory_gpu_config *gpus, uint32_t count, struct memory **out)
{
	struct gsp_device *devices[MEMORY_MAX_GPUS];
	struct memory *memory;
	uint64_t local = 0;
	int ret;

	*out = NULL;
	if (count > MEMORY_MAX_GPUS)
		return -EINVAL;
	memory = calloc(1, sizeof(*memory));
	if (!memory)
		return -ENOMEM;
	memory->count = count;
	memory->host_size = host_size();
	for (uint32_t i = 0; i < count; i++) {
		const struct kmd_adapter *info = gpus[i].info;
		struct memory_gpu *gpu = &memory->gpus[i];
		int known = kmd_form_taken(info->luid, KMD_FORM_OF_ALLOCATION);

		devices[i] = gpus[i].device;
		gpu->device = gpus[i].device;
		gpu->gfx_major = gpus[i].gfx_major;
		gpu->integrated = !info->discrete;
		gpu->has_invisible = info->vram_invisible != 0;
		gpu->node = gpus[i].node;
		gpu->local_size = gpus[i].local_size;
		if (!gpu->local_size && info->discrete)
			gpu->local_size = info->vram_visible + info->vram_invisible;
		gpu->luid = info->luid;
		turn_init(&gpu->form_search);
		atomic_init(&gpu->form, MAX(known, KMD_FORM_PLAIN));
		atomic_init(&gpu->form_settled, known >= 0);
		atomic_init(&gpu->form_known, known >= 0);
		local += MIN(gpu->local_size, UINT64_MAX - local);
	}
	ret = space_create(devices, count, local, &memory->space);
	if (ret) {
		release(memory);
		return ret;
	}
	memory_table_init(memory);
	gsp_retire_list_init(&memory->retired);
	*out = memory;
	return 0;
}

/*
 * Takes a held buffer off the GPUs and hands what it has there to the retire list.  An error (unless
 * `force`) leaves the rest as it is.
 */
static int dismantle(struct buffer *buffer, bool force)
{
	struct backing *backing;
	int ret = 0;

	for (backing = buffer->backings; backing && (!ret || force); backing = backing->next)
		ret = backing_unmap(backing);
	if (ret && !force)
		return ret;
	while ((backing = buffer->backings)) {
		buffer->backings = backing->next;
		backing_retire(backing);
	}
	return 0;
}

/*
 * Ends the process' memory with everything still in it: evict, unmap, destroy, release of the
 * addresses.  Nobody may be using it.  NULL is allowed.
 */
void memory_destroy(struct memory *memory)
{
	struct buffer *buffer;

	if (!memory)
		return;
	while ((buffer = memory_first(memory))) {
		dismantle(buffer, true);
		memory_remove(buffer);
		buffer_put(buffer);
	}
	gsp_retire_drain(&memory->retired, CLOSE_NS);
	gsp_retire_list_destroy(&memory->retired);
	space_destroy(memory->space);
	memory_table_destroy(memory);
	release(memory);
}

static uint64_t default_alignment(enum memory_kind kind, uint64_t size)
{
	if (size >= LARGE_ALIGNMENT)
		return LARGE_ALIGNMENT;
	/* VRAM has pages of 64 KiB and cannot be mapped at less */
	if (size >= MEDIUM_ALIGNMENT || kind != MEMORY_SYSTEM)
		return MEDIUM_ALIGNMENT;
	return SMALL_ALIGNMENT;
}

/* Whether memory of a kind is on one GPU and nowhere else. */
static bool is_of_gpu(enum memory_kind kind)
{
	return kind == MEMORY_LOCAL || kind == MEMORY_SCRATCH || kind == MEMORY_USER_QUEUE;
}

static int check_request(const struct memory *memory, const struct memory_request *request)
{
	bool fixed = request->flags & MEMORY_FIXED_ADDRESS;
	bool of_gpu = is_of_gpu(request->kind);

	if (!request->size || request->kind > MEMORY_USER_QUEUE || request->flags & ~MEMORY_ALL_FLAGS)
		return -EINVAL;
	if (request->size > KMD_ALLOCATION_MAX_SIZE)
		return request->kind == MEMORY_LOCAL ? -ENOSPC : -ENOMEM;
	if (request->gpu >= memory->count && (of_gpu || request->gpu != MEMORY_HOST))
		return -EINVAL;
	if (request->alignment && !IS_POWER_OF_TWO(request->alignment))
		return -EINVAL;
	if (fixed && (!request->fixed ||
		      !IS_ALIGNED(ptr_to_u64(request->fixed),
				  MAX(request->alignment,
				      request->kind == MEMORY_LOCAL ? MEDIUM_ALIGNMENT : SMALL_ALIGNMENT))))
		return -EINVAL;
	/* memory for GPUs is pinned: more than there is can never be had */
	if (request->kind == MEMORY_SYSTEM && request->size > memory->host_size)
		return -ENOMEM;
	if (request->kind == MEMORY_LOCAL) {
		uint64_t limit = memory->gpus[request->gpu].local_size;

		if (limit && request->size > limit)
			return -ENOSPC;
	}
	return 0;
}

static int take_address(struct buffer *buffer, const struct memory_request *request)
{
	struct memory *memory = buffer->memory;
	enum space_pool pool = buffer_pool(request->kind);
	uint64_t grain = request->kind == MEMORY_SYSTEM ? SMALL_ALIGNMENT : MEDIUM_ALIGNMENT;
	uint64_t size = ALIGN_UP(request->size, grain), alignment;
	int ret;

	memory_step(MEMORY_STEP_ADDRESS);
	alignment = MAX(request->alignment, default_alignment(request->kind, size));
	for (int attempt = 0; attempt < 2; attempt++) {
		if (request->flags & MEMORY_FIXED_ADDRESS)
			ret = space_take_at(memory->space, pool, ptr_to_u64(request->fixed), size,
					    &buffer->range);
		else
			ret = space_take(memory->space, pool, size, alignment, &buffer->range);
		/* the address may be about to come back */
		if ((ret != -EEXIST && ret != -ENOMEM) || !memory_make_room(memory))
			break;
	}
	if (!ret)
		buffer->start = buffer->range->start;
	return ret;
}

/* The host's answer to a request for VRAM comes with residency, so that is asked for at once. */
static int make_on_gpu(struct buffer *buffer, const struct memory_request *request)
{
	bool local = buffer->kind == MEMORY_LOCAL;
	struct backing_spec spec = {
		.gpu = buffer->gpu,
		.domain = local ? KMD_DOMAIN_LOCAL : KMD_DOMAIN_USER_QUEUE,
		.start = buffer->start,
		.size = buffer->range->size,
		.uncached = local && (buffer->flags & MEMORY_UNCACHED || !(buffer->flags & MEMORY_COARSE)),
		.scheduler_id = request->scheduler_id,
	};
	struct memory *memory = buffer->memory;
	struct backing *backing;
	int ret = backing_create(buffer, &spec, &backing);

	if (ret == -ENOSPC && memory_make_room(memory))
		ret = backing_create(buffer, &spec, &backing);
	if (ret)
		return ret;
	ret = backing_make_resident(backing);
	if (ret == -ENOSPC && memory_make_room(memory))
		ret = backing_make_resident(backing);
	if (ret) {
		backing_retire(backing);
		return ret;
	}
	buffer->backings = backing;
	return 0;
}

/*
 * Allocates.  System memory is zero-filled and the CPU's at once; what is on no GPU yet gets there by
 * memory_map().  The address is the same everywhere, page-aligned or better: 64 KiB from that size on
 * and for all GPU memory, 2 MiB from 2 MiB on, more if asked for.  memory_last_step() names the step that failed.
 */
int memory_alloc(struct memory *memory, const struct memory_request *request, void **address)
{
	struct buffer *buffer;
	int ret;

	*address = NULL;
	memory_step(MEMORY_STEP_NONE);
	ret = check_request(memory, request);
	if (ret)
		return ret;
	gsp_retire_run(&memory->retired);
	buffer = calloc(1, sizeof(*buffer) + memory->count * sizeof(buffer->nodes[0]));
	if (!buffer)
		return -ENOMEM;
	buffer->memory = memory;
	buffer->size = request->size;
	buffer->kind = request->kind;
	buffer->flags = request->flags;
	buffer->gpu = request->gpu;
	buffer->caller_node = request->caller_node;
	buffer->caller_flags = request->caller_flags;
	atomic_init(&buffer->references, 1);
	ret = take_address(buffer, request);
	if (ret) {
		free(buffer);
		return ret;
	}
	if (is_of_gpu(buffer->kind) && !(space_gpus_of(buffer->range) >> buffer->gpu & 1))
		ret = -ENODEV;
	else if (buffer->kind == MEMORY_SYSTEM)
		ret = space_commit(buffer->range);
	else if (buffer->kind == MEMORY_LOCAL || buffer->kind == MEMORY_USER_QUEUE)
		ret = make_on_gpu(buffer, request);
	if (ret) {
		buffer_put(buffer);
		gsp_retire_run(&memory->retired);
		return ret;
	}
	*address = u64_to_ptr(buffer->start); /* before others can free it */
	memory_insert(buffer);
	return 0;
}

/*
 * Frees the buffer that starts at `address` (-ENOENT: none does).  Does not wait: what the GPUs have
 * to finish first is finished later, and the address is not used again before.  An error means that
 * a GPU refuses to let go; the buffer is kept, mapped in part, and can be freed again.
 */
int memory_free(struct memory *memory, void *address)
{
	struct buffer *buffer;
	int ret = memory_hold(memory, address, &buffer);

	if (ret)
		return ret;
	ret = buffer->start == ptr_to_u64(address) ? dismantle(buffer, false) : -ENOENT;
	if (ret) {
		buffer_update_mapped(buffer);
		memory_let_go(buffer);
		return ret;
	}
	memory_remove(buffer);
	buffer_put(buffer);
	gsp_retire_run(&memory->retired);
	return 0;
}

/* Whether the driver of a GPU took an allocation before, so that a refusal is not about the form of its private data. */
bool memory_form_known(const struct memory *memory, uint32_t gpu)
{
	return gpu < memory->count && atomic_load(&memory->gpus[gpu].form_known);
}

/* The gfx major number of a GPU, as configured; 0 for an index that is none. */
unsigned memory_gfx_major(const struct memory *memory, uint32_t gpu)
{
	return gpu < memory->count ? memory->gpus[gpu].gfx_major : 0;
}
