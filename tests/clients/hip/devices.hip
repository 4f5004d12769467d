// SPDX-License-Identifier: MIT
/* All devices of the machine in one program, each with its own work at the same time, and what they pass to each other. */
#include "check.h"

#define GROUP 128
#define COUNT 5000

__device__ unsigned salt;

__global__ void work_kernel(const unsigned *in, unsigned *out, unsigned rounds)
{
	const unsigned i = blockIdx.x * GROUP + threadIdx.x;

	if (i >= COUNT)
		return;
	unsigned value = in[i];
	for (unsigned round = 0; round < rounds; round++)
		value = value * 1664525u + salt;
	out[i] = value;
}

static std::vector<unsigned> worked(const std::vector<unsigned> &in, unsigned rounds, unsigned with)
{
	std::vector<unsigned> out(in);

	for (unsigned &one : out)
		for (unsigned round = 0; round < rounds; round++)
			one = one * 1664525u + with;
	return out;
}

static int device_count()
{
	int devices = 0;

	MUST(hipGetDeviceCount(&devices));
	return devices;
}

/* Each has its own copy of the program's variables, and its own architecture's code. */
static void at_once()
{
	const int devices = device_count();
	std::vector<std::vector<unsigned>> in;
	std::vector<unsigned *> from(devices), to(devices);
	std::vector<hipStream_t> streams(devices);

	for (int d = 0; d < devices; d++) {
		const unsigned own_salt = 1000u + (unsigned)d;
		hipDeviceProp_t properties;

		MUST(hipSetDevice(d));
		MUST(hipGetDeviceProperties(&properties, d));
		printf("device %d: %s, %s\n", d, properties.name, properties.gcnArchName);
		in.push_back(random_words<unsigned>(COUNT, (uint64_t)d + 1));
		MUST(hipStreamCreate(&streams[d]));
		MUST(hipMalloc((void **)&from[d], COUNT * sizeof(unsigned)));
		MUST(hipMalloc((void **)&to[d], COUNT * sizeof(unsigned)));
		MUST(hipMemcpyToSymbol(HIP_SYMBOL(salt), &own_salt, sizeof(own_salt)));
	}
	for (int d = 0; d < devices; d++) {
		MUST(hipSetDevice(d));
		MUST(hipMemcpyAsync(from[d], in[d].data(), COUNT * sizeof(unsigned), hipMemcpyHostToDevice,
				    streams[d]));
		work_kernel<<<groups_of(COUNT, GROUP), GROUP, 0, streams[d]>>>(from[d], to[d], 100);
		MUST(hipGetLastError());
	}
	for (int d = devices; d-- > 0;) {
		std::vector<unsigned> got(COUNT);

		MUST(hipSetDevice(d));
		MUST(hipStreamSynchronize(streams[d]));
		MUST(hipMemcpy(got.data(), to[d], COUNT * sizeof(unsigned), hipMemcpyDeviceToHost));
		must_equal("of device " + std::to_string(d), got, worked(in[d], 100, 1000u + (unsigned)d));
		MUST(hipFree(from[d]));
		MUST(hipFree(to[d]));
		MUST(hipStreamDestroy(streams[d]));
	}
}

/* From every device to every other, by a copy; and by a kernel that reads the other's memory, where that is offered. */
static void to_each_other()
{
	const int devices = device_count();
	const size_t bytes = COUNT * sizeof(unsigned);
	std::vector<unsigned *> memory(devices), other(devices);
	std::vector<unsigned> got(COUNT);

	for (int d = 0; d < devices; d++) {
		MUST(hipSetDevice(d));
		MUST(hipMalloc((void **)&memory[d], bytes));
		MUST(hipMalloc((void **)&other[d], bytes));
	}
	for (int a = 0; a < devices; a++)
		for (int b = 0; b < devices; b++) {
			std::vector<unsigned> in = random_words<unsigned>(COUNT, (uint64_t)(a * 10 + b));
			int offered = 0;

			if (a == b)
				continue;
			MUST(hipSetDevice(a));
			MUST(hipMemcpy(memory[a], in.data(), bytes, hipMemcpyHostToDevice));
			MUST(hipMemcpyPeer(memory[b], b, memory[a], a, bytes));
			MUST(hipSetDevice(b));
			MUST(hipMemcpy(got.data(), memory[b], bytes, hipMemcpyDeviceToHost));
			must_equal("copied from " + std::to_string(a) + " to " + std::to_string(b), got, in);

			MUST(hipDeviceCanAccessPeer(&offered, b, a));
			printf("device %d reads memory of device %d: %s\n", b, a,
			       offered ? "yes" : "not offered");
			if (!offered)
				continue;
			MUST(hipDeviceEnablePeerAccess(a, 0));
			MUST(hipMemset(other[b], 0, bytes));
			work_kernel<<<groups_of(COUNT, GROUP), GROUP>>>(memory[a], other[b], 0);
			MUST_END();
			MUST(hipMemcpy(got.data(), other[b], bytes, hipMemcpyDeviceToHost));
			must_equal("read by " + std::to_string(b) + " of " + std::to_string(a), got, in);
			MUST(hipDeviceDisablePeerAccess(a));
		}
	for (int d = 0; d < devices; d++) {
		MUST(hipFree(memory[d]));
		MUST(hipFree(other[d]));
	}
}

/* Memory of the host that all of them add to. */
__global__ void add_kernel(unsigned *counter, const unsigned *table, unsigned *mine)
{
	const unsigned i = blockIdx.x * GROUP + threadIdx.x;

	mine[i] = table[i] + 1;
	atomicAdd_system(counter, 1u);
}

static void common_memory()
{
	const int devices = device_count();
	const unsigned groups = 4, all = groups * GROUP;
	unsigned *counter, *table;
	std::vector<unsigned *> mine(devices);

	MUST(hipHostMalloc((void **)&counter, sizeof(*counter),
			   hipHostMallocPortable | hipHostMallocCoherent));
	MUST(hipHostMalloc((void **)&table, all * sizeof(*table), hipHostMallocPortable));
	*counter = 0;
	for (unsigned i = 0; i < all; i++)
		table[i] = i * i;
	for (int d = 0; d < devices; d++) {
		MUST(hipSetDevice(d));
		MUST(hipMalloc((void **)&mine[d], all * sizeof(unsigned)));
		add_kernel<<<groups, GROUP>>>(counter, table, mine[d]);
		MUST(hipGetLastError());
	}
	for (int d = 0; d < devices; d++) {
		std::vector<unsigned> got(all), want(all);

		MUST(hipSetDevice(d));
		MUST(hipDeviceSynchronize());
		MUST(hipMemcpy(got.data(), mine[d], all * sizeof(unsigned), hipMemcpyDeviceToHost));
		for (unsigned i = 0; i < all; i++)
			want[i] = i * i + 1;
		must_equal("of common memory, device " + std::to_string(d), got, want);
		MUST(hipFree(mine[d]));
	}
	CHECK(*counter == all * (unsigned)devices, "counter is %u", *counter);
	MUST(hipHostFree(counter));
	MUST(hipHostFree(table));
}

static const test tests[] = {
	{"at_once", at_once, false},
	{"to_each_other", to_each_other, false},
	{"common_memory", common_memory, false},
};

int main(int argc, char **argv)
{
	return run_tests(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
