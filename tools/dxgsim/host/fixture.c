// SPDX-License-Identifier: MIT
/* What follows from an adapter's description once it is read, and its end. */
#include "dxgsim/host/fixture.h"

#include <stdlib.h>

/* Linux, AMDGPU_FAMILY_GC_11_5_0 and its successor; of gfx10 only those with RDNA 2 are described. */
uint32_t fixture_gfx_minor(const struct fixture *fixture)
{
	if (fixture->generation == 10)
		return 3;
	return fixture->generation == 11 && (fixture->family == 0x96 || fixture->family == 0x97) ? 5 : 0;
}

uint32_t fixture_cu_count(const struct fixture *fixture)
{
	uint32_t wgps = 0;

	for (uint32_t se = 0; se < FIXTURE_MAX_SE; se++) {
		for (uint32_t sa = 0; sa < FIXTURE_MAX_SA; sa++)
			wgps += (uint32_t)__builtin_popcount(fixture->wgp_mask[se][sa]);
	}
	return wgps * fixture->cus_per_wgp;
}

uint64_t fixture_visible_bytes(const struct fixture *fixture)
{
	if (fixture->integrated || fixture->rebar)
		return fixture->vram_bytes;
	return fixture->small_bar_bytes;
}

uint64_t fixture_invisible_bytes(const struct fixture *fixture)
{
	return fixture->vram_bytes - fixture_visible_bytes(fixture);
}

uint64_t fixture_hws_mask(const struct fixture *fixture)
{
	uint64_t mask = 0;

	if (!fixture->hws)
		return 0;
	if (fixture->hws_mask_given)
		return fixture->hws_mask;
	for (uint32_t i = 0; i < fixture->engine_count; i++) {
		uint32_t id = fixture->engines[i].scheduler_id;

		if ((id == 0 && fixture->engines[i].type == FIXTURE_ENGINE_3D) || id == 5 || id == 4 ||
		    id == 7)
			mask |= 1ull << i;
	}
	return mask;
}

const struct fixture_raw *fixture_find_raw(const struct fixture *fixture, uint32_t type, uint32_t size,
					   uint32_t index)
{
	const struct fixture_raw *for_all = NULL;

	for (const struct fixture_raw *raw = fixture->raw; raw; raw = raw->next) {
		if (raw->type != type || raw->size != size)
			continue;
		if (raw->indexed && raw->index == index)
			return raw;
		if (!raw->indexed)
			for_all = raw;
	}
	return for_all;
}

static void free_patches(struct fixture *fixture)
{
	while (fixture->patches) {
		struct fixture_patch *patch = fixture->patches;

		fixture->patches = patch->next;
		free(patch);
	}
}

void fixture_free(struct fixture *fixture)
{
	if (!fixture)
		return;
	free_patches(fixture);
	while (fixture->raw) {
		struct fixture_raw *raw = fixture->raw;

		fixture->raw = raw->next;
		free(raw->bytes);
		free(raw);
	}
	free(fixture);
}
