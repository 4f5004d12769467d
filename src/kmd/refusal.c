// SPDX-License-Identifier: MIT
/* What a failed call with private data says about the private data. */
#include <errno.h>

#include "kmd/check.h"

/*
 * Whether an error is how a driver says that it does not like what it was sent: success with a zero handle, a
 * reply that is too short, a status of its own.  Other errors are about the call, not about the private data.
 */
bool kmd_is_refusal(int error)
{
	return error == -EIO || error == -EINVAL || error == -EOVERFLOW || error == -EPERM;
}

/*
 * The self-check that is broken when creating something with private data failed: 12 when the host wrote
 * behind the private data, 15 when it was refused and has forms of which each was tried, else 10.
 */
enum kmd_rule_number kmd_rule_of_refusal(int error, bool has_forms)
{
	if (error == -EPROTO)
		return KMD_RULE_SLACK;
	return has_forms && kmd_is_refusal(error) ? KMD_RULE_FORMS : KMD_RULE_PROBE;
}
