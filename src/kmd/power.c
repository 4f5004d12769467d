// SPDX-License-Identifier: MIT
#include "kmd/power.h"

#include <errno.h>
#include <string.h>

#define ESCAPE_HEADER	 0x80U
#define ESCAPE_VERSION	 0x00010000U
#define ESCAPE_CODE	 0x03006903U
#define ESCAPE_CLIENT	 3U
#define INPUT_BYTES	 0x40U
#define OUTPUT_BYTES	 0x20U
#define NOT_ANSWERED	 UINT32_MAX /* no return code that the driver knows */
#define RC_OK		 0U	    /* ROCdbgapi: kmddbg.h */
#define RC_NOT_SUPPORTED 2U

/*
 * Writes the private data that asks for high clocks while a compute workload runs, or with `restore` takes that back.
 * Offsets and values: docs/private-data.md.  Cannot fail but by a broken table.
 */
int kmd_power_encode(bool restore, struct kmd_power_blob *out)
{
	struct blob_writer w = {&power_layout, out->data, KMD_POWER_BLOB_SIZE, 0};

	memset(out, 0, sizeof(*out));
	blob_write(&w, POWER_HEADER_SIZE, ESCAPE_HEADER);
	blob_write(&w, POWER_HEADER_VERSION, ESCAPE_VERSION);
	blob_write(&w, POWER_CODE, ESCAPE_CODE);
	blob_write(&w, POWER_CLIENT, ESCAPE_CLIENT);
	blob_write(&w, POWER_RETURN_CODE, NOT_ANSWERED);
	blob_write(&w, POWER_INPUT_SIZE, INPUT_BYTES);
	blob_write(&w, POWER_RESTORE, restore);
	blob_write(&w, POWER_WORKLOAD, 1);
	blob_write(&w, POWER_OUTPUT_SIZE, OUTPUT_BYTES);
	if (w.error) {
		memset(out, 0, sizeof(*out));
		return w.error;
	}
	out->size = KMD_POWER_BLOB_SIZE;
	return 0;
}

/*
 * What the driver made of it; an escape that came back without an error was delivered, no more is sure.  0: done;
 * -EOPNOTSUPP: it does not know it; -EIO: it refuses; -ENODATA: it did not answer, and may have done it or not;
 * -EINVAL: no blob of kmd_power_encode().
 */
int kmd_power_decode(const struct kmd_power_blob *blob)
{
	struct blob_reader r = {&power_layout, blob->data, KMD_POWER_BLOB_SIZE, 0};
	uint32_t code;

	if (blob->size != KMD_POWER_BLOB_SIZE)
		return -EINVAL;
	code = blob_read32(&r, POWER_RETURN_CODE);
	if (r.error)
		return r.error;
	switch (code) {
	case RC_OK:
		return 0;
	case RC_NOT_SUPPORTED:
		return -EOPNOTSUPP;
	case NOT_ANSWERED:
		return -ENODATA;
	default:
		return -EIO;
	}
}
