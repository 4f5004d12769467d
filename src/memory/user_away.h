// SPDX-License-Identifier: MIT
/* Pages of the caller's on GPUs that cannot have them at the CPU's address. */
#ifndef MEMORY_USER_AWAY_H
#define MEMORY_USER_AWAY_H

#include <stdint.h>

struct buffer;
struct memory;

int user_away_make(struct memory *memory, uint64_t size, uint32_t flags, struct buffer **out);
int user_away_map(struct buffer *away, uint64_t pages, uint64_t gpus, uint64_t timeout_ns);
void user_away_leave(struct buffer *away, uint64_t gpus);
uint64_t user_away_gpus(const struct buffer *away);
uint64_t user_away_fence(const struct buffer *away, unsigned gpu);

#endif
