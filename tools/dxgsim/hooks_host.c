// SPDX-License-Identifier: MIT
/* The host that the environment describes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dxgsim/hooks_private.h"
#include "dxgsim/host/arena.h"
#include "dxgsim/host/model.h"
#include "dxgsim/report.h"
#include "dxgsim/tsan.h"

/*
 * The counters of the VM: the launcher's, if this process plays the launcher's machine, else some of its own, which
 * its fork children share.
 *
 * ThreadSanitizer cannot follow a fork child that makes threads while its parent has some: there the thread that listens to the VM
 * would be one, so that a program without a launcher has its VM for itself.
 */
static int find_arena(const char *specs, struct arena **out)
{
	const char *path = getenv("DXGSIM_ARENA");
	int rc = -EXDEV;

	if (path && *path)
		rc = arena_open(path, arena_machine(specs), out);
	if (!rc)
		return 0;
	if (rc != -EXDEV)
		report_note("what other processes use is not counted: %s: %s", path, strerror(-rc));
	*out = NULL;
	return TSAN ? 0 : arena_own(out);
}

int hooks_make_host(struct gpu_profile *profile, struct host_model **out, struct fixture_error *error)
{
	const char *specs = getenv("DXGSIM_ADAPTERS");
	struct arena *arena;
	int rc = host_model_create_from_specs(specs, getenv("DXGSIM_ADAPTER_PATH"), out, error);

	if (rc)
		return rc;
	rc = find_arena(specs, &arena);
	if (rc) {
		host_model_destroy(*out);
		*out = NULL;
		return rc;
	}
	if (arena) {
		arena_set_adapters(arena, host_model_ops.config(*out)->vgpu_count);
		host_model_share(*out, arena);
	}
	host_model_profile(*out, profile);
	return 0;
}
