/* SPDX-License-Identifier: MIT */
/*
 * Which generation of the thunk's structures a program is compiled for.
 *
 * Several structures of this interface grew, and fields inside them moved, without the symbol names or
 * the version node HSAKMT_1 changing.  The generations are told apart by sizeof(HsaNodeProperties):
 *
 *   HSAKMT_LAYOUT  headers of                       what is different from the line above
 *   356 (default)  ROCm 5.2 to 6.2, Debian 12       -
 *   360            ROCm 6.3                         HsaNodeProperties.OverrideEngineId,
 *                                                   HsaIoLinkProperties.RecSdmaEngIdMask
 *   364            ROCm 6.4                         HsaNodeProperties.NumNeuralCores
 *   368            ROCm 7.0, 7.1                    HsaNodeProperties.Capability2
 *   376            ROCm 7.2                         HsaNodeProperties.CwsrSize, CtlStackSize
 *   392            standalone librocdxg of 2026     HsaNodeProperties.Luid*, WallClockKHz
 *   396            rocm-systems, autumn 2026        HsaNodeProperties.FabricHandleSupported,
 *                                                   HsaCacheProperties.PersistingCacheSizeMax,
 *                                                   HsaGraphicsResourceInfo.SizeHintInBytes,
 *                                                   HsaQueueInfo.SaveAreaAllocSize, the tail of
 *                                                   HsaQueueResource, the import and export descriptors
 *
 * Headers of early 2026 have the 396-byte node properties with the caches of 392 (1056 bytes); nothing tells them
 * from later ones, and 396 means 1060 here.
 *
 * libhsakmt.so.1 speaks 356 and librocdxg.so.1 speaks 368 to every program that has not named another
 * size through DxgAbiCheck().  A program that defines HSAKMT_LAYOUT to something else than its library's
 * default must therefore call DxgAbiCheck() before it passes any of these structures.
 */
#ifndef HSAKMT_LAYOUT_H
#define HSAKMT_LAYOUT_H

#ifndef HSAKMT_LAYOUT
#define HSAKMT_LAYOUT 356
#endif

#if HSAKMT_LAYOUT != 356 && HSAKMT_LAYOUT != 360 && HSAKMT_LAYOUT != 364 && HSAKMT_LAYOUT != 368 && \
	HSAKMT_LAYOUT != 376 && HSAKMT_LAYOUT != 392 && HSAKMT_LAYOUT != 396
#error "HSAKMT_LAYOUT must be one of 356, 360, 364, 368, 376, 392, 396"
#endif

#endif
