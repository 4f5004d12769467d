// SPDX-License-Identifier: MIT
/*
 * Existing system memory: the pages of a user range become the backing of an allocation.  A host that can map
 * guest memory is told their numbers, older ones get one GPADL (dxgkrnl: dxgvmbus.c, create_existing_sysmem).
 */
#include "dxgsim/driver/userptr.h"

#include <errno.h>
#include <stdlib.h>

#include "dxgsim/driver/machine.h"
#include "dxgsim/driver/user.h"
#include "dxgsim/driver/vmbus.h"
#include "util/compiler.h"

#define PAGES_PER_MESSAGE 15867u
#define PAGES_BODY	  (16u + PAGES_PER_MESSAGE * 8u) /* always the full message, however few pages */
#define STORE_BODY	  16u
#define STATUS_REPLY	  4u

static int send_pages(struct allocation *allocation, const uint64_t *pages, uint32_t first, uint32_t count)
{
	struct host_set_sysmem_pages request = {
		.device = allocation->device->handle,
		.allocation = allocation->handle,
		.page_count = count,
		.first_page = first,
		.pages = pages,
	};
	struct host_message m;
	int ret;

	ret = message_init(&m, allocation->process, allocation->device->adapter, HOST_SETEXISTINGSYSMEMPAGES,
			   PAGES_BODY, STATUS_REPLY);
	if (ret)
		return ret;
	m.request.set_sysmem_pages = &request;
	return message_call(&m);
}

static int attach_by_pages(struct allocation *allocation, const uint64_t *pages)
{
	uint32_t count;
	int ret = 0;

	for (uint32_t first = 0; first < allocation->num_pages && ret >= 0; first += count) {
		count = MIN(allocation->num_pages - first, PAGES_PER_MESSAGE);
		ret = send_pages(allocation, pages + first, first, count);
	}
	return ret;
}

static int gpadl_establish(struct allocation *allocation, const uint64_t *pages)
{
	struct host_gpadl_establish request = {.page_count = allocation->num_pages, .pages = pages};
	uint64_t bytes = (uint64_t)allocation->num_pages * HOST_PAGE_SIZE;
	struct host_gpadl_establish_reply reply = {0};
	struct host_message m;
	int ret;

	/* the size of a GPADL is a 32-bit number */
	if (bytes > UINT32_MAX)
		return -ENOMEM;
	ret = message_init(&m, allocation->process, NULL, HOST_GPADLESTABLISH, 0, 0);
	if (ret)
		return ret;
	m.length = (uint32_t)bytes;
	m.has_status = false;
	m.request.gpadl_establish = &request;
	m.reply.gpadl_establish = &reply;
	ret = message_call(&m);
	if (ret)
		return ret;
	if (reply.gpadl == 0)
		return -ENOMEM;
	allocation->gpadl = reply.gpadl;
	return 0;
}

static int attach_by_gpadl(struct allocation *allocation, const uint64_t *pages)
{
	struct host_set_sysmem_store request = {
		.device = allocation->device->handle,
		.allocation = allocation->handle,
	};
	struct host_message m;
	int ret;

	ret = gpadl_establish(allocation, pages);
	if (ret)
		return ret;
	ret = message_init(&m, allocation->process, allocation->device->adapter, HOST_SETEXISTINGSYSMEMSTORE,
			   STORE_BODY, STATUS_REPLY);
	if (ret)
		return ret;
	request.gpadl = allocation->gpadl;
	m.request.set_sysmem_store = &request;
	return message_call(&m);
}

int userptr_attach(struct allocation *allocation, uint64_t sysmem, bool read_only)
{
	uint64_t *pages;
	int ret;

	allocation->sysmem = sysmem;
	if (pin_user_pages(sysmem, allocation->num_pages, !read_only) != allocation->num_pages)
		return -ENOMEM;
	pages = calloc(MAX(allocation->num_pages, 1u), sizeof(*pages));
	if (!pages)
		return -ENOMEM;
	for (uint32_t i = 0; i < allocation->num_pages; i++)
		pages[i] = sysmem + (uint64_t)i * HOST_PAGE_SIZE;
	ret = machine_config()->map_guest_memory ? attach_by_pages(allocation, pages)
						 : attach_by_gpadl(allocation, pages);
	free(pages);
	return ret < 0 ? ret : 0;
}

void userptr_detach(struct allocation *allocation)
{
	struct host_gpadl_teardown request = {.gpadl = allocation->gpadl};
	struct host_message m;

	if (!allocation->gpadl)
		return;
	allocation->gpadl = 0;
	if (message_init(&m, allocation->process, NULL, HOST_GPADLTEARDOWN, 0, 0))
		return;
	m.length = 0;
	m.has_status = false;
	m.request.gpadl_teardown = &request;
	/* the pages are unpinned whatever the host says */
	message_send(&m);
}
