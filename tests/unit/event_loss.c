// SPDX-License-Identifier: MIT
/* What the library's user is told of a lost device, and how often. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "event/loss.h"
#include "fake_dxg.h"
#include "util/clock.h"
#include "util/compiler.h"
#include "util/log.h"

#define GPUS	2U
#define ADDRESS 0x7f0012345000ULL
#define EVENTS	3U

int __real_dxg_get_page_fault(struct dxg *dxg, d3dkmt_handle device,
			      struct d3dkmt_devicepagefault_state *fault);
int __wrap_dxg_get_page_fault(struct dxg *dxg, d3dkmt_handle device,
			      struct d3dkmt_devicepagefault_state *fault);

int __real_dxg_get_device_state(struct dxg *dxg, d3dkmt_handle device,
				enum d3dkmt_deviceexecution_state *state);
int __wrap_dxg_get_device_state(struct dxg *dxg, d3dkmt_handle device,
				enum d3dkmt_deviceexecution_state *state);

static unsigned old_answers; /* that the guest's kernel still gives */
static uint32_t fault_flags;
static int fault_error;
static char last_line[256];

int __wrap_dxg_get_page_fault(struct dxg *dxg, d3dkmt_handle device,
			      struct d3dkmt_devicepagefault_state *fault)
{
	int ret = __real_dxg_get_page_fault(dxg, device, fault);

	fault->page_fault_flags = fault_flags;
	return fault_error ? fault_error : ret;
}

int __wrap_dxg_get_device_state(struct dxg *dxg, d3dkmt_handle device,
				enum d3dkmt_deviceexecution_state *state)
{
	int ret = __real_dxg_get_device_state(dxg, device, state);

	if (!old_answers)
		return ret;
	old_answers--;
	*state = D3DKMT_DEVICEEXECUTION_ACTIVE;
	return 0;
}

static void keep_line(enum log_level level, const char *line, void *arg)
{
	(void)level, (void)arg;
	strncpy(last_line, line, sizeof(last_line) - 1);
}

struct world {
	struct gsp_gpu *gpus[GPUS];
	struct gsp_device *devices[GPUS];
	struct gsp_gpu_listener listeners[GPUS];
	struct event_table *events;
	struct losses losses;
	unsigned heard, noted;
	uint32_t faults[EVENTS], exceptions[EVENTS], others[2]; /* ids */
};

static const uint32_t nodes[GPUS] = {1, 5};

static void heard(void *arg, struct gsp_gpu *gpu, struct gsp_device *device)
{
	struct world *w = arg;

	w->heard++;
	w->noted += losses_note(&w->losses, gpu, device);
}

static uint32_t add_event(struct world *w, enum event_type type, bool manual)
{
	struct event_request request = {.type = type, .manual_reset = manual};
	uint32_t id;

	assert_int_equal(event_create(w->events, &request, &id), 0);
	return id;
}

static int setup(void **state)
{
	struct kmd_adapter info = {.discrete = true};
	struct world *w = calloc(1, sizeof(*w));
	const struct gsp_handles *handles;

	fake_reset();
	log_set_level(LOG_ERR);
	log_set_sink(keep_line, NULL);
	fault_flags = 0;
	fault_error = 0;
	old_answers = 0;
	last_line[0] = '\0';
	assert_int_equal(event_table_create(NULL, 0, &w->events), 0);
	losses_init(&w->losses, w->events, w->gpus, nodes, GPUS);
	for (unsigned i = 0; i < GPUS; i++) {
		assert_int_equal(gsp_gpu_create(NULL, FAKE_ADAPTER(i), &info, &w->gpus[i]), 0);
		w->listeners[i] = (struct gsp_gpu_listener){.lost = heard, .arg = w};
		gsp_gpu_listen(w->gpus[i], &w->listeners[i]);
		w->devices[i] = gsp_gpu_device(w->gpus[i]);
		assert_int_equal(gsp_device_open(w->devices[i], &handles), 0);
	}
	for (unsigned i = 0; i < EVENTS; i++) {
		w->faults[i] = add_event(w, EVENT_MEMORY, i);
		w->exceptions[i] = add_event(w, EVENT_HW_EXCEPTION, i);
	}
	w->others[0] = add_event(w, EVENT_SIGNAL, false);
	w->others[1] = add_event(w, EVENT_NODE_CHANGE, true);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	losses_end(&w->losses);
	for (unsigned i = 0; i < GPUS; i++) {
		gsp_gpu_unlisten(w->gpus[i], &w->listeners[i]);
		gsp_gpu_destroy(w->gpus[i]);
	}
	assert_int_equal(fake_leaks(), 0);
	event_table_destroy(w->events);
	free(w);
	log_set_sink(NULL, NULL);
	return 0;
}

static struct event_state look(struct world *w, uint32_t id)
{
	struct event_state state;

	assert_int_equal(event_query(w->events, id, &state), 0);
	return state;
}

static void assert_told(struct world *w, const uint32_t ids[EVENTS], unsigned times)
{
	for (unsigned i = 0; i < EVENTS; i++) {
		assert_int_equal(look(w, ids[i]).age, 1 + times);
		assert_int_equal(look(w, ids[i]).raised, times > 0);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(w->others); i++)
		assert_false(look(w, w->others[i]).set);
}

/* The guest learns of it, and somebody asks. */
static void lose(struct world *w, unsigned gpu, enum d3dkmt_deviceexecution_state state)
{
	fake_lose(gpu, state);
	assert_int_equal(gsp_device_check(w->devices[gpu]), -ENODEV);
}

static void a_page_fault_is_a_memory_fault_with_its_details(void **state)
{
	struct world *w = *state;

	for (unsigned write = 0; write < 2; write++) {
		struct event_state told;

		fault_flags = write ? DXGK_PAGE_FAULT_WRITE : 0;
		fake_page_fault(write, ADDRESS);
		assert_int_equal(gsp_device_check(w->devices[write]), -ENODEV);
		assert_int_equal(w->noted, write + 1);
		assert_true(losses_noted(&w->losses));
		losses_report(&w->losses);
		assert_false(losses_noted(&w->losses));
		assert_told(w, w->faults, write + 1);
		assert_told(w, w->exceptions, 0);
		for (unsigned i = 0; i < EVENTS; i++) {
			told = look(w, w->faults[i]);
			assert_true(told.set);
			assert_int_equal(told.fault.node, nodes[write]);
			assert_true(told.fault.address == ADDRESS);
			assert_int_equal(told.fault.failure, write ? 3 : 1);
			assert_int_equal(told.fault.flags, 1);
		}
		assert_non_null(strstr(last_line, write ? "node 5" : "node 1"));
		assert_non_null(strstr(last_line, "0x7f0012345000"));
	}
}

static void a_fence_that_is_faster_than_the_guest_costs_no_detail(void **state)
{
	struct world *w = *state;

	fake_page_fault(0, ADDRESS);
	old_answers = 4;
	gsp_device_fence_lost(w->devices[0]);
	losses_report(&w->losses);
	assert_int_equal(old_answers, 0);
	assert_told(w, w->faults, 1);
	assert_told(w, w->exceptions, 0);
	assert_true(look(w, w->faults[0]).fault.address == ADDRESS);
}

static void any_other_loss_is_an_exception(void **state)
{
	static const enum d3dkmt_deviceexecution_state losses[] = {
		D3DKMT_DEVICEEXECUTION_RESET,
		D3DKMT_DEVICEEXECUTION_HUNG,
	};
	struct world *w = *state;

	for (unsigned i = 0; i < ARRAY_SIZE(losses); i++) {
		lose(w, i, losses[i]);
		losses_report(&w->losses);
		assert_told(w, w->exceptions, i + 1);
		assert_told(w, w->faults, 0);
		for (unsigned n = 0; n < EVENTS; n++) {
			struct event_state told = look(w, w->exceptions[n]);

			assert_int_equal(told.exception.node, nodes[i]);
			assert_int_equal(told.exception.memory_lost, 1);
			assert_int_equal(told.exception.reset_type, 0);
			assert_int_equal(told.exception.cause, 0);
		}
	}
}

static void a_removed_adapter_and_a_fault_without_details_are_exceptions(void **state)
{
	struct world *w = *state;

	fault_error = -EINVAL;
	fake_page_fault(0, ADDRESS);
	assert_int_equal(gsp_device_check(w->devices[0]), -ENODEV);
	losses_report(&w->losses);
	assert_told(w, w->exceptions, 1);
	assert_int_equal(gsp_device_result(w->devices[1], -ENODEV), -ENODEV);
	losses_report(&w->losses);
	assert_told(w, w->exceptions, 2);
	assert_told(w, w->faults, 0);
}

static void without_events_for_memory_faults_it_is_an_exception(void **state)
{
	struct world *w = *state;

	for (unsigned i = 0; i < EVENTS; i++)
		assert_int_equal(event_destroy(w->events, w->faults[i]), 0);
	fake_page_fault(0, ADDRESS);
	assert_int_equal(gsp_device_check(w->devices[0]), -ENODEV);
	losses_report(&w->losses);
	assert_told(w, w->exceptions, 1);
}

static void it_is_told_once_whoever_finds_it(void **state)
{
	struct world *w = *state;

	lose(w, 0, D3DKMT_DEVICEEXECUTION_RESET);
	losses_report_one(&w->losses, w->devices[0]);
	losses_report_one(&w->losses, w->devices[0]);
	assert_true(losses_noted(&w->losses));
	losses_report(&w->losses);
	losses_report(&w->losses);
	gsp_device_fence_lost(w->devices[0]);
	assert_int_equal(gsp_device_check(w->devices[0]), -ENODEV);
	losses_report(&w->losses);
	losses_report_one(&w->losses, w->devices[0]);
	assert_told(w, w->exceptions, 1);
	assert_int_equal(w->heard, 1);
}

/* Memory that nobody else has any more goes with the reference that the note had. */
static void a_device_that_was_renewed_meanwhile_is_told_once(void **state)
{
	struct world *w = *state;
	struct gsp_device *fresh;

	fault_flags = DXGK_PAGE_FAULT_WRITE;
	fake_page_fault(0, ADDRESS);
	assert_int_equal(gsp_device_check(w->devices[0]), -ENODEV);
	fake_lose(0, 0); /* the adapter works again */
	assert_int_equal(gsp_gpu_renew(w->gpus[0]), 0);
	fresh = gsp_gpu_device(w->gpus[0]);
	assert_ptr_not_equal(fresh, w->devices[0]);
	losses_report(&w->losses);
	assert_int_equal(look(w, w->exceptions[0]).age + look(w, w->faults[0]).age, 3);
	losses_report(&w->losses);
	losses_report_one(&w->losses, w->devices[0]);
	assert_int_equal(look(w, w->exceptions[0]).age + look(w, w->faults[0]).age, 3);
	/* the next one's loss is news */
	gsp_device_fence_lost(fresh);
	losses_report(&w->losses);
	assert_int_equal(look(w, w->exceptions[0]).age + look(w, w->faults[0]).age, 4);
}

static int refuse(void *arg, struct gsp_gpu *gpu, struct gsp_device *old, struct gsp_device *fresh)
{
	(void)arg, (void)gpu, (void)old, (void)fresh;
	return -ENOMEM;
}

static void a_renewal_that_fails_is_no_loss(void **state)
{
	struct gsp_gpu_listener refuser = {.renewed = refuse};
	struct world *w = *state;

	gsp_gpu_listen(w->gpus[0], &refuser);
	gsp_device_fence_lost(w->devices[0]);
	losses_report(&w->losses);
	assert_told(w, w->exceptions, 1);
	assert_int_equal(gsp_gpu_renew(w->gpus[0]), -ENOMEM);
	losses_report(&w->losses);
	assert_told(w, w->exceptions, 1);
	assert_int_equal(w->heard, 2);
	assert_int_equal(w->noted, 1);
	gsp_gpu_unlisten(w->gpus[0], &refuser);
	/* who was behind it is still heard, and who comes afterwards */
	gsp_gpu_listen(w->gpus[0], &refuser);
	gsp_gpu_unlisten(w->gpus[0], &refuser);
}

static void a_device_that_could_not_be_made_is_no_loss(void **state)
{
	struct kmd_adapter info = {.discrete = true};
	struct gsp_gpu_listener listener = {.lost = heard, .arg = *state};
	struct world *w = *state;
	const struct gsp_handles *handles;
	struct gsp_gpu *gpu;

	assert_int_equal(gsp_gpu_create(NULL, FAKE_ADAPTER(2), &info, &gpu), 0);
	gsp_gpu_listen(gpu, &listener);
	fake_fail_call(1, -ENODEV);
	assert_int_equal(gsp_device_open(gsp_gpu_device(gpu), &handles), -ENODEV);
	assert_int_equal(w->heard, 1);
	assert_int_equal(w->noted, 0);
	gsp_gpu_destroy(gpu);
}

static void an_event_made_afterwards_is_not_set(void **state)
{
	struct world *w = *state;
	uint32_t late;

	lose(w, 0, D3DKMT_DEVICEEXECUTION_RESET);
	losses_report(&w->losses);
	late = add_event(w, EVENT_HW_EXCEPTION, true);
	assert_false(look(w, late).set);
	assert_false(look(w, late).raised);
	/* as one that is made before it is told */
	lose(w, 1, D3DKMT_DEVICEEXECUTION_RESET);
	assert_false(look(w, late).set);
	losses_report(&w->losses);
	assert_true(look(w, late).set);
	assert_int_equal(look(w, late).exception.node, nodes[1]);
}

static void nobody_who_hears_is_no_error(void **state)
{
	struct world *w = *state;
	struct losses deaf;

	losses_init(&deaf, NULL, w->gpus, NULL, GPUS);
	lose(w, 1, D3DKMT_DEVICEEXECUTION_RESET);
	losses_report_one(&deaf, w->devices[1]);
	/* by its place, where nodes are not known */
	assert_non_null(strstr(last_line, "node 1"));
	losses_end(&deaf);
	losses_report(&w->losses);
	assert_told(w, w->exceptions, 0);
}

static void what_is_not_reported_at_the_end_is_given_back(void **state)
{
	struct world *w = *state;

	lose(w, 0, D3DKMT_DEVICEEXECUTION_RESET);
	lose(w, 1, D3DKMT_DEVICEEXECUTION_RESET);
	assert_true(losses_noted(&w->losses));
}

struct sleeper {
	struct world *world;
	uint32_t ids[2];
	int ret;
};

static void *sleep_on_events(void *arg)
{
	struct sleeper *s = arg;

	s->ret = event_wait(s->world->events, s->ids, 2, false, 20000, NULL);
	return NULL;
}

static void sleepers_wake(void **state)
{
	struct world *w = *state;
	struct sleeper sleepers[EVENTS];
	pthread_t threads[EVENTS];

	for (unsigned i = 0; i < EVENTS; i++) {
		sleepers[i] = (struct sleeper){.world = w, .ids = {w->others[0], w->faults[i]}};
		assert_int_equal(pthread_create(&threads[i], NULL, sleep_on_events, &sleepers[i]), 0);
	}
	fake_page_fault(0, ADDRESS);
	assert_int_equal(gsp_device_check(w->devices[0]), -ENODEV);
	losses_report(&w->losses);
	for (unsigned i = 0; i < EVENTS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(sleepers[i].ret, 0);
		/* one that resets itself was taken */
		assert_int_equal(look(w, w->faults[i]).set, i > 0);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_page_fault_is_a_memory_fault_with_its_details),
		TEST(a_fence_that_is_faster_than_the_guest_costs_no_detail),
		TEST(any_other_loss_is_an_exception),
		TEST(a_removed_adapter_and_a_fault_without_details_are_exceptions),
		TEST(without_events_for_memory_faults_it_is_an_exception),
		TEST(it_is_told_once_whoever_finds_it),
		TEST(a_device_that_was_renewed_meanwhile_is_told_once),
		TEST(a_renewal_that_fails_is_no_loss),
		TEST(a_device_that_could_not_be_made_is_no_loss),
		TEST(an_event_made_afterwards_is_not_set),
		TEST(nobody_who_hears_is_no_error),
		TEST(what_is_not_reported_at_the_end_is_given_back),
		TEST(sleepers_wake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
