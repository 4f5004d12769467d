// SPDX-License-Identifier: MIT
/* Words of adapter files and modifiers. */
#include "dxgsim/host/fixture_text.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dxgsim/host/fixture.h"

int fixture_fail(struct fixture_error *error, const char *format, ...)
{
	va_list args;

	if (error && !error->text[0]) {
		va_start(args, format);
		vsnprintf(error->text, sizeof(error->text), format, args);
		va_end(args);
	}
	return -EINVAL;
}

int fixture_number(const char *text, uint64_t *out)
{
	unsigned long long value;
	const char *digit = text;
	char *end;
	int base = 10;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		digit = text + 2;
	}
	if (base == 16 ? !isxdigit((unsigned char)*digit) : !isdigit((unsigned char)*digit))
		return -EINVAL;
	errno = 0;
	value = strtoull(digit, &end, base);
	if (errno || *end)
		return errno == ERANGE ? -ERANGE : -EINVAL;
	*out = value;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int fixture_hex_byte(const char *text, uint8_t *out)
{
	int high = hex_digit(text[0]);
	int low = high < 0 ? -1 : hex_digit(text[1]);

	if (low < 0)
		return -EINVAL;
	*out = (uint8_t)(high << 4 | low);
	return 0;
}

int fixture_boolean(const char *text, bool *out)
{
	static const char *const yes[] = {"yes", "on", "true", "1"};
	static const char *const no[] = {"no", "off", "false", "0"};

	for (size_t i = 0; i < 4; i++) {
		if (!strcmp(text, yes[i])) {
			*out = true;
			return 0;
		}
		if (!strcmp(text, no[i])) {
			*out = false;
			return 0;
		}
	}
	return -EINVAL;
}
