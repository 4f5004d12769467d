// SPDX-License-Identifier: MIT
#include <stddef.h>

#include "dxgsim/gpu/sdma_packets.h"

#define BIT(n)		(1U << (n))
#define BITS(high, low) (~0U >> (31 - (high)) & ~0U << (low))
#define ALL		~0U
#define OPCODES		BITS(15, 0)
#define WORDS(a)	.words = sizeof(a) / sizeof((a)[0]), .word = a

/* Low address words are all defined: how much must be 0 is the packet's business.  TMZ and encryption: protected content. */

static const struct gpu_packet_word nop[] = {{.defined = OPCODES | BITS(29, 16)}};

/* encrypt 16, tmz 18, broadcast 27; the parameter word: swaps */
static const struct gpu_packet_word copy_gfx9[] = {
	{.defined = OPCODES | BIT(16) | BIT(18) | BIT(27), .missing = BIT(16) | BIT(18) | BIT(27)},
	{.defined = BITS(21, 0)},
	{.defined = BITS(17, 16) | BITS(25, 24), .missing = BITS(17, 16) | BITS(25, 24)},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
};

/*
 * backwards 25.  The count has 30 bits from version 5.2 on, that is gfx10.3 (ROCr, amd_gpu_agent.cpp: sizes of copies by
 * generation); there is no older gfx10 here.
 */
static const struct gpu_packet_word copy_gfx10[] = {
	{.defined = OPCODES | BIT(16) | BIT(18) | BIT(25) | BIT(27),
	 .missing = BIT(16) | BIT(18) | BIT(25) | BIT(27)},
	{.defined = BITS(29, 0)},
	{.defined = BITS(17, 16) | BITS(25, 24), .missing = BITS(17, 16) | BITS(25, 24)},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
};

/* cpv 19: the cache policies of the parameter word count */
static const struct gpu_packet_word copy_gfx11[] = {
	{.defined = OPCODES | BIT(16) | BIT(18) | BIT(19) | BIT(25) | BIT(27),
	 .missing = BIT(16) | BIT(18) | BIT(25) | BIT(27)},
	{.defined = BITS(29, 0)},
	{.defined = BITS(20, 16) | BITS(28, 24), .missing = BITS(17, 16) | BITS(25, 24)},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
};

/* dcc 19, which makes the packet a word longer; the policies are of the last-level cache alone */
static const struct gpu_packet_word copy_gfx12[] = {
	{.defined = OPCODES | BITS(19, 18) | BIT(25) | BIT(27), .missing = BITS(19, 18) | BIT(25) | BIT(27)},
	{.defined = BITS(29, 0)},
	{.defined = BITS(22, 20) | BITS(30, 28)},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
};

#define SUBWINDOW(header, header_missing, xy, z_pitch, slice, z, z_missing)                                \
	{                                                                                                  \
		{.defined = OPCODES | (header), .missing = (header_missing)}, {.defined = ALL},            \
			{.defined = ALL}, {.defined = (xy)}, {.defined = (z_pitch)}, {.defined = (slice)}, \
			{.defined = ALL}, {.defined = ALL}, {.defined = (xy)}, {.defined = (z_pitch)},     \
			{.defined = (slice)}, {.defined = (xy)},                                           \
		{                                                                                          \
			.defined = (z), .missing = (z_missing)                                             \
		}                                                                                          \
	}

#define XY_14 (BITS(13, 0) | BITS(29, 16))
#define SWAPS (BITS(17, 16) | BITS(25, 24))

static const struct gpu_packet_word subwindow_gfx9[] =
	SUBWINDOW(BIT(18) | BITS(31, 29), BIT(18), XY_14, BITS(10, 0) | BITS(31, 13), BITS(27, 0),
		  BITS(10, 0) | SWAPS, SWAPS);
static const struct gpu_packet_word subwindow_gfx10[] =
	SUBWINDOW(BIT(18) | BITS(31, 29), BIT(18), XY_14, ALL, BITS(27, 0), BITS(12, 0) | SWAPS, SWAPS);
static const struct gpu_packet_word subwindow_gfx11[] =
	SUBWINDOW(BIT(18) | BIT(19) | BITS(31, 29), BIT(18), XY_14, ALL, BITS(27, 0),
		  BITS(12, 0) | BITS(20, 16) | BITS(28, 24), SWAPS);
static const struct gpu_packet_word subwindow_gfx12[] =
	SUBWINDOW(BIT(18) | BITS(31, 29), BIT(18), ALL, BITS(13, 0) | BITS(31, 16), ALL,
		  BITS(13, 0) | BITS(22, 20) | BITS(30, 28), 0);

/* what follows the count is data */
static const struct gpu_packet_word write_gfx9[] = {
	{.defined = OPCODES | BIT(16) | BIT(18), .missing = BIT(16) | BIT(18)},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = BITS(19, 0) | BITS(25, 24), .missing = BITS(25, 24)},
};
static const struct gpu_packet_word write_gfx11[] = {
	{.defined = OPCODES | BIT(16) | BIT(18) | BIT(28), .missing = BIT(16) | BIT(18)},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = BITS(19, 0) | BITS(28, 24), .missing = BITS(25, 24)},
};
static const struct gpu_packet_word write_gfx12[] = {
	{.defined = OPCODES | BIT(18), .missing = BIT(18)},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = BITS(19, 0) | BITS(28, 26)},
};

/* mtype 18:16, gcc 19, sys 20, snp 22, gpa 23, policies from 24 on, cpv 28; gpa: no translation */
static const struct gpu_packet_word fence_gfx9[] = {
	{.defined = OPCODES}, {.defined = ALL}, {.defined = ALL}, {.defined = ALL}};
static const struct gpu_packet_word fence_gfx10[] = {
	{.defined = OPCODES | BITS(20, 16) | BITS(25, 22), .missing = BIT(23)},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
};
static const struct gpu_packet_word fence_gfx11[] = {
	{.defined = OPCODES | BITS(20, 16) | BITS(26, 22) | BIT(28), .missing = BIT(23)},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
};
static const struct gpu_packet_word fence_gfx12[] = {
	{.defined = OPCODES | BITS(17, 16) | BIT(20) | BITS(28, 22), .missing = BIT(23)},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
};

static const struct gpu_packet_word trap_gfx9[] = {{.defined = OPCODES}, {.defined = BITS(27, 0)}};
static const struct gpu_packet_word trap_gfx12[] = {{.defined = OPCODES}, {.defined = ALL}};

/* hdp_flush 26, function 30:28, mem_poll 31; cache policy 22:20 with cpv 24 on gfx11 */
static const struct gpu_packet_word poll_gfx9[] = {
	{.defined = OPCODES | BIT(26) | BITS(31, 28)},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = BITS(27, 0)},
};
static const struct gpu_packet_word poll_gfx11[] = {
	{.defined = OPCODES | BITS(22, 20) | BIT(24) | BIT(26) | BITS(31, 28)},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = BITS(27, 0)},
};
/* the die and bridge of a register 19:16; mode 27:26, where the old bit of a flush was */
static const struct gpu_packet_word poll_gfx12[] = {
	{.defined = OPCODES | BITS(19, 16) | BITS(23, 22) | BITS(31, 26), .missing = BITS(19, 16) | BIT(27)},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = BITS(27, 0)},
};

static const struct gpu_packet_word cond_exe_gfx9[] = {
	{.defined = OPCODES}, {.defined = ALL}, {.defined = ALL}, {.defined = ALL}, {.defined = BITS(13, 0)}};
static const struct gpu_packet_word cond_exe_gfx11[] = {{.defined = OPCODES | BITS(26, 24) | BIT(28)},
							{.defined = ALL},
							{.defined = ALL},
							{.defined = ALL},
							{.defined = BITS(13, 0)}};
static const struct gpu_packet_word cond_exe_gfx12[] = {{.defined = OPCODES | BITS(27, 26)},
							{.defined = ALL},
							{.defined = ALL},
							{.defined = ALL},
							{.defined = BITS(13, 0)}};

#define ATOMIC(header)                                                                                  \
	{                                                                                               \
		{.defined = OPCODES | BIT(16) | BIT(18) | BITS(31, 25) | (header), .missing = BIT(18)}, \
			{.defined = ALL}, {.defined = ALL}, {.defined = ALL}, {.defined = ALL},         \
			{.defined = ALL}, {.defined = ALL},                                             \
		{                                                                                       \
			.defined = BITS(12, 0)                                                          \
		}                                                                                       \
	}
static const struct gpu_packet_word atomic_gfx9[] = ATOMIC(0);
static const struct gpu_packet_word atomic_gfx11[] = ATOMIC(BITS(22, 20) | BIT(24));
static const struct gpu_packet_word atomic_gfx12[] = ATOMIC(BITS(23, 22));

/* swap 17:16, size of the value 31:30 */
#define FILL(header, header_missing, count)                                                  \
	{                                                                                    \
		{.defined = OPCODES | BITS(31, 30) | (header), .missing = (header_missing)}, \
			{.defined = ALL}, {.defined = ALL}, {.defined = ALL},                \
		{                                                                            \
			.defined = (count)                                                   \
		}                                                                            \
	}
static const struct gpu_packet_word fill_gfx9[] = FILL(BITS(17, 16), BITS(17, 16), BITS(21, 0));
static const struct gpu_packet_word fill_gfx11[] =
	FILL(BITS(17, 16) | BITS(26, 24) | BIT(28), BITS(17, 16), BITS(29, 0));
static const struct gpu_packet_word fill_gfx12[] =
	FILL(BIT(16) | BIT(20) | BITS(23, 22) | BITS(27, 26), BIT(16) | BIT(23), BITS(29, 0));

static const struct gpu_packet_word timestamp_gfx9[] = {
	{.defined = OPCODES}, {.defined = ALL}, {.defined = ALL}};
static const struct gpu_packet_word timestamp_gfx11[] = {
	{.defined = OPCODES | BITS(26, 24) | BIT(28)}, {.defined = ALL}, {.defined = ALL}};
static const struct gpu_packet_word timestamp_gfx12[] = {
	{.defined = OPCODES | BITS(28, 24)}, {.defined = ALL}, {.defined = ALL}};

/*
 * The control word lies across words 2 and 3: GL2_US is bit 10, GL2_RANGE 12:11, RANGE_IS_PA 18 of it.  VMID 27:24, for
 * the kernel driver alone.
 */
static const struct gpu_packet_word gcr_gfx10[] = {
	{.defined = OPCODES},
	{.defined = BITS(31, 7)},
	{.defined = ALL, .missing = BIT(16 + 10)},
	{.defined = BITS(2, 0) | BITS(31, 7), .missing = BIT(2)},
	{.defined = BITS(15, 0) | BITS(27, 24), .missing = BITS(27, 24)},
};
static const struct gpu_packet_word gcr_gfx12[] = {
	{.defined = OPCODES},
	{.defined = BIT(1) | BITS(31, 7), .missing = BIT(1)},
	{.defined = ALL, .missing = BIT(16 + 10)},
	{.defined = BITS(3, 0) | BITS(31, 7), .missing = BITS(3, 2)},
	{.defined = BITS(15, 0) | BITS(27, 24), .missing = BITS(27, 24)},
};

static const struct gpu_sdma_form forms[] = {
	{"NOP", GPU_SDMA_NOP, 0, 0, 9, 12, WORDS(nop)},
	{"COPY_LINEAR", GPU_SDMA_COPY_LINEAR, 1, 0, 9, 9, WORDS(copy_gfx9)},
	{"COPY_LINEAR", GPU_SDMA_COPY_LINEAR, 1, 0, 10, 10, WORDS(copy_gfx10)},
	{"COPY_LINEAR", GPU_SDMA_COPY_LINEAR, 1, 0, 11, 11, WORDS(copy_gfx11)},
	{"COPY_LINEAR", GPU_SDMA_COPY_LINEAR, 1, 0, 12, 12, WORDS(copy_gfx12)},
	{"COPY_TILED", GPU_SDMA_MISSING, 1, 1, 9, 12, .words = 0},
	{"COPY_SOA", GPU_SDMA_MISSING, 1, 3, 9, 12, .words = 0},
	{"COPY_LINEAR_SUB_WINDOW", GPU_SDMA_COPY_SUBWINDOW, 1, 4, 9, 9, WORDS(subwindow_gfx9)},
	{"COPY_LINEAR_SUB_WINDOW", GPU_SDMA_COPY_SUBWINDOW, 1, 4, 10, 10, WORDS(subwindow_gfx10)},
	{"COPY_LINEAR_SUB_WINDOW", GPU_SDMA_COPY_SUBWINDOW, 1, 4, 11, 11, WORDS(subwindow_gfx11)},
	{"COPY_LINEAR_SUB_WINDOW", GPU_SDMA_COPY_SUBWINDOW, 1, 4, 12, 12, WORDS(subwindow_gfx12)},
	{"COPY_TILED_SUB_WINDOW", GPU_SDMA_MISSING, 1, 5, 9, 12, .words = 0},
	{"COPY_T2T_SUB_WINDOW", GPU_SDMA_MISSING, 1, 6, 9, 12, .words = 0},
	{"COPY_DIRTY_PAGE", GPU_SDMA_MISSING, 1, 7, 9, 12, .words = 0},
	{"COPY_LINEAR_PHY", GPU_SDMA_KERNEL, 1, 8, 9, 12, .words = 0},
	{"COPY_PAGE_TRANSFER", GPU_SDMA_KERNEL, 1, 12, 12, 12, .words = 0},
	{"COPY_LINEAR_BC", GPU_SDMA_MISSING, 1, 16, 10, 11, .words = 0},
	{"COPY_TILED_BC", GPU_SDMA_MISSING, 1, 17, 10, 11, .words = 0},
	{"COPY_LINEAR_SUB_WINDOW_BC", GPU_SDMA_MISSING, 1, 20, 10, 11, .words = 0},
	{"COPY_TILED_SUB_WINDOW_BC", GPU_SDMA_MISSING, 1, 21, 10, 11, .words = 0},
	{"COPY_T2T_SUB_WINDOW_BC", GPU_SDMA_MISSING, 1, 22, 10, 11, .words = 0},
	{"COPY_LINEAR_SUB_WINDOW_LARGE", GPU_SDMA_MISSING, 1, 36, 11, 12, .words = 0},
	{"WRITE_LINEAR", GPU_SDMA_WRITE, 2, 0, 9, 10, WORDS(write_gfx9)},
	{"WRITE_LINEAR", GPU_SDMA_WRITE, 2, 0, 11, 11, WORDS(write_gfx11)},
	{"WRITE_LINEAR", GPU_SDMA_WRITE, 2, 0, 12, 12, WORDS(write_gfx12)},
	{"WRITE_TILED", GPU_SDMA_MISSING, 2, 1, 9, 12, .words = 0},
	{"WRITE_TILED_BC", GPU_SDMA_MISSING, 2, 17, 10, 11, .words = 0},
	{"INDIRECT", GPU_SDMA_KERNEL, 4, 0, 9, 12, .words = 0},
	{"FENCE", GPU_SDMA_FENCE, 5, 0, 9, 9, WORDS(fence_gfx9)},
	{"FENCE", GPU_SDMA_FENCE, 5, 0, 10, 10, WORDS(fence_gfx10)},
	{"FENCE", GPU_SDMA_FENCE, 5, 0, 11, 11, WORDS(fence_gfx11)},
	{"FENCE", GPU_SDMA_FENCE, 5, 0, 12, 12, WORDS(fence_gfx12)},
	{"FENCE_CONDITIONAL_INTERRUPT", GPU_SDMA_MISSING, 5, 1, 12, 12, .words = 0},
	{"TRAP", GPU_SDMA_TRAP, 6, 0, 9, 11, WORDS(trap_gfx9)},
	{"TRAP", GPU_SDMA_TRAP, 6, 0, 12, 12, WORDS(trap_gfx12)},
	{"SEMAPHORE", GPU_SDMA_MISSING, 7, 0, 9, 12, .words = 0},
	{"MEM_INCR", GPU_SDMA_MISSING, 7, 1, 11, 12, .words = 0},
	{"POLL_REGMEM", GPU_SDMA_POLL, 8, 0, 9, 10, WORDS(poll_gfx9)},
	{"POLL_REGMEM", GPU_SDMA_POLL, 8, 0, 11, 11, WORDS(poll_gfx11)},
	{"POLL_REGMEM", GPU_SDMA_POLL, 8, 0, 12, 12, WORDS(poll_gfx12)},
	{"POLL_REG_WRITE_MEM", GPU_SDMA_MISSING, 8, 1, 9, 12, .words = 0},
	{"POLL_DBIT_WRITE_MEM", GPU_SDMA_KERNEL, 8, 2, 9, 12, .words = 0},
	{"POLL_MEM_VERIFY", GPU_SDMA_MISSING, 8, 3, 9, 12, .words = 0},
	{"VM_INVALIDATION", GPU_SDMA_KERNEL, 8, 4, 11, 12, .words = 0},
	{"COND_EXE", GPU_SDMA_COND_EXE, 9, 0, 9, 10, WORDS(cond_exe_gfx9)},
	{"COND_EXE", GPU_SDMA_COND_EXE, 9, 0, 11, 11, WORDS(cond_exe_gfx11)},
	{"COND_EXE", GPU_SDMA_COND_EXE, 9, 0, 12, 12, WORDS(cond_exe_gfx12)},
	{"ATOMIC", GPU_SDMA_ATOMIC, 10, 0, 9, 10, WORDS(atomic_gfx9)},
	{"ATOMIC", GPU_SDMA_ATOMIC, 10, 0, 11, 11, WORDS(atomic_gfx11)},
	{"ATOMIC", GPU_SDMA_ATOMIC, 10, 0, 12, 12, WORDS(atomic_gfx12)},
	{"CONSTANT_FILL", GPU_SDMA_FILL, 11, 0, 9, 10, WORDS(fill_gfx9)},
	{"CONSTANT_FILL", GPU_SDMA_FILL, 11, 0, 11, 11, WORDS(fill_gfx11)},
	{"CONSTANT_FILL", GPU_SDMA_FILL, 11, 0, 12, 12, WORDS(fill_gfx12)},
	{"DATA_FILL_MULTI", GPU_SDMA_MISSING, 11, 1, 9, 12, .words = 0},
	{"DECOMPRESS_BLT_SUBWIN", GPU_SDMA_MISSING, 11, 2, 12, 12, .words = 0},
	{"DECOMPRESS_BLT_LINEAR", GPU_SDMA_MISSING, 11, 3, 12, 12, .words = 0},
	{"CONSTANT_FILL_PAGE", GPU_SDMA_MISSING, 11, 4, 12, 12, .words = 0},
	{"PTEPDE_GEN", GPU_SDMA_KERNEL, 12, 0, 9, 12, .words = 0},
	{"PTEPDE_COPY", GPU_SDMA_KERNEL, 12, 1, 9, 12, .words = 0},
	{"PTEPDE_RMW", GPU_SDMA_KERNEL, 12, 2, 9, 12, .words = 0},
	{"PTEPDE_COPY_BACKWARDS", GPU_SDMA_KERNEL, 12, 3, 9, 12, .words = 0},
	{"TIMESTAMP_SET", GPU_SDMA_KERNEL, 13, 0, 9, 12, .words = 0},
	{"TIMESTAMP_GET", GPU_SDMA_MISSING, 13, 1, 9, 12, .words = 0},
	{"TIMESTAMP_GET_GLOBAL", GPU_SDMA_TIMESTAMP, 13, 2, 9, 10, WORDS(timestamp_gfx9)},
	{"TIMESTAMP_GET_GLOBAL", GPU_SDMA_TIMESTAMP, 13, 2, 11, 11, WORDS(timestamp_gfx11)},
	{"TIMESTAMP_GET_GLOBAL", GPU_SDMA_TIMESTAMP, 13, 2, 12, 12, WORDS(timestamp_gfx12)},
	{"SRBM_WRITE", GPU_SDMA_KERNEL, 14, 0, 9, 12, .words = 0},
	{"REGISTER_RMW", GPU_SDMA_KERNEL, 14, 1, 12, 12, .words = 0},
	{"PRE_EXE", GPU_SDMA_MISSING, 15, 0, 9, 12, .words = 0},
	{"DUMMY_TRAP", GPU_SDMA_MISSING, 16, 0, 9, 9, .words = 0},
	{"GPUVM_INV", GPU_SDMA_KERNEL, 16, 0, 10, 12, .words = 0},
	{"GCR_REQ", GPU_SDMA_GCR, 17, 0, 10, 11, WORDS(gcr_gfx10)},
	{"GCR_REQ", GPU_SDMA_GCR, 17, 0, 12, 12, WORDS(gcr_gfx12)},
	{"GCR_USER", GPU_SDMA_GCR, 17, 1, 10, 11, WORDS(gcr_gfx10)},
	{"GCR_USER", GPU_SDMA_GCR, 17, 1, 12, 12, WORDS(gcr_gfx12)},
	{"DUMMY_TRAP", GPU_SDMA_MISSING, 32, 0, 10, 12, .words = 0},
};

const struct gpu_sdma_form *gpu_sdma_form(uint32_t generation, uint32_t header)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (forms[i].opcode == (header & 0xff) && forms[i].sub_opcode == (header >> 8 & 0xff) &&
		    generation >= forms[i].first && generation <= forms[i].last)
			return &forms[i];
	return NULL;
}
