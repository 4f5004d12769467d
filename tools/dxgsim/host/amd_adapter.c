// SPDX-License-Identifier: MIT
/*
 * Public sources: AMD ROCdbgapi (common header), RADV's WDDM2 winsys (Collabora), Terakan (Triang3l),
 * t0-gpu's WSL runtime. Offsets of the vendor parts count from the end of the common header.
 */
#include "dxgsim/host/amd_adapter.h"

#include <errno.h>
#include <string.h>

#define VENDOR_PART    AMD_QUERY_PROXY
#define PROXY_VERSION  0x00010002u
#define FUTURE_VERSION 0x00020000u
#define WDDM_3_1       0x3100u

static void put8(uint8_t *blob, uint32_t offset, uint8_t value)
{
	blob[offset] = value;
}

static void put16(uint8_t *blob, uint32_t offset, uint32_t value)
{
	uint16_t narrow = (uint16_t)value;

	memcpy(blob + offset, &narrow, sizeof(narrow));
}

static void put32(uint8_t *blob, uint32_t offset, uint32_t value)
{
	memcpy(blob + offset, &value, sizeof(value));
}

static void put64(uint8_t *blob, uint32_t offset, uint64_t value)
{
	memcpy(blob + offset, &value, sizeof(value));
}

static void put_text16(uint8_t *blob, uint32_t offset, const char *text)
{
	for (uint32_t i = 0; text[i]; i++)
		put16(blob, offset + i * 2, (uint8_t)text[i]);
}

static void fill_proxy(const struct fixture *fixture, uint8_t *blob, uint32_t size)
{
	put32(blob, 0x000, PROXY_VERSION);
	put32(blob, 0x004, 1); /* multi adapter */
	put32(blob, 0x008, 1); /* GPUs in the chain */
	put16(blob, 0x00c, fixture->vendor);
	put16(blob, 0x014, fixture->device);
	put16(blob, 0x01c, fixture->subsystem);
	put16(blob, 0x024, fixture->subvendor);
	put32(blob, 0x02c, fixture->integrated ? 1 : 0);
	put_text16(blob, 0x03c,
		   "\\Registry\\Machine\\System\\CurrentControlSet\\Control\\Class\\"
		   "{4d36e968-e325-11ce-bfc1-08002be10318}\\0001");
	put32(blob, 0x860, fixture->family);
	put32(blob, 0x874, fixture->chip_revision);
	put32(blob, 0x8b0, WDDM_3_1);
	put32(blob, 0x95c, size - AMD_QUERY_PROXY);
}

static void fill_ati(const struct fixture *fixture, uint8_t *part)
{
	uint32_t pipes = fixture->shader_engines * fixture->rbs_per_se;

	put32(part, 0x02c, fixture->device);
	put32(part, 0x030, fixture->family);
	put32(part, 0x034, fixture->external_revision);
	put32(part, 0x038, fixture->subsystem);
	put32(part, 0x054, fixture->memory_type);
	put32(part, 0x058, fixture->bus_width);
	put32(part, 0x250, pipes);
	put32(part, 0x254, pipes);
	put32(part, 0x258, pipes >= 32 ? UINT32_MAX : (1u << pipes) - 1);
}

static void fill_geometry(const struct fixture *fixture, uint8_t *part)
{
	put32(part, 0x0c58, fixture->vgprs);
	put32(part, 0x0c5c, fixture->wave_size);
	put32(part, 0x0c60, fixture->shader_engines);
	put32(part, 0x0c64, fixture->rbs_per_se);
	put32(part, 0x0c68, fixture->shader_arrays);
	put32(part, 0x0c74, fixture->tcc_blocks);
	put32(part, 0x0ce4, fixture->cus_per_wgp);
	for (uint32_t se = 0; se < FIXTURE_MAX_SE; se++) {
		for (uint32_t sa = 0; sa < FIXTURE_MAX_SA; sa++) {
			uint32_t at = (se * FIXTURE_MAX_SA + sa) * 2;

			put16(part, 0x0d04 + at, fixture->wgp_mask[se][sa]);
			put16(part, 0x0d1c + at, fixture->wgp_mask[se][sa] & 1u);
		}
	}
	put32(part, 0x0d5c, fixture->sqcs_per_wgp);
	put32(part, 0x0d60, fixture->sqc_instruction_bytes);
	put32(part, 0x0d64, fixture->sqc_data_bytes);
	put32(part, 0x0d68, fixture->gl1_bytes);
	put32(part, 0x0d70, fixture->gl2_bytes);
	put32(part, 0x0d84, fixture->mall_mib);
}

static void fill_ex(const struct fixture *fixture, uint8_t *part)
{
	put8(part, 0x0208, fixture->platform_atomics ? 1u << 5 : 0);
	put32(part, 0x0898, fixture->engine_count);
	for (uint32_t i = 0; i < fixture->engine_count; i++)
		put8(part, 0x089c + i, (uint8_t)fixture->engines[i].scheduler_id);
	put32(part, 0x08f0, fixture->me_firmware);
	put32(part, 0x08f4, fixture->mec_firmware);
	put32(part, 0x08f8, fixture->pfp_firmware);
	put32(part, 0x0a00, fixture->device);
	put32(part, 0x0a04, fixture->family);
	put32(part, 0x0a08, fixture->external_revision);
	put32(part, 0x0a0c, fixture->chip_revision);
	put32(part, 0x0a10, fixture->graphics_engine);
	put32(part, 0x0a24, (uint32_t)fixture->counter_hz);
	put64(part, 0x0a30, fixture_visible_bytes(fixture));
	put64(part, 0x0a38, fixture_invisible_bytes(fixture));
	put64(part, 0x0a40, fixture->shared_bytes);
	put8(part, 0x0c46, fixture->firmware_state ? 1u << 5 : 0);
	fill_geometry(fixture, part);
	put64(part, 0x2a08, fixture->va_start);
	put64(part, 0x2a10, fixture->va_end);
	put8(part, 0x2e03, fixture->hws ? 1 : 0);
	put32(part, 0x2e18, fixture->pte_fragment);
	for (uint32_t ip = 0; ip < 2; ip++) { /* graphics and compute */
		put32(part, 0x318c + ip * 8, fixture->ib_start);
		put32(part, 0x3190 + ip * 8, fixture->ib_size);
	}
	put64(part, 0x35c4, fixture_hws_mask(fixture));
	put64(part, 0x35d8, fixture->timeout_mask);
}

static void spoil(const struct fixture *fixture, uint8_t *blob, const uint8_t *before, uint32_t size)
{
	switch (fixture->malformed) {
	case FIXTURE_PRIVATE_GOOD:
		break;
	case FIXTURE_PRIVATE_TRUNCATED:
		memcpy(blob + size / 2, before, size - size / 2);
		break;
	case FIXTURE_PRIVATE_ZEROED:
		memset(blob, 0, size);
		break;
	case FIXTURE_PRIVATE_FLIPPED:
		if (fixture->flip_offset < size)
			blob[fixture->flip_offset] ^= (uint8_t)(1u << fixture->flip_bit);
		break;
	case FIXTURE_PRIVATE_FUTURE:
		put32(blob, 0, FUTURE_VERSION);
		break;
	case FIXTURE_PRIVATE_UNANSWERED: /* amd_adapter_query() has written nothing */
		break;
	}
}

int amd_adapter_query(const struct fixture *fixture, void *data, uint32_t size)
{
	static _Thread_local uint8_t tail[AMD_QUERY_EX];
	uint8_t *blob = data;

	if (size != AMD_QUERY_PROXY && size != AMD_QUERY_ATI && size != AMD_QUERY_EX)
		return -EINVAL;
	if (fixture->malformed == FIXTURE_PRIVATE_UNANSWERED)
		return 0;
	memcpy(tail, blob + size / 2, size - size / 2);
	memset(blob, 0, size);
	fill_proxy(fixture, blob, size);
	if (size == AMD_QUERY_ATI)
		fill_ati(fixture, blob + VENDOR_PART);
	else if (size == AMD_QUERY_EX)
		fill_ex(fixture, blob + VENDOR_PART);
	spoil(fixture, blob, tail, size);
	return 0;
}
