// SPDX-License-Identifier: MIT
/* The model host's memory manager, by messages: address spaces, residency, paging fences, misuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dxgsim/host/model.h"
#include "dxgsim/host/status.h"
#include "dxgsim/report.h"

#define BASE 0x200000000ull
#define KIB  1024ull

static struct host_model *model;
static d3dkmt_handle process, device, queue, queue_fence;
static uint64_t fence_page;
static atomic_uint_fast64_t raised;

static atomic_bool slow, telling;

static void on_event(uint64_t event)
{
	atomic_store(&telling, true);
	if (atomic_load(&slow))
		poll(NULL, 0, 50);
	atomic_fetch_add(&raised, event);
}

static void on_state(void)
{
}

static void on_removed(uint32_t vgpu)
{
	(void)vgpu;
}

static const struct host_upcalls upcalls = {
	.signal_event = on_event,
	.device_state_changed = on_state,
	.vgpu_removed = on_removed,
};

static int32_t send_to(enum host_message_type type, const void *request, void *reply)
{
	struct host_message m = {.type = type, .sync = true, .process = process, .has_status = true};

	m.request.any = request;
	m.reply.any = reply;
	m.reply_length = m.reply_expected = 16;
	assert_int_equal(host_model_ops.send(model, &m), 0);
	if (!m.reply_length)
		return HOST_STATUS_INVALID_PARAMETER;
	return m.status;
}

static void start(const char *spec)
{
	struct host_create_process_reply made = {0};
	struct host_create_device_reply dev = {0};
	struct host_create_device dev_request = {0};
	struct host_create_process request = {.pid = 1, .name = "test"};
	struct host_create_paging_queue_reply paging = {0};
	struct host_create_paging_queue paging_request;
	struct fixture_error error;

	report_open("/dev/null");
	if (host_model_create_from_specs(spec, ADAPTERS, &model, &error))
		fail_msg("%s", error.text);
	host_model_ops.attach(model, &upcalls);
	process = 0;
	send_to(HOST_CREATEPROCESS, &request, &made);
	process = made.process;
	assert_int_not_equal(process, 0);
	send_to(HOST_CREATEDEVICE, &dev_request, &dev);
	device = dev.device;
	paging_request = (struct host_create_paging_queue){.device = device};
	send_to(HOST_CREATEPAGINGQUEUE, &paging_request, &paging);
	queue = paging.paging_queue;
	queue_fence = paging.sync_object;
	fence_page = paging.fence_page;
	report_reset_counters();
}

static void finish(void)
{
	send_to(HOST_DESTROYPROCESS, NULL, NULL);
	host_model_ops.detach(model);
	host_model_destroy(model);
}

static uint64_t misuse(void)
{
	struct report_counters counters;

	report_get_counters(&counters);
	report_reset_counters();
	return counters.misuse;
}

static void put32(uint8_t *to, uint32_t offset, uint32_t value)
{
	memcpy(to + offset, &value, sizeof(value));
}

/* In a new resource, if there is a @resource. */
static d3dkmt_handle allocate_with(uint64_t size, uint32_t flags, d3dkmt_handle *resource_made)
{
	uint8_t resource[0x40] = {0}, data[0x218] = {0}, back[0x218];
	struct host_allocation_request request = {
		.vidpn_source_id = UINT32_MAX, .private_data = data, .private_data_size = sizeof(data)};
	struct host_allocation_reply reply = {.private_data = back};
	struct host_create_allocation create = {
		.device = device,
		.flags = resource_made ? D3DKMT_CREATEALLOCATIONFLAGS_CREATE_RESOURCE : 0,
		.resource_private_data = resource,
		.resource_private_data_size = sizeof(resource),
		.allocation_count = 1,
		.allocations = &request,
	};
	struct host_create_allocation_reply answer = {.allocations = &reply};

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
	data[0x60] = 1;
	memcpy(data + 0xa8, &size, sizeof(size));
	put32(data, 0xf0, 0xc4);
	put32(data, 0x104, 0x114);
	if (send_to(HOST_CREATEALLOCATION, &create, &answer))
		return 0;
	if (resource_made)
		*resource_made = answer.resource;
	return reply.allocation;
}

/* Local memory; 0 when refused. */
static d3dkmt_handle allocate(uint64_t size)
{
	return allocate_with(size, 1, NULL);
}

static void release(d3dkmt_handle allocation)
{
	struct host_destroy_allocation request = {
		.device = device, .allocation_count = 1, .allocations = &allocation};

	send_to(HOST_DESTROYALLOCATION, &request, NULL);
}

static uint64_t reserve(uint64_t base, uint64_t size)
{
	struct host_reserve_gpu_va request = {.args = {.base_address = base, .size = size}};
	struct host_reserve_gpu_va_reply reply = {0};

	send_to(HOST_RESERVEGPUVIRTUALADDRESS, &request, &reply);
	return reply.virtual_address;
}

static int32_t map(d3dkmt_handle allocation, uint64_t base, uint64_t size, uint64_t protection,
		   uint64_t *fence)
{
	struct host_map_gpu_va request = {
		.device = device,
		.args = {.paging_queue = queue,
			 .allocation = allocation,
			 .base_address = base,
			 .size_in_pages = size / 4096,
			 .protection = protection},
	};
	struct host_map_gpu_va_reply reply = {0};
	int32_t status = send_to(HOST_MAPGPUVIRTUALADDRESS, &request, &reply);

	if (fence)
		*fence = reply.paging_fence_value;
	return status;
}

static int32_t release_va(uint64_t base, uint64_t size)
{
	struct host_free_gpu_va request = {.args = {.base_address = base, .size = size}};

	return send_to(HOST_FREEGPUVIRTUALADDRESS, &request, NULL);
}

static int32_t make_resident(d3dkmt_handle allocation, uint64_t *fence)
{
	struct host_make_resident request = {
		.device = device, .paging_queue = queue, .allocation_count = 1, .allocations = &allocation};
	struct host_make_resident_reply reply = {0};
	int32_t status = send_to(HOST_MAKERESIDENT, &request, &reply);

	*fence = reply.paging_fence_value;
	return status;
}

static void evict(d3dkmt_handle allocation)
{
	struct host_evict request = {.device = device, .allocation_count = 1, .allocations = &allocation};
	struct host_evict_reply reply = {0};

	send_to(HOST_EVICT, &request, &reply);
}

static void reservations_do_not_overlap(void **state)
{
	uint64_t chosen;

	(void)state;
	start("rx6800");
	assert_int_equal(reserve(BASE, 256 * KIB), BASE);
	assert_int_equal(reserve(BASE + 128 * KIB, 64 * KIB), 0);
	assert_int_equal(reserve(BASE - 64 * KIB, 64 * KIB), BASE - 64 * KIB);
	chosen = reserve(0, 64 * KIB);
	assert_int_not_equal(chosen, 0);
	assert_int_equal(chosen % (64 * KIB), 0);
	assert_int_equal(reserve(1ull << 50, 64 * KIB), 0);
	assert_int_equal(misuse(), 0);
	assert_int_equal(reserve(BASE + 4096, 64 * KIB), 0);
	assert_int_equal(misuse(), 1);
	assert_int_not_equal(release_va(BASE, 64 * KIB), 0);
	assert_int_equal(misuse(), 1);
	assert_int_equal(release_va(BASE, 256 * KIB), 0);
	assert_int_not_equal(release_va(BASE, 256 * KIB), 0);
	assert_int_equal(misuse(), 1);
	finish();
}

struct ranges {
	unsigned int count;
	uint64_t start[4], end[4];
};

static void note_range(void *arg, uint32_t adapter, uint64_t from, uint64_t to)
{
	struct ranges *ranges = arg;

	assert_int_equal(adapter, 0);
	assert_in_range(ranges->count, 0, 3);
	ranges->start[ranges->count] = from;
	ranges->end[ranges->count++] = to;
}

static void what_is_still_reserved_is_told(void **state)
{
	struct ranges ranges = {0};
	d3dkmt_handle allocation;

	(void)state;
	start("rx6800,pending=never");
	allocation = allocate(64 * KIB);
	assert_int_equal(reserve(BASE, 256 * KIB), BASE);
	assert_int_equal(reserve(BASE + 256 * KIB, 64 * KIB), BASE + 256 * KIB);
	assert_int_equal(map(allocation, BASE + 64 * KIB, 64 * KIB, 1, NULL), 0);
	assert_int_equal(map(allocation, 2 * BASE, 64 * KIB, 1, NULL), 0);
	host_model_visit_ranges(model, note_range, &ranges);
	assert_int_equal(ranges.count, 3); /* neighbours are two, pieces of one are one */
	assert_int_equal(ranges.start[0], BASE);
	assert_int_equal(ranges.end[0], BASE + 256 * KIB);
	assert_int_equal(ranges.end[1], BASE + 320 * KIB);
	assert_int_equal(ranges.start[2], 2 * BASE);
	assert_int_equal(release_va(BASE, 256 * KIB), 0);
	assert_int_equal(release_va(BASE + 256 * KIB, 64 * KIB), 0);
	release(allocation); /* and its mapping without a reservation with it */
	ranges.count = 0;
	host_model_visit_ranges(model, note_range, &ranges);
	assert_int_equal(ranges.count, 0);
	finish();
}

static void mapping_follows_the_page_rules(void **state)
{
	d3dkmt_handle allocation;

	(void)state;
	start("rx6800,pending=never");
	allocation = allocate(256 * KIB);
	assert_int_not_equal(allocation, 0);
	assert_int_equal(reserve(BASE, 512 * KIB), BASE);
	assert_int_equal(map(allocation, BASE + 64 * KIB, 256 * KIB, 1, NULL), 0);
	assert_int_equal(misuse(), 0);
	assert_int_not_equal(map(allocation, BASE + 4096, 64 * KIB, 1, NULL), 0); /* VRAM: 64 KiB */
	assert_int_equal(misuse(), 1);
	assert_int_not_equal(map(allocation, BASE, 320 * KIB, 1, NULL), 0); /* beyond the allocation */
	assert_int_equal(misuse(), 1);
	assert_int_not_equal(map(allocation, BASE + 384 * KIB, 256 * KIB, 1, NULL), 0); /* half outside */
	assert_int_equal(misuse(), 1);
	assert_int_not_equal(map(0, BASE, 64 * KIB, 1, NULL), 0); /* nothing to map */
	assert_int_equal(misuse(), 1);
	assert_int_equal(map(0, BASE + 128 * KIB, 64 * KIB, 8, NULL), 0);  /* no access in the middle */
	assert_int_equal(map(allocation, 2 * BASE, 64 * KIB, 1, NULL), 0); /* no reservation: its own */
	assert_int_not_equal(map(allocation, 2 * BASE, 64 * KIB, 1, NULL), 0);
	assert_int_equal(release_va(2 * BASE, 64 * KIB), 0);
	assert_int_equal(release_va(BASE, 512 * KIB), 0);
	assert_int_equal(misuse(), 0);
	release(allocation);
	assert_int_not_equal(map(allocation, BASE, 64 * KIB, 1, NULL), 0);
	assert_int_equal(misuse(), 1);
	finish();
}

static void residency_is_counted_and_bounded(void **state)
{
	d3dkmt_handle big, small;
	uint64_t fence;

	(void)state;
	start("rx6800,vram-mib=1024,pending=never");
	big = allocate(900ull << 20);
	small = allocate(200ull << 20);
	assert_int_equal(make_resident(big, &fence), 0);
	assert_int_equal(make_resident(big, &fence), 0);
	assert_int_equal(make_resident(small, &fence), HOST_STATUS_NO_MEMORY);
	evict(big);
	assert_int_equal(make_resident(small, &fence), HOST_STATUS_NO_MEMORY);
	evict(big);
	assert_int_equal(make_resident(small, &fence), 0);
	assert_int_equal(misuse(), 0);
	evict(big);
	assert_int_equal(misuse(), 1);
	release(small);
	assert_int_equal(make_resident(small, &fence), HOST_STATUS_INVALID_PARAMETER);
	assert_int_equal(misuse(), 1);
	assert_int_equal(make_resident(big, &fence), 0);
	finish();
}

static void paging_fences_come_later_and_in_order(void **state)
{
	const struct host_config *config;
	struct host_wait_from_cpu wait;
	d3dkmt_handle allocation;
	const _Atomic uint64_t *page;
	uint64_t first, second, target;
	void *memory;

	(void)state;
	start("rx6800,paging-fence=1000,paging-us=20000");
	config = host_model_ops.config(model);
	memory =
		mmap(NULL, 4096, PROT_READ, MAP_SHARED, config->io_fd, (off_t)(fence_page - config->io_base));
	assert_ptr_not_equal(memory, MAP_FAILED);
	page = memory;
	assert_int_equal(atomic_load(page), 1000);
	allocation = allocate(64 * KIB);
	assert_int_equal(make_resident(allocation, &first), HOST_STATUS_PENDING);
	assert_int_equal(map(allocation, BASE, 64 * KIB, 1, &second), HOST_STATUS_PENDING);
	assert_int_equal(first, 1001);
	assert_int_equal(second, 1002);
	atomic_store(&raised, 0);
	target = second;
	wait = (struct host_wait_from_cpu){.device = device,
					   .object_count = 1,
					   .objects = &queue_fence,
					   .fence_values = &target,
					   .guest_event = 77};
	assert_int_equal(send_to(HOST_WAITFORSYNCOBJECTFROMCPU, &wait, NULL), 0);
	for (int i = 0; i < 5000 && !atomic_load(&raised); i++)
		poll(NULL, 0, 1);
	assert_int_equal(atomic_load(&raised), 77);
	assert_int_equal(atomic_load(page), 1002);
	assert_int_equal(make_resident(allocation, &first), HOST_STATUS_OK);
	munmap(memory, 4096);
	assert_int_equal(misuse(), 0);
	finish();
}

static void destroying_a_device_takes_everything(void **state)
{
	struct host_destroy_device request;
	d3dkmt_handle allocation;
	uint64_t fence;

	(void)state;
	start("rx6800,paging-us=1000000");
	allocation = allocate(64 * KIB);
	assert_int_equal(map(allocation, BASE, 64 * KIB, 1, &fence), HOST_STATUS_PENDING);
	request.device = device;
	assert_int_equal(send_to(HOST_DESTROYDEVICE, &request, NULL), 0);
	assert_int_equal(reserve(BASE, 64 * KIB), BASE);
	assert_int_equal(misuse(), 0);
	assert_int_not_equal(send_to(HOST_DESTROYDEVICE, &request, NULL), 0);
	assert_int_equal(misuse(), 1);
	finish();
}

static void flags_without_a_meaning_are_misuse(void **state)
{
	struct host_make_resident resident = {.allocation_count = 1};
	struct host_make_resident_reply resident_reply = {0};
	struct host_evict evicted = {.flags = 4};
	struct host_evict_reply evict_reply = {0};
	struct host_create_device create = {.flags = 0x10};
	struct host_create_device_reply created = {0};
	struct host_create_sync_object sync = {
		.args = {.info = {.type = D3DDDI_MONITORED_FENCE, .flags = 0x100}}};
	struct host_create_sync_object_reply made = {0};
	uint64_t value = 0;
	struct host_wait_from_cpu wait = {.flags = 2, .object_count = 1, .fence_values = &value};
	d3dkmt_handle allocation;

	(void)state;
	start("rx6800,pending=never");
	allocation = allocate(64 * KIB);
	resident.device = evicted.device = sync.args.device = wait.device = device;
	resident.paging_queue = queue;
	resident.allocations = &allocation;
	wait.objects = &queue_fence;
	resident.flags = D3DDDI_MAKERESIDENT_FLAGS_MUST_SUCCEED; /* alone */
	assert_int_equal(send_to(HOST_MAKERESIDENT, &resident, &resident_reply),
			 HOST_STATUS_INVALID_PARAMETER);
	assert_int_equal(misuse(), 1);
	resident.flags = 4;
	assert_int_equal(send_to(HOST_MAKERESIDENT, &resident, &resident_reply),
			 HOST_STATUS_INVALID_PARAMETER);
	assert_int_equal(misuse(), 1);
	resident.flags = 3;
	assert_int_equal(send_to(HOST_MAKERESIDENT, &resident, &resident_reply), 0);
	assert_int_equal(misuse(), 0);
	send_to(HOST_EVICT, &evicted, &evict_reply);
	assert_int_equal(misuse(), 1);
	send_to(HOST_CREATEDEVICE, &create, &created);
	assert_int_equal(created.device, 0);
	assert_int_equal(misuse(), 1);
	send_to(HOST_CREATESYNCOBJECT, &sync, &made);
	assert_int_equal(made.sync_object, 0);
	assert_int_equal(misuse(), 1);
	assert_int_equal(send_to(HOST_WAITFORSYNCOBJECTFROMCPU, &wait, NULL), HOST_STATUS_INVALID_PARAMETER);
	assert_int_equal(misuse(), 1);
	assert_int_not_equal(map(allocation, BASE, 64 * KIB, 1 | 1ull << 20, NULL), 0);
	assert_int_equal(misuse(), 1);
	finish();
}

static void locked_memory_of_a_destroyed_resource_is_told(void **state)
{
	struct host_lock lock = {.args = {.device = 0}};
	struct host_lock_reply locked = {0};
	struct host_destroy_allocation destroy = {.device = 0};

	(void)state;
	start("rx6800");
	lock.args.device = destroy.device = device;
	lock.args.allocation = allocate_with(64 * KIB, 0x20000001, &destroy.resource);
	assert_int_not_equal(lock.args.allocation, 0);
	assert_int_equal(send_to(HOST_LOCK2, &lock, &locked), 0);
	assert_int_equal(misuse(), 0);
	assert_int_equal(send_to(HOST_DESTROYALLOCATION, &destroy, NULL), 0);
	assert_int_equal(misuse(), 1);
	finish();
}

/* What the guest is told may use what the process has open. */
static void a_process_ends_when_it_has_been_told_everything(void **state)
{
	struct host_wait_from_cpu wait = {.guest_event = 3, .object_count = 1, .objects = &queue_fence};
	uint64_t fence;

	(void)state;
	start("rx6800,pending=always,paging-us=1000");
	atomic_store(&raised, 0);
	atomic_store(&telling, false);
	atomic_store(&slow, true);
	assert_int_equal(make_resident(allocate(64 * KIB), &fence), HOST_STATUS_PENDING);
	wait.device = device;
	wait.fence_values = &fence;
	assert_int_equal(send_to(HOST_WAITFORSYNCOBJECTFROMCPU, &wait, NULL), 0);
	for (int i = 0; i < 10000 && !atomic_load(&telling); i++)
		poll(NULL, 0, 1);
	send_to(HOST_DESTROYPROCESS, NULL, NULL);
	assert_int_equal(atomic_load(&raised), 3);
	atomic_store(&slow, false);
	host_model_ops.detach(model);
	host_model_destroy(model);
}

static atomic_uint signals;

static void on_signal(int number)
{
	(void)number;
	atomic_fetch_add(&signals, 1);
}

/* A signal to the process that every thread of the program blocks stays pending: the host's threads are not its. */
static void the_hosts_threads_take_no_signal(void **state)
{
	struct sigaction action = {.sa_handler = on_signal}, before;
	sigset_t set, old, pending;
	d3dkmt_handle allocation;
	uint64_t fence;

	(void)state;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
	start("rx6800,pending=always,paging-us=1000");
	allocation = allocate(64 * KIB);
	assert_int_equal(make_resident(allocation, &fence), HOST_STATUS_PENDING);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, &set, &old), 0);
	assert_int_equal(kill(getpid(), SIGUSR1), 0);
	assert_int_equal(make_resident(allocation, &fence), HOST_STATUS_PENDING);
	poll(NULL, 0, 20);
	assert_int_equal(atomic_load(&signals), 0);
	assert_int_equal(sigpending(&pending), 0);
	assert_true(sigismember(&pending, SIGUSR1));
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &old, NULL), 0);
	assert_int_equal(atomic_load(&signals), 1);
	assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reservations_do_not_overlap),
		cmocka_unit_test(what_is_still_reserved_is_told),
		cmocka_unit_test(mapping_follows_the_page_rules),
		cmocka_unit_test(residency_is_counted_and_bounded),
		cmocka_unit_test(paging_fences_come_later_and_in_order),
		cmocka_unit_test(destroying_a_device_takes_everything),
		cmocka_unit_test(flags_without_a_meaning_are_misuse),
		cmocka_unit_test(locked_memory_of_a_destroyed_resource_is_told),
		cmocka_unit_test(a_process_ends_when_it_has_been_told_everything),
		cmocka_unit_test(the_hosts_threads_take_no_signal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
