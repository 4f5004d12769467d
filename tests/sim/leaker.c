// SPDX-License-Identifier: MIT
/*
 * Opens adapters and does one thing that dxgsim reports:
 *
 *   leaker          gives no adapter back and closes /dev/dxg
 *   leaker exit     leaves even that to exit
 *   leaker range    gives all adapters back, but not the GPU addresses it has reserved
 *   leaker twice    gives an adapter back twice
 *   leaker private  asks every adapter AMD's private question
 *   leaker hold     makes a device on every adapter, says so, and waits until it is killed
 *   leaker become   makes a device on every adapter, and becomes true(1)
 *   leaker clean    none of these
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dxg/uapi.h"

#define MAX_ADAPTERS 64

static int give_back(int fd, d3dkmt_handle adapter)
{
	struct d3dkmt_closeadapter args = {.adapter_handle = adapter};

	return ioctl(fd, LX_DXCLOSEADAPTER, &args);
}

static int reserve(int fd, d3dkmt_handle adapter)
{
	struct d3dddi_reservegpuvirtualaddress args = {.adapter = adapter, .size = 1 << 20};

	return ioctl(fd, LX_DXRESERVEGPUVIRTUALADDRESS, &args) ? -1 : !args.virtual_address;
}

static void ask_private(int fd, d3dkmt_handle adapter)
{
	static uint8_t blob[0x4360];
	struct d3dkmt_queryadapterinfo args = {
		.adapter = adapter, .private_data = (uintptr_t)blob, .private_data_size = sizeof(blob)};

	ioctl(fd, LX_DXQUERYADAPTERINFO, &args); /* type 0 is the private one; refused is as good */
}

static int make_device(int fd, d3dkmt_handle adapter)
{
	struct d3dkmt_createdevice args = {.adapter = adapter};

	return ioctl(fd, LX_DXCREATEDEVICE, &args) ? -1 : !args.device;
}

/* With devices made. */
static int go_on(const char *what)
{
	if (!strcmp(what, "become")) {
		execlp("true", "true", (char *)NULL);
		return 1;
	}
	puts("holding");
	fflush(stdout);
	pause();
	return 1;
}

int main(int argc, char **argv)
{
	struct d3dkmt_adapterinfo info[MAX_ADAPTERS] = {{0}};
	struct d3dkmt_enumadapters3 args = {.adapter_count = MAX_ADAPTERS, .adapters = (uintptr_t)info};
	const char *what = argc > 1 ? argv[1] : "";
	int fd = open("/dev/dxg", O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, LX_DXENUMADAPTERS3, &args)) {
		fprintf(stderr, "leaker: %s\n", strerror(errno));
		return 1;
	}
	if (!strcmp(what, "exit"))
		return 0;
	if (!strcmp(what, "hold") || !strcmp(what, "become")) {
		for (uint32_t i = 0; i < args.adapter_count; i++)
			if (make_device(fd, info[i].adapter_handle))
				return 1;
		return go_on(what);
	}
	for (uint32_t i = 0; *what && i < args.adapter_count; i++) {
		if (!strcmp(what, "range") && reserve(fd, info[i].adapter_handle))
			return 1;
		if (!strcmp(what, "private"))
			ask_private(fd, info[i].adapter_handle);
		if (give_back(fd, info[i].adapter_handle))
			return 1;
		if (!strcmp(what, "twice") && !give_back(fd, info[i].adapter_handle))
			return 1;
	}
	close(fd);
	return 0;
}
