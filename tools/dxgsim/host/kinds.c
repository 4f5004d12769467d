// SPDX-License-Identifier: MIT
#include "dxgsim/host/kinds.h"

const char *host_kind_name(enum host_kind kind)
{
	static const char *const names[] = {"object",	  "device",   "paging queue", "sync object",
					    "allocation", "resource", "context",      "hardware queue"};

	return (unsigned int)kind < HOST_OBJECT_KINDS ? names[kind] : "object";
}
