// SPDX-License-Identifier: MIT
/* What becomes of memory when a GPU gets its next device. */
#ifndef MEMORY_RENEWAL_H
#define MEMORY_RENEWAL_H

struct memory;

void memory_listen(struct memory *memory);
void memory_unlisten(struct memory *memory);

#endif
