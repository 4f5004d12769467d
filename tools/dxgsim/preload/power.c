// SPDX-License-Identifier: MIT
/*
 * /sys/class/power_supply as WSL2 shows the host's: real directories, one for each source of power, and whoever opens
 * a name there gets that of the host's source now.  A directory that stays open shows what was so when it was opened.
 */
#include "power.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "dxgsim/hooks.h"
#include "real.h"
#include "seam.h"

#define CLASS "/sys/class/power_supply"
/* fcntl.h would declare what this library defines */
#define CWD_FD	    (-100) /* AT_FDCWD */
#define FOR_WRITING 0103   /* O_WRONLY, O_RDWR, O_CREAT */
#define NO_MODE	    0

bool power_is_played(const char *path)
{
	if (path == NULL || seam_inside() || strncmp(path, CLASS, sizeof(CLASS) - 1) != 0)
		return false;
	path += sizeof(CLASS) - 1;
	/* what leads out of it is not ours */
	return path[0] == '\0' || (path[0] == '/' && strstr(path, "/..") == NULL);
}

/* Where the file is that plays this one. */
static void played_path(const char *path, char *out, size_t size)
{
	static const char *const sources[] = {
		[HOST_POWER_UNKNOWN] = "unknown",
		[HOST_POWER_MAINS] = "mains",
		[HOST_POWER_BATTERY] = "battery",
	};
	const char *place = DXGSIM_POWER_SOURCE;
	enum host_power power;

	seam_setup();
	seam_enter();
	power = hook_power();
	if (real()->access(place, R_OK) != 0)
		place = DXGSIM_POWER_DIR;
	seam_leave();
	/* a name too long to be there is cut to one that is not */
	snprintf(out, size, "%s/%s%s", place, sources[power], path + sizeof(CLASS) - 1);
}

int power_open(const char *path, int flags)
{
	char played[PATH_MAX];

	if ((flags & FOR_WRITING) != 0) {
		errno = EACCES;
		return -1;
	}
	played_path(path, played, sizeof(played));
	return real()->openat(CWD_FD, played, flags, NO_MODE);
}

FILE *power_fopen(const char *path, const char *mode)
{
	char played[PATH_MAX];

	if (mode[0] != 'r' || strchr(mode, '+') != NULL) {
		errno = EACCES;
		return NULL;
	}
	played_path(path, played, sizeof(played));
	return real()->fopen(played, mode);
}

INTERPOSE(DIR *, opendir, (const char *path));

DIR *played_opendir(const char *path)
{
	char played[PATH_MAX];

	if (!power_is_played(path))
		return real()->opendir(path);
	played_path(path, played, sizeof(played));
	return real()->opendir(played);
}
