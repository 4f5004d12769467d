// SPDX-License-Identifier: MIT
/*
 * The executable defines ioctl(), so that the library's calls come here first and go on to where they would have
 * gone: to libc, or to the simulator that was preloaded.
 */
#include "dxgbench/count.h"

#include <dlfcn.h>
#include <linux/userfaultfd.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "dxg/uapi.h"

typedef int (*ioctl_function)(int fd, unsigned long request, ...);
typedef uint64_t (*counter_function)(void);

static _Atomic uint64_t by_number[COUNT_NUMBERS];
static _Atomic uint64_t total;
static _Atomic uint64_t submissions;
static _Atomic uint64_t command_bytes;
static _Atomic unsigned watches;

static ioctl_function next_ioctl(void)
{
	static _Atomic(ioctl_function) next;
	ioctl_function found = atomic_load_explicit(&next, memory_order_relaxed);

	if (!found) {
		*(void **)&found = dlsym(RTLD_NEXT, "ioctl");
		if (!found) {
			fprintf(stderr, "dxgbench: no ioctl() behind this one\n");
			abort();
		}
		atomic_store_explicit(&next, found, memory_order_relaxed);
	}
	return found;
}

static void count_commands(unsigned long request, const void *argument)
{
	uint32_t bytes;

	if (request == LX_DXSUBMITCOMMAND)
		bytes = ((const struct d3dkmt_submitcommand *)argument)->command_length;
	else if (request == LX_DXSUBMITCOMMANDTOHWQUEUE)
		bytes = ((const struct d3dkmt_submitcommandtohwqueue *)argument)->command_length;
	else
		return;
	atomic_fetch_add_explicit(&submissions, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&command_bytes, bytes, memory_order_relaxed);
}

unsigned count_watches(void)
{
	return atomic_load_explicit(&watches, memory_order_relaxed);
}

__attribute__((visibility("default"))) int ioctl(int fd, unsigned long request, ...)
{
	void *argument;
	va_list list;
	int ret;

	va_start(list, request);
	argument = va_arg(list, void *);
	va_end(list);
	if (_IOC_TYPE(request) == DXG_IOCTL_MAGIC) {
		atomic_fetch_add_explicit(&total, 1, memory_order_relaxed);
		atomic_fetch_add_explicit(&by_number[_IOC_NR(request)], 1, memory_order_relaxed);
		count_commands(request, argument);
	}
	ret = next_ioctl()(fd, request, argument);
	if (request == UFFDIO_REGISTER && !ret)
		atomic_fetch_add_explicit(&watches, 1, memory_order_relaxed);
	return ret;
}

static counter_function round_trips(void)
{
	static _Atomic(counter_function) cached;
	static atomic_bool known;
	counter_function found = NULL;

	if (atomic_load(&known))
		return atomic_load(&cached);
	*(void **)&found = dlsym(RTLD_DEFAULT, "dxgsim_round_trips");
	atomic_store(&cached, found);
	atomic_store(&known, true);
	return found;
}

bool count_knows_round_trips(void)
{
	return round_trips() != NULL;
}

uint64_t count_ioctls(void)
{
	return atomic_load_explicit(&total, memory_order_relaxed);
}

uint64_t count_round_trips(void)
{
	counter_function counter = round_trips();

	return counter ? counter() : 0;
}

void count_read(struct count *now)
{
	now->ioctls = count_ioctls();
	now->round_trips = count_round_trips();
	now->submissions = atomic_load_explicit(&submissions, memory_order_relaxed);
	now->command_bytes = atomic_load_explicit(&command_bytes, memory_order_relaxed);
	for (unsigned i = 0; i < COUNT_NUMBERS; i++)
		now->by_number[i] = atomic_load_explicit(&by_number[i], memory_order_relaxed);
	now->waits = now->by_number[_IOC_NR(LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU)];
}

struct count count_since(const struct count *before)
{
	struct count now;

	count_read(&now);
	now.ioctls -= before->ioctls;
	now.round_trips -= before->round_trips;
	now.waits -= before->waits;
	now.submissions -= before->submissions;
	now.command_bytes -= before->command_bytes;
	for (unsigned i = 0; i < COUNT_NUMBERS; i++)
		now.by_number[i] -= before->by_number[i];
	return now;
}

#define NAME(ioctl) [_IOC_NR(LX_DX##ioctl)] = #ioctl

const char *count_name(unsigned number)
{
	static const char *const names[COUNT_NUMBERS] = {
		NAME(CREATEALLOCATION),
		NAME(CREATEDEVICE),
		NAME(CREATEPAGINGQUEUE),
		NAME(DESTROYALLOCATION2),
		NAME(EVICT),
		NAME(FREEGPUVIRTUALADDRESS),
		NAME(GETDEVICESTATE),
		NAME(LOCK2),
		NAME(MAKERESIDENT),
		NAME(MAPGPUVIRTUALADDRESS),
		NAME(OFFERALLOCATIONS),
		NAME(QUERYALLOCATIONRESIDENCY),
		NAME(QUERYSTATISTICS),
		NAME(QUERYVIDEOMEMORYINFO),
		NAME(RECLAIMALLOCATIONS2),
		NAME(RESERVEGPUVIRTUALADDRESS),
		NAME(SIGNALSYNCHRONIZATIONOBJECTFROMGPU),
		NAME(SUBMITCOMMAND),
		NAME(SUBMITCOMMANDTOHWQUEUE),
		NAME(SUBMITWAITFORSYNCOBJECTSTOHWQUEUE),
		NAME(UNLOCK2),
		NAME(UPDATEGPUVIRTUALADDRESS),
		NAME(WAITFORSYNCHRONIZATIONOBJECTFROMCPU),
		NAME(WAITFORSYNCHRONIZATIONOBJECTFROMGPU),
	};

	return number < COUNT_NUMBERS ? names[number] : NULL;
}
