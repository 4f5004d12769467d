// SPDX-License-Identifier: MIT
#include "dxginfo/property.h"

#include <stdio.h>
#include <string.h>

#include "topology/utf.h"

static void number(struct property_value *value, uint64_t n)
{
	value->kind = PROPERTY_NUMBER;
	value->number = n;
}

static void flags(struct property_value *value, uint64_t n)
{
	value->kind = PROPERTY_FLAGS;
	value->number = n;
}

#define PLAIN(name)                              \
	case PROPERTY_##name:                    \
		number(value, node->props.name); \
		return;
#define WORD(name)                                    \
	case PROPERTY_##name:                         \
		flags(value, node->props.name.Value); \
		return;

/* One property of a node; kind PROPERTY_NONE where it is more than one value. */
void property_read(const struct topology_node *node, enum property property, struct property_value *value)
{
	const HsaNodeProperties *p = &node->props;

	memset(value, 0, sizeof(*value));
	switch (property) {
		PLAIN(NumCPUCores)
		PLAIN(NumFComputeCores)
		PLAIN(NumNeuralCores)
		PLAIN(NumMemoryBanks)
		PLAIN(NumCaches)
		PLAIN(NumIOLinks)
		PLAIN(MaxWavesPerSIMD)
		PLAIN(LDSSizeInKB)
		PLAIN(GDSSizeInKB)
		PLAIN(WaveFrontSize)
		PLAIN(NumShaderBanks)
		PLAIN(NumArrays)
		PLAIN(NumCUPerArray)
		PLAIN(NumSIMDPerCU)
		PLAIN(MaxSlotsScratchCU)
		PLAIN(LocalMemSize)
		PLAIN(MaxEngineClockMhzFCompute)
		PLAIN(MaxEngineClockMhzCCompute)
		PLAIN(NumSdmaEngines)
		PLAIN(NumSdmaXgmiEngines)
		PLAIN(NumSdmaQueuesPerEngine)
		PLAIN(NumCpQueues)
		PLAIN(NumGws)
		PLAIN(Integrated)
		PLAIN(Domain)
		PLAIN(VGPRSizePerCU)
		PLAIN(SGPRSizePerCU)
		PLAIN(NumXcc)
		PLAIN(KFDGpuID)
		PLAIN(FamilyID)
		PLAIN(CwsrSize)
		PLAIN(CtlStackSize)
		PLAIN(WallClockKHz)
		PLAIN(FabricHandleSupported)
		WORD(Capability)
		WORD(Capability2)
		WORD(uCodeEngineVersions)
		WORD(DebugProperties)
	case PROPERTY_CComputeIdLo:
		flags(value, p->CComputeIdLo);
		return;
	case PROPERTY_FComputeIdLo:
		flags(value, p->FComputeIdLo);
		return;
	case PROPERTY_VendorId:
		flags(value, p->VendorId);
		return;
	case PROPERTY_DeviceId:
		flags(value, p->DeviceId);
		return;
	case PROPERTY_LocationId:
		flags(value, p->LocationId);
		return;
	case PROPERTY_HiveID:
		flags(value, p->HiveID);
		return;
	case PROPERTY_UniqueID:
		flags(value, p->UniqueID);
		return;
	case PROPERTY_LuidLowPart:
		flags(value, p->LuidLowPart);
		return;
	case PROPERTY_LuidHighPart:
		flags(value, p->LuidHighPart);
		return;
	case PROPERTY_DrmRenderMinor:
		/* -1 where there is no render node, as on WSL2 */
		value->kind = PROPERTY_TEXT;
		snprintf(value->text, sizeof(value->text), "%d", p->DrmRenderMinor);
		return;
	case PROPERTY_EngineId:
	case PROPERTY_OverrideEngineId: {
		const HSA_ENGINE_ID *id = property == PROPERTY_EngineId ? &p->EngineId : &p->OverrideEngineId;

		value->kind = PROPERTY_TEXT;
		snprintf(value->text, sizeof(value->text), "%u.%u.%u", id->ui32.Major, id->ui32.Minor,
			 id->ui32.Stepping);
		return;
	}
	case PROPERTY_MarketingName:
		value->kind = PROPERTY_TEXT;
		utf8_from_utf16(p->MarketingName, HSA_PUBLIC_NAME_SIZE, value->text, sizeof(value->text));
		/* as everywhere in dxginfo: a path is no name */
		if (strchr(value->text, '\\'))
			snprintf(value->text, sizeof(value->text), "(no name)");
		return;
	case PROPERTY_AMDName:
		value->kind = PROPERTY_TEXT;
		snprintf(value->text, sizeof(value->text), "%.*s", HSA_PUBLIC_NAME_SIZE,
			 (const char *)p->AMDName);
		return;
	case PROPERTY_UCodeEngine:
		number(value, p->EngineId.ui32.uCode);
		return;
	case PROPERTY_ASICRevision:
		number(value, p->Capability.ui32.ASICRevision);
		return;
	case PROPERTY_WatchPoints:
		number(value, p->Capability.ui32.WatchPointsSupported
				      ? 1ULL << p->Capability.ui32.WatchPointsTotalBits
				      : 0);
		return;
	case PROPERTY_FrameBufferSize:
	case PROPERTY_FrameBufferWidth:
	case PROPERTY_FrameBufferClock:
	case PROPERTY_LdsAperture:
	case PROPERTY_ScratchAperture:
	case PROPERTY_CacheVector:
	case PROPERTY_CacheScalar:
	case PROPERTY_CacheInstruction:
	case PROPERTY_CacheGl1:
	case PROPERTY_CacheL2:
	case PROPERTY_CacheMall:
	case PROPERTY_LinkAtomics:
	case PROPERTY_LinkBandwidth:
	case PROPERTY_COUNT:
		return;
	}
}

/* Fields of HsaNodeProperties; the other properties are of parts of the node. */
bool property_is_of_node(enum property property)
{
	return property <= PROPERTY_FabricHandleSupported;
}
