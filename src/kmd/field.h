// SPDX-License-Identifier: MIT
/*
 * Access to driver-private blobs by declared fields.
 *
 * A blob is bytes, never a C structure: every value is read and written through a table that names
 * its offset and width, so that the tables can be printed, compared with the documentation and
 * bounds-checked in one place.  Values are little-endian.
 */
#ifndef KMD_FIELD_H
#define KMD_FIELD_H

#include <stddef.h>
#include <stdint.h>

/* How sure a field is. */
enum field_confidence {
	FIELD_PUBLISHED, /* AMD or Microsoft published the structure */
	FIELD_PROVEN, /* used by a program that is reported to run on hardware, and agreed by a second source */
	FIELD_AGREED, /* two independent sources */
	FIELD_SINGLE, /* one source */
};

struct field {
	const char *name;
	uint32_t offset; /* from blob_layout.base */
	uint8_t width;	 /* bytes of one element: 1, 2, 4 or 8 */
	uint8_t shift;	 /* first bit, for a field narrower than its element */
	uint8_t bits;	 /* 0: the whole element */
	uint16_t count;	 /* elements; 0 means 1 */
	uint16_t stride; /* bytes between elements; 0 means width */
	enum field_confidence confidence;
	const char *source;
	const char *meaning;
	/*
	 * What would find out that the field is elsewhere or has another meaning, "; " between several: "check
	 * n" a self-check, "range" a plausible range with a replacement, "probe: step" a step of the
	 * functional probe, "none: why" nothing.
	 */
	const char *verified_by;
};

struct blob_layout {
	const char *name;
	const char *title;
	uint32_t base; /* where the blob starts in the buffer that travels */
	uint32_t size;
	const struct field *fields;
	uint32_t field_count;
};

/* Reads many fields and remembers the first failure, so that a decoder has one check at its end. */
struct blob_reader {
	const struct blob_layout *layout;
	const uint8_t *data;
	size_t size;
	int error;
};

/* The same for writing. */
struct blob_writer {
	const struct blob_layout *layout;
	uint8_t *data;
	size_t size;
	int error;
};

int field_get(const struct blob_layout *layout, uint32_t id, uint32_t element, const void *data, size_t size,
	      uint64_t *value);
int field_set(const struct blob_layout *layout, uint32_t id, uint32_t element, void *data, size_t size,
	      uint64_t value);
uint64_t blob_read(struct blob_reader *reader, uint32_t id);
uint32_t blob_read32(struct blob_reader *reader, uint32_t id);
uint64_t blob_read_element(struct blob_reader *reader, uint32_t id, uint32_t element);
void blob_write(struct blob_writer *writer, uint32_t id, uint64_t value);
void blob_write_element(struct blob_writer *writer, uint32_t id, uint32_t element, uint64_t value);
uint32_t field_element_count(const struct field *field);
uint32_t field_stride(const struct field *field);
const char *field_confidence_name(enum field_confidence confidence);

#endif
