// SPDX-License-Identifier: MIT
/* The library's errors as the API states them. */
#ifndef THUNK_STATUS_H
#define THUNK_STATUS_H

#include <hsakmt/hsakmttypes.h>

HSAKMT_STATUS status_from_error(int error);
HSAKMT_STATUS status_from_memory_error(int error);

#endif
