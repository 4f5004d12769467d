// SPDX-License-Identifier: MIT
/* Look-ups: our own memory first, then what callers registered. */
#include "memory/lookup.h"

#include "memory/table.h"
#include "memory/user.h"

/*
 * Describes the buffer, the part of one or the registered memory that an address lies in; interior addresses count, what
 * is beyond the size requested does not.  For our own memory no lock is taken and nothing shared is written.  -ENOENT.
 */
int memory_lookup(struct memory *memory, const void *address, struct memory_info *info)
{
	return table_lookup(memory, address, info) ? user_lookup(memory, address, info) : 0;
}

/* Attaches a value of the caller's to what memory_lookup() finds at an address; NULL takes it off.  -ENOENT. */
int memory_set_user_data(struct memory *memory, const void *address, void *user_data)
{
	return table_set_user_data(memory, address, user_data)
		       ? user_set_user_data(memory, address, user_data)
		       : 0;
}
