// SPDX-License-Identifier: MIT
#include "thunk/status.h"

#include <errno.h>
#include <stddef.h>

#include "util/compiler.h"

static const struct {
	int error;
	HSAKMT_STATUS status;
} table[] = {
	{0, HSAKMT_STATUS_SUCCESS},
	{EINVAL, HSAKMT_STATUS_INVALID_PARAMETER},
	{ENOMEM, HSAKMT_STATUS_NO_MEMORY},
	{ENOSPC, HSAKMT_STATUS_OUT_OF_RESOURCES},
	{EMFILE, HSAKMT_STATUS_OUT_OF_RESOURCES},
	{ENFILE, HSAKMT_STATUS_OUT_OF_RESOURCES},
	{EBUSY, HSAKMT_STATUS_UNAVAILABLE},
	{ETIMEDOUT, HSAKMT_STATUS_WAIT_TIMEOUT},
	{EOPNOTSUPP, HSAKMT_STATUS_NOT_SUPPORTED},
	{ENOSYS, HSAKMT_STATUS_NOT_IMPLEMENTED},
	{EEXIST, HSAKMT_STATUS_MEMORY_ALREADY_REGISTERED},
};

/*
 * The status for a result of the floors below: 0 or a negative errno.  What has no status of its own,
 * a lost device (-ENODEV) among it, is HSAKMT_STATUS_ERROR; an entry point whose documented status differs
 * maps that errno itself.
 */
HSAKMT_STATUS status_from_error(int error)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].error == -error)
			return table[i].status;
	return HSAKMT_STATUS_ERROR;
}

/*
 * The same for memory_*(): a GPU's memory that is exhausted is NO_MEMORY too, as distinct from every other
 * refusal; libhsakmt has no more words than these for them.
 */
HSAKMT_STATUS status_from_memory_error(int error)
{
	switch (error) {
	case 0:
		return HSAKMT_STATUS_SUCCESS;
	case -ENOMEM:
	case -ENOSPC: /* a GPU's memory, as distinct from the host's */
		return HSAKMT_STATUS_NO_MEMORY;
	case -EINVAL:
		return HSAKMT_STATUS_INVALID_PARAMETER;
	case -EOPNOTSUPP:
		return HSAKMT_STATUS_NOT_SUPPORTED;
	default:
		return HSAKMT_STATUS_ERROR;
	}
}
