// SPDX-License-Identifier: MIT
/* The model host's life and the way messages take to their handlers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dxgsim/host/model.h"
#include "dxgsim/host/types.h"

/* ---- processes ---- */

static void create_process(struct host_call *call)
{
	const struct host_create_process *request = call->m->request.create_process;
	struct host_model *model = call->model;
	struct host_process *process;

	process = calloc(1, sizeof(*process) + model->adapter_count * sizeof(process->use[0]));
	if (!process || arena_join(model->arena)) {
		free(process);
		return;
	}
	process->handles.arena = model->arena;
	for (uint32_t i = 0; i < model->adapter_count; i++) {
		process->use[i].va.adapter = &model->adapters[i];
		process->use[i].va.process = process;
	}
	process->handle = model->next_process;
	model->next_process += 0x40;
	process->pid = request->pid;
	memcpy(process->name, request->name, sizeof(process->name));
	LIST_INSERT_HEAD(&model->processes, process, link);
	call->m->reply.create_process->process = process->handle;
}

static void process_destroy(struct host_model *model, struct host_process *process)
{
	while (!LIST_EMPTY(&process->devices))
		vidmm_device_destroy(model, LIST_FIRST(&process->devices));
	while (!LIST_EMPTY(&process->free_syncs))
		vidmm_sync_destroy(model, process, LIST_FIRST(&process->free_syncs));
	waits_drop(model, process);
	for (uint32_t i = 0; i < model->adapter_count; i++)
		va_free_all(&process->use[i].va);
	free(process->handles.slots);
	LIST_REMOVE(process, link);
	free(process);
	arena_leave(model->arena);
}

/* Another thread may still be about to tell the guest something, and have its descriptors open. */
static void destroy_process(struct host_call *call)
{
	while (call->model->upcalls_in_flight)
		pthread_cond_wait(&call->model->idle, &call->model->lock);
	process_destroy(call->model, call->process);
}

static void flush_heap_transitions(struct host_call *call)
{
	(void)call;
}

/* NT handles of fences are counted; the driver names the one it was given. */
static void destroy_nt_shared_object(struct host_call *call)
{
	d3dkmt_handle handle = call->m->request.destroy_nt_shared_object->nt_handle;
	struct host_fence *fence;

	LIST_FOREACH(fence, &call->model->shared_fences, shared_link)
	{
		if (fence->global != handle)
			continue;
		fence_put(call->model, fence);
		return;
	}
	call->m->status = HOST_STATUS_INVALID_HANDLE;
}

static void not_supported(struct host_call *call)
{
	call->m->status = HOST_STATUS_NOT_SUPPORTED;
}

static void (*const handlers[HOST_MESSAGE_COUNT])(struct host_call *call) = {
	[HOST_CREATEPROCESS] = create_process,
	[HOST_DESTROYPROCESS] = destroy_process,
	[HOST_QUERYADAPTERINFO] = host_query_adapter_info,
	[HOST_ISFEATUREENABLED] = host_is_feature_enabled,
	[HOST_QUERYSTATISTICS] = host_query_statistics,
	[HOST_QUERYVIDEOMEMORYINFO] = host_query_video_memory_info,
	[HOST_CHANGEVIDEOMEMORYRESERVATION] = host_change_reservation,
	[HOST_QUERYCLOCKCALIBRATION] = host_query_clock_calibration,
	[HOST_FLUSHHEAPTRANSITIONS] = flush_heap_transitions,
	[HOST_ESCAPE] = host_escape,
	[HOST_CREATEDEVICE] = host_create_device,
	[HOST_DESTROYDEVICE] = host_destroy_device,
	[HOST_FLUSHDEVICE] = host_flush_device,
	[HOST_GETDEVICESTATE] = host_get_device_state,
	[HOST_MARKDEVICEASERROR] = host_mark_device_as_error,
	[HOST_CREATECONTEXTVIRTUAL] = host_create_context,
	[HOST_DESTROYCONTEXT] = host_destroy_context,
	[HOST_GETCONTEXTSCHEDULINGPRIORITY] = host_get_context_priority,
	[HOST_SETCONTEXTSCHEDULINGPRIORITY] = host_set_context_priority,
	[HOST_CREATEHWQUEUE] = host_create_hwqueue,
	[HOST_DESTROYHWQUEUE] = host_destroy_hwqueue,
	[HOST_CREATEPAGINGQUEUE] = host_create_paging_queue,
	[HOST_DESTROYPAGINGQUEUE] = host_destroy_paging_queue,
	[HOST_CREATESYNCOBJECT] = host_create_sync_object,
	[HOST_DESTROYSYNCOBJECT] = host_destroy_sync_object,
	[HOST_SIGNALSYNCOBJECT] = host_signal_sync_object,
	[HOST_WAITFORSYNCOBJECTFROMCPU] = host_wait_from_cpu,
	[HOST_WAITFORSYNCOBJECTFROMGPU] = host_wait_from_gpu,
	[HOST_SUBMITCOMMAND] = host_submit_command,
	[HOST_SUBMITCOMMANDTOHWQUEUE] = host_submit_to_hwqueue,
	[HOST_CREATEALLOCATION] = host_create_allocation,
	[HOST_DESTROYALLOCATION] = host_destroy_allocation,
	[HOST_GPADLESTABLISH] = host_gpadl_establish,
	[HOST_GPADLTEARDOWN] = host_gpadl_teardown,
	[HOST_SETEXISTINGSYSMEMSTORE] = host_set_sysmem_store,
	[HOST_SETEXISTINGSYSMEMPAGES] = host_set_sysmem_pages,
	[HOST_MAKERESIDENT] = host_make_resident,
	[HOST_EVICT] = host_evict,
	[HOST_OFFERALLOCATIONS] = host_offer_allocations,
	[HOST_RECLAIMALLOCATIONS] = host_reclaim_allocations,
	[HOST_QUERYALLOCATIONRESIDENCY] = host_query_residency,
	[HOST_SETALLOCATIONPRIORITY] = host_set_allocation_priority,
	[HOST_GETALLOCATIONPRIORITY] = host_get_allocation_priority,
	[HOST_MAPGPUVIRTUALADDRESS] = host_map_gpu_va,
	[HOST_RESERVEGPUVIRTUALADDRESS] = host_reserve_gpu_va,
	[HOST_FREEGPUVIRTUALADDRESS] = host_free_gpu_va,
	[HOST_LOCK2] = host_lock,
	[HOST_UNLOCK2] = host_unlock,
	[HOST_CREATENTSHAREDOBJECT] = host_create_nt_shared_object,
	[HOST_DESTROYNTSHAREDOBJECT] = destroy_nt_shared_object,
	[HOST_OPENSYNCOBJECT] = host_open_sync_object,
};

static struct host_process *find_process(struct host_model *model, d3dkmt_handle handle)
{
	struct host_process *process;

	LIST_FOREACH(process, &model->processes, link)
	{
		if (process->handle == handle)
			return process;
	}
	return NULL;
}

/* These mean an adapter; the rest concern the process or the VM. */
static bool needs_adapter(enum host_message_type type)
{
	switch (type) {
	case HOST_QUERYADAPTERINFO:
	case HOST_ISFEATUREENABLED:
	case HOST_QUERYSTATISTICS:
	case HOST_QUERYVIDEOMEMORYINFO:
	case HOST_CHANGEVIDEOMEMORYRESERVATION:
	case HOST_QUERYCLOCKCALIBRATION:
	case HOST_ESCAPE:
	case HOST_CREATEDEVICE:
	case HOST_CREATEPAGINGQUEUE:
	case HOST_MAPGPUVIRTUALADDRESS:
	case HOST_RESERVEGPUVIRTUALADDRESS:
	case HOST_FREEGPUVIRTUALADDRESS:
		return true;
	default:
		return false;
	}
}

static void handle(struct host_call *call)
{
	call->model->slow_ns = call->m->slow_ns;
	handlers[call->m->type](call);
	call->model->slow_ns = 0;
}

/* How often the vGPU that a message means was plugged in, as this host has acted on it. */
static uint32_t plugs_of(const struct host_model *model, int vgpu)
{
	return vgpu >= 0 && (uint32_t)vgpu < model->adapter_count ? model->happenings.now.adapters[vgpu].plugs
								  : 0;
}

#define TAKEN 1

/* Or what becomes of it: a vGPU that is gone has no channel, and a dead one takes nothing and answers short. */
static int channel_takes(const struct host_call *call)
{
	if (call->adapter && !vgpu_reachable(call->adapter))
		return -ENODEV;
	if (!call->model->happenings.now.dead)
		return TAKEN;
	call->m->reply_length = 0;
	return call->m->sync ? 0 : -EAGAIN;
}

static int model_send(void *host, struct host_message *m)
{
	struct host_model *model = host;
	struct host_call call = {.model = model, .m = m, .name = host_message_name(m->type)};
	uint32_t plugs;
	int rc;

	if ((unsigned int)m->type >= HOST_MESSAGE_COUNT)
		return -EINVAL;
	model_lock(model);
	watch_start(model);
	plugs = plugs_of(model, m->vgpu);
	happenings_look(model);
	happenings_sleep(model);
	if (m->vgpu >= 0 && (uint32_t)m->vgpu < model->adapter_count)
		call.adapter = &model->adapters[m->vgpu];
	/* one that was meant for the vGPU before, and waited here while the host slept, is not for what came in its place */
	rc = plugs == plugs_of(model, m->vgpu) ? channel_takes(&call) : -ENODEV;
	if (rc != TAKEN) {
		guest_deliver(model);
		pthread_mutex_unlock(&model->lock);
		return rc;
	}
	call.process = find_process(model, m->process);
	if (m->type == HOST_GPADLESTABLISH || m->type == HOST_GPADLTEARDOWN ||
	    m->type == HOST_DESTROYNTSHAREDOBJECT)
		handlers[m->type](&call); /* of the channel or the VM, not of a process */
	else if (m->type != HOST_CREATEPROCESS && !call.process)
		m->status = HOST_STATUS_INVALID_HANDLE;
	else if (needs_adapter(m->type) && !call.adapter)
		m->status = HOST_STATUS_INVALID_PARAMETER;
	else if (handlers[m->type])
		handle(&call);
	else
		not_supported(&call);
	vidsch_advance(model);
	guest_deliver(model);
	pthread_mutex_unlock(&model->lock);
	return 0;
}

void host_model_lose(struct host_model *model, uint32_t state)
{
	struct host_process *process;
	struct host_device *device;

	model_lock(model);
	LIST_FOREACH(process, &model->processes, link)
	{
		LIST_FOREACH(device, &process->devices, link)
		vidsch_device_lost(model, device, state);
	}
	vidsch_advance(model);
	guest_deliver(model);
	pthread_mutex_unlock(&model->lock);
}

static const struct host_config *model_config(void *host)
{
	struct host_model *model = host;

	model_lock(model);
	happenings_look(model);
	if (!model->happenings.attached)
		vgpu_configure(model);
	pthread_mutex_unlock(&model->lock);
	return &model->config;
}

static int model_attach(void *host, const struct host_upcalls *upcalls)
{
	struct host_model *model = host;

	model_lock(model);
	model->upcalls = upcalls;
	model->happenings.attached = true;
	pthread_mutex_unlock(&model->lock);
	return 0;
}

static void model_detach(void *host)
{
	struct host_model *model = host;

	watch_stop(model);
	paging_worker_stop(model);
	vidsch_stop(model);
	model_lock(model);
	model->happenings.attached = false;
	while (!LIST_EMPTY(&model->processes))
		process_destroy(model, LIST_FIRST(&model->processes));
	while (model->upcalls_in_flight)
		pthread_cond_wait(&model->idle, &model->lock);
	model->raise_count = 0;
	model->state_changed = false;
	pthread_mutex_unlock(&model->lock);
}

static int init_locks(struct host_model *model)
{
	pthread_condattr_t attr;
	int rc;

	rc = pthread_mutex_init(&model->lock, NULL);
	if (!rc)
		rc = pthread_mutex_init(&model->show_lock, NULL);
	if (!rc)
		rc = pthread_cond_init(&model->idle, NULL);
	if (!rc)
		rc = pthread_condattr_init(&attr);
	if (!rc)
		rc = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	if (!rc)
		rc = pthread_cond_init(&model->work, &attr);
	if (!rc)
		rc = pthread_cond_init(&model->sched_work, &attr);
	return -rc;
}

static void forget_memory(struct host_adapter *adapter)
{
	memset(adapter->resident, 0, sizeof(adapter->resident));
	memset(adapter->committed, 0, sizeof(adapter->committed));
	memset(adapter->fresh, 0, sizeof(adapter->fresh));
	memset(adapter->offered, 0, sizeof(adapter->offered));
	adapter->locked = adapter->pinned = 0;
	adapter->paging_until_ns = 0;
}

/*
 * The child is another guest process: it has no objects and no worker, and a window of its own. What the
 * parent's threads held when it forked cannot be trusted, so the lists are forgotten, not walked.
 */
static void model_forked(void *host)
{
	struct host_model *model = host;
	int rc;

	arena_forked(model->arena);
	LIST_INIT(&model->processes);
	LIST_INIT(&model->shared_fences);
	LIST_INIT(&model->gpadls);
	TAILQ_INIT(&model->waits);
	TAILQ_INIT(&model->completions);
	model->worker_runs = model->worker_stop = false;
	model->sched_runs = model->sched_stop = model->sched_kick = model->sched_dirty = false;
	atomic_store_explicit(&model->lock_wanted, 0, memory_order_relaxed);
	model->upcalls_in_flight = 0;
	model->raise = NULL;
	model->raise_count = model->raise_size = 0;
	model->state_changed = false;
	for (uint32_t i = 0; i < model->adapter_count; i++) {
		forget_memory(&model->adapters[i]);
		vidsch_adapter_init(&model->adapters[i]);
	}
	rc = init_locks(model);
	if (!rc)
		rc = happenings_init(model);
	if (!rc)
		rc = io_window_forked(model);
	if (rc)
		report_fatal("dxgsim: no IO window in a forked child: %s", strerror(-rc));
}

const struct host_ops host_model_ops = {
	.config = model_config,
	.attach = model_attach,
	.send = model_send,
	.detach = model_detach,
	.forked = model_forked,
};

void host_model_visit_ranges(struct host_model *model, host_range_visit visit, void *arg)
{
	struct host_process *process;

	model_lock(model);
	LIST_FOREACH(process, &model->processes, link)
	{
		for (uint32_t i = 0; i < model->adapter_count; i++)
			va_visit(&process->use[i].va, i, visit, arg);
	}
	pthread_mutex_unlock(&model->lock);
}

/* ---- making one ---- */

static uint32_t free_bus(const struct host_model *model, uint32_t bus)
{
	for (uint32_t i = 0; i < model->adapter_count; i++) {
		if (model->adapters[i].pci_bus == bus)
			return free_bus(model, (bus + 1) & 0xff);
	}
	return bus;
}

static void add_adapter(struct host_model *model, struct fixture *fixture)
{
	uint32_t index = model->adapter_count;
	struct host_adapter *adapter = &model->adapters[index];

	adapter->model = model;
	adapter->fixture = fixture;
	adapter->index = index;
	adapter->pci_bus = free_bus(model, fixture->pci_bus);
	vidsch_adapter_init(adapter);
	adapter->luid_b = 0x88776655u;
	model->adapter_count++;
	model->config.vgpu_count++;
	if (fixture->host_interface < model->config.interface_version)
		model->config.interface_version = fixture->host_interface;
	model->config.async_messages = model->config.async_messages && fixture->async_messages;
	model->config.map_guest_memory = model->config.map_guest_memory && fixture->map_guest_memory;
}

int host_model_create(struct fixture **fixtures, uint32_t count, struct host_model **out)
{
	struct host_model *model = count <= HOST_MAX_VGPUS ? calloc(1, sizeof(*model)) : NULL;
	int rc = count <= HOST_MAX_VGPUS ? -ENOMEM : -EINVAL;

	if (!model) {
		for (uint32_t i = 0; i < count; i++)
			fixture_free(fixtures[i]);
		return rc;
	}
	model->config.interface_version = 40;
	model->config.async_messages = true;
	model->config.map_guest_memory = true;
	model->next_process = 0x40000040u;
	model->next_global = 0x60000040u;
	model->next_gpadl = 0xe1e10;
	LIST_INIT(&model->processes);
	LIST_INIT(&model->shared_fences);
	LIST_INIT(&model->gpadls);
	TAILQ_INIT(&model->waits);
	TAILQ_INIT(&model->completions);
	model->config.io_fd = -1;
	for (uint32_t i = 0; i < count; i++)
		add_adapter(model, fixtures[i]);
	rc = init_locks(model);
	if (!rc)
		rc = happenings_init(model);
	if (!rc)
		rc = io_window_create(model);
	if (rc) {
		host_model_destroy(model);
		return rc;
	}
	*out = model;
	return 0;
}

bool host_model_paging(struct host_model *model, uint32_t adapter, struct arena_paging *out)
{
	if (adapter >= model->adapter_count)
		return false;
	model_lock(model);
	arena_paging(model->arena, adapter, out);
	pthread_mutex_unlock(&model->lock);
	return true;
}

bool host_model_gpu(struct host_model *model, uint32_t adapter, uint32_t node, struct vidsch_counters *out)
{
	if (adapter >= model->adapter_count || node >= model->adapters[adapter].fixture->engine_count)
		return false;
	model_lock(model);
	vidsch_count(&model->adapters[adapter].engines[node], out);
	pthread_mutex_unlock(&model->lock);
	return true;
}

void host_model_profile(struct host_model *model, struct gpu_profile *profile)
{
	model->profile = profile;
}

void host_model_share(struct host_model *model, struct arena *arena)
{
	model->arena = arena;
}

void host_model_destroy(struct host_model *model)
{
	if (!model)
		return;
	while (!LIST_EMPTY(&model->gpadls)) {
		struct host_gpadl *gpadl = LIST_FIRST(&model->gpadls);

		LIST_REMOVE(gpadl, link);
		free(gpadl->pages);
		free(gpadl);
	}
	for (uint32_t i = 0; i < model->adapter_count; i++) {
		vidsch_adapter_release(&model->adapters[i]);
		fixture_free(model->adapters[i].fixture);
	}
	io_window_destroy(model);
	arena_close(model->arena);
	free(model->raise);
	free(model);
}
