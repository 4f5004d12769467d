// SPDX-License-Identifier: MIT
/* How the programs with kernels and queues, of C and of HIP, end when something is not as it should be. */
#ifndef TESTS_CLIENTS_CONDITION_H
#define TESTS_CLIENTS_CONDITION_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition, ...)                                               \
	do {                                                                \
		if (!(condition)) {                                         \
			printf("FAIL line %d: %s; ", __LINE__, #condition); \
			printf(__VA_ARGS__);                                \
			printf("\n");                                       \
			exit(1);                                            \
		}                                                           \
	} while (0)

#endif
