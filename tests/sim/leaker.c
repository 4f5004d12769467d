// SPDX-License-Identifier: MIT
/* Opens adapters and gives none back: closes /dev/dxg, or with an argument leaves even that to exit. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dxg/uapi.h"

int main(int argc, char **argv)
{
	struct d3dkmt_adapterinfo info[64] = {{0}};
	struct d3dkmt_enumadapters3 args = {.adapter_count = 64, .adapters = (uintptr_t)info};
	int fd = open("/dev/dxg", O_RDWR | O_CLOEXEC);

	(void)argv;
	if (fd < 0 || ioctl(fd, LX_DXENUMADAPTERS3, &args)) {
		fprintf(stderr, "leaker: %s\n", strerror(errno));
		return 1;
	}
	if (argc < 2)
		close(fd);
	return 0;
}
