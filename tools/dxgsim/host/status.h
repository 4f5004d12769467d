// SPDX-License-Identifier: MIT
/* NTSTATUS values the model answers with. Public source: Microsoft, [MS-ERREF] 2.3.1. */
#ifndef DXGSIM_HOST_STATUS_H
#define DXGSIM_HOST_STATUS_H

#include <stdint.h>

#define HOST_STATUS_OK		      ((int32_t)0)
#define HOST_STATUS_PENDING	      ((int32_t)0x00000103)
#define HOST_STATUS_INVALID_HANDLE    ((int32_t)0xc0000008u)
#define HOST_STATUS_INVALID_PARAMETER ((int32_t)0xc000000du)
#define HOST_STATUS_NO_MEMORY	      ((int32_t)0xc0000017u)
#define HOST_STATUS_ACCESS_DENIED     ((int32_t)0xc0000022u)
#define HOST_STATUS_BUFFER_TOO_SMALL  ((int32_t)0xc0000023u)
#define HOST_STATUS_TYPE_MISMATCH     ((int32_t)0xc0000024u)
#define HOST_STATUS_NOT_SUPPORTED     ((int32_t)0xc00000bbu)
#define HOST_STATUS_DEVICE_REMOVED    ((int32_t)0xc00002b6u)

#endif
