// SPDX-License-Identifier: MIT
/* AMD's answers to the private adapter query, chosen by the size of the buffer. */
#ifndef DXGSIM_HOST_AMD_ADAPTER_H
#define DXGSIM_HOST_AMD_ADAPTER_H

#include <stdint.h>

#include "dxgsim/host/fixture.h"

#define AMD_QUERY_PROXY 0x960u
#define AMD_QUERY_ATI	0xbc0u
#define AMD_QUERY_EX	0x4360u

/* Fills all @size bytes of @data. 0, or -EINVAL for a size the driver does not know. */
int amd_adapter_query(const struct fixture *fixture, void *data, uint32_t size);

#endif
