// SPDX-License-Identifier: MIT
#ifndef CONFORMANCE_SEAM_STUB_H
#define CONFORMANCE_SEAM_STUB_H

#include "scripted_host.h"

/* The host that the driver of this process starts on; before the first open of /dev/dxg. */
void seam_stub_set_host(struct scripted_host *host);

#endif
