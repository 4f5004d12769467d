// SPDX-License-Identifier: MIT
/*
 * Minimum and maximum of floats of any size, on their bits: -0 is less than +0, and NaNs are treated as the generation
 * and MODE want it.
 */
#ifndef DXGSIM_ISA_ORDER_H
#define DXGSIM_ISA_ORDER_H

#include "dxgsim/isa/valu.h"

/* Which NaN or number comes out of v_min and v_max when there are NaNs. */
struct isa_nan_rules {
	bool signaling; /* a signaling NaN, made quiet, whatever the other operand is */
	bool second;	/* of two NaNs, the second as it is */
	bool quiet;	/* ... the first, made quiet */
};

/*
 * AMD: "RDNA 4": v_min_num_f32, without the IEEE bit; "RDNA 3": v_min_f32; "RDNA 2": V_MIN_F32, which looks at S0 first.
 */
static inline struct isa_nan_rules isa_nan_rules(const struct isa_valu *valu)
{
	const enum isa_target target = valu->wave->target;
	const bool numbers = target == ISA_GFX12;

	return (struct isa_nan_rules){
		.signaling = !numbers && valu->mode & ISA_MODE_IEEE,
		.second = target == ISA_GFX10_3,
		.quiet = numbers,
	};
}

/*
 * Denormal sources are flushed, or not, by MODE, results never are ("RDNA 4", V_MIN_NUM_F32): so the sources are for these
 * functions to flush, and bindings are to have ISA_VALU_NO_FLUSH.  @denormals: MODE's field for the type.
 */
static inline bool isa_flushes(uint32_t denormals)
{
	return !(denormals & 1);
}

#define ISA_ORDER(size, infinity, quiet_bit)                                                                 \
	static inline bool isa_nan_##size(uint##size##_t a)                                                  \
	{                                                                                                    \
		return (a & (UINT##size##_MAX >> 1)) > (infinity);                                           \
	}                                                                                                    \
                                                                                                             \
	static inline uint##size##_t isa_source_##size(uint##size##_t a, bool flush)                         \
	{                                                                                                    \
		const uint##size##_t sign = UINT##size##_MAX ^ (UINT##size##_MAX >> 1);                      \
                                                                                                             \
		return (uint##size##_t)(flush && !(a & (infinity)) ? a & sign : a);                          \
	}                                                                                                    \
                                                                                                             \
	static inline bool isa_signaling_##size(uint##size##_t a)                                            \
	{                                                                                                    \
		return isa_nan_##size(a) && !(a & (quiet_bit));                                              \
	}                                                                                                    \
                                                                                                             \
	/* Neither is a NaN. */                                                                              \
	static inline bool isa_less_##size(uint##size##_t a, uint##size##_t b)                               \
	{                                                                                                    \
		const uint##size##_t sign = UINT##size##_MAX ^ (UINT##size##_MAX >> 1);                      \
		/* as unsigned integers in the same order */                                                 \
		const uint##size##_t x = (uint##size##_t)(a & sign ? ~(uint64_t)a : (uint64_t)a | sign);     \
		const uint##size##_t y = (uint##size##_t)(b & sign ? ~(uint64_t)b : (uint64_t)b | sign);     \
                                                                                                             \
		return x < y;                                                                                \
	}                                                                                                    \
                                                                                                             \
	static inline uint##size##_t isa_pick_##size(uint##size##_t a, uint##size##_t b, bool max,           \
						     struct isa_nan_rules rules)                             \
	{                                                                                                    \
		const bool a_nan = isa_nan_##size(a), b_nan = isa_nan_##size(b);                             \
                                                                                                             \
		if (a_nan || b_nan) {                                                                        \
			if (rules.signaling && isa_signaling_##size(a))                                      \
				return (uint##size##_t)(a | (quiet_bit));                                    \
			if (rules.signaling && isa_signaling_##size(b))                                      \
				return (uint##size##_t)(b | (quiet_bit));                                    \
			if (a_nan && b_nan) {                                                                \
				if (rules.quiet)                                                             \
					return (uint##size##_t)(a | (quiet_bit));                            \
				return rules.second ? b : a;                                                 \
			}                                                                                    \
			return a_nan ? b : a;                                                                \
		}                                                                                            \
		return isa_less_##size(a, b) != max ? a : b;                                                 \
	}                                                                                                    \
                                                                                                             \
	static inline uint##size##_t isa_min_##size(uint##size##_t a, uint##size##_t b,                      \
						    struct isa_nan_rules rules)                              \
	{                                                                                                    \
		return isa_pick_##size(a, b, false, rules);                                                  \
	}                                                                                                    \
                                                                                                             \
	static inline uint##size##_t isa_max_##size(uint##size##_t a, uint##size##_t b,                      \
						    struct isa_nan_rules rules)                              \
	{                                                                                                    \
		return isa_pick_##size(a, b, true, rules);                                                   \
	}                                                                                                    \
                                                                                                             \
	/* IEEE 754-2019 minimum and maximum: a NaN wins, a signaling one first. */                          \
	static inline uint##size##_t isa_pick_or_nan_##size(uint##size##_t a, uint##size##_t b, bool max)    \
	{                                                                                                    \
		const bool a_nan = isa_nan_##size(a), b_nan = isa_nan_##size(b);                             \
                                                                                                             \
		if (a_nan || b_nan) {                                                                        \
			const bool take_a = a_nan && (isa_signaling_##size(a) || !isa_signaling_##size(b));  \
                                                                                                             \
			return (uint##size##_t)((take_a ? a : b) | (quiet_bit));                             \
		}                                                                                            \
		return isa_less_##size(a, b) != max ? a : b;                                                 \
	}                                                                                                    \
                                                                                                             \
	static inline uint##size##_t isa_minimum_##size(uint##size##_t a, uint##size##_t b)                  \
	{                                                                                                    \
		return isa_pick_or_nan_##size(a, b, false);                                                  \
	}                                                                                                    \
                                                                                                             \
	static inline uint##size##_t isa_maximum_##size(uint##size##_t a, uint##size##_t b)                  \
	{                                                                                                    \
		return isa_pick_or_nan_##size(a, b, true);                                                   \
	}                                                                                                    \
                                                                                                             \
	/* Equal as floats: zeros are. */                                                                    \
	static inline bool isa_equal_##size(uint##size##_t a, uint##size##_t b)                              \
	{                                                                                                    \
		return !isa_nan_##size(a) && (a == b || !((a | b) & (UINT##size##_MAX >> 1)));               \
	}                                                                                                    \
                                                                                                             \
	/* AMD, "RDNA 3": v_med3_f32. */                                                                     \
	static inline uint##size##_t isa_median_##size(uint##size##_t a, uint##size##_t b, uint##size##_t c, \
						       struct isa_nan_rules rules)                           \
	{                                                                                                    \
		uint##size##_t largest;                                                                      \
                                                                                                             \
		if (isa_nan_##size(a) || isa_nan_##size(b) || isa_nan_##size(c))                             \
			return isa_min_##size(isa_min_##size(a, b, rules), c, rules);                        \
		largest = isa_max_##size(isa_max_##size(a, b, rules), c, rules);                             \
		if (isa_equal_##size(largest, a))                                                            \
			return isa_max_##size(b, c, rules);                                                  \
		if (isa_equal_##size(largest, b))                                                            \
			return isa_max_##size(a, c, rules);                                                  \
		return isa_max_##size(a, b, rules);                                                          \
	}

ISA_ORDER(16, 0x7c00U, 0x200U)
ISA_ORDER(32, 0x7f800000U, 0x400000U)
ISA_ORDER(64, UINT64_C(0x7ff0000000000000), UINT64_C(1) << 51)

/*
 * A function of operations like ISA_VALU_OF(), on bits as @source() has them, with denormals as @denorm() of MODE says; `rules` are those
 * for NaNs.
 */
#define ISA_VALU_ORDER(name, member, type, source, denorm, expression)             \
	static void name(struct isa_valu *valu)                                    \
	{                                                                          \
		const struct isa_nan_rules rules = isa_nan_rules(valu);            \
		const bool flush = isa_flushes(denorm(valu->mode));                \
		const union isa_lanes *as = valu->a, *bs = valu->b, *cs = valu->c; \
		union isa_lanes *restrict ds = valu->d;                            \
                                                                                   \
		ISA_FOR_LANES(valu)                                                \
		{                                                                  \
			const type a = source((type)as->member[i], flush);         \
			const type b = source((type)bs->member[i], flush);         \
			const type c = source((type)cs->member[i], flush);         \
                                                                                   \
			(void)c, (void)rules;                                      \
			ds->member[i] = (expression);                              \
		}                                                                  \
	}

#endif
