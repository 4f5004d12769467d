// SPDX-License-Identifier: MIT
/* What is found out of engines once, remembered, and believed of what a file says. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_dxg.h"
#include "queue/verdict.h"
#include "queue_world.h"
#include "util/compiler.h"
#include "util/log.h"

/* ---- stand-ins ---- */

static uint64_t driver_version;
static int driver_version_error;

/* In the place of src/kmd's. */
int kmd_adapter_driver_version(struct dxg *dxg, d3dkmt_handle adapter, uint64_t *version)
{
	(void)dxg;
	(void)adapter;
	*version = driver_version_error ? 0 : driver_version;
	return driver_version_error;
}

static bool no_memory;

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_calloc(size_t count, size_t size)
{
	return no_memory ? NULL : __real_calloc(count, size);
}

static bool works;

/* The compute engine's WRITE_DATA and RELEASE_MEM, the copy engine's WRITE. */
static void gpu(const struct fake_submission *submission, void *arg)
{
	const uint32_t *words = u64_to_ptr(submission->commands);

	(void)arg;
	if (!works)
		return;
	for (uint32_t at = 0, count = submission->length / 4; at < count;) {
		const uint32_t *p = words + at;
		uint32_t length = (p[0] >> 16 & 0x3fff) + 2;

		if (p[0] == 2) {
			length = 5 + p[3];
			memcpy(u64_to_ptr((uint64_t)p[2] << 32 | p[1]), p + 4, (length - 4) * sizeof(*p));
		} else if (p[0] >> 30 != 3 || p[0] == 0xffff1000) {
			length = 1;
		} else if ((p[0] >> 8 & 0xff) == 0x37) {
			memcpy(u64_to_ptr((uint64_t)p[3] << 32 | p[2]), p + 4, (length - 4) * sizeof(*p));
		} else if ((p[0] >> 8 & 0xff) == 0x49) {
			memcpy(u64_to_ptr((uint64_t)p[4] << 32 | p[3]), p + 5, 2 * sizeof(*p));
		}
		at += length;
	}
}

static unsigned lines;
static char last_line[1024];

static void sink(enum log_level level, const char *line, void *arg)
{
	(void)arg;
	assert_int_equal(level, LOG_ERR);
	/* others have their own to say */
	if (!strstr(line, "no queues on"))
		return;
	snprintf(last_line, sizeof(last_line), "%s", line);
	lines++;
}

static unsigned submissions_made(void)
{
	struct fake_submission last;

	return fake_submissions(&last);
}

/* ---- a directory and a process ---- */

static char directory[64];

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *at)
{
	(void)s;
	(void)type;
	(void)at;
	return remove(path);
}

static int set_up(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/queue_verdict-XXXXXX");
	driver_version = 0x0020000057430001ULL;
	driver_version_error = 0;
	works = true;
	unsetenv("HSAKMT_DXG_PROBE");
	unsetenv("XDG_RUNTIME_DIR");
	return mkdtemp(directory) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

struct process {
	struct queue_world world;
	struct verdicts *verdicts;
};

static void start(struct process *p, bool hardware, const char *cache)
{
	queue_world_build_with_sdma(&p->world, 11, hardware);
	fake_execute(gpu, NULL);
	log_set_level(LOG_ERR);
	log_set_sink(sink, NULL);
	lines = 0;
	assert_int_equal(verdicts_create(p->world.memory, &p->world.gpu, 1, cache, &p->verdicts), 0);
	assert_int_equal(fake_calls(), 0);
}

static void end(struct process *p)
{
	verdicts_destroy(p->verdicts);
	log_set_sink(NULL, NULL);
	fake_stall(false);
	queue_world_end(&p->world);
}

static void expect(struct process *p, enum kmd_engine engine, int error, enum gsp_rung wanted)
{
	enum gsp_rung rung = GSP_RUNG_COUNT;

	assert_int_equal(verdict_get(p->verdicts, 0, engine, &rung), error);
	assert_int_equal(rung, wanted);
}

/* One process more that wants to know; whether it had to ask the GPU. */
static bool probes(bool hardware, const char *cache, enum gsp_rung wanted)
{
	struct process p;
	unsigned submissions;

	start(&p, hardware, cache);
	expect(&p, KMD_ENGINE_COMPUTE0, 0, wanted);
	submissions = submissions_made();
	end(&p);
	return submissions;
}

static char *the_file(void)
{
	static char path[160];

	snprintf(path, sizeof(path), "%s/verdicts-0000567800001234", directory);
	return path;
}

static size_t read_file(char *text, size_t size)
{
	FILE *file = fopen(the_file(), "r");
	size_t length;

	assert_non_null(file);
	length = fread(text, 1, size - 1, file);
	text[length] = '\0';
	fclose(file);
	return length;
}

static void write_file(const char *text, size_t length)
{
	FILE *file = fopen(the_file(), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

/* ---- one process ---- */

static void it_is_found_out_once(void **state)
{
	struct process p;
	unsigned calls;

	(void)state;
	start(&p, true, NULL);
	expect(&p, KMD_ENGINE_COMPUTE0, 0, GSP_RUNG_HARDWARE);
	assert_int_equal(submissions_made(), 1);
	calls = fake_calls();
	expect(&p, KMD_ENGINE_COMPUTE0, 0, GSP_RUNG_HARDWARE);
	assert_int_equal(fake_calls(), calls);
	/* the other engine is another matter */
	expect(&p, KMD_ENGINE_SDMA0, 0, GSP_RUNG_HARDWARE);
	assert_int_equal(submissions_made(), 2);
	calls = fake_calls();
	expect(&p, KMD_ENGINE_SDMA0, 0, GSP_RUNG_HARDWARE);
	assert_int_equal(fake_calls(), calls);
	assert_int_equal(lines, 0);
	end(&p);
}

static void an_engine_that_is_not_there_is_not_asked(void **state)
{
	enum gsp_rung rung;
	struct process p;

	(void)state;
	start(&p, true, NULL);
	expect(&p, KMD_ENGINE_SDMA1, -EOPNOTSUPP, GSP_RUNG_NONE);
	expect(&p, KMD_ENGINE_GRAPHICS, -EOPNOTSUPP, GSP_RUNG_NONE);
	expect(&p, (enum kmd_engine)99, -EOPNOTSUPP, GSP_RUNG_NONE);
	assert_int_equal(verdict_get(p.verdicts, 1, KMD_ENGINE_COMPUTE0, &rung), -EINVAL);
	verdict_forget(p.verdicts, 1, KMD_ENGINE_COMPUTE0);
	verdict_forget(p.verdicts, 0, KMD_ENGINE_GRAPHICS);
	assert_int_equal(fake_calls(), 0);
	assert_int_equal(lines, 0);
	end(&p);
}

static void what_does_not_come_back_is_told_once_and_not_tried_again(void **state)
{
	struct process p;
	unsigned calls;

	(void)state;
	works = false;
	start(&p, false, directory);
	expect(&p, KMD_ENGINE_COMPUTE0, -ENODATA, GSP_RUNG_NONE);
	assert_int_equal(lines, 1);
	assert_non_null(strstr(last_line, "step result"));
	assert_non_null(strstr(last_line, "compute engine"));
	calls = fake_calls();
	expect(&p, KMD_ENGINE_COMPUTE0, -ENODATA, GSP_RUNG_NONE);
	assert_int_equal(fake_calls(), calls);
	assert_int_equal(lines, 1);
	expect(&p, KMD_ENGINE_SDMA0, -ENODATA, GSP_RUNG_NONE);
	assert_int_equal(lines, 2);
	assert_non_null(strstr(last_line, "copy engine"));
	end(&p);
	/* the next process finds out for itself: the cause may have passed */
	assert_int_equal(access(the_file(), F_OK), -1);
	works = true;
	assert_true(probes(false, directory, GSP_RUNG_SOFTWARE));
}

static void an_engine_that_hangs_is_not_tried_again(void **state)
{
	struct process p;
	unsigned submissions;

	(void)state;
	start(&p, false, NULL);
	fake_stall(true);
	expect(&p, KMD_ENGINE_SDMA0, -ETIMEDOUT, GSP_RUNG_NONE);
	submissions = submissions_made();
	expect(&p, KMD_ENGINE_SDMA0, -ETIMEDOUT, GSP_RUNG_NONE);
	assert_int_equal(submissions_made(), submissions);
	assert_false(gsp_device_is_lost(p.world.device));
	/* and the other engine has nothing to do with it */
	fake_stall(false);
	expect(&p, KMD_ENGINE_COMPUTE0, 0, GSP_RUNG_SOFTWARE);
	end(&p);
}

/* Every call of a probe, made to fail for want of memory or by a signal, once. */
static void a_failure_that_may_pass_is_not_remembered(void **state)
{
	static const int errors[] = {-ENOMEM, -EINTR, -EAGAIN};

	(void)state;
	for (unsigned e = 0; e < ARRAY_SIZE(errors); e++) {
		for (unsigned n = 1; n < 10; n++) {
			enum gsp_rung rung;
			struct process p;
			int ret;

			start(&p, false, NULL);
			fake_fail_call(n, errors[e]);
			ret = verdict_get(p.verdicts, 0, KMD_ENGINE_COMPUTE0, &rung);
			assert_true(fake_failed());
			fake_fail_call(0, 0);
			assert_true(!ret || ret == errors[e]);
			assert_int_equal(lines, ret != 0);
			/* where another rung did for this process, it stays with that */
			assert_int_equal(verdict_get(p.verdicts, 0, KMD_ENGINE_COMPUTE0, &rung), 0);
			assert_true(rung == GSP_RUNG_SOFTWARE || (!ret && rung == GSP_RUNG_USER_QUEUE));
			end(&p);
		}
	}
}

/* The host does not say why it refuses: there may be no room for another context, now. */
static void a_refusal_before_the_engine_was_tried_is_not_remembered(void **state)
{
	unsigned refused = 0;

	(void)state;
	for (unsigned n = 1;; n++) {
		enum gsp_rung rung;
		struct process p;
		int ret;

		start(&p, false, NULL);
		fake_fail_call(n, -EINVAL);
		ret = verdict_get(p.verdicts, 0, KMD_ENGINE_COMPUTE0, &rung);
		assert_true(fake_failed());
		fake_fail_call(0, 0);
		if (submissions_made()) {
			end(&p);
			break;
		}
		refused += ret != 0;
		assert_int_equal(verdict_get(p.verdicts, 0, KMD_ENGINE_COMPUTE0, &rung), 0);
		assert_int_equal(rung, GSP_RUNG_SOFTWARE);
		end(&p);
	}
	assert_int_equal(refused, 4); /* device, paging queue, context, fence */
}

static void the_same_failure_again_is_no_news(void **state)
{
	struct process p;

	(void)state;
	start(&p, false, NULL);
	for (unsigned i = 0; i < 3; i++) {
		fake_fail_call(i ? 1 : 2, -ENOMEM);
		expect(&p, KMD_ENGINE_COMPUTE0, -ENOMEM, GSP_RUNG_NONE);
	}
	/* at two different steps */
	assert_int_equal(lines, 2);
	end(&p);
}

/* A loss before anything was submitted had another cause; one behind it would come again. */
static void a_lost_device_is_blamed_on_whom_it_was_lost_by(void **state)
{
	struct process p;

	(void)state;
	start(&p, false, NULL);
	fake_fail_call(1, -ENODEV);
	expect(&p, KMD_ENGINE_COMPUTE0, -ENODEV, GSP_RUNG_NONE);
	assert_int_equal(lines, 1);
	end(&p);
}

static void without_memory_there_are_none(void **state)
{
	struct verdicts *verdicts;
	struct queue_world world;
	struct gsp_gpu *many[MEMORY_MAX_GPUS + 1] = {0};

	(void)state;
	queue_world_build(&world, 11, false);
	assert_int_equal(verdicts_create(world.memory, many, MEMORY_MAX_GPUS + 1, NULL, &verdicts), -EINVAL);
	no_memory = true;
	assert_int_equal(verdicts_create(world.memory, &world.gpu, 1, NULL, &verdicts), -ENOMEM);
	no_memory = false;
	assert_null(verdicts);
	verdicts_destroy(NULL);
	queue_world_end(&world);
}

static void *ask(void *arg)
{
	struct process *p = arg;
	enum gsp_rung rung;

	for (unsigned i = 0; i < 100; i++) {
		enum kmd_engine engine = i & 1 ? KMD_ENGINE_SDMA0 : KMD_ENGINE_COMPUTE0;

		if (verdict_get(p->verdicts, 0, engine, &rung) || rung != GSP_RUNG_HARDWARE)
			abort();
		if (i == 50)
			verdict_forget(p->verdicts, 0, KMD_ENGINE_SDMA0);
	}
	return NULL;
}

static void threads_ask_the_gpu_once_between_them(void **state)
{
	pthread_t threads[4];
	struct process p;
	unsigned submissions;

	(void)state;
	start(&p, true, directory);
	fake_take_time(1000000);
	for (unsigned i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask, &p), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	fake_take_time(0);
	submissions = submissions_made();
	/* each engine once, and once more at most for each time that it was forgotten */
	assert_in_range(submissions, 3, 2 + ARRAY_SIZE(threads));
	end(&p);
}

/* ---- the file ---- */

/* Contexts may have run out for the moment. */
static void what_had_to_do_for_once_is_not_for_others(void **state)
{
	/* the context, the submission */
	static const unsigned calls[] = {3, 9};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(calls); i++) {
		struct process p;

		start(&p, true, directory);
		fake_fail_call(calls[i], -ENOMEM);
		expect(&p, KMD_ENGINE_COMPUTE0, 0, GSP_RUNG_SOFTWARE);
		assert_true(fake_failed());
		end(&p);
		assert_int_equal(access(the_file(), F_OK), -1);
	}
	assert_true(probes(true, directory, GSP_RUNG_HARDWARE));
}

static void the_next_process_knows_it(void **state)
{
	struct process p;
	struct stat s;

	(void)state;
	assert_true(probes(true, directory, GSP_RUNG_HARDWARE));
	assert_int_equal(stat(the_file(), &s), 0);
	assert_int_equal(s.st_mode & 0777, 0600);
	start(&p, true, directory);
	expect(&p, KMD_ENGINE_COMPUTE0, 0, GSP_RUNG_HARDWARE);
	assert_int_equal(fake_calls(), 0);
	/* nothing is known of the other engine yet; then both are */
	expect(&p, KMD_ENGINE_SDMA0, 0, GSP_RUNG_HARDWARE);
	assert_int_equal(submissions_made(), 1);
	end(&p);
	start(&p, true, directory);
	expect(&p, KMD_ENGINE_COMPUTE0, 0, GSP_RUNG_HARDWARE);
	expect(&p, KMD_ENGINE_SDMA0, 0, GSP_RUNG_HARDWARE);
	assert_int_equal(fake_calls(), 0);
	end(&p);
}

static void hardware_queues_that_are_not_promised_are_not_believed(void **state)
{
	(void)state;
	assert_true(probes(true, directory, GSP_RUNG_HARDWARE));
	assert_true(probes(false, directory, GSP_RUNG_SOFTWARE));
	assert_false(probes(false, directory, GSP_RUNG_SOFTWARE));
	/* software queues are, also where there might be better: the ladder found them */
	assert_false(probes(true, directory, GSP_RUNG_SOFTWARE));
}

static void another_driver_is_asked_again(void **state)
{
	(void)state;
	assert_true(probes(true, directory, GSP_RUNG_HARDWARE));
	driver_version++;
	assert_true(probes(true, directory, GSP_RUNG_HARDWARE));
	assert_false(probes(true, directory, GSP_RUNG_HARDWARE));
	/* one that does not tell its version is known by its LUID */
	driver_version_error = -EINVAL;
	assert_true(probes(true, directory, GSP_RUNG_HARDWARE));
	assert_false(probes(true, directory, GSP_RUNG_HARDWARE));
}

/* Anything in the file that differs by one byte is as if it were not there, and the file is put right. */
static void damage_anywhere_is_found(void **state)
{
	char text[4096];
	size_t length;

	(void)state;
	assert_true(probes(true, directory, GSP_RUNG_HARDWARE));
	length = read_file(text, sizeof(text));
	assert_in_range(length, 60, 200);
	for (size_t i = 0; i < length; i++) {
		char damaged[4096];

		memcpy(damaged, text, length);
		damaged[i] = (char)(damaged[i] ^ 1);
		write_file(damaged, length);
		assert_true(probes(true, directory, GSP_RUNG_HARDWARE));
		assert_false(probes(true, directory, GSP_RUNG_HARDWARE));
		write_file(text, i);
		assert_true(probes(true, directory, GSP_RUNG_HARDWARE));
	}
	assert_int_equal(read_file(text, sizeof(text)), length);
}

static void what_is_no_private_small_file_is_not_read(void **state)
{
	char text[4096], large[5000], other[160];
	size_t length;

	(void)state;
	assert_true(probes(true, directory, GSP_RUNG_HARDWARE));
	length = read_file(text, sizeof(text));
	/* others may have written it */
	assert_int_equal(chmod(the_file(), 0622), 0);
	assert_true(probes(true, directory, GSP_RUNG_HARDWARE));
	assert_false(probes(true, directory, GSP_RUNG_HARDWARE));
	if (!geteuid()) {
		assert_int_equal(chown(the_file(), 1, 1), 0);
		assert_true(probes(true, directory, GSP_RUNG_HARDWARE));
	}
	/* too large for what belongs there */
	memset(large, '\n', sizeof(large));
	memcpy(large, text, length);
	write_file(large, sizeof(large));
	assert_true(probes(true, directory, GSP_RUNG_HARDWARE));
	/* zeros hide nothing */
	write_file("\0\0\0", 3);
	assert_true(probes(true, directory, GSP_RUNG_HARDWARE));
	/* a link, even to a good one */
	snprintf(other, sizeof(other), "%s/other", directory);
	assert_int_equal(rename(the_file(), other), 0);
	assert_int_equal(symlink(other, the_file()), 0);
	assert_true(probes(true, directory, GSP_RUNG_HARDWARE));
	assert_false(probes(true, directory, GSP_RUNG_HARDWARE));
	/* it was replaced, not followed */
	assert_int_equal(access(other, F_OK), 0);
	/* what would keep its reader waiting */
	assert_int_equal(unlink(the_file()), 0);
	assert_int_equal(mkfifo(the_file(), 0600), 0);
	assert_true(probes(true, directory, GSP_RUNG_HARDWARE));
	assert_false(probes(true, directory, GSP_RUNG_HARDWARE));
	/* what cannot be replaced */
	assert_int_equal(unlink(the_file()), 0);
	assert_int_equal(mkdir(the_file(), 0700), 0);
	assert_true(probes(true, directory, GSP_RUNG_HARDWARE));
	assert_true(probes(true, directory, GSP_RUNG_HARDWARE));
}

static unsigned entries_of(const char *path)
{
	char command[200];
	unsigned count = 0;
	FILE *pipe;

	snprintf(command, sizeof(command), "ls -A %s | wc -l", path);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_int_equal(fscanf(pipe, "%u", &count), 1);
	pclose(pipe);
	return count;
}

static void a_directory_that_others_write_to_is_not_used(void **state)
{
	char missing[100];

	(void)state;
	assert_int_equal(chmod(directory, 0770), 0);
	assert_true(probes(true, directory, GSP_RUNG_HARDWARE));
	assert_true(probes(true, directory, GSP_RUNG_HARDWARE));
	assert_int_equal(entries_of(directory), 0);
	assert_int_equal(chmod(directory, 0700), 0);
	/* one level is made, not more */
	snprintf(missing, sizeof(missing), "%s/a/b", directory);
	assert_true(probes(true, missing, GSP_RUNG_HARDWARE));
	assert_int_equal(entries_of(directory), 0);
	snprintf(missing, sizeof(missing), "%s/a", directory);
	assert_true(probes(true, missing, GSP_RUNG_HARDWARE));
	assert_false(probes(true, missing, GSP_RUNG_HARDWARE));
	/* no temporary file is left */
	assert_int_equal(entries_of(missing), 1);
}

static void by_default_it_is_the_users_runtime_directory(void **state)
{
	char own[100];
	struct stat s;

	(void)state;
	/* none: nothing outlives the process */
	assert_true(probes(true, NULL, GSP_RUNG_HARDWARE));
	assert_true(probes(true, NULL, GSP_RUNG_HARDWARE));
	setenv("XDG_RUNTIME_DIR", "tmp", 1);
	assert_true(probes(true, NULL, GSP_RUNG_HARDWARE));
	setenv("XDG_RUNTIME_DIR", "/nowhere", 1);
	assert_true(probes(true, NULL, GSP_RUNG_HARDWARE));
	setenv("XDG_RUNTIME_DIR", "/tmp", 1);
	assert_true(probes(true, NULL, GSP_RUNG_HARDWARE));
	assert_int_equal(access("/tmp/hsakmt-dxg", F_OK), -1);
	setenv("XDG_RUNTIME_DIR", directory, 1);
	assert_true(probes(true, NULL, GSP_RUNG_HARDWARE));
	assert_false(probes(true, NULL, GSP_RUNG_HARDWARE));
	snprintf(own, sizeof(own), "%s/hsakmt-dxg", directory);
	assert_int_equal(stat(own, &s), 0);
	assert_int_equal(s.st_mode & 07777, 0700);
	assert_int_equal(chmod(own, 0707), 0);
	assert_true(probes(true, NULL, GSP_RUNG_HARDWARE));
}

static void a_fresh_probe_leaves_the_file_alone(void **state)
{
	(void)state;
	setenv("HSAKMT_DXG_PROBE", "fresh", 1);
	assert_true(probes(true, directory, GSP_RUNG_HARDWARE));
	assert_int_equal(entries_of(directory), 0);
	unsetenv("HSAKMT_DXG_PROBE");
	assert_true(probes(true, directory, GSP_RUNG_HARDWARE));
	setenv("HSAKMT_DXG_PROBE", "fresh", 1);
	assert_true(probes(true, directory, GSP_RUNG_HARDWARE));
	setenv("HSAKMT_DXG_PROBE", "", 1);
	assert_false(probes(true, directory, GSP_RUNG_HARDWARE));
}

static void what_turned_out_to_be_wrong_is_found_out_again(void **state)
{
	struct process p;

	(void)state;
	assert_true(probes(true, directory, GSP_RUNG_HARDWARE));
	start(&p, true, directory);
	fake_refuse_hwqueues(-EINVAL);
	expect(&p, KMD_ENGINE_COMPUTE0, 0, GSP_RUNG_HARDWARE);
	assert_int_equal(fake_calls(), 0);
	verdict_forget(p.verdicts, 0, KMD_ENGINE_COMPUTE0);
	log_set_level(LOG_NONE);
	expect(&p, KMD_ENGINE_COMPUTE0, 0, GSP_RUNG_SOFTWARE);
	end(&p);
	/* and the next process knows that */
	assert_false(probes(true, directory, GSP_RUNG_SOFTWARE));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_is_found_out_once),
		TEST(an_engine_that_is_not_there_is_not_asked),
		TEST(what_does_not_come_back_is_told_once_and_not_tried_again),
		TEST(an_engine_that_hangs_is_not_tried_again),
		TEST(a_failure_that_may_pass_is_not_remembered),
		TEST(a_refusal_before_the_engine_was_tried_is_not_remembered),
		TEST(the_same_failure_again_is_no_news),
		TEST(a_lost_device_is_blamed_on_whom_it_was_lost_by),
		TEST(without_memory_there_are_none),
		TEST(threads_ask_the_gpu_once_between_them),
		TEST(what_had_to_do_for_once_is_not_for_others),
		TEST(the_next_process_knows_it),
		TEST(hardware_queues_that_are_not_promised_are_not_believed),
		TEST(another_driver_is_asked_again),
		TEST(damage_anywhere_is_found),
		TEST(what_is_no_private_small_file_is_not_read),
		TEST(a_directory_that_others_write_to_is_not_used),
		TEST(by_default_it_is_the_users_runtime_directory),
		TEST(a_fresh_probe_leaves_the_file_alone),
		TEST(what_turned_out_to_be_wrong_is_found_out_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
