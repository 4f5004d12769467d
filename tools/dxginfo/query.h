// SPDX-License-Identifier: MIT
/*
 * The standard queries of an adapter.  Numbers and layouts: Microsoft, d3dkmthk.h (KMTQUERYADAPTERINFOTYPE) and
 * d3dkmdt.h.  Any vendor's driver answers them; none changes anything.
 */
#ifndef DXGINFO_QUERY_H
#define DXGINFO_QUERY_H

#define QUERY_UMD_PRIVATE	0U
#define QUERY_SEGMENT_SIZE	3U
#define QUERY_ADDRESS		6U
#define QUERY_REGISTRY_INFO	8U
#define QUERY_WDDM_VERSION	13U
#define QUERY_ADAPTER_TYPE	15U
#define QUERY_NODE_METADATA	25U
#define QUERY_PHYSICAL_COUNT	30U
#define QUERY_DEVICE_IDS	31U
#define QUERY_GPUMMU_CAPS	34U
#define QUERY_DRIVER_VERSION	49U
#define QUERY_NODE_PERFDATA	61U
#define QUERY_ADAPTER_PERFDATA	62U
#define QUERY_ADAPTER_PERF_CAPS 63U

#define SIZE_SEGMENT_SIZE      24U
#define SIZE_ADDRESS	       12U
#define SIZE_REGISTRY_INFO     2080U
#define SIZE_ADAPTER_STRING    520U /* the first of its four texts, UTF-16 */
#define SIZE_NODE_METADATA     78U
#define SIZE_DEVICE_IDS	       28U
#define SIZE_GPUMMU_CAPS       12U
#define SIZE_DRIVER_VERSION    8U
#define SIZE_NODE_PERFDATA     56U
#define SIZE_ADAPTER_PERFDATA  64U
#define SIZE_ADAPTER_PERF_CAPS 40U

/* node metadata: the ordinal goes in at 0, the answer starts behind it */
#define NODE_METADATA_TYPE  4U
#define NODE_METADATA_NAME  8U
#define NODE_METADATA_UNITS 32U

#endif
