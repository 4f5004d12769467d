// SPDX-License-Identifier: MIT
/* How often devices were made in place of lost ones; see gsp/gpu.h for the rule. */
#ifndef GSP_RENEWALS_H
#define GSP_RENEWALS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "kmd/info.h"

#define GSP_RENEWALS 3U
#ifndef GSP_RENEWAL_NS /* a fuzzer loses GPUs more often than people wait for */
#define GSP_RENEWAL_NS 60000000000ULL
#endif

struct gsp_renewals {
	pthread_mutex_t lock;
	bool lost; /* a device, and none was made in its place yet */
	bool told; /* that it is too often */
	uint32_t count;
	uint64_t made_ns[GSP_RENEWALS]; /* when, the latest of them */
};

#define GSP_RENEWALS_INIT                         \
	{                                         \
		.lock = PTHREAD_MUTEX_INITIALIZER \
	}

struct gsp_renewals *gsp_renewals_of(const struct kmd_pci_ids *pci);
void gsp_renewals_after_fork(void);
void gsp_renewals_lost(struct gsp_renewals *renewals);
bool gsp_renewals_allow(struct gsp_renewals *renewals, uint64_t now_ns);
void gsp_renewals_made(struct gsp_renewals *renewals, uint64_t now_ns);

#endif
