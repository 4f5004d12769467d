// SPDX-License-Identifier: MIT
/* What the host keeps books of, for every process and for the VM: kinds of objects, segments of memory, their groups. */
#ifndef DXGSIM_HOST_KINDS_H
#define DXGSIM_HOST_KINDS_H

enum host_kind {
	HOST_OBJECT_NONE,
	HOST_OBJECT_DEVICE,
	HOST_OBJECT_PAGING_QUEUE,
	HOST_OBJECT_SYNC,
	HOST_OBJECT_ALLOCATION,
	HOST_OBJECT_RESOURCE,
	HOST_OBJECT_CONTEXT,
	HOST_OBJECT_HWQUEUE,
	HOST_OBJECT_KINDS
};

enum segment {
	SEGMENT_VISIBLE,   /* VRAM that the CPU can reach; all of it with resizable BAR, and of an APU */
	SEGMENT_INVISIBLE, /* VRAM that it cannot */
	SEGMENT_APERTURE,  /* system memory that the GPU can reach */
	SEGMENTS
};

enum segment_group { SEGMENT_LOCAL, SEGMENT_NON_LOCAL, SEGMENT_GROUPS };

/* For people; "object" of what is no kind. */
const char *host_kind_name(enum host_kind kind);

#endif
