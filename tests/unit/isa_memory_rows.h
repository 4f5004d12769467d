// SPDX-License-Identifier: MIT
/*
 * Tables of memory instructions.  A row says what an operation does with the bytes of one lane, a way how lanes name their bytes: each
 * row is tried in each way, and everything that a wave has, memory and LDS included, must be what the two say.
 */
#ifndef TESTS_UNIT_ISA_MEMORY_ROWS_H
#define TESTS_UNIT_ISA_MEMORY_ROWS_H

#include "isa_vectors.h"

enum memory_kind {
	MEMORY_LOAD,
	MEMORY_STORE,
	MEMORY_ATOMIC,
};

/* What values the operands and the memory of an atomic have. */
enum memory_values {
	MEMORY_WORDS,
	MEMORY_SMALL, /* so that some are equal, and some wrap */
	MEMORY_FLOATS,
	MEMORY_HALVES,
	MEMORY_BF16,
};

/* What memory has afterwards; @data: what the instruction brings, @other: its second operand. */
typedef uint64_t memory_modify(uint64_t old, uint64_t data, uint64_t other);

struct memory_row {
	const char *name; /* without the prefix of the way */
	uint32_t targets;
	enum memory_kind kind;
	uint32_t bytes;
	bool sign, d16, high; /* high: the upper half of the register */
	memory_modify *modify;
	bool two; /* there is @other: its registers follow those of @data, but for DS */
	bool other_first;
	bool always_returns;
	enum memory_values values;
};

#define LOAD(name_, bytes_)                                                              \
	{                                                                                \
		.name = name_, .targets = ON_ALL, .kind = MEMORY_LOAD, .bytes = (bytes_) \
	}
#define LOAD_SIGNED(name_, bytes_)                                                                     \
	{                                                                                              \
		.name = name_, .targets = ON_ALL, .kind = MEMORY_LOAD, .bytes = (bytes_), .sign = true \
	}
#define LOAD_HALF(name_, bytes_, sign_, high_)                                                         \
	{                                                                                              \
		.name = name_, .targets = ON_ALL, .kind = MEMORY_LOAD, .bytes = (bytes_), .d16 = true, \
		.sign = (sign_), .high = (high_)                                                       \
	}
#define STORE(name_, bytes_)                                                              \
	{                                                                                 \
		.name = name_, .targets = ON_ALL, .kind = MEMORY_STORE, .bytes = (bytes_) \
	}
#define STORE_HIGH(name_, bytes_)                                                                       \
	{                                                                                               \
		.name = name_, .targets = ON_ALL, .kind = MEMORY_STORE, .bytes = (bytes_), .high = true \
	}
#define ATOMIC(name_, targets_, bytes_, modify_, values_)                                     \
	{                                                                                     \
		.name = name_, .targets = targets_, .kind = MEMORY_ATOMIC, .bytes = (bytes_), \
		.modify = modify_, .values = MEMORY_##values_                                 \
	}
#define ATOMIC_TWO(name_, targets_, bytes_, modify_, values_)                                 \
	{                                                                                     \
		.name = name_, .targets = targets_, .kind = MEMORY_ATOMIC, .bytes = (bytes_), \
		.modify = modify_, .values = MEMORY_##values_, .two = true                    \
	}

/*
 * The text: $n is the row's name, $r its result's registers (v8 and following), $s those of what it brings (v4 and following), $t those
 * of DS' second operand (v6 and following), $g what makes an atomic return something.  v0 and v1 are the address's.
 */
struct memory_way {
	uint32_t targets;
	const char *load, *store, *atomic, *returning; /* NULL: not in this way */
	bool returns_to_source;			       /* the result goes to $s */
	/* Fills address registers, of VGPRs v0 and v1. */
	void (*prepare)(struct vector_state *state, uint32_t lanes, enum isa_target target);
	/* Where the @offset-th byte of a lane is. */
	uint8_t *(*place)(struct vector_state *state, uint32_t lane, uint32_t lanes, uint32_t offset);
};

void memory_check(const struct memory_row *rows, uint32_t rows_count, const struct memory_way *ways,
		  uint32_t ways_count);
#define MEMORY_CHECK(rows, ways) \
	memory_check(rows, sizeof(rows) / sizeof((rows)[0]), ways, sizeof(ways) / sizeof((ways)[0]))

/* A slot for a lane that is no other's and not its own number. */
static inline uint32_t memory_slot(uint32_t lane)
{
	return (lane * 37 + 5) % 64;
}

/* What atomics do to words; of 32 bits the upper halves of operands are 0. */
memory_modify memory_swap, memory_add, memory_sub, memory_rsub, memory_and, memory_or, memory_xor,
	memory_umin, memory_umax, memory_smin, memory_smax, memory_smin_x2, memory_smax_x2, memory_inc,
	memory_dec, memory_cmpswap, memory_sub_clamp, memory_cond_sub, memory_fmin, memory_fmax, memory_fadd,
	memory_fcmpswap, memory_fmin_x2, memory_fmax_x2, memory_fcmpswap_x2, memory_pk_add_f16,
	memory_pk_add_bf16;

#endif
