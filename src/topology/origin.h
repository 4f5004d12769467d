// SPDX-License-Identifier: MIT
/*
 * Where each reported value of a GPU node came from.  Every field of HsaNodeProperties has an entry, and
 * so have the banks, caches and links, which are more than one field.
 */
#ifndef TOPOLOGY_ORIGIN_H
#define TOPOLOGY_ORIGIN_H

#include <stddef.h>

enum origin {
	ORIGIN_UNSET,	     /* never in a node */
	ORIGIN_PRIVATE_DATA, /* what AMD's driver on the host told */
	ORIGIN_QUERY,	     /* a standard query of the host */
	ORIGIN_TABLE,	     /* devices.csv */
	ORIGIN_USER_TABLE,   /* a file in devices.d */
	ORIGIN_NAME_FILE,    /* libdrm's amdgpu.ids */
	ORIGIN_OVERRIDE,     /* HSA_OVERRIDE_GFX_VERSION */
	ORIGIN_DERIVED,	     /* computed from other properties */
	ORIGIN_ASSUMED,	     /* a constant of the hardware generation */
	ORIGIN_LIBRARY,	     /* what this library itself supports */
	ORIGIN_ABSENT,	     /* 0: the GPU has none, or nothing tells */
	ORIGIN_COUNT,
};

#define FOR_EACH_NODE_FIELD(X)       \
	X(NumCPUCores)               \
	X(NumFComputeCores)          \
	X(NumNeuralCores)            \
	X(NumMemoryBanks)            \
	X(NumCaches)                 \
	X(NumIOLinks)                \
	X(CComputeIdLo)              \
	X(FComputeIdLo)              \
	X(Capability)                \
	X(Capability2)               \
	X(MaxWavesPerSIMD)           \
	X(LDSSizeInKB)               \
	X(GDSSizeInKB)               \
	X(WaveFrontSize)             \
	X(NumShaderBanks)            \
	X(NumArrays)                 \
	X(NumCUPerArray)             \
	X(NumSIMDPerCU)              \
	X(MaxSlotsScratchCU)         \
	X(EngineId)                  \
	X(OverrideEngineId)          \
	X(VendorId)                  \
	X(DeviceId)                  \
	X(LocationId)                \
	X(LocalMemSize)              \
	X(MaxEngineClockMhzFCompute) \
	X(MaxEngineClockMhzCCompute) \
	X(DrmRenderMinor)            \
	X(MarketingName)             \
	X(AMDName)                   \
	X(uCodeEngineVersions)       \
	X(DebugProperties)           \
	X(HiveID)                    \
	X(NumSdmaEngines)            \
	X(NumSdmaXgmiEngines)        \
	X(NumSdmaQueuesPerEngine)    \
	X(NumCpQueues)               \
	X(NumGws)                    \
	X(Integrated)                \
	X(Domain)                    \
	X(UniqueID)                  \
	X(VGPRSizePerCU)             \
	X(SGPRSizePerCU)             \
	X(NumXcc)                    \
	X(KFDGpuID)                  \
	X(FamilyID)                  \
	X(CwsrSize)                  \
	X(CtlStackSize)              \
	X(LuidLowPart)               \
	X(LuidHighPart)              \
	X(WallClockKHz)              \
	X(FabricHandleSupported)

#define FOR_EACH_OTHER_PROPERTY(X) \
	X(UCodeEngine)             \
	X(ASICRevision)            \
	X(WatchPoints)             \
	X(FrameBufferSize)         \
	X(FrameBufferWidth)        \
	X(FrameBufferClock)        \
	X(LdsAperture)             \
	X(ScratchAperture)         \
	X(CacheVector)             \
	X(CacheScalar)             \
	X(CacheInstruction)        \
	X(CacheGl1)                \
	X(CacheL2)                 \
	X(CacheMall)               \
	X(LinkAtomics)             \
	X(LinkBandwidth)

#define PROPERTY_ENUMERATOR(name) PROPERTY_##name,
enum property {
	FOR_EACH_NODE_FIELD(PROPERTY_ENUMERATOR) FOR_EACH_OTHER_PROPERTY(PROPERTY_ENUMERATOR) PROPERTY_COUNT
};
#undef PROPERTY_ENUMERATOR

const char *origin_name(enum origin origin);
const char *property_name(enum property property);

#endif
