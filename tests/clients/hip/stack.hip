// SPDX-License-Identifier: MIT
/* Scratch and calls: private arrays, recursion, pointers to functions, virtual functions, and pointers to anything. */
#include "check.h"

#define GROUP 64

/* ---- private arrays ---- */

__host__ __device__ static inline unsigned mix(unsigned a)
{
	a ^= a >> 16;
	a *= 0x7feb352dU;
	a ^= a >> 15;
	a *= 0x846ca68bU;
	return a ^ a >> 16;
}

/* An array of a work-item's own that is shuffled by its own numbers, and one of bytes. */
__host__ __device__ static inline unsigned shuffle_own(unsigned seed)
{
	unsigned words[40];
	unsigned char bytes[61];
	unsigned sum = 0;

	for (unsigned i = 0; i < 40; i++)
		words[i] = mix(seed * 40 + i);
	for (unsigned i = 0; i < 61; i++)
		bytes[i] = (unsigned char)(words[i % 40] >> i % 25);
	for (unsigned i = 39; i > 0; i--) {
		unsigned other = words[i] % (i + 1), old = words[i];

		words[i] = words[other];
		words[other] = old;
		bytes[words[i] % 61]++;
	}
	for (unsigned i = 0; i < 61; i++)
		sum = sum * 31 + (words[bytes[i] % 40] ^ bytes[i]);
	return sum;
}

__global__ void arrays_kernel(unsigned *out)
{
	const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;

	out[i] = shuffle_own(i);
}

static void arrays()
{
	const unsigned groups = 24;
	std::vector<unsigned> want(groups * GROUP);
	device_array<unsigned> out(want.size());

	for (unsigned i = 0; i < want.size(); i++)
		want[i] = shuffle_own(i);
	arrays_kernel<<<groups, GROUP>>>(out.get());
	MUST_END();
	must_equal("private arrays", out.read(), want);
	/* groups of several waves, of which the last is not full */
	arrays_kernel<<<(unsigned)want.size() / 96, 96>>>(out.get());
	MUST_END();
	must_equal("private arrays of larger groups", out.read(), want);
}

/* A frame of 8 KiB, of which each item uses another part; 64-bit and 16-bit accesses. */
__host__ __device__ static inline unsigned long long use_large(unsigned seed, unsigned rounds)
{
	unsigned long long words[512];
	unsigned short shorts[2048];
	unsigned long long sum = 0;

	for (unsigned i = 0; i < rounds; i++) {
		unsigned at = mix(seed + i);

		words[at % 512] = (unsigned long long)at * 0x9e3779b97f4a7c15ull;
		shorts[at >> 9 & 2047] = (unsigned short)at;
	}
	for (unsigned i = 0; i < rounds; i++) {
		unsigned at = mix(seed + i);

		sum = sum * 3 + words[at % 512] + shorts[at >> 9 & 2047];
	}
	return sum;
}

__global__ void large_kernel(unsigned long long *out, unsigned rounds)
{
	const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;

	out[i] = use_large(i, rounds);
}

static void large_frames()
{
	const unsigned groups = 8;
	std::vector<unsigned long long> want(groups * GROUP);
	device_array<unsigned long long> out(want.size());

	for (unsigned i = 0; i < want.size(); i++)
		want[i] = use_large(i, 40);
	large_kernel<<<groups, GROUP>>>(out.get(), 40);
	MUST_END();
	must_equal("large frames", out.read(), want);
}

/* ---- calls ---- */

__host__ __device__ __attribute__((noinline)) static unsigned fibonacci(unsigned n)
{
	return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

__host__ __device__ __attribute__((noinline)) static unsigned ackermann(unsigned m, unsigned n)
{
	if (m == 0)
		return n + 1;
	return ackermann(m - 1, n == 0 ? 1 : ackermann(m, n - 1));
}

/* With an array in each frame, whose elements are the callers' business too. */
__host__ __device__ __attribute__((noinline)) static unsigned descend(unsigned depth, unsigned *up)
{
	unsigned own[5];

	for (unsigned i = 0; i < 5; i++)
		own[i] = mix(depth * 5 + i) + up[i];
	if (depth == 0)
		return own[0] ^ own[4];
	unsigned below = descend(depth - 1, own);
	up[depth % 5] += own[(depth + 1) % 5];
	return below + own[depth % 5];
}

__global__ void calls_kernel(unsigned *out, unsigned all)
{
	const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
	unsigned start[5] = {i, i + 1, i + 2, i + 3, i + 4};

	out[i] = fibonacci(i % 11); /* another depth in each lane */
	out[all + i] = ackermann(i % 3, i % 5);
	out[2 * all + i] = descend(i % 20 + 20, start) + start[1];
}

static void calls()
{
	const unsigned all = 4 * GROUP;
	std::vector<unsigned> want(3 * all);
	device_array<unsigned> out(want.size());

	for (unsigned i = 0; i < all; i++) {
		unsigned start[5] = {i, i + 1, i + 2, i + 3, i + 4};

		want[i] = fibonacci(i % 11);
		want[all + i] = ackermann(i % 3, i % 5);
		want[2 * all + i] = descend(i % 20 + 20, start);
		want[2 * all + i] += start[1];
	}
	calls_kernel<<<4, GROUP>>>(out.get(), all);
	MUST_END();
	must_equal("recursion", out.read(), want);
}

/* ---- pointers to functions ---- */

__device__ __attribute__((noinline)) static int twice(int a)
{
	return a * 2;
}

__device__ __attribute__((noinline)) static int square(int a)
{
	return a * a;
}

__device__ __attribute__((noinline)) static int less(int a)
{
	return a - 1000;
}

typedef int (*function)(int);

__device__ function table[] = {twice, square, less};

__global__ void pointers_kernel(const unsigned char *which, int *out)
{
	const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;

	out[i] = table[which[i]](table[which[i + 1]]((int)i));
}

static int by_number(unsigned which, int a)
{
	return which == 0 ? a * 2 : which == 1 ? a * a : a - 1000;
}

static void function_pointers()
{
	const unsigned all = 3 * GROUP;
	random_numbers numbers(1);
	std::vector<unsigned char> which(all + 1);
	std::vector<int> want(all);
	device_array<int> out(all);

	for (unsigned char &one : which)
		one = (unsigned char)numbers.below(3);
	for (unsigned i = 0; i < all; i++)
		want[i] = by_number(which[i], by_number(which[i + 1], (int)i));
	device_array<unsigned char> dw(which);
	pointers_kernel<<<3, GROUP>>>(dw.get(), out.get());
	MUST_END();
	must_equal("pointers to functions", out.read(), want);
}

/* ---- virtual functions of objects that the device has made ---- */

struct shape {
	__device__ virtual float area() const = 0;
	__device__ virtual int corners() const
	{
		return 0;
	}
};

struct rectangle : shape {
	float width, height;
	__device__ rectangle(float w, float h) : width(w), height(h)
	{
	}
	__device__ float area() const override
	{
		return width * height;
	}
	__device__ int corners() const override
	{
		return 4;
	}
};

struct disc : shape {
	float radius;
	__device__ explicit disc(float r) : radius(r)
	{
	}
	__device__ float area() const override
	{
		return 3 * radius * radius;
	}
};

struct place {
	alignas(16) char bytes[32];
};

__global__ void make_kernel(place *places, shape **shapes)
{
	const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;

	if (i % 3 == 0)
		shapes[i] = new (&places[i]) disc((float)i);
	else
		shapes[i] = new (&places[i]) rectangle((float)i, 2);
}

__global__ void virtual_kernel(shape *const *shapes, float *out)
{
	const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;

	out[i] = shapes[i]->area() + (float)shapes[i]->corners();
}

static void virtual_functions()
{
	const unsigned all = 2 * GROUP;
	std::vector<float> want(all);
	device_array<place> places(all);
	device_array<shape *> shapes(all);
	device_array<float> out(all);

	for (unsigned i = 0; i < all; i++)
		want[i] = i % 3 == 0 ? 3.0f * (float)i * (float)i : (float)i * 2 + 4;
	make_kernel<<<2, GROUP>>>(places.get(), shapes.get());
	virtual_kernel<<<2, GROUP>>>(shapes.get(), out.get());
	MUST_END();
	must_equal("virtual functions", out.read(), want);
}

/* ---- pointers that may point to memory, LDS or scratch ---- */

__device__ __attribute__((noinline)) static int sum_of(const int *values, int count)
{
	int sum = 0;

	for (int i = 0; i < count; i++)
		sum = sum * 7 + values[i];
	return sum;
}

__device__ __attribute__((noinline)) static void fill(int *values, int count, int from)
{
	for (int i = 0; i < count; i++)
		values[i] = from + i * i;
}

__device__ __attribute__((noinline)) static int count_up(int *cell)
{
	return atomicAdd(cell, 2);
}

__global__ void generic_kernel(int *memory, int *out)
{
	__shared__ int shared[GROUP][4];
	__shared__ int counter;
	const int i = (int)(blockIdx.x * blockDim.x + threadIdx.x);
	int own[4];
	int *places[3] = {memory + i * 4, shared[threadIdx.x], own};

	if (threadIdx.x == 0)
		counter = 0;
	__syncthreads();
	for (int k = 0; k < 3; k++)
		fill(places[(i + k) % 3], 4, i + 100 * ((i + k) % 3));
	/* each lane's pointer is to another kind of memory */
	out[i * 3] = sum_of(places[i % 3], 4);
	out[i * 3 + 1] = sum_of(places[(i + 1) % 3], 4);
	count_up(i % 2 ? &counter : memory + gridDim.x * blockDim.x * 4);
	__syncthreads();
	auto *place = (const __attribute__((address_space(0))) void *)places[i % 3];
	out[i * 3 + 2] = counter + (__builtin_amdgcn_is_shared(place) ? 1 : 0) +
			 (__builtin_amdgcn_is_private(place) ? 1000 : 0);
}

static void generic_pointers()
{
	const int groups = 3, all = groups * GROUP;
	std::vector<int> want(all * 3), memory(all * 4 + 1);
	device_array<int> dm(memory), out(want.size());

	for (int i = 0; i < all; i++) {
		for (int which = 0; which < 2; which++) {
			int sum = 0;

			for (int k = 0; k < 4; k++)
				sum = sum * 7 + i + 100 * ((i + which) % 3) + k * k;
			want[i * 3 + which] = sum;
		}
		for (int k = 0; k < 4; k++)
			memory[i * 4 + k] = i + k * k;
		want[i * 3 + 2] = GROUP + (i % 3 == 1 ? 1 : 0) + (i % 3 == 2 ? 1000 : 0);
	}
	memory[all * 4] = all;
	generic_kernel<<<groups, GROUP>>>(dm.get(), out.get());
	MUST_END();
	must_equal("what pointers to anything give", out.read(), want);
	must_equal("what was written through them", dm.read(), memory);
}

/* A kernel with more values alive than there are registers: they go to scratch and come back. */
__global__ __launch_bounds__(1024)
	__attribute__((amdgpu_waves_per_eu(16))) void spill_kernel(const float *in, float *out)
{
	const unsigned i = threadIdx.x;
	float values[96];

#pragma unroll
	for (int k = 0; k < 96; k++)
		values[k] = in[i + k * 3];
	__syncthreads();
#pragma unroll
	for (int round = 0; round < 3; round++)
#pragma unroll
		for (int k = 0; k < 96; k++)
			values[k] = fmaf(values[k], 0.5f, values[(k * 37 + 11) % 96]);
	__syncthreads();
#pragma unroll
	for (int k = 0; k < 96; k++)
		out[k * 1024 + i] = values[k];
}

static void spilled_registers()
{
	std::vector<float> in = random_reals<float>(1024 + 96 * 3, 2, -4, 4), want(96 * 1024);
	device_array<float> di(in), out(want.size());

	for (unsigned i = 0; i < 1024; i++) {
		float values[96];

		for (unsigned k = 0; k < 96; k++)
			values[k] = in[i + k * 3];
		for (int round = 0; round < 3; round++)
			for (unsigned k = 0; k < 96; k++)
				values[k] = std::fma(values[k], 0.5f, values[(k * 37 + 11) % 96]);
		for (unsigned k = 0; k < 96; k++)
			want[k * 1024 + i] = values[k];
	}
	spill_kernel<<<1, 1024>>>(di.get(), out.get());
	MUST_END();
	must_equal("spilled registers", out.read(), want);
}

static const test tests[] = {
	{"arrays", arrays, false},
	{"large_frames", large_frames, false},
	{"calls", calls, false},
	{"function_pointers", function_pointers, false},
	{"virtual_functions", virtual_functions, false},
	{"generic_pointers", generic_pointers, false},
	{"spilled_registers", spilled_registers, false},
};

int main(int argc, char **argv)
{
	return run_tests(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
