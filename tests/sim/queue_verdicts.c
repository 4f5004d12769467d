// SPDX-License-Identifier: MIT
/*
 * Whether work comes back from an engine is tried out by the first process that wants a queue; the next one believes it, on the
 * same boot, adapter and driver.  A GPU from which none comes back has no queues, and one line says why.
 *
 * Each process here is a child of its own.
 */
#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "aql_user.h"
#include "dxgsim/dxgsim.h"
#include "forked.h"

#define SLOTS 64u

static char directory[64]; /* of the user's runtime files, and of the adapters */

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *at)
{
	(void)s;
	(void)type;
	(void)at;
	return remove(path);
}

static int setup(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/queue_verdicts-XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	unsetenv("HSAKMT_DXG_PROBE");
	unsetenv("HSAKMT_DEBUG_LEVEL");
	return setenv("XDG_RUNTIME_DIR", directory, 1);
}

static int teardown(void **state)
{
	(void)state;
	return nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* An adapter of dxgsim's under another name, with this version of its driver (NULL: as it is); the LUID comes with the name. */
static const char *adapter(const char *name, const char *like, const char *driver)
{
	static char paths[2][128];
	static unsigned turn;
	char *path = paths[turn++ % 2], source[512], line[512];
	FILE *from, *to;

	snprintf(source, sizeof(source), "%s/%s.ini", getenv("DXGSIM_ADAPTER_PATH"), like);
	snprintf(path, sizeof(paths[0]), "%s/%s.ini", directory, name);
	from = fopen(source, "re");
	to = fopen(path, "we");
	assert_true(from && to);
	while (fgets(line, sizeof(line), from))
		if (driver && !strncmp(line, "driver_version", strlen("driver_version")))
			fprintf(to, "driver_version = %s\n", driver);
		else
			fputs(line, to);
	fclose(from);
	assert_int_equal(fclose(to), 0);
	return path;
}

/* What a process saw, for its parent. */
struct seen {
	uint64_t calls;	      /* of ioctl() for its queues */
	uint64_t submissions; /* before it sent anything itself */
};

struct story {
	const char *adapters;
	struct seen *seen;
};

static uint64_t submissions(void)
{
	return dxgsim_ioctl_count_of("SUBMITCOMMAND") + dxgsim_ioctl_count_of("SUBMITCOMMANDTOHWQUEUE");
}

/* One queue of each engine, and a packet, which has to come back whatever was believed. */
static int use_queues(void *arg)
{
	const struct story *story = arg;
	HsaQueueResource resource = {0};
	struct machine machine;
	struct aql_signal *done;
	struct aql_packet packet;
	struct aql_queue queue;
	uint64_t calls;
	void *ring;

	machine_boot(story->adapters);
	machine_open(&machine);
	done = aql_alloc(&machine, 4096, false);
	ring = aql_alloc(&machine, 4096, true);
	calls = dxgsim_ioctl_count();
	aql_open(&queue, &machine, machine.gpus[0], SLOTS);
	assert_status(hsaKmtCreateQueue(machine.gpus[0], HSA_QUEUE_SDMA, 100, HSA_QUEUE_PRIORITY_NORMAL, ring,
					4096, NULL, &resource),
		      SUCCESS);
	story->seen->calls = dxgsim_ioctl_count() - calls;
	story->seen->submissions = submissions();
	done->kind = 1;
	aql_store(done, 1);
	packet = aql_barrier(false, NULL, 0, done);
	aql_send(&queue, &packet);
	aql_expect(done, 0);
	assert_status(hsaKmtDestroyQueue(resource.QueueId), SUCCESS);
	aql_close(&queue);
	assert_status(hsaKmtCloseKFD(), SUCCESS);
	return dxgsim_misuse_count() || dxgsim_leak_count();
}

static struct seen a_process(const char *adapters)
{
	struct seen *seen =
		mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct story story = {adapters, seen};
	struct seen result;

	assert_ptr_not_equal(seen, MAP_FAILED);
	assert_int_equal(forked_run("a process", use_queues, &story), 0);
	result = *seen;
	munmap(seen, sizeof(*seen));
	return result;
}

static void assert_tried(struct seen seen)
{
	/* both engines at least */
	assert_true(seen.submissions >= 2);
}

static void assert_believed(struct seen seen, struct seen first)
{
	assert_int_equal(seen.submissions, 0);
	assert_true(seen.calls + first.submissions < first.calls);
}

static void a_second_process_believes_the_first(void **state)
{
	static const char *const machines[] = {"rx6800", "rx7900xtx", "rx7900xtx,hws", "rx9070xt,hws"};

	(void)state;
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		struct seen first = a_process(machines[i]);

		assert_tried(first);
		assert_believed(a_process(machines[i]), first);
		assert_believed(a_process(machines[i]), first);
	}
}

static void another_driver_is_tried_out_again(void **state)
{
	const char *one = adapter("card", "rx6800", "32.0.21043.10001");
	struct seen first = a_process(one);

	(void)state;
	assert_tried(first);
	assert_believed(a_process(one), first);
	adapter("card", "rx6800", "32.0.21043.10002");
	first = a_process(one);
	assert_tried(first);
	assert_believed(a_process(one), first);
	/* of two drivers in turn the last one is known */
	adapter("card", "rx6800", "32.0.21043.10001");
	assert_tried(a_process(one));
}

static void another_adapter_is_tried_out_by_itself(void **state)
{
	const char *one = adapter("card", "rx6800", NULL), *other = adapter("twin", "rx6800", NULL);
	struct seen first = a_process(one);

	(void)state;
	assert_tried(first);
	assert_tried(a_process(other));
	assert_believed(a_process(one), first);
	assert_believed(a_process(other), first);
}

static void fresh_asks_the_engines_and_writes_nothing(void **state)
{
	struct seen first;

	(void)state;
	setenv("HSAKMT_DXG_PROBE", "fresh", 1);
	assert_tried(a_process("rx6800"));
	assert_tried(a_process("rx6800"));
	unsetenv("HSAKMT_DXG_PROBE");
	first = a_process("rx6800");
	assert_tried(first);
	setenv("HSAKMT_DXG_PROBE", "fresh", 1);
	assert_tried(a_process("rx6800"));
	unsetenv("HSAKMT_DXG_PROBE");
	assert_believed(a_process("rx6800"), first);
}

static void without_a_directory_of_ones_own_nothing_is_kept(void **state)
{
	(void)state;
	unsetenv("XDG_RUNTIME_DIR");
	assert_tried(a_process("rx6800"));
	assert_tried(a_process("rx6800"));
	/* others may write there */
	setenv("XDG_RUNTIME_DIR", directory, 1);
	assert_int_equal(chmod(directory, 0777), 0);
	assert_tried(a_process("rx6800"));
	assert_tried(a_process("rx6800"));
	assert_int_equal(chmod(directory, 0700), 0);
}

/* ---- no queues ---- */

static unsigned lines_with(const char *path, const char *word, char *found, size_t size)
{
	FILE *file = fopen(path, "re");
	unsigned count = 0;
	char line[1024];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (strstr(line, word)) {
			snprintf(found, size, "%s", line);
			count++;
		}
	fclose(file);
	return count;
}

static HSAKMT_STATUS want(HSAuint32 node, HSA_QUEUE_TYPE type, char *memory)
{
	HsaQueueResource resource = {0};
	HSAKMT_STATUS status;

	if (type == HSA_QUEUE_COMPUTE_AQL) {
		resource.Queue_write_ptr_aql = (HSAuint64 *)(void *)(memory + 56);
		resource.Queue_read_ptr_aql = (HSAuint64 *)(void *)(memory + 128);
	}
	status = hsaKmtCreateQueue(node, type, 100, HSA_QUEUE_PRIORITY_NORMAL, memory + 4096, 4096, NULL,
				   &resource);
	if (status == HSAKMT_STATUS_SUCCESS)
		assert_status(hsaKmtDestroyQueue(resource.QueueId), SUCCESS);
	return status;
}

/* Everything that wants the compute engine, more than once. */
static int want_queues(void *arg)
{
	const struct story *story = arg;
	struct machine machine;
	char path[128], *memory;

	snprintf(path, sizeof(path), "%s/log", directory);
	if (!freopen(path, "w", stderr))
		return 1;
	machine_boot(story->adapters);
	machine_open(&machine);
	memory = aql_alloc(&machine, 8192, true);
	for (unsigned i = 0; i < 3; i++) {
		assert_status(want(machine.gpus[0], HSA_QUEUE_COMPUTE_AQL, memory), ERROR);
		assert_status(want(machine.gpus[0], HSA_QUEUE_COMPUTE, memory), ERROR);
		if (!i)
			story->seen->submissions = submissions();
		/* who asks again is told at once */
		assert_int_equal(submissions(), story->seen->submissions);
	}
	/* the other GPU is none the worse */
	assert_status(want(machine.gpus[1], HSA_QUEUE_COMPUTE_AQL, memory), SUCCESS);
	assert_status(hsaKmtCloseKFD(), SUCCESS);
	return dxgsim_leak_count() != 0;
}

static void a_gpu_that_does_not_answer_has_no_queues_and_one_line_says_why(void **state)
{
	static const struct {
		const char *adapters, *step;
	} cases[] = {
		{"rx7900xtx,submit=unwritten;radeon780m", "step result"},
		{"rx7900xtx,hws,submit=unwritten;radeon780m", "step result"},
		{"rx7900xtx,submit=fault;radeon780m", "step fence"},
	};
	char log[128], line[1024] = "";

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct seen *seen =
			mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		struct story story = {cases[i].adapters, seen};

		assert_ptr_not_equal(seen, MAP_FAILED);
		for (unsigned process = 0; process < 2; process++) {
			assert_int_equal(forked_run(cases[i].adapters, want_queues, &story), 0);
			snprintf(log, sizeof(log), "%s/log", directory);
			if (lines_with(log, "no queues on its compute engine", line, sizeof(line)) != 1 ||
			    !strstr(line, cases[i].step))
				fail_msg("%s: %s", cases[i].adapters, line);
			/* a failure is not believed of another process: its cause may have passed */
			assert_true(seen->submissions > 0);
		}
		munmap(seen, sizeof(*seen));
	}
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_second_process_believes_the_first),
		TEST(another_driver_is_tried_out_again),
		TEST(another_adapter_is_tried_out_by_itself),
		TEST(fresh_asks_the_engines_and_writes_nothing),
		TEST(without_a_directory_of_ones_own_nothing_is_kept),
		TEST(a_gpu_that_does_not_answer_has_no_queues_and_one_line_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
