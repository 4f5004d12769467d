// SPDX-License-Identifier: MIT
#include "kmd/queue.h"

#include <errno.h>
#include <string.h>

#include "util/compiler.h"

#define CONTEXT_HEADER	      0x40U
#define CONTEXT_CLIENT_HSA    0x100U
#define CONTEXT_CLIENT_VULKAN 0x100000U

#define PRIORITY_NORMAL 1U
#define PRIORITY_HIGH	2U

#define SUBMIT_FORMAT	   6U
#define SUBMIT_HEADER	   8U
#define SUBMIT_ENTRY_BYTES (KMD_SUBMIT_BLOB_SIZE - SUBMIT_HEADER)
#define COMMAND_ALIGNMENT  4U
#define VA_END		   (1ULL << 48)

/*
 * Writes the private data of a context, in one of the forms that drivers are known to take.  -EINVAL: an unknown
 * form; *out is zeroed then.  Offsets and values: docs/private-data.md.
 */
int kmd_context_encode(const struct kmd_context_request *request, struct kmd_context_blob *out)
{
	bool vulkan = request->form == KMD_CONTEXT_VULKAN;
	uint32_t size = vulkan ? KMD_CONTEXT_LONG_SIZE : KMD_CONTEXT_BLOB_SIZE;
	struct blob_writer w = {&context_layout, out->data, size, 0};

	memset(out, 0, sizeof(*out));
	if ((uint32_t)request->form >= KMD_CONTEXT_FORM_COUNT)
		return -EINVAL;
	blob_write(&w, CONTEXT_HEADER_SIZE, CONTEXT_HEADER);
	blob_write(&w, CONTEXT_CLIENT, vulkan ? CONTEXT_CLIENT_VULKAN : CONTEXT_CLIENT_HSA);
	blob_write(&w, CONTEXT_FIRMWARE_STATE, request->firmware_managed_state);
	if (vulkan)
		blob_write(&w, CONTEXT_SECTION_SIZE, KMD_CONTEXT_LONG_SIZE - CONTEXT_HEADER);
	if (w.error) {
		memset(out, 0, sizeof(*out));
		return w.error;
	}
	out->size = size;
	return 0;
}

/* Writes the private data of a hardware queue.  Cannot fail but by a broken table. */
int kmd_hwqueue_encode(const struct kmd_hwqueue_request *request, struct kmd_hwqueue_blob *out)
{
	struct blob_writer w = {&hwqueue_layout, out->data, KMD_HWQUEUE_BLOB_SIZE, 0};

	memset(out, 0, sizeof(*out));
	blob_write(&w, HWQUEUE_SIZE, KMD_HWQUEUE_BLOB_SIZE);
	blob_write(&w, HWQUEUE_PRIORITY, request->high_priority ? PRIORITY_HIGH : PRIORITY_NORMAL);
	blob_write(&w, HWQUEUE_FIRMWARE_STATE, request->firmware_managed_state);
	if (w.error) {
		memset(out, 0, sizeof(*out));
		return w.error;
	}
	out->size = KMD_HWQUEUE_BLOB_SIZE;
	return 0;
}

/*
 * Reads what the host answered to a hardware queue: its number, which is for messages only.  Any number is
 * possible, and what else a driver writes into the rest is not known, so neither is judged.
 *
 * -EINVAL: no blob of kmd_hwqueue_encode(); *queue_id is 0 then.
 */
int kmd_hwqueue_decode(const struct kmd_hwqueue_blob *blob, uint32_t *queue_id)
{
	struct blob_reader r = {&hwqueue_layout, blob->data, KMD_HWQUEUE_BLOB_SIZE, 0};

	*queue_id = 0;
	if (blob->size != KMD_HWQUEUE_BLOB_SIZE)
		return -EINVAL;
	*queue_id = blob_read32(&r, HWQUEUE_ID);
	return r.error;
}

/*
 * Writes the private data of a submission of one command buffer, to a context or to a hardware queue; address
 * and length have to be those of the call.
 *
 * -EINVAL: no commands, an address or a length that is no multiple of 4, or a range that leaves the 48 bits of
 * GPU addresses; *out is zeroed then.
 */
int kmd_submit_encode(const struct kmd_submit_request *request, struct kmd_submit_blob *out)
{
	struct blob_writer w = {&submit_layout, out->data, KMD_SUBMIT_BLOB_SIZE, 0};

	memset(out, 0, sizeof(*out));
	if (!request->commands || !IS_ALIGNED(request->commands, (uint64_t)COMMAND_ALIGNMENT) ||
	    request->commands >= VA_END)
		return -EINVAL;
	if (!request->length || !IS_ALIGNED(request->length, COMMAND_ALIGNMENT) ||
	    request->length > VA_END - request->commands)
		return -EINVAL;
	blob_write(&w, SUBMIT_VERSION, SUBMIT_FORMAT);
	blob_write(&w, SUBMIT_ENTRY_COUNT, 1);
	blob_write(&w, SUBMIT_ENTRY_SIZE, SUBMIT_ENTRY_BYTES);
	blob_write(&w, SUBMIT_LENGTH, request->length);
	blob_write(&w, SUBMIT_COMMANDS, request->commands);
	blob_write(&w, SUBMIT_USER_QUEUE, request->user_queue);
	if (w.error) {
		memset(out, 0, sizeof(*out));
		return w.error;
	}
	out->size = KMD_SUBMIT_BLOB_SIZE;
	return 0;
}
