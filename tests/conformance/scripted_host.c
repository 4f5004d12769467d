// SPDX-License-Identifier: MIT
/*
 * Replies are those of the fake host behind the measured rows, see scripted_host.h.  Handles count up from
 * 0x40080000 by 0x40.  Fence pages count up through the IO window; page n of a monitored fence has the GPU
 * address 0x10000000 + n pages, of a progress fence 0x20000000 + n pages, of an opened fence 0x18000000 + the
 * page of the original.
 */
#include "scripted_host.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FIRST_HANDLE   0x40080000u
#define HANDLE_STEP    0x40u
#define IO_BASE	       0xf00000000ull
#define IO_PAGES       32768u /* 128 MiB */
#define LOCK_FIRST     4096u  /* fence pages below, locked memory from here */
#define MAX_INJECT     16u
#define MAX_LOG	       65536u
#define MAX_FENCES     256u
#define MAX_HELD       64u
#define MAX_LOCKED     64u
#define MAX_RESIDENCY  32000u /* the host fills no more */
#define CLOBBER_HANDLE 0x70000040u

enum object_type {
	TYPE_CPU_NOTIFICATION = 4,
	TYPE_MONITORED_FENCE = 5,
};

/* A sync object: its page carries the value that CPU and GPU signals write. */
struct fence {
	d3dkmt_handle handle;
	d3dkmt_handle global;
	uint32_t page;
	bool has_page;
};

struct locked {
	d3dkmt_handle allocation;
	uint32_t first_page;
};

struct size_of {
	d3dkmt_handle allocation;
	uint64_t size;
};

struct scripted_host {
	pthread_mutex_t lock;
	struct host_config config;
	const struct host_upcalls *upcalls;
	uint8_t *io;
	uint32_t next_page;
	uint32_t next_lock_page;
	uint32_t next_handle;
	uint32_t next_gpadl;
	struct inject inject[MAX_INJECT];
	uint32_t inject_count;
	struct fence fences[MAX_FENCES];
	uint32_t fence_count;
	struct locked locked[MAX_LOCKED];
	uint32_t locked_count;
	struct size_of *sizes;
	size_t size_count;
	size_t size_room;
	uint64_t held[MAX_HELD];
	uint32_t held_count;
	uint64_t notification_event;
	struct logged_message *log;
	size_t log_count;
	bool log_taken;
};

/* What the injections armed for a message ask for. */
struct effect {
	bool status_set;
	int32_t status;
	bool zero;
	bool short_reply;
	uint32_t short_length;
	bool hold;
	bool address_set;
	uint64_t address;
	bool handle_set;
	d3dkmt_handle handle;
	bool sizes_set;
	uint32_t private_size;
};

static d3dkmt_handle fresh_handle(struct scripted_host *host, struct effect *effect)
{
	d3dkmt_handle handle = host->next_handle;

	if (effect->handle_set) {
		effect->handle_set = false;
		return effect->handle;
	}
	host->next_handle += HANDLE_STEP;
	return handle;
}

static uint64_t page_address(uint32_t page)
{
	return IO_BASE + (uint64_t)page * HOST_PAGE_SIZE;
}

static uint64_t address_or(const struct effect *effect, uint32_t page)
{
	return effect->address_set ? effect->address : page_address(page);
}

static void store_page(struct scripted_host *host, uint32_t page, uint64_t value)
{
	if (page < IO_PAGES)
		__atomic_store_n((uint64_t *)(void *)(host->io + (size_t)page * HOST_PAGE_SIZE), value,
				 __ATOMIC_RELEASE);
}

static struct fence *find_fence(struct scripted_host *host, d3dkmt_handle handle)
{
	for (uint32_t i = host->fence_count; i-- > 0;)
		if (host->fences[i].handle == handle)
			return &host->fences[i];
	return NULL;
}

static void add_fence(struct scripted_host *host, d3dkmt_handle handle, d3dkmt_handle global, uint32_t page,
		      bool has_page)
{
	if (host->fence_count == MAX_FENCES) {
		memmove(host->fences, host->fences + 1, (MAX_FENCES - 1) * sizeof(host->fences[0]));
		host->fence_count--;
	}
	host->fences[host->fence_count++] = (struct fence){handle, global, page, has_page};
}

static uint64_t allocation_size(const struct host_allocation_request *request, bool *cached)
{
	uint32_t pages = 1, flags = 0;
	uint64_t size = 0;
	const uint8_t *data = request->private_data;

	if (data != NULL && request->private_data_size >= 4)
		memcpy(&pages, data, 4);
	if (data != NULL && request->private_data_size >= 8)
		memcpy(&flags, data + 4, 4);
	if (data != NULL && request->private_data_size >= 16)
		memcpy(&size, data + 8, 8);
	*cached = (flags & 1u) == 0;
	return size != 0 ? size : (uint64_t)pages * HOST_PAGE_SIZE;
}

static void remember_size(struct scripted_host *host, d3dkmt_handle allocation, uint64_t size)
{
	if (host->size_count == host->size_room) {
		size_t room = host->size_room != 0 ? host->size_room * 2 : 256;
		struct size_of *sizes = realloc(host->sizes, room * sizeof(*sizes));

		if (sizes == NULL)
			return;
		host->sizes = sizes;
		host->size_room = room;
	}
	host->sizes[host->size_count++] = (struct size_of){allocation, size};
}

/* The same memory at each lock of an allocation. */
static uint32_t lock_page(struct scripted_host *host, d3dkmt_handle allocation)
{
	uint64_t size = HOST_PAGE_SIZE;
	uint32_t pages, first = host->next_lock_page;

	for (uint32_t i = 0; i < host->locked_count; i++)
		if (host->locked[i].allocation == allocation)
			return host->locked[i].first_page;
	for (size_t i = 0; i < host->size_count; i++)
		if (host->sizes[i].allocation == allocation)
			size = host->sizes[i].size;
	pages = (uint32_t)((size & 0xffffffffu) / HOST_PAGE_SIZE) + 1;
	if (host->next_lock_page + pages >= IO_PAGES - 2 || host->locked_count == MAX_LOCKED)
		return IO_PAGES;
	host->next_lock_page += pages;
	host->locked[host->locked_count++] = (struct locked){allocation, first};
	return first;
}

static void xor_bytes(uint8_t *data, size_t size, uint8_t with)
{
	for (size_t i = 0; data != NULL && i < size; i++)
		data[i] ^= with;
}

static void fill(void *data, size_t size, int with)
{
	if (data != NULL && size != 0)
		memset(data, with, size);
}

/* Events to raise once the host's lock is dropped. */
struct events {
	uint64_t id[4];
	uint32_t count;
};

static void raise_or_hold(struct scripted_host *host, const struct effect *effect, uint64_t event,
			  struct events *events)
{
	if (event == 0)
		return;
	if (!effect->hold)
		events->id[events->count++] = event;
	else if (host->held_count < MAX_HELD)
		host->held[host->held_count++] = event;
}

static void reply_query_adapter_info(struct host_message *m)
{
	const struct host_query_adapter_info *q = m->request.query_adapter_info;
	uint8_t *data = m->reply.query_adapter_info->data;

	if (q->type == 15 || q->type == 57)
		fill(data, q->size, 0xff);
	else
		xor_bytes(data, q->size, 0xff);
}

static void reply_test_command_buffer(struct host_message *m)
{
	static const uint8_t commands[4] = {0xd1, 0xd2, 0xd3, 0xd4};
	const struct host_build_test_command_buffer *q = m->request.build_test_command_buffer;
	struct host_build_test_command_buffer_reply *r = m->reply.build_test_command_buffer;
	size_t size = q->dma_buffer_size < sizeof(commands) ? q->dma_buffer_size : sizeof(commands);

	r->dma_buffer_size = (uint32_t)size;
	r->dma_buffer_priv_data_size = 0;
	if (r->dma_buffer != NULL)
		memcpy(r->dma_buffer, commands, size);
}

static void reply_device_state(struct host_message *m)
{
	const struct host_get_device_state *q = m->request.get_device_state;
	struct d3dkmt_getdevicestate *r = &m->reply.get_device_state->args;
	const size_t head = offsetof(struct d3dkmt_getdevicestate, execution_state);

	memcpy(r, &q->args, head);
	memset((uint8_t *)r + head, 0x5c, sizeof(*r) - head);
	if (q->args.state_type == 1) {
		memset((uint8_t *)r + head, 0, sizeof(*r) - head);
		r->execution_state = 3;
	}
}

static void reply_create_sync_object(struct scripted_host *host, struct host_message *m,
				     struct effect *effect)
{
	const struct d3dkmt_createsynchronizationobject2 *q = &m->request.create_sync_object->args;
	struct host_create_sync_object_reply *r = m->reply.create_sync_object;
	uint32_t page = host->next_page++;
	bool monitored = q->info.type == TYPE_MONITORED_FENCE;
	bool has_page = monitored || q->info.type == 6;

	r->sync_object = fresh_handle(host, effect);
	if ((q->info.flags & 1u) != 0)
		r->global_sync_object = fresh_handle(host, effect);
	if (has_page) {
		r->fence_gpu_va = 0x10000000u + (uint64_t)page * HOST_PAGE_SIZE;
		r->fence_page = address_or(effect, page);
		store_page(host, page, monitored ? q->info.monitored_fence.initial_fence_value : 0);
	}
	if (q->info.type == TYPE_CPU_NOTIFICATION)
		host->notification_event = q->info.cpu_notification.event;
	add_fence(host, r->sync_object, r->global_sync_object, page, has_page);
}

static void reply_open_sync_object(struct scripted_host *host, struct host_message *m, struct effect *effect)
{
	const struct host_open_sync_object *q = m->request.open_sync_object;
	struct host_open_sync_object_reply *r = m->reply.open_sync_object;
	const struct fence *original = NULL;

	for (uint32_t i = 0; i < host->fence_count && original == NULL; i++)
		if (host->fences[i].global == q->global_sync_object)
			original = &host->fences[i];
	r->sync_object = fresh_handle(host, effect);
	if (original != NULL && original->has_page) {
		r->fence_page = address_or(effect, original->page);
		r->fence_gpu_va = 0x18000000u + (uint64_t)original->page * HOST_PAGE_SIZE;
		add_fence(host, r->sync_object, 0, original->page, true);
	}
}

static void reply_create_hwqueue(struct scripted_host *host, struct host_message *m, struct effect *effect)
{
	struct host_create_hwqueue_reply *r = m->reply.create_hwqueue;
	uint32_t page = host->next_page++;

	r->hwqueue = fresh_handle(host, effect);
	r->progress_fence = fresh_handle(host, effect);
	r->fence_page = address_or(effect, page);
	r->fence_gpu_va = 0x20000000u + (uint64_t)page * HOST_PAGE_SIZE;
	store_page(host,
		   effect->address_set ? (uint32_t)((effect->address - IO_BASE) / HOST_PAGE_SIZE) : page, 0);
	xor_bytes(r->private_data, m->request.create_hwqueue->private_data_size, 0x5a);
	add_fence(host, r->progress_fence, 0, page, true);
}

static void reply_create_paging_queue(struct scripted_host *host, struct host_message *m,
				      struct effect *effect)
{
	struct host_create_paging_queue_reply *r = m->reply.create_paging_queue;
	uint32_t page = host->next_page++;

	r->paging_queue = fresh_handle(host, effect);
	r->sync_object = fresh_handle(host, effect);
	r->fence_page = address_or(effect, page);
	store_page(host, page, 0);
	add_fence(host, r->sync_object, 0, page, true);
}

static void reply_create_allocation(struct scripted_host *host, struct host_message *m, struct effect *effect)
{
	const struct host_create_allocation *q = m->request.create_allocation;
	struct host_create_allocation_reply *r = m->reply.create_allocation;

	if ((q->flags & 1u) != 0) /* create_resource */
		r->resource = fresh_handle(host, effect);
	else
		r->resource = q->resource;
	for (uint32_t i = 0; i < q->allocation_count; i++) {
		struct host_allocation_reply *a = &r->allocations[i];

		a->allocation = fresh_handle(host, effect);
		a->size = allocation_size(&q->allocations[i], &a->cached);
		xor_bytes(a->private_data, q->allocations[i].private_data_size, 0x5a);
		remember_size(host, a->allocation, a->size);
	}
}

static void reply_standard_allocation(struct host_message *m, const struct effect *effect)
{
	const struct host_standard_allocation *q = m->request.standard_allocation;
	struct host_standard_allocation_reply *r = m->reply.standard_allocation;
	uint32_t pages = q->gdi_surface.width / HOST_PAGE_SIZE;

	r->private_data_size = effect->sizes_set ? effect->private_size : 16;
	r->resource_private_data_size = 8;
	/* what CREATEALLOCATION will read from it */
	if (r->private_data != NULL && q->private_data_size >= sizeof(pages))
		memcpy(r->private_data, &pages, sizeof(pages));
}

static void do_signal(struct scripted_host *host, struct host_message *m, const struct effect *effect,
		      struct events *events)
{
	const struct host_signal_sync_object *q = m->request.signal_sync_object;

	for (uint32_t i = 0; i < q->object_count && i < q->fence_value_count; i++) {
		const struct fence *fence = find_fence(host, q->objects[i]);

		if (fence != NULL && fence->has_page)
			store_page(host, fence->page, q->fence_values[i]);
	}
	raise_or_hold(host, effect, q->guest_event, events);
}

/* A message that moves something does so only when the host reports no failure. */
static void act(struct scripted_host *host, struct host_message *m, struct effect *effect,
		struct events *events)
{
	uint32_t i;

	if (effect->status_set && effect->status < 0)
		return;
	switch (m->type) {
	case HOST_SIGNALSYNCOBJECT:
		do_signal(host, m, effect, events);
		break;
	case HOST_WAITFORSYNCOBJECTFROMCPU:
		raise_or_hold(host, effect, m->request.wait_from_cpu->guest_event, events);
		break;
	case HOST_DESTROYSYNCOBJECT:
		for (i = 0; i < host->fence_count; i++)
			if (host->fences[i].handle == m->request.destroy_sync_object->sync_object)
				host->fences[i].handle = 0;
		break;
	default:
		break;
	}
}

static void answer(struct scripted_host *host, struct host_message *m, struct effect *effect)
{
	union host_reply *r = &m->reply;
	uint32_t i;

	switch (m->type) {
	case HOST_CREATEPROCESS:
		r->create_process->process = fresh_handle(host, effect);
		break;
	case HOST_QUERYADAPTERINFO:
		reply_query_adapter_info(m);
		break;
	case HOST_ISFEATUREENABLED:
		r->is_feature_enabled->result.version = 2;
		r->is_feature_enabled->result.value = 7;
		break;
	case HOST_QUERYSTATISTICS:
		fill(&r->query_statistics->result, sizeof(r->query_statistics->result), 0xa5);
		break;
	case HOST_QUERYVIDEOMEMORYINFO:
		r->query_video_memory_info->budget = 0x1111000;
		r->query_video_memory_info->current_usage = 0x2222000;
		r->query_video_memory_info->current_reservation = 0x3333000;
		r->query_video_memory_info->available_for_reservation = 0x4444000;
		break;
	case HOST_QUERYCLOCKCALIBRATION:
		r->query_clock_calibration->clock_data.gpu_frequency = 100000000;
		r->query_clock_calibration->clock_data.gpu_clock_counter = 0x1122334455667788;
		r->query_clock_calibration->clock_data.cpu_clock_counter = 0x99aabbccddeeff00;
		r->query_clock_calibration->clock_data.flags = 1;
		break;
	case HOST_ESCAPE:
		xor_bytes(r->escape->data, m->request.escape->size, 0xff);
		break;
	case HOST_BUILDTESTCOMMANDBUFFER:
		reply_test_command_buffer(m);
		break;
	case HOST_CREATEDEVICE:
		r->create_device->device = fresh_handle(host, effect);
		break;
	case HOST_GETDEVICESTATE:
		reply_device_state(m);
		break;
	case HOST_CREATECONTEXTVIRTUAL:
		r->create_context->context = fresh_handle(host, effect);
		xor_bytes(r->create_context->private_data, m->request.create_context->private_data_size,
			  0x5a);
		break;
	case HOST_GETCONTEXTSCHEDULINGPRIORITY:
		r->get_context_priority->priority = 5;
		break;
	case HOST_CREATEHWQUEUE:
		reply_create_hwqueue(host, m, effect);
		break;
	case HOST_CREATEPAGINGQUEUE:
		reply_create_paging_queue(host, m, effect);
		break;
	case HOST_CREATESYNCOBJECT:
		reply_create_sync_object(host, m, effect);
		break;
	case HOST_OPENSYNCOBJECT:
		reply_open_sync_object(host, m, effect);
		break;
	case HOST_CREATEALLOCATION:
		reply_create_allocation(host, m, effect);
		break;
	case HOST_GETSTANDARDALLOCATIONDRIVERDATA:
		reply_standard_allocation(m, effect);
		break;
	case HOST_GPADLESTABLISH:
		r->gpadl_establish->gpadl = host->next_gpadl++;
		break;
	case HOST_MAKERESIDENT:
		r->make_resident->paging_fence_value = 7;
		r->make_resident->num_bytes_to_trim = 0x1234;
		break;
	case HOST_EVICT:
		r->evict->num_bytes_to_trim = 0x2000;
		break;
	case HOST_RECLAIMALLOCATIONS:
		r->reclaim_allocations->paging_fence_value = 12;
		for (i = 0; r->reclaim_allocations->results != NULL &&
			    i < m->request.reclaim_allocations->allocation_count;
		     i++)
			r->reclaim_allocations->results[i] = i % 3;
		break;
	case HOST_QUERYALLOCATIONRESIDENCY: {
		uint32_t count = m->request.query_residency->allocation_count;

		if (count > MAX_RESIDENCY)
			count = MAX_RESIDENCY;
		for (i = 0; i < (count != 0 ? count : 1); i++)
			r->query_residency->residency[i] = i % 3 + 1;
		break;
	}
	case HOST_GETALLOCATIONPRIORITY:
		for (i = 0; i < r->get_allocation_priority->priority_count; i++)
			r->get_allocation_priority->priorities[i] = 0x78000000u + i;
		break;
	case HOST_UPDATEALLOCPROPERTY:
		r->update_alloc_property->paging_fence_value = 11;
		break;
	case HOST_MAPGPUVIRTUALADDRESS:
		r->map_gpu_va->virtual_address = 0x200000000;
		r->map_gpu_va->paging_fence_value = 8;
		break;
	case HOST_RESERVEGPUVIRTUALADDRESS:
		r->reserve_gpu_va->virtual_address = 0x300000000;
		break;
	case HOST_LOCK2:
		r->lock->address = address_or(effect, lock_page(host, m->request.lock->args.allocation));
		break;
	case HOST_CREATENTSHAREDOBJECT:
		r->create_nt_shared_object->nt_handle = fresh_handle(host, effect);
		break;
	case HOST_OPENRESOURCE:
		r->open_resource->resource = fresh_handle(host, effect);
		for (i = 0; i < m->request.open_resource->allocation_count; i++)
			r->open_resource->allocations[i] = fresh_handle(host, effect);
		break;
	case HOST_SHAREOBJECTWITHHOST:
		r->share_with_host->nt_handle = 0x7788;
		break;
	default:
		break; /* nothing but a status */
	}
}

/* An all-zero reply; the buffers a reply points to hold what was sent and are zeroed as well. */
static void zero_reply(struct host_message *m)
{
	switch (m->type) {
	case HOST_CREATEPROCESS:
		memset(m->reply.create_process, 0, sizeof(*m->reply.create_process));
		break;
	case HOST_QUERYADAPTERINFO:
		fill(m->reply.query_adapter_info->data, m->request.query_adapter_info->size, 0);
		break;
	case HOST_CREATEHWQUEUE:
		fill(m->reply.create_hwqueue->private_data, m->request.create_hwqueue->private_data_size, 0);
		break;
	case HOST_CREATECONTEXTVIRTUAL:
		fill(m->reply.create_context->private_data, m->request.create_context->private_data_size, 0);
		break;
	case HOST_CREATEALLOCATION:
		for (uint32_t i = 0; i < m->request.create_allocation->allocation_count; i++)
			fill(m->reply.create_allocation->allocations[i].private_data,
			     m->request.create_allocation->allocations[i].private_data_size, 0);
		break;
	default:
		break;
	}
}

/* What taking a message always costs the host, even if its reply is lost. */
static void consume(struct scripted_host *host, const struct host_message *m)
{
	if (m->type == HOST_CREATESYNCOBJECT || m->type == HOST_CREATEHWQUEUE ||
	    m->type == HOST_CREATEPAGINGQUEUE)
		host->next_page++;
}

static void apply(const struct inject *inject, struct effect *effect, int *error)
{
	switch (inject->mode) {
	case INJECT_STATUS:
		effect->status_set = true;
		effect->status = (int32_t)inject->value;
		break;
	case INJECT_ZERO_REPLY:
		effect->zero = true;
		break;
	case INJECT_SHORT_REPLY:
		effect->short_reply = true;
		effect->short_length = inject->value;
		break;
	case INJECT_RING_FULL:
		*error = -EAGAIN;
		break;
	case INJECT_SEND_ERROR:
		*error = -(int)inject->value;
		break;
	case INJECT_HOLD_EVENT:
		effect->hold = true;
		break;
	case INJECT_BAD_ADDRESS:
		effect->address_set = true;
		effect->address = 0;
		break;
	case INJECT_LAST_PAGE:
		effect->address_set = true;
		effect->address = page_address(IO_PAGES - 1);
		break;
	case INJECT_LAST_BUT_ONE_PAGE:
		effect->address_set = true;
		effect->address = page_address(IO_PAGES - 2);
		break;
	case INJECT_HANDLE_VALUE:
		effect->handle_set = true;
		effect->handle = inject->value;
		break;
	case INJECT_VALUE:
		effect->sizes_set = true;
		effect->private_size = (uint32_t)inject->value64;
		break;
	}
}

static int take_injections(struct scripted_host *host, const struct host_message *m, struct effect *effect)
{
	int error = 0;

	for (uint32_t i = 0; i < host->inject_count && error == 0;) {
		struct inject *inject = &host->inject[i];

		if (inject->message != m->type) {
			i++;
			continue;
		}
		if (inject->skip > 0) {
			inject->skip--;
			i++;
			continue;
		}
		apply(inject, effect, &error);
		if (--inject->count == 0) {
			memmove(inject, inject + 1, (host->inject_count - i - 1) * sizeof(*inject));
			host->inject_count--;
		} else {
			i++;
		}
	}
	return error;
}

static void log_message(struct scripted_host *host, const struct host_message *m)
{
	if (host->log_taken) {
		host->log_taken = false;
		host->log_count = 0;
	}
	if (host->log_count < MAX_LOG)
		host->log[host->log_count++] =
			(struct logged_message){m->type, m->global_channel, m->sync, m->length};
}

static int scripted_send(void *arg, struct host_message *m)
{
	struct scripted_host *host = arg;
	struct effect effect = {0};
	struct events events = {0};
	int error;

	pthread_mutex_lock(&host->lock);
	error = take_injections(host, m, &effect);
	if (error != 0) {
		pthread_mutex_unlock(&host->lock);
		return error;
	}
	log_message(host, m);
	if (effect.zero) {
		consume(host, m);
		zero_reply(m);
	} else {
		if (m->sync)
			answer(host, m, &effect);
		act(host, m, &effect, &events);
		if (effect.status_set)
			m->status = effect.status;
		if (effect.short_reply && effect.short_length < m->reply_length)
			m->reply_length = effect.short_length;
	}
	pthread_mutex_unlock(&host->lock);
	for (uint32_t i = 0; i < events.count; i++)
		host->upcalls->signal_event(events.id[i]);
	return 0;
}

static const struct host_config *scripted_config(void *arg)
{
	return &((struct scripted_host *)arg)->config;
}

static int scripted_attach(void *arg, const struct host_upcalls *upcalls)
{
	((struct scripted_host *)arg)->upcalls = upcalls;
	return 0;
}

static void scripted_detach(void *arg)
{
	((struct scripted_host *)arg)->upcalls = NULL;
}

const struct host_ops *scripted_host_ops(void)
{
	static const struct host_ops ops = {
		.config = scripted_config,
		.attach = scripted_attach,
		.send = scripted_send,
		.detach = scripted_detach,
	};

	return &ops;
}

static void describe_vgpus(struct host_config *config)
{
	config->vgpu_count = 3;
	for (uint32_t i = 0; i < 3; i++) {
		struct host_vgpu *vgpu = &config->vgpus[i];

		vgpu->guest_luid.a = 0x44332211u + i;
		vgpu->guest_luid.b = 0x88776655u;
		vgpu->host_luid.a = 0x5001u + i;
		vgpu->host_adapter = CLOBBER_HANDLE + i * HANDLE_STEP;
		vgpu->compute_only = i == 2;
	}
}

int scripted_host_create(const struct scripted_host_setup *setup, struct scripted_host **out)
{
	const size_t size = (size_t)IO_PAGES * HOST_PAGE_SIZE;
	struct scripted_host *host = calloc(1, sizeof(*host));
	int error = ENOMEM;

	*out = NULL;
	if (host == NULL)
		return -ENOMEM;
	host->config.io_fd = -1;
	host->io = MAP_FAILED;
	host->log = calloc(MAX_LOG, sizeof(*host->log));
	if (host->log == NULL)
		goto fail;
	host->config.io_fd = memfd_create("io-window", MFD_CLOEXEC);
	if (host->config.io_fd < 0 || ftruncate(host->config.io_fd, (off_t)size) != 0) {
		error = errno;
		goto fail;
	}
	host->io = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, host->config.io_fd, 0);
	if (host->io == MAP_FAILED) {
		error = errno;
		goto fail;
	}
	pthread_mutex_init(&host->lock, NULL);
	host->config.interface_version = setup->interface_version;
	host->config.async_messages = setup->async_messages;
	host->config.map_guest_memory = setup->map_guest_memory;
	host->config.io_base = IO_BASE;
	host->config.io_size = size;
	if (!setup->no_vgpu)
		describe_vgpus(&host->config);
	host->next_page = setup->first_page;
	host->next_lock_page = LOCK_FIRST;
	host->next_handle = FIRST_HANDLE;
	host->next_gpadl = 1;
	*out = host;
	return 0;

fail:
	scripted_host_destroy(host);
	return -error;
}

void scripted_host_destroy(struct scripted_host *host)
{
	if (host->io != MAP_FAILED && host->io != NULL)
		munmap(host->io, (size_t)IO_PAGES * HOST_PAGE_SIZE);
	if (host->config.io_fd >= 0)
		close(host->config.io_fd);
	free(host->log);
	free(host->sizes);
	free(host);
}

int scripted_host_inject(struct scripted_host *host, const struct inject *inject)
{
	int ret = 0;

	pthread_mutex_lock(&host->lock);
	if (host->inject_count == MAX_INJECT)
		ret = -ENOSPC;
	else
		host->inject[host->inject_count++] = *inject;
	pthread_mutex_unlock(&host->lock);
	return ret;
}

size_t scripted_host_take_log(struct scripted_host *host, const struct logged_message **log)
{
	size_t count;

	pthread_mutex_lock(&host->lock);
	count = host->log_taken ? 0 : host->log_count;
	*log = host->log;
	host->log_taken = true;
	pthread_mutex_unlock(&host->lock);
	return count;
}

void scripted_host_signal(struct scripted_host *host)
{
	uint64_t held[MAX_HELD + 1];
	uint32_t count;

	pthread_mutex_lock(&host->lock);
	count = host->held_count;
	memcpy(held, host->held, count * sizeof(held[0]));
	host->held_count = 0;
	if (host->notification_event != 0)
		held[count++] = host->notification_event;
	pthread_mutex_unlock(&host->lock);
	for (uint32_t i = 0; host->upcalls != NULL && i < count; i++)
		host->upcalls->signal_event(held[i]);
}

void scripted_host_change_device_state(struct scripted_host *host)
{
	if (host->upcalls != NULL)
		host->upcalls->device_state_changed();
}

bool scripted_host_knows_handle(struct scripted_host *host, d3dkmt_handle handle)
{
	bool known;

	pthread_mutex_lock(&host->lock);
	known = handle >= FIRST_HANDLE && handle < host->next_handle &&
		(handle - FIRST_HANDLE) % HANDLE_STEP == 0;
	pthread_mutex_unlock(&host->lock);
	return known;
}
