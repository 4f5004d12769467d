// SPDX-License-Identifier: MIT
#include "queue/owed.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST_CAPACITY 64U

static struct owed_signal *owed_at(const struct owed *owed, uint32_t index)
{
	return &owed->ring[(owed->first + index) & (owed->capacity - 1)];
}

static int make_room(struct owed *owed, uint32_t more)
{
	uint64_t capacity = owed->capacity ? owed->capacity : FIRST_CAPACITY;
	uint64_t wanted = (uint64_t)owed->count + more;
	struct owed_signal *ring;

	if (wanted <= owed->capacity)
		return 0;
	while (capacity < wanted)
		capacity *= 2;
	if (capacity > UINT32_MAX / sizeof(*ring))
		return -ENOMEM;
	ring = malloc(capacity * sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	for (uint32_t i = 0; i < owed->count; i++)
		ring[i] = *owed_at(owed, i);
	free(owed->ring);
	owed->ring = ring;
	owed->capacity = (uint32_t)capacity;
	owed->first = 0;
	return 0;
}

/*
 * Remembers what a submission is to bring down, once per decrement, before it is made; ordinals do not go back.  All of them or, with
 * -ENOMEM, none.
 */
int owed_add(struct owed *owed, uint64_t ordinal, const uint64_t *signals, uint32_t count)
{
	int ret = make_room(owed, count);

	for (uint32_t i = 0; !ret && i < count; i++)
		*owed_at(owed, owed->count++) =
			(struct owed_signal){.ordinal = ordinal, .signal = signals[i]};
	return ret;
}

/* Takes back what the latest submission was to do, which was not made. */
void owed_cancel(struct owed *owed, uint64_t ordinal)
{
	while (owed->count && owed_at(owed, owed->count - 1)->ordinal == ordinal)
		owed->count--;
}

/* What was to be done up to this ordinal is. */
void owed_reap(struct owed *owed, uint64_t over)
{
	struct owed_signal taken;

	while (owed->count && owed_at(owed, 0)->ordinal <= over)
		owed_take(owed, &taken);
}

/* Takes the oldest out.  False: there is none. */
bool owed_take(struct owed *owed, struct owed_signal *out)
{
	if (!owed->count)
		return false;
	*out = *owed_at(owed, 0);
	owed->first = (owed->first + 1) & (owed->capacity - 1);
	owed->count--;
	return true;
}

/* Gives its memory back; it is empty afterwards. */
void owed_end(struct owed *owed)
{
	free(owed->ring);
	*owed = (struct owed){0};
}
