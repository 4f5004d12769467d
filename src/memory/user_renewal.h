// SPDX-License-Identifier: MIT
/* The caller's memory when a GPU gets its next device. */
#ifndef MEMORY_USER_RENEWAL_H
#define MEMORY_USER_RENEWAL_H

#include <stdint.h>

struct users;

void users_leave(struct users *users, unsigned gpu);
int users_renew(struct users *users, unsigned gpu, uint64_t *fence);

#endif
