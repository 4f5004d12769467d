// SPDX-License-Identifier: MIT
/* What is told when a kernel goes wrong: which instruction, where, and whose. */
#include "dxgsim/gpu/kernel_fault.h"

#include <stdio.h>

#include "dxgsim/gpu/state.h"

static const char *access_name(enum isa_access access)
{
	switch (access) {
	case ISA_READ:
		return "read";
	case ISA_WRITE:
		return "write";
	case ISA_ATOMIC:
		return "atomic";
	case ISA_EXECUTE:
		return "fetch";
	}
	return "access";
}

static enum gpu_error_kind kind_of(const struct isa_fault *fault, const struct gpu_fault *page)
{
	switch (fault->kind) {
	case ISA_FAULT_PAGE:
		/* nothing is wrong with the address: hardware's atomic would be lost on its way there */
		return page->reason == GPU_FAULT_NO_ATOMICS ? GPU_ERROR_KERNEL : GPU_ERROR_PAGE_FAULT;
	case ISA_FAULT_UNIMPLEMENTED:
		return GPU_ERROR_UNSUPPORTED;
	default:
		return GPU_ERROR_KERNEL;
	}
}

/* "read of 0x7f0000000000 ", or nothing where no access is meant. */
static void describe_access(const struct isa_fault *fault, const struct gpu_fault *page, char *text,
			    size_t size)
{
	*text = '\0';
	if (fault->kind == ISA_FAULT_PAGE)
		snprintf(text, size, "%s of 0x%llx ", access_name(fault->access),
			 (unsigned long long)page->va);
	else if (fault->kind == ISA_FAULT_ALIGNMENT || fault->kind == ISA_FAULT_LDS ||
		 fault->kind == ISA_FAULT_APERTURE)
		snprintf(text, size, "%s of 0x%llx ", access_name(fault->access),
			 (unsigned long long)fault->va);
}

static void describe_place(const struct isa_fault *fault, char *text, size_t size)
{
	int used = snprintf(text, size, "in group %u,%u,%u wave %u", fault->group[0], fault->group[1],
			    fault->group[2], fault->wave);

	if (fault->lane != UINT32_MAX && used > 0 && (size_t)used < size)
		snprintf(text + used, size - (size_t)used, " lane %u", fault->lane);
}

void gpu_kernel_fault(struct gpu_engine *engine, const struct isa_fault *fault, const struct gpu_fault *page)
{
	enum gpu_error_kind kind = kind_of(fault, page);
	char access[64], place[96];

	describe_access(fault, page, access, sizeof(access));
	describe_place(fault, place, sizeof(place));
	gpu_refuse(engine, kind, "%s%sat pc 0x%llx: %s%s: %s", fault->instruction,
		   fault->instruction[0] ? " " : "", (unsigned long long)fault->pc, access, place,
		   fault->kind == ISA_FAULT_PAGE ? gpu_fault_reason_name(page->reason)
						 : isa_fault_name(fault->kind));
	if (kind != GPU_ERROR_PAGE_FAULT)
		return;
	engine->error.reason = page->reason;
	engine->error.access = page->access;
	engine->error.va = page->va;
}
