// SPDX-License-Identifier: MIT
#include "dxgsim/host/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dxgsim/host/arena_private.h"
#include "dxgsim/host/kinds.h"
#include "dxgsim/report.h"

#define ARENA_MAGIC   0x616e657261677864ull
#define ARENA_VERSION 4u
#define NO_SLOT	      UINT32_MAX
#define NOBODY	      ((pid_t)-1) /* has left, with something still counted */

_Static_assert(ARENA_KINDS >= HOST_OBJECT_KINDS, "more kinds of objects than counters");
_Static_assert(ARENA_SEGMENTS == SEGMENTS, "a counter for each segment");

/* ---- processes ---- */

static int read_stat(pid_t pid, char *text, size_t size)
{
	char path[32];
	ssize_t length;
	int fd, err;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	length = read(fd, text, size - 1);
	err = errno;
	close(fd);
	if (length <= 0)
		return length ? -err : -ESRCH;
	text[length] = '\0';
	return 0;
}

/* Linux: proc(5), /proc/PID/stat. */
int arena_identify(pid_t pid, struct arena_identity *out)
{
	enum { THREADS = 20, START = 22, STACK = 28 };
	unsigned long long fields[STACK + 1] = {0};
	char text[1024], *at, *next;
	int rc = read_stat(pid, text, sizeof(text));
	char state;

	if (rc)
		return rc == -ENOENT && !access("/proc/self/stat", R_OK) ? -ESRCH : rc;
	at = strrchr(text, ')'); /* the name before it may have anything in it */
	if (!at || at[1] != ' ' || !at[2])
		return -EPROTO;
	state = at[2];
	at += 3;
	for (int field = 4; field <= STACK; field++, at = next) {
		fields[field] = strtoull(at, &next, 10);
		if (next == at)
			return -EPROTO;
	}
	/* a first thread that has ended alone looks the same, but for the others */
	if ((state == 'Z' || state == 'X') && fields[THREADS] <= 1)
		return -ESRCH;
	*out = (struct arena_identity){.pid = pid, .start = fields[START], .stack = fields[STACK]};
	return 0;
}

/*
 * The number of this process as /proc has it, which others see too: in a PID namespace without a /proc of its own getpid() is another.
 */
static pid_t own_pid(void)
{
	char text[16];
	ssize_t length = readlink("/proc/self", text, sizeof(text) - 1);
	long pid;

	if (length <= 0)
		return getpid();
	text[length] = '\0';
	pid = strtol(text, NULL, 10);
	return pid > 0 ? (pid_t)pid : getpid();
}

bool arena_is_alive(const struct arena_identity *identity)
{
	struct arena_identity now;
	int rc = arena_identify(identity->pid, &now);

	if (rc == -ESRCH)
		return false;
	if (rc)
		return !kill(identity->pid, 0) || errno != ESRCH;
	return (!identity->start || !now.start || identity->start == now.start) &&
	       (!identity->stack || !now.stack || identity->stack == now.stack);
}

static uint64_t this_image(void)
{
	const void *random = (const void *)(uintptr_t)getauxval(AT_RANDOM);
	uint64_t id = 0;

	if (random)
		memcpy(&id, random, sizeof(id));
	return id;
}

/* ---- coming and going ---- */

uint64_t arena_machine(const char *specs)
{
	uint64_t hash = 0xcbf29ce484222325ull; /* FNV-1a */

	for (; specs && *specs; specs++)
		hash = (hash ^ (uint8_t)*specs) * 0x100000001b3ull;
	return hash;
}

static int map(int fd, struct arena **out)
{
	struct arena *arena = calloc(1, sizeof(*arena));
	int flags = MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0);
	int err;

	if (!arena)
		return -ENOMEM;
	arena->slot = NO_SLOT;
	arena->memory = mmap(NULL, sizeof(*arena->memory), PROT_READ | PROT_WRITE, flags, fd, 0);
	if (arena->memory != MAP_FAILED) {
		*out = arena;
		return 0;
	}
	err = errno;
	free(arena);
	return -err;
}

static int init(struct arena_memory *memory, uint64_t machine)
{
	pthread_mutexattr_t attr;
	int rc = pthread_mutexattr_init(&attr);

	if (rc)
		return -rc;
	rc = pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	if (!rc)
		rc = pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	if (!rc)
		rc = pthread_mutex_init(&memory->lock, &attr);
	pthread_mutexattr_destroy(&attr);
	memory->magic = ARENA_MAGIC;
	memory->version = ARENA_VERSION;
	memory->size = sizeof(*memory);
	memory->machine = machine;
	return -rc;
}

static void unmap(struct arena *arena)
{
	munmap(arena->memory, sizeof(*arena->memory));
	free(arena);
}

int arena_create(uint64_t machine, struct arena **out, int *fd)
{
	int rc = 0;

	*fd = memfd_create(ARENA_NAME, MFD_CLOEXEC);
	if (*fd < 0)
		return -errno;
	if (ftruncate(*fd, sizeof(struct arena_memory)))
		rc = -errno;
	if (!rc)
		rc = map(*fd, out);
	if (!rc) {
		rc = init((*out)->memory, machine);
		if (rc)
			unmap(*out);
	}
	if (rc)
		close(*fd);
	return rc;
}

int arena_own(struct arena **out)
{
	int rc = map(-1, out);

	if (rc)
		return rc;
	rc = init((*out)->memory, 0);
	if (rc)
		unmap(*out);
	return rc;
}

int arena_open(const char *path, uint64_t machine, struct arena **out)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	const struct arena_memory *memory;
	struct stat st;
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		rc = -errno;
	else if (st.st_size != (off_t)sizeof(*memory))
		rc = -EINVAL;
	if (!rc)
		rc = map(fd, out);
	close(fd);
	if (rc)
		return rc;
	memory = (*out)->memory;
	if (memory->magic != ARENA_MAGIC || memory->version != ARENA_VERSION ||
	    memory->size != sizeof(*memory))
		rc = -EINVAL;
	else if (machine != ARENA_ANY_MACHINE && memory->machine != machine)
		rc = -EXDEV;
	if (rc)
		unmap(*out);
	return rc;
}

void arena_lock(struct arena *arena)
{
	int rc;

	if (!arena)
		return;
	rc = pthread_mutex_lock(&arena->memory->lock);
	if (rc == EOWNERDEAD)
		rc = pthread_mutex_consistent(&arena->memory->lock);
	if (rc)
		report_fatal("dxgsim: the lock of the VM's counters: %s", strerror(rc));
}

void arena_unlock(struct arena *arena)
{
	if (arena)
		pthread_mutex_unlock(&arena->memory->lock);
}

static void add_slot(const struct arena_counters *counters, struct arena_totals *totals)
{
	for (uint32_t kind = 0; kind < ARENA_KINDS; kind++)
		totals->objects[kind] += atomic_load(&counters->objects[kind]);
	for (uint32_t i = 0; i < HOST_MAX_VGPUS; i++)
		for (uint32_t use = 0; use < ARENA_USES; use++)
			for (uint32_t segment = 0; segment < ARENA_SEGMENTS; segment++)
				totals->bytes[i][use][segment] +=
					atomic_load(&counters->bytes[i][use][segment]);
}

/* The counters first: killed in between, the slot is taken back once more. */
static void clear_slot(struct arena_memory *memory, uint32_t slot)
{
	struct arena_counters *counters = &memory->counters[slot];

	for (uint32_t kind = 0; kind < ARENA_KINDS; kind++)
		atomic_store(&counters->objects[kind], 0);
	for (uint32_t i = 0; i < HOST_MAX_VGPUS; i++)
		for (uint32_t use = 0; use < ARENA_USES; use++)
			for (uint32_t segment = 0; segment < ARENA_SEGMENTS; segment++)
				atomic_store(&counters->bytes[i][use][segment], 0);
	atomic_signal_fence(memory_order_seq_cst);
	memory->slots[slot].pid = 0;
}

static void take_back(struct arena *arena, uint32_t slot)
{
	struct arena_memory *memory = arena->memory;
	struct arena_totals totals = {.objects = {0}};
	char text[512];

	add_slot(&memory->counters[slot], &totals);
	if (arena_describe(&totals, text, sizeof(text)))
		report_note("process %d ended without a close of /dev/dxg, the kernel took back %s",
			    (int)memory->slots[slot].pid, text);
	clear_slot(memory, slot);
	memory->reaped++;
}

static bool has_lived(const struct arena *arena, uint32_t slot)
{
	const struct arena_slot *other = &arena->memory->slots[slot];
	struct arena_identity identity = {other->pid, other->start, other->stack};

	if (slot == arena->slot || other->pid == 0 || other->pid == NOBODY)
		return false;
	/* of this very process, but before exec() */
	if (other->pid == own_pid() && other->image != this_image())
		return true;
	return !arena_is_alive(&identity);
}

uint32_t arena_reap(struct arena *arena)
{
	uint32_t count = 0;

	if (!arena)
		return 0;
	for (uint32_t slot = 0; slot < arena->memory->high; slot++) {
		if (has_lived(arena, slot)) {
			take_back(arena, slot);
			count++;
		}
	}
	return count;
}

/* Nothing of it is in place, nothing was ever moved. */
static void forget_place(struct arena_counters *counters)
{
	for (uint32_t i = 0; i < HOST_MAX_VGPUS; i++) {
		for (uint32_t segment = 0; segment < ARENA_SEGMENTS; segment++) {
			atomic_store(&counters->bytes[i][ARENA_PRESENT][segment], 0);
			atomic_store(&counters->bytes[i][ARENA_OFFERED][segment], 0);
		}
		atomic_store(&counters->ran_ns[i], 0);
		atomic_store(&counters->keeps_ns[i], 0);
		atomic_store(&counters->paged_in[i], 0);
		atomic_store(&counters->paged_out[i], 0);
	}
}

static void take_slot(struct arena *arena, uint32_t slot)
{
	struct arena_memory *memory = arena->memory;
	struct arena_identity me = {.start = 0};
	pid_t pid = own_pid();

	if (arena_identify(pid, &me)) /* then it is known by its number alone */
		me = (struct arena_identity){.start = 0};
	if (memory->high <= slot)
		memory->high = slot + 1;
	forget_place(&memory->counters[slot]);
	memory->slots[slot].start = me.start;
	memory->slots[slot].stack = me.stack;
	memory->slots[slot].image = this_image();
	atomic_signal_fence(memory_order_seq_cst);
	memory->slots[slot].pid = pid;
	memory->joined++;
	arena->slot = slot;
	arena->counters = &memory->counters[slot];
	arena->users = 1;
}

int arena_join(struct arena *arena)
{
	int rc = -ENOSPC;

	if (!arena)
		return 0;
	if (arena->users) {
		arena->users++;
		return 0;
	}
	arena_lock(arena);
	arena_reap(arena);
	for (uint32_t slot = 0; slot < ARENA_PROCESSES; slot++) {
		if (!arena->memory->slots[slot].pid) {
			take_slot(arena, slot);
			rc = 0;
			break;
		}
	}
	arena_unlock(arena);
	return rc;
}

void arena_leave(struct arena *arena)
{
	struct arena_totals totals = {.objects = {0}};
	char text[8];

	if (!arena || !arena->users || --arena->users)
		return;
	arena_lock(arena);
	forget_place(arena->counters);
	add_slot(arena->counters, &totals);
	arena->memory->slots[arena->slot].pid = arena_describe(&totals, text, sizeof(text)) ? NOBODY : 0;
	arena_unlock(arena);
	arena_forked(arena);
}

void arena_forked(struct arena *arena)
{
	if (!arena)
		return;
	arena->slot = NO_SLOT;
	arena->counters = NULL;
	arena->users = 0;
}

void arena_close(struct arena *arena)
{
	if (!arena)
		return;
	if (arena->users) {
		arena->users = 1;
		arena_leave(arena);
	}
	unmap(arena);
}

/* ---- counting ---- */

void arena_count(struct arena *arena, uint32_t kind, int change)
{
	if (arena && arena->counters && kind < ARENA_KINDS)
		atomic_fetch_add(&arena->counters->objects[kind], (uint64_t)(int64_t)change);
}

void arena_add(struct arena *arena, uint32_t adapter, enum arena_use use, uint32_t segment, int64_t bytes)
{
	if (arena && arena->counters && adapter < HOST_MAX_VGPUS && segment < ARENA_SEGMENTS)
		atomic_fetch_add(&arena->counters->bytes[adapter][use][segment], (uint64_t)bytes);
}

uint64_t arena_others(const struct arena *arena, uint32_t adapter, enum arena_use use, uint32_t segment)
{
	uint64_t sum = 0;

	if (!arena)
		return 0;
	for (uint32_t slot = 0; slot < arena->memory->high; slot++)
		if (slot != arena->slot && arena->memory->slots[slot].pid)
			sum += atomic_load(&arena->memory->counters[slot].bytes[adapter][use][segment]);
	return sum;
}

uint32_t arena_users(const struct arena *arena, uint32_t adapter, enum arena_use use, uint32_t segments)
{
	uint32_t users = 0;

	for (uint32_t slot = 0; arena && slot < arena->memory->high; slot++) {
		const struct arena_counters *counters = &arena->memory->counters[slot];
		uint64_t bytes = 0;

		if (slot == arena->slot || !arena->memory->slots[slot].pid)
			continue;
		for (uint32_t segment = 0; segment < ARENA_SEGMENTS; segment++)
			if (segments & 1u << segment)
				bytes += atomic_load(&counters->bytes[adapter][use][segment]);
		users += bytes != 0;
	}
	return users;
}

void arena_total(const struct arena *arena, struct arena_totals *out)
{
	*out = (struct arena_totals){.objects = {0}};
	for (uint32_t slot = 0; arena && slot < arena->memory->high; slot++)
		if (arena->memory->slots[slot].pid)
			add_slot(&arena->memory->counters[slot], out);
}

void arena_visit(const struct arena *arena, arena_visitor visit, void *arg)
{
	for (uint32_t slot = 0; slot < arena->memory->high; slot++) {
		pid_t pid = arena->memory->slots[slot].pid;
		struct arena_totals totals = {.objects = {0}};

		if (!pid)
			continue;
		add_slot(&arena->memory->counters[slot], &totals);
		visit(arg, pid == NOBODY ? ARENA_LEFT_BEHIND : ARENA_ALIVE, pid, &totals);
	}
}

void arena_history(const struct arena *arena, uint64_t *joined, uint64_t *reaped)
{
	*joined = arena->memory->joined;
	*reaped = arena->memory->reaped;
}

uint32_t arena_reset_happened(struct arena *arena, uint64_t now_ns, uint64_t window_ns)
{
	uint32_t recent = 0;

	if (!arena)
		return 1;
	arena_lock(arena);
	arena->memory->resets[arena->memory->reset_count++ % ARENA_RESETS] = now_ns;
	for (uint32_t i = 0; i < ARENA_RESETS; i++)
		recent += arena->memory->resets[i] && now_ns - arena->memory->resets[i] < window_ns;
	arena_unlock(arena);
	return recent;
}

static void describe_one(char *text, size_t size, uint64_t number, const char *what)
{
	size_t used = strlen(text);

	snprintf(text + used, size - used, "%s%llu %s", used ? ", " : "", (unsigned long long)number, what);
}

bool arena_describe(const struct arena_totals *totals, char *text, size_t size)
{
	static const char *const uses[ARENA_USES] = {
		[ARENA_RESIDENT] = "resident",
		[ARENA_COMMITTED] = "committed",
		[ARENA_LOCKED] = "locked",
		[ARENA_PINNED] = "pinned",
	};
	char what[64];

	text[0] = '\0';
	for (uint32_t kind = 0; kind < ARENA_KINDS; kind++) {
		uint64_t number = totals->objects[kind];

		if (!number)
			continue;
		snprintf(what, sizeof(what), "%s%s", host_kind_name((enum host_kind)kind),
			 number == 1 ? "" : "s");
		describe_one(text, size, number, what);
	}
	for (uint32_t i = 0; i < HOST_MAX_VGPUS; i++) {
		for (uint32_t use = 0; use < ARENA_USES; use++) {
			const uint64_t *bytes = totals->bytes[i][use];

			if (!uses[use])
				continue;
			snprintf(what, sizeof(what), "bytes of VRAM %s on adapter %u", uses[use], i);
			if (bytes[SEGMENT_VISIBLE] || bytes[SEGMENT_INVISIBLE])
				describe_one(text, size, bytes[SEGMENT_VISIBLE] + bytes[SEGMENT_INVISIBLE],
					     what);
			snprintf(what, sizeof(what), "bytes of shared memory %s on adapter %u", uses[use], i);
			if (bytes[SEGMENT_APERTURE])
				describe_one(text, size, bytes[SEGMENT_APERTURE], what);
		}
	}
	return text[0] != '\0';
}
