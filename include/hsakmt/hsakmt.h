/* SPDX-License-Identifier: MIT */
/*
 * The HSA thunk interface: how a runtime reaches the GPUs of this machine.
 *
 * Every function returns an HSAKMT_STATUS.  Unless said otherwise a call needs the library to be open
 * (hsaKmtOpenKFD) and answers HSAKMT_STATUS_KERNEL_IO_CHANNEL_NOT_OPENED if it is not; a child after
 * fork() starts closed.  Node ids are valid from hsaKmtAcquireSystemProperties() on.  What WSL cannot do
 * is answered with a status and changes nothing.
 *
 * layout.h tells which generation of the structures is declared.
 */
#ifndef HSAKMT_HSAKMT_H
#define HSAKMT_HSAKMT_H

#include "hsakmttypes.h"

#ifdef __cplusplus
extern "C" {
#endif

/* declared by linux/kfd_ioctl.h of the amdkfd driver */
struct kfd_ioctl_dbg_trap_args;
struct kfd_runtime_info;
struct kfd_dbg_device_info_entry;

#pragma GCC visibility push(default)

/*
 * Open and close
 */

/*
 * Opens the driver.  Calls are counted: every call after the first returns
 * HSAKMT_STATUS_KERNEL_ALREADY_OPENED and needs its own hsaKmtCloseKFD().
 */
HSAKMT_STATUS HSAKMTAPI hsaKmtOpenKFD(void);

/* Undoes one hsaKmtOpenKFD(); the last one stops every thread and releases every object. */
HSAKMT_STATUS HSAKMTAPI hsaKmtCloseKFD(void);

/* The version of the amdkfd interface whose features this library offers. */
HSAKMT_STATUS HSAKMTAPI hsaKmtGetVersion(HsaVersionInfo *VersionInfo);

/*
 * Tells the library which generation of structures the caller was compiled with.  May be called before
 * hsaKmtOpenKFD().  Fails when the library has no such layout; nothing is changed then.
 */
HSAKMT_STATUS HSAKMTAPI DxgAbiCheck(HsaStructureSizes *StructureSizes);

/* Announces a runtime: r_debug for debuggers, and whether TTMP registers shall be set up. */
HSAKMT_STATUS HSAKMTAPI hsaKmtRuntimeEnable(void *rDebug, bool setupTtmp);
HSAKMT_STATUS HSAKMTAPI hsaKmtRuntimeDisable(void);
HSAKMT_STATUS HSAKMTAPI hsaKmtGetRuntimeCapabilities(HSAuint32 *caps_mask);
HSAKMT_STATUS HSAKMTAPI hsaKmtCheckRuntimeDebugSupport(void);

/* True when a software model stands in for the GPU. */
HSAKMT_STATUS HSAKMTAPI hsaKmtModelEnabled(bool *enable);

/*
 * Topology
 */

/* Takes a snapshot of the nodes, or returns the one that exists. */
HSAKMT_STATUS HSAKMTAPI hsaKmtAcquireSystemProperties(HsaSystemProperties *SystemProperties);
HSAKMT_STATUS HSAKMTAPI hsaKmtReleaseSystemProperties(void);

HSAKMT_STATUS HSAKMTAPI hsaKmtGetNodeProperties(HSAuint32 NodeId, HsaNodeProperties *NodeProperties);

/* The array has NumBanks elements; those beyond the node's banks are zeroed. */
HSAKMT_STATUS HSAKMTAPI hsaKmtGetNodeMemoryProperties(HSAuint32 NodeId, HSAuint32 NumBanks,
						      HsaMemoryProperties *MemoryProperties);

/* ProcessorId is ignored: all caches of the node are listed. */
HSAKMT_STATUS HSAKMTAPI hsaKmtGetNodeCacheProperties(HSAuint32 NodeId, HSAuint32 ProcessorId,
						     HSAuint32 NumCaches,
						     HsaCacheProperties *CacheProperties);
HSAKMT_STATUS HSAKMTAPI hsaKmtGetNodeIoLinkProperties(HSAuint32 NodeId, HSAuint32 NumIoLinks,
						      HsaIoLinkProperties *IoLinkProperties);

/* GPU, CPU and system counters read at one moment. */
HSAKMT_STATUS HSAKMTAPI hsaKmtGetClockCounters(HSAuint32 NodeId, HsaClockCounters *Counters);

/* Frequency of the GPU's wall clock counter in Hz. */
HSAKMT_STATUS HSAKMTAPI hsaKmtGetNodeWallclockFrequency(HSAuint32 NodeId, uint64_t *Frequency);

HSAKMT_STATUS HSAKMTAPI hsaKmtGetTileConfig(HSAuint32 NodeId, HsaGpuTileConfig *config);

/* The handle the amdgpu_* functions of this library take; it belongs to the library. */
HSAKMT_STATUS HSAKMTAPI hsaKmtGetAMDGPUDeviceHandle(HSAuint32 NodeId, HsaAMDGPUDeviceHandle *DeviceHandle);
HSAKMT_STATUS HSAKMTAPI hsaKmtGetAmdGPUDeviceFd(HsaAMDGPUDeviceHandle DeviceHandle, int *fd);

/*
 * The node whose GPU holds shared host memory.  In AMD's headers from August to September 2026 only (rocm-systems
 * pull requests 10708 and 11380), whose prototype is not at hand; this library refuses it unseen.
 */
HSAKMT_STATUS HSAKMTAPI hsaKmtGetDefaultHostGpu(HSAuint32 *NodeId);

/* A file descriptor that delivers HSA_EVENT_TYPE events as text. */
HSAKMT_STATUS HSAKMTAPI hsaKmtOpenSMI(HSAuint32 NodeId, int *fd);

HSAKMT_STATUS HSAKMTAPI hsaKmtSetXNACKMode(HSAint32 enable);
HSAKMT_STATUS HSAKMTAPI hsaKmtGetXNACKMode(HSAint32 *enable);

/* Milliseconds to hold back SIGBUS after a memory error. */
HSAKMT_STATUS HSAKMTAPI hsaKmtSetSigbusDelay(HSAuint32 NodeId, HSAuint32 DelayMs);

/* Bytes of L2 set aside for data that shall stay in it. */
HSAKMT_STATUS HSAKMTAPI hsaKmtSetPersistingCacheSize(HSAuint32 NodeId, HSAuint64 SizeInBytes);

/*
 * Events
 */

HSAKMT_STATUS HSAKMTAPI hsaKmtCreateEvent(HsaEventDescriptor *EventDesc, bool ManualReset, bool IsSignaled,
					  HsaEvent **Event);
HSAKMT_STATUS HSAKMTAPI hsaKmtDestroyEvent(HsaEvent *Event);
HSAKMT_STATUS HSAKMTAPI hsaKmtSetEvent(HsaEvent *Event);
HSAKMT_STATUS HSAKMTAPI hsaKmtResetEvent(HsaEvent *Event);
HSAKMT_STATUS HSAKMTAPI hsaKmtQueryEventState(HsaEvent *Event);

/*
 * Milliseconds is HSA_EVENTTIMEOUT_IMMEDIATE (look only), HSA_EVENTTIMEOUT_INFINITE or a number.  The _Ext
 * forms keep a signal event's age in event_age, one per event, so that an event which was set between two
 * waits is not missed; event_age may be NULL.
 */
HSAKMT_STATUS HSAKMTAPI hsaKmtWaitOnEvent(HsaEvent *Event, HSAuint32 Milliseconds);
HSAKMT_STATUS HSAKMTAPI hsaKmtWaitOnEvent_Ext(HsaEvent *Event, HSAuint32 Milliseconds, uint64_t *event_age);
HSAKMT_STATUS HSAKMTAPI hsaKmtWaitOnMultipleEvents(HsaEvent *Events[], HSAuint32 NumEvents, bool WaitOnAll,
						   HSAuint32 Milliseconds);
HSAKMT_STATUS HSAKMTAPI hsaKmtWaitOnMultipleEvents_Ext(HsaEvent *Events[], HSAuint32 NumEvents,
						       bool WaitOnAll, HSAuint32 Milliseconds,
						       uint64_t *event_age);

/*
 * Queues
 */

/*
 * AQL queues: the caller fills the read and write pointers and ErrorReason of QueueResource; the call adds
 * the queue id and the doorbell.  Other queues: the call fills all of them.
 */
HSAKMT_STATUS HSAKMTAPI hsaKmtCreateQueue(HSAuint32 NodeId, HSA_QUEUE_TYPE Type, HSAuint32 QueuePercentage,
					  HSA_QUEUE_PRIORITY Priority, void *QueueAddress,
					  HSAuint64 QueueSizeInBytes, HsaEvent *Event,
					  HsaQueueResource *QueueResource);
HSAKMT_STATUS HSAKMTAPI hsaKmtCreateQueueExt(HSAuint32 NodeId, HSA_QUEUE_TYPE Type, HSAuint32 QueuePercentage,
					     HSA_QUEUE_PRIORITY Priority, HSAuint32 SdmaEngineId,
					     void *QueueAddress, HSAuint64 QueueSizeInBytes, HsaEvent *Event,
					     HsaQueueResource *QueueResource);
HSAKMT_STATUS HSAKMTAPI hsaKmtCreateQueueV2(HSAuint32 NodeId, HSA_QUEUE_TYPE Type, HSAuint32 QueuePercentage,
					    HSA_QUEUE_PRIORITY Priority, HSAuint32 SdmaEngineId,
					    void *QueueAddress, HSAuint64 QueueSizeInBytes,
					    HSAuint64 MetaDataPrefetchSizeInBytes, HsaEvent *Event,
					    HsaQueueResource *QueueResource);

/* A NULL QueueAddress or a QueuePercentage of 0 stops the queue. */
HSAKMT_STATUS HSAKMTAPI hsaKmtUpdateQueue(HSA_QUEUEID QueueId, HSAuint32 QueuePercentage,
					  HSA_QUEUE_PRIORITY Priority, void *QueueAddress,
					  HSAuint64 QueueSize, HsaEvent *Event);
HSAKMT_STATUS HSAKMTAPI hsaKmtDestroyQueue(HSA_QUEUEID QueueId);

/* CUMaskCount counts bits and is a multiple of 32. */
HSAKMT_STATUS HSAKMTAPI hsaKmtSetQueueCUMask(HSA_QUEUEID QueueId, HSAuint32 CUMaskCount,
					     HSAuint32 *QueueCUMask);
HSAKMT_STATUS HSAKMTAPI hsaKmtGetQueueInfo(HSA_QUEUEID QueueId, HsaQueueInfo *QueueInfo);
HSAKMT_STATUS HSAKMTAPI hsaKmtGetKernelQueueId(HSA_QUEUEID QueueId, HSAuint32 *KernelInternalQueueId);

/* Submits what the queue's write index covers; value is a hint only. */
HSAKMT_STATUS HSAKMTAPI hsaKmtQueueRingDoorbell(HSA_QUEUEID QueueId, HSAuint64 value);

HSAKMT_STATUS HSAKMTAPI hsaKmtAllocQueueGWS(HSA_QUEUEID QueueId, HSAuint32 nGWS, HSAuint32 *firstGWS);

/* The trap handler of every queue of the node and the memory it may use. */
HSAKMT_STATUS HSAKMTAPI hsaKmtSetTrapHandler(HSAuint32 NodeId, void *TrapHandlerBaseAddress,
					     HSAuint64 TrapHandlerSizeInBytes, void *TrapBufferBaseAddress,
					     HSAuint64 TrapBufferSizeInBytes);

HSAKMT_STATUS HSAKMTAPI hsaKmtImportExternalSemaphore(HSAuint32 NodeId, void *NtHandle,
						      HSA_EXTERNAL_SEMAPHORE_HANDLE_TYPE Type,
						      HSA_EXTERNAL_SEMAPHORE_HANDLE *OutHandle);
HSAKMT_STATUS HSAKMTAPI hsaKmtDestroyExternalSemaphore(HSA_EXTERNAL_SEMAPHORE_HANDLE Handle);
HSAKMT_STATUS HSAKMTAPI hsaKmtQueueSignalExternalSemaphore(HSA_QUEUEID QueueId,
							   HSA_EXTERNAL_SEMAPHORE_HANDLE Handle,
							   HSAuint64 Value);
HSAKMT_STATUS HSAKMTAPI hsaKmtQueueWaitExternalSemaphore(HSA_QUEUEID QueueId,
							 HSA_EXTERNAL_SEMAPHORE_HANDLE Handle,
							 HSAuint64 Value);

/*
 * Memory
 */

HSAKMT_STATUS HSAKMTAPI hsaKmtSetMemoryPolicy(HSAuint32 Node, HSAuint32 DefaultPolicy,
					      HSAuint32 AlternatePolicy, void *MemoryAddressAlternate,
					      HSAuint64 MemorySizeInBytes);

/* *MemoryAddress is the wanted address with MemFlags.FixedAddress, and is set to the one obtained. */
HSAKMT_STATUS HSAKMTAPI hsaKmtAllocMemory(HSAuint32 PreferredNode, HSAuint64 SizeInBytes,
					  HsaMemFlags MemFlags, void **MemoryAddress);
HSAKMT_STATUS HSAKMTAPI hsaKmtAllocMemoryAlign(HSAuint32 PreferredNode, HSAuint64 SizeInBytes,
					       HSAuint64 Alignment, HsaMemFlags MemFlags,
					       void **MemoryAddress);
HSAKMT_STATUS HSAKMTAPI hsaKmtFreeMemory(void *MemoryAddress, HSAuint64 SizeInBytes);
HSAKMT_STATUS HSAKMTAPI hsaKmtAvailableMemory(HSAuint32 Node, HSAuint64 *AvailableBytes);

/* Memory the caller allocated elsewhere becomes mappable. */
HSAKMT_STATUS HSAKMTAPI hsaKmtRegisterMemory(void *MemoryAddress, HSAuint64 MemorySizeInBytes);
HSAKMT_STATUS HSAKMTAPI hsaKmtRegisterMemoryToNodes(void *MemoryAddress, HSAuint64 MemorySizeInBytes,
						    HSAuint64 NumberOfNodes, HSAuint32 *NodeArray);
HSAKMT_STATUS HSAKMTAPI hsaKmtRegisterMemoryWithFlags(void *MemoryAddress, HSAuint64 MemorySizeInBytes,
						      HsaMemFlags MemFlags);
HSAKMT_STATUS HSAKMTAPI hsaKmtRegisterGraphicsHandleToNodes(HSAuint64 GraphicsResourceHandle,
							    HsaGraphicsResourceInfo *GraphicsResourceInfo,
							    HSAuint64 NumberOfNodes, HSAuint32 *NodeArray);
HSAKMT_STATUS HSAKMTAPI hsaKmtRegisterGraphicsHandleToNodesExt(HSAuint64 GraphicsResourceHandle,
							       HsaGraphicsResourceInfo *GraphicsResourceInfo,
							       HSAuint64 NumberOfNodes, HSAuint32 *NodeArray,
							       HSA_REGISTER_MEM_FLAGS RegisterFlags);
HSAKMT_STATUS HSAKMTAPI hsaKmtDeregisterMemory(void *MemoryAddress);

HSAKMT_STATUS HSAKMTAPI hsaKmtMapMemoryToGPU(void *MemoryAddress, HSAuint64 MemorySizeInBytes,
					     HSAuint64 *AlternateVAGPU);

/* The node list is complete: nodes mapped before and not listed are unmapped. */
#if HSAKMT_LAYOUT >= 396
HSAKMT_STATUS HSAKMTAPI hsaKmtMapMemoryToGPUNodes(void *MemoryAddress, HSAuint64 MemorySizeInBytes,
						  HSAuint64 *AlternateVAGPU, HsaMemFlags MemFlags,
						  HSAuint64 NumberOfNodes, HSAuint32 *NodeArray);
#else
HSAKMT_STATUS HSAKMTAPI hsaKmtMapMemoryToGPUNodes(void *MemoryAddress, HSAuint64 MemorySizeInBytes,
						  HSAuint64 *AlternateVAGPU, HsaMemMapFlags MemMapFlags,
						  HSAuint64 NumberOfNodes, HSAuint32 *NodeArray);
#endif
HSAKMT_STATUS HSAKMTAPI hsaKmtUnmapMemoryToGPU(void *MemoryAddress);

HSAKMT_STATUS HSAKMTAPI hsaKmtMapGraphicHandle(HSAuint32 NodeId, HSAuint64 GraphicDeviceHandle,
					       HSAuint64 GraphicResourceHandle,
					       HSAuint64 GraphicResourceOffset, HSAuint64 GraphicResourceSize,
					       HSAuint64 *FlatMemoryAddress);
HSAKMT_STATUS HSAKMTAPI hsaKmtUnmapGraphicHandle(HSAuint32 NodeId, HSAuint64 FlatMemoryAddress,
						 HSAuint64 SizeInBytes);

/* Pointer may lie anywhere inside a buffer. */
HSAKMT_STATUS HSAKMTAPI hsaKmtQueryPointerInfo(const void *Pointer, HsaPointerInfo *PointerInfo);
HSAKMT_STATUS HSAKMTAPI hsaKmtSetMemoryUserData(const void *Pointer, void *UserData);

HSAKMT_STATUS HSAKMTAPI hsaKmtReplaceAsanHeaderPage(void *addr);
HSAKMT_STATUS HSAKMTAPI hsaKmtReturnAsanHeaderPage(void *addr);

HSAKMT_STATUS HSAKMTAPI hsaKmtSVMSetAttr(void *start_addr, HSAuint64 size, unsigned int nattr,
					 HSA_SVM_ATTRIBUTE *attrs);
HSAKMT_STATUS HSAKMTAPI hsaKmtSVMGetAttr(void *start_addr, HSAuint64 size, unsigned int nattr,
					 HSA_SVM_ATTRIBUTE *attrs);

/*
 * Sharing
 */

HSAKMT_STATUS HSAKMTAPI hsaKmtShareMemory(void *MemoryAddress, HSAuint64 SizeInBytes,
					  HsaSharedMemoryHandle *SharedMemoryHandle);
HSAKMT_STATUS HSAKMTAPI hsaKmtRegisterSharedHandle(const HsaSharedMemoryHandle *SharedMemoryHandle,
						   void **MemoryAddress, HSAuint64 *SizeInBytes);
HSAKMT_STATUS HSAKMTAPI hsaKmtRegisterSharedHandleToNodes(const HsaSharedMemoryHandle *SharedMemoryHandle,
							  void **MemoryAddress, HSAuint64 *SizeInBytes,
							  HSAuint64 NumberOfNodes, HSAuint32 *NodeArray);

/* The descriptor is the caller's to close; *Offset is where MemoryAddress lies in the exported buffer. */
HSAKMT_STATUS HSAKMTAPI hsaKmtExportDMABufHandle(void *MemoryAddress, HSAuint64 MemorySizeInBytes,
						 int *DMABufFd, HSAuint64 *Offset);
HSAKMT_STATUS HSAKMTAPI hsaKmtGetMemoryHandle(void *va, void *MemoryAddress, HSAuint64 SizeInBytes,
					      uint64_t *SharedMemoryHandle);
HSAKMT_STATUS HSAKMTAPI hsaKmtHandleImport(const HsaHandleImportDesc *ImportDesc,
					   HsaHandleImportResult *ImportResult, HsaHandleImportFlags *Flags);
HSAKMT_STATUS HSAKMTAPI hsaKmtHandleExport(const HsaHandleExportDesc *ExportDesc,
					   HsaMemoryExportResult *ExportResult, HsaHandleExportFlags *Flags);
HSAKMT_STATUS HSAKMTAPI hsaKmtMemHandleFree(HsaMemoryObjectHandle Handle);
HSAKMT_STATUS HSAKMTAPI hsaKmtMemHandleFreePreserveMetadata(HsaMemoryObjectHandle Handle);
HSAKMT_STATUS HSAKMTAPI hsaKmtMemoryVaMap(HsaMemoryObjectHandle Handle, HSAuint64 offset, HSAuint64 size,
					  HSAuint64 addr, HsaMemoryMapFlags flags, HSAuint32 NodeId);
HSAKMT_STATUS HSAKMTAPI hsaKmtMemoryVaUnmap(HsaMemoryObjectHandle Handle, HSAuint64 offset, HSAuint64 size,
					    HSAuint64 addr, HSAuint32 NodeId);
HSAKMT_STATUS HSAKMTAPI hsaKmtMemoryCpuMap(HsaMemoryObjectHandle Handle, void **out_cpu_ptr);
HSAKMT_STATUS HSAKMTAPI hsaKmtMemoryGetCpuAddr(HsaAMDGPUDeviceHandle DeviceHandle,
					       HsaMemoryObjectHandle MemoryHandle, HSAuint64 *cpu_addr);

HSAKMT_STATUS HSAKMTAPI hsaKmtProcessVMRead(HSAuint32 Pid, HsaMemoryRange *LocalMemoryArray,
					    HSAuint64 LocalMemoryArrayCount,
					    HsaMemoryRange *RemoteMemoryArray,
					    HSAuint64 RemoteMemoryArrayCount, HSAuint64 *SizeCopied);
HSAKMT_STATUS HSAKMTAPI hsaKmtProcessVMWrite(HSAuint32 Pid, HsaMemoryRange *LocalMemoryArray,
					     HSAuint64 LocalMemoryArrayCount,
					     HsaMemoryRange *RemoteMemoryArray,
					     HSAuint64 RemoteMemoryArrayCount, HSAuint64 *SizeCopied);

/* Moves data between a file and a GPU buffer without a copy in system memory. */
HSAKMT_STATUS HSAKMTAPI hsaKmtAisReadWriteFile(void *MemoryAddress, HSAuint64 MemorySizeInBytes, HSAint32 fd,
					       HSAint64 file_offset, HsaAisFlags AisFlags,
					       HSAuint64 *SizeCopiedInBytes, HSAint32 *status);

/*
 * Debugger
 */

HSAKMT_STATUS HSAKMTAPI hsaKmtDbgRegister(HSAuint32 NodeId);
HSAKMT_STATUS HSAKMTAPI hsaKmtDbgUnregister(HSAuint32 NodeId);
HSAKMT_STATUS HSAKMTAPI hsaKmtDbgWavefrontControl(HSAuint32 NodeId, HSA_DBG_WAVEOP Operand,
						  HSA_DBG_WAVEMODE Mode, HSAuint32 TrapId,
						  HsaDbgWaveMessage *DbgWaveMsgRing);
HSAKMT_STATUS HSAKMTAPI hsaKmtDbgAddressWatch(HSAuint32 NodeId, HSAuint32 NumWatchPoints,
					      HSA_DBG_WATCH_MODE WatchMode[], void *WatchAddress[],
					      HSAuint64 WatchMask[], HsaEvent *WatchEvent[]);

/* Buffers these calls return are the caller's to free(). */
HSAKMT_STATUS HSAKMTAPI hsaKmtDbgEnable(void **runtime_info, HSAuint32 *data_size);
HSAKMT_STATUS HSAKMTAPI hsaKmtDbgDisable(void);
HSAKMT_STATUS HSAKMTAPI hsaKmtDbgGetDeviceData(void **data, HSAuint32 *n_entries, HSAuint32 *entry_size);
HSAKMT_STATUS HSAKMTAPI hsaKmtDbgGetQueueData(void **data, HSAuint32 *n_entries, HSAuint32 *entry_size,
					      bool suspend_queues);

HSAKMT_STATUS HSAKMTAPI hsaKmtDebugTrapIoctl(struct kfd_ioctl_dbg_trap_args *arg, HSA_QUEUEID *Queues,
					     HSAuint64 *DebugReturn);
HSAKMT_STATUS HSAKMTAPI hsaKmtGetKernelDebugTrapVersionInfo(HSAuint32 *Major, HSAuint32 *Minor);
HSAKMT_STATUS HSAKMTAPI hsaKmtGetCoreRuntimeInfo(struct kfd_runtime_info *runtime_info);
HSAKMT_STATUS HSAKMTAPI hsaKmtGetCoreDeviceInfo(HSAuint32 gpu_id,
						struct kfd_dbg_device_info_entry *device_info);

/*
 * Performance counters and sampling.  The Pmc and SPM calls do not look whether the library is open.
 */

HSAKMT_STATUS HSAKMTAPI hsaKmtPmcGetCounterProperties(HSAuint32 NodeId,
						      HsaCounterProperties **CounterProperties);
HSAKMT_STATUS HSAKMTAPI hsaKmtPmcRegisterTrace(HSAuint32 NodeId, HSAuint32 NumberOfCounters,
					       HsaCounter *Counters, HsaPmcTraceRoot *TraceRoot);
HSAKMT_STATUS HSAKMTAPI hsaKmtPmcUnregisterTrace(HSAuint32 NodeId, HSATraceId TraceId);
HSAKMT_STATUS HSAKMTAPI hsaKmtPmcAcquireTraceAccess(HSAuint32 NodeId, HSATraceId TraceId);
HSAKMT_STATUS HSAKMTAPI hsaKmtPmcReleaseTraceAccess(HSAuint32 NodeId, HSATraceId TraceId);
HSAKMT_STATUS HSAKMTAPI hsaKmtPmcStartTrace(HSATraceId TraceId, void *TraceBuffer,
					    HSAuint64 TraceBufferSizeBytes);
HSAKMT_STATUS HSAKMTAPI hsaKmtPmcQueryTrace(HSATraceId TraceId);
HSAKMT_STATUS HSAKMTAPI hsaKmtPmcStopTrace(HSATraceId TraceId);

HSAKMT_STATUS HSAKMTAPI hsaKmtSPMAcquire(HSAuint32 PreferredNode);
HSAKMT_STATUS HSAKMTAPI hsaKmtSPMRelease(HSAuint32 PreferredNode);
HSAKMT_STATUS HSAKMTAPI hsaKmtSPMSetDestBuffer(HSAuint32 PreferredNode, HSAuint32 SizeInBytes,
					       HSAuint32 *timeout, HSAuint32 *SizeCopied,
					       void *DestMemoryAddress, bool *isSPMDataLoss);

HSAKMT_STATUS HSAKMTAPI hsaKmtPcSamplingSupport(void);
HSAKMT_STATUS HSAKMTAPI hsaKmtPcSamplingQueryCapabilities(HSAuint32 NodeId, void *sample_info,
							  HSAuint32 sample_info_sz, HSAuint32 *sz_needed);
HSAKMT_STATUS HSAKMTAPI hsaKmtPcSamplingCreate(HSAuint32 node_id, HsaPcSamplingInfo *sample_info,
					       HsaPcSamplingTraceId *traceId);
HSAKMT_STATUS HSAKMTAPI hsaKmtPcSamplingDestroy(HSAuint32 NodeId, HsaPcSamplingTraceId traceId);
HSAKMT_STATUS HSAKMTAPI hsaKmtPcSamplingStart(HSAuint32 NodeId, HsaPcSamplingTraceId traceId);
HSAKMT_STATUS HSAKMTAPI hsaKmtPcSamplingStop(HSAuint32 NodeId, HsaPcSamplingTraceId traceId);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
