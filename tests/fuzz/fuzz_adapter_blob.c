// SPDX-License-Identifier: MIT
/*
 * libFuzzer target: the adapter decoder and its checks on whatever a host may answer.
 *
 * An input is a list of patches {u16 where, u8 length, bytes} over replies that would pass, so that the
 * fuzzer gets behind the first check; its first byte chooses what else is odd about the replies.
 */
#include <errno.h>
#include <stdlib.h>

#include "../unit/kmd_blobs.h"
#include "kmd/check.h"
#include "util/log.h"

#define REQUIRE(x)               \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

enum oddity {
	UNKNOWN_DEVICE = 1 << 0,
	SHORT_EX = 1 << 1,
	SHORT_ATI = 1 << 2,
	NO_STATISTICS = 1 << 3,
	NO_CLOCK = 1 << 4,
	INTEGRATED = 1 << 5,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void patch(struct kmd_replies *r, const uint8_t *data, size_t size)
{
	struct kmd_reply *replies[] = {&r->ex, &r->ati, &r->segments, &r->statistics};

	while (size > 3) {
		size_t where = (size_t)data[0] | (size_t)data[1] << 8;
		size_t length = data[2] & 31U;
		struct kmd_reply *reply = replies[data[2] >> 6];

		data += 3;
		size -= 3;
		length = length < size ? length : size;
		for (size_t i = 0; i < length; i++)
			reply->data[(where + i) % reply->capacity] = data[i];
		data += length;
		size -= length;
	}
}

static void verify(const struct kmd_adapter *a)
{
	REQUIRE(a->pci.vendor == 0x1002);
	REQUIRE(a->compute_node < a->node_count && a->compute_node < KMD_MAX_ENGINES);
	REQUIRE(a->engine_count <= KMD_MAX_ENGINES);
	REQUIRE(a->engines[a->compute_node] == KMD_ENGINE_COMPUTE0);
	REQUIRE(a->counter_hz >= 1000000 && a->counter_hz <= 1000000000);
	REQUIRE(a->vram_visible <= 1ULL << 44 && a->vram_invisible <= 1ULL << 44 &&
		a->non_local <= 1ULL << 44);
	REQUIRE(a->degraded_geometry || (a->compute_units >= 1 && a->compute_units <= 128));
	REQUIRE(!a->degraded_geometry || !a->compute_units);
	REQUIRE(a->node_count >= 64 || (a->hws_mask | a->no_timeout_mask) >> a->node_count == 0);
	REQUIRE(a->va_base < a->va_limit || (!a->va_base && !a->va_limit));
	REQUIRE(a->note_count <= KMD_MAX_NOTES);
	for (const char *p = a->registry_path; *p; p++)
		REQUIRE(*p >= 0x20 && *p < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kmd_expected expected = {.compute_units = CU_COUNT};
	struct kmd_pci_ids ids = fake_ids();
	struct kmd_replies replies;
	struct kmd_adapter adapter;
	struct kmd_failure why;
	unsigned int odd = size ? data[0] : 0;
	int ret;

	log_set_level(LOG_NONE);
	REQUIRE(kmd_replies_create(&replies) == 0);
	fill_replies(&replies);
	if (odd & INTEGRATED) {
		replies.ex.data[0x2C] = 1;
		replies.ati.data[0x2C] = 1;
	}
	if (size > 1)
		patch(&replies, data + 1, size - 1);
	if (odd & NO_STATISTICS)
		replies.statistics.error = -ENOENT;
	if (odd & NO_CLOCK)
		replies.clock_error = -ENODATA;
	if (odd & SHORT_EX)
		replies.ex.size = (uint32_t)(size * 64 % EX_TOTAL);
	if (odd & SHORT_ATI)
		replies.ati.size = (uint32_t)(size * 16 % ATI_TOTAL);
	(void)kmd_replies_compute_node(&replies);
	ret = kmd_adapter_decode(&replies, &ids, odd & UNKNOWN_DEVICE ? NULL : &expected, &adapter, &why);
	if (ret)
		REQUIRE(ret < 0 && why.rule >= 1 && why.rule <= 14 && why.text[0]);
	else
		verify(&adapter);
	kmd_replies_destroy(&replies);
	return 0;
}
