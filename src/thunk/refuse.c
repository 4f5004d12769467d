// SPDX-License-Identifier: MIT
/* Entry points that only refuse, made from the table in refusals.def. */
#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include <hsakmt/drm_shims.h>
#include <hsakmt/hsakmt.h>

#include "thunk/process.h"
#include "util/log.h"

#define NO_ASAN	       "not built for device-side AddressSanitizer"
#define NO_COUNTERS    "D3DKMT has no interface for performance counters"
#define NO_DEBUGGER    "D3DKMT has no interface for GPU debuggers"
#define NO_KFD	       "there is no amdkfd driver under WSL"
#define NO_RENDER_NODE "there is no DRM render node under WSL"
#define NO_SAMPLING    "D3DKMT has no interface for PC sampling"
#define NO_SEMAPHORES  "this library imports no semaphores"
#define NO_SHARING     "this library shares no memory"
#define NO_SMI	       "D3DKMT has no stream of driver events"
#define NO_SVM	       "GPU page faults are not recoverable under WSL"
#define NO_XNACK       "GPU page faults are not recoverable under WSL"

enum open_check {
	OPEN_FIRST,
	ARGUMENTS_FIRST,
	ANYTIME,
};

static HSAKMT_STATUS refuse(const char *call, enum open_check when, HSAKMT_STATUS arguments,
			    HSAKMT_STATUS status, const char *reason)
{
	if (when == OPEN_FIRST && !process_is_open())
		return HSAKMT_STATUS_KERNEL_IO_CHANNEL_NOT_OPENED;
	if (arguments != HSAKMT_STATUS_SUCCESS)
		return arguments;
	if (when == ARGUMENTS_FIRST && !process_is_open())
		return HSAKMT_STATUS_KERNEL_IO_CHANNEL_NOT_OPENED;
	log_debug("%s refused: %s", call, reason);
	return status;
}

static int refuse_drm(const char *call, const char *reason)
{
	log_debug("%s refused: %s", call, reason);
	return -ENOSYS;
}

#define FINE		  HSAKMT_STATUS_SUCCESS
#define BAD(cond, status) ((cond) ? HSAKMT_STATUS_##status : HSAKMT_STATUS_SUCCESS)

#define BAD_PAGES(address, size) (((uintptr_t)(address) | (size)) & ((uintptr_t)getpagesize() - 1))

/* the parameters p1, p2 ... of the given types */
#define PARAM(type, n)					     type n __attribute__((unused))
#define PARAMS_1(a)					     PARAM(a, p1)
#define PARAMS_2(a, b)					     PARAMS_1(a), PARAM(b, p2)
#define PARAMS_3(a, b, c)				     PARAMS_2(a, b), PARAM(c, p3)
#define PARAMS_4(a, b, c, d)				     PARAMS_3(a, b, c), PARAM(d, p4)
#define PARAMS_5(a, b, c, d, e)				     PARAMS_4(a, b, c, d), PARAM(e, p5)
#define PARAMS_6(a, b, c, d, e, f)			     PARAMS_5(a, b, c, d, e), PARAM(f, p6)
#define PARAMS_7(a, b, c, d, e, f, g)			     PARAMS_6(a, b, c, d, e, f), PARAM(g, p7)
#define PARAMS_8(a, b, c, d, e, f, g, h)		     PARAMS_7(a, b, c, d, e, f, g), PARAM(h, p8)
#define PARAMS_9(a, b, c, d, e, f, g, h, i)		     PARAMS_8(a, b, c, d, e, f, g, h), PARAM(i, p9)
#define PARAMS_10(a, b, c, d, e, f, g, h, i, j)		     PARAMS_9(a, b, c, d, e, f, g, h, i), PARAM(j, p10)
#define PICK_10TH(a, b, c, d, e, f, g, h, i, j, picked, ...) picked
#define PARAMS(...)                                                                                   \
	PICK_10TH(__VA_ARGS__, PARAMS_10, PARAMS_9, PARAMS_8, PARAMS_7, PARAMS_6, PARAMS_5, PARAMS_4, \
		  PARAMS_3, PARAMS_2, PARAMS_1, )                                                     \
	(__VA_ARGS__)

#define REFUSE(call, when, arguments, status, reason, ...)                             \
	HSAKMT_STATUS HSAKMTAPI call(PARAMS(__VA_ARGS__))                              \
	{                                                                              \
		return refuse(#call, when, arguments, HSAKMT_STATUS_##status, reason); \
	}
#define REFUSE_VOID(call, when, status, reason)                                   \
	HSAKMT_STATUS HSAKMTAPI call(void)                                        \
	{                                                                         \
		return refuse(#call, when, FINE, HSAKMT_STATUS_##status, reason); \
	}
#define REFUSE_DRM(call, reason, ...)             \
	int call(PARAMS(__VA_ARGS__))             \
	{                                         \
		return refuse_drm(#call, reason); \
	}

#include "thunk/refusals.def"
