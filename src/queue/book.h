// SPDX-License-Identifier: MIT
/*
 * Which submission will bring a signal to zero: what barriers of other queues wait for on the GPU instead of looking.
 *
 * Known only of signals that queues of this process decrement, and believed only when it cannot be otherwise; everything else
 * is unknown and has to be looked at.  Thread-safe.
 */
#ifndef QUEUE_BOOK_H
#define QUEUE_BOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "queue/lane.h"

struct book;

int book_create(struct book **out);
void book_destroy(struct book *book);

/*
 * A submission that is about to be made on `lane` with this ordinal decrements the signal by one.  Before anything of it can
 * run.  *last: nothing follows the decrement in the submission (but writes of the library's own).  -ENOMEM: it is then unknown.
 */
int book_expect(struct book *book, uint64_t signal, struct lane *lane, uint64_t ordinal, bool last);
/* The submission was made, or (made false) was not and will not be. */
void book_submitted(struct book *book, struct lane *lane, uint64_t ordinal, bool made);
/*
 * The CPU does the decrements of this lane: they are over up to this ordinal.  Said once, with 0, before the first is expected.
 * Lanes that never say so: with their fence.
 */
void book_settled(struct book *book, struct lane *lane, uint64_t ordinal);
/*
 * The GPU does them, and writes the lower half of the submission's ordinal here before the last decrement.  Without, a signal that
 * its owner gives a new value between the decrement and the fence behind it is taken for one that is not decremented yet.
 */
void book_mark(struct book *book, struct lane *lane, const volatile uint32_t *mark);
/* The lane ends. */
void book_forget(struct book *book, const struct lane *lane);

/*
 * Whether the signal, whose value is not zero now, is zero when one submission that has been made is over.  true: *point is that
 * submission's; its handle may be gone by the time it is used, which the host then refuses.
 */
bool book_find(struct book *book, uint64_t signal, struct gsp_fence_point *point);

#endif
