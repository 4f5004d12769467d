// SPDX-License-Identifier: MIT
#include "dxgsim/host/amd_submit.h"

#include "dxgsim/host/amd_adapter.h"
#include "dxgsim/host/amd_blob.h"

#define HEADER_SIZE  0x08u
#define ENTRY_SIZE   0x40u
#define WORD	     4u
#define MAX_WORDS    0xfffffu /* PM4 and SDMA: the size in a packet INDIRECT_BUFFER has 20 bits */
#define IB_ALIGNMENT 0x318cu  /* {start, size} for graphics, then for compute */

/* scheduler ids */
#define GRAPHICS  0u
#define SDMA_0	  4u
#define COMPUTE_0 5u
#define COMPUTE_1 6u
#define SDMA_1	  7u

/* What the adapter's answer says at @offset of the vendor part, where its file gives the bytes themselves. */
static uint32_t told(const struct fixture *fixture, uint32_t offset, uint32_t otherwise)
{
	const struct fixture_raw *raw = fixture_find_raw(fixture, 0, AMD_QUERY_EX, 0);
	uint32_t value = otherwise;

	offset += AMD_QUERY_PROXY;
	if (raw && raw->given[offset] && raw->given[offset + 1] && raw->given[offset + 2] &&
	    raw->given[offset + 3])
		value = amd_get32(raw->bytes, offset);
	return value && value % WORD == 0 ? value : WORD;
}

/* Command buffers start and end where the engine's fetcher wants it. */
static int check_commands(const struct fixture *fixture, uint32_t id, const struct amd_submission *submission,
			  const struct amd_reason *reason)
{
	uint32_t start = WORD, step = WORD;

	if (id == GRAPHICS || id == COMPUTE_0 || id == COMPUTE_1) {
		uint32_t entry = IB_ALIGNMENT + (id == GRAPHICS ? 0 : 8);

		start = told(fixture, entry, fixture->ib_start);
		step = told(fixture, entry + 4, fixture->ib_size);
	}
	if (!submission->commands || submission->commands % start)
		return amd_wrong(reason, "commands at 0x%llx, want a multiple of 0x%x",
				 (unsigned long long)submission->commands, start);
	if (!submission->bytes || submission->bytes % step)
		return amd_wrong(reason, "%u bytes of commands, want a multiple of 0x%x", submission->bytes,
				 step);
	if (submission->bytes / WORD > MAX_WORDS)
		return amd_wrong(reason, "%u bytes of commands, an engine takes at most %u at once",
				 submission->bytes, MAX_WORDS * WORD);
	return 0;
}

int amd_submit_decode(const struct fixture *fixture, uint32_t node, bool hwqueue, const void *data,
		      uint32_t size, struct amd_submission *submission, char *why, size_t why_size)
{
	static const struct amd_known known[] = {{0x00, 20}, {0x14, 4}, {0x1c, 4},
						 {0x20, 8},  {0x28, 4}, {0, 0}};
	const uint32_t id = fixture->engines[node].scheduler_id;
	const bool sdma = id == SDMA_0 || id == SDMA_1;
	const struct amd_reason reason = {why, why_size};
	const uint8_t *blob = data;
	uint32_t version;
	int rc;

	if (size != AMD_SUBMIT_SIZE)
		return amd_wrong(&reason, "submission private data has 0x%x bytes, not 0x%x", size,
				 HEADER_SIZE + ENTRY_SIZE);
	version = amd_get32(blob, 0x00);
	if (version != 6 && version != 9)
		return amd_wrong(&reason, "submission: version %u at 0x00, want 6 or 9", version);
	if (amd_get32(blob, 0x04) != 1)
		return amd_wrong(&reason, "submission: %u entries at 0x04, the size is that of one",
				 amd_get32(blob, 0x04));
	if (amd_get32(blob, 0x08))
		return amd_wrong(&reason, "submission: entry type %u at 0x08, want 0", amd_get32(blob, 0x08));
	if (amd_get32(blob, 0x0c) != ENTRY_SIZE)
		return amd_wrong(&reason, "submission: entry size 0x%x at 0x0c, want 0x40",
				 amd_get32(blob, 0x0c));
	if (amd_get32(blob, 0x10) != submission->bytes)
		return amd_wrong(&reason, "submission: %u bytes at 0x10, the call says %u",
				 amd_get32(blob, 0x10), submission->bytes);
	if (amd_get32(blob, 0x14))
		return amd_wrong(&reason, "submission: flags 0x%x at 0x14", amd_get32(blob, 0x14));
	/* graphics clients write 1 except for SDMA, compute clients 0 */
	if (amd_get32(blob, 0x1c) > (sdma ? 0u : 1u))
		return amd_wrong(&reason, "submission: 0x%x at 0x1c", amd_get32(blob, 0x1c));
	if (amd_get64(blob, 0x20) != submission->commands)
		return amd_wrong(&reason, "submission: commands 0x%llx at 0x20, the call says 0x%llx",
				 (unsigned long long)amd_get64(blob, 0x20),
				 (unsigned long long)submission->commands);
	submission->user_queue = amd_get32(blob, 0x28);
	if (hwqueue && submission->user_queue)
		return amd_wrong(&reason, "submission: user queue 0x%x at 0x28 of a hardware queue",
				 submission->user_queue);
	rc = amd_rest_is_zero(blob, size, known, &reason);
	return rc ? rc : check_commands(fixture, id, submission, &reason);
}
