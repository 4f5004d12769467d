// SPDX-License-Identifier: MIT
/* Guest events: what the host raises by number. */
#ifndef DXGSIM_DRIVER_EVENT_H
#define DXGSIM_DRIVER_EVENT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * An event the host may raise by id.  One-shot events run fire() once and are forgotten, persistent ones stay
 * until event_remove().  fire() runs in the host's thread with no lock held; after event_remove() returns it
 * neither runs nor will.  release() frees arg, exactly once, when the event is gone for good (may be NULL).
 */
int event_add(bool persistent, void (*fire)(void *arg), void (*release)(void *arg), void *arg, uint64_t *id);
/* True: it was still there and its fire() had not been started (one-shot) at the time of the call. */
bool event_remove(uint64_t id);

/*
 * Takes the caller's eventfd: checks it is one (-EINVAL as the driver does) and keeps a duplicate, so that
 * the caller may close his.
 */
int eventfd_take(uint64_t fd, int *copy);
/* An event that adds 1 to the caller's eventfd (its low 32 bits count).  -EINVAL: not one; -ENOMEM. */
int eventfd_event_add(uint64_t fd, bool persistent, uint64_t *id);

/* Raises one; from any thread of the host. */
void events_signal(uint64_t id);
/* Forgets all events; nobody may raise any more. */
void events_drop(void);

/* The lock is taken around fork(); the child has no events. */
void events_fork_prepare(void);
void events_fork_done(void);
void events_fork_child(void);

#endif
