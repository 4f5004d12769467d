// SPDX-License-Identifier: MIT
/* A host that is short of memory as a program meets it through the driver: which calls fail, with which errno. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "dxg/uapi.h"
#include "dxgsim/dxgsim.h"

#define MIB	    (1ull << 20)
#define PAGE	    4096u
#define VISIBLE	    0x20000001u /* VRAM that the CPU can see */
#define SUPPLIED    0x04000008u /* cached system memory of the program's own */
#define PENDING	    259
#define SLOW_MS	    50
#define FAR_ADDRESS 0x10000000000ull

static struct {
	int fd;
	d3dkmt_handle adapter, device, queue;
	const _Atomic uint64_t *paged; /* value of the queue's fence */
	uint64_t fence;		       /* the last one to wait for */
} m;

static int call(unsigned long cmd, void *args)
{
	int ret = ioctl(m.fd, cmd, args);

	return ret < 0 ? -errno : ret;
}

static void start(const char *adapter)
{
	struct d3dkmt_adapterinfo info = {0};
	struct d3dkmt_enumadapters3 adapters = {.adapter_count = 1, .adapters = (uintptr_t)&info};
	struct d3dkmt_createdevice device = {0};
	struct d3dkmt_createpagingqueue queue = {0};

	setenv("DXGSIM_ADAPTERS", adapter, 1);
	setenv("DXGSIM_REPORT", "/dev/null", 1); /* what is left open here is no news */
	dxgsim_reset();
	m.fd = open("/dev/dxg", O_RDWR | O_CLOEXEC);
	assert_true(m.fd >= 0);
	assert_int_equal(call(LX_DXENUMADAPTERS3, &adapters), 0);
	m.adapter = device.adapter = info.adapter_handle;
	assert_int_equal(call(LX_DXCREATEDEVICE, &device), 0);
	m.device = queue.device = device.device;
	assert_int_equal(call(LX_DXCREATEPAGINGQUEUE, &queue), 0);
	m.queue = queue.paging_queue;
	m.paged = (const _Atomic uint64_t *)(uintptr_t)queue.fence_cpu_virtual_address;
}

static void put32(uint8_t *to, uint32_t offset, uint32_t value)
{
	memcpy(to + offset, &value, sizeof(value));
}

/* -errno, or 0 and the handle, which is 0 when the host has not said anything. */
static int allocate(uint64_t size, uint32_t flags, void *memory, d3dkmt_handle *out)
{
	uint8_t resource[0x40] = {0}, data[0x218] = {0};
	struct d3dddi_allocationinfo2 info = {
		.sysmem = (uintptr_t)memory,
		.priv_drv_data = (uintptr_t)data,
		.priv_drv_data_size = sizeof(data),
		.vidpn_source_id = UINT32_MAX,
	};
	struct d3dkmt_createallocation args = {
		.device = m.device,
		.priv_drv_data = (uintptr_t)resource,
		.priv_drv_data_size = sizeof(resource),
		.alloc_count = 1,
		.allocation_info = (uintptr_t)&info,
	};
	int ret;

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
	data[0x60] = memory ? 4 : 1;
	memcpy(data + 0xa8, &size, sizeof(size));
	put32(data, 0xf0, 0xc4);
	put32(data, 0x104, 0x114);
	ret = call(LX_DXCREATEALLOCATION, &args);
	*out = info.allocation;
	return ret;
}

static d3dkmt_handle allocated(uint64_t size)
{
	d3dkmt_handle allocation;

	assert_int_equal(allocate(size, VISIBLE, NULL, &allocation), 0);
	assert_int_not_equal(allocation, 0);
	return allocation;
}

static int destroy(d3dkmt_handle allocation)
{
	struct d3dkmt_destroyallocation2 args = {
		.device = m.device, .allocations = (uintptr_t)&allocation, .alloc_count = 1};

	return call(LX_DXDESTROYALLOCATION2, &args);
}

static int make_resident(d3dkmt_handle allocation)
{
	struct d3dddi_makeresident args = {
		.paging_queue = m.queue, .alloc_count = 1, .allocation_list = (uintptr_t)&allocation};
	int ret = call(LX_DXMAKERESIDENT, &args);

	m.fence = args.paging_fence_value;
	return ret;
}

static uint64_t reserve(uint64_t size)
{
	struct d3dddi_reservegpuvirtualaddress args = {
		.adapter = m.adapter, .base_address = FAR_ADDRESS, .size = size};

	assert_int_equal(call(LX_DXRESERVEGPUVIRTUALADDRESS, &args), 0);
	return args.virtual_address;
}

static int map(d3dkmt_handle allocation, uint64_t address, uint64_t size)
{
	struct d3dddi_mapgpuvirtualaddress args = {.paging_queue = m.queue,
						   .base_address = address,
						   .allocation = allocation,
						   .size_in_pages = size / PAGE,
						   .protection = D3DDDIGPUVA_PROTECTION_TYPE_WRITE};
	int ret = call(LX_DXMAPGPUVIRTUALADDRESS, &args);

	m.fence = args.paging_fence_value;
	return ret;
}

static int lock(d3dkmt_handle allocation, void **data)
{
	struct d3dkmt_lock2 args = {.device = m.device, .allocation = allocation};
	int ret = call(LX_DXLOCK2, &args);

	*data = (void *)(uintptr_t)args.data;
	return ret;
}

static int unlock(d3dkmt_handle allocation)
{
	struct d3dkmt_unlock2 args = {.device = m.device, .allocation = allocation};

	return call(LX_DXUNLOCK2, &args);
}

static void strike(const char *spec)
{
	dxgsim_clear_faults();
	assert_int_equal(dxgsim_fault(spec), 0);
}

static void finish(uint64_t misuse)
{
	assert_int_equal(dxgsim_misuse_count(), misuse);
	dxgsim_clear_faults();
	close(m.fd);
}

static void over_budget_refuses_residency_though_memory_is_free(void **state)
{
	d3dkmt_handle allocation;

	(void)state;
	start("rx7900xtx,pending=never");
	allocation = allocated(MIB);
	strike("over-budget");
	for (int i = 0; i < 3; i++)
		assert_int_equal(make_resident(allocation), -ENOMEM);
	assert_string_equal(dxgsim_fault_hit(), "MAKERESIDENT");
	assert_int_equal(map(allocation, FAR_ADDRESS, MIB), 0); /* nothing else */
	strike("over-budget:nth=2:count=1");
	assert_int_equal(make_resident(allocation), 0);
	assert_int_equal(make_resident(allocation), -ENOMEM);
	assert_int_equal(make_resident(allocation), 0);
	finish(0);
}

static void a_host_out_of_memory_refuses_what_needs_some(void **state)
{
	d3dkmt_handle allocation, other;
	void *data;

	(void)state;
	start("rx7900xtx,pending=never");
	allocation = allocated(MIB);
	strike("host-oom");
	assert_true(allocate(MIB, VISIBLE, NULL, &other) < 0 || other == 0);
	assert_int_equal(make_resident(allocation), -ENOMEM);
	assert_int_equal(reserve(MIB), 0);
	assert_int_equal(map(allocation, FAR_ADDRESS, MIB), -ENOMEM);
	assert_int_equal(lock(allocation, &data), -ENOMEM);
	strike("host-oom:count=2");
	assert_int_equal(lock(allocation, &data), -ENOMEM);
	assert_int_equal(make_resident(allocation), -ENOMEM);
	assert_int_equal(lock(allocation, &data), 0);
	assert_int_equal(make_resident(allocation), 0);
	assert_int_equal(reserve(MIB), FAR_ADDRESS);
	assert_int_equal(map(allocation, FAR_ADDRESS, MIB), 0);
	assert_int_equal(unlock(allocation), 0);
	assert_int_equal(destroy(allocation), 0);
	finish(0);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t wait_for_paging(void)
{
	struct timespec pause = {.tv_nsec = 200000};
	uint64_t begin = now_ms();

	while (*m.paged < m.fence && now_ms() - begin < 10000)
		nanosleep(&pause, NULL);
	assert_true(*m.paged >= m.fence);
	return now_ms() - begin;
}

static void slow_paging_delays_the_fence_and_keeps_the_order(void **state)
{
	d3dkmt_handle allocation;

	(void)state;
	start("rx7900xtx");
	allocation = allocated(MIB);
	strike("slow-paging:ms=50:count=1");
	assert_int_equal(make_resident(allocation), PENDING);
	assert_true(dxgsim_fault_applied());
	assert_true(*m.paged < m.fence);
	assert_int_equal(map(allocation, FAR_ADDRESS, MIB), PENDING); /* at no cost of its own */
	assert_true(*m.paged < m.fence);
	assert_true(wait_for_paging() >= SLOW_MS - 2);
	strike("slow-paging:ms=50:nth=2");
	assert_int_equal(map(allocation, FAR_ADDRESS + MIB, MIB), PENDING);
	wait_for_paging();
	assert_int_equal(map(allocation, FAR_ADDRESS + 2 * MIB, MIB), PENDING);
	assert_true(wait_for_paging() >= SLOW_MS - 2);
	finish(0);
}

static void pages_beyond_what_can_be_pinned_are_refused(void **state)
{
	static const char *const adapters[] = {"rx7900xtx,pin-mib=2", "rx7900xtx,pin-mib=2,host=27"};
	d3dkmt_handle first, second;
	uint8_t *memory;

	(void)state;
	memory = mmap(NULL, 4 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(memory, MAP_FAILED);
	for (size_t i = 0; i < sizeof(adapters) / sizeof(adapters[0]); i++) {
		start(adapters[i]);
		assert_int_equal(allocate(2 * MIB, SUPPLIED, memory, &first), 0);
		assert_int_equal(allocate(PAGE, SUPPLIED, memory + 2 * MIB, &second), -ENOMEM);
		assert_int_equal(dxgsim_live_objects("allocation"), 1);
		assert_int_equal(destroy(first), 0);
		assert_int_equal(allocate(PAGE, SUPPLIED, memory + 2 * MIB, &second), 0);
		finish(0);
	}
	munmap(memory, 4 * MIB);
}

static void the_io_window_runs_out(void **state)
{
	d3dkmt_handle first, second;
	uint8_t *data, *other;
	void *at;

	(void)state;
	start("rx7900xtx,io-window-mib=2");
	first = allocated(2 * MIB);
	second = allocated(MIB);
	assert_int_equal(lock(first, &at), 0);
	data = at;
	data[2 * MIB - 1] = 3;
	for (int i = 0; i < 100; i++)
		assert_int_equal(lock(second, &at), -ENOMEM);
	assert_int_equal(data[2 * MIB - 1], 3);
	assert_int_equal(unlock(first), 0);
	assert_int_equal(lock(second, &at), 0);
	other = at;
	assert_int_equal(other[0], 0);
	assert_int_equal(unlock(second), 0);
	assert_int_equal(lock(first, &at), 0);
	data = at;
	assert_int_equal(data[2 * MIB - 1], 3);
	finish(0);
}

static void one_process_alone_is_never_paged(void **state)
{
	struct dxgsim_paging paging;
	d3dkmt_handle allocation;

	(void)state;
	start("rx7900xtx,vram-mib=64,pending=never");
	assert_false(dxgsim_paging(1, &paging));
	for (int i = 0; i < 4; i++) {
		allocation = allocated(60 * MIB);
		assert_int_equal(make_resident(allocation), 0);
		assert_int_equal(make_resident(allocated(MIB)), -ENOMEM);
		assert_int_equal(destroy(allocation), 0);
	}
	assert_true(dxgsim_paging(0, &paging));
	assert_int_equal(paging.adapter_in, 0);
	assert_int_equal(paging.adapter_out, 0);
	assert_int_equal(paging.process_in, 0);
	assert_int_equal(paging.process_out, 0);
	finish(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(over_budget_refuses_residency_though_memory_is_free),
		cmocka_unit_test(a_host_out_of_memory_refuses_what_needs_some),
		cmocka_unit_test(slow_paging_delays_the_fence_and_keeps_the_order),
		cmocka_unit_test(pages_beyond_what_can_be_pinned_are_refused),
		cmocka_unit_test(the_io_window_runs_out),
		cmocka_unit_test(one_process_alone_is_never_paged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
