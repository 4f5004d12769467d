// SPDX-License-Identifier: MIT
/* User memory as the kernel touches it. */
#ifndef DXGSIM_DRIVER_USER_H
#define DXGSIM_DRIVER_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 0 or -EFAULT.  What could be copied before the fault has been copied.  size 0 is always 0. */
int copy_from_user(void *to, uint64_t from, size_t size);
int copy_to_user(uint64_t to, const void *from, size_t size);
/* As copy_to_user, but the number of bytes not copied. */
size_t copy_to_user_left(uint64_t to, const void *from, size_t size);
/* count * size bytes into fresh memory (free() it): 0, -ENOMEM, -EFAULT.  count 0: *out NULL, 0. */
int copy_array_from_user(void **out, uint64_t from, size_t count, size_t size);
/*
 * As pin_user_pages_fast: how many of the pages from a page-aligned address on can be read (and written, if
 * write), faulting them in.  No page stays locked; a later munmap is not noticed.
 */
size_t pin_user_pages(uint64_t address, size_t count, bool write);

#endif
