// SPDX-License-Identifier: MIT
/* An adapter as a text file that dxgsim loads (tools/dxgsim/adapters/README.md has the format). */
#ifndef DXGINFO_DESCRIBE_H
#define DXGINFO_DESCRIBE_H

#include <stddef.h>

#include "dxginfo/answers.h"
#include "dxginfo/machine.h"

struct description {
	const struct machine *machine;
	const struct adapter *adapter;
	struct answers *answers; /* what is not to leave the machine is taken out of them */
	bool all_bytes;		 /* keep private bytes whose meaning is not known */
};

int describe_adapter(const struct description *description, char **text, size_t *size);

#endif
