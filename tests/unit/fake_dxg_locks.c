// SPDX-License-Identifier: MIT
/* The CPU's mappings of allocations, and what happens in the middle of calls. */
#include "fake_dxg_private.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "util/compiler.h"

#define BAR_ALIGN 65536U

static uint64_t lock_address;
static unsigned misaligned_locks;
static int lock_error;
static d3dkmt_handle unlock_failed; /* of this the latest did: once more is no misuse */

/* What happens in the middle of calls. */
static const char *hook_name;
static void (*hook)(void *arg);
static void *hook_arg;

void fake_at_call(const char *name, void (*run)(void *arg), void *arg)
{
	pthread_mutex_lock(&fake_lock);
	hook_name = name;
	hook = run;
	hook_arg = arg;
	pthread_mutex_unlock(&fake_lock);
}

void fake_run_hook(const char *name)
{
	void (*run)(void *arg) = NULL;

	pthread_mutex_lock(&fake_lock);
	if (hook_name && !strcmp(name, hook_name)) {
		run = hook;
		hook_name = NULL;
	}
	pthread_mutex_unlock(&fake_lock);
	if (run)
		run(hook_arg);
}

void fake_reset_locks(void)
{
	hook_name = NULL;
	lock_address = 0;
	misaligned_locks = 0;
	lock_error = 0;
	unlock_failed = 0;
}

void fake_lock_at(uint64_t address)
{
	lock_address = address;
}

void fake_misalign_locks(unsigned count)
{
	misaligned_locks = count;
}

void fake_refuse_locks(int error)
{
	lock_error = error;
}

/* The driver unmaps what is still locked, whatever becomes of the allocation. */
void fake_end_lock(struct object *o)
{
	if (o->locks && !o->sysmem)
		munmap(o->locked_at, o->size);
	o->locks = 0;
}

/* Memory at a place that the test or the kernel chooses; NULL if that is taken. */
static void *place_lock(size_t size)
{
	const int fixed = lock_address ? MAP_FIXED_NOREPLACE : 0;
	uint64_t wanted = lock_address;
	void *hole, *at;

	if (!wanted) {
		/* a hole for the size at any multiple of 64 KiB, or just beside one */
		hole = mmap(NULL, size + 2 * BAR_ALIGN, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (hole == MAP_FAILED)
			return NULL;
		munmap(hole, size + 2 * BAR_ALIGN);
		wanted = ALIGN_UP(ptr_to_u64(hole), BAR_ALIGN) + (misaligned_locks ? DXG_PAGE_SIZE : 0);
		misaligned_locks -= misaligned_locks > 0;
	}
	lock_address = 0;
	at = mmap(u64_to_ptr(wanted), size, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | fixed, -1, 0);
	return at == MAP_FAILED ? NULL : at;
}

int dxg_lock(struct dxg *dxg, d3dkmt_handle device, d3dkmt_handle allocation, void **address)
{
	int ret = fake_enter("lock", fake_adapter_of(DEVICE, device));
	struct object *o = fake_get(ALLOCATION, allocation);

	(void)dxg;
	*address = NULL;
	if (!ret)
		ret = !o ? -EINVAL : lock_error;
	if (ret)
		return fake_leave(ret);
	if (o->offered)
		fake_complain("locked while offered");
	if (o->sysmem) {
		*address = o->sysmem; /* not counted, as in the driver */
		return fake_leave(0);
	}
	if (!o->locks)
		o->locked_at = place_lock(o->size);
	if (!o->locked_at)
		return fake_leave(-ENOMEM);
	o->locks++;
	*address = o->locked_at;
	return fake_leave(0);
}

int dxg_unlock(struct dxg *dxg, d3dkmt_handle device, d3dkmt_handle allocation)
{
	int ret = fake_enter("unlock", fake_adapter_of(DEVICE, device));
	struct object *o = fake_get(ALLOCATION, allocation);

	(void)dxg;
	if (!o || !o->locks) {
		if (o && allocation != unlock_failed)
			fake_complain("unlocked what was not locked");
		return fake_leave(ret ? ret : -EINVAL);
	}
	if (ret)
		unlock_failed = allocation;
	/* the mapping is gone whatever the host answers */
	if (o->locks > 1)
		o->locks--;
	else
		fake_end_lock(o);
	return fake_leave(ret);
}
