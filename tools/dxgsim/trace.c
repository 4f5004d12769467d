// SPDX-License-Identifier: MIT
#include "dxgsim/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "dxgsim/driver/driver.h"

static char trace_path[4096];
static bool trace_on;

struct trace_field {
	const char *name;
	uint16_t offset;
	uint16_t size; /* 4 or 8 */
};

#define MAX_FIELDS 6
#define FIELD(type, member)                                                                          \
	{                                                                                            \
#member, offsetof(struct type, member), (uint16_t)sizeof(((struct type *)0)->member) \
	}

/* Arguments as they are after the call, so outputs show too. */
static const struct {
	unsigned long cmd;
	struct trace_field fields[MAX_FIELDS];
} traced[] = {
	{LX_DXOPENADAPTERFROMLUID, {FIELD(d3dkmt_openadapterfromluid, adapter_handle)}},
	{LX_DXCREATEDEVICE, {FIELD(d3dkmt_createdevice, adapter), FIELD(d3dkmt_createdevice, device)}},
	{LX_DXDESTROYDEVICE, {FIELD(d3dkmt_destroydevice, device)}},
	{LX_DXCREATEALLOCATION,
	 {FIELD(d3dkmt_createallocation, device), FIELD(d3dkmt_createallocation, resource),
	  FIELD(d3dkmt_createallocation, alloc_count), FIELD(d3dkmt_createallocation, flags)}},
	{LX_DXDESTROYALLOCATION2,
	 {FIELD(d3dkmt_destroyallocation2, device), FIELD(d3dkmt_destroyallocation2, resource),
	  FIELD(d3dkmt_destroyallocation2, alloc_count), FIELD(d3dkmt_destroyallocation2, flags)}},
	{LX_DXCREATEPAGINGQUEUE,
	 {FIELD(d3dkmt_createpagingqueue, device), FIELD(d3dkmt_createpagingqueue, paging_queue),
	  FIELD(d3dkmt_createpagingqueue, sync_object)}},
	{LX_DXDESTROYPAGINGQUEUE, {FIELD(d3dddi_destroypagingqueue, paging_queue)}},
	{LX_DXQUERYADAPTERINFO,
	 {FIELD(d3dkmt_queryadapterinfo, adapter), FIELD(d3dkmt_queryadapterinfo, type),
	  FIELD(d3dkmt_queryadapterinfo, private_data_size)}},
	{LX_DXQUERYVIDEOMEMORYINFO,
	 {FIELD(d3dkmt_queryvideomemoryinfo, adapter),
	  FIELD(d3dkmt_queryvideomemoryinfo, memory_segment_group),
	  FIELD(d3dkmt_queryvideomemoryinfo, budget), FIELD(d3dkmt_queryvideomemoryinfo, current_usage)}},
	{LX_DXMAKERESIDENT,
	 {FIELD(d3dddi_makeresident, paging_queue), FIELD(d3dddi_makeresident, alloc_count),
	  FIELD(d3dddi_makeresident, flags), FIELD(d3dddi_makeresident, paging_fence_value)}},
	{LX_DXEVICT, {FIELD(d3dkmt_evict, device), FIELD(d3dkmt_evict, alloc_count)}},
	{LX_DXRESERVEGPUVIRTUALADDRESS,
	 {FIELD(d3dddi_reservegpuvirtualaddress, adapter),
	  FIELD(d3dddi_reservegpuvirtualaddress, base_address), FIELD(d3dddi_reservegpuvirtualaddress, size),
	  FIELD(d3dddi_reservegpuvirtualaddress, virtual_address)}},
	{LX_DXMAPGPUVIRTUALADDRESS,
	 {FIELD(d3dddi_mapgpuvirtualaddress, allocation), FIELD(d3dddi_mapgpuvirtualaddress, base_address),
	  FIELD(d3dddi_mapgpuvirtualaddress, size_in_pages), FIELD(d3dddi_mapgpuvirtualaddress, protection),
	  FIELD(d3dddi_mapgpuvirtualaddress, virtual_address),
	  FIELD(d3dddi_mapgpuvirtualaddress, paging_fence_value)}},
	{LX_DXFREEGPUVIRTUALADDRESS,
	 {FIELD(d3dkmt_freegpuvirtualaddress, adapter), FIELD(d3dkmt_freegpuvirtualaddress, base_address),
	  FIELD(d3dkmt_freegpuvirtualaddress, size)}},
	{LX_DXESCAPE,
	 {FIELD(d3dkmt_escape, adapter), FIELD(d3dkmt_escape, type), FIELD(d3dkmt_escape, flags),
	  FIELD(d3dkmt_escape, priv_drv_data_size)}},
	{LX_DXGETDEVICESTATE,
	 {FIELD(d3dkmt_getdevicestate, device), FIELD(d3dkmt_getdevicestate, state_type),
	  FIELD(d3dkmt_getdevicestate, execution_state)}},
	{LX_DXCREATESYNCHRONIZATIONOBJECT,
	 {FIELD(d3dkmt_createsynchronizationobject2, device),
	  FIELD(d3dkmt_createsynchronizationobject2, info.type),
	  FIELD(d3dkmt_createsynchronizationobject2, info.flags),
	  FIELD(d3dkmt_createsynchronizationobject2, sync_object)}},
	{LX_DXDESTROYSYNCHRONIZATIONOBJECT, {FIELD(d3dkmt_destroysynchronizationobject, sync_object)}},
	{LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMCPU,
	 {FIELD(d3dkmt_signalsynchronizationobjectfromcpu, device),
	  FIELD(d3dkmt_signalsynchronizationobjectfromcpu, object_count)}},
	{LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU,
	 {FIELD(d3dkmt_waitforsynchronizationobjectfromcpu, device),
	  FIELD(d3dkmt_waitforsynchronizationobjectfromcpu, object_count),
	  FIELD(d3dkmt_waitforsynchronizationobjectfromcpu, async_event)}},
	{LX_DXLOCK2,
	 {FIELD(d3dkmt_lock2, device), FIELD(d3dkmt_lock2, allocation), FIELD(d3dkmt_lock2, data)}},
	{LX_DXUNLOCK2, {FIELD(d3dkmt_unlock2, device), FIELD(d3dkmt_unlock2, allocation)}},
	{LX_DXCLOSEADAPTER, {FIELD(d3dkmt_closeadapter, adapter_handle)}},
	{LX_DXENUMADAPTERS2, {FIELD(d3dkmt_enumadapters2, num_adapters)}},
	{LX_DXENUMADAPTERS3,
	 {FIELD(d3dkmt_enumadapters3, filter), FIELD(d3dkmt_enumadapters3, adapter_count)}},
	{LX_DXQUERYSTATISTICS,
	 {FIELD(d3dkmt_querystatistics, type), FIELD(d3dkmt_querystatistics, selector)}},
	{LX_DXQUERYCLOCKCALIBRATION,
	 {FIELD(d3dkmt_queryclockcalibration, adapter), FIELD(d3dkmt_queryclockcalibration, node_ordinal)}},
	{LX_DXCREATECONTEXTVIRTUAL,
	 {FIELD(d3dkmt_createcontextvirtual, device), FIELD(d3dkmt_createcontextvirtual, node_ordinal),
	  FIELD(d3dkmt_createcontextvirtual, flags), FIELD(d3dkmt_createcontextvirtual, context)}},
	{LX_DXDESTROYCONTEXT, {FIELD(d3dkmt_destroycontext, context)}},
	{LX_DXCREATEHWQUEUE,
	 {FIELD(d3dkmt_createhwqueue, context), FIELD(d3dkmt_createhwqueue, flags),
	  FIELD(d3dkmt_createhwqueue, queue), FIELD(d3dkmt_createhwqueue, queue_progress_fence)}},
	{LX_DXDESTROYHWQUEUE, {FIELD(d3dkmt_destroyhwqueue, queue)}},
	{LX_DXSUBMITCOMMAND,
	 {FIELD(d3dkmt_submitcommand, broadcast_context_count), FIELD(d3dkmt_submitcommand, command_buffer),
	  FIELD(d3dkmt_submitcommand, command_length), FIELD(d3dkmt_submitcommand, priv_drv_data_size)}},
	{LX_DXSUBMITCOMMANDTOHWQUEUE,
	 {FIELD(d3dkmt_submitcommandtohwqueue, hwqueue),
	  FIELD(d3dkmt_submitcommandtohwqueue, hwqueue_progress_fence_id),
	  FIELD(d3dkmt_submitcommandtohwqueue, command_buffer),
	  FIELD(d3dkmt_submitcommandtohwqueue, command_length),
	  FIELD(d3dkmt_submitcommandtohwqueue, priv_drv_data_size)}},
	{LX_DXSUBMITWAITFORSYNCOBJECTSTOHWQUEUE,
	 {FIELD(d3dkmt_submitwaitforsyncobjectstohwqueue, hwqueue),
	  FIELD(d3dkmt_submitwaitforsyncobjectstohwqueue, object_count)}},
	{LX_DXSUBMITSIGNALSYNCOBJECTSTOHWQUEUE,
	 {FIELD(d3dkmt_submitsignalsyncobjectstohwqueue, flags),
	  FIELD(d3dkmt_submitsignalsyncobjectstohwqueue, hwqueue_count),
	  FIELD(d3dkmt_submitsignalsyncobjectstohwqueue, object_count)}},
	{LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMGPU,
	 {FIELD(d3dkmt_signalsynchronizationobjectfromgpu, context),
	  FIELD(d3dkmt_signalsynchronizationobjectfromgpu, object_count)}},
	{LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMGPU2,
	 {FIELD(d3dkmt_signalsynchronizationobjectfromgpu2, flags),
	  FIELD(d3dkmt_signalsynchronizationobjectfromgpu2, context_count),
	  FIELD(d3dkmt_signalsynchronizationobjectfromgpu2, object_count)}},
	{LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMGPU,
	 {FIELD(d3dkmt_waitforsynchronizationobjectfromgpu, context),
	  FIELD(d3dkmt_waitforsynchronizationobjectfromgpu, object_count)}},
};

int trace_open(const char *path)
{
	int fd;

	if (strlen(path) >= sizeof(trace_path))
		return -ENAMETOOLONG;
	if (strcmp(path, "-")) {
		fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
		if (fd < 0)
			return -errno;
		close(fd);
		memcpy(trace_path, path, strlen(path) + 1);
	}
	trace_on = true;
	return 0;
}

bool trace_enabled(void)
{
	return trace_on;
}

/* The program's pointer may be anything: the kernel reads it for us. */
static uint32_t read_argument(const void *arg, void *copy, uint32_t size)
{
	struct iovec to = {copy, size};
	struct iovec from = {(void *)(uintptr_t)arg, size};
	ssize_t got = process_vm_readv(getpid(), &to, 1, &from, 1, 0);

	return got > 0 ? (uint32_t)got : 0;
}

static int print_arguments(const struct hook_call *call, char *line, size_t size)
{
	uint8_t copy[1024];
	uint32_t have = _IOC_SIZE(call->cmd) < sizeof(copy) ? _IOC_SIZE(call->cmd) : (uint32_t)sizeof(copy);
	int length = 0;

	line[0] = '\0';
	for (size_t i = 0; i < sizeof(traced) / sizeof(traced[0]); i++) {
		if (traced[i].cmd != call->cmd)
			continue;
		have = read_argument(call->arg, copy, have);
		for (uint32_t k = 0; k < MAX_FIELDS && traced[i].fields[k].name; k++) {
			const struct trace_field *field = &traced[i].fields[k];
			uint64_t value = 0;

			if ((uint32_t)field->offset + field->size > have || field->size > sizeof(value))
				break;
			memcpy(&value, copy + field->offset, field->size);
			length += snprintf(line + length, size - (size_t)length, "%s%s=0x%llx", k ? " " : "",
					   field->name, (unsigned long long)value);
			if (length >= (int)size)
				return (int)size - 1;
		}
	}
	return length;
}

/* @length as snprintf() returned it. */
static void write_line(const char *line, size_t size, int length)
{
	int fd = STDERR_FILENO;

	if (length >= (int)size)
		length = (int)size - 1;
	if (trace_path[0])
		fd = open(trace_path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0)
		return;
	while (write(fd, line, (size_t)length) < 0 && errno == EINTR)
		;
	if (trace_path[0])
		close(fd);
}

void trace_happening(const char *text)
{
	char line[128];

	if (trace_on)
		write_line(line, sizeof(line),
			   snprintf(line, sizeof(line), "%d/%d HAPPENED %s\n", (int)getpid(),
				    (int)syscall(SYS_gettid), text));
}

void trace_call(const struct hook_call *call, const char *name, int ret, int err)
{
	unsigned int nr = _IOC_NR(call->cmd);
	char arguments[384], number[32], line[768];
	struct timespec now;
	uint64_t us;
	int length;

	if (!trace_on)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	us = ((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec - call->start_ns) / 1000;
	arguments[0] = '\0';
	if (!name) {
		name = driver_ioctl_name(nr);
		print_arguments(call, arguments, sizeof(arguments));
	}
	if (!name) {
		snprintf(number, sizeof(number), "0x%08lx", call->cmd);
		name = number;
	}
	length = snprintf(line, sizeof(line), "%d/%d %s(%s) = %d%s%s %lluus [%s]%s\n", (int)getpid(),
			  (int)syscall(SYS_gettid), name, arguments, ret, ret == -1 ? " " : "",
			  ret == -1 && strerrorname_np(err) ? strerrorname_np(err) : "",
			  (unsigned long long)us, call->names,
			  !call->fault		? ""
			  : call->fault_applied ? " FAULT"
						: " (no message for the fault)");
	write_line(line, sizeof(line), length);
}
