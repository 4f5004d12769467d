// SPDX-License-Identifier: MIT
/*
 * Chains of dispatches that follow one another, with a signal each or one at the end, rung once; beside the same with a ring, and so a
 * submission, for each packet.
 */
#include <stdio.h>

#include "dxgbench/options.h"
#include "dxgbench/report.h"
#include "dxgbench/sender.h"

struct chain {
	unsigned length;
	bool signals; /* one for each dispatch */
	bool each;    /* rung for each dispatch */
};

static bool send(struct sender *sender, const struct chain *chain)
{
	unsigned last = chain->length - 1;

	for (unsigned i = 0; i < chain->length; i++)
		signal_arm(&sender->signals[i]);
	for (unsigned i = 0; i < chain->length; i++) {
		if (!sender_put(sender, chain->signals || i == last ? &sender->signals[i] : NULL))
			return false;
		if ((chain->each || i == last) && !sender_ring(sender))
			return false;
	}
	for (unsigned i = chain->signals ? 0 : last; i < chain->length; i++)
		if (!signal_spin(&sender->signals[i]))
			return false;
	return true;
}

static void measure_chain(struct report *report, struct machine *machine, const struct options *options,
			  const struct chain *chain)
{
	char name[32], beside[24];
	struct measure measure;
	struct sender sender;
	struct row *row;
	bool good;

	snprintf(beside, sizeof(beside), "chain-%u%s", chain->length, chain->signals ? "-signals" : "");
	snprintf(name, sizeof(name), "%s%s", beside, chain->each ? "-each" : "");
	if (chain->each)
		row = report_row(report, name, beside, "... rung one by one");
	else if (chain->length == 1)
		row = report_row(report, name, NULL, "a dispatch with a signal, rung and waited for");
	else
		row = report_row(report, name, NULL, "%u dispatches, %s", chain->length,
				 chain->signals ? "each with a signal" : "a signal at the end");
	if (!sender_open(&sender, report, row, machine))
		return;
	/* once for what only the first time needs */
	good = send(&sender, chain);
	measure_begin(&measure, row, options->repeat, chain->length);
	for (uint64_t i = 0; good && i < options->repeat; i++) {
		measure_start(&measure);
		good = send(&sender, chain);
		if (good)
			measure_stop(&measure);
	}
	measure_end(&measure);
	if (!good)
		sender_failed(&sender, report, row, machine);
	sender_close(&sender);
}

void queue_chains(struct report *report, struct machine *machine, const struct options *options)
{
	static const struct chain chains[] = {
		{1, true, false},   {16, false, false}, {16, false, true},
		{16, true, false},  {16, true, true},	{256, false, false},
		{256, false, true}, {256, true, false}, {256, true, true},
	};

	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++)
		measure_chain(report, machine, options, &chains[i]);
}
