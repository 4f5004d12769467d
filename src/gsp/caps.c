// SPDX-License-Identifier: MIT
#include "gsp/caps.h"

#include <stddef.h>

#include "util/compiler.h"

#define LEAST_ALIGNMENT	  4U	/* a command buffer is made of words */
#define LARGEST_ALIGNMENT 4096U /* larger ones are no alignments of a command buffer but other numbers */
#define SDMA_IB_START	  32U	/* SDMA fetches by 8 words (Linux: sdma_v6_0_ring_emit_ib) */
#define SDMA_IB_SIZE	  64U	/* what ROCr pads its submissions to */

static bool in_mask(const struct kmd_adapter *info, enum kmd_field field, uint64_t mask, uint32_t node)
{
	return kmd_adapter_has(info, field) && node < 64 && mask >> node & 1;
}

static uint32_t alignment(const struct kmd_adapter *info, uint32_t told, uint32_t otherwise)
{
	if (!kmd_adapter_has(info, KMD_FIELD_IB_ALIGNMENT) || !IS_POWER_OF_TWO(told) ||
	    told > LARGEST_ALIGNMENT)
		return otherwise;
	return MAX(told, LEAST_ALIGNMENT);
}

static void decide_engine(const struct kmd_adapter *info, uint32_t node, struct gsp_engine_caps *caps)
{
	caps->node = node;
	if (node == KMD_NO_NODE)
		return;
	caps->hardware = in_mask(info, KMD_FIELD_HWS_MASK, info->hws_mask, node);
	caps->no_timeout = in_mask(info, KMD_FIELD_TIMEOUT_MASK, info->no_timeout_mask, node);
}

/*
 * What the private data promises for each engine.  A value that the host did not give, or not plausibly, is
 * the careful one: no hardware queues, the OS' timeout, the alignment of words.
 */
void gsp_caps_decide(const struct kmd_adapter *info, struct gsp_caps *caps)
{
	*caps = (struct gsp_caps){.firmware_managed_state = info->firmware_managed_state};
	if (kmd_adapter_has(info, KMD_FIELD_MEC_FIRMWARE))
		caps->mec_firmware = info->mec_firmware;
	decide_engine(info, info->compute_node, &caps->compute);
	caps->compute.ib_start = alignment(info, info->ib_alignment[KMD_IP_COMPUTE].start, LEAST_ALIGNMENT);
	caps->compute.ib_size = alignment(info, info->ib_alignment[KMD_IP_COMPUTE].size, LEAST_ALIGNMENT);
	for (size_t i = 0; i < ARRAY_SIZE(caps->sdma); i++) {
		decide_engine(info, info->sdma_node[i], &caps->sdma[i]);
		/* which entry of the driver's table is SDMA's is not known */
		caps->sdma[i].ib_start = SDMA_IB_START;
		caps->sdma[i].ib_size = SDMA_IB_SIZE;
	}
}

/* NULL: the adapter has no such engine, or none that takes our work (graphics). */
const struct gsp_engine_caps *gsp_caps_engine(const struct gsp_caps *caps, enum kmd_engine engine)
{
	const struct gsp_engine_caps *found = NULL;

	switch (engine) {
	case KMD_ENGINE_COMPUTE0:
		found = &caps->compute;
		break;
	case KMD_ENGINE_SDMA0:
		found = &caps->sdma[0];
		break;
	case KMD_ENGINE_SDMA1:
		found = &caps->sdma[1];
		break;
	case KMD_ENGINE_GRAPHICS:
		break;
	}
	return found && found->node != KMD_NO_NODE ? found : NULL;
}

/* For messages; never NULL. */
const char *gsp_rung_name(enum gsp_rung rung)
{
	switch (rung) {
	case GSP_RUNG_HARDWARE:
		return "hardware queue";
	case GSP_RUNG_SOFTWARE:
		return "software queue";
	case GSP_RUNG_USER_QUEUE:
		return "software queue with ring memory of ours";
	case GSP_RUNG_NONE:
		break;
	}
	return "no queue";
}
