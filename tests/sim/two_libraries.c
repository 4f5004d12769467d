// SPDX-License-Identifier: MIT
/*
 * libhsakmt.so.1 and librocdxg.so.1 in one process: an old runtime is linked with the one (or the user preloads it), a
 * new one loads the other.  They export the same names and must not call each other.
 */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hsakmt/hsakmt.h>

#include "dxgsim/dxgsim.h"
#include "machine.h"

#define PAGE 0x1000ULL

/* clang-format off */
#define CALLS(X) \
	X(hsaKmtOpenKFD) \
	X(hsaKmtCloseKFD) \
	X(hsaKmtAcquireSystemProperties) \
	X(hsaKmtReleaseSystemProperties) \
	X(hsaKmtAllocMemory) \
	X(hsaKmtFreeMemory) \
	X(hsaKmtMapMemoryToGPU) \
	X(hsaKmtUnmapMemoryToGPU) \
	X(hsaKmtQueryPointerInfo) \
	X(hsaKmtCreateEvent) \
	X(hsaKmtDestroyEvent) \
	X(hsaKmtWaitOnEvent) \
	X(hsaKmtWaitOnEvent_Ext) \
	X(hsaKmtWaitOnMultipleEvents)
/* clang-format on */

#define MEMBER(name) __typeof__(name) *name;
static struct {
	CALLS(MEMBER)
} other;

static const HsaMemFlags host_memory = {.Value = 0x20040};

static void load(const char *path)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (!library) {
		fprintf(stderr, "%s\n", dlerror());
		exit(2);
	}
#define RESOLVE(name) *(void **)&other.name = dlsym(library, #name);
	CALLS(RESOLVE)
}

static int close_other(void **state)
{
	while (other.hsaKmtCloseKFD() == HSAKMT_STATUS_SUCCESS)
		;
	return machine_teardown(state);
}

static void use_other(HSAuint32 gpus)
{
	HsaEventDescriptor descriptor = {.EventType = HSA_EVENTTYPE_SIGNAL};
	HsaEvent *event = NULL;
	void *address = NULL;
	HsaPointerInfo info;
	HSAuint64 va;

	assert_status(other.hsaKmtAllocMemory(0, PAGE, host_memory, &address), SUCCESS);
	assert_status(other.hsaKmtMapMemoryToGPU(address, PAGE, &va), SUCCESS);
	assert_status(other.hsaKmtQueryPointerInfo(address, &info), SUCCESS);
	assert_int_equal(info.NMappedNodes, gpus);
	/* its memory is its own */
	assert_int_not_equal(hsaKmtQueryPointerInfo(address, &info), HSAKMT_STATUS_SUCCESS);
	assert_status(other.hsaKmtCreateEvent(&descriptor, false, true, &event), SUCCESS);
	assert_status(other.hsaKmtWaitOnEvent(event, 0), SUCCESS);
	assert_status(other.hsaKmtWaitOnEvent_Ext(event, 0, NULL), WAIT_TIMEOUT);
	assert_status(other.hsaKmtWaitOnMultipleEvents(&event, 1, true, 0), WAIT_TIMEOUT);
	assert_status(other.hsaKmtDestroyEvent(event), SUCCESS);
	assert_status(other.hsaKmtUnmapMemoryToGPU(address), SUCCESS);
	assert_status(other.hsaKmtFreeMemory(address, PAGE), SUCCESS);
}

static void the_one_loaded_works_while_the_one_linked_is_closed(void **state)
{
	HsaSystemProperties system;

	(void)state;
	assert_true(other.hsaKmtOpenKFD != &hsaKmtOpenKFD);
	assert_status(other.hsaKmtOpenKFD(), SUCCESS);
	assert_status(other.hsaKmtAcquireSystemProperties(&system), SUCCESS);
	use_other(2);
	assert_status(other.hsaKmtReleaseSystemProperties(), SUCCESS);
	assert_status(other.hsaKmtCloseKFD(), SUCCESS);
}

static void both_work_at_the_same_time(void **state)
{
	struct machine *machine = *state;
	HsaSystemProperties system;
	void *address = NULL;
	HSAuint64 va;

	assert_status(other.hsaKmtOpenKFD(), SUCCESS);
	assert_status(other.hsaKmtAcquireSystemProperties(&system), SUCCESS);
	assert_int_equal(system.NumNodes, machine->nodes);
	assert_status(hsaKmtAllocMemory(machine->cpu, PAGE, host_memory, &address), SUCCESS);
	memset(address, 1, PAGE);
	assert_status(hsaKmtMapMemoryToGPU(address, PAGE, &va), SUCCESS);
	use_other(2);
	assert_status(other.hsaKmtCloseKFD(), SUCCESS);
	/* closing one leaves the other as it was */
	assert_int_equal(((unsigned char *)address)[PAGE - 1], 1);
	assert_status(hsaKmtUnmapMemoryToGPU(address), SUCCESS);
	assert_status(hsaKmtMapMemoryToGPU(address, PAGE, &va), SUCCESS);
	assert_status(hsaKmtFreeMemory(address, PAGE), SUCCESS);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_one_loaded_works_while_the_one_linked_is_closed,
						machine_setup_closed, close_other),
		cmocka_unit_test_setup_teardown(both_work_at_the_same_time, machine_setup_open, close_other),
	};

	if (argc != 2)
		return 2;
	load(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
