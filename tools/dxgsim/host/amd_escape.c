// SPDX-License-Identifier: MIT
/* AMD's escapes. Public source: AMD ROCdbgapi (header, return codes). An escape carries no NTSTATUS. */
#include <string.h>

#include "dxgsim/host/amd_blob.h"
#include "dxgsim/host/types.h"

#define HEADER_SIZE	 0x80u
#define HEADER_VERSION	 0x00010000u
#define POWER_CODE	 0x03006903u
#define POWER_SIZE	 0xe8u
#define RETURN_CODE	 0x48u
#define RC_OK		 0u
#define RC_UNSUPPORTED	 2u
#define RC_BAD_PARAMETER 0xdu

/* What a device asks for it has to take back, once each. */
static uint32_t power(struct host_call *call, const uint8_t *blob, uint32_t size)
{
	bool restore = size > 0x84 && blob[0x84];
	struct host_device *device;

	if (size != POWER_SIZE || amd_get32(blob, 0x80) != 0x40 || amd_get32(blob, 0xc4) != 0x20 ||
	    blob[0x84] > 1 || !(blob[0x88] & 2)) {
		report_misuse("%s: malformed power request of 0x%x bytes", call->name, size);
		return RC_BAD_PARAMETER;
	}
	if (!(call->m->request.escape->flags & D3DDDI_ESCAPEFLAGS_HARDWARE_ACCESS)) {
		report_misuse("%s: power request without hardware access", call->name);
		return RC_BAD_PARAMETER;
	}
	device = objects_find(&call->process->handles, call->m->request.escape->device, HOST_OBJECT_DEVICE,
			      call->name);
	if (!device)
		return RC_BAD_PARAMETER;
	/* a device that was reset has lost what it asked for */
	if (device->execution_state != D3DKMT_DEVICEEXECUTION_ACTIVE || device->retired)
		return RC_OK;
	/* who had no answer may take back what never came to be */
	if (device->high_clocks && !restore)
		report_misuse("%s: high clocks asked for a second time by device 0x%x", call->name,
			      device->object.handle);
	device->high_clocks = !restore;
	return RC_OK;
}

void host_escape(struct host_call *call)
{
	const struct host_escape *request = call->m->request.escape;
	uint8_t *blob = call->m->reply.escape->data;
	uint32_t code = RC_UNSUPPORTED;

	if (request->type != D3DKMT_ESCAPE_DRIVERPRIVATE)
		return;
	if (!call->adapter->fixture->amd) {
		report_misuse("%s: private escape sent to vendor 0x%04x", call->name,
			      call->adapter->fixture->vendor);
		return;
	}
	if (call->adapter->fixture->escape_ignored)
		return;
	if (request->size < HEADER_SIZE || amd_get32(blob, 0) != HEADER_SIZE ||
	    amd_get32(blob, 4) != HEADER_VERSION) {
		report_misuse("%s: no AMD escape header in %u bytes", call->name, request->size);
		return;
	}
	if (amd_get32(blob, 8) == POWER_CODE)
		code = power(call, blob, request->size);
	memcpy(blob + RETURN_CODE, &code, sizeof(code));
}
