// SPDX-License-Identifier: MIT
/*
 * The life of queues, with arguments that a caller may get wrong.  Nothing is published: what packets do is fuzz_rings'.
 *
 * What a queue was created on stays as long as the queue, which is its caller's to care for.
 */
#include <string.h>

#include "fuzz_api.h"

#define MAX_QUEUES     6u
#define MASK_WORDS     256u
#define RESOURCE_BYTES 40u /* without the tail, which is written for nobody yet */

struct queue {
	HSA_QUEUEID id; /* 0: a free place */
	bool sdma;
	uintptr_t ring;
	HSAuint64 ring_bytes;
	uintptr_t indices[2]; /* the caller's; 0: the library's own */
};

static struct queue queues[MAX_QUEUES];
static HSAint64 errors[MAX_QUEUES];

void forget_queues(void)
{
	memset(queues, 0, sizeof(queues));
}

void destroy_queues(void)
{
	for (unsigned int i = 0; i < MAX_QUEUES; i++)
		if (queues[i].id)
			REQUIRE(hsaKmtDestroyQueue(queues[i].id) == HSAKMT_STATUS_SUCCESS);
	forget_queues();
}

static bool overlap(uintptr_t a, uint64_t a_size, uintptr_t b, uint64_t b_size)
{
	return a < b + b_size && b < a + a_size;
}

bool queues_use(const void *address, uint64_t size)
{
	uintptr_t start = (uintptr_t)address;

	for (unsigned int i = 0; i < MAX_QUEUES; i++) {
		const struct queue *queue = &queues[i];

		if (!queue->id)
			continue;
		if (overlap(start, size, queue->ring, queue->ring_bytes) ||
		    overlap(start, size, queue->indices[0], sizeof(HSAuint64)) ||
		    overlap(start, size, queue->indices[1], sizeof(HSAuint64)))
			return true;
	}
	return false;
}

/* One of those there are, or a number that is none or was one. */
static HSA_QUEUEID take_queue(struct input *input)
{
	uint32_t choice = take(input);
	HSA_QUEUEID id = queues[choice % MAX_QUEUES].id;

	if (choice < 200)
		return id;
	return choice < 240 ? id + choice % 4 : take_bytes(input, 8);
}

static HSAuint64 take_ring_bytes(struct input *input)
{
	uint32_t choice = take(input);

	return choice < 200 ? 1ULL << (6 + choice % 12) : take_size(input);
}

static HSA_QUEUE_PRIORITY take_priority(struct input *input)
{
	uint32_t choice = take(input);

	return choice < 240 ? (HSA_QUEUE_PRIORITY)((int)choice % 7 - 3)
			    : (HSA_QUEUE_PRIORITY)(int)take_bytes(input, 4);
}

static HSA_QUEUE_TYPE take_type(struct input *input)
{
	static const HSA_QUEUE_TYPE served[] = {HSA_QUEUE_COMPUTE_AQL, HSA_QUEUE_COMPUTE, HSA_QUEUE_SDMA,
						HSA_QUEUE_SDMA_BY_ENG_ID, HSA_QUEUE_SDMA_XGMI};
	uint32_t choice = take(input);

	return choice < 220 ? served[choice % 5] : (HSA_QUEUE_TYPE)(choice % 25);
}

static bool is_ring_of_words(HSA_QUEUE_TYPE type)
{
	return type != HSA_QUEUE_COMPUTE_AQL;
}

void call_create_queue(struct input *input)
{
	unsigned int place = take(input) % MAX_QUEUES;
	HSA_QUEUE_TYPE type = take_type(input);
	HSA_QUEUE_PRIORITY priority = take_priority(input);
	uint32_t how = take(input);
	HSAuint32 node = take_node(input), percentage = how & 0x40 ? take(input) : 100;
	void *ring = take_address(input);
	HSAuint64 bytes = take_ring_bytes(input), behind = (uintptr_t)ring + bytes;
	HsaEvent *event = how & 0x20 ? take_event(input) : NULL;
	/* of that size and no more, whatever the layout has */
	HsaQueueResource *resource = malloc(RESOURCE_BYTES), filled = {0};
	struct queue *queue = &queues[place];
	HSAKMT_STATUS status;

	REQUIRE(resource);
	filled.QueueWptrValue = how & 0x10 ? (uintptr_t)take_address(input) : behind;
	filled.QueueRptrValue = how & 0x10 ? (uintptr_t)take_address(input) : behind + 72;
	filled.ErrorReason = how & 8 ? NULL : &errors[place];
	memcpy(resource, &filled, RESOURCE_BYTES);
	switch (queue->id ? 3 : how % 4) {
	case 0:
		status = hsaKmtCreateQueue(node, type, percentage, priority, ring, bytes, event, resource);
		break;
	case 1:
		status = hsaKmtCreateQueueExt(node, type, percentage, priority, take(input), ring, bytes,
					      event, resource);
		break;
	case 2:
		status = hsaKmtCreateQueueV2(node, type, percentage, priority, take(input), ring, bytes,
					     how & 0x80 ? take_size(input) : 0, event, resource);
		break;
	default:
		status = hsaKmtCreateQueueExt(node, type, percentage, priority, 0, ring, bytes, event, NULL);
		REQUIRE(status != HSAKMT_STATUS_SUCCESS);
	}
	if (status == HSAKMT_STATUS_SUCCESS) {
		memcpy(&filled, resource, RESOURCE_BYTES);
		REQUIRE(filled.QueueId && filled.QueueDoorBell && filled.QueueWptrValue &&
			filled.QueueRptrValue);
		*queue = (struct queue){
			.id = filled.QueueId,
			.sdma = type != HSA_QUEUE_COMPUTE && type != HSA_QUEUE_COMPUTE_AQL,
			.ring = (uintptr_t)ring,
			.ring_bytes = bytes,
		};
		if (!is_ring_of_words(type)) {
			queue->indices[0] = (uintptr_t)filled.QueueWptrValue;
			queue->indices[1] = (uintptr_t)filled.QueueRptrValue;
		}
	}
	free(resource);
}

static bool is_there(HSA_QUEUEID id)
{
	for (unsigned int i = 0; i < MAX_QUEUES; i++)
		if (id && queues[i].id == id)
			return true;
	return false;
}

static void destroy(HSA_QUEUEID id)
{
	bool there = is_there(id);

	REQUIRE((hsaKmtDestroyQueue(id) == HSAKMT_STATUS_SUCCESS) == there);
	for (unsigned int i = 0; i < MAX_QUEUES; i++)
		if (id && queues[i].id == id)
			queues[i].id = 0;
	REQUIRE(hsaKmtDestroyQueue(id) != HSAKMT_STATUS_SUCCESS);
}

static void describe(HSA_QUEUEID id)
{
	/* of the size before the newest tail, where that is not asked for */
	size_t size = sizeof(HsaQueueInfo) - (newest_layout() ? 0 : sizeof(HSAuint64));
	HsaQueueInfo *info = malloc(size);
	HSAuint32 bits, any = 0;

	REQUIRE(info);
	if (hsaKmtGetQueueInfo(id, info) == HSAKMT_STATUS_SUCCESS) {
		REQUIRE(is_there(id));
		bits = info->NumCUAssigned;
		REQUIRE(bits && !(bits % 32) && bits / 32 <= MASK_WORDS);
		for (HSAuint32 i = 0; i < bits / 32; i++)
			any |= info->CUMaskInfo[i];
		REQUIRE(any);
	}
	free(info);
	REQUIRE(hsaKmtGetQueueInfo(id, NULL) != HSAKMT_STATUS_SUCCESS);
}

static void mask(struct input *input, HSA_QUEUEID id)
{
	uint32_t choice = take(input), words = choice % 9;
	HSAuint32 count = words * 32, *mask;

	/* a number that is refused before the words are looked at */
	if (choice >= 240)
		count = choice & 1 ? (MASK_WORDS + 1 + choice % 4) * 32 : count + 1;
	mask = malloc(words * sizeof(*mask) + 1);
	REQUIRE(mask);
	for (uint32_t i = 0; i < words; i++)
		mask[i] = choice & 32 ? ~0u : (HSAuint32)take_bytes(input, 2);
	if (hsaKmtSetQueueCUMask(id, count, mask) == HSAKMT_STATUS_SUCCESS)
		REQUIRE(is_there(id) && words && count == words * 32);
	free(mask);
	REQUIRE(hsaKmtSetQueueCUMask(id, 32, NULL) != HSAKMT_STATUS_SUCCESS);
}

/* Other rings are tried, and the one it has put back, for the next look at it may be at any time. */
static void update(struct input *input, HSA_QUEUEID id)
{
	HSAuint32 percentage = take(input);
	HSA_QUEUE_PRIORITY priority = take_priority(input);
	void *ring = take_address(input);
	HSAuint64 bytes = take_ring_bytes(input);
	HsaEvent *event = take_event(input);

	for (unsigned int i = 0; i < MAX_QUEUES; i++) {
		if (!id || queues[i].id != id)
			continue;
		if (percentage < 128)
			ring = (void *)queues[i].ring;
		/* one that is there takes the place of the other */
		if (hsaKmtUpdateQueue(id, percentage, priority, ring, bytes, event) ==
			    HSAKMT_STATUS_SUCCESS &&
		    ring)
			REQUIRE(hsaKmtUpdateQueue(id, 100, HSA_QUEUE_PRIORITY_NORMAL, (void *)queues[i].ring,
						  0, NULL) == HSAKMT_STATUS_SUCCESS);
		return;
	}
	REQUIRE(hsaKmtUpdateQueue(id, percentage, priority, ring, bytes, event) != HSAKMT_STATUS_SUCCESS);
}

void call_queue(struct input *input)
{
	uint32_t which = take(input);
	HSA_QUEUEID id = take_queue(input);

	switch (which % 6) {
	case 0:
		destroy(id);
		break;
	case 1:
		describe(id);
		break;
	case 2:
		mask(input, id);
		break;
	case 3:
		update(input, id);
		break;
	default:
		REQUIRE((hsaKmtQueueRingDoorbell(id, take_size(input)) == HSAKMT_STATUS_SUCCESS) ==
			is_there(id));
	}
}
