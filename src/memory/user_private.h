// SPDX-License-Identifier: MIT
/*
 * What user.c, user_registry.c, user_pins.c, user_windows.c, user_away.c and user_renewal.c have in common.
 *
 * Locks: `lock` guards claims, registrations, pieces and windows, and is never held while the host is asked.  What
 * look-ups read of the registrations is written with `readers` held besides.  Who changes what is behind some
 * addresses has claimed them first.
 */
#ifndef MEMORY_USER_PRIVATE_H
#define MEMORY_USER_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "memory/objects.h"
#include "memory/reference.h"
#include "memory/tree.h"

#define USER_PAGE   ((uint64_t)DXG_PAGE_SIZE)
#define USER_WINDOW (64ULL << 10) /* the grain of reservations on a GPU */

/* The addresses [start, end), multiples of USER_WINDOW, are one thread's to change. */
struct user_claim {
	struct user_claim *next;
	uint64_t start;
	uint64_t end;
};

/* Something that needs a claim but may not wait for one: done by whoever ends a claim. */
struct user_chore {
	struct user_chore *next;
	void (*run)(struct user_chore *chore);
};

#define USER_SIZE_CLASSES 64

struct users {
	struct memory *memory;
	_Atomic uint32_t references; /* the memory's, and one per pin and window */

	pthread_mutex_t lock;
	pthread_cond_t claim_ended;
	struct user_claim *claims;
	struct user_chore *put_off;
	struct turn moving; /* for having windows on another device */
	struct {
		struct tree pieces;
		struct tree windows;
	} gpus[MEMORY_MAX_GPUS];

	pthread_rwlock_t readers;
	struct tree registrations[USER_SIZE_CLASSES]; /* class n: sizes from 2^n on */
	uint64_t classes;			      /* bit per class that has any */
	struct user_registration *away;		      /* those with another address on the GPUs */
	uint64_t serial;
	_Atomic uint64_t count; /* 0: a look-up needs no lock to know that it finds nothing */
};

/* user_claims.c */
bool user_claim_try(struct users *users, struct user_claim *claim, uint64_t start, uint64_t end);
void user_claim_wait(struct users *users);
void user_claim_end(struct users *users, struct user_claim *claim);
void user_put_off(struct users *users, struct user_chore *chore);
void users_put(struct users *users);

#endif
