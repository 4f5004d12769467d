// SPDX-License-Identifier: MIT
/*
 * Starts a program again and again and kills it at a random moment.
 *
 * usage: kill_often SEED KILLS PROGRAM [ARGUMENT...]
 *
 * It goes on until so many were killed while they ran.  A few undisturbed runs come first and tell how long one takes:
 * the moments are within that time.  They, and a last one after all the kills, must end with status 0.  What processes
 * the program has left when it was killed must end by themselves.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CLEAN_RUNS     3
#define ORPHAN_SECONDS 30
#define SHORTEST_US    1000
#define MOST_TRIES     4 /* per kill: some runs end before */

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000;
}

static pid_t start(char **command, bool quiet)
{
	pid_t pid = fork();
	int null;

	if (pid < 0) {
		perror("kill_often: fork");
		exit(2);
	}
	if (pid)
		return pid;
	null = open("/dev/null", O_RDWR);
	if (null < 0 || dup2(null, STDOUT_FILENO) < 0 || (quiet && dup2(null, STDERR_FILENO) < 0))
		_exit(126);
	execvp(command[0], command);
	_exit(127);
}

static int finish(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) != pid) {
		if (errno != EINTR) {
			perror("kill_often: waitpid");
			exit(2);
		}
	}
	return status;
}

static void on_alarm(int number)
{
	static const char text[] = "kill_often: what the killed program had started does not end\n";

	(void)number;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(3);
	_exit(1);
}

/* They are ours now. */
static void wait_for_orphans(void)
{
	alarm(ORPHAN_SECONDS);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	alarm(0);
}

static void run_clean(char **command)
{
	int status = finish(start(command, false));

	if (!status)
		return;
	fprintf(stderr, "kill_often: %s, undisturbed: wait status 0x%x\n", command[0], (unsigned int)status);
	exit(1);
}

/* True when it was still running. */
static bool run_and_kill(char **command, uint64_t after_us)
{
	struct timespec delay = {(time_t)(after_us / 1000000), (long)(after_us % 1000000) * 1000};
	pid_t pid = start(command, true);
	int status;

	nanosleep(&delay, NULL);
	kill(pid, SIGKILL);
	status = finish(pid);
	wait_for_orphans();
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return true;
	if (!status)
		return false;
	fprintf(stderr, "kill_often: %s, killed after %llu us: wait status 0x%x\n", command[0],
		(unsigned long long)after_us, (unsigned int)status);
	exit(1);
}

int main(int argc, char **argv)
{
	unsigned int seed = argc > 3 ? (unsigned int)strtoul(argv[1], NULL, 0) : 0;
	unsigned long kills = argc > 3 ? strtoul(argv[2], NULL, 0) : 0, killed = 0, tries = 0;
	uint64_t shortest = UINT64_MAX;

	if (!kills) {
		fprintf(stderr, "usage: kill_often SEED KILLS PROGRAM [ARGUMENT...]\n");
		return 2;
	}
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) || signal(SIGALRM, on_alarm) == SIG_ERR) {
		perror("kill_often");
		return 2;
	}
	for (int i = 0; i < CLEAN_RUNS; i++) {
		uint64_t begin = now_us(), took;

		run_clean(argv + 3);
		took = now_us() - begin;
		shortest = took < shortest ? took : shortest;
	}
	for (; killed < kills && tries < MOST_TRIES * kills; tries++) {
		uint64_t after = (uint64_t)rand_r(&seed) * shortest / ((uint64_t)RAND_MAX + 1);

		if (run_and_kill(argv + 3, after))
			killed++;
		else if (shortest > SHORTEST_US) /* it is quicker than it was at first */
			shortest -= shortest / 16;
	}
	run_clean(argv + 3);
	printf("run time %llu us, killed %lu of %lu\n", (unsigned long long)shortest, killed, tries);
	return 0;
}
