// SPDX-License-Identifier: MIT
/*
 * The private data of contexts, hardware queues and submissions, as AMD's kernel driver on the host
 * reads it.
 */
#ifndef KMD_QUEUE_H
#define KMD_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "dxg/uapi_types.h"
#include "kmd/layouts.h"

/* Which client the context claims to be of; when a driver refuses the first form, the next is tried once. */
enum kmd_context_form {
	KMD_CONTEXT_HSA = 0,	/* 0x40 bytes */
	KMD_CONTEXT_VULKAN = 1, /* 0x1A8 bytes, with a second section */
	KMD_CONTEXT_FORM_COUNT
};

struct kmd_context_request {
	bool firmware_managed_state; /* kmd_adapter.firmware_managed_state */
	enum kmd_context_form form;
};

/* Of contexts and queues: the host answers into it.  dxg_create_context() and _hwqueue() look for what is longer. */
struct kmd_context_blob {
	uint32_t size;
	uint8_t data[KMD_CONTEXT_LONG_SIZE] __attribute__((aligned(8)));
};

int kmd_context_encode(const struct kmd_context_request *request, struct kmd_context_blob *out);

struct kmd_hwqueue_request {
	bool firmware_managed_state;
	bool high_priority;
};

struct kmd_hwqueue_blob {
	uint32_t size;
	uint8_t data[KMD_HWQUEUE_BLOB_SIZE] __attribute__((aligned(8)));
};

int kmd_hwqueue_encode(const struct kmd_hwqueue_request *request, struct kmd_hwqueue_blob *out);
int kmd_hwqueue_decode(const struct kmd_hwqueue_blob *blob, uint32_t *queue_id);

struct kmd_submit_request {
	uint64_t commands;	  /* GPU address of the command buffer, a multiple of 4 */
	uint32_t length;	  /* bytes, a multiple of 4, not 0 */
	d3dkmt_handle user_queue; /* allocation of a software queue's ring memory, or 0 */
};

struct kmd_submit_blob {
	uint32_t size;
	uint8_t data[KMD_SUBMIT_BLOB_SIZE] __attribute__((aligned(8)));
};

int kmd_submit_encode(const struct kmd_submit_request *request, struct kmd_submit_blob *out);

#endif
