// SPDX-License-Identifier: MIT
/* Floating point arithmetic: what is exact or correctly rounded, conversions, halves, and functions within their bounds. */
#include "operations.h"

#include <limits>

#define GROUP OPERATIONS_GROUP

/* ---- floats and doubles: what is exact or correctly rounded ---- */

template <typename T> static std::vector<T> awkward_reals(size_t count, uint64_t seed)
{
	static const T corners[] = {(T)0.0,
				    (T)-0.0,
				    (T)INFINITY,
				    (T)-INFINITY,
				    (T)NAN,
				    (T)1,
				    (T)-1,
				    (T)0.5,
				    (T)1.5,
				    (T)2.5,
				    std::numeric_limits<T>::max(),
				    std::numeric_limits<T>::min(),
				    std::numeric_limits<T>::denorm_min(),
				    -std::numeric_limits<T>::denorm_min()};
	random_numbers numbers(seed);
	std::vector<T> all(count);

	for (T &one : all) {
		uint64_t word = numbers.word();

		if (numbers.below(16) == 0)
			one = corners[numbers.below(sizeof(corners) / sizeof(corners[0]))];
		else if (numbers.below(4) == 0)
			memcpy(&one, &word, sizeof(one)); /* any bits, denormals and NaNs as well */
		else
			one = (T)numbers.between(-50, 50);
	}
	return all;
}

/*
 * X(name, device, host): expressions of T's functions that are the same on both sides.  Where 0 is added, -0 is left out: LLVM 15
 * and the device library give 0 there.
 */
#define REALS(X, T)                                                                                    \
	X(add, a + b, a + b)                                                                           \
	X(subtract, a - b, a - b)                                                                      \
	X(multiply, a *b, a *b)                                                                        \
	X(divide, a / b, a / b)                                                                        \
	X(reciprocal, (T)1 / a, (T)1 / a)                                                              \
	X(divide_constant, a / (T)3, a / (T)3)                                                         \
	X(square_root, sqrt(a), std::sqrt(a))                                                          \
	X(fused, fma(a, b, (T)0.1), std::fma(a, b, (T)0.1))                                            \
	X(fused_negative, fma(-a, b, fabs(b)), std::fma(-a, b, std::fabs(b)))                          \
	X(least, fmin(a, b), least_of(a, b))                                                           \
	X(greatest, fmax(a, b), greatest_of(a, b))                                                     \
	X(floor, floor(a), std::floor(a))                                                              \
	X(ceiling, ceil(a), std::ceil(a))                                                              \
	X(truncate, trunc(a), std::trunc(a))                                                           \
	X(nearest, rint(a), std::rint(a))                                                              \
	X(round, round(a) + (T)0, std::round(a) + (T)0)                                                \
	X(signs, copysign(a, b), std::copysign(a, b))                                                  \
	X(negative, -fabs(a), -std::fabs(a))                                                           \
	X(scale, ldexp(a, (int)threadIdx.x * 2 - 256), std::ldexp(a, (int)(i % GROUP) * 2 - 256))      \
	X(remainder, fmod(a, b), std::fmod(a, b))                                                      \
	X(next, nextafter(a, b) + (T)0, std::nextafter(a, b) + (T)0)                                   \
	X(difference, fdim(a, b), std::fdim(a, b))                                                     \
	X(classes,                                                                                     \
	  (T)((isnan(a) ? 1 : 0) + (isinf(a) ? 2 : 0) + (signbit(a) ? 4 : 0) + (isfinite(b) ? 8 : 0)), \
	  (T)((std::isnan(a) ? 1 : 0) + (std::isinf(a) ? 2 : 0) + (std::signbit(a) ? 4 : 0) +          \
	      (std::isfinite(b) ? 8 : 0)))                                                             \
	X(compare,                                                                                     \
	  (T)((a < b ? 1 : 0) + (a <= b ? 2 : 0) + (a == b ? 4 : 0) + (a != b ? 8 : 0) +               \
	      (__builtin_isunordered(a, b) ? 16 : 0) + (!(a > b) ? 32 : 0)),                           \
	  (T)((a < b ? 1 : 0) + (a <= b ? 2 : 0) + (a == b ? 4 : 0) + (a != b ? 8 : 0) +               \
	      (__builtin_isunordered(a, b) ? 16 : 0) + (!(a > b) ? 32 : 0)))                           \
	X(exponent, exponent_of(a), exponent_of(a))                                                    \
	X(mantissa, mantissa_of(a), mantissa_of(a))

/* As IEEE 754 has minNum and maxNum, and -0 less than 0; a signalling NaN is a NaN like others. */
template <typename T> static T least_of(T a, T b)
{
	if (std::isnan(a) || std::isnan(b))
		return std::isnan(a) ? b : a;
	if (a == b)
		return std::signbit(a) ? a : b;
	return a < b ? a : b;
}

template <typename T> static T greatest_of(T a, T b)
{
	if (std::isnan(a) || std::isnan(b))
		return std::isnan(a) ? b : a;
	if (a == b)
		return std::signbit(a) ? b : a;
	return a > b ? a : b;
}

template <typename T> static __host__ __device__ T exponent_of(T a)
{
	int exponent = 0;

	if (!__builtin_isfinite(a))
		return 0;
	(void)frexp(a, &exponent);
	return (T)exponent;
}

template <typename T> static __host__ __device__ T mantissa_of(T a)
{
	int exponent;

	return __builtin_isfinite(a) ? frexp(a, &exponent) : (T)0;
}

#define FLOATS(X)  REALS(X, float)
#define DOUBLES(X) REALS(X, double)

OPERATIONS(floats, FLOATS, float, float, awkward_reals<float>(count, 13), awkward_reals<float>(count, 14))
OPERATIONS(doubles, DOUBLES, double, double, awkward_reals<double>(count, 15),
	   awkward_reals<double>(count, 16))

/* ---- conversions, of values that the other type can hold ---- */

template <typename From, typename To> __global__ void convert_kernel(const From *from, To *to, unsigned count)
{
	unsigned i = blockIdx.x * blockDim.x + threadIdx.x;

	if (i < count)
		to[i] = (To)from[i];
}

template <typename From, typename To> static void convert(const char *what, const std::vector<From> &from)
{
	const unsigned count = (unsigned)from.size();
	std::vector<To> want(count);
	device_array<From> df(from);
	device_array<To> to(count);

	for (unsigned i = 0; i < count; i++)
		want[i] = (To)from[i];
	convert_kernel<<<groups_of(count, GROUP), GROUP>>>(df.get(), to.get(), count);
	MUST_END();
	must_equal_of(what, to.read(), want, from);
}

#define CONVERT(from, to, values) convert<from, to>(#from " to " #to, values)

static void conversions()
{
	const size_t count = 3000;

	CONVERT(int32_t, float, random_words<int32_t>(count, 20));
	CONVERT(uint32_t, float, random_words<uint32_t>(count, 21));
	CONVERT(int64_t, float, random_words<int64_t>(count, 22));
	CONVERT(uint64_t, float, random_words<uint64_t>(count, 23));
	CONVERT(int32_t, double, random_words<int32_t>(count, 24));
	CONVERT(uint32_t, double, random_words<uint32_t>(count, 25));
	CONVERT(int64_t, double, random_words<int64_t>(count, 26));
	CONVERT(uint64_t, double, random_words<uint64_t>(count, 27));
	CONVERT(int8_t, float, random_words<int8_t>(count, 28));
	CONVERT(uint16_t, double, random_words<uint16_t>(count, 29));
	CONVERT(int16_t, int64_t, random_words<int16_t>(count, 30));
	CONVERT(int64_t, uint8_t, random_words<int64_t>(count, 31));
	CONVERT(float, int32_t, random_reals<float>(count, 32, -2e9, 2e9));
	CONVERT(float, uint32_t, random_reals<float>(count, 33, 0, 4e9));
	CONVERT(float, int64_t, random_reals<float>(count, 34, -9e18, 9e18));
	CONVERT(float, uint64_t, random_reals<float>(count, 35, 0, 18e18));
	CONVERT(float, int16_t, random_reals<float>(count, 36, -32000, 32000));
	CONVERT(float, uint8_t, random_reals<float>(count, 37, 0, 255));
	CONVERT(double, int32_t, random_reals<double>(count, 38, -2e9, 2e9));
	CONVERT(double, uint32_t, random_reals<double>(count, 39, 0, 4e9));
	CONVERT(double, int64_t, random_reals<double>(count, 40, -9e18, 9e18));
	CONVERT(double, uint64_t, random_reals<double>(count, 41, 0, 18e18));
	CONVERT(float, double, awkward_reals<float>(count, 42));
	CONVERT(double, float, awkward_reals<double>(count, 43));
	CONVERT(double, float, random_reals<double>(count, 44, -1e-38, 1e-38));
}

/* ---- halves ---- */

typedef _Float16 half_pair __attribute__((ext_vector_type(2)));

enum {
	half_add,
	half_multiply,
	half_fused,
	half_least,
	half_divide,
	half_root,
	half_to_float,
	half_operations
};

__global__ void halves_kernel(const half_pair *as, const half_pair *bs, half_pair *out, float *dots,
			      unsigned count)
{
	unsigned i = blockIdx.x * blockDim.x + threadIdx.x;

	if (i >= count)
		return;
	const half_pair a = as[i], b = bs[i];
	out[half_add * count + i] = a + b;
	out[half_multiply * count + i] = a * b;
	out[half_fused * count + i] =
		__builtin_elementwise_min(a * b + a, (half_pair){(_Float16)60000.0f, (_Float16)60000.0f});
	out[half_least * count + i] = __builtin_elementwise_max(a, b);
	out[half_divide * count + i] = half_pair{a.x / b.x, a.y / b.y};
	out[half_root * count + i] =
		half_pair{(_Float16)__builtin_sqrtf((float)a.x), (_Float16)__builtin_fabsf((float)a.y)};
	out[half_to_float * count + i] =
		half_pair{(_Float16)((float)a.x * (float)b.x * 0.5f), (_Float16)(float)(short)threadIdx.x};
	dots[i] = __builtin_amdgcn_fdot2(a, b, 0.25f, false);
}

static void halves()
{
	const unsigned count = 5000;
	random_numbers numbers(50);
	std::vector<uint32_t> a(count), b(count), want((size_t)count * half_operations);
	device_array<uint32_t> out(want.size());
	device_array<float> dots(count);
	std::vector<long double> dots_want(count);

	/* of about the same size, denormals among them; infinities and NaNs are saxpy's */
	for (unsigned i = 0; i < count; i++) {
		a[i] = (uint32_t)half_round(numbers.between(-30, 30)) |
		       (uint32_t)half_round(numbers.between(-1e-4, 1e-4)) << 16;
		b[i] = (uint32_t)half_round(numbers.between(-30, 30)) |
		       (uint32_t)half_round(numbers.between(-20, 20)) << 16;
	}
	for (unsigned i = 0; i < count; i++) {
		long double value[2],
			ax[2] = {half_value((uint16_t)a[i]), half_value((uint16_t)(a[i] >> 16))},
			bx[2] = {half_value((uint16_t)b[i]), half_value((uint16_t)(b[i] >> 16))};

		for (unsigned op = 0; op < half_operations; op++) {
			for (int k = 0; k < 2; k++)
				value[k] = op == half_add	 ? ax[k] + bx[k]
					   : op == half_multiply ? ax[k] * bx[k]
					   : op == half_fused	 ? std::min(ax[k] * bx[k] + ax[k], 60000.0L)
					   : op == half_least	 ? std::max(ax[k], bx[k])
								 : ax[k] / bx[k];
			if (op == half_root) {
				value[0] = std::sqrt((float)ax[0]);
				value[1] = std::fabs(ax[1]);
			}
			if (op == half_to_float) {
				value[0] = (float)ax[0] * (float)bx[0] * 0.5f;
				value[1] = i % GROUP;
			}
			want[op * count + i] = (uint32_t)half_round(value[0]) | (uint32_t)half_round(value[1])
											<< 16;
			if (op == half_root && ax[0] < 0)
				want[op * count + i] = (want[op * count + i] & 0xffff0000) | 0x7e00;
		}
		dots_want[i] = ax[0] * bx[0] + ax[1] * bx[1] + 0.25L;
	}
	device_array<uint32_t> da(a), db(b);
	halves_kernel<<<groups_of(count, GROUP), GROUP>>>((const half_pair *)da.get(),
							  (const half_pair *)db.get(), (half_pair *)out.get(),
							  dots.get(), count);
	MUST_END();

	std::vector<uint32_t> got = out.read();
	static const char *const names[] = {"add",    "multiply", "fused",   "least",
					    "divide", "root",	  "to float"};
	for (unsigned op = 0; op < half_operations; op++) {
		std::vector<uint32_t> part(got.begin() + op * count, got.begin() + (op + 1) * count);

		for (uint32_t &one : part)
			if (std::isnan(half_value((uint16_t)one)))
				one = (one & 0xffff0000) | 0x7e00;
		must_equal_of(
			std::string("halves: ") + names[op], part,
			std::vector<uint32_t>(want.begin() + op * count, want.begin() + (op + 1) * count), a,
			&b);
	}
	/* products are exact in a float; how their sum is rounded in between is the hardware's: relative to what was added */
	std::vector<float> sums = dots.read();
	for (unsigned i = 0; i < count; i++) {
		long double size = std::fabs(half_value((uint16_t)a[i]) * half_value((uint16_t)b[i])) + 1;

		CHECK(std::fabs(sums[i] - dots_want[i]) <= size * 0x1p-22L, "dot [%u] is %a, should be %La",
		      i, sums[i], dots_want[i]);
	}
}

/* ---- functions that are not exact ---- */

/* Bounds: the table of the HIP math API (ROCm documentation), and half a unit for the rounding of what they were compared with. */
#define FUNCTIONS(X, T)                                                       \
	X(exp, exp(a), std::exp(a), -10, 10, 1.5)                             \
	X(exp2, exp2(a), std::exp2(a), -10, 10, 1.5)                          \
	X(exp10, exp10(a), std::pow(10.0L, a), -4, 4, 1.5)                    \
	X(expm1, expm1(a), std::expm1(a), -10, 10, 1.5)                       \
	X(log, log(a), std::log(a), 1e-6, 1e6, 2.5)                           \
	X(log2, log2(a), std::log2(a), 1e-6, 1e6, 1.5)                        \
	X(log10, log10(a), std::log10(a), 1e-6, 1e6, 2.5)                     \
	X(log1p, log1p(a), std::log1p(a), -0.9, 10, 1.5)                      \
	X(sin, sin(a), std::sin(a), -10, 10, 1.5)                             \
	X(cos, cos(a), std::cos(a), -10, 10, 1.5)                             \
	X(tan, tan(a), std::tan(a), -1.5, 1.5, 2.5)                           \
	X(sin_large, sin(a), std::sin(a), -1e6, 1e6, 1.5)                     \
	X(asin, asin(a), std::asin(a), -1, 1, 2.5)                            \
	X(acos, acos(a), std::acos(a), -1, 1, 2.5)                            \
	X(atan, atan(a), std::atan(a), -10, 10, 2.5)                          \
	X(sinh, sinh(a), std::sinh(a), -10, 10, 2.5)                          \
	X(tanh, tanh(a), std::tanh(a), -5, 5, 2.5)                            \
	X(cbrt, cbrt(a), std::cbrt(a), -100, 100, 2.5)                        \
	X(rsqrt, rsqrt(a), 1 / std::sqrt(a), 1e-6, 100, 1.5)                  \
	X(hypot, hypot(a, (T)3), std::hypot(a, 3.0L), -10, 10, 1.5)           \
	X(pow, pow(a, (T)1.7), std::pow(a, (long double)(T)1.7), 0, 100, 1.5) \
	X(power, pow((T)2.5, a), std::pow(2.5L, a), -20, 20, 1.5)             \
	X(erf, erf(a), std::erf(a), -4, 4, 4.5)                               \
	X(atan2, atan2(a, (T)-2), std::atan2(a, -2.0L), -10, 10, 2.5)

#define FUNCTION_NUMBER(name, ...) f_##name,
enum { FUNCTIONS(FUNCTION_NUMBER, ) functions };

template <typename T> __global__ void functions_kernel(const T *in, T *out, unsigned count)
{
	unsigned i = blockIdx.x * blockDim.x + threadIdx.x;

	if (i >= count)
		return;
#define FUNCTION_ON_DEVICE(name, device, host, low, high, bound) \
	{                                                        \
		T a = in[f_##name * count + i];                  \
		out[f_##name * count + i] = device;              \
	}
	FUNCTIONS(FUNCTION_ON_DEVICE, T)
}

template <typename T> static void functions_of(const char *type)
{
	const unsigned count = 512;
	std::vector<T> in(count * functions);
	random_numbers numbers(60);

#define FUNCTION_INPUT(name, device, host, low, high, bound) \
	for (unsigned i = 0; i < count; i++)                 \
		in[f_##name * count + i] = (T)numbers.between(low, high);
	FUNCTIONS(FUNCTION_INPUT, T)

	device_array<T> di(in), out(in.size());
	functions_kernel<<<groups_of(count, 64), 64>>>(di.get(), out.get(), count);
	MUST_END();
	std::vector<T> all = out.read();
#define FUNCTION_CHECK(name, device, host, low, high, bound)                                               \
	{                                                                                                  \
		std::vector<T> part(all.begin() + f_##name * count, all.begin() + (f_##name + 1) * count), \
			of(in.begin() + f_##name * count, in.begin() + (f_##name + 1) * count);            \
		std::vector<long double> want(count);                                                      \
		for (unsigned i = 0; i < count; i++) {                                                     \
			const long double a = of[i];                                                       \
			want[i] = host;                                                                    \
		}                                                                                          \
		must_be_near(std::string(#name) + " of " + type, part, want, bound, &of);                  \
	}
	FUNCTIONS(FUNCTION_CHECK, T)
}

static void functions_of_floats()
{
	functions_of<float>("floats");
}

static void functions_of_doubles()
{
	functions_of<double>("doubles");
}

/* Those that are an instruction or two. */
__global__ void fast_kernel(const float *in, float *out, unsigned count)
{
	unsigned i = blockIdx.x * blockDim.x + threadIdx.x;

	if (i >= count)
		return;
	const float a = in[i];
	out[i] = __expf(a);
	out[count + i] = __logf(a);
	out[2 * count + i] = __sinf(a);
	out[3 * count + i] = __cosf(a);
	out[4 * count + i] = __frcp_rn(a);
	out[5 * count + i] = __frsqrt_rn(a);
	out[6 * count + i] = __powf(a, 1.5f);
}

static void fast_functions()
{
	const unsigned count = 1000;
	std::vector<float> in = random_reals<float>(count, 61, 0.01, 6), got;
	device_array<float> di(in), out(count * 7);

	fast_kernel<<<groups_of(count, GROUP), GROUP>>>(di.get(), out.get(), count);
	MUST_END();
	got = out.read();
	for (unsigned i = 0; i < count; i++) {
		const double a = in[i];
		const double want[] = {exp(a), log(a), sin(a), cos(a), 1 / a, 1 / sqrt(a), pow(a, 1.5)};

		for (unsigned k = 0; k < 7; k++)
			CHECK(std::fabs(got[k * count + i] - want[k]) <=
				      std::max(std::fabs(want[k]), 1.0) * 2e-6,
			      "fast function %u of %a is %a, should be %a", k, a, got[k * count + i],
			      want[k]);
	}
}

static const test tests[] = {
	{"floats", floats, false},
	{"doubles", doubles, false},
	{"conversions", conversions, false},
	{"halves", halves, false},
	{"functions_of_floats", functions_of_floats, false},
	{"functions_of_doubles", functions_of_doubles, false},
	{"fast_functions", fast_functions, false},
};

int main(int argc, char **argv)
{
	return run_tests(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
