// SPDX-License-Identifier: MIT
/* Which form of the private data each adapter's driver takes, once one was found (self-check 15). */
#ifndef KMD_FORMS_H
#define KMD_FORMS_H

#include "dxg/uapi_types.h"

enum kmd_form_subject {
	KMD_FORM_OF_CONTEXT,	/* enum kmd_context_form */
	KMD_FORM_OF_ALLOCATION, /* enum kmd_allocation_form */
	KMD_FORM_SUBJECT_COUNT
};

int kmd_form_taken(struct winluid luid, enum kmd_form_subject subject);
void kmd_form_remember(struct winluid luid, enum kmd_form_subject subject, int form);

#endif
