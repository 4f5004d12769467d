// SPDX-License-Identifier: MIT
/* What work-items do together: reductions, scans, sorting, shuffles and votes of a wave. */
#include "check.h"

#define GROUP 256

/* ---- sum of everything: of a wave by shuffles, of a group by LDS, of the groups by a second kernel ---- */

template <typename T> __device__ T sum_of_wave(T value)
{
	for (int step = warpSize / 2; step > 0; step /= 2)
		value += __shfl_down(value, step);
	return value;
}

template <typename T> __global__ void reduce_kernel(const T *in, T *out, unsigned count)
{
	__shared__ T waves[GROUP / 32];
	T sum = 0;

	for (unsigned i = blockIdx.x * GROUP + threadIdx.x; i < count; i += gridDim.x * GROUP)
		sum += in[i];
	sum = sum_of_wave(sum);
	if (threadIdx.x % warpSize == 0)
		waves[threadIdx.x / warpSize] = sum;
	__syncthreads();
	if (threadIdx.x < (unsigned)warpSize) {
		sum = threadIdx.x < (unsigned)(GROUP / warpSize) ? waves[threadIdx.x] : 0;
		sum = sum_of_wave(sum);
		if (threadIdx.x == 0)
			out[blockIdx.x] = sum;
	}
}

/* Of whole numbers, small enough for every order of the additions to give the same. */
template <typename T> static void reduce_numbers(const char *what)
{
	for (unsigned count : {1u, 1000u, 100000u}) {
		const unsigned groups = 40;
		random_numbers numbers(count);
		std::vector<T> in(count), want(1);
		device_array<T> parts(groups), out(1);

		for (T &one : in) {
			one = (T)numbers.below(64);
			want[0] += one;
		}
		device_array<T> di(in);
		reduce_kernel<<<groups, GROUP>>>(di.get(), parts.get(), count);
		reduce_kernel<<<1, GROUP>>>(parts.get(), out.get(), groups);
		MUST_END();
		must_equal(what, out.read(), want);
	}
}

static void reduce()
{
	reduce_numbers<int>("sum of ints");
	reduce_numbers<float>("sum of floats");
	reduce_numbers<double>("sum of doubles");
	reduce_numbers<unsigned long long>("sum of 64-bit words");
}

/* Halving in LDS, with a barrier in every step. */
__global__ void reduce_in_lds_kernel(const int *in, int *out)
{
	__shared__ int values[1024];

	values[threadIdx.x] = in[blockIdx.x * blockDim.x + threadIdx.x];
	__syncthreads();
	for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
		if (threadIdx.x < half)
			values[threadIdx.x] = max(values[threadIdx.x], values[threadIdx.x + half]);
		__syncthreads();
	}
	if (threadIdx.x == 0)
		out[blockIdx.x] = values[0];
}

static void reduce_in_lds()
{
	const unsigned groups = 20, size = 1024; /* all waves that a group may have */
	std::vector<int> in = random_words<int>(groups * size, 5), want(groups, INT32_MIN);
	device_array<int> di(in), out(groups);

	for (unsigned i = 0; i < in.size(); i++)
		want[i / size] = std::max(want[i / size], in[i]);
	reduce_in_lds_kernel<<<groups, size>>>(di.get(), out.get());
	MUST_END();
	must_equal("greatest", out.read(), want);
}

/* All of the LDS that a group may have; each item passes its words to another, which is in another wave. */
__global__ void whole_lds_kernel(const unsigned *in, unsigned *out)
{
	__shared__ unsigned words[16384];

	for (unsigned i = threadIdx.x; i < 16384; i += blockDim.x)
		words[i] = in[blockIdx.x * 16384 + i];
	__syncthreads();
	for (unsigned i = threadIdx.x; i < 16384; i += blockDim.x)
		out[blockIdx.x * 16384 + i] = words[(i * 5 + 12345) % 16384] + words[16383 - i];
}

static void whole_lds()
{
	const unsigned groups = 3, size = 16384;
	std::vector<unsigned> in = random_words<unsigned>(groups * size, 10), want(in.size());
	device_array<unsigned> di(in), out(in.size());

	for (unsigned i = 0; i < in.size(); i++)
		want[i] = in[i / size * size + (i % size * 5 + 12345) % size] +
			  in[i / size * size + size - 1 - i % size];
	whole_lds_kernel<<<groups, 512>>>(di.get(), out.get());
	MUST_END();
	must_equal("through all of the LDS", out.read(), want);
}

/* ---- shuffles and votes ---- */

#define SHUFFLES 14

template <typename T> __global__ void shuffle_kernel(const T *in, const int *sources, T *out)
{
	const unsigned i = blockIdx.x * blockDim.x + threadIdx.x, all = gridDim.x * blockDim.x;
	const T value = in[i];

	out[i] = __shfl(value, sources[i]);
	out[all + i] = __shfl(value, sources[i] % 8, 8);
	out[2 * all + i] = __shfl_xor(value, 1);
	out[3 * all + i] = __shfl_xor(value, 7);
	out[4 * all + i] = __shfl_xor(value, 16);
	out[5 * all + i] = __shfl_up(value, 1);
	out[6 * all + i] = __shfl_up(value, 5, 16);
	out[7 * all + i] = __shfl_down(value, 3);
	out[8 * all + i] = __shfl_down(value, 1, 4);
	out[9 * all + i] = __shfl(value, 31);
	out[10 * all + i] = value;
	if (threadIdx.x & 1) /* from those that are here */
		out[10 * all + i] = __shfl(value, sources[i] | 1);
	out[11 * all + i] = (T)__popcll(__ballot(value > (T)0));
	out[12 * all + i] = (T)((__any(value == (T)3) ? 1 : 0) + (__all(value > (T)-50) ? 2 : 0));
	out[13 * all + i] = (T)(__ballot(value > (T)0) >> (threadIdx.x & 31) & 1);
}

template <typename T> static void shuffle_of(const char *type)
{
	static const char *const names[SHUFFLES] = {
		"index", "index of 8", "xor 1",	    "xor 7",	 "xor 16", "up",	  "up of 16",
		"down",	 "down of 4",  "broadcast", "divergent", "ballot", "any and all", "own bit",
	};
	const unsigned groups = 3, size = 96, all = groups * size, wave = 32;
	random_numbers numbers(6);
	std::vector<T> in(all), want(all * SHUFFLES);
	std::vector<int> sources(all);

	for (unsigned i = 0; i < all; i++) {
		in[i] = (T)((int)numbers.below(103) - 51);
		sources[i] = (int)numbers.below(wave);
	}
	for (unsigned i = 0; i < all; i++) {
		const unsigned base = i / wave * wave, lane = i % wave, source = (unsigned)sources[i];
		unsigned above = 0, any = 0, every = 1;

		for (unsigned k = base; k < base + wave; k++) {
			above += in[k] > (T)0;
			any |= in[k] == (T)3;
			every &= in[k] > (T)-50;
		}
		const unsigned from[] = {
			source,
			lane / 8 * 8 + source % 8,
			lane ^ 1,
			lane ^ 7,
			lane ^ 16,
			lane >= 1 ? lane - 1 : lane,
			lane % 16 >= 5 ? lane - 5 : lane,
			lane + 3 < wave ? lane + 3 : lane,
			lane % 4 + 1 < 4 ? lane + 1 : lane,
			31,
			lane & 1 ? source | 1 : lane,
		};
		for (unsigned k = 0; k < 11; k++)
			want[k * all + i] = in[base + from[k]];
		want[11 * all + i] = (T)above;
		want[12 * all + i] = (T)(any + every * 2);
		want[13 * all + i] = (T)(in[i] > (T)0);
	}
	device_array<T> di(in), out(want.size());
	device_array<int> ds(sources);
	shuffle_kernel<<<groups, size>>>(di.get(), ds.get(), out.get());
	MUST_END();
	std::vector<T> got = out.read();
	for (unsigned k = 0; k < SHUFFLES; k++)
		must_equal(std::string("shuffle of ") + type + ": " + names[k],
			   std::vector<T>(got.begin() + k * all, got.begin() + (k + 1) * all),
			   std::vector<T>(want.begin() + k * all, want.begin() + (k + 1) * all));
}

static void shuffle()
{
	shuffle_of<int>("ints");
	shuffle_of<float>("floats");
	shuffle_of<double>("doubles");
	shuffle_of<long long>("64-bit words");
}

__global__ void votes_kernel(const int *in, int *out)
{
	const int value = in[blockIdx.x * blockDim.x + threadIdx.x];
	const int count = __syncthreads_count(value & 1), all = __syncthreads_and(value >= 0),
		  any = __syncthreads_or(value == 77);

	if (threadIdx.x == 0) {
		out[blockIdx.x * 3] = count;
		out[blockIdx.x * 3 + 1] = all != 0;
		out[blockIdx.x * 3 + 2] = any != 0;
	}
}

static void votes_of_groups()
{
	const unsigned groups = 12, size = 200;
	random_numbers numbers(7);
	std::vector<int> in(groups * size), want(groups * 3);
	device_array<int> out(want.size());

	for (unsigned i = 0; i < in.size(); i++) {
		int *group = &want[i / size * 3];

		in[i] = (int)numbers.below(400) - (numbers.below(300) == 0 ? 300 : 0);
		if (i % size == 0)
			group[1] = 1;
		group[0] += in[i] & 1;
		group[1] &= in[i] >= 0;
		group[2] |= in[i] == 77;
	}
	device_array<int> di(in);
	votes_kernel<<<groups, size>>>(di.get(), out.get());
	MUST_END();
	must_equal("votes of groups", out.read(), want);
}

/* ---- scan: of a wave by shuffles, of a group by LDS, of the groups by a second kernel and a third ---- */

template <typename T> __device__ T scan_of_group(T value, T *waves)
{
	const unsigned lane = threadIdx.x % warpSize, wave = threadIdx.x / warpSize;

	for (unsigned step = 1; step < (unsigned)warpSize; step *= 2) {
		T other = __shfl_up(value, step);

		if (lane >= step)
			value += other;
	}
	if (lane == (unsigned)warpSize - 1)
		waves[wave] = value;
	__syncthreads();
	for (unsigned i = 0; i < wave; i++)
		value += waves[i];
	return value;
}

template <typename T>
__global__ void scan_kernel(const T *in, T *inclusive, T *exclusive, T *totals, unsigned count)
{
	__shared__ T waves[GROUP / 32];
	const unsigned i = blockIdx.x * GROUP + threadIdx.x;
	const T own = i < count ? in[i] : (T)0, sum = scan_of_group(own, waves);

	if (i < count) {
		inclusive[i] = sum;
		exclusive[i] = sum - own;
	}
	if (threadIdx.x == GROUP - 1)
		totals[blockIdx.x] = sum;
}

template <typename T>
__global__ void scan_totals_kernel(T *inclusive, T *exclusive, const T *before, unsigned count)
{
	const unsigned i = blockIdx.x * GROUP + threadIdx.x;

	if (i < count) {
		inclusive[i] += before[blockIdx.x];
		exclusive[i] += before[blockIdx.x];
	}
}

template <typename T> static void scan_of(const char *type, unsigned count)
{
	const unsigned groups = groups_of(count, GROUP);
	random_numbers numbers(8);
	std::vector<T> in(count), inclusive(count), exclusive(count);
	device_array<T> di(count), dinclusive(count), dexclusive(count), totals(groups), unused(groups),
		before(groups), total(1);

	CHECK(groups <= GROUP, "one group scans the totals");
	for (unsigned i = 0; i < count; i++) {
		in[i] = (T)numbers.below(100);
		exclusive[i] = i ? inclusive[i - 1] : (T)0;
		inclusive[i] = exclusive[i] + in[i];
	}
	MUST(hipMemcpy(di, in.data(), count * sizeof(T), hipMemcpyHostToDevice));
	scan_kernel<<<groups, GROUP>>>(di.get(), dinclusive.get(), dexclusive.get(), totals.get(), count);
	scan_kernel<<<1, GROUP>>>(totals.get(), unused.get(), before.get(), total.get(), groups);
	scan_totals_kernel<<<groups, GROUP>>>(dinclusive.get(), dexclusive.get(), before.get(), count);
	MUST_END();
	must_equal(std::string("inclusive scan of ") + type, dinclusive.read(), inclusive);
	must_equal(std::string("exclusive scan of ") + type, dexclusive.read(), exclusive);
}

static void scan()
{
	scan_of<int>("ints", 50000);
	scan_of<float>("floats", 10001);
	scan_of<unsigned long long>("64-bit words", 257);
}

/* ---- bitonic sort: a kernel per step in memory, the short ones in LDS ---- */

template <typename T> __global__ void sort_step_kernel(T *values, unsigned stage, unsigned step)
{
	const unsigned i = blockIdx.x * blockDim.x + threadIdx.x, other = i ^ step;

	if (other > i) {
		const T a = values[i], b = values[other];

		if ((a > b) == ((i & stage) == 0)) {
			values[i] = b;
			values[other] = a;
		}
	}
}

template <typename T> __global__ void sort_in_lds_kernel(T *values, unsigned first_stage, unsigned last_stage)
{
	__shared__ T part[GROUP];
	const unsigned i = blockIdx.x * GROUP + threadIdx.x;

	part[threadIdx.x] = values[i];
	for (unsigned stage = first_stage; stage <= last_stage; stage *= 2)
		for (unsigned step = min(stage, (unsigned)GROUP) / 2; step > 0; step /= 2) {
			const unsigned other = threadIdx.x ^ step;

			__syncthreads();
			if (other > threadIdx.x && (part[threadIdx.x] > part[other]) == ((i & stage) == 0)) {
				const T a = part[threadIdx.x];

				part[threadIdx.x] = part[other];
				part[other] = a;
			}
		}
	__syncthreads();
	values[i] = part[threadIdx.x];
}

template <typename T> static void sort_of(const char *type, unsigned count)
{
	std::vector<T> values = random_words<T>(count, 9);
	device_array<T> dv(values);

	sort_in_lds_kernel<<<count / GROUP, GROUP>>>(dv.get(), 2, GROUP);
	for (unsigned stage = GROUP * 2; stage <= count; stage *= 2) {
		for (unsigned step = stage / 2; step >= GROUP; step /= 2)
			sort_step_kernel<<<count / GROUP, GROUP>>>(dv.get(), stage, step);
		sort_in_lds_kernel<<<count / GROUP, GROUP>>>(dv.get(), stage, stage);
	}
	MUST_END();
	std::sort(values.begin(), values.end());
	must_equal(std::string("sorted ") + type, dv.read(), values);
}

static void sort()
{
	sort_of<unsigned>("words", 16384);
	sort_of<long long>("64-bit words", 4096);
	sort_of<signed char>("bytes", 2048);
}

static const test tests[] = {
	{"reduce", reduce, false},
	{"reduce_in_lds", reduce_in_lds, false},
	{"whole_lds", whole_lds, false},
	{"shuffle", shuffle, false},
	{"votes_of_groups", votes_of_groups, false},
	{"scan", scan, false},
	{"sort", sort, false},
};

int main(int argc, char **argv)
{
	return run_tests(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
