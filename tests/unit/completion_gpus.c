// SPDX-License-Identifier: MIT
/* What the completion thread does for the GPUs: losses are told at once and once, the host is asked when nothing moves, hints end. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "event/completion.h"
#include "fake_dxg.h"
#include "gsp/timeline.h"
#include "util/clock.h"
#include "util/compiler.h"
#include "util/log.h"

#define GPUS	3U
#define LONG_NS 20000000000ULL /* never reached unless something is lost */
#define MS	1000000ULL
#define IDLE_NS (300 * MS)

int __real_dxg_get_page_fault(struct dxg *dxg, d3dkmt_handle device,
			      struct d3dkmt_devicepagefault_state *fault);
int __wrap_dxg_get_page_fault(struct dxg *dxg, d3dkmt_handle device,
			      struct d3dkmt_devicepagefault_state *fault);
int __wrap_dxg_wait_fences(struct dxg *dxg, d3dkmt_handle device, const d3dkmt_handle *fences,
			   const uint64_t *values, uint32_t count, bool any, int eventfd);

struct lane {
	struct completion_source source;
	struct world *world;
	struct gsp_timeline *timeline;
	uint64_t value, submitted;
	_Atomic unsigned calls, lost;
	_Atomic bool events_were_set; /* when it heard of the loss */
	bool wants_more;	      /* also of a lost device */
};

struct world {
	struct gsp_gpu *gpus[GPUS];
	struct gsp_device *devices[GPUS];
	struct lane lanes[GPUS];
	struct completion *completion;
	struct event_table *events;
	uint32_t fault, exception;
};

static struct {
	d3dkmt_handle devices[GPUS];
	_Atomic unsigned pings[GPUS];
	_Atomic bool dead[GPUS]; /* the channel to the host */
} host;

static _Atomic int source;

/* The host's waits never fire here: what is found is found without them. */
int __wrap_dxg_wait_fences(struct dxg *dxg, d3dkmt_handle device, const d3dkmt_handle *fences,
			   const uint64_t *values, uint32_t count, bool any, int eventfd)
{
	(void)dxg, (void)device, (void)fences, (void)values, (void)count, (void)any, (void)eventfd;
	return 0;
}

int __wrap_dxg_get_page_fault(struct dxg *dxg, d3dkmt_handle device,
			      struct d3dkmt_devicepagefault_state *fault)
{
	for (unsigned i = 0; i < GPUS; i++)
		if (host.devices[i] == device) {
			atomic_fetch_add(&host.pings[i], 1);
			if (atomic_load(&host.dead[i]))
				return -EOVERFLOW;
		}
	return __real_dxg_get_page_fault(dxg, device, fault);
}

static enum power_source look_at_source(void)
{
	return (enum power_source)atomic_load(&source);
}

#define eventually(condition)                                            \
	do {                                                             \
		uint64_t begin_ns_ = clock_ns();                         \
		while (!(condition) && clock_ns() - begin_ns_ < LONG_NS) \
			usleep(100);                                     \
		assert_true(condition);                                  \
	} while (0)

static bool is_set(struct world *w, uint32_t id)
{
	struct event_state state;

	return !event_query(w->events, id, &state) && state.set;
}

static uint64_t age(struct world *w, uint32_t id)
{
	struct event_state state;

	assert_int_equal(event_query(w->events, id, &state), 0);
	return state.age;
}

static uint64_t lane_passed(struct completion_source *passed)
{
	struct lane *lane = (struct lane *)(void *)passed;

	if (gsp_device_is_lost(passed->device)) {
		atomic_store(&lane->events_were_set, is_set(lane->world, lane->world->fault) ||
							     is_set(lane->world, lane->world->exception));
		atomic_fetch_add(&lane->lost, 1);
	}
	atomic_fetch_add(&lane->calls, 1);
	return lane->wants_more ? 7 : 0;
}

static uint32_t add_event(struct world *w, enum event_type type)
{
	struct event_request request = {.type = type, .manual_reset = true};
	uint32_t id;

	assert_int_equal(event_create(w->events, &request, &id), 0);
	return id;
}

static struct world *begin(enum gsp_power_policy policy)
{
	struct completion_options options = {
		.gpu_count = GPUS,
		.power = {.policy = policy, .idle_ns = IDLE_NS, .source = look_at_source},
	};
	struct kmd_adapter info = {.discrete = true};
	struct world *w = calloc(1, sizeof(*w));
	const struct gsp_handles *handles;

	fake_reset();
	memset(&host, 0, sizeof(host));
	atomic_store(&source, POWER_MAINS);
	log_set_level(LOG_NONE);
	assert_int_equal(event_table_create(NULL, 0, &w->events), 0);
	for (unsigned i = 0; i < GPUS; i++) {
		assert_int_equal(gsp_gpu_create(NULL, FAKE_ADAPTER(i), &info, &w->gpus[i]), 0);
		w->devices[i] = gsp_gpu_device(w->gpus[i]);
	}
	options.gpus = w->gpus;
	options.events = w->events;
	assert_int_equal(completion_create(&options, &w->completion), 0);
	for (unsigned i = 0; i < GPUS; i++) {
		struct lane *lane = &w->lanes[i];

		assert_int_equal(gsp_device_open(w->devices[i], &handles), 0);
		host.devices[i] = handles->device;
		assert_int_equal(gsp_timeline_create(w->devices[i], &lane->value, &lane->timeline), 0);
		lane->world = w;
		lane->source = (struct completion_source){.device = w->devices[i],
							  .fence = 0x1234,
							  .value = &lane->value,
							  .passed = lane_passed};
	}
	w->fault = add_event(w, EVENT_MEMORY);
	w->exception = add_event(w, EVENT_HW_EXCEPTION);
	return w;
}

static void add_sources(struct world *w)
{
	for (unsigned i = 0; i < GPUS; i++)
		assert_int_equal(completion_add(w->completion, &w->lanes[i].source), 0);
}

static void end(struct world *w)
{
	completion_destroy(w->completion);
	for (unsigned i = 0; i < GPUS; i++) {
		gsp_timeline_stop(w->lanes[i].timeline);
		gsp_timeline_end(w->lanes[i].timeline);
		gsp_gpu_destroy(w->gpus[i]);
	}
	event_table_destroy(w->events);
	free(w);
	assert_int_equal(fake_misuse(), 0);
	log_set_level(LOG_ERR);
}

static void submit(struct lane *lane)
{
	gsp_timeline_announce(lane->timeline, ++lane->submitted);
	completion_expect(lane->world->completion, &lane->source, lane->submitted);
}

static void reach(struct lane *lane, uint64_t value)
{
	__atomic_store_n(&lane->value, value, __ATOMIC_RELEASE);
}

/* What is under way comes to its end, and then the thread does not wake up. */
static void assert_sleeps(struct world *w)
{
	uint64_t turns, begin_ns = clock_ns();

	do {
		turns = completion_turns(w->completion);
		usleep(210000);
	} while (turns != completion_turns(w->completion) && clock_ns() - begin_ns < LONG_NS);
	assert_int_equal(completion_turns(w->completion), turns);
}

static void a_loss_that_another_thread_finds_is_told_from_any_sleep(void **state)
{
	struct world *w = begin(GSP_POWER_OFF);

	(void)state;
	add_sources(w);
	for (unsigned i = 0; i < GPUS; i++) {
		/* asleep without timeout, by the timer, and amid looks */
		if (!i)
			assert_sleeps(w);
		else
			submit(&w->lanes[i]);
		assert_int_equal(gsp_device_result(w->devices[i], -ENODEV), -ENODEV);
		eventually(atomic_load(&w->lanes[i].lost) == 1);
		assert_true(atomic_load(&w->lanes[i].events_were_set));
		assert_int_equal(age(w, w->exception), 2 + i);
	}
	assert_sleeps(w);
	for (unsigned i = 0; i < GPUS; i++)
		assert_int_equal(atomic_load(&w->lanes[i].lost), 1);
	assert_int_equal(age(w, w->exception), 1 + GPUS);
	end(w);
}

static void a_loss_that_nobody_calls_for_is_found(void **state)
{
	struct world *w = begin(GSP_POWER_OFF);

	(void)state;
	add_sources(w);
	submit(&w->lanes[1]);
	fake_page_fault(1, 0x7f0000001000);
	eventually(is_set(w, w->fault));
	eventually(atomic_load(&w->lanes[1].lost) == 1);
	assert_true(atomic_load(&w->lanes[1].events_were_set));
	/* by its fence alone, which the guest's kernel knows nothing of yet */
	submit(&w->lanes[2]);
	reach(&w->lanes[2], UINT64_MAX);
	eventually(is_set(w, w->exception));
	eventually(atomic_load(&w->lanes[2].lost) == 1);
	assert_sleeps(w);
	assert_int_equal(age(w, w->fault), 2);
	assert_int_equal(age(w, w->exception), 2);
	assert_int_equal(atomic_load(&w->lanes[0].calls), 0);
	end(w);
}

static void a_thread_that_never_ran_is_not_started(void **state)
{
	struct world *w = begin(GSP_POWER_PERFORMANCE);

	(void)state;
	assert_int_equal(gsp_device_result(w->devices[0], -ENODEV), -ENODEV);
	usleep(20000);
	assert_int_equal(completion_turns(w->completion), 0);
	assert_false(is_set(w, w->exception));
	/* who comes to it with something on the lost device is told all the same */
	add_sources(w);
	submit(&w->lanes[0]);
	eventually(atomic_load(&w->lanes[0].lost) == 1);
	assert_true(atomic_load(&w->lanes[0].events_were_set));
	end(w);
}

static void what_a_lost_source_still_wants_does_not_keep_the_thread_awake(void **state)
{
	struct world *w = begin(GSP_POWER_OFF);

	(void)state;
	add_sources(w);
	w->lanes[0].wants_more = true;
	submit(&w->lanes[0]);
	gsp_device_result(w->devices[0], -ENODEV);
	eventually(atomic_load(&w->lanes[0].lost) == 1);
	assert_sleeps(w);
	assert_int_equal(atomic_load(&w->lanes[0].lost), 1);
	/* but what is expected anew is heard of */
	completion_expect(w->completion, &w->lanes[0].source, 9);
	eventually(atomic_load(&w->lanes[0].lost) == 2);
	assert_sleeps(w);
	assert_int_equal(age(w, w->exception), 2);
	end(w);
}

static void the_next_device_is_watched_and_its_loss_told(void **state)
{
	struct world *w = begin(GSP_POWER_OFF);
	struct lane next = {.world = w};

	(void)state;
	add_sources(w);
	gsp_device_fence_lost(w->devices[0]);
	eventually(atomic_load(&w->lanes[0].lost) == 1);
	assert_int_equal(gsp_gpu_renew(w->gpus[0]), 0);
	next.source = (struct completion_source){.device = gsp_gpu_device(w->gpus[0]),
						 .fence = 0x5678,
						 .value = &next.value,
						 .passed = lane_passed};
	assert_int_equal(gsp_timeline_create(next.source.device, &next.value, &next.timeline), 0);
	assert_int_equal(completion_add(w->completion, &next.source), 0);
	submit(&next);
	usleep(120000);
	assert_int_equal(age(w, w->exception), 2);
	reach(&next, 1);
	eventually(atomic_load(&next.calls) == 1);
	submit(&next);
	fake_lose(0, D3DKMT_DEVICEEXECUTION_RESET);
	eventually(atomic_load(&next.lost) == 1);
	assert_sleeps(w);
	assert_int_equal(age(w, w->exception), 3);
	assert_int_equal(atomic_load(&w->lanes[0].lost), 1);
	completion_remove(w->completion, &next.source);
	gsp_timeline_stop(next.timeline);
	gsp_timeline_end(next.timeline);
	end(w);
}

static void the_host_is_asked_when_nothing_moves_and_then_only(void **state)
{
	struct world *w = begin(GSP_POWER_OFF);
	uint64_t begin_ns;
	struct lane *alive = &w->lanes[0], *dead = &w->lanes[1], *moves = &w->lanes[2];

	(void)state;
	add_sources(w);
	/* none while nothing is to be done */
	usleep(200000);
	begin_ns = clock_ns();
	for (unsigned i = 0; i < GPUS; i++)
		submit(&w->lanes[i]);
	atomic_store(&host.dead[1], true);
	while (!gsp_device_is_lost(dead->source.device) && clock_ns() - begin_ns < LONG_NS) {
		submit(moves);
		reach(moves, moves->submitted - 1);
		usleep(50000);
		if (clock_ns() - begin_ns < 900 * MS)
			for (unsigned i = 0; i < GPUS; i++)
				assert_int_equal(atomic_load(&host.pings[i]), 0);
	}
	/* it takes three that are not answered, a second apart */
	assert_int_equal(atomic_load(&host.pings[1]), 3);
	assert_true(clock_ns() - begin_ns >= 3000 * MS);
	eventually(atomic_load(&dead->lost) == 1);
	assert_true(atomic_load(&dead->events_were_set));
	/* however long work takes on a host that answers */
	assert_in_range(atomic_load(&host.pings[0]), 2, 4);
	assert_false(gsp_device_is_lost(alive->source.device));
	assert_int_equal(atomic_load(&host.pings[2]), 0);
	assert_false(gsp_device_is_lost(moves->source.device));
	/* one that is not answered is forgotten when the work gets on */
	submit(alive);
	usleep(100000);
	atomic_store(&host.dead[0], true);
	eventually(gsp_device_epoch(alive->source.device).state == GSP_POWERED_DOWN);
	reach(alive, alive->submitted - 1);
	eventually(gsp_device_epoch(alive->source.device).state == GSP_ACTIVE);
	reach(alive, alive->submitted);
	reach(moves, moves->submitted);
	assert_sleeps(w);
	assert_int_equal(age(w, w->exception), 2);
	end(w);
}

static void the_hint_is_held_with_work_and_given_up_when_idle(void **state)
{
	struct world *w = begin(GSP_POWER_PERFORMANCE);
	struct fake_escape last;
	uint64_t idle_ns, turns;

	(void)state;
	add_sources(w);
	assert_sleeps(w);
	assert_int_equal(fake_escapes(NULL), 0);
	submit(&w->lanes[0]);
	eventually(fake_escapes(NULL) == 1);
	for (unsigned i = 0; i < 20; i++) {
		reach(&w->lanes[0], w->lanes[0].submitted);
		submit(&w->lanes[0]);
	}
	usleep(2 * IDLE_NS / 1000);
	assert_int_equal(fake_escapes(NULL), 1);
	reach(&w->lanes[0], w->lanes[0].submitted);
	idle_ns = clock_ns();
	turns = completion_turns(w->completion);
	eventually(fake_escapes(&last) == 2);
	assert_true(clock_ns() - idle_ns >= IDLE_NS);
	assert_int_equal(last.data[0x84], 1);
	/* the timer twice after the end, and then one turn for the hint */
	assert_in_range(completion_turns(w->completion) - turns, 1, 6);
	assert_sleeps(w);
	/* and at once with the next */
	submit(&w->lanes[0]);
	eventually(fake_escapes(NULL) == 3);
	completion_destroy(w->completion);
	assert_int_equal(fake_escapes(&last), 4);
	assert_int_equal(last.data[0x84], 1);
	w->completion = NULL;
	end(w);
}

static void on_battery_it_is_given_up_with_work_outstanding(void **state)
{
	struct world *w = begin(GSP_POWER_AUTO);
	struct fake_escape last;

	(void)state;
	add_sources(w);
	submit(&w->lanes[0]);
	submit(&w->lanes[1]);
	eventually(fake_escapes(NULL) == 2);
	reach(&w->lanes[1], 1);
	eventually(fake_escapes(&last) == 3);
	assert_int_equal(last.device, host.devices[1]);
	assert_int_equal(last.data[0x84], 1);
	atomic_store(&source, POWER_BATTERY);
	eventually(fake_escapes(&last) == 4);
	assert_int_equal(last.device, host.devices[0]);
	assert_int_equal(last.data[0x84], 1);
	reach(&w->lanes[0], 1);
	assert_sleeps(w);
	end(w);
	assert_int_equal(fake_escapes(NULL), 4);
}

/* A look at its time. */
struct watch {
	struct completion_look look;
	struct completion *completion;
	_Atomic unsigned looks;
	_Atomic uint64_t at_ns; /* of the latest */
	_Atomic uint64_t first_ns;
	uint64_t again_in_ns; /* asks for itself anew */
	unsigned more;	      /* looks that it wants soon */
	bool unlook;
};

static bool watch_look(struct completion_look *look)
{
	struct watch *v = (struct watch *)(void *)look;
	bool again;

	atomic_store(&v->at_ns, clock_ns());
	if (!atomic_load(&v->looks))
		atomic_store(&v->first_ns, atomic_load(&v->at_ns));
	if (v->again_in_ns)
		completion_look_at(v->completion, look, clock_ns() + v->again_in_ns);
	v->again_in_ns = 0;
	if (v->unlook)
		completion_unlook(v->completion, look);
	again = v->more;
	v->more -= again;
	/* the test goes on from here */
	atomic_fetch_add(&v->looks, 1);
	return again;
}

static void a_look_at_a_time_comes_then_and_wakes_nobody_before(void **state)
{
	struct world *w = begin(GSP_POWER_OFF);
	struct watch v = {.look.look = watch_look, .completion = w->completion};
	uint64_t turns, due;

	(void)state;
	add_sources(w);
	assert_sleeps(w);
	turns = completion_turns(w->completion);
	due = clock_ns() + 100 * MS;
	completion_look_at(w->completion, &v.look, due);
	eventually(atomic_load(&v.looks));
	assert_true(atomic_load(&v.at_ns) >= due);
	/* woken to hear of it, then for it */
	assert_sleeps(w);
	assert_in_range(completion_turns(w->completion) - turns, 1, 3);
	assert_int_equal(atomic_load(&v.looks), 1);
	/* a time that is over */
	completion_look_at(w->completion, &v.look, 1);
	eventually(atomic_load(&v.looks) == 2);
	completion_look_at(w->completion, &v.look, 0);
	eventually(atomic_load(&v.looks) == 3);
	/* the earlier of two */
	due = clock_ns();
	completion_look_at(w->completion, &v.look, due + LONG_NS);
	completion_look_at(w->completion, &v.look, due + 20 * MS);
	completion_look_at(w->completion, &v.look, due + 2 * LONG_NS);
	eventually(atomic_load(&v.looks) == 4);
	assert_true(atomic_load(&v.at_ns) >= due + 20 * MS);
	assert_sleeps(w);
	assert_int_equal(atomic_load(&v.looks), 4);
	end(w);
}

static void a_look_asks_for_itself_inside(void **state)
{
	struct world *w = begin(GSP_POWER_OFF);
	struct watch v = {.look.look = watch_look, .completion = w->completion, .again_in_ns = 30 * MS};

	(void)state;
	add_sources(w);
	completion_look_at(w->completion, &v.look, clock_ns());
	eventually(atomic_load(&v.looks) == 2);
	assert_true(atomic_load(&v.at_ns) >= atomic_load(&v.first_ns) + 30 * MS);
	assert_sleeps(w);
	/* soon, where it says so, whatever was due */
	v.again_in_ns = LONG_NS;
	v.more = 3;
	completion_look_at(w->completion, &v.look, clock_ns());
	eventually(atomic_load(&v.looks) == 6);
	assert_sleeps(w);
	assert_int_equal(atomic_load(&v.looks), 6);
	/* an ordinary look takes the place of a due one */
	completion_look_at(w->completion, &v.look, clock_ns() + LONG_NS);
	completion_look(w->completion, &v.look);
	eventually(atomic_load(&v.looks) == 7);
	assert_sleeps(w);
	completion_look_at(w->completion, &v.look, clock_ns() + LONG_NS);
	completion_unlook(w->completion, &v.look);
	completion_unlook(w->completion, &v.look);
	v.again_in_ns = 10 * MS;
	v.unlook = true;
	completion_look_at(w->completion, &v.look, clock_ns());
	eventually(atomic_load(&v.looks) == 8);
	assert_sleeps(w);
	assert_int_equal(atomic_load(&v.looks), 8);
	end(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_loss_that_another_thread_finds_is_told_from_any_sleep),
		cmocka_unit_test(a_loss_that_nobody_calls_for_is_found),
		cmocka_unit_test(a_thread_that_never_ran_is_not_started),
		cmocka_unit_test(what_a_lost_source_still_wants_does_not_keep_the_thread_awake),
		cmocka_unit_test(the_next_device_is_watched_and_its_loss_told),
		cmocka_unit_test(the_host_is_asked_when_nothing_moves_and_then_only),
		cmocka_unit_test(the_hint_is_held_with_work_and_given_up_when_idle),
		cmocka_unit_test(on_battery_it_is_given_up_with_work_outstanding),
		cmocka_unit_test(a_look_at_a_time_comes_then_and_wakes_nobody_before),
		cmocka_unit_test(a_look_asks_for_itself_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
