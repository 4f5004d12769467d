// SPDX-License-Identifier: MIT
/* The rights on pages, from /proc/self/maps (Linux: Documentation/filesystems/proc.rst). */
#include "memory/user_runs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "util/compiler.h"
#include "util/log.h"

static int add_run(struct user_runs *runs, uint64_t start, uint64_t end, bool writable)
{
	struct user_run *last = runs->count ? &runs->runs[runs->count - 1] : NULL, *grown;

	if (last && last->writable == writable) {
		last->end = end;
		return 0;
	}
	grown = reallocarray(runs->runs, runs->count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	runs->runs = grown;
	runs->runs[runs->count++] = (struct user_run){.start = start, .end = end, .writable = writable};
	return 0;
}

/* Reads on in the list of mappings until [*at, end) is covered.  -EFAULT: a page of it is not there, or not readable. */
static int read_runs(FILE *maps, struct user_runs *runs, uint64_t *at, uint64_t end)
{
	char *line = NULL;
	size_t room = 0;
	int ret = 0;

	while (!ret && *at < end && getline(&line, &room, maps) > 0) {
		uint64_t low, high;
		char rights[5];

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &low, &high, rights) != 3 || high <= *at)
			continue;
		if (low > *at || rights[0] != 'r')
			break;
		ret = add_run(runs, *at, MIN(high, end), rights[1] == 'w');
		*at = MIN(high, end);
	}
	free(line);
	if (!ret && *at < end)
		return ferror(maps) ? -EIO : -EFAULT;
	return ret;
}

/*
 * Finds out about [start, end), page multiples.  -EFAULT, with a message: some page is not there; -ENOENT, -ENOMEM,
 * -EIO: it cannot be found out.
 */
int user_runs_read(struct user_runs *runs, uint64_t start, uint64_t end)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	uint64_t at = start;
	int ret;

	*runs = (struct user_runs){0};
	if (!maps)
		return errno == ENOMEM ? -ENOMEM : -ENOENT;
	ret = read_runs(maps, runs, &at, end);
	fclose(maps);
	if (ret == -EFAULT)
		log_err("memory for the GPU, %#" PRIx64 " to %#" PRIx64 ": nothing can be read at %#" PRIx64,
			start, end, at);
	if (ret)
		user_runs_free(runs);
	runs->known = !ret;
	return ret;
}

/* The run that an address lies in; it is among those that were asked about. */
const struct user_run *user_run_at(const struct user_runs *runs, uint64_t address)
{
	for (size_t i = 0; i < runs->count; i++)
		if (address < runs->runs[i].end)
			return address >= runs->runs[i].start ? &runs->runs[i] : NULL;
	return NULL;
}

void user_runs_free(struct user_runs *runs)
{
	free(runs->runs);
	*runs = (struct user_runs){0};
}
