// SPDX-License-Identifier: MIT
/*
 * Pinning: the driver pins the pages of an allocation that lies in the process' memory, and keeps them until the allocation
 * is destroyed (dxgkrnl: dxgvmbus.c).  What the process maps at those addresses later is not what the GPU sees.
 *
 * Drivers before March 2024 do not pin for good: after a fork, the process that first writes to such a page gets a
 * copy, and the GPU goes on with the other one.  The library's own memory is kept from children for that reason; the
 * caller's is not touched, since a child may need it.  On such kernels a process that forks while memory is
 * registered has to have it MAP_SHARED or MADV_DONTFORK.
 *
 * Pages that the process may write are pinned with the right to write, also for a registration that is to be read only:
 * before Linux 6.2, one that was pinned to be read is replaced when the process first writes to it, a page of zeros that was
 * never written among them, and the GPU goes on with the old one.  Since Linux 6.5 the pages of most files can be
 * pinned to be read only; a registration that is to be read only has them so.
 */
#include "memory/user_back.h"

#include <errno.h>

#include "memory/backing.h"
#include "memory/pressure.h"
#include "util/compiler.h"

static bool is_about_pages(int error)
{
	return error == -ENOMEM || error == -EFAULT;
}

/*
 * Has a GPU allocate over the first of the pages wanted, as many as have the same rights and USER_PIN_SIZE at most; resident,
 * not mapped.  *read_only: the GPU may not write them.  The rights are looked at when pinning fails, and remembered
 * in `runs`.  -EFAULT: some page is not there; else backing_create()'s and backing_make_resident()'s errors.
 */
int user_back(struct buffer *buffer, const struct user_pages *pages, struct user_runs *runs,
	      struct backing **out, bool *read_only)
{
	struct backing_spec spec = {
		.gpu = pages->gpu,
		.device = pages->device,
		.domain = KMD_DOMAIN_USER,
		.start = pages->gpu_va,
		.pages = u64_to_ptr(pages->start),
		.uncached = pages->uncached,
	};
	bool known;
	int ret;

	*out = NULL;
	do {
		const struct user_run *run = runs->known ? user_run_at(runs, pages->start) : NULL;
		uint64_t end = MIN(pages->end, pages->start + USER_PIN_SIZE);

		known = runs->known;
		spec.read_only = run && !run->writable;
		spec.size = (run ? MIN(end, run->end) : end) - pages->start;
		ret = backing_create(buffer, &spec, out);
		if (is_about_pages(ret) && !known &&
		    user_runs_read(runs, pages->start, pages->all_end) == -EFAULT)
			return -EFAULT;
		/* once more, if there is anything about the rights that was not known */
	} while (is_about_pages(ret) && !known && runs->known &&
		 (runs->count > 1 || !runs->runs[0].writable));
	if (ret == -ENOMEM && memory_make_room(buffer->memory))
		ret = backing_create(buffer, &spec, out);
	if (is_about_pages(ret) && pages->read_only && !spec.read_only) {
		spec.read_only = true;
		ret = backing_create(buffer, &spec, out);
	}
	if (ret)
		return ret;
	*read_only = pages->read_only || spec.read_only;
	ret = buffer_make_resident(*out);
	if (ret) {
		backing_retire(*out, NULL);
		*out = NULL;
	}
	return ret;
}
