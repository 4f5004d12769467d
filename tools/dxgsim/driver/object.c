// SPDX-License-Identifier: MIT
/* Counted objects. */
#include "dxgsim/driver/object.h"

#include <stddef.h>

void object_init(struct object *object, void (*release)(struct object *object))
{
	atomic_init(&object->refs, 1);
	object->release = release;
}

void object_put(struct object *object)
{
	if (object && atomic_fetch_sub_explicit(&object->refs, 1, memory_order_acq_rel) == 1)
		object->release(object);
}
