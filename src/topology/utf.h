// SPDX-License-Identifier: MIT
#ifndef TOPOLOGY_UTF_H
#define TOPOLOGY_UTF_H

#include <stddef.h>
#include <stdint.h>

size_t utf16_from_utf8(const char *text, uint16_t *out, size_t size);
size_t utf8_from_utf16(const uint16_t *text, size_t length, char *out, size_t size);

#endif
