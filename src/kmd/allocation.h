// SPDX-License-Identifier: MIT
/*
 * The private data of an allocation, as AMD's kernel driver on the host reads it.
 *
 * One resource-level blob and one per-allocation blob, to be passed to dxg_create_allocations with a
 * count of one.
 */
#ifndef KMD_ALLOCATION_H
#define KMD_ALLOCATION_H

#include <stdbool.h>
#include <stdint.h>

#include "kmd/layouts.h"

#define KMD_ALLOCATION_MAX_SIZE (1ULL << 44)

enum kmd_domain {
	KMD_DOMAIN_SYSTEM = 0,	   /* memory of this process, allocated by the library */
	KMD_DOMAIN_LOCAL = 1,	   /* VRAM, or the carve-out of an integrated adapter */
	KMD_DOMAIN_USER = 2,	   /* memory of this process, brought by the caller */
	KMD_DOMAIN_USER_QUEUE = 3, /* ring memory of a software queue; RDNA2 runs nothing without it */
};

/*
 * How much is filled in.  Drivers are known to take the plain form; when one refuses, try the next,
 * each once, and remember what worked for the device.  Each form includes the one before.
 */
enum kmd_allocation_form {
	KMD_FORM_PLAIN = 0,	/* checksum and version words zero */
	KMD_FORM_CHECKSUM = 1,	/* checksum words computed */
	KMD_FORM_VERSION_9 = 2, /* version word 9, VA fields filled */
	KMD_FORM_COUNT
};

struct kmd_allocation_request {
	enum kmd_domain domain;
	uint64_t size; /* bytes, a multiple of 4096, 0 < size <= KMD_ALLOCATION_MAX_SIZE */
	uint64_t va;   /* where it will be mapped on the GPU, a multiple of 4096; 0: not known yet */
	uint32_t gfx_major;
	bool integrated;       /* LOCAL: the adapter is an APU */
	bool has_invisible;    /* LOCAL: the adapter has VRAM that the CPU cannot see */
	bool cpu_visible;      /* LOCAL: dxg lock (BAR) will be used; keeps it out of invisible VRAM */
	bool uncached;	       /* bypass L2 (fine-grain and kernarg memory); gfx12 needs no such mark */
	uint32_t scheduler_id; /* USER_QUEUE: enum kmd_engine of the queue */
	enum kmd_allocation_form form;
};

/*
 * Sizes as sent.  dxg_create_allocations sends the second from a copy with a canary behind it and tells when
 * the host wrote there: the driver copies as many bytes to user space as the host says (self-check 12).
 */
struct kmd_allocation_blobs {
	uint32_t resource_size;
	uint32_t allocation_size;
	uint8_t resource[KMD_RESOURCE_BLOB_SIZE] __attribute__((aligned(8)));
	uint8_t allocation[KMD_ALLOCATION_BLOB_SIZE] __attribute__((aligned(8)));
};

int kmd_allocation_encode(const struct kmd_allocation_request *request, struct kmd_allocation_blobs *out);

#endif
