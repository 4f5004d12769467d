// SPDX-License-Identifier: MIT
/* The ioctl wrappers turn each surprise of the driver into a plain result. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "dxg/dxg.h"
#include "fake_ioctl.h"
#include "util/compiler.h"
#include "util/log.h"

static unsigned busy_left;

static int busy_then_done(unsigned long command, void *arg)
{
	(void)command;
	(void)arg;
	return busy_left-- ? fail_with(EAGAIN) : 0;
}

static void a_full_ring_is_retried_then_succeeds(void **state)
{
	struct dxg *dxg = opened();

	(void)state;
	answer = busy_then_done;
	busy_left = 3;
	assert_int_equal(dxg_destroy_device(dxg, 1), 0);
	assert_int_equal(calls, 4);
	dxg_close(dxg);
}

static void a_ring_that_stays_full_ends_in_eagain(void **state)
{
	struct dxg *dxg = opened();

	(void)state;
	answer = busy_then_done;
	busy_left = 1000;
	assert_int_equal(dxg_destroy_device(dxg, 1), -EAGAIN);
	assert_in_range(calls, 2, 10);
	dxg_close(dxg);
}

/* The driver drops the handle first, so asking again could hit another object. */
static void destroying_is_not_repeated(void **state)
{
	const d3dkmt_handle allocation = 3;
	struct dxg *dxg = opened();

	(void)state;
	answer = busy_then_done;
	busy_left = 1000;
	assert_int_equal(dxg_destroy_context(dxg, 2), -EAGAIN);
	assert_int_equal(dxg_destroy_hwqueue(dxg, 2), -EAGAIN);
	assert_int_equal(dxg_destroy_paging_queue(dxg, 2), -EAGAIN);
	assert_int_equal(dxg_destroy_fence(dxg, 2), -EAGAIN);
	assert_int_equal(dxg_destroy_allocations(dxg, 1, 0, &allocation, 1), -EAGAIN);
	assert_int_equal(dxg_unlock(dxg, 1, allocation), -EAGAIN);
	assert_int_equal(calls, 6);
	dxg_close(dxg);
}

static int busy_for_long(unsigned long command, void *arg)
{
	struct timespec t = {.tv_nsec = 600000000};

	(void)command;
	(void)arg;
	nanosleep(&t, NULL);
	return fail_with(EAGAIN);
}

static void a_ring_that_the_driver_waited_for_is_not_waited_for_again(void **state)
{
	struct dxg *dxg = opened();

	(void)state;
	answer = busy_for_long;
	assert_int_equal(dxg_destroy_device(dxg, 1), -EAGAIN);
	assert_int_equal(calls, 1);
	dxg_close(dxg);
}

static int interrupted_once(unsigned long command, void *arg)
{
	(void)command;
	(void)arg;
	return calls == 1 ? fail_with(EINTR) : 0;
}

static void an_interrupted_call_is_made_again(void **state)
{
	struct dxg *dxg = opened();

	(void)state;
	answer = interrupted_once;
	assert_int_equal(dxg_destroy_device(dxg, 1), 0);
	assert_int_equal(calls, 2);
	dxg_close(dxg);
}

static int success_and_nothing(unsigned long command, void *arg)
{
	(void)command;
	(void)arg;
	return 0;
}

static void success_without_a_handle_is_a_failure(void **state)
{
	uint8_t data[64] = {0};
	struct dxg_allocation allocation = {.private_data = data, .private_data_size = sizeof(data)};
	struct dxg *dxg = opened();
	struct dxg_paging_queue queue;
	struct dxg_fence fence;
	d3dkmt_handle handle = 7;
	uint64_t va = 7, value = 7;
	void *address = data;

	(void)state;
	answer = success_and_nothing;
	assert_int_equal(dxg_lock(dxg, 1, 2, &address), -EINVAL);
	assert_null(address);
	assert_int_equal(dxg_create_device(dxg, 1, 0, &handle), -EIO);
	assert_int_equal(handle, 0);
	assert_int_equal(dxg_create_paging_queue(dxg, 1, &queue), -EIO);
	assert_int_equal(dxg_create_fence(dxg, 1, 0, &fence), -EIO);
	assert_int_equal(dxg_create_allocations(dxg, 1, NULL, 0, 0, &allocation, 1, NULL), -EIO);
	assert_int_equal(dxg_reserve_gpu_va(dxg, 1, 0, 0, 1 << 20, 65536, &va), -ENOMEM);
	assert_int_equal(va, 0);
	assert_int_equal(dxg_map_gpu_va(dxg, &(struct dxg_gpu_va_map){.size = 4096}, &va, &value), -EIO);
	dxg_close(dxg);
}

static d3dkmt_handle destroyed_queue;

static int a_paging_queue_without_its_fence(unsigned long command, void *arg)
{
	if (command == LX_DXCREATEPAGINGQUEUE)
		((struct d3dkmt_createpagingqueue *)arg)->paging_queue = 5;
	if (command == LX_DXDESTROYPAGINGQUEUE)
		destroyed_queue = ((struct d3dddi_destroypagingqueue *)arg)->paging_queue;
	return 0;
}

static void half_a_paging_queue_is_given_back(void **state)
{
	struct dxg *dxg = opened();
	struct dxg_paging_queue queue;

	(void)state;
	answer = a_paging_queue_without_its_fence;
	destroyed_queue = 0;
	assert_int_equal(dxg_create_paging_queue(dxg, 1, &queue), -EIO);
	assert_int_equal(queue.handle, 0);
	assert_int_equal(destroyed_queue, 5);
	dxg_close(dxg);
}

static void statistics_that_nobody_wrote_are_enoent(void **state)
{
	struct d3dkmt_querystatistics query = {.type = D3DKMT_QUERYSTATISTICS_ADAPTER};
	struct dxg *dxg = opened();

	(void)state;
	answer = success_and_nothing;
	assert_int_equal(dxg_query_statistics(dxg, &query), -ENOENT);
	for (size_t i = 0; i < sizeof(query.result.size); i++)
		assert_int_equal(query.result.size[i], 0);
	dxg_close(dxg);
}

static void zeros_without_a_status_are_enodata(void **state)
{
	struct dxgk_gpuclockdata clock;
	struct dxg_video_memory memory;
	struct dxg *dxg = opened();

	(void)state;
	answer = success_and_nothing;
	assert_int_equal(dxg_query_video_memory(dxg, 1, D3DKMT_MEMORY_SEGMENT_GROUP_LOCAL, &memory),
			 -ENODATA);
	assert_int_equal(dxg_query_clock_calibration(dxg, 1, 0, &clock), -ENODATA);
	dxg_close(dxg);
}

static int raw_ntstatus(unsigned long command, void *arg)
{
	(void)command;
	(void)arg;
	return (int)0xc000000dU;
}

static void a_raw_ntstatus_in_the_result_becomes_its_errno(void **state)
{
	struct dxg *dxg = opened();

	(void)state;
	answer = raw_ntstatus;
	assert_int_equal(dxg_destroy_device(dxg, 1), -EINVAL);
	assert_int_equal((uint32_t)dxg_last_status(), 0xc000000d);
	dxg_close(dxg);
}

static int out_of_memory(unsigned long command, void *arg)
{
	(void)command;
	(void)arg;
	return fail_with(ENOMEM);
}

static void the_status_behind_an_errno_is_kept(void **state)
{
	struct dxg *dxg = opened();
	uint64_t fence = 7;

	(void)state;
	answer = out_of_memory;
	assert_int_equal(dxg_make_resident(dxg, 1, &(d3dkmt_handle){2}, 1, &fence), -ENOMEM);
	assert_int_equal(fence, 0);
	assert_int_equal((uint32_t)dxg_last_status(), 0xc0000017);
	assert_string_equal(dxg_status_name(dxg_last_status()), "NO_MEMORY");
	dxg_close(dxg);
}

static int pending_resident(unsigned long command, void *arg)
{
	struct d3dddi_makeresident *args = arg;

	assert_int_equal(command, LX_DXMAKERESIDENT);
	args->paging_fence_value = 40 + calls;
	return calls == 2 ? 0 : 0x103;
}

static void residency_of_many_ends_in_the_latest_fence(void **state)
{
	static d3dkmt_handle many[30000];
	struct dxg *dxg = opened();
	uint64_t fence;

	(void)state;
	answer = pending_resident;
	assert_int_equal(dxg_make_resident(dxg, 1, many, ARRAY_SIZE(many), &fence), 0);
	assert_int_equal(calls, 3);
	assert_int_equal(fence, 43);
	dxg_close(dxg);
}

/* Asked for results, the driver says success where it would have said pending. */
static uint32_t told_result;

static int reclaimed_with_results(unsigned long command, void *arg)
{
	struct d3dkmt_reclaimallocations2 *args = arg;
	uint32_t *results = u64_to_ptr(args->results);

	assert_int_equal(command, LX_DXRECLAIMALLOCATIONS2);
	assert_int_equal(args->resources, 0);
	assert_in_range(args->allocation_count, 1, 10240);
	args->paging_fence_value = 60 - calls;
	if (results && told_result != UINT32_MAX)
		for (uint32_t i = 0; i < args->allocation_count; i++)
			results[i] = told_result;
	return results ? 0 : 0x103;
}

static void what_is_reclaimed_may_be_pending_behind_a_success(void **state)
{
	static d3dkmt_handle many[15000];
	static uint32_t results[ARRAY_SIZE(many)];
	struct dxg *dxg = opened();
	uint64_t fence = 7;

	(void)state;
	answer = reclaimed_with_results;
	told_result = D3DDDI_RECLAIM_RESULT_OK;
	assert_int_equal(dxg_reclaim(dxg, 1, many, ARRAY_SIZE(many), results, &fence), 0);
	assert_int_equal(calls, 2);
	assert_int_equal(fence, 59);
	assert_int_equal(results[0] | results[ARRAY_SIZE(results) - 1], D3DDDI_RECLAIM_RESULT_OK);
	assert_int_equal(dxg_reclaim(dxg, 1, many, 1, NULL, &fence), 0);
	assert_int_equal(fence, 57);
	/* what nobody wrote is not contents that were kept */
	told_result = UINT32_MAX;
	assert_int_equal(dxg_reclaim(dxg, 1, many, 2, results, &fence), 0);
	assert_int_equal(results[0], D3DDDI_RECLAIM_RESULT_DISCARDED);
	assert_int_equal(results[1], D3DDDI_RECLAIM_RESULT_DISCARDED);
	told_result = 3;
	assert_int_equal(dxg_reclaim(dxg, 1, many, 2, results, &fence), -EPROTO);
	assert_int_equal(fence, 0);
	answer = out_of_memory;
	assert_int_equal(dxg_reclaim(dxg, 1, many, 2, results, &fence), -ENOMEM);
	assert_int_equal(fence, 0);
	dxg_close(dxg);
}

static int offered(unsigned long command, void *arg)
{
	const struct d3dkmt_offerallocations *args = arg;

	assert_int_equal(command, LX_DXOFFERALLOCATIONS);
	assert_int_equal(args->device, 1);
	assert_int_equal(args->resources, 0);
	assert_int_equal(args->priority, D3DKMT_OFFER_PRIORITY_LOW);
	assert_in_range(args->allocation_count, 1, 10240);
	return calls == 3 ? fail_with(ENODEV) : 0;
}

static void offers_of_many_end_with_the_first_refusal(void **state)
{
	static d3dkmt_handle many[20481];
	struct dxg *dxg = opened();

	(void)state;
	answer = offered;
	assert_int_equal(dxg_offer(dxg, 1, many, 20480), 0);
	assert_int_equal(calls, 2);
	calls = 0;
	assert_int_equal(dxg_offer(dxg, 1, many, ARRAY_SIZE(many)), -ENODEV);
	assert_int_equal(calls, 3);
	dxg_close(dxg);
}

static uint64_t lock_address;
static unsigned unlocks;

static int locked_somewhere(unsigned long command, void *arg)
{
	if (command == LX_DXUNLOCK2) {
		assert_int_equal(((struct d3dkmt_unlock2 *)arg)->allocation, 2);
		unlocks++;
		return 0;
	}
	assert_int_equal(command, LX_DXLOCK2);
	assert_int_equal(((struct d3dkmt_lock2 *)arg)->data, 0);
	((struct d3dkmt_lock2 *)arg)->data = lock_address;
	return 0;
}

static void a_lock_is_a_page_address_or_none(void **state)
{
	struct dxg *dxg = opened();
	void *address = NULL;

	(void)state;
	answer = locked_somewhere;
	unlocks = 0;
	lock_address = 0x7f0000001000;
	assert_int_equal(dxg_lock(dxg, 1, 2, &address), 0);
	assert_int_equal(ptr_to_u64(address), lock_address);
	assert_int_equal(dxg_unlock(dxg, 1, 2), 0);
	assert_int_equal(unlocks, 1);
	lock_address++;
	assert_int_equal(dxg_lock(dxg, 1, 2, &address), -EPROTO);
	assert_null(address);
	assert_int_equal(unlocks, 2); /* it is not left locked */
	answer = out_of_memory;
	assert_int_equal(dxg_lock(dxg, 1, 2, &address), -ENOMEM);
	dxg_close(dxg);
}

static uint32_t sent_flags;

static int made_of_caller_memory(unsigned long command, void *arg)
{
	struct d3dkmt_createallocation *args = arg;
	struct d3dddi_allocationinfo2 *info;

	assert_int_equal(command, LX_DXCREATEALLOCATION);
	sent_flags = args->flags;
	info = u64_to_ptr(args->allocation_info);
	assert_int_not_equal(info->sysmem, 0);
	info->allocation = 0x40000040;
	return 0;
}

static void memory_that_may_not_be_written_is_pinned_read_only(void **state)
{
	static uint8_t page[4096] __attribute__((aligned(4096)));
	uint8_t data[64] = {0};
	struct dxg_allocation allocation = {
		.sysmem = page, .private_data = data, .private_data_size = sizeof(data)};
	struct dxg *dxg = opened();

	(void)state;
	answer = made_of_caller_memory;
	assert_int_equal(dxg_create_allocations(dxg, 1, NULL, 0, 0, &allocation, 1, NULL), 0);
	assert_int_equal(sent_flags & D3DKMT_CREATEALLOCATIONFLAGS_READ_ONLY, 0);
	assert_int_equal(dxg_create_allocations(dxg, 1, NULL, 0, D3DKMT_CREATEALLOCATIONFLAGS_READ_ONLY,
						&allocation, 1, NULL),
			 0);
	assert_int_equal(sent_flags, D3DKMT_CREATEALLOCATIONFLAGS_READ_ONLY);
	dxg_close(dxg);
}

static int pending_for_ever(unsigned long command, void *arg)
{
	if (command == LX_DXMAKERESIDENT)
		((struct d3dddi_makeresident *)arg)->paging_fence_value = UINT64_MAX;
	else if (command == LX_DXRECLAIMALLOCATIONS2)
		((struct d3dkmt_reclaimallocations2 *)arg)->paging_fence_value = UINT64_MAX;
	else
		((struct d3dddi_mapgpuvirtualaddress *)arg)->paging_fence_value = UINT64_MAX;
	return 0x103;
}

static void a_fence_value_that_marks_loss_is_not_waited_for(void **state)
{
	struct dxg *dxg = opened();
	uint64_t va, fence;

	(void)state;
	answer = pending_for_ever;
	assert_int_equal(dxg_make_resident(dxg, 1, &(d3dkmt_handle){2}, 1, &fence), -EPROTO);
	assert_int_equal(fence, 0);
	assert_int_equal(dxg_map_gpu_va(dxg, &(struct dxg_gpu_va_map){.size = 4096}, &va, &fence), -EPROTO);
	assert_int_equal(fence, 0);
	assert_int_equal(dxg_reclaim(dxg, 1, &(d3dkmt_handle){2}, 1, NULL, &fence), -EPROTO);
	assert_int_equal(fence, 0);
	dxg_close(dxg);
}

static int seventy_adapters(unsigned long command, void *arg)
{
	if (command == LX_DXENUMADAPTERS3)
		((struct d3dkmt_enumadapters3 *)arg)->adapter_count = 70;
	return 0;
}

static void more_adapters_than_room_are_an_error_not_an_empty_list(void **state)
{
	struct dxg_adapter adapters[DXG_MAX_ADAPTERS];
	struct dxg *dxg = opened();
	size_t count = 7;

	(void)state;
	answer = seventy_adapters;
	assert_int_equal(dxg_enum_adapters(dxg, adapters, &count), -EOVERFLOW);
	assert_int_equal(count, 0);
	dxg_close(dxg);
}

static int only_the_old_enumeration(unsigned long command, void *arg)
{
	struct d3dkmt_enumadapters2 *args = arg;
	struct d3dkmt_adapterinfo *list;

	if (command != LX_DXENUMADAPTERS2)
		return fail_with(ENOTTY);
	assert_int_equal(args->num_adapters, DXG_MAX_ADAPTERS);
	list = u64_to_ptr(args->adapters);
	list[0].adapter_handle = 0x40000000;
	list[0].adapter_luid.a = 5;
	args->num_adapters = 1;
	return 0;
}

static void an_old_driver_is_asked_the_old_way(void **state)
{
	struct dxg_adapter adapters[DXG_MAX_ADAPTERS];
	struct dxg *dxg = opened();
	size_t count;

	(void)state;
	answer = only_the_old_enumeration;
	assert_int_equal(dxg_enum_adapters(dxg, adapters, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(adapters[0].handle, 0x40000000);
	assert_int_equal(adapters[0].luid.a, 5);
	dxg_close(dxg);
}

/* A host that answers with more private data than it was sent: the driver copies it all out. */
static uint32_t surplus;

static int long_private_data(unsigned long command, void *arg)
{
	struct d3dkmt_createallocation *args = arg;
	struct d3dddi_allocationinfo2 *info;

	if (command == LX_DXDESTROYALLOCATION2)
		return 0;
	info = u64_to_ptr(args->allocation_info);
	memset(u64_to_ptr(info->priv_drv_data), 0x11, info->priv_drv_data_size + surplus);
	info->allocation = 0x40000040;
	return 0;
}

static void private_data_longer_than_sent_does_no_harm(void **state)
{
	uint8_t data[64] = {0}, untouched[64] = {0};
	struct dxg_allocation allocation = {.private_data = data, .private_data_size = sizeof(data)};
	struct dxg *dxg = opened();

	(void)state;
	answer = long_private_data;
	/* a byte, and all that a message of the host holds */
	for (surplus = 1; surplus < 131072; surplus += 131072 - sizeof(data) - 1) {
		calls = 0;
		assert_int_equal(dxg_create_allocations(dxg, 1, NULL, 0, 0, &allocation, 1, NULL), -EPROTO);
		assert_int_equal(allocation.handle, 0);
		assert_int_equal(calls, 2); /* and the allocation is gone again */
		assert_memory_equal(data, untouched, sizeof(data));
	}
	dxg_close(dxg);
}

static int another_address(unsigned long command, void *arg)
{
	if (command == LX_DXRESERVEGPUVIRTUALADDRESS)
		((struct d3dddi_reservegpuvirtualaddress *)arg)->virtual_address = 0x7000000;
	return 0;
}

static void an_address_other_than_asked_is_given_back(void **state)
{
	struct dxg *dxg = opened();
	uint64_t va;

	(void)state;
	answer = another_address;
	assert_int_equal(dxg_reserve_gpu_va(dxg, 1, 0x1000000, 0, 0, 65536, &va), -EEXIST);
	assert_int_equal(calls, 2);
	assert_int_equal(va, 0);
	dxg_close(dxg);
}

static int unknown_state(unsigned long command, void *arg)
{
	(void)command;
	((struct d3dkmt_getdevicestate *)arg)->execution_state = 99;
	return 0;
}

static void a_device_state_outside_the_known_ones_is_refused(void **state)
{
	enum d3dkmt_deviceexecution_state execution;
	struct dxg *dxg = opened();

	(void)state;
	answer = unknown_state;
	assert_int_equal(dxg_get_device_state(dxg, 1, &execution), -EPROTO);
	dxg_close(dxg);
}

static void bad_arguments_never_reach_the_driver(void **state)
{
	struct dxg *dxg = opened();
	uint64_t va, fence, value = 1;
	d3dkmt_handle handle = 1;

	(void)state;
	answer = success_and_nothing;
	assert_int_equal(dxg_create_allocations(dxg, 1, NULL, 0, 0, NULL, 0, NULL), -EINVAL);
	assert_int_equal(dxg_create_allocations(dxg, 1, NULL, 0, 0, NULL, 1025, NULL), -EINVAL);
	assert_int_equal(dxg_map_gpu_va(dxg, &(struct dxg_gpu_va_map){.size = 4095}, &va, &fence), -EINVAL);
	assert_int_equal(dxg_map_gpu_va(dxg, &(struct dxg_gpu_va_map){.size = 0}, &va, &fence), -EINVAL);
	assert_int_equal(dxg_wait_fences(dxg, 1, &handle, &value, 1, false, 0), -EINVAL);
	assert_int_equal(dxg_wait_fences(dxg, 1, &handle, &value, 0, false, 9), -EINVAL);
	assert_int_equal(calls, 0);
	dxg_close(dxg);
}

static void open_tells_why_it_failed(void **state)
{
	static const int errors[] = {ENOENT, EBADF, EACCES, EMFILE};
	struct dxg *dxg;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		open_error = errors[i];
		assert_int_equal(dxg_open(&dxg), -errors[i]);
		assert_null(dxg);
	}
	open_error = 0;
}

static void a_file_under_the_device_s_name_is_no_device(void **state)
{
	struct dxg *dxg;

	(void)state;
	opened_path = "/etc/passwd";
	assert_int_equal(dxg_open(&dxg), -ENOTTY);
	opened_path = "/dev/null";
	assert_null(dxg);
}

static char last_line[256];

static void keep_line(enum log_level level, const char *line, void *arg)
{
	(void)level;
	(void)arg;
	strncpy(last_line, line, sizeof(last_line) - 1);
}

static void locking_of_future_mappings_is_refused_with_a_message(void **state)
{
	struct dxg *dxg = opened();
	struct dxg_fence fence;
	struct dxg *second;
	void *address;

	(void)state;
	/* by hand, for the sanitizers make mlockall() do nothing */
	if (syscall(SYS_mlockall, MCL_FUTURE)) {
		dxg_close(dxg);
		skip();
	}
	log_set_sink(keep_line, NULL);
	answer = success_and_nothing;
	assert_int_equal(dxg_open(&second), -ECANCELED);
	assert_non_null(strstr(last_line, "mlockall(MCL_FUTURE)"));
	/* also when it was switched on after the open */
	assert_int_equal(dxg_create_fence(dxg, 1, 0, &fence), -ECANCELED);
	assert_int_equal(dxg_lock(dxg, 1, 2, &address), -ECANCELED);
	assert_int_equal(calls, 0);
	syscall(SYS_munlockall);
	log_set_sink(NULL, NULL);
	assert_int_equal(dxg_open(&second), 0);
	dxg_close(second);
	dxg_close(dxg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_ring_is_retried_then_succeeds),
		cmocka_unit_test(a_ring_that_stays_full_ends_in_eagain),
		cmocka_unit_test(destroying_is_not_repeated),
		cmocka_unit_test(a_ring_that_the_driver_waited_for_is_not_waited_for_again),
		cmocka_unit_test(an_interrupted_call_is_made_again),
		cmocka_unit_test(success_without_a_handle_is_a_failure),
		cmocka_unit_test(half_a_paging_queue_is_given_back),
		cmocka_unit_test(statistics_that_nobody_wrote_are_enoent),
		cmocka_unit_test(zeros_without_a_status_are_enodata),
		cmocka_unit_test(a_raw_ntstatus_in_the_result_becomes_its_errno),
		cmocka_unit_test(the_status_behind_an_errno_is_kept),
		cmocka_unit_test(residency_of_many_ends_in_the_latest_fence),
		cmocka_unit_test(what_is_reclaimed_may_be_pending_behind_a_success),
		cmocka_unit_test(offers_of_many_end_with_the_first_refusal),
		cmocka_unit_test(a_lock_is_a_page_address_or_none),
		cmocka_unit_test(memory_that_may_not_be_written_is_pinned_read_only),
		cmocka_unit_test(a_fence_value_that_marks_loss_is_not_waited_for),
		cmocka_unit_test(more_adapters_than_room_are_an_error_not_an_empty_list),
		cmocka_unit_test(an_old_driver_is_asked_the_old_way),
		cmocka_unit_test(private_data_longer_than_sent_does_no_harm),
		cmocka_unit_test(an_address_other_than_asked_is_given_back),
		cmocka_unit_test(a_device_state_outside_the_known_ones_is_refused),
		cmocka_unit_test(bad_arguments_never_reach_the_driver),
		cmocka_unit_test(open_tells_why_it_failed),
		cmocka_unit_test(a_file_under_the_device_s_name_is_no_device),
		cmocka_unit_test(locking_of_future_mappings_is_refused_with_a_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
