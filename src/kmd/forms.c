// SPDX-License-Identifier: MIT
/* What drivers were found to take, for the rest of the process: a library that is opened again knows it (self-check 15). */
#include "kmd/forms.h"

#include <stdatomic.h>
#include <stddef.h>

#include "util/compiler.h"

/* As many as adapters can come and go in a process before the later ones are found out at each opening. */
#define DRIVERS 64

static struct {
	_Atomic uint64_t luid;			   /* 0: free */
	_Atomic int taken[KMD_FORM_SUBJECT_COUNT]; /* form + 1, 0: not known */
} drivers[DRIVERS];

/* The place of an adapter, taken for it if it has none; NULL if all are, or the LUID is none. */
static _Atomic int *find(struct winluid luid, enum kmd_form_subject subject)
{
	uint64_t key = (uint64_t)luid.b << 32 | luid.a;

	for (size_t i = 0; key && i < DRIVERS; i++) {
		uint64_t free = 0;

		if (atomic_load(&drivers[i].luid) == key ||
		    atomic_compare_exchange_strong(&drivers[i].luid, &free, key) || free == key)
			return &drivers[i].taken[subject];
	}
	return NULL;
}

/* The form that the driver of an adapter took, -1: none did so far. */
int kmd_form_taken(struct winluid luid, enum kmd_form_subject subject)
{
	_Atomic int *taken = find(luid, subject);

	return taken ? atomic_load(taken) - 1 : -1;
}

/*
 * Remembers the form that a driver took, as long as the process lives: an adapter whose driver is exchanged comes
 * back with another LUID.  That it took none is not remembered, for it may have had other reasons.
 */
void kmd_form_remember(struct winluid luid, enum kmd_form_subject subject, int form)
{
	_Atomic int *taken = find(luid, subject);

	if (taken)
		atomic_store(taken, form + 1);
}
