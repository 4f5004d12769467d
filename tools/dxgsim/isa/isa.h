// SPDX-License-Identifier: MIT
/*
 * The shader processors: work-groups of kernels, executed instruction by instruction.
 *
 * What is here knows registers, instructions and work-groups; caches, page tables and dispatches are the machine's,
 * behind isa_machine_ops.  Sources: AMD's Instruction Set Architecture documents "RDNA 2", "RDNA 3", "RDNA 3.5" and
 * "RDNA 4"; LLVM AMDGPU usage.
 */
#ifndef DXGSIM_ISA_ISA_H
#define DXGSIM_ISA_ISA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum isa_target { ISA_GFX10_3, ISA_GFX11, ISA_GFX11_5, ISA_GFX12, ISA_TARGETS };

/* False: none of these.  As in "gfx1030": 10, 3, 0. */
bool isa_target_of(uint32_t major, uint32_t minor, uint32_t stepping, enum isa_target *target);
const char *isa_target_name(enum isa_target target);

/* ---- the machine around it ---- */

enum isa_path {
	ISA_VECTOR,
	ISA_SCALAR,
	ISA_CODE,
};

/* Who has to agree on what is read or written: caches that are not common to all of them are passed by. */
enum isa_scope {
	ISA_SCOPE_UNIT,	  /* the compute unit */
	ISA_SCOPE_ARRAY,  /* ... those behind the same L1 */
	ISA_SCOPE_DEVICE, /* all that are behind the L2 */
	ISA_SCOPE_SYSTEM,
};

/* Cache instructions, for the caches of the unit that executes them. */
#define ISA_INVALIDATE_VECTOR (1U << 0)
#define ISA_INVALIDATE_L1     (1U << 1)
#define ISA_INVALIDATE_SCALAR (1U << 2)
#define ISA_INVALIDATE_CODE   (1U << 3)
#define ISA_INVALIDATE_L2 \
	(1U << 4) /* lines of it that may be stale: what others of the system have written */
#define ISA_WRITE_BACK_L2 (1U << 5)

enum isa_access {
	ISA_READ,
	ISA_WRITE,
	ISA_ATOMIC,
	ISA_EXECUTE,
};

/* Reads, modifies and writes 4 or 8 aligned bytes as one; what comes back goes there. */
typedef uint64_t isa_modify(uint64_t old, const void *operands);

/*
 * @unit is isa_unit.machine.  Addresses are those of the GPU's page tables.  False: not all of it can be reached, a
 * page fault; what came before it may be done.  Functions are called from one thread per unit.
 */
struct isa_machine_ops {
	bool (*read)(void *unit, enum isa_path path, enum isa_scope scope, uint64_t va, void *to,
		     uint32_t bytes);
	bool (*write)(void *unit, enum isa_scope scope, uint64_t va, const void *from, uint32_t bytes);
	bool (*atomic)(void *unit, enum isa_scope scope, uint64_t va, uint32_t bytes, isa_modify *modify,
		       const void *operands, uint64_t *old);
	void (*cache)(void *unit, uint32_t actions);
	uint64_t (*clock)(void *unit);	  /* shader clock */
	uint64_t (*realtime)(void *unit); /* constant 100 MHz */
};

/* ---- compute units ---- */

struct isa_decoded; /* instructions that were read, by address: the decoder's part of the instruction cache */

/* Where work-groups are executed, one thread at a time. */
struct isa_unit {
	const struct isa_machine_ops *ops;
	void *machine;
	enum isa_target target;
	struct isa_decoded *decoded;
};

/* -ENOMEM. */
int isa_unit_init(struct isa_unit *unit, enum isa_target target, const struct isa_machine_ops *ops,
		  void *machine);
void isa_unit_release(struct isa_unit *unit);
/* Whenever its instruction cache is invalidated, by a packet or otherwise. */
void isa_unit_forget_code(struct isa_unit *unit);

/* ---- work-groups ---- */

#define ISA_USER_SGPRS 16U

/* What is the same for all work-groups of a dispatch. */
struct isa_launch {
	uint64_t code;
	uint32_t rsrc1, rsrc2, rsrc3; /* COMPUTE_PGM_RSRC1..3 */
	uint32_t user_sgprs[ISA_USER_SGPRS];
	uint32_t user_sgpr_count;
	uint32_t wave_size; /* 32 or 64 */
	uint32_t vgprs;	    /* of a lane */
	uint32_t lds_bytes;
	uint32_t scratch_wave_bytes; /* 0: none */
};

struct isa_group;

/* What a kernel has done; every group adds to that of its dispatch. */
struct isa_counts {
	uint64_t instructions;	  /* of waves */
	uint64_t vector;	  /* ... of these, those of the vector ALU */
	uint64_t lane_operations; /* active lanes of these, summed up; two for a VOPD or packed instruction */
	uint64_t scalar;	  /* of the scalar ALU, branches included */
	uint64_t memory;	  /* vector, scalar and LDS accesses */
	uint64_t bytes_read, bytes_written; /* of global memory and scratch, by lanes */
	uint64_t lds_bytes;		    /* both ways */
	uint64_t atomics;		    /* of lanes, in global memory */
	uint64_t waves, groups;		    /* that have ended */
};

/*
 * @id: its number in each dimension; @size: work-items in each, of this group; @scratch: where the scratch of its first
 * wave is, those of the others follow it (unused without).  On gfx10.3 that is an offset from where the kernel knows the
 * scratch of its queue to be, later an address.  NULL: no memory.
 */
struct isa_group *isa_group_create(const struct isa_launch *launch, const uint32_t id[3],
				   const uint32_t size[3], uint64_t scratch);
void isa_group_destroy(struct isa_group *group);
const struct isa_counts *isa_group_counts(const struct isa_group *group);
uint32_t isa_group_waves(const struct isa_launch *launch, const uint32_t size[3]);

enum isa_outcome {
	ISA_DONE,    /* all its waves have ended */
	ISA_RUNNING, /* the budget is used up */
	ISA_WAITING, /* all of its waves sleep or poll: others should have their turn */
	ISA_STOPPED, /* see isa_group_fault() */
};

/* Executes about @instructions of its waves, in turn, on @unit. */
enum isa_outcome isa_group_run(struct isa_group *group, struct isa_unit *unit, uint32_t instructions);

enum isa_fault_kind {
	ISA_FAULT_NONE,
	ISA_FAULT_PAGE,	     /* the machine knows more about it */
	ISA_FAULT_ALIGNMENT, /* an address that is not aligned as the instruction wants it */
	ISA_FAULT_LDS,	     /* an address beyond the LDS of the work-group */
	ISA_FAULT_APERTURE,  /* in LDS or scratch where an instruction may not go, or beyond the scratch */
	ISA_FAULT_UNIMPLEMENTED, /* legal on hardware, not simulated */
	ISA_FAULT_ILLEGAL,	 /* no instruction, or one whose operands are not allowed */
	ISA_FAULT_REGISTER,	 /* beyond the registers of the wave */
	ISA_FAULT_TRAP,		 /* s_trap: there is no trap handler */
};

/* What stopped a wave, and which. */
struct isa_fault {
	enum isa_fault_kind kind;
	enum isa_access access; /* of page, alignment, LDS and aperture */
	uint64_t va;
	uint64_t pc;
	uint32_t wave; /* in its group */
	uint32_t lane; /* the first; ~0: a scalar access */
	uint32_t group[3];
	char instruction[96]; /* "global_load_b32 (dc500000 007c0002)" */
};

const struct isa_fault *isa_group_fault(const struct isa_group *group);
const char *isa_fault_name(enum isa_fault_kind kind);

#endif
