// SPDX-License-Identifier: MIT
#include "kmd/field.h"

#include <errno.h>

/* Number of elements, at least 1. */
uint32_t field_element_count(const struct field *field)
{
	return field->count ? field->count : 1;
}

/* Bytes from one element to the next. */
uint32_t field_stride(const struct field *field)
{
	return field->stride ? field->stride : field->width;
}

static uint64_t field_mask(const struct field *field)
{
	uint32_t bits = field->bits ? field->bits : field->width * 8U;

	return bits >= 64 ? UINT64_MAX : (1ULL << bits) - 1;
}

/* Finds the element's bytes, or says -ERANGE when the layout or the buffer does not hold them. */
static int field_locate(const struct blob_layout *layout, uint32_t id, uint32_t element, size_t size,
			const struct field **field, size_t *at)
{
	const struct field *f;
	uint64_t start;

	if (id >= layout->field_count)
		return -ERANGE;
	f = &layout->fields[id];
	if (!f->width || f->width > 8 || element >= field_element_count(f))
		return -ERANGE;
	start = f->offset + (uint64_t)element * field_stride(f);
	if (start + f->width > layout->size)
		return -ERANGE;
	start += layout->base;
	if (start + f->width > size)
		return -ERANGE;
	*field = f;
	*at = (size_t)start;
	return 0;
}

static uint64_t load(const uint8_t *bytes, uint32_t width)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < width; i++)
		value |= (uint64_t)bytes[i] << (8 * i);
	return value;
}

/*
 * Reads one element of a field out of a buffer of `size` bytes.  -ERANGE when the field is not in the
 * layout or the buffer ends before it; *value is 0 then.
 */
int field_get(const struct blob_layout *layout, uint32_t id, uint32_t element, const void *data, size_t size,
	      uint64_t *value)
{
	const struct field *field;
	size_t at;
	int ret = field_locate(layout, id, element, size, &field, &at);

	*value = 0;
	if (ret)
		return ret;
	*value = (load((const uint8_t *)data + at, field->width) >> field->shift) & field_mask(field);
	return 0;
}

/*
 * Writes one element of a field; neighbouring bits keep their value.  -ERANGE as field_get, -EOVERFLOW
 * when the value does not fit; nothing is written then.
 */
int field_set(const struct blob_layout *layout, uint32_t id, uint32_t element, void *data, size_t size,
	      uint64_t value)
{
	const struct field *field;
	uint8_t *bytes;
	uint64_t word;
	size_t at;
	int ret = field_locate(layout, id, element, size, &field, &at);

	if (ret)
		return ret;
	if (value & ~field_mask(field))
		return -EOVERFLOW;
	bytes = (uint8_t *)data + at;
	word = load(bytes, field->width);
	word &= ~(field_mask(field) << field->shift);
	word |= value << field->shift;
	for (uint32_t i = 0; i < field->width; i++)
		bytes[i] = (uint8_t)(word >> (8 * i));
	return 0;
}

/* Element of a field, 0 when it is out of bounds; the reader keeps the first error. */
uint64_t blob_read_element(struct blob_reader *reader, uint32_t id, uint32_t element)
{
	uint64_t value;
	int ret = field_get(reader->layout, id, element, reader->data, reader->size, &value);

	if (ret && !reader->error)
		reader->error = ret;
	return value;
}

uint64_t blob_read(struct blob_reader *reader, uint32_t id)
{
	return blob_read_element(reader, id, 0);
}

/* For fields of at most four bytes. */
uint32_t blob_read32(struct blob_reader *reader, uint32_t id)
{
	return (uint32_t)blob_read(reader, id);
}

/* Writes one element of a field; the writer keeps the first error. */
void blob_write_element(struct blob_writer *writer, uint32_t id, uint32_t element, uint64_t value)
{
	int ret = field_set(writer->layout, id, element, writer->data, writer->size, value);

	if (ret && !writer->error)
		writer->error = ret;
}

void blob_write(struct blob_writer *writer, uint32_t id, uint64_t value)
{
	blob_write_element(writer, id, 0, value);
}

const char *field_confidence_name(enum field_confidence confidence)
{
	switch (confidence) {
	case FIELD_PUBLISHED:
		return "published";
	case FIELD_PROVEN:
		return "proven";
	case FIELD_AGREED:
		return "agreed";
	case FIELD_SINGLE:
		return "single";
	}
	return "?";
}
