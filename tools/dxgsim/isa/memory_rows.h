// SPDX-License-Identifier: MIT
/* Lists of memory instructions: what each of them moves, for the functions that execute all of their kind. */
#ifndef DXGSIM_ISA_MEMORY_ROWS_H
#define DXGSIM_ISA_MEMORY_ROWS_H

#include "dxgsim/isa/modify.h"
#include "dxgsim/isa/wave.h"

/* What an instruction moves: isa_binding.flags of memory instructions. */
#define ISA_MOVE_BYTES(flags)	  ((flags)&0xffU) /* of a lane; of an address if there are two */
#define ISA_MOVE_LOAD		  (1U << 8)
#define ISA_MOVE_STORE		  (1U << 9)
#define ISA_MOVE_ATOMIC		  (1U << 10)
#define ISA_MOVE_SIGNED		  (1U << 11)
#define ISA_MOVE_D16		  (1U << 12) /* a half of the register, the other is kept */
#define ISA_MOVE_HIGH		  (1U << 13) /* ... the upper one */
#define ISA_MOVE_TO_LDS		  (1U << 15)
#define ISA_MOVE_RETURNS	  (1U << 16) /* DS; others have a bit in the instruction */
#define ISA_MOVE_STRIDE_64	  (1U << 17)
#define ISA_MOVE_THREADS	  (1U << 18) /* the address is that of the lane, M0 or an SGPR give the base */
#define ISA_MOVE_MODIFY(kind)	  ((uint32_t)(kind) << 24)
#define ISA_MOVE_MODIFY_OF(flags) ((enum isa_modify_kind)((flags) >> 24))

/* Lines of lists of bindings; 8, 12 and 16 bytes are 2, 3 and 4 words. */
#define ISA_MEMORY(operation_, execute_, flags_)                                                 \
	{                                                                                        \
		.operation = ISA_##operation_, .class = ISA_CLASS_MEMORY, .execute = (execute_), \
		.flags = (flags_),                                                               \
	}
/* ... that access nothing. */
#define ISA_MEMORY_OTHER(operation_, execute_, flags_)                                          \
	{                                                                                       \
		.operation = ISA_##operation_, .class = ISA_CLASS_OTHER, .execute = (execute_), \
		.flags = (flags_),                                                              \
	}
#define ISA_MOVES(segment, execute)                                                                  \
	ISA_MEMORY(segment##_LOAD_U8, execute, ISA_MOVE_LOAD | 1),                                   \
		ISA_MEMORY(segment##_LOAD_I8, execute, ISA_MOVE_LOAD | ISA_MOVE_SIGNED | 1),         \
		ISA_MEMORY(segment##_LOAD_U16, execute, ISA_MOVE_LOAD | 2),                          \
		ISA_MEMORY(segment##_LOAD_I16, execute, ISA_MOVE_LOAD | ISA_MOVE_SIGNED | 2),        \
		ISA_MEMORY(segment##_LOAD_B32, execute, ISA_MOVE_LOAD | 4),                          \
		ISA_MEMORY(segment##_LOAD_B64, execute, ISA_MOVE_LOAD | 8),                          \
		ISA_MEMORY(segment##_LOAD_B96, execute, ISA_MOVE_LOAD | 12),                         \
		ISA_MEMORY(segment##_LOAD_B128, execute, ISA_MOVE_LOAD | 16),                        \
		ISA_MEMORY(segment##_LOAD_D16_U8, execute, ISA_MOVE_LOAD | ISA_MOVE_D16 | 1),        \
		ISA_MEMORY(segment##_LOAD_D16_I8, execute,                                           \
			   ISA_MOVE_LOAD | ISA_MOVE_D16 | ISA_MOVE_SIGNED | 1),                      \
		ISA_MEMORY(segment##_LOAD_D16_B16, execute, ISA_MOVE_LOAD | ISA_MOVE_D16 | 2),       \
		ISA_MEMORY(segment##_LOAD_D16_HI_U8, execute, ISA_MOVE_LOAD | ISA_MOVE_HIGH | 1),    \
		ISA_MEMORY(segment##_LOAD_D16_HI_I8, execute,                                        \
			   ISA_MOVE_LOAD | ISA_MOVE_HIGH | ISA_MOVE_SIGNED | 1),                     \
		ISA_MEMORY(segment##_LOAD_D16_HI_B16, execute, ISA_MOVE_LOAD | ISA_MOVE_HIGH | 2),   \
		ISA_MEMORY(segment##_STORE_B8, execute, ISA_MOVE_STORE | 1),                         \
		ISA_MEMORY(segment##_STORE_B16, execute, ISA_MOVE_STORE | 2),                        \
		ISA_MEMORY(segment##_STORE_D16_HI_B8, execute, ISA_MOVE_STORE | ISA_MOVE_HIGH | 1),  \
		ISA_MEMORY(segment##_STORE_D16_HI_B16, execute, ISA_MOVE_STORE | ISA_MOVE_HIGH | 2), \
		ISA_MEMORY(segment##_STORE_B32, execute, ISA_MOVE_STORE | 4),                        \
		ISA_MEMORY(segment##_STORE_B64, execute, ISA_MOVE_STORE | 8),                        \
		ISA_MEMORY(segment##_STORE_B96, execute, ISA_MOVE_STORE | 12),                       \
		ISA_MEMORY(segment##_STORE_B128, execute, ISA_MOVE_STORE | 16)

#define ISA_ATOMIC_OF(operation, execute, kind, bytes) \
	ISA_MEMORY(operation, execute, ISA_MOVE_ATOMIC | ISA_MOVE_MODIFY(ISA_MODIFY_##kind) | (bytes))
#define ISA_ATOMICS(segment, execute)                                                 \
	ISA_ATOMIC_OF(segment##_ATOMIC_SWAP_B32, execute, SWAP, 4),                   \
		ISA_ATOMIC_OF(segment##_ATOMIC_CMPSWAP_B32, execute, CMPSWAP, 4),     \
		ISA_ATOMIC_OF(segment##_ATOMIC_ADD_U32, execute, ADD, 4),             \
		ISA_ATOMIC_OF(segment##_ATOMIC_SUB_U32, execute, SUB, 4),             \
		ISA_ATOMIC_OF(segment##_ATOMIC_SUB_CLAMP_U32, execute, SUB_CLAMP, 4), \
		ISA_ATOMIC_OF(segment##_ATOMIC_COND_SUB_U32, execute, COND_SUB, 4),   \
		ISA_ATOMIC_OF(segment##_ATOMIC_MIN_I32, execute, MIN_I, 4),           \
		ISA_ATOMIC_OF(segment##_ATOMIC_MIN_U32, execute, MIN_U, 4),           \
		ISA_ATOMIC_OF(segment##_ATOMIC_MAX_I32, execute, MAX_I, 4),           \
		ISA_ATOMIC_OF(segment##_ATOMIC_MAX_U32, execute, MAX_U, 4),           \
		ISA_ATOMIC_OF(segment##_ATOMIC_AND_B32, execute, AND, 4),             \
		ISA_ATOMIC_OF(segment##_ATOMIC_OR_B32, execute, OR, 4),               \
		ISA_ATOMIC_OF(segment##_ATOMIC_XOR_B32, execute, XOR, 4),             \
		ISA_ATOMIC_OF(segment##_ATOMIC_INC_U32, execute, INC, 4),             \
		ISA_ATOMIC_OF(segment##_ATOMIC_DEC_U32, execute, DEC, 4),             \
		ISA_ATOMIC_OF(segment##_ATOMIC_CMPSWAP_F32, execute, CMPSWAP_F, 4),   \
		ISA_ATOMIC_OF(segment##_ATOMIC_MIN_NUM_F32, execute, MIN_F, 4),       \
		ISA_ATOMIC_OF(segment##_ATOMIC_MAX_NUM_F32, execute, MAX_F, 4),       \
		ISA_ATOMIC_OF(segment##_ATOMIC_ADD_F32, execute, ADD_F, 4),           \
		ISA_ATOMIC_OF(segment##_ATOMIC_PK_ADD_F16, execute, PK_ADD_F16, 4),   \
		ISA_ATOMIC_OF(segment##_ATOMIC_PK_ADD_BF16, execute, PK_ADD_BF16, 4), \
		ISA_ATOMIC_OF(segment##_ATOMIC_SWAP_B64, execute, SWAP, 8),           \
		ISA_ATOMIC_OF(segment##_ATOMIC_CMPSWAP_B64, execute, CMPSWAP, 8),     \
		ISA_ATOMIC_OF(segment##_ATOMIC_ADD_U64, execute, ADD, 8),             \
		ISA_ATOMIC_OF(segment##_ATOMIC_SUB_U64, execute, SUB, 8),             \
		ISA_ATOMIC_OF(segment##_ATOMIC_MIN_I64, execute, MIN_I, 8),           \
		ISA_ATOMIC_OF(segment##_ATOMIC_MIN_U64, execute, MIN_U, 8),           \
		ISA_ATOMIC_OF(segment##_ATOMIC_MAX_I64, execute, MAX_I, 8),           \
		ISA_ATOMIC_OF(segment##_ATOMIC_MAX_U64, execute, MAX_U, 8),           \
		ISA_ATOMIC_OF(segment##_ATOMIC_AND_B64, execute, AND, 8),             \
		ISA_ATOMIC_OF(segment##_ATOMIC_OR_B64, execute, OR, 8),               \
		ISA_ATOMIC_OF(segment##_ATOMIC_XOR_B64, execute, XOR, 8),             \
		ISA_ATOMIC_OF(segment##_ATOMIC_INC_U64, execute, INC, 8),             \
		ISA_ATOMIC_OF(segment##_ATOMIC_DEC_U64, execute, DEC, 8),             \
		ISA_ATOMIC_OF(segment##_ATOMIC_CMPSWAP_F64, execute, CMPSWAP_F, 8),   \
		ISA_ATOMIC_OF(segment##_ATOMIC_MIN_F64, execute, MIN_F, 8),           \
		ISA_ATOMIC_OF(segment##_ATOMIC_MAX_F64, execute, MAX_F, 8)

#endif
