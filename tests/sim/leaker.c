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
 *   leaker vram     the same, and 300 MiB of VRAM resident on every adapter
 *   leaker become   makes a device on every adapter, and becomes true(1)
 *   leaker lost     the same, counts the adapters, and gives nothing back
 *   leaker watch    says that it is there, waits until there is an adapter less than before, and gives all back
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

static int make_device(int fd, d3dkmt_handle adapter, d3dkmt_handle *device)
{
	struct d3dkmt_createdevice args = {.adapter = adapter};
	int rc = ioctl(fd, LX_DXCREATEDEVICE, &args) ? -1 : !args.device;

	*device = args.device;
	return rc;
}

static void put32(uint8_t *to, uint32_t offset, uint32_t value)
{
	memcpy(to + offset, &value, sizeof(value));
}

/* AMD's private data of an allocation in VRAM that the CPU can reach. */
static void describe_vram(uint8_t resource[0x40], uint8_t data[0x218], uint64_t size)
{
	put32(resource, 0x08, 0x80);
	put32(resource, 0x3c, 0x218);
	put32(data, 0x00, 0x1d8);
	put32(data, 0x3c, 1);
	put32(data, 0x40, 0x1d8);
	put32(data, 0x44, 1);
	put32(data, 0x48, 0x80);
	put32(data, 0x50, 1);
	put32(data, 0x54, (uint32_t)size);
	put32(data, 0x58, 0x1000);
	put32(data, 0x5c, 1);
	data[0x60] = 1;
	memcpy(data + 0xa8, &size, sizeof(size));
	put32(data, 0xf0, 0xc4);
	put32(data, 0x104, 0x114);
}

static int make_vram(int fd, d3dkmt_handle device)
{
	uint8_t resource[0x40] = {0}, data[0x218] = {0};
	struct d3dddi_allocationinfo2 info = {
		.priv_drv_data = (uintptr_t)data,
		.priv_drv_data_size = sizeof(data),
		.vidpn_source_id = UINT32_MAX,
	};
	struct d3dkmt_createallocation create = {
		.device = device,
		.priv_drv_data = (uintptr_t)resource,
		.priv_drv_data_size = sizeof(resource),
		.alloc_count = 1,
		.allocation_info = (uintptr_t)&info,
	};
	struct d3dkmt_createpagingqueue queue = {.device = device};
	struct d3dddi_makeresident resident = {.alloc_count = 1};

	describe_vram(resource, data, 300ull << 20);
	if (ioctl(fd, LX_DXCREATEALLOCATION, &create) || ioctl(fd, LX_DXCREATEPAGINGQUEUE, &queue))
		return -1;
	resident.paging_queue = queue.paging_queue;
	resident.allocation_list = (uintptr_t)&info.allocation;
	return ioctl(fd, LX_DXMAKERESIDENT, &resident) < 0 ? -1 : 0;
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

static int count_adapters(int fd, uint32_t *count)
{
	struct d3dkmt_enumadapters2 args = {.adapters = 0};
	int rc = ioctl(fd, LX_DXENUMADAPTERS2, &args);

	*count = args.num_adapters;
	return rc;
}

static int wait_for_one_less(int fd, uint32_t before)
{
	uint32_t count = before;

	puts("holding");
	fflush(stdout);
	for (int tries = 0; tries < 20000 && count == before; tries++)
		if (usleep(500) || count_adapters(fd, &count))
			return -1;
	return count == before - 1 ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct d3dkmt_adapterinfo info[MAX_ADAPTERS] = {{0}};
	struct d3dkmt_enumadapters3 args = {.adapter_count = MAX_ADAPTERS, .adapters = (uintptr_t)info};
	const char *what = argc > 1 ? argv[1] : "";
	bool lost = !strcmp(what, "lost"), vram = lost || !strcmp(what, "vram");
	d3dkmt_handle device;
	uint32_t count;
	int fd = open("/dev/dxg", O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, LX_DXENUMADAPTERS3, &args)) {
		fprintf(stderr, "leaker: %s\n", strerror(errno));
		return 1;
	}
	if (!strcmp(what, "exit"))
		return 0;
	if (vram || !strcmp(what, "hold") || !strcmp(what, "become")) {
		for (uint32_t i = 0; i < args.adapter_count; i++)
			if (make_device(fd, info[i].adapter_handle, &device) ||
			    (vram && make_vram(fd, device)))
				return 1;
		return lost ? count_adapters(fd, &count) || close(fd) : go_on(what);
	}
	if (!strcmp(what, "watch") && wait_for_one_less(fd, args.adapter_count))
		return 1;
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
