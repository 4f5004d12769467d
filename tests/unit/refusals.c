// SPDX-License-Identifier: MIT
/*
 * Refused calls answer with libhsakmt's statuses: closed before anything else where libhsakmt looks at that
 * first, bad arguments before the refusal, and a debug message that names the call.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hsakmt/drm_shims.h>
#include <hsakmt/hsakmt.h>

#include "thunk/process.h"
#include "util/log.h"

static bool is_open;
static char last_message[512];

bool process_is_open(void)
{
	return is_open;
}

static void keep_message(enum log_level level, const char *line, void *arg)
{
	(void)arg;
	assert_int_equal(level, LOG_DEBUG);
	strncpy(last_message, line, sizeof(last_message) - 1);
}

#define expect(status, call) assert_int_equal(call, HSAKMT_STATUS_##status)

static void a_closed_library_says_so_first(void **state)
{
	(void)state;
	is_open = false;
	expect(KERNEL_IO_CHANNEL_NOT_OPENED, hsaKmtDbgRegister(1));
	expect(KERNEL_IO_CHANNEL_NOT_OPENED, hsaKmtGetXNACKMode(NULL));
	expect(KERNEL_IO_CHANNEL_NOT_OPENED, hsaKmtSVMSetAttr(NULL, 0, 0, NULL));
	expect(KERNEL_IO_CHANNEL_NOT_OPENED, hsaKmtAllocQueueGWS(0, 0, NULL));
	expect(KERNEL_IO_CHANNEL_NOT_OPENED, hsaKmtShareMemory(NULL, 0, NULL));
	expect(KERNEL_IO_CHANNEL_NOT_OPENED, hsaKmtPcSamplingSupport());
}

static void calls_that_never_look_work_closed(void **state)
{
	(void)state;
	is_open = false;
	expect(NOT_IMPLEMENTED, hsaKmtMapGraphicHandle(1, 0, 0, 0, 0, NULL));
	expect(NOT_IMPLEMENTED, hsaKmtProcessVMRead(1, NULL, 0, NULL, 0, NULL));
	expect(NOT_SUPPORTED, hsaKmtSPMAcquire(1));
	expect(NOT_SUPPORTED, hsaKmtReplaceAsanHeaderPage(NULL));
	expect(INVALID_PARAMETER, hsaKmtPmcGetCounterProperties(1, NULL));
	expect(INVALID_PARAMETER, hsaKmtPmcStopTrace(0));
	expect(NOT_SUPPORTED, hsaKmtPmcStopTrace(1));
}

static void sampling_looks_at_arguments_first(void **state)
{
	HsaPcSamplingTraceId id;
	HsaPcSamplingInfo info;

	(void)state;
	is_open = false;
	expect(INVALID_PARAMETER, hsaKmtPcSamplingCreate(1, NULL, &id));
	expect(INVALID_HANDLE, hsaKmtPcSamplingStart(1, 0));
	expect(KERNEL_IO_CHANNEL_NOT_OPENED, hsaKmtPcSamplingCreate(1, &info, &id));
	is_open = true;
	expect(NOT_SUPPORTED, hsaKmtPcSamplingCreate(1, &info, &id));
	expect(NOT_SUPPORTED, hsaKmtPcSamplingStart(1, 1));
}

static void an_open_library_gives_the_documented_status(void **state)
{
	HSA_EXTERNAL_SEMAPHORE_HANDLE semaphore = {0};
	HSAuint32 id;
	HSAint32 xnack;
	int fd;

	(void)state;
	is_open = true;
	expect(NOT_SUPPORTED, hsaKmtSetXNACKMode(1));
	expect(NOT_SUPPORTED, hsaKmtGetXNACKMode(&xnack));
	expect(INVALID_PARAMETER, hsaKmtSVMSetAttr((void *)0x1001, 0x1000, 0, NULL));
	expect(NOT_SUPPORTED, hsaKmtSVMSetAttr((void *)0x100000, 0x10000, 0, NULL));
	expect(INVALID_PARAMETER, hsaKmtSetPersistingCacheSize(1, 1ULL << 32));
	expect(NOT_SUPPORTED, hsaKmtSetPersistingCacheSize(1, 1));
	expect(NOT_SUPPORTED, hsaKmtGetAmdGPUDeviceFd(NULL, &fd));
	expect(ERROR, hsaKmtOpenSMI(1, &fd));
	expect(INVALID_PARAMETER, hsaKmtDbgAddressWatch(1, 101, NULL, NULL, NULL, NULL));
	expect(NOT_SUPPORTED, hsaKmtDbgAddressWatch(1, 100, NULL, NULL, NULL, NULL));
	expect(INVALID_HANDLE, hsaKmtQueueSignalExternalSemaphore(0, semaphore, 1));
	expect(INVALID_HANDLE, hsaKmtQueueWaitExternalSemaphore(1, semaphore, 1));
	expect(INVALID_HANDLE, hsaKmtMemHandleFree(NULL));
	expect(NOT_SUPPORTED, hsaKmtGetKernelQueueId(1, &id));
	assert_int_equal(drmCommandWriteRead(-1, 0, NULL, 0), -ENOSYS);
	assert_int_equal(amdgpu_bo_free(NULL), -ENOSYS);
}

static void a_refusal_names_call_and_reason(void **state)
{
	(void)state;
	is_open = true;
	log_set_sink(keep_message, NULL);
	log_set_level(LOG_DEBUG);
	expect(NOT_SUPPORTED, hsaKmtDbgEnable(NULL, NULL));
	assert_non_null(strstr(last_message, "hsaKmtDbgEnable"));
	assert_non_null(strstr(last_message, "debugger"));
	log_set_sink(NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_closed_library_says_so_first),
		cmocka_unit_test(calls_that_never_look_work_closed),
		cmocka_unit_test(sampling_looks_at_arguments_first),
		cmocka_unit_test(an_open_library_gives_the_documented_status),
		cmocka_unit_test(a_refusal_names_call_and_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
