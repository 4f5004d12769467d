// SPDX-License-Identifier: MIT
/* What the dxgsim launcher does besides running a command. */
#ifndef DXGSIM_COMMANDS_H
#define DXGSIM_COMMANDS_H

#include <stdbool.h>

#define EXIT_USAGE 64 /* sysexits: usage; a command line that cannot be followed */

/* --isa-coverage of @files, NULL at the end; NULL: of all generations.  The exit status; what is wrong is on stderr. */
int coverage_command(char **files);

/*
 * --control: lets the happenings @commands, NULL at the end, befall the host of a run, which @pid is the launcher or any
 * process of.  The first that cannot happen ends it.  The exit status; what is wrong is on stderr.
 */
int control_command(const char *pid, char **commands);

#endif
