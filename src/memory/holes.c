// SPDX-License-Identifier: MIT
#include "memory/holes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "util/compiler.h"

#define STACK_ROOM     (128ULL << 20) /* what the kernel itself leaves at least (Linux: mmap_base()) */
#define STACK_ROOM_MAX (1ULL << 40)   /* of an unlimited stack */

struct list {
	struct hole *holes;
	size_t count;
	size_t room;
};

static int add(struct list *list, uint64_t start, uint64_t end)
{
	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 64;
		struct hole *holes = reallocarray(list->holes, room, sizeof(*holes));

		if (!holes)
			return -ENOMEM;
		list->holes = holes;
		list->room = room;
	}
	list->holes[list->count++] = (struct hole){.start = start, .end = end};
	return 0;
}

/* How far below the stack's mapping the stack may still want to grow. */
static uint64_t stack_room(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_STACK, &limit) || limit.rlim_cur < STACK_ROOM)
		return STACK_ROOM;
	return MIN(limit.rlim_cur, STACK_ROOM_MAX);
}

static int collect(FILE *maps, uint64_t lowest, uint64_t highest, struct list *list)
{
	uint64_t end_of_last = lowest, start, end;
	char *line = NULL;
	size_t size = 0;
	int ret = 0;

	while (!ret && end_of_last < highest && getline(&line, &size, maps) > 0) {
		uint64_t until;

		if (sscanf(line, "%" SCNx64 "-%" SCNx64, &start, &end) != 2)
			continue;
		until = start;
		if (strstr(line, "[stack]"))
			until -= MIN(until, stack_room());
		until = MIN(until, highest);
		if (until > end_of_last)
			ret = add(list, end_of_last, until);
		end_of_last = MAX(end_of_last, end);
	}
	if (!ret && ferror(maps))
		ret = -EIO;
	if (!ret && end_of_last < highest)
		ret = add(list, end_of_last, highest);
	free(line);
	return ret;
}

/*
 * The parts of [lowest, highest) that nothing is mapped in, lowest first, without the room that the stack of the
 * process grows into; free() them.  What they are worth ends with the next mmap() of any thread.  Where /proc cannot be
 * read it is one hole as far as can be told.  -ENOMEM.
 */
int holes_find(uint64_t lowest, uint64_t highest, struct hole **out, size_t *count)
{
	struct list list = {0};
	FILE *maps = fopen("/proc/self/maps", "re");
	int ret = maps ? collect(maps, lowest, highest, &list) : -EIO;

	if (maps)
		fclose(maps);
	if (ret == -EIO) {
		list.count = 0;
		ret = add(&list, lowest, highest);
	}
	if (ret) {
		free(list.holes);
		list = (struct list){0};
	}
	*out = list.holes;
	*count = list.count;
	return ret;
}
