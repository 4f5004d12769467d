// SPDX-License-Identifier: MIT
#include "ring_packets.h"

#include <string.h>

/* SDMA: Linux' vega10_sdma_pkt_open.h; PM4: Linux' soc15d.h and Mesa's sid.h */
#define OP_COPY	     1U
#define OP_FENCE     5U
#define OP_TRAP	     6U
#define OP_POLL	     8U
#define OP_ATOMIC    10U
#define ATOMIC_ADD64 47U

#define PM4_WRITE_DATA	0x37U
#define PM4_INDIRECT	0x3fU
#define PM4_RELEASE_MEM 0x49U

static void put_address(uint32_t *at, const void *va)
{
	at[0] = (uint32_t)(uintptr_t)va;
	at[1] = (uint32_t)((uint64_t)(uintptr_t)va >> 32);
}

uint32_t sdma_copy(uint32_t *at, const void *from, void *to, uint32_t bytes)
{
	at[0] = OP_COPY;
	at[1] = bytes - 1;
	at[2] = 0;
	put_address(at + 3, from);
	put_address(at + 5, to);
	return 7;
}

uint32_t sdma_fence(uint32_t *at, const void *to, uint32_t value)
{
	at[0] = OP_FENCE;
	put_address(at + 1, to);
	at[3] = value;
	return 4;
}

uint32_t sdma_trap(uint32_t *at, uint32_t context)
{
	at[0] = OP_TRAP;
	at[1] = context;
	return 2;
}

uint32_t sdma_poll(uint32_t *at, const void *va, uint32_t func, uint32_t reference, uint32_t mask)
{
	at[0] = OP_POLL | func << 28 | 1U << 31;
	put_address(at + 1, va);
	at[3] = reference;
	at[4] = mask;
	at[5] = 0x0fff0004;
	return 6;
}

uint32_t sdma_poll_signal(uint32_t *at, const int64_t *value)
{
	uint32_t words = sdma_poll(at, (const uint8_t *)value + 4, 3, 0, UINT32_MAX);

	return words + sdma_poll(at + words, value, 3, 0, UINT32_MAX);
}

uint32_t sdma_decrement(uint32_t *at, const int64_t *value)
{
	at[0] = OP_ATOMIC | ATOMIC_ADD64 << 25;
	put_address(at + 1, value);
	at[3] = at[4] = UINT32_MAX;
	at[5] = at[6] = at[7] = 0;
	return 8;
}

uint32_t sdma_nops(uint32_t *at, uint32_t words)
{
	memset(at, 0, words * sizeof(*at));
	return words;
}

static uint32_t type3(uint32_t op, uint32_t words)
{
	return 3U << 30 | (words - 2) << 16 | op << 8;
}

uint32_t pm4_store(uint32_t *at, const void *to, uint32_t value)
{
	at[0] = type3(PM4_WRITE_DATA, 5);
	at[1] = 5U << 8 | 1U << 20; /* memory, confirmed */
	put_address(at + 2, to);
	at[4] = value;
	return 5;
}

uint32_t pm4_fence(uint32_t *at, const void *to, uint32_t value, bool interrupt, uint32_t context)
{
	at[0] = type3(PM4_RELEASE_MEM, 8);
	at[1] = 0x14U | 5U << 8;
	at[2] = 1U << 29 | (interrupt ? 2U : 0U) << 24;
	put_address(at + 3, to);
	at[5] = value;
	at[6] = 0;
	at[7] = context;
	return 8;
}

uint32_t pm4_jump(uint32_t *at, const void *to, uint32_t words)
{
	at[0] = type3(PM4_INDIRECT, 4);
	put_address(at + 1, to);
	at[3] = words | 1U << 23;
	return 4;
}
