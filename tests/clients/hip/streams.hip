// SPDX-License-Identifier: MIT
/* Streams, events and callbacks; memory of the host that kernels use; fills and copies of all shapes; symbols. */
#include "check.h"

#include <atomic>
#include <thread>

#define GROUP 256

/* Takes a while: @rounds steps of a generator that nobody can shorten. */
__host__ __device__ static inline unsigned long long walk(unsigned long long state, unsigned rounds)
{
	for (unsigned i = 0; i < rounds; i++)
		state = state * 6364136223846793005ull + (state >> 61) + 1442695040888963407ull;
	return state;
}

__global__ void walk_kernel(unsigned long long *states, unsigned count, unsigned rounds)
{
	const unsigned i = blockIdx.x * GROUP + threadIdx.x;

	if (i < count)
		states[i] = walk(states[i], rounds);
}

/* ---- copies and kernels of several streams, one behind the other in each ---- */

static void overlap()
{
	const unsigned streams = 4, count = 3000, turns = 3, rounds = 20;
	hipStream_t stream[streams];
	unsigned long long *pinned, *states[streams];

	MUST(hipHostMalloc((void **)&pinned, streams * count * sizeof(*pinned), 0));
	for (unsigned i = 0; i < streams * count; i++)
		pinned[i] = i;
	for (unsigned s = 0; s < streams; s++) {
		MUST(hipStreamCreateWithFlags(&stream[s], hipStreamNonBlocking));
		MUST(hipMalloc((void **)&states[s], count * sizeof(*pinned)));
	}
	for (unsigned turn = 0; turn < turns; turn++)
		for (unsigned s = 0; s < streams; s++) {
			MUST(hipMemcpyAsync(states[s], pinned + s * count, count * sizeof(*pinned),
					    hipMemcpyHostToDevice, stream[s]));
			walk_kernel<<<groups_of(count, GROUP), GROUP, 0, stream[s]>>>(states[s], count,
										      rounds + s);
			MUST(hipMemcpyAsync(pinned + s * count, states[s], count * sizeof(*pinned),
					    hipMemcpyDeviceToHost, stream[s]));
		}
	for (unsigned s = 0; s < streams; s++) {
		MUST(hipStreamSynchronize(stream[s]));
		MUST(hipStreamQuery(stream[s]));
		for (unsigned i = 0; i < count; i++) {
			unsigned long long want = s * count + i;

			for (unsigned turn = 0; turn < turns; turn++)
				want = walk(want, rounds + s);
			CHECK(pinned[s * count + i] == want, "stream %u: [%u] is %#llx, should be %#llx", s,
			      i, pinned[s * count + i], want);
		}
		MUST(hipStreamDestroy(stream[s]));
		MUST(hipFree(states[s]));
	}
	MUST(hipHostFree(pinned));
}

/* ---- events: one stream awaits another, and time passes between two ---- */

static void events()
{
	const unsigned count = 2000;
	hipStream_t producer, consumer;
	hipEvent_t start, produced, consumed;
	std::vector<unsigned long long> in(count), want(count);
	float whole = -1, first = -1;

	for (unsigned i = 0; i < count; i++) {
		in[i] = i * 3;
		want[i] = walk(walk(in[i], 300), 7);
	}
	device_array<unsigned long long> states(in);
	MUST(hipStreamCreate(&producer));
	MUST(hipStreamCreateWithPriority(&consumer, hipStreamNonBlocking, 0));
	MUST(hipEventCreate(&start));
	MUST(hipEventCreate(&produced));
	MUST(hipEventCreate(&consumed));

	MUST(hipEventRecord(start, producer));
	walk_kernel<<<groups_of(count, GROUP), GROUP, 0, producer>>>(states.get(), count, 300);
	MUST(hipEventRecord(produced, producer));
	MUST(hipStreamWaitEvent(consumer, produced, 0));
	walk_kernel<<<groups_of(count, GROUP), GROUP, 0, consumer>>>(states.get(), count, 7);
	MUST(hipEventRecord(consumed, consumer));
	hipError_t now = hipEventQuery(consumed);
	CHECK(now == hipSuccess || now == hipErrorNotReady, "%s", hipGetErrorString(now));
	MUST(hipEventSynchronize(consumed));
	MUST(hipEventQuery(produced));
	must_equal("what the second stream made of it", states.read(), want);

	MUST(hipEventElapsedTime(&whole, start, consumed));
	MUST(hipEventElapsedTime(&first, start, produced));
	CHECK(first > 0 && whole >= first && whole < 60000, "%f ms, of which %f for the first", (double)whole,
	      (double)first);
	MUST(hipEventDestroy(start));
	MUST(hipEventDestroy(produced));
	MUST(hipEventDestroy(consumed));
	MUST(hipStreamDestroy(producer));
	MUST(hipStreamDestroy(consumer));
}

/* ---- threads of the host, each with a stream and work of its own ---- */

static void work_in_thread(unsigned number, std::atomic<unsigned> *wrong)
{
	const unsigned count = 700, turns = 12, rounds = 5 + number;
	std::vector<unsigned long long> values(count);
	unsigned long long *states;
	hipStream_t stream;

	MUST(hipStreamCreate(&stream));
	for (unsigned turn = 0; turn < turns; turn++) {
		MUST(hipMalloc((void **)&states, count * sizeof(*states)));
		for (unsigned i = 0; i < count; i++)
			values[i] = i * number + turn;
		MUST(hipMemcpyAsync(states, values.data(), count * sizeof(*states), hipMemcpyHostToDevice,
				    stream));
		walk_kernel<<<groups_of(count, GROUP), GROUP, 0, stream>>>(states, count, rounds);
		MUST(hipMemcpyAsync(values.data(), states, count * sizeof(*states), hipMemcpyDeviceToHost,
				    stream));
		MUST(hipStreamSynchronize(stream));
		for (unsigned i = 0; i < count; i++)
			if (values[i] != walk(i * number + turn, rounds))
				++*wrong;
		MUST(hipFree(states));
	}
	MUST(hipStreamDestroy(stream));
}

static void threads()
{
	std::vector<std::thread> all;
	std::atomic<unsigned> wrong = 0;

	for (unsigned number = 1; number <= 4; number++)
		all.emplace_back(work_in_thread, number, &wrong);
	for (std::thread &one : all)
		one.join();
	CHECK(!wrong, "%u values are wrong", wrong.load());
}

/* ---- time, as kernels see it ---- */

__global__ void clocks_kernel(long long *times, unsigned long long *states)
{
	const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
	const long long start = clock64();

	states[i] = walk(states[i], 50);
	__threadfence();
	times[2 * i] = start;
	times[2 * i + 1] = clock64();
}

static void clocks()
{
	const unsigned count = 256;
	device_array<long long> times(2 * count);
	device_array<unsigned long long> states(count);
	long long before = 0;

	for (unsigned turn = 0; turn < 2; turn++) {
		states.clear(0);
		clocks_kernel<<<4, count / 4>>>(times.get(), states.get());
		MUST_END();
		std::vector<long long> got = times.read();
		long long last = 0;

		for (unsigned i = 0; i < count; i++) {
			CHECK(got[2 * i] > before && got[2 * i + 1] > got[2 * i],
			      "work-item %u: from %lld to %lld, after %lld", i, got[2 * i], got[2 * i + 1],
			      before);
			last = std::max(last, got[2 * i + 1]);
		}
		before = last;
	}
}

/* ---- functions of the host in a stream ---- */

struct heard {
	std::atomic<int> calls;
	const unsigned long long *pinned;
	unsigned long long seen;
};

static void hear(hipStream_t, hipError_t status, void *user)
{
	auto *heard = (struct heard *)user;

	if (status == hipSuccess)
		heard->seen = *heard->pinned;
	heard->calls++;
}

static void callbacks()
{
	const unsigned count = 500;
	unsigned long long *pinned, *states;
	struct heard heard = {};
	hipStream_t stream;

	MUST(hipHostMalloc((void **)&pinned, count * sizeof(*pinned), 0));
	MUST(hipMalloc((void **)&states, count * sizeof(*pinned)));
	MUST(hipStreamCreate(&stream));
	heard.pinned = pinned;
	MUST(hipMemsetAsync(states, 0, count * sizeof(*pinned), stream));
	for (int i = 0; i < 5; i++) {
		walk_kernel<<<2, GROUP, 0, stream>>>(states, count, 10);
		MUST(hipMemcpyAsync(pinned, states, count * sizeof(*pinned), hipMemcpyDeviceToHost, stream));
		MUST(hipStreamAddCallback(stream, hear, &heard, 0));
	}
	MUST(hipStreamSynchronize(stream));
	CHECK(heard.calls == 5, "%d calls", heard.calls.load());
	CHECK(heard.seen == walk(0, 50), "the callback has seen %#llx", heard.seen);
	MUST(hipStreamDestroy(stream));
	MUST(hipFree(states));
	MUST(hipHostFree(pinned));
}

/* ---- memory of the host, read and written by kernels ---- */

__global__ void zero_copy_kernel(const unsigned *in, unsigned *out, unsigned count)
{
	for (unsigned i = blockIdx.x * GROUP + threadIdx.x; i < count; i += gridDim.x * GROUP)
		out[i] = in[i] * 3 + i;
}

static void use_host_memory(const char *what, unsigned *in, unsigned *out, unsigned count)
{
	unsigned *device_in, *device_out;

	MUST(hipHostGetDevicePointer((void **)&device_in, in, 0));
	MUST(hipHostGetDevicePointer((void **)&device_out, out, 0));
	for (unsigned turn = 0; turn < 3; turn++) { /* what the host has written in between is seen */
		for (unsigned i = 0; i < count; i++) {
			in[i] = i ^ turn << 20;
			out[i] = ~0u;
		}
		zero_copy_kernel<<<7, GROUP>>>(device_in, device_out, count);
		MUST_END();
		for (unsigned i = 0; i < count; i++)
			CHECK(out[i] == in[i] * 3 + i, "%s, turn %u: [%u] is %#x, should be %#x", what, turn,
			      i, out[i], in[i] * 3 + i);
	}
}

static void host_memory()
{
	const unsigned count = 10000;
	const size_t bytes = count * sizeof(unsigned);
	static const unsigned flags[] = {hipHostMallocDefault, hipHostMallocMapped, hipHostMallocCoherent,
					 hipHostMallocNonCoherent,
					 hipHostMallocPortable | hipHostMallocWriteCombined};

	for (unsigned flag : flags) {
		unsigned *in, *out;

		MUST(hipHostMalloc((void **)&in, bytes, flag));
		MUST(hipHostMalloc((void **)&out, bytes, flag));
		use_host_memory(("memory with flags " + std::to_string(flag)).c_str(), in, out, count);
		MUST(hipHostFree(in));
		MUST(hipHostFree(out));
	}
	/* the program's own, which begins and ends within a page */
	static std::vector<unsigned> in(count + 64), out(count + 64);
	MUST(hipHostRegister(&in[3], bytes, hipHostRegisterMapped));
	MUST(hipHostRegister(&out[5], bytes, hipHostRegisterDefault));
	use_host_memory("registered memory", &in[3], &out[5], count);

	/* copies to and from it */
	device_array<unsigned> device(count);
	MUST(hipMemcpyAsync(device.get(), &in[3], bytes, hipMemcpyHostToDevice, 0));
	MUST(hipMemcpyAsync(&out[5], device.get(), bytes, hipMemcpyDeviceToHost, 0));
	MUST(hipDeviceSynchronize());
	must_equal("copied registered memory", std::vector<unsigned>(&out[5], &out[5] + count),
		   std::vector<unsigned>(&in[3], &in[3] + count));
	/* up to 5.2 HIP forgets such memory twice, and aborts, where the device has it at the host's address */
	if (HIP_VERSION_MAJOR > 5) {
		MUST(hipHostUnregister(&in[3]));
		MUST(hipHostUnregister(&out[5]));
	}
}

/* ---- fills ---- */

static void fills()
{
	const size_t bytes = 70001;
	std::vector<unsigned char> want(bytes, 0x11);
	device_array<unsigned char> memory(bytes);
	auto set = [&](size_t at, size_t count, unsigned value, unsigned width) {
		for (size_t i = 0; i < count * width; i++)
			want[at + i] = (unsigned char)(value >> i % width * 8);
	};

	memory.clear(0x11);
	/* HIP 5.2 takes a fill that ends before the next multiple of 8 for one of nearly 2^64 bytes */
	for (size_t size : {1, 2, 3, 15, 64, 255, 4097}) {
		size_t at = size * 11 / 8 * 8 + (size < 8 ? 0 : size % 5 + 1);

		MUST(hipMemset(memory + at, (int)size & 255, size));
		set(at, size, (unsigned)size & 255, 1);
	}
	MUST(hipMemsetD8((hipDeviceptr_t)(memory + 50001), 0xab, 77));
	set(50001, 77, 0xab, 1);
	MUST(hipMemsetD16((hipDeviceptr_t)(memory + 51002), 0xbeef, 1001));
	set(51002, 1001, 0xbeef, 2);
	MUST(hipMemsetD32((hipDeviceptr_t)(memory + 54004), (int)0xdeadbeef, 999));
	set(54004, 999, 0xdeadbeef, 4);
	MUST(hipMemsetAsync(memory + 60000, 0, 10001, 0));
	set(60000, 10001, 0, 1);
	MUST(hipMemset2D(memory + 20003, 100, 0x77, 33, 50));
	for (unsigned row = 0; row < 50; row++)
		set(20003 + row * 100, 33, 0x77, 1);
	MUST(hipDeviceSynchronize());
	must_equal("filled memory", memory.read(), want);
}

/* ---- copies of rows, within the device too ---- */

static void copies()
{
	const size_t width = 61, height = 40, pitch_in = 77, pitch_out = 100;
	std::vector<unsigned char> in = random_words<unsigned char>(pitch_in * height, 1),
				   out(pitch_out * height, 9), want(out), back(pitch_in * height);
	unsigned char *a, *b;
	size_t pitch_a;

	MUST(hipMallocPitch((void **)&a, &pitch_a, width, height));
	CHECK(pitch_a >= width, "%zu", pitch_a);
	MUST(hipMalloc((void **)&b, pitch_in * height));
	MUST(hipMemcpy2D(a, pitch_a, in.data(), pitch_in, width, height, hipMemcpyHostToDevice));
	MUST(hipMemset(b, 0x55, pitch_in * height));
	MUST(hipMemcpy2D(b + 1, pitch_in, a, pitch_a, width, height, hipMemcpyDeviceToDevice));
	MUST(hipMemcpy2DAsync(out.data() + 3, pitch_out, b + 1, pitch_in, width, height,
			      hipMemcpyDeviceToHost, 0));
	MUST(hipDeviceSynchronize());
	for (size_t row = 0; row < height; row++)
		for (size_t i = 0; i < width; i++)
			want[row * pitch_out + 3 + i] = in[row * pitch_in + i];
	must_equal("rows that were copied", out, want);
	/* and nothing beside them */
	MUST(hipMemcpy(back.data(), b, back.size(), hipMemcpyDeviceToHost));
	for (size_t i = 0; i < back.size(); i++) {
		const size_t row = i / pitch_in, at = i % pitch_in;
		const unsigned char byte = at >= 1 && at <= width ? in[row * pitch_in + at - 1] : 0x55;

		CHECK(back[i] == byte, "[%zu] is %#x, should be %#x", i, back[i], byte);
	}
	MUST(hipFree(a));
	MUST(hipFree(b));

	/* within the device, from and to all addresses */
	std::vector<unsigned char> bytes = random_words<unsigned char>(300000, 2), moved(bytes.size(), 0);
	device_array<unsigned char> from(bytes), to(bytes.size());
	to.clear(0);
	for (size_t size : {1, 7, 64, 1000, 65537, 131072}) {
		const size_t at = size % 1000 + size / 3, where = size + 13;

		MUST(hipMemcpyDtoD((hipDeviceptr_t)(to + where), (hipDeviceptr_t)(from + at), size));
		std::copy_n(bytes.begin() + (ptrdiff_t)at, size, moved.begin() + (ptrdiff_t)where);
	}
	MUST(hipDeviceSynchronize());
	must_equal("what was moved within the device", to.read(), moved);
}

/* ---- variables of the device ---- */

#define TABLE 300

__constant__ int constant_table[TABLE];
__device__ int device_table[TABLE];
__device__ unsigned long long device_sum = 5;
__constant__ double initialised[4] = {1.5, -2.25, 1e300, 0.1};

__global__ void tables_kernel(int *out)
{
	const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;

	if (i >= TABLE)
		return;
	out[i] = constant_table[i] * 2 + constant_table[TABLE - 1 - i] + constant_table[7];
	device_table[i] -= constant_table[(unsigned)out[i] % TABLE];
	atomicAdd(&device_sum, (unsigned long long)(initialised[i % 4] == 0.1 ? 10 : 1));
}

static void symbols()
{
	std::vector<int> constants = random_words<int>(TABLE, 3), table = random_words<int>(TABLE, 4),
			 want(TABLE), got(TABLE);
	device_array<int> out(TABLE);
	unsigned long long sum = 0;
	void *address;
	size_t bytes;

	MUST(hipMemcpyToSymbol(HIP_SYMBOL(constant_table), constants.data(), TABLE * sizeof(int)));
	MUST(hipMemcpyToSymbol(HIP_SYMBOL(device_table), table.data(), TABLE * sizeof(int)));
	tables_kernel<<<groups_of(TABLE, 64), 64>>>(out.get());
	MUST_END();
	for (unsigned i = 0; i < TABLE; i++) {
		want[i] = (int)((unsigned)constants[i] * 2 + (unsigned)constants[TABLE - 1 - i] +
				(unsigned)constants[7]);
		table[i] = (int)((unsigned)table[i] - (unsigned)constants[(unsigned)want[i] % TABLE]);
	}
	must_equal("of constants", out.read(), want);
	MUST(hipMemcpyFromSymbol(got.data(), HIP_SYMBOL(device_table), TABLE * sizeof(int)));
	must_equal("table of the device", got, table);
	MUST(hipMemcpyFromSymbol(&sum, HIP_SYMBOL(device_sum), sizeof(sum)));
	CHECK(sum == 5 + TABLE / 4 * 10 + TABLE / 4 * 3, "%llu", sum);
	MUST(hipGetSymbolAddress(&address, HIP_SYMBOL(device_table)));
	MUST(hipGetSymbolSize(&bytes, HIP_SYMBOL(device_table)));
	CHECK(bytes == sizeof(device_table), "%zu bytes", bytes);
	MUST(hipMemcpy(got.data(), (int *)address + 100, 50 * sizeof(int), hipMemcpyDeviceToHost));
	CHECK(std::equal(got.begin(), got.begin() + 50, table.begin() + 100), "the symbol's address");

	/* constants of the next launch are the new ones, in the scalar cache as well */
	for (int &one : constants)
		one = ~one;
	MUST(hipMemcpyToSymbol(HIP_SYMBOL(constant_table), constants.data() + 7, sizeof(int),
			       7 * sizeof(int)));
	tables_kernel<<<groups_of(TABLE, 64), 64>>>(out.get());
	MUST_END();
	for (int &one : constants)
		one = ~one;
	constants[7] = ~constants[7];
	for (unsigned i = 0; i < TABLE; i++)
		want[i] = (int)((unsigned)constants[i] * 2 + (unsigned)constants[TABLE - 1 - i] +
				(unsigned)constants[7]);
	must_equal("of constants, one of which was changed", out.read(), want);
}

static const test tests[] = {
	{"overlap", overlap, false}, {"events", events, false}, {"callbacks", callbacks, false},
	{"threads", threads, false}, {"clocks", clocks, false}, {"host_memory", host_memory, false},
	{"fills", fills, false},     {"copies", copies, false}, {"symbols", symbols, false},
};

int main(int argc, char **argv)
{
	return run_tests(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
