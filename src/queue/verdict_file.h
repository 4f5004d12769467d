// SPDX-License-Identifier: MIT
/*
 * Inside src/queue only: verdicts that outlive a process, in one small file per adapter.
 *
 * What is read says only which rung to begin with.  The file is in a directory that nobody but its user writes to; whatever
 * is in it that is not as expected is as if it were not there.
 */
#ifndef QUEUE_VERDICT_FILE_H
#define QUEUE_VERDICT_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "gsp/caps.h"
#include "gsp/device.h"

#define VERDICT_ENGINES 3U

extern const enum kmd_engine verdict_engines[VERDICT_ENGINES];

#define VERDICT_KEY_MAX 160U

/* NULL: none is to be used. */
char *verdict_directory(const char *given);
/* What the verdicts of this boot, adapter and driver are known by.  false: they cannot be told from others. */
bool verdict_key(struct gsp_device *device, char key[VERDICT_KEY_MAX]);
/* GSP_RUNG_NONE where it is not known. */
void verdict_file_read(const char *directory, const struct gsp_device *device, const char *key,
		       enum gsp_rung rungs[VERDICT_ENGINES]);
/* Adds what is known of one engine. */
void verdict_file_write(const char *directory, const struct gsp_device *device, const char *key,
			unsigned engine, enum gsp_rung rung);

#endif
