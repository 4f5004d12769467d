// SPDX-License-Identifier: MIT
/*
 * An adapter that is removed under a program, in the simulated driver: what its handles are still good for, what the
 * driver forgets, and the adapter that comes back (dxgkrnl: dxgmodule.c, dxgadapter.c, ioctl.c).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../conformance/scripted_host.h"
#include "dxgsim/driver/driver.h"
#include "util/compiler.h"

#define PAGE	 4096u
#define VALUE	 0x1122334455667788u
#define ADAPTERS 3u

/* ---- the scripted host, whose upcalls are ours to make ---- */

static struct scripted_host *host;
static const struct host_upcalls *upcalls;
static int last_vgpu;
static struct driver_file *dxg;
static int fd;

static int attach(void *arg, const struct host_upcalls *calls)
{
	upcalls = calls;
	return scripted_host_ops()->attach(arg, calls);
}

static int deliver(void *arg, struct host_message *m)
{
	last_vgpu = m->vgpu;
	return scripted_host_ops()->send(arg, m);
}

static int call(unsigned long cmd, void *arg)
{
	return driver_ioctl(dxg, cmd, (uintptr_t)arg) == -1 ? -errno : 0;
}

/* Messages since it was asked last, those to the VM as a whole left out. */
static size_t adapter_messages(void)
{
	const struct logged_message *log;
	size_t count = scripted_host_take_log(host, &log), found = 0;

	for (size_t i = 0; i < count; i++)
		found += !log[i].global_channel;
	return found;
}

/* What a program has on the adapter that will be removed. */
static struct {
	d3dkmt_handle adapter, device, context, hwqueue, paging_queue, fence, notified;
	d3dkmt_handle allocation, resource;
	volatile uint64_t *fence_page, *paging_page, *progress_page;
	uint64_t *locked;
} have;

static d3dkmt_handle create_allocation(uint32_t flags, d3dkmt_handle *resource)
{
	struct d3dddi_allocationinfo2 info = {.vidpn_source_id = UINT32_MAX};
	struct d3dkmt_createallocation create = {.device = have.device,
						 .alloc_count = 1,
						 .allocation_info = ptr_to_u64(&info),
						 .flags = flags};

	assert_int_equal(call(LX_DXCREATEALLOCATION, &create), 0);
	if (resource)
		*resource = create.resource;
	return info.allocation;
}

static void create_queues(void)
{
	struct d3dkmt_createcontextvirtual context = {.device = have.device};
	struct d3dkmt_createhwqueue queue = {.context = 0};
	struct d3dkmt_createpagingqueue paging = {.device = have.device};

	assert_int_equal(call(LX_DXCREATECONTEXTVIRTUAL, &context), 0);
	have.context = queue.context = context.context;
	assert_int_equal(call(LX_DXCREATEHWQUEUE, &queue), 0);
	have.hwqueue = queue.queue;
	have.progress_page = (uint64_t *)(uintptr_t)queue.queue_progress_fence_cpu_va;
	assert_int_equal(call(LX_DXCREATEPAGINGQUEUE, &paging), 0);
	have.paging_queue = paging.paging_queue;
	have.paging_page = (uint64_t *)(uintptr_t)paging.fence_cpu_virtual_address;
}

static void create_fence(void)
{
	struct d3dkmt_createsynchronizationobject2 fence = {.device = have.device,
							    .info = {.type = D3DDDI_MONITORED_FENCE}};
	struct d3dkmt_createsynchronizationobject2 other = {.device = have.device,
							    .info = {.type = D3DDDI_SEMAPHORE}};

	assert_int_equal(call(LX_DXCREATESYNCHRONIZATIONOBJECT, &fence), 0);
	have.fence = fence.sync_object;
	have.fence_page = (uint64_t *)(uintptr_t)fence.info.monitored_fence.fence_cpu_virtual_address;
	*have.fence_page = VALUE;
	assert_int_equal(call(LX_DXCREATESYNCHRONIZATIONOBJECT, &other), 0);
	have.notified = other.sync_object;
}

static void create_memory(void)
{
	struct d3dkmt_lock2 lock = {.device = have.device};

	have.allocation = lock.allocation = create_allocation(0, NULL);
	create_allocation(D3DKMT_CREATEALLOCATIONFLAGS_CREATE_RESOURCE, &have.resource);
	assert_int_equal(call(LX_DXLOCK2, &lock), 0);
	have.locked = (uint64_t *)(uintptr_t)lock.data;
}

static int setup(void **state)
{
	static struct host_ops ops;
	const struct scripted_host_setup setup = {.interface_version = 40};
	struct d3dkmt_openadapterfromluid luid = {.adapter_luid = {0x44332211, 0x88776655}};
	struct d3dkmt_createdevice device = {.adapter = 0};

	(void)state;
	ops = *scripted_host_ops();
	ops.attach = attach;
	ops.send = deliver;
	assert_int_equal(scripted_host_create(&setup, &host), 0);
	assert_int_equal(driver_init(&ops, host, NULL, NULL), 0);
	assert_int_equal(driver_open(2, &fd, &dxg), 0);
	assert_int_equal(call(LX_DXOPENADAPTERFROMLUID, &luid), 0);
	have.adapter = device.adapter = luid.adapter_handle;
	assert_int_equal(call(LX_DXCREATEDEVICE, &device), 0);
	have.device = device.device;
	create_queues();
	create_fence();
	create_memory();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (dxg) {
		close(fd);
		driver_release(dxg);
	}
	driver_exit();
	scripted_host_destroy(host);
	return 0;
}

static void remove_adapter(void)
{
	upcalls->vgpu_removed(0);
	adapter_messages();
}

static void plug_adapter(void)
{
	const struct host_vgpu now = {
		.guest_luid = {0x51, 0x52}, .host_luid = {0x53, 0}, .host_adapter = 0x54};

	upcalls->vgpu_added(0, &now);
}

/* ---- */

static void whatever_needs_the_adapter_finds_it_gone(void **state)
{
	uint64_t value = 1;
	uint32_t word = 0;
	struct d3dddi_allocationinfo2 info = {.sysmem = 0};
	struct d3dkmt_createdevice device = {.adapter = have.adapter};
	struct d3dkmt_createcontextvirtual context = {.device = have.device};
	struct d3dkmt_createhwqueue hwqueue = {.context = have.context};
	struct d3dkmt_createpagingqueue paging = {.device = have.device};
	struct d3dkmt_createsynchronizationobject2 fence = {.device = have.device,
							    .info = {.type = D3DDDI_MONITORED_FENCE}};
	struct d3dkmt_createallocation allocation = {
		.device = have.device, .alloc_count = 1, .allocation_info = ptr_to_u64(&info)};
	struct d3dkmt_queryadapterinfo query = {.adapter = have.adapter,
						.type = 1,
						.private_data = ptr_to_u64(&word),
						.private_data_size = sizeof(word)};
	struct d3dkmt_queryvideomemoryinfo memory = {.adapter = have.adapter};
	struct d3dkmt_escape escape = {.adapter = have.adapter,
				       .priv_drv_data = ptr_to_u64(&word),
				       .priv_drv_data_size = sizeof(word)};
	struct d3dddi_makeresident resident = {.paging_queue = have.paging_queue,
					       .alloc_count = 1,
					       .allocation_list = ptr_to_u64(&have.allocation)};
	struct d3dkmt_evict evict = {
		.device = have.device, .alloc_count = 1, .allocations = ptr_to_u64(&have.allocation)};
	struct d3dddi_mapgpuvirtualaddress map = {
		.paging_queue = have.paging_queue, .allocation = have.allocation, .size_in_pages = 1};
	struct d3dddi_reservegpuvirtualaddress reserve = {.adapter = have.adapter, .size = 65536};
	struct d3dddi_reservegpuvirtualaddress reserve_by_queue = {.adapter = have.paging_queue,
								   .size = 65536};
	struct d3dkmt_freegpuvirtualaddress gpuva = {.adapter = have.adapter, .size = 65536};
	struct d3dkmt_lock2 lock = {.device = have.device, .allocation = have.allocation};
	struct d3dkmt_getdevicestate device_state = {.device = have.device,
						     .state_type = D3DKMT_DEVICESTATE_EXECUTION};
	struct d3dkmt_waitforsynchronizationobjectfromcpu wait = {.device = have.device,
								  .object_count = 1,
								  .objects = ptr_to_u64(&have.fence),
								  .fence_values = ptr_to_u64(&value)};
	struct d3dkmt_signalsynchronizationobjectfromcpu signal = {.device = have.device,
								   .object_count = 1,
								   .objects = ptr_to_u64(&have.fence),
								   .fence_values = ptr_to_u64(&value)};
	struct d3dkmt_submitcommand submit = {.command_length = 4, .broadcast_context_count = 1};
	struct d3dkmt_submitcommandtohwqueue submit_hw = {.hwqueue = have.hwqueue, .command_length = 4};
	struct d3dkmt_submitsignalsyncobjectstohwqueue signal_hw = {.hwqueue_count = 1,
								    .hwqueues = ptr_to_u64(&have.hwqueue),
								    .object_count = 1,
								    .objects = ptr_to_u64(&have.fence),
								    .fence_values = ptr_to_u64(&value)};
	struct d3dkmt_submitwaitforsyncobjectstohwqueue wait_hw = {.hwqueue = have.hwqueue,
								   .object_count = 1,
								   .objects = ptr_to_u64(&have.fence),
								   .fence_values = ptr_to_u64(&value)};
	struct d3dkmt_getcontextschedulingpriority priority = {.context = have.context};
	struct d3dkmt_invalidatecache invalidate = {.device = have.device, .allocation = have.allocation};
	struct d3dkmt_createsyncfile sync_file = {.device = have.device, .monitored_fence = have.fence};
	const struct {
		unsigned long cmd;
		void *arg;
	} calls[] = {
		{LX_DXCREATEDEVICE, &device},
		{LX_DXCREATECONTEXTVIRTUAL, &context},
		{LX_DXCREATEHWQUEUE, &hwqueue},
		{LX_DXCREATEPAGINGQUEUE, &paging},
		{LX_DXCREATESYNCHRONIZATIONOBJECT, &fence},
		{LX_DXCREATEALLOCATION, &allocation},
		{LX_DXQUERYADAPTERINFO, &query},
		{LX_DXQUERYVIDEOMEMORYINFO, &memory},
		{LX_DXESCAPE, &escape},
		{LX_DXMAKERESIDENT, &resident},
		{LX_DXEVICT, &evict},
		{LX_DXMAPGPUVIRTUALADDRESS, &map},
		{LX_DXRESERVEGPUVIRTUALADDRESS, &reserve},
		{LX_DXRESERVEGPUVIRTUALADDRESS, &reserve_by_queue},
		{LX_DXFREEGPUVIRTUALADDRESS, &gpuva},
		{LX_DXLOCK2, &lock},
		{LX_DXGETDEVICESTATE, &device_state},
		{LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU, &wait},
		{LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMCPU, &signal},
		{LX_DXSUBMITCOMMAND, &submit},
		{LX_DXSUBMITCOMMANDTOHWQUEUE, &submit_hw},
		{LX_DXSUBMITSIGNALSYNCOBJECTSTOHWQUEUE, &signal_hw},
		{LX_DXSUBMITWAITFORSYNCOBJECTSTOHWQUEUE, &wait_hw},
		{LX_DXGETCONTEXTSCHEDULINGPRIORITY, &priority},
		{LX_DXINVALIDATECACHE, &invalidate},
		{LX_DXCREATESYNCFILE, &sync_file},
	};

	(void)state;
	submit.broadcast_context[0] = have.context;
	remove_adapter();
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		int ret = call(calls[i].cmd, calls[i].arg);

		if (ret != -ENODEV)
			fail_msg("%s: %s", driver_ioctl_name(_IOC_NR(calls[i].cmd)), strerror(-ret));
	}
	assert_int_equal(adapter_messages(), 0);
}

static void handles_go_but_for_those_of_allocations(void **state)
{
	struct d3dkmt_destroyhwqueue hwqueue = {.queue = have.hwqueue};
	struct d3dkmt_destroycontext context = {.context = have.context};
	struct d3dddi_destroypagingqueue paging = {.paging_queue = have.paging_queue};
	struct d3dkmt_destroyallocation2 allocation = {
		.device = have.device, .alloc_count = 1, .allocations = ptr_to_u64(&have.allocation)};
	struct d3dkmt_destroyallocation2 resource = {.device = have.device, .resource = have.resource};
	struct d3dkmt_unlock2 unlock = {.device = have.device, .allocation = have.allocation};
	struct d3dkmt_destroysynchronizationobject fence = {.sync_object = have.fence};
	struct d3dkmt_destroysynchronizationobject notified = {.sync_object = have.notified};
	struct d3dkmt_destroydevice device = {.device = have.device};
	struct d3dkmt_closeadapter adapter = {.adapter_handle = have.adapter};

	(void)state;
	remove_adapter();
	assert_int_equal(call(LX_DXDESTROYHWQUEUE, &hwqueue), -ENODEV);
	assert_int_equal(call(LX_DXDESTROYHWQUEUE, &hwqueue), -EINVAL);
	assert_int_equal(call(LX_DXDESTROYCONTEXT, &context), -ENODEV);
	assert_int_equal(call(LX_DXDESTROYCONTEXT, &context), -EINVAL);
	assert_int_equal(call(LX_DXDESTROYPAGINGQUEUE, &paging), -ENODEV);
	assert_int_equal(call(LX_DXDESTROYPAGINGQUEUE, &paging), -EINVAL);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(call(LX_DXDESTROYALLOCATION2, &allocation), -ENODEV);
		assert_int_equal(call(LX_DXDESTROYALLOCATION2, &resource), -ENODEV);
	}
	/* the lock is forgotten: there is none to undo */
	assert_int_equal(call(LX_DXUNLOCK2, &unlock), -EINVAL);
	assert_int_equal(call(LX_DXDESTROYSYNCHRONIZATIONOBJECT, &fence), 0);
	assert_int_equal(call(LX_DXDESTROYSYNCHRONIZATIONOBJECT, &notified), 0);
	assert_int_equal(call(LX_DXDESTROYDEVICE, &device), 0);
	assert_int_equal(call(LX_DXDESTROYDEVICE, &device), -EINVAL);
	assert_int_equal(call(LX_DXDESTROYALLOCATION2, &allocation), -EINVAL);
	assert_int_equal(call(LX_DXCLOSEADAPTER, &adapter), 0);
	assert_int_equal(call(LX_DXCLOSEADAPTER, &adapter), -EINVAL);
	assert_int_equal(adapter_messages(), 0);
}

static bool owned(const volatile void *at)
{
	return driver_owns_range((uintptr_t)at, PAGE);
}

static bool is_mapped(const volatile void *at)
{
	return !msync((void *)(uintptr_t)at, PAGE, MS_ASYNC);
}

static void mappings_stay_and_are_forgotten(void **state)
{
	struct d3dkmt_destroydevice device = {.device = have.device};
	int file = memfd_create("mine", MFD_CLOEXEC);
	uint64_t value = 0;
	void *mine;

	(void)state;
	assert_true(file >= 0);
	assert_int_equal(ftruncate(file, PAGE), 0);
	assert_true(owned(have.fence_page) && owned(have.paging_page) && owned(have.locked));
	*have.paging_page = 3;
	remove_adapter();
	assert_false(owned(have.fence_page) || owned(have.paging_page) || owned(have.locked));
	assert_true(owned(have.progress_page));
	assert_int_equal(*have.fence_page, VALUE);
	assert_int_equal(*have.paging_page, 3);
	*have.locked = 1;
	assert_int_equal(*have.locked, 1);
	/* the program may have its own there by then */
	mine = mmap((void *)(uintptr_t)have.paging_page, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		    file, 0);
	assert_ptr_equal(mine, (void *)(uintptr_t)have.paging_page);
	assert_int_equal(call(LX_DXDESTROYDEVICE, &device), 0);
	*have.paging_page = 4;
	assert_int_equal(pread(file, &value, sizeof(value), 0), sizeof(value));
	assert_int_equal(value, 4);
	close(file);
	assert_true(is_mapped(have.fence_page) && is_mapped(have.locked));
	assert_false(is_mapped(have.progress_page));
	assert_false(driver_owns_range(0, UINT64_MAX));
	munmap((void *)(uintptr_t)have.fence_page, PAGE);
	munmap(mine, PAGE);
}

/* The next owner of a part of the IO window does not see what a stale pointer writes, nor the other way round. */
static void pages_of_the_window_are_the_hosts_again(void **state)
{
	struct d3dkmt_createsynchronizationobject2 fence = {.info = {.type = D3DDDI_MONITORED_FENCE}};
	struct d3dkmt_openadapterfromluid luid = {.adapter_luid = {0x44332212, 0x88776655}};
	struct d3dkmt_createdevice device = {.adapter = 0};
	const struct host_config *config = scripted_host_ops()->config(host);
	uint64_t *window;

	(void)state;
	window = mmap(NULL, config->io_size, PROT_READ | PROT_WRITE, MAP_SHARED, config->io_fd, 0);
	assert_ptr_not_equal(window, MAP_FAILED);
	remove_adapter();
	/* any call */
	assert_int_equal(call(LX_DXOPENADAPTERFROMLUID, &luid), 0);
	for (size_t i = 0; i < config->io_size / PAGE; i++)
		if (window[i * PAGE / sizeof(*window)] == VALUE)
			window[i * PAGE / sizeof(*window)] = 1;
	assert_int_equal(*have.fence_page, VALUE);
	munmap(window, config->io_size);
	device.adapter = luid.adapter_handle;
	assert_int_equal(call(LX_DXCREATEDEVICE, &device), 0);
	fence.device = device.device;
	assert_int_equal(call(LX_DXCREATESYNCHRONIZATIONOBJECT, &fence), 0);
	assert_true(driver_owns_range(fence.info.monitored_fence.fence_cpu_virtual_address, PAGE));
}

static uint32_t enumerate(struct d3dkmt_adapterinfo *infos)
{
	struct d3dkmt_enumadapters3 args = {.filter = D3DKMT_ENUMADAPTERS_FILTER_INCLUDE_COMPUTE_ONLY,
					    .adapter_count = ADAPTERS,
					    .adapters = ptr_to_u64(infos)};
	struct d3dkmt_enumadapters2 count = {.adapters = 0};

	assert_int_equal(call(LX_DXENUMADAPTERS3, &args), 0);
	assert_int_equal(call(LX_DXENUMADAPTERS2, &count), 0);
	assert_int_equal(args.adapter_count, count.num_adapters);
	return args.adapter_count;
}

static void the_same_gpu_comes_back_as_another_adapter(void **state)
{
	struct d3dkmt_openadapterfromluid old = {.adapter_luid = {0x44332211, 0x88776655}};
	struct d3dkmt_openadapterfromluid new = {.adapter_luid = {0x51, 0x52}};
	struct d3dkmt_enumprocesses processes = {.adapter_luid = old.adapter_luid};
	struct d3dkmt_adapterinfo infos[ADAPTERS];
	struct d3dkmt_createdevice device = {.adapter = have.adapter};

	(void)state;
	assert_int_equal(enumerate(infos), ADAPTERS);
	plug_adapter(); /* it never went */
	assert_int_equal(enumerate(infos), ADAPTERS);
	remove_adapter();
	remove_adapter();
	assert_int_equal(enumerate(infos), ADAPTERS - 1);
	assert_int_equal(infos[0].adapter_luid.a, 0x44332212);
	assert_int_equal(call(LX_DXOPENADAPTERFROMLUID, &old), -EINVAL);
	assert_int_equal(call(LX_DXENUMPROCESSES, &processes), -EINVAL);
	assert_int_equal(call(LX_DXOPENADAPTERFROMLUID, &new), -EINVAL);

	plug_adapter();
	plug_adapter();
	assert_int_equal(enumerate(infos), ADAPTERS);
	assert_int_equal(infos[ADAPTERS - 1].adapter_luid.a, 0x51);
	assert_int_equal(infos[ADAPTERS - 1].adapter_luid.b, 0x52);
	assert_int_equal(call(LX_DXOPENADAPTERFROMLUID, &old), -EINVAL);
	assert_int_equal(call(LX_DXOPENADAPTERFROMLUID, &new), 0);
	assert_int_equal(call(LX_DXCREATEDEVICE, &device), -ENODEV);
	device.adapter = new.adapter_handle;
	adapter_messages();
	assert_int_equal(call(LX_DXCREATEDEVICE, &device), 0);
	assert_int_equal(adapter_messages(), 1);
	assert_int_equal(last_vgpu, 0);
	processes.adapter_luid = new.adapter_luid;
	assert_int_equal(call(LX_DXENUMPROCESSES, &processes), -EOVERFLOW);
	assert_int_equal(processes.buffer_count, 1);
	/* and again */
	upcalls->vgpu_removed(0);
	assert_int_equal(enumerate(infos), ADAPTERS - 1);
	assert_int_equal(call(LX_DXCREATEDEVICE, &device), -ENODEV);
}

static void count_removed(void *arg, const struct driver_object *object)
{
	unsigned int *count = arg;

	count[object->removed]++;
}

static void what_is_left_of_it_is_told_apart(void **state)
{
	unsigned int before[2] = {0}, after[2] = {0}, both[2] = {0};
	struct d3dkmt_openadapterfromluid new = {.adapter_luid = {0x51, 0x52}};

	(void)state;
	driver_report(count_removed, before);
	assert_int_equal(before[true], 0);
	remove_adapter();
	driver_report(count_removed, after);
	assert_int_equal(after[true], before[false]);
	assert_int_equal(after[false], 0);
	plug_adapter();
	assert_int_equal(call(LX_DXOPENADAPTERFROMLUID, &new), 0);
	driver_report(count_removed, both);
	assert_int_equal(both[true], before[false]);
	assert_int_equal(both[false], 1);
}

static void the_last_close_goes_without_the_host(void **state)
{
	(void)state;
	remove_adapter();
	close(fd);
	driver_release(dxg);
	dxg = NULL;
	assert_int_equal(adapter_messages(), 0);
	assert_false(driver_owns_range(0, UINT64_MAX));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(whatever_needs_the_adapter_finds_it_gone),
		TEST(handles_go_but_for_those_of_allocations),
		TEST(mappings_stay_and_are_forgotten),
		TEST(pages_of_the_window_are_the_hosts_again),
		TEST(the_same_gpu_comes_back_as_another_adapter),
		TEST(what_is_left_of_it_is_told_apart),
		TEST(the_last_close_goes_without_the_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
