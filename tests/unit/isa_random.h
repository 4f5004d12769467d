// SPDX-License-Identifier: MIT
/*
 * What the random programs of isa_random.py are made of: compiled by clang for the host and for GPUs, with wrapping signed
 * integers and without contraction of floats.  Everything here has one right result on both: NaNs are all the same, of two
 * zeros it is never asked which one is the lesser, and nothing is converted into an integer it does not fit.
 */
#ifndef TESTS_UNIT_ISA_RANDOM_H
#define TESTS_UNIT_ISA_RANDOM_H

typedef signed char i8;
typedef unsigned char u8;
typedef short i16;
typedef unsigned short u16;
typedef int i32;
typedef unsigned int u32;
typedef long long i64;
typedef unsigned long long u64;
typedef unsigned __int128 u128;
typedef __int128 i128;
typedef _Float16 f16;
typedef float f32;
typedef double f64;

#define VECTOR(type, count) __attribute__((ext_vector_type(count))) type
typedef VECTOR(u8, 4) u8x4;
typedef VECTOR(u16, 2) u16x2;
typedef VECTOR(i16, 2) i16x2;
typedef VECTOR(u32, 2) u32x2;
typedef VECTOR(u32, 3) u32x3;
typedef VECTOR(u32, 4) u32x4;
typedef VECTOR(f16, 2) f16x2;
typedef VECTOR(f32, 2) f32x2;

#ifdef __AMDGCN__
#define DEVICE	 1
#define GLOBAL	 __attribute__((address_space(1)))
#define LOCAL	 __attribute__((address_space(3)))
#define CONSTANT __attribute__((address_space(4)))
#else
#define DEVICE 0
#define GLOBAL
#define LOCAL
#define CONSTANT
#endif

#define INLINE	 static inline __attribute__((always_inline))
#define NOINLINE static __attribute__((noinline))
#define UNUSED	 __attribute__((unused))

#define IN_WORDS     1024u /* random words, which everybody reads */
#define OWN_WORDS    16u   /* of memory that every item has for itself */
#define SHARED_WORDS 128u  /* that all of them change, in an order that does not matter */
#define ITEMS_MAX    256u

/* What an item has between the pieces of its program. */
struct item {
	u32 u[4];
	u64 l[2];
	f64 d[2];
	f32 f[2];
	f16 h[2];
	u16x2 p[2];
	f16x2 q[2];
};

#define OUT_WORDS 32u

INLINE u32 mix(u32 x)
{
	x ^= x >> 16;
	x *= 0x7feb352du;
	x ^= x >> 15;
	x *= 0x846ca68bu;
	return x ^ x >> 16;
}

/* ---- bits ---- */

#define BITS_OF(float_type, int_type, nan)                      \
	INLINE int_type bits_of_##float_type(float_type x)      \
	{                                                       \
		int_type bits;                                  \
		__builtin_memcpy(&bits, &x, sizeof(bits));      \
		return x != x ? (int_type)(nan) : bits;         \
	}                                                       \
	/* no signalling NaN */                                 \
	INLINE float_type float_type##_of_bits(int_type bits)   \
	{                                                       \
		float_type x;                                   \
		__builtin_memcpy(&x, &bits, sizeof(x));         \
		if (x != x) {                                   \
			bits = (int_type)(nan);                 \
			__builtin_memcpy(&x, &bits, sizeof(x)); \
		}                                               \
		return x;                                       \
	}                                                       \
	/* something to go on with */                           \
	INLINE float_type tame_##float_type(float_type x)       \
	{                                                       \
		return x != x ? (float_type)1.5f : x;           \
	}

BITS_OF(f16, u16, 0x7e00)
BITS_OF(f32, u32, 0x7fc00000)
BITS_OF(f64, u64, 0x7ff8000000000000)

#define BITS_OF_VECTOR(vector, int_type)                     \
	UNUSED INLINE int_type bits_of_##vector(vector x)    \
	{                                                    \
		int_type bits;                               \
		__builtin_memcpy(&bits, &x, sizeof(bits));   \
		return bits;                                 \
	}                                                    \
	UNUSED INLINE vector vector##_of_bits(int_type bits) \
	{                                                    \
		vector x;                                    \
		__builtin_memcpy(&x, &bits, sizeof(x));      \
		return x;                                    \
	}

BITS_OF_VECTOR(u8x4, u32)
BITS_OF_VECTOR(u16x2, u32)
BITS_OF_VECTOR(i16x2, u32)
BITS_OF_VECTOR(u32x2, u64)

INLINE f16x2 f16x2_of_bits(u32 bits)
{
	return (f16x2){f16_of_bits((u16)bits), f16_of_bits((u16)(bits >> 16))};
}

INLINE u32 bits_of_f16x2(f16x2 x)
{
	return bits_of_f16(x.x) | (u32)bits_of_f16(x.y) << 16;
}

INLINE f16x2 tame_f16x2(f16x2 x)
{
	return (f16x2){tame_f16(x.x), tame_f16(x.y)};
}

INLINE f32x2 tame_f32x2(f32x2 x)
{
	return (f32x2){tame_f32(x.x), tame_f32(x.y)};
}

/* ---- integers ---- */

/*
 * What LLVM 19 would make too much of: to it, an unsigned division is one of 24 bits if a number's upper bits are all
 * ones.
 */
#if DEVICE
#define HIDE(x) __asm__("" : "+v"(x))
#else
#define HIDE(x) (void)(x)
#endif
#define HIDE_OF_i8(x)  (void)(x)
#define HIDE_OF_u8(x)  (void)(x)
#define HIDE_OF_i16(x) (void)(x)
#define HIDE_OF_u16(x) (void)(x)
#define HIDE_OF_i32(x) (void)(x)
#define HIDE_OF_u32(x) HIDE(x)
#define HIDE_OF_i64(x) (void)(x)
#define HIDE_OF_u64(x) HIDE(x)

#define INTEGER(type, unsigned_type, bits, low, high)                                                   \
	UNUSED INLINE type div_##type(type a, type b)                                                   \
	{                                                                                               \
		HIDE_OF_##type(a);                                                                      \
		return b == 0 || ((low) != 0 && a == (type)(low) && b == (type)-1) ? a : (type)(a / b); \
	}                                                                                               \
	UNUSED INLINE type rem_##type(type a, type b)                                                   \
	{                                                                                               \
		HIDE_OF_##type(a);                                                                      \
		return b == 0 || ((low) != 0 && a == (type)(low) && b == (type)-1) ? b : (type)(a % b); \
	}                                                                                               \
	UNUSED INLINE type min_##type(type a, type b)                                                   \
	{                                                                                               \
		return a < b ? a : b;                                                                   \
	}                                                                                               \
	UNUSED INLINE type max_##type(type a, type b)                                                   \
	{                                                                                               \
		return a > b ? a : b;                                                                   \
	}                                                                                               \
	UNUSED INLINE type clamp_##type(type a, type b, type c)                                         \
	{                                                                                               \
		return min_##type(max_##type(a, min_##type(b, c)), max_##type(b, c));                   \
	}                                                                                               \
	UNUSED INLINE type abs_diff_##type(type a, type b)                                              \
	{                                                                                               \
		return (type)(a > b ? (unsigned_type)((unsigned_type)a - (unsigned_type)b)              \
				    : (unsigned_type)((unsigned_type)b - (unsigned_type)a));            \
	}                                                                                               \
	UNUSED INLINE type add_sat_##type(type a, type b)                                               \
	{                                                                                               \
		return __builtin_elementwise_add_sat(a, b);                                             \
	}                                                                                               \
	UNUSED INLINE type sub_sat_##type(type a, type b)                                               \
	{                                                                                               \
		return __builtin_elementwise_sub_sat(a, b);                                             \
	}                                                                                               \
	UNUSED INLINE type add_carry_##type(type a, type b, type c)                                     \
	{                                                                                               \
		type sum;                                                                               \
		return __builtin_add_overflow(a, b, &sum) ? (type)(sum ^ c) : sum;                      \
	}                                                                                               \
	UNUSED INLINE type sub_borrow_##type(type a, type b, type c)                                    \
	{                                                                                               \
		type sum;                                                                               \
		return __builtin_sub_overflow(a, b, &sum) ? (type)(sum + c) : sum;                      \
	}                                                                                               \
	UNUSED INLINE type mul_overflow_##type(type a, type b, type c)                                  \
	{                                                                                               \
		type sum;                                                                               \
		return __builtin_mul_overflow(a, b, &sum) ? (type)(sum - c) : sum;                      \
	}                                                                                               \
	UNUSED INLINE type rotate_##type(type a, type b)                                                \
	{                                                                                               \
		unsigned_type x = (unsigned_type)a;                                                     \
		u32 n = (u32)b & ((bits)-1);                                                            \
		return (type)(unsigned_type)(x << n | x >> (((bits)-n) & ((bits)-1)));                  \
	}                                                                                               \
	UNUSED INLINE type bitselect_##type(type a, type b, type c)                                     \
	{                                                                                               \
		HIDE_OF_##type(c);                                                                      \
		return (type)(b ^ ((a ^ b) & c));                                                       \
	}                                                                                               \
	UNUSED INLINE type ones_##type(type a)                                                          \
	{                                                                                               \
		return (type)__builtin_popcountll((unsigned_type)a);                                    \
	}                                                                                               \
	UNUSED INLINE type reverse_##type(type a)                                                       \
	{                                                                                               \
		return (type)__builtin_bitreverse##bits((unsigned_type)a);                              \
	}                                                                                               \
	UNUSED INLINE type type##_of_f64(f64 x)                                                         \
	{                                                                                               \
		return x > (f64)(low)-1 && x < (f64)(high) ? (type)x : (type)(x != x ? 5 : 77);         \
	}                                                                                               \
	UNUSED INLINE type type##_of_f32(f32 x)                                                         \
	{                                                                                               \
		return x >= (f32)(low) && x < (f32)(high) ? (type)x : (type)(x != x ? 5 : 77);          \
	}                                                                                               \
	UNUSED INLINE type type##_of_f16(f16 x)                                                         \
	{                                                                                               \
		return x >= (f16)((bits) > 8 ? ((low) != 0 ? -32768.0f : 0.0f) : (f32)(low)) &&         \
				       x < (f16)((bits) > 8 ? 32768.0f : (f32)(high))                   \
			       ? (type)x                                                                \
			       : (type)(x != x ? 5 : 77);                                               \
	}

/* HIGH: the first that is too large, and as a double that may stand for it; LOW likewise */
INTEGER(i8, u8, 8, -128, 128)
INTEGER(u8, u8, 8, 0, 256)
INTEGER(i16, u16, 16, -32768, 32768)
INTEGER(u16, u16, 16, 0, 65536)
INTEGER(i32, u32, 32, -2147483647 - 1, 0x1p31)
INTEGER(u32, u32, 32, 0, 0x1p32)
INTEGER(i64, u64, 64, -9223372036854775807 - 1, 0x1p63)
INTEGER(u64, u64, 64, 0, 0x1p64)

INLINE u32 clz32(u32 x)
{
	return x ? (u32)__builtin_clz(x) : 32;
}

INLINE u32 ctz32(u32 x)
{
	return x ? (u32)__builtin_ctz(x) : 32;
}

INLINE u64 clz64(u64 x)
{
	return x ? (u64)__builtin_clzll(x) : 64;
}

INLINE u64 ctz64(u64 x)
{
	return x ? (u64)__builtin_ctzll(x) : 64;
}

INLINE u32 mul_hi_u32(u32 a, u32 b)
{
	return (u32)((u64)a * b >> 32);
}

INLINE i32 mul_hi_i32(i32 a, i32 b)
{
	return (i32)((i64)a * b >> 32);
}

INLINE u64 mul_hi_u64(u64 a, u64 b)
{
	return (u64)((u128)a * b >> 64);
}

INLINE i64 mul_hi_i64(i64 a, i64 b)
{
	return (i64)((i128)a * b >> 64);
}

/* As it is: to LLVM 19, x | ~(u64)y of 32 bits is one that leaves the upper half of x. */
INLINE u64 not_64(u64 x)
{
	HIDE(x);
	return ~x;
}

INLINE u64 shift_128(u64 a, u64 b, u64 n)
{
	u128 x = (u128)a << 64 | b;

	return (u64)(x >> (n & 127)) ^ (u64)(x << (n & 63) >> 64);
}

INLINE u32 mad24_u32(u32 a, u32 b, u32 c)
{
	return (a & 0xffffff) * (b & 0xffffff) + c;
}

INLINE i32 sext24(i32 a)
{
	return (i32)((u32)a << 8) >> 8;
}

INLINE i32 mad24_i32(i32 a, i32 b, i32 c)
{
	return sext24(a) * sext24(b) + c;
}

INLINE u32 mul24_hi(u32 a, u32 b)
{
	return (u32)((u64)(a & 0xffffff) * (b & 0xffffff) >> 32);
}

INLINE i32 mul24_hi_i32(i32 a, i32 b)
{
	return (i32)((i64)sext24(a) * sext24(b) >> 32);
}

INLINE u64 mad_wide_u64(u32 a, u32 b, u64 c)
{
	return (u64)a * b + c;
}

INLINE i64 mad_wide_i64(i32 a, i32 b, i64 c)
{
	return (i64)a * b + c;
}

/* ---- instructions that C has no operator for (AMD's ISA documents) ---- */

INLINE u32 byte_of(u32 x, u32 i)
{
	return x >> (i * 8) & 0xff;
}

#if DEVICE
#define ubfe(a, b, c)	   __builtin_amdgcn_ubfe(a, b, c)
#define sbfe(a, b, c)	   (u32) __builtin_amdgcn_sbfe((i32)(a), b, c)
#define alignbit(a, b, c)  __builtin_amdgcn_alignbit(a, b, c)
#define alignbyte(a, b, c) __builtin_amdgcn_alignbyte(a, b, c)
#define perm(a, b, c)	   __builtin_amdgcn_perm(a, b, c)
#define lerp(a, b, c)	   __builtin_amdgcn_lerp(a, b, c)
#define sad_u8(a, b, c)	   __builtin_amdgcn_sad_u8(a, b, c)
#define sad_hi_u8(a, b, c) __builtin_amdgcn_sad_hi_u8(a, b, c)
#define sad_u16(a, b, c)   __builtin_amdgcn_sad_u16(a, b, c)
#define msad_u8(a, b, c)   __builtin_amdgcn_msad_u8(a, b, c)
#define qsad(a, b, c)	   __builtin_amdgcn_qsad_pk_u16_u8(a, b, c)
#define mqsad(a, b, c)	   __builtin_amdgcn_mqsad_pk_u16_u8(a, b, c)
#define udot4(a, b, c)	   __builtin_amdgcn_udot4(a, b, c, 0)
#define udot4_sat(a, b, c) __builtin_amdgcn_udot4(a, b, c, 1)
#define udot8(a, b, c)	   __builtin_amdgcn_udot8(a, b, c, 0)
#ifdef __GFX10__
#define sdot4(a, b, c)	   (u32) __builtin_amdgcn_sdot4((i32)(a), (i32)(b), (i32)(c), 0)
#define sdot4_sat(a, b, c) (u32) __builtin_amdgcn_sdot4((i32)(a), (i32)(b), (i32)(c), 1)
#define sdot8(a, b, c)	   (u32) __builtin_amdgcn_sdot8((i32)(a), (i32)(b), (i32)(c), 0)
#else
#define sdot4(a, b, c)	   (u32) __builtin_amdgcn_sudot4(1, (i32)(a), 1, (i32)(b), (i32)(c), 0)
#define sdot4_sat(a, b, c) (u32) __builtin_amdgcn_sudot4(1, (i32)(a), 1, (i32)(b), (i32)(c), 1)
#define sdot8(a, b, c)	   (u32) __builtin_amdgcn_sudot8(1, (i32)(a), 1, (i32)(b), (i32)(c), 0)
#endif
INLINE u32 mqsad_32(u64 a, u32 b, u32x4 c)
{
	u32x4 d = __builtin_amdgcn_mqsad_u32_u8(a, b, c);

	return d.x ^ d.y * 3 ^ d.z * 5 ^ d.w * 7;
}
INLINE u32 cvt_pk_i16_of(i32 a, i32 b)
{
	return bits_of_i16x2((i16x2)__builtin_amdgcn_cvt_pk_i16(a, b));
}
INLINE u32 cvt_pk_u16_of(u32 a, u32 b)
{
	return bits_of_u16x2((u16x2)__builtin_amdgcn_cvt_pk_u16(a, b));
}
#define cvt_pk_u8(x, at, old) __builtin_amdgcn_cvt_pk_u8_f32(x, at, old)
#define is_class_f32(x, mask) __builtin_amdgcn_classf(x, mask)
#define is_class_f64(x, mask) __builtin_amdgcn_class(x, mask)
#define is_class_f16(x, mask) __builtin_amdgcn_classh(x, mask)
#else
INLINE u32 ubfe(u32 a, u32 b, u32 c)
{
	return (a >> (b & 31)) & ((1u << (c & 31)) - 1);
}
INLINE u32 sbfe(u32 a, u32 b, u32 c)
{
	u32 at = b & 31, width = c & 31;

	if (!width)
		return 0;
	if (at + width >= 32)
		return (u32)((i32)a >> at);
	return (u32)((i32)(a << (32 - at - width)) >> (32 - width));
}
INLINE u32 alignbit(u32 a, u32 b, u32 c)
{
	return (u32)(((u64)a << 32 | b) >> (c & 31));
}
INLINE u32 alignbyte(u32 a, u32 b, u32 c)
{
	return (u32)(((u64)a << 32 | b) >> ((c & 3) * 8));
}
INLINE u32 perm(u32 a, u32 b, u32 c)
{
	u64 from = (u64)a << 32 | b;
	u32 result = 0;

	for (u32 i = 0; i < 4; i++) {
		u32 which = byte_of(c, i), byte;

		if (which > 12)
			byte = 0xff;
		else if (which == 12)
			byte = 0;
		else if (which > 7)
			byte = from >> ((which - 8) * 16 + 15) & 1 ? 0xff : 0;
		else
			byte = (u32)(from >> (which * 8)) & 0xff;
		result |= byte << (i * 8);
	}
	return result;
}
INLINE u32 lerp(u32 a, u32 b, u32 c)
{
	u32 result = 0;

	for (u32 i = 0; i < 4; i++)
		result |= ((byte_of(a, i) + byte_of(b, i) + (byte_of(c, i) & 1)) >> 1 & 0xff) << (i * 8);
	return result;
}
INLINE u32 sad_of(u32 a, u32 b, u32 masked)
{
	u32 sum = 0;

	for (u32 i = 0; i < 4; i++)
		if (!masked || byte_of(b, i))
			sum += abs_diff_u32(byte_of(a, i), byte_of(b, i));
	return sum;
}
INLINE u32 sad_u8(u32 a, u32 b, u32 c)
{
	return sad_of(a, b, 0) + c;
}
INLINE u32 sad_hi_u8(u32 a, u32 b, u32 c)
{
	return (sad_of(a, b, 0) << 16) + c;
}
INLINE u32 sad_u16(u32 a, u32 b, u32 c)
{
	return abs_diff_u32(a & 0xffff, b & 0xffff) + abs_diff_u32(a >> 16, b >> 16) + c;
}
INLINE u32 msad_u8(u32 a, u32 b, u32 c)
{
	return sad_of(a, b, 1) + c;
}
INLINE u64 qsad_of(u64 a, u32 b, u64 c, u32 masked)
{
	u64 result = 0;

	for (u32 i = 0; i < 4; i++) {
		u64 sum = sad_of((u32)(a >> (i * 8)), b, masked) + (c >> (i * 16) & 0xffff);

		result |= (sum & 0xffff) << (i * 16);
	}
	return result;
}
INLINE u64 qsad(u64 a, u32 b, u64 c)
{
	return qsad_of(a, b, c, 0);
}
INLINE u64 mqsad(u64 a, u32 b, u64 c)
{
	return qsad_of(a, b, c, 1);
}
INLINE u32 mqsad_32(u64 a, u32 b, u32x4 c)
{
	u32 result = 0, sum;

	for (u32 i = 0; i < 4; i++) {
		sum = sad_of((u32)(a >> (i * 8)), b, 1);
		result ^= (sum + c[i]) * (2 * i + 1);
	}
	return result;
}
INLINE u32 udot_of(u32 a, u32 b, u32 c, u32 bits, u32 saturate)
{
	u64 sum = c, mask = (1u << bits) - 1;

	for (u32 i = 0; i < 32; i += bits)
		sum += (a >> i & mask) * (b >> i & mask);
	return saturate && sum > 0xffffffff ? 0xffffffff : (u32)sum;
}
INLINE u32 sdot_of(u32 a, u32 b, u32 c, u32 bits, u32 saturate)
{
	i64 sum = (i32)c;

	for (u32 i = 0; i < 32; i += bits)
		sum += ((i32)(a << (32 - bits - i)) >> (32 - bits)) *
		       ((i32)(b << (32 - bits - i)) >> (32 - bits));
	if (saturate)
		sum = clamp_i64(sum, -0x80000000ll, 0x7fffffff);
	return (u32)sum;
}
#define udot4(a, b, c)	   udot_of(a, b, c, 8, 0)
#define udot4_sat(a, b, c) udot_of(a, b, c, 8, 1)
#define udot8(a, b, c)	   udot_of(a, b, c, 4, 0)
#define sdot4(a, b, c)	   sdot_of(a, b, c, 8, 0)
#define sdot4_sat(a, b, c) sdot_of(a, b, c, 8, 1)
#define sdot8(a, b, c)	   sdot_of(a, b, c, 4, 0)
INLINE u32 cvt_pk_i16_of(i32 a, i32 b)
{
	return (u32)(u16)clamp_i32(a, -32768, 32767) | (u32)clamp_i32(b, -32768, 32767) << 16;
}
INLINE u32 cvt_pk_u16_of(u32 a, u32 b)
{
	return min_u32(a, 0xffff) | min_u32(b, 0xffff) << 16;
}
INLINE u32 cvt_pk_u8(f32 x, u32 at, u32 old)
{
	f32 rounded = __builtin_rintf(x);
	u32 byte = !(rounded > 0) ? 0 : rounded > 255 ? 255 : (u32)rounded;

	at = (at & 3) * 8;
	return (old & ~(0xffu << at)) | byte << at;
}
#define IS_CLASS(type, bits_type, mantissa, width)                                             \
	INLINE u32 is_class_##type(type x, u32 mask)                                           \
	{                                                                                      \
		bits_type bits = bits_of_##type(x);                                            \
		bits_type tail = bits & (((bits_type)1 << (mantissa)) - 1);                    \
		bits_type magnitude = (bits_type)(bits & (((bits_type)1 << ((width)-1)) - 1)); \
		bits_type exponent = magnitude >> (mantissa);                                  \
		bits_type top = ((bits_type)1 << ((width) - (mantissa)-1)) - 1;                \
		u32 negative = bits >> ((width)-1) & 1, which;                                 \
		if (exponent == top)                                                           \
			which = tail ? 1 : negative ? 2 : 9;                                   \
		else if (exponent)                                                             \
			which = negative ? 3 : 8;                                              \
		else if (tail)                                                                 \
			which = negative ? 4 : 7;                                              \
		else                                                                           \
			which = negative ? 5 : 6;                                              \
		return mask >> which & 1;                                                      \
	}
IS_CLASS(f16, u16, 10, 16)
IS_CLASS(f32, u32, 23, 32)
IS_CLASS(f64, u64, 52, 64)
#endif

#include "isa_random_floats.h"

/* ---- memory ---- */

#define LOAD_AT(type, in, byte)                                                               \
	({                                                                                    \
		type loaded_;                                                                 \
		__builtin_memcpy(&loaded_, (const IN_SPACE u8 *)(in) + (byte), sizeof(type)); \
		loaded_;                                                                      \
	})

#define STORE_AT(type, own, byte, value)                                                  \
	do {                                                                              \
		type stored_ = value;                                                     \
		__builtin_memcpy((OWN_SPACE u8 *)(own) + (byte), &stored_, sizeof(type)); \
	} while (0)
#define LOAD_OWN(type, own, byte)                                                               \
	({                                                                                      \
		type loaded_;                                                                   \
		__builtin_memcpy(&loaded_, (const OWN_SPACE u8 *)(own) + (byte), sizeof(type)); \
		loaded_;                                                                        \
	})
/* three words are no four */
#define STORE_THREE(own, word, a, b, c)                                                            \
	do {                                                                                       \
		struct three stored_ = {a, b, c};                                                  \
		__builtin_memcpy((OWN_SPACE u32 *)(own) + (word), &stored_, sizeof(struct three)); \
	} while (0)
#define LOAD_THREE(own, word)                                                                            \
	({                                                                                               \
		struct three loaded_;                                                                    \
		__builtin_memcpy(&loaded_, (const OWN_SPACE u32 *)(own) + (word), sizeof(struct three)); \
		loaded_.a ^ (loaded_.b + loaded_.c);                                                     \
	})

struct three {
	u32 a, b, c;
};

#define COMPARE_EXCHANGE(type, at, expected, wanted)                                                     \
	({                                                                                               \
		type found_ = expected;                                                                  \
		__atomic_compare_exchange_n(at, &found_, wanted, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED); \
		found_;                                                                                  \
	})

/* Buffers: what is beyond the end is 0. */
#if DEVICE
#ifdef __GFX10__
#define BUFFER_FORMAT 0x31014000
#else
#define BUFFER_FORMAT 0x31004000
#endif
#define BUFFER(in)	   __builtin_amdgcn_make_buffer_rsrc((void *)(in), 0, IN_WORDS * 4, BUFFER_FORMAT)
#define BUFFER_8(in, at)   (u32) __builtin_amdgcn_raw_buffer_load_b8(BUFFER(in), (at)&8191, 0, 0)
#define BUFFER_16(in, at)  (u32) __builtin_amdgcn_raw_buffer_load_b16(BUFFER(in), (at)&8190, 0, 0)
#define BUFFER_32(in, at)  (u32) __builtin_amdgcn_raw_buffer_load_b32(BUFFER(in), (at)&8188, 0, 0)
#define BUFFER_128(in, at) sum_of_four(__builtin_amdgcn_raw_buffer_load_b128(BUFFER(in), (at)&8176, 0, 0))
#else
#define BUFFER_LOAD(type, in, at) ((at) < IN_WORDS * 4 ? LOAD_AT(type, in, at) : (type){0})
#define BUFFER_8(in, at)	  (u32) BUFFER_LOAD(u8, in, (at)&8191)
#define BUFFER_16(in, at)	  (u32) BUFFER_LOAD(u16, in, (at)&8190)
#define BUFFER_32(in, at)	  BUFFER_LOAD(u32, in, (at)&8188)
#define BUFFER_128(in, at)	  sum_of_four(BUFFER_LOAD(u32x4, in, (at)&8176))
#endif

INLINE u32 sum_of_four(u32x4 x)
{
	return x.x + 3 * x.y + 5 * x.z + 7 * x.w;
}

/* ---- items ---- */

INLINE f32 small_f32(u32 bits)
{
	return (bits & 7) == 0 ? f32_of_bits(bits) : (f32)(i32)bits * 0x1p-20f;
}

INLINE void item_init(struct item *s, u32 seed)
{
	u32 x = mix(seed * 0x9e3779b9u + 1);

	for (u32 i = 0; i < 4; i++)
		s->u[i] = mix(x + i) >> (mix(x + i + 4) & 28);
	for (u32 i = 0; i < 2; i++) {
		s->l[i] = ((u64)mix(x + i + 8) << 32 | mix(x + i + 10)) >> (mix(x + i + 12) & 60);
		s->f[i] = small_f32(mix(x + i + 14));
		s->d[i] = (f64)small_f32(mix(x + i + 16)) * 1.0000001;
		s->h[i] = f16_of_bits((u16)(mix(x + i + 18) & 0xbfff));
		s->p[i] = u16x2_of_bits(mix(x + i + 20));
		s->q[i] = f16x2_of_bits(mix(x + i + 22) & 0xdfffdfff);
	}
}

INLINE void item_out(GLOBAL u32 *out, const struct item *s)
{
	u32 at = 0;

	for (u32 i = 0; i < 4; i++)
		out[at++] = s->u[i];
	for (u32 i = 0; i < 2; i++) {
		u64 d = bits_of_f64(s->d[i]);

		out[at++] = (u32)s->l[i];
		out[at++] = (u32)(s->l[i] >> 32);
		out[at++] = (u32)d;
		out[at++] = (u32)(d >> 32);
		out[at++] = bits_of_f32(s->f[i]);
		out[at++] = bits_of_u16x2(s->p[i]);
		out[at++] = bits_of_f16x2(s->q[i]);
	}
	out[at++] = bits_of_f16(s->h[0]) | (u32)bits_of_f16(s->h[1]) << 16;
}

#include "isa_random_wave.h"

#endif
