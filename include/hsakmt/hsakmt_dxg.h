/* SPDX-License-Identifier: MIT */
/*
 * What this implementation of the thunk adds to the interface of hsakmt.h.
 *
 * A program tells at compile time that these headers are hsakmt-dxg's by HSAKMT_DXG being defined.
 */
#ifndef HSAKMT_HSAKMT_DXG_H
#define HSAKMT_HSAKMT_DXG_H

#include "hsakmt.h"

#define HSAKMT_DXG		 1
#define HSAKMT_DXG_VERSION_MAJOR 0
#define HSAKMT_DXG_VERSION_MINOR 1
#define HSAKMT_DXG_VERSION_PATCH 0

/* sonames of the two libraries and the sizes of HsaNodeProperties they speak before DxgAbiCheck() */
#define HSAKMT_DXG_LIBHSAKMT_SONAME "libhsakmt.so.1"
#define HSAKMT_DXG_LIBHSAKMT_LAYOUT 356
#define HSAKMT_DXG_LIBROCDXG_SONAME "librocdxg.so.1"
#define HSAKMT_DXG_LIBROCDXG_LAYOUT 368

/*
 * Environment variables the library reads.
 *
 * HSAKMT_DEBUG_LEVEL        messages on stderr: 3 errors (the default), 4 warnings, 6 information,
 *                           7 debugging, 0 none
 * HSA_OVERRIDE_GFX_VERSION  "major.minor.stepping": report every GPU as this gfx target;
 *                           with the suffix _<node id> that node only
 * HSAKMT_DXG_AQL_EMULATION  0: do not tell runtimes (Capability2.AqlEmulationPm4_) that AQL packets are
 *                           translated by this library
 * HSAKMT_DXG_DEVICES_DIR    directory of *.csv files that add to or override the table of devices, instead of
 *                           /etc/hsakmt-dxg/devices.d
 * HSAKMT_DXG_BAR            VRAM that the CPU sees, too: unset or 0: only what hsaKmtDxgAllocMemory() asks for;
 *                           1: also VRAM that hsaKmtAllocMemory() and hsaKmtAllocMemoryAlign() ask for with
 *                           HostAccess, visible or NO_MEMORY; all: as 1, and frame buffers are reported as
 *                           HSA_HEAPTYPE_FRAME_BUFFER_PUBLIC where a trial at the first acquire shows that
 *                           it works, so that runtimes do ask
 * HSAKMT_DXG_PROBE          fresh: each process tries at its first queue whether work reaches the engine; else what one
 *                           found to work is kept for the others in $XDG_RUNTIME_DIR/hsakmt-dxg, for this boot, adapter
 *                           and driver
 * HSAKMT_DXG_DOORBELL       look: see stores to doorbells by looks that back off, as where the kernel does not
 *                           grant userfaultfd, also where it does
 * HSAKMT_DXG_POWER          whether the host's driver is asked for high clocks while work is outstanding, and for
 *                           HSAKMT_DXG_POWER_IDLE_MS longer: off (the default): never; auto: while the machine is known to
 *                           run on mains power, and never on battery; performance: always
 */
#define HSAKMT_DXG_ENV_DEBUG_LEVEL	    "HSAKMT_DEBUG_LEVEL"
#define HSAKMT_DXG_ENV_OVERRIDE_GFX_VERSION "HSA_OVERRIDE_GFX_VERSION"
#define HSAKMT_DXG_ENV_AQL_EMULATION	    "HSAKMT_DXG_AQL_EMULATION"
#define HSAKMT_DXG_ENV_DEVICES_DIR	    "HSAKMT_DXG_DEVICES_DIR"
#define HSAKMT_DXG_ENV_BAR		    "HSAKMT_DXG_BAR"
#define HSAKMT_DXG_ENV_PROBE		    "HSAKMT_DXG_PROBE"
#define HSAKMT_DXG_ENV_DOORBELL		    "HSAKMT_DXG_DOORBELL"
#define HSAKMT_DXG_ENV_POWER		    "HSAKMT_DXG_POWER"

/* How long a GPU has to be idle before high clocks are not asked for any more. */
#define HSAKMT_DXG_POWER_IDLE_MS 2000

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/*
 * The functions below are at version node HSAKMT_DXG_1 of both libraries.
 *
 * Options structures begin with their size, which the caller sets: sizeof of what it was compiled with.  Members that a
 * caller's smaller structure does not have are taken for 0; members that this library does not know have to be 0, or the
 * call is refused with HSAKMT_STATUS_INVALID_PARAMETER, as it is for flags that it does not know.
 */

/* The CPU reads and writes the memory too: VRAM, less than 4 GiB.  Not together with a window or FixedAddress. */
#define HSAKMT_DXG_ALLOC_CPU_VISIBLE 0x1ULL

struct hsakmt_dxg_alloc_options {
	HSAuint64 size;		   /* of this structure */
	HSAuint64 flags;	   /* HSAKMT_DXG_ALLOC_* */
	HSAuint64 alignment;	   /* as hsaKmtAllocMemoryAlign()'s; 0: by size */
	HSAuint64 lowest_address;  /* the memory lies in [lowest, highest), page multiples; ... */
	HSAuint64 highest_address; /* ... 0: anywhere (and lowest is 0 too) */
};

/*
 * hsaKmtAllocMemory() with options (NULL: none).  They are honoured, or the call fails; nothing is moved elsewhere.
 *
 * HSAKMT_STATUS_NO_MEMORY: besides the usual, the window is full, or no VRAM can be made visible to the CPU.
 * HSAKMT_STATUS_INVALID_PARAMETER: besides the usual, an unknown option; an empty window, or one that the CPU and the GPUs do
 * not reach; a window together with FixedAddress or with memory without an address; CPU_VISIBLE for what is not VRAM, with a
 * window, with FixedAddress, or with an alignment above 64 KiB.
 */
HSAKMT_STATUS HSAKMTAPI hsaKmtDxgAllocMemory(HSAuint32 node, HSAuint64 size, HsaMemFlags flags,
					     const struct hsakmt_dxg_alloc_options *options, void **address);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
