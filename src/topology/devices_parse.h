// SPDX-License-Identifier: MIT
#ifndef TOPOLOGY_DEVICES_PARSE_H
#define TOPOLOGY_DEVICES_PARSE_H

#include "topology/devices.h"

typedef int (*device_line_sink)(void *arg, const struct device_line *line);

int devices_parse(const char *label, const char *text, size_t size, device_line_sink sink, void *arg);

#endif
