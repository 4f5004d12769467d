// SPDX-License-Identifier: MIT
/*
 * The structures that grew over the generations, written and read in the caller's layout.
 *
 * Fields were inserted and appended, never reordered, and 4-byte packing leaves no holes.  A structure of
 * any generation is therefore the newest one with the younger spans taken out, which is how it is described
 * here.  (libhsakmt's hsakmttypes.h of ROCm 5.2 to 7.2 and of rocm-systems, librocdxg's of 2026.)
 *
 * The 356-byte generation went through three orders of its last twelve bytes while they were being taken out
 * of reserve (ROCm 5.2 to 5.6).  The final order is written: older callers regard those bytes as reserved,
 * but for KFDGpuID and FamilyID of ROCm 5.3 to 5.5, which no runtime of that age reads.
 */
#include <string.h>

#include "abi/abi.h"
#include "util/compiler.h"

/* A run of fields that appeared together. */
struct span {
	uint16_t since; /* generation */
	uint16_t offset;
	uint16_t size;
};

struct grown {
	const struct span *spans;
	size_t count;
};

#define SPAN(since, type, first, last)                                                              \
	{                                                                                           \
		(since), offsetof(type, first),                                                     \
			offsetof(type, last) + sizeof(((type *)NULL)->last) - offsetof(type, first) \
	}
#define GROWN(spans)                       \
	{                                  \
		(spans), ARRAY_SIZE(spans) \
	}

static const struct span node_spans[] = {
	SPAN(356, HsaNodeProperties, NumCPUCores, NumFComputeCores),
	SPAN(364, HsaNodeProperties, NumNeuralCores, NumNeuralCores),
	SPAN(356, HsaNodeProperties, NumMemoryBanks, Capability),
	SPAN(368, HsaNodeProperties, Capability2, Capability2),
	SPAN(356, HsaNodeProperties, MaxWavesPerSIMD, EngineId),
	SPAN(360, HsaNodeProperties, OverrideEngineId, OverrideEngineId),
	SPAN(356, HsaNodeProperties, VendorId, FamilyID),
	SPAN(376, HsaNodeProperties, CwsrSize, CtlStackSize),
	SPAN(392, HsaNodeProperties, LuidLowPart, WallClockKHz),
	SPAN(396, HsaNodeProperties, FabricHandleSupported, FabricHandleSupported),
};

static const struct span cache_spans[] = {
	SPAN(356, HsaCacheProperties, ProcessorIdLow, SiblingMap),
	SPAN(396, HsaCacheProperties, PersistingCacheSizeMax, PersistingCacheSizeMax),
};

static const struct span io_link_spans[] = {
	SPAN(356, HsaIoLinkProperties, IoLinkType, RecTransferSize),
	SPAN(360, HsaIoLinkProperties, RecSdmaEngIdMask, RecSdmaEngIdMask),
	SPAN(356, HsaIoLinkProperties, Flags, Flags),
};

static const struct span queue_resource_spans[] = {
	SPAN(356, HsaQueueResource, QueueId, ErrorReason),
	SPAN(396, HsaQueueResource, SdmaProgressFenceVA, SdmaHwQueueEpilogueBytes),
};

static const struct span queue_info_spans[] = {
	SPAN(356, HsaQueueInfo, QueueDetailError, Reserved2),
	SPAN(396, HsaQueueInfo, SaveAreaAllocSize, SaveAreaAllocSize),
};

static const struct span graphics_info_spans[] = {
	SPAN(356, HsaGraphicsResourceInfo, MemoryAddress, NodeId),
	SPAN(396, HsaGraphicsResourceInfo, SizeHintInBytes, SizeHintInBytes),
};

static const struct grown node = GROWN(node_spans);
static const struct grown cache = GROWN(cache_spans);
static const struct grown io_link = GROWN(io_link_spans);
static const struct grown queue_resource = GROWN(queue_resource_spans);
static const struct grown queue_info = GROWN(queue_info_spans);
static const struct grown graphics_info = GROWN(graphics_info_spans);

static size_t grown_size(const struct grown *type, unsigned generation)
{
	size_t size = 0;

	for (size_t i = 0; i < type->count; i++)
		if (type->spans[i].since <= generation)
			size += type->spans[i].size;
	return size;
}

/* Returns the bytes written, grown_size() of them. */
static size_t grown_write(const struct grown *type, unsigned generation, const void *canonical, void *caller)
{
	const uint8_t *from = canonical;
	uint8_t *to = caller;

	for (size_t i = 0; i < type->count; i++) {
		const struct span *span = &type->spans[i];

		if (span->since > generation)
			continue;
		memcpy(to, from + span->offset, span->size);
		to += span->size;
	}
	return (size_t)(to - (uint8_t *)caller);
}

/* Fields the caller does not know become zero. */
static void grown_read(const struct grown *type, unsigned generation, const void *caller, void *canonical)
{
	const uint8_t *from = caller;
	uint8_t *to = canonical;

	for (size_t i = 0; i < type->count; i++) {
		const struct span *span = &type->spans[i];

		if (span->since > generation) {
			memset(to + span->offset, 0, span->size);
			continue;
		}
		memcpy(to + span->offset, from, span->size);
		from += span->size;
	}
}

/* Bytes of the caller's structures; arrays have these strides. */
size_t abi_node_properties_size(struct abi_layout layout)
{
	return layout.node_properties;
}

size_t abi_cache_size(struct abi_layout layout)
{
	return grown_size(&cache, layout.generation);
}

size_t abi_io_link_size(struct abi_layout layout)
{
	return grown_size(&io_link, layout.generation);
}

size_t abi_queue_resource_size(struct abi_layout layout)
{
	return grown_size(&queue_resource, layout.generation);
}

size_t abi_queue_info_size(struct abi_layout layout)
{
	return grown_size(&queue_info, layout.generation);
}

size_t abi_graphics_info_size(struct abi_layout layout)
{
	return grown_size(&graphics_info, layout.generation);
}

/* What a caller newer than this library has beyond the newest known field is zeroed. */
void abi_write_node_properties(struct abi_layout layout, const HsaNodeProperties *props, void *caller)
{
	size_t written = grown_write(&node, layout.generation, props, caller);

	memset((uint8_t *)caller + written, 0, layout.node_properties - written);
}

void abi_write_caches(struct abi_layout layout, const HsaCacheProperties *caches, size_t count, void *caller)
{
	uint8_t *to = caller;

	for (size_t i = 0; i < count; i++)
		to += grown_write(&cache, layout.generation, &caches[i], to);
}

void abi_write_io_links(struct abi_layout layout, const HsaIoLinkProperties *links, size_t count,
			void *caller)
{
	uint8_t *to = caller;

	for (size_t i = 0; i < count; i++)
		to += grown_write(&io_link, layout.generation, &links[i], to);
}

/*
 * The part every generation has.  The SDMA tail is the thunk's to write, never the caller's, and a caller of
 * the newest generation may lack it (see abi_write_queue_resource()): it comes back zero.
 */
void abi_read_queue_resource(struct abi_layout layout, const void *caller, HsaQueueResource *resource)
{
	(void)layout;
	grown_read(&queue_resource, 356, caller, resource);
}

/*
 * The tail was added while HsaNodeProperties stayed at 396 bytes, so that generation's callers come with and
 * without it and cannot be told apart.  It is written only when it says something, which it does for the
 * SDMA queues of runtimes that look for it.
 */
void abi_write_queue_resource(struct abi_layout layout, const HsaQueueResource *resource, void *caller)
{
	bool tail = resource->SdmaProgressFenceVA || resource->SdmaHwQueueEpilogueBytes;

	grown_write(&queue_resource, tail ? layout.generation : 356, resource, caller);
}

void abi_write_queue_info(struct abi_layout layout, const HsaQueueInfo *info, void *caller)
{
	grown_write(&queue_info, layout.generation, info, caller);
}

/* SizeHintInBytes is an input; the other fields are outputs. */
void abi_read_graphics_info(struct abi_layout layout, const void *caller, HsaGraphicsResourceInfo *info)
{
	grown_read(&graphics_info, layout.generation, caller, info);
}

void abi_write_graphics_info(struct abi_layout layout, const HsaGraphicsResourceInfo *info, void *caller)
{
	grown_write(&graphics_info, layout.generation, info, caller);
}
