// SPDX-License-Identifier: MIT
#include <stddef.h>

#include "dxgsim/gpu/packets.h"

#define BIT(n)		(1U << (n))
#define BITS(high, low) (~0U >> (31 - (high)) & ~0U << (low))
#define ALL		~0U
#define WORDS(a)	.known = sizeof(a) / sizeof((a)[0]), .words = a

/*
 * Low address words are all defined here: how much must be 0 depends on the width of the access, which the
 * packet's execution knows.
 */

static const struct gpu_packet_word write_data_gfx9[] = {
	{.defined = BITS(11, 8) | BIT(16) | BIT(20) | BITS(26, 25)},
	{.defined = ALL},
	{.defined = ALL},
};

/* PF_VF mode and AID came with gfx12 */
static const struct gpu_packet_word write_data_gfx12[] = {
	{.defined = BITS(11, 8) | BIT(16) | BIT(20) | BIT(21) | BITS(26, 23),
	 .missing = BIT(21) | BITS(24, 23)},
	{.defined = ALL},
	{.defined = ALL},
};

static const struct gpu_packet_word wait_reg_mem_gfx9[] = {
	{.defined = BITS(2, 0) | BITS(7, 4)},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = BITS(15, 0) | BIT(31)},
};

/* bits 22 to 24: what is told to the scheduler's firmware */
static const struct gpu_packet_word wait_reg_mem_gfx10[] = {
	{.defined = BITS(2, 0) | BITS(7, 4) | BITS(26, 22), .missing = BITS(24, 22)},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = BITS(15, 0) | BIT(31)},
};

/* reference and mask of two words each */
static const struct gpu_packet_word wait_reg_mem64_gfx9[] = {
	{.defined = BITS(2, 0) | BITS(7, 4)},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = BITS(15, 0) | BIT(31)},
};

static const struct gpu_packet_word wait_reg_mem64_gfx10[] = {
	{.defined = BITS(2, 0) | BITS(7, 4) | BITS(26, 22), .missing = BITS(24, 22)},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = BITS(15, 0) | BIT(31)},
};

/* bit 29: PQ_EXE_STATUS */
static const struct gpu_packet_word copy_data_gfx9[] = {
	{.defined = BITS(3, 0) | BITS(11, 8) | BITS(14, 13) | BIT(16) | BIT(20) | BITS(26, 25) | BIT(29),
	 .missing = BIT(29)},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
};

static const struct gpu_packet_word copy_data_gfx12[] = {
	{.defined = BITS(3, 0) | BITS(11, 8) | BITS(14, 13) | BIT(16) | BIT(20) | BIT(21) | BITS(26, 23) |
		    BIT(29),
	 .missing = BIT(21) | BITS(24, 23) | BIT(29)},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
};

/* the longer form, of events that write, is told by the event */
static const struct gpu_packet_word event_write_gfx9[] = {
	{.defined = BITS(5, 0) | BITS(11, 8) | BIT(31), .missing = BIT(31)},
};

static const struct gpu_packet_word event_write_gfx12[] = {
	{.defined = BITS(5, 0) | BITS(11, 8) | BITS(31, 29), .missing = BITS(31, 29)},
};

/*
 * RELEASE_MEM, word 1: TCL1_VOL 12, TC_VOL 13, TC_WB 15, TCL1 16, TC 17, TC_NC 19, TC_WC 20, TC_MD 21 on gfx9;
 * later GCR_CNTL from 12 on, with GL2_US (16) and GL2_RANGE (18:17), for which there is nothing to choose from here.
 * PQ_EXE_STATUS is 29 on gfx9 and 28 later.
 */
static const struct gpu_packet_word release_mem_gfx9[] = {
	{.defined = BITS(5, 0) | BITS(11, 8) | BITS(13, 12) | BITS(17, 15) | BITS(21, 19) | BITS(26, 25) |
		    BIT(29),
	 .missing = BIT(29)},
	{.defined = BITS(17, 16) | BITS(26, 24) | BITS(31, 29)},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
};

static const struct gpu_packet_word release_mem_gfx10[] = {
	{.defined = BITS(5, 0) | BITS(23, 8) | BITS(26, 25) | BIT(28), .missing = BITS(18, 16) | BIT(28)},
	{.defined = BITS(17, 16) | BITS(26, 20) | BITS(31, 29), .missing = BITS(23, 20)},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
};

/* GLK_WB 24, GLK_INV 30, PWS_ENABLE 31 */
static const struct gpu_packet_word release_mem_gfx11[] = {
	{.defined = BITS(5, 0) | BITS(26, 8) | BIT(28) | BITS(31, 30),
	 .missing = BITS(18, 16) | BIT(28) | BIT(31)},
	{.defined = BITS(17, 16) | BITS(26, 20) | BITS(31, 29), .missing = BITS(23, 20)},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
};

/* WAIT_SYNC 7; no PWS_ENABLE.  There is no GLM any more, its bits in GCR_CNTL are still accepted. */
static const struct gpu_packet_word release_mem_gfx12[] = {
	{.defined = BITS(5, 0) | BITS(26, 7) | BIT(28) | BIT(30), .missing = BIT(7) | BITS(18, 16) | BIT(28)},
	{.defined = BITS(17, 16) | BITS(26, 20) | BITS(31, 29), .missing = BITS(23, 20)},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
};

/*
 * Word 1 is CP_COHER_CNTL.  Of it TC_NC 3, TC_WC 4, TC_MD 5, TCL1_VOL 15, TC_WB 18, TCL1 22, TC 23, KCACHE 27,
 * KCACHE_VOL 28, ICACHE 29 and KCACHE_WB 30 are a matter of compute; the others concern colour and depth.
 */
static const struct gpu_packet_word acquire_mem_gfx9[] = {
	{.defined = BITS(30, 0),
	 .missing = BITS(30, 0) & ~(BITS(5, 3) | BIT(15) | BIT(18) | BITS(23, 22) | BITS(30, 27))},
	{.defined = ALL},
	{.defined = BITS(7, 0)},
	{.defined = ALL},
	{.defined = BITS(23, 0)},
	{.defined = BITS(15, 0)},
};

/* GCR_CNTL: GL2_US 10, RANGE_IS_PA 18 */
static const struct gpu_packet_word acquire_mem_gfx10[] = {
	{.defined = 0},
	{.defined = ALL},
	{.defined = BITS(7, 0)},
	{.defined = ALL},
	{.defined = BITS(23, 0)},
	{.defined = BITS(15, 0)},
	{.defined = BITS(18, 0), .missing = BIT(10) | BIT(18)},
};

/* the initiator is COMPUTE_DISPATCH_INITIATOR, and checked with the registers */
static const struct gpu_packet_word dispatch_direct[] = {
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
};

static const struct gpu_packet_word dispatch_indirect[] = {
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
};

static const struct gpu_packet_word atomic_mem[] = {
	{.defined = BITS(6, 0) | BITS(11, 8) | BITS(26, 25)},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = BITS(12, 0)},
};

static const struct gpu_packet_word cond_exec[] = {
	{.defined = ALL},
	{.defined = ALL},
	{.defined = BITS(26, 25)},
	{.defined = BITS(13, 0)},
};

/* OFFLOAD_POLLING 21; VMID (27:24) is the kernel driver's */
static const struct gpu_packet_word indirect_buffer[] = {
	{.defined = ALL},
	{.defined = ALL},
	{.defined = BITS(21, 0) | BIT(23) | BITS(29, 24), .missing = BIT(21) | BITS(27, 24)},
};

/* SAS, DAS, SAIC and DAIC 26 to 29 */
static const struct gpu_packet_word dma_data[] = {
	{.defined = BITS(14, 13) | BITS(21, 20) | BITS(26, 25) | BITS(30, 29)},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL},
	{.defined = ALL, .missing = BITS(29, 26)},
};

/* VMID_SHIFT and INDEX, to put the VMID into a register */
static const struct gpu_packet_word set_sh_reg[] = {
	{.defined = BITS(15, 0) | BITS(31, 23), .missing = BITS(31, 23)},
};

static const struct gpu_packet_word set_uconfig_reg[] = {
	{.defined = BITS(15, 0)},
};

static const struct gpu_packet_form forms[] = {
	{GPU_DISPATCH_DIRECT, 9, 12, 5, 5, WORDS(dispatch_direct)},
	{GPU_DISPATCH_INDIRECT, 9, 12, 4, 4, WORDS(dispatch_indirect)},
	{GPU_ATOMIC_MEM, 9, 12, 9, 9, WORDS(atomic_mem)},
	{GPU_COND_EXEC, 9, 12, 5, 5, WORDS(cond_exec)},
	{GPU_INDIRECT_BUFFER, 9, 12, 4, 4, WORDS(indirect_buffer)},
	{GPU_DMA_DATA, 9, 12, 7, 7, WORDS(dma_data)},
	{GPU_SET_SH_REG, 9, 12, 3, GPU_PACKET_WORDS, WORDS(set_sh_reg)},
	{GPU_SET_UCONFIG_REG, 9, 12, 3, GPU_PACKET_WORDS, WORDS(set_uconfig_reg)},
	{GPU_NOP, 9, 12, 1, GPU_PACKET_WORDS, .known = 0},
	{GPU_WRITE_DATA, 9, 11, 5, GPU_PACKET_WORDS, WORDS(write_data_gfx9)},
	{GPU_WRITE_DATA, 12, 12, 5, GPU_PACKET_WORDS, WORDS(write_data_gfx12)},
	{GPU_WAIT_REG_MEM, 9, 9, 7, 7, WORDS(wait_reg_mem_gfx9)},
	{GPU_WAIT_REG_MEM, 10, 12, 7, 7, WORDS(wait_reg_mem_gfx10)},
	{GPU_WAIT_REG_MEM64, 9, 9, 9, 9, WORDS(wait_reg_mem64_gfx9)},
	{GPU_WAIT_REG_MEM64, 10, 12, 9, 9, WORDS(wait_reg_mem64_gfx10)},
	{GPU_COPY_DATA, 9, 11, 6, 6, WORDS(copy_data_gfx9)},
	{GPU_COPY_DATA, 12, 12, 6, 6, WORDS(copy_data_gfx12)},
	{GPU_EVENT_WRITE, 9, 11, 2, 4, WORDS(event_write_gfx9)},
	{GPU_EVENT_WRITE, 12, 12, 2, 4, WORDS(event_write_gfx12)},
	{GPU_RELEASE_MEM, 9, 9, 8, 8, WORDS(release_mem_gfx9)},
	{GPU_RELEASE_MEM, 10, 10, 8, 8, WORDS(release_mem_gfx10)},
	{GPU_RELEASE_MEM, 11, 11, 8, 8, WORDS(release_mem_gfx11)},
	{GPU_RELEASE_MEM, 12, 12, 8, 8, WORDS(release_mem_gfx12)},
	{GPU_ACQUIRE_MEM, 9, 9, 7, 7, WORDS(acquire_mem_gfx9)},
	{GPU_ACQUIRE_MEM, 10, 12, 8, 8, WORDS(acquire_mem_gfx10)},
};

const struct gpu_packet_form *gpu_packet_form(uint32_t generation, uint32_t opcode)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (forms[i].opcode == opcode && generation >= forms[i].first && generation <= forms[i].last)
			return &forms[i];
	return NULL;
}
