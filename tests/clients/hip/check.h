// SPDX-License-Identifier: MIT
/*
 * What the HIP programs have in common: a list of tests in each, memory of the device, numbers to compute with, and comparisons
 * that name the element which is wrong.
 */
#ifndef TESTS_CLIENTS_HIP_CHECK_H
#define TESTS_CLIENTS_HIP_CHECK_H

#include <hip/hip_runtime.h>

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "../condition.h"
#include "must.h"

/* What was launched is there and has ended. */
#define MUST_END()                            \
	do {                                  \
		MUST(hipGetLastError());      \
		MUST(hipDeviceSynchronize()); \
	} while (0)

/* A thread that looks for the end all the time, as HIP's do, would take a core from those who play the device. */
static inline void wait_asleep()
{
	MUST(hipSetDeviceFlags(hipDeviceScheduleBlockingSync));
}

/* How long the device has been at what is launched by @run(), in milliseconds. */
template <typename F> float took(F run)
{
	hipEvent_t start, end;
	float ms;

	MUST(hipEventCreate(&start));
	MUST(hipEventCreateWithFlags(&end, hipEventBlockingSync));
	MUST(hipEventRecord(start, 0));
	run();
	MUST(hipGetLastError());
	MUST(hipEventRecord(end, 0));
	MUST(hipEventSynchronize(end));
	MUST(hipEventElapsedTime(&ms, start, end));
	MUST(hipEventDestroy(start));
	MUST(hipEventDestroy(end));
	return ms;
}

/* ---- numbers ---- */

class random_numbers
{
	uint64_t state;

      public:
	explicit random_numbers(uint64_t seed) : state(seed * 2 + 1)
	{
	}
	/* Numerical Recipes, xorshift64* */
	uint64_t word()
	{
		state ^= state >> 12;
		state ^= state << 25;
		state ^= state >> 27;
		return state * 2685821657736338717u;
	}
	uint32_t below(uint32_t limit)
	{
		return (uint32_t)((word() >> 32) * limit >> 32);
	}
	double between(double low, double high)
	{
		return low + (high - low) * ((double)(word() >> 11) * 0x1p-53);
	}
};

template <typename T> std::vector<T> random_reals(size_t count, uint64_t seed, double low, double high)
{
	random_numbers numbers(seed);
	std::vector<T> all(count);

	for (T &one : all)
		one = (T)numbers.between(low, high);
	return all;
}

/* Random bits; every eighth is a corner: 0, 1, -1, the limits, powers of two. */
template <typename T> std::vector<T> random_words(size_t count, uint64_t seed)
{
	random_numbers numbers(seed);
	std::vector<T> all(count);

	for (T &one : all) {
		uint64_t word = numbers.word();

		switch (numbers.below(40)) {
		case 0:
			word = 0;
			break;
		case 1:
			word = 1;
			break;
		case 2:
			word = UINT64_MAX;
			break;
		case 3:
			word = 1ull << (sizeof(T) * 8 - 1);
			break;
		case 4:
			word = 1ull << word % (sizeof(T) * 8);
			break;
		case 5:
			word >>= word & 63;
			break;
		default:
			break;
		}
		one = (T)word;
	}
	return all;
}

/* ---- 16-bit floats, by their bits, as hosts without them see them ---- */

static inline long double half_value(uint16_t bits)
{
	int exponent = bits >> 10 & 31, mantissa = bits & 1023;
	long double value;

	if (exponent == 31)
		value = mantissa ? NAN : INFINITY;
	else
		value = exponent ? std::ldexp((long double)(mantissa | 1024), exponent - 25)
				 : std::ldexp((long double)mantissa, -24);
	return bits & 0x8000 ? -value : value;
}

/* To the nearest, to the even one of two. */
static inline uint16_t half_round(long double value)
{
	uint16_t sign = std::signbit(value) ? 0x8000 : 0;
	int exponent;

	value = std::fabs(value);
	if (std::isnan(value))
		return (uint16_t)(sign | 0x7e00);
	if (value >= 65520)
		return (uint16_t)(sign | 0x7c00);
	if (value < 0x1p-14L)
		return (uint16_t)(sign | (uint16_t)std::nearbyint(std::ldexp(value, 24)));
	std::frexp(value, &exponent);
	/* 1024 to 2048: a carry goes into the exponent by itself */
	return (uint16_t)(sign | (((exponent + 14) << 10) - 1024 +
				  (int)std::nearbyint(std::ldexp(value, 11 - exponent))));
}

/* ---- memory of the device ---- */

template <typename T> class device_array
{
	T *first = nullptr;
	size_t count;

      public:
	explicit device_array(size_t elements) : count(elements)
	{
		MUST(hipMalloc((void **)&first, count * sizeof(T)));
	}
	explicit device_array(const std::vector<T> &from) : device_array(from.size())
	{
		MUST(hipMemcpy(first, from.data(), count * sizeof(T), hipMemcpyHostToDevice));
	}
	device_array(const device_array &) = delete;
	device_array &operator=(const device_array &) = delete;
	~device_array()
	{
		MUST(hipFree(first));
	}
	T *get() const
	{
		return first;
	}
	operator T *() const
	{
		return first;
	}
	void clear(int byte)
	{
		MUST(hipMemset(first, byte, count * sizeof(T)));
	}
	std::vector<T> read() const
	{
		std::vector<T> all(count);

		MUST(hipMemcpy(all.data(), first, count * sizeof(T), hipMemcpyDeviceToHost));
		return all;
	}
};

/* ---- comparisons; what is wrong is told, and makes the exit status at the end ---- */

static unsigned wrong_results;

template <typename T> std::string in_words(T value)
{
	char text[96];

	if constexpr (std::is_floating_point_v<T>)
		snprintf(text, sizeof(text), "%.17g (%a)", (double)value, (double)value);
	else
		snprintf(text, sizeof(text), "%lld (%#llx)", (long long)value,
			 (unsigned long long)value &
				 (sizeof(T) < 8 ? (1ull << (sizeof(T) * 8 % 64)) - 1 : ~0ull));
	return text;
}

/* Bit for bit, but a NaN is as good as another. */
template <typename T> bool same(T a, T b)
{
	if constexpr (std::is_floating_point_v<T>)
		if (std::isnan(a) && std::isnan(b))
			return true;
	return !memcmp(&a, &b, sizeof(T));
}

/* How far @got is from @want, in units of the last place of the type that @got has. */
template <typename T> double ulps(T got, long double want)
{
	constexpr int digits = std::is_same_v<T, float> ? 24 : 53;
	constexpr int lowest = std::is_same_v<T, float> ? -148 : -1073; /* as frexp() has exponents */
	int exponent;

	if (std::isnan(want) || std::isnan(got))
		return std::isnan(want) && std::isnan(got) ? 0 : INFINITY;
	if (std::isinf((T)want) || std::isinf(got))
		return (T)want == got ? 0 : INFINITY;
	std::frexp(want, &exponent);
	exponent = std::max(exponent - digits, lowest - 1);
	return (double)std::fabs(std::ldexp((long double)got - want, -exponent));
}

template <typename T>
void must_equal(const std::string &what, const std::vector<T> &got, const std::vector<T> &want)
{
	size_t wrong = 0, first = 0;

	CHECK(got.size() == want.size(), "%s", what.c_str());
	for (size_t i = got.size(); i-- > 0;)
		if (!same(got[i], want[i])) {
			first = i;
			wrong++;
		}
	if (wrong) {
		printf("FAIL: %s: %zu of %zu are wrong; [%zu] is %s, should be %s\n", what.c_str(), wrong,
		       got.size(), first, in_words(got[first]).c_str(), in_words(want[first]).c_str());
		wrong_results++;
	}
}

/* ... of a function of one element, which is told as well. */
template <typename T, typename U>
void must_equal_of(const std::string &what, const std::vector<T> &got, const std::vector<T> &want,
		   const std::vector<U> &of, const std::vector<U> *also = nullptr)
{
	for (size_t i = 0; i < got.size(); i++)
		if (!same(got[i], want[i])) {
			printf("%s of %s%s%s\n", what.c_str(), in_words(of[i]).c_str(), also ? " and " : "",
			       also ? in_words((*also)[i]).c_str() : "");
			break;
		}
	must_equal(what, got, want);
}

template <typename T>
double must_be_near(const std::string &what, const std::vector<T> &got, const std::vector<long double> &want,
		    double bound, const std::vector<T> *of = nullptr)
{
	double most = 0;

	CHECK(got.size() == want.size(), "%s", what.c_str());
	for (size_t i = 0; i < got.size(); i++) {
		double off = ulps(got[i], want[i]);

		if (off > bound) {
			printf("FAIL: %s: [%zu] is %s, should be %s: %g ulp off, at most %g are allowed\n",
			       what.c_str(), i, in_words(got[i]).c_str(), in_words((T)want[i]).c_str(), off,
			       bound);
			if (of)
				printf("of %s\n", in_words((*of)[i]).c_str());
			wrong_results++;
			break;
		}
		most = std::max(most, off);
	}
	return most;
}

/* ---- a program of tests ---- */

struct test {
	const char *name;
	void (*run)();
	bool asked; /* runs only when it is named */
};

static inline int run_tests(const test *tests, size_t count, int argc, char **argv)
{
	int devices = 0;

	setvbuf(stdout, nullptr, _IOLBF, 0);
	MUST(hipGetDeviceCount(&devices));
	CHECK(devices > 0, "no device");
	for (int i = 1; i < argc; i++) {
		size_t known = 0;

		while (known < count && strcmp(tests[known].name, argv[i]))
			known++;
		CHECK(known < count, "%s is none of the tests", argv[i]);
		tests[known].run();
		printf("%s\n", tests[known].name);
	}
	for (size_t i = 0; i < count && argc == 1; i++)
		if (!tests[i].asked) {
			tests[i].run();
			printf("%s\n", tests[i].name);
		}
	CHECK(!wrong_results, "%u results are wrong", wrong_results);
	printf("done\n");
	return 0;
}

static inline unsigned groups_of(size_t work, unsigned size)
{
	return (unsigned)((work + size - 1) / size);
}

#endif
