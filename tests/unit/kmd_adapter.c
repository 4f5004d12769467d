// SPDX-License-Identifier: MIT
/* The adapter decoder and its self-checks, on made-up replies: no ioctl happens here. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "kmd/check.h"
#include "kmd_blobs.h"
#include "util/compiler.h"
#include "util/log.h"

struct fixture {
	struct kmd_replies replies;
	struct kmd_pci_ids ids;
	struct kmd_expected expected;
	struct kmd_adapter adapter;
	struct kmd_failure why;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f || kmd_replies_create(&f->replies)) {
		free(f);
		return -1;
	}
	f->ids = fake_ids();
	f->expected.compute_units = CU_COUNT;
	fill_replies(&f->replies);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	kmd_replies_destroy(&f->replies);
	free(f);
	return 0;
}

/* A message begins with the name of its rule. */
static void assert_named(const struct kmd_failure *why)
{
	size_t length = strlen(kmd_rule_name(why->rule));

	if (why->rule && (strncmp(why->text, kmd_rule_name(why->rule), length) || why->text[length] != ':'))
		fail_msg("rule %u says \"%s\"", why->rule, why->text);
}

static int decode(struct fixture *f)
{
	int ret = kmd_adapter_decode(&f->replies, &f->ids, &f->expected, &f->adapter, &f->why);

	assert_named(&f->why);
	for (uint32_t i = 0; i < f->adapter.note_count; i++)
		assert_named(&f->adapter.notes[i]);
	return ret;
}

static void reset(struct fixture *f)
{
	kmd_reply_prepare(&f->replies.ex);
	kmd_reply_prepare(&f->replies.ati);
	kmd_reply_prepare(&f->replies.segments);
	kmd_reply_prepare(&f->replies.statistics);
	fill_replies(&f->replies);
	f->ids = fake_ids();
}

static void valid_replies_are_decoded(void **state)
{
	struct fixture *f = *state;
	const struct kmd_adapter *a = &f->adapter;

	assert_int_equal(decode(f), 0);
	assert_int_equal(f->why.rule, 0);
	assert_int_equal(a->note_count, 0);
	assert_true(a->discrete);
	assert_int_equal(a->pci.device, DEVICE_ID);
	assert_int_equal(a->pci.revision, 0xC8);
	assert_int_equal(a->family, 145);
	assert_int_equal(a->external_revision, 1);
	assert_int_equal(a->chip_revision, 2);
	assert_int_equal(a->gfx_engine_id, 3);
	assert_int_equal(a->subsystem_id, 0x0E3B);
	assert_int_equal(a->wddm_version, 0x3100);
	assert_int_equal(a->me_firmware, 1500);
	assert_int_equal(a->mec_firmware, 550);
	assert_int_equal(a->pfp_firmware, 1600);
	assert_string_equal(a->registry_path, "\\Registry\\0001");
	assert_string_equal(a->umd_registry_path, "UMD\\path");
	assert_int_equal(a->node_count, FAKE_NODES);
	assert_int_equal(a->segment_count, 4);
	assert_int_equal(a->engine_count, FAKE_NODES);
	assert_int_equal(a->graphics_node, 0);
	assert_int_equal(a->sdma_node[0], 1);
	assert_int_equal(a->compute_node, 2);
	assert_int_equal(a->sdma_node[1], 4);
	/* node 3 has an unknown engine, node 5 a video one */
	assert_int_equal(a->hws_mask, 0x16);
	assert_int_equal(a->no_timeout_mask, UNTIMED);
	assert_true(a->firmware_managed_state);
	assert_true(a->pcie_atomics);
	assert_int_equal(a->vram_visible, GIB / 4);
	assert_int_equal(a->vram_invisible, VRAM - GIB / 4);
	assert_int_equal(a->non_local, HOST_MEMORY);
	assert_int_equal(a->dedicated_video, VRAM - VRAM / 50);
	assert_int_equal(a->shared_system, HOST_MEMORY);
	assert_int_equal(a->va_base, 0x200000);
	assert_int_equal(a->va_limit, 1ULL << 47);
	assert_int_equal(a->pte_fragment, 2 << 20);
	assert_int_equal(a->ib_alignment[KMD_IP_COMPUTE].start, 256);
	assert_int_equal(a->ib_alignment[KMD_IP_COMPUTE].size, 32);
	assert_int_equal(a->shader_engines, 6);
	assert_int_equal(a->arrays_per_engine, 2);
	assert_int_equal(a->cus_per_wgp, 2);
	assert_int_equal(a->compute_units, CU_COUNT);
	assert_int_equal(a->wave_size, 32);
	assert_int_equal(a->wgp_active[5][1], 0x0f);
	assert_int_equal(a->wgp_always_on[5][1], 0x01);
	assert_int_equal(a->vgprs, 256);
	assert_int_equal(a->rbs_per_engine, 4);
	assert_int_equal(a->rb_pipes, 24);
	assert_int_equal(a->rb_mask, 0xffffff);
	assert_int_equal(a->gl1_bytes, 262144);
	assert_int_equal(a->gl2_bytes, 6 << 20);
	assert_int_equal(a->gl2_channels, 24);
	assert_int_equal(a->mall_mib, 96);
	assert_int_equal(a->sqc_instruction_bytes, 32768);
	assert_int_equal(a->sqc_data_bytes, 16384);
	assert_int_equal(a->sqcs_per_wgp, 1);
	assert_int_equal(a->vram_type, KMD_VRAM_GDDR6);
	assert_int_equal(a->bus_width_bits, 384);
	assert_int_equal(a->counter_hz, COUNTER_HZ);
	assert_int_equal(a->clock.gpu_clock_counter, 1000);
	assert_false(a->degraded_geometry);
	assert_true(a->geometry_trusted);
	for (uint32_t i = 0; i < KMD_FIELD_COUNT; i++)
		assert_int_equal(kmd_adapter_has(a, (enum kmd_field)i), i != KMD_FIELD_DRIVER_VERSION);
}

static void integrated_adapter_is_exempt_from_vram_size_and_atomics_bit(void **state)
{
	struct fixture *f = *state;

	put32(f->replies.ex.data, 0x2C, 1);
	put32(f->replies.ati.data, 0x2C, 1);
	f->replies.ex.data[EX + 0x208] = 0;
	put64(f->replies.ex.data, EX + 0xA30, GIB / 2);
	put64(f->replies.ex.data, EX + 0xA38, 0);
	put64(f->replies.segments.data, 0, 0);
	assert_int_equal(decode(f), 0);
	assert_false(f->adapter.discrete);
	assert_true(f->adapter.pcie_atomics);
	assert_false(kmd_adapter_has(&f->adapter, KMD_FIELD_PCIE_ATOMICS));
	assert_int_equal(f->adapter.vram_visible, GIB / 2);
}

static void discrete_adapter_without_the_atomics_bit_has_none(void **state)
{
	struct fixture *f = *state;

	f->replies.ex.data[EX + 0x208] = 0xDF;
	assert_int_equal(decode(f), 0);
	assert_false(f->adapter.pcie_atomics);
}

/* One change to good replies, and the rule that must find it. */
struct damage {
	const char *what;
	uint32_t rule;
	enum { IN_EX, IN_ATI, IN_SEGMENTS, IN_STATISTICS, IN_CLOCK } where;
	uint32_t offset;
	uint64_t value;
	uint32_t width;
};

static const struct damage hiding[] = {
	{"proxy major version 2", 2, IN_EX, 0x000, 0x00020000, 4},
	{"proxy major version 0", 2, IN_ATI, 0x000, 0x00000002, 4},
	{"no chained GPU", 2, IN_EX, 0x008, 0, 4},
	{"five chained GPUs", 2, IN_EX, 0x008, 5, 4},
	{"foreign vendor", 2, IN_EX, 0x00C, 0x10DE, 2},
	{"foreign vendor in the second answer", 2, IN_ATI, 0x00C, 0x10DE, 2},
	{"other device in the proxy", 2, IN_EX, 0x014, 0x7448, 2},
	{"driver id proxy", 2, IN_EX, 0x02C, 2, 4},
	{"the answers disagree about integrated", 2, IN_ATI, 0x02C, 1, 4},
	{"block size of the other answer", 2, IN_EX, 0x95C, 0x260, 4},
	{"block size of a newer driver", 2, IN_ATI, 0x95C, 0x280, 4},
	{"device id moved in ATI", 3, IN_ATI, EX + 0x02C, 145, 4},
	{"device id moved in EX", 3, IN_EX, EX + 0xA00, 0, 4},
	{"too many engines", 4, IN_EX, EX + 0x898, 65, 4},
	{"no compute engine", 4, IN_EX, EX + 0x89C + 2, 6, 1},
	{"two compute engines", 4, IN_EX, EX + 0x89C + 3, 5, 1},
	{"scheduler id 16", 4, IN_EX, EX + 0x89C + 5, 16, 1},
	{"engine beyond the nodes", 4, IN_STATISTICS, 4, 2, 4},
	{"counter of 0 Hz", 5, IN_EX, EX + 0xA24, 0, 4},
	{"counter of 999999 Hz", 5, IN_EX, EX + 0xA24, 999999, 4},
	{"counter of 1000000001 Hz", 5, IN_EX, EX + 0xA24, 1000000001, 4},
	{"counter 2 % off the calibration", 5, IN_CLOCK, 0, 102000000, 8},
	{"VRAM beyond 2^44", 6, IN_EX, EX + 0xA30, UINT64_MAX, 8},
	{"half of the VRAM missing", 6, IN_EX, EX + 0xA38, VRAM / 2, 8},
	{"no dedicated memory", 6, IN_SEGMENTS, 0, 0, 8},
	{"non-local beyond 2^44", 6, IN_EX, EX + 0xA40, (1ULL << 44) + 1, 8},
	{"write behind the 0x4360 buffer", 12, IN_EX, EX_TOTAL, 0, 1},
	{"write behind the 0xBC0 buffer", 12, IN_ATI, 2 * ATI_TOTAL - 1, 0, 1},
	{"write behind the segment sizes", 12, IN_SEGMENTS, 24, 0, 8},
};

static void apply(struct fixture *f, const struct damage *d)
{
	uint8_t *data[] = {f->replies.ex.data, f->replies.ati.data, f->replies.segments.data,
			   f->replies.statistics.data, (uint8_t *)&f->replies.clock};

	put_le(data[d->where], d->offset, d->value, d->width);
}

static void each_broken_rule_hides_the_adapter_by_its_number(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(hiding); i++) {
		static const struct kmd_adapter nothing;

		reset(f);
		apply(f, &hiding[i]);
		if (decode(f) != -EPROTO || f->why.rule != hiding[i].rule)
			fail_msg("%s: rule %u (%s), expected %u", hiding[i].what, f->why.rule, f->why.text,
				 hiding[i].rule);
		assert_true(strlen(f->why.text) > 0);
		assert_memory_equal(&f->adapter, &nothing, sizeof(nothing));
	}
}

static void unanswered_queries_are_rule_1(void **state)
{
	struct fixture *f = *state;
	struct kmd_reply *replies[] = {&f->replies.ex, &f->replies.ati, &f->replies.segments};

	for (size_t i = 0; i < ARRAY_SIZE(replies); i++) {
		/* success without an answer, as hosts with an old VMBus interface do it */
		reset(f);
		kmd_reply_prepare(replies[i]);
		replies[i]->error = 0;
		assert_int_equal(decode(f), -EPROTO);
		assert_int_equal(f->why.rule, 1);
		reset(f);
		replies[i]->error = -EINVAL;
		assert_int_equal(decode(f), -EINVAL);
		assert_int_equal(f->why.rule, 1);
	}
}

static void truncated_replies_are_refused(void **state)
{
	struct fixture *f = *state;

	for (uint32_t size = 0; size < EX_TOTAL; size += 13) {
		reset(f);
		memset(f->replies.ex.data + size, 0, EX_TOTAL - size);
		if (decode(f) == 0)
			assert_true(size > EX + 0xA27 && (f->adapter.degraded_geometry || size > EX + 0xD04));
		/* the same, as a reply that is known to be short */
		reset(f);
		f->replies.ex.size = size;
		assert_int_equal(decode(f), -EPROTO);
		f->replies.ex.size = EX_TOTAL;
	}
	for (uint32_t size = 0; size < ATI_TOTAL; size += 13) {
		reset(f);
		f->replies.ati.size = size;
		assert_int_equal(decode(f), -EPROTO);
		f->replies.ati.size = ATI_TOTAL;
	}
}

static void geometry_that_is_none_degrades(void **state)
{
	static const struct damage degrading[] = {
		{"no engines", 7, IN_EX, EX + 0xC60, 0, 4},
		{"nine engines", 7, IN_EX, EX + 0xC60, 9, 4},
		{"three arrays", 7, IN_EX, EX + 0xC68, 3, 4},
		{"no arrays", 7, IN_EX, EX + 0xC68, 0, 4},
		{"no CU per WGP", 7, IN_EX, EX + 0xCE4, 0, 4},
		{"3 CUs per WGP", 7, IN_EX, EX + 0xCE4, 3, 4},
		{"waves of 16", 7, IN_EX, EX + 0xC5C, 16, 4},
		{"huge", 7, IN_EX, EX + 0xCE4, UINT32_MAX, 4},
		{"map outside arrays", 7, IN_EX, EX + 0xC68, 1, 4},
		{"map full", 7, IN_EX, EX + 0xD04, UINT64_MAX, 8},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(degrading); i++) {
		reset(f);
		apply(f, &degrading[i]);
		if (decode(f) || !f->adapter.degraded_geometry || f->adapter.note_count != 1 ||
		    f->adapter.notes[0].rule != 7)
			fail_msg("%s: rule %u (%s)", degrading[i].what, f->why.rule, f->why.text);
		assert_false(kmd_adapter_has(&f->adapter, KMD_FIELD_GEOMETRY));
		assert_false(f->adapter.geometry_trusted);
		assert_int_equal(f->adapter.compute_units, 0);
		assert_int_equal(f->adapter.wgp_active[0][0], 0);
		/* no table to fall back on */
		assert_int_equal(kmd_adapter_decode(&f->replies, &f->ids, NULL, &f->adapter, &f->why),
				 -EPROTO);
		assert_int_equal(f->why.rule, 14);
	}
}

static void odd_compute_units_need_the_table(void **state)
{
	struct fixture *f = *state;

	put32(f->replies.ex.data, EX + 0xCE4, 1);
	put16(f->replies.ex.data, EX + 0xD04, 0x07);
	f->expected.compute_units = 47;
	assert_int_equal(decode(f), 0);
	assert_false(f->adapter.degraded_geometry);
	assert_int_equal(f->adapter.compute_units, 47);
	f->expected.compute_units = 48;
	assert_int_equal(decode(f), 0);
	assert_true(f->adapter.degraded_geometry);
}

static void unknown_id_needs_a_proven_layout(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(kmd_adapter_decode(&f->replies, &f->ids, NULL, &f->adapter, &f->why), 0);
	assert_true(f->adapter.geometry_trusted);
	f->replies.clock_error = -ENOTTY;
	assert_int_equal(decode(f), 0);
	assert_false(f->adapter.geometry_trusted);
	assert_int_equal(kmd_adapter_decode(&f->replies, &f->ids, NULL, &f->adapter, &f->why), -EPROTO);
	assert_int_equal(f->why.rule, 14);
}

static void masks_of_missing_nodes_are_ignored(void **state)
{
	struct fixture *f = *state;

	put64(f->replies.ex.data, EX + 0x35C4, 1ULL << FAKE_NODES);
	assert_int_equal(decode(f), 0);
	assert_int_equal(f->adapter.hws_mask, 0);
	assert_int_equal(f->adapter.note_count, 1);
	assert_int_equal(f->adapter.notes[0].rule, 8);
	assert_false(kmd_adapter_has(&f->adapter, KMD_FIELD_HWS_MASK));
	reset(f);
	put64(f->replies.ex.data, EX + 0x35D8, UINT64_MAX);
	assert_int_equal(decode(f), 0);
	assert_int_equal(f->adapter.no_timeout_mask, 0);
	assert_int_equal(f->adapter.notes[0].rule, 8);
	assert_int_equal(f->adapter.hws_mask, 0x16);
}

static void mask_that_means_nothing_is_not_read(void **state)
{
	struct fixture *f = *state;

	f->replies.ex.data[EX + 0x2E03] = 0xFE;
	put64(f->replies.ex.data, EX + 0x35C4, UINT64_MAX);
	assert_int_equal(decode(f), 0);
	assert_int_equal(f->adapter.hws_mask, 0);
	assert_int_equal(f->adapter.note_count, 0);
}

static void address_range_that_is_none_is_ignored(void **state)
{
	static const uint64_t ranges[][2] = {
		{1ULL << 47, 1ULL << 47}, {2, 1}, {0, (1ULL << 48) + 1}, {UINT64_MAX, UINT64_MAX}};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		reset(f);
		put64(f->replies.ex.data, EX + 0x2A08, ranges[i][0]);
		put64(f->replies.ex.data, EX + 0x2A10, ranges[i][1]);
		assert_int_equal(decode(f), 0);
		assert_int_equal(f->adapter.va_limit, 0);
		assert_int_equal(f->adapter.note_count, 1);
		assert_int_equal(f->adapter.notes[0].rule, 9);
		assert_false(kmd_adapter_has(&f->adapter, KMD_FIELD_VA_RANGE));
	}
}

static void absent_optional_answers_are_tolerated(void **state)
{
	struct fixture *f = *state;

	f->replies.statistics.error = -ENOENT;
	f->replies.clock_error = -EPERM;
	put64(f->replies.ex.data, EX + 0xA30, 0);
	put64(f->replies.ex.data, EX + 0xA38, 0);
	put64(f->replies.ex.data, EX + 0xA40, 0);
	put32(f->replies.ex.data, EX + 0x898, 0);
	put32(f->replies.ex.data, EX + 0xD70, 0);
	put32(f->replies.ex.data, EX + 0xD84, 0);
	put32(f->replies.ati.data, EX + 0x058, 383);
	put32(f->replies.ati.data, EX + 0x054, 99);
	assert_int_equal(decode(f), 0);
	assert_int_equal(f->adapter.engine_count, FAKE_NODES);
	assert_int_equal(f->adapter.node_count, FAKE_NODES);
	assert_int_equal(f->adapter.graphics_node, 0);
	assert_int_equal(f->adapter.vram_visible, VRAM - VRAM / 50);
	assert_int_equal(f->adapter.vram_invisible, 0);
	assert_int_equal(f->adapter.non_local, HOST_MEMORY);
	assert_int_equal(f->adapter.bus_width_bits, 0);
	assert_int_equal(f->adapter.vram_type, KMD_VRAM_UNKNOWN);
	assert_false(kmd_adapter_has(&f->adapter, KMD_FIELD_ENGINE_COUNT));
	assert_false(kmd_adapter_has(&f->adapter, KMD_FIELD_NODE_COUNT));
	assert_false(kmd_adapter_has(&f->adapter, KMD_FIELD_VRAM_HEAPS));
	assert_false(kmd_adapter_has(&f->adapter, KMD_FIELD_NON_LOCAL));
	assert_false(kmd_adapter_has(&f->adapter, KMD_FIELD_CLOCK_CALIBRATION));
	assert_false(kmd_adapter_has(&f->adapter, KMD_FIELD_MALL));
	assert_false(kmd_adapter_has(&f->adapter, KMD_FIELD_BUS_WIDTH));
}

static void no_single_flipped_bit_yields_an_unchecked_adapter(void **state)
{
	struct fixture *f = *state;

	for (uint32_t bit = 0; bit < EX_TOTAL * 8; bit += 3) {
		reset(f);
		f->replies.ex.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (decode(f)) {
			assert_in_range(f->why.rule, 1, 14);
			continue;
		}
		assert_int_equal(f->adapter.compute_node, 2);
		assert_in_range(f->adapter.counter_hz, 99000000, 101000000);
		assert_true(f->adapter.degraded_geometry || f->adapter.compute_units <= 128);
		assert_int_equal(f->adapter.hws_mask >> FAKE_NODES, 0);
		assert_true(f->adapter.va_limit <= 1ULL << 48);
	}
}

static void random_bytes_never_pass(void **state)
{
	struct fixture *f = *state;
	uint64_t seed = 88172645463325252ULL;

	for (int round = 0; round < 200; round++) {
		uint8_t *data[] = {f->replies.ex.data, f->replies.ati.data, f->replies.segments.data,
				   f->replies.statistics.data};
		size_t sizes[] = {EX_TOTAL, ATI_TOTAL, 24, 776};

		for (size_t i = 0; i < ARRAY_SIZE(data); i++) {
			for (size_t at = 0; at < sizes[i]; at++) {
				seed ^= seed << 13;
				seed ^= seed >> 7;
				seed ^= seed << 17;
				data[i][at] = (uint8_t)seed;
			}
		}
		assert_int_equal(decode(f), -EPROTO);
		assert_int_equal(f->why.rule, 2);
	}
}

static void the_rules_are_those_documented(void **state)
{
	static const uint32_t numbers[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 14};

	(void)state;
	assert_int_equal(kmd_rule_count, ARRAY_SIZE(numbers));
	for (uint32_t i = 0; i < kmd_rule_count; i++) {
		assert_int_equal(kmd_rules[i].number, numbers[i]);
		assert_non_null(kmd_rules[i].check);
	}
	for (uint32_t i = 0; i < KMD_FIELD_COUNT; i++)
		assert_non_null(kmd_field_name((enum kmd_field)i));
	for (uint32_t i = 0; i <= KMD_VRAM_HBM4; i++)
		assert_non_null(kmd_vram_type_name((enum kmd_vram_type)i));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(valid_replies_are_decoded),
		TEST(integrated_adapter_is_exempt_from_vram_size_and_atomics_bit),
		TEST(discrete_adapter_without_the_atomics_bit_has_none),
		TEST(each_broken_rule_hides_the_adapter_by_its_number),
		TEST(unanswered_queries_are_rule_1),
		TEST(truncated_replies_are_refused),
		TEST(geometry_that_is_none_degrades),
		TEST(odd_compute_units_need_the_table),
		TEST(unknown_id_needs_a_proven_layout),
		TEST(masks_of_missing_nodes_are_ignored),
		TEST(mask_that_means_nothing_is_not_read),
		TEST(address_range_that_is_none_is_ignored),
		TEST(absent_optional_answers_are_tolerated),
		TEST(no_single_flipped_bit_yields_an_unchecked_adapter),
		TEST(random_bytes_never_pass),
		TEST(the_rules_are_those_documented),
	};

	log_set_level(LOG_NONE);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
