// SPDX-License-Identifier: MIT
/* Jobs that wait for memory on the simulated GPU: whom they hold up, what they see, and how they end. */
#include "dxgsim_vidsch_guest.h"

#include <poll.h>

#include "dxgsim/host/model.h"

#define SOFTWARE "rx6800"
#define HARDWARE "rx7900xtx,hws"
#define PATIENT	 HARDWARE ",timeout-ms=60000"
#define SECOND	 (4 * GUEST_BASE) /* where the guest's memory is mapped once more */

/* Words of a job that is put together by hand. */
struct job {
	uint32_t words[64];
	uint32_t count;
};

static void add(struct job *job, const uint32_t *words, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		job->words[job->count++] = words[i];
}

/* past the L2, as everything here */
static void add_write(struct job *job, uint64_t va, uint32_t value)
{
	const uint32_t words[] = {0xc0033700, 0x06100500, (uint32_t)va, (uint32_t)(va >> 32), value};

	add(job, words, 5);
}

static void add_wait(struct job *job, uint64_t va, uint32_t value)
{
	const uint32_t words[] = {0xc0053c00, 0x06000013, (uint32_t)va, (uint32_t)(va >> 32), value, ~0u, 4};

	add(job, words, 7);
}

static void add_wait64(struct job *job, uint64_t va, uint64_t value)
{
	const uint32_t words[] = {0xc0079300,
				  0x06000013,
				  (uint32_t)va,
				  (uint32_t)(va >> 32),
				  (uint32_t)value,
				  (uint32_t)(value >> 32),
				  ~0u,
				  ~0u,
				  4};

	add(job, words, 9);
}

static void add_copy64(struct job *job, uint64_t to, uint64_t from)
{
	const uint32_t words[] = {0xc0044000,	0x06116202,	     (uint32_t)from, (uint32_t)(from >> 32),
				  (uint32_t)to, (uint32_t)(to >> 32)};

	add(job, words, 6);
}

static void submit(struct guest_queue *queue, const struct job *job)
{
	uint32_t bytes;
	uint64_t commands = guest_words(job->words, job->count, &bytes);

	assert_int_equal(guest_submit_hw(queue, commands, bytes), 0);
}

/* Submits a wait until data word 1 is 1, and comes back when the engine is at it. */
static void hold(struct guest_queue *queue)
{
	struct job job = {.count = 0};

	add_write(&job, guest_data(0), 1);
	add_wait(&job, guest_data(1), 1);
	submit(queue, &job);
	for (int i = 0; i < 10000 && !guest_value(0); i++)
		poll(NULL, 0, 1);
	assert_int_equal(guest_value(0), 1);
}

/* Returns the paging fence value that tells when it is done. */
static uint64_t map_again(void)
{
	struct host_map_gpu_va request = {
		.device = guest.device,
		.args = {.paging_queue = guest.paging_queue,
			 .allocation = guest.allocation,
			 .base_address = SECOND,
			 .size_in_pages = GUEST_BYTES / HOST_PAGE_SIZE,
			 .protection = D3DDDIGPUVA_PROTECTION_TYPE_WRITE},
	};
	struct host_map_gpu_va_reply reply = {0};

	assert_true(guest_send(HOST_MAPGPUVIRTUALADDRESS, &request, &reply) >= 0);
	assert_int_equal(reply.virtual_address, SECOND);
	return reply.paging_fence_value;
}

static void unmap_again(void)
{
	struct host_free_gpu_va request = {.args = {.base_address = SECOND, .size = GUEST_BYTES}};

	assert_int_equal(guest_send(HOST_FREEGPUVIRTUALADDRESS, &request, NULL), 0);
}

static uint64_t again(uint32_t index)
{
	return SECOND + (guest_data(index) - GUEST_BASE);
}

static void a_mapping_made_while_a_job_waits_is_seen_by_it(void **state)
{
	struct guest_queue queue;
	struct job job = {.count = 0};

	(void)state;
	guest_start(PATIENT);
	guest_queue(&queue);
	add_write(&job, guest_data(0), 1);
	add_wait(&job, guest_data(1), 1);
	add_copy64(&job, guest_data(4), again(2));
	add_wait(&job, again(6), 3);
	guest_set_value(2, 77);
	guest_set_value(3, 78);
	submit(&queue, &job);
	for (int i = 0; i < 10000 && !guest_value(0); i++)
		poll(NULL, 0, 1);
	map_again();
	guest_set_value(1, 1);
	for (int i = 0; i < 10000 && !guest_value(4); i++)
		poll(NULL, 0, 1);
	assert_int_equal(guest_value(4), 77);
	assert_int_equal(guest_value(5), 78);
	guest_set_value(6, 3);
	assert_true(guest_wait(queue.progress, 1));
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void page_tables_are_done_with_their_fence_and_not_before(void **state)
{
	struct guest_queue queue;
	struct job job = {.count = 0};

	(void)state;
	guest_start(PATIENT ",pending=always,paging-us=150000");
	guest_queue(&queue);
	add_copy64(&job, guest_data(4), again(2));
	guest_set_value(2, 77);
	/* the GPU is told to wait for the fence */
	assert_int_equal(guest_gpu_wait(queue.hwqueue, guest.paging_fence, map_again()), 0);
	submit(&queue, &job);
	assert_true(guest_wait(queue.progress, 1));
	assert_int_equal(guest_value(4), 77);
	assert_int_equal(guest_misuse(), 0);
	/* and now it is not */
	unmap_again();
	map_again();
	submit(&queue, &job);
	assert_int_equal(guest_lost_state(), D3DKMT_DEVICEEXECUTION_ERROR_DMAPAGEFAULT);
	assert_int_equal(guest_page_fault().faulted_virtual_address, again(2) & ~0xfffull);
	assert_true(guest_reported("not in the page tables yet"));
	assert_int_equal(guest_misuse(), 1);
	guest_finish();
}

static void memory_that_goes_away_under_a_wait_is_a_page_fault(void **state)
{
	struct guest_queue queue;
	struct job job = {.count = 0};

	(void)state;
	guest_start(PATIENT);
	guest_queue(&queue);
	map_again();
	add_write(&job, guest_data(0), 1);
	add_wait(&job, again(1), 1);
	submit(&queue, &job);
	for (int i = 0; i < 10000 && !guest_value(0); i++)
		poll(NULL, 0, 1);
	assert_int_equal(guest_state(), D3DKMT_DEVICEEXECUTION_ACTIVE);
	unmap_again();
	assert_int_equal(guest_lost_state(), D3DKMT_DEVICEEXECUTION_ERROR_DMAPAGEFAULT);
	assert_int_equal(guest_page_fault().faulted_virtual_address, again(1) & ~0xfffull);
	assert_int_equal(guest_page_fault().page_fault_flags & DXGK_PAGE_FAULT_WRITE, 0);
	assert_true(guest_reported("WAIT_REG_MEM"));
	assert_true(guest_reported("the address was freed"));
	assert_int_equal(guest_misuse(), 1);
	guest_finish();
}

/* Three engines: one waits for what the second copies, which waits for the CPU, and the third has work of its own. */
static void engines_that_wait_pass_values_on(void **state)
{
	struct guest_queue first;
	d3dkmt_handle second, third, fence, copied;
	struct job wait = {.count = 0}, copy = {.count = 0};
	uint64_t commands;
	uint32_t bytes;

	(void)state;
	guest_start(PATIENT);
	guest_queue(&first);
	second = guest_context_on(2, 0);
	third = guest_context(0);
	fence = guest_fence(0, 0, NULL);
	copied = guest_fence(0, 0, NULL);
	add_wait64(&wait, guest_data(4), 0x4e0000004dull);
	add_copy64(&wait, guest_data(6), guest_data(4));
	submit(&first, &wait);
	add_wait(&copy, guest_data(1), 1);
	add_copy64(&copy, guest_data(4), guest_data(2));
	commands = guest_words(copy.words, copy.count, &bytes);
	assert_int_equal(guest_submit(second, commands, bytes, 0), 0);
	assert_int_equal(guest_gpu_signal(second, copied, 1), 0);
	/* the third shares its engine with the first: its turn comes afterwards */
	commands = guest_write(guest_data(8), 5, &bytes);
	assert_int_equal(guest_submit(third, commands, bytes, 0), 0);
	assert_int_equal(guest_gpu_signal(third, fence, 1), 0);
	guest_set_value(2, 0x4d);
	guest_set_value(3, 0x4e);
	guest_set_value(1, 1);
	assert_true(guest_wait(copied, 1));
	assert_true(guest_wait(first.progress, 1));
	assert_int_equal(guest_value(6), 0x4d);
	assert_int_equal(guest_value(7), 0x4e);
	assert_true(guest_wait(fence, 1));
	assert_int_equal(guest_value(8), 5);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void a_waiting_engine_holds_nobody_else_up(void **state)
{
	struct host_destroy_context destroy;
	struct guest_queue queue;
	d3dkmt_handle other, fence;
	uint64_t commands;
	uint32_t bytes;

	(void)state;
	guest_start(PATIENT);
	guest_queue(&queue);
	other = guest_context_on(2, 0);
	fence = guest_fence(0, 0, NULL);
	hold(&queue);
	for (uint32_t i = 1; i <= 200; i++) {
		destroy.context = guest_context(0);
		assert_int_not_equal(destroy.context, 0);
		assert_int_equal(guest_send(HOST_DESTROYCONTEXT, &destroy, NULL), 0);
		map_again();
		unmap_again();
	}
	commands = guest_write(guest_data(8), 1, &bytes);
	for (uint32_t i = 1; i <= 50; i++) {
		assert_int_equal(guest_submit(other, commands, bytes, 0), 0);
		assert_int_equal(guest_gpu_signal(other, fence, i), 0);
		assert_true(guest_wait(fence, i));
	}
	assert_int_equal(guest_fence_value(queue.page), 0);
	guest_set_value(1, 1);
	assert_true(guest_wait(queue.progress, 1));
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

/* The engine is free for others as soon as the one that waits has gone. */
static void the_engine_is_free_again(d3dkmt_handle context)
{
	d3dkmt_handle fence = guest_fence(0, 0, NULL);
	uint64_t commands;
	uint32_t bytes;

	assert_int_not_equal(context, 0);
	commands = guest_write(guest_data(9), 9, &bytes);
	assert_int_equal(guest_submit(context, commands, bytes, 0), 0);
	assert_int_equal(guest_gpu_signal(context, fence, 1), 0);
	assert_true(guest_wait(fence, 1));
	assert_int_equal(guest_value(9), 9);
}

static void a_wait_ends_with_its_context(void **state)
{
	struct host_destroy_context destroy;
	struct guest_queue queue;

	(void)state;
	guest_start(PATIENT);
	guest_queue(&queue);
	hold(&queue);
	destroy.context = queue.context;
	assert_int_equal(guest_send(HOST_DESTROYCONTEXT, &destroy, NULL), 0);
	assert_true(guest_reported("1 jobs unfinished"));
	the_engine_is_free_again(guest_context(0));
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void a_wait_ends_with_its_device(void **state)
{
	struct host_create_device request = {0};
	struct host_create_device_reply reply = {0};
	struct host_mark_device_as_error mark = {0};
	struct guest_queue queue;

	(void)state;
	guest_start(PATIENT);
	guest_queue(&queue);
	hold(&queue);
	mark.device = guest.device;
	assert_int_equal(guest_send(HOST_MARKDEVICEASERROR, &mark, NULL), 0);
	assert_true(guest_wait(queue.progress, 1)); /* all ones */
	assert_int_equal(guest_fence_value(queue.page), UINT64_MAX);
	guest_send(HOST_CREATEDEVICE, &request, &reply);
	guest.device = reply.device;
	the_engine_is_free_again(guest_context(0));
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void a_wait_that_is_never_met_is_a_timeout_of_its_device_alone(void **state)
{
	struct host_create_device request = {0};
	struct host_create_device_reply reply = {0};
	struct guest_queue queue;
	d3dkmt_handle first;

	(void)state;
	guest_start(HARDWARE ",timeout-ms=50");
	guest_queue(&queue);
	first = guest.device;
	hold(&queue);
	assert_int_equal(guest_lost_state(), D3DKMT_DEVICEEXECUTION_HUNG);
	assert_true(guest_reported("GPU timeout: job 1 of hardware queue"));
	assert_int_equal(guest_misuse(), 1);
	guest_send(HOST_CREATEDEVICE, &request, &reply);
	guest.device = reply.device;
	the_engine_is_free_again(guest_context(0));
	guest.device = first;
	assert_int_equal(guest_state(), D3DKMT_DEVICEEXECUTION_HUNG);
	guest_finish();
}

/* What one queue has written is in the cache only, when another one is taken down amid its job. */
static void what_others_wrote_outlives_a_job_that_is_dropped(void **state)
{
	const uint64_t cached = 2 * GUEST_BASE; /* VRAM, by way of the L2 */
	const uint32_t write[] = {0xc0043700, 0x00100200, (uint32_t)cached, (uint32_t)(cached >> 32), 6, 7};
	struct job copy = {.count = 0};
	struct host_destroy_hwqueue destroy;
	struct guest_queue queue;
	d3dkmt_handle other, fence;
	uint64_t commands;
	uint32_t bytes;

	(void)state;
	guest_start(PATIENT);
	guest_queue(&queue);
	guest_user_queue(5, true);
	other = guest_context_on(2, 0);
	fence = guest_fence(0, 0, NULL);
	hold(&queue);
	commands = guest_words(write, 6, &bytes);
	assert_int_equal(guest_submit(other, commands, bytes, 0), 0);
	assert_int_equal(guest_gpu_signal(other, fence, 1), 0);
	assert_true(guest_wait(fence, 1));
	destroy.hwqueue = queue.hwqueue;
	assert_int_equal(guest_send(HOST_DESTROYHWQUEUE, &destroy, NULL), 0);
	add_copy64(&copy, guest_data(8), cached);
	commands = guest_words(copy.words, copy.count, &bytes);
	assert_int_equal(guest_submit(other, commands, bytes, 0), 0);
	assert_int_equal(guest_gpu_signal(other, fence, 2), 0);
	assert_true(guest_wait(fence, 2));
	assert_int_equal(guest_value(8), 6);
	assert_int_equal(guest_value(9), 7);
	guest_finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mapping_made_while_a_job_waits_is_seen_by_it),
		cmocka_unit_test(page_tables_are_done_with_their_fence_and_not_before),
		cmocka_unit_test(memory_that_goes_away_under_a_wait_is_a_page_fault),
		cmocka_unit_test(engines_that_wait_pass_values_on),
		cmocka_unit_test(a_waiting_engine_holds_nobody_else_up),
		cmocka_unit_test(a_wait_ends_with_its_context),
		cmocka_unit_test(a_wait_ends_with_its_device),
		cmocka_unit_test(a_wait_that_is_never_met_is_a_timeout_of_its_device_alone),
		cmocka_unit_test(what_others_wrote_outlives_a_job_that_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
