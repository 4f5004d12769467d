// SPDX-License-Identifier: MIT
#include "self_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct sighting sighting;

/* How often a text has a word. */
unsigned count_of(const char *text, const char *word)
{
	unsigned count = 0;

	for (text = strstr(text, word); text; text = strstr(text + 1, word))
		count++;
	return count;
}

/* The library is opened more than once there, so that a message that is not told once is told twice. */
const struct sighting *look(const struct broken *broken)
{
	print_message("           %s\n", broken->what);
	broken_host_look(&broken->host, &sighting);
	return &sighting;
}

static void nothing_is_left(const struct broken *broken)
{
	if (sighting.misuse || sighting.leaks)
		fail_msg("%s: the simulator found:\n%s", broken->what, sighting.findings);
}

void is_node_that_works(const struct broken *broken, const struct seen_adapter *adapter, const char *which)
{
	for (int turn = 0; turn < 2; turn++) {
		if (!adapter->node[turn])
			fail_msg("%s: the %s adapter is no node: %s", broken->what, which, sighting.said);
		if (adapter->memory[turn])
			fail_msg("%s: the %s adapter maps no memory: status %d: %s", broken->what, which,
				 (int)adapter->memory[turn], sighting.said);
		if (!adapter->read || adapter->ladder[turn])
			fail_msg("%s: the %s adapter runs nothing: %s: %s", broken->what, which,
				 adapter->result[turn].why.text, sighting.said);
	}
}

/* The neighbour has nothing to do with it. */
void healthy_works(const struct broken *broken)
{
	is_node_that_works(broken, &sighting.healthy, "healthy");
	assert_int_equal(sighting.healthy.info.note_count, 0);
	assert_int_equal(sighting.healthy.hidden_rule, 0);
	nothing_is_left(broken);
}

/* Messages of self-checks, but for the one that is always told. */
unsigned count_checks(void)
{
	return count_of(sighting.said, "self-check ") - count_of(sighting.said, "self-check 13,");
}

static void told_once(const struct broken *broken, const char *consequence, unsigned rule)
{
	char line[256];

	snprintf(line, sizeof(line), "adapter 1002:%04x: %s, self-check %u, %s",
		 broken->host.device ? broken->host.device : 0x744c, consequence, rule, broken->says);
	if (count_of(sighting.said, line) != 1)
		fail_msg("%s: '%s' is not told once: %s", broken->what, line, sighting.said);
	if (count_checks() != 1)
		fail_msg("%s: other checks speak too: %s", broken->what, sighting.said);
}

/* Each is no node, and that rule says why. */
void hides(unsigned rule, const struct broken *all, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct seen_adapter *adapter = &look(&all[i])->broken;

		if (adapter->node[0] || adapter->node[1] || adapter->read)
			fail_msg("%s: the adapter is not hidden: %s", all[i].what, sighting.said);
		assert_int_equal(sighting.gpu_nodes, 1);
		assert_int_equal(adapter->hidden_rule, rule);
		told_once(&all[i], "hidden", rule);
		healthy_works(&all[i]);
	}
}

/* The adapter works, with something replaced or ignored. */
const struct seen_adapter *is_used_with_care(unsigned rule, const struct broken *broken)
{
	const struct seen_adapter *adapter = &look(broken)->broken;

	is_node_that_works(broken, adapter, "broken");
	told_once(broken, "used with care", rule);
	assert_int_equal(adapter->info.note_count, 1);
	assert_int_equal(adapter->info.notes[0].rule, rule);
	healthy_works(broken);
	return adapter;
}

/* What may differ from most hosts without breaking anything. */
void is_fine(const struct broken *broken)
{
	is_node_that_works(broken, &look(broken)->broken, "unusual");
	if (count_checks())
		fail_msg("%s: a check speaks: %s", broken->what, sighting.said);
	healthy_works(broken);
}
