// SPDX-License-Identifier: MIT
/* The model host as people describe it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dxgsim/host/model.h"
#include "dxgsim/host/types.h"

#define DEFAULT_SPECS "rx6800;radeon680m"

/* FNV-1a */
static uint32_t hash(const char *text)
{
	uint32_t hash = 0x811c9dc5;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x01000193;
	return hash;
}

int host_model_create_from_specs(const char *specs, const char *path, struct host_model **out,
				 struct fixture_error *error)
{
	struct fixture *fixtures[HOST_MAX_VGPUS];
	uint32_t hashes[HOST_MAX_VGPUS];
	uint32_t count = 0;
	char *copy, *next;
	int rc = 0;

	if (!specs || !*specs)
		specs = DEFAULT_SPECS;
	copy = strdup(specs);
	if (!copy)
		return -ENOMEM;
	next = copy;
	while (!rc && next) {
		char *spec = strsep(&next, ";");

		if (!*spec || !strcmp(spec, "none"))
			continue;
		if (count == HOST_MAX_VGPUS) {
			snprintf(error->text, sizeof(error->text), "more than %d adapters", HOST_MAX_VGPUS);
			rc = -EINVAL;
			break;
		}
		hashes[count] = hash(spec);
		rc = fixture_load(spec, path, &fixtures[count], error);
		count += !rc;
	}
	free(copy);
	if (rc) {
		while (count--)
			fixture_free(fixtures[count]);
		return rc;
	}
	rc = host_model_create(fixtures, count, out);
	if (rc)
		snprintf(error->text, sizeof(error->text), "cannot start the host: %s", strerror(-rc));
	/* random on hardware: no other adapter has the same, nor has this one when it comes back as another */
	for (uint32_t i = 0; !rc && i < count; i++)
		(*out)->adapters[i].luid_b ^= hashes[i];
	return rc;
}
