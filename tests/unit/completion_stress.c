// SPDX-License-Identifier: MIT
/*
 * The completion thread under many threads: what was expected is told exactly until it is over, whoever comes and goes meanwhile.
 * A wake-up that is lost shows as a wait without end, a data race under TSan.
 */
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
#include <unistd.h>

#include <cmocka.h>

#include "event/completion.h"
#include "fake_dxg.h"
#include "gsp/timeline.h"
#include "util/clock.h"
#include "util/compiler.h"
#include "util/log.h"

#define QUEUES	    4U
#define CHURNERS    2U
#define SUBMISSIONS 10000U
#define ROUNDS	    1000U
#define LONG_NS	    60000000000ULL
#define MAX_WAITS   4096U

struct queue {
	struct completion_source source;
	struct completion *completion;
	struct gsp_timeline *timeline;
	struct event_table *events;
	uint32_t event;
	uint64_t value;		    /* atomic: the fence */
	_Atomic uint64_t submitted; /* that the GPU is to reach */
	_Atomic uint64_t acted;	    /* that was acted upon */
	_Atomic bool removed;
	_Atomic unsigned too_late;
	_Atomic bool parked;
	struct completion_look look;
};

/* The GPU, and the host that tells. */
static struct {
	pthread_mutex_t lock;
	struct queue *queues[QUEUES + CHURNERS];
	struct {
		unsigned queue;
		int fd;
		uint64_t value;
	} waits[MAX_WAITS];
	unsigned count;
	bool deaf; /* refuses every other wait */
	unsigned asked;
	_Atomic bool stop;
} gpu = {.lock = PTHREAD_MUTEX_INITIALIZER};

int __wrap_dxg_wait_fences(struct dxg *dxg, d3dkmt_handle device, const d3dkmt_handle *fences,
			   const uint64_t *values, uint32_t count, bool any, int eventfd);

int __wrap_dxg_wait_fences(struct dxg *dxg, d3dkmt_handle device, const d3dkmt_handle *fences,
			   const uint64_t *values, uint32_t count, bool any, int eventfd)
{
	int ret = 0;

	(void)dxg, (void)device, (void)count, (void)any;
	pthread_mutex_lock(&gpu.lock);
	gpu.asked++;
	if (gpu.count == MAX_WAITS || (gpu.deaf && gpu.asked % 2)) {
		ret = -EIO;
	} else {
		gpu.waits[gpu.count].queue = fences[0];
		gpu.waits[gpu.count].value = values[0];
		gpu.waits[gpu.count++].fd = dup(eventfd);
	}
	pthread_mutex_unlock(&gpu.lock);
	return ret;
}

/* With the lock: one step of every queue, and all waits that are over by now; of a queue that is gone they are too. */
static void gpu_step(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(gpu.queues); i++) {
		struct queue *q = gpu.queues[i];

		if (q && q->value < atomic_load(&q->submitted))
			__atomic_store_n(&q->value, q->value + 1, __ATOMIC_RELEASE);
	}
	for (unsigned i = 0; i < gpu.count;) {
		const struct queue *q = gpu.queues[gpu.waits[i].queue];

		if (q && q->value < gpu.waits[i].value) {
			i++;
			continue;
		}
		if (write(gpu.waits[i].fd, &(uint64_t){1}, sizeof(uint64_t)) < 0)
			abort();
		close(gpu.waits[i].fd);
		gpu.waits[i] = gpu.waits[--gpu.count];
	}
}

static void *run_gpu(void *arg)
{
	(void)arg;
	while (!atomic_load(&gpu.stop)) {
		pthread_mutex_lock(&gpu.lock);
		gpu_step();
		pthread_mutex_unlock(&gpu.lock);
		sched_yield();
	}
	return NULL;
}

static uint64_t passed(struct completion_source *source)
{
	struct queue *q = (struct queue *)(void *)source;
	uint64_t now = __atomic_load_n(&q->value, __ATOMIC_ACQUIRE);

	if (atomic_load(&q->removed))
		atomic_fetch_add(&q->too_late, 1);
	atomic_store(&q->acted, now);
	event_set(q->events, q->event);
	return now < atomic_load(&q->submitted) ? now + 1 : 0;
}

static bool look(struct completion_look *of)
{
	struct queue *q = (struct queue *)(void *)((char *)of - offsetof(struct queue, look));

	if (atomic_load(&q->removed))
		atomic_fetch_add(&q->too_late, 1);
	atomic_store(&q->parked, false);
	return false;
}

struct world {
	struct gsp_gpu *gpu;
	struct gsp_device *device;
	struct event_table *events;
	struct completion *completion;
	_Atomic bool stop;
};

static void queue_begin(struct world *w, struct queue *q, unsigned index)
{
	struct event_request request = {.type = EVENT_SIGNAL};

	memset(q, 0, sizeof(*q));
	q->completion = w->completion;
	q->events = w->events;
	q->source.device = w->device;
	q->source.fence = index;
	q->source.value = &q->value;
	q->source.passed = passed;
	q->look.look = look;
	assert_int_equal(event_create(w->events, &request, &q->event), 0);
	assert_int_equal(gsp_timeline_create(w->device, &q->value, &q->timeline), 0);
	assert_int_equal(completion_add(w->completion, &q->source), 0);
	pthread_mutex_lock(&gpu.lock);
	gpu.queues[index] = q;
	pthread_mutex_unlock(&gpu.lock);
}

static void queue_end(struct queue *q, unsigned index)
{
	completion_unlook(q->completion, &q->look);
	completion_remove(q->completion, &q->source);
	atomic_store(&q->removed, true);
	pthread_mutex_lock(&gpu.lock);
	gpu.queues[index] = NULL;
	pthread_mutex_unlock(&gpu.lock);
	gsp_timeline_stop(q->timeline);
	gsp_timeline_end(q->timeline);
	event_destroy(q->events, q->event);
}

static void submit(struct queue *q)
{
	uint64_t ordinal = atomic_load(&q->submitted) + 1;

	gsp_timeline_announce(q->timeline, ordinal);
	atomic_store(&q->submitted, ordinal);
	completion_expect(q->completion, &q->source, ordinal);
}

/* Sleeps on the queue's event until all that was submitted has been acted upon. */
static int finish(struct queue *q)
{
	uint64_t begin = clock_ns(), age = 1;

	while (atomic_load(&q->acted) < atomic_load(&q->submitted)) {
		int ret = event_wait(q->events, &q->event, 1, true, 1000, &age);

		if ((ret && ret != -ETIMEDOUT) || clock_ns() - begin > LONG_NS)
			return ret ? ret : -ETIME;
	}
	return 0;
}

static void *use_queue(void *arg)
{
	struct queue *q = arg;
	int ret = 0;

	for (unsigned i = 0; i < SUBMISSIONS && !ret; i++) {
		submit(q);
		if (i % 8 == 0)
			ret = finish(q);
	}
	return (void *)(intptr_t)(ret ? ret : finish(q));
}

struct churner {
	struct world *world;
	unsigned index;
};

static void *come_and_go(void *arg)
{
	struct churner *c = arg;
	unsigned late = 0;

	for (unsigned round = 0; round < ROUNDS; round++) {
		struct queue *q = calloc(1, sizeof(*q));

		queue_begin(c->world, q, c->index);
		for (unsigned i = 0; i < round % 5; i++)
			submit(q);
		atomic_store(&q->parked, true);
		if (round & 2)
			completion_look(q->completion, &q->look);
		if (round & 4)
			sched_yield();
		if (round & 8)
			completion_busy(q->completion);
		queue_end(q, c->index);
		late += atomic_load(&q->too_late);
		free(q);
	}
	return (void *)(intptr_t)late;
}

/* Parks and waits until it was looked at, again and again: each time it has to be. */
static void *park(void *arg)
{
	struct queue *q = arg;

	for (unsigned round = 0; round < SUBMISSIONS; round++) {
		uint64_t begin = clock_ns();

		atomic_store(&q->parked, true);
		completion_look(q->completion, &q->look);
		while (atomic_load(&q->parked)) {
			if (clock_ns() - begin > LONG_NS)
				return (void *)(intptr_t)-ETIME;
			sched_yield();
		}
	}
	return NULL;
}

static void *kick(void *arg)
{
	struct world *w = arg;

	while (!atomic_load(&w->stop)) {
		completion_kick(w->completion);
		completion_busy(w->completion);
		sched_yield();
	}
	return NULL;
}

static int join(pthread_t thread)
{
	void *result;

	assert_int_equal(pthread_join(thread, &result), 0);
	return (int)(intptr_t)result;
}

static void housekeep(void *arg)
{
	(void)arg;
}

static void nothing_is_lost(bool deaf)
{
	struct kmd_adapter info = {.discrete = true};
	struct churner churners[CHURNERS];
	pthread_t users[QUEUES], goers[CHURNERS], gpu_thread, parker, kicker;
	static struct queue queues[QUEUES];
	const struct gsp_handles *handles;
	struct world w = {0};
	struct completion_options options = {.housekeep = housekeep, .gpus = &w.gpu, .gpu_count = 1};

	fake_reset();
	log_set_level(LOG_NONE);
	gpu.deaf = deaf;
	gpu.count = gpu.asked = 0;
	atomic_store(&gpu.stop, false);
	assert_int_equal(gsp_gpu_create(NULL, FAKE_ADAPTER(0), &info, &w.gpu), 0);
	w.device = gsp_gpu_device(w.gpu);
	assert_int_equal(gsp_device_open(w.device, &handles), 0);
	assert_int_equal(event_table_create(NULL, 0, &w.events), 0);
	options.events = w.events;
	assert_int_equal(completion_create(&options, &w.completion), 0);
	assert_int_equal(pthread_create(&gpu_thread, NULL, run_gpu, NULL), 0);
	for (unsigned i = 0; i < QUEUES; i++)
		queue_begin(&w, &queues[i], i);
	for (unsigned i = 0; i < QUEUES; i++)
		assert_int_equal(pthread_create(&users[i], NULL, use_queue, &queues[i]), 0);
	assert_int_equal(pthread_create(&parker, NULL, park, &queues[0]), 0);
	assert_int_equal(pthread_create(&kicker, NULL, kick, &w), 0);
	for (unsigned i = 0; i < CHURNERS; i++) {
		churners[i] = (struct churner){&w, QUEUES + i};
		assert_int_equal(pthread_create(&goers[i], NULL, come_and_go, &churners[i]), 0);
	}
	for (unsigned i = 0; i < QUEUES; i++)
		assert_int_equal(join(users[i]), 0);
	for (unsigned i = 0; i < CHURNERS; i++)
		assert_int_equal(join(goers[i]), 0);
	assert_int_equal(join(parker), 0);
	atomic_store(&w.stop, true);
	assert_int_equal(join(kicker), 0);
	for (unsigned i = 0; i < QUEUES; i++) {
		assert_int_equal(atomic_load(&queues[i].acted), SUBMISSIONS);
		queue_end(&queues[i], i);
		assert_int_equal(atomic_load(&queues[i].too_late), 0);
	}
	completion_destroy(w.completion);
	atomic_store(&gpu.stop, true);
	assert_int_equal(join(gpu_thread), 0);
	gpu_step();
	assert_int_equal(gpu.count, 0);
	event_table_destroy(w.events);
	gsp_gpu_destroy(w.gpu);
}

static void nothing_is_lost_while_the_host_tells(void **state)
{
	(void)state;
	nothing_is_lost(false);
}

static void nothing_is_lost_while_the_host_refuses_half_of_the_waits(void **state)
{
	(void)state;
	nothing_is_lost(true);
}

/* Sleepers on events that only mailboxes tell of, while the work that writes them comes and goes. */
struct mail {
	struct world *world;
	struct queue *queue;
	uint64_t *mailbox;
	uint32_t id;
};

static void *write_mail(void *arg)
{
	struct mail *m = arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t begin = clock_ns();
		int ret;

		/* a submission that writes the mailbox last, and may be over before anybody sleeps */
		atomic_fetch_add(&m->queue->submitted, 1);
		gsp_timeline_announce(m->queue->timeline, atomic_load(&m->queue->submitted));
		completion_busy(m->world->completion);
		if (i & 1)
			sched_yield();
		__atomic_store_n(m->mailbox, m->id, __ATOMIC_RELEASE);
		__atomic_store_n(&m->queue->value, atomic_load(&m->queue->submitted), __ATOMIC_RELEASE);
		ret = event_wait(m->world->events, &m->id, 1, true, 30000, NULL);
		if (ret || clock_ns() - begin > LONG_NS)
			return (void *)(intptr_t)(ret ? ret : -ETIME);
	}
	return NULL;
}

static void *sleep_on_mail(void *arg)
{
	struct mail *m = arg;
	uint64_t age = 1;
	int ret = 0;

	while (!ret && !atomic_load(&m->world->stop))
		ret = event_wait(m->world->events, &m->id, 1, true, 30000, &age);
	return (void *)(intptr_t)ret;
}

static void no_mail_is_lost(void **state)
{
	struct kmd_adapter info = {.discrete = true};
	struct event_request request = {.type = EVENT_SIGNAL, .manual_reset = true};
	const struct gsp_handles *handles;
	struct queue queue;
	struct event_state now;
	struct world w = {0};
	struct mail m = {.world = &w, .queue = &queue};
	struct completion_options options = {.gpus = &w.gpu, .gpu_count = 1};
	pthread_t sleeper, writer;

	(void)state;
	fake_reset();
	assert_int_equal(gsp_gpu_create(NULL, FAKE_ADAPTER(0), &info, &w.gpu), 0);
	w.device = gsp_gpu_device(w.gpu);
	assert_int_equal(gsp_device_open(w.device, &handles), 0);
	assert_int_equal(event_table_create(NULL, 0, &w.events), 0);
	options.events = w.events;
	assert_int_equal(completion_create(&options, &w.completion), 0);
	queue_begin(&w, &queue, 0);
	request.manual_reset = false;
	assert_int_equal(event_create(w.events, &request, &m.id), 0);
	assert_int_equal(event_query(w.events, m.id, &now), 0);
	m.mailbox = now.mailbox;
	assert_int_equal(pthread_create(&writer, NULL, write_mail, &m), 0);
	assert_int_equal(join(writer), 0);
	/* and across threads, by ages */
	assert_int_equal(pthread_create(&sleeper, NULL, sleep_on_mail, &m), 0);
	for (unsigned i = 0; i < ROUNDS; i++) {
		atomic_fetch_add(&queue.submitted, 1);
		gsp_timeline_announce(queue.timeline, atomic_load(&queue.submitted));
		completion_busy(w.completion);
		if (i == ROUNDS - 1)
			atomic_store(&w.stop, true);
		__atomic_store_n(m.mailbox, m.id, __ATOMIC_RELEASE);
		__atomic_store_n(&queue.value, atomic_load(&queue.submitted), __ATOMIC_RELEASE);
	}
	assert_int_equal(join(sleeper), 0);
	queue_end(&queue, 0);
	completion_destroy(w.completion);
	event_table_destroy(w.events);
	gsp_gpu_destroy(w.gpu);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost_while_the_host_tells),
		cmocka_unit_test(nothing_is_lost_while_the_host_refuses_half_of_the_waits),
		cmocka_unit_test(no_mail_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
