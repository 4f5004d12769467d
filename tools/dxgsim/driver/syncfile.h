// SPDX-License-Identifier: MIT
/* Sync files. */
#ifndef DXGSIM_DRIVER_SYNCFILE_H
#define DXGSIM_DRIVER_SYNCFILE_H

#include "dxgsim/driver/file.h"

/* A file_importer, for the read end of a sync file's pipe. */
int sync_file_import(int fd, struct driver_file **file);

#endif
