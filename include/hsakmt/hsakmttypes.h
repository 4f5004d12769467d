/* SPDX-License-Identifier: MIT */
/*
 * Types of the HSA thunk interface (hsaKmt*).
 *
 * Names, values and layouts are those of AMD's libhsakmt; programs compiled against its headers run on
 * this library unchanged.  All structures have 4-byte packing: 64-bit members and pointers need not be
 * naturally aligned.  layout.h says which generation of the structures that changed over time is declared
 * here and how to choose another.
 */
#ifndef HSAKMT_HSAKMTTYPES_H
#define HSAKMT_HSAKMTTYPES_H

#include <stdbool.h>
#include <stdint.h>

#include "layout.h"

#define HSAKMT_VERSION_MAJOR 0
#define HSAKMT_VERSION_MINOR 99

/* calling convention; empty on Linux */
#define HSAKMTAPI

#ifdef __cplusplus
extern "C" {
#endif

typedef uint8_t HSAuint8;
typedef int8_t HSAint8;
typedef uint16_t HSAuint16;
typedef int16_t HSAint16;
typedef uint32_t HSAuint32;
typedef int32_t HSAint32;
typedef uint64_t HSAuint64;
typedef int64_t HSAint64;

typedef void *HSA_HANDLE;
typedef HSAuint64 HSA_QUEUEID;
typedef HSAuint32 HSA_EVENTID;
typedef HSAuint64 HSATraceId;
typedef HSAuint32 HsaPcSamplingTraceId;
typedef HSAuint32 HsaSharedMemoryHandle[8]; /* opaque; may be copied to another process as it is */
typedef void *HsaAMDGPUDeviceHandle;	    /* amdgpu_device_handle of libdrm */

/* values that never name a queue, a process, a node */
#define INVALID_QUEUEID 0xFFFFFFFFFFFFFFFFULL
#define INVALID_PID	0xFFFFFFFF
#define INVALID_NODEID	0xFFFFFFFF

#pragma pack(push, 4)

/*
 * Status and version
 */

typedef enum _HSAKMT_STATUS {
	HSAKMT_STATUS_SUCCESS = 0,
	HSAKMT_STATUS_ERROR = 1,	   /* failed, and no other value says why */
	HSAKMT_STATUS_DRIVER_MISMATCH = 2, /* library and driver do not fit together */
	HSAKMT_STATUS_INVALID_PARAMETER = 3,
	HSAKMT_STATUS_INVALID_HANDLE = 4,
	HSAKMT_STATUS_INVALID_NODE_UNIT = 5, /* no such node, or the node lacks such a unit */
	HSAKMT_STATUS_NO_MEMORY = 6,
	HSAKMT_STATUS_BUFFER_TOO_SMALL = 7,
	HSAKMT_STATUS_NOT_IMPLEMENTED = 10, /* not for these parameters */
	HSAKMT_STATUS_NOT_SUPPORTED = 11,   /* not on this node or system */
	HSAKMT_STATUS_UNAVAILABLE = 12,	    /* not now, perhaps later */
	HSAKMT_STATUS_OUT_OF_RESOURCES = 13,
	HSAKMT_STATUS_KERNEL_IO_CHANNEL_NOT_OPENED = 20,
	HSAKMT_STATUS_KERNEL_COMMUNICATION_ERROR = 21,
	HSAKMT_STATUS_KERNEL_ALREADY_OPENED = 22,
	HSAKMT_STATUS_HSAMMU_UNAVAILABLE = 23,
	HSAKMT_STATUS_WAIT_FAILURE = 30,
	HSAKMT_STATUS_WAIT_TIMEOUT = 31,
	HSAKMT_STATUS_MEMORY_ALREADY_REGISTERED = 35,
	HSAKMT_STATUS_MEMORY_NOT_REGISTERED = 36,
	HSAKMT_STATUS_MEMORY_ALIGNMENT = 37,
} HSAKMT_STATUS;

typedef struct _HsaVersionInfo {
	HSAuint32 KernelInterfaceMajorVersion;
	HSAuint32 KernelInterfaceMinorVersion;
} HsaVersionInfo;

/* What a caller tells DxgAbiCheck(): the sizes its own headers give these structures; 0 = not used. */
typedef struct _HsaStructureSizes {
	HSAuint16 StructureSizes; /* sizeof(HsaStructureSizes) */
	HSAuint16 SizeOfHsaNodeProperties;
	HSAuint16 SizeOfHsaExternalHandleDesc; /* sizeof(HsaHandleImportDesc) */
	HSAuint16 Reserved[5];
} HsaStructureSizes;

/*
 * Topology
 */

typedef struct _HsaSystemProperties {
	HSAuint32 NumNodes;
	HSAuint32 PlatformOem;
	HSAuint32 PlatformId;
	HSAuint32 PlatformRev;
} HsaSystemProperties;

typedef union {
	HSAuint32 Value;
	struct {
		unsigned int uCode : 10; /* firmware version of the command processor */
		unsigned int Major : 6;	 /* gfx target: 10.3.0 is gfx1030 */
		unsigned int Minor : 8;
		unsigned int Stepping : 8;
	} ui32;
} HSA_ENGINE_ID;

__extension__ typedef union {
	HSAuint32 Value;
	struct {
		unsigned int uCodeSDMA : 10; /* firmware version of the SDMA engines */
		unsigned int uCodeRes : 10;
		unsigned int Reserved : 12;
	};
} HSA_ENGINE_VERSION;

typedef union {
	HSAuint32 Value;
	struct {
		unsigned int HotPluggable : 1;
		unsigned int HSAMMUPresent : 1;	     /* the node translates through an IOMMU (ATS/PRI) */
		unsigned int SharedWithGraphics : 1; /* the GPU drives the desktop too */
		unsigned int QueueSizePowerOfTwo : 1;
		unsigned int QueueSize32bit : 1; /* rings must stay below 4 GiB */
		unsigned int QueueIdleEvent : 1;
		unsigned int VALimit : 1; /* fewer GPU address bits than the CPU has */
		unsigned int WatchPointsSupported : 1;
		unsigned int WatchPointsTotalBits : 4; /* log2 of the number of watch points */
		unsigned int DoorbellType : 2;	       /* 0 and 1: 32-bit doorbells, 2: 64-bit */
		unsigned int AQLQueueDoubleMap : 1;    /* rings must be mapped twice in a row */
		unsigned int DebugTrapSupported : 1;
		unsigned int WaveLaunchTrapOverrideSupported : 1;
		unsigned int WaveLaunchModeSupported : 1;
		unsigned int PreciseMemoryOperationsSupported : 1;
		unsigned int DEPRECATED_SRAM_EDCSupport : 1; /* stays 0: old runtimes misread it */
		unsigned int Mem_EDCSupport : 1;
		unsigned int RASEventNotify : 1;
		unsigned int ASICRevision : 4;
		unsigned int SRAM_EDCSupport : 1;
		unsigned int SVMAPISupported : 1;
		unsigned int CoherentHostAccess : 1; /* the CPU reads device memory coherently */
		unsigned int DebugSupportedFirmware : 1;
		unsigned int PreciseALUOperationsSupported : 1; /* reserved before ROCm 6.3 */
		unsigned int PerQueueResetSupported : 1;	/* reserved before ROCm 6.4 */
	} ui32;
} HSA_CAPABILITY;

typedef union {
	HSAuint32 Value;
	struct {
		unsigned int PerSDMAQueueResetSupported : 1;
		unsigned int AqlEmulationPm4_ : 1;  /* AQL packets are translated to PM4 by the thunk */
		unsigned int StallOnRetryFault : 1; /* page faults are retried instead of being fatal */
		unsigned int Reserved : 29;
	} ui32;
} HSA_CAPABILITY2;

__extension__ typedef union {
	HSAuint64 Value;
	struct {
		HSAuint64 WatchAddrMaskLoBit : 4; /* watch masks use the address bits Lo to Hi */
		HSAuint64 WatchAddrMaskHiBit : 6;
		HSAuint64 DispatchInfoAlwaysValid : 1;	  /* TTMP registers are always set up */
		HSAuint64 AddressWatchpointShareKind : 1; /* 1: each process has its own watch points */
		HSAuint64 Reserved : 52;
	};
} HSA_DEBUG_PROPERTIES;

#define HSA_PUBLIC_NAME_SIZE 64

/*
 * In the 356-byte layout the twelve bytes at 344 were reserved in ROCm 5.2 and were filled one by one until
 * ROCm 5.6; this is the final order.  A program that knows fewer of the fields sees reserved bytes there.
 */
typedef struct _HsaNodeProperties {
	HSAuint32 NumCPUCores;	    /* 0 on a node without CPU */
	HSAuint32 NumFComputeCores; /* SIMD units of the GPU, 0 on a node without GPU */
#if HSAKMT_LAYOUT >= 364
	HSAuint32 NumNeuralCores;
#endif
	HSAuint32 NumMemoryBanks;
	HSAuint32 NumCaches;
	HSAuint32 NumIOLinks;
	HSAuint32 CComputeIdLo; /* lowest processor id of the CPU cores */
	HSAuint32 FComputeIdLo; /* lowest processor id of the SIMD units */
	HSA_CAPABILITY Capability;
#if HSAKMT_LAYOUT >= 368
	HSA_CAPABILITY2 Capability2;
#endif
	HSAuint32 MaxWavesPerSIMD;
	HSAuint32 LDSSizeInKB; /* per work-group processor or compute unit */
	HSAuint32 GDSSizeInKB;
	HSAuint32 WaveFrontSize;
	HSAuint32 NumShaderBanks; /* shader engines */
	HSAuint32 NumArrays;	  /* shader arrays per engine */
	HSAuint32 NumCUPerArray;
	HSAuint32 NumSIMDPerCU;
	HSAuint32 MaxSlotsScratchCU; /* waves per compute unit that can have scratch */
	HSA_ENGINE_ID EngineId;
#if HSAKMT_LAYOUT >= 360
	HSA_ENGINE_ID OverrideEngineId; /* set when HSA_OVERRIDE_GFX_VERSION replaced EngineId */
#endif
	HSAuint16 VendorId;
	HSAuint16 DeviceId;
	HSAuint32 LocationId; /* PCI bus << 8 | device << 3 | function */
	HSAuint64 LocalMemSize;
	HSAuint32 MaxEngineClockMhzFCompute;
	HSAuint32 MaxEngineClockMhzCCompute;
	HSAint32 DrmRenderMinor;
	HSAuint16 MarketingName[HSA_PUBLIC_NAME_SIZE]; /* UTF-16 */
	HSAuint8 AMDName[HSA_PUBLIC_NAME_SIZE];	       /* ASCII */
	HSA_ENGINE_VERSION uCodeEngineVersions;
	HSA_DEBUG_PROPERTIES DebugProperties;
	HSAuint64 HiveID;	      /* 0: not in an XGMI hive */
	HSAuint32 NumSdmaEngines;     /* for PCIe */
	HSAuint32 NumSdmaXgmiEngines; /* for XGMI */
	HSAuint8 NumSdmaQueuesPerEngine;
	HSAuint8 NumCpQueues;
	HSAuint8 NumGws;
	HSAuint8 Integrated; /* 1: the GPU of an APU; reserved before ROCm 6.1 */
	HSAuint32 Domain;    /* PCI */
	HSAuint64 UniqueID;
	HSAuint32 VGPRSizePerCU; /* bytes */
	HSAuint32 SGPRSizePerCU; /* bytes */
	HSAuint32 NumXcc;
	HSAuint32 KFDGpuID;
	HSAuint32 FamilyID;
#if HSAKMT_LAYOUT >= 376
	HSAuint32 CwsrSize; /* bytes of the context save area */
	HSAuint32 CtlStackSize;
#endif
#if HSAKMT_LAYOUT >= 392
	HSAuint32 LuidLowPart; /* the adapter's id in Windows */
	HSAuint32 LuidHighPart;
	HSAuint64 WallClockKHz;
#endif
#if HSAKMT_LAYOUT >= 396
	HSAuint32 FabricHandleSupported;
#endif
} HsaNodeProperties;

__extension__ typedef enum _HSA_HEAPTYPE {
	HSA_HEAPTYPE_SYSTEM = 0,
	HSA_HEAPTYPE_FRAME_BUFFER_PUBLIC = 1,  /* device memory the CPU can map */
	HSA_HEAPTYPE_FRAME_BUFFER_PRIVATE = 2, /* device memory the CPU cannot map */
	HSA_HEAPTYPE_GPU_GDS = 3,
	HSA_HEAPTYPE_GPU_LDS = 4,
	HSA_HEAPTYPE_GPU_SCRATCH = 5,
	HSA_HEAPTYPE_DEVICE_SVM = 6,
	HSA_HEAPTYPE_MMIO_REMAP = 7,
	HSA_HEAPTYPE_NUMHEAPTYPES,
	HSA_HEAPTYPE_SIZE = 0xFFFFFFFF
} HSA_HEAPTYPE;

typedef union {
	HSAuint32 MemoryProperty;
	struct {
		unsigned int HotPluggable : 1;
		unsigned int NonVolatile : 1;
		unsigned int Reserved : 30;
	} ui32;
} HSA_MEMORYPROPERTY;

__extension__ typedef struct _HsaMemoryProperties {
	HSA_HEAPTYPE HeapType;
	union {
		HSAuint64 SizeInBytes;
		struct {
			HSAuint32 SizeInBytesLow;
			HSAuint32 SizeInBytesHigh;
		} ui32;
	};
	HSA_MEMORYPROPERTY Flags;
	HSAuint32 Width;	      /* bits of the memory interface */
	HSAuint32 MemoryClockMax;     /* MHz */
	HSAuint64 VirtualBaseAddress; /* 0: the bank has no fixed address */
} HsaMemoryProperties;

#define HSA_CPU_SIBLINGS    256
#define HSA_PROCESSORID_ALL 0xFFFFFFFF

typedef union {
	HSAuint32 Value;
	struct {
		unsigned int Data : 1;
		unsigned int Instruction : 1;
		unsigned int CPU : 1;
		unsigned int HSACU : 1;
		unsigned int Reserved : 28;
	} ui32;
} HsaCacheType;

typedef struct _HaCacheProperties {
	HSAuint32 ProcessorIdLow;
	HSAuint32 CacheLevel;
	HSAuint32 CacheSize;	 /* KiB */
	HSAuint32 CacheLineSize; /* bytes */
	HSAuint32 CacheLinesPerTag;
	HSAuint32 CacheAssociativity;
	HSAuint32 CacheLatency; /* ns */
	HsaCacheType CacheType;
	HSAuint32 SiblingMap[HSA_CPU_SIBLINGS];
#if HSAKMT_LAYOUT >= 396
	HSAuint32 PersistingCacheSizeMax;
#endif
} HsaCacheProperties;

typedef struct _HsaCComputeProperties {
	HSAuint32 SiblingMap[HSA_CPU_SIBLINGS];
} HsaCComputeProperties;

__extension__ typedef enum _HSA_IOLINKTYPE {
	HSA_IOLINKTYPE_UNDEFINED = 0,
	HSA_IOLINKTYPE_HYPERTRANSPORT = 1,
	HSA_IOLINKTYPE_PCIEXPRESS = 2,
	HSA_IOLINKTYPE_AMBA = 3,
	HSA_IOLINKTYPE_MIPI = 4,
	HSA_IOLINK_TYPE_QPI_1_1 = 5,
	HSA_IOLINK_TYPE_RESERVED1 = 6,
	HSA_IOLINK_TYPE_RESERVED2 = 7,
	HSA_IOLINK_TYPE_RAPID_IO = 8,
	HSA_IOLINK_TYPE_INFINIBAND = 9,
	HSA_IOLINK_TYPE_RESERVED3 = 10,
	HSA_IOLINK_TYPE_XGMI = 11,
	HSA_IOLINK_TYPE_XGOP = 12,
	HSA_IOLINK_TYPE_GZ = 13,
	HSA_IOLINK_TYPE_ETHERNET_RDMA = 14,
	HSA_IOLINK_TYPE_RDMA_OTHER = 15,
	HSA_IOLINK_TYPE_OTHER = 16,
	HSA_IOLINKTYPE_NUMIOLINKTYPES,
	HSA_IOLINKTYPE_SIZE = 0xFFFFFFFF
} HSA_IOLINKTYPE;

typedef union {
	HSAuint32 LinkProperty;
	struct {
		unsigned int Override : 1; /* the bits below count, not the defaults of the link type */
		unsigned int NonCoherent : 1;
		unsigned int NoAtomics32bit : 1;
		unsigned int NoAtomics64bit : 1;
		unsigned int NoPeerToPeerDMA : 1;
		unsigned int Reserved : 27;
	} ui32;
} HSA_LINKPROPERTY;

typedef struct _HsaIoLinkProperties {
	HSA_IOLINKTYPE IoLinkType;
	HSAuint32 VersionMajor;
	HSAuint32 VersionMinor;
	HSAuint32 NodeFrom;
	HSAuint32 NodeTo;
	HSAuint32 Weight;	    /* distance, in the manner of an ACPI SLIT */
	HSAuint32 MinimumLatency;   /* ns */
	HSAuint32 MaximumLatency;   /* ns */
	HSAuint32 MinimumBandwidth; /* MB/s */
	HSAuint32 MaximumBandwidth; /* MB/s */
	HSAuint32 RecTransferSize;  /* bytes that reach the maximum bandwidth */
#if HSAKMT_LAYOUT >= 360
	HSAuint32 RecSdmaEngIdMask; /* SDMA engines to prefer on this link */
#endif
	HSA_LINKPROPERTY Flags;
} HsaIoLinkProperties;

typedef struct _HsaClockCounters {
	HSAuint64 GPUClockCounter;
	HSAuint64 CPUClockCounter;
	HSAuint64 SystemClockCounter;
	HSAuint64 SystemClockFrequencyHz;
} HsaClockCounters;

/* The caller provides both arrays and their lengths; the lengths come back as what was filled. */
typedef struct _HsaGpuTileConfig {
	HSAuint32 *TileConfig;
	HSAuint32 *MacroTileConfig;
	HSAuint32 NumTileConfigs;
	HSAuint32 NumMacroTileConfigs;
	HSAuint32 GbAddrConfig;
	HSAuint32 NumBanks;
	HSAuint32 NumRanks;
	HSAuint32 Reserved[7];
} HsaGpuTileConfig;

/*
 * Memory
 */

__extension__ typedef struct _HsaMemFlags {
	union {
		struct {
			unsigned int NonPaged : 1;	      /* device memory, or pinned */
			unsigned int CachePolicy : 2;	      /* HSA_CACHING_TYPE */
			unsigned int ReadOnly : 1;	      /* for the GPU */
			unsigned int PageSize : 2;	      /* HSA_PAGE_SIZE */
			unsigned int HostAccess : 1;	      /* the CPU uses it too */
			unsigned int NoSubstitute : 1;	      /* fail rather than fall back to node 0 */
			unsigned int GDSMemory : 1;	      /* global data share */
			unsigned int Scratch : 1;	      /* reserve the scratch range of the node */
			unsigned int AtomicAccessFull : 1;    /* every atomic operation must work */
			unsigned int AtomicAccessPartial : 1; /* PCIe's swap, CAS and fetch-add suffice */
			unsigned int ExecuteAccess : 1;	      /* will hold code or queues */
			unsigned int CoarseGrain : 1;	      /* coherent at dispatch boundaries only */
			unsigned int AQLQueueMemory : 1;      /* an AQL ring: may need a double mapping */
			unsigned int FixedAddress : 1;	      /* at the address given, or fail */
			unsigned int NoNUMABind : 1;
			unsigned int Uncached : 1;
			/* reserved in ROCm 5.2: */
			unsigned int NoAddress : 1;	   /* memory without an address */
			unsigned int OnlyAddress : 1;	   /* an address without memory */
			unsigned int ExtendedCoherent : 1; /* atomics coherent at system scope */
			unsigned int GTTAccess : 1;	   /* reachable by the scheduling firmware */
			unsigned int Contiguous : 1;	   /* physically */
			unsigned int ExecuteBlit : 1;	   /* code of the runtime's own copy kernels */
			unsigned int QueueObject : 1;	   /* an amd_queue_t */
			unsigned int Reserved : 7;
		} ui32;
		HSAuint32 Value;
	};
} HsaMemFlags;

__extension__ typedef struct _HsaMemMapFlags {
	union {
		struct {
			unsigned int Reserved1 : 1;
			unsigned int CachePolicy : 2; /* HSA_CACHING_TYPE */
			unsigned int ReadOnly : 1;
			unsigned int PageSize : 2; /* HSA_PAGE_SIZE */
			unsigned int HostAccess : 1;
			unsigned int Migrate : 1; /* may move to the mapping GPU's memory */
			unsigned int Probe : 1;	  /* will be mapped soon; maps nothing now */
			unsigned int Reserved : 23;
		} ui32;
		HSAuint32 Value;
	};
} HsaMemMapFlags;

/* Result of registering a graphics buffer; Metadata belongs to the thunk until the buffer is deregistered. */
typedef struct _HsaGraphicsResourceInfo {
	void *MemoryAddress;
	HSAuint64 SizeInBytes;
	const void *Metadata;
	HSAuint32 MetadataSizeInBytes;
	HSAuint32 NodeId; /* of the exporter; reserved before ROCm 5.6 */
#if HSAKMT_LAYOUT >= 396
	HSAuint64 SizeHintInBytes; /* filled by the caller */
#endif
} HsaGraphicsResourceInfo;

typedef union {
	HSAuint32 Value;
	struct {
		unsigned int requiresVAddr : 1;
		unsigned int kmtHandle : 1;
	} ui32;
} HSA_REGISTER_MEM_FLAGS;

__extension__ typedef enum _HSA_CACHING_TYPE {
	HSA_CACHING_CACHED = 0,
	HSA_CACHING_NONCACHED = 1,
	HSA_CACHING_WRITECOMBINED = 2,
	HSA_CACHING_RESERVED = 3,
	HSA_CACHING_NUM_CACHING,
	HSA_CACHING_SIZE = 0xFFFFFFFF
} HSA_CACHING_TYPE;

typedef enum _HSA_PAGE_SIZE {
	HSA_PAGE_SIZE_4KB = 0,
	HSA_PAGE_SIZE_64KB = 1,
	HSA_PAGE_SIZE_2MB = 2,
	HSA_PAGE_SIZE_1GB = 3,
} HSA_PAGE_SIZE;

typedef enum _HSA_POINTER_TYPE {
	HSA_POINTER_UNKNOWN = 0,
	HSA_POINTER_ALLOCATED = 1,
	HSA_POINTER_REGISTERED_USER = 2,
	HSA_POINTER_REGISTERED_GRAPHICS = 3,
	HSA_POINTER_REGISTERED_SHARED = 4,
	HSA_POINTER_RESERVED_ADDR = 5, /* an address without memory */
} HSA_POINTER_TYPE;

/* The node arrays belong to the thunk and are valid until the buffer is registered or mapped anew. */
typedef struct _HsaPointerInfo {
	HSA_POINTER_TYPE Type;
	HSAuint32 Node;
	HsaMemFlags MemFlags;
	void *CPUAddress; /* both addresses are those of the start of the buffer */
	HSAuint64 GPUAddress;
	HSAuint64 SizeInBytes;
	HSAuint32 NRegisteredNodes;
	HSAuint32 NMappedNodes;
	const HSAuint32 *RegisteredNodes;
	const HSAuint32 *MappedNodes;
	void *UserData; /* set by hsaKmtSetMemoryUserData() */
} HsaPointerInfo;

typedef struct _HsaMemoryRange {
	void *MemoryAddress;
	HSAuint64 SizeInBytes;
} HsaMemoryRange;

typedef enum _HSA_SVM_FLAGS {
	HSA_SVM_FLAG_HOST_ACCESS = 0x00000001,
	HSA_SVM_FLAG_COHERENT = 0x00000002,
	HSA_SVM_FLAG_HIVE_LOCAL = 0x00000004,
	HSA_SVM_FLAG_GPU_RO = 0x00000008,
	HSA_SVM_FLAG_GPU_EXEC = 0x00000010,
	HSA_SVM_FLAG_GPU_READ_MOSTLY = 0x00000020,
	HSA_SVM_FLAG_GPU_ALWAYS_MAPPED = 0x00000040,
	HSA_SVM_FLAG_EXT_COHERENT = 0x00000080,
} HSA_SVM_FLAGS;

typedef enum _HSA_SVM_ATTR_TYPE {
	HSA_SVM_ATTR_PREFERRED_LOC, /* node id, or INVALID_NODEID for no preference */
	HSA_SVM_ATTR_PREFETCH_LOC,  /* node id; starts a migration */
	HSA_SVM_ATTR_ACCESS,	    /* node id, as the next two */
	HSA_SVM_ATTR_ACCESS_IN_PLACE,
	HSA_SVM_ATTR_NO_ACCESS,
	HSA_SVM_ATTR_SET_FLAGS,	  /* HSA_SVM_FLAGS */
	HSA_SVM_ATTR_CLR_FLAGS,	  /* HSA_SVM_FLAGS */
	HSA_SVM_ATTR_GRANULARITY, /* log2 of a number of pages */
} HSA_SVM_ATTR_TYPE;

typedef struct _HSA_SVM_ATTRIBUTE {
	HSAuint32 type; /* HSA_SVM_ATTR_TYPE */
	HSAuint32 value;
} HSA_SVM_ATTRIBUTE;

/*
 * Queues
 */

typedef enum _HSA_DEVICE {
	HSA_DEVICE_CPU = 0,
	HSA_DEVICE_GPU = 1,
	MAX_HSA_DEVICE = 2,
} HSA_DEVICE;

/* A negative value beside 0xFFFFFFFF makes this enum 8 bytes wide; it is only ever passed by value. */
__extension__ typedef enum _HSA_QUEUE_PRIORITY {
	HSA_QUEUE_PRIORITY_MINIMUM = -3,
	HSA_QUEUE_PRIORITY_LOW = -2,
	HSA_QUEUE_PRIORITY_BELOW_NORMAL = -1,
	HSA_QUEUE_PRIORITY_NORMAL = 0,
	HSA_QUEUE_PRIORITY_ABOVE_NORMAL = 1,
	HSA_QUEUE_PRIORITY_HIGH = 2,
	HSA_QUEUE_PRIORITY_MAXIMUM = 3,
	HSA_QUEUE_PRIORITY_NUM_PRIORITY,
	HSA_QUEUE_PRIORITY_SIZE = 0xFFFFFFFF
} HSA_QUEUE_PRIORITY;

__extension__ typedef enum _HSA_QUEUE_TYPE {
	HSA_QUEUE_COMPUTE = 1, /* PM4 packets */
	HSA_QUEUE_SDMA = 2,
	HSA_QUEUE_MULTIMEDIA_DECODE = 3,
	HSA_QUEUE_MULTIMEDIA_ENCODE = 4,
	HSA_QUEUE_SDMA_XGMI = 5,
	HSA_QUEUE_SDMA_BY_ENG_ID = 6, /* hsaKmtCreateQueueExt() only */
	/* the same, allowed to use graphics resources */
	HSA_QUEUE_COMPUTE_OS = 11,
	HSA_QUEUE_SDMA_OS = 12,
	HSA_QUEUE_MULTIMEDIA_DECODE_OS = 13,
	HSA_QUEUE_MULTIMEDIA_ENCODE_OS = 14,
	HSA_QUEUE_COMPUTE_AQL = 21, /* AQL packets */
	HSA_QUEUE_DMA_AQL = 22,
	HSA_QUEUE_DMA_AQL_XGMI = 23,
	HSA_QUEUE_TYPE_SIZE = 0xFFFFFFFF
} HSA_QUEUE_TYPE;

/* Start of a queue's context save area.  Offsets count from here, in bytes. */
typedef struct {
	HSAuint32 ControlStackOffset;
	HSAuint32 ControlStackSize;
	HSAuint32 WaveStateOffset;
	HSAuint32 WaveStateSize;
	HSAuint32 DebugOffset; /* the debugger's part, 64-byte aligned */
	HSAuint32 DebugSize;
	volatile HSAint64 *ErrorReason; /* value of the signal that is told about exceptions */
	HSAuint32 ErrorEventId;
	HSAuint32 Reserved1;
} HsaUserContextSaveAreaHeader;

typedef struct {
	HSAuint32 QueueDetailError;
	HSAuint32 QueueTypeExtended;
	HSAuint32 NumCUAssigned; /* bits in CUMaskInfo, a multiple of 32; 0: unknown */
	HSAuint32 *CUMaskInfo;
	HSAuint32 *UserContextSaveArea;
	HSAuint64 SaveAreaSizeInBytes;
	HSAuint32 *ControlStackTop;
	HSAuint64 ControlStackUsedInBytes;
	HsaUserContextSaveAreaHeader *SaveAreaHeader;
	HSAuint64 Reserved2;
#if HSAKMT_LAYOUT >= 396
	HSAuint64 SaveAreaAllocSize;
#endif
} HsaQueueInfo;

__extension__ typedef struct _HsaQueueResource {
	HSA_QUEUEID QueueId;
	union {
		HSAuint32 *Queue_DoorBell;
		HSAuint64 *Queue_DoorBell_aql;
		HSAuint64 QueueDoorBell;
	};
	union { /* AQL queues: filled by the caller; other queues: by the thunk */
		HSAuint32 *Queue_write_ptr;
		HSAuint64 *Queue_write_ptr_aql;
		HSAuint64 QueueWptrValue;
	};
	union { /* likewise */
		HSAuint32 *Queue_read_ptr;
		HSAuint64 *Queue_read_ptr_aql;
		HSAuint64 QueueRptrValue;
	};
	volatile HSAint64 *ErrorReason; /* filled by the caller; may be NULL */
#if HSAKMT_LAYOUT >= 396
	HSAuint64 SdmaProgressFenceVA;
	HSAuint32 SdmaHwQueueEpilogueBytes;
#endif
} HsaQueueResource;

typedef struct _HsaQueueReport {
	HSAuint32 VMID;
	void *QueueAddress;
	HSAuint64 QueueSize;
} HsaQueueReport;

/*
 * Events
 */

__extension__ typedef enum _HSA_EVENTTYPE {
	HSA_EVENTTYPE_SIGNAL = 0,
	HSA_EVENTTYPE_NODECHANGE = 1,
	HSA_EVENTTYPE_DEVICESTATECHANGE = 2,
	HSA_EVENTTYPE_HW_EXCEPTION = 3,
	HSA_EVENTTYPE_SYSTEM_EVENT = 4,
	HSA_EVENTTYPE_DEBUG_EVENT = 5,
	HSA_EVENTTYPE_PROFILE_EVENT = 6,
	HSA_EVENTTYPE_QUEUE_EVENT = 7,
	HSA_EVENTTYPE_MEMORY = 8,
	HSA_EVENTTYPE_MAXID,
	HSA_EVENTTYPE_TYPE_SIZE = 0xFFFFFFFF
} HSA_EVENTTYPE;

typedef enum _HSA_DEBUG_EVENT_TYPE {
	HSA_DEBUG_EVENT_TYPE_NONE = 0,
	HSA_DEBUG_EVENT_TYPE_TRAP = 1,
	HSA_DEBUG_EVENT_TYPE_VMFAULT = 2,
	HSA_DEBUG_EVENT_TYPE_TRAP_VMFAULT = 3,
} HSA_DEBUG_EVENT_TYPE;

typedef struct _HsaSyncVar {
	union {
		void *UserData;
		HSAuint64 UserDataPtrValue;
	} SyncVar;
	HSAuint64 SyncVarSize;
} HsaSyncVar;

__extension__ typedef enum _HSA_EVENTTYPE_NODECHANGE_FLAGS {
	HSA_EVENTTYPE_NODECHANGE_ADD = 0,
	HSA_EVENTTYPE_NODECHANGE_REMOVE = 1,
	HSA_EVENTTYPE_NODECHANGE_SIZE = 0xFFFFFFFF
} HSA_EVENTTYPE_NODECHANGE_FLAGS;

typedef struct _HsaNodeChange {
	HSA_EVENTTYPE_NODECHANGE_FLAGS Flags;
} HsaNodeChange;

__extension__ typedef enum _HSA_EVENTTYPE_DEVICESTATECHANGE_FLAGS {
	HSA_EVENTTYPE_DEVICESTATUSCHANGE_START = 0,
	HSA_EVENTTYPE_DEVICESTATUSCHANGE_STOP = 1,
	HSA_EVENTTYPE_DEVICESTATUSCHANGE_SIZE = 0xFFFFFFFF
} HSA_EVENTTYPE_DEVICESTATECHANGE_FLAGS;

typedef struct _HsaDeviceStateChange {
	HSAuint32 NodeId;
	HSA_DEVICE Device;
	HSA_EVENTTYPE_DEVICESTATECHANGE_FLAGS Flags;
} HsaDeviceStateChange;

typedef enum _HSA_EVENTID_MEMORYFLAGS {
	HSA_EVENTID_MEMORY_RECOVERABLE = 0,
	HSA_EVENTID_MEMORY_FATAL_PROCESS = 1, /* the process cannot go on using the GPU */
	HSA_EVENTID_MEMORY_FATAL_VM = 2,      /* nor can any other */
} HSA_EVENTID_MEMORYFLAGS;

typedef struct _HsaAccessAttributeFailure {
	unsigned int NotPresent : 1;
	unsigned int ReadOnly : 1;
	unsigned int NoExecute : 1;
	unsigned int GpuAccess : 1; /* memory of the CPU alone */
	unsigned int ECC : 1;
	unsigned int Imprecise : 1; /* the address is a guess */
	unsigned int ErrorType : 3; /* 0 none, 1 SRAM ECC, 2 link flooded or poison, 3 hang */
	unsigned int Reserved : 23;
} HsaAccessAttributeFailure;

typedef struct _HsaMemoryAccessFault {
	HSAuint32 NodeId;
	HSAuint64 VirtualAddress;
	HsaAccessAttributeFailure Failure;
	HSA_EVENTID_MEMORYFLAGS Flags;
} HsaMemoryAccessFault;

typedef enum _HSA_EVENTID_HW_EXCEPTION_CAUSE {
	HSA_EVENTID_HW_EXCEPTION_GPU_HANG = 0,
	HSA_EVENTID_HW_EXCEPTION_ECC = 1,
} HSA_EVENTID_HW_EXCEPTION_CAUSE;

typedef struct _HsaHwException {
	HSAuint32 NodeId;
	HSAuint32 ResetType;
	HSAuint32 MemoryLost;
	HSA_EVENTID_HW_EXCEPTION_CAUSE ResetCause;
} HsaHwException;

typedef struct _HsaEventData {
	HSA_EVENTTYPE EventType;
	union {
		HsaSyncVar SyncVar;
		HsaNodeChange NodeChangeState;
		HsaDeviceStateChange DeviceState;
		HsaMemoryAccessFault MemoryAccessFault;
		HsaHwException HwException;
	} EventData;
	HSAuint64 HWData1; /* event id */
	HSAuint64 HWData2; /* address of the mailbox a GPU writes the id to */
	HSAuint32 HWData3; /* value to write */
} HsaEventData;

typedef struct _HsaEventDescriptor {
	HSA_EVENTTYPE EventType;
	HSAuint32 NodeId; /* where the event comes from */
	HsaSyncVar SyncVar;
} HsaEventDescriptor;

typedef struct _HsaEvent {
	HSA_EVENTID EventId;
	HsaEventData EventData;
} HsaEvent;

__extension__ typedef enum _HsaEventTimeout {
	HSA_EVENTTIMEOUT_IMMEDIATE = 0,
	HSA_EVENTTIMEOUT_INFINITE = 0xFFFFFFFF
} HsaEventTimeOut;

/* Events of the driver's SMI stream, numbered from 1; a mask has bit n - 1 for event n. */
typedef enum _HSA_SMI_EVENT {
	HSA_SMI_EVENT_NONE = 0,
	HSA_SMI_EVENT_VMFAULT = 1,
	HSA_SMI_EVENT_THERMAL_THROTTLE = 2,
	HSA_SMI_EVENT_GPU_PRE_RESET = 3,
	HSA_SMI_EVENT_GPU_POST_RESET = 4,
	HSA_SMI_EVENT_MIGRATE_START = 5,
	HSA_SMI_EVENT_MIGRATE_END = 6,
	HSA_SMI_EVENT_PAGE_FAULT_START = 7,
	HSA_SMI_EVENT_PAGE_FAULT_END = 8,
	HSA_SMI_EVENT_QUEUE_EVICTION = 9,
	HSA_SMI_EVENT_QUEUE_RESTORE = 10,
	HSA_SMI_EVENT_UNMAP_FROM_GPU = 11,
	HSA_SMI_EVENT_INDEX_MAX = 12,
	HSA_SMI_EVENT_ALL_PROCESS = 64, /* a flag: events of other processes too */
} HSA_EVENT_TYPE;

#define HSA_SMI_EVENT_MASK_FROM_INDEX(i) (1ULL << ((i)-1))
#define HSA_SMI_EVENT_MSG_SIZE		 96

typedef enum _HSA_MIGRATE_TRIGGERS {
	HSA_MIGRATE_TRIGGER_PREFETCH,
	HSA_MIGRATE_TRIGGER_PAGEFAULT_GPU,
	HSA_MIGRATE_TRIGGER_PAGEFAULT_CPU,
	HSA_MIGRATE_TRIGGER_TTM_EVICTION,
} HSA_MIGRATE_TRIGGERS;

typedef enum _HSA_QUEUE_EVICTION_TRIGGERS {
	HSA_QUEUE_EVICTION_TRIGGER_SVM,
	HSA_QUEUE_EVICTION_TRIGGER_USERPTR,
	HSA_QUEUE_EVICTION_TRIGGER_TTM,
	HSA_QUEUE_EVICTION_TRIGGER_SUSPEND,
	HSA_QUEUE_EVICTION_CRIU_CHECKPOINT,
	HSA_QUEUE_EVICTION_CRIU_RESTORE,
} HSA_QUEUE_EVICTION_TRIGGERS;

typedef enum _HSA_SVM_UNMAP_TRIGGERS {
	HSA_SVM_UNMAP_TRIGGER_MMU_NOTIFY,
	HSA_SVM_UNMAP_TRIGGER_MMU_NOTIFY_MIGRATE,
	HSA_SVM_UNMAP_TRIGGER_UNMAP_FROM_CPU,
} HSA_SVM_UNMAP_TRIGGERS;

#pragma pack(pop)

#ifdef __cplusplus
}
#endif

#include "debug_types.h"
#include "sharing_types.h"

#endif
