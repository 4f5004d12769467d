// SPDX-License-Identifier: MIT
/* The registrations of the caller's memory and how they are found.  All with the lock held, or for look-ups `readers`. */
#ifndef MEMORY_USER_REGISTRY_H
#define MEMORY_USER_REGISTRY_H

#include "memory/user_private.h"

struct user_registration {
	struct tree_node node;
	struct user_registration *next_away;
	uint64_t start; /* as given */
	uint64_t size;
	uint32_t flags;
	uint32_t caller_flags;
	uint32_t count;	     /* times registered */
	uint32_t maps;	     /* times mapped */
	uint64_t registered; /* when, and when it was mapped: larger is later */
	uint64_t mapped;
	const struct node_set *allowed; /* NULL: any */
	const struct node_set *nodes;	/* where it is mapped */
	uint64_t pinned;		/* GPUs that have it at the CPU's address */
	struct buffer *away;		/* where it has another address, NULL: nowhere */
	uint64_t gpu_va;		/* of `start` */
	void *user_data;
};

static inline uint64_t user_first_page(const struct user_registration *registration)
{
	return registration->start & ~(USER_PAGE - 1);
}

static inline uint64_t user_end_page(const struct user_registration *registration)
{
	return (registration->start + registration->size + USER_PAGE - 1) & ~(USER_PAGE - 1);
}

void user_registry_add(struct users *users, struct user_registration *registration);
void user_registry_remove(struct users *users, struct user_registration *registration);
struct user_registration *user_registry_first(struct users *users);
struct user_registration *user_registry_next(struct users *users, uint64_t start, uint64_t size);
struct user_registration *user_registry_exact(struct users *users, uint64_t start, uint64_t size);
struct user_registration *user_registry_latest(struct users *users, uint64_t start, bool mapped);
struct user_registration *user_registry_around(struct users *users, uint64_t start, uint64_t size,
					       bool mapped);

#endif
