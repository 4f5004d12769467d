// SPDX-License-Identifier: MIT
/* Dispatches: the words on each generation, worked out by hand, and what is left out of those that follow. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pm4/dispatch.h"
#include "pm4_words.h"
#include "util/compiler.h"

#define CODE 0x0000123456789a00ULL

static const struct pm4_dispatch plain = {
	.code = CODE,
	.rsrc1 = 0x60af0041,
	.rsrc2 = 0x00ff8098, /* with an LDS size that does not count */
	.rsrc3 = 0x000003f0,
	.lds_bytes = 1025,
	.wave32 = true,
	.group = {64, 2, 3},
	.grid = {1000, 7, 0xffffffff},
	.user_data = {0x11, 0x22, 0x33, 0x44},
	.user_data_count = 4,
	.tmpring = 0x00123456,
	.scratch_base = 0x0000abcdef012300ULL,
	.cu_mask = {0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7},
};

static struct pm4_dispatch plain_on(uint32_t generation)
{
	struct pm4_dispatch dispatch = plain;

	if (generation == PM4_GFX9) {
		dispatch.wave32 = false;
		dispatch.rsrc3 = 0;
	}
	return dispatch;
}

static void begin(struct words *w, struct pm4_shadow *shadow, uint32_t generation)
{
	words_start(w, (enum pm4_generation)generation);
	memset(shadow, 0xff, sizeof(*shadow));
	pm4_shadow_forget(shadow);
}

static void the_first_dispatch_writes_all_registers(void **state)
{
	/* 3 blocks of 512 bytes of LDS at 15: 0x18000 */
	static const uint32_t gfx9[] = {
		0xc0037602, 0x207, 64,	       2,	   3,	       0xc0027602, 0x20c, 0x3456789a, 0x12,
		0xc0027602, 0x212, 0x60af0041, 0x00018098, 0xc0067602, 0x215,	   0,	  0xf0,	      0xf1,
		0x00123456, 0xf2,  0xf3,       0xc0047602, 0x240,      0x11,	   0x22,  0x33,	      0x44,
		0xc0031502, 1000,  7,	       0xffffffff, 0x25,
	};
	static const uint32_t gfx10[] = {
		0xc0037602, 0x207, 64,	       2,	   3,	       0xc0027602, 0x20c,
		0x3456789a, 0x12,  0xc0027602, 0x212,	   0x60af0041, 0x00018098, 0xc0067602,
		0x215,	    0,	   0xf0,       0xf1,	   0x00123456, 0xf2,	   0xf3,
		0xc0017602, 0x228, 0x3f0,      0xc0047602, 0x240,      0x11,	   0x22,
		0x33,	    0x44,  0xc0031502, 1000,	   7,	       0xffffffff, 0x8025,
	};
	static const uint32_t gfx11[] =
		{
			0xc0037602, 0x207,	64,	    2,		3,	    0xc0027602, 0x20c,
			0x3456789a, 0x12,	0xc0047602, 0x210,	0xcdef0123, 0xab,	0x60bf0041,
			0x00018098, /* privileged: bit 20 */
			0xc0067602, 0x215,	0,	    0xf0,	0xf1,	    0x00123456, 0xf2,
			0xf3,	    0xc0017602, 0x228,	    0x3f0,	0xc0047602, 0x22b,	0xf4,
			0xf5,	    0xf6,	0xf7,	    0xc0047602, 0x240,	    0x11,	0x22,
			0x33,	    0x44,	0xc0031502, 1000,	7,	    0xffffffff, 0x8025,
		};
	uint32_t gfx12[ARRAY_SIZE(gfx11)];
	const struct {
		const uint32_t *words;
		uint32_t count;
	} expected[] = {
		{gfx9, ARRAY_SIZE(gfx9)},
		{gfx10, ARRAY_SIZE(gfx10)},
		{gfx11, ARRAY_SIZE(gfx11)},
		{gfx12, ARRAY_SIZE(gfx12)},
	};
	struct pm4_shadow shadow;
	struct words w;

	(void)state;
	memcpy(gfx12, gfx11, sizeof(gfx12));
	gfx12[13] = 0x60af0041; /* not privileged */
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		const struct pm4_dispatch dispatch = plain_on(g);

		begin(&w, &shadow, g);
		pm4_dispatch(&w.buffer, &shadow, &dispatch);
		words_expect(&w, expected[g].words, expected[g].count);
	}
}

static void without_scratch_its_base_does_not_matter(void **state)
{
	static const uint32_t expected[] = {0xc0027602, 0x212, 0x60bf0041, 0x00018098, 0xc0067602,
					    0x215,	0,     0xf0,	   0xf1,       0};
	struct pm4_dispatch dispatch = plain;
	struct pm4_shadow shadow;
	struct words w;

	(void)state;
	dispatch.tmpring = 0;
	dispatch.scratch_base = 1; /* nothing that could be said */
	begin(&w, &shadow, PM4_GFX11);
	pm4_dispatch(&w.buffer, &shadow, &dispatch);
	assert_int_equal(w.buffer.error, 0);
	assert_memory_equal(w.at + 9, expected, sizeof(expected));
}

/* Dispatches twice and expects the words of the second. */
static void expect_second(uint32_t generation, const struct pm4_dispatch *first,
			  const struct pm4_dispatch *second, const uint32_t *expected, uint32_t count)
{
	struct pm4_shadow shadow;
	struct words w;

	begin(&w, &shadow, generation);
	pm4_dispatch(&w.buffer, &shadow, first);
	assert_int_equal(w.buffer.error, 0);
	words_start(&w, (enum pm4_generation)generation);
	pm4_dispatch(&w.buffer, &shadow, second);
	words_expect(&w, expected, count);
}

static void the_second_writes_what_changed(void **state)
{
	static const uint32_t same[] = {0xc0031502, 1000, 7, 0xffffffff, 0x8025};
	static const uint32_t kernarg[] = {0xc0027602, 0x242, 0x55,	  0x66,	 0xc0031502,
					   1000,       7,     0xffffffff, 0x8025};
	static const uint32_t grid[] = {0xc0031502, 1, 1, 1, 0x25};
	struct pm4_dispatch next = plain;

	(void)state;
	expect_second(PM4_GFX11, &plain, &plain, same, ARRAY_SIZE(same));
	next.user_data[2] = 0x55;
	next.user_data[3] = 0x66;
	expect_second(PM4_GFX11, &plain, &next, kernarg, ARRAY_SIZE(kernarg));
	next = plain;
	next.grid[0] = next.grid[1] = next.grid[2] = 1;
	next.wave32 = false;
	next.user_data_count = 0; /* what is there stays */
	expect_second(PM4_GFX12, &plain, &next, grid, ARRAY_SIZE(grid));
}

static void a_small_gap_is_cheaper_than_a_header(void **state)
{
	static const uint32_t two[] = {0xc0047602, 0x240, 0x77, 0x22, 0x33,  0x88,
				       0xc0031502, 1000,  7,	~0U,  0x8025};
	static const uint32_t three[] = {0xc0017602, 0x240, 0x77, 0xc0017602, 0x244, 0x88,
					 0xc0031502, 1000,  7,	  ~0U,	      0x8025};
	struct pm4_dispatch first = plain, next = plain;

	(void)state;
	next.user_data[0] = 0x77;
	next.user_data[3] = 0x88;
	expect_second(PM4_GFX10, &plain, &next, two, ARRAY_SIZE(two));
	first.user_data_count = next.user_data_count = 5;
	next.user_data[3] = first.user_data[3];
	next.user_data[4] = 0x88;
	expect_second(PM4_GFX10, &first, &next, three, ARRAY_SIZE(three));
}

static void a_value_that_is_back_is_written_again(void **state)
{
	static const uint32_t there[] = {0xc0017602, 0x241, 0x99};
	static const uint32_t back[] = {0xc0017602, 0x241, 0x22};
	struct pm4_dispatch other = plain;
	struct pm4_shadow shadow;
	struct words w;
	uint32_t used;

	(void)state;
	other.user_data[1] = 0x99;
	begin(&w, &shadow, PM4_GFX11);
	pm4_dispatch(&w.buffer, &shadow, &plain);
	used = w.buffer.used;
	pm4_dispatch(&w.buffer, &shadow, &other);
	assert_memory_equal(w.at + used, there, sizeof(there));
	used = w.buffer.used;
	pm4_dispatch(&w.buffer, &shadow, &plain);
	assert_memory_equal(w.at + used, back, sizeof(back));
	used = w.buffer.used;
	pm4_shadow_forget(&shadow);
	pm4_dispatch(&w.buffer, &shadow, &plain);
	assert_int_equal(w.buffer.error, 0);
	assert_int_equal(w.buffer.used - used, 43);
}

/* Same kernel and geometry, new arguments and packet; everything around it at system scope. */
static void a_repeated_dispatch_is_short(void **state)
{
	struct pm4_dispatch next = plain;
	struct pm4_shadow shadow;
	uint32_t bytes;
	struct words w;

	(void)state;
	for (uint32_t g = PM4_GFX10; g < PM4_GENERATION_COUNT; g++) {
		begin(&w, &shadow, g);
		pm4_dispatch(&w.buffer, &shadow, &plain);
		words_start(&w, (enum pm4_generation)g);
		for (uint32_t i = 0; i < 4; i++)
			next.user_data[i] = 0x100 + i;
		pm4_drain(&w.buffer);
		pm4_acquire(&w.buffer, PM4_SCOPE_SYSTEM);
		pm4_dispatch(&w.buffer, &shadow, &next);
		pm4_drain(&w.buffer);
		pm4_release(&w.buffer, PM4_SCOPE_SYSTEM);
		assert_int_equal(pm4_end(&w.buffer, &bytes), 0);
		assert_true(bytes <= 170);
		assert_int_equal(bytes, 124);
		pm4_atomic_add64(&w.buffer, 0x1000, -1);
		assert_int_equal(pm4_end(&w.buffer, &bytes), 0);
		assert_true(bytes <= 210);
		assert_int_equal(bytes, 160);
	}
}

typedef void (*spoil_fn)(struct pm4_dispatch *dispatch);

static void code_nowhere(struct pm4_dispatch *d)
{
	d->code = 0;
}
static void code_misaligned(struct pm4_dispatch *d)
{
	d->code = CODE + 128;
}
static void code_too_high(struct pm4_dispatch *d)
{
	d->code = 1ULL << 48;
}
static void group_of_nothing(struct pm4_dispatch *d)
{
	d->group[2] = 0;
}
static void group_dimension(struct pm4_dispatch *d)
{
	d->group[1] = 1025;
}
static void group_product(struct pm4_dispatch *d)
{
	d->group[2] = 9;
}
static void grid_of_nothing(struct pm4_dispatch *d)
{
	d->grid[0] = 0;
}
static void user_data(struct pm4_dispatch *d)
{
	d->user_data_count = 17;
}
static void lds(struct pm4_dispatch *d)
{
	d->lds_bytes = 511 * 512 + 1;
}
static void lds_at_the_end(struct pm4_dispatch *d)
{
	d->lds_bytes = UINT32_MAX;
}
static void no_units(struct pm4_dispatch *d)
{
	memset(d->cu_mask, 0, sizeof(d->cu_mask));
}

static void a_dispatch_that_cannot_be_said_is_refused(void **state)
{
	static const spoil_fn bad[] = {
		code_nowhere,	  code_misaligned, code_too_high,
		group_of_nothing, group_dimension, group_product,
		grid_of_nothing,  user_data,	   lds,
		lds_at_the_end,	  no_units,
	};
	struct pm4_shadow shadow;
	struct words w;

	(void)state;
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++) {
			struct pm4_dispatch dispatch = plain_on(g);

			bad[i](&dispatch);
			begin(&w, &shadow, g);
			pm4_dispatch(&w.buffer, &shadow, &dispatch);
			words_expect_refused(&w, -EINVAL);
			assert_int_equal(shadow.known, 0);
		}
	}
}

static void what_a_generation_lacks_is_refused(void **state)
{
	static const uint32_t ring_bits[] = {25, 25, 27, 30};
	static const uint64_t bases[] = {0, 0x12345680, 1ULL << 48};
	struct pm4_shadow shadow;
	struct words w;

	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		struct pm4_dispatch dispatch = plain_on(PM4_GFX9);

		dispatch.wave32 = i == 0;
		dispatch.rsrc3 = i == 1;
		begin(&w, &shadow, PM4_GFX9);
		pm4_dispatch(&w.buffer, &shadow, &dispatch);
		words_expect_refused(&w, -EINVAL);
	}
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		struct pm4_dispatch dispatch = plain_on(g);

		/* units of engines that are not there do not run anything */
		memset(dispatch.cu_mask, 0, 4 * sizeof(dispatch.cu_mask[0]));
		begin(&w, &shadow, g);
		pm4_dispatch(&w.buffer, &shadow, &dispatch);
		assert_int_equal(w.buffer.error, g < PM4_GFX11 ? -EINVAL : 0);
		for (uint32_t i = 0; i < ARRAY_SIZE(bases); i++) {
			dispatch = plain_on(g);
			dispatch.scratch_base = bases[i];
			begin(&w, &shadow, g);
			pm4_dispatch(&w.buffer, &shadow, &dispatch);
			assert_int_equal(w.buffer.error, g < PM4_GFX11 ? 0 : -EINVAL);
		}
		for (uint32_t bits = 24; bits < 32; bits++) {
			dispatch = plain_on(g);
			dispatch.tmpring |= 1U << bits;
			begin(&w, &shadow, g);
			pm4_dispatch(&w.buffer, &shadow, &dispatch);
			assert_int_equal(w.buffer.error, bits < ring_bits[g] ? 0 : -EINVAL);
		}
	}
}

static void limits_are_reached(void **state)
{
	struct pm4_dispatch dispatch = plain;
	struct pm4_shadow shadow;
	struct words w;

	(void)state;
	dispatch.code = (1ULL << 48) - 256;
	dispatch.lds_bytes = 511 * 512;
	dispatch.rsrc2 = 0;
	dispatch.group[0] = 1024;
	dispatch.group[1] = dispatch.group[2] = 1;
	dispatch.user_data_count = PM4_USER_DATA_MAX;
	begin(&w, &shadow, PM4_GFX12);
	pm4_dispatch(&w.buffer, &shadow, &dispatch);
	assert_int_equal(w.buffer.error, 0);
	assert_int_equal(w.at[2], 1024);
	assert_int_equal(w.at[7], 0xffffffff);
	assert_int_equal(w.at[8], 0xff);
	assert_int_equal(w.at[14], 0x00ff8000);
}

static void without_room_nothing_is_there(void **state)
{
	struct pm4_shadow shadow;
	uint32_t bytes;
	struct words w;

	(void)state;
	begin(&w, &shadow, PM4_GFX11);
	w.buffer.capacity = 43;
	pm4_dispatch(&w.buffer, &shadow, &plain);
	assert_int_equal(pm4_end(&w.buffer, &bytes), 0);
	for (uint32_t capacity = 0; capacity < 43; capacity++) {
		begin(&w, &shadow, PM4_GFX11);
		w.buffer.capacity = capacity;
		pm4_dispatch(&w.buffer, &shadow, &plain);
		assert_int_equal(pm4_end(&w.buffer, &bytes), -ENOSPC);
		assert_int_equal(w.buffer.used, 0);
		assert_int_equal(shadow.known, 0);
		assert_int_equal(w.at[capacity], UNTOUCHED);
	}
}

#define RUN_REGISTERS 0x280U

/* Plays SET_SH_REG on `registers` up to the dispatch that ends the words; the initiator is returned. */
static uint32_t play(uint32_t *registers, const uint32_t *words, uint32_t count)
{
	uint32_t at = 0;

	while (at + 5 < count) {
		uint32_t length = (words[at] >> 16 & 0x3fff) + 2;

		assert_int_equal(words[at] & 0xc000ffff, 0xc0007602);
		assert_true(words[at + 1] + length - 2 <= RUN_REGISTERS);
		for (uint32_t i = 2; i < length; i++)
			registers[words[at + 1] + i - 2] = words[at + i];
		at += length;
	}
	assert_int_equal(at + 5, count);
	assert_int_equal(words[at], 0xc0031502);
	return words[at + 4];
}

static struct pm4_dispatch some_dispatch(unsigned *seed)
{
	struct pm4_dispatch d = plain;

	d.code += 256U * ((uint32_t)rand_r(seed) % 2);
	d.rsrc1 += (uint32_t)rand_r(seed) % 2;
	d.rsrc2 = (uint32_t)rand_r(seed) % 3;
	d.rsrc3 = (uint32_t)rand_r(seed) % 3;
	d.group[0] = 1 + (uint32_t)rand_r(seed) % 2;
	d.group[2] = 1 + (uint32_t)rand_r(seed) % 2;
	d.tmpring = (uint32_t)rand_r(seed) % 2;
	d.scratch_base += 256U * ((uint32_t)rand_r(seed) % 2);
	d.cu_mask[1] = (uint32_t)rand_r(seed) % 2;
	d.cu_mask[6] = (uint32_t)rand_r(seed) % 2;
	d.user_data_count = (uint32_t)rand_r(seed) % 17;
	for (uint32_t i = 0; i < PM4_USER_DATA_MAX; i++)
		d.user_data[i] = (uint32_t)rand_r(seed) % 2;
	return d;
}

/* However much is left out, the registers are right when a dispatch starts. */
static void registers_are_right_at_every_dispatch(void **state)
{
	uint32_t registers[RUN_REGISTERS];
	struct pm4_shadow shadow;
	unsigned seed = 4711;
	struct words w;

	(void)state;
	for (uint32_t round = 0; round < 2000; round++) {
		if (round % 100 == 0) {
			pm4_shadow_forget(&shadow);
			memset(registers, 0xa5, sizeof(registers));
		}
		const struct pm4_dispatch d = some_dispatch(&seed);

		words_start(&w, PM4_GFX11);
		pm4_dispatch(&w.buffer, &shadow, &d);
		assert_int_equal(w.buffer.error, 0);
		assert_int_equal(play(registers, w.at, w.buffer.used), 0x8025);
		for (uint32_t i = 0; i < 3; i++)
			assert_int_equal(registers[0x207 + i], d.group[i]);
		assert_int_equal(registers[0x20c], d.code >> 8 & 0xffffffff);
		assert_int_equal(registers[0x20d], d.code >> 40);
		if (d.tmpring) {
			assert_int_equal(registers[0x210], d.scratch_base >> 8 & 0xffffffff);
			assert_int_equal(registers[0x211], d.scratch_base >> 40);
		}
		assert_int_equal(registers[0x212], d.rsrc1 | 1 << 20);
		assert_int_equal(registers[0x213], d.rsrc2 | 3 << 15);
		assert_int_equal(registers[0x215], 0);
		assert_int_equal(registers[0x218], d.tmpring);
		assert_int_equal(registers[0x228], d.rsrc3);
		for (uint32_t i = 0; i < 8; i++)
			assert_int_equal(registers[i < 2   ? 0x216 + i
						   : i < 4 ? 0x217 + i
							   : 0x227 + i],
					 d.cu_mask[i]);
		for (uint32_t i = 0; i < d.user_data_count; i++)
			assert_int_equal(registers[0x240 + i], d.user_data[i]);
	}
}

static void the_scratch_ring_is_said_in_its_units(void **state)
{
	static const struct {
		enum pm4_generation generation;
		uint32_t waves, wave_bytes, engines, tmpring; /* 0: cannot be said */
	} cases[] = {
		{PM4_GFX9, 640, 8192, 4, 640 | 8 << 12},
		{PM4_GFX10, 640, 1024, 2, 640 | 1 << 12},
		{PM4_GFX10, 641, 1024, 2, 640 | 1 << 12}, /* as many for every engine */
		{PM4_GFX10, 4095, 8191 * 1024, 1, 4095 | 8191 << 12},
		{PM4_GFX10, 4096, 1024, 1, 0},
		{PM4_GFX10, 1, 8192 * 1024, 1, 0},
		{PM4_GFX10, 1, 512, 1, 0},
		{PM4_GFX11, 1536, 256, 6, 256 | 1 << 12},
		{PM4_GFX11, 1537, 512, 6, 256 | 2 << 12},
		{PM4_GFX11, 4095 * 6, 32767 * 256, 6, 4095 | 32767 << 12},
		{PM4_GFX11, 4096 * 6, 256, 6, 0},
		{PM4_GFX11, 6, 32768 * 256, 6, 0},
		{PM4_GFX11, 5, 256, 6, 0}, /* none for some */
		{PM4_GFX11, 6, 128, 6, 0},
		{PM4_GFX12, 4, 262143 * 256, 4, 1 | 262143 << 12},
		{PM4_GFX12, 4, 262144 * 256, 4, 0},
		{PM4_GFX12, 4, 0, 4, 0},
		{PM4_GFX12, 0, 256, 4, 0},
		{PM4_GFX12, 4, 256, 0, 0},
		{PM4_GENERATION_COUNT, 4, 256, 4, 0},
	};

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t tmpring = 1;
		bool said = pm4_tmpring(cases[i].generation, cases[i].waves, cases[i].wave_bytes,
					cases[i].engines, &tmpring);

		assert_int_equal(said, cases[i].tmpring != 0);
		assert_int_equal(tmpring, cases[i].tmpring);
		if (said)
			assert_int_equal(pm4_tmpring_wave_bytes(cases[i].generation, tmpring),
					 cases[i].wave_bytes);
	}
	assert_int_equal(pm4_tmpring_wave_bytes(PM4_GFX11, 0), 0);
	assert_int_equal(pm4_tmpring_wave_bytes(PM4_GFX11, 1u << 12), 0); /* of no wave */
	assert_int_equal(pm4_tmpring_wave_bytes(PM4_GENERATION_COUNT, 0xffffffff), 0);
}

/* ROCr's descriptors, with the stride that it leaves to the packet processor. */
static void the_scratch_resource_is_that_of_rocr(void **state)
{
	static const uint32_t high[] = {0x80001234, 0x80001234, 0x40001234, 0x40001234};
	static const uint32_t wave32[] = {0x00ea4fac, 0x21c14fac, 0x20c14fac, 0x20c14fac};
	static const uint32_t wave64[] = {0x00ea4fac, 0x21e14fac, 0x20e14fac, 0x20e14fac};
	static const uint32_t nothing[4];

	(void)state;
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		const uint32_t expected[] = {0x56780000, high[g], 0x00400000, wave32[g]};
		uint32_t resource[4];

		pm4_scratch_resource((enum pm4_generation)g, 0x123456780000, 0x400000, true, resource);
		assert_memory_equal(resource, expected, sizeof(expected));
		pm4_scratch_resource((enum pm4_generation)g, 0x123456780000, 1ULL << 33, false, resource);
		assert_int_equal(resource[2], UINT32_MAX);
		assert_int_equal(resource[3], wave64[g]);
		pm4_scratch_resource((enum pm4_generation)g, 1ULL << 48, 256, false, resource);
		assert_memory_equal(resource, nothing, sizeof(nothing));
		pm4_scratch_resource(PM4_GENERATION_COUNT, 0x1000, 256, false, resource);
		assert_memory_equal(resource, nothing, sizeof(nothing));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_dispatch_writes_all_registers),
		cmocka_unit_test(without_scratch_its_base_does_not_matter),
		cmocka_unit_test(the_second_writes_what_changed),
		cmocka_unit_test(a_small_gap_is_cheaper_than_a_header),
		cmocka_unit_test(a_value_that_is_back_is_written_again),
		cmocka_unit_test(a_repeated_dispatch_is_short),
		cmocka_unit_test(a_dispatch_that_cannot_be_said_is_refused),
		cmocka_unit_test(what_a_generation_lacks_is_refused),
		cmocka_unit_test(limits_are_reached),
		cmocka_unit_test(without_room_nothing_is_there),
		cmocka_unit_test(registers_are_right_at_every_dispatch),
		cmocka_unit_test(the_scratch_ring_is_said_in_its_units),
		cmocka_unit_test(the_scratch_resource_is_that_of_rocr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
