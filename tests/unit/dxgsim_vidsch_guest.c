// SPDX-License-Identifier: MIT
#include "dxgsim_vidsch_guest.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "dxgsim/host/model.h"
#include "dxgsim/host/types.h"

#define PATIENCE_S 60
#define EVENTS	   256u

struct guest guest;
const char *guest_arena_path;

static const struct host_config *config; /* as the driver was given it when it began */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t news;
	bool raised[EVENTS];
	uint64_t next;
} events = {.lock = PTHREAD_MUTEX_INITIALIZER, .news = PTHREAD_COND_INITIALIZER};

static void on_event(uint64_t event)
{
	pthread_mutex_lock(&events.lock);
	events.raised[event % EVENTS] = true;
	pthread_cond_broadcast(&events.news);
	pthread_mutex_unlock(&events.lock);
}

struct guest_told guest_told;

static void on_state(void)
{
	atomic_fetch_add(&guest_told.states, 1);
}

static void on_removed(uint32_t vgpu)
{
	(void)vgpu;
	atomic_fetch_add(&guest_told.removed, 1);
}

static void on_added(uint32_t vgpu, const struct host_vgpu *now)
{
	(void)vgpu;
	atomic_store(&guest_told.luid, now->guest_luid.a);
	atomic_fetch_add(&guest_told.added, 1);
}

static const struct host_upcalls upcalls = {
	.signal_event = on_event,
	.device_state_changed = on_state,
	.vgpu_removed = on_removed,
	.vgpu_added = on_added,
};

static void put32(uint8_t *to, uint32_t offset, uint32_t value)
{
	memcpy(to + offset, &value, sizeof(value));
}

static void put64(uint8_t *to, uint32_t offset, uint64_t value)
{
	memcpy(to + offset, &value, sizeof(value));
}

int32_t guest_send(enum host_message_type type, const void *request, void *reply)
{
	struct host_message m = {.type = type, .sync = true, .process = guest.process, .has_status = true};

	if (guest.async && (type == HOST_SUBMITCOMMAND || type == HOST_SUBMITCOMMANDTOHWQUEUE ||
			    type == HOST_WAITFORSYNCOBJECTFROMGPU || type == HOST_SIGNALSYNCOBJECT))
		m.sync = false;
	m.request.any = request;
	m.reply.any = reply;
	m.reply_length = m.reply_expected = 16;
	assert_int_equal(host_model_ops.send(guest.model, &m), 0);
	if (!m.reply_length)
		return HOST_STATUS_INVALID_PARAMETER;
	return m.sync ? m.status : 0;
}

/* ---- memory ---- */

static d3dkmt_handle allocate(uint64_t size, uint32_t flags, uint32_t create_flags, uint32_t scheduler_id)
{
	uint8_t resource[0x40] = {0}, *data = guest.sent;
	struct host_allocation_request request = {
		.vidpn_source_id = UINT32_MAX, .private_data = data, .private_data_size = sizeof(guest.sent)};
	struct host_allocation_reply reply = {.private_data = guest.reply};
	struct host_create_allocation create = {
		.device = guest.device,
		.flags = create_flags,
		.resource_private_data = resource,
		.resource_private_data_size = sizeof(resource),
		.allocation_count = 1,
		.allocations = &request,
	};
	struct host_create_allocation_reply answer = {.allocations = &reply};

	memset(data, 0, sizeof(guest.sent));
	put32(resource, 0x08, 0x80);
	put32(resource, 0x3c, 0x218);
	put32(data, 0x00, 0x1d8);
	put32(data, 0x3c, 1);
	put32(data, 0x40, 0x1d8);
	put32(data, 0x44, 1);
	put32(data, 0x48, 0x80);
	put32(data, 0x50, flags);
	put32(data, 0x54, (uint32_t)size);
	put32(data, 0x58, 0x1000);
	put32(data, 0x5c, 1);
	data[0x60] = flags & 0x1 ? 1 : 4; /* the heap that is preferred: local or GART */
	put64(data, 0xa8, size);
	put32(data, 0xf0, 0xc4);
	put32(data, 0x104, 0x114);
	if (scheduler_id) {
		data[0xa6] = 0x81;
		put64(data, 0xb0, 2 * GUEST_BASE);
		put32(data, 0xf4, scheduler_id);
	}
	memset(guest.reply, 0, sizeof(guest.reply));
	memcpy(guest.reply, guest.sent, sizeof(guest.sent));
	if (guest_send(HOST_CREATEALLOCATION, &create, &answer))
		return 0;
	guest.reply_size = reply.private_data_size;
	return reply.allocation;
}

static void make_resident(d3dkmt_handle allocation)
{
	struct host_make_resident request = {.device = guest.device,
					     .paging_queue = guest.paging_queue,
					     .allocation_count = 1,
					     .allocations = &allocation};
	struct host_make_resident_reply reply = {0};

	assert_true(guest_send(HOST_MAKERESIDENT, &request, &reply) >= 0);
}

static void map(d3dkmt_handle allocation, uint64_t base, uint64_t bytes)
{
	struct host_map_gpu_va request = {
		.device = guest.device,
		.args = {.paging_queue = guest.paging_queue,
			 .allocation = allocation,
			 .base_address = base,
			 .size_in_pages = bytes / HOST_PAGE_SIZE,
			 .protection = D3DDDIGPUVA_PROTECTION_TYPE_WRITE},
	};
	struct host_map_gpu_va_reply reply = {0};

	assert_true(guest_send(HOST_MAPGPUVIRTUALADDRESS, &request, &reply) >= 0);
}

static void supply_memory(void)
{
	uint64_t pages[GUEST_BYTES / HOST_PAGE_SIZE];
	struct host_set_sysmem_pages request = {
		.page_count = GUEST_BYTES / HOST_PAGE_SIZE,
		.pages = pages,
	};
	void *memory = mmap(NULL, GUEST_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	guest.memory = memory;
	guest.allocation = allocate(GUEST_BYTES, 0x04000008, D3DKMT_CREATEALLOCATIONFLAGS_EXISTING_SYSMEM, 0);
	assert_int_not_equal(guest.allocation, 0);
	for (uint32_t i = 0; i < request.page_count; i++)
		pages[i] = (uint64_t)(uintptr_t)guest.memory + i * HOST_PAGE_SIZE;
	request.device = guest.device;
	request.allocation = guest.allocation;
	assert_int_equal(guest_send(HOST_SETEXISTINGSYSMEMPAGES, &request, NULL), 0);
	make_resident(guest.allocation);
	map(guest.allocation, GUEST_BASE, GUEST_BYTES);
}

d3dkmt_handle guest_try_user_queue(uint32_t scheduler_id)
{
	return allocate(GUEST_BYTES, 0x8, 0, scheduler_id);
}

d3dkmt_handle guest_user_queue(uint32_t scheduler_id, bool usable)
{
	d3dkmt_handle allocation = guest_try_user_queue(scheduler_id);

	assert_int_not_equal(allocation, 0);
	if (usable) {
		make_resident(allocation);
		map(allocation, 2 * GUEST_BASE, GUEST_BYTES);
	}
	return allocation;
}

void guest_vram(uint64_t va)
{
	d3dkmt_handle allocation = allocate(GUEST_BYTES, 0x1, 0, 0);

	assert_int_not_equal(allocation, 0);
	make_resident(allocation);
	map(allocation, va, GUEST_BYTES);
}

void guest_destroy_memory(void)
{
	struct host_destroy_allocation request = {
		.device = guest.device, .allocation_count = 1, .allocations = &guest.allocation};

	assert_int_equal(guest_send(HOST_DESTROYALLOCATION, &request, NULL), 0);
}

void guest_evict_memory(void)
{
	struct host_evict request = {
		.device = guest.device, .allocation_count = 1, .allocations = &guest.allocation};
	struct host_evict_reply reply = {0};

	assert_int_equal(guest_send(HOST_EVICT, &request, &reply), 0);
}

/* ---- life ---- */

static uint32_t compute_node(const struct fixture *fixture)
{
	for (uint32_t i = 0; i < fixture->engine_count; i++) {
		if (fixture->engines[i].scheduler_id == 5)
			return i;
	}
	return UINT32_MAX;
}

/* Everything of `guest` that is its process'. */
static void begin_process(void)
{
	struct host_create_process create = {.pid = 1, .name = "test"};
	struct host_create_process_reply process = {0};
	struct host_create_device device_request = {0};
	struct host_create_device_reply device = {0};
	struct host_create_paging_queue paging_request = {0};
	struct host_create_paging_queue_reply paging = {0};

	guest.process = 0;
	guest_send(HOST_CREATEPROCESS, &create, &process);
	guest.process = process.process;
	guest_send(HOST_CREATEDEVICE, &device_request, &device);
	guest.device = device.device;
	paging_request.device = guest.device;
	guest_send(HOST_CREATEPAGINGQUEUE, &paging_request, &paging);
	guest.paging_queue = paging.paging_queue;
	guest.paging_fence = paging.sync_object;
	supply_memory();
}

void guest_swap(struct guest *other)
{
	struct guest mine = guest;

	guest = *other;
	*other = mine;
}

void guest_join(struct guest *other)
{
	*other = (struct guest){
		.model = guest.model, .node = guest.node, .hint = guest.hint, .state = guest.state};
	guest_swap(other);
	begin_process();
	guest_swap(other);
}

void guest_begin_again(void)
{
	munmap(guest.memory, GUEST_BYTES);
	guest.used = 0;
	begin_process();
}

void guest_leave(struct guest *other)
{
	guest_swap(other);
	guest_send(HOST_DESTROYPROCESS, NULL, NULL);
	munmap(guest.memory, GUEST_BYTES);
	guest_swap(other);
}

void guest_start(const char *spec)
{
	struct fixture_error error;
	struct fixture *fixture;
	struct arena *arena;

	report_open("/dev/null");
	memset(&guest, 0, sizeof(guest));
	memset(&guest_told, 0, sizeof(guest_told));
	memset(events.raised, 0, sizeof(events.raised));
	events.next = 0;
	guest.hint = 3;
	if (fixture_load(spec, ADAPTERS, &fixture, &error) ||
	    (!strstr(spec, "pending=") && fixture_modify(fixture, "pending=never", &error)))
		fail_msg("%s", error.text);
	guest.node = compute_node(fixture);
	guest.state = fixture->firmware_state;
	assert_int_equal(host_model_create(&fixture, 1, &guest.model), 0);
	if (guest_arena_path) {
		assert_int_equal(arena_open(guest_arena_path, GUEST_MACHINE, &arena), 0);
		host_model_share(guest.model, arena);
	}
	config = host_model_ops.config(guest.model);
	atomic_store(&guest_told.luid, config->vgpus[0].guest_luid.a);
	host_model_ops.attach(guest.model, &upcalls);
	begin_process();
	report_reset_counters();
}

void guest_finish(void)
{
	guest_send(HOST_DESTROYPROCESS, NULL, NULL);
	host_model_ops.detach(guest.model);
	host_model_destroy(guest.model);
	munmap(guest.memory, GUEST_BYTES);
}

/* ---- contexts ---- */

d3dkmt_handle guest_context_on(uint32_t node, uint32_t flags)
{
	uint8_t data[0x1a8] = {0}, back[0x1a8];
	struct host_create_context request = {.device = guest.device,
					      .node_ordinal = node,
					      .engine_affinity = 1,
					      .flags = flags,
					      .client_hint = guest.hint,
					      .private_data = data,
					      .private_data_size = guest.long_form ? 0x1a8 : 0x40};
	struct host_create_context_reply reply = {.private_data = back};

	put32(data, 0x00, 0x40);
	put32(data, 0x04, guest.long_form ? 0x100000 : 0x100);
	put32(data, 0x38, guest.state ? 0x200000 : 0);
	if (guest.long_form)
		put32(data, 0x40, 0x168);
	guest_send(HOST_CREATECONTEXTVIRTUAL, &request, &reply);
	return reply.context;
}

d3dkmt_handle guest_context(uint32_t flags)
{
	return guest_context_on(guest.node, flags);
}

int32_t guest_hwqueue(d3dkmt_handle context, uint32_t flags, struct guest_queue *out)
{
	uint8_t data[0x40] = {0}, back[0x40] = {0};
	struct host_create_hwqueue request = {
		.context = context, .flags = flags, .private_data = data, .private_data_size = sizeof(data)};
	struct host_create_hwqueue_reply reply = {.private_data = back};
	int32_t status;
	uint32_t id;

	put32(data, 0x00, 0x40);
	put32(data, 0x10, guest.state ? 0x21000 : 0x1000);
	memcpy(back, data, sizeof(back));
	status = guest_send(HOST_CREATEHWQUEUE, &request, &reply);
	*out = (struct guest_queue){.context = context,
				    .hwqueue = reply.hwqueue,
				    .progress = reply.progress_fence,
				    .page = reply.fence_page,
				    .gpu_va = reply.fence_gpu_va};
	memcpy(&id, back + 0x14, sizeof(id));
	if (!status)
		assert_int_not_equal(id, 0);
	return status;
}

void guest_queue(struct guest_queue *out)
{
	d3dkmt_handle context = guest_context(D3DDDI_CREATECONTEXTFLAGS_HW_QUEUE_SUPPORTED);

	assert_int_not_equal(context, 0);
	assert_int_equal(guest_hwqueue(context, 0, out), 0);
}

d3dkmt_handle guest_fence(uint64_t value, uint32_t flags, uint64_t *gpu_va)
{
	struct host_create_sync_object request = {
		.args = {.device = guest.device,
			 .info = {.type = D3DDDI_MONITORED_FENCE,
				  .flags = flags,
				  .monitored_fence = {.initial_fence_value = value}}},
	};
	struct host_create_sync_object_reply reply = {0};

	guest_send(HOST_CREATESYNCOBJECT, &request, &reply);
	assert_int_not_equal(reply.sync_object, 0);
	if (gpu_va)
		*gpu_va = reply.fence_gpu_va;
	return reply.sync_object;
}

/* ---- commands (AMD: PM4) ---- */

#define NOP_1 0xffff1000u

uint64_t guest_words(const uint32_t *words, uint32_t count, uint32_t *bytes)
{
	uint32_t offset = guest.used;
	uint32_t length = (count * 4 + 31) / 32 * 32;

	assert_true(offset + length <= GUEST_DATA);
	for (uint32_t i = 0; i < length / 4; i++)
		put32(guest.memory + offset, i * 4, i < count ? words[i] : NOP_1);
	guest.used = (offset + length + 255) / 256 * 256;
	*bytes = length;
	return GUEST_BASE + offset;
}

/* past the L2, with confirmation */
uint64_t guest_write(uint64_t va, uint32_t value, uint32_t *bytes)
{
	const uint32_t words[] = {
		0xc0033700, 5u << 8 | 1u << 20 | 3u << 25, (uint32_t)va, (uint32_t)(va >> 32), value,
	};

	return guest_words(words, 5, bytes);
}

uint64_t guest_wait_memory(uint64_t va, uint32_t value, uint32_t *bytes)
{
	const uint32_t words[] = {
		0xc0053c00, 3 | 1u << 4, (uint32_t)va, (uint32_t)(va >> 32), value, ~0u, 4,
	};

	return guest_words(words, 7, bytes);
}

uint32_t guest_value(uint32_t index)
{
	return __atomic_load_n((uint32_t *)(void *)(guest.memory + GUEST_DATA) + index, __ATOMIC_ACQUIRE);
}

void guest_set_value(uint32_t index, uint32_t value)
{
	__atomic_store_n((uint32_t *)(void *)(guest.memory + GUEST_DATA) + index, value, __ATOMIC_RELEASE);
}

/* ---- work ---- */

void guest_submit_blob(uint8_t blob[0x48], uint64_t commands, uint32_t bytes, d3dkmt_handle user_queue)
{
	memset(blob, 0, 0x48);
	put32(blob, 0x00, 6);
	put32(blob, 0x04, 1);
	put32(blob, 0x0c, 0x40);
	put32(blob, 0x10, bytes);
	put64(blob, 0x20, commands);
	put32(blob, 0x28, user_queue);
}

int32_t guest_submit(d3dkmt_handle context, uint64_t commands, uint32_t bytes, d3dkmt_handle user_queue)
{
	uint8_t blob[0x48];
	struct host_submit_command request = {
		.args = {.command_buffer = commands,
			 .command_length = bytes,
			 .broadcast_context_count = 1,
			 .broadcast_context = {context},
			 .priv_drv_data_size = sizeof(blob)},
		.private_data = blob,
	};

	guest_submit_blob(blob, commands, bytes, user_queue);
	return guest_send(HOST_SUBMITCOMMAND, &request, NULL);
}

int32_t guest_submit_hw(struct guest_queue *queue, uint64_t commands, uint32_t bytes)
{
	uint8_t blob[0x48];
	struct host_submit_to_hwqueue request = {
		.args = {.hwqueue = queue->hwqueue,
			 .hwqueue_progress_fence_id = queue->last + 1,
			 .command_buffer = commands,
			 .command_length = bytes,
			 .priv_drv_data_size = sizeof(blob)},
		.private_data = blob,
	};
	int32_t status;

	guest_submit_blob(blob, commands, bytes, 0);
	status = guest_send(HOST_SUBMITCOMMANDTOHWQUEUE, &request, NULL);
	queue->last += !status;
	return status;
}

int32_t guest_gpu_wait(d3dkmt_handle context, d3dkmt_handle fence, uint64_t value)
{
	struct host_wait_from_gpu request = {
		.context = context, .object_count = 1, .objects = &fence, .fence_values = &value};

	return guest_send(HOST_WAITFORSYNCOBJECTFROMGPU, &request, NULL);
}

int32_t guest_gpu_signal(d3dkmt_handle context, d3dkmt_handle fence, uint64_t value)
{
	struct host_signal_sync_object request = {.object_count = 1,
						  .objects = &fence,
						  .context_count = 1,
						  .contexts = &context,
						  .fence_value_count = 1,
						  .fence_values = &value};

	return guest_send(HOST_SIGNALSYNCOBJECT, &request, NULL);
}

int32_t guest_cpu_event(d3dkmt_handle context, uint64_t event)
{
	struct host_signal_sync_object request = {.flags = D3DDDICB_SIGNALFLAGS_ENQUEUE_CPU_EVENT,
						  .context_count = 1,
						  .contexts = &context,
						  .guest_event = event};

	return guest_send(HOST_SIGNALSYNCOBJECT, &request, NULL);
}

int32_t guest_cpu_signal(d3dkmt_handle fence, uint64_t value)
{
	struct host_signal_sync_object request = {.object_count = 1,
						  .objects = &fence,
						  .device = guest.device,
						  .fence_value_count = 1,
						  .fence_values = &value};

	return guest_send(HOST_SIGNALSYNCOBJECT, &request, NULL);
}

/* ---- looking ---- */

bool guest_wait_event(uint64_t event)
{
	struct timespec until;
	int rc = 0;
	bool raised;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_S;
	pthread_mutex_lock(&events.lock);
	while (!events.raised[event % EVENTS] && !rc)
		rc = pthread_cond_timedwait(&events.news, &events.lock, &until);
	raised = events.raised[event % EVENTS];
	pthread_mutex_unlock(&events.lock);
	return raised;
}

/* One of those that no test names, not raised. */
static uint64_t fresh_event(void)
{
	uint64_t event;

	pthread_mutex_lock(&events.lock);
	event = EVENTS / 2 + events.next++ % (EVENTS / 2);
	events.raised[event] = false;
	pthread_mutex_unlock(&events.lock);
	return event;
}

bool guest_wait(d3dkmt_handle fence, uint64_t value)
{
	struct host_wait_from_cpu request = {.device = guest.device,
					     .object_count = 1,
					     .objects = &fence,
					     .fence_values = &value,
					     .guest_event = fresh_event()};

	assert_int_equal(guest_send(HOST_WAITFORSYNCOBJECTFROMCPU, &request, NULL), 0);
	return guest_wait_event(request.guest_event);
}

bool guest_wait_running(void)
{
	const struct host_place *place = &guest.model->adapters[0].engines[guest.node].place;
	bool runs = false;

	for (int i = 0; i < PATIENCE_S * 1000 && !runs; i++) {
		if (i)
			poll(NULL, 0, 1);
		model_lock(guest.model);
		runs = place->running && !place->begins;
		pthread_mutex_unlock(&guest.model->lock);
	}
	return runs;
}

uint64_t guest_fence_value(uint64_t page)
{
	const _Atomic uint64_t *memory;
	uint64_t value;

	memory = mmap(NULL, HOST_PAGE_SIZE, PROT_READ, MAP_SHARED, config->io_fd,
		      (off_t)(page - config->io_base));
	assert_ptr_not_equal(memory, MAP_FAILED);
	value = *memory;
	munmap((void *)(uintptr_t)memory, HOST_PAGE_SIZE);
	return value;
}

uint32_t guest_state(void)
{
	struct host_get_device_state request = {
		.args = {.device = guest.device, .state_type = D3DKMT_DEVICESTATE_EXECUTION}};
	struct host_get_device_state_reply reply = {0};

	assert_int_equal(guest_send(HOST_GETDEVICESTATE, &request, &reply), 0);
	return reply.args.execution_state;
}

uint32_t guest_lost_state(void)
{
	uint32_t state = guest_state();

	for (int i = 0; i < PATIENCE_S * 1000 && state == D3DKMT_DEVICEEXECUTION_ACTIVE; i++) {
		poll(NULL, 0, 1);
		state = guest_state();
	}
	return state;
}

struct d3dkmt_devicepagefault_state guest_page_fault(void)
{
	struct host_get_device_state request = {
		.args = {.device = guest.device, .state_type = D3DKMT_DEVICESTATE_PAGE_FAULT}};
	struct host_get_device_state_reply reply = {0};

	assert_int_equal(guest_send(HOST_GETDEVICESTATE, &request, &reply), 0);
	return reply.args.page_fault_state;
}

uint64_t guest_misuse(void)
{
	struct report_counters counters;

	report_get_counters(&counters);
	report_reset_counters();
	return counters.misuse;
}

bool guest_reported(const char *text)
{
	static char all[16384];

	report_copy_text(all, sizeof(all));
	return strstr(all, text);
}
