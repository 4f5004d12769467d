// SPDX-License-Identifier: MIT
/*
 * Which layout the caller has.  A process has one runtime, so one choice holds for all calls: that of the
 * library that was loaded, until DxgAbiCheck() names another.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/abi.h"
#include "util/compiler.h"
#include "util/log.h"

static const uint16_t node_properties_sizes[] = {356, 360, 364, 368, 376, 392, 396};
static const uint16_t import_desc_sizes[] = {20, 24, 28, 32, 40};

#define OLDEST_IMPORT_DESC 20

/* The choice in one word: generation is implied by the node properties' size.  0: the default. */
static _Atomic uint32_t selected;

static void list_sizes(const uint16_t *sizes, size_t count, char *text, size_t room)
{
	size_t used = 0;

	for (size_t i = 0; i < count && used < room; i++) {
		int n = snprintf(text + used, room - used, i ? ", %u" : "%u", sizes[i]);

		if (n > 0)
			used += (size_t)n;
	}
}

/*
 * The known size to serve a caller's size with: itself, or the newest if the caller's is larger.
 * -EINVAL below the oldest and between known sizes, for nothing says where the caller's fields are then.
 */
static int match_size(const char *type, size_t size, const uint16_t *sizes, size_t count, uint16_t *known)
{
	char text[64];

	for (size_t i = 0; i < count; i++) {
		if (size == sizes[i]) {
			*known = sizes[i];
			return 0;
		}
	}
	if (size > sizes[count - 1] && size <= UINT16_MAX) {
		*known = sizes[count - 1];
		return 0;
	}
	list_sizes(sizes, count, text, sizeof(text));
	log_err("the caller's %s has %zu bytes, this library knows %s", type, size, text);
	return -EINVAL;
}

static void warn_newer(const char *type, size_t size, size_t known)
{
	static atomic_flag warned = ATOMIC_FLAG_INIT;

	if (size > known && !atomic_flag_test_and_set(&warned))
		log_warn("the caller's %s has %zu bytes, the newest this library knows %zu: newer fields "
			 "stay 0",
			 type, size, known);
}

/*
 * The layout of a caller with these structure sizes, as DxgAbiCheck() reports them; 0 is a structure the
 * caller does not exchange, for which the library's default is taken.  -EINVAL: a size that cannot be served,
 * with a message that names both sides' sizes.  Larger sizes than the newest known are served.
 */
int abi_layout_for_sizes(size_t node_properties, size_t import_desc, struct abi_layout *layout)
{
	uint16_t generation, descriptor;
	int ret;

	if (!node_properties)
		node_properties = abi_default_generation;
	if (!import_desc)
		import_desc = OLDEST_IMPORT_DESC;
	ret = match_size("HsaNodeProperties", node_properties, node_properties_sizes,
			 ARRAY_SIZE(node_properties_sizes), &generation);
	if (ret)
		return ret;
	ret = match_size("HsaHandleImportDesc", import_desc, import_desc_sizes, ARRAY_SIZE(import_desc_sizes),
			 &descriptor);
	if (ret)
		return ret;
	warn_newer("HsaNodeProperties", node_properties, generation);
	warn_newer("HsaHandleImportDesc", import_desc, descriptor);
	layout->generation = generation;
	layout->node_properties = (uint16_t)node_properties;
	layout->import_desc = (uint16_t)import_desc;
	return 0;
}

/* Makes the layout for these sizes the current one.  -EINVAL as abi_layout_for_sizes(); nothing changes then. */
int abi_select(size_t node_properties, size_t import_desc)
{
	struct abi_layout layout;
	int ret = abi_layout_for_sizes(node_properties, import_desc, &layout);

	if (!ret)
		atomic_store(&selected, (uint32_t)layout.node_properties << 16 | layout.import_desc);
	return ret;
}

/* The caller's layout.  May be called at any time, by any thread. */
struct abi_layout abi_current(void)
{
	uint32_t choice = atomic_load_explicit(&selected, memory_order_relaxed);
	struct abi_layout layout = {
		.node_properties = choice ? (uint16_t)(choice >> 16) : abi_default_generation,
		.import_desc = choice ? (uint16_t)choice : OLDEST_IMPORT_DESC,
	};

	layout.generation = (uint16_t)MIN(layout.node_properties, sizeof(HsaNodeProperties));
	return layout;
}

/*
 * Whether nodes say Capability2.AqlEmulationPm4_, on which a runtime leaves doorbells and scratch to the
 * thunk.  Callers whose layout lacks Capability2 cannot be told; HSAKMT_DXG_AQL_EMULATION=0 turns it off.
 */
bool abi_reports_aql_emulation(void)
{
	const char *text = getenv("HSAKMT_DXG_AQL_EMULATION");

	return abi_current().generation >= 368 && !(text && !strcmp(text, "0"));
}
