// SPDX-License-Identifier: MIT
#include "dxgsim/fault.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dxg/uapi.h"
#include "dxgsim/driver/driver.h"
#include "dxgsim/host/message.h"

#define STATUS_INVALID_PARAMETER 0xc000000du
#define STATUS_NO_MEMORY	 0xc0000017u
#define STATUS_DEVICE_REMOVED	 0xc00002b6u
#define SLOW_MS			 200u
#define SLOW_MS_MAX		 600000u
#define AFTER_MS_MAX		 86400000u
#define NS_PER_MS		 1000000u

/* argp breaks lines of more than 78 characters */
const char fault_grammar[] = "A fault SPEC is KEY=VALUE pairs separated by ':'.\n"
			     "  ioctl=NAME   which calls: an ioctl without LX_DX (MAKERESIDENT), ANY, OPEN\n"
			     "  nth=N        the first call that fails, counted among those (1)\n"
			     "  count=N      how many calls fail from there on, 0 for all (1)\n"
			     "and one of these, of which\n"
			     "  errno=NAME   returns -1 with this errno; the call has no effect\n"
			     "and the others act on the messages of the call, which do not reach the host:\n"
			     "  ring-full[=N]  the VMBus ring is full for N attempts (for all)\n"
			     "  drop         the message is lost, the call returns 0 and nothing happened;\n"
			     "               for asynchronous messages\n"
			     "  status=NUM   the reply is this NTSTATUS; for messages whose reply has one\n"
			     "  zero         the reply is all zeros; for messages with a reply\n"
			     "  short[=N]    the reply has N bytes (0); for messages with a longer one\n"
			     "  refuse[=NUM]  the host refuses, as the message lets it: by NTSTATUS NUM\n"
			     "               (0xC000000D), by zeros where the reply has no status, and\n"
			     "               for asynchronous messages by doing nothing\n"
			     "  skip=N       of such messages of the call, let N pass first (0)\n"
			     "  lost         with errno and refuse: besides, the devices of the process are\n"
			     "               lost, what they run is dropped, their fences read all ones:\n"
			     "               removed where ENODEV or 0xC00002B6 says so, else reset\n"
			     "Other messages pass unharmed, and their call counts for nth and count.\n"
			     "Submissions, signals and waits on the GPU are asynchronous, unless the host\n"
			     "is not (modifier async=off). Replies without a status are those that create\n"
			     "a device, context, allocation or paging queue, reserve GPU addresses, or\n"
			     "tell of video memory, among others.\n"
			     "Or it is one of these, with nth (1), count (all) and skip as above:\n"
			     "  over-budget  MAKERESIDENT is refused for want of memory, 0xC0000017\n"
			     "  slow-paging  paging fences of MAKERESIDENT, MAPGPUVIRTUALADDRESS and\n"
			     "               RECLAIMALLOCATIONS2 come 200 ms later, or with ms=N that long\n"
			     "  host-oom     CREATEALLOCATION, MAKERESIDENT, RESERVEGPUVIRTUALADDRESS,\n"
			     "               MAPGPUVIRTUALADDRESS and LOCK2 are refused like that\n"
			     "Or it is what befalls the host from outside, and all programs on it with it,\n"
			     "once for each process that is told of it: one of the happenings below and\n"
			     "  after-ms=N   when: so long after the first open of /dev/dxg (0)\n"
			     "  ioctl=NAME   or just before such a call, the nth (1)\n"
			     "Examples: ioctl=ANY:nth=7:errno=ENOMEM\n"
			     "          over-budget:nth=3:count=2\n"
			     "          slow-paging:ms=20\n"
			     "          ioctl=MAKERESIDENT:nth=2:status=0xC0000017\n"
			     "          reset:adapter=0:engine:after-ms=50\n"
			     "          remove:adapter=0:ioctl=MAKERESIDENT:nth=2\n";

static int fail(char *reason, unsigned int size, const char *what, const char *word)
{
	snprintf(reason, size, "%s '%s'", what, word);
	return -EINVAL;
}

static bool number(const char *text, uint64_t max, uint64_t *out)
{
	unsigned long long value;
	char *end;

	if (!text || !isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || *end || value > max)
		return false;
	*out = value;
	return true;
}

static bool find_ioctl(const char *name, int *nr)
{
	if (!strcmp(name, "ANY") || !strcmp(name, "OPEN")) {
		*nr = name[0] == 'A' ? FAULT_ANY : FAULT_OPEN;
		return true;
	}
	for (unsigned int i = 1; i < 256; i++) {
		const char *known = driver_ioctl_name(i);

		if (known && !strcmp(known, name)) {
			*nr = (int)i;
			return true;
		}
	}
	return false;
}

static bool find_errno(const char *name, uint32_t *out)
{
	uint64_t value;

	for (int i = 1; i < 134; i++) {
		const char *known = strerrorname_np(i);

		if (known && !strcmp(known, name)) {
			*out = (uint32_t)i;
			return true;
		}
	}
	if (!number(name, 4095, &value) || !value)
		return false;
	*out = (uint32_t)value;
	return true;
}

static int parse_kind(struct fault *fault, const char *key, const char *value, char *reason,
		      unsigned int size)
{
	uint64_t parsed = 0;

	if (!strcmp(key, "errno")) {
		fault->kind = FAULT_ERRNO;
		if (!value || !find_errno(value, &fault->value))
			return fail(reason, size, "unknown errno", value ? value : "");
		return 0;
	}
	if (!strcmp(key, "status")) {
		fault->kind = FAULT_STATUS;
		if (!number(value, UINT32_MAX, &parsed))
			return fail(reason, size, "bad status", value ? value : "");
		fault->value = (uint32_t)parsed;
		return 0;
	}
	if (!strcmp(key, "refuse")) {
		fault->kind = FAULT_REFUSE;
		if (value && (!number(value, UINT32_MAX, &parsed) || parsed < 0x80000000u))
			return fail(reason, size, "no NTSTATUS of a failure", value);
		fault->value = value ? (uint32_t)parsed : STATUS_INVALID_PARAMETER;
		return 0;
	}
	if (!strcmp(key, "drop") && !value) {
		fault->kind = FAULT_DROP;
		return 0;
	}
	if (!strcmp(key, "ring-full")) {
		fault->kind = FAULT_RING_FULL;
		if (value && (!number(value, UINT32_MAX, &parsed) || !parsed))
			return fail(reason, size, "bad number of attempts", value);
		if (value)
			fault->messages = (uint32_t)parsed;
		return 0;
	}
	if (!strcmp(key, "short")) {
		fault->kind = FAULT_SHORT;
		if (value && !number(value, UINT32_MAX, &parsed))
			return fail(reason, size, "bad number of bytes", value);
		fault->value = (uint32_t)parsed;
		return 0;
	}
	if (!strcmp(key, "zero") && !value) {
		fault->kind = FAULT_ZERO;
		return 0;
	}
	return fail(reason, size, "unknown word", key);
}

/* A fault that has a name of its own. */
static bool parse_named(struct fault *fault, const char *word)
{
	static const struct {
		const char *name;
		int nr;
		enum fault_kind kind;
		uint32_t value;
	} faults[] = {
		{"over-budget", (int)_IOC_NR(LX_DXMAKERESIDENT), FAULT_STATUS, STATUS_NO_MEMORY},
		{"slow-paging", FAULT_PAGING, FAULT_SLOW, SLOW_MS},
		{"host-oom", FAULT_ALLOCATING, FAULT_REFUSE, STATUS_NO_MEMORY},
	};

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		if (strcmp(word, faults[i].name))
			continue;
		fault->nr = faults[i].nr;
		fault->kind = faults[i].kind;
		fault->value = faults[i].value;
		return true;
	}
	return false;
}

static int parse_words(char *text, struct fault *fault, char *reason, unsigned int size)
{
	bool have_ioctl = false, have_kind = false, have_count = false, named = false;
	uint64_t parsed;

	while (text) {
		char *word = strsep(&text, ":");
		char *value = strchr(word, '=');
		int rc;

		if (value)
			*value++ = '\0';
		if (!strcmp(word, "ioctl")) {
			if (named)
				return fail(reason, size, "a fault that knows its calls, and", word);
			if (!value || !find_ioctl(value, &fault->nr))
				return fail(reason, size, "unknown ioctl", value ? value : "");
			have_ioctl = true;
		} else if (!strcmp(word, "nth")) {
			if (!number(value, UINT64_MAX, &fault->nth) || !fault->nth)
				return fail(reason, size, "nth is a number from 1, not", value ? value : "");
		} else if (!strcmp(word, "count")) {
			if (!number(value, UINT64_MAX, &fault->count))
				return fail(reason, size, "bad count", value ? value : "");
			have_count = true;
		} else if (!strcmp(word, "lost") && !value) {
			fault->lost = true;
		} else if (!strcmp(word, "skip")) {
			if (!number(value, UINT32_MAX, &parsed))
				return fail(reason, size, "bad skip", value ? value : "");
			fault->skip = (uint32_t)parsed;
		} else if (!strcmp(word, "ms") && named && fault->kind == FAULT_SLOW) {
			if (!number(value, SLOW_MS_MAX, &parsed) || !parsed)
				return fail(reason, size, "bad number of milliseconds", value ? value : "");
			fault->value = (uint32_t)parsed;
		} else if (!have_ioctl && !have_kind && !value && parse_named(fault, word)) {
			have_ioctl = have_kind = named = true;
		} else {
			if (have_kind)
				return fail(reason, size, "a second way to fail,", word);
			rc = parse_kind(fault, word, value, reason, size);
			if (rc)
				return rc;
			have_kind = true;
		}
	}
	if (!have_ioctl || !have_kind)
		return fail(reason, size, "missing",
			    have_ioctl ? "errno=, ring-full, drop, status=, zero, short or refuse"
				       : "ioctl=");
	if (fault->lost && fault->kind != FAULT_ERRNO && fault->kind != FAULT_REFUSE)
		return fail(reason, size, "only with errno= or refuse:", "lost");
	if (named && !have_count)
		fault->count = 0;
	return 0;
}

static bool is_key(const char *word, const char *key)
{
	size_t length = strlen(key);

	return !strncmp(word, key, length) && (word[length] == '=' || !word[length]);
}

/* Of a happening: when. */
static int parse_when(char *word, struct fault *fault, char *reason, unsigned int size)
{
	char *value = strchr(word, '=');

	if (value)
		*value++ = '\0';
	if (!strcmp(word, "ioctl")) {
		if (!value || !find_ioctl(value, &fault->nr))
			return fail(reason, size, "unknown ioctl", value ? value : "");
		fault->nth = fault->nth ? fault->nth : 1;
	} else if (!strcmp(word, "nth")) {
		if (!number(value, UINT64_MAX, &fault->nth) || !fault->nth)
			return fail(reason, size, "nth is a number from 1, not", value ? value : "");
	} else {
		if (!number(value, AFTER_MS_MAX, &fault->after_ms))
			return fail(reason, size, "bad number of milliseconds", value ? value : "");
		fault->timed = true;
	}
	return 0;
}

/*
 * What befalls the host: words of when, and the rest is what, which goes to @what, with room for all of @text.  -ENOENT:
 * the spec is of another sort.
 */
static int parse_happening(char *text, char *what, struct fault *fault, char *reason, unsigned int size)
{
	char *when[3], *end = what;
	uint32_t count = 0;
	int rc = 0;

	*what = '\0';
	while (text) {
		char *word = strsep(&text, ":");

		if (count < 3 && (is_key(word, "ioctl") || is_key(word, "nth") || is_key(word, "after-ms")))
			when[count++] = word;
		else
			end += sprintf(end, "%s%s", end == what ? "" : ":", word);
	}
	rc = happening_parse(what, &fault->happening, reason, size);
	if (rc == -ENOENT)
		return rc;
	fault->kind = FAULT_HAPPENING;
	fault->nr = FAULT_NEVER;
	fault->nth = 0;
	snprintf(fault->text, sizeof(fault->text), "%s", what);
	for (uint32_t i = 0; i < count && !rc; i++)
		rc = parse_when(when[i], fault, reason, size);
	if (!rc && fault->nth && fault->nr == FAULT_NEVER)
		return fail(reason, size, "missing", "ioctl=");
	if (!rc && fault->nth && fault->timed)
		return fail(reason, size, "a call or a time, not both,", "after-ms");
	fault->timed = !fault->nth;
	return rc;
}

int fault_parse(const char *spec, struct fault **out, char *reason, unsigned int reason_size)
{
	struct fault *fault = calloc(1, sizeof(*fault));
	char *copy = strdup(spec), *other = strdup(spec), *what = strdup(spec);
	int rc;

	if (!fault || !copy || !other || !what) {
		free(fault);
		free(copy);
		free(other);
		free(what);
		snprintf(reason, reason_size, "out of memory");
		return -ENOMEM;
	}
	fault->nth = 1;
	fault->count = 1;
	fault->messages = UINT32_MAX;
	rc = parse_happening(other, what, fault, reason, reason_size);
	if (rc == -ENOENT)
		rc = parse_words(copy, fault, reason, reason_size);
	free(copy);
	free(other);
	free(what);
	if (rc) {
		free(fault);
		return rc;
	}
	*out = fault;
	return 0;
}

static bool is_meant(const struct fault *fault, int nr)
{
	static const unsigned long paging[] = {LX_DXMAKERESIDENT, LX_DXMAPGPUVIRTUALADDRESS,
					       LX_DXRECLAIMALLOCATIONS2};
	static const unsigned long allocating[] = {LX_DXCREATEALLOCATION, LX_DXMAKERESIDENT,
						   LX_DXRESERVEGPUVIRTUALADDRESS, LX_DXMAPGPUVIRTUALADDRESS,
						   LX_DXLOCK2};
	const unsigned long *calls = fault->nr == FAULT_PAGING ? paging : allocating;
	size_t count = fault->nr == FAULT_PAGING ? sizeof(paging) / sizeof(paging[0])
						 : sizeof(allocating) / sizeof(allocating[0]);

	if (fault->nr == FAULT_ANY)
		return nr != FAULT_OPEN;
	if (fault->nr >= 0 || fault->nr == FAULT_NEVER)
		return fault->nr == nr;
	for (size_t i = 0; i < count; i++) {
		if ((int)_IOC_NR(calls[i]) == nr)
			return true;
	}
	return false;
}

bool fault_strikes(struct fault *fault, int nr)
{
	if (!is_meant(fault, nr))
		return false;
	fault->seen++;
	return fault->seen >= fault->nth && (!fault->count || fault->seen - fault->nth < fault->count);
}

bool fault_applies(const struct fault *fault, const struct host_message *m)
{
	switch (fault->kind) {
	case FAULT_ERRNO: /* the call has not come this far */
	case FAULT_HAPPENING:
		return false;
	case FAULT_RING_FULL:
	case FAULT_REFUSE:
		return true;
	case FAULT_DROP:
		return !m->sync;
	case FAULT_STATUS:
		return m->sync && m->has_status;
	case FAULT_ZERO:
		return m->sync && m->reply_expected;
	case FAULT_SHORT:
		return m->sync && m->reply_expected > fault->value;
	case FAULT_SLOW:
		return m->type == HOST_MAKERESIDENT || m->type == HOST_MAPGPUVIRTUALADDRESS ||
		       m->type == HOST_RECLAIMALLOCATIONS;
	}
	return false;
}

bool fault_removes(const struct fault *fault)
{
	return fault->value == (fault->kind == FAULT_ERRNO ? (uint32_t)ENODEV : STATUS_DEVICE_REMOVED);
}

bool fault_delivers(const struct fault *fault)
{
	return fault->kind == FAULT_SLOW;
}

void fault_change(const struct fault *fault, struct host_message *m)
{
	m->slow_ns = (uint64_t)fault->value * NS_PER_MS;
}

int fault_apply(const struct fault *fault, struct host_message *m)
{
	switch (fault->kind) {
	case FAULT_RING_FULL:
		return -EAGAIN;
	case FAULT_STATUS:
		m->status = (int32_t)fault->value;
		return 0;
	case FAULT_REFUSE:
		if (m->sync && m->has_status)
			m->status = (int32_t)fault->value;
		/* the one reply that a host which refuses does not send in full */
		if (m->type == HOST_CREATEALLOCATION)
			m->reply_length = 0;
		return 0;
	case FAULT_SHORT:
		m->reply_length = fault->value;
		return 0;
	case FAULT_ERRNO:
	case FAULT_DROP:
	case FAULT_SLOW:
	case FAULT_HAPPENING:
	case FAULT_ZERO: /* as the driver prepares every reply */
		break;
	}
	return 0;
}
