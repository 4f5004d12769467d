// SPDX-License-Identifier: MIT
/*
 * Looking up libc's functions.  Constructors of other libraries run before ours and may call any of them, so
 * the first call resolves; threads that race do the same work and store the same pointers.
 */
#include "real.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct real functions;
static atomic_bool resolved;

static void resolve(const char *name, void *out, size_t size)
{
	void *address = dlsym(RTLD_NEXT, name);

	if (address == NULL) {
		static const char text[] = "dxgsim: libc has no function ";

		/* stdio may not work yet; nothing can be done about a short write */
		if (syscall(1, 2, text, sizeof(text) - 1) > 0 && syscall(1, 2, name, strlen(name)) > 0)
			abort();
		abort();
	}
	memcpy(out, &address, size);
}

const struct real *real(void)
{
	if (!atomic_load_explicit(&resolved, memory_order_acquire)) {
		struct real found;

#define REAL_RESOLVE(name, result, parameters) resolve(#name, &found.name, sizeof(found.name));
		REAL_FUNCTIONS(REAL_RESOLVE)
#undef REAL_RESOLVE
		functions = found;
		atomic_store_explicit(&resolved, true, memory_order_release);
	}
	return &functions;
}
