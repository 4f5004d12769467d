// SPDX-License-Identifier: MIT
/* A kernel that does not end, until Windows takes the GPU away from it.  HIP 5.2 ends the program then; at the least, no call may succeed any more. */
#include "check.h"

__global__ void endless_kernel(volatile unsigned *flag)
{
	while (!*flag)
		;
}

int main(void)
{
	unsigned *flag;

	setvbuf(stdout, nullptr, _IOLBF, 0);
	MUST(hipMalloc((void **)&flag, 4096));
	MUST(hipMemset(flag, 0, 4096));
	MUST(hipDeviceSynchronize());
	printf("the kernel begins\n");
	endless_kernel<<<1, 64>>>(flag);
	MUST(hipGetLastError());
	CHECK(hipDeviceSynchronize() != hipSuccess, "what has no end has ended");
	CHECK(hipMemset(flag, 0, 4) != hipSuccess, "the device goes on");
	printf("every call fails\n");
	return 3;
}
