// SPDX-License-Identifier: MIT
/*
 * Parses adapter files. Every key is declared once in a table with its range; an unknown key, a value
 * out of range, a key given twice or a required key left out is an error with file and line.
 */
#include "dxgsim/host/fixture.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dxgsim/host/fixture_text.h"

enum key_kind {
	KEY_STRING,
	KEY_U32,
	KEY_U64,
	KEY_BOOL,
};

struct key {
	const char *section;
	const char *name;
	enum key_kind kind;
	size_t offset;
	size_t size;	/* of the member, for strings */
	uint64_t scale; /* the file's number times this is stored */
	uint64_t min, max;
	bool optional;
};

#define TEXT(section, name, member)                                           \
	{                                                                     \
		section, name, KEY_STRING, offsetof(struct fixture, member),  \
			sizeof(((struct fixture *)0)->member), 0, 0, 0, false \
	}
#define U32(section, name, member, min, max)                                                    \
	{                                                                                       \
		section, name, KEY_U32, offsetof(struct fixture, member), 4, 1, min, max, false \
	}
#define U32_UNIT(section, name, member, unit, min, max)                                            \
	{                                                                                          \
		section, name, KEY_U32, offsetof(struct fixture, member), 4, unit, min, max, false \
	}
#define U64_UNIT(section, name, member, unit, min, max)                                            \
	{                                                                                          \
		section, name, KEY_U64, offsetof(struct fixture, member), 8, unit, min, max, false \
	}
#define U32_OPTIONAL(section, name, member, min, max)                                          \
	{                                                                                      \
		section, name, KEY_U32, offsetof(struct fixture, member), 4, 1, min, max, true \
	}
#define BOOL_OPTIONAL(section, name, member)                                                           \
	{                                                                                              \
		section, name, KEY_BOOL, offsetof(struct fixture, member), sizeof(bool), 1, 0, 1, true \
	}

#define KIB   1024u
#define MIB   (1024u * 1024)
#define MHZ   1000000u
#define MBPS  1000000u
#define ANY32 UINT32_MAX

static const struct key keys[] = {
	TEXT("adapter", "description", description),
	TEXT("adapter", "driver_version", driver_version),
	U32("adapter", "vendor", vendor, 1, 0xffff),
	U32("adapter", "device", device, 1, 0xffff),
	U32("adapter", "revision", revision, 0, 0xff),
	U32("adapter", "subvendor", subvendor, 0, 0xffff),
	U32("adapter", "subsystem", subsystem, 0, 0xffff),
	U32("adapter", "pci_bus", pci_bus, 0, 255),
	U32("adapter", "pci_device", pci_device, 0, 31),
	U32("adapter", "pci_function", pci_function, 0, 7),
	BOOL_OPTIONAL("adapter", "integrated", integrated),
	BOOL_OPTIONAL("adapter", "compute_only", compute_only),

	U32("chip", "generation", generation, 0, 99),
	U32("chip", "family", family, 0, ANY32),
	U32("chip", "external_revision", external_revision, 0, ANY32),
	U32("chip", "chip_revision", chip_revision, 0, ANY32),
	U32_OPTIONAL("chip", "graphics_engine", graphics_engine, 0, ANY32),
	U32("chip", "me_firmware", me_firmware, 0, ANY32),
	U32("chip", "mec_firmware", mec_firmware, 0, ANY32),
	U32("chip", "pfp_firmware", pfp_firmware, 0, ANY32),
	U32("chip", "shader_engines", shader_engines, 1, FIXTURE_MAX_SE),
	U32("chip", "shader_arrays", shader_arrays, 1, FIXTURE_MAX_SA),
	U32("chip", "cus_per_wgp", cus_per_wgp, 1, 2),
	U32("chip", "wave_size", wave_size, 32, 64),
	U32("chip", "vgprs", vgprs, 1, 65536),
	U32("chip", "rbs_per_se", rbs_per_se, 0, 64),
	U32("chip", "tcc_blocks", tcc_blocks, 0, 128),
	U32("chip", "sqcs_per_wgp", sqcs_per_wgp, 0, 8),
	U32_UNIT("chip", "sqc_instruction_kib", sqc_instruction_bytes, KIB, 0, 4096),
	U32_UNIT("chip", "sqc_data_kib", sqc_data_bytes, KIB, 0, 4096),
	U32_UNIT("chip", "gl1_kib", gl1_bytes, KIB, 0, 65536),
	U32_UNIT("chip", "gl2_kib", gl2_bytes, KIB, 0, 1048576),
	U32("chip", "mall_mib", mall_mib, 0, 65536),
	U64_UNIT("chip", "counter_khz", counter_hz, 1000, 1000, 1000000),
	U32_OPTIONAL("chip", "ib_start", ib_start, 4, 65536),
	U32_OPTIONAL("chip", "ib_size", ib_size, 4, 65536),
	BOOL_OPTIONAL("chip", "platform_atomics", platform_atomics),
	BOOL_OPTIONAL("chip", "firmware_state", firmware_state),
	BOOL_OPTIONAL("chip", "hws_capable", hws_capable),

	U32("memory", "type", memory_type, 0, 15),
	U32("memory", "bus_width", bus_width, 0, 8192),
	U64_UNIT("memory", "vram_mib", vram_bytes, MIB, 1, 1u << 20),
	U64_UNIT("memory", "small_bar_mib", small_bar_bytes, MIB, 1, 1u << 20),
	U64_UNIT("memory", "shared_mib", shared_bytes, MIB, 1, 1u << 24),
	U64_UNIT("memory", "va_start", va_start, 1, 0, UINT64_MAX),
	U64_UNIT("memory", "va_end", va_end, 1, 1, UINT64_MAX),
	U32("memory", "va_bits", va_bits, 32, 57),
	U32("memory", "pte_fragment", pte_fragment, 0, 63),

	BOOL_OPTIONAL("state", "hws", hws),
	BOOL_OPTIONAL("state", "rebar", rebar),
	BOOL_OPTIONAL("state", "statistics", statistics),
	U32_OPTIONAL("state", "host", host_interface, 27, 40),
	U32_OPTIONAL("state", "segments", segments, 1, 256),
	U32_OPTIONAL("state", "nodes", nodes, 1, 256),

	U64_UNIT("clocks", "engine_mhz", engine_hz, MHZ, 0, 100000),
	U64_UNIT("clocks", "engine_max_mhz", engine_max_hz, MHZ, 0, 100000),
	U64_UNIT("clocks", "memory_mhz", memory_hz, MHZ, 0, 100000),
	U64_UNIT("clocks", "memory_max_mhz", memory_max_hz, MHZ, 0, 100000),
	U64_UNIT("clocks", "memory_bandwidth_mbps", memory_bandwidth, MBPS, 0, 100000000),
	U64_UNIT("clocks", "pcie_bandwidth_mbps", pcie_bandwidth, MBPS, 0, 100000000),
};

struct parser {
	const char *file;
	struct fixture *fixture;
	struct fixture_error *error;
	const char *text;
	size_t left;
	uint32_t line; /* of the text handed out last */
	bool seen[sizeof(keys) / sizeof(keys[0])];
	bool seen_mask[FIXTURE_MAX_SE];
	bool seen_engine[FIXTURE_MAX_ENGINES];
	bool failed;
	int rc;
};

/* libinih: a handler returns 0 for an error. The first text stays, later errors follow from it. */
static int __attribute__((format(printf, 2, 3))) reject(struct parser *parser, const char *format, ...)
{
	char reason[192];
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	if (!parser->failed)
		fixture_fail(parser->error, "%s:%u: %s", parser->file, parser->line, reason);
	parser->failed = true;
	return 0;
}

static int store(struct parser *parser, const struct key *key, const char *value)
{
	uint8_t *member = (uint8_t *)parser->fixture + key->offset;
	uint64_t number;
	int rc;

	if (key->kind == KEY_STRING) {
		if (!value[0] || strlen(value) >= key->size)
			return reject(parser, "%s must have 1 to %zu characters", key->name, key->size - 1);
		memcpy(member, value, strlen(value) + 1);
		return 1;
	}
	if (key->kind == KEY_BOOL) {
		if (fixture_boolean(value, (bool *)member))
			return reject(parser, "%s is yes or no, not '%s'", key->name, value);
		return 1;
	}
	rc = fixture_number(value, &number);
	if (rc == -EINVAL)
		return reject(parser, "%s is a number, not '%s'", key->name, value);
	if (rc || number < key->min || number > key->max)
		return reject(parser, "%s must be %llu to %llu, not %s", key->name,
			      (unsigned long long)key->min, (unsigned long long)key->max, value);
	number *= key->scale;
	if (key->kind == KEY_U32) {
		uint32_t narrow = (uint32_t)number;

		if (narrow != number)
			return reject(parser, "%s is too large: %s", key->name, value);
		memcpy(member, &narrow, sizeof(narrow));
	} else {
		memcpy(member, &number, sizeof(number));
	}
	return 1;
}

/* "wgp_mask_<engine> = <array 0> [<array 1>]" */
static int store_mask(struct parser *parser, const char *name, const char *value)
{
	char copy[64];
	char *save = NULL;
	uint64_t engine, mask;
	uint32_t array = 0;

	if (fixture_number(name + strlen("wgp_mask_"), &engine) || engine >= FIXTURE_MAX_SE)
		return reject(parser, "no shader engine '%s'", name);
	if (parser->seen_mask[engine])
		return reject(parser, "%s is given twice", name);
	parser->seen_mask[engine] = true;
	if (strlen(value) >= sizeof(copy))
		return reject(parser, "%s is too long", name);
	memcpy(copy, value, strlen(value) + 1);
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (array >= FIXTURE_MAX_SA || fixture_number(word, &mask) || mask > UINT16_MAX)
			return reject(parser, "%s: bad mask '%s'", name, word);
		parser->fixture->wgp_mask[engine][array++] = (uint16_t)mask;
	}
	return array ? 1 : reject(parser, "%s is empty", name);
}

/* Keys of [state] for which 0 is a value too. */
static int store_state(struct parser *parser, const char *name, const char *value)
{
	struct fixture *fixture = parser->fixture;
	bool mask = !strcmp(name, "hws_mask");
	bool *given = mask ? &fixture->hws_mask_given : &fixture->calibration_given;

	if (*given)
		return reject(parser, "%s is given twice", name);
	*given = true;
	if (fixture_number(value, mask ? &fixture->hws_mask : &fixture->calibration_hz))
		return reject(parser, "%s is a number, not '%s'", name, value);
	return 1;
}

/* "<ordinal> = <scheduler id> <type> <name>" */
static int store_engine(struct parser *parser, const char *name, const char *value)
{
	static const struct {
		const char *word;
		enum fixture_engine_type type;
	} types[] = {
		{"other", FIXTURE_ENGINE_OTHER},	 {"3d", FIXTURE_ENGINE_3D},
		{"copy", FIXTURE_ENGINE_COPY},		 {"decode", FIXTURE_ENGINE_VIDEO_DECODE},
		{"encode", FIXTURE_ENGINE_VIDEO_ENCODE},
	};
	struct fixture_engine *engine;
	char id_text[8], type_text[12], label[32];
	uint64_t ordinal, id;

	if (!strcmp(name, "timeout_mask")) {
		if (fixture_number(value, &parser->fixture->timeout_mask))
			return reject(parser, "timeout_mask is a number, not '%s'", value);
		return 1;
	}
	if (fixture_number(name, &ordinal) || ordinal >= FIXTURE_MAX_ENGINES)
		return reject(parser, "engine ordinal must be 0 to %d, not '%s'", FIXTURE_MAX_ENGINES - 1,
			      name);
	if (parser->seen_engine[ordinal])
		return reject(parser, "engine %s is given twice", name);
	if (sscanf(value, "%7s %11s %31[^\n]", id_text, type_text, label) != 3 ||
	    fixture_number(id_text, &id) || id > 15)
		return reject(parser, "engine %s: want '<scheduler id 0..15> <type> <name>', not '%s'", name,
			      value);
	engine = &parser->fixture->engines[ordinal];
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(type_text, types[i].word))
			continue;
		engine->scheduler_id = (uint32_t)id;
		engine->type = types[i].type;
		memcpy(engine->name, label, sizeof(label));
		parser->seen_engine[ordinal] = true;
		if (parser->fixture->engine_count <= ordinal)
			parser->fixture->engine_count = (uint32_t)ordinal + 1;
		return 1;
	}
	return reject(parser, "engine %s: unknown type '%s'", name, type_text);
}

static struct fixture_raw *raw_block(struct parser *parser, const char *section)
{
	char type_text[24], size_text[24], index_text[24], rest[2];
	struct fixture_raw *raw;
	uint64_t type, size, index = 0;
	int words = sscanf(section, "raw %23s %23s %23s %1s", type_text, size_text, index_text, rest);

	if (words < 2 || words > 3 || fixture_number(type_text, &type) || fixture_number(size_text, &size) ||
	    (words == 3 && fixture_number(index_text, &index)) || type > UINT32_MAX || index > UINT32_MAX ||
	    !size || size > FIXTURE_RAW_MAX) {
		reject(parser, "want [raw <query type> <size up to %u> [<index>]], not [%s]", FIXTURE_RAW_MAX,
		       section);
		return NULL;
	}
	for (raw = parser->fixture->raw; raw; raw = raw->next) {
		if (raw->type == type && raw->size == size && raw->indexed == (words == 3) &&
		    raw->index == index)
			return raw;
	}
	raw = calloc(1, sizeof(*raw));
	if (!raw)
		goto no_memory;
	raw->type = (uint32_t)type;
	raw->size = (uint32_t)size;
	raw->indexed = words == 3;
	raw->index = (uint32_t)index;
	raw->bytes = calloc(2, raw->size);
	if (!raw->bytes)
		goto no_memory;
	raw->given = raw->bytes + raw->size;
	raw->next = parser->fixture->raw;
	parser->fixture->raw = raw;
	return raw;
no_memory:
	free(raw);
	parser->rc = -ENOMEM;
	reject(parser, "out of memory");
	return NULL;
}

/* "fill = <byte>" and "status = <NTSTATUS>" */
static int store_raw_key(struct parser *parser, struct fixture_raw *raw, const char *name, const char *value)
{
	bool fill = !strcmp(name, "fill");
	uint64_t number;

	if (fill ? raw->filled : raw->status != 0)
		return reject(parser, "%s is given twice", name);
	/* those without the highest bit are successes */
	if (fixture_number(value, &number) || number > (fill ? UINT8_MAX : UINT32_MAX) ||
	    (!fill && number <= INT32_MAX))
		return reject(parser, "%s is not a %s: '%s'", name, fill ? "byte" : "status of a refusal",
			      value);
	if (fill) {
		raw->filled = true;
		raw->fill = (uint8_t)number;
	} else {
		raw->status = (uint32_t)number;
	}
	return 1;
}

/* "<offset> = <hex bytes, blanks allowed between>" */
static int store_raw(struct parser *parser, const char *section, const char *name, const char *value)
{
	struct fixture_raw *raw = raw_block(parser, section);
	uint64_t offset;

	if (!raw)
		return 0;
	if (!strcmp(name, "fill") || !strcmp(name, "status"))
		return store_raw_key(parser, raw, name, value);
	if (fixture_number(name, &offset) || offset >= raw->size)
		return reject(parser, "offset '%s' is not inside the %u bytes of [%s]", name, raw->size,
			      section);
	while (*value) {
		uint8_t byte;

		if (*value == ' ' || *value == '\t') {
			value++;
			continue;
		}
		if (fixture_hex_byte(value, &byte))
			return reject(parser, "offset %s: not pairs of hex digits", name);
		if (offset >= raw->size)
			return reject(parser, "offset %s: bytes beyond the size of [%s]", name, section);
		if (raw->given[offset])
			return reject(parser, "byte 0x%llx of [%s] is given twice",
				      (unsigned long long)offset, section);
		raw->bytes[offset] = byte;
		raw->given[offset++] = 1;
		value += 2;
	}
	return 1;
}

static int handle(void *user, const char *section, const char *name, const char *value)
{
	struct parser *parser = user;

	if (parser->failed)
		return 0;
	if (!strncmp(section, "raw ", 4))
		return store_raw(parser, section, name, value);
	if (!strcmp(section, "engines"))
		return store_engine(parser, name, value);
	if (!strcmp(section, "state") && (!strcmp(name, "hws_mask") || !strcmp(name, "calibration_hz")))
		return store_state(parser, name, value);
	if (!strcmp(section, "chip") && !strncmp(name, "wgp_mask_", strlen("wgp_mask_")))
		return store_mask(parser, name, value);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(section, keys[i].section) || strcmp(name, keys[i].name))
			continue;
		if (parser->seen[i])
			return reject(parser, "%s is given twice", name);
		parser->seen[i] = true;
		return store(parser, &keys[i], value);
	}
	return reject(parser, "unknown key '%s' in [%s]", name, section);
}

/*
 * Hands libinih one line at a time. Its buffer is small and the rest of a longer line would be taken
 * for a line of its own, so a long line is an error here, as is a NUL byte or a continuation line.
 */
static char *next_line(char *buffer, int size, void *stream)
{
	struct parser *parser = stream;
	const char *end;
	size_t length;

	if (!parser->left || parser->failed)
		return NULL;
	parser->line++;
	end = memchr(parser->text, '\n', parser->left);
	length = end ? (size_t)(end - parser->text) + 1 : parser->left;
	if (length >= (size_t)size) {
		reject(parser, "line is longer than %d characters", size - 2);
		return NULL;
	}
	if (memchr(parser->text, '\0', length)) {
		reject(parser, "NUL byte");
		return NULL;
	}
	if (parser->text[0] == ' ' || parser->text[0] == '\t') {
		size_t blanks = 0;

		while (blanks < length && strchr(" \t\r\n", parser->text[blanks]))
			blanks++;
		if (blanks < length) {
			reject(parser, "a line must not start with a blank");
			return NULL;
		}
	}
	memcpy(buffer, parser->text, length);
	buffer[length] = '\0';
	parser->text += length;
	parser->left -= length;
	return buffer;
}

static int parse_version(const char *text, uint64_t *out)
{
	unsigned int part[4];
	char rest;

	if (sscanf(text, "%5u.%5u.%5u.%5u%c", &part[0], &part[1], &part[2], &part[3], &rest) != 4)
		return -EINVAL;
	*out = 0;
	for (int i = 0; i < 4; i++) {
		if (part[i] > 0xffff)
			return -EINVAL;
		*out = *out << 16 | part[i];
	}
	return 0;
}

/* What no single key can tell: required keys and agreement between keys. */
static int check_whole(struct parser *parser)
{
	struct fixture *fixture = parser->fixture;
	uint32_t compute = 0;

	parser->line = 0;
	fixture->amd = fixture->vendor == 0x1002;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		bool chip = !strcmp(keys[i].section, "chip");

		if (!parser->seen[i] && !keys[i].optional && (fixture->amd || !chip))
			return reject(parser, "[%s] %s is missing", keys[i].section, keys[i].name);
	}
	if (parse_version(fixture->driver_version, &fixture->kmd_version))
		return reject(parser, "driver_version is a.b.c.d, not '%s'", fixture->driver_version);
	if (fixture->va_start >= fixture->va_end || fixture->va_bits > 56 ||
	    fixture->va_end > 1ull << fixture->va_bits || (fixture->va_start | fixture->va_end) & 0xffff)
		return reject(parser,
			      "va_start and va_end must be 64 KiB aligned, ordered and inside va_bits");
	for (uint32_t i = 0; i < fixture->engine_count; i++) {
		if (!parser->seen_engine[i])
			return reject(parser, "engine %u is missing", i);
		compute += fixture->engines[i].scheduler_id == 5;
	}
	if (!fixture->engine_count)
		return reject(parser, "[engines] is empty");
	if (fixture->ib_start % 4 || fixture->ib_size % 4)
		return reject(parser, "ib_start and ib_size are multiples of 4");
	if (fixture->timeout_mask >> fixture->engine_count)
		return reject(parser, "timeout_mask names engines that do not exist");
	if (fixture->host_interface != 40 && fixture->host_interface != 27)
		return reject(parser, "host is 27 or 40");
	if (fixture->host_interface == 27)
		fixture->async_messages = fixture->map_guest_memory = false;
	if (fixture->hws_mask >> fixture->engine_count)
		return reject(parser, "hws_mask names engines that do not exist");
	if (!fixture->amd)
		return 1;
	if (fixture->hws && !fixture->hws_capable)
		return reject(parser, "hws is on, but hws_capable is not");
	if (compute != 1)
		return reject(parser, "exactly one engine must have scheduler id 5 (compute)");
	if (fixture->wave_size != 32 && fixture->wave_size != 64)
		return reject(parser, "wave_size is 32 or 64");
	for (uint32_t i = 0; i < FIXTURE_MAX_SE; i++) {
		if (i < fixture->shader_engines && !parser->seen_mask[i])
			return reject(parser, "wgp_mask_%u is missing", i);
		for (uint32_t k = 0; k < FIXTURE_MAX_SA; k++) {
			if (fixture->wgp_mask[i][k] &&
			    (i >= fixture->shader_engines || k >= fixture->shader_arrays))
				return reject(parser, "wgp_mask_%u is outside shader_engines x shader_arrays",
					      i);
		}
	}
	if (!fixture_cu_count(fixture))
		return reject(parser, "no compute unit in the wgp masks");
	if (fixture->small_bar_bytes > fixture->vram_bytes)
		return reject(parser, "small_bar_mib is more than vram_mib");
	return 1;
}

static void set_defaults(struct fixture *fixture)
{
	fixture->rebar = true;
	fixture->host_interface = 40;
	fixture->async_messages = true;
	fixture->map_guest_memory = true;
	fixture->statistics = true;
	fixture->ib_start = 256;
	fixture->ib_size = 32;
	fixture->max_contexts = UINT32_MAX;
	fixture->timeout_ms = 2000;
	fixture->paging_us_per_mib = 1;
}

int fixture_parse(const char *name, const char *text, size_t size, struct fixture **out,
		  struct fixture_error *error)
{
	struct fixture_error ignored;
	struct parser parser = {.file = name, .text = text, .left = size};
	int rc;

	parser.error = error ? error : &ignored;
	parser.error->text[0] = '\0';
	parser.fixture = calloc(1, sizeof(*parser.fixture));
	if (!parser.fixture)
		return -ENOMEM;
	set_defaults(parser.fixture);
	rc = ini_parse_stream(next_line, &parser, handle, &parser);
	if (rc == -2)
		parser.rc = -ENOMEM;
	if (rc > 0 && !parser.failed) {
		parser.line = (uint32_t)rc;
		reject(&parser, "neither [section], comment nor key = value");
	}
	if (!parser.failed && !parser.rc)
		check_whole(&parser);
	if (parser.failed || parser.rc) {
		fixture_free(parser.fixture);
		return parser.rc ? parser.rc : -EINVAL;
	}
	*out = parser.fixture;
	return 0;
}
