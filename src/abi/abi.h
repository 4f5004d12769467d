// SPDX-License-Identifier: MIT
/*
 * The structure layouts callers were compiled with.
 *
 * Inside the library every structure has the newest layout.  At the edge it is written in, or read from,
 * the layout of the caller: abi_current(), chosen by which library was loaded and by DxgAbiCheck().
 */
#ifndef ABI_ABI_H
#define ABI_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hsakmt/hsakmt.h>

#if HSAKMT_LAYOUT != 396
#error "the library is compiled with the newest layout"
#endif

struct abi_layout {
	uint16_t generation; /* one of the known sizes of HsaNodeProperties: 356 to 396 */
	uint16_t
		node_properties; /* bytes of the caller's HsaNodeProperties; more than generation if it is newer */
	uint16_t import_desc; /* bytes of the caller's HsaHandleImportDesc */
};

/* Generation a library speaks before DxgAbiCheck(); each shared library defines its own. */
extern const uint16_t abi_default_generation;

int abi_layout_for_sizes(size_t node_properties, size_t import_desc, struct abi_layout *layout);
int abi_select(size_t node_properties, size_t import_desc);
struct abi_layout abi_current(void);
bool abi_reports_aql_emulation(void);

size_t abi_node_properties_size(struct abi_layout layout);
size_t abi_cache_size(struct abi_layout layout);
size_t abi_io_link_size(struct abi_layout layout);
size_t abi_queue_resource_size(struct abi_layout layout);
size_t abi_queue_info_size(struct abi_layout layout);
size_t abi_graphics_info_size(struct abi_layout layout);

void abi_write_node_properties(struct abi_layout layout, const HsaNodeProperties *props, void *caller);
void abi_write_caches(struct abi_layout layout, const HsaCacheProperties *caches, size_t count, void *caller);
void abi_write_io_links(struct abi_layout layout, const HsaIoLinkProperties *links, size_t count,
			void *caller);

void abi_read_queue_resource(struct abi_layout layout, const void *caller, HsaQueueResource *resource);
void abi_write_queue_resource(struct abi_layout layout, const HsaQueueResource *resource, void *caller);
void abi_write_queue_info(struct abi_layout layout, const HsaQueueInfo *info, void *caller);

void abi_read_graphics_info(struct abi_layout layout, const void *caller, HsaGraphicsResourceInfo *info);
void abi_write_graphics_info(struct abi_layout layout, const HsaGraphicsResourceInfo *info, void *caller);

void abi_read_import_desc(struct abi_layout layout, const void *caller, HsaHandleImportDesc *desc);
void abi_write_import_result(struct abi_layout layout, const HsaHandleImportResult *result, void *caller);
void abi_write_export_result(struct abi_layout layout, const HsaMemoryExportResult *result, void *caller);

#endif
