// SPDX-License-Identifier: MIT
/* What the driver tells the program around it. */
#include "dxgsim/driver/notice.h"

#include <stdio.h>
#include <stdlib.h>

#include "dxgsim/driver/file.h"

static const struct driver_seam *seam;
static void *seam_arg;

void notice_set_seam(const struct driver_seam *new_seam, void *arg)
{
	seam = new_seam;
	seam_arg = arg;
}

void notice_descriptor_made(int fd, struct driver_file *file)
{
	if (seam && seam->descriptor_made)
		seam->descriptor_made(seam_arg, fd, file);
}

void notice_process_ending(void)
{
	if (seam && seam->process_ending)
		seam->process_ending(seam_arg);
}

void notice_noted(const char *text)
{
	if (seam && seam->noted)
		seam->noted(seam_arg, text);
}

_Noreturn void notice_crashed(const char *text)
{
	if (seam && seam->crashed)
		seam->crashed(seam_arg, text);
	fprintf(stderr, "dxgsim: %s\n", text);
	abort();
}
