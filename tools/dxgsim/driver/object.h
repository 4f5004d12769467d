// SPDX-License-Identifier: MIT
/* Counted objects. */
#ifndef DXGSIM_DRIVER_OBJECT_H
#define DXGSIM_DRIVER_OBJECT_H

#include <stdatomic.h>

/* First member of every counted object. */
struct object {
	atomic_uint refs;
	void (*release)(struct object *object); /* at the last put: frees memory, sends nothing */
};

void object_init(struct object *object, void (*release)(struct object *object));
static inline void object_get(struct object *object)
{
	atomic_fetch_add_explicit(&object->refs, 1, memory_order_relaxed);
}
/* NULL is allowed. */
void object_put(struct object *object);

#endif
