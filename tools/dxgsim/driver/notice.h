// SPDX-License-Identifier: MIT
/* What the driver tells the program around it (struct driver_seam). */
#ifndef DXGSIM_DRIVER_NOTICE_H
#define DXGSIM_DRIVER_NOTICE_H

#include "dxgsim/driver/interface.h"

/* The seam stays the caller's; NULL: nobody listens. */
void notice_set_seam(const struct driver_seam *seam, void *arg);

void notice_descriptor_made(int fd, struct driver_file *file);
void notice_process_ending(void);
void notice_noted(const char *text);
/* Ends the program: if the seam does not, by abort(). */
_Noreturn void notice_crashed(const char *text);

#endif
