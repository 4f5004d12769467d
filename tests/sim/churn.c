// SPDX-License-Identifier: MIT
/*
 * Many processes that start, work and end in every way at once, as churn.py runs them on one simulated machine.
 *
 * usage: churn SECONDS PROCESSES SEED [pidns]
 *
 * So many are kept alive for so long.  Each opens the library, allocates, maps, has its GPUs work, forks with and without exec, and
 * then closes, forgets to, _exit()s, kills itself, becomes another program, or is killed by us at any moment.  Nothing of that may be
 * wrong: results of GPU work are compared, and who ends by himself has to end well.  With `pidns` half of them live in a PID namespace
 * of their own, as a container's (status 77 where that is not allowed).  A last one has to find everything as the first did.
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "aql_user.h"

#define MOST_PROCESSES 512u
#define SKIPPED	       77
#define LIFE_SECONDS   60u /* of one that is left alone, however busy the machine is */
#define KILL_EVERY     4u  /* of how many one is killed from outside */
#define KILL_AFTER_MS  400u
#define BUFFERS	       6u
#define OPERATIONS     24u

static uint32_t next(uint32_t *seed)
{
	/* xorshift32 (Marsaglia) */
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static uint64_t now_ms(void)
{
	return aql_now_ns() / 1000000;
}

/* ---- one life ---- */

struct buffer {
	unsigned char *address;
	uint64_t size;
	bool vram;
	unsigned char value;
};

struct life {
	struct machine machine;
	HSAuint32 node;
	uint32_t seed;
	struct buffer buffers[BUFFERS];
	struct aql_queue queue;
	struct aql_commands commands;
	struct aql_signal *signal;
	uint32_t *words;
	uint64_t kernel;
	void *kernels;
	uint32_t written;
};

static void wrong(const struct life *life, const char *what)
{
	fprintf(stderr, "churn: process %d, seed %#x: %s\n", (int)getpid(), life->seed, what);
	_exit(99);
}

/* Who is refused for want of room goes on without; any other refusal is wrong. */
static bool granted(const struct life *life, HSAKMT_STATUS status, const char *what)
{
	if (status != HSAKMT_STATUS_SUCCESS && status != HSAKMT_STATUS_NO_MEMORY &&
	    status != HSAKMT_STATUS_OUT_OF_RESOURCES)
		wrong(life, what);
	return status == HSAKMT_STATUS_SUCCESS;
}

static void release(struct life *life, struct buffer *buffer)
{
	if (!buffer->address)
		return;
	if (!buffer->vram)
		for (uint64_t i = 0; i < buffer->size; i += 4096)
			if (buffer->address[i] != buffer->value)
				wrong(life, "memory has changed");
	if (hsaKmtUnmapMemoryToGPU(buffer->address) || hsaKmtFreeMemory(buffer->address, buffer->size))
		wrong(life, "freeing");
	buffer->address = NULL;
}

static void take(struct life *life, struct buffer *buffer)
{
	HsaMemFlags flags = {.Value = 0};
	HSAuint32 node = life->machine.cpu;
	void *address;
	HSAuint64 va;

	buffer->vram = next(&life->seed) % 2;
	buffer->size = 4096ULL << next(&life->seed) % 10;
	buffer->value = (unsigned char)next(&life->seed);
	flags.ui32.NonPaged = 1;
	flags.ui32.HostAccess = !buffer->vram;
	if (buffer->vram)
		node = life->node;
	if (!granted(life, hsaKmtAllocMemory(node, buffer->size, flags, &address), "allocating"))
		return;
	if (!granted(life,
		     hsaKmtMapMemoryToGPUNodes(address, buffer->size, &va, (HsaMemMapFlags){.Value = 0}, 1,
					       &life->node),
		     "mapping")) {
		hsaKmtFreeMemory(address, buffer->size);
		return;
	}
	buffer->address = address;
	if (!buffer->vram)
		memset(buffer->address, buffer->value, buffer->size);
}

/* The GPU writes a word that it has not written before. */
static void work(struct life *life)
{
	struct aql_packet packet = aql_dispatch(life->kernel, NULL);
	uint32_t value = next(&life->seed);

	aql_send(&life->queue, &packet);
	life->commands.used = 0;
	aql_commands_write(&life->commands, &life->words[life->written % 64], value);
	aql_commands_write_back(&life->commands, aql_gfx_major(life->node));
	aql_store(life->signal, 1);
	packet = aql_vendor(&life->commands, life->signal);
	aql_send(&life->queue, &packet);
	if (!aql_wait(life->signal, 0, LIFE_SECONDS * 1000))
		wrong(life, "the GPU does not come to its work");
	if (life->words[life->written++ % 64] != value)
		wrong(life, "the GPU wrote another value");
}

static void fork_child(struct life *life)
{
	uint32_t how = next(&life->seed) % 3;
	pid_t child = fork();
	int status;

	if (!child && how == 0)
		_exit(0);
	if (!child && how == 1)
		exit(0);
	if (!child) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(127);
	}
	if (child > 0 && (waitpid(child, &status, 0) != child || status))
		wrong(life, "a child's end");
}

static void come_up(struct life *life)
{
	machine_open(&life->machine);
	life->node = life->machine.gpus[next(&life->seed) % life->machine.gpu_count];
	life->kernels = aql_alloc(&life->machine, AQL_KERNEL_BYTES, true);
	life->kernel = aql_kernel(life->kernels, aql_gfx_major(life->node), AQL_KERNEL_PLAIN);
	life->words = aql_alloc(&life->machine, 4096, false);
	life->signal = aql_alloc(&life->machine, 4096, false);
	life->signal->kind = 1;
	life->commands = aql_commands_alloc(&life->machine, 64);
	aql_open(&life->queue, &life->machine, life->node, 64);
}

static void go_down(struct life *life)
{
	for (unsigned i = 0; i < BUFFERS; i++)
		release(life, &life->buffers[i]);
	aql_close(&life->queue);
	aql_commands_free(&life->commands);
	aql_free(life->signal);
	aql_free(life->words);
	aql_free(life->kernels);
	if (hsaKmtReleaseSystemProperties() || hsaKmtCloseKFD())
		wrong(life, "closing");
}

enum end { END_CLOSED, END_EXIT, END_CLOSE_ONLY, END_AT_ONCE, END_KILLED, END_EXEC, ENDS };

static int end(struct life *life, enum end how)
{
	switch (how) {
	case END_CLOSED:
		go_down(life);
		return 0;
	case END_CLOSE_ONLY:
		if (hsaKmtCloseKFD())
			wrong(life, "closing");
		return 0;
	case END_AT_ONCE:
		_exit(0);
	case END_KILLED:
		raise(SIGKILL);
		return 1;
	case END_EXEC:
		execl("/bin/true", "true", (char *)NULL);
		return 1;
	default:
		exit(0);
	}
}

static int live(uint32_t seed, bool quietly)
{
	struct life life = {.seed = seed};
	unsigned rounds = quietly ? 1 : 1 + next(&life.seed) % 2;

	while (rounds--) {
		unsigned operations = next(&life.seed) % OPERATIONS;

		come_up(&life);
		for (unsigned i = 0; i < operations; i++) {
			struct buffer *buffer = &life.buffers[next(&life.seed) % BUFFERS];
			uint32_t what = next(&life.seed) % 16;

			if (what == 0)
				fork_child(&life);
			else if (what < 6)
				work(&life);
			else if (buffer->address)
				release(&life, buffer);
			else
				take(&life, buffer);
		}
		work(&life);
		if (rounds)
			go_down(&life);
	}
	return end(&life, quietly ? END_CLOSED : (enum end)(next(&life.seed) % ENDS));
}

/* ---- those who start and kill them ---- */

struct slot {
	pid_t pid;
	uint32_t seed;
	uint64_t end_ms; /* when it is killed; of one that is left alone, when it is late */
	bool left_alone, killed;
};

static struct slot slots[MOST_PROCESSES];
static unsigned started, ended, killed;

static void start(struct slot *slot, uint32_t *seed)
{
	char text[16];

	*slot = (struct slot){.seed = next(seed)};
	slot->left_alone = next(seed) % KILL_EVERY;
	slot->end_ms = now_ms() + (slot->left_alone ? LIFE_SECONDS * 1000ULL : next(seed) % KILL_AFTER_MS);
	snprintf(text, sizeof(text), "%u", slot->seed);
	slot->pid = fork();
	if (!slot->pid) {
		execl("/proc/self/exe", "churn", "live", text, (char *)NULL);
		_exit(127);
	}
	if (slot->pid < 0) {
		perror("churn: fork");
		exit(2);
	}
	started++;
}

/* False: it did not end as it should have. */
static bool judge(const struct slot *slot, int status)
{
	ended++;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && !(slot->killed && slot->left_alone))
		return true;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return true;
	fprintf(stderr, "churn: seed %#x%s: wait status %#x\n", slot->seed,
		slot->killed && slot->left_alone ? ", too late" : "", (unsigned)status);
	return false;
}

static bool tend(struct slot *slot)
{
	int status;

	if (waitpid(slot->pid, &status, WNOHANG) == slot->pid) {
		bool well = judge(slot, status);

		slot->pid = 0;
		return well;
	}
	if (!slot->killed && now_ms() >= slot->end_ms) {
		kill(slot->pid, SIGKILL);
		slot->killed = true;
		killed++;
	}
	return true;
}

static bool churn(uint64_t milliseconds, unsigned processes, uint32_t seed)
{
	const struct timespec look = {.tv_nsec = 2000000};
	uint64_t end_ms = now_ms() + milliseconds;
	bool well = true, some = true;

	while (some) {
		some = false;
		for (unsigned i = 0; i < processes; i++) {
			if (!slots[i].pid && well && now_ms() < end_ms)
				start(&slots[i], &seed);
			if (slots[i].pid)
				well &= tend(&slots[i]);
			some |= slots[i].pid != 0;
		}
		nanosleep(&look, NULL);
	}
	printf("seed %u: started %u, killed %u of them\n", seed, started, killed);
	fflush(stdout);
	return well;
}

/* The same in a PID namespace, whose first process reaps what others leave. */
static pid_t churn_in_namespace(uint64_t milliseconds, unsigned processes, uint32_t seed)
{
	pid_t pid = fork(), init;
	int status;

	if (pid)
		return pid;
	if (unshare(CLONE_NEWPID))
		_exit(SKIPPED);
	init = fork();
	if (!init)
		exit(churn(milliseconds, processes, seed) ? 0 : 1);
	if (init < 0 || waitpid(init, &status, 0) != init)
		_exit(2);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

static int run(uint64_t milliseconds, unsigned processes, uint32_t seed, bool with_namespace)
{
	pid_t inside = 0;
	bool well;
	int status = 0;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (with_namespace) {
		processes /= 2;
		inside = churn_in_namespace(milliseconds, processes, seed ^ 0x5a5a5a5a);
	}
	well = churn(milliseconds, processes, seed);
	if (inside && waitpid(inside, &status, 0) != inside)
		return 2;
	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED) {
		fprintf(stderr, "churn: no PID namespace: %s\n", "not permitted here");
		return SKIPPED;
	}
	return well && !status ? 0 : 1;
}

int main(int argc, char **argv)
{
	unsigned long seconds = argc > 3 ? strtoul(argv[1], NULL, 0) : 0;
	unsigned long processes = argc > 3 ? strtoul(argv[2], NULL, 0) : 0;
	uint32_t seed = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 0) : 0;
	int status;

	if (argc == 3 && !strcmp(argv[1], "live"))
		return live((uint32_t)strtoul(argv[2], NULL, 0), false);
	if (!seconds || !processes || processes > MOST_PROCESSES || !seed) {
		fprintf(stderr, "usage: churn SECONDS PROCESSES SEED [pidns], at most %u processes\n",
			MOST_PROCESSES);
		return 2;
	}
	status = run(seconds * 1000, (unsigned)processes, seed, argc > 4 && !strcmp(argv[4], "pidns"));
	/* what others left is in nobody's way */
	return status ? status : live(seed, true);
}
