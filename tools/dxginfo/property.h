// SPDX-License-Identifier: MIT
/* The properties of a node as values with names, so that every printer walks over all of them. */
#ifndef DXGINFO_PROPERTY_H
#define DXGINFO_PROPERTY_H

#include <stdbool.h>
#include <stdint.h>

#include "topology/topology.h"

enum property_kind {
	PROPERTY_NONE, /* not one value: the banks, caches and links have it */
	PROPERTY_NUMBER,
	PROPERTY_FLAGS, /* better read in hexadecimal */
	PROPERTY_TEXT,
};

struct property_value {
	enum property_kind kind;
	uint64_t number;
	char text[3 * HSA_PUBLIC_NAME_SIZE];
};

void property_read(const struct topology_node *node, enum property property, struct property_value *value);
bool property_is_of_node(enum property property);

#endif
