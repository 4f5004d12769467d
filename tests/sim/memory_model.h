// SPDX-License-Identifier: MIT
/*
 * What the library should know at any time: the objects of each thread, which it alone changes, and a table in which
 * all threads see them.
 */
#ifndef TESTS_SIM_MEMORY_MODEL_H
#define TESTS_SIM_MEMORY_MODEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <hsakmt/hsakmt.h>

#define MODEL_PAGE    4096ULL
#define MODEL_GPUS    8
#define MODEL_OBJECTS 24 /* of a thread */
#define MODEL_FREED   32 /* remembered */

enum model_kind {
	MODEL_NOTHING,
	MODEL_HOST,
	MODEL_VRAM,
	MODEL_SCRATCH,
	MODEL_ADDRESS,
	MODEL_USER, /* a piece of the arena, registered */
	MODEL_KINDS,
};

/* A thread's own view of one of its objects. */
struct model_object {
	enum model_kind kind;
	unsigned char *start;
	uint64_t size;
	unsigned gpu;	  /* index, of VRAM and scratch */
	unsigned mapped;  /* bit per GPU index; of scratch: per quarter */
	unsigned allowed; /* USER: GPUs it may be mapped on */
	unsigned maps;	  /* USER: how often */
	unsigned times;	  /* USER: registered how often */
	bool to_nodes;	  /* ... with a list of nodes */
	void *user_data;
	uint64_t pattern; /* HOST */
};

/* What other threads see of it.  The version is odd while it is not there, or may go at any moment. */
struct model_slot {
	_Atomic uint64_t version;
	_Atomic(unsigned char *) start;
	_Atomic uint64_t size;
	_Atomic int kind;
};

/* A look at a slot. */
struct model_view {
	uint64_t version;
	unsigned char *start;
	uint64_t size;
	enum model_kind kind;
};

/* The object is there now, or is about to go.  The slot is its owner's. */
void model_publish(struct model_slot *slot, const struct model_object *object);
void model_withdraw(struct model_slot *slot);

/* False if nothing is there.  What was seen holds as long as model_unchanged() says so. */
bool model_look(struct model_slot *slot, struct model_view *view);
bool model_unchanged(struct model_slot *slot, const struct model_view *view);

HSA_POINTER_TYPE model_pointer_type(enum model_kind kind);

/* Every page, or some pages of many, gets what belongs to the pattern and the page alone. */
void model_fill(const struct model_object *object);
bool model_is_filled(const struct model_object *object);
/* As the library hands it out. */
bool model_is_zero(const struct model_object *object);

/* Random numbers that depend on the seed alone (Vigna: splitmix64). */
uint64_t model_random(uint64_t *state);

#endif
