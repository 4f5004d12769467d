// SPDX-License-Identifier: MIT
/*
 * AQL packets as their writers lay them out (HSA 1.2: hsa.h; ROCr: hsa_ext_amd.h, and amd_gpu_pm4.h for the indirect buffer),
 * and the kernel descriptor they name (LLVM AMDGPU usage).
 */
#ifndef QUEUE_AQL_PACKETS_H
#define QUEUE_AQL_PACKETS_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define AQL_PACKET_BYTES 64U

/* hsa_packet_header_t */
#define AQL_TYPE(header)    ((header)&0xffU)
#define AQL_BARRIER(header) ((header) >> 8 & 1U)
#define AQL_ACQUIRE(header) ((header) >> 9 & 3U)
#define AQL_RELEASE(header) ((header) >> 11 & 3U)

#define AQL_WITH_RELEASE(header, scope) ((uint16_t)(((header) & ~(3U << 11)) | (uint32_t)(scope) << 11))

enum aql_type {
	AQL_VENDOR_SPECIFIC = 0,
	AQL_INVALID = 1,
	AQL_KERNEL_DISPATCH = 2,
	AQL_BARRIER_AND = 3,
	AQL_AGENT_DISPATCH = 4,
	AQL_BARRIER_OR = 5,
};

/* The byte behind the header of AMD's vendor packets. */
enum aql_vendor_format {
	AQL_VENDOR_NONE = 0,
	AQL_VENDOR_PM4_IB = 1,
	AQL_VENDOR_BARRIER_VALUE = 2,
	AQL_VENDOR_EXTENDED_DISPATCH = 3,
};

/* hsa_signal_condition_t */
enum aql_condition {
	AQL_EQUAL = 0,
	AQL_NOT_EQUAL = 1,
	AQL_LESS = 2,
	AQL_GREATER_OR_EQUAL = 3,
};

struct aql_dispatch_packet {
	uint16_t header;
	uint16_t setup;
	uint16_t group[3];
	uint16_t reserved;
	uint32_t grid[3];
	uint32_t private_bytes;
	uint32_t group_bytes;
	uint64_t kernel;
	uint64_t kernarg;
	uint64_t reserved2;
	uint64_t completion;
};

#define AQL_DEPENDENCIES 5U

struct aql_barrier_packet {
	uint16_t header;
	uint16_t reserved[3];
	uint64_t signals[AQL_DEPENDENCIES];
	uint64_t reserved2;
	uint64_t completion;
};

struct aql_value_packet {
	uint16_t header;
	uint8_t format;
	uint8_t reserved;
	uint32_t reserved2;
	uint64_t signal;
	int64_t value;
	int64_t mask;
	uint32_t condition;
	uint32_t reserved3[5];
	uint64_t completion;
};

#define AQL_PM4_IB_REMAIN 10U

struct aql_pm4_packet {
	uint16_t header;
	uint16_t format; /* with the byte behind it, which is 0 */
	uint32_t jump[4];
	uint32_t remain;
	uint32_t reserved[8];
	uint64_t completion;
};

struct aql_extended_packet {
	uint16_t header;
	uint8_t format;
	uint8_t setup;
	uint16_t group[3];
	uint16_t reserved;
	uint32_t clusters_x;
	uint16_t clusters_y;
	uint16_t clusters_z;
	uint8_t cluster[3]; /* work-groups of one */
	uint8_t hint;
	uint32_t private_bytes;
	uint32_t group_bytes;
	uint64_t kernel;
	uint64_t kernarg;
	uint64_t dependency;
	uint64_t completion;
};

union aql_packet {
	uint32_t words[AQL_PACKET_BYTES / 4];
	struct aql_dispatch_packet dispatch;
	struct aql_barrier_packet barrier;
	struct aql_value_packet value;
	struct aql_pm4_packet pm4;
	struct aql_extended_packet extended;
};

static_assert(sizeof(union aql_packet) == AQL_PACKET_BYTES, "a packet");
static_assert(offsetof(struct aql_dispatch_packet, kernel) == 32, "dispatch");
static_assert(offsetof(struct aql_dispatch_packet, completion) == 56, "dispatch");
static_assert(offsetof(struct aql_barrier_packet, signals) == 8, "barrier");
static_assert(offsetof(struct aql_barrier_packet, completion) == 56, "barrier");
static_assert(offsetof(struct aql_value_packet, condition) == 32, "barrier value");
static_assert(offsetof(struct aql_value_packet, completion) == 56, "barrier value");
static_assert(offsetof(struct aql_pm4_packet, remain) == 20, "indirect buffer");
static_assert(offsetof(struct aql_pm4_packet, completion) == 56, "indirect buffer");
static_assert(offsetof(struct aql_extended_packet, cluster) == 20, "extended dispatch");
static_assert(offsetof(struct aql_extended_packet, dependency) == 48, "extended dispatch");

struct aql_kernel_descriptor {
	uint32_t group_bytes;
	uint32_t private_bytes;
	uint32_t kernarg_bytes;
	uint32_t reserved;
	int64_t entry; /* from the descriptor */
	uint32_t reserved2[5];
	uint32_t rsrc3;
	uint32_t rsrc1;
	uint32_t rsrc2;
	uint16_t properties;
	uint16_t kernarg_preload;
	uint32_t reserved3;
};

static_assert(sizeof(struct aql_kernel_descriptor) == 64, "descriptor");
static_assert(offsetof(struct aql_kernel_descriptor, entry) == 16, "descriptor");
static_assert(offsetof(struct aql_kernel_descriptor, rsrc3) == 44, "descriptor");
static_assert(offsetof(struct aql_kernel_descriptor, properties) == 56, "descriptor");

/* kernel_code_properties: which user SGPRs, in this order */
#define AQL_SGPR_PRIVATE_BUFFER	    (1U << 0) /* 4 */
#define AQL_SGPR_DISPATCH_PTR	    (1U << 1) /* 2 */
#define AQL_SGPR_QUEUE_PTR	    (1U << 2) /* 2 */
#define AQL_SGPR_KERNARG_PTR	    (1U << 3) /* 2 */
#define AQL_SGPR_DISPATCH_ID	    (1U << 4) /* 2 */
#define AQL_SGPR_FLAT_SCRATCH	    (1U << 5) /* 2 */
#define AQL_SGPR_PRIVATE_BYTES	    (1U << 6) /* 1 */
#define AQL_WAVE32		    (1U << 10)
#define AQL_DYNAMIC_STACK	    (1U << 11)
#define AQL_PROPERTIES_KNOWN	    0xc7fU
#define AQL_RSRC2_SCRATCH(rsrc2)    ((rsrc2)&1U)
#define AQL_RSRC2_USER_SGPRS(rsrc2) ((rsrc2) >> 1 & 0x1fU)

#endif
