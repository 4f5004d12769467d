// SPDX-License-Identifier: MIT
/* Single bytes of query answers, told wrong on purpose. */
#include "dxgsim/host/fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dxgsim/host/fixture_text.h"

/* Cuts @text at @separator: the number before it. */
static int number_before(char **text, const char *separator, uint64_t max, uint32_t *out)
{
	char *word = strsep(text, separator);
	uint64_t number;

	if (!*text || fixture_number(word, &number) || number > max)
		return -EINVAL;
	*out = (uint32_t)number;
	return 0;
}

static int parse(char *text, struct fixture_patch *patch)
{
	if (number_before(&text, ".", UINT32_MAX, &patch->type) ||
	    number_before(&text, "@", FIXTURE_RAW_MAX, &patch->size) ||
	    number_before(&text, "=", FIXTURE_RAW_MAX, &patch->offset))
		return -EINVAL;
	for (; *text; text += 2) {
		if (fixture_hex_byte(text, &patch->bytes[patch->count++]))
			return -EINVAL;
	}
	if (!patch->count || patch->offset >= patch->size || patch->count > patch->size - patch->offset)
		return -EINVAL;
	return 0;
}

int fixture_add_patch(struct fixture *fixture, const char *text)
{
	struct fixture_patch **end = &fixture->patches, *patch;
	char *copy = strdup(text);
	int rc;

	if (!copy)
		return -ENOMEM;
	patch = calloc(1, sizeof(*patch) + strlen(text) / 2 + 1);
	rc = patch ? parse(copy, patch) : -ENOMEM;
	free(copy);
	if (rc) {
		free(patch);
		return rc;
	}
	while (*end)
		end = &(*end)->next;
	*end = patch;
	return 0;
}

void fixture_patch_answer(const struct fixture *fixture, uint32_t type, uint32_t size, uint8_t *answer)
{
	for (const struct fixture_patch *patch = fixture->patches; patch; patch = patch->next) {
		if (patch->type == type && patch->size == size)
			memcpy(answer + patch->offset, patch->bytes, patch->count);
	}
}
