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
 */
#define HSAKMT_DXG_ENV_DEBUG_LEVEL	    "HSAKMT_DEBUG_LEVEL"
#define HSAKMT_DXG_ENV_OVERRIDE_GFX_VERSION "HSA_OVERRIDE_GFX_VERSION"
#define HSAKMT_DXG_ENV_AQL_EMULATION	    "HSAKMT_DXG_AQL_EMULATION"
#define HSAKMT_DXG_ENV_DEVICES_DIR	    "HSAKMT_DXG_DEVICES_DIR"

#endif
