// SPDX-License-Identifier: MIT
/*
 * Between libc's calls and the driver: which descriptors are files of the simulated VM.
 *
 * A descriptor is known by the inode behind it (driver_file_from_fd); a table of numbers only makes the usual
 * case cheap and tells when the last copy of a shared object in this process goes.  Copies made behind our back
 * (received in a message, duplicated by a raw system call) are found when /dev/dxg calls reach them.
 *
 * /dev/dxg itself ends with the last copy of its open file description in any process.  If that is not a close
 * of this process that the seam sees, the release comes late: at this process' next call on /dev/dxg, next close of
 * one, or end.  Objects therefore always end in the process that made them, while the kernel would release them in
 * the process that closed last; and they end with their process, even if a child still had a copy.
 */
#ifndef DXGSIM_PRELOAD_SEAM_H
#define DXGSIM_PRELOAD_SEAM_H

#include <stdbool.h>
#include <stdint.h>

#include "dxgsim/driver/driver.h"

#define SEAM_DEVICE_PATH "/dev/dxg"

/* Starts the driver if it does not run; ends the program when it cannot be simulated as asked. */
void seam_setup(void);
/* Closes everything, stops the driver and forgets its descriptors; the next open() starts a new one. */
void seam_shutdown(void);

/* Calls of this thread go straight to libc between these two: the driver's own must. */
void seam_enter(void);
void seam_leave(void);
bool seam_inside(void);

/* open("/dev/dxg"): a descriptor, or -1 with errno. */
int seam_open(int flags);

/* Our file if the table knows the number: one load for all others. */
struct driver_file *seam_known(int fd);
/* As above, but by the object. */
struct driver_file *seam_find(int fd);
/* fd is now a copy of from. */
void seam_copied(int from, int fd);
/*
 * Takes fd out of the table: the caller closes it next, then calls seam_forgotten with what this returned.  Unless
 * that is NULL the seam is locked in between, so that two last copies do not wait for each other.
 */
struct driver_file *seam_forget(int fd);
/* Between the two: fd stays open after all. */
void seam_restore(int fd, struct driver_file *file);
/* Releases the file if nothing means it any more. */
void seam_forgotten(struct driver_file *file);
/* Releases every /dev/dxg of this process that is not open anywhere any more. */
void seam_release_unused(void);
/* Forget every known descriptor in a range; closing is left to close_one. */
void seam_close_range(unsigned int first, unsigned int last, int (*close_one)(int fd));

#endif
