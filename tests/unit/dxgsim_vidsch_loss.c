// SPDX-License-Identifier: MIT
/* Work that ends badly on the simulated host: who is told, who is lost, who goes on. */
#include "dxgsim_vidsch_guest.h"

#include <poll.h>
#include <string.h>
#include <sys/mman.h>

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
	/* unless somebody else wants the engine */
	guest_set_value(0, 0);
	assert_int_equal(guest_submit_hw(&queue, commands, bytes), 0);
	guest_queue(&other);
	commands = guest_write(guest_data(1), 1, &bytes);
	assert_int_equal(guest_submit_hw(&other, commands, bytes), 0);
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
	for (int i = 0; i < 4; i++) {
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
		cmocka_unit_test(the_innocent_go_on),
		cmocka_unit_test(a_refusal_without_answer_shows_in_the_state),
		cmocka_unit_test(a_marked_device_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
