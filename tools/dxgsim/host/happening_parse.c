// SPDX-License-Identifier: MIT
/* Happenings as people write them: a word, and what belongs to it, with ':' between. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dxgsim/host/happening.h"
#include "dxgsim/host/message.h"

#define MAX_MS (60u * 60 * 1000)

/* argp breaks lines of more than 78 characters */
const char happening_grammar[] =
	"A HAPPENING befalls the Windows host, and so all processes of the run:\n"
	"  reset        a GPU is reset: all devices on it are lost\n"
	"  reset:engine  an engine is reset: only the devices that run on it are lost\n"
	"  hang         what runs on a GPU, or its next job, never ends\n"
	"  illegal      ... stands still at an illegal instruction\n"
	"  page-fault[:va=ADDR][:read]  ... stops at a GPU page fault; of a write, at\n"
	"               its commands, unless told otherwise\n"
	"  remove       a GPU is gone\n"
	"  plug         it is back, with another LUID\n"
	"  driver-restart[:version=A.B.C.D]  both, with that version of its driver\n"
	"  starve:ms=N  Windows has the GPU for N ms; nothing is lost\n"
	"  sleep, resume[:lost]  the host sleeps, until it is woken; devices survive or\n"
	"               are lost\n"
	"  dead-channel, live-channel  messages to the host fail, until they work again\n"
	"  power=mains|battery|unknown  where the power comes from (unknown at first)\n"
	"The first of these take adapter=N (0); reset:engine, hang, illegal and\n"
	"page-fault take node=N, for one engine, and strike one process.\n"
	"Examples: hang:adapter=1\n"
	"          driver-restart:version=32.0.21025.1024\n";

enum option {
	OPTION_ADAPTER = 1 << 0,
	OPTION_NODE = 1 << 1,
	OPTION_ENGINE = 1 << 2,
	OPTION_VA = 1 << 3,
	OPTION_READ = 1 << 4,
	OPTION_LOST = 1 << 5,
	OPTION_MS = 1 << 6,
	OPTION_VERSION = 1 << 7,
};

static const struct {
	const char *word;
	enum happening_kind kind;
	unsigned int options;
} kinds[] = {
	{"reset", HAPPENING_RESET, OPTION_ADAPTER | OPTION_ENGINE | OPTION_NODE},
	{"hang", HAPPENING_HANG, OPTION_ADAPTER | OPTION_NODE},
	{"illegal", HAPPENING_ILLEGAL, OPTION_ADAPTER | OPTION_NODE},
	{"page-fault", HAPPENING_PAGE_FAULT, OPTION_ADAPTER | OPTION_NODE | OPTION_VA | OPTION_READ},
	{"remove", HAPPENING_REMOVE, OPTION_ADAPTER},
	{"plug", HAPPENING_PLUG, OPTION_ADAPTER},
	{"driver-restart", HAPPENING_DRIVER_RESTART, OPTION_ADAPTER | OPTION_VERSION},
	{"starve", HAPPENING_STARVE, OPTION_ADAPTER | OPTION_MS},
	{"sleep", HAPPENING_SLEEP, 0},
	{"resume", HAPPENING_RESUME, OPTION_LOST},
	{"dead-channel", HAPPENING_DEAD_CHANNEL, 0},
	{"live-channel", HAPPENING_LIVE_CHANNEL, 0},
	{"power", HAPPENING_POWER, 0},
};

struct words {
	const char *at; /* NULL: there are no more */
	char word[48];
	const char *value; /* behind the first '=' in word; NULL: there is none */
};

/* False: the next word is too long for any that has a meaning. */
static bool next_word(struct words *words)
{
	size_t length = strcspn(words->at, ":");
	char *equals;

	if (length >= sizeof(words->word))
		return false;
	memcpy(words->word, words->at, length);
	words->word[length] = '\0';
	words->at = words->at[length] ? words->at + length + 1 : NULL;
	equals = strchr(words->word, '=');
	if (equals)
		*equals++ = '\0';
	words->value = equals;
	return true;
}

static bool number(const char *text, uint64_t max, uint64_t *out)
{
	unsigned long long value;
	char *end;

	if (!text || !isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	value = strtoull(text, &end, 0);
	*out = value;
	return !errno && !*end && value <= max;
}

static bool number32(const char *text, uint32_t max, uint32_t *out)
{
	uint64_t value = 0;
	bool good = number(text, max, &value);

	*out = (uint32_t)value;
	return good;
}

static bool version(const char *text, uint64_t *out)
{
	*out = 0;
	for (int i = 0; text && i < 4; i++) {
		unsigned long part;
		char *end;

		if (!isdigit((unsigned char)text[0]))
			return false;
		part = strtoul(text, &end, 10);
		if (part > UINT16_MAX || *end != (i < 3 ? '.' : '\0'))
			return false;
		*out = *out << 16 | part;
		text = end + 1;
	}
	return *out != 0;
}

static bool power(const char *text, enum host_power *out)
{
	static const char *const names[] = {
		[HOST_POWER_UNKNOWN] = "unknown",
		[HOST_POWER_MAINS] = "mains",
		[HOST_POWER_BATTERY] = "battery",
	};

	for (unsigned int i = 0; text && i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(text, names[i])) {
			*out = (enum host_power)i;
			return true;
		}
	}
	return false;
}

/* Which option the word is, if its value is a good one; else 0. */
static unsigned int option(const struct words *words, struct happening *out)
{
	const char *word = words->word, *value = words->value;

	if (!strcmp(word, "adapter"))
		return number32(value, HOST_MAX_VGPUS - 1, &out->adapter) ? OPTION_ADAPTER : 0;
	if (!strcmp(word, "node"))
		return number32(value, UINT32_MAX - 1, &out->node) ? OPTION_NODE : 0;
	if (!strcmp(word, "va"))
		return number(value, UINT64_MAX, &out->address) ? OPTION_VA : 0;
	if (!strcmp(word, "ms"))
		return number(value, MAX_MS, &out->ms) ? OPTION_MS : 0;
	if (!strcmp(word, "version"))
		return version(value, &out->version) ? OPTION_VERSION : 0;
	if (value)
		return 0;
	if (!strcmp(word, "engine"))
		return OPTION_ENGINE;
	if (!strcmp(word, "read"))
		return OPTION_READ;
	return !strcmp(word, "lost") ? OPTION_LOST : 0;
}

static int fail(char *reason, unsigned int size, const char *what, const char *text)
{
	snprintf(reason, size, "%s '%s'", what, text);
	return -EINVAL;
}

static const char *missing(const struct happening *happening, unsigned int given)
{
	if (happening->kind == HAPPENING_STARVE && !(given & OPTION_MS))
		return "ms=N is missing in";
	if (happening->kind == HAPPENING_RESET && given & OPTION_NODE && !(given & OPTION_ENGINE))
		return "node=N is for reset:engine, not for";
	return NULL;
}

int happening_parse(const char *text, struct happening *out, char *reason, unsigned int reason_size)
{
	struct words words = {.at = text};
	unsigned int given = 0, known = 0, one;
	bool found = false;

	*out = (struct happening){.node = HAPPENING_ANY_NODE};
	if (!next_word(&words))
		return -ENOENT;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(words.word, kinds[i].word))
			continue;
		out->kind = kinds[i].kind;
		known = kinds[i].options;
		found = true;
	}
	if (!found)
		return -ENOENT;
	if (out->kind == HAPPENING_POWER ? !power(words.value, &out->power) : words.value != NULL)
		return fail(reason, reason_size, "not a value for this happening:", text);
	while (words.at) {
		if (!next_word(&words))
			return fail(reason, reason_size, "not a part of a happening:", text);
		one = option(&words, out);
		if (!one || !(one & known) || one & given)
			return fail(reason, reason_size,
				    "not a part of this happening, or not once:", words.word);
		given |= one;
	}
	out->engine = given & OPTION_ENGINE;
	out->read = given & OPTION_READ;
	out->address_given = given & OPTION_VA;
	out->lost = given & OPTION_LOST;
	if (missing(out, given))
		return fail(reason, reason_size, missing(out, given), text);
	return 0;
}
