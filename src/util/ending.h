// SPDX-License-Identifier: MIT
/*
 * The process is about to end: exit() was called, and the library gives back what it has on the host.  Other threads go on until the
 * very end, and what they were given stays where it is and as it is: no pages of theirs are unmapped or emptied from here on.
 */
#ifndef UTIL_ENDING_H
#define UTIL_ENDING_H

#include <stdbool.h>
#include <stddef.h>

void ending_begin(void);
bool ending_begun(void);
void ending_unmap(void *start, size_t size);

#endif
