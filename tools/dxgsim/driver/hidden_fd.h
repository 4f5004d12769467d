// SPDX-License-Identifier: MIT
/* Descriptors the program does not know of. */
#ifndef DXGSIM_DRIVER_HIDDEN_FD_H
#define DXGSIM_DRIVER_HIDDEN_FD_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Moves a descriptor out of the way of the low numbers programs count on, close-on-exec; it is closed by
 * hidden_fd_close().  Returns the new number, or the old one if that is impossible.
 */
int hidden_fd_move(int fd);
/* Not seen by whatever stands in front of close(). */
void hidden_fd_close(int fd);
/* A new open file description of the file behind fd, hidden.  -errno. */
int hidden_fd_reopen(int fd, int flags);
/* What /proc says fd is, without the seam's translation.  false: no such descriptor. */
bool fd_link(int fd, char *link, size_t size);

#endif
