// SPDX-License-Identifier: MIT
/* What runs on a device, what of it a moment names, and who waits for page-table work. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "fake_dxg.h"
#include "gsp/moment.h"
#include "gsp/timeline.h"
#include "util/compiler.h"
#include "util/log.h"

static bool no_memory;
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);

/* The linker puts these in the place of what they are named after. */
void *__wrap_malloc(size_t size)
{
	return no_memory ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return no_memory ? NULL : __real_realloc(old, size);
}

static struct gsp_device *make_device(unsigned adapter)
{
	struct kmd_adapter info = {.discrete = true};
	const struct gsp_handles *handles;
	struct gsp_device *device;

	assert_int_equal(gsp_device_create(NULL, FAKE_ADAPTER(adapter), &info, &device), 0);
	assert_int_equal(gsp_device_open(device, &handles), 0);
	return device;
}

/* A queue as timelines see it: a fence's page and what was submitted. */
struct queue {
	uint64_t value;
	uint64_t submitted;
	struct gsp_timeline *timeline;
};

static void queue_begin(struct queue *queue, struct gsp_device *device, uint64_t value)
{
	queue->value = queue->submitted = value;
	assert_int_equal(gsp_timeline_create(device, &queue->value, &queue->timeline), 0);
}

static void queue_submit(struct queue *queue)
{
	gsp_timeline_announce(queue->timeline, ++queue->submitted);
}

static void queue_finish(struct queue *queue)
{
	__atomic_store_n(&queue->value, queue->submitted, __ATOMIC_RELEASE);
}

static void queue_end(struct queue *queue)
{
	gsp_timeline_stop(queue->timeline);
	gsp_timeline_end(queue->timeline);
}

static int setup(void **state)
{
	(void)state;
	fake_reset();
	log_set_level(LOG_NONE);
	no_memory = false;
	return 0;
}

/* Such a device is idle: who only looks at that would never hear of the loss. */
static void a_loss_that_only_a_fence_tells_of_is_found(void **state)
{
	struct gsp_device *device = make_device(0);
	struct queue queue;

	(void)state;
	queue_begin(&queue, device, 0);
	queue_submit(&queue);
	assert_false(gsp_device_hides_loss(device));
	__atomic_store_n(&queue.value, UINT64_MAX, __ATOMIC_RELEASE);
	assert_true(gsp_device_is_idle(device));
	assert_true(gsp_device_hides_loss(device));
	gsp_device_fence_lost(device);
	assert_true(gsp_device_is_lost(device));
	assert_false(gsp_device_hides_loss(device));
	queue_end(&queue);
	gsp_device_destroy(device);
}

static void a_device_is_idle_while_all_that_was_announced_is_over(void **state)
{
	struct gsp_device *device = make_device(0), *other = make_device(1);
	struct queue a, b;

	(void)state;
	assert_true(gsp_device_is_idle(device));
	/* a fence may start anywhere */
	queue_begin(&a, device, 1000);
	queue_begin(&b, device, 0);
	assert_true(gsp_device_is_idle(device));
	queue_submit(&a);
	assert_false(gsp_device_is_idle(device));
	queue_submit(&b);
	queue_finish(&a);
	assert_false(gsp_device_is_idle(device));
	assert_true(gsp_device_is_idle(other));
	queue_finish(&b);
	assert_true(gsp_device_is_idle(device));
	queue_submit(&b);
	queue_end(&b);
	assert_true(gsp_device_is_idle(device));
	queue_end(&a);
	gsp_timeline_end(NULL);
	gsp_device_destroy(device);
	gsp_device_destroy(other);
	assert_int_equal(fake_leaks(), 0);
}

static void what_was_not_submitted_is_waited_for_by_nobody(void **state)
{
	struct gsp_device *device = make_device(0);
	struct gsp_moment *moment, *again;
	struct queue a;

	(void)state;
	queue_begin(&a, device, 0);
	queue_submit(&a);
	queue_finish(&a);
	queue_submit(&a);
	moment = gsp_moment_take(&device, 1);
	assert_int_equal(gsp_moment_read(moment), GSP_FENCE_PENDING);
	gsp_timeline_retract(a.timeline, --a.submitted);
	assert_true(gsp_device_is_idle(device));
	assert_int_equal(gsp_moment_read(moment), GSP_FENCE_DONE);
	assert_null(gsp_moment_take(&device, 1));
	/* the number is used again, and is no less unfinished for whoever takes a moment now */
	queue_submit(&a);
	again = gsp_moment_take(&device, 1);
	assert_int_equal(gsp_moment_read(again), GSP_FENCE_PENDING);
	queue_finish(&a);
	assert_int_equal(gsp_moment_read(again), GSP_FENCE_DONE);
	gsp_moment_put(moment);
	gsp_moment_put(again);
	queue_end(&a);
	gsp_device_destroy(device);
}

static void a_moment_names_what_is_unfinished_and_nothing_later(void **state)
{
	struct gsp_device *device = make_device(0);
	struct gsp_moment *moment;
	struct queue a, b, c;

	(void)state;
	queue_begin(&a, device, 0);
	queue_begin(&b, device, 7);
	queue_begin(&c, device, 0);
	assert_null(gsp_moment_take(&device, 1));
	assert_null(gsp_moment_take(&device, 0));
	queue_submit(&a);
	queue_submit(&b);
	moment = gsp_moment_take(&device, 1);
	queue_submit(&c);
	assert_int_equal(gsp_moment_read(moment), GSP_FENCE_PENDING);
	queue_finish(&b);
	assert_int_equal(gsp_moment_read(moment), GSP_FENCE_PENDING);
	queue_finish(&a);
	assert_int_equal(gsp_moment_read(moment), GSP_FENCE_DONE);
	queue_submit(&a);
	assert_int_equal(gsp_moment_read(moment), GSP_FENCE_DONE);
	gsp_moment_put(moment);
	gsp_moment_put(NULL);
	assert_null(gsp_moment_get(NULL));
	queue_end(&a);
	queue_end(&b);
	queue_end(&c);
	gsp_device_destroy(device);
}

static void moments_with_nothing_new_between_them_are_one(void **state)
{
	struct gsp_device *device = make_device(0), *other = make_device(1);
	struct gsp_device *both[] = {device, other};
	struct gsp_moment *first, *second, *third, *wide;
	struct queue a, b, c;

	(void)state;
	queue_begin(&a, device, 0);
	queue_begin(&b, device, 0);
	queue_begin(&c, other, 0);
	queue_submit(&a);
	first = gsp_moment_take(&device, 1);
	for (unsigned i = 0; i < 1000; i++) {
		assert_ptr_equal(gsp_moment_take(&device, 1), first);
		gsp_moment_put(first);
	}
	/* of another device, or a wider set */
	queue_submit(&c);
	second = gsp_moment_take(&other, 1);
	assert_ptr_not_equal(second, first);
	wide = gsp_moment_take(both, 2);
	assert_ptr_not_equal(wide, first);
	assert_ptr_equal(gsp_moment_take(&device, 1), first);
	gsp_moment_put(first);
	gsp_moment_put(second);
	/* something new */
	queue_submit(&b);
	second = gsp_moment_take(&device, 1);
	assert_ptr_not_equal(second, first);
	/* that one of them finished is nothing new */
	queue_finish(&a);
	third = gsp_moment_take(&device, 1);
	assert_ptr_equal(third, second);
	assert_int_equal(gsp_moment_read(first), GSP_FENCE_DONE);
	assert_int_equal(gsp_moment_read(wide), GSP_FENCE_PENDING);
	assert_int_equal(gsp_moment_read(third), GSP_FENCE_PENDING);
	queue_submit(&a);
	gsp_moment_put(second);
	gsp_moment_put(third);
	/* the one before is gone */
	second = gsp_moment_take(&device, 1);
	assert_int_equal(gsp_moment_read(second), GSP_FENCE_PENDING);
	queue_finish(&b);
	assert_int_equal(gsp_moment_read(second), GSP_FENCE_PENDING);
	queue_finish(&a);
	assert_int_equal(gsp_moment_read(second), GSP_FENCE_DONE);
	queue_finish(&c);
	assert_int_equal(gsp_moment_read(wide), GSP_FENCE_DONE);
	gsp_moment_put(first);
	gsp_moment_put(second);
	gsp_moment_put(wide);
	queue_end(&a);
	queue_end(&b);
	queue_end(&c);
	gsp_device_destroy(device);
	gsp_device_destroy(other);
}

static void a_moment_outlives_its_queues(void **state)
{
	struct gsp_device *device = make_device(0);
	uint64_t *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct gsp_timeline *timeline;
	struct gsp_moment *moment, *later;

	(void)state;
	assert_ptr_not_equal(page, MAP_FAILED);
	assert_int_equal(gsp_timeline_create(device, page, &timeline), 0);
	gsp_timeline_announce(timeline, 1);
	moment = gsp_moment_take(&device, 1);
	gsp_timeline_announce(timeline, 2);
	*page = 1;
	later = gsp_moment_take(&device, 1);
	gsp_timeline_stop(timeline);
	/* the queue's destruction: the page goes, what ran may still do so */
	assert_int_equal(munmap(page, 4096), 0);
	assert_int_equal(gsp_moment_read(moment), GSP_FENCE_DONE);
	assert_int_equal(gsp_moment_read(later), GSP_FENCE_PENDING);
	assert_false(gsp_device_is_idle(device));
	assert_ptr_equal(gsp_moment_take(&device, 1), later);
	gsp_moment_put(later);
	gsp_timeline_end(timeline);
	assert_int_equal(gsp_moment_read(later), GSP_FENCE_DONE);
	assert_true(gsp_device_is_idle(device));
	assert_null(gsp_moment_take(&device, 1));
	gsp_moment_put(moment);
	gsp_moment_put(later);
	gsp_device_destroy(device);
	assert_int_equal(fake_leaks(), 0);
}

static void a_lost_device_keeps_nobody_waiting_and_the_other_does(void **state)
{
	struct gsp_device *device = make_device(0), *other = make_device(1);
	struct gsp_device *both[] = {device, other};
	struct gsp_timeline *timeline;
	struct gsp_moment *moment, *wide;
	struct queue a, b;

	(void)state;
	queue_begin(&a, device, 0);
	queue_begin(&b, other, 0);
	queue_submit(&a);
	queue_submit(&b);
	moment = gsp_moment_take(&device, 1);
	wide = gsp_moment_take(both, 2);
	a.value = UINT64_MAX;
	assert_int_equal(gsp_moment_read(moment), GSP_FENCE_LOST);
	assert_int_equal(gsp_moment_read(wide), GSP_FENCE_PENDING);
	assert_true(gsp_device_is_idle(device));
	assert_null(gsp_moment_take(&device, 1));
	/* reading told nobody */
	assert_false(gsp_device_is_lost(device));
	gsp_moment_check(wide);
	assert_true(gsp_device_is_lost(device));
	assert_false(gsp_device_is_lost(other));
	/* whatever its page says from here on */
	a.value = 0;
	assert_int_equal(gsp_moment_read(moment), GSP_FENCE_LOST);
	assert_true(gsp_device_is_idle(device));
	queue_finish(&b);
	assert_int_equal(gsp_moment_read(wide), GSP_FENCE_LOST);
	queue_end(&a);
	assert_int_equal(gsp_moment_read(wide), GSP_FENCE_DONE);
	a.value = UINT64_MAX;
	assert_int_equal(gsp_timeline_create(device, &a.value, &timeline), -ENODEV);
	assert_null(timeline);
	gsp_moment_put(moment);
	gsp_moment_put(wide);
	queue_end(&b);
	gsp_device_destroy(device);
	gsp_device_destroy(other);
}

/* The fence stands still, so that only the host can tell. */
static void a_removed_device_is_found_by_asking(void **state)
{
	struct gsp_device *device = make_device(0);
	struct gsp_moment *moment;
	struct queue a;

	(void)state;
	queue_begin(&a, device, 0);
	queue_submit(&a);
	moment = gsp_moment_take(&device, 1);
	gsp_moment_check(moment);
	assert_int_equal(gsp_moment_read(moment), GSP_FENCE_PENDING);
	fake_lose(0, D3DKMT_DEVICEEXECUTION_STOPPED);
	assert_int_equal(gsp_moment_read(moment), GSP_FENCE_PENDING);
	gsp_moment_check(moment);
	assert_int_equal(gsp_moment_read(moment), GSP_FENCE_LOST);
	gsp_moment_put(moment);
	queue_end(&a);
	gsp_device_destroy(device);
}

static void without_memory_a_moment_stays_pending(void **state)
{
	struct gsp_device *device = make_device(0), *other = make_device(1);
	struct gsp_device *both[] = {device, other};
	struct gsp_moment *moment;
	struct queue a, b;

	(void)state;
	queue_begin(&a, device, 0);
	queue_begin(&b, other, 0);
	no_memory = true;
	assert_null(gsp_moment_take(&device, 1));
	queue_submit(&a);
	queue_submit(&b);
	moment = gsp_moment_take(&device, 1);
	assert_ptr_equal(gsp_moment_take(both, 2), moment);
	assert_ptr_equal(gsp_moment_get(moment), moment);
	queue_finish(&a);
	queue_finish(&b);
	assert_int_equal(gsp_moment_read(moment), GSP_FENCE_PENDING);
	gsp_moment_check(moment);
	gsp_moment_put(moment);
	no_memory = false;
	queue_submit(&a);
	moment = gsp_moment_take(&device, 1);
	queue_finish(&a);
	assert_int_equal(gsp_moment_read(moment), GSP_FENCE_DONE);
	gsp_moment_put(moment);
	queue_end(&a);
	queue_end(&b);
	gsp_device_destroy(device);
	gsp_device_destroy(other);
}

/* The host begins page-table work: the value its paging fence will have. */
static uint64_t change_page_tables(struct gsp_device *device)
{
	uint64_t fence;

	assert_int_equal(dxg_make_resident(NULL, gsp_device_handles(device)->paging.handle, NULL, 0, &fence),
			 0);
	return fence;
}

static void page_table_work_is_waited_for_only_while_something_runs(void **state)
{
	struct gsp_device *device = make_device(0);
	const struct gsp_handles *handles = gsp_device_handles(device);
	struct queue a;
	uint64_t first, second;

	(void)state;
	queue_begin(&a, device, 0);
	fake_hold_fences(true);
	assert_int_equal(gsp_paging_settle(device, 0, GSP_WAIT_FOREVER), 0);
	assert_int_equal(gsp_paging_due(device), 0);
	first = change_page_tables(device);
	second = change_page_tables(device);
	/* idle: left to the next submission */
	assert_int_equal(gsp_paging_settle(device, second, GSP_WAIT_FOREVER), 0);
	assert_int_equal(gsp_paging_settle(device, first, GSP_WAIT_FOREVER), 0);
	assert_int_equal(gsp_paging_due(device), second);
	assert_true(*handles->paging.value < first);
	assert_int_equal(fake_calls_of("wait_fences"), 0);
	/* not idle: here, even when it is due already */
	queue_submit(&a);
	assert_int_equal(gsp_paging_settle(device, first, 0), -ETIMEDOUT);
	assert_int_equal(gsp_paging_settle(device, first, GSP_WAIT_FOREVER), 0);
	assert_true(*handles->paging.value >= first);
	assert_int_equal(fake_calls_of("wait_fences"), 1);
	/* passed */
	fake_finish();
	assert_int_equal(gsp_paging_settle(device, second, 0), 0);
	assert_int_equal(fake_calls_of("wait_fences"), 1);
	/* late: whoever submits waits for it all the same */
	fake_ignore_waits(true);
	first = change_page_tables(device);
	assert_int_equal(gsp_paging_settle(device, first, 1000000), -ETIMEDOUT);
	assert_int_equal(gsp_paging_due(device), first);
	/* a value that means something else must not become due */
	assert_int_equal(gsp_paging_settle(device, UINT64_MAX, 0), -EINVAL);
	assert_int_equal(gsp_paging_due(device), first);
	queue_end(&a);
	gsp_device_destroy(device);
	assert_int_equal(fake_leaks(), 0);
}

static void page_table_work_of_a_lost_device_is_not_waited_for(void **state)
{
	(void)state;
	for (unsigned busy = 0; busy < 2; busy++) {
		struct gsp_device *device;
		struct queue a;
		uint64_t value;

		fake_reset();
		device = make_device(0);
		queue_begin(&a, device, 0);
		if (busy)
			queue_submit(&a);
		fake_hold_fences(true);
		fake_ignore_waits(true);
		value = change_page_tables(device);
		fake_lose(0, D3DKMT_DEVICEEXECUTION_RESET);
		assert_int_equal(gsp_paging_settle(device, value, GSP_WAIT_FOREVER), -ENODEV);
		assert_true(gsp_device_is_lost(device));
		assert_int_equal(gsp_paging_settle(device, 0, 0), -ENODEV);
		queue_end(&a);
		gsp_device_destroy(device);
	}
}

/*
 * One thread maps memory and posts it for kernels to find, another submits kernels that look for it.  A kernel that
 * sees the post must have waited for the page tables, or they must be there.
 */
#define MEETINGS 20000U

struct meeting {
	struct gsp_device *device;
	struct queue queue;
	_Atomic uint64_t posted;
	atomic_bool over;
	atomic_uint kernels;
	unsigned early;
};

static void *submitter(void *arg)
{
	struct meeting *meeting = arg;
	const struct gsp_handles *handles = gsp_device_handles(meeting->device);

	while (!atomic_load(&meeting->over)) {
		uint64_t waited_for, seen;

		queue_submit(&meeting->queue);
		waited_for = gsp_paging_due(meeting->device);
		for (unsigned look = 0; look < 1 + meeting->queue.submitted % 64; look++) {
			seen = atomic_load_explicit(&meeting->posted, memory_order_acquire);
			if (seen > waited_for &&
			    gsp_fence_read(handles->paging.value, seen) == GSP_FENCE_PENDING)
				meeting->early++;
			if (look == 40)
				sched_yield(); /* a longer one, also where there is one processor */
		}
		queue_finish(&meeting->queue);
		atomic_fetch_add_explicit(&meeting->kernels, 1, memory_order_relaxed);
	}
	return NULL;
}

static void no_kernel_sees_memory_before_its_page_tables(void **state)
{
	struct meeting meeting = {.device = make_device(0)};
	pthread_t thread;
	unsigned deferred = 0, mappings = 0;

	(void)state;
	queue_begin(&meeting.queue, meeting.device, 0);
	fake_hold_fences(true);
	assert_int_equal(pthread_create(&thread, NULL, submitter, &meeting), 0);
	while (mappings < MEETINGS || atomic_load(&meeting.kernels) < MEETINGS) {
		uint64_t value = change_page_tables(meeting.device);

		assert_int_equal(gsp_paging_settle(meeting.device, value, GSP_WAIT_FOREVER), 0);
		deferred += gsp_fence_read(gsp_device_handles(meeting.device)->paging.value, value) ==
			    GSP_FENCE_PENDING;
		atomic_store_explicit(&meeting.posted, value, memory_order_release);
		mappings++;
	}
	atomic_store(&meeting.over, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	print_message("%u kernels beside %u mappings, %u of them deferred\n", atomic_load(&meeting.kernels),
		      mappings, deferred);
	assert_int_equal(meeting.early, 0);
	queue_end(&meeting.queue);
	gsp_device_destroy(meeting.device);
	assert_int_equal(fake_misuse(), 0);
}

/* Queues come, work and go, while others take and read moments. */
struct traffic {
	struct gsp_device *devices[2];
	atomic_bool over;
};

static void *queue_maker(void *arg)
{
	struct traffic *traffic = arg;

	for (unsigned i = 0; i < 2000; i++) {
		uint64_t *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		struct gsp_timeline *timeline;

		assert_ptr_not_equal(page, MAP_FAILED);
		assert_int_equal(gsp_timeline_create(traffic->devices[i & 1], page, &timeline), 0);
		for (uint64_t n = 1; n < 8; n++) {
			gsp_timeline_announce(timeline, n);
			if (n == 5)
				gsp_timeline_retract(timeline, n - 1);
			else if (n != 7)
				__atomic_store_n(page, n, __ATOMIC_RELEASE);
		}
		gsp_timeline_stop(timeline);
		assert_int_equal(munmap(page, 4096), 0);
		gsp_timeline_end(timeline);
	}
	return NULL;
}

static void *moment_taker(void *arg)
{
	struct traffic *traffic = arg;
	unsigned seen = 0;

	for (unsigned i = 0; !atomic_load(&traffic->over); i++) {
		unsigned from = i % 3 == 1, count = i % 3 == 2 ? 2 : 1;
		struct gsp_moment *moment = gsp_moment_take(traffic->devices + from, count), *more;

		if (!moment)
			continue;
		seen++;
		more = gsp_moment_get(moment);
		gsp_moment_read(more);
		gsp_moment_put(moment);
		/* all of it ends, for every queue does */
		while (gsp_moment_read(more) == GSP_FENCE_PENDING)
			;
		gsp_moment_put(more);
	}
	return (void *)(uintptr_t)seen;
}

static void queues_come_and_go_beside_moments(void **state)
{
	struct traffic traffic = {.devices = {make_device(0), make_device(1)}};
	pthread_t makers[2], takers[2];
	void *seen;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(pthread_create(&takers[i], NULL, moment_taker, &traffic), 0);
		assert_int_equal(pthread_create(&makers[i], NULL, queue_maker, &traffic), 0);
	}
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(pthread_join(makers[i], NULL), 0);
	atomic_store(&traffic.over, true);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(takers[i], &seen), 0);
		print_message("%lu moments with something in them\n", (unsigned long)(uintptr_t)seen);
	}
	for (unsigned i = 0; i < 2; i++) {
		assert_true(gsp_device_is_idle(traffic.devices[i]));
		gsp_device_destroy(traffic.devices[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_device_is_idle_while_all_that_was_announced_is_over, setup),
		cmocka_unit_test_setup(a_loss_that_only_a_fence_tells_of_is_found, setup),
		cmocka_unit_test_setup(what_was_not_submitted_is_waited_for_by_nobody, setup),
		cmocka_unit_test_setup(a_moment_names_what_is_unfinished_and_nothing_later, setup),
		cmocka_unit_test_setup(moments_with_nothing_new_between_them_are_one, setup),
		cmocka_unit_test_setup(a_moment_outlives_its_queues, setup),
		cmocka_unit_test_setup(a_lost_device_keeps_nobody_waiting_and_the_other_does, setup),
		cmocka_unit_test_setup(a_removed_device_is_found_by_asking, setup),
		cmocka_unit_test_setup(without_memory_a_moment_stays_pending, setup),
		cmocka_unit_test_setup(page_table_work_is_waited_for_only_while_something_runs, setup),
		cmocka_unit_test_setup(page_table_work_of_a_lost_device_is_not_waited_for, setup),
		cmocka_unit_test_setup(no_kernel_sees_memory_before_its_page_tables, setup),
		cmocka_unit_test_setup(queues_come_and_go_beside_moments, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
