// SPDX-License-Identifier: MIT
/* Registrations of the caller's memory: made, mapped, looked up, ended. */
#include "memory/user.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory/backing.h"
#include "memory/buffer.h"
#include "memory/pressure.h"
#include "memory/slab.h"
#include "memory/step.h"
#include "memory/user_away.h"
#include "memory/user_pins.h"
#include "memory/user_registry.h"
#include "util/compiler.h"
#include "util/log.h"

#define USER_FLAGS (MEMORY_UNCACHED | MEMORY_COARSE | MEMORY_READ_ONLY | MEMORY_EXECUTABLE)

int users_create(struct memory *memory)
{
	struct users *users = calloc(1, sizeof(*users));
	pthread_rwlockattr_t attributes;

	if (!users)
		return -ENOMEM;
	users->memory = memory;
	atomic_init(&users->references, 1);
	pthread_mutex_init(&users->lock, NULL);
	turn_init(&users->moving);
	pthread_cond_init(&users->claim_ended, NULL);
	/* otherwise a stream of look-ups keeps registrations out */
	pthread_rwlockattr_init(&attributes);
	pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&users->readers, &attributes);
	pthread_rwlockattr_destroy(&attributes);
	memory->users = users;
	return 0;
}

/* Has a buffer of the library's own usable on these GPUs alone, NULL: on any; the same set again is no change. */
static int allow_own(struct buffer *buffer, const void *address, const struct node_set *allowed)
{
	struct memory_info info;
	int ret;

	if (buffer->face) {
		if (!table_lookup(buffer->memory, address, &info) && info.registered_count && allowed)
			return info.registered_nodes == allowed->ids ? 0 : -EALREADY;
		return slab_register(buffer, address, allowed);
	}
	ret = memory_hold_buffer(buffer);
	if (ret)
		return ret;
	if (allowed && buffer->registered) {
		ret = buffer->registered == allowed ? 0 : -EALREADY;
	} else {
		buffer->registered = allowed;
		memory_publish(buffer);
	}
	memory_let_go(buffer);
	return ret;
}

static int register_own(struct buffer *buffer, const struct memory_registration *registration,
			const struct node_set *allowed)
{
	/* of no use, and the caller should know whose memory it is */
	if (!registration->count)
		return -EPERM;
	return allow_own(buffer, registration->address, allowed);
}

static int register_users(struct users *users, const struct memory_registration *registration,
			  const struct node_set *allowed)
{
	uint64_t start = ptr_to_u64(registration->address);
	struct user_registration *found, *made = calloc(1, sizeof(*made));
	const struct node_set *nowhere;
	int ret = node_set_of(&users->memory->node_sets, 0, &nowhere);

	if (!made || ret) {
		free(made);
		return -ENOMEM;
	}
	*made = (struct user_registration){
		.start = start,
		.size = registration->size,
		.flags = registration->flags,
		.caller_flags = registration->caller_flags,
		.count = 1,
		.allowed = allowed,
		.nodes = nowhere,
		.gpu_va = start,
	};
	pthread_mutex_lock(&users->lock);
	found = user_registry_exact(users, start, registration->size);
	if (!found) {
		made->registered = ++users->serial;
		pthread_rwlock_wrlock(&users->readers);
		user_registry_add(users, made);
		pthread_rwlock_unlock(&users->readers);
		made = NULL;
	} else if (allowed && allowed != found->allowed) {
		ret = -EALREADY;
	} else if (found->count == UINT32_MAX) {
		ret = -ENOMEM;
	} else {
		found->count++;
		found->registered = ++users->serial;
	}
	pthread_mutex_unlock(&users->lock);
	free(made);
	return ret;
}

/*
 * Registers memory of the caller's, so that memory_map() knows it; the pages are not looked at before that.  The same
 * address and size again is counted, and takes as many memory_deregister().  With a list of GPUs, memory of the library's
 * own is from then on mapped on these alone; without, it cannot be registered.
 *
 * -EINVAL: no address (nor a page that begins at one), no size, an end beyond all addresses, an unknown GPU or flag;
 * -EPERM: the library's own memory;
 * -EALREADY: registered with other GPUs; -ENOMEM.
 */
int memory_register(struct memory *memory, const struct memory_registration *registration)
{
	uint64_t start = ptr_to_u64(registration->address), size = registration->size, gpus;
	const struct node_set *allowed = NULL;
	struct buffer *buffer;
	int ret;

	/* to the driver, pages at address 0 are none; the window of the last one has an end that can be told */
	if (start < USER_PAGE || start > UINT64_MAX - USER_WINDOW || !size ||
	    size > UINT64_MAX - USER_WINDOW - start || registration->flags & ~USER_FLAGS)
		return -EINVAL;
	if (registration->count && !registration->gpus)
		return -EINVAL;
	ret = gpu_bits(memory->count, registration->gpus, registration->count, &gpus);
	if (!ret && registration->count)
		ret = node_set_of(&memory->node_sets, gpus, &allowed);
	if (ret)
		return ret;
	if (!memory_get(memory, registration->address, &buffer)) {
		ret = register_own(buffer, registration, allowed);
		buffer_put(buffer);
		return ret;
	}
	/* one that runs into the library's memory */
	if (!memory_get(memory, u64_to_ptr(start + size - 1), &buffer)) {
		buffer_put(buffer);
		return -EPERM;
	}
	return register_users(memory->users, registration, allowed);
}

enum purpose {
	TO_MAP,
	TO_UNMAP,
	TO_DEREGISTER,
};

/* The registration whose address on the GPUs it is, of those with another one there than on the CPU. */
static struct user_registration *by_gpu_va(struct users *users, uint64_t va)
{
	struct user_registration *r = users->away;

	while (r && (va < r->gpu_va || va - r->gpu_va >= r->size))
		r = r->next_away;
	return r;
}

/* Who asks for an exact address means what was registered, or mapped, there last. */
static struct user_registration *find(struct users *users, enum purpose purpose, uint64_t address,
				      uint64_t size)
{
	struct user_registration *r = NULL;

	switch (purpose) {
	case TO_MAP:
		return user_registry_around(users, address, size, false);
	case TO_UNMAP:
		r = user_registry_latest(users, address, true);
		/* one that starts there but is not mapped is meant all the same, not what else is around it */
		r = r ? r : user_registry_latest(users, address, false);
		r = r ? r : user_registry_around(users, address, 1, true);
		r = r ? r : user_registry_around(users, address, 1, false);
		return r ? r : by_gpu_va(users, address);
	case TO_DEREGISTER:
		return user_registry_latest(users, address, false);
	}
	return r;
}

/* Finds a registration and claims its pages, as soon as nobody else has.  -ENOENT. */
static int claim(struct users *users, enum purpose purpose, uint64_t address, uint64_t size,
		 struct user_claim *mine, struct user_registration **out)
{
	struct user_registration *r;

	if (!atomic_load(&users->count))
		return -ENOENT;
	pthread_mutex_lock(&users->lock);
	while ((r = find(users, purpose, address, size)) &&
	       !user_claim_try(users, mine, user_first_page(r), user_end_page(r)))
		user_claim_wait(users);
	pthread_mutex_unlock(&users->lock);
	*out = r;
	return r ? 0 : -ENOENT;
}

/* What can end now does: pins, then their allocations and reservations. */
static void end_unused(struct memory *memory)
{
	for (unsigned stage = 0; stage < 3 && gsp_retire_run(&memory->retired); stage++)
		;
}

static void leave_away(struct users *users, const struct user_registration *registration)
{
	struct user_registration **link = &users->away;

	while (*link != registration)
		link = &(*link)->next_away;
	*link = registration->next_away;
}

/* Tells look-ups where a registration is now.  With the lock held, and `readers` to write. */
static void set_place(struct users *users, struct user_registration *r, const struct node_set *nodes,
		      struct buffer *away)
{
	if (away && !r->away) {
		r->next_away = users->away;
		users->away = r;
	} else if (!away && r->away) {
		leave_away(users, r);
	}
	r->nodes = nodes;
	r->away = away;
	r->gpu_va = away ? away->start + (r->start & (USER_PAGE - 1)) : r->start;
}

static void give_pins(struct users *users, const struct user_registration *r, uint64_t gpus)
{
	for (unsigned gpu = 0; gpu < users->memory->count; gpu++)
		if (gpus >> gpu & 1)
			user_pins_give(users, gpu, user_first_page(r), user_end_page(r));
}

/* At the CPU's addresses, on all of these GPUs or on none. */
static int pin_on(struct users *users, const struct user_registration *r, uint64_t gpus, uint64_t timeout_ns)
{
	struct backing *last[MEMORY_MAX_GPUS] = {NULL};
	uint64_t taken = 0;
	int ret = 0;

	for (unsigned gpu = 0; gpu < users->memory->count && !ret; gpu++) {
		if (!(gpus >> gpu & 1))
			continue;
		ret = user_pins_take(users, gpu, user_first_page(r), user_end_page(r), r->flags, &last[gpu]);
		taken |= ret ? 0 : 1ULL << gpu;
	}
	/* also after a failure: what was mapped over to be better serves others now */
	for (unsigned gpu = 0; gpu < users->memory->count; gpu++) {
		int settled = last[gpu] ? backing_settle(last[gpu], timeout_ns) : 0;

		ret = ret ? ret : settled;
	}
	if (ret)
		give_pins(users, r, taken);
	return ret;
}

/*
 * At an address of their own, the same on all GPUs.  Those that have the pages at the CPU's address already get them here too
 * (*gpus includes them), so that there is one address to tell; they keep the other one for what runs.
 */
static int put_away(struct users *users, const struct user_registration *r, uint64_t gpus,
		    uint64_t timeout_ns, struct buffer **away)
{
	uint64_t first = user_first_page(r);
	int ret;

	*away = r->away;
	if (r->away)
		return user_away_map(r->away, first, gpus, timeout_ns);
	ret = user_away_make(users->memory, user_end_page(r) - first, r->flags, away);
	if (ret)
		return ret;
	/* those that are lost come with their renewal */
	ret = user_away_map(*away, first, gpus | (r->pinned & ~memory_lost_gpus(users->memory)), timeout_ns);
	if (ret) {
		buffer_retire(*away);
		*away = NULL;
		return ret;
	}
	log_debug("registered memory at %#llx is at %#llx on the GPUs", (unsigned long long)r->start,
		  (unsigned long long)(*away)->start);
	return 0;
}

/* Where a registration really is: on a GPU that is lost it may be noted only. */
static uint64_t gpus_of(const struct user_registration *r)
{
	return r->pinned | (r->away ? user_away_gpus(r->away) : 0);
}

/*
 * Puts a registration, whose pages the caller has claimed, on GPUs where it is not yet, and notes it to be on those that are
 * lost when they are renewed.
 */
static int put_on(struct users *users, struct user_registration *r, uint64_t gpus, uint64_t lost,
		  uint64_t timeout_ns)
{
	uint64_t more = gpus & ~gpus_of(r);
	const struct node_set *nodes;
	struct buffer *away = r->away;
	int ret = node_set_of(&users->memory->node_sets, r->nodes->gpus | gpus | lost, &nodes);

	if (!ret && more) {
		ret = r->away ? -EADDRNOTAVAIL : pin_on(users, r, more, timeout_ns);
		if (!ret)
			r->pinned |= more;
		else if (ret == -EADDRNOTAVAIL)
			ret = put_away(users, r, more, timeout_ns, &away);
	}
	if (ret)
		return ret;
	pthread_mutex_lock(&users->lock);
	pthread_rwlock_wrlock(&users->readers);
	set_place(users, r, nodes, away);
	r->maps++;
	r->mapped = ++users->serial;
	pthread_rwlock_unlock(&users->readers);
	pthread_mutex_unlock(&users->lock);
	return 0;
}

/* Takes a registration, whose pages the caller has claimed, off every GPU. */
static void take_off(struct users *users, struct user_registration *r)
{
	const struct node_set *nowhere;
	struct buffer *away = r->away;
	uint64_t pinned = r->pinned;

	/* the empty set is always there */
	if (node_set_of(&users->memory->node_sets, 0, &nowhere))
		nowhere = r->nodes;
	pthread_mutex_lock(&users->lock);
	pthread_rwlock_wrlock(&users->readers);
	set_place(users, r, nowhere, NULL);
	r->maps = 0;
	r->pinned = 0;
	pthread_rwlock_unlock(&users->readers);
	pthread_mutex_unlock(&users->lock);
	give_pins(users, r, pinned);
	if (away)
		buffer_retire(away);
}

/* Which GPUs a list means for a registration; an empty one means all that it may be on, *wish those of them that are lost. */
static int wanted_gpus(const struct memory *memory, const struct user_registration *r, const uint32_t *gpus,
		       uint32_t count, uint64_t *out, uint64_t *wish)
{
	uint64_t allowed = r->allowed ? r->allowed->gpus : UINT64_MAX, lost = memory_lost_gpus(memory);
	int ret = gpu_bits(memory->count, gpus, count, out);

	*wish = 0;
	if (ret)
		return ret;
	for (uint32_t i = 0; i < memory->count && !count; i++)
		*out |= allowed & 1ULL << i;
	if (*out & ~allowed)
		return -EPERM;
	if (!count) {
		*wish = *out & lost;
		*out &= ~lost;
	}
	if (*out & lost)
		return -ENODEV;
	return *out ? 0 : memory->count ? -ENODEV : -EINVAL;
}

/*
 * The part of memory_map_within() for registered memory: the smallest registration that contains [address, address + size)
 * is put on these GPUs (none listed: all that it may be on) besides those it is on.  Counted: as many user_unmap() take it
 * off again.  *gpu_va (may be NULL) is where `address` is on the GPUs: the same address, unless one of them cannot
 * have that.
 *
 * -ENOENT: not registered; -EPERM: a GPU that it was not registered for; -EFAULT: a page is not there; -ENODEV;
 * -ENOMEM, -ENOSPC: the pages cannot be pinned, or not made resident.
 */
int user_map(struct memory *memory, const void *address, uint64_t size, const uint32_t *gpus, uint32_t count,
	     uint64_t timeout_ns, uint64_t *gpu_va)
{
	struct users *users = memory->users;
	uint64_t start = ptr_to_u64(address), wanted, wish, va = 0;
	struct user_registration *r;
	struct user_claim mine;
	int ret;

	if (gpu_va)
		*gpu_va = 0;
	if (!size || (count && !gpus))
		return -EINVAL;
	ret = claim(users, TO_MAP, start, size, &mine, &r);
	if (ret)
		return ret;
	ret = wanted_gpus(memory, r, gpus, count, &wanted, &wish);
	if (!ret && r->maps == UINT32_MAX)
		ret = -ENOMEM;
	if (!ret)
		ret = put_on(users, r, wanted, wish, timeout_ns);
	if (!ret)
		va = r->gpu_va + (start - r->start);
	user_claim_end(users, &mine);
	end_unused(memory);
	if (gpu_va)
		*gpu_va = va;
	return ret;
}

/*
 * Takes one user_map() back; with the last one the memory is on no GPU any more, as soon as what runs is over.  Nothing waits
 * for that.  A registration that is not mapped is no error.  -ENOENT: not registered.
 */
int user_unmap(struct memory *memory, const void *address)
{
	struct users *users = memory->users;
	struct user_registration *r;
	struct user_claim mine;
	int ret = claim(users, TO_UNMAP, ptr_to_u64(address), 1, &mine, &r);

	if (ret)
		return ret;
	if (r->maps > 1) {
		pthread_mutex_lock(&users->lock);
		r->maps--;
		pthread_mutex_unlock(&users->lock);
	} else if (r->maps) {
		take_off(users, r);
	}
	user_claim_end(users, &mine);
	end_unused(memory);
	return 0;
}

static int deregister_own(struct buffer *buffer, const void *address)
{
	struct memory_info info;

	if (table_lookup(buffer->memory, address, &info) || !info.registered_count)
		return -ENOENT;
	return allow_own(buffer, address, NULL);
}

/*
 * Takes back the latest memory_register() of that very address.  With the last of a registration it is unmapped everywhere,
 * however often it was mapped, as soon as what runs is over; nothing waits for that.  Memory of the library's own
 * may be on any GPU again.  -ENOENT: it was not registered.
 */
int memory_deregister(struct memory *memory, const void *address)
{
	struct users *users = memory->users;
	struct user_registration *r;
	struct user_claim mine;
	struct buffer *buffer;
	int ret;

	if (!memory_get(memory, address, &buffer)) {
		ret = deregister_own(buffer, address);
		buffer_put(buffer);
		/* the caller's memory may be gone, and the library's in its place */
		if (ret != -ENOENT)
			return ret;
	}
	ret = claim(users, TO_DEREGISTER, ptr_to_u64(address), 1, &mine, &r);
	if (ret)
		return ret;
	pthread_mutex_lock(&users->lock);
	if (--r->count) {
		r = NULL;
	} else {
		pthread_rwlock_wrlock(&users->readers);
		user_registry_remove(users, r);
		pthread_rwlock_unlock(&users->readers);
	}
	pthread_mutex_unlock(&users->lock);
	if (r)
		take_off(users, r);
	free(r);
	user_claim_end(users, &mine);
	end_unused(memory);
	return 0;
}

/*
 * Ends all registrations, mapped or not; what the GPUs have of them is on the memory's list of things to end afterwards.
 * Nobody may be using them.
 */
void users_destroy(struct memory *memory)
{
	struct users *users = memory->users;
	struct user_registration *r;

	while ((r = user_registry_first(users))) {
		user_registry_remove(users, r);
		take_off(users, r);
		free(r);
	}
	memory->users = NULL;
	users_put(users);
}

/* The registration that a look-up means, with `readers` held. */
static struct user_registration *look_up(struct users *users, uint64_t address)
{
	struct user_registration *r = user_registry_around(users, address, 1, false);

	return r ? r : by_gpu_va(users, address);
}

/* Describes the smallest registration that an address lies in, or that has it on the GPUs.  -ENOENT. */
int user_lookup(struct memory *memory, const void *address, struct memory_info *info)
{
	struct users *users = memory->users;
	struct user_registration *r;

	*info = (struct memory_info){0};
	if (!atomic_load(&users->count))
		return -ENOENT;
	pthread_rwlock_rdlock(&users->readers);
	r = look_up(users, ptr_to_u64(address));
	if (r)
		*info = (struct memory_info){
			.start = u64_to_ptr(r->start),
			.size = r->size,
			.kind = MEMORY_USER,
			.flags = r->flags,
			.gpu = MEMORY_HOST,
			.gpu_va = r->gpu_va,
			.mapped = r->nodes->gpus,
			.nodes = r->nodes->ids,
			.node_count = r->nodes->count,
			.registered_nodes = r->allowed ? r->allowed->ids : NULL,
			.registered_count = r->allowed ? r->allowed->count : 0,
			.user_data = r->user_data,
			.caller_flags = r->caller_flags,
		};
	pthread_rwlock_unlock(&users->readers);
	return r ? 0 : -ENOENT;
}

/* Attaches a value of the caller's to that registration.  -ENOENT. */
int user_set_user_data(struct memory *memory, const void *address, void *user_data)
{
	struct users *users = memory->users;
	struct user_registration *r;

	if (!atomic_load(&users->count))
		return -ENOENT;
	pthread_rwlock_wrlock(&users->readers);
	r = look_up(users, ptr_to_u64(address));
	if (r)
		r->user_data = user_data;
	pthread_rwlock_unlock(&users->readers);
	return r ? 0 : -ENOENT;
}
