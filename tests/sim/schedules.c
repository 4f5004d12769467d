// SPDX-License-Identifier: MIT
/*
 * usage: schedules [-v] -k PROCESSOR=CODE_OBJECT... FIRST_SEED COUNT [JOBS]
 *
 * Schedules of faults, JOBS at a time, each in a process of its own: none hangs, crashes, leaks, or takes bad data for good.  With a COUNT
 * of 1 the schedule is printed; with -v all that is said meanwhile, too.  -s is how the program starts itself for one of them.
 */
#include <dirent.h>
#include <errno.h>
#include <execinfo.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dxgsim/dxgsim.h"
#include "schedules.h"

#define LIMIT_MS      10000u
#define MAX_JOBS      16u
#define LOG_BYTES     12000 /* of its end, shown of a schedule that fails */
#define OPEN_TRIES    5u
#define FRAMES	      32
#define ENOUGH	      20u /* schedules, to have met all that there is */
#define MAX_ARGUMENTS 24

/* ---- in the process of a schedule ---- */

/* GPUs are told apart by their processors, for one that is away or refused is not shown. */
static void find_node(HSAuint32 id, const HsaNodeProperties *node)
{
	char name[40];

	snprintf(name, sizeof(name), "gfx%u%x%x", node->EngineId.ui32.Major, node->EngineId.ui32.Minor,
		 node->EngineId.ui32.Stepping);
	for (unsigned i = 0; i < world.plan.adapter_count; i++)
		if (!strcmp(name, world.plan.adapters[i].processor))
			world.node[i] = id;
}

static bool try_open(void)
{
	HsaSystemProperties system;

	step("opens the library", 0);
	if (!call_worked(hsaKmtOpenKFD(), "hsaKmtOpenKFD", ALL_ADAPTERS))
		return false;
	world.machine = (struct machine){.cpu = INVALID_NODEID};
	for (unsigned i = 0; i < SCHEDULE_GPUS; i++)
		world.node[i] = INVALID_NODEID;
	step("acquires the topology", 0);
	if (!call_worked(hsaKmtAcquireSystemProperties(&system), "hsaKmtAcquireSystemProperties",
			 ALL_ADAPTERS)) {
		release_worked(hsaKmtCloseKFD(), "hsaKmtCloseKFD");
		return false;
	}
	for (HSAuint32 id = 0; id < system.NumNodes; id++) {
		HsaNodeProperties node;

		if (!call_worked(hsaKmtGetNodeProperties(id, &node), "hsaKmtGetNodeProperties", ALL_ADAPTERS))
			continue;
		if (node.NumFComputeCores)
			find_node(id, &node);
		else if (world.machine.cpu == INVALID_NODEID)
			world.machine.cpu = id;
	}
	return world.machine.cpu != INVALID_NODEID;
}

static bool open_library(void)
{
	for (unsigned i = 0; i < OPEN_TRIES; i++) {
		if (try_open())
			return true;
		nap_us(1000);
	}
	/* who cannot reach the host has no GPU, and no library either */
	if (!has_harm(HARM_SILENCE | HARM_FAILS))
		wrong("the library cannot be opened");
	return false;
}

static void install(void)
{
	for (unsigned i = 0; i < world.plan.adapter_count; i++)
		kernel_install(i);
}

static void remove_kernels(void)
{
	for (unsigned i = 0; i < world.plan.adapter_count; i++)
		kernel_remove(i);
}

static void close_library(void)
{
	HSAKMT_STATUS status;

	step("closes the library", 0);
	status = hsaKmtCloseKFD();
	if (status != HSAKMT_STATUS_SUCCESS)
		wrong("hsaKmtCloseKFD: status %d", (int)status);
}

/* A new start finds all GPUs that are there, unless one more job is struck, and if it was the first that told how the GPU is used. */
static void live_again(void)
{
	unsigned left = orders();
	bool good;

	do {
		atomic_store(&world.used, 0);
		if (!open_library())
			return;
		install();
		good = work_proves(true);
		remove_kernels();
		close_library();
		check_findings("after the second close");
	} while (!good && left--);
	if (!good)
		wrong("a GPU does not work after a new start");
}

static void live(void)
{
	const struct plan *plan = &world.plan;
	bool forgets = plan->end != END_TIDY;

	happen_arm(true);
	if (!open_library())
		return;
	install();
	observe_start();
	happen_arm(false);
	happen_start();
	work_run(plan->work_ms, forgets);
	/* what has not come will not come either */
	dxgsim_clear_faults();
	if (!forgets) {
		if (!work_proves(false))
			wrong("a GPU does not work, though all that was lost is freed");
		remove_kernels();
	}
	observe_stop();
	if (plan->end == END_EXIT)
		return;
	close_library();
	check_findings("after the close");
	if (forgets) {
		work_forget();
		for (unsigned i = 0; i < SCHEDULE_GPUS; i++)
			kernel_forget(i);
	}
	if (plan->again)
		live_again();
}

static void show_stack(int number)
{
	int saved = errno;
	void *frames[FRAMES];
	char line[32];
	int count = backtrace(frames, FRAMES);

	(void)number;
	snprintf(line, sizeof(line), "thread %ld\n", (long)syscall(SYS_gettid));
	(void)!write(STDERR_FILENO, line, strlen(line));
	backtrace_symbols_fd(frames, count, STDERR_FILENO);
	errno = saved;
}

/* Alone in a process that was started for it, as a program is: a fork's child has some things from its parent. */
static _Noreturn void be_schedule(uint64_t seed, int shared_fd)
{
	struct sigaction action = {.sa_handler = show_stack, .sa_flags = SA_RESTART};
	char adapters[256] = "";
	void *frame[1];

	world.shared = mmap(NULL, sizeof(*world.shared), PROT_READ | PROT_WRITE, MAP_SHARED, shared_fd, 0);
	if (world.shared == MAP_FAILED) {
		perror("a schedule");
		exit(1);
	}
	close(shared_fd);
	plan_make(&world.plan, seed);
	/* its first call loads a library */
	(void)backtrace(frame, 1);
	sigaction(SIGUSR2, &action, NULL);
	for (unsigned i = 0; i < world.plan.adapter_count; i++) {
		strcat(adapters, i ? ";" : "");
		strcat(adapters, world.plan.adapters[i].spec);
	}
	setenv("DXGSIM_ADAPTERS", adapters, 1);
	stand_as(SCHEDULE_STANDS - 1, "main", 0);
	live();
	step("exits", 0);
	exit(0); /* not _exit: what the library does at the end is part of it, and leaks are looked for there */
}

/* ---- in the process that starts them ---- */

struct job {
	pid_t pid; /* 0: none */
	struct plan plan;
	struct shared *shared;
	int shared_fd, log;
	uint64_t start_ns;
};

static char *child_arguments[MAX_ARGUMENTS + 6];
static int child_argument_count;
static bool verbose;
static uint64_t totals[5];

static _Noreturn void give_up(const char *what)
{
	perror(what);
	exit(1);
}

static int make_file(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd < 0)
		give_up("memfd_create");
	return fd;
}

static void start_job(struct job *job, uint64_t seed)
{
	char seed_text[24], fd_text[12];
	int fd;

	plan_make(&job->plan, seed);
	for (unsigned i = 0; i < job->plan.adapter_count; i++) {
		if (!kernel_known(job->plan.adapters[i].processor)) {
			fprintf(stderr, "no kernel for %s\n", job->plan.adapters[i].processor);
			exit(2);
		}
	}
	memset(job->shared, 0, sizeof(*job->shared));
	job->log = make_file("log");
	job->start_ns = now_ns();
	fflush(NULL);
	job->pid = fork();
	if (job->pid < 0)
		give_up("fork");
	if (job->pid)
		return;
	if (!verbose)
		dup2(job->log, STDERR_FILENO);
	fd = dup(job->shared_fd); /* stays open */
	snprintf(seed_text, sizeof(seed_text), "%llu", (unsigned long long)seed);
	snprintf(fd_text, sizeof(fd_text), "%d", fd);
	child_arguments[2] = fd_text;
	child_arguments[child_argument_count - 2] = seed_text;
	execv("/proc/self/exe", child_arguments);
	perror("/proc/self/exe");
	_exit(1);
}

static void show_log(const struct job *job)
{
	off_t end = lseek(job->log, 0, SEEK_END), at = end > LOG_BYTES ? end - LOG_BYTES : 0;
	char text[4096];
	ssize_t got;

	while ((got = pread(job->log, text, sizeof(text), at)) > 0) {
		fwrite(text, 1, (size_t)got, stdout);
		at += got;
	}
}

static void show_threads(const struct job *job)
{
	for (unsigned i = 0; i < SCHEDULE_STANDS; i++) {
		const struct stand *stand = &job->shared->stands[i];
		if (stand->name[0])
			printf("  %s: %s, for %llu ms\n", stand->name, stand->step,
			       (unsigned long long)(now_ns() - stand->since_ns) / 1000000);
	}
}

static void fail_job(const struct job *job, const char *what)
{
	printf("---- seed %llu: %s\n", (unsigned long long)job->plan.seed, what);
	plan_print(&job->plan, stdout);
	show_threads(job);
	show_log(job);
	printf("----\n");
}

static void end_hung_job(struct job *job)
{
	char path[48];
	struct dirent *entry;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)job->pid);
	tasks = opendir(path);
	while (tasks && (entry = readdir(tasks))) {
		if (entry->d_name[0] == '.')
			continue;
		/* each writes where it is */
		syscall(SYS_tgkill, job->pid, atoi(entry->d_name), SIGUSR2);
		nap_us(20000);
	}
	if (tasks)
		closedir(tasks);
	nap_us(100000);
	fail_job(job, "it does not end");
	kill(job->pid, SIGKILL);
	waitpid(job->pid, NULL, 0);
}

/* What the simulator says after the program's own end. */
static bool log_is_clean(const struct job *job)
{
	static char text[1 << 20];
	ssize_t got = pread(job->log, text, sizeof(text) - 1, 0);
	unsigned harms = 0;

	if (verbose || job->plan.end != END_EXIT)
		return true;
	for (unsigned i = 0; i < job->plan.fault_count; i++)
		harms |= job->plan.faults[i].harm;
	atomic_store(&world.harms, harms);
	text[got > 0 ? got : 0] = '\0';
	return !worst_finding(text);
}

/* 1: ended well, 0: runs still, -1: failed. */
static int look_at_job(struct job *job)
{
	char what[64] = "";
	int status;

	if (waitpid(job->pid, &status, WNOHANG) != job->pid) {
		if (now_ns() - job->start_ns < LIMIT_MS * slowness() * 1000000ull)
			return 0;
		end_hung_job(job);
		job->pid = 0;
		return -1;
	}
	job->pid = 0;
	if (WIFSIGNALED(status))
		snprintf(what, sizeof(what), "%s", strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status))
		snprintf(what, sizeof(what), "exit status %d", WEXITSTATUS(status));
	else if (!log_is_clean(job))
		snprintf(what, sizeof(what), "the simulator found something at its exit");
	if (*what)
		fail_job(job, what);
	totals[0] += atomic_load(&job->shared->sites);
	totals[1] += atomic_load(&job->shared->chains);
	totals[2] += atomic_load(&job->shared->losses);
	totals[3] += atomic_load(&job->shared->events);
	totals[4] += atomic_load(&job->shared->proofs);
	return *what ? -1 : 1;
}

static unsigned run_all(uint64_t first, uint64_t count, unsigned job_count)
{
	static struct job jobs[MAX_JOBS];
	uint64_t next = 0, ended = 0;
	unsigned failures = 0;

	for (unsigned i = 0; i < job_count; i++) {
		jobs[i].shared_fd = make_file("shared");
		if (ftruncate(jobs[i].shared_fd, sizeof(*jobs[i].shared)))
			give_up("ftruncate");
		jobs[i].shared = mmap(NULL, sizeof(*jobs[i].shared), PROT_READ | PROT_WRITE, MAP_SHARED,
				      jobs[i].shared_fd, 0);
		if (jobs[i].shared == MAP_FAILED)
			give_up("mmap");
	}
	while (ended < count) {
		for (unsigned i = 0; i < job_count; i++) {
			int result;

			if (!jobs[i].pid && next < count)
				start_job(&jobs[i], first + next++);
			if (!jobs[i].pid)
				continue;
			result = look_at_job(&jobs[i]);
			if (!result)
				continue;
			close(jobs[i].log);
			failures += result < 0;
			ended++;
		}
		nap_us(2000);
	}
	return failures;
}

static bool number(const char *text, uint64_t most, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	return !errno && *text != '-' && end != text && !*end && *out <= most;
}

static int usage(const char *program)
{
	fprintf(stderr, "usage: %s [-v] -k PROCESSOR=CODE_OBJECT... FIRST_SEED COUNT [JOBS]\n", program);
	return 2;
}

static bool read_kernel(const char *option)
{
	const char *path = strchr(option, '=');
	char processor[16];

	if (!path || path - option >= (ptrdiff_t)sizeof(processor))
		return false;
	memcpy(processor, option, (size_t)(path - option));
	processor[path - option] = '\0';
	return kernel_read(processor, path + 1);
}

/* This program again, with the same options, for one seed: program, -s, FD, options, seed, 1. */
static bool keep_arguments(char **argv, int options)
{
	static char be[] = "-s", one[] = "1";
	int count = 0;

	if (options > MAX_ARGUMENTS)
		return false;
	child_arguments[count++] = argv[0];
	child_arguments[count++] = be;
	count++;
	for (int i = 1; i < options; i++)
		child_arguments[count++] = argv[i];
	count++;
	child_arguments[count++] = one;
	child_argument_count = count;
	return true;
}

static int run(uint64_t first, uint64_t count, uint64_t jobs)
{
	uint64_t start = now_ns();
	unsigned failures;

	if (count == 1) {
		struct plan plan;

		plan_make(&plan, first);
		plan_print(&plan, stdout);
	}
	failures = run_all(first, count, (unsigned)jobs);
	printf("%llu schedules in %.1f s: %llu pairs of queues, %llu results checked, %llu losses told, %llu "
	       "events, "
	       "%llu recoveries; %u failures\n",
	       (unsigned long long)count, (double)(now_ns() - start) / 1e9, (unsigned long long)totals[0],
	       (unsigned long long)totals[1], (unsigned long long)totals[2], (unsigned long long)totals[3],
	       (unsigned long long)totals[4], failures);
	/* who has done nothing has proven nothing */
	if (count >= ENOUGH && !(totals[0] && totals[1] && totals[3] && totals[4])) {
		printf("some of that has to be more than 0\n");
		failures++;
	}
	return failures ? 1 : 0;
}

int main(int argc, char **argv)
{
	uint64_t first, count, jobs = 1, shared_fd = 0;
	int option;

	while ((option = getopt(argc, argv, "+k:s:v")) != -1) {
		if (option == 'v') {
			verbose = true;
		} else if (option == 'k' && !read_kernel(optarg)) {
			fprintf(stderr, "%s: no PROCESSOR=CODE_OBJECT with the kernel: %s\n", argv[0],
				optarg);
			return 1;
		} else if ((option == 's' && !number(optarg, INT_MAX, &shared_fd)) || option == '?') {
			return usage(argv[0]);
		}
	}
	if (argc - optind < 2 || argc - optind > 3 || !number(argv[optind], UINT64_MAX / 2, &first) ||
	    !number(argv[optind + 1], 1000000, &count) || !keep_arguments(argv, optind) ||
	    (argc - optind == 3 && (!number(argv[optind + 2], MAX_JOBS, &jobs) || !jobs)))
		return usage(argv[0]);
	if (shared_fd)
		be_schedule(first, (int)shared_fd);
	return run(first, count, jobs);
}
