// SPDX-License-Identifier: MIT
/* How packets come into an engine, and how it stops at one. */
#include <stdarg.h>
#include <stdio.h>

#include "dxgsim/gpu/state.h"

const char *gpu_fault_reason_name(enum gpu_fault_reason reason)
{
	switch (reason) {
	case GPU_FAULT_NONE:
		return "no fault";
	case GPU_FAULT_UNMAPPED:
		return "not mapped";
	case GPU_FAULT_NOT_RESIDENT:
		return "not resident";
	case GPU_FAULT_READ_ONLY:
		return "read-only";
	case GPU_FAULT_NO_BACKING:
		return "without memory behind it";
	case GPU_FAULT_NOT_READY:
		return "not in the page tables yet: its paging fence has not been reached";
	case GPU_FAULT_NOT_EXECUTABLE:
		return "not executable";
	case GPU_FAULT_NO_ATOMICS:
		return "in system memory, on a platform without PCIe atomics";
	}
	return "unknown";
}

static struct gpu_error *stop(struct gpu_engine *engine, enum gpu_error_kind kind)
{
	const struct gpu_progress *now = &engine->now;
	struct gpu_error *error = &engine->error;

	engine->state = GPU_ENGINE_STOPPED;
	*error = (struct gpu_error){
		.kind = kind,
		.va = now->commands.va + engine->offset,
		.offset = gpu_job_offset(engine),
	};
	return error;
}

uint32_t gpu_job_offset(const struct gpu_engine *engine)
{
	const struct gpu_commands *commands = &engine->now.commands;

	return commands->elsewhere ? commands->job_offset : engine->offset;
}

/* "WRITE_DATA at +0x40: " */
static int where(const struct gpu_engine *engine, char *text, size_t size)
{
	const struct gpu_progress *now = &engine->now;
	const char *name = engine->packet_name ? engine->packet_name : "packet";

	if (now->commands.elsewhere)
		return snprintf(text, size, "%s at +0x%x of the indirect buffer of +0x%x: ", name,
				engine->offset, now->commands.job_offset);
	return snprintf(text, size, "%s at +0x%x: ", name, engine->offset);
}

enum gpu_outcome gpu_refuse(struct gpu_engine *engine, enum gpu_error_kind kind, const char *format, ...)
{
	struct gpu_error *error = stop(engine, kind);
	va_list args;
	int used;

	used = where(engine, error->text, sizeof(error->text));
	va_start(args, format);
	if (used > 0 && (size_t)used < sizeof(error->text))
		vsnprintf(error->text + used, sizeof(error->text) - (size_t)used, format, args);
	va_end(args);
	return GPU_STOPPED;
}

enum gpu_outcome gpu_page_fault(struct gpu_engine *engine)
{
	static const char *const verbs[] = {"fetches", "reads", "writes"};
	const struct gpu_fault *fault = &engine->memory.fault;

	/* nothing is wrong with the address: hardware's atomic would be lost on its way there */
	if (fault->reason == GPU_FAULT_NO_ATOMICS)
		return gpu_refuse(engine, GPU_ERROR_PACKET, "atomic on 0x%llx, which is %s",
				  (unsigned long long)fault->va, gpu_fault_reason_name(fault->reason));
	gpu_refuse(engine, GPU_ERROR_PAGE_FAULT, "page fault: %s 0x%llx, which is %s", verbs[fault->access],
		   (unsigned long long)fault->va, gpu_fault_reason_name(fault->reason));
	engine->error.reason = fault->reason;
	engine->error.access = fault->access;
	engine->error.va = fault->va;
	return GPU_STOPPED;
}

bool gpu_fetch(struct gpu_engine *engine, uint32_t first, uint32_t words)
{
	const struct gpu_commands *commands = &engine->now.commands;
	uint32_t left = (commands->bytes - engine->offset) / 4;

	if (words > left - first || words > GPU_PACKET_WORDS - first) {
		gpu_refuse(engine, GPU_ERROR_PACKET, "truncated: of %u words the buffer holds %u",
			   first + words, left);
		return false;
	}
	/* commands are read through the L2, which keeps none of them */
	if (!gpu_memory_read(&engine->memory, commands->va + engine->offset + 4ULL * first, GPU_FETCH,
			     engine->packet + first, words * 4, GPU_CACHE_NO_ALLOCATE)) {
		gpu_page_fault(engine);
		return false;
	}
	return true;
}
