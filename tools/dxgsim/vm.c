// SPDX-License-Identifier: MIT
#include "dxgsim/vm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dxgsim/host/arena.h"
#include "dxgsim/report.h"

#define TEXT_MAX 384 /* a line of the report has room for it */

struct vm {
	struct arena *arena;
	int fd;
	char path[48];
};

int vm_create(const char *specs, struct vm **out)
{
	struct vm *vm = calloc(1, sizeof(*vm));
	int rc = vm ? arena_create(arena_machine(specs), &vm->arena, &vm->fd) : -ENOMEM;

	if (rc) {
		fprintf(stderr, "dxgsim: the counters of the VM: %s\n", strerror(-rc));
		free(vm);
		return rc;
	}
	snprintf(vm->path, sizeof(vm->path), "/proc/%d/fd/%d", (int)getpid(), vm->fd);
	*out = vm;
	return 0;
}

const char *vm_path(const struct vm *vm)
{
	return vm->path;
}

static void report_owner(void *arg, enum arena_owner owner, pid_t pid, const struct arena_totals *totals)
{
	char text[TEXT_MAX];

	(void)arg;
	if (!arena_describe(totals, text, sizeof(text)))
		return;
	if (owner == ARENA_LEFT_BEHIND)
		report_leak("of a process that has closed /dev/dxg the host still has %s", text);
	else
		report_note("process %d goes on and has %s", (int)pid, text);
}

static void tell(const struct arena *arena, FILE *out)
{
	struct arena_totals totals;
	struct arena_paging paging;
	uint64_t joined, reaped;
	char text[TEXT_MAX];

	arena_total(arena, &totals);
	arena_history(arena, &joined, &reaped);
	fprintf(out, "dxgsim: status: processes %llu, ended without a close %llu, left on the host: %s\n",
		(unsigned long long)joined, (unsigned long long)reaped,
		arena_describe(&totals, text, sizeof(text)) ? text : "nothing");
	for (uint32_t i = 0; i < HOST_MAX_VGPUS; i++) {
		arena_paging(arena, i, &paging);
		if (paging.adapter_in || paging.adapter_out)
			fprintf(out, "dxgsim: status: VRAM of adapter %u: paged in %llu bytes, out %llu\n", i,
				(unsigned long long)paging.adapter_in,
				(unsigned long long)paging.adapter_out);
	}
}

void vm_finish(struct vm *vm, FILE *status)
{
	arena_lock(vm->arena);
	arena_reap(vm->arena);
	arena_visit(vm->arena, report_owner, NULL);
	if (status)
		tell(vm->arena, status);
	arena_unlock(vm->arena);
	arena_close(vm->arena);
	close(vm->fd);
	free(vm);
}
