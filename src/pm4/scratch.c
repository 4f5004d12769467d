// SPDX-License-Identifier: MIT
/* How scratch memory is told to the GPU: the ring's register and, where kernels are given one, its buffer resource. */
#include <string.h>

#include "pm4/dispatch.h"
#include "pm4/registers.h"
#include "util/compiler.h"

/* ROCr registers.h: SQ_SEL_X to SQ_SEL_W, BUF_NUM_FORMAT_UINT, BUF_DATA_FORMAT_32, BUF_FORMAT_32_UINT */
#define SEL_X		4U
#define NUM_FORMAT_UINT 4U
#define DATA_FORMAT_32	4U
#define FORMAT_32_UINT	0x14U
#define ELEMENT_4_BYTES 1U
#define STRIDE_32	2U
#define STRIDE_64	3U
#define OOB_RANGE_OFF	2U /* swizzled memory is not checked */
#define ADDRESS_BITS	48U

/* The unit of WAVESIZE (ROCr: the queue's scratch alignment; LLVM AMDGPU usage: private segment). */
static uint32_t wave_grain(enum pm4_generation generation)
{
	return generation < PM4_GFX11 ? 1024 : 256;
}

/*
 * The register for a block of `waves` times `wave_bytes`.  From gfx11 on the register counts the waves of one of the
 * shader engines, which share the block; a rest that does not divide by them stays unused.
 *
 * false: no wave (for each shader engine), too many, a size that is 0, no multiple of the unit (1 KiB; from gfx11 on
 * 256 bytes) or too large.
 */
bool pm4_tmpring(enum pm4_generation generation, uint32_t waves, uint32_t wave_bytes, uint32_t shader_engines,
		 uint32_t *tmpring)
{
	uint32_t grain, word = 0;

	*tmpring = 0;
	if ((uint32_t)generation >= PM4_GENERATION_COUNT || !shader_engines)
		return false;
	grain = wave_grain(generation);
	/* ROCr has all engines get as many on the older ones too */
	waves = generation < PM4_GFX11 ? waves - waves % shader_engines : waves / shader_engines;
	if (!waves || !wave_bytes || wave_bytes % grain)
		return false;
	if (!pm4_field_put(&pm4_word_tmpring, TMPRING_WAVES, generation, waves, &word) ||
	    !pm4_field_put(&pm4_word_tmpring, TMPRING_WAVESIZE, generation, wave_bytes / grain, &word))
		return false;
	*tmpring = word;
	return true;
}

/* Bytes of one wave, as the register has them; 0 where it lets no wave have any. */
uint32_t pm4_tmpring_wave_bytes(enum pm4_generation generation, uint32_t tmpring)
{
	if ((uint32_t)generation >= PM4_GENERATION_COUNT ||
	    !pm4_field_get(&pm4_word_tmpring, TMPRING_WAVES, generation, &tmpring))
		return 0;
	return pm4_field_get(&pm4_word_tmpring, TMPRING_WAVESIZE, generation, &tmpring) *
	       wave_grain(generation);
}

static bool put_format(enum pm4_generation generation, bool wave32, uint32_t resource[4])
{
	const struct pm4_packet *r = &pm4_word_resource;

	if (generation == PM4_GFX9)
		return pm4_field_put(r, RESOURCE_NUM_FORMAT, generation, NUM_FORMAT_UINT, resource) &&
		       pm4_field_put(r, RESOURCE_DATA_FORMAT, generation, DATA_FORMAT_32, resource) &&
		       pm4_field_put(r, RESOURCE_ELEMENT_SIZE, generation, ELEMENT_4_BYTES, resource) &&
		       pm4_field_put(r, RESOURCE_INDEX_STRIDE, generation, STRIDE_64, resource);
	if (generation == PM4_GFX10 && !pm4_field_put(r, RESOURCE_LEVEL, generation, 1, resource))
		return false;
	return pm4_field_put(r, RESOURCE_FORMAT, generation, FORMAT_32_UINT, resource) &&
	       pm4_field_put(r, RESOURCE_INDEX_STRIDE, generation, wave32 ? STRIDE_32 : STRIDE_64,
			     resource) &&
	       pm4_field_put(r, RESOURCE_OOB_SELECT, generation, OOB_RANGE_OFF, resource);
}

/*
 * The resource of `bytes` of scratch at `base`.  The stride of its swizzle is a wave's lanes, which on gfx10 and
 * later the packet processor fills in (ROCr amd_aql_queue.cpp), and that is here.  An address that is none gives a
 * resource of nothing, which reads zeros; more than 32 bits of size are said as all of them.
 */
void pm4_scratch_resource(enum pm4_generation generation, uint64_t base, uint64_t bytes, bool wave32,
			  uint32_t resource[4])
{
	const struct pm4_packet *r = &pm4_word_resource;
	bool good;

	memset(resource, 0, 4 * sizeof(resource[0]));
	if ((uint32_t)generation >= PM4_GENERATION_COUNT || base >> ADDRESS_BITS)
		return;
	good = pm4_field_put(r, RESOURCE_BASE_LOW, generation, base & UINT32_MAX, resource) &&
	       pm4_field_put(r, RESOURCE_BASE_HIGH, generation, base >> 32, resource) &&
	       pm4_field_put(r, RESOURCE_SWIZZLE_ENABLE, generation, 1, resource) &&
	       pm4_field_put(r, RESOURCE_NUM_RECORDS, generation, MIN(bytes, (uint64_t)UINT32_MAX),
			     resource) &&
	       pm4_field_put(r, RESOURCE_ADD_TID_ENABLE, generation, 1, resource) &&
	       put_format(generation, wave32, resource);
	for (uint32_t i = 0; i < 4; i++)
		good &= pm4_field_put(r, RESOURCE_DST_SEL_X + i, generation, SEL_X + i, resource);
	if (!good)
		memset(resource, 0, 4 * sizeof(resource[0]));
}
