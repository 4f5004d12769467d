// SPDX-License-Identifier: MIT
/* Floats for random programs: what GPUs have instructions for and, on the host, the same by plain C. */
#ifndef TESTS_UNIT_ISA_RANDOM_FLOATS_H
#define TESTS_UNIT_ISA_RANDOM_FLOATS_H

#if DEVICE
#define MIN_OF(suffix, a, b) __builtin_fmin##suffix(a, b)
#define MAX_OF(suffix, a, b) __builtin_fmax##suffix(a, b)
#else
#define MIN_OF(suffix, a, b) (a != a ? b : b != b ? a : a < b ? a : b)
#define MAX_OF(suffix, a, b) (a != a ? b : b != b ? a : a > b ? a : b)
#endif

#define FLOAT(type, suffix)                                                               \
	/* of two zeros, LLVM does not care which it is that min and max give */          \
	UNUSED INLINE type unsigned_zero_##type(type x)                                   \
	{                                                                                 \
		return x == 0 ? (type)0.0f : x;                                           \
	}                                                                                 \
	UNUSED INLINE type fmin_##type(type a, type b)                                    \
	{                                                                                 \
		return unsigned_zero_##type(MIN_OF(suffix, a, b));                        \
	}                                                                                 \
	UNUSED INLINE type fmax_##type(type a, type b)                                    \
	{                                                                                 \
		return unsigned_zero_##type(MAX_OF(suffix, a, b));                        \
	}                                                                                 \
	UNUSED INLINE type fclamp_##type(type a, type b, type c)                          \
	{                                                                                 \
		return fmin_##type(fmax_##type(a, fmin_##type(b, c)), fmax_##type(b, c)); \
	}                                                                                 \
	UNUSED INLINE type fsat_##type(type a)                                            \
	{                                                                                 \
		a = MAX_OF(suffix, a, (type)0.0f);                                        \
		return unsigned_zero_##type(MIN_OF(suffix, a, (type)1.0f));               \
	}                                                                                 \
	UNUSED INLINE type copysign_##type(type a, type b)                                \
	{                                                                                 \
		b = b != b ? (type)1.0f : b;                                              \
		return __builtin_copysign##suffix(a, b);                                  \
	}                                                                                 \
	UNUSED INLINE type fabs_##type(type a)                                            \
	{                                                                                 \
		return __builtin_fabs##suffix(a);                                         \
	}

FLOAT(f32, f)
FLOAT(f64, )
FLOAT(f16, f16)

#define FLOAT_WIDE(type, suffix)                              \
	UNUSED INLINE type fma_##type(type a, type b, type c) \
	{                                                     \
		return __builtin_fma##suffix(a, b, c);        \
	}                                                     \
	UNUSED INLINE type add_##type(type a, type b)         \
	{                                                     \
		return a + b;                                 \
	}                                                     \
	UNUSED INLINE type sub_##type(type a, type b)         \
	{                                                     \
		return a - b;                                 \
	}                                                     \
	UNUSED INLINE type mul_##type(type a, type b)         \
	{                                                     \
		return a * b;                                 \
	}                                                     \
	UNUSED INLINE type fdiv_##type(type a, type b)        \
	{                                                     \
		return a / b;                                 \
	}                                                     \
	UNUSED INLINE type sqrt_##type(type a)                \
	{                                                     \
		return __builtin_sqrt##suffix(a);             \
	}                                                     \
	UNUSED INLINE type floor_##type(type a)               \
	{                                                     \
		return __builtin_floor##suffix(a);            \
	}                                                     \
	UNUSED INLINE type ceil_##type(type a)                \
	{                                                     \
		return __builtin_ceil##suffix(a);             \
	}                                                     \
	UNUSED INLINE type trunc_##type(type a)               \
	{                                                     \
		return __builtin_trunc##suffix(a);            \
	}                                                     \
	UNUSED INLINE type rint_##type(type a)                \
	{                                                     \
		return __builtin_rint##suffix(a);             \
	}

FLOAT_WIDE(f32, f)
FLOAT_WIDE(f64, )

#if DEVICE
#define ldexp_f32(x, n)	  __builtin_amdgcn_ldexpf(x, n)
#define ldexp_f64(x, n)	  __builtin_amdgcn_ldexp(x, n)
#define ldexp_f16(x, n)	  __builtin_amdgcn_ldexph(x, n)
#define frexp_mant_f32(x) __builtin_amdgcn_frexp_mantf(x)
#define frexp_mant_f64(x) __builtin_amdgcn_frexp_mant(x)
#define frexp_mant_f16(x) __builtin_amdgcn_frexp_manth(x)
#define frexp_exp_f32(x)  __builtin_amdgcn_frexp_expf(x)
#define frexp_exp_f64(x)  __builtin_amdgcn_frexp_exp(x)
#define frexp_exp_f16(x)  __builtin_amdgcn_frexp_exph(x)
INLINE f16 add_f16(f16 a, f16 b)
{
	return a + b;
}
INLINE f16 sub_f16(f16 a, f16 b)
{
	return a - b;
}
INLINE f16 mul_f16(f16 a, f16 b)
{
	return a * b;
}
INLINE f16 fdiv_f16(f16 a, f16 b)
{
	return a / b;
}
#define fma_f16(a, b, c) __builtin_fmaf16(a, b, c)
#define sqrt_f16(a)	 __builtin_sqrtf16(a)
#define floor_f16(a)	 __builtin_floorf16(a)
#define ceil_f16(a)	 __builtin_ceilf16(a)
#define trunc_f16(a)	 __builtin_truncf16(a)
#define rint_f16(a)	 __builtin_rintf16(a)
INLINE f16x2 add_f16x2(f16x2 a, f16x2 b)
{
	return a + b;
}
INLINE f16x2 sub_f16x2(f16x2 a, f16x2 b)
{
	return a - b;
}
INLINE f16x2 mul_f16x2(f16x2 a, f16x2 b)
{
	return a * b;
}
INLINE f16x2 fma_f16x2(f16x2 a, f16x2 b, f16x2 c)
{
	return __builtin_elementwise_fma(a, b, c);
}
INLINE f16x2 fmin_f16x2(f16x2 a, f16x2 b)
{
	f16x2 x = __builtin_elementwise_min(a, b);

	return (f16x2){unsigned_zero_f16(x.x), unsigned_zero_f16(x.y)};
}
INLINE f16x2 fmax_f16x2(f16x2 a, f16x2 b)
{
	f16x2 x = __builtin_elementwise_max(a, b);

	return (f16x2){unsigned_zero_f16(x.x), unsigned_zero_f16(x.y)};
}
typedef VECTOR(__fp16, 2) fp16x2;
INLINE u32 cvt_pkrtz_of(f32 a, f32 b)
{
	fp16x2 h = __builtin_amdgcn_cvt_pkrtz(a, b);
	f16x2 x;

	__builtin_memcpy(&x, &h, 4);
	return bits_of_f16x2(x);
}
#else
f32 ldexpf(f32 x, int n);
f64 ldexp(f64 x, int n);
f32 frexpf(f32 x, int *n);
f64 frexp(f64 x, int *n);
#define ldexp_f32(x, n) ldexpf(x, n)
#define ldexp_f64(x, n) ldexp(x, n)
#define FREXP(type, wide, function)                                            \
	INLINE type frexp_mant_##type(type x)                                  \
	{                                                                      \
		int n;                                                         \
		return x != x || x + x == x ? x : (type)function((wide)x, &n); \
	}                                                                      \
	INLINE i32 frexp_exp_##type(type x)                                    \
	{                                                                      \
		int n;                                                         \
		if (x != x || x + x == x)                                      \
			return 0;                                              \
		function((wide)x, &n);                                         \
		return n;                                                      \
	}
/* by steps of 16 bits, which an exponent is brought to */
INLINE f16 f16_of_wide(f64 x)
{
	return (f16)x;
}
INLINE f16 ldexp_f16(f16 x, i32 n)
{
	return f16_of_wide(ldexp((f64)x, clamp_i32((i16)n, -200, 200)));
}
INLINE f16 add_f16(f16 a, f16 b)
{
	return (f16)((f32)a + (f32)b);
}
INLINE f16 sub_f16(f16 a, f16 b)
{
	return (f16)((f32)a - (f32)b);
}
INLINE f16 mul_f16(f16 a, f16 b)
{
	return (f16)((f32)a * (f32)b);
}
INLINE f16 fdiv_f16(f16 a, f16 b)
{
	return (f16)((f32)a / (f32)b);
}
/* The sum as a double is rounded to odd, so that rounding it once more does no harm. */
INLINE f16 fma_f16(f16 a, f16 b, f16 c)
{
	f64 x = (f64)a * (f64)b, y = (f64)c, sum = x + y, rest = sum - x;
	u64 bits;

	rest = (x - (sum - rest)) + (y - rest);
	__builtin_memcpy(&bits, &sum, 8);
	if (rest == rest && rest != 0 && !(bits & 1)) {
		bits = (rest > 0) == (sum > 0) ? bits + 1 : bits - 1;
		__builtin_memcpy(&sum, &bits, 8);
	}
	return (f16)sum;
}
#define sqrt_f16(a)  (f16) __builtin_sqrtf((f32)(a))
#define floor_f16(a) (f16) __builtin_floorf((f32)(a))
#define ceil_f16(a)  (f16) __builtin_ceilf((f32)(a))
#define trunc_f16(a) (f16) __builtin_truncf((f32)(a))
#define rint_f16(a)  (f16) __builtin_rintf((f32)(a))
INLINE f16x2 add_f16x2(f16x2 a, f16x2 b)
{
	return (f16x2){add_f16(a.x, b.x), add_f16(a.y, b.y)};
}
INLINE f16x2 sub_f16x2(f16x2 a, f16x2 b)
{
	return (f16x2){sub_f16(a.x, b.x), sub_f16(a.y, b.y)};
}
INLINE f16x2 mul_f16x2(f16x2 a, f16x2 b)
{
	return (f16x2){mul_f16(a.x, b.x), mul_f16(a.y, b.y)};
}
INLINE f16x2 fma_f16x2(f16x2 a, f16x2 b, f16x2 c)
{
	return (f16x2){fma_f16(a.x, b.x, c.x), fma_f16(a.y, b.y, c.y)};
}
INLINE f16x2 fmin_f16x2(f16x2 a, f16x2 b)
{
	return (f16x2){fmin_f16(a.x, b.x), fmin_f16(a.y, b.y)};
}
INLINE f16x2 fmax_f16x2(f16x2 a, f16x2 b)
{
	return (f16x2){fmax_f16(a.x, b.x), fmax_f16(a.y, b.y)};
}
FREXP(f32, f32, frexpf)
FREXP(f64, f64, frexp)
FREXP(f16, f32, frexpf)
INLINE u32 f16_toward_zero(f32 x)
{
	f16 h = (f16)x;
	u16 bits = bits_of_f16(h);

	if (x == x && __builtin_fabsf((f32)h) > __builtin_fabsf(x))
		bits--;
	return bits;
}
INLINE u32 cvt_pkrtz_of(f32 a, f32 b)
{
	return f16_toward_zero(a) | f16_toward_zero(b) << 16;
}
#endif

INLINE f32 fma_mix(f16 a, f16 b, f32 c)
{
	return __builtin_fmaf((f32)a, (f32)b, c);
}

INLINE f16 fma_mix_low(f16 a, f32 b, f16 c)
{
	return (f16)__builtin_fmaf((f32)a, b, (f32)c);
}

/* Without -0, which LLVM loses: to it, a product that is narrowed is v_fma_mixlo_f16 with 0 as the summand. */
INLINE f16 narrow_f32(f32 x)
{
	return unsigned_zero_f16((f16)x);
}

#define UNORDERED(a, b) (u32) __builtin_isunordered(a, b)

#endif
