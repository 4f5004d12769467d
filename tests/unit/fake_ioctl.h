// SPDX-License-Identifier: MIT
/* The driver of the tests of src/dxg: one function, asked for every ioctl, and a count of the calls. */
#ifndef TESTS_FAKE_IOCTL_H
#define TESTS_FAKE_IOCTL_H

#include "dxg/dxg.h"

extern int (*answer)(unsigned long command, void *arg);
extern unsigned calls;
extern int open_error;
extern const char *opened_path;

struct dxg *opened(void); /* with no calls counted yet */
int fail_with(int err);	  /* what an answer returns to fail */

#endif
