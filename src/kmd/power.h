// SPDX-License-Identifier: MIT
/* The private data of the escape that asks AMD's kernel driver for high clocks, and of its end. */
#ifndef KMD_POWER_H
#define KMD_POWER_H

#include <stdbool.h>
#include <stdint.h>

#include "kmd/layouts.h"

/* The host answers into it. */
struct kmd_power_blob {
	uint32_t size;
	uint8_t data[KMD_POWER_BLOB_SIZE] __attribute__((aligned(8)));
};

int kmd_power_encode(bool restore, struct kmd_power_blob *out);
int kmd_power_decode(const struct kmd_power_blob *blob);

#endif
