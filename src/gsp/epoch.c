// SPDX-License-Identifier: MIT
#include "gsp/epoch.h"

#include "util/compiler.h"

#define STATE_BITS 8

static uint64_t pack(uint64_t number, enum gsp_state state)
{
	return number << STATE_BITS | (uint64_t)state;
}

static struct gsp_epoch_view unpack(uint64_t word)
{
	return (struct gsp_epoch_view){
		.number = word >> STATE_BITS,
		.state = (enum gsp_state)(word & ((1U << STATE_BITS) - 1)),
	};
}

/* Epoch 0: no device yet, nothing wrong. */
void gsp_epoch_init(struct gsp_epoch *epoch)
{
	atomic_init(&epoch->word, pack(0, GSP_ACTIVE));
}

/* The same, with `number` behind it: the epoch to begin is the one after that. */
void gsp_epoch_follow(struct gsp_epoch *epoch, uint64_t number)
{
	atomic_store(&epoch->word, pack(number, GSP_ACTIVE));
}

/* Number and state as one consistent pair. */
struct gsp_epoch_view gsp_epoch_read(const struct gsp_epoch *epoch)
{
	return unpack(atomic_load_explicit(&epoch->word, memory_order_acquire));
}

/* A new device was made: starts the next epoch, active, and returns its number. */
uint64_t gsp_epoch_begin(struct gsp_epoch *epoch)
{
	uint64_t word = atomic_load(&epoch->word), next;

	do
		next = pack(unpack(word).number + 1, GSP_ACTIVE);
	while (!atomic_compare_exchange_weak(&epoch->word, &word, next));
	return unpack(next).number;
}

/*
 * The one place where our idea of a device meets the host's: the host is right.  `host` is what it
 * said about the device of epoch `number`; word of an earlier epoch's device is no news about this
 * one.  The end of an epoch is final: the device state is cached in the guest, so an "active" after
 * the loss is an old answer (Microsoft: a device in an error state is destroyed and made anew).
 *
 * Returns true for the one caller whose news ended the epoch, who has to tell the others.
 */
bool gsp_epoch_resolve(struct gsp_epoch *epoch, uint64_t number, enum gsp_state host)
{
	uint64_t word = atomic_load(&epoch->word);
	struct gsp_epoch_view ours;

	do {
		ours = unpack(word);
		if (ours.number != number || ours.state == host)
			return false;
		if (gsp_state_is_lost(ours.state) && host < ours.state)
			return false;
	} while (!atomic_compare_exchange_weak(&epoch->word, &word, pack(number, host)));
	return gsp_state_is_lost(host) && !gsp_state_is_lost(ours.state);
}

/* For messages; never NULL. */
const char *gsp_state_name(enum gsp_state state)
{
	static const char *const names[] = {"active", "powered down", "hung", "reset", "removed"};

	return (unsigned)state < ARRAY_SIZE(names) ? names[state] : "unknown";
}
