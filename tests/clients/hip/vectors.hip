// SPDX-License-Identifier: MIT
/* Vectors, element by element: sums, and what the vector ALU does to integers. */
#include "operations.h"

#define GROUP OPERATIONS_GROUP

template <typename T> __global__ void add_kernel(const T *a, const T *b, T *sum, size_t count)
{
	size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x;

	if (i < count)
		sum[i] = a[i] + b[i];
}

static void add_floats(size_t count)
{
	std::vector<float> a = random_reals<float>(count, 1, -100, 100),
			   b = random_reals<float>(count, 2, -100, 100), want(count);
	device_array<float> da(a), db(b), sum(count);

	for (size_t i = 0; i < count; i++)
		want[i] = a[i] + b[i];
	const float ms = took([&] {
		add_kernel<<<groups_of(count, GROUP), GROUP>>>(da.get(), db.get(), sum.get(), count);
	});
	must_equal("sum", sum.read(), want);
	printf("%zu sums: %.1f ms\n", count, (double)ms);
}

static void add()
{
	add_floats(1);
	add_floats(GROUP * 33 + 5);
	add_floats((1u << 20) - 3);
}

static void add_large()
{
	wait_asleep();
	add_floats(16u << 20);
}

template <typename T> __global__ void saxpy_kernel(T factor, const T *x, T *y, unsigned count)
{
	for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x)
		y[i] = factor * x[i] + y[i];
}

/* The compiler makes one operation of the multiplication and the addition, as -ffp-contract=fast has it, HIP's default. */
template <typename T> static void saxpy_reals(const char *what)
{
	const unsigned count = 100003;
	std::vector<T> x = random_reals<T>(count, 3, -10, 10), y = random_reals<T>(count, 4, -10, 10),
		       want(y);
	device_array<T> dx(x), dy(y);
	const T factor = (T)-1.7;

	for (unsigned i = 0; i < count; i++)
		want[i] = std::fma(factor, x[i], y[i]);
	saxpy_kernel<<<64, GROUP>>>(factor, dx.get(), dy.get(), count);
	MUST_END();
	must_equal(what, dy.read(), want);
}

static void saxpy()
{
	saxpy_reals<float>("saxpy of floats");
	saxpy_reals<double>("saxpy of doubles");
}

__global__ void saxpy_half_kernel(_Float16 factor, const _Float16 *x, _Float16 *y, unsigned count)
{
	for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x)
		y[i] = factor * x[i] + y[i];
}

/* By their bits: 22 bits of a product and 11 of the addend are never more than the 64 that a long double has. */
static void saxpy_half()
{
	const unsigned count = 65536 + 7;
	std::vector<uint16_t> x = random_words<uint16_t>(count, 5), y = random_words<uint16_t>(count, 6),
			      want(y);
	device_array<uint16_t> dx(x), dy(y);
	const _Float16 factor = (_Float16)-1.5f;

	for (unsigned i = 0; i < count; i++) {
		want[i] = half_round(-1.5L * half_value(x[i]) + half_value(y[i]));
		if (std::isnan(half_value(want[i])))
			want[i] = 0x7e00;
	}
	saxpy_half_kernel<<<64, GROUP>>>(factor, (const _Float16 *)dx.get(), (_Float16 *)dy.get(), count);
	MUST_END();

	std::vector<uint16_t> got = dy.read();
	for (uint16_t &one : got)
		if (std::isnan(half_value(one)))
			one = 0x7e00;
	must_equal_of("saxpy of halves", got, want, x, &y);
}

static inline uint32_t reversed(uint32_t a)
{
	uint32_t r = 0;

	for (int bit = 0; bit < 32; bit++)
		r |= (a >> bit & 1) << (31 - bit);
	return r;
}

static inline uint32_t picked(uint32_t x, uint32_t y, uint32_t how)
{
	uint64_t both = (uint64_t)y << 32 | x;
	uint32_t r = 0;

	for (int byte = 0; byte < 4; byte++)
		r |= (uint32_t)(both >> (how >> byte * 4 & 7) * 8 & 255) << byte * 8;
	return r;
}

static inline uint32_t distance(uint32_t a, uint32_t b)
{
	return a > b ? a - b : b - a;
}

static inline int64_t low24(uint32_t a)
{
	return (int32_t)(a << 8) >> 8;
}

/* Quotients of bytes leave out -128 / -1, of which LLVM 15 keeps 8 bits. */
#define WORDS(X)                                                                                             \
	X(add, a + b, a + b)                                                                                 \
	X(subtract, a - b, a - b)                                                                            \
	X(multiply, a *b, a *b)                                                                              \
	X(multiply_add, a *b + 77, a * b + 77)                                                               \
	X(high_unsigned, __umulhi(a, b), (uint32_t)((uint64_t)a * b >> 32))                                  \
	X(high_signed, (uint32_t)__mulhi((int)a, (int)b),                                                    \
	  (uint32_t)((uint64_t)((int64_t)(int32_t)a * (int32_t)b) >> 32))                                    \
	X(multiply_24, (uint32_t)__mul24((int)a, (int)b), (uint32_t)(low24(a) * low24(b)))                   \
	X(multiply_unsigned_24, (uint32_t)__umul24(a, b), (a & 0xffffff) * (b & 0xffffff))                   \
	X(and_not, a & ~b, a & ~b)                                                                           \
	X(exclusive, a ^ b, a ^ b)                                                                           \
	X(not_exclusive, ~(a ^ b), ~(a ^ b))                                                                 \
	X(either_shifted, a << 5 | b, a << 5 | b)                                                            \
	X(three_added, a + b + (a >> 3), a + b + (a >> 3))                                                   \
	X(shift_left, a << (b & 31), a << (b & 31))                                                          \
	X(shift_right, a >> (b & 31), a >> (b & 31))                                                         \
	X(shift_right_signed, (uint32_t)((int)a >> (b & 31)), (uint32_t)((int)a >> (b & 31)))                \
	X(rotate, __builtin_rotateleft32(a, b), __builtin_rotateleft32(a, b))                                \
	X(funnel, __funnelshift_r(a, b, a), (uint32_t)(((uint64_t)b << 32 | a) >> (a & 31)))                 \
	X(population, (uint32_t)__popc(a), (uint32_t)__builtin_popcount(a))                                  \
	X(first_set, (uint32_t)__ffs((int)a), (uint32_t)__builtin_ffs((int)a))                               \
	X(leading, (uint32_t)__clz((int)a), a ? (uint32_t)__builtin_clz(a) : 32)                             \
	X(reverse, __brev(a), reversed(a))                                                                   \
	X(permute, __byte_perm(a, b, 0x5270), picked(a, b, 0x5270))                                          \
	X(permute_variably, __byte_perm(a, b, b), picked(a, b, b))                                           \
	X(field, a >> 7 & 0x1ff, a >> 7 & 0x1ff)                                                             \
	X(field_signed, (uint32_t)((int)(a << 9) >> 20), (uint32_t)((int)(a << 9) >> 20))                    \
	X(field_variable, a >> (b & 15) & ((1u << (b >> 4 & 15)) - 1),                                       \
	  a >> (b & 15) & ((1u << (b >> 4 & 15)) - 1))                                                       \
	X(insert, (a & 0xff00ff00) | (b & 0x00ff00ff), (a & 0xff00ff00) | (b & 0x00ff00ff))                  \
	X(least, (uint32_t)std::min((int)a, (int)b), (uint32_t)std::min((int)a, (int)b))                     \
	X(greatest, a > b ? a : b, a > b ? a : b)                                                            \
	X(clamped, (uint32_t)(std::max(-1000, std::min((int)a, 1000))),                                      \
	  (uint32_t)(std::max(-1000, std::min((int)a, 1000))))                                               \
	X(absolute_difference, __usad(a, b, 9), distance(a, b) + 9)                                          \
	X(mean, (a & b) + ((a ^ b) >> 1), (uint32_t)(((uint64_t)a + b) >> 1))                                \
	X(divide_unsigned, a / (b | 1), a / (b | 1))                                                         \
	X(modulo_unsigned, a % (b | 1), a % (b | 1))                                                         \
	X(divide_small, a / (b % 1000 + 1), a / (b % 1000 + 1))                                              \
	X(divide_constant, a / 7, a / 7)                                                                     \
	X(divide_signed, (uint32_t)((int)a / (int)((b >> 1) + 1)), (uint32_t)((int)a / (int)((b >> 1) + 1))) \
	X(modulo_signed, (uint32_t)((int)a % -(int)((b >> 1) | 3)),                                          \
	  (uint32_t)((int)a % -(int)((b >> 1) | 3)))                                                         \
	X(divide_bytes, (uint32_t)((int8_t)a / (int)((b & 127) | 1)),                                        \
	  (uint32_t)((int8_t)a / (int)((b & 127) | 1)))                                                      \
	X(divide_shorts, (uint32_t)((uint16_t)a % ((uint16_t)b | 1)),                                        \
	  (uint32_t)((uint16_t)a % ((uint16_t)b | 1)))                                                       \
	X(shorts, (uint32_t)(int16_t)((int16_t)a * (int16_t)b + 5),                                          \
	  (uint32_t)(int16_t)((int16_t)a * (int16_t)b + 5))                                                  \
	X(short_shift, (uint32_t)((int16_t)a >> (b & 15)), (uint32_t)((int16_t)a >> (b & 15)))               \
	X(bytes, (uint32_t)(int8_t)((int8_t)a - (int8_t)(b >> 8)),                                           \
	  (uint32_t)(int8_t)((int8_t)a - (int8_t)(b >> 8)))                                                  \
	X(compare, (uint32_t)((int)a < (int)b) | (uint32_t)(a <= b) << 1 | (uint32_t)(a == b) << 2,          \
	  (uint32_t)((int)a < (int)b) | (uint32_t)(a <= b) << 1 | (uint32_t)(a == b) << 2)                   \
	X(carry, a + b < a, a + b < a)                                                                       \
	X(saturate, __builtin_elementwise_add_sat(a, b), a + b < a ? UINT32_MAX : a + b)                     \
	X(saturate_down, __builtin_elementwise_sub_sat(a, b), a > b ? a - b : 0)

OPERATIONS(words, WORDS, uint32_t, uint32_t, random_words<uint32_t>(count, 7),
	   random_words<uint32_t>(count, 8))

typedef unsigned __int128 wide;
typedef __int128 signed_wide;

#define LONGS(X)                                                                                            \
	X(add, a + b, a + b)                                                                                \
	X(subtract, a - b, a - b)                                                                           \
	X(multiply, a *b, a *b)                                                                             \
	X(multiply_words, (uint64_t)(uint32_t)a *(uint32_t)b + a, (uint64_t)(uint32_t)a * (uint32_t)b + a)  \
	X(multiply_signed_words, (uint64_t)((int64_t)(int32_t)a * (int32_t)b),                              \
	  (uint64_t)((int64_t)(int32_t)a * (int32_t)b))                                                     \
	X(high_unsigned, __umul64hi(a, b), (uint64_t)((wide)a * b >> 64))                                   \
	X(high_signed, (uint64_t)__mul64hi((long long)a, (long long)b),                                     \
	  (uint64_t)((signed_wide)(int64_t)a * (int64_t)b >> 64))                                           \
	X(and_not, a & ~b, a & ~b)                                                                          \
	X(exclusive, a ^ b, a ^ b)                                                                          \
	X(negative, 0 - a, 0 - a)                                                                           \
	X(shift_left, a << (b & 63), a << (b & 63))                                                         \
	X(shift_right, a >> (b & 63), a >> (b & 63))                                                        \
	X(shift_right_signed, (uint64_t)((int64_t)a >> (b & 63)), (uint64_t)((int64_t)a >> (b & 63)))       \
	X(shift_constant, a << 37 | b >> 11, a << 37 | b >> 11)                                             \
	X(rotate, __builtin_rotateleft64(a, b), __builtin_rotateleft64(a, b))                               \
	X(population, (uint64_t)__popcll(a), (uint64_t)__builtin_popcountll(a))                             \
	X(first_set, (uint64_t)__ffsll((unsigned long long)a), (uint64_t)__builtin_ffsll((long long)a))     \
	X(leading, (uint64_t)__clzll((long long)a), a ? (uint64_t)__builtin_clzll(a) : 64)                  \
	X(reverse, __brevll(a), (uint64_t)reversed((uint32_t)a) << 32 | reversed((uint32_t)(a >> 32)))      \
	X(least, (uint64_t)((int64_t)a < (int64_t)b ? a : b), (uint64_t)((int64_t)a < (int64_t)b ? a : b))  \
	X(greatest, a > b ? a : b, a > b ? a : b)                                                           \
	X(compare, (uint64_t)((int64_t)a < (int64_t)b) | (uint64_t)(a >= b) << 1 | (uint64_t)(a != b) << 2, \
	  (uint64_t)((int64_t)a < (int64_t)b) | (uint64_t)(a >= b) << 1 | (uint64_t)(a != b) << 2)          \
	X(divide_unsigned, a / (b | 1), a / (b | 1))                                                        \
	X(modulo_unsigned, a % (b | 1), a % (b | 1))                                                        \
	X(divide_word, a / ((uint32_t)b | 1), a / ((uint32_t)b | 1))                                        \
	X(divide_constant, a / 1000000007, a / 1000000007)                                                  \
	X(divide_signed, (uint64_t)((int64_t)a / (int64_t)((b >> 1) + 1)),                                  \
	  (uint64_t)((int64_t)a / (int64_t)((b >> 1) + 1)))                                                 \
	X(modulo_signed, (uint64_t)((int64_t)a % -(int64_t)((b >> 1) | 3)),                                 \
	  (uint64_t)((int64_t)a % -(int64_t)((b >> 1) | 3)))                                                \
	X(pack, (a & 0xffff) << 48 | (b >> 16 & 0xffffffff) << 16 | (a >> 48),                              \
	  (a & 0xffff) << 48 | (b >> 16 & 0xffffffff) << 16 | (a >> 48))

OPERATIONS(longs, LONGS, uint64_t, uint64_t, random_words<uint64_t>(count, 9),
	   random_words<uint64_t>(count, 10))

static inline int32_t dot_bytes(uint32_t a, uint32_t b, int32_t c)
{
	for (int i = 0; i < 32; i += 8)
		c += (int8_t)(a >> i) * (int8_t)(b >> i);
	return c;
}

static inline uint32_t dot_unsigned_bytes(uint32_t a, uint32_t b, uint32_t c)
{
	for (int i = 0; i < 32; i += 8)
		c += (uint32_t)(uint8_t)(a >> i) * (uint8_t)(b >> i);
	return c;
}

static inline int32_t dot_nibbles(uint32_t a, uint32_t b, int32_t c)
{
	for (int i = 0; i < 32; i += 4)
		c += ((int32_t)(a << (28 - i)) >> 28) * ((int32_t)(b << (28 - i)) >> 28);
	return c;
}

typedef short short_pair __attribute__((ext_vector_type(2)));
typedef unsigned short ushort_pair __attribute__((ext_vector_type(2)));

static inline __host__ __device__ short_pair pair_of(uint32_t a)
{
	return short_pair{(short)(a & 0xffff), (short)(a >> 16)};
}

static inline __host__ __device__ uint32_t word_of(short_pair a)
{
	return (uint32_t)(uint16_t)a.x | (uint32_t)(uint16_t)a.y << 16;
}

static inline uint32_t each(uint32_t a, uint32_t b, int32_t (*function)(int32_t, int32_t))
{
	return (uint32_t)(uint16_t)function((int16_t)a, (int16_t)b) |
	       (uint32_t)(uint16_t)function((int16_t)(a >> 16), (int16_t)(b >> 16)) << 16;
}

#define EACH(expression) each(a, b, [](int32_t x, int32_t y) -> int32_t { return expression; })

#define PAIRS(X)                                                                                     \
	X(add, word_of(pair_of(a) + pair_of(b)), EACH(x + y))                                        \
	X(subtract, word_of(pair_of(a) - pair_of(b)), EACH(x - y))                                   \
	X(multiply, word_of(pair_of(a) * pair_of(b)), EACH(x *y))                                    \
	X(multiply_add, word_of(pair_of(a) * pair_of(b) + pair_of(a)), EACH(x *y + x))               \
	X(shift_left, word_of(pair_of(a) << (pair_of(b) & (short)15)),                               \
	  EACH((int32_t)((uint32_t)x << (y & 15))))                                                  \
	X(shift_right_signed, word_of(pair_of(a) >> (pair_of(b) & (short)15)), EACH(x >> (y & 15)))  \
	X(shift_right,                                                                               \
	  word_of((short_pair)((ushort_pair)pair_of(a) >> (ushort_pair)(pair_of(b) & (short)15))),   \
	  EACH((x & 0xffff) >> (y & 15)))                                                            \
	X(least, word_of(__builtin_elementwise_min(pair_of(a), pair_of(b))), EACH(x < y ? x : y))    \
	X(greatest, word_of(__builtin_elementwise_max(pair_of(a), pair_of(b))), EACH(x > y ? x : y)) \
	X(dot_bytes, (uint32_t)__builtin_amdgcn_sdot4((int)a, (int)b, 1000, false),                  \
	  (uint32_t)dot_bytes(a, b, 1000))                                                           \
	X(dot_unsigned_bytes, __builtin_amdgcn_udot4(a, b, a, false), dot_unsigned_bytes(a, b, a))   \
	X(dot_nibbles, (uint32_t)__builtin_amdgcn_sdot8((int)a, (int)b, -5, false),                  \
	  (uint32_t)dot_nibbles(a, b, -5))                                                           \
	X(dot_shorts, (uint32_t)__builtin_amdgcn_sdot2(pair_of(a), pair_of(b), 3, false),            \
	  (uint32_t)(int32_t)((int64_t)(int16_t)a * (int16_t)b +                                     \
			      (int64_t)((int32_t)a >> 16) * ((int32_t)b >> 16) + 3))                 \
	X(byte_differences, (uint32_t)__builtin_amdgcn_sad_u8(a, b, 4),                              \
	  distance(a & 255, b & 255) + distance(a >> 8 & 255, b >> 8 & 255) +                        \
		  distance(a >> 16 & 255, b >> 16 & 255) + distance(a >> 24, b >> 24) + 4)           \
	X(byte_as_float, (uint32_t)(float)(a >> 8 & 255), a >> 8 & 255)

OPERATIONS(pairs, PAIRS, uint32_t, uint32_t, random_words<uint32_t>(count, 11),
	   random_words<uint32_t>(count, 12))

static const test tests[] = {
	{"add", add, false},	 {"add_large", add_large, true},
	{"saxpy", saxpy, false}, {"saxpy_half", saxpy_half, false},
	{"words", words, false}, {"longs", longs, false},
	{"pairs", pairs, false},
};

int main(int argc, char **argv)
{
	return run_tests(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
