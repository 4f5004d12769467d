// SPDX-License-Identifier: MIT
#include "gsp/renewals.h"

#include "dxg/dxg.h"
#include "util/compiler.h"
#include "util/log.h"

static bool same(const struct kmd_pci_ids *a, const struct kmd_pci_ids *b)
{
	return a->vendor == b->vendor && a->device == b->device && a->subvendor == b->subvendor &&
	       a->subsystem == b->subsystem && a->revision == b->revision;
}

/*
 * The history of such cards in this process, which outlives GPUs and the opening of the library: a program that opens it again after each
 * loss asks as much of Windows as one that does not.  Equal cards share one: nothing else of an adapter lasts when it is removed.
 */
struct gsp_renewals *gsp_renewals_of(const struct kmd_pci_ids *pci)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct {
		struct kmd_pci_ids pci;
		struct gsp_renewals renewals;
	} table[DXG_MAX_ADAPTERS];
	static uint32_t used;
	uint32_t i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < used && !same(&table[i].pci, pci); i++)
		;
	/* more kinds than there can be adapters at a time share the last */
	i = MIN(i, (uint32_t)ARRAY_SIZE(table) - 1);
	if (i == used) {
		table[used].pci = *pci;
		pthread_mutex_init(&table[used++].renewals.lock, NULL);
	}
	pthread_mutex_unlock(&lock);
	return &table[i].renewals;
}

/* A device was lost. */
void gsp_renewals_lost(struct gsp_renewals *renewals)
{
	pthread_mutex_lock(&renewals->lock);
	renewals->lost = true;
	pthread_mutex_unlock(&renewals->lock);
}

/*
 * Whether a device may be made at now_ns (clock_ns()); one after a loss is written down then.  False: GSP_RENEWALS were in the
 * last GSP_RENEWAL_NS, which is told in the log once.
 */
bool gsp_renewals_allow(struct gsp_renewals *renewals, uint64_t now_ns)
{
	bool allow = true;

	pthread_mutex_lock(&renewals->lock);
	if (renewals->lost) {
		uint64_t *oldest = &renewals->made_ns[renewals->count % GSP_RENEWALS];

		allow = renewals->count < GSP_RENEWALS || now_ns - *oldest >= GSP_RENEWAL_NS;
		if (allow) {
			*oldest = now_ns;
			renewals->count++;
			renewals->lost = false;
		} else if (!renewals->told) {
			log_err("a GPU was lost more than %u times in %llu s: it is not used again before "
				"they are over, as Windows stops when a GPU is reset too often",
				GSP_RENEWALS, GSP_RENEWAL_NS / 1000000000ULL);
		}
		renewals->told = !allow;
	}
	pthread_mutex_unlock(&renewals->lock);
	return allow;
}
