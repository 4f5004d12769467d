// SPDX-License-Identifier: MIT
/*
 * Replaying the rows of one group in this process and comparing what comes back.
 */
#ifndef CONFORMANCE_REPLAY_H
#define CONFORMANCE_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "row.h"
#include "scripted_host.h"

#define REPLAY_MAX_FILES 16

/* What a row left behind for later rows. */
struct saved {
	bool done;
	uint8_t *arg;
	size_t arg_size;
	uint8_t **buffers;   /* contents after the call */
	uint64_t *addresses; /* where they were */
	size_t *mapped;	     /* bytes mapped there, of user memory */
};

struct replay {
	const struct row *rows;
	size_t count;
	struct saved *saved;
	struct scripted_host *host;
	int files[REPLAY_MAX_FILES]; /* open /dev/dxg descriptors, oldest first */
	size_t file_count;
	int event;	   /* the last eventfd handed to the driver */
	pid_t other;	   /* a second process that has the adapter open */
	int other_pipe;	   /* closing it ends that process */
	uint32_t recycled; /* handle of the adapter slot that was used twice */
	char problem[2048];
};

/* Adds to the row's problems; the first ones are kept. */
void replay_problem(struct replay *replay, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The row with this id; NULL after a problem was added. */
const struct saved *replay_saved(struct replay *replay, const char *id);
/* The value of the row's output of a kind, 0 after a problem was added. */
uint64_t replay_output(struct replay *replay, const char *id, const char *kind);

int replay_file(const struct replay *replay);

/* Runs one row; replay->problem is empty if it gave what was measured. */
void replay_row(struct replay *replay, size_t index);

/* special.c: rows that are no ioctls.  Result and errno of the step; a name that is unknown is a problem. */
void special_row(struct replay *replay, const struct row *row, int64_t *ret, int *error);
/* What the test program did between rows without recording it. */
void special_before(struct replay *replay, const struct row *row);
void special_after(struct replay *replay, const struct row *row);
/* The argument structure of rows with a read-only argument. */
void special_readonly(struct replay *replay, const struct row *row, uint8_t *arg, size_t size);
bool special_unaligned(const struct row *row);

#endif
