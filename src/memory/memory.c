// SPDX-License-Identifier: MIT
/* The life of the memory and of its buffers: made, allocated, freed, taken down. */
#include "memory/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kmd/forms.h"
#include "memory/backing.h"
#include "memory/buffer.h"
#include "memory/reference.h"
#include "memory/renewal.h"
#include "memory/slab.h"
#include "memory/step.h"
#include "memory/user.h"
#include "util/compiler.h"
#include "util/ending.h"

#define GPU_GRAIN (64ULL << 10) /* of VRAM's addresses */
#define CLOSE_NS  5000000000ULL
#define EXIT_NS	  1000000000ULL /* of exit() without a close: the kernel is behind it */

static uint64_t host_size(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGE_SIZE);

	return pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : UINT64_MAX;
}

/*
 * The memory over `count` GPUs, none being allowed; nothing is asked of the host yet.  The order of
 * the configuration gives the GPUs their indices.  -EINVAL; -ENOMEM.
 */
int memory_create(const struct memory_gpu_config *gpus, uint32_t count, struct memory **out)
{
	struct gsp_gpu *gsp[MEMORY_MAX_GPUS];
	uint32_t nodes[MEMORY_MAX_GPUS];
	struct memory *memory;
	uint64_t local = 0;
	int ret;

	*out = NULL;
	if (count > MEMORY_MAX_GPUS)
		return -EINVAL;
	/* parts of it have cache lines of their own, which calloc() knows nothing of */
	memory = aligned_alloc(_Alignof(struct memory), sizeof(*memory));
	if (!memory)
		return -ENOMEM;
	memset(memory, 0, sizeof(*memory));
	memory->count = count;
	memory->host_size = host_size();
	for (uint32_t i = 0; i < count; i++) {
		const struct kmd_adapter *info = gpus[i].info;
		struct memory_gpu *gpu = &memory->gpus[i];
		int known = kmd_form_taken(info->luid, KMD_FORM_OF_ALLOCATION);

		gsp[i] = gpus[i].gsp;
		nodes[i] = gpus[i].node;
		gpu->gsp = gpus[i].gsp;
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
	ret = node_sets_init(&memory->node_sets, nodes, count);
	if (!ret)
		ret = space_create(gsp, count, local, &memory->space);
	memory_table_init(memory);
	gsp_retire_list_init(&memory->retired);
	turn_init(&memory->parts);
	if (!ret)
		ret = slabs_create(memory);
	if (!ret)
		ret = users_create(memory);
	memory_listen(memory);
	if (ret) {
		memory_destroy(memory);
		return ret;
	}
	*out = memory;
	return 0;
}

/*
 * GPU memory of the user's counts on its device until it is freed (gsp/gpu.h), but not the library's own, as slabs are:
 * their pieces count.  NULL: it does not.
 */
static struct gsp_device *counted_on(const struct buffer *buffer)
{
	bool counts = (buffer->kind == MEMORY_LOCAL || buffer->kind == MEMORY_PHYSICAL) &&
		      !(buffer->flags & MEMORY_INTERNAL) && !buffer->face;

	return counts ? buffer->device : NULL;
}

/* Ends a buffer that is in no table any more; the last that is done about it is that it does not count. */
static void end_buffer(struct buffer *buffer)
{
	struct gsp_device *device = counted_on(buffer);

	buffer_retire(buffer);
	if (device)
		gsp_device_drop_contents(device);
}

/*
 * Ends the process' memory with everything still in it: evict, unmap, destroy, release of the
 * addresses.  Nobody may be using it, nor may any queue be left on its GPUs.  NULL is allowed.
 */
void memory_destroy(struct memory *memory)
{
	struct buffer *buffer;

	if (!memory)
		return;
	if (memory->users)
		users_destroy(memory);
	if (memory->slabs)
		slabs_destroy(memory);
	while ((buffer = memory_first(memory))) {
		memory_remove(buffer);
		end_buffer(buffer);
	}
	gsp_retire_drain(&memory->retired, ending_begun() ? EXIT_NS : CLOSE_NS);
	gsp_retire_list_destroy(&memory->retired);
	turn_destroy(&memory->parts);
	space_destroy(memory->space);
	memory_table_destroy(memory);
	node_sets_destroy(&memory->node_sets);
	memory_unlisten(memory);
	for (uint32_t i = 0; i < memory->count; i++)
		turn_destroy(&memory->gpus[i].form_search);
	free(memory);
}

/* Whether there is VRAM that the CPU sees, whose pages go with it. */
bool memory_is_locked(const struct memory *memory)
{
	return atomic_load(&memory->locks);
}

/* Whether memory of a kind is on one GPU and nowhere else. */
static bool is_of_gpu(enum memory_kind kind)
{
	return kind == MEMORY_LOCAL || kind == MEMORY_SCRATCH || kind == MEMORY_USER_QUEUE ||
	       kind == MEMORY_PHYSICAL;
}

static bool is_vram(enum memory_kind kind)
{
	return kind == MEMORY_LOCAL || kind == MEMORY_PHYSICAL;
}

static int check_placement(const struct memory_request *request)
{
	uint64_t grain = request->kind == MEMORY_LOCAL ? GPU_GRAIN : (uint64_t)DXG_PAGE_SIZE;
	bool fixed = request->flags & MEMORY_FIXED_ADDRESS;

	if (request->alignment && !IS_POWER_OF_TWO(request->alignment))
		return -EINVAL;
	if (fixed &&
	    (!request->fixed || !IS_ALIGNED(ptr_to_u64(request->fixed), MAX(request->alignment, grain))))
		return -EINVAL;
	if (request->highest && (fixed || request->lowest >= request->highest ||
				 !IS_ALIGNED(request->lowest | request->highest, (uint64_t)DXG_PAGE_SIZE)))
		return -EINVAL;
	/* the kernel chooses where the CPU sees VRAM; memory without an address has no place */
	if ((request->flags & MEMORY_CPU_VISIBLE || request->kind == MEMORY_PHYSICAL) &&
	    (fixed || request->highest || request->alignment > GPU_GRAIN))
		return -EINVAL;
	return request->flags & MEMORY_CPU_VISIBLE && request->kind != MEMORY_LOCAL ? -EINVAL : 0;
}

static int check_request(const struct memory *memory, const struct memory_request *request)
{
	if (!request->size || request->kind > MEMORY_PHYSICAL || request->flags & ~MEMORY_ALL_FLAGS)
		return -EINVAL;
	if (request->size > KMD_ALLOCATION_MAX_SIZE)
		return is_vram(request->kind) ? -ENOSPC : -ENOMEM;
	if (request->gpu >= memory->count && (is_of_gpu(request->kind) || request->gpu != MEMORY_HOST))
		return -EINVAL;
	/* memory for GPUs is pinned: more than there is can never be had */
	if (request->kind == MEMORY_SYSTEM && request->size > memory->host_size)
		return -ENOMEM;
	if (is_vram(request->kind)) {
		uint64_t limit = memory->gpus[request->gpu].local_size;

		if (limit && request->size > limit)
			return -ENOSPC;
	}
	return check_placement(request);
}

/* Makes a buffer and has it found, in this order: it may be freed by somebody else as soon as it is. */
static int make_buffer(struct memory *memory, const struct memory_request *request, void **address)
{
	struct gsp_device *device;
	struct buffer *buffer;
	int ret = buffer_create(memory, request, &buffer);

	if (ret)
		return ret;
	device = counted_on(buffer);
	if (device)
		gsp_device_add_contents(device);
	*address = u64_to_ptr(buffer->start);
	/* one that is lost from now on is not renewed without a look at what was counted */
	ret = device && gsp_device_is_lost(device) ? -ENODEV : memory_insert(buffer);
	if (!ret)
		return 0;
	*address = NULL;
	end_buffer(buffer);
	return ret;
}

/*
 * Allocates.  System memory is zero-filled and the CPU's at once; what is on no GPU yet gets there by
 * memory_map().  The address is the same everywhere, page-aligned or better: 64 KiB from that size on
 * and for all GPU memory, 2 MiB from 2 MiB on, more if asked for.  memory_last_step() names the step that failed.
 *
 * A GPU that is lost is renewed first when its memory is asked for; -ENODEV if that may not be.  Not from a gsp_gpu_listener.
 */
int memory_alloc(struct memory *memory, const struct memory_request *request, void **address)
{
	int ret;

	*address = NULL;
	memory_step(MEMORY_STEP_NONE);
	ret = check_request(memory, request);
	if (!ret && is_of_gpu(request->kind))
		ret = gsp_gpu_renew(memory->gpus[request->gpu].gsp);
	if (ret)
		return ret;
	gsp_retire_run(&memory->retired);
	if (!(request->flags & MEMORY_ALONE) && slab_serves(memory, request)) {
		ret = slab_alloc(memory, request, address);
		/* there may be room for the block where there is none for a slab */
		if (ret != -ENOSPC && ret != -ENOMEM)
			return ret;
	}
	return make_buffer(memory, request, address);
}

/*
 * Frees what starts at `address` (-ENOENT: nothing does).  Does not wait: what the GPUs have to finish first is finished
 * later, and the address is not used again before.  While they are busy nothing is asked of the host.
 */
int memory_free(struct memory *memory, void *address)
{
	struct buffer *buffer;
	int ret = memory_get(memory, address, &buffer);

	if (ret)
		return ret;
	if (buffer->face)
		ret = slab_free(buffer, address);
	else if (buffer->start != ptr_to_u64(address))
		ret = -ENOENT;
	else
		ret = memory_hold_buffer(buffer);
	if (!ret && !buffer->face) {
		memory_remove(buffer);
		end_buffer(buffer);
	}
	buffer_put(buffer);
	return ret;
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

/* Ends what was freed and is over by now.  Allocating does so too; this is for when nobody allocates. */
void memory_run(struct memory *memory)
{
	gsp_retire_run(&memory->retired);
}

/*
 * Bytes of a GPU's own memory that the library keeps and would give back for want of memory; *offered is the part of them
 * that the host was offered already, which Windows does not count as this process' usage any more, while it stays in
 * its place.  What was freed and is over is ended first, so that it is not counted either.
 */
uint64_t memory_spare(struct memory *memory, uint32_t gpu, uint64_t *offered)
{
	uint64_t cached;

	*offered = 0;
	if (gpu >= memory->count)
		return 0;
	gsp_retire_run(&memory->retired);
	cached = slabs_cached(memory, gpu);
	*offered = MIN(slabs_offered(memory, gpu), cached);
	return cached;
}
