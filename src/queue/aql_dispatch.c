// SPDX-License-Identifier: MIT
/*
 * Kernel dispatches: what the packet processor of a real AQL queue does with the packet and the kernel's descriptor (LLVM
 * AMDGPU usage: kernel descriptor, initial kernel execution state; HSA 1.2: kernel dispatch packet).
 *
 * The errors are those the packet processor stores, by ROCr's reading of them (amd_aql_queue.cpp): dimensions 2, group
 * memory 4, code 8, packet 32, size of a group 64.
 */
#include <errno.h>
#include <string.h>

#include "queue/aql_translator.h"
#include "queue/signal.h"
#include "util/compiler.h"

#define GROUP_MAX	   1024U /* work-items, of a dimension and of all */
#define DESCRIPTOR_ALIGN   64U
#define CODE_ALIGN	   256U
#define SCRATCH_ALIGN	   256U
#define WAVE_SCRATCH_GRAIN 1024U /* a multiple of every generation's */

struct kernel {
	struct aql_kernel_descriptor descriptor;
	uint64_t code;
	bool wave32;
	uint32_t sgprs;
};

/* What a dispatch has of scratch. */
struct scratch {
	uint32_t tmpring;
	uint64_t base;
	uint64_t bytes;
};

static enum aql_fate check_shape(struct aql *aql, const struct aql_dispatch_packet *packet,
				 struct pm4_dispatch *dispatch)
{
	uint32_t dimensions = packet->setup & 3U, items = 1;

	if (!dimensions)
		return aql_refuse(aql, QUEUE_ERROR_INCOMPATIBLE_ARGUMENTS, "a dispatch of no dimension");
	for (uint32_t i = 0; i < 3; i++) {
		dispatch->group[i] = i < dimensions ? packet->group[i] : 1;
		dispatch->grid[i] = i < dimensions ? packet->grid[i] : 1;
		if (!dispatch->group[i] || !dispatch->grid[i])
			return aql_refuse(aql, QUEUE_ERROR_INCOMPATIBLE_ARGUMENTS,
					  "a dispatch with a dimension of size 0");
		if (dispatch->group[i] > GROUP_MAX)
			return aql_refuse(aql, QUEUE_ERROR_INVALID_ARGUMENT,
					  "a work-group that is too large");
		items *= dispatch->group[i];
	}
	if (items > GROUP_MAX)
		return aql_refuse(aql, QUEUE_ERROR_INVALID_ARGUMENT, "a work-group that is too large");
	return AQL_TAKEN;
}

static uint32_t count_sgprs(uint32_t properties)
{
	static const uint8_t sizes[] = {4, 2, 2, 2, 2, 2, 1};
	uint32_t count = 0;

	for (uint32_t i = 0; i < ARRAY_SIZE(sizes); i++)
		if (properties >> i & 1)
			count += sizes[i];
	return count;
}

/* What keeps a kernel from running on this generation; NULL: nothing. */
static const char *unfit(const struct kernel *kernel, enum pm4_generation generation)
{
	const struct aql_kernel_descriptor *descriptor = &kernel->descriptor;
	uint32_t properties = descriptor->properties, room = AQL_RSRC2_USER_SGPRS(descriptor->rsrc2);

	if (properties & ~AQL_PROPERTIES_KNOWN)
		return "a kernel that asks for what is not known";
	/* gfx11 and later have architected flat scratch */
	if (generation >= PM4_GFX11 && properties & (AQL_SGPR_PRIVATE_BUFFER | AQL_SGPR_FLAT_SCRATCH))
		return "a kernel that takes scratch in registers, for an older GPU";
	if (generation == PM4_GFX9 && (kernel->wave32 || descriptor->rsrc3))
		return "a kernel for a newer GPU";
	if (descriptor->kernarg_preload)
		return "a kernel whose arguments are to be preloaded, for another GPU";
	if (kernel->sgprs > room || room > PM4_USER_DATA_MAX)
		return "a kernel that has no room for its user registers";
	return NULL;
}

static enum aql_fate refuse_code(struct aql *aql, uint64_t address, const char *why)
{
	if (address && aql_is_lost(aql, address))
		why = "a kernel whose code was lost with the device";
	return aql_refuse(aql, QUEUE_ERROR_INVALID_CODE_OBJECT, why);
}

/* The descriptor is read each time: code may be replaced by other code at its address. */
static enum aql_fate read_kernel(struct aql *aql, uint64_t object, struct kernel *kernel)
{
	const struct aql_kernel_descriptor *descriptor = &kernel->descriptor;
	uint64_t va;
	const char *why;

	if (!object || !IS_ALIGNED(object, (uint64_t)DESCRIPTOR_ALIGN) ||
	    !aql_reach(aql, object, sizeof(*descriptor), &va))
		return refuse_code(aql, object, "a kernel object that cannot be read");
	memcpy(&kernel->descriptor, u64_to_ptr(object), sizeof(*descriptor));
	kernel->code = va + (uint64_t)descriptor->entry;
	kernel->wave32 = descriptor->properties & AQL_WAVE32;
	kernel->sgprs = count_sgprs(descriptor->properties);
	/* code can be in other memory than the descriptor; that it is executable, and mapped, is the GPU's to find */
	if (!IS_ALIGNED(kernel->code, (uint64_t)CODE_ALIGN) ||
	    !aql_reach(aql, object + (uint64_t)descriptor->entry, sizeof(uint32_t), NULL))
		return refuse_code(aql, object + (uint64_t)descriptor->entry,
				   "a kernel whose code is not there");
	why = unfit(kernel, queue_gpu_state(aql->queue)->generation);
	return why ? aql_refuse(aql, QUEUE_ERROR_INVALID_CODE_OBJECT, why) : AQL_TAKEN;
}

static enum aql_fate check_lds(struct aql *aql, const struct aql_dispatch_packet *packet,
			       const struct kernel *kernel)
{
	if (packet->group_bytes < kernel->descriptor.group_bytes ||
	    packet->group_bytes > queue_gpu_state(aql->queue)->gpu.lds_bytes)
		return aql_refuse(aql, QUEUE_ERROR_INVALID_ALLOCATION,
				  "less group memory than the kernel has, or more than there is");
	return AQL_TAKEN;
}

static uint32_t load32(const uint8_t *words, uint32_t offset)
{
	return __atomic_load_n((const uint32_t *)(const void *)(words + offset), __ATOMIC_RELAXED);
}

/* Scratch that the queue's user gave it, if that is enough. */
static bool users_scratch(const struct aql *aql, uint64_t wave_bytes, struct scratch *scratch)
{
	const uint8_t *words = aql->queue_words;

	if (!words)
		return false;
	scratch->tmpring = load32(words, AMD_QUEUE_TMPRING);
	scratch->base = load32(words, AMD_QUEUE_SCRATCH_BASE) |
			(uint64_t)load32(words, AMD_QUEUE_SCRATCH_BASE + 4) << 32;
	scratch->bytes = load32(words, AMD_QUEUE_SCRATCH_SRD + 2 * 4);
	return scratch->base && IS_ALIGNED(scratch->base, (uint64_t)SCRATCH_ALIGN) &&
	       pm4_tmpring_wave_bytes(queue_gpu_state(aql->queue)->generation, scratch->tmpring) >=
		       wave_bytes;
}

static enum aql_fate find_scratch(struct aql *aql, uint64_t lane_bytes, bool wave32, struct scratch *scratch)
{
	uint64_t wave_bytes = ALIGN_UP(lane_bytes * (wave32 ? 32 : 64), (uint64_t)WAVE_SCRATCH_GRAIN);
	struct scratch_view *view = &aql->scratch_view;
	int ret;

	*scratch = (struct scratch){0};
	if (!lane_bytes || users_scratch(aql, wave_bytes, scratch))
		return AQL_TAKEN;
	if (wave_bytes > UINT32_MAX)
		return aql_refuse(aql, QUEUE_ERROR_INVALID_ALLOCATION, "more scratch than a wave can have");
	if (wave_bytes > view->wave_bytes) {
		/* the block that the run uses is to be given back by a submission, and none is open while memory is had */
		if (aql->run.packets)
			return AQL_LATER;
		aql_run_drop(aql);
		ret = scratch_get(queue_gpu_state(aql->queue)->scratch, (uint32_t)wave_bytes,
				  aql->queue->lane, &aql->scratch, view);
		if (ret) {
			if (!aql->scratch)
				*view = (struct scratch_view){0};
			return ret == -E2BIG ? aql_refuse(aql, QUEUE_ERROR_INVALID_ALLOCATION,
							  "more scratch than the GPU has")
					     : aql_failed(aql, ret, "scratch memory");
		}
	}
	*scratch = (struct scratch){
		.tmpring = view->tmpring,
		.base = view->base,
		.bytes = view->bytes,
	};
	return AQL_TAKEN;
}

static void put32(struct pm4_dispatch *dispatch, uint32_t value)
{
	dispatch->user_data[dispatch->user_data_count++] = value;
}

static void put64(struct pm4_dispatch *dispatch, uint64_t value)
{
	put32(dispatch, (uint32_t)value);
	put32(dispatch, (uint32_t)(value >> 32));
}

/* The packet as the kernel reads it: a copy, for its slot belongs to the next producer soon. */
static uint64_t copy_packet(struct aql_run *run, const struct aql_dispatch_packet *packet)
{
	uint8_t *copy = run->copies + (size_t)run->copies_used++ * AQL_PACKET_BYTES;

	memcpy(copy, packet, sizeof(*packet));
	return ptr_to_u64(copy);
}

static void set_user_data(struct aql *aql, const struct aql_dispatch_packet *packet,
			  const struct kernel *kernel, const struct scratch *scratch, uint64_t lane_bytes,
			  struct pm4_dispatch *dispatch)
{
	uint32_t properties = kernel->descriptor.properties, resource[4];

	if (properties & AQL_SGPR_PRIVATE_BUFFER) {
		pm4_scratch_resource(queue_gpu_state(aql->queue)->generation, scratch->base, scratch->bytes,
				     kernel->wave32, resource);
		for (uint32_t i = 0; i < ARRAY_SIZE(resource); i++)
			put32(dispatch, resource[i]);
	}
	if (properties & AQL_SGPR_DISPATCH_PTR)
		put64(dispatch, copy_packet(&aql->run, packet));
	if (properties & AQL_SGPR_QUEUE_PTR)
		put64(dispatch, aql->queue_va);
	if (properties & AQL_SGPR_KERNARG_PTR)
		put64(dispatch, packet->kernarg);
	if (properties & AQL_SGPR_DISPATCH_ID)
		put64(dispatch, aql_front(aql));
	if (properties & AQL_SGPR_FLAT_SCRATCH)
		put64(dispatch, scratch->base);
	if (properties & AQL_SGPR_PRIVATE_BYTES)
		put32(dispatch, (uint32_t)lane_bytes);
	/* registers that it has beyond these would show what others left there */
	while (dispatch->user_data_count < AQL_RSRC2_USER_SGPRS(kernel->descriptor.rsrc2))
		put32(dispatch, 0);
}

/* Waves of one dispatch must not lose the block they run on to the register's next value. */
static void set_scratch(struct aql_run *run, const struct scratch *scratch, struct pm4_dispatch *dispatch)
{
	if (scratch->tmpring) {
		if (run->tmpring && !run->drained &&
		    (run->tmpring != scratch->tmpring || run->scratch_base != scratch->base)) {
			pm4_drain(&run->words);
			run->drained = true;
		}
		run->tmpring = scratch->tmpring;
		run->scratch_base = scratch->base;
	}
	dispatch->tmpring = run->tmpring;
	dispatch->scratch_base = run->tmpring ? run->scratch_base : 0;
}

static enum aql_fate write(struct aql *aql, const struct aql_dispatch_packet *packet,
			   const struct kernel *kernel, const struct scratch *scratch, uint64_t signal_va,
			   struct pm4_dispatch *dispatch)
{
	struct aql_run *run = &aql->run;
	/*
	 * What waves stored is there for the whole GPU when they are over, and who is told of that is told by a later packet, behind a
	 * drain of its own.  For others caches are to be written back, when they are over.
	 */
	bool wait = packet->completion || AQL_RELEASE(packet->header) == PM4_SCOPE_SYSTEM;

	run->batch.signal_is_last = false;
	aql_run_start_packet(aql, packet->header, signal_va);
	aql_run_acquire_dispatch(aql, (enum pm4_scope)AQL_ACQUIRE(packet->header));
	dispatch->code = kernel->code;
	dispatch->rsrc1 = kernel->descriptor.rsrc1;
	dispatch->rsrc2 = kernel->descriptor.rsrc2;
	dispatch->rsrc3 = kernel->descriptor.rsrc3;
	dispatch->lds_bytes = packet->group_bytes;
	dispatch->wave32 = kernel->wave32;
	memcpy(dispatch->cu_mask, aql->queue->se_mask, sizeof(dispatch->cu_mask));
	set_scratch(run, scratch, dispatch);
	pm4_dispatch(&run->words, &run->shadow, dispatch);
	run->drained = false;
	/* without the firmware's care registers can be lost when another process runs in between */
	if (!queue_gpu_state(aql->queue)->firmware_managed_state)
		pm4_shadow_forget(&run->shadow);
	return aql_run_end_packet(aql, packet->header, packet->completion, signal_va, wait);
}

enum aql_fate aql_dispatch(struct aql *aql, const struct aql_dispatch_packet *packet)
{
	uint64_t signal_va = 0, lane_bytes, ns;
	struct pm4_dispatch dispatch = {0};
	struct kernel kernel;
	struct scratch scratch;
	enum aql_fate fate = check_shape(aql, packet, &dispatch);

	if (fate == AQL_TAKEN)
		fate = read_kernel(aql, packet->kernel, &kernel);
	if (fate == AQL_TAKEN)
		fate = check_lds(aql, packet, &kernel);
	if (fate != AQL_TAKEN)
		return fate;
	if (kernel.descriptor.properties & AQL_SGPR_QUEUE_PTR && !aql->queue_words)
		return aql_refuse(aql, QUEUE_ERROR_INCOMPATIBLE_ARGUMENTS,
				  "a kernel that reads its queue, which is no amd_queue_t");
	if (packet->completion && !aql_reach_signal(aql, packet->completion, &signal_va))
		return aql_refuse(aql, QUEUE_ERROR_INVALID_PACKET, "a completion signal that is not there");
	if (packet->kernarg && !aql_reach(aql, packet->kernarg, 1, NULL) && aql_is_lost(aql, packet->kernarg))
		return aql_refuse(aql, QUEUE_ERROR_INVALID_ALLOCATION,
				  "a kernel whose arguments were lost with the device");
	lane_bytes = packet->private_bytes;
	/* waves that are started with scratch wait for a place in the ring: there has to be one, though they say no size */
	if (AQL_RSRC2_SCRATCH(kernel.descriptor.rsrc2))
		lane_bytes = MAX(MAX(lane_bytes, (uint64_t)kernel.descriptor.private_bytes), 1U);
	lane_bytes = ALIGN_UP(lane_bytes, (uint64_t)sizeof(uint32_t));
	fate = find_scratch(aql, lane_bytes, kernel.wave32, &scratch);
	if (fate != AQL_TAKEN)
		return fate;
	ns = aql->pace ? aql_pace_estimate(aql->pace, packet->kernel) : 0;
	fate = aql_run_open(aql, AQL_PACKET_ROOM, ns);
	if (fate != AQL_TAKEN)
		return fate;
	set_user_data(aql, packet, &kernel, &scratch, lane_bytes, &dispatch);
	fate = write(aql, packet, &kernel, &scratch, signal_va, &dispatch);
	if (fate == AQL_TAKEN || fate == AQL_TAKEN_LAST) {
		aql->run.ns += ns;
		if (aql->pace)
			aql_pace_count(aql->pace, packet->kernel, ns);
	}
	return fate;
}
