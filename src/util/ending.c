// SPDX-License-Identifier: MIT
#include "util/ending.h"

#include <stdatomic.h>
#include <sys/mman.h>

static _Atomic bool begun;

/* From here on; there is no way back. */
void ending_begin(void)
{
	atomic_store(&begun, true);
}

bool ending_begun(void)
{
	return atomic_load_explicit(&begun, memory_order_relaxed);
}

/* munmap(2), for pages that the library's user knows of: not any more when the process ends. */
void ending_unmap(void *start, size_t size)
{
	if (!ending_begun())
		munmap(start, size);
}
