// SPDX-License-Identifier: MIT
/*
 * A kernel that goes where no memory is.  HIP 5.2 ends the program then; at the least, no call may succeed any more.
 *
 * usage: fault read|write
 */
#include "check.h"

#define GROUP 64

__global__ void out_of_bounds_kernel(unsigned *values, size_t beyond, bool write)
{
	const unsigned i = blockIdx.x * GROUP + threadIdx.x;

	if (i < 77 || i > 79)
		values[i] = i;
	else if (write)
		values[beyond + i - 77] = i;
	else
		values[i] = values[beyond + i - 77];
}

int main(int argc, char **argv)
{
	const bool write = argc > 1 && !strcmp(argv[1], "write");
	const size_t beyond = (size_t)1 << 40; /* 4 TiB on */
	unsigned *values;

	setvbuf(stdout, nullptr, _IOLBF, 0);
	MUST(hipMalloc((void **)&values, 4 * GROUP * sizeof(*values)));
	printf("the address is %p\n", (void *)(values + beyond));
	out_of_bounds_kernel<<<4, GROUP>>>(values, beyond, write);
	MUST(hipGetLastError());
	CHECK(hipDeviceSynchronize() != hipSuccess, "it went there and came back");
	CHECK(hipMemset(values, 0, 4) != hipSuccess, "the device goes on");
	printf("every call fails\n");
	return 3;
}
