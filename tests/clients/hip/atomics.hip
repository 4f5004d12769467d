// SPDX-License-Identifier: MIT
/* Atomics of all kinds and sizes in memory and in LDS: histograms, counters, locks, and what comes back. */
#include "check.h"

#define GROUP 256
#define BINS  64

/* ---- histograms ---- */

template <typename T> __global__ void histogram_kernel(const unsigned *in, T *bins, unsigned count)
{
	for (unsigned i = blockIdx.x * GROUP + threadIdx.x; i < count; i += gridDim.x * GROUP)
		atomicAdd(&bins[in[i] % BINS], (T)1);
}

/* A histogram of each group in its LDS first. */
template <typename T> __global__ void histogram_in_lds_kernel(const unsigned *in, T *bins, unsigned count)
{
	__shared__ T own[BINS];

	if (threadIdx.x < BINS)
		own[threadIdx.x] = 0;
	__syncthreads();
	for (unsigned i = blockIdx.x * GROUP + threadIdx.x; i < count; i += gridDim.x * GROUP)
		atomicAdd(&own[in[i] % BINS], (T)1);
	__syncthreads();
	if (threadIdx.x < BINS)
		atomicAdd(&bins[threadIdx.x], own[threadIdx.x]);
}

template <typename T> static void histogram_of(const char *type)
{
	const unsigned count = 30011;
	std::vector<unsigned> in = random_words<unsigned>(count, 1);
	std::vector<T> want(BINS);
	device_array<unsigned> di(in);
	device_array<T> bins(BINS), more(BINS);

	for (unsigned one : in)
		want[one % BINS] += (T)1;
	bins.clear(0);
	more.clear(0);
	histogram_kernel<<<20, GROUP>>>(di.get(), bins.get(), count);
	histogram_in_lds_kernel<<<20, GROUP>>>(di.get(), more.get(), count);
	MUST_END();
	must_equal(std::string("histogram of ") + type, bins.read(), want);
	must_equal(std::string("histogram in LDS of ") + type, more.read(), want);
}

static void histogram()
{
	histogram_of<int>("ints");
	histogram_of<unsigned long long>("64-bit words");
	histogram_of<float>("floats");
	histogram_of<double>("doubles");
}

/* ---- every operation, on one cell that all work-items use ---- */

enum { a_add, a_sub, a_min, a_max, a_and, a_or, a_xor, a_exchange, a_cas, a_inc, a_dec, a_operations };

template <typename T> __device__ void all_atomics(T *cells, T value, unsigned number)
{
	atomicAdd(&cells[a_add], value);
	atomicSub(&cells[a_sub], value);
	atomicMin(&cells[a_min], value);
	atomicMax(&cells[a_max], value);
	atomicAnd(&cells[a_and], value | (T)0xff00ff);
	atomicOr(&cells[a_or], value & (T)0x1248);
	atomicXor(&cells[a_xor], value);
	/* adds up what is taken out: all that was put in but what is left */
	atomicAdd(&cells[a_operations], atomicExch(&cells[a_exchange], value));
	T old = cells[a_cas], seen;
	do {
		seen = old;
		old = atomicCAS(&cells[a_cas], seen, (T)(seen * 3 + 1));
	} while (old != seen);
	if constexpr (std::is_same_v<T, unsigned>) {
		atomicInc(&cells[a_inc], 1000);
		atomicDec(&cells[a_dec], 1000);
	}
	(void)number;
}

template <typename T> __global__ void atomics_kernel(const T *in, T *cells, unsigned count)
{
	const unsigned i = blockIdx.x * GROUP + threadIdx.x;

	if (i < count)
		all_atomics(cells, in[i], i);
}

template <typename T> __global__ void atomics_in_lds_kernel(const T *in, T *cells, unsigned count)
{
	__shared__ T own[a_operations + 1];

	if (threadIdx.x <= a_operations)
		own[threadIdx.x] = cells[threadIdx.x];
	__syncthreads();
	for (unsigned i = threadIdx.x; i < count; i += GROUP)
		all_atomics(own, in[i], i);
	__syncthreads();
	if (threadIdx.x <= a_operations)
		cells[threadIdx.x] = own[threadIdx.x];
}

template <typename T> static void operations_of(const char *type)
{
	const unsigned count = 1000;
	std::vector<T> in = random_words<T>(count, 2), cells(a_operations + 1), want;
	T sum = 0;

	cells[a_min] = std::numeric_limits<T>::max();
	cells[a_max] = std::numeric_limits<T>::min();
	cells[a_and] = (T)~0ull;
	want = cells;
	for (T one : in) {
		want[a_add] += one;
		want[a_sub] -= one;
		want[a_min] = std::min(want[a_min], one);
		want[a_max] = std::max(want[a_max], one);
		want[a_and] &= one | (T)0xff00ff;
		want[a_or] |= one & (T)0x1248;
		want[a_xor] ^= one;
		want[a_cas] = (T)(want[a_cas] * 3 + 1);
		if (std::is_same_v<T, unsigned>) {
			want[a_inc] = want[a_inc] >= 1000 ? 0 : want[a_inc] + 1;
			want[a_dec] = want[a_dec] == 0 || want[a_dec] > 1000 ? 1000 : want[a_dec] - 1;
		}
		sum += one;
	}
	for (int where = 0; where < 2; where++) {
		device_array<T> di(in), dc(cells);

		if (where)
			atomics_in_lds_kernel<<<1, GROUP>>>(di.get(), dc.get(), count);
		else
			atomics_kernel<<<groups_of(count, GROUP), GROUP>>>(di.get(), dc.get(), count);
		MUST_END();
		std::vector<T> got = dc.read();
		/* who was the last is open, but it was one of them, and nothing was lost */
		CHECK(std::find(in.begin(), in.end(), got[a_exchange]) != in.end(),
		      "exchanged: nobody put it there");
		want[a_exchange] = got[a_exchange];
		want[a_operations] = (T)(sum - got[a_exchange]);
		must_equal(std::string("atomics of ") + type + (where ? " in LDS" : ""), got, want);
	}
}

static void operations()
{
	operations_of<unsigned>("words");
	operations_of<unsigned long long>("64-bit words");
}

/* ---- what comes back: each number once ---- */

__global__ void tickets_kernel(unsigned *counter, unsigned long long *wide_counter, unsigned char *taken,
			       unsigned char *wide_taken)
{
	taken[atomicAdd(counter, 1)]++;
	wide_taken[atomicAdd(wide_counter, 1ull << 33) >> 33]++;
}

static void tickets()
{
	const unsigned groups = 30;
	std::vector<unsigned char> want(groups * GROUP, 1);
	device_array<unsigned> counter(1);
	device_array<unsigned long long> wide_counter(1);
	device_array<unsigned char> taken(want.size()), wide_taken(want.size());

	counter.clear(0);
	wide_counter.clear(0);
	taken.clear(0);
	wide_taken.clear(0);
	tickets_kernel<<<groups, GROUP>>>(counter.get(), wide_counter.get(), taken.get(), wide_taken.get());
	MUST_END();
	must_equal("tickets", taken.read(), want);
	must_equal("64-bit tickets", wide_taken.read(), want);
}

/* ---- the last group to end adds up what all have written: fences and tickets ---- */

__global__ void last_group_kernel(const int *in, volatile int *sums, unsigned *ended, int *out)
{
	__shared__ int sum;
	__shared__ bool last;

	if (threadIdx.x == 0)
		sum = 0;
	__syncthreads();
	atomicAdd(&sum, in[blockIdx.x * GROUP + threadIdx.x]);
	__syncthreads();
	if (threadIdx.x == 0) {
		sums[blockIdx.x] = sum;
		__threadfence();
		last = atomicAdd(ended, 1) == gridDim.x - 1;
		__threadfence();
	}
	__syncthreads();
	if (last && threadIdx.x == 0) {
		int total = 0;

		for (unsigned i = 0; i < gridDim.x; i++)
			total += sums[i];
		*out = total;
	}
}

static void last_group()
{
	const unsigned groups = 50;
	random_numbers numbers(3);
	std::vector<int> in(groups * GROUP), want(1);
	device_array<int> sums(groups), out(1);
	device_array<unsigned> ended(1);

	for (int &one : in) {
		one = (int)numbers.below(1000);
		want[0] += one;
	}
	device_array<int> di(in);
	ended.clear(0);
	sums.clear(0);
	last_group_kernel<<<groups, GROUP>>>(di.get(), sums.get(), ended.get(), out.get());
	MUST_END();
	must_equal("sum by the last group", out.read(), want);
}

/* ---- floats in a loop of compare and swap, and cells of host memory ---- */

__global__ void product_kernel(double *product, float *greatest, const float *in, unsigned count)
{
	const unsigned i = blockIdx.x * GROUP + threadIdx.x;

	if (i >= count)
		return;
	auto *bits = (unsigned long long *)product;
	unsigned long long seen, old = *(volatile unsigned long long *)bits;
	do {
		seen = old;
		old = atomicCAS(
			bits, seen,
			(unsigned long long)__double_as_longlong(__longlong_as_double((long long)seen) * 2));
	} while (old != seen);
	atomicMax(greatest, in[i]);
}

static void loops()
{
	const unsigned count = 900;
	std::vector<float> in = random_reals<float>(count, 4, -100, 100), want(1, -1000);
	std::vector<double> product(1, 0x1p-450);
	device_array<float> di(in), greatest(want);
	device_array<double> dp(product);

	for (float one : in)
		want[0] = std::max(want[0], one);
	product[0] = 0x1p450;
	product_kernel<<<groups_of(count, GROUP), GROUP>>>(dp.get(), greatest.get(), di.get(), count);
	MUST_END();
	must_equal("greatest float", greatest.read(), want);
	must_equal("product", dp.read(), product);
}

__global__ void system_kernel(unsigned *counter, unsigned long long *wide_counter)
{
	atomicAdd_system(counter, 1u);
	atomicAdd_system(wide_counter, 5ull);
	__threadfence_system();
}

/* The host counts as well, while the kernel does. */
static void with_the_host()
{
	const unsigned groups = 20, own = 5000;
	struct cells {
		unsigned counter;
		unsigned long long wide_counter;
	} * cells;

	MUST(hipHostMalloc((void **)&cells, sizeof(*cells), hipHostMallocCoherent));
	cells->counter = 0;
	cells->wide_counter = 0;
	system_kernel<<<groups, GROUP>>>(&cells->counter, &cells->wide_counter);
	MUST(hipGetLastError());
	for (unsigned i = 0; i < own; i++)
		__atomic_fetch_add(&cells->counter, 1, __ATOMIC_SEQ_CST);
	MUST(hipDeviceSynchronize());
	CHECK(cells->counter == groups * GROUP + own, "counter is %u", cells->counter);
	CHECK(cells->wide_counter == groups * GROUP * 5ull, "64-bit counter is %llu", cells->wide_counter);
	MUST(hipHostFree(cells));
}

static const test tests[] = {
	{"histogram", histogram, false}, {"operations", operations, false},
	{"tickets", tickets, false},	 {"last_group", last_group, false},
	{"loops", loops, false},	 {"with_the_host", with_the_host, false},
};

int main(int argc, char **argv)
{
	return run_tests(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
