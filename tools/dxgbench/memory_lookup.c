// SPDX-License-Identifier: MIT
/*
 * From a pointer to its object, among many, by one thread and by several; beside a sorted array that readers share
 * under a lock.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "dxgbench/machine.h"
#include "dxgbench/options.h"
#include "dxgbench/report.h"

#define SIZE	    (4 * KIB)
#define AT_A_TIME   64	 /* looking at the clock takes as long as a look-up */
#define SAMPLES	    4096 /* of each thread */
#define BOOKKEEPING 1024 /* bytes of memory that an object may need, generously */

struct object {
	uintptr_t start;
	uintptr_t end;
	void *user_data;
};

struct objects {
	struct object *sorted;
	uintptr_t *unsorted; /* their addresses, in the order they are asked for */
	uint64_t count;
	pthread_rwlock_t lock;
};

/* True when it was found. */
typedef bool (*look_up)(struct objects *objects, uintptr_t pointer);

static bool look_up_in_library(struct objects *objects, uintptr_t pointer)
{
	HsaPointerInfo info;

	(void)objects;
	return hsaKmtQueryPointerInfo((const void *)pointer, &info) == HSAKMT_STATUS_SUCCESS &&
	       (uintptr_t)info.CPUAddress == (pointer & ~(uintptr_t)(SIZE - 1));
}

static bool look_up_in_array(struct objects *objects, uintptr_t pointer)
{
	uint64_t low = 0, high = objects->count;
	bool found;

	pthread_rwlock_rdlock(&objects->lock);
	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;

		if (objects->sorted[middle].start <= pointer)
			low = middle;
		else
			high = middle;
	}
	found = objects->sorted[low].start <= pointer && pointer < objects->sorted[low].end;
	pthread_rwlock_unlock(&objects->lock);
	return found;
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static int compare(const void *a, const void *b)
{
	const struct object *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

struct reader {
	pthread_t thread;
	struct objects *objects;
	look_up look_up;
	pthread_barrier_t *barrier;
	uint64_t *samples;
	uint64_t seed;
	uint64_t missed;
};

static void *read_all(void *arg)
{
	struct reader *reader = arg;
	struct objects *objects = reader->objects;
	uint64_t random = reader->seed;

	pthread_barrier_wait(reader->barrier);
	for (unsigned i = 0; i < SAMPLES; i++) {
		uintptr_t wanted[AT_A_TIME];
		uint64_t begin;

		for (unsigned k = 0; k < AT_A_TIME; k++) {
			uint64_t r = next_random(&random);

			wanted[k] = objects->unsorted[r % objects->count] + (r >> 40) % SIZE;
		}
		begin = now_ns();
		for (unsigned k = 0; k < AT_A_TIME; k++)
			reader->missed += !reader->look_up(objects, wanted[k]);
		reader->samples[i] = now_ns() - begin;
	}
	return NULL;
}

static void measure_readers(struct report *report, struct row *row, struct objects *objects, look_up function,
			    unsigned count)
{
	struct reader *readers = calloc(count, sizeof(*readers));
	uint64_t *samples = calloc((size_t)count * SAMPLES, sizeof(*samples));
	pthread_barrier_t barrier;
	struct count before;
	uint64_t missed = 0;
	unsigned started = 0;

	if (!readers || !samples) {
		report_failed(report, row, "no memory");
		goto out;
	}
	count_read(&before);
	pthread_barrier_init(&barrier, NULL, count);
	for (; started < count; started++) {
		readers[started] = (struct reader){
			.objects = objects,
			.look_up = function,
			.barrier = &barrier,
			.samples = samples + (size_t)started * SAMPLES,
			.seed = 0x9e3779b97f4a7c15u * (started + 1),
		};
		if (started + 1 < count &&
		    pthread_create(&readers[started].thread, NULL, read_all, &readers[started])) {
			/* those that run wait for it at the barrier */
			fprintf(stderr, "dxgbench: a thread could not be started\n");
			exit(1);
		}
	}
	read_all(&readers[count - 1]);
	for (unsigned i = 0; i + 1 < count; i++)
		pthread_join(readers[i].thread, NULL);
	for (unsigned i = 0; i < count; i++)
		missed += readers[i].missed;
	pthread_barrier_destroy(&barrier);
	row->total = count_since(&before);
	row->done = (uint64_t)count * SAMPLES * AT_A_TIME;
	/* of one look-up, who cannot be told from its neighbours: the mean */
	row->most_ioctls = row->total.ioctls ? 1 : 0;
	row->most_round_trips = row->total.round_trips ? 1 : 0;
	report_times(row, samples, (size_t)count * SAMPLES, AT_A_TIME);
	if (missed)
		report_failed(report, row, "%" PRIu64 " pointers were not found", missed);
out:
	free(readers);
	free(samples);
}

static void measure_both(struct report *report, struct objects *objects, unsigned threads)
{
	char name[32], other[32];
	struct row *row;

	snprintf(name, sizeof(name), "lookup-%u", threads);
	snprintf(other, sizeof(other), "lookup-%u-locked", threads);
	row = report_row(report, name, NULL, "look-up among %" PRIu64 " objects, %u thread%s", objects->count,
			 threads, threads == 1 ? "" : "s");
	measure_readers(report, row, objects, look_up_in_library, threads);
	row = report_row(report, other, name, "in a sorted array under a read-write lock");
	measure_readers(report, row, objects, look_up_in_array, threads);
}

/* As many as there is memory for; false when there is not even one. */
static bool make_objects(struct report *report, struct objects *objects, const struct machine *machine,
			 uint64_t wanted)
{
	HSAKMT_STATUS status = HSAKMT_STATUS_NO_MEMORY;

	objects->sorted = calloc(wanted, sizeof(*objects->sorted));
	objects->unsorted = calloc(wanted, sizeof(*objects->unsorted));
	while (objects->sorted && objects->unsorted && objects->count < wanted) {
		struct object *object = &objects->sorted[objects->count];
		void *address;

		status = machine_alloc(machine, SIZE, MEMORY_SYSTEM, &address);
		if (status != HSAKMT_STATUS_SUCCESS)
			break;
		object->start = (uintptr_t)address;
		object->end = object->start + SIZE;
		objects->unsorted[objects->count++] = object->start;
	}
	if (objects->count < wanted) {
		struct row *row = report_row(report, "lookup-objects", NULL, "%" PRIu64 " objects", wanted);

		report_failed(report, row, "only %" PRIu64 ": %s", objects->count,
			      machine_status_name(status));
	}
	return objects->count != 0;
}

void memory_lookups(struct report *report, struct machine *machine, const struct options *options)
{
	struct objects objects = {.lock = PTHREAD_RWLOCK_INITIALIZER};
	uint64_t room = machine->available / 2 / (SIZE + BOOKKEEPING);
	uint64_t wanted = options->objects < room ? options->objects : room;

	if (make_objects(report, &objects, machine, wanted ? wanted : 1)) {
		qsort(objects.sorted, objects.count, sizeof(*objects.sorted), compare);
		measure_both(report, &objects, 1);
		if (options->threads > 1)
			measure_both(report, &objects, (unsigned)options->threads);
	}
	for (uint64_t i = 0; i < objects.count; i++)
		hsaKmtFreeMemory((void *)objects.unsorted[i], SIZE);
	free(objects.sorted);
	free(objects.unsorted);
}
