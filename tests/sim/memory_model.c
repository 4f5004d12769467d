// SPDX-License-Identifier: MIT
#include "memory_model.h"

#include <string.h>

#define SAMPLED_PAGES 64

void model_publish(struct model_slot *slot, const struct model_object *object)
{
	atomic_store(&slot->start, object->start);
	atomic_store(&slot->size, object->size);
	atomic_store(&slot->kind, (int)object->kind);
	atomic_fetch_add(&slot->version, 1);
}

void model_withdraw(struct model_slot *slot)
{
	atomic_fetch_add(&slot->version, 1);
}

bool model_look(struct model_slot *slot, struct model_view *view)
{
	view->version = atomic_load(&slot->version);
	view->start = atomic_load(&slot->start);
	view->size = atomic_load(&slot->size);
	view->kind = (enum model_kind)atomic_load(&slot->kind);
	return !(view->version & 1) && model_unchanged(slot, view);
}

bool model_unchanged(struct model_slot *slot, const struct model_view *view)
{
	return atomic_load(&slot->version) == view->version;
}

HSA_POINTER_TYPE model_pointer_type(enum model_kind kind)
{
	switch (kind) {
	case MODEL_HOST:
	case MODEL_VRAM:
		return HSA_POINTER_ALLOCATED;
	case MODEL_SCRATCH:
	case MODEL_ADDRESS:
		return HSA_POINTER_RESERVED_ADDR;
	case MODEL_USER:
		return HSA_POINTER_REGISTERED_USER;
	default:
		return HSA_POINTER_UNKNOWN;
	}
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

uint64_t model_random(uint64_t *state)
{
	return mix(*state += 0x9e3779b97f4a7c15u);
}

static uint64_t step_of(const struct model_object *object)
{
	uint64_t pages = object->size / MODEL_PAGE;

	return MODEL_PAGE * (pages > SAMPLED_PAGES ? pages / SAMPLED_PAGES : 1);
}

static uint64_t value_at(const struct model_object *object, uint64_t offset)
{
	return mix(object->pattern + offset);
}

void model_fill(const struct model_object *object)
{
	for (uint64_t at = 0; at < object->size; at += step_of(object)) {
		uint64_t value = value_at(object, at);

		memcpy(object->start + at, &value, sizeof(value));
		memcpy(object->start + at + MODEL_PAGE - sizeof(value), &value, sizeof(value));
	}
}

static bool is_filled_with(const struct model_object *object, bool zero)
{
	for (uint64_t at = 0; at < object->size; at += step_of(object)) {
		uint64_t value = zero ? 0 : value_at(object, at);

		if (memcmp(object->start + at, &value, sizeof(value)) ||
		    memcmp(object->start + at + MODEL_PAGE - sizeof(value), &value, sizeof(value)))
			return false;
	}
	return true;
}

bool model_is_filled(const struct model_object *object)
{
	return is_filled_with(object, false);
}

bool model_is_zero(const struct model_object *object)
{
	return is_filled_with(object, true);
}
