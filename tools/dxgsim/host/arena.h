// SPDX-License-Identifier: MIT
/*
 * What the host counts over all processes of the simulated VM: objects, and bytes of each memory segment, one slot
 * per process in memory that all of them map.  A process that is killed leaves its slot; whoever looks next takes
 * it back, as a kernel takes back the files of a process.
 *
 * What makes a kill at any instruction harmless: a process changes the counters of its own slot only, each by one
 * atomic addition, and nobody reads a sum that is not the sum of slots.  Slots are taken and given back under a
 * robust mutex, which the kernel takes from a dead holder; each of these ends with the one store that makes the slot
 * used or free, so that what a dead holder has begun is just done again.
 *
 * The place that memory has in a segment is taken from other processes too, under the mutex (arena_make_present).
 * Who dies at it has taken more from others than it has got: they page in what they find missing.
 *
 * A NULL arena counts nothing: a host with one process needs none.
 */
#ifndef DXGSIM_HOST_ARENA_H
#define DXGSIM_HOST_ARENA_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "dxgsim/host/message.h"

#define ARENA_KINDS	16u /* enum host_kind */
#define ARENA_SEGMENTS	3u  /* enum segment */
#define ARENA_PROCESSES 1024u
#define ARENA_RESETS	8u

#define ARENA_NAME	  "dxgsim-vm" /* of its file, as /proc shows it */
#define ARENA_ANY_MACHINE 0ull

enum arena_use {
	ARENA_RESIDENT, /* made resident by the program */
	ARENA_COMMITTED,
	ARENA_PRESENT, /* in place; the next is a part of it */
	ARENA_OFFERED, /* to be discarded before anything else is moved */
	ARENA_LOCKED,  /* shown to a CPU */
	ARENA_PINNED,  /* of the programs' own memory */
	ARENA_USES,
};

struct arena;

/* A sum over slots. */
struct arena_totals {
	uint64_t objects[ARENA_KINDS];
	uint64_t bytes[HOST_MAX_VGPUS][ARENA_USES][ARENA_SEGMENTS];
};

/* What is there when a run has ended (arena_visit). */
enum arena_owner {
	ARENA_ALIVE,
	/* Its process has left and has said so, but its counters did not come back to zero. */
	ARENA_LEFT_BEHIND,
};

/*
 * Which machine an arena belongs to: the adapters its processes simulate.  A process that is told to play other ones
 * is in another VM.
 */
uint64_t arena_machine(const char *specs);

/*
 * An arena for the processes of a run, without a name anywhere: others open it through /proc/PID/fd/FD of who made
 * it.  *@fd is close-on-exec and belongs to the caller.  0 or -errno of memfd_create, ftruncate and mmap, -ENOMEM.
 */
int arena_create(uint64_t machine, struct arena **out, int *fd);
/*
 * The arena at @path.  0, -errno of open and mmap, -EINVAL: no arena of this build, -EXDEV: of another machine, unless
 * @machine is ARENA_ANY_MACHINE, -ENOMEM.
 */
int arena_open(const char *path, uint64_t machine, struct arena **out);
/* One that fork children share and nobody else.  0 or -ENOMEM. */
int arena_own(struct arena **out);
/* Leaves it, whoever else had joined in this process, and frees @arena; NULL does nothing. */
void arena_close(struct arena *arena);

/*
 * Takes a slot for this process, or counts one more user of the one it has.  0, or -ENOSPC: ARENA_PROCESSES live
 * processes.  Serialised by the caller, as are all calls below that take no arena_lock(), except arena_count() and
 * arena_add().
 */
int arena_join(struct arena *arena);
/* The last user gives the slot back. */
void arena_leave(struct arena *arena);
/* In a fork child: the slot is the parent's. */
void arena_forked(struct arena *arena);

/* Objects of a kind (enum host_kind) come and go. */
void arena_count(struct arena *arena, uint32_t kind, int change);
void arena_add(struct arena *arena, uint32_t adapter, enum arena_use use, uint32_t segment, int64_t bytes);

/* Between these no process joins, leaves or is admitted: what is compared with a limit stays true. */
void arena_lock(struct arena *arena);
void arena_unlock(struct arena *arena);
/* With the lock: takes back what processes that live no more have left; returns of how many. */
uint32_t arena_reap(struct arena *arena);
/* With the lock: bytes that the other processes use. */
uint64_t arena_others(const struct arena *arena, uint32_t adapter, enum arena_use use, uint32_t segment);
/* With the lock: other processes that use any of the segments whose bits are in @segments. */
uint32_t arena_users(const struct arena *arena, uint32_t adapter, enum arena_use use, uint32_t segments);
/* With the lock: everything. */
void arena_total(const struct arena *arena, struct arena_totals *out);
/* With the lock: each slot in use. */
typedef void (*arena_visitor)(void *arg, enum arena_owner owner, pid_t pid,
			      const struct arena_totals *totals);
void arena_visit(const struct arena *arena, arena_visitor visit, void *arg);
/* Processes that ever joined, and those of them whose slot was taken back. */
void arena_history(const struct arena *arena, uint64_t *joined, uint64_t *reaped);

/* ---- who has which place in VRAM (arena_presence.c); these take the lock themselves ---- */

struct arena_demand {
	uint32_t adapter;
	uint64_t now_ns;		/* of CLOCK_MONOTONIC */
	uint64_t ns_per_mib;		/* that it takes to move memory */
	uint64_t turn_ns;		/* for which what has been moved in is kept */
	uint64_t size[ARENA_SEGMENTS];	/* of the segment; 0: nobody competes for it */
	uint64_t want[ARENA_SEGMENTS];	/* what of this process has to be in place, no more than the size */
	uint64_t fresh[ARENA_SEGMENTS]; /* the part of what is missing that has no content to be moved */
};

struct arena_moved {
	uint64_t in, out;  /* bytes copied to and from VRAM */
	uint64_t ready_ns; /* when that is over */
	uint64_t again_ns; /* -EAGAIN: when to come again */
};

/*
 * Gives this process the place it wants in every segment: free place first, then that of offered memory, which is
 * discarded, then that of processes whose GPU work began longest ago.  0, also when nothing was missing, or -EAGAIN
 * with nothing changed: who has had memory moved for it may keep its place for a turn.
 */
int arena_make_present(struct arena *arena, const struct arena_demand *demand, struct arena_moved *moved);
/* This process wants no more than @want bytes now; what it has more of is free, but for what is offered. */
void arena_shrink_present(struct arena *arena, uint32_t adapter, uint32_t segment, uint64_t want);
/* Bytes of this process in place that are not offered; all it can want without an arena. */
uint64_t arena_present(const struct arena *arena, uint32_t adapter, uint32_t segment);
/* Of @bytes, when @want bytes stay wanted, offers what is in place, and returns how many that were. */
uint64_t arena_offer(struct arena *arena, uint32_t adapter, uint32_t segment, uint64_t bytes, uint64_t want);
/* These are no longer offered, but in place; the caller counts them as wanted or shrinks. */
void arena_unoffer(struct arena *arena, uint32_t adapter, uint32_t segment, uint64_t bytes);
/* Bytes that this process has offered and nobody has taken. */
uint64_t arena_offered(const struct arena *arena, uint32_t adapter, uint32_t segment);
/* GPU work of this process begins. */
void arena_ran(struct arena *arena, uint32_t adapter, uint64_t now_ns);

/* Bytes moved since the processes joined. */
struct arena_paging {
	uint64_t process_in, process_out; /* of this one */
	uint64_t adapter_in, adapter_out; /* of all there ever were */
};
void arena_paging(const struct arena *arena, uint32_t adapter, struct arena_paging *out);

/*
 * The GPU was reset at @now_ns of CLOCK_MONOTONIC, which is the same in all processes.  How often that was so in the
 * last @window_ns, this one included and no more than ARENA_RESETS; 1 without an arena.
 */
uint32_t arena_reset_happened(struct arena *arena, uint64_t now_ns, uint64_t window_ns);

/* ---- what happens to all of them (arena_happening.c; arena_happen() and arena_power() are in happening.h) ---- */

struct happened;
struct happening;

/* How many adapters the machine has, from then on the limit of what can happen; NULL does nothing. */
void arena_set_adapters(struct arena *arena, uint32_t count);
/*
 * What has happened so far; returns the generation of it.  Any thread.  These take the lock, but for the last three.
 */
uint32_t arena_happened(struct arena *arena, struct happened *out);
/* Takes the first order for that engine, which nobody else gets then; false: there is none. */
bool arena_take_order(struct arena *arena, uint32_t adapter, uint32_t node, struct happening *out);
/* Whether the last reset of an engine there is this process' to do; it is then nobody else's. */
bool arena_take_engine_reset(struct arena *arena, uint32_t adapter);
/* Another one as soon as something has happened. */
uint32_t arena_generation(const struct arena *arena);
/* Sleeps while that is the generation, or for less; nobody else but the scheduler of Linux is asked meanwhile. */
void arena_wait(const struct arena *arena, uint32_t generation);
/* Wakes the threads of this process that are in arena_wait(); one that is only about to sleep does so. */
void arena_nudge(const struct arena *arena);

/* "2 devices, 1 sync object, 65536 bytes resident", for people; false: nothing at all. */
bool arena_describe(const struct arena_totals *totals, char *text, size_t size);

/* One process as the kernel tells it apart from others that had or will have its number. */
struct arena_identity {
	pid_t pid;
	uint64_t start; /* clock ticks after boot; 0: /proc does not tell */
	uint64_t stack; /* bottom of the stack, which exec() moves; 0: /proc does not tell */
};

/* Of @pid, as /proc tells it.  0, -ESRCH: it has ended, also when nobody has waited for it yet; else -errno. */
int arena_identify(pid_t pid, struct arena_identity *out);
/* Whether that very process, in that very program, still runs. */
bool arena_is_alive(const struct arena_identity *identity);

#endif
