// SPDX-License-Identifier: MIT
/* Ways for a process to end; see ends.c. */
#ifndef TESTS_SIM_ENDS_H
#define TESTS_SIM_ENDS_H

enum ends_left {
	ENDS_CLEAN,	/* nothing is left on the host */
	ENDS_TO_KERNEL, /* something is, for the kernel to end */
	ENDS_AS_MAY_BE, /* either */
};

struct ends_case {
	const char *name;
	int (*body)(void); /* comes back for exit() by the return of main */
	int status;	   /* of the process' end */
	enum ends_left left;
};

extern const struct ends_case ends_cases[];

#endif
