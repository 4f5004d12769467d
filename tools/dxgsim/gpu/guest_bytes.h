// SPDX-License-Identifier: MIT
/* Guest memory, others may be at it: aligned pieces of 4 and 8 bytes are read, written and changed whole. */
#ifndef DXGSIM_GPU_GUEST_BYTES_H
#define DXGSIM_GPU_GUEST_BYTES_H

#include <stdint.h>

#define GPU_LINE_BYTES 128U

/* A change of aligned 4 or 8 bytes as one. */
struct gpu_cache_atomic {
	uint64_t (*modify)(uint64_t old, const void *operands);
	const void *operands;
	uint64_t old; /* what was there */
};

void gpu_copy_from_guest(uint8_t *to, const uint8_t *guest, uint32_t bytes);
void gpu_copy_to_guest(uint8_t *guest, const uint8_t *from, uint32_t bytes);
/* As over the bus: CPUs do not come between. */
void gpu_atomic_in_guest(uint8_t *guest, uint32_t bytes, struct gpu_cache_atomic *atomic);
/*
 * A whole line of which @bytes at @first are asked for.  What is beside them comes along, whoever is writing to it at
 * that moment: that is no race of the program's, and ThreadSanitizer, which would see a read of it, is not shown any.
 */
void gpu_line_from_guest(uint8_t *to, const uint8_t *line, uint32_t first, uint32_t bytes);

#endif
