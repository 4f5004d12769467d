// SPDX-License-Identifier: MIT
/* What the tests of the self-checks ask of a machine with one broken host; each fails the running test. */
#ifndef TESTS_SIM_SELF_CHECK_H
#define TESTS_SIM_SELF_CHECK_H

#include "broken_host.h"

#define EX     0x4360u /* sizes of AMD's two queries */
#define ATI    0xbc0u
#define VENDOR 0x960u /* where the part of its own begins in both answers */

struct broken {
	const char *what; /* breaks the rule */
	struct broken_host host;
	const char *says; /* begin of the message, after the number of the rule */
};

/* The latest machine. */
extern struct sighting sighting;

unsigned count_of(const char *text, const char *word);
unsigned count_checks(void);
const struct sighting *look(const struct broken *broken);
void is_node_that_works(const struct broken *broken, const struct seen_adapter *adapter, const char *which);
void healthy_works(const struct broken *broken);
void hides(unsigned rule, const struct broken *all, size_t count);
const struct seen_adapter *is_used_with_care(unsigned rule, const struct broken *broken);
void is_fine(const struct broken *broken);

#define HIDES(rule, table) hides(rule, table, ARRAY_SIZE(table))

#endif
