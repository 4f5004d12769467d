// SPDX-License-Identifier: MIT
/* The dispatch table. */
#ifndef DXGSIM_DRIVER_IOCTL_H
#define DXGSIM_DRIVER_IOCTL_H

#include "dxgsim/driver/file.h"

/* The ioctl of files of kind DRIVER_FILE_DEVICE. */
int device_file_ioctl(struct driver_file *file, unsigned long cmd, uint64_t arg);
/* Name of an ioctl without LX_DX, by the nr of a command word; NULL for numbers that are none. */
const char *ioctl_name(unsigned int nr);

#endif
