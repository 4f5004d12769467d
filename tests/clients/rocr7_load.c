// SPDX-License-Identifier: MIT
/* Finding the driver, the library and its names, as ROCr's thunk loader does. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rocr7.h"

/* WSL is there when the device opens; the runtime closes it at once. */
bool detect_dxg(struct run *run)
{
	int fd = open("/dev/dxg", O_RDWR);

	if (fd < 0) {
		fprintf(stderr, "/dev/dxg: %s\n", strerror(errno));
		return EXPECT(run, fd >= 0);
	}
	return EXPECT(run, close(fd) == 0);
}

static bool says_nodelete(void *library)
{
	struct link_map *map;

	if (dlinfo(library, RTLD_DI_LINKMAP, &map))
		return false;
	for (const ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; entry++)
		if (entry->d_tag == DT_FLAGS_1)
			return entry->d_un.d_val & DF_1_NODELETE;
	return false;
}

/* By name only: ld.so's own search has to find it. */
static bool open_library(struct run *run)
{
	for (size_t i = 0; i < 2 && !run->library; i++) {
		const char *name = run->generation->libraries[i];

		if (!name)
			continue;
		run->library = dlopen(name, RTLD_LAZY);
		if (!run->library)
			fprintf(stderr, "%s\n", dlerror());
	}
	if (!EXPECT(run, run->library != NULL))
		return false;
	run->stays_mapped = says_nodelete(run->library);
	return true;
}

static bool resolve(struct run *run, const char *name, bool needed)
{
	if (dlsym(run->library, name) || !needed)
		return true;
	/* the rest of ROCr's table stays empty then, and a call goes through a null pointer */
	fprintf(stderr, "%s\n", dlerror());
	return judge(run, name, false);
}

static bool resolve_list(struct run *run)
{
	enum generation_id id = run->generation->id;
	bool all = true;

	for (size_t i = 0; i < first_name_count; i++)
		all = resolve(run, first_names[i], true) && all;
	for (size_t i = 0; i < late_name_count; i++) {
		const struct late_name *late = &late_names[i];

		if (id >= late->since && id < late->gone_since)
			all = resolve(run, late->name, id < late->optional_since) && all;
	}
#define RESOLVE(name) *(void **)&run->thunk.name = dlsym(run->library, #name);
	CALLS(RESOLVE)
#undef RESOLVE
	return all;
}

static bool check_abi(struct run *run)
{
	HsaStructureSizes sizes = {
		.StructureSizes = sizeof(sizes),
		.SizeOfHsaNodeProperties = sizeof(HsaNodeProperties),
	};
	const HsaStructureSizes before = sizes;

	if (!run->generation->checks_abi || !run->thunk.DxgAbiCheck)
		return true;
	if (run->generation->tells_descriptor)
		sizes.SizeOfHsaExternalHandleDesc = sizeof(HsaHandleImportDesc);
	if (!SUCCEEDS(run, run->thunk.DxgAbiCheck(&sizes)))
		return false;
	sizes.SizeOfHsaExternalHandleDesc = 0;
	return EXPECT(run, !memcmp(&sizes, &before, sizeof(sizes)));
}

bool load_thunk(struct run *run)
{
	return open_library(run) && resolve_list(run) && check_abi(run);
}

/* The last reference goes; the code stays only where the library asks for that. */
void unload_thunk(struct run *run)
{
	const char *const *names = run->generation->libraries;
	void *left;

	if (!run->library)
		return;
	EXPECT(run, dlclose(run->library) == 0);
	run->library = NULL;
	memset(&run->thunk, 0, sizeof(run->thunk));
	left = dlopen("librocdxg.so.1", RTLD_LAZY | RTLD_NOLOAD);
	if (!left)
		left = dlopen(names[0], RTLD_LAZY | RTLD_NOLOAD);
	EXPECT(run, (left != NULL) == run->stays_mapped);
	if (left)
		dlclose(left);
}
