// SPDX-License-Identifier: MIT
/* Work that ends badly on the simulated host: who is told, who is lost, who goes on. */
#include "dxgsim_vidsch_guest.h"

#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dxgsim/host/arena.h"
#include "dxgsim/host/model.h"

#define SOFTWARE "rx6800"
#define HARDWARE "rx7900xtx,hws"
#define ALL_ONES UINT64_MAX

static void everything_of_the_device_is_over(struct guest_queue *queue, d3dkmt_handle fence)
{
	uint64_t commands;
	uint32_t bytes;

	assert_int_equal(guest_fence_value(queue->page), ALL_ONES);
	assert_true(guest_wait(queue->progress, 1000));
	assert_true(guest_wait(fence, 1000));
	commands = guest_write(guest_data(9), 9, &bytes);
	assert_int_equal(guest_submit_hw(queue, commands, bytes), HOST_STATUS_DEVICE_REMOVED);
	assert_int_equal(guest_gpu_wait(queue->hwqueue, fence, 1), HOST_STATUS_DEVICE_REMOVED);
	assert_int_equal(guest_gpu_signal(queue->hwqueue, fence, 1), HOST_STATUS_DEVICE_REMOVED);
	assert_int_equal(guest_context(0), 0);
	/* no later write makes a lost fence a fence again */
	assert_int_equal(guest_cpu_signal(fence, 1), 0);
	assert_true(guest_wait(fence, 1000));
	assert_int_equal(guest_misuse(), 0);
}

static void fault_with(uint64_t va, uint32_t flags, const char *text)
{
	struct d3dkmt_devicepagefault_state fault;
	struct guest_queue queue;
	d3dkmt_handle fence;
	uint64_t commands;
	uint32_t bytes;

	guest_queue(&queue);
	fence = guest_fence(0, 0, NULL);
	commands = guest_write(va, 1, &bytes);
	assert_int_equal(guest_submit_hw(&queue, commands, bytes), 0);
	assert_int_equal(guest_lost_state(), D3DKMT_DEVICEEXECUTION_ERROR_DMAPAGEFAULT);
	fault = guest_page_fault();
	assert_int_equal(fault.faulted_virtual_address, va & ~0xfffull);
	assert_int_equal(fault.page_fault_flags & DXGK_PAGE_FAULT_WRITE, flags & DXGK_PAGE_FAULT_WRITE);
	if (!guest_reported(text))
		fail_msg("'%s' was not reported", text);
	assert_int_equal(guest_misuse(), 1);
	everything_of_the_device_is_over(&queue, fence);
}

static void an_unmapped_address_faults(void **state)
{
	(void)state;
	guest_start(HARDWARE);
	fault_with(0x700000000ull, DXGK_PAGE_FAULT_WRITE, "0x700000000, which is not mapped");
	guest_finish();
}

static void fences_are_read_only_for_the_gpu(void **state)
{
	uint64_t gpu_va;

	(void)state;
	guest_start(HARDWARE);
	guest_fence(0, 0, &gpu_va);
	fault_with(gpu_va, DXGK_PAGE_FAULT_WRITE, "which is read-only");
	guest_finish();
}

static void a_hidden_fence_has_no_gpu_address(void **state)
{
	uint64_t first, hidden;

	(void)state;
	guest_start(HARDWARE);
	guest_fence(0, 0, &first);
	guest_fence(0, D3DDDI_SYNCHRONIZATIONOBJECT_FLAGS_NO_GPU_ACCESS, &hidden);
	assert_int_equal(hidden, 0);
	fault_with(first + HOST_PAGE_SIZE, DXGK_PAGE_FAULT_WRITE, "which is not mapped");
	guest_finish();
}

/* The commands are in that memory too. */
static void evicted_memory_faults(void **state)
{
	struct guest_queue queue;
	uint64_t commands;
	uint32_t bytes;

	(void)state;
	guest_start(HARDWARE);
	guest_queue(&queue);
	commands = guest_write(guest_data(0), 1, &bytes);
	guest_evict_memory();
	assert_int_equal(guest_submit_hw(&queue, commands, bytes), 0);
	assert_int_equal(guest_lost_state(), D3DKMT_DEVICEEXECUTION_ERROR_DMAPAGEFAULT);
	assert_int_equal(guest_page_fault().page_fault_flags & DXGK_PAGE_FAULT_WRITE, 0);
	assert_true(guest_reported("not resident"));
	assert_int_equal(guest_misuse(), 1);
	guest_finish();
}

static void destroyed_memory_faults_and_is_named(void **state)
{
	struct guest_queue queue;
	uint64_t commands;
	uint32_t bytes;

	(void)state;
	guest_start(HARDWARE);
	guest_queue(&queue);
	commands = guest_write(guest_data(0), 1, &bytes);
	guest_destroy_memory();
	assert_int_equal(guest_submit_hw(&queue, commands, bytes), 0);
	assert_int_equal(guest_lost_state(), D3DKMT_DEVICEEXECUTION_ERROR_DMAPAGEFAULT);
	assert_true(guest_reported("its allocation was destroyed"));
	assert_int_equal(guest_misuse(), 1);
	guest_finish();
}

static void unmapped_guest_pages_fault(void **state)
{
	(void)state;
	guest_start(HARDWARE);
	assert_int_equal(munmap(guest.memory + 0xf000, 0x1000), 0);
	fault_with(GUEST_BASE + 0xf000, DXGK_PAGE_FAULT_WRITE, "without memory behind it");
	guest_finish();
}

static void write_protected_guest_pages_fault(void **state)
{
	(void)state;
	guest_start(HARDWARE);
	assert_int_equal(mprotect(guest.memory + 0xf000, 0x1000, PROT_READ), 0);
	fault_with(GUEST_BASE + 0xf000, DXGK_PAGE_FAULT_WRITE, "without memory behind it");
	guest_finish();
}

static void a_bad_packet_hangs_the_device(void **state)
{
	static const uint32_t words[] = {0xc0017f00, 0, 0};
	struct guest_queue queue;
	d3dkmt_handle fence;
	uint64_t commands;
	uint32_t bytes;

	(void)state;
	guest_start(HARDWARE);
	guest_queue(&queue);
	fence = guest_fence(0, 0, NULL);
	commands = guest_words(words, 3, &bytes);
	assert_int_equal(guest_submit_hw(&queue, commands, bytes), 0);
	assert_int_equal(guest_lost_state(), D3DKMT_DEVICEEXECUTION_HUNG);
	assert_true(guest_reported("GPU packet error in job 1 of hardware queue"));
	assert_int_equal(guest_misuse(), 1);
	everything_of_the_device_is_over(&queue, fence);
	guest_finish();
}

static void a_job_that_holds_the_engine_too_long_is_a_timeout(void **state)
{
	d3dkmt_handle context, fence, kept, waiter;
	struct guest_queue queue;
	uint64_t commands;
	uint32_t bytes;

	(void)state;
	guest_start(HARDWARE ",timeout-ms=50");
	guest_queue(&queue);
	context = guest_context(0);
	waiter = guest_context_on(2, 0);
	fence = guest_fence(0, 0, NULL);
	kept = guest_fence(3, D3DDDI_SYNCHRONIZATIONOBJECT_FLAGS_NO_SIGNAL_MAX_VALUE_ON_TDR, NULL);
	commands = guest_wait_memory(guest_data(0), 1, &bytes);
	assert_int_equal(guest_submit(context, commands, bytes, 0), 0);
	assert_int_equal(guest_gpu_signal(context, fence, 1), 0);
	assert_int_equal(guest_gpu_wait(waiter, kept, 4), 0);
	assert_int_equal(guest_cpu_event(waiter, 11), 0);
	assert_true(guest_wait(fence, 1));
	assert_int_equal(guest_lost_state(), D3DKMT_DEVICEEXECUTION_HUNG);
	assert_true(guest_wait_event(11)); /* no sleeper is left behind */
	assert_true(guest_wait(kept, 3));
	assert_true(guest_reported("GPU timeout: job 1 of context"));
	assert_int_equal(guest_misuse(), 1);
	everything_of_the_device_is_over(&queue, fence);
	guest_finish();
}

static void an_exempt_job_may_take_its_time(void **state)
{
	struct guest_queue queue, other;
	d3dkmt_handle context;
	uint64_t commands;
	uint32_t bytes;

	(void)state;
	guest_start(HARDWARE ",timeout-ms=30");
	context = guest_context(D3DDDI_CREATECONTEXTFLAGS_HW_QUEUE_SUPPORTED);
	assert_int_equal(guest_hwqueue(context, D3DDDI_CREATEHWQUEUEFLAGS_DISABLE_GPU_TIMEOUT, &queue), 0);
	commands = guest_wait_memory(guest_data(0), 1, &bytes);
	assert_int_equal(guest_submit_hw(&queue, commands, bytes), 0);
	poll(NULL, 0, 120);
	assert_int_equal(guest_state(), D3DKMT_DEVICEEXECUTION_ACTIVE);
	guest_set_value(0, 1);
	assert_true(guest_wait(queue.progress, 1));
	assert_int_equal(guest_misuse(), 0);
	/* nor is it in the way of other hardware queues */
	guest_set_value(0, 0);
	assert_int_equal(guest_submit_hw(&queue, commands, bytes), 0);
	guest_queue(&other);
	commands = guest_write(guest_data(1), 1, &bytes);
	assert_int_equal(guest_submit_hw(&other, commands, bytes), 0);
	assert_true(guest_wait(other.progress, 1));
	poll(NULL, 0, 120);
	guest_set_value(0, 1);
	assert_true(guest_wait(queue.progress, 2));
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void an_exempt_context_is_in_the_way_of_others(void **state)
{
	const uint64_t mark = guest_data(2), wait = guest_data(0);
	const uint32_t words[] = {
		0xc0033700,
		5u << 8 | 1u << 20 | 3u << 25,
		(uint32_t)mark,
		(uint32_t)(mark >> 32),
		1,
		0xc0053c00,
		3 | 1u << 4,
		(uint32_t)wait,
		(uint32_t)(wait >> 32),
		1,
		~0u,
		4,
	};
	d3dkmt_handle exempt, other, fence;
	uint64_t commands;
	uint32_t bytes;

	(void)state;
	guest_start(HARDWARE ",timeout-ms=30");
	exempt = guest_context(D3DDDI_CREATECONTEXTFLAGS_DISABLE_GPU_TIMEOUT);
	other = guest_context(0);
	fence = guest_fence(0, 0, NULL);
	commands = guest_wait_memory(guest_data(0), 1, &bytes);
	assert_int_equal(guest_submit(exempt, commands, bytes, 0), 0);
	assert_int_equal(guest_gpu_signal(exempt, fence, 1), 0);
	poll(NULL, 0, 120);
	guest_set_value(0, 1);
	assert_true(guest_wait(fence, 1));
	assert_int_equal(guest_misuse(), 0);
	guest_set_value(0, 0);
	/* it is on the engine before the other asks, whoever would have been first otherwise */
	commands = guest_words(words, 12, &bytes);
	assert_int_equal(guest_submit(exempt, commands, bytes, 0), 0);
	for (int i = 0; i < 10000 && !guest_value(2); i++)
		poll(NULL, 0, 1);
	assert_int_equal(guest_value(2), 1);
	commands = guest_write(guest_data(1), 1, &bytes);
	assert_int_equal(guest_submit(other, commands, bytes, 0), 0);
	assert_int_equal(guest_lost_state(), D3DKMT_DEVICEEXECUTION_HUNG);
	assert_true(guest_reported("that another context wanted"));
	assert_int_equal(guest_misuse(), 1);
	guest_finish();
}

/* Two devices of one process on one engine. */
static void the_innocent_go_on(void **state)
{
	struct host_create_device request = {0};
	struct host_create_device_reply reply = {0};
	d3dkmt_handle guilty, innocent, first, fence;
	uint64_t commands;
	uint32_t bytes;

	(void)state;
	guest_start(SOFTWARE ",timeout-ms=30");
	first = guest.device;
	guilty = guest_context(0);
	guest_send(HOST_CREATEDEVICE, &request, &reply);
	guest.device = reply.device;
	innocent = guest_context(0);
	fence = guest_fence(0, 0, NULL);
	commands = guest_wait_memory(guest_data(0), 1, &bytes);
	assert_int_equal(guest_submit(guilty, commands, bytes, 0), 0);
	commands = guest_write(guest_data(1), 5, &bytes);
	assert_int_equal(guest_submit(innocent, commands, bytes, 0), 0);
	assert_int_equal(guest_gpu_signal(innocent, fence, 1), 0);
	assert_true(guest_wait(fence, 1));
	assert_int_equal(guest_value(1), 5);
	assert_int_equal(guest_state(), D3DKMT_DEVICEEXECUTION_ACTIVE);
	guest.device = first;
	assert_int_equal(guest_state(), D3DKMT_DEVICEEXECUTION_HUNG);
	assert_int_equal(guest_misuse(), 1);
	guest_finish();
}

static void a_refusal_without_answer_shows_in_the_state(void **state)
{
	struct guest_queue queue;
	d3dkmt_handle fence;
	uint64_t commands;
	uint32_t bytes;

	(void)state;
	for (int i = 0; i < 6; i++) {
		guest_start(HARDWARE);
		guest_queue(&queue);
		fence = guest_fence(0, 0, NULL);
		commands = guest_write(guest_data(0), 1, &bytes);
		guest.async = true;
		switch (i) {
		case 0:
			queue.last = 5;
			assert_int_equal(guest_submit_hw(&queue, commands, bytes), 0);
			break;
		case 1:
			assert_int_equal(guest_submit_hw(&queue, commands, bytes + 4), 0);
			break;
		case 2:
			assert_int_equal(guest_gpu_wait(queue.hwqueue, queue.hwqueue, 1), 0);
			break;
		case 3:
			assert_int_equal(guest_gpu_signal(queue.hwqueue, queue.progress, 1), 0);
			break;
		case 4:
			assert_int_equal(guest_cpu_signal(queue.progress, 1), 0);
			break;
		case 5:
			assert_int_equal(guest_cpu_signal(queue.hwqueue, 1), 0);
			break;
		}
		guest.async = false;
		assert_int_equal(guest_state(), D3DKMT_DEVICEEXECUTION_RESET);
		assert_int_equal(guest_misuse(), 1);
		everything_of_the_device_is_over(&queue, fence);
		guest_finish();
	}
}

static void a_marked_device_is_lost(void **state)
{
	struct host_mark_device_as_error request = {0};
	struct guest_queue queue;
	d3dkmt_handle fence;

	(void)state;
	guest_start(HARDWARE);
	guest_queue(&queue);
	fence = guest_fence(0, 0, NULL);
	request.device = guest.device;
	assert_int_equal(guest_send(HOST_MARKDEVICEASERROR, &request, NULL), 0);
	assert_int_equal(guest_state(), D3DKMT_DEVICEEXECUTION_RESET);
	everything_of_the_device_is_over(&queue, fence);
	guest_finish();
}

/* Its memory can be taken down, in any order; there is no more to be had. */
static void a_lost_device_is_given_nothing_new(void **state)
{
	struct host_mark_device_as_error mark = {0};
	struct host_make_resident resident = {.allocation_count = 1, .allocations = &guest.allocation};
	struct host_make_resident_reply resident_reply = {0};
	struct host_map_gpu_va map = {.args = {.base_address = 4 * GUEST_BASE,
					       .size_in_pages = GUEST_BYTES / HOST_PAGE_SIZE,
					       .protection = D3DDDIGPUVA_PROTECTION_TYPE_WRITE}};
	struct host_map_gpu_va_reply map_reply = {0};
	struct host_create_paging_queue paging = {0};
	struct host_create_paging_queue_reply paging_reply = {0};
	struct host_create_sync_object sync = {.args = {.info = {.type = D3DDDI_MONITORED_FENCE}}};
	struct host_create_sync_object_reply sync_reply = {0};
	struct host_lock lock = {0};
	struct host_lock_reply lock_reply = {0};
	struct host_free_gpu_va unmap = {.args = {.base_address = GUEST_BASE, .size = GUEST_BYTES}};

	(void)state;
	guest_start(HARDWARE);
	mark.device = resident.device = map.device = paging.device = sync.args.device = guest.device;
	lock.args.device = guest.device;
	lock.args.allocation = map.args.allocation = guest.allocation;
	resident.paging_queue = map.args.paging_queue = guest.paging_queue;
	assert_int_equal(guest_send(HOST_MARKDEVICEASERROR, &mark, NULL), 0);
	assert_int_equal(guest_send(HOST_MAKERESIDENT, &resident, &resident_reply),
			 HOST_STATUS_DEVICE_REMOVED);
	assert_int_equal(guest_send(HOST_MAPGPUVIRTUALADDRESS, &map, &map_reply), HOST_STATUS_DEVICE_REMOVED);
	assert_int_equal(map_reply.virtual_address, 0);
	assert_int_equal(guest_send(HOST_LOCK2, &lock, &lock_reply), HOST_STATUS_DEVICE_REMOVED);
	assert_int_equal(guest_try_user_queue(5), 0);
	guest_send(HOST_CREATEPAGINGQUEUE, &paging, &paging_reply);
	assert_int_equal(paging_reply.paging_queue, 0);
	guest_send(HOST_CREATESYNCOBJECT, &sync, &sync_reply);
	assert_int_equal(sync_reply.sync_object, 0);
	guest_evict_memory();
	assert_int_equal(guest_send(HOST_FREEGPUVIRTUALADDRESS, &unmap, NULL), 0);
	guest_destroy_memory();
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

/* A program that says so of memory in use gets it corrupted on Windows. */
static void memory_in_use_is_not_said_to_be_free(void **state)
{
	const uint64_t mark = guest_data(0), wait = guest_data(1);
	const uint32_t words[] = {
		0xc0033700,
		5u << 8 | 1u << 20 | 3u << 25,
		(uint32_t)mark,
		(uint32_t)(mark >> 32),
		1,
		0xc0053c00,
		3 | 1u << 4,
		(uint32_t)wait,
		(uint32_t)(wait >> 32),
		1,
		~0u,
		4,
	};
	struct host_destroy_allocation destroy = {
		.flags = D3DDDICB_DESTROYALLOCATION2FLAGS_ASSUME_NOT_IN_USE,
		.allocation_count = 1,
	};
	struct guest_queue queue;
	d3dkmt_handle other;
	uint64_t commands;
	uint32_t bytes;

	(void)state;
	guest_start(HARDWARE);
	guest_queue(&queue);
	other = guest_user_queue(5, true);
	commands = guest_words(words, 12, &bytes);
	assert_int_equal(guest_submit_hw(&queue, commands, bytes), 0);
	for (int i = 0; i < 10000 && !guest_value(0); i++)
		poll(NULL, 0, 1);
	assert_int_equal(guest_value(0), 1);
	destroy.device = guest.device;
	destroy.allocations = &other;
	assert_int_equal(guest_send(HOST_DESTROYALLOCATION, &destroy, NULL), 0);
	assert_int_equal(guest_misuse(), 0);
	destroy.allocations = &guest.allocation;
	assert_int_equal(guest_send(HOST_DESTROYALLOCATION, &destroy, NULL), 0);
	assert_true(guest_reported("said not to be in use, but is by job 1 of hardware queue"));
	guest_finish();
}

/* What hangs by the adapter's file alone is no fault of the program; a compute job beside it is. */
static void a_timeout_is_told_where_sdma_hangs(void **state)
{
	d3dkmt_handle context;
	uint64_t commands;
	uint32_t bytes;

	(void)state;
	guest_start(SOFTWARE ",sdma=hangs,timeout-ms=20");
	context = guest_context(0);
	commands = guest_wait_memory(guest_data(0), 1, &bytes);
	assert_int_equal(guest_submit(context, commands, bytes, 0), 0);
	assert_int_equal(guest_lost_state(), D3DKMT_DEVICEEXECUTION_HUNG);
	assert_true(guest_reported("GPU timeout: job 1 of context"));
	assert_int_equal(guest_misuse(), 1);
	guest_finish();
}

static void hang_devices(uint32_t count)
{
	struct host_create_device request = {0};
	struct host_create_device_reply reply = {0};
	uint32_t bytes;
	uint64_t commands = guest_wait_memory(guest_data(0), 1, &bytes);

	while (count--) {
		guest_send(HOST_CREATEDEVICE, &request, &reply);
		guest.device = reply.device;
		guest_submit(guest_context(0), commands, bytes, 0);
		guest_lost_state();
	}
}

/* Windows: TdrLimitCount and TdrLimitTime, five in a minute; what is counted is the machine's, not a process'. */
static void the_sixth_timeout_within_a_minute_ends_the_host(void **state)
{
	struct arena *arena;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(arena_own(&arena), 0);
	for (uint32_t process = 0; process < 3; process++) {
		pid = fork();
		if (!pid) {
			guest_start(SOFTWARE ",timeout-ms=1");
			host_model_share(guest.model, arena);
			hang_devices(2);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), process < 2 ? 0 : DXGSIM_EXIT_REPORT);
	}
	arena_close(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unmapped_address_faults),
		cmocka_unit_test(fences_are_read_only_for_the_gpu),
		cmocka_unit_test(a_hidden_fence_has_no_gpu_address),
		cmocka_unit_test(evicted_memory_faults),
		cmocka_unit_test(destroyed_memory_faults_and_is_named),
		cmocka_unit_test(unmapped_guest_pages_fault),
		cmocka_unit_test(write_protected_guest_pages_fault),
		cmocka_unit_test(a_bad_packet_hangs_the_device),
		cmocka_unit_test(a_job_that_holds_the_engine_too_long_is_a_timeout),
		cmocka_unit_test(an_exempt_job_may_take_its_time),
		cmocka_unit_test(an_exempt_context_is_in_the_way_of_others),
		cmocka_unit_test(the_innocent_go_on),
		cmocka_unit_test(a_refusal_without_answer_shows_in_the_state),
		cmocka_unit_test(a_marked_device_is_lost),
		cmocka_unit_test(a_lost_device_is_given_nothing_new),
		cmocka_unit_test(memory_in_use_is_not_said_to_be_free),
		cmocka_unit_test(a_timeout_is_told_where_sdma_hangs),
		cmocka_unit_test(the_sixth_timeout_within_a_minute_ends_the_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
