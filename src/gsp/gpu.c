// SPDX-License-Identifier: MIT
#include "gsp/gpu.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "gsp/device_private.h"
#include "util/log.h"
#include "util/turn.h"

struct life {
	struct life *before;
	struct gsp_device *device;
};

struct gsp_gpu {
	struct dxg *dxg;
	gsp_find_callback find;
	void *find_arg;
	struct gsp_renewals own, *renewals;
	struct gsp_gpu_listener *first, **last;
	_Atomic(struct gsp_device *) current;
	_Atomic bool told_contents; /* why it is not renewed, since the last loss */
	struct turn renewal;
	struct life *lives; /* the latest first; under the turn */
};

/* One more life; the device is destroyed with the GPU. */
static int add_life(struct gsp_gpu *gpu, struct gsp_device *device)
{
	struct life *life = malloc(sizeof(*life));

	if (!life)
		return -ENOMEM;
	*life = (struct life){.before = gpu->lives, .device = device};
	gpu->lives = life;
	return 0;
}

static void lost(struct gsp_device *device, enum gsp_state state, void *arg)
{
	struct gsp_gpu *gpu = arg;

	(void)state; /* the device's epoch has it */
	/* one that never was the GPU's is nobody's */
	if (device != gsp_gpu_device(gpu) &&
	    atomic_load_explicit(&device->phase, memory_order_acquire) != GSP_OPEN)
		return;
	for (struct gsp_gpu_listener *listener = gpu->first; listener; listener = listener->next)
		if (listener->lost)
			listener->lost(listener->arg, gpu, device);
}

/* The latest, which could not be opened. */
static void drop_life(struct gsp_gpu *gpu)
{
	struct life *life = gpu->lives;

	gpu->lives = life->before;
	gsp_device_destroy(life->device);
	free(life);
}

static int make_device(struct gsp_gpu *gpu, d3dkmt_handle adapter, const struct kmd_adapter *info,
		       struct gsp_device **out)
{
	int ret = gsp_device_create(gpu->dxg, adapter, info, out);

	if (ret)
		return ret;
	(*out)->renewals = gpu->renewals;
	gsp_device_on_loss(*out, lost, gpu);
	ret = add_life(gpu, *out);
	if (ret) {
		gsp_device_destroy(*out);
		*out = NULL;
	}
	return ret;
}

/*
 * Prepares a GPU and its first device without asking the host for anything.  `dxg` and the open adapter handle stay the caller's
 * and must outlive it; `info` is copied.  -ENOMEM.
 */
int gsp_gpu_create(struct dxg *dxg, d3dkmt_handle adapter, const struct kmd_adapter *info,
		   struct gsp_gpu **out)
{
	struct gsp_gpu *gpu = calloc(1, sizeof(*gpu));
	struct gsp_device *device;
	int ret;

	*out = NULL;
	if (!gpu)
		return -ENOMEM;
	gpu->dxg = dxg;
	gpu->last = &gpu->first;
	gpu->renewals = &gpu->own;
	pthread_mutex_init(&gpu->own.lock, NULL);
	turn_init(&gpu->renewal);
	ret = make_device(gpu, adapter, info, &device);
	if (ret) {
		gsp_gpu_destroy(gpu);
		return ret;
	}
	atomic_init(&gpu->current, device);
	*out = gpu;
	return 0;
}

/* Ends the GPU with all its devices; nobody may be using them or anything made on them.  NULL is allowed. */
void gsp_gpu_destroy(struct gsp_gpu *gpu)
{
	struct life *life;

	if (!gpu)
		return;
	while ((life = gpu->lives)) {
		gpu->lives = life->before;
		gsp_device_destroy(life->device);
		free(life);
	}
	pthread_mutex_destroy(&gpu->own.lock);
	turn_destroy(&gpu->renewal);
	free(gpu);
}

/* Has losses counted together with others'; without, the GPU's own are.  Before its device is opened. */
void gsp_gpu_count_renewals(struct gsp_gpu *gpu, struct gsp_renewals *renewals)
{
	gpu->renewals = renewals;
	gsp_gpu_device(gpu)->renewals = renewals;
}

/* Who finds its adapter again; without, a removed one never comes back.  Before the first gsp_gpu_renew(). */
void gsp_gpu_find_by(struct gsp_gpu *gpu, gsp_find_callback find, void *arg)
{
	gpu->find = find;
	gpu->find_arg = arg;
}

/*
 * Adds one who hears of losses and renewals, after those before him; the listener is the caller's and lasts as long as the GPU, or
 * until gsp_gpu_unlisten().  Before its device is opened.
 */
void gsp_gpu_listen(struct gsp_gpu *gpu, struct gsp_gpu_listener *listener)
{
	listener->next = NULL;
	*gpu->last = listener;
	gpu->last = &listener->next;
}

/* Takes one away again, who must be listening, while nobody uses the GPU any more whose calls could find a loss. */
void gsp_gpu_unlisten(struct gsp_gpu *gpu, struct gsp_gpu_listener *listener)
{
	struct gsp_gpu_listener **link = &gpu->first;

	while (*link != listener)
		link = &(*link)->next;
	*link = listener->next;
	if (gpu->last == &listener->next)
		gpu->last = link;
}

/* The device it has now, lost or not: for what is to be made.  Never NULL, and valid until gsp_gpu_destroy(). */
struct gsp_device *gsp_gpu_device(const struct gsp_gpu *gpu)
{
	return atomic_load_explicit(&gpu->current, memory_order_acquire);
}

/* The GPU whose device this is or was; NULL: of none. */
struct gsp_gpu *gsp_gpu_of(const struct gsp_device *device)
{
	return device->on_loss == lost ? device->on_loss_arg : NULL;
}

bool gsp_gpu_is_lost(const struct gsp_gpu *gpu)
{
	return gsp_device_is_lost(gsp_gpu_device(gpu));
}

/* With the turn. */
static bool has_contents(struct gsp_gpu *gpu)
{
	uint64_t count = 0;

	for (const struct life *life = gpu->lives; life; life = life->before)
		count += gsp_device_contents(life->device);
	if (count && !atomic_exchange(&gpu->told_contents, true))
		log_err("adapter %#x: nothing runs there again before the %llu allocations of GPU memory are "
			"freed whose contents went with the lost device, or all is closed",
			gsp_device_adapter(gsp_gpu_device(gpu)), (unsigned long long)count);
	return count;
}

/*
 * What the driver took, and hardware queues that it refuses, hold for the next device too.  Not so the forms of contexts that it refused while
 * none was taken: that may have been for the state the lost device was in.
 */
static void inherit(struct gsp_device *fresh, const struct gsp_device *old)
{
	gsp_epoch_follow(&fresh->epoch, gsp_device_epoch(old).number);
	if (fresh->info.luid.a != old->info.luid.a || fresh->info.luid.b != old->info.luid.b)
		return;
	atomic_store(&fresh->context_form, atomic_load(&old->context_form));
	atomic_store(&fresh->hardware_refused, atomic_load(&old->hardware_refused));
	atomic_store(&fresh->hardware_granted, atomic_load(&old->hardware_granted));
}

/* The adapter to make a device on: the same, or where it was removed, what has come in its place. */
static int find_adapter(struct gsp_gpu *gpu, const struct gsp_device *old, d3dkmt_handle *adapter,
			struct kmd_adapter *info)
{
	int ret;

	*adapter = old->adapter;
	*info = old->info;
	if (gsp_device_epoch(old).state != GSP_REMOVED)
		return 0;
	if (!gpu->find)
		return -ENODEV;
	ret = gpu->find(gpu->find_arg, &old->info, adapter, info);
	if (ret) /* who finds it has said why, if it is for good */
		log_debug("adapter %#x: not to be had again: %s", old->adapter, strerror(-ret));
	return ret ? -ENODEV : 0;
}

static int tell_renewed(struct gsp_gpu *gpu, struct gsp_device *old, struct gsp_device *fresh)
{
	int ret = 0;

	for (struct gsp_gpu_listener *listener = gpu->first; listener && !ret; listener = listener->next)
		if (listener->renewed)
			ret = listener->renewed(listener->arg, gpu, old, fresh);
	return ret;
}

/* With the turn. */
static int renew(struct gsp_gpu *gpu)
{
	struct gsp_device *old = gsp_gpu_device(gpu), *fresh;
	const struct gsp_handles *handles;
	struct kmd_adapter info;
	d3dkmt_handle adapter;
	int ret;

	/* by who had the turn before */
	if (!gsp_device_is_lost(old))
		return 0;
	if (has_contents(gpu))
		return -ENODEV;
	ret = find_adapter(gpu, old, &adapter, &info);
	if (ret)
		return ret;
	ret = make_device(gpu, adapter, &info, &fresh);
	if (ret)
		return ret;
	inherit(fresh, old);
	ret = gsp_device_open(fresh, &handles);
	if (ret) {
		/* the adapter went after the device: another one may come for it */
		if (gsp_device_is_lost(fresh))
			gsp_epoch_resolve(&old->epoch, gsp_device_epoch(old).number, GSP_REMOVED);
		drop_life(gpu);
		return ret;
	}
	ret = tell_renewed(gpu, old, fresh);
	if (ret) {
		log_err("adapter %#x: another device in place of the lost one: %s", adapter, strerror(-ret));
		/* it is nobody's; what listeners have made on it keeps it until they have ended that */
		gsp_device_result(fresh, -ENODEV);
		gsp_device_put(fresh);
		return ret;
	}
	atomic_store(&gpu->told_contents, false);
	atomic_store_explicit(&gpu->current, fresh, memory_order_release);
	gsp_device_put(old);
	log_info("adapter %#x: epoch %llu begins", adapter,
		 (unsigned long long)gsp_device_epoch(fresh).number);
	return 0;
}

/*
 * Makes the next device if the one there is is lost and the rules of gpu.h allow it; to be called before anything is made on the GPU.
 * Costs nothing while the device lives, and no call to the host while contents of the lost one are somebody's.
 *
 * 0: there is a device that is not known to be lost; -ENODEV: not now; another error: of making it, or of a listener.
 */
int gsp_gpu_renew(struct gsp_gpu *gpu)
{
	int ret;

	if (!gsp_gpu_is_lost(gpu))
		return 0;
	turn_take(&gpu->renewal);
	ret = renew(gpu);
	turn_leave(&gpu->renewal);
	return ret;
}
