// SPDX-License-Identifier: MIT
/*
 * The model host: Windows' video memory manager and scheduler and AMD's kernel driver, as far as a guest
 * sees them, behind the messages of message.h.
 */
#ifndef DXGSIM_HOST_MODEL_H
#define DXGSIM_HOST_MODEL_H

#include "dxgsim/host/arena.h"
#include "dxgsim/host/fixture.h"
#include "dxgsim/host/message.h"

struct host_model;
struct gpu_profile;
struct vidsch_counters;

/* The host argument of these functions is a struct host_model. */
extern const struct host_ops host_model_ops;

/*
 * A host with the adapters @fixtures[0..count), which it owns from then on, also on failure.
 * VM-wide facts (interface version, async messages, map_guest_memory) hold for the VM when every adapter
 * has them. 0, -EINVAL (more than HOST_MAX_VGPUS), -ENOMEM or the errno of memfd_create/mmap.
 */
int host_model_create(struct fixture **fixtures, uint32_t count, struct host_model **out);
/* Before attach(): what the other processes of the VM use counts too. The model owns @arena from then on. */
void host_model_share(struct host_model *model, struct arena *arena);
/* What was moved into and out of the VRAM of an adapter, counted from 0; false: there is no such adapter. */
bool host_model_paging(struct host_model *model, uint32_t adapter, struct arena_paging *out);
/* What an engine has done for this program so far; false: there is no such adapter or node. */
bool host_model_gpu(struct host_model *model, uint32_t adapter, uint32_t node, struct vidsch_counters *out);
/* Before attach(): what kernels do is written down there, which stays the caller's and outlives the host. */
void host_model_profile(struct host_model *model, struct gpu_profile *profile);
/* In no call on the host: every device of every process is lost, in that state (enum d3dkmt_deviceexecution_state). */
void host_model_lose(struct host_model *model, uint32_t state);
/* After detach(), or when never attached. */
void host_model_destroy(struct host_model *model);

/*
 * The host that DXGSIM_ADAPTERS (@specs, NULL: the default two; "none": no vGPU) describes.
 * Errors as fixture_load() and host_model_create(); @error says why.
 */
int host_model_create_from_specs(const char *specs, const char *path, struct host_model **out,
				 struct fixture_error *error);

/*
 * Calls @visit, in no call on the host, for every range of GPU addresses that this guest's processes have reserved or
 * mapped; a reservation is one range, whatever is mapped in it.
 */
typedef void (*host_range_visit)(void *arg, uint32_t adapter, uint64_t start, uint64_t end);
void host_model_visit_ranges(struct host_model *model, host_range_visit visit, void *arg);

#endif
