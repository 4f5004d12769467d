// SPDX-License-Identifier: MIT
/*
 * What dxgsim does around each call of the program under test: faults before it, counting, latency
 * and a trace line after it.  The preload library calls these; the driver floor does not know them.
 *
 *	struct hook_call call;
 *	int ret, err;
 *
 *	if (hook_ioctl_begin(&call, cmd, arg, &ret, &err))
 *		ret = (the driver's answer), err = (its errno, 0 when ret is not -1);
 *	hook_ioctl_end(&call, ret, err);
 *	(return ret with errno = err)
 *
 * Faults that change a host reply (NTSTATUS, ring full, short reply) let the driver run: they are
 * applied to the messages which the driver sends during the call.
 *
 * /dev/kfd and lsmod, which old versions of rocminfo look for, are not played here but by
 * tools/rocminfo-compat, which is preloaded beside libdxgsim.so and also serves real WSL2 machines.
 *
 * Environment, written by the dxgsim launcher and read once by hook_setup():
 *	DXGSIM_ADAPTERS		adapter specs separated by ';' ("rx7900xtx,hws;rx6800"), or "none";
 *				unset: "rx6800;radeon680m"
 *	DXGSIM_ADAPTER_PATH	directories with *.ini files, ':' between, searched before the installed one
 *	DXGSIM_FAULTS		fault specs separated by ';'
 *	DXGSIM_RTT_US		microseconds charged for each message that waits for a reply
 *	DXGSIM_ARENA		the launcher's counters of the VM (host/arena.h); unset: of this process and its
 *				fork children
 *	DXGSIM_TRACE		file to which the trace is appended, "-" for standard error
 *	DXGSIM_REPORT		file to which leaks, misuse and notes are appended, "-" or unset: standard error
 */
#ifndef DXGSIM_HOOKS_H
#define DXGSIM_HOOKS_H

#include <stdbool.h>
#include <stdint.h>

#include "dxgsim/call.h"
#include "dxgsim/host/happening.h"
#include "dxgsim/host/message.h"

/* Counted since start or hook_reset_counters(), for all threads of the process. */
struct hook_counters {
	uint64_t ioctls;
	uint64_t ioctls_by_nr[256];
	uint64_t messages;
	uint64_t sync_messages;
	uint64_t faults; /* calls in which a fault changed something */
};

/*
 * Reads the environment; call before the first open of /dev/dxg. Calling again is harmless.
 * Returns 0 or -EINVAL; the reason is then already on standard error, and the program cannot be
 * simulated as asked: end it.
 */
int hook_setup(void);

/*
 * Before a call. True: the driver must run. False: a fault takes its place; *@ret and *@err are what
 * ioctl() shall return. @arg is read for the trace only with checks against bad pointers.
 */
bool hook_ioctl_begin(struct hook_call *call, unsigned long cmd, const void *arg, int *ret, int *err);
void hook_ioctl_end(struct hook_call *call, int ret, int err);

/* The same around open() and the last close() of /dev/dxg, for faults (ioctl=OPEN) and the trace. */
bool hook_open_begin(struct hook_call *call, int *ret, int *err);
void hook_open_end(struct hook_call *call, int ret, int err);
void hook_close_begin(struct hook_call *call);
void hook_close_end(struct hook_call *call);

/* The process object ends with its last /dev/dxg: what is still there is a leak. */
void hook_process_ending(void);
/* The program ends: what it has still open is left to the kernel. */
void hook_exit(void);
/* Something the user should know of how his program is played. */
void hook_note(const char *text);
/* A use that crashes or corrupts the real guest kernel: the program ends here. */
_Noreturn void hook_crashed(const char *text);

/* The child of a fork: counts start at zero, fault positions too. Called from the preload's fork wrapper. */
void hook_after_fork_in_child(void);

/*
 * The host to start the driver on: the model that DXGSIM_ADAPTERS describes, behind the part that counts,
 * delays and spoils its messages. Made at the first call; 0 or -errno with the reason on standard error.
 */
int hook_host(const struct host_ops **ops, void **host);

/*
 * Something befalls the host, which is there, and is called @text in the trace; in no call on /dev/dxg.  0, or an error of host_model_happen() with what it
 * means in @reason.
 */
int hook_happen(const struct happening *happening, const char *text, char *reason, unsigned int reason_size);
/* What the host runs on; HOST_POWER_UNKNOWN if there is no host yet. */
enum host_power hook_power(void);

/* For tests: add a fault spec (grammar: dxgsim --help; 0 or -EINVAL with the reason in @reason), drop all. */
int hook_add_fault(const char *spec, char *reason, unsigned int reason_size);
void hook_clear_faults(void);
void hook_get_counters(struct hook_counters *out);
void hook_reset_counters(void);
/* What was moved into and out of the VRAM of an adapter, counted from 0; false: there is no such adapter. */
struct arena_paging;
bool hook_get_paging(uint32_t adapter, struct arena_paging *out);
/* What an engine has done; false: there is no such adapter or node, or no host yet. */
struct vidsch_counters;
bool hook_get_gpu(uint32_t adapter, uint32_t node, struct vidsch_counters *out);
/* Number of the ioctl that a fault struck last, 0 for open(), -1 for none yet. */
int hook_fault_hit(void);
/* Whether the fault changed anything in that call (fault_applies()). */
bool hook_fault_applied(void);
/* Forgets host, faults, counters and environment; the driver must have left the host (driver_exit). */
void hook_reset(void);

#endif
