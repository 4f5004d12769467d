// SPDX-License-Identifier: MIT
/*
 * What becomes of memory when a GPU gets its next device (gsp/gpu.h).
 *
 * Kernels follow any pointer to memory that is mapped, so that all of the host's has to be there before the first of them can run:
 * it is put on the new device while nobody else can submit there.  The order is that of the host: what the lost device has is
 * destroyed first, then addresses are reserved where they are not yet, then everything is mapped, and the page-table work is over
 * when the device is told to the others.
 *
 * Other threads allocate, map, unmap, register and free meanwhile.  What they put on the GPU goes to the new device from the moment
 * on when its addresses are there (memory_gpu.next), and to none before: the old one is lost.  Each buffer and registration is
 * changed by one thread at a time, whoever comes first puts it there and the other finds it done.  Who left something to the
 * renewal did so while holding it, before that moment; the walks begin after it and pass all that is held.
 *
 * GPU memory that is left on a lost device is its users' to free, or the library's own (MEMORY_INTERNAL).
 */
#include "memory/renewal.h"

#include <string.h>

#include "gsp/fence.h"
#include "memory/backing.h"
#include "memory/placement.h"
#include "memory/slab.h"
#include "memory/user_renewal.h"
#include "util/log.h"

#define PAGING_NS 10000000000ULL /* what page-table work may take */
#define UNDO_NS	  100000000ULL	 /* what taking everything off a device may take that nobody used */
#define STAGES	  3U		 /* pins, then their allocations, then their reservations */

static void end_unused(struct memory *memory)
{
	for (unsigned stage = 0; stage < STAGES && gsp_retire_run(&memory->retired); stage++)
		;
}

/* Takes off a GPU what is gone with its device; notes of what is to be there stay. */
static void leave(struct memory *memory, unsigned gpu)
{
	struct buffer *buffer;
	uint64_t below = UINT64_MAX;

	while (!memory_hold_below(memory, below, &buffer)) {
		below = buffer->start;
		buffer_leave(buffer, gpu);
		memory_publish(buffer);
		memory_let_go(buffer);
	}
	users_leave(memory->users, gpu);
	end_unused(memory);
}

/* Puts on a GPU what is noted to be there; *fence: what is to be waited for. */
static int come_back(struct memory *memory, unsigned gpu, uint64_t *fence)
{
	struct buffer *buffer;
	uint64_t below = UINT64_MAX;
	int ret = 0;

	while (!ret && !memory_hold_below(memory, below, &buffer)) {
		const struct node_set *nodes = buffer->nodes;
		struct slab *slab = buffer->face ? slab_pin(buffer) : NULL;

		below = buffer->start;
		ret = buffer_renew(buffer, gpu, fence);
		if (nodes != buffer->nodes) {
			log_warn("GPU %u: memory at %#llx is not there any more: its addresses are taken",
				 gpu, (unsigned long long)buffer->start);
			if (buffer->face)
				slab_moved(buffer);
			memory_publish(buffer);
		}
		memory_let_go(buffer);
		if (slab)
			slab_unpin(slab);
	}
	return ret ? ret : users_renew(memory->users, gpu, fence);
}

/* Ends what was put on a device that is not going to be used, while it still does what it is asked for. */
static void undo(struct memory *memory, unsigned gpu)
{
	leave(memory, gpu);
	if (gsp_retire_drain(&memory->retired, UNDO_NS))
		log_debug("GPU %u: something is still to be ended", gpu);
}

/* With device->next being the next device. */
static int put_on_next(struct memory *memory, unsigned gpu, struct gsp_device *next)
{
	const struct gsp_handles *handles;
	uint64_t fence = 0;
	int ret = gsp_device_open(next, &handles);

	if (!ret)
		ret = come_back(memory, gpu, &fence);
	if (!ret && fence)
		ret = gsp_fence_wait(next, handles->paging.fence, handles->paging.value, fence, PAGING_NS);
	return ret;
}

/* A gsp_gpu_renew_callback. */
static int renewed(void *arg, struct gsp_gpu *gsp, struct gsp_device *lost, struct gsp_device *fresh)
{
	struct memory *memory = arg;
	uint32_t gpu = 0;
	int ret;

	while (memory->gpus[gpu].gsp != gsp)
		gpu++;
	leave(memory, gpu);
	slabs_forget(memory, gpu);
	end_unused(memory);
	ret = space_renew(memory->space, gpu, fresh);
	if (ret)
		return ret;
	atomic_fetch_or(&memory->renewing, 1ULL << gpu);
	atomic_store(&memory->gpus[gpu].next, fresh);
	ret = put_on_next(memory, gpu, fresh);
	if (ret) {
		/* nothing is put there any more that the second walk would miss */
		atomic_store(&memory->gpus[gpu].next, lost);
		undo(memory, gpu);
	}
	atomic_fetch_and(&memory->renewing, ~(1ULL << gpu));
	return ret;
}

/* Hears of the next devices of all GPUs from now on. */
void memory_listen(struct memory *memory)
{
	for (uint32_t i = 0; i < memory->count; i++) {
		struct memory_gpu *gpu = &memory->gpus[i];

		gpu->listener = (struct gsp_gpu_listener){.renewed = renewed, .arg = memory};
		gsp_gpu_listen(gpu->gsp, &gpu->listener);
	}
}

/* Hears of them no more; nobody may be using the GPUs. */
void memory_unlisten(struct memory *memory)
{
	for (uint32_t i = 0; i < memory->count; i++)
		gsp_gpu_unlisten(memory->gpus[i].gsp, &memory->gpus[i].listener);
}
