// SPDX-License-Identifier: MIT
/* /dev/dxg as a file. */
#ifndef DXGSIM_DRIVER_DEVICE_FILE_H
#define DXGSIM_DRIVER_DEVICE_FILE_H

#include <stdbool.h>

#include "dxgsim/driver/file.h"

/* open("/dev/dxg", flags): a new descriptor and its file, or -errno as open() would set it. */
int device_file_open(int flags, int *fd, struct driver_file **file);
/* Whether fd is a /dev/dxg that this process opened before it called exec(). */
bool device_file_survived_exec(int fd);
/* A file_importer. */
int device_file_import(int fd, struct driver_file **file);
/* What other calls on it come to. */
int device_file_call(const struct driver_file *file, enum driver_file_call call);

#endif
