// SPDX-License-Identifier: MIT
#include "topology/origin.h"

/* In words for a user. */
const char *origin_name(enum origin origin)
{
	static const char *const names[ORIGIN_COUNT] = {
		[ORIGIN_UNSET] = "unknown",
		[ORIGIN_PRIVATE_DATA] = "AMD's driver on the host",
		[ORIGIN_QUERY] = "a query of the host",
		[ORIGIN_TABLE] = "devices.csv",
		[ORIGIN_USER_TABLE] = "devices.d",
		[ORIGIN_NAME_FILE] = "libdrm's amdgpu.ids",
		[ORIGIN_OVERRIDE] = "HSA_OVERRIDE_GFX_VERSION",
		[ORIGIN_DERIVED] = "computed",
		[ORIGIN_ASSUMED] = "assumed for the hardware generation",
		[ORIGIN_LIBRARY] = "a property of hsakmt-dxg",
		[ORIGIN_ABSENT] = "not there or not known",
	};

	return origin < ORIGIN_COUNT ? names[origin] : names[ORIGIN_UNSET];
}

#define PROPERTY_NAME(name) [PROPERTY_##name] = #name,

/* The field's name in HsaNodeProperties, or a name of its own for what is not a field. */
const char *property_name(enum property property)
{
	static const char *const names[PROPERTY_COUNT] = {FOR_EACH_NODE_FIELD(PROPERTY_NAME)
								  FOR_EACH_OTHER_PROPERTY(PROPERTY_NAME)};

	return property < PROPERTY_COUNT ? names[property] : "?";
}
