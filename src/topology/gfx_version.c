// SPDX-License-Identifier: MIT
#include "topology/gfx_version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/log.h"

/* Widths of HSA_ENGINE_ID's fields. */
#define MAJOR_MAX 63U
#define MINOR_MAX 255U
#define STEP_MAX  255U

#define OVERRIDE "HSA_OVERRIDE_GFX_VERSION"

/* Decimal digits up to `end_char`; neither signs nor blanks, which strtoul would take. */
static const char *parse_part(const char *text, char end_char, unsigned max, uint8_t *out)
{
	unsigned value = 0;

	if (*text < '0' || *text > '9')
		return NULL;
	for (; *text >= '0' && *text <= '9'; text++) {
		value = value * 10 + (unsigned)(*text - '0');
		if (value > max)
			return NULL;
	}
	if (*text != end_char)
		return NULL;
	*out = (uint8_t)value;
	return text + 1;
}

/* "10.3.0".  -EINVAL for anything else, and for a major of 0. */
int gfx_version_parse_dotted(const char *text, struct gfx_version *out)
{
	struct gfx_version version;

	text = parse_part(text, '.', MAJOR_MAX, &version.major);
	if (text)
		text = parse_part(text, '.', MINOR_MAX, &version.minor);
	if (text)
		text = parse_part(text, '\0', STEP_MAX, &version.step);
	if (!text || !version.major)
		return -EINVAL;
	*out = version;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* "gfx1030", LLVM's way: decimal major, one hexadecimal digit each for minor and stepping.  -EINVAL. */
int gfx_version_parse_target(const char *text, struct gfx_version *out)
{
	size_t length = strlen(text);
	unsigned major = 0;
	int minor, step;

	if (strncmp(text, "gfx", 3) || length < 6 || length > 7)
		return -EINVAL;
	for (size_t i = 3; i < length - 2; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		major = major * 10 + (unsigned)(text[i] - '0');
	}
	minor = hex_digit(text[length - 2]);
	step = hex_digit(text[length - 1]);
	if (!major || major > MAJOR_MAX || minor < 0 || step < 0)
		return -EINVAL;
	*out = (struct gfx_version){(uint8_t)major, (uint8_t)minor, (uint8_t)step};
	return 0;
}

/*
 * What the environment says of a node: HSA_OVERRIDE_GFX_VERSION_<node>, where node counts as the node ids
 * of this interface do (the first GPU of a machine with one NUMA node is 1), before HSA_OVERRIDE_GFX_VERSION.
 * Both are "major.minor.stepping"; an empty one counts as not set.  -EINVAL: the text is something else, which
 * libhsakmt, too, answers by failing the whole topology.
 */
int gfx_version_override(uint32_t node, struct gfx_version *out, bool *overridden)
{
	char name[sizeof(OVERRIDE) + 12];
	const char *which = name, *text;

	*overridden = false;
	snprintf(name, sizeof(name), OVERRIDE "_%u", node);
	text = getenv(name);
	if (!text || !*text) {
		which = OVERRIDE;
		text = getenv(which);
	}
	if (!text || !*text)
		return 0;
	if (gfx_version_parse_dotted(text, out)) {
		log_err("%s=%s is not a version like 10.3.0", which, text);
		return -EINVAL;
	}
	*overridden = true;
	return 0;
}

/* Whether the environment has an override for any node. */
bool gfx_version_override_exists(void)
{
	for (char **entry = environ; entry && *entry; entry++)
		if (!strncmp(*entry, OVERRIDE, sizeof(OVERRIDE) - 1))
			return true;
	return false;
}

/*
 * Vector registers of a compute unit.  The targets with the larger file are those LLVM's AMDGPU back end
 * gives "1.5x VGPRs": gfx1100, gfx1101, gfx1151 and gfx12.
 */
uint32_t gfx_version_vgpr_bytes_per_cu(struct gfx_version gfx)
{
	bool large = gfx.major == 12 || (gfx.major == 11 && gfx.minor == 0 && gfx.step <= 1) ||
		     (gfx.major == 11 && gfx.minor == 5 && gfx.step == 1);

	return large ? 0x60000 : 0x40000;
}
