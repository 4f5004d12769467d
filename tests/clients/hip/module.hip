// SPDX-License-Identifier: MIT
/*
 * Code objects that are loaded and compiled while the program runs, and launches that take all of the device at once.
 *
 * usage: module CODE_OBJECT [files|memory|compile|cooperative]...
 */
#include "check.h"

#include <hip/hip_cooperative_groups.h>
#include <hip/hiprtc.h>

static std::vector<char> code;
static const char *code_path;

#define MUST_COMPILE(call)                                                                                \
	do {                                                                                              \
		hiprtcResult result_ = (call);                                                            \
		if (result_ != HIPRTC_SUCCESS) {                                                          \
			printf("FAIL line %d: %s: %s\n", __LINE__, #call, hiprtcGetErrorString(result_)); \
			exit(1);                                                                          \
		}                                                                                         \
	} while (0)

struct arguments {
	char tag;
	double factor;
	short small;
};

static void use_module(hipModule_t module)
{
	const unsigned count = 1000;
	std::vector<float> in = random_reals<float>(count, 1, -5, 5);
	std::vector<double> want(count);
	device_array<float> di(in);
	device_array<double> out(count);
	device_array<unsigned> groups(6);
	hipFunction_t scale, count_groups, none;
	hipDeviceptr_t offset, scales;
	size_t bytes;
	int number = 0, more = 100;

	MUST(hipModuleGetFunction(&scale, module, "scale"));
	MUST(hipModuleGetFunction(&count_groups, module, "count_groups"));
	CHECK(hipModuleGetFunction(&none, module, "no such kernel") == hipErrorNotFound, "it was found");
	MUST(hipModuleGetGlobal(&offset, &bytes, module, "offset"));
	CHECK(bytes == sizeof(int), "%zu bytes", bytes);
	MUST(hipModuleGetGlobal(&scales, &bytes, module, "scales"));
	CHECK(bytes == 4 * sizeof(float), "%zu bytes", bytes);
	MUST(hipMemcpyDtoH(&number, offset, sizeof(number)));
	CHECK(number == 17, "%d", number);

	/* by pointers to arguments, and by a block of them */
	float *in_pointer = di.get();
	double *out_pointer = out.get();
	unsigned size = count;
	arguments with = {3, 0.5, -200};
	char last = 1;
	void *parameters[] = {&in_pointer, &out_pointer, &size, &with, &last};
	struct {
		float *in;
		double *out;
		unsigned count;
		arguments with;
		char last;
	} block = {in_pointer, out_pointer, count, {-3, 2, 30000}, -1};
	size_t block_size = sizeof(block);
	void *extra[] = {HIP_LAUNCH_PARAM_BUFFER_POINTER, &block, HIP_LAUNCH_PARAM_BUFFER_SIZE, &block_size,
			 HIP_LAUNCH_PARAM_END};

	for (int turn = 0; turn < 2; turn++) {
		arguments used = turn ? block.with : with;
		char end = turn ? block.last : last;
		static const float factors[] = {1, 2, 4, 8};

		for (unsigned i = 0; i < count; i++)
			want[i] =
				std::fma((double)(in[i] * factors[i % 4]), used.factor, (double)used.small) +
				used.tag + end + (turn ? more : 17);
		MUST(hipModuleLaunchKernel(scale, groups_of(count, 128), 1, 1, 128, 1, 1, 0, 0,
					   turn ? nullptr : parameters, turn ? extra : nullptr));
		MUST_END();
		must_equal(turn ? "module, block of arguments" : "module, arguments", out.read(), want);
		MUST(hipMemcpyHtoD(offset, &more, sizeof(more)));
	}

	unsigned *groups_pointer = groups.get();
	void *one[] = {&groups_pointer};
	groups.clear(0);
	MUST(hipModuleLaunchKernel(count_groups, 6, 1, 1, 50, 1, 1, 50 * sizeof(unsigned), 0, one, nullptr));
	MUST_END();
	must_equal("module, groups", groups.read(), std::vector<unsigned>(6, 50));
}

static void files()
{
	hipModule_t module;

	MUST(hipModuleLoad(&module, code_path));
	use_module(module);
	MUST(hipModuleUnload(module));
}

/* Twice at a time: each has its own variables. */
static void memory()
{
	hipModule_t first, second;

	MUST(hipModuleLoadData(&first, code.data()));
	MUST(hipModuleLoadData(&second, code.data()));
	use_module(first);
	use_module(second);
	MUST(hipModuleUnload(first));
	MUST(hipModuleUnload(second));
}

static void compile()
{
	static const char source[] =
		"template <typename T> __global__ void halve(T *values, unsigned count)\n"
		"{\n"
		"	unsigned i = blockIdx.x * blockDim.x + threadIdx.x;\n"
		"	if (i < count)\n"
		"		values[i] = values[i] / 2 - ADDED;\n"
		"}\n";
	const unsigned count = 333;
	std::vector<int> values = random_words<int>(count, 2), want(count);
	device_array<int> dv(values);
	hiprtcProgram program;
	hipDeviceProp_t device;
	hipModule_t module;
	hipFunction_t function;
	const char *name;
	size_t bytes;

	MUST(hipGetDeviceProperties(&device, 0));
	const std::string arch = std::string("--offload-arch=") + device.gcnArchName;
	const char *options[] = {arch.c_str(), "-DADDED=7"};
	MUST_COMPILE(hiprtcCreateProgram(&program, source, "halve.hip", 0, nullptr, nullptr));
	MUST_COMPILE(hiprtcAddNameExpression(program, "halve<int>"));
	hiprtcResult result = hiprtcCompileProgram(program, 2, options);
	if (result != HIPRTC_SUCCESS) {
		MUST_COMPILE(hiprtcGetProgramLogSize(program, &bytes));
		std::string log(bytes, 0);
		MUST_COMPILE(hiprtcGetProgramLog(program, log.data()));
		CHECK(false, "%s: %s", hiprtcGetErrorString(result), log.c_str());
	}
	MUST_COMPILE(hiprtcGetLoweredName(program, "halve<int>", &name));
	MUST_COMPILE(hiprtcGetCodeSize(program, &bytes));
	std::vector<char> compiled(bytes);
	MUST_COMPILE(hiprtcGetCode(program, compiled.data()));
	MUST(hipModuleLoadData(&module, compiled.data()));
	MUST(hipModuleGetFunction(&function, module, name));
	MUST_COMPILE(hiprtcDestroyProgram(&program));

	int *pointer = dv.get();
	unsigned size = count;
	void *parameters[] = {&pointer, &size};
	for (unsigned i = 0; i < count; i++)
		want[i] = values[i] / 2 - 7;
	MUST(hipModuleLaunchKernel(function, groups_of(count, 64), 1, 1, 64, 1, 1, 0, 0, parameters,
				   nullptr));
	MUST_END();
	must_equal("compiled at run time", dv.read(), want);
	MUST(hipModuleUnload(module));
}

/* ---- all groups at once: each round, every group needs what all others wrote in the round before ---- */

__global__ void rounds_kernel(unsigned *values, unsigned rounds)
{
	cooperative_groups::grid_group grid = cooperative_groups::this_grid();
	const unsigned all = gridDim.x * blockDim.x, i = blockIdx.x * blockDim.x + threadIdx.x;

	for (unsigned round = 0; round < rounds; round++) {
		const unsigned *from = values + round % 2 * all;
		unsigned sum = from[i] * 3 + from[(i + blockDim.x + 1) % all] + from[all - 1 - i];

		values[(round + 1) % 2 * all + i] = sum;
		grid.sync();
	}
}

static void cooperative()
{
	const unsigned groups = 12, size = 64, all = groups * size, used = 6;
	unsigned rounds = used;
	std::vector<unsigned> values = random_words<unsigned>(all * 2, 3), next(all);
	int offered = 0;

	MUST(hipDeviceGetAttribute(&offered, hipDeviceAttributeCooperativeLaunch, 0));
	if (!offered) {
		printf("cooperative launches are not offered\n");
		return;
	}
	device_array<unsigned> dv(values);
	unsigned *pointer = dv.get();
	void *parameters[] = {&pointer, &rounds};
	MUST(hipLaunchCooperativeKernel((const void *)rounds_kernel, dim3(groups), dim3(size), parameters, 0,
					0));
	MUST_END();
	for (unsigned round = 0; round < used; round++) {
		const unsigned *from = &values[round % 2 * all];

		for (unsigned i = 0; i < all; i++)
			next[i] = from[i] * 3 + from[(i + size + 1) % all] + from[all - 1 - i];
		std::copy(next.begin(), next.end(), &values[(round + 1) % 2 * all]);
	}
	must_equal("rounds of a cooperative launch", dv.read(), values);
}

static const test tests[] = {
	{"files", files, false},
	{"memory", memory, false},
	{"compile", compile, false},
	{"cooperative", cooperative, false},
};

int main(int argc, char **argv)
{
	FILE *file;
	char buffer[4096];
	size_t got;

	CHECK(argc >= 2, "usage: module CODE_OBJECT [TEST...]");
	code_path = argv[1];
	file = fopen(code_path, "rb");
	CHECK(file, "%s cannot be opened", code_path);
	while ((got = fread(buffer, 1, sizeof(buffer), file)) > 0)
		code.insert(code.end(), buffer, buffer + got);
	fclose(file);
	return run_tests(tests, sizeof(tests) / sizeof(tests[0]), argc - 1, argv + 1);
}
