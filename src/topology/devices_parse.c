// SPDX-License-Identifier: MIT
/*
 * Reads lines of comma-separated values.  The files are the user's: whatever is in them, a line is either
 * taken whole or skipped with a message that says where and why.
 */
#include "topology/devices_parse.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/compiler.h"
#include "util/log.h"

#define MAX_LINE     1024
#define MAX_COLUMNS  64
#define MAX_MESSAGES 8

/* Columns that are no number; numbers follow after them. */
enum text_column {
	COLUMN_UNKNOWN,
	COLUMN_ID,
	COLUMN_REVISION,
	COLUMN_GFX,
	COLUMN_KIND,
	COLUMN_NAME,
	COLUMN_NUMBER,
};

#define DEVICE_COLUMN_LIMITS(name, column, min, max) {column, min, max},
static const struct {
	const char *name;
	uint32_t min;
	uint32_t max;
} numbers[DEVICE_COLUMN_COUNT] = {FOR_EACH_DEVICE_COLUMN(DEVICE_COLUMN_LIMITS)};

struct parser {
	const char *label;
	device_line_sink sink;
	void *arg;
	unsigned line_number;
	unsigned messages;
	bool have_header;
	unsigned columns[MAX_COLUMNS]; /* enum text_column, or COLUMN_NUMBER + enum device_column */
	unsigned column_count;
};

static void complain(struct parser *p, const char *what, const char *text)
{
	if (++p->messages < MAX_MESSAGES)
		log_err("%s:%u: %s '%.40s', line skipped", p->label, p->line_number, what, text);
	else if (p->messages == MAX_MESSAGES)
		log_err("%s:%u: further lines of this file are skipped without a message", p->label,
			p->line_number);
}

/* Decimal or 0x...; digits only. */
static bool parse_number(const char *text, uint32_t min, uint32_t max, uint32_t *out)
{
	unsigned base = 10;
	uint64_t value = 0;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
	}
	if (!*text)
		return false;
	for (; *text; text++) {
		unsigned digit;

		if (*text >= '0' && *text <= '9')
			digit = (unsigned)(*text - '0');
		else if (base == 16 && *text >= 'a' && *text <= 'f')
			digit = (unsigned)(*text - 'a') + 10;
		else if (base == 16 && *text >= 'A' && *text <= 'F')
			digit = (unsigned)(*text - 'A') + 10;
		else
			return false;
		value = value * base + digit;
		if (value > UINT32_MAX)
			return false;
	}
	if (value < min || value > max)
		return false;
	*out = (uint32_t)value;
	return true;
}

static char *trim(char *text)
{
	size_t length;

	while (*text == ' ' || *text == '\t')
		text++;
	length = strlen(text);
	while (length && (text[length - 1] == ' ' || text[length - 1] == '\t' || text[length - 1] == '\r'))
		text[--length] = '\0';
	return text;
}

static unsigned column_of(const char *name)
{
	static const char *const texts[] = {
		[COLUMN_ID] = "device_id", [COLUMN_REVISION] = "revision", [COLUMN_GFX] = "gfx",
		[COLUMN_KIND] = "kind",	   [COLUMN_NAME] = "name",
	};

	for (unsigned i = COLUMN_ID; i < ARRAY_SIZE(texts); i++)
		if (!strcmp(name, texts[i]))
			return i;
	for (unsigned i = 0; i < DEVICE_COLUMN_COUNT; i++)
		if (!strcmp(name, numbers[i].name))
			return COLUMN_NUMBER + i;
	return COLUMN_UNKNOWN;
}

/* "device_id,..." as the first line names the columns of all others. */
static bool parse_header(struct parser *p, char **fields, unsigned count)
{
	p->have_header = true;
	if (strcmp(fields[0], "device_id")) {
		static const unsigned brief[] = {COLUMN_ID, COLUMN_REVISION, COLUMN_GFX, COLUMN_NAME};

		memcpy(p->columns, brief, sizeof(brief));
		p->column_count = ARRAY_SIZE(brief);
		return false;
	}
	for (unsigned i = 0; i < count; i++) {
		p->columns[i] = column_of(fields[i]);
		for (unsigned j = 0; j < i; j++)
			if (p->columns[j] == p->columns[i])
				p->columns[i] = COLUMN_UNKNOWN;
		if (p->columns[i] == COLUMN_UNKNOWN)
			log_err("%s:%u: column '%.40s' is unknown or there twice, ignored", p->label,
				p->line_number, fields[i]);
	}
	p->column_count = count;
	return true;
}

/* A name is shown in terminals: no control characters. */
static bool parse_name(const char *text, char name[DEVICE_NAME_SIZE])
{
	size_t length = strlen(text);

	if (length >= DEVICE_NAME_SIZE)
		return false;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] >= 0x7f)
			return false;
	memcpy(name, text, length + 1);
	return true;
}

static bool parse_field(struct device_line *line, unsigned column, const char *text, const char **what)
{
	uint32_t value;

	switch (column) {
	case COLUMN_ID:
		*what = "device_id is not a PCI id";
		if (!parse_number(text, 1, 0xffff, &value))
			return false;
		line->id = (uint16_t)value;
		return true;
	case COLUMN_REVISION:
		*what = "revision is neither * nor 0 to 0xFF";
		if (!strcmp(text, "*"))
			return true;
		if (!parse_number(text, 0, 0xff, &value))
			return false;
		line->revision = (int16_t)value;
		return true;
	case COLUMN_GFX:
		*what = "gfx is not a target like gfx1030";
		return !gfx_version_parse_target(text, &line->gfx);
	case COLUMN_KIND:
		*what = "kind is neither dgpu nor apu";
		if (!strcmp(text, "dgpu"))
			line->kind = DEVICE_KIND_DGPU;
		else if (!strcmp(text, "apu"))
			line->kind = DEVICE_KIND_APU;
		else
			return false;
		return true;
	case COLUMN_NAME:
		*what = "name is too long or not printable ASCII:";
		return parse_name(text, line->name);
	case COLUMN_UNKNOWN:
		return true;
	default:
		column -= COLUMN_NUMBER;
		*what = "number out of range or not a number:";
		if (!parse_number(text, numbers[column].min, numbers[column].max, &line->value[column]))
			return false;
		line->has |= 1U << column;
		return true;
	}
}

static int parse_line(struct parser *p, char *text)
{
	struct device_line line = {.revision = DEVICE_ANY_REVISION};
	char *fields[MAX_COLUMNS], *rest = text;
	const char *what = NULL;
	unsigned count = 0;

	while (rest && count < MAX_COLUMNS)
		fields[count++] = trim(strsep(&rest, ","));
	if (rest) {
		complain(p, "too many columns in", fields[0]);
		return 0;
	}
	if (!p->have_header && parse_header(p, fields, count))
		return 0;
	if (count > p->column_count) {
		complain(p, "more fields than columns in", fields[0]);
		return 0;
	}
	for (unsigned i = 0; i < count; i++) {
		if (*fields[i] && !parse_field(&line, p->columns[i], fields[i], &what)) {
			complain(p, what, fields[i]);
			return 0;
		}
	}
	if (!line.id) {
		complain(p, "no device_id in", fields[0]);
		return 0;
	}
	return p->sink(p->arg, &line);
}

/*
 * Calls the sink for every good line.  Returns 0 or what the sink returned; a sink's failure ends the
 * file.  Empty lines and lines that start with # are comments.  Without a header line the columns are
 * device_id, revision, gfx, name.
 */
int devices_parse(const char *label, const char *text, size_t size, device_line_sink sink, void *arg)
{
	struct parser p = {.label = label, .sink = sink, .arg = arg};
	int ret = 0;

	if (memchr(text, '\0', size)) {
		log_err("%s: not a text file, skipped", label);
		return 0;
	}
	for (size_t at = 0; !ret && at < size;) {
		const char *end = memchr(text + at, '\n', size - at);
		size_t length = end ? (size_t)(end - (text + at)) : size - at;
		char line[MAX_LINE], *start;

		p.line_number++;
		if (length >= sizeof(line)) {
			complain(&p, "line is too long:", "");
		} else {
			memcpy(line, text + at, length);
			line[length] = '\0';
			start = trim(line);
			if (*start && *start != '#')
				ret = parse_line(&p, start);
		}
		at += length + 1;
	}
	return ret;
}
