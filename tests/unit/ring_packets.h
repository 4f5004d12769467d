// SPDX-License-Identifier: MIT
/* Packets as a user of SDMA and PM4 rings writes them, for tests: by their words, without the library's tables. */
#ifndef TESTS_RING_PACKETS_H
#define TESTS_RING_PACKETS_H

#include <stdbool.h>
#include <stdint.h>

/* SDMA packets; they return their length in words */
uint32_t sdma_copy(uint32_t *at, const void *from, void *to, uint32_t bytes);
uint32_t sdma_fence(uint32_t *at, const void *to, uint32_t value);
uint32_t sdma_trap(uint32_t *at, uint32_t context);
uint32_t sdma_poll(uint32_t *at, const void *va, uint32_t func, uint32_t reference, uint32_t mask);
uint32_t sdma_poll_signal(uint32_t *at, const int64_t *value);
uint32_t sdma_decrement(uint32_t *at, const int64_t *value);
uint32_t sdma_nops(uint32_t *at, uint32_t words);

/* PM4 packets */
uint32_t pm4_store(uint32_t *at, const void *to, uint32_t value);
uint32_t pm4_fence(uint32_t *at, const void *to, uint32_t value, bool interrupt, uint32_t context);
uint32_t pm4_jump(uint32_t *at, const void *to, uint32_t words);

#endif
