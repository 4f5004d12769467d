// SPDX-License-Identifier: MIT
/* Takes out of a driver's private answers what tells of the user and not of the GPU. */
#ifndef DXGINFO_SCRUB_H
#define DXGINFO_SCRUB_H

#include <stdbool.h>
#include <stdint.h>

#define SCRUB_MAX_RANGES 64U

struct scrub_range {
	uint32_t offset;
	uint32_t length;
	const char *what;
};

/* What was taken out; `count` may be more than there is room for. */
struct scrub_log {
	uint32_t count;
	struct scrub_range ranges[SCRUB_MAX_RANGES];
};

void scrub_range(uint8_t *data, uint32_t offset, uint32_t length, const char *what, struct scrub_log *log);
int scrub_private(uint8_t *data, uint32_t size, bool keep_unknown, struct scrub_log *log);
void scrub_name(uint8_t *data, uint32_t offset, uint32_t size, struct scrub_log *log);

#endif
