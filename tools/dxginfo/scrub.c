// SPDX-License-Identifier: MIT
/*
 * Registry paths lie at published offsets and are always blanked.  Of the other bytes only those with a known meaning
 * can be shown to tell nothing of the user: a serial number is a number like any other.  So the rest goes too, unless
 * the user wants it kept; then text in it is still blanked, wherever it is, since it can be a path, a user's name or
 * a serial number, and no number of the GPU reads as text of that length.
 */
#include "dxginfo/scrub.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kmd/layouts.h"
#include "util/compiler.h"

/* ROCdbgapi kmddbg.h: four registry paths of 260 UTF-16 units, one for each GPU of a chain. */
#define PATHS_OFFSET 0x03CU
#define PATHS_SIZE   (4U * 260 * 2)

/* Shortest runs of ASCII that are taken for text; with a path's characters in them they may be shorter. */
#define TEXT_CHARS 8U
#define PATH_CHARS 4U

/* Blanks bytes, and tells of it when there were any. */
void scrub_range(uint8_t *data, uint32_t offset, uint32_t length, const char *what, struct scrub_log *log)
{
	bool empty = true;

	for (uint32_t i = 0; i < length; i++)
		empty = empty && !data[offset + i];
	if (empty)
		return;
	memset(data + offset, 0, length);
	if (log->count < SCRUB_MAX_RANGES)
		log->ranges[log->count] = (struct scrub_range){offset, length, what};
	log->count++;
}

/* Marks the bytes that have a known meaning other than text. */
static void mark_known(uint8_t *known, uint32_t size, const struct blob_layout *layout, uint32_t text_field)
{
	for (uint32_t id = 0; id < layout->field_count; id++) {
		const struct field *field = &layout->fields[id];

		for (uint32_t i = 0; id != text_field && i < field_element_count(field); i++) {
			uint32_t at = layout->base + field->offset + i * field_stride(field);

			if (at + field->width <= size)
				memset(known + at, 1, field->width);
		}
	}
}

struct run {
	uint32_t chars;
	bool path;   /* has a character that paths have */
	bool varied; /* not one character over and over, as tables of masks are */
	uint8_t first;
};

static bool is_text(const struct run *run)
{
	return run->varied && run->chars >= (run->path ? PATH_CHARS : TEXT_CHARS);
}

/* A character of `width` bytes whose meaning is not known and which does not end a text. */
static bool is_unit(const uint8_t *data, const uint8_t *known, uint32_t offset, uint32_t width)
{
	bool any = false;

	for (uint32_t i = 0; i < width; i++) {
		if (known[offset + i])
			return false;
		any |= data[offset + i] != 0;
	}
	return any;
}

/* One that is in every language's texts: the first byte printable, the second, if any, zero. */
static bool is_char(const uint8_t *data, const uint8_t *known, uint32_t offset, uint32_t width)
{
	return is_unit(data, known, offset, width) && data[offset] >= 0x20 && data[offset] < 0x7f &&
	       (width == 1 || !data[offset + 1]);
}

/*
 * Blanks texts of characters of `width` bytes that start at or behind `start`: what has a long enough run of ASCII
 * in it, from the zero before it to the zero behind it, for a name in a path may be of any language.
 */
static void blank_text(uint8_t *data, const uint8_t *known, uint32_t size, uint32_t start, uint32_t width,
		       struct scrub_log *log)
{
	for (uint32_t at = start; at + width <= size; at += width) {
		struct run run = {.first = data[at]};
		uint32_t from = at;

		while (at + width <= size && is_char(data, known, at, width)) {
			run.chars++;
			run.path |= data[at] == '\\' || data[at] == '/' || data[at] == ':';
			run.varied |= data[at] != run.first;
			at += width;
		}
		if (!is_text(&run))
			continue;
		while (from >= start + width && is_unit(data, known, from - width, width))
			from -= width;
		while (at + width <= size && is_unit(data, known, at, width))
			at += width;
		scrub_range(data, from, at - from, "text", log);
	}
}

/* Blanks what has no known meaning; the log gets the ends of what was there. */
static void blank_unknown(uint8_t *data, const uint8_t *known, uint32_t size, struct scrub_log *log)
{
	for (uint32_t at = 0; at < size; at++) {
		uint32_t from = at, end = at;

		for (; at < size && !known[at]; at++) {
			if (!data[at])
				continue;
			if (from == end)
				from = at;
			end = at + 1;
		}
		if (end > from)
			scrub_range(data, from, end - from, "of unknown meaning", log);
	}
}

/*
 * Cleans an answer to AMD's private query of `size` bytes: takes out the registry paths, text wherever it is, and,
 * but with `keep_unknown`, every byte without a known meaning.  -ENOMEM.
 */
int scrub_private(uint8_t *data, uint32_t size, bool keep_unknown, struct scrub_log *log)
{
	uint8_t *known = calloc(1, size);

	if (!known)
		return -ENOMEM;
	mark_known(known, size, &proxy_layout, PROXY_REGISTRY_PATH);
	if (size >= PATHS_OFFSET + PATHS_SIZE)
		scrub_range(data, PATHS_OFFSET, PATHS_SIZE, "registry paths", log);
	if (size == KMD_ATI_QUERY_SIZE) {
		const struct field *path = &ati_layout.fields[ATI_UMD_REGISTRY_PATH];

		mark_known(known, size, &ati_layout, ATI_UMD_REGISTRY_PATH);
		scrub_range(data, ati_layout.base + path->offset, field_element_count(path), "registry path",
			    log);
	} else if (size == KMD_EX_QUERY_SIZE) {
		mark_known(known, size, &ex_layout, UINT32_MAX);
	}
	blank_text(data, known, size, 0, 2, log);
	blank_text(data, known, size, 1, 2, log);
	blank_text(data, known, size, 0, 1, log);
	if (!keep_unknown)
		blank_unknown(data, known, size, log);
	free(known);
	return 0;
}

/*
 * A product's or an engine's name in `size` bytes at `offset`, UTF-16: blanked whole if it is a path.  Behind its end
 * may be whatever the memory held before.
 */
void scrub_name(uint8_t *data, uint32_t offset, uint32_t size, struct scrub_log *log)
{
	uint32_t at = offset, end = offset + size;
	bool path = false;

	for (; at + 2 <= end && (data[at] || data[at + 1]); at += 2)
		path |= data[at] == '\\' && !data[at + 1];
	if (path)
		scrub_range(data, offset, size, "a path for a name", log);
	else
		scrub_range(data, at, end - at, "behind the name", log);
}
