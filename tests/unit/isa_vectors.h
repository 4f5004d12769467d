// SPDX-License-Identifier: MIT
/*
 * Vectors for single instructions: assembled by llvm-mc, executed by the interpreter on a machine that is nothing but registers and some
 * memory, and compared with what the test computes by itself.  Failures end the running test.
 */
#ifndef TESTS_UNIT_ISA_VECTORS_H
#define TESTS_UNIT_ISA_VECTORS_H

#include "dxgsim/isa/wave.h"

#define VECTOR_WORDS  40u
#define VECTOR_VGPRS  32u
#define VECTOR_SGPRS  64u
#define VECTOR_MEMORY 0x100000ull /* address of the memory */
#define VECTOR_BYTES  16384u
#define VECTOR_LDS    4096u
#define VECTOR_CODE   0x10000ull /* where programs are executed */

/* Targets, as bits. */
#define ON_GFX10   (1u << ISA_GFX10_3)
#define ON_GFX11   (1u << ISA_GFX11 | 1u << ISA_GFX11_5)
#define ON_GFX11_5 (1u << ISA_GFX11_5)
#define ON_GFX12   (1u << ISA_GFX12)
#define ON_ALL	   (ON_GFX10 | ON_GFX11 | ON_GFX12)
#define ON_OLD	   (ON_GFX10 | ON_GFX11)
#define ON_NEW	   (ON_GFX11 | ON_GFX12)

/* Instructions in the assembler's language; several lines are several instructions. */
struct vector_program {
	enum isa_target target;
	uint32_t lanes; /* 32 or 64; $vcc, $exec and $mask (s[30:31] or s30) in the text are named for it */
	char text[600];
	uint32_t words[VECTOR_WORDS];
	uint32_t count;	   /* words */
	char refused[120]; /* what the assembler says against it */
};

/* Everything a program reads and writes; vector_execute() changes it. */
struct vector_state {
	uint32_t vgprs[VECTOR_VGPRS][ISA_LANES];
	uint32_t sgprs[VECTOR_SGPRS];
	uint64_t vcc, exec;
	uint32_t m0, mode;
	bool scc;
	uint64_t flat_scratch;
	uint32_t scratch_wave_bytes;
	uint8_t memory[VECTOR_BYTES]; /* at VECTOR_MEMORY */
	uint8_t lds[VECTOR_LDS];
	struct isa_fault fault; /* kind ISA_FAULT_NONE: it came to its end */
	uint32_t cache_actions; /* ISA_INVALIDATE_* and ISA_WRITE_BACK_L2 that it asked for */
	enum isa_scope scope;	/* of the last access of the vector or scalar path */
};

/* "gfx1100": how the assembler calls it. */
const char *vector_processor(enum isa_target target);
/*
 * All of them at once, for a start of the assembler takes its time. Skips the running test where there is no assembler, and ends it where
 * that does not know one of the programs.
 */
void vector_assemble(struct vector_program *programs, uint32_t count);
/* A state of patterns; EXEC all lanes of @lanes, MODE as compilers set it (nearest even, denormals kept, DX10_CLAMP, IEEE before gfx12). */
void vector_reset(struct vector_state *state, enum isa_target target, uint32_t lanes);
void vector_execute(const struct vector_program *program, struct vector_state *state);

/* ---- tables of instructions that work lane by lane ---- */

enum vector_values {
	VALUES_NONE,
	VALUES_U16,
	VALUES_F16,
	VALUES_U32,
	VALUES_F32,
	VALUES_U64,
	VALUES_F64,
	VALUES_PAIR_U16, /* two in a word */
	VALUES_PAIR_F16,
	VALUES_SHIFT, /* small numbers, and some that are too large */
};

/* Corner values, then random ones: the @index-th. */
uint64_t vector_value(enum vector_values values, uint32_t index);
uint32_t vector_bits(enum vector_values values); /* 64: a pair of registers */
uint64_t vector_mix(uint64_t value);		 /* into something that looks random */
/* How many corner values there are. */
uint32_t vector_corners(enum vector_values values);

struct vector_lane {
	uint64_t a, b, c; /* sources */
	uint64_t d;	  /* the old destination */
	bool in;	  /* the lane's bit of VCC */
	uint32_t mode;
	enum isa_target target;
	/* to be told by the expectation */
	bool out; /* the lane's bit of VCC afterwards, for rows that check it */
};

/* The whole register (or pair) afterwards. */
typedef uint64_t vector_expect(struct vector_lane *lane);
/* Whether two results are the same: NULL: bit by bit. */
typedef bool vector_same(uint64_t got, uint64_t wanted);
bool vector_same_f32(uint64_t got, uint64_t wanted); /* NaNs are all the same */
bool vector_same_f64(uint64_t got, uint64_t wanted);
bool vector_same_f16(uint64_t got, uint64_t wanted); /* of the lower halves; upper halves bit by bit */
bool vector_same_pair_f16(uint64_t got, uint64_t wanted);

/*
 * "v_add_f32 $d, $a, $b": $a is v0 or v[0:1], $b v2.., $c v4.., $d v8.. by their values' size; $vcc and $mask as above.
 * Every corner of every source meets every corner of the others (of three sources: a share of them), then random values.
 */
struct vector_row {
	const char *text;
	uint32_t targets; /* ON_* */
	enum vector_values a, b, c, d;
	vector_expect *expect;
	vector_same *same;
	bool vcc_out;  /* VCC is compared too */
	uint32_t mode; /* 0: as compilers set it; else this, with bit 31 set */
};

/* VALUES_* without their prefix; NONE for sources that there are not. */
#define ROW(text_, targets_, a_, b_, c_, d_, expect_) ROW_SAME(text_, targets_, a_, b_, c_, d_, expect_, NULL)
#define ROW_SAME(text_, targets_, a_, b_, c_, d_, expect_, same_)                                         \
	{                                                                                                 \
		.text = text_, .targets = targets_, .a = VALUES_##a_, .b = VALUES_##b_, .c = VALUES_##c_, \
		.d = VALUES_##d_, .expect = expect_, .same = same_                                        \
	}
/* ... that leaves something in VCC. */
#define ROW_VCC(text_, targets_, a_, b_, c_, d_, expect_)                                                 \
	{                                                                                                 \
		.text = text_, .targets = targets_, .a = VALUES_##a_, .b = VALUES_##b_, .c = VALUES_##c_, \
		.d = VALUES_##d_, .expect = expect_, .vcc_out = true                                      \
	}
/* ... with a MODE of its own. */
#define ROW_MODE(text_, targets_, a_, b_, c_, d_, expect_, same_, mode_)                                  \
	{                                                                                                 \
		.text = text_, .targets = targets_, .a = VALUES_##a_, .b = VALUES_##b_, .c = VALUES_##c_, \
		.d = VALUES_##d_, .expect = expect_, .same = same_, .mode = (mode_) | 1u << 31            \
	}

void vector_check(const struct vector_row *rows, uint32_t count);
/*
 * The same for the scalar ALU: $a is s0 or s[0:1], $b s2.., $c s4.., $d s8..; `in` and `out` are SCC, which rows made by ROW_VCC check,
 * and others must leave as it was.
 */
void scalar_check(const struct vector_row *rows, uint32_t count);
/* An array of rows. */
#define VECTOR_CHECK(rows) vector_check(rows, sizeof(rows) / sizeof((rows)[0]))
#define SCALAR_CHECK(rows) scalar_check(rows, sizeof(rows) / sizeof((rows)[0]))

/* Halves by the host's doubles, in which their sums and products are exact: the value, and the nearest half, even of two. */
double vector_half(uint64_t bits);
uint64_t vector_half_bits(double value);
/* @product + @addend, whose last bit is odd where something was lost, so that it may be rounded again. */
double vector_sum_to_odd(double product, double addend);

/* Of 8 bits: with a mantissa of 3 bits, which has no infinities, or of 2. */
double vector_small_float(uint64_t bits, int mantissa);

static inline float vector_float(uint64_t bits)
{
	union {
		uint32_t u;
		float f;
	} value = {.u = (uint32_t)bits};

	return value.f;
}

static inline uint64_t vector_float_bits(float value)
{
	union {
		float f;
		uint32_t u;
	} bits = {.f = value};

	return bits.u;
}

static inline double vector_double(uint64_t bits)
{
	union {
		uint64_t u;
		double f;
	} value = {.u = bits};

	return value.f;
}

static inline uint64_t vector_double_bits(double value)
{
	union {
		double f;
		uint64_t u;
	} bits = {.f = value};

	return bits.u;
}

#endif
