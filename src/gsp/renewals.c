// SPDX-License-Identifier: MIT
#include "gsp/renewals.h"

#include "dxg/dxg.h"
#include "util/compiler.h"
#include "util/log.h"

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	struct kmd_pci_ids pci;
	struct gsp_renewals renewals;
} table[DXG_MAX_ADAPTERS]; /* under table_lock */
static uint32_t used;	   /* of it; the same */

/*
 * The history of such cards in this process, which outlives GPUs and the opening of the library: a program that opens it again after each
 * loss asks as much of Windows as one that does not.  Equal cards share one: nothing else of an adapter lasts when it is removed.
 */
struct gsp_renewals *gsp_renewals_of(const struct kmd_pci_ids *pci)
{
	uint32_t i;

	pthread_mutex_lock(&table_lock);
	for (i = 0; i < used && !kmd_same_ids(&table[i].pci, pci); i++)
		;
	/* more kinds than there can be adapters at a time share the last */
	i = MIN(i, (uint32_t)ARRAY_SIZE(table) - 1);
	if (i == used) {
		table[i].pci = *pci;
		pthread_mutex_init(&table[i].renewals.lock, NULL);
		used++;
	}
	pthread_mutex_unlock(&table_lock);
	return &table[i].renewals;
}

/* In a fork's child: who had the locks may not be there.  The history stays, Windows counts for both. */
void gsp_renewals_after_fork(void)
{
	pthread_mutex_init(&table_lock, NULL);
	for (uint32_t i = 0; i < ARRAY_SIZE(table); i++)
		pthread_mutex_init(&table[i].renewals.lock, NULL);
}

/* A device was lost. */
void gsp_renewals_lost(struct gsp_renewals *renewals)
{
	pthread_mutex_lock(&renewals->lock);
	renewals->lost = true;
	pthread_mutex_unlock(&renewals->lock);
}

/*
 * Whether a device may be made at now_ns (clock_ns()).  False: there was a loss, and GSP_RENEWALS devices were made after losses in
 * the last GSP_RENEWAL_NS, which is told in the log once.
 */
bool gsp_renewals_allow(struct gsp_renewals *renewals, uint64_t now_ns)
{
	uint64_t oldest;
	bool allow;

	pthread_mutex_lock(&renewals->lock);
	oldest = renewals->made_ns[renewals->count % GSP_RENEWALS];
	allow = !renewals->lost || renewals->count < GSP_RENEWALS || now_ns - oldest >= GSP_RENEWAL_NS;
	if (!allow && !renewals->told)
		log_err("a GPU was lost more than %u times in %llu s: it is not used again before they are "
			"over, "
			"as Windows stops when a GPU is reset too often",
			GSP_RENEWALS, GSP_RENEWAL_NS / 1000000000ULL);
	renewals->told = !allow;
	pthread_mutex_unlock(&renewals->lock);
	return allow;
}

/* One was made; after a loss it is written down. */
void gsp_renewals_made(struct gsp_renewals *renewals, uint64_t now_ns)
{
	pthread_mutex_lock(&renewals->lock);
	if (renewals->lost)
		renewals->made_ns[renewals->count++ % GSP_RENEWALS] = now_ns;
	renewals->lost = false;
	pthread_mutex_unlock(&renewals->lock);
}
