// SPDX-License-Identifier: MIT
/* Why work on a device does not go on. */
#ifndef GSP_DIAGNOSE_H
#define GSP_DIAGNOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gsp/device.h"

enum gsp_cause {
	GSP_CAUSE_NONE, /* nothing is wrong as far as the host says: it is late */
	GSP_CAUSE_PAGE_FAULT,
	GSP_CAUSE_FAULT, /* of another kind, in this device's work */
	GSP_CAUSE_OUT_OF_MEMORY,
	GSP_CAUSE_HUNG,
	GSP_CAUSE_RESET, /* perhaps for another process' fault */
	GSP_CAUSE_REMOVED,
	GSP_CAUSE_UNKNOWN, /* lost, and the host does not say more */
};

struct gsp_diagnosis {
	enum gsp_cause cause;
	bool has_address;
	uint64_t address; /* of a page fault: of its page */
	bool write;	  /* what was tried there; with an address */
};

int gsp_device_diagnose(struct gsp_device *device, struct gsp_diagnosis *out);
const char *gsp_diagnosis_text(const struct gsp_diagnosis *diagnosis, char *text, size_t size);

#endif
