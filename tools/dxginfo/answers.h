// SPDX-License-Identifier: MIT
/* The bytes that an adapter answers to every query the library or dxginfo sends. */
#ifndef DXGINFO_ANSWERS_H
#define DXGINFO_ANSWERS_H

#include "dxginfo/machine.h"

struct answer {
	struct answer *next;
	const char *name;
	uint32_t type;
	uint32_t size;
	bool indexed; /* asked once for each node */
	uint32_t index;
	bool refused;
	uint32_t status; /* NTSTATUS of a refusal, as far as the guest's driver tells */
	uint8_t *data;
};

struct answers {
	struct answer *first, **end;
	bool statistics_known;
	uint32_t segments, nodes;
	uint64_t calibration_hz; /* 0: refused */
};

int answers_collect(struct dxg *dxg, const struct adapter *adapter, bool old_host, struct answers *answers);
void answers_release(struct answers *answers);
const struct answer *answers_find(const struct answers *answers, uint32_t type, uint32_t size,
				  uint32_t index);
uint64_t answer_read(const struct answer *answer, uint32_t offset, uint32_t width);

#endif
