// SPDX-License-Identifier: MIT
#include "queue/verdict_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/compiler.h"
#include "util/log.h"

#define FORMAT	    1U
#define FILE_MAX    4096U
#define BOOT_ID_MAX 64U

const enum kmd_engine verdict_engines[VERDICT_ENGINES] = {
	KMD_ENGINE_COMPUTE0,
	KMD_ENGINE_SDMA0,
	KMD_ENGINE_SDMA1,
};

static const char *const rung_words[GSP_RUNG_COUNT] = {
	[GSP_RUNG_HARDWARE] = "hardware",
	[GSP_RUNG_SOFTWARE] = "software",
	[GSP_RUNG_USER_QUEUE] = "ring",
};

/* Nobody but the user (and root, from whom nothing is safe) may have put something there. */
static bool is_private(const struct stat *s)
{
	return s->st_uid == geteuid() && !(s->st_mode & (S_IWGRP | S_IWOTH));
}

static bool is_private_directory(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat s;
	bool good = fd >= 0 && !fstat(fd, &s) && is_private(&s);

	if (fd >= 0)
		close(fd);
	return good;
}

static char *join(const char *directory, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", directory, name) < 0 ? NULL : path;
}

/*
 * The directory for the files, the caller's to free: `given`, or hsakmt-dxg in the user's own runtime directory (XDG base
 * directories), made if it is not there.  NULL where there is none, or somebody else may write to it, and when
 * HSAKMT_DXG_PROBE=fresh says that the engines are to be asked.
 */
char *verdict_directory(const char *given)
{
	const char *probe = getenv("HSAKMT_DXG_PROBE"), *runtime;
	char *path;

	if (probe && !strcmp(probe, "fresh"))
		return NULL;
	if (given) {
		path = strdup(given);
	} else {
		runtime = secure_getenv("XDG_RUNTIME_DIR");
		if (!runtime || runtime[0] != '/' || !is_private_directory(runtime))
			return NULL;
		path = join(runtime, "hsakmt-dxg");
	}
	if (!path)
		return NULL;
	if ((mkdir(path, S_IRWXU) && errno != EEXIST) || !is_private_directory(path)) {
		log_debug("%s: not used: it cannot be made, or others may write to it", path);
		free(path);
		return NULL;
	}
	return path;
}

/* ---- the text ---- */

/* Up to `size` - 1 bytes of a file, with a zero behind them.  -1: it is not to be had, or longer. */
static ssize_t read_all(int fd, char *text, size_t size)
{
	size_t used = 0;
	ssize_t n;

	do {
		n = read(fd, text + used, size - used);
		if (n > 0)
			used += (size_t)n;
	} while ((n > 0 && used < size) || (n < 0 && errno == EINTR));
	if (n < 0 || used == size)
		return -1;
	text[used] = '\0';
	return (ssize_t)used;
}

/* The name of this boot of the guest (Linux: drivers/char/random.c); false without one. */
static bool read_boot_id(char id[BOOT_ID_MAX])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return false;
	length = read_all(fd, id, BOOT_ID_MAX);
	close(fd);
	if (length <= 0)
		return false;
	id[strcspn(id, "\n")] = '\0';
	return id[0] && !id[strspn(id, "0123456789abcdef-")];
}

static uint64_t luid_of(const struct gsp_device *device)
{
	const struct winluid *luid = &gsp_device_info(device)->luid;

	return (uint64_t)luid->b << 32 | luid->a;
}

/*
 * What the lines of this boot, adapter and driver begin with; one host round trip.  A driver that does not tell its version has
 * 0: then the LUID, which another driver has another of, and the firmware's versions have to do.
 */
bool verdict_key(struct gsp_device *device, char key[VERDICT_KEY_MAX])
{
	const struct kmd_adapter *info = gsp_device_info(device);
	uint64_t version = 0;
	char boot[BOOT_ID_MAX];

	if (!luid_of(device) || !read_boot_id(boot))
		return false;
	if (kmd_adapter_driver_version(gsp_device_dxg(device), gsp_device_adapter(device), &version))
		version = 0;
	return snprintf(key, VERDICT_KEY_MAX, "%u %s %016" PRIx64 " %016" PRIx64 " %08x-%08x-%08x", FORMAT,
			boot, luid_of(device), version, info->me_firmware, info->mec_firmware,
			info->pfp_firmware) < (int)VERDICT_KEY_MAX;
}

static int format_line(char *line, size_t size, const char *key, unsigned engine, enum gsp_rung rung)
{
	return snprintf(line, size, "%s %u %s\n", key, (unsigned)verdict_engines[engine], rung_words[rung]);
}

/* Compares with every line that there could be: what is not the same to the byte is nothing. */
static void parse_line(const char *line, size_t length, const char *key, enum gsp_rung rungs[VERDICT_ENGINES])
{
	char expected[VERDICT_KEY_MAX + 32];

	for (unsigned engine = 0; engine < VERDICT_ENGINES; engine++) {
		for (int rung = 0; rung < GSP_RUNG_COUNT; rung++) {
			int size = format_line(expected, sizeof(expected), key, engine, (enum gsp_rung)rung);

			if ((size_t)size == length && !memcmp(line, expected, length))
				rungs[engine] = (enum gsp_rung)rung;
		}
	}
}

static void parse(const char *text, const char *key, enum gsp_rung rungs[VERDICT_ENGINES])
{
	for (const char *end; (end = strchr(text, '\n')); text = end + 1)
		parse_line(text, (size_t)(end + 1 - text), key, rungs);
}

/* ---- the file ---- */

static char *path_of(const char *directory, const struct gsp_device *device)
{
	char name[40];

	snprintf(name, sizeof(name), "verdicts-%016" PRIx64, luid_of(device));
	return join(directory, name);
}

static void read_file(const char *path, const char *key, enum gsp_rung rungs[VERDICT_ENGINES])
{
	/* what is no file must not hold anybody up */
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char text[FILE_MAX];
	struct stat s;

	for (unsigned i = 0; i < VERDICT_ENGINES; i++)
		rungs[i] = GSP_RUNG_NONE;
	if (fd < 0)
		return;
	if (!fstat(fd, &s) && S_ISREG(s.st_mode) && is_private(&s) && read_all(fd, text, sizeof(text)) > 0)
		parse(text, key, rungs);
	close(fd);
}

static bool write_all(int fd, const char *text, size_t length)
{
	while (length) {
		ssize_t n = write(fd, text, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text += n;
		length -= (size_t)n;
	}
	return true;
}

/* All of it or nothing: who reads meanwhile has the old file or the new one. */
static void replace_file(const char *directory, const char *path, const char *text)
{
	char *temporary = join(directory, ".verdicts-XXXXXX");
	int fd = temporary ? mkostemp(temporary, O_CLOEXEC) : -1;
	bool written;

	if (fd >= 0) {
		written = write_all(fd, text, strlen(text));
		written = !close(fd) && written;
		if (!written || rename(temporary, path)) {
			log_debug("%s: not written: %s", path, strerror(errno));
			unlink(temporary);
		}
	}
	free(temporary);
}

void verdict_file_read(const char *directory, const struct gsp_device *device, const char *key,
		       enum gsp_rung rungs[VERDICT_ENGINES])
{
	char *path = path_of(directory, device);

	for (unsigned i = 0; i < VERDICT_ENGINES; i++)
		rungs[i] = GSP_RUNG_NONE;
	if (path)
		read_file(path, key, rungs);
	free(path);
}

/* Of two processes that write at once one may be forgotten: it costs a probe. */
void verdict_file_write(const char *directory, const struct gsp_device *device, const char *key,
			unsigned engine, enum gsp_rung rung)
{
	char text[VERDICT_ENGINES * (VERDICT_KEY_MAX + 32)] = "", *path = path_of(directory, device);
	enum gsp_rung rungs[VERDICT_ENGINES];
	size_t used = 0;

	if (!path)
		return;
	read_file(path, key, rungs);
	rungs[engine] = rung;
	for (unsigned i = 0; i < VERDICT_ENGINES; i++)
		if (rungs[i] != GSP_RUNG_NONE)
			used += (size_t)format_line(text + used, sizeof(text) - used, key, i, rungs[i]);
	replace_file(directory, path, text);
	free(path);
}
