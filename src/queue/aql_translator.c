// SPDX-License-Identifier: MIT
/* What the translators of all packets say and ask. */
#include "queue/aql_translator.h"

enum aql_fate aql_refuse(struct aql *aql, uint64_t error, const char *why)
{
	aql->refusal = error;
	aql->why = why;
	return AQL_REFUSED;
}

enum aql_fate aql_failed(struct aql *aql, int error, const char *step)
{
	aql->error = error;
	aql->why = step;
	return AQL_FAILED;
}

/*
 * How many packets there may be from the one in front on.  The write index counts reservations: it may be ahead of what is
 * published, and, with producers that wait for room, of the ring (HSA 1.2: hsa_queue_add_write_index).
 */
uint64_t aql_published(const struct aql *aql)
{
	uint64_t ahead = __atomic_load_n(aql->queue->write_index, __ATOMIC_ACQUIRE) - aql_front(aql);

	return (int64_t)ahead > 0 ? ahead : 0;
}
