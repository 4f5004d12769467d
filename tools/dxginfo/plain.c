// SPDX-License-Identifier: MIT
#include "dxginfo/plain.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "util/compiler.h"

/* Bytes of the UTF-8 character at `p`; 0: it is none, or one that controls a terminal. */
static size_t length_at(const unsigned char *p)
{
	size_t more = p[0] < 0x80   ? 0
		      : p[0] < 0xc2 ? 4
		      : p[0] < 0xe0 ? 1
		      : p[0] < 0xf0 ? 2
		      : p[0] < 0xf5 ? 3
				    : 4;

	if (more == 0)
		return p[0] >= 0x20 && p[0] != 0x7f;
	if (more == 4)
		return 0;
	for (size_t i = 1; i <= more; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	/* C1 controls, overlong forms, surrogates, beyond U+10FFFF */
	if ((p[0] == 0xc2 && p[1] < 0xa0) || (p[0] == 0xe0 && p[1] < 0xa0) ||
	    (p[0] == 0xed && p[1] >= 0xa0) || (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] >= 0x90))
		return 0;
	return more + 1;
}

static bool ends_name(char c)
{
	return !c || strchr("/\\:;,'\" ", c) != NULL;
}

/* Puts "~" for the `length` bytes at `at`. */
static void shorten(char *at, size_t length)
{
	at[0] = '~';
	memmove(at + 1, at + length, strlen(at + length) + 1);
}

static void hide_home(char *line)
{
	const char *home = getenv("HOME");
	size_t length = home ? strlen(home) : 0;

	while (length > 1 && home[length - 1] == '/')
		length--;
	for (char *at = line; length > 1 && *at; at++)
		if (!strncmp(at, home, length) && ends_name(at[length]))
			shorten(at, length);
}

/* The name behind /home/, and behind Windows' /Users/, whoever's it is. */
static void hide_users(char *line)
{
	static const char *const parents[] = {"/home/", "/Users/"};

	for (size_t i = 0; i < ARRAY_SIZE(parents); i++) {
		for (char *at = strstr(line, parents[i]); at; at = strstr(at, parents[i])) {
			size_t length = 0;

			at += strlen(parents[i]);
			while (!ends_name(at[length]))
				length++;
			if (length)
				shorten(at, length);
			at--; /* at the '/': another may begin there */
		}
	}
}

/* One line: what is no printable UTF-8 becomes '?', the user's home "~". */
void plain_line(char *line)
{
	for (char *at = line; *at;) {
		size_t length = length_at((const unsigned char *)at);

		if (!length)
			*at = '?';
		at += length ? length : 1;
	}
	hide_home(line);
	hide_users(line);
}
