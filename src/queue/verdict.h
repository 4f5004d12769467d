// SPDX-License-Identifier: MIT
/*
 * By which rung work reaches an engine, if at all: found by the probe at the first need, remembered for the process, and,
 * where it does, across processes per boot, adapter (LUID) and driver version.
 */
#ifndef QUEUE_VERDICT_H
#define QUEUE_VERDICT_H

#include "memory/memory.h"
#include "queue/channel.h"

struct verdicts;

/* GPUs by their index; both outlive the verdicts.  cache_directory: NULL, where the user's runtime files are. */
int verdicts_create(struct memory *memory, struct gsp_gpu *const *gpus, uint32_t count,
		    const char *cache_directory, struct verdicts **out);
void verdicts_destroy(struct verdicts *verdicts);
/*
 * The rung of an engine.  -EINVAL: no such GPU; -EOPNOTSUPP: no such engine; another error: work does not come back from it, with
 * one line in the log, at the first time, that names the step.  A failure that may pass (no memory, -EINTR, what the host refuses
 * before the engine was tried) is not remembered.
 */
int verdict_get(struct verdicts *verdicts, uint32_t gpu, enum kmd_engine engine, enum gsp_rung *rung);
/* It turned out otherwise: the next verdict_get() probes, whatever was remembered. */
void verdict_forget(struct verdicts *verdicts, uint32_t gpu, enum kmd_engine engine);

#endif
