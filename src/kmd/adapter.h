// SPDX-License-Identifier: MIT
/*
 * What AMD's kernel driver on the host tells about an adapter, decoded and checked.
 *
 * Use: dxg_enum_adapters, then for each adapter kmd_adapter_identify (one host round trip); only when
 * the vendor is KMD_VENDOR_AMD, kmd_adapter_read (five round trips).  An adapter that fails is to be
 * hidden alone; struct kmd_failure says why in words that may be shown to the user.
 */
#ifndef KMD_ADAPTER_H
#define KMD_ADAPTER_H

#include "dxg/dxg.h"
#include "kmd/info.h"

int kmd_adapter_identify(struct dxg *dxg, d3dkmt_handle adapter, struct kmd_pci_ids *ids);
int kmd_adapter_driver_version(struct dxg *dxg, d3dkmt_handle adapter, uint64_t *version);
int kmd_adapter_locate(struct dxg *dxg, d3dkmt_handle adapter, struct kmd_pci_address *address);
int kmd_adapter_read(struct dxg *dxg, const struct dxg_adapter *adapter, const struct kmd_pci_ids *ids,
		     const struct kmd_expected *expected, struct kmd_adapter *out, struct kmd_failure *why);
void kmd_adapter_report_hidden(const struct kmd_pci_ids *ids, struct winluid luid, uint32_t rule,
			       const char *text);

#endif
