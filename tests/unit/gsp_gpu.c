// SPDX-License-Identifier: MIT
/* One GPU through its losses: when there is another device in place of a lost one, what it has, and who hears of it. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_dxg.h"
#include "gsp/device_private.h"
#include "gsp/gpu.h"
#include "gsp/renewals.h"
#include "util/compiler.h"
#include "util/log.h"

#define SECOND 1000000000ULL

static struct gsp_gpu *gpu;
static unsigned errors;

static void count_errors(enum log_level level, const char *line, void *arg)
{
	(void)line, (void)arg;
	errors += level == LOG_ERR;
}

static int setup(void **state)
{
	struct kmd_adapter info = {.discrete = true, .luid = {.a = 7}};

	(void)state;
	fake_reset();
	errors = 0;
	log_set_level(LOG_ERR);
	log_set_sink(count_errors, NULL);
	return gsp_gpu_create(NULL, FAKE_ADAPTER(0), &info, &gpu);
}

static int teardown(void **state)
{
	(void)state;
	gsp_gpu_destroy(gpu);
	log_set_sink(NULL, NULL);
	return fake_leaks() || fake_misuse();
}

static struct gsp_device *opened(void)
{
	struct gsp_device *device = gsp_gpu_device(gpu);
	const struct gsp_handles *handles;

	assert_int_equal(gsp_device_open(device, &handles), 0);
	return device;
}

/* The host resets the adapter, and works again. */
static void reset(void)
{
	fake_lose(0, D3DKMT_DEVICEEXECUTION_RESET);
	assert_int_equal(gsp_device_check(gsp_gpu_device(gpu)), -ENODEV);
	fake_revive(0);
}

static void nothing_is_made_before_the_first_need(void **state)
{
	(void)state;
	assert_int_equal(gsp_gpu_renew(gpu), 0);
	assert_false(gsp_gpu_is_lost(gpu));
	assert_int_equal(fake_calls(), 0);
	assert_ptr_equal(gsp_gpu_of(gsp_gpu_device(gpu)), gpu);
}

static void a_lost_device_is_followed_by_another(void **state)
{
	struct gsp_device *first, *second;

	(void)state;
	first = opened();
	reset();
	assert_true(gsp_gpu_is_lost(gpu));
	assert_int_equal(gsp_gpu_renew(gpu), 0);
	second = gsp_gpu_device(gpu);
	assert_ptr_not_equal(first, second);
	assert_false(gsp_gpu_is_lost(gpu));
	/* the one before stays lost, and is no more than a name */
	assert_true(gsp_device_is_lost(first));
	assert_int_equal(gsp_device_epoch(first).number, 1);
	assert_int_equal(gsp_device_epoch(second).number, 2);
	assert_int_equal(fake_calls_of("destroy_device"), 1);
	assert_int_equal(fake_calls_of("destroy_paging_queue"), 1);
	assert_int_equal(gsp_gpu_renew(gpu), 0);
	assert_ptr_equal(gsp_gpu_device(gpu), second);
}

static void contents_of_the_lost_are_in_the_way(void **state)
{
	struct gsp_device *first, *second;
	unsigned calls;

	(void)state;
	first = opened();
	gsp_device_add_contents(first);
	gsp_device_add_contents(first);
	reset();
	calls = fake_calls();
	errors = 0;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(gsp_gpu_renew(gpu), -ENODEV);
	/* at once, and told once */
	assert_int_equal(fake_calls(), calls);
	assert_int_equal(errors, 1);
	gsp_device_drop_contents(first);
	assert_int_equal(gsp_gpu_renew(gpu), -ENODEV);
	gsp_device_drop_contents(first);
	assert_int_equal(gsp_gpu_renew(gpu), 0);

	second = gsp_gpu_device(gpu);
	gsp_device_add_contents(second);
	reset();
	assert_int_equal(gsp_gpu_renew(gpu), -ENODEV);
	assert_int_equal(errors, 3); /* that it is lost, and why it stays so */
	gsp_device_drop_contents(second);
	assert_int_equal(gsp_gpu_renew(gpu), 0);
}

/* Makes a device if that is allowed. */
static bool make_one(struct gsp_renewals *renewals, uint64_t now_ns)
{
	bool allowed = gsp_renewals_allow(renewals, now_ns);

	if (allowed)
		gsp_renewals_made(renewals, now_ns);
	return allowed;
}

static void what_could_not_be_made_does_not_count(void **state)
{
	struct gsp_renewals renewals = GSP_RENEWALS_INIT;

	(void)state;
	gsp_renewals_lost(&renewals);
	for (unsigned i = 0; i < 10; i++)
		assert_true(gsp_renewals_allow(&renewals, SECOND));
	for (unsigned i = 0; i < 3; i++) {
		assert_true(make_one(&renewals, SECOND));
		gsp_renewals_lost(&renewals);
	}
	assert_false(make_one(&renewals, SECOND));
}

static void there_are_three_in_a_minute(void **state)
{
	struct gsp_renewals renewals = GSP_RENEWALS_INIT;
	uint64_t now = 1000 * SECOND;

	(void)state;
	/* a first device, and others while nothing is lost, do not count */
	for (unsigned i = 0; i < 10; i++)
		assert_true(make_one(&renewals, now));
	for (unsigned i = 0; i < 3; i++) {
		gsp_renewals_lost(&renewals);
		assert_true(make_one(&renewals, now + i * SECOND));
	}
	errors = 0;
	gsp_renewals_lost(&renewals);
	assert_false(make_one(&renewals, now + 3 * SECOND));
	assert_false(make_one(&renewals, now + 60 * SECOND - 1));
	assert_int_equal(errors, 1);
	/* a minute after the first of the three, the second, the third */
	for (unsigned i = 0; i < 3; i++) {
		assert_true(make_one(&renewals, now + (60 + i) * SECOND));
		gsp_renewals_lost(&renewals);
		assert_false(make_one(&renewals, now + (60 + i) * SECOND));
	}
}

/* Where another thread of the parent had a lock, of which there is nobody to give it back. */
static void a_forks_child_goes_on_with_the_history(void **state)
{
	const struct kmd_pci_ids pci = {.vendor = 0x1002, .device = 0x4321};
	struct gsp_renewals *renewals = gsp_renewals_of(&pci);
	pid_t child;
	int status;

	(void)state;
	gsp_renewals_lost(renewals);
	for (unsigned i = 0; i < GSP_RENEWALS; i++) {
		assert_true(make_one(renewals, SECOND));
		gsp_renewals_lost(renewals);
	}
	pthread_mutex_lock(&renewals->lock);
	child = fork();
	if (!child) {
		alarm(10);
		gsp_renewals_after_fork();
		_exit(gsp_renewals_of(&pci) == renewals && !gsp_renewals_allow(renewals, 2 * SECOND) ? 0 : 1);
	}
	pthread_mutex_unlock(&renewals->lock);
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void more_losses_end_it_and_are_remembered_by_the_next_gpu(void **state)
{
	struct kmd_pci_ids pci = {.vendor = 0x1002, .device = 0x1234};
	struct gsp_renewals *renewals = gsp_renewals_of(&pci);
	struct kmd_adapter info = {.discrete = true, .pci = pci};
	const struct gsp_handles *handles;
	unsigned calls;

	(void)state;
	assert_ptr_equal(gsp_renewals_of(&pci), renewals);
	gsp_gpu_count_renewals(gpu, renewals);
	opened();
	for (unsigned i = 0; i < GSP_RENEWALS; i++) {
		reset();
		assert_int_equal(gsp_gpu_renew(gpu), 0);
	}
	reset();
	errors = 0;
	calls = fake_calls();
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(gsp_gpu_renew(gpu), -ENODEV);
	assert_int_equal(fake_calls(), calls);
	assert_int_equal(errors, 1);
	/* closed and opened: no way around it, for nobody who has such a card */
	gsp_gpu_destroy(gpu);
	assert_int_equal(gsp_gpu_create(NULL, FAKE_ADAPTER(0), &info, &gpu), 0);
	gsp_gpu_count_renewals(gpu, renewals);
	assert_int_equal(gsp_device_open(gsp_gpu_device(gpu), &handles), -ENODEV);
	assert_int_equal(fake_calls_of("create_device"), 1 + GSP_RENEWALS);
	/* another card has its own */
	pci.revision = 9;
	assert_ptr_not_equal(gsp_renewals_of(&pci), renewals);
}

struct finder {
	int result;
	unsigned calls;
};

static int find(void *arg, const struct kmd_adapter *lost, d3dkmt_handle *adapter, struct kmd_adapter *info)
{
	struct finder *finder = arg;

	finder->calls++;
	assert_int_equal(lost->luid.a, 7);
	if (finder->result)
		return finder->result;
	*adapter = FAKE_ADAPTER(1);
	*info = *lost;
	info->luid.a = 8;
	return 0;
}

static void remove_it(void)
{
	fake_lose(0, D3DKMT_DEVICEEXECUTION_STOPPED);
	assert_int_equal(gsp_device_check(gsp_gpu_device(gpu)), -ENODEV);
	assert_int_equal(gsp_device_epoch(gsp_gpu_device(gpu)).state, GSP_REMOVED);
}

static void a_removed_one_is_found_again(void **state)
{
	static const int answers[] = {-ENODEV, -ESTALE, -ENOMEM, -EINVAL};
	struct finder finder = {0};
	struct gsp_device *first;

	(void)state;
	gsp_gpu_find_by(gpu, find, &finder);
	first = opened();
	remove_it();
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		finder.result = answers[i];
		assert_int_equal(gsp_gpu_renew(gpu), -ENODEV);
		assert_ptr_equal(gsp_gpu_device(gpu), first);
	}
	finder.result = 0;
	assert_int_equal(gsp_gpu_renew(gpu), 0);
	assert_int_equal(finder.calls, 5);
	assert_int_equal(gsp_device_adapter(gsp_gpu_device(gpu)), FAKE_ADAPTER(1));
	assert_int_equal(gsp_device_info(gsp_gpu_device(gpu))->luid.a, 8);
	assert_int_equal(gsp_device_adapter(first), FAKE_ADAPTER(0));
}

static void without_a_finder_a_removed_one_stays_away(void **state)
{
	(void)state;
	opened();
	remove_it();
	assert_int_equal(gsp_gpu_renew(gpu), -ENODEV);
}

/* A fence told of the loss, the guest's kernel not yet of the removal. */
static void a_reset_that_was_a_removal_is_found_out(void **state)
{
	struct finder finder = {0};

	(void)state;
	gsp_gpu_find_by(gpu, find, &finder);
	gsp_device_fence_lost(opened());
	assert_int_equal(gsp_device_epoch(gsp_gpu_device(gpu)).state, GSP_RESET);
	fake_lose(0, D3DKMT_DEVICEEXECUTION_STOPPED);
	assert_int_equal(gsp_gpu_renew(gpu), -ENODEV);
	assert_int_equal(finder.calls, 0);
	assert_int_equal(gsp_gpu_renew(gpu), 0);
	assert_int_equal(finder.calls, 1);
}

static char heard[64];

struct ear {
	struct gsp_gpu_listener listener;
	const char *name;
	int result;
	struct gsp_device *kept; /* of a renewal that was undone */
};

static void hear_loss(void *arg, struct gsp_gpu *of, struct gsp_device *lost)
{
	struct ear *ear = arg;

	assert_ptr_equal(of, gpu);
	assert_true(gsp_device_is_lost(lost));
	strcat(heard, ear->name);
}

static int hear_renewal(void *arg, struct gsp_gpu *of, struct gsp_device *lost, struct gsp_device *fresh)
{
	struct ear *ear = arg;

	assert_ptr_equal(of, gpu);
	assert_ptr_equal(lost, gsp_gpu_device(gpu));
	assert_false(gsp_device_is_lost(fresh));
	assert_true(gsp_device_handles(fresh)->device != 0);
	strcat(heard, ear->name);
	strcat(heard, "+");
	if (ear->result) {
		gsp_device_get(fresh);
		ear->kept = fresh;
	}
	return ear->result;
}

static void listen(struct ear *ear, const char *name)
{
	*ear = (struct ear){.name = name};
	ear->listener = (struct gsp_gpu_listener){.lost = hear_loss, .renewed = hear_renewal, .arg = ear};
	gsp_gpu_listen(gpu, &ear->listener);
	heard[0] = '\0';
}

static void listeners_hear_in_their_order_and_once(void **state)
{
	struct ear a, b, c;

	(void)state;
	listen(&a, "a");
	listen(&b, "b");
	listen(&c, "c");
	opened();
	fake_lose(0, D3DKMT_DEVICEEXECUTION_HUNG);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(gsp_device_result(gsp_gpu_device(gpu), -ENODEV), -ENODEV);
	gsp_device_fence_lost(gsp_gpu_device(gpu));
	assert_string_equal(heard, "abc");
	fake_revive(0);
	gsp_gpu_unlisten(gpu, &b.listener);
	assert_int_equal(gsp_gpu_renew(gpu), 0);
	assert_string_equal(heard, "abca+c+");
	gsp_gpu_unlisten(gpu, &c.listener);
	listen(&b, "b");
	reset();
	assert_string_equal(heard, "ab");
}

static void a_listener_that_fails_undoes_it(void **state)
{
	struct ear a, b, c;
	struct gsp_device *first;

	(void)state;
	listen(&a, "a");
	listen(&b, "b");
	listen(&c, "c");
	first = opened();
	reset();
	heard[0] = '\0';
	b.result = -ENOMEM;
	assert_int_equal(gsp_gpu_renew(gpu), -ENOMEM);
	/* what was made meanwhile hears that it is lost */
	assert_string_equal(heard, "a+b+abc");
	assert_ptr_equal(gsp_gpu_device(gpu), first);
	assert_true(gsp_device_is_lost(b.kept));
	assert_int_equal(fake_calls_of("destroy_device"), 0);
	gsp_device_put(b.kept);
	assert_int_equal(fake_calls_of("destroy_device"), 1);
	b.result = 0;
	assert_int_equal(gsp_gpu_renew(gpu), 0);
	assert_int_equal(fake_calls_of("destroy_device"), 2);
}

static void a_device_that_cannot_be_made_is_tried_again(void **state)
{
	static const int faults[] = {-ENOMEM, -EINVAL, -EAGAIN};
	struct ear a;
	struct gsp_device *first;

	(void)state;
	listen(&a, "a");
	first = opened();
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		struct gsp_renewals again = GSP_RENEWALS_INIT;

		gsp_gpu_count_renewals(gpu, &again);
		for (unsigned n = 1; n <= 2; n++) {
			reset();
			heard[0] = '\0';
			fake_fail_call(n, faults[i]);
			assert_int_equal(gsp_gpu_renew(gpu), faults[i]);
			assert_true(fake_failed());
			assert_string_equal(heard, "");
			assert_ptr_equal(gsp_gpu_device(gpu), first);
		}
	}
	gsp_gpu_count_renewals(gpu, gsp_renewals_of(&(struct kmd_pci_ids){.device = 0x55}));
	assert_int_equal(gsp_gpu_renew(gpu), 0);
}

static void what_the_driver_takes_is_inherited(void **state)
{
	struct finder finder = {0};
	struct gsp_device *device;

	(void)state;
	gsp_gpu_find_by(gpu, find, &finder);
	device = opened();
	atomic_store(&device->context_form, 1);
	device->context_refused = 1;
	atomic_store(&device->hardware_refused, 2);
	atomic_store(&device->hardware_granted, 4);
	reset();
	assert_int_equal(gsp_gpu_renew(gpu), 0);
	device = gsp_gpu_device(gpu);
	assert_int_equal(atomic_load(&device->context_form), 1);
	/* a driver that was about to be reset may have refused all forms */
	assert_int_equal(device->context_refused, 0);
	assert_int_equal(atomic_load(&device->hardware_refused), 2);
	assert_int_equal(atomic_load(&device->hardware_granted), 4);
	/* another LUID: another driver perhaps */
	remove_it();
	assert_int_equal(gsp_gpu_renew(gpu), 0);
	device = gsp_gpu_device(gpu);
	assert_int_equal(atomic_load(&device->context_form), -1);
	assert_int_equal(atomic_load(&device->hardware_refused), 0);
	assert_int_equal(gsp_device_epoch(device).number, 3);
}

static void the_last_reference_gives_the_host_its_objects_back(void **state)
{
	struct gsp_device *first;

	(void)state;
	first = opened();
	gsp_device_get(first);
	gsp_device_get(first);
	reset();
	assert_int_equal(gsp_gpu_renew(gpu), 0);
	assert_int_equal(fake_calls_of("destroy_device"), 0);
	gsp_device_put(first);
	assert_int_equal(fake_calls_of("destroy_device"), 0);
	gsp_device_put(first);
	assert_int_equal(fake_calls_of("destroy_paging_queue"), 1);
	assert_int_equal(fake_calls_of("destroy_device"), 1);
	gsp_gpu_destroy(gpu);
	gpu = NULL;
	assert_int_equal(fake_calls_of("destroy_device"), 2);
}

static void *renew_in_thread(void *arg)
{
	(void)arg;
	return gsp_gpu_renew(gpu) ? arg : gsp_gpu_device(gpu);
}

static void threads_make_one(void **state)
{
	pthread_t threads[4];
	struct gsp_device *first;
	void *got[4];

	(void)state;
	first = opened();
	for (unsigned round = 1; round <= 3; round++) {
		reset();
		fake_take_time(1000000);
		for (unsigned i = 0; i < 4; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, renew_in_thread, NULL), 0);
		for (unsigned i = 0; i < 4; i++)
			assert_int_equal(pthread_join(threads[i], &got[i]), 0);
		fake_take_time(0);
		for (unsigned i = 0; i < 4; i++) {
			assert_ptr_equal(got[i], gsp_gpu_device(gpu));
			assert_ptr_not_equal(got[i], first);
		}
		assert_int_equal(fake_calls_of("create_device"), 1 + round);
		assert_int_equal(gsp_device_epoch(gsp_gpu_device(gpu)).number, 1 + round);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_made_before_the_first_need),
		TEST(a_lost_device_is_followed_by_another),
		TEST(contents_of_the_lost_are_in_the_way),
		TEST(there_are_three_in_a_minute),
		TEST(what_could_not_be_made_does_not_count),
		TEST(a_forks_child_goes_on_with_the_history),
		TEST(more_losses_end_it_and_are_remembered_by_the_next_gpu),
		TEST(a_removed_one_is_found_again),
		TEST(without_a_finder_a_removed_one_stays_away),
		TEST(a_reset_that_was_a_removal_is_found_out),
		TEST(listeners_hear_in_their_order_and_once),
		TEST(a_listener_that_fails_undoes_it),
		TEST(a_device_that_cannot_be_made_is_tried_again),
		TEST(what_the_driver_takes_is_inherited),
		TEST(the_last_reference_gives_the_host_its_objects_back),
		TEST(threads_make_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
