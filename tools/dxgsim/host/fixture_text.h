// SPDX-License-Identifier: MIT
/* Numbers, bytes and switches in the text of adapter files and modifiers, and the first error found there. */
#ifndef DXGSIM_HOST_FIXTURE_TEXT_H
#define DXGSIM_HOST_FIXTURE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

struct fixture_error;

/* Sets the error text, unless one is there already; always -EINVAL. */
int fixture_fail(struct fixture_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The whole text as decimal or 0x hexadecimal: 0, -EINVAL, or -ERANGE beyond 64 bits. */
int fixture_number(const char *text, uint64_t *out);
/* The two hexadecimal digits @text starts with: 0 or -EINVAL. */
int fixture_hex_byte(const char *text, uint8_t *out);
/* yes/no, on/off, true/false, 1/0: 0 or -EINVAL. */
int fixture_boolean(const char *text, bool *out);

#endif
