// SPDX-License-Identifier: MIT
/*
 * Replies of an imaginary discrete adapter, written by plain offsets: the tests must not share the field
 * tables with the code they test.
 */
#ifndef TESTS_KMD_BLOBS_H
#define TESTS_KMD_BLOBS_H

#include <stdint.h>
#include <string.h>

#include "kmd/decode.h"

#define EX	    0x960U /* where the second part of both private answers starts */
#define DEVICE_ID   0x744CU
#define EX_TOTAL    0x4360U
#define ATI_TOTAL   0xBC0U
#define GIB	    (1ULL << 30)
#define FAKE_NODES  10U
#define CU_COUNT    96U
#define HWS_NODES   0x3eULL
#define UNTIMED	    0x4ULL
#define COUNTER_HZ  100000000U
#define VRAM	    (24 * GIB)
#define HOST_MEMORY (16 * GIB)

static inline void put_le(uint8_t *data, uint32_t offset, uint64_t value, uint32_t width)
{
	for (uint32_t i = 0; i < width; i++)
		data[offset + i] = (uint8_t)(value >> (8 * i));
}

static inline void put16(uint8_t *data, uint32_t offset, uint32_t value)
{
	put_le(data, offset, value, 2);
}

static inline void put32(uint8_t *data, uint32_t offset, uint32_t value)
{
	put_le(data, offset, value, 4);
}

static inline void put64(uint8_t *data, uint32_t offset, uint64_t value)
{
	put_le(data, offset, value, 8);
}

static inline void fill_proxy(uint8_t *p, uint32_t block)
{
	static const char path[] = "\\Registry\\0001";

	put32(p, 0x000, 0x00010002);
	put32(p, 0x008, 1);
	put16(p, 0x00C, 0x1002);
	put16(p, 0x014, DEVICE_ID);
	put16(p, 0x01C, 0x0E3B);
	put16(p, 0x024, 0x1002);
	put32(p, 0x02C, 0);
	for (uint32_t i = 0; i < sizeof(path); i++)
		put16(p, 0x03C + 2 * i, (uint8_t)path[i]);
	put32(p, 0x860, 145);
	put32(p, 0x8B0, 0x3100);
	put32(p, 0x95C, block);
}

static inline void fill_ati(uint8_t *p)
{
	fill_proxy(p, 0x260);
	put32(p, EX + 0x02C, DEVICE_ID);
	put32(p, EX + 0x030, 145);
	put32(p, EX + 0x034, 1);
	put32(p, EX + 0x038, 0x0E3B);
	put32(p, EX + 0x054, 6);
	put32(p, EX + 0x058, 384);
	memcpy(p + EX + 0x108, "UMD\\path", 8);
	put32(p, EX + 0x250, 24);
	put32(p, EX + 0x254, 24);
	put32(p, EX + 0x258, 0x00ffffff);
}

static inline void fill_ex(uint8_t *p)
{
	static const uint8_t engines[FAKE_NODES] = {0, 4, 5, 6, 7, 9, 8, 8, 10, 11};

	fill_proxy(p, 0x3A00);
	p[EX + 0x208] = 1 << 5;
	put32(p, EX + 0x898, FAKE_NODES);
	memcpy(p + EX + 0x89C, engines, sizeof(engines));
	put32(p, EX + 0x8F0, 1500);
	put32(p, EX + 0x8F4, 550);
	put32(p, EX + 0x8F8, 1600);
	put32(p, EX + 0xA00, DEVICE_ID);
	put32(p, EX + 0xA04, 145);
	put32(p, EX + 0xA08, 1);
	put32(p, EX + 0xA0C, 2);
	put32(p, EX + 0xA10, 3);
	put32(p, EX + 0xA24, COUNTER_HZ);
	put64(p, EX + 0xA30, GIB / 4);
	put64(p, EX + 0xA38, VRAM - GIB / 4);
	put64(p, EX + 0xA40, HOST_MEMORY);
	p[EX + 0xC46] = 1 << 5;
	put32(p, EX + 0xC58, 256);
	put32(p, EX + 0xC5C, 32);
	put32(p, EX + 0xC60, 6);
	put32(p, EX + 0xC64, 4);
	put32(p, EX + 0xC68, 2);
	put32(p, EX + 0xC74, 24);
	put32(p, EX + 0xCE4, 2);
	for (uint32_t i = 0; i < 12; i++) {
		put16(p, EX + 0xD04 + 2 * i, 0x0f);
		put16(p, EX + 0xD1C + 2 * i, 0x01);
	}
	put32(p, EX + 0xD5C, 1);
	put32(p, EX + 0xD60, 32768);
	put32(p, EX + 0xD64, 16384);
	put32(p, EX + 0xD68, 262144);
	put32(p, EX + 0xD70, 6 << 20);
	put32(p, EX + 0xD84, 96);
	put64(p, EX + 0x2A08, 0x200000);
	put64(p, EX + 0x2A10, 1ULL << 47);
	p[EX + 0x2E03] = 1;
	put32(p, EX + 0x2E18, 0xFFC0 | 9);
	for (uint32_t i = 0; i < 8; i++) {
		put32(p, EX + 0x318C + 8 * i, 256);
		put32(p, EX + 0x3190 + 8 * i, 32);
	}
	put64(p, EX + 0x35C4, HWS_NODES);
	put64(p, EX + 0x35D8, UNTIMED);
}

static inline struct kmd_pci_ids fake_ids(void)
{
	return (struct kmd_pci_ids){.vendor = 0x1002,
				    .device = DEVICE_ID,
				    .subvendor = 0x1002,
				    .subsystem = 0x0E3B,
				    .revision = 0xC8,
				    .bus_type = 3};
}

/* `r` comes from kmd_replies_create. */
static inline void fill_replies(struct kmd_replies *r)
{
	fill_ex(r->ex.data);
	fill_ati(r->ati.data);
	put64(r->segments.data, 0, VRAM - VRAM / 50);
	put64(r->segments.data, 8, 0);
	put64(r->segments.data, 16, HOST_MEMORY);
	put32(r->statistics.data, 0, 4);
	put32(r->statistics.data, 4, FAKE_NODES);
	r->ex.error = r->ati.error = r->segments.error = r->statistics.error = 0;
	r->clock_error = 0;
	r->clock = (struct dxgk_gpuclockdata){
		.gpu_frequency = COUNTER_HZ, .gpu_clock_counter = 1000, .cpu_clock_counter = 100};
}

#endif
