// SPDX-License-Identifier: MIT
/*
 * One line of the measured data as a structure; the fields are those of the file.
 */
#ifndef CONFORMANCE_ROW_H
#define CONFORMANCE_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "scripted_host.h"

#define ROW_ARGUMENT (-1) /* "buffer" that is the argument structure */

struct bytes {
	uint8_t *data;
	size_t size;
};

enum memory_kind {
	MEMORY_RW,
	MEMORY_RO,
	MEMORY_BAD,
	MEMORY_PART,
	MEMORY_USER,
};

struct row_pointer {
	int in;
	size_t off;
	size_t size;
	enum memory_kind memory;
	struct bytes contents;
};

enum pre_source {
	PRE_ROW,
	PRE_EVENTFD,
	PRE_DXGFD,
	PRE_PID,
};

struct row_pre {
	enum pre_source source;
	const char *from;
	int buf;
	size_t off;
	int to_buf;
	size_t to_off;
	size_t len;
};

enum out_state {
	OUT_SET,
	OUT_ZERO,
	OUT_SAME,
};

struct row_out {
	int buf;
	size_t off;
	size_t len;
	const char *kind;
	enum out_state state;
	bool has_value;
	uint64_t value;
	bool has_memory;
	uint64_t memory;
	int into;
	size_t at;
	bool self;
};

struct row_pointer_out {
	size_t pointer;
	bool changed;
	struct bytes contents; /* empty if only a hash is known */
	bool hashed;
	uint64_t hash;
	size_t head;
};

struct row_inject {
	struct inject inject;
	const char *value_from;
};

struct row {
	void *json; /* the parsed line, which the texts are part of */
	const char *cfg;
	const char *group;
	const char *id;
	const char *proc;
	const char *ioctl;
	const char *note;
	const char *arg_ptr;
	unsigned long cmd;
	int64_t ret;
	int error;
	struct bytes arg_in;
	struct bytes arg_out;
	struct row_pointer *pointers;
	size_t pointer_count;
	struct row_pre *pre;
	size_t pre_count;
	struct row_out *outs;
	size_t out_count;
	struct row_pointer_out *pointer_outs;
	size_t pointer_out_count;
	struct row_inject *injects;
	size_t inject_count;
	struct logged_message *host;
	size_t host_count;
};

/*
 * Reads every row of a file, in order.  -EINVAL: a line is not a row, the reason is on standard error;
 * -ENOMEM; or the errno of reading.  What was read until then is returned all the same, for rows_free().
 */
int rows_read(FILE *file, struct row **out, size_t *count);
void rows_free(struct row *rows, size_t count);

uint64_t fnv1a64(const void *data, size_t size);

#endif
