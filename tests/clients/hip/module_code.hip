// SPDX-License-Identifier: MIT
/* The code object that module.hip and hsa_blits.c load: compiled with --genco. */
#include <hip/hip_runtime.h>

extern "C" {
__device__ int offset = 17;
__device__ float scales[4] = {1, 2, 4, 8};

struct arguments {
	char tag;
	double factor;
	short small;
};

/* Arguments of all sizes and alignments. */
__global__ void scale(const float *in, double *out, unsigned count, arguments with, char last)
{
	const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;

	if (i < count)
		out[i] = in[i] * scales[i % 4] * with.factor + with.small + with.tag + last + offset;
}

__global__ void count_groups(unsigned *groups)
{
	extern __shared__ unsigned shared[];

	shared[threadIdx.x] = threadIdx.x;
	__syncthreads();
	if (shared[blockDim.x - 1 - threadIdx.x] == blockDim.x - 1 - threadIdx.x)
		atomicAdd(&groups[blockIdx.x], 1u);
}

/* What completion signals do: each group counts the value of a signal down, behind what it has written. */
__global__ void count_down(long long *value, unsigned *words)
{
	words[blockIdx.x * blockDim.x + threadIdx.x] = blockIdx.x * 1000 + threadIdx.x;
	__syncthreads();
	if (threadIdx.x == 0)
		__hip_atomic_fetch_add(value, -1, __ATOMIC_RELEASE, __HIP_MEMORY_SCOPE_SYSTEM);
}
}
