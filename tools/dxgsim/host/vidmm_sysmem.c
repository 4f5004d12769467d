// SPDX-License-Identifier: MIT
/* Memory that the guest supplies: its pages, told in one piece (GPADL) or several, and pinned until the end. */
#include <stdlib.h>
#include <string.h>

#include "dxgsim/host/types.h"

static struct host_gpadl *find_gpadl(struct host_model *model, uint32_t id)
{
	struct host_gpadl *gpadl;

	LIST_FOREACH(gpadl, &model->gpadls, link)
	{
		if (gpadl->id == id)
			return gpadl;
	}
	return NULL;
}

void host_gpadl_establish(struct host_call *call)
{
	const struct host_gpadl_establish *request = call->m->request.gpadl_establish;
	struct host_gpadl *gpadl = calloc(1, sizeof(*gpadl));

	if (gpadl)
		gpadl->pages = malloc(request->page_count * sizeof(*gpadl->pages));
	if (!gpadl || !gpadl->pages) {
		free(gpadl);
		call->m->status = HOST_STATUS_NO_MEMORY;
		return;
	}
	gpadl->id = call->model->next_gpadl++;
	gpadl->page_count = request->page_count;
	memcpy(gpadl->pages, request->pages, request->page_count * sizeof(*gpadl->pages));
	LIST_INSERT_HEAD(&call->model->gpadls, gpadl, link);
	call->m->reply.gpadl_establish->gpadl = gpadl->id;
}

void host_gpadl_teardown(struct host_call *call)
{
	struct host_gpadl *gpadl = find_gpadl(call->model, call->m->request.gpadl_teardown->gpadl);

	if (!gpadl) {
		call->m->status = HOST_STATUS_INVALID_HANDLE;
		return;
	}
	LIST_REMOVE(gpadl, link);
	free(gpadl->pages);
	free(gpadl);
}

/* Bytes of memory that the host pins for the whole VM are limited. */
static bool may_pin(const struct host_allocation *allocation)
{
	const struct host_adapter *adapter = allocation->device->adapter;
	uint64_t limit = adapter->fixture->pin_bytes, used = adapter->pinned;

	if (!limit)
		return true;
	arena_lock(adapter->model->arena);
	arena_reap(adapter->model->arena);
	used += arena_others(adapter->model->arena, adapter->index, ARENA_PINNED, SEGMENT_APERTURE);
	arena_unlock(adapter->model->arena);
	return used <= limit && allocation->size <= limit - used;
}

static void count_pinned(struct host_allocation *allocation, int64_t bytes)
{
	struct host_adapter *adapter = allocation->device->adapter;

	adapter->pinned += (uint64_t)bytes;
	arena_add(adapter->model->arena, adapter->index, ARENA_PINNED, SEGMENT_APERTURE, bytes);
}

void vidmm_unpin(struct host_allocation *allocation)
{
	if (allocation->pages_told)
		count_pinned(allocation, -(int64_t)allocation->size);
	allocation->pages_told = 0;
}

static int32_t tell_pages(struct host_call *call, d3dkmt_handle handle, uint64_t first, uint64_t count,
			  const uint64_t *pages)
{
	struct host_allocation *allocation =
		objects_find(&call->process->handles, handle, HOST_OBJECT_ALLOCATION, call->name);

	if (!allocation || !allocation->existing)
		return HOST_STATUS_INVALID_HANDLE;
	if (first != allocation->pages_told || count > allocation->page_count - first)
		return HOST_STATUS_INVALID_PARAMETER;
	if (!first && !may_pin(allocation))
		return HOST_STATUS_NO_MEMORY;
	if (!first && count)
		count_pinned(allocation, (int64_t)allocation->size);
	memcpy(allocation->pages + first, pages, count * sizeof(*pages));
	allocation->pages_told += count;
	return 0;
}

void host_set_sysmem_store(struct host_call *call)
{
	const struct host_set_sysmem_store *request = call->m->request.set_sysmem_store;
	struct host_gpadl *gpadl = find_gpadl(call->model, request->gpadl);

	call->m->status = gpadl ? tell_pages(call, request->allocation, 0, gpadl->page_count, gpadl->pages)
				: HOST_STATUS_INVALID_HANDLE;
}

void host_set_sysmem_pages(struct host_call *call)
{
	const struct host_set_sysmem_pages *request = call->m->request.set_sysmem_pages;

	call->m->status = tell_pages(call, request->allocation, request->first_page, request->page_count,
				     request->pages);
}
