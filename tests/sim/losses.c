// SPDX-License-Identifier: MIT
/*
 * Whatever befalls the host, and whatever a process is doing then: the process is told what it was, whoever waits is released, what cannot be had is
 * refused at once, the GPU works again in the same process when it can, and nothing is left at the end.  What only takes time
 * is told to nobody.
 *
 * usage: losses [-n RUNS] [-j JOBS] ADAPTER software|hws [NAME]
 *
 * Each case is a process of its own, with a time limit, as only so many losses are made up for in a minute.  With RUNS the times until a
 * loss is reported and until all are released are printed, the median of so many: use JOBS 1 then.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "dxgsim/dxgsim.h"
#include "losses.h"
#include "losses_calls.h"

#define LIMIT_S	   60u
#define MAX_JOBS   8u
#define MAX_RUNS   64u
#define MAX_CASES  256u
#define SETTLE_MS  20u
#define QUIET_MS   120u
#define AT_ONCE_MS 500u
#define LOG_BYTES  6000u
#define NS_PER_MS  1000000u
#define RENEWALS   3u /* in a minute */
#define NEVER_HUNG "timeout-ms=50"
#define LONG_MS	   1300u

static const char *adapter;
static bool hardware;
static unsigned runs = 1, jobs = 3;

/* From when the host knows. */
struct times {
	uint32_t told_ms, released_ms;
};

struct loss_case {
	const struct loss_kind *kind;
	const struct loss_call *call; /* NULL: work */
	void (*body)(const struct loss_kind *kind, struct times *times);
	const char *name;
};

/* ---- in the middle of work ---- */

static void wait_until_nothing_is_called(void)
{
	uint64_t before;

	do {
		before = dxgsim_ioctl_count();
		loss_pause_ms(QUIET_MS);
	} while (dxgsim_ioctl_count() != before);
}

/* Not even the guest's kernel is asked. */
static void assert_refused_at_once(struct loss_scene *scene)
{
	HsaQueueResource resource = scene->queues[2].resource;
	HsaMemFlags flags = {.ui32 = {.NonPaged = 1}};
	uint64_t start, ioctls;
	void *memory;

	wait_until_nothing_is_called();
	start = aql_now_ns();
	ioctls = dxgsim_ioctl_count();
	for (unsigned i = 0; i < 3; i++) {
		assert_status(hsaKmtCreateQueue(scene->node, HSA_QUEUE_COMPUTE_AQL, 100,
						HSA_QUEUE_PRIORITY_NORMAL, scene->queues[2].ring,
						scene->queues[2].slots * sizeof(struct aql_packet), NULL,
						&resource),
			      ERROR);
		assert_int_not_equal(hsaKmtAllocMemory(scene->node, LOSS_VRAM, flags, &memory),
				     HSAKMT_STATUS_SUCCESS);
	}
	assert_in_range((aql_now_ns() - start) / NS_PER_MS, 0, AT_ONCE_MS);
	assert_int_equal(dxgsim_ioctl_count(), ioctls);
}

static void get_over_it(struct loss_scene *scene)
{
	const struct loss_kind *kind = scene->kind;
	struct aql_signal *late;

	if (kind->raises != LOSS_RAISES_NOTHING) {
		/* what comes now is left in the ring, and told so */
		late = scene_copy(scene, 200, NULL, scene->own, scene->data, 64);
		aql_expect(late, LOSS_LOST);
		assert_refused_at_once(scene);
		scene_free_vram(scene);
	}
	if (kind->before_use)
		assert_int_equal(dxgsim_control(kind->before_use), 0);
	if (kind->for_good) {
		/* the host was told nothing and lets the work go on, which must not find its memory gone */
		__atomic_store_n(scene->word, 1, __ATOMIC_RELEASE);
		loss_pause_ms(QUIET_MS);
	} else {
		scene_proves(scene);
		scene_other_works(scene);
	}
	scene_close(scene);
}

static void in_the_middle_of_work(const struct loss_kind *kind, struct times *times)
{
	static struct loss_scene scene; /* its threads last longer than a test that fails */
	uint64_t start, told, released;

	scene_open(&scene, kind, adapter, hardware);
	if (kind->order == LOSS_OF_NEXT)
		loss_strike(kind, hardware);
	start = aql_now_ns() + LOSS_TIMEOUT_MS * NS_PER_MS;
	scene_work(&scene);
	scene_watch(&scene);
	loss_pause_ms(SETTLE_MS);
	if (kind->order != LOSS_OF_NEXT) {
		start = aql_now_ns();
		loss_strike(kind, hardware);
		if (kind->sleeps)
			start = aql_now_ns();
	}
	if (kind->raises == LOSS_RAISES_NOTHING) {
		loss_pause_ms(QUIET_MS);
		scene_release(&scene);
		dxgsim_clear_faults();
	}
	scene_join(&scene);
	scene_expect_told(&scene);
	told = scene.events.ns;
	released = scene.sleeper.ns > scene.spinner.ns ? scene.sleeper.ns : scene.spinner.ns;
	if (kind->raises != LOSS_RAISES_NOTHING) {
		times->told_ms = told > start ? (uint32_t)((told - start) / NS_PER_MS) : 0;
		times->released_ms = released > start ? (uint32_t)((released - start) / NS_PER_MS) : 0;
		assert_in_range(times->told_ms, 0, kind->bound_ms);
		assert_in_range(times->released_ms, 0, kind->bound_ms + 1000);
	}
	get_over_it(&scene);
}

/* ---- in the middle of calls ---- */

static const struct loss_call *the_call;

static void end_struck(struct loss_scene *scene)
{
	const struct loss_kind *kind = scene->kind;

	if (kind->raises == LOSS_RAISES_NOTHING)
		scene_release(scene);
	scene_join(scene);
	scene_expect_told(scene);
	if (kind->raises != LOSS_RAISES_NOTHING)
		scene_free_vram(scene);
	if (kind->before_use)
		assert_int_equal(dxgsim_control(kind->before_use), 0);
	scene_proves(scene);
	scene_other_works(scene);
	scene_close(scene);
}

static void in_the_middle_of_a_call(const struct loss_kind *kind, struct times *times)
{
	static struct loss_scene scene;

	(void)times;
	scene_open(&scene, kind, adapter, hardware);
	if (kind->order == LOSS_OF_NEXT)
		loss_strike(kind, hardware);
	scene_work(&scene);
	scene_watch(&scene);
	loss_call_struck(&scene, the_call);
	end_struck(&scene);
}

/* Nothing of it is looked for then; what comes next is told. */
static void in_the_middle_of_nothing(const struct loss_kind *kind, struct times *times)
{
	static struct loss_scene scene;

	(void)times;
	scene_open(&scene, kind, adapter, hardware);
	loss_pause_ms(SETTLE_MS);
	loss_strike(kind, hardware);
	scene_work(&scene);
	scene_watch(&scene);
	end_struck(&scene);
}

static void in_the_middle_of_close(const struct loss_kind *kind, struct times *times)
{
	static struct loss_scene scene; /* its threads last longer than a test that fails */

	(void)times;
	scene_open(&scene, kind, adapter, hardware);
	if (kind->order == LOSS_OF_NEXT)
		loss_strike(kind, hardware);
	scene_work(&scene);
	loss_pause_ms(SETTLE_MS);
	loss_close_struck(&scene);
}

/* ---- others ---- */

/* No engine without the exemption takes part. */
static void a_long_kernel_is_no_hang(const struct loss_kind *kind, struct times *times)
{
	struct aql_signal *done;
	struct aql_commands hold;
	struct aql_packet packet;
	struct aql_bench bench;
	struct aql_queue queue;
	char adapters[64];
	uint32_t *word;

	(void)kind;
	(void)times;
	snprintf(adapters, sizeof(adapters), "%s,%s", adapter, NEVER_HUNG);
	aql_bench_open(&bench, adapters);
	word = aql_alloc(&bench.machine, 4096, false);
	hold = aql_commands_alloc(&bench.machine, 64);
	aql_commands_wait(&hold, word, 1);
	aql_open(&queue, &bench.machine, bench.node, 64);
	done = aql_bench_arm(&bench, 0, 1);
	packet = aql_vendor(&hold, done);
	aql_send(&queue, &packet);
	loss_pause_ms(LONG_MS);
	assert_int_equal(aql_value(done), 1);
	assert_int_equal(*queue.error, 0);
	*word = 1;
	aql_expect(done, 0);
	aql_close(&queue);
	aql_commands_free(&hold);
	aql_free(word);
	aql_bench_close(&bench);
	assert_int_equal(machine_teardown(NULL), 0);
}

/* Also when the library is closed and opened in between: Windows counts as well. */
static void the_fourth_loss_in_a_minute_is_not_made_up_for(const struct loss_kind *kind, struct times *times)
{
	static struct loss_scene scene; /* its threads last longer than a test that fails */

	(void)times;
	for (unsigned i = 0; i <= RENEWALS; i++) {
		scene_open(&scene, kind, adapter, hardware);
		scene_work(&scene);
		scene_watch(&scene);
		loss_strike(kind, hardware);
		scene_join(&scene);
		scene_expect_told(&scene);
		scene_free_vram(&scene);
		if (i == RENEWALS)
			assert_refused_at_once(&scene);
		scene_close(&scene);
	}
}

/* ---- running them ---- */

static struct loss_case cases[MAX_CASES];
static unsigned case_count;

static void add(const struct loss_kind *kind, const struct loss_call *call,
		void (*body)(const struct loss_kind *kind, struct times *times), const char *what)
{
	char *name = NULL;

	if (case_count == MAX_CASES || asprintf(&name, "%s_%s", kind->name, what) < 0)
		abort();
	cases[case_count++] = (struct loss_case){kind, call, body, name};
}

static void add_all(void)
{
	bool exempt = !strncmp(adapter, "rx7900xtx", strlen("rx7900xtx"));

	for (const struct loss_kind *kind = loss_kinds; kind->name; kind++) {
		/* longest first */
		add(kind, NULL, in_the_middle_of_work, "amid_work");
	}
	for (const struct loss_kind *kind = loss_kinds; kind->name; kind++) {
		for (const struct loss_call *call = loss_calls; call->name; call++)
			if (kind->in_calls)
				add(kind, call, in_the_middle_of_a_call, call->name);
		if (kind->in_calls)
			add(kind, NULL, in_the_middle_of_close, "amid_close");
		if (kind->in_calls && kind->order == LOSS_NO_ORDER)
			add(kind, NULL, in_the_middle_of_nothing, "amid_nothing");
	}
	for (const struct loss_kind *kind = loss_kinds; kind->name; kind++) {
		if (!strcmp(kind->name, "reset"))
			add(kind, NULL, the_fourth_loss_in_a_minute_is_not_made_up_for, "four_times");
		if (!strcmp(kind->name, "nothing") && exempt)
			add(kind, NULL, a_long_kernel_is_no_hang, "for_long");
	}
}

static const struct loss_case *the_case;
static struct times *the_times;

static void run_body(void **state)
{
	(void)state;
	the_call = the_case->call;
	the_case->body(the_case->kind, the_times);
}

static void run_in_child(const struct loss_case *one, struct times *times, FILE *log)
{
	const struct CMUnitTest tests[] = {{one->name, run_body, NULL, NULL, NULL}};

	alarm(LIMIT_S);
	dup2(fileno(log), STDOUT_FILENO);
	dup2(fileno(log), STDERR_FILENO);
	the_case = one;
	the_times = times;
	exit(cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0);
}

struct job {
	pid_t pid;
	const struct loss_case *one;
	FILE *log;
};

static void show(FILE *log)
{
	char text[LOG_BYTES + 1];
	size_t n;

	fseek(log, 0, SEEK_END);
	if (ftell(log) > (long)LOG_BYTES)
		fseek(log, -(long)LOG_BYTES, SEEK_END);
	else
		rewind(log);
	n = fread(text, 1, LOG_BYTES, log);
	text[n] = '\0';
	printf("%s\n", text);
}

static void start(struct job *job, const struct loss_case *one, struct times *times)
{
	fflush(NULL);
	*job = (struct job){.one = one, .log = tmpfile()};
	if (!job->log)
		abort();
	job->pid = fork();
	if (job->pid < 0)
		abort();
	if (!job->pid)
		run_in_child(one, times, job->log);
}

static unsigned finish_one(struct job *all)
{
	unsigned failed = 0;
	int status;
	pid_t pid = waitpid(-1, &status, 0);

	for (unsigned i = 0; i < jobs; i++) {
		if (all[i].pid != pid || pid <= 0)
			continue;
		failed = !WIFEXITED(status) || WEXITSTATUS(status);
		if (failed) {
			printf("FAIL %s: %s %d\n", all[i].one->name, WIFEXITED(status) ? "status" : "signal",
			       WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
			show(all[i].log);
		}
		fclose(all[i].log);
		all[i].pid = 0;
	}
	return failed;
}

static int compare(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static uint32_t median(const struct times *times, bool told)
{
	uint32_t values[MAX_RUNS];

	for (unsigned i = 0; i < runs; i++)
		values[i] = told ? times[i].told_ms : times[i].released_ms;
	qsort(values, runs, sizeof(values[0]), compare);
	return values[runs / 2];
}

static unsigned run_all(const char *only, struct times (*times)[MAX_RUNS])
{
	struct job all[MAX_JOBS] = {{.pid = 0}};
	unsigned failed = 0, running = 0;

	for (unsigned i = 0; i < case_count; i++) {
		for (unsigned run = 0; run < runs; run++) {
			unsigned at = 0;

			if (only && !strstr(cases[i].name, only))
				continue;
			if (running == jobs) {
				failed += finish_one(all);
				running--;
			}
			while (all[at].pid)
				at++;
			start(&all[at], &cases[i], &times[i][run]);
			running++;
		}
	}
	while (running--)
		failed += finish_one(all);
	return failed;
}

int main(int argc, char **argv)
{
	struct times(*times)[MAX_RUNS];
	const char *only;
	unsigned failed;
	int option;

	while ((option = getopt(argc, argv, "n:j:")) > 0) {
		if (option == 'n')
			runs = (unsigned)atoi(optarg);
		else if (option == 'j')
			jobs = (unsigned)atoi(optarg);
		else
			return 2;
	}
	if (argc - optind < 2 || !runs || runs > MAX_RUNS || !jobs || jobs > MAX_JOBS) {
		fprintf(stderr, "usage: %s [-n RUNS] [-j JOBS] ADAPTER software|hws [NAME]\n", argv[0]);
		return 2;
	}
	adapter = argv[optind];
	hardware = !strcmp(argv[optind + 1], "hws");
	times = mmap(NULL, sizeof(*times) * MAX_CASES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (times == MAP_FAILED)
		abort();
	add_all();
	only = argc - optind > 2 ? argv[optind + 2] : "";
	failed = run_all(only, times);
	for (unsigned i = 0; i < case_count; i++)
		if (cases[i].body == in_the_middle_of_work && strstr(cases[i].name, only) &&
		    cases[i].kind->raises != LOSS_RAISES_NOTHING)
			printf("%s: told after %u ms, all released after %u ms\n", cases[i].kind->name,
			       median(times[i], true), median(times[i], false));
	printf("%u cases, %u failed\n", case_count, failed);
	return failed ? 1 : 0;
}
