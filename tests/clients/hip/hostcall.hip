// SPDX-License-Identifier: MIT
/*
 * What the device asks of the host: printf() and assert().  The kernel leaves a packet in memory of the host, counts down a signal
 * and sends an interrupt; the runtime's thread answers.
 *
 * usage: hostcall [print|lots|strings|fail]...
 */
#include "check.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>

/* What is written to standard output while @run() is at it, by whatever thread. */
template <typename F> static std::string printed_by(F run)
{
	std::string text;
	FILE *file = tmpfile();
	int old = dup(STDOUT_FILENO);
	char buffer[4096];
	size_t got;

	CHECK(file && old >= 0, "no temporary file");
	fflush(stdout);
	dup2(fileno(file), STDOUT_FILENO);
	run();
	fflush(stdout);
	dup2(old, STDOUT_FILENO);
	close(old);
	rewind(file);
	while ((got = fread(buffer, 1, sizeof(buffer), file)) > 0)
		text.append(buffer, got);
	fclose(file);
	return text;
}

/* Lines come in any order. */
static void must_be_lines(const std::string &text, std::vector<std::string> want)
{
	std::vector<std::string> got;
	size_t at = 0;

	while (at < text.size()) {
		size_t end = std::min(text.find('\n', at), text.size());

		got.push_back(text.substr(at, end - at));
		at = end + 1;
	}
	std::sort(got.begin(), got.end());
	std::sort(want.begin(), want.end());
	for (size_t i = 0; i < std::max(got.size(), want.size()); i++)
		CHECK(i < got.size() && i < want.size() && got[i] == want[i],
		      "%zu lines of %zu; line %zu is \"%s\", should be \"%s\"", got.size(), want.size(), i,
		      i < got.size() ? got[i].c_str() : "(none)",
		      i < want.size() ? want[i].c_str() : "(none)");
}

__global__ void print_kernel(int number)
{
	if (threadIdx.x == 0)
		printf("group %u: %d %s %.3f %llx %c%%\n", (unsigned)blockIdx.x, number - (int)blockIdx.x,
		       "and a string", 1.5 + blockIdx.x, 0x123456789abcdefull + blockIdx.x,
		       'a' + (int)blockIdx.x);
}

static void print()
{
	std::vector<std::string> want;

	for (unsigned group = 0; group < 6; group++) {
		char line[200];

		snprintf(line, sizeof(line), "group %u: %d %s %.3f %llx %c%%", group, -100 - (int)group,
			 "and a string", 1.5 + group, 0x123456789abcdefull + group, 'a' + (int)group);
		want.push_back(line);
	}
	must_be_lines(printed_by([] {
			      print_kernel<<<6, 64>>>(-100);
			      MUST_END();
		      }),
		      want);
}

/* From every lane of several waves: more than there is room for at once. */
__global__ void lots_kernel()
{
	const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;

	if (i % 3 != 1)
		printf("item %u of wave %u\n", i, threadIdx.x / warpSize);
}

static void lots()
{
	std::vector<std::string> want;

	for (unsigned i = 0; i < 4 * 96; i++)
		if (i % 3 != 1)
			want.push_back("item " + std::to_string(i) + " of wave " +
				       std::to_string(i % 96 / 32));
	must_be_lines(printed_by([] {
			      lots_kernel<<<4, 96>>>();
			      MUST_END();
		      }),
		      want);
}

/* Longer than a packet has room for, and of many arguments; what printf() gives back. */
__global__ void strings_kernel(int *counts)
{
	counts[0] =
		printf("%s|%s|%s\n",
		       "a string that takes more than one of the packets' rows of eight words of 64 bits: "
		       "abcdefghijklmnopqrstuvwxyz0123456789",
		       "", "short");
	counts[1] = printf("%d %d %d %d %d %d %d %d %d %d\n", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
	counts[2] = printf("%5.2e|%-6d|%06u|%p\n", 12345.678, 42, 77u, (void *)0x1000);
}

static void strings()
{
	device_array<int> counts(3);
	const std::string text = printed_by([&] {
		strings_kernel<<<1, 1>>>(counts.get());
		MUST_END();
	});

	must_be_lines(text,
		      {"a string that takes more than one of the packets' rows of eight words of 64 bits: "
		       "abcdefghijklmnopqrstuvwxyz0123456789||short",
		       "1 2 3 4 5 6 7 8 9 10", "1.23e+04|42    |000077|0x1000"});
	must_equal("what printf() gives back", counts.read(), {126, 21, 30});
}

__global__ void fail_kernel(const int *values)
{
	assert(values[threadIdx.x] < 100 && "values are small");
}

/* In a process of its own, for it is to be aborted; the runtime must not have been used before the fork. */
static void fail()
{
	int ends[2], status = 0;
	std::string text;
	char buffer[4096];
	ssize_t got;
	pid_t child;

	CHECK(!pipe(ends), "no pipe");
	child = fork();
	CHECK(child >= 0, "no process");
	if (child == 0) {
		std::vector<int> values(64, 7);

		dup2(ends[1], STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		values[33] = 100;
		device_array<int> dv(values);
		fail_kernel<<<1, 64>>>(dv.get());
		hipError_t error = hipDeviceSynchronize();
		printf("the kernel ended: %s\n", hipGetErrorString(error));
		fflush(stdout);
		_exit(3);
	}
	close(ends[1]);
	while ((got = read(ends[0], buffer, sizeof(buffer))) > 0)
		text.append(buffer, (size_t)got);
	CHECK(waitpid(child, &status, 0) == child, "no child");
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "status %#x, \"%s\"", status, text.c_str());
	CHECK(text.find("values are small") != std::string::npos &&
		      text.find("fail_kernel") != std::string::npos,
	      "\"%s\"", text.c_str());
}

static const test tests[] = {
	{"print", print, false},
	{"lots", lots, false},
	{"strings", strings, false},
	{"fail", fail, true},
};

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "fail")) {
		fail();
		printf("fail\ndone\n");
		return 0;
	}
	return run_tests(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
