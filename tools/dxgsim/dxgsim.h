// SPDX-License-Identifier: MIT
/*
 * For tests that link libdxgsim: start over, spoil calls, count, and ask what went wrong.
 *
 * A test program that is linked with libdxgsim sees /dev/dxg played in its own process, as under the dxgsim
 * launcher; the environment variables are those of hooks.h.  Counters are per process and since the last
 * dxgsim_reset(); a fork child starts with zeros.
 */
#ifndef DXGSIM_DXGSIM_H
#define DXGSIM_DXGSIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DXGSIM_API __attribute__((visibility("default")))

/*
 * A new machine: closes what is open, forgets every object, fault, counter and finding, and reads the DXGSIM_*
 * environment at the next open of /dev/dxg.  Descriptors of the old machine are dead: close them before.  No other
 * thread may be inside a call on /dev/dxg.
 */
DXGSIM_API void dxgsim_reset(void);

/* Calls of ioctl() on /dev/dxg, those that a fault replaced included. */
DXGSIM_API uint64_t dxgsim_ioctl_count(void);
/* The same for one ioctl, by its name without LX_DX ("CREATEDEVICE").  Ends the program if there is none such. */
DXGSIM_API uint64_t dxgsim_ioctl_count_of(const char *name);
/* Messages to the host, and those of them that waited for its reply. */
DXGSIM_API uint64_t dxgsim_message_count(void);
DXGSIM_API uint64_t dxgsim_round_trips(void);

/* Adds a fault (grammar: dxgsim --help).  0, or -EINVAL with the reason on standard error. */
DXGSIM_API int dxgsim_fault(const char *spec);
DXGSIM_API void dxgsim_clear_faults(void);
/* Name of the call that a fault struck last ("OPEN" or an ioctl's), NULL if none was. */
DXGSIM_API const char *dxgsim_fault_hit(void);
/*
 * Whether the fault changed anything in that call.  False when the call sent no message that the fault can act on, as
 * "drop" in a call that sends no asynchronous message: a sweep may pass over it.
 */
DXGSIM_API bool dxgsim_fault_applied(void);

/*
 * Something befalls the simulated host, and every process of the run with it, before this returns: a happening as
 * dxgsim --control takes them ("remove:adapter=0", grammar: dxgsim --help).  0, or -EINVAL with the reason on standard
 * error: it is no happening, or cannot happen now.  Not while this thread is in a call on /dev/dxg.
 */
DXGSIM_API int dxgsim_control(const char *command);

/* Bytes that the simulated Windows has moved into and out of VRAM for want of room. */
struct dxgsim_paging {
	uint64_t process_in, process_out; /* of this process, since it opened /dev/dxg */
	uint64_t adapter_in, adapter_out; /* of all processes of the run together */
};
/* Of the adapter of that number, in the order in which they were given.  False: there is none, or no host yet. */
DXGSIM_API bool dxgsim_paging(unsigned int adapter, struct dxgsim_paging *out);

/* What an engine has done for this process since it opened /dev/dxg first. */
struct dxgsim_gpu_counters {
	uint64_t jobs;		/* submissions that are done */
	uint64_t command_bytes; /* of their command buffers */
	uint64_t packets;	/* PM4 or SDMA, executed */
	uint64_t dispatches;	/* kernels launched */
	uint64_t units;		/* compute units that they were let run on, summed up */
	uint64_t interrupts;	/* asked for by packets; none ever arrives */
	uint64_t early_signals; /* what strict=release is about */
	uint64_t unacquired;	/* ... and strict=acquire */
	uint64_t preemptions;
};
#define DXGSIM_ALL_NODES (~0U)
/*
 * Of one node of an adapter, or of all of them together.  False: there is no such adapter or node, or no host yet.  A job
 * is counted before its fence moves.
 */
DXGSIM_API bool dxgsim_gpu_counters(unsigned int adapter, unsigned int node, struct dxgsim_gpu_counters *out);

/* Uses that real hardware, the real host or the guest kernel would punish. */
DXGSIM_API uint64_t dxgsim_misuse_count(void);
/* Objects and GPU address ranges still there at a last close of /dev/dxg. */
DXGSIM_API uint64_t dxgsim_leak_count(void);
/* Text of the findings, one a line, cut to size bytes with the final 0; its full length up to 16 KiB. */
DXGSIM_API size_t dxgsim_findings(char *text, size_t size);
/*
 * Objects this process has now, of a kind ("adapter", "device", "allocation", "resource", "context", "hwqueue",
 * "pagingqueue", "syncobject") or, with NULL, of all kinds.
 */
DXGSIM_API size_t dxgsim_live_objects(const char *kind);

#endif
