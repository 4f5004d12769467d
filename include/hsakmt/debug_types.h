/* SPDX-License-Identifier: MIT */
/*
 * Types of the debugger, performance counter and PC sampling calls.  Included by hsakmttypes.h.
 */
#ifndef HSAKMT_DEBUG_TYPES_H
#define HSAKMT_DEBUG_TYPES_H

#include "hsakmttypes.h"
#include "profile_blocks.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma pack(push, 4)

/*
 * Debugger
 */

__extension__ typedef enum _HSA_DBG_WAVEOP {
	HSA_DBG_WAVEOP_HALT = 1,
	HSA_DBG_WAVEOP_RESUME = 2,
	HSA_DBG_WAVEOP_KILL = 3,
	HSA_DBG_WAVEOP_DEBUG = 4,
	HSA_DBG_WAVEOP_TRAP = 5,
	HSA_DBG_NUM_WAVEOP = 5,
	HSA_DBG_MAX_WAVEOP = 0xFFFFFFFF
} HSA_DBG_WAVEOP;

__extension__ typedef enum _HSA_DBG_WAVEMODE {
	HSA_DBG_WAVEMODE_SINGLE = 0,
	HSA_DBG_WAVEMODE_BROADCAST_PROCESS = 2,
	HSA_DBG_WAVEMODE_BROADCAST_PROCESS_CU = 3,
	HSA_DBG_NUM_WAVEMODE = 3,
	HSA_DBG_MAX_WAVEMODE = 0xFFFFFFFF
} HSA_DBG_WAVEMODE;

__extension__ typedef enum _HSA_DBG_WAVEMSG_TYPE {
	HSA_DBG_WAVEMSG_AUTO = 0,
	HSA_DBG_WAVEMSG_USER = 1,
	HSA_DBG_WAVEMSG_ERROR = 2,
	HSA_DBG_NUM_WAVEMSG,
	HSA_DBG_MAX_WAVEMSG = 0xFFFFFFFF
} HSA_DBG_WAVEMSG_TYPE;

typedef enum _HSA_DBG_WATCH_MODE {
	HSA_DBG_WATCH_READ = 0,
	HSA_DBG_WATCH_NONREAD = 1, /* writes and atomics */
	HSA_DBG_WATCH_ATOMIC = 2,
	HSA_DBG_WATCH_ALL = 3,
	HSA_DBG_WATCH_NUM
} HSA_DBG_WATCH_MODE;

typedef enum _HSA_DBG_TRAP_OVERRIDE {
	HSA_DBG_TRAP_OVERRIDE_OR = 0,
	HSA_DBG_TRAP_OVERRIDE_REPLACE = 1,
	HSA_DBG_TRAP_OVERRIDE_NUM
} HSA_DBG_TRAP_OVERRIDE;

typedef enum _HSA_DBG_TRAP_MASK {
	HSA_DBG_TRAP_MASK_FP_INVALID = 1,
	HSA_DBG_TRAP_MASK_FP_INPUT_DENOMAL = 2,
	HSA_DBG_TRAP_MASK_FP_DIVIDE_BY_ZERO = 4,
	HSA_DBG_TRAP_MASK_FP_OVERFLOW = 8,
	HSA_DBG_TRAP_MASK_FP_UNDERFLOW = 16,
	HSA_DBG_TRAP_MASK_FP_INEXACT = 32,
	HSA_DBG_TRAP_MASK_INT_DIVIDE_BY_ZERO = 64,
	HSA_DBG_TRAP_MASK_DBG_ADDRESS_WATCH = 128,
	HSA_DBG_TRAP_MASK_DBG_MEMORY_VIOLATION = 256,
} HSA_DBG_TRAP_MASK;

/* why a queue, a device or a process stopped; HSA_EC_MASK() makes the bit for a mask of them */
typedef enum _HSA_DBG_TRAP_EXCEPTION_CODE {
	HSA_DBG_EC_NONE = 0,
	HSA_DBG_EC_QUEUE_WAVE_ABORT = 1,
	HSA_DBG_EC_QUEUE_WAVE_TRAP = 2,
	HSA_DBG_EC_QUEUE_WAVE_MATH_ERROR = 3,
	HSA_DBG_EC_QUEUE_WAVE_ILLEGAL_INSTRUCTION = 4,
	HSA_DBG_EC_QUEUE_WAVE_MEMORY_VIOLATION = 5,
	HSA_DBG_EC_QUEUE_WAVE_APERTURE_VIOLATION = 6,
	HSA_DBG_EC_QUEUE_PACKET_DISPATCH_DIM_INVALID = 16,
	HSA_DBG_EC_QUEUE_PACKET_DISPATCH_GROUP_SEGMENT_SIZE_INVALID = 17,
	HSA_DBG_EC_QUEUE_PACKET_DISPATCH_CODE_INVALID = 18,
	HSA_DBG_EC_QUEUE_PACKET_RESERVED = 19,
	HSA_DBG_EC_QUEUE_PACKET_UNSUPPORTED = 20,
	HSA_DBG_EC_QUEUE_PACKET_DISPATCH_WORK_GROUP_SIZE_INVALID = 21,
	HSA_DBG_EC_QUEUE_PACKET_DISPATCH_REGISTER_INVALID = 22,
	HSA_DBG_EC_QUEUE_PACKET_VENDOR_UNSUPPORTED = 23,
	HSA_DBG_EC_QUEUE_PREEMPTION_ERROR = 30,
	HSA_DBG_EC_QUEUE_NEW = 31,
	HSA_DBG_EC_DEVICE_QUEUE_DELETE = 32,
	HSA_DBG_EC_DEVICE_MEMORY_VIOLATION = 33,
	HSA_DBG_EC_DEVICE_RAS_ERROR = 34,
	HSA_DBG_EC_DEVICE_FATAL_HALT = 35,
	HSA_DBG_EC_DEVICE_NEW = 36,
	HSA_DBG_EC_PROCESS_RUNTIME = 48,
	HSA_DBG_EC_PROCESS_DEVICE_REMOVE = 49,
	HSA_DBG_EC_MAX
} HSA_DBG_TRAP_EXCEPTION_CODE;

#define HSA_EC_MASK(ecode) (1ULL << ((ecode)-1))

typedef enum _HSA_DBG_WAVE_LAUNCH_MODE {
	HSA_DBG_WAVE_LAUNCH_MODE_NORMAL = 0,
	HSA_DBG_WAVE_LAUNCH_MODE_HALT = 1,
	HSA_DBG_WAVE_LAUNCH_MODE_KILL = 2,
	HSA_DBG_WAVE_LAUNCH_MODE_SINGLE_STEP = 3,
	HSA_DBG_WAVE_LAUNCH_MODE_DISABLE = 4,
	HSA_DBG_WAVE_LAUNCH_MODE_NUM
} HSA_DBG_WAVE_LAUNCH_MODE;

typedef enum HSA_DBG_NODE_CONTROL {
	HSA_DBG_NODE_CONTROL_FLAG_MAX = 0x01,
} HSA_DBG_NODE_CONTROL;

typedef struct _HsaDbgWaveMsgAMDGen2 {
	HSAuint32 Value;
	HSAuint32 Reserved2;
} HsaDbgWaveMsgAMDGen2;

typedef union _HsaDbgWaveMessageAMD {
	HsaDbgWaveMsgAMDGen2 WaveMsgInfoGen2;
} HsaDbgWaveMessageAMD;

typedef struct _HsaDbgWaveMessage {
	void *MemoryVA;
	HsaDbgWaveMessageAMD DbgWaveMsg;
} HsaDbgWaveMessage;

/* a bit of hsaKmtGetRuntimeCapabilities() */
#define HSA_RUNTIME_ENABLE_CAPS_SUPPORTS_CORE_DUMP_MASK 0x80000000

/*
 * Performance counters
 */

__extension__ typedef enum _HSA_PROFILE_TYPE {
	HSA_PROFILE_TYPE_PRIVILEGED_IMMEDIATE = 0,
	HSA_PROFILE_TYPE_PRIVILEGED_STREAMING = 1,
	HSA_PROFILE_TYPE_NONPRIV_IMMEDIATE = 2,
	HSA_PROFILE_TYPE_NONPRIV_STREAMING = 3,
	HSA_PROFILE_TYPE_NUM,
	HSA_PROFILE_TYPE_SIZE = 0xFFFFFFFF
} HSA_PROFILE_TYPE;

__extension__ typedef struct _HsaCounterFlags {
	union {
		struct {
			unsigned int Global : 1;
			unsigned int Resettable : 1;
			unsigned int ReadOnly : 1;
			unsigned int Stream : 1;
			unsigned int Reserved : 28;
		} ui32;
		HSAuint32 Value;
	};
} HsaCounterFlags;

typedef struct _HsaCounter {
	HSA_PROFILE_TYPE Type;
	HSAuint64 CounterId;
	HSAuint32 CounterSizeInBits;
	HSAuint64 CounterMask;
	HsaCounterFlags Flags;
	HSAuint32 BlockIndex; /* into HsaCounterProperties.Blocks */
} HsaCounter;

typedef struct _HsaCounterBlockProperties {
	HSA_UUID BlockId;
	HSAuint32 NumCounters;
	HSAuint32 NumConcurrent;
	HsaCounter Counters[1]; /* NumCounters of them */
} HsaCounterBlockProperties;

/* Blocks have different lengths: the second starts where the counters of the first end. */
typedef struct _HsaCounterProperties {
	HSAuint32 NumBlocks;
	HSAuint32 NumConcurrent;
	HsaCounterBlockProperties Blocks[1];
} HsaCounterProperties;

typedef struct _HsaPmcTraceRoot {
	HSAuint64 TraceBufferMinSizeBytes;
	HSAuint32 NumberOfPasses;
	HSATraceId TraceId;
} HsaPmcTraceRoot;

/*
 * PC sampling
 */

typedef enum _HSA_PC_SAMPLING_METHOD_KIND {
	HSA_PC_SAMPLING_METHOD_KIND_HOSTTRAP_V1 = 1,
	HSA_PC_SAMPLING_METHOD_KIND_STOCHASTIC_V1,
} HSA_PC_SAMPLING_METHOD_KIND;

typedef enum _HSA_PC_SAMPLING_UNITS {
	HSA_PC_SAMPLING_UNIT_INTERVAL_MICROSECONDS,
	HSA_PC_SAMPLING_UNIT_INTERVAL_CYCLES,
	HSA_PC_SAMPLING_UNIT_INTERVAL_INSTRUCTIONS,
} HSA_PC_SAMPLING_UNIT_INTERVAL;

typedef struct _HsaPcSamplingInfo {
	HSAuint64 value; /* the interval, in units */
	HSAuint64 value_min;
	HSAuint64 value_max;
	HSAuint64 flags;
	HSA_PC_SAMPLING_METHOD_KIND method;
	HSA_PC_SAMPLING_UNIT_INTERVAL units;
} HsaPcSamplingInfo;

#pragma pack(pop)

#ifdef __cplusplus
}
#endif

#endif
