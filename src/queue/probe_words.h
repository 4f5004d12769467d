// SPDX-License-Identifier: MIT
/* Inside src/queue only: what the probe says of an error and of the self-check that is broken. */
#ifndef QUEUE_PROBE_WORDS_H
#define QUEUE_PROBE_WORDS_H

#include "queue/probe.h"

/* One walk of the probe, as far as its words depend on it. */
struct probe_walk {
	const struct probe_options *options;
	enum gsp_rung rung;
	uint64_t timeout_ns;
};

const char *probe_describe(const struct probe_walk *walk, enum probe_step step, int error, char *text,
			   size_t size);
void probe_explain(const struct probe_walk *walk, enum probe_step step, int error, const char *text,
		   struct kmd_failure *why);

#endif
