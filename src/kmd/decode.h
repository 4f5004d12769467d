// SPDX-License-Identifier: MIT
/*
 * From the host's replies to struct kmd_adapter, without asking anything: pure functions, so that they can
 * be tested and fuzzed on any bytes.
 */
#ifndef KMD_DECODE_H
#define KMD_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "kmd/info.h"

/* One private or standard query and what came back. */
struct kmd_reply {
	int error;     /* 0 or the -errno of the call */
	uint32_t size; /* bytes sent and expected */
	uint8_t *data; /* capacity bytes; those past size are a canary */
	size_t capacity;
};

/* Everything kmd_adapter_read asks, in the order it asks. */
struct kmd_replies {
	struct kmd_reply ex;
	struct kmd_reply ati;
	struct kmd_reply segments;
	struct kmd_reply statistics; /* may be absent: error set */
	int clock_error;	     /* the calibration may be absent */
	struct dxgk_gpuclockdata clock;
	int driver_version_error; /* not asked: -ENODATA */
	uint64_t driver_version;
};

int kmd_replies_create(struct kmd_replies *replies);
void kmd_replies_destroy(struct kmd_replies *replies);
void kmd_reply_prepare(struct kmd_reply *reply);
uint32_t kmd_replies_compute_node(const struct kmd_replies *replies);

int kmd_decode(const struct kmd_replies *replies, const struct kmd_pci_ids *ids, struct kmd_adapter *out);

#endif
