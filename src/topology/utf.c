// SPDX-License-Identifier: MIT
/* Device names: UTF-16 in Windows' answers and in HsaNodeProperties, UTF-8 in files and messages. */
#include "topology/utf.h"

#include <stdbool.h>
#include <string.h>

#define REPLACEMENT 0xfffdU

static bool is_continuation(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

/* One code point, or REPLACEMENT for a byte that starts none. */
static const char *decode_utf8(const char *text, uint32_t *code)
{
	const unsigned char *p = (const unsigned char *)text;
	unsigned more = p[0] < 0x80 ? 0 : (p[0] & 0xe0) == 0xc0 ? 1 : (p[0] & 0xf0) == 0xe0 ? 2 : 3;
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};

	*code = more ? p[0] & (0x3fU >> more) : p[0];
	if (more == 3 && (p[0] & 0xf8) != 0xf0)
		more = 4;
	for (unsigned i = 1; more < 4 && i <= more; i++) {
		if (!is_continuation(p[i])) {
			more = 4;
			break;
		}
		*code = *code << 6 | (p[i] & 0x3f);
	}
	if (more < 4 && *code >= least[more] && *code <= 0x10ffff && (*code < 0xd800 || *code > 0xdfff))
		return text + 1 + more;
	*code = REPLACEMENT;
	return text + 1;
}

/*
 * Converts as many whole characters as fit with the final 0; the rest of `out` is zeroed.  Returns the number of
 * units written.
 */
size_t utf16_from_utf8(const char *text, uint16_t *out, size_t size)
{
	size_t used = 0;
	uint32_t code;

	memset(out, 0, size * sizeof(*out));
	while (*text) {
		text = decode_utf8(text, &code);
		if (used + (code > 0xffff ? 2 : 1) >= size)
			break;
		if (code > 0xffff) {
			code -= 0x10000;
			out[used++] = (uint16_t)(0xd800 + (code >> 10));
			code = 0xdc00 + (code & 0x3ff);
		}
		out[used++] = (uint16_t)code;
	}
	return used;
}

static size_t encode_utf8(uint32_t code, char *out)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

/*
 * Converts up to `length` units or the first 0.  Control characters are left out, blanks at both ends too, an
 * unpaired surrogate becomes U+FFFD.  Returns the number of bytes written; `out` always ends with a 0.
 */
size_t utf8_from_utf16(const uint16_t *text, size_t length, char *out, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < length && text[i]; i++) {
		uint32_t code = text[i];
		char bytes[4];
		size_t n;

		if (code >= 0xd800 && code <= 0xdbff && i + 1 < length && text[i + 1] >= 0xdc00 &&
		    text[i + 1] <= 0xdfff)
			code = 0x10000 + ((code & 0x3ff) << 10) + (text[++i] & 0x3ff);
		else if (code >= 0xd800 && code <= 0xdfff)
			code = REPLACEMENT;
		if (code < 0x20 || (code >= 0x7f && code < 0xa0) || (code == ' ' && !used))
			continue;
		n = encode_utf8(code, bytes);
		if (used + n >= size)
			break;
		memcpy(out + used, bytes, n);
		used += n;
	}
	while (used && out[used - 1] == ' ')
		used--;
	out[used] = '\0';
	return used;
}
