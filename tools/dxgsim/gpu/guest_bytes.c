// SPDX-License-Identifier: MIT
#include "dxgsim/gpu/guest_bytes.h"

#include <stdbool.h>
#include <string.h>

/* Whatever the guest declared its memory as. */
typedef uint64_t __attribute__((may_alias)) guest_u64;
typedef uint32_t __attribute__((may_alias)) guest_u32;

static uint32_t piece(const uint8_t *guest, uint32_t bytes)
{
	if (bytes >= 8 && !((uintptr_t)guest & 7))
		return 8;
	if (bytes >= 4 && !((uintptr_t)guest & 3))
		return 4;
	return 1;
}

void gpu_copy_from_guest(uint8_t *to, const uint8_t *guest, uint32_t bytes)
{
	while (bytes) {
		uint32_t size = piece(guest, bytes);
		uint64_t u64;
		uint32_t u32;

		if (size == 8) {
			u64 = __atomic_load_n((const guest_u64 *)(const void *)guest, __ATOMIC_ACQUIRE);
			memcpy(to, &u64, 8);
		} else if (size == 4) {
			u32 = __atomic_load_n((const guest_u32 *)(const void *)guest, __ATOMIC_ACQUIRE);
			memcpy(to, &u32, 4);
		} else {
			*to = __atomic_load_n(guest, __ATOMIC_ACQUIRE);
		}
		to += size;
		guest += size;
		bytes -= size;
	}
}

void gpu_copy_to_guest(uint8_t *guest, const uint8_t *from, uint32_t bytes)
{
	while (bytes) {
		uint32_t size = piece(guest, bytes);
		uint64_t u64;
		uint32_t u32;

		if (size == 8) {
			memcpy(&u64, from, 8);
			__atomic_store_n((guest_u64 *)(void *)guest, u64, __ATOMIC_RELEASE);
		} else if (size == 4) {
			memcpy(&u32, from, 4);
			__atomic_store_n((guest_u32 *)(void *)guest, u32, __ATOMIC_RELEASE);
		} else {
			__atomic_store_n(guest, *from, __ATOMIC_RELEASE);
		}
		guest += size;
		from += size;
		bytes -= size;
	}
}

void gpu_atomic_in_guest(uint8_t *guest, uint32_t bytes, struct gpu_cache_atomic *atomic)
{
	guest_u64 *u64 = (guest_u64 *)(void *)guest;
	guest_u32 *u32 = (guest_u32 *)(void *)guest;
	uint64_t old64, new64;
	uint32_t old32, new32;

	if (bytes == 8) {
		old64 = __atomic_load_n(u64, __ATOMIC_ACQUIRE);
		do
			new64 = atomic->modify(old64, atomic->operands);
		while (!__atomic_compare_exchange_n(u64, &old64, new64, false, __ATOMIC_ACQ_REL,
						    __ATOMIC_ACQUIRE));
		atomic->old = old64;
	} else {
		old32 = __atomic_load_n(u32, __ATOMIC_ACQUIRE);
		do
			new32 = (uint32_t)atomic->modify(old32, atomic->operands);
		while (!__atomic_compare_exchange_n(u32, &old32, new32, false, __ATOMIC_ACQ_REL,
						    __ATOMIC_ACQUIRE));
		atomic->old = old32;
	}
}

__attribute__((no_sanitize("thread"))) static void copy_line(uint8_t *to, const uint8_t *guest)
{
	const volatile guest_u64 *from = (const volatile guest_u64 *)(const void *)guest;

	for (uint32_t i = 0; i < GPU_LINE_BYTES / 8; i++) {
		uint64_t u64 = from[i];

		memcpy(to + 8 * i, &u64, 8);
	}
}

void gpu_line_from_guest(uint8_t *to, const uint8_t *line, uint32_t first, uint32_t bytes)
{
	copy_line(to, line);
	if (bytes)
		gpu_copy_from_guest(to + first, line + first, bytes);
}
