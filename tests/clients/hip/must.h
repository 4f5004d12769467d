// SPDX-License-Identifier: MIT
/* A call of HIP that has to succeed, in C and in C++. */
#ifndef TESTS_CLIENTS_HIP_MUST_H
#define TESTS_CLIENTS_HIP_MUST_H

#include <stdio.h>
#include <stdlib.h>

#ifndef __HIP_PLATFORM_AMD__
#define __HIP_PLATFORM_AMD__ 1
#endif
#include <hip/hip_runtime_api.h>

#define MUST(call)                                                                                    \
	do {                                                                                          \
		hipError_t error_ = (call);                                                           \
		if (error_ != hipSuccess) {                                                           \
			printf("FAIL line %d: %s: %s\n", __LINE__, #call, hipGetErrorString(error_)); \
			exit(1);                                                                      \
		}                                                                                     \
	} while (0)

#endif
