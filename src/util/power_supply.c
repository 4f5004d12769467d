// SPDX-License-Identifier: MIT
/*
 * The kernel's class of power supplies: a directory for each, with a file for each property (Linux: Documentation/ABI/testing/sysfs-class-power).
 * Under WSL2 they are the host's, by way of the virtual machine's ACPI battery and AC adapter.
 */
#include "util/power_supply.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLASS	     "/sys/class/power_supply"
#define ENTRIES_MAX  64U /* looked at; machines have a handful */
#define PROPERTY_MAX 32U /* bytes of those that are read */

struct supplies {
	bool online;	  /* one that feeds the machine from outside */
	bool offline;	  /* the mains are not connected */
	bool discharging; /* a battery feeds it */
};

/* A property as text without its newline; "" where it is not there, is no plain file, or is longer than any known value. */
static void read_property(int directory, const char *entry, const char *property, char text[PROPERTY_MAX])
{
	char path[NAME_MAX + 16];
	struct stat status;
	ssize_t got = -1;
	int fd;

	text[0] = '\0';
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", entry, property) >= sizeof(path))
		return;
	/* what is no plain file is not waited for, nor made the terminal */
	fd = openat(directory, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return;
	if (!fstat(fd, &status) && S_ISREG(status.st_mode))
		got = read(fd, text, PROPERTY_MAX);
	close(fd);
	if (got < 0 || got == PROPERTY_MAX) {
		text[0] = '\0';
		return;
	}
	text[got] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

static void look_at(int directory, const char *entry, struct supplies *supplies)
{
	char type[PROPERTY_MAX], text[PROPERTY_MAX];
	bool mains;

	/* those of mice and keyboards do not feed the machine */
	read_property(directory, entry, "scope", text);
	if (!strcmp(text, "Device"))
		return;
	read_property(directory, entry, "type", type);
	mains = !strcmp(type, "Mains");
	if (mains || !strcmp(type, "USB")) {
		read_property(directory, entry, "online", text);
		/* 2: at a voltage that was negotiated */
		if (!strcmp(text, "1") || !strcmp(text, "2"))
			supplies->online = true;
		else if (mains && !strcmp(text, "0"))
			supplies->offline = true;
	} else if (!strcmp(type, "Battery") || !strcmp(type, "UPS")) {
		read_property(directory, entry, "status", text);
		if (!strcmp(text, "Discharging"))
			supplies->discharging = true;
	}
}

/*
 * What feeds the machine by an open directory of power supplies, which stays the caller's: the mains when they, or USB, are
 * connected; a battery when one discharges or the mains are not connected; unknown when neither is said.
 */
enum power_source power_supply_read(int directory)
{
	struct supplies supplies = {0};
	const struct dirent *entry;
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);

	if (!stream) {
		if (fd >= 0)
			close(fd);
		return POWER_UNKNOWN;
	}
	for (unsigned i = 0; i < ENTRIES_MAX && (entry = readdir(stream)); i++)
		if (entry->d_name[0] != '.')
			look_at(directory, entry->d_name, &supplies);
	closedir(stream);
	if (supplies.online)
		return POWER_MAINS;
	return supplies.offline || supplies.discharging ? POWER_BATTERY : POWER_UNKNOWN;
}

/* What feeds the machine now; unknown where the kernel does not tell. */
enum power_source power_supply_now(void)
{
	int fd = open(CLASS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum power_source source;

	if (fd < 0)
		return POWER_UNKNOWN;
	source = power_supply_read(fd);
	close(fd);
	return source;
}
